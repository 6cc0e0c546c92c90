//! `kscope config`: where the configuration is, whether it can be read, what is in force and who said so.

mod detect;
mod editing;
mod effective;
pub(super) mod import;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;

use super::words::Exit;
use super::{Common, target};
use crate::config::{self, Config, Origin, Problems};
use crate::core::action::COMMANDS;
use crate::model::{Cause, Failure, Foreign};
use crate::text::Shown;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigArgs {
    /// Print where the file is, or would be
    Path,
    /// Read the file and the environment, and say what is wrong
    Check,
    /// Print every setting in force and where it was said
    Show {
        /// The context whose connection is told too, also one of another tool
        #[arg(value_name = "CONTEXT")]
        name: Option<String>,
        /// Every value that holds for the context, and what it was chosen over; -X, --properties and flags count
        #[arg(long)]
        effective: bool,
        /// Shorten user names, hosts and paths: for a ticket
        #[arg(long)]
        redact: bool,
    },
    /// List what other tools on this machine know of clusters
    Detect,
    /// Write contexts of other tools, of clients' files or of Kubernetes into the file
    Import(import::ImportArgs),
    /// Open the file in $VISUAL or $EDITOR, and check it afterwards
    Edit,
    /// Print the JSON schema of the file, for editors
    Schema,
    /// Print the names of what keys can be bound to, with their keys
    Keys,
    /// Write the documented default file, if there is none yet
    Init,
}

/// Does it; what to print.
pub(super) fn run(args: &ConfigArgs, common: &Common, variable: &dyn Fn(&str) -> Option<String>, json: bool) -> Exit {
    let failed = |failure: &Failure| Exit::failed(failure, json);
    match args {
        ConfigArgs::Path => file(variable).map_or_else(|failure| failed(&failure), |path| Exit::done(shown(&path) + "\n")),
        ConfigArgs::Check => check(common, variable).map_or_else(|failure| failed(&failure), Exit::done),
        ConfigArgs::Show { name, effective, redact } => {
            let name = name.as_deref().or(common.context.as_deref());
            let shown = load(variable).and_then(|config| match name {
                None if *effective && over_nothing(common) => Err(effective::needs_a_context()),
                None if !*effective && !*redact => Ok(show(&config, json)),
                name => effective::run(name, &config, common, *redact, variable, json),
            });
            shown.map_or_else(|failure| failed(&failure), Exit::done)
        }
        ConfigArgs::Detect => Exit::done(detect::run(variable, json)),
        ConfigArgs::Import(args) => import::run(args, common, variable, json).map_or_else(|failure| failed(&failure), Exit::done),
        ConfigArgs::Edit => editing::run(variable).map_or_else(|failure| failed(&failure), Exit::done),
        ConfigArgs::Schema => Exit::done(format!("{:#}\n", config::schema())),
        ConfigArgs::Keys => load(variable).map_or_else(|failure| failed(&failure), |config| Exit::done(keys(&config))),
        ConfigArgs::Init => init(variable).map_or_else(|failure| failed(&failure), Exit::done),
    }
}

/// The options say nothing of a cluster.
fn over_nothing(common: &Common) -> bool {
    common.bootstrap.is_none() && common.properties.is_none() && common.settings.is_empty()
}

/// The configuration, or all that is wrong with it as one failure.
pub(super) fn load(variable: &dyn Fn(&str) -> Option<String>) -> Result<Config, Failure> {
    Config::load(variable).map_err(|problems| failure(&problems))
}

fn failure(problems: &Problems) -> Failure {
    Failure::new("read the configuration", Cause::Usage(Foreign::new(problems.to_string())))
}

/// With files: they are not what they should be.
fn failure_of(what: &'static str, text: String) -> Failure {
    Failure::new(what, Cause::File(Foreign::new(text)))
}

pub(super) fn file(variable: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, Failure> {
    let folder = config::folder(variable);
    folder.map(|folder| folder.join(config::FILE_NAME)).ok_or_else(|| {
        let cause = Cause::File(Foreign::new("there is no home folder"));
        Failure::new("find the configuration", cause).hint(format!("{} can name its folder", config::FOLDER_VARIABLE))
    })
}

fn check(common: &Common, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let config = load(variable)?;
    let ignored = connections(&config, common, variable)?;
    let path = file(variable)?;
    let own = config.told.iter().any(|told| matches!(told.origin, Origin::File(_)));
    let there = path.exists();
    let found = match (there, own) {
        (true, _) => format!("{}: nothing is wrong; {}\n", shown(&path), crate::text::units::counted(contexts(&config), "context")),
        (false, _) => format!("{}: there is no such file; the defaults hold\n", shown(&path)),
    };
    let over = target::over(common, variable)?;
    let open = config::exposed(config.contexts.iter(), &over, common.properties.as_deref(), variable);
    let open: Vec<String> = open.iter().map(|open| format!("warning: {}\n", Shown::of(&open.to_string()))).collect();
    Ok(found + &ignored + &open.concat())
}

/// How every context is come to, and what the options say; in words, the properties that mean nothing here.
fn connections(config: &Config, common: &Common, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let over = target::over(common, variable)?;
    let mut all = vec![config::understood(over)];
    all.extend(config.contexts.iter().map(|context| context.connection(&[], variable)));
    let (mut mistakes, mut words) = (Vec::new(), String::new());
    for one in all {
        match one {
            Ok(connection) => {
                for by in connection.ignored {
                    // Writing to a String does not fail.
                    let _written = writeln!(words, "{}: means nothing to kscope and is left out", Shown::of(&by));
                }
            }
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if mistakes.is_empty() { Ok(words) } else { Err(target::mistaken(&mistakes)) }
}

fn contexts(config: &Config) -> u64 {
    u64::try_from(config.contexts.len()).unwrap_or(u64::MAX)
}

/// `name = value   # who said so`, or one JSON object.
fn show(config: &Config, json: bool) -> String {
    if json {
        let row = |told: &config::Told| serde_json::json!({"name": told.name, "value": told.value, "origin": origin(&told.origin)});
        return serde_json::Value::Array(config.told.iter().map(row).collect()).to_string() + "\n";
    }
    let lines: Vec<(String, String)> =
        config.told.iter().map(|told| (format!("{} = {}", told.name, told.value), origin(&told.origin))).collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(60);
    let mut out = String::new();
    for (line, origin) in &lines {
        // Writing to a String does not fail. A list may stand on several lines.
        let line = Shown::of(line).into_string();
        let _written = writeln!(out, "{line:width$}  # {}", Shown::of(origin));
    }
    out
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(line) => format!("{}, line {line}", config::FILE_NAME),
        Origin::Variable(name) => name.clone(),
    }
}

/// As they would stand in `[keys]`.
fn keys(config: &Config) -> String {
    let mut out = String::from("[keys]\n");
    for row in COMMANDS {
        let keys: Vec<String> = config.keymap.keys_of(row.action).iter().map(|keys| format!("{keys:?}")).collect();
        let line = format!("{:?} = [{}]", row.name, keys.join(", "));
        // Writing to a String does not fail.
        let _written = writeln!(out, "{line:44}  # {}: {}", row.scope.title().to_lowercase(), row.doc);
    }
    out
}

fn init(variable: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let path = file(variable)?;
    let failed =
        |error: &std::io::Error| Failure::new("write the configuration", Cause::File(Foreign::new(format!("{}: {error}", shown(&path)))));
    match config::write_default(&path) {
        Ok(true) => Ok(format!("{} was written; every setting in it is at its default\n", shown(&path))),
        Ok(false) => {
            let cause = Cause::Usage(Foreign::new(format!("{} is there already; nothing was written", shown(&path))));
            Err(Failure::new("write the configuration", cause))
        }
        Err(error) => Err(failed(&error)),
    }
}

fn shown(path: &std::path::Path) -> String {
    Shown::of_bytes(path.as_os_str().as_encoded_bytes()).into_string()
}

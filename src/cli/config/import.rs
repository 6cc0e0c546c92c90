//! `kscope config import`: contexts of other tools, of clients' files and of Kubernetes, written into config.toml.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{failure_of, file, shown};
use crate::cli::Common;
use crate::cli::target::mistaken;
use crate::config::edit::{self, Import, NewContext, Unwritten};
use crate::config::found::{Finding, Machine, Tool};
use crate::config::{self, Context, properties};
use crate::io::kafka::Secret;
use crate::model::{Cause, Failure, Foreign};
use crate::text::Shown;

mod secrets;

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// A context that detect lists (rpk:default), a tool (all of its contexts), java, kcat or strimzi
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    /// The file, where it is not in its usual place; for strimzi, the folder of the secrets
    path: Option<PathBuf>,
    /// What the context is to be called
    #[arg(long)]
    name: Option<String>,
    /// Print what would be added, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Secrets stand in config.toml itself, and not in files of their own
    #[arg(long)]
    keep_secrets: bool,
    /// Secrets of Strimzi as `kubectl get secret -o json` prints them, on standard input
    #[arg(long)]
    from_secret_json: bool,
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn run(args: &ImportArgs, common: &Common, variable: Variable<'_>, json: bool) -> Result<String, Failure> {
    let path = file(variable)?;
    let before = config::read(&path).map_err(|problem| usage(problem.to_string()))?;
    let mut imports = wanted(args, common, variable)?;
    if args.dry_run {
        Writing::new(&path, before.unwrap_or_default()).try_all(&imports)?;
    } else {
        write(&path, &mut imports)?;
    }
    Ok(report(&imports, &path, args.dry_run, json))
}

/// Adds them to the file, with their secrets beside it. All of it is tried before a byte is written.
pub(in crate::cli) fn write(path: &Path, imports: &mut [Import]) -> Result<(), Failure> {
    let before = config::read(path).map_err(|problem| usage(problem.to_string()))?;
    let mut writing = Writing::new(path, before.clone().unwrap_or_default());
    writing.try_all(imports)?;
    let done = writing
        .secrets(imports)
        .and_then(|()| writing.try_all(imports))
        .and_then(|text| edit::write(path, before.as_deref(), &text).map_err(|why| unwritten(&why)));
    done.inspect_err(|_failure| writing.take_back())
}

/// A file of the configuration while contexts are added to it.
pub(in crate::cli) struct Writing<'p> {
    path: &'p Path,
    text: String,
    written: Vec<PathBuf>,
}

impl<'p> Writing<'p> {
    pub(in crate::cli) fn new(path: &'p Path, text: String) -> Self {
        Self { path, text, written: Vec::new() }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The text with all of them.
    pub(in crate::cli) fn try_all(&self, imports: &[Import]) -> Result<String, Failure> {
        imports.iter().try_fold(self.text.clone(), |text, import| {
            edit::add(self.path, &text, &import.context).map_err(|problem| usage(problem.to_string()))
        })
    }

    fn secrets(&mut self, imports: &mut [Import]) -> Result<(), Failure> {
        for import in imports {
            // Files of Strimzi have names that mean something.
            if let Some(folder) = import.secrets.first().map(|secret| self.folder().join(&secret.folder))
                && !import.context.strimzi_dir.is_empty()
                && folder.exists()
            {
                return Err(usage(format!("{} is there already", shown(&folder))).hint("another name: --name, or take the folder away"));
            }
            let new: Vec<(String, String, Secret)> =
                import.secrets.iter().map(|secret| (secret.folder.clone(), secret.name.clone(), secret.value.clone())).collect();
            for (folder, name, value) in new {
                let path =
                    edit::write_secret(&self.folder().join(&folder), &name, value.expose().as_bytes()).map_err(|why| unwritten(&why))?;
                let got = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                self.written.push(path);
                if got != name {
                    import.moved(&folder, &name, &got);
                }
            }
        }
        Ok(())
    }

    /// Config.toml does not name them: nobody would ever find them.
    fn take_back(&self) {
        for path in &self.written {
            let _gone = std::fs::remove_file(path);
        }
    }
}

fn wanted(args: &ImportArgs, common: &Common, variable: Variable<'_>) -> Result<Vec<Import>, Failure> {
    let machine = Machine::this(variable);
    let what = args.what.as_deref().or_else(|| args.from_secret_json.then_some("strimzi"));
    let Some(what) = what else { return Err(nothing_named(&machine)) };
    let import =
        |context: &Context, name: &str| edit::import(context, name, args.keep_secrets, variable).map_err(|mistakes| mistaken(&mistakes));
    if what == "strimzi" {
        let name = args.name.as_deref();
        return match (&args.path, args.from_secret_json) {
            (None, true) => Ok(vec![secrets::of_json(&standard_input()?, name, bootstrap(common)?)?]),
            (Some(path), false) => Ok(vec![of_folder(path, name, bootstrap(common)?)]),
            _ => Err(usage("the secrets of Strimzi come from a folder or from standard input".to_owned()).hint(
                "kubectl get secret CLUSTER-cluster-ca-cert USER -o json | kscope config import strimzi --from-secret-json -b HOST:PORT",
            )),
        };
    }
    if let ("java" | "properties" | "librdkafka", Some(path)) = (what, &args.path) {
        let all = properties::of_file(path, variable).map_err(|mistakes| mistaken(&mistakes))?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = args
            .name
            .clone()
            .unwrap_or_else(|| stem.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect());
        return import(&edit::of_properties(&name, all), &name).map(|one| vec![one]);
    }
    if matches!(what, "java" | "properties" | "librdkafka") {
        return Err(usage(format!("{what} lies in no usual place: its file is to be named"))
            .hint(format!("kscope config import {what} client.properties")));
    }
    let contexts = found(what, args.path.as_deref(), &machine)?;
    if args.name.is_some() && contexts.len() > 1 {
        return Err(usage(format!("there are {} contexts, and one name", contexts.len()))
            .hint("kscope config detect lists them: import them one by one"));
    }
    let bare = |context: &Context| context.name.split_once(':').map_or(context.name.clone(), |(_, name)| name.to_owned());
    contexts.iter().map(|context| import(context, &args.name.clone().unwrap_or_else(|| bare(context)))).collect()
}

/// The contexts that a tool has, or the one that is named.
fn found(what: &str, path: Option<&Path>, machine: &Machine<'_>) -> Result<Vec<Context>, Failure> {
    let (word, one) = what.split_once(':').map_or((what, None), |(tool, name)| (tool, Some(name)));
    let Some(tool) = Tool::of(word) else {
        let tools = Tool::ALL.map(Tool::word).join(", ");
        return Err(usage(format!("{what} is nothing that can be imported"))
            .hint(format!("there are java, strimzi, {tools}, and what kscope config detect lists")));
    };
    let finding: Finding = match path {
        Some(path) => machine.look_at(tool, path),
        None => machine.look_for(tool).ok_or_else(|| {
            usage(format!("there is no file of {word} in its usual places")).hint(format!("kscope config import {word} PATH"))
        })?,
    };
    let all = finding.contexts;
    let unusable = |context: &Context| context.found.as_ref().is_some_and(|found| found.unusable.is_some());
    match one {
        Some(_) => {
            let named: Vec<Context> = all.iter().filter(|context| context.name == what).cloned().collect();
            if named.is_empty() {
                let hint = config::hint(what, all.iter()).unwrap_or_default();
                return Err(usage(format!("there is no context {what}")).hint(hint));
            }
            Ok(named)
        }
        // Those that cannot be used are left where they are; when there is no other, that is said.
        None if all.iter().any(|context| !unusable(context)) => Ok(all.into_iter().filter(|context| !unusable(context)).collect()),
        None if all.is_empty() => Err(usage(format!("{}: no cluster is in it", Shown::of(&finding.shown)))),
        None => Ok(all),
    }
}

fn of_folder(path: &Path, name: Option<&str>, bootstrap: Vec<String>) -> Import {
    let folder = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let stem = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let context = NewContext {
        name: name.map_or(stem, str::to_owned),
        bootstrap,
        strimzi_dir: vec![folder.to_string_lossy().into_owned()],
        ..NewContext::default()
    };
    Import { context, secrets: Vec::new(), left_out: Vec::new() }
}

fn bootstrap(common: &Common) -> Result<Vec<String>, Failure> {
    let text = common.bootstrap.as_deref().ok_or_else(|| {
        usage("the secrets do not tell where the cluster is".to_owned())
            .hint("-b HOST:PORT; `kubectl get kafka -o yaml` tells it under status.listeners")
    })?;
    Ok(text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect())
}

fn standard_input() -> Result<Secret, Failure> {
    const MOST: u64 = 16 << 20;
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = std::io::stdin().take(MOST).read_to_string(&mut text);
    read.map_err(|error| Failure::new("read the secrets", Cause::File(Foreign::new(error.to_string()))))?;
    Ok(Secret::new(std::mem::take(&mut *text)))
}

fn nothing_named(machine: &Machine<'_>) -> Failure {
    let all = machine.look();
    let names: Vec<&str> = all.iter().flat_map(|finding| &finding.contexts).map(|context| context.name.as_str()).take(12).collect();
    let hint = if names.is_empty() {
        "kscope config import java client.properties; nothing of other tools was found".to_owned()
    } else {
        format!("there are {}; or java and the path of a client's file", names.join(", "))
    };
    usage("what is to be imported is not named".to_owned()).hint(hint)
}

/// What was added, as it stands in the file, and what could not be carried.
fn report(imports: &[Import], path: &Path, dry_run: bool, json: bool) -> String {
    let toml: Vec<String> = imports.iter().map(|import| import.context.to_toml()).collect();
    if json {
        let all = imports.iter().zip(&toml).map(|(import, toml)| {
            let secrets: Vec<String> = import.secrets.iter().map(|secret| format!("{}/{}", secret.folder, secret.name)).collect();
            let toml = hidden(toml);
            json!({"name": import.context.name, "toml": toml, "secrets": secrets, "leftOut": import.left_out})
        });
        return json!({"file": shown(path), "written": !dry_run, "contexts": all.collect::<Vec<_>>()}).to_string() + "\n";
    }
    let mut out = String::new();
    for (import, toml) in imports.iter().zip(&toml) {
        for line in hidden(toml).lines() {
            // Writing to a String does not fail.
            let _written = writeln!(out, "{}", Shown::of(line));
        }
        for secret in &import.secrets {
            let _written =
                writeln!(out, "# {}/{}: a secret in a file of its own, for its owner alone", secret.folder, Shown::of(&secret.name));
        }
        for left in &import.left_out {
            let _written = writeln!(out, "# without {}", Shown::of(left));
        }
        out.push('\n');
    }
    let _written = if dry_run {
        writeln!(out, "# nothing was written: --dry-run")
    } else {
        writeln!(
            out,
            "# added to {}; kscope {} opens it",
            shown(path),
            imports.first().map(|import| import.context.name.as_str()).unwrap_or_default()
        )
    };
    out
}

/// With secrets that are kept in it (`--keep-secrets`) hidden: this goes to a terminal.
fn hidden(toml: &str) -> String {
    let line = |line: &str| match line.split_once(" = ") {
        Some((key, value)) if properties::is_secret(key.trim_matches('"')) && !value.starts_with("\"${") => format!("{key} = \"***\""),
        _ => line.to_owned(),
    };
    toml.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn unwritten(why: &Unwritten) -> Failure {
    let failure = failure_of("write the configuration", why.to_string());
    if matches!(why, Unwritten::Changed(_)) { failure.hint("run it once more") } else { failure }
}

pub(super) fn usage(text: String) -> Failure {
    Failure::new("import", Cause::Usage(Foreign::new(text)))
}

//! The configuration: `config.toml` in the user's folder, laid over the documented default file, which is part of the
//! program (`assets/config.toml`), and under the environment's variables. Whatever is wrong is a [`Problem`] that names
//! the file, the line and what was probably meant; with a problem there is no configuration.
//!
//! May use the keymap and the values of core, model, text, query, and what kafka's client is started with. Reading order: `file` (TOML with
//! places), `given` (one value), `settings` (the table of all settings), `keys`, `contexts`, `properties` (files of clients) and `connection` (what is made of them), `folder` (where the file is).
//! To add a setting: a line in `assets/config.toml`, a row in `settings::SETTINGS`, a field here.

mod connection;
mod contexts;
pub mod edit;
mod exposed;
pub mod file;
mod folder;
pub mod found;
mod given;
mod jaas;
mod keys;
pub mod palette;
pub mod properties;
mod schema;
mod settings;
mod strimzi;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::core::keymap::Keymap;
use crate::core::store;
use crate::core::stream::{Isolation, StartAt};
use crate::text::TimeFormat;
use found::{Finding, Machine, Tool};
use palette::Palette;

pub use connection::{Connection, names_a_cluster, understood};
pub use contexts::{Context, ReadOnly, hint};
pub use exposed::{Exposed, exposed};
pub use file::{Place, Problem, Problems};
pub use folder::{FILE_NAME, FOLDER_VARIABLE, folder};
pub use properties::words;
pub use schema::schema;
pub use settings::{Color, ThemeName};
pub use strimzi::is_marker;

/// The default file: what holds where the user's says nothing.
pub const DEFAULT: &str = include_str!("../assets/config.toml");
/// What the default file is called where a value of it is shown.
const DEFAULT_NAME: &str = "default";
/// A file larger than this is no configuration.
const LARGEST: u64 = 1 << 20;

/// All that can be configured, understood.
#[derive(Debug)]
pub struct Config {
    pub ui: Ui,
    /// The user's own theme, when `ui.theme` is a path.
    pub palette: Option<Palette>,
    pub messages: Messages,
    pub groups: Groups,
    pub limits: Limits,
    pub keymap: Keymap,
    /// What a word of the palette stands for.
    pub aliases: BTreeMap<String, String>,
    /// In order of name.
    pub contexts: Vec<Context>,
    pub default_context: Option<String>,
    /// What other tools have; read when it is asked for.
    found: OnceLock<Vec<Finding>>,
    /// Every setting as it is in force and where that was said, in the order of the default file.
    pub told: Vec<Told>,
}

/// `[ui]`.
#[derive(Debug)]
pub struct Ui {
    pub theme: ThemeName,
    pub color: Color,
    pub mouse: bool,
    pub refresh: Duration,
    /// `None`: hidden.
    pub time: Option<TimeFormat>,
    pub zone: TimeZone,
    /// A command of the palette, without the colon.
    pub start: String,
}

/// `[messages]`.
#[derive(Debug)]
pub struct Messages {
    pub buffer: store::Limits,
    pub start: StartAt,
    pub isolation: Isolation,
}

/// `[groups]`.
#[derive(Debug, Clone, Copy)]
pub struct Groups {
    /// A group in use whose commits stand still for so long makes no progress.
    pub stalled_after: Duration,
}

/// `[limits]`, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest record that a live view keeps.
    pub record: usize,
    /// The largest that is fetched at all.
    pub record_alone: usize,
    /// Answers of so many bytes a second is what a search asks for at most, over all brokers; `None`: as fast as it goes.
    pub search_rate: Option<u64>,
    /// The same where a context is guarded.
    pub guarded_search_rate: Option<u64>,
    /// A search ends when so many bytes were read; `None`: it reads all.
    pub search_bytes: Option<u64>,
    /// Records that were searched are kept for the next search, in so much memory; 0 keeps none.
    pub search_memory: usize,
}

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `ui.theme`.
    pub name: String,
    /// As it was written there.
    pub value: String,
    pub origin: Origin,
}

/// Where a setting was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// The file's line, from 1.
    File(usize),
    Variable(String),
}

impl Config {
    /// Reads the user's file, if there is one, and the environment.
    ///
    /// # Errors
    /// Everything that is wrong with them. A file that is not there is no problem; one that cannot be read is.
    pub fn load(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let Some(folder) = folder(variable) else { return Self::of(None, variable) };
        let path = folder.join(FILE_NAME);
        match read(&path) {
            Ok(None) => Self::of(None, variable),
            Ok(Some(text)) => Self::of(Some((&path, &text)), variable),
            Err(problem) => Err(Problems(vec![problem])),
        }
    }

    /// From the text of a user's file, which is at that path.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines, then of the environment.
    pub fn of(user: Option<(&Path, &str)>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut config = Self::blank();
        let defaults = file::Source::new(Path::new(DEFAULT_NAME), DEFAULT);
        config.take(&defaults, &mut problems);
        if let Some((path, text)) = user {
            let source = file::Source::new(path, text);
            config.take(&source, &mut problems);
            problems.sort_by_key(|problem| problem.place.line());
        }
        settings::from_environment(&mut config, variable, &mut problems);
        if let ThemeName::File(path) = &config.ui.theme {
            match load_palette(path) {
                Ok(palette) => config.palette = Some(palette),
                Err(wrong) => problems.extend(wrong),
            }
        }
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    fn take(&mut self, source: &file::Source<'_>, problems: &mut Vec<Problem>) {
        let mut reading = file::Reading::new(source, problems);
        let Some(document) = reading.document() else { return };
        for entry in &document {
            match entry.key() {
                "ui" | "messages" | "groups" | "limits" => settings::take(self, &mut reading, entry),
                "keys" => keys::take(self, &mut reading, entry),
                "aliases" => self.take_aliases(&mut reading, entry),
                "contexts" => contexts::take(self, &mut reading, entry),
                "default_context" => {
                    if let Some(text) = reading.checked(entry, |given| given.text().map(str::to_owned)) {
                        self.default_context = Some(text);
                        self.tell(reading.source(), "", entry);
                    }
                }
                "decode" => reading.problem(entry, "decoders cannot be chosen by configuration in this release", None),
                _ => reading.unknown(
                    entry,
                    "table",
                    &["ui", "messages", "groups", "limits", "keys", "aliases", "contexts", "default_context"],
                ),
            }
        }
        if let (Some(name), Some(entry)) = (&self.default_context, document.iter().find(|entry| entry.key() == "default_context"))
            && !self.contexts.iter().any(|context| context.name == *name)
        {
            let hint = hint(name, self.contexts.iter());
            reading.problem(entry, &format!("there is no context {name}"), hint);
        }
    }

    fn take_aliases(&mut self, reading: &mut file::Reading<'_, '_>, table: &file::Entry) {
        let Some(table) = reading.table("", table) else { return };
        for entry in table {
            let alias = entry.key();
            if alias.is_empty() || alias.chars().any(|c| c.is_whitespace() || c == ':' || c == '/') {
                reading.problem_at_key(entry, "an alias is one word without : and /", None);
            } else if let Some(command) = reading.checked(entry, |given| given.text().map(str::to_owned)) {
                self.aliases.insert(alias.to_owned(), command.trim().trim_start_matches(':').to_owned());
                self.tell(reading.source(), "aliases", entry);
            }
        }
    }

    /// Notes where a setting was said; what was said before is forgotten.
    fn tell(&mut self, source: &file::Source<'_>, table: &str, entry: &file::Entry) {
        let line = source.line_of(entry.span().start);
        let origin = if source.path() == Path::new(DEFAULT_NAME) { Origin::Default } else { Origin::File(line) };
        let value = source.text().get(entry.span()).unwrap_or_default().to_owned();
        self.told_of(dotted(table, entry.key()), value, origin);
    }

    fn told_of(&mut self, name: String, value: String, origin: Origin) {
        match self.told.iter_mut().find(|told| told.name == name) {
            Some(told) => *told = Told { name, value, origin },
            None => self.told.push(Told { name, value, origin }),
        }
    }

    /// The context of that name.
    pub fn context(&self, name: &str) -> Option<&Context> {
        self.contexts.iter().find(|context| context.name == name)
    }

    /// As [`Self::context`], or one of another tool: `rpk:default`.
    pub fn any_context(&self, name: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<&Context> {
        // Other tools' files are read only for names that may be theirs.
        self.context(name).or_else(|| Tool::of_name(name).and_then(|_| self.found_contexts(variable).find(|context| context.name == name)))
    }

    /// What other tools on this machine have, read once.
    pub fn found(&self, variable: &dyn Fn(&str) -> Option<String>) -> &[Finding] {
        self.found.get_or_init(|| Machine::this(variable).look())
    }

    /// Their contexts, those that cannot be used among them.
    pub fn found_contexts(&self, variable: &dyn Fn(&str) -> Option<String>) -> impl Iterator<Item = &Context> + Clone {
        self.found(variable).iter().flat_map(|finding| &finding.contexts)
    }

    /// Before any file was read: nothing of it is ever in force, for the default file sets everything.
    fn blank() -> Self {
        Self {
            ui: Ui {
                theme: ThemeName::Auto,
                color: Color::Auto,
                mouse: false,
                refresh: Duration::ZERO,
                time: None,
                zone: TimeZone::UTC,
                start: String::new(),
            },
            palette: None,
            messages: Messages {
                buffer: store::Limits { records: 0, bytes: 0 },
                start: StartAt::default(),
                isolation: Isolation::default(),
            },
            groups: Groups { stalled_after: Duration::ZERO },
            limits: Limits {
                record: 0,
                record_alone: 0,
                search_rate: None,
                guarded_search_rate: None,
                search_bytes: None,
                search_memory: 0,
            },
            keymap: Keymap::default(),
            aliases: BTreeMap::new(),
            contexts: Vec::new(),
            default_context: None,
            found: OnceLock::new(),
            told: Vec::new(),
        }
    }
}

fn load_palette(path: &Path) -> Result<Palette, Vec<Problem>> {
    match read(path) {
        Ok(Some(text)) => palette::parse(&file::Source::new(path, &text)),
        Ok(None) => {
            Err(vec![Problem { hint: Some("ui.theme names it".to_owned()), ..Problem::of_file(path, "there is no such file".to_owned()) }])
        }
        Err(problem) => Err(vec![problem]),
    }
}

/// `table.key`, the key in quotes where TOML wants them.
fn dotted(table: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if table.is_empty() { key } else { format!("{table}.{key}") }
}

/// The text of a file; `None` when there is none.
///
/// # Errors
/// It is there and cannot be read.
#[expect(clippy::disallowed_methods, reason = "the configuration is read before the loop begins")]
pub fn read(path: &Path) -> Result<Option<String>, Problem> {
    let cannot = |why: String| Problem::of_file(path, format!("cannot be read: {why}"));
    match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(cannot(error.to_string())),
        // A pipe or a device could be read for ever.
        Ok(meta) if !meta.is_file() => return Err(cannot("it is no file".to_owned())),
        Ok(meta) if meta.len() > LARGEST => return Err(cannot("it is larger than 1 MiB".to_owned())),
        Ok(_) => {}
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
    String::from_utf8(bytes).map(Some).map_err(|error| cannot(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to())))
}

/// The schema beside the file, which its first line names.
pub const SCHEMA_NAME: &str = "config.schema.json";

/// Writes the default file where the configuration is looked for, with its folder, and the schema of this release beside it.
/// False: a file is there already.
///
/// # Errors
/// The folder or a file cannot be made.
#[expect(clippy::disallowed_methods, reason = "the configuration is written by commands, which have no loop")]
pub fn write_default(path: &Path) -> std::io::Result<bool> {
    use std::io::Write as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(SCHEMA_NAME), format!("{:#}\n", schema()))?;
    }
    match std::fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(DEFAULT.as_bytes()).map(|()| true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// A path as it was written: `~/` is the home folder, and what is not absolute is looked for beside the file that names it.
pub fn resolved(text: &str, beside: &Path) -> PathBuf {
    if let (Some(rest), Some(home)) = (text.strip_prefix("~/"), std::env::home_dir()) {
        return home.join(rest);
    }
    beside.join(text)
}

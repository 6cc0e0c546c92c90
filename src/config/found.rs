//! What other tools on this machine know of clusters: their files are read, never written, and each cluster in them is a context
//! called `TOOL:NAME`. Nothing in such a file is an error of kscope's: what cannot be used says so and why.
//!
//! Reading order: [`Tool`] with its places, [`Machine::look`], `rows` (what is gathered of one cluster), then a file for each
//! tool. To add a tool: a variant, a row in its `match`es, a file with its `read`, and fixtures in `tests/it/found`.

mod kaf;
mod kafkactl;
mod kcat;
mod ktea;
mod rows;
mod rpk;
mod spring;
mod yozefu;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::rows::{File, Rows};
use super::contexts::Context;
use super::yaml::{self, At, Node};

/// A tool whose files are known, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Rpk,
    Kaf,
    Kafkactl,
    Ktea,
    Yozefu,
    Kcat,
    Akhq,
    KafkaUi,
}

/// Where a context comes from that is not in config.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub tool: Tool,
    pub path: PathBuf,
    /// The path as it is told: `~/.kaf/config`.
    pub shown: Arc<str>,
    /// The tool itself would use it now.
    pub current: bool,
    /// What stands there and means nothing here, with the reason.
    pub left_out: Vec<String>,
    /// Why kscope cannot come to it.
    pub unusable: Option<String>,
}

/// A file of a tool that is there, or should be.
#[derive(Debug, Clone)]
pub struct Finding {
    pub tool: Tool,
    pub path: PathBuf,
    /// `~/.kaf/config`
    pub shown: Arc<str>,
    /// Every one has its `found`. Of a file that cannot be read: one, which is called as the tool is.
    pub contexts: Vec<Context>,
}

/// Where to look.
pub struct Machine<'a> {
    pub home: Option<PathBuf>,
    /// Where this system keeps configurations of users.
    pub configs: Option<PathBuf>,
    /// The current folder.
    pub here: Option<PathBuf>,
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Machine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").field("home", &self.home).field("here", &self.here).finish_non_exhaustive()
    }
}

/// More clusters in one file are not listed.
const MOST: usize = 500;

impl Tool {
    pub const ALL: [Self; 8] = [Self::Rpk, Self::Kaf, Self::Kafkactl, Self::Ktea, Self::Yozefu, Self::Kcat, Self::Akhq, Self::KafkaUi];

    /// As it stands before the colon.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rpk => "rpk",
            Self::Kaf => "kaf",
            Self::Kafkactl => "kafkactl",
            Self::Ktea => "ktea",
            Self::Yozefu => "yozefu",
            Self::Kcat => "kcat",
            Self::Akhq => "akhq",
            Self::KafkaUi => "kafka-ui",
        }
    }

    /// By its word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.word() == word)
    }

    /// Whose context a name is: `rpk:default`. `kaf:9092` is a host and a port.
    pub fn of_name(name: &str) -> Option<Self> {
        let (word, rest) = name.split_once(':')?;
        if rest.is_empty() || rest.bytes().all(|byte| byte.is_ascii_digit()) { None } else { Self::of(word) }
    }

    /// Where its file is: the first of these that is there counts. True: a variable names it, so it must be there.
    fn places(self, machine: &Machine<'_>) -> Vec<(PathBuf, bool)> {
        let set = |name: &str| (machine.variable)(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        let home = |below: &str| machine.home.as_ref().map(|home| (home.join(below), false));
        let configs = |below: &str| machine.configs.as_ref().map(|configs| (configs.join(below), false));
        let here = |name: &str| machine.here.as_ref().map(|here| (here.join(name), false));
        let named = |name: &str| set(name).map(|path| (path, true));
        let list: Vec<Option<(PathBuf, bool)>> = match self {
            Self::Rpk => vec![named("RPK_CONFIG"), configs("rpk/rpk.yaml")],
            Self::Kaf => vec![home(".kaf/config")],
            Self::Kafkactl => {
                let project = kafkactl::of_project(machine.here.as_deref()).map(|path| (path, false));
                let roaming = set("APPDATA").map(|folder| (folder.join("kafkactl/config.yml"), false));
                let everybody = Some((PathBuf::from("/etc/kafkactl/config.yml"), false));
                vec![
                    named("KAFKA_CTL_CONFIG"),
                    project,
                    home(".config/kafkactl/config.yml"),
                    home(".kafkactl/config.yml"),
                    roaming,
                    everybody,
                ]
            }
            Self::Ktea => vec![home(".config/ktea/config.yaml")],
            Self::Yozefu => {
                let named = set("YOZEFU_CONFIG_DIR").map(|folder| (folder.join("config.json"), false));
                vec![named, configs("io.maif.yozefu/config.json"), configs("yozefu/config.json")]
            }
            Self::Kcat => {
                vec![named("KCAT_CONFIG"), named("KAFKACAT_CONFIG"), home(".config/kcat.conf"), home(".config/kafkacat.conf")]
            }
            Self::Akhq | Self::KafkaUi => vec![here("application.yml"), here("application.yaml")],
        };
        list.into_iter().flatten().collect()
    }

    fn read(self, file: &File, root: &At<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Context> {
        match self {
            Self::Rpk => rpk::read(file, root, variable),
            Self::Kaf => kaf::read(file, root),
            Self::Kafkactl => kafkactl::read(file, root, variable),
            Self::Ktea => ktea::read(file, root),
            Self::Yozefu => yozefu::read(file, root),
            Self::Akhq => spring::akhq(file, root, variable),
            Self::KafkaUi => spring::kafka_ui(file, root, variable),
            // It is no tree.
            Self::Kcat => Vec::new(),
        }
    }
}

impl<'a> Machine<'a> {
    /// This one.
    pub fn this(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        let home = set("HOME").or_else(std::env::home_dir);
        // What Go's `os.UserConfigDir` and most others take.
        let configs = if cfg!(target_os = "macos") {
            home.as_ref().map(|home| home.join("Library/Application Support"))
        } else if cfg!(windows) {
            set("APPDATA")
        } else {
            set("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")))
        };
        Self { home, configs, here: std::env::current_dir().ok(), variable }
    }

    /// Everything that is found, tool by tool.
    pub fn look(&self) -> Vec<Finding> {
        Tool::ALL.into_iter().filter_map(|tool| self.look_for(tool)).collect()
    }

    /// The file of one tool where it usually is.
    pub fn look_for(&self, tool: Tool) -> Option<Finding> {
        // What is there is settled by reading it: a look before would be one more.
        tool.places(self).into_iter().find_map(|(path, named)| {
            let finding = self.read(tool, &path);
            let absent = finding.is_none() && named;
            finding.or_else(|| absent.then(|| self.nothing_at(tool, &path)))
        })
    }

    /// The file of a tool at that path. What is not there, and what is there and not of that tool, is told as unusable.
    pub fn look_at(&self, tool: Tool, path: &Path) -> Finding {
        match self.read(tool, path) {
            Some(finding) => finding,
            None if path.exists() => self.broken(tool, path, &format!("it holds nothing of {}", tool.word())),
            None => self.nothing_at(tool, path),
        }
    }

    fn nothing_at(&self, tool: Tool, path: &Path) -> Finding {
        self.broken(tool, path, "there is no such file")
    }

    fn broken(&self, tool: Tool, path: &Path, why: &str) -> Finding {
        let file = File::new(tool, path.to_owned(), self.home.as_deref());
        let contexts = vec![broken(&file, why)];
        Finding { tool, path: file.path, shown: file.shown, contexts }
    }

    /// `None`: there is no file, or another program's.
    fn read(&self, tool: Tool, path: &Path) -> Option<Finding> {
        let text = super::read(path);
        let file = File::new(tool, path.to_owned(), self.home.as_deref());
        let contexts = match text {
            Ok(None) => return None,
            Err(problem) => vec![broken(&file, &problem.message)],
            Ok(Some(text)) if tool == Tool::Kcat => vec![kcat::read(&file, &text, self.variable)],
            Ok(Some(text)) => {
                // Half of all Java services have a file of that name.
                if matches!(tool, Tool::Akhq | Tool::KafkaUi) && !spring::may_be_of(tool, &text) {
                    return None;
                }
                let parsed = if tool == Tool::Yozefu { yaml::parse_json(&text) } else { yaml::parse(&text) };
                match parsed {
                    Ok(root) => self.of_tree(&file, &root)?,
                    Err(wrong) if wrong.line > 0 => vec![broken(&file, &format!("line {}: {}", wrong.line, wrong.why))],
                    Err(wrong) => vec![broken(&file, &wrong.why)],
                }
            }
        };
        Some(Finding { tool, path: file.path, shown: file.shown, contexts })
    }

    fn of_tree(&self, file: &File, root: &Node) -> Option<Vec<Context>> {
        let root = At::root(root);
        if !root.is_map() && !root.is_null() {
            return Some(vec![broken(file, "it is a list or a text where a table is wanted")]);
        }
        if (file.tool == Tool::Akhq && !spring::is_akhq(&root)) || (file.tool == Tool::KafkaUi && !spring::is_kafka_ui(&root)) {
            return None;
        }
        let mut contexts = file.tool.read(file, &root, self.variable);
        contexts.truncate(MOST);
        // Names are made words of, and files may say one twice.
        for at in 1..contexts.len() {
            let (before, rest) = contexts.split_at_mut(at);
            let Some(context) = rest.first_mut() else { break };
            let taken = |name: &str| before.iter().any(|other| other.name == name);
            let name = context.name.clone();
            let mut n = 2_usize;
            while taken(&context.name) {
                context.name = format!("{name}-{n}");
                n += 1;
            }
        }
        Some(contexts)
    }
}

/// What stands for a file that says nothing that could be used. It is called as the tool is.
fn broken(file: &File, why: &str) -> Context {
    let mut rows = Rows::new(file, "");
    rows.cannot(why);
    Context { name: file.tool.word().to_owned(), ..rows.finish() }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write the files that are read")]
mod tests;

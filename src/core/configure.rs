//! What the screens want of the user's configuration, and what came of it. Pure values: `cli::configure` reads and writes the
//! files on a thread that may block, `app` stands between.

use std::fmt;

use super::context::{Guard, Hue, Target};
use crate::model::Failure;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To know what there is by now: the files may have changed since the start.
    Look,
    /// The user's editor on `config.toml`, at the context of that name; then as [`Self::Look`].
    Edit(Option<String>),
    /// To see what this would write.
    Preview(New),
    Add(New),
}

/// A context to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum New {
    /// One that was found in a file of another tool, under a name of its own.
    Import {
        found: String,
        name: String,
    },
    Made(Box<Draft>),
}

/// What was typed into the form. Empty: not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    /// `HOST:PORT`, parted by commas.
    pub bootstrap: String,
    /// A file of a client that says the rest.
    pub properties_file: String,
    pub tls: bool,
    /// Paths; empty is the authorities of the system.
    pub ca: String,
    pub cert: String,
    pub key: String,
    /// As Kafka writes it; empty: no SASL.
    pub mechanism: &'static str,
    pub username: String,
    pub password: Hidden,
    pub readonly: Mode,
    pub guard: Guard,
    pub color: Option<Hue>,
}

/// Whether its cluster may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Write,
    /// Unless a run says otherwise.
    Default,
    ReadOnly,
}

/// A password as it was typed: no formatting shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What came of a wish.
#[derive(Debug, Clone)]
pub enum Told {
    /// All that can be gone to now.
    There(Vec<Target>),
    Preview(Preview),
    /// The file that the editor is to open, at that line (from 1).
    Edit {
        path: std::path::PathBuf,
        line: usize,
    },
    /// It was written, under that name; and what there is now.
    Added {
        name: String,
        targets: Vec<Target>,
    },
    /// Nothing was done.
    Failed(Failure),
}

/// What would be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// The lines of config.toml.
    pub toml: String,
    /// The file that they go into.
    pub path: String,
    /// What cannot be taken along, in sentences.
    pub left_out: Vec<String>,
    /// Files of secrets that are made beside it.
    pub secrets: Vec<String>,
}

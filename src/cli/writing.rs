//! What every command that changes something has.

use std::io::IsTerminal as _;

use super::{Cluster, Output};
use crate::core::context::Context;

/// See the module.
#[derive(Debug)]
pub(super) struct Common {
    pub cluster: Cluster,
    /// What holds for it.
    pub context: Context,
    pub output: Output,
    pub terminal: bool,
    pub quiet: bool,
    /// `--write`.
    pub write: bool,
}

impl Common {
    pub(super) fn of(cluster: Cluster, context: Context, common: &super::Common) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let output = common.output.unwrap_or(if terminal { Output::Table } else { Output::Ndjson });
        Self { cluster, context, output, terminal, quiet: common.quiet, write: common.write }
    }

    /// Errors are JSON objects.
    pub(super) fn json(&self) -> bool {
        matches!(self.output, Output::Json | Output::Ndjson)
    }
}

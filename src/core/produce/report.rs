//! What became of a sending: of each record, so far, and at the end.

use std::path::PathBuf;

use crate::model::{Failure, Foreign, Offset, PartitionId};
use crate::text::units::counted;

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in the log, once. `None`: the broker did not tell where (acks 0), or told only that it has it.
    Appended(Option<Offset>),
    /// It is not in the log: why.
    Failed(Foreign),
    /// It may be in the log, and reading it did not tell: why.
    Unknown(Foreign),
}

impl Fate {
    /// The stable word of `outcome`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Appended(_) => "appended",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// One record that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Which one, in the order in which they were handed over, from 0. Of a file: its line, from 0.
    pub n: u64,
    pub partition: PartitionId,
    /// As it is in the log: the broker's where that counts.
    pub timestamp_ms: i64,
    pub fate: Fate,
}

/// How safe sending again is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Safety {
    /// The broker recognises what it has already (idempotence).
    #[default]
    Idempotent,
    /// It does not, and nothing is sent twice without knowing: why.
    Plain(Foreign),
}

/// How far it has got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Records handed over so far: appended, failed, unknown and on their way.
    pub taken: u64,
    pub appended: u64,
    pub failed: u64,
    pub unknown: u64,
    /// Bytes of keys, values and headers appended.
    pub bytes: u64,
    /// The record that was appended last.
    pub last: Option<Sent>,
    /// How long a broker has told us to wait at the last time, in milliseconds; 0: none did.
    pub throttled_ms: u64,
}

/// How it ended.
#[derive(Debug, Clone)]
pub struct Report {
    pub progress: Progress,
    pub safety: Safety,
    /// What ended it before all records were handed over; of several failures the first. `None`: nothing did.
    pub failure: Option<Failure>,
    /// The user did.
    pub stopped: bool,
    /// The first records handed over, up to [`Report::KEPT`], with what became of each.
    pub first: Vec<Sent>,
    /// Those that are not known to be appended, up to [`Report::KEPT`].
    pub missing: Vec<Sent>,
    /// Records whose answer was lost, and which were found in the log, or found missing, by reading it.
    pub read_back: u64,
    /// The outcome could not be written to the audit log, which holds the intent.
    pub unlogged: Option<Foreign>,
    /// The file that tells of every record what became of it; `None`: there is none, as for a single record.
    pub journal: Option<Result<PathBuf, Foreign>>,
}

impl Report {
    /// So many records are told one by one.
    pub const KEPT: usize = 1000;

    /// Whether every record that was to be sent is known to be appended.
    pub fn is_whole(&self) -> bool {
        self.failure.is_none() && !self.stopped && self.progress.failed == 0 && self.progress.unknown == 0
    }

    /// The exit code of the command line: 0 when all is appended, 7 for a part, 130 when the user ended it.
    pub fn exit_code(&self) -> u8 {
        let part = self.progress.appended > 0;
        match &self.failure {
            _ if self.stopped => 130,
            None if self.is_whole() => 0,
            _ if part => 7,
            Some(failure) => failure.exit_code(),
            None => 1,
        }
    }

    /// All in one sentence, without what went wrong.
    pub fn sentence(&self) -> String {
        let Progress { appended, failed, unknown, .. } = self.progress;
        let mut parts = vec![format!("{} appended", counted(appended, "record"))];
        if failed > 0 {
            parts.push(format!("{failed} not appended"));
        }
        if unknown > 0 {
            parts.push(format!("{unknown} unknown: perhaps appended"));
        }
        if self.stopped {
            parts.push("stopped".to_owned());
        }
        parts.join(", ")
    }
}

//! `kscope group reset, undo, delete, delete-offsets, copy`: the arguments.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::{Common, GroupCommand};
use crate::io::kafka::Client;
use crate::model::{Cause, Failure};

/// Arguments of `group reset`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("scope").required(true).args(["topic", "all_topics", "from_file", "skip"]))]
#[command(group = ArgGroup::new("target").required(true).args([
    "to_earliest", "to_latest", "to_current", "to_offset", "shift_by", "to_datetime", "by_duration", "to_group", "skip", "from_file",
]))]
pub(super) struct ResetArgs {
    /// The group
    pub group: String,
    /// A topic, all of its partitions or some (T:0,1); may be repeated
    #[arg(long, value_name = "TOPIC[:P,…]")]
    pub topic: Vec<String>,
    /// Every partition that the group has a commit for
    #[arg(long)]
    pub all_topics: bool,
    /// Offsets from a file in the form of kafka-consumer-groups.sh: topic,partition,offset or group,topic,partition,offset
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// To the start of the logs
    #[arg(long)]
    pub to_earliest: bool,
    /// To the end of the logs
    #[arg(long)]
    pub to_latest: bool,
    /// To where the group is; the end where it has no commit
    #[arg(long)]
    pub to_current: bool,
    /// To this offset on every partition
    #[arg(long, value_name = "OFFSET", allow_negative_numbers = true)]
    pub to_offset: Option<i64>,
    /// So many offsets further, or back with a minus sign
    #[arg(long, value_name = "OFFSETS", allow_negative_numbers = true)]
    pub shift_by: Option<i64>,
    /// To the first record at or after a time: 2026-11-20T12:40:00.000, UTC unless it ends in Z or an offset
    #[arg(long, value_name = "TIME")]
    pub to_datetime: Option<String>,
    /// To the first record since so long ago: PT30M, P1D
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub by_duration: Option<String>,
    /// To where another group is
    #[arg(long, value_name = "GROUP")]
    pub to_group: Option<String>,
    /// Behind one record: the one at the commit, or at OFFSET
    #[arg(long, value_name = "TOPIC:P[@OFFSET]")]
    pub skip: Option<String>,
    /// Write the new offsets to a file that kafka-consumer-groups.sh --from-file reads
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub careful: Careful,
}

/// What every change has.
#[derive(Debug, Args)]
pub(super) struct Careful {
    /// Do it; without this the plan is printed only
    #[arg(long)]
    pub execute: bool,
    /// How long to look for commits from outside the group before anything is written; 0 does not look
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub sample: String,
}

/// Arguments of `group undo`.
#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    /// The group, for its latest saved state; or a file (with a slash, or ending in .csv or .json)
    #[arg(value_name = "GROUP or FILE")]
    pub what: String,
    #[command(flatten)]
    pub careful: Careful,
}

/// Arguments of `group delete`.
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// The group
    pub group: String,
    #[command(flatten)]
    pub careful: Careful,
}

/// Arguments of `group delete-offsets`.
#[derive(Debug, Args)]
pub(super) struct ForgetArgs {
    /// The group
    pub group: String,
    /// A topic, all of its partitions or some (T:0,1); may be repeated
    #[arg(long, required = true, value_name = "TOPIC[:P,…]")]
    pub topic: Vec<String>,
    #[command(flatten)]
    pub careful: Careful,
}

/// Arguments of `group copy`.
#[derive(Debug, Args)]
pub(super) struct CopyArgs {
    /// The group whose commits are copied
    pub group: String,
    /// The new group: it must not exist
    #[arg(long, value_name = "GROUP")]
    pub to: String,
    #[command(flatten)]
    pub careful: Careful,
}

/// Runs one of them.
#[expect(clippy::unused_async, reason = "it waits for the cluster once it changes anything")]
pub(super) async fn run(_client: &Client, _common: &Common, _command: &GroupCommand, _state: Option<&Path>) -> Result<u8, Failure> {
    Err(Failure::new("change the group", Cause::Refused("this release has no request that could")))
}

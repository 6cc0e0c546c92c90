//! `kscope group …`: what is asked and changed of one group.
//!
//! Each command is a file beside this one. To add one: a variant of `GroupCommand`, an arm in [`Group::run`].

mod change;

use std::path::Path;

use clap::{Args, Subcommand};

use super::words::{self, Exit};
use super::writing::Common;
use crate::io::kafka::Client;
use crate::model::{Cause, Failure, Foreign, GroupId};

/// Arguments of `group`.
#[derive(Debug, Args)]
pub(super) struct GroupArgs {
    #[command(subcommand)]
    command: GroupCommand,
}

#[derive(Debug, Subcommand)]
enum GroupCommand {
    /// Members of a group, and where it stands on each partition
    Describe {
        /// Its id
        group: String,
    },
    /// Move what a group has committed: prints the plan, and with --execute carries it out
    Reset(change::ResetArgs),
    /// Put back what a change of kscope replaced
    Undo(change::UndoArgs),
    /// Delete a group with all its commits
    Delete(change::DeleteArgs),
    /// Forget a group's commits of topics or partitions
    DeleteOffsets(change::ForgetArgs),
    /// Give a new group the commits of another
    Copy(change::CopyArgs),
}

/// A command, checked.
#[derive(Debug)]
pub struct Group {
    common: Common,
    command: GroupCommand,
}

impl Group {
    pub(super) fn new(common: Common, args: GroupArgs) -> Self {
        Self { common, command: args.command }
    }

    /// Runs to the end on a runtime of its own; returns the exit code. `state`: the folder for what is kept between runs.
    pub fn run(self, state: Option<&Path>) -> u8 {
        let json = self.common.json();
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return Exit::failed(&Failure::new("start", Cause::File(Foreign::new(error.to_string()))), json).print(),
        };
        if let (Some(from), false) = (&self.common.cluster.from, self.common.quiet) {
            words::say(from);
        }
        let client = Client::new(self.common.cluster.settings());
        let code = runtime.block_on(async {
            match &self.command {
                GroupCommand::Describe { group } => {
                    let group = GroupId::new(group.as_str());
                    super::groups::describe::run(&client, self.common.output, self.common.terminal, &group).await
                }
                GroupCommand::Reset(_)
                | GroupCommand::Undo(_)
                | GroupCommand::Delete(_)
                | GroupCommand::DeleteOffsets(_)
                | GroupCommand::Copy(_) => change::run(&client, &self.common, &self.command, state).await,
            }
        });
        runtime.shutdown_background();
        code.unwrap_or_else(|failure| Exit::failed(&failure, json).print())
    }
}

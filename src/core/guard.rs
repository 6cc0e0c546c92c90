//! The one gate that a change to the cluster passes. Every mutating function of `io::kafka` takes a [`Permit`], and
//! only this module makes one: after the read-only check ([`Rules`]), the confirmation its level asks for, and the audit line
//! that states the intent was written and synced.
//!
//! Two steps, the same for screens and commands. The screen starts a mutating ask as any other; [`Gate`] holds it back and asks
//! for the audit line first ([`super::ask::Ask::Audit`]), and only when that is on disk does the ask go on, with its permit. A
//! command calls [`allow`] with the receipt of the line that it had written.

mod gate;

use super::context::{Context, Guard};
use crate::model::{Cause, ClusterId, ClusterView, Failure, GroupId, TopicId, TopicName};

pub use gate::{Gate, Passed};

/// Leave for one change. It cannot be made outside this module, cloned or kept: a mutating call consumes it by value.
#[derive(Debug)]
pub struct Permit {
    receipt: Receipt,
}

impl Permit {
    /// The audit line that stated the intent: the line about the outcome names it.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

/// The audit line of an intent is on disk. Only `io::audit`, which writes it, makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    id: String,
}

impl Receipt {
    /// `id`: what the line is called, so that others can name it.
    pub fn of(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }

    pub fn id(&self) -> &str {
        &self.id
    }
}

/// What is about to be done, as the audit line states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The stable word: "reset", "undo", "delete-offsets", "copy", "delete", "produce".
    pub deed: &'static str,
    pub about: About,
    /// The cluster that it was looked at on.
    pub cluster: Option<ClusterId>,
    /// The context's name, when the cluster was opened by one.
    pub context: Option<String>,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// What a group has committed.
    Group {
        group: GroupId,
        /// It waits for the group to be empty.
        armed: bool,
        /// How many partitions are written to.
        partitions: usize,
        skipped: u64,
        repeated: u64,
        /// [`super::reset::Plan::hash`].
        plan: String,
    },
    /// Records that are written to a topic.
    Topic {
        topic: TopicName,
        id: TopicId,
        /// `None`: as many as a file has.
        records: Option<u64>,
        /// [`super::produce::Acks::word`].
        acks: &'static str,
    },
}

/// What the context and the command line say about changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// How much is asked before a change.
    pub guard: Guard,
    /// Why none is allowed at all, when the user said so.
    pub refused: Option<ReadOnly>,
}

/// Why nothing may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOnly {
    /// `--readonly`.
    Flag,
    /// The context's line in the configuration, from 1. `write`: `--write` would allow it.
    Context { line: usize, write: bool },
    /// The file of another tool that the context was found in.
    Found,
    /// It is not the cluster that the context expects.
    Stranger,
}

impl ReadOnly {
    /// Why, as a sentence without a full stop.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Flag => "read-only: --readonly was given",
            Self::Context { write: false, .. } => "read-only: the context says so",
            Self::Context { write: true, .. } => "read-only: the context is, unless --write is given",
            Self::Found => "read-only: the file of the tool that has this context says so",
            Self::Stranger => "read-only: this is not the cluster that the context expects",
        }
    }

    /// Which file and line says so, or what to do.
    pub fn hint(self) -> String {
        match self {
            Self::Flag => "leave --readonly out, and KSCOPE_READONLY".to_owned(),
            Self::Context { line, write: false } => format!("readonly = true stands at line {line} of config.toml"),
            Self::Context { line, write: true } => format!("--write allows it; readonly stands at line {line} of config.toml"),
            Self::Found => "kscope config import writes the context into config.toml, where readonly can be changed".to_owned(),
            Self::Stranger => "look at the context's bootstrap and expect_cluster_id".to_owned(),
        }
    }
}

/// What it takes to confirm a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A form whose last line says what will be written; ctrl-s.
    Form,
    /// A preview of before and after; ctrl-s. Enter never commits.
    Preview,
    /// As [`Self::Preview`], and the name of what is changed is typed.
    Name,
}

impl Rules {
    /// Why nothing may be changed; `None` when it may.
    pub fn read_only(&self) -> Option<ReadOnly> {
        self.refused
    }

    /// Whether the cluster is one to be careful with: the first line says PROD.
    pub fn is_guarded(&self) -> bool {
        self.guard != Guard::None
    }

    /// The level at which something of level `base` is confirmed here: `ask` makes 1 a 2, `typed` makes 1 a 2 and 2 a 3.
    pub fn level(&self, base: Level) -> Level {
        match (self.guard, base) {
            (Guard::None, base) | (Guard::Ask, base @ (Level::Preview | Level::Name)) => base,
            (Guard::Ask | Guard::Typed, Level::Form) => Level::Preview,
            (Guard::Typed, Level::Preview | Level::Name) => Level::Name,
        }
    }
}

/// Whether what was typed is the name that was asked for. Blanks around it do not count, nothing else is forgiven.
pub fn confirms(typed: &str, name: &str) -> bool {
    typed.trim() == name.trim() && !typed.trim().is_empty()
}

/// Why something may not be done here; `view` is what is known of the cluster, `None` before it answered.
pub fn refusal(context: &Context, view: Option<&ClusterView>, intent: Option<&Intent>) -> Option<Failure> {
    // The plan's own cluster counts as well: what is seen now may be older.
    let stranger = context.expects.as_ref().is_some_and(|expected| intent.and_then(|intent| intent.cluster.as_ref()) != Some(expected));
    let why = context.read_only(view).or(stranger.then_some(ReadOnly::Stranger))?;
    Some(Failure::new("change the cluster", Cause::Refused(why.sentence())).hint(why.hint()))
}

/// Leave for a change whose intent was written: the second step of a command, which has no [`Gate`].
///
/// # Errors
/// Nothing may be changed here.
pub fn allow(context: &Context, intent: &Intent, receipt: Receipt) -> Result<Permit, Failure> {
    match refusal(context, None, Some(intent)) {
        Some(failure) => Err(failure),
        None => Ok(Permit { receipt }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_raise_the_level_and_never_lower_it() {
        let rules = |guard| Rules { guard, refused: None };
        let levels = [Level::Form, Level::Preview, Level::Name];
        assert_eq!(levels.map(|base| rules(Guard::None).level(base)), levels);
        assert_eq!(levels.map(|base| rules(Guard::Ask).level(base)), [Level::Preview, Level::Preview, Level::Name]);
        assert_eq!(levels.map(|base| rules(Guard::Typed).level(base)), [Level::Preview, Level::Name, Level::Name]);
    }

    #[test]
    fn only_the_name_itself_confirms() {
        assert!(confirms(" orders ", "orders"));
        assert!(!confirms("", "") && !confirms("order", "orders") && !confirms("ORDERS", "orders") && !confirms("оrders", "orders"));
    }

    #[test]
    fn what_is_read_only_gets_no_permit() {
        let intent = Intent {
            deed: "produce",
            about: About::Topic { topic: TopicName::new("t"), id: TopicId::default(), records: Some(1), acks: "all" },
            cluster: Some(ClusterId::new("c")),
            context: None,
        };
        let refused = Context { rules: Rules { guard: Guard::None, refused: Some(ReadOnly::Flag) }, ..Context::default() };
        let other = Context { expects: Some(ClusterId::new("d")), ..Context::default() };
        for context in [refused, other] {
            assert_eq!(allow(&context, &intent, Receipt::of("1")).unwrap_err().exit_code(), 6);
        }
        assert_eq!(allow(&Context::default(), &intent, Receipt::of("1")).unwrap().receipt().id(), "1");
    }
}

//! Everything the core may want done, as values: tests compare them, the guard refuses them, only `app` and `io` do them.

use super::ask::Ask;
use super::configure::Wish;
use super::guard::Permit;
use super::stream::Flow;

/// A running task. Never reused, so a late answer is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// Who wants a task: a screen's number, or the program itself. When a screen goes, its tasks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner(pub u32);

impl Owner {
    /// Tasks that outlive any screen, and the cluster that is open.
    pub const PROGRAM: Self = Self(0);
    /// Tasks that outlive any screen, but not the cluster that they ask.
    pub const CLUSTER: Self = Self(u32::MAX);
}

#[derive(Debug)]
pub enum Effect {
    Start {
        id: TaskId,
        owner: Owner,
        ask: Ask,
        permit: Option<Permit>,
    },
    Cancel(TaskId),
    CancelOwner(Owner),
    Flow(TaskId, Flow),
    /// To the cluster at that place of the list that the program was started with: what is asked from here on goes there, and
    /// the connections to the one before are closed.
    Switch(usize),
    /// To read or write the user's configuration; [`super::event::Event::Configured`] brings what came of it.
    Configure(Wish),
    /// What needs the terminal: done by the loop itself, while the input thread is parked.
    Term(Term),
    Quit,
}

/// Work for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    Suspend,
    Redraw,
    /// Give the terminal to the user's editor with this text in a file; [`super::event::Event::Edited`] brings what became of it.
    Edit {
        text: String,
        /// The file's name says what it is.
        json: bool,
    },
    /// Copy through the terminal (OSC 52).
    Osc52(String),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// The window's title: our own words only, never a name from Kafka.
    Title(String),
}

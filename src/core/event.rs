//! Everything that can happen. The loop stamps `state.now` before each.

use std::sync::Arc;

use super::ask::{Answer, Reply};
use super::configure::Told;
use super::effect::TaskId;
use super::key::Input;
use super::stream::{Delivery, Progress};
use crate::model::Failure;

#[derive(Debug, Clone)]
pub enum Event {
    Input(Input),
    Arrival(Arrival),
    Signal(Signal),
    /// The user's editor has ended: the text as it is now.
    Edited(Result<String, Failure>),
    /// What came of a wish about the configuration.
    Configured(Told),
    /// The moment that `State::wake_at` named has come.
    Woke,
}

/// What tasks send. A task may give several parts before its one reply; progress is latest-wins, 10 a second at most.
#[derive(Debug, Clone)]
pub enum Arrival {
    Part(TaskId, Answer),
    Reply(Reply),
    Chunk(TaskId, Delivery),
    Progress(TaskId, Arc<Progress>),
}

impl Arrival {
    pub fn task(&self) -> TaskId {
        match self {
            Self::Part(id, _) | Self::Chunk(id, _) | Self::Progress(id, _) => *id,
            Self::Reply(reply) => reply.id,
        }
    }
}

/// The system wants us gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    Interrupt,
    HangUp,
}

impl Signal {
    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::HangUp => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

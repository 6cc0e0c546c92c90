//! A value that lives elsewhere. The old one stays while a new one is on its way or after that failed, so there is no
//! flicker, no lost error and no stale answer taken for a fresh one.

use std::sync::Arc;

use super::ask::Reply;
use super::effect::TaskId;
use crate::model::{Failure, Time};

#[derive(Debug, Clone)]
pub struct Remote<T> {
    pub value: Option<Fresh<T>>,
    pub status: Status,
}

/// A value and when it was true.
#[derive(Debug, Clone)]
pub struct Fresh<T> {
    pub value: Arc<T>,
    pub at: Time,
}

#[derive(Debug, Clone)]
pub enum Status {
    Idle,
    Loading { task: TaskId, since: Time },
    Failed { failure: Failure, at: Time },
}

impl<T> Default for Remote<T> {
    fn default() -> Self {
        Self { value: None, status: Status::Idle }
    }
}

impl<T> Remote<T> {
    /// Waits for this task from now on; the answer of any other is refused.
    pub fn loading(&mut self, task: TaskId, now: Time) {
        self.status = Status::Loading { task, since: now };
    }

    pub fn is_loading(&self) -> bool {
        matches!(self.status, Status::Loading { .. })
    }

    /// Whether this is the task it waits for.
    pub fn awaits(&self, id: TaskId) -> bool {
        matches!(self.status, Status::Loading { task, .. } if task == id)
    }

    /// Takes a reply if it is the one awaited; `pick` finds the value in the answer.
    pub fn accept(&mut self, reply: Reply, now: Time, pick: impl FnOnce(super::ask::Answer) -> Option<Arc<T>>) -> Option<Reply> {
        if !self.awaits(reply.id) {
            return Some(reply);
        }
        match reply.result {
            Ok(answer) => {
                if let Some(value) = pick(answer) {
                    self.value = Some(Fresh { value, at: now });
                }
                self.status = Status::Idle;
            }
            Err(failure) => self.status = Status::Failed { failure, at: now },
        }
        None
    }

    pub fn get(&self) -> Option<&Arc<T>> {
        self.value.as_ref().map(|fresh| &fresh.value)
    }

    pub fn failure(&self) -> Option<&Failure> {
        match &self.status {
            Status::Failed { failure, .. } => Some(failure),
            _ => None,
        }
    }
}

//! What is kept from one run to the next: the context that was open last, and what was typed into prompts. The state says
//! what it should be, a task writes it; that it cannot be written is said once.

pub mod queries;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ask::{Ask, Reply};
use super::effect::TaskId;
use super::notices::Notices;

/// The content of the file. What an older or newer release left out or added does no harm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// A context's name in the configuration.
    pub context: Option<String>,
    /// What was typed, the newest last, by the kind of the prompt.
    pub inputs: BTreeMap<String, Vec<String>>,
    /// Queries that were typed for one topic; the topic that was asked last stands last.
    pub topics: Vec<OfTopic>,
}

/// What was typed for one topic, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfTopic {
    pub topic: String,
    pub queries: Vec<String>,
}

/// Sees to it that the file holds what it should.
#[derive(Debug, Default)]
pub struct Keeper {
    /// `None`: there is no folder for it, or it could not be written.
    path: Option<PathBuf>,
    /// What the file holds.
    kept: Saved,
    writing: Option<(TaskId, Saved)>,
    /// The revision of the history that was looked at last.
    looked_at: Option<u64>,
}

impl Keeper {
    /// `kept` is what was read from the file.
    pub fn new(path: Option<PathBuf>, kept: Saved) -> Self {
        Self { path, kept, writing: None, looked_at: None }
    }

    /// The file, when there is a folder for it.
    pub fn path(&self) -> Option<&std::path::Path> {
        self.path.as_deref()
    }

    /// What the file holds, as far as is known.
    pub fn kept(&self) -> &Saved {
        &self.kept
    }

    /// Whether there may be something new: asked after every event, so it must be cheap.
    pub fn is_due(&self, revision: u64) -> bool {
        self.path.is_some() && self.writing.is_none() && self.looked_at != Some(revision)
    }

    /// Something else than the history has changed.
    pub fn look_again(&mut self) {
        self.looked_at = None;
    }

    /// The question that brings the file up to date; `None` when it is, or while it is being written.
    pub fn ask(&mut self, wanted: &Saved, revision: u64) -> Option<Ask> {
        self.looked_at = Some(revision);
        let path = self.path.as_ref().filter(|_| self.writing.is_none() && self.kept != *wanted)?;
        Some(Ask::Save { path: path.clone(), saved: wanted.clone() })
    }

    pub fn started(&mut self, id: TaskId, saved: Saved) {
        self.writing = Some((id, saved));
    }

    /// Takes the reply to its own question; gives back any other. A failure is said once: after that nothing is tried any more.
    pub fn accept(&mut self, reply: Reply, notices: &mut Notices) -> Option<Reply> {
        let Some((_, saved)) = self.writing.take_if(|(id, _)| *id == reply.id) else { return Some(reply) };
        match reply.result {
            Ok(_) => self.kept = saved,
            Err(failure) => {
                self.path = None;
                notices.failure(&failure);
            }
        }
        None
    }
}

//! A figure that came from a broker, or the reason why there is none. No figure has a default: unknown is never 0.

use super::{Foreign, Right};

/// A figure, or why it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    Is(T),
    Unknown(Why),
    /// The question makes no sense here (the lag of a topic nobody reads).
    NotApplicable,
}

/// Why a figure is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Not asked yet.
    NotAsked,
    /// The partition has no leader.
    NoLeader,
    /// The broker did not answer in time, or not at all.
    NoAnswer,
    /// The broker refused: an ACL has to allow this.
    Denied(Right),
    /// This broker's release does not offer the question.
    NotOffered,
    /// The topic or partition is not there (any more).
    NoTopic,
    /// The broker answered with this error.
    Error(Foreign),
}

impl<T> Known<T> {
    pub fn is(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            _ => None,
        }
    }
}

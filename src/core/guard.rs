//! The one gate that a change to the cluster passes. Every mutating function of `io::kafka` takes a [`Permit`], and
//! only this module makes one: after the read-only check ([`Rules`]), the confirmation its level asks for, and the audit line
//! that states the intent was written and synced.
//!
//! Nothing in this release changes a cluster, so no permit is ever made; the type exists so that no request can be
//! added that does without.

use super::context::Guard;

/// Leave for one change. It cannot be made outside this module, cloned or kept: a mutating call consumes it by value.
#[derive(Debug)]
pub struct Permit {
    _only_here: (),
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
    /// This release has no request that could.
    Release,
    /// `--readonly`.
    Flag,
    /// The context's line in the configuration, from 1.
    Context { line: usize },
    /// It is not the cluster that the context expects.
    Stranger,
}

impl Rules {
    /// Why nothing may be changed; in this release something always stands against it.
    pub fn read_only(&self) -> Option<ReadOnly> {
        Some(self.refused.unwrap_or(ReadOnly::Release))
    }

    /// Whether the cluster is one to be careful with: the first line says PROD.
    pub fn is_guarded(&self) -> bool {
        self.guard != Guard::None
    }
}

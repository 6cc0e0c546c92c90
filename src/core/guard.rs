//! The one gate that a change to the cluster passes. Every mutating function of `io::kafka` takes a [`Permit`], and
//! only this module makes one: after the read-only check, the confirmation its level asks for, and the audit line that
//! states the intent was written and synced.
//!
//! Nothing in this release changes a cluster, so no permit is ever made; the type exists so that no request can be
//! added that does without.

/// Leave for one change. It cannot be made outside this module, cloned or kept: a mutating call consumes it by value.
#[derive(Debug)]
pub struct Permit {
    _only_here: (),
}

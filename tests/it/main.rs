//! The integration tests: one binary, so that it links once.
//!
//! `architecture` reads the source, `config` holds configurations, `doctor` looks at the way to clusters, `flows` compares the sandbox with a real cluster, `found` holds files of other tools, `kafka` holds real clusters, `sandbox` our own, `scripted` a
//! broker that lies and fails on cue, `pty` the program in a pseudo terminal, `security` the ways into a cluster, `readme` the documents beside the source. A test's
//! name is the promise that it keeps.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test fails by panicking, reads files, and waits for real processes"
)]

mod architecture;
mod config;
mod doctor;
mod drill;
mod flows;
mod found;
mod kafka;
mod language;
mod pace;
mod pty;
mod readme;
mod recent;
mod rivals;
mod run;
mod sandbox;
mod scripted;
mod search;
mod security;
mod tail;
mod term;
mod ui;

use std::thread;
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) const KSCOPE: &str = env!("CARGO_BIN_EXE_kscope");

/// Asks again until the condition gives a value: the only place that sleeps, between two looks. Panics after a minute, far
/// beyond what is waited for, so that a slow machine only makes a test slow.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    eventually_or(what, condition, String::new)
}

/// As [`eventually`], with more to say when it does not come.
#[track_caller]
pub(crate) fn eventually_or<T>(what: &str, mut condition: impl FnMut() -> Option<T>, more: impl Fn() -> String) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "not within a minute: {what}\n{}", more());
        thread::sleep(Duration::from_millis(5));
    }
}

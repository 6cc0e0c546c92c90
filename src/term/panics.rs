//! The panic hook: the terminal first, then the report.

use std::panic::{self, PanicHookInfo};
use std::sync::{Once, OnceLock};
use std::thread::{self, ThreadId};

use super::restore::{is_taken, restore};

/// Where a panic happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanicIn {
    /// In the thread of the loop, or while the terminal is not ours: the terminal is restored, the report may be printed, the
    /// program ends.
    Loop,
    /// In a task: the terminal stays ours and nothing may be printed; whoever waits for the task makes a failure of it.
    Task,
}

static INSTALLED: Once = Once::new();
static LOOP: OnceLock<ThreadId> = OnceLock::new();

/// Installs the panic hook, once per process, before [`Terminal::enter`](super::Terminal::enter), which otherwise installs one without a report.
///
/// `report` is called after the terminal was restored, in place of the standard message: a panic of a library may quote what
/// it worked on, and that must not reach the terminal as it is.
pub fn catch_panics(report: impl Fn(&PanicHookInfo<'_>, PanicIn) + Send + Sync + 'static) {
    INSTALLED.call_once(|| {
        panic::set_hook(Box::new(move |info| {
            let place = place();
            if place == PanicIn::Loop {
                restore();
            }
            report(info, place);
        }));
    });
}

/// As [`catch_panics`] for a program without a report of its own: the standard message, once the terminal is restored.
pub(super) fn catch_panics_plainly() {
    INSTALLED.call_once(|| {
        let standard = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if place() == PanicIn::Loop {
                restore();
                standard(info);
            }
        }));
    });
}

/// This thread is the loop's.
pub(super) fn this_is_the_loop() {
    let _ = LOOP.set(thread::current().id());
}

fn place() -> PanicIn {
    let is_loop = LOOP.get().is_none_or(|id| *id == thread::current().id());
    if is_loop || !is_taken() { PanicIn::Loop } else { PanicIn::Task }
}

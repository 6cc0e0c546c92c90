//! Signals that end a command: which came, as the exit code that it leads to.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::model::{Cause, Failure, Foreign};

/// Interrupt, termination and hang-up, taken from the system for as long as this lives.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// # Errors
    /// The system does not give them.
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind: SignalKind| signal(kind).map_err(|error| Failure::new("start", Cause::File(Foreign::new(error.to_string()))));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The exit code of the next one.
    pub(super) async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = self.hangup.recv() => 129,
        }
    }
}

//! A place for one connection: whoever comes first dials, the others wait for it, and a failure stands for a moment so
//! that they do not dial one after the other.

use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::io::kafka::fault::Fault;
use crate::io::kafka::wire::Connection;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Slot {
    gate: tokio::sync::Mutex<()>,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    connection: Option<Connection>,
    failed: Option<Failed>,
    /// How often in a row dialling failed.
    failures: u32,
}

#[derive(Debug, Clone)]
struct Failed {
    fault: Fault,
    at: Instant,
    until: Instant,
}

impl Slot {
    fn now<T>(&self, look: impl FnOnce(&mut Now) -> T) -> T {
        look(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The connection, if it is open.
    pub(super) fn open(&self) -> Option<Connection> {
        self.now(|now| now.connection.clone()).filter(Connection::is_open)
    }

    /// The last failure to dial, unless a connection came after it.
    fn failed(&self) -> Option<Failed> {
        self.now(|now| now.failed.clone())
    }

    /// The connection, open or not.
    pub(super) fn last(&self) -> Option<Connection> {
        self.now(|now| now.connection.clone())
    }

    /// What went wrong last, with dialling or with the connection; `None` when it works or was never needed.
    pub(super) fn trouble(&self) -> Option<(Fault, Instant)> {
        match self.failed() {
            Some(Failed { fault, at, .. }) => Some((fault, at)),
            None => self.last().as_ref().and_then(Connection::broke),
        }
    }

    pub(super) fn clear(&self) {
        self.now(|now| now.connection = None);
    }

    /// The next caller dials at once.
    pub(super) fn forgive(&self) {
        self.now(|now| {
            now.failures = 0;
            if let Some(failed) = &mut now.failed {
                failed.until = failed.at;
            }
        });
    }

    /// The open connection, or what `dial` makes. A caller that is dropped while it dials leaves the turn to the next.
    pub(super) async fn get(&self, dial: impl Future<Output = Result<Connection, Fault>>) -> Result<Connection, Fault> {
        if let Some(open) = self.open() {
            return Ok(open);
        }
        let _turn = self.gate.lock().await;
        if let Some(open) = self.open() {
            return Ok(open);
        }
        if let Some(failed) = self.failed()
            && Instant::now() < failed.until
        {
            return Err(failed.fault);
        }
        let dialled = dial.await;
        self.now(|now| match &dialled {
            Ok(connection) => *now = Now { connection: Some(connection.clone()), failed: None, failures: 0 },
            Err(fault) => {
                let at = Instant::now();
                let until = at + jittered(pause(now.failures));
                now.failures = now.failures.saturating_add(1);
                now.failed = Some(Failed { fault: fault.clone(), at, until });
            }
        });
        dialled
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.min(8)).min(LONGEST_PAUSE)
}

/// Between three and five quarters of a pause, so that many clients do not come back at the same moment.
pub(in crate::io::kafka) fn jittered(pause: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(0_u8) % 512).unwrap_or(0);
    (pause * (768 + random)) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        assert_eq!([0, 1, 2, 9].map(pause), [50, 100, 200, 1000].map(Duration::from_millis));
        for _ in 0..100 {
            let some = jittered(Duration::from_millis(100));
            assert!((75..=125).contains(&some.as_millis()), "{some:?}");
        }
    }
}

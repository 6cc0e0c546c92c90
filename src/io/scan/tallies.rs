//! Where workers count: each takes a tally, fills it with a job's records and puts it back, so that there are as many as
//! workers and nothing is merged between jobs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::query::{Stages, Tally};

/// The tallies of one scan. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Tallies {
    stages: Stages,
    idle: Arc<Mutex<Vec<Tally>>>,
}

impl Tallies {
    pub fn new(stages: Stages) -> Self {
        Self { stages, idle: Arc::default() }
    }

    pub fn stages(&self) -> &Stages {
        &self.stages
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Tally>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Tally {
        let idle = self.lock().pop();
        idle.unwrap_or_else(|| Tally::new(&self.stages))
    }

    pub(super) fn give(&self, tally: Tally) {
        self.lock().push(tally);
    }

    /// Moves all that was counted so far into `all`; what workers are at comes next time.
    pub fn collect(&self, all: &mut Tally) {
        let idle = std::mem::take(&mut *self.lock());
        for tally in idle {
            all.merge(tally);
        }
    }
}

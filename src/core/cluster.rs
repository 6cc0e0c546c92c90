//! What all screens share of the cluster: one cache, so that the topic list and every other reader of it agree.

use std::time::Duration;

use super::ask::{Answer, Reply};
use super::effect::TaskId;
use super::remote::{Remote, Status};
use crate::model::{ClusterView, Failure, Time};

/// Metadata is asked anew so often, as long as it works. An answer that takes long is asked for less often, so that a
/// cluster of a hundred thousand partitions is never busy with us for more than a fiftieth of the time.
const REFRESH: Duration = Duration::from_secs(5);
const REFRESH_MOST: Duration = Duration::from_secs(60);
const SHARE: u32 = 50;
/// After a failure: 1 s, doubling, at most this.
const RETRY_MOST: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub struct Cluster {
    /// What we were asked to open, as typed: our user's own words.
    pub bootstrap: String,
    pub view: Remote<ClusterView>,
    /// How long the last answer took.
    pub round_trip: Option<Duration>,
    /// What keeps us from it now, kept while the next attempt runs.
    pub trouble: Option<Trouble>,
    /// When to ask next, unless a question is under way.
    next: Option<Time>,
}

/// A cluster that does not answer.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub failure: Failure,
    /// When the first of the failures in a row was noticed.
    pub since: Time,
    /// Failures in a row.
    pub attempts: u32,
}

impl Cluster {
    /// A cluster that nothing was asked of yet.
    pub fn of(bootstrap: String) -> Self {
        Self { bootstrap, ..Self::default() }
    }

    /// When it wants to ask again, by itself.
    pub fn wake_at(&self) -> Option<Time> {
        if self.view.is_loading() { None } else { self.next }
    }

    /// Whether the time to ask has come.
    pub fn is_due(&self, now: Time) -> bool {
        !self.view.is_loading() && self.next.is_none_or(|next| next <= now)
    }

    pub fn asked(&mut self, task: TaskId, now: Time) {
        self.view.loading(task, now);
    }

    /// Takes the reply to its own question; gives back any other.
    pub fn accept(&mut self, reply: Reply, now: Time) -> Option<Reply> {
        let asked = match self.view.status {
            Status::Loading { since, .. } => since,
            _ => now,
        };
        let other = self.view.accept(reply, now, |answer| match answer {
            Answer::Cluster(view) => Some(view),
            _ => None,
        });
        if other.is_some() {
            return other;
        }
        if let Some(failure) = self.view.failure() {
            let (since, attempts) = self.trouble.as_ref().map_or((now, 0), |t| (t.since, t.attempts));
            self.trouble = Some(Trouble { failure: failure.clone(), since, attempts: attempts + 1 });
            self.next = Some(now.plus(Duration::from_secs(1 << attempts.min(4)).min(RETRY_MOST)));
        } else {
            self.trouble = None;
            let took = now.since(asked);
            self.round_trip = Some(took);
            self.next = Some(now.plus((took * SHARE).clamp(REFRESH, REFRESH_MOST)));
        }
        None
    }
}

//! What all screens share of the cluster: one cache, so that the topic list and every other reader of it agree.

use std::time::Duration;

use super::ask::{Answer, Ask, Reply, Throttle, Traffic};
use super::brokers::Brokers;
use super::context::{Context, Stranger, Target};
use super::effect::TaskId;
use super::figures::{Figures, TopicFigures, find};
use super::groups::Groups;
use super::groups::kept::PastKeeper;
use super::groups::poll::{Kind, Poll};
use super::guard::ReadOnly;
use super::remote::{Remote, Status};
use super::timeline::{Timeline, What};
use crate::model::{ClusterRights, ClusterView, Failure, Time, TopicName};

/// Metadata is asked anew so often, as long as it works. An answer that takes long is asked for less often, so that a
/// cluster of a hundred thousand partitions is never busy with us for more than a fiftieth of the time.
const REFRESH: Duration = Duration::from_secs(5);
/// The same when neither the user nor the cluster has done anything for [`CALM`]: what is made elsewhere still appears soon.
const REFRESH_CALM: Duration = Duration::from_secs(10);
const CALM: Duration = Duration::from_secs(60);
const REFRESH_MOST: Duration = Duration::from_secs(60);
const SHARE: u32 = 50;
/// After a failure: 1 s, doubling, at most this.
const RETRY_MOST: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub struct Cluster {
    /// What we were asked to open, as typed: our user's own words.
    pub bootstrap: String,
    /// What holds for it, as the user said.
    pub context: Context,
    pub view: Remote<ClusterView>,
    /// How long the last answer took.
    pub round_trip: Option<Duration>,
    /// What keeps us from it now, kept while the next attempt runs.
    pub trouble: Option<Trouble>,
    pub figures: Figures,
    pub brokers: Brokers,
    pub groups: Groups,
    pub poll: Poll,
    pub past: PastKeeper,
    /// What was seen to change, the newest last.
    pub timeline: Timeline,
    pub load: Load,
    /// What we may do there, once it was told.
    pub rights: Option<ClusterRights>,
    /// When to ask next, unless a question is under way.
    next: Option<Time>,
    /// When the last answer came.
    answered: Option<Time>,
    /// When the user or the cluster did something last.
    stirred: Option<Time>,
}

/// What our questions cost the cluster.
#[derive(Debug, Default)]
pub struct Load {
    /// What was told in the last while, the oldest first.
    samples: std::collections::VecDeque<(Time, Traffic)>,
}

impl Load {
    /// Requests are counted over so long.
    const WINDOW: Duration = Duration::from_secs(20);
    /// Over less than this nothing is said.
    const LEAST: Duration = Duration::from_secs(4);
    /// So long what was told of a throttle holds, besides its own time.
    const FRESH: Duration = Duration::from_secs(10);

    fn told(&mut self, traffic: Traffic, now: Time) {
        self.samples.push_back((now, traffic));
        while self.samples.len() > 2 && self.samples.front().is_some_and(|(at, _)| now.since(*at) > Self::WINDOW) {
            self.samples.pop_front();
        }
    }

    /// Requests a second, all brokers together; `None` before it could be measured.
    pub fn requests_per_second(&self) -> Option<f64> {
        let ((then, old), (now, new)) = (self.samples.front()?, self.samples.back()?);
        let time = now.since(*then);
        let requests = u32::try_from(new.requests.saturating_sub(old.requests)).unwrap_or(u32::MAX);
        (time >= Self::LEAST).then(|| f64::from(requests) / time.as_secs_f64())
    }

    /// That a broker told us to slow down just now.
    pub fn throttle(&self, now: Time) -> Option<Throttle> {
        let (at, traffic) = self.samples.back()?;
        traffic.throttle.filter(|throttle| now.since(*at) < Self::FRESH + Duration::from_millis(throttle.ms))
    }

    /// How often brokers told us to slow down, since the start.
    pub fn throttled(&self) -> u64 {
        self.samples.back().map_or(0, |(_, traffic)| traffic.throttled)
    }
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

    /// The same, with what holds for it.
    pub fn at(target: Target) -> Self {
        Self { context: target.context, ..Self::of(target.bootstrap) }
    }

    /// Whether lists may lack what we may not describe.
    pub fn is_partial(&self) -> bool {
        self.rights.is_some_and(ClusterRights::are_limited)
    }

    /// Nobody named a cluster: one of the contexts is to be chosen.
    pub fn is_nowhere(&self) -> bool {
        self.bootstrap.is_empty() && self.context.name.is_none()
    }

    /// Whether this is the one that is open.
    pub fn is(&self, target: &Target) -> bool {
        self.bootstrap == target.bootstrap && self.context.name == target.context.name
    }

    /// That this is not the cluster that was meant.
    pub fn stranger(&self) -> Option<Stranger<'_>> {
        self.context.stranger(self.view.get().map(AsRef::as_ref))
    }

    /// Why nothing may be changed now.
    pub fn read_only(&self) -> Option<ReadOnly> {
        self.context.read_only(self.view.get().map(AsRef::as_ref))
    }

    /// When it wants to ask again, by itself.
    pub fn wake_at(&self) -> Option<Time> {
        let metadata = if self.view.is_loading() { None } else { self.next };
        // Nothing is asked about groups of a cluster that does not answer.
        let groups = self.view.get().filter(|_| self.trouble.is_none()).and_then(|_| self.poll.wake_at());
        metadata.into_iter().chain(groups).chain(self.past.wake_at()).min()
    }

    /// What is to be asked about groups now; nothing before the cluster has answered, or while it does not.
    pub fn group_asks(&mut self, now: Time) -> Vec<(Kind, Ask)> {
        let Some(view) = self.view.get().filter(|_| self.trouble.is_none()) else { return Vec::new() };
        let figures = &self.figures;
        let settings_at = |name: &TopicName| find(view, name).map(|topic| figures.of(topic).and_then(TopicFigures::keep_at));
        self.poll.due(&self.groups, &settings_at, now)
    }

    /// Takes the end of a question about groups; gives back any other reply.
    fn accept_of_groups(&mut self, reply: Reply, now: Time) -> Option<Reply> {
        let Some(kind) = self.poll.ended(reply.id) else { return Some(reply) };
        let first = self.groups.listed_at().is_none();
        if kind == Kind::List && reply.result.is_ok() {
            for gone in self.groups.list_ended(now) {
                self.timeline.add(now, What::Group(gone));
            }
        }
        self.poll.go_on(kind, first);
        None
    }

    /// Whether the time to ask has come.
    pub fn is_due(&self, now: Time) -> bool {
        !self.view.is_loading() && self.next.is_none_or(|next| next <= now)
    }

    /// The user does something: what is seen is kept as fresh as it gets.
    pub fn stirred(&mut self, now: Time) {
        self.stirred = Some(now);
        let sooner = self.answered.map(|answered| answered.plus(self.pause(now)));
        self.next = self.next.map(|next| sooner.filter(|_| self.trouble.is_none()).map_or(next, |sooner| next.min(sooner)));
    }

    /// How long after an answer to ask again.
    fn pause(&self, now: Time) -> Duration {
        let calm = self.stirred.is_some_and(|stirred| now.since(stirred) >= CALM);
        let least = if calm { REFRESH_CALM } else { REFRESH };
        (self.round_trip.unwrap_or_default() * SHARE).clamp(least, REFRESH_MOST)
    }

    pub fn asked(&mut self, task: TaskId, now: Time) {
        self.view.loading(task, now);
    }

    /// Takes what any answer tells of topics.
    pub fn told(&mut self, answer: &Answer, now: Time) {
        self.brokers.take(answer, now);
        for change in self.groups.take(answer, now) {
            self.timeline.add(now, What::Group(change));
        }
        if let Answer::Told(traffic) = answer {
            self.load.told(*traffic, now);
        } else if let Answer::Rights(rights) = answer {
            self.rights = Some(*rights);
        } else if let Some(view) = self.view.get() {
            let view = std::sync::Arc::clone(view);
            self.figures.take(answer, &view, now);
        }
    }

    /// Takes the reply to its own question; gives back any other.
    pub fn accept(&mut self, reply: Reply, now: Time) -> Option<Reply> {
        let reply = self.accept_of_groups(reply, now)?;
        let asked = match self.view.status {
            Status::Loading { since, .. } => since,
            _ => now,
        };
        let old = self.view.get().cloned();
        let other = self.view.accept(reply, now, |answer| match answer {
            Answer::Cluster(view) => Some(view),
            _ => None,
        });
        if other.is_some() {
            return other;
        }
        let same = |old: &ClusterView, new: &ClusterView| old.topics == new.topics && old.brokers == new.brokers;
        if self.trouble.is_some() || !old.as_deref().zip(self.view.get()).is_some_and(|(old, new)| same(old, new)) {
            self.stirred = Some(now);
        }
        if let Some(failure) = self.view.failure() {
            let (since, attempts) = self.trouble.as_ref().map_or((now, 0), |t| (t.since, t.attempts));
            self.trouble = Some(Trouble { failure: failure.clone(), since, attempts: attempts + 1 });
            self.next = Some(now.plus(Duration::from_secs(1 << attempts.min(4)).min(RETRY_MOST)));
        } else {
            self.trouble = None;
            if let Some(view) = self.view.get() {
                self.figures.retain(view);
                self.brokers.retain(view);
                self.timeline.compare(old.as_deref(), view, now);
            }
            self.round_trip = Some(now.since(asked));
            self.answered = Some(now);
            self.next = Some(now.plus(self.pause(now)));
        }
        None
    }
}

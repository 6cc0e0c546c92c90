//! What to ask next about the topics of a list: what is seen at every refresh, the rest in turn and politely, so that a
//! cluster of 100,000 partitions has at most one request a second and broker of ours, and every figure has an age.
//!
//! Pure: the screen starts the asks and tells which have ended.

use std::sync::Arc;
use std::time::Duration;

use super::ask::{Ask, Which};
use super::effect::TaskId;
use super::figures::Figures;
use crate::model::{Time, Topic, TopicName};

/// Partitions in one request to a leader, as `io` cuts them; the rest of a round fills one such request for each broker.
const PARTITIONS: usize = 800;
/// Topics whose settings one request asks for.
const SETTINGS: usize = 500;
/// Starts, sizes and settings change slowly: what is seen is asked for anew so often,
const SLOW: Duration = Duration::from_secs(30);
/// and the rest so often: it is asked for at once when it comes into sight.
const SLOW_ROUND: Duration = Duration::from_secs(300);
/// A round over the ends of all topics takes at least so long: rates of what nobody looks at need no more.
const ROUND: Duration = Duration::from_secs(60);

/// The kinds of questions; at most one of each is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ends,
    Starts,
    Sizes,
    Keep,
}

const KINDS: [Kind; 4] = [Kind::Ends, Kind::Starts, Kind::Sizes, Kind::Keep];

/// See the module.
#[derive(Debug, Default)]
pub struct Sweep {
    lanes: [Lane; 4],
    ticks: u32,
    next: Option<Time>,
}

#[derive(Debug, Default)]
struct Lane {
    running: Option<TaskId>,
    /// Where the round over all topics stands.
    at: usize,
    /// When the round began, and whether it is done.
    began: Option<Time>,
    done: bool,
}

/// What is asked about.
#[derive(Debug)]
pub struct Listed<'a> {
    /// The topics on screen.
    pub seen: &'a [Arc<Topic>],
    /// All of the list, in its order.
    pub all: &'a [Arc<Topic>],
    pub brokers: usize,
}

impl Sweep {
    /// When it wants to ask again.
    pub fn wake_at(&self) -> Option<Time> {
        self.next
    }

    /// Nothing can be asked now: looks again later.
    pub fn put_off(&mut self, now: Time, by: Duration) {
        if self.next.is_none_or(|next| next <= now) {
            self.next = Some(now.plus(by));
        }
    }

    /// What is seen has changed: asks at once for what is new there.
    pub fn hurry(&mut self, now: Time) {
        self.next = Some(self.next.map_or(now, |next| next.min(now)));
    }

    /// What to ask now. The caller starts each and says so with [`Self::started`].
    pub fn due(&mut self, listed: &Listed<'_>, figures: &Figures, now: Time, every: Duration) -> Vec<(Kind, Ask)> {
        if self.next.is_some_and(|next| now < next) {
            return Vec::new();
        }
        self.next = Some(now.plus(every));
        self.ticks = self.ticks.wrapping_add(1);
        // The slow kinds take turns with the rest of the list, so that their requests do not come together.
        let turn = match self.ticks % 3 {
            0 => Kind::Starts,
            1 => Kind::Sizes,
            _ => Kind::Keep,
        };
        let mut asks = Vec::new();
        for kind in KINDS {
            if self.lane(kind).running.is_some() {
                continue;
            }
            let is_old =
                |topic: &&Arc<Topic>| topic.error.is_none() && age(kind, figures, topic, now).is_none_or(|age| age >= limit(kind, every));
            let mut topics: Vec<Arc<Topic>> = listed.seen.iter().filter(is_old).cloned().collect();
            if kind == Kind::Ends || kind == turn {
                self.rest(kind, listed, figures, now, &mut topics);
            }
            if !topics.is_empty() {
                asks.push((kind, ask(kind, topics)));
            }
        }
        asks
    }

    /// Adds the next topics of the round over all.
    fn rest(&mut self, kind: Kind, listed: &Listed<'_>, figures: &Figures, now: Time, topics: &mut Vec<Arc<Topic>>) {
        let lane = self.lane(kind);
        let pause = if kind == Kind::Ends { ROUND } else { SLOW_ROUND };
        if lane.done && lane.began.is_some_and(|began| now.since(began) < pause) {
            return;
        }
        if lane.done || lane.began.is_none() {
            (lane.done, lane.began, lane.at) = (false, Some(now), 0);
        }
        let mut room = if kind == Kind::Keep { SETTINGS } else { PARTITIONS * listed.brokers.max(1) };
        let seen: std::collections::HashSet<&TopicName> = listed.seen.iter().map(|topic| &topic.name).collect();
        while let Some(topic) = listed.all.get(lane.at) {
            let cost = if kind == Kind::Keep { 1 } else { topic.partitions.len() };
            // One topic may be larger than a whole request.
            if cost > room && !topics.is_empty() {
                return;
            }
            lane.at += 1;
            let fresh = age(kind, figures, topic, now).is_some_and(|age| age < pause / 2);
            if topic.error.is_none() && !fresh && !seen.contains(&topic.name) {
                room = room.saturating_sub(cost);
                topics.push(Arc::clone(topic));
            }
        }
        lane.done = true;
    }

    pub fn started(&mut self, kind: Kind, task: TaskId) {
        self.lane(kind).running = Some(task);
    }

    /// Whether this was a question of ours; it has ended.
    pub fn ended(&mut self, task: TaskId) -> bool {
        let lane = self.lanes.iter_mut().find(|lane| lane.running == Some(task));
        lane.is_some_and(|lane| lane.running.take().is_some())
    }

    fn lane(&mut self, kind: Kind) -> &mut Lane {
        &mut self.lanes[place(kind)]
    }
}

fn place(kind: Kind) -> usize {
    match kind {
        Kind::Ends => 0,
        Kind::Starts => 1,
        Kind::Sizes => 2,
        Kind::Keep => 3,
    }
}

fn ask(kind: Kind, topics: Vec<Arc<Topic>>) -> Ask {
    match kind {
        Kind::Ends => Ask::Positions { which: Which::End, topics },
        Kind::Starts => Ask::Positions { which: Which::Start, topics },
        Kind::Sizes => Ask::Sizes(topics),
        Kind::Keep => Ask::Keep(topics.iter().map(|topic| topic.name.clone()).collect()),
    }
}

/// How old a topic's figures of that kind are.
fn age(kind: Kind, figures: &Figures, topic: &Topic, now: Time) -> Option<Duration> {
    let figures = figures.of(topic)?;
    let at = match kind {
        Kind::Ends => figures.ends_at(topic),
        Kind::Starts => figures.starts_at,
        Kind::Sizes => figures.sizes_at,
        Kind::Keep => figures.keep_at(),
    };
    at.map(|at| now.since(at))
}

/// How old what is seen may be.
fn limit(kind: Kind, every: Duration) -> Duration {
    // A refresh that comes a little early is still a refresh.
    if kind == Kind::Ends { every.mul_f32(0.7) } else { SLOW }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ask::{Answer, Positions, TopicPositions};
    use crate::model::{Offset, PartitionId};
    use crate::testing::{cluster, topic};

    const EVERY: Duration = Duration::from_secs(2);

    fn at(seconds: u64) -> Time {
        Time::from_millis(1_795_178_467_000).plus(Duration::from_secs(seconds))
    }

    fn names(asks: &[(Kind, Ask)], kind: Kind) -> Vec<String> {
        let found = asks.iter().find(|(other, _)| *other == kind);
        match found.map(|(_, ask)| ask) {
            Some(Ask::Positions { topics, .. } | Ask::Sizes(topics)) => topics.iter().map(|t| t.name.raw().to_owned()).collect(),
            Some(Ask::Keep(names)) => names.iter().map(|name| name.raw().to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_is_seen_is_asked_at_every_refresh_and_the_rest_in_turn() {
        let all: Vec<Arc<Topic>> = (0..30).map(|n| Arc::new(topic(&format!("t{n:02}"), 100))).collect();
        let listed = Listed { seen: &all[10..12], all: &all, brokers: 1 };
        let (mut sweep, mut figures) = (Sweep::default(), Figures::default());
        let view = cluster(all.iter().map(|topic| Topic::clone(topic)).collect());
        let mut asked: Vec<String> = Vec::new();
        for tick in 0..5_u64 {
            let now = at(tick * 2);
            let asks = sweep.due(&listed, &figures, now, EVERY);
            let ends = names(&asks, Kind::Ends);
            assert_eq!(ends[..2], ["t10", "t11"], "tick {tick}");
            assert!(ends.len() <= 2 + 8, "a request of {} topics", ends.len());
            asked.extend(ends.iter().skip(2).cloned());
            for name in &ends {
                let topic = all.iter().find(|topic| topic.name.raw() == name).unwrap();
                let partitions = topic.partitions.iter().map(|p| (p.id, Ok(Offset(5)))).collect();
                let positions = TopicPositions { name: topic.name.clone(), id: topic.id, partitions };
                figures.take(&Answer::Positions(Positions { which: Which::End, topics: vec![positions] }), &view, now);
            }
        }
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 28, "all others once: {asked:?}");
        assert!(figures.of(&all[29]).unwrap().of(PartitionId(99)).is_some());
    }

    #[test]
    fn what_changes_slowly_and_is_not_seen_is_asked_once_in_five_minutes() {
        let all: Vec<Arc<Topic>> = (0..3).map(|n| Arc::new(topic(&format!("t{n}"), 1))).collect();
        let listed = Listed { seen: &[], all: &all, brokers: 1 };
        let (mut sweep, figures) = (Sweep::default(), Figures::default());
        let mut asked = |seconds: std::ops::Range<u64>| -> usize {
            let asks = seconds.step_by(2).map(|second| sweep.due(&listed, &figures, at(second), EVERY));
            asks.filter(|asks| !names(asks, Kind::Starts).is_empty()).count()
        };
        assert_eq!([asked(0..290), asked(290..310), asked(310..600)], [1, 1, 0]);
    }

    #[test]
    fn a_question_under_way_is_not_asked_again() {
        let all = vec![Arc::new(topic("a", 1))];
        let listed = Listed { seen: &all, all: &all, brokers: 1 };
        let mut sweep = Sweep::default();
        let asks = sweep.due(&listed, &Figures::default(), at(0), EVERY);
        assert_eq!(asks.len(), 4);
        for (n, (kind, _)) in asks.iter().enumerate() {
            sweep.started(*kind, TaskId(n as u64));
        }
        assert!(sweep.due(&listed, &Figures::default(), at(1), EVERY).is_empty(), "not before the refresh");
        assert!(sweep.due(&listed, &Figures::default(), at(2), EVERY).is_empty(), "all under way");
        assert!(sweep.ended(TaskId(0)) && !sweep.ended(TaskId(0)) && !sweep.ended(TaskId(77)));
        assert_eq!(names(&sweep.due(&listed, &Figures::default(), at(4), EVERY), Kind::Ends), ["a"]);
    }
}

//! Figures of topics that change: where partitions begin and end, how fast they grow, how much they take, how they are kept.
//! One cache for every screen. Each figure knows when it was true, and an unknown one knows why.

mod trend;

use std::collections::HashMap;

use super::ask::{Answer, Positions, ReplicaSize, Which};
use crate::model::{ClusterView, Keep, Known, Offset, PartitionId, Time, Topic, TopicId, TopicName, Why};
pub use trend::Trend;

/// A rate follows a change by two thirds within so many seconds.
const SMOOTHING: f64 = 8.0;
/// Two ends that were told closer to each other say nothing about a rate.
const LEAST_GAP: f64 = 0.4;

/// A figure that nobody asked for yet.
pub const NOT_ASKED: Why = Why::NotAsked;

/// By topic.
#[derive(Debug, Default)]
pub struct Figures {
    topics: HashMap<TopicName, TopicFigures>,
}

/// What is known of one topic.
#[derive(Debug)]
pub struct TopicFigures {
    id: TopicId,
    /// In order of partition; only those that were asked about.
    partitions: Vec<(PartitionId, PartitionFigures)>,
    trend: Trend,
    /// When it was told, and what or why not.
    keep: Option<(Time, Result<Keep, Why>)>,
    pub starts_at: Option<Time>,
    pub sizes_at: Option<Time>,
}

/// What is known of one partition.
#[derive(Debug, Clone)]
pub struct PartitionFigures {
    /// The first offset in the log.
    pub start: Known<Offset>,
    /// Offsets that an open transaction holds back: at least so many lay between the last stable offset and an end that was
    /// told before it. (The other way round, what came between the two answers would look held back.)
    pub held: Known<u64>,
    /// The high watermark, exclusive.
    pub end: Known<Offset>,
    /// Bytes of the leader's replica on its disk.
    pub bytes: Known<u64>,
    /// Offsets a second; `None` until two ends were told.
    pub rate: Option<f64>,
    /// When `end` was last told or refused.
    pub at: Option<Time>,
    /// The end that the next rate is measured from.
    sample: Option<(Time, Offset)>,
}

impl Default for PartitionFigures {
    fn default() -> Self {
        let unknown = || Known::Unknown(NOT_ASKED);
        Self {
            start: unknown(),
            held: Known::Unknown(NOT_ASKED),
            end: unknown(),
            bytes: Known::Unknown(NOT_ASKED),
            rate: None,
            at: None,
            sample: None,
        }
    }
}

impl Figures {
    /// What is known of a topic. A topic of the same name that was deleted and made again is another one.
    pub fn of(&self, topic: &Topic) -> Option<&TopicFigures> {
        self.topics.get(&topic.name).filter(|figures| figures.id == topic.id)
    }

    /// Takes what an answer tells; every answer may be offered.
    pub fn take(&mut self, answer: &Answer, view: &ClusterView, now: Time) {
        match answer {
            Answer::Positions(positions) => self.take_positions(positions, now),
            Answer::Sizes(sizes) => self.take_sizes(sizes, view, now),
            Answer::Kept(kept) => {
                for (name, keep) in kept {
                    if let Some(figures) = find(view, name).map(|topic| self.entry(name, topic.id)) {
                        figures.keep = Some((now, keep.clone()));
                    }
                }
            }
            _ => {}
        }
    }

    /// Forgets topics that are gone.
    pub fn retain(&mut self, view: &ClusterView) {
        self.topics.retain(|name, figures| find(view, name).is_some_and(|topic| topic.id == figures.id));
    }

    fn entry(&mut self, name: &TopicName, id: TopicId) -> &mut TopicFigures {
        let fresh = || TopicFigures { id, partitions: Vec::new(), trend: Trend::default(), keep: None, starts_at: None, sizes_at: None };
        let figures = self.topics.entry(name.clone()).or_insert_with(fresh);
        if figures.id != id {
            *figures = fresh();
        }
        figures
    }

    fn take_positions(&mut self, positions: &Positions, now: Time) {
        for topic in &positions.topics {
            let figures = self.entry(&topic.name, topic.id);
            for (partition, found) in &topic.partitions {
                let known = match found {
                    Ok(offset) => Known::Is(*offset),
                    Err(why) => Known::Unknown(why.clone()),
                };
                match positions.which {
                    Which::Start => figures.partition(*partition).start = known,
                    Which::Stable => figures.partition(*partition).stable(known),
                    Which::End => figures.end(*partition, known, now),
                }
            }
            if positions.which == Which::Start {
                figures.starts_at = Some(now);
            }
        }
    }

    fn take_sizes(&mut self, sizes: &[ReplicaSize], view: &ClusterView, now: Time) {
        for ReplicaSize { topic, partition, bytes } in sizes {
            let Some(id) = find(view, topic).map(|topic| topic.id) else { continue };
            let figures = self.entry(topic, id);
            figures.sizes_at = Some(now);
            figures.partition(*partition).bytes = match bytes {
                Ok(bytes) => Known::Is(*bytes),
                Err(why) => Known::Unknown(why.clone()),
            };
        }
    }
}

/// A topic of a view by its name.
pub fn find<'v>(view: &'v ClusterView, name: &TopicName) -> Option<&'v std::sync::Arc<Topic>> {
    view.topics.binary_search_by(|topic| topic.name.cmp(name)).ok().and_then(|at| view.topics.get(at))
}

impl TopicFigures {
    fn partition(&mut self, id: PartitionId) -> &mut PartitionFigures {
        let at = match self.partitions.binary_search_by_key(&id, |(id, _)| *id) {
            Ok(at) => at,
            Err(at) => {
                self.partitions.insert(at, (id, PartitionFigures::default()));
                at
            }
        };
        &mut self.partitions[at].1
    }

    fn end(&mut self, id: PartitionId, known: Known<Offset>, now: Time) {
        let partition = self.partition(id);
        partition.at = Some(now);
        let told = known.is().copied();
        partition.end = known;
        let Some(end) = told else { return };
        let Some((then, before)) = partition.sample else {
            partition.sample = Some((now, end));
            return;
        };
        let seconds = now.since(then).as_secs_f64();
        if end < before {
            // Truncated: what was measured before is of another log.
            (partition.sample, partition.rate) = (Some((now, end)), None);
            return;
        }
        if seconds < LEAST_GAP {
            return;
        }
        let more = end.0.saturating_sub(before.0);
        let measured = float(more) / seconds;
        let share = 1.0 - (-seconds / SMOOTHING).exp();
        partition.rate = Some(partition.rate.map_or(measured, |old| old + (measured - old) * share));
        partition.sample = Some((now, end));
        self.trend.add(then, now, u64::try_from(more).unwrap_or(0));
    }

    /// What is known of a partition.
    pub fn of(&self, id: PartitionId) -> Option<&PartitionFigures> {
        self.partitions.binary_search_by_key(&id, |(id, _)| *id).ok().and_then(|at| self.partitions.get(at)).map(|(_, figures)| figures)
    }

    /// One figure of every partition, added up; unknown as soon as one is.
    fn sum(&self, topic: &Topic, figure: impl Fn(&PartitionFigures) -> Result<u64, Why>) -> Known<u64> {
        let mut sum = 0_u64;
        for partition in &topic.partitions {
            let found = self.of(partition.id).map_or(Err(NOT_ASKED), &figure);
            match found {
                Ok(n) => sum = sum.saturating_add(n),
                Err(why) => return Known::Unknown(why),
            }
        }
        Known::Is(sum)
    }

    /// End − start of all partitions: offsets, which are no count of records.
    pub fn offsets(&self, topic: &Topic) -> Known<u64> {
        self.sum(topic, |p| Ok(u64::try_from(known(&p.end)?.0.saturating_sub(known(&p.start)?.0)).unwrap_or(0)))
    }

    /// Bytes of the leaders' replicas.
    pub fn bytes(&self, topic: &Topic) -> Known<u64> {
        self.sum(topic, |p| known(&p.bytes).copied())
    }

    /// Offsets a second over all partitions.
    pub fn rate(&self, topic: &Topic) -> Known<f64> {
        let mut sum = 0.0;
        for partition in &topic.partitions {
            let Some(figures) = self.of(partition.id) else { return Known::Unknown(NOT_ASKED) };
            if let Err(why) = known(&figures.end) {
                return Known::Unknown(why);
            }
            match figures.rate {
                Some(rate) => sum += rate,
                None => return Known::Unknown(NOT_ASKED),
            }
        }
        Known::Is(sum)
    }

    /// When the oldest of its ends was told; `None` before all were.
    pub fn ends_at(&self, topic: &Topic) -> Option<Time> {
        let at = |id| self.of(id).and_then(|figures| figures.at);
        topic.partitions.iter().map(|partition| at(partition.id)).min().flatten()
    }

    pub fn keep(&self) -> Known<Keep> {
        match &self.keep {
            None => Known::Unknown(NOT_ASKED),
            Some((_, Ok(keep))) => Known::Is(*keep),
            Some((_, Err(why))) => Known::Unknown(why.clone()),
        }
    }

    pub fn keep_at(&self) -> Option<Time> {
        self.keep.as_ref().map(|(at, _)| *at)
    }

    pub fn trend(&self) -> &Trend {
        &self.trend
    }
}

impl PartitionFigures {
    fn stable(&mut self, stable: Known<Offset>) {
        self.held = match (stable, self.end.is()) {
            (Known::Is(stable), Some(end)) => Known::Is(u64::try_from(end.0.saturating_sub(stable.0)).unwrap_or(0)),
            (Known::Unknown(why), _) => Known::Unknown(why),
            _ => Known::Unknown(NOT_ASKED),
        };
    }
}

fn known<T>(figure: &Known<T>) -> Result<&T, Why> {
    match figure {
        Known::Is(value) => Ok(value),
        Known::Unknown(why) => Err(why.clone()),
        Known::NotApplicable => Err(NOT_ASKED),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate has no more digits than a float")]
fn float(n: i64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests;

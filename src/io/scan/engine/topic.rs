//! Who leads the partitions, whether there are more of them, and whether the topic is still the same one (P19, P25, P26, P28).

use std::time::Duration;

use tokio::time::Instant;

use super::{Engine, Event, WHAT, no_leader};
use crate::core::stream::Fact;
use crate::io::kafka::Wanted;
use crate::io::scan::decode::Block;
use crate::io::scan::faults::is_passing;
use crate::io::scan::part::{Part, pause};
use crate::model::{ClusterView, Failure, Operation, PartitionId, Resource, Topic, TopicError, TopicId};

/// How often metadata is asked for when nothing is wrong: so late a new partition is noticed.
const EVERY: Duration = Duration::from_secs(5);
/// At least two answers in so long must miss the topic before it is called deleted (P26).
const GONE_AFTER: Duration = Duration::from_secs(5);
/// The same for a topic that has another id, which a broker that is behind may tell too.
const OTHER_AFTER: Duration = Duration::from_millis(800);
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What is known of the topic's being there.
#[derive(Debug)]
pub(super) struct Look {
    due: Instant,
    running: bool,
    tries: u32,
    count: usize,
    /// Since when metadata does not name the topic, and in how many answers.
    missing: Option<(Instant, u32)>,
    /// The same for another id.
    other: Option<(Instant, u32, TopicId)>,
}

impl Look {
    pub(super) fn new(now: Instant, topic: &Topic) -> Self {
        Self { due: now + EVERY, running: false, tries: 0, count: topic.partitions.len(), missing: None, other: None }
    }

    /// Asks soon; the more often it was needed without an answer that helped, the later.
    pub(super) fn soon(&mut self, now: Instant) {
        self.due = self.due.min(now + if self.tries == 0 { Duration::ZERO } else { pause(self.tries) });
    }

    pub(super) fn due(&self) -> Option<Instant> {
        (!self.running).then_some(self.due)
    }
}

/// One answer more, and since when: whether that is enough.
fn enough(seen: Option<(Instant, u32)>, now: Instant, after: Duration) -> bool {
    seen.is_some_and(|(since, answers)| answers >= 2 && now.duration_since(since) >= after)
}

impl Engine {
    pub(super) fn look_again(&mut self, now: Instant) {
        if self.look.running || self.look.due > now {
            return;
        }
        self.look.running = true;
        let (client, topic) = (self.client.clone(), self.wish.of.topic.clone());
        self.running.spawn(async move { Event::Looked(client.cluster(WHAT, Wanted::Named(&[topic])).await) });
    }

    pub(super) fn looked(&mut self, result: Result<ClusterView, Failure>, now: Instant) {
        self.look.running = false;
        let troubled = self.parts.iter().any(|part| part.trouble.is_some());
        self.look.tries = if troubled { self.look.tries.saturating_add(1).min(4) } else { 0 };
        self.look.due = now + if troubled { ASK_AGAIN } else { EVERY };
        let view = match result {
            Ok(view) => view,
            Err(failure) => {
                if !is_passing(&failure) {
                    self.ended = Some(Err(failure));
                }
                return;
            }
        };
        let name = &self.wish.of.topic;
        let Some(topic) = view.topics.iter().find(|topic| topic.name == *name) else { return self.missed(now) };
        match topic.error {
            Some(TopicError::Unknown) => self.missed(now),
            Some(TopicError::NotAuthorised) => {
                self.ended = Some(Err(Operation::Describe.on(Resource::Topic).denied(WHAT, &self.subject())));
            }
            Some(_) => {}
            None => self.there(topic, now),
        }
    }

    fn missed(&mut self, now: Instant) {
        let (since, answers) = self.look.missing.unwrap_or((now, 0));
        self.look.missing = Some((since, answers.saturating_add(1)));
        self.look.due = now + ASK_AGAIN;
        if enough(self.look.missing, now, GONE_AFTER) {
            self.closing.get_or_insert(Fact::Deleted);
        }
    }

    fn there(&mut self, topic: &Topic, now: Instant) {
        self.look.missing = None;
        let mine = self.wish.of.id;
        if mine.is_known() && topic.id.is_known() && topic.id != mine {
            let (since, answers) =
                self.look.other.filter(|(.., id)| *id == topic.id).map_or((now, 0), |(since, answers, _)| (since, answers));
            self.look.other = Some((since, answers.saturating_add(1), topic.id));
            self.look.due = now + ASK_AGAIN;
            if enough(self.look.other.map(|(since, answers, _)| (since, answers)), now, OTHER_AFTER) {
                self.closing.get_or_insert(Fact::Recreated { old: mine, new: topic.id });
            }
            return;
        }
        self.look.other = None;
        self.grow(topic.partitions.len());
        self.adopt_leaders(now);
    }

    /// Partitions that were added join from their start (P28).
    fn grow(&mut self, count: usize) {
        let old = self.look.count;
        self.look.count = old.max(count);
        if !self.grows || count <= old {
            return;
        }
        let (from, to) = (i32::try_from(old).unwrap_or(i32::MAX), i32::try_from(count).unwrap_or(i32::MAX));
        for id in from..to {
            let mut part = Part::new(PartitionId(id));
            part.joins = true;
            self.parts.push(part);
        }
        self.out.say(Fact::PartitionsAdded { from, to });
    }

    /// Takes over who leads now, as metadata or an answer told it.
    pub(super) fn adopt_leaders(&mut self, now: Instant) {
        for part in self.parts.iter_mut().filter(|part| !part.done) {
            let leader = self.client.leader(&self.wish.of.topic, part.id);
            let Some(leader) = leader else {
                if part.leader.take().is_some() || part.trouble.is_none() {
                    part.fail(no_leader(), now);
                }
                self.look.soon(now);
                continue;
            };
            if leader.epoch < part.epoch && leader.epoch.0 >= 0 {
                continue;
            }
            part.doubted |= part.epoch.0 >= 0 && leader.epoch != part.epoch;
            part.epoch = leader.epoch;
            let before = part.leader.replace(leader.broker);
            if before == Some(leader.broker) {
                continue;
            }
            // Another broker may be asked at once, whatever the last one did.
            if let Some(trouble) = &mut part.trouble {
                trouble.not_before = now;
            }
            if before.is_some() && part.heard.is_some() {
                let (partition, epoch) = (part.id, leader.epoch);
                part.queue.push(Block::fact(Fact::Moved { partition, to: Some(leader.broker), epoch }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_or_five_seconds_alone_are_not_enough() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!enough(None, at(60), GONE_AFTER));
        assert!(!enough(Some((start, 1)), at(60), GONE_AFTER));
        assert!(!enough(Some((start, 9)), at(4), GONE_AFTER));
        assert!(enough(Some((start, 2)), at(5), GONE_AFTER));
    }
}

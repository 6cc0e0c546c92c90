//! From lanes to requests: which batches go to which leader now, and when to look again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::lane::Batch;
use super::take::too_large;
use super::{Done, Engine, WHAT};
use crate::io::kafka::{ErrorCode, Lost, NewBatch, ProduceAsk};
use crate::model::{BrokerId, Cause, Failure, Foreign, PartitionId};

/// Batches of one request, in bytes.
const REQUEST: usize = 8 << 20;

impl Engine {
    /// Sends what is there to brokers that have nothing to do. `all`: also batches that could take more.
    pub(super) fn dispatch(&mut self, all: bool, now: Instant) {
        if self.renewing {
            return;
        }
        let waits: Vec<PartitionId> = self
            .lanes
            .iter()
            .filter(|(_, lane)| !lane.busy && lane.has(all) && lane.not_before.is_none_or(|at| at <= now))
            .map(|(partition, _)| *partition)
            .collect();
        let mut asks: BTreeMap<BrokerId, (usize, Vec<(PartitionId, Batch)>)> = BTreeMap::new();
        for partition in waits {
            let leader = self.client.leader(self.target.name(), partition);
            if let Some(leader) = leader {
                let full = asks.get(&leader.broker).is_some_and(|(bytes, _)| *bytes > REQUEST);
                if full || self.busy.contains(&leader.broker) || self.held.get(&leader.broker).is_some_and(|&until| until > now) {
                    continue;
                }
            }
            let Some(mut batch) = self.next_of(partition) else { continue };
            batch.began.get_or_insert(now);
            let Some(leader) = leader else {
                let words = format!("partition {} has no leader", partition.0);
                batch.why = Some(Failure::new(WHAT, ErrorCode(5).cause(None, Some(&words))));
                self.again(partition, batch, true);
                continue;
            };
            if leader.topic_id != self.target.topic.id && leader.topic_id.is_known() && self.target.topic.id.is_known() {
                let words = "the topic was deleted and made again since it was looked at";
                self.refuse_batch(partition, &batch, Failure::new(WHAT, Cause::Stopped(Foreign::new(words))));
                continue;
            }
            if batch.sequence.is_none()
                && let Some(producer) = &mut self.producer
            {
                let sequence = producer.sequence(self.target.name(), self.target.topic.id, partition, batch.count());
                batch.belong(Some(sequence));
            }
            let (bytes, batches) = asks.entry(leader.broker).or_default();
            *bytes = bytes.saturating_add(batch.bytes.len());
            batches.push((partition, batch));
            if let Some(lane) = self.lanes.get_mut(&partition) {
                lane.busy = true;
            }
        }
        for (broker, (_, batches)) in asks {
            self.send(broker, batches);
        }
    }

    /// The next batch of a partition, if it may be sent at all.
    fn next_of(&mut self, partition: PartitionId) -> Option<Batch> {
        let next = self.lanes.get_mut(&partition)?.next(self.manner.codec);
        match next {
            Ok(Some(batch)) if batch.rows.len() == 1 && self.is_too_large(batch.bytes.len()) => {
                let failure = too_large(batch.rows.first().map_or(0, |row| row.n), batch.bytes.len(), &self.target);
                self.refuse_batch(partition, &batch, failure);
                None
            }
            Ok(batch) => batch,
            Err((rows, error)) => {
                self.release(&rows);
                self.refuse(&rows, partition, Failure::new(WHAT, Cause::Bug(Foreign::new(error.to_string()))));
                None
            }
        }
    }

    fn send(&mut self, broker: BrokerId, mut batches: Vec<(PartitionId, Batch)>) {
        self.busy.insert(broker);
        for (_, batch) in &mut batches {
            batch.tries = batch.tries.saturating_add(1);
        }
        let new = |(partition, batch): &(PartitionId, Batch)| NewBatch {
            topic: self.target.name().clone(),
            topic_id: self.target.topic.id,
            partition: *partition,
            bytes: batch.bytes.clone(),
        };
        // The other half is for the way there and back.
        let timeout = self.client.settings().request / 2;
        let ask = ProduceAsk { acks: self.manner.acks, timeout, batches: batches.iter().map(new).collect() };
        let (client, permit, many) = (self.client.clone(), Arc::clone(&self.permit), self.many);
        let link = self.links.get(&broker).filter(|link| link.is_open()).cloned();
        self.running.spawn(async move {
            let opened = match link {
                Some(link) => Ok(link),
                None => client.produce_link(broker, many).await,
            };
            match opened {
                Ok(link) => {
                    let answer = link.send(&permit, &ask).await;
                    Done::Answered { broker, link: Some(link), batches, answer }
                }
                Err(failure) => Done::Answered { broker, link: None, batches, answer: Err(Lost::Unsent(failure)) },
            }
        });
    }

    /// When to look again though nothing happens. `now`: when it was last decided what waits; what was due then needs no waiting.
    pub(super) fn wake_at(&self, now: Instant, tell_at: Option<Instant>) -> Instant {
        let lanes = self.lanes.values().filter(|lane| !lane.busy && lane.has(true)).filter_map(|lane| lane.not_before);
        let soon = lanes.chain(self.held.values().copied()).chain([self.due()]);
        first_after(now, soon).into_iter().chain(tell_at).min().unwrap_or(now + Duration::from_secs(3600))
    }
}

/// The first of these moments that was still to come at `now`, though it may be over by the time that it is waited for.
fn first_after(now: Instant, moments: impl Iterator<Item = Instant>) -> Option<Instant> {
    moments.filter(|&at| at > now).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_due_while_one_looked_is_waited_for_and_so_wakes_at_once() {
        let looked = Instant::now();
        let (before, between) = (looked - Duration::from_secs(1), looked + Duration::from_nanos(1));
        assert!(between < Instant::now(), "over by now");
        assert_eq!(first_after(looked, [looked, between, before].into_iter()), Some(between));
        assert_eq!(first_after(looked, [looked, before].into_iter()), None, "that was seen");
    }
}

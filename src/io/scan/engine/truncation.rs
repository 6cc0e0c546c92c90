//! Whether the log is still the one that was read: an offset that is out of range is compared with its ends (P23), and a
//! leader that has not all of what was read is noticed, by its fetch or by asking it (P22).

use std::sync::Arc;

use tokio::time::Instant;

use super::{Engine, Event, WHAT};
use crate::core::stream::Fact;
use crate::io::kafka::{At, ErrorCode, Isolation, Link, OffsetAsk, PartitionError};
use crate::io::scan::decode::Block;
use crate::model::{Cause, Failure, Foreign, LeaderEpoch, Offset};

/// Answers in a row that call an offset out of range which lies between the ends, before its epoch is no longer sent.
const CONTRADICTIONS: u32 = 3;

/// A log whose offset was out of range.
#[derive(Debug)]
pub(in crate::io::scan) struct Ends {
    start: Offset,
    end: Offset,
    /// Where it ends of the epoch that was read last, when that is known.
    parting: Option<(LeaderEpoch, Offset)>,
}

impl Engine {
    /// Of partitions that can be asked for, those whose log is known to be the one that was read; the leaders of the others
    /// are asked. A fetch that tells of a truncation needs no question.
    pub(super) fn settled(&mut self, ready: Vec<usize>, link: &Link) -> Vec<usize> {
        let mut settled = Vec::with_capacity(ready.len());
        for index in ready {
            let Some(part) = self.parts.get_mut(index) else { continue };
            let epoch = part.epochs.last();
            if !part.doubted || link.tells_truncation() || epoch.0 < 0 {
                part.doubted = false;
                settled.push(index);
                continue;
            }
            part.asking = true;
            let (partition, asked) = (part.id, part.position);
            let (client, topic) = (self.client.clone(), self.wish.of.topic.clone());
            self.running.spawn(async move {
                let result = client.epoch_end(WHAT, &topic, partition, epoch).await;
                Event::EpochEnd { part: index, asked, result }
            });
        }
        settled
    }

    pub(super) fn verified(
        &mut self,
        index: usize,
        asked: Offset,
        result: Result<Option<(LeaderEpoch, Offset)>, PartitionError>,
        now: Instant,
    ) {
        let subject = self.subject();
        let Some(part) = self.parts.get_mut(index) else { return };
        part.asking = false;
        match result {
            Ok(Some((epoch, end))) if part.position == asked => {
                part.doubted = false;
                self.truncated(index, end, Some(epoch));
            }
            // Whoever knows nothing of it, or may not tell, will not tell later either.
            Ok(_) | Err(PartitionError::NotOffered | PartitionError::Denied(_)) => part.doubted = false,
            Err(PartitionError::Kafka(code)) if !code.is_retriable() => part.doubted = false,
            Err(error) => {
                part.fail(error.failure(WHAT, &subject), now);
                self.look.soon(now);
            }
        }
    }

    /// Asks where the log begins and ends now (P23).
    pub(super) fn compare(&mut self, index: usize) {
        let Some(part) = self.parts.get_mut(index) else { return };
        part.asking = true;
        let (partition, asked, epoch) = (part.id, part.position, part.epochs.last());
        let (client, topic) = (self.client.clone(), self.wish.of.topic.clone());
        self.running.spawn(async move {
            let ask = |at: At| OffsetAsk { topic: topic.clone(), partition, at };
            let asks = [ask(At::Earliest), ask(At::Latest)];
            let found = client.list_offsets("find where the log begins and ends", &asks, Isolation::ReadUncommitted).await;
            let result = match found {
                Err(failure) => Err(PartitionError::NoAnswer(Arc::new(failure))),
                Ok(found) => {
                    let mut found = found.into_iter().map(|found| found.map(|found| found.offset().unwrap_or(Offset(0))));
                    let mut next = || found.next().unwrap_or(Err(PartitionError::NoLeader));
                    next().and_then(|start| Ok((start, next()?)))
                }
            };
            let result = match result {
                Ok((start, end)) => {
                    let shorter = asked > end && epoch.0 >= 0;
                    // A leader that does not tell is taken by its end.
                    let parting = if shorter { client.epoch_end(WHAT, &topic, partition, epoch).await.ok().flatten() } else { None };
                    Ok(Ends { start, end, parting })
                }
                Err(error) => Err(error),
            };
            Event::Ends { part: index, asked, result }
        });
    }

    pub(super) fn compared(&mut self, index: usize, asked: Offset, result: Result<Ends, PartitionError>, now: Instant) {
        let subject = self.subject();
        let Some(part) = self.parts.get_mut(index) else { return };
        part.asking = false;
        let Ends { start, end, parting } = match result {
            Ok(ends) => ends,
            Err(PartitionError::Denied(needed)) => {
                self.ended = Some(Err(needed.denied(WHAT, &subject)));
                return;
            }
            Err(error) => {
                part.fail(error.failure(WHAT, &subject), now);
                return self.look.soon(now);
            }
        };
        (part.log_start, part.end) = (Some(start), Some(end));
        if part.position != asked {
            return;
        }
        if asked < start {
            part.queue.push(Block::fact(Fact::Lost { partition: part.id, from: asked, to: start }));
            part.trouble = None;
            part.advance(start);
        } else if asked > end {
            part.doubted = false;
            self.truncated(index, parting.map_or(end, |(_, at)| at.min(end)), parting.map(|(epoch, _)| epoch));
        } else {
            // Between the two: the leader is settling, or does not know the epoch that was read last.
            let failure = ErrorCode(78);
            let cause = Cause::Kafka { code: failure.0, name: failure.name(), message: Some(Foreign::new(failure.words())) };
            part.fail(Failure::new(WHAT, cause), now);
            if part.epochs.last().0 >= 0 && part.trouble.as_ref().is_some_and(|trouble| trouble.tries >= CONTRADICTIONS) {
                part.epochs.clear();
                let text = format!(
                    "partition {}: the leader knows nothing of the time of offset {}; what was read before it may have been replaced",
                    part.id.0, asked.0
                );
                part.queue.push(Block::fact(Fact::Said(text)));
            }
        }
    }

    /// The log is shorter than what was read, or was another one: reads on where it ends or the two part (P22). Without an
    /// epoch only the end is known.
    pub(super) fn truncated(&mut self, index: usize, end: Offset, epoch: Option<LeaderEpoch>) {
        let Some(part) = self.parts.get_mut(index) else { return };
        let (partition, position) = (part.id, part.position);
        let from = part.epochs.part(epoch, end, position);
        // Nothing keeps it any more; the next good answer says that reading goes on.
        if let Some(trouble) = &mut part.trouble {
            trouble.not_before = Instant::now();
        }
        if from < position {
            part.queue.push(Block::fact(Fact::Truncated { partition, from, to: position }));
            self.table.truncated(partition, from);
            part.stable = part.stable.map(|stable| stable.min(from));
            part.first = part.first.map(|first| first.min(from));
            part.stop = part.stop.map(|stop| if self.follows { stop } else { stop.min(position) });
            part.advance(from);
        }
    }
}

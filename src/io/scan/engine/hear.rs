//! What answers mean: where to read on, what goes to the pool, what has to be said, who has to be asked again.

use std::sync::Arc;

use tokio::time::Instant;

use super::talks::{LONG_POLL, PORTION, Round};
use super::{Engine, WHAT};
use crate::core::stream::Fact;
use crate::io::kafka::{ErrorCode, Fetched, FetchedPartition, Link};
use crate::io::scan::answer::{Asked, Digest, LARGE_PIECE, Piece, SMALL_PIECE, Zone, digest};
use crate::io::scan::decode::{Block, Job, Load};
use crate::io::scan::faults::{Reaction, is_passing, reaction, words};
use crate::io::scan::part::pause;
use crate::model::{Cause, Failure, Foreign, Offset, Operation, Resource};
use crate::text::units;

/// An interruption that was shorter is not worth a word.
const NOTICED: std::time::Duration = std::time::Duration::from_millis(500);
/// The same for an answer that was only late.
const LONG_SILENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// Tries before a place that the broker cannot read is stepped over.
const UNREADABLE_TRIES: u32 = 3;
/// Answers in a row that bring nothing of a stretch that has an end: then there is nothing.
const BARREN: u8 = 3;

impl Engine {
    pub(super) fn linked(&mut self, index: usize, link: Result<Link, Failure>, now: Instant) {
        let Some(talk) = self.talks.get_mut(index) else { return };
        talk.dialing = false;
        match link {
            Ok(link) => talk.link = Some(Arc::new(link)),
            Err(failure) => self.talk_failed(index, &failure, now),
        }
    }

    /// The connection is of no use: all that is read over it pauses, and goes on at the same offsets.
    fn talk_failed(&mut self, index: usize, failure: &Failure, now: Instant) {
        if !is_passing(failure) {
            self.ended = Some(Err(failure.clone()));
            return;
        }
        let Some(talk) = self.talks.get_mut(index) else { return };
        talk.link = None;
        talk.not_before = now + pause(talk.tries);
        talk.tries = talk.tries.saturating_add(1);
        let not_before = talk.not_before;
        for part in self.parts.iter_mut().filter(|part| part.talk == Some(index) && !part.done) {
            part.fail(failure.clone(), now);
            if let Some(trouble) = &mut part.trouble {
                trouble.not_before = not_before;
            }
        }
        self.look.soon(now);
    }

    pub(super) fn answered(&mut self, index: usize, round: &Round, result: Result<Fetched, Failure>, now: Instant) {
        if let Some(talk) = self.talks.get_mut(index) {
            talk.in_flight = talk.in_flight.saturating_sub(1);
        }
        for &(part, _) in &round.parts {
            // One that another broker reads by now has an answer of its own to come.
            if let Some(part) = self.parts.get_mut(part).filter(|part| part.talk == Some(index)) {
                part.in_flight = false;
            }
        }
        let fetched = match result {
            // The budget was used up meanwhile: what it brings was not asked for any more.
            Ok(_) if self.spent => return,
            Ok(fetched) => fetched,
            Err(failure) if matches!(failure.cause, Cause::TooLarge(_)) && !round.alone => {
                // One of them has a batch over the limit: each by itself tells which, and how to get past it.
                self.asked_each(round, |part| part.alone = true);
                if let Some(talk) = self.talks.get_mut(index) {
                    talk.link = None;
                }
                return;
            }
            Err(failure) => return self.talk_failed(index, &failure, now),
        };
        self.bytes = self.bytes.saturating_add(u64::try_from(fetched.bytes).unwrap_or(u64::MAX));
        if !fetched.throttle.is_zero() {
            self.throttle_ms = u32::try_from(fetched.throttle.as_millis()).unwrap_or(u32::MAX);
        }
        let mut brought = 0_usize;
        let mut resumed = None;
        for partition in &fetched.partitions {
            let Some(&(part, offset)) = round.parts.get(partition.index) else { continue };
            brought = brought.saturating_add(partition.records.len());
            if partition.error.is_none() {
                self.resumed(part, &mut resumed, now);
            }
            self.partition_answered(part, offset, round.zone, partition, now);
        }
        self.pace(index, round, brought, now);
    }

    fn asked_each(&mut self, round: &Round, mut change: impl FnMut(&mut super::Part)) {
        for &(part, _) in &round.parts {
            if let Some(part) = self.parts.get_mut(part) {
                change(part);
            }
        }
    }

    /// When this conversation may ask again: at once while there is more; at the end of the log in portions; and never in a
    /// hot loop, whatever the broker answers.
    fn pace(&mut self, index: usize, round: &Round, brought: usize, now: Instant) {
        let committed_only = self.committed_only;
        let pause = self.pause(now);
        let behind =
            round.parts.iter().filter_map(|&(part, _)| self.parts.get(part)).any(|part| !part.done && part.is_behind(committed_only));
        let Some(talk) = self.talks.get_mut(index) else { return };
        talk.tries = 0;
        let elapsed = now.duration_since(round.sent);
        talk.fit(brought, elapsed);
        if let Some(pause) = pause {
            talk.not_before = talk.not_before.max(now + pause);
        }
        if brought == 0 && elapsed < LONG_POLL / 2 && !round.first && !round.alone {
            talk.not_before = round.sent + LONG_POLL;
        } else if brought > 0 && !behind {
            talk.not_before = round.sent + PORTION;
        }
    }

    fn partition_answered(&mut self, index: usize, offset: Offset, zone: Zone, answer: &FetchedPartition, now: Instant) {
        let Some(part) = self.parts.get_mut(index).filter(|part| part.position == offset) else { return };
        if let Some(code) = answer.error {
            return self.partition_refused(index, code, now);
        }
        if let Some((epoch, end)) = answer.diverging.filter(|(_, end)| end.0 >= 0) {
            return self.truncated(index, end, Some(epoch));
        }
        let told = |offset: Offset, old: Option<Offset>| if offset.0 >= 0 { Some(offset) } else { old };
        part.end = told(answer.high_watermark, part.end);
        part.stable = told(answer.last_stable, part.stable.or(part.end));
        part.log_start = told(answer.log_start, part.log_start);
        part.heard = Some(now);
        if answer.whole_size.is_some() {
            return self.stepped_over(index, answer);
        }
        self.take_in(index, zone, answer);
    }

    /// Ends a partition's trouble. All that resume with one answer are one interruption, said by the first.
    fn resumed(&mut self, index: usize, first: &mut Option<usize>, now: Instant) {
        let Some(part) = self.parts.get_mut(index) else { return };
        let Some(trouble) = part.trouble.take() else { return };
        let after = now.duration_since(part.heard.unwrap_or(trouble.since));
        if after < if trouble.silent { LONG_SILENCE } else { NOTICED } {
            return;
        }
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        if first.is_none() {
            *first = Some(index);
            part.queue.push(Block::fact(Fact::Resumed { partitions: 1, after_ms }));
        } else if let Some(part) = first.and_then(|first| self.parts.get_mut(first)) {
            part.queue.one_more_resumed(after_ms);
        }
    }

    /// A batch over the limit, of which only the head was read.
    fn stepped_over(&mut self, index: usize, answer: &FetchedPartition) {
        let Some(part) = self.parts.get_mut(index) else { return };
        part.alone = false;
        let (partition, position) = (part.id, part.position);
        let (next, bytes) = match answer.too_large() {
            Some(large) => (large.next.max(position.plus(1)), large.size),
            None => (position.plus(1), answer.whole_size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0)),
        };
        part.queue.push(Block::fact(Fact::TooLarge { partition, offset: position, next, bytes }));
        part.advance(next);
    }

    /// Records: where to read on is known from their headers alone, the rest is the pool's.
    fn take_in(&mut self, index: usize, zone: Zone, answer: &FetchedPartition) {
        let time = self.clock.time(Instant::now());
        let little = (self.options.shape.is_unordered() || self.how.filter.is_some()) && self.parts.len() >= self.options.links;
        let piece = if little { LARGE_PIECE } else { SMALL_PIECE };
        let Some(part) = self.parts.get_mut(index) else { return };
        // What was asked for alone has an answer: it stands among the others again.
        part.alone = false;
        let (partition, from, stop) = (part.id, part.position, part.stop);
        let (high, committed_only) = (answer.high_watermark, self.committed_only);
        let asked = Asked { partition, from, stop, high, zone, committed_only, piece };
        let digest = digest(&asked, &answer.records, &answer.aborted, &mut self.table, &mut self.scratch);
        let shelf = self.shelf(index, zone, &digest);
        let Some(part) = self.parts.get_mut(index) else { return };
        let Digest { next, pieces, markers, epochs, nothing: _, cut } = digest;
        self.markers = self.markers.saturating_add(units::wide(markers.len()));
        if zone == Zone::Stable {
            self.table.stable(partition, next);
        } else if answer.high_watermark.0 >= 0 && next >= answer.high_watermark {
            // All markers of what has ended by now were read.
            self.table.stable(partition, answer.last_stable.min(next));
        }
        if next == from {
            let size = cut.and_then(|cut| cut.size).and_then(|size| usize::try_from(size).ok());
            match size {
                Some(size) if size > self.options.largest => part.alone = true,
                Some(size) => part.want = Some(size),
                None if part.is_behind(self.committed_only) && answer.records.is_empty() => part.barren += 1,
                None => {}
            }
            if part.barren >= BARREN && part.stop.is_some() {
                part.done = true;
            }
            part.caught_up |= !part.is_behind(self.committed_only);
            return;
        }
        part.want = None;
        for (epoch, from) in epochs {
            part.epochs.begins(epoch, from);
        }
        part.advance(next);
        if part.begins_anew(answer.records.len()) {
            return;
        }
        part.caught_up |= !part.is_behind(self.committed_only);
        for piece in pieces {
            match piece {
                Piece::Fact(fact) => part.queue.push(Block::fact(fact)),
                Piece::Batches { bytes, outcomes } => {
                    let slot = part.queue.expect(bytes.len());
                    let (topic, how) = (self.wish.of.topic.clone(), self.how.clone());
                    let load = Load::Fetched { bytes, outcomes };
                    self.jobs.push((
                        index,
                        slot,
                        Job { topic, partition, load, from, stop, now: time, how, spare: self.out.spare.clone(), shelf: shelf.clone() },
                    ));
                }
            }
        }
    }

    fn partition_refused(&mut self, index: usize, code: ErrorCode, now: Instant) {
        let subject = self.subject();
        let failure = Failure::new(WHAT, Cause::Kafka { code: code.0, name: code.name(), message: Some(Foreign::new(words(code))) });
        let Some(part) = self.parts.get_mut(index) else { return };
        match reaction(code) {
            Reaction::Denied => self.ended = Some(Err(Operation::Read.on(Resource::Topic).denied(WHAT, &subject))),
            Reaction::Fatal => self.ended = Some(Err(Failure::new(WHAT, code.cause(Some(&subject), None)))),
            Reaction::OutOfRange => self.compare(index),
            Reaction::Again => part.fail(failure, now),
            Reaction::Refresh | Reaction::MaybeGone => {
                part.fail(failure, now);
                self.look.soon(now);
                self.adopt_leaders(now);
            }
            Reaction::Unreadable => {
                part.fail(failure, now);
                if part.trouble.as_ref().is_some_and(|trouble| trouble.tries >= UNREADABLE_TRIES) {
                    part.trouble = None;
                    let (partition, offset) = (part.id, part.position);
                    let (next, why) = (offset.plus(1), "the broker cannot read its log there");
                    part.queue.push(Block::fact(Fact::Corrupt { partition, offset, next, bytes: 0, why }));
                    part.advance(next);
                }
            }
        }
    }
}

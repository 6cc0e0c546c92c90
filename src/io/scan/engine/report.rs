//! What goes out: merged records, progress, the end; and when to look at the clock again.

use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use super::talks::PORTION;
use crate::core::stream::{Ended, Progress};
use crate::io::scan::backward::Back;
use crate::io::scan::merge::Lane;
use crate::io::scan::part::Part;
use crate::io::scan::{Shape, Taken};
use crate::model::{Failure, Time};

/// Progress is told so often at most.
const PROGRESS: Duration = Duration::from_millis(100);
/// An answer older than this says nothing about now.
const STALE: Duration = Duration::from_millis(1500);
/// While following, records wait so long for those of a slower partition to be merged with.
const PATIENCE: Duration = Duration::from_millis(250);
/// A partition of something that has an end may be in trouble for so long when all others are done.
const GIVE_UP: Duration = Duration::from_secs(30);
/// Records from further in the future than this are not believed when merging.
const FUTURE_MS: i64 = 86_400_000;

/// The reader's clocks and what they are compared with.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    wall: Time,
    pub emitted: Instant,
    reported: Instant,
    blocked: Option<Instant>,
    /// Something changed since the last progress.
    pub dirty: bool,
}

impl Clock {
    pub(super) fn new(now: Instant, wall: Time) -> Self {
        let long_ago = now.checked_sub(PROGRESS).unwrap_or(now);
        Self { start: now, wall, emitted: long_ago, reported: long_ago, blocked: None, dirty: true }
    }

    /// How long the reader has run.
    pub(super) fn ran(&self, now: Instant) -> Duration {
        now.duration_since(self.start)
    }

    pub(super) fn time(&self, now: Instant) -> Time {
        self.wall.plus(now.duration_since(self.start))
    }
}

impl Engine {
    fn is_behind(&self) -> bool {
        self.parts.iter().any(|part| part.placed && !part.done && part.trouble.is_none() && part.is_behind(self.committed_only))
    }

    /// Later times are not believed; in milliseconds since the epoch.
    pub(super) fn horizon(&self, now: Instant) -> i64 {
        self.clock.time(now).millis().saturating_add(FUTURE_MS)
    }

    /// Merges what may be handed on now.
    pub(super) fn ready(&mut self, now: Instant) -> Vec<Taken> {
        if self.options.backwards {
            return self.ready_backwards(now);
        }
        let lines = !matches!(self.options.shape, Shape::Chunks);
        let in_portions = self.follows && self.closing.is_none() && self.ended.is_none() && !self.is_behind();
        if in_portions && now < self.clock.emitted + PORTION {
            return Vec::new();
        }
        let patient = !self.follows || self.clock.blocked.is_none_or(|since| now.duration_since(since) < PATIENCE);
        let unordered = self.options.shape.is_unordered();
        let quiet = self.held || self.starting || self.closing.is_some();
        let waits = |part: &Part| !unordered && (part.queue.is_working() || (patient && !quiet && part.owes(self.committed_only)));
        let caught_up = self.follows && self.parts.iter().all(|part| part.caught_up || part.left_out || !part.placed);
        let keep = caught_up.then_some(self.keep);
        let horizon = self.horizon(now);
        let mut lanes: Vec<Lane<'_>> = Vec::with_capacity(self.parts.len());
        for part in &mut self.parts {
            let waits = waits(part);
            lanes.push(Lane { queue: &mut part.queue, waits });
        }
        let blocked = self.out.merge(&mut lanes, keep, horizon);
        let merged = self.out.finish(lines);
        if !merged.is_empty() {
            self.clock.emitted = now;
            self.clock.dirty = true;
        }
        self.clock.blocked = if !blocked {
            None
        } else if merged.is_empty() {
            self.clock.blocked.or(Some(now))
        } else {
            Some(now)
        };
        merged
    }

    /// Where the reader stands, if it is time to tell.
    pub(super) fn progress(&mut self, now: Instant) -> Option<Progress> {
        let due = if self.clock.dirty { PROGRESS } else { STALE };
        if now < self.clock.reported + due {
            return None;
        }
        self.clock.reported = now;
        self.clock.dirty = false;
        Some(self.last_progress(now))
    }

    /// The same for what has an end, together with what is handed on: the receiver may want no more.
    pub(super) fn progress_with(&mut self, ready: &[Taken], now: Instant) -> Option<Progress> {
        if self.follows || ready.is_empty() || now < self.clock.reported + PROGRESS / 10 {
            return None;
        }
        self.clock.reported = now;
        Some(self.last_progress(now))
    }

    pub(super) fn last_progress(&self, now: Instant) -> Progress {
        let reading = |part: &&Part| !part.left_out;
        let flowing = now.duration_since(self.clock.emitted) < PATIENCE * 2;
        let live = !self.held
            && self.follows
            && self.parts.iter().filter(reading).all(|part| part.is_live(self.committed_only, now, STALE, flowing))
            && self.parts.iter().any(|part| !part.left_out);
        Progress {
            partitions: self.parts.iter().filter(reading).map(Part::progress).collect(),
            read: self.out.total.read,
            matched: self.out.total.matched,
            broken: self.out.total.broken,
            recalled: self.out.total.recalled,
            unfit: self.out.total.unfit.clone(),
            spared: self.out.total.spared,
            bytes: self.bytes,
            markers: self.markers,
            throttle_ms: self.throttle_ms,
            live,
            txns: self.table.clone(),
        }
    }

    /// Whether it is over, and how.
    pub(super) fn end(&mut self, now: Instant) -> Option<Result<Ended, Failure>> {
        if let Some(ended) = self.ended.take() {
            return Some(ended);
        }
        if let Some(failure) = self.given_up(now) {
            return Some(Err(failure));
        }
        if self.closing.is_some() {
            self.leave_windows();
        }
        let empty = self.parts.iter().all(|part| part.queue.is_empty() && part.back.as_ref().is_none_or(Back::holds_nothing));
        if let Some(fact) = self.closing.take() {
            if !empty {
                self.closing = Some(fact);
                return None;
            }
            self.out.say(fact);
            // Said with the next turn of the loop, which then ends.
            if self.follows {
                self.parts.clear();
            }
            self.ended = Some(Ok(Ended::Gone));
            return None;
        }
        if !empty || self.parts.is_empty() && self.follows {
            return None;
        }
        self.parts.iter().all(Part::is_over).then_some(Ok(if self.spent { Ended::Budget } else { Ended::Done }))
    }

    /// Why no more is waited for: all that is missing of something that has an end could not be read for long.
    fn given_up(&self, now: Instant) -> Option<Failure> {
        if self.follows || self.closing.is_some() {
            return None;
        }
        // Read from its end, a window that was not read to its end is never handed on.
        let handed_on = |part: &Part| match &part.back {
            Some(back) => back.holds_nothing() && !part.queue.is_working(),
            None => part.queue.is_empty(),
        };
        let mut open = self.parts.iter().filter(|part| !part.is_over()).peekable();
        open.peek()?;
        let troubles: Option<Vec<_>> = open.map(|part| part.trouble.as_ref().filter(|_| handed_on(part))).collect();
        let worst = troubles?.into_iter().max_by_key(|trouble| now.duration_since(trouble.since))?;
        (now.duration_since(worst.since) >= GIVE_UP).then(|| worst.failure.clone())
    }

    /// When something is due although nothing happens.
    pub(super) fn wake(&self, now: Instant) -> Instant {
        let mut wake = now + if self.clock.dirty { PROGRESS } else { STALE };
        let mut soon = |at: Option<Instant>| {
            if let Some(at) = at {
                wake = wake.min(at);
            }
        };
        soon(self.look.due());
        if !self.held {
            self.talks.iter().filter(|talk| talk.in_flight == 0 && !talk.dialing).for_each(|talk| soon(after(talk.not_before, now)));
        }
        for part in self.parts.iter().filter(|part| !part.done) {
            soon(part.trouble.as_ref().and_then(|trouble| after(trouble.not_before, now)));
        }
        if self.parts.iter().any(|part| !part.queue.is_empty()) {
            soon(after(self.clock.emitted + PORTION, now));
            soon(self.clock.blocked.filter(|_| self.follows).and_then(|since| after(since + PATIENCE, now)));
        }
        wake.max(now + Duration::from_millis(1))
    }
}

fn after(at: Instant, now: Instant) -> Option<Instant> {
    (at > now).then_some(at)
}

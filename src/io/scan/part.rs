//! One partition of a reader: where it stands, what it waits for, what troubles it.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Zone;
use super::backward::Back;
use super::epochs::Epochs;
use super::merge::Queue;
use crate::core::stream::PartitionProgress;
use crate::model::{BrokerId, Cause, Failure, LeaderEpoch, Offset, PartitionId};
use crate::text::Shown;

/// Bytes of records that one fetch asks for of a partition: below, the broker's work doubles; above, only memory grows.
pub(super) const PART_BYTES: usize = 1 << 20;
/// The same for all partitions of a reader together.
pub(super) const ALL_BYTES: usize = 16 << 20;
/// No partition gets less.
const LEAST_BYTES: usize = 64 << 10;

/// Pauses after a failure: from, to.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Part {
    pub id: PartitionId,
    /// Whether `position` is known: before, the partition waits for its offsets to be looked up.
    pub placed: bool,
    /// An offset question of this partition is under way.
    pub asking: bool,
    /// Where what is handed on begins; `None` until that is known.
    pub first: Option<Offset>,
    /// The next offset to ask for.
    pub position: Offset,
    /// Where it ends, exclusive; `None` follows. Read from its end: where its window ends.
    pub stop: Option<Offset>,
    /// All that is to be read of it, when that has an end.
    pub span: Option<(Offset, Offset)>,
    pub done: bool,
    /// The plan's positions do not name it: it takes no part.
    pub left_out: bool,
    /// It was added while reading: it is read from its start.
    pub joins: bool,
    /// The end of the log was reached once: from then on a burst may be thinned out.
    pub caught_up: bool,
    pub log_start: Option<Offset>,
    pub stable: Option<Offset>,
    pub end: Option<Offset>,
    /// Of the leader that told the end when it was placed; −1 before.
    pub end_epoch: LeaderEpoch,
    pub leader: Option<BrokerId>,
    pub epoch: LeaderEpoch,
    /// Of what was read; when nothing was, of the end that it stands at.
    pub epochs: Epochs,
    /// Another broker leads it than the one it was read from: whether its log is the same has to be asked, when its fetch
    /// does not tell.
    pub doubted: bool,
    /// The conversation that reads it.
    pub talk: Option<usize>,
    pub in_flight: bool,
    /// Bytes to ask for, when its next batch is known to be larger than usual.
    pub want: Option<usize>,
    /// It is asked for by itself, since an answer was too large and it may be why.
    pub alone: bool,
    pub queue: Queue,
    /// When it is read from its end.
    pub back: Option<Back>,
    /// Its window was put aside: the next one may begin.
    pub turned: bool,
    pub trouble: Option<Trouble>,
    /// When the last good answer came.
    pub heard: Option<Instant>,
    /// Good answers in a row that brought nothing although there should be something.
    pub barren: u8,
}

#[derive(Debug, Clone)]
pub(super) struct Trouble {
    /// The last one.
    pub failure: Failure,
    /// Nothing failed yet: the broker is silent.
    pub silent: bool,
    pub since: Instant,
    pub tries: u32,
    pub not_before: Instant,
}

impl Part {
    pub(super) fn new(id: PartitionId) -> Self {
        Self {
            id,
            placed: false,
            asking: false,
            first: None,
            position: Offset(0),
            stop: None,
            span: None,
            done: false,
            left_out: false,
            joins: false,
            caught_up: false,
            log_start: None,
            stable: None,
            end: None,
            end_epoch: LeaderEpoch(-1),
            leader: None,
            epoch: LeaderEpoch(-1),
            epochs: Epochs::default(),
            doubted: false,
            talk: None,
            in_flight: false,
            want: None,
            alone: false,
            queue: Queue::new(),
            back: None,
            turned: false,
            trouble: None,
            heard: None,
            barren: 0,
        }
    }

    /// Which part of the log its next fetch is for (P41). Before the last stable offset is known the answer to a
    /// read_committed fetch tells it.
    pub(super) fn zone(&self, committed_only: bool) -> Zone {
        if committed_only || self.stable.is_none_or(|stable| self.position < stable) { Zone::Stable } else { Zone::Open }
    }

    /// Where reading comes to rest for now: the stop, or the end as last told.
    fn target(&self, committed_only: bool) -> Option<Offset> {
        self.stop.or(if committed_only { self.stable } else { self.end })
    }

    /// Whether there is more to be read, as far as is known.
    pub(super) fn is_behind(&self, committed_only: bool) -> bool {
        self.target(committed_only).is_none_or(|target| self.position < target)
    }

    /// Whether a merge should wait for it: more is coming, and nothing keeps it.
    pub(super) fn owes(&self, committed_only: bool) -> bool {
        self.queue.is_working() || (!self.done && self.trouble.is_none() && (!self.placed || self.is_behind(committed_only)))
    }

    /// Whether it may be part of the next fetch.
    pub(super) fn is_ready(&self, now: Instant, room: usize) -> bool {
        self.placed
            && !self.done
            && !self.in_flight
            && !self.asking
            && (self.back.is_some() || self.queue.held() <= room)
            && self.trouble.as_ref().is_none_or(|trouble| trouble.not_before <= now)
    }

    /// Begins the window that is to be read next, when it is read from its end. What lies there was not read before, and what
    /// was read lies behind it: there is nothing yet that a leader's log could differ from.
    pub(super) fn turn(&mut self) {
        let Some((low, high)) = self.back.as_ref().map(Back::window) else { return };
        (self.stop, self.done, self.barren, self.epochs) = (Some(high), false, 0, Epochs::default());
        (self.position, self.turned) = (low, false);
        self.done = low >= high;
    }

    /// Whether its window turns out to be too large by its first answer, of so many bytes: then a smaller one is begun.
    pub(super) fn begins_anew(&mut self, bytes: usize) -> bool {
        let (position, first) = (self.position, self.queue.is_empty());
        let anew = first && self.back.as_mut().is_some_and(|back| back.is_too_much(position, bytes));
        if anew {
            self.turn();
        }
        anew
    }

    /// Whether all of it was read and handed on.
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.done && self.back.as_ref().is_none_or(Back::is_over)
    }

    /// Puts what a worker finished into its place.
    pub(super) fn fill(&mut self, slot: u64, block: super::decode::Block) {
        match &mut self.back {
            Some(back) if !self.queue.has(slot) => back.fill(slot, block),
            _ => self.queue.fill(slot, block),
        }
    }

    /// Notes that reading failed, and pauses it: longer each time, and never all at the same moment.
    pub(super) fn fail(&mut self, failure: Failure, now: Instant) {
        let (since, tries) = self.trouble.as_ref().map_or((now, 0), |old| (old.since, old.tries.saturating_add(1)));
        self.trouble = Some(Trouble { failure, silent: false, since, tries, not_before: now + pause(tries) });
    }

    /// Notes that the broker has owed an answer for so long that it may not come. It is still waited for.
    pub(super) fn miss(&mut self, failure: Failure, now: Instant) {
        self.trouble.get_or_insert(Trouble { failure, silent: true, since: now, tries: 0, not_before: now });
    }

    /// Begins at `position`. Whoever begins at the end of the log has seen it up to there, so that a truncation is told also
    /// before the first record comes.
    pub(super) fn begin(&mut self, position: Offset) {
        if self.end == Some(position) {
            self.epochs.begins(self.end_epoch, position);
        }
        self.advance(position);
    }

    /// Reaches `position`: where it ends, it is done.
    pub(super) fn advance(&mut self, position: Offset) {
        if position != self.position {
            self.barren = 0;
        }
        self.position = position;
        self.done |= self.stop.is_some_and(|stop| position >= stop);
    }

    /// Whether what it shows is what the log holds now. `flowing`: records are being handed on, so that what waits to be merged
    /// is the newest and no backlog.
    pub(super) fn is_live(&self, committed_only: bool, now: Instant, stale: Duration, flowing: bool) -> bool {
        self.placed
            && self.trouble.is_none()
            && (flowing || self.queue.is_empty())
            && !self.is_behind(committed_only)
            && self.heard.is_some_and(|heard| now.duration_since(heard) < stale)
    }

    pub(super) fn progress(&self) -> PartitionProgress {
        PartitionProgress {
            id: self.id,
            first: self.back.as_ref().map_or(self.first, |back| Some(back.edge())),
            position: self.back.as_ref().map_or(self.position, |_| self.span.map_or(self.position, |(_, stop)| stop)),
            span: self.span,
            log_start: self.log_start,
            stable: self.stable,
            end: self.end,
            leader: self.leader,
            trouble: self.trouble.as_ref().map(|trouble| words(&trouble.failure)),
        }
    }
}

/// A failure as the trouble of a partition: one line, safe to be drawn.
fn words(failure: &Failure) -> String {
    let words = match &failure.cause {
        Cause::Kafka { message: Some(message), .. } => message.raw().to_owned(),
        _ => failure.advertised().unwrap_or_else(|| failure.sentence()),
    };
    Shown::of(&words).into_string()
}

/// What one of so many partitions asks for.
pub(super) fn share(parts: usize) -> usize {
    ALL_BYTES.checked_div(parts).unwrap_or(ALL_BYTES).clamp(LEAST_BYTES, PART_BYTES)
}

/// The pause after failure number `tries` + 1, between half and the whole of what has doubled each time.
pub(super) fn pause(tries: u32) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << tries.min(6)).min(LONGEST_PAUSE);
    let random = RandomState::new().hash_one(tries) % 512;
    whole / 2 + whole.mul_f64(f64::from(u16::try_from(random).unwrap_or(0)) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        for (tries, whole) in [(0, 100), (1, 200), (4, 1600), (5, 3000), (40, 3000)] {
            for _ in 0..50 {
                let pause = pause(tries).as_millis();
                assert!((whole / 2..=whole).contains(&pause), "{tries}: {pause}");
            }
        }
    }

    #[test]
    fn the_share_of_a_partition_shrinks_with_their_number() {
        assert_eq!([1, 16, 32, 200, 100_000].map(share), [PART_BYTES, PART_BYTES, PART_BYTES / 2, 83_886, LEAST_BYTES]);
    }

    #[test]
    fn what_lies_above_the_last_stable_offset_is_another_zone() {
        let mut part = Part::new(PartitionId(0));
        assert_eq!(part.zone(false), Zone::Stable);
        (part.stable, part.end, part.position) = (Some(Offset(10)), Some(Offset(20)), Offset(10));
        assert_eq!((part.zone(false), part.zone(true)), (Zone::Open, Zone::Stable));
        assert_eq!((part.is_behind(false), part.is_behind(true)), (true, false));
        part.position = Offset(9);
        assert_eq!(part.zone(false), Zone::Stable);
    }

    #[test]
    fn a_partition_in_trouble_holds_up_no_merge() {
        let mut part = Part::new(PartitionId(0));
        assert!(part.owes(false));
        part.fail(Failure::new("read", Cause::Disconnected), Instant::now());
        assert!(!part.owes(false));
        part.queue.expect(1);
        assert!(part.owes(false), "what was read before is on its way");
    }
}

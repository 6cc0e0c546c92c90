//! What was read a moment ago is not fetched again: partitions whose next offset is in memory go on from there.

use tokio::time::Instant;

use super::Engine;
use crate::io::scan::answer::{Digest, LARGE_PIECE, Zone};
use crate::io::scan::decode::{Job, Load, Shelf};
use crate::io::scan::part::{Part, share};
use crate::io::scan::recent::{Place, Run, Search};
use crate::model::{Offset, Outcome};

impl Engine {
    /// Whose batches a partition's are in the store; `None` when they are not kept: nothing proves later that its log is the same.
    fn place(&self, part: &Part) -> Option<Place> {
        (self.wish.of.id.is_known() && part.epoch.0 >= 0).then_some(Place { topic: self.wish.of.id, partition: part.id })
    }

    /// Where the batches of an answer are kept, and with them what it tells of offsets without records.
    pub(super) fn shelf(&self, index: usize, zone: Zone, digest: &Digest) -> Option<Shelf> {
        let search = self.search.as_ref().filter(|_| zone == Zone::Stable)?;
        let part = self.parts.get(index)?;
        let shelf = Shelf { search: search.clone(), place: self.place(part)?, epoch: part.epoch };
        for &(from, until, markers) in &digest.nothing {
            shelf.search.nothing(shelf.place, shelf.epoch, (from, until), markers);
        }
        Some(shelf)
    }

    /// Takes from memory what follows where the partitions stand.
    pub(super) fn recall(&mut self, now: Instant) {
        let Some(search) = self.search.clone() else { return };
        for index in 0..self.parts.len() {
            while let Some(run) = self.next_run(&search, index, now) {
                self.take_run(index, run);
            }
        }
    }

    fn next_run(&self, search: &Search, index: usize, now: Instant) -> Option<Run> {
        let part = self.parts.get(index).filter(|part| part.is_ready(now, share(self.parts.len())))?;
        // Nothing is believed of offsets that the log has not any more, or does not have yet.
        let inside = part.log_start.is_some_and(|start| start <= part.position) && part.end.is_some_and(|end| part.position < end);
        let stop = part.stop.filter(|_| inside)?;
        search.run(self.place(part)?, part.epoch, part.position, stop, LARGE_PIECE)
    }

    fn take_run(&mut self, index: usize, run: Run) {
        let time = self.clock.time(Instant::now());
        let committed_only = self.wish.of.committed_only;
        let Some(part) = self.parts.get_mut(index) else { return };
        let (partition, from, stop) = (part.id, part.position, part.stop);
        self.markers = self.markers.saturating_add(run.markers);
        let mut batches = run.batches;
        for kept in &batches {
            let facts = *kept.opened().facts();
            part.epochs.begins(facts.leader_epoch, facts.base_offset.max(from));
            if let (Some(producer), Some(Outcome::Aborted)) = (facts.transaction, kept.outcome()) {
                self.table.aborted(partition, producer, facts.base_offset);
                self.table.marker(partition, producer, Offset(facts.next_offset.0.saturating_sub(1)), Outcome::Aborted);
            }
        }
        self.table.stable(partition, run.next);
        if committed_only {
            batches.retain(|kept| kept.outcome().is_none_or(|outcome| outcome == Outcome::Committed));
        }
        part.advance(run.next);
        if batches.is_empty() {
            return;
        }
        let slot = part.queue.expect(run.bytes);
        let (topic, how, spare) = (self.wish.of.topic.clone(), self.how.clone(), self.out.spare.clone());
        let load = Load::Recalled(batches);
        self.jobs.push((index, slot, Job { topic, partition, load, from, stop, now: time, how, spare, shelf: None }));
    }
}

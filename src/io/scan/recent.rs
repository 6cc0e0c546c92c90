//! Batches that were fetched a moment ago, opened and kept in memory: a search that is changed looks through these first and
//! fetches the rest.
//!
//! Kept is what cannot read differently later: batches below the last stable offset, whose transactions have ended, of a
//! topic with an id, and only as long as the partition has the leader epoch under which they were read. The ends of the log
//! are asked anew by every reader, so that nothing is given from memory that retention has taken away. What compaction takes
//! away meanwhile is still given, for [`Recent::OLDEST`] at most; how many records came from here is told in
//! [`crate::core::stream::Progress::recalled`].
//!
//! The memory is bounded. What is kept first stays: whoever searches again begins where the last search began. Only what no
//! search has touched since gives way.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::model::{LeaderEpoch, Offset, Outcome, PartitionId, TopicId};
use crate::records::{Decompressed, Opened};

/// Bytes that a batch takes besides its records.
const OVERHEAD: usize = 256;

/// The store. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Recent(Arc<Mutex<Store>>);

#[derive(Debug)]
struct Store {
    /// Bytes of records that may be kept.
    most: usize,
    bytes: usize,
    /// Searches so far.
    searches: u64,
    shelves: HashMap<Place, Shelf>,
    /// Searches that are under way.
    running: usize,
    /// Somebody will look at what is too old.
    watched: bool,
}

/// Whose batches: a partition under one leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub topic: TopicId,
    pub partition: PartitionId,
}

#[derive(Debug)]
struct Shelf {
    epoch: LeaderEpoch,
    spans: BTreeMap<Offset, Span>,
    bytes: usize,
    /// The search that touched it last, and when.
    search: u64,
    used: Instant,
    /// Nothing in it is older.
    began: Instant,
}

/// Offsets from its key on.
#[derive(Debug)]
struct Span {
    /// Exclusive.
    until: Offset,
    what: What,
}

#[derive(Debug)]
enum What {
    Batch(Arc<Kept>),
    /// Nothing that is shown: so many transaction markers, or offsets that compaction emptied.
    Nothing {
        markers: u64,
    },
}

/// A batch in memory.
#[derive(Debug)]
pub(super) struct Kept {
    opened: Opened,
    outcome: Option<Outcome>,
}

impl Kept {
    pub(super) fn opened(&self) -> Decompressed<'_> {
        self.opened.batch()
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }
}

/// What follows an offset without a gap.
#[derive(Debug)]
pub(super) struct Run {
    pub batches: Vec<Arc<Kept>>,
    /// Where reading goes on.
    pub next: Offset,
    pub markers: u64,
    /// Bytes of records.
    pub bytes: usize,
}

impl Recent {
    /// Nothing is kept that was not used for so long,
    const UNUSED: Duration = Duration::from_secs(180);
    /// and nothing that is older than this.
    const OLDEST: Duration = Duration::from_secs(900);

    /// A store for so many bytes of records; 0 keeps nothing.
    pub fn new(most: usize) -> Self {
        let store = Store { most, bytes: 0, searches: 0, shelves: HashMap::new(), running: 0, watched: false };
        Self(Arc::new(Mutex::new(store)))
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A further search: what it puts in, or is given, counts as touched by it. On the current tokio runtime.
    pub(super) fn search(&self) -> Search {
        let mut store = self.lock();
        store.expire(Instant::now());
        store.searches += 1;
        store.running += 1;
        if !std::mem::replace(&mut store.watched, true) {
            tokio::spawn(watch(Arc::downgrade(&self.0)));
        }
        Search(Arc::new(Running { recent: self.clone(), number: store.searches }))
    }

    /// Bytes of records that are kept now.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }
}

/// One search that uses the store, until its last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Search(Arc<Running>);

#[derive(Debug)]
struct Running {
    recent: Recent,
    number: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut store = self.recent.lock();
        store.running = store.running.saturating_sub(1);
    }
}

impl Search {
    /// What is kept from `from` on up to `stop`, about `most` bytes of it at a time; `None` when the record at `from` would have
    /// to be fetched.
    pub(super) fn run(&self, place: Place, epoch: LeaderEpoch, from: Offset, stop: Offset, most: usize) -> Option<Run> {
        let mut store = self.0.recent.lock();
        let shelf = store.shelf(place, epoch)?;
        (shelf.search, shelf.used) = (self.0.number, Instant::now());
        let mut run = Run { batches: Vec::new(), next: from, markers: 0, bytes: 0 };
        let first = shelf.spans.range(..=from).next_back().map_or(from, |(&start, _)| start);
        for (&start, span) in shelf.spans.range(first..) {
            if start > run.next || run.next >= stop || run.bytes >= most {
                break;
            }
            if span.until <= run.next {
                continue;
            }
            // Batches do not overlap. Should they ever, what is behind is fetched, and no record given twice.
            if start < run.next && start != first {
                break;
            }
            run.next = span.until;
            match &span.what {
                What::Nothing { markers } => run.markers += markers,
                What::Batch(kept) => {
                    run.bytes += kept.opened().bytes().len();
                    run.batches.push(Arc::clone(kept));
                }
            }
        }
        (run.next > from).then_some(run)
    }

    /// Keeps a batch, if there is room for it or room can be made.
    pub(super) fn keep(&self, place: Place, epoch: LeaderEpoch, opened: &Decompressed<'_>, outcome: Option<Outcome>) {
        let (from, until) = (opened.facts().base_offset, opened.facts().next_offset);
        let bytes = opened.bytes().len().saturating_add(OVERHEAD);
        if from >= until || !self.0.recent.lock().has_room(place, epoch, from, bytes, self.0.number) {
            return;
        }
        // Copied while nobody waits for the store.
        let what = What::Batch(Arc::new(Kept { opened: opened.kept(), outcome }));
        self.put(place, epoch, from, Span { until, what }, bytes);
    }

    /// Notes that from `from` until `until` there is nothing to be shown.
    pub(super) fn nothing(&self, place: Place, epoch: LeaderEpoch, (from, until): (Offset, Offset), markers: u64) {
        if from < until && self.0.recent.lock().has_room(place, epoch, from, OVERHEAD, self.0.number) {
            self.put(place, epoch, from, Span { until, what: What::Nothing { markers } }, OVERHEAD);
        }
    }

    fn put(&self, place: Place, epoch: LeaderEpoch, from: Offset, span: Span, bytes: usize) {
        let mut store = self.0.recent.lock();
        let (search, now) = (self.0.number, Instant::now());
        let new = || Shelf { epoch, spans: BTreeMap::new(), bytes: 0, search, used: now, began: now };
        let shelf = store.shelves.entry(place).or_insert_with(new);
        // Another worker may have kept it meanwhile.
        if shelf.epoch != epoch || shelf.spans.contains_key(&from) {
            return;
        }
        shelf.spans.insert(from, span);
        shelf.bytes += bytes;
        (shelf.search, shelf.used) = (search, now);
        store.bytes += bytes;
    }
}

impl Store {
    /// What is kept of a partition, unless another broker leads it by now: then its log may be another.
    fn shelf(&mut self, place: Place, epoch: LeaderEpoch) -> Option<&mut Shelf> {
        if self.shelves.get(&place).is_some_and(|shelf| shelf.epoch != epoch) {
            self.drop_shelf(place);
        }
        self.shelves.get_mut(&place)
    }

    fn drop_shelf(&mut self, place: Place) {
        if let Some(gone) = self.shelves.remove(&place) {
            self.bytes = self.bytes.saturating_sub(gone.bytes);
        }
    }

    /// Whether a batch that is not there yet fits. What other searches than `search` touched last gives way, the oldest first.
    fn has_room(&mut self, place: Place, epoch: LeaderEpoch, from: Offset, bytes: usize, search: u64) -> bool {
        if self.shelf(place, epoch).is_some_and(|shelf| shelf.spans.contains_key(&from)) {
            return false;
        }
        while self.bytes.saturating_add(bytes) > self.most {
            let old = self.shelves.iter().filter(|(_, shelf)| shelf.search < search).min_by_key(|(_, shelf)| shelf.search);
            let Some(place) = old.map(|(place, _)| *place) else { return false };
            self.drop_shelf(place);
        }
        true
    }

    /// Drops what is too old, or was not used for too long.
    fn expire(&mut self, now: Instant) {
        let old = |shelf: &Shelf| now.duration_since(shelf.used) >= Recent::UNUSED || now.duration_since(shelf.began) >= Recent::OLDEST;
        let places: Vec<Place> = self.shelves.iter().filter(|(_, shelf)| old(shelf)).map(|(place, _)| *place).collect();
        for place in places {
            self.drop_shelf(place);
        }
    }
}

/// Looks now and then whether something is too old, as long as there is anything or may be: memory is not held by a search that
/// nobody remembers.
async fn watch(store: Weak<Mutex<Store>>) {
    loop {
        sleep(Recent::UNUSED / 6).await;
        let Some(store) = store.upgrade() else { return };
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        store.expire(Instant::now());
        if store.shelves.is_empty() && store.running == 0 {
            store.watched = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::writer::BatchWriter;
    use crate::records::{Found, Scratch, batches};

    const EPOCH: LeaderEpoch = LeaderEpoch(4);

    fn place(partition: i32) -> Place {
        Place { topic: TopicId([7; 16]), partition: PartitionId(partition) }
    }

    /// Keeps a batch of so many records from `base` on, each with a value of 1,000 bytes.
    fn keep(search: &Search, partition: i32, base: i64, records: usize) {
        let value = vec![b'v'; 1_000];
        let writer = (0..records).fold(BatchWriter::new(Offset(base)), |writer, _| writer.record(1, None, Some(&value)));
        let bytes = writer.finish().unwrap();
        let Some(Found::Batch(batch)) = batches(PartitionId(partition), &bytes).next() else { panic!() };
        search.keep(place(partition), EPOCH, &batch.open(&mut Scratch::default()).unwrap(), None);
    }

    fn run(search: &Search, from: i64, stop: i64) -> Option<(usize, i64, u64)> {
        let run = search.run(place(0), EPOCH, Offset(from), Offset(stop), usize::MAX)?;
        Some((run.batches.len(), run.next.0, run.markers))
    }

    #[tokio::test]
    async fn what_follows_without_a_gap_is_given() {
        let search = Recent::new(1 << 20).search();
        keep(&search, 0, 10, 5);
        keep(&search, 0, 15, 5);
        search.nothing(place(0), EPOCH, (Offset(20), Offset(22)), 2);
        keep(&search, 0, 30, 5);
        assert_eq!(run(&search, 10, 100), Some((2, 22, 2)));
        assert_eq!(run(&search, 13, 100), Some((2, 22, 2)), "within a batch");
        assert_eq!(run(&search, 10, 15), Some((1, 15, 0)));
        assert_eq!(run(&search, 30, 100), Some((1, 35, 0)));
        for gap in [0, 9, 22, 29, 35] {
            assert_eq!(run(&search, gap, 100), None, "{gap}");
        }
        let some = search.run(place(0), EPOCH, Offset(10), Offset(100), 1).unwrap();
        assert_eq!((some.batches.len(), some.next), (1, Offset(15)), "in portions");
        let opened = some.batches[0].opened();
        assert_eq!(opened.records().map(|record| record.unwrap().offset.0).collect::<Vec<_>>(), [10, 11, 12, 13, 14]);
    }

    #[tokio::test]
    async fn under_another_leader_epoch_nothing_is_given_and_nothing_stays() {
        let recent = Recent::new(1 << 20);
        let search = recent.search();
        keep(&search, 0, 0, 5);
        assert!(search.run(place(0), LeaderEpoch(5), Offset(0), Offset(9), 1).is_none());
        assert_eq!(recent.bytes(), 0);
        assert!(run(&search, 0, 9).is_none());
    }

    #[tokio::test]
    async fn what_is_kept_first_stays_and_what_an_older_search_left_gives_way() {
        let recent = Recent::new(12_000);
        let first = recent.search();
        keep(&first, 0, 0, 5);
        keep(&first, 0, 5, 5);
        keep(&first, 0, 10, 5);
        assert_eq!((run(&first, 0, 100), run(&first, 10, 100)), (Some((2, 10, 0)), None));
        let second = recent.search();
        keep(&second, 1, 0, 5);
        assert_eq!(run(&second, 0, 100), None, "partition 0 gave way");
        assert!(recent.bytes() > 5_000 && recent.bytes() < 12_000);
        let none = Recent::new(0).search();
        keep(&none, 0, 0, 1);
        assert_eq!(run(&none, 0, 100), None);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_given_back_when_nobody_searches_any_more() {
        let recent = Recent::new(1 << 20);
        let search = recent.search();
        keep(&search, 0, 0, 5);
        drop(search);
        sleep(Recent::UNUSED / 2).await;
        assert!(recent.bytes() > 0);
        sleep(Recent::UNUSED).await;
        assert_eq!(recent.bytes(), 0);
    }
}

//! Older records: what lies in the log before what is held, and how it comes to stand in front of that. Nothing comes twice and
//! nothing is left out: each load ends where, partition by partition, what is held begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::core::ask::{Answer, Ask, Older as Loaded};
use crate::core::context::Guard;
use crate::core::effect::TaskId;
use crate::core::store::{MessageStore, Seq};
use crate::core::stream::{Allowance, Ended, Fact, Plan, Progress, lanes};
use crate::model::{Chunk, Failure, Offset, PartitionId, Topic, TxnTable};
use crate::query::Filter;
use crate::query::position::Position;
use crate::query::when::When;
use crate::screens::{Cx, Settings};
use crate::text::units;

use super::Messages;
use super::rows::What;

/// Bytes that one search reads at most before somebody asks for more, unless the configuration allows less.
const AT_ONCE: u64 = 4 << 30;

/// How far the list reaches back, besides the records in it.
#[derive(Debug, Default)]
pub(super) struct Older {
    loading: Option<TaskId>,
    /// From there on what is wanted of a partition is held: as far as older records were loaded.
    reached: BTreeMap<PartitionId, Offset>,
    /// Records of these partitions were held or passed over, and are not held now: the list begins with the first one that it
    /// has, or here when it has none.
    left: BTreeMap<PartitionId, Offset>,
    /// How transactions ended among what was loaded.
    txns: TxnTable,
    /// Transaction markers that the loads met.
    pub(super) markers: u64,
    /// How the search of history stands, while it runs and when it has ended; `None`: none was begun under this filter.
    pub(super) search: Option<Search>,
    /// A search is to begin once it is known where the list begins.
    wanted: bool,
    /// The records before this one were loaded under a filter, so that others between them were passed over: so many, of which
    /// nothing was said yet.
    sparse: Option<(Seq, u64)>,
}

/// A search of history for what matches.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Search {
    /// Offsets looked at of those that lie before what was held.
    pub(super) read: u64,
    pub(super) all: u64,
    /// It is over, since there is nothing further that the filter asks for.
    pub(super) done: bool,
    /// It stopped before.
    pub(super) stopped: Option<Stopped>,
    /// Records that were still in memory from a search before.
    pub(super) recalled: u64,
    /// Records that were read for it, and those of them that were counted as looked through.
    looked_at: u64,
    counted: u64,
}

impl Search {
    fn looked(&mut self, progress: &Progress) {
        let offsets = |from: Offset, to: Offset| u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
        self.recalled = self.recalled.saturating_add(progress.recalled);
        let (mut read, mut all) = (0_u64, 0_u64);
        for partition in &progress.partitions {
            let Some((from, to)) = partition.span else { continue };
            all = all.saturating_add(offsets(from, to));
            read = read.saturating_add(partition.first.map_or(0, |first| offsets(first.max(from), to)));
        }
        if all > 0 {
            (self.read, self.all) = (read, all);
        }
    }

    /// How many of so many records more count as looked through. What was read and lies beyond the edge that the search reached
    /// is read again by the next one, and must not count twice.
    fn counts(&mut self, records: u64) -> u64 {
        self.looked_at = self.looked_at.saturating_add(records);
        let within = if self.all > 0 { self.looked_at.min(self.read) } else { self.looked_at };
        let more = within.saturating_sub(self.counted);
        self.counted = self.counted.max(within);
        more
    }
}

/// Why a search stopped before it had looked at everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// As many records were found as one load brings.
    Enough,
    /// As many bytes were read as one search may.
    Bytes,
    /// By the user.
    Called,
    Failed,
}

/// What there is before the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Not known yet.
    Unknown,
    /// Nothing: the list begins where the log does.
    Start,
    Loading,
    /// Whatever the filter asks for was looked at.
    Looked,
    /// So many offsets, of so many partitions of all. Offsets are not records: gaps may be among them.
    More {
        offsets: i64,
        partitions: usize,
        all: usize,
    },
}

impl Older {
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Everything was forgotten: the reader begins anew.
    pub(super) fn forget(&mut self, cx: &mut Cx<'_>) {
        self.cancel(cx);
        *self = Self::default();
    }

    fn cancel(&mut self, cx: &mut Cx<'_>) {
        if let Some(task) = self.loading.take() {
            cx.cancel(task);
        }
    }

    /// Records that are not held any more. A load under way would leave a hole where they were.
    pub(super) fn gone(&mut self, cx: &mut Cx<'_>, chunks: &[Arc<Chunk>]) {
        if !chunks.is_empty() {
            self.cancel(cx);
        }
        for record in chunks.iter().flat_map(|chunk| chunk.iter()) {
            self.left.insert(record.partition, record.offset.plus(1));
        }
    }

    /// The reader thinned out a burst: what it left out lies before the first record that is held.
    pub(super) fn thinned(&mut self, cx: &mut Cx<'_>, progress: &Progress) {
        self.cancel(cx);
        for partition in &progress.partitions {
            if let Some(first) = partition.first {
                let from = self.reached.get(&partition.id).copied().unwrap_or(first);
                self.left.entry(partition.id).or_insert(from);
            }
        }
    }

    /// Where what is held of each partition begins, and where its log does. Only partitions of which both is known.
    fn edges(&self, store: &MessageStore, progress: &Progress) -> Vec<(PartitionId, Offset, Offset)> {
        let mut held: BTreeMap<PartitionId, Offset> = BTreeMap::new();
        if !self.left.is_empty() {
            for record in store.records() {
                held.entry(record.partition).and_modify(|low| *low = record.offset.min(*low)).or_insert(record.offset);
            }
        }
        let edge = |p: &crate::core::stream::PartitionProgress| {
            let from = match self.left.get(&p.id) {
                Some(&left) => held.get(&p.id).copied().unwrap_or(left),
                None => self.reached.get(&p.id).copied().or(p.first)?,
            };
            Some((p.id, from, p.log_start?))
        };
        progress.partitions.iter().filter_map(edge).collect()
    }

    pub(super) fn before(&self, store: &MessageStore, progress: &Progress) -> Before {
        if self.loading.is_some() {
            return Before::Loading;
        }
        let edges = self.edges(store, progress);
        let (all, partitions) = (progress.partitions.len(), edges.len());
        // A broker may claim any offset.
        let apart = |&(_, from, start): &(PartitionId, Offset, Offset)| from.0.saturating_sub(start.0).max(0);
        let offsets = edges.iter().map(apart).fold(0_i64, i64::saturating_add);
        match offsets {
            0 if partitions < all || all == 0 => Before::Unknown,
            0 => Before::Start,
            _ if self.search.is_some_and(|search| search.done) => Before::Looked,
            _ => Before::More { offsets, partitions, all },
        }
    }
}

impl Messages {
    /// So many records one load asks for: no more than there is room for.
    pub(super) fn older_at_once(&self, settings: &Settings) -> u64 {
        let limits = self.store.limits();
        if self.store.bytes() >= limits.bytes {
            return 0;
        }
        let room = limits.records.saturating_sub(self.store.len());
        // While what is held is looked through, the rows are not yet those of the filter.
        let listed = |limit: usize| if self.bar.is_looking() { 0 } else { self.rows.records().take(limit).count() };
        let wanted = self.bar.limit().map_or(room, |limit| limit.saturating_sub(listed(limit)));
        settings.older().min(units::wide(room.min(wanted)))
    }

    /// Asks for older records, when the list shows its first one and there are any.
    pub(super) fn load_older(&mut self, cx: &mut Cx<'_>) {
        let records = self.older_at_once(cx.settings);
        let progress = &self.reader.progress;
        if records == 0 || !matches!(self.older.before(&self.store, progress), Before::More { .. }) {
            return;
        }
        let edges = self.older.edges(&self.store, progress);
        let until: BTreeMap<PartitionId, Offset> =
            edges.into_iter().filter(|(_, from, start)| from > start).map(|(id, from, _)| (id, from)).collect();
        let plans = self.older_plans(cx, until, records);
        if plans.is_empty() {
            self.older.search = Some(Search { done: true, ..Search::default() });
            return;
        }
        if plans.iter().any(|(_, plan)| plan.filter.is_some()) {
            self.older.search = Some(Search::default());
        }
        let guarded = cx.cluster.context.rules.guard != Guard::None;
        let rate = if guarded { cx.settings.guarded_search_rate } else { cx.settings.search.rate };
        let bytes = Some(cx.settings.search.bytes.map_or(AT_ONCE, |bytes| bytes.min(AT_ONCE)));
        let allowance = Allowance { rate, bytes };
        let ask = match plans.as_slice() {
            [(_, plan)] if !self.reader.is_several() => Ask::Older(Box::new(plan.clone()), allowance),
            _ => Ask::OlderSeveral(plans, allowance),
        };
        self.older.loading = Some(cx.start(ask));
    }

    /// What is to be read before these offsets, of each topic by its place; none where the filter asks for nothing.
    fn older_plans(&self, cx: &Cx<'_>, until: BTreeMap<PartitionId, Offset>, records: u64) -> Vec<(usize, Plan)> {
        let several = self.reader.is_several();
        let mut each: BTreeMap<usize, BTreeMap<PartitionId, Offset>> = BTreeMap::new();
        for (id, offset) in until {
            let (at, id) = if several { lanes::place(id) } else { (0, id) };
            each.entry(at).or_default().insert(id, offset);
        }
        let topics = self.reader.topics().enumerate();
        topics.filter_map(|(at, topic)| Some((at, self.older_plan(cx, topic, each.remove(&at)?, records)?))).collect()
    }

    /// What is to be read of a topic before these offsets; `None`: the filter asks for nothing there.
    fn older_plan(&self, cx: &Cx<'_>, topic: &Topic, mut until: BTreeMap<PartitionId, Offset>, records: u64) -> Option<Plan> {
        let filter = self.bar.in_force();
        let mut from = Position::Earliest;
        if let Some(bounds) = filter.as_deref().map(Filter::bounds) {
            if let Some(named) = bounds.partitions.as_ref().filter(|_| bounds.named) {
                until.retain(|id, _| named.contains(id));
            }
            if let Some(to) = bounds.to {
                for until in until.values_mut() {
                    *until = to.min(*until);
                }
            }
            if let Some(since) = bounds.since_ms {
                from = Position::Time(When::Millis(since));
            } else if let Some(least) = bounds.from {
                until.retain(|_, until| *until > least);
                from = Position::Offset(least);
            }
        }
        (!until.is_empty()).then(|| Plan {
            topic: topic.name.clone(),
            topic_id: topic.id,
            from,
            partitions: Some(until.keys().copied().collect()),
            until: Some(Position::Offsets(until)),
            isolation: self.reader.isolation,
            filter,
            newest: Some(records),
            keep: cx.settings.limits.records,
        })
    }

    /// `k` at the first row.
    pub(super) fn go_further_back(&mut self, cx: &mut Cx<'_>) {
        self.load_older(cx);
        if self.older.loading.is_some() {
            self.set_follow(cx, false);
        }
    }

    /// Looks for what a new filter asks for in what lies before the list, without being asked.
    pub(super) fn search_past(&mut self, cx: &mut Cx<'_>) {
        self.older.wanted = false;
        if self.bar.in_force().is_some() {
            self.older.wanted = self.older.before(&self.store, &self.reader.progress) == Before::Unknown;
            self.load_older(cx);
        }
    }

    /// `esc`: calls a search off. False: none is under way.
    pub(super) fn call_search_off(&mut self, cx: &mut Cx<'_>) -> bool {
        let searching = self.older.search.is_some() && self.older.loading.is_some();
        if searching {
            self.older.cancel(cx);
            self.search_stopped(Stopped::Called);
        }
        searching
    }

    fn search_stopped(&mut self, why: Stopped) {
        if let Some(search) = &mut self.older.search {
            search.stopped = Some(why);
        }
    }

    /// Takes a part of the answer to its own question; gives back another.
    pub(super) fn older_part(&mut self, cx: &mut Cx<'_>, id: TaskId, answer: Answer) -> Option<Answer> {
        match answer {
            Answer::Older(loaded) if self.older.loading == Some(id) => {
                self.put_in_front(cx, &loaded);
                None
            }
            other => Some(other),
        }
    }

    /// Takes the answer to its own question; gives back another.
    pub(super) fn older_came(&mut self, cx: &mut Cx<'_>, id: TaskId, result: Result<Answer, Failure>) -> Option<Result<Answer, Failure>> {
        if self.older.loading != Some(id) {
            return Some(result);
        }
        self.older.loading = None;
        match result {
            Ok(Answer::Older(loaded)) => {
                self.put_in_front(cx, &loaded);
                match loaded.ended {
                    Some(Ended::Enough) => self.search_stopped(Stopped::Enough),
                    Some(Ended::Budget) => self.search_stopped(Stopped::Bytes),
                    Some(Ended::Gone) => self.search_stopped(Stopped::Failed),
                    Some(Ended::Done) => {
                        if let Some(search) = &mut self.older.search {
                            search.done = true;
                        }
                    }
                    None => self.older.search = None,
                }
            }
            Ok(_) => {}
            Err(failure) => {
                self.search_stopped(Stopped::Failed);
                cx.notices.failure(&failure);
            }
        }
        None
    }

    fn put_in_front(&mut self, cx: &mut Cx<'_>, loaded: &Loaded) {
        let before = self.store.first();
        let records: u64 = loaded.deliveries.iter().map(|delivery| units::wide(delivery.chunk.len())).sum();
        let mut next = before;
        for delivery in loaded.deliveries.iter().rev() {
            let (from, to) = self.store.push_front(Arc::clone(&delivery.chunk));
            if from < to {
                self.rows.prepend(from, to);
                self.bar.came((from, to));
                next = from;
            }
            for fact in &delivery.facts {
                self.rows.insert_note(next, What::Fact(fact.clone()));
            }
        }
        let progress = &loaded.progress;
        if let Some(search) = &mut self.older.search {
            search.looked(progress);
        }
        for partition in &progress.partitions {
            if let Some(first) = partition.first {
                self.older.reached.insert(partition.id, first);
                self.older.left.remove(&partition.id);
            }
        }
        if self.bar.in_force().is_some() {
            let passed_over = progress.read.saturating_sub(records);
            let scanned = self.older.search.as_mut().map_or(progress.read, |search| search.counts(progress.read));
            self.bar.looked_at(scanned, records, progress.broken);
            let (_, all) = self.older.sparse.get_or_insert((before, 0));
            *all = all.saturating_add(passed_over);
        }
        self.older.markers = self.older.markers.saturating_add(progress.markers);
        self.older.txns.merge(&progress.txns);
        self.learn_outcomes();
        if self.store.is_full() && !self.follow {
            self.reader.full = true;
            self.reader.steer(cx);
        }
        let height = self.list_height(cx);
        self.rows.cursor.fit(self.rows.len(), height);
        self.render(cx);
    }

    /// Puts what is known of transactions together, after the reader or a load told something new.
    pub(super) fn learn_outcomes(&mut self) {
        if self.older.reached.is_empty() && self.joined_txns.is_none() {
            return;
        }
        let progress = &self.reader.progress;
        let firsts: BTreeMap<PartitionId, Offset> = progress.partitions.iter().filter_map(|p| Some((p.id, p.first?))).collect();
        self.joined_txns = Some(progress.txns.clone().with_older(&self.older.txns, |id| firsts.get(&id).copied()));
    }

    /// Another filter: what the old one passed over is to be had again. Without a filter a line says where it is missing; under
    /// another one what was found goes, since what is asked for now may lie between, and all of it is looked through again.
    pub(super) fn older_refiltered(&mut self, cx: &mut Cx<'_>) {
        self.older.cancel(cx);
        (self.older.search, self.older.wanted) = (None, false);
        let reached: BTreeSet<PartitionId> = std::mem::take(&mut self.older.reached).into_keys().collect();
        for partition in &self.reader.progress.partitions {
            if let (Some(first), true) = (partition.first, reached.contains(&partition.id)) {
                self.older.left.entry(partition.id).or_insert(first);
            }
        }
        let Some((before, records)) = &mut self.older.sparse else { return };
        if *before <= self.store.first() {
            self.older.sparse = None;
        } else if self.bar.in_force().is_some() {
            self.store.cut(*before);
            self.rows.evict(*before);
            self.rows.forget_not_kept(*before);
            self.older.sparse = None;
        } else if *records > 0 {
            let fact = Fact::NotKept { records: std::mem::take(records) };
            self.rows.insert_note(*before, What::Fact(fact));
        }
    }
}

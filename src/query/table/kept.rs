//! The groups of a table and what is kept of each, record by record.

use std::collections::HashMap;
use std::ops::Range;

use crate::query::eval::{Measure, Subject};

use super::Inner;
use super::distinct::{Mark, Registers};
use super::hist::Hist;
use super::read::{self, Read, Unfit};
use super::state::{Given, Group, Kind};

/// The most groups that one record may be in, by several values of a field.
pub(super) const MAX_PER_RECORD: usize = 1_000;
/// How far a tally goes to save memory.
const LAST_LEVEL: usize = 2;

/// What reading an operand for numbers came upon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Records without it.
    pub(super) missing: u64,
    /// Values that are no numbers, and numbers beyond the limits.
    pub(super) not_a_number: u64,
    pub(super) beyond: u64,
}

/// Groups that are not kept apart.
#[derive(Debug, Clone)]
pub(super) struct Others {
    pub(super) group: Group,
    /// Which groups these are, for an estimate of how many.
    pub(super) seen: Registers,
}

/// Where a record is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Group(usize),
    Others,
}

/// All that a tally has taken.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) index: HashMap<Box<[u8]>, usize>,
    pub(super) groups: Vec<Group>,
    pub(super) others: Option<Box<Others>>,
    pub(super) hist: Hist,
    pub(super) faults: Vec<Faults>,
    pub(super) records: u64,
    /// Records that were in too many groups to be counted in all of them.
    pub(super) crowded: u64,
    /// Records without a time, and from when to when the others are, in milliseconds.
    pub(super) timeless: u64,
    pub(super) span: Option<(i64, i64)>,
    bytes: usize,
    pub(super) level: usize,
    /// Groups that are kept may have records among the others.
    pub(super) mixed: bool,
}

/// What is used again for every record.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Encoded values of all that is grouped by, one behind the other, and where each lies.
    values: Vec<u8>,
    spans: Vec<Range<usize>>,
    /// Where in `spans` the values of each operand begin.
    starts: Vec<usize>,
    key: Vec<u8>,
    places: Vec<Place>,
    mark: Vec<u8>,
}

impl Kept {
    pub(super) fn new(stages: &Inner) -> Self {
        let mut kept = Self {
            index: HashMap::new(),
            groups: Vec::new(),
            others: None,
            hist: Hist::default(),
            faults: vec![Faults::default(); stages.reads.len()],
            records: 0,
            crowded: 0,
            timeless: 0,
            span: None,
            bytes: 0,
            level: 0,
            mixed: false,
        };
        // Without groups there is one row, also of nothing.
        if !stages.hist && stages.groups.is_empty() && stages.every.is_none() {
            kept.insert(&[], stages.group());
        }
        kept
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.hist.bytes()
    }

    /// Takes a record that matches.
    pub(super) fn take(&mut self, stages: &Inner, subject: &Subject<'_>, scratch: &mut Scratch) {
        self.records = self.records.saturating_add(1);
        let time = if stages.rate || stages.every.is_some() { Measure::Time.of(subject) } else { None };
        match time {
            Some(ms) if stages.rate => self.span = Some(self.span.map_or((ms, ms), |(from, to)| (from.min(ms), to.max(ms)))),
            None if stages.rate || stages.every.is_some() => self.timeless = self.timeless.saturating_add(1),
            _ => {}
        }
        if !stages.hist {
            self.place(stages, subject, time, scratch);
            for place in &scratch.places {
                if let Some(group) = self.at(*place) {
                    group.count = group.count.saturating_add(1);
                    group.timed = group.timed.saturating_add(u64::from(time.is_some()));
                }
            }
        }
        for (at, (_, read, slots)) in stages.reads.iter().enumerate() {
            self.feed(stages, at, (read, slots), subject, scratch);
        }
        if self.bytes > stages.max_bytes && self.level < LAST_LEVEL {
            self.shrink(self.level + 1);
        }
    }

    /// Finds the groups of a record.
    fn place(&mut self, stages: &Inner, subject: &Subject<'_>, time: Option<i64>, scratch: &mut Scratch) {
        scratch.places.clear();
        if encode(stages, subject, time, scratch) {
            // One value of each: the values as they lie are the group.
            let place = self.find(stages, &scratch.values);
            scratch.places.push(place);
            return;
        }
        let mut all = products(scratch);
        if all.len() > MAX_PER_RECORD {
            all.truncate(MAX_PER_RECORD);
            self.crowded = self.crowded.saturating_add(1);
        }
        for choice in all {
            scratch.key.clear();
            for span in choice {
                scratch.key.extend_from_slice(scratch.values.get(span).unwrap_or_default());
            }
            let place = self.find(stages, &scratch.key);
            if !scratch.places.contains(&place) {
                scratch.places.push(place);
            }
        }
    }

    #[inline]
    fn find(&mut self, stages: &Inner, key: &[u8]) -> Place {
        if let Some(at) = self.index.get(key) {
            return Place::Group(*at);
        }
        if self.has_room(stages) {
            return Place::Group(self.insert(key, stages.group()));
        }
        let mark = Mark::of(key);
        self.others(stages).seen.see(mark);
        Place::Others
    }

    fn has_room(&self, stages: &Inner) -> bool {
        self.groups.len() < stages.max_groups && (self.bytes <= stages.max_bytes || self.level < LAST_LEVEL)
    }

    fn insert(&mut self, key: &[u8], group: Group) -> usize {
        // The key stands in the index alone, with a pointer, a length and a place.
        self.bytes += key.len() + 32 + group.bytes();
        self.index.insert(key.into(), self.groups.len());
        self.groups.push(group);
        self.groups.len() - 1
    }

    fn others(&mut self, stages: &Inner) -> &mut Others {
        self.others.get_or_insert_with(|| Box::new(Others { group: stages.group(), seen: Registers::new(12) }))
    }

    fn at(&mut self, place: Place) -> Option<&mut Group> {
        match place {
            Place::Group(at) => self.groups.get_mut(at),
            Place::Others => self.others.as_mut().map(|others| &mut others.group),
        }
    }

    /// Reads an operand and gives its values to the states of the record's groups.
    fn feed(&mut self, stages: &Inner, at: usize, (read, slots): (&Read, &[usize]), subject: &Subject<'_>, scratch: &mut Scratch) {
        let kind = |slot: &usize| stages.kinds.get(*slot).copied();
        let marks = slots.iter().any(|slot| kind(slot) == Some(Kind::Distinct));
        let numbers = stages.hist || slots.iter().any(|slot| kind(slot) != Some(Kind::Distinct));
        let mut faults = Faults::default();
        let level = self.level;
        let found = read.each(subject, &mut |seen| {
            let number = if numbers { Some(seen.number()) } else { None };
            match &number {
                Some(Err(Unfit::NotANumber)) => faults.not_a_number += 1,
                Some(Err(Unfit::Beyond)) => faults.beyond += 1,
                Some(Ok(_)) | None => {}
            }
            let mark = marks.then(|| {
                scratch.mark.clear();
                seen.encode(true, &mut scratch.mark);
                Mark::of(&scratch.mark)
            });
            let given = Given { number: number.as_ref().and_then(|number| number.as_ref().ok()), mark };
            if let (true, Some(number)) = (stages.hist, given.number) {
                self.hist.add(number);
            }
            for place in &scratch.places {
                let Some(group) = self.at(*place) else { continue };
                let (mut before, mut after) = (0, 0);
                for slot in slots {
                    before += group.grown(*slot);
                    if let Some(state) = group.states.get_mut(*slot) {
                        state.add(&given, level);
                    }
                    after += group.grown(*slot);
                }
                self.bytes = (self.bytes + after).saturating_sub(before);
            }
        });
        faults.missing += u64::from(!found);
        if let Some(all) = self.faults.get_mut(at) {
            all.add(faults);
        }
    }

    /// Keeps less of each group from now on.
    fn shrink(&mut self, level: usize) {
        self.level = self.level.max(level);
        for group in self.groups.iter_mut().chain(self.others.as_mut().map(|others| &mut others.group)) {
            let before = group.bytes();
            group.fit(self.level);
            self.bytes = (self.bytes + group.bytes()).saturating_sub(before);
        }
    }

    pub(super) fn merge(&mut self, stages: &Inner, other: Self) {
        if other.records == 0 {
            return;
        }
        self.records = self.records.saturating_add(other.records);
        self.crowded = self.crowded.saturating_add(other.crowded);
        self.timeless = self.timeless.saturating_add(other.timeless);
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (ours, theirs) => ours.or(theirs),
        };
        for (ours, theirs) in self.faults.iter_mut().zip(&other.faults) {
            ours.add(*theirs);
        }
        self.hist.merge(&other.hist);
        if other.level > self.level {
            self.shrink(other.level);
        }
        let mut groups: Vec<Option<Group>> = other.groups.into_iter().map(Some).collect();
        for (key, at) in other.index {
            let Some(group) = groups.get_mut(at).and_then(Option::take) else { continue };
            self.join(stages, &key, group);
        }
        self.mixed |= other.mixed;
        if let Some(others) = other.others {
            self.mixed = true;
            let level = self.level;
            let ours = self.others(stages);
            ours.seen.join(&others.seen);
            ours.group.merge(others.group, level);
        }
        while self.bytes > stages.max_bytes && self.level < LAST_LEVEL {
            self.shrink(self.level + 1);
        }
    }

    fn join(&mut self, stages: &Inner, key: &[u8], mut group: Group) {
        let level = self.level;
        if let Some(at) = self.index.get(key).copied() {
            if let Some(ours) = self.groups.get_mut(at) {
                let before = ours.bytes();
                ours.merge(group, level);
                self.bytes = (self.bytes + ours.bytes()).saturating_sub(before);
            }
        } else if self.has_room(stages) {
            group.fit(level);
            self.insert(key, group);
        } else {
            let mark = Mark::of(key);
            let others = self.others(stages);
            others.seen.see(mark);
            others.group.merge(group, level);
        }
    }
}

impl Faults {
    fn add(&mut self, other: Self) {
        self.missing = self.missing.saturating_add(other.missing);
        self.not_a_number = self.not_a_number.saturating_add(other.not_a_number);
        self.beyond = self.beyond.saturating_add(other.beyond);
    }
}

/// Encodes what the record is grouped by: the window first, then all values of each operand, each different one once.
/// True: there was one value of each.
fn encode(stages: &Inner, subject: &Subject<'_>, time: Option<i64>, scratch: &mut Scratch) -> bool {
    let Scratch { values, spans, starts, .. } = scratch;
    let mut one = true;
    values.clear();
    spans.clear();
    starts.clear();
    if let Some(every) = stages.every {
        starts.push(spans.len());
        match time {
            Some(ms) => read::Seen::Time(ms.saturating_sub(ms.rem_euclid(every))).encode(false, values),
            None => read::absent(values),
        }
        spans.push(0..values.len());
    }
    for read in &stages.groups {
        let first = spans.len();
        starts.push(first);
        let found = read.each(subject, &mut |seen| {
            let start = values.len();
            seen.encode(false, values);
            spans.push(start..values.len());
        });
        if !found {
            let start = values.len();
            read::absent(values);
            spans.push(start..values.len());
        }
        if let Some(own) = spans.get_mut(first..).filter(|own| own.len() > 1) {
            one = false;
            let bytes = |span: &Range<usize>| values.get(span.clone()).unwrap_or_default();
            own.sort_by(|a, b| bytes(a).cmp(bytes(b)));
            // Values that are there twice put the record into their group once.
            let mut last = first;
            for at in first + 1..spans.len() {
                let (Some(kept), Some(next)) = (spans.get(last).cloned(), spans.get(at).cloned()) else { break };
                if bytes(&kept) != bytes(&next) {
                    last += 1;
                    if let Some(place) = spans.get_mut(last) {
                        *place = next;
                    }
                }
            }
            spans.truncate(last + 1);
        }
    }
    one
}

/// Every choice of one value for each operand, as far as they are counted, and one more.
fn products(scratch: &Scratch) -> Vec<Vec<Range<usize>>> {
    let mut all: Vec<Vec<Range<usize>>> = vec![Vec::new()];
    for (at, start) in scratch.starts.iter().enumerate() {
        let end = scratch.starts.get(at + 1).copied().unwrap_or(scratch.spans.len());
        let own = scratch.spans.get(*start..end).unwrap_or_default();
        let longer =
            |choice: &Vec<_>| own.iter().map(|span| choice.iter().cloned().chain([span.clone()]).collect()).collect::<Vec<Vec<_>>>();
        all = all.iter().flat_map(longer).take(MAX_PER_RECORD + 1).collect();
    }
    all
}

//! The lines of the list: records by number, and notes between them (facts of the stream, marks of the user). Kept in
//! order of the numbers; rows of evicted records go, the selected record stays selected.

use std::collections::{BTreeSet, VecDeque};

use crate::core::cursor::Cursor;
use crate::core::store::Seq;
use crate::core::stream::Fact;
use crate::model::Time;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Record(Seq),
    /// Index of a note, counted over the screen's life.
    Note(u32),
}

/// A line between records.
#[derive(Debug, Clone)]
pub(super) struct Note {
    /// It stands before this record, whether that has arrived or not.
    pub(super) before: Seq,
    pub(super) what: What,
    /// It left the list together with records that it stood between.
    gone: bool,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// `m`: the user drew a line at this moment.
    Mark(Time),
    Fact(Fact),
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    lines: VecDeque<Row>,
    notes: Vec<Note>,
    pub(super) cursor: Cursor,
    pub(super) marked: BTreeSet<Seq>,
    /// So many records are listed, the newest.
    pub(super) most: Option<usize>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn get(&self, at: usize) -> Option<Row> {
        self.lines.get(at).copied()
    }

    pub(super) fn note(&self, n: u32) -> Option<&Note> {
        self.notes.get(n as usize)
    }

    /// The record under the cursor; on a note, the nearest one before it, else behind it.
    pub(super) fn selected(&self) -> Option<Seq> {
        let at = self.cursor.at;
        let record = |n: usize| match self.lines.get(n) {
            Some(Row::Record(seq)) => Some(*seq),
            _ => None,
        };
        record(at).or_else(|| (0..at).rev().find_map(record)).or_else(|| (at..self.lines.len()).find_map(record))
    }

    /// Records in the list, in order.
    pub(super) fn records(&self) -> impl Iterator<Item = Seq> + '_ {
        self.lines.iter().filter_map(|row| match row {
            Row::Record(seq) => Some(*seq),
            Row::Note(_) => None,
        })
    }

    /// Records that arrived: the list ends with them.
    pub(super) fn append(&mut self, from: Seq, to: Seq) {
        self.lines.extend((from.0..to.0).map(|n| Row::Record(Seq(n))));
        self.keep_newest();
    }

    /// What is over the limit goes at the front.
    fn keep_newest(&mut self) {
        let Some(most) = self.most else { return };
        let mut over = self.records().count().saturating_sub(most);
        let mut gone = 0;
        while over > 0 {
            let Some(row) = self.lines.pop_front() else { break };
            over -= usize::from(matches!(row, Row::Record(_)));
            gone += 1;
        }
        self.cursor.shift(gone);
    }

    /// Older records: the list begins with them. The same line stays selected, at the same place of the window.
    pub(super) fn prepend(&mut self, from: Seq, to: Seq) {
        let was_empty = self.lines.is_empty();
        for n in (from.0..to.0).rev() {
            self.lines.push_front(Row::Record(Seq(n)));
        }
        let came = usize::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
        let came = if was_empty { came.saturating_sub(1) } else { came };
        self.cursor.at += came;
        self.cursor.top += came;
        self.keep_newest();
    }

    /// A note that stands before `before`.
    pub(super) fn insert_note(&mut self, before: Seq, what: What) {
        let n = u32::try_from(self.notes.len()).unwrap_or(u32::MAX);
        self.notes.push(Note { before, what, gone: false });
        let at = self.lines.partition_point(|row| self.position(*row) < (before, 1));
        self.lines.insert(at, Row::Note(n));
        if at <= self.cursor.at && at + 1 < self.lines.len() {
            self.cursor.at += 1;
            self.cursor.top += usize::from(at < self.cursor.top);
        }
    }

    /// Order of lines: a note comes before the record that it names, after the notes made earlier.
    fn position(&self, row: Row) -> (Seq, u8) {
        match row {
            Row::Record(seq) => (seq, 1),
            Row::Note(n) => (self.notes.get(n as usize).map_or(Seq(i64::MAX), |note| note.before), 0),
        }
    }

    /// Only these records (in order) from now on, with the notes between them; the selected record stays selected, or
    /// the nearest one behind it.
    pub(super) fn rebuild(&mut self, records: impl Iterator<Item = Seq>, first: Seq, height: usize) {
        let selected = self.selected();
        let mut rows: Vec<Row> = records.map(Row::Record).collect();
        let notes = self.notes.iter().enumerate().filter(|(_, note)| note.before >= first && !note.gone);
        rows.extend(notes.map(|(n, _)| Row::Note(u32::try_from(n).unwrap_or(u32::MAX))));
        rows.sort_by_key(|row| self.position(*row));
        self.lines = rows.into();
        let at = selected.map_or(0, |seq| self.lines.partition_point(|row| self.position(*row) < (seq, 1)));
        self.cursor.to(at, self.lines.len(), height);
        self.keep_newest();
        self.cursor.fit(self.lines.len(), height);
    }

    /// Everything before `first` was evicted.
    pub(super) fn evict(&mut self, first: Seq) {
        let gone = self.lines.partition_point(|row| self.position(*row) < (first, 0));
        for row in self.lines.drain(..gone) {
            if let Row::Note(n) = row
                && let Some(note) = self.notes.get_mut(n as usize)
            {
                note.gone = true;
            }
        }
        self.cursor.shift(gone);
        self.marked = self.marked.split_off(&first);
    }

    /// What was said to be missing before a record is not any more.
    pub(super) fn forget_not_kept(&mut self, before: Seq) {
        for note in &mut self.notes {
            note.gone |= note.before == before && matches!(note.what, What::Fact(Fact::NotKept { .. }));
        }
        let gone = |row: &Row| matches!(row, Row::Note(n) if self.notes.get(*n as usize).is_some_and(|note| note.gone));
        self.lines.retain(|row| !gone(row));
    }

    /// Where the next mark or fact after the cursor stands, or the first one of all.
    pub(super) fn next_note(&self) -> Option<usize> {
        let is_note = |n: &usize| matches!(self.lines.get(*n), Some(Row::Note(_)));
        (self.cursor.at + 1..self.lines.len()).find(is_note).or_else(|| (0..self.lines.len()).find(is_note))
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.notes.iter_mut().for_each(|note| note.gone = true);
        self.marked.clear();
        self.cursor = Cursor::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(records: i64) -> Rows {
        let mut rows = Rows::default();
        rows.append(Seq(0), Seq(records));
        rows
    }

    #[test]
    fn notes_stand_before_their_record_and_eviction_keeps_the_selection() {
        let mut rows = rows(4);
        rows.cursor.to(3, 4, 10);
        rows.insert_note(Seq(2), What::Fact(Fact::Deleted));
        assert_eq!(rows.get(2), Some(Row::Note(0)));
        assert_eq!(rows.selected(), Some(Seq(3)));
        rows.evict(Seq(2));
        assert_eq!((rows.len(), rows.selected()), (3, Some(Seq(3))));
    }

    #[test]
    fn older_records_come_in_front_of_what_is_seen() {
        let mut rows = rows(40);
        rows.cursor.to(20, 40, 10);
        let (at, top) = (rows.cursor.at, rows.cursor.top);
        rows.prepend(Seq(-3), Seq(0));
        rows.insert_note(Seq(-3), What::Fact(Fact::Deleted));
        assert_eq!((rows.get(0), rows.get(1), rows.selected()), (Some(Row::Note(0)), Some(Row::Record(Seq(-3))), Some(Seq(20))));
        assert_eq!((rows.cursor.at, rows.cursor.top), (at + 4, top + 4));
    }

    #[test]
    fn a_note_that_left_does_not_return() {
        let mut rows = rows(4);
        rows.insert_note(Seq(1), What::Fact(Fact::Deleted));
        rows.evict(Seq(2));
        rows.prepend(Seq(-2), Seq(0));
        rows.rebuild([Seq(-2), Seq(-1), Seq(2), Seq(3)].into_iter(), Seq(-2), 10);
        assert_eq!(rows.len(), 4);
    }

    #[test]
    fn a_rebuild_keeps_the_selected_record_or_the_next() {
        let mut rows = rows(10);
        rows.cursor.to(5, 10, 10);
        rows.rebuild([Seq(1), Seq(5), Seq(7)].into_iter(), Seq(0), 10);
        assert_eq!(rows.selected(), Some(Seq(5)));
        rows.rebuild([Seq(1), Seq(7)].into_iter(), Seq(0), 10);
        assert_eq!(rows.selected(), Some(Seq(7)));
    }

    #[test]
    fn on_a_note_the_record_before_is_meant() {
        let mut rows = rows(2);
        rows.insert_note(Seq(1), What::Mark(Time(0)));
        rows.cursor.to(1, 3, 10);
        assert_eq!(rows.get(1), Some(Row::Note(0)));
        assert_eq!(rows.selected(), Some(Seq(0)));
    }
}

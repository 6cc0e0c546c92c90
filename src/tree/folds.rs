//! What is folded, apart from the document: which rows are visible, and where. Every question takes O(log n) of the
//! number of folds; changing them costs one pass over the folds.

use super::{Kind, Row, Tree};

/// The folds of one view of a document. Folds within a fold are kept: opening the outer one shows them as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folds {
    rows: u32,
    /// Opening rows that are folded, in order.
    folded: Vec<u32>,
    /// What they hide: disjoint, in order, without those inside others.
    hidden: Vec<Hidden>,
}

/// `first..=last` is not visible; `before` rows are hidden before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hidden {
    first: u32,
    last: u32,
    before: u32,
}

impl Hidden {
    fn through(self) -> u32 {
        self.before + (self.last - self.first + 1)
    }
}

impl Folds {
    /// Nothing folded in a document of so many rows.
    pub fn none(rows: u32) -> Self {
        Self { rows, folded: Vec::new(), hidden: Vec::new() }
    }

    /// How many rows are visible.
    pub fn visible(&self) -> u32 {
        self.rows - self.hidden.last().map_or(0, |hidden| hidden.through())
    }

    /// The visible row at a place counted from the top; the last one when there are not so many.
    pub fn row_at(&self, place: u32) -> Row {
        let place = place.min(self.visible().saturating_sub(1));
        let after = self.hidden.partition_point(|hidden| hidden.first - hidden.before <= place);
        let hidden = after.checked_sub(1).and_then(|last| self.hidden.get(last));
        Row(place + hidden.map_or(0, |hidden| hidden.through()))
    }

    /// How many visible rows stand above a row; above its fold when it is hidden.
    pub fn place(&self, row: Row) -> u32 {
        match self.last_hidden(row) {
            Some(hidden) if row.0 <= hidden.last => hidden.first.saturating_sub(1) - hidden.before,
            Some(hidden) => row.0 - hidden.through(),
            None => row.0,
        }
    }

    /// The row itself, or the folded row that hides it: where a cursor goes when its row is folded away.
    pub fn shown(&self, row: Row) -> Row {
        let row = Row(row.0.min(self.rows.saturating_sub(1)));
        match self.last_hidden(row) {
            Some(hidden) if row.0 <= hidden.last => Row(hidden.first.saturating_sub(1)),
            _ => row,
        }
    }

    pub fn is_visible(&self, row: Row) -> bool {
        row.0 < self.rows && self.shown(row) == row
    }

    /// The visible row so many rows further down, or up when negative; it stops at the ends.
    pub fn step(&self, row: Row, by: i64) -> Row {
        let place = i64::from(self.place(row)).saturating_add(by).max(0);
        if self.hidden.is_empty() {
            return Row(u32::try_from(place).unwrap_or(u32::MAX).min(self.rows.saturating_sub(1)));
        }
        self.row_at(u32::try_from(place).unwrap_or(u32::MAX))
    }

    pub fn is_folded(&self, row: Row) -> bool {
        self.folded.binary_search(&row.0).is_ok()
    }

    /// Folds what opens on this row; nothing happens on other rows.
    pub fn fold(&mut self, tree: &Tree, row: Row) {
        if tree.kind(row) == Some(Kind::Open)
            && let Err(at) = self.folded.binary_search(&row.0)
        {
            self.folded.insert(at, row.0);
            self.hide(tree);
        }
    }

    pub fn unfold(&mut self, tree: &Tree, row: Row) {
        if let Ok(at) = self.folded.binary_search(&row.0) {
            self.folded.remove(at);
            self.hide(tree);
        }
    }

    /// Folds or unfolds what opens or closes on this row. Returns the row where the cursor belongs.
    pub fn toggle(&mut self, tree: &Tree, row: Row) -> Row {
        let row = tree.opening(row);
        if self.is_folded(row) {
            self.unfold(tree, row);
        } else {
            self.fold(tree, row);
        }
        self.shown(row)
    }

    /// Folds this row and everything within it.
    pub fn fold_deep(&mut self, tree: &Tree, row: Row) {
        let (row, end) = (tree.opening(row), tree.end(row));
        self.replace(tree, row, end, tree.opens(row, end).map(|(row, _)| row));
    }

    /// Unfolds this row and everything within it.
    pub fn unfold_deep(&mut self, tree: &Tree, row: Row) {
        let (row, end) = (tree.opening(row), tree.end(row));
        self.replace(tree, row, end, std::iter::empty());
    }

    pub fn open_all(&mut self) {
        self.folded.clear();
        self.hidden.clear();
    }

    pub fn close_all(&mut self, tree: &Tree) {
        self.to_level(tree, 0);
    }

    /// Folds what opens at this depth or deeper and opens the rest: with 1, the members of the outermost object show, folded.
    pub fn to_level(&mut self, tree: &Tree, level: usize) {
        let last = Row(self.rows.saturating_sub(1));
        self.folded = tree.opens(Row(0), last).filter(|&(_, depth)| depth >= level).map(|(row, _)| row).collect();
        self.hide(tree);
    }

    /// Opens every fold around a row, so that it can be seen.
    pub fn reveal(&mut self, tree: &Tree, row: Row) {
        if self.is_visible(row) {
            return;
        }
        let mut around = Vec::new();
        let mut at = tree.parent(row);
        while let Some(parent) = at {
            around.push(parent.0);
            at = tree.parent(parent);
        }
        // Parents come from the innermost out, so they are sorted backwards.
        self.folded.retain(|folded| around.binary_search_by(|row| folded.cmp(row)).is_err());
        self.hide(tree);
    }

    fn replace(&mut self, tree: &Tree, from: Row, to: Row, folded: impl Iterator<Item = u32>) {
        let start = self.folded.partition_point(|&row| row < from.0);
        let end = self.folded.partition_point(|&row| row <= to.0);
        self.folded.splice(start..end, folded);
        self.hide(tree);
    }

    /// Works out anew what the folds hide.
    fn hide(&mut self, tree: &Tree) {
        self.hidden.clear();
        let (mut at, mut before) = (0, 0);
        while let Some(&row) = self.folded.get(at) {
            let last = tree.end(Row(row)).0;
            at += 1;
            if last <= row {
                continue;
            }
            let hidden = Hidden { first: row + 1, last, before };
            before = hidden.through();
            self.hidden.push(hidden);
            // Most folds have few others inside: looking at the next ones is faster than a search in all of them.
            let rest = self.folded.get(at..).unwrap_or_default();
            let inside = rest.iter().take(16).take_while(|&&next| next <= last).count();
            at += if inside < 16 { inside } else { rest.partition_point(|&next| next <= last) };
        }
    }

    /// The last hidden stretch that begins at or before a row.
    fn last_hidden(&self, row: Row) -> Option<Hidden> {
        let after = self.hidden.partition_point(|hidden| hidden.first <= row.0);
        after.checked_sub(1).and_then(|last| self.hidden.get(last)).copied()
    }
}

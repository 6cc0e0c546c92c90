//! Messages around what a group committed: the record that it reads next is marked, and the cursor goes there.

use std::collections::BTreeMap;

use crate::core::action::Action;
use crate::core::cursor::Place;
use crate::core::store::Seq;
use crate::model::{GroupId, Offset, PartitionId};
use crate::query::position::Position;
use crate::screens::{At, Cx};
use crate::text::{Shown, units};

use super::Messages;
use super::reader::From;
use super::rows::Row;

/// Where a group stands in the partition that is shown.
#[derive(Debug)]
pub(super) struct Committed {
    /// Nobody: it is a record that was sent.
    pub(super) group: Option<GroupId>,
    pub(super) partition: PartitionId,
    /// Of the record that is read next; where the log has a gap there, the record is the first one behind it.
    pub(super) offset: Offset,
    pub(super) stuck: bool,
    /// It is a record that was looked for.
    found: bool,
    /// The record, once it has arrived.
    seq: Option<Seq>,
    /// The list was begun elsewhere since: only the very offset is meant, not what comes first behind it.
    exact: bool,
    /// The cursor was moved by hand, or has been put there.
    settled: bool,
}

impl Committed {
    /// What stands beside the record.
    pub(super) fn word(&self) -> &'static str {
        match (&self.group, self.stuck) {
            (None, _) if self.found => "found",
            (None, _) => "sent",
            (Some(_), true) => "stuck here",
            (Some(_), false) => "committed",
        }
    }

    pub(super) fn is(&self, seq: Seq) -> bool {
        self.seq == Some(seq)
    }

    /// The list is read anew, from elsewhere.
    pub(super) fn elsewhere(&mut self) {
        self.exact = true;
        self.settled = true;
    }

    pub(super) fn settle(&mut self) {
        self.settled = true;
    }

    pub(super) fn forget(&mut self) {
        self.seq = None;
    }
}

impl Messages {
    /// A change of the group that the list was opened for: a skip is of the selected record.
    pub(super) fn change_group(&self, cx: &mut Cx<'_>, action: Action) {
        let Some(group) = self.committed.as_ref().and_then(|committed| committed.group.as_ref()) else { return };
        let record = self.rows.selected().and_then(|seq| self.store.get(seq));
        let at = record.map(|record| (self.reader.topic.name.clone(), record.partition, Some(record.offset)));
        if action == Action::SkipRecord && at.is_none() {
            return cx.notices.look(cx.now, "No record is selected.");
        }
        cx.change(action, group, None, at);
    }

    /// Opens one partition where a group stands in it.
    pub fn open_at(at: At, cx: &mut Cx<'_>) -> Self {
        let offset = units::thousands(at.offset.0);
        let words = match &at.group {
            Some(group) => format!("around what {} committed, {offset}", Shown::of(group.raw()).cut(30)),
            None if at.found => format!("around what was found, {offset}"),
            None => format!("around what was sent, {offset}"),
        };
        let from = From { position: Position::Offsets(BTreeMap::from([(at.partition, at.from)])), newest: None, words };
        // A group that has read everything stands at the end: what comes is what it reads next.
        let mut messages = Self::made(at.topic, from, at.level, cx);
        messages.reader.partitions = Some(vec![at.partition]);
        // So much follows that the record would be pushed out of the buffer.
        let room = i64::try_from(cx.settings.limits.records / 4).unwrap_or(i64::MAX);
        if at.end.0.saturating_sub(at.offset.0) > room {
            messages.reader.until = Some(Position::Offset(Offset(at.offset.0.saturating_add(room))));
        }
        messages.committed = Some(Committed {
            group: at.group,
            partition: at.partition,
            offset: at.offset,
            stuck: at.stuck,
            found: at.found,
            seq: None,
            exact: false,
            settled: at.level,
        });
        messages.restart(cx);
        messages
    }

    /// Looks for the record among those that came, and puts the cursor on it the first time.
    pub(super) fn find_committed(&mut self, (from, to): (Seq, Seq), height: usize) {
        let Some(committed) = self.committed.as_mut().filter(|committed| committed.seq.is_none()) else { return };
        let found = (from.0..to.0).map(Seq).find(|seq| {
            self.store.get(*seq).is_some_and(|record| {
                let there = if committed.exact { record.offset == committed.offset } else { record.offset >= committed.offset };
                record.partition == committed.partition && there
            })
        });
        let Some(seq) = found else { return };
        committed.seq = Some(seq);
        if !std::mem::replace(&mut committed.settled, true) {
            let at = (0..self.rows.len()).find(|at| self.rows.get(*at) == Some(Row::Record(seq)));
            if let Some(at) = at {
                self.rows.cursor.to(at, self.rows.len(), height);
                self.rows.cursor.place(Place::Middle, self.rows.len(), height);
            }
        }
    }
}

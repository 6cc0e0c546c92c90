//! From a record that was read to one that is written: as a pattern, or again as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::core::action::Action;
use crate::core::produce::{From, NewRecord, Opening, Redrive};
use crate::core::store::Seq;
use crate::core::stream::lanes;
use crate::model::Chunk;
use crate::screens::{Cx, Route};

use super::Messages;

impl Messages {
    pub(super) fn produce(&self, cx: &mut Cx<'_>, action: Action) {
        let selected = self.rows.selected().and_then(|seq| self.store.get(seq));
        // The selected record's own topic, where there are several.
        let name = &selected.map_or(&self.reader.topic, |record| self.reader.place(record.partition).0).name;
        let from = match action {
            Action::ProduceLike => match self.rows.selected().and_then(|seq| self.store.get(seq)) {
                Some(record) => {
                    let at = format!("{}@{}", self.reader.place(record.partition).1.0, record.offset.0);
                    // A new one gets its own time.
                    let like = NewRecord { timestamp_ms: None, ..NewRecord::like(&record) };
                    From::Record(Box::new(like), at)
                }
                None => return cx.notices.look(cx.now, "No record is selected."),
            },
            Action::SendAgain | Action::SendListAgain => {
                let meant: Vec<Seq> = if action == Action::SendListAgain {
                    self.rows.records().collect()
                } else if self.rows.marked.is_empty() {
                    self.rows.selected().into_iter().collect()
                } else {
                    self.rows.marked.iter().copied().collect()
                };
                if self.reader.is_several() {
                    let topics: BTreeSet<_> =
                        meant.iter().filter_map(|&seq| Some(lanes::place(self.store.get(seq)?.partition).0)).collect();
                    if topics.len() > 1 {
                        return cx
                            .notices
                            .look(cx.now, "Records of one topic at a time are sent again: topic == NAME in the bar narrows the list.");
                    }
                }
                let rows: Vec<_> =
                    meant.iter().filter_map(|&seq| self.store.locate(seq)).map(|(chunk, row)| (Arc::clone(chunk), row)).collect();
                let rows = self.own_rows(rows);
                let name = &meant
                    .first()
                    .and_then(|&seq| self.store.get(seq))
                    .map_or(&self.reader.topic, |record| self.reader.place(record.partition).0)
                    .name;
                if rows.is_empty() {
                    return cx.notices.look(cx.now, "There is no record to send.");
                }
                let redrive = Redrive { from: name.clone(), rows, keep_partition: false, keep_time: false, origin: false };
                From::Records(Box::new(redrive))
            }
            _ => From::Nothing,
        };
        // Where records are sent again is a decision: nothing is filled in.
        let again = matches!(action, Action::SendAgain | Action::SendListAgain);
        let topic = if again { String::new() } else { name.raw().to_owned() };
        cx.go = Some(Route::Produce(Box::new(Opening { topic, from })));
    }
    /// Records as their own topic has them.
    pub(super) fn own_rows(&self, rows: Vec<(Arc<Chunk>, usize)>) -> Vec<(Arc<Chunk>, usize)> {
        if !self.reader.is_several() {
            return rows;
        }
        rows.iter().filter_map(|(chunk, row)| Some((self.reader.own(chunk, *row)?.1, 0))).collect()
    }
}

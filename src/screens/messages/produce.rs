//! From a record that was read to one that is written: as a pattern, or again as it is.

use std::sync::Arc;

use crate::core::action::Action;
use crate::core::produce::{From, NewRecord, Opening, Redrive};
use crate::core::store::Seq;
use crate::screens::{Cx, Route};

use super::Messages;

impl Messages {
    pub(super) fn produce(&self, cx: &mut Cx<'_>, action: Action) {
        let name = &self.reader.topic.name;
        let from = match action {
            Action::ProduceLike => match self.rows.selected().and_then(|seq| self.store.get(seq)) {
                Some(record) => {
                    let at = format!("{}@{}", record.partition.0, record.offset.0);
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
                let rows: Vec<_> =
                    meant.iter().filter_map(|&seq| self.store.locate(seq)).map(|(chunk, row)| (Arc::clone(chunk), row)).collect();
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
}

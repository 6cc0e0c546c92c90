//! Saving the list as NDJSON, in the form of `kscope topics -o ndjson`.

use std::sync::Arc;

use super::Topics;
use crate::core::ask::{Answer, Ask};
use crate::core::listing;
use crate::model::{Failure, Topic};
use crate::screens::{Cx, written};
use crate::text::row::{self, Row};
use crate::text::units;

impl Topics {
    /// The topics to be written: the marked ones as far as they are there, else the listed ones.
    pub(super) fn saved(&self) -> Vec<&Arc<Topic>> {
        let marked = self.view.iter().flat_map(|view| &view.topics).filter(|topic| self.marks.contains(&topic.name));
        if self.marks.is_empty() { (0..self.rows.len()).filter_map(|row| self.topic(row)).collect() } else { marked.collect() }
    }

    /// Has the rows written as they are known now. A file is worth more with its gaps named than not at all.
    pub(super) fn save(&mut self, cx: &mut Cx<'_>) {
        let rows: Vec<Row> = self.saved().into_iter().map(|topic| listing::topic(topic, cx.cluster.figures.of(topic))).collect();
        let unknown = row::unknown(&rows, "offsets");
        self.saving = Some((cx.start(Ask::SaveRows { name: "topics", rows }), unknown));
    }

    /// Says how that ended; `unknown`: of how many the offsets are not in it.
    pub(super) fn was_saved(cx: &mut Cx<'_>, result: Result<Answer, Failure>, unknown: usize) {
        match result {
            Ok(Answer::Exported { path, records, bytes }) => {
                let gaps =
                    if unknown > 0 { format!(" ({} without offsets)", units::thousands(units::wide(unknown))) } else { String::new() };
                let what = units::counted(units::wide(records), "topic") + &gaps;
                cx.notices.good(cx.now, written(&path, &what, bytes));
            }
            Ok(_) => {}
            Err(failure) => cx.notices.failure(&failure),
        }
    }
}

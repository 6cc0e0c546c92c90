//! The rows of a plan, and of what became of it. Names and order are a public interface.

use crate::cli::rows::{Field, Row, maybe};
use crate::core::reset::{self, Outcome, Plan, To};
use crate::model::{Offset, Why};

/// One row a partition: where its commit is, where it would be.
pub(super) fn of_plan(plan: &Plan) -> Vec<Row> {
    plan.rows.iter().map(|row| planned(plan, row)).collect()
}

/// With what became of those that were to be changed.
pub(super) fn of_outcomes(plan: &Plan, outcomes: &[Outcome]) -> Vec<Row> {
    let with = |row: &reset::Row| {
        let outcome = outcomes.iter().find(|outcome| outcome.partition == row.partition && outcome.topic == row.topic);
        let mut fields = planned(plan, row);
        let text = |text: &str| Field::Text(text.to_owned());
        fields.push(("outcome", outcome.map_or(Field::Null, |outcome| text(outcome.fate.word()))));
        let read_back = outcome.and_then(|outcome| outcome.read_back.as_ref().ok()?.as_ref()).map(|commit| commit.offset.0);
        fields.push(("readBack", maybe(read_back)));
        fields.push(("error", outcome.and_then(|outcome| outcome.fate.error()).map_or(Field::Null, text)));
        fields
    };
    plan.rows.iter().map(with).collect()
}

fn planned(plan: &Plan, row: &reset::Row) -> Row {
    let known = |position: &Result<Offset, Why>| maybe(position.as_ref().ok().map(|offset| offset.0));
    let forgotten = (row.to == To::Forget && row.changes()).then(|| "no commit afterwards".to_owned());
    let note = row.note();
    let note = forgotten.into_iter().chain((!note.is_empty()).then_some(note)).collect::<Vec<_>>().join("; ");
    vec![
        ("group", Field::Text(plan.wish.group.raw().to_owned())),
        ("topic", Field::Text(row.topic.raw().to_owned())),
        ("partition", row.partition.0.into()),
        ("committed", maybe(row.committed().map(|commit| commit.offset.0))),
        ("target", maybe(row.target().map(|offset| offset.0))),
        ("change", maybe(row.change())),
        ("logStart", known(&row.place.start)),
        ("logEnd", known(&row.place.high)),
        ("note", Field::Text(note)),
    ]
}

//! The rows of a plan, and of what became of it. Names and order are a public interface.

use crate::cli::rows::{Field, Row, maybe};
use crate::core::reset::{self, Outcome, Plan, To};
use crate::model::{Commit, Offset, Why};

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
        fields.push(("outcome", outcome.map_or(Field::Absent, |outcome| text(outcome.fate.word()))));
        fields.push(("readBack", outcome.map_or(Field::Absent, |outcome| commit(&outcome.read_back))));
        fields.push(("error", outcome.and_then(|outcome| outcome.fate.error()).map_or(Field::Absent, text)));
        fields
    };
    plan.rows.iter().map(with).collect()
}

/// No commit is known to be none; what could not be read is unknown.
fn commit(read: &Result<Option<Commit>, Why>) -> Field {
    match read {
        Ok(Some(commit)) => commit.offset.0.into(),
        Ok(None) => Field::Absent,
        Err(_) => Field::Null,
    }
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
        ("committed", commit(&row.place.commit)),
        ("target", row.target().map_or(Field::Absent, |offset| offset.0.into())),
        ("change", row.change().map_or(if row.place.commit.is_err() { Field::Null } else { Field::Absent }, Field::from)),
        ("logStart", known(&row.place.start)),
        ("logEnd", known(&row.place.high)),
        ("note", Field::Text(note)),
    ]
}

//! What would be sent now. It is made when the form or the topic changes, and drawn as often as need be: with a value of a
//! megabyte that is what keeps the keys quick.

use std::collections::BTreeMap;

use super::form::{Form, Source, Wrong, json_error};
use super::rehearsal::Rehearsal;
use crate::core::produce::template::Filling;
use crate::core::produce::{NewRecord, Records, Target};
use crate::model::{PartitionId, Time};

/// See the module.
#[derive(Debug)]
pub(super) struct Draft {
    /// What ctrl-s sends, or what is wrong with it.
    pub(super) records: Result<Records, Wrong>,
    /// One of the records, filled; for those that are composed here.
    pub(super) one: Option<Result<NewRecord, Wrong>>,
    /// Where its key leads to, where it does.
    pub(super) place: Option<PartitionId>,
    /// Whether its value is JSON; `None`: it does not look like it.
    pub(super) json: Option<bool>,
    pub(super) headers: usize,
    /// For records that are sent again.
    pub(super) rehearsal: Option<Rehearsal>,
}

impl Draft {
    /// `nth`: which of the records that a template makes is shown.
    pub(super) fn of(form: &Form, target: Option<&Target>, variables: &BTreeMap<String, String>, (nth, now): (u64, Time)) -> Self {
        let one = matches!(form.source, Source::Composed).then(|| {
            let mut filling = Filling::new(now, nth.wrapping_mul(7_919));
            filling.seq = nth.saturating_add(1);
            form.template(target, variables).map(|template| template.fill(&mut filling))
        });
        let record = one.as_ref().and_then(|one| one.as_ref().ok());
        let value = record.and_then(|record| record.value.as_deref()).filter(|_| form.checks_json());
        let begins = value.and_then(|value| value.iter().find(|byte| !byte.is_ascii_whitespace()));
        let records = form.records(target, variables);
        // What will be sent; while that is refused, what was read.
        let rehearsal = match (&records, &form.source, target) {
            (Ok(Records::Read(redrive)), _, Some(target)) | (Err(_), Source::Read(redrive), Some(target)) => {
                Some(Rehearsal::of(redrive, form.repeated.len(), target, form.partitioner))
            }
            _ => None,
        };
        Self {
            place: record.zip(target).and_then(|(record, target)| target.place(record, form.partitioner)),
            json: match (value.map(json_error), begins) {
                (Some(Some(_)), _) => Some(false),
                (Some(None), Some(b'{' | b'[')) => Some(true),
                _ => None,
            },
            headers: record.map_or(0, |record| record.headers.len()),
            records,
            one,
            rehearsal,
        }
    }

    /// The record that is shown, as far as it can be made.
    pub(super) fn record(&self) -> Option<&NewRecord> {
        self.one.as_ref()?.as_ref().ok()
    }
}

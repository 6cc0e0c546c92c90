//! What needs the processor alone: values laid out, searched and compared, held records filtered. On the pool.

use std::sync::Arc;

use crate::core::ask::{Answer, Ask, FilterAsk, Matches, RenderAsk};
use crate::core::store::Seq;
use crate::core::stream::lanes;
use crate::decode;
use crate::model::{Cause, Failure, Foreign, RecordRef};
use crate::query::Subject;
use crate::tree::Needle;
use crate::tree::diff::Comparison;

/// Answers what needs the processor alone: no network, no file, no clock.
pub fn compute(ask: &Ask) -> Result<Answer, Failure> {
    match ask {
        Ask::Render(ask) => Ok(render(ask)),
        Ask::Search { seq, view, text } => search(*seq, view, text),
        Ask::Highlight { seq, view, to } => Ok(Answer::Highlighted { seq: *seq, view: Arc::new(view.highlighted_to(*to)) }),
        Ask::Filter(ask) => Ok(Answer::Matches(matches(ask))),
        Ask::Compare { from, to } => Comparison::of((from.chunk(), 0), (to.chunk(), 0))
            .map(|comparison| Answer::Compared(Arc::new(comparison)))
            .ok_or_else(|| Failure::new("compare the records", Cause::Refused("one of them is not there"))),
        _ => Err(Failure::new("work on records", Cause::Refused("this question needs the outside world"))),
    }
}

fn render(ask: &RenderAsk) -> Answer {
    let value = ask.chunk.value_bytes(ask.row);
    let hits = match (&ask.filter, &value) {
        (Some(filter), Some(value)) => filter.hits(value),
        _ => Vec::new(),
    };
    let view = Arc::new(decode::view(value.as_ref(), ask.wanted));
    Answer::Rendered { seq: ask.seq, chunk: Arc::clone(&ask.chunk), row: ask.row, view, hits }
}

fn search(seq: Seq, view: &decode::View, text: &str) -> Result<Answer, Failure> {
    let needle = Needle::typed(text).map_err(|error| Failure::new("search the value", Cause::Usage(Foreign::new(error.to_string()))))?;
    Ok(Answer::Hits { seq, found: Arc::new(view.search(&needle)) })
}

/// The records of a snapshot that match.
fn matches(ask: &FilterAsk) -> Matches {
    let (mut seqs, mut scanned, mut broken) = (Vec::new(), 0, 0);
    for (first, chunk) in ask.snapshot.iter() {
        for (seq, record) in (first.0..).map(Seq).zip(chunk.iter()) {
            scanned += 1;
            let txn = record.transaction.map(|producer| ask.txns.outcome(record.partition, producer, record.offset));
            let (at, partition) = if ask.topics.len() > 1 { lanes::place(record.partition) } else { (0, record.partition) };
            let (topic, record) = (ask.topics.get(at).map_or("", |topic| topic.raw()), RecordRef { partition, ..record });
            let verdict = ask.filter.matches(&Subject { record: &record, topic, txn, now: ask.now });
            broken += u64::from(verdict.not_json || verdict.broken);
            if verdict.matched {
                seqs.push(seq);
            }
        }
    }
    Matches { generation: ask.generation, seqs, scanned, broken }
}

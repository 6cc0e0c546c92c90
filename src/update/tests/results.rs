//! The table of a query: opened from the bar, grown part by part, sorted, and its rows opened as filters.

use std::sync::Arc;

use super::messages;
use crate::core::ask::{Answer, Ask, Tallied};
use crate::core::effect::Effect;
use crate::core::stream::{Ended, Progress};
use crate::model::{Offset, PartitionId};
use crate::query::{Stages, Subject, Tally};
use crate::testing::{Script, chunk, live, made};

/// What is told when records of these pages were counted, of so many offsets.
fn told(script: &Script, pages: &[&str], of: i64, ended: Option<Ended>) -> Answer {
    let stages: Stages = match script.ask("tally").1 {
        Ask::Tally(wanted) => wanted.1.clone(),
        other => panic!("{other:?}"),
    };
    let values: Vec<String> = pages.iter().map(|page| format!("{{\"page\":{page}}}")).collect();
    let records: Vec<_> = (0..).zip(&values).map(|(offset, value)| made(offset, "k", value)).collect();
    let chunk = chunk(&records);
    let mut tally = Tally::new(&stages);
    for record in chunk.iter() {
        tally.take(&Subject { record: &record, topic: "orders", txn: None, now: crate::model::Time(0) });
    }
    let read = i64::try_from(pages.len()).unwrap();
    let mut progress = Progress { live: ended.is_none() && read == of, ..live(1, read) };
    for part in &mut progress.partitions {
        (part.id, part.first, part.position, part.span) = (PartitionId(0), Some(Offset(0)), Offset(read), Some((Offset(0), Offset(of))));
    }
    (progress.read, progress.matched) = (read.unsigned_abs(), read.unsigned_abs());
    Answer::Tallied(Box::new(Tallied { table: Arc::new(tally.table(&stages)), progress, ended }))
}

fn counting() -> Script {
    messages().keys("/").text("| count by .page").keys("enter").sees("› table").sees("Counting …")
}

#[test]
fn a_table_grows_is_sorted_and_its_rows_are_opened() {
    let script = counting();
    let answer = told(&script, &[r#""/cart""#, r#""/a""#, r#""/cart""#], 9, None);
    let script = script.part("tally", answer).sees("counting: 3 of 9 offsets, esc calls it off").sees("/cart").sees("2 rows");
    let answer = told(&script, &[r#""/cart""#, r#""/a""#, r#""/a""#, r#""/a""#, "null"], 5, None);
    let script = script.part("tally", answer).sees("● LIVE").sees("3 rows").sees("∅ null").sees("5 of 5 records counted");
    let first = |script: &Script| script.screen().lines().find(|line| line.contains('▌')).unwrap_or_default().to_owned();
    assert!(first(&script).contains("/a"), "the most first: {}", script.screen());
    // By the page, from the first letter on; then the other way.
    let script = script.keys("O").sees(".page ↑").keys("O").sees(".page ↓");
    let script = script.keys("g").keys("enter").sees(".page ==");
    script.keys("esc esc").sees("› table").sees("● LIVE");
}

#[test]
fn esc_calls_the_counting_off_and_what_was_counted_stays() {
    let script = counting();
    let answer = told(&script, &[r#""/cart""#], 9, None);
    let id = script.ask("tally").0;
    let script = script.part("tally", answer).keys("esc").sees("called off at 1 of 9 offsets").sees("/cart");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Cancel(other) if *other == id)));
    script.keys("esc").sees("no filter");
}

#[test]
fn a_mistake_in_a_stage_is_pointed_at_and_a_table_is_no_filter() {
    messages().keys("/").text("| cuont by .page").sees("did you mean count").keys("enter").sees("did you mean count");
}

#[test]
fn tab_offers_the_fields_that_were_seen() {
    let record = made(0, "k", "{\"status\":\"FAILED\",\"store\":7,\"amount\":1.5}");
    let script = messages().deliver(chunk(&[record]), vec![]).keys("/").text(".am").keys("tab").sees("/ .amount");
    let script = script.keys("ctrl-u").text(".st").keys("tab").sees("1/2").sees("in 1 of 1 records");
    let one = script.screen();
    let script = script.keys("tab").sees("2/2");
    assert_ne!(script.screen(), one, "the other one stands there");
    let script = script.keys("shift-tab").sees("1/2");
    assert_eq!(script.screen(), one);
    script.text(" == 1").sees_not("1/2").keys("esc").sees("no filter");
}

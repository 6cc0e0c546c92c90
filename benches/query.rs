//! Filters over 20,000 clicks of about 316 bytes: `cargo bench --bench query`. Divide by 20,000 for one record.

#![expect(clippy::unwrap_used, reason = "a bench may end loudly")]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kscope::model::{Headers, LeaderEpoch, Offset, PartitionId, RecordRef, Time, TimestampType};
use kscope::query::{Context, Filter, Stages, Subject, Tally, parse};
use memchr::memmem;

const NOW: Time = Time(1_795_176_000_000_000);

fn main() {
    divan::main();
}

/// Six of ten are views.
fn clicks() -> Vec<String> {
    let pad = "x".repeat(190);
    let click = |n: usize| {
        let action = if n % 10 < 6 { "view" } else { "click" };
        format!(
            "{{\"user_id\": {}, \"page\": \"/product/{}\", \"action\": \"{action}\", \"timestamp\": \"2026-11-20T12:40:05.118000+00:00\", \"agent\": \"{pad}\"}}",
            n % 1000,
            n % 97
        )
    };
    (0..20_000).map(click).collect()
}

fn record(value: &str) -> RecordRef<'_> {
    RecordRef {
        partition: PartitionId(0),
        offset: Offset(0),
        timestamp_ms: NOW.millis(),
        timestamp_type: TimestampType::Create,
        key: Some(b"17"),
        value: Some(value.as_bytes()),
        headers: Headers::default(),
        leader_epoch: LeaderEpoch(0),
        transaction: None,
    }
}

/// Tests every record; with the literal of the query first when `prefilter`.
fn run(bencher: Bencher<'_, '_>, query: &str, prefilter: bool) {
    let clicks = clicks();
    let filter = Filter::compile(&parse(query).unwrap(), &Context::utc(NOW));
    let bytes: usize = clicks.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(clicks.len())).bench(|| {
        let matches = |click: &&String| {
            (!prefilter || filter.literals().may_match(click.as_bytes()))
                && filter.matches(&Subject { record: &record(click), topic: "clicks", txn: None, now: NOW }).matched
        };
        black_box(&clicks).iter().filter(matches).count()
    });
}

/// Tallies every record.
fn tally(bencher: Bencher<'_, '_>, query: &str) {
    let clicks = clicks();
    let stages = Stages::compile(&parse(query).unwrap(), &Context::utc(NOW)).unwrap();
    let bytes: usize = clicks.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(clicks.len())).bench(|| {
        let mut tally = Tally::new(&stages);
        for click in black_box(&clicks) {
            tally.take(&Subject { record: &record(click), topic: "clicks", txn: None, now: NOW });
        }
        tally.groups()
    });
}

/// A look at the table of 100,000 groups, as the screen takes it while the history is counted.
#[divan::bench(args = ["| count by .n", "| count by .n | top 100", "| sum .n, count by .n | limit 1000"])]
fn look_at_a_hundred_thousand_groups(bencher: Bencher<'_, '_>, query: &str) {
    let stages = Stages::compile(&parse(query).unwrap(), &Context::utc(NOW)).unwrap();
    let mut tally = Tally::new(&stages);
    for n in 0..100_000_u64 {
        let value = format!("{{\"n\":{}}}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40);
        tally.take(&Subject { record: &record(&value), topic: "clicks", txn: None, now: NOW });
    }
    bencher.counter(ItemsCount::new(tally.groups())).bench(|| black_box(&tally).table(&stages));
}

#[divan::bench]
fn bare_memmem(bencher: Bencher<'_, '_>) {
    let clicks = clicks();
    let (finder, bytes) = (memmem::Finder::new("purchase"), clicks.iter().map(String::len).sum::<usize>());
    bencher
        .counter(BytesCount::new(bytes))
        .bench(|| black_box(&clicks).iter().filter(|click| finder.find(click.as_bytes()).is_some()).count());
}

#[divan::bench]
fn rare_literal_in_the_whole_batch(bencher: Bencher<'_, '_>) {
    let batch = clicks().concat();
    let filter = Filter::compile(&parse(".action == \"purchase\"").unwrap(), &Context::utc(NOW));
    bencher.counter(BytesCount::new(batch.len())).bench(|| filter.literals().may_match(black_box(batch.as_bytes())));
}

#[divan::bench]
fn text_by_smart_case(bencher: Bencher<'_, '_>) {
    run(bencher, "purchase", false);
}

#[divan::bench]
fn text_in_quotes(bencher: Bencher<'_, '_>) {
    run(bencher, "\"purchase\"", false);
}

#[divan::bench]
fn path_equality(bencher: Bencher<'_, '_>) {
    run(bencher, ".action == \"view\"", false);
}

#[divan::bench]
fn path_equality_after_its_literal(bencher: Bencher<'_, '_>) {
    run(bencher, ".action == \"view\"", true);
}

#[divan::bench]
fn path_number(bencher: Bencher<'_, '_>) {
    run(bencher, ".user_id > 500", false);
}

#[divan::bench]
fn two_paths(bencher: Bencher<'_, '_>) {
    run(bencher, ".action == \"view\" and .user_id > 500", false);
}

#[divan::bench]
fn regex_of_a_path(bencher: Bencher<'_, '_>) {
    run(bencher, ".page ~ /^\\/product\\/1/", false);
}

#[divan::bench]
fn path_equality_by_serde_json(bencher: Bencher<'_, '_>) {
    let clicks = clicks();
    let matches = |click: &&String| {
        let value: serde_json::Value = serde_json::from_str(click).unwrap();
        value.get("action").is_some_and(|action| action == "view")
    };
    bencher.bench(|| black_box(&clicks).iter().filter(matches).count());
}

/// What `count_by_page` must do at least: walk to the page.
#[divan::bench]
fn exists_page(bencher: Bencher<'_, '_>) {
    run(bencher, "exists .page", false);
}

#[divan::bench]
fn count_by_page(bencher: Bencher<'_, '_>) {
    tally(bencher, "| count by .page");
}

#[divan::bench]
fn sum_and_percentile_by_page(bencher: Bencher<'_, '_>) {
    tally(bencher, "| sum .user_id, p95 .user_id by .page");
}

#[divan::bench]
fn distinct_users(bencher: Bencher<'_, '_>) {
    tally(bencher, "| distinct .user_id");
}

#[divan::bench]
fn hist_of_users(bencher: Bencher<'_, '_>) {
    tally(bencher, "| hist .user_id");
}

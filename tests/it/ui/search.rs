//! The bar on a real Kafka: a filter finds what lies in the history before the list, and a query with stages becomes a table
//! whose rows open the records that they count.

use super::Ui;
use crate::kafka::{Cluster, Codec, Plan, Release, Writer, record, serial};

#[test]
fn a_filter_is_found_in_history_and_a_table_counts_it() {
    let _alone = serial();
    let Some(kafka) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&kafka.internal);
    writer.create("events", 2, 1, &[]);
    // 3,000 records of each partition in batches of 100: the rare one is far from the newest 500 that a topic opens with.
    for partition in 0..2 {
        for batch in 0..30 {
            let value = |n: i32| {
                let rare = if partition == 1 && batch == 2 && n == 7 { ",\"rare\":\"needle\"" } else { "" };
                record(format!("{{\"kind\":\"{}\",\"n\":{}{rare}}}", if n % 4 == 0 { "slow" } else { "quick" }, batch * 100 + n))
            };
            writer.append("events", partition, Codec::Lz4, &(0..100).map(value).collect::<Vec<_>>());
        }
    }
    let mut ui = Ui::open(&kafka.brokers());
    ui.topic("events");
    ui.until("the newest are there", |seen| seen.has("500"));
    ui.press("/.rare == needle\r");
    let seen = ui.until("history was searched", |seen| seen.has("history searched"));
    assert!(seen.has("matched 1 of 6,000"), "{:?}", seen.lines());
    assert_eq!(seen.messages().iter().filter(|line| line.contains("needle")).count(), 1, "{:?}", seen.lines());

    ui.press("\x1b");
    ui.until("the filter is gone", |seen| seen.has("no filter"));
    ui.press("/| count by .kind\r");
    let seen = ui.until("all is counted", |seen| seen.has("6,000 of 6,000 records counted") && seen.has("LIVE"));
    assert!(seen.has("quick  4,500") && seen.has("slow   1,500"), "{:?}", seen.lines());
    // It lives on with what arrives.
    writer.append("events", 0, Codec::None, &[record("{\"kind\":\"new\"}".to_owned())]);
    ui.until("what arrives is counted", |seen| seen.has("6,001 of 6,001 records counted"));
    ui.press("O"); // by the kind, from the first letter on
    ui.press("\r");
    let seen = ui.until("the row's records are searched for", |seen| seen.has(".kind == ") && seen.has("history searched"));
    assert!(seen.has("matched 1 of 6,001"), "{:?}", seen.lines());
    ui.quit();
}

//! Lines of NDJSON into records: ours, whole, with its thread and its lane, beside serde_json into a struct of strings.

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

use kscope::core::produce::Lines;
use kscope::io::produce::feed;
use serde::Deserialize;

use super::{Failed, line, median, ratio, value};

const LINES: u64 = 100_000;
const RUNS: usize = 9;

/// What a program that uses serde_json would say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "they are read, which takes the time")]
struct Record {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp_ms: i64,
    timestamp_type: String,
    key: Option<String>,
    value: Option<String>,
    headers: Vec<Header>,
    leader_epoch: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "they are read, which takes the time")]
struct Header {
    key: String,
    value: Option<String>,
}

pub(super) fn compare() -> Result<(), Failed> {
    let plain = |n: u64| line(n, None, &value(n).replace('"', "'"), "");
    let nested = |n: u64| line(n, None, &value(n), "");
    let headers = r#"{"key":"trace","value":"4bf92f3577b34da6a3ce929d0e0e4736"},{"key":"retry","value":null}"#;
    let keyed = |n: u64| line(n, Some(&format!("user-{n}")), &value(n), headers);
    let cases: [(&str, &dyn Fn(u64) -> String); 3] = [("text", &plain), ("JSON in JSON", &nested), ("key, JSON, 2 headers", &keyed)];
    for (name, make) in cases {
        let text: Arc<[u8]> = (0..LINES).map(make).collect::<String>().into_bytes().into();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let began = Instant::now();
            let mut feed = feed::lines(Cursor::new(Arc::clone(&text)), Lines::default(), None);
            let mut read = 0;
            while let Some(block) = feed.blocking_recv() {
                read += block.map_err(|failure| failure.sentence())?.len();
            }
            ours.push(began.elapsed());
            let began = Instant::now();
            let mut also = 0;
            for line in std::str::from_utf8(&text)?.lines() {
                black_box(serde_json::from_str::<Record>(line)?);
                also += 1;
            }
            theirs.push(began.elapsed());
            if read != also {
                return Err(format!("{read} records of {also} lines").into());
            }
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let rate = |time: std::time::Duration| f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX)) / 1e6 / time.as_secs_f64();
        println!(
            "lines, {name}, {} bytes each: ours {:.0} MB/s; serde_json {:.0} MB/s; time ratio {:.2}",
            text.len() / usize::try_from(LINES)?,
            rate(ours),
            rate(theirs),
            ratio(ours, theirs)
        );
    }
    Ok(())
}

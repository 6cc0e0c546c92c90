//! Sending records, beside what others need for the same: `cargo bench --bench produce`.
//!
//! Three parts, each with its rival in the same run: lines of NDJSON into records beside serde_json; a bulk load beside
//! `kcat -P -l` and `kafka-producer-perf-test`; and the key that sends, up to the acknowledged record, beside a bare loop of
//! Produce requests over one socket.
//!
//! `KSCOPE_BENCH_BOOTSTRAP=HOST:PORT` names a cluster and `KSCOPE_BENCH_TOPIC` a topic of it that may be filled ("bench" unless
//! said); without them the sandbox takes the records, in smaller numbers. `KSCOPE_BENCH_PERF_TEST` names the perf test where it
//! has another name.
#![expect(clippy::disallowed_methods, reason = "a bench reads clocks and files")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod bare;
mod bulk;
mod lines;
mod single;

use std::error::Error;
use std::time::Duration;

use kscope::sandbox::{Options, Sandbox};

type Failed = Box<dyn Error + Send + Sync>;

/// Where records go.
struct Place {
    bootstrap: String,
    topic: String,
    /// It is a real one, which takes as many as there are.
    real: bool,
    _sandbox: Option<Sandbox>,
}

fn main() -> Result<(), Failed> {
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return Ok(());
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    if wants("lines") {
        lines::compare()?;
    }
    let place = place()?;
    if wants("bulk") {
        bulk::compare(&place)?;
    }
    if wants("single") {
        single::compare(&place)?;
    }
    Ok(())
}

fn place() -> Result<Place, Failed> {
    if let Ok(bootstrap) = std::env::var("KSCOPE_BENCH_BOOTSTRAP") {
        let topic = std::env::var("KSCOPE_BENCH_TOPIC").unwrap_or_else(|_unset| "bench".to_owned());
        return Ok(Place { bootstrap, topic, real: true, _sandbox: None });
    }
    let sandbox = Sandbox::start(&Options { rate: 0, brokers: 1, ..Options::default() })?;
    let address = sandbox.addresses().first().ok_or("no address")?.to_string();
    println!("the sandbox takes the records: KSCOPE_BENCH_BOOTSTRAP names no cluster");
    Ok(Place { bootstrap: address, topic: "invoices".to_owned(), real: false, _sandbox: Some(sandbox) })
}

/// The one in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

/// A value of 300 bytes of JSON, as event streams have them. In another it is full of escapes.
fn value(n: u64) -> String {
    let mut value = format!(
        r#"{{"event":"view","ts":17{n:011},"user":{{"id":"u-{:06}","plan":"free"}},"session":"{:016x}{:016x}","page":"/item/{}","ok":true,"pad":""#,
        n.wrapping_mul(7919) % 50_000,
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        n.wrapping_mul(0xc2b2_ae3d_27d4_eb4f),
        n.wrapping_mul(31) % 10_000,
    );
    value.extend(std::iter::repeat_n('x', 298_usize.saturating_sub(value.len())));
    value.push_str("\"}");
    value
}

/// The line of such a record, as `kscope tail -o ndjson` prints it.
fn line(n: u64, key: Option<&str>, value: &str, headers: &str) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let (key, value) = (key.map_or("null".to_owned(), text), text(value));
    format!(
        "{{\"topic\":\"events\",\"partition\":0,\"offset\":{n},\"timestampMs\":1795178467{:03},\"timestampType\":\"create\",\"key\":{key},\"value\":{value},\"headers\":[{headers}],\"leaderEpoch\":3}}\n",
        n % 1000
    )
}

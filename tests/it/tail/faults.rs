//! A broker that lies and fails: what there is comes out once and in order, and what is missing is said.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, FetchRequest};

use crate::eventually;
use crate::kafka::parse;
use crate::run::{Running, kscope};
use crate::scripted::faults::{self, TOPIC};
use crate::scripted::{Action, FakeTopic, Healthy, Scripted};

fn offsets(lines: &[&str]) -> Vec<usize> {
    lines.iter().map(|line| usize::try_from(parse(line).record.offset).expect("an offset")).collect()
}

#[test]
fn every_fault_is_survived_and_what_is_missing_is_said() {
    for fault in faults::all() {
        let address = fault.broker.address();
        let tail = Running::start(&["tail", "-b", &address, "--from", "earliest", "-o", "ndjson", TOPIC]);
        let count = fault.offsets.len();
        let read = tail.until(&fault.name, |lines| (lines.len() >= count).then(|| offsets(lines)));
        assert_eq!(read, fault.offsets, "{}", fault.name);
        for words in fault.said {
            eventually(&format!("{}: {words} is said", fault.name), || tail.words().contains(words).then_some(()));
        }
        if !fault.ends {
            tail.signal(rustix::process::Signal::INT);
        }
        let done = tail.finish();
        assert_eq!(done.code, Some(if fault.ends { 5 } else { 130 }), "{}: {}", fault.name, done.stderr);
        assert_eq!(offsets(&done.lines()), fault.offsets, "{}", fault.name);
        assert_eq!(fault.broker.mutations(), [], "{}", fault.name);
    }
}

#[test]
fn a_record_of_many_megabytes_comes_out_whole_and_one_over_the_limit_is_said() {
    let (large, larger) = ("x".repeat(17 << 20), "y".repeat(65 << 20));
    let healthy = Healthy::with(vec![FakeTopic::holding(TOPIC, &[&["zero"], &[&large], &[&larger], &["three"]])]);
    let broker = Scripted::start(move |q| healthy.answer(q));
    let done = kscope(&["tail", "-b", &broker.address(), "--from", "earliest", "--until", "now", "-o", "ndjson", TOPIC]).ok();
    assert_eq!(offsets(&done.lines()), [0, 1, 3]);
    assert_eq!(parse(done.lines()[1]).record.value.map(|value| value.len()), Some(large.len()));
    assert!(done.stderr.contains("offset 2 is too large"), "{}", done.stderr);
    assert_eq!(broker.mutations(), []);
}

#[test]
fn a_throttled_answer_is_printed_once_and_the_next_fetch_waits() {
    const THROTTLE: Duration = Duration::from_millis(1_500);
    let healthy = faults::orders();
    let fetches = Arc::new(Mutex::new(Vec::new()));
    let times = Arc::clone(&fetches);
    let broker = Scripted::start(move |q| {
        if q.api != ApiKey::Fetch {
            return healthy.answer(q);
        }
        times.lock().unwrap().push(Instant::now());
        match q.earlier {
            0 => Action::Reply(q.answer::<FetchRequest>(&healthy.fetched(q).with_throttle_time_ms(1_500))),
            _ => healthy.answer(q),
        }
    });
    let tail = Running::start(&["tail", "-b", &broker.address(), "--from", "earliest", "-o", "ndjson", TOPIC]);
    tail.until("the throttled answer is used", |lines| (lines.len() == 6).then_some(()));
    let gap = eventually("the next fetch", || {
        let times = fetches.lock().unwrap();
        Some(times.get(1)?.duration_since(times[0]))
    });
    assert!(gap >= THROTTLE, "the next fetch came after {gap:?}");
    tail.signal(rustix::process::Signal::INT);
    assert_eq!(offsets(&tail.finish().lines()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(broker.mutations(), []);
}

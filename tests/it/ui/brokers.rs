//! Three brokers, of which one is killed and one freezes, while a topic is followed: on the screen, and by `kscope tail`
//! beside it. Nothing is missing, nothing comes twice, and keys are answered all the time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::kafka::{Cluster, Numbers, Plan, Release, Writer, serial};
use crate::run::{Running, kscope, tell};

use super::{Seen, Ui};

const TOPIC: &str = "numbers";
const PARTITIONS: [i32; 3] = [0, 1, 2];

/// Partition, offset and number of each line.
fn read(lines: &[&str]) -> Vec<(i32, i64, i64)> {
    let number = |value: &serde_json::Value| value.as_i64().expect("a number");
    let one = |line: &&str| {
        let record: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let value = record["value"].as_str().and_then(|value| value.parse().ok()).expect("a number");
        (i32::try_from(number(&record["partition"])).expect("a partition"), number(&record["offset"]), value)
    };
    lines.iter().map(one).collect()
}

/// Waits until `tail` has printed these numbers.
#[track_caller]
fn printed(tail: &Running, what: &str, goals: &BTreeMap<i32, i64>) {
    tail.until(what, |lines| {
        let recent = read(&lines[lines.len().saturating_sub(1_000)..]);
        goals.iter().all(|(p, goal)| recent.iter().any(|(partition, _, number)| partition == p && number >= goal)).then_some(())
    });
}

/// Waits until the list shows a record of this partition with this number or a later one.
#[track_caller]
fn shown(ui: &Ui, what: &str, goals: &BTreeMap<i32, i64>) {
    ui.until(what, |seen| goals.iter().all(|(p, goal)| rows(seen).iter().any(|(partition, _, number)| partition == p && number >= goal)));
}

/// Partition, offset and number of each record in the list.
fn rows(seen: &Seen) -> Vec<(i32, i64, i64)> {
    let row = |line: &String| {
        let words: Vec<String> = line.replace('▌', " ").split_whitespace().map(|word| word.replace(',', "")).collect();
        let [_, partition, offset, .., number] = &words[..] else { return None };
        Some((partition.parse().ok()?, offset.parse().ok()?, number.parse().ok()?))
    };
    seen.messages().iter().filter_map(row).collect()
}

/// The slowest of ten answers to a key: the help comes and goes.
fn slowest_key(ui: &mut Ui) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        for (key, there) in [("?", true), ("\x1b", false)] {
            let began = Instant::now();
            ui.press(key);
            ui.until("the key is answered", |seen| seen.title("Help").is_some() == there);
            slowest = slowest.max(began.elapsed());
        }
    }
    slowest
}

#[test]
fn a_killed_leader_and_a_frozen_broker_lose_nothing_and_block_no_key() {
    let _alone = serial();
    let Some(mut kafka) = Cluster::start(Plan::three(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&kafka.internal);
    writer.create(TOPIC, 3, 3, &[]);
    let brokers = kafka.brokers();
    let tail = Running::start(&["tail", "-b", &brokers, "--from", "earliest", "-o", "ndjson", TOPIC]);
    let numbers = Numbers::start(&kafka.internal, TOPIC, 3, Duration::from_millis(100));
    let mut ui = Ui::open(&brokers);
    ui.topic(TOPIC);
    let goals = numbers.go_on(&PARTITIONS, 5);
    printed(&tail, "all partitions are printed", &goals);
    shown(&ui, "all partitions are shown", &goals);
    ui.until("it is live", |seen| seen.has("● LIVE"));

    writer.learn(TOPIC);
    let killed = usize::try_from(writer.leader(TOPIC, 0)).unwrap();
    kafka.kill(killed);
    let began = Instant::now();
    ui.until("the change is told", |seen| seen.has("DISTURBED") || seen.has("is now led by"));
    let goals = numbers.go_on(&PARTITIONS, 10);
    shown(&ui, "the screen goes on with the new leader", &goals);
    printed(&tail, "tail goes on with the new leader", &goals);
    ui.until("it is live again", |seen| seen.has("● LIVE"));
    tell(&format!("a killed leader: live again after {} ms", began.elapsed().as_millis()));
    kafka.restart(killed);

    let mut writer = Writer::connect(&kafka.internal);
    writer.learn(TOPIC);
    let frozen = writer.leader(TOPIC, 1);
    let others: Vec<i32> = PARTITIONS.into_iter().filter(|&p| writer.leader(TOPIC, p) != frozen).collect();
    let frozen = usize::try_from(frozen).unwrap();
    kafka.pause(frozen);
    let slowest = slowest_key(&mut ui);
    tell(&format!("a frozen broker: the slowest of ten keys took {} ms", slowest.as_millis()));
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    let goals = numbers.go_on(&others, 10);
    shown(&ui, "other partitions go on", &goals);
    printed(&tail, "other partitions go on", &goals);
    let slowest = slowest_key(&mut ui);
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    kafka.resume(frozen);
    let goals = numbers.go_on(&PARTITIONS, 10);
    printed(&tail, "the frozen partitions catch up", &goals);
    shown(&ui, "the frozen partitions catch up", &goals);

    let last = numbers.finish();
    printed(&tail, "everything is printed", &last);
    let seen = ui.until("everything is shown, and live", |seen| {
        seen.has("● LIVE")
            && seen.has("at the log end")
            && last.iter().all(|(p, last)| rows(seen).iter().any(|r| r.0 == *p && r.2 >= *last))
    });
    for p in PARTITIONS {
        let offsets: Vec<i64> = rows(&seen).iter().filter(|r| r.0 == p).map(|r| r.1).collect();
        assert!(offsets.windows(2).all(|pair| pair[0] + 1 == pair[1]), "partition {p}: {offsets:?}");
    }
    ui.quit();
    tail.signal(Signal::INT);
    let followed = tail.finish();
    assert_eq!(followed.code, Some(130), "{}", followed.stderr);
    let again = kscope(&["tail", "-b", &brokers, "--from", "earliest", "--until", "now", "-o", "ndjson", TOPIC]).ok();
    let (followed, again) = (read(&followed.lines()), read(&again.lines()));
    for p in PARTITIONS {
        let of = |all: &[(i32, i64, i64)]| all.iter().filter(|r| r.0 == p).copied().collect::<Vec<_>>();
        let (followed, again) = (of(&followed), of(&again));
        assert!(followed.iter().zip(0..).all(|(record, offset)| record.1 == offset), "a hole or a repeat in partition {p}: {followed:?}");
        assert_eq!(followed, again, "partition {p}");
        assert!((0..=last[&p]).all(|n| followed.iter().any(|r| r.2 == n)), "a confirmed number is missing in partition {p}");
    }
}

//! `kscope group reset, undo, delete, delete-offsets, copy` on a real Kafka, against its own tool's dry run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::batch::{Codec, record};
use super::cluster::{Cluster, Plan, Release, tool};
use super::groups::{commit, described, member};
use super::writer::Writer;
use crate::run::{Finished, Home};

type Offsets = BTreeMap<(String, i64), i64>;

fn run(home: &Home, cluster: &Cluster, arguments: &[&str]) -> Finished {
    home.kscope(&[&["-b", &cluster.brokers(), "-o", "ndjson", "-q"], arguments].concat(), &[])
}

fn rows(done: &Finished) -> Vec<Value> {
    done.lines().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A field of each row, by topic and partition, where it is a number.
fn offsets(rows: &[Value], field: &str) -> Offsets {
    let place = |row: &Value| (row["topic"].as_str().expect("a topic").to_owned(), row["partition"].as_i64().expect("a partition"));
    rows.iter().filter_map(|row| Some((place(row), row[field].as_i64()?))).collect()
}

/// What Kafka's own tool does with a reset, as its exported CSV.
fn by_kafka(cluster: &Cluster, group: &str, arguments: &[&str]) -> String {
    let class = match cluster.release {
        Release::V2_8 => "kafka.admin.ConsumerGroupCommand",
        _ => "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    };
    let base = ["--bootstrap-server", &cluster.internal[0], "--group", group, "--reset-offsets", "--export"];
    let done = tool(cluster.release, class, &[&base, arguments].concat()).expect("it runs here").output().expect("the tool runs");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn read(csv: &str) -> Offsets {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').map(|cell| cell.trim_matches('"')).collect();
        let [topic, partition, offset] = cells.as_slice() else { return None };
        Some((((*topic).to_owned(), partition.parse().ok()?), offset.parse().ok()?))
    };
    csv.lines().filter_map(row).collect()
}

/// What stands there now, as `lag` tells.
fn committed(home: &Home, cluster: &Cluster, group: &str) -> Offsets {
    offsets(&rows(&run(home, cluster, &["lag", group]).ok()), "committed")
}

fn resets_of_a_release(release: Release) {
    let Some(cluster) = Cluster::start(Plan::one(release)) else { return };
    let home = Home::new();
    let mut writer = Writer::connect(&cluster.internal);
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis()).expect("a time");
    writer.create("orders", 3, 1, &[]);
    for partition in 0..3 {
        let records: Vec<_> = (0..20).map(|n| record(format!("{partition}-{n}")).at(now - (20 - n) * 60_000)).collect();
        writer.append("orders", partition, Codec::None, &records);
    }
    for (partition, offset) in [(0, 7), (1, 20)] {
        commit(&cluster, "billing", "orders", partition, offset);
    }
    targets_are_those_of_kafkas_own_tool(&home, &cluster, now);
    an_undo_brings_back_commits_and_absences(&home, &cluster);
    files_go_both_ways(&home, &cluster);
    what_cannot_be_done_is_refused(&home, &cluster);
    a_hidden_consumer_is_found(&home, &cluster);
    the_neighbours_work(&home, &cluster);
}

fn targets_are_those_of_kafkas_own_tool(home: &Home, cluster: &Cluster, now: i64) {
    let at = |ms: i64| {
        let done = std::process::Command::new("date").args(["-u", "-d", &format!("@{}", ms / 1000), "+%Y-%m-%dT%H:%M:%S.000"]).output();
        String::from_utf8_lossy(&done.expect("date").stdout).trim().to_owned()
    };
    let (middle, future) = (at(now - 10 * 60_000), at(now + 3_600_000));
    let all: [&[&str]; 9] = [
        &["--topic", "orders", "--to-earliest"],
        &["--topic", "orders:0,2", "--to-latest"],
        &["--all-topics", "--to-offset", "500"],
        &["--all-topics", "--shift-by", "-4"],
        &["--all-topics", "--shift-by", "9000"],
        &["--topic", "orders", "--to-current"],
        &["--topic", "orders", "--to-datetime", &middle],
        &["--topic", "orders", "--to-datetime", &future],
        &["--topic", "orders", "--by-duration", "PT15M30S"],
    ];
    // Each run of the tool starts a JVM: on the older releases some will do.
    let some = if cluster.release == Release::V4_2 { &all[..] } else { &all[2..8] };
    for arguments in some {
        let theirs = read(&by_kafka(cluster, "billing", &[arguments, &["--dry-run"][..]].concat()));
        let done = run(home, cluster, &[&["group", "reset", "billing"], *arguments].concat()).ok();
        assert_eq!(offsets(&rows(&done), "target"), theirs, "{arguments:?}");
        assert!(!theirs.is_empty(), "{arguments:?}");
    }
    assert_eq!(committed(home, cluster, "billing"), read("orders,0,7\norders,1,20"), "a dry run changes nothing");
}

fn an_undo_brings_back_commits_and_absences(home: &Home, cluster: &Cluster) {
    let execute = ["--execute", "--sample", "0"];
    let before = committed(home, cluster, "billing");
    let done = run(home, cluster, &[&["group", "reset", "billing", "--topic", "orders", "--to-offset", "12"], &execute[..]].concat()).ok();
    let told = rows(&done);
    assert!(told.iter().all(|row| row["outcome"] == "committed" && row["readBack"] == 12 && row["error"].is_null()), "{told:?}");
    assert_eq!(committed(home, cluster, "billing").into_values().collect::<Vec<_>>(), [12, 12, 12]);
    let path = done.stderr.lines().find_map(|line| line.split_once("saved for undo: ")).expect("said even when quiet").1.to_owned();
    assert!(Path::new(&path).exists());
    run(home, cluster, &[&["group", "undo", "billing"], &execute[..]].concat()).ok();
    assert_eq!(committed(home, cluster, "billing"), before, "also that there was none on partition 2");
    // The file itself, though a later one is there.
    run(home, cluster, &[&["group", "undo", &path], &execute[..]].concat());
    assert_eq!(committed(home, cluster, "billing"), before);
    let log = std::fs::read_to_string(home.path().join(".local/state/kscope/audit.jsonl")).expect("the audit log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let events: Vec<(&str, &str)> = lines.iter().map(|line| (line["event"].as_str().unwrap(), line["id"].as_str().unwrap())).collect();
    assert!(events.len() >= 4 && events[0].0 == "intent" && events[1].0 == "outcome" && events[0].1 == events[1].1, "{log}");
    assert_eq!(run(home, cluster, &["group", "undo", "nobody"]).code, Some(5));
}

fn files_go_both_ways(home: &Home, cluster: &Cluster) {
    let path = home.path().join("offsets.csv");
    let file = path.to_str().expect("a path");
    run(home, cluster, &["group", "reset", "billing", "--topic", "orders", "--to-offset", "3", "--export", file]).ok();
    let ours = std::fs::read_to_string(&path).expect("the export");
    assert_eq!(ours, "orders,0,3\norders,1,3\norders,2,3\n");
    let theirs = by_kafka(cluster, "billing", &["--from-file", file, "--dry-run"]);
    assert_eq!(read(&theirs), read(&ours));
    let only_rows: String = theirs.lines().filter(|line| line.split(',').count() == 3).fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").expect("memory");
        text
    });
    std::fs::write(&path, &only_rows).expect("a file");
    let done = run(home, cluster, &["group", "reset", "billing", "--from-file", file]).ok();
    assert_eq!(offsets(&rows(&done), "target"), read(&ours));
    std::fs::write(&path, "orders,0,3\norders,x,3\n").expect("a file");
    let done = home.kscope(&["-b", &cluster.brokers(), "-o", "csv", "group", "reset", "billing", "--from-file", file], &[]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("line 2: 'x' is no partition\n  orders,x,3\n         ^"), "{}", done.stderr);
}

fn what_cannot_be_done_is_refused(home: &Home, cluster: &Cluster) {
    let before = committed(home, cluster, "billing");
    let reset = ["group", "reset", "billing", "--all-topics", "--to-earliest", "--execute", "--sample", "0"];
    assert_eq!(run(home, cluster, &["group", "reset", "bilings", "--all-topics", "--to-earliest"]).code, Some(5));
    assert_eq!(run(home, cluster, &["group", "reset", "billing", "--topic", "nothing", "--to-earliest"]).code, Some(5));
    assert_eq!(run(home, cluster, &[&reset[..], &["--readonly"]].concat()).code, Some(6));
    let left = run(home, cluster, &["group", "reset", "billing", "--topic", "orders", "--shift-by", "1"]);
    assert_eq!((left.code, rows(&left)[2]["target"].is_null()), (Some(7), true));
    // Without a place for the audit line and the file for undo nothing is written.
    let taken = home.path().join("taken");
    std::fs::write(&taken, "").expect("a file");
    let state = taken.join("state");
    let brokers = cluster.brokers();
    let arguments = [&["-b", &brokers, "-q"], &reset[..]].concat();
    let done = home.kscope(&arguments, &[("KSCOPE_STATE_DIR", state.to_str().expect("a path"))]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    // The log can be written, the file for undo cannot.
    let half = home.path().join("half");
    std::fs::create_dir(&half).expect("a folder");
    std::fs::write(half.join("offsets"), "").expect("a file");
    let done = home.kscope(&arguments, &[("KSCOPE_STATE_DIR", half.to_str().expect("a path"))]);
    assert!(done.code == Some(1) && done.stderr.contains("nothing was written"), "{}", done.stderr);
    assert_eq!(committed(home, cluster, "billing"), before);
}

/// A program that commits without joining the group, as `assign()` does.
fn a_hidden_consumer_is_found(home: &Home, cluster: &Cluster) {
    commit(cluster, "hidden", "orders", 0, 1);
    let stop = AtomicBool::new(false);
    let done = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut offset = 1;
            while !stop.load(Ordering::Relaxed) {
                offset += 1;
                commit(cluster, "hidden", "orders", 0, offset);
            }
        });
        let done = run(home, cluster, &["group", "reset", "hidden", "--all-topics", "--to-earliest", "--execute", "--sample", "10s"]);
        stop.store(true, Ordering::Relaxed);
        done
    });
    assert_eq!(done.code, Some(6), "{}", done.stderr);
    assert!(done.stderr.contains("outside the group's membership"), "{}", done.stderr);
    assert_ne!(committed(home, cluster, "hidden").into_values().next(), Some(0));
}

fn the_neighbours_work(home: &Home, cluster: &Cluster) {
    let execute = ["--execute", "--sample", "0"];
    let go = |arguments: &[&str]| run(home, cluster, &[arguments, &execute[..]].concat());
    let before = committed(home, cluster, "billing");
    go(&["group", "copy", "billing", "--to", "invoicing"]).ok();
    assert_eq!(committed(home, cluster, "invoicing"), before);
    assert_eq!(go(&["group", "copy", "billing", "--to", "invoicing"]).code, Some(6), "a copy never writes over a group");
    go(&["group", "reset", "invoicing", "--skip", "orders:0"]).ok();
    assert_eq!(committed(home, cluster, "invoicing")[&("orders".to_owned(), 0)], 8);
    go(&["group", "reset", "invoicing", "--all-topics", "--to-group", "billing"]).ok();
    assert_eq!(committed(home, cluster, "invoicing"), before);
    go(&["group", "delete-offsets", "invoicing", "--topic", "orders:0"]).ok();
    assert_eq!(committed(home, cluster, "invoicing"), read("orders,1,20"));
    go(&["group", "undo", "invoicing"]).ok();
    assert_eq!(committed(home, cluster, "invoicing"), before);
    assert_eq!(run(home, cluster, &["group", "delete", "invoicing"]).ok().lines().len(), 2, "what would be lost");
    go(&["group", "delete", "invoicing"]).ok();
    assert_eq!(run(home, cluster, &["lag", "invoicing"]).code, Some(5));
}

#[test]
fn resets_of_4_2() {
    resets_of_a_release(Release::V4_2);
}

#[test]
fn resets_of_3_9() {
    resets_of_a_release(Release::V3_9);
}

#[test]
fn resets_of_2_8() {
    resets_of_a_release(Release::V2_8);
}

#[test]
fn a_group_with_members_is_left_alone_and_a_thousand_partitions_go_in_one_request() {
    let Some(cluster) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    if tool(Release::V4_2, "none", &[]).is_none() {
        return;
    }
    let home = Home::new();
    let mut writer = Writer::connect(&cluster.internal);
    writer.create("orders", 3, 1, &[]);
    writer.append("orders", 0, Codec::None, &[record("one"), record("two")]);
    for (group, protocol) in [("old", "classic"), ("new", "consumer")] {
        let property = format!("group.protocol={protocol}");
        let console = "org.apache.kafka.tools.consumer.ConsoleConsumer";
        let alive = member(console, &cluster, &["--group", group, "--command-property", &property, "--from-beginning"]);
        described(&cluster, group);
        let reset = ["group", "reset", group, "--topic", "orders", "--to-latest"];
        let dry = run(&home, &cluster, &reset).ok();
        assert_eq!(rows(&dry).len(), 3);
        let done = run(&home, &cluster, &[&reset[..], &["--execute", "--sample", "0"]].concat());
        assert!(done.code == Some(6) && done.stderr.contains("1 member"), "{}", done.stderr);
        drop(alive);
    }
    writer.create("wide", 1000, 1, &[]);
    commit(&cluster, "wide", "wide", 0, 0);
    writer.append("wide", 7, Codec::None, &[record("one"), record("two")]);
    let execute = ["--execute", "--sample", "0"];
    let done = run(&home, &cluster, &[&["group", "reset", "wide", "--topic", "wide", "--to-latest"], &execute[..]].concat()).ok();
    let told = rows(&done);
    assert_eq!(told.len(), 1000);
    let of = |partition: usize, field: &str| told[partition][field].clone();
    assert_eq!((of(7, "outcome"), of(7, "readBack"), of(999, "readBack")), ("committed".into(), 2.into(), 0.into()));
    assert_eq!((of(0, "outcome"), of(0, "note")), (Value::Null, "unchanged".into()));
}

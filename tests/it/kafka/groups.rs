//! `kscope groups`, `group describe`, `lag` and `peek` on a real Kafka: against its own tool, with members of three protocols, and
//! with every odd commit that there can be.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{FindCoordinatorRequest, GroupId, OffsetCommitRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use kscope::core::ask::GroupAsk;
use kscope::io::kafka::{Address, Client, Settings};
use kscope::model::GroupListing;
use serde_json::Value;

use super::batch::{Codec, record};
use super::cluster::{Cluster, Plan, Release, tool};
use super::connection::Connection;
use super::writer::{Point, Writer};
use crate::eventually;
use crate::run::{Finished, kscope, tell};

/// Commits from outside of a group, which makes it when it is not there. The cluster has one node.
pub(crate) fn commit(cluster: &Cluster, group: &str, topic: &str, partition: i32, offset: i64) {
    commit_all(&mut Connection::open(&cluster.internal[0]), group, topic, &[(partition, offset)]);
}

/// As [`commit`], of many partitions and on a connection that is there.
pub(crate) fn commit_all(connection: &mut Connection, group: &str, topic: &str, commits: &[(i32, i64)]) {
    let text = |text: &str| StrBytes::from_string(text.to_owned());
    let part = |&(partition, offset): &(i32, i64)| {
        OffsetCommitRequestPartition::default().with_partition_index(partition).with_committed_offset(offset)
    };
    let parts = commits.iter().map(part).collect();
    let topics = vec![OffsetCommitRequestTopic::default().with_name(TopicName(text(topic))).with_partitions(parts)];
    let request =
        OffsetCommitRequest::default().with_group_id(GroupId(text(group))).with_generation_id_or_member_epoch(-1).with_topics(topics);
    eventually("the coordinator takes the commit", || {
        // The question makes the broker create the topic of commits.
        let found = connection.call(2, &FindCoordinatorRequest::default().with_key(text(group)));
        let code = connection.call(7, &request).topics[0].partitions[0].error_code;
        assert!([0, 14, 15, 16].contains(&code), "commit: error {code}");
        (found.error_code == 0 && code == 0).then_some(())
    });
}

fn run(cluster: &Cluster, arguments: &[&str]) -> Finished {
    kscope(&[&["-b", &cluster.brokers(), "-o", "json"], arguments].concat())
}

fn json(cluster: &Cluster, arguments: &[&str]) -> Value {
    let done = run(cluster, arguments).ok();
    serde_json::from_slice(&done.stdout).expect("JSON")
}

/// Rows of `lag`, by topic and partition.
fn lag(cluster: &Cluster, arguments: &[&str]) -> BTreeMap<(String, i64), Value> {
    let rows = json(cluster, &[&["lag"], arguments].concat());
    let key = |row: &Value| (row["topic"].as_str().expect("a topic").to_owned(), row["partition"].as_i64().expect("a partition"));
    rows.as_array().expect("rows").iter().map(|row| (key(row), row.clone())).collect()
}

/// What `kafka-consumer-groups.sh --describe --all-groups` says: committed, end and lag of each partition.
fn by_kafka(cluster: &Cluster) -> BTreeMap<(String, String, i64), [i64; 3]> {
    let class = match cluster.release {
        Release::V2_8 => "kafka.admin.ConsumerGroupCommand",
        _ => "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    };
    let arguments = ["--bootstrap-server", &cluster.internal[0], "--describe", "--all-groups"];
    let done = tool(cluster.release, class, &arguments).expect("it runs here").output().expect("the tool runs");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| cells.get(at)?.parse::<i64>().ok();
        let [group, topic] = [0, 1].map(|at| cells.get(at).map(|cell| (*cell).to_owned()));
        Some(((group?, topic?, number(2)?), [number(3)?, number(4)?, number(5)?]))
    };
    text.lines().filter_map(row).collect()
}

fn groups_of_a_release(release: Release) {
    let Some(cluster) = Cluster::start(Plan::one(release)) else { return };
    let mut writer = Writer::connect(&cluster.internal);
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_millis()).expect("a time");
    writer.create("orders", 3, 1, &[]);
    for partition in 0..3 {
        // Ten records, a minute apart, the last of a minute ago.
        let records: Vec<_> = (0..10).map(|n| record(format!("{partition}-{n}")).at(now - (10 - n) * 60_000)).collect();
        writer.append("orders", partition, Codec::Zstd, &records);
    }
    the_figures_are_those_of_kafkas_own_tool(&cluster);
    odd_commits_have_their_own_words(&cluster, &mut writer, now);
    an_open_transaction_blocks(&cluster, &mut writer);
    a_topic_tells_who_reads_it(&cluster);
}

fn the_figures_are_those_of_kafkas_own_tool(cluster: &Cluster) {
    for (group, offsets) in [("billing", [4, 0, 10]), ("a b", [9, 10, 1])] {
        for (partition, offset) in (0..).zip(offsets) {
            commit(cluster, group, "orders", partition, offset);
        }
    }
    let listed = json(cluster, &["groups"]);
    let row = |name: &str| listed.as_array().unwrap().iter().find(|row| row["group"] == name).unwrap().clone();
    let billing = row("billing");
    assert_eq!((billing["type"].as_str(), billing["state"].as_str()), (Some("classic"), Some("Empty")), "{billing}");
    assert_eq!((billing["members"].as_i64(), billing["topics"].as_i64()), (Some(0), Some(1)), "{billing}");
    assert_eq!((billing["lag"].as_i64(), billing["lagKnown"].as_bool()), (Some(16), Some(true)), "{billing}");

    let kafka = by_kafka(cluster);
    let rows = lag(cluster, &["billing"]);
    assert_eq!(rows.len(), 3);
    for ((topic, partition), row) in &rows {
        let told = [&row["committed"], &row["highWatermark"], &row["lag"]].map(|field| field.as_i64().expect("known"));
        assert_eq!(kafka.get(&("billing".to_owned(), topic.clone(), *partition)), Some(&told), "{row}");
        let verdict = if told[2] == 0 { "level" } else { "behind" };
        assert_eq!((row["verdict"].as_str(), row["lost"].as_i64()), (Some(verdict), Some(0)), "{row}");
        assert!(row["member"].is_null() && row["logStart"] == 0, "{row}");
    }
    // The record at offset 4 is six minutes old, and this test not older than some minutes.
    let behind = rows[&("orders".to_owned(), 0)]["behindMs"].as_i64().expect("known");
    assert!((360_000..3_600_000).contains(&behind), "{behind}");
    assert_eq!(rows[&("orders".to_owned(), 2)]["behindMs"], 0);
    assert!(lag(cluster, &[]).values().all(|row| row["behindMs"].is_null() || row["lag"] == 0), "nobody was named");

    assert_eq!(run(cluster, &["lag", "billing", "--fail-over", "15"]).code, Some(8));
    assert_eq!(run(cluster, &["lag", "billing", "--fail-over", "16"]).code, Some(0));
    assert_eq!(run(cluster, &["lag", "bilings"]).code, Some(5));
    assert_eq!(run(cluster, &["group", "describe", "nobody"]).code, Some(5));
    let listed = json(cluster, &["groups"]);
    assert!(listed.as_array().unwrap().iter().all(|row| row["group"] != "nobody"), "asking creates no group");

    let around = json(cluster, &["peek", "billing", "orders:0", "-B", "2", "-A", "1"]);
    let told: Vec<_> = around.as_array().unwrap().iter().map(|row| (row["offset"].as_i64().unwrap(), row["at"].as_str())).collect();
    assert_eq!(told, [(2, None), (3, None), (4, Some("committed")), (5, None)]);
    let end = json(cluster, &["peek", "billing", "orders:2", "-B", "1"]);
    assert_eq!((end[0]["offset"].as_i64(), end[0]["at"].as_str(), end[1].is_null()), (Some(9), None, true));
    assert_eq!(run(cluster, &["peek", "billing", "orders:7"]).code, Some(5));
}

fn odd_commits_have_their_own_words(cluster: &Cluster, writer: &mut Writer, now: i64) {
    writer.create("cut", 2, 1, &[]);
    let records: Vec<_> = (0..10).map(|n| record(format!("{n}")).at(now - 1_000)).collect();
    for partition in 0..2 {
        writer.append("cut", partition, Codec::None, &records);
    }
    commit(cluster, "late", "cut", 0, 3);
    commit(cluster, "late", "cut", 1, 17);
    writer.delete_before("cut", 0, 8);
    let rows = lag(cluster, &["late"]);
    let below = &rows[&("cut".to_owned(), 0)];
    let told = ["lag", "lost", "logStart"].map(|name| below[name].as_i64());
    assert_eq!((below["verdict"].as_str(), told), (Some("below_start"), [Some(2), Some(5), Some(8)]), "{below}");
    assert!(below["behindMs"].as_i64().is_some_and(|ms| ms >= 1_000), "of the record at the log's start: {below}");
    let beyond = &rows[&("cut".to_owned(), 1)];
    assert_eq!((beyond["verdict"].as_str(), beyond["committed"].as_i64()), (Some("beyond_end"), Some(17)), "{beyond}");
    assert!(beyond["lag"].is_null() && beyond["behindMs"].is_null(), "{beyond}");

    writer.create("gone", 1, 1, &[]);
    commit(cluster, "widow", "gone", 0, 0);
    commit(cluster, "widow", "orders", 0, 10);
    writer.delete("gone");
    // Brokers forget the commits of a topic that they delete; until then there is no topic to be behind of.
    eventually("the topic is gone", || match lag(cluster, &["widow"]).remove(&("gone".to_owned(), 0)) {
        Some(row) => (row["lag"].is_null() && row["verdict"] == "unknown" && row["reason"].is_string()).then_some(()),
        None => Some(()),
    });
}

fn an_open_transaction_blocks(cluster: &Cluster, writer: &mut Writer) {
    writer.create("paid", 1, 1, &[]);
    writer.append("paid", 0, Codec::None, &[record("plain")]);
    let mut open = writer.transactional("open");
    writer.append_in(&mut open, "paid", 0, &[record("a"), record("b"), record("c")]);
    assert_eq!((writer.offset("paid", 0, Point::LastStable), writer.offset("paid", 0, Point::End)), (1, 4));
    commit(cluster, "waiting", "paid", 0, 1);
    for (isolation, waits) in [("read_uncommitted", 3), ("read_committed", 0)] {
        let row = lag(cluster, &["waiting", "--isolation", isolation]).remove(&("paid".to_owned(), 0)).expect("a row");
        assert_eq!((row["verdict"].as_str(), row["lag"].as_i64()), (Some("blocked_by_transaction"), Some(waits)), "{isolation}: {row}");
        assert_eq!((row["lastStable"].as_i64(), row["highWatermark"].as_i64()), (Some(1), Some(4)), "{row}");
    }
    writer.end(&open, true);
    eventually("the transaction is over", || {
        let row = lag(cluster, &["waiting", "--isolation", "read_committed"]).remove(&("paid".to_owned(), 0))?;
        (row["verdict"] == "behind" && row["lag"] == 4).then_some(())
    });
}

fn a_topic_tells_who_reads_it(cluster: &Cluster) {
    let topic = json(cluster, &["topic", "describe", "paid"]);
    let groups = topic["groups"].as_array().expect("groups");
    assert_eq!(groups.iter().map(|group| group["group"].as_str().unwrap()).collect::<Vec<_>>(), ["waiting"]);
    assert_eq!((groups[0]["lag"].as_i64(), groups[0]["members"].as_i64()), (Some(4), Some(0)), "4: three records and a marker");
}

#[test]
fn groups_of_4_2() {
    groups_of_a_release(Release::V4_2);
}

#[test]
fn groups_of_3_9() {
    groups_of_a_release(Release::V3_9);
}

#[test]
fn groups_of_2_8() {
    groups_of_a_release(Release::V2_8);
}

/// A console consumer of Apache's that does not outlive the test.
pub(super) struct Member(Child);

impl Drop for Member {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(super) fn member(class: &str, cluster: &Cluster, arguments: &[&str]) -> Member {
    let arguments = [&["--bootstrap-server", &cluster.internal[0], "--topic", "orders"], arguments].concat();
    let mut command: Command = tool(cluster.release, class, &arguments).expect("it runs here");
    Member(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the tool starts"))
}

/// Describes a group once its member has all partitions.
pub(super) fn described(cluster: &Cluster, group: &str) -> Value {
    eventually(&format!("{group} has its partitions"), || {
        let done = run(cluster, &["group", "describe", group]);
        let told: Value = serde_json::from_slice(&done.stdout).ok()?;
        let assigned = told["members"][0]["assignment"][0]["partitions"].as_array()?;
        (assigned.len() == 3 && told["state"] == "Stable").then_some(told)
    })
}

#[test]
fn members_of_three_protocols_are_told_each_by_its_own_request() {
    let Some(cluster) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    if tool(Release::V4_2, "none", &[]).is_none() {
        return;
    }
    let mut writer = Writer::connect(&cluster.internal);
    writer.create("orders", 3, 1, &[]);
    writer.append("orders", 0, Codec::None, &[record("one"), record("two")]);
    let console = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let never = ["--command-property", "enable.auto.commit=false", "--command-property", "client.id=app"];
    for (group, kind, more) in [
        ("old", "classic", &["--command-property", "group.protocol=classic"][..]),
        ("new", "consumer", &["--command-property", "group.protocol=consumer"][..]),
    ] {
        let _alive = member(console, &cluster, &[&["--group", group], &never[..], more].concat());
        let told = described(&cluster, group);
        assert_eq!((told["type"].as_str(), told["members"].as_array().map(Vec::len)), (Some(kind), Some(1)), "{told}");
        let one = &told["members"][0];
        assert_eq!((one["clientId"].as_str(), one["host"].as_str()), (Some("app"), Some("127.0.0.1")), "{told}");
        assert_eq!(one["subscribed"], serde_json::json!(["orders"]), "{told}");
        // It never commits: where it stands is told by nothing, and that is no 0.
        let rows = told["partitions"].as_array().expect("partitions");
        assert_eq!(rows.len(), 3, "{told}");
        for row in rows {
            assert_eq!((row["verdict"].as_str(), &row["member"]), (Some("no_commit"), &one["member"]), "{row}");
            assert!(row["committed"].is_null() && row["lag"].is_null() && row["behindMs"].is_null(), "{row}");
        }
        let listed = json(&cluster, &["groups", "-f", &format!("^{group}$")]);
        assert_eq!((listed[0]["members"].as_i64(), &listed[0]["lag"], &listed[0]["lagKnown"]), (Some(1), &Value::Null, &false.into()));
        let topic = json(&cluster, &["topic", "describe", "orders"]);
        let reads = topic["groups"].as_array().unwrap().iter().any(|of| of["group"] == group && of["members"] == 1);
        assert!(reads, "{topic}");
    }
    let shares = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";
    let _alive = member(shares, &cluster, &["--group", "shared", "--command-property", "client.id=app"]);
    let told = described(&cluster, "shared");
    assert_eq!((told["type"].as_str(), told["members"][0]["clientId"].as_str()), (Some("share"), Some("app")), "{told}");
    let rows = told["partitions"].as_array().expect("partitions");
    assert!(rows.iter().all(|row| row["committed"].is_null()), "a start is no commit: {told}");
    // It begins where the log ends when it comes; the broker counts what is not done.
    eventually("the share group has done what there is", || {
        writer.append("orders", 1, Codec::None, &[record("three")]);
        let row = lag(&cluster, &["shared"]).remove(&("orders".to_owned(), 1))?;
        assert!(row["committed"].is_null(), "{row}");
        (row["verdict"] == "level" && row["lag"] == 0 && row["shareStart"].is_i64()).then_some(())
    });
}

/// A measurement: `cargo test --release --test it lag_of_500 -- --ignored --nocapture`. Whole processes, one after the other, on
/// one broker; the requests are counted by the client.
#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn lag_of_500_groups_beside_kafkas_own_tool() {
    let Some(cluster) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&cluster.internal);
    let records: Vec<_> = (0..20).map(|n| record(format!("{n}"))).collect();
    for topic in 0..10 {
        writer.create(&format!("topic-{topic}"), 12, 1, &[]);
        for partition in 0..12 {
            writer.append(&format!("topic-{topic}"), partition, Codec::None, &records);
        }
    }
    let mut connection = Connection::open(&cluster.internal[0]);
    let commits: Vec<(i32, i64)> = (0..12).map(|partition| (partition, i64::from(partition))).collect();
    for n in 0..500 {
        commit_all(&mut connection, &format!("group-{n:03}"), &format!("topic-{}", n % 10), &commits);
    }

    let ours = || {
        let start = Instant::now();
        let rows = kscope(&["-b", &cluster.brokers(), "-o", "csv", "lag"]).ok().lines().len() - 1;
        (start.elapsed(), rows)
    };
    let theirs = || {
        let start = Instant::now();
        let rows = by_kafka(&cluster).len();
        (start.elapsed(), rows)
    };
    let median = |mut runs: Vec<(Duration, usize)>| {
        runs.sort();
        runs[runs.len() / 2]
    };
    // In turn, so that both meet the same machine.
    let (ours, theirs): (Vec<_>, Vec<_>) = (0..5).map(|_| (ours(), theirs())).unzip();
    let (ours, theirs) = (median(ours), median(theirs));
    assert_eq!((ours.1, theirs.1), (6_000, 6_000));
    let ratio = theirs.0.as_secs_f64() / ours.0.as_secs_f64();
    tell(&format!("lag of 500 groups of 12 partitions: kscope {:?}, kafka-consumer-groups {:?}, {ratio:.0} times", ours.0, theirs.0));
    tell(&format!("requests: {}", requests(&cluster)));
}

/// How many requests a look at all groups takes, from the first one to a fresh cluster on.
fn requests(cluster: &Cluster) -> u64 {
    let addresses = Address::parse_list(&cluster.brokers()).expect("addresses");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = Client::new(Settings::new(addresses));
        let mut listed = Vec::new();
        client.list_groups("count", |(_, groups)| listed.extend(groups.expect("told"))).await.expect("listed");
        let ask = |group: GroupListing| GroupAsk { id: group.id, kind: group.kind, coordinator: group.coordinator, also: Vec::new() };
        let asks: Vec<GroupAsk> = listed.into_iter().map(ask).collect();
        kscope::io::groups::lag_of(&client, &asks).await.expect("told");
        client.requests()
    })
}

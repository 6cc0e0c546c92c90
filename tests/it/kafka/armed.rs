//! A reset on the screen while the group has a member, on a real Kafka: armed, carried out when the member leaves, watched; disarmed
//! when a commit of the plan moves; told when somebody else commits afterwards; and stopped when it is an old plan.

use std::path::Path;

use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::{GroupId, OffsetFetchRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use rustix::process::Signal;
use serde_json::Value;

use super::batch::{Codec, record};
use super::cluster::{Cluster, Plan, Release, tool};
use super::connection::Connection;
use super::groups::commit;
use super::writer::Writer;
use crate::eventually;
use crate::pty::Terminal;
use crate::run::{Home, Running, kscope};
use crate::ui::Ui;

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;
const RECORDS: i64 = 5;

/// Where a group stands on each partition; −1: no commit. Past kscope.
pub(super) fn stands(cluster: &Cluster, group: &str) -> Vec<i64> {
    let text = |text: &str| StrBytes::from_string(text.to_owned());
    let topic = OffsetFetchRequestTopics::default().with_name(TopicName(text(TOPIC))).with_partition_indexes((0..PARTITIONS).collect());
    let one = OffsetFetchRequestGroup::default().with_group_id(GroupId(text(group))).with_topics(Some(vec![topic]));
    let answer = Connection::open(&cluster.internal[0]).call(8, &OffsetFetchRequest::default().with_groups(vec![one]));
    let mut found = answer.groups[0].topics.first().map(|topic| topic.partitions.clone()).unwrap_or_default();
    found.sort_by_key(|partition| partition.partition_index);
    found.iter().map(|partition| partition.committed_offset).collect()
}

/// Apache's console consumer: reads from the start, commits as it goes, and leaves the group on SIGTERM.
fn consumer(cluster: &Cluster, group: &str, protocol: &str) -> Running {
    let protocol = format!("group.protocol={protocol}");
    let address = &cluster.internal[0];
    let arguments =
        ["--bootstrap-server", address, "--topic", TOPIC, "--group", group, "--from-beginning", "--command-property", &protocol];
    let more = ["--command-property", "auto.commit.interval.ms=200", "--command-property", "client.id=app"];
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    Running::of(tool(cluster.release, class, &[&arguments[..], &more].concat()).expect("it runs here"), "the console consumer")
}

fn leaves(consumer: Running) {
    consumer.signal(Signal::TERM);
    consumer.finish();
}

/// The audit log's lines about an event, oldest first.
fn audit(state: &Path, event: &str) -> Vec<Value> {
    let log = std::fs::read_to_string(state.join("audit.jsonl")).expect("the audit log");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["event"] == event).collect()
}

/// The group's screen, and the state folder.
fn open(cluster: &Cluster, group: &str) -> (Ui, std::path::PathBuf) {
    let home = Home::new();
    let state = home.path().join(".local/state/kscope");
    let terminal = Terminal::kscope_in(home, &[&cluster.brokers()], &[("KSCOPE_UI_START", ":groups")], 140, 45);
    let mut ui = Ui { terminal };
    ui.until("the list of groups", |seen| seen.title("Groups").is_some() && seen.has(group) && seen.has("Stable"));
    ui.press(&format!(":group {group}\r"));
    (ui, state)
}

/// Arms a reset to the start, from the group's screen on.
fn arm(ui: &mut Ui) {
    ui.until("the group with its member", |seen| seen.has("Stable") && seen.has("app"));
    ui.press("r");
    ui.until("what one may choose", |seen| seen.has("1 scope") && seen.has("earliest"));
    ui.press("\r");
    ui.until("the plan, and that it would be armed", |seen| seen.has("DRY RUN: nothing written") && seen.has("ctrl-s arms it"));
    ui.press("\x13");
    ui.until("it waits for its moment", |seen| {
        seen.has("ARMED: nothing written yet") && seen.has("waiting for the group to be empty: Stable, 1 member: app")
    });
}

/// From a member that has read everything to the commits of the start, proved.
fn fires_when_the_member_leaves(cluster: &Cluster, group: &str, protocol: &str) -> (Ui, std::path::PathBuf) {
    let member = consumer(cluster, group, protocol);
    eventually("it has read everything", || (stands(cluster, group) == [RECORDS; 3]).then_some(()));
    let (mut ui, state) = open(cluster, group);
    arm(&mut ui);
    assert_eq!(stands(cluster, group), [RECORDS; 3], "nothing is written while it waits");
    leaves(member);
    ui.until("it is written and read back", |seen| seen.has("3 committed and read back, 0 failed, 0 unknown"));
    assert_eq!(stands(cluster, group), [0; 3]);
    let intent = audit(&state, "intent").pop().expect("an intent");
    assert_eq!((&intent["armed"], &intent["partitions"]), (&Value::Bool(true), &Value::from(3)), "{intent}");
    let outcome = audit(&state, "outcome").pop().expect("an outcome");
    assert_eq!((outcome["ended"].as_str(), outcome["committed"].as_i64(), &outcome["id"]), (Some("written"), Some(3), &intent["id"]));
    (ui, state)
}

/// A cluster with the topic; `None` when tests with Apache's tools are skipped.
fn filled() -> Option<(Cluster, Writer)> {
    let cluster = Cluster::start(Plan::one(Release::V4_2))?;
    tool(Release::V4_2, "none", &[])?;
    let mut writer = Writer::connect(&cluster.internal);
    writer.create(TOPIC, PARTITIONS, 1, &[]);
    for partition in 0..PARTITIONS {
        writer.append(TOPIC, partition, Codec::None, &(0..RECORDS).map(|n| record(format!("{n}"))).collect::<Vec<_>>());
    }
    Some((cluster, writer))
}

#[test]
fn an_armed_reset_is_carried_out_when_the_member_leaves_and_the_watch_tells_what_comes_of_it() {
    let Some((cluster, mut writer)) = filled() else { return };
    let group = "app";
    let (mut ui, state) = fires_when_the_member_leaves(&cluster, group, "classic");
    ui.until("nobody is there yet", |seen| seen.has("nobody has picked it up yet, 15 offsets to read"));
    let member = consumer(&cluster, group, "classic");
    ui.until("the group picks it up, to the end", |seen| seen.has("the group moves on: orders:") && seen.has(", level"));
    let watched = eventually("the watch ends when everything is read", || audit(&state, "watched").pop());
    assert!(watched["resumedAfterSeconds"].is_i64() && watched["lag"] == 0, "{watched}");
    assert_eq!(watched["overwritten"], serde_json::json!([]), "its own members are nobody else: {watched}");

    a_commit_of_the_plan_disarms(&cluster, &mut writer, &mut ui, group);
    leaves(member);
    somebody_else_commits_afterwards(&cluster, &mut ui, group);
    an_old_plan_is_stopped(&cluster, &mut ui, group);
    ui.press("\x03");
    assert_eq!(ui.terminal.ended().exit_code(), 0);
}

#[test]
fn an_armed_reset_is_carried_out_when_a_member_of_the_new_protocol_leaves() {
    let Some((cluster, _)) = filled() else { return };
    let (mut ui, _) = fires_when_the_member_leaves(&cluster, "new", "consumer");
    ui.press("\x03");
    assert_eq!(ui.terminal.ended().exit_code(), 0);
}

/// Makes the plan anew.
fn again(ui: &mut Ui, words: &str) {
    ui.press("R");
    ui.until("the plan anew", |seen| seen.has("DRY RUN: nothing written") && !seen.has("being made anew") && seen.has(words));
}

fn a_commit_of_the_plan_disarms(cluster: &Cluster, writer: &mut Writer, ui: &mut Ui, group: &str) {
    again(ui, "ctrl-s arms it");
    ui.press("\x13");
    ui.until_text("waiting for the group to be empty: Stable, 1 member: app");
    writer.append(TOPIC, 0, Codec::None, &[record("one more")]);
    ui.until("the member read on, so the plan is of no use", |seen| {
        seen.has("nothing was written: it is not as it was when the plan was made") && seen.has("orders:0: the commit was 5 and is 6")
    });
    assert_eq!(stands(cluster, group), [6, 5, 5]);
}

fn somebody_else_commits_afterwards(cluster: &Cluster, ui: &mut Ui, group: &str) {
    again(ui, "Empty no members");
    ui.press("\x13");
    ui.until("it is written and read back", |seen| seen.has("3 committed and read back, 0 failed, 0 unknown"));
    commit(cluster, group, TOPIC, 1, 3);
    ui.until_text("overwritten by a consumer outside the group: orders:1 is at 3");
    assert_eq!(stands(cluster, group), [0, 3, 0]);
}

/// Another kscope changes the group while the plan is on the screen (F56).
fn an_old_plan_is_stopped(cluster: &Cluster, ui: &mut Ui, group: &str) {
    // The one before is still watched.
    again(ui, "1 of 3 partitions");
    let brokers = cluster.brokers();
    let other = ["-b", &brokers, "group", "reset", group, "--all-topics", "--to-offset", "4", "--execute", "--sample", "0"];
    kscope(&other).ok();
    assert_eq!(stands(cluster, group), [4; 3]);
    ui.press("\x13");
    ui.until("it is stopped, with what has moved", |seen| {
        seen.has("nothing was written") && seen.has("orders:1: the commit was 3 and is 4")
    });
    assert_eq!(stands(cluster, group), [4; 3], "nothing is committed that was not shown");
}

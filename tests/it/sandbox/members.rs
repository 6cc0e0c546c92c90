//! Membership: question by question in every version, and consumers of others as members: kafka-python and librdkafka.

use std::process::Command;
use std::sync::Once;

use bytes::Bytes;
use kafka_protocol::messages::describe_groups_request::DescribeGroupsRequest;
use kafka_protocol::messages::heartbeat_request::HeartbeatRequest;
use kafka_protocol::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use kafka_protocol::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use kafka_protocol::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use kafka_protocol::messages::{GroupId, JoinGroupResponse};
use kafka_protocol::protocol::StrBytes;
use kscope::sandbox::{ApiKey, Fault, Injection, Sandbox};
use rustix::process::Signal;

use super::clients::kcat;
use super::groups::commit;
use super::wire::Wire;
use super::{bootstrap, still};
use crate::eventually_or;
use crate::run::{Running, tell};

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn group(name: &str) -> GroupId {
    GroupId(text(name))
}

pub(super) fn join(name: &str, version: i16, member: &str) -> JoinGroupRequest {
    let protocol =
        JoinGroupRequestProtocol::default().with_name(text("range")).with_metadata(Bytes::from_static(b"\0\0\0\0\0\0\xff\xff\xff\xff"));
    JoinGroupRequest::default()
        .with_group_id(group(name))
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(if version == 0 { -1 } else { 30_000 })
        .with_member_id(text(member))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

/// Joins until it is in; the answer.
fn joined(wire: &mut Wire, version: i16, name: &str) -> JoinGroupResponse {
    let answer = wire.ask(version, &join(name, version, ""));
    if version < 4 {
        return answer;
    }
    assert_eq!(answer.error_code, 79, "an id first");
    wire.ask(version, &join(name, version, &answer.member_id))
}

pub(super) fn sync(name: &str, generation: i32, member: &str, to: &[&str]) -> SyncGroupRequest {
    let assignment =
        |to: &&str| SyncGroupRequestAssignment::default().with_member_id(text(to)).with_assignment(Bytes::copy_from_slice(to.as_bytes()));
    let request = SyncGroupRequest::default().with_group_id(group(name)).with_generation_id(generation).with_member_id(text(member));
    request.with_assignments(to.iter().map(assignment).collect())
}

/// As version 5 wants it: with what was agreed upon.
fn sync_fully(name: &str, generation: i32, member: &str, to: &[&str]) -> SyncGroupRequest {
    sync(name, generation, member, to).with_protocol_type(Some(text("consumer"))).with_protocol_name(Some(text("range")))
}

pub(super) fn beat(name: &str, generation: i32, member: &str) -> HeartbeatRequest {
    HeartbeatRequest::default().with_group_id(group(name)).with_generation_id(generation).with_member_id(text(member))
}

pub(super) fn leave(name: &str, version: i16, member: &str) -> LeaveGroupRequest {
    let request = LeaveGroupRequest::default().with_group_id(group(name));
    let identity = MemberIdentity::default().with_member_id(text(member));
    if version < 3 { request.with_member_id(text(member)) } else { request.with_members(vec![identity]) }
}

/// State, and client and host of each member.
pub(super) fn members(sandbox: &Sandbox, name: &str) -> (String, Vec<(String, String)>) {
    let answer = Wire::to_coordinator(sandbox, name).ask(5, &DescribeGroupsRequest::default().with_groups(vec![group(name)]));
    let one = answer.groups.first().expect("the group");
    (one.group_state.to_string(), one.members.iter().map(|one| (one.client_id.to_string(), one.client_host.to_string())).collect())
}

#[test]
fn a_life_in_a_group_in_every_version() {
    let sandbox = still();
    for version in 0..=9_i16 {
        let name = format!("life-{version}");
        let mut wire = Wire::to_coordinator(&sandbox, &name);
        let me = joined(&mut wire, version, &name);
        assert_eq!((me.error_code, me.generation_id, me.members.len()), (0, 1, 1), "{version}");
        assert_eq!((me.leader.clone(), me.protocol_name), (me.member_id.clone(), Some(text("range"))));
        assert!(me.member_id.starts_with("a test-"), "{}", me.member_id);
        let synced = wire.ask(
            version.min(5),
            &if version < 5 {
                sync(&name, 1, &me.member_id, &[&me.member_id])
            } else {
                sync_fully(&name, 1, &me.member_id, &[&me.member_id])
            },
        );
        assert_eq!((synced.error_code, synced.assignment), (0, Bytes::copy_from_slice(me.member_id.as_bytes())), "{version}");
        assert_eq!(members(&sandbox, &name), ("Stable".to_owned(), vec![("a test".to_owned(), "/127.0.0.1".to_owned())]));
        assert_eq!(wire.ask(version.min(4), &beat(&name, 1, &me.member_id)).error_code, 0);
        assert_eq!(wire.ask(version.min(4), &beat(&name, 3, &me.member_id)).error_code, 22);
        let request = commit(&name, "orders", &[(0, 17)]).with_generation_id_or_member_epoch(1).with_member_id(me.member_id.clone());
        assert_eq!(wire.ask(9, &request).topics[0].partitions[0].error_code, 0);
        let left = wire.ask(version.min(5), &leave(&name, version.min(5), &me.member_id));
        assert_eq!((left.error_code, left.members.len()), (0, usize::from(version >= 3)), "{version}");
        assert_eq!(members(&sandbox, &name), ("Empty".to_owned(), Vec::new()));
        assert_eq!(sandbox.commits(&name), Some(vec![("orders".to_owned(), 0, 17)]));
    }
    let apis: Vec<ApiKey> = sandbox.mutations().into_iter().map(|(api, _)| api).collect();
    for api in [ApiKey::JoinGroup, ApiKey::SyncGroup, ApiKey::Heartbeat, ApiKey::LeaveGroup, ApiKey::OffsetCommit] {
        assert!(apis.contains(&api), "{api:?}");
    }
}

#[test]
fn a_second_member_waits_for_the_first_and_both_get_their_part() {
    let sandbox = still();
    let name = "two";
    let (mut one, mut two) = (Wire::to_coordinator(&sandbox, name), Wire::to_coordinator(&sandbox, name));
    let first = joined(&mut one, 9, name);
    one.ask(5, &sync_fully(name, 1, &first.member_id, &[&first.member_id]));
    let id = two.ask(9, &join(name, 9, "")).member_id;
    two.send(9, &join(name, 9, &id));
    let mut beats = || (one.ask(4, &beat(name, 1, &first.member_id)).error_code == 27).then_some(());
    eventually_or("the first hears of it", &mut beats, String::new);
    let again = one.ask(9, &join(name, 9, &first.member_id));
    assert_eq!((again.generation_id, again.members.len()), (2, 2));
    let second = two.receive::<JoinGroupRequest>(9).expect("an answer");
    assert_eq!((second.generation_id, second.members.len(), &second.leader), (2, 0, &first.member_id));
    two.send(5, &sync_fully(name, 2, &id, &[]));
    one.ask(5, &sync_fully(name, 2, &first.member_id, &[&first.member_id, &id]));
    assert_eq!(two.receive::<SyncGroupRequest>(5).expect("an answer").assignment, Bytes::copy_from_slice(id.as_bytes()));
    assert_eq!(members(&sandbox, name).1.len(), 2);
}

#[test]
fn faults_strike_members_too() {
    let sandbox = still();
    let name = "struck";
    let mut wire = Wire::to_coordinator(&sandbox, name);
    sandbox.inject(Injection::next(ApiKey::JoinGroup, Fault::Error(14)));
    assert_eq!(wire.ask(9, &join(name, 9, "")).error_code, 14);
    let me = joined(&mut wire, 9, name);
    sandbox.inject(Injection::next(ApiKey::SyncGroup, Fault::Error(15)));
    assert_eq!(wire.ask(5, &sync_fully(name, 1, &me.member_id, &[])).error_code, 15);
    wire.ask(5, &sync_fully(name, 1, &me.member_id, &[&me.member_id]));
    sandbox.inject(Injection::next(ApiKey::Heartbeat, Fault::MoveLeader));
    assert_eq!(wire.ask(4, &beat(name, 1, &me.member_id)).error_code, 16);
    let mut wire = Wire::to_coordinator(&sandbox, name);
    assert_eq!(wire.ask(4, &beat(name, 1, &me.member_id)).error_code, 0, "it is a member all the same");
    sandbox.inject(Injection::next(ApiKey::LeaveGroup, Fault::LoseReply));
    assert!(wire.try_ask(5, &leave(name, 5, &me.member_id)).is_none());
    assert_eq!(members(&sandbox, name).0, "Empty");
}

fn python(arguments: &[&str]) -> Option<Running> {
    static TOLD: Once = Once::new();
    let there = Command::new("python3").args(["-c", "import kafka"]).output().is_ok_and(|done| done.status.success());
    if !there {
        TOLD.call_once(|| tell("*** SKIPPED: tests with kafka-python, which is not installed. ***"));
        return None;
    }
    let mut command = Command::new("python3");
    command.args(["-c", include_str!("member.py")]).args(arguments);
    Some(Running::of(command, "kafka-python"))
}

fn last_assignment(lines: &[&str]) -> Option<String> {
    lines.iter().rev().find(|line| line.starts_with("assigned")).map(|line| (*line).to_owned())
}

#[test]
fn consumers_of_kafka_python_share_a_topic_and_leave() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    let start = |group: &str, count: &str| python(&[&address, group, "sensor.readings", count]);
    // On a busy machine the library got stuck before it had all, once in many runs; another one of a group of its own does not.
    let has_all = |lines: &[&str]| (last_assignment(lines)? == "assigned 0 1 2 3" && lines.contains(&"committed")).then_some(());
    let mut found = None;
    for group in ["pythons", "pythons-2", "pythons-3"] {
        let Some(first) = start(group, "800") else { return };
        if first.soon(has_all).is_some() {
            found = Some((group, first));
            break;
        }
        tell(&format!("*** kafka-python is stuck: {:?} {:?} ***", first.printed(), first.words()));
    }
    let (group, first) = found.expect("one of three reads all");
    let commits: Vec<i64> = sandbox.commits(group).expect("the group").into_iter().map(|(_, _, offset)| offset).collect();
    assert_eq!(commits, [200; 4]);
    let second = start(group, "1").expect("it was there");
    let half = |lines: &[&str]| last_assignment(lines).filter(|line| line.len() == "assigned 0 1".len());
    let (one, two) = (first.until("a half", half), second.until("the other half", half));
    assert_ne!(one, two);
    let all = members(&sandbox, group);
    assert_eq!((all.0.as_str(), all.1.len(), all.1[0].0.as_str()), ("Stable", 2, "python"));
    second.signal(Signal::TERM);
    assert_eq!(second.finish().code, Some(0));
    first.until("all again", |lines| (last_assignment(lines)? == "assigned 0 1 2 3").then_some(()));
    first.signal(Signal::TERM);
    assert_eq!(first.finish().code, Some(0));
    assert_eq!(members(&sandbox, group), ("Empty".to_owned(), Vec::new()));
}

#[test]
fn consumers_of_librdkafka_share_a_topic_and_leave() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    let start = || {
        let settings = ["auto.offset.reset=earliest", "auto.commit.interval.ms=100", "heartbeat.interval.ms=100"];
        let settings = settings.iter().flat_map(|setting| ["-X", setting]);
        let arguments = ["-b", &address, "-u", "-G", "rdkafkas", "-f", "%t %p %o\\n"].into_iter().chain(settings).chain(["orders"]);
        kcat(&arguments.collect::<Vec<_>>()).map(|command| Running::of(command, "kcat -G"))
    };
    let Some(first) = start() else { return };
    first.until("all records", |lines| (lines.len() >= 900).then_some(()));
    let level = || sandbox.commits("rdkafkas").is_some_and(|all| all.iter().map(|(_, _, offset)| offset).sum::<i64>() == 900).then_some(());
    eventually_or("they are committed", level, || first.words());
    let second = start().expect("it was there");
    let stable_with = |count| {
        let look = || Some(members(&sandbox, "rdkafkas")).filter(|(state, all)| state == "Stable" && all.len() == count);
        eventually_or("a stable group", look, || first.words())
    };
    assert_eq!(stable_with(2).1[0].0, "rdkafka");
    second.signal(Signal::TERM);
    second.finish();
    stable_with(1);
    first.signal(Signal::TERM);
    first.finish();
    assert_eq!(members(&sandbox, "rdkafkas"), ("Empty".to_owned(), Vec::new()));
}

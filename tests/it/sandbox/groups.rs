//! Groups, question by question, in every version that is offered: what outsiders may do to them, and what faults do to that.

use kafka_protocol::messages::delete_groups_request::DeleteGroupsRequest;
use kafka_protocol::messages::describe_groups_request::DescribeGroupsRequest;
use kafka_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use kafka_protocol::messages::list_groups_request::ListGroupsRequest;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;
use kscope::sandbox::{ApiKey, Fault, Injection, Options, Sandbox};

use super::wire::{Wire, coordinator};
use super::{start, still};

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn group(name: &str) -> GroupId {
    GroupId(text(name))
}

/// A commit of somebody who is no member.
pub(super) fn commit(name: &str, topic: &str, offsets: &[(i32, i64)]) -> OffsetCommitRequest {
    let partition = |(index, offset): &(i32, i64)| {
        let partition = OffsetCommitRequestPartition::default().with_partition_index(*index).with_committed_offset(*offset);
        partition.with_committed_leader_epoch(-1).with_committed_metadata(Some(text("by hand")))
    };
    let topic = OffsetCommitRequestTopic::default().with_name(TopicName(text(topic)));
    let topic = topic.with_partitions(offsets.iter().map(partition).collect());
    OffsetCommitRequest::default().with_group_id(group(name)).with_generation_id_or_member_epoch(-1).with_topics(vec![topic])
}

/// The error of each partition.
fn committed(wire: &mut Wire, version: i16, request: &OffsetCommitRequest) -> Vec<i16> {
    let answer = wire.ask(version, request);
    answer.topics.iter().flat_map(|topic| &topic.partitions).map(|partition| partition.error_code).collect()
}

/// Partition, offset and metadata of one topic's commits, or the error of the whole.
fn fetched(wire: &mut Wire, version: i16, name: &str, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64, String)>, i16> {
    let row = |index, offset, metadata: &Option<StrBytes>| (index, offset, metadata.clone().unwrap_or_default().to_string());
    if version < 8 {
        let wanted = OffsetFetchRequestTopic::default().with_name(TopicName(text(topic))).with_partition_indexes(partitions.to_vec());
        let answer = wire.ask(version, &OffsetFetchRequest::default().with_group_id(group(name)).with_topics(Some(vec![wanted])));
        let all = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let error = all.clone().map(|one| one.error_code).find(|error| *error != 0).unwrap_or(answer.error_code);
        let rows = all.map(|one| row(one.partition_index, one.committed_offset, &one.metadata)).collect();
        return if error == 0 { Ok(rows) } else { Err(error) };
    }
    let wanted = OffsetFetchRequestTopics::default().with_name(TopicName(text(topic))).with_partition_indexes(partitions.to_vec());
    let wanted = OffsetFetchRequestGroup::default().with_group_id(group(name)).with_topics(Some(vec![wanted]));
    let answer = wire.ask(version, &OffsetFetchRequest::default().with_groups(vec![wanted]));
    let found = answer.groups.first().expect("the group");
    let rows = found.topics.iter().flat_map(|topic| &topic.partitions);
    let rows = rows.map(|one| row(one.partition_index, one.committed_offset, &one.metadata)).collect();
    if found.error_code == 0 { Ok(rows) } else { Err(found.error_code) }
}

fn listed(sandbox: &Sandbox, version: i16, states: &[&str], types: &[&str]) -> Vec<(String, String)> {
    let words = |all: &[&str]| all.iter().map(|one| text(one)).collect();
    let request = ListGroupsRequest::default().with_states_filter(words(states)).with_types_filter(words(types));
    let answers = sandbox.addresses().into_iter().map(|address| Wire::to(address).ask(version, &request));
    let mut all: Vec<_> =
        answers.flat_map(|answer| answer.groups).map(|one| (one.group_id.to_string(), one.group_state.to_string())).collect();
    all.sort_unstable();
    all
}

/// State and error.
fn described(wire: &mut Wire, version: i16, name: &str) -> (String, i16) {
    let answer = wire.ask(version, &DescribeGroupsRequest::default().with_groups(vec![group(name)]));
    let one = answer.groups.first().expect("the group");
    (one.group_state.to_string(), one.error_code)
}

fn deleted(wire: &mut Wire, version: i16, name: &str) -> i16 {
    let answer = wire.ask(version, &DeleteGroupsRequest::default().with_groups_names(vec![group(name)]));
    answer.results.first().expect("the group").error_code
}

/// The error of the whole, and that of the partition.
fn forgotten(wire: &mut Wire, name: &str, topic: &str, partition: i32) -> (i16, Option<i16>) {
    let partition = OffsetDeleteRequestPartition::default().with_partition_index(partition);
    let topic = OffsetDeleteRequestTopic::default().with_name(TopicName(text(topic))).with_partitions(vec![partition]);
    let answer = wire.ask(0, &OffsetDeleteRequest::default().with_group_id(group(name)).with_topics(vec![topic]));
    (answer.error_code, answer.topics.first().map(|topic| topic.partitions[0].error_code))
}

#[test]
fn what_an_outsider_commits_is_read_back_in_every_version() {
    let sandbox = still();
    let mut wire = Wire::to_coordinator(&sandbox, "by-hand");
    assert_eq!(sandbox.commits("by-hand"), None);
    for version in 2..=9 {
        let base = i64::from(version) * 100;
        let request = commit("by-hand", "orders", &[(0, base), (2, base + 1), (7, 1)]);
        assert_eq!(committed(&mut wire, version, &request), [0, 0, 3], "there is no partition 7");
        for reading in 1..=9 {
            let rows = fetched(&mut wire, reading, "by-hand", "orders", &[0, 1, 2]).expect("an answer");
            let row = |index, offset, metadata: &str| (index, offset, metadata.to_owned());
            assert_eq!(rows, [row(0, base, "by hand"), row(1, -1, ""), row(2, base + 1, "by hand")], "{version} {reading}");
        }
    }
    assert_eq!(committed(&mut wire, 9, &commit("by-hand", "no-such-topic", &[(0, 1)])), [3]);
    let mut long = commit("by-hand", "orders", &[(0, 5), (1, 5)]);
    long.topics[0].partitions[0].committed_metadata = Some(text(&"x".repeat(4_097)));
    assert_eq!(committed(&mut wire, 9, &long), [12, 0], "the others are committed all the same");
    let all = vec![("orders".to_owned(), 0, 900), ("orders".to_owned(), 1, 5), ("orders".to_owned(), 2, 901)];
    assert_eq!(sandbox.commits("by-hand"), Some(all));
    assert_eq!(committed(&mut wire, 9, &commit("by-hand", "orders", &[(0, -7)])), [0], "any number is taken");
    let mutations = sandbox.mutations();
    assert!(mutations.len() >= 11 && mutations.iter().all(|(api, _)| *api == ApiKey::OffsetCommit), "{mutations:?}");
}

#[test]
fn all_commits_of_many_groups_come_in_one_answer() {
    let sandbox = start(&Options { rate: 0, brokers: 1, groups: 5_000, ..Options::default() });
    let names: Vec<String> = listed(&sandbox, 5, &[], &[]).into_iter().map(|(name, _)| name).collect();
    assert!(names.len() > 5_000);
    let groups = names.iter().map(|name| OffsetFetchRequestGroup::default().with_group_id(group(name)).with_topics(None));
    let answer = Wire::to(sandbox.addresses()[0]).ask(9, &OffsetFetchRequest::default().with_groups(groups.collect()));
    let rows: usize = answer.groups.iter().flat_map(|group| &group.topics).map(|topic| topic.partitions.len()).sum();
    assert!(rows > 60_000 && answer.groups.iter().all(|group| group.error_code == 0), "{rows}");
}

#[test]
fn groups_are_spread_and_only_their_coordinator_knows_them() {
    let sandbox = start(&Options { rate: 0, groups: 60, ..Options::default() });
    let all = listed(&sandbox, 5, &[], &[]);
    let brokers: std::collections::BTreeSet<usize> = all.iter().map(|(name, _)| coordinator(&sandbox, name)).collect();
    assert_eq!(brokers.len(), 3);
    for version in 0..=5 {
        assert_eq!(listed(&sandbox, version, &[], &[]).len(), all.len(), "{version}: every group once");
    }
    for (states, types, expected) in [(&["empty"][..], &["Classic"][..], all.len()), (&["Stable"], &[], 0), (&[], &["consumer"], 0)] {
        assert_eq!(listed(&sandbox, 5, states, types).len(), expected, "{states:?} {types:?}");
    }
    let mut wrong = Wire::to_another(&sandbox, "audit-archive");
    assert_eq!(committed(&mut wrong, 9, &commit("audit-archive", "orders", &[(0, 1)])), [16]);
    for version in 1..=9 {
        assert_eq!(fetched(&mut wrong, version, "audit-archive", "audit.log", &[0]), Err(16), "{version}");
    }
    assert_eq!(described(&mut wrong, 6, "audit-archive").1, 16);
    assert_eq!((deleted(&mut wrong, 2, "audit-archive"), forgotten(&mut wrong, "audit-archive", "orders", 0)), (16, (16, None)));
    for version in 0..=6 {
        let request = FindCoordinatorRequest::default();
        let keys = vec![text("audit-archive"), text("reports-nightly")];
        let request = if version < 4 { request.with_key(keys[0].clone()) } else { request.with_coordinator_keys(keys.clone()) };
        let answer = wrong.ask(version, &request);
        let found = if version < 4 { answer.node_id.0 } else { answer.coordinators[0].node_id.0 };
        assert_eq!(usize::try_from(found - 1), Ok(coordinator(&sandbox, "audit-archive")), "{version}");
    }
}

#[test]
fn an_active_group_is_let_alone_and_an_empty_one_can_be_deleted() {
    let sandbox = still();
    let name = "reports-nightly";
    let mut wire = Wire::to_coordinator(&sandbox, name);
    sandbox.occupy(name, &["customers"]);
    assert_eq!(described(&mut wire, 6, name), ("Stable".to_owned(), 0));
    assert_eq!(listed(&sandbox, 5, &["stable"], &[]), [(name.to_owned(), "Stable".to_owned())]);
    let before = sandbox.commits(name);
    assert_eq!(committed(&mut wire, 9, &commit(name, "customers", &[(0, 1), (1, 1)])), [25, 25]);
    assert_eq!(deleted(&mut wire, 2, name), 68);
    assert_eq!(forgotten(&mut wire, name, "customers", 0), (0, Some(86)));
    assert_eq!(sandbox.commits(name), before);
    assert_eq!(forgotten(&mut wire, name, "sensor.readings", 3), (0, Some(0)), "no member reads it");
    assert_eq!(forgotten(&mut wire, name, "no-such-topic", 0), (0, Some(3)));
    sandbox.vacate(name);
    assert_eq!(described(&mut wire, 6, name), ("Empty".to_owned(), 0));
    assert_eq!(committed(&mut wire, 9, &commit(name, "customers", &[(0, 1)])), [0]);
    assert_eq!(forgotten(&mut wire, name, "customers", 0), (0, Some(0)));
    assert_eq!(fetched(&mut wire, 9, name, "customers", &[0]).map(|rows| rows[0].1), Ok(-1));
    assert_eq!((deleted(&mut wire, 2, name), deleted(&mut wire, 2, name)), (0, 69));
    assert_eq!(forgotten(&mut wire, name, "customers", 1), (69, None));
    for version in 0..=6 {
        let error = if version < 6 { 0 } else { 69 };
        assert_eq!(described(&mut wire, version, name), ("Dead".to_owned(), error), "{version}");
    }
    assert_eq!(fetched(&mut wire, 9, name, "customers", &[1]).map(|rows| rows[0].1), Ok(-1), "which is no error");
}

#[test]
fn faults_strike_before_or_after_a_change() {
    let sandbox = still();
    let name = "audit-archive";
    let offset = |sandbox: &Sandbox| sandbox.commits(name).map(|all| all[0].2);
    let request = |offset| commit(name, "audit.log", &[(0, offset)]);
    let mut wire = Wire::to_coordinator(&sandbox, name);
    let before = offset(&sandbox);
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Error(14)));
    assert_eq!((committed(&mut wire, 9, &request(1)), offset(&sandbox)), (vec![14], before));
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::AppliedThenError(15)));
    assert_eq!((committed(&mut wire, 9, &request(2)), offset(&sandbox)), (vec![15], Some(2)));
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::LoseReply));
    assert!(wire.try_ask(9, &request(3)).is_none());
    assert_eq!(offset(&sandbox), Some(3));
    let first = coordinator(&sandbox, name);
    let mut wire = Wire::to_coordinator(&sandbox, name);
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::MoveLeader));
    assert_eq!((committed(&mut wire, 9, &request(4)), offset(&sandbox)), (vec![16], Some(3)));
    assert_ne!(coordinator(&sandbox, name), first);
    assert_eq!(committed(&mut wire, 9, &request(5)), [16], "it is not the coordinator any longer");
    let mut wire = Wire::to_coordinator(&sandbox, name);
    assert_eq!((committed(&mut wire, 9, &request(6)), offset(&sandbox)), (vec![0], Some(6)));
    assert!(sandbox.move_coordinator(name));
    assert_eq!(described(&mut wire, 5, name).1, 16);
    for api in [ApiKey::ListGroups, ApiKey::DescribeGroups, ApiKey::OffsetFetch, ApiKey::DeleteGroups, ApiKey::OffsetDelete] {
        sandbox.inject(Injection::next(api, Fault::Error(14)));
    }
    let mut wire = Wire::to_coordinator(&sandbox, name);
    assert_eq!(wire.ask(5, &ListGroupsRequest::default()).error_code, 14);
    assert_eq!((described(&mut wire, 6, name).1, fetched(&mut wire, 9, name, "audit.log", &[0])), (14, Err(14)));
    assert_eq!((deleted(&mut wire, 2, name), forgotten(&mut wire, name, "audit.log", 0)), (14, (14, None)));
    assert_eq!(offset(&sandbox), Some(6));
}

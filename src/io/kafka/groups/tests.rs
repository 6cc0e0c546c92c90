use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest};
use kafka_protocol::protocol::{Decodable as _, Encodable as _};

use super::super::wire::{AlterShareGroupOffsets, Call, ConsumerGroupDescribe, DeleteGroups, DescribeGroups, OffsetCommit, OffsetDelete};
use super::*;
use crate::model::{LeaderEpoch, Offset, PartitionId, TopicName};

fn encodes<C: Call>(build: impl Fn(i16) -> C::Request) {
    for version in C::MIN..=C::MAX {
        build(version).encode(&mut BytesMut::new(), version).unwrap_or_else(|error| panic!("{} v{version}: {error}", C::NAME));
    }
}

#[test]
fn every_request_encodes_at_every_version() {
    let group = GroupId::new("billing");
    let topic = TopicName::new("orders");
    let commit =
        NewCommit { topic: topic.clone(), partition: PartitionId(1), offset: Offset(7), epoch: LeaderEpoch(-1), metadata: String::new() };
    encodes::<ListGroups>(|_| ListGroupsRequest::default());
    encodes::<FindCoordinator>(|version| coordinator_request(version, std::slice::from_ref(&group)));
    encodes::<DescribeGroups>(|_| DescribeGroupsRequest::default().with_groups(vec![kafka_group(&group)]));
    encodes::<ConsumerGroupDescribe>(|_| ConsumerGroupDescribeRequest::default().with_group_ids(vec![kafka_group(&group)]));
    encodes::<OffsetCommit>(|version| change::commit_request(version, &group, std::slice::from_ref(&commit)));
    encodes::<OffsetDelete>(|_| change::delete_request(&group, &[(topic.clone(), PartitionId(1))]));
    encodes::<DeleteGroups>(|_| DeleteGroupsRequest::default().with_groups_names(vec![kafka_group(&group)]));
    encodes::<AlterShareGroupOffsets>(|_| change::alter_request(&group, &[(topic.clone(), PartitionId(1), Offset(7))]));
}

#[test]
fn a_commit_from_outside_names_no_member_and_no_generation() {
    let topic = TopicName::new("orders");
    let commit = |partition, offset| NewCommit {
        topic: topic.clone(),
        partition: PartitionId(partition),
        offset: Offset(offset),
        epoch: LeaderEpoch(-1),
        metadata: "m".to_owned(),
    };
    let request = change::commit_request(9, &GroupId::new("billing"), &[commit(0, 5), commit(1, 6)]);
    let mut bytes = BytesMut::new();
    request.encode(&mut bytes, 9).unwrap();
    let back = kp::OffsetCommitRequest::decode(&mut bytes.freeze(), 9).unwrap();
    assert_eq!((back.generation_id_or_member_epoch, back.member_id.as_str(), back.group_instance_id), (-1, "", None));
    let partitions: Vec<_> = back.topics[0].partitions.iter().map(|p| (p.partition_index, p.committed_offset)).collect();
    assert_eq!((back.topics.len(), partitions), (1, vec![(0, 5), (1, 6)]));
}

#[test]
fn members_may_write_what_they_like_into_their_assignment() {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(i32::MAX);
    bytes.put_i16(6);
    bytes.put_slice(b"orders");
    bytes.put_i32(1);
    bytes.put_i32(3);
    assert_eq!(describe::assignment(bytes.clone().freeze()), None);
    let mut good = BytesMut::new();
    good.put_i16(0);
    good.put_i32(1);
    good.put_slice(&bytes[6..]);
    good.put_i32(-1);
    assert_eq!(describe::assignment(good.freeze()), Some(vec![(TopicName::new("orders"), vec![PartitionId(3)])]));
    assert_eq!(describe::assignment(Bytes::new()), Some(vec![]));
    assert_eq!(describe::subscription(Bytes::from_static(&[0, 1, 0, 0])), None);
}

#[test]
fn before_types_are_listed_a_group_is_classic_unless_the_broker_has_the_new_protocol() {
    let group = || ListedGroup::default().with_group_id(kp::GroupId(kafka_name("g"))).with_group_state(kafka_name("Empty"));
    assert_eq!(listing(&group(), BrokerId(1), true).kind, GroupKind::Classic);
    assert_eq!(listing(&group(), BrokerId(1), false).kind, GroupKind::Untold);
    assert_eq!(listing(&group().with_group_type(kafka_name("Share")), BrokerId(1), true).kind, GroupKind::Share);
}

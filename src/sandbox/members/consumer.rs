//! A consumer of the classic protocol: joins, assigns by range when it leads, beats, commits, leaves.

use std::collections::BTreeMap;
use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ConsumerProtocolSubscription, FetchRequest, FindCoordinatorRequest, GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest, SyncGroupRequest, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

use super::wire::{Wire, failed};
use crate::json::{self, Shape};
use crate::model::PartitionId;
use crate::records::{self, Found, Scratch};
use crate::sandbox::code;

const SESSION_MS: i32 = 10_000;
const ASSIGNOR: &str = "range";
/// The version of subscriptions and assignments.
const FORMAT: i16 = 1;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
/// Bytes of one fetch.
const FETCH_BYTES: i32 = 64 << 10;

/// A partition that it has.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) partition: i32,
    /// What it reads next.
    pub(super) position: i64,
    pub(super) committed: Option<i64>,
}

/// A member of a group, or, as long as it has not joined, a program that commits for it.
pub(super) struct Consumer {
    wire: Wire,
    group: GroupId,
    topic: TopicName,
    partitions: usize,
    /// Leader of each partition.
    leaders: BTreeMap<i32, i32>,
    coordinator: i32,
    member: StrBytes,
    generation: i32,
}

impl Consumer {
    pub(super) fn new(wire: Wire, group: &str, (topic, partitions): (&str, usize)) -> Self {
        Self {
            wire,
            group: GroupId(text(group)),
            topic: TopicName(text(topic)),
            partitions,
            leaders: BTreeMap::new(),
            coordinator: -1,
            member: StrBytes::default(),
            generation: -1,
        }
    }

    /// Leaders and coordinator.
    pub(super) async fn look_up(&mut self) -> io::Result<()> {
        let any = self.wire.first()?;
        let topic = MetadataRequestTopic::default().with_name(Some(self.topic.clone()));
        let metadata = MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(false);
        let answer = self.wire.ask(any, 9, &metadata).await?;
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        self.leaders = partitions.map(|partition| (partition.partition_index, partition.leader_id.0)).collect();
        let find = FindCoordinatorRequest::default().with_key(self.group.0.clone());
        let found = self.wire.ask(any, 3, &find).await?;
        fine(found.error_code)?;
        self.coordinator = found.node_id.0;
        Ok(())
    }

    /// Becomes a member, or stays one; what it is assigned, each at its commit, or at the start of the log.
    pub(super) async fn join(&mut self) -> io::Result<Vec<Held>> {
        self.look_up().await?;
        let joined = loop {
            let answer = self.wire.ask(self.coordinator, 7, &self.wish()).await?;
            self.member = answer.member_id.clone();
            if answer.error_code != code::MEMBER_ID_REQUIRED {
                break answer;
            }
        };
        fine(joined.error_code)?;
        self.generation = joined.generation_id;
        let assignments = if joined.leader == joined.member_id { self.assign(&joined)? } else { Vec::new() };
        let sync = SyncGroupRequest::default()
            .with_group_id(self.group.clone())
            .with_generation_id(self.generation)
            .with_member_id(self.member.clone())
            .with_assignments(assignments);
        let mut synced = self.wire.ask(self.coordinator, 4, &sync).await?;
        if synced.error_code == code::REBALANCE_IN_PROGRESS {
            return Box::pin(self.join()).await;
        }
        fine(synced.error_code)?;
        let version = synced.assignment.try_get_i16().map_err(failed)?;
        let assignment = ConsumerProtocolAssignment::decode(&mut synced.assignment, version).map_err(failed)?;
        let partitions: Vec<i32> = assignment.assigned_partitions.into_iter().flat_map(|topic| topic.partitions).collect();
        self.committed(&partitions).await
    }

    fn wish(&self) -> JoinGroupRequest {
        let mut subscription = BytesMut::new();
        subscription.put_i16(FORMAT);
        let topics = ConsumerProtocolSubscription::default().with_topics(vec![self.topic.0.clone()]);
        // A subscription of one topic can be written.
        let _written = topics.encode(&mut subscription, FORMAT);
        let protocol =
            JoinGroupRequestProtocol::default().with_name(StrBytes::from_static_str(ASSIGNOR)).with_metadata(subscription.freeze());
        JoinGroupRequest::default()
            .with_group_id(self.group.clone())
            .with_session_timeout_ms(SESSION_MS)
            .with_rebalance_timeout_ms(SESSION_MS)
            .with_member_id(self.member.clone())
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![protocol])
    }

    /// Ranges of partitions, to members in order of their ids (`org.apache.kafka.clients.consumer.RangeAssignor`).
    fn assign(&self, joined: &JoinGroupResponse) -> io::Result<Vec<SyncGroupRequestAssignment>> {
        let mut ids: Vec<&StrBytes> = joined.members.iter().map(|member| &member.member_id).collect();
        ids.sort_unstable();
        let shares = ranges(self.partitions, ids.len());
        let assignment = |(id, partitions): (&StrBytes, Vec<i32>)| {
            let topic = TopicPartition::default().with_topic(self.topic.clone()).with_partitions(partitions);
            let mut bytes = BytesMut::new();
            bytes.put_i16(FORMAT);
            ConsumerProtocolAssignment::default().with_assigned_partitions(vec![topic]).encode(&mut bytes, FORMAT).map_err(failed)?;
            Ok(SyncGroupRequestAssignment::default().with_member_id(id.clone()).with_assignment(bytes.freeze()))
        };
        ids.into_iter().zip(shares).map(assignment).collect()
    }

    async fn committed(&mut self, partitions: &[i32]) -> io::Result<Vec<Held>> {
        let topic = OffsetFetchRequestTopics::default().with_name(self.topic.clone()).with_partition_indexes(partitions.to_vec());
        let group = OffsetFetchRequestGroup::default().with_group_id(self.group.clone()).with_topics(Some(vec![topic]));
        let fetch = OffsetFetchRequest::default().with_groups(vec![group]).with_require_stable(true);
        let answer = self.wire.ask(self.coordinator, 8, &fetch).await?;
        let group = answer.groups.first().ok_or_else(|| failed("an answer without the group"))?;
        fine(group.error_code)?;
        let commits = group.topics.iter().flat_map(|topic| &topic.partitions);
        let held = commits.map(|one| Held {
            partition: one.partition_index,
            position: one.committed_offset.max(0),
            committed: Some(one.committed_offset),
        });
        Ok(held.collect())
    }

    /// Whether it may go on; else it is to join again.
    pub(super) async fn beats(&mut self) -> io::Result<bool> {
        let beat = HeartbeatRequest::default()
            .with_group_id(self.group.clone())
            .with_generation_id(self.generation)
            .with_member_id(self.member.clone());
        let error = self.wire.ask(self.coordinator, 4, &beat).await?.error_code;
        self.goes_on(error)
    }

    fn goes_on(&mut self, error: i16) -> io::Result<bool> {
        match error {
            0 => Ok(true),
            code::REBALANCE_IN_PROGRESS => Ok(false),
            code::UNKNOWN_MEMBER_ID | code::ILLEGAL_GENERATION => {
                self.member = StrBytes::default();
                Ok(false)
            }
            error => Err(failed(format!("error {error}"))),
        }
    }

    /// The ends of all partitions.
    pub(super) async fn ends(&mut self) -> io::Result<BTreeMap<i32, i64>> {
        self.offsets(LATEST).await
    }

    /// What lies before the start of a log is gone: it goes on from there.
    pub(super) async fn skip_deleted(&mut self, held: &mut [Held]) -> io::Result<()> {
        let starts = self.offsets(EARLIEST).await?;
        for place in held {
            place.position = place.position.max(starts.get(&place.partition).copied().unwrap_or(0));
        }
        Ok(())
    }

    async fn offsets(&mut self, time: i64) -> io::Result<BTreeMap<i32, i64>> {
        let mut by_leader: BTreeMap<i32, Vec<ListOffsetsPartition>> = BTreeMap::new();
        for (partition, leader) in &self.leaders {
            let wanted = ListOffsetsPartition::default().with_partition_index(*partition).with_timestamp(time);
            by_leader.entry(*leader).or_default().push(wanted.with_current_leader_epoch(-1));
        }
        let mut all = BTreeMap::new();
        for (leader, partitions) in by_leader {
            let topic = ListOffsetsTopic::default().with_name(self.topic.clone()).with_partitions(partitions);
            let answer = self.wire.ask(leader, 5, &ListOffsetsRequest::default().with_topics(vec![topic])).await?;
            for one in answer.topics.iter().flat_map(|topic| &topic.partitions) {
                fine(one.error_code)?;
                all.insert(one.partition_index, one.offset);
            }
        }
        Ok(all)
    }

    /// Commits positions that have moved. Whether it may go on; else it is to join again.
    pub(super) async fn commits(&mut self, held: &mut [Held]) -> io::Result<bool> {
        let moved = held.iter().filter(|place| place.committed != Some(place.position));
        let partition = |place: &Held| {
            OffsetCommitRequestPartition::default().with_partition_index(place.partition).with_committed_offset(place.position)
        };
        let partitions: Vec<_> = moved.map(partition).collect();
        if partitions.is_empty() {
            return Ok(true);
        }
        let topic = OffsetCommitRequestTopic::default().with_name(self.topic.clone()).with_partitions(partitions);
        let commit = OffsetCommitRequest::default()
            .with_group_id(self.group.clone())
            .with_generation_id_or_member_epoch(self.generation)
            .with_member_id(self.member.clone())
            .with_topics(vec![topic]);
        let answer = self.wire.ask(self.coordinator, 8, &commit).await?;
        let mut errors = answer.topics.iter().flat_map(|topic| &topic.partitions).map(|one| one.error_code);
        if let Some(error) = errors.find(|error| *error != 0) {
            return self.goes_on(error);
        }
        for place in held {
            place.committed = Some(place.position);
        }
        Ok(true)
    }

    /// Reads on in a partition, so many records at most. Where it stands then, and whether the next record is no JSON.
    pub(super) async fn fetch(&mut self, place: &Held, most: usize) -> io::Result<(i64, bool)> {
        let leader = *self.leaders.get(&place.partition).ok_or_else(|| failed("no such partition"))?;
        let wanted = FetchPartition::default()
            .with_partition(place.partition)
            .with_fetch_offset(place.position)
            .with_partition_max_bytes(FETCH_BYTES)
            .with_current_leader_epoch(-1);
        let topic = FetchTopic::default().with_topic(self.topic.clone()).with_partitions(vec![wanted]);
        let fetch = FetchRequest::default().with_max_bytes(FETCH_BYTES).with_session_epoch(-1).with_topics(vec![topic]);
        let mut answer = self.wire.ask(leader, 11, &fetch).await?;
        let found = answer.responses.pop().and_then(|mut topic| topic.partitions.pop()).ok_or_else(|| failed("an empty answer"))?;
        if found.error_code == code::OFFSET_OUT_OF_RANGE {
            // As `auto.offset.reset=latest` has it.
            return Ok((self.ends().await?.get(&place.partition).copied().unwrap_or(place.position), false));
        }
        fine(found.error_code)?;
        Ok(digest(&found.records.unwrap_or_default(), place, most))
    }

    /// Goes, and says so.
    pub(super) async fn leave(&mut self) -> io::Result<()> {
        let member = MemberIdentity::default().with_member_id(std::mem::take(&mut self.member));
        let leave = LeaveGroupRequest::default().with_group_id(self.group.clone()).with_members(vec![member]);
        fine(self.wire.ask(self.coordinator, 4, &leave).await?.error_code)
    }
}

/// Goes through records: the position behind the last one that was fine, and whether the next is no JSON.
fn digest(bytes: &Bytes, place: &Held, most: usize) -> (i64, bool) {
    let mut position = place.position;
    let (mut scratch, mut count) = (Scratch::default(), 0);
    for found in records::batches(PartitionId(place.partition), bytes) {
        let Found::Batch(batch) = found else { break };
        let Ok(opened) = batch.open(&mut scratch) else { return (position, true) };
        for record in opened.records().flatten().filter(|record| record.offset.0 >= place.position) {
            if count == most {
                return (position, false);
            }
            if record.value.is_some_and(|value| json::check(value) != Shape::Valid) {
                return (position, true);
            }
            (position, count) = (record.offset.0.saturating_add(1), count + 1);
        }
        position = position.max(batch.next_offset().0);
    }
    (position, false)
}

/// Partitions 0 to `partitions`, cut into so many ranges; the first ones are longer by one where it does not divide.
fn ranges(partitions: usize, members: usize) -> Vec<Vec<i32>> {
    let members = members.max(1);
    let (each, more) = (partitions / members, partitions % members);
    let mut next = 0_i32..i32::try_from(partitions).unwrap_or(i32::MAX);
    (0..members).map(|n| next.by_ref().take(each + usize::from(n < more)).collect()).collect()
}

fn fine(error: i16) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(failed(format!("error {error}"))) }
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Offset;
    use crate::records::writer::BatchWriter;

    #[test]
    fn ranges_share_all_partitions() {
        assert_eq!(ranges(3, 2), [vec![0, 1], vec![2]]);
        assert_eq!(ranges(4, 1), [vec![0, 1, 2, 3]]);
        assert_eq!(ranges(1, 3), [vec![0], vec![], vec![]]);
    }

    #[test]
    fn a_record_that_is_no_json_is_not_passed_and_deleted_ones_are() {
        let batch = |base, values: [Option<&[u8]>; 3]| {
            let one = |batch: BatchWriter, value| batch.record(1, None, value);
            values.into_iter().fold(BatchWriter::new(Offset(base)), one).finish().unwrap()
        };
        let whole = Bytes::from([batch(0, [Some(b"{}"), None, Some(b"[1]")]), batch(3, [Some(b"1"), Some(b"{\"a"), Some(b"2")])].concat());
        let at = |position| Held { partition: 0, position, committed: None };
        assert_eq!(digest(&whole, &at(0), 100), (4, true));
        assert_eq!(digest(&whole, &at(1), 2), (3, false));
        assert_eq!(digest(&whole, &at(4), 100), (4, true));
        assert_eq!(digest(&whole, &at(5), 100), (6, false));
        assert_eq!(digest(&Bytes::new(), &at(7), 100), (7, false));
    }
}

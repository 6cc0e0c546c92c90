//! A consumer as they are: it works on the other partitions, leaves the group when it meets the broken record, and is back five
//! seconds later. Once its commit is behind that record it reads to the end and stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    FindCoordinatorRequest, GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, OffsetCommitRequest, OffsetFetchRequest,
    SyncGroupRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::{Cluster, Codec, Connection, Writer, record};

/// Records of each partition, and which of them is broken.
const RECORDS: i64 = 60;
const PILL: i64 = 20;
const PARTITIONS: i32 = 3;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Makes the topic, with the broken record in that partition.
pub(super) fn fill(cluster: &Cluster, topic: &str, partition: i32) {
    let mut writer = Writer::connect(&cluster.internal);
    writer.create(topic, PARTITIONS, 1, &[]);
    for id in 0..PARTITIONS {
        let value = |n: i64| if id == partition && n == PILL { "{\"sku\": oops".to_owned() } else { format!("{{\"sku\":\"{n}\"}}") };
        writer.append(topic, id, Codec::None, &(0..RECORDS).map(|n| record(value(n))).collect::<Vec<_>>());
    }
}

/// Where a group stands on a partition; the address is of its coordinator.
pub(super) fn committed(address: &str, group: &str, topic: &str, partition: i32) -> Option<i64> {
    let topics = vec![OffsetFetchRequestTopics::default().with_name(TopicName(text(topic))).with_partition_indexes(vec![partition])];
    let one = OffsetFetchRequestGroup::default().with_group_id(GroupId(text(group))).with_topics(Some(topics));
    let answer = Connection::open(address).call(8, &OffsetFetchRequest::default().with_groups(vec![one]));
    let found = answer.groups.first()?.topics.first()?.partitions.first()?;
    (found.committed_offset >= 0).then_some(found.committed_offset)
}

/// The consumer while it runs; it ends when this is dropped.
pub(super) struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What it died of is of no use to who drops it.
            let _ended = thread.join();
        }
    }
}

pub(super) fn start(address: &str, group: &str, topic: &str, partition: i32) -> Running {
    let stop = Arc::new(AtomicBool::new(false));
    let mut consumer = Consumer {
        connection: Connection::open(address),
        address: address.to_owned(),
        group: group.to_owned(),
        topic: topic.to_owned(),
        pill: partition,
        positions: vec![0; usize::try_from(PARTITIONS).expect("few")],
        stop: Arc::clone(&stop),
    };
    let asked = FindCoordinatorRequest::default().with_key(text(group));
    crate::eventually("a coordinator", || (consumer.connection.call(2, &asked).error_code == 0).then_some(()));
    let thread = thread::spawn(move || consumer.live());
    Running { stop, thread: Some(thread) }
}

struct Consumer {
    connection: Connection,
    address: String,
    group: String,
    topic: String,
    /// The partition with the broken record.
    pill: i32,
    positions: Vec<i64>,
    stop: Arc<AtomicBool>,
}

impl Consumer {
    fn live(&mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let Some((generation, member)) = self.join() else {
                self.rest(Duration::from_millis(200));
                continue;
            };
            self.positions = self.ask_positions();
            let until = Instant::now() + Duration::from_secs(2);
            while !self.stop.load(Ordering::Relaxed) && (Instant::now() < until || !self.meets_the_pill()) {
                self.work();
                self.commit(generation, &member);
                let beat = HeartbeatRequest::default().with_group_id(GroupId(text(&self.group))).with_generation_id(generation);
                self.connection.call(3, &beat.with_member_id(member.clone()));
                self.rest(Duration::from_millis(250));
            }
            let identity = MemberIdentity::default().with_member_id(member);
            self.connection.call(3, &LeaveGroupRequest::default().with_group_id(GroupId(text(&self.group))).with_members(vec![identity]));
            self.rest(Duration::from_secs(5));
        }
    }

    /// Sleeps, and wakes up to end.
    fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn meets_the_pill(&self) -> bool {
        usize::try_from(self.pill).is_ok_and(|at| self.positions[at] == PILL)
    }

    /// A few records of each partition; never the broken one. The others begin anew at their end, so that they always move.
    fn work(&mut self) {
        for (id, position) in (0_i32..).zip(&mut self.positions) {
            *position = match (id == self.pill, *position) {
                (true, PILL) => PILL,
                (true, at) if at < PILL => (at + 3).min(PILL),
                (_, at) if id == self.pill => (at + 3).min(RECORDS),
                (_, at) => (at + 1).min(RECORDS),
            };
        }
    }

    fn ask_positions(&self) -> Vec<i64> {
        (0..PARTITIONS).map(|id| committed(&self.address, &self.group, &self.topic, id).unwrap_or(0)).collect()
    }

    /// Generation and member id; `None`: not now.
    fn join(&mut self) -> Option<(i32, StrBytes)> {
        let mut subscription = BytesMut::new();
        subscription.put_i16(0);
        subscription.put_i32(1);
        subscription.put_i16(i16::try_from(self.topic.len()).expect("short"));
        subscription.put_slice(self.topic.as_bytes());
        subscription.put_i32(-1);
        let protocol = JoinGroupRequestProtocol::default().with_name(text("range")).with_metadata(subscription.freeze());
        let request = JoinGroupRequest::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_session_timeout_ms(10_000)
            .with_rebalance_timeout_ms(10_000)
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![protocol]);
        let first = self.connection.call(5, &request);
        let joined = if first.error_code == 79 { self.connection.call(5, &request.with_member_id(first.member_id)) } else { first };
        if joined.error_code != 0 {
            return None;
        }
        let assignment = SyncGroupRequestAssignment::default().with_member_id(joined.member_id.clone()).with_assignment(self.assignment());
        let request = SyncGroupRequest::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_generation_id(joined.generation_id)
            .with_member_id(joined.member_id.clone())
            .with_assignments(vec![assignment]);
        (self.connection.call(3, &request).error_code == 0).then_some((joined.generation_id, joined.member_id))
    }

    fn assignment(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_i16(0);
        bytes.put_i32(1);
        bytes.put_i16(i16::try_from(self.topic.len()).expect("short"));
        bytes.put_slice(self.topic.as_bytes());
        bytes.put_i32(PARTITIONS);
        (0..PARTITIONS).for_each(|id| bytes.put_i32(id));
        bytes.put_i32(-1);
        bytes.freeze()
    }

    fn commit(&mut self, generation: i32, member: &StrBytes) {
        let partition =
            |(id, offset): (i32, &i64)| OffsetCommitRequestPartition::default().with_partition_index(id).with_committed_offset(*offset);
        let partitions = (0_i32..).zip(&self.positions).map(partition).collect();
        let topics = vec![OffsetCommitRequestTopic::default().with_name(TopicName(text(&self.topic))).with_partitions(partitions)];
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_generation_id_or_member_epoch(generation)
            .with_member_id(member.clone())
            .with_topics(topics);
        self.connection.call(7, &request);
    }
}

//! A member of a streams group (KIP-1071, `StreamsGroupHeartbeatRequest.json` of Apache Kafka 4.2), spoken by hand: the protocol crate
//! has no schema of it. One subtopology that reads one topic and keeps nothing.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{FindCoordinatorRequest, GroupId, OffsetCommitRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::connection::Connection;
use crate::eventually;

const HEARTBEAT: i16 = 88;
const SUBTOPOLOGY: &str = "0";
/// What joins, and what leaves, in place of an epoch.
const JOIN: i32 = 0;
const LEAVE: i32 = -1;

/// See the module.
pub(super) struct Streams {
    connection: Connection,
    group: String,
    topic: String,
    epoch: i32,
    /// Partitions that it has; `None` before it was told any.
    pub(super) tasks: Option<Vec<i32>>,
}

impl Streams {
    /// Joins; the address is of the coordinator.
    pub(super) fn join(address: &str, group: &str, topic: &str) -> Self {
        let mut connection = Connection::open(address);
        let asked = FindCoordinatorRequest::default().with_key(StrBytes::from_string(group.to_owned()));
        eventually("a coordinator", || (connection.call(2, &asked).error_code == 0).then_some(()));
        let mut member = Self { connection, group: group.to_owned(), topic: topic.to_owned(), epoch: JOIN, tasks: None };
        eventually("it is taken in", || (member.beat(JOIN) == 0).then_some(()));
        member
    }

    /// Says that it is there, with what it has, and takes what it is given.
    pub(super) fn stay(&mut self) {
        assert_eq!(self.beat(self.epoch), 0, "the coordinator knows it");
    }

    pub(super) fn leave(mut self) {
        assert_eq!(self.beat(LEAVE), 0);
    }

    /// Commits as a member does.
    pub(super) fn commit(&mut self, offsets: &[(i32, i64)]) {
        let text = |text: &str| StrBytes::from_string(text.to_owned());
        let partition =
            |&(id, offset): &(i32, i64)| OffsetCommitRequestPartition::default().with_partition_index(id).with_committed_offset(offset);
        let topic = OffsetCommitRequestTopic::default().with_name(TopicName(text(&self.topic)));
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text(&self.group)))
            .with_generation_id_or_member_epoch(self.epoch)
            .with_member_id(text(&self.id()))
            .with_topics(vec![topic.with_partitions(offsets.iter().map(partition).collect())]);
        let answer = self.connection.call(9, &request);
        assert!(answer.topics[0].partitions.iter().all(|partition| partition.error_code == 0), "{answer:?}");
    }

    fn id(&self) -> String {
        format!("member-of-{}", self.group)
    }

    /// One heartbeat; gives the error.
    fn beat(&mut self, epoch: i32) -> i16 {
        let mut body = BytesMut::new();
        string(&mut body, &self.group);
        string(&mut body, &self.id());
        body.put_i32(epoch);
        body.put_i32(0);
        // Neither instance nor rack.
        body.put_slice(&[0, 0]);
        body.put_i32(if epoch == JOIN { 30_000 } else { -1 });
        if epoch == JOIN {
            self.topology(&mut body);
        } else {
            body.put_i8(-1);
        }
        match (&self.tasks, epoch) {
            // No task of any kind yet.
            (None, _) | (_, JOIN) => body.put_slice(&[1, 1, 1]),
            (Some(tasks), _) => {
                array(&mut body, 1);
                string(&mut body, SUBTOPOLOGY);
                array(&mut body, tasks.len());
                for task in tasks {
                    body.put_i32(*task);
                }
                body.put_slice(&[0, 1, 1]);
            }
        }
        if epoch == JOIN {
            string(&mut body, "process");
        } else {
            body.put_u8(0);
        }
        // No endpoint; no tags; no offsets of tasks, nor their ends; nobody else shall stop; nothing tagged.
        body.put_i8(-1);
        body.put_u8(u8::from(epoch == JOIN));
        body.put_slice(&[0, 0, 0, 0]);
        let answer = self.connection.call_raw(HEARTBEAT, &body);
        self.take(answer)
    }

    fn topology(&self, body: &mut BytesMut) {
        body.put_i8(1);
        body.put_i32(0);
        array(body, 1);
        string(body, SUBTOPOLOGY);
        array(body, 1);
        string(body, &self.topic);
        // No patterns, changelogs, repartition topics or topics of like partitions; nothing tagged, twice.
        body.put_slice(&[1, 1, 1, 1, 1, 0, 0]);
    }

    fn take(&mut self, mut answer: Bytes) -> i16 {
        answer.advance(4);
        let error = answer.get_i16();
        if error != 0 {
            return error;
        }
        // Without a message, and the id that it gave itself.
        let _message = nullable(&mut answer);
        let _id = nullable(&mut answer);
        self.epoch = answer.get_i32();
        answer.advance(12);
        for _ in 0..length(&mut answer).unwrap_or(0) {
            answer.advance(1);
            let _words = nullable(&mut answer);
            answer.advance(1);
        }
        if let Some(subtopologies) = length(&mut answer) {
            let mut tasks = Vec::new();
            for _ in 0..subtopologies {
                let _id = nullable(&mut answer);
                tasks.extend((0..length(&mut answer).unwrap_or(0)).map(|_| answer.get_i32()));
                answer.advance(1);
            }
            self.tasks = Some(tasks);
        }
        0
    }
}

/// A count as it stands before texts and arrays here: one more, as a varint that fits in a byte.
fn array(body: &mut BytesMut, len: usize) {
    body.put_u8(u8::try_from(len + 1).ok().filter(|count| *count < 0x80).expect("short"));
}

fn string(body: &mut BytesMut, text: &str) {
    array(body, text.len());
    body.put_slice(text.as_bytes());
}

/// `None` where nothing stands.
fn length(answer: &mut Bytes) -> Option<usize> {
    let (mut count, mut shift) = (0_usize, 0);
    loop {
        let byte = answer.get_u8();
        count |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return count.checked_sub(1);
        }
    }
}

fn nullable(answer: &mut Bytes) -> Option<Bytes> {
    length(answer).map(|len| answer.split_to(len))
}

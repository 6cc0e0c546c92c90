//! Produce: takes batches as they are, whatever their codec, checks them as a broker does (`LogValidator`), gives them offsets
//! and the leader's epoch, and, where the topic says so, the time of appending. What an idempotent producer sends again is
//! answered as before and not appended.

use kafka_protocol::messages::produce_request::TopicProduceData;
use kafka_protocol::messages::produce_response::{LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{BrokerId, ProduceRequest, ProduceResponse};

use super::{Asked, code, leader_of, text};
use crate::model::{Offset, PartitionId};
use crate::records::{self, BatchHeader, Found, Scratch, writer};
use crate::sandbox::cluster::{Named, State};
use crate::sandbox::now_ms;
use crate::sandbox::producers::Verdict;
use crate::sandbox::topic::Topic;

/// Topics are named by id from this version on.
const BY_ID: i16 = 13;
/// Answers tell where a partition has gone from this version on (KIP-951).
const TELLS_LEADERS: i16 = 10;
/// The attribute bit of LogAppendTime.
const APPEND_TIME: i16 = 0x08;
/// Where attributes and the largest time are in a batch of format 2.
const ATTRIBUTES_AT: usize = 21;
const MAX_TIME_AT: usize = 35;

pub(super) fn answer(asked: &Asked<'_>, request: ProduceRequest) -> ProduceResponse {
    let now = now_ms();
    let mut state = asked.cluster.state();
    let mut moved = Vec::new();
    let refused = match (request.acks, &request.transactional_id) {
        (-1..=1, None) => None,
        (-1..=1, Some(_)) => Some(code::INVALID_PRODUCER_ID_MAPPING),
        _ => Some(code::INVALID_REQUIRED_ACKS),
    };
    let topics = request.topic_data.into_iter().map(|topic| topic_answer(asked, &mut state, topic, (refused, now), &mut moved));
    let topics: Vec<TopicProduceResponse> = topics.collect();
    drop(state);
    asked.cluster.changed();
    let response = ProduceResponse::default().with_throttle_time_ms(asked.throttle_ms).with_responses(topics);
    if asked.version < TELLS_LEADERS {
        return response;
    }
    let endpoint = |id: i32| {
        let broker = asked.cluster.broker(id)?;
        let endpoint = NodeEndpoint::default().with_node_id(BrokerId(id)).with_host(text(&broker.address.ip().to_string()));
        Some(endpoint.with_port(i32::from(broker.address.port())).with_rack(Some(text(&broker.rack))))
    };
    moved.sort_unstable();
    moved.dedup();
    response.with_node_endpoints(moved.into_iter().filter_map(endpoint).collect())
}

fn topic_answer(
    asked: &Asked<'_>,
    state: &mut State,
    topic: TopicProduceData,
    (refused, now): (Option<i16>, i64),
    moved: &mut Vec<i32>,
) -> TopicProduceResponse {
    let named = if asked.version >= BY_ID { Named::Id(topic.topic_id.into_bytes()) } else { Named::Name(&topic.name) };
    let mut partitions = Vec::with_capacity(topic.partition_data.len());
    for data in topic.partition_data {
        let bytes = data.records.unwrap_or_default();
        let done = refused.map_or_else(|| append(asked, state, named, data.index, (&bytes, now)), Err);
        let done = done.and_then(|appended| asked.error_after.map_or(Ok(appended), Err));
        let answer = PartitionProduceResponse::default().with_index(data.index).with_log_append_time_ms(-1);
        partitions.push(match done {
            Ok((base, start, appended)) => {
                let answer = answer.with_base_offset(base).with_log_append_time_ms(appended.unwrap_or(-1));
                if asked.version >= 5 { answer.with_log_start_offset(start) } else { answer }
            }
            Err(error) => {
                let answer = answer.with_error_code(error).with_base_offset(-1);
                match leader_of(state, named, data.index) {
                    Some((leader, epoch)) if error == code::NOT_LEADER_OR_FOLLOWER && asked.version >= TELLS_LEADERS => {
                        moved.push(leader);
                        answer.with_current_leader(LeaderIdAndEpoch::default().with_leader_id(BrokerId(leader)).with_leader_epoch(epoch))
                    }
                    _ => answer,
                }
            }
        });
    }
    let answer = TopicProduceResponse::default().with_partition_responses(partitions);
    if asked.version >= BY_ID { answer.with_topic_id(topic.topic_id) } else { answer.with_name(topic.name) }
}

/// The offset of the first record, the log's start, and the time of appending where that counts.
fn append(
    asked: &Asked<'_>,
    state: &mut State,
    named: Named<'_>,
    index: i32,
    (bytes, now): (&[u8], i64),
) -> Result<(i64, i64, Option<i64>), i16> {
    asked.led(state, named, index, -1)?;
    let topic = state.topic_mut(named).ok_or(code::UNKNOWN_TOPIC_OR_PARTITION)?;
    let header = check(topic, bytes)?;
    let append_time = topic.is("message.timestamp.type", "LogAppendTime").then_some(now);
    let mut batch = bytes.to_vec();
    if let Some(time) = append_time {
        stamp(&mut batch, time);
    }
    let at = usize::try_from(index).map_err(|_negative| code::UNKNOWN_TOPIC_OR_PARTITION)?;
    let partition = topic.partitions.get_mut(at).ok_or(code::UNKNOWN_TOPIC_OR_PARTITION)?;
    match partition.log().producers.judge(&header) {
        Verdict::Append => {}
        Verdict::Duplicate(known) => return Ok((known.base, partition.bounds().start, known.append_time)),
        Verdict::OutOfOrder => return Err(code::OUT_OF_ORDER_SEQUENCE_NUMBER),
        Verdict::OldEpoch => return Err(code::INVALID_PRODUCER_EPOCH),
    }
    let base = partition.append(batch);
    partition.log_mut().producers.note(&header, base, append_time);
    topic.retain(now);
    let start = topic.partitions.get(at).map_or(-1, |partition| partition.bounds().start);
    Ok((base, start, append_time))
}

/// The header of one whole batch of format 2 with as many records as it says, of no transaction. A compacted topic wants keys.
fn check(topic: &Topic, bytes: &[u8]) -> Result<BatchHeader, i16> {
    let mut found = records::batches(PartitionId(0), bytes);
    let (Some(Found::Batch(batch)), None) = (found.next(), found.next()) else { return Err(code::CORRUPT_MESSAGE) };
    let header = *batch.header();
    if bytes.len() > topic.largest_batch() {
        return Err(code::MESSAGE_TOO_LARGE);
    }
    // Offsets are the broker's to give: producers count from 0 (`UnifiedLog.analyzeAndValidateRecords`).
    let numbered = header.base_offset != Offset(0);
    if header.magic != 2 || numbered || batch.is_control() || header.last_offset_delta.checked_add(1) != Some(header.records) {
        return Err(code::INVALID_RECORD);
    }
    if batch.transaction().is_some() {
        return Err(code::INVALID_PRODUCER_ID_MAPPING);
    }
    if header.producer_id >= 0 && (header.producer_epoch < 0 || header.base_sequence < 0) {
        return Err(code::INVALID_RECORD);
    }
    let mut scratch = Scratch::default();
    let opened = batch.open(&mut scratch).map_err(|_fault| code::CORRUPT_MESSAGE)?;
    let compacted = topic.is("cleanup.policy", "compact");
    let mut count = 0_i32;
    for record in opened.records() {
        let record = record.map_err(|_fault| code::INVALID_RECORD)?;
        if compacted && record.key.is_none() {
            return Err(code::INVALID_RECORD);
        }
        count = count.saturating_add(1);
    }
    if count == header.records { Ok(header) } else { Err(code::INVALID_RECORD) }
}

/// The time of appending, for all records of the batch.
fn stamp(batch: &mut [u8], time: i64) {
    if let Some(&[high, low]) = batch.get(ATTRIBUTES_AT..ATTRIBUTES_AT + 2) {
        let attributes = i16::from_be_bytes([high, low]) | APPEND_TIME;
        put(batch, ATTRIBUTES_AT, &attributes.to_be_bytes());
        put(batch, MAX_TIME_AT, &time.to_be_bytes());
        writer::seal_crc(batch);
    }
}

fn put(batch: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(to) = batch.get_mut(at..at + bytes.len()) {
        to.copy_from_slice(bytes);
    }
}

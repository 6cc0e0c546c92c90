//! Fetch: record data as they lie in the log. Every fetch is answered whole; one that asks for a session gets none (KIP-227
//! leaves that to the broker). A fetch that finds too little waits for appends, up to its own limit.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ProducerId};
use tokio::time::{Instant, sleep_until};

use super::{Asked, code, leader_of, text};
use crate::sandbox::cluster::{Named, State};

const READ_COMMITTED: i8 = 1;
/// Topics are named by id from this version on (KIP-516).
const BY_ID: i16 = 13;
/// Answers tell where a partition has gone from this version on (KIP-951).
const TELLS_LEADERS: i16 = 16;

pub(super) async fn answer(asked: &Asked<'_>, request: &FetchRequest) -> FetchResponse {
    let response = FetchResponse::default().with_throttle_time_ms(asked.throttle_ms);
    if request.session_id != 0 {
        return response.with_error_code(code::FETCH_SESSION_ID_NOT_FOUND);
    }
    let enough = usize::try_from(request.min_bytes).unwrap_or(0);
    let deadline = Instant::now() + Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let mut appends = asked.cluster.appends();
    loop {
        appends.borrow_and_update();
        let look = Look::at(asked, request);
        if look.bytes >= enough || look.failed || request.topics.is_empty() {
            return look.response(asked, response);
        }
        tokio::select! {
            // The sender lives as long as the cluster.
            _ = appends.changed() => {}
            () = sleep_until(deadline) => return look.response(asked, response),
        }
    }
}

/// What one look at the logs finds.
struct Look {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    failed: bool,
    /// Leaders that the client does not know of.
    leaders: BTreeSet<i32>,
}

impl Look {
    fn at(asked: &Asked<'_>, request: &FetchRequest) -> Self {
        let mut look = Self { topics: Vec::with_capacity(request.topics.len()), bytes: 0, failed: false, leaders: BTreeSet::new() };
        let limit = usize::try_from(request.max_bytes).unwrap_or(0);
        let committed = request.isolation_level == READ_COMMITTED;
        let mut state = asked.cluster.state();
        for topic in &request.topics {
            let partitions = topic.partitions.iter().map(|wanted| look.partition(asked, &mut state, topic, wanted, (limit, committed)));
            let partitions = partitions.collect();
            let answer = FetchableTopicResponse::default().with_partitions(partitions);
            look.topics.push(match asked.version {
                BY_ID.. => answer.with_topic_id(topic.topic_id),
                _ => answer.with_topic(topic.topic.clone()),
            });
        }
        look
    }

    fn partition(
        &mut self,
        asked: &Asked<'_>,
        state: &mut State,
        topic: &FetchTopic,
        wanted: &FetchPartition,
        (limit, committed): (usize, bool),
    ) -> PartitionData {
        let named = if asked.version >= BY_ID { Named::Id(topic.topic_id.into_bytes()) } else { Named::Name(&topic.topic) };
        let answer = PartitionData::default().with_partition_index(wanted.partition).with_preferred_read_replica(BrokerId(-1));
        let found = match asked.led(state, named, wanted.partition, wanted.current_leader_epoch) {
            Ok(found) => found,
            Err(error) => {
                let leader = leader_of(state, named, wanted.partition).filter(|_| asked.version >= TELLS_LEADERS);
                return self.refuse(answer, error, leader);
            }
        };
        let bounds = found.bounds();
        let room = limit.saturating_sub(self.bytes).min(usize::try_from(wanted.partition_max_bytes).unwrap_or(0));
        // The first batch of an answer comes whole, however large it is (KIP-74).
        let Some(piece) = found.log().read(wanted.fetch_offset, room, committed, self.bytes == 0) else {
            return self.refuse(answer, code::OFFSET_OUT_OF_RANGE, None);
        };
        self.bytes = self.bytes.saturating_add(piece.bytes.len());
        let aborted = piece
            .aborted
            .iter()
            .map(|txn| AbortedTransaction::default().with_producer_id(ProducerId(txn.producer)).with_first_offset(txn.first));
        let answer = answer
            .with_high_watermark(bounds.end)
            .with_last_stable_offset(bounds.stable)
            .with_aborted_transactions(committed.then(|| aborted.collect()))
            .with_records(Some(Bytes::from(piece.bytes)));
        if asked.version >= 5 { answer.with_log_start_offset(bounds.start) } else { answer }
    }

    fn refuse(&mut self, answer: PartitionData, error: i16, leader: Option<(i32, i32)>) -> PartitionData {
        self.failed = true;
        let answer = answer.with_error_code(error).with_high_watermark(-1).with_records(Some(Bytes::new()));
        match (error, leader) {
            (code::NOT_LEADER_OR_FOLLOWER | code::FENCED_LEADER_EPOCH, Some((leader, epoch))) => {
                self.leaders.insert(leader);
                let leader = LeaderIdAndEpoch::default().with_leader_id(BrokerId(leader)).with_leader_epoch(epoch);
                answer.with_current_leader(leader)
            }
            _ => answer,
        }
    }

    fn response(self, asked: &Asked<'_>, response: FetchResponse) -> FetchResponse {
        let endpoints = asked.cluster.brokers.iter().filter(|broker| self.leaders.contains(&broker.id)).map(|broker| {
            NodeEndpoint::default()
                .with_node_id(BrokerId(broker.id))
                .with_host(text(&broker.address.ip().to_string()))
                .with_port(i32::from(broker.address.port()))
                .with_rack(Some(text(&broker.rack)))
        });
        let endpoints: Vec<NodeEndpoint> = endpoints.collect();
        let response = response.with_responses(self.topics);
        if asked.version >= TELLS_LEADERS { response.with_node_endpoints(endpoints) } else { response }
    }
}

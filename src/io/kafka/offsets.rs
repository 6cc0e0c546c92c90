//! ListOffsets: where partitions begin and end, and which offset a time has. Many partitions over many leaders, asked in
//! parallel, one request at a time for each leader.
//!
//! May use the pool, the wire and model. Another special position is a variant of [`At`] with the version that first
//! defined it (`org.apache.kafka.common.requests.ListOffsetsRequest`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::list_offsets_response::ListOffsetsPartitionResponse;
use kafka_protocol::messages::{self as kp, ListOffsetsRequest, ListOffsetsResponse};
use kafka_protocol::protocol::StrBytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::error::{ErrorCode, PartitionError};
use super::metadata::Leader;
use super::pool::Pool;
use super::slot_pause;
use super::wire::ListOffsets;
use crate::model::{BrokerId, Cause, Failure, LeaderEpoch, Offset, Operation, PartitionId, TopicName};

/// What "the end" is, and whether a fetch carries the list of aborted transactions (P32, P41).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// To the high watermark.
    ReadUncommitted,
    /// To the last stable offset.
    ReadCommitted,
}

impl Isolation {
    pub(super) fn wire(self) -> i8 {
        match self {
            Self::ReadUncommitted => 0,
            Self::ReadCommitted => 1,
        }
    }
}

/// A position to look up (P31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    /// The end: high watermark or last stable offset, by isolation.
    Latest,
    /// The start of the log.
    Earliest,
    /// The record with the largest timestamp (3.0 and later, KIP-734).
    MaxTimestamp,
    /// The start of what is on the broker's own disks (KIP-405).
    EarliestLocal,
    /// The end of what is in tiered storage (KIP-1005).
    LatestTiered,
    /// The start of what is not in tiered storage yet (4.2 and later, KIP-1023); no release of the protocol crate speaks
    /// that version yet, so the answer is [`PartitionError::NotOffered`].
    EarliestPendingUpload,
    /// The first record at or after this time, in milliseconds since the epoch; a negative time is 0.
    Time(i64),
}

impl At {
    fn wire(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::MaxTimestamp => -3,
            Self::EarliestLocal => -4,
            Self::LatestTiered => -5,
            Self::EarliestPendingUpload => -6,
            Self::Time(ms) => ms.max(0),
        }
    }

    fn first_version(self) -> i16 {
        match self {
            Self::Latest | Self::Earliest | Self::Time(_) => 1,
            Self::MaxTimestamp => 7,
            Self::EarliestLocal => 8,
            Self::LatestTiered => 9,
            Self::EarliestPendingUpload => 11,
        }
    }
}

/// One position of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetAsk {
    pub topic: TopicName,
    pub partition: PartitionId,
    pub at: At,
}

/// What a position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    At {
        offset: Offset,
        /// Of the record there, for [`At::Time`] and [`At::MaxTimestamp`]; −1 for the others.
        timestamp_ms: i64,
        leader_epoch: LeaderEpoch,
    },
    /// There is nothing at or after that time, or nothing at all (P33, P34): not the end, and not an error.
    Nothing,
}

impl Found {
    pub fn offset(self) -> Option<Offset> {
        match self {
            Self::At { offset, .. } => Some(offset),
            Self::Nothing => None,
        }
    }

    /// Of the record there, or of the leader whose log ends there; −1 when the broker did not tell.
    pub fn leader_epoch(self) -> LeaderEpoch {
        match self {
            Self::At { leader_epoch, .. } => leader_epoch,
            Self::Nothing => LeaderEpoch(-1),
        }
    }
}

/// The answer for one partition.
pub type OffsetResult = Result<Found, PartitionError>;

/// So many partitions a request; a search by time costs the broker reads of its index files.
const PER_REQUEST: usize = 1000;
const TIMES_PER_REQUEST: usize = 100;

/// Asks by their index in the caller's list, with the leader's epoch as we know it.
type Asked = Vec<(usize, OffsetAsk, LeaderEpoch)>;

/// What came of the asks that were sent to one leader.
type Answers = Vec<(usize, OffsetResult)>;

impl Pool {
    /// Looks all positions up; `each` hears every answer as it comes, with its index in `asks`, exactly once.
    ///
    /// # Errors
    /// Only when no metadata can be had at all; everything else is the answer of a partition.
    pub(super) async fn list_offsets(
        self: &Arc<Self>,
        what: &'static str,
        asks: &[OffsetAsk],
        isolation: Isolation,
        mut each: impl FnMut(usize, OffsetResult),
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + self.settings.retry;
        let mut open: Vec<(usize, OffsetAsk)> = asks.iter().cloned().enumerate().collect();
        let unknown = topics(asks.iter().filter(|ask| !self.knows(&ask.topic, ask.partition)));
        if !unknown.is_empty() {
            self.refresh(what, unknown).await?;
        }
        let mut tries = 0;
        let mut last: HashMap<usize, PartitionError> = HashMap::new();
        while !open.is_empty() {
            let mut again: Vec<(usize, OffsetAsk)> = Vec::new();
            let mut earlier = std::mem::take(&mut last);
            let mut settle = |index: usize, result: OffsetResult| match result {
                Err(error) if Instant::now() < deadline && self.is_worth_another(&error, tries) => {
                    if let Some(ask) = asks.get(index) {
                        again.push((index, ask.clone()));
                        last.insert(index, error);
                    }
                }
                result => each(index, result),
            };
            let mut running = JoinSet::new();
            for (broker, batches) in self.by_leader(std::mem::take(&mut open), &mut settle) {
                let pool = Arc::clone(self);
                let indexes: Vec<usize> = batches.iter().flatten().map(|(index, ..)| *index).collect();
                running.spawn(async move {
                    let asked = pool.ask_leader(what, broker, batches, isolation);
                    // The first try has the deadlines of its requests; later ones have what is left of the question's own.
                    if tries == 0 { Ok(asked.await) } else { timeout_at(deadline, asked).await.map_err(|_elapsed| indexes) }
                });
            }
            while let Some(done) = running.join_next().await {
                match done.unwrap_or_else(|_task_ended| Ok(Answers::new())) {
                    Ok(answers) => answers.into_iter().for_each(|(index, result)| settle(index, result)),
                    Err(indexes) => {
                        for index in indexes {
                            let error = earlier.remove(&index).unwrap_or(PartitionError::Kafka(ErrorCode(7)));
                            settle(index, Err(error));
                        }
                    }
                }
            }
            if again.is_empty() {
                break;
            }
            sleep(slot_pause(tries)).await;
            tries += 1;
            // Without fresh metadata the old leaders are asked once more, and the deadline ends it.
            let _old_leaders = self.refresh(what, topics(again.iter().map(|(_, ask)| ask))).await;
            open = again;
        }
        Ok(())
    }

    /// Whether a partition is asked about again: its leader moves, settles or could not be reached.
    fn is_worth_another(&self, error: &PartitionError, tries: u32) -> bool {
        match error {
            PartitionError::Kafka(code) => code.is_retriable(),
            PartitionError::NoAnswer(failure) => {
                let passing = matches!(failure.cause, Cause::Disconnected | Cause::TimedOut(_) | Cause::Unreachable);
                // A broker that was never reached is no broker that just died: its address is wrong for us (P14).
                let broker = failure.attempts.last().and_then(|attempt| attempt.broker);
                passing && (tries == 0 || broker.is_none_or(|broker| self.was_reached(broker)))
            }
            // An offline partition stays so for longer than anyone waits: it is an answer.
            PartitionError::NoLeader | PartitionError::NotOffered | PartitionError::Denied(_) => false,
        }
    }

    /// Groups asks by leader into requests that name no partition twice, which brokers refuse.
    fn by_leader(&self, open: Vec<(usize, OffsetAsk)>, settle: &mut impl FnMut(usize, OffsetResult)) -> BTreeMap<BrokerId, Vec<Asked>> {
        // By leader; within it by kind and by how often the partition was named before.
        let mut leaders: BTreeMap<BrokerId, BTreeMap<(bool, usize), Asked>> = BTreeMap::new();
        let mut seen: HashMap<(TopicName, PartitionId, bool), usize> = HashMap::new();
        for (index, ask) in open {
            let Some(Leader { broker, epoch, .. }) = self.leader(&ask.topic, ask.partition) else {
                let known = self.knows(&ask.topic, ask.partition);
                settle(index, Err(if known { PartitionError::NoLeader } else { PartitionError::Kafka(ErrorCode(3)) }));
                continue;
            };
            let by_time = matches!(ask.at, At::Time(_));
            let round = seen.entry((ask.topic.clone(), ask.partition, by_time)).or_default();
            leaders.entry(broker).or_default().entry((by_time, *round)).or_default().push((index, ask, epoch));
            *round += 1;
        }
        let batches = |rounds: BTreeMap<(bool, usize), Asked>| {
            rounds
                .into_iter()
                .flat_map(|((by_time, _), mut asks)| {
                    let most = if by_time { TIMES_PER_REQUEST } else { PER_REQUEST };
                    let mut batches = Vec::new();
                    while !asks.is_empty() {
                        let rest = asks.split_off(most.min(asks.len()));
                        batches.push(std::mem::replace(&mut asks, rest));
                    }
                    batches
                })
                .collect()
        };
        leaders.into_iter().map(|(broker, rounds)| (broker, batches(rounds))).collect()
    }

    /// One leader's requests, one after the other (a broker answers a connection in order anyway).
    async fn ask_leader(self: Arc<Self>, what: &'static str, broker: BrokerId, batches: Vec<Asked>, isolation: Isolation) -> Answers {
        let mut answers = Answers::new();
        let mut failed: Option<PartitionError> = None;
        for batch in batches {
            let indexes: Vec<usize> = batch.iter().map(|(index, ..)| *index).collect();
            if let Some(error) = &failed {
                answers.extend(indexes.into_iter().map(|index| (index, Err(error.clone()))));
                continue;
            }
            match self.ask_batch(what, broker, batch, isolation).await {
                Ok(some) => answers.extend(some),
                Err(failure) => {
                    let error = PartitionError::NoAnswer(Arc::new(failure));
                    answers.extend(indexes.into_iter().map(|index| (index, Err(error.clone()))));
                    failed = Some(error);
                }
            }
        }
        answers
    }

    async fn ask_batch(
        self: &Arc<Self>,
        what: &'static str,
        broker: BrokerId,
        batch: Asked,
        isolation: Isolation,
    ) -> Result<Answers, Failure> {
        let fail = |fault: super::fault::Fault| fault.into_failure(what);
        let connection = self.control(broker).await.map_err(fail)?;
        let offered = connection.version::<ListOffsets>().map_err(fail)?;
        let (asked, not_offered): (Asked, Asked) = batch.into_iter().partition(|(_, ask, _)| ask.at.first_version() <= offered);
        let mut answers: Answers = not_offered.into_iter().map(|(index, ..)| (index, Err(PartitionError::NotOffered))).collect();
        if asked.is_empty() {
            return Ok(answers);
        }
        let timeout = self.settings.request;
        let response = connection.call::<ListOffsets>(|version| request(version, &asked, isolation, timeout)).await.map_err(fail)?;
        answers.extend(matched(response, asked));
        Ok(answers)
    }
}

fn topics<'a>(asks: impl Iterator<Item = &'a OffsetAsk>) -> Vec<TopicName> {
    let mut names: Vec<_> = asks.map(|ask| ask.topic.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn request(version: i16, asks: &[(usize, OffsetAsk, LeaderEpoch)], isolation: Isolation, timeout: Duration) -> ListOffsetsRequest {
    let mut topics: Vec<ListOffsetsTopic> = Vec::new();
    let mut places: HashMap<&TopicName, usize> = HashMap::new();
    for (_, ask, epoch) in asks {
        let place = *places.entry(&ask.topic).or_insert(topics.len());
        if place == topics.len() {
            topics.push(ListOffsetsTopic::default().with_name(kp::TopicName(StrBytes::from_string(ask.topic.raw().to_owned()))));
        }
        let partition = ListOffsetsPartition::default()
            .with_partition_index(ask.partition.0)
            .with_current_leader_epoch(if version >= 4 { epoch.0 } else { -1 })
            .with_timestamp(ask.at.wire());
        if let Some(topic) = topics.get_mut(place) {
            topic.partitions.push(partition);
        }
    }
    let request = ListOffsetsRequest::default().with_replica_id(kp::BrokerId(-1)).with_topics(topics);
    let request = if version >= 2 { request.with_isolation_level(isolation.wire()) } else { request };
    // How long the broker may look into tiered storage (KIP-1075).
    if version >= 10 { request.with_timeout_ms(i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)) } else { request }
}

/// Each ask with its answer; one that the broker left out is an error of the broker.
fn matched(response: ListOffsetsResponse, asked: Asked) -> Answers {
    let mut found: HashMap<(TopicName, i32), OffsetResult> = HashMap::new();
    for topic in response.topics {
        let name = TopicName::new(topic.name.as_str());
        for partition in topic.partitions {
            found.insert((name.clone(), partition.partition_index), result(&partition));
        }
    }
    let missing = || Err(PartitionError::Kafka(ErrorCode(-1)));
    asked.into_iter().map(|(index, ask, _)| (index, found.remove(&(ask.topic, ask.partition.0)).unwrap_or_else(missing))).collect()
}

fn result(partition: &ListOffsetsPartitionResponse) -> OffsetResult {
    match ErrorCode::of(partition.error_code) {
        Some(code) => Err(PartitionError::of(code, Operation::Describe)),
        None if partition.offset < 0 => Ok(Found::Nothing),
        None => Ok(Found::At {
            offset: Offset(partition.offset),
            timestamp_ms: partition.timestamp,
            leader_epoch: LeaderEpoch(partition.leader_epoch),
        }),
    }
}

#[cfg(test)]
mod tests;

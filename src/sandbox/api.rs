//! Kafka's requests, one file per API key: the table of what is offered, and the way from a request's bytes to an answer's.

mod api_versions;
mod describe_cluster;
mod describe_configs;
mod describe_log_dirs;
mod fetch;
mod list_offsets;
mod list_partition_reassignments;
mod metadata;
mod offset_for_leader_epoch;
mod produce;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, DescribeClusterRequest, DescribeConfigsRequest, DescribeLogDirsRequest, FetchRequest, ListOffsetsRequest,
    ListPartitionReassignmentsRequest, MetadataRequest, OffsetForLeaderEpochRequest, ProduceRequest,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

use super::cluster::{Cluster, Named, State};
use super::topic::{Partition, Topic};

/// Error codes of Kafka that are answered here (`org.apache.kafka.common.protocol.Errors`).
mod code {
    pub(super) const OFFSET_OUT_OF_RANGE: i16 = 1;
    pub(super) const CORRUPT_MESSAGE: i16 = 2;
    pub(super) const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
    pub(super) const LEADER_NOT_AVAILABLE: i16 = 5;
    pub(super) const NOT_LEADER_OR_FOLLOWER: i16 = 6;
    pub(super) const MESSAGE_TOO_LARGE: i16 = 10;
    pub(super) const INVALID_TOPIC: i16 = 17;
    pub(super) const INVALID_REQUIRED_ACKS: i16 = 21;
    pub(super) const UNSUPPORTED_VERSION: i16 = 35;
    pub(super) const INVALID_REQUEST: i16 = 42;
    pub(super) const INVALID_PRODUCER_ID_MAPPING: i16 = 49;
    pub(super) const FETCH_SESSION_ID_NOT_FOUND: i16 = 70;
    pub(super) const FENCED_LEADER_EPOCH: i16 = 74;
    pub(super) const UNKNOWN_LEADER_EPOCH: i16 = 75;
    pub(super) const INVALID_RECORD: i16 = 87;
    pub(super) const UNKNOWN_TOPIC_ID: i16 = 100;
    pub(super) const MISMATCHED_ENDPOINT_TYPE: i16 = 114;
}

/// The APIs that are offered, with the lowest and highest version, as Apache Kafka 4.1 has them.
pub(super) const OFFERED: [(ApiKey, i16, i16); 10] = [
    (ApiKey::Produce, 3, 13),
    (ApiKey::Fetch, 4, 18),
    (ApiKey::ListOffsets, 1, 10),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::DescribeLogDirs, 1, 4),
    (ApiKey::ListPartitionReassignments, 0, 0),
    (ApiKey::DescribeCluster, 0, 2),
];

/// Whether a request of this version is understood.
pub(super) fn offers(api: ApiKey, version: i16) -> bool {
    OFFERED.iter().any(|&(key, min, max)| key == api && (min..=max).contains(&version))
}

/// One request, and what hooks want of its answer.
#[derive(Debug)]
pub(super) struct Asked<'c> {
    pub(super) cluster: &'c Cluster,
    /// The broker that was asked.
    pub(super) broker: i32,
    pub(super) version: i16,
    /// It comes from the sandbox's own traffic.
    pub(super) own: bool,
    /// The error to answer with.
    pub(super) error: Option<i16>,
    pub(super) throttle_ms: i32,
    /// Every partition that is named moves to another leader first.
    pub(super) moves: bool,
}

/// A request that cannot be answered: the connection ends, as a broker ends it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("its bytes are no request of its version")]
    Malformed,
    #[error("the answer cannot be written")]
    Unwritable,
    #[error("no such request is offered")]
    NotOffered,
}

/// Answers one request into `out`, behind what is there. `false`: it wants no answer.
pub(super) async fn answer(asked: &Asked<'_>, api: ApiKey, body: Bytes, out: &mut BytesMut) -> Result<bool, Refused> {
    let version = asked.version;
    match api {
        ApiKey::ApiVersions => write(&api_versions::answer(asked), api_versions::version(version), out)?,
        ApiKey::Metadata => metadata::answer(asked, &decode::<MetadataRequest>(body, version)?, out),
        ApiKey::Fetch => write(&fetch::answer(asked, &decode::<FetchRequest>(body, version)?).await, version, out)?,
        ApiKey::ListOffsets => write(&list_offsets::answer(asked, decode::<ListOffsetsRequest>(body, version)?), version, out)?,
        ApiKey::DescribeCluster => {
            write(&describe_cluster::answer(asked, &decode::<DescribeClusterRequest>(body, version)?), version, out)?;
        }
        ApiKey::DescribeConfigs => write(&describe_configs::answer(asked, decode::<DescribeConfigsRequest>(body, version)?), version, out)?,
        ApiKey::DescribeLogDirs => {
            write(&describe_log_dirs::answer(asked, decode::<DescribeLogDirsRequest>(body, version)?), version, out)?;
        }
        ApiKey::ListPartitionReassignments => {
            decode::<ListPartitionReassignmentsRequest>(body, version)?;
            write(&list_partition_reassignments::answer(asked), version, out)?;
        }
        ApiKey::OffsetForLeaderEpoch => {
            let request = decode::<OffsetForLeaderEpochRequest>(body, version)?;
            write(&offset_for_leader_epoch::answer(asked, request), version, out)?;
        }
        ApiKey::Produce => {
            let request = decode::<ProduceRequest>(body, version)?;
            let wants_answer = request.acks != 0;
            let answer = produce::answer(asked, request);
            if wants_answer {
                write(&answer, version, out)?;
            }
            return Ok(wants_answer);
        }
        _ => return Err(Refused::NotOffered),
    }
    Ok(true)
}

/// Whether this metadata request would create topics on a cluster that lets it.
pub(super) fn creates_topics(body: &Bytes, version: i16) -> bool {
    version >= 4 && decode::<MetadataRequest>(body.clone(), version).is_ok_and(|request| request.allow_auto_topic_creation)
}

fn decode<R: Decodable>(mut body: Bytes, version: i16) -> Result<R, Refused> {
    R::decode(&mut body, version).map_err(|_why| Refused::Malformed)
}

fn write(response: &impl Encodable, version: i16, out: &mut BytesMut) -> Result<(), Refused> {
    response.encode(out, version).map_err(|_why| Refused::Unwritable)
}

impl Asked<'_> {
    /// The partition, if this broker leads it under the epoch that the client knows of (−1: it knows of none). Else the error
    /// code (`ReplicaManager.getPartitionOrError`, `Partition.getLocalLog`).
    fn led<'s>(&self, state: &'s mut State, topic: Named<'_>, partition: i32, epoch: i32) -> Result<&'s mut Partition, i16> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let unknown = match topic {
            Named::Name(_) => code::UNKNOWN_TOPIC_OR_PARTITION,
            Named::Id(_) => code::UNKNOWN_TOPIC_ID,
        };
        let topic = state.topic_mut(topic).ok_or(unknown)?;
        let at = usize::try_from(partition).map_err(|_negative| code::UNKNOWN_TOPIC_OR_PARTITION)?;
        let found = topic.partitions.get_mut(at).ok_or(code::UNKNOWN_TOPIC_OR_PARTITION)?;
        if self.moves {
            found.move_leader(&self.cluster.ids());
        }
        if found.leader != self.broker {
            return Err(code::NOT_LEADER_OR_FOLLOWER);
        }
        match epoch {
            known if known >= 0 && known < found.epoch => Err(code::FENCED_LEADER_EPOCH),
            known if known > found.epoch => Err(code::UNKNOWN_LEADER_EPOCH),
            _ => Ok(found),
        }
    }
}

/// Who leads a partition now, for an answer that says so to a client that asked the wrong broker (KIP-951).
fn leader_of(state: &State, topic: Named<'_>, partition: i32) -> Option<(i32, i32)> {
    let at = usize::try_from(partition).ok()?;
    let found = state.topic(topic)?.partitions.get(at)?;
    Some((found.leader, found.epoch))
}

/// Replicas on brokers that are not there.
fn offline<'t>(topic_partition: &'t Partition, alive: &'t [i32]) -> impl Iterator<Item = i32> + Clone + 't {
    topic_partition.replicas.iter().copied().filter(|id| !alive.contains(id))
}

fn topic_name(topic: &Topic) -> kafka_protocol::messages::TopicName {
    kafka_protocol::messages::TopicName(text(&topic.name))
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

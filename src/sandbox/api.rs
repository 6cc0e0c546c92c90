//! Kafka's requests, one file per API key: the table of what is offered, and the way from a request's bytes to an answer's.

mod api_versions;
mod delete_groups;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sync_group;

use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, DescribeClusterRequest, DescribeConfigsRequest, DescribeLogDirsRequest, FetchRequest, ListOffsetsRequest,
    ListPartitionReassignmentsRequest, MetadataRequest, OffsetForLeaderEpochRequest, ProduceRequest,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::cluster::{Cluster, Named, State};
use super::code;
use super::hooks::Hooks;
use super::topic::{Partition, Topic};

/// The APIs that are offered, with the lowest and highest version, as Apache Kafka 4.1 has them.
pub(super) const OFFERED: [(ApiKey, i16, i16); 22] = [
    (ApiKey::Produce, 3, 13),
    (ApiKey::Fetch, 4, 18),
    (ApiKey::ListOffsets, 1, 10),
    (ApiKey::Metadata, 0, 13),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 6),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 6),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::DescribeLogDirs, 1, 4),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::ListPartitionReassignments, 0, 0),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeCluster, 0, 2),
];

/// Whether a request of this version is understood.
pub(super) fn offers(hooks: &Hooks, api: ApiKey, version: i16) -> bool {
    hooks.offered(&OFFERED).into_iter().any(|(key, min, max)| key == api && (min..=max).contains(&version))
}

/// One request, and what hooks want of its answer.
#[derive(Debug)]
pub(super) struct Asked<'c> {
    pub(super) cluster: &'c Cluster,
    /// The broker that was asked.
    pub(super) broker: i32,
    pub(super) version: i16,
    /// What the client calls itself.
    pub(super) client: &'c str,
    /// Where the client is.
    pub(super) host: IpAddr,
    /// It comes from the sandbox's own traffic.
    pub(super) own: bool,
    /// The error to answer with.
    pub(super) error: Option<i16>,
    /// The error to answer a change of a group's commits, or records, with, after they were made.
    pub(super) error_after: Option<i16>,
    pub(super) throttle_ms: i32,
    /// Every partition that is named moves to another leader first, and every group to another coordinator.
    pub(super) moves: bool,
}

/// A request that cannot be answered: the connection ends, as a broker ends it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("its bytes are no request of its version")]
    Malformed,
    #[error("the answer cannot be written")]
    Unwritable,
    #[error("it failed, and wants no answer")]
    Failed,
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
            } else if answer.responses.iter().flat_map(|topic| &topic.partition_responses).any(|partition| partition.error_code != 0) {
                // Who wants no answer learns of an error by the end of the connection (`KafkaApis.handleProduceRequest`).
                return Err(Refused::Failed);
            }
            return Ok(wants_answer);
        }
        ApiKey::InitProducerId => write(&init_producer_id::answer(asked, &decode(body, version)?), version, out)?,
        _ => answer_about_groups(asked, api, body, out).await?,
    }
    Ok(true)
}

/// The requests to coordinators.
async fn answer_about_groups(asked: &Asked<'_>, api: ApiKey, body: Bytes, out: &mut BytesMut) -> Result<(), Refused> {
    let version = asked.version;
    match api {
        ApiKey::FindCoordinator => write(&find_coordinator::answer(asked, decode(body, version)?), version, out),
        ApiKey::ListGroups => write(&list_groups::answer(asked, &decode(body, version)?), version, out),
        ApiKey::DescribeGroups => write(&describe_groups::answer(asked, &decode(body, version)?), version, out),
        ApiKey::DeleteGroups => write(&delete_groups::answer(asked, decode(body, version)?), version, out),
        ApiKey::OffsetCommit => write(&offset_commit::answer(asked, decode(body, version)?), version, out),
        ApiKey::OffsetFetch => write(&offset_fetch::answer(asked, decode(body, version)?), version, out),
        ApiKey::OffsetDelete => write(&offset_delete::answer(asked, decode(body, version)?), version, out),
        ApiKey::JoinGroup => write(&join_group::answer(asked, decode(body, version)?).await, version, out),
        ApiKey::SyncGroup => write(&sync_group::answer(asked, decode(body, version)?).await, version, out),
        ApiKey::Heartbeat => write(&heartbeat::answer(asked, &decode(body, version)?), version, out),
        ApiKey::LeaveGroup => write(&leave_group::answer(asked, decode(body, version)?), version, out),
        _ => Err(Refused::NotOffered),
    }
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

impl Asked<'_> {
    /// Whether this broker is the coordinator of a group. Else the error code, a fault's before all others.
    fn coordinates(&self, state: &mut State, group: &str) -> Result<(), i16> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.moves {
            state.move_coordinator(group, &self.cluster.ids());
            return Err(code::NOT_COORDINATOR);
        }
        match state.coordinator(group) {
            Some(broker) if broker == self.broker => Ok(()),
            Some(_) => Err(code::NOT_COORDINATOR),
            None => Err(code::COORDINATOR_NOT_AVAILABLE),
        }
    }

    /// As [`Asked::coordinates`], for requests of members, whose group must have a name.
    fn coordinates_members(&self, state: &mut State, group: &str) -> Result<(), i16> {
        if group.is_empty() { Err(code::INVALID_GROUP_ID) } else { self.coordinates(state, group) }
    }

    /// Waits for what a group tells one of its members, and lets happen meanwhile what falls due in it. `None`: nobody will tell.
    async fn wait<T>(&self, group: &str, mut told: oneshot::Receiver<T>) -> Option<T> {
        loop {
            let next = self.cluster.state().groups.get(group, self.cluster.moment()).and_then(|group| group.wake_at());
            // Others may bring the next moment forward.
            let latest = Instant::now() + LONGEST_SLEEP;
            let next = next.and_then(|at| self.cluster.instant(at)).map_or(latest, |at| at.min(latest));
            tokio::select! {
                answer = &mut told => return answer.ok(),
                () = sleep_until(next) => {}
            }
        }
    }
}

/// Who waits for a group looks at it at least this often.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

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

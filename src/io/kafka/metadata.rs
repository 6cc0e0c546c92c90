//! Metadata and DescribeCluster: brokers, topics, leaders. Nothing here ever creates a topic (P18).
//!
//! One answer feeds the cache of leaders, where an older leader epoch never replaces a newer one (P19). Refreshes that
//! many ask for at once are one request, and two are at least 100 ms apart. May use the pool, the wire and model.

mod fate;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{self as kp, DescribeClusterRequest, MetadataRequest, MetadataResponse};
use kafka_protocol::protocol::StrBytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::error::ErrorCode;
use super::fault::Fault;
use super::pool::Pool;
use super::settings::Settings;
use super::slot_pause;
use super::wire::{Connection, DescribeCluster, Metadata};
pub use fate::Fate;

use crate::model::{
    Broker, BrokerId, Cause, ClusterId, ClusterRights, ClusterView, Failure, Foreign, LeaderEpoch, Operation, Partition, PartitionId,
    Resource, Step, Topic, TopicError, TopicId, TopicName,
};

/// Which topics a metadata request is about.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// All that we may describe.
    All,
    /// None: only brokers, controller and cluster id.
    Brokers,
    /// These. One that does not exist comes back with [`TopicError::Unknown`] and is not created.
    Named(&'a [TopicName]),
}

/// Who leads a partition, as last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leader {
    pub broker: BrokerId,
    pub epoch: LeaderEpoch,
    pub topic_id: TopicId,
}

/// The refreshes of the leader cache: who asks while one is under way waits for the next, which asks for all at once.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    turn: tokio::sync::Mutex<Option<Instant>>,
    wanted: Mutex<BTreeSet<TopicName>>,
}

const BETWEEN_REFRESHES: Duration = Duration::from_millis(100);
/// So long what we may do counts as known: it is changed by hand.
const RIGHTS_LAST: Duration = Duration::from_secs(30);
/// So many are asked at the same time.
const HEDGED: usize = 3;

impl Pool {
    /// One metadata answer as a view; the leader cache learns from it.
    ///
    /// # Errors
    /// No broker could be reached within the retry deadline, another cluster answered, or Kafka refused.
    pub(super) async fn cluster(self: &Arc<Self>, what: &'static str, wanted: Wanted<'_>) -> Result<ClusterView, Failure> {
        // The address that is dialled last is named, too, when none answers.
        let deadline = Instant::now() + self.settings.retry + self.head_starts();
        let (topics, all) = (wanted.topics(), matches!(wanted, Wanted::All));
        let ask_after = |pause: Duration| Arc::clone(self).cluster_after(pause, topics.clone(), all);
        // Just after the broker that was asked counts as hanging.
        let hedge = self.settings.patience + Duration::from_millis(20);
        let mut running = JoinSet::new();
        let mut faults: Vec<Fault> = Vec::new();
        running.spawn(ask_after(Duration::ZERO));
        loop {
            tokio::select! {
                Some(done) = running.join_next() => match done {
                    Ok(Ok(view)) => return Ok(view),
                    // A search for a broker has tried every address already; what broke in the middle is tried again.
                    Ok(Err(fault)) if !fault.is_passing() => return Err(fault.into_failure(what)),
                    Ok(Err(fault)) if fault.is_dial() || fault.repeats(&faults) || Instant::now() >= deadline => {
                        faults.insert(0, fault);
                        return Err(all_in_one(faults, &self.settings).into_failure(what));
                    }
                    Ok(Err(fault)) => {
                        running.spawn(ask_after(slot_pause(u32::try_from(faults.len()).unwrap_or(u32::MAX))));
                        faults.push(fault);
                    }
                    Err(_task_ended) => {}
                },
                // Whoever was asked may hang: by now another one is asked first.
                () = sleep(hedge), if running.len() < HEDGED => {
                    running.spawn(ask_after(Duration::ZERO));
                }
                () = sleep_until(deadline) => return Err(all_in_one(faults, &self.settings).into_failure(what)),
            }
        }
    }

    async fn cluster_after(self: Arc<Self>, pause: Duration, topics: Option<Vec<TopicName>>, all: bool) -> Result<ClusterView, Fault> {
        sleep(pause).await;
        self.cluster_once(topics, all).await
    }

    async fn cluster_once(self: &Arc<Self>, topics: Option<Vec<TopicName>>, all: bool) -> Result<ClusterView, Fault> {
        let connection = self.any().await?;
        self.cluster_from(&connection, topics.as_deref(), all).await
    }

    /// What this very broker says.
    async fn cluster_from(&self, connection: &Connection, topics: Option<&[TopicName]>, all: bool) -> Result<ClusterView, Fault> {
        let answer = connection.call::<Metadata>(|version| request(version, topics)).await?;
        if let Some(code) = ErrorCode::of(answer.error_code) {
            if code == ErrorCode(129) {
                self.forget_brokers();
                return Err(connection.poison(Fault::disconnected(connection.address(), code.words())));
            }
            return Err(Fault::new(code.cause(None, None), connection.address(), Step::Request, code.words()));
        }
        self.same_cluster(connection, &answer)?;
        // From 2.3 to 2.7 it is told here, and later by DescribeCluster alone.
        if let Some(rights) = ClusterRights::of(answer.cluster_authorized_operations) {
            self.known(|known| known.rights = Some((rights, Instant::now())));
        }
        Ok(self.view(connection, answer, all))
    }

    /// What we may do on the cluster: as last told, or asked of whoever answers; `None`: not told.
    pub(super) async fn rights(self: &Arc<Self>) -> Option<ClusterRights> {
        let kept = self.known(|known| known.rights);
        if let Some((rights, _)) = kept.filter(|(_, at)| at.elapsed() < RIGHTS_LAST) {
            return Some(rights);
        }
        let connection = self.any().await.ok()?;
        let asked = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
        let answer = connection.call::<DescribeCluster>(|_| asked).await.ok()?;
        let rights = ClusterRights::of(answer.cluster_authorized_operations)?;
        self.known(|known| known.rights = Some((rights, Instant::now())));
        Some(rights)
    }

    fn view(&self, connection: &Connection, answer: MetadataResponse, all: bool) -> ClusterView {
        let brokers: Vec<Broker> = answer
            .brokers
            .into_iter()
            .map(|b| Broker { id: BrokerId(b.node_id.0), host: foreign(&b.host), port: b.port, rack: b.rack.as_ref().map(foreign) })
            .collect();
        self.learn(&brokers);
        let mut topics: Vec<Topic> = answer.topics.into_iter().filter_map(topic).collect();
        topics.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        ClusterView {
            id: answer.cluster_id.as_ref().map(|id| ClusterId::new(id.as_str())),
            controller: Some(BrokerId(answer.controller_id.0)).filter(|id| id.0 >= 0),
            brokers,
            topics: self.keep(topics, all),
            release: connection.release(),
            certificate: self.ends_first(),
        }
    }

    /// Merges topics into the leader cache and gives back what is true now.
    fn keep(&self, topics: Vec<Topic>, all: bool) -> Vec<Arc<Topic>> {
        self.known(|known| {
            let mut merged = Vec::with_capacity(topics.len());
            for mut topic in topics {
                if let Some(old) = known.topics.get(&topic.name) {
                    keep_newer_leaders(&mut topic, old);
                    if **old == topic {
                        merged.push(Arc::clone(old));
                        continue;
                    }
                }
                let topic = Arc::new(topic);
                if topic.error.is_none() {
                    known.topics.insert(topic.name.clone(), Arc::clone(&topic));
                }
                merged.push(topic);
            }
            if all {
                known.topics.retain(|name, _| merged.binary_search_by(|topic| topic.name.cmp(name)).is_ok());
            }
            merged
        })
    }

    /// The leader of a partition as last told; `None`: not known, or none.
    pub(super) fn leader(&self, topic: &TopicName, partition: PartitionId) -> Option<Leader> {
        self.known(|known| {
            let topic = known.topics.get(topic)?;
            let partition = topic.partition(partition)?;
            Some(Leader { broker: partition.leader?, epoch: partition.leader_epoch, topic_id: topic.id })
        })
    }

    /// Whether the cache has a word on a partition at all.
    pub(super) fn knows(&self, topic: &TopicName, partition: PartitionId) -> bool {
        self.known(|known| known.topics.get(topic).is_some_and(|topic| topic.partition(partition).is_some()))
    }

    /// Takes a leader from an answer that named it (KIP-951), unless we know of a newer one.
    pub(super) fn hear_of_leader(&self, topic: &TopicName, partition: PartitionId, broker: BrokerId, epoch: LeaderEpoch) {
        self.known(|known| {
            let Some(topic) = known.topics.get_mut(topic) else { return };
            let Ok(at) = topic.partitions.binary_search_by_key(&partition, |p| p.id) else { return };
            if topic.partitions.get(at).is_none_or(|p| p.leader_epoch >= epoch) {
                return;
            }
            if let Some(partition) = Arc::make_mut(topic).partitions.get_mut(at) {
                partition.leader = Some(broker);
                partition.leader_epoch = epoch;
            }
        });
    }

    /// Asks for these topics again, together with everybody who asks at the same time.
    ///
    /// # Errors
    /// As [`Pool::cluster`], for the one who did the asking; the others go by the cache.
    pub(super) async fn refresh(self: &Arc<Self>, what: &'static str, topics: impl IntoIterator<Item = TopicName>) -> Result<(), Failure> {
        let wanted = || self.refresh.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted().extend(topics);
        let mut last = self.refresh.turn.lock().await;
        if wanted().is_empty() {
            return Ok(());
        }
        if let Some(last) = *last {
            sleep_until(last + BETWEEN_REFRESHES).await;
        }
        let names: Vec<TopicName> = std::mem::take(&mut *wanted()).into_iter().collect();
        let answer = self.cluster(what, Wanted::Named(&names)).await;
        *last = Some(Instant::now());
        answer.map(|_view| ())
    }

    /// What DescribeCluster tells, or metadata without topics where brokers do not offer it (before 2.8).
    pub(super) async fn describe_cluster(self: &Arc<Self>, what: &'static str) -> Result<ClusterView, Failure> {
        let connection = self.any().await.map_err(|fault| fault.into_failure(what))?;
        if connection.version::<DescribeCluster>().is_err() {
            return self.cluster(what, Wanted::Brokers).await;
        }
        let answer = connection.call::<DescribeCluster>(|_| DescribeClusterRequest::default()).await;
        let answer = answer.map_err(|fault| fault.into_failure(what))?;
        if let Some(code) = ErrorCode::of(answer.error_code) {
            let message = answer.error_message.as_deref();
            return Err(Failure::new(what, code.cause(None, message)).at(Arc::clone(connection.address())));
        }
        let brokers = answer.brokers.into_iter();
        Ok(ClusterView {
            id: Some(ClusterId::new(answer.cluster_id.as_str())),
            controller: Some(BrokerId(answer.controller_id.0)).filter(|id| id.0 >= 0),
            brokers: brokers
                .map(|b| Broker { id: BrokerId(b.broker_id.0), host: foreign(&b.host), port: b.port, rack: b.rack.as_ref().map(foreign) })
                .collect(),
            topics: Vec::new(),
            release: connection.release(),
            certificate: self.ends_first(),
        })
    }
}

impl Wanted<'_> {
    /// As the wire has it: none is all.
    fn topics(self) -> Option<Vec<TopicName>> {
        match self {
            Self::All => None,
            Self::Brokers => Some(Vec::new()),
            Self::Named(names) => Some(names.to_vec()),
        }
    }
}

/// Never creating, at any version that we speak.
fn request(version: i16, topics: Option<&[TopicName]>) -> MetadataRequest {
    let rights = topics.is_none() && (8..=10).contains(&version);
    let topics = topics.map(|names| names.iter().map(named).collect());
    MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(false).with_include_cluster_authorized_operations(rights)
}

fn named(name: &TopicName) -> MetadataRequestTopic {
    MetadataRequestTopic::default().with_name(Some(kp::TopicName(StrBytes::from_string(name.raw().to_owned()))))
}

fn foreign(text: &StrBytes) -> Foreign {
    Foreign::new(text.as_str())
}

fn topic(wire: MetadataResponseTopic) -> Option<Topic> {
    let name = TopicName::new(wire.name?.as_str());
    let error = ErrorCode::of(wire.error_code).map(|code| match code.0 {
        3 => TopicError::Unknown,
        29 => TopicError::NotAuthorised,
        17 => TopicError::Invalid,
        other => TopicError::Other(other),
    });
    let mut partitions: Vec<Partition> = wire.partitions.into_iter().map(partition).collect();
    partitions.sort_unstable_by_key(|p| p.id);
    partitions.dedup_by_key(|p| p.id);
    Some(Topic { name, id: TopicId(wire.topic_id.into_bytes()), internal: wire.is_internal, partitions, error })
}

fn partition(wire: MetadataResponsePartition) -> Partition {
    let ids = |list: Vec<kp::BrokerId>| list.into_iter().map(|id| BrokerId(id.0)).collect();
    Partition {
        id: PartitionId(wire.partition_index),
        leader: Some(BrokerId(wire.leader_id.0)).filter(|id| id.0 >= 0),
        leader_epoch: LeaderEpoch(wire.leader_epoch),
        replicas: ids(wire.replica_nodes),
        isr: ids(wire.isr_nodes),
        offline: ids(wire.offline_replicas),
    }
}

/// A broker that lags behind may name a leader that was deposed: for the same topic id the newer epoch stays.
fn keep_newer_leaders(new: &mut Topic, old: &Topic) {
    if new.id != old.id {
        return;
    }
    for partition in &mut new.partitions {
        if let Some(old) = old.partition(partition.id)
            && old.leader_epoch > partition.leader_epoch
            && partition.leader_epoch.0 >= 0
        {
            *partition = old.clone();
        }
    }
}

/// What every try met; none has met anything when the deadline passes before the first of them.
fn all_in_one(faults: Vec<Fault>, settings: &Settings) -> Fault {
    let millis = u64::try_from(settings.retry.as_millis()).unwrap_or(u64::MAX);
    Fault::together(faults).unwrap_or_else(|| Fault::timed_out(&"the cluster".into(), Step::Request, millis))
}

/// A failure when a topic that was asked for by name is not there or may not be seen.
pub(super) fn topic_failure(what: &'static str, topic: &Topic) -> Option<Failure> {
    let name = || Foreign::new(format!("topic {}", topic.name.raw()));
    let cause = match topic.error? {
        TopicError::NotAuthorised => return Some(Operation::Describe.on(Resource::Topic).denied(what, name().raw())),
        TopicError::Unknown => Cause::NotFound(name()),
        TopicError::Invalid => Cause::Usage(Foreign::new(format!("'{}' is no legal topic name", topic.name.raw()))),
        TopicError::Other(code) => ErrorCode(code).cause(None, None),
    };
    Some(Failure::new(what, cause))
}

#[cfg(test)]
mod tests;

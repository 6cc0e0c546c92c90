//! kscope's connection to a cluster: all that the rest of the program knows of Kafka's wire.
//!
//! [`Client`] speaks model types and never those of the protocol crate, so what is beneath it can be changed. Everything
//! has a deadline, every future may be dropped at any moment without harm to the connection it used, and nothing that is
//! sent creates or changes anything on the cluster: a request that would takes a [`crate::core::guard::Permit`].
//!
//! Reading order: `settings` (addresses, deadlines, limits), `security` (TLS and SASL as they were said), `wire` (one connection), `pool` (all of them), then one
//! conversation per file: `metadata`, `offsets`, `fetch`. To add a request: a line in `wire`'s `calls!`, a file for the
//! conversation, a method here, and its row in the test that encodes every version. Protocol facts: `docs/kafka-client.md`.

mod describe;
mod epochs;
mod error;
mod fault;
mod fetch;
mod groups;
mod metadata;
mod offsets;
mod pool;
pub(in crate::io) mod probe;
mod produce;
#[cfg(test)]
mod script;
mod security;
mod settings;
mod wire;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

pub use describe::{Configured, Held, Stored};
pub use error::{ErrorCode, PartitionError};
pub use fetch::{FetchAsk, FetchFrom, Fetched, FetchedPartition, Link, TooLarge};
pub use groups::{Described, GroupCommits, Listed, NewCommit, PartitionOutcome, Scope};
pub use metadata::{Fate, Leader, Wanted};
pub use offsets::{At, Found, Isolation, OffsetAsk, OffsetResult};
pub use pool::LinkHealth;
pub use produce::{Ack, Lost, NewBatch, NoProducer, ProduceAsk, ProduceLink, Produced, Producer, Refusal};
pub use security::{Claim, Iam, Identity, Material, Method, Oidc, Place, Said, Sasl, ScramHash, Secret, SecretFrom, Security, Tls, Verify};
pub use settings::{Address, BadAddress, DEFAULT_PORT, Settings};
pub use wire::{SPOKEN, Spoken, Throttled};

use crate::core::guard::Permit;
use crate::model::{
    BrokerId, Cause, ClusterRights, ClusterView, Failure, Foreign, GroupId, GroupKind, Holder, LeaderEpoch, Move, Offset, PartitionId,
    ShareStart, TopicId, TopicName,
};

/// A cluster. Cloning is cheap and shares the connections; they close when the last clone and the last [`Link`] go.
///
/// Making one does no I/O: the first question dials. Its methods need a tokio runtime around them.
#[derive(Debug, Clone)]
pub struct Client {
    pool: Arc<pool::Pool>,
}

impl Client {
    pub fn new(settings: Settings) -> Self {
        Self { pool: Arc::new(pool::Pool::new(settings)) }
    }

    pub fn settings(&self) -> &Settings {
        &self.pool.settings
    }

    /// Brokers, topics and leaders as one broker tells them now; never creates a topic (P18). Topics come in order of
    /// name; one that may not be seen or does not exist has its error set.
    ///
    /// # Errors
    /// No broker could be reached (each attempt says why), another cluster answered, or Kafka refused.
    pub async fn cluster(&self, what: &'static str, wanted: Wanted<'_>) -> Result<ClusterView, Failure> {
        self.pool.cluster(what, wanted).await
    }

    /// One topic, asked for by name.
    ///
    /// # Errors
    /// As [`Self::cluster`]; [`crate::model::Cause::NotFound`] when this broker does not know it, which right after a
    /// change may be so for this broker only (P26).
    pub async fn topic(&self, what: &'static str, name: &TopicName) -> Result<Arc<crate::model::Topic>, Failure> {
        self.topic_there(what, name).await.map(|(topic, _cluster)| topic)
    }

    /// As [`Self::topic`], and the id of the cluster that it is on.
    ///
    /// # Errors
    /// As [`Self::topic`].
    pub async fn topic_there(
        &self,
        what: &'static str,
        name: &TopicName,
    ) -> Result<(Arc<crate::model::Topic>, Option<crate::model::ClusterId>), Failure> {
        let view = self.pool.cluster(what, Wanted::Named(std::slice::from_ref(name))).await?;
        let missing = || ErrorCode(3).cause(Some(&format!("topic {}", name.raw())), None);
        let topic = view.topics.into_iter().find(|topic| topic.name == *name).ok_or_else(|| Failure::new(what, missing()))?;
        match metadata::topic_failure(what, &topic) {
            Some(failure) => Err(failure),
            None => Ok((topic, view.id)),
        }
    }

    /// What became of a topic that a broker did not know: asks the others too, for some seconds, before it says gone (P26).
    ///
    /// # Errors
    /// As [`Self::cluster`], or the topic may not be seen any more.
    pub async fn fate(&self, what: &'static str, name: &TopicName, id: TopicId) -> Result<Fate, Failure> {
        self.pool.fate(what, name, id).await
    }

    /// Cluster id, controller and brokers without any topic: DescribeCluster, or metadata before 2.8.
    ///
    /// # Errors
    /// What we may do on the cluster as a whole; `None`: no broker told it.
    pub async fn rights(&self) -> Option<ClusterRights> {
        self.pool.rights().await
    }

    /// As [`Self::cluster`].
    pub async fn describe_cluster(&self, what: &'static str) -> Result<ClusterView, Failure> {
        self.pool.describe_cluster(what).await
    }

    /// The leader of a partition as last told; `None` when there is none or the topic was never asked for.
    pub fn leader(&self, topic: &TopicName, partition: PartitionId) -> Option<Leader> {
        self.pool.leader(topic, partition)
    }

    /// Tells of a leader that an answer named (KIP-951). Links do this by themselves.
    pub fn hear_of_leader(&self, topic: &TopicName, partition: PartitionId, broker: BrokerId, epoch: LeaderEpoch) {
        self.pool.hear_of_leader(topic, partition, broker, epoch);
    }

    /// Asks again who leads these topics: one request for all who ask at the same time, 100 ms apart (P19). The answer is
    /// in [`Self::leader`].
    ///
    /// # Errors
    /// As [`Self::cluster`].
    pub async fn refresh(&self, topics: impl IntoIterator<Item = TopicName>) -> Result<(), Failure> {
        self.pool.refresh("find the leaders", topics).await
    }

    /// Looks up positions of many partitions, grouped by leader and in parallel; leaders that moved are followed within
    /// the retry deadline. The results stand in the order of `asks`.
    ///
    /// # Errors
    /// Only when no metadata can be had; everything else is the result of a partition.
    pub async fn list_offsets(&self, what: &'static str, asks: &[OffsetAsk], isolation: Isolation) -> Result<Vec<OffsetResult>, Failure> {
        let mut results: Vec<Option<OffsetResult>> = vec![None; asks.len()];
        self.list_offsets_each(what, asks, isolation, |index, result| {
            if let Some(place) = results.get_mut(index) {
                *place = Some(result);
            }
        })
        .await?;
        Ok(results.into_iter().map(|result| result.unwrap_or(Err(PartitionError::NoLeader))).collect())
    }

    /// As [`Self::list_offsets`]; `each` hears every result as soon as its leader answers, so that a broker that hangs
    /// does not hold up the others.
    ///
    /// # Errors
    /// As [`Self::list_offsets`].
    pub async fn list_offsets_each(
        &self,
        what: &'static str,
        asks: &[OffsetAsk],
        isolation: Isolation,
        each: impl FnMut(usize, OffsetResult),
    ) -> Result<(), Failure> {
        self.pool.list_offsets(what, asks, isolation, each).await
    }

    /// Where the log of the partition's leader parts from one whose last record was written in `epoch`: the largest epoch up
    /// to it that the leader has, and the offset behind that epoch's last record. `None`: the leader has none (P22).
    ///
    /// # Errors
    /// No leader, one that could not be asked, or what it answers in place of an offset.
    pub async fn epoch_end(
        &self,
        what: &'static str,
        topic: &TopicName,
        partition: PartitionId,
        epoch: LeaderEpoch,
    ) -> Result<Option<(LeaderEpoch, Offset)>, PartitionError> {
        self.pool.epoch_end(what, topic, partition, epoch).await
    }

    /// Settings of topics: those of `keys`, or all. In the order of `topics`.
    ///
    /// # Errors
    /// No broker answered, or none offers the question; what is refused for one topic is the result of that topic.
    pub async fn configs(
        &self,
        what: &'static str,
        topics: &[TopicName],
        keys: Option<&[&'static str]>,
    ) -> Result<Vec<Configured>, Failure> {
        self.pool.configs(what, topics, keys).await
    }

    /// Bytes on disk of every replica of these topics; `each` hears every broker as it answers, or why it does not.
    pub async fn log_dirs(&self, what: &'static str, topics: &[Arc<crate::model::Topic>], each: impl FnMut(Stored)) {
        self.pool.log_dirs(what, topics, each).await;
    }

    /// Partitions of a topic whose replicas are being moved now.
    ///
    /// # Errors
    /// No broker answered or refused, or none offers the question (before 2.4).
    pub async fn moves(
        &self,
        what: &'static str,
        topic: &crate::model::Topic,
        controller: Option<BrokerId>,
    ) -> Result<Vec<Move>, PartitionError> {
        self.pool.moves(what, topic, controller).await
    }

    /// The groups that every broker coordinates; `each` hears every broker as it answers, or why it does not.
    ///
    /// # Errors
    /// No broker could be reached to learn which there are.
    pub async fn list_groups(&self, what: &'static str, each: impl FnMut(Listed)) -> Result<(), Failure> {
        self.pool.list_groups(what, each).await
    }

    /// Who coordinates these groups, in their order. Only for groups that were listed: the question makes a broker create the
    /// topic of offsets where there is none.
    ///
    /// # Errors
    /// No broker answered.
    pub async fn coordinators(&self, what: &'static str, groups: &[GroupId]) -> Result<Vec<Result<BrokerId, PartitionError>>, Failure> {
        self.pool.coordinators(what, groups).await
    }

    /// What a coordinator says of groups of one kind, in their order.
    pub async fn describe_groups(&self, what: &'static str, coordinator: BrokerId, kind: &GroupKind, groups: &[GroupId]) -> Vec<Described> {
        self.pool.describe_groups(what, coordinator, kind, groups).await
    }

    /// What groups of one coordinator committed, in their order. `stable`: wait for pending transactional commits.
    pub async fn commits(
        &self,
        what: &'static str,
        coordinator: BrokerId,
        groups: &[GroupId],
        scope: &Scope,
        stable: bool,
    ) -> Vec<GroupCommits> {
        self.pool.commits(what, coordinator, groups, scope, stable).await
    }

    /// Where a share group starts.
    ///
    /// # Errors
    /// What the coordinator answers in place of it, or that it could not be asked.
    pub async fn share_starts(
        &self,
        what: &'static str,
        coordinator: BrokerId,
        group: &GroupId,
    ) -> Result<Vec<ShareStart>, PartitionError> {
        self.pool.share_starts(what, coordinator, group).await
    }

    /// Commits offsets for a group from outside of it: one request, sent once.
    ///
    /// # Errors
    /// The answer did not come: read to learn the outcome.
    pub async fn commit(
        &self,
        permit: &Permit,
        what: &'static str,
        coordinator: BrokerId,
        group: &GroupId,
        commits: &[NewCommit],
    ) -> Result<Vec<PartitionOutcome>, Failure> {
        self.pool.commit(permit, what, coordinator, group, commits).await
    }

    /// Forgets a group's commits of these partitions: one request, sent once.
    ///
    /// # Errors
    /// The broker refused the whole, or the answer did not come.
    pub async fn delete_offsets(
        &self,
        permit: &Permit,
        what: &'static str,
        coordinator: BrokerId,
        group: &GroupId,
        partitions: &[(TopicName, PartitionId)],
    ) -> Result<Vec<PartitionOutcome>, Failure> {
        self.pool.delete_offsets(permit, what, coordinator, group, partitions).await
    }

    /// Deletes a group: one request, sent once. The inner result is the broker's word.
    ///
    /// # Errors
    /// The answer did not come.
    pub async fn delete_group(
        &self,
        permit: &Permit,
        what: &'static str,
        coordinator: BrokerId,
        group: &GroupId,
    ) -> Result<Result<(), ErrorCode>, Failure> {
        self.pool.delete_group(permit, what, coordinator, group).await
    }

    /// Sets where a share group starts: one request, sent once.
    ///
    /// # Errors
    /// The broker refused the whole, or the answer did not come.
    pub async fn alter_share_starts(
        &self,
        permit: &Permit,
        what: &'static str,
        coordinator: BrokerId,
        group: &GroupId,
        starts: &[(TopicName, PartitionId, Offset)],
    ) -> Result<Vec<PartitionOutcome>, Failure> {
        self.pool.alter_share_starts(permit, what, coordinator, group, starts).await
    }

    /// Forgets where a share group starts on whole topics.
    ///
    /// # Errors
    /// The broker refused the whole, or the answer did not come.
    pub async fn delete_share_starts(
        &self,
        permit: &Permit,
        what: &'static str,
        coordinator: BrokerId,
        group: &GroupId,
        topics: &[TopicName],
    ) -> Result<Vec<(TopicName, Result<(), ErrorCode>)>, Failure> {
        self.pool.delete_share_starts(permit, what, coordinator, group, topics).await
    }

    /// An idempotent producer. Whoever has it sends alone under its id.
    ///
    /// # Errors
    /// The broker forbids it, does not offer it, or could not be asked.
    pub async fn producer(&self, _permit: &Permit, what: &'static str) -> Result<Producer, NoProducer> {
        self.pool.producer(what).await
    }

    /// Gives a producer back for the next who sends: only one of which every batch is known to be in the log or not.
    pub fn give_back(&self, producer: Producer) {
        self.pool.give_back(producer);
    }

    /// A connection to send to a broker: the shared one, or for many records one of the caller's own (P6).
    ///
    /// # Errors
    /// The broker could not be reached.
    pub async fn produce_link(&self, broker: BrokerId, own: bool) -> Result<ProduceLink, Failure> {
        let opened = if own { self.pool.extra(broker).await } else { self.pool.control(broker).await };
        let connection = opened.map_err(|fault| fault.into_failure("connect to the broker"))?;
        Ok(ProduceLink::new(connection, Arc::clone(&self.pool)))
    }

    /// Transactions open on these partitions now, with the producers that began them (KIP-664).
    ///
    /// # Errors
    /// The leader could not be asked, refused, or does not offer the question (before 2.8).
    pub async fn holders(&self, what: &'static str, topic: &TopicName, partition: PartitionId) -> Result<Vec<Holder>, PartitionError> {
        self.pool.holders(what, topic, partition).await
    }

    /// Requests sent so far, over all connections.
    pub fn requests(&self) -> u64 {
        self.pool.common.requests.load(Ordering::Relaxed)
    }

    /// The shared connection for long polls to a broker: fetches of several callers queue behind each other there.
    ///
    /// # Errors
    /// The broker could not be reached; the failure names both addresses when only the advertised one fails (P14).
    pub async fn fetch_link(&self, broker: BrokerId) -> Result<Link, Failure> {
        let connection = self.pool.fetch(broker).await.map_err(|fault| fault.into_failure("connect to the broker"))?;
        Ok(Link::new(connection, Arc::clone(&self.pool), broker))
    }

    /// A connection of the caller's own, for a scan; closes when the link is dropped.
    ///
    /// # Errors
    /// As [`Self::fetch_link`].
    pub async fn scan_link(&self, broker: BrokerId) -> Result<Link, Failure> {
        let connection = self.pool.extra(broker).await.map_err(|fault| fault.into_failure("connect to the broker"))?;
        Ok(Link::new(connection, Arc::clone(&self.pool), broker))
    }

    /// How every known broker's shared connections do, now.
    pub fn health(&self) -> Vec<LinkHealth> {
        self.pool.health()
    }

    /// Sockets open now, scans' included.
    pub fn connections(&self) -> usize {
        self.pool.common.open.load(Ordering::Relaxed)
    }

    /// The failure of what was not answered for so long: a broker that throttles us owes nothing meanwhile.
    pub fn silence(&self, what: &'static str, ms: u64) -> Failure {
        let cause = match self.throttled().borrow().words() {
            Some(words) => Cause::Kafka { code: 89, name: "THROTTLING_QUOTA_EXCEEDED", message: Some(Foreign::new(words)) },
            None => Cause::TimedOut(ms),
        };
        Failure::new(what, cause)
    }

    /// Changes whenever a broker throttles us (P12).
    pub fn throttled(&self) -> watch::Receiver<Throttled> {
        self.pool.common.throttled.subscribe()
    }

    /// Forgets the pauses after failed dials: the next question dials at once.
    pub fn retry_now(&self) {
        self.pool.retry_now();
    }
}

/// The pause before try number `tries` + 1 of a question.
pub(in crate::io) fn slot_pause(tries: u32) -> Duration {
    pool::jittered(Duration::from_millis(100).saturating_mul(1 << tries.min(4)))
}

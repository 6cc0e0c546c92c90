//! The sandbox: a Kafka-compatible cluster inside this process, over real TCP sockets. It is what `kscope sandbox` opens for
//! someone who has no cluster at hand, and what tests talk to. Several brokers, each with a listener of its own; topics with
//! ordinary and odd data, the same for the same seed; live traffic that rskafka writes through those sockets.
//!
//! It is never trusted alone: the same flows run on a real Apache Kafka, and where the two differ, the real one is right.
//!
//! ```text
//!   clients ──► listener, one per broker ──► api: one file per API key ──► cluster: topics, logs, groups
//!   traffic ──►    │ hooks: faults, counts,                                     ▲
//!   members ──►    │ the alarm for mutations                          seed: what is there at first
//! ```
//!
//! What it does not model, and does not advertise where that can be told:
//! - groups of the consumer (KIP-848), share and streams protocols; what `groups.rs` lists of classic ones; telemetry
//! - transactions: `InitProducerId` gives ids to idempotent producers alone. The transactions that it holds were put there
//! - changes by clients other than `Produce`: topics, configs, records, leaders, quotas, users and ACLs stay as they are
//! - SASL, TLS, authorisation, quotas
//! - replication: followers hold nothing, the high watermark is the end, `min.insync.replicas` is not looked at, fetching from
//!   followers does not exist. A broker that is "down" was never there
//! - segments: retention deletes batches, the oldest first. Compaction does not run; compacted topics were made so
//! - tiered storage, fetch sessions (each fetch is answered whole), divergence of logs, snapshots
//! - limits on timestamps, documentation of configs, free space of log folders
//! - enemies: a request that lies about the length of a list can end the process, since the protocol crate believes it. Hence
//!   the sandbox listens on loopback unless it is told otherwise
//!
//! Everything lives in memory and ends with it. May use model, records, json, tokio, kafka-protocol; rskafka writes its traffic.
//! To add an API: a file under `api/`, a row in `api::OFFERED`, an arm in `api::answer`.
#![expect(clippy::disallowed_methods, reason = "a server of its own: it reads the clock and starts its tasks on its own runtime")]

mod api;
mod cluster;
mod code;
mod dice;
mod groups;
mod hooks;
mod listener;
mod log;
mod members;
mod producers;
mod seed;
mod topic;
mod traffic;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use hooks::{Fault, Injection, Offered};
pub use kafka_protocol::messages::ApiKey;

use cluster::Cluster;
use groups::Commit;

/// How the cluster is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the first broker listens; port 0 is any free one. The others listen at the same IP address, each at a free port.
    pub listen: SocketAddr,
    /// Clicks per second, a tenth of that in orders, a twentieth in updates of the catalogue. 0: no traffic, and no group has
    /// members.
    pub rate: u32,
    /// The same seed gives the same records, times apart.
    pub seed: u64,
    /// At least one.
    pub brokers: u16,
    /// Synthetic topics beside the others, each with ten partitions.
    pub topics: u32,
    /// Synthetic groups beside the others, each with twelve commits.
    pub groups: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), rate: 20, seed: 1, brokers: 3, topics: 0, groups: 0 }
    }
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen at {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the system gives no more threads: {0}")]
    Thread(io::Error),
}

/// A running cluster. It ends when this is dropped.
pub struct Sandbox {
    cluster: Arc<Cluster>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("brokers", &self.cluster.brokers).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts it on a thread and a runtime of its own. Its ports take connections when this returns; the data are made meanwhile,
    /// and who asks before they are there waits.
    ///
    /// # Errors
    /// An address that cannot be listened at, or no thread.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let mut listeners = Vec::new();
        for n in 0..options.brokers.max(1) {
            let port = if n == 0 { options.listen.port() } else { 0 };
            let address = SocketAddr::new(options.listen.ip(), port);
            let failed = |source| StartError::Listen { address, source };
            let listener = TcpListener::bind(address).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            listeners.push((listener.local_addr().map_err(failed)?, listener));
        }
        let addresses = listeners.iter().map(|(address, _)| *address).collect();
        let cluster = Arc::new(Cluster::new(addresses, options));
        let (stop, stopped) = oneshot::channel();
        let (shared, rate, seed) = (Arc::clone(&cluster), options.rate, options.seed);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        let run = move || {
            // Whoever asks first waits for this.
            drop(shared.state());
            runtime.block_on(async {
                tokio::select! {
                    () = listener::serve(&shared, listeners.into_iter().map(|(_, listener)| listener)) => {}
                    () = traffic::run(&shared, rate, seed) => {}
                    () = members::run(&shared, rate) => {}
                    () = shared.keep_retention() => {}
                    _stopped = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(run).map_err(StartError::Thread)?;
        Ok(Self { cluster, stop: Some(stop), thread: Some(thread) })
    }

    /// Where each broker listens; broker 1 is the first.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.cluster.brokers.iter().map(|broker| broker.address).collect()
    }

    /// From now on this is offered and nothing else, as managed services do that keep much to themselves.
    pub fn offer_only(&self, alone: &[Offered]) {
        self.cluster.hooks.offer(alone.to_vec());
    }

    /// What happens to requests that are still to come. Those of the sandbox's own traffic are left alone.
    pub fn inject(&self, injection: Injection) {
        self.cluster.hooks.inject(injection);
    }

    /// Requests so far, at all brokers, without those of the sandbox's own traffic.
    pub fn requests(&self, api: ApiKey) -> u64 {
        self.cluster.hooks.count(api, None)
    }

    /// As [`Sandbox::requests`], at one broker.
    pub fn requests_at(&self, broker: i32, api: ApiKey) -> u64 {
        self.cluster.hooks.count(api, Some(broker))
    }

    /// The alarm: requests so far that would have changed a cluster, those of the sandbox's own traffic left out. Each with its
    /// API and the client's name for itself.
    pub fn mutations(&self) -> Vec<(ApiKey, String)> {
        self.cluster.hooks.mutations()
    }

    /// Gives a group, and those that share its partition of `__consumer_offsets`, to another broker. `false`: there is none.
    pub fn move_coordinator(&self, group: &str) -> bool {
        self.cluster.state().move_coordinator(group, &self.cluster.ids())
    }

    /// What a group has committed: topic, partition, offset, in order. `None`: there is no such group.
    pub fn commits(&self, group: &str) -> Option<Vec<(String, i32, i64)>> {
        let mut state = self.cluster.state();
        let group = state.groups.get(group, self.cluster.moment())?;
        let of_topic = |(topic, partitions): (&Arc<str>, &BTreeMap<i32, Commit>)| {
            let commits = partitions.iter().map(|(partition, commit)| (topic.to_string(), *partition, commit.offset));
            commits.collect::<Vec<_>>()
        };
        Some(group.commits.topics().flat_map(of_topic).collect())
    }

    /// Commits as a program does that is no member, past every check. The group is made when it does not exist.
    pub fn commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let mut state = self.cluster.state();
        let group = state.groups.open(group, self.cluster.moment());
        group.commits.set(&Arc::from(topic), partition, Commit::at(offset));
    }

    /// Puts a member into a group, in place of those that it has, which reads these topics and stays until [`Sandbox::vacate`].
    pub fn occupy(&self, group: &str, topics: &[&str]) {
        let mut state = self.cluster.state();
        let id = state.groups.member_id("occupier");
        state.groups.open(group, self.cluster.moment()).occupy(id, topics);
    }

    /// All members of a group leave.
    pub fn vacate(&self, group: &str) {
        let now = self.cluster.moment();
        if let Some(group) = self.cluster.state().groups.get(group, now) {
            group.vacate(now);
        }
    }

    /// Gives the leadership of a partition to its next replica, under a new epoch. `false`: no such partition, or nobody to take
    /// it.
    pub fn move_leader(&self, topic: &str, partition: i32) -> bool {
        let alive = self.cluster.ids();
        let moved = self.cluster.state().partition_mut(topic, partition).is_some_and(|partition| partition.move_leader(&alive));
        // Fetches that wait at the old leader hear of it now.
        self.cluster.changed();
        moved
    }

    /// Forgets the newest batch of each producer of a partition, though its records stay: the next one is out of order. `false`: no
    /// such partition.
    pub fn lose_count(&self, topic: &str, partition: i32) -> bool {
        let mut state = self.cluster.state();
        state.partition_mut(topic, partition).map(|partition| partition.log_mut().producers.forget_newest()).is_some()
    }

    /// Deletes the records of a partition before an offset, as retention does. `false`: no such partition.
    pub fn delete_before(&self, topic: &str, partition: i32, offset: i64) -> bool {
        let mut state = self.cluster.state();
        let found = state.partition_mut(topic, partition).map(|partition| partition.log_mut().delete_before(offset)).is_some();
        drop(state);
        self.cluster.changed();
        found
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Nobody receives when the thread has ended by itself.
        let _ended = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            // A panic there was reported when it happened.
            let _panicked = thread.join();
        }
    }
}

/// Milliseconds since the epoch, by the machine's clock.
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

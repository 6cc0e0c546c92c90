//! The cluster: its brokers, its topics, and what happens to requests.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::groups::{self, Groups, Moment};
use super::hooks::Hooks;
use super::topic::{Partition, Topic};
use super::{Options, now_ms, seed};

/// What the cluster calls itself.
pub(super) const CLUSTER_ID: &str = "kscope-sandbox";
/// Whose partitions say who coordinates a group.
const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// How often retention looks at topics that nobody writes to.
const RETENTION_CHECK: Duration = Duration::from_secs(30);

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broker {
    /// From 1.
    pub(super) id: i32,
    pub(super) address: SocketAddr,
    pub(super) rack: String,
}

/// The seed's producers have ids below.
const FIRST_PRODUCER: i64 = 1_000_000;

type Sow = Box<dyn FnOnce() -> Mutex<State> + Send>;

/// Everything that the listeners share.
pub(super) struct Cluster {
    pub(super) brokers: Vec<Broker>,
    pub(super) hooks: Hooks,
    /// Made by the first who asks; others wait for it.
    state: LazyLock<Mutex<State>, Sow>,
    /// Counts appends, for fetches that wait.
    appended: watch::Sender<u64>,
    started: Instant,
    /// The next producer's id: above those of the seed.
    producers: AtomicI64,
    /// Where the connections of the sandbox's own consumers come from.
    own: Mutex<BTreeSet<SocketAddr>>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

/// The topics and the groups.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) groups: Groups,
    topics: Vec<Topic>,
    by_name: HashMap<Arc<str>, usize>,
    by_id: HashMap<[u8; 16], usize>,
}

/// The partitions of the topic of offsets, by index: whether one broker leads them.
#[derive(Debug)]
pub(super) struct Coordinated(Vec<bool>);

impl Coordinated {
    pub(super) fn keeps(&self, group: &str) -> bool {
        self.0.get(groups::partition_of(group, self.0.len())).is_some_and(|led| *led)
    }
}

/// How a request names a topic.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named<'a> {
    Name(&'a str),
    Id([u8; 16]),
}

impl Cluster {
    /// Brokers at these addresses. The topics are made when somebody asks for them.
    pub(super) fn new(addresses: Vec<SocketAddr>, options: &Options) -> Self {
        let broker = |(id, address)| Broker { id, address, rack: format!("rack-{id}") };
        let brokers: Vec<Broker> = (1..).zip(addresses).map(broker).collect();
        let ids: Vec<i32> = brokers.iter().map(|broker| broker.id).collect();
        let options = options.clone();
        let sow: Sow = Box::new(move || Mutex::new(seed::topics(&ids, &options, now_ms())));
        Self {
            brokers,
            hooks: Hooks::default(),
            state: LazyLock::new(sow),
            appended: watch::Sender::new(0),
            started: Instant::now(),
            producers: AtomicI64::new(FIRST_PRODUCER),
            own: Mutex::default(),
        }
    }

    /// An id that no producer had before.
    pub(super) fn new_producer(&self) -> i64 {
        self.producers.fetch_add(1, Ordering::Relaxed)
    }

    /// This moment, for groups.
    pub(super) fn moment(&self) -> Moment {
        self.started.elapsed()
    }

    /// When that moment is, for who waits until then. `None`: never.
    pub(super) fn instant(&self, moment: Moment) -> Option<Instant> {
        self.started.checked_add(moment)
    }

    /// Connections from here are the sandbox's own.
    pub(super) fn own(&self, address: SocketAddr) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
    }

    pub(super) fn disown(&self, address: SocketAddr) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
    }

    pub(super) fn is_own(&self, address: SocketAddr) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).contains(&address)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ids(&self) -> Vec<i32> {
        self.brokers.iter().map(|broker| broker.id).collect()
    }

    pub(super) fn broker(&self, id: i32) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    /// Hears of appends from now on.
    pub(super) fn appends(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// Something was appended, or moved: fetches that wait look again.
    pub(super) fn changed(&self) {
        self.appended.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Deletes what topics keep no longer, for ever.
    pub(super) async fn keep_retention(&self) {
        loop {
            tokio::time::sleep(RETENTION_CHECK).await;
            let now = now_ms();
            let mut state = self.state();
            for topic in &mut state.topics {
                topic.retain(now);
            }
        }
    }
}

impl State {
    /// Adds a topic; one of the same name stays as it is.
    pub(super) fn add(&mut self, topic: Topic) {
        if self.by_name.contains_key(&topic.name) {
            return;
        }
        let at = self.topics.len();
        self.by_name.insert(Arc::clone(&topic.name), at);
        self.by_id.insert(topic.id, at);
        self.topics.push(topic);
    }

    pub(super) fn topics(&self) -> &[Topic] {
        &self.topics
    }

    fn place(&self, named: Named<'_>) -> Option<usize> {
        match named {
            Named::Name(name) => self.by_name.get(name),
            Named::Id(id) => self.by_id.get(&id),
        }
        .copied()
    }

    pub(super) fn topic(&self, named: Named<'_>) -> Option<&Topic> {
        self.place(named).and_then(|at| self.topics.get(at))
    }

    pub(super) fn topic_mut(&mut self, named: Named<'_>) -> Option<&mut Topic> {
        self.place(named).and_then(|at| self.topics.get_mut(at))
    }

    /// The name of a topic that has this partition.
    pub(super) fn name_of(&self, topic: &str, partition: i32) -> Option<Arc<str>> {
        let topic = self.topic(Named::Name(topic))?;
        let at = usize::try_from(partition).ok()?;
        (at < topic.partitions.len()).then(|| Arc::clone(&topic.name))
    }

    fn coordinating(&mut self, group: &str) -> Option<&mut Partition> {
        let topic = self.topic_mut(Named::Name(OFFSETS_TOPIC))?;
        let at = groups::partition_of(group, topic.partitions.len());
        topic.partitions.get_mut(at)
    }

    /// The broker that keeps a group.
    pub(super) fn coordinator(&mut self, group: &str) -> Option<i32> {
        self.coordinating(group).map(|partition| partition.leader).filter(|leader| *leader >= 0)
    }

    /// Which groups a broker keeps.
    pub(super) fn coordinated_by(&self, broker: i32) -> Coordinated {
        let topic = self.topic(Named::Name(OFFSETS_TOPIC));
        Coordinated(topic.into_iter().flat_map(|topic| &topic.partitions).map(|partition| partition.leader == broker).collect())
    }

    /// Gives a group, and others with it, to another broker. `false`: there is none.
    pub(super) fn move_coordinator(&mut self, group: &str, alive: &[i32]) -> bool {
        self.coordinating(group).is_some_and(|partition| partition.move_leader(alive))
    }

    pub(super) fn partition_mut(&mut self, topic: &str, partition: i32) -> Option<&mut Partition> {
        let at = usize::try_from(partition).ok()?;
        self.topic_mut(Named::Name(topic))?.partitions.get_mut(at)
    }
}

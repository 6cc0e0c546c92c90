//! The connections of one client: for each broker a control and a fetch connection (P6), opened when first needed,
//! shared by all who ask, and opened again, with a growing pause, after they broke.
//!
//! The way in is whatever answers: a connection that is open, else the known brokers and the bootstrap addresses, started
//! one after the other, the first to answer wins. A bootstrap connection becomes the control connection of its broker
//! when that broker turns out to live at its address, so that browsing needs two sockets to a broker and no more. May use
//! the wire, settings and model.

mod health;
mod slot;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::fault::Fault;
use super::metadata;
use super::produce::Producer;
use super::settings::{Address, Settings};
use super::wire::dial::{self, Target};
use super::wire::{Common, Connection, Metadata};
use crate::model::{ANSWERS, Broker, BrokerId, Cause, ClusterId, ClusterRights, Foreign, Step, Topic, TopicName};
pub use health::LinkHealth;
use slot::Slot;
pub(super) use slot::jittered;

/// The next candidate for a way in is tried when the one before has not answered for so long.
const STAGGER: Duration = Duration::from_millis(300);
/// So many known brokers are tried besides the bootstrap addresses.
const KNOWN_TRIED: usize = 8;

/// See the module.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) settings: Settings,
    pub(super) common: Common,
    /// The way in, until it is known whose connection it is.
    entry: Slot,
    known: Mutex<Known>,
    pub(super) refresh: metadata::Refresh,
    /// An idempotent producer that nobody uses at the moment.
    pub(super) producer: Mutex<Option<Producer>>,
}

/// What the cluster has told so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    cluster: Option<ClusterId>,
    peers: BTreeMap<BrokerId, Arc<Peer>>,
    /// Topics as last told, for leaders and ids.
    pub(super) topics: HashMap<TopicName, Arc<Topic>>,
    /// The bootstrap address that last let us in.
    door: Option<Arc<str>>,
    /// What we may do on the cluster, and when that was told.
    pub(super) rights: Option<(ClusterRights, Instant)>,
}

/// A broker that the cluster named.
#[derive(Debug)]
pub(super) struct Peer {
    broker: Broker,
    address: Option<Address>,
    control: Slot,
    fetch: Slot,
    /// Whether the last metadata still named it.
    listed: AtomicBool,
    /// Whether a connection to its address ever worked.
    reached: AtomicBool,
}

/// Which of a broker's two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Control,
    Fetch,
}

impl Peer {
    fn new(broker: Broker) -> Self {
        Self {
            address: Address::advertised(broker.host.raw(), broker.port),
            broker,
            control: Slot::default(),
            fetch: Slot::default(),
            listed: AtomicBool::new(true),
            reached: AtomicBool::new(false),
        }
    }

    fn shown(&self) -> Arc<str> {
        match &self.address {
            Some(address) => address.to_string().into(),
            None => format!("{}:{}", self.broker.host.raw(), self.broker.port).into(),
        }
    }

    fn target(&self) -> Result<Target, Fault> {
        match &self.address {
            Some(address) => Ok(Target { address: address.clone(), broker: Some(self.broker.id) }),
            None => Err(Fault::new(Cause::Unreachable, &self.shown(), Step::Dns, "the cluster advertises no usable address")
                .of_broker(Some(self.broker.id))),
        }
    }
}

impl Pool {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            common: Common::default(),
            entry: Slot::default(),
            known: Mutex::default(),
            refresh: metadata::Refresh::default(),
            producer: Mutex::default(),
        }
    }

    pub(super) fn known<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn peers(&self) -> Vec<Arc<Peer>> {
        self.known(|known| known.peers.values().cloned().collect())
    }

    fn peer(&self, broker: BrokerId) -> Result<Arc<Peer>, Fault> {
        self.known(|known| known.peers.get(&broker).cloned()).ok_or_else(|| {
            let name: Arc<str> = format!("broker {}", broker.0).into();
            Fault::new(Cause::Unreachable, &name, Step::Connect, "the cluster does not name this broker at the moment")
                .of_broker(Some(broker))
        })
    }

    /// Brokers that the last metadata named.
    pub(super) fn listed(&self) -> Vec<BrokerId> {
        let listed = self.peers().into_iter().filter(|peer| peer.listed.load(Ordering::Relaxed));
        listed.map(|peer| peer.broker.id).collect()
    }

    /// Whether the address of a broker ever worked for us.
    pub(super) fn was_reached(&self, broker: BrokerId) -> bool {
        self.peer(broker).is_ok_and(|peer| peer.reached.load(Ordering::Relaxed))
    }

    /// A connection to whichever broker answers soonest.
    pub(super) async fn any(self: &Arc<Self>) -> Result<Connection, Fault> {
        let best = self.best_open();
        if let Some(open) = &best
            && !self.hangs(open)
        {
            return Ok(open.clone());
        }
        if self.entry.open().is_some_and(|entry| self.hangs(&entry)) {
            self.entry.clear();
        }
        // What hangs is still better than nothing: it may only be slow.
        self.entry.get(self.enter()).await.or_else(|fault| best.ok_or(fault))
    }

    /// Whether a broker has owed an answer for so long that another one is asked rather.
    fn hangs(&self, connection: &Connection) -> bool {
        connection.vitals().waiting_since.is_some_and(|since| since.elapsed() > self.settings.patience)
    }

    /// An open control connection, rather one that owes no answer than one that may hang.
    fn best_open(&self) -> Option<Connection> {
        let open = self.peers().iter().filter_map(|peer| peer.control.open()).chain(self.entry.open()).collect::<Vec<_>>();
        open.into_iter().min_by_key(|connection| connection.vitals().waiting_since.map(|at| at.elapsed()).unwrap_or_default())
    }

    /// The control connection of a broker.
    pub(super) async fn control(self: &Arc<Self>, broker: BrokerId) -> Result<Connection, Fault> {
        let peer = self.peer(broker)?;
        peer.control.get(self.open(&peer, Role::Control)).await.map_err(|fault| self.advertised(fault))
    }

    /// The fetch connection of a broker, where long polls do not hold up anything else.
    pub(super) async fn fetch(self: &Arc<Self>, broker: BrokerId) -> Result<Connection, Fault> {
        let peer = self.peer(broker)?;
        peer.fetch.get(self.open(&peer, Role::Fetch)).await.map_err(|fault| self.advertised(fault))
    }

    /// A connection of its own, which nobody else gets.
    pub(super) async fn extra(self: &Arc<Self>, broker: BrokerId) -> Result<Connection, Fault> {
        let peer = self.peer(broker)?;
        self.open(&peer, Role::Fetch).await.map_err(|fault| self.advertised(fault))
    }

    async fn open(self: &Arc<Self>, peer: &Peer, role: Role) -> Result<Connection, Fault> {
        let target = peer.target()?;
        if role == Role::Control
            && let Some(entry) = self.entry.open()
            && **entry.address() == *target.address.to_string()
        {
            return Ok(self.adopt(entry, peer));
        }
        let addresses = dial::resolve(&target, &self.settings).await?;
        if role == Role::Control
            && let Some(entry) = self.entry.open()
            && entry.peer().is_some_and(|at| addresses.contains(&at))
        {
            return Ok(self.adopt(entry, peer));
        }
        let connection = self.connect(&target, &addresses).await?;
        peer.reached.store(true, Ordering::Relaxed);
        if role == Role::Control {
            // There is a better way in now than a bootstrap connection of an unknown broker.
            self.entry.clear();
        }
        Ok(connection)
    }

    fn adopt(&self, entry: Connection, peer: &Peer) -> Connection {
        entry.is_broker(peer.broker.id);
        peer.reached.store(true, Ordering::Relaxed);
        self.entry.clear();
        entry
    }

    /// Dials and makes sure that this is still the same cluster (P17).
    async fn connect(&self, target: &Target, addresses: &[SocketAddr]) -> Result<Connection, Fault> {
        let connection = dial::connect(target, addresses, &self.settings, &self.common).await?;
        if self.known(|known| known.cluster.is_some()) {
            let answer = connection.call::<Metadata>(|_| no_topics()).await;
            let answer = answer.map_err(|fault| fault.of_broker(target.broker))?;
            self.same_cluster(&connection, &answer)?;
        }
        Ok(connection)
    }

    /// Compares the cluster's id with the one that was told first, and keeps that.
    pub(super) fn same_cluster(&self, connection: &Connection, answer: &MetadataResponse) -> Result<(), Fault> {
        let Some(found) = answer.cluster_id.as_ref().map(|id| ClusterId::new(id.as_str())) else { return Ok(()) };
        let expected = self.known(|known| known.cluster.get_or_insert_with(|| found.clone()).clone());
        if expected == found {
            return Ok(());
        }
        let (expected, found) = (Foreign::new(expected.raw()), Foreign::new(found.raw()));
        let fault = Fault::new(
            Cause::OtherCluster { expected, found },
            connection.address(),
            Step::Request,
            "another cluster answers at this address",
        );
        Err(connection.poison(fault))
    }

    /// Takes over the brokers that metadata named: connections of those that stayed where they are stay open.
    pub(super) fn learn(&self, brokers: &[Broker]) {
        self.known(|known| {
            for peer in known.peers.values() {
                peer.listed.store(false, Ordering::Relaxed);
            }
            for broker in brokers {
                match known.peers.get(&broker.id) {
                    Some(peer) if peer.broker == *broker => peer.listed.store(true, Ordering::Relaxed),
                    _ => {
                        known.peers.insert(broker.id, Arc::new(Peer::new(broker.clone())));
                    }
                }
            }
        });
    }

    /// Back to the bootstrap addresses: the cluster asked for it, or nothing that is known answers (P16).
    pub(super) fn forget_brokers(&self) {
        self.known(|known| known.peers.clear());
        self.entry.clear();
    }

    /// The next question dials at once, whatever failed a moment ago; after a refusal with what files and commands say now.
    pub(super) fn retry_now(&self) {
        if self.common.refused.forgive() {
            self.settings.security.forget();
        }
        self.entry.forgive();
        for peer in self.peers() {
            peer.control.forgive();
            peer.fetch.forgive();
        }
    }

    /// Tries known brokers and bootstrap addresses, each with a head start over the next.
    async fn enter(self: &Arc<Self>) -> Result<Connection, Fault> {
        if let Some(wrong) = self.settings.security.wrong() {
            return Err(Fault::of_trouble(wrong, &"".into(), Step::Secrets));
        }
        let mut waiting = self.candidates().into_iter();
        let mut running = JoinSet::new();
        let mut faults = Vec::new();
        loop {
            let next = waiting.next();
            if let Some(candidate) = next.clone() {
                let pool = Arc::clone(self);
                running.spawn(async move { pool.try_candidate(candidate).await });
            }
            if next.is_none() && running.is_empty() {
                break;
            }
            let more_wait = waiting.len() > 0;
            tokio::select! {
                Some(done) = running.join_next() => match done {
                    Ok(Ok(connection)) => return Ok(connection),
                    Ok(Err(fault)) => faults.push(fault),
                    Err(_task_ended) => {}
                },
                () = sleep(STAGGER), if more_wait => {}
            }
        }
        let nothing = || Fault::new(Cause::Unreachable, &"".into(), Step::Connect, "no address is known");
        let mut fault = Fault::together(faults).unwrap_or_else(nothing);
        if matches!(fault.cause, Cause::TimedOut(_)) && self.known(|known| known.cluster.is_some()) {
            // These are brokers, as we know: no other service, and not another security protocol.
            fault.hint = Some("connections are taken and no request is answered: brokers may be frozen, overloaded or starting".into());
        }
        Err(fault)
    }

    /// How much later than the first the last bootstrap address is dialled, and a moment more.
    pub(super) fn head_starts(&self) -> Duration {
        STAGGER.saturating_mul(u32::try_from(self.settings.bootstrap.len().min(KNOWN_TRIED)).unwrap_or(1))
    }

    fn candidates(&self) -> Vec<Candidate> {
        let mut peers = self.peers();
        peers.retain(|peer| !peer.control.open().is_some_and(|open| self.hangs(&open)));
        peers.sort_by_key(|peer| !peer.listed.load(Ordering::Relaxed));
        peers.truncate(KNOWN_TRIED);
        let known: Vec<_> = self.peers().iter().filter_map(|peer| peer.address.clone()).collect();
        let doors = self.settings.bootstrap.iter().filter(|address| !known.contains(address));
        let doors: Vec<_> = doors.map(|address| Candidate::Door(address.clone())).collect();
        peers.into_iter().map(Candidate::Peer).chain(doors).collect()
    }

    async fn try_candidate(self: Arc<Self>, candidate: Candidate) -> Result<Connection, Fault> {
        match candidate {
            Candidate::Peer(peer) => peer.control.get(self.open(&peer, Role::Control)).await,
            Candidate::Door(address) => {
                let target = Target { address, broker: None };
                let addresses = dial::resolve(&target, &self.settings).await?;
                let connection = self.connect(&target, &addresses).await?;
                self.known(|known| known.door = Some(Arc::clone(connection.address())));
                Ok(connection)
            }
        }
    }

    /// Adds to a failure at an advertised address that the way in works: the classic mistake (P14).
    fn advertised(&self, mut fault: Fault) -> Fault {
        let open = self.best_open();
        let Some(door) = self.known(|known| known.door.clone()) else { return fault };
        let step = fault.attempts.last().map(|attempt| attempt.step);
        if !matches!(step, Some(Step::Dns | Step::Connect)) || *door == *fault.address || fault.hint.is_some() {
            return fault;
        }
        if open.is_some_and(|open| *open.address() == door) {
            let result = fault.attempts.last().map(|attempt| attempt.result.raw().to_owned()).unwrap_or_default();
            fault.attempts.insert(0, Fault::new(Cause::Unreachable, &door, Step::Request, ANSWERS).attempts.remove(0));
            fault = fault.clone().hint(format!(
                "bootstrap {door} answers, and the cluster advertises {}, where it is not reachable from here ({result}): check advertised.listeners, or names and routes on this machine",
                fault.address
            ));
        }
        fault
    }
}

#[derive(Debug, Clone)]
enum Candidate {
    Peer(Arc<Peer>),
    Door(Address),
}

#[cfg(test)]
mod tests;

/// A metadata request that asks for no topic: who is there, and which cluster. Never creates anything (P18).
pub(super) fn no_topics() -> MetadataRequest {
    MetadataRequest::default().with_topics(Some(Vec::new())).with_allow_auto_topic_creation(false)
}

//! How the brokers' connections are doing, as a snapshot for the screen.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::{Peer, Pool, Slot};
use crate::io::kafka::security::Facts;
use crate::model::{Attempt, BrokerId, Certificate, Foreign, Time};

/// One broker's connections at one moment; durations count back from that moment.
#[derive(Debug, Clone)]
pub struct LinkHealth {
    /// `None`: a bootstrap connection, not yet known whose.
    pub broker: Option<BrokerId>,
    /// host:port as dialled.
    pub address: Foreign,
    /// Whether the cluster's last metadata still named it.
    pub listed: bool,
    /// Connections open now, of the two that are shared.
    pub open: usize,
    /// How long ago it last answered anything.
    pub answered: Option<Duration>,
    /// The last round trip of a request that is answered at once.
    pub round_trip: Option<Duration>,
    /// How long it has owed an answer by now.
    pub waiting: Option<Duration>,
    /// How long we still hold back because it throttles us.
    pub held: Option<Duration>,
    /// What went wrong last, a dial or an answer, and how long ago; `None` once it works again.
    pub error: Option<(Attempt, Duration)>,
}

impl Pool {
    /// All known brokers by id, then the bootstrap connection when it belongs to none yet.
    pub(in crate::io::kafka) fn health(&self) -> Vec<LinkHealth> {
        let now = Instant::now();
        let peers = self.peers();
        let mut all: Vec<_> = peers.iter().map(|peer| of_peer(peer, now)).collect();
        let trouble = self.entry.trouble().filter(|_| peers.is_empty());
        if self.entry.open().is_some() {
            all.push(of_slots(None, "", true, &[&self.entry], now));
        } else if let Some((fault, at)) = trouble {
            all.extend(fault.attempts.iter().map(|attempt| LinkHealth {
                address: attempt.address.clone(),
                error: Some((attempt.clone(), now - at)),
                ..of_slots(None, "", true, &[], now)
            }));
        }
        all
    }
}

impl Pool {
    /// The certificate that ends first of those that the open connections rest on, our own among them.
    pub(in crate::io::kafka) fn ends_first(&self) -> Option<Certificate> {
        let peers = self.peers();
        let slots = peers.iter().flat_map(|peer| [&peer.control, &peer.fetch]).chain([&self.entry]);
        let all = slots.filter_map(Slot::open).flat_map(|connection| {
            let (ours, theirs) = connection.certificates();
            let theirs = theirs.map(|facts| certificate(Some(Foreign::new(Arc::clone(connection.address()))), facts));
            ours.map(|facts| certificate(None, facts)).into_iter().chain(theirs).collect::<Vec<_>>()
        });
        all.min_by_key(|certificate| certificate.not_after)
    }
}

fn certificate(of: Option<Foreign>, facts: &Facts) -> Certificate {
    Certificate { of, subject: Foreign::new(facts.subject.as_str()), not_after: Time::from_millis(facts.not_after.saturating_mul(1000)) }
}

fn of_peer(peer: &Peer, now: Instant) -> LinkHealth {
    of_slots(Some(peer.broker.id), &peer.shown(), peer.listed.load(Ordering::Relaxed), &[&peer.control, &peer.fetch], now)
}

fn of_slots(broker: Option<BrokerId>, address: &str, listed: bool, slots: &[&Slot], now: Instant) -> LinkHealth {
    let open: Vec<_> = slots.iter().filter_map(|slot| slot.open()).collect();
    let vitals: Vec<_> = slots.iter().filter_map(|slot| slot.last()).map(|connection| connection.vitals()).collect();
    let address = open.first().filter(|_| address.is_empty()).map_or(address, |first| first.address());
    let trouble = slots.iter().filter_map(|slot| slot.trouble()).max_by_key(|(_, at)| *at);
    LinkHealth {
        broker,
        address: Foreign::new(address),
        listed,
        open: open.len(),
        answered: vitals.iter().filter_map(|v| v.last_answer).max().map(|at| now - at),
        round_trip: vitals.iter().find_map(|v| v.round_trip),
        waiting: vitals.iter().filter_map(|v| v.waiting_since).min().map(|at| now - at),
        held: vitals.iter().filter_map(|v| v.held_until).max().filter(|&until| until > now).map(|until| until - now),
        error: trouble.and_then(|(fault, at)| fault.attempts.last().map(|attempt| (attempt.clone(), now - at))),
    }
}

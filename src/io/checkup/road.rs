//! The way to one broker, from its name to a login; of all bootstrap addresses at once, and of all brokers where the cluster says
//! that they are.

pub(super) mod words;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Out;
use crate::core::checkup::{Finding, Look};
use crate::io::kafka::probe::{Host, Probe};
use crate::io::kafka::{Address, Settings};
use crate::model::{BrokerId, Cause, Failure};
use crate::text::units;

/// So many brokers are looked at; a cluster with more has told enough by then.
const BROKERS: usize = 64;

/// Goes to every bootstrap address, all at once; gives those that let us in. `whole`: not only names and TCP. Steps from TLS on
/// are told of the first address that gets there, and of the others only where something is to be said.
pub(super) async fn bootstrap(probe: &Probe, settings: &Settings, whole: bool, out: &Out) -> Vec<(Address, Host)> {
    let (send, mut findings) = mpsc::unbounded_channel();
    let mut running = JoinSet::new();
    for (place, address) in settings.bootstrap.iter().cloned().enumerate() {
        let (probe, settings, send) = (probe.clone(), settings.clone(), send.clone());
        running.spawn(async move {
            let host = one(&probe, &settings, &address, whole, &|finding| drop(send.send((place, finding)))).await;
            host.map(|host| (place, address, host))
        });
    }
    drop(send);
    let mut held = Vec::new();
    let mut told_in_full = None;
    let alone = settings.bootstrap.len() == 1;
    while let Some((place, finding)) = findings.recv().await {
        let common = matches!(finding.look, Look::Dns | Look::Connect);
        match (&finding.verdict, finding.failure()) {
            // Beside an address that works, one that does not is a warning: that is known at the end.
            (_, Some(_)) if !alone => held.push(finding),
            (verdict, None) if !common && *verdict != crate::core::checkup::Verdict::Warn => {
                if *told_in_full.get_or_insert(place) == place {
                    out.tell(finding);
                }
            }
            _ => out.tell(finding),
        }
    }
    let mut arrived: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    arrived.sort_by_key(|(place, ..)| *place);
    for finding in held {
        out.tell(if arrived.is_empty() { finding } else { finding.milder() });
    }
    arrived.into_iter().map(|(_, address, host)| (address, host)).collect()
}

/// One address, step by step.
async fn one(probe: &Probe, settings: &Settings, address: &Address, whole: bool, tell: &(dyn Fn(Finding) + Sync)) -> Option<Host> {
    let subject = address.to_string();
    let found = match dns(probe, address).await {
        Ok((found, finding)) => {
            tell(finding);
            found
        }
        Err(finding) => {
            tell(finding);
            return None;
        }
    };
    let (open, finding) = tcp(probe, address, &found, settings.connect).await;
    tell(finding);
    if open.is_empty() || !whole {
        return None;
    }
    let (course, host) = match timeout(bound(settings), probe.dial(address, None, &open)).await {
        Ok(dialled) => dialled,
        Err(_elapsed) => {
            tell(words::no_end(&subject, bound(settings)));
            return None;
        }
    };
    words::way(&subject, settings, &course, host.as_ref().err()).into_iter().for_each(tell);
    host.ok()
}

/// Of a whole dial: each of its steps has its own bound, and SASL takes several.
fn bound(settings: &Settings) -> Duration {
    settings.connect + settings.request
}

async fn dns(probe: &Probe, address: &Address) -> Result<(Vec<SocketAddr>, Finding), Finding> {
    let subject = address.to_string();
    let began = tokio::time::Instant::now();
    match probe.look_up(address).await {
        Ok(found) => {
            let shown: Vec<String> = found.iter().map(|one| one.ip().to_string()).collect();
            let families = match (found.iter().any(SocketAddr::is_ipv4), found.iter().any(SocketAddr::is_ipv6)) {
                (true, true) => "IPv4 and IPv6",
                (false, true) => "IPv6",
                _ => "IPv4",
            };
            let is_name = address.host().parse::<std::net::IpAddr>().is_err();
            let finding = if is_name {
                Finding::good(Look::Dns, &subject, format!("{} ({families})", shown.join(", "))).took(began.elapsed())
            } else {
                Finding::good(Look::Dns, &subject, "an address, nothing is to be looked up")
            };
            Ok((found, finding))
        }
        Err(failure) => Err(words::failed(&subject, &failure).took(began.elapsed())),
    }
}

/// Knocks at each address of a name; gives those that answered.
async fn tcp(probe: &Probe, address: &Address, found: &[SocketAddr], patience: Duration) -> (Vec<SocketAddr>, Finding) {
    let mut running = JoinSet::new();
    for (place, &one) in found.iter().enumerate() {
        let probe = probe.clone();
        running.spawn(async move { (place, one, probe.knock(one).await) });
    }
    let mut knocked = running.join_all().await;
    knocked.sort_by_key(|(place, ..)| *place);
    let open = knocked.iter().filter(|(.., answer)| answer.is_ok()).map(|(_, one, _)| *one).collect();
    (open, words::knocked(&address.to_string(), &knocked, patience))
}

/// Goes to every broker where the cluster says that it is, all at once.
pub(super) async fn advertised(
    probe: &Probe,
    settings: &Settings,
    arrived: &[(Address, Host)],
    brokers: &[(BrokerId, Option<Address>)],
    out: &Out,
) {
    let bootstrap = arrived.first().map(|(address, _)| address.to_string()).unwrap_or_default();
    let mut running = JoinSet::new();
    for (id, address) in brokers.iter().take(BROKERS) {
        let subject = format!("broker {}", id.0);
        match address {
            None => out.tell(words::no_address(&subject)),
            Some(address) if arrived.iter().any(|(dialled, _)| dialled == address) => {
                out.tell(Finding::good(Look::Advertised, &subject, format!("{address}: reached, it is a bootstrap address")));
            }
            Some(address) => {
                let (probe, settings, address, id, bootstrap) = (probe.clone(), settings.clone(), address.clone(), *id, bootstrap.clone());
                running.spawn(async move { broker(&probe, &settings, &address, id, &bootstrap).await });
            }
        }
    }
    while let Some(done) = running.join_next().await {
        // A task that panicked has said so in the log.
        if let Ok(finding) = done {
            out.tell(finding);
        }
    }
    if let Some(more) = brokers.len().checked_sub(BROKERS).filter(|&more| more > 0) {
        out.tell(Finding::skipped(Look::Advertised, "", format!("{} more were not looked at", units::wide(more))));
    }
}

async fn broker(probe: &Probe, settings: &Settings, address: &Address, id: BrokerId, bootstrap: &str) -> Finding {
    let subject = format!("broker {}", id.0);
    let began = tokio::time::Instant::now();
    let all = async {
        let found = probe.look_up(address).await?;
        let (course, host) = probe.dial(address, Some(id), &found).await;
        host.map(|_host| (found, course))
    };
    let bound = bound(settings);
    match timeout(bound, all).await {
        Ok(Ok((found, course))) => {
            let warning = course.tls.as_ref().and_then(words::expires_soon);
            let words = words::reached(address, &found, &course);
            match warning {
                Some(warning) => Finding::warn(Look::Advertised, &subject, format!("{words}; {warning}"), words::RENEW),
                None => Finding::good(Look::Advertised, &subject, words).took(began.elapsed()),
            }
        }
        Ok(Err(failure)) => words::unreached(&subject, address, bootstrap, &failure).took(began.elapsed()),
        Err(_elapsed) => {
            let failure = Failure::new("check the connection", Cause::TimedOut(u64::try_from(bound.as_millis()).unwrap_or(u64::MAX)));
            words::unreached(&subject, address, bootstrap, &failure).took(began.elapsed())
        }
    }
}

//! The way to a cluster, looked at step by step: what was said and where, stores, names, TCP, TLS, versions, SASL, the cluster,
//! every broker where it is said to be, and what we may do there. Each finding is told as soon as it is known.
//!
//! Reads only, joins nothing, creates nothing; connections are its own, and a login that is refused is not tried again. May use
//! kafka's probe and settings, core's findings, model. A new look: a function beside those of `road` and `there`.

mod road;
mod said;
mod there;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::kafka::Settings;
use super::kafka::probe::Probe;
use crate::core::checkup::{Finding, Look};
use crate::model::ClusterId;

/// How long TCP and TLS may take, and how long one answer, where nobody asked for more: together with what comes after, a wrong
/// setting is told within ten seconds.
const DIAL: Duration = Duration::from_secs(4);
const ANSWER: Duration = Duration::from_secs(5);
/// From so many days before its end on a certificate is worth a warning.
const SOON: i64 = 30;

/// What is wanted of one look.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The id that the cluster must have.
    pub expects: Option<ClusterId>,
    /// How long each step may take; some seconds when nothing is said.
    pub patience: Option<Duration>,
}

/// Where findings go.
#[derive(Debug, Clone)]
struct Out(mpsc::UnboundedSender<Finding>);

impl Out {
    fn tell(&self, finding: Finding) {
        // Whoever listened is gone: the rest is for nobody.
        let _gone = self.0.send(finding);
    }
}

/// Looks at all of it; the receiver hears each finding as it comes, and its end. Dropping the set ends it early.
#[must_use]
pub fn start(settings: Settings, wanted: Wanted) -> (JoinSet<()>, mpsc::UnboundedReceiver<Finding>) {
    let (send, findings) = mpsc::unbounded_channel();
    let mut looking = JoinSet::new();
    looking.spawn(async move { look(settings, &wanted, Out(send)).await });
    (looking, findings)
}

async fn look(mut settings: Settings, wanted: &Wanted, out: Out) {
    settings.connect = wanted.patience.unwrap_or(DIAL);
    settings.request = wanted.patience.unwrap_or(ANSWER);
    let usable = said::look(&mut settings, &out).await;
    let probe = Probe::new(settings.clone());
    let arrived = road::bootstrap(&probe, &settings, usable, &out).await;
    let Some((bootstrap, host)) = arrived.first() else {
        let why = if usable { "not asked: no broker let us in" } else { "not asked: the settings cannot be used as they are" };
        out.tell(Finding::skipped(Look::Cluster, "", why));
        return;
    };
    out.tell(there::offered(bootstrap, host));
    let Some(cluster) = there::cluster(bootstrap, host, wanted.expects.as_ref(), &out).await else { return };
    let principal = settings.security.principal();
    let (allowed, ()) =
        tokio::join!(there::allowed(host, &cluster, &principal), road::advertised(&probe, &settings, &arrived, &cluster.brokers, &out),);
    for finding in allowed {
        out.tell(finding);
    }
    out.tell(there::throttled(&probe));
}

/// Whole days from now until then, seconds since the epoch; negative when it is over.
fn days_until(then: i64) -> i64 {
    then.saturating_sub(jiff::Timestamp::now().as_second()).div_euclid(24 * 60 * 60)
}

/// "until 2099-12-31 00:00 UTC (26704 days)", "expired on 2021-01-01 00:00 UTC".
fn until(not_after: i64) -> String {
    let date = super::kafka::probe::date(not_after);
    match days_until(not_after) {
        days if days < 0 => format!("expired on {date}"),
        1 => format!("until {date} (1 day)"),
        days => format!("until {date} ({days} days)"),
    }
}

#[cfg(test)]
mod tests;

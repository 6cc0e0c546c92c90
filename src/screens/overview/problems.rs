//! What wants to be looked at, the worst first: each line leads to its place.

use std::sync::Arc;
use std::time::Duration;

use super::Judged;
use crate::core::cluster::Cluster;
use crate::core::figures;
use crate::core::timeline::What;
use crate::core::verdict::Verdict;
use crate::core::verdict::words::Tone;
use crate::model::{BrokerId, GroupId, Known, Time, Topic, Why};
use crate::text::{self, Shown, units};

/// A broker that left is a problem for so long, unless it comes back.
const LEFT: Duration = Duration::from_secs(3600);

/// A disk that is so full, in per cent, is to be looked at, and from the second on something must be done.
pub(super) const FULL: u64 = 85;
pub(super) const OVERFULL: u64 = 95;

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) about: About,
    pub(super) tone: Tone,
    /// In words, safe to draw.
    pub(super) text: String,
    /// How large it is, for the order among equals.
    weight: u64,
}

/// Where it leads.
#[derive(Debug, Clone)]
pub(super) enum About {
    Group(GroupId),
    Topic(Arc<Topic>),
    Broker(BrokerId),
}

impl About {
    /// Its name; safe to draw.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Group(id) => Shown::of(id.raw()).into_string(),
            Self::Topic(topic) => Shown::of(topic.name.raw()).into_string(),
            Self::Broker(id) => format!("broker {}", id.0),
        }
    }

    /// Whether it is about the same thing.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Group(a), Self::Group(b)) => a == b,
            (Self::Topic(a), Self::Topic(b)) => a.name == b.name,
            (Self::Broker(a), Self::Broker(b)) => a == b,
            _ => false,
        }
    }
}

/// All of them, in order.
pub(super) fn of(cluster: &Cluster, judged: &[Judged<'_>], now: Time) -> Vec<Problem> {
    let mut all: Vec<Problem> = groups(cluster, judged, now).collect();
    if let Some(view) = cluster.view.get() {
        all.extend(view.topics.iter().filter(|topic| topic.error.is_none()).filter_map(|topic| of_topic(cluster, topic)));
    }
    all.extend(brokers(cluster, now));
    let rank = |tone: Tone| match tone {
        Tone::Act => 0,
        Tone::Look => 1,
        _ => 2,
    };
    all.sort_by_key(|problem| (rank(problem.tone), std::cmp::Reverse(problem.weight)));
    all
}

fn groups(cluster: &Cluster, judged: &[Judged<'_>], now: Time) -> impl Iterator<Item = Problem> {
    judged.iter().filter_map(move |(row, verdict)| {
        let told = !matches!(verdict, Verdict::Unknown(Why::NotAsked));
        (verdict.severity() > 0 && told).then(|| {
            let total = row.total();
            let lag = total.map(|total| format!("lag {}{}", if total.is_whole() { "" } else { "≥" }, units::short(total.offsets)));
            let losing = match verdict {
                Verdict::Stuck { .. } | Verdict::NoProgress { .. } => cluster.losing(row, now),
                _ => None,
            };
            let losing = losing.map(|(_, left)| format!("may lose data in {}", units::duration(left)));
            let text = [Some(verdict.short(now)), lag, losing].into_iter().flatten().collect::<Vec<_>>().join(", ");
            // What stands still at a record comes before what is merely far behind: it will not mend itself.
            let first = match verdict {
                Verdict::Stuck { .. } => u64::MAX / 2,
                Verdict::NoProgress { .. } => u64::MAX / 4,
                _ => 0,
            };
            let weight = total.map_or(0, |total| total.offsets).saturating_add(first);
            Problem { about: About::Group(row.id().clone()), tone: verdict.tone(), text, weight }
        })
    })
}

fn of_topic(cluster: &Cluster, topic: &Arc<Topic>) -> Option<Problem> {
    let leaderless = topic.partitions.iter().filter(|p| p.leader.is_none()).count();
    let short = topic.partitions.iter().filter(|p| p.leader.is_some() && p.isr.len() < p.replicas.len()).count();
    let least = match cluster.figures.of(topic).map(figures::TopicFigures::keep) {
        Some(Known::Is(keep)) => keep.min_isr.and_then(|least| usize::try_from(least).ok()),
        _ => None,
    };
    let under = least.map_or(0, |least| topic.partitions.iter().filter(|p| p.leader.is_some() && p.isr.len() < least).count());
    let of = |n: usize| format!("{} of {}", n, units::counted(units::wide(topic.partitions.len()), "partition"));
    let (tone, text, n) = if leaderless > 0 {
        (Tone::Act, format!("{} without a leader", of(leaderless)), leaderless)
    } else if under > 0 {
        (Tone::Act, format!("{} under min.insync.replicas: writes with acks=all fail", of(under)), under)
    } else if short > 0 {
        (Tone::Look, format!("{} under-replicated", of(short)), short)
    } else {
        return None;
    };
    Some(Problem { about: About::Topic(Arc::clone(topic)), tone, text, weight: units::wide(n) })
}

fn brokers(cluster: &Cluster, now: Time) -> Vec<Problem> {
    let problem = |id, tone, text| Problem { about: About::Broker(id), tone, text, weight: 0 };
    let troubled = cluster.groups.troubled();
    let mut all: Vec<Problem> = troubled
        .map(|(id, since, why)| {
            let since = units::duration(now.since(since));
            problem(id, Tone::Look, format!("does not tell its groups for {since}: {}", text::why(why)))
        })
        .collect();
    for broker in cluster.view.get().into_iter().flat_map(|view| &view.brokers) {
        if let Some((took, usual)) = cluster.brokers.slow(broker.id) {
            let text = format!("answers after {} ms, the others after {} ms", took.as_millis(), usual.as_millis());
            all.push(problem(broker.id, Tone::Look, text));
        }
        let full =
            cluster.brokers.fullest(broker.id).and_then(|(_, volume)| Some((volume, volume.per_cent().filter(|full| *full >= FULL)?)));
        if let Some((volume, full)) = full {
            let text = format!("disk {full} % full: {} left of {}", units::size(volume.usable), units::size(volume.total));
            all.push(problem(broker.id, if full >= OVERFULL { Tone::Act } else { Tone::Look }, text));
        }
    }
    let here = |id: BrokerId| cluster.view.get().is_some_and(|view| view.brokers.iter().any(|broker| broker.id == id));
    let mut seen = Vec::new();
    for change in cluster.timeline.newest().take_while(|change| now.since(change.at) < LEFT) {
        let What::BrokerGone(id) = change.what else { continue };
        if !here(id) && !seen.contains(&id) {
            seen.push(id);
            all.push(problem(id, Tone::Act, format!("left the cluster {} ago", units::duration(now.since(change.at)))));
        }
    }
    all
}

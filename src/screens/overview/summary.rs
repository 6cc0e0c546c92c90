//! The four figures above, and what each broker leads and holds: sums over all topics, partitions and groups, made when something
//! has changed and at most once a second. Drawing only reads them.

use std::collections::HashMap;

use super::Judged;
use crate::core::cluster::Cluster;
use crate::core::figures::TopicFigures;
use crate::core::lag::Total;
use crate::core::verdict::Verdict;
use crate::model::{BrokerId, ClusterView, Known, Time};
use crate::text::units;
use crate::ui::Token;

/// Columns of the line of what comes in.
const RATES: usize = 12;
/// A quarter of an hour of lag in so many columns.
const LAGS: usize = 20;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Summary {
    records: Records,
    partitions: Partitions,
    groups: Groups,
    lag: Lag,
    /// Partitions that each broker leads, and replicas that it holds.
    brokers: HashMap<BrokerId, (usize, usize)>,
}

#[derive(Debug, Default)]
struct Records {
    rate: f64,
    known: usize,
    of: usize,
    trend: [Option<u64>; RATES],
}

#[derive(Debug, Default)]
struct Partitions {
    count: usize,
    leaderless: usize,
    under: usize,
    short: usize,
}

#[derive(Debug, Default)]
struct Groups {
    /// Whether every broker was asked once.
    listed: bool,
    count: usize,
    /// Brokers that do not tell theirs.
    untold: usize,
    worst: usize,
    odd: usize,
    unknown: usize,
}

#[derive(Debug, Default)]
struct Lag {
    listed: bool,
    total: Total,
    told: usize,
    of: usize,
    trend: [Option<u64>; LAGS],
}

/// A figure: title, the number in large, what belongs to it, a line of its trend.
pub(super) struct Tile {
    pub(super) title: &'static str,
    pub(super) number: (String, Token),
    pub(super) lines: Vec<(String, Token)>,
}

impl Summary {
    pub(super) fn of(cluster: &Cluster, judged: &[Judged<'_>], now: Time) -> Self {
        let Some(view) = cluster.view.get() else { return Self::default() };
        let mut brokers: HashMap<BrokerId, (usize, usize)> = HashMap::new();
        for partition in view.topics.iter().flat_map(|topic| &topic.partitions) {
            if let Some(leader) = partition.leader {
                brokers.entry(leader).or_default().0 += 1;
            }
            for replica in &partition.replicas {
                brokers.entry(*replica).or_default().1 += 1;
            }
        }
        let (groups, lag) = (Groups::of(cluster, judged), Lag::of(cluster, now));
        Self { records: Records::of(view, cluster, now), partitions: Partitions::of(view, cluster), groups, lag, brokers }
    }

    /// How many partitions a broker leads, and how many it holds.
    pub(super) fn load_of(&self, broker: BrokerId) -> (usize, usize) {
        self.brokers.get(&broker).copied().unwrap_or_default()
    }

    pub(super) fn tiles(&self) -> [Tile; 4] {
        [self.records.tile(), self.partitions.tile(), self.groups.tile(), self.lag.tile()]
    }
}

impl Records {
    fn of(view: &ClusterView, cluster: &Cluster, now: Time) -> Self {
        let mut all = Self::default();
        for topic in view.topics.iter().filter(|topic| topic.error.is_none()) {
            all.of += 1;
            let Some(figures) = cluster.figures.of(topic) else { continue };
            if let Known::Is(rate) = figures.rate(topic) {
                all.rate += rate;
                all.known += 1;
            }
            for (column, rate) in all.trend.iter_mut().zip(figures.trend().rates(now)) {
                if let Some(rate) = rate {
                    *column = Some(column.unwrap_or(0).saturating_add(rate));
                }
            }
        }
        all
    }

    fn tile(&self) -> Tile {
        let topics = units::counted(units::wide(self.of), "topic");
        let (number, partial) = match self.known {
            0 if self.of > 0 => (("…".to_owned(), Token::Dim), format!("0 of {topics}")),
            known if known < self.of => {
                ((format!("≥{}", units::rate(self.rate)), Token::Title), format!("{} of {topics}", units::thousands(units::wide(known))))
            }
            _ => ((units::rate(self.rate), Token::Title), topics),
        };
        Tile { title: "Records in", number, lines: vec![(units::spark(&self.trend), Token::Data), (partial, Token::Dim)] }
    }
}

/// So many of a kind, with a sign.
fn line(n: usize, sign: &str, word: &str, token: Token) -> Option<(String, Token)> {
    (n > 0).then(|| (format!("{sign} {} {word}", units::thousands(units::wide(n))), token))
}

impl Partitions {
    fn of(view: &ClusterView, cluster: &Cluster) -> Self {
        let mut all = Self::default();
        for topic in &view.topics {
            let least = match cluster.figures.of(topic).map(TopicFigures::keep) {
                Some(Known::Is(keep)) => keep.min_isr.and_then(|least| usize::try_from(least).ok()),
                _ => None,
            };
            for partition in &topic.partitions {
                all.count += 1;
                if partition.leader.is_none() {
                    all.leaderless += 1;
                    continue;
                }
                all.short += usize::from(partition.isr.len() < partition.replicas.len());
                all.under += usize::from(least.is_some_and(|least| partition.isr.len() < least));
            }
        }
        all
    }

    fn tile(&self) -> Tile {
        let found = [
            line(self.leaderless, "✗", "without a leader", Token::Act),
            line(self.under, "✗", "under min ISR", Token::Act),
            line(self.short, "▲", "under-replicated", Token::Look),
        ];
        let mut lines: Vec<_> = found.into_iter().flatten().collect();
        if lines.is_empty() {
            lines.push(("✓ all in sync".to_owned(), Token::Good));
        }
        Tile { title: "Partitions", number: (units::thousands(units::wide(self.count)), Token::Title), lines }
    }
}

impl Groups {
    fn of(cluster: &Cluster, judged: &[Judged<'_>]) -> Self {
        let untold = cluster.groups.troubled().count();
        let mut all = Self { listed: cluster.groups.listed_at().is_some(), untold, ..Self::default() };
        for (_, verdict) in judged {
            all.count += 1;
            match verdict {
                Verdict::Unknown(_) => all.unknown += 1,
                verdict if verdict.severity() == 2 => all.worst += 1,
                verdict if verdict.severity() == 1 => all.odd += 1,
                _ => {}
            }
        }
        all
    }

    fn tile(&self) -> Tile {
        if !self.listed {
            return Tile { title: "Groups", number: ("…".to_owned(), Token::Dim), lines: Vec::new() };
        }
        // A broker that does not tell its groups may have any number of them.
        let number = match (self.untold, self.count) {
            (0, count) => (units::thousands(units::wide(count)), Token::Title),
            (_, 0) => ("?".to_owned(), Token::Look),
            (_, count) => (format!("≥{}", units::thousands(units::wide(count))), Token::Title),
        };
        let untold = if self.untold == 1 { "broker does not tell" } else { "brokers do not tell" };
        let found = [
            line(self.worst, "▲", "need attention", Token::Act),
            line(self.odd, "●", "to look at", Token::Look),
            line(self.untold, "?", untold, Token::Look),
            line(self.unknown, "?", "not known yet", Token::Dim),
        ];
        let mut lines: Vec<_> = found.into_iter().flatten().collect();
        if lines.is_empty() && self.count > 0 {
            lines.push(("✓ all do well".to_owned(), Token::Good));
        }
        Tile { title: "Groups", number, lines }
    }
}

impl Lag {
    fn of(cluster: &Cluster, now: Time) -> Self {
        let mut all = Self { listed: cluster.groups.listed_at().is_some(), ..Self::default() };
        for row in cluster.groups.rows().filter(|row| row.listing.kind.commits()) {
            all.of += 1;
            if let Some(total) = row.total() {
                all.told += 1;
                all.total.offsets = all.total.offsets.saturating_add(total.offsets);
                all.total.known += total.known;
                all.total.of += total.of;
            }
            let past = row.past.lag(now);
            // A column counts where a group was seen in it.
            for (column, some) in all.trend.iter_mut().zip(past.chunks(past.len() / LAGS)) {
                if let Some(lag) = some.iter().rev().flatten().next() {
                    *column = Some(column.unwrap_or(0).saturating_add(*lag));
                }
            }
        }
        all
    }

    fn tile(&self) -> Tile {
        let number = match self.told {
            0 if self.listed && self.of == 0 => ("–".to_owned(), Token::Dim),
            0 => ("…".to_owned(), Token::Dim),
            told if told < self.of || !self.total.is_whole() => (format!("≥{}", units::short(self.total.offsets)), Token::Title),
            _ => (units::short(self.total.offsets), Token::Title),
        };
        let partial = if self.of == 0 {
            if self.listed { "no group commits" } else { "" }.to_owned()
        } else if self.told < self.of {
            format!("of {} of {} groups", units::thousands(units::wide(self.told)), units::thousands(units::wide(self.of)))
        } else {
            "offsets, all groups".to_owned()
        };
        Tile { title: "Lag", number, lines: vec![(units::spark(&self.trend), Token::Data), (partial, Token::Dim)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_a_broker_keeps_to_itself_are_not_none() {
        let number = |untold, count| Groups { listed: true, untold, count, ..Groups::default() }.tile().number.0;
        assert_eq!([number(0, 0), number(1, 0), number(1, 7), number(0, 7)], ["0", "?", "≥7", "7"]);
        assert_eq!(Groups::default().tile().number.0, "…", "nobody was asked yet");
    }
}

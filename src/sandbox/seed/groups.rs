//! Groups and what they have committed when the cluster starts. Those that are alive later begin here (`members.rs`); the others
//! stay as they are: stopped, level, and odd in every way in which a commit can be.

use std::sync::Arc;

use super::Garden;
use super::catalog::CATALOG;
use super::clicks::CLICKS;
use super::orders::ORDERS;
use super::scale::{DOMAINS, ENTITIES};
use crate::sandbox::cluster::Named;
use crate::sandbox::groups::{CONSUMER, Commit, Commits, Group};
use crate::sandbox::log::Bounds;

/// Commits of a synthetic group.
const COMMITS: usize = 12;
/// What synthetic groups read when there are no synthetic topics: twelve partitions.
const SHARED: [&str; 3] = [CLICKS.0, "sensor.readings", "customers"];
const PURPOSES: [&str; 8] = ["sync", "export", "alerts", "archive", "search", "mailer", "metrics", "cache"];

/// `broken`: partition and offset of the record at which `search-indexer` is stuck.
pub(super) fn plant(garden: &mut Garden, broken: (i32, i64), synthetic: u32) {
    living(garden, broken);
    left(garden);
    odd(garden);
    many(garden, synthetic);
}

/// Their members come when there is traffic.
fn living(garden: &mut Garden, broken: (i32, i64)) {
    garden.group("orders-enricher", Some(CONSUMER), |sheet| sheet.behind(ORDERS.0, 0));
    garden.group("billing-settle", Some(CONSUMER), |sheet| sheet.behind(CLICKS.0, 40));
    garden.group("mail-sender", Some(CONSUMER), |sheet| sheet.behind(ORDERS.0, 240));
    garden.group("search-indexer", Some(CONSUMER), |sheet| {
        sheet.behind(CATALOG.0, 0);
        sheet.at(CATALOG.0, broken.0, Commit::at(broken.1));
    });
    // It commits without being a member.
    garden.group("ledger-poller", None, |sheet| sheet.behind(ORDERS.0, 3));
}

fn left(garden: &mut Garden) {
    garden.group("audit-archive", Some(CONSUMER), |sheet| sheet.behind("audit.log", 160));
    garden.group("reports-nightly", Some(CONSUMER), |sheet| {
        for topic in ["customers", "sensor.readings"] {
            for (partition, bounds) in sheet.bounds(topic) {
                let metadata = format!("run 2211, part {partition}").into();
                sheet.at(topic, partition, Commit { offset: bounds.end, epoch: 0, metadata });
            }
        }
    });
}

/// Each is one thing that can be wrong with a commit.
fn odd(garden: &mut Garden) {
    garden.group("odd-below-start", Some(CONSUMER), |sheet| {
        sheet.behind(CLICKS.0, 25);
        sheet.at(CLICKS.0, 0, Commit::at(11_400));
        sheet.at("page-views.daily", 0, Commit::at(4_200));
    });
    garden.group("odd-beyond-end", Some(CONSUMER), |sheet| {
        sheet.behind("customers", 0);
        sheet.behind("audit.log", -1_204);
    });
    // A broker deletes such commits with the topic; they are left where it was not there to do so.
    garden.group("odd-deleted-topic", Some(CONSUMER), |sheet| {
        for (partition, offset) in (0..).zip([1_180, 1_214, 1_199]) {
            sheet.at("orders.v1", partition, Commit::at(offset));
        }
        sheet.behind("invoices", 0);
    });
    // As far as who reads committed records alone can come.
    garden.group("odd-held-back", Some(CONSUMER), |sheet| {
        for (partition, bounds) in sheet.bounds("payments") {
            sheet.at("payments", partition, Commit::at(bounds.stable));
        }
    });
}

/// Synthetic groups, without members: twelve commits each, on synthetic topics where there are some.
fn many(garden: &mut Garden, count: u32) {
    if count == 0 {
        return;
    }
    let mut dice = garden.dice("groups");
    let topics = garden.state.topics();
    let mut places: Vec<(Arc<str>, i32, Bounds)> = Vec::new();
    let synthetic = topics.iter().filter(|topic| topic.name.ends_with(".v1"));
    let shared = topics.iter().filter(|topic| SHARED.contains(&&*topic.name));
    let any_synthetic = synthetic.clone().next().is_some();
    let chosen: Vec<_> = if any_synthetic { synthetic.collect() } else { shared.collect() };
    for topic in chosen {
        places.extend((0..).zip(&topic.partitions).map(|(index, partition)| (Arc::clone(&topic.name), index, partition.bounds())));
    }
    for n in 0..usize::try_from(count).unwrap_or(usize::MAX) {
        let mut commits = Commits::default();
        // A third of them is level, and a ninth far behind.
        let most = match n % 9 {
            0 | 3 | 6 => 0,
            1 => 900,
            _ => 12,
        };
        for (topic, partition, bounds) in places.iter().cycle().skip(n * COMMITS % places.len().max(1)).take(COMMITS) {
            let offset = bounds.end.saturating_sub(i64::from(dice.below(most + 1))).max(bounds.start);
            commits.set(topic, *partition, Commit::at(offset));
        }
        garden.state.groups.put(&name(n), Group::left(commits, Some(CONSUMER)));
    }
}

/// The `n`-th name. None comes twice.
fn name(n: usize) -> String {
    let word = |words: &[&'static str], n: usize| words.get(n % words.len()).copied().unwrap_or_default();
    let (domain, entity) = (word(&DOMAINS, n), word(&ENTITIES, n / DOMAINS.len()));
    format!("{domain}-{entity}-{}-{n:04}", word(&PURPOSES, n))
}

/// What a group commits.
struct Sheet<'g> {
    garden: &'g Garden,
    commits: Commits,
}

impl Garden {
    fn group(&mut self, name: &str, kind: Option<&str>, fill: impl FnOnce(&mut Sheet<'_>)) {
        let mut sheet = Sheet { garden: self, commits: Commits::default() };
        fill(&mut sheet);
        let group = Group::left(sheet.commits, kind);
        self.state.groups.put(name, group);
    }
}

impl Sheet<'_> {
    fn bounds(&self, topic: &str) -> Vec<(i32, Bounds)> {
        let topic = self.garden.state.topic(Named::Name(topic));
        let partitions = topic.into_iter().flat_map(|topic| &topic.partitions);
        (0..).zip(partitions).map(|(index, partition)| (index, partition.bounds())).collect()
    }

    /// The same distance from the end in every partition.
    fn behind(&mut self, topic: &str, offsets: i64) {
        for (partition, bounds) in self.bounds(topic) {
            self.at(topic, partition, Commit::at(bounds.end.saturating_sub(offsets).max(bounds.start)));
        }
    }

    fn at(&mut self, topic: &str, partition: i32, commit: Commit) {
        self.commits.set(&Arc::from(topic), partition, commit);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sandbox::Options;
    use crate::sandbox::cluster::State;
    use crate::sandbox::groups::Moment;

    fn planted(topics: u32, groups: u32) -> State {
        super::super::topics(&[1, 2, 3], &Options { topics, groups, ..Options::default() }, 1_790_000_000_000)
    }

    fn lag(state: &mut State, group: &str, topic: &str, partition: i32) -> i64 {
        let commit = state.groups.get(group, Moment::ZERO).unwrap().commits.get(topic, partition).unwrap().offset;
        state.partition_mut(topic, partition).unwrap().bounds().end - commit
    }

    #[test]
    fn groups_are_what_they_are_for() {
        let mut state = planted(0, 0);
        assert_eq!(lag(&mut state, "orders-enricher", "orders", 1), 0);
        assert_eq!(lag(&mut state, "reports-nightly", "customers", 1), 0);
        assert!(lag(&mut state, "audit-archive", "audit.log", 0) > 100);
        assert!(lag(&mut state, "search-indexer", "catalog.updates", 2) > 50);
        assert_eq!(lag(&mut state, "search-indexer", "catalog.updates", 1), 0);
        assert!(lag(&mut state, "odd-beyond-end", "audit.log", 0) < 0);
        let start = state.partition_mut("clickstream", 0).unwrap().bounds().start;
        let commit = |state: &mut State| state.groups.get("odd-below-start", Moment::ZERO).unwrap().commits.get("clickstream", 0).cloned();
        assert!(commit(&mut state).unwrap().offset < start);
        assert!(state.topic(Named::Name("orders.v1")).is_none());
    }

    #[test]
    fn synthetic_groups_have_names_of_their_own_and_twelve_commits() {
        for topics in [0, 50] {
            let mut state = planted(topics, 700);
            let few = planted(topics, 0).groups.all(Moment::ZERO).count();
            let all: Vec<usize> =
                state.groups.all(Moment::ZERO).map(|(_, group)| group.commits.topics().map(|(_, all)| all.len()).sum()).collect();
            assert_eq!(all.iter().filter(|commits| **commits == COMMITS).count(), 700, "{topics}");
            assert_eq!(all.len(), few + 700);
        }
        let names: BTreeSet<String> = (0..5_000).map(name).collect();
        assert_eq!(names.len(), 5_000);
    }
}

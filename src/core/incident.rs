//! What was seen and done, as text for a ticket: the groups that do badly, the changes, what was written from here and how to do
//! the same with Apache's tools. Everything foreign passes [`Shown`].

use std::fmt::Write as _;

use super::cluster::Cluster;
use super::groups::Row;
use super::lag::{End, Lag};
use super::timeline::What;
use super::verdict::words::About;
use crate::model::{GroupId, Time};
use crate::text::{Shown, units};

/// Partitions of a group that are listed; the rest is counted.
const PARTITIONS: usize = 20;
/// Changes that are listed, the newest.
const CHANGES: usize = 40;

/// The report; `group`: the one that is open, which is told of whatever its state. `clock` writes a moment in full.
pub fn report(cluster: &Cluster, group: Option<&GroupId>, now: Time, clock: &dyn Fn(Time) -> String) -> String {
    let mut out = String::new();
    let name = cluster.context.name.as_deref().unwrap_or(&cluster.bootstrap);
    line(&mut out, &format!("# Incident report of {}", clock(now)));
    line(&mut out, "");
    line(&mut out, &format!("- cluster: {} ({})", Shown::of(name), Shown::of(&cluster.bootstrap)));
    if let Some(view) = cluster.view.get() {
        let id = view.id.as_ref().map_or_else(|| "not told".to_owned(), |id| Shown::of(id.raw()).into_string());
        line(&mut out, &format!("- cluster id: {id}, {}", units::counted(units::wide(view.brokers.len()), "broker")));
    }
    let bad = cluster.groups.rows().filter(|row| {
        let open = group == Some(row.id());
        open || cluster.verdict(row, now).severity() == 2
    });
    for row in bad {
        of_group(&mut out, cluster, row, now, clock);
    }
    line(&mut out, "");
    line(&mut out, "## What was done from here");
    let done: Vec<_> = cluster
        .timeline
        .newest()
        .filter_map(|change| if let What::Done(text) = &change.what { Some((change.at, text)) } else { None })
        .collect();
    if done.is_empty() {
        line(&mut out, "nothing");
    }
    for (at, text) in done.into_iter().rev() {
        line(&mut out, &format!("- {} {}", clock(at), indented(text)));
    }
    line(&mut out, "");
    line(&mut out, "## What was seen to change, the newest first");
    let seen = cluster.timeline.newest().filter(|change| !matches!(change.what, What::Done(_)));
    for change in seen.take(CHANGES) {
        let said = change.what.said();
        line(&mut out, &format!("- {} {} {}", clock(change.at), Shown::of(&said.about), Shown::of(&said.text)));
    }
    out
}

fn of_group(out: &mut String, cluster: &Cluster, row: &Row, now: Time, clock: &dyn Fn(Time) -> String) {
    let verdict = cluster.verdict(row, now);
    let id = Shown::of(row.id().raw()).into_string();
    line(out, "");
    line(out, &format!("## Group {id}"));
    let members = row.members().map_or_else(|| "members not known".to_owned(), |n| units::counted(units::wide(n), "member"));
    line(out, &format!("- {}, {}, {members}", Shown::of(row.state().word()), Shown::of(row.listing.kind.word())));
    let about = About { cluster, row, verdict: &verdict, now, clock };
    for said in about.why() {
        line(out, &format!("- {}", Shown::of(&said.text)));
    }
    let Some((at, topics)) = row.places() else { return };
    line(out, &format!("- partitions as of {}:", clock(at)));
    let all: Vec<_> = topics.iter().flat_map(|topic| topic.partitions.iter().map(move |(id, place)| (topic, *id, place))).collect();
    let odd: Vec<_> = all.iter().filter(|(.., place)| place.lag(End::High) != Lag::Level).collect();
    for (topic, partition, place) in odd.iter().take(PARTITIONS) {
        let lag = place.lag(End::High);
        let offset = |offset: Option<crate::model::Offset>| offset.map_or_else(|| "none".to_owned(), |offset| offset.0.to_string());
        let lag_words = lag.offsets().map_or_else(|| lag.word().to_owned(), |offsets| format!("{offsets} ({})", lag.word()));
        let name = Shown::of(topic.topic.raw());
        let end = offset(place.high.as_ref().ok().copied());
        line(out, &format!("  - {name}:{} committed {} end {end} lag {lag_words}", partition.0, offset(place.committed())));
    }
    if odd.len() > PARTITIONS {
        line(out, &format!("  - and {} more", odd.len() - PARTITIONS));
    }
    line(out, &format!("- level: {} of {}", all.len() - odd.len(), units::counted(units::wide(all.len()), "partition")));
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

fn line(out: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _written = writeln!(out, "{text}");
}

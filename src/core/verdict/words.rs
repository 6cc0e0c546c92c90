//! Verdicts in words: a few for a column, sentences with their evidence for "Why". The one place for screens and commands.
//! All text here is safe to draw.

use std::time::Duration;

use super::{Spot, Verdict};
use crate::core::cluster::Cluster;
use crate::core::groups::Row;
use crate::core::groups::past::is_behind;
use crate::core::lag::{End, Lag, Place, Total};
use crate::model::{GroupState, Offset, PartitionId, Time, TopicName, Why};
use crate::text::{self, Shown, units};

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something must be done.
    Act,
    /// Something should be looked at.
    Look,
    Good,
    Text,
    /// Context.
    Dim,
}

/// A sentence, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub tone: Tone,
    pub text: String,
}

fn said(tone: Tone, text: impl Into<String>) -> Said {
    Said { tone, text: text.into() }
}

/// The same in lines of so many columns, broken at blanks; what has none to break at stays as it is.
pub fn wrapped(all: &[Said], columns: usize) -> Vec<Said> {
    let lines = |one: &Said| text::wrapped(&one.text, columns, "  ").into_iter().map(|line| said(one.tone, line)).collect::<Vec<_>>();
    all.iter().flat_map(lines).collect()
}

/// A state in so few letters as a column has.
pub fn state(state: &GroupState) -> Shown<'_> {
    match state {
        GroupState::PreparingRebalance | GroupState::CompletingRebalance => Shown::of("Rebalancing"),
        other => state_in_full(other),
    }
}

/// A state as Kafka writes it.
pub fn state_in_full(state: &GroupState) -> Shown<'_> {
    Shown::of(state.word())
}

impl Verdict {
    /// In at most 18 columns, but for the largest of numbers.
    pub fn short(&self, now: Time) -> String {
        let ago = |since: Time| units::duration(now.since(since));
        match self {
            Self::Stuck { .. } => "stuck at a record".to_owned(),
            Self::NoProgress { since } => format!("stalled {}", ago(*since)),
            Self::Stopped { since, seen: true } => format!("stopped {} ago", ago(*since)),
            Self::Stopped { since, seen: false } => format!("stopped ≥{}", ago(*since)),
            Self::FallingBehind { .. } => "falling behind".to_owned(),
            Self::Lost { .. } => "unread data lost".to_owned(),
            Self::Losing { left, .. } if left.is_zero() => "losing data now".to_owned(),
            Self::Losing { left, .. } => format!("data lost in {}", units::duration(*left)),
            Self::Remade { .. } => "topic made again".to_owned(),
            Self::BeyondEnd { .. } => "beyond the end".to_owned(),
            Self::Blocked { .. } => "open transaction".to_owned(),
            Self::Hidden { .. } => "hidden consumer".to_owned(),
            Self::Rewound { when, .. } => format!("rewound {} ago", ago(*when)),
            Self::CatchingUp { eta: Some(eta) } => format!("level in {}", units::duration(*eta)),
            Self::CatchingUp { eta: None } => "catching up".to_owned(),
            Self::Steady => "behind, steady".to_owned(),
            Self::Watching => "behind, watching".to_owned(),
            Self::Level => "level".to_owned(),
            Self::Idle => "idle, level".to_owned(),
            Self::NoMembers => "no members, level".to_owned(),
            Self::NoCommit => "nothing committed".to_owned(),
            Self::NoLag => "commits nothing".to_owned(),
            Self::Unknown(Why::NotAsked) => "…".to_owned(),
            Self::Unknown(Why::NoTopic) => "topic is gone".to_owned(),
            Self::Unknown(_) => "? unknown".to_owned(),
        }
    }

    pub fn tone(&self) -> Tone {
        match (self.severity(), self) {
            (2, _) => Tone::Act,
            (1, _) => Tone::Look,
            (_, Self::CatchingUp { .. }) => Tone::Good,
            (_, Self::Steady | Self::Watching) => Tone::Text,
            _ => Tone::Dim,
        }
    }
}

/// A group, to be told of.
pub struct About<'a> {
    pub cluster: &'a Cluster,
    pub row: &'a Row,
    pub verdict: &'a Verdict,
    pub now: Time,
    /// A time of day, as all of the screen has it.
    pub clock: &'a dyn Fn(Time) -> String,
}

impl std::fmt::Debug for About<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("About").field("row", self.row).field("verdict", self.verdict).finish_non_exhaustive()
    }
}

impl About<'_> {
    /// The verdict with its evidence: the headline first, then what is seen, then what else must be known.
    pub fn why(&self) -> Vec<Said> {
        let mut lines = Vec::new();
        if let Some(missing) = self.row.missing_for(&self.cluster.groups, self.now) {
            lines.push(said(Tone::Look, format!("not reported by any coordinator for {}", units::duration(missing))));
            lines.push(said(Tone::Dim, "what stands here is what was known before"));
        }
        if let Some((since, why)) = &self.row.untold {
            lines.push(said(Tone::Look, format!("? lag not told since {}", self.since(*since))));
            lines.push(said(Tone::Look, text::why(why)));
        }
        self.verdict_lines(&mut lines);
        self.retention(&mut lines);
        self.partial(&mut lines);
        lines
    }

    fn since(&self, at: Time) -> String {
        format!("{} ({})", (self.clock)(at), units::duration(self.now.since(at)))
    }

    fn verdict_lines(&self, lines: &mut Vec<Said>) {
        let tone = self.verdict.tone();
        match self.verdict {
            Verdict::Losing { at, left, beneath } => {
                lines.push(said(tone, losing(at, *left)));
                lines.push(said(Tone::Dim, "retention.ms of its topic against the time of the record that is read next"));
                About { verdict: beneath, ..*self }.verdict_lines(lines);
            }
            Verdict::Remade { at, when } => {
                lines
                    .push(said(tone, format!("{} was deleted and made again at {}", Shown::of(at.topic.raw()).cut(60), self.since(*when))));
                let offset = units::thousands(at.offset.0);
                lines.push(said(Tone::Text, format!("{}: commit {offset} is of the topic before", place(at))));
                lines.push(said(Tone::Dim, "what it skips or repeats is chance: a reset decides it"));
                lines.extend(self.members());
            }
            Verdict::Stuck { at, since, partitions } => {
                lines.push(said(tone, format!("stuck at a record {}", self.still_since(at, *since))));
                lines.extend(self.members());
                lines.push(said(Tone::Text, place(at)));
                lines.push(said(Tone::Text, format!("no progress at offset {}", units::thousands(at.offset.0))));
                if *partitions > 1 {
                    lines.push(said(Tone::Text, format!("nor on {} more", units::counted(units::wide(partitions - 1), "partition"))));
                }
                lines.extend(self.others());
            }
            Verdict::NoProgress { since } => {
                lines.push(said(tone, format!("stalled since {}", self.since(*since))));
                lines.extend(self.members());
                lines.push(said(Tone::Text, "no commit moved on any partition that is behind"));
                lines.push(said(Tone::Dim, "its consumers hang, or what they call does not answer"));
            }
            Verdict::Stopped { since, seen } => self.stopped(*since, *seen, lines),
            Verdict::FallingBehind { by } => {
                lines.push(said(tone, format!("falling behind by {}", units::rate(*by))));
                lines.extend(self.rates());
                lines.extend(self.members());
                lines.push(said(Tone::Dim, "never level at this pace"));
                lines.extend(self.room_for_members());
            }
            Verdict::Lost { offsets } => {
                lines.push(said(tone, format!("{} deleted before they were read", units::counted(*offsets, "offset"))));
                lines.extend(self.lost());
                lines.push(said(Tone::Dim, "retention is shorter than the lag lasts"));
                lines.extend(self.members());
            }
            Verdict::BeyondEnd { at, by } => {
                lines.push(said(tone, format!("a commit is {} past the end of its log", units::thousands(*by))));
                lines.push(said(Tone::Text, format!("{}, committed {}", place(at), units::thousands(at.offset.0))));
                lines.push(said(Tone::Dim, "the topic was made again or cut, or the commit is another cluster's"));
                lines.push(said(Tone::Dim, "a consumer goes where auto.offset.reset says; a reset decides it"));
            }
            Verdict::Blocked { held } => {
                lines.push(said(tone, format!("{} held back by an open transaction", units::counted(*held, "offset"))));
                lines.push(said(Tone::Dim, "consumers of committed records wait until it ends"));
                lines.extend(self.members());
            }
            Verdict::Hidden { since } => {
                lines.push(said(tone, "commits move though it has no members"));
                lines.push(said(Tone::Text, format!("last seen at {}", self.since(*since))));
                lines.push(said(Tone::Dim, "a consumer that assigns partitions itself (Flink, Spark, assign())"));
                lines.push(said(Tone::Dim, "it would overwrite a reset: stop it first"));
            }
            Verdict::Rewound { at, by, when } => self.rewound((at, *by, *when), lines),
            _ => self.calm(lines),
        }
    }

    fn rewound(&self, (at, by, when): (&Spot, u64, Time), lines: &mut Vec<Said>) {
        lines.push(said(self.verdict.tone(), format!("rewound at {}", self.since(when))));
        lines.push(said(Tone::Text, place(at)));
        lines.push(said(Tone::Text, format!("back by {} to {}", units::thousands(by), units::thousands(at.offset.0))));
        lines.push(said(Tone::Dim, "somebody reset it, or a consumer went back by itself"));
        lines.extend(self.members());
    }

    /// Nothing that wants to be looked at.
    fn calm(&self, lines: &mut Vec<Said>) {
        let tone = self.verdict.tone();
        let head = |text: String| said(tone, text);
        match self.verdict {
            Verdict::CatchingUp { eta } => {
                let words = eta
                    .map_or_else(|| "catching up, too slowly to say when".to_owned(), |eta| format!("level in {}", units::duration(eta)));
                lines.push(head(words));
            }
            Verdict::Steady => lines.push(head("behind by about the same all the time".to_owned())),
            Verdict::Watching => {
                let watched = self.row.past.watched_since().map(|since| units::duration(self.now.since(since)));
                lines.push(head(format!("behind; watched for {}: too short to say more", watched.unwrap_or_else(|| "0s".to_owned()))));
            }
            Verdict::Level => lines.push(said(Tone::Good, "level: what comes in is read")),
            Verdict::Idle => lines.push(said(Tone::Text, "level, and nothing comes in")),
            Verdict::NoMembers => lines.push(said(Tone::Text, "no members, and everything is read")),
            Verdict::NoCommit => {
                lines.push(said(Tone::Text, "nothing is committed"));
                lines.push(said(Tone::Dim, "its consumers begin where auto.offset.reset says"));
            }
            Verdict::NoLag => {
                lines.push(said(Tone::Text, format!("a {} group commits no offsets", Shown::of(self.row.listing.kind.word()))));
                lines.extend(self.shares());
            }
            Verdict::Unknown(Why::NotAsked) => lines.push(said(Tone::Dim, "being asked …")),
            Verdict::Unknown(why) => lines.push(said(tone, format!("? unknown: {}", text::why(why)))),
            _ => {}
        }
        lines.extend(self.rates());
        lines.extend(self.members());
    }

    fn stopped(&self, since: Time, seen: bool, lines: &mut Vec<Said>) {
        let tone = self.verdict.tone();
        let ago = units::duration(self.now.since(since));
        lines.push(said(
            tone,
            if seen { format!("stopped at {}", self.since(since)) } else { format!("stopped before kscope looked, {ago} ago") },
        ));
        let lag = self.row.total().map_or_else(|| "?".to_owned(), |total| units::short(total.offsets));
        lines.push(said(Tone::Text, format!("no members; {lag} offsets wait")));
        if let Some(rate) = self.row.past.produced().filter(|rate| *rate >= 0.05) {
            lines.push(said(Tone::Text, format!("and {} more come in", units::rate(rate))));
        }
        lines.push(said(Tone::Dim, "it goes on where it was once a consumer starts"));
    }

    /// Since when a commit stands, or that it stood already when it was first seen.
    fn still_since(&self, at: &Spot, since: Time) -> String {
        let moved = self.row.past.of(&at.topic, at.partition).is_some_and(|past| past.has_moved);
        if moved { format!("since {}", self.since(since)) } else { format!("for more than {}", units::duration(self.now.since(since))) }
    }

    fn members(&self) -> Option<Said> {
        let state = self.row.state();
        let count = self.row.members();
        if state.is_rebalancing() {
            return Some(said(Tone::Look, format!("rebalancing since {}", self.since(self.row.state_since))));
        }
        match (count, state.has_members()) {
            (Some(0), _) => {
                let since = self.row.past.empty_since.filter(|_| self.row.past.with_members.is_some());
                Some(said(
                    Tone::Dim,
                    since.map_or_else(|| "no members".to_owned(), |since| format!("no members since {}", self.since(since))),
                ))
            }
            (Some(count), _) => Some(said(Tone::Dim, format!("{} alive", units::counted(units::wide(count), "member")))),
            (None, Some(true)) => Some(said(Tone::Dim, "members alive")),
            (None, _) => None,
        }
    }

    fn rates(&self) -> Option<Said> {
        let (produced, committed) = (self.row.past.produced()?, self.row.past.committed()?);
        Some(said(Tone::Text, format!("{} come in, {} are read", units::rate(produced), units::rate(committed))))
    }

    /// What a share group has left.
    fn shares(&self) -> Vec<Said> {
        match &self.row.shares {
            None => Vec::new(),
            Some((_, Err(why))) => vec![said(Tone::Look, format!("? what it has left: {}", text::why(why)))],
            Some((at, Ok(shares))) => {
                let begun = shares.iter().filter(|share| matches!(share.start, Ok(Some(_)))).count();
                let total = self.row.total().unwrap_or_default();
                let left = match total.known {
                    0 => "how much is left is told from Kafka 4.2 on".to_owned(),
                    known if known < total.of => format!("≥{} not done yet", units::counted(total.offsets, "record")),
                    _ => format!("{} not done yet, as its coordinator counts", units::counted(total.offsets, "record")),
                };
                let begun = format!("begun on {}, as of {}", units::counted(units::wide(begun), "partition"), (self.clock)(*at));
                vec![said(Tone::Text, left), said(Tone::Dim, begun)]
            }
        }
    }

    fn places(&self) -> impl Iterator<Item = (&TopicName, PartitionId, &Place)> {
        let topics = self.row.places().map_or(&[][..], |(_, topics)| topics);
        topics.iter().flat_map(|topic| topic.partitions.iter().map(move |(id, place)| (&topic.topic, *id, place)))
    }

    /// How the partitions do that are not stuck.
    fn others(&self) -> Option<Said> {
        let level = self.places().filter(|(.., place)| place.lag(End::High) == Lag::Level).count();
        let behind = self.places().filter(|(.., place)| is_behind(&place.lag(End::High))).count();
        let stuck = if let Verdict::Stuck { partitions, .. } = self.verdict { *partitions } else { 0 };
        let words = match (level, behind.saturating_sub(stuck)) {
            (0, 0) => return None,
            (level, 0) => format!("{} level", units::counted(units::wide(level), "other partition")),
            (0, moving) => format!("{} moving on", units::counted(units::wide(moving), "other partition")),
            (level, moving) => format!("of the others {level} level, {moving} moving on"),
        };
        Some(said(Tone::Dim, words))
    }

    fn lost(&self) -> Option<Said> {
        let (topic, id, place) = self.places().max_by_key(|(.., place)| place.lag(End::High).lost())?;
        let (committed, start) = (place.committed()?, place.start.as_ref().ok()?);
        let spot = Spot { topic: topic.clone(), partition: id, offset: committed };
        Some(said(
            Tone::Text,
            format!("{}: committed {}, begins at {}", self::place(&spot), units::thousands(committed.0), units::thousands(start.0)),
        ))
    }

    /// Whether more members would have something to do.
    fn room_for_members(&self) -> Option<Said> {
        let (members, partitions) = (self.row.members().filter(|&members| members > 0)?, self.places().count());
        let counts = |members, word: &str| units::counted(units::wide(members), word);
        let would = if members < partitions { "would" } else { "would not" };
        let words = format!("{} on {}: more {would} help", counts(members, "member"), counts(partitions, "partition"));
        Some(said(Tone::Dim, words))
    }

    /// Whether retention will soon take what was not read.
    fn retention(&self, lines: &mut Vec<Said>) {
        let found = match self.verdict {
            Verdict::Losing { .. } => None,
            _ => self.cluster.losing(self.row, self.now),
        };
        lines.extend(found.map(|(at, left)| said(Tone::Act, losing(&at, left))));
    }

    /// What the total lacks.
    fn partial(&self, lines: &mut Vec<Said>) {
        let Some(Total { known, of, .. }) = self.row.total().filter(|total| !total.is_whole() && total.known > 0) else { return };
        lines.push(said(Tone::Look, format!("lag known of {known} of {} partitions", units::thousands(units::wide(of)))));
        let without = self.places().filter(|(.., place)| matches!(place.lag(End::High), Lag::NoCommit { .. })).count();
        if without > 0 {
            lines.push(said(Tone::Dim, format!("{} without a commit", units::counted(units::wide(without), "partition"))));
        }
        let unknown = self.places().find_map(|(topic, id, place)| match place.lag(End::High) {
            Lag::Unknown(why) => Some((topic, id, why)),
            _ => None,
        });
        if let Some((topic, id, why)) = unknown {
            let spot = Spot { topic: topic.clone(), partition: id, offset: Offset(0) };
            lines.push(said(Tone::Dim, format!("? {}: {}", place(&spot), text::why(&why))));
        }
    }
}

/// What retention is about to do there.
fn losing(at: &Spot, left: Duration) -> String {
    if left.is_zero() {
        format!("unread data may be deleted now: {}", place(at))
    } else {
        format!("unread data may be deleted in {}: {}", units::duration(left), place(at))
    }
}

/// `partition 3 of orders`.
pub fn place(at: &Spot) -> String {
    format!("partition {} of {}", at.partition.0, Shown::of(at.topic.raw()).cut(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_broken_at_blanks_and_no_word_is_lost() {
        let lines = wrapped(&[said(Tone::Dim, "the topic was made again or cut"), said(Tone::Act, "x")], 12);
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["the topic", "  was made", "  again or", "  cut", "x"]);
    }
}

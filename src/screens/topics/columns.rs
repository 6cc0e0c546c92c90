//! The columns of the list: one row of a table each. Which are shown follows from the width; sorting and drawing come with
//! them. To add one: a row in [`COLUMNS`], an arm in [`cell`] and one in [`key`].

use std::collections::HashMap;

use crate::core::figures::TopicFigures;
use crate::core::groups::Groups;
use crate::core::groups::uses::Use;
use crate::core::table::{self, Column, WIDE};
use crate::model::{Cleanup, Known, Operation, Resource, Time, Topic, TopicName, Why};
use crate::text::{setting, units};
use crate::ui::Token;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Id {
    #[default]
    Name,
    Partitions,
    Replication,
    Isr,
    Rate,
    Trend,
    Offsets,
    Size,
    Keep,
    KeepSize,
    Cleanup,
    MinIsr,
    Groups,
    MaxLag,
}

/// Columns between two.
pub const BETWEEN: usize = 2;
/// The name gets at least so many.
const LEAST_NAME: usize = 22;

pub const COLUMNS: &[Column<Id>] = &[
    Column::left(Id::Name, "NAME", 0, 0).rising(),
    Column::right(Id::Partitions, "PARTS", 6, 2),
    Column::right(Id::Replication, "RF", 3, 7),
    Column::left(Id::Isr, "ISR", 9, 1),
    Column::right(Id::Rate, "RECS/S", 8, 3),
    Column::left(Id::Trend, "TREND 15m", 12, 9),
    Column::right(Id::Offsets, "OFFSETS", 8, 5),
    Column::right(Id::Size, "SIZE", 7, 4),
    Column::right(Id::Keep, "KEEP", 6, 6),
    Column::right(Id::KeepSize, "KEEP SIZE", 9, WIDE),
    Column::left(Id::Cleanup, "CLEANUP", 8, 8),
    Column::right(Id::MinIsr, "MIN ISR", 7, WIDE),
    Column::right(Id::Groups, "GROUPS", 6, WIDE),
    Column::right(Id::MaxLag, "MAX LAG", 8, WIDE),
];

/// The columns that fit, in order, and the width of the name.
pub fn fitting(columns: usize, longest: usize, wide: bool) -> (Vec<&'static Column<Id>>, usize) {
    let room = columns.saturating_sub(3);
    let (shown, used) = table::fitting(COLUMNS, wide, room.saturating_sub(LEAST_NAME), |column| column.width + BETWEEN);
    // The figures stand beside the longest name, and not at the far end of the line.
    let name = longest.max(LEAST_NAME).min(room.saturating_sub(used));
    (shown, name)
}

/// What stands in a cell, and how it looks.
#[derive(Debug, PartialEq, Eq)]
pub struct Cell(pub String, pub Token);

/// Who reads the topics, when that is to be shown.
#[derive(Debug)]
pub struct Used(Option<HashMap<TopicName, Use>>);

impl Used {
    /// Looked up only when it is `wanted`, and when the groups were listed.
    pub fn of(groups: &Groups, wanted: bool) -> Self {
        Self(groups.listed_at().filter(|_| wanted).map(|_| groups.uses()))
    }

    pub fn by(&self, topic: &Topic) -> Option<Use> {
        self.0.as_ref().map(|uses| uses.get(&topic.name).copied().unwrap_or_default())
    }
}

/// What is known of a topic for its row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub topic: &'a Topic,
    pub figures: Option<&'a TopicFigures>,
    /// Who reads it; none before the groups were listed.
    pub used: Option<Use>,
    pub now: Time,
}

impl Row<'_> {
    fn figure<T>(&self, figure: impl Fn(&TopicFigures) -> Known<T>) -> Known<T> {
        if self.topic.error.is_some() {
            return Known::Unknown(Why::Denied(Operation::Describe.on(Resource::Topic)));
        }
        self.figures.map_or(Known::Unknown(Why::NotAsked), figure)
    }

    pub fn rate(&self) -> Known<f64> {
        self.figure(|figures| figures.rate(self.topic))
    }

    pub fn offsets(&self) -> Known<u64> {
        self.figure(|figures| figures.offsets(self.topic))
    }

    pub fn bytes(&self) -> Known<u64> {
        self.figure(|figures| figures.bytes(self.topic))
    }

    fn keep<T>(&self, part: impl Fn(crate::model::Keep) -> Option<T>) -> Known<T> {
        match self.figure(TopicFigures::keep) {
            Known::Is(keep) => part(keep).map_or(Known::Unknown(Why::NoAnswer), Known::Is),
            Known::Unknown(why) => Known::Unknown(why),
            Known::NotApplicable => Known::NotApplicable,
        }
    }
}

/// Partitions without a leader, and those with a replica that is behind.
pub fn troubled(topic: &Topic) -> (usize, usize) {
    let leaderless = topic.partitions.iter().filter(|p| p.leader.is_none()).count();
    let short = topic.partitions.iter().filter(|p| p.isr.len() < p.replicas.len()).count();
    (leaderless, short)
}

/// Every cell but the name and the trend.
pub fn cell(id: Id, row: &Row<'_>) -> Cell {
    let topic = row.topic;
    let own = |text: String, token| Cell(text, token);
    match id {
        _ if topic.error.is_some() && matches!(id, Id::Partitions | Id::Replication | Id::Isr) => own("?".to_owned(), Token::Look),
        Id::Name | Id::Trend => own(String::new(), Token::Text),
        Id::Partitions => own(units::thousands(units::wide(topic.partitions.len())), Token::Text),
        Id::Replication => own(topic.replication().to_string(), Token::Dim),
        Id::Isr => isr(topic),
        Id::Rate => shown(&row.rate(), Token::Text, |rate| units::rate(*rate).trim_end_matches("/s").to_owned()),
        Id::Offsets => shown(&row.offsets(), Token::Text, |n| units::short(*n)),
        Id::Size => shown(&row.bytes(), Token::Text, |n| units::size(*n)),
        Id::Keep => shown(&row.keep(|keep| keep.retention_ms), Token::Dim, |ms| setting::keep_time(*ms)),
        Id::KeepSize => shown(&row.keep(|keep| keep.retention_bytes), Token::Dim, |bytes| match u64::try_from(*bytes) {
            Ok(bytes) => units::size(bytes),
            Err(_negative) => "∞".to_owned(),
        }),
        Id::Cleanup => shown(&row.keep(|keep| keep.cleanup), Token::Dim, |cleanup| match cleanup {
            Cleanup::CompactDelete => "both".to_owned(),
            other => other.word().to_owned(),
        }),
        Id::MinIsr => shown(&row.keep(|keep| keep.min_isr), Token::Dim, ToString::to_string),
        Id::Groups => match row.used {
            None => own("…".to_owned(), Token::Faint),
            Some(Use { groups: 0, .. }) => own("0".to_owned(), Token::Dim),
            Some(used) => own(units::short(units::wide(used.groups)), Token::Text),
        },
        Id::MaxLag => match row.used {
            None => own("…".to_owned(), Token::Faint),
            Some(Use { groups: 0, .. }) => own("–".to_owned(), Token::Dim),
            Some(Use { most: None, .. }) => own("?".to_owned(), Token::Look),
            Some(Use { most: Some(most), partly, .. }) => {
                own(format!("{}{}", if partly { "≥" } else { "" }, units::short(most)), if most == 0 { Token::Dim } else { Token::Text })
            }
        },
    }
}

fn isr(topic: &Topic) -> Cell {
    match troubled(topic) {
        (0, 0) => Cell("ok".to_owned(), Token::Dim),
        (0, short) => Cell(format!("▲ {}/{}", topic.partitions.len() - short, topic.partitions.len()), Token::Act),
        (leaderless, _) => Cell(format!("✗ {leaderless} off"), Token::Act),
    }
}

/// A figure; `…` before it was asked for; `?` when it is unknown.
fn shown<T>(figure: &Known<T>, token: Token, text: impl Fn(&T) -> String) -> Cell {
    match figure {
        Known::Is(value) => Cell(text(value), token),
        Known::Unknown(Why::NotAsked) => Cell("…".to_owned(), Token::Faint),
        Known::Unknown(_) => Cell("?".to_owned(), Token::Look),
        Known::NotApplicable => Cell("–".to_owned(), Token::Dim),
    }
}

/// What a row is sorted by; `None`, unknown, comes last in either direction.
pub fn key(id: Id, row: &Row<'_>) -> Option<i128> {
    let count = |n: usize| Some(i128::from(units::wide(n)));
    let known = |figure: Known<u64>| figure.is().map(|&n| i128::from(n));
    // For ever is more than any time.
    let endless = |n: i64| if n < 0 { i128::MAX } else { i128::from(n) };
    match id {
        Id::Name => Some(0),
        _ if row.topic.error.is_some() => None,
        Id::Partitions => count(row.topic.partitions.len()),
        Id::Replication => count(row.topic.replication()),
        Id::Isr => {
            let (leaderless, short) = troubled(row.topic);
            count(leaderless * 1_000_000 + short)
        }
        Id::Rate | Id::Trend => row.rate().is().map(|rate| thousandths(*rate)),
        Id::Offsets => known(row.offsets()),
        Id::Size => known(row.bytes()),
        Id::Keep => row.keep(|keep| keep.retention_ms).is().map(|&ms| endless(ms)),
        Id::KeepSize => row.keep(|keep| keep.retention_bytes).is().map(|&bytes| endless(bytes)),
        Id::Cleanup => row.keep(|keep| keep.cleanup).is().map(|&cleanup| cleanup as i128),
        Id::MinIsr => row.keep(|keep| keep.min_isr).is().map(|&n| i128::from(n)),
        Id::Groups => count(row.used?.groups),
        Id::MaxLag => row.used?.most.map(i128::from),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float to a larger whole number saturates, and a rate is far below")]
fn thousandths(rate: f64) -> i128 {
    (rate * 1000.0) as i128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_dropped_by_priority_and_never_the_name() {
        let ids = |columns| fitting(columns, 30, false).0.iter().map(|column| column.id).collect::<Vec<_>>();
        assert_eq!(ids(20), [Id::Name]);
        assert_eq!(ids(80), [Id::Name, Id::Partitions, Id::Isr, Id::Rate, Id::Offsets, Id::Size]);
        assert_eq!(ids(120).len(), COLUMNS.len() - 4);
        assert_eq!(fitting(200, 300, true).0.len(), COLUMNS.len());
        for columns in 0..250 {
            let (shown, name) = fitting(columns, 300, true);
            let used: usize = shown.iter().map(|column| column.width + BETWEEN).sum::<usize>() + name;
            assert!(used <= columns.max(6), "{columns}: {used}");
        }
    }
}

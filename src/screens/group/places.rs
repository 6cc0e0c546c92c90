//! The list of partitions: its columns, what stands in them, and how they are sorted.

use crate::core::cluster::Cluster;
use crate::core::groups::Row;
use crate::core::groups::behind::Behind;
use crate::core::lag::{End, Lag, Place};
use crate::core::table::{self, Column};
use crate::model::{Offset, Time, Why};
use crate::text::{Shown, units};
use crate::ui::Token;

use super::{Group, Spot, is_troubled};

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Id {
    #[default]
    Topic,
    Partition,
    Committed,
    Start,
    End,
    Lag,
    Behind,
    In,
    Out,
    Member,
    Host,
}

pub(super) const COLUMNS: &[Column<Id>] = &[
    Column::left(Id::Topic, "TOPIC", 0, 0).rising(),
    Column::right(Id::Partition, "P", 4, 0).rising(),
    Column::right(Id::Committed, "COMMITTED", 13, 2),
    Column::right(Id::Start, "START", 13, 9),
    Column::right(Id::End, "END", 13, 3),
    Column::right(Id::Lag, "LAG", 11, 1),
    Column::right(Id::Behind, "BEHIND", 7, 4),
    Column::right(Id::In, "IN/S", 6, 7),
    Column::right(Id::Out, "OUT/S", 6, 6),
    Column::left(Id::Member, "MEMBER", 18, 5).rising(),
    Column::left(Id::Host, "HOST", 15, 10).rising(),
];

/// A topic's name gets at least so many.
const LEAST_TOPIC: usize = 14;

/// The columns that fit, and the width of the topic's name.
pub(super) fn fitting(columns: usize, longest: usize) -> (Vec<&'static Column<Id>>, usize) {
    let room = columns.saturating_sub(3);
    let takes = |column: &Column<Id>| if column.width == 0 { 0 } else { column.width + 1 + usize::from(column.left) };
    let (shown, used) = table::fitting(COLUMNS, true, room.saturating_sub(LEAST_TOPIC), takes);
    (shown, longest.max(5).min(room.saturating_sub(used)))
}

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i128),
    Text(String),
}

/// The partitions in order; what is unknown comes last, equal ones by topic and partition.
pub(super) fn order(group: &Group, cluster: &Cluster, row: &Row, now: Time) -> Vec<Spot> {
    if let Some((_, Ok(shares))) = &row.shares {
        return shares.iter().map(|share| (share.topic.clone(), share.partition)).collect();
    }
    let topics = row.places().map_or(&[][..], |(_, topics)| topics);
    let all = topics.iter().flat_map(|topic| topic.partitions.iter().map(move |(id, place)| ((topic.topic.clone(), *id), place)));
    let mut listed: Vec<(Spot, &Place)> = all.filter(|(_, place)| !group.problems || is_troubled(place)).collect();
    let (by, down) = group.sort.order();
    listed.sort_by_cached_key(|(spot, place)| {
        let key = key(by, spot, place, (group, cluster, row, now));
        (key.is_none(), if down { Err(std::cmp::Reverse(key)) } else { Ok(key) }, spot.clone())
    });
    listed.into_iter().map(|(spot, _)| spot).collect()
}

fn key(by: Id, spot: &Spot, place: &Place, (group, cluster, row, now): (&Group, &Cluster, &Row, Time)) -> Option<Key> {
    let number = |n: i64| Key::Number(i128::from(n));
    let rate = |rate: Option<f64>| rate.map(|rate| Key::Number(thousandths(rate)));
    let offset = |known: &Result<Offset, Why>| known.as_ref().ok().map(|offset| number(offset.0));
    let past = row.past.of(&spot.0, spot.1);
    match by {
        Id::Topic => Some(Key::Number(0)),
        Id::Partition => Some(number(i64::from(spot.1.0))),
        Id::Committed => place.committed().map(|offset| number(offset.0)),
        Id::Start => offset(&place.start),
        Id::End => offset(&place.high),
        Id::Lag => place.lag(End::High).offsets().map(|n| Key::Number(i128::from(n))),
        Id::Behind => {
            let time = cluster.groups.behind_of(&spot.0, spot.1, place, now).time();
            time.map(|time| Key::Number(i128::try_from(time.as_millis()).unwrap_or(i128::MAX)))
        }
        Id::In => rate(past.and_then(|past| past.produced)),
        Id::Out => rate(past.and_then(|past| past.committed)),
        Id::Member => group.member(cluster, spot).map(|member| Key::Text(member.client_id.raw().to_owned())),
        Id::Host => group.member(cluster, spot).map(|member| Key::Text(member.host.raw().to_owned())),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float to a larger whole number saturates, and a rate is far below")]
fn thousandths(rate: f64) -> i128 {
    (rate * 1000.0) as i128
}

/// A word for the lag of a partition, each case its own.
pub(super) fn lag_word(lag: &Lag) -> (String, Token) {
    match lag {
        Lag::Level => ("0".to_owned(), Token::Dim),
        Lag::Behind(n) => (units::short(*n), Token::Text),
        Lag::NoCommit { .. } => ("no commit".to_owned(), Token::Look),
        Lag::BelowStart { lost, .. } => (format!("{} lost", units::short(*lost)), Token::Act),
        Lag::BeyondEnd(by) => (format!("{} past", units::short(*by)), Token::Act),
        Lag::Blocked { held, .. } => (format!("{} held", units::short(*held)), Token::Look),
        Lag::Unknown(Why::NotAsked) => ("…".to_owned(), Token::Faint),
        Lag::Unknown(Why::NoTopic) => ("deleted".to_owned(), Token::Look),
        Lag::Unknown(_) => ("?".to_owned(), Token::Look),
    }
}

/// What stands in a cell.
pub(super) fn cell(id: Id, spot: &Spot, place: &Place, (group, cluster, row, now): (&Group, &Cluster, &Row, Time)) -> (String, Token) {
    let offset = |known: &Result<Offset, Why>| match known {
        Ok(offset) => (units::thousands(offset.0), Token::Text),
        Err(Why::NotAsked) => ("…".to_owned(), Token::Faint),
        Err(Why::NoTopic) => ("–".to_owned(), Token::Dim),
        Err(_) => ("?".to_owned(), Token::Look),
    };
    let rate = |rate: Option<f64>| match rate {
        None => ("–".to_owned(), Token::Dim),
        Some(rate) if rate < 0.05 => ("0".to_owned(), Token::Dim),
        Some(rate) => (units::rate(rate).trim_end_matches("/s").to_owned(), Token::Text),
    };
    let past = row.past.of(&spot.0, spot.1);
    match id {
        Id::Topic => (String::new(), Token::Text),
        Id::Partition => (spot.1.0.to_string(), Token::Text),
        Id::Committed => match &place.commit {
            Ok(Some(commit)) => (units::thousands(commit.offset.0), Token::Text),
            Ok(None) => ("–".to_owned(), Token::Dim),
            Err(why) => offset(&Err(why.clone())),
        },
        Id::Start => offset(&place.start),
        Id::End => offset(&place.high),
        Id::Lag => lag_word(&place.lag(End::High)),
        Id::Behind => match cluster.groups.behind_of(&spot.0, spot.1, place, now) {
            Behind::Nothing | Behind::Unknown(Why::NoTopic) => ("–".to_owned(), Token::Dim),
            Behind::Waiting => ("…".to_owned(), Token::Faint),
            Behind::Unknown(_) => ("?".to_owned(), Token::Look),
            Behind::About(time) => (format!("≈{}", units::duration(time)), Token::Text),
            Behind::Exact(time) => (units::duration(time), Token::Text),
        },
        Id::In => rate(past.and_then(|past| past.produced)),
        Id::Out => rate(past.and_then(|past| past.committed)),
        Id::Member => match group.member(cluster, spot) {
            Some(member) => (Shown::of(member.client_id.raw()).into_string(), Token::Text),
            None if row.description().is_none() && row.state().has_members() != Some(false) => ("…".to_owned(), Token::Faint),
            None if row.members() == Some(0) => ("–".to_owned(), Token::Dim),
            None => ("unassigned".to_owned(), Token::Look),
        },
        Id::Host => match group.member(cluster, spot) {
            Some(member) => (Shown::of(member.address().raw()).into_string(), Token::Dim),
            None => ("–".to_owned(), Token::Dim),
        },
    }
}

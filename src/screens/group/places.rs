//! The list of partitions: its columns, what stands in them, and how they are sorted.

use crate::core::cluster::Cluster;
use crate::core::groups::Row;
use crate::core::groups::behind::Behind;
use crate::core::lag::{End, Lag, Place};
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

/// Title, least width, whether it stands left, and which are dropped first.
pub(super) struct Column(pub(super) Id, pub(super) &'static str, pub(super) usize, pub(super) bool, u8);

pub(super) const COLUMNS: [Column; 11] = [
    Column(Id::Topic, "TOPIC", 0, true, 0),
    Column(Id::Partition, "P", 4, false, 0),
    Column(Id::Committed, "COMMITTED", 13, false, 2),
    Column(Id::Start, "START", 13, false, 9),
    Column(Id::End, "END", 13, false, 3),
    Column(Id::Lag, "LAG", 11, false, 1),
    Column(Id::Behind, "BEHIND", 7, false, 4),
    Column(Id::In, "IN/S", 6, false, 7),
    Column(Id::Out, "OUT/S", 6, false, 6),
    Column(Id::Member, "MEMBER", 18, true, 5),
    Column(Id::Host, "HOST", 15, true, 10),
];

/// A topic's name gets at least so many.
const LEAST_TOPIC: usize = 14;

/// The columns that fit, and the width of the topic's name.
pub(super) fn fitting(columns: usize, longest: usize) -> (Vec<&'static Column>, usize) {
    let room = columns.saturating_sub(3);
    let mut shown: Vec<&Column> = COLUMNS.iter().collect();
    let used =
        |shown: &[&Column]| shown.iter().filter(|column| column.2 > 0).map(|column| column.2 + 1 + usize::from(column.3)).sum::<usize>();
    while shown.len() > 2 && used(&shown) + LEAST_TOPIC > room {
        let last = shown.iter().enumerate().max_by_key(|(_, column)| column.4).map_or(0, |(at, _)| at);
        shown.remove(last);
    }
    let topic = longest.max(5).min(room.saturating_sub(used(&shown)));
    (shown, topic)
}

/// What the list is sorted by, and the column that is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sort {
    pub(super) by: Id,
    pub(super) down: bool,
    pub(super) chosen: Id,
}

impl Sort {
    pub(super) fn choose(&mut self, by: isize) {
        let at = COLUMNS.iter().position(|column| column.0 == self.chosen).unwrap_or(0);
        let at = at.saturating_add_signed(by).min(COLUMNS.len() - 1);
        self.chosen = COLUMNS.get(at).map(|column| column.0).unwrap_or_default();
    }

    /// Sorts by the chosen column, or the other way round when that is done already.
    pub(super) fn turn(&mut self) {
        let words = matches!(self.chosen, Id::Topic | Id::Partition | Id::Member | Id::Host);
        self.down = if self.by == self.chosen { !self.down } else { !words };
        self.by = self.chosen;
    }

    pub(super) fn arrow(self) -> char {
        if self.down { '↓' } else { '↑' }
    }
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
    let Sort { by, down, .. } = group.sort;
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

//! The columns of the list: one row of a table each. Which are shown follows from the width; sorting and drawing come with
//! them. To add one: a row in [`COLUMNS`], an arm in [`cell`] and one in [`key`].

use crate::core::cluster::Cluster;
use crate::core::groups::behind::Behind;
use crate::core::groups::{Groups, Row};
use crate::core::lag::Total;
use crate::core::table::{self, Column, WIDE};
use crate::core::verdict::Verdict;
use crate::core::verdict::words;
use crate::model::{GroupState, Time, Why};
use crate::screens::tone_token;
use crate::text::{Shown, units};
use crate::ui::Token;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Id {
    Name,
    State,
    Type,
    Members,
    Topics,
    Lag,
    Trend,
    In,
    Out,
    Behind,
    #[default]
    Verdict,
    Coordinator,
}

/// Columns between two.
pub const BETWEEN: usize = 2;
/// The name gets at least so many.
const LEAST_NAME: usize = 18;
/// Blocks of the trend.
pub const TREND: usize = 10;

pub const COLUMNS: &[Column<Id>] = &[
    Column::left(Id::Name, "GROUP", 0, 0).rising(),
    Column::left(Id::State, "STATE", 12, 2).rising(),
    Column::left(Id::Type, "TYPE", 8, 9).rising(),
    Column::right(Id::Members, "MEMB", 4, 8),
    Column::right(Id::Topics, "TOPICS", 6, 10),
    Column::right(Id::Lag, "LAG", 7, 1),
    Column::left(Id::Trend, "TREND 15m", TREND, 5),
    Column::right(Id::In, "IN/S", 6, 6),
    Column::right(Id::Out, "OUT/S", 6, 7),
    Column::right(Id::Behind, "BEHIND", 7, 4),
    Column::left(Id::Verdict, "VERDICT", 18, 3),
    Column::right(Id::Coordinator, "COORD", 5, WIDE),
];

/// The columns that fit, in order, and the width of the name.
pub fn fitting(columns: usize, longest: usize, wide: bool) -> (Vec<&'static Column<Id>>, usize) {
    let room = columns.saturating_sub(3);
    let (shown, used) = table::fitting(COLUMNS, wide, room.saturating_sub(LEAST_NAME), |column| column.width + BETWEEN);
    let name = longest.max(LEAST_NAME).min(room.saturating_sub(used));
    (shown, name)
}

/// A group and how it does.
#[derive(Debug)]
pub struct Judged<'a> {
    pub row: &'a Row,
    pub verdict: Verdict,
}

impl<'a> Judged<'a> {
    pub fn of(cluster: &Cluster, row: &'a Row, now: Time) -> Self {
        Self { row, verdict: cluster.verdict(row, now) }
    }

    /// 2 act, 1 look, 0 fine; one that no coordinator reports is to be looked at.
    pub fn severity(&self, groups: &Groups, now: Time) -> u8 {
        let missing = self.row.missing_for(groups, now).is_some();
        self.verdict.severity().max(u8::from(missing))
    }
}

/// What stands in a cell, and how it looks.
#[derive(Debug, PartialEq, Eq)]
pub struct Cell(pub String, pub Token);

/// Every cell but the name and the trend.
pub fn cell(id: Id, judged: &Judged<'_>, groups: &Groups, now: Time) -> Cell {
    let row = judged.row;
    let count = |n: Option<usize>| match n {
        Some(0) => Cell("0".to_owned(), Token::Dim),
        Some(n) => Cell(units::short(units::wide(n)), Token::Text),
        None => Cell("…".to_owned(), Token::Faint),
    };
    match id {
        Id::Name | Id::Trend => Cell(String::new(), Token::Text),
        Id::State => state(row, groups, now),
        Id::Type => Cell(Shown::of(row.listing.kind.word()).into_string(), Token::Dim),
        Id::Members => count(row.members()),
        Id::Topics if matches!(judged.verdict, Verdict::NoLag) && row.topics().is_none() => Cell("–".to_owned(), Token::Dim),
        Id::Topics => count(row.topics()),
        Id::Lag => lag(judged, now),
        Id::In => rate(row.past.produced()),
        Id::Out => rate(row.past.committed()),
        Id::Behind => behind(&groups.behind(row, now), judged),
        Id::Verdict => Cell(judged.verdict.short(now), tone_token(judged.verdict.tone())),
        Id::Coordinator => Cell(row.listing.coordinator.0.to_string(), Token::Dim),
    }
}

fn state(row: &Row, groups: &Groups, now: Time) -> Cell {
    if let Some(missing) = row.missing_for(groups, now) {
        return Cell(format!("unseen {}", units::duration(missing)), Token::Look);
    }
    let state = row.state();
    let token = match state {
        GroupState::Stable => Token::Text,
        _ => Token::Look,
    };
    Cell(words::state(state).into_string(), token)
}

/// Its figure: `≥` while a part of it is unknown, `none` where nothing is committed.
fn lag(judged: &Judged<'_>, now: Time) -> Cell {
    let own = |text: &str, token| Cell(text.to_owned(), token);
    match (&judged.verdict, judged.row.total()) {
        (Verdict::NoLag, Some(total)) if total.known > 0 => {
            Cell(format!("{}{}", if total.is_whole() { "" } else { "≥" }, units::short(total.offsets)), Token::Text)
        }
        (Verdict::NoLag, _) => own("n/a", Token::Dim),
        (Verdict::NoCommit, _) => own("none", Token::Dim),
        (Verdict::BeyondEnd { .. }, Some(Total { known: 0, .. })) => own("past", Token::Act),
        (Verdict::Unknown(Why::NotAsked), None) => own("…", Token::Faint),
        (_, None | Some(Total { known: 0, .. })) => own("?", Token::Look),
        (verdict, Some(total)) => {
            let told = judged.row.untold.is_none() && judged.row.places().is_some_and(|(at, _)| now.since(at) < OLD);
            let token = match (verdict.severity(), total.offsets) {
                _ if !told => Token::Dim,
                (2, _) => Token::Act,
                (1, _) => Token::Look,
                (_, 0) => Token::Dim,
                _ => Token::Text,
            };
            Cell(format!("{}{}", if total.is_whole() { "" } else { "≥" }, units::short(total.offsets)), token)
        }
    }
}

/// Figures of a row are old when nobody has asked for them for so long.
pub const OLD: std::time::Duration = std::time::Duration::from_secs(90);

fn rate(rate: Option<f64>) -> Cell {
    match rate {
        None => Cell("–".to_owned(), Token::Dim),
        // A rate that dies away ends as none.
        Some(rate) if rate < 0.05 => Cell("0".to_owned(), Token::Dim),
        Some(rate) => Cell(units::rate(rate).trim_end_matches("/s").to_owned(), Token::Text),
    }
}

fn behind(behind: &Behind, judged: &Judged<'_>) -> Cell {
    match behind {
        _ if judged.row.places().is_none() && !matches!(judged.verdict, Verdict::NoLag) => match judged.verdict {
            Verdict::Unknown(Why::NotAsked) => Cell("…".to_owned(), Token::Faint),
            _ => Cell("?".to_owned(), Token::Look),
        },
        Behind::Nothing => Cell("–".to_owned(), Token::Dim),
        Behind::Waiting => Cell("…".to_owned(), Token::Faint),
        Behind::Unknown(_) => Cell("?".to_owned(), Token::Look),
        Behind::About(time) => Cell(format!("≈{}", units::duration(*time)), Token::Text),
        Behind::Exact(time) => Cell(units::duration(*time), Token::Text),
    }
}

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Number(i128),
    Text(String),
}

/// `None`, unknown, comes last in either direction.
pub fn key(id: Id, judged: &Judged<'_>, groups: &Groups, now: Time) -> Option<Key> {
    let row = judged.row;
    let number = |n: u64| Key::Number(i128::from(n));
    let lag = row.total().filter(|total| total.known > 0).map(|total| total.offsets);
    let rate = |rate: Option<f64>| rate.map(|rate| Key::Number(thousandths(rate)));
    match id {
        Id::Name => Some(Key::Text(row.id().raw().to_owned())),
        Id::State => Some(Key::Text(row.state().word().to_owned())),
        Id::Type => Some(Key::Text(row.listing.kind.word().to_owned())),
        Id::Members => row.members().map(|n| number(units::wide(n))),
        Id::Topics => row.topics().map(|n| number(units::wide(n))),
        Id::Lag | Id::Trend => lag.map(number),
        Id::In => rate(row.past.produced()),
        Id::Out => rate(row.past.committed()),
        Id::Behind => groups.behind(row, now).time().map(|time| number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))),
        // What wants to be looked at first, and of the same kind what is furthest behind.
        Id::Verdict => Some(Key::Number((i128::from(judged.severity(groups, now)) << 64) | i128::from(lag.unwrap_or(0)))),
        Id::Coordinator => Some(Key::Number(i128::from(row.listing.coordinator.0))),
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
    fn columns_are_dropped_by_priority_and_never_name_lag_and_state_before_others() {
        let ids = |columns| fitting(columns, 30, false).0.iter().map(|column| column.id).collect::<Vec<_>>();
        assert_eq!(ids(20), [Id::Name]);
        assert_eq!(ids(46), [Id::Name, Id::State, Id::Lag]);
        assert_eq!(ids(80), [Id::Name, Id::State, Id::Lag, Id::Behind, Id::Verdict]);
        assert_eq!(ids(120).len(), COLUMNS.len() - 2, "all but topics and what is wide");
        assert_eq!(fitting(200, 300, true).0.len(), COLUMNS.len());
        for columns in 0..250 {
            let (shown, name) = fitting(columns, 300, true);
            let used: usize = shown.iter().map(|column| column.width + BETWEEN).sum::<usize>() + name;
            assert!(used <= columns.max(6), "{columns}: {used}");
        }
    }
}

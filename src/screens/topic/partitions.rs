//! The list of partitions: its columns, what stands in them, and how they are sorted.

use crate::core::figures::{PartitionFigures, TopicFigures};
use crate::core::table::{self, Column, Sort};
use crate::model::{BrokerId, Known, Move, Offset, Partition, PartitionId, Topic, Why};
use crate::text::units;
use crate::ui::Token;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Id {
    #[default]
    Partition,
    Leader,
    Replicas,
    Isr,
    Start,
    End,
    Open,
    Rate,
    Size,
}

pub(super) const COLUMNS: &[Column<Id>] = &[
    Column::right(Id::Partition, "P", 4, 0).rising(),
    Column::right(Id::Leader, "LEAD", 5, 1).rising(),
    Column::left(Id::Replicas, "REPLICAS", 9, 5),
    Column::left(Id::Isr, "ISR", 8, 2),
    Column::right(Id::Start, "START", 12, 6),
    Column::right(Id::End, "END", 13, 3),
    Column::right(Id::Open, "OPEN", 7, 8),
    Column::right(Id::Rate, "RECS/S", 8, 4),
    Column::right(Id::Size, "SIZE", 8, 7),
];

/// The columns that fit.
pub(super) fn fitting(columns: usize) -> Vec<&'static Column<Id>> {
    table::fitting(COLUMNS, true, columns.saturating_sub(1), |column| column.width + 1).0
}

/// Whether there is something to say of a partition.
pub(super) fn is_troubled(partition: &Partition) -> bool {
    partition.leader.is_none() || partition.isr.len() < partition.replicas.len()
}

/// The partitions in order; what is unknown comes last.
pub(super) fn order(topic: &Topic, figures: Option<&TopicFigures>, sort: Sort<Id>, problems: bool) -> Vec<PartitionId> {
    let mut listed: Vec<&Partition> = topic.partitions.iter().filter(|partition| !problems || is_troubled(partition)).collect();
    let key = |partition: &&Partition| {
        let key = key(sort.by, partition, figures.and_then(|figures| figures.of(partition.id)));
        (key.is_none(), key.map(|key| if sort.down { -key } else { key }))
    };
    listed.sort_by_cached_key(key);
    listed.iter().map(|partition| partition.id).collect()
}

fn key(by: Id, partition: &Partition, figures: Option<&PartitionFigures>) -> Option<i128> {
    let offset = |known: &Known<Offset>| known.is().map(|offset| i128::from(offset.0));
    match by {
        Id::Partition => Some(i128::from(partition.id.0)),
        Id::Leader => partition.leader.map(|leader| i128::from(leader.0)),
        Id::Replicas => i128::try_from(partition.replicas.len()).ok(),
        Id::Isr => i128::try_from(partition.replicas.len().saturating_sub(partition.isr.len())).ok(),
        Id::Start => offset(&figures?.start),
        Id::End => offset(&figures?.end),
        Id::Open => figures?.held.is().map(|&held| i128::from(held)),
        Id::Rate => figures?.rate.map(thousandths),
        Id::Size => figures?.bytes.is().map(|&bytes| i128::from(bytes)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float to a larger whole number saturates, and a rate is far below")]
fn thousandths(rate: f64) -> i128 {
    (rate * 1000.0) as i128
}

/// What stands in a cell.
pub(super) fn cell(id: Id, partition: &Partition, figures: Option<&PartitionFigures>, moving: Option<&Move>) -> (String, Token) {
    let waiting = || ("…".to_owned(), Token::Faint);
    let offset = |known: &Known<Offset>| shown(known, |offset| units::thousands(offset.0));
    match id {
        Id::Partition => (partition.id.0.to_string(), Token::Text),
        Id::Leader => partition.leader.map_or(("none".to_owned(), Token::Act), |leader| (leader.0.to_string(), Token::Text)),
        Id::Replicas => (replicas(partition, moving), if moving.is_some() { Token::Look } else { Token::Dim }),
        Id::Isr => isr(partition),
        Id::Start => figures.map_or_else(waiting, |figures| offset(&figures.start)),
        Id::End => figures.map_or_else(waiting, |figures| offset(&figures.end)),
        Id::Open => match figures.map(|figures| &figures.held) {
            Some(Known::Is(0)) => ("0".to_owned(), Token::Faint),
            Some(Known::Is(held)) => (units::short(*held), Token::Look),
            Some(unknown) => shown(unknown, ToString::to_string),
            None => waiting(),
        },
        Id::Rate => match figures {
            Some(figures) if matches!(figures.end, Known::Unknown(ref why) if *why != Why::NotAsked) => ("?".to_owned(), Token::Look),
            Some(PartitionFigures { rate: Some(rate), .. }) => (units::rate(*rate).trim_end_matches("/s").to_owned(), Token::Text),
            _ => waiting(),
        },
        Id::Size => figures.map_or_else(waiting, |figures| shown(&figures.bytes, |&bytes| units::size(bytes))),
    }
}

fn shown<T>(known: &Known<T>, text: impl Fn(&T) -> String) -> (String, Token) {
    match known {
        Known::Is(value) => (text(value), Token::Text),
        Known::Unknown(Why::NotAsked) => ("…".to_owned(), Token::Faint),
        Known::Unknown(_) => ("?".to_owned(), Token::Look),
        Known::NotApplicable => ("–".to_owned(), Token::Dim),
    }
}

/// `1,2,3`; while it moves `1 +2,3 −1`: the replicas that it had, which come, which go.
fn replicas(partition: &Partition, moving: Option<&Move>) -> String {
    let Some(moving) = moving else { return ids(&partition.replicas) };
    let had: Vec<BrokerId> = partition.replicas.iter().filter(|id| !moving.adding.contains(id)).copied().collect();
    let mut text = ids(&had);
    for (sign, brokers) in [('+', &moving.adding), ('−', &moving.removing)] {
        if !brokers.is_empty() {
            text = format!("{text} {sign}{}", ids(brokers));
        }
    }
    text
}

fn isr(partition: &Partition) -> (String, Token) {
    // A replica that is the whole set, and down, is in sync with nobody.
    if partition.leader.is_some() && partition.isr.len() >= partition.replicas.len() {
        return ("ok".to_owned(), Token::Dim);
    }
    let sign = if partition.leader.is_none() { '✗' } else { '▲' };
    (format!("{sign} {}", if partition.isr.is_empty() { "none".to_owned() } else { ids(&partition.isr) }), Token::Act)
}

/// Brokers as `1,2,3`.
pub(super) fn ids(brokers: &[BrokerId]) -> String {
    brokers.iter().map(|broker| broker.0.to_string()).collect::<Vec<_>>().join(",")
}

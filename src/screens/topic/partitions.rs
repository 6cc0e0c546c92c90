//! The list of partitions: its columns, what stands in them, and how they are sorted.

use crate::core::figures::{PartitionFigures, TopicFigures};
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

/// Title, least width, whether it stands left, and which are dropped first.
pub(super) struct Column(pub(super) Id, pub(super) &'static str, pub(super) usize, pub(super) bool, u8);

pub(super) const COLUMNS: [Column; 9] = [
    Column(Id::Partition, "P", 4, false, 0),
    Column(Id::Leader, "LEAD", 5, false, 1),
    Column(Id::Replicas, "REPLICAS", 9, true, 5),
    Column(Id::Isr, "ISR", 8, true, 2),
    Column(Id::Start, "START", 12, false, 6),
    Column(Id::End, "END", 13, false, 3),
    Column(Id::Open, "OPEN", 7, false, 8),
    Column(Id::Rate, "RECS/S", 8, false, 4),
    Column(Id::Size, "SIZE", 8, false, 7),
];

/// The columns that fit.
pub(super) fn fitting(columns: usize) -> Vec<&'static Column> {
    let mut shown: Vec<&Column> = COLUMNS.iter().collect();
    let used = |shown: &[&Column]| shown.iter().map(|column| column.2 + 1).sum::<usize>() + 1;
    while shown.len() > 1 && used(&shown) > columns {
        let last = shown.iter().enumerate().max_by_key(|(_, column)| column.4).map_or(0, |(at, _)| at);
        shown.remove(last);
    }
    shown
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
        self.down = if self.by == self.chosen { !self.down } else { !matches!(self.chosen, Id::Partition | Id::Leader) };
        self.by = self.chosen;
    }

    pub(super) fn arrow(self) -> char {
        if self.down { '↓' } else { '↑' }
    }
}

/// Whether there is something to say of a partition.
pub(super) fn is_troubled(partition: &Partition) -> bool {
    partition.leader.is_none() || partition.isr.len() < partition.replicas.len()
}

/// The partitions in order; what is unknown comes last.
pub(super) fn order(topic: &Topic, figures: Option<&TopicFigures>, sort: Sort, problems: bool) -> Vec<PartitionId> {
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

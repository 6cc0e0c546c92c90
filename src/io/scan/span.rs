//! Reads stretches of several partitions of one leader from start to end, one request after the other: what is needed
//! before the reading proper can begin (look-backs, markers).

use std::time::Duration;

use super::answer::Zone;
use super::part::{PART_BYTES, share};
use crate::io::kafka::{FetchAsk, FetchFrom, FetchedPartition, Isolation, Link, PartitionError};
use crate::model::{Failure, LeaderEpoch, Offset, Operation, PartitionId, TopicId, TopicName};
use crate::records::hop;

/// So many requests in a row may bring nothing before all counts as read: compaction can leave the end of a stretch empty.
const BARREN: u8 = 2;

/// A stretch of one partition's log.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub partition: PartitionId,
    pub epoch: LeaderEpoch,
    pub from: Offset,
    /// Exclusive.
    pub to: Offset,
    /// The last stable offset: what lies above is fetched read_uncommitted.
    pub stable: Offset,
}

impl Span {
    fn zone(&self, committed_only: bool) -> Zone {
        if committed_only || self.from < self.stable { Zone::Stable } else { Zone::Open }
    }
}

/// The topic that spans are of.
#[derive(Debug, Clone)]
pub(super) struct Of {
    pub topic: TopicName,
    pub id: TopicId,
    pub committed_only: bool,
}

pub(super) fn isolation(zone: Zone) -> Isolation {
    match zone {
        Zone::Stable => Isolation::ReadCommitted,
        Zone::Open => Isolation::ReadUncommitted,
    }
}

/// Reads all spans; `each` gets every answer with the index of its span, where it was asked from and for which zone, in
/// order of offset per span. What a partition answers in place of records is in the result.
///
/// # Errors
/// The conversation broke: what was read so far was handed out.
pub(super) async fn read(
    link: &Link,
    of: &Of,
    mut spans: Vec<Span>,
    mut each: impl FnMut(usize, Offset, Zone, &FetchedPartition),
) -> Result<Vec<Option<PartitionError>>, Failure> {
    let mut errors: Vec<Option<PartitionError>> = vec![None; spans.len()];
    let mut barren = 0;
    while barren <= BARREN {
        let mut waiting = Vec::new();
        for zone in [Zone::Stable, Zone::Open] {
            let open = |(_, span): &(usize, &Span)| span.from < span.to && span.zone(of.committed_only) == zone;
            let some: Vec<usize> = spans.iter().enumerate().filter(open).map(|(index, _)| index).take(32).collect();
            if !some.is_empty() {
                waiting.push((zone, link.fetch(&ask(of, &spans, &some, zone)), some));
            }
        }
        if waiting.is_empty() {
            break;
        }
        barren += 1;
        for (zone, answer, some) in waiting {
            for partition in answer.await?.partitions {
                let Some(&index) = some.get(partition.index) else { continue };
                let (Some(span), Some(error)) = (spans.get_mut(index), errors.get_mut(index)) else { continue };
                if let Some(code) = partition.error {
                    *error = Some(PartitionError::of(code, Operation::Read));
                    span.from = span.to;
                    continue;
                }
                each(index, span.from, zone, &partition);
                let hop = hop(span.from, &partition.records);
                let next = hop.corrupt.map_or(hop.next, |_| hop.next.max(span.from.plus(1)));
                if next > span.from {
                    barren = 0;
                }
                span.from = next;
            }
        }
    }
    Ok(errors)
}

fn ask(of: &Of, spans: &[Span], some: &[usize], zone: Zone) -> FetchAsk {
    let each = share(some.len()).min(PART_BYTES);
    let from = |span: &Span| FetchFrom {
        topic: of.topic.clone(),
        topic_id: of.id,
        partition: span.partition,
        offset: span.from,
        leader_epoch: span.epoch,
        last_epoch: LeaderEpoch(-1),
        max_bytes: i32::try_from(each).unwrap_or(i32::MAX),
    };
    FetchAsk {
        isolation: isolation(zone),
        max_wait: Duration::from_millis(100),
        min_bytes: 1,
        max_bytes: i32::try_from(each.saturating_mul(some.len())).unwrap_or(i32::MAX),
        partitions: some.iter().filter_map(|&index| spans.get(index)).map(from).collect(),
        cap: None,
        head_if_larger: false,
    }
}

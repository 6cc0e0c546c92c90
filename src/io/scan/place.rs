//! From positions to offsets: where each partition begins and ends, asked of its leader (P31–P34, P43).

use std::sync::Arc;

use super::answer::{Asked, SMALL_PIECE, Zone, markers};
use super::lookback::{Back, starts};
use super::span::{Of, Span, read};
use crate::core::stream::Fact;
use crate::io::kafka::{At, Client, Found, Isolation, OffsetAsk, OffsetResult, PartitionError};
use crate::model::{BrokerId, Failure, LeaderEpoch, Offset, PartitionId, TxnTable};
use crate::query::Context;
use crate::query::position::Position;
use crate::records::Scratch;

/// Where to read partitions from and to.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub of: Of,
    pub from: Position,
    pub until: Option<Position>,
    pub context: Context,
}

/// A partition that is to be placed, and how.
#[derive(Debug, Clone)]
pub(super) struct Unplaced {
    /// Its place in the reader's list.
    pub index: usize,
    pub partition: PartitionId,
    pub epoch: LeaderEpoch,
    /// It was added while reading: from its start, whatever the plan says.
    pub joins: bool,
}

/// A partition's place.
#[derive(Debug)]
pub(super) struct Placed {
    pub index: usize,
    pub result: Result<Place, PartitionError>,
}

#[derive(Debug)]
pub(super) struct Place {
    pub log_start: Offset,
    pub stable: Offset,
    pub end: Offset,
    /// Of the leader that told the end; −1 when it did not tell.
    pub end_epoch: LeaderEpoch,
    /// `None`: the position leaves this partition out.
    pub from: Option<Offset>,
    /// Exclusive.
    pub stop: Option<Offset>,
    pub facts: Vec<Fact>,
    /// How transactions ended that were still open at the last stable offset; for what is bounded.
    pub txns: TxnTable,
}

/// What the leader told of one partition.
#[derive(Debug, Clone, Copy)]
struct Ends {
    start: Offset,
    stable: Offset,
    /// Up to which may be read: the high watermark, or with read_committed the last stable offset.
    end: Offset,
    high: Offset,
    epoch: LeaderEpoch,
    at_from: Option<Found>,
    at_until: Option<Found>,
}

/// Places partitions that one broker leads.
pub(super) async fn place(client: &Client, wish: &Wish, broker: BrokerId, parts: Vec<Unplaced>) -> Vec<Placed> {
    let fail = |failure: Failure| {
        let error = PartitionError::NoAnswer(Arc::new(failure));
        parts.iter().map(|part| Placed { index: part.index, result: Err(error.clone()) }).collect()
    };
    let ends = match ask(client, wish, &parts).await {
        Ok(ends) => ends,
        Err(failure) => return fail(failure),
    };
    let mut placed: Vec<Placed> = Vec::with_capacity(parts.len());
    let mut backs = Vec::new();
    for (part, ends) in parts.iter().zip(&ends) {
        let result = ends.clone().map(|ends| resolve(wish, part, &ends, &mut backs));
        placed.push(Placed { index: part.index, result });
    }
    if backs.is_empty() && wish.until.is_none() {
        return placed;
    }
    let open = if wish.until.is_some() && !wish.of.committed_only { open_stretches(&parts, &placed) } else { Vec::new() };
    if backs.is_empty() && open.is_empty() {
        return placed;
    }
    match look(client, wish, broker, backs, open, &mut placed).await {
        Ok(()) => placed,
        Err(failure) => fail(failure),
    }
}

/// One end of a partition that has to be looked for by walking back.
#[derive(Debug)]
struct Wanted {
    index: usize,
    until: bool,
    back: Back,
}

async fn ask(client: &Client, wish: &Wish, parts: &[Unplaced]) -> Result<Vec<Result<Ends, PartitionError>>, Failure> {
    let time = |position: &Position| match position {
        Position::Time(when) => Some(At::Time(when.resolve(&wish.context))),
        _ => None,
    };
    let mut ats = vec![At::Earliest, At::Latest];
    let (from, until) = (time(&wish.from), wish.until.as_ref().and_then(time));
    ats.extend(from);
    ats.extend(until);
    let question = |at: At| {
        let topic = wish.of.topic.clone();
        parts.iter().map(move |part| OffsetAsk { topic: topic.clone(), partition: part.partition, at })
    };
    let asks: Vec<OffsetAsk> = ats.iter().flat_map(|&at| question(at)).collect();
    let stable: Vec<OffsetAsk> = question(At::Latest).collect();
    let what = "find where the topic begins and ends";
    let (all, stable) = tokio::join!(
        client.list_offsets(what, &asks, Isolation::ReadUncommitted),
        client.list_offsets(what, &stable, Isolation::ReadCommitted)
    );
    let (all, stable) = (all?, stable?);
    let answer =
        |row: usize, part: usize| -> OffsetResult { all.get(row * parts.len() + part).cloned().unwrap_or(Err(PartitionError::NoLeader)) };
    let ends = |part: usize| -> Result<Ends, PartitionError> {
        let offset = |found: Found| found.offset().unwrap_or(Offset(0));
        let (start, latest) = (offset(answer(0, part)?), answer(1, part)?);
        let (high, epoch) = (offset(latest), latest.leader_epoch());
        let stable = offset(stable.get(part).cloned().unwrap_or(Err(PartitionError::NoLeader))?).min(high);
        let at_from = from.map(|_| answer(2, part)).transpose()?;
        let at_until = until.map(|_| answer(2 + usize::from(from.is_some()), part)).transpose()?;
        Ok(Ends { start, stable, end: if wish.of.committed_only { stable } else { high }, high, epoch, at_from, at_until })
    };
    Ok((0..parts.len()).map(ends).collect())
}

fn resolve(wish: &Wish, part: &Unplaced, ends: &Ends, backs: &mut Vec<Wanted>) -> Place {
    let mut place = Place {
        log_start: ends.start,
        stable: ends.stable,
        end: ends.high,
        end_epoch: ends.epoch,
        from: None,
        stop: None,
        facts: Vec::new(),
        txns: TxnTable::default(),
    };
    let mut back = |until: bool, records: u64| {
        let (partition, epoch) = (part.partition, part.epoch);
        let back = Back { partition, epoch, floor: ends.start, end: ends.end, stable: ends.stable, records };
        backs.push(Wanted { index: part.index, until, back });
        ends.end
    };
    let from = if part.joins { &Position::Earliest } else { &wish.from };
    place.from = offset(from, part.partition, ends, ends.at_from, |n| back(false, n));
    if let (Some(asked), Some(at)) = (place.from, exact(from, part.partition))
        && asked < at
    {
        let text = format!("partition {}: offset {} is beyond the end, reading from {}", part.partition.0, at.0, ends.end.0);
        place.facts.push(Fact::Said(text));
    }
    if let (Some(begin), Some(at)) = (place.from, exact(from, part.partition))
        && at < begin
        && begin == ends.start
    {
        place.facts.push(Fact::Lost { partition: part.partition, from: at, to: begin });
    }
    if ends.at_from == Some(Found::Nothing) {
        let text = format!("partition {}: no record at or after that time, reading from the end at {}", part.partition.0, ends.end.0);
        place.facts.push(Fact::Said(text));
    }
    if let Some(until) = &wish.until {
        place.stop = offset(until, part.partition, ends, ends.at_until, |n| back(true, n));
        if place.stop.is_none() {
            place.from = None;
        }
    }
    place
}

/// The offset that was written for a partition, if one was.
fn exact(position: &Position, partition: PartitionId) -> Option<Offset> {
    match position {
        Position::Offset(offset) => Some(*offset),
        Position::Offsets(all) => all.get(&partition).copied(),
        _ => None,
    }
}

/// `None`: the position leaves this partition out. Never outside of the log.
fn offset(
    position: &Position,
    partition: PartitionId,
    ends: &Ends,
    found: Option<Found>,
    back: impl FnOnce(u64) -> Offset,
) -> Option<Offset> {
    let offset = match position {
        Position::Earliest => ends.start,
        Position::Last(n) if *n > 0 && ends.start < ends.end => back(*n),
        Position::Latest | Position::Now | Position::Last(_) => ends.end,
        Position::Offset(_) | Position::Offsets(_) => exact(position, partition)?,
        Position::Time(_) => found.and_then(Found::offset).unwrap_or(ends.end),
    };
    Some(offset.min(ends.end).max(ends.start.min(ends.end)))
}

/// What lies between the last stable offset and the end, of partitions that are read that far.
fn open_stretches(parts: &[Unplaced], placed: &[Placed]) -> Vec<(usize, Span)> {
    let stretch = |(part, placed): (&Unplaced, &Placed)| {
        let place = placed.result.as_ref().ok()?;
        place.from?;
        (place.stable < place.end && place.stop.is_some_and(|stop| stop > place.stable)).then(|| {
            let from = place.stable;
            (part.index, Span { partition: part.partition, epoch: part.epoch, from, to: place.end, stable: place.stable })
        })
    };
    parts.iter().zip(placed).filter_map(stretch).collect()
}

/// Walks back, and reads ahead for markers.
async fn look(
    client: &Client,
    wish: &Wish,
    broker: BrokerId,
    backs: Vec<Wanted>,
    open: Vec<(usize, Span)>,
    placed: &mut [Placed],
) -> Result<(), Failure> {
    let link = client.fetch_link(broker).await?;
    let found = starts(&link, &wish.of, backs.iter().map(|wanted| wanted.back.clone()).collect()).await?;
    for (wanted, found) in backs.iter().zip(found) {
        let Some(placed) = placed.iter_mut().find(|placed| placed.index == wanted.index) else { continue };
        match (&mut placed.result, found) {
            (Ok(place), Ok(offset)) if wanted.until => place.stop = Some(offset),
            (Ok(place), Ok(offset)) => place.from = Some(offset),
            (result, Err(error)) => *result = Err(error),
            (Err(_), Ok(_)) => {}
        }
    }
    let mut scratch = Scratch::default();
    let spans = open.iter().map(|(_, span)| span.clone()).collect();
    read(&link, &wish.of, spans, |index, from, zone, answer| {
        let Some((index, span)) = open.get(index) else { return };
        let place = placed.iter_mut().find(|placed| placed.index == *index).and_then(|placed| placed.result.as_mut().ok());
        if let (Some(place), Zone::Open) = (place, zone) {
            let high = answer.high_watermark;
            let asked = Asked { partition: span.partition, from, stop: None, high, zone, committed_only: false, piece: SMALL_PIECE };
            markers(&asked, &answer.records, &mut place.txns, &mut scratch);
        }
    })
    .await?;
    for placed in placed.iter_mut() {
        if let (Ok(place), Some((_, span))) = (&mut placed.result, open.iter().find(|(index, _)| *index == placed.index)) {
            place.txns.stable(span.partition, span.stable);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Time, TopicId, TopicName};
    use crate::query::position::parse_position;

    fn placed(from: &str, until: Option<&str>, found: Option<Found>) -> (Place, usize) {
        let wish = Wish {
            of: Of { topic: TopicName::new("t"), id: TopicId::default(), committed_only: false },
            from: parse_position(from).unwrap(),
            until: until.map(|text| parse_position(text).unwrap()),
            context: Context::utc(Time(0)),
        };
        let ends = Ends {
            start: Offset(60),
            stable: Offset(90),
            end: Offset(100),
            high: Offset(100),
            epoch: LeaderEpoch(4),
            at_from: found,
            at_until: None,
        };
        let part = Unplaced { index: 0, partition: PartitionId(3), epoch: LeaderEpoch(0), joins: false };
        let mut backs = Vec::new();
        (resolve(&wish, &part, &ends, &mut backs), backs.len())
    }

    #[test]
    fn positions_become_offsets_within_the_log() {
        for (text, offset) in [("earliest", 60), ("latest", 100), ("now", 100), ("-0", 100), ("70", 70), ("3@71,5@1", 71)] {
            assert_eq!(placed(text, None, None).0.from, Some(Offset(offset)), "{text}");
        }
        assert_eq!(placed("5@70", None, None).0.from, None);
        assert_eq!(placed("earliest", Some("5@70"), None).0.from, None);
        assert_eq!(placed("earliest", Some("80"), None).0.stop, Some(Offset(80)));
        assert_eq!(placed("-10", Some("-5"), None).1, 2);
    }

    #[test]
    fn what_was_asked_for_and_is_not_there_is_said() {
        let place = placed("12", None, None).0;
        assert_eq!(
            (place.from, &place.facts[..]),
            (Some(Offset(60)), &[Fact::Lost { partition: PartitionId(3), from: Offset(12), to: Offset(60) }][..])
        );
        let place = placed("120", None, None).0;
        assert_eq!(place.from, Some(Offset(100)));
        assert_eq!(place.facts, [Fact::Said("partition 3: offset 120 is beyond the end, reading from 100".to_owned())]);
        let place = placed("@5", None, Some(Found::Nothing)).0;
        assert_eq!(place.from, Some(Offset(100)));
        assert_eq!(place.facts, [Fact::Said("partition 3: no record at or after that time, reading from the end at 100".to_owned())]);
    }
}

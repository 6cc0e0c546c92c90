//! The record of the same key before or after one: stretches of offsets that double, from the record on, until one is found or the
//! log begins or ends. The record's own partition first; then the others by time, unless a sample says that keys are placed by a partitioner
//! that puts this one here.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use tokio::time::Instant;

use super::{Allowed, Spans, Stretch, Teller, ends, gone_over, now, offsets_at, stretch, width};
use crate::core::ask::Answer;
use crate::core::inquire::{Neighbour, Reach, Sought, Spot};
use crate::io::kafka::Client;
use crate::io::scan::{Shape, first_at, placing};
use crate::io::work::Work;
use crate::json::Quoted;
use crate::model::{Cause, Failure, Offset, PartitionId};
use crate::query::{self, Context, Filter};

const WHAT: &str = "look for the key";
/// Offsets of a first stretch, and the most of a later one, for each partition.
const FIRST: i64 = 2_000;
const MOST: i64 = 1_024_000;

/// Looks until one is found or nothing is left to look at.
///
/// # Errors
/// The record has no key, or the topic cannot be read.
pub async fn neighbour(client: &Client, work: &Work, ask: &Neighbour, teller: &Teller) -> Result<Sought, Failure> {
    let record = ask.from.record().ok_or_else(no_key)?;
    let key = record.key.ok_or_else(no_key)?.to_vec();
    let (partition, offset, time_ms) = (record.partition, record.offset, record.timestamp_ms);
    if let Some(held) = ask.held.as_ref().filter(|_| ask.sure) {
        return Ok(Sought { held: true, found: Some(held.clone()), ..Sought::default() });
    }
    let (all, missing) = ends(client, WHAT, &ask.topic).await?;
    if let Some(error) = missing.get(&partition) {
        return Err(error.failure(WHAT, &format!("partition {} of topic {}", partition.0, ask.topic.name.raw())));
    }
    let (filter, began) = (filter(&key)?, Instant::now());
    let mut search = Search { client, work, ask, teller, filter, key, ends: all, began, sought: Sought::default() };
    let own = search.ends.get(&partition).cloned().unwrap_or(offset..offset);
    let held = ask.held.as_ref().and_then(|spot| spot.record().map(|record| record.offset));
    let room = if ask.back {
        own.start.max(held.map_or(own.start, |held| held.plus(1)))..offset.max(own.start)
    } else {
        offset.plus(1)..held.unwrap_or(own.end).min(own.end)
    };
    let found = search.through([(partition, room)].into()).await?;
    if let Some((_, found)) = found {
        search.sought.found = Some(found);
        return Ok(search.sought);
    }
    if let Some(held) = &ask.held {
        search.sought.held = true;
        search.sought.found = Some(held.clone());
        return Ok(search.sought);
    }
    if ask.topic.partitions.len() > 1 {
        let placing = placing(client, work, &ask.topic.name, &Context::utc(now())).await?;
        let elsewhere = placing.of(&search.key) != Some(partition);
        search.sought.placing = Some(placing.words());
        if elsewhere && time_ms != -1 {
            search.sought.found = search.elsewhere(partition, time_ms).await?;
        }
    }
    Ok(search.sought)
}

fn no_key() -> Failure {
    Failure::new(WHAT, Cause::Refused("the record has no key"))
}

/// The key as a filter, where it is text: then most records are passed over in the raw bytes. Else every record is compared.
fn filter(key: &[u8]) -> Result<Option<Arc<Filter>>, Failure> {
    let Some(text) = std::str::from_utf8(key).ok().filter(|text| !text.is_empty()) else { return Ok(None) };
    let query = query::parse(&format!("key == {}", Quoted(text)))
        .map_err(|error| Failure::new(WHAT, Cause::Usage(crate::model::Foreign::new(error.to_string()))))?;
    Ok(Some(Arc::new(Filter::compile(&query, &Context::utc(now())))))
}

struct Search<'a> {
    client: &'a Client,
    work: &'a Work,
    ask: &'a Neighbour,
    teller: &'a Teller,
    filter: Option<Arc<Filter>>,
    key: Vec<u8>,
    ends: Spans,
    began: Instant,
    sought: Sought,
}

impl Search<'_> {
    /// Goes through what is left of each partition, in stretches that double. With what was found, what is left then.
    async fn through(&mut self, mut left: Spans) -> Result<Option<(Spans, Spot)>, Failure> {
        let mut size = FIRST;
        loop {
            left.retain(|_, span| span.start < span.end);
            if left.is_empty() {
                return Ok(None);
            }
            let now: Spans = left.iter().map(|(id, span)| (*id, self.next(span, size))).collect();
            let found = self.read(&now).await?;
            for (id, read) in &now {
                if let Some(span) = left.get_mut(id) {
                    if self.ask.back { span.end = read.start } else { span.start = read.end }
                }
            }
            if let Some(found) = found {
                return Ok(Some((left, found)));
            }
            self.reached(&now).await;
            size = size.saturating_mul(2).min(MOST);
        }
    }

    /// The stretch nearest to the record.
    fn next(&self, left: &Range<Offset>, size: i64) -> Range<Offset> {
        if self.ask.back { left.end.plus(-size).max(left.start)..left.end } else { left.start..left.start.plus(size).min(left.end) }
    }

    /// Reads stretches: the record of the key in them that is nearest in time, within a partition in offset.
    async fn read(&mut self, spans: &Spans) -> Result<Option<Spot>, Failure> {
        let allowed = Allowed::of(self.client).less(self.sought.bytes);
        tokio::time::sleep(allowed.pause(self.sought.bytes, self.began.elapsed())).await;
        let (back, alone, topic) = (self.ask.back, spans.len() == 1, &self.ask.topic.name);
        let mut found: BTreeMap<PartitionId, Spot> = BTreeMap::new();
        let (before, teller, key) = (self.sought.clone(), self.teller, &self.key);
        let (mut offsets, mut bytes) = (0, 0);
        let of = Stretch {
            topic: &self.ask.topic,
            spans,
            filter: self.filter.clone(),
            shape: Shape::Chunks,
            allowed: Allowed::of(self.client).less(self.sought.bytes),
        };
        let take = |chunk: &crate::model::Chunk| {
            for (row, record) in chunk.iter().enumerate().filter(|(_, record)| record.key == Some(key)) {
                if (back || !found.contains_key(&record.partition))
                    && let Some(spot) = Spot::of(topic, chunk, row)
                {
                    found.insert(record.partition, spot);
                }
            }
            if !back && alone && !found.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let progress = |progress: &crate::core::stream::Progress| {
            (offsets, bytes) = (gone_over(spans, progress), progress.bytes);
            let sought = Sought { offsets: before.offsets + offsets, bytes: before.bytes + bytes, ..before.clone() };
            teller.hint(|| Answer::Sought(Box::new(sought)));
        };
        stretch(self.client, self.work, of, take, progress).await?;
        let whole: u64 = spans.values().map(width).sum();
        // Reading that ended early has not gone over all.
        self.sought.offsets += if !back && alone && !found.is_empty() { offsets } else { whole };
        self.sought.bytes += bytes;
        let time = |spot: &Spot| spot.record().map_or(-1, |record| record.timestamp_ms);
        Ok(if back { found.into_values().max_by_key(time) } else { found.into_values().min_by_key(time) })
    }

    /// Tells how far one has got, with the time of the record there.
    async fn reached(&mut self, spans: &Spans) {
        let Some((&partition, span)) = spans.first_key_value() else { return };
        let offset = if self.ask.back { span.start } else { span.end.plus(-1).max(span.start) };
        let end = self.ends.get(&partition).map_or(span.end, |span| span.end);
        self.sought.reach = Some(Reach { partition, offset, time_ms: None });
        self.teller.tell(Answer::Sought(Box::new(self.sought.clone()))).await;
        // The time is for the eye alone: without it the search goes on.
        let Ok(probed) = first_at(self.client, WHAT, &self.ask.topic.name, partition, (offset, end)).await else { return };
        let time_ms = probed.found.and_then(|chunk| chunk.get(0).map(|record| record.timestamp_ms)).filter(|&ms| ms != -1);
        self.sought.bytes += probed.bytes;
        self.sought.reach = Some(Reach { partition, offset, time_ms });
        self.teller.tell(Answer::Sought(Box::new(self.sought.clone()))).await;
    }

    /// The nearest in time in the other partitions. Timestamps are trusted to grow with the offsets there.
    async fn elsewhere(&mut self, own: PartitionId, time_ms: i64) -> Result<Option<Spot>, Failure> {
        let mut others = self.ends.clone();
        others.remove(&own);
        self.sought.others = others.len();
        // A record of the same moment elsewhere counts as one after.
        let from = offsets_at(self.client, WHAT, &self.ask.topic, &others, time_ms).await?;
        let room = |(id, at): (&PartitionId, &Offset), back: bool| {
            let span = others.get(id)?;
            Some((*id, if back { span.start..*at } else { *at..span.end }))
        };
        let left: Spans = from.iter().filter_map(|pair| room(pair, self.ask.back)).collect();
        let Some((left, found)) = self.through(left).await? else { return Ok(None) };
        let Some((at, ms)) = found.record().map(|record| (record.partition, record.timestamp_ms)) else { return Ok(None) };
        // The stretches were as long in offsets, not in time: in another partition something nearer may lie behind its stretch.
        let limits = offsets_at(self.client, WHAT, &self.ask.topic, &others, ms).await?;
        let nearer = |(id, span): (&PartitionId, &Range<Offset>)| {
            let limit = *limits.get(id)?;
            let span = if self.ask.back { limit.max(span.start)..span.end } else { span.start..limit.min(span.end) };
            (*id != at && span.start < span.end).then_some((*id, span))
        };
        let rest: Spans = left.iter().filter_map(nearer).collect();
        Ok(Some(self.read(&rest).await?.unwrap_or(found)))
    }
}

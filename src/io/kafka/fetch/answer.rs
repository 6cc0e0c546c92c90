//! Reads the answer to a fetch, versions 4 to 18.
//!
//! Our own reader and not the protocol crate's for two reasons: an answer of which only the head was kept (P47) ends in
//! the middle of its records, and nothing here is allocated by a count from the wire. Layout:
//! `FetchResponse.json` of Apache Kafka.

use std::time::Duration;

use bytes::{Buf, Bytes};

use super::{Fetched, FetchedPartition, Key, LAST_BY_NAME, Wanted};
use crate::io::kafka::error::ErrorCode;
use crate::io::kafka::wire::unsigned_varint;
use crate::model::{BrokerId, LeaderEpoch, Offset, ProducerId};

const SHORT: &str = "an answer to a fetch ends too early";

/// The bytes of an answer and how they are laid out.
struct Reader {
    bytes: Bytes,
    version: i16,
    /// Only the head was kept: records may end early, and what follows them is missing.
    cut: bool,
    /// Where the next partition stands among those that were asked for, if the broker keeps their order.
    expected: usize,
}

/// One tag section's fields that matter here.
#[derive(Default)]
struct Tags {
    diverging: Option<(LeaderEpoch, Offset)>,
    new_leader: Option<(BrokerId, LeaderEpoch)>,
}

impl Reader {
    fn flexible(&self) -> bool {
        self.version >= 12
    }

    fn i16(&mut self) -> Result<i16, &'static str> {
        self.bytes.try_get_i16().map_err(|_short| SHORT)
    }

    fn i32(&mut self) -> Result<i32, &'static str> {
        self.bytes.try_get_i32().map_err(|_short| SHORT)
    }

    fn i64(&mut self) -> Result<i64, &'static str> {
        self.bytes.try_get_i64().map_err(|_short| SHORT)
    }

    fn varint(&mut self) -> Result<u32, &'static str> {
        unsigned_varint(&mut self.bytes).ok_or(SHORT)
    }

    /// A length or count; `None` is null.
    fn length(&mut self) -> Result<Option<usize>, &'static str> {
        let length = if self.flexible() {
            match self.varint()?.checked_sub(1) {
                None => return Ok(None),
                Some(length) => usize::try_from(length),
            }
        } else {
            match self.i32()? {
                -1 => return Ok(None),
                length => usize::try_from(length),
            }
        };
        length.map(Some).map_err(|_negative| "an answer to a fetch has an impossible length")
    }

    fn take(&mut self, length: usize) -> Result<Bytes, &'static str> {
        if self.bytes.remaining() < length {
            return Err(SHORT);
        }
        Ok(self.bytes.split_to(length))
    }

    /// A topic's name up to v12, its id from v13 on.
    fn topic(&mut self) -> Result<Bytes, &'static str> {
        if self.version > LAST_BY_NAME {
            return self.take(16);
        }
        let length = if self.flexible() { self.length()? } else { usize::try_from(self.i16()?).ok() };
        self.take(length.ok_or("an answer to a fetch names no topic")?)
    }

    fn tags(&mut self) -> Result<Tags, &'static str> {
        let mut known = Tags::default();
        if !self.flexible() {
            return Ok(known);
        }
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let size = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
            let mut field = Self { bytes: self.take(size)?, version: self.version, cut: false, expected: 0 };
            match tag {
                0 => known.diverging = Some((LeaderEpoch(field.i32()?), Offset(field.i64()?))),
                1 => known.new_leader = Some((BrokerId(field.i32()?), LeaderEpoch(field.i32()?))),
                _ => {}
            }
        }
        Ok(known)
    }

    fn skip_tags(&mut self) -> Result<(), &'static str> {
        if !self.flexible() {
            return Ok(());
        }
        for _ in 0..self.varint()? {
            let _tag = self.varint()?;
            let size = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
            self.take(size)?;
        }
        Ok(())
    }

    fn aborted(&mut self) -> Result<Vec<(ProducerId, Offset)>, &'static str> {
        let mut aborted = Vec::new();
        for _ in 0..self.length()?.unwrap_or(0) {
            aborted.push((ProducerId(self.i64()?), Offset(self.i64()?)));
            self.skip_tags()?;
        }
        Ok(aborted)
    }

    /// Returns whether the kept bytes ended within the records, too.
    fn partition(&mut self, topic: &Bytes, wanted: &Wanted) -> Result<(FetchedPartition, bool), &'static str> {
        let partition = self.i32()?;
        let index = wanted
            .index(self.version, topic, partition, self.expected)
            .ok_or("an answer to a fetch holds a partition that was not asked for")?;
        let error = ErrorCode::of(self.i16()?);
        let (high_watermark, last_stable) = (Offset(self.i64()?), Offset(self.i64()?));
        let log_start = Offset(if self.version >= 5 { self.i64()? } else { -1 });
        let aborted = self.aborted()?;
        if self.version >= 11 {
            // Another replica to read from (KIP-392): we name no rack, so brokers name none.
            self.i32()?;
        }
        let length = self.length()?.unwrap_or(0);
        let ends_early = self.cut && length > self.bytes.remaining();
        let records = self.take(if ends_early { self.bytes.remaining() } else { length })?;
        let tags = if ends_early { Tags::default() } else { self.tags()? };
        let fetched = FetchedPartition {
            index,
            error,
            high_watermark,
            last_stable,
            log_start,
            aborted,
            new_leader: tags.new_leader.filter(|(broker, _)| broker.0 >= 0),
            diverging: tags.diverging.filter(|(epoch, _)| epoch.0 >= 0),
            records,
            whole_size: ends_early.then_some(length),
        };
        Ok((fetched, ends_early))
    }
}

impl Wanted {
    fn index(&self, version: i16, topic: &Bytes, partition: i32, expected: usize) -> Option<usize> {
        let is_it = |key: &Key| {
            key.partition.0 == partition
                && if version > LAST_BY_NAME { key.topic_id.0[..] == topic[..] } else { key.topic.raw().as_bytes() == &topic[..] }
        };
        if self.keys.get(expected).is_some_and(is_it) { Some(expected) } else { self.keys.iter().position(is_it) }
    }
}

/// The answer, with the error that stands for all of it. An `Err` says what is wrong with the bytes.
pub(super) fn parse(bytes: Bytes, version: i16, cut: bool, wanted: &Wanted) -> Result<(Option<ErrorCode>, Fetched), &'static str> {
    let mut reader = Reader { bytes, version, cut, expected: 0 };
    let mut seen = vec![false; wanted.keys.len()];
    let throttle = Duration::from_millis(u64::try_from(reader.i32()?).unwrap_or(0));
    let error = if version >= 7 { ErrorCode::of(reader.i16()?) } else { None };
    if version >= 7 {
        let _no_session = reader.i32()?;
    }
    let mut fetched = Fetched { throttle, bytes: 0, partitions: Vec::new() };
    for _ in 0..reader.length()?.unwrap_or(0) {
        let topic = reader.topic()?;
        for _ in 0..reader.length()?.unwrap_or(0) {
            let (partition, ends_early) = reader.partition(&topic, wanted)?;
            if seen.get_mut(partition.index).is_none_or(|seen| std::mem::replace(seen, true)) {
                return Err("an answer to a fetch holds a partition twice");
            }
            reader.expected = partition.index + 1;
            fetched.partitions.push(partition);
            if ends_early {
                return Ok((error, fetched));
            }
        }
        reader.skip_tags()?;
    }
    reader.skip_tags()?;
    if reader.bytes.has_remaining() {
        return Err("an answer to a fetch is longer than its own format");
    }
    Ok((error, fetched))
}

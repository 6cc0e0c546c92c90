//! Writes batches with any offsets, attributes and gaps: for tests, benches and the sandbox. What kscope sends is made by
//! [`super::build`].
//!
//! To write something broken, change the bytes and call [`seal`].

use std::io;

use super::build::{Body, Head, NewRecord, bits};
pub use super::build::{NewHeader, compress, seal, seal_crc};
use crate::model::{Codec, LeaderEpoch, Offset, ProducerId};

/// Builds one batch of format 2.
#[derive(Debug, Clone)]
pub struct BatchWriter {
    base_offset: Offset,
    leader_epoch: LeaderEpoch,
    codec: Codec,
    attributes: i16,
    /// The first record's timestamp, or what was asked for.
    base_timestamp: Option<i64>,
    max_timestamp: Option<i64>,
    producer: (i64, i16, i32),
    last_offset_delta: Option<i32>,
    next_delta: i32,
    count: i32,
    records: Vec<u8>,
}

impl BatchWriter {
    /// An empty batch that begins at `base_offset`: no codec, CreateTime, no producer.
    pub fn new(base_offset: Offset) -> Self {
        Self {
            base_offset,
            leader_epoch: LeaderEpoch(0),
            codec: Codec::None,
            attributes: 0,
            base_timestamp: None,
            max_timestamp: None,
            producer: (-1, -1, -1),
            last_offset_delta: None,
            next_delta: 0,
            count: 0,
            records: Vec::new(),
        }
    }

    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    pub fn leader_epoch(mut self, epoch: LeaderEpoch) -> Self {
        self.leader_epoch = epoch;
        self
    }

    /// Marks the batch as LogAppendTime: its maximum timestamp, in milliseconds, counts for all records.
    pub fn append_time(mut self, ms: i64) -> Self {
        self.attributes |= 0x08;
        self.max_timestamp = Some(ms);
        self
    }

    /// The base timestamp, if it is not to be the first record's.
    pub fn base_timestamp(mut self, ms: i64) -> Self {
        self.base_timestamp = Some(ms);
        self
    }

    /// Makes it a batch of a transaction.
    pub fn transaction(mut self, producer: ProducerId, epoch: i16) -> Self {
        self.attributes |= 0x10;
        self.producer = (producer.0, epoch, 0);
        self
    }

    /// Sets these attribute bits as well (the codec's are overwritten).
    pub fn attributes(mut self, bits: i16) -> Self {
        self.attributes |= bits;
        self
    }

    /// The offset of the next record, relative to the base: leaves a gap, as compaction does.
    pub fn skip_to(mut self, delta: i32) -> Self {
        self.next_delta = delta;
        self
    }

    /// The last offset that the batch spans, if it is not to be the last record's.
    pub fn last_offset_delta(mut self, delta: i32) -> Self {
        self.last_offset_delta = Some(delta);
        self
    }

    /// Adds a record without headers.
    pub fn record(self, timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        self.record_with(timestamp_ms, key, value, &[])
    }

    /// Adds a record.
    pub fn record_with(mut self, timestamp_ms: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[NewHeader<'_>]) -> Self {
        let base = *self.base_timestamp.get_or_insert(timestamp_ms);
        let record = NewRecord { timestamp_ms, key, value, headers };
        Body { delta: self.next_delta, timestamp: timestamp_ms.wrapping_sub(base), record: &record }.write(&mut self.records);
        self.next_delta = self.next_delta.saturating_add(1);
        self.count = self.count.saturating_add(1);
        if self.attributes & 0x08 == 0 {
            self.max_timestamp = Some(self.max_timestamp.map_or(timestamp_ms, |max| max.max(timestamp_ms)));
        }
        self
    }

    /// The batch on the wire. An error comes from a codec alone.
    pub fn finish(&self) -> io::Result<Vec<u8>> {
        // A batch that compaction emptied has nothing to compress.
        let payload = if self.records.is_empty() { Vec::new() } else { compress(self.codec, &self.records)? };
        let head = Head {
            base_offset: self.base_offset,
            leader_epoch: self.leader_epoch,
            attributes: self.attributes & !0x07 | bits(self.codec),
            last_offset_delta: self.last_offset_delta.unwrap_or_else(|| self.next_delta.saturating_sub(1).max(0)),
            base_timestamp: self.base_timestamp.unwrap_or(-1),
            max_timestamp: self.max_timestamp.unwrap_or(-1),
            producer: self.producer,
            count: self.count,
        };
        Ok(head.frame(&payload))
    }
}

/// A control batch: `kind` is 0 for an abort marker, 1 for a commit marker.
pub fn control(offset: Offset, producer: ProducerId, epoch: i16, kind: i16, timestamp_ms: i64) -> Vec<u8> {
    let [version, kind] = [0_i16.to_be_bytes(), kind.to_be_bytes()];
    let key = [version, kind].concat();
    let value = [0, 0, 0, 0, 0, 0];
    let batch = BatchWriter::new(offset).transaction(producer, epoch).attributes(0x20).record(timestamp_ms, Some(&key), Some(&value));
    // Without a codec nothing can fail.
    batch.finish().unwrap_or_default()
}

/// A message of format 0 or 1. `attributes` are as on the wire: the codec of a wrapper, 0x08 for LogAppendTime. The timestamp
/// is for format 1 alone.
pub fn message(magic: i8, offset: i64, timestamp_ms: i64, attributes: i8, key: Option<&[u8]>, value: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(offset.to_be_bytes());
    out.extend([0; 8]);
    out.extend([magic.cast_unsigned(), attributes.cast_unsigned()]);
    if magic != 0 {
        out.extend(timestamp_ms.to_be_bytes());
    }
    for part in [key, value] {
        out.extend(part.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX)).to_be_bytes());
        out.extend(part.unwrap_or_default());
    }
    seal(&mut out);
    out
}

/// A compressed message of format 0 or 1 that holds `set`, the bytes of other messages. `offset` is that of the last.
pub fn wrapper(magic: i8, offset: i64, timestamp_ms: i64, append_time: bool, codec: Codec, set: &[u8]) -> io::Result<Vec<u8>> {
    let bits = i8::try_from(bits(codec)).unwrap_or_default() | if append_time { 0x08 } else { 0 };
    Ok(message(magic, offset, timestamp_ms, bits, None, Some(&compress(codec, set)?)))
}

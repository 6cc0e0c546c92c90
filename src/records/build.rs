//! Builds the batches that kscope sends: format 2 (`org.apache.kafka.common.record.DefaultRecordBatch`), records added as they
//! come until the batch is as large as it may be.
//!
//! A batch is made in two steps. [`Builder::seal`] frames and compresses the records; [`stamp`] writes whose batch it is, which is
//! known only when it is sent, and may change when a producer has to begin anew. The writer of tests uses the same parts.

use std::io::{self, Write as _};

use super::batch::{CRC_FROM, HEADER, MAGIC_AT};
use super::legacy;
use crate::model::{Codec, LeaderEpoch, Offset, ProducerId};

/// A header to write: key and value, where `None` is null.
pub type NewHeader<'a> = (&'a [u8], Option<&'a [u8]>);

/// A record to write.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// Milliseconds since the epoch; −1 is none.
    pub timestamp_ms: i64,
    /// `None` is null, which is not empty.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// In their order; names may come twice.
    pub headers: &'a [NewHeader<'a>],
}

impl NewRecord<'_> {
    /// Bytes of a batch that holds this record alone, before compression.
    pub fn batch_size(&self) -> usize {
        let length = Body { delta: 0, timestamp: 0, record: self }.length();
        length.saturating_add(varlong_length(wide(length))).saturating_add(HEADER)
    }
}

/// Which batch of which producer it is (KIP-98): the same numbers again are the same batch to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    pub producer: ProducerId,
    pub epoch: i16,
    /// Of the first record.
    pub first: i32,
}

/// The largest record or batch in bytes: lengths on the wire have 32 bits.
const LARGEST: usize = 1 << 30;

/// Gathers records into one batch.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    records: Vec<u8>,
    count: i32,
    /// The first record's, which the others are told relative to.
    base_timestamp: i64,
    max_timestamp: i64,
}

impl Builder {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Records so far.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Bytes of the batch as it is now, before compression.
    pub fn size(&self) -> usize {
        self.records.len().saturating_add(HEADER)
    }

    /// Adds a record if the batch is no larger than `limit` bytes then, before compression. An empty batch takes any record that
    /// the wire can carry. `false`: it was not added.
    pub fn take(&mut self, record: &NewRecord<'_>, limit: usize) -> bool {
        let base = if self.is_empty() { record.timestamp_ms } else { self.base_timestamp };
        let body = Body { delta: self.count, timestamp: record.timestamp_ms.wrapping_sub(base), record };
        let length = body.length();
        let whole = length.saturating_add(varlong_length(wide(length)));
        let limit = if self.is_empty() { LARGEST } else { limit.min(LARGEST) };
        if self.size().saturating_add(whole) > limit || self.count == i32::MAX {
            return false;
        }
        self.records.reserve(whole);
        body.write(&mut self.records);
        self.max_timestamp = if self.is_empty() { record.timestamp_ms } else { self.max_timestamp.max(record.timestamp_ms) };
        self.base_timestamp = base;
        self.count += 1;
        true
    }

    /// The batch, yet without a producer, and the builder is empty again.
    ///
    /// # Errors
    /// The codec failed.
    pub fn seal(&mut self, codec: Codec) -> io::Result<Vec<u8>> {
        let head = Head {
            // The broker gives offsets; producers count from 0.
            base_offset: Offset(0),
            // No producer knows it (`RecordBatch.NO_PARTITION_LEADER_EPOCH`).
            leader_epoch: LeaderEpoch(-1),
            attributes: bits(codec),
            last_offset_delta: self.count.saturating_sub(1).max(0),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer: (-1, -1, -1),
            count: self.count,
        };
        let batch = if codec == Codec::None { head.frame(&self.records) } else { head.frame(&compress(codec, &self.records)?) };
        self.records.clear();
        self.count = 0;
        Ok(batch)
    }
}

/// Where the producer's id, epoch and first sequence number are in a batch of format 2.
const PRODUCER_AT: usize = 43;

/// Writes whose batch it is, and the checksum, which covers that. `None`: nobody's, so that a broker takes it as often as it
/// comes.
pub fn stamp(batch: &mut [u8], sequence: Option<Sequence>) {
    let (producer, epoch, first) = sequence.map_or((-1, -1, -1), |sequence| (sequence.producer.0, sequence.epoch, sequence.first));
    put(batch, PRODUCER_AT, &producer.to_be_bytes());
    put(batch, PRODUCER_AT + 8, &epoch.to_be_bytes());
    put(batch, PRODUCER_AT + 10, &first.to_be_bytes());
    seal_crc(batch);
}

/// The header of a batch of format 2, but for what follows from its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) base_offset: Offset,
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) attributes: i16,
    pub(super) last_offset_delta: i32,
    pub(super) base_timestamp: i64,
    pub(super) max_timestamp: i64,
    /// Id, epoch, first sequence number.
    pub(super) producer: (i64, i16, i32),
    pub(super) count: i32,
}

impl Head {
    /// The batch: this and what the codec made of the records.
    pub(super) fn frame(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER.saturating_add(payload.len()));
        out.extend(self.base_offset.0.to_be_bytes());
        out.extend(0_i32.to_be_bytes());
        out.extend(self.leader_epoch.0.to_be_bytes());
        out.push(2);
        out.extend(0_u32.to_be_bytes());
        out.extend(self.attributes.to_be_bytes());
        out.extend(self.last_offset_delta.to_be_bytes());
        out.extend(self.base_timestamp.to_be_bytes());
        out.extend(self.max_timestamp.to_be_bytes());
        let (producer, epoch, sequence) = self.producer;
        out.extend(producer.to_be_bytes());
        out.extend(epoch.to_be_bytes());
        out.extend(sequence.to_be_bytes());
        out.extend(self.count.to_be_bytes());
        out.extend(payload);
        seal(&mut out);
        out
    }
}

/// One record of a batch (`DefaultRecord.writeTo`): how it differs from the batch's first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) delta: i32,
    pub(super) timestamp: i64,
    pub(super) record: &'a NewRecord<'a>,
}

impl Body<'_> {
    /// Bytes, without the length that stands in front of them.
    fn length(&self) -> usize {
        let record = self.record;
        let part = |part: Option<&[u8]>| {
            let bytes = part.map_or(0, <[u8]>::len);
            bytes.saturating_add(varlong_length(part.map_or(-1, |part| wide(part.len()))))
        };
        let headers = record.headers.iter().fold(varlong_length(wide(record.headers.len())), |sum, (key, value)| {
            sum.saturating_add(part(Some(key))).saturating_add(part(*value))
        });
        let numbers = 1 + varlong_length(self.timestamp) + varlong_length(i64::from(self.delta));
        numbers.saturating_add(part(record.key)).saturating_add(part(record.value)).saturating_add(headers)
    }

    /// Appends the record with its length.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        varlong(out, wide(self.length()));
        out.push(0);
        varlong(out, self.timestamp);
        varlong(out, i64::from(self.delta));
        bytes(out, self.record.key);
        bytes(out, self.record.value);
        varlong(out, wide(self.record.headers.len()));
        for &(key, value) in self.record.headers {
            bytes(out, Some(key));
            bytes(out, value);
        }
    }
}

/// Writes the right length and checksum into the bytes of one batch or message.
pub fn seal(batch: &mut [u8]) {
    let length = i32::try_from(batch.len().saturating_sub(12)).unwrap_or(i32::MAX);
    put(batch, 8, &length.to_be_bytes());
    seal_crc(batch);
}

/// Writes the right checksum alone.
pub fn seal_crc(batch: &mut [u8]) {
    if batch.get(MAGIC_AT) == Some(&2) {
        let crc = crc32c::crc32c(batch.get(CRC_FROM..).unwrap_or_default());
        put(batch, 17, &crc.to_be_bytes());
    } else {
        let crc = legacy::crc(batch);
        put(batch, 12, &crc.to_be_bytes());
    }
}

fn put(batch: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(to) = batch.get_mut(at..at.saturating_add(bytes.len())) {
        to.copy_from_slice(bytes);
    }
}

/// The low three bits of a batch's attributes.
pub(super) fn bits(codec: Codec) -> i16 {
    match codec {
        Codec::None => 0,
        Codec::Gzip => 1,
        Codec::Snappy => 2,
        Codec::Lz4 => 3,
        Codec::Zstd => 4,
    }
}

/// Compresses as the Java client does: gzip, snappy in xerial chunks of 32 KiB, lz4 frames of independent 64 KiB blocks, zstd
/// streamed, so that its size is not told.
///
/// # Errors
/// The codec's own.
pub fn compress(codec: Codec, bytes: &[u8]) -> io::Result<Vec<u8>> {
    match codec {
        Codec::None => Ok(bytes.to_vec()),
        Codec::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes)?;
            encoder.finish()
        }
        Codec::Snappy => {
            let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
            let mut encoder = snap::raw::Encoder::new();
            for chunk in bytes.chunks(32 << 10) {
                let block = encoder.compress_vec(chunk).map_err(io::Error::other)?;
                out.extend(i32::try_from(block.len()).map_err(io::Error::other)?.to_be_bytes());
                out.extend(block);
            }
            Ok(out)
        }
        Codec::Lz4 => lz4(bytes, lz4_flex::frame::BlockMode::Independent),
        Codec::Zstd => zstd::stream::encode_all(bytes, 3),
    }
}

/// An lz4 frame with 64 KiB blocks.
fn lz4(bytes: &[u8], mode: lz4_flex::frame::BlockMode) -> io::Result<Vec<u8>> {
    let info = lz4_flex::frame::FrameInfo::new().block_mode(mode).block_size(lz4_flex::frame::BlockSize::Max64KB);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes)?;
    encoder.finish().map_err(io::Error::other)
}

/// A varint length and the bytes; −1 is null.
fn bytes(out: &mut Vec<u8>, part: Option<&[u8]>) {
    varlong(out, part.map_or(-1, |part| wide(part.len())));
    out.extend_from_slice(part.unwrap_or_default());
}

fn wide(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A zig-zag varint; one that fits 32 bits is also a varint of 32 bits.
fn varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        let [low, ..] = rest.to_le_bytes();
        out.push(low | 0x80);
        rest >>= 7;
    }
    let [low, ..] = rest.to_le_bytes();
    out.push(low);
}

/// Bytes that [`varlong`] writes: one for each seven bits.
fn varlong_length(value: i64) -> usize {
    let bits = u64::BITS - (zigzag(value) | 1).leading_zeros();
    usize::try_from(bits.div_ceil(7)).unwrap_or(10)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_known_before_anything_is_written() {
        for value in [0, -1, 1, 63, 64, -64, -65, 8191, 8192, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            varlong(&mut out, value);
            assert_eq!(out.len(), varlong_length(value), "{value}");
        }
    }

    #[test]
    fn a_batch_takes_what_fits_and_a_first_record_of_any_size() {
        let value = vec![7; 100];
        let record = NewRecord { timestamp_ms: 1, key: None, value: Some(&value), headers: &[] };
        let mut builder = Builder::default();
        assert!(builder.take(&record, 10), "an empty one takes it");
        let one = builder.size();
        assert!(!builder.take(&record, one + 50) && builder.take(&record, one + 150));
        assert_eq!(builder.count(), 2);
        let size = builder.size();
        assert_eq!(builder.seal(Codec::None).unwrap().len(), size, "the size is that of the bytes");
        assert!(builder.is_empty() && builder.size() == HEADER);
    }
}

//! Writes batches: for tests, benches and the sandbox. Not on the path of anybody's data.
//!
//! To write something broken, change the bytes and call [`seal`].

use std::io::{self, Write as _};

use super::batch::{CRC_FROM, HEADER, MAGIC_AT};
use super::legacy;
use crate::model::{Codec, LeaderEpoch, Offset, ProducerId};

/// A header to write: key and value, where `None` is null.
pub type NewHeader<'a> = (&'a [u8], Option<&'a [u8]>);

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
        let mut body = vec![0];
        varlong(&mut body, timestamp_ms.wrapping_sub(base));
        varlong(&mut body, i64::from(self.next_delta));
        for part in [key, value] {
            bytes(&mut body, part);
        }
        varlong(&mut body, length(headers.len()));
        for &(key, value) in headers {
            bytes(&mut body, Some(key));
            bytes(&mut body, value);
        }
        bytes(&mut self.records, Some(&body));
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
        let mut out = Vec::with_capacity(HEADER.saturating_add(payload.len()));
        out.extend(self.base_offset.0.to_be_bytes());
        out.extend(0_i32.to_be_bytes());
        out.extend(self.leader_epoch.0.to_be_bytes());
        out.push(2);
        out.extend(0_u32.to_be_bytes());
        out.extend((self.attributes & !0x07 | codec_bits(self.codec)).to_be_bytes());
        out.extend(self.last_offset_delta.unwrap_or_else(|| self.next_delta.saturating_sub(1).max(0)).to_be_bytes());
        out.extend(self.base_timestamp.unwrap_or(-1).to_be_bytes());
        out.extend(self.max_timestamp.unwrap_or(-1).to_be_bytes());
        let (producer, epoch, sequence) = self.producer;
        out.extend(producer.to_be_bytes());
        out.extend(epoch.to_be_bytes());
        out.extend(sequence.to_be_bytes());
        out.extend(self.count.to_be_bytes());
        out.extend(payload);
        seal(&mut out);
        Ok(out)
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
    let bits = i8::try_from(codec_bits(codec)).unwrap_or_default() | if append_time { 0x08 } else { 0 };
    Ok(message(magic, offset, timestamp_ms, bits, None, Some(&compress(codec, set)?)))
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

fn codec_bits(codec: Codec) -> i16 {
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
pub(super) fn lz4(bytes: &[u8], mode: lz4_flex::frame::BlockMode) -> io::Result<Vec<u8>> {
    let info = lz4_flex::frame::FrameInfo::new().block_mode(mode).block_size(lz4_flex::frame::BlockSize::Max64KB);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes)?;
    encoder.finish().map_err(io::Error::other)
}

/// A varint length and the bytes; −1 is null.
fn bytes(out: &mut Vec<u8>, part: Option<&[u8]>) {
    varlong(out, part.map_or(-1, |part| length(part.len())));
    out.extend(part.unwrap_or_default());
}

fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A zig-zag varint; one that fits 32 bits is also a varint of 32 bits.
fn varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        let [low, ..] = rest.to_le_bytes();
        out.push(low | 0x80);
        rest >>= 7;
    }
    let [low, ..] = rest.to_le_bytes();
    out.push(low);
}

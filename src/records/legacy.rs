//! Message formats 0 and 1, which still lie in old topics (P45): a set of messages, each with its own CRC-32; a compressed one
//! is a wrapper whose value is again such a set (`org.apache.kafka.common.record.AbstractLegacyRecordBatch`).

use super::batch::{Batch, BatchHeader, MAGIC_AT, OVERHEAD, codec};
use super::decompress::Scratch;
use super::fault::Fault;
use super::record::Decompressed;
use super::wire::Wire;
use crate::model::{Codec, LeaderEpoch, Offset};

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// Its offset; within a wrapper of format 1 relative to the wrapper's first.
    pub(super) offset: i64,
    pub(super) crc: u32,
    pub(super) magic: i8,
    pub(super) attributes: i8,
    /// −1 in format 0, which has none.
    pub(super) timestamp_ms: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
}

/// The message that `bytes` are, offset and length included; nothing may be left over.
pub(super) fn message(bytes: &[u8]) -> Option<Message<'_>> {
    let mut wire = Wire(bytes);
    let offset = wire.i64()?;
    let _length = wire.i32()?;
    let crc = wire.u32()?;
    let magic = wire.i8()?;
    let attributes = wire.i8()?;
    let timestamp_ms = if magic == 0 { -1 } else { wire.i64()? };
    let (key, value) = (wire.nullable_bytes()?, wire.nullable_bytes()?);
    wire.0.is_empty().then_some(Message { offset, crc, magic, attributes, timestamp_ms, key, value })
}

/// The CRC-32 of a message, which covers all behind the field.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes.get(MAGIC_AT..).unwrap_or_default());
    crc.sum()
}

/// A message's header in the terms of a batch. Key and value are not looked at: a wrong length in them is a broken record.
pub(super) fn header(bytes: &[u8]) -> Option<BatchHeader> {
    let mut wire = Wire(bytes);
    let base_offset = Offset(wire.i64()?);
    let length = wire.i32()?;
    let crc = wire.u32()?;
    let magic = wire.i8()?.cast_unsigned();
    let attributes = i16::from(wire.i8()?);
    let timestamp = if magic == 0 { -1 } else { wire.i64()? };
    // Key and value have a length each, at least.
    wire.take(8)?;
    Some(BatchHeader {
        base_offset,
        length,
        leader_epoch: LeaderEpoch(-1),
        magic,
        crc,
        attributes,
        last_offset_delta: 0,
        base_timestamp: timestamp,
        max_timestamp: timestamp,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        records: if codec(attributes) == Ok(Codec::None) { 1 } else { -1 },
    })
}

/// Bytes of the message at the front of a set, offset and length included. `None`: its length is nonsense or past the end.
pub(super) fn whole(set: &[u8]) -> Option<usize> {
    let length = usize::try_from(Wire(set.get(8..)?).i32()?).ok()?;
    length.checked_add(OVERHEAD).filter(|&whole| whole <= set.len())
}

/// Opens a message: a plain one is a set of one, a wrapper gives the set that it holds.
pub(super) fn open<'a: 's, 's>(batch: &Batch<'a>, scratch: &'s mut Scratch) -> Result<Decompressed<'s>, Fault> {
    if batch.codec == Codec::None {
        return Ok(Decompressed::set(batch, batch.bytes, 0, 1));
    }
    let wrapper = message(batch.bytes).ok_or(Fault::Record("a length in the compressed message is wrong"))?;
    let value = wrapper.value.ok_or(Fault::Record("a compressed message without a value"))?;
    let set = scratch.run(batch.codec, batch.header.magic, value)?;
    // The wrapper has the offset of the last message; within, format 1 counts from 0 (or, after compaction, from anywhere).
    let (mut rest, mut last, mut count) = (set, None, 0_i32);
    while let Some((head, tail)) = whole(rest).and_then(|n| rest.split_at_checked(n)) {
        last = Wire(head).i64();
        count = count.saturating_add(1);
        rest = tail;
    }
    let Some(last) = last else { return Err(Fault::Record("a compressed message that holds no message")) };
    if batch.header.magic == 0 {
        return Ok(Decompressed::set(batch, set, 0, count));
    }
    if !rest.is_empty() {
        return Err(Fault::Record("the messages within are cut off, so their offsets are unknown"));
    }
    let first = batch.header.base_offset.0.checked_sub(last).ok_or(Fault::Record("an offset within is past the largest number"))?;
    Ok(Decompressed::set(batch, set, first, count))
}

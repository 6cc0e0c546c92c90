//! Hopping over the batches of one partition's bytes, by their headers alone.

use super::control::Control;
use super::decompress::Scratch;
use super::fault::Fault;
use super::legacy;
use super::record::Decompressed;
use super::wire::Wire;
use crate::model::{BatchFacts, Codec, LeaderEpoch, Offset, PartitionId, ProducerId, TimestampType};

/// Bytes of base offset and length, which the length does not count.
pub(super) const OVERHEAD: usize = 12;
/// Where the magic byte is, in every format.
pub(super) const MAGIC_AT: usize = 16;
/// Where the bytes begin that the CRC-32C of format 2 covers: the attributes.
pub(super) const CRC_FROM: usize = 21;
/// Bytes of a format 2 header.
pub(super) const HEADER: usize = 61;
/// The least that a length may say: a message of format 0 with null key and value.
const LEAST_LENGTH: i32 = 14;

const CODEC_MASK: i16 = 0x07;
const APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;

/// The header of a batch as it is on the wire (`DefaultRecordBatch`). A message of format 0 or 1 is told in the same terms:
/// base offset is its own offset, the delta 0, the timestamp both base and maximum, producer and sequence −1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    pub base_offset: Offset,
    /// Bytes after the length field.
    pub length: i32,
    /// −1 in formats 0 and 1.
    pub leader_epoch: LeaderEpoch,
    pub magic: u8,
    pub crc: u32,
    pub attributes: i16,
    pub last_offset_delta: i32,
    /// Milliseconds; −1 is none.
    pub base_timestamp: i64,
    /// Milliseconds; −1 is none.
    pub max_timestamp: i64,
    /// −1 is none.
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    /// As the header says; never trusted. −1 for a compressed message of format 0 or 1, which has no such field.
    pub records: i32,
}

/// One batch: its header and the bytes of it. A message of format 0 or 1, plain or a compressed wrapper, is a batch too.
/// Its header makes sense ([`batches`] saw to that); nothing else was looked at yet.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    pub(super) partition: PartitionId,
    pub(super) header: BatchHeader,
    pub(super) codec: Codec,
    /// The whole batch as it is on the wire.
    pub(super) bytes: &'a [u8],
}

/// What lies at a place of a partition's bytes.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    Batch(Batch<'a>),
    /// Its header is nonsense. Its neighbours are not touched by that.
    Corrupt(Corrupt),
    /// The end is missing: how an answer normally ends, since brokers cut at a byte limit (P46).
    CutOff(CutOff),
}

/// A batch that cannot be read by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrupt {
    pub base_offset: Offset,
    /// Where to read on, when the header still tells it. Else: at the next batch of the answer, or one offset further.
    pub next_offset: Option<Offset>,
    /// Bytes that it takes; all that is left of the answer when its length is nonsense.
    pub size: usize,
    pub why: Fault,
}

/// A batch whose end is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOff {
    /// `None` when not even that is there.
    pub base_offset: Option<Offset>,
    /// Bytes of the whole batch, header included, if its length field is there: how much a fetch must ask for.
    pub size: Option<u64>,
    /// The offset behind it, if so much of the header is there: how one that is too large is stepped over (P47).
    pub next_offset: Option<Offset>,
    /// Bytes of it that are there.
    pub have: usize,
}

impl<'a> Batch<'a> {
    /// All fields of the header.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    pub fn partition(&self) -> PartitionId {
        self.partition
    }

    /// The batch as it is on the wire, header included.
    pub fn wire(&self) -> &'a [u8] {
        self.bytes
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The offset that follows the batch, also when compaction left it empty (P38). Greater than the base offset.
    pub fn next_offset(&self) -> Offset {
        Offset(self.header.base_offset.0.saturating_add(i64::from(self.header.last_offset_delta)).saturating_add(1))
    }

    /// The last offset that the batch spans.
    pub fn last_offset(&self) -> Offset {
        Offset(self.header.base_offset.0.saturating_add(i64::from(self.header.last_offset_delta)))
    }

    /// Whose clock the timestamps are of.
    pub fn timestamp_type(&self) -> TimestampType {
        match (self.header.magic, self.header.attributes & APPEND_TIME != 0) {
            (0, _) => TimestampType::None,
            (_, true) => TimestampType::Append,
            (_, false) => TimestampType::Create,
        }
    }

    /// A transaction's marker or another control record (P39): nothing to show, and it uses up offsets.
    pub fn is_control(&self) -> bool {
        self.header.magic == 2 && self.header.attributes & CONTROL != 0
    }

    /// The producer whose transaction this batch belongs to; its markers count as well.
    pub fn transaction(&self) -> Option<ProducerId> {
        (self.header.magic == 2 && self.header.attributes & TRANSACTIONAL != 0).then_some(ProducerId(self.header.producer_id))
    }

    /// When compaction may drop the tombstones of this batch (KIP-534), in milliseconds.
    pub fn delete_horizon(&self) -> Option<i64> {
        (self.header.magic == 2 && self.header.attributes & DELETE_HORIZON != 0).then_some(self.header.base_timestamp)
    }

    pub fn facts(&self) -> BatchFacts {
        BatchFacts {
            base_offset: self.header.base_offset,
            next_offset: self.next_offset(),
            codec: self.codec,
            records: self.header.records,
            size: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX),
            magic: self.header.magic,
            leader_epoch: self.header.leader_epoch,
            timestamp_type: self.timestamp_type(),
            transaction: self.transaction(),
        }
    }

    /// Whether the checksum fits. [`Batch::open`] asks this itself.
    pub fn crc_ok(&self) -> bool {
        self.crc().is_ok()
    }

    fn crc(&self) -> Result<(), Fault> {
        let (said, is) = if self.header.magic == 2 {
            (self.header.crc, crc32c::crc32c(self.bytes.get(CRC_FROM..).unwrap_or_default()))
        } else {
            (self.header.crc, legacy::crc(self.bytes))
        };
        if said == is { Ok(()) } else { Err(Fault::Crc { said, is }) }
    }

    /// Checks the CRC and decompresses. Uncompressed batches are not copied.
    pub fn open<'s>(&self, scratch: &'s mut Scratch) -> Result<Decompressed<'s>, Fault>
    where
        'a: 's,
    {
        self.crc()?;
        self.open_unchecked(scratch)
    }

    /// As [`Batch::open`], without the CRC: to look into a batch that is known to be corrupt.
    pub fn open_unchecked<'s>(&self, scratch: &'s mut Scratch) -> Result<Decompressed<'s>, Fault>
    where
        'a: 's,
    {
        if self.header.magic < 2 {
            return legacy::open(self, scratch);
        }
        let wire = self.bytes.get(HEADER..).unwrap_or_default();
        Ok(Decompressed::new(self, scratch.run(self.codec, self.header.magic, wire)?))
    }

    /// What a control batch says: `None` when it is not one, or is empty.
    pub fn control(&self, scratch: &mut Scratch) -> Result<Option<Control>, Fault> {
        if !self.is_control() {
            return Ok(None);
        }
        match self.open(scratch)?.records().next() {
            None => Ok(None),
            Some(Err(fault)) => Err(fault.why),
            Some(Ok(record)) => Control::of(self, &record).map(Some),
        }
    }
}

/// The batches of one partition's bytes in a Fetch answer, by their headers: nothing is decompressed, no CRC is checked.
/// The first may begin before the offset that was asked for: drop its earlier records.
pub fn batches(partition: PartitionId, bytes: &[u8]) -> Batches<'_> {
    Batches { partition, rest: bytes }
}

/// See [`batches`].
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    partition: PartitionId,
    rest: &'a [u8],
}

impl<'a> Iterator for Batches<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let have = self.rest;
        let mut wire = Wire(have);
        let (Some(base), Some(length)) = (wire.i64(), wire.i32()) else {
            self.rest = &[];
            let base_offset = Wire(have).i64().map(Offset);
            return Some(Found::CutOff(CutOff { base_offset, size: None, next_offset: None, have: have.len() }));
        };
        let base_offset = Offset(base);
        let whole = usize::try_from(length).ok().filter(|_| length >= LEAST_LENGTH).and_then(|n| n.checked_add(OVERHEAD));
        let Some(whole) = whole else {
            self.rest = &[];
            return Some(Found::Corrupt(Corrupt { base_offset, next_offset: None, size: have.len(), why: Fault::Length(length) }));
        };
        let Some((bytes, rest)) = have.split_at_checked(whole) else {
            self.rest = &[];
            let size = u64::try_from(whole).ok();
            let next_offset = next_of(have);
            return Some(Found::CutOff(CutOff { base_offset: Some(base_offset), size, next_offset, have: have.len() }));
        };
        self.rest = rest;
        Some(match parse(self.partition, bytes) {
            Ok(batch) => Found::Batch(batch),
            Err(why) => Found::Corrupt(Corrupt { base_offset, next_offset: next_of(bytes), size: whole, why }),
        })
    }
}

/// The offset behind a batch of which perhaps only the beginning is there.
fn next_of(bytes: &[u8]) -> Option<Offset> {
    let mut wire = Wire(bytes);
    let base = wire.i64().filter(|&base| base >= 0)?;
    let delta = match bytes.get(MAGIC_AT)? {
        0 | 1 => 0,
        2 => Wire(bytes.get(CRC_FROM + 2..)?).i32().filter(|&delta| delta >= 0)?,
        _ => return None,
    };
    Some(Offset(base.checked_add(i64::from(delta))?.checked_add(1)?))
}

/// The header of a whole batch.
fn parse(partition: PartitionId, bytes: &[u8]) -> Result<Batch<'_>, Fault> {
    let magic = bytes.get(MAGIC_AT).copied().unwrap_or(u8::MAX).cast_signed();
    let header = match magic {
        0 | 1 => legacy::header(bytes),
        2 => header(bytes),
        _ => return Err(Fault::Format(magic)),
    };
    let header = header.ok_or(Fault::Header("too short for its message format"))?;
    if header.base_offset.0 < 0 {
        return Err(Fault::Header("its offset is negative"));
    }
    if header.last_offset_delta < 0 {
        return Err(Fault::Header("its last offset lies before its first"));
    }
    let past = header.base_offset.0.checked_add(i64::from(header.last_offset_delta)).and_then(|last| last.checked_add(1));
    if past.is_none() {
        return Err(Fault::Header("its last offset is past the largest number"));
    }
    Ok(Batch { partition, header, codec: codec(header.attributes)?, bytes })
}

/// The fields of a format 2 header; `None` when the bytes end first.
fn header(bytes: &[u8]) -> Option<BatchHeader> {
    let mut wire = Wire(bytes);
    Some(BatchHeader {
        base_offset: Offset(wire.i64()?),
        length: wire.i32()?,
        leader_epoch: LeaderEpoch(wire.i32()?),
        magic: wire.i8()?.cast_unsigned(),
        crc: wire.u32()?,
        attributes: wire.i16()?,
        last_offset_delta: wire.i32()?,
        base_timestamp: wire.i64()?,
        max_timestamp: wire.i64()?,
        producer_id: wire.i64()?,
        producer_epoch: wire.i16()?,
        base_sequence: wire.i32()?,
        records: wire.i32()?,
    })
}

/// The compression that attributes name (`org.apache.kafka.common.record.CompressionType`).
pub(super) fn codec(attributes: i16) -> Result<Codec, Fault> {
    match attributes & CODEC_MASK {
        0 => Ok(Codec::None),
        1 => Ok(Codec::Gzip),
        2 => Ok(Codec::Snappy),
        3 => Ok(Codec::Lz4),
        4 => Ok(Codec::Zstd),
        other => Err(Fault::UnknownCodec(u8::try_from(other).unwrap_or(u8::MAX))),
    }
}

/// What the headers of an answer tell at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// Where to fetch next: behind the last whole batch, never before `from`. Equal to `from` when nothing was whole: then
    /// `cut` says how much to ask for, `corrupt` what to step over, and with neither the answer was empty. A header can lie:
    /// compare it with the high watermark.
    pub next: Offset,
    /// Whole batches with a sensible header.
    pub batches: u32,
    /// Bytes of those.
    pub bytes: usize,
    /// Records that their headers count: an estimate.
    pub records: i64,
    /// The last batch with a senseless header.
    pub corrupt: Option<Corrupt>,
    /// How the answer ends.
    pub cut: Option<CutOff>,
}

/// Hops over the headers of a Fetch answer that was asked for from `from` on: the next fetch can be sent before anything of
/// this one is decompressed.
pub fn hop(from: Offset, bytes: &[u8]) -> Hop {
    let mut hop = Hop { next: from, batches: 0, bytes: 0, records: 0, corrupt: None, cut: None };
    for found in batches(PartitionId(0), bytes) {
        match found {
            Found::Batch(batch) => {
                hop.next = hop.next.max(batch.next_offset());
                hop.batches = hop.batches.saturating_add(1);
                hop.bytes = hop.bytes.saturating_add(batch.bytes.len());
                hop.records = hop.records.saturating_add(i64::from(batch.header.records.max(0)));
            }
            Found::Corrupt(corrupt) => {
                hop.next = hop.next.max(corrupt.next_offset.unwrap_or(from));
                hop.corrupt = Some(corrupt);
            }
            Found::CutOff(cut) => hop.cut = Some(cut),
        }
    }
    hop
}

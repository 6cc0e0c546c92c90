//! The records of an opened batch, borrowed and in order.

use super::batch::{Batch, codec};
use super::fault::{Fault, RecordFault};
use super::legacy;
use super::wire::Wire;
use crate::model::{BatchFacts, Codec, Headers, LeaderEpoch, Offset, PartitionId, ProducerId, RecordRef, TimestampType};

/// An opened batch: its records' bytes, in the batch itself or in the [`super::Scratch`].
#[derive(Debug, Clone, Copy)]
pub struct Decompressed<'s> {
    partition: PartitionId,
    facts: BatchFacts,
    last_offset_delta: i32,
    /// What a record's timestamp is added to; for formats 0 and 1 unused.
    base_timestamp: i64,
    /// The timestamp of every record, when it is the broker's.
    append_timestamp: Option<i64>,
    /// What the offset of a message in a set is added to.
    set_base: i64,
    bytes: &'s [u8],
}

impl<'s> Decompressed<'s> {
    pub(super) fn new(batch: &Batch<'_>, bytes: &'s [u8]) -> Self {
        let facts = batch.facts();
        Self {
            partition: batch.partition,
            facts,
            last_offset_delta: batch.header.last_offset_delta,
            base_timestamp: batch.header.base_timestamp,
            append_timestamp: (facts.timestamp_type == TimestampType::Append).then_some(batch.header.max_timestamp),
            set_base: 0,
            bytes,
        }
    }

    /// A set of messages of format 0 or 1.
    pub(super) fn set(batch: &Batch<'_>, bytes: &'s [u8], set_base: i64, count: i32) -> Self {
        let opened = Self::new(batch, bytes);
        Self { set_base, facts: BatchFacts { records: count, ..opened.facts }, ..opened }
    }

    /// All bytes of the records, with their lengths between them: a literal that is not in here is in none of them.
    pub fn bytes(&self) -> &'s [u8] {
        self.bytes
    }

    /// The facts of the batch. Unlike those of [`Batch::facts`], the count of a compressed format 0 or 1 message is known here.
    pub fn facts(&self) -> &BatchFacts {
        &self.facts
    }

    /// The base timestamp of the batch, in milliseconds as the log has it.
    pub fn base_timestamp(&self) -> i64 {
        self.base_timestamp
    }

    /// A copy with bytes of its own.
    pub fn kept(&self) -> Opened {
        Opened { of: Decompressed { bytes: &[], ..*self }, bytes: self.bytes.into() }
    }

    /// The records, in the batch's order.
    pub fn records(&self) -> Records<'s> {
        Records { of: *self, wire: Wire(self.bytes), reached: self.facts.base_offset, found: 0, done: false }
    }
}

/// An opened batch that outlives the batch it came from.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Without its bytes.
    of: Decompressed<'static>,
    bytes: Box<[u8]>,
}

impl Opened {
    /// As it was opened.
    pub fn batch(&self) -> Decompressed<'_> {
        Decompressed { bytes: &self.bytes, ..self.of }
    }
}

/// See [`Decompressed::records`]. After an `Err` there is more only if what follows can still be found; `None` is the end.
///
/// A record's timestamp is base + delta with the wrap-around of Java's `long`, so that an overflow gives what every consumer of
/// the topic sees. With LogAppendTime it is the batch's maximum for all (P35). −1, which is none, stays −1.
#[derive(Debug, Clone)]
pub struct Records<'s> {
    of: Decompressed<'s>,
    wire: Wire<'s>,
    reached: Offset,
    found: u32,
    done: bool,
}

impl<'s> Records<'s> {
    /// Where in [`Decompressed::bytes`] the next record begins.
    pub fn position(&self) -> usize {
        self.of.bytes.len().saturating_sub(self.wire.0.len())
    }

    /// Records passed so far, skipped ones included.
    pub fn passed(&self) -> u32 {
        self.found
    }

    /// Skips the records that end at or before `position`, so that the next one is that which holds the byte there: with the
    /// place of a hit in [`Decompressed::bytes`], the only records that are decoded are those that hold a hit. Looks at nothing
    /// but lengths, so it is cheap, and a broken record that is skipped is not noticed. Returns how many were skipped.
    pub fn skip_to(&mut self, position: usize) -> u32 {
        let before = self.found;
        while !self.done {
            let Some((_record, rest)) = self.split() else { break };
            if self.of.bytes.len().saturating_sub(rest.len()) > position {
                break;
            }
            self.wire.0 = rest;
            self.found = self.found.saturating_add(1);
        }
        self.found.saturating_sub(before)
    }

    /// Walks all records that are left, each checked as by the iterator, and returns how many are good. Every fault is told.
    pub fn verify(mut self, mut fault: impl FnMut(RecordFault)) -> u64 {
        let mut good = 0_u64;
        while let Some(record) = self.step() {
            match record {
                Ok(_) => good += 1,
                Err(bad) => fault(bad),
            }
        }
        good
    }

    /// The next record (format 2: without its length; a message: with offset and length), and the bytes behind it.
    #[inline]
    fn split(&self) -> Option<(&'s [u8], &'s [u8])> {
        if self.of.facts.magic < 2 {
            return self.wire.0.split_at_checked(legacy::whole(self.wire.0)?);
        }
        let mut wire = self.wire;
        let length = usize::try_from(wire.varint()?).ok()?;
        wire.0.split_at_checked(length)
    }

    fn fault(&self, why: Fault) -> RecordFault {
        RecordFault { reached: self.reached, position: self.position(), why }
    }

    /// Goes on behind a record, good or not.
    #[inline]
    fn pass(&mut self, rest: &'s [u8]) {
        self.wire.0 = rest;
        self.found = self.found.saturating_add(1);
    }

    /// A wrong length within a record says that lengths cannot be believed here, so that it is the last; a set's messages have
    /// a checksum each.
    #[cold]
    fn wrong(&mut self, rest: &'s [u8], why: Fault) -> RecordFault {
        let fault = self.fault(why);
        self.pass(rest);
        self.done = self.of.facts.magic == 2 || rest.is_empty();
        fault
    }

    #[cold]
    #[inline(never)]
    fn next_message(&mut self, bytes: &'s [u8], rest: &'s [u8]) -> Result<RecordRef<'s>, RecordFault> {
        let record = self.decode_message(bytes).map_err(|why| self.wrong(rest, why))?;
        self.pass(rest);
        self.reached = record.offset.plus(1);
        Ok(record)
    }

    /// What comes when the bytes are used up: nothing, or once the fault of a wrong count.
    #[cold]
    fn end(&mut self) -> Option<Result<RecordRef<'s>, RecordFault>> {
        self.done = true;
        let said = self.of.facts.records;
        (u32::try_from(said) != Ok(self.found)).then(|| Err(self.fault(Fault::Count { said, found: self.found })))
    }

    /// The next record. In a loop of its own, so that what a loop does not use of a record is never made.
    #[expect(clippy::inline_always, reason = "what the caller does not use must be seen to be unused")]
    #[inline(always)]
    fn step(&mut self) -> Option<Result<RecordRef<'s>, RecordFault>> {
        if self.done {
            return None;
        }
        if self.wire.0.is_empty() {
            return self.end();
        }
        let Some((bytes, rest)) = self.split() else {
            return Some(Err(self.wrong(&[], Fault::Record("a record's length is wrong"))));
        };
        if self.of.facts.magic < 2 {
            return Some(self.next_message(bytes, rest));
        }
        let mut why = Fault::Record("");
        let Some(record) = self.decode(bytes, &mut why) else { return Some(Err(self.wrong(rest, why))) };
        self.pass(rest);
        self.reached = record.offset.plus(1);
        Some(Ok(record))
    }

    /// A record of format 2 (`DefaultRecord.readFrom`). `None`: `why` says what is wrong with it. (As a `Result`, the record
    /// would be copied twice more on its way out, for half of the time that a record takes.)
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    fn decode(&self, body: &'s [u8], why: &mut Fault) -> Option<RecordRef<'s>> {
        let mut wire = Wire(body);
        *why = Fault::Record("a record that ends before its fields do");
        let _attributes = wire.i8()?;
        let timestamp = wire.varlong()?;
        let delta = wire.varint()?;
        let key = wire.varint_bytes()?;
        let value = wire.varint_bytes()?;
        let count = wire.varint()?;
        *why = Fault::Record("an offset outside of its batch");
        if delta < 0 || delta > self.of.last_offset_delta {
            return None;
        }
        *why = Fault::Record("headers that do not fit their record");
        let headers = if count == 0 && wire.0.is_empty() { Headers::default() } else { headers(wire.0, count)? };
        Some(RecordRef {
            partition: self.of.partition,
            offset: self.of.facts.base_offset.plus(i64::from(delta)),
            timestamp_ms: self.of.append_timestamp.unwrap_or_else(|| self.of.base_timestamp.wrapping_add(timestamp)),
            timestamp_type: self.of.facts.timestamp_type,
            key,
            value,
            headers,
            leader_epoch: self.of.facts.leader_epoch,
            transaction: self.of.facts.transaction,
        })
    }

    /// A message of format 0 or 1 (`AbstractLegacyRecordBatch.DeepRecordsIterator`).
    #[inline(never)]
    fn decode_message(&self, bytes: &'s [u8]) -> Result<RecordRef<'s>, Fault> {
        let message = legacy::message(bytes).ok_or(Fault::Record("a message that ends before its fields do"))?;
        if message.magic.cast_unsigned() != self.of.facts.magic {
            return Err(Fault::Record("a message of another format than its wrapper's"));
        }
        let is = legacy::crc(bytes);
        if message.crc != is {
            return Err(Fault::Crc { said: message.crc, is });
        }
        if codec(i16::from(message.attributes)) != Ok(Codec::None) {
            return Err(Fault::Record("a compressed message within a compressed message"));
        }
        let offset = self.of.set_base.checked_add(message.offset).filter(|&offset| offset >= 0);
        Ok(RecordRef {
            partition: self.of.partition,
            offset: Offset(offset.ok_or(Fault::Record("an offset that cannot be"))?),
            timestamp_ms: self.of.append_timestamp.unwrap_or(message.timestamp_ms),
            timestamp_type: self.of.facts.timestamp_type,
            key: message.key,
            value: message.value,
            headers: Headers::default(),
            leader_epoch: LeaderEpoch(-1),
            transaction: None::<ProducerId>,
        })
    }
}

/// The headers at the end of a record, each looked at once, so that who reads them later meets only good ones: a key must be
/// there, a value may be null, and nothing may be left over.
#[inline(never)]
fn headers(raw: &[u8], count: i32) -> Option<Headers<'_>> {
    let count = u32::try_from(count).ok()?;
    let mut wire = Wire(raw);
    for _ in 0..count {
        wire.varint_bytes().flatten()?;
        wire.varint_bytes()?;
    }
    wire.0.is_empty().then(|| Headers::from_wire(raw, count))
}

impl<'s> Iterator for Records<'s> {
    type Item = Result<RecordRef<'s>, RecordFault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.step()
    }
}

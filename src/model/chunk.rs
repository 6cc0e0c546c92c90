//! Records as they are kept and shown: a [`Chunk`] is one arena of bytes and the rows that point into it.
//!
//! A row never borrows from a fetched frame: one kept record would pin megabytes, and every limit on bytes would lie.
//! Key, value and headers of a record lie one behind the other in the arena; headers stay in their wire form (varint
//! lengths), which keeps order, duplicates, nulls and any bytes at no cost.

use bytes::Bytes;

use super::{LeaderEpoch, Offset, PartitionId, ProducerId};

/// What the timestamp of a record means (`message.timestamp.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer's clock.
    Create,
    /// The broker's clock: then every record of the batch has the batch's maximum.
    Append,
    /// Message format 0 has no timestamps.
    None,
}

/// How a batch was compressed (the low three bits of its attributes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// What is known of the batch that a record came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchFacts {
    pub base_offset: Offset,
    /// The offset that follows the batch: base + last offset delta + 1.
    pub next_offset: Offset,
    pub codec: Codec,
    /// Records that the header counts; compaction may leave fewer than the offsets it spans.
    pub records: i32,
    /// Bytes of the whole batch on the wire, header included.
    pub size: u32,
    /// 0, 1 or 2: the message format.
    pub magic: u8,
    pub leader_epoch: LeaderEpoch,
    pub timestamp_type: TimestampType,
    /// The transaction's producer, only for transactional batches.
    pub transaction: Option<ProducerId>,
}

/// One record, borrowed: from a decompressed batch or from a chunk.
#[derive(Debug, Clone, Copy)]
pub struct RecordRef<'a> {
    pub partition: PartitionId,
    pub offset: Offset,
    /// Milliseconds since the epoch as the log has it: −1 is none, and any 64-bit number is possible.
    pub timestamp_ms: i64,
    pub timestamp_type: TimestampType,
    /// `None` is null, which is not empty.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    pub headers: Headers<'a>,
    pub leader_epoch: LeaderEpoch,
    pub transaction: Option<ProducerId>,
}

impl RecordRef<'_> {
    /// Bytes of key, value and headers together.
    pub fn size(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len) + self.headers.raw.len()
    }
}

/// The headers of a record in their wire form, in order, with duplicates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    raw: &'a [u8],
    count: u32,
}

/// One header. The key is text by convention and any bytes on the wire; the value may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    pub key: &'a [u8],
    pub value: Option<&'a [u8]>,
}

impl<'a> Headers<'a> {
    /// Headers from the wire: `count` pairs of (varint length, key, varint length or −1, value). Who calls this has
    /// checked them (`records` does); a malformed rest would end the iteration early, never panic.
    pub fn from_wire(raw: &'a [u8], count: u32) -> Self {
        Self { raw, count }
    }

    pub fn len(&self) -> usize {
        self.count as usize
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The wire form.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    pub fn iter(&self) -> HeaderIter<'a> {
        HeaderIter { rest: self.raw, left: self.count }
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// See [`Headers::iter`].
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    rest: &'a [u8],
    left: u32,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.left = self.left.checked_sub(1)?;
        let Taken::Bytes(key) = take(&mut self.rest) else { return None };
        let value = match take(&mut self.rest) {
            Taken::Bytes(value) => Some(value),
            Taken::Null => None,
            Taken::CutOff => return None,
        };
        Some(Header { key, value })
    }
}

/// A varint length and so many bytes.
enum Taken<'a> {
    Bytes(&'a [u8]),
    /// A length of −1, and of less, as in Java.
    Null,
    /// The bytes end first.
    CutOff,
}

fn take<'a>(rest: &mut &'a [u8]) -> Taken<'a> {
    let Some(length) = varint(rest) else { return Taken::CutOff };
    let Ok(length) = usize::try_from(length) else { return Taken::Null };
    let Some((head, tail)) = rest.split_at_checked(length) else { return Taken::CutOff };
    *rest = tail;
    Taken::Bytes(head)
}

/// A zig-zag varint of at most 32 bits (`org.apache.kafka.common.utils.ByteUtils`).
pub fn varint(rest: &mut &[u8]) -> Option<i32> {
    let mut value = 0_u32;
    for shift in (0..35).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}

/// A record's place in a chunk. Lengths are in bytes, −1 is null.
#[derive(Debug, Clone, Copy)]
struct Row {
    partition: PartitionId,
    batch: u32,
    offset: Offset,
    timestamp_ms: i64,
    start: u32,
    key: i32,
    value: i32,
    headers: u32,
    header_count: u32,
}

/// Some records of one topic, immutable and shared: at most 500 records or 1 MiB, unless one record alone is larger.
#[derive(Debug)]
pub struct Chunk {
    arena: Bytes,
    rows: Box<[Row]>,
    batches: Box<[BatchFacts]>,
}

impl Chunk {
    /// How many records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes that keeping this chunk costs: the arena and the rows.
    pub fn bytes(&self) -> usize {
        self.arena.len() + size_of_val(&*self.rows) + size_of_val(&*self.batches)
    }

    /// Record `index`, or `None` past the end.
    pub fn get(&self, index: usize) -> Option<RecordRef<'_>> {
        let row = self.rows.get(index)?;
        let batch = self.batches.get(row.batch as usize)?;
        let mut rest = self.arena.get(row.start as usize..)?;
        let mut span = |length: i32| {
            let (head, tail) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = tail;
            Some(head)
        };
        let (key, value) = (span(row.key), span(row.value));
        let headers = rest.get(..row.headers as usize)?;
        Some(RecordRef {
            partition: row.partition,
            offset: row.offset,
            timestamp_ms: row.timestamp_ms,
            timestamp_type: batch.timestamp_type,
            key,
            value,
            headers: Headers::from_wire(headers, row.header_count),
            leader_epoch: batch.leader_epoch,
            transaction: batch.transaction,
        })
    }

    /// The batch that record `index` came in.
    pub fn batch(&self, index: usize) -> Option<&BatchFacts> {
        self.batches.get(self.rows.get(index)?.batch as usize)
    }

    /// The value of record `index` as bytes that keep the arena alive: for work off the loop, without a copy.
    pub fn value_bytes(&self, index: usize) -> Option<Bytes> {
        let value = self.get(index)?.value?;
        Some(self.arena.slice_ref(value))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordRef<'_>> + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or_else(unreachable_row))
    }
}

/// Rows are only made by [`ChunkBuilder`], whose spans lie within its arena.
fn unreachable_row<'a>() -> RecordRef<'a> {
    unreachable!("a row points into its own arena")
}

/// Fills a chunk, one record after the other.
#[derive(Debug, Default)]
pub struct ChunkBuilder {
    arena: Vec<u8>,
    rows: Vec<Row>,
    batches: Vec<BatchFacts>,
}

impl ChunkBuilder {
    /// Records in it so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes in the arena so far.
    pub fn bytes(&self) -> usize {
        self.arena.len()
    }

    /// Copies a record of the given batch in. Records of one batch that follow each other share its facts.
    /// Returns false, and keeps nothing, when the arena would pass 4 GiB: an arena's spans are 32 bits wide.
    pub fn push(&mut self, record: &RecordRef<'_>, batch: &BatchFacts) -> bool {
        let Ok(start) = u32::try_from(self.arena.len()) else { return false };
        if u32::try_from(self.arena.len().saturating_add(record.size())).is_err() {
            return false;
        }
        if self.batches.last() != Some(batch) {
            self.batches.push(*batch);
        }
        let mut add = |bytes: Option<&[u8]>| match bytes {
            None => -1,
            Some(bytes) => {
                self.arena.extend_from_slice(bytes);
                i32::try_from(bytes.len()).unwrap_or(i32::MAX)
            }
        };
        let (key, value) = (add(record.key), add(record.value));
        self.arena.extend_from_slice(record.headers.raw);
        self.rows.push(Row {
            partition: record.partition,
            batch: u32::try_from(self.batches.len().saturating_sub(1)).unwrap_or(u32::MAX),
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            start,
            key,
            value,
            headers: u32::try_from(record.headers.raw.len()).unwrap_or(u32::MAX),
            header_count: record.headers.count,
        });
        true
    }

    /// The chunk; the builder is empty afterwards.
    pub fn finish(&mut self) -> Chunk {
        Chunk {
            arena: Bytes::from(std::mem::take(&mut self.arena)),
            rows: std::mem::take(&mut self.rows).into_boxed_slice(),
            batches: std::mem::take(&mut self.batches).into_boxed_slice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_gives_back_what_was_pushed() {
        let batch = BatchFacts {
            base_offset: Offset(4),
            next_offset: Offset(9),
            codec: Codec::Zstd,
            records: 5,
            size: 100,
            magic: 2,
            leader_epoch: LeaderEpoch(3),
            timestamp_type: TimestampType::Create,
            transaction: None,
        };
        // "a" = null, "" = "x": zig-zag lengths 2, -1, 0, 2
        let wire = [2, b'a', 1, 0, 2, b'x'];
        let record = RecordRef {
            partition: PartitionId(1),
            offset: Offset(5),
            timestamp_ms: -1,
            timestamp_type: TimestampType::Create,
            key: Some(b""),
            value: None,
            headers: Headers::from_wire(&wire, 2),
            leader_epoch: LeaderEpoch(3),
            transaction: None,
        };
        let mut builder = ChunkBuilder::default();
        assert!(builder.push(&record, &batch));
        assert!(builder.push(&RecordRef { key: None, value: Some(b"v"), headers: Headers::default(), ..record }, &batch));
        let chunk = builder.finish();
        let first = chunk.get(0).unwrap();
        assert_eq!((first.key, first.value), (Some(&b""[..]), None));
        let headers: Vec<_> = first.headers.iter().collect();
        assert_eq!(headers, [Header { key: b"a", value: None }, Header { key: b"", value: Some(b"x") }]);
        let second = chunk.get(1).unwrap();
        assert_eq!((second.key, second.value, second.headers.len()), (None, Some(&b"v"[..]), 0));
        assert_eq!(chunk.batch(1), Some(&batch));
        assert!(chunk.get(2).is_none());
    }
}

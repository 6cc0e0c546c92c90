//! Records in one piece: the bytes of all of them lie behind each other in one buffer, so that a record costs no allocation of
//! its own, neither where it is made nor where it is sent.

use crate::core::produce::NewRecord;
use crate::model::PartitionId;
use crate::records::build::NewHeader;

/// Some bytes of a block's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    at: usize,
    length: usize,
}

/// A header: key, and value, where `None` is null.
type Header = (Span, Option<Span>);

/// One record of a block; its headers end where those of the next begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// What it is called: its place in the input, from 0.
    pub(super) n: u64,
    /// As [`NewRecord::timestamp_ms`].
    pub(super) timestamp_ms: Option<i64>,
    pub(super) partition: Option<PartitionId>,
    pub(super) key: Option<Span>,
    pub(super) value: Option<Span>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Block {
    /// As long as it ever had to be; what lies behind `used` means nothing.
    bytes: Vec<u8>,
    used: usize,
    rows: Vec<(Row, usize)>,
    headers: Vec<Header>,
}

/// A record of a block.
#[derive(Debug, Clone, Copy)]
pub struct Fed<'a> {
    /// What it is called: its place in the input, from 0.
    pub n: u64,
    /// Milliseconds since the epoch, −1 for none; `None`: when it is sent.
    pub timestamp_ms: Option<i64>,
    /// `None`: by the partitioner.
    pub partition: Option<PartitionId>,
    /// `None` is null, which is not empty.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    block: &'a Block,
    headers: &'a [Header],
}

impl<'a> Fed<'a> {
    /// In their order; names may come twice, values may be null.
    pub fn headers(&self) -> impl Iterator<Item = NewHeader<'a>> {
        let block = self.block;
        self.headers.iter().map(move |&(key, value)| (block.span(key), value.map(|value| block.span(value))))
    }

    /// Bytes of key, value and headers.
    pub fn size(&self) -> usize {
        let part = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let headers = self.headers().map(|(key, value)| key.len().saturating_add(part(value)));
        headers.fold(part(self.key).saturating_add(part(self.value)), usize::saturating_add)
    }

    /// A copy that stands by itself.
    pub fn to_record(&self) -> NewRecord {
        let copy = bytes::Bytes::copy_from_slice;
        NewRecord {
            key: self.key.map(copy),
            value: self.value.map(copy),
            headers: self.headers().map(|(key, value)| (copy(key), value.map(copy))).collect(),
            timestamp_ms: self.timestamp_ms,
            partition: self.partition,
        }
    }
}

impl Block {
    /// Of one list of records, called by their places in it.
    pub(super) fn of(records: &[NewRecord]) -> Self {
        let mut block = Self::default();
        for (n, record) in (0..).zip(records) {
            block.push(n, record);
        }
        block
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of keys, values and headers, and what else lies between them.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    pub fn get(&self, at: usize) -> Option<Fed<'_>> {
        let &(Row { n, timestamp_ms, partition, key, value }, first) = self.rows.get(at)?;
        let end = self.rows.get(at.saturating_add(1)).map_or(self.headers.len(), |(_, next)| *next);
        let (key, value) = (key.map(|key| self.span(key)), value.map(|value| self.span(value)));
        Some(Fed { n, timestamp_ms, partition, key, value, block: self, headers: self.headers.get(first..end).unwrap_or_default() })
    }

    pub fn iter(&self) -> impl Iterator<Item = Fed<'_>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    fn span(&self, span: Span) -> &[u8] {
        self.bytes.get(span.at..span.at.saturating_add(span.length)).unwrap_or_default()
    }

    /// Adds a record, with its bytes.
    pub(super) fn push(&mut self, n: u64, record: &NewRecord) {
        self.reserve(record.size());
        let first = self.headers.len();
        let key = record.key.as_deref().map(|key| self.copy(key));
        let value = record.value.as_deref().map(|value| self.copy(value));
        for (key, value) in &record.headers {
            let header = (self.copy(key), value.as_deref().map(|value| self.copy(value)));
            self.headers.push(header);
        }
        let (timestamp_ms, partition) = (record.timestamp_ms, record.partition);
        self.finish(Row { n, timestamp_ms, partition, key, value }, first);
    }

    fn copy(&mut self, bytes: &[u8]) -> Span {
        self.reserve(bytes.len());
        let span = Span { at: self.used, length: bytes.len() };
        if let Some(room) = self.bytes.get_mut(span.at..span.at.saturating_add(span.length)) {
            room.copy_from_slice(bytes);
        }
        self.used = self.used.saturating_add(bytes.len());
        span
    }
}

/// What a parser needs that writes where the bytes are to lie.
impl Block {
    /// Where a record's parts begin: to [`Self::finish`] it, or to go back.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.used, self.headers.len())
    }

    /// Forgets the parts of a record that was not finished.
    pub(super) fn back(&mut self, (used, headers): (usize, usize)) {
        self.used = used;
        self.headers.truncate(headers);
    }

    /// A record whose parts are there. `first`: its first header.
    pub(super) fn finish(&mut self, row: Row, first: usize) {
        self.rows.push((row, first));
    }

    pub(super) fn header(&mut self, key: Span, value: Option<Span>) {
        self.headers.push((key, value));
    }

    /// Makes room for so many bytes more.
    #[inline]
    pub(super) fn reserve(&mut self, more: usize) {
        let wanted = self.used.saturating_add(more);
        if self.bytes.len() < wanted {
            // A block ends at some size: the room of the largest is that of the next.
            self.bytes.resize(wanted.max(self.bytes.len().saturating_mul(2)), 0);
        }
    }

    /// The room behind what is used.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.used..).unwrap_or_default()
    }

    /// Takes the first bytes of the room.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Span {
        let span = Span { at: self.used, length };
        self.used = self.used.saturating_add(length);
        span
    }

    /// The bytes of a span and the room behind all that is used.
    pub(super) fn span_and_room(&mut self, span: Span) -> (&[u8], &mut [u8]) {
        let end = self.used.min(self.bytes.len());
        let (used, room) = self.bytes.split_at_mut(end);
        (used.get(span.at..span.at.saturating_add(span.length)).unwrap_or_default(), room)
    }
}

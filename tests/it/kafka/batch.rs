//! Writes record batches of message format 2, byte for byte, apart from the program's own code: what writes the truth must
//! not share a mistake with what reads it. The brokers check the result (CRC, counts, codec).

use std::io::Write;

/// One record to write: `record(value).key(…).at(…).header(…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) timestamp_ms: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// The time of records that ask for no other: fixed, so that a run is like the last, and past, so that every broker takes it.
pub(crate) const T0: i64 = 1_760_000_000_000;

/// A record without key and headers, at [`T0`].
pub(crate) fn record(value: impl Into<Vec<u8>>) -> Record {
    Record { timestamp_ms: T0, key: None, value: Some(value.into()), headers: Vec::new() }
}

/// A record with a null value.
pub(crate) fn tombstone() -> Record {
    Record { value: None, ..record("") }
}

impl Record {
    pub(crate) fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(crate) fn at(mut self, timestamp_ms: i64) -> Self {
        self.timestamp_ms = timestamp_ms;
        self
    }

    pub(crate) fn header(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }

    pub(crate) fn null_header(mut self, name: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), None));
        self
    }
}

/// How a batch is compressed; snappy comes in both forms that are found in topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    None,
    Gzip,
    /// One raw block, as librdkafka writes it.
    Snappy,
    /// Blocks with the header of snappy-java (xerial), as the Java client writes it.
    SnappyFramed,
    Lz4,
    Zstd,
}

impl Codec {
    pub(crate) const ALL: [Self; 6] = [Self::None, Self::Gzip, Self::Snappy, Self::SnappyFramed, Self::Lz4, Self::Zstd];

    /// A word for topic names.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::SnappyFramed => "snappy-framed",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The low three bits of the batch's attributes.
    fn bits(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy | Self::SnappyFramed => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    fn compress(self, plain: &[u8]) -> Vec<u8> {
        match self {
            Self::None => plain.to_vec(),
            Self::Gzip => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                out.write_all(plain).expect("memory");
                out.finish().expect("memory")
            }
            Self::Snappy => snap::raw::Encoder::new().compress_vec(plain).expect("below 4 GiB"),
            Self::SnappyFramed => framed_snappy(plain),
            Self::Lz4 => {
                let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
                out.write_all(plain).expect("memory");
                out.finish().expect("memory")
            }
            Self::Zstd => zstd::bulk::compress(plain, 3).expect("memory"),
        }
    }
}

/// Magic, version 1, compatible with 1, then blocks of 32 KiB behind their compressed length.
fn framed_snappy(plain: &[u8]) -> Vec<u8> {
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for block in plain.chunks(32 << 10) {
        let block = snap::raw::Encoder::new().compress_vec(block).expect("below 4 GiB");
        out.extend(length(&block).to_be_bytes());
        out.extend(block);
    }
    out
}

/// Who writes a transactional batch, and the sequence number of its first record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
}

/// One batch from offset 0; the broker sets the offset and the leader epoch. Records are at least one. With a producer the
/// batch is transactional.
pub(crate) fn encode(codec: Codec, records: &[Record], producer: Option<Producer>) -> Vec<u8> {
    let count = i32::try_from(records.len()).expect("a batch of a test is small");
    let first = records.first().expect("a batch has records").timestamp_ms;
    let last = records.iter().map(|r| r.timestamp_ms).max().unwrap_or(first);
    let mut plain = Vec::new();
    for (offset, record) in (0_i64..).zip(records) {
        encode_record(record, offset, first, &mut plain);
    }
    let Producer { id, epoch, sequence } = producer.unwrap_or(Producer { id: -1, epoch: -1, sequence: -1 });
    let transactional = if producer.is_some() { 0x10 } else { 0 };
    let mut checked = Vec::new();
    checked.extend((codec.bits() | transactional).to_be_bytes());
    checked.extend((count - 1).to_be_bytes()); // last offset delta
    checked.extend(first.to_be_bytes());
    checked.extend(last.to_be_bytes());
    checked.extend(id.to_be_bytes());
    checked.extend(epoch.to_be_bytes());
    checked.extend(sequence.to_be_bytes());
    checked.extend(count.to_be_bytes());
    checked.extend(codec.compress(&plain));
    let mut batch = Vec::with_capacity(checked.len() + 21);
    batch.extend(0_i64.to_be_bytes()); // base offset
    batch.extend((length(&checked) + 4 + 1 + 4).to_be_bytes());
    batch.extend((-1_i32).to_be_bytes()); // leader epoch
    batch.push(2); // magic
    batch.extend(crc32c::crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

/// Makes a batch of another cluster one that may be produced here: from offset 0, under this producer, if it belongs to a transaction, and with
/// the producer's times, which a broker then replaces where its topic says so.
pub(crate) fn adopt(batch: &mut [u8], producer: Option<Producer>) {
    const APPEND_TIME: u8 = 0x08;
    batch[..8].copy_from_slice(&0_i64.to_be_bytes());
    batch[22] &= !APPEND_TIME;
    if let Some(Producer { id, epoch, sequence }) = producer {
        batch[43..51].copy_from_slice(&id.to_be_bytes());
        batch[51..53].copy_from_slice(&epoch.to_be_bytes());
        batch[53..57].copy_from_slice(&sequence.to_be_bytes());
    }
    let checksum = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&checksum.to_be_bytes());
}

fn encode_record(record: &Record, offset: i64, base_timestamp: i64, out: &mut Vec<u8>) {
    let mut body = vec![0]; // attributes
    varint(record.timestamp_ms - base_timestamp, &mut body);
    varint(offset, &mut body);
    nullable(record.key.as_deref(), &mut body);
    nullable(record.value.as_deref(), &mut body);
    varint(i64::from(length(&record.headers)), &mut body);
    for (name, value) in &record.headers {
        nullable(Some(name), &mut body);
        nullable(value.as_deref(), &mut body);
    }
    varint(i64::from(length(&body)), out);
    out.extend(body);
}

fn nullable(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    varint(bytes.map_or(-1, |b| i64::from(length(b))), out);
    out.extend(bytes.unwrap_or_default());
}

fn varint(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).expect("seven bits"));
}

fn length<T>(of: &[T]) -> i32 {
    i32::try_from(of.len()).expect("a test writes less than 2 GiB")
}

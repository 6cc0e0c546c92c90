//! What can be wrong with a batch or a record, as values in our own words: no text from the wire is in them.

use std::fmt;

use crate::model::{Codec, Offset};

/// What is wrong with a batch, a message or a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The length field (bytes after it) cannot be right: what follows in this answer cannot be found.
    Length(i32),
    /// A message format that is neither 0, 1 nor 2.
    Format(i8),
    /// A field of the header that cannot be.
    Header(&'static str),
    /// The checksum does not fit the bytes: CRC-32C for format 2, CRC-32 for 0 and 1.
    Crc { said: u32, is: u32 },
    /// A compression that Kafka has no name for (5–7).
    UnknownCodec(u8),
    /// It decompresses to more bytes than [`super::Scratch`] may hold.
    TooLarge { limit: usize },
    /// The compressed bytes are broken.
    Broken { codec: Codec, why: &'static str },
    /// A record that cannot be read.
    Record(&'static str),
    /// The header counts other records than there are.
    Count { said: i32, found: u32 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(bytes) => write!(f, "its length field says {bytes} bytes"),
            Self::Format(magic) => write!(f, "unknown message format {magic}"),
            Self::Header(why) | Self::Record(why) => f.write_str(why),
            Self::Crc { said, is } => write!(f, "checksum mismatch: header says {said:08x}, bytes give {is:08x}"),
            Self::UnknownCodec(id) => write!(f, "unknown compression {id}"),
            Self::TooLarge { limit } => write!(f, "decompresses to more than {limit} bytes"),
            Self::Broken { codec, why } => write!(f, "broken {} data: {why}", codec.name()),
            Self::Count { said, found } => write!(f, "its header counts {said} records, {found} are there"),
        }
    }
}

impl std::error::Error for Fault {}

/// A place in a batch from which no record could be read, or a wrong count at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordFault {
    /// The offset reached: that after the last good record, or the batch's first.
    pub reached: Offset,
    /// Where in [`super::Decompressed::bytes`] it is.
    pub position: usize,
    pub why: Fault,
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after offset {}, byte {}: {}", self.reached.0.saturating_sub(1), self.position, self.why)
    }
}

impl std::error::Error for RecordFault {}

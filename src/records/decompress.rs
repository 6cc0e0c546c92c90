//! Decompression into one buffer that is used again and again, never past a limit.
//!
//! Every codec writes straight into the buffer: no window is kept twice and nothing is copied out of one.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use std::fmt;

use super::fault::Fault;
use crate::model::Codec;

/// The most bytes that a batch may decompress to unless told otherwise: 64 MB.
pub const DEFAULT_LIMIT: usize = 64 << 20;

/// A buffer of up to this size is kept for ever; a larger one until a batch did without.
const KEPT: usize = 4 << 20;

/// What decompression needs and keeps: the buffer, and the contexts of the codecs. One per worker. Once it is warm, opening a
/// batch allocates nothing.
pub struct Scratch {
    out: Out,
    gzip: Option<flate2::Decompress>,
    zstd: Option<::zstd::zstd_safe::DCtx<'static>>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("limit", &self.out.limit).field("room", &self.out.bytes.len()).finish_non_exhaustive()
    }
}

impl Scratch {
    /// One that refuses batches of more than `limit` decompressed bytes with [`Fault::TooLarge`]. Uncompressed batches are not
    /// copied and know no limit here: the frame they came in had one.
    pub fn with_limit(limit: usize) -> Self {
        Self { out: Out { bytes: Vec::new(), limit, used: 0 }, gzip: None, zstd: None }
    }

    /// Bytes that it holds on to.
    pub fn held(&self) -> usize {
        self.out.bytes.capacity()
    }

    /// Decompresses `input`; without a codec it is the output.
    pub(super) fn run<'s>(&'s mut self, codec: Codec, magic: u8, input: &'s [u8]) -> Result<&'s [u8], Fault> {
        if input.is_empty() {
            // An empty batch may keep the codec of the records that it had.
            return Ok(input);
        }
        self.out.begin();
        let done = match codec {
            Codec::None => return Ok(input),
            Codec::Gzip => gzip::run(self.gzip.get_or_insert_with(|| flate2::Decompress::new(false)), input, &mut self.out),
            Codec::Snappy => snappy::run(input, &mut self.out),
            Codec::Lz4 => lz4::run(input, magic, &mut self.out),
            Codec::Zstd => {
                let context = match self.zstd.take().or_else(::zstd::zstd_safe::DCtx::try_create) {
                    Some(context) => self.zstd.insert(context),
                    None => return Err(Fault::Broken { codec, why: "no memory to decompress it" }),
                };
                zstd::run(context, input, &mut self.out)
            }
        };
        match done {
            Ok(()) => Ok(self.out.bytes.get(..self.out.used).unwrap_or_default()),
            Err(Stop::TooLarge) => Err(Fault::TooLarge { limit: self.out.limit }),
            Err(Stop::Broken(why)) => Err(Fault::Broken { codec, why }),
        }
    }
}

/// Why decompression ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    TooLarge,
    Broken(&'static str),
}

/// The buffer. All of `bytes` is initialised room, of which the first `used` are output: so it is zeroed once, when it grows.
struct Out {
    bytes: Vec<u8>,
    limit: usize,
    used: usize,
}

impl Out {
    /// Begins a batch, and gives back the memory of a rare large one when the batch before this was small.
    fn begin(&mut self) {
        if self.used <= KEPT && self.bytes.len() > KEPT {
            self.bytes.truncate(KEPT);
            self.bytes.shrink_to_fit();
        }
        self.used = 0;
    }

    /// The unused room, of at least `want` bytes unless the limit forbids.
    fn room(&mut self, want: usize) -> &mut [u8] {
        let need = self.used.saturating_add(want).min(self.limit);
        if need > self.bytes.len() {
            let twice = self.bytes.len().saturating_mul(2).min(self.limit);
            self.grow(need.max(twice));
        }
        let (used, end) = (self.used, self.bytes.len().min(self.limit).max(self.used));
        self.bytes.get_mut(used..end).unwrap_or_default()
    }

    /// At least `size` bytes in all. The old content is kept only as far as it is output: a fresh zeroed allocation costs
    /// nothing until it is written, while resizing would clear it by hand.
    fn grow(&mut self, size: usize) {
        if size <= self.bytes.len() {
            return;
        }
        let mut larger = vec![0; size];
        if let (Some(to), Some(from)) = (larger.get_mut(..self.used), self.bytes.get(..self.used)) {
            to.copy_from_slice(from);
        }
        self.bytes = larger;
    }
}

//! The incoming side of a socket: size and correlation id first, then the body straight into the buffer that its readers
//! share. No byte of a record is copied here, and no buffer is filled with zeros before it is read into.

use std::collections::VecDeque;
use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Skips a section of tagged fields; `None` when the bytes end first. Nothing is allocated by what the section says.
pub(in crate::io::kafka) fn skip_tags(bytes: &mut Bytes) -> Option<()> {
    for _ in 0..unsigned_varint(bytes)? {
        unsigned_varint(bytes)?;
        let size = usize::try_from(unsigned_varint(bytes)?).ok()?;
        if bytes.remaining() < size {
            return None;
        }
        bytes.advance(size);
    }
    Some(())
}

/// An unsigned varint of at most 32 bits (`org.apache.kafka.common.utils.ByteUtils`).
pub(in crate::io::kafka) fn unsigned_varint(bytes: &mut Bytes) -> Option<u32> {
    let mut value = 0_u32;
    for shift in (0..35).step_by(7) {
        let byte = bytes.try_get_u8().ok()?;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Frame buffers that are used again when the answer that lay in them was dropped.
#[derive(Debug, Default)]
pub(super) struct Slabs {
    kept: VecDeque<BytesMut>,
}

impl Slabs {
    /// One being read, one being decoded, one waiting: more would only hold memory.
    const KEEP: usize = 3;
    /// A larger buffer is not kept.
    const LARGEST: usize = 8 << 20;
    /// Sizes are rounded up to this, so that answers of about one size share buffers.
    const GRAIN: usize = 256 << 10;

    fn take(&mut self, size: usize) -> BytesMut {
        let free = self.kept.iter_mut().position(|slab| slab.try_reclaim(size));
        match free.and_then(|at| self.kept.remove(at)) {
            Some(slab) => slab,
            None => BytesMut::with_capacity(size.next_multiple_of(Self::GRAIN)),
        }
    }

    fn give_back(&mut self, slab: BytesMut) {
        if self.kept.len() >= Self::KEEP {
            self.kept.pop_front();
        }
        self.kept.push_back(slab);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }
}

/// What is being read.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    head: [u8; 8],
    head_len: usize,
    body: Option<Body>,
    scratch: Vec<u8>,
    pub(super) slabs: Slabs,
}

#[derive(Debug)]
struct Body {
    bytes: BytesMut,
    /// Bytes still to be kept.
    keep: usize,
    /// Bytes after those, to be read and thrown away.
    drain: usize,
    reuse: bool,
}

/// How far the reading is.
#[derive(Debug)]
pub(super) enum Progress {
    /// Less than a whole size and correlation id.
    Head,
    /// A size, and a correlation id once it is there; the body waits for [`Incoming::begin`].
    Sized {
        size: i32,
        id: Option<i32>,
    },
    Body,
    /// The kept bytes of a whole frame.
    Whole(Bytes),
}

impl Incoming {
    /// Reads what is there, at most to the end of this frame: 0 is the end of the stream. Cancel-safe.
    pub(super) async fn read<R: AsyncRead + Unpin>(&mut self, from: &mut R) -> io::Result<usize> {
        let Some(body) = &mut self.body else {
            let read = from.read(self.head.get_mut(self.head_len..).unwrap_or_default()).await?;
            self.head_len = self.head_len.saturating_add(read);
            return Ok(read);
        };
        if body.keep > 0 {
            let read = from.read_buf(&mut (&mut body.bytes).limit(body.keep)).await?;
            body.keep = body.keep.saturating_sub(read);
            return Ok(read);
        }
        self.scratch.resize(64 << 10, 0);
        let most = body.drain.min(self.scratch.len());
        let read = from.read(self.scratch.get_mut(..most).unwrap_or_default()).await?;
        body.drain = body.drain.saturating_sub(read);
        Ok(read)
    }

    /// Where the frame stands after a read.
    pub(super) fn progress(&mut self) -> Progress {
        match self.body.take_if(|body| body.keep == 0 && body.drain == 0) {
            Some(Body { mut bytes, reuse, .. }) => {
                self.head_len = 0;
                let whole = bytes.split().freeze();
                if reuse && whole.len() <= Slabs::LARGEST {
                    self.slabs.give_back(bytes);
                }
                if !self.scratch.is_empty() {
                    self.scratch = Vec::new();
                }
                Progress::Whole(whole)
            }
            None if self.body.is_some() => Progress::Body,
            None => {
                let mut head = self.head();
                let Ok(size) = head.try_get_i32() else { return Progress::Head };
                Progress::Sized { size, id: head.try_get_i32().ok() }
            }
        }
    }

    /// Makes room for a body: `keep` bytes are kept and `drain` more read.
    pub(super) fn begin(&mut self, keep: usize, drain: usize, reuse: bool) {
        let bytes = if reuse { self.slabs.take(keep) } else { BytesMut::with_capacity(keep) };
        self.body = Some(Body { bytes, keep, drain, reuse });
    }

    /// Whether nothing of a next frame has come.
    pub(super) fn is_between_frames(&self) -> bool {
        self.body.is_none() && self.head_len == 0
    }

    /// The first bytes of a frame, for recognising what is not Kafka.
    pub(super) fn head(&self) -> &[u8] {
        self.head.get(..self.head_len).unwrap_or_default()
    }
}

//! gzip (RFC 1952): one member or several, as Java's `GZIPInputStream` reads them.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{Out, Stop};

/// The most that deflate can blow up its input by.
const MOST_RATIO: usize = 1032;

const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// Decompresses all members. What follows the last and is no member is ignored, as Java does.
pub(super) fn run(context: &mut Decompress, input: &[u8], out: &mut Out) -> Result<(), Stop> {
    let mut rest = body(input).ok_or(Stop::Broken("no gzip header"))?;
    // The trailer tells the size, modulo 4 GiB; believed no further than the input could make.
    let said = input.last_chunk().map_or(0, |size| u32::from_le_bytes(*size));
    let most = input.len().saturating_mul(MOST_RATIO);
    out.room(usize::try_from(said).unwrap_or(usize::MAX).min(most).saturating_add(1));
    loop {
        let begin = out.used;
        context.reset(false);
        rest = inflate(context, rest, out)?;
        let (crc, after) = rest.split_first_chunk::<4>().ok_or(Stop::Broken("the trailer is missing"))?;
        let (size, after) = after.split_first_chunk::<4>().ok_or(Stop::Broken("the trailer is missing"))?;
        let member = out.bytes.get(begin..out.used).unwrap_or_default();
        let mut sum = Crc::new();
        sum.update(member);
        if sum.sum() != u32::from_le_bytes(*crc) || sum.amount() != u32::from_le_bytes(*size) {
            return Err(Stop::Broken("checksum mismatch"));
        }
        match body(after) {
            Some(next) => rest = next,
            None => return Ok(()),
        }
    }
}

/// One deflate stream; returns what follows it.
fn inflate<'a>(context: &mut Decompress, input: &'a [u8], out: &mut Out) -> Result<&'a [u8], Stop> {
    let mut rest = input;
    let mut probe = [0_u8; 1];
    loop {
        let full = out.used >= out.limit;
        let (read, written) = (context.total_in(), context.total_out());
        // At the limit one byte more tells a stream that ends there from one that goes on.
        let room = if full { &mut probe[..] } else { out.room(64) };
        let status = context.decompress(rest, room, FlushDecompress::Finish).map_err(|_why| Stop::Broken("bad deflate data"))?;
        let read = usize::try_from(context.total_in().saturating_sub(read)).unwrap_or(usize::MAX);
        let written = usize::try_from(context.total_out().saturating_sub(written)).unwrap_or(usize::MAX);
        rest = rest.get(read..).unwrap_or_default();
        if full && written > 0 {
            return Err(Stop::TooLarge);
        }
        out.used = out.used.saturating_add(written);
        match status {
            Status::StreamEnd => return Ok(rest),
            // With room for output, no step forward means that the input ended.
            Status::Ok | Status::BufError if read == 0 && written == 0 => return Err(Stop::Broken("it ends too early")),
            Status::Ok | Status::BufError => {}
        }
    }
}

/// What follows a member's header; `None` when there is no header.
fn body(input: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = input.split_first_chunk::<10>()?;
    let &[0x1f, 0x8b, 8, flags, ..] = head else { return None };
    if flags & RESERVED != 0 {
        return None;
    }
    if flags & FEXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [FNAME, FCOMMENT] {
        if flags & flag != 0 {
            rest = rest.get(memchr::memchr(0, rest)?.checked_add(1)?..)?;
        }
    }
    if flags & FHCRC != 0 { rest.get(2..) } else { Some(rest) }
}

//! zstd, in one shot into the buffer. Producers stream, so frames seldom tell their size; but a frame's blocks are listed with
//! their sizes in front of them, and each gives at most 128 KiB, so that an upper bound costs one hop per block. One shot needs
//! no window of its own, which is why a frame that asks for a huge one costs nothing here.

use zstd::zstd_safe::DCtx;

use super::{Out, Stop};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The most that one block gives (`ZSTD_BLOCKSIZE_MAX`).
const BLOCK: usize = 128 << 10;
/// Room for a start when the bound is far above what such an input usually gives.
const START: usize = 1 << 20;
/// `ZSTD_error_dstSize_tooSmall` of zstd's stable error list, as functions return it.
const NO_ROOM: usize = 70_usize.wrapping_neg();

pub(super) fn run(context: &mut DCtx<'static>, input: &[u8], out: &mut Out) -> Result<(), Stop> {
    let (bound, end) = bound(input).ok_or(Stop::Broken("it ends too early"))?;
    let frames = input.get(..end).unwrap_or_default();
    if frames.is_empty() {
        return Err(Stop::Broken("no zstd frame"));
    }
    let most = bound.min(out.limit);
    // A bound is far off when a producer flushed often: then grow towards it instead of taking it all at once.
    let mut size = most.min(START.max(input.len().saturating_mul(8)).max(out.bytes.len()));
    loop {
        out.grow(size);
        let room = out.bytes.len().min(out.limit);
        match context.decompress(out.bytes.get_mut(..room).unwrap_or_default(), frames) {
            Ok(written) => {
                out.used = written;
                return Ok(());
            }
            Err(NO_ROOM) if room < most => size = room.saturating_mul(2).min(most),
            Err(NO_ROOM) if bound > out.limit => return Err(Stop::TooLarge),
            Err(_code) => return Err(Stop::Broken("bad data")),
        }
    }
}

/// The most bytes that the frames can give, and where they end: what follows is ignored. `None` when a frame is cut off.
fn bound(input: &[u8]) -> Option<(usize, usize)> {
    let (mut rest, mut bytes) = (input, 0_usize);
    while let Some(frame) = rest.strip_prefix(&MAGIC) {
        let (said, mut blocks, checksum) = header(frame)?;
        let mut most = 0_usize;
        loop {
            let (&[a, b, c], after) = blocks.split_first_chunk::<3>()?;
            let head = usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16;
            let size = head >> 3;
            // Kinds: raw, one byte repeated, compressed; the fourth is reserved and will be refused.
            let (stored, gives) = match head >> 1 & 3 {
                0 => (size, size),
                1 => (1, size),
                _ => (size, BLOCK),
            };
            most = most.saturating_add(gives);
            blocks = after.get(stored..)?;
            if head & 1 == 1 {
                break;
            }
        }
        bytes = bytes.saturating_add(said.map_or(most, |said| most.min(usize::try_from(said).unwrap_or(usize::MAX))));
        rest = if checksum { blocks.get(4..)? } else { blocks };
    }
    Some((bytes, input.len().saturating_sub(rest.len())))
}

/// A frame's header behind the magic number (RFC 8878, 3.1.1.1): the size of its content, the rest, whether a checksum follows.
fn header(frame: &[u8]) -> Option<(Option<u64>, &[u8], bool)> {
    let (&flags, rest) = frame.split_first()?;
    let single = flags & 0x20 != 0;
    let rest = if single { rest } else { rest.get(1..)? };
    let dictionary: usize = match flags & 3 {
        3 => 4,
        n => usize::from(n),
    };
    let rest = rest.get(dictionary..)?;
    let (said, rest) = match flags >> 6 {
        0 if !single => (None, rest),
        0 => rest.split_first().map(|(&size, rest)| (Some(u64::from(size)), rest))?,
        1 => rest.split_first_chunk().map(|(size, rest)| (Some(u64::from(u16::from_le_bytes(*size)) + 256), rest))?,
        2 => rest.split_first_chunk().map(|(size, rest)| (Some(u64::from(u32::from_le_bytes(*size))), rest))?,
        _ => rest.split_first_chunk().map(|(size, rest)| (Some(u64::from_le_bytes(*size)), rest))?,
    };
    Some((said, rest, flags & 4 != 0))
}

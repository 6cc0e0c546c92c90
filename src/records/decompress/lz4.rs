//! The LZ4 frame format, decoded block by block straight into the buffer: a streaming decoder would keep a window of its own
//! and copy everything out of it once more.
//!
//! As in `org.apache.kafka.common.compress.Lz4BlockInputStream`: one frame, what follows it is ignored, and the checksum of the
//! whole content is not verified (the CRC of the batch covers it). Unlike there, linked blocks are read as well.

use lz4_flex::block::{decompress_into, decompress_into_with_dict};

use super::{Out, Stop};

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
/// How far back a linked block may refer.
const WINDOW: usize = 64 << 10;

const DICTIONARY: u8 = 0x01;
const RESERVED: u8 = 0x02;
const CONTENT_SIZE: u8 = 0x08;
const BLOCK_CHECKSUM: u8 = 0x10;
const INDEPENDENT: u8 = 0x20;
const UNCOMPRESSED: u32 = 0x8000_0000;

/// `magic` is the message format: before 2 the header's checksum is not looked at, since old clients computed it over the
/// wrong bytes (KAFKA-3160).
pub(super) fn run(input: &[u8], magic: u8, out: &mut Out) -> Result<(), Stop> {
    let (frame, mut rest) = header(input, magic >= 2)?;
    loop {
        let size = u32_of(&mut rest).ok_or(Stop::Broken("it ends without an end mark"))?;
        if size == 0 {
            return Ok(());
        }
        let length = usize::try_from(size & !UNCOMPRESSED).unwrap_or(usize::MAX);
        if length > frame.block {
            return Err(Stop::Broken("a block is larger than its header allows"));
        }
        let (block, after) = rest.split_at_checked(length).ok_or(Stop::Broken("a block is cut off"))?;
        rest = after;
        if frame.block_checksums {
            let said = u32_of(&mut rest).ok_or(Stop::Broken("a block is cut off"))?;
            if said != xxh32(block) {
                return Err(Stop::Broken("a block's checksum mismatches"));
            }
        }
        if size & UNCOMPRESSED != 0 {
            let room = out.room(length).get_mut(..length).ok_or(Stop::TooLarge)?;
            room.copy_from_slice(block);
            out.used = out.used.saturating_add(length);
        } else {
            decode(block, &frame, out)?;
        }
    }
}

/// One compressed block.
fn decode(block: &[u8], frame: &Frame, out: &mut Out) -> Result<(), Stop> {
    let room = out.room(frame.block).len();
    let (before, after) = out.bytes.split_at_mut_checked(out.used).ok_or(Stop::TooLarge)?;
    let room = room.min(frame.block);
    let after = after.get_mut(..room).ok_or(Stop::TooLarge)?;
    let done = if frame.linked && !before.is_empty() {
        let window = before.get(before.len().saturating_sub(WINDOW)..).unwrap_or_default();
        decompress_into_with_dict(block, after, window)
    } else {
        decompress_into(block, after)
    };
    match done {
        Ok(written) => {
            out.used = out.used.saturating_add(written);
            Ok(())
        }
        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if room < frame.block => Err(Stop::TooLarge),
        Err(_why) => Err(Stop::Broken("bad data")),
    }
}

/// What a frame's header says.
struct Frame {
    /// The most bytes of a block, on either side.
    block: usize,
    linked: bool,
    block_checksums: bool,
}

fn header(input: &[u8], check: bool) -> Result<(Frame, &[u8]), Stop> {
    let no_header = Stop::Broken("no lz4 frame header");
    let descriptor = input.strip_prefix(&MAGIC).ok_or(no_header)?;
    let (&[flags, block], after) = descriptor.split_first_chunk::<2>().ok_or(no_header)?;
    if flags >> 6 != 1 || flags & (RESERVED | DICTIONARY) != 0 || block & 0x8f != 0 {
        return Err(Stop::Broken("a frame header that is unknown"));
    }
    let size = match block >> 4 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        _ => return Err(Stop::Broken("a block size that is unknown")),
    };
    let rest = if flags & CONTENT_SIZE != 0 { after.get(8..).ok_or(no_header)? } else { after };
    let (&sum, rest) = rest.split_first().ok_or(no_header)?;
    let covered = descriptor.get(..descriptor.len().saturating_sub(rest.len()).saturating_sub(1)).unwrap_or_default();
    let [_, is, ..] = xxh32(covered).to_le_bytes();
    if check && sum != is {
        return Err(Stop::Broken("the header's checksum mismatches"));
    }
    let frame = Frame { block: size, linked: flags & INDEPENDENT == 0, block_checksums: flags & BLOCK_CHECKSUM != 0 };
    Ok((frame, rest))
}

fn u32_of(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u32::from_le_bytes(*head))
}

/// xxHash, 32 bits, seed 0 (the LZ4 frame format's checksum).
fn xxh32(bytes: &[u8]) -> u32 {
    const P1: u32 = 0x9e37_79b1;
    const P2: u32 = 0x85eb_ca77;
    const P3: u32 = 0xc2b2_ae3d;
    const P4: u32 = 0x27d4_eb2f;
    const P5: u32 = 0x1656_67b1;
    let mut rest = bytes;
    let mut sum = P5;
    if bytes.len() >= 16 {
        let mut lanes = [P1.wrapping_add(P2), P2, 0, P1.wrapping_neg()];
        while rest.len() >= 16 {
            for lane in &mut lanes {
                let word = u32_of(&mut rest).unwrap_or(0);
                *lane = lane.wrapping_add(word.wrapping_mul(P2)).rotate_left(13).wrapping_mul(P1);
            }
        }
        let [a, b, c, d] = lanes;
        sum = a.rotate_left(1).wrapping_add(b.rotate_left(7)).wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
    }
    let [a, b, c, d, ..] = bytes.len().to_le_bytes();
    sum = sum.wrapping_add(u32::from_le_bytes([a, b, c, d]));
    while let Some(word) = u32_of(&mut rest) {
        sum = sum.wrapping_add(word.wrapping_mul(P3)).rotate_left(17).wrapping_mul(P4);
    }
    for &byte in rest {
        sum = sum.wrapping_add(u32::from(byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1);
    }
    sum = (sum ^ (sum >> 15)).wrapping_mul(P2);
    sum = (sum ^ (sum >> 13)).wrapping_mul(P3);
    sum ^ (sum >> 16)
}

#[cfg(test)]
mod tests {
    use super::xxh32;

    #[test]
    fn xxh32_gives_the_published_sums() {
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(xxh32(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
    }
}

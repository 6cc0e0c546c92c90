//! snappy, in both framings that are found in topics (P48): one raw block (librdkafka) or the chunks of snappy-java ("xerial").

use super::super::wire::Wire;
use super::{Out, Stop};

/// `org.xerial.snappy.SnappyCodec.MAGIC_HEADER`; two 32-bit version numbers follow it.
const XERIAL: &[u8; 8] = b"\x82SNAPPY\0";

/// No input can grow more than this: a copy takes at least two bytes and gives at most 64.
const MOST_RATIO: usize = 64;

pub(super) fn run(input: &[u8], out: &mut Out) -> Result<(), Stop> {
    if !input.starts_with(XERIAL) {
        return block(input, out);
    }
    let mut wire = Wire(input);
    while !wire.0.is_empty() {
        if wire.0.starts_with(XERIAL) {
            // Also in between: streams that were joined.
            wire.take(16).ok_or(Stop::Broken("it ends within a header"))?;
            continue;
        }
        let length = wire.i32().ok_or(Stop::Broken("it ends within a length"))?;
        let length = usize::try_from(length).map_err(|_negative| Stop::Broken("a negative length"))?;
        let chunk = wire.take(length).ok_or(Stop::Broken("a chunk is cut off"))?;
        block(chunk, out)?;
    }
    Ok(())
}

/// One raw block, behind what is in the buffer already.
fn block(input: &[u8], out: &mut Out) -> Result<(), Stop> {
    let size = snap::raw::decompress_len(input).map_err(|_why| Stop::Broken("a bad length at its front"))?;
    if size > input.len().saturating_mul(MOST_RATIO) {
        return Err(Stop::Broken("it claims more bytes than it can hold"));
    }
    if size > out.limit.saturating_sub(out.used) {
        return Err(Stop::TooLarge);
    }
    let room = out.room(size);
    let done = snap::raw::Decoder::new().decompress(input, room).map_err(|_why| Stop::Broken("bad data"))?;
    out.used = out.used.saturating_add(done);
    Ok(())
}

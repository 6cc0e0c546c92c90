//! The common line in one pass: fields in any order, text unescaped where it is to lie. Whatever is not plain (a field of somebody
//! else, a number of nineteen digits, half of a surrogate pair, anything wrong) is left to the careful parser, which also has the
//! words for it. So this one need not know why a line is odd, only that it is; a property below says that where both read a line
//! they read the same.
#![expect(clippy::option_option, reason = "what is null, and what is left to care")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::block::{Block, Row, Span};
use crate::core::produce::Lines;
use crate::model::PartitionId;

/// How far a word is stored at once: behind the text there has to be so much room.
const WORD: usize = 8;
/// The longest name of a field.
const LONGEST_NAME: usize = 16;

/// Adds the record of a line to the block, under the name `n`. `partition`: where it goes whatever it says. `None`: the careful
/// parser has to look at it, and the block is as it was.
pub(super) fn parse(text: &[u8], (lines, partition): (Lines, Option<PartitionId>), n: u64, block: &mut Block) -> Option<()> {
    // A line that is no UTF-8 is in need of care, wherever that is in it.
    std::str::from_utf8(text).ok()?;
    // Unescaped it is never longer.
    block.reserve(text.len().saturating_add(WORD));
    let mark @ (_, first) = block.mark();
    let mut parser = Parser { text, at: 0, block };
    let row = parser.line(lines);
    let Some(row) = row else {
        block.back(mark);
        return None;
    };
    block.finish(Row { n, partition: partition.or(row.partition), ..row }, first);
    Some(())
}

struct Parser<'a, 'b> {
    text: &'a [u8],
    at: usize,
    block: &'b mut Block,
}

/// A key or a value, and how it is told.
#[derive(Default)]
struct Part {
    seen: bool,
    text: Option<Span>,
    encoding: Option<bool>,
}

impl<'a> Parser<'a, '_> {
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The name of a field, up to its value. One with an escape in it is none of ours.
    fn name(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let from = self.at;
        let rest = self.text.get(from..)?;
        let length = rest.iter().take(LONGEST_NAME + 1).position(|&byte| byte == b'"')?;
        self.at += length + 1;
        self.eat(b':')?;
        self.text.get(from..from + length)
    }

    /// Whether there is another field or element behind this one, or `close`.
    fn more(&mut self, close: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            byte if byte == close => Some(false),
            _ => None,
        }
    }

    fn line(&mut self, lines: Lines) -> Option<Row> {
        let (mut key, mut value) = (Part::default(), Part::default());
        let (mut partition, mut timestamp_ms, mut headers, mut txn) = (None, None, false, false);
        self.eat(b'{')?;
        let mut more = self.peek()? != b'}';
        while more {
            match self.name()? {
                b"topic" | b"timestampType" => self.skip_text()?,
                b"offset" | b"leaderEpoch" => {
                    self.number()?;
                }
                b"partition" if partition.is_none() => partition = Some(self.number()?),
                b"timestampMs" if timestamp_ms.is_none() => timestamp_ms = Some(self.number()?),
                b"key" if !key.seen => self.part(&mut key)?,
                b"keyEncoding" if key.encoding.is_none() => key.encoding = Some(self.is_base64()?),
                b"value" if !value.seen => self.part(&mut value)?,
                b"valueEncoding" if value.encoding.is_none() => value.encoding = Some(self.is_base64()?),
                b"headers" if !headers => {
                    headers = true;
                    self.headers()?;
                }
                b"txn" if !txn => {
                    txn = true;
                    self.settled(lines)?;
                }
                // Somebody else's, or one that comes twice.
                _ => return None,
            }
            more = self.more(b'}')?;
        }
        if self.peek().is_some() || !value.seen {
            return None;
        }
        let partition = partition.flatten().map(i32::try_from).transpose().ok()?.map(PartitionId);
        let (key, value) = (self.decoded(&key)?, self.decoded(&value)?);
        Some(Row { n: 0, timestamp_ms: timestamp_ms.flatten(), partition: partition.filter(|_| lines.keep_partition), key, value })
    }

    fn headers(&mut self) -> Option<()> {
        self.eat(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            let (mut key, mut value) = (Part::default(), Part::default());
            self.eat(b'{')?;
            loop {
                match self.name()? {
                    b"key" if !key.seen => self.part(&mut key)?,
                    b"keyEncoding" if key.encoding.is_none() => key.encoding = Some(self.is_base64()?),
                    b"value" if !value.seen => self.part(&mut value)?,
                    b"valueEncoding" if value.encoding.is_none() => value.encoding = Some(self.is_base64()?),
                    _ => return None,
                }
                if !self.more(b'}')? {
                    break;
                }
            }
            if !value.seen {
                return None;
            }
            let key = self.decoded(&key)??;
            let value = self.decoded(&value)?;
            self.block.header(key, value);
            if !self.more(b']')? {
                return Some(());
            }
        }
    }

    fn null(&mut self) -> bool {
        let null = self.peek() == Some(b'n') && self.text.get(self.at..).is_some_and(|rest| rest.starts_with(b"null"));
        if null {
            self.at += 4;
        }
        null
    }

    /// Text or null.
    fn part(&mut self, part: &mut Part) -> Option<()> {
        part.seen = true;
        if !self.null() {
            part.text = Some(self.string()?);
        }
        Some(())
    }

    /// The bytes that a part stands for.
    fn decoded(&mut self, part: &Part) -> Option<Option<Span>> {
        match (part.text, part.encoding) {
            (text, None | Some(false)) => Some(text),
            (None, Some(true)) => None,
            (Some(text), Some(true)) => {
                let (text, _) = self.block.span_and_room(text);
                let most = base64::decoded_len_estimate(text.len());
                // What is still to be unescaped of the line needs its room as well.
                self.block.reserve(most.saturating_add(self.text.len()).saturating_add(WORD));
                let (text, room) = self.block.span_and_room(part.text?);
                let length = STANDARD.decode_slice(text, room).ok()?;
                Some(Some(self.block.take(length)))
            }
        }
    }

    /// `"base64"`, or null; another encoding is none that is known.
    fn is_base64(&mut self) -> Option<bool> {
        const BASE64: &[u8] = b"\"base64\"";
        if self.null() {
            return Some(false);
        }
        self.text.get(self.at..)?.starts_with(BASE64).then(|| self.at += BASE64.len())?;
        Some(true)
    }

    /// The transaction was committed, or it does not count.
    fn settled(&mut self, lines: Lines) -> Option<()> {
        if self.null() {
            return Some(());
        }
        let mark = self.block.mark();
        let word = self.string()?;
        let (word, _) = self.block.span_and_room(word);
        let counts = word == b"committed" || lines.include_aborted;
        self.block.back(mark);
        counts.then_some(())
    }

    fn skip_text(&mut self) -> Option<()> {
        if !self.null() {
            let mark = self.block.mark();
            self.string()?;
            self.block.back(mark);
        }
        Some(())
    }

    /// Null, or a whole number of at most eighteen digits.
    fn number(&mut self) -> Option<Option<i64>> {
        if self.null() {
            return Some(None);
        }
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let (from, mut n) = (self.at, 0_i64);
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            if self.at - from == 18 {
                return None;
            }
            n = n * 10 + i64::from(digit - b'0');
            self.at += 1;
        }
        match (self.at - from, self.text.get(from)) {
            // JSON has no numbers that begin with a 0 but for 0 itself; −0 is none of ours.
            (0, _) | (2.., Some(b'0')) => None,
            _ if negative && n == 0 => None,
            _ => Some(Some(if negative { -n } else { n })),
        }
    }

    /// A string, unescaped to where the block ends. Eight bytes at once are stored whole, and again from behind each escape.
    fn string(&mut self) -> Option<Span> {
        self.eat(b'"')?;
        let (text, room) = (self.text, self.block.room());
        let (mut at, mut to) = (self.at, 0);
        loop {
            let byte = if let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<WORD>) {
                let word = u64::from_le_bytes(*chunk);
                *room.get_mut(to..)?.first_chunk_mut()? = *chunk;
                let stop = stops(word).trailing_zeros() as usize / 8;
                (at, to) = (at + stop, to + stop);
                if stop == WORD {
                    continue;
                }
                *chunk.get(stop)?
            } else {
                *text.get(at)?
            };
            match byte {
                b'"' => {
                    self.at = at + 1;
                    return Some(self.block.take(to));
                }
                b'\\' => match text.get(at + 1)? {
                    b'u' => {
                        let (c, length) = unicode(text.get(at + 2..)?)?;
                        to += c.encode_utf8(room.get_mut(to..to + 4)?).len();
                        at += 2 + length;
                    }
                    &letter => {
                        *room.get_mut(to)? = plain(letter)?;
                        (at, to) = (at + 2, to + 1);
                    }
                },
                ..0x20 => return None,
                byte => {
                    *room.get_mut(to)? = byte;
                    (at, to) = (at + 1, to + 1);
                }
            }
        }
    }
}

/// What a letter behind a backslash stands for.
fn plain(letter: u8) -> Option<u8> {
    Some(match letter {
        b'"' | b'\\' | b'/' => letter,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        _ => return None,
    })
}

/// What stands behind `\u`, and how long it is: four digits, or ten for a pair.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |digits: Option<&[u8]>| digits?.iter().try_fold(0_u32, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?));
    match unit(text.get(..4))? {
        high @ 0xd800..0xdc00 if text.get(4..6)? == b"\\u" => match unit(text.get(6..10))? {
            low @ 0xdc00..0xe000 => Some((char::from_u32(0x1_0000 + ((high - 0xd800) << 10 | (low - 0xdc00)))?, 10)),
            _ => None,
        },
        unit => Some((char::from_u32(unit)?, 4)),
    }
}

/// Quotes, backslashes and control characters of a word, each as 0x80 in its place.
#[inline]
const fn stops(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64)) | zeros(word & (ONES * 0xe0))
}

/// Bytes of a word that are zero, each as 0x80 in its place.
#[inline]
const fn zeros(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((word & LOW) + LOW) | word | LOW)
}

#[cfg(test)]
mod tests;

//! Where a JSON string, number or word ends, and whether it is well formed. Positions in, positions out; the lexer and
//! the walker stand on this.

/// How a scalar ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scan {
    /// The position behind it.
    pub(super) end: usize,
    pub(super) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Whole,
    /// A whole string that has escapes in it.
    Escaped,
    /// The text ends within it.
    Cut,
    /// No JSON, and why.
    Broken(&'static str),
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

pub(super) fn byte(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

/// The first position from `at` on that is no white space.
#[inline]
pub(super) fn space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = byte(text, at) {
        at += 1;
    }
    at
}

/// Behind a byte order mark and white space: where the first token starts.
pub(super) fn start(text: &[u8]) -> usize {
    space(text, if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 })
}

/// The first quote, backslash or control character from `at` on, or the end. Eight bytes at a time: most strings in
/// messages are so short that a call of `memchr` costs more than it saves.
#[inline]
fn stop(text: &[u8], mut at: usize) -> usize {
    while let Some(Ok(eight)) = text.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(eight);
        let (quote, backslash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        let hit =
            ((quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash) | (word.wrapping_sub(ONES * 0x20) & !word))
                & HIGHS;
        if hit != 0 {
            // A borrow can only raise false hits above the first true one, and the first is what counts.
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(b) = byte(text, at) {
        if b == b'"' || b == b'\\' || b < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// The string whose opening quote is at `open`.
#[inline]
pub(super) fn string(text: &[u8], open: usize) -> Scan {
    let mut at = stop(text, open + 1);
    let mut state = State::Whole;
    loop {
        match byte(text, at) {
            Some(b'"') => return Scan { end: at + 1, state },
            Some(b'\\') => {
                let hex = |n: usize| text.get(at + 2..at + 2 + n).is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit));
                state = State::Escaped;
                at += match byte(text, at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                    Some(b'u') if hex(4) => 6,
                    Some(b'u') if hex(text.len().saturating_sub(at + 2).min(4)) => return Scan { end: text.len(), state: State::Cut },
                    Some(_) => return broken_string(text, at, "an escape that JSON does not have"),
                    None => return Scan { end: text.len(), state: State::Cut },
                };
            }
            Some(_) => return broken_string(text, at, "a control character within a string"),
            None => return Scan { end: text.len(), state: State::Cut },
        }
        at = stop(text, at);
    }
}

/// A string with a flaw at `at` still ends at its closing quote, so that lexing can go on behind it.
fn broken_string(text: &[u8], mut at: usize, why: &'static str) -> Scan {
    loop {
        let Some(next) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) else {
            return Scan { end: text.len(), state: State::Broken(why) };
        };
        at += next;
        if byte(text, at) == Some(b'"') {
            return Scan { end: at + 1, state: State::Broken(why) };
        }
        at = (at + 2).min(text.len());
    }
}

fn digits(text: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9') = byte(text, at) {
        at += 1;
    }
    at
}

/// Whether a scalar may end before this byte.
fn delimits(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'[' | b']' | b'{' | b'}' | b'"')
}

/// The end of the run of bytes that starts at `at` and has no delimiter; at least one byte long.
pub(super) fn run(text: &[u8], at: usize) -> usize {
    let rest = text.get(at + 1..).unwrap_or_default();
    at + 1 + rest.iter().position(|&b| delimits(b)).unwrap_or(rest.len())
}

/// The number that starts at `at` with a digit or a minus sign.
#[inline]
pub(super) fn number(text: &[u8], at: usize) -> Scan {
    const WHY: &str = "a number that is not written as JSON writes it";
    let short = |end: usize| match byte(text, end) {
        None => Scan { end, state: State::Cut },
        Some(_) => Scan { end: run(text, at), state: State::Broken(WHY) },
    };
    let first = if byte(text, at) == Some(b'-') { at + 1 } else { at };
    let mut end = match byte(text, first) {
        Some(b'0') => first + 1,
        Some(b'1'..=b'9') => digits(text, first + 1),
        _ => return short(first),
    };
    if byte(text, end) == Some(b'.') {
        let fraction = end + 1;
        end = digits(text, fraction);
        if end == fraction {
            return short(end);
        }
    }
    if let Some(b'e' | b'E') = byte(text, end) {
        let exponent = if let Some(b'+' | b'-') = byte(text, end + 1) { end + 2 } else { end + 1 };
        end = digits(text, exponent);
        if end == exponent {
            return short(end);
        }
    }
    match byte(text, end) {
        Some(b) if !delimits(b) => Scan { end: run(text, at), state: State::Broken(WHY) },
        _ => Scan { end, state: State::Whole },
    }
}

/// The word `word`, whose first letter is at `at`.
#[inline]
pub(super) fn word(text: &[u8], at: usize, word: &'static [u8]) -> Scan {
    let end = at + word.len();
    if text.get(at..end) == Some(word) && byte(text, end).is_none_or(delimits) {
        return Scan { end, state: State::Whole };
    }
    let end = run(text, at);
    let cut = end == text.len() && text.get(at..end).is_some_and(|have| word.starts_with(have));
    Scan { end, state: if cut { State::Cut } else { State::Broken("a word that JSON does not have") } }
}

/// The containers that are open, as one bit each: true is an object. No allocation below 64 levels.
#[derive(Debug, Clone, Default)]
pub(super) struct Nest {
    bits: u64,
    spilled: Vec<u64>,
    depth: usize,
}

impl Nest {
    #[inline]
    pub(super) fn push(&mut self, object: bool) {
        if self.depth.is_multiple_of(64) && self.depth > 0 {
            self.spilled.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.bits >>= 1;
        if self.depth.is_multiple_of(64) {
            self.bits = self.spilled.pop().unwrap_or(0);
        }
    }

    /// Whether the innermost one is an object; `None` when none is open.
    #[inline]
    pub(super) fn object(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }
}

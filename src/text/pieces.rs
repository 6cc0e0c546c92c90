//! Foreign bytes cut into pieces that may be drawn. Each piece knows the raw bytes it stands for, so that colours and
//! matched ranges, which are known in raw bytes, survive the escaping.

use std::borrow::Cow;
use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Combining marks that one cell may carry: marks alone have crashed terminals (CVE-2021-27135) and filled memory.
const MARKS: usize = 4;

/// Marks that are swallowed behind those at most; further ones become code points, so that no cell costs more than this.
const SWALLOWED: usize = 1024;

/// Bytes of one run of ASCII at most: a window needs no more at a time, and a line may be megabytes long.
const RUN: usize = 4096;

/// What a piece is, and so where it may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A run of printable ASCII: one byte is one column, it may be cut anywhere.
    Ascii,
    /// One character with its marks: never cut.
    Cluster,
    /// Text of ours that stands for something that must not be drawn: may be cut between characters.
    Escape,
}

/// Some raw bytes and how they are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Where the bytes lie in what was given to [`pieces`].
    pub raw: Range<usize>,
    pub shown: Cow<'a, str>,
    /// Columns.
    pub width: usize,
    pub kind: Kind,
}

/// See [`pieces`].
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The pieces of `bytes`, in order and without gaps. Nothing is kept back: invalid UTF-8 becomes `\xNN`, controls their
/// pictures, and what has no width or changes the direction becomes its code point.
pub fn pieces(bytes: &[u8]) -> Pieces<'_> {
    Pieces { bytes, at: 0 }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let start = self.at;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let mut run = ascii_run(rest.get(..RUN).unwrap_or(rest));
        // The last letter of a run may carry marks that follow it.
        if run > 0 && rest.get(run).is_some_and(|&byte| byte >= 0x80) {
            run -= 1;
        }
        if run > 0 {
            self.at += run;
            let shown = rest.get(..run).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
            return Some(Piece { raw: start..self.at, shown: Cow::Borrowed(shown), width: run, kind: Kind::Ascii });
        }
        let Some(first) = next_char(rest) else {
            self.at += 1;
            let byte = rest.first().copied().unwrap_or_default();
            return Some(escaped(start..self.at, format!("\\x{byte:02x}")));
        };
        if let Some(text) = escape(first) {
            self.at += first.len_utf8();
            return Some(escaped(start..self.at, text));
        }
        // A mark with nothing before it would join what is drawn to its left.
        if first.width().unwrap_or(0) == 0 {
            self.at += first.len_utf8();
            return Some(escaped(start..self.at, code_point(first)));
        }
        Some(self.cluster(rest, first))
    }
}

impl<'a> Pieces<'a> {
    /// A visible character and the marks that follow it, at most [`MARKS`] of them.
    fn cluster(&mut self, rest: &'a [u8], first: char) -> Piece<'a> {
        let start = self.at;
        let mut end = first.len_utf8();
        let mut kept = end;
        let mut marks = 0;
        while marks < SWALLOWED
            && let Some(next) = rest.get(end..).and_then(next_char).filter(|&c| is_mark(c))
        {
            end += next.len_utf8();
            marks += 1;
            if marks <= MARKS {
                kept = end;
            }
        }
        self.at += end;
        let text = rest.get(..kept).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        let shown = if marks > MARKS { Cow::Owned(format!("{text}…")) } else { Cow::Borrowed(text) };
        Piece { raw: start..self.at, width: shown.width(), shown, kind: Kind::Cluster }
    }
}

fn escaped<'a>(raw: Range<usize>, text: String) -> Piece<'a> {
    Piece { raw, width: text.width(), shown: Cow::Owned(text), kind: Kind::Escape }
}

/// How many bytes of printable ASCII stand at the start of `bytes`.
pub fn ascii_run(bytes: &[u8]) -> usize {
    let plain = |byte: u8| byte.wrapping_sub(b' ') < 0x5f;
    // Whole blocks first, without a branch per byte: the compiler makes vector code of it.
    let blocks = bytes.chunks_exact(32).take_while(|block| block.iter().fold(true, |all, &byte| all & plain(byte))).count() * 32;
    let tail = bytes.get(blocks..).unwrap_or_default();
    blocks + tail.iter().take_while(|&&byte| plain(byte)).count()
}

/// The nearest place at or before `at` that is not inside a UTF-8 character.
pub fn boundary(bytes: &[u8], at: usize) -> usize {
    let at = at.min(bytes.len());
    (at.saturating_sub(3)..at)
        .find(|&start| bytes.get(start..).and_then(next_char).is_some_and(|c| start + c.len_utf8() > at))
        .unwrap_or(at)
}

/// The character that `bytes` begin with, if they are UTF-8.
fn next_char(bytes: &[u8]) -> Option<char> {
    let length = match bytes.first()? {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return None,
    };
    std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()
}

/// Whether a character is drawn in the cell of the one before it.
fn is_mark(c: char) -> bool {
    c.width() == Some(0) && escape(c).is_none()
}

/// What stands for a character that must not be drawn, if it is one.
fn escape(c: char) -> Option<String> {
    let code = u32::from(c);
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + code).map(String::from),
        '\x7f' => Some("␡".to_owned()),
        '\u{80}'..='\u{9f}' => Some(format!("\\x{code:02x}")),
        _ if c.is_ascii() => None,
        // Default_Ignorable_Code_Point of Unicode, which holds the zero-width, bidi and tag characters …
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        // … then the line and paragraph separators, the annotation and hieroglyph controls …
        | '\u{2028}'..='\u{2029}' | '\u{fff9}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
        // … the skin tones, which join the emoji before them in some terminals and take two columns more in others, so that
        // whatever stands behind them would be drawn elsewhere than we know …
        | '\u{1f3fb}'..='\u{1f3ff}'
        // … and code points that are no characters.
        | '\u{fdd0}'..='\u{fdef}' => Some(code_point(c)),
        _ if code & 0xfffe == 0xfffe => Some(code_point(c)),
        _ => None,
    }
}

fn code_point(c: char) -> String {
    format!("⟨U+{:04X}⟩", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        pieces(bytes).map(|piece| piece.shown.into_owned()).collect()
    }

    #[test]
    fn what_must_not_be_drawn_is_visible_text() {
        for (raw, expected) in [
            ("\x1b[2J\x07\t\n\0\x7f", "␛[2J␇␉␊␀␡"),
            ("\u{9b}31m\u{85}", "\\x9b31m\\x85"),
            ("abc\u{202e}gpj", "abc⟨U+202E⟩gpj"),
            ("a\u{200b}b\u{feff}\u{ad}", "a⟨U+200B⟩b⟨U+FEFF⟩⟨U+00AD⟩"),
            ("x\u{e0041}", "x⟨U+E0041⟩"),
            ("g\u{2028}h", "g⟨U+2028⟩h"),
            ("\u{ffff}\u{10ffff}\u{e000}", "⟨U+FFFF⟩⟨U+10FFFF⟩\u{e000}"),
            ("\u{301}x", "⟨U+0301⟩x"),
            ("e\u{301} é 漢字 🎉👍🇳🇴", "e\u{301} é 漢字 🎉👍🇳🇴"),
            ("👍🏽", "👍⟨U+1F3FD⟩"),
        ] {
            assert_eq!(shown(raw.as_bytes()), expected);
        }
        assert_eq!(shown(b"caf\xe9 \xff\xc3"), "caf\\xe9 \\xff\\xc3");
        assert_eq!(shown(b"\xed\xa0\x80"), "\\xed\\xa0\\x80");
    }

    #[test]
    fn marks_are_four_at_most() {
        let raw = format!("o{}p", "\u{300}".repeat(50));
        assert_eq!(shown(raw.as_bytes()), "o\u{300}\u{300}\u{300}\u{300}…p");
    }

    #[test]
    fn pieces_cover_the_bytes_without_gaps() {
        let raw = "héllo\u{202e}\x1b漢 e\u{301}".as_bytes();
        let mut at = 0;
        for piece in pieces(raw) {
            assert_eq!(piece.raw.start, at);
            at = piece.raw.end;
        }
        assert_eq!(at, raw.len());
    }

    #[test]
    fn a_boundary_is_never_inside_a_character() {
        let raw = "a漢🎉".as_bytes();
        let found: Vec<_> = (0..=raw.len()).map(|at| boundary(raw, at)).collect();
        assert_eq!(found, [0, 1, 1, 1, 4, 4, 4, 4, 8]);
        assert_eq!(boundary(b"\xff\xff\x80\x80", 3), 3);
    }
}

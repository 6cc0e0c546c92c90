//! [`Shown`]: the only text that may reach a terminal, a log or a title.

use std::borrow::Cow;
use std::fmt;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

use super::pieces::{Kind, pieces};
use super::{ascii_run, units};

/// Bytes of one text that are drawn at most; a note says how much more there is.
const DRAWN: usize = 4096;

/// Text that is safe to draw: no control, bidi, zero-width or tag character, at most four marks per letter. Only the
/// functions here make it. Plain text is borrowed, so asking for it costs one look at each byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    text: Cow<'a, str>,
    more: usize,
}

impl<'a> Shown<'a> {
    /// `text` as it may be drawn, 4 KB at most: what is longer ends in `… +12 MB more`.
    pub fn of(text: &'a str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// As [`Shown::of`] for bytes that may be anything: what is not UTF-8 becomes `\xNN`.
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        Self::made(bytes, DRAWN)
    }

    /// All of `bytes`, however long: for what is printed or copied, not drawn.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self::made(bytes, usize::MAX)
    }

    fn made(bytes: &'a [u8], limit: usize) -> Self {
        if bytes.len() <= limit
            && ascii_run(bytes) == bytes.len()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Self { text: Cow::Borrowed(text), more: 0 };
        }
        // As long as nothing had to be changed the text is still the first `same` bytes.
        let mut same = 0;
        let mut made: Option<String> = None;
        let borrowed = |end: usize| bytes.get(..end).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        for piece in pieces(bytes) {
            let so_far = made.as_ref().map_or(same, String::len);
            if so_far + piece.shown.len() > limit {
                let room = if piece.kind == Kind::Ascii { limit - so_far } else { 0 };
                let mut text = made.unwrap_or_else(|| borrowed(same).to_owned());
                text.push_str(piece.shown.get(..room).unwrap_or_default());
                let more = bytes.len() - piece.raw.start - room;
                text += "… +";
                text += &units::size(units::wide(more));
                text += " more";
                return Self { text: Cow::Owned(text), more };
            }
            match (&mut made, &piece.shown) {
                (None, Cow::Borrowed(_)) => same = piece.raw.end,
                (None, Cow::Owned(shown)) => made = Some(format!("{}{shown}", borrowed(same))),
                (Some(text), shown) => text.push_str(shown),
            }
        }
        Self { text: made.map_or_else(|| Cow::Borrowed(borrowed(same)), Cow::Owned), more: 0 }
    }

    /// The text; safe from here on.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Bytes of the source that are not in it: 0 unless it was over the limit.
    pub fn more(&self) -> usize {
        self.more
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        width(&self.text)
    }

    /// What fits into `columns`, with `…` at the end when something is missing. Wide characters are never split.
    pub fn cut(&self, columns: usize) -> Shown<'_> {
        if self.text.len() <= columns || self.width() <= columns {
            return Shown { text: Cow::Borrowed(&self.text), more: self.more };
        }
        let Some(room) = columns.checked_sub(1) else { return Shown { text: Cow::Borrowed(""), more: self.more } };
        let mut used = 0;
        let kept = self.text.graphemes(true).take_while(|grapheme| {
            used += grapheme.width();
            used <= room
        });
        let mut text: String = kept.collect();
        text.push('…');
        Shown { text: Cow::Owned(text), more: self.more }
    }

    /// Detached from what it was made of.
    pub fn into_owned(self) -> Shown<'static> {
        Shown { text: Cow::Owned(self.text.into_owned()), more: self.more }
    }

    pub fn into_string(self) -> String {
        self.text.into_owned()
    }

    /// The lines of a text, split at `\n` before anything is escaped: each is to be passed to [`Shown::of_bytes`].
    pub fn lines(bytes: &[u8]) -> Lines<'_> {
        Lines { rest: Some(bytes) }
    }
}

/// See [`Shown::lines`]. A last `\n` does not begin another line; text without any is one line.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let Some(end) = memchr::memchr(b'\n', rest) else { return Some(rest) };
        self.rest = rest.get(end + 1..).filter(|rest| !rest.is_empty());
        rest.get(..end)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// Columns of a text that is safe already: the sum over its graphemes, as the terminal library counts them.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["", "orders.created", "naïve 漢字"] {
            assert!(matches!(Shown::of(text).text, Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn what_is_long_says_how_much_more_there_is() {
        let text = "x".repeat(12_004_096);
        let shown = Shown::of(&text);
        assert_eq!(shown.as_str().len(), DRAWN + "… +12 MB more".len());
        assert!(shown.as_str().ends_with("x… +12 MB more"), "{shown:?}");
        assert_eq!(shown.more(), 12_000_000);
        assert_eq!(Shown::whole(text.as_bytes()).as_str().len(), text.len());
        let marked = format!("\x1b{text}");
        assert_eq!(Shown::of(&marked).more(), marked.len() - 1 - (DRAWN - "␛".len()));
    }

    #[test]
    fn cutting_keeps_wide_characters_whole() {
        for (text, columns, expected) in [
            ("orders", 6, "orders"),
            ("orders", 5, "orde…"),
            ("漢字かな", 8, "漢字かな"),
            ("漢字かな", 7, "漢字か…"),
            ("漢字かな", 6, "漢字…"),
            ("orders", 1, "…"),
            ("orders", 0, ""),
            ("", 0, ""),
        ] {
            assert_eq!(Shown::of(text).cut(columns).as_str(), expected, "{text} in {columns}");
        }
    }

    #[test]
    fn lines_are_split_before_they_are_escaped() {
        let lines: Vec<_> = Shown::lines(b"a\r\n\nb\n").map(|line| Shown::of_bytes(line).into_string()).collect();
        assert_eq!(lines, ["a␍", "", "b"]);
        assert_eq!(Shown::lines(b"").count(), 1);
    }

    /// What must never be in a text that is drawn.
    fn is_unsafe(c: char) -> bool {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
            || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    }

    fn odd_text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            '\x1b',
            '\u{9b}',
            '\u{202e}',
            '\u{200d}',
            '\u{301}',
            '\u{e0041}',
            '漢',
            '🎉',
            '🏽',
            '\u{fe0f}',
            'a',
            '🇳',
            '\u{1160}',
            'ل',
            'ا',
            'क',
            '\u{94d}',
        ]);
        prop::collection::vec(prop_oneof![odd, any::<char>()], 0..60).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn shown_text_is_safe_whatever_it_was_made_of(bytes: Vec<u8>, text in odd_text()) {
            for shown in [Shown::of_bytes(&bytes), Shown::of(&text)] {
                prop_assert!(!shown.as_str().chars().any(is_unsafe), "{shown:?}");
            }
        }

        #[test]
        fn a_cut_text_is_never_wider_than_asked(text in odd_text(), columns in 0_usize..80) {
            prop_assert!(Shown::of(&text).cut(columns).width() <= columns);
        }

        #[test]
        fn pieces_are_never_narrower_than_what_is_drawn(text in odd_text()) {
            let sum: usize = pieces(text.as_bytes()).map(|piece| piece.width).sum();
            prop_assert!(Shown::of(&text).width() <= sum);
        }
    }
}

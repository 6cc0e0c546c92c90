//! One line of coloured text, painted through a window of columns: what trees, previews and text views give to a screen.

use std::ops::Range;

use super::pieces::{Kind, Piece, pieces};
use super::shown;

/// What a piece of text is; a theme has one colour for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Class {
    #[default]
    Text,
    Key,
    String,
    Number,
    /// true, false, null, and the keywords of other languages.
    Word,
    Punctuation,
    /// Facts of ours between the data: "3 keys", `…`, offsets of a hex view, comments.
    Dim,
    /// Signs of ours that stand for data: fold marks, escapes such as `␛` and `⟨U+202E⟩`.
    Mark,
    /// Where the data breaks its own format.
    Broken,
}

/// Text of one class. It is safe to draw: only this module makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    text: String,
    pub class: Class,
    /// Part of what a search or a filter matched: to be underlined.
    pub hit: bool,
}

impl Segment {
    /// A word of our own.
    pub fn own(text: &'static str, class: Class) -> Self {
        Self { text: text.to_owned(), class, hit: false }
    }

    /// Foreign text, escaped.
    pub fn of(bytes: &[u8], class: Class) -> Self {
        Self { text: super::Shown::of_bytes(bytes).into_string(), class, hit: false }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn width(&self) -> usize {
        shown::width(&self.text)
    }
}

/// One screen line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    pub segments: Vec<Segment>,
}

impl Line {
    /// The text without its classes.
    pub fn text(&self) -> String {
        self.segments.iter().map(Segment::as_str).collect()
    }

    pub fn width(&self) -> usize {
        self.segments.iter().map(Segment::width).sum()
    }

    /// The line behind so many spaces.
    pub fn indented(mut self, columns: usize) -> Self {
        self.segments.insert(0, Segment { text: " ".repeat(columns), class: Class::Text, hit: false });
        self
    }
}

/// The columns of a line that are on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first column shown: more than 0 when scrolled sideways.
    pub from: usize,
    /// How many columns there are.
    pub columns: usize,
}

impl Window {
    /// An unscrolled window.
    pub fn wide(columns: usize) -> Self {
        Self { from: 0, columns }
    }
}

/// Collects one line: takes text from the left, keeps what falls into the window, and stops asking once it is full.
#[derive(Debug)]
pub struct Painter {
    from: usize,
    to: usize,
    /// The column where the next text begins.
    at: usize,
    line: Line,
    more: bool,
    /// What begins in the window is drawn whole, one column over its end at most.
    overhang: bool,
}

impl Painter {
    pub fn new(window: Window) -> Self {
        let to = window.from.saturating_add(window.columns);
        Self { from: window.from, to, at: 0, line: Line::default(), more: false, overhang: false }
    }

    /// For one of several windows that show a line together: a wide character at the border belongs to the left one, which
    /// must have a column to spare. To be ended with [`Painter::finish_wrapped`].
    pub fn wrapped(window: Window) -> Self {
        Self { overhang: true, ..Self::new(window) }
    }

    /// Draws nothing and counts: [`Painter::column`] at the end is the width of the line.
    pub fn measuring() -> Self {
        Self::new(Window { from: usize::MAX, columns: 0 })
    }

    /// Whether what follows can not be seen any more. Callers stop there.
    pub fn full(&self) -> bool {
        self.at > self.to || self.more
    }

    /// The column where the next text begins.
    pub fn column(&self) -> usize {
        self.at
    }

    /// The first column of the window.
    pub fn from(&self) -> usize {
        self.from
    }

    /// Steps over so many columns that the caller knows to lie left of the window.
    pub fn skip(&mut self, columns: usize) {
        self.at = self.at.saturating_add(columns);
    }

    /// Text of our own: it holds nothing foreign.
    pub fn own(&mut self, text: &str, class: Class) {
        self.bytes(text.as_bytes(), class);
    }

    /// Text of our own that stands for foreign bytes, which a search may have matched: the digits of a hex view.
    pub fn stand_in(&mut self, text: &str, class: Class, hit: bool) {
        for piece in pieces(text.as_bytes()) {
            match piece.kind {
                Kind::Ascii => self.ascii(&piece, &piece.raw, piece.raw.clone(), class, hit),
                _ => self.piece(&piece, class, hit),
            }
        }
    }

    /// Says that there is more than was given: the line ends in `…` although all of it fits.
    pub fn unfinished(&mut self) {
        self.more = true;
    }

    /// Foreign bytes.
    pub fn bytes(&mut self, bytes: &[u8], class: Class) {
        self.matched(bytes, 0, class, &[]);
    }

    /// Foreign bytes that lie at `base` of a larger whole, in which `hits` (sorted, not overlapping) are matched ranges.
    pub fn matched(&mut self, bytes: &[u8], base: usize, class: Class, hits: &[Range<usize>]) {
        for piece in pieces(bytes) {
            if self.full() {
                return;
            }
            let class = if piece.kind == Kind::Escape { Class::Mark } else { class };
            let raw = base + piece.raw.start..base + piece.raw.end;
            let first = hits.partition_point(|hit| hit.end <= raw.start);
            let touching = hits.get(first..).unwrap_or_default().iter().take_while(|hit| hit.start < raw.end);
            if piece.kind != Kind::Ascii {
                self.piece(&piece, class, touching.count() > 0);
                continue;
            }
            // A run of ASCII is cut where hits begin and end.
            let mut at = raw.start;
            for hit in touching {
                self.ascii(&piece, &raw, at..hit.start, class, false);
                self.ascii(&piece, &raw, hit.start.max(raw.start)..hit.end.min(raw.end), class, true);
                at = hit.end;
            }
            self.ascii(&piece, &raw, at..raw.end, class, false);
        }
    }

    /// The part of an ASCII piece at `part` of the whole, clipped to the window.
    fn ascii(&mut self, piece: &Piece<'_>, raw: &Range<usize>, part: Range<usize>, class: Class, hit: bool) {
        let length = part.end.saturating_sub(part.start);
        if length == 0 || part.start < raw.start {
            return;
        }
        let skipped = self.from.saturating_sub(self.at).min(length);
        let end = self.to.saturating_sub(self.at).min(length);
        let start = part.start - raw.start;
        let text = piece.shown.get(start + skipped..start + end.max(skipped)).unwrap_or_default();
        self.push(text, class, hit);
        self.more |= end < length;
        self.at += length;
    }

    /// A piece that is no run of ASCII: an escape may be cut between its characters, a cluster leaves spaces where only its
    /// right half is in the window.
    fn piece(&mut self, piece: &Piece<'_>, class: Class, hit: bool) {
        let mut buffer = [0; 4];
        match piece.kind {
            Kind::Escape => {
                for c in piece.shown.chars() {
                    self.cluster(c.encode_utf8(&mut buffer), 1, class, hit);
                }
            }
            _ => self.cluster(&piece.shown, piece.width, class, hit),
        }
    }

    fn cluster(&mut self, text: &str, width: usize, class: Class, hit: bool) {
        let end = self.at.saturating_add(width);
        if self.overhang {
            if self.at >= self.from && self.at < self.to {
                self.push(if end > self.to + 1 { "…" } else { text }, class, hit);
            }
            self.more |= self.at >= self.to;
        } else if end > self.to {
            self.more = true;
        } else if self.at >= self.from {
            self.push(text, class, hit);
        } else if end > self.from {
            self.push(&" ".repeat(end - self.from), class, hit);
        }
        self.at = end;
    }

    fn push(&mut self, text: &str, class: Class, hit: bool) {
        if text.is_empty() {
            return;
        }
        match self.line.segments.last_mut() {
            Some(last) if last.class == class && last.hit == hit => last.text.push_str(text),
            _ => self.line.segments.push(Segment { text: text.to_owned(), class, hit }),
        }
    }

    /// The line. When something right of the window is missing, its last column says `…`.
    pub fn finish(mut self) -> Line {
        let columns = self.to - self.from;
        if (self.more || self.at > self.to) && columns > 0 {
            self.shorten(columns - 1);
            self.push("…", Class::Dim, false);
        }
        self.line
    }

    /// The line as it is, without `…`: the next screen line goes on with what is missing (wrapped text).
    pub fn finish_wrapped(self) -> Line {
        self.line
    }

    /// Takes graphemes from the end until the line is at most so wide.
    fn shorten(&mut self, columns: usize) {
        use unicode_segmentation::UnicodeSegmentation as _;
        let mut width = self.line.width();
        while width > columns {
            let Some(last) = self.line.segments.last_mut() else { return };
            let Some((start, grapheme)) = last.text.grapheme_indices(true).next_back() else {
                self.line.segments.pop();
                continue;
            };
            width -= shown::width(grapheme).min(width);
            last.text.truncate(start);
        }
        self.line.segments.retain(|segment| !segment.text.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn painted(text: &str, from: usize, columns: usize) -> String {
        let mut painter = Painter::new(Window { from, columns });
        painter.bytes(text.as_bytes(), Class::Text);
        painter.finish().text()
    }

    #[test]
    fn a_window_shows_what_lies_in_it() {
        for (text, from, columns, expected) in [
            ("orders", 0, 6, "orders"),
            ("orders", 0, 5, "orde…"),
            ("orders", 2, 4, "ders"),
            ("orders", 2, 3, "de…"),
            ("orders", 9, 3, ""),
            ("漢字かな", 0, 5, "漢字…"),
            ("漢字かな", 1, 7, " 字かな"),
            ("漢字かな", 1, 4, " 字…"),
            ("a\u{202e}b", 3, 4, "+20…"),
            ("orders", 0, 0, ""),
        ] {
            assert_eq!(painted(text, from, columns), expected, "{text} from {from}, {columns} columns");
        }
    }

    #[test]
    fn hits_are_raw_ranges_and_survive_escapes() {
        let raw = b"\x1b[31mFAILED\xff now";
        let mut painter = Painter::new(Window::wide(80));
        painter.matched(raw, 100, Class::String, &[100..101, 105..112]);
        let line = painter.finish();
        let found: Vec<_> = line.segments.iter().map(|s| (s.as_str(), s.hit, s.class)).collect();
        assert_eq!(
            found,
            [
                ("␛", true, Class::Mark),
                ("[31m", false, Class::String),
                ("FAILED", true, Class::String),
                ("\\xff", true, Class::Mark),
                (" now", false, Class::String)
            ]
        );
    }

    proptest! {
        #[test]
        fn a_line_is_never_wider_than_its_window(bytes: Vec<u8>, text: String, from in 0_usize..20, columns in 0_usize..20) {
            for raw in [bytes.as_slice(), text.as_bytes()] {
                let mut painter = Painter::new(Window { from, columns });
                painter.matched(raw, 0, Class::Text, &[1..3, 4..9]);
                prop_assert!(painter.finish().width() <= columns);
            }
        }

        #[test]
        fn windows_side_by_side_make_the_whole(text in "[a-z漢\\x1b\u{202e}]{0,40}", columns in 1_usize..9) {
            let whole: String = pieces(text.as_bytes()).map(|piece| piece.shown.into_owned()).collect();
            let parts: String = (0..=whole.len() / columns).map(|n| {
                let mut painter = Painter::wrapped(Window { from: n * columns, columns });
                painter.bytes(text.as_bytes(), Class::Text);
                painter.finish_wrapped().text()
            }).collect();
            prop_assert_eq!(parts, whole);
        }
    }
}

//! Bytes to something that can be read: a null, JSON as a tree, text, numbers, or hex. What each value seems to be is told
//! by name, and every other decoder can be asked for.
//!
//! Pure, and to be called off the loop for values of any size; [`preview()`] alone is made for drawing. May use `json`, `text`,
//! `tree`, and syntect for text that is not JSON. To add a decoder: a file here, a `Body` if rows like its do not exist
//! yet, and one row in [`DECODERS`], over which the tests iterate.

mod copy;
mod hex;
mod highlight;
mod number;
mod preview;
mod sniff;
mod text;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::json::Shape;
use crate::text::{Class, Line, Painter, Window, units};
use crate::tree::{Folds, Found, Needle, Row, Tree, Wrap};

pub use copy::Form;
pub use highlight::Highlighted;
pub use preview::{HITS_WITHIN, preview};
pub use sniff::schema_id;
pub use text::Text;

/// Which decoder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Wanted {
    /// What the bytes seem to be.
    #[default]
    Auto,
    Json,
    /// Lines, highlighted where the language is known.
    Text,
    /// The bytes as they are, as text: nothing printed anew, nothing highlighted.
    Raw,
    Hex,
    /// 4 or 8 bytes as the numbers that Kafka's serializers write.
    Number,
}

/// One way to read a value.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    pub wanted: Wanted,
    /// The name on screen.
    pub name: &'static str,
    /// Whether it has something to show for these bytes.
    pub applies: fn(&[u8]) -> bool,
    /// Whether it is what these bytes seem to be. The first row that says yes is taken.
    guess: fn(&[u8]) -> bool,
    read: fn(&Bytes) -> Body,
}

/// All decoders, in the order in which they guess.
pub const DECODERS: &[Decoder] = &[
    Decoder {
        wanted: Wanted::Json,
        name: "json",
        applies: sniff::json_start,
        guess: sniff::json,
        read: |bytes| Body::Tree(Arc::new(Tree::new(bytes))),
    },
    Decoder {
        wanted: Wanted::Text,
        name: "text",
        applies: |_| true,
        guess: sniff::text,
        read: |bytes| Body::Text(Text::highlighted(bytes)),
    },
    Decoder { wanted: Wanted::Raw, name: "raw", applies: |_| true, guess: |_| false, read: |bytes| Body::Text(Text::plain(bytes)) },
    Decoder {
        wanted: Wanted::Number,
        name: "number",
        applies: number::fits,
        guess: |_| false,
        read: |bytes| Body::Facts(number::facts(bytes)),
    },
    Decoder { wanted: Wanted::Hex, name: "hex", applies: |_| true, guess: |_| true, read: |bytes| Body::Hex(bytes.clone()) },
];

/// What a value became.
#[derive(Debug, Clone)]
enum Body {
    /// No rows of the value's own: a sentence.
    Note(&'static str),
    Tree(Arc<Tree>),
    Text(Text),
    Hex(Bytes),
    /// Labels and figures of ours.
    Facts(Vec<(&'static str, String)>),
}

/// A value ready to be shown, whatever it is: rows, drawn by the window. Immutable: what is folded lies in [`Folds`].
#[derive(Debug, Clone)]
pub struct View {
    decoder: &'static str,
    note: Option<String>,
    source: Bytes,
    body: Body,
}

/// Reads a value as it was asked for. `None` is null, a tombstone. When the decoder asked for does not apply, as what it seems to be.
pub fn view(value: Option<&Bytes>, wanted: Wanted) -> View {
    let Some(bytes) = value else {
        return View { decoder: "null", note: None, source: Bytes::new(), body: Body::Note("∅ null") };
    };
    if bytes.is_empty() {
        return View { decoder: "empty", note: None, source: Bytes::new(), body: Body::Note("\"\" empty") };
    }
    let fits = |decoder: &&Decoder| match wanted {
        Wanted::Auto => (decoder.guess)(bytes),
        _ => decoder.wanted == wanted && (decoder.applies)(bytes),
    };
    // What does not apply is shown as what it seems to be; the last row of the table takes everything.
    let Some(decoder) = DECODERS.iter().find(fits) else { return view(value, Wanted::Auto) };
    let body = (decoder.read)(bytes);
    // A log line such as `[17] done` begins like an array, and only its end tells that it is none.
    if let (Wanted::Auto, Body::Tree(tree)) = (wanted, &body)
        && sniff::line_of_text(tree)
    {
        return view(value, Wanted::Text);
    }
    View { decoder: decoder.name, note: note(bytes, &body), source: bytes.clone(), body }
}

/// The decoders that have something to show for a value, in the order in which `v` goes through them.
pub fn choices(value: Option<&[u8]>) -> Vec<&'static Decoder> {
    let Some(bytes) = value.filter(|bytes| !bytes.is_empty()) else { return Vec::new() };
    DECODERS.iter().filter(|decoder| (decoder.applies)(bytes)).collect()
}

/// What is to be said beside the decoder's name. Holds nothing foreign.
fn note(bytes: &Bytes, body: &Body) -> Option<String> {
    match body {
        Body::Tree(tree) => match tree.shape() {
            Shape::Broken { at, .. } | Shape::Truncated { at } => Some(format!("breaks at byte {}", units::thousands(units::wide(at)))),
            Shape::ValidSequence => Some("several values".to_owned()),
            Shape::Valid | Shape::NotJson => None,
        },
        Body::Text(text) => text.language().map(str::to_owned),
        Body::Hex(_) => match schema_id(bytes) {
            Some(id) => Some(format!("framed, schema id {id}")),
            None if number::fits(bytes) => Some(format!("{} bytes, maybe a number", bytes.len())),
            None => None,
        },
        Body::Note(_) | Body::Facts(_) => None,
    }
}

impl View {
    /// The decoder's name and what it found: `hex · framed, schema id 42`. Holds nothing foreign.
    pub fn title(&self) -> String {
        self.note.as_ref().map_or_else(|| self.decoder.to_owned(), |note| format!("{} · {note}", self.decoder))
    }

    /// The decoder's name alone.
    pub fn decoder(&self) -> &'static str {
        self.decoder
    }

    /// The bytes of the value; empty for null.
    pub fn source(&self) -> &Bytes {
        &self.source
    }

    /// Rows when nothing is folded, at least 1.
    pub fn rows(&self) -> u32 {
        match &self.body {
            Body::Note(_) => 1,
            Body::Tree(tree) => tree.rows(),
            Body::Text(text) => text.rows(),
            Body::Hex(bytes) => hex::rows(bytes),
            Body::Facts(facts) => u32::try_from(facts.len()).unwrap_or(u32::MAX),
        }
    }

    /// The folds to begin with: none.
    pub fn folds(&self) -> Folds {
        Folds::none(self.rows())
    }

    /// The tree, when it is JSON: for folding, paths and moves.
    pub fn tree(&self) -> Option<&Tree> {
        if let Body::Tree(tree) = &self.body { Some(tree) } else { None }
    }

    /// A row as it is drawn in a window, cut with `…`. `hits` are matched bytes of the value, sorted.
    pub fn line(&self, row: Row, folds: &Folds, window: Window, hits: &[Range<usize>]) -> Line {
        if let Body::Tree(tree) = &self.body {
            return tree.line(row, folds, window, hits);
        }
        let mut painter = Painter::new(window);
        self.paint(&mut painter, row, hits);
        painter.finish()
    }

    /// Screen lines that a row takes when it is wrapped, at least 1.
    pub fn height(&self, row: Row, folds: &Folds, columns: usize) -> usize {
        if let Body::Tree(tree) = &self.body {
            return tree.height(row, folds, columns);
        }
        let mut painter = Painter::measuring();
        self.paint(&mut painter, row, &[]);
        Wrap::new(0, columns).height(painter.column())
    }

    /// One of the screen lines of a wrapped row, from 0.
    pub fn wrapped(&self, row: Row, folds: &Folds, columns: usize, part: usize, hits: &[Range<usize>]) -> Line {
        if let Body::Tree(tree) = &self.body {
            return tree.wrapped(row, folds, columns, part, hits);
        }
        let wrap = Wrap::new(0, columns);
        let mut painter = Painter::wrapped(wrap.window(part));
        self.paint(&mut painter, row, hits);
        wrap.line(part, painter)
    }

    fn paint(&self, painter: &mut Painter, row: Row, hits: &[Range<usize>]) {
        match &self.body {
            Body::Note(note) => painter.own(note, Class::Dim),
            Body::Tree(_) => {}
            Body::Text(text) => text.paint(painter, row, hits),
            Body::Hex(bytes) => hex::paint(painter, bytes, row, hits),
            Body::Facts(facts) => {
                if let Some((label, figure)) = facts.get(row.0 as usize) {
                    painter.own(&format!("{label:<16}"), Class::Dim);
                    painter.own(figure, Class::Number);
                }
            }
        }
    }

    /// Whether [`View::search`] can find anything.
    pub fn is_searchable(&self) -> bool {
        matches!(self.body, Body::Tree(_) | Body::Text(_) | Body::Hex(_))
    }

    /// The places of a needle in the value: to be called off the loop.
    pub fn search(&self, needle: &Needle) -> Found {
        match &self.body {
            Body::Tree(tree) => tree.search(needle),
            Body::Text(text) => text.search(needle),
            Body::Hex(bytes) => hex::search(bytes, needle),
            Body::Note(_) | Body::Facts(_) => Found::default(),
        }
    }

    /// How many rows are highlighted, when the text is of a known language and there is more to highlight.
    pub fn highlighted_rows(&self) -> Option<u32> {
        if let Body::Text(text) = &self.body { text.highlighted_rows() } else { None }
    }

    /// The same view highlighted to this row: to be called off the loop when the screen comes near the end of what is.
    pub fn highlighted_to(&self, row: Row) -> Self {
        let mut view = self.clone();
        if let Body::Text(text) = &mut view.body {
            text.highlight_to(row);
        }
        view
    }
}

#[cfg(test)]
mod tests;

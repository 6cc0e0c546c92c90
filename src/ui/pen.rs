//! Writes one row of cells from left to right, and never past its end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::theme::{Theme, Token};
use crate::core::line::Line;
use crate::text::{self, Class, Painter, Segment, Shown, Window};

#[derive(Debug)]
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    theme: &'a Theme,
    y: u16,
    left: u16,
    x: u16,
    end: u16,
    base: Style,
}

impl<'a> Pen<'a> {
    /// A pen at the left end of row `y` (from the top of `area`); rows outside the area give a pen that writes nothing.
    pub fn new(buf: &'a mut Buffer, theme: &'a Theme, area: Rect, y: u16) -> Self {
        let area = area.intersection(buf.area);
        let inside = y < area.height;
        let end = if inside { area.right() } else { area.x };
        Self { buf, theme, y: area.y.saturating_add(y), left: area.x, x: area.x, end, base: Style::new() }
    }

    /// Fills the whole row with a background and keeps it for what is written from here on.
    pub fn ground(&mut self, style: Style) -> &mut Self {
        self.base = style;
        if self.left < self.end {
            self.buf.set_style(Rect::new(self.left, self.y, self.end - self.left, 1), style);
        }
        self
    }

    /// Columns left.
    pub fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// Columns from the left end to the pen.
    pub fn column(&self) -> usize {
        usize::from(self.x - self.left)
    }

    /// Words of our own, and what is safe to draw already.
    pub fn own(&mut self, text: impl AsRef<str>, token: Token) -> &mut Self {
        self.put(text.as_ref(), self.theme.style(token))
    }

    /// As [`Pen::own`], in bold.
    pub fn bold(&mut self, text: impl AsRef<str>, token: Token) -> &mut Self {
        self.put(text.as_ref(), self.theme.style(token).add_modifier(Modifier::BOLD))
    }

    /// As [`Pen::own`], in italics: for what stands in place of data (`∅ null`).
    pub fn italic(&mut self, text: impl AsRef<str>, token: Token) -> &mut Self {
        self.put(text.as_ref(), self.theme.style(token).add_modifier(Modifier::ITALIC))
    }

    /// Foreign text, cut to at most so many columns.
    pub fn shown(&mut self, text: &Shown<'_>, token: Token, columns: usize) -> &mut Self {
        let cut = text.cut(columns.min(self.room()));
        self.put(cut.as_str(), self.theme.style(token))
    }

    /// As [`Pen::shown`], in bold.
    pub fn shown_bold(&mut self, text: &Shown<'_>, token: Token, columns: usize) -> &mut Self {
        let cut = text.cut(columns.min(self.room()));
        self.put(cut.as_str(), self.theme.style(token).add_modifier(Modifier::BOLD))
    }

    /// A coloured line of text, already cut to its window.
    pub fn segments(&mut self, segments: &[Segment]) -> &mut Self {
        for segment in segments {
            let style = self.theme.style(segment.class.into());
            let style = if segment.hit { style.add_modifier(Modifier::UNDERLINED | Modifier::BOLD) } else { style };
            self.put(segment.as_str(), style);
        }
        self
    }

    /// So many empty columns.
    pub fn gap(&mut self, columns: usize) -> &mut Self {
        self.x = self.x.saturating_add(u16::try_from(columns).unwrap_or(u16::MAX)).min(self.end);
        self
    }

    /// Moves to a column, counted from the left end.
    pub fn to(&mut self, column: usize) -> &mut Self {
        self.x = self.left.saturating_add(u16::try_from(column).unwrap_or(u16::MAX)).min(self.end);
        self
    }

    /// Own text that ends `columns` further on, cut at the right when it is longer.
    pub fn right(&mut self, text: impl AsRef<str>, columns: usize, token: Token) -> &mut Self {
        let text = text.as_ref();
        let end = self.column() + columns;
        self.gap(columns.saturating_sub(text::width(text)));
        let room = end.saturating_sub(self.column());
        self.put_cut(text, room, self.theme.style(token));
        self.to(end)
    }

    /// Own text at the left of a field of `columns`; the pen ends behind the field.
    pub fn left(&mut self, text: impl AsRef<str>, columns: usize, token: Token) -> &mut Self {
        let end = self.column() + columns;
        self.put_cut(text.as_ref(), columns, self.theme.style(token));
        self.to(end)
    }

    /// Draws a line of `─` up to `keep` columns before the end.
    pub fn rule(&mut self, keep: usize, token: Token) -> &mut Self {
        let columns = self.room().saturating_sub(keep);
        self.put(&"─".repeat(columns), self.theme.style(token))
    }

    /// A sign and the line being typed behind it, with its caret. What is left of the caret stays in view.
    pub fn prompt(&mut self, sign: &str, line: &Line) -> &mut Self {
        let (before, after) = line.text().split_at_checked(line.at()).unwrap_or((line.text(), ""));
        self.own(sign, Token::Accent);
        if let Some(search) = line.search() {
            let (word, token) = if search.failed { ("none before has ", Token::Look) } else { ("earlier with ", Token::Dim) };
            self.own(word, token).shown(&Shown::of(&format!("\"{}\"", search.wanted)), Token::Accent, 30).own(": ", Token::Dim);
        }
        self.caret(before, after)
    }

    /// What stands before a caret, the caret, and what stands behind it. What is left of the caret stays in view.
    pub fn caret(&mut self, before: &str, after: &str) -> &mut Self {
        let before = Shown::of(before);
        let room = self.room().saturating_sub(2);
        self.windowed(&before, before.width().saturating_sub(room), room);
        let room = self.room();
        self.own("▏", Token::Accent).shown(&Shown::of(after), Token::Text, room)
    }

    /// What of a text lies so many columns in.
    pub fn windowed(&mut self, text: &Shown<'_>, from: usize, columns: usize) -> &mut Self {
        if from == 0 {
            return self.shown(text, Token::Text, columns);
        }
        let mut painter = Painter::new(Window { from, columns });
        painter.own(text.as_str(), Class::Text);
        self.segments(&painter.finish().segments)
    }

    fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.room();
        self.put_cut(text, room, style)
    }

    fn put_cut(&mut self, text: &str, columns: usize, style: Style) -> &mut Self {
        let columns = columns.min(self.room());
        let end = usize::from(self.x).saturating_add(columns);
        let style = self.base.patch(style);
        // Each half of a flag has a cell of its own: a terminal that knows flags joins them, any other draws two letters, and
        // both are cleared whole when something else is drawn there.
        let half = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
        for part in text.split_inclusive(half) {
            let room = end.saturating_sub(usize::from(self.x));
            if room > 0 {
                let (x, _) = self.buf.set_stringn(self.x, self.y, part, room, style);
                self.x = x.min(self.end);
            }
        }
        self
    }
}

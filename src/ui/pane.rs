//! Panes: a line above with title, facts and right-aligned state; no boxes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use super::theme::{Theme, Token};
use crate::text;

/// Where a pane's parts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pane {
    pub title: Rect,
    pub body: Rect,
}

impl Pane {
    pub fn of(area: Rect) -> Self {
        let title = Rect { height: area.height.min(1), ..area };
        let body = Rect { y: area.y.saturating_add(title.height), height: area.height - title.height, ..area };
        Self { title, body }
    }
}

/// A pane's line: `─ Title  facts ──────── state ─`. What does not fit is left out from the middle: first the last facts,
/// then the last words of the state, the title never.
pub fn title_rule(pen: &mut Pen<'_>, focused: bool, title: &str, facts: &[(String, Token)], state: &[(String, Token)]) {
    let line = if focused { Token::Accent } else { Token::Faint };
    pen.own("─ ", line).bold(title, if focused { Token::Accent } else { Token::Title });
    // One blank before and one behind, two between words, a piece of the line at the end.
    let width = |words: &[(String, Token)]| words.iter().map(|(word, _)| text::width(word) + 2).sum::<usize>() + 1;
    let mut state = state;
    while let (false, Some((_, rest))) = (width(state) + 2 <= pen.room(), state.split_last()) {
        state = rest;
    }
    let keep = if state.is_empty() { 0 } else { width(state) };
    for (fact, token) in facts {
        if pen.room() < text::width(fact) + 4 + keep {
            break;
        }
        pen.gap(2).own(fact, *token);
    }
    pen.gap(1).rule(keep, line);
    for (n, (word, token)) in state.iter().enumerate() {
        pen.gap(if n == 0 { 1 } else { 2 }).own(word, *token);
    }
    if !state.is_empty() {
        pen.gap(1).rule(0, line);
    }
}

/// A key and what it does.
pub type Bound<'a> = (String, &'a str);

/// Columns between two keys of the key line.
const BETWEEN: usize = 3;

/// Columns that a line of keys takes, the blank before it included.
pub fn keys_width(keys: &[Bound<'_>]) -> usize {
    keys.iter().map(|(key, word)| text::width(key) + 1 + text::width(word) + BETWEEN).sum::<usize>() + 1
}

/// The line of keys that work here: key in accent, word dim.
pub fn keys_line(buf: &mut Buffer, theme: &Theme, area: Rect, keys: &[Bound<'_>]) {
    let mut pen = Pen::new(buf, theme, area, 0);
    pen.gap(1);
    for (key, word) in keys {
        if pen.room() < text::width(key) + text::width(word) + 2 {
            break;
        }
        pen.own(key, Token::Accent).gap(1).own(word, Token::Dim).gap(BETWEEN);
    }
}

/// Two panes side by side, parted by one empty column.
pub fn split_right(area: Rect, right: u16) -> (Rect, Rect) {
    let right = right.min(area.width);
    let left = area.width.saturating_sub(right + 1);
    (Rect { width: left, ..area }, Rect { x: area.x + area.width - right, width: right, ..area })
}

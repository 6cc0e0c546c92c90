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

/// A pane's line: `─ Title  facts ──────── state ─`. What does not fit is left out from the middle, the title last.
pub fn title_rule(pen: &mut Pen<'_>, focused: bool, title: &str, facts: &[(String, Token)], state: &[(String, Token)]) {
    let line = if focused { Token::Accent } else { Token::Faint };
    pen.own("─ ", line).bold(title, if focused { Token::Accent } else { Token::Title }).gap(1);
    let state_width: usize = state.iter().map(|(text, _)| text::width(text) + 1).sum::<usize>() + 2;
    for (fact, token) in facts {
        if pen.room() < text::width(fact) + 3 + state_width {
            break;
        }
        pen.gap(1).own(fact, *token);
    }
    pen.gap(1);
    if pen.room() < state_width + 2 {
        pen.rule(0, line);
        return;
    }
    pen.rule(if state.is_empty() { 0 } else { state_width }, line);
    if !state.is_empty() {
        pen.gap(1);
        for (word, token) in state {
            pen.own(word, *token).gap(1);
        }
        pen.rule(0, line);
    }
}

/// The line of keys that work here: key in accent, word dim.
pub fn keys_line(buf: &mut Buffer, theme: &Theme, area: Rect, keys: &[(String, &str)]) {
    let mut pen = Pen::new(buf, theme, area, 0);
    pen.gap(1);
    for (key, word) in keys {
        if pen.room() < text::width(key) + text::width(word) + 2 {
            break;
        }
        pen.own(key, Token::Accent).gap(1).own(word, Token::Dim).gap(3);
    }
}

/// Two panes side by side, parted by one empty column.
pub fn split_right(area: Rect, right: u16) -> (Rect, Rect) {
    let right = right.min(area.width);
    let left = area.width.saturating_sub(right + 1);
    (Rect { width: left, ..area }, Rect { x: area.x + area.width - right, width: right, ..area })
}

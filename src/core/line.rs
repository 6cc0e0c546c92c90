//! A one-line text editor for prompts and filters: readline's keys, whole graphemes, a history.

use unicode_segmentation::UnicodeSegmentation;

use super::key::{Key, KeyCode};

/// Text being edited. The cursor is a byte position on a grapheme's border.
#[derive(Debug, Clone, Default)]
pub struct Line {
    text: String,
    at: usize,
    history: Vec<String>,
    /// Where in the history we are, and what was typed before going there.
    recalled: Option<(usize, String)>,
}

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    Changed,
    Moved,
    /// Not a key for a text line.
    Unused,
}

impl Line {
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text, ..Self::default() }
    }

    pub fn with_history(mut self, history: Vec<String>) -> Self {
        self.history = history;
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor as a byte position.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Pasted text: line breaks become spaces, other controls are dropped, and nothing is ever confirmed by it.
    pub fn paste(&mut self, text: &str) {
        let clean: String = text
            .trim_end_matches(['\n', '\r'])
            .chars()
            .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        self.insert(&clean);
    }

    pub fn insert(&mut self, text: &str) {
        self.text.insert_str(self.at, text);
        self.at += text.len();
    }

    pub fn key(&mut self, key: Key) -> Edit {
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(c), false, false) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
                Edit::Changed
            }
            (KeyCode::Left, false, false) | (KeyCode::Char('b'), true, false) => self.go(self.previous()),
            (KeyCode::Right, false, false) | (KeyCode::Char('f'), true, false) => self.go(self.following()),
            (KeyCode::Char('b'), false, true) | (KeyCode::Left, true, false) => self.go(self.word_left()),
            (KeyCode::Char('f'), false, true) | (KeyCode::Right, true, false) => self.go(self.word_right()),
            (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => self.go(0),
            (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => self.go(self.text.len()),
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, false) => self.cut(self.previous(), self.at),
            (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, false) => self.cut(self.at, self.following()),
            (KeyCode::Char('w'), true, false) => self.cut(self.word_left(), self.at),
            (KeyCode::Char('u'), true, false) => self.cut(0, self.at),
            (KeyCode::Char('k'), true, false) => self.cut(self.at, self.text.len()),
            (KeyCode::Up, ..) | (KeyCode::Char('p' | 'r'), true, false) => self.recall(true),
            (KeyCode::Down, ..) | (KeyCode::Char('n'), true, false) => self.recall(false),
            _ => Edit::Unused,
        }
    }

    fn go(&mut self, at: usize) -> Edit {
        self.at = at;
        Edit::Moved
    }

    fn cut(&mut self, from: usize, to: usize) -> Edit {
        if from == to {
            return Edit::Moved;
        }
        self.text.replace_range(from..to, "");
        self.at = from;
        Edit::Changed
    }

    fn recall(&mut self, back: bool) -> Edit {
        let now = self.recalled.as_ref().map_or(self.history.len(), |(n, _)| *n);
        let to = if back { now.checked_sub(1) } else { Some(now + 1) };
        let Some(to) = to.filter(|&to| to <= self.history.len()) else { return Edit::Moved };
        let typed = self.recalled.take().map_or_else(|| self.text.clone(), |(_, typed)| typed);
        if let Some(old) = self.history.get(to) {
            self.text.clone_from(old);
            self.recalled = Some((to, typed));
        } else {
            self.text = typed;
        }
        self.at = self.text.len();
        Edit::Changed
    }

    fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn previous(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn following(&self) -> usize {
        self.at + self.after().graphemes(true).next().map_or(0, str::len)
    }

    fn word_left(&self) -> usize {
        // The blank may be one of several bytes: a no-break space, an ideographic one.
        let blank = self.before().trim_end().char_indices().rfind(|(_, c)| c.is_whitespace());
        blank.map_or(0, |(at, c)| at + c.len_utf8())
    }

    fn word_right(&self) -> usize {
        let rest = self.after();
        let skipped = rest.len() - rest.trim_start().len();
        let word = rest.trim_start().find(char::is_whitespace).unwrap_or(rest.trim_start().len());
        self.at + skipped + word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Line {
        let mut line = Line::default();
        for key in Key::sequence(keys).unwrap() {
            line.key(key);
        }
        line
    }

    #[test]
    fn readline_keys_edit_by_graphemes() {
        let mut line = Line::new("ab e\u{301}");
        line.key(Key::sequence("backspace").unwrap()[0]);
        assert_eq!(line.text(), "ab ");
        assert_eq!(typed("a space b c ctrl-w x").text(), "a x");
        assert_eq!(typed("a b c ctrl-a ctrl-k z").text(), "z");
        assert_eq!(typed("a b left x").text(), "axb");
    }

    #[test]
    fn a_word_ends_at_any_blank() {
        let mut line = Line::new("a\u{3000}b\u{202f}c");
        line.key(Key::sequence("ctrl-w").unwrap()[0]);
        assert_eq!(line.text(), "a\u{3000}b\u{202f}");
        line.key(Key::sequence("ctrl-w").unwrap()[0]);
        assert_eq!(line.text(), "a\u{3000}");
    }

    #[test]
    fn a_paste_never_holds_a_line_break() {
        let mut line = Line::default();
        line.paste("a\nb\x1b[31m\r\n");
        assert_eq!(line.text(), "a b[31m");
    }

    #[test]
    fn history_goes_back_and_returns_to_what_was_typed() {
        let mut line = Line::new("now").with_history(vec!["one".into(), "two".into()]);
        let up = Key::sequence("up").unwrap()[0];
        let down = Key::sequence("down").unwrap()[0];
        line.key(up);
        line.key(up);
        assert_eq!(line.text(), "one");
        line.key(down);
        line.key(down);
        assert_eq!(line.text(), "now");
    }
}

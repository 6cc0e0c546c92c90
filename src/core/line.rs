//! A one-line text editor for prompts and filters: readline's keys, whole graphemes, earlier inputs.

mod recall;

use super::caret;
use super::history::Past;
use super::key::{Key, KeyCode};
use recall::Recall;

pub use recall::Search;

/// Text being edited. The cursor is a byte position on a grapheme's border.
#[derive(Debug, Clone, Default)]
pub struct Line {
    text: String,
    at: usize,
    recall: Recall,
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

    /// With earlier inputs to go back to.
    pub fn with_past(mut self, past: Past) -> Self {
        self.recall.past = past;
        self
    }

    /// Whether there are earlier inputs.
    pub fn has_past(&self) -> bool {
        !self.recall.past.is_empty()
    }

    /// The search through earlier inputs, while it is under way: then escape ends that and not the prompt.
    pub fn search(&self) -> Option<&Search> {
        self.recall.search()
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
        self.recall.search_ends();
        self.insert(&clean);
    }

    /// Puts text in the place of a range of bytes, with the cursor behind it. A range that is none of the text's changes nothing.
    pub fn replace(&mut self, range: std::ops::Range<usize>, text: &str) {
        if self.text.get(range.clone()).is_some() {
            self.at = range.start + text.len();
            self.text.replace_range(range, text);
        }
    }

    pub fn insert(&mut self, text: &str) {
        self.text.insert_str(self.at, text);
        self.at += text.len();
    }

    pub fn key(&mut self, key: Key) -> Edit {
        if self.search().is_some()
            && let Some(edit) = self.search_key(key)
        {
            return edit;
        }
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
            (KeyCode::Up, ..) | (KeyCode::Char('p'), true, false) => self.recalled(|recall, text| recall.step(true, text)),
            (KeyCode::Down, ..) | (KeyCode::Char('n'), true, false) => self.recalled(|recall, text| recall.step(false, text)),
            (KeyCode::Char('r'), true, false) => self.recalled(Recall::search_older),
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

    /// Keys of a search through earlier inputs; any other ends it and does what it always does.
    fn search_key(&mut self, key: Key) -> Option<Edit> {
        Some(match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(c), false, false) => self.recalled(|recall, text| recall.search_for(c, text)),
            (KeyCode::Char('r'), true, false) => self.recalled(Recall::search_older),
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, false) => self.recalled(Recall::search_less),
            (KeyCode::Esc, ..) | (KeyCode::Char('g'), true, false) => self.recalled(|recall, _| recall.search_leaves()),
            _ => {
                self.recall.search_ends();
                return None;
            }
        })
    }

    fn recalled(&mut self, look: impl FnOnce(&mut Recall, &str) -> Option<String>) -> Edit {
        let Some(text) = look(&mut self.recall, &self.text) else { return Edit::Moved };
        self.text = text;
        self.at = self.text.len();
        Edit::Changed
    }

    fn previous(&self) -> usize {
        caret::previous(&self.text, self.at)
    }

    fn following(&self) -> usize {
        caret::following(&self.text, self.at)
    }

    fn word_left(&self) -> usize {
        caret::word_left(&self.text, self.at)
    }

    fn word_right(&self) -> usize {
        caret::word_right(&self.text, self.at)
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

    fn with(past: &[&str], text: &str) -> Line {
        Line::new(text).with_past(Past::new(past.iter().map(|&one| one.to_owned()).collect()))
    }

    fn press(line: &mut Line, keys: &str) -> String {
        for key in keys.split(' ').flat_map(|word| Key::sequence(word).unwrap()) {
            line.key(key);
        }
        line.text().to_owned()
    }

    #[test]
    fn earlier_inputs_are_stepped_through_and_what_was_typed_comes_back() {
        let mut line = with(&["one", "two"], "now");
        assert_eq!(press(&mut line, "up up up"), "one");
        assert_eq!(press(&mut line, "down"), "two");
        assert_eq!(press(&mut line, "down"), "now");
        assert_eq!(press(&mut line, "down"), "now");
        assert_eq!(press(&mut line, "up"), "two");
    }

    #[test]
    fn up_steps_over_what_is_shown_already() {
        assert_eq!(press(&mut with(&["one", "two"], "two"), "up"), "one");
        assert_eq!(press(&mut with(&["two"], "two"), "up"), "two");
    }

    #[test]
    fn a_search_back_finds_older_and_older_ones() {
        let mut line = with(&[".a == FAILED", ".b == 1", ".c == failed"], "typed");
        assert_eq!(press(&mut line, "ctrl-r"), "typed");
        assert_eq!(press(&mut line, "f a i l"), ".c == failed");
        assert_eq!(press(&mut line, "ctrl-r"), ".a == FAILED");
        assert_eq!(press(&mut line, "ctrl-r"), ".a == FAILED");
        assert!(line.search().unwrap().failed);
        assert_eq!(press(&mut line, "backspace"), ".c == failed");
        assert_eq!(press(&mut line, "x"), ".c == failed");
        assert!(line.search().unwrap().failed);
        assert_eq!(press(&mut line, "esc"), "typed");
        assert!(line.search().is_none());
        assert_eq!(press(&mut line, "ctrl-r F ctrl-e x down"), ".b == 1", "a key of the editor takes what was found");
    }
}

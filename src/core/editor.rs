//! A text of several lines that is edited: readline's keys where they fit, whole graphemes, undo and redo.
//!
//! The text is one string, and the cursor a byte position on a grapheme's border. What is pasted is taken as it is.

use unicode_segmentation::UnicodeSegmentation;

use super::caret;
use super::key::{Key, KeyCode};
use super::line::Edit;
use crate::text;

/// Changes that can be taken back.
const DEPTH: usize = 500;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Editor {
    text: String,
    at: usize,
    /// The column that moves up and down keep to, while one moves so.
    goal: Option<usize>,
    done: Vec<Change>,
    undone: Vec<Change>,
    /// Changes so far: whoever made something of the text sees whether it is old.
    revision: u64,
}

/// One change: what stood at a place, and what stands there since.
#[derive(Debug, Clone)]
struct Change {
    at: usize,
    was: String,
    is: String,
    /// Typed letter by letter: the next letter behind it belongs to it.
    typed: bool,
}

impl Editor {
    /// The cursor stands at the start.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// A number that is another one after every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The cursor as a byte position.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The line that the cursor is on, counted from 0, and the columns before it there.
    pub fn place(&self) -> (usize, usize) {
        let line = memchr::memchr_iter(b'\n', self.before().as_bytes()).count();
        (line, text::width(self.text.get(self.line_start()..self.at).unwrap_or_default()))
    }

    /// All of it becomes another text, as one change.
    pub fn set(&mut self, text: &str) {
        if text != self.text {
            self.change(0, self.text.len(), text, false);
            self.at = self.at.min(self.text.len());
        }
    }

    pub fn paste(&mut self, text: &str) {
        self.change(self.at, self.at, text, false);
    }

    /// Goes to a byte position; one within a grapheme is taken back to its start.
    pub fn go_to(&mut self, at: usize) {
        let at = at.min(self.text.len());
        let border = self.text.grapheme_indices(true).map(|(border, _)| border).take_while(|border| *border <= at).last();
        self.at = if at == self.text.len() { at } else { border.unwrap_or(0) };
        self.goal = None;
    }

    pub fn key(&mut self, key: Key) -> Edit {
        let (before, goal) = (self.revision, self.goal.take());
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(c), false, false) => self.change(self.at, self.at, c.encode_utf8(&mut [0; 4]), true),
            (KeyCode::Enter, ..) => self.new_line(),
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, false) => self.cut(self.previous(), self.at),
            (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, false) => self.cut(self.at, self.following()),
            (KeyCode::Char('w'), true, false) => self.cut(self.word_left(), self.at),
            (KeyCode::Char('u'), true, false) => self.cut(self.line_start(), self.at),
            (KeyCode::Char('k'), true, false) => self.cut(self.at, self.line_end().max(self.following().min(self.line_end() + 1))),
            (KeyCode::Char('_' | '7' | '/'), true, false) => return self.undo(),
            (KeyCode::Char('_' | '/'), _, true) => return self.redo(),
            (KeyCode::Left, false, false) | (KeyCode::Char('b'), true, false) => self.at = self.previous(),
            (KeyCode::Right, false, false) | (KeyCode::Char('f'), true, false) => self.at = self.following(),
            (KeyCode::Left, true, _) | (KeyCode::Char('b'), false, true) => self.at = self.word_left(),
            (KeyCode::Right, true, _) | (KeyCode::Char('f'), false, true) => self.at = self.word_right(),
            (KeyCode::Home, true, _) | (KeyCode::Char('<'), false, true) => self.at = 0,
            (KeyCode::End, true, _) | (KeyCode::Char('>'), false, true) => self.at = self.text.len(),
            (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => self.at = self.line_start(),
            (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => self.at = self.line_end(),
            (KeyCode::Up, ..) | (KeyCode::Char('p'), true, false) => self.vertical(-1, goal),
            (KeyCode::Down, ..) | (KeyCode::Char('n'), true, false) => self.vertical(1, goal),
            (KeyCode::PageUp, ..) => self.vertical(-20, goal),
            (KeyCode::PageDown, ..) => self.vertical(20, goal),
            _ => return Edit::Unused,
        }
        if self.revision == before { Edit::Moved } else { Edit::Changed }
    }

    /// Begins a line with the blanks that the present one begins with: JSON is written so.
    fn new_line(&mut self) {
        let line = self.text.get(self.line_start()..self.at).unwrap_or_default();
        let blanks: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        self.change(self.at, self.at, &format!("\n{blanks}"), false);
    }

    fn cut(&mut self, from: usize, to: usize) {
        if from < to {
            self.change(from, to, "", false);
        }
    }

    /// Puts a text in place of what lies between two positions; the cursor goes behind it.
    fn change(&mut self, from: usize, to: usize, new: &str, typed: bool) {
        let was = self.text.get(from..to).unwrap_or_default().to_owned();
        self.text.replace_range(from..to, new);
        self.at = from + new.len();
        self.goal = None;
        self.revision += 1;
        self.undone.clear();
        if let Some(last) = self.done.last_mut()
            && typed
            && last.typed
            && was.is_empty()
            && last.at + last.is.len() == from
            // A word at a time.
            && (new != " " || last.is.ends_with(' '))
        {
            last.is.push_str(new);
            return;
        }
        self.done.push(Change { at: from, was, is: new.to_owned(), typed });
        if self.done.len() > DEPTH {
            self.done.remove(0);
        }
    }

    fn undo(&mut self) -> Edit {
        let Some(change) = self.done.pop() else { return Edit::Moved };
        self.text.replace_range(change.at..change.at + change.is.len(), &change.was);
        self.at = change.at + change.was.len();
        self.revision += 1;
        self.undone.push(Change { typed: false, ..change });
        Edit::Changed
    }

    fn redo(&mut self) -> Edit {
        let Some(change) = self.undone.pop() else { return Edit::Moved };
        self.text.replace_range(change.at..change.at + change.was.len(), &change.is);
        self.at = change.at + change.is.len();
        self.revision += 1;
        self.done.push(change);
        Edit::Changed
    }

    fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn line_start(&self) -> usize {
        memchr::memrchr(b'\n', self.before().as_bytes()).map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        memchr::memchr(b'\n', self.after().as_bytes()).map_or(self.text.len(), |at| self.at + at)
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

    /// Goes so many lines down, before zero up, as near to the column as the line has it.
    fn vertical(&mut self, by: isize, goal: Option<usize>) {
        let goal = goal.unwrap_or_else(|| self.place().1);
        for _ in 0..by.unsigned_abs() {
            let (start, end) = (self.line_start(), self.line_end());
            let next = if by < 0 { start.checked_sub(1) } else { Some(end + 1).filter(|next| *next <= self.text.len()) };
            let Some(next) = next else { break };
            self.at = next;
        }
        let (start, end) = (self.line_start(), self.line_end());
        let line = self.text.get(start..end).unwrap_or_default();
        let mut columns = 0;
        let mut at = start;
        for grapheme in line.graphemes(true) {
            columns += text::width(grapheme);
            if columns > goal {
                break;
            }
            at += grapheme.len();
        }
        self.at = at;
        self.goal = Some(goal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn press(editor: &mut Editor, keys: &str) {
        for key in keys.split(' ').flat_map(|word| Key::sequence(word).unwrap()) {
            editor.key(key);
        }
    }

    fn typed(keys: &str) -> String {
        let mut editor = Editor::default();
        press(&mut editor, keys);
        editor.text().to_owned()
    }

    #[test]
    fn lines_are_written_and_joined() {
        assert_eq!(typed("{ enter space space a enter }"), "{\n  a\n  }");
        assert_eq!(typed("a enter b up ctrl-e ctrl-k"), "ab");
        assert_eq!(typed("a enter b home backspace"), "ab");
        assert_eq!(typed("a space b enter c ctrl-u d"), "a b\nd");
    }

    #[test]
    fn up_and_down_keep_their_column_over_short_lines() {
        let mut editor = Editor::new("12345\n1\n漢字67");
        press(&mut editor, "right right right down");
        assert_eq!(editor.place(), (1, 1));
        press(&mut editor, "down");
        // Three columns lie within a wide character.
        assert_eq!(editor.place(), (2, 2));
        press(&mut editor, "up up");
        assert_eq!(editor.place(), (0, 3));
        press(&mut editor, "pgdn");
        assert_eq!(editor.place(), (2, 2));
    }

    #[test]
    fn words_are_undone_as_a_whole_and_redone() {
        let mut editor = Editor::default();
        press(&mut editor, "a b space c d ctrl-w");
        assert_eq!(editor.text(), "ab ");
        press(&mut editor, "ctrl-_");
        assert_eq!(editor.text(), "ab cd");
        press(&mut editor, "ctrl-_");
        assert_eq!(editor.text(), "ab");
        press(&mut editor, "alt-_");
        assert_eq!(editor.text(), "ab cd");
        editor.set("other");
        press(&mut editor, "ctrl-_");
        assert_eq!(editor.text(), "ab cd");
    }

    proptest! {
        #[test]
        fn the_cursor_stays_on_a_border_and_everything_can_be_undone(text: String, keys in prop::collection::vec(0_usize..16, 0..60)) {
            let all = ["a", "space", "enter", "backspace", "delete", "left", "right", "up", "down", "home", "end", "ctrl-w", "ctrl-k", "ctrl-left", "ctrl-right", "ctrl-u"];
            let mut editor = Editor::new(text.clone());
            for key in keys {
                press(&mut editor, all[key]);
                prop_assert!(editor.text().is_char_boundary(editor.at()));
                prop_assert!(editor.place().0 <= editor.text().matches('\n').count());
            }
            while matches!(editor.undo(), Edit::Changed) {}
            prop_assert_eq!(editor.text(), text);
        }
    }
}

//! From the bytes that a terminal sends to [`Input`], across reads: what is incomplete is held until the rest comes.
//!
//! Pure: no file, no clock. Ours and not crossterm's, because crossterm 0.29 reads the terminal itself: in the middle of a
//! sequence it blocks where it cannot be parked, at end of file it spins for ever, and with edge-triggered polling it can
//! leave bytes behind. To add a key or a form: `sequence`.

use super::sequence::{self, Parsed};
use crate::core::key::{Held, Input, Key, KeyCode};

const ESC: u8 = 0x1b;
const PASTE_END: &[u8] = b"\x1b[201~";
/// A longer paste is cut: nothing in kscope takes more, and a terminal that lost the end of a paste must not eat memory.
const PASTE_LIMIT: usize = 8 << 20;

#[derive(Debug, Default)]
pub(super) struct Parser {
    /// The beginning of a sequence, or the last few bytes of a paste.
    held: Vec<u8>,
    /// What was pasted so far, between the begin and the end mark.
    paste: Option<Vec<u8>>,
    /// The last byte was an ESC that was given out as the Esc key.
    escaped: bool,
}

impl Parser {
    /// Reads `bytes` into `out`.
    ///
    /// `soon` says that they came within some 50 ms of the ones before: then the tail of a sequence whose ESC was already
    /// given out as the Esc key (split on a slow link) is read as what it was, not as letters.
    pub(super) fn feed(&mut self, bytes: &[u8], soon: bool, out: &mut Vec<Input>) {
        if std::mem::take(&mut self.escaped) && soon && is_tail(bytes) {
            self.held.push(ESC);
        }
        self.held.extend_from_slice(bytes);
        let taken = std::mem::take(&mut self.held);
        let mut rest = taken.as_slice();
        while let Some(left) = self.step(rest, out) {
            rest = left;
        }
        // A lone ESC is the Esc key at once: waiting for more would make "back" slow.
        if rest == [ESC] && self.paste.is_none() {
            out.push(Input::Key(Key::plain(KeyCode::Esc)));
            self.escaped = true;
        } else {
            self.held.extend_from_slice(rest);
        }
    }

    /// Whether a sequence is incomplete: [`Parser::expire`] is due when nothing follows.
    pub(super) fn is_waiting(&self) -> bool {
        !self.held.is_empty() || self.paste.is_some()
    }

    /// Whether a paste has begun and not ended.
    pub(super) fn is_pasting(&self) -> bool {
        self.paste.is_some()
    }

    /// Nothing followed: `ESC [` was Alt-[, a paste ends without its end mark, all else is dropped.
    pub(super) fn expire(&mut self, out: &mut Vec<Input>) {
        let held = std::mem::take(&mut self.held);
        if let Some(mut text) = self.paste.take() {
            append(&mut text, &held);
            out.push(pasted(&text));
        } else if let [ESC, c @ 0x20..=0x7e] = held.as_slice() {
            out.push(Input::Key(Key::new(KeyCode::Char(char::from(*c)), Held { alt: true, ..Held::default() })));
        }
    }

    /// Forgets what is incomplete: another program had the terminal.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes one thing off `bytes` and returns what is left; `None` when more must come first.
    fn step<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<Input>) -> Option<&'a [u8]> {
        if let Some(text) = &mut self.paste {
            let Some(end) = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END) else {
                // All but what may be the beginning of the end mark is text.
                let (sure, rest) = bytes.split_at(bytes.len().saturating_sub(PASTE_END.len() - 1));
                append(text, sure);
                return if sure.is_empty() { None } else { Some(rest) };
            };
            let (last, rest) = bytes.split_at(end);
            append(text, last);
            out.push(pasted(text));
            self.paste = None;
            return rest.get(PASTE_END.len()..);
        }
        match sequence::parse(bytes) {
            Parsed::Incomplete => None,
            Parsed::Nothing(length) => bytes.get(length..),
            Parsed::Input(length, input) => {
                out.push(input);
                bytes.get(length..)
            }
            Parsed::PasteStart(length) => {
                self.paste = Some(Vec::new());
                bytes.get(length..)
            }
        }
    }
}

/// Whether bytes after a lone ESC are the rest of a sequence: `[` or `O` and more, all at once, as no person types.
fn is_tail(bytes: &[u8]) -> bool {
    matches!(bytes, [b'[' | b'O', _, ..]) && {
        let whole: Vec<u8> = std::iter::once(ESC).chain(bytes.iter().copied()).collect();
        matches!(sequence::parse(&whole), Parsed::Input(length, _) | Parsed::PasteStart(length) if length > 2)
    }
}

fn append(text: &mut Vec<u8>, bytes: &[u8]) {
    let room = PASTE_LIMIT.saturating_sub(text.len()).min(bytes.len());
    text.extend_from_slice(bytes.get(..room).unwrap_or_default());
}

/// Terminals send line breaks in a paste as carriage returns.
fn pasted(text: &[u8]) -> Input {
    Input::Paste(String::from_utf8_lossy(text).replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<Input> {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        for piece in pieces {
            parser.feed(piece, false, &mut out);
        }
        out
    }

    fn keys(names: &str) -> Vec<Input> {
        Key::sequence(names).unwrap().into_iter().map(Input::Key).collect()
    }

    #[test]
    fn a_sequence_split_after_its_second_byte_is_one_key() {
        assert_eq!(read(&[b"\x1b[", b"1;", b"5A"]), keys("ctrl-up"));
        assert_eq!(read(&[&[0xe2], &[0x82, 0xac]]), [Input::Key(Key::plain(KeyCode::Char('€')))]);
    }

    #[test]
    fn a_lone_escape_is_given_at_once_and_its_tail_is_not_read_as_letters() {
        assert_eq!(read(&[b"\x1b"]), keys("esc"));
        assert_eq!(read(&[b"\x1b", b"[A"]), keys("esc [ A"));
        let mut parser = Parser::default();
        let mut out = Vec::new();
        parser.feed(b"\x1b", false, &mut out);
        parser.feed(b"[A", true, &mut out);
        parser.feed(b"\x1b", false, &mut out);
        parser.feed(b"[", true, &mut out);
        assert_eq!(out, keys("esc up esc ["));
    }

    #[test]
    fn a_paste_is_one_input_however_it_arrives() {
        let whole = b"\x1b[200~select\r\nq\x1b[A \xe2\x82\xac\r\x1b[201~j";
        let expected = [Input::Paste("select\nq\u{1b}[A €\n".into()), Input::Key(Key::plain(KeyCode::Char('j')))];
        assert_eq!(read(&[whole]), expected);
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        // Byte by byte even the begin mark's ESC is alone: the reader says that the rest came soon only when all of it did.
        assert_eq!(
            read(&[whole.get(..3).unwrap()].into_iter().chain(bytes.get(3..).unwrap().iter().copied()).collect::<Vec<_>>()),
            expected
        );
    }

    #[test]
    fn a_paste_without_end_is_given_when_it_expires() {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        parser.feed(b"\x1b[200~lost q", false, &mut out);
        assert!(parser.is_pasting() && out.is_empty());
        parser.expire(&mut out);
        parser.feed(b"q", false, &mut out);
        assert_eq!(out, [Input::Paste("lost q".into()), Input::Key(Key::plain(KeyCode::Char('q')))]);
    }

    #[test]
    fn half_a_sequence_expires() {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        parser.feed(b"\x1b[", false, &mut out);
        assert!(parser.is_waiting());
        parser.expire(&mut out);
        parser.feed(b"\x1b[1;", false, &mut out);
        parser.expire(&mut out);
        parser.feed(b"j", false, &mut out);
        assert_eq!(out, keys("alt-[ j"));
    }

    #[test]
    fn a_paste_beyond_the_limit_is_cut_and_ends() {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        parser.feed(b"\x1b[200~", false, &mut out);
        for _ in 0..9 {
            parser.feed(&vec![b'x'; 1 << 20], false, &mut out);
        }
        parser.feed(b"\x1b[201~", false, &mut out);
        let [Input::Paste(text)] = out.as_slice() else { panic!("{}", out.len()) };
        assert_eq!(text.len(), PASTE_LIMIT);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_end_and_leave_little(pieces in proptest::collection::vec(proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b"\x1b[]OP\\<;:0126~uMAm\x07".to_vec())], 0..40), 0..20)) {
            let mut parser = Parser::default();
            let mut out = Vec::new();
            for piece in &pieces {
                parser.feed(piece, true, &mut out);
            }
            parser.expire(&mut out);
            prop_assert!(!parser.is_waiting());
            // Nothing that is a control character is ever given as a character.
            for input in out {
                if let Input::Key(Key { code: KeyCode::Char(c), .. }) = input {
                    prop_assert!(!c.is_control());
                }
            }
        }
    }
}

//! Sequences that hand text to the terminal: the clipboard (OSC 52) and the window's title (OSC 2).
//!
//! Pure: bytes out. Multiplexers keep such sequences to themselves unless they are wrapped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The longest text that goes to the clipboard, in bytes: in base64 and with its sequence it stays below 100,000 bytes, where
/// terminals stop.
pub const CLIPBOARD_LIMIT: usize = 74_994;
/// The longest title, in characters.
const TITLE_LIMIT: usize = 200;
/// GNU screen takes no longer string than 768 bytes; pieces of this size fit on any version.
const SCREEN_PIECE: usize = 76;

/// The text is longer than [`CLIPBOARD_LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are too many for the terminal's clipboard, which takes {CLIPBOARD_LIMIT}")]
pub struct TooLong {
    pub length: usize,
}

/// What stands between us and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Multiplexer {
    None,
    Tmux,
    Screen,
}

impl Multiplexer {
    /// `env` gives the value of a variable that is set and not empty.
    pub(super) fn detect(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let term = env("TERM").unwrap_or_default();
        if env("TMUX").is_some() || term.starts_with("tmux") {
            Self::Tmux
        } else if env("STY").is_some() || term.starts_with("screen") {
            Self::Screen
        } else {
            Self::None
        }
    }
}

/// The sequence that puts `text` into the clipboard. No terminal acknowledges it.
pub(super) fn clipboard(text: &[u8], through: Multiplexer) -> Result<Vec<u8>, TooLong> {
    if text.len() > CLIPBOARD_LIMIT {
        return Err(TooLong { length: text.len() });
    }
    let plain = [b"\x1b]52;c;", STANDARD.encode(text).as_bytes(), b"\x07"].concat();
    Ok(match through {
        Multiplexer::None => plain,
        // Plain for `set-clipboard on`, wrapped for `allow-passthrough on`: which of them is set cannot be seen from here.
        Multiplexer::Tmux => {
            let doubled: Vec<u8> = plain.iter().flat_map(|byte| if *byte == 0x1b { vec![0x1b, 0x1b] } else { vec![*byte] }).collect();
            [plain.as_slice(), b"\x1bPtmux;", &doubled, b"\x1b\\"].concat()
        }
        Multiplexer::Screen => plain.chunks(SCREEN_PIECE).flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat()).collect(),
    })
}

/// The sequence that sets the window's title. Control characters, which could end it, are left out.
pub(super) fn title(words: &str) -> Vec<u8> {
    let words: String = words.chars().filter(|c| !c.is_control()).take(TITLE_LIMIT).collect();
    [b"\x1b]2;", words.as_bytes(), b"\x07"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_to_the_clipboard_in_base64() {
        assert_eq!(clipboard(b"key\x1b\x00", Multiplexer::None).unwrap(), b"\x1b]52;c;a2V5GwA=\x07");
    }

    #[test]
    fn tmux_gets_it_plain_and_wrapped_with_each_escape_doubled() {
        assert_eq!(clipboard(b"hi", Multiplexer::Tmux).unwrap(), b"\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    }

    #[test]
    fn screen_gets_it_in_pieces_that_join_again() {
        let bytes = clipboard(&[b'x'; 200], Multiplexer::Screen).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let pieces: Vec<&str> =
            text.split("\x1b\\").filter(|piece| !piece.is_empty()).map(|piece| piece.strip_prefix("\x1bP").unwrap()).collect();
        assert!(pieces.iter().all(|piece| piece.len() <= SCREEN_PIECE));
        assert_eq!(pieces.concat().into_bytes(), clipboard(&[b'x'; 200], Multiplexer::None).unwrap());
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        assert!(clipboard(&vec![0; CLIPBOARD_LIMIT], Multiplexer::None).unwrap().len() < 100_001);
        assert_eq!(clipboard(&vec![0; CLIPBOARD_LIMIT + 1], Multiplexer::None), Err(TooLong { length: CLIPBOARD_LIMIT + 1 }));
    }

    #[test]
    fn a_title_cannot_end_its_sequence() {
        assert_eq!(title("kscope\x07\x1b]52;c;x\u{9c} prod"), b"\x1b]2;kscope]52;c;x prod\x07");
    }

    #[test]
    fn multiplexers_are_known_by_their_variables() {
        let of = |name: &'static str, value: &'static str| Multiplexer::detect(&move |n| (n == name).then(|| value.to_owned()));
        assert_eq!(of("TMUX", "/tmp/x"), Multiplexer::Tmux);
        assert_eq!(of("STY", "1.x"), Multiplexer::Screen);
        assert_eq!(of("TERM", "screen-256color"), Multiplexer::Screen);
        assert_eq!(of("TERM", "xterm"), Multiplexer::None);
    }
}

//! Which escape sequences a program wrote: a scanner of its own, so that nothing foreign passes unnoticed.

/// What was found beside text and the sequences that a program needs to draw.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Escapes {
    /// Operating system commands (title, clipboard, colours), without introducer and end.
    pub(crate) osc: Vec<String>,
    /// Everything else that a terminal would act on and a drawing program has no reason to write, escaped.
    pub(crate) foreign: Vec<String>,
}

/// Scans all that was written. A lone control character is foreign too, but for carriage return and line feed.
pub(crate) fn escapes(raw: &[u8]) -> Escapes {
    let mut found = Escapes::default();
    let mut rest = raw;
    while let Some((&first, tail)) = rest.split_first() {
        let length = match (first, tail.first()) {
            (0x1b, Some(b'[')) => csi(rest, &mut found),
            (0x1b, Some(b']')) => osc(rest, &mut found),
            // Save and restore the cursor, keypad modes, character set B, the end of a string.
            (0x1b, Some(b'7' | b'8' | b'=' | b'>' | b'\\')) => 2,
            (0x1b, Some(b'(')) => 3,
            (0x1b, _) => foreign(&rest[..rest.len().min(12)], 1, &mut found),
            (b'\r' | b'\n', _) => 1,
            (0..0x20 | 0x7f, _) => foreign(&rest[..1], 1, &mut found),
            (0xc2, Some(0x80..=0x9f)) => foreign(&rest[..2], 2, &mut found),
            _ => 1,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// A control sequence: drawing (SGR, cursor, erase, scroll), the modes of a full-screen program, cursor style, kitty's keys.
fn csi(rest: &[u8], found: &mut Escapes) -> usize {
    let end = rest.iter().skip(2).position(|b| (0x40..=0x7e).contains(b)).map_or(rest.len(), |at| at + 3);
    let sequence = &rest[..end];
    let parameters = &sequence[2..end - 1];
    let known = match sequence[end - 1] {
        b'm' | b'A'..=b'H' | b'J' | b'K' | b'L' | b'M' | b'P' | b'S' | b'T' | b'X' | b'@' | b'd' | b'r' | b's' => true,
        b'u' => matches!(parameters.first(), None | Some(b'>' | b'<' | b'=')),
        b'q' => parameters.ends_with(b" "),
        b'h' | b'l' => mode(parameters),
        _ => false,
    };
    if known { end } else { foreign(sequence, end, found) }
}

/// Cursor, alternate screen, bracketed paste, focus, mouse, wrap, synchronised output.
fn mode(parameters: &[u8]) -> bool {
    const MODES: [&[u8]; 12] = [b"7", b"12", b"25", b"1000", b"1002", b"1003", b"1004", b"1006", b"1015", b"1049", b"2004", b"2026"];
    parameters.strip_prefix(b"?").is_some_and(|list| list.split(|&b| b == b';').all(|one| MODES.contains(&one)))
}

fn osc(rest: &[u8], found: &mut Escapes) -> usize {
    let body = rest.get(2..).unwrap_or_default();
    let end = body.iter().position(|&b| b == 0x07 || b == 0x1b).unwrap_or(body.len());
    found.osc.push(visible(&body[..end]));
    end + 3
}

fn foreign(sequence: &[u8], length: usize, found: &mut Escapes) -> usize {
    found.foreign.push(visible(sequence));
    length
}

fn visible(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[test]
fn drawing_passes_and_everything_else_is_named() {
    let drawing = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[1;1H\x1b[38;2;1;2;3mtext ☃\x1b[0m\r\n\x1b[>1u\x1b[<1u\x1b[2 q\x1b7\x1b8";
    assert_eq!(escapes(drawing.as_bytes()), Escapes::default());
    for bad in ["\x1b[6n", "\x1b[c", "\x1bc", "\x1bPq#0~~\x1b\\", "\x1b[?1047l", "\x1b[20h", "\u{9b}31m", "\x07", "\x08", "\t", "\x7f"] {
        assert_ne!(escapes(bad.as_bytes()).foreign, Vec::<String>::new(), "{bad:?}");
    }
    let clipboard = escapes(b"a\x1b]52;c;ZXZpbA==\x07b\x1b]0;owned\x1b\\c");
    assert_eq!(clipboard, Escapes { osc: vec!["52;c;ZXZpbA==".into(), "0;owned".into()], foreign: vec![] });
}

//! What each form of a key is read as.

use super::*;

#[track_caller]
fn reads(bytes: &[u8], name: &str) {
    assert_eq!(parse(bytes), Parsed::Input(bytes.len(), Input::Key(Key::parse(name).unwrap())), "{}", bytes.escape_ascii());
}

#[test]
fn legacy_keys_are_read() {
    for (bytes, name) in [
        (&b"j"[..], "j"),
        (b"G", "G"),
        (b" ", "space"),
        (b"\r", "enter"),
        (b"\n", "ctrl-j"),
        (b"\t", "tab"),
        (b"\x7f", "backspace"),
        (b"\x08", "backspace"),
        (b"\x03", "ctrl-c"),
        (b"\x1a", "ctrl-z"),
        (b"\x1c", "ctrl-\\"),
        (b"\x1d", "ctrl-]"),
        (b"\x00", "ctrl-space"),
        (b"\x1bx", "alt-x"),
        (b"\x1bX\x1b\\", "alt-X"),
        (b"\x1b\x7f", "alt-backspace"),
        (b"\x1b[A", "up"),
        (b"\x1bOB", "down"),
        (b"\x1b[H", "home"),
        (b"\x1bOF", "end"),
        (b"\x1b[5~", "pageup"),
        (b"\x1b[3~", "delete"),
        (b"\x1b[Z", "shift-tab"),
        (b"\x1b[1;2D", "shift-left"),
        (b"\x1b[1;5C", "ctrl-right"),
        (b"\x1b[3;3~", "alt-delete"),
        (b"\x1bOP", "f1"),
        (b"\x1b[[B", "f2"),
        (b"\x1b[15~", "f5"),
        (b"\x1b[24~", "f12"),
        (b"\x1b[25~", "f13"),
        (b"\x1b[34~", "f20"),
        (b"\x1b[1;5R", "ctrl-f3"),
        (b"\x1b[a", "shift-up"),
        (b"\x1bOd", "ctrl-left"),
        (b"\x1b[7^", "ctrl-home"),
        ("\u{e9}".as_bytes(), "\u{e9}"),
        ("\u{1f600}".as_bytes(), "\u{1f600}"),
    ] {
        if name == "alt-X" {
            // ESC X opens a string in ECMA-48; the key is given when nothing follows (the parser's expiry).
            assert_eq!(parse(bytes), Parsed::Nothing(4));
            continue;
        }
        reads(bytes, name);
    }
}

#[test]
fn kitty_keys_are_the_same_keys() {
    for (bytes, name) in [
        (&b"\x1b[27u"[..], "esc"),
        (b"\x1b[27;1u", "esc"),
        (b"\x1b[100;5u", "ctrl-d"),
        (b"\x1b[100;6u", "ctrl-d"),
        (b"\x1b[103;69u", "ctrl-g"),
        (b"\x1b[97;3u", "alt-a"),
        (b"\x1b[97;4u", "alt-A"),
        (b"\x1b[104;5u", "backspace"),
        (b"\x1b[13;5u", "ctrl-enter"),
        (b"\x1b[13;2u", "enter"),
        (b"\x1b[9;2u", "shift-tab"),
        (b"\x1b[92;5u", "ctrl-\\"),
        (b"\x1b[106;1:2u", "j"),
        (b"\x1b[57399u", "0"),
        (b"\x1b[57419u", "up"),
        (b"\x1b[57423;2u", "shift-home"),
        (b"\x1b[27;5;106~", "ctrl-j"),
    ] {
        reads(bytes, name);
    }
}

#[test]
fn releases_unknown_keys_and_answers_give_nothing() {
    for bytes in [
        &b"\x1b[106;1:3u"[..],
        b"\x1b[1;1:3A",
        b"\x1b[99;9u",
        b"\x1b[57358u",
        b"\x1b[?62;4c",
        b"\x1b[?1u",
        b"\x1b[12;40R",
        b"\x1b[201~",
        b"\x1b[>1;10;0c",
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
        b"\x1bP1+r5443\x1b\\",
        b"\x1b[99999999999999~",
    ] {
        assert_eq!(parse(bytes), Parsed::Nothing(bytes.len()), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_incomplete_waits() {
    for bytes in [&b"\x1b"[..], b"\x1b[", b"\x1b[1;5", b"\x1bO", b"\x1b]11;rgb:", b"\x1b]11;x\x1b", b"\x1b[M !", &[0xe2, 0x82], b"\x1b\xc3"]
    {
        assert_eq!(parse(bytes), Parsed::Incomplete, "{}", bytes.escape_ascii());
    }
}

#[test]
fn only_the_front_is_taken() {
    assert_eq!(parse(b"jk"), Parsed::Input(1, Input::Key(Key::plain(KeyCode::Char('j')))));
    assert_eq!(parse(b"\x1b[Aj"), Parsed::Input(3, Input::Key(Key::plain(KeyCode::Up))));
    assert_eq!(parse(b"\x1b\x1b[A"), Parsed::Input(1, Input::Key(Key::plain(KeyCode::Esc))));
    assert_eq!(parse(b"\x1bOx"), Parsed::Input(2, Input::Key(Key::parse("alt-O").unwrap())));
    assert_eq!(parse(b"\x1b[200~a"), Parsed::PasteStart(6));
    // A sequence that another one breaks off.
    assert_eq!(parse(b"\x1b[1;\x1b[A"), Parsed::Nothing(4));
    assert_eq!(parse(b"\xff\xfej"), Parsed::Nothing(1));
}

#[test]
fn focus_and_the_pointer_are_read() {
    let mouse = |kind, column, row| Mouse { kind, column, row, ctrl: false, alt: false, shift: false };
    for (bytes, input) in [
        (&b"\x1b[I"[..], Input::FocusGained),
        (b"\x1b[O", Input::FocusLost),
        (b"\x1b[<0;1;1M", Input::Mouse(mouse(MouseKind::Down(Button::Left), 0, 0))),
        (b"\x1b[<2;300;40m", Input::Mouse(mouse(MouseKind::Up(Button::Right), 299, 39))),
        (b"\x1b[<32;3;4M", Input::Mouse(mouse(MouseKind::Drag(Button::Left), 2, 3))),
        (b"\x1b[<65;3;4M", Input::Mouse(mouse(MouseKind::ScrollDown, 2, 3))),
        (b"\x1b[<16;3;4M", Input::Mouse(Mouse { ctrl: true, ..mouse(MouseKind::Down(Button::Left), 2, 3) })),
        (b"\x1b[M !\"", Input::Mouse(mouse(MouseKind::Down(Button::Left), 0, 1))),
        (b"\x1b[M#!\"", Input::Mouse(mouse(MouseKind::Up(Button::Left), 0, 1))),
    ] {
        assert_eq!(parse(bytes), Parsed::Input(bytes.len(), input), "{}", bytes.escape_ascii());
    }
    assert_eq!(parse(b"\x1b[<99999999;1;1M"), Parsed::Nothing(16));
}

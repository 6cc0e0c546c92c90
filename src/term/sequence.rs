//! One key, report or answer at the front of some bytes: the legacy, xterm, rxvt, Linux console and kitty forms.
//!
//! Pure. Answers to queries, also late ones, are swallowed and never read as keys. To add a key: [`letter`], [`numbered`] or
//! [`unicode`]; forms are described in xterm's ctlseqs and in kitty's "Comprehensive keyboard handling in terminals".

use crate::core::key::{Button, Held, Input, Key, KeyCode, Mouse, MouseKind};

const ESC: u8 = 0x1b;
/// No sequence that concerns us is longer; answers of terminals (OSC, DCS) are at most a few hundred bytes.
const LIMIT: usize = 4096;

/// What stands at the front, with its length in bytes, at least 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// More bytes must come first.
    Incomplete,
    /// Complete, and nothing that concerns us.
    Nothing(usize),
    Input(usize, Input),
    /// `CSI 200 ~`: what follows is text, up to `CSI 201 ~`.
    PasteStart(usize),
}

impl Parsed {
    fn of(length: usize, input: Option<Input>) -> Self {
        input.map_or(Self::Nothing(length), |input| Self::Input(length, input))
    }
}

/// Reads what stands at the front of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let ctrl = |c: u8| Parsed::Input(1, Input::Key(Key::ctrl(char::from(c))));
    match bytes {
        [] => Parsed::Incomplete,
        [ESC, ..] => escape(bytes),
        [0, ..] => ctrl(b' '),
        [0x7f, ..] => key(1, KeyCode::Backspace, Held::default()),
        [c @ 0x01..=0x1a, ..] => ctrl(c + b'a' - 1),
        [c @ 0x1c..=0x1f, ..] => ctrl(c + 0x40),
        _ => character(bytes),
    }
}

fn key(length: usize, code: KeyCode, held: Held) -> Parsed {
    Parsed::Input(length, Input::Key(Key::new(code, held)))
}

/// One character of UTF-8; a byte that can be none is dropped.
fn character(bytes: &[u8]) -> Parsed {
    let front = bytes.get(..bytes.len().min(4)).unwrap_or(bytes);
    let valid = match std::str::from_utf8(front) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            front.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or("")
        }
        Err(error) => return error.error_len().map_or(Parsed::Incomplete, Parsed::Nothing),
    };
    match valid.chars().next() {
        Some(c) if c.is_control() => Parsed::Nothing(c.len_utf8()),
        Some(c) => key(c.len_utf8(), KeyCode::Char(c), Held::default()),
        None => Parsed::Nothing(1),
    }
}

fn escape(bytes: &[u8]) -> Parsed {
    match bytes.get(1) {
        None => Parsed::Incomplete,
        Some(b'[') => control_sequence(bytes),
        Some(b'O') => single_shift(bytes),
        Some(b']' | b'P' | b'_' | b'^' | b'X') => string(bytes),
        Some(&ESC) => key(1, KeyCode::Esc, Held::default()),
        Some(_) => match parse(bytes.get(1..).unwrap_or_default()) {
            Parsed::Input(length, Input::Key(Key { code, ctrl, shift, .. })) => key(length + 1, code, Held { ctrl, alt: true, shift }),
            Parsed::Incomplete => Parsed::Incomplete,
            Parsed::Nothing(length) | Parsed::Input(length, _) | Parsed::PasteStart(length) => Parsed::Nothing(length + 1),
        },
    }
}

/// OSC, DCS, APC, PM, SOS: answers to queries. They end with BEL or ST, or are broken off by another ESC, CAN or SUB.
fn string(bytes: &[u8]) -> Parsed {
    for (at, &byte) in bytes.iter().enumerate().skip(2) {
        match byte {
            0x07 | 0x18 | 0x1a => return Parsed::Nothing(at + 1),
            ESC => {
                return match bytes.get(at + 1) {
                    None => Parsed::Incomplete,
                    Some(b'\\') => Parsed::Nothing(at + 2),
                    Some(_) => Parsed::Nothing(at),
                };
            }
            _ => {}
        }
    }
    if bytes.len() > LIMIT { Parsed::Nothing(bytes.len()) } else { Parsed::Incomplete }
}

/// `ESC O x`: keys of terminals in application mode, F1 to F4; anything else was Alt-O and a key of its own.
fn single_shift(bytes: &[u8]) -> Parsed {
    let Some(&last) = bytes.get(2) else { return Parsed::Incomplete };
    let code = match last {
        b'M' => Some((KeyCode::Enter, Held::default())),
        b'a'..=b'd' => letter(last.to_ascii_uppercase()).map(|code| (code, Held { ctrl: true, ..Held::default() })),
        b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S' => letter(last).map(|code| (code, Held::default())),
        _ => None,
    };
    match code {
        Some((code, held)) => key(3, code, held),
        None => key(2, KeyCode::Char('O'), Held { alt: true, ..Held::default() }),
    }
}

fn control_sequence(bytes: &[u8]) -> Parsed {
    if bytes.get(2) == Some(&b'[') {
        // The Linux console's F1 to F5.
        return match bytes.get(3) {
            None => Parsed::Incomplete,
            Some(c @ b'A'..=b'E') => key(4, KeyCode::F(c - b'A' + 1), Held::default()),
            Some(_) => Parsed::Nothing(3),
        };
    }
    let Some(end) = bytes.iter().skip(2).position(|byte| !(0x20..=0x3f).contains(byte)) else {
        return if bytes.len() > LIMIT { Parsed::Nothing(bytes.len()) } else { Parsed::Incomplete };
    };
    let length = end + 3;
    let parameters = bytes.get(2..end + 2).unwrap_or_default();
    let last = bytes.get(end + 2).copied().unwrap_or_default();
    match (parameters, last) {
        (_, 0..=0x3f | 0x7f..) => Parsed::Nothing(end + 2),
        ([], b'M') => match bytes.get(3..6) {
            None => Parsed::Incomplete,
            Some(report) => Parsed::of(6, old_mouse(report)),
        },
        ([b'<', rest @ ..], b'M' | b'm') => Parsed::of(length, mouse(&Parameters::of(rest), last == b'm')),
        ([b'<'..=b'?', ..], _) => Parsed::Nothing(length),
        (b"200", b'~') => Parsed::PasteStart(length),
        ([], b'I') => Parsed::Input(length, Input::FocusGained),
        ([], b'O') => Parsed::Input(length, Input::FocusLost),
        _ => Parsed::of(length, pressed(&Parameters::of(parameters), last).map(|(code, held)| Input::Key(Key::new(code, held)))),
    }
}

/// The key of a control sequence; `None` for one we do not know, and for a release.
fn pressed(parameters: &Parameters, last: u8) -> Option<(KeyCode, Held)> {
    let first = parameters.get(0, 0);
    match last {
        // `CSI 12;40 R` would be the cursor's position.
        b'R' if first.unwrap_or(1) != 1 => None,
        b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S' => Some((letter(last)?, parameters.held(1)?)),
        b'Z' => Some((KeyCode::BackTab, Held::default())),
        // rxvt: lower-case letters with Shift, ^ with Ctrl, @ with both.
        b'a'..=b'd' => Some((letter(last.to_ascii_uppercase())?, Held { shift: true, ..Held::default() })),
        b'^' => Some((numbered(first?)?, Held { ctrl: true, ..Held::default() })),
        b'@' => Some((numbered(first?)?, Held { ctrl: true, shift: true, alt: false })),
        // xterm's modifyOtherKeys.
        b'~' if first == Some(27) => Some((unicode(parameters.get(2, 0)?)?, parameters.held(1)?)),
        b'~' => Some((numbered(first?)?, parameters.held(1)?)),
        b'u' => Some((unicode(first?)?, parameters.held(1)?)),
        _ => None,
    }
}

fn letter(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<KeyCode> {
    let f = |n: u32| u8::try_from(n).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => f(number - 10),
        17..=21 => f(number - 11),
        23..=26 => f(number - 12),
        28 | 29 => f(number - 13),
        31..=34 => f(number - 14),
        _ => None,
    }
}

/// Kitty's numbers: a character's code point, or one of its private ones.
fn unicode(number: u32) -> Option<KeyCode> {
    Some(match number {
        8 | 127 => KeyCode::Backspace,
        9 => KeyCode::Tab,
        13 | 57414 => KeyCode::Enter,
        27 => KeyCode::Esc,
        57376..=57387 => KeyCode::F(u8::try_from(number - 57376 + 13).ok()?),
        57399..=57408 => KeyCode::Char(char::from_digit(number - 57399, 10)?),
        57409 => KeyCode::Char('.'),
        57410 => KeyCode::Char('/'),
        57411 => KeyCode::Char('*'),
        57412 => KeyCode::Char('-'),
        57413 => KeyCode::Char('+'),
        57415 => KeyCode::Char('='),
        57416 => KeyCode::Char(','),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        57344..=63743 => return None,
        number => KeyCode::Char(char::from_u32(number).filter(|c| !c.is_control())?),
    })
}

/// `CSI < buttons ; column ; row M` or `m` when released.
fn mouse(parameters: &Parameters, released: bool) -> Option<Input> {
    let bits = parameters.get(0, 0)?;
    let at = |index| parameters.get(index, 0).map(|n| u16::try_from(n.saturating_sub(1)).unwrap_or(u16::MAX));
    report(bits, released, at(1)?, at(2)?)
}

/// The oldest form, three bytes above 32: from terminals that know no other.
fn old_mouse(report_bytes: &[u8]) -> Option<Input> {
    let [bits, column, row] = report_bytes else { return None };
    let bits = u32::from(bits.saturating_sub(32));
    let released = bits & 0b100_0011 == 3;
    report(if released { bits & !3 } else { bits }, released, u16::from(column.saturating_sub(33)), u16::from(row.saturating_sub(33)))
}

fn report(bits: u32, released: bool, column: u16, row: u16) -> Option<Input> {
    let button = || match bits & 3 {
        0 => Some(Button::Left),
        1 => Some(Button::Middle),
        2 => Some(Button::Right),
        _ => None,
    };
    let kind = match (bits & 64 != 0, bits & 32 != 0, released) {
        _ if bits & 128 != 0 => return None,
        (true, _, true) => return None,
        (true, ..) => match bits & 3 {
            0 => MouseKind::ScrollUp,
            1 => MouseKind::ScrollDown,
            2 => MouseKind::ScrollLeft,
            _ => MouseKind::ScrollRight,
        },
        (false, _, true) => MouseKind::Up(button()?),
        (false, true, false) => MouseKind::Drag(button()?),
        (false, false, false) => MouseKind::Down(button()?),
    };
    Some(Input::Mouse(Mouse { kind, column, row, ctrl: bits & 16 != 0, alt: bits & 8 != 0, shift: bits & 4 != 0 }))
}

/// Numbers between semicolons, each with sub-numbers between colons; an absent one is `None`.
struct Parameters(Vec<Vec<Option<u32>>>);

impl Parameters {
    fn of(bytes: &[u8]) -> Self {
        let number = |digits: &[u8]| {
            let digits = std::str::from_utf8(digits).ok()?;
            digits.parse().ok()
        };
        Self(bytes.split(|b| *b == b';').map(|field| field.split(|b| *b == b':').map(number).collect()).collect())
    }

    fn get(&self, field: usize, sub: usize) -> Option<u32> {
        *self.0.get(field)?.get(sub)?
    }

    /// The modifiers in this field; `None` when the key was released, or Super or Hyper was held: that key is not for us.
    fn held(&self, field: usize) -> Option<Held> {
        let bits = self.get(field, 0).unwrap_or(1).saturating_sub(1);
        if self.get(field, 1) == Some(3) || bits & 0b1_1000 != 0 {
            return None;
        }
        Some(Held { shift: bits & 1 != 0, alt: bits & 0b10_0010 != 0, ctrl: bits & 4 != 0 })
    }
}

#[cfg(test)]
mod tests;

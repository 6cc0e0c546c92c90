//! Keys, the pointer, and all else that a terminal reports: plain values, the same whatever terminal sent them.
//!
//! Pure: `term` makes them from bytes, tests make them from names. To add a key: a variant of [`KeyCode`] and its name in
//! `NAMES`.

use std::fmt;

/// One thing that the terminal reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Key(Key),
    /// Text that was pasted, whole, with line breaks as `\n`. It is never run as keys.
    Paste(String),
    /// The terminal's new size in columns and rows, each at least 1.
    Resize(u16, u16),
    /// Only while the mouse is on.
    Mouse(Mouse),
    /// Only from terminals that report it.
    FocusGained,
    FocusLost,
    /// The terminal is gone: nothing will ever come from it again.
    HangUp,
}

impl Input {
    /// Whether it goes back, of the two keys that go through what is offered: tab and shift-tab. `None`: it is neither.
    pub fn tabbed(&self) -> Option<bool> {
        match self {
            Self::Key(key) if key.code == KeyCode::Tab => Some(false),
            Self::Key(key) if key.code == KeyCode::BackTab => Some(true),
            _ => None,
        }
    }
}

/// One key, in one form for all terminals: what a terminal cannot tell apart is not told apart here either.
///
/// A letter's case is in the letter: `A` has no `shift`. `ctrl` goes with lower-case letters. `shift` stands only with keys
/// that move, Delete, Insert and the F-keys; Shift-Tab is [`KeyCode::BackTab`]. `ctrl-h` is Backspace, `ctrl-i` Tab, `ctrl-m` Enter.
/// [`Key::new`] keeps these rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Home,
    End,
    PageUp,
    PageDown,
    Up,
    Down,
    Left,
    Right,
    /// 1 to 24.
    F(u8),
}

/// What the pointer did, where, from the upper left corner counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    pub kind: MouseKind,
    pub column: u16,
    pub row: u16,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    Down(Button),
    Up(Button),
    Drag(Button),
    ScrollUp,
    ScrollDown,
    ScrollLeft,
    ScrollRight,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    Left,
    Middle,
    Right,
}

/// Text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a key; keys are written like j, G, ctrl-d, shift-left, space, f1, enter")]
pub struct UnknownKey(pub String);

/// Names of keys; the first of each is the one that is printed.
const NAMES: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("shift-tab", KeyCode::BackTab),
    ("backtab", KeyCode::BackTab),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("del", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("ins", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("pgdn", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
];

/// Modifiers held down, before [`Key::new`] brings them into form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

impl Key {
    /// The key in the one form that all terminals share.
    pub fn new(code: KeyCode, held: Held) -> Self {
        let Held { ctrl, alt, shift } = held;
        let code = match code {
            KeyCode::Char(c) if ctrl => match c.to_ascii_lowercase() {
                'h' => return Self::new(KeyCode::Backspace, Held { ctrl: false, ..held }),
                'i' => return Self::new(KeyCode::Tab, Held { ctrl: false, ..held }),
                'm' => return Self::new(KeyCode::Enter, Held { ctrl: false, ..held }),
                c => KeyCode::Char(c),
            },
            KeyCode::Char(c) if shift => KeyCode::Char(upper(c)),
            KeyCode::Tab if shift => KeyCode::BackTab,
            code => code,
        };
        let keeps_shift =
            !matches!(code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab | KeyCode::Backspace);
        Self { code, ctrl, alt, shift: shift && keeps_shift }
    }

    /// A key with nothing held.
    pub fn plain(code: KeyCode) -> Self {
        Self::new(code, Held::default())
    }

    /// A character key with Ctrl held.
    pub fn ctrl(c: char) -> Self {
        Self::new(KeyCode::Char(c), Held { ctrl: true, ..Held::default() })
    }

    /// One key by name: "j", "G", "ctrl-d", "shift-left", "alt-x", "space", "f1". Names are read in any case.
    pub fn parse(name: &str) -> Result<Self, UnknownKey> {
        let mut held = Held::default();
        let mut rest = name;
        loop {
            if let Some(code) = code(rest) {
                return Ok(Self::new(code, held));
            }
            let Some((modifier, tail)) = rest.split_once('-') else { return Err(UnknownKey(name.to_owned())) };
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" => held.ctrl = true,
                "alt" => held.alt = true,
                "shift" => held.shift = true,
                _ => return Err(UnknownKey(name.to_owned())),
            }
            rest = tail;
        }
    }

    /// Keys pressed one after another: names with blanks between ("z z", "y space"), or, where no name reads so, characters
    /// without ("gg").
    pub fn sequence(text: &str) -> Result<Vec<Self>, UnknownKey> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => Err(UnknownKey(text.to_owned())),
            [word] => match Self::parse(word) {
                Ok(key) => Ok(vec![key]),
                Err(_) if word.chars().count() <= 3 => Ok(word.chars().map(|c| Self::plain(KeyCode::Char(c))).collect()),
                Err(error) => Err(error),
            },
            words => words.iter().map(|word| Self::parse(word)).collect(),
        }
    }

    /// The sequence as [`Key::sequence`] reads it: "gg", "z 1" as "z1", "ctrl-w h".
    pub fn print_sequence(keys: &[Self]) -> String {
        let words: Vec<String> = keys.iter().map(Self::to_string).collect();
        let joined = words.concat();
        if Self::sequence(&joined).is_ok_and(|read| read == keys) { joined } else { words.join(" ") }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "f{n}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

/// The key that a name without modifiers means.
fn code(name: &str) -> Option<KeyCode> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control()).then_some(KeyCode::Char(c));
    }
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Some(*code);
    }
    let digits = name.strip_prefix(['f', 'F'])?;
    let n: u8 = digits.parse().ok()?;
    (1..=24).contains(&n).then_some(KeyCode::F(n))
}

/// The upper-case form, where it is one character.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_and_printed() {
        for (name, printed) in [
            ("j", "j"),
            ("G", "G"),
            ("shift-g", "G"),
            ("ctrl-D", "ctrl-d"),
            ("ctrl-\\", "ctrl-\\"),
            ("ctrl--", "ctrl--"),
            ("-", "-"),
            ("PgDn", "pagedown"),
            ("shift-left", "shift-left"),
            ("shift-enter", "enter"),
            ("shift-tab", "shift-tab"),
            ("ctrl-h", "backspace"),
            ("ctrl-m", "enter"),
            ("alt-X", "alt-X"),
            ("space", "space"),
            ("F12", "f12"),
            ("ctrl-alt-delete", "ctrl-alt-delete"),
        ] {
            assert_eq!(Key::parse(name).unwrap().to_string(), printed, "{name}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for name in ["", "hyper-x", "ctrl-", "f0", "f25", "spacebar", "\u{1b}"] {
            assert_eq!(Key::parse(name), Err(UnknownKey(name.to_owned())));
        }
    }

    #[test]
    fn sequences_are_read_with_and_without_blanks() {
        assert_eq!(Key::sequence("gg").unwrap(), Key::sequence("g g").unwrap());
        assert_eq!(Key::sequence("up").unwrap(), [Key::plain(KeyCode::Up)]);
        assert_eq!(Key::print_sequence(&Key::sequence("u p").unwrap()), "u p");
        assert_eq!(Key::print_sequence(&Key::sequence("z 1").unwrap()), "z1");
        assert!(Key::sequence(" ").is_err());
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let code = prop_oneof![
            any::<char>()
                .prop_filter("no control, no blank", |c| !c.is_control() && (*c == ' ' || !c.is_whitespace()))
                .prop_map(KeyCode::Char),
            proptest::sample::select(NAMES.iter().map(|(_, code)| *code).collect::<Vec<_>>()),
            (1u8..=24).prop_map(KeyCode::F),
        ];
        (code, any::<(bool, bool, bool)>()).prop_map(|(code, (ctrl, alt, shift))| Key::new(code, Held { ctrl, alt, shift }))
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(keys in proptest::collection::vec(any_key(), 1..5)) {
            prop_assert_eq!(Key::sequence(&Key::print_sequence(&keys)), Ok(keys));
        }
    }
}

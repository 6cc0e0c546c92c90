//! How many colours the terminal has, and whether it is dark or light: from the environment and from its own answer.
//!
//! Pure: `Terminal::enter` asks the terminal. To teach a terminal's name: `detected`.

use std::str::FromStr;

/// What the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colors {
    pub depth: Depth,
    pub background: Background,
}

/// How many colours may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    True,
    /// The palette of 256.
    Many,
    /// The 16 that the terminal's own theme defines.
    Sixteen,
    /// None: bold, dim, reverse and underline alone.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    Dark,
    Light,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    /// What the terminal has; none with NO_COLOR.
    #[default]
    Auto,
    /// What the terminal has, 16 at least, also with NO_COLOR.
    Always,
    Never,
    Only(Depth),
}

/// Text that is no `--color`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not one of auto, always, never, 16, 256, truecolor")]
pub struct UnknownColors;

impl FromStr for ColorChoice {
    type Err = UnknownColors;

    fn from_str(text: &str) -> Result<Self, UnknownColors> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            "16" => Ok(Self::Only(Depth::Sixteen)),
            "256" => Ok(Self::Only(Depth::Many)),
            "truecolor" => Ok(Self::Only(Depth::True)),
            _ => Err(UnknownColors),
        }
    }
}

impl Depth {
    /// Resolves the choice; `env` gives the value of a variable that is set and not empty.
    pub fn resolve(choice: ColorChoice, env: &dyn Fn(&str) -> Option<String>) -> Self {
        match choice {
            ColorChoice::Never => Self::None,
            ColorChoice::Only(depth) => depth,
            ColorChoice::Auto if env("NO_COLOR").is_some() => Self::None,
            ColorChoice::Auto => detected(env),
            ColorChoice::Always => match detected(env) {
                Self::None => Self::Sixteen,
                depth => depth,
            },
        }
    }
}

fn detected(env: &dyn Fn(&str) -> Option<String>) -> Depth {
    let is = |name: &str, values: &[&str]| env(name).is_some_and(|value| values.iter().any(|v| v.eq_ignore_ascii_case(&value)));
    let term = env("TERM").unwrap_or_default();
    let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
    if is("COLORTERM", &["truecolor", "24bit"])
        || term.ends_with("-direct")
        || begins(&["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm"])
        || is("TERM_PROGRAM", &["iTerm.app", "WezTerm", "ghostty", "vscode"])
    {
        Depth::True
    } else if term.contains("256") || is("TERM_PROGRAM", &["Apple_Terminal"]) {
        Depth::Many
    } else if begins(&["vt1", "vt2", "vt3", "vt5", "dumb"]) || term.ends_with("-m") || term.ends_with("-mono") {
        Depth::None
    } else {
        Depth::Sixteen
    }
}

impl Background {
    /// rxvt and others say in COLORFGBG which of the 16 colours they draw with: "15;0", "0;default;15".
    pub fn from_colorfgbg(value: &str) -> Option<Self> {
        match value.rsplit(';').next()?.parse::<u8>().ok()? {
            0..=6 | 8 => Some(Self::Dark),
            7 | 9..=15 => Some(Self::Light),
            _ => None,
        }
    }

    /// The answer to [`QUERY`]: `OSC 11 ; rgb:RRRR/GGGG/BBBB`, one to four digits each, ended by BEL or ST.
    pub(super) fn from_answer(bytes: &[u8]) -> Option<Self> {
        const BEGIN: &[u8] = b"\x1b]11;rgb";
        let at = bytes.windows(BEGIN.len()).position(|window| window == BEGIN)?;
        let rest = bytes.get(at + BEGIN.len()..)?;
        let end = rest.iter().position(|byte| matches!(byte, 0x07 | 0x1b))?;
        let text = std::str::from_utf8(rest.get(..end)?).ok()?;
        let mut parts = text.trim_start_matches('a').strip_prefix(':')?.split('/').map(part);
        let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
        // Rec. 709: how bright a colour looks.
        let bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        Some(if bright > 0.5 { Self::Light } else { Self::Dark })
    }
}

/// One part of a colour, from 0 to 1.
fn part(digits: &str) -> Option<f64> {
    let bits = u32::try_from(digits.len()).ok().filter(|n| (1..=4).contains(n))? * 4;
    let value = u32::from_str_radix(digits, 16).ok()?;
    Some(f64::from(value) / f64::from((1_u32 << bits) - 1))
}

/// Asks for the background; then for the terminal's kind, which every terminal answers: its answer says that none will come
/// for the background, so that nobody waits for nothing.
pub(super) const QUERY: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// Whether the answer to the second half of [`QUERY`] is there: `CSI ? … c`.
pub(super) fn is_answered(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"\x1b[?";
    let Some(at) = bytes.windows(BEGIN.len()).rposition(|window| window == BEGIN) else { return false };
    bytes.get(at + BEGIN.len()..).unwrap_or_default().iter().find(|byte| !matches!(byte, b'0'..=b'9' | b';')) == Some(&b'c')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn resolves(choice: &str, env: &[(&str, &str)], depth: Depth) {
        let lookup = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(Depth::resolve(choice.parse().unwrap(), &lookup), depth, "{choice} {env:?}");
    }

    #[test]
    fn depth_follows_the_terminal_unless_it_is_chosen() {
        resolves("auto", &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True);
        resolves("auto", &[("TERM", "xterm-kitty")], Depth::True);
        resolves("auto", &[("TERM", "screen-256color")], Depth::Many);
        resolves("auto", &[("TERM", "linux")], Depth::Sixteen);
        resolves("auto", &[], Depth::Sixteen);
        resolves("auto", &[("TERM", "vt220")], Depth::None);
        resolves("auto", &[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None);
        resolves("always", &[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::Many);
        resolves("always", &[("TERM", "vt100")], Depth::Sixteen);
        resolves("never", &[("COLORTERM", "truecolor")], Depth::None);
        resolves("16", &[("COLORTERM", "truecolor")], Depth::Sixteen);
        resolves("truecolor", &[("TERM", "linux")], Depth::True);
        assert_eq!("rainbow".parse::<ColorChoice>(), Err(UnknownColors));
    }

    #[test]
    fn the_background_is_read_from_an_answer() {
        for (answer, background) in [
            (&b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\"[..], Some(Background::Dark)),
            (b"j\x1b]11;rgb:ffff/ffff/dddd\x07\x1b[?62c", Some(Background::Light)),
            (b"\x1b]11;rgb:f/f/f\x07", Some(Background::Light)),
            (b"\x1b]11;rgba:0000/0000/0000/ffff\x07", Some(Background::Dark)),
            (b"\x1b]11;rgb:1e1e/1e1e/2e2e", None),
            (b"\x1b]11;rgb:zz/0/0\x07", None),
            (b"\x1b]11;rgb:11111/0/0\x07", None),
            (b"\x1b[?62c", None),
        ] {
            assert_eq!(Background::from_answer(answer), background, "{}", answer.escape_ascii());
        }
    }

    #[test]
    fn the_end_of_the_answers_is_seen() {
        assert!(is_answered(b"\x1b]11;rgb:0/0/0\x07\x1b[?62;4c"));
        assert!(is_answered(b"\x1b[?6c"));
        assert!(!is_answered(b"\x1b[?62;4"));
        assert!(!is_answered(b"\x1b[?1u"));
        assert!(!is_answered(b"c"));
    }

    #[test]
    fn colorfgbg_is_read() {
        assert_eq!(Background::from_colorfgbg("15;0"), Some(Background::Dark));
        assert_eq!(Background::from_colorfgbg("0;default;15"), Some(Background::Light));
        assert_eq!(Background::from_colorfgbg("15;default"), None);
    }
}

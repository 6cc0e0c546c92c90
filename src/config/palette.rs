//! Theme files: what each token looks like, as plain values. The built-in themes are such files, part of the program
//! (`assets/themes/`); `ui` makes styles of them.

use std::path::Path;

use super::file::{Entry, Problem, Reading, Source, Value};
use super::given::{Given, Wrong, unknown_word};

/// Every token, by the name that it has in a theme file; `ui::Token` has them in the same order. The last two are backgrounds.
pub const TOKENS: [&str; 16] = [
    "text",
    "title",
    "dim",
    "faint",
    "accent",
    "good",
    "look",
    "act",
    "data",
    "json.key",
    "json.string",
    "json.number",
    "json.word",
    "json.punctuation",
    "raised",
    "bar",
];

/// The look of all tokens, in the order of [`TOKENS`].
pub type Palette = [Paint; TOKENS.len()];

/// The look of one token. What is `None` is the terminal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paint {
    /// `0xRRGGBB`.
    pub rgb: Option<u32>,
    /// One of the palette of 256.
    pub indexed: Option<u8>,
    /// One of the 16 that the terminal's own theme defines.
    pub ansi: Option<u8>,
    /// The same on light ground, where it is another one.
    pub ansi_on_light: Option<u8>,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub reverse: bool,
}

/// A theme that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuiltIn {
    Dark,
    Light,
    Mono,
    /// The terminal's own 16 colours.
    Sixteen,
}

impl BuiltIn {
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Mono, Self::Sixteen];

    /// Its file's name without `.toml`, and the file.
    pub fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Dark => ("dark", include_str!("../../assets/themes/dark.toml")),
            Self::Light => ("light", include_str!("../../assets/themes/light.toml")),
            Self::Mono => ("mono", include_str!("../../assets/themes/mono.toml")),
            Self::Sixteen => ("16", include_str!("../../assets/themes/16.toml")),
        }
    }

    pub fn palette(self) -> Palette {
        let (name, text) = self.file();
        let mut palette = Palette::default();
        // A test reads each of these files: nothing is wrong with them.
        let _none = take(&mut palette, &Source::new(Path::new(name), text), &mut Vec::new());
        palette
    }
}

/// A user's theme: what the file does not say is as in the theme that `base` names, dark unless it says so.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(source: &Source<'_>) -> Result<Palette, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut base = Palette::default();
    let built_in = take(&mut base, source, &mut problems).unwrap_or(BuiltIn::Dark);
    let mut palette = built_in.palette();
    take(&mut palette, source, &mut Vec::new());
    if problems.is_empty() { Ok(palette) } else { Err(problems) }
}

/// Sets what the file says; the theme that it builds on.
fn take(palette: &mut Palette, source: &Source<'_>, problems: &mut Vec<Problem>) -> Option<BuiltIn> {
    let mut reading = Reading::new(source, problems);
    let mut base = None;
    for entry in reading.document().unwrap_or_default() {
        match entry.key() {
            "base" => {
                let names = BuiltIn::ALL.map(|theme| (theme.file().0, theme));
                base = reading.checked(&entry, |given| given.one_of(&names));
            }
            "json" => {
                for entry in reading.table("", &entry).unwrap_or_default() {
                    token(palette, &mut reading, entry, "json.");
                }
            }
            _ => token(palette, &mut reading, &entry, ""),
        }
    }
    base
}

fn token(palette: &mut Palette, reading: &mut Reading<'_, '_>, entry: &Entry, group: &str) {
    let name = format!("{group}{}", entry.key());
    let place = TOKENS.iter().position(|token| *token == name).and_then(|at| palette.get_mut(at));
    let Some(place) = place else {
        let of_group = |token: &&&str| token.split_once('.').map_or("", |(group, _)| group) == group.trim_end_matches('.');
        let known: Vec<&str> = TOKENS.iter().filter(of_group).map(|token| token.rsplit('.').next().unwrap_or(token)).collect();
        reading.unknown(entry, "token", &known);
        return;
    };
    let Value::Table(parts) = &entry.item().value else {
        if let Some(paint) = reading.checked(entry, |given| color(given.text()?)) {
            *place = paint;
        }
        return;
    };
    let mut paint = Paint::default();
    for part in parts {
        if let Some(flag) = flag(&mut paint, part.key()) {
            *flag = reading.checked(part, on).unwrap_or_default();
            continue;
        }
        match part.key() {
            "color" => {
                if let Some(color) = reading.checked(part, |given| color(given.text()?)) {
                    let (indexed, ansi) = (paint.indexed.or(color.indexed), paint.ansi.or(color.ansi));
                    paint = Paint { rgb: color.rgb, indexed, ansi, ..paint };
                }
            }
            "256" => paint.indexed = reading.checked(part, |given| given.count(0..=255)).and_then(|n| u8::try_from(n).ok()),
            "16" => paint.ansi = reading.checked(part, |given| ansi(given.text()?)).flatten(),
            "on_light" => paint.ansi_on_light = reading.checked(part, |given| ansi(given.text()?)).flatten(),
            _ => {
                let known = ["color", "256", "16", "on_light", "bold", "dim", "italic", "underline", "reverse"];
                reading.unknown(part, "part of a look named", &known);
            }
        }
    }
    *place = paint;
}

fn flag<'p>(paint: &'p mut Paint, name: &str) -> Option<&'p mut bool> {
    match name {
        "bold" => Some(&mut paint.bold),
        "dim" => Some(&mut paint.dim),
        "italic" => Some(&mut paint.italic),
        "underline" => Some(&mut paint.underline),
        "reverse" => Some(&mut paint.reverse),
        _ => None,
    }
}

fn on(given: Given<'_>) -> Result<bool, Wrong> {
    given.bool()
}

/// The names of the 16, in their order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// `#c9d1d9`, or one of the 16 by name. The nearest of the 256 comes with it, for terminals that have no more.
fn color(text: &str) -> Result<Paint, Wrong> {
    if let Some(digits) = text.strip_prefix('#') {
        let rgb = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6 && digits.is_ascii());
        let rgb = rgb.ok_or_else(|| Wrong::new(format!("{text:?} is no colour")).hint("six hex digits behind #: \"#4fd6be\""))?;
        return Ok(Paint { rgb: Some(rgb), indexed: Some(nearest_of_256(rgb)), ..Paint::default() });
    }
    let ansi = ansi(text)?;
    Ok(Paint { ansi, indexed: ansi, ..Paint::default() })
}

/// One of the 16, or the terminal's own.
fn ansi(text: &str) -> Result<Option<u8>, Wrong> {
    if text == "default" {
        return Ok(None);
    }
    match NAMES.iter().position(|name| *name == text) {
        Some(at) => Ok(u8::try_from(at).ok()),
        None if text.starts_with('#') => Err(Wrong::new("one of the terminal's 16 colours is wanted here").hint(NAMES.join(", "))),
        None => Err(Wrong { message: format!("{text:?} is no colour"), ..unknown_word(text, &NAMES) }),
    }
}

/// Of the cube of 216 and the 24 greys: the one that differs least, each part counted alike.
fn nearest_of_256(rgb: u32) -> u8 {
    const STEPS: [u32; 6] = [0, 95, 135, 175, 215, 255];
    let parts = |rgb: u32| [rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255];
    let apart = |a: u32| parts(a).into_iter().zip(parts(rgb)).map(|(a, b)| a.abs_diff(b).pow(2)).sum::<u32>();
    let of_cube = |n: u32| {
        let step = |at: u32| STEPS.get(usize::try_from(at).unwrap_or(0)).copied().unwrap_or(0);
        step(n / 36) << 16 | step(n / 6 % 6) << 8 | step(n % 6)
    };
    let grey = |n: u32| (8 + 10 * n) * 0x01_01_01;
    let cube = (0..216).map(|n| (apart(of_cube(n)), 16 + n));
    let greys = (0..24).map(|n| (apart(grey(n)), 232 + n));
    cube.chain(greys).min().and_then(|(_, n)| u8::try_from(n).ok()).unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_stands_in_every_file() {
        for theme in BuiltIn::ALL {
            let (name, text) = theme.file();
            let source = Source::new(Path::new(name), text);
            let mut problems = Vec::new();
            take(&mut Palette::default(), &source, &mut problems);
            assert_eq!(problems, [], "{name}");
            for token in TOKENS {
                let (table, key) = token.split_once('.').unwrap_or(("", token));
                let body = text.split("[json]").nth(usize::from(table == "json")).unwrap();
                assert!(body.lines().any(|line| line.split(['=', ' ']).next() == Some(key)), "{token} is not in {name}.toml");
            }
        }
    }

    #[test]
    fn a_colour_of_24_bits_has_a_neighbour_among_the_256() {
        for (rgb, near) in [(0x00_00_00, 16), (0xff_ff_ff, 231), (0xff_00_00, 196), (0x80_80_80, 244), (0x4f_d6_be, 79)] {
            assert_eq!(nearest_of_256(rgb), near, "{rgb:06x}");
        }
    }

    #[test]
    fn a_users_theme_changes_what_it_names() {
        let text = "base = \"light\"\naccent = \"#ff8800\"\ntitle = { color = \"red\", underline = true }\n[json]\nkey = \"blue\"\n";
        let palette = parse(&Source::new(Path::new("mine.toml"), text)).unwrap();
        let light = BuiltIn::Light.palette();
        assert_eq!((palette[0], palette[4].rgb, palette[1].underline), (light[0], Some(0xff_88_00), true));
        assert_eq!((palette[9].ansi, palette[1].rgb), (Some(4), None));
    }
}

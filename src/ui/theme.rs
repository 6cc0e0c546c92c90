//! Tokens and what each looks like: in true colour, in 256, in 16 and without any, on dark and on light ground. The looks
//! are theme files (`assets/themes/`, read by `config::palette`); each step down is a table, not a computation.

use ratatui::style::{Color, Modifier, Style};

use crate::config::palette::{BuiltIn, Paint, Palette, TOKENS};
use crate::text::Class;

/// What a text means. Colour is only ever a second sign of it. In the order of [`TOKENS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    Text,
    /// The selected, the important.
    Title,
    /// Context and labels.
    Dim,
    /// Lines and line numbers.
    Faint,
    /// Focus, keys, the program's name.
    Accent,
    Good,
    Look,
    Act,
    /// Neutral data.
    Data,
    Key,
    String,
    Number,
    Word,
    Punctuation,
    /// A background: of the selected row.
    Raised,
    /// A background: of the first and the last line.
    Bar,
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    True,
    Many,
    Sixteen,
    None,
}

/// The terminal's own background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    Dark,
    Light,
}

/// A style for each token.
#[derive(Debug, Clone)]
pub struct Theme {
    styles: [Style; TOKENS.len()],
}

impl Theme {
    /// The built-in theme for that ground.
    pub fn new(depth: Depth, ground: Ground) -> Self {
        let built_in = if ground == Ground::Dark { BuiltIn::Dark } else { BuiltIn::Light };
        Self::of(&built_in.palette(), depth, ground)
    }

    /// That palette as a terminal of that depth can show it: where there are 16 colours or none, by the tables for those.
    pub fn of(palette: &Palette, depth: Depth, ground: Ground) -> Self {
        let fallback = if depth == Depth::None { BuiltIn::Mono } else { BuiltIn::Sixteen }.palette();
        let mut styles = [Style::new(); TOKENS.len()];
        for (at, ((style, paint), fallback)) in styles.iter_mut().zip(palette).zip(&fallback).enumerate() {
            let color = color(paint, fallback, depth, ground);
            let behind = at >= Token::Raised as usize;
            *style = match color {
                Some(color) if behind => Style::new().bg(color),
                Some(color) => Style::new().fg(color),
                None => Style::new(),
            };
            *style = style.add_modifier(modifiers(if depth == Depth::None { fallback } else { paint }));
        }
        Self { styles }
    }

    pub fn style(&self, token: Token) -> Style {
        self.styles.get(token as usize).copied().unwrap_or_default()
    }

    /// Behind the selected row.
    pub fn raised(&self) -> Style {
        self.style(Token::Raised)
    }

    /// Behind the first and the last line.
    pub fn bar(&self) -> Style {
        self.style(Token::Bar)
    }
}

fn color(paint: &Paint, fallback: &Paint, depth: Depth, ground: Ground) -> Option<Color> {
    let sixteen = |paint: &Paint| paint.ansi_on_light.filter(|_| ground == Ground::Light).or(paint.ansi).map(named);
    match depth {
        Depth::None => None,
        Depth::Sixteen => sixteen(paint).or_else(|| sixteen(fallback)),
        Depth::Many => paint.indexed.map(Color::Indexed).or_else(|| sixteen(paint)),
        Depth::True => paint.rgb.map(Color::from_u32).or_else(|| sixteen(paint)).or(paint.indexed.map(Color::Indexed)),
    }
}

/// One of the 16.
fn named(ansi: u8) -> Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    NAMED.get(usize::from(ansi)).copied().unwrap_or(Color::Reset)
}

fn modifiers(paint: &Paint) -> Modifier {
    let all = [
        (paint.bold, Modifier::BOLD),
        (paint.dim, Modifier::DIM),
        (paint.italic, Modifier::ITALIC),
        (paint.underline, Modifier::UNDERLINED),
        (paint.reverse, Modifier::REVERSED),
    ];
    all.into_iter().filter(|(on, _)| *on).map(|(_, modifier)| modifier).collect()
}

impl From<Class> for Token {
    fn from(class: Class) -> Self {
        match class {
            Class::Key => Self::Key,
            Class::String => Self::String,
            Class::Number => Self::Number,
            Class::Word => Self::Word,
            Class::Punctuation => Self::Punctuation,
            Class::Dim => Self::Dim,
            Class::Mark => Self::Accent,
            Class::Broken => Self::Look,
            Class::Text => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stand_in_the_order_of_their_names() {
        let some = [(Token::Text, "text"), (Token::Accent, "accent"), (Token::Key, "json.key"), (Token::Punctuation, "json.punctuation")];
        for (token, name) in some.into_iter().chain([(Token::Raised, "raised"), (Token::Bar, "bar")]) {
            assert_eq!(TOKENS[token as usize], name);
        }
    }

    #[test]
    fn each_depth_has_its_table() {
        let accent = |depth, ground| Theme::new(depth, ground).style(Token::Accent);
        assert_eq!(accent(Depth::True, Ground::Dark), Style::new().fg(Color::Rgb(0x4f, 0xd6, 0xbe)));
        assert_eq!(accent(Depth::True, Ground::Light), Style::new().fg(Color::Rgb(0x0b, 0x74, 0x66)));
        assert_eq!(accent(Depth::Many, Ground::Dark), Style::new().fg(Color::Indexed(79)));
        assert_eq!(accent(Depth::Sixteen, Ground::Light), Style::new().fg(Color::Cyan));
        assert_eq!(accent(Depth::None, Ground::Dark), Style::new().add_modifier(Modifier::BOLD));
        assert_eq!(Theme::new(Depth::Sixteen, Ground::Light).raised(), Style::new().bg(Color::Gray));
        assert_eq!(Theme::new(Depth::None, Ground::Light).raised(), Style::new().add_modifier(Modifier::REVERSED));
    }

    #[test]
    fn without_colours_nothing_has_one() {
        let theme = Theme::new(Depth::None, Ground::Dark);
        assert!(theme.styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
    }
}

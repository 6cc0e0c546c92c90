//! Tokens and what each looks like: in true colour, in 256, in 16 and without any, on dark and on light ground. Each
//! step down is a table, not a computation.

use ratatui::style::{Color, Modifier, Style};

use crate::text::Class;

/// What a text means. Colour is only ever a second sign of it.
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

#[derive(Debug, Clone, Copy)]
pub struct Theme {
    depth: Depth,
    ground: Ground,
}

/// One token: RGB and the nearest of the 256 on dark ground, the same on light, one of the 16.
struct Row(Token, (u32, u8), (u32, u8), Color);

const ROWS: &[Row] = &[
    Row(Token::Text, (0x00c9_d1d9, 252), (0x0024_292f, 235), Color::Reset),
    Row(Token::Title, (0x00e6_edf3, 255), (0x000b_1016, 232), Color::Reset),
    Row(Token::Dim, (0x006e_7a89, 244), (0x005b_6673, 241), Color::DarkGray),
    Row(Token::Faint, (0x003a_4450, 239), (0x00b4_bcc6, 249), Color::DarkGray),
    Row(Token::Accent, (0x004f_d6be, 79), (0x000b_7466, 30), Color::Cyan),
    Row(Token::Good, (0x007e_c97f, 114), (0x001f_7a33, 28), Color::Green),
    Row(Token::Look, (0x00e6_b450, 179), (0x008a_5a00, 94), Color::Yellow),
    Row(Token::Act, (0x00ff_6b6b, 203), (0x00c0_262d, 160), Color::Red),
    Row(Token::Data, (0x0082_aaff, 111), (0x001f_4fc4, 26), Color::Blue),
    Row(Token::Key, (0x0082_aaff, 111), (0x001f_4fc4, 26), Color::Blue),
    Row(Token::String, (0x00a5_d6a7, 151), (0x001c_6b31, 22), Color::Green),
    Row(Token::Number, (0x00f5_a97f, 216), (0x009c_460b, 130), Color::Yellow),
    Row(Token::Word, (0x00c7_92ea, 176), (0x0077_34a8, 91), Color::Magenta),
    Row(Token::Punctuation, (0x005c_6773, 242), (0x006a_7480, 243), Color::DarkGray),
];

/// The raised background of a selected row, and the bar of the first and last line.
const RAISED: ((u32, u8), (u32, u8)) = ((0x001d_2b36, 236), (0x00dc_e9ee, 254));
const BAR: ((u32, u8), (u32, u8)) = ((0x001a_212b, 235), (0x00ea_eef2, 255));

impl Theme {
    pub fn new(depth: Depth, ground: Ground) -> Self {
        Self { depth, ground }
    }

    pub fn style(self, token: Token) -> Style {
        let Some(Row(_, dark, light, sixteen)) = ROWS.iter().find(|row| row.0 == token) else { return Style::new() };
        let style = match self.depth {
            Depth::None => Style::new(),
            Depth::Sixteen => Style::new().fg(*sixteen),
            Depth::True | Depth::Many => Style::new().fg(self.pick(*dark, *light)),
        };
        match token {
            Token::Title => style.add_modifier(Modifier::BOLD),
            Token::Dim | Token::Faint | Token::Punctuation if self.depth == Depth::None => style.add_modifier(Modifier::DIM),
            Token::Accent | Token::Act if self.depth == Depth::None => style.add_modifier(Modifier::BOLD),
            _ => style,
        }
    }

    /// Behind the selected row.
    pub fn raised(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::REVERSED),
            Depth::Sixteen => Style::new().bg(if self.ground == Ground::Dark { Color::DarkGray } else { Color::Gray }),
            Depth::True | Depth::Many => Style::new().bg(self.pick(RAISED.0, RAISED.1)),
        }
    }

    /// Behind the first and the last line.
    pub fn bar(self) -> Style {
        match self.depth {
            Depth::None | Depth::Sixteen => Style::new(),
            Depth::True | Depth::Many => Style::new().bg(self.pick(BAR.0, BAR.1)),
        }
    }

    fn pick(self, dark: (u32, u8), light: (u32, u8)) -> Color {
        let (rgb, index) = if self.ground == Ground::Dark { dark } else { light };
        if self.depth == Depth::True { Color::from_u32(rgb) } else { Color::Indexed(index) }
    }
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

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
    Row(Token::Text, (0xc9_d1_d9, 252), (0x24_29_2f, 235), Color::Reset),
    Row(Token::Title, (0xe6_ed_f3, 255), (0x0b_10_16, 232), Color::Reset),
    Row(Token::Dim, (0x6e_7a_89, 244), (0x5b_66_73, 241), Color::DarkGray),
    Row(Token::Faint, (0x3a_44_50, 239), (0xb4_bc_c6, 249), Color::DarkGray),
    Row(Token::Accent, (0x4f_d6_be, 79), (0x0b_74_66, 30), Color::Cyan),
    Row(Token::Good, (0x7e_c9_7f, 114), (0x1f_7a_33, 28), Color::Green),
    Row(Token::Look, (0xe6_b4_50, 179), (0x8a_5a_00, 94), Color::Yellow),
    Row(Token::Act, (0xff_6b_6b, 203), (0xc0_26_2d, 160), Color::Red),
    Row(Token::Data, (0x82_aa_ff, 111), (0x1f_4f_c4, 26), Color::Blue),
    Row(Token::Key, (0x82_aa_ff, 111), (0x1f_4f_c4, 26), Color::Blue),
    Row(Token::String, (0xa5_d6_a7, 151), (0x1c_6b_31, 22), Color::Green),
    Row(Token::Number, (0xf5_a9_7f, 216), (0x9c_46_0b, 130), Color::Yellow),
    Row(Token::Word, (0xc7_92_ea, 176), (0x77_34_a8, 91), Color::Magenta),
    Row(Token::Punctuation, (0x5c_67_73, 242), (0x6a_74_80, 243), Color::DarkGray),
];

/// The raised background of a selected row, and the bar of the first and last line.
const RAISED: ((u32, u8), (u32, u8)) = ((0x1d_2b_36, 236), (0xdc_e9_ee, 254));
const BAR: ((u32, u8), (u32, u8)) = ((0x1a_21_2b, 235), (0xea_ee_f2, 255));

impl Theme {
    pub fn new(depth: Depth, ground: Ground) -> Self {
        Self { depth, ground }
    }

    pub fn style(&self, token: Token) -> Style {
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
    pub fn raised(&self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::REVERSED),
            Depth::Sixteen => Style::new().bg(if self.ground == Ground::Dark { Color::DarkGray } else { Color::Gray }),
            Depth::True | Depth::Many => Style::new().bg(self.pick(RAISED.0, RAISED.1)),
        }
    }

    /// Behind the first and the last line.
    pub fn bar(&self) -> Style {
        match self.depth {
            Depth::None | Depth::Sixteen => Style::new(),
            Depth::True | Depth::Many => Style::new().bg(self.pick(BAR.0, BAR.1)),
        }
    }

    fn pick(&self, dark: (u32, u8), light: (u32, u8)) -> Color {
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
            _ => Self::Text,
        }
    }
}

//! Reusable drawing: themes, a pen for one row, pane lines, scroll marks. The only place that touches the terminal
//! library's styles and text. May use ratatui, `core::{cursor, line}`, model, text and tree; never the state.

mod chart;
mod pane;
mod pen;
mod theme;

pub use chart::{Chart, chart};
pub use pane::{Bound, Pane, keys_line, keys_width, split_right, title_rule};
pub use pen::Pen;
pub use theme::{Depth, Ground, Theme, Token};

//! The prompt of a filter on the last line of a list.

use crate::core::names::bar::NameBar;
use crate::ui::{Pen, Token};

/// A list of names. False: nothing is being typed, and nothing was drawn.
pub(super) fn names(bar: &NameBar, pen: &mut Pen<'_>) -> bool {
    let Some(line) = bar.line() else { return false };
    pen.prompt("/", line);
    match bar.error() {
        Some(error) => pen.gap(3).own("✗ ", Token::Act).own(error, Token::Act),
        None => pen.gap(6).own("! inverts   -f fuzzy   esc keeps, esc again clears", Token::Dim),
    };
    true
}

//! The terminal's size, made usable.

use rustix::stdio::stdout;
use rustix::termios::tcgetwinsize;

/// What terminals without a size (serial lines, fresh pseudo terminals) are taken for.
const UNKNOWN: (u16, u16) = (80, 24);
/// No terminal is larger; a size that someone made up must not cost gigabytes of cells.
const LIMIT: (u16, u16) = (1000, 500);

/// Columns and rows, each at least 1.
pub(super) fn size() -> (u16, u16) {
    tcgetwinsize(stdout()).map_or(UNKNOWN, |size| usable(size.ws_col, size.ws_row))
}

fn usable(columns: u16, rows: u16) -> (u16, u16) {
    if columns == 0 || rows == 0 { UNKNOWN } else { (columns.min(LIMIT.0), rows.min(LIMIT.1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_size_is_usable() {
        assert_eq!(usable(1, 1), (1, 1));
        assert_eq!(usable(0, 24), UNKNOWN);
        assert_eq!(usable(u16::MAX, u16::MAX), LIMIT);
    }
}

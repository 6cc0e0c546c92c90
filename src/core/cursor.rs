//! The selected line of a list and the window around it. Every list has one; none of them knows what its lines are.

use std::ops::Range;

use super::action::Action;

/// Lines kept visible above and below the selected one.
const MARGIN: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The selected line, from 0.
    pub at: usize,
    /// The first line in the window.
    pub top: usize,
}

/// Where a line is to stand in the window (`zt`, `zz`, `zb`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Top,
    Middle,
    Bottom,
}

impl Cursor {
    /// Moves by so many lines, within `len` lines and a window of `height`.
    pub fn by(&mut self, lines: isize, len: usize, height: usize) {
        self.to(self.at.saturating_add_signed(lines), len, height);
    }

    /// Selects a line, or the last one when there are fewer.
    pub fn to(&mut self, at: usize, len: usize, height: usize) {
        self.at = at.min(len.saturating_sub(1));
        self.fit(len, height);
    }

    /// Does what every list does for the keys that move. False: the action is none of them.
    pub fn obey(&mut self, action: Action, len: usize, height: usize) -> bool {
        match action {
            Action::Down => self.by(1, len, height),
            Action::Up => self.by(-1, len, height),
            Action::HalfDown => self.by(Self::half(height), len, height),
            Action::HalfUp => self.by(-Self::half(height), len, height),
            Action::PageDown => self.by(Self::page(height), len, height),
            Action::PageUp => self.by(-Self::page(height), len, height),
            Action::First => self.to(0, len, height),
            Action::Last => self.to(usize::MAX, len, height),
            Action::PutTop => self.place(Place::Top, len, height),
            Action::PutMiddle => self.place(Place::Middle, len, height),
            Action::PutBottom => self.place(Place::Bottom, len, height),
            _ => return false,
        }
        true
    }

    /// Half a window (`ctrl-d`, `ctrl-u`), at least one line.
    pub fn half(height: usize) -> isize {
        isize::try_from((height / 2).max(1)).unwrap_or(isize::MAX)
    }

    /// A window less one line (`ctrl-f`, `ctrl-b`).
    pub fn page(height: usize) -> isize {
        isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(isize::MAX)
    }

    /// Puts the selected line at a place of the window.
    pub fn place(&mut self, place: Place, len: usize, height: usize) {
        self.top = match place {
            Place::Top => self.at,
            Place::Middle => self.at.saturating_sub(height / 2),
            Place::Bottom => self.at.saturating_sub(height.saturating_sub(1)),
        };
        self.top = self.top.min(len.saturating_sub(height));
    }

    /// Keeps the selected line in the window, with a margin where there is room.
    pub fn fit(&mut self, len: usize, height: usize) {
        self.at = self.at.min(len.saturating_sub(1));
        let height = height.max(1);
        let margin = MARGIN.min((height - 1) / 2);
        self.top = self.top.min(self.at.saturating_sub(margin));
        let lowest = self.at + margin + 1;
        if lowest > self.top + height {
            self.top = lowest - height;
        }
        self.top = self.top.min(len.saturating_sub(height));
    }

    /// The lines in the window.
    pub fn window(&self, len: usize, height: usize) -> Range<usize> {
        let top = self.top.min(len.saturating_sub(height));
        top..len.min(top + height)
    }

    /// So many lines in front went away (or came, when negative): the same line stays selected.
    pub fn shift(&mut self, gone: usize) {
        self.at = self.at.saturating_sub(gone);
        self.top = self.top.saturating_sub(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_selected_line_is_always_in_the_window(moves in prop::collection::vec((-50_isize..50, 0_usize..200, 0_usize..40), 1..50)) {
            let mut cursor = Cursor::default();
            for (by, len, height) in moves {
                cursor.by(by, len, height);
                let window = cursor.window(len, height);
                prop_assert!(window.end <= len);
                if len > 0 && height > 0 {
                    prop_assert!(window.contains(&cursor.at), "{cursor:?} {window:?}");
                    prop_assert_eq!(window.len(), height.min(len));
                }
            }
        }
    }
}

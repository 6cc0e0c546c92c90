//! What ratatui draws on: bytes in memory, so that a frame is one write, and none when nothing changed.
//!
//! Asks the terminal nothing: ratatui wants to know the cursor's place when it clears, and the answer would come among the keys.

use std::io;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::size::size;

/// Begins and ends a synchronized update (DEC private mode 2026): the terminal shows the frame whole. Others ignore it.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

#[derive(Debug, Default)]
pub(super) struct Canvas {
    bytes: Vec<u8>,
    cursor: Cursor,
}

/// The cursor as the terminal shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Cursor {
    #[default]
    Unknown,
    Hidden,
    /// Shown, and somewhere.
    Shown,
    At(Position),
}

impl Canvas {
    /// The frame's bytes, empty when nothing is to be written. What was drawn is forgotten.
    pub(super) fn frame(&mut self, synchronized: bool) -> Vec<u8> {
        if self.bytes.is_empty() {
            Vec::new()
        } else if synchronized {
            [BEGIN, &std::mem::take(&mut self.bytes), END].concat()
        } else {
            std::mem::take(&mut self.bytes)
        }
    }

    /// The terminal was left and entered again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn inner(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }
}

impl Backend for Canvas {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        // Without a cell there would still be the sequences that reset the style.
        if content.peek().is_none() {
            return Ok(());
        }
        if let Cursor::At(_) = self.cursor {
            self.cursor = Cursor::Shown;
        }
        self.inner().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor == Cursor::Hidden {
            return Ok(());
        }
        self.cursor = Cursor::Hidden;
        self.inner().hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if matches!(self.cursor, Cursor::Shown | Cursor::At(_)) {
            return Ok(());
        }
        self.cursor = Cursor::Shown;
        self.inner().show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        match self.cursor {
            // Nobody sees where a hidden cursor is, and each cell that is drawn moves it.
            Cursor::Hidden => return Ok(()),
            Cursor::At(now) if now == position => return Ok(()),
            Cursor::Unknown | Cursor::Shown | Cursor::At(_) => {}
        }
        if self.cursor != Cursor::Unknown {
            self.cursor = Cursor::At(position);
        }
        self.inner().set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(size().into())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: size().into(), pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    #[test]
    fn an_unchanged_frame_is_no_byte() {
        let mut canvas = Canvas::default();
        canvas.hide_cursor().unwrap();
        assert_eq!(canvas.frame(true), b"\x1b[?2026h\x1b[?25l\x1b[?2026l");
        canvas.draw(std::iter::empty()).unwrap();
        canvas.hide_cursor().unwrap();
        assert!(canvas.frame(true).is_empty());
        canvas.show_cursor().unwrap();
        canvas.set_cursor_position((2, 3)).unwrap();
        assert_eq!(canvas.frame(false), b"\x1b[?25h\x1b[4;3H");
        canvas.show_cursor().unwrap();
        canvas.set_cursor_position((2, 3)).unwrap();
        assert!(canvas.frame(false).is_empty());
    }

    #[test]
    fn the_cursor_goes_back_after_cells_were_drawn() {
        let mut canvas = Canvas::default();
        canvas.show_cursor().unwrap();
        canvas.set_cursor_position((2, 3)).unwrap();
        let _ = canvas.frame(false);
        let cell = Cell::new("x");
        canvas.draw([(0, 0, &cell)].into_iter()).unwrap();
        canvas.set_cursor_position((2, 3)).unwrap();
        assert!(canvas.frame(false).ends_with(b"\x1b[4;3H"));
    }

    #[test]
    fn colours_are_sent_whatever_no_color_says() {
        // What NO_COLOR means is decided once, in `colors`; crossterm would send ESC[;m and thereby reset bold and reverse.
        crossterm::style::force_color_output(true);
        let mut cell = Cell::new("x");
        cell.set_fg(Color::Rgb(1, 2, 3));
        let mut canvas = Canvas::default();
        canvas.draw([(0, 0, &cell)].into_iter()).unwrap();
        let frame = String::from_utf8(canvas.frame(false)).unwrap();
        assert!(frame.contains("38;2;1;2;3"), "{frame:?}");
    }
}

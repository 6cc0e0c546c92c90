//! Columns of very long texts: a window far into an 8 MB line is found without walking what is before it.

use super::pieces::pieces;

/// Bytes between two marks of a ruler.
const STEP: usize = 8 * 1024;

/// Where columns lie in a long text. Made once, off the loop; 8 bytes for each 8 KB.
#[derive(Debug, Clone, Default)]
pub struct Ruler {
    marks: Vec<Mark>,
    columns: usize,
}

/// The piece that begins at byte `at` begins at this column.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: u32,
    column: u32,
}

impl Ruler {
    /// Whether a text of so many bytes is long enough to be worth a ruler.
    pub fn pays(bytes: usize) -> bool {
        bytes > 2 * STEP
    }

    /// Walks `bytes` once.
    pub fn new(bytes: &[u8]) -> Self {
        let mut ruler = Self::default();
        let mut next = STEP;
        for piece in pieces(bytes) {
            // A run of ASCII may span many steps: one byte is one column in it.
            while next < piece.raw.end {
                let inside = if piece.raw.len() == piece.width { next.saturating_sub(piece.raw.start) } else { 0 };
                if let (Ok(at), Ok(column)) = (u32::try_from(piece.raw.start + inside), u32::try_from(ruler.columns + inside)) {
                    ruler.marks.push(Mark { at, column });
                }
                next = (next + STEP).max(piece.raw.start + inside + STEP);
            }
            ruler.columns += piece.width;
        }
        ruler
    }

    /// Columns of the whole text.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The last mark at or before `column`: (byte, its column). Walking on from there is at most some kilobytes.
    pub fn seek(&self, column: usize) -> (usize, usize) {
        let after = self.marks.partition_point(|mark| mark.column as usize <= column);
        let mark = after.checked_sub(1).and_then(|last| self.marks.get(last));
        mark.map_or((0, 0), |mark| (mark.at as usize, mark.column as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_where_walking_would_arrive() {
        for text in ["x".repeat(100_000), "漢é\u{301}\x1b".repeat(9000), format!("{}漢{}", "y".repeat(50_000), "z".repeat(50_000))] {
            let ruler = Ruler::new(text.as_bytes());
            for column in (0..ruler.columns()).step_by(9973) {
                let (at, from) = ruler.seek(column);
                let walked: usize = pieces(&text.as_bytes()[..at]).map(|piece| piece.width).sum();
                assert_eq!(walked, from);
                let left: usize = pieces(&text.as_bytes()[at..]).map(|piece| piece.width).sum();
                assert_eq!(from + left, ruler.columns());
                assert!(column - from <= 3 * STEP, "{column} {from}");
            }
        }
    }
}

//! Differences of texts and bytes as hunks: the common begin and end are left aside, lines between are matched where that is not too
//! much work, else set beside each other when there are as many.

use std::ops::Range;

/// Cells of the table that matches lines: what needs more is one hunk.
const CELLS: usize = 1 << 20;
/// Equal bytes between two differing ones that do not part them.
const BRIDGE: usize = 3;

/// A stretch that differs: bytes of the one, and those of the other in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    pub from: Range<usize>,
    pub to: Range<usize>,
}

/// Hunks of whole lines.
pub(super) fn lines(from: &[u8], to: &[u8]) -> Vec<Hunk> {
    let (a, b) = (ends(from), ends(to));
    let line = |text: &'_ [u8], ends: &[usize], at: usize| -> Vec<u8> {
        let start = if at == 0 { 0 } else { ends.get(at - 1).copied().unwrap_or(0) };
        text.get(start..ends.get(at).copied().unwrap_or(start)).unwrap_or_default().to_vec()
    };
    let left: Vec<Vec<u8>> = (0..a.len()).map(|at| line(from, &a, at)).collect();
    let right: Vec<Vec<u8>> = (0..b.len()).map(|at| line(to, &b, at)).collect();
    let start = |ends: &[usize], at: usize| if at == 0 { 0 } else { ends.get(at - 1).copied().unwrap_or(0) };
    let bytes = |hunk: Hunk| Hunk {
        from: start(&a, hunk.from.start)..start(&a, hunk.from.end),
        to: start(&b, hunk.to.start)..start(&b, hunk.to.end),
    };
    matched(&left, &right).into_iter().map(bytes).collect()
}

/// Hunks of bytes: of the same length all that differ, else what lies between the common begin and end.
pub(super) fn bytes(from: &[u8], to: &[u8]) -> Vec<Hunk> {
    if from.len() != to.len() {
        return edges(from, to).into_iter().collect();
    }
    let mut hunks: Vec<Hunk> = Vec::new();
    for at in from.iter().zip(to).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at) {
        match hunks.last_mut() {
            Some(last) if at <= last.from.end + BRIDGE => (last.from.end, last.to.end) = (at + 1, at + 1),
            _ => hunks.push(Hunk { from: at..at + 1, to: at..at + 1 }),
        }
    }
    hunks
}

/// Where each line ends, its break included.
fn ends(text: &[u8]) -> Vec<usize> {
    let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', text).map(|at| at + 1).collect();
    if ends.last().copied().unwrap_or(0) < text.len() {
        ends.push(text.len());
    }
    ends
}

/// What lies between the common begin and the common end.
fn edges<T: PartialEq>(from: &[T], to: &[T]) -> Option<Hunk> {
    let before = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let room = from.len().min(to.len()) - before;
    let behind = from.iter().rev().zip(to.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let hunk = Hunk { from: before..from.len() - behind, to: before..to.len() - behind };
    (!hunk.from.is_empty() || !hunk.to.is_empty()).then_some(hunk)
}

/// Hunks of as many items on both sides, each against the one in its place.
fn beside<T: PartialEq>(from: &[T], to: &[T], start: usize) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for at in from.iter().zip(to).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at + start) {
        match hunks.last_mut() {
            Some(last) if at == last.from.end => (last.from.end, last.to.end) = (at + 1, at + 1),
            _ => hunks.push(Hunk { from: at..at + 1, to: at..at + 1 }),
        }
    }
    hunks
}

/// Hunks of items: those outside of the longest common subsequence.
fn matched<T: PartialEq>(from: &[T], to: &[T]) -> Vec<Hunk> {
    let Some(middle) = edges(from, to) else { return Vec::new() };
    let (a, b) = (from.get(middle.from.clone()).unwrap_or_default(), to.get(middle.to.clone()).unwrap_or_default());
    let columns = b.len() + 1;
    if (a.len() + 1).saturating_mul(columns) > CELLS {
        return if a.len() == b.len() { beside(a, b, middle.from.start) } else { vec![middle] };
    }
    // How long the common subsequence is from here on.
    let mut table = vec![0_u32; (a.len() + 1) * columns];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * columns + j).copied().unwrap_or(0);
    for (i, left) in a.iter().enumerate().rev() {
        for (j, right) in b.iter().enumerate().rev() {
            let best = if left == right { at(&table, i + 1, j + 1) + 1 } else { at(&table, i + 1, j).max(at(&table, i, j + 1)) };
            if let Some(cell) = table.get_mut(i * columns + j) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j, mut hunks) = (0, 0, Vec::<Hunk>::new());
    let mut open: Option<Hunk> = None;
    while i < a.len() || j < b.len() {
        if let (Some(left), Some(right)) = (a.get(i), b.get(j))
            && left == right
        {
            hunks.extend(open.take());
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let base = (middle.from.start, middle.to.start);
        let hunk = open.get_or_insert(Hunk { from: base.0 + i..base.0 + i, to: base.1 + j..base.1 + j });
        if j >= b.len() || (i < a.len() && at(&table, i + 1, j) >= at(&table, i, j + 1)) {
            i += 1;
            hunk.from.end += 1;
        } else {
            j += 1;
            hunk.to.end += 1;
        }
    }
    hunks.extend(open);
    hunks
}

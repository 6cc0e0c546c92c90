//! Differences as lines of a list.

use bytes::Bytes;

use crate::text::units;
use crate::tree::diff::{Comparison, Diff, HeaderChange, Hunk};

/// Lines that are made of differences: who pages further opens the records.
const MOST: usize = 4_000;
/// Bytes of a hunk that are shown.
const BYTES: usize = 24;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it is about; holds foreign names.
    pub(super) name: String,
    /// As it was, and as it is: `None` is "not there".
    pub(super) from: Option<Side>,
    pub(super) to: Option<Side>,
}

/// What stands on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    Null,
    Bytes(Bytes),
    /// Words of ours.
    Own(String),
}

impl Side {
    fn of(value: Option<&Bytes>) -> Self {
        value.map_or(Self::Null, |bytes| Self::Bytes(bytes.clone()))
    }
}

/// All differences: of the value, then of the headers.
pub(super) fn of(comparison: &Comparison) -> Vec<Entry> {
    let (from, to) = (comparison.from.as_ref(), comparison.to.as_ref());
    let bytes = |value: Option<&Bytes>| value.cloned().unwrap_or_default();
    let (mut entries, more) = match &comparison.value {
        Diff::Same | Diff::SameMeaning => (Vec::new(), 0),
        Diff::Null => (vec![Entry { name: "value".to_owned(), from: Some(Side::of(from)), to: Some(Side::of(to)) }], 0),
        Diff::Json { changes, more } => {
            let side = |bytes: &Option<Bytes>| bytes.clone().map(Side::Bytes);
            let entry = |change: &crate::tree::diff::Change| Entry { name: change.path(), from: side(&change.from), to: side(&change.to) };
            (changes.iter().map(entry).collect(), *more)
        }
        Diff::Lines { hunks, more } => (lines(hunks, &bytes(from), &bytes(to)), *more),
        Diff::Bytes { hunks, more } => (ranges(hunks, &bytes(from), &bytes(to)), *more),
    };
    if entries.len() > MOST || more > 0 {
        let left = units::wide(more.saturating_add(entries.len().saturating_sub(MOST)));
        entries.truncate(MOST);
        entries.push(Entry { name: format!("… {} more", units::thousands(left)), from: None, to: None });
    }
    entries.extend(comparison.headers.iter().map(header));
    entries
}

fn header(change: &HeaderChange) -> Entry {
    let side = |value: &Option<Vec<u8>>| value.as_ref().map_or(Side::Null, |value| Side::Bytes(Bytes::from(value.clone())));
    let nth = if change.nth > 0 { format!(" #{}", change.nth + 1) } else { String::new() };
    Entry {
        name: format!("header {}{nth}", String::from_utf8_lossy(&change.name)),
        from: change.from.as_ref().map(side),
        to: change.to.as_ref().map(side),
    }
}

/// Lines of text: those of a hunk beside each other, as far as both have some.
fn lines(hunks: &[Hunk], from: &Bytes, to: &Bytes) -> Vec<Entry> {
    let mut entries = Vec::new();
    for hunk in hunks {
        if entries.len() > MOST {
            break;
        }
        let before = memchr::memchr_iter(b'\n', from.get(..hunk.from.start).unwrap_or_default()).count();
        let side = |text: &Bytes, range: std::ops::Range<usize>| -> Vec<Bytes> {
            let part = text.slice(range.start.min(text.len())..range.end.min(text.len()));
            let lines = part.split_inclusive(|byte| *byte == b'\n').take(MOST);
            lines.map(|line| part.slice_ref(line.strip_suffix(b"\n").unwrap_or(line))).collect()
        };
        let (left, right) = (side(from, hunk.from.clone()), side(to, hunk.to.clone()));
        for at in 0..left.len().max(right.len()) {
            let side = |lines: &[Bytes]| lines.get(at).cloned().map(Side::Bytes);
            let name = format!("line {}", units::thousands(units::wide(before + at + 1)));
            entries.push(Entry { name, from: side(&left), to: side(&right) });
        }
    }
    entries
}

fn ranges(hunks: &[Hunk], from: &Bytes, to: &Bytes) -> Vec<Entry> {
    let hex = |bytes: &Bytes, range: std::ops::Range<usize>| {
        let part = bytes.get(range).unwrap_or_default();
        let mut text: Vec<String> = part.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        if part.len() > BYTES {
            text.push(format!("… +{}", units::size(units::wide(part.len() - BYTES))));
        }
        (!part.is_empty()).then(|| Side::Own(text.join(" ")))
    };
    let entry = |hunk: &Hunk| Entry {
        name: format!("byte {}", units::thousands(units::wide(hunk.from.start))),
        from: hex(from, hunk.from.clone()),
        to: hex(to, hunk.to.clone()),
    };
    hunks.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::diff::values;

    fn entries(from: &'static [u8], to: &'static [u8]) -> Vec<Entry> {
        let (from, to) = (Bytes::from_static(from), Bytes::from_static(to));
        let value = values(Some(&from), Some(&to));
        let sizes = (from.len(), to.len());
        of(&Comparison { value, from: Some(from), to: Some(to), headers: vec![], same_key: true, apart_ms: None, sizes })
    }

    #[test]
    fn hunks_become_lines_with_their_numbers() {
        let found = entries(b"a\nb\nc\n", b"a\nx\ny\nc\n");
        let side = |text: &'static str| Some(Side::Bytes(Bytes::from_static(text.as_bytes())));
        assert_eq!(
            found,
            [Entry { name: "line 2".into(), from: side("b"), to: side("x") }, Entry { name: "line 3".into(), from: None, to: side("y") }]
        );
        let own = |text: &str| Some(Side::Own(text.to_owned()));
        assert_eq!(entries(b"\xff\x01\x02", b"\xff\x09\x02"), [Entry { name: "byte 1".into(), from: own("01"), to: own("09") }]);
    }
}

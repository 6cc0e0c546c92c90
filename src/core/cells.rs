//! The cells of a query's table in words, the same on a screen and in a terminal's lines.

use jiff::tz::TimeZone;

use crate::query::{Cell, ColumnKind};
use crate::text::{Shown, TimeFormat, time};

/// What a cell is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value of the records.
    Value,
    Number,
    /// Exact no more.
    Estimate,
    /// Null, absent, or no single value.
    Nothing,
}

/// A cell as it is shown: safe for a terminal, in one line.
pub fn words(cell: &Cell, kind: ColumnKind, zone: &TimeZone) -> (String, Kind) {
    match cell {
        Cell::Absent => ("–".to_owned(), Kind::Nothing),
        Cell::Null => ("∅ null".to_owned(), Kind::Nothing),
        Cell::Container => ("{…}".to_owned(), Kind::Nothing),
        Cell::Bool(value) => (value.to_string(), Kind::Value),
        Cell::Text(bytes) if bytes.is_empty() => ("\"\"".to_owned(), Kind::Value),
        Cell::Text(bytes) => (Shown::of_bytes(bytes).into_string(), Kind::Value),
        Cell::Number(number) => (unit(grouped(number), kind), Kind::Number),
        Cell::Approx(number) => (format!("≈{}", unit(grouped(number), kind)), Kind::Estimate),
        Cell::Count(n) => (grouped(&n.to_string()), Kind::Number),
        Cell::Time(ms) => (time(*ms, TimeFormat::Full, zone, 0), Kind::Number),
        Cell::Bucket(bucket) if bucket.low == bucket.high => (unit(grouped(&bucket.low), kind), Kind::Value),
        Cell::Bucket(bucket) => (format!("{} … {}", grouped(&bucket.low), grouped(&bucket.high)), Kind::Value),
        Cell::Others(groups) => (format!("≈{} others", grouped(&groups.to_string())), Kind::Nothing),
    }
}

fn unit(number: String, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Rate => number + "/s",
        ColumnKind::Duration => number + " ms",
        ColumnKind::Size => number + " B",
        _ => number,
    }
}

/// A decimal number with its whole part in groups of three digits, every digit kept.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let whole = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at_checked(whole).unwrap_or((digits, ""));
    if rest.contains(['e', 'E']) {
        return number.to_owned();
    }
    let mut text = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_cell_looks_different() {
        let zone = TimeZone::UTC;
        let shown = |cell: Cell| words(&cell, ColumnKind::Number, &zone).0;
        for (cell, text) in [
            (Cell::Absent, "–"),
            (Cell::Null, "∅ null"),
            (Cell::Text(b"".to_vec().into()), "\"\""),
            (Cell::Text(b"a\x1b[2J".to_vec().into()), "a␛[2J"),
            (Cell::Number("-1234567.891011".into()), "-1,234,567.891011"),
            (Cell::Approx("1200".into()), "≈1,200"),
            (Cell::Number("1e400".into()), "1e400"),
            (Cell::Count(1_000), "1,000"),
            (Cell::Others(1_500), "≈1,500 others"),
        ] {
            assert_eq!(shown(cell), text);
        }
        assert_eq!(words(&Cell::Number("12.5".into()), ColumnKind::Rate, &zone).0, "12.5/s");
    }
}

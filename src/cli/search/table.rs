//! The table that a query's stages make, printed once it is whole: lines with bars for people, an object per row for programs.

use jiff::tz::TimeZone;

use super::super::Output;
use crate::core::cells::{self, Kind};
use crate::query::{Cell, ColumnKind, Row, Table, TableColumn};
use crate::text::ndjson::{self, Target};
use crate::text::{Shown, units, width};

/// Columns of a bar.
const BAR: usize = 24;

/// All of it in a form, as bytes for stdout.
pub(super) fn encoded(table: &Table, output: Output, terminal: bool, zone: &TimeZone) -> Vec<u8> {
    let target = if terminal { Target::Terminal } else { Target::Data };
    let mut out = Vec::new();
    match output {
        Output::Ndjson => {
            for row in &table.rows {
                object(&mut out, &table.columns, row, target);
                out.push(b'\n');
            }
        }
        Output::Json => {
            for (n, row) in table.rows.iter().enumerate() {
                out.extend_from_slice(if n == 0 { b"[" } else { b",\n" });
                object(&mut out, &table.columns, row, target);
            }
            out.extend_from_slice(if table.rows.is_empty() { b"[]\n" } else { b"\n]\n" });
        }
        Output::Csv => csv(&mut out, table, target),
        Output::Table => lines(&mut out, table, zone),
    }
    out
}

/// Absent is left out, null is null.
fn object(out: &mut Vec<u8>, columns: &[TableColumn], row: &Row, target: Target) {
    out.push(b'{');
    let mut first = true;
    for (column, cell) in columns.iter().zip(&row.cells).filter(|(_, cell)| **cell != Cell::Absent) {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        let name = if matches!(cell, Cell::Others(_)) { "others" } else { column.text.as_str() };
        ndjson::string(out, name, target);
        out.push(b':');
        value(out, cell, target);
    }
    out.push(b'}');
}

fn value(out: &mut Vec<u8>, cell: &Cell, target: Target) {
    match cell {
        Cell::Absent | Cell::Null => out.extend_from_slice(b"null"),
        Cell::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Cell::Text(bytes) => ndjson::string(out, &String::from_utf8_lossy(bytes), target),
        Cell::Container => ndjson::string(out, "{…}", target),
        Cell::Number(number) | Cell::Approx(number) => out.extend_from_slice(number.as_bytes()),
        Cell::Count(n) | Cell::Others(n) => out.extend_from_slice(n.to_string().as_bytes()),
        Cell::Time(ms) => out.extend_from_slice(ms.to_string().as_bytes()),
        Cell::Bucket(bucket) => {
            out.extend_from_slice(format!("{{\"from\":{},\"to\":{}}}", bucket.low, bucket.high).as_bytes());
        }
    }
}

fn csv(out: &mut Vec<u8>, table: &Table, target: Target) {
    let mut line = |fields: Vec<String>| {
        let quoted = |text: &String| {
            let needs = text.contains([',', '"', '\n', '\r']);
            if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
        };
        out.extend_from_slice(fields.iter().map(quoted).collect::<Vec<_>>().join(",").as_bytes());
        out.push(b'\n');
    };
    line(table.columns.iter().map(|column| column.text.clone()).collect());
    for row in &table.rows {
        let text = |cell: &Cell| match cell {
            Cell::Absent => String::new(),
            Cell::Text(bytes) if target == Target::Terminal => Shown::of_bytes(bytes).into_string(),
            Cell::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            cell => {
                let mut bytes = Vec::new();
                value(&mut bytes, cell, Target::Data);
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        line(row.cells.iter().map(text).collect());
    }
}

/// Columns as wide as their widest cell, numbers right, and a bar behind the first column of counts.
fn lines(out: &mut Vec<u8>, table: &Table, zone: &TimeZone) {
    let words = |row: &Row| -> Vec<(String, Kind)> {
        table.columns.iter().zip(&row.cells).map(|(column, cell)| cells::words(cell, column.kind, zone)).collect()
    };
    let rows: Vec<Vec<(String, Kind)>> = table.rows.iter().map(words).collect();
    let titles: Vec<String> = table.columns.iter().map(|column| Shown::of(&column.text).into_string()).collect();
    let right =
        |at: usize| table.columns.get(at).is_some_and(|column| !matches!(column.kind, ColumnKind::Group | ColumnKind::Window { .. }));
    let widest = |(at, title): (usize, &String)| {
        rows.iter().filter_map(|row| row.get(at)).map(|(text, _)| width(text)).max().unwrap_or(0).max(width(title))
    };
    let widths: Vec<usize> = titles.iter().enumerate().map(widest).collect();
    let counts = table.columns.iter().position(|column| column.kind == ColumnKind::Count);
    let count = |row: &Row| match counts.and_then(|at| row.cells.get(at)) {
        Some(Cell::Count(n)) => *n,
        _ => 0,
    };
    let most = table.rows.iter().map(count).max().unwrap_or(0);
    let mut line = |cells: Vec<&str>, bar: Option<u64>| {
        let mut text = String::new();
        for (at, (cell, wide)) in cells.iter().zip(&widths).enumerate() {
            let blanks = " ".repeat(wide.saturating_sub(width(cell)));
            text = if right(at) { format!("{text}{blanks}{cell}  ") } else { format!("{text}{cell}{blanks}  ") };
        }
        if let Some(bar) = bar.filter(|_| most > 0) {
            text += &units::bar(bar, most, BAR);
        }
        out.extend_from_slice(text.trim_end().as_bytes());
        out.push(b'\n');
    };
    line(titles.iter().map(String::as_str).collect(), None);
    for (row, cells) in table.rows.iter().zip(&rows) {
        line(cells.iter().map(|(text, _)| text.as_str()).collect(), counts.map(|_| count(row)));
    }
}

/// What is to be known beside the rows, a sentence each.
pub(super) fn notes(table: &Table) -> Vec<String> {
    let mut notes: Vec<String> = table.notes.iter().map(ToString::to_string).collect();
    if table.of > table.rows.len() {
        notes.push(format!("{} of {} rows", units::thousands(units::wide(table.rows.len())), units::thousands(units::wide(table.of))));
    }
    notes
}

//! Rows of named fields in the four forms of output.

use std::io::Write as _;

use super::Output;
use crate::text::ndjson::Target;
use crate::text::row::{object, value};
use crate::text::{Shown, width};

pub(super) use crate::text::row::{Field, Row, count, maybe};

/// Prints rows in a form; `terminal`: stdout is one, so that control characters are written as visible text.
///
/// # Errors
/// Stdout cannot be written; a closed pipe is none.
pub(super) fn print(rows: &[Row], output: Output, terminal: bool) -> std::io::Result<()> {
    write(&encoded(rows, output, terminal))
}

/// Rows in a form, as [`print()`] writes them.
pub(super) fn encoded(rows: &[Row], output: Output, terminal: bool) -> Vec<u8> {
    let target = if terminal { Target::Terminal } else { Target::Data };
    let mut out = Vec::new();
    match output {
        Output::Ndjson => rows.iter().for_each(|row| {
            object(&mut out, row, target);
            out.push(b'\n');
        }),
        Output::Json => {
            for (n, row) in rows.iter().enumerate() {
                out.extend_from_slice(if n == 0 { b"[" } else { b",\n" });
                object(&mut out, row, target);
            }
            out.extend_from_slice(if rows.is_empty() { b"[]\n" } else { b"\n]\n" });
        }
        Output::Csv => csv(&mut out, rows, terminal),
        Output::Table => table(&mut out, rows),
    }
    out
}

/// Prints one object: the same in JSON and NDJSON.
///
/// # Errors
/// As [`print()`].
pub(super) fn print_object(row: &Row, terminal: bool) -> std::io::Result<()> {
    let mut out = Vec::new();
    object(&mut out, row, if terminal { Target::Terminal } else { Target::Data });
    out.push(b'\n');
    write(&out)
}

/// Whoever reads may have enough.
pub(super) fn write(out: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(out).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A field as plain text: null is empty.
fn text(field: &Field) -> String {
    match field {
        Field::Null | Field::Absent => String::new(),
        Field::Bool(value) => value.to_string(),
        Field::Number(n) => n.to_string(),
        Field::Text(text) => text.clone(),
        Field::List(_) | Field::Object(_) => {
            let mut out = Vec::new();
            value(&mut out, field, Target::Data);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}

fn csv(out: &mut Vec<u8>, rows: &[Row], terminal: bool) {
    let Some(first) = rows.first() else { return };
    let names: Vec<&str> = first.iter().map(|(name, _)| *name).collect();
    out.extend_from_slice(names.join(",").as_bytes());
    out.push(b'\n');
    for row in rows {
        for (n, (_, field)) in row.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let text = if terminal { Shown::of(&text(field)).into_string() } else { text(field) };
            let quoted = text.contains([',', '"', '\n', '\r']) || (text.is_empty() && matches!(field, Field::Text(_)));
            let text = if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text };
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'\n');
    }
}

/// Rows as a table, to stand among other lines for people.
pub(super) fn as_table(rows: &[Row]) -> String {
    let mut out = Vec::new();
    table(&mut out, rows);
    String::from_utf8_lossy(&out).into_owned()
}

/// Columns as wide as their widest field; figures stand right, `?` is unknown, `–` is none.
fn table(out: &mut Vec<u8>, rows: &[Row]) {
    let Some(first) = rows.first() else { return };
    let cell = |field: &Field| match field {
        Field::Null => "?".to_owned(),
        Field::Absent => "–".to_owned(),
        field => Shown::of(&text(field)).into_string(),
    };
    let lines: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|(_, field)| cell(field)).collect()).collect();
    let widest =
        |n: usize, name: &str| lines.iter().filter_map(|line| line.get(n)).map(|cell| width(cell)).max().unwrap_or(0).max(width(name));
    let columns: Vec<(usize, bool)> = first
        .iter()
        .enumerate()
        .map(|(n, (name, _))| {
            (widest(n, name), rows.iter().any(|row| row.get(n).is_some_and(|(_, field)| matches!(field, Field::Number(_)))))
        })
        .collect();
    let header: Vec<String> = first.iter().map(|(name, _)| (*name).to_owned()).collect();
    for line in std::iter::once(&header).chain(&lines) {
        let mut text = String::new();
        for (cell, (columns, right)) in line.iter().zip(&columns) {
            let blanks = " ".repeat(columns.saturating_sub(width(cell)));
            let (before, after) = if *right { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            text = format!("{text}{before}{cell}{after}  ");
        }
        out.extend_from_slice(text.trim_end().as_bytes());
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        vec![
            vec![("name", Field::Text("a,b".to_owned())), ("size", Field::Null), ("ok", Field::Bool(true))],
            vec![("name", Field::Text("\u{1b}[2J".to_owned())), ("size", 12.into()), ("ok", Field::Bool(false))],
        ]
    }

    fn written(form: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        form(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn unknown_is_null_and_not_zero() {
        assert_eq!(written(|out| object(out, &rows()[0], Target::Data)), r#"{"name":"a,b","size":null,"ok":true}"#);
        assert_eq!(written(|out| csv(out, &rows(), false)), "name,size,ok\n\"a,b\",,true\n\u{1b}[2J,12,false\n");
    }

    #[test]
    fn none_is_null_to_programs_and_told_from_unknown_to_people() {
        let rows = vec![vec![("a", Field::Absent), ("b", Field::Null)]];
        assert_eq!(written(|out| object(out, &rows[0], Target::Data)), r#"{"a":null,"b":null}"#);
        assert_eq!(as_table(&rows), "a  b\n–  ?\n");
    }

    #[test]
    fn a_table_lines_up_and_holds_nothing_that_a_terminal_obeys() {
        assert_eq!(written(|out| table(out, &rows())), "name  size  ok\na,b      ?  true\n␛[2J    12  false\n");
        assert!(!written(|out| csv(out, &rows(), true)).contains('\u{1b}'));
    }
}

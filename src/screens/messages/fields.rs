//! Selected fields in place of the value: what stands in each cell, and how wide the columns are.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::core::store::Seq;
use crate::decode;
use crate::model::RecordRef;
use crate::query::ast::Operand;
use crate::query::{Select, Selected, Subject};
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{Pen, Token};

use super::Messages;

/// Bytes of a value in which a list looks for its fields: it is drawn on the loop. What lies further on is not known here.
const LOOKED_AT: usize = 64 << 10;
/// Values of one cell, where a path names several.
const VALUES: usize = 8;
/// Bytes that are shown of one value.
const BYTES: usize = 512;
/// No column is wider than that while others need room.
const COMFORTABLE: usize = 24;
/// No column is narrower, unless all that it shows is.
const LEAST: usize = 6;
const GAP: usize = 2;

#[derive(Debug)]
pub(super) struct Fields {
    heads: Vec<String>,
    cells: BTreeMap<Seq, Vec<Cell>>,
    /// Of the columns that there is room for.
    widths: Vec<usize>,
    /// Columns that hold numbers alone: they stand right.
    figures: Vec<bool>,
}

/// What a record has for a column. The text is safe to draw.
#[derive(Debug)]
struct Cell {
    text: String,
    token: Token,
    /// It stands in place of data.
    stands_in: bool,
    figure: bool,
}

impl Fields {
    pub(super) fn of(screen: &Messages, look: &Look<'_>, select: &Select, records: &[(Seq, RecordRef<'_>)]) -> Self {
        let heads: Vec<String> = select.columns().map(|(_, name)| Shown::of(name).into_string()).collect();
        let row = |record: &RecordRef<'_>| -> Vec<Cell> {
            select.columns().enumerate().map(|(at, (operand, _))| cell(screen, look, select, (at, operand), record)).collect()
        };
        let cells: BTreeMap<Seq, Vec<Cell>> = records.iter().map(|(seq, record)| (*seq, row(record))).collect();
        let column = |at: usize| cells.values().filter_map(move |row| row.get(at));
        let wide = |(at, head): (usize, &String)| column(at).map(|cell| text::width(&cell.text)).max().unwrap_or(0).max(text::width(head));
        let widths = heads.iter().enumerate().map(wide).collect();
        let figure = |at: usize| {
            let mut data = column(at).filter(|cell| !cell.stands_in).peekable();
            data.peek().is_some() && data.all(|cell| cell.figure)
        };
        let figures = (0..heads.len()).map(figure).collect();
        Self { heads, cells, widths, figures }
    }

    /// Columns that they want so that nothing short is cut.
    pub(super) fn comfortable(&self) -> usize {
        sum(&self.widths, COMFORTABLE)
    }

    /// Columns without which some of them are left out.
    pub(super) fn least(&self) -> usize {
        sum(&self.widths, LEAST)
    }

    /// Makes the widest narrower until all fit; where they cannot, the last ones go.
    pub(super) fn fit(mut self, room: usize) -> Self {
        while self.widths.len() > 1 && sum(&self.widths, LEAST) > room {
            self.widths.pop();
        }
        let widest = self.widths.iter().copied().max().unwrap_or(0);
        let level = (LEAST..=widest).rev().find(|level| sum(&self.widths, *level) <= room).unwrap_or(LEAST);
        for width in &mut self.widths {
            *width = (*width).min(level).min(room);
        }
        // What one level more would not give to all goes to the first that are cut.
        let mut spare = room.saturating_sub(sum(&self.widths, usize::MAX));
        for (at, width) in self.widths.iter_mut().enumerate() {
            let wants = self.heads.get(at).map_or(0, |head| text::width(head));
            let wants = self.cells.values().filter_map(|row| row.get(at)).map(|cell| text::width(&cell.text)).max().unwrap_or(0).max(wants);
            let more = wants.saturating_sub(*width).min(spare);
            (*width, spare) = (*width + more, spare - more);
        }
        self
    }

    pub(super) fn head(&self, pen: &mut Pen<'_>) {
        for ((head, width), figure) in self.heads.iter().zip(&self.widths).zip(&self.figures) {
            let head = Shown::of(head).cut(*width).into_owned().into_string();
            if *figure { pen.right(head, *width, Token::Dim) } else { pen.left(head, *width, Token::Dim) }.gap(GAP);
        }
    }

    /// How many selected fields there is no room for.
    pub(super) fn left_out(&self) -> usize {
        self.heads.len().saturating_sub(self.widths.len())
    }

    pub(super) fn draw(&self, seq: Seq, selected: bool, pen: &mut Pen<'_>) {
        let Some(row) = self.cells.get(&seq) else { return };
        for ((cell, width), figure) in row.iter().zip(&self.widths).zip(&self.figures) {
            let end = pen.column() + width;
            let text = Shown::of(&cell.text).cut(*width).into_owned().into_string();
            if *figure {
                pen.gap(width.saturating_sub(text::width(&text)));
            }
            match cell.token {
                token if cell.stands_in => pen.italic(text, token),
                Token::Text if selected => pen.own(text, Token::Title),
                token => pen.own(text, token),
            };
            pen.to(end).gap(GAP);
        }
    }
}

/// Columns of all with no one wider than that, and the gaps between them.
fn sum(widths: &[usize], most: usize) -> usize {
    widths.iter().map(|width| (*width).min(most)).sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn cell(screen: &Messages, look: &Look<'_>, select: &Select, (at, operand): (usize, &Operand), record: &RecordRef<'_>) -> Cell {
    let txn = record.transaction.map(|producer| screen.txns().outcome(record.partition, producer, record.offset));
    let cut = matches!(operand, Operand::Path(_)) && record.value.is_some_and(|value| value.len() > LOOKED_AT);
    let value = record.value.map(|value| value.get(..LOOKED_AT).filter(|_| cut).unwrap_or(value));
    let (topic, partition) = screen.reader.place(record.partition);
    let record = RecordRef { partition, value, ..*record };
    let subject = Subject { record: &record, topic: topic.name.raw(), txn, now: look.now };
    let (mut all, mut more): (Vec<Cell>, usize) = (Vec::new(), 0);
    let found = select.each(at, &subject, &mut |value| {
        if all.len() < VALUES { all.push(one(screen, look, operand, &value)) } else { more += 1 }
    });
    match (all.len(), found) {
        (0, _) if cut => Cell { text: "?".to_owned(), token: Token::Look, stands_in: true, figure: false },
        (0, _) => Cell { text: "–".to_owned(), token: Token::Dim, stands_in: true, figure: false },
        (1, _) => all.swap_remove(0),
        _ => {
            let mut text = all.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(", ");
            if more > 0 {
                text += " and ";
                text += &units::thousands(units::wide(more));
                text += " more";
            }
            let first = all.first().map_or(Token::Text, |cell| cell.token);
            let same = all.iter().all(|cell| cell.token == first);
            Cell { text, token: if same { first } else { Token::Text }, stands_in: false, figure: false }
        }
    }
}

fn one(screen: &Messages, look: &Look<'_>, operand: &Operand, value: &Selected<'_>) -> Cell {
    let cell = |text: String, token: Token, figure: bool| Cell { text, token, stands_in: false, figure };
    let stands_in = |text: &str, token: Token| Cell { text: text.to_owned(), token, stands_in: true, figure: false };
    match value {
        Selected::Null => stands_in("∅ null", Token::Dim),
        Selected::Bool(value) => cell(value.to_string(), Token::Word, false),
        Selected::Number(text) => {
            let own = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
            match (operand, own) {
                (Operand::Size, Some(n)) => cell(units::size(u64::try_from(n).unwrap_or(0)), Token::Text, true),
                (Operand::Age, Some(n)) if n >= 0 => cell(units::duration(Duration::from_millis(n.unsigned_abs())), Token::Text, true),
                (Operand::Age, Some(n)) => {
                    cell(format!("−{}", units::duration(Duration::from_millis(n.unsigned_abs()))), Token::Text, true)
                }
                (Operand::Offset, Some(n)) => cell(units::thousands(n), Token::Text, true),
                (Operand::Partition, Some(n)) => cell(n.to_string(), Token::Text, true),
                _ => cell(shown(text), Token::Number, true),
            }
        }
        Selected::Time(ms) => {
            let format = screen.time.unwrap_or(TimeFormat::Clock);
            let (zone, now) = (screen.zone(look), look.now.millis());
            let text = if format == TimeFormat::Clock { text::clock(*ms, &zone, now) } else { text::time(*ms, format, &zone, now) };
            cell(Shown::of(&text).into_string(), Token::Text, false)
        }
        Selected::Text(text) if text.is_empty() => stands_in("\"\"", Token::Dim),
        Selected::Text(text) if matches!(operand, Operand::Value) => cell(line(text), Token::Text, false),
        Selected::Text(text) => cell(shown(text), Token::String, false),
        Selected::Json(text) => cell(line(text), Token::Text, false),
    }
}

fn shown(text: &[u8]) -> String {
    Shown::of_bytes(text.get(..BYTES).unwrap_or(text)).into_string()
}

/// As the value is shown in one line.
fn line(text: &[u8]) -> String {
    decode::preview(Some(text), BYTES, &[]).text()
}

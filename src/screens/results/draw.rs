//! How the table is drawn: columns as wide as they need, a bar for the counts, what is to be known below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Results, counted};
use crate::core::cells::{self, Kind};
use crate::core::stream::Ended;
use crate::query::{ColumnKind, Table};
use crate::screens::Look;
use crate::text::{self, Shown, units};
use crate::ui::{self, Pen, Token};

/// Rows above the first: the query, the title, the heads of the columns.
pub(super) const ABOVE: usize = 3;
/// Lines of notes at most.
pub(super) const NOTES: usize = 3;
/// No column is wider than that while others need room.
const WIDEST: usize = 48;
const BAR: usize = 30;

/// Figures stand right and are looked at from the largest down.
pub(super) fn is_figure(kind: ColumnKind) -> bool {
    !matches!(kind, ColumnKind::Group | ColumnKind::Window { .. } | ColumnKind::Bucket)
}

pub(super) fn draw(screen: &Results, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, look.theme, area, 0);
    let room = pen.room();
    pen.gap(1).own("/ ", Token::Accent).shown(&Shown::of(&screen.of.query.to_string()), Token::Title, room.saturating_sub(4));
    let rows = screen.table.as_ref().map_or(0, |table| table.rows.len());
    let mut facts = vec![(units::counted(units::wide(rows), "row"), Token::Dim)];
    if let Some(table) = screen.table.as_ref().filter(|table| table.of > table.rows.len()) {
        facts.push((format!("of {}", units::thousands(units::wide(table.of))), Token::Look));
    }
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 1), true, "Table", &facts, &[state(screen)]);
    let Some(table) = screen.table.as_ref().filter(|table| !table.rows.is_empty()) else {
        let words = if screen.is_running() { "Counting …" } else { "No record was counted." };
        Pen::new(buf, look.theme, area, 3).gap(2).own(words, Token::Look);
        return;
    };
    let notes = screen.notes();
    let height = usize::from(area.height).saturating_sub(ABOVE + notes);
    lines(screen, table, look, (buf, area), height);
    for (note, y) in table.notes.iter().take(notes).zip(area.height.saturating_sub(u16::try_from(notes).unwrap_or(0))..) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        let room = pen.room();
        pen.gap(2).own("· ", Token::Faint).shown(&Shown::of(&note.to_string()), Token::Dim, room.saturating_sub(4));
    }
}

/// How far it is, at the right of the title.
fn state(screen: &Results) -> (String, Token) {
    let (read, all) = offsets(screen);
    let done = format!("{} of {} offsets", units::thousands(read), units::thousands(all));
    match (&screen.failure, screen.ended) {
        (Some(_), _) => (format!("✗ failed at {done}"), Token::Act),
        _ if screen.called_off => (format!("‖ called off at {done}"), Token::Look),
        (_, Some(Ended::Budget)) => (format!("‖ {done}: as many bytes as one search may read"), Token::Look),
        (_, Some(Ended::Gone)) => ("the topic is gone".to_owned(), Token::Act),
        (_, Some(_)) => ("all counted".to_owned(), Token::Good),
        _ if screen.is_live() => ("● LIVE".to_owned(), Token::Good),
        _ if all == 0 => ("counting …".to_owned(), Token::Look),
        _ => (format!("counting: {done}, esc calls it off"), Token::Look),
    }
}

/// Offsets counted, and all that are to be.
fn offsets(screen: &Results) -> (u64, u64) {
    let apart = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
    let (mut read, mut all) = (0_u64, 0_u64);
    for partition in &screen.progress.partitions {
        if let Some((from, to)) = partition.span {
            all = all.saturating_add(apart(from.0, to.0));
            read = read.saturating_add(apart(from.0, partition.position.0.min(to.0)));
        }
    }
    (read, all)
}

fn lines(screen: &Results, table: &Table, look: &Look<'_>, (buf, area): (&mut Buffer, Rect), height: usize) {
    let mut cursor = screen.cursor;
    cursor.fit(screen.rows.len(), height);
    let window: Vec<usize> = cursor.window(screen.rows.len(), height).collect();
    let words = |at: &usize| -> Vec<(String, Kind)> {
        let row = screen.rows.get(*at).and_then(|row| table.rows.get(*row));
        let cells = row.map(|row| row.cells.as_slice()).unwrap_or_default();
        table.columns.iter().zip(cells).map(|(column, cell)| cells::words(cell, column.kind, &look.settings.zone)).collect()
    };
    let shown: Vec<Vec<(String, Kind)>> = window.iter().map(words).collect();
    let heads: Vec<String> = table.columns.iter().enumerate().map(|(at, column)| head(screen, at, &column.text)).collect();
    let widest = |(at, head): (usize, &String)| {
        let cells = shown.iter().filter_map(|row| row.get(at)).map(|(text, _)| text::width(text)).max().unwrap_or(0);
        cells.max(text::width(head)).min(WIDEST)
    };
    let widths: Vec<usize> = heads.iter().enumerate().map(widest).collect();
    let mut pen = Pen::new(buf, look.theme, area, 2);
    pen.gap(2);
    for (at, (head, width)) in heads.iter().zip(&widths).enumerate() {
        let token = if at == screen.chosen { Token::Accent } else { Token::Dim };
        let head = Shown::of(head).into_string();
        if table.columns.get(at).is_some_and(|column| is_figure(column.kind)) {
            pen.right(head, *width, token).gap(2);
        } else {
            pen.left(head, *width, token).gap(2);
        }
    }
    let counts = table.columns.iter().position(|column| column.kind == ColumnKind::Count);
    let bar_of = |at: &usize| {
        let row = screen.rows.get(*at).and_then(|row| table.rows.get(*row));
        counted(counts.and_then(|column| row?.cells.get(column)))
    };
    let most = table.rows.iter().map(|row| counted(counts.and_then(|column| row.cells.get(column)))).max().unwrap_or(0);
    for (y, (at, cells)) in (3_u16..).zip(window.iter().zip(&shown)) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        let selected = *at == cursor.at;
        if selected {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(2);
        for (column, ((text, kind), width)) in cells.iter().zip(&widths).enumerate() {
            let token = match kind {
                Kind::Value if selected => Token::Title,
                Kind::Value => Token::Text,
                Kind::Number => Token::Data,
                Kind::Estimate => Token::Look,
                Kind::Nothing => Token::Dim,
            };
            let text = Shown::of(text).cut(*width).into_string();
            if table.columns.get(column).is_some_and(|column| is_figure(column.kind)) {
                pen.right(text, *width, token).gap(2);
            } else {
                pen.left(text, *width, token).gap(2);
            }
        }
        if counts.is_some() && pen.room() > 8 {
            let room = pen.room().min(BAR);
            pen.own(units::bar(bar_of(at), most, room), Token::Data);
        }
    }
}

/// What stands above a column; with the arrow when the rows are sorted by it.
fn head(screen: &Results, at: usize, text: &str) -> String {
    match screen.order {
        Some((column, down)) if column == at => format!("{text} {}", if down { '↓' } else { '↑' }),
        _ => text.to_owned(),
    }
}

/// How much was looked at, and what could not be.
pub(super) fn status(screen: &Results, _look: &Look<'_>, pen: &mut Pen<'_>) {
    let progress = &screen.progress;
    if let Some(failure) = &screen.failure {
        pen.own("✗ ", Token::Act).shown(&Shown::of(&failure.sentence()), Token::Act, usize::MAX).own(" · ", Token::Dim);
    }
    if let Some((id, trouble)) = progress.partitions.iter().find_map(|part| Some((part.id, part.trouble.as_ref()?))) {
        pen.own("▲ ", Token::Look)
            .shown(&Shown::of(&format!("partition {}: {trouble}", id.0)), Token::Look, usize::MAX)
            .own(" · ", Token::Dim);
    }
    pen.own(format!("{} of {} records counted", units::thousands(progress.matched), units::thousands(progress.read)), Token::Dim);
    if progress.broken > 0 {
        pen.own(format!(" · {} not JSON or broken", units::thousands(progress.broken)), Token::Look);
    }
    if progress.recalled > 0 {
        pen.own(format!(" · {} from memory", units::thousands(progress.recalled)), Token::Dim);
    }
    pen.own(format!(" · {} read", units::size(progress.bytes)), Token::Dim);
}

//! How the form is drawn: fields and headers above, the value beside what it becomes, below what will be written in words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::form::{Field, Headers, Part, Source};
use super::outcome;
use super::{Produce, Stage};
use crate::core::editor::Editor;
use crate::core::produce::{NewRecord, Records, Target};
use crate::screens::Look;
use crate::text::{self, Shown, units};
use crate::ui::{self, Pane as Frame, Pen, Token};

/// Rows of what will be written, with their title.
const BELOW: u16 = 5;
/// Columns from which on what the value becomes stands beside it.
const WIDE: u16 = 100;
/// Rows that the value, headers and titles want besides the fields.
const LOW: usize = 12;
/// Columns of the labels.
const LABEL: usize = 16;

pub(super) fn draw(screen: &Produce, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let form = &screen.form;
    let below = Rect { y: area.bottom().saturating_sub(BELOW.min(area.height)), height: BELOW.min(area.height), ..area };
    let rest = Rect { height: area.height - below.height, ..area };
    if let Stage::Run(run) = &screen.stage {
        outcome::draw(run, look, buf, rest);
        return words(screen, look, buf, below);
    }
    if !matches!(form.source, Source::Composed) {
        fields(screen, look, buf, (rest, 1));
        return words(screen, look, buf, below);
    }
    let places = areas(rest, form.fields().iter().filter(|field| !is_text(**field)).count());
    fields(screen, look, buf, places.fields);
    // Where there is no room for both, what the places become is of more use than headers that are not being typed.
    let instead = places.preview.is_none() && form.template && form.field != Field::Headers;
    if instead {
        preview(screen, look, buf, places.headers);
    } else {
        headers(screen, look, buf, places.headers);
    }
    value(screen, look, buf, places.value);
    if let Some(area) = places.preview {
        preview(screen, look, buf, area);
    }
    words(screen, look, buf, below);
}

/// Where the panes of the form lie.
struct Areas {
    /// And in how many columns.
    fields: (Rect, usize),
    headers: Rect,
    value: Rect,
    preview: Option<Rect>,
}

/// The value gets what is left, and never the least: where there are few rows the fields stand in two columns.
fn areas(area: Rect, fields: usize) -> Areas {
    let columns = if usize::from(area.height) < fields + LOW { 2 } else { 1 };
    let rows = u16::try_from(fields.div_ceil(columns) + 1).unwrap_or(0).min(area.height);
    let above = Rect { height: rows, ..area };
    let middle = Rect { y: area.y + rows, height: area.height - rows, ..area };
    let share = (area.width * 2 / 5).max(26);
    if columns == 2 {
        let (value, headers) = ui::split_right(middle, share);
        return Areas { fields: (above, columns), headers, value, preview: None };
    }
    let (left, headers) = ui::split_right(above, share);
    let (value, preview) = if area.width >= WIDE { ui::split_right(middle, share) } else { (middle, Rect::default()) };
    Areas { fields: (left, columns), headers, value, preview: Some(preview).filter(|area| area.width > 0) }
}

/// Fields that have a pane of their own.
fn is_text(field: Field) -> bool {
    matches!(field, Field::Value | Field::Headers)
}

fn in_form(screen: &Produce) -> bool {
    matches!(screen.stage, Stage::Form)
}

fn fields(screen: &Produce, look: &Look<'_>, buf: &mut Buffer, (area, columns): (Rect, usize)) {
    let form = &screen.form;
    let (title, facts) = match (&form.source, &screen.like) {
        (Source::Composed, Some(at)) => ("Produce", vec![(format!("from {}", Shown::of(at)), Token::Dim)]),
        (Source::Composed, None) => ("Produce", Vec::new()),
        (Source::Read(redrive), _) => {
            let count = units::counted(units::wide(redrive.rows.len()), "record");
            ("Send again", vec![(format!("{count} of {}", Shown::of(redrive.from.raw())), Token::Dim)])
        }
        (Source::File, _) => ("Produce from a file", Vec::new()),
    };
    let focused = in_form(screen) && !is_text(form.field);
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), focused, title, &facts, &[]);
    let rows = usize::from(area.height.saturating_sub(1));
    let width = area.width / u16::try_from(columns).unwrap_or(1).max(1);
    for (n, field) in form.fields().iter().filter(|field| !is_text(**field)).enumerate().take(rows * columns) {
        let (column, row) = (n.checked_div(rows).unwrap_or(0), n.checked_rem(rows).unwrap_or(0));
        let (column, row) = (u16::try_from(column).unwrap_or(0), u16::try_from(row).unwrap_or(0));
        let cell = Rect { x: area.x + column * width, width, ..area };
        let mut pen = Pen::new(buf, look.theme, cell, row + 1);
        let selected = in_form(screen) && form.field == *field;
        if selected {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(2).left(field.label(), LABEL, if selected { Token::Title } else { Token::Dim });
        one(screen, *field, selected, &mut pen);
    }
}

/// What stands in a field of one line.
fn one(screen: &Produce, field: Field, selected: bool, pen: &mut Pen<'_>) {
    let form = &screen.form;
    if let Some(choice) = form.choice(field) {
        pen.own(choice, Token::Text);
        if selected {
            pen.gap(1).own("‹space›", Token::Faint);
        }
        return;
    }
    if field == Field::Key {
        match &form.key {
            Part::Null => {
                pen.italic("∅ null", Token::Dim);
            }
            Part::Exact(bytes) => {
                pen.italic(as_they_are(bytes), Token::Dim);
            }
            Part::Text(editor) => one_line(editor, selected, pen),
        }
        return;
    }
    let Some(line) = form.line(field) else { return };
    if selected {
        pen.prompt("", line);
    } else if line.text().is_empty() {
        let empty = match field {
            Field::Partition => by_key(screen),
            Field::Timestamp => "when it is sent".to_owned(),
            Field::Rate => "as fast as it goes".to_owned(),
            _ => "–".to_owned(),
        };
        pen.own(empty, Token::Dim);
    } else {
        let room = pen.room();
        pen.shown(&Shown::of(line.text()), Token::Text, room);
    }
}

/// In place of bytes that cannot be edited.
fn as_they_are(bytes: &[u8]) -> String {
    format!("{} that are no text, as they are", units::counted(units::wide(bytes.len()), "byte"))
}

/// The partition that the key leads to, in words.
fn by_key(screen: &Produce) -> String {
    match screen.draft.place {
        Some(partition) => format!("by the key → {}", partition.0),
        None => "by the key, or any".to_owned(),
    }
}

/// A text on one line, with its caret while it has the focus.
fn one_line(editor: &Editor, selected: bool, pen: &mut Pen<'_>) {
    let text = editor.text();
    if !selected {
        let (room, token) = (pen.room(), if text.is_empty() { Token::Dim } else { Token::Text });
        pen.shown(&Shown::of(if text.is_empty() { "(empty)" } else { text }), token, room);
        return;
    }
    let (before, after) = text.split_at_checked(editor.at()).unwrap_or((text, ""));
    pen.caret(before, after);
}

fn headers(screen: &Produce, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let selected = in_form(screen) && screen.form.field == Field::Headers;
    let frame = Frame::of(area);
    let facts = [(screen.draft.headers.to_string(), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), selected, "Headers", &facts, &[]);
    match &screen.form.headers {
        Headers::Text(editor) if editor.text().is_empty() && !selected => {
            Pen::new(buf, look.theme, frame.body, 0).gap(2).own("name=value", Token::Faint);
        }
        Headers::Text(editor) => lines(editor, selected, look, buf, frame.body),
        Headers::Exact(_) => {
            Pen::new(buf, look.theme, frame.body, 0).gap(2).italic("as they were: they are no plain text", Token::Dim);
        }
    }
}

fn value(screen: &Produce, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let selected = in_form(screen) && screen.form.field == Field::Value;
    let frame = Frame::of(area);
    let state = match screen.draft.json {
        // What is wrong stands below, in full.
        Some(false) => vec![("json ✗".to_owned(), Token::Act)],
        Some(true) => vec![("json ✓".to_owned(), Token::Good)],
        None => Vec::new(),
    };
    let value = screen.draft.record().and_then(|record| record.value.as_ref());
    let size = value.map_or_else(|| "null".to_owned(), |value| units::size(units::wide(value.len())));
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), selected, "Value", &[(size, Token::Dim)], &state);
    let mut pen = Pen::new(buf, look.theme, frame.body, 0);
    match &screen.form.value {
        Part::Null => {
            pen.gap(2).italic("∅ null: a tombstone", Token::Dim);
        }
        Part::Exact(bytes) => {
            pen.gap(2).italic(as_they_are(bytes), Token::Dim);
        }
        Part::Text(editor) => lines(editor, selected, look, buf, frame.body),
    }
}

/// The lines of a text around its caret.
fn lines(editor: &Editor, selected: bool, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let (line, column) = editor.place();
    let height = usize::from(area.height);
    let first = if selected { (line + 1).saturating_sub(height) } else { 0 };
    let count = editor.text().split('\n').count();
    let digits = count.to_string().len().max(2);
    let room = usize::from(area.width).saturating_sub(digits + 3);
    let from = if selected { (column + 2).saturating_sub(room) } else { 0 };
    for (y, (n, text)) in (0_u16..).zip(editor.text().split('\n').enumerate().skip(first).take(height)) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        pen.right((n + 1).to_string(), digits + 1, Token::Faint).gap(1);
        if !(selected && n == line) {
            pen.windowed(&Shown::of(text), from, room);
            continue;
        }
        let (before, after) = text.split_at_checked(before_in_line(editor)).unwrap_or((text, ""));
        pen.caret(before, after);
    }
}

/// Bytes between the start of the caret's line and the caret.
fn before_in_line(editor: &Editor) -> usize {
    let before = editor.text().get(..editor.at()).unwrap_or_default();
    before.len() - before.rfind('\n').map_or(0, |at| at + 1)
}

fn preview(screen: &Produce, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let frame = Frame::of(area);
    let title = if screen.form.template { format!("Preview {}", screen.preview + 1) } else { "Preview".to_owned() };
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), false, &title, &[], &[]);
    let record = match &screen.draft.one {
        Some(Ok(record)) => record,
        Some(Err(wrong)) => {
            let mut pen = Pen::new(buf, look.theme, frame.body, 0);
            let room = pen.gap(2).room();
            pen.shown(&Shown::of(&wrong.why), Token::Look, room);
            return;
        }
        None => return,
    };
    let part = |part: Option<&bytes::Bytes>| match part {
        None => ("∅ null".to_owned(), Token::Dim),
        Some(bytes) => (String::from_utf8_lossy(bytes).into_owned(), Token::Text),
    };
    let mut shown = vec![("key", part(record.key.as_ref()))];
    for (name, value) in &record.headers {
        let (value, token) = part(value.as_ref());
        shown.push(("header", (format!("{} = {value}", String::from_utf8_lossy(name)), token)));
    }
    let (value, token) = part(record.value.as_ref());
    let mut rows: Vec<(&str, String, Token)> = shown.into_iter().map(|(label, (text, token))| (label, text, token)).collect();
    rows.extend(value.split('\n').take(usize::from(frame.body.height)).map(|line| ("", line.to_owned(), token)));
    for (y, (label, text, token)) in (0..frame.body.height).zip(rows) {
        let mut pen = Pen::new(buf, look.theme, frame.body, y);
        pen.gap(2);
        if !label.is_empty() {
            pen.left(label, 7, Token::Dim);
        }
        let room = pen.room();
        pen.shown(&Shown::of(&text), token, room);
    }
}

/// What will be written, where, and what one should know of it; or what is wrong.
fn words(screen: &Produce, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let frame = Frame::of(area);
    let review = matches!(screen.stage, Stage::Review(_));
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), review, if review { "Once more" } else { "Send" }, &[], &[]);
    let width = usize::from(frame.body.width).saturating_sub(3);
    let lines = sentences(screen, look)
        .into_iter()
        .flat_map(|(text, token)| text::wrapped(&text, width, "  ").into_iter().map(move |line| (line, token)));
    for (y, (text, token)) in (0..frame.body.height).zip(lines) {
        let mut pen = Pen::new(buf, look.theme, frame.body, y);
        let room = pen.gap(2).room();
        pen.shown(&Shown::of(&text), token, room);
    }
}

fn sentences(screen: &Produce, look: &Look<'_>) -> Vec<(String, Token)> {
    if let Stage::Run(run) = &screen.stage {
        return outcome::after(run);
    }
    let mut all = Vec::new();
    if let Some(wrong) = &screen.wrong {
        all.push((format!("✗ {}: {}", wrong.field.label(), wrong.why), Token::Act));
    }
    let Some(target) = screen.target() else {
        let topic = screen.form.topic.text().trim();
        all.push(match (&screen.failure, screen.asked.is_some(), topic.is_empty()) {
            (Some(failure), ..) => (format!("✗ {}", failure.sentence()), Token::Act),
            (None, true, _) if screen.sends => (format!("{topic} is being looked at; then it is sent. esc calls it off."), Token::Look),
            (None, true, _) => (format!("{topic} is being looked at …"), Token::Dim),
            (None, false, true) => ("Which topic? It has to be there: none is made.".to_owned(), Token::Look),
            (None, false, false) => ("tab looks at the topic".to_owned(), Token::Dim),
        });
        return all;
    };
    // What is wrong stands there already, once it was tried.
    if screen.wrong.is_none() || screen.wrong.as_ref() != screen.draft.records.as_ref().err() {
        all.push(will_write(screen, look, target));
    }
    if let Some(rehearsal) = &screen.draft.rehearsal {
        all.push((rehearsal.places(), Token::Text));
        if let Some(twice) = rehearsal.twice() {
            let what = screen.form.choice(Field::Twice).unwrap_or_default();
            all.push((format!("▲ {twice}: {what}"), Token::Look));
        }
        all.extend(rehearsal.cautions().into_iter().map(|words| (words, Token::Look)));
    }
    if let Some(record) = screen.draft.record() {
        all.extend(target.cautions(record).into_iter().map(|caution| (format!("▲ {}", caution.sentence()), Token::Look)));
        if let Some(most) = target.known().largest.filter(|most| units::wide(record.size()) > *most) {
            let size = units::size(units::wide(record.size()));
            all.push((format!("▲ it is larger than the topic takes: {size}, at most {}", units::size(most)), Token::Act));
        }
    }
    if let Stage::Review(name) = &screen.stage {
        let words = match name {
            Some(line) => format!("type the topic's name, then ctrl-s: {}▏", line.text()),
            None => "ctrl-s sends, esc goes back".to_owned(),
        };
        all.push((words, Token::Accent));
    }
    all
}

/// The line that says in words what will be written.
fn will_write(screen: &Produce, look: &Look<'_>, target: &Target) -> (String, Token) {
    let form = &screen.form;
    let cluster = look.cluster.context.name.clone().unwrap_or_else(|| look.cluster.bootstrap.clone());
    let what = match &screen.draft.records {
        Ok(Records::Given(records)) => {
            let size = records.first().map_or(0, NewRecord::size);
            format!("1 record, {}", units::size(units::wide(size)))
        }
        Ok(Records::Template(_, count)) => {
            let size = screen.draft.record().map_or(0, NewRecord::size);
            let all = units::size(units::wide(size).saturating_mul(*count));
            format!("{}, about {all}", units::counted(*count, "record"))
        }
        Ok(Records::Read(redrive)) => units::counted(units::wide(redrive.rows.len()), "record"),
        Ok(Records::File { path, .. }) => format!("the records of {}", path.display()),
        Err(wrong) => return (format!("{}: {}", wrong.field.label(), wrong.why), Token::Look),
    };
    let partition = form.partition.text().trim();
    let place = match (&form.source, partition.is_empty()) {
        (Source::Composed, false) => format!(" partition {partition}"),
        _ => String::new(),
    };
    let rate = form.manner().ok().and_then(|manner| manner.rate).map(|rate| format!(", {rate} a second")).unwrap_or_default();
    (format!("Will write {what}, to {}{place} on {cluster}{rate}, acks {}.", target.name().raw(), form.acks.word()), Token::Text)
}

/// The last line: what can be done in the field.
pub(super) fn status(screen: &Produce, _look: &Look<'_>, pen: &mut Pen<'_>) {
    if in_form(screen) {
        let room = pen.room();
        pen.shown(&Shown::of(screen.form.field.hint()), Token::Dim, room);
    }
}

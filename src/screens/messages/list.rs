//! The list pane: one record a row, notes between them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::store::Seq;
use crate::decode;
use crate::model::RecordRef;
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{self, Pane, Pen, Token};

use super::columns::{Columns, badges};
use super::older::Before;
use super::rows::{Row, What};
use super::{Focus, Messages, facts};

pub(super) fn draw(screen: &Messages, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let pane = Pane::of(area);
    let total: usize = screen.reader.topics().map(|topic| topic.partitions.len()).sum();
    let facts = match &screen.reader.partitions {
        None if screen.reader.is_several() => {
            format!("{} topics · {}", screen.reader.topics().count(), units::counted(units::wide(total), "partition"))
        }
        None if total == 1 => "1 partition".to_owned(),
        None => format!("all {} partitions", units::thousands(total as u64)),
        Some(chosen) => format!("{} of {} partitions", chosen.len(), units::thousands(total as u64)),
    };
    let state = state(screen, look);
    let height = usize::from(pane.body.height.saturating_sub(1));
    let mut cursor = screen.rows.cursor;
    cursor.fit(screen.rows.len(), height);
    let window = cursor.window(screen.rows.len(), height);
    let columns = Columns::of(screen, look, window.clone(), usize::from(area.width));
    let mut facts = vec![(facts, Token::Dim)];
    if let Some(left_out @ 1..) = columns.fields.as_ref().map(super::fields::Fields::left_out) {
        facts.push((format!("no room for {left_out} of the selected"), Token::Look));
    }
    ui::title_rule(&mut Pen::new(buf, look.theme, pane.title, 0), screen.focus == Focus::List, "Messages", &facts, &state);
    let mut pen = Pen::new(buf, look.theme, pane.body, 0);
    columns.head(screen, &mut pen);
    if window.start == 0 {
        before(screen, look, &mut pen);
    }
    if screen.rows.is_empty() {
        empty(screen, look, &mut Pen::new(buf, look.theme, pane.body, 2));
        return;
    }
    for (y, at) in (1_u16..).zip(window) {
        let mut pen = Pen::new(buf, look.theme, pane.body, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        match screen.rows.get(at) {
            Some(Row::Record(seq)) => record(screen, look, &columns, seq, at == cursor.at, &mut pen),
            Some(Row::Note(n)) => note(screen, look, n, &mut pen),
            None => {}
        }
    }
}

/// The words at the right of the title: live only when it is.
fn state(screen: &Messages, look: &Look<'_>) -> Vec<(String, Token)> {
    let reader = &screen.reader;
    let mut words = Vec::new();
    let word = |text: &str, token| (text.to_owned(), token);
    if reader.failure.is_some() {
        words.push(word("✗ STOPPED", Token::Act));
        words.push(word("ctrl-r reads again", Token::Dim));
    } else if reader.paused {
        words.push(word("‖ PAUSED", Token::Look));
    } else if reader.full {
        words.push(word("‖ BUFFER FULL", Token::Look));
    } else if !reader.is_running() {
        words.push(word("END", Token::Dim));
        if reader.until.is_some() {
            words.push(word("o goes on", Token::Dim));
        }
    } else if look.cluster.trouble.is_some() || reader.progress.partitions.iter().any(|p| p.trouble.is_some()) {
        words.push(word("▲ DISTURBED", Token::Look));
    } else if reader.progress.live {
        words.push(word("● LIVE", Token::Good));
    } else if reader.progress.partitions.is_empty() {
        words.push(word("○ starting", Token::Look));
    } else {
        let behind = reader.behind().map(|n| format!(" · {} offsets to go", units::thousands(n))).unwrap_or_default();
        words.push((format!("○ catching up{behind}"), Token::Look));
    }
    let (follow, zone) = (if screen.follow { "follow" } else { "follow off" }, super::zone::zone_name(&screen.zone(look)));
    words.push((format!("{follow} · {zone}"), Token::Dim));
    words
}

/// What there is before the first record, at the right of the head line.
fn before(screen: &Messages, look: &Look<'_>, pen: &mut Pen<'_>) {
    let say = |pen: &mut Pen<'_>, choices: &[(&str, &str, &str)], token: Token| {
        let wide = |&&(text, key, rest): &&(&str, &str, &str)| text::width(text) + text::width(key) + text::width(rest) + 3;
        if let Some((text, key, rest)) = choices.iter().find(|choice| wide(choice) <= pen.room()) {
            pen.gap(pen.room().saturating_sub(wide(&&(*text, *key, *rest)) - 2));
            pen.own(text, token).own(key, Token::Accent).own(rest, Token::Dim);
        }
    };
    if let Some(limit) = screen.at_limit() {
        let (long, short) = (format!("limit {limit}: nothing older is listed"), format!("limit {limit}"));
        return say(pen, &[(&long, "", ""), (&short, "", "")], Token::Look);
    }
    match screen.older.before(&screen.store, &screen.reader.progress) {
        Before::Unknown => {}
        Before::Start => say(pen, &[("start of the log", "", "")], Token::Dim),
        Before::Looked => say(pen, &[("nothing further back is asked for", "", ""), ("all looked at", "", "")], Token::Dim),
        Before::Loading if screen.older.search.is_some() => {
            say(pen, &[("searching what is older, ", "esc", " calls it off"), ("searching …", "", "")], Token::Look);
        }
        Before::Loading => say(pen, &[("loading older records …", "", ""), ("loading …", "", "")], Token::Look),
        Before::More { offsets, partitions, all } => {
            let count = units::thousands(offsets);
            let of = if partitions < all { format!(" in {partitions} of {all} partitions") } else { String::new() };
            let (long, short) = (format!("▲ up to {count} older{of}: "), format!("▲ ≤{count} older: "));
            let next = screen.older_at_once(look.settings);
            if next == 0 {
                let full = "buffer full, ";
                let (long, short) = (format!("{long}{full}"), format!("▲ {full}"));
                say(pen, &[(&long, "o", " goes further back"), (&short, "o", " goes back")], Token::Look);
            } else {
                let loads = format!(" loads {}", units::thousands(next));
                say(pen, &[(&long, "k", &loads), (&short, "k", &loads), (&short, "k", "")], Token::Dim);
            }
        }
    }
}

/// An empty list says why.
fn empty(screen: &Messages, look: &Look<'_>, pen: &mut Pen<'_>) {
    pen.gap(2);
    let reader = &screen.reader;
    if let Some(failure) = &reader.failure {
        let room = pen.room();
        pen.own("✗ ", Token::Act).shown(&Shown::of(&failure.sentence()), Token::Act, room);
    } else if reader.progress.partitions.is_empty() || look.cluster.trouble.is_some() {
        pen.own("Asking the brokers where the log ends …", Token::Dim);
    } else if screen.bar.in_force().is_some() {
        let scanned = units::thousands(screen.bar.counts.scanned);
        pen.own(format!("None of {scanned} records looked through matches. "), Token::Look);
        match screen.older.before(&screen.store, &reader.progress) {
            Before::More { .. } => {
                pen.own("k", Token::Accent).own(" looks further back, ", Token::Dim);
            }
            Before::Loading => {
                pen.own("Searching what is older … ", Token::Look);
            }
            _ => {}
        }
        pen.own("1", Token::Accent).own(" reads from the start, ", Token::Dim).own("4", Token::Accent);
        pen.own(" the last 15 minutes, ", Token::Dim).own("esc", Token::Accent).own(" clears the filter", Token::Dim);
    } else if reader.behind() == Some(0) {
        let is_empty = reader.progress.partitions.iter().all(|p| p.end.zip(p.log_start).is_none_or(|(end, start)| end <= start));
        if is_empty {
            pen.own("The topic holds no record. What is written from now on appears here.", Token::Dim);
        } else {
            pen.own("Nothing since then. What is written from now on appears here; o goes elsewhere.", Token::Dim);
        }
    } else {
        pen.own("Reading …", Token::Dim);
    }
}

fn record(screen: &Messages, look: &Look<'_>, columns: &Columns, seq: Seq, selected: bool, pen: &mut Pen<'_>) {
    let Some(record) = screen.store.get(seq) else { return };
    if screen.rows.marked.contains(&seq) {
        pen.to(1).own("✓", Token::Look);
    }
    let committed = screen.committed.as_ref().filter(|committed| committed.is(seq));
    if let Some(committed) = committed {
        pen.to(1).own("◆", if committed.stuck { Token::Act } else { Token::Accent });
    }
    pen.to(2);
    let plain = if selected { Token::Title } else { Token::Text };
    if let (Some(format), 1..) = (screen.time, columns.time) {
        let now = look.now.millis();
        let zone = screen.zone(look);
        let time = match format {
            TimeFormat::Clock => text::clock(record.timestamp_ms, &zone, now),
            _ => text::time(record.timestamp_ms, format, &zone, now),
        };
        match time.split_once('.').filter(|_| matches!(format, TimeFormat::Clock | TimeFormat::Full)) {
            Some((whole, rest)) if columns.time >= time.len() => pen.own(whole, plain).own(format!(".{rest}"), Token::Dim),
            _ => pen.shown(&Shown::of(&time), plain, columns.time),
        };
        pen.to(2 + columns.time + 1);
    }
    let (topic, partition) = screen.reader.place(record.partition);
    if columns.topic > 0 {
        let end = pen.column() + columns.topic;
        pen.shown(&Shown::of(topic.name.raw()), Token::Data, columns.topic).to(end).gap(1);
    }
    if columns.partition > 0 {
        pen.right(partition.0.to_string(), columns.partition, plain).gap(1);
    }
    if columns.offset > 0 {
        pen.right(units::thousands(record.offset.0), columns.offset, plain).gap(2);
    }
    if columns.key > 0 {
        key(&record, columns.key, pen);
    }
    if columns.size > 0 {
        let size = record.value.map_or_else(|| "∅".to_owned(), |value| units::size(value.len() as u64));
        pen.right(size, columns.size, Token::Dim);
    }
    pen.gap(columns.gap());
    if columns.headers > 0 {
        headers(&record, columns.headers, pen);
    }
    let start = pen.column();
    for (text, token, bold) in badges(screen, seq, &record) {
        if bold {
            pen.bold(text, token)
        } else {
            pen.own(text, token)
        };
    }
    match &columns.fields {
        Some(fields) => fields.draw(seq, selected, pen.to(start + columns.badge)),
        None => value(screen, &record, pen),
    }
}

fn key(record: &RecordRef<'_>, columns: usize, pen: &mut Pen<'_>) {
    let end = pen.column() + columns;
    match record.key {
        None => pen.italic("∅ null", Token::Dim),
        Some([]) => pen.italic("\"\"", Token::Dim),
        Some(key) => pen.shown(&Shown::of_bytes(key), Token::String, columns),
    };
    pen.to(end);
}

fn headers(record: &RecordRef<'_>, columns: usize, pen: &mut Pen<'_>) {
    let end = pen.column() + columns;
    for header in record.headers.iter().take(8) {
        let room = (end - 1).saturating_sub(pen.column());
        if room < 3 {
            break;
        }
        pen.shown(&Shown::of_bytes(header.key), Token::Key, room);
        let room = (end - 1).saturating_sub(pen.column() + 1);
        match header.value {
            None => pen.own("=", Token::Faint).italic("∅", Token::Dim),
            Some(value) => pen.own("=", Token::Faint).shown(&Shown::of_bytes(value.get(..256).unwrap_or(value)), Token::Dim, room),
        };
        pen.gap(1);
    }
    pen.to(end);
}

fn value(screen: &Messages, record: &RecordRef<'_>, pen: &mut Pen<'_>) {
    match record.value {
        None => {
            pen.italic("tombstone", Token::Look);
            if let Some(key) = record.key {
                let room = pen.room();
                pen.gap(2).own("deletes key ", Token::Dim).shown(&Shown::of_bytes(key), Token::Dim, room).own(" on compaction", Token::Dim);
            }
        }
        Some([]) => drop(pen.italic("\"\" empty", Token::Dim)),
        Some(value) => {
            let filter = screen.bar.in_force();
            let hits = filter.map(|filter| filter.hits(value.get(..decode::HITS_WITHIN).unwrap_or(value))).unwrap_or_default();
            let line = decode::preview(Some(value), pen.room(), &hits);
            pen.segments(&line.segments);
        }
    }
}

fn note(screen: &Messages, look: &Look<'_>, n: u32, pen: &mut Pen<'_>) {
    let Some(note) = screen.rows.note(n) else { return };
    pen.to(2);
    match &note.what {
        What::Mark(at) => {
            let time = text::time(at.millis(), TimeFormat::Clock, &screen.zone(look), 0);
            pen.own("──── ", Token::Accent).own(format!("mark {time}"), Token::Accent).gap(1).rule(1, Token::Accent);
        }
        What::Fact(fact) => {
            let (sentence, token) = facts::words(fact, &|id| screen.reader.named(id));
            pen.own("── ", Token::Faint)
                .own(if token == Token::Dim { "" } else { "▲ " }, token)
                .shown(&Shown::of(&sentence), token, usize::MAX)
                .gap(1)
                .rule(1, Token::Faint);
        }
    }
}

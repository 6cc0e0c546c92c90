//! The pane of a record's facts: where it lies, when it was written, its key, its headers, the batch it came in.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{BatchFacts, Codec, Outcome, RecordRef, TimestampType};
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{Pen, Token};

use super::{Focus, Messages};

/// One line of the pane: a label, a value, a dim remark.
struct Fact {
    label: &'static str,
    value: String,
    token: Token,
    remark: String,
}

fn fact(label: &'static str, value: impl Into<String>, token: Token, remark: impl Into<String>) -> Fact {
    Fact { label, value: value.into(), token, remark: remark.into() }
}

/// How many lines there are to show of the record that the value pane shows.
pub(super) fn lines(screen: &Messages) -> usize {
    let shown = screen.value.shown().and_then(|(chunk, row)| chunk.get(row));
    shown.map_or(0, |record| FACTS + usize::from(record.transaction.is_some()) + record.headers.len())
}

/// Lines before the headers, that of the transaction left out.
const FACTS: usize = 6;

/// Draws the facts of the record that the value pane shows, from the line that was scrolled to.
pub(super) fn draw(screen: &Messages, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let Some((chunk, row)) = screen.value.shown() else { return };
    let (Some(record), Some(batch)) = (chunk.get(row), chunk.batch(row)) else { return };
    let height = usize::from(area.height);
    let from = screen.record_from.min(lines(screen).saturating_sub(height));
    let facts = facts(screen, look, &record, batch);
    let before = facts.len();
    let mut y = 0;
    for fact in facts.into_iter().skip(from).take(height) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        pen.left(fact.label, 10, Token::Dim);
        let room = pen.room();
        pen.shown(&Shown::of(&fact.value), fact.token, room);
        // Of a remark in parts, as many parts as there is room for.
        let mut remark = fact.remark.as_str();
        while !remark.is_empty() && text::width(remark) + 2 > pen.room() {
            remark = remark.rsplit_once(" · ").map_or("", |(first, _)| first);
        }
        pen.gap(2).own(remark, Token::Dim);
        y += 1;
    }
    headers(look, buf, Rect { y: area.y + y, height: area.height.saturating_sub(y), ..area }, from.saturating_sub(before), &record);
}

/// Words for a title line.
type Words = Vec<(String, Token)>;

/// The words of the pane's title: what there is to scroll to.
pub(super) fn title(screen: &Messages, height: usize) -> (Words, Words) {
    let shown = screen.value.shown().and_then(|(chunk, row)| chunk.get(row));
    let headers = shown.map_or(0, |record| record.headers.len());
    let lines = lines(screen);
    if lines <= height || height == 0 {
        return (Vec::new(), Vec::new());
    }
    let facts = vec![(units::counted(units::wide(headers), "header"), Token::Dim)];
    let from = screen.record_from.min(lines - height);
    let place = format!("{}–{} of {}", from + 1, from + height, units::thousands(units::wide(lines)));
    let mut state = vec![(place, Token::Dim)];
    if screen.focus == Focus::Value {
        state.push(("tab scrolls".to_owned(), Token::Dim));
    }
    (facts, state)
}

fn facts(screen: &Messages, look: &Look<'_>, record: &RecordRef<'_>, batch: &BatchFacts) -> Vec<Fact> {
    let (topic, partition) = screen.reader.place(record.partition);
    let leader = topic.partition(partition).and_then(|p| p.leader);
    let leader = leader.map_or_else(|| "no leader".to_owned(), |id| format!("leader {}", id.0));
    let epoch = if record.leader_epoch.0 < 0 { String::new() } else { format!(" · epoch {}", record.leader_epoch.0) };
    let time = text::time(record.timestamp_ms, TimeFormat::Full, &screen.zone(look), look.now.millis());
    let kind = match record.timestamp_type {
        TimestampType::Create => "create",
        TimestampType::Append => "append",
        TimestampType::None => "the format has none",
    };
    let mut facts = vec![
        fact("partition", screen.reader.named(record.partition), Token::Text, format!("{leader}{epoch}")),
        fact("offset", units::thousands(record.offset.0), Token::Text, ""),
        fact("time", time, Token::Text, format!("{kind} · {}", record.timestamp_ms)),
        match record.key {
            None => fact("key", "∅ null", Token::Look, ""),
            Some([]) => fact("key", "\"\" empty", Token::Look, ""),
            Some(key) => {
                let kind = if std::str::from_utf8(key).is_ok() { "text" } else { "bytes" };
                fact("key", Shown::of_bytes(key).into_string(), Token::Text, format!("{kind} {}", units::size(key.len() as u64)))
            }
        },
    ];
    let codec = if batch.codec == Codec::None { "uncompressed" } else { batch.codec.name() };
    let packed =
        if batch.magic < 2 { format!("format {}", batch.magic) } else { format!("{codec} batch of {}", units::thousands(batch.records)) };
    facts.push(match record.value {
        None => fact("value", "∅ tombstone", Token::Look, packed),
        Some([]) => fact("value", "\"\" empty", Token::Look, packed),
        Some(value) => fact("value", units::size(value.len() as u64), Token::Text, packed),
    });
    if let Some(producer) = record.transaction {
        let outcome = screen.txns().outcome(record.partition, producer, record.offset);
        let token = match outcome {
            Outcome::Committed => Token::Good,
            Outcome::Aborted => Token::Act,
            Outcome::Open => Token::Look,
        };
        facts.push(fact("txn", outcome.word(), token, format!("producer {}", producer.0)));
    }
    facts.push(fact("headers", record.headers.len().to_string(), Token::Text, ""));
    facts
}

/// Headers from number `from` on, as many as there is room for.
fn headers(look: &Look<'_>, buf: &mut Buffer, area: Rect, from: usize, record: &RecordRef<'_>) {
    let room = usize::from(area.height);
    let mut seen: Vec<&[u8]> = Vec::new();
    for (n, header) in record.headers.iter().enumerate().take(from.saturating_add(room)) {
        let earlier = seen.iter().filter(|key| **key == header.key).count();
        seen.push(header.key);
        let Some(y) = n.checked_sub(from).and_then(|y| u16::try_from(y).ok()) else { continue };
        let mut pen = Pen::new(buf, look.theme, area, y);
        pen.gap(2);
        if header.key.is_empty() {
            pen.italic("\"\"", Token::Look);
        } else {
            pen.shown(&Shown::of_bytes(header.key), Token::Key, 20);
        }
        pen.to(pen.column().max(11)).gap(1);
        let room = pen.room();
        match header.value {
            None => pen.italic("∅ null", Token::Look),
            Some([]) => pen.italic("\"\" empty", Token::Look),
            Some(value) => pen.shown(&Shown::of_bytes(value), Token::String, room),
        };
        if earlier > 0 && pen.room() > 16 {
            pen.gap(2).own(format!("{} of the name", ordinal(earlier + 1)), Token::Dim);
        }
    }
}

fn ordinal(n: usize) -> String {
    match n {
        2 => "2nd".to_owned(),
        3 => "3rd".to_owned(),
        n => format!("{n}th"),
    }
}

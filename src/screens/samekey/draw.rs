//! How the two records and their differences are drawn.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::inquire::{Reach, Spot};
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::tree::diff::Diff;
use crate::ui::{self, Pen, Token};

use super::SameKey;
use super::entries::{Entry, Side};

/// Rows above the list: the title, both records, what the search says, the list's own title.
const ABOVE: u16 = 5;
/// The selected difference in full is drawn where the list keeps so many rows.
const LIST_LEAST: u16 = 6;
/// Columns of a name, at most.
const NAME: usize = 36;

/// Where the parts lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) list: Rect,
    below: Rect,
}

impl Places {
    pub(super) fn of(area: Rect) -> Self {
        let rest = area.height.saturating_sub(ABOVE);
        let below = if rest >= LIST_LEAST * 2 { rest / 3 } else { 0 };
        let list = Rect { y: area.y.saturating_add(ABOVE), height: rest - below, ..area };
        Self { list, below: Rect { y: list.y.saturating_add(list.height), height: below, ..area } }
    }
}

pub(super) fn draw(screen: &SameKey, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    title(screen, &mut Pen::new(buf, look.theme, area, 0));
    let (earlier, later) = match &screen.pair {
        Some((from, to)) => (Some(from), Some(to)),
        None if screen.ask.back => (None, Some(&screen.ask.from)),
        None => (Some(&screen.ask.from), None),
    };
    let apart = screen.comparison.as_ref().and_then(|comparison| comparison.apart_ms);
    record(look, &mut Pen::new(buf, look.theme, area, 1), "before", earlier, None);
    record(look, &mut Pen::new(buf, look.theme, area, 2), "after", later, apart);
    words(screen, look, &mut Pen::new(buf, look.theme, area, 3));
    let (facts, state) = differences(screen);
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 4), true, "Differences", &facts, &state);
    let places = Places::of(area);
    list(screen, look, buf, places.list);
    below(screen, look, buf, places.below);
}

fn title(screen: &SameKey, pen: &mut Pen<'_>) {
    let mut facts = Vec::new();
    if let Some(record) = screen.ask.from.record() {
        facts.push((Shown::of_bytes(record.key.unwrap_or_default()).cut(40).into_string(), Token::Key));
        let all = screen.ask.topic.partitions.len();
        let way = match screen.ask.placed() {
            _ if all < 2 => String::new(),
            Some(way) => format!(", where {} puts it", way.word()),
            None => ", where no usual partitioner puts it".to_owned(),
        };
        facts.push((format!("partition {} of {all}{way}", record.partition.0), Token::Dim));
    }
    let state = match (&screen.searching, screen.ask.back) {
        (Some(_), true) => vec![("looking back …".to_owned(), Token::Accent)],
        (Some(_), false) => vec![("looking on …".to_owned(), Token::Accent)],
        (None, _) => Vec::new(),
    };
    ui::title_rule(pen, false, "Same key", &facts, &state);
}

fn record(look: &Look<'_>, pen: &mut Pen<'_>, label: &str, spot: Option<&Spot>, apart: Option<i64>) {
    pen.gap(1).left(label, 8, Token::Dim);
    let Some(record) = spot.and_then(Spot::record) else {
        pen.own("–", Token::Dim);
        return;
    };
    let place = format!("{}@{}", record.partition.0, units::thousands(record.offset.0));
    pen.left(place, 20, Token::Title).own(time(look, record.timestamp_ms), Token::Text).gap(2);
    pen.own(units::size(units::wide(record.size())), Token::Dim);
    pen.own(format!("  {}", units::counted(units::wide(record.headers.len()), "header")), Token::Dim);
    if record.value.is_none() {
        pen.own("  ∅ tombstone", Token::Look);
    }
    if let Some(ms) = apart {
        let sign = if ms < 0 { "−" } else { "+" };
        pen.own(format!("  {sign}{}", units::duration(Duration::from_millis(ms.unsigned_abs()))), Token::Accent);
    }
}

fn time(look: &Look<'_>, ms: i64) -> String {
    text::time(ms, TimeFormat::Full, &look.settings.zone, look.now.millis())
}

/// What the search does, or how it ended.
fn words(screen: &SameKey, look: &Look<'_>, pen: &mut Pen<'_>) {
    pen.gap(1);
    let room = pen.room();
    if let Some(failure) = &screen.failure {
        pen.shown(&Shown::of(&failure.sentence()), Token::Act, room);
        return;
    }
    let (text, token) = told(screen, look);
    pen.shown(&Shown::of(&text), token, room);
}

fn told(screen: &SameKey, look: &Look<'_>) -> (String, Token) {
    let sought = &screen.sought;
    let own = screen.ask.from.record().map_or(0, |record| record.partition.0);
    let places = match sought.others {
        0 => format!("partition {own}"),
        1 => format!("partition {own} and the other one"),
        n => format!("partition {own} and {n} others"),
    };
    let way = if screen.ask.back { "back" } else { "on" };
    let looked = format!("{} of {places}", units::counted(sought.offsets, "offset"));
    let reach = |Reach { partition, offset, time_ms }: Reach| {
        let time = time_ms.map_or_else(String::new, |ms| format!(", {}", time(look, ms)));
        format!(" to {}@{}{time}", partition.0, units::thousands(offset.0))
    };
    if screen.searching.is_some() || screen.stopped {
        let to = sought.reach.map_or_else(String::new, reach);
        let end = if screen.stopped { "ended by you: } and { look again" } else { "none yet; esc ends it" };
        return (format!("{looked} {way}{to}: {end}"), if screen.stopped { Token::Look } else { Token::Accent });
    }
    let placed = screen.ask.placed();
    if sought.found.is_some() {
        let how = if sought.held {
            "it is among the records held".to_owned()
        } else {
            format!("found after {looked}, {}", units::size(sought.bytes))
        };
        let rest = match placed {
            _ if sought.others > 0 => "; the nearest by time".to_owned(),
            None if screen.ask.topic.partitions.len() > 1 => "; the other partitions were not looked at".to_owned(),
            _ => String::new(),
        };
        return (how + &rest, Token::Dim);
    }
    let edge = if screen.ask.back { "to where the log begins" } else { "to where the log ends" };
    let rest = sought.placing.as_ref().map_or_else(String::new, |words| format!("; {words}"));
    (format!("none: {looked} {way} {edge}{rest}"), Token::Look)
}

type Words = Vec<(String, Token)>;

fn differences(screen: &SameKey) -> (Words, Words) {
    let Some(comparison) = &screen.comparison else { return (Vec::new(), Vec::new()) };
    let kind = match &comparison.value {
        Diff::Same => "the values are the same bytes",
        Diff::SameMeaning => "the values mean the same: blanks, escapes or order differ",
        Diff::Null => "one value is null",
        Diff::Json { .. } => "json, by path",
        Diff::Lines { .. } => "text, by line",
        Diff::Bytes { .. } => "bytes, by range",
    };
    let count = units::thousands(units::wide(screen.entries.len()));
    let (from, to) = comparison.sizes;
    let sizes = format!("{} → {}", units::size(units::wide(from)), units::size(units::wide(to)));
    let mut state = vec![(sizes, Token::Dim)];
    if !comparison.same_key {
        state.push(("the keys differ".to_owned(), Token::Look));
    }
    (vec![(count, Token::Dim), (kind.to_owned(), Token::Dim)], state)
}

fn list(screen: &SameKey, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    if screen.entries.is_empty() {
        let text = match (&screen.comparison, screen.comparing) {
            (Some(_), _) => "Value and headers do not differ.",
            (None, Some(_)) => "Comparing …",
            (None, None) => return,
        };
        Pen::new(buf, look.theme, area, 0).gap(2).own(text, Token::Dim);
        return;
    }
    let height = usize::from(area.height);
    let mut cursor = screen.cursor;
    cursor.fit(screen.entries.len(), height);
    let longest = screen.entries.iter().take(500).map(|entry| text::width(&entry.name)).max().unwrap_or(0);
    let name = longest.min(NAME).min(usize::from(area.width) / 3);
    for (y, at) in (0_u16..).zip(cursor.window(screen.entries.len(), height)) {
        let Some(entry) = screen.entries.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, area, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        line(&mut pen, entry, name);
    }
}

/// The sign of a difference, in a colour of its own.
fn sign(entry: &Entry) -> (&'static str, Token) {
    match (&entry.from, &entry.to) {
        (Some(_), Some(_)) => ("~", Token::Look),
        (None, Some(_)) => ("+", Token::Good),
        (Some(_), None) => ("−", Token::Act),
        (None, None) => (" ", Token::Dim),
    }
}

fn line(pen: &mut Pen<'_>, entry: &Entry, name: usize) {
    let (mark, token) = sign(entry);
    pen.to(1).own(mark, token).gap(1);
    let start = pen.column();
    pen.shown(&Shown::of(&entry.name), Token::Key, name).to(start + name + 2);
    match (&entry.from, &entry.to) {
        (Some(from), Some(to)) => {
            let room = pen.room().saturating_sub(3) / 2;
            side(pen, from, Token::Dim, room);
            pen.own(" → ", Token::Faint);
            let room = pen.room();
            side(pen, to, Token::Text, room);
        }
        (Some(one), None) | (None, Some(one)) => {
            let room = pen.room();
            side(pen, one, Token::Text, room);
        }
        (None, None) => {}
    }
}

fn side(pen: &mut Pen<'_>, side: &Side, token: Token, room: usize) {
    match side {
        Side::Null => pen.italic("∅ null", Token::Look),
        Side::Own(text) => pen.shown(&Shown::of(text), token, room),
        Side::Bytes(bytes) if bytes.is_empty() => pen.italic("\"\" empty", Token::Look),
        Side::Bytes(bytes) => pen.shown(&Shown::of_bytes(bytes), token, room),
    };
}

/// The selected difference in full, as far as there is room.
fn below(screen: &SameKey, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let Some(entry) = screen.entries.get(screen.cursor.at).filter(|_| area.height > 1) else { return };
    let (mark, token) = sign(entry);
    let name = Shown::of(&entry.name).cut(usize::from(area.width) / 2).into_string();
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), false, "Selected", &[(mark.to_owned(), token), (name, Token::Key)], &[]);
    let sides = [entry.from.as_ref().map(|side| ("before", side)), entry.to.as_ref().map(|side| ("after", side))];
    let rows = area.height - 1;
    let each = if sides.iter().flatten().count() > 1 { (rows / 2).max(1) } else { rows };
    let mut y = 1;
    for (label, value) in sides.into_iter().flatten() {
        let columns = usize::from(area.width).saturating_sub(9).max(1);
        let full = match value {
            Side::Bytes(bytes) if !bytes.is_empty() => Shown::of_bytes(bytes).into_string(),
            _ => String::new(),
        };
        let mut pen = Pen::new(buf, look.theme, area, y);
        pen.gap(1).left(label, 8, Token::Dim);
        if full.is_empty() {
            side(&mut pen, value, Token::Text, columns);
            y += 1;
            continue;
        }
        for part in 0..each {
            let from = usize::from(part) * columns;
            if part > 0 && from >= text::width(&full) {
                break;
            }
            let mut pen = Pen::new(buf, look.theme, area, y);
            pen.to(9).windowed(&Shown::of(&full), from, columns);
            y += 1;
        }
    }
}

/// The path of the selected difference: in the list it may be cut.
pub(super) fn status(screen: &SameKey, _look: &Look<'_>, pen: &mut Pen<'_>) {
    match screen.entries.get(screen.cursor.at) {
        Some(entry) => {
            let room = pen.room();
            pen.shown(&Shown::of(&entry.name), Token::Dim, room);
        }
        None => drop(pen.own("Records of the same key lie in one partition where a partitioner placed them.", Token::Dim)),
    }
}

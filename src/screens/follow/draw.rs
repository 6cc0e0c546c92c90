//! How a followed id is drawn.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::inquire::{Step, Within};
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{self, Pen, Token};

use super::Follow;
use super::form::Field;

/// Rows above the list: three lines of the form, the title, the header.
const HEAD: u16 = 5;

/// Where the parts lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) list: Rect,
}

impl Places {
    pub(super) fn of(area: Rect) -> Self {
        Self { list: Rect { y: area.y.saturating_add(HEAD), height: area.height.saturating_sub(HEAD), ..area } }
    }
}

pub(super) fn draw(screen: &Follow, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let form = &screen.form;
    let moment = screen.from.at_ms.map_or_else(|| "now".to_owned(), |ms| time(look, ms));
    for (y, (field, label, line, behind)) in (0_u16..).zip([
        (Field::Value, "id", &form.value, candidate(screen)),
        (Field::Topics, "topics", &form.topics, "names with commas between, or /pattern".to_owned()),
        (Field::Window, "around", &form.window, format!("before and after {moment}")),
    ]) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        let typed = form.field == Some(field);
        pen.gap(1).left(label, 8, if typed { Token::Accent } else { Token::Dim });
        if typed {
            pen.prompt("", line);
        } else {
            let room = pen.room() * 2 / 3;
            pen.shown(&Shown::of(line.text()), Token::Title, room);
        }
        let room = pen.gap(3).room();
        pen.shown(&Shown::of(&behind), Token::Dim, room);
    }
    title(screen, &mut Pen::new(buf, look.theme, area, 3));
    let places = Places::of(area);
    if !screen.started {
        candidates(screen, look, buf, Rect { y: area.y.saturating_add(4), height: area.height.saturating_sub(4), ..area });
        return;
    }
    let widths = widths(screen, usize::from(area.width));
    let mut pen = Pen::new(buf, look.theme, area, 4);
    pen.gap(1).left("TIME", widths[0], Token::Dim).right("GAP", 9, Token::Dim).gap(2).left("TOPIC", widths[1], Token::Dim);
    pen.left("P@OFFSET", widths[2], Token::Dim).left("IN", widths[3], Token::Dim).own("KEY, VALUE", Token::Dim);
    list(screen, look, buf, places.list, widths);
}

/// What the record has that one may follow.
fn candidate(screen: &Follow) -> String {
    let of = screen.from.candidates.len();
    match screen.form.candidate.and_then(|at| screen.from.candidates.get(at)) {
        Some(candidate) if of > 1 => format!("{} · down: the next of {of} in the record", candidate.label),
        Some(candidate) => candidate.label.clone(),
        None => String::new(),
    }
}

fn time(look: &Look<'_>, ms: i64) -> String {
    text::time(ms, TimeFormat::Full, &look.settings.zone, look.now.millis())
}

fn title(screen: &Follow, pen: &mut Pen<'_>) {
    let trail = &screen.trail;
    let mut facts = Vec::new();
    if screen.started {
        facts.push((units::thousands(units::wide(screen.steps.len())), Token::Title));
        let (offsets, of) =
            trail.topics.iter().fold((0_u64, 0_u64), |(a, b), read| (a.saturating_add(read.offsets), b.saturating_add(read.of)));
        let looked = format!(
            "{} of {} offsets in {}",
            units::thousands(offsets),
            units::thousands(of),
            units::counted(units::wide(trail.topics.len()), "topic")
        );
        facts.push((looked, Token::Dim));
        facts.push((units::size(trail.bytes), Token::Dim));
    }
    let troubles = trail.topics.iter().filter(|read| read.trouble.is_some()).count();
    let mut state = Vec::new();
    if troubles > 0 {
        state.push((format!("{} not wholly read", units::counted(units::wide(troubles), "topic")), Token::Act));
    }
    let end = match (screen.reading.is_some(), screen.stopped) {
        _ if screen.failure.is_some() => ("failed", Token::Act),
        (true, _) => ("reading …", Token::Accent),
        (false, true) => ("ended by you", Token::Look),
        (false, false) if trail.full => ("ended: enough records", Token::Look),
        (false, false) if screen.started => ("read to the end of the window", Token::Good),
        (false, false) => ("enter follows it", Token::Accent),
    };
    state.push((end.0.to_owned(), end.1));
    ui::title_rule(pen, true, "Follow", &facts, &state);
}

/// Before anything is read: what the record has that may be followed.
fn candidates(screen: &Follow, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let chosen = screen.form.candidate;
    let top = chosen.unwrap_or(0).saturating_sub(usize::from(area.height).saturating_sub(1));
    for (y, (at, candidate)) in (0..area.height).zip(screen.from.candidates.iter().enumerate().skip(top)) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        if Some(at) == chosen {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(1).shown(&Shown::of(&candidate.label), Token::Key, 36).to(39);
        let room = pen.room();
        pen.shown(&Shown::of(&candidate.value), Token::String, room);
    }
}

/// Of the time, the topic, the place and where it stands.
fn widths(screen: &Follow, columns: usize) -> [usize; 4] {
    let time = if columns >= 110 { 25 } else { 13 };
    let topic = screen.steps.iter().map(|step| text::width(step.spot.topic.raw())).max().unwrap_or(0).clamp(5, (columns / 4).max(5)) + 2;
    let place = screen.steps.iter().map(|step| place(step).len()).max().unwrap_or(0).max(8) + 2;
    let within = if columns >= 100 { 18 } else { 9 };
    [time, topic, place, within]
}

fn place(step: &Step) -> String {
    step.spot.record().map_or_else(String::new, |record| format!("{}@{}", record.partition.0, units::thousands(record.offset.0)))
}

fn list(screen: &Follow, look: &Look<'_>, buf: &mut Buffer, area: Rect, [wide_time, topic, at_place, within]: [usize; 4]) {
    if screen.steps.is_empty() {
        let text = match &screen.failure {
            Some(failure) => Shown::of(&failure.sentence()).into_string(),
            None if screen.reading.is_some() => "Nothing yet …".to_owned(),
            None => "No record of these topics has it in that window: / changes id, topics and window.".to_owned(),
        };
        Pen::new(buf, look.theme, area, 0).gap(2).own(text, Token::Look);
        return;
    }
    let height = usize::from(area.height);
    let mut cursor = screen.cursor;
    cursor.fit(screen.steps.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(screen.steps.len(), height)) {
        let Some(step) = screen.steps.get(at) else { continue };
        let Some(record) = step.spot.record() else { continue };
        let mut pen = Pen::new(buf, look.theme, area, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        let origin = screen.from.origin.as_ref().is_some_and(|origin| origin.is(&step.spot));
        let when = if wide_time > 13 {
            time(look, record.timestamp_ms)
        } else {
            text::time(record.timestamp_ms, TimeFormat::Clock, &look.settings.zone, look.now.millis())
        };
        pen.to(1).left(when, wide_time, Token::Text);
        let before = at.checked_sub(1).and_then(|at| screen.steps.get(at)).and_then(|step| step.spot.record());
        let gap = before.map_or_else(String::new, |before| {
            let apart = record.timestamp_ms.saturating_sub(before.timestamp_ms);
            format!("+{}", units::duration(Duration::from_millis(apart.unsigned_abs())))
        });
        pen.right(gap, 9, Token::Accent).gap(1).own(if origin { "●" } else { " " }, Token::Look);
        let start = pen.column();
        pen.shown(&Shown::of(step.spot.topic.raw()), Token::Title, topic.saturating_sub(1)).to(start + topic);
        pen.left(place(step), at_place, Token::Text);
        let start = pen.column();
        let part = match &step.within {
            Within::Key => "key".to_owned(),
            Within::Value => "value".to_owned(),
            Within::Header(name) => format!("header {name}"),
        };
        pen.shown(&Shown::of(&part), Token::Dim, within.saturating_sub(1)).to(start + within);
        match record.key {
            Some(key) => pen.shown(&Shown::of_bytes(key), Token::Key, 20).gap(2),
            None => pen.italic("∅", Token::Dim).gap(2),
        };
        let room = pen.room();
        match record.value {
            Some(value) => pen.shown(&Shown::of_bytes(value), Token::Text, room),
            None => pen.italic("∅ tombstone", Token::Look),
        };
    }
}

/// What is wrong with a line, or with a topic; else how long it took from the first step to the last.
pub(super) fn status(screen: &Follow, _look: &Look<'_>, pen: &mut Pen<'_>) {
    let room = pen.room();
    if let Some(error) = &screen.form.error {
        pen.shown(&Shown::of(error), Token::Act, room);
        return;
    }
    if screen.form.field.is_some() {
        pen.own("enter follows it   tab next line   esc leaves the line", Token::Dim);
        return;
    }
    let troubled = screen.trail.topics.iter().find_map(|read| Some((read.topic.as_ref()?, read.trouble.as_ref()?)));
    if let Some((topic, trouble)) = troubled {
        pen.shown(&Shown::of(&format!("{}: {trouble}", topic.raw())), Token::Act, room);
        return;
    }
    let ms = |step: Option<&Step>| step.and_then(|step| step.spot.record()).map(|record| record.timestamp_ms);
    let mut words = Vec::new();
    if let (Some(first), Some(last)) = (ms(screen.steps.first()), ms(screen.steps.last())) {
        words.push(format!("from the first to the last {}", units::duration(Duration::from_millis(last.abs_diff(first)))));
    }
    if screen.trail.parts_of_words > 0 {
        words.push(format!("{} with longer words that hold it left out", units::counted(screen.trail.parts_of_words, "record")));
    }
    pen.own(words.join(" · "), Token::Dim);
}

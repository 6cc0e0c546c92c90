//! How the search for a turn is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::inquire::{Halved, Looked, Place, Spot, Turn};
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{self, Pen, Token};

use super::{Bisect, Pane};

/// Rows above the upper list: the query, its title, its header.
const HEAD: u16 = 4;

/// Where the parts lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) parts: Rect,
    title: Rect,
    pub(super) looked: Rect,
}

impl Places {
    pub(super) fn of(area: Rect) -> Self {
        let rest = area.height.saturating_sub(HEAD + 1);
        let parts = Rect { y: area.y.saturating_add(HEAD), height: rest - rest / 2, ..area };
        let title = Rect { y: parts.y.saturating_add(parts.height), height: 1.min(area.height), ..area };
        Self { parts, title, looked: Rect { y: title.y.saturating_add(1), height: rest / 2, ..area } }
    }
}

pub(super) fn draw(screen: &Bisect, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    query(screen, &mut Pen::new(buf, look.theme, area, 0));
    words(screen, look, &mut Pen::new(buf, look.theme, area, 1));
    let found = &screen.found;
    // Before anything was looked at there is nothing to count.
    let began = screen.searching.is_some() || found.done || !found.parts.is_empty();
    let count = if began { units::counted(units::wide(found.parts.len()), "partition") } else { String::new() };
    let read = format!("{} in {} fetches", units::counted(found.records, "record"), units::thousands(found.fetches));
    let cost = [(read, Token::Dim), (units::size(found.bytes), Token::Dim)];
    let cost = if began { cost.as_slice() } else { &[] };
    let focused = screen.focus == Pane::Parts;
    let topic = Shown::of(screen.topic.name.raw()).cut(40).into_string();
    let facts = [(topic, Token::Title), (count, Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 2), focused, "Bisect", &facts, cost);
    let mut pen = Pen::new(buf, look.theme, area, 3);
    pen.right("P", 5, Token::Dim).right("OFFSETS", 14, Token::Dim).right("LOOKED AT", 11, Token::Dim).gap(2);
    pen.own("TURNS TRUE AT", Token::Dim);
    let places = Places::of(area);
    parts(screen, look, buf, places.parts);
    if let Some(part) = screen.part() {
        looked(screen, look, buf, &places, part);
    }
}

fn query(screen: &Bisect, pen: &mut Pen<'_>) {
    pen.gap(1);
    if let Some(line) = &screen.editing {
        pen.prompt("/ ", line);
    } else {
        let room = pen.room();
        pen.own("/ ", Token::Accent).shown(&Shown::of(&screen.query), Token::Title, room);
    }
}

/// What is assumed, what goes on, and what came of it.
fn words(screen: &Bisect, look: &Look<'_>, pen: &mut Pen<'_>) {
    pen.gap(1);
    let room = pen.room();
    if let Some(error) = &screen.error {
        pen.shown(&Shown::of(error), Token::Act, room);
        return;
    }
    if let Some(failure) = &screen.failure {
        pen.shown(&Shown::of(&failure.sentence()), Token::Act, room);
        return;
    }
    let found = &screen.found;
    if screen.searching.is_some() {
        pen.own("halving … each step looks at one record; esc ends it", Token::Accent);
        return;
    }
    if screen.stopped {
        pen.own("ended by you; ctrl-r searches again", Token::Look);
        return;
    }
    if !found.done {
        let short = "Assumed: false before the turn, true from there on, in each partition.";
        pen.shown(&Shown::of(short), Token::Dim, room);
        let bounds = " since: until: p: bound the search.";
        if pen.room() >= text::width(bounds) {
            pen.own(bounds, Token::Dim);
        }
        return;
    }
    let turns = found.parts.iter().filter(|part| matches!(part.turn, Turn::At(_))).count();
    let doubts = found.parts.iter().filter(|part| part.contradicted.is_some()).count();
    match found.first().and_then(Spot::record) {
        Some(record) => {
            let all = units::wide(found.parts.len());
            pen.own(format!("turns in {turns} of {}", units::counted(all, "partition")), Token::Dim);
            if doubts > 0 {
                pen.own(format!(", in {doubts} more than once"), Token::Look);
            }
            pen.own("; first ", Token::Dim);
            let place = format!("{}@{}", record.partition.0, units::thousands(record.offset.0));
            pen.bold(place, Token::Title).own(format!(" {}", time(look, record.timestamp_ms)), Token::Text);
        }
        None => drop(pen.own("It turns nowhere, as far as was looked at.", Token::Look)),
    }
}

fn time(look: &Look<'_>, ms: i64) -> String {
    text::time(ms, TimeFormat::Full, &look.settings.zone, look.now.millis())
}

fn place(look: &Look<'_>, place: Place) -> String {
    format!("{}@{} {}", place.partition.0, units::thousands(place.offset.0), time(look, place.time_ms))
}

fn parts(screen: &Bisect, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let all = &screen.found.parts;
    let mut cursor = screen.parts;
    cursor.fit(all.len(), usize::from(area.height));
    for (y, at) in (0_u16..).zip(cursor.window(all.len(), usize::from(area.height))) {
        let Some(part) = all.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, area, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        let width = part.span.end.0.saturating_sub(part.span.start.0);
        pen.to(0).right(part.partition.0.to_string(), 5, Token::Text).right(units::thousands(width), 14, Token::Dim);
        pen.right(units::thousands(units::wide(part.looked.len())), 11, Token::Text).gap(2);
        turn(&mut pen, look, part);
    }
}

fn turn(pen: &mut Pen<'_>, look: &Look<'_>, part: &Halved) {
    let shown = |spot: &Spot| {
        spot.record()
            .map_or_else(String::new, |record| format!("{} {}", units::thousands(record.offset.0), time(look, record.timestamp_ms)))
    };
    match &part.turn {
        Turn::Searching => {
            let open = part.open.end.0.saturating_sub(part.open.start.0);
            let from = units::thousands(part.open.start.0);
            pen.own(
                format!(
                    "… between {from} and {}: {} left",
                    units::thousands(part.open.end.0),
                    units::counted(u64::try_from(open).unwrap_or(0), "offset")
                ),
                Token::Accent,
            )
        }
        Turn::At(spot) => pen.own(shown(spot), Token::Good),
        Turn::Always(spot) => pen.own("the first record matches already: ", Token::Dim).own(shown(spot), Token::Text),
        Turn::Never => pen.own("never: the last record does not match", Token::Dim),
        Turn::Empty => pen.own("no record", Token::Dim),
        Turn::Failed(why) => {
            let room = pen.room();
            pen.shown(&Shown::of(why), Token::Act, room)
        }
    };
    if let Some((yes, no)) = &part.contradicted {
        let at = |looked: &Looked| units::thousands(looked.place.offset.0);
        let more = format!("  ▲ more than once: true at {}, false at {}", at(yes), at(no));
        let room = pen.room();
        pen.shown(&Shown::of(&more), Token::Look, room);
    }
}

fn looked(screen: &Bisect, look: &Look<'_>, buf: &mut Buffer, places: &Places, part: &Halved) {
    let focused = screen.focus == Pane::Looked;
    let facts = [(format!("partition {}", part.partition.0), Token::Dim), (units::thousands(units::wide(part.looked.len())), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, places.title, 0), focused, "Looked at", &facts, &[]);
    let height = usize::from(places.looked.height);
    let mut cursor = screen.looked;
    if !focused {
        // What came last is what one wants to see come.
        cursor.to(usize::MAX, part.looked.len(), height);
    }
    cursor.fit(part.looked.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(part.looked.len(), height)) {
        let Some(one) = part.looked.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, places.looked, y);
        if focused && at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        let (word, token) = if one.matched { ("true", Token::Good) } else { ("false", Token::Dim) };
        pen.to(0).right((at + 1).to_string(), 5, Token::Faint).gap(2).left(word, 7, token).own(place(look, one.place), Token::Text);
    }
}

pub(super) fn status(screen: &Bisect, _look: &Look<'_>, pen: &mut Pen<'_>) {
    let text = match screen.part().and_then(|part| part.contradicted.as_ref()) {
        Some(_) => "The query turns more than once: this is one turn. since: until: bound the search.",
        None => "Both records next to the turn were looked at; elsewhere those listed alone.",
    };
    pen.own(text, Token::Dim);
}

//! How the shape of a topic is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::inquire::{FieldView, Place, Seen};
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{self, Pen, Token};

use super::{Pane, ShapeScreen, rows};

/// Rows above the upper list: what was read, its title, its header.
const HEAD: u16 = 3;

/// Where the parts lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub(super) above: Rect,
    /// The title of the lower list.
    title: Rect,
    pub(super) below: Rect,
}

impl Places {
    pub(super) fn of(area: Rect) -> Self {
        let rest = area.height.saturating_sub(HEAD + 1);
        let below = if rest >= 8 { (rest * 2 / 5).max(3) } else { rest / 2 };
        let above = Rect { y: area.y.saturating_add(HEAD), height: rest - below, ..area };
        let title = Rect { y: above.y.saturating_add(above.height), height: 1.min(area.height), ..area };
        Self { above, title, below: Rect { y: title.y.saturating_add(1), height: below, ..area } }
    }
}

pub(super) fn draw(screen: &ShapeScreen, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let places = Places::of(area);
    read(screen, look, &mut Pen::new(buf, look.theme, area, 0));
    let shapes = screen.focus == Pane::Shapes;
    let (title, facts) = if shapes {
        let all = units::wide(screen.shape.shapes.len());
        let mut facts = vec![(units::counted(all, "shape"), Token::Dim)];
        if screen.shape.other_shapes > 0 {
            facts.push((format!("{} of others", units::counted(screen.shape.other_shapes, "record")), Token::Look));
        }
        ("Shapes", facts)
    } else {
        let mut facts = vec![(units::thousands(units::wide(screen.shape.fields.len())), Token::Dim)];
        if screen.shape.beyond > 0 {
            facts.push((format!("{} with more fields", units::counted(screen.shape.beyond, "record")), Token::Look));
        }
        ("Fields", facts)
    };
    let formats = [(rows::formats(&screen.shape), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 1), screen.focus != Pane::Kinds, title, &facts, &formats);
    if shapes {
        shape_list(screen, look, buf, area, places);
    } else {
        field_list(screen, look, buf, area, places);
    }
}

/// What was read, and what the figures are of.
fn read(screen: &ShapeScreen, look: &Look<'_>, pen: &mut Pen<'_>) {
    let shape = &screen.shape;
    pen.gap(1).shown(&Shown::of(screen.topic.name.raw()), Token::Title, 40).gap(2);
    let room = pen.room();
    if let Some(failure) = &screen.failure {
        pen.shown(&Shown::of(&failure.sentence()), Token::Act, room);
        return;
    }
    let of = format!("{} of ≈{}", units::counted(shape.records, "record"), units::thousands(shape.offsets));
    pen.own(of, Token::Text).own(format!(" · {}", shape.of), Token::Dim);
    match (screen.reading.is_some(), screen.stopped) {
        (true, _) => drop(pen.own(" · reading …", Token::Accent)),
        (false, true) => drop(pen.own(" · ended by you", Token::Look)),
        (false, false) => {
            if let (Some(first), Some(last)) = (shape.first, shape.last) {
                let text = format!(" · {} to {}", time(look, first), time(look, last));
                if text::width(&text) <= pen.room() {
                    pen.own(text, Token::Dim);
                }
            }
        }
    }
    if let Some(cut) = shape.cut.first() {
        let room = pen.room();
        pen.own(" · ", Token::Dim).shown(&Shown::of(cut), Token::Look, room);
    }
}

fn time(look: &Look<'_>, place: Place) -> String {
    text::clock(place.time_ms, &look.settings.zone, look.now.millis())
}

/// Widths: name, types, share, distinct, range; the rest is examples.
fn widths(screen: &ShapeScreen, columns: usize) -> [usize; 5] {
    let longest = |of: &dyn Fn(&FieldView) -> usize| screen.shape.fields.iter().take(500).map(of).max().unwrap_or(0);
    let name = longest(&|field| text::width(&field.path)).clamp(8, (columns / 3).max(8));
    let types = longest(&|field| text::width(&rows::types(field))).clamp(7, (columns / 4).max(7));
    let range = longest(&|field| text::width(&rows::range(field))).clamp(5, (columns / 4).max(5));
    [name, types, 6, 8, range]
}

fn field_list(screen: &ShapeScreen, look: &Look<'_>, buf: &mut Buffer, area: Rect, places: Places) {
    let [name, types, present, distinct, range] = widths(screen, usize::from(area.width));
    let mut pen = Pen::new(buf, look.theme, area, 2);
    pen.gap(1).left("FIELD", name, Token::Dim).gap(2).left("TYPE", types, Token::Dim).right("HAVE", present + 1, Token::Dim);
    pen.right("VALUES", distinct + 1, Token::Dim).gap(2).left("RANGE", range, Token::Dim).gap(2).own("EXAMPLES", Token::Dim);
    let fields = &screen.shape.fields;
    if fields.is_empty() {
        let words = if screen.reading.is_some() { "Reading …" } else { "No record was read." };
        Pen::new(buf, look.theme, places.above, 0).gap(2).own(words, Token::Look);
    }
    let mut cursor = screen.fields;
    cursor.fit(fields.len(), usize::from(places.above.height));
    for (y, at) in (0_u16..).zip(cursor.window(fields.len(), usize::from(places.above.height))) {
        let Some(field) = fields.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, places.above, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(1).shown(&Shown::of(&field.path), Token::Key, name).to(1 + name + 2);
        let several = field.kinds.len() > 1;
        pen.left(rows::types(field), types, if several { Token::Look } else { Token::Text });
        pen.right(rows::share(field.records, field.of), present + 1, if field.records < field.of { Token::Text } else { Token::Dim });
        pen.right(rows::distinct(field.distinct), distinct + 1, Token::Text);
        let end = pen.gap(2).column() + range;
        pen.shown(&Shown::of(&rows::range(field)), Token::Number, range).to(end);
        let room = pen.gap(2).room();
        pen.shown(&Shown::of(&rows::examples(field)), Token::Dim, room);
    }
    kind_list(screen, look, buf, places);
}

/// The types of the selected field: each with how often, since when and until when.
fn kind_list(screen: &ShapeScreen, look: &Look<'_>, buf: &mut Buffer, places: Places) {
    let Some(field) = screen.field() else { return };
    let (path, focused) = (Shown::of(&field.path).cut(40).into_string(), screen.focus == Pane::Kinds);
    let absent = field.of.saturating_sub(field.records);
    let have = format!("{} of {} have it", units::thousands(field.records), units::counted(field.of, "record"));
    let mut state = Vec::new();
    if absent > 0 {
        state.push((format!("absent in {}", rows::share(absent, field.of)), Token::Dim));
    }
    let facts = [(path, Token::Key), (have, Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, places.title, 0), focused, "Types", &facts, &state);
    for (y, (at, view)) in (0_u16..).zip(field.kinds.iter().enumerate()) {
        let mut pen = Pen::new(buf, look.theme, places.below, y);
        if focused && at == screen.kinds.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(1).left(view.kind.word(), 9, Token::Text);
        pen.right(units::thousands(view.seen.records), 9, Token::Text);
        pen.right(rows::share(view.seen.records, field.records), 7, Token::Dim).gap(3);
        seen(screen, look, &mut pen, &view.seen);
    }
    let y = u16::try_from(field.kinds.len()).unwrap_or(u16::MAX);
    for (n, raw) in (0_u16..).zip(field.examples.iter()) {
        let mut pen = Pen::new(buf, look.theme, places.below, y.saturating_add(n));
        pen.gap(1).left(if n == 0 { "examples" } else { "" }, 10, Token::Dim);
        let room = pen.room();
        pen.shown(&Shown::of_bytes(raw), Token::String, room);
    }
}

/// First and last, of what was read.
fn seen(screen: &ShapeScreen, look: &Look<'_>, pen: &mut Pen<'_>, seen: &Seen) {
    let place = |place: Place| {
        let time = text::time(place.time_ms, TimeFormat::Full, &look.settings.zone, look.now.millis());
        format!("{time} {}@{}", place.partition.0, units::thousands(place.offset.0))
    };
    let Some(first) = seen.first else { return };
    let from_start = screen.shape.first == Some(first) || screen.shape.first.is_some_and(|start| start.time_ms == first.time_ms);
    pen.own("seen from ", Token::Dim).own(place(first), if from_start { Token::Dim } else { Token::Look });
    if let Some(last) = seen.last {
        pen.own(" to ", Token::Dim).own(place(last), Token::Dim);
    }
}

fn shape_list(screen: &ShapeScreen, look: &Look<'_>, buf: &mut Buffer, area: Rect, places: Places) {
    let mut pen = Pen::new(buf, look.theme, area, 2);
    pen.right("RECORDS", 10, Token::Dim).right("SHARE", 7, Token::Dim).right("FIELDS", 8, Token::Dim).gap(2);
    pen.left("FIRST SEEN", 14, Token::Dim).left("LAST SEEN", 14, Token::Dim).own("AGAINST THE MOST FREQUENT", Token::Dim);
    let shapes = &screen.shape.shapes;
    if shapes.is_empty() {
        Pen::new(buf, look.theme, places.above, 0).gap(2).own("No value that is JSON was read.", Token::Look);
        return;
    }
    let mut cursor = screen.shapes;
    cursor.fit(shapes.len(), usize::from(places.above.height));
    let json: u64 = shapes.iter().map(|shape| shape.seen.records).sum::<u64>().saturating_add(screen.shape.other_shapes);
    for (y, at) in (0_u16..).zip(cursor.window(shapes.len(), usize::from(places.above.height))) {
        let Some(shape) = shapes.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, places.above, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(0).right(units::thousands(shape.seen.records), 10, Token::Text);
        pen.right(rows::share(shape.seen.records, json), 7, Token::Dim).right(shape.fields.to_string(), 8, Token::Text).gap(2);
        let clock = |place: Option<Place>| place.map_or_else(String::new, |place| time(look, place));
        pen.left(clock(shape.seen.first), 14, Token::Text).left(clock(shape.seen.last), 14, Token::Dim);
        let room = pen.room();
        pen.shown(&Shown::of(&rows::difference(shape)), Token::Key, room);
    }
    let Some(shape) = shapes.get(cursor.at) else { return };
    let fields = units::counted(units::wide(shape.fields), "field");
    ui::title_rule(&mut Pen::new(buf, look.theme, places.title, 0), false, "Shape", &[(fields, Token::Dim)], &[]);
    let mut pen = Pen::new(buf, look.theme, places.below, 0);
    pen.gap(1);
    seen(screen, look, &mut pen, &shape.seen);
    let parts = shape.more.iter().map(|part| ("+", Token::Good, part)).chain(shape.less.iter().map(|part| ("−", Token::Act, part)));
    for (y, (sign, token, (path, kind))) in (1_u16..places.below.height.max(1)).zip(parts) {
        let mut pen = Pen::new(buf, look.theme, places.below, y);
        let room = pen.gap(1).own(sign, token).gap(1).room().saturating_sub(12);
        pen.shown(&Shown::of(path), Token::Key, room).gap(2).own(kind.word(), Token::Text);
    }
}

/// The path of the selected field: in the list it may be cut.
pub(super) fn status(screen: &ShapeScreen, _look: &Look<'_>, pen: &mut Pen<'_>) {
    let cut = if screen.shape.cut.is_empty() { String::new() } else { format!("{} · ", screen.shape.cut.join("; ")) };
    let text = match screen.field().filter(|_| screen.focus != Pane::Shapes) {
        Some(field) => format!("{cut}{}", field.path),
        None => format!("{cut}A shape: the fields of a record with their types"),
    };
    let room = pen.room();
    pen.shown(&Shown::of(&text), Token::Dim, room);
}

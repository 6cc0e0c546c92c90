//! How the list is drawn: title, header, rows, and the line about the selected topic.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Topics;
use super::columns::{self, BETWEEN, COLUMNS, Cell, Id, Row};
use crate::core::groups::uses::Use;
use crate::core::table::{Column, Sort};
use crate::model::{ClusterView, Known, Topic, TopicError, Why};
use crate::screens::{Look, PARTIAL, names_prompt};
use crate::text::{self, Shown, units};
use crate::ui::{self, Pen, Token};

pub(super) fn draw(topics: &Topics, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    title(topics, look, &mut Pen::new(buf, look.theme, area, 0));
    let Some(view) = &topics.view else {
        if look.cluster.trouble.is_none() {
            Pen::new(buf, look.theme, area, 2).gap(2).own("Connecting … the list appears with the first answer.", Token::Dim);
        }
        return;
    };
    let longest = view.topics.iter().map(|topic| topic.name.raw().len()).max().unwrap_or(0);
    let (shown, name) = columns::fitting(usize::from(area.width), longest, topics.wide);
    header(topics, &shown, name, &mut Pen::new(buf, look.theme, area, 1));
    let rows = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if topics.rows.is_empty() {
        Pen::new(buf, look.theme, rows, 0).gap(2).own(why_empty(topics, view), Token::Look);
        return;
    }
    let height = usize::from(rows.height);
    let mut cursor = topics.cursor;
    cursor.fit(topics.rows.len(), height);
    let used = columns::Used::of(&look.cluster.groups, shown.iter().any(|column| matches!(column.id, Id::Groups | Id::MaxLag)));
    for (y, row) in (0_u16..).zip(cursor.window(topics.rows.len(), height)) {
        let Some(topic) = topics.topic(row) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        draw_row(topics, &mut pen, look, (topic, used.by(topic)), (&shown, name), row == cursor.at);
    }
}

fn title(topics: &Topics, look: &Look<'_>, pen: &mut Pen<'_>) {
    let mut facts = Vec::new();
    if let Some(view) = &topics.view {
        let total = units::wide(view.topics.len() - topics.hidden);
        let listed = units::wide(topics.rows.len());
        let count =
            if listed == total { units::thousands(total) } else { format!("{} of {}", units::thousands(listed), units::thousands(total)) };
        facts.push((count, Token::Dim));
        if look.cluster.is_partial() {
            facts.push((PARTIAL.to_owned(), Token::Look));
        }
    }
    if topics.problems {
        facts.push(("problems only".to_owned(), Token::Look));
    }
    if !topics.bar.text().is_empty() {
        facts.push(("filter".to_owned(), Token::Dim));
        facts.push((Shown::of(topics.bar.text()).cut(40).into_string(), Token::Look));
    }
    if topics.hidden > 0 {
        facts.push((format!("{} internal hidden", topics.hidden), Token::Dim));
    }
    let mut state = Vec::new();
    if !topics.marks.is_empty() {
        state.push((format!("{} marked", topics.marks.len()), Token::Look));
    }
    if topics.paused {
        state.push(("PAUSED".to_owned(), Token::Look));
    }
    if topics.sort.order() != Sort::<Id>::default().order() {
        state.push((format!("sort {} {}", topics.sort.title(COLUMNS), topics.sort.arrow()), Token::Dim));
    }
    if let (Some(_), Some(fresh)) = (&look.cluster.trouble, &look.cluster.view.value) {
        state.push((format!("as of {}", look.clock(fresh.at)), Token::Dim));
        state.push(("STALE".to_owned(), Token::Look));
    }
    ui::title_rule(pen, true, "Topics", &facts, &state);
}

fn header(topics: &Topics, shown: &[&Column<Id>], name: usize, pen: &mut Pen<'_>) {
    pen.gap(2);
    for column in shown {
        let text = topics.sort.heading(column);
        let token = if column.id == topics.sort.chosen { Token::Accent } else { Token::Dim };
        match column.id {
            Id::Name => pen.left(text, name, token),
            // The arrow may take the blank before a title that fills its column.
            _ if column.left => pen.gap(BETWEEN).left(text, column.width, token),
            _ => pen.right(text, column.width + BETWEEN, token),
        };
    }
}

type Read<'a> = (&'a Topic, Option<Use>);

fn draw_row(
    topics: &Topics,
    pen: &mut Pen<'_>,
    look: &Look<'_>,
    (topic, used): Read<'_>,
    (shown, name): (&[&Column<Id>], usize),
    selected: bool,
) {
    if selected {
        pen.ground(look.theme.raised()).own("▌", Token::Accent);
    }
    if topics.marks.contains(&topic.name) {
        pen.to(1).own("✓", Token::Look);
    }
    pen.to(2);
    let stale = look.cluster.trouble.is_some();
    let text = Shown::of(topic.name.raw());
    if selected {
        pen.shown_bold(&text, Token::Title, name)
    } else {
        pen.shown(&text, if stale { Token::Dim } else { Token::Text }, name)
    };
    pen.to(2 + name);
    let row = Row { topic, figures: look.cluster.figures.of(topic), used, now: look.now };
    for column in shown.iter().filter(|column| column.id != Id::Name) {
        pen.gap(BETWEEN);
        if column.id == Id::Trend {
            let rates = row.figures.map(|figures| figures.trend().rates(look.now)).unwrap_or_default();
            let moving = rates.iter().flatten().any(|&rate| rate > 0);
            pen.left(units::spark(&rates), column.width, if stale || !moving { Token::Dim } else { Token::Data });
            continue;
        }
        let Cell(text, token) = columns::cell(column.id, &row);
        // What stands still is no news; what is old is dim.
        let quiet = stale || (column.id == Id::Rate && text == "0");
        let token = if quiet && token == Token::Text { Token::Dim } else { token };
        if column.left {
            pen.left(text, column.width, token)
        } else {
            pen.right(text, column.width, token)
        };
    }
}

fn why_empty(topics: &Topics, view: &ClusterView) -> String {
    let listed = view.topics.len() - topics.hidden;
    if topics.problems && topics.bar.text().is_empty() {
        format!("None of {} has a problem. ! shows all.", units::counted(units::wide(listed), "topic"))
    } else if !topics.bar.text().is_empty() {
        format!("No topic of {listed} passes the filter. esc clears it.")
    } else if topics.hidden > 0 {
        format!("No topic but {} internal ones: i shows them.", topics.hidden)
    } else {
        "No topic is listed: there is none, or none that you may DESCRIBE.".to_owned()
    }
}

/// The last line: the prompt, or what there is to say of the selected topic. What is wrong comes before what only identifies:
/// there may be no room for both.
pub(super) fn status(topics: &Topics, look: &Look<'_>, pen: &mut Pen<'_>) {
    if names_prompt(&topics.bar, pen) {
        return;
    }
    let Some(topic) = topics.current() else { return };
    let room = pen.room();
    pen.shown(&Shown::of(topic.name.raw()), Token::Text, room / 2);
    if let Some(error) = topic.error {
        pen.gap(3).own("▲ ", Token::Look).own(sentence(error), Token::Look);
    }
    let (leaderless, short) = columns::troubled(topic);
    if leaderless > 0 {
        pen.gap(3).own(format!("✗ {leaderless} without a leader: not readable now"), Token::Act);
    } else if short > 0 {
        pen.gap(3).own(format!("▲ {} behind their leader: d says which", units::counted(units::wide(short), "partition")), Token::Act);
    }
    let row = Row { topic, figures: look.cluster.figures.of(topic), used: None, now: look.now };
    if let Some(why) = unknown(&row) {
        pen.gap(3).own(why, Token::Look);
    }
    age(look, topic, pen);
    let id = topic.id.to_string();
    if topic.id.is_known() && pen.room() >= id.len() + 6 {
        pen.gap(3).own("id ", Token::Dim).own(id, Token::Dim);
    }
    if let Some(rate) = look.cluster.load.requests_per_second() {
        let brokers = look.cluster.view.get().map_or(1, |view| view.brokers.len()).max(1);
        let each = rate / f64::from(u32::try_from(brokers).unwrap_or(u32::MAX));
        let text = format!("{} to each broker", units::rate(each).replace("/s", " requests/s"));
        if pen.room() >= text.len() + 3 {
            pen.gap(3).own(text, Token::Dim);
        }
    }
}

/// How old the figures are, once that is worth a word.
fn age(look: &Look<'_>, topic: &Topic, pen: &mut Pen<'_>) {
    let Some(at) = look.cluster.figures.of(topic).and_then(|figures| figures.ends_at(topic)) else { return };
    let age = look.now.since(at);
    if age > look.settings.refresh * 3 {
        pen.gap(3).own(format!("figures {} old", units::duration(age)), Token::Look);
    }
}

/// Why a figure of the row is a question mark.
fn unknown(row: &Row<'_>) -> Option<String> {
    let why = |what: &str, why: &Why| Some(format!("? {what}: {}", text::why(why)));
    if row.topic.error.is_some() {
        return None;
    }
    match (row.offsets(), row.bytes()) {
        (Known::Unknown(Why::NotAsked), _) => None,
        (Known::Unknown(cause), _) => why("offsets", &cause),
        (_, Known::Unknown(Why::NotAsked)) => None,
        (_, Known::Unknown(cause)) => why("size", &cause),
        _ => match row.figures?.keep() {
            Known::Unknown(Why::NotAsked) => None,
            Known::Unknown(cause) => why("settings", &cause),
            _ => None,
        },
    }
}

pub(super) fn sentence(error: TopicError) -> &'static str {
    match error {
        TopicError::Unknown => "The broker does not know this topic (any more).",
        TopicError::NotAuthorised => "Not authorised to describe this topic.",
        TopicError::Invalid => "The broker calls this name invalid.",
        TopicError::Other(_) => "The broker answered with an error for this topic.",
    }
}

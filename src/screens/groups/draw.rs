//! How the list is drawn: title, brokers that do not tell, header, rows, and the last line about the selected group.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::{self, BETWEEN, COLUMNS, Cell, Id, Judged, TREND};
use super::{AT_FIRST, Groups, below};
use crate::core::cluster::Cluster;
use crate::core::groups::Row;
use crate::core::table::Column;
use crate::core::verdict::Verdict;
use crate::core::verdict::words;
use crate::screens::{Cx, Look, PARTIAL, names_prompt, tone_token};
use crate::text::{self, Shown, units};
use crate::ui::{self, Pen, Token};

/// Rows above the first group.
pub(super) fn first_row(cluster: &Cluster) -> u16 {
    2 + u16::from(cluster.groups.troubled().next().is_some())
}

/// Rows that the list has for groups.
pub(super) fn list_height(groups: &Groups, size: (u16, u16), cluster: &Cluster) -> usize {
    let areas = below::areas(Rect::new(0, 0, size.0, size.1), groups.alone);
    usize::from(areas.list.height.saturating_sub(first_row(cluster)))
}

fn longest(groups: &Groups) -> usize {
    groups.rows.iter().map(|id| id.raw().len()).max().unwrap_or(0)
}

/// The column that stands there.
pub(super) fn column_at(groups: &Groups, cx: &Cx<'_>, x: usize) -> Option<Id> {
    let (shown, name) = columns::fitting(usize::from(cx.size.0), longest(groups), groups.wide);
    let mut end = 2;
    shown
        .into_iter()
        .find(|column| {
            end += if column.id == Id::Name { name } else { column.width + BETWEEN };
            x < end
        })
        .map(|column| column.id)
}

pub(super) fn draw(groups: &Groups, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let areas = below::areas(area, groups.alone);
    title(groups, look, &mut Pen::new(buf, look.theme, areas.list, 0));
    let first = first_row(look.cluster);
    if first > 2 {
        silent(look, &mut Pen::new(buf, look.theme, areas.list, 1));
    }
    let rows = Rect { y: area.y + first, height: areas.list.height.saturating_sub(first), ..areas.list };
    if groups.rows.is_empty() {
        if let Some((words, token)) = why_empty(groups, look) {
            Pen::new(buf, look.theme, rows, 0).gap(2).own(words, token);
        }
        return;
    }
    let (shown, name) = columns::fitting(usize::from(area.width), longest(groups), groups.wide);
    header(groups, &shown, name, &mut Pen::new(buf, look.theme, areas.list, first - 1));
    let height = usize::from(rows.height);
    let mut cursor = groups.cursor;
    cursor.fit(groups.rows.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(groups.rows.len(), height)) {
        let Some(row) = groups.rows.get(at).and_then(|id| look.cluster.groups.of(id)) else { continue };
        let judged = Judged::of(look.cluster, row, look.now);
        let mut pen = Pen::new(buf, look.theme, rows, y);
        draw_row(groups, &mut pen, look, &judged, (&shown, name), at == cursor.at);
    }
    if let Some(row) = groups.row(look.cluster) {
        below::draw(&areas, look, buf, &Judged::of(look.cluster, row, look.now));
    }
}

fn title(groups: &Groups, look: &Look<'_>, pen: &mut Pen<'_>) {
    let mut facts = Vec::new();
    if look.cluster.groups.listed_at().is_some() {
        let (listed, total) = (units::wide(groups.rows.len()), units::wide(groups.total));
        let count =
            if listed == total { units::thousands(total) } else { format!("{} of {}", units::thousands(listed), units::thousands(total)) };
        facts.push((count, Token::Dim));
        if look.cluster.is_partial() {
            facts.push((PARTIAL.to_owned(), Token::Look));
        }
        let words = if groups.attention == 1 { "needs attention" } else { "need attention" };
        if groups.attention > 0 {
            facts.push((format!("{} {words}", units::thousands(units::wide(groups.attention))), Token::Act));
        }
    }
    if groups.problems {
        facts.push(("problems only".to_owned(), Token::Look));
    }
    if !groups.bar.text().is_empty() {
        facts.push(("filter".to_owned(), Token::Dim));
        facts.push((Shown::of(groups.bar.text()).cut(40).into_string(), Token::Look));
    }
    let mut state = Vec::new();
    if !groups.marks.is_empty() {
        state.push((format!("{} marked", groups.marks.len()), Token::Look));
    }
    if groups.paused {
        state.push(("PAUSED".to_owned(), Token::Look));
    }
    let sort = if groups.sort.order() == AT_FIRST.order() {
        "problems first".to_owned()
    } else {
        format!("sort {} {}", groups.sort.title(COLUMNS), groups.sort.arrow())
    };
    state.push((sort, Token::Dim));
    if let (Some(_), Some(at)) = (&look.cluster.trouble, look.cluster.groups.listed_at()) {
        state.push((format!("as of {}", look.clock(at)), Token::Dim));
        state.push(("STALE".to_owned(), Token::Look));
    }
    ui::title_rule(pen, true, "Groups", &facts, &state);
}

/// Brokers that do not tell which groups they coordinate.
fn silent(look: &Look<'_>, pen: &mut Pen<'_>) {
    let troubled: Vec<_> = look.cluster.groups.troubled().collect();
    let Some((id, since, why)) = troubled.first() else { return };
    let kept = look.cluster.groups.rows().filter(|row| troubled.iter().any(|(id, ..)| *id == row.listing.coordinator)).count();
    let brokers = match troubled.as_slice() {
        [_] => format!("broker {}", id.0),
        several => format!("brokers {}", several.iter().map(|(id, ..)| id.0.to_string()).collect::<Vec<_>>().join(", ")),
    };
    let verb = if troubled.len() == 1 { "does" } else { "do" };
    let since = format!("{} ({})", look.clock(*since), units::duration(look.now.since(*since)));
    let groups = if kept == 0 { String::new() } else { format!("; {} of it kept", units::counted(units::wide(kept), "group")) };
    let room = pen.gap(2).own("▲ ", Token::Look).room();
    let words = format!("{brokers} {verb} not tell which groups there are since {since}: {}{groups}", text::why(why));
    pen.shown(&Shown::of(&words), Token::Look, room);
}

fn header(groups: &Groups, shown: &[&Column<Id>], name: usize, pen: &mut Pen<'_>) {
    pen.gap(2);
    for column in shown {
        let sorted = column.id == groups.sort.by && groups.sort.order() != AT_FIRST.order();
        let text = if sorted { groups.sort.heading(column) } else { column.title.to_owned() };
        let chosen = column.id == groups.sort.chosen && (sorted || groups.sort.chosen != AT_FIRST.chosen);
        let token = if chosen { Token::Accent } else { Token::Dim };
        match column.id {
            Id::Name => pen.left(text, name, token),
            _ if column.left => pen.gap(BETWEEN).left(text, column.width, token),
            _ => pen.right(text, column.width + BETWEEN, token),
        };
    }
}

fn draw_row(
    groups: &Groups,
    pen: &mut Pen<'_>,
    look: &Look<'_>,
    judged: &Judged<'_>,
    (shown, name): (&[&Column<Id>], usize),
    selected: bool,
) {
    if selected {
        pen.ground(look.theme.raised()).own("▌", Token::Accent);
    }
    if groups.marks.contains(judged.row.id()) {
        pen.to(1).own("✓", Token::Look);
    }
    pen.to(2);
    let known = &look.cluster.groups;
    let stale = look.cluster.trouble.is_some() || judged.row.missing_for(known, look.now).is_some();
    let text = Shown::of(judged.row.id().raw());
    if selected {
        pen.shown_bold(&text, Token::Title, name)
    } else {
        pen.shown(&text, if stale { Token::Dim } else { Token::Text }, name)
    };
    pen.to(2 + name);
    for column in shown.iter().filter(|column| column.id != Id::Name) {
        pen.gap(BETWEEN);
        if column.id == Id::Trend {
            trend(pen, look, judged, stale);
            continue;
        }
        let Cell(text, token) = columns::cell(column.id, judged, known, look.now);
        // What is old is dim, but for what says so.
        let token = if stale && !(column.id == Id::State && token == Token::Look) { Token::Dim } else { token };
        if column.left {
            pen.left(text, column.width, token)
        } else {
            pen.right(text, column.width, token)
        };
    }
}

fn trend(pen: &mut Pen<'_>, look: &Look<'_>, judged: &Judged<'_>, stale: bool) {
    if judged.verdict == Verdict::NoLag {
        pen.left("–", TREND, Token::Dim);
        return;
    }
    let values = units::fewer(&judged.row.past.lag(look.now), TREND);
    let calm = values.iter().flatten().all(|&value| value == 0);
    let token = match tone_token(judged.verdict.tone()) {
        _ if stale => Token::Dim,
        token @ (Token::Act | Token::Look | Token::Good) => token,
        _ if calm => Token::Dim,
        _ => Token::Data,
    };
    pen.left(units::spark(&values), TREND, token);
}

fn why_empty(groups: &Groups, look: &Look<'_>) -> Option<(String, Token)> {
    let known = &look.cluster.groups;
    if look.cluster.view.get().is_none() {
        let waiting = look.cluster.trouble.is_none();
        return waiting.then(|| ("Connecting … the groups are asked for with the first answer.".to_owned(), Token::Dim));
    }
    let silent = known.troubled().count();
    let words = if known.listed_at().is_none() {
        return Some(("Every broker is being asked which groups it coordinates …".to_owned(), Token::Dim));
    } else if groups.total > 0 && groups.problems && groups.bar.text().is_empty() {
        format!("None of {} needs attention. ! shows all.", units::counted(units::wide(groups.total), "group"))
    } else if groups.total > 0 {
        format!("No group of {} passes the filter. esc clears it.", units::thousands(units::wide(groups.total)))
    } else if silent > 0 {
        "No broker that answers coordinates a group; others do not tell.".to_owned()
    } else {
        "No group is listed: there is none, or none that you may DESCRIBE.".to_owned()
    };
    Some((words, Token::Look))
}

/// The last line: the prompt, or what there is to say of the selected group.
pub(super) fn status(groups: &Groups, look: &Look<'_>, pen: &mut Pen<'_>) {
    if names_prompt(&groups.bar, pen) {
        return;
    }
    let Some(row) = groups.row(look.cluster) else { return };
    let room = pen.room();
    pen.shown(&Shown::of(row.id().raw()), Token::Text, room / 2);
    let judged = Judged::of(look.cluster, row, look.now);
    // Where there is no room for "Why", the word at least.
    if below::areas(Rect::new(0, 0, groups.size.0, groups.size.1), groups.alone).why.is_none() {
        pen.gap(3).own(judged.verdict.short(look.now), tone_token(judged.verdict.tone()));
    }
    facts(row, look, pen);
}

fn facts(row: &Row, look: &Look<'_>, pen: &mut Pen<'_>) {
    let state = words::state_in_full(row.state()).into_string();
    let since = look.now.since(row.state_since);
    let more = if row.state_seen { "" } else { "≥" };
    let long = since >= std::time::Duration::from_secs(1);
    let mut words = vec![(if long { format!("{state} for {more}{}", units::duration(since)) } else { state }, Token::Dim)];
    words.push((format!("coordinator {}", row.listing.coordinator.0), Token::Dim));
    if let Some((at, _)) = row.places().filter(|(at, _)| look.now.since(*at) > look.settings.refresh * 8) {
        words.push((format!("lag {} old", units::duration(look.now.since(at))), Token::Look));
    }
    if !row.listing.protocol.raw().is_empty() && row.listing.protocol.raw() != "consumer" {
        words.push((format!("protocol {}", Shown::of(row.listing.protocol.raw()).cut(20)), Token::Dim));
    }
    for (word, token) in words {
        if pen.room() >= text::width(&word) + 3 {
            pen.gap(3).own(word, token);
        }
    }
}

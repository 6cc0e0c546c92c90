//! How the panes about a group lie, the list of partitions, and the line about what is selected.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::groups::Row;
use crate::core::lag::{End, Lag, Place};
use crate::model::GroupKind;
use crate::screens::{Look, tone_token};
use crate::text::{self, Shown, units};
use crate::ui::{self, Pane as Frame, Pen, Token};

use super::members;
use super::places::{self, Id};
use super::{Group, Pane, Spot};
use crate::core::table::{Column, Sort};

/// From so many columns and rows on all panes are on screen.
const SPLIT: (u16, u16) = (110, 22);

/// Where the panes lie; one that is not on screen has no area.
struct Areas {
    partitions: Option<Rect>,
    members: Option<Rect>,
    group: Option<Rect>,
}

fn areas(group: &Group, area: Rect) -> Areas {
    if group.full_screen || area.width < SPLIT.0 || area.height < SPLIT.1 {
        let only = |pane: Pane| (group.focus == pane).then_some(area);
        return Areas { partitions: only(Pane::Partitions), members: only(Pane::Members), group: only(Pane::Group) };
    }
    let below = (area.height * 2 / 5).clamp(12, 20);
    let above = Rect { height: area.height - below, ..area };
    let low = Rect { y: area.y + above.height, height: below, ..area };
    let (members, group) = ui::split_right(low, (area.width * 2 / 5).clamp(48, 80));
    Areas { partitions: Some(above), members: Some(members), group: Some(group) }
}

/// Lines of the two lists.
pub(super) fn heights(group: &Group, size: (u16, u16)) -> (usize, usize) {
    let areas = areas(group, Rect::new(0, 0, size.0, size.1));
    let lines = |area: Option<Rect>| usize::from(area.map_or(size.1, |area| area.height).saturating_sub(2));
    (lines(areas.partitions), lines(areas.members))
}

pub(super) fn draw(group: &Group, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let areas = areas(group, area);
    if let Some(area) = areas.partitions {
        partitions(group, look, buf, area);
    }
    if let Some(area) = areas.members {
        members::draw(group, look, buf, area);
    }
    if let Some(area) = areas.group {
        members::draw_group(group, look, buf, area);
    }
}

fn partitions(group: &Group, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let frame = Frame::of(area);
    title(group, look, &mut Pen::new(buf, look.theme, frame.title, 0));
    let Some(row) = group.row(look.cluster).filter(|_| !group.rows.is_empty()) else {
        let (words, token) = why_empty(group, look);
        Pen::new(buf, look.theme, frame.body, 1).gap(2).own(words, token);
        return;
    };
    if let Some((_, Ok(shares))) = &row.shares {
        return super::shares::draw(group, shares, look, buf, frame.body);
    }
    let verdict = look.cluster.verdict(row, look.now);
    let longest = group.rows.iter().map(|(topic, _)| Shown::of(topic.raw()).width()).max().unwrap_or(0);
    let (columns, name) = places::fitting(usize::from(area.width), longest);
    let mut pen = Pen::new(buf, look.theme, frame.body, 0);
    pen.gap(2);
    for column in &columns {
        let sorted = group.sort.by == column.id && group.sort != Sort::default();
        let text = if sorted { group.sort.heading(column) } else { column.title.to_owned() };
        let chosen = group.focus == Pane::Partitions && column.id == group.sort.chosen && group.sort != Sort::default();
        let token = if chosen { Token::Accent } else { Token::Dim };
        match (column.id, column.left) {
            (Id::Topic, _) => pen.left(text, name, token),
            (_, true) => pen.gap(2).left(text, column.width, token),
            _ => pen.right(text, column.width + 1, token),
        };
    }
    let rows = Rect { y: frame.body.y + 1, height: frame.body.height.saturating_sub(1), ..frame.body };
    let height = usize::from(rows.height);
    let mut cursor = group.cursor;
    cursor.fit(group.rows.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(group.rows.len(), height)) {
        let Some(spot) = group.rows.get(at) else { continue };
        let Some(place) = group.place(look.cluster, spot) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        let selected = at == cursor.at;
        if selected {
            let token = if group.focus == Pane::Partitions { Token::Accent } else { Token::Faint };
            pen.ground(look.theme.raised()).own("▌", token);
        }
        if group.marks.contains(spot) {
            pen.to(1).own("✓", Token::Look);
        }
        let pointed = verdict.spot().is_some_and(|at| at.topic == spot.0 && at.partition == spot.1);
        draw_place(group, look, (row, spot, place), (&columns, name), (selected, pointed), &mut pen);
    }
}

/// A row of the list: the group, the partition and how it stands there.
type Placed<'a> = (&'a Row, &'a Spot, &'a Place);

fn draw_place(
    group: &Group,
    look: &Look<'_>,
    (row, spot, place): Placed<'_>,
    (columns, name): (&[&Column<Id>], usize),
    (selected, pointed): (bool, bool),
    pen: &mut Pen<'_>,
) {
    let stale = look.cluster.trouble.is_some() || group.gone.is_some() || row.untold.is_some();
    if pointed && !group.marks.contains(spot) {
        pen.to(1).own("▲", Token::Act);
    }
    pen.to(2);
    for column in columns {
        if column.id == Id::Topic {
            let text = Shown::of(spot.0.raw());
            let token = if stale { Token::Dim } else { Token::Text };
            if selected {
                pen.shown_bold(&text, Token::Title, name)
            } else {
                pen.shown(&text, token, name)
            };
            pen.to(2 + name);
            continue;
        }
        let (text, token) = places::cell(column.id, spot, place, (group, look.cluster, row, look.now));
        let token = match token {
            Token::Text if stale => Token::Dim,
            Token::Text if pointed && column.id == Id::Lag => Token::Act,
            token => token,
        };
        if column.left {
            pen.gap(2).left(Shown::of(&text).cut(column.width).as_str(), column.width, token)
        } else {
            pen.right(text, column.width + 1, token)
        };
    }
}

fn title(group: &Group, look: &Look<'_>, pen: &mut Pen<'_>) {
    let mut facts = Vec::new();
    let mut state = Vec::new();
    if let Some(row) = group.row(look.cluster) {
        facts.push((units::thousands(units::wide(group.rows.len())), Token::Dim));
        let verdict = look.cluster.verdict(row, look.now);
        facts.push((verdict.short(look.now), tone_token(verdict.tone())));
        if group.problems {
            facts.push(("problems only".to_owned(), Token::Look));
        }
        if !group.marks.is_empty() {
            state.push((format!("{} marked", group.marks.len()), Token::Look));
        }
        if let Some(total) = row.total().filter(|total| total.known > 0) {
            let more = if total.is_whole() { "" } else { "≥" };
            state.push((format!("lag {more}{}", units::short(total.offsets)), Token::Text));
        }
        if let Some((since, _)) = &row.untold {
            state.push((format!("as of {}", look.clock(*since)), Token::Look));
        }
    }
    if let Some(gone) = group.gone {
        state.push((format!("GONE since {}", look.clock(gone)), Token::Act));
    } else if look.cluster.trouble.is_some() {
        state.push(("STALE".to_owned(), Token::Look));
    }
    ui::title_rule(pen, group.focus == Pane::Partitions, "1 Partitions", &facts, &state);
}

fn why_empty(group: &Group, look: &Look<'_>) -> (String, Token) {
    let Some(row) = group.row(look.cluster) else {
        return if group.gone.is_some() {
            ("No coordinator lists this group: deleted, expired, or never there.".to_owned(), Token::Look)
        } else {
            ("Every broker is being asked for its groups …".to_owned(), Token::Dim)
        };
    };
    if row.listing.kind == GroupKind::Share {
        return match &row.shares {
            None => ("Where it starts is being asked for …".to_owned(), Token::Dim),
            Some((_, Err(why))) => (format!("? Where it starts is not known: {}", text::why(why)), Token::Look),
            Some((_, Ok(_))) => ("It has not begun on any partition.".to_owned(), Token::Dim),
        };
    }
    if !row.listing.kind.commits() {
        let kind = Shown::of(row.listing.kind.word()).into_string();
        return (format!("A {kind} group commits no offsets: there are no partitions to list."), Token::Dim);
    }
    match &row.lag {
        None => ("Its commits are being asked for …".to_owned(), Token::Dim),
        Some((_, Err(why))) => (format!("? Its commits are not known: {}", text::why(why)), Token::Look),
        Some((_, Ok(_))) if group.problems => ("Everything is read on every partition. ! shows all.".to_owned(), Token::Dim),
        Some((_, Ok(_))) => ("Nothing is committed, and no member has a partition.".to_owned(), Token::Dim),
    }
}

/// The last line: the selected partition or member in words.
pub(super) fn status(group: &Group, look: &Look<'_>, pen: &mut Pen<'_>) {
    if group.focus == Pane::Members {
        if let Some(member) = group.members(look.cluster).1.get(group.members.at) {
            let room = pen.room();
            pen.shown(&Shown::of(member.id.raw()), Token::Text, room / 2);
            let topics: Vec<&str> = member.subscribed.iter().flatten().map(crate::model::TopicName::raw).collect();
            let reads = member.pattern.as_ref().map_or_else(|| topics.join(", "), |pattern| format!("/{}/", pattern.raw()));
            if !reads.is_empty() {
                let room = pen.gap(3).own("subscribed to ", Token::Dim).room();
                pen.shown(&Shown::of(&reads), Token::Dim, room);
            }
        }
        return;
    }
    if let Some(share) = group.share(look.cluster) {
        let room = pen.room();
        let name = format!("{}/{}", share.topic.raw(), share.partition.0);
        let (words, token) = super::shares::sentence(share);
        pen.shown(&Shown::of(&name), Token::Text, room / 3).gap(2);
        let room = pen.room();
        pen.shown(&Shown::of(&words), token, room);
        return;
    }
    let Some((spot, place)) = group.current().and_then(|spot| Some((spot, group.place(look.cluster, spot)?))) else { return };
    let room = pen.room();
    let name = format!("{}/{}", spot.0.raw(), spot.1.0);
    pen.shown(&Shown::of(&name), Token::Text, room / 3).gap(2);
    let (words, token) = sentence(place);
    let room = pen.room();
    pen.shown(&Shown::of(&words), token, room);
    if let Some(words) = held(group, look, spot, place) {
        let room = pen.gap(1).room();
        pen.shown(&Shown::of(&words), Token::Look, room);
    }
}

/// How the group stands there, as a sentence.
fn sentence(place: &Place) -> (String, Token) {
    let count = |n: u64| units::counted(n, "offset");
    match place.lag(End::High) {
        Lag::Level => ("everything is read".to_owned(), Token::Dim),
        Lag::Behind(n) => (format!("{} to read; enter shows the next", count(n)), Token::Dim),
        Lag::NoCommit { waiting: Some(n) } => {
            (format!("nothing committed; {} in the log; auto.offset.reset says where reading begins", count(n)), Token::Look)
        }
        Lag::NoCommit { waiting: None } => ("nothing committed; auto.offset.reset says where reading begins".to_owned(), Token::Look),
        Lag::BelowStart { lost, behind } => {
            (format!("{} deleted before they were read; {} left to read", count(lost), count(behind)), Token::Act)
        }
        Lag::BeyondEnd(by) => (format!("the commit is {} past the end: cut, made again, or another cluster's", count(by)), Token::Act),
        Lag::Blocked { held, .. } => (format!("{} held back", count(held)), Token::Look),
        Lag::Unknown(why) => (format!("? {}", text::why(&why)), Token::Look),
    }
}

/// Who holds records back there.
fn held(group: &Group, look: &Look<'_>, spot: &Spot, place: &Place) -> Option<String> {
    let held = place.held().filter(|&held| held > 0)?;
    let blocked = matches!(place.lag(End::High), Lag::Blocked { .. });
    let more = if blocked { String::new() } else { format!("· {} held back ", units::short(held)) };
    let told = group.holders.get(spot).map(|(_, told)| told);
    let by = match told {
        None => "by an open transaction; whose is being asked …".to_owned(),
        Some(Err(why)) => format!("by an open transaction; whose is not known: {}", text::why(why)),
        Some(Ok(holders)) => match holders.iter().min_by_key(|holder| holder.start) {
            None => "by a transaction that has just ended".to_owned(),
            Some(first) => {
                let wrote = |at| format!(", last write {} ({} ago)", look.clock(at), units::duration(look.now.since(at)));
                let others = if holders.len() > 1 { format!(" and {} more", holders.len() - 1) } else { String::new() };
                let (producer, start) = (first.producer.0, units::thousands(first.start.0));
                format!("by producer {producer}'s transaction from {start}{}{others}", first.last.map(wrote).unwrap_or_default())
            }
        },
    };
    Some(more + &by)
}

//! The panes about members, and about the group itself.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::groups::Row;
use crate::core::lag::{End, Total};
use crate::core::verdict::words::{self, About, Said, Tone};
use crate::model::{GroupKind, Member, Time};
use crate::screens::{Look, tone_token};
use crate::text::{self, Shown, units};
use crate::ui::{self, Pane as Frame, Pen, Token};

use super::{Group, Pane};

/// Columns of the list of members.
const PARTS: usize = 6;
const LAG: usize = 8;
const HOST: usize = 15;
const BETWEEN: usize = 2;

pub(super) fn draw(group: &Group, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let frame = Frame::of(area);
    let (stale, members) = group.members(look.cluster);
    let focused = group.focus == Pane::Members;
    let facts = [(units::thousands(units::wide(members.len())), Token::Dim)];
    let state: Vec<(String, Token)> = stale.map(|at| (format!("last known {}", look.clock(at)), Token::Look)).into_iter().collect();
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), focused, "2 Members", &facts, &state);
    if members.is_empty() {
        Pen::new(buf, look.theme, frame.body, 0).gap(2).own(why_none(group, look), Token::Dim);
        return;
    }
    let width = usize::from(area.width);
    let longest = members.iter().map(|member| Shown::of(member.client_id.raw()).width()).max().unwrap_or(0);
    let name = longest.clamp(9, width.saturating_sub(PARTS + LAG + HOST + 4 * BETWEEN + 2).clamp(9, 40));
    let mut pen = Pen::new(buf, look.theme, frame.body, 0);
    pen.gap(2).left("CLIENT ID", name, Token::Dim).gap(BETWEEN).left("HOST", HOST, Token::Dim);
    pen.right("PARTS", PARTS + BETWEEN, Token::Dim).right("LAG", LAG + BETWEEN, Token::Dim).gap(BETWEEN).own("MEMBER", Token::Dim);
    let rows = Rect { y: frame.body.y + 1, height: frame.body.height.saturating_sub(1), ..frame.body };
    let height = usize::from(rows.height);
    let mut cursor = group.members;
    cursor.fit(members.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(members.len(), height)) {
        let Some(member) = members.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        if focused && at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        row(group, look, member, (name, stale.is_some()), &mut pen);
    }
}

fn row(group: &Group, look: &Look<'_>, member: &Member, (name, stale): (usize, bool), pen: &mut Pen<'_>) {
    let plain = if stale { Token::Dim } else { Token::Text };
    pen.to(2).shown(&Shown::of(member.client_id.raw()), plain, name);
    pen.to(2 + name).gap(BETWEEN).left(Shown::of(member.address().raw()).cut(HOST).as_str(), HOST, Token::Dim);
    let parts = member.partitions().map_or_else(|| "?".to_owned(), |n| n.to_string());
    pen.right(parts, PARTS + BETWEEN, plain);
    let lag = lag(group, look, member);
    let text = match lag {
        Some(total) if total.known > 0 => format!("{}{}", if total.is_whole() { "" } else { "≥" }, units::short(total.offsets)),
        Some(total) if total.of == 0 => "–".to_owned(),
        _ => "?".to_owned(),
    };
    let token = if lag.is_some_and(|total| total.offsets > 0) { plain } else { Token::Dim };
    pen.right(text, LAG + BETWEEN, token).gap(BETWEEN);
    let id = member.instance.as_ref().map_or(member.id.raw(), |instance| instance.raw());
    let room = pen.room();
    pen.shown(&Shown::of(id), Token::Dim, room);
}

/// The lag over the partitions that a member has.
fn lag(group: &Group, look: &Look<'_>, member: &Member) -> Option<Total> {
    let mut total = Total::default();
    for (topic, partitions) in member.assigned.as_ref()? {
        for id in partitions {
            match group.place(look.cluster, &(topic.clone(), *id)) {
                Some(place) => total.add(&place.lag(End::High)),
                None => total.of += 1,
            }
        }
    }
    Some(total)
}

fn why_none(group: &Group, look: &Look<'_>) -> String {
    match group.row(look.cluster) {
        None | Some(Row { described: None, .. }) => "Being asked …".to_owned(),
        Some(row) if row.state().has_members() == Some(false) => {
            let since = row.past.empty_since.filter(|_| row.past.with_members.is_some());
            since.map_or_else(|| "No members.".to_owned(), |since| format!("No members since {}.", look.clock(since)))
        }
        Some(Row { described: Some((_, Err(why))), .. }) => format!("? {}", text::why(why)),
        Some(_) => "No members are told.".to_owned(),
    }
}

/// Why it does what it does, and what it is.
pub(super) fn draw_group(group: &Group, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let frame = Frame::of(area);
    let focused = group.focus == Pane::Group;
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), focused, "3 Why", &[], &[]);
    let Some(row) = group.row(look.cluster) else { return };
    let clock = |at: Time| look.clock(at);
    let verdict = look.cluster.verdict(row, look.now);
    let about = About { cluster: look.cluster, row, verdict: &verdict, now: look.now, clock: &clock };
    let facts = facts(row, look);
    let why = about.why();
    // What it is needs the last rows; where there are not enough, why it does what it does comes first.
    let lines = words::wrapped(&why, usize::from(frame.body.width).saturating_sub(1));
    let mut y = 0;
    for (n, Said { tone, text }) in lines.iter().enumerate() {
        let mut pen = Pen::new(buf, look.theme, frame.body, y);
        let room = pen.gap(1).room();
        if n == 0 && matches!(tone, Tone::Act | Tone::Look) {
            pen.shown_bold(&Shown::of(text), tone_token(*tone), room);
        } else {
            pen.shown(&Shown::of(text), tone_token(*tone), room);
        }
        y += 1;
    }
    if usize::from(frame.body.height) > lines.len() + facts.len() {
        y += 1;
    }
    for (name, value, token) in facts {
        let mut pen = Pen::new(buf, look.theme, frame.body, y);
        pen.gap(1).left(name, 10, Token::Dim);
        let room = pen.room();
        pen.shown(&Shown::of(&value), token, room);
        y += 1;
    }
}

/// What it is: a name, what stands there, and how it looks.
fn facts(row: &Row, look: &Look<'_>) -> Vec<(&'static str, String, Token)> {
    let mut facts = Vec::new();
    let ago = |at: Time| match look.now.since(at) {
        now if now < Duration::from_secs(1) => "now".to_owned(),
        since => format!("{} ({} ago)", look.clock(at), units::duration(since)),
    };
    let state = words::state_in_full(row.state()).into_string();
    let since = if row.state_seen { format!(" since {}", ago(row.state_since)) } else { String::new() };
    let token = if row.state().is_rebalancing() { Token::Look } else { Token::Text };
    facts.push(("state", format!("{state}{since}"), token));
    let kind = row.description().map_or(&row.listing.kind, |(_, told)| &told.kind);
    let protocol = row.listing.protocol.raw();
    let protocol = if protocol.is_empty() || protocol == "consumer" { String::new() } else { format!(", protocol {protocol}") };
    facts.push(("type", format!("{}{protocol}", kind.word()), Token::Text));
    if let Some((_, told)) = row.description() {
        if !told.assignor.raw().is_empty() {
            facts.push(("assignor", told.assignor.raw().to_owned(), Token::Text));
        }
        if let Some(epoch) = told.epoch {
            facts.push(("epoch", epoch.to_string(), Token::Text));
        }
    }
    let id = row.listing.coordinator;
    let broker = look.cluster.view.get().and_then(|view| view.brokers.iter().find(|broker| broker.id == id));
    let host = broker.map(|broker| format!("  {}:{}", broker.host.raw(), broker.port)).unwrap_or_default();
    facts.push(("coord.", format!("{}{host}", id.0), Token::Text));
    let commits = match (row.past.last_move(), row.past.watched_since()) {
        (Some(at), _) => format!("last seen moving {}", ago(at)),
        (None, Some(since)) => format!("not seen moving since {}", look.clock(since)),
        (None, None) => "not looked at yet".to_owned(),
    };
    if kind.commits() {
        facts.push(("commits", commits, Token::Text));
    }
    if row.state().has_members() == Some(false) && kind.commits() {
        // No request tells when it became empty (`ClassicGroup.offsetExpirationCondition`).
        let from = if *kind == GroupKind::Classic { "became empty" } else { "last commit" };
        facts.push(("expiry", format!("7 days after it {from}, by default").replace("it last", "its last"), Token::Look));
    }
    facts
}

//! The whole frame: header, breadcrumbs, the visible screen, the keys that work here, the status line; help and the
//! panel about a lost connection on top. Reads the state, never writes it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::action::{COMMANDS, Scope};
use crate::core::notices::Tone;
use crate::overlays::{help, offline};
use crate::screens::Look;
use crate::state::State;
use crate::text::{self, Shown, TimeFormat};
use crate::ui::{self, Pen, Token};

/// The least that can show anything.
const LEAST: (u16, u16) = (40, 10);

/// Columns and rows of a screen's own area: the frame less header, breadcrumbs, keys and status.
pub fn body_size(size: (u16, u16)) -> (u16, u16) {
    (size.0, size.1.saturating_sub(4))
}

/// Draws the state into all of `buf`.
pub fn draw(state: &State, buf: &mut Buffer) {
    let area = buf.area;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(state, buf, area);
        return;
    }
    let row = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    header(state, buf, row(0));
    crumbs(state, buf, row(1));
    let body = Rect { y: area.y + 2, height: area.height - 4, ..area };
    let look = Look { theme: &state.theme, now: state.now, cluster: &state.cluster, settings: &state.settings };
    let body = match &state.cluster.trouble {
        Some(trouble) if !state.panel_hidden => offline::draw(&look, trouble, buf, body),
        _ => body,
    };
    // Before the first answer there is nothing to keep below the panel.
    let panel_alone = state.cluster.trouble.is_some() && state.cluster.view.get().is_none();
    if let (Some(top), false) = (state.top(), panel_alone) {
        top.screen.draw(&look, buf, body);
    }
    keys(state, buf, row(area.height - 2));
    status(state, &look, buf, row(area.height - 1));
    if let Some(help) = &state.help {
        help::draw(help, &look, buf, Rect { y: area.y + 2, height: area.height - 3, ..area });
    }
}

fn too_small(state: &State, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, &state.theme, area, 0);
    pen.own("kscope", Token::Accent).own(" needs 40×10", Token::Dim);
    Pen::new(buf, &state.theme, area, 1).own("q quits", Token::Dim);
}

/// Line 1: name, cluster and mode at the left; state, round trip and the time of the last answer at the right.
fn header(state: &State, buf: &mut Buffer, area: Rect) {
    let cluster = &state.cluster;
    let mut right: Vec<(String, Token)> = Vec::new();
    let at = cluster.view.value.as_ref().map(|fresh| clock(state, fresh.at.millis()));
    match (&cluster.trouble, &at) {
        (Some(trouble), at) => {
            right.push((format!("▲ OFFLINE since {}", clock(state, trouble.since.millis())), Token::Act));
            if let Some(at) = at {
                right.push((format!("data of {at}"), Token::Look));
            }
        }
        (None, Some(at)) => {
            right.push(("●".to_owned(), Token::Good));
            let trip = cluster.round_trip.map(|trip| format!("rtt {} ms · ", trip.as_millis().max(1))).unwrap_or_default();
            right.push((format!("{trip}as of"), Token::Dim));
            right.push((at.clone(), Token::Text));
        }
        (None, None) => right.push(("○ connecting".to_owned(), Token::Look)),
    }
    let width: usize = right.iter().map(|(text, _)| text::width(text) + 1).sum::<usize>() + 1;
    let mut pen = Pen::new(buf, &state.theme, area, 0);
    pen.ground(state.theme.bar()).gap(1).bold("kscope", Token::Accent).gap(2);
    let room = usize::from(area.width).saturating_sub(width + pen.column());
    pen.shown_bold(&Shown::of(&cluster.bootstrap), Token::Title, room.min(40)).gap(2).own("READ-ONLY", Token::Look);
    if let Some(view) = cluster.view.get() {
        let release = view.release.map(|r| format!("Kafka ≈{r} · ")).unwrap_or_default();
        let facts = format!("{release}{} broker{}", view.brokers.len(), if view.brokers.len() == 1 { "" } else { "s" });
        if pen.room() > width + text::width(&facts) + 3 {
            pen.gap(3).own(facts, Token::Dim);
        }
    }
    let start = usize::from(area.width).saturating_sub(width).max(pen.column() + 1);
    pen.to(start);
    for (text, token) in right {
        pen.own(text, token).gap(1);
    }
}

/// A time of day in the zone of the settings, with a Z for UTC.
fn clock(state: &State, ms: i64) -> String {
    let zone = &state.settings.zone;
    let text = text::time(ms, TimeFormat::Clock, zone, ms);
    let seconds = text.split('.').next().unwrap_or_default().to_owned();
    if *zone == jiff::tz::TimeZone::UTC { seconds + "Z" } else { seconds }
}

fn crumbs(state: &State, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, &state.theme, area, 0);
    pen.gap(1);
    let last = state.stack.len().saturating_sub(1);
    for (n, opened) in state.stack.iter().enumerate() {
        if n > 0 {
            pen.own(" › ", Token::Faint);
        }
        let crumb = opened.screen.crumb();
        let token = if n == last { Token::Title } else { Token::Dim };
        pen.shown(&crumb, token, 60);
    }
}

/// The keys that do something here and now.
fn keys(state: &State, buf: &mut Buffer, area: Rect) {
    let Some(top) = state.top() else { return };
    let scopes = top.screen.scopes();
    if !state.typed.is_empty() {
        let next = state.keymap.next(&scopes, &state.typed);
        let pairs: Vec<(String, &str)> = next.iter().map(|(key, action)| (key.to_string(), action.command().doc)).collect();
        ui::keys_line(buf, &state.theme, area, &pairs);
        return;
    }
    if top.screen.editing() {
        let pairs =
            [("enter".to_owned(), "apply"), ("esc".to_owned(), "leave"), ("↑".to_owned(), "history"), ("ctrl-u".to_owned(), "empty")];
        ui::keys_line(buf, &state.theme, area, &pairs);
        return;
    }
    let shown = |scope: Scope| COMMANDS.iter().filter(move |row| row.scope == scope && !row.short.is_empty());
    let pairs: Vec<(String, &str)> = scopes
        .iter()
        .chain([&Scope::Always])
        .flat_map(|&scope| shown(scope))
        .filter(|row| top.screen.allows(row.action).is_ok())
        .filter_map(|row| state.keymap.keys_of(row.action).into_iter().next().map(|key| (key, row.short)))
        .collect();
    ui::keys_line(buf, &state.theme, area, &pairs);
}

fn status(state: &State, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, &state.theme, area, 0);
    pen.ground(state.theme.bar()).gap(1);
    let editing = state.top().is_some_and(|top| top.screen.editing());
    match state.notices.current() {
        Some(notice) if !editing => {
            let (sign, token) = match notice.tone {
                Tone::Good => ("✓ ", Token::Good),
                Tone::Look => ("▲ ", Token::Look),
                Tone::Bad => ("✗ ", Token::Act),
            };
            let room = pen.room();
            pen.own(sign, token).shown(&Shown::of(&notice.text), token, room);
        }
        _ => {
            if let Some(top) = state.top() {
                top.screen.status(look, &mut pen);
            }
        }
    }
}

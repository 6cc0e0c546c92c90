//! The whole frame: header, breadcrumbs, the visible screen, the keys that work here, the status line; help and the
//! panel about a lost connection on top. Reads the state, never writes it.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use crate::core::action::{Action, COMMANDS, Scope};
use crate::core::cluster::{Cluster, Trouble};
use crate::core::context::Context;
use crate::core::key::Key;
use crate::core::line::Line;
use crate::core::notices::Tone;
use crate::overlays::{help, offline, palette};
use crate::screens::{self, Look};
use crate::state::State;
use crate::text::{self, Shown, units};
use crate::ui::{self, Pen, Token};

/// From so many days before its end on a certificate is told of.
const ENDING: i64 = 30;
/// The least that can show anything.
const LEAST: (u16, u16) = (40, 10);

/// Columns and rows of a screen's own area: the frame less header, breadcrumbs, keys and status, and the warning about a
/// cluster that is not the expected one.
pub fn body_size(size: (u16, u16), cluster: &Cluster) -> (u16, u16) {
    (size.0, size.1.saturating_sub(4 + u16::from(cluster.stranger().is_some())))
}

/// The first row of a screen's own area.
pub fn body_top(cluster: &Cluster) -> u16 {
    2 + u16::from(cluster.stranger().is_some())
}

/// Draws the state into all of `buf`.
pub fn draw(state: &State, buf: &mut Buffer) {
    let area = buf.area;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(state, buf, area);
        return;
    }
    let row = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    let look = Look { theme: &state.theme, now: state.now, cluster: &state.cluster, settings: &state.settings };
    header(state, &look, buf, row(0));
    crumbs(state, buf, row(1));
    let mut body = Rect { y: area.y + 2, height: area.height - 4, ..area };
    if let Some(stranger) = state.cluster.stranger() {
        let mut pen = Pen::new(buf, &state.theme, body, 0);
        let room = pen.gap(1).own("▲ ", Token::Act).room();
        pen.shown_bold(&Shown::of(&stranger.words(room)), Token::Act, room);
        body = Rect { y: body.y + 1, height: body.height - 1, ..body };
    }
    let trouble = panel(state);
    let body = trouble.map_or(body, |trouble| offline::draw(&look, trouble, buf, body));
    // Before the first answer there is nothing to keep below the panel.
    let panel_alone = trouble.is_some() && state.cluster.view.get().is_none();
    if let (Some(top), false) = (state.top(), panel_alone) {
        top.screen.draw(&look, buf, body);
    }
    keys(state, buf, Rect { height: area.height - 1, ..area });
    status(state, &look, buf, row(area.height - 1));
    if let Some(palette) = &state.palette {
        palette::draw(palette, &look, buf, Rect { y: area.y + 2, height: area.height - 3, ..area });
    }
    if let Some(help) = &state.help {
        help::draw(help, &look, buf, Rect { y: area.y + 2, height: area.height - 3, ..area });
    }
}

/// What the panel about a lost connection is to say, while it is on the screen.
pub fn panel(state: &State) -> Option<&Trouble> {
    let hidden = state.panel_hidden || state.top().is_some_and(|top| !top.screen.needs_cluster());
    state.cluster.trouble.as_ref().filter(|_| !hidden)
}

fn too_small(state: &State, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, &state.theme, area, 0);
    pen.own("kscope", Token::Accent).own(" needs 40×10", Token::Dim);
    Pen::new(buf, &state.theme, area, 1).own("q quits", Token::Dim);
}

/// Line 1: name, cluster and mode at the left; state, round trip and the time of the last answer at the right.
fn header(state: &State, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let cluster = &state.cluster;
    let mut right: Vec<(String, Token)> = Vec::new();
    let at = cluster.view.value.as_ref().map(|fresh| look.clock(fresh.at));
    match (&cluster.trouble, &at) {
        (Some(trouble), at) => {
            right.push((format!("▲ OFFLINE since {}", look.clock(trouble.since)), Token::Act));
            if let Some(at) = at {
                right.push((format!("data of {at}"), Token::Look));
            }
        }
        (None, Some(at)) => {
            right.push(("●".to_owned(), Token::Good));
            let trip = cluster.round_trip.filter(|_| area.width >= 60);
            let trip = trip.map(|trip| format!("rtt {} ms · ", trip.as_millis().max(1))).unwrap_or_default();
            right.push((format!("{trip}as of"), Token::Dim));
            right.push((at.clone(), Token::Text));
        }
        (None, None) if cluster.is_nowhere() => {}
        (None, None) => right.push(("○ connecting".to_owned(), Token::Look)),
    }
    let width_of = |right: &[(String, Token)]| right.iter().map(|(text, _)| text::width(text) + 1).sum::<usize>() + 1;
    let mut pen = Pen::new(buf, &state.theme, area, 0);
    pen.ground(state.theme.bar()).gap(1).bold("kscope", Token::Accent).gap(2);
    let modes = modes(state);
    let taken: usize = modes.iter().map(|(word, _)| text::width(word) + 2).sum();
    let name = match &cluster.context.name {
        None if cluster.is_nowhere() => Shown::of("no cluster"),
        name => Shown::of(name.as_deref().unwrap_or(&cluster.bootstrap)),
    };
    // Where there is no room for all, the name matters more than the time, of which a half would be a wrong one.
    if pen.column() + name.width().min(40) + taken + width_of(&right) > usize::from(area.width) {
        right.truncate(1);
    }
    let width = width_of(&right);
    let room = usize::from(area.width).saturating_sub(width + pen.column() + taken).clamp(8, 40);
    pen.shown_bold(&name, name_token(&cluster.context), room);
    for (word, token) in modes {
        pen.gap(2).own(word, token);
    }
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

/// What one must know before pressing a key: a cluster to be careful with, and whether it can be changed.
fn modes(state: &State) -> Vec<(String, Token)> {
    let cluster = &state.cluster;
    if cluster.is_nowhere() {
        return Vec::new();
    }
    // A change that waits for its moment is not to be forgotten on another screen.
    let armed = state.stack.iter().any(|opened| opened.screen.armed().is_some()).then_some(("▲ARMED", Token::Act));
    let guarded = cluster.context.rules.is_guarded().then_some(("▲PROD", Token::Act));
    let mode = match cluster.read_only() {
        Some(_) => ("READ-ONLY", Token::Look),
        None => ("WRITE", Token::Act),
    };
    let unchecked = cluster.context.unchecked.map(|words| (words, Token::Act));
    let words = guarded.into_iter().chain([mode]).chain(unchecked).chain(armed);
    words.map(|(word, token)| (word.to_owned(), token)).chain(throttled(state)).chain(ending(state)).collect()
}

/// That figures come late because a quota is used up.
fn throttled(state: &State) -> Option<(String, Token)> {
    let throttle = state.cluster.load.throttle(state.now)?;
    let time = units::duration(Duration::from_millis(throttle.ms));
    let by = throttle.broker.map(|id| format!(" BY BROKER {}", id.0)).unwrap_or_default();
    Some((format!("▲THROTTLED {time}{by}"), Token::Look))
}

/// That a certificate ends soon which the connections rest on: without a new one nobody comes in any more.
fn ending(state: &State) -> Option<(String, Token)> {
    let certificate = state.cluster.view.get()?.certificate.as_ref()?;
    let whose = if certificate.of.is_some() { "BROKER" } else { "OUR" };
    Some(match certificate.days_left(state.now) {
        ..0 => (format!("▲{whose} CERTIFICATE IS OVER"), Token::Act),
        0 => (format!("▲{whose} CERTIFICATE ENDS TODAY"), Token::Act),
        days @ ..=ENDING => (format!("▲{whose} CERTIFICATE: {days} d"), Token::Look),
        _ => return None,
    })
}

/// The colour of the context's name: its own, else red where one must be careful.
fn name_token(context: &Context) -> Token {
    match context.hue {
        Some(hue) => screens::token(hue),
        None if context.rules.is_guarded() => Token::Act,
        None => Token::Title,
    }
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

/// The keys that do something here and now, in the last row of `area`. A started chord takes as many rows above it as it
/// needs: a key that is not shown is not there.
fn keys(state: &State, buf: &mut Buffer, area: Rect) {
    let Some(top) = state.top() else { return };
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    let scopes = top.screen.scopes();
    if !state.typed.is_empty() {
        chord(state, &scopes, buf, area);
    } else if top.screen.editing() && !top.screen.form() {
        ui::keys_line(buf, &state.theme, last, &editing(top.screen.line()));
    } else if top.screen.editing() {
        ui::keys_line(buf, &state.theme, last, &of_form(state, usize::from(area.width)));
    } else {
        ui::keys_line(buf, &state.theme, last, &listed(state, &scopes, usize::from(area.width)));
    }
}

/// The keys of a text being typed.
fn editing(line: Option<&Line>) -> Vec<ui::Bound<'static>> {
    let has_past = line.is_some_and(Line::has_past);
    let pairs: &[(&str, &str)] = match line.and_then(Line::search) {
        Some(_) => &[("enter", "apply"), ("ctrl-r", "older"), ("→", "edit it"), ("esc", "as it was")],
        None if has_past => &[("enter", "apply"), ("esc", "leave"), ("↑", "earlier ones"), ("ctrl-r", "search them"), ("ctrl-u", "empty")],
        None => &[("enter", "apply"), ("esc", "leave"), ("ctrl-u", "empty")],
    };
    pairs.iter().map(|&(key, word)| (key.to_owned(), word)).collect()
}

/// The keys of a form: its commands, and what a letter does not do there.
fn of_form(state: &State, columns: usize) -> Vec<ui::Bound<'static>> {
    let Some(top) = state.top() else { return Vec::new() };
    let scopes = top.screen.scopes();
    let rows = COMMANDS.iter().filter(|row| scopes.contains(&row.scope) && !row.short.is_empty() && top.screen.allows(row.action).is_ok());
    let mut pairs: Vec<ui::Bound<'static>> =
        rows.filter_map(|row| Some((state.keymap.keys_of(row.action).first()?.clone(), row.short))).collect();
    let always = [("esc".to_owned(), "back"), ("f1".to_owned(), "help")];
    while !pairs.is_empty() && ui::keys_width(&pairs) + ui::keys_width(&always) + 3 > columns {
        pairs.pop();
    }
    pairs.extend(always);
    pairs
}

/// What the key line shows. Where there is no room for all, the last ones go first, and help stays.
fn listed(state: &State, scopes: &[Scope], columns: usize) -> Vec<ui::Bound<'static>> {
    let Some(top) = state.top() else { return Vec::new() };
    let shown = |scope: Scope| COMMANDS.iter().filter(move |row| row.scope == scope && !row.short.is_empty());
    let rows = scopes.iter().chain([&Scope::Always]).flat_map(|&scope| shown(scope));
    let (mut pairs, mut help) = (Vec::new(), None);
    for row in rows.filter(|row| top.screen.allows(row.action).is_ok()) {
        let Some(keys) = state.keymap.keys_of(row.action).into_iter().next() else { continue };
        if row.action == Action::Help {
            help = Some(pairs.len());
        }
        // Of a chord, its first key: what may follow is shown once it is pressed.
        let first = Key::sequence(&keys).ok().filter(|keys| keys.len() > 1).and_then(|keys| keys.first().map(Key::to_string));
        pairs.push((first.unwrap_or(keys), row.short));
    }
    // The last pair needs no blanks behind it.
    while ui::keys_width(&pairs) > columns + 3 && pairs.len() > 1 {
        match help {
            Some(at) if at + 1 == pairs.len() => {
                pairs.remove(at - 1);
                help = Some(at - 1);
            }
            _ => drop(pairs.pop()),
        }
    }
    pairs
}

/// What may follow the keys typed so far.
fn chord(state: &State, scopes: &[Scope], buf: &mut Buffer, area: Rect) {
    let next = state.keymap.next(scopes, &state.typed);
    let mut lines: Vec<Vec<ui::Bound<'static>>> = vec![Vec::new()];
    for (key, action) in &next {
        let pair = (key.to_string(), action.command().doc);
        let full = lines.last().is_none_or(|line| {
            let with: Vec<_> = line.iter().chain([&pair]).cloned().collect();
            !line.is_empty() && ui::keys_width(&with) > usize::from(area.width) + 3
        });
        if full {
            lines.push(Vec::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(pair);
        }
    }
    let height = u16::try_from(lines.len() + 1).unwrap_or(u16::MAX).min(area.height.saturating_sub(2));
    let strip = Rect { y: area.bottom().saturating_sub(height), height, ..area };
    Clear.render(strip, buf);
    let typed = (Key::print_sequence(&state.typed), Token::Title);
    let leave = ("esc leaves".to_owned(), Token::Dim);
    ui::title_rule(&mut Pen::new(buf, &state.theme, strip, 0), true, "Keys", &[typed], &[leave]);
    for (y, line) in (1..height).zip(&lines) {
        ui::keys_line(buf, &state.theme, Rect { y: strip.y + y, height: 1, ..strip }, line);
    }
}

fn status(state: &State, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, &state.theme, area, 0);
    pen.ground(state.theme.bar()).gap(1);
    let editing = state.top().is_some_and(|top| top.screen.editing());
    let form = state.top().is_some_and(|top| top.screen.form());
    match state.notices.current() {
        Some(notice) if !editing || form => {
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

//! How the overview is drawn: four figures above, problems beside brokers, changes below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::problems::{self, About};
use super::summary::Summary;
use super::{Overview, Pane};
use crate::core::cluster::Cluster;
use crate::core::figures;
use crate::core::timeline::{Change, What};
use crate::model::{BrokerId, ClusterView};
use crate::screens::{Look, PARTIAL, Route, tone_token};
use crate::text::{Shown, units};
use crate::ui::{self, Pen, Token};

/// Rows of the figures: a line, and three below it.
const FIGURES: u16 = 4;
/// Columns from which on brokers stand beside the problems.
const WIDE: u16 = 110;
/// Columns of the brokers then, and of what stands there.
const BROKERS: u16 = 53;
const ADDRESS: usize = 20;
const COUNT: usize = 7;
const DISK: usize = 5;
const TRIP: usize = 6;

/// Where the panes lie; one that is not shown has no height.
#[derive(Debug, Default)]
pub(super) struct Places {
    figures: Rect,
    problems: Rect,
    brokers: Rect,
    changes: Rect,
}

impl Places {
    pub(super) fn of(screen: &Overview, area: Rect) -> Self {
        if screen.full {
            let mut places = Self::default();
            *places.pane_mut(screen.focus) = area;
            return places;
        }
        let figures = Rect { height: FIGURES.min(area.height), ..area };
        let rest = Rect { y: area.y + figures.height, height: area.height - figures.height, ..area };
        let below = (rest.height / 3).clamp(3, 12).min(rest.height);
        let above = Rect { height: rest.height - below, ..rest };
        let below = Rect { y: rest.y + above.height, height: below, ..rest };
        if area.width >= WIDE {
            let (problems, brokers) = ui::split_right(above, BROKERS);
            return Self { figures, problems, brokers, changes: below };
        }
        // Where there is no room for both, brokers take the place of the changes while they have the focus.
        let (brokers, changes) = if screen.focus == Pane::Brokers { (below, Rect::default()) } else { (Rect::default(), below) };
        Self { figures, problems: above, brokers, changes }
    }

    fn pane_mut(&mut self, pane: Pane) -> &mut Rect {
        match pane {
            Pane::Problems => &mut self.problems,
            Pane::Brokers => &mut self.brokers,
            Pane::Changes => &mut self.changes,
        }
    }

    pub(super) fn pane(&self, pane: Pane) -> Rect {
        match pane {
            Pane::Problems => self.problems,
            Pane::Brokers => self.brokers,
            Pane::Changes => self.changes,
        }
    }
}

pub(super) fn draw(screen: &Overview, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let Some(view) = look.cluster.view.get() else {
        if look.cluster.trouble.is_none() {
            Pen::new(buf, look.theme, area, 1).gap(2).own("Connecting … the overview appears with the first answer.", Token::Dim);
        }
        return;
    };
    let places = Places::of(screen, area);
    if places.figures.height > 0 {
        tiles(&screen.summary, look, buf, places.figures);
    }
    if places.problems.height > 0 {
        problems(screen, look, buf, places.problems);
    }
    if places.brokers.height > 0 {
        brokers(screen, view, look, buf, places.brokers);
    }
    if places.changes.height > 0 {
        changes(screen, look, buf, places.changes);
    }
}

fn tiles(summary: &Summary, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let width = area.width / 4;
    for (n, tile) in (0_u16..).zip(summary.tiles()) {
        let last = n == 3;
        let x = area.x + width * n;
        let place = Rect { x, width: if last { area.right() - x } else { width.saturating_sub(1) }, ..area };
        ui::title_rule(&mut Pen::new(buf, look.theme, place, 0), false, tile.title, &[], &[]);
        Pen::new(buf, look.theme, place, 1).gap(2).bold(tile.number.0, tile.number.1);
        for (y, (text, token)) in (2..place.height).zip(tile.lines) {
            let mut pen = Pen::new(buf, look.theme, place, y);
            let room = pen.gap(2).room();
            // Of a line of columns the newest stay.
            let skip = if token == Token::Data { text.chars().count().saturating_sub(room) } else { 0 };
            let text: String = text.chars().skip(skip).collect();
            pen.shown(&Shown::of(&text), token, room);
        }
    }
}

fn problems(screen: &Overview, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let facts = [(units::thousands(units::wide(screen.problems.len())), if screen.problems.is_empty() { Token::Dim } else { Token::Act })];
    let state: Vec<(String, Token)> = match (&look.cluster.trouble, &look.cluster.view.value) {
        (Some(_), Some(fresh)) => vec![(format!("as of {}", look.clock(fresh.at)), Token::Dim), ("STALE".to_owned(), Token::Look)],
        _ => Vec::new(),
    };
    let focused = screen.focus == Pane::Problems;
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), focused, "Problems", &facts, &state);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if screen.problems.is_empty() {
        let words =
            if look.cluster.groups.listed_at().is_some() { "✓ None is seen." } else { "None is seen; groups are being asked for." };
        Pen::new(buf, look.theme, rows, 0).gap(2).own(words, Token::Good);
        return;
    }
    let longest = screen.problems.iter().map(|problem| problem.about.name().chars().count()).max().unwrap_or(0);
    let name = longest.clamp(12, usize::from(area.width) * 2 / 5);
    let height = usize::from(rows.height);
    let mut cursor = screen.cursor;
    cursor.fit(screen.problems.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(screen.problems.len(), height)) {
        let Some(problem) = screen.problems.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        let selected = at == cursor.at;
        if selected {
            pen.ground(look.theme.raised()).own("▌", if focused { Token::Accent } else { Token::Faint });
        }
        let token = tone_token(problem.tone);
        let kind = match problem.about {
            About::Group(_) => "group",
            About::Topic(_) => "topic",
            About::Broker(_) => "",
        };
        pen.to(2).own(if token == Token::Act { "▲" } else { "●" }, token).gap(1).left(kind, 6, Token::Dim);
        let text = problem.about.name();
        if selected {
            pen.shown_bold(&Shown::of(&text), Token::Title, name);
        } else {
            pen.shown(&Shown::of(&text), Token::Text, name);
        }
        pen.to(10 + name).gap(2);
        let room = pen.room();
        pen.shown(&Shown::of(&problem.text), token, room);
    }
}

fn brokers(screen: &Overview, view: &ClusterView, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let focused = screen.focus == Pane::Brokers;
    let facts = [(units::thousands(units::wide(view.brokers.len())), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), focused, "Brokers", &facts, &[("* controller".to_owned(), Token::Dim)]);
    let mut pen = Pen::new(buf, look.theme, area, 1);
    pen.gap(1).right("ID", 5, Token::Dim).gap(2).left("ADDRESS", ADDRESS, Token::Dim);
    for (title, width) in [("LEADS", COUNT), ("HOLDS", COUNT), ("DISK", DISK), ("RTT", TRIP)] {
        pen.right(title, width, Token::Dim);
    }
    let rows = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let height = usize::from(rows.height);
    let mut cursor = screen.brokers;
    cursor.fit(view.brokers.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(view.brokers.len(), height)) {
        let Some(broker) = view.brokers.get(at) else { continue };
        let (leads, holds) = screen.summary.load_of(broker.id);
        let mut pen = Pen::new(buf, look.theme, rows, y);
        if at == cursor.at && focused {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        let star = if view.controller == Some(broker.id) { "*" } else { " " };
        let rack = broker.rack.as_ref().map(|rack| format!(" {}", Shown::of(rack.raw()))).unwrap_or_default();
        let address = format!("{}:{}{rack}", Shown::of(broker.host.raw()), broker.port);
        pen.to(1).right(broker.id.0.to_string(), 4, Token::Text).own(star, Token::Accent).gap(2);
        pen.shown(&Shown::of(&address), Token::Text, ADDRESS).to(8 + ADDRESS);
        pen.right(units::short(units::wide(leads)), COUNT, Token::Text).right(units::short(units::wide(holds)), COUNT, Token::Text);
        let (disk, token) = disk(look.cluster, broker.id);
        pen.right(disk, DISK, token);
        let slow = look.cluster.brokers.slow(broker.id).is_some();
        match look.cluster.brokers.round_trip(broker.id) {
            Some((_, took)) => pen.right(format!("{}ms", took.as_millis().max(1)), TRIP, if slow { Token::Look } else { Token::Text }),
            None => pen.right("…", TRIP, Token::Faint),
        };
    }
}

/// How full a broker's fullest disk is.
fn disk(cluster: &Cluster, broker: BrokerId) -> (String, Token) {
    let Some((_, volume)) = cluster.brokers.fullest(broker) else { return ("–".to_owned(), Token::Dim) };
    match volume.per_cent() {
        Some(full) if full >= problems::OVERFULL => (format!("{full}%"), Token::Act),
        Some(full) if full >= problems::FULL => (format!("{full}%"), Token::Look),
        Some(full) => (format!("{full}%"), Token::Text),
        None => ("?".to_owned(), Token::Look),
    }
}

/// The selected broker in words.
fn broker_status(screen: &Overview, look: &Look<'_>, pen: &mut Pen<'_>) {
    let Some(broker) = look.cluster.view.get().and_then(|view| view.brokers.get(screen.brokers.at)) else { return };
    let disk = match look.cluster.brokers.fullest(broker.id) {
        Some((at, volume)) => {
            let (free, all) = (units::size(volume.usable), units::size(volume.total));
            format!("{}: {free} free of {all}, as of {}", Shown::of(volume.folder.raw()), look.clock(at))
        }
        None => "disks are told from Kafka 3.3 on, to who may describe the cluster".to_owned(),
    };
    let trip = look.cluster.brokers.round_trip(broker.id);
    let trip = trip.map_or_else(String::new, |(at, took)| format!(" · answered in {} ms at {}", took.as_millis().max(1), look.clock(at)));
    let words = format!("broker {} · {disk}{trip}", broker.id.0);
    let room = pen.room();
    pen.shown(&Shown::of(&words), Token::Dim, room);
}

fn changes(screen: &Overview, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let timeline = &look.cluster.timeline;
    let focused = screen.focus == Pane::Changes;
    let facts: Vec<(String, Token)> =
        timeline.since().map(|since| (format!("seen since {}", look.clock(since)), Token::Dim)).into_iter().collect();
    let state = [(units::thousands(units::wide(timeline.len())), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), focused, "Changes", &facts, &state);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if timeline.is_empty() {
        Pen::new(buf, look.theme, rows, 0).gap(2).own("Nothing has changed since.", Token::Dim);
    }
    let height = usize::from(rows.height);
    let mut cursor = screen.changes;
    cursor.fit(timeline.len(), height);
    let window = cursor.window(timeline.len(), height);
    for (y, (at, change)) in (0..rows.height).zip(timeline.newest().enumerate().skip(window.start)) {
        let said = change.what.said();
        let mut pen = Pen::new(buf, look.theme, rows, y);
        if at == cursor.at && focused {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(2).own(look.clock(change.at), Token::Dim).gap(2).own("● ", tone_token(said.tone));
        let room = pen.room();
        pen.shown(&Shown::of(&said.about), Token::Text, room / 2).gap(2);
        let room = pen.room();
        pen.shown(&Shown::of(&said.text), Token::Dim, room);
    }
}

/// The place that a change is about.
pub(super) fn leads_to(change: &Change, cluster: &Cluster) -> Option<Route> {
    let topic = |name| figures::find(cluster.view.get()?, name).map(|topic| Route::Topic(std::sync::Arc::clone(topic)));
    match &change.what {
        What::Group(change) => cluster.groups.of(&change.group).map(|row| super::to_group(row.id())),
        What::Leader { topic: name, .. }
        | What::TopicNew { topic: name, .. }
        | What::TopicAnew(name)
        | What::Partitions { topic: name, .. } => topic(name),
        What::Leaders(_) | What::TopicGone(_) | What::BrokerNew(_) | What::BrokerGone(_) | What::Done(_) => None,
    }
}

pub(super) fn status(screen: &Overview, look: &Look<'_>, pen: &mut Pen<'_>) {
    if screen.focus == Pane::Brokers {
        return broker_status(screen, look, pen);
    }
    if let Some(row) = screen.group().and_then(|id| look.cluster.groups.of(id)) {
        let members = row.members().map_or_else(|| "members not known yet".to_owned(), |n| units::counted(units::wide(n), "member"));
        let words = format!("{} · {} · {members} · enter opens it", row.state().word(), row.listing.kind.word());
        let room = pen.room();
        pen.shown(&Shown::of(&words), Token::Dim, room);
        return;
    }
    let load = look.cluster.load.requests_per_second().map(|rate| format!(" · {rate:.1} requests/s of ours")).unwrap_or_default();
    if look.cluster.is_partial() {
        pen.own(format!("{PARTIAL} is listed and counted"), Token::Look).gap(3);
    }
    pen.own(format!("t topics · g g groups · all of it comes from the Kafka protocol{load}"), Token::Dim);
}

//! Where the panes of the message screen lie, and the lines around them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::history::Kind;
use crate::core::stream::Isolation;
use crate::screens::Look;
use crate::text::{Shown, units};
use crate::ui::{self, Pane, Pen, Token};

use super::older::{Search, Stopped};
use super::{Focus, Layout, Messages, list, record};

/// The record pane takes so many columns when there is room for it beside the value.
const RECORD: u16 = 46;
/// Beside each other only when the value keeps so many columns.
const VALUE_LEAST: u16 = 40;

/// Smaller than this, only the pane that has the focus is drawn.
const ONE_PANE: (u16, u16) = (60, 11);

/// The facts go below a value on the full screen when there are so many rows.
const FACTS_LEAST: u16 = 15;
/// The facts below a value take so many rows at least, their title included, when they have them.
const FACTS_ROWS: u16 = 8;

/// The panes that are seen, each with its title line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Areas {
    pub(super) bar: Rect,
    pub(super) list: Option<Rect>,
    pub(super) value: Option<Rect>,
    pub(super) record: Option<Rect>,
}

/// Update and drawing both ask here, so that they agree on every height.
pub(super) fn areas(screen: &Messages, area: Rect) -> Areas {
    let bar = Rect { height: area.height.min(1), ..area };
    let rest = Rect { y: area.y + bar.height, height: area.height - bar.height, ..area };
    let mut areas = Areas { bar, ..Areas::default() };
    let one_pane = area.width < ONE_PANE.0 || area.height < ONE_PANE.1;
    if screen.full_screen || one_pane {
        match screen.focus {
            Focus::List => areas.list = Some(rest),
            Focus::Value | Focus::Record => {
                // Where the record has no place beside the value, this is where its facts can be read.
                let wanted = u16::try_from(record::lines(screen)).unwrap_or(u16::MAX).saturating_add(1);
                let facts = match screen.focus {
                    Focus::Record => wanted.clamp(FACTS_ROWS, (rest.height * 2 / 3).max(FACTS_ROWS)).min(rest.height),
                    _ if area.width < VALUE_LEAST + RECORD + 1 && rest.height >= FACTS_LEAST => {
                        wanted.clamp(rest.height / 3, FACTS_ROWS.max(rest.height / 3))
                    }
                    _ => 0,
                };
                areas.value = Some(Rect { height: rest.height - facts, ..rest });
                areas.record = (facts > 0).then_some(Rect { y: rest.y + rest.height - facts, height: facts, ..rest });
            }
        }
        return areas;
    }
    match screen.layout {
        Layout::Off => areas.list = Some(rest),
        Layout::Right if area.width >= 100 => {
            let (left, right) = ui::split_right(rest, area.width / 2);
            areas.list = Some(left);
            let facts = right.height / 3;
            areas.value = Some(Rect { height: right.height - facts, ..right });
            areas.record = Some(Rect { y: right.y + right.height - facts, height: facts, ..right });
        }
        Layout::Below | Layout::Right => {
            let list = (rest.height * 9 / 20).max(4).min(rest.height);
            areas.list = Some(Rect { height: list, ..rest });
            let below = Rect { y: rest.y + list, height: rest.height - list, ..rest };
            if area.width > VALUE_LEAST + RECORD {
                let (left, right) = ui::split_right(below, RECORD);
                areas.value = Some(left);
                areas.record = Some(right);
            } else {
                areas.value = Some(below);
            }
        }
    }
    areas
}

pub(super) fn draw(screen: &Messages, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let areas = areas(screen, area);
    bar(screen, &mut Pen::new(buf, look.theme, areas.bar, 0));
    if let Some(area) = areas.list {
        list::draw(screen, look, buf, area);
    }
    if let Some(area) = areas.value {
        screen.value.draw(look, buf, area, screen.focus == Focus::Value, screen.rows.selected());
    }
    if let Some(area) = areas.record {
        let pane = Pane::of(area);
        let focused = screen.focus == Focus::Record;
        let (facts, state) = record::title(screen, usize::from(pane.body.height));
        ui::title_rule(&mut Pen::new(buf, look.theme, pane.title, 0), focused, "Record", &facts, &state);
        record::draw(screen, look, buf, pane.body);
    }
}

/// The filter, where reading began, and what was found.
fn bar(screen: &Messages, pen: &mut Pen<'_>) {
    pen.gap(1);
    if let Some(line) = &screen.bar.editing {
        pen.prompt("/ ", line);
        return;
    }
    let progress = &screen.reader.progress;
    if screen.bar.text.is_empty() {
        pen.own("/ ", Token::Faint).own("no filter", Token::Dim);
    } else {
        let room = pen.room() / 2;
        pen.own("/ ", Token::Accent).shown(&Shown::of(&screen.bar.text), Token::Title, room);
    }
    if screen.bar.in_force().is_some() {
        let found = if screen.bar.is_looking() { " …" } else { "" };
        let counts = screen.bar.counts;
        pen.gap(3).own("matched ", Token::Dim).bold(units::thousands(counts.matched), Token::Title);
        pen.own(format!(" of {}{found}", units::thousands(counts.scanned)), Token::Dim);
        let broken = counts.broken.saturating_add(progress.broken);
        if broken > 0 {
            pen.own(format!(" · {} not JSON or broken", units::thousands(broken)), Token::Look);
        }
        if let Some(search) = &screen.older.search {
            pen.own(" · ", Token::Dim);
            searched(search, pen);
        }
        if let Some(beyond) = screen.bar.beyond(&screen.reader) {
            pen.own(" · ", Token::Dim).own(beyond, Token::Look);
        }
    }
    pen.gap(3);
    let room = pen.room();
    pen.shown(&Shown::of(&screen.reader.from.words), Token::Dim, room.min(60));
    if let Some(chosen) = &screen.reader.partitions {
        let list: Vec<String> = chosen.iter().map(|p| p.0.to_string()).collect();
        pen.gap(3).own("partitions ", Token::Dim).shown(&Shown::of(&list.join(",")), Token::Look, 30);
    }
    if screen.reader.isolation == Isolation::ReadCommitted {
        pen.gap(3).own("read_committed", Token::Look);
    }
    if screen.rate.per_second >= 1.0 && pen.room() > 24 {
        pen.gap(3).own("reading ", Token::Dim).own(units::rate(screen.rate.per_second), Token::Text);
    }
}

/// How the search of history stands.
fn searched(search: &Search, pen: &mut Pen<'_>) {
    let (read, all) = (units::thousands(search.read), units::thousands(search.all));
    match search.stopped {
        None if search.done => pen.own("history searched", Token::Good),
        None if search.all == 0 => pen.own("searching history …", Token::Look),
        None => pen.own(format!("searching history: {read} of {all} offsets"), Token::Look),
        Some(Stopped::Enough) => pen.own(format!("history: {read} of {all} offsets, k at the top goes on"), Token::Dim),
        Some(Stopped::Bytes) => {
            pen.own(format!("‖ history: {read} of {all} offsets read, enough for one search: k at the top goes on"), Token::Look)
        }
        Some(Stopped::Called) => pen.own(format!("‖ history: called off at {read} of {all} offsets"), Token::Look),
        Some(Stopped::Failed) => pen.own(format!("✗ history: failed at {read} of {all} offsets, k at the top tries again"), Token::Act),
    };
    if search.recalled > 0 {
        pen.own(format!(", {} records from memory", units::thousands(search.recalled)), Token::Dim);
    }
}

/// The last line: a prompt, an error of the filter, or the facts of the buffer.
pub(super) fn status(screen: &Messages, look: &Look<'_>, pen: &mut Pen<'_>) {
    if let Some(prompt) = &screen.prompt {
        let (sign, help) = match prompt.kind {
            Kind::Partitions => ("partitions ", "0,3 or 2-5 · empty for all"),
            Kind::Search => ("search ", "text or /regex/ · n next, N previous"),
            Kind::SaveAs => ("save as ", "a name · with \"for all\" behind it for all topics"),
            Kind::Recall => ("saved query ", "none is saved for this topic: W keeps the one in force"),
            _ => ("go to ", "7@12000 · -500 · 15m · 2026-11-20T12:40Z · earliest · latest"),
        };
        pen.prompt(sign, &prompt.line);
        match &prompt.error {
            Some(error) => pen.gap(3).own("✗ ", Token::Act).shown(&Shown::of(error), Token::Act, usize::MAX),
            None if prompt.names.all().is_empty() => pen.gap(4).own(help, Token::Dim),
            None => {
                let room = pen.room().saturating_sub(10);
                pen.gap(4).own("tab: ", Token::Dim).shown(&Shown::of(&prompt.names.all().join("  ")), Token::Accent, room)
            }
        };
        return;
    }
    if screen.bar.is_editing() && screen.bar.offer.draw(pen) {
        return;
    }
    if let (Some(error), Some(line)) = (&screen.bar.error, screen.bar.editing.as_ref().filter(|line| line.search().is_none())) {
        // The caret stands below the place in the bar: both lines begin with three columns.
        let column = 2 + crate::text::width(line.text().get(..error.at.start).unwrap_or(line.text()));
        if column < pen.room() / 2 {
            pen.gap(column);
        }
        pen.own("^ ", Token::Act);
        // What to write instead matters more than what is wrong, where there is no room for both.
        let (message, hint) = (Shown::of(&error.message), error.hint.as_deref().map(Shown::of));
        match hint {
            Some(hint) if message.width() + hint.width() + 3 > pen.room() => pen.shown(&hint, Token::Act, usize::MAX),
            Some(hint) => pen.shown(&message, Token::Act, usize::MAX).own(" · ", Token::Dim).shown(&hint, Token::Text, usize::MAX),
            None => pen.shown(&message, Token::Act, usize::MAX),
        };
        return;
    }
    if screen.bar.is_editing() {
        pen.own("tab completes   ctrl-s saves", Token::Dim);
        if screen.bar.offer.has_saved() {
            pen.own("   @ tab saved ones", Token::Dim);
        }
        pen.own("   .status == FAILED and .amount > 100   key == \"x\"   /regex/   | count by .page   | select .a", Token::Dim);
        return;
    }
    facts(screen, look, pen);
}

fn facts(screen: &Messages, look: &Look<'_>, pen: &mut Pen<'_>) {
    // What is wrong comes first: it must not be what is cut off.
    let reader = &screen.reader;
    if let Some(failure) = &reader.failure {
        pen.own("✗ ", Token::Act).shown(&Shown::of(&failure.sentence()), Token::Act, usize::MAX).own(" · ", Token::Dim);
    }
    let troubles: Vec<_> = reader.progress.partitions.iter().filter_map(|p| p.trouble.as_ref().map(|t| (p.id, t))).collect();
    if let Some((id, trouble)) = troubles.first() {
        let more = if troubles.len() > 1 { format!(" and {} more", troubles.len() - 1) } else { String::new() };
        pen.own("▲ ", Token::Look).shown(&Shown::of(&format!("partition {}{more}: {trouble}", reader.named(*id))), Token::Look, usize::MAX);
        pen.own(" · ", Token::Dim);
    }
    if reader.full {
        pen.own("‖ buffer full: s follows and lets old ones go, C clears", Token::Look).own(" · ", Token::Dim);
    }
    let limits = screen.store.limits();
    let records = |n: usize| units::thousands(n as u64);
    let bytes = |n: usize| units::size(n as u64);
    let (held, most) = (records(screen.store.len()), records(limits.records));
    let text = format!("buffer {held}/{most} · {} of {}", bytes(screen.store.bytes()), bytes(limits.bytes));
    pen.own(text, Token::Dim);
    let evicted = screen.store.evicted().saturating_sub(screen.reader.evicted_before);
    if evicted > 0 {
        pen.own(format!(" · {} evicted", units::thousands(evicted)), Token::Dim);
    }
    pen.own(format!(" · {} not shown", units::thousands(screen.not_shown)), Token::Dim);
    let markers = reader.progress.markers.saturating_add(screen.older.markers);
    if markers > 0 {
        pen.own(format!(" · {}", units::counted(markers, "marker")), Token::Dim);
    }
    if !screen.rows.marked.is_empty() {
        pen.own(format!(" · {} marked", screen.rows.marked.len()), Token::Look);
    }
    if screen.rate.bytes_per_second >= 1000.0 {
        pen.own(format!(" · fetch {}", units::byte_rate(screen.rate.bytes_per_second)), Token::Dim);
    }
    if screen.reader.progress.throttle_ms > 0 {
        pen.own(format!(" · throttled {} ms", screen.reader.progress.throttle_ms), Token::Look);
    }
    if let Some(group) = screen
        .committed
        .as_ref()
        .filter(|committed| screen.rows.selected().is_some_and(|seq| committed.is(seq)))
        .and_then(|committed| committed.group.as_ref())
    {
        let room = pen.room();
        pen.own(" · next for ", Token::Dim).shown(&Shown::of(group.raw()), Token::Text, room / 3);
    }
    let hears = reader.is_running() && !reader.is_held() && troubles.is_empty() && look.cluster.trouble.is_none();
    match reader.behind() {
        Some(0) if hears => pen.own(" · at the log end", Token::Good),
        Some(0) => pen.own(" · was at the log end", Token::Dim),
        Some(n) => pen.own(format!(" · {} offsets behind the log end", units::thousands(n)), Token::Look),
        None => pen.own(" · log end not known yet", Token::Dim),
    };
}

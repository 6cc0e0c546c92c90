//! The pane of the groups that read the topic: their state, how far they are behind here, how they do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Pane, TopicScreen};
use crate::core::cluster::Cluster;
use crate::core::groups::Row;
use crate::core::lag::{End, Lag, Total};
use crate::core::verdict::words;
use crate::model::{GroupId, Time, TopicName};
use crate::screens::{Look, tone_token};
use crate::text::{Shown, units};
use crate::ui::{self, Pane as Frame, Pen, Token};

const STATE: usize = 12;
const LAG: usize = 9;
const VERDICT: usize = 18;
const BETWEEN: usize = 2;

/// The lag of a group on one topic; `None` where it has commits on none of its partitions.
fn lag(row: &Row, topic: &TopicName) -> Option<Total> {
    let (_, topics) = row.places()?;
    topics.iter().find(|places| places.topic == *topic).map(|places| Total::over([places], End::High))
}

/// The groups that read a topic, those first that are furthest behind on it.
pub(super) fn order(cluster: &Cluster, topic: &TopicName) -> Vec<GroupId> {
    let mut readers: Vec<&Row> = cluster.groups.readers(topic).collect();
    readers.sort_by_cached_key(|row| (std::cmp::Reverse(lag(row, topic).map(|total| total.offsets)), row.id().clone()));
    readers.into_iter().map(|row| row.id().clone()).collect()
}

pub(super) fn draw(screen: &TopicScreen, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let frame = Frame::of(area);
    let focused = screen.focus == Pane::Readers;
    let listed = look.cluster.groups.listed_at().is_some();
    let mut facts = Vec::new();
    if listed {
        facts.push((units::thousands(units::wide(screen.readers.len())), Token::Dim));
    }
    let silent = look.cluster.groups.troubled().count();
    let state = if silent > 0 {
        vec![(format!("▲ {} not telling", units::counted(units::wide(silent), "broker")), Token::Look)]
    } else {
        Vec::new()
    };
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), focused, "3 Groups", &facts, &state);
    if screen.readers.is_empty() {
        let words = if listed { "No group has a commit here, or a member that reads it." } else { "The groups are being asked for …" };
        Pen::new(buf, look.theme, frame.body, 0).gap(2).own(words, Token::Dim);
        return;
    }
    let width = usize::from(area.width);
    let verdicts = width >= 18 + STATE + LAG + VERDICT + 3 * BETWEEN + 3;
    let fixed = STATE + LAG + 2 * BETWEEN + 3 + if verdicts { VERDICT + BETWEEN } else { 0 };
    let longest = screen.readers.iter().map(|id| Shown::of(id.raw()).width()).max().unwrap_or(0);
    let name = longest.max(5).min(width.saturating_sub(fixed));
    let mut pen = Pen::new(buf, look.theme, frame.body, 0);
    pen.gap(2).left("GROUP", name, Token::Dim).gap(BETWEEN).left("STATE", STATE, Token::Dim).right("LAG HERE", LAG + BETWEEN, Token::Dim);
    if verdicts {
        pen.gap(BETWEEN).own("VERDICT", Token::Dim);
    }
    let rows = Rect { y: frame.body.y + 1, height: frame.body.height.saturating_sub(1), ..frame.body };
    let height = usize::from(rows.height);
    let mut cursor = screen.reader;
    cursor.fit(screen.readers.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(screen.readers.len(), height)) {
        let Some(row) = screen.readers.get(at).and_then(|id| look.cluster.groups.of(id)) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        if focused && at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        draw_row(screen, look, row, name, verdicts, &mut pen);
    }
}

fn draw_row(screen: &TopicScreen, look: &Look<'_>, row: &Row, name: usize, verdicts: bool, pen: &mut Pen<'_>) {
    let stale = look.cluster.trouble.is_some();
    let plain = if stale { Token::Dim } else { Token::Text };
    pen.to(2).shown(&Shown::of(row.id().raw()), plain, name);
    pen.to(2 + name).gap(BETWEEN);
    let state = words::state(row.state());
    pen.left(state.cut(STATE).as_str(), STATE, if row.state() == &crate::model::GroupState::Stable { plain } else { Token::Look });
    let (text, token) = match (lag(row, &screen.topic.name), row.places()) {
        (Some(total), _) if total.known > 0 => {
            let more = if total.is_whole() { "" } else { "≥" };
            (format!("{more}{}", units::short(total.offsets)), if total.offsets == 0 { Token::Dim } else { plain })
        }
        (Some(_), Some((_, topics))) => {
            let here = topics.iter().filter(|places| places.topic == screen.topic.name).flat_map(|places| &places.partitions);
            let none = here.clone().all(|(_, place)| matches!(place.lag(End::High), Lag::NoCommit { .. }));
            if none { ("no commit".to_owned(), Token::Dim) } else { ("?".to_owned(), Token::Look) }
        }
        (None, Some(_)) => ("no commit".to_owned(), Token::Dim),
        _ => ("…".to_owned(), Token::Faint),
    };
    pen.right(text, LAG + BETWEEN, token);
    if verdicts {
        let verdict = look.cluster.verdict(row, look.now);
        let token = tone_token(verdict.tone());
        pen.gap(BETWEEN).own(verdict.short(look.now), if stale { Token::Dim } else { token });
    }
}

/// The last line: the selected group in words.
pub(super) fn status(screen: &TopicScreen, look: &Look<'_>, pen: &mut Pen<'_>) {
    let Some(row) = screen.readers.get(screen.reader.at).and_then(|id| look.cluster.groups.of(id)) else { return };
    let room = pen.room();
    pen.shown(&Shown::of(row.id().raw()), Token::Text, room / 2).gap(2);
    let verdict = look.cluster.verdict(row, look.now);
    let clock = |at: Time| look.clock(at);
    let about = words::About { cluster: look.cluster, row, verdict: &verdict, now: look.now, clock: &clock };
    if let Some(first) = about.why().first() {
        let room = pen.room();
        pen.shown(&Shown::of(&first.text), Token::Dim, room);
    }
}

//! Below the list: how the lag of the selected group went, why it does what it does, and what was seen to change.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::Judged;
use crate::core::groups::past::GROUP_COLUMNS;
use crate::core::verdict::Verdict;
use crate::core::verdict::words::{self, About, Said, Tone};
use crate::model::Time;
use crate::screens::{Look, tone_token};
use crate::text::{Shown, units};
use crate::ui::{self, Chart, Pane, Pen, Token};

/// From so many columns on the chart stands beside the words.
const SPLIT: u16 = 100;
/// Rows of the body from which on there are words, a chart, and what changed.
const WORDS: u16 = 18;
const CHART: u16 = 26;

/// Where everything lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) list: Rect,
    pub(super) chart: Option<Rect>,
    pub(super) why: Option<Rect>,
    pub(super) timeline: Option<Rect>,
}

/// By the size alone, so that nothing jumps when data come.
pub(super) fn areas(area: Rect, alone: bool) -> Areas {
    let whole = Areas { list: area, chart: None, why: None, timeline: None };
    if alone || area.height < WORDS {
        return whole;
    }
    if area.height < CHART {
        let rows = 7 + (area.height - WORDS) / 3;
        let (list, why) = cut(area, rows);
        return Areas { list, why: Some(why), ..whole };
    }
    let changes = 5 + (area.height - CHART) / 8;
    let middle = 10 + (area.height - CHART) / 6;
    let (rest, timeline) = cut(area, changes);
    let (list, middle) = cut(rest, middle);
    if area.width < SPLIT {
        return Areas { list, chart: None, why: Some(middle), timeline: Some(timeline) };
    }
    let (chart, why) = ui::split_right(middle, (area.width * 2 / 5).clamp(46, 72));
    Areas { list, chart: Some(chart), why: Some(why), timeline: Some(timeline) }
}

/// The last `rows` of an area, and what is above them.
fn cut(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let above = Rect { height: area.height - rows, ..area };
    (above, Rect { y: area.y + above.height, height: rows, ..area })
}

pub(super) fn draw(areas: &Areas, look: &Look<'_>, buf: &mut Buffer, judged: &Judged<'_>) {
    if let Some(area) = areas.chart {
        chart(look, buf, area, judged);
    }
    if let Some(area) = areas.why {
        why(look, buf, area, judged);
    }
    if let Some(area) = areas.timeline {
        timeline(look, buf, area);
    }
}

fn chart(look: &Look<'_>, buf: &mut Buffer, area: Rect, judged: &Judged<'_>) {
    let pane = Pane::of(area);
    let name = Shown::of(judged.row.id().raw());
    let title = name.cut(usize::from(area.width) / 2);
    let minutes = judged.row.past.span().as_secs() / 60;
    let facts = [(format!("lag, last {minutes} min"), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, pane.title, 0), false, title.as_str(), &facts, &[]);
    let values = judged.row.past.lag(look.now);
    if judged.verdict == Verdict::NoLag || values.iter().all(Option::is_none) {
        let words = if judged.verdict == Verdict::NoLag {
            "It commits nothing that a line could be drawn of."
        } else if judged.row.total().is_some_and(|total| !total.is_whole()) {
            "No sum is drawn while the lag of a partition is unknown."
        } else {
            "Nothing measured yet."
        };
        Pen::new(buf, look.theme, pane.body, 1).gap(2).own(words, Token::Dim);
        return;
    }
    let span = i64::try_from(judged.row.past.span().as_micros()).unwrap_or(0);
    let at = |part: i64| look.clock(Time(look.now.0 - span + span / 2 * part));
    // To the minute: a column is a quarter of one.
    let moments = [0, 1, 2].map(|part| at(part).rsplit_once(':').map_or_else(String::new, |(minute, _)| minute.to_owned()));
    let tokens = tokens(judged, look.now, span);
    ui::chart(buf, look.theme, pane.body, &Chart { values: &values, tokens: &tokens, moments });
}

/// The colour of each column: that of the verdict from the moment on that it tells of.
fn tokens(judged: &Judged<'_>, now: Time, span: i64) -> [Token; GROUP_COLUMNS] {
    let token = match tone_token(judged.verdict.tone()) {
        token @ (Token::Act | Token::Look | Token::Good) => token,
        _ => Token::Data,
    };
    let since = judged.verdict.since();
    let mut tokens = [token; GROUP_COLUMNS];
    let width = span / i64::try_from(GROUP_COLUMNS).unwrap_or(1);
    for (n, slot) in (1..).zip(&mut tokens) {
        let end = now.0 - span + width * n;
        if since.is_some_and(|since| end < since.0) {
            *slot = Token::Data;
        }
    }
    tokens
}

fn why(look: &Look<'_>, buf: &mut Buffer, area: Rect, judged: &Judged<'_>) {
    let pane = Pane::of(area);
    ui::title_rule(&mut Pen::new(buf, look.theme, pane.title, 0), false, "Why", &[], &[]);
    let clock = |at: Time| look.clock(at);
    let about = About { cluster: look.cluster, row: judged.row, verdict: &judged.verdict, now: look.now, clock: &clock };
    let lines = words::wrapped(&about.why(), usize::from(pane.body.width).saturating_sub(1));
    // The next step is never what is cut off.
    let room = pane.body.height.saturating_sub(1);
    for (y, Said { tone, text }) in (0..room).zip(&lines) {
        let mut pen = Pen::new(buf, look.theme, pane.body, y);
        let columns = pen.gap(1).room();
        if y == 0 && matches!(tone, Tone::Act | Tone::Look) {
            pen.shown_bold(&Shown::of(text), tone_token(*tone), columns);
        } else {
            pen.shown(&Shown::of(text), tone_token(*tone), columns);
        }
    }
    let step = if matches!(judged.verdict, Verdict::Stuck { .. } | Verdict::Rewound { .. }) {
        "opens it; enter again shows that record"
    } else {
        "opens it: partitions and members"
    };
    let y = u16::try_from(lines.len()).unwrap_or(room).min(room);
    Pen::new(buf, look.theme, pane.body, y).gap(1).own("→ enter ", Token::Accent).own(step, Token::Dim);
}

fn timeline(look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let pane = Pane::of(area);
    let timeline = &look.cluster.timeline;
    let facts: Vec<(String, Token)> =
        timeline.since().map(|since| (format!("changes seen since {}", look.clock(since)), Token::Dim)).into_iter().collect();
    let state = if timeline.len() > usize::from(pane.body.height) {
        vec![(format!("{} in all", units::thousands(units::wide(timeline.len()))), Token::Dim)]
    } else {
        Vec::new()
    };
    ui::title_rule(&mut Pen::new(buf, look.theme, pane.title, 0), false, "Timeline", &facts, &state);
    if timeline.is_empty() {
        Pen::new(buf, look.theme, pane.body, 0).gap(2).own("Nothing has changed.", Token::Dim);
    }
    for (y, change) in (0..pane.body.height).zip(timeline.newest()) {
        let said = change.what.said();
        let mut pen = Pen::new(buf, look.theme, pane.body, y);
        pen.gap(2).own(look.clock(change.at), Token::Dim).gap(2).own("● ", tone_token(said.tone));
        let room = pen.room();
        pen.shown(&Shown::of(&said.about), Token::Text, room / 2).gap(2);
        let room = pen.room();
        pen.shown(&Shown::of(&said.text), Token::Dim, room);
    }
}

//! The panel about a cluster that does not answer: the cause by broker, what to try, when the next attempt is. What was
//! read before stays below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::cluster::Trouble;
use crate::model::{Attempt, Cause, Foreign, Step};
use crate::screens::Look;
use crate::text::{self, Shown};
use crate::ui::{self, Pen, Token};

/// Rows from which on the panel may take its ease above a screen that has data.
const ROOMY: u16 = 28;
/// Columns of the step; the broker's column is as wide as its widest address, within reason.
const STEP: usize = 13;

/// Draws the panel at the top of `area`; gives back what is left for the screen.
pub fn draw(look: &Look<'_>, trouble: &Trouble, buf: &mut Buffer, area: Rect) -> Rect {
    let has_data = look.cluster.view.get().is_some();
    let width = usize::from(area.width);
    let lead = wrapped(&lead(look, trouble), width.saturating_sub(2));
    let rows = rows(&trouble.failure.attempts, width);
    let hint = trouble.failure.hint.as_ref().map(Foreign::raw).or_else(|| likely(&trouble.failure.attempts));
    let hint = hint.map_or_else(Vec::new, |hint| wrapped(&format!("Likely: {hint}"), width.saturating_sub(2)));
    // On a small screen with data the panel goes without blank lines and the table's head: what was read matters more.
    let tight = has_data && area.height < ROOMY;
    let blank = usize::from(!tight);
    // Title, lead, a blank, head and rows, a blank, hint, the retry, a blank.
    let (fixed, table) = (2 + blank + lead.len() + hint.len(), if rows.is_empty() { 0 } else { rows.len() + 3 * blank });
    let most = match (has_data, tight) {
        (false, _) => usize::from(area.height),
        (true, true) => (usize::from(area.height) / 3).max(5),
        (true, false) => usize::from(area.height) / 2,
    };
    let height = u16::try_from((fixed + table).min(most)).unwrap_or(area.height).min(area.height);
    let panel = Rect { height, ..area };
    let state = [(format!("attempt {}", trouble.attempts), Token::Look)];
    let title = if has_data { "Connection lost" } else { "Not connected" };
    ui::title_rule(&mut Pen::new(buf, look.theme, panel, 0), true, title, &[], &state);
    let mut y = 1;
    for line in &lead {
        Pen::new(buf, look.theme, panel, y).gap(1).own(line, Token::Act);
        y += 1;
    }
    if !rows.is_empty() {
        let broker = broker_width(&trouble.failure.attempts, width);
        if !tight {
            let mut pen = Pen::new(buf, look.theme, panel, y + 1);
            pen.gap(2).left("BROKER", broker, Token::Dim).left("STEP", STEP, Token::Dim).own("RESULT", Token::Dim);
            y += 2;
        }
        // The hint and the retry matter more than the last of many addresses.
        let room = usize::from(height).saturating_sub(usize::from(y) + 1 + blank + hint.len()).max(1);
        for row in rows.iter().take(room) {
            row.draw(&mut Pen::new(buf, look.theme, panel, y), broker);
            y += 1;
        }
        y += u16::from(!tight);
    }
    for line in &hint {
        Pen::new(buf, look.theme, panel, y).gap(1).own(line, Token::Text);
        y += 1;
    }
    retry(look, trouble, has_data, &mut Pen::new(buf, look.theme, panel, y));
    Rect { y: area.y + height, height: area.height - height, ..area }
}

fn retry(look: &Look<'_>, trouble: &Trouble, has_data: bool, pen: &mut Pen<'_>) {
    let waits = trouble.failure.waits_for_user();
    pen.gap(1).own(if waits { "It is not tried again by itself" } else { "It is tried again by itself" }, Token::Dim);
    if let Some(next) = look.cluster.wake_at().filter(|_| !waits) {
        pen.own(format!(", next at {}", look.clock(next)), Token::Dim);
    }
    pen.own("; ", Token::Dim).own("ctrl-r", Token::Accent).own(" now", Token::Dim);
    if has_data {
        pen.own(", ", Token::Dim).own("esc", Token::Accent).own(" hides this", Token::Dim);
    }
    let elsewhere = [", ", ":ctx", " other cluster"];
    if look.settings.contexts.len() > 1 && pen.room() >= elsewhere.concat().len() {
        let [comma, command, words] = elsewhere;
        pen.own(comma, Token::Dim).own(command, Token::Accent).own(words, Token::Dim);
    }
}

/// What most often is behind it, when every address failed at the same step.
fn likely(attempts: &[Attempt]) -> Option<&'static str> {
    let step = attempts.first()?.step;
    if attempts.iter().any(|attempt| attempt.step != step) {
        return None;
    }
    match step {
        Step::Dns => Some("the names do not resolve from here: a typing mistake, or a network (VPN) that is not up"),
        Step::Connect => Some("no broker listens there: is it running, is the port right, does a firewall let it through?"),
        _ => None,
    }
}

fn lead(look: &Look<'_>, trouble: &Trouble) -> String {
    let mut lead = match trouble.failure.cause {
        Cause::Unreachable => "Cannot reach the cluster.".to_owned(),
        _ => trouble.failure.sentence(),
    };
    if let Some(fresh) = &look.cluster.view.value {
        if !lead.ends_with('.') {
            lead.push('.');
        }
        lead.push_str(" Last good answer at ");
        lead.push_str(&look.clock(fresh.at));
        lead.push('.');
    }
    lead
}

/// One line of the table: an attempt, or what did not fit of its result.
struct Row<'a> {
    attempt: Option<&'a Attempt>,
    result: String,
}

fn rows<'a>(attempts: &'a [Attempt], width: usize) -> Vec<Row<'a>> {
    let room = width.saturating_sub(2 + broker_width(attempts, width) + STEP + 1);
    let of = |attempt: &'a Attempt| {
        let lines = wrapped(attempt.result.raw(), room);
        lines.into_iter().enumerate().map(move |(n, result)| Row { attempt: (n == 0).then_some(attempt), result })
    };
    attempts.iter().flat_map(of).collect()
}

impl Row<'_> {
    fn draw(&self, pen: &mut Pen<'_>, broker: usize) {
        pen.gap(2);
        if let Some(attempt) = self.attempt {
            let id = id(attempt);
            pen.own(&id, Token::Dim).shown(&Shown::of(attempt.address.raw()), Token::Text, broker.saturating_sub(text::width(&id) + 1));
            pen.to(2 + broker).left(attempt.step.word(), STEP, Token::Look);
        }
        pen.to(2 + broker + STEP).own(&self.result, Token::Text);
    }
}

/// The broker's number; a bootstrap address has none yet.
fn id(attempt: &Attempt) -> String {
    attempt.broker.map_or_else(|| "– ".to_owned(), |id| format!("{} ", id.0))
}

/// As wide as the widest address, at most half of what there is.
fn broker_width(attempts: &[Attempt], width: usize) -> usize {
    let widest = attempts.iter().map(|attempt| text::width(&id(attempt)) + Shown::of(attempt.address.raw()).width() + 2).max();
    widest.unwrap_or(0).clamp(16, (width / 2).max(16))
}

/// The text, safe to draw, in lines of at most so many columns, broken at blanks where that is possible.
fn wrapped(words: &str, columns: usize) -> Vec<String> {
    text::wrapped(Shown::of(words).as_str(), columns, "")
}

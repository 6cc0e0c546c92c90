//! The panel about a cluster that does not answer: the cause by broker, what to try, when the next attempt is. What was
//! read before stays below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::cluster::Trouble;
use crate::model::{Attempt, Cause, Step};
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat};
use crate::ui::{self, Pen, Token};

/// Draws the panel at the top of `area`; gives back what is left for the screen.
pub fn draw(look: &Look<'_>, trouble: &Trouble, buf: &mut Buffer, area: Rect) -> Rect {
    let has_data = look.cluster.view.get().is_some();
    let wanted = 7 + trouble.failure.attempts.len().max(1);
    let most = if has_data { usize::from(area.height) / 2 } else { usize::from(area.height) };
    let height = u16::try_from(wanted.min(most)).unwrap_or(area.height);
    let panel = Rect { height, ..area };
    let state = [(format!("attempt {}", trouble.attempts), Token::Look)];
    let title = if has_data { "Connection lost" } else { "Not connected" };
    ui::title_rule(&mut Pen::new(buf, look.theme, panel, 0), true, title, &[], &state);
    let mut y = 1;
    lead(look, trouble, &mut Pen::new(buf, look.theme, panel, y));
    y += 2;
    if !trouble.failure.attempts.is_empty() {
        let mut pen = Pen::new(buf, look.theme, panel, y);
        pen.gap(2).left("BROKER", 34, Token::Dim).left("STEP", 13, Token::Dim).own("RESULT", Token::Dim);
        y += 1;
    }
    for attempt in trouble.failure.attempts.iter().take(usize::from(height).saturating_sub(6).max(1)) {
        row(attempt, &mut Pen::new(buf, look.theme, panel, y));
        y += 1;
    }
    y += 1;
    if let Some(hint) = trouble.failure.hint.as_ref().map(|hint| hint.raw()).or_else(|| likely(&trouble.failure.attempts)) {
        let mut pen = Pen::new(buf, look.theme, panel, y);
        let room = pen.room();
        pen.gap(1).own("Likely: ", Token::Dim).shown(&Shown::of(hint), Token::Text, room);
        y += 1;
    }
    let mut pen = Pen::new(buf, look.theme, panel, y);
    pen.gap(1).own("It is tried again by itself", Token::Dim);
    if let Some(next) = look.cluster.wake_at() {
        let zone = &look.settings.zone;
        let at = text::time(next.millis(), TimeFormat::Clock, zone, 0);
        pen.own(format!(", next at {}", at.split('.').next().unwrap_or_default()), Token::Dim);
    }
    pen.own("; ", Token::Dim).own("ctrl-r", Token::Accent).own(" now", Token::Dim);
    if has_data {
        pen.own(", ", Token::Dim).own("esc", Token::Accent).own(" hides this", Token::Dim);
    }
    Rect { y: area.y + height, height: area.height - height, ..area }
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

fn lead(look: &Look<'_>, trouble: &Trouble, pen: &mut Pen<'_>) {
    let room = pen.room().saturating_sub(2);
    pen.gap(1);
    match trouble.failure.cause {
        Cause::Unreachable => {
            pen.own("Cannot reach the cluster.", Token::Act);
        }
        _ => {
            pen.shown(&Shown::of(&trouble.failure.sentence()), Token::Act, room);
        }
    }
    if let Some(fresh) = &look.cluster.view.value {
        let zone = &look.settings.zone;
        let at = text::time(fresh.at.millis(), TimeFormat::Clock, zone, 0);
        pen.own(format!(" Last good answer at {}.", at.split('.').next().unwrap_or_default()), Token::Text);
    }
}

fn row(attempt: &Attempt, pen: &mut Pen<'_>) {
    pen.gap(2);
    let id = attempt.broker.map_or_else(|| "bootstrap ".to_owned(), |id| format!("{} ", id.0));
    pen.own(&id, Token::Dim).shown(&Shown::of(attempt.address.raw()), Token::Text, 34_usize.saturating_sub(id.len() + 1));
    pen.to(36).left(attempt.step.word(), 13, Token::Look);
    let room = pen.room();
    pen.shown(&Shown::of(attempt.result.raw()), Token::Text, room);
}

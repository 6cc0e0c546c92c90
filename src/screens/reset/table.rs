//! The table of a change: each partition from before to after.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Reset;
use super::run::Run;
use crate::core::reset::{Note, Outcome, Plan, Row, To};
use crate::model::{Offset, Why};
use crate::screens::Look;
use crate::text::{Shown, units};
use crate::ui::{self, Pen, Token};

/// Columns of the table: title, width.
const PARTITION: usize = 4;
const OFFSET: usize = 14;

pub(super) fn draw(screen: &Reset, plan: &Plan, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let totals = plan.totals();
    let facts = [(
        format!("{} of {}", units::thousands(units::wide(totals.changed)), units::counted(units::wide(totals.partitions), "partition")),
        Token::Dim,
    )];
    let state = match &screen.run {
        None => ("DRY RUN: nothing written".to_owned(), Token::Look),
        Some(run) if run.is_armed() => ("ARMED: nothing written yet".to_owned(), Token::Act),
        Some(run) if run.is_undecided() => ("being written".to_owned(), Token::Act),
        Some(run) if run.is_running() => ("written; it is watched".to_owned(), Token::Dim),
        Some(_) => ("done".to_owned(), Token::Dim),
    };
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), true, "Before → after", &facts, &[state]);
    let wide = area.width >= 110;
    let longest = plan.rows.iter().map(|row| row.topic.raw().len()).max().unwrap_or(5);
    let name = longest.clamp(5, usize::from(area.width) / 4);
    let mut pen = Pen::new(buf, look.theme, area, 1);
    pen.gap(2).left("TOPIC", name, Token::Dim).right("P", PARTITION + 1, Token::Dim);
    pen.right("COMMITTED", OFFSET, Token::Dim).gap(3).right("NEW", OFFSET - 2, Token::Dim).right("CHANGE", OFFSET, Token::Dim);
    if wide {
        pen.right("LOG START", OFFSET, Token::Dim).right("LOG END", OFFSET, Token::Dim);
    }
    pen.gap(2).own(if screen.run.as_ref().is_some_and(|run| run.outcomes().is_some()) { "OUTCOME" } else { "NOTE" }, Token::Dim);
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let height = usize::from(body.height);
    let mut cursor = screen.cursor;
    cursor.fit(plan.rows.len(), height);
    if plan.rows.is_empty() {
        Pen::new(buf, look.theme, body, 0).gap(2).own("The group has no commits in this scope.", Token::Look);
    }
    for (y, at) in (0_u16..).zip(cursor.window(plan.rows.len(), height)) {
        let Some(row) = plan.rows.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, body, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        let outcome = screen.run.as_ref().and_then(Run::outcomes).and_then(|all| outcome_of(all, row));
        draw_row(&mut pen, row, outcome, name, wide);
    }
}

fn outcome_of<'a>(all: &'a [Outcome], row: &Row) -> Option<&'a Outcome> {
    all.iter().find(|outcome| outcome.partition == row.partition && outcome.topic == row.topic)
}

fn draw_row(pen: &mut Pen<'_>, row: &Row, outcome: Option<&Outcome>, name: usize, wide: bool) {
    let offset = |offset: Option<Offset>| offset.map_or_else(|| "–".to_owned(), |offset| units::thousands(offset.0));
    let (topic, quiet) = (Shown::of(row.topic.raw()), !row.changes());
    let text = if quiet { Token::Dim } else { Token::Text };
    pen.to(2).shown(&topic, text, name).to(2 + name).right(row.partition.0.to_string(), PARTITION + 1, text);
    pen.right(offset(row.committed().map(|commit| commit.offset)), OFFSET, text);
    let (arrow, target) = match &row.to {
        To::Leave(_) => ("", "left alone".to_owned()),
        To::Forget => (" → ", "none".to_owned()),
        to => (if row.changes() { " → " } else { " = " }, offset(to.offset())),
    };
    pen.left(arrow, 3, Token::Accent).right(target, OFFSET - 2, if quiet { Token::Dim } else { Token::Title });
    let (change, token) = match (row.change(), &row.to) {
        (Some(0), _) => ("0".to_owned(), Token::Dim),
        (Some(change), _) if change > 0 => (format!("+{}", units::thousands(change)), Token::Look),
        (Some(change), _) => (format!("−{}", units::thousands(change.unsigned_abs())), Token::Data),
        (None, To::Commit(_) | To::Restore(_)) => ("new".to_owned(), Token::Look),
        (None, _) => ("–".to_owned(), Token::Dim),
    };
    pen.right(change, OFFSET, token);
    if wide {
        let known = |position: &Result<Offset, Why>| position.as_ref().map_or_else(|_| "?".to_owned(), |at| units::thousands(at.0));
        pen.right(known(&row.place.start), OFFSET, Token::Dim).right(known(&row.place.high), OFFSET, Token::Dim);
    }
    pen.gap(2);
    let room = pen.room();
    if let Some(outcome) = outcome {
        let (sign, token) = match outcome.fate.word() {
            "committed" => ("✓ ", Token::Good),
            "unknown" => ("? ", Token::Look),
            _ => ("✗ ", Token::Act),
        };
        pen.own(sign, token);
        let words = outcome.fate.error().unwrap_or("committed, read back");
        pen.shown(&Shown::of(words), Token::Text, room.saturating_sub(2));
        return;
    }
    let warns = row.notes.iter().any(Note::warns) || matches!(row.to, To::Leave(_));
    pen.shown(&Shown::of(&row.note()), if warns { Token::Look } else { Token::Dim }, room);
}

//! A change that is being carried out: its steps as they passed, and how it ended.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Reset;
use super::draw::Sentence;
use super::run::Run;
use crate::core::reset::{Ended, Report, Step, Watched};
use crate::model::Failure;
use crate::screens::Look;
use crate::text::{Shown, units};
use crate::ui::{self, Pen, Token};

/// The steps as they passed, and how it ended.
pub(super) fn draw(screen: &Reset, run: &Run, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let state = if run.is_armed() {
        ("esc esc disarms".to_owned(), Token::Look)
    } else if run.is_running() {
        (format!("for {}", units::duration(look.now.since(run.started))), Token::Dim)
    } else {
        ("ended".to_owned(), Token::Dim)
    };
    let title = if run.is_armed() { "Armed" } else { "Execute" };
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), false, title, &[], &[state]);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut lines: Vec<(String, Sentence)> = run.steps.iter().map(|(at, step)| (look.clock(*at), told(step))).collect();
    if let Some(report) = &run.report {
        lines.extend(ended(report).into_iter().map(|sentence| (String::new(), sentence)));
        if run.can_be_undone() {
            let group = Shown::of(screen.group.raw()).into_string();
            lines.push((String::new(), ("●", Token::Dim, format!("U puts it back, or: kscope group undo {group} --execute"))));
        }
    }
    // The newest matter most.
    let skip = lines.len().saturating_sub(usize::from(body.height));
    for (y, (at, (sign, token, words))) in (0..body.height).zip(lines.into_iter().skip(skip)) {
        let mut pen = Pen::new(buf, look.theme, body, y);
        let room = pen.gap(1).left(at, 10, Token::Dim).own(sign, token).gap(1).room();
        pen.shown(&Shown::of(&words), Token::Text, room);
    }
}

/// A step in words; may be foreign in parts.
fn told(step: &Step) -> Sentence {
    match step {
        Step::Waiting { state, members } => {
            let mut hosts: Vec<&str> = members.iter().map(|member| member.client_id.raw()).collect();
            hosts.truncate(4);
            let count = units::counted(units::wide(members.len()), "member");
            ("…", Token::Look, format!("waiting for the group to be empty: {}, {count}: {}", state.word(), hosts.join(", ")))
        }
        Step::Sampling { left } => {
            ("…", Token::Dim, format!("looking for commits from outside the group, {} more", units::duration(*left)))
        }
        Step::Rechecking => ("✓", Token::Good, "group, commits and logs are read once more".to_owned()),
        Step::Kept(path) => ("✓", Token::Good, format!("the present commits are in {}", path.display())),
        Step::Committing { partitions } => ("✓", Token::Good, format!("sent: {}", units::counted(units::wide(*partitions), "partition"))),
        Step::Verifying => ("✓", Token::Good, "reading back".to_owned()),
        Step::Written(outcomes) => {
            let ended = Ended::Written(outcomes.clone());
            let (committed, failed, unknown) = ended.counts();
            let sign = if failed + unknown == 0 { ("✓", Token::Good) } else { ("▲", Token::Act) };
            (sign.0, sign.1, format!("{committed} committed and read back, {failed} failed, {unknown} unknown"))
        }
        Step::Watching(watched) => watched_words(watched),
    }
}

fn watched_words(watched: &Watched) -> Sentence {
    if let Some((topic, partition, now)) = watched.overwritten.first() {
        let now = now.map_or_else(|| "none".to_owned(), |offset| units::thousands(offset.0));
        let words = format!("overwritten by a consumer outside the group: {}:{} is at {now}", topic.raw(), partition.0);
        return ("▲", Token::Act, words);
    }
    let lag = match watched.lag {
        Some(0) => ", level".to_owned(),
        Some(lag) => format!(", {} to read", units::counted(lag, "offset")),
        None => String::new(),
    };
    let eta =
        watched.eta().filter(|_| watched.lag != Some(0)).map(|eta| format!(", level in {}", units::duration(eta))).unwrap_or_default();
    match (watched.resumed, watched.moved.first()) {
        (_, Some((topic, partition, at))) => {
            ("✓", Token::Good, format!("the group moves on: {}:{} is at {}{lag}{eta}", topic.raw(), partition.0, units::thousands(at.0)))
        }
        (Some((after, members)), None) => {
            ("✓", Token::Good, format!("after {after} s the group had {}{lag}", units::counted(units::wide(members), "member")))
        }
        (None, None) => ("…", Token::Dim, format!("watching for {} s: nobody has picked it up yet{lag}", watched.seconds)),
    }
}

fn ended(report: &Result<Report, Failure>) -> Vec<Sentence> {
    match report {
        Err(failure) => {
            let hint = failure.hint.as_ref().map(|hint| ("●", Token::Dim, hint.raw().to_owned()));
            std::iter::once(("✗", Token::Act, failure.sentence())).chain(hint).collect()
        }
        Ok(report) => {
            let mut lines: Vec<Sentence> = match &report.ended {
                Ended::Stopped(stop) => {
                    let mut lines: Vec<Sentence> = stop.lines().into_iter().map(|line| ("✗", Token::Act, line)).collect();
                    lines.push(("●", Token::Dim, stop.hint().to_owned()));
                    lines
                }
                Ended::Written(_) => Vec::new(),
            };
            if let Some(why) = &report.unlogged {
                lines.push(("▲", Token::Act, format!("the outcome could not be written to the audit log: {}", why.raw())));
            }
            lines
        }
    }
}

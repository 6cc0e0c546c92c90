//! How a change looks: the way in four steps, the table from before to after, what will happen in words, and what happened.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::run::Records;
use super::{Prompt, Reset, aim, running, table, waits};
use crate::core::cursor::Cursor;
use crate::core::guard::Level;
use crate::core::reset::{Deed, Kept, Obstacle, Plan, Scope, Target, when};
use crate::decode;
use crate::model::Failure;
use crate::screens::Look;
use crate::text::{self, Shown, units};
use crate::ui::{self, Pen, Token};

/// Rows above the table: the steps, the group, the target.
const ABOVE: usize = 3;
/// Rows of the pane below it, its line included.
const BELOW: usize = 9;

/// Rows of the table for a screen of so many.
pub(super) fn table_height(height: usize) -> usize {
    height.saturating_sub(ABOVE + 2 + below(height)).max(1)
}

/// Rows of the pane below.
fn below(height: usize) -> usize {
    if height < 24 { 7 } else { BELOW }
}

pub(super) fn draw(screen: &Reset, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    steps(screen, &mut Pen::new(buf, look.theme, area, 0));
    let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    match &screen.plan {
        None => choose(screen, look, buf, rest),
        Some(plan) => {
            facts(plan, screen, look, buf, rest);
            let below = u16::try_from(below(usize::from(area.height))).unwrap_or(0).min(area.height);
            let top = u16::try_from(ABOVE).unwrap_or(0).min(area.height);
            let table = Rect { y: area.y + top, height: area.height.saturating_sub(top + below), ..area };
            table::draw(screen, plan, look, buf, table);
            let pane = Rect { y: area.bottom().saturating_sub(below), height: below, ..area };
            match &screen.run {
                _ if screen.records.of.is_some() => records(&screen.records, look, buf, pane),
                Some(run) => running::draw(screen, run, look, buf, pane),
                None => will_happen(screen, plan, look, buf, pane),
            }
        }
    }
}

fn steps(screen: &Reset, pen: &mut Pen<'_>) {
    let at = match (&screen.run, &screen.plan) {
        (Some(_), _) => 3,
        (None, Some(_)) => 2,
        _ if screen.aim.on_scope => 0,
        _ => 1,
    };
    pen.gap(1);
    for (n, word) in ["1 scope", "2 target", "3 preview", "4 execute"].into_iter().enumerate() {
        if n > 0 {
            pen.own(" › ", Token::Faint);
        }
        match n.cmp(&at) {
            std::cmp::Ordering::Less => pen.own(word, Token::Dim).own(" ✓", Token::Good),
            std::cmp::Ordering::Equal => pen.bold(word, Token::Accent),
            std::cmp::Ordering::Greater => pen.own(word, Token::Faint),
        };
    }
}

/// The two lists of the first steps.
fn choose(screen: &Reset, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let aim = &screen.aim;
    let mut pen = Pen::new(buf, look.theme, area, 0);
    pen.gap(1).own("group  ", Token::Dim).shown_bold(&Shown::of(screen.group.raw()), Token::Title, 60);
    let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if let Some(failure) = &screen.failure {
        return failed(failure, look, buf, area);
    }
    if screen.asked.is_some() {
        Pen::new(buf, look.theme, area, 1).gap(2).own("Making the plan: commits, ends and times are read …", Token::Dim);
        return;
    }
    let scopes = u16::try_from(aim.scopes.len() + 1).unwrap_or(area.height).min(area.height / 3).max(3);
    let top = Rect { height: scopes.min(area.height), ..area };
    list(look, (buf, top), ("Scope", aim.on_scope), (&aim.scopes, aim.scope), |(name, _), pen, selected| {
        let token = if selected { Token::Title } else { Token::Text };
        pen.own(name, token);
    });
    let bottom = Rect { y: area.y + top.height, height: area.height.saturating_sub(top.height), ..area };
    list(look, (buf, bottom), ("Target", !aim.on_scope), (&aim::CHOICES, aim.target), |(_, name, doc), pen, selected| {
        let token = if selected { Token::Title } else { Token::Text };
        pen.left(name, 12, token).own(doc, Token::Dim);
    });
}

fn list<T>(
    look: &Look<'_>,
    (buf, area): (&mut Buffer, Rect),
    (title, focused): (&str, bool),
    (items, cursor): (&[T], Cursor),
    row: impl Fn(&T, &mut Pen<'_>, bool),
) {
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), focused, title, &[], &[]);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let height = usize::from(rows.height);
    let mut cursor = cursor;
    cursor.fit(items.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(items.len(), height)) {
        let Some(item) = items.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        let selected = at == cursor.at;
        if selected {
            pen.ground(look.theme.raised()).own("▌", if focused { Token::Accent } else { Token::Faint });
        }
        pen.to(2);
        row(item, &mut pen, selected);
    }
}

fn failed(failure: &Failure, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, look.theme, area, 1);
    let room = pen.gap(2).own("▲ ", Token::Act).room();
    pen.shown(&Shown::of(&failure.sentence()), Token::Text, room);
    if let Some(hint) = &failure.hint {
        let mut pen = Pen::new(buf, look.theme, area, 2);
        let room = pen.gap(4).room();
        pen.shown(&Shown::of(hint.raw()), Token::Dim, room);
    }
    Pen::new(buf, look.theme, area, 4).gap(2).own("esc goes back; R tries again.", Token::Dim);
}

/// The group and the target, in two lines.
fn facts(plan: &Plan, screen: &Reset, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let mut pen = Pen::new(buf, look.theme, area, 0);
    pen.gap(1).own("group  ", Token::Dim).shown_bold(&Shown::of(plan.wish.group.raw()), Token::Title, 50);
    pen.gap(3).own(Shown::of(plan.group.state.word()).as_str(), state_token(plan));
    if plan.group.members.is_empty() {
        pen.gap(1).own("no members", Token::Dim);
    } else {
        let hosts: Vec<String> = plan.group.members.iter().map(|m| Shown::of(m.address().raw()).into_string()).collect();
        let mut hosts = hosts;
        hosts.sort();
        hosts.dedup();
        let members = units::counted(units::wide(plan.group.members.len()), "member");
        let words = format!("{members} on {}", hosts.join(", "));
        let room = pen.gap(1).room();
        pen.shown(&Shown::of(&words), Token::Look, room);
    }
    let mut pen = Pen::new(buf, look.theme, area, 1);
    pen.gap(1).own("target ", Token::Dim);
    let room = pen.room();
    pen.shown(&Shown::of(&target(plan)), Token::Text, room);
    if screen.asked.is_some() {
        pen.gap(2).own("being made anew …", Token::Look);
    }
}

fn state_token(plan: &Plan) -> Token {
    if plan.group.members.is_empty() && plan.obstacle().is_none() { Token::Good } else { Token::Look }
}

/// What is to be done, in words; may be foreign in parts.
fn target(plan: &Plan) -> String {
    let time = plan.time_ms.map(|ms| format!(" {}", when::shown(ms))).unwrap_or_default();
    match &plan.wish.deed {
        Deed::Reset(target) => match target {
            Target::Earliest => "the start of the log".to_owned(),
            Target::Latest => "the end of the log (high watermark)".to_owned(),
            Target::Current => "where the group is".to_owned(),
            Target::Offset(offset) => format!("offset {}", units::thousands(*offset)),
            Target::Shift(by) => format!("{}{} offsets", if *by < 0 { "" } else { "+" }, units::thousands(*by)),
            Target::Time(_) | Target::Ago(_) => format!("the first record at or after{time}"),
            Target::Group(other) => format!("where the group {} is", other.raw()),
            Target::Each(_) => "an offset for each partition".to_owned(),
            Target::File(path) => format!("the offsets in {}", path.display()),
            Target::Skip { topic, partition, .. } => format!("behind one record of {}:{}", topic.raw(), partition.0),
        },
        Deed::Undo(Kept::Latest) => match &plan.restored {
            Some(file) => format!("what the last change replaced: {}", file.display()),
            None => "what the last change replaced".to_owned(),
        },
        Deed::Undo(Kept::File(file)) => format!("what the file holds: {}", file.display()),
        Deed::Copy { from } => format!("the commits of {}", from.raw()),
        Deed::Forget => "no commits".to_owned(),
        Deed::Delete => "the group is deleted, with all its commits".to_owned(),
    }
}

/// What one is about to do, irreversible things first.
fn will_happen(screen: &Reset, plan: &Plan, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let age = age(plan, look);
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), false, "What will happen", &[], &[(format!("read {age}"), Token::Dim)]);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    for (y, (sign, token, words)) in (0..body.height).zip(sentences(screen, plan, look)) {
        let mut pen = Pen::new(buf, look.theme, body, y);
        let room = pen.gap(1).own(sign, token).gap(1).room();
        pen.shown(&Shown::of(&words), Token::Text, room);
    }
}

/// How old the plan is, in words.
fn age(plan: &Plan, look: &Look<'_>) -> String {
    let age = look.now.since(plan.at);
    if age.as_secs() == 0 { "just now".to_owned() } else { format!("{} ago", units::duration(age)) }
}

pub(super) type Sentence = (&'static str, Token, String);

fn sentences(screen: &Reset, plan: &Plan, look: &Look<'_>) -> Vec<Sentence> {
    let totals = plan.totals();
    let mut all: Vec<Sentence> = Vec::new();
    let counted = |n: usize, word: &str| units::counted(units::wide(n), word);
    let mut warn = |words: String| all.push(("▲", Token::Look, words));
    if let Some(refused) = look.cluster.read_only() {
        warn(format!("{}; {}", refused.sentence(), refused.hint()));
    }
    match plan.obstacle() {
        Some(obstacle @ Obstacle::Members { .. }) => warn(format!(
            "{}; ctrl-s arms it: it is carried out at the first moment without members, unless a commit of the plan moves before",
            obstacle.sentence()
        )),
        Some(obstacle) => warn(format!("{}; {}", obstacle.sentence(), obstacle.hint())),
        None if waits(plan, look.cluster, look.now) => {
            warn("members come and go: ctrl-s arms it for the next moment without members, which may be now".to_owned());
        }
        None => {}
    }
    if totals.skipped > 0 {
        warn(format!("skips {}: they will not be read by this group", units::counted(totals.skipped, "offset")));
    }
    if totals.repeated > 0 {
        warn(format!("repeats {}: they will be read again", units::counted(totals.repeated, "offset")));
    }
    if totals.first > 0 {
        warn(format!("first commit on {}", counted(totals.first, "partition")));
    }
    if totals.forgotten > 0 {
        warn(format!("no commit any more on {}: where the group begins there is its own setting", counted(totals.forgotten, "partition")));
    }
    if totals.lost > 0 {
        warn(format!("{} were deleted before they were read, whatever is done", units::counted(totals.lost, "offset")));
    }
    if totals.left > 0 {
        warn(format!("{} left alone: the note says why", counted(totals.left, "partition")));
    }
    for caution in plan.cautions() {
        all.push(("●", Token::Dim, caution.sentence().to_owned()));
    }
    all.push(("●", Token::Dim, "the present commits are saved first; U puts them back, and so does kscope group undo".to_owned()));
    let how = match look.cluster.context.rules.level(if plan.wish.deed == Deed::Delete { Level::Name } else { Level::Preview }) {
        Level::Name => "ctrl-s asks for the group's name, and commits once it is typed",
        Level::Form | Level::Preview => "ctrl-s commits; enter shows the records at both offsets; e edits one row; y c copies the commands",
    };
    if screen.may_commit().is_ok() {
        all.push(("●", Token::Accent, how.to_owned()));
    }
    all
}

/// The records at both offsets of a row.
fn records(records: &Records, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let place = records.of.as_ref().map(|(topic, partition)| (Shown::of(topic.raw()).into_string(), partition.0));
    let facts: Vec<(String, Token)> = place.map(|(topic, partition)| (format!("{topic}:{partition}"), Token::Dim)).into_iter().collect();
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), false, "Records", &facts, &[("esc closes".to_owned(), Token::Dim)]);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let both = [("next now", &records.committed, 0), ("next then", &records.target, 1)];
    let mut y = 0;
    for (word, looked, at) in both {
        let mut pen = Pen::new(buf, look.theme, body, y);
        pen.gap(1).left(word, 10, Token::Dim);
        match looked {
            None => drop(pen.own("no offset", Token::Dim)),
            Some((offset, None)) => {
                let words = if records.waits(at) { "…" } else { "the log's end: the next record to be written" };
                pen.own(units::thousands(offset.0), Token::Title).gap(2).own(words, Token::Dim);
            }
            Some((offset, Some(Err(failure)))) => {
                pen.own(units::thousands(offset.0), Token::Title).gap(2);
                let room = pen.room();
                pen.shown(&Shown::of(&failure.sentence()), Token::Look, room);
            }
            Some((offset, Some(Ok(chunk)))) => {
                let Some(record) = chunk.iter().next() else { continue };
                let gap =
                    if record.offset == *offset { String::new() } else { format!(" (first record behind {})", units::thousands(offset.0)) };
                let time = text::time(record.timestamp_ms, text::TimeFormat::Full, &look.settings.zone, look.now.millis());
                pen.own(units::thousands(record.offset.0), Token::Title).own(gap, Token::Look).gap(2).own(time, Token::Dim).gap(2);
                let room = pen.room();
                pen.own("key ", Token::Dim).segments(&decode::preview(record.key, room.saturating_sub(4), &[]).segments);
                let mut pen = Pen::new(buf, look.theme, body, y + 1);
                let room = pen.gap(11).room();
                pen.segments(&decode::preview(record.value, room, &[]).segments);
            }
        }
        y += 3;
        if y >= body.height {
            break;
        }
    }
}

pub(super) fn status(screen: &Reset, look: &Look<'_>, pen: &mut Pen<'_>) {
    if let Some((prompt, line)) = &screen.prompt {
        let sign = match prompt {
            Prompt::Target => screen.aim.asks(),
            Prompt::Edit => "commit at (empty: leave it alone): ",
            Prompt::Name => "type the group's name, then ctrl-s: ",
        };
        pen.prompt(sign, line);
        if let Some(wrong) = &screen.wrong {
            pen.gap(2).own(wrong, Token::Look);
        }
        return;
    }
    let Some(plan) = &screen.plan else {
        let words = "tab: scope and target · enter: choose · nothing is written before the preview was confirmed";
        pen.own(words, Token::Dim);
        return;
    };
    let age = age(plan, look);
    let scope = match &plan.wish.scope {
        Scope::Committed => "all partitions with a commit",
        Scope::Topics(_) => "the partitions that were chosen",
    };
    pen.own(format!("{scope} · read {age}; all is read again right before the commit"), Token::Dim);
}

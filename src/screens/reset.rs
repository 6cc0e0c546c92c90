//! Changing what a group has committed: which partitions, to where, the preview, and how it went. One screen for resets, for
//! skipping a record, for undo, for forgetting commits and for deleting a group: all are a wish, a plan and a report.
//!
//! The numbers that are shown are the numbers that are committed. Enter never commits; ctrl-s does, and where the context wants
//! it the group's name is typed first.

mod aim;
mod draw;
mod run;
mod running;
mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen};
use crate::core::action::{Action, Scope as Keys};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::cluster::Cluster;
use crate::core::cursor::Cursor;
use crate::core::effect::{TaskId, Term};
use crate::core::event::Arrival;
use crate::core::groups::poll::Watch;
use crate::core::guard::{Level, confirms};
use crate::core::key::{Input, Key, KeyCode};
use crate::core::line::Line;
use crate::core::reset::{Deed, Edit, Obstacle, Plan, Scope, Wish, command};
use crate::model::{Failure, GroupId, Offset, Time};
use crate::text::Shown;
use crate::ui::Pen;

use aim::Aim;
use run::{Records, Run};

/// How the screen is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    pub group: GroupId,
    /// Which partitions, when that is settled; else it is asked.
    pub scope: Option<Scope>,
    /// What is to be done, when that is settled: then the preview is made at once.
    pub deed: Option<Deed>,
}

/// See the module.
#[derive(Debug)]
pub struct Reset {
    group: GroupId,
    aim: Aim,
    /// The wish whose plan is shown or being made; `None` while one chooses.
    wish: Option<Wish>,
    /// The question for a plan.
    asked: Option<TaskId>,
    plan: Option<Plan>,
    /// Why there is no plan.
    failure: Option<Failure>,
    cursor: Cursor,
    /// What is being typed, and what for.
    prompt: Option<(Prompt, Line)>,
    /// Why what was typed cannot be taken.
    wrong: Option<String>,
    records: Records,
    run: Option<Run>,
    /// The opening settled what is to be done: there is nothing to go back to.
    settled: bool,
}

/// What is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// What belongs to a target: an offset, a time, a group, a file.
    Target,
    /// The offset of one row.
    Edit,
    /// The group's name, which unlocks.
    Name,
}

impl Reset {
    pub fn open(opening: Opening, cx: &mut Cx<'_>) -> Self {
        let Opening { group, scope, deed } = opening;
        let mut screen = Self {
            aim: Aim::of(&group, scope, cx.cluster),
            group,
            wish: None,
            asked: None,
            plan: None,
            failure: None,
            cursor: Cursor::default(),
            prompt: None,
            wrong: None,
            records: Records::default(),
            run: None,
            settled: deed.is_some(),
        };
        if let Some(deed) = deed {
            screen.wish_for(cx, deed);
        }
        screen
    }

    /// Makes the plan of a deed over the chosen partitions.
    fn wish_for(&mut self, cx: &mut Cx<'_>, deed: Deed) {
        let edits = self.wish.take().map(|wish| wish.edits).unwrap_or_default();
        let edits = if self.plan.is_some() { edits } else { Vec::new() };
        self.preview(cx, Wish { group: self.group.clone(), deed, scope: self.aim.scope(), edits });
    }

    fn preview(&mut self, cx: &mut Cx<'_>, wish: Wish) {
        if let Some(old) = self.asked.take() {
            cx.cancel(old);
        }
        self.failure = None;
        self.asked = Some(cx.start(Ask::Preview(Box::new(wish.clone()))));
        self.wish = Some(wish);
    }

    /// Whether the plan is on screen and nothing was done with it yet.
    fn may_commit(&self) -> Result<&Plan, Reason> {
        if self.run.as_ref().is_some_and(Run::is_undecided) {
            return Err("It is being carried out.");
        }
        if self.run.is_some() {
            return Err("This plan was carried out: R makes a new one.");
        }
        if self.asked.is_some() {
            return Err("The plan is being made.");
        }
        let plan = self.plan.as_ref().ok_or("There is no plan yet: choose a target with enter.")?;
        match plan.obstacle() {
            None | Some(Obstacle::Members { .. }) => Ok(plan),
            Some(Obstacle::Nothing) => Err("Nothing would change."),
            Some(Obstacle::Kind(_)) => Err("The group's type is one that this release does not know how to change."),
            Some(Obstacle::State(_)) => Err("The group's state is not one that is known to be safe."),
            Some(Obstacle::Subscribed(_)) => Err("Members of the group subscribe to it: stop them first."),
            Some(Obstacle::Exists) => Err("The group exists: a copy never writes over one."),
        }
    }

    /// ctrl-s: carries the plan out, or asks for the name first.
    fn commit(&mut self, cx: &mut Cx<'_>) {
        let Ok(plan) = self.may_commit() else { return };
        let base = if plan.wish.deed == Deed::Delete { Level::Name } else { Level::Preview };
        if cx.cluster.context.rules.level(base) == Level::Name && self.prompt.is_none() {
            self.wrong = None;
            self.prompt = Some((Prompt::Name, Line::new("")));
            return;
        }
        self.execute(cx);
    }

    fn execute(&mut self, cx: &mut Cx<'_>) {
        let Some(plan) = self.plan.clone() else { return };
        let arm = waits(&plan, cx.cluster, cx.now);
        self.prompt = None;
        self.run = Some(Run::start(cx, plan, arm));
    }

    /// The row under the cursor.
    fn row(&self) -> Option<&crate::core::reset::Row> {
        self.plan.as_ref()?.rows.get(self.cursor.at)
    }

    fn height(cx: &Cx<'_>) -> usize {
        draw::table_height(usize::from(cx.size.1))
    }

    fn edit(&mut self, cx: &mut Cx<'_>, text: &str) {
        let Some(row) = self.row() else { return };
        let text = text.trim();
        let offset = if text.is_empty() || text == "-" { None } else { text.replace([' ', ','], "").parse().ok().map(Offset) };
        if offset.is_none() && !text.is_empty() && text != "-" {
            self.wrong = Some(format!("\"{}\" is no offset; an empty line leaves the partition alone", Shown::of(text)));
            return;
        }
        let edit = Edit { topic: row.topic.clone(), partition: row.partition, offset };
        self.prompt = None;
        if let Some(mut wish) = self.wish.clone() {
            wish.edits.push(edit);
            self.preview(cx, wish);
        }
    }

    fn typed(&mut self, cx: &mut Cx<'_>) {
        let Some((prompt, line)) = &self.prompt else { return };
        let text = line.text().to_owned();
        match prompt {
            Prompt::Target => match self.aim.target(&text) {
                Ok(deed) => {
                    self.prompt = None;
                    self.wish_for(cx, deed);
                }
                Err(why) => self.wrong = Some(why),
            },
            Prompt::Edit => self.edit(cx, &text),
            // Enter never commits.
            Prompt::Name if confirms(&text, self.group.raw()) => self.wrong = Some("ctrl-s commits".to_owned()),
            Prompt::Name => self.wrong = Some("this is not the group's name".to_owned()),
        }
    }

    fn take(&mut self, cx: &mut Cx<'_>, reply: Reply) -> Option<Reply> {
        if self.asked == Some(reply.id) {
            self.asked = None;
            match reply.result {
                Ok(Answer::Preview(plan)) => {
                    self.cursor.fit(plan.rows.len(), Self::height(cx));
                    self.plan = Some(*plan);
                }
                Ok(_) => {}
                Err(failure) => self.failure = Some(failure),
            }
            return None;
        }
        let reply = self.records.take(reply)?;
        match &mut self.run {
            Some(run) => run.ended(cx, reply, &self.group),
            None => Some(reply),
        }
    }
}

/// Whether one waits for the group to be empty: it has members, or had some a moment ago and will have them again.
fn waits(plan: &Plan, cluster: &Cluster, now: Time) -> bool {
    if matches!(plan.wish.deed, Deed::Copy { .. } | Deed::Forget) {
        return false;
    }
    let was_in_use = cluster.groups.of(&plan.wish.group).is_some_and(|row| row.past.in_use(now));
    was_in_use || matches!(plan.obstacle(), Some(Obstacle::Members { .. }))
}

impl Screen for Reset {
    fn crumb(&self) -> Shown<'_> {
        Shown::of(match self.wish.as_ref().map(|wish| &wish.deed) {
            Some(Deed::Undo(_)) => "undo",
            Some(Deed::Forget) => "forget commits",
            Some(Deed::Delete) => "delete group",
            Some(Deed::Copy { .. }) => "copy commits",
            _ => "reset offsets",
        })
    }

    fn scopes(&self) -> Vec<Keys> {
        if self.plan.is_some() || self.run.is_some() { vec![Keys::Plan, Keys::List] } else { vec![Keys::Aim, Keys::List] }
    }

    fn groups(&self, _cluster: &Cluster) -> Watch {
        Watch { shown: true, seen: Vec::new(), open: Some(self.group.clone()) }
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::CommitPlan => self.may_commit().map(drop),
            Action::EditRow if self.run.is_some() => Err("This plan was carried out: R makes a new one."),
            Action::EditRow | Action::ShowRecords if self.row().is_none() => Err("There is no partition here."),
            Action::Recompute if self.wish.is_none() => Err("There is no plan yet."),
            Action::Recompute if self.run.as_ref().is_some_and(Run::is_undecided) => Err("It is being carried out."),
            Action::CopyCommands if self.plan.is_none() => Err("There is no plan yet."),
            Action::UndoReset if !self.run.as_ref().is_some_and(Run::can_be_undone) => Err("Nothing was written that could be put back."),
            Action::NextPane | Action::PreviousPane if self.plan.is_some() => Err("There is one pane here."),
            Action::FullScreen => Err("It is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        self.wrong = None;
        if self.plan.is_none() {
            if let Some(chosen) = self.aim.act(action, usize::from(cx.size.1)) {
                match chosen {
                    aim::Chosen::Deed(deed) => self.wish_for(cx, deed),
                    aim::Chosen::Text => self.prompt = Some((Prompt::Target, Line::new(""))),
                }
            }
            return;
        }
        let len = self.plan.as_ref().map_or(0, |plan| plan.rows.len());
        if self.cursor.obey(action, len, Self::height(cx)) {
            return;
        }
        match action {
            Action::CommitPlan => self.commit(cx),
            Action::EditRow => {
                let now = self.row().and_then(crate::core::reset::Row::target).map(|offset| offset.0.to_string());
                self.prompt = Some((Prompt::Edit, Line::new(now.unwrap_or_default())));
            }
            Action::Recompute | Action::Refresh => {
                if let Some(wish) = self.wish.clone().filter(|_| !self.run.as_ref().is_some_and(Run::is_undecided)) {
                    self.run = None;
                    self.preview(cx, wish);
                }
            }
            Action::ShowRecords => {
                if let Some(row) = self.plan.as_ref().and_then(|plan| plan.rows.get(self.cursor.at)) {
                    self.records.ask(cx, row);
                }
            }
            Action::CopyCommands => {
                if let Some(plan) = &self.plan {
                    let text = command::of(plan, &cx.cluster.bootstrap);
                    cx.term(Term::Osc52(text));
                    cx.notices.good(cx.now, "The commands of Apache's tools were sent to the terminal's clipboard.");
                }
            }
            Action::UndoReset => {
                let file = self.run.as_ref().and_then(Run::undo_file);
                let kept = file.map_or(crate::core::reset::Kept::Latest, crate::core::reset::Kept::File);
                (self.run, self.plan, self.settled) = (None, None, true);
                self.wish_for(cx, Deed::Undo(kept));
            }
            _ => {}
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        if self.prompt.take().is_some() {
            self.wrong = None;
            return true;
        }
        if let Some(run) = &mut self.run {
            return run.leave(cx);
        }
        if self.records.close() {
            return true;
        }
        if !self.settled && (self.plan.is_some() || self.failure.is_some()) {
            (self.plan, self.failure, self.wish) = (None, None, None);
            return true;
        }
        false
    }

    fn editing(&self) -> bool {
        self.prompt.is_some()
    }

    fn line(&self) -> Option<&Line> {
        self.prompt.as_ref().map(|(_, line)| line)
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        let Some((prompt, line)) = &mut self.prompt else { return };
        match input {
            Input::Paste(text) => line.paste(text),
            Input::Key(key) if is_submit(*key) => {
                if *prompt != Prompt::Name {
                    self.typed(cx);
                } else if confirms(line.text(), self.group.raw()) {
                    self.wrong = None;
                    self.execute(cx);
                } else {
                    self.wrong = Some("this is not the group's name".to_owned());
                }
            }
            Input::Key(key) if key.code == KeyCode::Enter => self.typed(cx),
            Input::Key(key) if key.code == KeyCode::Esc => {
                self.prompt = None;
                self.wrong = None;
            }
            Input::Key(key) => {
                line.key(*key);
                self.wrong = None;
            }
            _ => {}
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, Answer::Step(step)) if self.run.as_ref().is_some_and(|run| run.is(id)) => {
                if let Some(run) = &mut self.run {
                    run.step(cx, *step);
                }
                None
            }
            Arrival::Reply(reply) => self.take(cx, reply).map(Arrival::Reply),
            other => Some(other),
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        let len = self.plan.as_ref().map_or(0, |plan| plan.rows.len());
        self.cursor.fit(len, Self::height(cx));
    }

    fn wake_at(&self, now: Time) -> Option<Time> {
        self.run.as_ref().filter(|run| run.is_running()).map(|_| now.plus(std::time::Duration::from_secs(1)))
    }

    fn armed(&self) -> Option<&GroupId> {
        self.run.as_ref().filter(|run| run.is_armed()).map(|_| &self.group)
    }

    fn busy(&self) -> Option<Reason> {
        self.run.as_ref().and_then(Run::busy)
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        match &self.plan {
            Some(plan) => (self.cursor.at, plan.rows.len()),
            None => self.aim.cursor(),
        }
    }
}

fn is_submit(key: Key) -> bool {
    key.code == KeyCode::Char('s') && key.ctrl
}

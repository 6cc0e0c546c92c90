//! The table that a query's stages make of a topic's records: it grows while the history is read, then lives on with what
//! arrives. A row opens the records that it counts.

mod draw;

use std::cmp::Ordering;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Route, Screen, TableOf};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, Tallied};
use crate::core::context::Guard;
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::narrow::{Said, narrow};
use crate::core::stream::{Allowance, Ended, Plan, Progress};
use crate::model::Failure;
use crate::query::position::Position;
use crate::query::{Cell, Context, Filter, Stages, Table, TableColumn};
use crate::text::Shown;
use crate::ui::Pen;

#[derive(Debug)]
pub struct Results {
    of: TableOf,
    stages: Option<Stages>,
    columns: Vec<TableColumn>,
    task: Option<TaskId>,
    table: Option<Arc<Table>>,
    progress: Progress,
    ended: Option<Ended>,
    called_off: bool,
    failure: Option<Failure>,
    /// The column that was chosen to be sorted by, and whether from the largest down; else as the query says.
    order: Option<(usize, bool)>,
    chosen: usize,
    /// The rows as they are shown, by their place in the table.
    rows: Vec<usize>,
    cursor: Cursor,
}

impl Results {
    pub fn open(of: TableOf, cx: &mut Cx<'_>) -> Self {
        let mut results = Self {
            of,
            stages: None,
            columns: Vec::new(),
            task: None,
            table: None,
            progress: Progress::default(),
            ended: None,
            called_off: false,
            failure: None,
            order: None,
            chosen: 0,
            rows: Vec::new(),
            cursor: Cursor::default(),
        };
        results.start(cx);
        results
    }

    /// Counts anew, from the start of what the query asks for.
    fn start(&mut self, cx: &mut Cx<'_>) {
        if let Some(task) = self.task.take() {
            cx.cancel(task);
        }
        let context = Context { now: cx.now, zone: cx.settings.zone.clone() };
        let Some(stages) = Stages::compile(&self.of.query, &context) else { return };
        let filter = Arc::new(Filter::compile(&self.of.query, &context));
        let plan = Plan {
            topic: self.of.topic.name.clone(),
            topic_id: self.of.topic.id,
            from: Position::Earliest,
            until: None,
            partitions: self.of.partitions.clone(),
            isolation: self.of.isolation,
            filter: Some(Arc::clone(&filter)),
            newest: None,
            keep: usize::MAX,
        };
        let said = Said { partitions: plan.partitions.is_some(), ..Said::default() };
        let text = self.of.query.to_string();
        let plan = match narrow(plan, filter.bounds(), said, cx.now, &text) {
            Ok(plan) => plan,
            Err(error) => {
                cx.notices.look(cx.now, error.message);
                return;
            }
        };
        let guarded = cx.cluster.context.rules.guard != Guard::None;
        let rate = if guarded { cx.settings.guarded_search_rate } else { cx.settings.search.rate };
        let allowance = Allowance { rate, bytes: cx.settings.search.bytes };
        self.columns = stages.columns();
        (self.ended, self.failure, self.called_off) = (None, None, false);
        self.task = Some(cx.start(Ask::Tally(Box::new((plan, stages.clone(), allowance)))));
        self.stages = Some(stages);
    }

    fn took(&mut self, cx: &Cx<'_>, told: Tallied) {
        self.table = Some(told.table);
        self.progress = told.progress;
        self.ended = told.ended;
        self.list(cx);
    }

    /// Puts the rows into their order; the row under the cursor stays under it.
    fn list(&mut self, cx: &Cx<'_>) {
        let Some(table) = &self.table else { return };
        self.rows = (0..table.rows.len()).collect();
        if let Some((column, down)) = self.order {
            let cell = |row: usize| table.rows.get(row).and_then(|row| row.cells.get(column));
            let compare = |a: &usize, b: &usize| match (cell(*a), cell(*b)) {
                (Some(a), Some(b)) => a.compare(b),
                _ => Ordering::Equal,
            };
            // Stable: what is equal stays as the query has it.
            self.rows.sort_by(|a, b| if down { compare(b, a) } else { compare(a, b) });
        }
        self.cursor.fit(self.rows.len(), self.height(cx));
    }

    fn sort(&mut self, cx: &Cx<'_>) {
        let down = match self.order {
            Some((column, down)) if column == self.chosen => !down,
            _ => self.columns.get(self.chosen).is_some_and(|column| draw::is_figure(column.kind)),
        };
        self.order = Some((self.chosen, down));
        self.list(cx);
    }

    fn height(&self, cx: &Cx<'_>) -> usize {
        usize::from(cx.size.1).saturating_sub(draw::ABOVE + self.notes())
    }

    /// Lines below the rows.
    fn notes(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.notes.len().min(draw::NOTES))
    }

    fn is_running(&self) -> bool {
        self.task.is_some()
    }

    /// The history is counted: what comes now is new.
    fn is_live(&self) -> bool {
        self.is_running() && self.progress.live
    }

    /// Opens the records of the row under the cursor.
    fn open_row(&self, cx: &mut Cx<'_>) {
        let row = self.rows.get(self.cursor.at).and_then(|row| self.table.as_ref()?.rows.get(*row));
        let (Some(row), Some(stages)) = (row, &self.stages) else { return };
        match row.filter(stages) {
            Some(query) => cx.go = Some(Route::Matching(Arc::clone(&self.of.topic), query.to_string())),
            None => cx.notices.look(cx.now, "No filter can be written that finds the records of this row alone."),
        }
    }
}

impl Screen for Results {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("table")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Results, Scope::Table, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::OpenRow if self.rows.is_empty() => Err("The table has no row yet."),
            Action::MarkRow | Action::MarkRowRange | Action::MarkRows | Action::ClearRowMarks => Err("Rows of a table are not marked."),
            Action::Wide | Action::Problems | Action::PauseList => Err("Not for the table of a query."),
            Action::NextPane | Action::PreviousPane | Action::FullScreen => Err("There is one pane here, and it is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (len, height) = (self.rows.len(), self.height(cx));
        match action {
            Action::OpenRow => self.open_row(cx),
            Action::ColumnLeft => self.chosen = self.chosen.saturating_sub(1),
            Action::ColumnRight => self.chosen = (self.chosen + 1).min(self.columns.len().saturating_sub(1)),
            Action::Sort => self.sort(cx),
            Action::Refresh => self.start(cx),
            _ => {
                self.cursor.obey(action, len, height);
            }
        }
    }

    /// `esc` ends the counting first.
    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(task) = self.task.filter(|_| !self.is_live() && self.ended.is_none()) else { return false };
        cx.cancel(task);
        (self.task, self.called_off) = (None, true);
        true
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, Answer::Tallied(told)) if self.task == Some(id) => {
                self.took(cx, *told);
                None
            }
            Arrival::Reply(reply) if self.task == Some(reply.id) => {
                self.task = None;
                match reply.result {
                    Ok(Answer::Tallied(told)) => self.took(cx, *told),
                    Ok(_) => {}
                    Err(failure) => {
                        cx.notices.failure(&failure);
                        self.failure = Some(failure);
                    }
                }
                None
            }
            other => Some(other),
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.rows.len(), self.height(cx));
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.rows.len())
    }
}

/// The number that a row's bar is as long as.
fn counted(cell: Option<&Cell>) -> u64 {
    match cell {
        Some(Cell::Count(n)) => *n,
        _ => 0,
    }
}

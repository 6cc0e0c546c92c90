//! What keys do on the list of groups.

use crate::core::action::Action;
use crate::core::ask::Ask;
use crate::core::effect::Term;
use crate::core::groups::Row;
use crate::model::GroupId;
use crate::screens::{Cx, Route};

use super::Groups;
use super::columns::COLUMNS;

impl Groups {
    pub(super) fn obey(&mut self, cx: &mut Cx<'_>, action: Action) {
        self.touched = Some(cx.now);
        if self.cursor.obey(action, self.rows.len(), self.height) {
            self.selected = self.current().cloned();
            return;
        }
        if let Some(row) = self.row(cx.cluster) {
            let spot = cx.cluster.verdict(row, cx.now).stuck_at().map(|spot| (spot.topic.clone(), spot.partition, None));
            if action == Action::SkipRecord && spot.is_none() {
                return cx.notices.look(cx.now, "It is not stuck at a record: open it, and skip on the partition that is meant.");
            }
            if cx.change(action, row.id(), None, spot) {
                return;
            }
        }
        match action {
            Action::OpenGroup => cx.go = self.current().cloned().map(Route::Group),
            Action::FilterGroups => self.bar.open(cx.history),
            Action::CopyGroup | Action::YankGroup | Action::YankGroupCommand => self.yank(cx, action),
            Action::SaveGroups => self.save(cx),
            Action::MarkRow => self.mark(),
            Action::MarkRowRange => self.marks.range(&self.rows, self.cursor.at),
            Action::ClearRowMarks => self.marks.clear(),
            Action::MarkRows => self.marks.all(&self.rows),
            Action::ColumnLeft | Action::ColumnRight | Action::Sort if self.sort.obey(action, COLUMNS, self.wide) => self.relist(cx),
            Action::Wide => self.wide = !self.wide,
            Action::Problems => {
                self.problems = !self.problems;
                self.relist(cx);
            }
            Action::PauseList => {
                self.paused = !self.paused;
                self.relist(cx);
            }
            Action::FullScreen => {
                self.alone = !self.alone;
                self.relist(cx);
            }
            Action::Refresh => self.relist(cx),
            _ => {}
        }
    }

    fn mark(&mut self) {
        let Some(id) = self.current().cloned() else { return };
        self.marks.toggle(id);
        self.moved(1);
    }

    fn yank(&self, cx: &mut Cx<'_>, action: Action) {
        let groups = &cx.cluster.groups;
        let rows = || self.meant().into_iter().filter_map(|id| groups.of(id));
        let lines: Vec<String> = match action {
            Action::YankGroup => rows().map(Row::json).collect(),
            Action::YankGroupCommand => rows().map(|row| row.command(&cx.cluster.bootstrap)).collect(),
            _ => self.meant().into_iter().map(|id| id.raw().to_owned()).collect(),
        };
        let what = match (action, lines.len()) {
            (Action::YankGroup, 1) => "The row as JSON was".to_owned(),
            (Action::YankGroupCommand, 1) => "The command was".to_owned(),
            (Action::CopyGroup, 1) => "The name was".to_owned(),
            (Action::CopyGroup, n) => format!("{n} names were"),
            (_, n) => format!("{n} lines were"),
        };
        let text = lines.join("\n");
        cx.term(Term::Osc52(text.clone()));
        cx.start(Ask::Copy(text));
        cx.notices.good(cx.now, format!("{what} sent to the terminal's clipboard."));
    }

    /// The marked groups, or those in the list, as lines of JSON into a file.
    fn save(&mut self, cx: &mut Cx<'_>) {
        if self.saving.is_some() {
            return;
        }
        let groups = &cx.cluster.groups;
        let ids: Vec<&GroupId> = if self.marks.is_empty() { self.rows.iter().collect() } else { self.marks.iter().collect() };
        let rows = ids.into_iter().filter_map(|id| groups.of(id)).map(Row::fields).collect();
        self.saving = Some(cx.start(Ask::SaveRows { name: "groups", rows }));
    }
}

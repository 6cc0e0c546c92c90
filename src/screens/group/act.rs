//! What keys do on the screen of one group.

use std::sync::Arc;

use crate::core::action::Action;
use crate::core::ask::Ask;
use crate::core::effect::Term;
use crate::core::figures;
use crate::core::groups::Row;
use crate::core::lag::{End, Lag};
use crate::core::panes;
use crate::core::reset::Scope;
use crate::core::verdict::Verdict;
use crate::model::{Offset, PartitionId, TopicName};
use crate::screens::{At, Cx, Route};

use super::places::COLUMNS;
use super::{Group, PANES, Pane, draw};

/// Offsets before the commit that are shown too.
const BEFORE: i64 = 20;

impl Group {
    pub(super) fn obey(&mut self, cx: &mut Cx<'_>, action: Action) {
        self.touched = Some(cx.now);
        let (high, low) = draw::heights(self, cx.size);
        match self.focus {
            Pane::Partitions => {
                if self.cursor.obey(action, self.rows.len(), high) {
                    self.selected = self.current().cloned();
                    return;
                }
            }
            Pane::Members => {
                let count = self.members(cx.cluster).1.len();
                if self.members.obey(action, count, low) {
                    return;
                }
            }
            Pane::Group => {}
        }
        if let Some(row) = self.row(cx.cluster) {
            let at = self.current().filter(|_| self.focus == Pane::Partitions).map(|(topic, id)| (topic.clone(), *id, None));
            if action == Action::SkipRecord && at.is_none() {
                return cx.notices.look(cx.now, "Which record? Select its partition: 1 goes there.");
            }
            if cx.change(action, row.id(), self.marked(), at) {
                return;
            }
        }
        match action {
            Action::CommittedMessages => self.open_messages(cx),
            Action::GroupTopic => self.open_topic(cx, false),
            Action::PlaceMessages => self.open_topic(cx, true),
            Action::NextPane | Action::PreviousPane => self.focus = panes::turn(&PANES, self.focus, action),
            Action::GroupPane1 => self.focus = Pane::Partitions,
            Action::GroupPane2 => self.focus = Pane::Members,
            Action::GroupPane3 => self.focus = Pane::Group,
            Action::FullScreen => self.full_screen = !self.full_screen,
            Action::ColumnLeft | Action::ColumnRight | Action::Sort if self.sort.obey(action, COLUMNS, true) => self.relist(cx),
            Action::Problems => {
                self.problems = !self.problems;
                self.relist(cx);
            }
            Action::MarkRow => self.mark(cx),
            Action::MarkRowRange => self.marks.range(&self.rows, self.cursor.at),
            Action::MarkRows => self.marks.all(&self.rows),
            Action::ClearRowMarks => self.marks.clear(),
            Action::CopyPlace | Action::YankOneGroup | Action::YankDescribe => self.yank(cx, action),
            Action::Refresh => self.holders.clear(),
            _ => {}
        }
    }

    fn mark(&mut self, cx: &Cx<'_>) {
        let Some(spot) = self.current().cloned() else { return };
        self.marks.toggle(spot);
        self.cursor.by(1, self.rows.len(), draw::heights(self, cx.size).0);
        self.selected = self.current().cloned();
    }

    /// The marked partitions as what a change is about; `None` without marks.
    fn marked(&self) -> Option<Scope> {
        let mut topics: Vec<(TopicName, Option<Vec<PartitionId>>)> = Vec::new();
        for (topic, id) in self.marks.iter() {
            match topics.last_mut() {
                Some((last, Some(ids))) if last == topic => ids.push(*id),
                _ => topics.push((topic.clone(), Some(vec![*id]))),
            }
        }
        (!topics.is_empty()).then_some(Scope::Topics(topics))
    }

    /// The messages around the commit of the selected partition.
    fn open_messages(&self, cx: &mut Cx<'_>) {
        let Some(spot) = self.current() else { return };
        let found = cx.cluster.view.get().and_then(|view| figures::find(view, &spot.0)).filter(|topic| topic.error.is_none());
        let Some(topic) = found.filter(|topic| topic.partition(spot.1).is_some()) else {
            cx.notices.look(cx.now, "The topic or partition is not there any more: there is nothing to open.");
            return;
        };
        if let Some(share) = self.share(cx.cluster) {
            let Ok(Some(offset)) = share.start else {
                return cx.notices.look(cx.now, "The group has not begun here: l shows the newest messages.");
            };
            let level = share.lag == Some(0);
            let (topic, partition, group) = (Arc::clone(topic), spot.1, Some(self.id.clone()));
            let from = Offset(offset.0.saturating_sub(BEFORE).max(0));
            cx.go = Some(Route::At(Box::new(At {
                topic,
                partition,
                offset,
                from,
                end: Offset(i64::MAX),
                level,
                group,
                stuck: false,
                found: false,
            })));
            return;
        }
        let Some(place) = self.place(cx.cluster, spot) else { return };
        let Some(committed) = place.committed() else {
            let words = if place.commit.is_ok() {
                "Nothing is committed here: l shows the newest messages."
            } else {
                "The commit is not known: it could not be read."
            };
            cx.notices.look(cx.now, words);
            return;
        };
        // What was deleted cannot be shown: the group goes on at the first record that is there.
        let next = place.next(End::High);
        let offset = next.unwrap_or(committed);
        let from = Offset(offset.0.saturating_sub(BEFORE)).max(place.start.as_ref().copied().unwrap_or(Offset(0)));
        let from = Offset(from.0.clamp(0, offset.0.max(0)));
        let end = place.high.as_ref().copied().unwrap_or(Offset(i64::MAX));
        let stuck = self.row(cx.cluster).is_some_and(|row| self.is_stuck(cx, row));
        if let Lag::BeyondEnd(by) = place.lag(End::High) {
            cx.notices.look(cx.now, format!("The commit lies {by} past the end: no record is there."));
        }
        cx.go = Some(Route::At(Box::new(At {
            topic: Arc::clone(topic),
            partition: spot.1,
            offset,
            from,
            end,
            level: next.is_none(),
            group: Some(self.id.clone()),
            stuck,
            found: false,
        })));
    }

    /// Whether the selected partition is the one that does not get on, or one of them.
    fn is_stuck(&self, cx: &Cx<'_>, row: &Row) -> bool {
        let stands = self.current().is_some_and(|(topic, id)| {
            let limit = cx.cluster.groups.limits.stalled_after;
            row.past.of(topic, *id).is_some_and(|past| cx.now.since(past.still_since) >= limit)
        });
        stands && matches!(cx.cluster.verdict(row, cx.now), Verdict::Stuck { .. } | Verdict::NoProgress { .. })
    }

    /// What the topic is, or its newest messages in the selected partition.
    fn open_topic(&self, cx: &mut Cx<'_>, messages: bool) {
        let Some(spot) = self.current() else { return };
        match cx.cluster.view.get().and_then(|view| figures::find(view, &spot.0)) {
            Some(topic) if topic.error.is_none() => {
                let topic = Arc::clone(topic);
                cx.go = Some(if messages { Route::Partition(topic, spot.1) } else { Route::Topic(topic) });
            }
            _ => cx.notices.look(cx.now, "The topic is not there any more."),
        }
    }

    fn yank(&self, cx: &mut Cx<'_>, action: Action) {
        let row = self.row(cx.cluster);
        let (what, text) = match action {
            Action::YankOneGroup => ("The group as JSON was", row.map(Row::json)),
            Action::YankDescribe => ("The command was", row.map(|row| row.command(&cx.cluster.bootstrap))),
            _ if self.focus == Pane::Members => {
                let member = self.members(cx.cluster).1.get(self.members.at);
                ("The member's id was", member.map(|member| member.id.raw().to_owned()))
            }
            _ if self.focus == Pane::Partitions => {
                ("The partition was", self.current().map(|(topic, id)| format!("{}/{}", topic.raw(), id.0)))
            }
            _ => ("The name was", Some(self.id.raw().to_owned())),
        };
        let Some(text) = text else { return };
        cx.term(Term::Osc52(text.clone()));
        cx.start(Ask::Copy(text));
        cx.notices.good(cx.now, format!("{what} sent to the terminal's clipboard."));
    }
}

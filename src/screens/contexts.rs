//! The clusters that one may go to: the contexts of the configuration, what other tools have in their files, and what the
//! command line named. Below the list is what is known of the selected one, and how a test of the way to it went.

mod below;
mod list;

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::checkup::Checkup;
use crate::core::configure::{Told, Wish};
use crate::core::context::Target;
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::key::{Button, Mouse, MouseKind};
use crate::core::panes::turn;
use crate::model::Time;
use crate::text::Shown;
use crate::ui::{self, Pen, Token};
use list::Columns;

/// Rows that the pane below has at least; a screen too low for it and a few contexts shows the list alone.
const BELOW: u16 = 8;
const LEAST: u16 = 6;

/// See the module.
#[derive(Debug, Default)]
pub struct Contexts {
    cursor: Cursor,
    /// What they are called, in the order of the settings.
    names: Vec<String>,
    focus: Pane,
    /// The first line of the pane below that is seen.
    scroll: usize,
    /// By the name of the target.
    tests: BTreeMap<String, Test>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    List,
    Below,
}

/// A test of the way to a cluster.
#[derive(Debug)]
struct Test {
    task: Option<TaskId>,
    found: Arc<Checkup>,
    /// When it began, and once it is done, when that was.
    at: Time,
}

impl Contexts {
    pub fn open(cx: &mut Cx<'_>) -> Self {
        // The files may be others by now.
        cx.configure(Wish::Look);
        let targets = &cx.settings.contexts;
        let mut contexts = Self { names: names(targets), ..Self::default() };
        let in_use = targets.iter().position(|target| cx.cluster.is(target)).unwrap_or(0);
        contexts.cursor.to(in_use, contexts.names.len(), contexts.height(cx));
        contexts
    }

    /// Rows that the list has for contexts.
    fn height(&self, cx: &Cx<'_>) -> usize {
        usize::from(areas(Rect::new(0, 0, cx.size.0, cx.size.1), self.names.len()).0.height).saturating_sub(2)
    }

    fn target<'a>(&self, cx: &'a Cx<'_>) -> Option<&'a Target> {
        cx.settings.contexts.get(self.cursor.at)
    }

    fn test(&mut self, cx: &mut Cx<'_>) {
        let Some(target) = self.target(cx) else { return };
        let (name, expects) = (target.name().to_owned(), target.context.expects.clone());
        if let Some(task) = self.tests.get(&name).and_then(|test| test.task) {
            cx.cancel(task);
        }
        let task = Some(cx.start(Ask::Checkup { target: self.cursor.at, expects }));
        self.scroll = 0;
        self.tests.insert(name, Test { task, found: Arc::default(), at: cx.now });
    }

    fn select(&mut self, cx: &Cx<'_>, name: &str) {
        if let Some(at) = cx.settings.contexts.iter().position(|target| target.name() == name) {
            self.cursor.to(at, self.names.len(), self.height(cx));
        }
    }

    fn scroll(&mut self, cx: &Cx<'_>, action: Action) -> bool {
        let page = usize::from(areas(Rect::new(0, 0, cx.size.0, cx.size.1), self.names.len()).1.height).saturating_sub(2).max(1);
        self.scroll = match action {
            Action::Down => self.scroll.saturating_add(1),
            Action::Up => self.scroll.saturating_sub(1),
            Action::PageDown => self.scroll.saturating_add(page),
            Action::PageUp => self.scroll.saturating_sub(page),
            Action::First => 0,
            _ => return false,
        };
        let Some(target) = self.target(cx) else { return true };
        let lines = below::len(target, self.tests.get(target.name()), usize::from(cx.size.0));
        self.scroll = self.scroll.min(lines.saturating_sub(page));
        true
    }
}

fn names(targets: &[Target]) -> Vec<String> {
    targets.iter().map(|target| target.name().to_owned()).collect()
}

/// The list, and what stands below it; nothing where there is no room.
fn areas(area: Rect, len: usize) -> (Rect, Rect) {
    if area.height < BELOW + LEAST {
        return (area, Rect { y: area.y + area.height, height: 0, ..area });
    }
    let wanted = u16::try_from(len).unwrap_or(u16::MAX).saturating_add(3);
    let height = wanted.clamp(LEAST, (area.height / 2).max(LEAST));
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

impl Screen for Contexts {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("contexts")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Contexts, Scope::List]
    }

    fn needs_cluster(&self) -> bool {
        false
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::SwitchContext | Action::TestContext if self.names.is_empty() => Err("There is no context to go to."),
            Action::ImportContext if self.names.is_empty() => Err("There is no context to be imported."),
            Action::FullScreen => Err("It is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        self.focus = turn(&[Pane::List, Pane::Below], self.focus, action);
        if self.focus == Pane::Below && self.scroll(cx, action) {
            return;
        }
        let before = self.cursor.at;
        if self.cursor.obey(action, self.names.len(), self.height(cx)) {
            if self.cursor.at != before {
                self.scroll = 0;
            }
            return;
        }
        match action {
            Action::SwitchContext => cx.switch = Some(self.cursor.at),
            Action::TestContext => self.test(cx),
            Action::AddContext => cx.go = Some(Route::NewContext(None)),
            Action::EditContexts => {
                let name = self.target(cx).filter(|target| target.context.configured).map(|target| target.name().to_owned());
                cx.configure(Wish::Edit(name));
            }
            Action::ImportContext => match self.target(cx) {
                Some(target) if target.context.configured => cx.notices.look(cx.now, "It stands in config.toml already: e edits it."),
                Some(target) if target.context.name.is_none() => {
                    cx.notices.look(cx.now, "It was named on the command line and stands in no file: a adds a context.");
                }
                Some(target) => cx.go = Some(Route::NewContext(Some(target.name().to_owned()))),
                None => {}
            },
            Action::Refresh => cx.configure(Wish::Look),
            _ => {}
        }
    }

    fn configured(&mut self, cx: &mut Cx<'_>, told: &Told) {
        let name = std::mem::replace(&mut self.names, names(&cx.settings.contexts)).into_iter().nth(self.cursor.at);
        match told {
            Told::There(_) => {
                if let Some(name) = name {
                    self.select(cx, &name);
                }
            }
            // Whoever has written one wants to know whether it works.
            Told::Added { name, .. } => {
                self.select(cx, name);
                self.test(cx);
            }
            Told::Preview(_) | Told::Edit { .. } | Told::Failed(_) => {}
        }
        self.cursor.fit(self.names.len(), self.height(cx));
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        let id = arrival.task();
        let Some(test) = self.tests.values_mut().find(|test| test.task == Some(id)) else { return Some(arrival) };
        match arrival {
            Arrival::Part(_, Answer::Checkup(found)) => test.found = found,
            Arrival::Reply(Reply { result, .. }) => {
                (test.task, test.at) = (None, cx.now);
                match result {
                    Ok(Answer::Checkup(found)) => test.found = found,
                    Ok(_) => {}
                    Err(failure) => cx.notices.failure(&failure),
                }
            }
            arrival => return Some(arrival),
        }
        None
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.names.len(), self.height(cx));
    }

    /// A press selects a row, and goes to the one that is selected already.
    fn pointer(&mut self, cx: &mut Cx<'_>, mouse: Mouse) {
        let rows = 2..2 + u16::try_from(self.height(cx)).unwrap_or(u16::MAX);
        match mouse.kind {
            MouseKind::ScrollUp => self.act(cx, Action::Up),
            MouseKind::ScrollDown => self.act(cx, Action::Down),
            MouseKind::Down(Button::Left) if rows.contains(&mouse.row) => {
                self.focus = Pane::List;
                let row = self.cursor.window(self.names.len(), self.height(cx)).start + usize::from(mouse.row) - 2;
                if row == self.cursor.at {
                    self.act(cx, Action::SwitchContext);
                } else if row < self.names.len() {
                    self.cursor.to(row, self.names.len(), self.height(cx));
                    self.scroll = 0;
                }
            }
            MouseKind::Down(Button::Left) if mouse.row >= rows.end => self.focus = Pane::Below,
            _ => {}
        }
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        if look.settings.contexts.is_empty() {
            pen.own("a adds a context, e opens config.toml in your editor", Token::Dim);
        } else if let Some(target) = look.settings.contexts.get(self.cursor.at) {
            below::status(target, pen);
        }
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        let targets = &look.settings.contexts;
        let (top, bottom) = areas(area, targets.len());
        let state = [("● in use".to_owned(), Token::Dim)];
        let facts = [(targets.len().to_string(), Token::Dim)];
        ui::title_rule(&mut Pen::new(buf, look.theme, top, 0), self.focus == Pane::List, "Contexts", &facts, &state);
        let columns = Columns::fitting(usize::from(area.width), targets);
        columns.header(&mut Pen::new(buf, look.theme, top, 1));
        let rows = Rect { y: top.y + 2, height: top.height.saturating_sub(2), ..top };
        let height = usize::from(rows.height);
        let mut cursor = self.cursor;
        cursor.fit(targets.len(), height);
        for (y, at) in (0_u16..).zip(cursor.window(targets.len(), height)) {
            let Some(target) = targets.get(at) else { continue };
            columns.row(target, look, at == cursor.at, &mut Pen::new(buf, look.theme, rows, y));
        }
        let selected = targets.get(cursor.at);
        let test = selected.and_then(|target| self.tests.get(target.name()));
        below::draw((selected, test), (self.focus == Pane::Below, self.scroll), look, buf, bottom);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.names.len())
    }
}

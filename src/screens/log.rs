//! What kscope logged: the end of today's file, read anew on demand.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, LogTail};
use crate::core::cursor::Cursor;
use crate::core::event::Arrival;
use crate::core::remote::Remote;
use crate::text::Shown;
use crate::ui::{self, Pen, Token};

/// See the module.
#[derive(Debug, Default)]
pub struct Log {
    tail: Remote<LogTail>,
    cursor: Cursor,
}

impl Log {
    pub fn open(cx: &mut Cx<'_>) -> Self {
        let mut log = Self::default();
        log.ask(cx);
        log
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        if let Some(folder) = &cx.settings.log {
            let task = cx.start(Ask::Log(folder.clone()));
            self.tail.loading(task, cx.now);
        }
    }

    fn len(&self) -> usize {
        self.tail.get().map_or(0, |tail| tail.lines.len())
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(cx.size.1).saturating_sub(1)
    }
}

impl Screen for Log {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("log")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List]
    }

    fn needs_cluster(&self) -> bool {
        false
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::NextPane | Action::PreviousPane | Action::FullScreen => Err("There is one pane here, and it is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (len, height) = (self.len(), Self::height(cx));
        if !self.cursor.obey(action, len, height) && action == Action::Refresh {
            self.ask(cx);
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        let Arrival::Reply(reply) = arrival else { return Some(arrival) };
        if !self.tail.awaits(reply.id) {
            return Some(Arrival::Reply(reply));
        }
        let rest = self.tail.accept(reply, cx.now, |answer| match answer {
            Answer::Log(tail) => Some(Arc::new(tail)),
            _ => None,
        });
        // The newest line is what one looks for.
        self.cursor.to(usize::MAX, self.len(), Self::height(cx));
        rest.map(Arrival::Reply)
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.len(), Self::height(cx));
    }

    fn status(&self, _look: &Look<'_>, pen: &mut Pen<'_>) {
        // A line that is wider than the screen is here in full, as far as there is room.
        if let Some(line) = self.tail.get().and_then(|tail| tail.lines.get(self.cursor.at)) {
            let room = pen.room();
            let from = line.find(' ').and_then(|at| line.get(at..)).unwrap_or(line).trim_start();
            pen.shown(&Shown::of(from), Token::Dim, room);
        }
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        let mut facts = Vec::new();
        if let Some(tail) = self.tail.get() {
            facts.push((Shown::of(&tail.path.to_string_lossy()).into_string(), Token::Dim));
            if tail.cut {
                facts.push((format!("the last {} lines", tail.lines.len()), Token::Dim));
            }
        }
        ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), true, "Log", &facts, &[("ctrl-r reads it anew".to_owned(), Token::Dim)]);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let Some(tail) = self.tail.get().filter(|tail| !tail.lines.is_empty()) else {
            let words = match (look.settings.log.is_some(), self.tail.failure()) {
                (false, _) => "No log is kept: there is no folder for it.".to_owned(),
                (_, Some(failure)) => Shown::of(&failure.sentence()).into_string(),
                (_, None) if self.tail.is_loading() => "Reading …".to_owned(),
                _ => "The log is empty.".to_owned(),
            };
            Pen::new(buf, look.theme, rows, 0).gap(2).own(words, Token::Look);
            return;
        };
        let height = usize::from(rows.height);
        let mut cursor = self.cursor;
        cursor.fit(tail.lines.len(), height);
        for (y, at) in (0_u16..).zip(cursor.window(tail.lines.len(), height)) {
            let Some(line) = tail.lines.get(at) else { continue };
            let mut pen = Pen::new(buf, look.theme, rows, y);
            if at == cursor.at {
                pen.ground(look.theme.raised()).own("▌", Token::Accent);
            }
            let token = if line.contains(" ERROR ") {
                Token::Act
            } else if line.contains(" WARN ") {
                Token::Look
            } else {
                Token::Dim
            };
            pen.to(1);
            let room = pen.room();
            pen.shown(&Shown::of(line), token, room);
        }
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.len())
    }
}

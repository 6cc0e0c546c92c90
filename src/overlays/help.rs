//! Help, made from the live key map: every key that works where one is, searchable; the chosen line is run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::core::action::{Action, COMMANDS, Scope};
use crate::core::cursor::Cursor;
use crate::core::key::{Key, KeyCode};
use crate::core::keymap::Keymap;
use crate::core::line::{Edit, Line};
use crate::screens::Look;
use crate::text::Shown;
use crate::ui::{self, Pen, Token};

#[derive(Debug)]
pub struct Help {
    lines: Vec<Entry>,
    search: Line,
    cursor: Cursor,
}

#[derive(Debug)]
struct Entry {
    keys: String,
    doc: &'static str,
    name: &'static str,
    scope: Scope,
    action: Action,
}

impl Help {
    pub fn new(map: &Keymap, scopes: &[Scope]) -> Self {
        let lines = scopes
            .iter()
            .chain([&Scope::Always])
            .flat_map(|&scope| COMMANDS.iter().filter(move |row| row.scope == scope))
            .map(|row| Entry {
                keys: map.keys_of(row.action).join("  "),
                doc: row.doc,
                name: row.name,
                scope: row.scope,
                action: row.action,
            })
            .filter(|entry| !entry.keys.is_empty())
            .collect();
        Self { lines, search: Line::default(), cursor: Cursor::default() }
    }

    fn found(&self) -> Vec<&Entry> {
        let wanted = self.search.text().to_lowercase();
        self.lines
            .iter()
            .filter(|e| {
                wanted.is_empty() || e.doc.to_lowercase().contains(&wanted) || e.name.contains(&wanted) || e.keys == self.search.text()
            })
            .collect()
    }

    /// `Some` when it closes, with the action to run, if any.
    pub fn key(&mut self, key: Key) -> Option<Option<Action>> {
        let len = self.found().len();
        match (key.code, key.ctrl) {
            (KeyCode::Esc, _) if !self.search.text().is_empty() => self.search = Line::default(),
            (KeyCode::Esc | KeyCode::F(1), _) | (KeyCode::Char('c'), true) => return Some(None),
            (KeyCode::Char('?' | 'q'), false) if self.search.text().is_empty() => return Some(None),
            (KeyCode::Enter, _) => {
                let action = self.found().get(self.cursor.at).map(|entry| entry.action);
                return Some(action.filter(|action| *action != Action::Help));
            }
            (KeyCode::Down, _) => self.cursor.by(1, len, len),
            (KeyCode::Up, _) => self.cursor.by(-1, len, len),
            (KeyCode::PageDown, _) | (KeyCode::Char('d' | 'f'), true) => self.cursor.by(10, len, len),
            (KeyCode::PageUp, _) | (KeyCode::Char('u' | 'b'), true) => self.cursor.by(-10, len, len),
            _ => {
                if self.search.key(key) == Edit::Changed {
                    self.cursor = Cursor::default();
                }
            }
        }
        None
    }
}

/// Draws it over `area`.
pub fn draw(help: &Help, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    Clear.render(area, buf);
    let found = help.found();
    let facts = if help.search.text().is_empty() {
        vec![("type to search".to_owned(), Token::Dim)]
    } else {
        vec![(format!("/{}", Shown::of(help.search.text()).as_str()), Token::Accent)]
    };
    let place = format!("{} of {}", help.cursor.at.saturating_add(1).min(found.len()), found.len());
    let state = [(place, Token::Dim), ("enter runs it · esc closes".to_owned(), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), true, "Help", &facts, &state);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let height = usize::from(rows.height);
    let mut cursor = help.cursor;
    cursor.fit(found.len(), height);
    let window = cursor.window(found.len(), height);
    let first = window.start;
    for (y, entry) in (0_u16..).zip(found.iter().skip(first).take(window.len())) {
        let n = first + usize::from(y);
        let before = n.checked_sub(1).and_then(|n| found.get(n));
        let mut pen = Pen::new(buf, look.theme, rows, y);
        if n == cursor.at {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        let title = if before.is_none_or(|b| b.scope != entry.scope) || y == 0 { entry.scope.title() } else { "" };
        pen.to(2).left(title, 12, Token::Dim).left(&entry.keys, 18, Token::Accent).gap(1);
        pen.own(entry.doc, Token::Text);
        if pen.room() > entry.name.len() + 4 {
            let at = usize::from(rows.width).saturating_sub(entry.name.len() + 2);
            pen.to(at).own(entry.name, Token::Faint);
        }
    }
    if found.is_empty() {
        Pen::new(buf, look.theme, rows, 1).gap(2).own("No key here does that. esc clears the search.", Token::Look);
    }
}

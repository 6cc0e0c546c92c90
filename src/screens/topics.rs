//! The list of topics: names, partitions, replication and in-sync state, as one Metadata answer tells them.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::Ask;
use crate::core::cursor::{Cursor, Place};
use crate::core::effect::Term;
use crate::core::event::Arrival;
use crate::core::key::{Input, KeyCode};
use crate::core::line::{Edit, Line};
use crate::core::names::NameFilter;
use crate::model::{ClusterView, Topic, TopicError, TopicName};
use crate::text::{Shown, units};
use crate::ui::{self, Pen, Token};

#[derive(Debug, Default)]
pub struct Topics {
    view: Option<Arc<ClusterView>>,
    /// Indexes into the view's topics, in the order of the list.
    rows: Vec<usize>,
    cursor: Cursor,
    /// Where the cursor stands, by name: rows may come and go around it.
    selected: Option<TopicName>,
    show_internal: bool,
    hidden: usize,
    filter: Filter,
}

#[derive(Debug, Default)]
struct Filter {
    /// The text in force.
    text: String,
    compiled: Option<NameFilter>,
    editing: Option<Line>,
    error: Option<String>,
    history: Vec<String>,
}

impl Topics {
    pub fn open(cx: &mut Cx<'_>) -> Self {
        let mut topics = Self::default();
        topics.refreshed(cx);
        topics
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(cx.size.1).saturating_sub(2)
    }

    fn topic(&self, row: usize) -> Option<&Arc<Topic>> {
        self.view.as_ref()?.topics.get(*self.rows.get(row)?)
    }

    fn current(&self) -> Option<&Arc<Topic>> {
        self.topic(self.cursor.at)
    }

    /// Makes the list anew and puts the cursor back on its topic.
    fn relist(&mut self, cx: &Cx<'_>) {
        let Some(view) = &self.view else { return };
        self.hidden = if self.show_internal { 0 } else { view.topics.iter().filter(|t| t.internal).count() };
        let listed = view.topics.iter().enumerate().filter(|(_, t)| self.show_internal || !t.internal);
        self.rows = match &self.filter.compiled {
            None => listed.map(|(n, _)| n).collect(),
            Some(filter) => filter.apply(listed.map(|(n, t)| (n, t.name.raw()))),
        };
        let found =
            self.selected.as_ref().and_then(|name| self.rows.iter().position(|&n| view.topics.get(n).is_some_and(|t| t.name == *name)));
        self.cursor.to(found.unwrap_or(self.cursor.at), self.rows.len(), Self::height(cx));
        if self.selected.is_some() && found.is_none() {
            self.selected = self.current().map(|t| t.name.clone());
        }
    }

    fn moved(&mut self, cx: &Cx<'_>, by: isize) {
        self.cursor.by(by, self.rows.len(), Self::height(cx));
        self.selected = self.current().map(|t| t.name.clone());
    }

    /// Takes the text as the filter, unless it is no expression: then the last good one stays in force.
    fn set_filter(&mut self, cx: &Cx<'_>, text: &str) {
        match NameFilter::parse(text) {
            Ok(compiled) => {
                self.filter.compiled = compiled;
                text.clone_into(&mut self.filter.text);
                self.filter.error = None;
                self.relist(cx);
            }
            Err(error) => self.filter.error = Some(error),
        }
    }
}

impl Screen for Topics {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("topics")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Topics, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::OpenTopic | Action::CopyTopic if self.current().is_none() => Err("No topic is selected."),
            Action::NextPane | Action::PreviousPane | Action::FullScreen => Err("There is one pane here, and it is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (len, height) = (self.rows.len(), Self::height(cx));
        match action {
            Action::Down => self.moved(cx, 1),
            Action::Up => self.moved(cx, -1),
            Action::HalfDown => self.moved(cx, Cursor::half(height)),
            Action::HalfUp => self.moved(cx, -Cursor::half(height)),
            Action::PageDown => self.moved(cx, Cursor::page(height)),
            Action::PageUp => self.moved(cx, -Cursor::page(height)),
            Action::First => self.moved(cx, isize::MIN / 2),
            Action::Last => self.moved(cx, isize::MAX / 2),
            Action::PutTop => self.cursor.place(Place::Top, len, height),
            Action::PutMiddle => self.cursor.place(Place::Middle, len, height),
            Action::PutBottom => self.cursor.place(Place::Bottom, len, height),
            Action::Internal => {
                self.show_internal = !self.show_internal;
                self.relist(cx);
            }
            Action::FilterTopics => self.filter.editing = Some(Line::new(&*self.filter.text).with_history(self.filter.history.clone())),
            Action::OpenTopic => {
                if let Some(topic) = self.current() {
                    match topic.error {
                        None => cx.go = Some(Route::Messages(Arc::clone(topic))),
                        Some(error) => cx.notices.look(cx.now, sentence(error)),
                    }
                }
            }
            Action::CopyTopic => {
                if let Some(topic) = self.current() {
                    let name = topic.name.raw().to_owned();
                    cx.term(Term::Osc52(name.clone()));
                    cx.start(Ask::Copy(name));
                    cx.notices.good(cx.now, "Name sent to the terminal's clipboard.");
                }
            }
            _ => {}
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        if self.filter.text.is_empty() {
            return false;
        }
        self.set_filter(cx, "");
        true
    }

    fn editing(&self) -> bool {
        self.filter.editing.is_some()
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        let Some(mut line) = self.filter.editing.take() else { return };
        match input {
            Input::Paste(text) => line.paste(text),
            Input::Key(key) if key.code == KeyCode::Enter && self.filter.error.is_none() => {
                self.filter.history.retain(|old| old != line.text());
                if !line.text().is_empty() {
                    self.filter.history.push(line.text().to_owned());
                }
                return;
            }
            Input::Key(key) if key.code == KeyCode::Enter => {}
            Input::Key(key) if key.code == KeyCode::Esc => {
                self.filter.error = None;
                return;
            }
            Input::Key(key) => match (key.code, line.key(*key)) {
                (KeyCode::Down, Edit::Moved) => self.moved(cx, 1),
                (KeyCode::Up, Edit::Moved) => self.moved(cx, -1),
                _ => {}
            },
            _ => {}
        }
        let text = line.text().to_owned();
        self.filter.editing = Some(line);
        if text != self.filter.text || self.filter.error.is_some() {
            self.set_filter(cx, &text);
        }
    }

    fn receive(&mut self, _cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        Some(arrival)
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        if let Some(view) = cx.cluster.view.get() {
            self.view = Some(Arc::clone(view));
            self.relist(cx);
            if self.selected.is_none() {
                self.selected = self.current().map(|t| t.name.clone());
            }
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.rows.len(), Self::height(cx));
    }

    fn status(&self, _look: &Look<'_>, pen: &mut Pen<'_>) {
        if let Some(line) = &self.filter.editing {
            pen.prompt("/", line);
            match &self.filter.error {
                Some(error) => pen.gap(3).own("✗ ", Token::Act).own(error, Token::Act),
                None => pen.gap(6).own("! inverts   -f fuzzy   esc keeps, esc again clears", Token::Dim),
            };
            return;
        }
        let Some(topic) = self.current() else { return };
        let room = pen.room();
        pen.shown(&Shown::of(topic.name.raw()), Token::Text, room / 2);
        // What is wrong comes before what only identifies: there may be no room for both.
        if let Some(error) = topic.error {
            pen.gap(3).own("▲ ", Token::Look).own(sentence(error), Token::Look);
        }
        let leaderless = topic.partitions.iter().filter(|p| p.leader.is_none()).count();
        if leaderless > 0 {
            pen.gap(3).own(format!("✗ {leaderless} without a leader: not readable now"), Token::Act);
        }
        let id = topic.id.to_string();
        if topic.id.is_known() && pen.room() >= id.len() + 6 {
            pen.gap(3).own("id ", Token::Dim).own(id, Token::Dim);
        }
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        let total = self.view.as_ref().map_or(0, |view| view.topics.len() - self.hidden);
        let mut facts = Vec::new();
        if self.view.is_some() {
            let count = if self.rows.len() == total {
                units::thousands(total as u64)
            } else {
                format!("{} of {}", units::thousands(self.rows.len() as u64), units::thousands(total as u64))
            };
            facts.push((count, Token::Dim));
        }
        if !self.filter.text.is_empty() {
            facts.push(("filter".to_owned(), Token::Dim));
            facts.push((Shown::of(&self.filter.text).cut(40).into_string(), Token::Look));
        }
        if self.hidden > 0 {
            facts.push((format!("{} internal hidden", self.hidden), Token::Dim));
        }
        let state: Vec<_> = match (&look.cluster.trouble, &look.cluster.view.value) {
            (Some(_), Some(fresh)) => vec![(format!("as of {}", look.clock(fresh.at)), Token::Dim), ("STALE".to_owned(), Token::Look)],
            _ => vec![],
        };
        ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), true, "Topics", &facts, &state);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.draw_rows(look, buf, body);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.rows.len())
    }
}

impl Topics {
    fn draw_rows(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        let Some(view) = &self.view else {
            if look.cluster.trouble.is_none() {
                Pen::new(buf, look.theme, area, 1).gap(2).own("Connecting … the list appears with the first answer.", Token::Dim);
            }
            return;
        };
        let longest = view.topics.iter().map(|topic| topic.name.raw().len()).max().unwrap_or(0);
        let columns = Columns::of(usize::from(area.width), longest);
        let mut pen = Pen::new(buf, look.theme, area, 0);
        pen.gap(2)
            .left("NAME", columns.name, Token::Dim)
            .right("PARTS", 8, Token::Dim)
            .right("RF", 5, Token::Dim)
            .gap(3)
            .own("ISR", Token::Dim);
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        if self.rows.is_empty() {
            Pen::new(buf, look.theme, rows, 1).gap(2).own(self.why_empty(view), Token::Look);
            return;
        }
        let height = usize::from(rows.height);
        let mut cursor = self.cursor;
        cursor.fit(self.rows.len(), height);
        let stale = look.cluster.trouble.is_some();
        for (y, row) in (0_u16..).zip(cursor.window(self.rows.len(), height)) {
            let Some(topic) = self.topic(row) else { continue };
            let mut pen = Pen::new(buf, look.theme, rows, y);
            draw_topic(&mut pen, look, topic, columns.name, row == cursor.at, stale);
        }
    }

    fn why_empty(&self, view: &ClusterView) -> String {
        if !self.filter.text.is_empty() {
            format!("No topic of {} passes the filter. esc clears it.", view.topics.len() - self.hidden)
        } else if self.hidden > 0 {
            format!("No topic but {} internal ones: i shows them.", self.hidden)
        } else {
            "The cluster has no topic that we may describe.".to_owned()
        }
    }
}

/// Widths of the columns.
struct Columns {
    name: usize,
}

impl Columns {
    /// The name takes what the longest name of all needs, so that the figures stand beside it and do not move with the
    /// filter; at most what is left of "✗ 48 no leader" and the figures.
    fn of(width: usize, longest: usize) -> Self {
        Self { name: longest.max(24).min(width.saturating_sub(2 + 8 + 5 + 3 + 14)).max(10) }
    }
}

fn draw_topic(pen: &mut Pen<'_>, look: &Look<'_>, topic: &Topic, name: usize, selected: bool, stale: bool) {
    if selected {
        pen.ground(look.theme.raised()).own("▌", Token::Accent);
    }
    pen.to(2);
    let (text, numbers) = if stale { (Token::Dim, Token::Dim) } else { (Token::Text, Token::Text) };
    let shown = Shown::of(topic.name.raw());
    if selected {
        pen.shown_bold(&shown, Token::Title, name)
    } else {
        pen.shown(&shown, text, name)
    };
    pen.to(2 + name);
    if topic.error.is_some() {
        pen.right("?", 8, Token::Look).right("?", 5, Token::Look).gap(3).own("?", Token::Look);
        return;
    }
    pen.right(units::thousands(topic.partitions.len() as u64), 8, numbers).right(topic.replication().to_string(), 5, Token::Dim).gap(3);
    let leaderless = topic.partitions.iter().filter(|p| p.leader.is_none()).count();
    let short = topic.partitions.iter().filter(|p| p.isr.len() < p.replicas.len()).count();
    if leaderless > 0 {
        pen.own(format!("✗ {leaderless} no leader"), Token::Act);
    } else if short > 0 {
        let whole = topic.partitions.len() - short;
        pen.own(format!("▲ {whole}/{}", topic.partitions.len()), Token::Act);
    } else {
        pen.own("ok", Token::Dim);
    }
}

fn sentence(error: TopicError) -> &'static str {
    match error {
        TopicError::Unknown => "The broker does not know this topic (any more).",
        TopicError::NotAuthorised => "Not authorised to describe this topic.",
        TopicError::Invalid => "The broker calls this name invalid.",
        TopicError::Other(_) => "The broker answered with an error for this topic.",
    }
}

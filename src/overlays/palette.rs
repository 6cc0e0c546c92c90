//! The command palette: a line to type into, and below it what it may become. Commands first, then the topics that one is
//! about; what cannot be done here says why.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use crate::core::cluster::Cluster;
use crate::core::command::{self, Takes, WORDS, Word};
use crate::core::context::Target;
use crate::core::cursor::Cursor;
use crate::core::groups::Row;
use crate::core::history::Past;
use crate::core::key::{Key, KeyCode};
use crate::core::line::{Edit, Line};
use crate::core::names;
use crate::core::verdict::words;
use crate::model::ClusterView;
use crate::screens::Look;
use crate::text::{self, Shown, units};
use crate::ui::{self, Pen, Token};

/// Rows of suggestions.
const ROWS: usize = 10;
/// Topics that are kept of those that match: nobody pages further.
const MOST: usize = 200;
/// Earlier lines that are shown while nothing is typed.
const RECENT: usize = 4;

/// See the module.
#[derive(Debug)]
pub struct Palette {
    line: Line,
    past: Past,
    suggestions: Vec<Suggestion>,
    /// They are names that the line is about, not words that it begins with.
    names: bool,
    /// How many there would be.
    found: usize,
    cursor: Cursor,
    error: Option<String>,
}

/// What a line may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The whole line, as it would be typed.
    pub line: String,
    /// Whether it can run like that; otherwise something is missing behind it.
    pub whole: bool,
    pub doc: String,
    /// The keys that do the same.
    pub keys: String,
    /// Why it does nothing here.
    pub refused: Option<&'static str>,
}

/// What a key did.
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    /// It goes on.
    Nothing,
    /// The text changed: [`Palette::suggest`] is due.
    Changed,
    Closed,
    /// The line is to be run.
    Run(String),
}

/// A command of the table that may be typed here, with its keys and why it does nothing, if so.
pub type Here = (&'static str, &'static str, String, Option<&'static str>);

impl Palette {
    /// With a text that is there already.
    pub fn new(text: &str, past: Past) -> Self {
        let line = Line::new(text).with_past(Past::clone(&past));
        Self { line, past, suggestions: Vec::new(), names: false, found: 0, cursor: Cursor::default(), error: None }
    }

    pub fn text(&self) -> &str {
        self.line.text()
    }

    /// The line was not understood, or could not be done.
    pub fn refuse(&mut self, sentence: String) {
        self.error = Some(sentence);
    }

    pub fn paste(&mut self, text: &str) {
        self.line.paste(text);
    }

    pub fn key(&mut self, key: Key) -> Done {
        let len = self.suggestions.len();
        if self.line.search().is_none() {
            match (key.code, key.ctrl) {
                (KeyCode::Esc, _) => return Done::Closed,
                (KeyCode::Enter, _) => return self.enter(),
                (KeyCode::Tab, _) | (KeyCode::Right, false) if self.line.at() == self.line.text().len() => return self.complete(),
                (KeyCode::BackTab, _) => {
                    self.cursor.by(-1, len, ROWS);
                    return Done::Nothing;
                }
                // Up goes to earlier lines while nothing is typed, and through the list otherwise.
                (KeyCode::Down, _) => {
                    self.cursor.by(1, len, ROWS);
                    return Done::Nothing;
                }
                (KeyCode::Up, _) if self.cursor.at > 0 => {
                    self.cursor.by(-1, len, ROWS);
                    return Done::Nothing;
                }
                (KeyCode::PageDown, _) => {
                    self.cursor.by(Cursor::page(ROWS), len, ROWS);
                    return Done::Nothing;
                }
                (KeyCode::PageUp, _) => {
                    self.cursor.by(-Cursor::page(ROWS), len, ROWS);
                    return Done::Nothing;
                }
                (KeyCode::Backspace, _) if self.line.text().is_empty() => return Done::Closed,
                _ => {}
            }
        }
        if self.line.key(key) == Edit::Changed {
            self.error = None;
            return Done::Changed;
        }
        Done::Nothing
    }

    /// What is typed runs if it is a command as it stands; else the selected suggestion, when nothing is missing behind it.
    fn enter(&mut self) -> Done {
        let text = self.line.text().trim().to_owned();
        let chosen = self.suggestions.get(self.cursor.at);
        let is_listed = self.suggestions.iter().any(|suggestion| suggestion.line == text);
        if let (true, false, Some(best)) = (self.names, is_listed, chosen) {
            // Part of a name stands for the best that has it.
            return Done::Run(best.line.clone());
        }
        match (command::read(&text), chosen) {
            (Ok(_), chosen) if self.cursor.at == 0 || chosen.is_none() => Done::Run(text),
            (_, Some(suggestion)) if suggestion.whole => Done::Run(suggestion.line.clone()),
            (Err(_), Some(_)) => self.complete(),
            (Err(error), None) => {
                self.error = Some(error);
                Done::Nothing
            }
            (Ok(_), _) => Done::Run(text),
        }
    }

    fn complete(&mut self) -> Done {
        let Some(suggestion) = self.suggestions.get(self.cursor.at) else { return Done::Nothing };
        let blank = if suggestion.whole { "" } else { " " };
        self.line = Line::new(format!("{}{blank}", suggestion.line)).with_past(Past::clone(&self.past));
        Done::Changed
    }

    /// Makes the list anew, from what can be done here, the topics there are, the aliases, and the contexts.
    pub fn suggest(&mut self, here: &[Here], cluster: &Cluster, aliases: &[(String, String)], targets: &[Target]) {
        let text = self.line.text().trim_start().trim_start_matches(':').to_owned();
        self.cursor = Cursor::default();
        self.names = false;
        let word = text.split_once(char::is_whitespace);
        let about = word.and_then(|(name, rest)| command::find(name).map(|word| (word, rest.trim_start())));
        self.suggestions = match about {
            Some((word, rest)) if matches!(word.takes, Takes::Topic | Takes::TopicAndQuery) && !rest.contains(char::is_whitespace) => {
                self.names = true;
                topics(word.name, rest, cluster.view.get().map(|view| &**view))
            }
            // A group may have any name, blanks and all.
            Some((Word { takes: Takes::Group, name, .. }, rest)) => {
                self.names = true;
                groups(name, rest, cluster)
            }
            Some((Word { takes: Takes::Context, name, .. }, rest)) if !rest.contains(char::is_whitespace) => {
                self.names = true;
                contexts(&format!("{name} "), rest, targets)
            }
            Some((Word { takes: Takes::Filter, .. }, rest)) if last(rest).starts_with('@') => {
                self.names = true;
                let typed = last(rest).trim_start_matches('@');
                contexts(text.strip_suffix(typed).unwrap_or(&text), typed, targets)
            }
            Some(_) => Vec::new(),
            None if word.is_some() => Vec::new(),
            None => commands(&text, here, aliases),
        };
        self.found = self.suggestions.len();
        self.suggestions.truncate(MOST);
    }
}

/// The topics that match, best first.
fn topics(word: &str, typed: &str, view: Option<&ClusterView>) -> Vec<Suggestion> {
    let Some(view) = view else { return Vec::new() };
    let found = names::fuzzy(typed, view.topics.iter().map(|topic| topic.name.raw()));
    let suggestion = |at: usize| {
        let topic = view.topics.get(at)?;
        let doc = units::counted(units::wide(topic.partitions.len()), "partition");
        Some(Suggestion { line: format!("{word} {}", topic.name.raw()), whole: true, doc, keys: String::new(), refused: None })
    };
    found.into_iter().filter_map(suggestion).collect()
}

/// The groups that match, best first.
fn groups(word: &str, typed: &str, cluster: &Cluster) -> Vec<Suggestion> {
    let rows: Vec<&Row> = cluster.groups.rows().collect();
    let found = names::fuzzy(typed, rows.iter().map(|row| row.id().raw()));
    let suggestion = |at: usize| {
        let row = rows.get(at)?;
        let lag = row.total().filter(|total| total.known > 0).map(|total| format!(", lag {}", units::short(total.offsets)));
        let doc = format!("{}{}", words::state(row.state()).as_str(), lag.unwrap_or_default());
        Some(Suggestion { line: format!("{word} {}", row.id().raw()), whole: true, doc, keys: String::new(), refused: None })
    };
    found.into_iter().take(MOST).filter_map(suggestion).collect()
}

/// What is being typed: the last word, empty behind a blank.
fn last(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// The contexts that match, best first; `before`: what the line says in front of the name.
fn contexts(before: &str, typed: &str, targets: &[Target]) -> Vec<Suggestion> {
    let found = names::fuzzy(typed, targets.iter().map(Target::name));
    let suggestion = |at: usize| {
        let target = targets.get(at)?;
        let line = format!("{before}{}", target.name());
        Some(Suggestion { line, whole: true, doc: target.bootstrap.clone(), keys: String::new(), refused: None })
    };
    found.into_iter().filter_map(suggestion).collect()
}

/// The words, the commands that belong here, and the aliases that match, best first.
fn commands(typed: &str, here: &[Here], aliases: &[(String, String)]) -> Vec<Suggestion> {
    let words = WORDS.iter().map(|word| Suggestion {
        line: word.name.to_owned(),
        whole: matches!(word.takes, Takes::Nothing | Takes::Filter | Takes::Context),
        doc: word.doc.to_owned(),
        keys: word.short.first().filter(|short| short.len() < word.name.len()).map_or_else(String::new, |short| format!(":{short}")),
        refused: None,
    });
    let aliases = aliases.iter().map(|(name, line)| Suggestion {
        line: name.clone(),
        whole: true,
        doc: format!("= {line}"),
        keys: String::new(),
        refused: None,
    });
    let here = here.iter().map(|(name, doc, keys, refused)| Suggestion {
        line: (*name).to_owned(),
        whole: true,
        doc: (*doc).to_owned(),
        keys: keys.clone(),
        refused: *refused,
    });
    let all: Vec<Suggestion> = words.chain(aliases).chain(here).collect();
    // A short form is what it stands for, first of all.
    let exact = command::find(typed).and_then(|word| all.iter().position(|suggestion| suggestion.line == word.name));
    let found = names::fuzzy(typed, all.iter().map(|suggestion| suggestion.line.as_str()));
    let order = exact.into_iter().chain(found.into_iter().filter(|at| Some(*at) != exact));
    order.filter_map(|at| all.get(at).cloned()).collect()
}

/// Draws it over the upper part of `area`.
pub fn draw(palette: &Palette, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let recent = recent(palette);
    let listed = palette.suggestions.len().clamp(1, ROWS);
    let rows = u16::try_from(3 + listed + recent.len() + usize::from(!recent.is_empty())).unwrap_or(area.height);
    let area = Rect { height: rows.min(area.height), ..area };
    Clear.render(area, buf);
    let state = [("enter runs · tab completes · ↑ recalls · esc closes".to_owned(), Token::Dim)];
    let facts = [(units::counted(units::wide(palette.found), "match").replace("matchs", "matches"), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), true, "Command", &facts, &state);
    let mut pen = Pen::new(buf, look.theme, area, 1);
    pen.gap(1).prompt(":", &palette.line);
    if let Some(error) = &palette.error {
        // It may repeat what was typed.
        let room = pen.gap(3).own("✗ ", Token::Act).room();
        pen.shown(&Shown::of(error), Token::Act, room);
    }
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2).min(u16::try_from(listed).unwrap_or(1)), ..area };
    let mut cursor = palette.cursor;
    cursor.fit(palette.suggestions.len(), usize::from(list.height));
    let longest = palette.suggestions.iter().map(|suggestion| text::width(&suggestion.line)).max().unwrap_or(0);
    let columns = longest.clamp(16, (usize::from(area.width) / 2).max(16));
    for (y, at) in (0_u16..).zip(cursor.window(palette.suggestions.len(), usize::from(list.height))) {
        let Some(suggestion) = palette.suggestions.get(at) else { continue };
        draw_suggestion(suggestion, columns, at == cursor.at, (look, &mut Pen::new(buf, look.theme, list, y)));
    }
    if palette.suggestions.is_empty() {
        Pen::new(buf, look.theme, list, 0).gap(3).own(hint(palette), Token::Dim);
    }
    let below = 2 + list.height;
    for (y, line) in (below..).zip(recent.iter().map(String::as_str)) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        let room = pen.gap(3).own(if y == below { "recent  " } else { "        " }, Token::Dim).room();
        pen.shown(&Shown::of(line), Token::Dim, room);
    }
    Pen::new(buf, look.theme, area, area.height.saturating_sub(1)).rule(0, Token::Faint);
}

fn draw_suggestion(suggestion: &Suggestion, columns: usize, selected: bool, (look, pen): (&Look<'_>, &mut Pen<'_>)) {
    if selected {
        pen.ground(look.theme.raised()).own("▌", Token::Accent);
    }
    pen.to(3);
    let name = Shown::of(&suggestion.line);
    let token = if suggestion.refused.is_some() { Token::Dim } else { Token::Text };
    if selected {
        pen.shown_bold(&name, token, columns)
    } else {
        pen.shown(&name, token, columns)
    };
    pen.to(3 + columns).gap(2);
    let room = pen.room().saturating_sub(14);
    let column = pen.column();
    match suggestion.refused {
        Some(reason) => pen.shown(&Shown::of(reason), Token::Look, room),
        None => pen.shown(&Shown::of(&suggestion.doc), Token::Dim, room),
    };
    pen.to(column + room).right(&suggestion.keys, 12, Token::Accent);
}

/// What to do when nothing is suggested.
fn hint(palette: &Palette) -> String {
    let text = palette.line.text().trim_start();
    let word = text.split_whitespace().next().and_then(command::find);
    match word.map(|word| word.takes) {
        Some(Takes::Text(what)) => format!("{what}; enter runs it"),
        Some(Takes::Filter) if last(text).starts_with('@') => "no context of that name is configured".to_owned(),
        Some(Takes::Filter) => "a filter behind a slash: /^pay, /!internal, /-f fuzzy; a context behind an @".to_owned(),
        Some(Takes::Context) => "no context of that name is configured".to_owned(),
        Some(Takes::TopicAndQuery) => "a query, as behind / on the message screen: .status == \"FAILED\"".to_owned(),
        Some(Takes::Group) => "no group of that name is listed".to_owned(),
        Some(Takes::Topic) => "no topic of that name is listed".to_owned(),
        Some(Takes::Nothing) => "enter runs it".to_owned(),
        None => "no command has that in its name".to_owned(),
    }
}

/// Earlier lines, the newest first, while nothing is typed.
fn recent(palette: &Palette) -> Vec<String> {
    if !palette.line.text().is_empty() {
        return Vec::new();
    }
    palette.past.iter().rev().take(RECENT).cloned().collect()
}

//! The value pane: the selected record's value as its decoder shows it, with folds, a cursor, a search. What is drawn is
//! always named by partition and offset, so that a value still being rendered is never taken for the selected one.

use std::ops::Range;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::action::Action;
use crate::core::ask::{Answer, Ask, RenderAsk, Reply};
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::store::Seq;
use crate::decode::{self, View, Wanted};
use crate::model::Chunk;
use crate::query::Filter;
use crate::screens::{Cx, Look};
use crate::text::{Shown, Window, units};
use crate::tree::{Folds, Found, Row};
use crate::ui::{self, Pane, Pen, Token};

/// A record that was fetched alone has no number in the list.
const ALONE: Seq = Seq(i64::MIN);
/// Columns that `h` and `l` scroll where there is nothing to fold.
const SIDEWAYS: usize = 8;

#[derive(Debug, Default)]
pub(super) struct ValuePane {
    shown: Option<Rendered>,
    wanted: Wanted,
    pub(super) wrap: bool,
    /// The newest wish, and the task that is at work, perhaps on an older one.
    wish: Option<(Seq, Arc<Chunk>, usize)>,
    rendering: Option<TaskId>,
    /// The view that the task at work was asked for.
    asked: Wanted,
    /// What is shown was made for another view than is wanted now.
    outdated: bool,
    searching: Option<TaskId>,
    coloring: Option<TaskId>,
    /// What was searched for last; it is looked for again in the next value.
    text: String,
    pub(super) filter: Option<Arc<Filter>>,
}

#[derive(Debug)]
struct Rendered {
    seq: Seq,
    chunk: Arc<Chunk>,
    row: usize,
    view: Arc<View>,
    folds: Folds,
    at: Row,
    /// The first visible row in the window, counted without what is folded away, and the line within it when wrapped.
    top: (u32, usize),
    from: usize,
    found: Option<Arc<Found>>,
    /// What the filter matched in the value.
    hits: Vec<Range<usize>>,
}

impl ValuePane {
    /// The record whose value is drawn.
    pub(super) fn shown(&self) -> Option<(&Arc<Chunk>, usize)> {
        self.shown.as_ref().map(|shown| (&shown.chunk, shown.row))
    }

    /// Whether it is this record's value that is drawn.
    pub(super) fn is_of(&self, seq: Seq) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.seq == seq)
    }

    /// Wants a record's value. While one is being rendered the wish waits: only the newest is done next.
    pub(super) fn want(&mut self, cx: &mut Cx<'_>, seq: Seq, chunk: &Arc<Chunk>, row: usize) {
        if self.wish.as_ref().is_some_and(|wish| wish.0 == seq)
            || (self.wish.is_none() && !self.outdated && self.shown.as_ref().is_some_and(|s| s.seq == seq))
        {
            return;
        }
        self.wish = Some((seq, Arc::clone(chunk), row));
        self.next(cx);
    }

    /// Shows the only record of a chunk, whatever the list shows.
    pub(super) fn alone(&mut self, cx: &mut Cx<'_>, chunk: &Arc<Chunk>) {
        self.wish = Some((ALONE, Arc::clone(chunk), 0));
        self.next(cx);
    }

    /// The next wish renders anew even when the same record stays selected.
    pub(super) fn forget(&mut self) {
        if let Some(shown) = self.shown.take() {
            self.wish = None;
            self.shown = None;
            drop(shown);
        }
    }

    fn next(&mut self, cx: &mut Cx<'_>) {
        if self.rendering.is_some() {
            return;
        }
        if let Some((seq, chunk, row)) = &self.wish {
            let ask = RenderAsk { chunk: Arc::clone(chunk), row: *row, seq: *seq, wanted: self.wanted, filter: self.filter.clone() };
            self.asked = self.wanted;
            self.rendering = Some(cx.start(Ask::Render(ask)));
        }
    }

    /// Takes replies to its own questions; gives back others.
    pub(super) fn receive(&mut self, cx: &mut Cx<'_>, reply: Reply) -> Option<Reply> {
        if self.searching == Some(reply.id) {
            self.searching = None;
            if let (Ok(Answer::Hits { seq, found }), Some(shown)) = (reply.result, &mut self.shown)
                && seq == shown.seq
            {
                shown.found = Some(found);
                if !self.text.is_empty() {
                    shown.jump(true, true);
                }
            }
            return None;
        }
        if self.coloring == Some(reply.id) {
            self.coloring = None;
            if let (Ok(Answer::Highlighted { seq, view }), Some(shown)) = (reply.result, &mut self.shown)
                && seq == shown.seq
            {
                shown.view = view;
            }
            return None;
        }
        if self.rendering != Some(reply.id) {
            return Some(reply);
        }
        self.rendering = None;
        match reply.result {
            Ok(Answer::Rendered { seq, chunk, row, view, hits }) => {
                // A view that was chosen meanwhile is still to be made.
                self.outdated = self.asked != self.wanted;
                if !self.outdated && self.wish.as_ref().is_some_and(|wish| wish.0 == seq) {
                    self.wish = None;
                }
                let folds = view.folds();
                self.shown = Some(Rendered { seq, chunk, row, view, folds, at: Row(0), top: (0, 0), from: 0, found: None, hits });
                if !self.text.is_empty() && self.wish.is_none() {
                    self.find(cx);
                }
            }
            Ok(_) => {}
            Err(failure) => {
                self.wish = None;
                cx.notices.failure(&failure);
            }
        }
        self.next(cx);
        None
    }

    /// `v`: the next decoder that has something to show for this value. What is shown stays until the new view is there.
    pub(super) fn next_view(&mut self) {
        let Some(shown) = &self.shown else { return };
        let value = shown.chunk.get(shown.row).and_then(|record| record.value);
        let choices: Vec<Wanted> = std::iter::once(Wanted::Auto).chain(decode::choices(value).iter().map(|d| d.wanted)).collect();
        // "auto" and the decoder that it picked look the same: step over the latter.
        let auto = shown.view.decoder();
        let mut at = choices.iter().position(|wanted| *wanted == self.wanted).map_or(0, |at| at + 1);
        if self.wanted == Wanted::Auto && decode::choices(value).get(at.saturating_sub(1)).is_some_and(|d| d.name == auto) {
            at += 1;
        }
        self.wanted = choices.get(at).copied().unwrap_or(Wanted::Auto);
        self.outdated = true;
    }

    pub(super) fn search(&mut self, cx: &mut Cx<'_>, text: &str) {
        text.trim_matches('/').clone_into(&mut self.text);
        self.find(cx);
    }

    fn find(&mut self, cx: &mut Cx<'_>) {
        let Some(shown) = &mut self.shown else { return };
        shown.found = None;
        if !self.text.is_empty() && shown.view.is_searchable() {
            let ask = Ask::Search { seq: shown.seq, view: Arc::clone(&shown.view), text: self.text.clone() };
            self.searching = Some(cx.start(ask));
        }
    }

    /// True when there was a search to clear.
    pub(super) fn clear_search(&mut self) -> bool {
        let had = !self.text.is_empty();
        self.text.clear();
        if let Some(shown) = &mut self.shown {
            shown.found = None;
        }
        had
    }

    /// The path of the cursor, as a filter takes it.
    pub(super) fn path(&self) -> Option<String> {
        let shown = self.shown.as_ref()?;
        shown.view.tree()?.path(shown.at).map(|path| path.to_string())
    }

    pub(super) fn jq_path(&self) -> Option<String> {
        let shown = self.shown.as_ref()?;
        shown.view.tree()?.path(shown.at).map(|path| path.jq())
    }

    /// A test for the value under the cursor: `.status == "FAILED"`.
    pub(super) fn field_test(&self) -> Option<String> {
        let shown = self.shown.as_ref()?;
        let path = self.path()?;
        let source = shown.view.source().get(shown.view.tree()?.value(shown.at))?;
        let text = std::str::from_utf8(source).ok()?;
        Some(if text.starts_with(['{', '[']) { format!("exists {path}") } else { format!("{path} == {text}") })
    }

    /// The scalar under the cursor, its path and what it says: of a string what is in it.
    pub(super) fn scalar(&self) -> Option<(String, String)> {
        self.scalar_at(self.shown.as_ref()?.at)
    }

    /// Scalars of the value, among its first rows.
    pub(super) fn scalars(&self, rows: u32) -> Vec<(String, String)> {
        let all = self.shown.as_ref().and_then(|shown| shown.view.tree()).map_or(0, crate::tree::Tree::rows);
        (0..all.min(rows)).filter_map(|row| self.scalar_at(Row(row))).collect()
    }

    fn scalar_at(&self, row: Row) -> Option<(String, String)> {
        let shown = self.shown.as_ref()?;
        let tree = shown.view.tree()?;
        if tree.kind(row) != Some(crate::tree::Kind::Leaf) {
            return None;
        }
        let raw = tree.source().get(tree.value(row))?;
        let text = match raw {
            [b'"', inside @ .., b'"'] => String::from_utf8(crate::json::decode(inside).into_owned()).ok()?,
            [b'0'..=b'9' | b'-', ..] => String::from_utf8(raw.to_vec()).ok()?,
            _ => return None,
        };
        Some((tree.title(row), text))
    }

    /// Moves, folds, jumps. `size` is the pane's columns and rows.
    pub(super) fn act(&mut self, cx: &mut Cx<'_>, action: Action, size: (usize, usize)) {
        let wrap = self.wrap;
        let Some(shown) = &mut self.shown else { return };
        match action {
            Action::NextHit => shown.jump(true, false),
            Action::PreviousHit => shown.jump(false, false),
            _ => shown.act(action, size.1),
        }
        shown.fit(size, wrap);
        // Before the cursor comes to lines without colours, they are asked for.
        let ahead = shown.at.0.saturating_add(u32::try_from(size.1).unwrap_or(u32::MAX));
        if self.coloring.is_none() && shown.view.highlighted_rows().is_some_and(|rows| rows < ahead) {
            let ask = Ask::Highlight { seq: shown.seq, view: Arc::clone(&shown.view), to: Row(ahead) };
            self.coloring = Some(cx.start(ask));
        }
    }
}

impl Rendered {
    fn act(&mut self, action: Action, height: usize) {
        let view = Arc::clone(&self.view);
        let step = |lines: isize| i64::try_from(lines).unwrap_or(0);
        match action {
            Action::Down => self.at = self.folds.step(self.at, 1),
            Action::Up => self.at = self.folds.step(self.at, -1),
            Action::HalfDown => self.at = self.folds.step(self.at, step(Cursor::half(height))),
            Action::HalfUp => self.at = self.folds.step(self.at, -step(Cursor::half(height))),
            Action::PageDown => self.at = self.folds.step(self.at, step(Cursor::page(height))),
            Action::PageUp => self.at = self.folds.step(self.at, -step(Cursor::page(height))),
            Action::First => self.at = Row(0),
            Action::Last => self.at = self.folds.row_at(self.folds.visible().saturating_sub(1)),
            Action::PutTop => self.top = (self.folds.place(self.at), 0),
            Action::PutMiddle => self.top = (self.folds.place(self.at).saturating_sub(u32::try_from(height / 2).unwrap_or(0)), 0),
            Action::PutBottom => {
                self.top = (self.folds.place(self.at).saturating_sub(u32::try_from(height.saturating_sub(1)).unwrap_or(0)), 0);
            }
            _ => match view.tree() {
                Some(tree) => self.fold(tree, action),
                None => match action {
                    Action::Close => self.from = self.from.saturating_sub(SIDEWAYS),
                    Action::OpenNode => self.from += SIDEWAYS,
                    _ => {}
                },
            },
        }
    }

    fn fold(&mut self, tree: &crate::tree::Tree, action: Action) {
        let folds = &mut self.folds;
        match action {
            Action::Fold => self.at = folds.toggle(tree, self.at),
            Action::Close if self.from > 0 => self.from = self.from.saturating_sub(SIDEWAYS),
            Action::Close => self.at = tree.fold_or_leave(folds, self.at),
            Action::OpenNode if tree.first_child(tree.opening(self.at)).is_none() => self.from += SIDEWAYS,
            Action::OpenNode => self.at = tree.open_or_enter(folds, self.at),
            Action::OpenAll => folds.open_all(),
            Action::CloseAll => folds.close_all(tree),
            Action::DeepClose => folds.fold_deep(tree, self.at),
            Action::DeepOpen => folds.unfold_deep(tree, self.at),
            Action::NextSibling => self.at = tree.next_sibling(self.at).unwrap_or(self.at),
            Action::PreviousSibling => self.at = tree.previous_sibling(self.at).unwrap_or(self.at),
            _ => {
                if let Some(level) = level(action) {
                    folds.to_level(tree, level);
                }
            }
        }
        self.at = self.folds.shown(self.at);
    }

    /// To the next or previous hit; `here` stays when the cursor's own row has one.
    fn jump(&mut self, forward: bool, here: bool) {
        let Some(found) = &self.found else { return };
        if here && !found.on(self.at).is_empty() {
            return;
        }
        let hit = if forward { found.next(self.at) } else { found.previous(self.at) };
        if let Some((_, row)) = hit {
            if let Some(tree) = self.view.tree() {
                self.folds.reveal(tree, row);
            }
            self.at = row;
        }
    }

    fn lines_of(&self, place: u32, columns: usize, wrap: bool) -> usize {
        if wrap { self.view.height(self.folds.row_at(place), &self.folds, columns).max(1) } else { 1 }
    }

    /// Brings the cursor's row into the window.
    fn fit(&mut self, (columns, height): (usize, usize), wrap: bool) {
        let at = self.folds.place(self.at);
        if at <= self.top.0 {
            self.top = (at, 0);
            return;
        }
        // Walks up from the cursor until the window is full: the top must not be above that row.
        let (mut place, mut lines) = (at, self.lines_of(at, text_columns(self, columns), wrap));
        while place > self.top.0 {
            lines += self.lines_of(place - 1, text_columns(self, columns), wrap);
            if lines > height {
                self.top = (place, 0);
                return;
            }
            place -= 1;
        }
        let last = self.folds.visible().saturating_sub(u32::try_from(height).unwrap_or(u32::MAX));
        if !wrap {
            self.top.0 = self.top.0.min(last);
        }
    }
}

fn level(action: Action) -> Option<usize> {
    let levels = [
        Action::Level1,
        Action::Level2,
        Action::Level3,
        Action::Level4,
        Action::Level5,
        Action::Level6,
        Action::Level7,
        Action::Level8,
        Action::Level9,
    ];
    levels.iter().position(|level| *level == action).map(|at| at + 1)
}

/// Columns of line numbers with the blank behind them. Lines of hex say their offset themselves.
fn gutter(shown: &Rendered) -> usize {
    if shown.view.decoder() == "hex" {
        return 1;
    }
    shown.view.rows().to_string().len().max(3) + 2
}

fn text_columns(shown: &Rendered, columns: usize) -> usize {
    columns.saturating_sub(gutter(shown)).max(1)
}

/// Words for a title line.
type Words = Vec<(String, Token)>;

impl ValuePane {
    pub(super) fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect, focused: bool, selected: Option<Seq>) {
        let pane = Pane::of(area);
        let Some(shown) = &self.shown else {
            let words = self.rendering.map(|_| ("…".to_owned(), Token::Dim));
            ui::title_rule(&mut Pen::new(buf, look.theme, pane.title, 0), focused, "Value", words.as_slice(), &[]);
            return;
        };
        let (facts, state) = self.title(shown, selected);
        ui::title_rule(&mut Pen::new(buf, look.theme, pane.title, 0), focused, "Value", &facts, &state);
        let (columns, height) = (usize::from(pane.body.width), usize::from(pane.body.height));
        let width = text_columns(shown, columns);
        let (mut place, mut part) = shown.top;
        let mut y = 0_u16;
        while usize::from(y) < height && place < shown.folds.visible() {
            let row = shown.folds.row_at(place);
            let lines = shown.lines_of(place, width, self.wrap);
            let mut pen = Pen::new(buf, look.theme, pane.body, y);
            if row == shown.at && focused {
                pen.ground(look.theme.raised());
            }
            let number = if part == 0 { units::thousands(u64::from(row.0) + 1) } else { String::new() };
            pen.right(number, gutter(shown) - 1, Token::Faint).gap(1);
            let searched = shown.found.as_ref().map(|found| found.on(row));
            let hits = searched.as_deref().unwrap_or(&shown.hits);
            let line = if self.wrap {
                shown.view.wrapped(row, &shown.folds, width, part, hits)
            } else {
                shown.view.line(row, &shown.folds, Window { from: shown.from, columns: width }, hits)
            };
            pen.segments(&line.segments);
            part += 1;
            if part >= lines {
                place += 1;
                part = 0;
            }
            y += 1;
        }
    }

    fn title(&self, shown: &Rendered, selected: Option<Seq>) -> (Words, Words) {
        let rows = shown.view.rows();
        let lines = if rows == 1 { "1 line".to_owned() } else { format!("{} lines", units::thousands(u64::from(rows))) };
        let mut facts = vec![(format!("{} · {lines}", shown.view.title()), Token::Dim)];
        if let Some(tree) = shown.view.tree() {
            let path = tree.title(shown.at);
            if path != "." {
                facts.push((Shown::of(&path).cut(40).into_string(), Token::Accent));
            }
        }
        if !self.text.is_empty() {
            let found = shown.found.as_ref().map_or_else(
                || "…".to_owned(),
                |found| {
                    let (count, more) = (units::thousands(units::wide(found.hits.len())), if found.capped { "+" } else { "" });
                    match found.number(shown.at) {
                        Some(at) => format!("{} of {count}{more}", units::thousands(units::wide(at + 1))),
                        None if found.hits.is_empty() => "not found".to_owned(),
                        None => format!("{count}{more} hits"),
                    }
                },
            );
            facts.push((format!("/{} {found}", Shown::of(&self.text).cut(20).as_str()), Token::Look));
        }
        let mut state = Vec::new();
        if let Some(record) = shown.chunk.get(shown.row) {
            if selected != Some(shown.seq) {
                state.push((format!("of {}@{}", record.partition.0, record.offset.0), Token::Look));
            }
            state.push((record.value.map_or_else(|| "∅".to_owned(), |value| units::size(value.len() as u64)), Token::Dim));
        }
        if self.wrap {
            state.push(("wrap".to_owned(), Token::Dim));
        }
        (facts, state)
    }
}

//! The filter bar: a query being typed, the one in force, what it found. A text that is no query changes nothing: the
//! last good one stays in force, and the bar says where the mistake is.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::core::ask::{Answer, Ask, FilterAsk, Reply};
use crate::core::effect::TaskId;
use crate::core::key::{Input, Key, KeyCode};
use crate::core::line::Line;
use crate::core::store::{MessageStore, Seq, Snapshot};
use crate::model::{TopicName, TxnTable};
use crate::query::ast::{Bound, Expr, Test};
use crate::query::position::Position;
use crate::query::{self, Filter, Query, QueryError, Select};
use crate::screens::Cx;
use crate::text::ndjson::{self, Target};

use super::offer::Offer;
use super::reader::{From, Reader};

#[derive(Debug, Default)]
pub(super) struct Bar {
    /// The text in force; empty is no filter.
    pub(super) text: String,
    filter: Option<Arc<Filter>>,
    /// What the list shows of each record in place of its value.
    select: Option<Select>,
    /// So many of the newest that match are listed.
    limit: Option<usize>,
    /// Counts the filters, so that what was found by an older one is told apart.
    generation: u32,
    pub(super) editing: Option<Line>,
    /// What tab offers.
    pub(super) offer: Offer,
    pub(super) error: Option<QueryError>,
    /// Look-throughs of held records that are under way.
    looking: BTreeSet<TaskId>,
    matched: BTreeSet<Seq>,
    /// Records looked through since this filter is in force, held and arriving; of these matched; and those that were no
    /// JSON or broken where the filter asked into them.
    pub(super) counts: Counts,
    /// The text before `#` added a key to it.
    before_key: Option<String>,
}

/// What a filter came upon.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) scanned: u64,
    pub(super) matched: u64,
    pub(super) broken: u64,
}

impl Bar {
    pub(super) fn in_force(&self) -> Option<Arc<Filter>> {
        self.filter.clone()
    }

    /// The columns in place of the value; `None`: the value.
    pub(super) fn select(&self) -> Option<&Select> {
        self.select.as_ref()
    }

    /// The most records that are listed, where the query says so.
    pub(super) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// The text in force up to its stages, and these.
    fn parts(&self) -> (&str, &str) {
        let at = query::stages_at(&self.text).unwrap_or(self.text.len());
        let (filter, stages) = self.text.split_at_checked(at).unwrap_or((&self.text, ""));
        (filter.trim_end(), stages)
    }

    /// The text in force without stages.
    pub(super) fn expression(&self) -> &str {
        self.parts().0
    }

    /// The text in force with one more test, in front of the stages.
    pub(super) fn with(&self, test: &str) -> String {
        match self.parts() {
            ("", "") => test.to_owned(),
            ("", stages) => format!("{test} {stages}"),
            (filter, stages) => format!("({filter}) and {test} {stages}").trim_end().to_owned(),
        }
    }

    /// What the filter asks for and the screen does not read, with the keys that would: a filter looks at what is read.
    pub(super) fn beyond(&self, reader: &Reader) -> Option<String> {
        let filter = self.filter.as_ref()?;
        let bounds = filter.bounds();
        let From { position, newest, .. } = &reader.from;
        if let Some(last) = bounds.last.filter(|last| newest.is_some() || *position != Position::Last(*last)) {
            return Some(format!("last:{last} filters nothing: o -{last} reads them"));
        }
        if let (Some(chosen), Some(asked), true) = (&reader.partitions, &bounds.partitions, bounds.named)
            && let Some(missing) = asked.iter().find(|partition| !chosen.contains(partition))
        {
            return Some(format!("partition {} is not read: pp chooses", missing.0));
        }
        let since = filter.query().expr.iter().flat_map(Expr::conjuncts).find_map(|part| match part {
            Expr::Test(Test::Bound(Bound::Since(when))) => Some(when.to_string()),
            _ => None,
        });
        let at_the_end = newest.is_some() || matches!(position, Position::Latest | Position::Now | Position::Last(_));
        let further_back = bounds.since_ms.is_some() || bounds.from.is_some();
        (at_the_end && further_back).then(|| match since {
            Some(when) => format!("looks at what was read: o {when} reads further back"),
            None => "looks at what was read: o reads further back".to_owned(),
        })
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) fn is_editing(&self) -> bool {
        self.editing.is_some()
    }

    /// Whether held records are still being looked through.
    pub(super) fn is_looking(&self) -> bool {
        !self.looking.is_empty()
    }

    /// Opens the bar, with `more` behind what is in force.
    pub(super) fn edit(&mut self, cx: &Cx<'_>, topic: &TopicName, more: Option<&str>) {
        let mut line = Line::new(self.text.clone());
        let (filter, stages) = self.parts();
        if let (false, Some(more)) = (filter.is_empty(), more) {
            // What is typed belongs to the filter, and stands before its stages.
            line.replace(filter.len()..self.text.len() - stages.len(), &format!("{more}{}", if stages.is_empty() { "" } else { " " }));
            if !stages.is_empty() {
                line.key(Key::plain(KeyCode::Left));
            }
        }
        self.editing = Some(line.with_past(cx.history.queries(topic)));
        self.error = None;
    }

    /// Enter on a query that makes a table: the bar is left as it was, and the table is somebody else's.
    pub(super) fn table(&mut self, cx: &mut Cx<'_>, topic: &TopicName, input: &Input) -> Option<Query> {
        let enter = matches!(input, Input::Key(key) if key.code == KeyCode::Enter);
        let text = self.editing.as_ref().filter(|_| enter)?.text().to_owned();
        let query = query::parse(&text).ok().filter(Query::is_table)?;
        (self.editing, self.error) = (None, None);
        cx.history.add_query(topic, &text);
        Some(query)
    }

    /// A key or a paste. True: another filter is in force now.
    pub(super) fn input(&mut self, cx: &mut Cx<'_>, topic: &TopicName, input: &Input) -> bool {
        let Some(mut line) = self.editing.take() else { return false };
        if self.offer.input(&mut line, input) {
            self.told(cx, line);
            return false;
        }
        match input {
            Input::Paste(text) => line.paste(text),
            Input::Key(key) if key.code == KeyCode::Esc && line.search().is_none() => {
                self.error = None;
                return false;
            }
            Input::Key(key) if key.code == KeyCode::Enter => {
                let text = line.text().to_owned();
                self.editing = Some(line);
                let changed = self.set(cx, &text);
                if self.error.is_none() {
                    self.editing = None;
                    cx.history.add_query(topic, &text);
                }
                return changed;
            }
            Input::Key(key) => {
                line.key(*key);
            }
            _ => {}
        }
        self.told(cx, line);
        false
    }

    /// While one types, only the mistake is told; the filter in force stays until enter.
    fn told(&mut self, cx: &Cx<'_>, line: Line) {
        self.error = match query::parse(line.text()) {
            Ok(query) if query.is_table() => None,
            _ => compile(cx, line.text()).err(),
        };
        self.editing = Some(line);
    }

    /// Puts a text in force. True when that changed anything.
    pub(super) fn set(&mut self, cx: &mut Cx<'_>, text: &str) -> bool {
        match compile(cx, text) {
            Ok(listed) => {
                let before = (self.expression().to_owned(), self.limit);
                text.trim().clone_into(&mut self.text);
                (self.filter, self.select, self.limit) = (listed.filter, listed.select, listed.limit);
                self.error = None;
                // Other columns alone are only drawn.
                let changed = before != (self.expression().to_owned(), self.limit);
                if changed {
                    self.generation = self.generation.wrapping_add(1);
                    self.looking.clear();
                    self.matched.clear();
                    self.counts = Counts::default();
                }
                changed
            }
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }

    /// `#`: adds "only this key", or takes it away again. True when the filter changed.
    pub(super) fn toggle_key(&mut self, cx: &mut Cx<'_>, key: Option<&[u8]>) -> bool {
        if let Some(before) = self.before_key.take() {
            return self.set(cx, &before);
        }
        let test = match key.map(std::str::from_utf8) {
            None => "keyless".to_owned(),
            Some(Ok(text)) => {
                let mut quoted = Vec::new();
                ndjson::string(&mut quoted, text, Target::Data);
                format!("key == {}", String::from_utf8_lossy(&quoted))
            }
            Some(Err(_)) => {
                cx.notices.look(cx.now, "The key is no text, so no filter can be written for it.");
                return false;
            }
        };
        let before = self.text.clone();
        let text = self.with(&test);
        let changed = self.set(cx, &text);
        if changed {
            self.before_key = Some(before);
        }
        changed
    }

    /// Has the records held from `from` on looked through, off the loop.
    pub(super) fn look_at(&mut self, cx: &mut Cx<'_>, topics: Vec<TopicName>, store: &MessageStore, txns: Arc<TxnTable>, from: Seq) {
        let Some(filter) = self.in_force() else { return };
        let snapshot: Snapshot = store.snapshot().iter().filter(|(first, _)| *first >= from).cloned().collect();
        let ask = FilterAsk { snapshot, filter, generation: self.generation, topics, txns, now: cx.now };
        let task = cx.start(Ask::Filter(Box::new(ask)));
        self.looking.insert(task);
    }

    /// Takes its own replies; gives all records found so far, in order.
    pub(super) fn receive(&mut self, reply: Reply) -> Result<Vec<Seq>, Reply> {
        if !self.looking.remove(&reply.id) {
            return Err(reply);
        }
        if let Ok(Answer::Matches(matches)) = reply.result
            && matches.generation == self.generation
        {
            self.counts.scanned += matches.scanned;
            self.counts.matched += matches.seqs.len() as u64;
            self.counts.broken += matches.broken;
            self.matched.extend(matches.seqs);
        }
        Ok(self.matched.iter().copied().collect())
    }

    /// Records that were loaded under the filter in force, if any.
    pub(super) fn came(&mut self, (from, to): (Seq, Seq)) {
        if self.filter.is_some() {
            self.matched.extend((from.0..to.0).map(Seq));
        }
    }

    /// So many more records were looked through.
    pub(super) fn looked_at(&mut self, scanned: u64, matched: u64, broken: u64) {
        self.counts.scanned = self.counts.scanned.saturating_add(scanned);
        self.counts.matched = self.counts.matched.saturating_add(matched);
        self.counts.broken = self.counts.broken.saturating_add(broken);
    }

    /// Records that the reader found under the filter in force.
    pub(super) fn arrived(&mut self, (from, to): (Seq, Seq), first: Seq, read: u64) {
        if self.filter.is_some() {
            self.counts.scanned += read;
            self.counts.matched += u64::try_from(to.0 - from.0).unwrap_or(0);
            self.matched.extend((from.0..to.0).map(Seq));
            self.matched = self.matched.split_off(&first);
        }
    }
}

/// A text as the list takes it.
#[derive(Debug, Default)]
struct Listed {
    filter: Option<Arc<Filter>>,
    select: Option<Select>,
    limit: Option<usize>,
}

fn compile(cx: &Cx<'_>, text: &str) -> Result<Listed, QueryError> {
    let query = query::parse_list(text)?;
    let (select, limit) = (Select::of(&query), query.limit().map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)));
    let context = query::when::Context { now: cx.now, zone: cx.settings.zone.clone() };
    let filter = query.expr.map(|expr| Arc::new(Filter::compile(&Query { expr: Some(expr), stages: Vec::new() }, &context)));
    Ok(Listed { filter, select, limit })
}

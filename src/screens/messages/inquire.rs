//! From a record, or the topic, to what else one asks about it: its neighbours of the same key, the way of an id, the shape of the
//! topic, where a query turns true.

use std::sync::Arc;

use crate::core::action::Action;
use crate::core::inquire::{Candidate, FollowFrom, Neighbour, Spot};
use crate::core::store::Seq;
use crate::model::{Offset, Topic};
use crate::screens::{Cx, Route};

use super::Messages;

/// Fields of a value that are offered to be followed, and bytes of one.
const MOST: u32 = 300;
const LONGEST: usize = 400;

impl Messages {
    pub(super) fn inquire(&self, cx: &mut Cx<'_>, action: Action) {
        let topic = Arc::clone(self.topic_here());
        match action {
            Action::MessageShape => cx.go = Some(Route::Shape(topic)),
            Action::MessageBisect => cx.go = Some(Route::Bisect(topic, self.bar.expression().to_owned())),
            Action::FollowId => self.follow(cx),
            _ => self.neighbour(cx, action == Action::PreviousOfKey),
        }
    }

    /// The record that a question is about: the one whose value is shown while that pane has the keys, else the selected one.
    fn asked_about(&self) -> Option<Spot> {
        let (chunk, row) = match self.value.shown().filter(|_| self.focus != super::Focus::List) {
            Some((chunk, row)) => (chunk, row),
            None => self.rows.selected().and_then(|seq| self.store.locate(seq))?,
        };
        let (topic, chunk) = self.reader.own(chunk, row)?;
        Spot::of(&topic.name, &chunk, 0)
    }

    /// The topic of the selected record; that of the list, where there is one.
    pub(super) fn topic_here(&self) -> &Arc<Topic> {
        let selected = self.rows.selected().and_then(|seq| self.store.get(seq));
        selected.map_or(&self.reader.topic, |record| self.reader.place(record.partition).0)
    }

    /// Follows what the cursor stands on in the value; else one chooses among what the record has.
    fn follow(&self, cx: &mut Cx<'_>) {
        let Some(origin) = self.asked_about() else { return };
        let Some(record) = origin.record() else { return };
        let mut candidates = Vec::new();
        let mut add = |label: String, bytes: Option<&[u8]>| {
            let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).filter(|text| !text.trim().is_empty());
            if let Some(text) = text.filter(|text| text.len() <= LONGEST) {
                candidates.push(Candidate { label, value: text.to_owned() });
            }
        };
        add("key".to_owned(), record.key);
        for header in &record.headers {
            add(format!("header {}", String::from_utf8_lossy(header.key)), header.value);
        }
        let in_value = self.focus == super::Focus::Value;
        if in_value || self.rows.selected().is_some_and(|seq| self.value.is_of(seq)) {
            for (path, text) in self.value.scalars(MOST) {
                add(path, Some(text.as_bytes()));
            }
        }
        let under = self.value.scalar().filter(|_| in_value);
        let chosen = under.and_then(|(path, text)| candidates.iter().position(|one| one.label == path && one.value == text));
        // A list of several topics says itself which are meant.
        let topics = if self.reader.is_several() { self.reader.topics().map(|topic| topic.name.clone()).collect() } else { Vec::new() };
        let at_ms = Some(record.timestamp_ms).filter(|ms| *ms != -1);
        let from = FollowFrom { at_ms, candidates, chosen, topics, origin: Some(origin.clone()) };
        cx.go = Some(Route::Follow(Box::new(from)));
    }

    fn neighbour(&self, cx: &mut Cx<'_>, back: bool) {
        let Some(from) = self.asked_about() else { return };
        if from.record().is_none_or(|record| record.key.is_none()) {
            return cx.notices.look(cx.now, "The record has no key, so there is none before or after it.");
        }
        // Between records of several topics nothing is known to be held.
        let (held, sure) = if self.reader.is_several() { (None, false) } else { self.held_neighbour(&from, back) };
        let topic = self.reader.topics().find(|topic| topic.name == from.topic).unwrap_or(&self.reader.topic);
        let ask = Neighbour { topic: Arc::clone(topic), from, back, held, sure };
        cx.go = Some(Route::SameKey(Box::new(ask)));
    }

    /// The nearest record of the key that is held, and whether every offset between the two is held as well.
    fn held_neighbour(&self, from: &Spot, back: bool) -> (Option<Spot>, bool) {
        let Some(here) = from.record() else { return (None, false) };
        let beyond = |offset: Offset| if back { offset < here.offset } else { offset > here.offset };
        let mut nearest: Option<(Offset, Seq)> = None;
        for (seq, record) in self.store.seqs().zip(self.store.records()) {
            let nearer = nearest.is_none_or(|(offset, _)| if back { record.offset > offset } else { record.offset < offset });
            if record.partition == here.partition && record.key == here.key && beyond(record.offset) && nearer {
                nearest = Some((record.offset, seq));
            }
        }
        let Some((offset, seq)) = nearest else { return (None, false) };
        let (low, high) = (offset.min(here.offset), offset.max(here.offset));
        let between =
            self.store.records().filter(|record| record.partition == here.partition && record.offset > low && record.offset < high);
        let sure = i64::try_from(between.count()).is_ok_and(|count| count == high.0.saturating_sub(low.0) - 1);
        (self.store.locate(seq).and_then(|(chunk, row)| Spot::of(&from.topic, chunk, row)), sure)
    }
}

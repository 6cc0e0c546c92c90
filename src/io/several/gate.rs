//! What the readers of several topics gave and is not handed on yet: a topic that is behind is waited for, but not long.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::merge::{self, Row, deliveries, merged, rows};
use crate::core::stream::{Delivery, Fact};

/// So long records wait for those of a topic that may still have older ones.
const PATIENCE: Duration = Duration::from_millis(300);
/// So many that wait are handed on as they are.
const MOST: usize = 5_000;

#[derive(Debug)]
pub(super) struct Gate {
    queues: Vec<VecDeque<Row>>,
    done: Vec<bool>,
    facts: Vec<Fact>,
    /// Records that were read and are not in the queues: the filter or the reader left them out.
    extra: u64,
    not_shown: u64,
    /// Of the filter under which what waits was read.
    generation: u32,
    /// Since when something waits.
    since: Option<Instant>,
    /// Ready to be handed on, since what came behind it was read under another filter.
    before: Vec<Delivery>,
}

impl Gate {
    pub(super) fn new(topics: usize) -> Self {
        Self {
            queues: (0..topics).map(|_| VecDeque::new()).collect(),
            done: vec![false; topics],
            facts: Vec::new(),
            extra: 0,
            not_shown: 0,
            generation: 0,
            since: None,
            before: Vec::new(),
        }
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty() && !self.has_any()
    }

    fn has_any(&self) -> bool {
        self.queues.iter().any(|queue| !queue.is_empty()) || !self.facts.is_empty() || self.extra > 0 || self.not_shown > 0
    }

    /// That topic gives nothing more.
    pub(super) fn done(&mut self, topic: usize) {
        if let Some(done) = self.done.get_mut(topic) {
            *done = true;
        }
    }

    pub(super) fn say(&mut self, mut facts: Vec<Fact>) {
        self.facts.append(&mut facts);
    }

    pub(super) fn put(&mut self, topic: usize, delivery: &Delivery) {
        if delivery.generation != self.generation && self.has_any() {
            let all = self.take(|_| false);
            self.before.extend(all);
        }
        self.generation = delivery.generation;
        self.facts.extend(delivery.facts.iter().map(|fact| merge::fact(topic, fact)));
        self.extra = self.extra.saturating_add(delivery.read.saturating_sub(u64::try_from(delivery.chunk.len()).unwrap_or(0)));
        self.not_shown = self.not_shown.saturating_add(delivery.not_shown);
        if let Some(queue) = self.queues.get_mut(topic) {
            queue.extend(rows(topic, &delivery.chunk));
        }
        self.since.get_or_insert_with(Instant::now);
    }

    /// What can be handed on now. `live`: topics whose reader is at the end of the log; `all`: nothing more comes.
    pub(super) fn ready(&mut self, live: &[bool], all: bool) -> Vec<Delivery> {
        let mut ready = std::mem::take(&mut self.before);
        if !self.has_any() {
            self.since = None;
            return ready;
        }
        let waiting: usize = self.queues.iter().map(VecDeque::len).sum();
        let hurries = all || waiting >= MOST || self.since.is_none_or(|since| since.elapsed() >= PATIENCE);
        let awaited: Vec<bool> = self.done.iter().enumerate().map(|(at, done)| !done && !live.get(at).copied().unwrap_or(false)).collect();
        ready.extend(self.take(|at| !hurries && awaited.get(at).copied().unwrap_or(false)));
        self.since = self.has_any().then(|| if hurries { Instant::now() } else { self.since.unwrap_or_else(Instant::now) });
        ready
    }

    fn take(&mut self, holds_up: impl Fn(usize) -> bool) -> Vec<Delivery> {
        let rows = merged(&mut self.queues, holds_up);
        let mut all = deliveries(&rows, self.generation);
        let left_out = self.extra > 0 || self.not_shown > 0 || !self.facts.is_empty();
        if all.is_empty() && left_out {
            all.push(merge::empty(self.generation));
        }
        if let Some(first) = all.first_mut() {
            first.facts = std::mem::take(&mut self.facts);
            first.read = first.read.saturating_add(std::mem::take(&mut self.extra));
            first.not_shown = std::mem::take(&mut self.not_shown);
        }
        all
    }
}

//! What comes from the reader and from what works on records: it goes into the list, the filter's counts, the value.

use std::sync::Arc;
use std::time::Duration;

use super::rows::What;
use super::{Messages, filter};
use crate::core::ask::{Answer, Reply};
use crate::core::store::Seq;
use crate::core::stream::{Delivery, Fact};
use crate::model::{Time, TxnTable};
use crate::screens::{Cx, written};
use crate::text::units;

impl Messages {
    /// Reads anew from `reader.from`, with an empty list.
    pub(super) fn restart(&mut self, cx: &mut Cx<'_>) {
        self.store.clear();
        self.rows.clear();
        self.older.forget(cx);
        if let Some(committed) = &mut self.committed {
            committed.forget();
        }
        self.joined_txns = None;
        self.value.forget();
        self.bar.counts = filter::Counts::default();
        self.not_kept = 0;
        self.not_shown = 0;
        self.reader.evicted_before = self.store.evicted();
        self.rate = Rate::default();
        self.reader.start(cx, self.bar.in_force().as_ref());
        let generation = self.bar.generation();
        self.reader.set_filter(cx, generation, self.bar.in_force());
    }

    pub(super) fn took(&mut self, cx: &mut Cx<'_>, delivery: &Delivery) {
        let height = self.list_height(cx);
        let from = self.store.end();
        for fact in &delivery.facts {
            self.rows.insert_note(from, What::Fact(fact.clone()));
        }
        self.not_shown += delivery.not_shown;
        if self.bar.in_force().is_some() {
            self.not_kept += delivery.read.saturating_sub(delivery.chunk.len() as u64 + delivery.not_shown);
        }
        let was_full = self.store.is_full();
        if delivery.not_shown > 0 {
            self.older.thinned(cx, &self.reader.progress);
        }
        let evicted = self.store.push(Arc::clone(&delivery.chunk));
        self.older.gone(cx, &evicted);
        let to = self.store.end();
        if delivery.generation == self.bar.generation() || self.bar.in_force().is_none() {
            self.rows.append(from, to);
            self.bar.arrived((from, to), self.store.first(), delivery.read);
        } else {
            self.look_through(cx, from);
        }
        self.rows.evict(self.store.first());
        self.find_committed((from, to), height);
        if self.follow {
            self.rows.cursor.to(usize::MAX, self.rows.len(), height);
        } else {
            self.rows.cursor.fit(self.rows.len(), height);
            if !was_full && self.store.is_full() {
                self.reader.full = true;
                self.reader.steer(cx);
            }
        }
        self.render(cx);
    }

    pub(super) fn reply(&mut self, cx: &mut Cx<'_>, reply: Reply) -> Option<Reply> {
        if self.reader.is(reply.id) {
            let failure = reply.result.err();
            if let Some(failure) = &failure {
                cx.notices.failure(failure);
            }
            self.reader.ended(failure);
            return None;
        }
        let reply = self.value.receive(cx, reply)?;
        let Reply { id, result } = reply;
        let result = self.shelved_came(cx, id, result)?;
        let reply = Reply { id, result: self.older_came(cx, id, result)? };
        let reply = match self.bar.receive(reply) {
            Err(reply) => reply,
            Ok(matches) => {
                let height = self.list_height(cx);
                self.rows.rebuild(matches.into_iter(), self.store.first(), height);
                if self.follow {
                    self.rows.cursor.to(usize::MAX, self.rows.len(), height);
                }
                if self.rows.selected().is_none() {
                    self.value.forget();
                }
                self.render(cx);
                return None;
            }
        };
        if self.opening == Some(reply.id) {
            self.opening = None;
            match reply.result {
                Ok(Answer::Opened { chunk }) => self.value.alone(cx, &chunk),
                Ok(_) => {}
                Err(failure) => cx.notices.failure(&failure),
            }
            return None;
        }
        if !self.tasks.remove(&reply.id) {
            return Some(reply);
        }
        match reply.result {
            Ok(Answer::Exported { path, records, bytes }) => {
                let what = units::counted(units::wide(records), "record");
                cx.notices.good(cx.now, written(&path, &what, bytes));
            }
            Ok(_) => {}
            Err(failure) => cx.notices.failure(&failure),
        }
        None
    }

    /// How transactions ended, of all records that are held.
    pub(super) fn txns(&self) -> &TxnTable {
        self.joined_txns.as_ref().unwrap_or(&self.reader.progress.txns)
    }

    pub(super) fn look_through(&mut self, cx: &mut Cx<'_>, from: Seq) {
        let txns = Arc::new(self.txns().clone());
        let topics = self.reader.topics().map(|topic| topic.name.clone()).collect();
        self.bar.look_at(cx, topics, &self.store, txns, from);
    }

    /// The filter changed: what is held is looked through off the loop, what arrives by the reader.
    pub(super) fn refilter(&mut self, cx: &mut Cx<'_>) {
        let generation = self.bar.generation();
        self.reader.set_filter(cx, generation, self.bar.in_force());
        self.rows.most = self.bar.limit();
        self.older_refiltered(cx);
        // What arrived and did not match the filter before is not there for the next one either.
        if self.not_kept > 0 {
            let records = std::mem::take(&mut self.not_kept);
            let before = self.store.end();
            self.rows.insert_note(before, What::Fact(Fact::NotKept { records }));
        }
        if self.bar.in_force().is_some() {
            self.look_through(cx, self.store.first());
            self.search_past(cx);
            return;
        }
        let height = self.list_height(cx);
        self.rows.rebuild(self.store.seqs(), self.store.first(), height);
        if self.follow {
            self.rows.cursor.to(usize::MAX, self.rows.len(), height);
        }
        self.render(cx);
    }
}

#[derive(Debug, Default)]
pub(super) struct Rate {
    at: Option<Time>,
    read: u64,
    bytes: u64,
    pub(super) per_second: f64,
    pub(super) bytes_per_second: f64,
}

impl Rate {
    /// From two reports at least half a second apart, smoothed.
    pub(super) fn measure(&mut self, now: Time, read: u64, bytes: u64) {
        let Some(at) = self.at else {
            *self = Self { at: Some(now), read, bytes, ..Self::default() };
            return;
        };
        let apart = now.since(at);
        if apart < Duration::from_millis(500) {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown with three digits")]
        let per = |new: u64, old: u64| new.saturating_sub(old) as f64 / apart.as_secs_f64();
        let mix = |old: f64, new: f64| if old == 0.0 { new } else { old * 0.5 + new * 0.5 };
        self.per_second = mix(self.per_second, per(read, self.read));
        self.bytes_per_second = mix(self.bytes_per_second, per(bytes, self.bytes));
        *self = Self { at: Some(now), read, bytes, ..std::mem::take(self) };
    }
}

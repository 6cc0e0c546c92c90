//! What becomes of batches: answers, answers that were lost, and what the log says in place of them.

use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::Instant;

use super::super::find;
use super::super::tally::Row;
use super::super::verdict::{Verdict, verdict};
use super::take::too_large;
use super::{Batch, Done, Engine, OVERHEAD, WHAT, refused};
use crate::core::produce::Safety;
use crate::io::kafka::{Ack, ErrorCode, Lost, Produced, Refusal, slot_pause};
use crate::model::{BrokerId, Cause, Failure, Foreign, PartitionId};
use crate::text::units;

/// How often a batch may lose its producer.
const PRODUCERS: u32 = 3;

impl Engine {
    pub(super) fn happened(&mut self, done: Result<Done, JoinError>) {
        match done {
            Ok(Done::Answered { broker, link, batches, answer }) => {
                self.busy.remove(&broker);
                match link {
                    Some(link) => self.links.insert(broker, link),
                    None => self.links.remove(&broker),
                };
                match answer {
                    Ok(answer) => self.answered(broker, batches, answer),
                    Err(Lost::Unsent(failure)) => self.unsent(batches, &failure),
                    Err(Lost::Open(failure)) => self.lost(batches, &failure),
                }
            }
            Ok(Done::Looked { partition, batch, found, again }) => self.looked(partition, batch, found, again),
            Ok(Done::Producer(producer)) => self.produces(producer),
            Ok(Done::Refreshed) => self.refreshing = false,
            Err(error) => {
                self.broken = true;
                self.end(Failure::new(WHAT, Cause::Bug(Foreign::new(format!("a task failed: {error}")))));
            }
        }
    }

    fn answered(&mut self, broker: BrokerId, batches: Vec<(PartitionId, Batch)>, answer: Produced) {
        if !answer.throttle.is_zero() {
            self.held.insert(broker, Instant::now() + answer.throttle);
            self.tally.progress.throttled_ms = u64::try_from(answer.throttle.as_millis()).unwrap_or(u64::MAX);
        }
        for ((partition, batch), result) in batches.into_iter().zip(answer.partitions) {
            self.free(partition);
            match result {
                Ok(ack) => self.appended(partition, &batch, ack),
                Err(refusal) => self.judge(partition, batch, &refusal),
            }
        }
    }

    fn judge(&mut self, partition: PartitionId, mut batch: Batch, refusal: &Refusal) {
        let code = refusal.code;
        batch.why = Some(refused(code, refusal.words.as_ref(), &self.target));
        match verdict(code, batch.sequence.is_some()) {
            Verdict::Duplicate => self.appended(partition, &batch, Ack { base_offset: None, append_ms: None }),
            Verdict::Again { refresh } => self.again(partition, batch, refresh),
            Verdict::Open { refresh } => {
                batch.open = true;
                if batch.sequence.is_some() { self.again(partition, batch, refresh) } else { self.look(partition, batch, true) }
            }
            Verdict::NewProducer if batch.renewed < PRODUCERS => {
                batch.renewed += 1;
                self.renew(&batch);
                self.anew(partition, batch);
            }
            Verdict::Forbidden => {
                // Idempotence needs IDEMPOTENT_WRITE on the cluster before 2.8 (KIP-679).
                self.producer = None;
                self.safety = Safety::Plain(Foreign::new(format!("{} ({})", code.words(), code.name())));
                self.anew(partition, batch);
            }
            Verdict::NewProducer | Verdict::Refused if batch.open => self.look(partition, batch, false),
            Verdict::NewProducer | Verdict::Refused => {
                let failure = match code {
                    ErrorCode(10) if batch.rows.len() == 1 && self.target.known().largest.is_some() => {
                        too_large(batch.rows.first().map_or(0, |row| row.n), batch.bytes.len(), &self.target)
                    }
                    code => refused(code, refusal.words.as_ref(), &self.target),
                };
                self.refuse_batch(partition, &batch, failure);
            }
        }
    }

    /// Another producer, which counts from 0; what the old one has on its way keeps its numbers.
    fn renew(&mut self, batch: &Batch) {
        let of_this = |id| batch.sequence.is_some_and(|sequence| sequence.producer == id);
        if self.renewing || self.producer.as_ref().is_none_or(|producer| !of_this(producer.id())) {
            return;
        }
        self.producer = None;
        self.renewing = true;
        let (client, permit) = (self.client.clone(), std::sync::Arc::clone(&self.permit));
        self.running.spawn(async move { Done::Producer(client.producer(&permit, WHAT).await) });
    }

    /// To be sent under other numbers, once it is certain that it is not there under the old ones.
    fn anew(&mut self, partition: PartitionId, mut batch: Batch) {
        if batch.open {
            self.look(partition, batch, true);
        } else {
            batch.belong(None);
            self.again(partition, batch, false);
        }
    }

    /// The request never left.
    fn unsent(&mut self, batches: Vec<(PartitionId, Batch)>, failure: &Failure) {
        for (partition, mut batch) in batches {
            self.free(partition);
            batch.why = Some(failure.clone());
            if matches!(failure.cause, Cause::NotOffered(_)) {
                self.refuse_batch(partition, &batch, failure.clone());
            } else {
                self.again(partition, batch, true);
            }
        }
    }

    /// No answer came: the batches may be in the log.
    fn lost(&mut self, batches: Vec<(PartitionId, Batch)>, failure: &Failure) {
        for (partition, mut batch) in batches {
            self.free(partition);
            batch.open = true;
            batch.why = Some(failure.clone());
            if batch.sequence.is_some() {
                self.again(partition, batch, true);
            } else {
                self.look(partition, batch, false);
            }
        }
    }

    /// Sends it again in a moment, the same bytes under the same numbers; when its time is up, that is its end.
    pub(super) fn again(&mut self, partition: PartitionId, batch: Batch, refresh: bool) {
        let patience = self.patience();
        if batch.began.is_some_and(|began| began.elapsed() >= patience) {
            if batch.open {
                return self.look(partition, batch, false);
            }
            let why = why(&batch);
            let cause = why.advertised().map(|words| format!("; {words}")).unwrap_or_default();
            let words = format!("nothing was appended: it was tried for {}{cause}", units::duration(patience));
            return self.refuse_batch(partition, &batch, why.hint(words));
        }
        let pause = slot_pause(batch.tries.saturating_sub(1));
        if let Some(lane) = self.lanes.get_mut(&partition) {
            lane.put_back(batch, Instant::now() + pause);
        }
        if refresh && !std::mem::replace(&mut self.refreshing, true) {
            let (client, topic) = (self.client.clone(), self.target.name().clone());
            self.running.spawn(async move {
                // Without fresh metadata the old leader is asked once more, and the deadline ends it.
                let _old_leader = client.refresh([topic]).await;
                Done::Refreshed
            });
        }
    }

    /// How long a batch is sent again: what other questions have, and twice what a broker may leave unanswered besides, so that
    /// one that hung once is asked once more.
    fn patience(&self) -> Duration {
        let settings = self.client.settings();
        settings.retry.saturating_add(settings.request.saturating_mul(2))
    }

    /// Looks for it in the log. `again`: when it is not there it may be sent.
    fn look(&mut self, partition: PartitionId, batch: Batch, again: bool) {
        let Some(lane) = self.lanes.get_mut(&partition) else { return };
        lane.busy = true;
        let (client, target, floor) = (self.client.clone(), self.target.clone(), lane.floor);
        self.running.spawn(async move {
            let found = find::find(&client, &target, partition, floor, (&batch.bytes, batch.sequence)).await;
            Done::Looked { partition, batch, found, again }
        });
    }

    fn looked(&mut self, partition: PartitionId, mut batch: Batch, found: Result<Option<Ack>, Failure>, again: bool) {
        self.free(partition);
        let count = u64::try_from(batch.rows.len()).unwrap_or(u64::MAX);
        match found {
            Ok(Some(ack)) => {
                self.read_back = self.read_back.saturating_add(count);
                self.appended(partition, &batch, ack);
            }
            Ok(None) if again => {
                self.read_back = self.read_back.saturating_add(count);
                batch.open = false;
                batch.belong(None);
                self.again(partition, batch, true);
            }
            Ok(None) => {
                self.read_back = self.read_back.saturating_add(count);
                self.refuse_batch(partition, &batch, why(&batch).hint("the log was read afterwards: it was not appended"));
            }
            Err(failure) => {
                let why = why(&batch);
                let words = format!("it may be in the log, which could not be read: {}", failure.sentence());
                self.release(&batch.rows);
                self.tally.unknown(&batch.rows, partition, &format!("{}; {words}", why.sentence()));
                self.end(why.hint(words));
            }
        }
    }

    fn appended(&mut self, partition: PartitionId, batch: &Batch, ack: Ack) {
        self.release(&batch.rows);
        if let (Some(lane), Some(base)) = (self.lanes.get_mut(&partition), ack.base_offset) {
            lane.floor = Some(base.plus(i64::from(batch.count())));
        }
        self.tally.appended(&batch.rows, partition, ack.base_offset, ack.append_ms);
    }

    /// A batch that is not in the log and never will be: nothing more is sent.
    pub(super) fn refuse_batch(&mut self, partition: PartitionId, batch: &Batch, failure: Failure) {
        self.release(&batch.rows);
        self.refuse(&batch.rows, partition, failure);
    }

    pub(super) fn refuse(&mut self, rows: &[Row], partition: PartitionId, failure: Failure) {
        self.tally.failed(rows, partition, &failure.sentence());
        self.end(failure);
    }

    /// Records that take no room any more.
    pub(super) fn release(&mut self, rows: &[Row]) {
        let bytes = rows.iter().fold(0_usize, |sum, row| sum.saturating_add(row.size).saturating_add(OVERHEAD));
        self.waiting = self.waiting.saturating_sub(bytes);
    }

    fn free(&mut self, partition: PartitionId) {
        if let Some(lane) = self.lanes.get_mut(&partition) {
            lane.busy = false;
        }
    }
}

/// Why a batch is not known to be in the log.
fn why(batch: &Batch) -> Failure {
    batch.why.clone().unwrap_or_else(|| Failure::new(WHAT, Cause::Bug(Foreign::new("it was never sent"))))
}

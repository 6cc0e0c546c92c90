//! Sends: takes records as they come, fills batches, keeps one request on its way to each leader, and hears what becomes of it.
//!
//! A batch that waits for its turn goes on being filled, so that a fast source makes large requests and a single record is sent
//! at once. What is not settled yet is bounded in bytes and records: then nothing more is taken from the source.

mod settle;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

use super::feed::{Block, Feed};
use super::lane::{Batch, Lane};
use super::tally::{Row, Tally};
use super::{Listener, Told};
use crate::core::guard::Permit;
use crate::core::produce::{Acks, Manner, NewRecord, Progress, Report, Safety, Target};
use crate::io::kafka::{Ack, Client, ErrorCode, Lost, NewBatch, NoProducer, Operation, ProduceAsk, ProduceLink, Produced, Producer};
use crate::model::{BrokerId, Cause, Codec, Failure, Foreign, PartitionId};
use crate::records::build;
use crate::text::units;

pub(super) const WHAT: &str = "send the records";
/// A batch is closed at so many bytes, or at what the topic takes.
const BATCH: usize = 512 << 10;
/// The same where it is not known what the topic takes: the Java client's.
const CAREFUL_BATCH: usize = 16 << 10;
/// Batches of one request, in bytes.
const REQUEST: usize = 8 << 20;
/// Records that are on their way or wait, in bytes with what each takes besides, and how many.
const ROOM: usize = 32 << 20;
const OVERHEAD: usize = 64;
/// So many records are taken before one looks at answers.
const TURN: usize = 1000;
/// Records that nothing places go to another partition after so many bytes.
const STICKY: usize = 64 << 10;
/// Between two words on how far it has got.
const TELL: Duration = Duration::from_millis(100);

/// What a task of a sending brings.
#[derive(Debug)]
enum Done {
    Answered {
        broker: BrokerId,
        link: Option<ProduceLink>,
        batches: Vec<(PartitionId, Batch)>,
        answer: Result<Produced, Lost>,
    },
    /// A batch was looked for in the log. `again`: when it is not there it may be sent.
    Looked {
        partition: PartitionId,
        batch: Batch,
        found: Result<Option<Ack>, Failure>,
        again: bool,
    },
    Producer(Result<Producer, NoProducer>),
    Refreshed,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Engine {
    client: Client,
    permit: Arc<Permit>,
    target: Target,
    manner: Manner,
    /// Many records: connections of its own.
    many: bool,
    lanes: BTreeMap<PartitionId, Lane>,
    /// Partitions with a leader.
    led: Vec<PartitionId>,
    tally: Tally,
    /// Bytes that are not settled.
    waiting: usize,
    producer: Option<Producer>,
    safety: Safety,
    links: HashMap<BrokerId, ProduceLink>,
    busy: BTreeSet<BrokerId>,
    /// Brokers that told us to wait.
    held: HashMap<BrokerId, Instant>,
    running: JoinSet<Done>,
    refreshing: bool,
    renewing: bool,
    /// Where records go that nothing places, and how many bytes went there.
    sticky: (usize, usize),
    started: Instant,
    failure: Option<Failure>,
    stopped: bool,
    /// Nothing more is taken.
    ending: bool,
    /// A task of ours failed: what it had on its way is unknown.
    broken: bool,
    read_back: u64,
}

impl Engine {
    pub(super) fn new(client: Client, permit: Permit, (target, manner): (Target, Manner), many: bool) -> Self {
        let floors: HashMap<_, _> = target.ends.iter().map(|(partition, end)| (*partition, end.as_ref().ok().copied())).collect();
        let lane = |id: PartitionId| (id, Lane::new(floors.get(&id).copied().flatten()));
        let lanes = target.topic.partitions.iter().map(|partition| lane(partition.id)).collect();
        let led = target.topic.partitions.iter().filter(|partition| partition.leader.is_some()).map(|partition| partition.id).collect();
        let start = usize::try_from(jiff::Timestamp::now().as_microsecond().unsigned_abs() % 65_521).unwrap_or(0);
        Self {
            client,
            permit: Arc::new(permit),
            target,
            manner,
            many,
            lanes,
            led,
            tally: Tally::default(),
            waiting: 0,
            producer: None,
            safety: Safety::Idempotent,
            links: HashMap::new(),
            busy: BTreeSet::new(),
            held: HashMap::new(),
            running: JoinSet::new(),
            refreshing: false,
            renewing: false,
            sticky: (start, 0),
            started: Instant::now(),
            failure: None,
            stopped: false,
            ending: false,
            broken: false,
            read_back: 0,
        }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn permit(&self) -> &Arc<Permit> {
        &self.permit
    }

    /// Sends until there is nothing left, something fails, or `stop` comes; then what is on its way is brought to its end.
    pub(super) async fn run(mut self, mut feed: Feed, stop: impl Future<Output = ()> + Send, told: Listener<'_>) -> Report {
        let mut stop = std::pin::pin!(stop);
        self.begin(&told).await;
        let mut block: std::vec::IntoIter<_> = Block::new().into_iter();
        let (mut fed, mut spoke) = (true, Progress::default());
        let mut tell_at = Instant::now();
        loop {
            // One moment for the whole turn: what is due between two readings of the clock would be neither sent nor waited for.
            let now = Instant::now();
            let idle = self.take_some(&mut feed, &mut block, &mut fed, now);
            self.dispatch(idle || !self.has_room() || self.ending, now);
            told.sent(self.tally.ready()).await;
            if self.tally.progress != spoke && Instant::now() >= tell_at {
                spoke = self.tally.progress.clone();
                tell_at = Instant::now() + TELL;
                told.tell(Told::Progress(spoke.clone())).await;
            }
            let over = !fed || self.ending;
            if self.broken || (over && self.running.is_empty() && self.lanes.values().all(Lane::is_idle)) {
                break;
            }
            if !idle && !self.ending && self.has_room() {
                while let Some(done) = self.running.try_join_next() {
                    self.happened(done);
                }
                yield_now().await;
                continue;
            }
            let wake = self.wake_at(now, (self.tally.progress != spoke).then_some(tell_at));
            let wants = fed && !self.ending && self.has_room() && block.len() == 0 && self.due() <= now;
            tokio::select! {
                biased;
                () = &mut stop, if !self.ending => self.stop(),
                () = told.closed(), if !self.ending => self.stop(),
                Some(done) = self.running.join_next(), if !self.running.is_empty() => self.happened(done),
                new = feed.recv(), if wants => match new {
                    Some(Ok(new)) => block = new.into_iter(),
                    Some(Err(failure)) => fed = self.cut_off(failure),
                    None => fed = false,
                },
                () = sleep_until(wake) => {}
            }
        }
        self.report(&told).await
    }

    /// The producer, where the broker is to recognise what comes again.
    async fn begin(&mut self, told: &Listener<'_>) {
        if self.manner.acks != Acks::All {
            let words = format!("acks {}", self.manner.acks.word());
            self.safety = Safety::Plain(Foreign::new(words));
            return;
        }
        let producer = self.client.producer(&self.permit, WHAT).await;
        self.produces(producer);
        if let Safety::Plain(why) = &self.safety {
            told.tell(Told::Plain(why.clone())).await;
        }
    }

    fn produces(&mut self, producer: Result<Producer, NoProducer>) {
        self.renewing = false;
        match producer {
            Ok(producer) => self.producer = Some(producer),
            Err(NoProducer::Forbidden(code)) => self.safety = Safety::Plain(Foreign::new(format!("{} ({})", code.words(), code.name()))),
            Err(NoProducer::NotOffered) => {
                self.safety = Safety::Plain(Foreign::new("this release of Kafka has no idempotent producers"));
            }
            Err(NoProducer::Failed(failure)) => self.end(failure),
        }
    }

    fn has_room(&self) -> bool {
        self.waiting < ROOM
    }

    /// When the next record may be taken.
    fn due(&self) -> Instant {
        let Some(rate) = self.manner.rate.filter(|&rate| rate > 0) else { return self.started };
        let nanos = u128::from(self.tally.progress.taken) * 1_000_000_000 / u128::from(rate);
        self.started + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Takes records that are there, for one turn. Whether there are no more at the moment.
    fn take_some(&mut self, feed: &mut Feed, block: &mut std::vec::IntoIter<(u64, NewRecord)>, fed: &mut bool, now: Instant) -> bool {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        for _ in 0..TURN {
            if self.ending || !self.has_room() {
                return false;
            }
            if self.due() > now {
                return true;
            }
            match block.next() {
                Some((n, record)) => self.take(n, &record, now_ms),
                None => match feed.try_recv() {
                    Ok(Ok(new)) => *block = new.into_iter(),
                    Ok(Err(failure)) => *fed = self.cut_off(failure),
                    Err(mpsc::error::TryRecvError::Empty) => return true,
                    Err(mpsc::error::TryRecvError::Disconnected) => {
                        *fed = false;
                        return true;
                    }
                },
            }
        }
        false
    }

    fn take(&mut self, n: u64, record: &NewRecord, now_ms: i64) {
        let placed = self.target.place(record, self.manner.partitioner);
        let partition = placed.unwrap_or_else(|| self.anywhere(record.size()));
        let timestamp_ms = record.timestamp_ms.unwrap_or(now_ms);
        let row = self.tally.take(n, timestamp_ms, record.size());
        let headers: Vec<build::NewHeader<'_>> = record.headers.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
        let wire = build::NewRecord { timestamp_ms, key: record.key.as_deref(), value: record.value.as_deref(), headers: &headers };
        let (limit, codec) = (self.batch_limit(), self.manner.codec);
        if codec == Codec::None && self.is_too_large(wire.batch_size()) {
            return self.refuse(&[row], partition, too_large(n, wire.batch_size(), &self.target));
        }
        let Some(lane) = self.lanes.get_mut(&partition) else {
            let missing = format!("partition {} of topic {}", partition.0, self.target.name().raw());
            let there = format!("it has {}", units::counted(units::wide(self.lanes.len()), "partition"));
            return self.refuse(&[row], partition, Failure::new(WHAT, Cause::NotFound(Foreign::new(missing))).hint(there));
        };
        match lane.take(&wire, row, limit, codec) {
            Ok(true) => self.waiting = self.waiting.saturating_add(row.size).saturating_add(OVERHEAD),
            Ok(false) => self.refuse(&[row], partition, too_large(n, wire.batch_size(), &self.target)),
            Err(error) => self.refuse(&[row], partition, Failure::new(WHAT, Cause::Bug(Foreign::new(error.to_string())))),
        }
    }

    /// A partition with a leader, the next one once it has had its share.
    fn anywhere(&mut self, size: usize) -> PartitionId {
        let (at, bytes) = &mut self.sticky;
        *bytes = bytes.saturating_add(size).saturating_add(OVERHEAD);
        if *bytes > STICKY {
            (*at, *bytes) = (at.wrapping_add(1), 0);
        }
        // Without any leader one is as good as another: it fails by itself.
        at.checked_rem(self.led.len()).and_then(|at| self.led.get(at).copied()).unwrap_or(PartitionId(0))
    }

    fn batch_limit(&self) -> usize {
        match self.target.known().largest.and_then(|largest| usize::try_from(largest).ok()) {
            // What does not compress grows a little.
            Some(largest) => BATCH.min(largest.saturating_sub(largest / 64)),
            None => CAREFUL_BATCH,
        }
    }

    fn is_too_large(&self, bytes: usize) -> bool {
        self.target.known().largest.is_some_and(|largest| units::wide(bytes) > largest)
    }

    /// Sends what is there to brokers that have nothing to do. `all`: also batches that could take more.
    fn dispatch(&mut self, all: bool, now: Instant) {
        if self.renewing {
            return;
        }
        let waits: Vec<PartitionId> = self
            .lanes
            .iter()
            .filter(|(_, lane)| !lane.busy && lane.has(all) && lane.not_before.is_none_or(|at| at <= now))
            .map(|(partition, _)| *partition)
            .collect();
        let mut asks: BTreeMap<BrokerId, (usize, Vec<(PartitionId, Batch)>)> = BTreeMap::new();
        for partition in waits {
            let leader = self.client.leader(self.target.name(), partition);
            if let Some(leader) = leader {
                let full = asks.get(&leader.broker).is_some_and(|(bytes, _)| *bytes > REQUEST);
                if full || self.busy.contains(&leader.broker) || self.held.get(&leader.broker).is_some_and(|&until| until > now) {
                    continue;
                }
            }
            let Some(mut batch) = self.next_of(partition) else { continue };
            batch.began.get_or_insert(now);
            let Some(leader) = leader else {
                let words = format!("partition {} has no leader", partition.0);
                batch.why = Some(Failure::new(WHAT, ErrorCode(5).cause(None, Some(&words))));
                self.again(partition, batch, true);
                continue;
            };
            if leader.topic_id != self.target.topic.id && leader.topic_id.is_known() && self.target.topic.id.is_known() {
                let words = "the topic was deleted and made again since it was looked at";
                self.refuse_batch(partition, &batch, Failure::new(WHAT, Cause::Stopped(Foreign::new(words))));
                continue;
            }
            if batch.sequence.is_none()
                && let Some(producer) = &mut self.producer
            {
                let sequence = producer.sequence(self.target.name(), self.target.topic.id, partition, batch.count());
                batch.belong(Some(sequence));
            }
            let (bytes, batches) = asks.entry(leader.broker).or_default();
            *bytes = bytes.saturating_add(batch.bytes.len());
            batches.push((partition, batch));
            if let Some(lane) = self.lanes.get_mut(&partition) {
                lane.busy = true;
            }
        }
        for (broker, (_, batches)) in asks {
            self.send(broker, batches);
        }
    }

    /// The next batch of a partition, if it may be sent at all.
    fn next_of(&mut self, partition: PartitionId) -> Option<Batch> {
        let next = self.lanes.get_mut(&partition)?.next(self.manner.codec);
        match next {
            Ok(Some(batch)) if batch.rows.len() == 1 && self.is_too_large(batch.bytes.len()) => {
                let failure = too_large(batch.rows.first().map_or(0, |row| row.n), batch.bytes.len(), &self.target);
                self.refuse_batch(partition, &batch, failure);
                None
            }
            Ok(batch) => batch,
            Err((rows, error)) => {
                self.release(&rows);
                self.refuse(&rows, partition, Failure::new(WHAT, Cause::Bug(Foreign::new(error.to_string()))));
                None
            }
        }
    }

    fn send(&mut self, broker: BrokerId, mut batches: Vec<(PartitionId, Batch)>) {
        self.busy.insert(broker);
        for (_, batch) in &mut batches {
            batch.tries = batch.tries.saturating_add(1);
        }
        let new = |(partition, batch): &(PartitionId, Batch)| NewBatch {
            topic: self.target.name().clone(),
            topic_id: self.target.topic.id,
            partition: *partition,
            bytes: batch.bytes.clone(),
        };
        // The other half is for the way there and back.
        let timeout = self.client.settings().request / 2;
        let ask = ProduceAsk { acks: self.manner.acks, timeout, batches: batches.iter().map(new).collect() };
        let (client, permit, many) = (self.client.clone(), Arc::clone(&self.permit), self.many);
        let link = self.links.get(&broker).filter(|link| link.is_open()).cloned();
        self.running.spawn(async move {
            let opened = match link {
                Some(link) => Ok(link),
                None => client.produce_link(broker, many).await,
            };
            match opened {
                Ok(link) => {
                    let answer = link.send(&permit, &ask).await;
                    Done::Answered { broker, link: Some(link), batches, answer }
                }
                Err(failure) => Done::Answered { broker, link: None, batches, answer: Err(Lost::Unsent(failure)) },
            }
        });
    }

    /// When to look again though nothing happens. `now`: when it was last decided what waits; what was due then needs no waiting.
    fn wake_at(&self, now: Instant, tell_at: Option<Instant>) -> Instant {
        let lanes = self.lanes.values().filter(|lane| !lane.busy && lane.has(true)).filter_map(|lane| lane.not_before);
        let soon = lanes.chain(self.held.values().copied()).chain([self.due()]);
        first_after(now, soon).into_iter().chain(tell_at).min().unwrap_or(now + Duration::from_secs(3600))
    }

    /// The source broke off: what came before is sent. Always `false`: there is no more.
    fn cut_off(&mut self, failure: Failure) -> bool {
        self.failure.get_or_insert(failure);
        false
    }

    /// The user wants no more.
    fn stop(&mut self) {
        self.stopped = true;
        self.enough();
    }

    /// Something failed: nothing more is taken, and the first reason is the one that is told.
    fn end(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
        self.enough();
    }

    fn enough(&mut self) {
        if std::mem::replace(&mut self.ending, true) {
            return;
        }
        let unsent: Vec<(PartitionId, Vec<Row>)> = self.lanes.iter_mut().map(|(id, lane)| (*id, lane.discard())).collect();
        for (partition, rows) in unsent {
            self.release(&rows);
            self.tally.failed(&rows, partition, "it was not sent");
        }
    }

    async fn report(mut self, told: &Listener<'_>) -> Report {
        if self.broken {
            self.tally.abandon();
        }
        told.sent(self.tally.ready()).await;
        let progress = self.tally.progress.clone();
        told.tell(Told::Progress(progress.clone())).await;
        if let Some(producer) = self.producer.take().filter(|_| progress.failed == 0 && progress.unknown == 0) {
            self.client.give_back(producer);
        }
        let (first, missing) = self.tally.ends();
        Report {
            progress,
            safety: self.safety,
            failure: self.failure,
            stopped: self.stopped,
            first,
            missing,
            read_back: self.read_back,
            unlogged: None,
            journal: None,
        }
    }
}

/// The first of these moments that was still to come at `now`, though it may be over by the time that it is waited for.
fn first_after(now: Instant, moments: impl Iterator<Item = Instant>) -> Option<Instant> {
    moments.filter(|&at| at > now).min()
}

/// `n`: the record's place in the input, from 0.
fn too_large(n: u64, bytes: usize, target: &Target) -> Failure {
    let most = target.known().largest.map_or_else(|| "less".to_owned(), |most| format!("{most} bytes at most (max.message.bytes)"));
    let words = format!("record {} takes {bytes} bytes, and the topic takes {most}", n.saturating_add(1));
    Failure::new(WHAT, ErrorCode(10).cause(None, Some(&words)))
}

/// A broker's word as a failure of the whole.
fn refused(code: ErrorCode, words: Option<&Foreign>, target: &Target) -> Failure {
    let subject = format!("topic {}", target.name().raw());
    match code.0 {
        29 => Operation::Write.denied(WHAT, &subject),
        _ => Failure::new(WHAT, code.cause(Some(&subject), words.map(Foreign::raw))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_due_while_one_looked_is_waited_for_and_so_wakes_at_once() {
        let looked = Instant::now();
        let (before, between) = (looked - Duration::from_secs(1), looked + Duration::from_nanos(1));
        assert!(between < Instant::now(), "over by now");
        assert_eq!(first_after(looked, [looked, between, before].into_iter()), Some(between));
        assert_eq!(first_after(looked, [looked, before].into_iter()), None, "that was seen");
    }
}

//! Sends: takes records as they come, fills batches, keeps one request on its way to each leader, and hears what becomes of it.
//!
//! A batch that waits for its turn goes on being filled, so that a fast source makes large requests and a single record is sent
//! at once. What is not settled yet is bounded in bytes and records: then nothing more is taken from the source.

mod dispatch;
mod settle;
mod take;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

use super::feed::Feed;
use super::lane::{Batch, Lane};
use super::tally::{Row, Tally};
use super::{Listener, Told};
use crate::core::guard::Permit;
use crate::core::produce::{Acks, Manner, Progress, Report, Safety, Target};
use crate::io::kafka::{Ack, Client, ErrorCode, Lost, NoProducer, ProduceLink, Produced, Producer};
use crate::model::{BrokerId, Failure, Foreign, Operation, PartitionId, Resource};
use take::Source;

pub(super) const WHAT: &str = "send the records";
/// What a record takes besides its bytes while it waits.
const OVERHEAD: usize = 64;
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
    pub(super) async fn run(mut self, feed: Feed, stop: impl Future<Output = ()> + Send, told: Listener<'_>) -> Report {
        let mut stop = std::pin::pin!(stop);
        self.begin(&told).await;
        let (mut source, mut spoke) = (Source::new(feed), Progress::default());
        let mut tell_at = Instant::now();
        loop {
            // One moment for the whole turn: what is due between two readings of the clock would be neither sent nor waited for.
            let now = Instant::now();
            let idle = self.take_some(&mut source, now);
            self.dispatch(idle || !self.has_room() || self.ending, now);
            told.sent(self.tally.ready()).await;
            if self.tally.progress != spoke && Instant::now() >= tell_at {
                spoke = self.tally.progress.clone();
                tell_at = Instant::now() + TELL;
                told.tell(Told::Progress(spoke.clone())).await;
            }
            let over = source.over || self.ending;
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
            let wants = source.is_hungry() && !self.ending && self.has_room() && self.due() <= now;
            tokio::select! {
                biased;
                () = &mut stop, if !self.ending => self.stop(),
                () = told.closed(), if !self.ending => self.stop(),
                Some(done) = self.running.join_next(), if !self.running.is_empty() => self.happened(done),
                new = source.feed.recv(), if wants => self.came(&mut source, new),
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
            // Since 2.8 WRITE on any topic will do (KIP-679).
            Err(NoProducer::Forbidden(ErrorCode(31))) => {
                self.safety = Safety::Plain(Foreign::new("not authorised: IDEMPOTENT_WRITE on the cluster, or WRITE on a topic"));
            }
            Err(NoProducer::Forbidden(code)) => self.safety = Safety::Plain(Foreign::new(format!("{} ({})", code.words(), code.name()))),
            Err(NoProducer::NotOffered) => {
                self.safety = Safety::Plain(Foreign::new("this release of Kafka has no idempotent producers"));
            }
            Err(NoProducer::Failed(failure)) => self.end(failure),
        }
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

/// A broker's word as a failure of the whole.
fn refused(code: ErrorCode, words: Option<&Foreign>, target: &Target) -> Failure {
    let subject = format!("topic {}", target.name().raw());
    match code.0 {
        29 => Operation::Write.on(Resource::Topic).denied(WHAT, &subject),
        _ => Failure::new(WHAT, code.cause(Some(&subject), words.map(Foreign::raw))),
    }
}

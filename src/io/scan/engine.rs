//! The loop: one task that starts everything, hears of everything, and decides. Nothing here waits but the loop itself.
//!
//! Work runs in tasks of one set, each ending in an [`Event`]; dropping the engine ends them all.

mod backwards;
mod hear;
mod recall;
mod report;
mod talks;
mod topic;
mod truncation;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::backward::Back;
use super::decode::{Block, How, Job};
use super::merge::Out;
use super::newest;
use super::part::Part;
use super::place::{Placed, Unplaced, Wish, place};
use super::recent::{Recent, Search};
use super::span::Of;
use super::{Options, Shape, Sink};
use crate::core::stream::{Ended, Fact, Flow, Isolation, Plan};
use crate::io::kafka::{Client, Fetched, Link, PartitionError};
use crate::io::work::Work;
use crate::model::{BrokerId, Cause, ClusterView, Failure, Foreign, LeaderEpoch, Offset, PartitionId, Time, Topic, TxnTable};
use crate::query::position::Position;
use crate::records::Scratch;
use talks::{Round, Talk};

const WHAT: &str = "read the topic";
/// The look at all partitions' places before the newest records are chosen waits so long for the slowest broker.
const PATIENCE_AT_START: Duration = Duration::from_secs(3);

/// What a task of the set ended with.
#[derive(Debug)]
pub(super) enum Event {
    Placed(Vec<Placed>),
    Linked {
        talk: usize,
        link: Result<Link, Failure>,
    },
    Answered {
        talk: usize,
        round: Round,
        result: Result<Fetched, Failure>,
    },
    Looked(Result<ClusterView, Failure>),
    /// Start and end of a log whose offset was out of range.
    Ends {
        part: usize,
        asked: Offset,
        result: Result<truncation::Ends, PartitionError>,
    },
    /// Where a new leader's log ends of the epoch that was read last.
    EpochEnd {
        part: usize,
        asked: Offset,
        result: Result<Option<(LeaderEpoch, Offset)>, PartitionError>,
    },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Engine {
    pub client: Client,
    pub work: Work,
    pub wish: Wish,
    pub options: Options,
    pub how: How,
    keep: usize,
    /// No end: reads on as records come.
    follows: bool,
    pub committed_only: bool,
    /// Partitions that are added join.
    grows: bool,
    pub newest: Option<u64>,
    pub parts: Vec<Part>,
    talks: Vec<Talk>,
    pub running: JoinSet<Event>,
    jobs: Vec<(usize, u64, Job)>,
    /// What the pool's workers finish.
    tell: mpsc::UnboundedSender<Decoded>,
    decoded: mpsc::UnboundedReceiver<Decoded>,
    pub out: Out,
    /// What was read a moment ago, and where what is read now is kept.
    search: Option<Search>,
    pub table: TxnTable,
    pub scratch: Scratch,
    held: bool,
    /// Nothing is fetched yet.
    pub starting: bool,
    pub bytes: u64,
    /// Transaction markers among what was read.
    pub markers: u64,
    throttle_ms: u32,
    look: topic::Look,
    clock: report::Clock,
    /// Said last, when all that was read is handed on.
    closing: Option<Fact>,
    ended: Option<Result<Ended, Failure>>,
    /// The budget is used up.
    spent: bool,
    /// Rows handed on, when they are read from the end.
    rows: usize,
}

pub(super) async fn run<S: Sink>(
    client: Client,
    work: Work,
    plan: Plan,
    options: Options,
    mut flow: mpsc::UnboundedReceiver<Flow>,
    mut sink: S,
) -> Result<Ended, Failure> {
    let topic = client.topic(WHAT, &plan.topic).await?;
    let mut engine = Engine::new(client, work, plan, options, &topic)?;
    if engine.newest.is_some() {
        engine.place_all().await;
        newest::fill(&mut engine).await;
    }
    engine.starting = false;
    let mut steered = true;
    loop {
        let now = Instant::now();
        let turned = engine.turn_windows();
        engine.drive(now);
        let ready = engine.ready(now);
        let made_room = !ready.is_empty() || turned;
        // Whoever stops here knows how far was read.
        if let Some(progress) = engine.progress_with(&ready, now) {
            sink.progress(progress);
        }
        for taken in ready {
            if sink.take(taken).await.is_break() {
                sink.progress(engine.last_progress(now));
                return Ok(Ended::Enough);
            }
        }
        if made_room {
            engine.turn_windows();
            engine.drive(Instant::now());
        }
        if let Some(progress) = engine.progress(now) {
            sink.progress(progress);
        }
        if let Some(end) = engine.end(now) {
            sink.progress(engine.last_progress(now));
            return end;
        }
        let wake = engine.wake(Instant::now());
        tokio::select! {
            biased;
            flow = flow.recv(), if steered => match flow {
                Some(flow) => engine.steer(flow),
                None => steered = false,
            },
            Some(event) = engine.running.join_next() => engine.happened(event),
            Some(decoded) = engine.decoded.recv() => engine.keep(decoded),
            () = sleep_until(wake) => {}
        }
        while let Some(event) = engine.running.try_join_next() {
            engine.happened(event);
        }
        while let Ok(decoded) = engine.decoded.try_recv() {
            engine.keep(decoded);
        }
    }
}

impl Engine {
    fn new(client: Client, work: Work, plan: Plan, options: Options, topic: &Topic) -> Result<Self, Failure> {
        let committed_only = plan.isolation == Isolation::ReadCommitted;
        let of = Of { topic: plan.topic.clone(), id: topic.id, committed_only };
        let recreated = plan.topic_id.is_known() && topic.id.is_known() && plan.topic_id != topic.id;
        let mut parts: Vec<Part> = chosen(&plan, topic)?.into_iter().map(Part::new).collect();
        parts.sort_by_key(|part| part.id);
        let grows = plan.partitions.is_none() && plan.until.is_none() && !matches!(plan.from, Position::Offsets(_));
        let how = How { shape: options.shape.clone(), filter: plan.filter.clone(), generation: 0, largest: options.largest };
        let now = Instant::now();
        let (tell, decoded) = mpsc::unbounded_channel();
        let mut engine = Self {
            client,
            work,
            how,
            keep: plan.keep,
            follows: plan.until.is_none(),
            committed_only,
            grows,
            newest: plan.newest.filter(|_| matches!(options.shape, Shape::Chunks)),
            parts,
            talks: Vec::new(),
            running: JoinSet::new(),
            jobs: Vec::new(),
            tell,
            decoded,
            out: Out::default(),
            // What has no end is read as it comes: nobody reads it again.
            search: options.recent.as_ref().filter(|_| plan.until.is_some()).map(Recent::search),
            table: TxnTable::default(),
            scratch: Scratch::default(),
            held: false,
            starting: true,
            bytes: 0,
            markers: 0,
            throttle_ms: 0,
            look: topic::Look::new(now, topic),
            clock: report::Clock::new(now, options.context.now),
            closing: recreated.then_some(Fact::Recreated { old: plan.topic_id, new: topic.id }),
            ended: None,
            spent: false,
            rows: 0,
            wish: Wish { of, from: plan.from, until: plan.until, context: options.context.clone() },
            options,
        };
        engine.adopt_leaders(now);
        Ok(engine)
    }

    /// Waits until every partition's place is known, or only those of brokers that do not answer are missing.
    async fn place_all(&mut self) {
        let deadline = Instant::now() + PATIENCE_AT_START;
        while self.parts.iter().any(|part| !part.placed && part.trouble.is_none()) {
            self.drive(Instant::now());
            tokio::select! {
                Some(event) = self.running.join_next() => self.happened(event),
                () = sleep_until(deadline) => return,
            }
        }
    }

    fn steer(&mut self, flow: Flow) {
        match flow {
            Flow::Hold => {
                self.held = true;
                for part in &mut self.parts {
                    part.caught_up = false;
                }
            }
            Flow::Resume => self.held = false,
            // A reader is cancelled by its task.
            Flow::Stop => {}
            Flow::Filter { generation, filter } => {
                self.how.filter = filter;
                self.how.generation = generation;
            }
        }
    }

    fn happened(&mut self, event: Result<Event, tokio::task::JoinError>) {
        let now = Instant::now();
        self.clock.dirty = true;
        match event {
            Ok(Event::Placed(placed)) => placed.into_iter().for_each(|placed| self.placed(placed, now)),
            Ok(Event::Linked { talk, link }) => self.linked(talk, link, now),
            Ok(Event::Answered { talk, round, result }) => self.answered(talk, &round, result, now),
            Ok(Event::Looked(result)) => self.looked(result, now),
            Ok(Event::Ends { part, asked, result }) => self.compared(part, asked, result, now),
            Ok(Event::EpochEnd { part, asked, result }) => self.verified(part, asked, result, now),
            Err(error) if error.is_cancelled() => {}
            Err(_panicked) => self.ended = Some(Err(bug())),
        }
    }

    /// Takes in what a worker finished.
    fn keep(&mut self, decoded: Decoded) {
        match (self.parts.get_mut(decoded.part), decoded.block) {
            (Some(part), Some(block)) => part.fill(decoded.slot, block),
            (Some(_), None) => self.ended = Some(Err(bug())),
            (None, _) => {}
        }
    }

    /// Starts whatever can be started now.
    fn drive(&mut self, now: Instant) {
        if self.closing.is_none() && self.ended.is_none() {
            self.notice_silence(now);
            self.look_again(now);
            self.place_some(now);
            if !self.held && !self.starting {
                self.talk(now);
            }
        }
        for (part, slot, job) in std::mem::take(&mut self.jobs) {
            let told = Told { tell: self.tell.clone(), part, slot, block: None };
            self.work.submit(move || {
                let mut told = told;
                // Nobody waits for it any more.
                if !told.tell.is_closed() {
                    told.block = Some(super::decode::run(&job));
                }
            });
        }
    }

    fn place_some(&mut self, now: Instant) {
        let mut by_leader: BTreeMap<BrokerId, Vec<Unplaced>> = BTreeMap::new();
        for (index, part) in self.parts.iter_mut().enumerate() {
            let waits = part.trouble.as_ref().is_some_and(|trouble| trouble.not_before > now);
            if part.placed || part.asking || waits {
                continue;
            }
            let Some(leader) = part.leader else {
                part.fail(no_leader(), now);
                self.look.soon(now);
                continue;
            };
            part.asking = true;
            let (partition, epoch, joins) = (part.id, part.epoch, part.joins);
            by_leader.entry(leader).or_default().push(Unplaced { index, partition, epoch, joins });
        }
        for (broker, parts) in by_leader {
            let (client, wish) = (self.client.clone(), self.wish.clone());
            self.running.spawn(async move { Event::Placed(place(&client, &wish, broker, parts).await) });
        }
    }

    fn placed(&mut self, placed: Placed, now: Instant) {
        let parts = self.parts.len();
        let late = self.newest.filter(|_| !self.starting).map(|n| n / u64::try_from(self.parts.len()).unwrap_or(1).max(1));
        let Some(part) = self.parts.get_mut(placed.index) else { return };
        part.asking = false;
        let place = match placed.result {
            Ok(place) => place,
            Err(PartitionError::Kafka(code)) if super::faults::reaction(code) == super::faults::Reaction::Fatal => {
                self.ended = Some(Err(Failure::new(WHAT, code.cause(Some(&self.subject()), None))));
                return;
            }
            Err(PartitionError::Denied(needed)) => {
                self.ended = Some(Err(needed.denied(WHAT, &self.subject())));
                return;
            }
            Err(error) => {
                let subject = format!("partition {} of topic {}", part.id.0, self.wish.of.topic.raw());
                part.fail(error.failure(WHAT, &subject), now);
                self.look.soon(now);
                return;
            }
        };
        part.placed = true;
        part.trouble = None;
        (part.log_start, part.stable, part.end) = (Some(place.log_start), Some(place.stable), Some(place.end));
        part.end_epoch = place.end_epoch;
        part.stop = place.stop;
        part.span = place.from.zip(place.stop);
        self.table.merge(&place.txns);
        let Some(from) = place.from else {
            (part.left_out, part.done) = (true, true);
            return;
        };
        for fact in place.facts {
            part.queue.push(Block::fact(fact));
        }
        let end = place.stop.unwrap_or(place.end);
        let least = late.map(|n| end.plus(-i64::try_from(n).unwrap_or(i64::MAX)));
        let from = least.map_or(from, |least| from.max(least));
        // Where a look-back is to come, it tells.
        part.first = (self.newest.is_none() || late.is_some()).then_some(from);
        if self.options.backwards {
            part.back = Some(Back::new(from, end, parts));
            part.turn();
        } else {
            part.begin(from);
        }
    }

    /// Milliseconds and all, as the loop's own clock tells it.
    pub(super) fn time(&self, now: Instant) -> Time {
        self.clock.time(now)
    }

    fn subject(&self) -> String {
        format!("topic {}", self.wish.of.topic.raw())
    }
}

/// What a worker finished; without a block it ended before it was done.
#[derive(Debug)]
struct Decoded {
    part: usize,
    slot: u64,
    block: Option<Block>,
}

/// Tells of a job's end, also when the job panics.
struct Told {
    tell: mpsc::UnboundedSender<Decoded>,
    part: usize,
    slot: u64,
    block: Option<Block>,
}

impl Drop for Told {
    fn drop(&mut self) {
        // The reader may be gone.
        let _gone = self.tell.send(Decoded { part: self.part, slot: self.slot, block: self.block.take() });
    }
}

fn bug() -> Failure {
    Failure::new(WHAT, Cause::Bug(Foreign::new("a part of the reader ended without an answer; the log says more")))
}

pub(super) fn no_leader() -> Failure {
    Failure::new(WHAT, crate::io::kafka::ErrorCode(5).cause(None, Some("no leader")))
}

/// The partitions that a plan wants, or what it wants in vain.
fn chosen(plan: &Plan, topic: &Topic) -> Result<Vec<PartitionId>, Failure> {
    let mut named: Vec<PartitionId> = plan.partitions.clone().unwrap_or_default();
    for position in [Some(&plan.from), plan.until.as_ref()].into_iter().flatten() {
        if let Position::Offsets(all) = position {
            named.extend(all.keys());
        }
    }
    if let Some(missing) = named.iter().find(|&&id| topic.partition(id).is_none()) {
        let what = format!("partition {} of topic {}", missing.0, plan.topic.raw());
        let hint = match topic.partitions.len() {
            1 => "its only partition is 0".to_owned(),
            count => format!("it has the partitions 0 to {}", count.saturating_sub(1)),
        };
        return Err(Failure::new(WHAT, Cause::NotFound(Foreign::new(what))).hint(hint));
    }
    Ok(match &plan.partitions {
        Some(some) => some.iter().copied().collect::<std::collections::BTreeSet<_>>().into_iter().collect(),
        None => topic.partitions.iter().map(|partition| partition.id).collect(),
    })
}

/// Links are shared with the fetches under way on them.
pub(super) type SharedLink = Arc<Link>;

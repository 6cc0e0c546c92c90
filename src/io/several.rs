//! Several topics read into one list: by time, each topic's own order kept. Every topic has a reader of its own; what they give is
//! merged where records lie side by side, and partitions become lanes ([`lanes`]).

mod gate;
mod merge;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::kafka::Client;
use super::past::turned;
use super::scan::{self, Options, Recent, Shape, Sink, Taken};
use super::work::Work;
use crate::core::ask::Older;
use crate::core::stream::{Allowance, Delivery, Ended, Fact, Flow, Plan, Progress, lanes};
use crate::model::{Failure, Offset, PartitionId};
use crate::query::position::Position;
use gate::Gate;
use merge::{Row, cut, deliveries, merged, rows};

/// The progress of all is told so often.
const PORTION: Duration = Duration::from_millis(100);

/// Where each topic's reader stands.
type Board = Arc<Mutex<Vec<Progress>>>;

/// Reads the topics of the plans until all have ended. A topic that cannot be read is told, and the others are read.
///
/// # Errors
/// None of them can be read.
pub(super) async fn read<S: Sink>(
    client: Client,
    work: Work,
    plans: Vec<Plan>,
    options: Options,
    mut flow: mpsc::UnboundedReceiver<Flow>,
    mut sink: S,
) -> Result<(), Failure> {
    let names: Vec<String> = plans.iter().map(|plan| plan.topic.raw().to_owned()).collect();
    let Begun { plans, base, firsts, mut failures } = begin(&client, &work, plans, &options, &mut sink).await?;
    let mut gate = Gate::new(names.len());
    for (at, failure) in &failures {
        gate.done(*at);
        gate.say(vec![not_read(&names, *at, failure)]);
    }
    let board: Board = Arc::new(Mutex::new(vec![Progress::default(); names.len()]));
    let (lane, mut arrivals) = mpsc::channel(4);
    let (mut running, mut steers) = (JoinSet::new(), Vec::new());
    let mut left = plans.len();
    for (at, plan) in plans {
        let (steer, steered) = mpsc::unbounded_channel();
        steers.push(steer);
        let one = One { at, lane: lane.clone(), board: Arc::clone(&board) };
        let (client, work, options) = (client.clone(), work.clone(), options.clone());
        running.spawn(async move { (at, scan::read(client, work, plan, options, steered, one).await) });
    }
    drop(lane);
    let mut told = Instant::now();
    while left > 0 || !gate.is_empty() {
        tokio::select! {
            biased;
            Some(wanted) = flow.recv() => steers.iter().for_each(|steer| drop(steer.send(wanted.clone()))),
            Some((at, delivery)) = arrivals.recv() => gate.put(at, &delivery),
            Some(ended) = running.join_next() => {
                left -= 1;
                if let Ok((at, result)) = ended {
                    gate.done(at);
                    if let Err(failure) = result {
                        gate.say(vec![not_read(&names, at, &failure)]);
                        failures.push((at, failure));
                    }
                }
            }
            () = sleep_until(told + PORTION) => {}
        }
        if told.elapsed() >= PORTION {
            told = Instant::now();
            sink.progress(joined(&base, &board.lock().unwrap_or_else(PoisonError::into_inner), &firsts));
        }
        let live: Vec<bool> = board.lock().unwrap_or_else(PoisonError::into_inner).iter().map(is_live).collect();
        for delivery in gate.ready(&live, left == 0) {
            if sink.take(Taken::Records(delivery)).await.is_break() {
                return Ok(());
            }
        }
    }
    sink.progress(joined(&base, &board.lock().unwrap_or_else(PoisonError::into_inner), &firsts));
    match failures.pop() {
        Some((_, failure)) if failures.len() + 1 == names.len() => Err(failure),
        _ => Ok(()),
    }
}

fn not_read(names: &[String], at: usize, failure: &Failure) -> Fact {
    let name = names.get(at).map(String::as_str).unwrap_or_default();
    Fact::Said(format!("{name} is not read: {}", failure.sentence()))
}

/// What reading goes on from.
struct Begun {
    /// With the place of each topic.
    plans: Vec<(usize, Plan)>,
    /// What was read of each for its newest records.
    base: Vec<Progress>,
    /// Where each lane begins, where newer records of others were wanted more.
    firsts: BTreeMap<PartitionId, Offset>,
    failures: Vec<(usize, Failure)>,
}

/// Hands on the newest records of all, when those are wanted; the plans that come back go on behind them.
async fn begin<S: Sink>(client: &Client, work: &Work, plans: Vec<Plan>, options: &Options, sink: &mut S) -> Result<Begun, Failure> {
    let base = vec![Progress::default(); plans.len()];
    let Some(most) = plans.first().and_then(|plan| plan.newest) else {
        return Ok(Begun { plans: plans.into_iter().enumerate().collect(), base, firsts: BTreeMap::new(), failures: Vec::new() });
    };
    let bounded = plans.iter().map(|plan| Plan { until: Some(Position::Now), ..plan.clone() }).collect();
    let read = gathered(client, work, bounded, options).await;
    let (mut begun, mut found) = (Begun { plans: Vec::new(), base, firsts: BTreeMap::new(), failures: Vec::new() }, Vec::new());
    for ((at, plan), result) in plans.into_iter().enumerate().zip(read) {
        match result {
            Ok(older) => {
                let positions = older.progress.partitions.iter().map(|part| (part.id, part.position)).collect();
                begun.plans.push((at, Plan { from: Position::Offsets(positions), newest: None, ..plan }));
                found.push((at, older));
            }
            Err(failure) => begun.failures.push((at, failure)),
        }
    }
    if found.is_empty()
        && let Some((_, failure)) = begun.failures.pop()
    {
        return Err(failure);
    }
    let one = together(found, most);
    for (progress, base) in one.each.into_iter().zip(&mut begun.base) {
        *base = progress;
    }
    begun.firsts = one.firsts;
    sink.progress(joined(&begun.base, &[], &begun.firsts));
    for delivery in one.deliveries {
        if sink.take(Taken::Records(delivery)).await.is_break() {
            break;
        }
    }
    Ok(begun)
}

/// Older records of several topics, the newest so many of all.
///
/// # Errors
/// One of the topics cannot be read: then nothing is given, since what is missing would have to stand between the others.
pub(super) async fn older(
    (client, work, recent): (&Client, &Work, Recent),
    plans: Vec<(usize, Plan)>,
    allowance: Allowance,
) -> Result<Older, Failure> {
    let most = plans.first().and_then(|(_, plan)| plan.newest).unwrap_or(u64::MAX);
    let filtered = plans.iter().any(|(_, plan)| plan.filter.is_some());
    let (places, plans): (Vec<usize>, Vec<Plan>) = plans.into_iter().unzip();
    let share = |all: Option<u64>| all.map(|all| all.checked_div(u64::try_from(plans.len()).unwrap_or(1)).unwrap_or(all).max(1));
    let live = Options::live(crate::query::Context::utc(now()));
    let options = if filtered {
        let most = Some(usize::try_from(most).unwrap_or(usize::MAX));
        let (budget, pace) = (share(allowance.bytes), share(allowance.rate));
        let recent = Some(recent);
        Options { largest: live.largest, backwards: true, most, budget, pace, recent, ..Options::headless(Shape::Chunks, live.context) }
    } else {
        live
    };
    let plans = plans.into_iter().map(|plan| Plan { newest: plan.newest.filter(|_| !filtered), ..plan }).collect();
    let results = gathered(client, work, plans, &options).await;
    let found = places.iter().copied().zip(results).map(|(at, result)| Ok((at, result?))).collect::<Result<Vec<_>, Failure>>()?;
    let ended: Vec<Option<Ended>> = found.iter().map(|(_, older)| older.ended).collect();
    let one = together(found, most);
    let has = |wanted: Ended| ended.contains(&Some(wanted));
    let ended = match filtered {
        false => None,
        true if has(Ended::Budget) => Some(Ended::Budget),
        true if one.was_cut || has(Ended::Enough) => Some(Ended::Enough),
        true if has(Ended::Gone) => Some(Ended::Gone),
        true => Some(Ended::Done),
    };
    let progress = joined(&one.each, &[], &one.firsts);
    Ok(Older { deliveries: one.deliveries, progress, ended })
}

/// What several topics gave, as one.
struct Together {
    deliveries: Vec<Delivery>,
    /// By the place of the topic.
    each: Vec<Progress>,
    firsts: BTreeMap<PartitionId, Offset>,
    was_cut: bool,
}

fn together(found: Vec<(usize, Older)>, most: u64) -> Together {
    let mut each: Vec<Progress> = Vec::new();
    let (mut queues, mut facts, mut extra) = (Vec::new(), Vec::new(), 0_u64);
    for (at, older) in found {
        if each.len() <= at {
            each.resize(at + 1, Progress::default());
        }
        let mut queue = Vec::new();
        for delivery in older.deliveries {
            extra = extra.saturating_add(delivery.read.saturating_sub(u64::try_from(delivery.chunk.len()).unwrap_or(0)));
            facts.extend(delivery.facts.iter().map(|fact| merge::fact(at, fact)));
            queue.extend(rows(at, &delivery.chunk));
        }
        queues.push(queue.into());
        if let Some(place) = each.get_mut(at) {
            *place = older.progress;
        }
    }
    let mut all: Vec<Row> = merged(&mut queues, |_| false);
    let firsts = cut(&mut all, usize::try_from(most).unwrap_or(usize::MAX));
    let was_cut = !firsts.is_empty();
    let mut deliveries = deliveries(&all, 0);
    if deliveries.is_empty() && (extra > 0 || !facts.is_empty()) {
        deliveries.push(merge::empty(0));
    }
    if let Some(first) = deliveries.first_mut() {
        first.facts = facts;
        first.read = first.read.saturating_add(extra);
    }
    Together { deliveries, each, firsts, was_cut }
}

/// Runs plans that have an end, at the same time; what came of each, in their order.
async fn gathered(client: &Client, work: &Work, plans: Vec<Plan>, options: &Options) -> Vec<Result<Older, Failure>> {
    let mut running = JoinSet::new();
    let count = plans.len();
    for (at, plan) in plans.into_iter().enumerate() {
        let (client, work, options) = (client.clone(), work.clone(), options.clone());
        running.spawn(async move {
            let mut all = Gather { older: Older::default(), backwards: options.backwards };
            let nobody_steers = mpsc::unbounded_channel().1;
            let result = scan::read(client, work, plan, options, nobody_steers, &mut all).await;
            if all.backwards {
                all.older.deliveries.reverse();
            }
            (at, result.map(|ended| Older { ended: Some(ended), ..all.older }))
        });
    }
    let mut results: Vec<Option<Result<Older, Failure>>> = (0..count).map(|_| None).collect();
    while let Some(ended) = running.join_next().await {
        if let Ok((at, result)) = ended
            && let Some(place) = results.get_mut(at)
        {
            *place = Some(result);
        }
    }
    let lost = || Failure::new("read the topic", crate::model::Cause::Refused("reading it ended without a word; the log says more"));
    results.into_iter().map(|result| result.unwrap_or_else(|| Err(lost()))).collect()
}

#[derive(Debug)]
struct Gather {
    older: Older,
    backwards: bool,
}

impl Sink for &mut Gather {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        if let Taken::Records(delivery) = taken {
            self.older.deliveries.push(if self.backwards { turned(delivery) } else { delivery });
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) {
        self.older.progress = progress;
    }
}

/// The lane of one topic's reader.
#[derive(Debug)]
struct One {
    at: usize,
    lane: mpsc::Sender<(usize, Delivery)>,
    board: Board,
}

impl Sink for One {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        let Taken::Records(delivery) = taken else { return ControlFlow::Continue(()) };
        if self.lane.send((self.at, delivery)).await.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn progress(&mut self, progress: Progress) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = board.get_mut(self.at) {
            *place = progress;
        }
    }
}

/// Whether a reader is at the log's end: it says so, or there is nothing that it has not read. One that begins at the end is told
/// so by the first answer only, which comes when there is something.
fn is_live(progress: &Progress) -> bool {
    let at_end = |part: &crate::core::stream::PartitionProgress| part.end.is_some_and(|end| part.position >= end);
    progress.live || !progress.partitions.is_empty() && progress.partitions.iter().all(at_end)
}

/// Where all of them stand. `base`: what was read before the readers on the board began.
fn joined(base: &[Progress], board: &[Progress], firsts: &BTreeMap<PartitionId, Offset>) -> Progress {
    let mut all = Progress { live: !base.is_empty(), ..Progress::default() };
    for (at, before) in base.iter().enumerate() {
        let now = board.get(at);
        for progress in [Some(before), now].into_iter().flatten() {
            all.read = all.read.saturating_add(progress.read);
            all.matched = all.matched.saturating_add(progress.matched);
            all.broken = all.broken.saturating_add(progress.broken);
            all.recalled = all.recalled.saturating_add(progress.recalled);
            all.unfit.add(&progress.unfit);
            all.bytes = all.bytes.saturating_add(progress.bytes);
            all.markers = all.markers.saturating_add(progress.markers);
            all.throttle_ms = all.throttle_ms.max(progress.throttle_ms);
            all.spared.add(progress.spared);
            all.txns.merge(&progress.txns.renumbered(|id| lanes::lane(at, id)));
        }
        let newest = now.filter(|now| !now.partitions.is_empty()).unwrap_or(before);
        all.live &= is_live(newest);
        for part in &newest.partitions {
            let Some(id) = lanes::lane(at, part.id) else { continue };
            let begun = before.partitions.iter().find(|old| old.id == part.id).and_then(|old| old.first);
            let first = firsts.get(&id).copied().or(begun).or(part.first);
            all.partitions.push(crate::core::stream::PartitionProgress { id, first, ..part.clone() });
        }
    }
    all
}

fn now() -> crate::model::Time {
    crate::model::Time(jiff::Timestamp::now().as_microsecond())
}

#[cfg(test)]
mod tests;

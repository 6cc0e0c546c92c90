//! Changing what a group has committed, step by step (2.5 of the protocol notes): preview, sample, recheck, a file for undo, one
//! request, reading back, watching, and a line of the audit log before and after.
//!
//! Nothing here decides what is wanted: the plan is a value of `core::reset`, and the numbers that were shown are the numbers
//! that are sent. From the moment the file for undo is written the work goes on even when nobody waits for it any more: a change
//! whose outcome nobody reads would be worse than one that cannot be called off.

mod read;
mod turn;
mod undo;
mod watch;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::audit;
use super::kafka::Client;
use crate::core::guard::Permit;
use crate::core::reset::{Deed, Difference, Ended, Obstacle, Order, Outcome, Plan, Report, Step, Stop, Wish, differences};
use crate::model::{Cause, Failure, Foreign, GroupListing, GroupState, Time};

use turn::Turn;
pub use undo::FOLDER as UNDO_FOLDER;

/// Between two looks at a group that is waited for.
const POLL: Duration = Duration::from_millis(250);
/// Between two looks at commits while one samples.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Makes the plan of a change. `state`: the state folder, where saved offsets are.
///
/// # Errors
/// The group or a topic is not there, a broker does not answer or refuses, a file cannot be read.
pub async fn preview(client: &Client, state: Option<&Path>, wish: Wish) -> Result<Plan, Failure> {
    read::preview(client, state, wish).await
}

/// What a change works with.
#[derive(Debug, Clone)]
struct Hands {
    client: Client,
    state: Option<Arc<Path>>,
    plan: Arc<Plan>,
    permit: Arc<Permit>,
    /// The audit log says how it ended, or somebody is about to write that.
    settled: Arc<AtomicBool>,
}

/// What was called off before anything was sent is told in the audit log, as every other end is.
struct CalledOff<'a>(&'a Hands);

impl Drop for CalledOff<'_> {
    fn drop(&mut self) {
        self.0.came_to_nothing(&Failure::new("change the group", Cause::Cancelled));
    }
}

/// Carries a plan out; `tell` hears the steps. `armed`: waits for the first moment at which the group has no members; until then
/// the future may be dropped.
///
/// # Errors
/// Something could not be read before anything was written.
pub async fn carry_out<F: Future<Output = ()>>(
    client: &Client,
    state: Option<&Path>,
    permit: Permit,
    (order, armed): (Order, bool),
    tell: impl Fn(Step) -> F,
) -> Result<Report, Failure> {
    let Order { plan, sample, watch } = order;
    let hands = Hands {
        client: client.clone(),
        state: state.map(Arc::from),
        plan: Arc::new(plan),
        permit: Arc::new(permit),
        settled: Arc::default(),
    };
    let called_off = CalledOff(&hands);
    let done = if armed { hands.wait_and_write(&tell).await } else { hands.check_and_write(sample, &tell).await };
    let mut report = match done {
        Ok(report) => report,
        Err(failure) => {
            hands.came_to_nothing(&failure);
            return Err(failure);
        }
    };
    drop(called_off);
    if let (Ended::Written(outcomes), false) = (&report.ended, watch.is_zero()) {
        let watched = watch::watch(client, &hands.plan, outcomes, watch, |watched| tell(Step::Watching(watched))).await;
        if let Err(why) = audit::watched(state, hands.permit.receipt(), &watched) {
            report.unlogged.get_or_insert(Foreign::new(why));
        }
        report.watched = Some(watched);
    }
    Ok(report)
}

impl Hands {
    /// The intent stands in the log; that it came to nothing should too. Where it cannot, the failure is what matters.
    fn came_to_nothing(&self, failure: &Failure) {
        if !self.settled.swap(true, Ordering::Relaxed) {
            let _unlogged = audit::failed(self.state.as_deref(), self.permit.receipt(), &self.plan, failure);
        }
    }

    /// Now, or not at all.
    async fn check_and_write<F: Future<Output = ()>>(&self, sample: Duration, tell: &impl Fn(Step) -> F) -> Result<Report, Failure> {
        let plan = &self.plan;
        if let Some(obstacle) = plan.obstacle() {
            return Ok(self.stopped(Stop::Obstacle(obstacle)));
        }
        // Members of other topics go on committing while a topic's offsets are forgotten.
        let lenient = plan.wish.deed == Deed::Forget && !plan.group.members.is_empty();
        if plan.group.listed
            && !lenient
            && let Some(stop) = self.sample(sample, tell).await?
        {
            return Ok(self.stopped(stop));
        }
        let Some(turn) = turn::take(self.state.as_deref(), plan) else {
            return Ok(self.stopped(Stop::Busy));
        };
        tell(Step::Rechecking).await;
        let now = read::recheck(&self.client, plan, true).await?;
        let found = differences(plan, &now, lenient);
        if !found.is_empty() {
            return Ok(self.stopped(changed(found, &now)));
        }
        Ok(self.write(now, turn, tell).await.0)
    }

    /// Looks at the commits until they were looked at for long enough since the plan was made.
    async fn sample<F: Future<Output = ()>>(&self, sample: Duration, tell: &impl Fn(Step) -> F) -> Result<Option<Stop>, Failure> {
        let end = self.plan.at.plus(sample);
        // A clock that was set back does not make it longer.
        let mut left = end.since(now()).min(sample);
        while !left.is_zero() {
            tell(Step::Sampling { left }).await;
            let nap = left.min(SAMPLE_EVERY);
            sleep(nap).await;
            left = left.saturating_sub(nap);
            let now = read::recheck(&self.client, &self.plan, false).await?;
            let found = differences(&self.plan, &now, false);
            let found: Vec<Difference> = found.into_iter().filter(|one| !matches!(one, Difference::BelowStart { .. })).collect();
            if !found.is_empty() {
                return Ok(Some(changed(found, &now)));
            }
        }
        Ok(None)
    }

    /// At the first moment at which the group has no members.
    async fn wait_and_write<F: Future<Output = ()>>(&self, tell: &impl Fn(Step) -> F) -> Result<Report, Failure> {
        let plan = &self.plan;
        match plan.obstacle() {
            None | Some(Obstacle::Members { .. } | Obstacle::Subscribed(_)) => {}
            Some(obstacle) => return Ok(self.stopped(Stop::Obstacle(obstacle))),
        }
        let empty = |state: &GroupState, members: usize| *state == GroupState::Empty && members == 0;
        let mut told: Option<Step> = None;
        let mut polls = 0_u32;
        loop {
            // Once a second everything is read, so that a plan that is of no use any more does not wait.
            let whole = polls.is_multiple_of(4);
            polls = polls.wrapping_add(1);
            let mut turn = None;
            if !whole {
                let group = self.group().await?;
                // While another kscope changes the group nothing that is read holds: soon it shows what became of it.
                turn = empty(&group.state, group.members.len()).then(|| turn::take(self.state.as_deref(), plan)).flatten();
                if turn.is_none() {
                    sleep(POLL).await;
                    continue;
                }
            }
            let now = read::recheck(&self.client, plan, false).await?;
            let found = differences(plan, &now, true);
            if !found.is_empty() {
                return Ok(self.stopped(Stop::Changed(found)));
            }
            if empty(&now.group.state, now.group.members.len()) {
                // Without the turn it is taken at once.
                let Some(turn) = turn else { continue };
                let (report, had_members) = self.write(now, turn, tell).await;
                if !had_members {
                    return Ok(report);
                }
                // One joined in between, and the broker wrote nothing: the waiting goes on.
                self.settled.store(false, Ordering::Relaxed);
                continue;
            }
            let step = Step::Waiting { state: now.group.state, members: now.group.members };
            if told.as_ref() != Some(&step) {
                told = Some(step.clone());
                tell(step).await;
            }
            sleep(POLL).await;
        }
    }

    /// The group as its coordinator tells it now.
    async fn group(&self) -> Result<crate::core::reset::GroupFacts, Failure> {
        let group = &self.plan.group;
        let listing = |coordinator| GroupListing {
            id: group.id.clone(),
            kind: group.kind.clone(),
            state: group.state.clone(),
            protocol: group.protocol.clone(),
            coordinator,
        };
        match read::facts(&self.client, listing(group.coordinator)).await {
            Err(failure) if read::is_moving(&failure) => {
                let found = self.client.coordinators("find the coordinator", std::slice::from_ref(&group.id)).await?;
                match found.into_iter().next() {
                    Some(Ok(coordinator)) => read::facts(&self.client, listing(coordinator)).await,
                    _ => Err(failure),
                }
            }
            told => told,
        }
    }

    /// The file for undo, the request, reading back, the audit line. Goes on when nobody waits any more. `now`: the plan as it
    /// was read just before, in this `turn`. Also tells whether nothing was written because there were members again.
    async fn write<F: Future<Output = ()>>(&self, now: Plan, turn: Turn, tell: &impl Fn(Step) -> F) -> (Report, bool) {
        self.settled.store(true, Ordering::Relaxed);
        let (steps, mut heard) = mpsc::unbounded_channel();
        let hands = self.clone();
        let mut writing = tokio::spawn(async move {
            let written = hands.written(now, &steps).await;
            drop(turn);
            written
        });
        loop {
            tokio::select! {
                biased;
                Some(step) = heard.recv() => tell(step).await,
                done = &mut writing => {
                    while let Ok(step) = heard.try_recv() {
                        tell(step).await;
                    }
                    return done.unwrap_or_else(|error| (self.unknown(&format!("the task failed: {error}")), false));
                }
            }
        }
    }

    async fn written(&self, now: Plan, steps: &mpsc::UnboundedSender<Step>) -> (Report, bool) {
        // Nobody may listen any more.
        let tell = |step| drop(steps.send(step));
        // Targets are those of the plan that was confirmed; what stands there is what was read last.
        let mut plan = Plan::clone(&self.plan);
        plan.group.coordinator = now.group.coordinator;
        for row in &mut plan.rows {
            if let Some(new) = now.row(&row.topic, row.partition) {
                row.place = new.place.clone();
            }
        }
        let (state, saved) = (self.state.clone(), plan.clone());
        let kept = tokio::task::spawn_blocking(move || undo::write(state.as_deref(), &saved, crate::io::reset::now().millis())).await;
        let path = match kept.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(path) => path,
            Err(why) => return (self.stopped(Stop::NoUndo(Foreign::new(why))), false),
        };
        tell(Step::Kept(path.clone()));
        tell(Step::Committing { partitions: plan.changing().count() });
        let answers = write::send(&self.client, &self.permit, &plan).await;
        tell(Step::Verifying);
        let outcomes = write::verify(&self.client, &plan, &answers).await;
        let had_members = write::had_members(&answers);
        if had_members {
            // Nothing was written, so there is nothing to put back.
            undo::discard(&path);
        } else {
            tell(Step::Written(outcomes.clone()));
        }
        (self.finished(outcomes, (!had_members).then_some(path)), had_members)
    }

    fn finished(&self, outcomes: Vec<Outcome>, undo: Option<PathBuf>) -> Report {
        self.logged(Report { ended: Ended::Written(outcomes), undo, watched: None, unlogged: None })
    }

    fn stopped(&self, stop: Stop) -> Report {
        self.logged(Report { ended: Ended::Stopped(stop), undo: None, watched: None, unlogged: None })
    }

    /// A bug of ours in the middle of it: nothing is known of any partition.
    fn unknown(&self, why: &str) -> Report {
        let outcome = |row: &crate::core::reset::Row| Outcome {
            topic: row.topic.clone(),
            partition: row.partition,
            fate: crate::core::reset::Fate::Unknown(Foreign::new(why)),
            read_back: Err(crate::model::Why::NotAsked),
        };
        self.finished(self.plan.changing().map(outcome).collect(), None)
    }

    fn logged(&self, report: Report) -> Report {
        self.settled.store(true, Ordering::Relaxed);
        let written = audit::outcome(self.state.as_deref(), self.permit.receipt(), &self.plan, &report);
        Report { unlogged: written.err().map(Foreign::new), ..report }
    }
}

/// Commits alone that moved while the group has no members are somebody's from outside.
fn changed(found: Vec<Difference>, now: &Plan) -> Stop {
    let outside = now.group.state == GroupState::Empty && now.group.members.is_empty() && found.iter().all(Difference::is_commit);
    if outside { Stop::Outsider(found) } else { Stop::Changed(found) }
}

/// The wall clock: plans are compared with one another by it.
fn now() -> Time {
    Time(jiff::Timestamp::now().as_microsecond())
}

//! A query's table for a screen: the history counted with all cores, then what arrives; told as it grows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::kafka::Client;
use super::scan::{self, Options, Recent, Shape, Sink, Taken, Tallies};
use super::work::Work;
use crate::core::ask::{Answer, Tallied};
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::stream::{Allowance, Ended, Plan, Progress};
use crate::model::{Failure, Offset, PartitionId, Time};
use crate::query::position::Position;
use crate::query::{Context, Stages, Tally};

/// The table is told so often at most, and never takes more than a tenth of the time.
const PORTION: Duration = Duration::from_millis(200);

/// Counts what the plan gives up to where the log ends now, and goes on with what arrives when the plan has no end.
pub(super) async fn count(
    (client, work, recent): (Client, Work, Recent),
    (plan, stages, allowance): (Plan, Stages, Allowance),
    replies: mpsc::Sender<Arrival>,
    id: TaskId,
) -> Result<Answer, Failure> {
    let now = Time(jiff::Timestamp::now().as_microsecond());
    let tallies = Tallies::new(stages.clone());
    let mut told = Told {
        id,
        replies,
        all: Tally::new(&stages),
        tallies: tallies.clone(),
        progress: Progress::default(),
        before: Before::default(),
        next: Instant::now() + PORTION,
    };
    let allowed = Options {
        pace: allowance.rate,
        budget: allowance.bytes,
        recent: Some(recent),
        ..Options::headless(Shape::Tally(tallies), Context::utc(now))
    };
    let history = Plan { until: plan.until.clone().or(Some(Position::Now)), ..plan.clone() };
    let nobody_steers = mpsc::unbounded_channel().1;
    let ended = scan::read(client.clone(), work.clone(), history, allowed.clone(), nobody_steers, &mut told).await?;
    if plan.until.is_some() || ended != Ended::Done {
        return Ok(Answer::Tallied(Box::new(told.told(Some(ended)))));
    }
    told.tell(None);
    let places: BTreeMap<PartitionId, Offset> = told.progress.partitions.iter().map(|part| (part.id, part.position)).collect();
    told.before = Before::of(&told.progress);
    let live = Plan { from: Position::Offsets(places), until: None, ..plan };
    let nobody_steers = mpsc::unbounded_channel().1;
    let options = Options { budget: None, ..allowed };
    let ended = scan::read(client, work, live, options, nobody_steers, &mut told).await?;
    Ok(Answer::Tallied(Box::new(told.told(Some(ended)))))
}

/// Counts of the reader before this one.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    read: u64,
    matched: u64,
    broken: u64,
    recalled: u64,
    bytes: u64,
}

impl Before {
    fn of(progress: &Progress) -> Self {
        let &Progress { read, matched, broken, recalled, bytes, .. } = progress;
        Self { read, matched, broken, recalled, bytes }
    }
}

struct Told {
    id: TaskId,
    replies: mpsc::Sender<Arrival>,
    all: Tally,
    tallies: Tallies,
    progress: Progress,
    before: Before,
    next: Instant,
}

impl Told {
    fn told(&mut self, ended: Option<Ended>) -> Tallied {
        let began = Instant::now();
        self.tallies.collect(&mut self.all);
        let table = Arc::new(self.all.table(self.tallies.stages()));
        self.next = Instant::now() + PORTION.max(began.elapsed() * 10);
        Tallied { table, progress: self.progress.clone(), ended }
    }

    fn tell(&mut self, ended: Option<Ended>) {
        // A lane that is full gets it next time.
        if let Ok(place) = self.replies.clone().try_reserve_owned() {
            let told = self.told(ended);
            place.send(Arrival::Part(self.id, Answer::Tallied(Box::new(told))));
        }
    }
}

impl Sink for &mut Told {
    async fn take(&mut self, _taken: Taken) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, mut progress: Progress) {
        progress.read = progress.read.saturating_add(self.before.read);
        progress.matched = progress.matched.saturating_add(self.before.matched);
        progress.broken = progress.broken.saturating_add(self.before.broken);
        progress.recalled = progress.recalled.saturating_add(self.before.recalled);
        progress.bytes = progress.bytes.saturating_add(self.before.bytes);
        self.progress = progress;
        if Instant::now() >= self.next {
            self.tell(None);
        }
    }
}

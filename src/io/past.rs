//! Older records that match a filter, for a screen: searched from the end of a stretch to its start, told part by part.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::kafka::Client;
use super::scan::{self, Options, Recent, Shape, Sink, Taken};
use super::work::Work;
use crate::core::ask::{Answer, Older};
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::stream::{Allowance, Delivery, Plan, Progress};
use crate::model::{Chunk, ChunkBuilder, Failure, Offset, PartitionId, Time};
use crate::query::Context;

/// What was looked at is told so often, also where nothing was found.
const PORTION: Duration = Duration::from_millis(150);

/// Reads `plan` from its end until its `newest` records were found, its start is reached or what is allowed is used up.
pub(super) async fn search(
    (client, work, recent): (Client, Work, Recent),
    plan: Plan,
    allowance: Allowance,
    replies: mpsc::Sender<Arrival>,
    id: TaskId,
) -> Result<Answer, Failure> {
    let now = Time(jiff::Timestamp::now().as_microsecond());
    let most = plan.newest.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
    let live = Options::live(Context::utc(now));
    let options = Options {
        largest: live.largest,
        backwards: true,
        most,
        budget: allowance.bytes,
        pace: allowance.rate,
        recent: Some(recent),
        ..Options::headless(Shape::Chunks, live.context)
    };
    let plan = Plan { newest: None, ..plan };
    let mut parts = Parts {
        id,
        replies,
        waiting: Vec::new(),
        edges: BTreeMap::new(),
        last: Progress::default(),
        told: Told::default(),
        at: Instant::now(),
    };
    let nobody_steers = mpsc::unbounded_channel().1;
    let ended = scan::read(client, work, plan, options, nobody_steers, &mut parts).await?;
    // The last progress covers all that was taken.
    parts.edges.clear();
    let mut older = parts.part();
    older.ended = Some(ended);
    Ok(Answer::Older(Box::new(older)))
}

/// What was told of the counts so far.
#[derive(Debug, Default)]
struct Told {
    read: u64,
    broken: u64,
    recalled: u64,
    markers: u64,
}

struct Parts {
    id: TaskId,
    replies: mpsc::Sender<Arrival>,
    /// Not told yet; the newest first.
    waiting: Vec<Delivery>,
    /// The lowest offset of each partition taken since `last`, which covers all that was taken before.
    edges: BTreeMap<PartitionId, Offset>,
    last: Progress,
    told: Told,
    at: Instant,
}

impl Parts {
    /// What is to be told now: what was taken, and how far back everything was.
    fn part(&mut self) -> Older {
        let mut progress = self.last.clone();
        let Progress { read, broken, recalled, markers, .. } = progress;
        let told = std::mem::replace(&mut self.told, Told { read, broken, recalled, markers });
        progress.read = progress.read.saturating_sub(told.read);
        progress.broken = progress.broken.saturating_sub(told.broken);
        progress.recalled = progress.recalled.saturating_sub(told.recalled);
        progress.markers = progress.markers.saturating_sub(told.markers);
        for partition in &mut progress.partitions {
            if let (Some(edge), Some(first)) = (self.edges.get(&partition.id), &mut partition.first) {
                *first = (*edge).min(*first);
            }
        }
        let mut deliveries = std::mem::take(&mut self.waiting);
        deliveries.reverse();
        self.at = Instant::now();
        Older { deliveries, progress, ended: None }
    }
}

impl Sink for &mut Parts {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        let Taken::Records(delivery) = taken else { return ControlFlow::Continue(()) };
        for record in delivery.chunk.iter() {
            let edge = self.edges.entry(record.partition).or_insert(record.offset);
            *edge = record.offset.min(*edge);
        }
        self.waiting.push(turned(delivery));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) {
        // Told before what it covers is taken: what the last one covers was taken by now.
        if self.at.elapsed() >= PORTION || !self.waiting.is_empty() {
            // A lane that is full gets it with the next part.
            if let Ok(place) = self.replies.clone().try_reserve_owned() {
                let part = self.part();
                place.send(Arrival::Part(self.id, Answer::Older(Box::new(part))));
            }
        }
        self.edges.clear();
        self.last = progress;
    }
}

/// The same records in the order of the list: the oldest first.
pub(super) fn turned(delivery: Delivery) -> Delivery {
    let mut builder = ChunkBuilder::default();
    let chunk: &Chunk = &delivery.chunk;
    for row in (0..chunk.len()).rev() {
        if let (Some(record), Some(facts)) = (chunk.get(row), chunk.batch(row)) {
            // False only past 4 GiB: a chunk is far smaller.
            let _kept = builder.push(&record, facts);
        }
    }
    Delivery { chunk: Arc::new(builder.finish()), ..delivery }
}

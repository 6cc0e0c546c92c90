//! One id through several topics: the stretch of each topic that a window of time covers is read for a literal text, some topics at a
//! time.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::{Allowed, Spans, Stretch, Teller, ends, gone_over, now, offsets_at, stretch, width};
use crate::core::ask::Answer;
use crate::core::inquire::{self, FollowAsk, Read, STEPS, Spot, Step, Trail};
use crate::io::kafka::Client;
use crate::io::scan::Shape;
use crate::io::work::Work;
use crate::model::{Cause, Failure, Foreign, Topic};
use crate::query::{self, Context, Filter};

const WHAT: &str = "follow the id";
/// Topics that are read at the same time.
const AT_ONCE: usize = 3;

/// Reads all topics to the end of the window; steps come as parts, the reply has those that no part brought.
///
/// # Errors
/// The text is none that can be looked for. A topic that cannot be read is a trouble of its own.
pub async fn follow(client: &Client, work: &Work, ask: &FollowAsk, teller: &Teller) -> Result<Trail, Failure> {
    let query =
        query::parse(&inquire::query(&ask.value)).map_err(|error| Failure::new(WHAT, Cause::Usage(Foreign::new(error.to_string()))))?;
    let topics = ask.topics.iter().map(|topic| Read { topic: Some(topic.name.clone()), ..Read::default() }).collect();
    let shared = Shared {
        client: client.clone(),
        work: work.clone(),
        filter: Arc::new(Filter::compile(&query, &Context::utc(now()))),
        ask: Arc::new(ask.clone()),
        teller: teller.clone(),
        trail: Arc::new(Mutex::new((Trail { topics, ..Trail::default() }, 0))),
    };
    let mut running = JoinSet::new();
    for (at, topic) in ask.topics.iter().enumerate() {
        if running.len() >= AT_ONCE {
            let _ended = running.join_next().await;
        }
        let (shared, topic) = (shared.clone(), Arc::clone(topic));
        running.spawn(async move {
            let result = shared.topic(at, &topic).await;
            shared.change(at, |read| {
                read.done = true;
                if let Err(failure) = result {
                    read.trouble = Some(failure.sentence());
                }
            });
            shared.tell().await;
        });
    }
    while running.join_next().await.is_some() {}
    Ok(shared.taken())
}

#[derive(Debug, Clone)]
struct Shared {
    client: Client,
    work: Work,
    filter: Arc<Filter>,
    ask: Arc<FollowAsk>,
    teller: Teller,
    /// The steps in it are those that were not told yet; beside it how many there were in all.
    trail: Arc<Mutex<(Trail, usize)>>,
}

impl Shared {
    fn change(&self, at: usize, change: impl FnOnce(&mut Read)) {
        let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = trail.0.topics.get_mut(at) {
            change(read);
        }
    }

    /// What there is to tell; its steps are told then.
    fn taken(&self) -> Trail {
        let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        let steps = std::mem::take(&mut trail.0.steps);
        Trail { steps, ..trail.0.clone() }
    }

    async fn tell(&self) {
        if self.teller.is_heard() {
            let trail = self.taken();
            self.teller.tell(Answer::Trail(Box::new(trail))).await;
        }
    }

    /// A record that has the text somewhere. Break: there are enough.
    fn step(&self, at: usize, spot: Spot) -> ControlFlow<()> {
        let Some(record) = spot.record() else { return ControlFlow::Continue(()) };
        if record.timestamp_ms < self.ask.from_ms || record.timestamp_ms > self.ask.to_ms {
            return ControlFlow::Continue(());
        }
        let within = inquire::within(&record, &self.ask.value);
        let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(within) = within else {
            trail.0.parts_of_words += 1;
            return ControlFlow::Continue(());
        };
        if trail.1 >= STEPS {
            trail.0.full = true;
            return ControlFlow::Break(());
        }
        trail.1 += 1;
        trail.0.steps.push(Step { spot, within });
        if let Some(read) = trail.0.topics.get_mut(at) {
            read.found += 1;
        }
        ControlFlow::Continue(())
    }

    async fn topic(&self, at: usize, topic: &Topic) -> Result<(), Failure> {
        let (all, missing) = ends(&self.client, WHAT, topic).await?;
        let (from, to) = tokio::try_join!(
            offsets_at(&self.client, WHAT, topic, &all, self.ask.from_ms),
            offsets_at(&self.client, WHAT, topic, &all, self.ask.to_ms.saturating_add(1)),
        )?;
        let span = |(id, span): (&crate::model::PartitionId, &Range<crate::model::Offset>)| {
            let from = from.get(id).copied().unwrap_or(span.start);
            (*id, from..to.get(id).copied().unwrap_or(span.end).max(from))
        };
        let spans: Spans = all.iter().map(span).collect();
        let of: u64 = spans.values().map(width).sum();
        self.change(at, |read| {
            read.of = of;
            read.trouble = missing.iter().next().map(|(id, error)| format!("partition {} is not read: {}", id.0, error.sentence()));
        });
        let mut bytes = 0;
        let take = |chunk: &crate::model::Chunk| {
            for row in 0..chunk.len() {
                if let Some(spot) = Spot::of(&topic.name, chunk, row) {
                    self.step(at, spot)?;
                }
            }
            ControlFlow::Continue(())
        };
        let progress = |progress: &crate::core::stream::Progress| {
            let gone = gone_over(&spans, progress);
            self.change(at, |read| read.offsets = gone);
            let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
            trail.0.bytes += progress.bytes - bytes;
            bytes = progress.bytes;
            // A part that finds no room must lose no step: they stay for the next one.
            if let Some(room) = self.teller.room() {
                let steps = std::mem::take(&mut trail.0.steps);
                room.tell(Answer::Trail(Box::new(Trail { steps, ..trail.0.clone() })));
            }
        };
        let allowed = Allowed::of(&self.client);
        let allowed = Allowed { pace: allowed.shared(self.ask.topics.len().min(AT_ONCE)).pace, ..allowed.shared(self.ask.topics.len()) };
        let whole = Stretch { topic, spans: &spans, filter: Some(Arc::clone(&self.filter)), shape: Shape::Chunks, allowed };
        stretch(&self.client, &self.work, whole, take, progress).await?;
        let full = self.trail.lock().unwrap_or_else(PoisonError::into_inner).0.full;
        self.change(at, |read| read.offsets = if full { read.offsets } else { of });
        Ok(())
    }
}

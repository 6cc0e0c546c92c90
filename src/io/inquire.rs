//! Answers what `core::inquire` asks: each question is a task that reads, tells how far it is, and ends when it is dropped.
//!
//! One file per question, over what is here: [`Teller`] (parts of an answer), `stretch` (records of some stretches that match, by
//! the one reader of topics) and `ends` (where partitions begin and end).

mod bisect;
mod follow;
mod neighbour;
mod shape;

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::kafka::{At, Client, ErrorCode, Isolation, OffsetAsk, PartitionError};
use super::scan::{self, Options, Shape, Taken};
use super::work::Work;
use crate::core::ask::Answer;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::stream::{self, Ended, Flow, Plan, Progress};
use crate::model::{Cause, Chunk, Failure, Foreign, Offset, PartitionId, Time, Topic};
use crate::query::position::Position;
use crate::query::{Context, Filter};

pub use bisect::bisect;
pub use follow::follow;
pub use neighbour::neighbour;
pub use shape::shape;

/// Between two parts of which the later one replaces the other.
const BETWEEN: Duration = Duration::from_millis(50);

/// Where the parts of an answer go.
#[derive(Debug, Clone)]
pub struct Teller {
    id: TaskId,
    lane: Option<mpsc::Sender<Arrival>>,
    /// When a hint was told.
    last: Arc<Mutex<Option<Instant>>>,
}

impl Teller {
    pub fn new(id: TaskId, lane: mpsc::Sender<Arrival>) -> Self {
        Self { id, lane: Some(lane), last: Arc::default() }
    }

    /// Nobody listens.
    pub fn nobody() -> Self {
        Self { id: TaskId(0), lane: None, last: Arc::default() }
    }

    /// Whether anybody hears of parts; else the reply has all.
    fn is_heard(&self) -> bool {
        self.lane.is_some()
    }

    /// A part that must not be lost. A loop that is gone wants none.
    async fn tell(&self, part: Answer) {
        if let Some(lane) = &self.lane {
            let _gone = lane.send(Arrival::Part(self.id, part)).await;
        }
    }

    /// A part that a later one replaces: made twenty times a second at most, and left out while the loop has enough to do.
    fn hint(&self, part: impl FnOnce() -> Answer) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if last.is_none_or(|last| now.duration_since(last) >= BETWEEN)
            && let Some(room) = self.room()
        {
            *last = Some(now);
            room.tell(part());
        }
    }

    /// Room for one part, if there is some now.
    fn room(&self) -> Option<Room<'_>> {
        let permit = self.lane.as_ref()?.try_reserve().ok()?;
        Some(Room { id: self.id, permit })
    }
}

/// Room for one part of an answer.
#[derive(Debug)]
struct Room<'a> {
    id: TaskId,
    permit: mpsc::Permit<'a, Arrival>,
}

impl Room<'_> {
    fn tell(self, part: Answer) {
        self.permit.send(Arrival::Part(self.id, part));
    }
}

/// Stretches of partitions.
type Spans = BTreeMap<PartitionId, Range<Offset>>;

/// Where each partition begins and ends, log start and high watermark; and those of which that is not told, with the reason.
///
/// # Errors
/// No broker can be asked.
async fn ends(client: &Client, what: &'static str, topic: &Topic) -> Result<(Spans, BTreeMap<PartitionId, PartitionError>), Failure> {
    let ask = |at: At| topic.partitions.iter().map(move |part| OffsetAsk { topic: topic.name.clone(), partition: part.id, at });
    let asks: Vec<OffsetAsk> = ask(At::Earliest).chain(ask(At::Latest)).collect();
    let mut found = client.list_offsets(what, &asks, Isolation::ReadUncommitted).await?;
    let highs = found.split_off(topic.partitions.len().min(found.len()));
    let (mut ends, mut missing) = (BTreeMap::new(), BTreeMap::new());
    for ((part, low), high) in topic.partitions.iter().zip(found).zip(highs) {
        match (low, high) {
            (Ok(low), Ok(high)) => drop(ends.insert(part.id, low.offset().unwrap_or(Offset(0))..high.offset().unwrap_or(Offset(0)))),
            (Err(error), _) | (_, Err(error)) => drop(missing.insert(part.id, error)),
        }
    }
    Ok((ends, missing))
}

/// The first offsets at or after a time; the end of the log where there is none. Partitions that do not answer are left out.
async fn offsets_at(
    client: &Client,
    what: &'static str,
    topic: &Topic,
    ends: &Spans,
    time_ms: i64,
) -> Result<BTreeMap<PartitionId, Offset>, Failure> {
    let ask = |partition| OffsetAsk { topic: topic.name.clone(), partition, at: At::Time(time_ms) };
    let asks: Vec<OffsetAsk> = ends.keys().copied().map(ask).collect();
    let found = client.list_offsets(what, &asks, Isolation::ReadUncommitted).await?;
    let offset = |((id, span), found): ((&PartitionId, &Range<Offset>), Result<crate::io::kafka::Found, _>)| {
        Some((*id, found.ok()?.offset().unwrap_or(span.end)))
    };
    Ok(ends.iter().zip(found).filter_map(offset).collect())
}

/// The moment of now, for what is relative to it.
#[expect(clippy::disallowed_methods, reason = "a task reads the clock itself")]
fn now() -> Time {
    Time(jiff::Timestamp::now().as_microsecond())
}

/// How much one question may ask of the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowed {
    /// Bytes a second, and in all.
    pace: Option<u64>,
    bytes: Option<u64>,
}

/// What is said when a question has used up its bytes.
const USED_UP: Cause = Cause::Refused("as many bytes were read as limits.search_bytes of config.toml allows, and there are more");

impl Allowed {
    /// What the cluster's context allows.
    fn of(client: &Client) -> Self {
        let settings = client.settings();
        Self { pace: settings.pace, bytes: settings.budget }
    }

    /// A share of it, where so many are read at the same time.
    fn shared(self, among: usize) -> Self {
        let among = u64::try_from(among).unwrap_or(u64::MAX).max(1);
        let share = |all: Option<u64>| all.map(|all| all.checked_div(among).unwrap_or(all).max(1));
        Self { pace: share(self.pace), bytes: share(self.bytes) }
    }

    /// What is left of it after so many bytes.
    fn less(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.map(|all| all.saturating_sub(bytes)), ..self }
    }

    /// How long to wait after so many bytes in so long a time, to keep the pace.
    fn pause(self, bytes: u64, ran: Duration) -> Duration {
        let Some(pace) = self.pace.filter(|&pace| pace > 0) else { return Duration::ZERO };
        let millis = u128::from(bytes).saturating_mul(1000).checked_div(u128::from(pace)).unwrap_or(0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).saturating_sub(ran)
    }
}

/// Whether another try may succeed: brokers come back, and leaders move.
fn is_passing(failure: &Failure) -> bool {
    match &failure.cause {
        Cause::Unreachable | Cause::TimedOut(_) | Cause::Disconnected => true,
        Cause::Kafka { code, .. } => ErrorCode(*code).is_retriable(),
        _ => false,
    }
}

/// What is read of a topic, and how.
struct Stretch<'a> {
    topic: &'a Topic,
    spans: &'a Spans,
    filter: Option<Arc<Filter>>,
    shape: Shape,
    allowed: Allowed,
}

/// Reads some stretches to their ends: `take` gets the chunks that match, in order per partition, and ends it early; `progress`
/// hears how far it is. A failure when no more may be read ([`USED_UP`]).
async fn stretch(
    client: &Client,
    work: &Work,
    of: Stretch<'_>,
    take: impl FnMut(&Chunk) -> ControlFlow<()> + Send,
    progress: impl FnMut(&Progress) + Send,
) -> Result<(), Failure> {
    let spans = || of.spans.iter().filter(|(_, span)| span.start < span.end);
    if spans().next().is_none() {
        return Ok(());
    }
    let plan = Plan {
        topic: of.topic.name.clone(),
        topic_id: of.topic.id,
        from: Position::Offsets(spans().map(|(id, span)| (*id, span.start)).collect()),
        until: Some(Position::Offsets(spans().map(|(id, span)| (*id, span.end)).collect())),
        partitions: Some(spans().map(|(id, _)| *id).collect()),
        isolation: stream::Isolation::ReadUncommitted,
        filter: of.filter,
        newest: None,
        keep: usize::MAX,
    };
    let options = Options { shape: of.shape, pace: of.allowed.pace, budget: of.allowed.bytes, ..Options::live(Context::utc(now())) };
    let nobody_steers = mpsc::unbounded_channel::<Flow>().1;
    match scan::read(client.clone(), work.clone(), plan, options, nobody_steers, Catch { take, progress }).await? {
        Ended::Gone => {
            let gone = format!("topic {}: it was deleted meanwhile", of.topic.name.raw());
            Err(Failure::new("read the topic", Cause::NotFound(Foreign::new(gone))))
        }
        Ended::Budget => Err(Failure::new("read the topic", USED_UP)),
        Ended::Done | Ended::Enough => Ok(()),
    }
}

struct Catch<T, P> {
    take: T,
    progress: P,
}

impl<T, P> scan::Sink for Catch<T, P>
where
    T: FnMut(&Chunk) -> ControlFlow<()> + Send,
    P: FnMut(&Progress) + Send,
{
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        match taken {
            Taken::Records(delivery) => (self.take)(&delivery.chunk),
            Taken::Lines(lines) => {
                lines.spare.give(lines.bytes);
                ControlFlow::Continue(())
            }
        }
    }

    fn progress(&mut self, progress: Progress) {
        (self.progress)(&progress);
    }
}

/// Offsets that a reader of these stretches has gone over.
fn gone_over(spans: &Spans, progress: &Progress) -> u64 {
    let of = |part: &stream::PartitionProgress| {
        let span = spans.get(&part.id)?;
        u64::try_from(part.position.min(span.end).0.saturating_sub(span.start.0)).ok()
    };
    progress.partitions.iter().filter_map(of).fold(0, u64::saturating_add)
}

/// Offsets between two.
fn width(span: &Range<Offset>) -> u64 {
    u64::try_from(span.end.0.saturating_sub(span.start.0)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_keeps_the_pace_of_its_cluster_and_reads_no_more_than_it_may() {
        let allowed = Allowed { pace: Some(1_000_000), bytes: Some(10_000) };
        assert_eq!(allowed.pause(2_000_000, Duration::from_millis(500)), Duration::from_millis(1500));
        assert_eq!(allowed.pause(2_000_000, Duration::from_secs(3)), Duration::ZERO);
        assert_eq!(Allowed { pace: None, ..allowed }.pause(u64::MAX, Duration::ZERO), Duration::ZERO);
        assert_eq!(allowed.shared(3), Allowed { pace: Some(333_333), bytes: Some(3_333) });
        assert_eq!(allowed.shared(0), allowed);
        assert_eq!((allowed.less(4_000).bytes, allowed.less(20_000).bytes), (Some(6_000), Some(0)));
    }
}

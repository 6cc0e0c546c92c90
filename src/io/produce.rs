//! Sending records: a look at the topic, then batches to its leaders, and what became of every record.
//!
//! Idempotent wherever the broker allows it: a batch whose answer is lost is sent again under the same numbers, and the broker
//! appends it once (KIP-98). Where it does not, nothing is sent again without knowing: a batch that may be in the log is looked
//! for there first (`find`), from where the log ended before. Topics are never made by it. From the first request on the work
//! goes on to its end when nobody waits for it any more: what is on its way is settled, and the audit log hears of it.

mod engine;
pub mod feed;
mod find;
mod journal;
mod lane;
mod tally;
mod verdict;

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::audit;
use super::kafka::{At, Client, ErrorCode, Isolation, OffsetAsk, PartitionError};
use crate::core::guard::Permit;
use crate::core::produce::{Manner, Progress, Report, Safety, Sending, Sent, Settings, Target};
use crate::model::{Cause, Failure, Foreign, TopicName, Why};
use engine::{Engine, WHAT};
use feed::Feed;
use journal::Journal;

/// What is told while records are sent.
#[derive(Debug)]
pub enum Told {
    /// Records whose fate is known, in the order in which they were handed over.
    Sent(Vec<Sent>),
    Progress(Progress),
    /// There is no idempotent producer here, though one was wanted: why.
    Plain(Foreign),
}

/// Told and not yet heard.
const WAITING: usize = 16;
/// Settings and ends of a topic are waited for so long.
const PATIENCE: Duration = Duration::from_secs(2);
/// With more records than these the connections are the sending's own (P6).
const MANY: u64 = 1000;

/// Looks at a topic before records are sent to it.
///
/// # Errors
/// It is not there (nothing is created), is Kafka's own, may not be seen, or no broker answers. Settings and ends that cannot be
/// had are unknown.
pub async fn look(client: &Client, name: &TopicName) -> Result<Target, Failure> {
    const LOOK: &str = "look at the topic";
    let (topic, cluster) = client.topic_there(LOOK, name).await.map_err(|failure| match failure.cause {
        Cause::NotFound(_) if failure.hint.is_none() => failure.hint("topics are not created by sending to them"),
        _ => failure,
    })?;
    if topic.internal || name.raw().starts_with("__") {
        return Err(Failure::new(WHAT, Cause::Refused("nothing is sent to Kafka's own topics"))
            .hint("what is wrong in them makes brokers and groups fail"));
    }
    let asks: Vec<OffsetAsk> =
        topic.partitions.iter().map(|partition| OffsetAsk { topic: name.clone(), partition: partition.id, at: At::Latest }).collect();
    let names = [name.clone()];
    // A broker that hangs keeps nobody from sending to the others: what it does not tell in time is unknown.
    let (settings, ends) = tokio::join!(
        timeout(PATIENCE, client.configs(LOOK, &names, Some(&Settings::NAMES))),
        timeout(PATIENCE, client.list_offsets(LOOK, &asks, Isolation::ReadUncommitted))
    );
    let settings = settings.unwrap_or_else(|_elapsed| Ok(Vec::new())).map_err(super::figures::unknown);
    let settings = settings.and_then(|told| match told.into_iter().next() {
        Some((_, found)) => found.map(|settings| Settings::of(&settings)).map_err(|error| error.why()),
        None => Err(Why::NoAnswer),
    });
    let mut ends = ends.ok().and_then(Result::ok).unwrap_or_default().into_iter();
    let mut end = || match ends.next() {
        Some(Ok(found)) => found.offset().ok_or(Why::NoAnswer),
        Some(Err(error)) => Err(error.why()),
        None => Err(PartitionError::Kafka(ErrorCode(-1)).why()),
    };
    let ends = asks.iter().map(|ask| (ask.partition, end())).collect();
    Ok(Target { topic, cluster, settings, ends })
}

/// Sends the records of an ask; `stop` ends it early, and `tell` hears how far it has got. Every record that was handed over has
/// its fate in the report, and of several in a file (`journal`).
pub async fn send<F: Future<Output = ()>>(
    client: &Client,
    state: Option<&Path>,
    permit: Permit,
    sending: Sending,
    stop: impl Future<Output = ()> + Send + 'static,
    tell: impl Fn(Told) -> F,
) -> Report {
    let many = sending.count().is_none_or(|count| count > MANY);
    let journal = Journal::of(state, &sending);
    let Sending { target, manner, records } = sending;
    let feed = feed::of(records, manner.rate.is_some());
    let engine = Engine::new(client.clone(), permit, (target, manner), many);
    run((engine, journal), state, feed, stop, tell).await
}

/// As [`send`], of records that come from elsewhere. `many`: connections of its own.
pub async fn send_fed<F: Future<Output = ()>>(
    (client, state): (&Client, Option<&Path>),
    permit: Permit,
    (target, manner): (Target, Manner),
    (feed, many): (Feed, bool),
    stop: impl Future<Output = ()> + Send + 'static,
    tell: impl Fn(Told) -> F,
) -> Report {
    let engine = Engine::new(client.clone(), permit, (target, manner), many);
    run((engine, None), state, feed, stop, tell).await
}

/// The work goes on in a task of its own: whoever does not wait for its end ends it early, and what is on its way is settled.
async fn run<F: Future<Output = ()>>(
    (engine, journal): (Engine, Option<Journal>),
    state: Option<&Path>,
    feed: Feed,
    stop: impl Future<Output = ()> + Send + 'static,
    tell: impl Fn(Told) -> F,
) -> Report {
    let (told, mut heard) = mpsc::channel(WAITING);
    let state = state.map(Path::to_owned);
    let running = tokio::spawn(async move {
        let (receipt, target) = (engine.permit().receipt().clone(), engine.target().clone());
        let report = engine.run(feed, stop, Listener { told, journal: journal.as_ref() }).await;
        // Whoever listens hears of the last record before the disk is waited for.
        tokio::task::yield_now().await;
        let logged = audit::sent(state.as_deref(), &receipt, &target, &report);
        let journal = match journal {
            Some(journal) => Some(journal.end().await),
            None => None,
        };
        Report { unlogged: logged.err().map(Foreign::new), journal, ..report }
    });
    while let Some(one) = heard.recv().await {
        tell(one).await;
    }
    running.await.unwrap_or_else(|error| failed(&error.to_string()))
}

/// Who hears of a sending: the one who asked for it, as long as it wants to, and the journal.
struct Listener<'a> {
    told: mpsc::Sender<Told>,
    journal: Option<&'a Journal>,
}

impl Listener<'_> {
    async fn sent(&self, sent: Vec<Sent>) {
        if sent.is_empty() {
            return;
        }
        if let Some(journal) = self.journal {
            journal.note(&sent).await;
        }
        self.tell(Told::Sent(sent)).await;
    }

    /// Whoever does not listen any more has `closed`.
    async fn tell(&self, told: Told) {
        let _gone = self.told.send(told).await;
    }

    async fn closed(&self) {
        self.told.closed().await;
    }
}

/// A bug of ours: nothing is known.
fn failed(error: &str) -> Report {
    Report {
        progress: Progress::default(),
        safety: Safety::Idempotent,
        failure: Some(Failure::new(WHAT, Cause::Bug(Foreign::new(format!("the task failed: {error}"))))),
        stopped: false,
        first: Vec::new(),
        missing: Vec::new(),
        read_back: 0,
        unlogged: None,
        journal: None,
    }
}

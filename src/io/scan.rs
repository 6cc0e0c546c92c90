//! The one reader of topics: the live view, history, `kscope tail` and what is to come are this engine with other bounds
//! and another shape of what it keeps.
//!
//! ```text
//! Plan ─► place (ListOffsets, look-backs, markers) ─► engine ─┬─► fetch ─► answer (headers) ─► next fetch
//!                                                            │              └─► pool: decode ─► Block
//!                                                            └─◄ merge by time ◄─────────────────┘ ─► Sink
//! ```
//!
//! [`read`] runs until its plan is fulfilled, its sink wants no more or the topic is gone; it is cancelled by dropping it.
//! One task talks to all brokers, through one conversation for each (several when what is read has an end); the next fetch is
//! sent as soon as the headers of an answer were hopped over, and no further one while the sink waits. Everything that goes
//! wrong with a broker, a partition, a batch or a record is a [`crate::core::stream::Fact`] at its place or the trouble of a
//! partition in [`Progress`]: it ends nothing else.
//!
//! Reading order: `place` (where to begin), `part` (one partition), `answer` (what headers tell), `decode` (work on the pool),
//! `merge` (one order), `engine` (the loop). To keep records in another form: a variant of [`Shape`], an arm in `decode`, one in
//! `merge`. May use core's stream, kafka's client, records, query, model and the pool.

mod answer;
mod backward;
mod decode;
mod engine;
mod epochs;
mod faults;
mod keyed;
mod lookback;
mod merge;
mod newest;
mod one;
mod part;
mod place;
mod probe;
mod recent;
mod span;
mod tallies;

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::kafka::Client;
use super::work::Work;
use crate::core::stream::{Delivery, Ended, Fact, Flow, NEWEST_BYTES, Plan, Progress};
use crate::model::{Failure, Outcome, RecordRef};
use crate::query::Context;

pub use decode::Spare;
pub use keyed::{Placing, placing};
pub use one::open_one;
pub use probe::{Probed, first_at};
pub use recent::Recent;
pub use tallies::Tallies;

/// Largest record that a live view keeps, and largest answer to one of its fetches, in bytes.
pub const LIVE_LARGEST: usize = 16 << 20;

/// Appends a record to a buffer in whatever form; runs on the pool.
pub type Encode = Arc<dyn Fn(&mut Vec<u8>, &RecordRef<'_>, Option<Outcome>) + Send + Sync>;

/// What becomes of the records that match.
#[derive(Clone)]
pub enum Shape {
    /// Copied into chunks: [`Taken::Records`].
    Chunks,
    /// Encoded: [`Taken::Lines`].
    Lines(Encode),
    /// Counted in [`Progress`], in no order.
    Count,
    /// Taken into the groups of a table, in no order.
    Tally(Tallies),
}

impl Shape {
    /// Nothing but counts comes of it: it needs no order, and takes no room until it is handed on.
    fn is_unordered(&self) -> bool {
        matches!(self, Self::Count | Self::Tally(_))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunks => "Chunks",
            Self::Lines(_) => "Lines",
            Self::Count => "Count",
            Self::Tally(_) => "Tally",
        })
    }
}

/// How to read, besides what the plan says.
#[derive(Debug, Clone)]
pub struct Options {
    pub shape: Shape,
    /// What relative times are counted from.
    pub context: Context,
    /// A larger record, or batch, is said as too large and not loaded; in bytes.
    pub largest: usize,
    /// Connections of its own to each broker when what is read has an end; a reader that follows uses the shared one.
    pub links: usize,
    /// Most bytes of records that [`Plan::newest`] gives.
    pub newest_bytes: usize,
    /// From the end: the newest record of all partitions first. For plans that have an end, and not for [`Shape::Count`].
    pub backwards: bool,
    /// Read from the end, so many records are enough, over all partitions: then the reader ends, with exactly these.
    pub most: Option<usize>,
    /// Answers of so many bytes are enough: then the reader ends, with what it has.
    pub budget: Option<u64>,
    /// Bytes a second that all brokers together are asked for, at most about.
    pub pace: Option<u64>,
    /// Where batches are kept for the next search, and taken from; for plans that have an end.
    pub recent: Option<Recent>,
}

impl Options {
    /// For a screen.
    pub fn live(context: Context) -> Self {
        let shape = Shape::Chunks;
        Self {
            shape,
            context,
            largest: LIVE_LARGEST,
            links: 1,
            newest_bytes: NEWEST_BYTES,
            backwards: false,
            most: None,
            budget: None,
            pace: None,
            recent: None,
        }
    }

    /// For a program: all cores, and records as large as a frame may be.
    pub fn headless(shape: Shape, context: Context) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { shape, largest: 64 << 20, links: cores.min(4), ..Self::live(context) }
    }
}

/// What a reader hands on.
#[derive(Debug, Clone)]
pub enum Taken {
    Records(Delivery),
    Lines(Lines),
}

/// Encoded records, in the order in which they are to be printed.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// To be said before them.
    pub facts: Vec<Fact>,
    pub bytes: Vec<u8>,
    /// Where each record ends in `bytes`.
    pub ends: Vec<usize>,
    /// When each record was, in milliseconds as the log has it.
    pub times: Vec<i64>,
    /// Where `bytes` may be given back when they were used.
    pub spare: Spare,
}

/// Where a reader delivers.
pub trait Sink: Send {
    /// Takes what was read, in order. While this waits nothing further is fetched. `Break`: no more is wanted, and the reader
    /// ends well.
    fn take(&mut self, taken: Taken) -> impl Future<Output = ControlFlow<()>> + Send;

    /// Where the reader stands, at most ten times a second; must not wait.
    fn progress(&mut self, progress: Progress);
}

/// Reads as the plan says. `flow` may be closed at once by who has nothing to steer.
///
/// # Errors
/// The topic or a partition does not exist, may not be read, or no broker can be reached at the start; and for what has an
/// end, a partition that could not be read for 30 seconds when all others were done. A reader that follows never gives up on
/// brokers. A topic that is deleted or made again while it is read is a [`Fact`], and a good end.
pub async fn read<S: Sink>(
    client: Client,
    work: Work,
    plan: Plan,
    options: Options,
    flow: mpsc::UnboundedReceiver<Flow>,
    sink: S,
) -> Result<Ended, Failure> {
    Box::pin(engine::run(client, work, plan, options, flow, sink)).await
}

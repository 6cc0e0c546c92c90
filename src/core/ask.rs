//! One variant per question to the outside, one shape of reply for all of them.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::stream::Plan;
use crate::decode::{View, Wanted};
use crate::model::{Chunk, ClusterView, Failure, Offset, PartitionId, Time, TopicName, TxnTable};
use crate::query::Filter;
use crate::tree::{Found, Row};

use super::store::{Seq, Snapshot};

/// A question. Asking again makes a new task with a new id; an answer to an old one is refused by its id.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Every topic's name, partitions and leaders, and the brokers. Creates nothing. `urgent`: the user asked, so no broker's
    /// pause after a failure is waited for.
    Cluster { urgent: bool },
    /// Read a topic: [`super::event::Arrival::Chunk`] and `Progress` until it ends or is cancelled.
    Read(Box<Plan>),
    /// Decode one value off the loop.
    Render(RenderAsk),
    /// Find text in a rendered value.
    Search { seq: Seq, view: Arc<View>, text: String },
    /// Colour a text further down: only its first lines are coloured at once.
    Highlight { seq: Seq, view: Arc<View>, to: Row },
    /// Which of the records held match.
    Filter(Box<FilterAsk>),
    /// One record alone, up to the largest frame we take: for what the live view showed as too large.
    Open { topic: TopicName, partition: PartitionId, offset: Offset },
    /// Hand text to the desktop's own clipboard tool, when there is one.
    Copy(String),
    /// Write records to a file.
    Export(Export),
}

/// A value to decode: record `row` of `chunk`.
#[derive(Debug, Clone)]
pub struct RenderAsk {
    pub chunk: Arc<Chunk>,
    pub row: usize,
    pub seq: Seq,
    pub wanted: Wanted,
    /// Its hits in the value are told too.
    pub filter: Option<Arc<Filter>>,
}

/// Records held, to be looked through with a filter.
#[derive(Debug, Clone)]
pub struct FilterAsk {
    pub snapshot: Snapshot,
    pub filter: Arc<Filter>,
    pub generation: u32,
    pub topic: TopicName,
    pub txns: Arc<TxnTable>,
    /// What `age` is counted from.
    pub now: Time,
}

/// Records to write as NDJSON, in the form of `kscope tail -o ndjson`.
#[derive(Debug, Clone)]
pub struct Export {
    pub topic: TopicName,
    pub rows: Vec<(Arc<Chunk>, usize)>,
    pub txns: Arc<TxnTable>,
}

/// What came back.
#[derive(Debug, Clone)]
pub enum Answer {
    Cluster(Arc<ClusterView>),
    /// A reader reached its end: what it was asked for is all there.
    ReadEnded,
    /// A value decoded, with the bytes of it that the filter matched.
    Rendered {
        seq: Seq,
        chunk: Arc<Chunk>,
        row: usize,
        view: Arc<View>,
        hits: Vec<Range<usize>>,
    },
    /// The same value, coloured further down.
    Highlighted {
        seq: Seq,
        view: Arc<View>,
    },
    /// The places of a text in a value.
    Hits {
        seq: Seq,
        found: Arc<Found>,
    },
    Matches(Matches),
    Opened {
        chunk: Arc<Chunk>,
    },
    /// Whether a tool took it, and which.
    Copied(Option<&'static str>),
    Exported {
        path: PathBuf,
        records: usize,
        bytes: u64,
    },
}

/// The records held that match a filter.
#[derive(Debug, Clone)]
pub struct Matches {
    pub generation: u32,
    /// In order.
    pub seqs: Vec<Seq>,
    /// How many were looked at.
    pub scanned: u64,
    pub broken: u64,
}

/// The one answer to an ask.
#[derive(Debug, Clone)]
pub struct Reply {
    pub id: super::effect::TaskId,
    pub result: Result<Answer, Failure>,
}

impl Ask {
    /// Whether it changes anything on the cluster. Nothing here does yet; what will must come with a permit.
    pub fn mutates(&self) -> bool {
        false
    }

    /// A name for the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cluster { .. } => "cluster",
            Self::Read(_) => "read",
            Self::Render(_) => "render",
            Self::Search { .. } => "search",
            Self::Highlight { .. } => "highlight",
            Self::Filter(_) => "filter",
            Self::Open { .. } => "open",
            Self::Copy(_) => "copy",
            Self::Export(_) => "export",
        }
    }
}

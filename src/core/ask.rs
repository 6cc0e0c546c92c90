//! One variant per question to the outside, one shape of reply for all of them.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::checkup::Checkup;
use super::groups::kept::Kept;
use super::guard::{Intent, Receipt};
use super::inquire::{BisectAsk, Bisected, FollowAsk, Neighbour, Shape, ShapeAsk, Sought, Spot, Trail};
use super::produce::{self, Sending, Target};
use super::reset::{self, Order, Report, Step, Wish};
use super::stream::{Allowance, Delivery, Ended, Plan, Progress};
use crate::decode::{View, Wanted};
use crate::model::{
    BrokerId, Chunk, ClusterId, ClusterRights, ClusterView, Failure, GroupDescription, GroupId, GroupKind, GroupListing, Holder, Keep,
    Move, Offset, PartitionId, Setting, ShareStart, Time, Topic, TopicId, TopicName, TxnTable, Volume, Why,
};
use crate::query::{Filter, Stages, Table};
use crate::text;
use crate::tree::diff::Comparison;
use crate::tree::{Found, Row};

use super::lag::TopicPlaces;
use super::saved::Saved;
use super::saved::queries::{Named, Queries};
use super::store::{Seq, Snapshot};

/// A question. Asking again makes a new task with a new id; an answer to an old one is refused by its id.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Every topic's name, partitions and leaders, and the brokers. Creates nothing. `urgent`: the user asked, so no broker's
    /// pause after a failure is waited for.
    Cluster { urgent: bool },
    /// Where the partitions of these topics begin or end: [`Answer::Positions`] as parts, one for each leader that answers.
    Positions { which: Which, topics: Vec<Arc<Topic>> },
    /// Bytes on disk of these topics: [`Answer::Sizes`] as parts, one for each broker that answers.
    Sizes(Vec<Arc<Topic>>),
    /// How these topics are kept: the settings that the list shows.
    Keep(Vec<TopicName>),
    /// All settings of one topic, and which of its partitions are being moved.
    Topic { topic: Arc<Topic>, controller: Option<BrokerId> },
    /// The groups of every broker: [`Answer::Groups`] as parts, one for each broker that answers.
    Groups,
    /// Members and state of groups: [`Answer::Described`].
    Describe(Vec<GroupAsk>),
    /// How groups stand: [`Answer::Lag`] as parts, some hundred groups each; [`Answer::Shares`] of share groups.
    Lag(Vec<GroupAsk>),
    /// When the records were written that stand at these offsets, or first behind them: of a group, its commit, or the log's
    /// start where that lies behind it. Nothing is to be asked where a group is level.
    Behind(Vec<(TopicName, PartitionId, Offset)>),
    /// Who holds records of a partition back with an open transaction.
    Holders { topic: TopicName, partition: PartitionId },
    /// Read a topic: [`super::event::Arrival::Chunk`] and `Progress` until it ends or is cancelled.
    Read(Box<Plan>),
    /// Read several topics as one list: as [`Ask::Read`], with lanes ([`super::stream::lanes`]) in the place of partitions.
    ReadSeveral(Vec<Plan>),
    /// As [`Ask::Older`], of several topics, each with its place among those of the list; all of it in one answer.
    OlderSeveral(Vec<(usize, Plan)>, Allowance),
    /// Read a stretch that has an end: older records, to stand in front of those held. All of it in one answer; under a filter
    /// from the end to the start, [`Answer::Older`] as parts, the newest first, each in front of the one before.
    Older(Box<Plan>, Allowance),
    /// Count what a query's stages count: [`Answer::Tallied`] as parts while the history is read, and then what arrives, until it
    /// ends or is cancelled.
    Tally(Box<(Plan, Stages, Allowance)>),
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
    /// The record of the same key before or after one: [`Answer::Sought`] as parts while it is looked for, and at the end.
    Neighbour(Box<Neighbour>),
    /// Which fields the records of a topic have: [`Answer::Shape`] as parts, each with all that is known so far, and at the end.
    Shape(Box<ShapeAsk>),
    /// Where a query turns true: [`Answer::Bisected`] as parts, each with all that is known so far, and at the end.
    Bisect(Box<BisectAsk>),
    /// The records of several topics that hold an id: [`Answer::Trail`] as parts, and at the end.
    Follow(Box<FollowAsk>),
    /// What differs between two records.
    Compare { from: Spot, to: Spot },
    /// The last lines of the newest log in this folder.
    Log(PathBuf),
    /// Hand text to the desktop's own clipboard tool, when there is one.
    Copy(String),
    /// Write records to a file.
    Export(Export),
    /// Write a list to a file as NDJSON: `name` is what is listed, and what the file is called.
    SaveRows { name: &'static str, rows: Vec<text::row::Row> },
    /// Keep something for the next run.
    Save { path: PathBuf, saved: Saved },
    /// What the file of saved queries holds, after this one was put into it: [`Answer::Queries`].
    Queries { path: PathBuf, named: Option<Named> },
    /// Keep what was seen of groups for the next run.
    Remember { path: PathBuf, kept: Box<Kept> },
    /// What an earlier run kept of groups: [`Answer::Recalled`], empty when there is no such file.
    Recall(PathBuf),
    /// Make the plan of a change: [`Answer::Preview`]. Reads only.
    Preview(Box<Wish>),
    /// Carry a plan out: [`Answer::Step`] as parts, [`Answer::Reset`] at the end. Changes the cluster.
    Reset(Box<Order>),
    /// As [`Ask::Reset`], at the first moment at which the group has no members; until then it can be cancelled. Changes the
    /// cluster.
    Arm(Box<Order>),
    /// Look at a topic before records are sent to it: [`Answer::Target`]. Creates nothing.
    Target(TopicName),
    /// Send records: [`Answer::Producing`] as parts, [`Answer::Produced`] at the end. [`super::stream::Flow::Stop`] ends it early and
    /// still brings its report; cancelled, it ends as well, and nobody hears how. Changes the cluster.
    Produce(Box<Sending>),
    /// Look at the way to the cluster at that place of the list that the program was started with, step by step:
    /// [`Answer::Checkup`] as parts, each with all that was found so far, and the whole at the end. Reads only, over connections
    /// of its own. `expects`: the id that the cluster must have.
    Checkup { target: usize, expects: Option<ClusterId> },
    /// Write the line of the audit log that states an intent: [`Answer::Audited`]. The gate asks it.
    Audit(Box<Intent>),
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
    /// One, or those of the lanes that the partitions are then.
    pub topics: Vec<TopicName>,
    pub txns: Arc<TxnTable>,
    /// What `age` is counted from.
    pub now: Time,
}

/// A group to ask its coordinator about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAsk {
    pub id: GroupId,
    pub kind: GroupKind,
    pub coordinator: BrokerId,
    /// Partitions that are looked at though they may have no commit: those of members.
    pub also: Vec<(TopicName, Vec<PartitionId>)>,
}

/// The groups that one broker coordinates, or why it does not tell.
#[derive(Debug, Clone)]
pub struct GroupList {
    pub broker: BrokerId,
    pub groups: Result<Vec<GroupListing>, Why>,
}

/// How one group stands: every partition with a commit, and those that were named. Topics in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLag {
    pub id: GroupId,
    pub topics: Result<Vec<TopicPlaces>, Why>,
}

/// Where a share group starts on its partitions, and what it has left there, as its coordinator counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    pub id: GroupId,
    /// In order of topic and partition.
    pub starts: Result<Vec<ShareStart>, Why>,
}

/// The record that a group reads next of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    pub topic: TopicName,
    pub partition: PartitionId,
    /// As it was asked for.
    pub offset: Offset,
    /// Of the record at or first behind the offset; `Ok(None)`: there is none, or it has no timestamp.
    pub timestamp: Result<Option<Time>, Why>,
}

/// Which position of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Which {
    Start,
    /// The last stable offset.
    Stable,
    /// The high watermark.
    End,
}

/// Positions of partitions, as one leader told them.
#[derive(Debug, Clone)]
pub struct Positions {
    pub which: Which,
    pub topics: Vec<TopicPositions>,
}

/// Those of one topic. `id`: of the topic that was asked about.
#[derive(Debug, Clone)]
pub struct TopicPositions {
    pub name: TopicName,
    pub id: TopicId,
    pub partitions: Vec<(PartitionId, Result<Offset, Why>)>,
}

/// Bytes of the leader's replica of a partition.
#[derive(Debug, Clone)]
pub struct ReplicaSize {
    pub topic: TopicName,
    pub partition: PartitionId,
    pub bytes: Result<u64, Why>,
}

/// A topic's settings and moves, each with its own reason when unknown.
#[derive(Debug, Clone)]
pub struct TopicFacts {
    /// In order of name.
    pub settings: Result<Vec<Setting>, Why>,
    pub moves: Result<Vec<Move>, Why>,
}

/// The end of a log file.
#[derive(Debug, Clone)]
pub struct LogTail {
    pub path: PathBuf,
    pub lines: Vec<String>,
    /// There are older lines.
    pub cut: bool,
}

/// What an answer of a broker tells of the broker itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulse {
    /// From a question of one request to its answer.
    Took(Duration),
    /// The volumes that its logs lie on, as far as it tells of them.
    Volumes(Vec<Volume>),
}

/// What our questions cost the cluster so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests sent over all connections.
    pub requests: u64,
    /// Answers that told us to slow down.
    pub throttled: u64,
    /// A broker did so just now.
    pub throttle: Option<Throttle>,
}

/// A broker told us to slow down: which, where that is known, and for how many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    pub broker: Option<BrokerId>,
    pub ms: u64,
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
    Positions(Positions),
    Sizes(Vec<ReplicaSize>),
    Pulse(BrokerId, Pulse),
    Kept(Vec<(TopicName, Result<Keep, Why>)>),
    Topic(TopicFacts),
    Groups(GroupList),
    Described(Vec<(GroupId, Result<GroupDescription, Why>)>),
    Lag(Vec<GroupLag>),
    Shares(Vec<Shares>),
    /// In the order of the question.
    Behind(Vec<Behind>),
    Holders {
        topic: TopicName,
        partition: PartitionId,
        holders: Result<Vec<Holder>, Why>,
    },
    /// All parts of a question were told; what asking has cost so far.
    Told(Traffic),
    /// What we may do on the cluster: a part of the answer to [`Ask::Cluster`] that no list waits for.
    Rights(ClusterRights),
    /// A reader reached its end: what it was asked for is all there.
    ReadEnded,
    Older(Box<Older>),
    /// See [`Ask::Tally`].
    Tallied(Box<Tallied>),
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
    /// How far looking for a record of the same key has got, or how it ended.
    Sought(Box<Sought>),
    Compared(Arc<Comparison>),
    Shape(Arc<Shape>),
    Bisected(Arc<Bisected>),
    /// Records that hold an id, those of no other part, and how far each topic is read.
    Trail(Box<Trail>),
    Log(LogTail),
    /// Whether a tool took it, and which.
    Copied(Option<&'static str>),
    Queries(Arc<Queries>),
    /// It was kept.
    Saved,
    Exported {
        path: PathBuf,
        records: usize,
        bytes: u64,
    },
    Recalled(Box<Kept>),
    Preview(Box<reset::Plan>),
    /// How far carrying out a plan has got.
    Step(Box<Step>),
    /// How it ended.
    Reset(Box<Report>),
    Target(Box<Target>),
    /// How far sending has got: ten times a second at most.
    Producing(Box<produce::Progress>),
    /// What became of all that was sent.
    Produced(Box<produce::Report>),
    /// All that was found on the way so far.
    Checkup(Arc<Checkup>),
    /// The line is on disk.
    Audited(Receipt),
}

/// A query's table as far as it was counted.
#[derive(Debug, Clone)]
pub struct Tallied {
    pub table: Arc<Table>,
    pub progress: Progress,
    /// Why it is over.
    pub ended: Option<Ended>,
}

/// Records of a stretch.
#[derive(Debug, Clone, Default)]
pub struct Older {
    /// In the order in which they are to be listed.
    pub deliveries: Vec<Delivery>,
    /// Where the reader stood at its end. [`super::stream::PartitionProgress::first`] tells how far back each partition was
    /// looked at: what matches from there to the end of the stretch is here. Counts are since the part before.
    pub progress: Progress,
    /// Why no further, at the end of what came in parts.
    pub ended: Option<Ended>,
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
    /// Whether it changes anything on the cluster: it must come with a permit.
    pub fn mutates(&self) -> bool {
        matches!(self, Self::Reset(_) | Self::Arm(_) | Self::Produce(_))
    }

    /// What the audit log is to say before a change; `None` for what changes nothing.
    pub fn intent(&self) -> Option<Intent> {
        match self {
            Self::Reset(order) => Some(order.intent(false)),
            Self::Arm(order) => Some(order.intent(true)),
            Self::Produce(sending) => Some(sending.intent()),
            _ => None,
        }
    }

    /// A name for the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cluster { .. } => "cluster",
            Self::Positions { .. } => "positions",
            Self::Sizes(_) => "sizes",
            Self::Keep(_) => "keep",
            Self::Topic { .. } => "topic",
            Self::Groups => "groups",
            Self::Describe(_) => "describe",
            Self::Lag(_) => "lag",
            Self::Behind(_) => "behind",
            Self::Holders { .. } => "holders",
            Self::Read(_) | Self::ReadSeveral(_) => "read",
            Self::Older(..) | Self::OlderSeveral(..) => "older",
            Self::Tally(_) => "tally",
            Self::Render(_) => "render",
            Self::Search { .. } => "search",
            Self::Highlight { .. } => "highlight",
            Self::Filter(_) => "filter",
            Self::Open { .. } => "open",
            Self::Neighbour(_) => "neighbour",
            Self::Shape(_) => "shape",
            Self::Bisect(_) => "bisect",
            Self::Follow(_) => "follow",
            Self::Compare { .. } => "compare",
            Self::Log(_) => "log",
            Self::Copy(_) => "copy",
            Self::Export(_) => "export",
            Self::SaveRows { .. } => "rows",
            Self::Save { .. } => "save",
            Self::Queries { .. } => "queries",
            Self::Remember { .. } => "remember",
            Self::Recall(_) => "recall",
            Self::Preview(_) => "preview",
            Self::Reset(_) => "reset",
            Self::Arm(_) => "arm",
            Self::Target(_) => "target",
            Self::Produce(_) => "produce",
            Self::Checkup { .. } => "checkup",
            Self::Audit(_) => "audit",
        }
    }
}

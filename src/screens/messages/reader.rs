//! The running reader of the screen: what was asked for, how it stands, and when it is held.

use std::sync::Arc;

use crate::core::ask::Ask;
use crate::core::effect::TaskId;
use crate::core::stream::{Flow, Isolation, NEWEST_BYTES, Plan, Progress, StartAt, lanes};
use crate::model::{Chunk, ChunkBuilder, Failure, PartitionId, RecordRef, Topic, TopicId};
use crate::query::Filter;
use crate::query::position::Position;
use crate::screens::Cx;
use crate::text::Shown;

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) topic: Arc<Topic>,
    /// Further topics of the list: then partitions are lanes ([`lanes`]).
    pub(super) others: Vec<Arc<Topic>>,
    pub(super) from: From,
    pub(super) partitions: Option<Vec<PartitionId>>,
    /// Where it ends; `None`: it follows the log.
    pub(super) until: Option<Position>,
    pub(super) isolation: Isolation,
    /// The newest task. It stays after its end: its last records may come behind its reply, by another lane.
    task: Option<TaskId>,
    running: bool,
    pub(super) progress: Arc<Progress>,
    pub(super) failure: Option<Failure>,
    /// The user wants no more records for now.
    pub(super) paused: bool,
    /// The buffer is full and nothing may leave it.
    pub(super) full: bool,
    /// Nobody sees it.
    pub(super) covered: bool,
    held: bool,
    pub(super) evicted_before: u64,
}

/// Where reading began, with the words for it.
#[derive(Debug, Clone)]
pub(super) struct From {
    pub(super) position: Position,
    /// The newest so many over all partitions, in place of the position.
    pub(super) newest: Option<u64>,
    pub(super) words: String,
}

impl From {
    /// What a topic opens with.
    pub(super) fn configured(start: &StartAt) -> Self {
        match start {
            StartAt::Newest(newest) => {
                let words = format!("the newest {newest} in all ({} MiB at most), then live", NEWEST_BYTES >> 20);
                Self { position: Position::Earliest, newest: Some(*newest), words }
            }
            StartAt::Position(position) => {
                let words = match position {
                    Position::Latest => "from now on".to_owned(),
                    Position::Earliest => "from the start".to_owned(),
                    position => format!("from {position}"),
                };
                Self { position: position.clone(), newest: None, words }
            }
        }
    }
}

impl Reader {
    pub(super) fn new(topic: Arc<Topic>, from: From, isolation: Isolation) -> Self {
        Self {
            topic,
            others: Vec::new(),
            from,
            partitions: None,
            until: None,
            isolation,
            task: None,
            running: false,
            progress: Arc::default(),
            failure: None,
            paused: false,
            full: false,
            covered: false,
            held: false,
            evicted_before: 0,
        }
    }

    /// Starts reading anew, from where `from` says.
    pub(super) fn start(&mut self, cx: &mut Cx<'_>, filter: Option<&Arc<Filter>>) {
        if let Some(task) = self.task.take() {
            cx.cancel(task);
        }
        self.progress = Arc::default();
        self.failure = None;
        self.paused = false;
        self.full = false;
        self.held = false;
        let plan = |topic: &Arc<Topic>| Plan {
            topic: topic.name.clone(),
            topic_id: topic.id,
            from: self.from.position.clone(),
            until: self.until.clone(),
            partitions: self.partitions.clone(),
            isolation: self.isolation,
            filter: filter.cloned(),
            newest: self.from.newest,
            keep: cx.settings.limits.records,
        };
        let ask =
            if self.is_several() { Ask::ReadSeveral(self.topics().map(plan).collect()) } else { Ask::Read(Box::new(plan(&self.topic))) };
        self.task = Some(cx.start(ask));
        self.running = true;
    }

    /// Whether the list is of several topics.
    pub(super) fn is_several(&self) -> bool {
        !self.others.is_empty()
    }

    pub(super) fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        std::iter::once(&self.topic).chain(&self.others)
    }

    /// The topic and the partition in it that a record of the list has.
    pub(super) fn place(&self, partition: PartitionId) -> (&Arc<Topic>, PartitionId) {
        if !self.is_several() {
            return (&self.topic, partition);
        }
        let (at, partition) = lanes::place(partition);
        (self.topics().nth(at).unwrap_or(&self.topic), partition)
    }

    /// A partition in words: its number, behind its topic where there are several.
    pub(super) fn named(&self, partition: PartitionId) -> String {
        let (topic, partition) = self.place(partition);
        if self.is_several() { format!("{}/{}", Shown::of(topic.name.raw()), partition.0) } else { partition.0.to_string() }
    }

    /// A copy of a record as its own topic has it, and that topic.
    pub(super) fn own(&self, chunk: &Chunk, row: usize) -> Option<(&Arc<Topic>, Arc<Chunk>)> {
        let record = chunk.get(row)?;
        let (topic, partition) = self.place(record.partition);
        let mut builder = ChunkBuilder::default();
        builder.push(&RecordRef { partition, ..record }, chunk.batch(row)?).then(|| (topic, Arc::new(builder.finish())))
    }

    /// From now on the topic is known by its name alone, until the cluster tells its id.
    pub(super) fn forget_identity(&mut self) {
        for topic in std::iter::once(&mut self.topic).chain(&mut self.others) {
            *topic = Arc::new(Topic { id: TopicId::default(), ..Topic::clone(topic) });
        }
    }

    pub(super) fn is(&self, id: TaskId) -> bool {
        self.task == Some(id)
    }

    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    /// The reader is done, well or badly.
    pub(super) fn ended(&mut self, failure: Option<Failure>) {
        self.running = false;
        self.failure = failure;
    }

    pub(super) fn set_filter(&self, cx: &mut Cx<'_>, generation: u32, filter: Option<Arc<Filter>>) {
        if let Some(task) = self.task {
            cx.flow(task, Flow::Filter { generation, filter });
        }
    }

    /// Holds or lets go, after `paused`, `full` or `covered` changed.
    pub(super) fn steer(&mut self, cx: &mut Cx<'_>) {
        let hold = self.paused || self.full || self.covered;
        if hold == self.held {
            return;
        }
        self.held = hold;
        if let Some(task) = self.task {
            cx.flow(task, if hold { Flow::Hold } else { Flow::Resume });
        }
    }

    /// Whether it was told to fetch nothing for now.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Offsets between where we are and the log's ends, over the partitions that are read; `None` when an end is not
    /// known. Offsets are not records: gaps are among them.
    pub(super) fn behind(&self) -> Option<i64> {
        if self.progress.partitions.is_empty() {
            return None;
        }
        let to_end = |p: &crate::core::stream::PartitionProgress| {
            let end = if self.isolation == Isolation::ReadCommitted { p.stable } else { p.end };
            end.map(|end| end.0.saturating_sub(p.position.0).max(0))
        };
        // A broker may claim any offset: two of the largest must not wrap around.
        self.progress.partitions.iter().map(to_end).try_fold(0_i64, |sum, n| Some(sum.saturating_add(n?)))
    }
}

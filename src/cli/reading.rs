//! What commands that print records have in common: how many are still wanted, when stdout is gone, how reading ends, and
//! what is said besides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::words;
use super::{Cluster, Color, Output};
use crate::core::stream::{Ended, Fact, Isolation, Plan};
use crate::io::kafka::{Client, Wanted};
use crate::io::work::Work;
use crate::model::{Cause, Failure, Foreign, PartitionId, Time, TopicName};
use crate::text::Shown;
use clap::ValueEnum;

/// What every command takes, understood.
#[derive(Debug)]
pub(super) struct Common {
    pub cluster: Cluster,
    pub output: Output,
    /// Stdout is a terminal.
    pub terminal: bool,
    pub color: Color,
    pub quiet: bool,
}

impl Common {
    /// Whether lines on stdout have colours.
    pub(super) fn colored(&self) -> bool {
        match self.color {
            Color::Never => false,
            Color::Always => true,
            Color::Auto => self.terminal && std::env::var_os("NO_COLOR").is_none_or(|text| text.is_empty()),
        }
    }

    /// Errors are JSON.
    pub(super) fn json(&self) -> bool {
        matches!(self.output, Output::Json | Output::Ndjson)
    }
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum IsolationArg {
    #[default]
    #[value(name = "read_uncommitted")]
    ReadUncommitted,
    #[value(name = "read_committed")]
    ReadCommitted,
}

impl From<IsolationArg> for Isolation {
    fn from(level: IsolationArg) -> Self {
        match level {
            IsolationArg::ReadUncommitted => Self::ReadUncommitted,
            IsolationArg::ReadCommitted => Self::ReadCommitted,
        }
    }
}

/// The topics, each once.
pub(super) fn topics(names: Vec<String>) -> Vec<TopicName> {
    let mut topics: Vec<TopicName> = Vec::new();
    for topic in names.into_iter().map(TopicName::new) {
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    topics
}

/// The partitions of `--partitions`.
pub(super) fn partitions(numbers: &[u32]) -> Result<Vec<PartitionId>, Failure> {
    let all: Vec<PartitionId> = numbers.iter().filter_map(|&p| i32::try_from(p).ok().map(PartitionId)).collect();
    if all.len() < numbers.len() {
        return Err(usage("--partitions: a partition is a number up to 2147483647"));
    }
    Ok(all)
}

pub(super) fn usage(text: &str) -> Failure {
    Failure::new("read the arguments", Cause::Usage(Foreign::new(text)))
}

/// Runs `read` on a runtime of its own, with a pool of all cores; `failed` prints what went wrong and gives the exit code.
pub(super) fn on_runtime<F>(read: impl FnOnce(Work) -> F, failed: impl Fn(&Failure) -> u8) -> u8
where
    F: Future<Output = Result<u8, Failure>>,
{
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let io = |error: std::io::Error| Failure::new("start", Cause::File(Foreign::new(error.to_string())));
    let started = tokio::runtime::Builder::new_multi_thread().worker_threads(cores.min(2)).enable_all().build().map_err(io);
    let (runtime, work) = match started.and_then(|runtime| Ok((runtime, Work::start(cores).map_err(io)?))) {
        Ok(both) => both,
        Err(failure) => return failed(&failure),
    };
    let code = match runtime.block_on(read(work)) {
        Ok(code) => code,
        Err(failure) => {
            tracing::warn!(code = failure.code(), "{:?}", Shown::of(&failure.sentence()).as_str());
            failed(&failure)
        }
    };
    // Whatever still waits for a broker is not waited for.
    runtime.shutdown_background();
    code
}

/// What the query changed about where to read; `said` is the plan without it.
pub(super) fn told(said: &Plan, narrowed: &Plan) -> Option<String> {
    let mut words = Vec::new();
    if narrowed.from != said.from {
        words.push(format!("from {}", narrowed.from));
    }
    if let Some(until) = narrowed.until.as_ref().filter(|until| said.until.as_ref() != Some(until)) {
        words.push(format!("until {until}"));
    }
    if let Some(partitions) = narrowed.partitions.as_ref().filter(|_| said.partitions.is_none()) {
        let list: Vec<String> = partitions.iter().map(|partition| partition.0.to_string()).collect();
        words.push(format!("partitions {}", list.join(",")));
    }
    (!words.is_empty()).then(|| format!("as the query says, reading {}", words.join(", ")))
}

/// Ends the reading when whoever read stdout has gone, also while no record comes: `kscope tail T | head -1`.
pub(super) fn watch_stdout(shared: Arc<Shared>) -> std::io::Result<()> {
    let watch = move || {
        let stdout = std::io::stdout();
        loop {
            let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut fds, None) {
                Ok(_) if fds.iter().any(|fd| fd.revents().contains(PollFlags::ERR)) => return shared.enough.notify_one(),
                Err(Errno::INTR) => {}
                // A terminal that hangs up is a signal's business.
                Ok(_) | Err(_) => return,
            }
        }
    };
    std::thread::Builder::new().name("stdout-gone".to_owned()).spawn(watch).map(drop)
}

/// The readers of all topics, and how each ends.
pub(super) type Readers = JoinSet<(TopicName, Result<Ended, Failure>)>;

/// Why reading is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Each topic was read as far as it was to be.
    Read {
        /// One of them used up its budget.
        budget: bool,
    },
    /// There are as many records as were wanted, or nobody reads stdout any more.
    Enough,
    /// By a signal; the exit code.
    Signal(u8),
}

/// Until all readers are done, there are enough records, one fails, or a signal comes.
pub(super) async fn wait(readers: &mut Readers, shared: &Shared, client: &Client) -> Result<Over, Failure> {
    let listen = |kind: SignalKind| signal(kind).map_err(|error| Failure::new("start", Cause::File(Foreign::new(error.to_string()))));
    let (mut interrupt, mut terminate, mut hangup) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    let mut budget = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(Over::Signal(130)),
            _ = terminate.recv() => return Ok(Over::Signal(143)),
            _ = hangup.recv() => return Ok(Over::Signal(129)),
            () = shared.enough.notified() => return Ok(Over::Enough),
            done = readers.join_next() => match done {
                None => return Ok(Over::Read { budget }),
                Some(Ok((_, Ok(ended)))) => budget |= ended == Ended::Budget,
                Some(Ok((topic, Err(failure)))) => return Err(explain(failure, &topic, client).await),
                Some(Err(_panicked)) => {
                    return Err(Failure::new("read the topic", Cause::Bug(Foreign::new("the reader ended without an answer"))));
                }
            },
        }
    }
}

/// Adds to an unknown topic the name that was probably meant.
pub(super) async fn explain(failure: Failure, topic: &TopicName, client: &Client) -> Failure {
    if !matches!(failure.cause, Cause::NotFound(_)) || failure.hint.is_some() {
        return failure;
    }
    let Ok(view) = client.cluster("list the topics", Wanted::All).await else { return failure };
    match crate::text::meant(topic.raw(), view.topics.iter().map(|topic| topic.name.raw())) {
        Some(name) => failure.hint(format!("did you mean {name}?")),
        None => failure.hint("topics that may not be described are not found either; nothing was created"),
    }
}

/// What the readers of all topics share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Records still wanted.
    left: Option<AtomicU64>,
    pub enough: Notify,
    /// A topic was deleted, or made again, while it was read.
    gone: AtomicBool,
}

impl Shared {
    /// `count`: how many records are wanted, over all topics.
    pub(super) fn new(count: Option<u64>) -> Arc<Self> {
        Arc::new(Self { left: count.map(AtomicU64::new), enough: Notify::new(), gone: AtomicBool::new(false) })
    }

    /// How many of so many records may be printed.
    pub(super) fn claim(&self, records: usize) -> usize {
        let Some(left) = &self.left else { return records };
        let wanted = u64::try_from(records).unwrap_or(u64::MAX);
        let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(wanted)));
        usize::try_from(before.unwrap_or(0)).unwrap_or(usize::MAX).min(records)
    }

    pub(super) fn is_enough(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }

    /// Whether a topic was deleted, or made again, while it was read.
    pub(super) fn gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Says what happened between records.
    pub(super) fn fact(&self, topic: &TopicName, fact: &Fact, quiet: bool) {
        if matches!(fact, Fact::Deleted | Fact::Recreated { .. }) {
            self.gone.store(true, Ordering::Relaxed);
        }
        // What is missing from the output is an error even where words are not wanted.
        let error = !matches!(
            fact,
            Fact::PartitionsAdded { .. } | Fact::Moved { .. } | Fact::Resumed { .. } | Fact::NotKept { .. } | Fact::Said(_)
        );
        let words = words::fact(topic.raw(), fact);
        tracing::info!("{:?}", Shown::of(&words).as_str());
        if error || !quiet {
            words::say(&words);
        }
    }
}

pub(super) fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_over_all_readers_together() {
        let some = Shared::new(Some(10));
        assert_eq!((some.claim(7), some.is_enough(), some.claim(7), some.is_enough(), some.claim(1)), (7, false, 3, true, 0));
        let all = Shared::new(None);
        assert_eq!((all.claim(1000), all.is_enough()), (1000, false));
    }
}

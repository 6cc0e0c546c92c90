//! `kscope tail`: records of topics on stdout, as they come or as they were.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::disturbed::Disturbed;
use super::format::Format;
use super::print::{Printed, Printer, Style};
use super::words::{self, Exit};
use super::{Cluster, Color, Output};
use crate::core::narrow::{Said, narrow};
use crate::core::stream::{Fact, Isolation, Plan, Progress};
use crate::io::kafka::{Client, Wanted};
use crate::io::scan::{self, Options, Shape, Sink, Taken};
use crate::io::work::Work;
use crate::model::{Cause, Failure, Foreign, PartitionId, Time, TopicId, TopicName};
use crate::query::position::{Position, parse_position};
use crate::query::{Context, Filter, parse};
use crate::text::Shown;

/// How long whoever reads stdout may take for what was printed before a signal.
const LAST_WORDS: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct TailArgs {
    /// Topics, one or more
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// Where to begin: latest when neither this nor the query says; earliest, now, -500 (the last 500 per partition), 12000 or 3@12000,5@77 (offsets), 15m (ago), a time
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    from: Option<String>,
    /// Where to end; without it and -n, new records are followed until interrupted
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    until: Option<String>,
    /// Only these partitions
    #[arg(short, long, value_name = "0,3", value_delimiter = ',')]
    partitions: Vec<u32>,
    /// End after so many records, over all partitions together
    #[arg(short = 'n', long, value_name = "N")]
    count: Option<u64>,
    /// Only records that match: text, /regex/, .path == value, key, header.x, partition, offset, time; since:15m, until:12:40, p:0,3 and last:500 say where to read
    #[arg(long = "where", value_name = "QUERY", allow_hyphen_values = true)]
    query: Option<String>,
    /// Aborted and open transactions too, or only what is committed
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    isolation: IsolationArg,
    /// As kcat -f: %t %p %o %k %s %h %T %S %K, \n \t
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
    format: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum IsolationArg {
    #[default]
    #[value(name = "read_uncommitted")]
    ReadUncommitted,
    #[value(name = "read_committed")]
    ReadCommitted,
}

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

/// A tail that can be run.
#[derive(Debug)]
pub struct Tail {
    common: Common,
    plans: Vec<Plan>,
    count: Option<u64>,
    style: Style,
    context: Context,
    /// Where the query makes it read, in words.
    place: Option<String>,
}

impl Tail {
    pub(super) fn new(common: Common, args: TailArgs) -> Result<Self, Failure> {
        let usage = |text: String| Failure::new("read the arguments", Cause::Usage(Foreign::new(text)));
        let zone = TimeZone::system();
        let context = Context { now: now(), zone: zone.clone() };
        let position = |option: &str, text: &str| parse_position(text).map_err(|error| words::pointed(option, text, &error));
        let from = args.from.as_deref().map(|text| position("--from", text)).transpose()?;
        let until = args.until.as_deref().map(|text| position("--until", text)).transpose()?;
        let filter = match &args.query {
            None => None,
            Some(text) => {
                let query = parse(text).map_err(|error| words::pointed("--where", text, &error))?;
                Some(Arc::new(Filter::compile(&query, &context)))
            }
        };
        let format = args.format.as_deref().map(Format::parse).transpose().map_err(|error| usage(format!("--format: {error}")))?;
        if format.is_some() && !matches!(common.output, Output::Table | Output::Ndjson) {
            return Err(usage("--format says how records are printed: leave out --output".to_owned()));
        }
        let partitions: Vec<PartitionId> = args.partitions.iter().filter_map(|&p| i32::try_from(p).ok().map(PartitionId)).collect();
        if partitions.len() < args.partitions.len() {
            return Err(usage("--partitions: a partition is a number up to 2147483647".to_owned()));
        }
        let isolation = match args.isolation {
            IsolationArg::ReadUncommitted => Isolation::ReadUncommitted,
            IsolationArg::ReadCommitted => Isolation::ReadCommitted,
        };
        let mut topics: Vec<TopicName> = Vec::new();
        for topic in args.topics.into_iter().map(TopicName::new) {
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        let said = Said { from: from.is_some(), until: until.is_some(), partitions: !partitions.is_empty() };
        let plan = |topic: &TopicName| Plan {
            topic: topic.clone(),
            topic_id: TopicId::default(),
            from: from.clone().unwrap_or(Position::Latest),
            until: until.clone(),
            partitions: (!partitions.is_empty()).then(|| partitions.clone()),
            isolation,
            filter: filter.clone(),
            newest: None,
            keep: usize::MAX,
        };
        let narrowed = |plan: Plan| match (&filter, &args.query) {
            (Some(filter), Some(text)) => {
                narrow(plan, filter.bounds(), said, context.now, text).map_err(|error| words::pointed("--where", text, &error))
            }
            _ => Ok(plan),
        };
        let plans = topics.iter().map(plan).map(narrowed).collect::<Result<Vec<Plan>, Failure>>()?;
        let place = plans.first().and_then(|narrowed| told(&plan(&narrowed.topic), narrowed));
        let color = match common.color {
            Color::Never => false,
            Color::Always => true,
            Color::Auto => common.terminal && std::env::var_os("NO_COLOR").is_none_or(|text| text.is_empty()),
        };
        let style = Style { output: common.output, format, terminal: common.terminal, color, several: plans.len() > 1, zone };
        Ok(Self { common, plans, count: args.count, style, context, place })
    }

    #[cfg(test)]
    pub(super) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        self.plans.iter().map(|plan| &plan.topic)
    }

    #[cfg(test)]
    pub(super) fn from(&self) -> &Position {
        &self.plans[0].from
    }

    #[cfg(test)]
    pub(super) fn until(&self) -> Option<&Position> {
        self.plans[0].until.as_ref()
    }

    /// Runs to the end on a runtime of its own; returns the exit code.
    pub fn run(self) -> u8 {
        let json = matches!(self.common.output, Output::Json | Output::Ndjson);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let io = |error: std::io::Error| Failure::new("start", Cause::File(Foreign::new(error.to_string())));
        let started = tokio::runtime::Builder::new_multi_thread().worker_threads(cores.min(2)).enable_all().build().map_err(io);
        let runtime = match started {
            Ok(runtime) => runtime,
            Err(failure) => return Exit::failed(&failure, json).print(),
        };
        let work = match Work::start(cores).map_err(io) {
            Ok(work) => work,
            Err(failure) => return Exit::failed(&failure, json).print(),
        };
        let code = match runtime.block_on(self.read(work)) {
            Ok(code) => code,
            Err(failure) => {
                tracing::warn!(code = failure.code(), "{:?}", Shown::of(&failure.sentence()).as_str());
                Exit::failed(&failure, json).print()
            }
        };
        // Whatever still waits for a broker is not waited for.
        runtime.shutdown_background();
        code
    }

    async fn read(self, work: Work) -> Result<u8, Failure> {
        if let (Some(from), false) = (&self.common.cluster.from, self.common.quiet) {
            words::say(from);
        }
        if self.count == Some(0) {
            return Ok(0);
        }
        if let (Some(place), false) = (&self.place, self.common.quiet) {
            words::say(place);
        }
        let failed = |error: std::io::Error| Failure::new("write the records", Cause::File(Foreign::new(error.to_string())));
        let client = Client::new(self.common.cluster.settings());
        let printer = Printer::start(&self.style).map_err(failed)?;
        let shared = Arc::new(Shared { left: self.count.map(AtomicU64::new), enough: Notify::new(), gone: AtomicBool::new(false) });
        watch_stdout(Arc::clone(&shared)).map_err(failed)?;
        let mut readers = JoinSet::new();
        for plan in self.plans {
            let shape = Shape::Lines(self.style.encoder(&plan.topic));
            let options = Options { largest: self.common.cluster.limits.record_alone, ..Options::headless(shape, self.context.clone()) };
            let (topic, shared) = (plan.topic.clone(), Arc::clone(&shared));
            let sink = Print { topic, lane: printer.lane(), shared, quiet: self.common.quiet, disturbed: Disturbed::default() };
            let (client, work, topic) = (client.clone(), work.clone(), plan.topic.clone());
            // Nobody steers: the lane is closed at once.
            let (_closed, flow) = mpsc::unbounded_channel();
            readers.spawn(async move { (topic, scan::read(client, work, plan, options, flow, sink).await) });
        }
        let ended = wait(&mut readers, &shared, &client).await;
        readers.shutdown().await;
        let written = match ended {
            Ok(code) if code != 0 => tokio::time::timeout(LAST_WORDS, printer.finish()).await.unwrap_or(Ok(())),
            _ => printer.finish().await,
        };
        let code = ended?;
        written.map_err(failed)?;
        Ok(if code == 0 && shared.gone.load(Ordering::Relaxed) { 5 } else { code })
    }
}

/// What the query changed about where to read.
fn told(said: &Plan, narrowed: &Plan) -> Option<String> {
    let mut words = Vec::new();
    if narrowed.from != said.from {
        words.push(format!("from {}", narrowed.from));
    }
    if let Some(until) = narrowed.until.as_ref().filter(|_| said.until.is_none()) {
        words.push(format!("until {until}"));
    }
    if let Some(partitions) = narrowed.partitions.as_ref().filter(|_| said.partitions.is_none()) {
        let list: Vec<String> = partitions.iter().map(|partition| partition.0.to_string()).collect();
        words.push(format!("partitions {}", list.join(",")));
    }
    (!words.is_empty()).then(|| format!("as the query says, reading {}", words.join(", ")))
}

/// Ends the reading when whoever read stdout has gone, also while no record comes: `kscope tail T | head -1`.
fn watch_stdout(shared: Arc<Shared>) -> std::io::Result<()> {
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

/// Until all readers are done, there are enough records, one fails, or a signal comes.
async fn wait(readers: &mut JoinSet<(TopicName, Result<(), Failure>)>, shared: &Shared, client: &Client) -> Result<u8, Failure> {
    let listen = |kind: SignalKind| signal(kind).map_err(|error| Failure::new("start", Cause::File(Foreign::new(error.to_string()))));
    let (mut interrupt, mut terminate, mut hangup) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(130),
            _ = terminate.recv() => return Ok(143),
            _ = hangup.recv() => return Ok(129),
            () = shared.enough.notified() => return Ok(0),
            done = readers.join_next() => match done {
                None => return Ok(0),
                Some(Ok((_, Ok(())))) => {}
                Some(Ok((topic, Err(failure)))) => return Err(explain(failure, &topic, client).await),
                Some(Err(_panicked)) => {
                    return Err(Failure::new("read the topic", Cause::Bug(Foreign::new("the reader ended without an answer"))));
                }
            },
        }
    }
}

/// Adds to an unknown topic the name that was probably meant.
async fn explain(failure: Failure, topic: &TopicName, client: &Client) -> Failure {
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
struct Shared {
    /// Records still wanted.
    left: Option<AtomicU64>,
    enough: Notify,
    /// A topic was deleted, or made again, while it was read.
    gone: AtomicBool,
}

impl Shared {
    /// How many of so many records may be printed.
    fn claim(&self, records: usize) -> usize {
        let Some(left) = &self.left else { return records };
        let wanted = u64::try_from(records).unwrap_or(u64::MAX);
        let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(wanted)));
        usize::try_from(before.unwrap_or(0)).unwrap_or(usize::MAX).min(records)
    }

    fn is_enough(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }
}

/// Prints what a reader gives.
#[derive(Debug)]
struct Print {
    topic: TopicName,
    lane: mpsc::Sender<Printed>,
    shared: Arc<Shared>,
    quiet: bool,
    disturbed: Disturbed,
}

impl Print {
    fn fact(&self, fact: &Fact) {
        if matches!(fact, Fact::Deleted | Fact::Recreated { .. }) {
            self.shared.gone.store(true, Ordering::Relaxed);
        }
        // What is missing from the output is an error even where words are not wanted.
        let error = !matches!(
            fact,
            Fact::PartitionsAdded { .. } | Fact::Moved { .. } | Fact::Resumed { .. } | Fact::NotKept { .. } | Fact::Said(_)
        );
        let words = words::fact(self.topic.raw(), fact);
        tracing::info!("{:?}", Shown::of(&words).as_str());
        if error || !self.quiet {
            words::say(&words);
        }
    }
}

impl Sink for Print {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        let mut lines = match taken {
            Taken::Lines(lines) => lines,
            Taken::Records(_) => return ControlFlow::Continue(()),
        };
        lines.facts.iter().for_each(|fact| self.fact(fact));
        if lines.ends.is_empty() {
            return ControlFlow::Continue(());
        }
        let records = self.shared.claim(lines.ends.len());
        let end = records.checked_sub(1).and_then(|last| lines.ends.get(last)).copied().unwrap_or(0);
        lines.bytes.truncate(end);
        let closed = end > 0 && self.lane.send((lines.bytes, lines.spare)).await.is_err();
        if closed || self.shared.is_enough() {
            self.shared.enough.notify_one();
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) {
        let said = self.disturbed.words(self.topic.raw(), &progress, Instant::now());
        if let (Some(text), false) = (said, self.quiet) {
            words::say(&text);
        }
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(left: Option<u64>) -> Arc<Shared> {
        Arc::new(Shared { left: left.map(AtomicU64::new), enough: Notify::new(), gone: AtomicBool::new(false) })
    }

    #[test]
    fn the_count_is_over_all_readers_together() {
        let some = shared(Some(10));
        assert_eq!((some.claim(7), some.is_enough(), some.claim(7), some.is_enough(), some.claim(1)), (7, false, 3, true, 0));
        let all = shared(None);
        assert_eq!((all.claim(1000), all.is_enough()), (1000, false));
    }

    #[tokio::test]
    async fn the_last_buffer_is_cut_behind_the_last_record_wanted() {
        let (lane, mut buffers) = mpsc::channel(4);
        let mut print = Print { topic: TopicName::new("t"), lane, shared: shared(Some(2)), quiet: true, disturbed: Disturbed::default() };
        let lines = scan::Lines { bytes: b"one\ntwo\nthree\n".to_vec(), ends: vec![4, 8, 14], ..scan::Lines::default() };
        assert!(print.take(Taken::Lines(lines)).await.is_break());
        assert_eq!(buffers.recv().await.unwrap().0, b"one\ntwo\n");
    }

    #[tokio::test]
    async fn a_closed_stdout_is_a_good_end() {
        let (lane, buffers) = mpsc::channel(4);
        drop(buffers);
        let mut print = Print { topic: TopicName::new("t"), lane, shared: shared(None), quiet: true, disturbed: Disturbed::default() };
        let lines = scan::Lines { bytes: b"one\n".to_vec(), ends: vec![4], ..scan::Lines::default() };
        assert!(print.take(Taken::Lines(lines)).await.is_break());
        print.shared.enough.notified().await;
    }
}

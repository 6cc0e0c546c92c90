//! `kscope tail`: records of topics on stdout, as they come or as they were.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Output;
use super::disturbed::Disturbed;
use super::explain::{self, Figures};
use super::format::Format;
use super::print::{Printed, Printer, Style};
use super::reading::{self, Common, IsolationArg, Over, Readers, Shared, now, told, usage};
use super::words::{self, Exit};
use crate::core::narrow::{Said, narrow};
use crate::core::stream::{Plan, Progress};
use crate::io::kafka::Client;
use crate::io::scan::{self, Options, Shape, Sink, Taken};
use crate::io::work::Work;
use crate::model::{Cause, Failure, Foreign, TopicId, TopicName};
use crate::query::position::{Position, parse_position};
use crate::query::{Context, Filter, parse_filter};

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
    /// Say on stderr how records are read, and at the end what that spared
    #[arg(long)]
    explain: bool,
    /// Aborted and open transactions too, or only what is committed
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    isolation: IsolationArg,
    /// As kcat -f: %t %p %o %k %s %h %T %S %K, \n \t
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
    format: Option<String>,
}

/// A tail that can be run.
#[derive(Debug)]
pub struct Tail {
    common: Common,
    plans: Vec<Plan>,
    /// The first as it was before the query's bounds narrowed it, and the filter.
    unbounded: Plan,
    filter: Option<Arc<Filter>>,
    explain: bool,
    count: Option<u64>,
    style: Style,
    context: Context,
    /// Where the query makes it read, in words.
    place: Option<String>,
}

impl Tail {
    pub(super) fn new(common: Common, args: TailArgs) -> Result<Self, Failure> {
        let zone = TimeZone::system();
        let context = Context { now: now(), zone: zone.clone() };
        let position = |option: &str, text: &str| parse_position(text).map_err(|error| words::pointed(option, text, &error));
        let from = args.from.as_deref().map(|text| position("--from", text)).transpose()?;
        let until = args.until.as_deref().map(|text| position("--until", text)).transpose()?;
        let filter = match &args.query {
            None => None,
            Some(text) => {
                let query = parse_filter(text).map_err(|error| words::pointed("--where", text, &error))?;
                Some(Arc::new(Filter::compile(&query, &context)))
            }
        };
        let format = args.format.as_deref().map(Format::parse).transpose().map_err(|error| usage(&format!("--format: {error}")))?;
        if format.is_some() && !matches!(common.output, Output::Table | Output::Ndjson) {
            return Err(usage("--format says how records are printed: leave out --output"));
        }
        let partitions = reading::partitions(&args.partitions)?;
        let topics = reading::topics(args.topics);
        let said = Said { from: from.is_some(), until: until.is_some(), partitions: !partitions.is_empty() };
        let plan = |topic: &TopicName| Plan {
            topic: topic.clone(),
            topic_id: TopicId::default(),
            from: from.clone().unwrap_or(Position::Latest),
            until: until.clone(),
            partitions: (!partitions.is_empty()).then(|| partitions.clone()),
            isolation: args.isolation.into(),
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
        let unbounded = plan(&plans.first().map_or_else(|| TopicName::new(""), |plan| plan.topic.clone()));
        let color = common.colored();
        let style =
            Style { output: common.output, format, terminal: common.terminal, color, several: plans.len() > 1, zone, selection: None };
        Ok(Self { common, plans, unbounded, filter, explain: args.explain, count: args.count, style, context, place })
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
        let json = self.common.json();
        reading::on_runtime(|work| self.read(work), |failure| Exit::failed(failure, json).print())
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
        if self.explain {
            let (filter, unbounded) = (self.filter.as_deref(), &self.unbounded);
            let reading = explain::Reading { filter, unbounded, backwards: false, rate: None, bytes: None };
            words::say_all(&explain::plan(reading, &self.plans, &[]));
        }
        let failed = |error: std::io::Error| Failure::new("write the records", Cause::File(Foreign::new(error.to_string())));
        let client = Client::new(self.common.cluster.settings());
        let printer = Printer::start(&self.style).map_err(failed)?;
        let shared = Shared::new(self.count);
        reading::watch_stdout(Arc::clone(&shared)).map_err(failed)?;
        let mut readers = Readers::new();
        let last: Last = Arc::new(Mutex::new(vec![Progress::default(); self.plans.len()]));
        for (index, plan) in self.plans.into_iter().enumerate() {
            let shape = Shape::Lines(self.style.encoder(&plan.topic));
            let options = Options { largest: self.common.cluster.limits.record_alone, ..Options::headless(shape, self.context.clone()) };
            let (topic, shared) = (plan.topic.clone(), Arc::clone(&shared));
            let sink = Print {
                topic,
                lane: printer.lane(),
                shared,
                quiet: self.common.quiet,
                disturbed: Disturbed::default(),
                last: (index, Arc::clone(&last)),
            };
            let (client, work, topic) = (client.clone(), work.clone(), plan.topic.clone());
            // Nobody steers: the lane is closed at once.
            let (_closed, flow) = mpsc::unbounded_channel();
            readers.spawn(async move { (topic, scan::read(client, work, plan, options, flow, sink).await) });
        }
        let ended = reading::wait(&mut readers, &shared, &client).await.map(|over| if let Over::Signal(code) = over { code } else { 0 });
        readers.shutdown().await;
        let written = match ended {
            Ok(code) if code != 0 => tokio::time::timeout(LAST_WORDS, printer.finish()).await.unwrap_or(Ok(())),
            _ => printer.finish().await,
        };
        if self.explain {
            let figures = Figures::of(last.lock().unwrap_or_else(PoisonError::into_inner).iter());
            words::say_all(&explain::spared(figures));
        }
        let code = ended?;
        written.map_err(failed)?;
        Ok(if code == 0 && shared.gone() { 5 } else { code })
    }
}

/// How far each reader was when it told so last.
type Last = Arc<Mutex<Vec<Progress>>>;

/// Prints what a reader gives.
#[derive(Debug)]
struct Print {
    topic: TopicName,
    lane: mpsc::Sender<Printed>,
    shared: Arc<Shared>,
    quiet: bool,
    disturbed: Disturbed,
    /// Its place in the list, and the list.
    last: (usize, Last),
}

impl Sink for Print {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        let mut lines = match taken {
            Taken::Lines(lines) => lines,
            Taken::Records(_) => return ControlFlow::Continue(()),
        };
        lines.facts.iter().for_each(|fact| self.shared.fact(&self.topic, fact, self.quiet));
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
        let (index, last) = &self.last;
        if let Some(last) = last.lock().unwrap_or_else(PoisonError::into_inner).get_mut(*index) {
            *last = progress;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_buffer_is_cut_behind_the_last_record_wanted() {
        let (lane, mut buffers) = mpsc::channel(4);
        let mut print = Print {
            topic: TopicName::new("t"),
            lane,
            shared: Shared::new(Some(2)),
            quiet: true,
            disturbed: Disturbed::default(),
            last: (0, Last::default()),
        };
        let lines = scan::Lines { bytes: b"one\ntwo\nthree\n".to_vec(), ends: vec![4, 8, 14], ..scan::Lines::default() };
        assert!(print.take(Taken::Lines(lines)).await.is_break());
        assert_eq!(buffers.recv().await.unwrap().0, b"one\ntwo\n");
    }

    #[tokio::test]
    async fn a_closed_stdout_is_a_good_end() {
        let (lane, buffers) = mpsc::channel(4);
        drop(buffers);
        let mut print = Print {
            topic: TopicName::new("t"),
            lane,
            shared: Shared::new(None),
            quiet: true,
            disturbed: Disturbed::default(),
            last: (0, Last::default()),
        };
        let lines = scan::Lines { bytes: b"one\n".to_vec(), ends: vec![4], ..scan::Lines::default() };
        assert!(print.take(Taken::Lines(lines)).await.is_break());
        print.shared.enough.notified().await;
    }
}

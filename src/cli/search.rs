//! `kscope search`: the records of topics' history that match a query, read with all cores, and how far was looked.

mod closing;
mod gather;
mod merge;
mod summary;
mod table;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::explain::{self, Figures};
use super::format::Format;
use super::print::{Printer, Style};
use super::reading::{self, Common, IsolationArg, Over, Readers, Shared, now, usage};
use super::rows;
use super::select::Selection;
use super::words::{self, Exit};
use super::{Cluster, Output};
use crate::core::narrow::{Said, narrow};
use crate::core::stream::Plan;
use crate::io::kafka::Client;
use crate::io::scan::{self, Options, Placing, Shape, Tallies};
use crate::io::work::Work;
use crate::model::{Cause, Failure, Foreign, TopicId, TopicName};
use crate::query::ast::Operand;
use crate::query::position::{Position, parse_position};
use crate::query::{Context, Filter, Query, Select, Stages, Tally, operands, parse, when};
use crate::text::units;
use gather::Gather;
use merge::Lane;
use summary::{End, Seen, Summary};

/// How long whoever reads stdout may take for what was printed before a signal.
const LAST_WORDS: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
#[command(
    after_help = "The summary on stderr says how far was looked: scanned= matched= undecodable= bytes= seconds= ended= unread= interrupted=\n\n\
    kscope search orders '.status == FAILED and .amount > 100' --from 1h\n\
    kscope search orders 'key == \"user-42\"' --newest-first -n 1\n\
    kscope search orders payments '\"0af7651916cd43dd\"' --explain"
)]
pub(super) struct SearchArgs {
    /// Topics, one or more, and the query last: text, /regex/, .path == value, key, header.x, time, offset …
    #[arg(required = true, num_args = 1.., value_name = "TOPIC… QUERY")]
    words: Vec<String>,
    /// Where to begin: earliest, latest, -500 (the last 500 per partition), 12000 or 3@12000,5@77 (offsets), 15m (ago), a time [default: earliest]
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    from: Option<String>,
    /// Where to end [default: now, the ends as they are when it starts]
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    until: Option<String>,
    /// Only these partitions
    #[arg(short, long, value_name = "0,3", value_delimiter = ',')]
    partitions: Vec<u32>,
    /// From the end: the latest match first, and with -n no more is read than needed for it
    #[arg(long)]
    newest_first: bool,
    /// End after so many matches, over all topics together
    #[arg(short = 'n', long, value_name = "N")]
    count: Option<u64>,
    /// Say on stderr how the query is run, and afterwards what that spared
    #[arg(long)]
    explain: bool,
    /// In the place of matches, the records whose values the query asks into and that are no JSON, or broken
    #[arg(long)]
    undecodable: bool,
    /// Exit with 8 when nothing matched
    #[arg(long)]
    exit_code: bool,
    /// Read all partitions, also where the key of the query says in which its records lie
    #[arg(long)]
    all_partitions: bool,
    /// Ask for at most so many bytes a second, over all brokers [default: limits.search_rate of config.toml; 25MB in a context with a guard]
    #[arg(long, value_name = "SIZE")]
    max_rate: Option<String>,
    /// End, and say so, when so many bytes were read [default: limits.search_bytes of config.toml: none]
    #[arg(long, value_name = "SIZE")]
    max_bytes: Option<String>,
    /// Aborted and open transactions too, or only what is committed
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    isolation: IsolationArg,
    /// As kcat -f: %t %p %o %k %s %h %T %S %K, \n \t
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
    format: Option<String>,
}

/// A search that can be run.
#[derive(Debug)]
pub struct Search {
    common: Common,
    plans: Vec<Plan>,
    /// Each as it was before the query's bounds narrowed it.
    unbounded: Plan,
    filter: Arc<Filter>,
    style: Style,
    context: Context,
    backwards: bool,
    count: Option<u64>,
    explain: bool,
    /// What cannot be read is listed, in the place of matches.
    undecodable: bool,
    exit_code: bool,
    /// The key may say which partition is read.
    by_key: bool,
    rate: Option<u64>,
    bytes: Option<u64>,
    /// It ends at a time that was asked for.
    timed: bool,
    /// What counts, when a table is asked for.
    tallies: Option<Tallies>,
}

impl Search {
    pub(super) fn new(common: Common, args: &SearchArgs) -> Result<Self, Failure> {
        let zone = TimeZone::system();
        let context = Context { now: now(), zone: zone.clone() };
        let mut topics = args.words.clone();
        let text = topics.pop().unwrap_or_default();
        if topics.is_empty() {
            return Err(usage("a search needs a topic and, last, a query: kscope search TOPIC QUERY"));
        }
        let position = |option: &str, text: &Option<String>| {
            text.as_deref().map(|text| parse_position(text).map_err(|error| words::pointed(option, text, &error))).transpose()
        };
        let (from, until) = (position("--from", &args.from)?, position("--until", &args.until)?);
        let query = parse(&text).map_err(|error| words::pointed("query", &text, &error))?;
        let tallies = tallies(&query, args, &context)?;
        let limit = query.limit().filter(|_| tallies.is_none());
        let filter = Arc::new(if args.undecodable { undecodable(&query, &context)? } else { Filter::compile(&query, &context) });
        let format = args.format.as_deref().map(Format::parse).transpose().map_err(|error| usage(&format!("--format: {error}")))?;
        if format.is_some() && !matches!(common.output, Output::Table | Output::Ndjson) {
            return Err(usage("--format says how records are printed: leave out --output"));
        }
        let partitions = reading::partitions(&args.partitions)?;
        let said = Said { from: from.is_some(), until: until.is_some(), partitions: !partitions.is_empty() };
        let timed = matches!(until, Some(Position::Time(_))) || filter.bounds().until_ms.is_some();
        let unbounded = Plan {
            topic: TopicName::new(""),
            topic_id: TopicId::default(),
            from: from.unwrap_or(Position::Earliest),
            until: Some(until.unwrap_or(Position::Now)),
            partitions: (!partitions.is_empty()).then_some(partitions),
            isolation: args.isolation.into(),
            filter: Some(Arc::clone(&filter)),
            newest: None,
            keep: usize::MAX,
        };
        let topics = reading::topics(topics);
        let plan = |topic: TopicName| {
            let plan = Plan { topic, ..unbounded.clone() };
            narrow(plan, filter.bounds(), said, context.now, &text).map_err(|error| words::pointed("query", &text, &error))
        };
        let plans = topics.into_iter().map(plan).collect::<Result<Vec<Plan>, Failure>>()?;
        let size = |option: &str, text: &Option<String>| {
            text.as_deref().map(|text| when::size(text).map_err(|why| usage(&format!("{option}: {why}")))).transpose()
        };
        let allowance = common.cluster.allowance;
        let selection = Select::of(&query).map(|select| Selection { select, now: context.now, zone: zone.clone() });
        let (output, terminal, color) = (common.output, common.terminal, common.colored());
        let style = Style { output, format, terminal, color, several: plans.len() > 1, zone, selection };
        Ok(Self {
            by_key: !args.all_partitions && unbounded.partitions.is_none(),
            rate: size("--max-rate", &args.max_rate)?.or(allowance.rate),
            bytes: size("--max-bytes", &args.max_bytes)?.or(allowance.bytes),
            backwards: args.newest_first,
            count: args.count.into_iter().chain(limit).min(),
            explain: args.explain,
            undecodable: args.undecodable,
            exit_code: args.exit_code,
            common,
            plans,
            unbounded,
            filter,
            style,
            context,
            timed,
            tallies,
        })
    }

    /// Runs to the end on a runtime of its own; returns the exit code.
    pub fn run(self) -> u8 {
        let json = self.common.json();
        reading::on_runtime(|work| self.read(work), |failure| Exit::failed(failure, json).print())
    }

    async fn read(mut self, work: Work) -> Result<u8, Failure> {
        let quiet = self.common.quiet;
        if let (Some(from), false) = (&self.common.cluster.from, quiet) {
            words::say(from);
        }
        let failed = |error: std::io::Error| Failure::new("write the records", Cause::File(Foreign::new(error.to_string())));
        let client = Client::new(self.common.cluster.settings());
        let placed = self.place_key(&client, &work).await?;
        if self.explain {
            words::say_all(&explain::plan(self.reading(), &self.plans, &placed));
        }
        let style = if self.tallies.is_some() { Style { output: Output::Ndjson, ..self.style.clone() } } else { self.style.clone() };
        let printer = Printer::start(&style).map_err(failed)?;
        let shared = Shared::new(self.count);
        reading::watch_stdout(Arc::clone(&shared)).map_err(failed)?;
        let seen = Seen::new(self.plans.len(), !quiet);
        let mut lanes = Vec::with_capacity(self.plans.len());
        let mut readers = Readers::new();
        for (index, plan) in self.plans.iter().enumerate() {
            let (lane, buffers) = mpsc::channel(2);
            lanes.push(Lane::new(buffers));
            let sink = Gather { index, topic: plan.topic.clone(), lane, shared: Arc::clone(&shared), seen: seen.clone(), quiet };
            let (client, work, plan, options) = (client.clone(), work.clone(), plan.clone(), self.options(&plan.topic));
            // Nobody steers: the lane is closed at once.
            let nobody_steers = mpsc::unbounded_channel().1;
            readers.spawn(async move { (plan.topic.clone(), scan::read(client, work, plan, options, nobody_steers, sink).await) });
        }
        let merging = tokio::spawn(merge::merge(lanes, self.backwards, Arc::clone(&shared), printer.lane(), seen.clone()));
        let ended = reading::wait(&mut readers, &shared, &client).await;
        // What was read is handed on, unless nobody wants it any more.
        if !matches!(ended, Ok(Over::Read { .. })) {
            readers.shutdown().await;
        }
        let _merged = merging.await;
        let written = match ended {
            Ok(Over::Signal(_)) => tokio::time::timeout(LAST_WORDS, printer.finish()).await.unwrap_or(Ok(())),
            _ => printer.finish().await,
        };
        self.close(ended, written.map_err(failed), &seen, &shared)
    }

    fn reading(&self) -> explain::Reading<'_> {
        explain::Reading {
            filter: Some(&self.filter),
            unbounded: &self.unbounded,
            backwards: self.backwards,
            rate: self.rate,
            bytes: self.bytes,
        }
    }

    /// Prints the table of all that was counted. Where something went wrong there is none: a count of a part looks like one of all.
    fn table(&self, summary: &Summary) -> Result<(), Failure> {
        let Some(tallies) = &self.tallies else { return Ok(()) };
        if summary.ended == "error" {
            if summary.scanned > 0 {
                words::say("no table: it would be one of a part of the records");
            }
            return Ok(());
        }
        let failed = |error: std::io::Error| Failure::new("write the table", Cause::File(Foreign::new(error.to_string())));
        if matches!(summary.ended, "cancelled" | "bytes") {
            words::say(&format!("the table is one of {} records, and there are more", units::thousands(summary.scanned)));
        }
        let mut all = Tally::new(tallies.stages());
        tallies.collect(&mut all);
        let table = all.table(tallies.stages());
        rows::write(&table::encoded(&table, self.common.output, self.common.terminal, &self.style.zone)).map_err(failed)?;
        if !self.common.quiet {
            for note in table::notes(&table) {
                words::say(&note);
            }
        }
        Ok(())
    }

    /// Says how far was looked, and why no further.
    fn close(&self, ended: Result<Over, Failure>, written: Result<(), Failure>, seen: &Seen, shared: &Shared) -> Result<u8, Failure> {
        let end = End { over: ended.as_ref().ok().copied(), gone: shared.gone(), timed: self.timed, enough: shared.is_enough() };
        let summary = Summary::of(seen, end);
        let written = written.and_then(|()| self.table(&summary));
        if self.explain {
            let Summary { scanned, spared, asked, log, .. } = summary;
            words::say_all(&explain::spared(Figures { scanned, spared, asked, log }));
        }
        let topics: Vec<&TopicName> = self.plans.iter().map(|plan| &plan.topic).collect();
        words::say_all(&closing::missing(&summary, &topics));
        if !self.common.quiet {
            words::say_all(&closing::notes(&summary, &topics, &self.filter, self.undecodable));
        }
        summary.say(self.common.quiet);
        let over = match ended {
            Ok(over) => over,
            // Some of it was read and handed on.
            Err(failure) if summary.scanned > 0 => {
                Exit::failed(&failure, self.common.json()).print();
                return Ok(7);
            }
            Err(failure) => return Err(failure),
        };
        written?;
        Ok(match over {
            Over::Signal(code) => code,
            _ if shared.gone() => 5,
            _ if self.exit_code && summary.matched == 0 => 8,
            _ => 0,
        })
    }

    /// Leaves out the partitions that records of the query's key cannot lie in. What was found out about each topic.
    async fn place_key(&mut self, client: &Client, work: &Work) -> Result<Vec<Option<Placing>>, Failure> {
        let Some(key) = self.filter.bounds().key.clone().filter(|_| self.by_key) else { return Ok(vec![None; self.plans.len()]) };
        let mut all = Vec::with_capacity(self.plans.len());
        for plan in &mut self.plans {
            if plan.partitions.is_some() {
                all.push(None);
                continue;
            }
            let placing = match scan::placing(client, work, &plan.topic, &self.context).await {
                Ok(placing) => placing,
                Err(failure) => return Err(reading::explain(failure, &plan.topic, client).await),
            };
            if let Some(partition) = placing.of(&key) {
                plan.partitions = Some(vec![partition]);
                if !self.common.quiet {
                    let (topic, words) = (plan.topic.raw(), placing.words());
                    words::say(&format!("{topic}: only partition {} is read, as {words}; --all-partitions reads all", partition.0));
                }
            }
            all.push(Some(placing));
        }
        Ok(all)
    }

    fn options(&self, topic: &TopicName) -> Options {
        let Cluster { limits, .. } = &self.common.cluster;
        let topics = u64::try_from(self.plans.len()).unwrap_or(u64::MAX).max(1);
        let share = |all: Option<u64>| all.map(|all| all.checked_div(topics).unwrap_or(all).max(1));
        let shape = self.tallies.clone().map_or_else(|| Shape::Lines(self.style.encoder(topic)), Shape::Tally);
        Options {
            largest: limits.record_alone,
            backwards: self.backwards,
            pace: share(self.rate),
            budget: share(self.bytes),
            ..Options::headless(shape, self.context.clone())
        }
    }
}

/// A filter of what the query cannot read.
fn undecodable(query: &Query, context: &Context) -> Result<Filter, Failure> {
    if query.stages.iter().any(crate::query::Stage::makes_table) {
        return Err(usage("--undecodable lists records, and the query makes a table"));
    }
    let json = |operand: &Operand| matches!(operand, Operand::Path(_) | Operand::KeyPath(_) | Operand::HeaderPath(..));
    if !query.expr.as_ref().is_some_and(|expr| operands(expr).into_iter().any(json)) {
        return Err(usage("--undecodable needs a query that asks into JSON").hint("for example exists .field, or key.id == 7"));
    }
    Ok(Filter::undecodable(query, context))
}

/// What counts when the query makes a table; records alone can be limited, turned round and formatted.
fn tallies(query: &Query, args: &SearchArgs, context: &Context) -> Result<Option<Tallies>, Failure> {
    let tallies = Stages::compile(query, context).map(Tallies::new);
    if query.select().is_some() && args.format.is_some() {
        return Err(usage("select and --format both say what is printed of a record").hint("leave one of them out"));
    }
    if tallies.is_some() && (args.count.is_some() || args.newest_first || args.format.is_some()) {
        let why = "-n, --newest-first and --format are about records, and the query makes a table";
        return Err(usage(why).hint("| top 10 or | limit 10 takes some of its rows"));
    }
    Ok(tallies)
}

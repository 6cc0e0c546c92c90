//! `kscope produce`: records to a topic, from arguments, standard input, a template or NDJSON; a row for each that was appended.
//!
//! The two steps of a change are those of the screens: the line of the audit log first, and only with its receipt the permit.

mod rows;
mod wanted;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use clap::{Args, ValueEnum};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::words::{self, Exit};
use super::writing::Common;
use super::{Output, confirm};
use crate::core::guard::{self, Intent, Level};
use crate::core::produce::{self, Acks, Manner, Partitioner, Report, Safety, Target};
use crate::io::audit;
use crate::io::kafka::Client;
use crate::io::produce::{Told, feed::Feed, look, send_fed};
use crate::model::{Cause, Codec, Failure, Foreign, PartitionId, TopicName};
use crate::text::units::{counted, size, wide};
use rows::Rows;
use wanted::Input;

const WHAT: &str = "send the records";

/// Arguments of `produce`.
#[derive(Debug, Args)]
pub(super) struct ProduceArgs {
    /// The topic; it has to exist
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// The key; without it the key is null
    #[arg(short, long, value_name = "KEY", allow_hyphen_values = true, conflicts_with = "ndjson")]
    key: Option<String>,
    /// The value; without it standard input, up to its last line break
    #[arg(short, long, value_name = "VALUE", allow_hyphen_values = true, conflicts_with_all = ["ndjson", "null_value"])]
    value: Option<String>,
    /// The value is null: a tombstone
    #[arg(long, conflicts_with = "ndjson")]
    null_value: bool,
    /// A header, may be repeated; without = its value is null
    #[arg(short = 'H', long = "header", value_name = "K=V", allow_hyphen_values = true, conflicts_with = "ndjson")]
    headers: Vec<String>,
    /// To this partition
    #[arg(short, long, value_name = "N", conflicts_with_all = ["keep_partition", "partitioner"])]
    partition: Option<u32>,
    /// How a key becomes a partition: as the Java client, librdkafka, Sarama, or not at all
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    partitioner: PartitionerArg,
    /// The time of the record in milliseconds since the epoch; without it the time of sending
    #[arg(long, value_name = "MS", allow_negative_numbers = true, conflicts_with = "ndjson")]
    timestamp: Option<i64>,
    /// Standard input is NDJSON as `kscope tail -o ndjson` writes it: every record is made again, with its time
    #[arg(long)]
    ndjson: bool,
    /// With --ndjson: each record to the partition of the same number
    #[arg(long, requires = "ndjson")]
    keep_partition: bool,
    /// With --ndjson: records of aborted and open transactions too
    #[arg(long, requires = "ndjson")]
    include_aborted: bool,
    /// Key, value and headers have places that are filled anew for each record: {{uuid}} {{now}} {{nowMs}} {{seq}} {{int 1 99}} {{dec 1 9 2}} {{pick A B}} {{env X}}
    #[arg(long, conflicts_with = "ndjson")]
    template: bool,
    /// So many records
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "ndjson")]
    count: u64,
    /// Records a second, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Who has to have a record: all replicas in sync, the leader alone, nobody
    #[arg(long, value_enum, default_value_t, value_name = "WHO")]
    acks: AcksArg,
    /// How batches are compressed
    #[arg(long, value_enum, default_value_t, value_name = "CODEC")]
    compression: CodecArg,
    /// Say what would be sent where, and send nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum PartitionerArg {
    #[default]
    Murmur2,
    Crc32,
    Fnv1a,
    Sticky,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum AcksArg {
    #[default]
    All,
    #[value(name = "1")]
    Leader,
    #[value(name = "0")]
    None,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum CodecArg {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// The command, checked.
#[derive(Debug)]
pub struct Produce {
    common: Common,
    topic: TopicName,
    manner: Manner,
    input: Input,
    partition: Option<PartitionId>,
    dry_run: bool,
}

impl Produce {
    pub(super) fn new(common: Common, args: ProduceArgs, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let input = Input::of(&args, variable)?;
        let partition = args.partition.map(|n| i32::try_from(n).map(PartitionId)).transpose();
        let partition = partition.map_err(|_too_large| usage("--partition: a partition is a number up to 2147483647".to_owned()))?;
        let manner =
            Manner { acks: args.acks.into(), codec: args.compression.into(), partitioner: args.partitioner.into(), rate: args.rate };
        Ok(Self { common, topic: TopicName::new(args.topic), manner, input, partition, dry_run: args.dry_run })
    }

    /// Runs to the end on a runtime of its own; returns the exit code. `state`: the folder for what is kept between runs.
    pub fn run(self, state: Option<&Path>) -> u8 {
        let json = matches!(self.common.output, Output::Json | Output::Ndjson);
        let started = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = match started {
            Ok(runtime) => runtime,
            Err(error) => return Exit::failed(&Failure::new("start", Cause::File(Foreign::new(error.to_string()))), json).print(),
        };
        if let (Some(from), false) = (&self.common.cluster.from, self.common.quiet) {
            words::say(from);
        }
        let code = runtime.block_on(self.send(state, json));
        runtime.shutdown_background();
        code.unwrap_or_else(|failure| Exit::failed(&failure, json).print())
    }

    async fn send(self, state: Option<&Path>, json: bool) -> Result<u8, Failure> {
        if let (Some(why), false) = (self.common.context.rules.read_only(), self.dry_run) {
            // Before anything is asked: who may not change anything need not wait to hear it.
            return Err(Failure::new(WHAT, Cause::Refused(why.sentence())).hint(why.hint()));
        }
        let client = Client::new(self.common.cluster.settings());
        let target = look(&client, &self.topic).await?;
        let count = self.input.count();
        if self.dry_run {
            let feed = self.input.feed(self.partition, self.manner.rate.is_some(), self.common.quiet);
            return self.rehearse(&target, feed).await;
        }
        if produce::level(count, &self.common.context.rules) == Level::Name {
            confirm::by_name(self.common.write, WHAT, ("topic", self.topic.raw()))?;
        }
        let intent = Intent { context: self.common.context.name.clone(), ..produce::intent(&target, self.manner, count) };
        if let Some(failure) = guard::refusal(&self.common.context, None, Some(&intent)) {
            return Err(failure);
        }
        let many = count.is_none_or(|count| count > 1);
        let feed = self.input.feed(self.partition, self.manner.rate.is_some(), self.common.quiet);
        if let (Some(record), false) = (self.input.only(self.partition), self.common.quiet) {
            for caution in target.cautions(&record) {
                words::say(caution.sentence());
            }
        }
        let (stop, code) = interrupted()?;
        let receipt = audit::intent(state, &intent)?;
        let permit = guard::allow(&self.common.context, &intent, receipt)?;
        let rows = std::cell::RefCell::new(Rows::new(&self.topic, self.common.output, self.common.terminal));
        let said = std::cell::Cell::new(false);
        let tell = |told| {
            match told {
                Told::Sent(sent) => rows.borrow_mut().print(&sent),
                Told::Plain(why) => {
                    said.set(true);
                    say_plain(&why);
                }
                Told::Progress(_) => {}
            }
            std::future::ready(())
        };
        let report = send_fed((&client, state), permit, (target, self.manner), (feed, many), stop, tell).await;
        let written = rows.into_inner().finish();
        if let (Safety::Plain(why), false) = (&report.safety, said.get()) {
            say_plain(why);
        }
        self.say_what_was(&report, json);
        written.map_err(|error| Failure::new("write the rows", Cause::File(Foreign::new(error.to_string()))))?;
        Ok(match (report.exit_code(), code.load(Ordering::Relaxed)) {
            (0, _) if report.unlogged.is_some() => 7,
            (130, signal @ 1..) => signal,
            (code, _) => code,
        })
    }

    /// Behind the rows.
    fn say_what_was(&self, report: &Report, json: bool) {
        if let Some(why) = &report.unlogged {
            words::say(&format!("the audit log holds the intent and not the outcome: {}", why.raw()));
        }
        if let Some(failure) = &report.failure {
            Exit::failed(failure, json).print();
        }
        let name = if matches!(self.input, Input::Lines(_)) { "line" } else { "record" };
        if let Some(missing) = rows::missing(report, name) {
            words::say(&missing);
        }
        if self.common.quiet {
            return;
        }
        words::say(&report.sentence());
        if report.read_back > 0 {
            words::say(&format!("{} looked for in the log, because no answer came", counted(report.read_back, "record")));
        }
    }

    /// What would be sent where.
    async fn rehearse(&self, target: &Target, mut feed: Feed) -> Result<u8, Failure> {
        let mut rows = Rows::new(&self.topic, self.common.output, self.common.terminal);
        let (mut places, mut records, mut bytes) = (BTreeMap::<Option<PartitionId>, u64>::new(), 0_u64, 0_usize);
        let mut cautions = Vec::new();
        let known = |partition: PartitionId| target.topic.partition(partition).is_some();
        while let Some(block) = feed.recv().await {
            for fed in block?.iter() {
                let (n, record) = (fed.n, fed.to_record());
                let place = target.place(&record, self.manner.partitioner);
                if let Some(partition) = place.filter(|&partition| !known(partition)) {
                    let words = format!("partition {} of topic {} (record {})", partition.0, self.topic.raw(), n.saturating_add(1));
                    return Err(Failure::new(WHAT, Cause::NotFound(Foreign::new(words))));
                }
                *places.entry(place).or_default() += 1;
                records += 1;
                bytes = bytes.saturating_add(record.size());
                cautions.extend(target.cautions(&record).into_iter().filter(|caution| !cautions.contains(caution)).collect::<Vec<_>>());
                rows.would_be(place, record.timestamp_ms);
            }
        }
        rows.finish().map_err(|error| Failure::new("write the rows", Cause::File(Foreign::new(error.to_string()))))?;
        if !self.common.quiet {
            let places = places.iter().map(|(place, count)| match place {
                Some(partition) => format!("{count} to partition {}", partition.0),
                None => format!("{count} to any"),
            });
            words::say(&format!("{}, {}: {}", counted(records, "record"), size(wide(bytes)), places.collect::<Vec<_>>().join(", ")));
            for caution in cautions {
                words::say(caution.sentence());
            }
            words::say("nothing was sent");
        }
        Ok(0)
    }
}

/// No word of ours is left out that says how safe it was.
fn say_plain(why: &Foreign) {
    words::say(&format!("sent without idempotence, so that nothing is sent again without looking: {}", why.raw()));
}

/// Comes with the first signal that ends a program, and the exit code that goes with it.
fn interrupted() -> Result<(impl Future<Output = ()> + Send + 'static, Arc<AtomicU8>), Failure> {
    let listen = |kind: SignalKind| signal(kind).map_err(|error| Failure::new("start", Cause::File(Foreign::new(error.to_string()))));
    let (mut interrupt, mut terminate, mut hangup): (Signal, Signal, Signal) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
    let code = Arc::new(AtomicU8::new(0));
    let told = Arc::clone(&code);
    let stop = async move {
        let signal = tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
            _ = hangup.recv() => 129,
        };
        told.store(signal, Ordering::Relaxed);
    };
    Ok((stop, code))
}

fn usage(text: String) -> Failure {
    Failure::new("read the arguments", Cause::Usage(Foreign::new(text)))
}

impl From<PartitionerArg> for Partitioner {
    fn from(arg: PartitionerArg) -> Self {
        match arg {
            PartitionerArg::Murmur2 => Self::Murmur2,
            PartitionerArg::Crc32 => Self::Crc32,
            PartitionerArg::Fnv1a => Self::Fnv1a,
            PartitionerArg::Sticky => Self::Sticky,
        }
    }
}

impl From<AcksArg> for Acks {
    fn from(arg: AcksArg) -> Self {
        match arg {
            AcksArg::All => Self::All,
            AcksArg::Leader => Self::Leader,
            AcksArg::None => Self::None,
        }
    }
}

impl From<CodecArg> for Codec {
    fn from(arg: CodecArg) -> Self {
        match arg {
            CodecArg::None => Self::None,
            CodecArg::Gzip => Self::Gzip,
            CodecArg::Snappy => Self::Snappy,
            CodecArg::Lz4 => Self::Lz4,
            CodecArg::Zstd => Self::Zstd,
        }
    }
}

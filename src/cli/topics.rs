//! `kscope topics` and `kscope topic describe`: the list and the detail screen for scripts.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::{Args, Subcommand};
use regex::Regex;

use super::rows::{self, Field, Row, maybe};
use super::shape;
use super::words::{self, Exit};
use super::{Cluster, Output};
use crate::core::ask::{Answer, Which};
use crate::core::figures::{Figures, TopicFigures};
use crate::core::listing;
use crate::io::figures;
use crate::io::kafka::{Client, PartitionError, Wanted};
use crate::model::{
    BrokerId, Cause, ClusterRights, ClusterView, Failure, Foreign, Known, Move, Partition, Setting, Source, Time, Topic, TopicName,
};
use crate::text::{Shown, row};

const WHAT: &str = "list the topics";

/// Arguments of `topics`.
#[derive(Debug, Args)]
pub(super) struct TopicsArgs {
    /// Only topics whose name matches; ! in front inverts
    #[arg(short, long, value_name = "REGEX")]
    filter: Option<String>,
    /// Internal topics too
    #[arg(long)]
    internal: bool,
}

/// Arguments of `topic`.
#[derive(Debug, Args)]
pub(super) struct TopicArgs {
    #[command(subcommand)]
    command: TopicCommand,
}

#[derive(Debug, Subcommand)]
enum TopicCommand {
    /// Partitions, offsets, sizes and settings of a topic
    Describe {
        /// Its name
        topic: String,
    },
    /// The fields of its records: types, how often, examples, since when; from a sample, or from all
    Shape {
        /// Its name
        topic: String,
        /// Read all records, not a sample
        #[arg(long)]
        whole: bool,
    },
}

/// What every one of these commands has.
#[derive(Debug)]
pub(super) struct Common {
    pub cluster: Cluster,
    pub output: Output,
    pub terminal: bool,
    pub quiet: bool,
}

impl Common {
    /// Runs a command to its end on a runtime of its own; returns the exit code.
    pub(super) fn run(&self, command: impl AsyncFnOnce(Client) -> Result<u8, Failure>) -> u8 {
        let json = matches!(self.output, Output::Json | Output::Ndjson);
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return Exit::failed(&Failure::new("start", Cause::File(Foreign::new(error.to_string()))), json).print(),
        };
        if let Some(from) = &self.cluster.from {
            self.say(from);
        }
        let code = runtime.block_on(Box::pin(command(Client::new(self.cluster.settings()))));
        // Whatever still waits for a broker is not waited for.
        runtime.shutdown_background();
        code.unwrap_or_else(|failure| Exit::failed(&failure, json).print())
    }

    /// Words that are no errors.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            words::say(text);
        }
    }
}

/// Names that are listed: those that match a regular expression, or with `!` in front all others.
#[derive(Debug)]
pub(super) struct NameFilter {
    regex: Regex,
    wanted: bool,
}

impl NameFilter {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let (pattern, wanted) = text.strip_prefix('!').map_or((text, true), |rest| (rest, false));
        let bad = |error: regex::Error| {
            let last = error.to_string().lines().last().unwrap_or_default().to_owned();
            Failure::new("read the arguments", Cause::Usage(Foreign::new(format!("'{pattern}' is no regular expression: {last}"))))
        };
        Regex::new(pattern).map(|regex| Self { regex, wanted }).map_err(bad)
    }

    pub(super) fn passes(&self, name: &str) -> bool {
        self.regex.is_match(name) == self.wanted
    }
}

/// A command, checked.
#[derive(Debug)]
pub struct Topics {
    common: Common,
    wanted: What,
}

#[derive(Debug)]
enum What {
    List { filter: Option<NameFilter>, internal: bool },
    Describe(TopicName),
    Shape { topic: TopicName, whole: bool },
}

impl Topics {
    pub(super) fn list(common: Common, args: &TopicsArgs) -> Result<Self, Failure> {
        let filter = args.filter.as_deref().map(NameFilter::parse).transpose()?;
        Ok(Self { common, wanted: What::List { filter, internal: args.internal } })
    }

    pub(super) fn describe(common: Common, args: TopicArgs) -> Self {
        let wanted = match args.command {
            TopicCommand::Describe { topic } => What::Describe(TopicName::new(topic)),
            TopicCommand::Shape { topic, whole } => What::Shape { topic: TopicName::new(topic), whole },
        };
        Self { common, wanted }
    }

    /// Runs to the end on a runtime of its own; returns the exit code.
    pub fn run(self) -> u8 {
        self.common.run(async |client| match &self.wanted {
            What::List { filter, internal } => self.run_list(&client, filter.as_ref(), *internal).await,
            What::Describe(topic) => self.run_describe(&client, topic).await,
            What::Shape { topic, whole } => {
                let form = shape::Form { output: self.common.output, terminal: self.common.terminal, quiet: self.common.quiet };
                shape::run(&client, topic, *whole, form).await
            }
        })
    }

    async fn run_list(&self, client: &Client, filter: Option<&NameFilter>, internal: bool) -> Result<u8, Failure> {
        let view = client.cluster(WHAT, Wanted::All).await?;
        let passes = |topic: &Arc<Topic>| (internal || !topic.internal) && filter.is_none_or(|filter| filter.passes(topic.name.raw()));
        let listed: Vec<Arc<Topic>> = view.topics.iter().filter(|topic| passes(topic)).cloned().collect();
        let figures = measure(client, &view, &listed, &[Which::Start, Which::End]).await;
        let rows: Vec<Row> = listed.iter().map(|topic| listing::topic(topic, figures.of(topic))).collect();
        rows::print(&rows, self.common.output, self.common.terminal).map_err(|error| unwritten(&error))?;
        let without = |wanted: &str| row::unknown(&rows, wanted);
        for name in ["offsets", "sizeBytes"] {
            let unknown = without(name);
            if unknown > 0 && !self.common.quiet {
                words::say(&format!("{name} is unknown for {unknown} of {} topics: {}", rows.len(), reasons(&figures, &listed, name)));
            }
        }
        if client.rights().await.is_some_and(ClusterRights::are_limited) {
            self.common.say(PARTIAL);
        } else if view.topics.is_empty() {
            self.common.say("no topic is there, or none that you may DESCRIBE");
        }
        // Partly done: where a partition begins or ends could not be had. (Sizes need a right that few have.)
        Ok(if without("offsets") > 0 { 7 } else { 0 })
    }

    async fn run_describe(&self, client: &Client, name: &TopicName) -> Result<u8, Failure> {
        let what = "describe the topic";
        let view = client.cluster(what, Wanted::Named(std::slice::from_ref(name))).await?;
        // Says by itself why a topic is not there.
        let topic = client.topic(what, name).await?;
        let listed = [Arc::clone(&topic)];
        let names = [name.clone()];
        let (figures, settings, moves) = tokio::join!(
            measure(client, &view, &listed, &[Which::Start, Which::End, Which::Stable]),
            client.configs(what, &names, None),
            client.moves(what, &topic, view.controller),
        );
        let settings = settings?.into_iter().next().map_or(Err(PartitionError::NoLeader), |(_, found)| found);
        let known = settings.as_ref().ok();
        if let (Err(error), false) = (&settings, self.common.quiet) {
            words::say(&format!("the settings are unknown: {}", error.sentence()));
        }
        let (groups, all_told) = match super::groups::describe::of_topic(client, &topic).await {
            Ok((groups, partial)) => (Some(groups), !partial),
            Err(failure) => {
                self.common.say(&format!("the groups are unknown: {}", failure.sentence()));
                (None, false)
            }
        };
        if let Err(error) = &moves {
            self.common.say(&format!("which replicas are moving is unknown: {}", error.sentence()));
        }
        let moves = moves.ok();
        if figures.of(&topic).is_none_or(|figures| !matches!(figures.bytes(&topic), Known::Is(_))) {
            self.common.say(&format!("sizeBytes is unknown: {}", reasons(&figures, &listed, "sizeBytes")));
        }
        let figures = figures.of(&topic);
        if self.common.output == Output::Table {
            let words = in_words(&topic, figures, known, moves.as_deref(), groups.as_deref());
            rows::write(words.as_bytes()).map_err(|error| unwritten(&error))?;
        } else {
            let row = describe_row(&topic, figures, known, moves.as_deref(), groups);
            rows::print_object(&row, self.common.terminal).map_err(|error| unwritten(&error))?;
        }
        let complete = all_told
            && known.is_some()
            && topic.partitions.iter().all(|p| figures.and_then(|f| f.of(p.id)).is_some_and(|f| f.end.is().is_some()));
        Ok(if complete { 0 } else { 7 })
    }
}

/// That an ACL may keep topics or groups from a list.
pub(super) const PARTIAL: &str = "this user has not every right on the cluster: what it may not DESCRIBE is not listed";

/// Why a figure is unknown, each reason once.
fn reasons(figures: &Figures, listed: &[Arc<Topic>], name: &str) -> String {
    let why = |topic: &Arc<Topic>| {
        let of = figures.of(topic)?;
        let figure = if name == "offsets" { of.offsets(topic) } else { of.bytes(topic) };
        match figure {
            Known::Unknown(why) => Some(crate::text::setting::why(&why)),
            _ => None,
        }
    };
    let all: std::collections::BTreeSet<String> = listed.iter().filter_map(why).collect();
    if all.is_empty() { "no broker told it".to_owned() } else { all.into_iter().collect::<Vec<_>>().join("; ") }
}

pub(super) fn unwritten(error: &std::io::Error) -> Failure {
    Failure::new("write the answer", Cause::File(Foreign::new(error.to_string())))
}

/// Asks for positions and sizes of topics, everything once.
async fn measure(client: &Client, view: &ClusterView, topics: &[Arc<Topic>], which: &[Which]) -> Figures {
    let figures = std::sync::Mutex::new(Figures::default());
    let now = Time(jiff::Timestamp::now().as_microsecond());
    let take = |answer: Answer| {
        figures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take(&answer, view, now);
        std::future::ready(())
    };
    for &which in which {
        figures::positions(client, which, topics, take).await;
    }
    figures::sizes(client, topics, take).await;
    figures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn describe_row(
    topic: &Topic,
    figures: Option<&TopicFigures>,
    settings: Option<&Vec<Setting>>,
    moves: Option<&[Move]>,
    groups: Option<Vec<Row>>,
) -> Row {
    let ids = |ids: &[BrokerId]| Field::List(ids.iter().map(|id| id.0.into()).collect());
    let partitions = topic.partitions.iter().map(|partition| {
        let told = figures.and_then(|figures| figures.of(partition.id));
        let end = told.and_then(|told| told.end.is().copied());
        let held = told.and_then(|told| told.held.is().copied()).and_then(|held| i64::try_from(held).ok());
        let moving = |of: fn(&Move) -> &[BrokerId]| moves.map_or(Field::Null, |moves| ids(of_partition(moves, partition).map_or(&[], of)));
        Field::Object(vec![
            ("partition", partition.id.0.into()),
            ("leader", maybe(partition.leader.map(|leader| leader.0))),
            ("leaderEpoch", maybe(Some(partition.leader_epoch.0).filter(|&epoch| epoch >= 0))),
            ("replicas", ids(&partition.replicas)),
            ("isr", ids(&partition.isr)),
            ("offlineReplicas", ids(&partition.offline)),
            ("addingReplicas", moving(|moving| &moving.adding)),
            ("removingReplicas", moving(|moving| &moving.removing)),
            ("logStart", maybe(told.and_then(|told| told.start.is()).map(|offset| offset.0))),
            ("lastStable", maybe(end.zip(held).map(|(end, held)| end.0.saturating_sub(held)))),
            ("highWatermark", maybe(end.map(|end| end.0))),
            ("sizeBytes", maybe(told.and_then(|told| told.bytes.is().copied()))),
        ])
    });
    let config = |setting: &Setting| {
        Field::Object(vec![
            ("name", Field::Text(setting.name.raw().to_owned())),
            ("value", setting.value.as_ref().map_or(Field::Null, |value| Field::Text(value.raw().to_owned()))),
            ("source", Field::Text(setting.source.word().to_owned())),
            ("isDefault", Field::Bool(setting.source == Source::Default)),
            ("sensitive", Field::Bool(setting.sensitive)),
        ])
    };
    vec![
        ("name", Field::Text(topic.name.raw().to_owned())),
        ("id", listing::id(topic)),
        ("internal", Field::Bool(topic.internal)),
        ("partitions", Field::List(partitions.collect())),
        ("configs", settings.map_or(Field::Null, |settings| Field::List(settings.iter().map(config).collect()))),
        ("groups", groups.map_or(Field::Null, |groups| Field::List(groups.into_iter().map(Field::Object).collect()))),
    ]
}

/// What is moving of a partition now.
fn of_partition<'m>(moves: &'m [Move], partition: &Partition) -> Option<&'m Move> {
    moves.iter().find(|moving| moving.partition == partition.id)
}

/// For people: a line of facts, the partitions, the settings that were set here, and who reads it.
fn in_words(
    topic: &Topic,
    figures: Option<&TopicFigures>,
    settings: Option<&Vec<Setting>>,
    moves: Option<&[Move]>,
    groups: Option<&[Row]>,
) -> String {
    let mut out = format!("{}  id {}\n\n", Shown::of(topic.name.raw()), topic.id);
    out += "partition  leader  replicas      isr           start          end            size\n";
    let ids = |ids: &[BrokerId]| ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
    for partition in &topic.partitions {
        let told = figures.and_then(|figures| figures.of(partition.id));
        let shown = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
        let line = format!(
            "{:<9}  {:<6}  {:<12}  {:<12}  {:<13}  {:<13}  {}",
            partition.id.0,
            partition.leader.map_or("none".to_owned(), |leader| leader.0.to_string()),
            ids(&partition.replicas),
            ids(&partition.isr),
            shown(told.and_then(|told| told.start.is()).map(|offset| offset.0.to_string())),
            shown(told.and_then(|told| told.end.is()).map(|offset| offset.0.to_string())),
            shown(told.and_then(|told| told.bytes.is()).map(|&bytes| crate::text::units::size(bytes))),
        );
        out += line.trim_end();
        out.push('\n');
        if let Some(moving) = moves.and_then(|moves| of_partition(moves, partition)) {
            let named =
                |what: &str, brokers: &[BrokerId]| if brokers.is_empty() { String::new() } else { format!("  {what} {}", ids(brokers)) };
            let (come, go) = (named("adding", &moving.adding), named("removing", &moving.removing));
            // Writing to a string does not fail.
            let _written = writeln!(out, "           ▲ its replicas are moving:{come}{go}");
        }
    }
    out += "\nsettings of this topic:\n";
    let here = settings.into_iter().flatten().filter(|setting| setting.source == Source::Topic);
    let mut any = false;
    for setting in here {
        any = true;
        let value = setting.value.as_ref().map_or("(hidden)", |value| value.raw());
        let words = crate::text::setting::words(setting.name.raw(), value).map(|words| format!("  ({words})")).unwrap_or_default();
        // Writing to a string does not fail.
        let _written = writeln!(out, "  {} = {}{words}", Shown::of(setting.name.raw()), Shown::of(value));
    }
    if settings.is_none() {
        out += "  unknown\n";
    } else if !any {
        out += "  none: all are defaults\n";
    }
    out += "\ngroups with a commit or a member:\n";
    match groups {
        None => out += "  unknown\n",
        Some([]) => out += "  none\n",
        Some(groups) => rows::as_table(groups).lines().for_each(|line| {
            let _written = writeln!(out, "  {line}");
        }),
    }
    out
}

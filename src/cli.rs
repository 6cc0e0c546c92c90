//! The command line: arguments in, a [`Command`] out, and the headless commands.
//!
//! Headless commands are thin: they parse, call what the screens call, print. Data goes to stdout, words to stderr, and the
//! exit codes are a public interface. May use core's values, io, model, text, json, records, query, config, sandbox. To add a command: a variant of
//! `Sub` and of [`Command`], and a file under `cli/` with its arguments and its `run`.
#![expect(clippy::disallowed_methods, reason = "a headless command has no loop: it reads the clock itself")]

mod about;
pub mod bisect;
mod config;
pub mod configure;
mod confirm;
mod disturbed;
pub mod doctor;
mod explain;
mod format;
pub mod group;
pub mod groups;
mod print;
pub mod produce;
mod reading;
mod rows;
pub mod sandbox;
pub mod search;
mod select;
mod shape;
mod signals;
pub mod tail;
mod target;
pub mod topics;
mod words;
mod writing;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::config::{Config, Limits};
use crate::core::context::Context;
use crate::core::stream::Allowance;
use crate::io::kafka::{Address, Security, Settings};
use crate::model::{Cause, Failure, Foreign};

pub use words::Exit;

/// What was asked for.
#[derive(Debug)]
pub enum Command {
    /// The terminal UI.
    Ui(Box<Ui>),
    /// Print records.
    Tail(Box<tail::Tail>),
    /// Find records in history.
    Search(Box<search::Search>),
    /// Send records.
    Produce(Box<produce::Produce>),
    /// The cluster in this process.
    Sandbox(Box<sandbox::Sandbox>),
    /// Print topics, or one of them.
    Topics(Box<topics::Topics>),
    /// Where a query turns true.
    Bisect(Box<bisect::Bisect>),
    /// About one group: print it, or change it.
    Group(Box<group::Group>),
    /// Print groups, their lag, or the record that one reads next.
    Groups(Box<groups::Groups>),
    /// Look at the way to a cluster, step by step.
    Doctor(Box<doctor::Doctor>),
    /// Print these words: the answer is known already.
    Print(Exit),
}

/// How the UI is to be opened.
#[derive(Debug)]
pub struct Ui {
    pub cluster: Cluster,
    /// What holds for it.
    pub context: Context,
    /// All that can be gone to while it runs, the cluster it opens with among them.
    pub targets: Vec<(Cluster, Context)>,
    pub config: Config,
    /// `--color`, over the configuration's.
    pub color: Option<Color>,
    /// What to say at the start.
    pub warnings: Vec<String>,
    /// What holds for every cluster, whichever is gone to.
    always: target::Always,
    /// Options say something besides the context that is opened.
    overridden: bool,
}

/// Which cluster, and how patient to be with it.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Empty only when `security` says what is wrong.
    pub bootstrap: Vec<Address>,
    /// TLS and SASL.
    pub security: Security,
    /// How brokers' logs and quotas name us, when it was said.
    pub client_id: Option<String>,
    /// Where it comes from, as a sentence to be said, when it was not named now.
    pub from: Option<String>,
    pub timeout: Option<Duration>,
    pub limits: Limits,
    /// How much looking through history may ask of it: less in a context with a guard.
    pub allowance: Allowance,
}

impl Cluster {
    /// For [`crate::io::kafka::Client::new`].
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.bootstrap.clone());
        settings.fetch_cap = self.limits.record_alone;
        (settings.pace, settings.budget) = (self.allowance.rate, self.allowance.bytes);
        settings.security = self.security.clone();
        if let Some(id) = &self.client_id {
            settings.client_id = id.as_str().into();
        }
        if let Some(timeout) = self.timeout {
            settings.request = timeout;
            settings.connect = settings.connect.min(timeout);
            settings.retry = timeout;
        }
        settings
    }
}

/// Form of data on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines for people
    Table,
    /// One JSON array
    Json,
    /// One JSON object per line
    Ndjson,
    /// Comma-separated values with a header line
    Csv,
}

/// Whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Never,
    Always,
}

#[derive(Debug, Parser)]
#[command(
    name = "kscope",
    version,
    about = "A terminal UI for Apache Kafka: topics, live messages, filters",
    after_help = "Without a command the UI opens: kscope localhost:9092",
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    /// The cluster: a context of config.toml, or where it is
    #[arg(value_name = "CONTEXT or HOST:PORT[,…]")]
    cluster: Option<String>,
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Sub>,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Common {
    /// The cluster, as a context of config.toml
    #[arg(short, long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// Where the cluster is
    #[arg(short, long, global = true, value_name = "HOST:PORT[,…]")]
    bootstrap: Option<String>,
    /// A file of a Java client or of librdkafka: where the cluster is, TLS, who we are
    #[arg(long, global = true, value_name = "FILE")]
    properties: Option<PathBuf>,
    /// One key of such a file, over all that was said of it elsewhere
    #[arg(short = 'X', global = true, value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Refuse whatever changes something on the cluster
    #[arg(long, global = true)]
    readonly: bool,
    /// Allow changes in a context that is read-only unless told otherwise
    #[arg(long, global = true, conflicts_with = "readonly")]
    write: bool,
    /// Form of the output: table on a terminal, ndjson when piped, unless said
    #[arg(short, long, global = true, value_enum, value_name = "FORM")]
    output: Option<Output>,
    /// Colours [default: auto]
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    color: Option<Color>,
    /// Bound of each question to the cluster [default: 10s]
    #[arg(long, global = true, value_name = "DURATION")]
    timeout: Option<String>,
    /// No words but errors on stderr
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Print records of topics: new ones as they come, or a stretch of history
    Tail(tail::TailArgs),
    /// Find records in the history of topics
    Search(search::SearchArgs),
    /// Send records to a topic: one, many from a template, or what tail printed
    Produce(produce::ProduceArgs),
    /// A cluster in this process, with data and live traffic, and the UI on it: to try kscope without Kafka
    Sandbox(sandbox::SandboxArgs),
    /// List topics with their partitions, offsets and sizes
    Topics(topics::TopicsArgs),
    /// About one topic
    Topic(topics::TopicArgs),
    /// The first record of each partition for which a query is true, found by halving
    Bisect(bisect::BisectArgs),
    /// About one group: print it; move, restore, copy or delete its commits
    Group(group::GroupArgs),
    /// List groups with their state, members and lag
    Groups(groups::GroupsArgs),
    /// How far groups are behind, partition by partition
    Lag(groups::LagArgs),
    /// Print the records around what a group has committed
    Peek(groups::PeekArgs),
    /// Look at the way to a cluster step by step, and say what to do about what is wrong
    Doctor(doctor::DoctorArgs),
    /// The configuration: where it is, what is wrong with it, what is in force
    #[command(subcommand)]
    Config(config::ConfigArgs),
    /// Print the script that completes commands and options in a shell
    Completion {
        #[arg(value_enum)]
        shell: about::Shell,
    },
    /// Print the manual page, or that of a command
    Man {
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
    /// Print the version, and which requests of Kafka's protocol are sent
    Version,
}

/// Reads the arguments, the program's name first. `variable` looks an environment variable up; `last` tells the context that
/// was open last.
///
/// # Errors
/// What to print before leaving, and the exit code: also for `--help` and `--version`.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    variable: &dyn Fn(&str) -> Option<String>,
    last: &dyn Fn() -> Option<String>,
) -> Result<Command, Exit> {
    let args: Vec<OsString> = args.into_iter().collect();
    let json = wants_json(&args);
    let cli = Cli::try_parse_from(args).map_err(|error| refused(&error, json))?;
    let usage = |failure: Failure| Exit::failed(&failure, json);
    let wanted = match cli.command {
        None => None,
        Some(Sub::Tail(args)) => Some(OnCluster::Tail(args)),
        Some(Sub::Search(args)) => Some(OnCluster::Search(args)),
        Some(Sub::Produce(args)) => Some(OnCluster::Produce(args)),
        Some(Sub::Topics(args)) => Some(OnCluster::Topics(args)),
        Some(Sub::Topic(args)) => Some(OnCluster::Topic(args)),
        Some(Sub::Bisect(args)) => Some(OnCluster::Bisect(args)),
        Some(Sub::Group(args)) => Some(OnCluster::Group(args)),
        Some(Sub::Groups(args)) => Some(OnCluster::Groups(args)),
        Some(Sub::Lag(args)) => Some(OnCluster::Lag(args)),
        Some(Sub::Peek(args)) => Some(OnCluster::Peek(args)),
        Some(Sub::Doctor(args)) => {
            let doctor = doctor::Doctor::new(&args, cli.cluster.as_deref(), &cli.common, variable, &commands());
            return Ok(Command::Doctor(Box::new(doctor.map_err(usage)?)));
        }
        Some(Sub::Config(args)) => return Ok(Command::Print(config::run(&args, &cli.common, variable, json))),
        Some(Sub::Completion { shell }) => return Ok(Command::Print(about::completion(shell, Cli::command()))),
        Some(Sub::Man { command }) => return Ok(Command::Print(about::man(command.as_deref(), Cli::command(), json))),
        Some(Sub::Version) => return Ok(Command::Print(about::version(json))),
        Some(Sub::Sandbox(args)) => {
            let named =
                cli.cluster.is_some() || cli.common.bootstrap.is_some() || cli.common.context.is_some() || cli.common.properties.is_some();
            let always = target::Always::of(&cli.common, variable).map_err(usage)?;
            let sandbox = sandbox::Sandbox::new(&args, &cli.common, always, named, json, config::load(variable));
            return Ok(Command::Sandbox(Box::new(sandbox.map_err(usage)?)));
        }
    };
    let config = config::load(variable).map_err(usage)?;
    // Only a person sees on the screen which cluster that is.
    let last = if wanted.is_none() { last() } else { None };
    let commands = commands();
    let known = target::Known { config: &config, variable, commands: &commands, last: last.as_deref() };
    let always = target::Always::of(&cli.common, variable).map_err(usage)?;
    let resolved = target::resolve(cli.cluster.as_deref(), &cli.common, always, &known);
    // A person chooses one on the screen.
    let nowhere = wanted.is_none() && resolved.as_ref().is_err_and(target::is_nothing) && interactive();
    let opened = match resolved {
        Err(_) if nowhere => (Cluster::nowhere(config.limits), Context::default()),
        resolved => resolved.map_err(usage)?,
    };
    let warnings = exposed(&config, &opened.1, &cli.common, variable);
    let Some(wanted) = wanted else {
        let overridden = cli.common.bootstrap.is_some() || cli.common.properties.is_some() || !cli.common.settings.is_empty();
        let targets = target::all(Some(&opened).filter(|_| !nowhere), always, &config, variable);
        let (cluster, context) = opened;
        return Ok(Command::Ui(Box::new(Ui { cluster, context, targets, config, color: cli.common.color, warnings, always, overridden })));
    };
    if !cli.common.quiet {
        for warning in &warnings {
            words::say(warning);
        }
    }
    on_cluster(wanted, opened, &config, &cli.common, variable).map_err(usage)
}

/// A command on that cluster.
fn on_cluster(
    wanted: OnCluster,
    (cluster, context): (Cluster, Context),
    config: &Config,
    common: &Common,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Command, Failure> {
    let writing = |cluster, context| writing::Common::of(cluster, context, common);
    Ok(match wanted {
        OnCluster::Tail(args) => {
            let terminal = std::io::stdout().is_terminal();
            let output = common.output.unwrap_or(if terminal { Output::Table } else { Output::Ndjson });
            let color = common.color.unwrap_or_default();
            let common = reading::Common { cluster, output, terminal, color, quiet: common.quiet };
            Command::Tail(Box::new(tail::Tail::new(common, args)?))
        }
        OnCluster::Search(args) => {
            let terminal = std::io::stdout().is_terminal();
            let output = common.output.unwrap_or(if terminal { Output::Table } else { Output::Ndjson });
            let color = common.color.unwrap_or_default();
            let common = reading::Common { cluster, output, terminal, color, quiet: common.quiet };
            Command::Search(Box::new(search::Search::new(common, &args)?))
        }
        OnCluster::Produce(args) => Command::Produce(Box::new(produce::Produce::new(writing(cluster, context), args, variable)?)),
        OnCluster::Topics(args) => Command::Topics(Box::new(topics::Topics::list(for_topics(cluster, common), &args)?)),
        OnCluster::Groups(args) => Command::Groups(Box::new(groups::Groups::list(for_topics(cluster, common), &args)?)),
        OnCluster::Lag(args) => {
            Command::Groups(Box::new(groups::Groups::lag(for_topics(cluster, common), args, config.groups.stalled_after)))
        }
        OnCluster::Peek(args) => Command::Groups(Box::new(groups::Groups::peek(for_topics(cluster, common), args)?)),
        OnCluster::Topic(args) => Command::Topics(Box::new(topics::Topics::describe(for_topics(cluster, common), args))),
        OnCluster::Bisect(args) => Command::Bisect(Box::new(bisect::Bisect::new(for_topics(cluster, common), &args)?)),
        OnCluster::Group(args) => Command::Group(Box::new(group::Group::new(writing(cluster, context), args))),
    })
}

fn commands() -> Vec<String> {
    Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// Whether a person sits there, who can be shown a screen.
fn interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Files with secrets of the cluster that is opened which others may read, as sentences.
fn exposed(config: &Config, context: &Context, common: &Common, variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let named = context.name.as_deref().and_then(|name| config.any_context(name, variable));
    // What is wrong with it was said already.
    let over = target::over(common, variable).unwrap_or_default();
    let open = crate::config::exposed(named.into_iter(), &over, common.properties.as_deref(), variable);
    open.iter().map(ToString::to_string).collect()
}

/// What needs a cluster.
enum OnCluster {
    Tail(tail::TailArgs),
    Search(search::SearchArgs),
    Produce(produce::ProduceArgs),
    Topics(topics::TopicsArgs),
    Topic(topics::TopicArgs),
    Bisect(bisect::BisectArgs),
    Group(group::GroupArgs),
    Groups(groups::GroupsArgs),
    Lag(groups::LagArgs),
    Peek(groups::PeekArgs),
}

fn for_topics(cluster: Cluster, common: &Common) -> topics::Common {
    let terminal = std::io::stdout().is_terminal();
    let output = common.output.unwrap_or(if terminal { Output::Table } else { Output::Ndjson });
    topics::Common { cluster, output, terminal, quiet: common.quiet }
}

/// The UI cannot be opened: says why, and gives the exit code.
pub fn refused_to_open(failure: &Failure) -> u8 {
    Exit::failed(failure, false).print()
}

/// Errors are JSON objects when JSON was asked for: also those of the arguments themselves, before they are understood.
fn wants_json(args: &[OsString]) -> bool {
    let form = |text: &str| matches!(text, "json" | "ndjson");
    let texts: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let behind = texts.windows(2).any(|pair| matches!(pair, [option, value] if matches!(*option, "-o" | "--output") && form(value)));
    behind || texts.iter().any(|text| ["--output=", "-o=", "-o"].iter().any(|option| text.strip_prefix(option).is_some_and(form)))
}

fn refused(error: &clap::Error, json: bool) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::done(error.to_string()),
        _ if json => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let message = first.strip_prefix("error: ").unwrap_or(first).to_owned();
            Exit::failed(
                &Failure::new("read the arguments", Cause::Usage(Foreign::new(message))).hint("kscope --help lists the options"),
                true,
            )
        }
        _ => Exit::usage(&error.to_string()),
    }
}

#[cfg(test)]
mod tests;

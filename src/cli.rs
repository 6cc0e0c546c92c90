//! The command line: arguments in, a [`Command`] out, and the headless commands.
//!
//! Headless commands are thin: they parse, call what the screens call, print. Data goes to stdout, words to stderr, and the
//! exit codes are a public interface. May use core's values, io, model, text, json, records, query. To add a command: a variant of
//! `Sub` and of [`Command`], and a file under `cli/` with its arguments and its `run`.
#![expect(clippy::disallowed_methods, reason = "a headless command has no loop: it reads the clock itself")]

mod format;
mod print;
mod rows;
pub mod sandbox;
pub mod tail;
pub mod topics;
mod words;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::io::kafka::{Address, Settings};
use crate::model::{Cause, Failure, Foreign};
use crate::query::when::When;

pub use words::Exit;

/// What was asked for.
#[derive(Debug)]
pub enum Command {
    /// The terminal UI.
    Ui(Ui),
    /// Print records.
    Tail(Box<tail::Tail>),
    /// The cluster in this process.
    Sandbox(sandbox::Sandbox),
    /// Print topics, or one of them.
    Topics(Box<topics::Topics>),
}

/// How the UI is to be opened.
#[derive(Debug)]
pub struct Ui {
    pub cluster: Cluster,
    /// What the cluster is called on the screen, if not by its addresses.
    pub name: Option<String>,
    pub color: Color,
    /// Refuse whatever changes something on the cluster.
    pub readonly: bool,
}

/// Which cluster, and how patient to be with it.
#[derive(Debug)]
pub struct Cluster {
    /// Never empty.
    pub bootstrap: Vec<Address>,
    /// The environment variable that the addresses come from, when no cluster was named: to be said.
    pub from_env: Option<&'static str>,
    pub timeout: Option<Duration>,
}

impl Cluster {
    /// For [`crate::io::kafka::Client::new`].
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.bootstrap.clone());
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
    /// Where the cluster is
    #[arg(value_name = "HOST:PORT[,…]")]
    address: Option<String>,
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Sub>,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Where the cluster is
    #[arg(short, long, global = true, value_name = "HOST:PORT[,…]")]
    bootstrap: Option<String>,
    /// Refuse whatever changes something on the cluster
    #[arg(long, global = true)]
    readonly: bool,
    /// Form of the output: table on a terminal, ndjson when piped, unless said
    #[arg(short, long, global = true, value_enum, value_name = "FORM")]
    output: Option<Output>,
    /// Colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
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
    /// A cluster in this process, with data and live traffic, and the UI on it: to try kscope without Kafka
    Sandbox(sandbox::SandboxArgs),
    /// List topics with their partitions, offsets and sizes
    Topics(topics::TopicsArgs),
    /// About one topic
    Topic(topics::TopicArgs),
}

/// The variables that may name a cluster, in this order; used only when nothing else does.
const VARIABLES: [&str; 3] = ["KAFKA_BOOTSTRAP_SERVERS", "BOOTSTRAP_SERVERS", "KAFKA_BROKERS"];

/// Reads the arguments, the program's name first. `variable` looks an environment variable up.
///
/// # Errors
/// What to print before leaving, and the exit code: also for `--help` and `--version`.
pub fn parse(args: impl IntoIterator<Item = OsString>, variable: impl Fn(&str) -> Option<String>) -> Result<Command, Exit> {
    let args: Vec<OsString> = args.into_iter().collect();
    let json = wants_json(&args);
    let cli = Cli::try_parse_from(args).map_err(|error| refused(&error, json))?;
    let usage = |failure: Failure| Exit::failed(&failure, json);
    let named = cli.address.is_some() || cli.common.bootstrap.is_some();
    let cluster = || cluster(cli.address, &cli.common, variable).map_err(usage);
    Ok(match cli.command {
        None => Command::Ui(Ui { cluster: cluster()?, name: None, color: cli.common.color, readonly: cli.common.readonly }),
        Some(Sub::Sandbox(args)) => Command::Sandbox(sandbox::Sandbox::new(&args, &cli.common, named, json).map_err(usage)?),
        Some(Sub::Tail(args)) => {
            let terminal = std::io::stdout().is_terminal();
            let output = cli.common.output.unwrap_or(if terminal { Output::Table } else { Output::Ndjson });
            let common = tail::Common { cluster: cluster()?, output, terminal, color: cli.common.color, quiet: cli.common.quiet };
            Command::Tail(Box::new(tail::Tail::new(common, args).map_err(usage)?))
        }
        Some(Sub::Topics(args)) => {
            let common = for_topics(cluster()?, &cli.common);
            Command::Topics(Box::new(topics::Topics::list(common, &args).map_err(usage)?))
        }
        Some(Sub::Topic(args)) => Command::Topics(Box::new(topics::Topics::describe(for_topics(cluster()?, &cli.common), args))),
    })
}

fn for_topics(cluster: Cluster, common: &Common) -> topics::Common {
    let terminal = std::io::stdout().is_terminal();
    let output = common.output.unwrap_or(if terminal { Output::Table } else { Output::Ndjson });
    topics::Common { cluster, output, terminal, quiet: common.quiet }
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
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::help(error.to_string()),
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

fn cluster(address: Option<String>, common: &Common, variable: impl Fn(&str) -> Option<String>) -> Result<Cluster, Failure> {
    let usage = |text: String| Failure::new("read the arguments", Cause::Usage(Foreign::new(text)));
    if address.is_some() && common.bootstrap.is_some() {
        return Err(usage("the cluster is named twice: as an argument and with --bootstrap".to_owned()));
    }
    let named = address.or_else(|| common.bootstrap.clone());
    let (text, from_env) = if let Some(text) = named {
        (text, None)
    } else {
        let set = |name: &'static str| Some((variable(name).filter(|text| !text.trim().is_empty())?, Some(name)));
        VARIABLES.into_iter().find_map(set).ok_or_else(|| {
            usage("no cluster is named".to_owned())
                .hint("kscope HOST:PORT opens the UI; commands take -b HOST:PORT, or set KAFKA_BOOTSTRAP_SERVERS")
        })?
    };
    let bootstrap = Address::parse_list(&text).map_err(|bad| match from_env {
        None => usage(bad.to_string()),
        Some(name) => usage(format!("{name}: {bad}")),
    })?;
    let timeout = common.timeout.as_deref().map(duration).transpose().map_err(usage)?;
    Ok(Cluster { bootstrap, from_env, timeout })
}

fn duration(text: &str) -> Result<Duration, String> {
    match When::parse(text) {
        Ok(When::Ago(duration)) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("'{text}' is no duration: write 10s, 500ms or 2m")),
    }
}

#[cfg(test)]
mod tests;

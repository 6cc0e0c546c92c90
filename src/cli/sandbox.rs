//! `kscope sandbox`: the cluster in this process, with the UI on it, or served to others.

use std::io::Write as _;
use std::net::SocketAddr;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use tokio::signal::unix::{SignalKind, signal};

use super::target::{self, Always};
use super::words::{self, Exit};
use super::{Color, Ui};
use crate::config::{Config, Connection};
use crate::core::context::Context;
use crate::io::kafka::Address;
use crate::model::{Cause, Failure, Foreign};
use crate::sandbox::{self, Options, StartError};

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// No UI: print bootstrap=HOST:PORT and serve until interrupted
    #[arg(long)]
    headless: bool,
    /// Where the first broker listens; the others take free ports [default: a free port of 127.0.0.1]
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Clicks per second; 0: nothing moves, and groups have no members
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = RangedU64ValueParser::<u32>::new().range(..=100_000))]
    rate: u32,
    /// The same number gives the same data
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many brokers
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = RangedU64ValueParser::<u16>::new().range(1..=100))]
    brokers: u16,
    /// So many topics more, of ten partitions each, to see kscope with a big cluster
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = RangedU64ValueParser::<u32>::new().range(..=100_000))]
    topics: u32,
    /// So many consumer groups more, of twelve commits each
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = RangedU64ValueParser::<u32>::new().range(..=100_000))]
    groups: u32,
}

/// A sandbox that can be started.
#[derive(Debug)]
pub struct Sandbox {
    options: Options,
    /// For the UI; `None`: there is none.
    config: Option<Config>,
    color: Option<Color>,
    always: Always,
    /// Errors as JSON.
    json: bool,
    quiet: bool,
}

impl Sandbox {
    /// `named`: another cluster was named as well. A wrong configuration counts only where there is a UI.
    ///
    /// # Errors
    /// Another cluster, an address that clients could not be told, or the configuration.
    pub(super) fn new(
        args: &SandboxArgs,
        common: &super::Common,
        always: Always,
        named: bool,
        json: bool,
        config: Result<Config, Failure>,
    ) -> Result<Self, Failure> {
        if named {
            return Err(usage("the sandbox is a cluster of its own: name no other".to_owned()));
        }
        let default = Options::default();
        let listen = args.listen.unwrap_or(default.listen);
        if listen.ip().is_unspecified() {
            let failure = usage(format!("--listen: clients cannot be sent to {}", listen.ip()));
            return Err(failure.hint("name an address of this machine, as 127.0.0.1:9092"));
        }
        let options = Options { listen, rate: args.rate, seed: args.seed, brokers: args.brokers, topics: args.topics, groups: args.groups };
        let config = if args.headless { None } else { Some(config?) };
        Ok(Self { options, config, color: common.color, always, json, quiet: common.quiet })
    }

    /// What it is started with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Runs to the end, with the UI that `open` opens or without; returns the exit code.
    pub fn run(self, open: impl FnOnce(Ui) -> u8) -> u8 {
        let sandbox = match sandbox::Sandbox::start(&self.options) {
            Ok(sandbox) => sandbox,
            Err(error) => return Exit::failed(&refused(&error), self.json).print(),
        };
        let addresses = sandbox.addresses();
        let Some(config) = self.config else {
            return serve(&addresses, self.quiet).unwrap_or_else(|failure| Exit::failed(&failure, self.json).print());
        };
        let bootstrap = addresses.iter().filter_map(|address| Address::parse(&address.to_string()).ok()).collect();
        let context = Context { name: Some("sandbox".to_owned()), ..Context::default() };
        let connection = Connection { bootstrap: Some(bootstrap), ..Connection::default() };
        let (cluster, context) = self.always.over(connection, context, config.limits);
        let opened = (cluster, context);
        let targets = target::all(Some(&opened), self.always, &config, &|name| std::env::var(name).ok());
        let (cluster, context) = opened;
        let (color, always) = (self.color, self.always);
        open(Ui { cluster, context, targets, config, color, warnings: Vec::new(), always, overridden: false })
    }
}

fn usage(text: String) -> Failure {
    Failure::new("read the arguments", Cause::Usage(Foreign::new(text)))
}

fn refused(error: &StartError) -> Failure {
    let failure = Failure::new("start the sandbox", Cause::File(Foreign::new(error.to_string())));
    match error {
        StartError::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
            failure.hint("another program has that port: leave --listen out to get a free one")
        }
        StartError::Listen { .. } => failure.hint("--listen takes an address of this machine, as 127.0.0.1:9092"),
        StartError::Thread(_) => failure,
    }
}

/// Says where the cluster is, and waits for a signal; its exit code.
fn serve(addresses: &[SocketAddr], quiet: bool) -> Result<u8, Failure> {
    let failed = |error: std::io::Error| Failure::new("serve the sandbox", Cause::File(Foreign::new(error.to_string())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        // Before anything is printed: who reads the line may send a signal at once.
        let (mut interrupt, mut terminate, mut hangup) = (
            signal(SignalKind::interrupt()).map_err(failed)?,
            signal(SignalKind::terminate()).map_err(failed)?,
            signal(SignalKind::hangup()).map_err(failed)?,
        );
        let first = addresses.first().map(ToString::to_string).unwrap_or_default();
        let mut stdout = std::io::stdout();
        // Nobody reads it: the cluster is served all the same.
        let _closed = stdout.write_all(format!("bootstrap={first}\n").as_bytes()).and_then(|()| stdout.flush());
        if !quiet {
            let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            words::say(&format!("brokers at {}, ctrl-c ends them", all.join(", ")));
        }
        Ok(tokio::select! {
            _ = interrupt.recv() => 130,
            _ = terminate.recv() => 143,
            _ = hangup.recv() => 129,
        })
    })
}

//! `kscope doctor`: everything between the configuration and what we may do on the cluster, step by step, with what to do about
//! whatever is not as it should be.
//!
//! What is wrong with the configuration or the arguments is a finding like any other: what can still be looked at is.

mod print;
mod terminal;

use std::path::Path;

use clap::Args;

use super::target::{self, Always, Known};
use super::words::Exit;
use super::{Cluster, Common, Output};
use crate::config::{self, Config, Origin, Place, Problem};
use crate::core::checkup::{Checkup, Finding, Look};
use crate::core::context::Context;
use crate::io::checkup::{self, Wanted};
use crate::io::kafka::Security;
use crate::model::{Cause, Failure, Foreign};
use crate::text::{Shown, units};
use print::Printer;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kscope doctor prod-eu                          a context of config.toml
  kscope doctor kafka-1.int:9092                 an address
  kscope doctor --properties client.properties   the file of a Java client or of librdkafka
  kscope doctor prod-eu -o json                  one JSON object
  kscope doctor                                  the default context; without one, the configuration and the terminal

It reads only: it joins no group, creates no topic, and does not repeat a login that is refused. The exit code is that of the
first ✗: 2 settings, 3 cannot connect, 4 authentication or rights; 0 when there are warnings alone.")]
pub(super) struct DoctorArgs {
    /// A context of config.toml, or where the cluster is
    #[arg(value_name = "CONTEXT or HOST:PORT[,…]")]
    cluster: Option<String>,
}

/// What only the program as a whole knows of the terminal.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// The colours that kscope would use: "24-bit colours".
    pub colors: &'static str,
}

/// The command, checked as far as it takes.
#[derive(Debug)]
pub struct Doctor {
    /// What reading the configuration and the arguments gave.
    first: Vec<Finding>,
    /// What is to be looked at, if anything is.
    cluster: Option<Cluster>,
    context: Context,
    output: Output,
    terminal: bool,
    color: super::Color,
}

impl Doctor {
    /// `before`: what was named before the command.
    pub(super) fn new(
        args: &DoctorArgs,
        before: Option<&str>,
        common: &Common,
        variable: &dyn Fn(&str) -> Option<String>,
        commands: &[String],
    ) -> Result<Self, Failure> {
        let always = Always::of(common, variable)?;
        let argument = args.cluster.as_deref().or(before);
        let folder = config::folder(variable);
        let path = folder.map(|folder| folder.join(config::FILE_NAME));
        let subject = path.as_deref().map_or_else(|| config::FILE_NAME.to_owned(), shown);
        let (config, mut first) = configuration(path.as_deref(), &subject, variable);
        let readable = config.is_some();
        let Some(config) = config.or_else(|| Config::of(None, &|_| None).ok()) else {
            return Err(Failure::new("read the defaults", Cause::Bug(Foreign::new("the default configuration cannot be read"))));
        };
        let known = Known { config: &config, variable, commands, last: None };
        let resolved = match argument {
            Some(word) if !readable && target::is_bare(word) => Err(usage(format!("there is no context {word}"))),
            _ => target::resolve(argument, common, always, &known),
        };
        let (cluster, context) = match resolved {
            Ok((cluster, context)) => {
                first.extend(context.name.as_deref().into_iter().flat_map(|name| of_context(&config, &subject, name)));
                (Some(cluster), context)
            }
            Err(failure) => {
                let at_least = || target::at_least(argument.filter(|word| readable || !target::is_bare(word)), common, always, &known);
                let (cluster, finding) = unresolved(&failure, readable, at_least);
                first.extend(finding);
                cluster.map_or_else(|| (None, Context::default()), |(cluster, context)| (Some(cluster), context))
            }
        };
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
        let output = common.output.unwrap_or(if terminal { Output::Table } else { Output::Ndjson });
        Ok(Self { first, cluster, context, output, terminal, color: common.color.unwrap_or_default() })
    }

    /// Runs to the end on a runtime of its own; returns the exit code.
    pub fn run(self, screen: Screen) -> u8 {
        let json = matches!(self.output, Output::Json | Output::Ndjson);
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return Exit::failed(&Failure::new("start", Cause::File(Foreign::new(error.to_string()))), json).print(),
        };
        let code = runtime.block_on(Box::pin(self.look(screen)));
        // A name that is still looked up is not waited for.
        runtime.shutdown_background();
        code.unwrap_or_else(|error| Exit::failed(&super::topics::unwritten(&error), json).print())
    }

    async fn look(self, screen: Screen) -> std::io::Result<u8> {
        let mut printer = Printer::new(self.output, self.terminal, self.color);
        let mut checkup = Checkup::default();
        for finding in self.first {
            printer.found(&finding)?;
            checkup.findings.push(finding);
        }
        if let Some(cluster) = &self.cluster {
            let wanted = Wanted { expects: self.context.expects.clone(), patience: cluster.timeout };
            let (_ends_when_dropped, mut findings) = checkup::start(cluster.settings(), wanted);
            while let Some(finding) = findings.recv().await {
                printer.found(&finding)?;
                checkup.findings.push(finding);
            }
        }
        for finding in terminal::report(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()), screen, self.terminal) {
            printer.found(&finding)?;
            checkup.findings.push(finding);
        }
        checkup.done = true;
        printer.end(self.context.name.as_deref(), &checkup)?;
        Ok(checkup.exit())
    }
}

/// The configuration, unless something is wrong with it; and what is to be said.
fn configuration(path: Option<&Path>, subject: &str, variable: &dyn Fn(&str) -> Option<String>) -> (Option<Config>, Vec<Finding>) {
    match Config::load(variable) {
        Ok(config) => {
            let there = path.is_some_and(Path::exists);
            let count = units::counted(units::wide(config.contexts.len()), "context");
            let words = if there { format!("nothing is wrong; {count}") } else { "there is no such file; the defaults hold".to_owned() };
            (Some(config), vec![Finding::good(Look::Configuration, subject, words)])
        }
        Err(problems) => (None, problems.0.iter().map(problem).collect()),
    }
}

fn problem(problem: &Problem) -> Finding {
    let subject = match &problem.place {
        Place::File { path, line, .. } => format!("{path}:{line}"),
        Place::Whole { path } => path.clone(),
        Place::Variable { name, .. } => name.clone(),
    };
    let fix = problem.hint.as_deref().unwrap_or("correct it; kscope config check shows the place");
    let cause = Cause::Usage(Foreign::new(problem.message.as_str()));
    Finding::bad(Look::Configuration, &subject, cause, problem.message.as_str(), fix).brief("the configuration")
}

/// What a context says beside TLS and SASL, with its lines.
fn of_context(config: &Config, path: &str, name: &str) -> Vec<Finding> {
    let table = format!("contexts.{name}.");
    let said = config.told.iter().filter(|told| told.name.strip_prefix(&table).is_some_and(|key| !key.contains('.')));
    let line = |told: &config::Told| match &told.origin {
        Origin::File(line) => format!("{path}:{line} {}", told.name),
        Origin::Default | Origin::Variable(_) => told.name.clone(),
    };
    said.map(|told| Finding::good(Look::Settings, &line(told), told.value.as_str())).collect()
}

/// The arguments lead to no cluster as they should: what can be looked at all the same, and what is to be said.
fn unresolved(
    failure: &Failure,
    readable: bool,
    at_least: impl FnOnce() -> Option<(Cluster, Context)>,
) -> (Option<(Cluster, Context)>, Option<Finding>) {
    let text = failure.cause.words().lines().collect::<Vec<_>>().join("; ");
    let hint = failure.hint.as_ref().map(|hint| hint.raw().to_owned());
    if text == target::NOTHING {
        let words =
            "no cluster is named: the configuration and the terminal alone are looked at; kscope doctor CONTEXT or HOST:PORT looks further";
        return (None, Some(Finding::skipped(Look::Settings, "", words)));
    }
    if let Some((cluster, context)) = at_least() {
        // It is told by who finds that nothing can be dialled with it.
        return (Some((Cluster { security: Security::unusable(text, hint), ..cluster }, context)), None);
    }
    if !readable {
        let words = format!("{text}: contexts are known once the configuration can be read");
        return (None, Some(Finding::skipped(Look::Settings, "", words)));
    }
    let fix = hint.unwrap_or_else(|| "kscope doctor --help shows how a cluster is named".to_owned());
    (None, Some(Finding::bad(Look::Settings, "", failure.cause.clone(), text, fix)))
}

fn usage(text: String) -> Failure {
    Failure::new("read the arguments", Cause::Usage(Foreign::new(text)))
}

fn shown(path: &Path) -> String {
    Shown::of_bytes(path.as_os_str().as_encoded_bytes()).into_string()
}

#[cfg(test)]
mod tests;

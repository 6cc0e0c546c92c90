//! Which cluster: the arguments over kscope's variables, over the default context, over the variables of other tools, over
//! what was open last.

use std::time::Duration;

use super::{Cluster, Common};
use crate::config::found::Tool;
use crate::config::properties::{self, Mistake, Property};
use crate::config::{self, Config, Connection, Limits};
use crate::core::context::{Context, Guard};
use crate::core::guard::{ReadOnly, Rules};
use crate::core::stream::Allowance;
use crate::io::kafka::{Address, Security};
use crate::model::{Cause, Failure, Foreign};
use crate::query::when::When;
use crate::text::nearest;

/// The variables of other tools that may name a cluster, in this order; used only when nothing else does.
const VARIABLES: [&str; 3] = ["KAFKA_BOOTSTRAP_SERVERS", "BOOTSTRAP_SERVERS", "KAFKA_BROKERS"];
/// Ours, in place of `-c` and `-b`.
const CONTEXT: &str = "KSCOPE_CONTEXT";
const BOOTSTRAP: &str = "KSCOPE_BOOTSTRAP";
/// In place of `--readonly`.
const READONLY: &str = "KSCOPE_READONLY";

/// What is said where nobody names a cluster.
pub(super) const NOTHING: &str = "no cluster is named";

/// Whether that is all that is wrong.
pub(super) fn is_nothing(failure: &Failure) -> bool {
    matches!(&failure.cause, Cause::Usage(text) if text.raw() == NOTHING)
}

/// What is looked at.
pub(super) struct Known<'a> {
    pub config: &'a Config,
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The names of the commands: a word near to one is a mistyped command.
    pub commands: &'a [String],
    /// The context that was open last, where that may be used.
    pub last: Option<&'a str>,
}

/// What was named so far.
#[derive(Default)]
struct Named<'a> {
    context: Option<&'a config::Context>,
    addresses: Option<Vec<Address>>,
    /// What to say about it, when it was not named now.
    from: Option<String>,
}

/// What the command line and the environment say of every cluster, whichever is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Always {
    readonly: bool,
    /// `--write`: a context that is read-only by default is not.
    write: bool,
    timeout: Option<Duration>,
}

impl Always {
    pub(super) fn of(common: &Common, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let set = variable(READONLY).filter(|text| !text.trim().is_empty());
        let readonly = common.readonly || set.is_some_and(|value| !matches!(value.as_str(), "0" | "false" | "no" | "off"));
        Ok(Self { readonly, write: common.write, timeout: common.timeout.as_deref().map(duration).transpose().map_err(usage)? })
    }

    /// A cluster, and what holds for it.
    pub(super) fn over(self, connection: Connection, context: Context, limits: Limits) -> (Cluster, Context) {
        let refused = match context.rules.refused {
            _ if self.readonly => Some(ReadOnly::Flag),
            Some(ReadOnly::Context { write: true, .. }) if self.write => None,
            refused => refused,
        };
        let Connection { bootstrap, security, client_id, ignored } = connection;
        if !ignored.is_empty() {
            tracing::info!("properties that mean nothing here: {}", ignored.join(", "));
        }
        let careful = context.rules.guard != Guard::None;
        let rate = if careful { limits.guarded_search_rate.or(limits.search_rate) } else { limits.search_rate };
        let allowance = Allowance { rate, bytes: limits.search_bytes };
        let cluster =
            Cluster { allowance, bootstrap: bootstrap.unwrap_or_default(), security, client_id, from: None, timeout: self.timeout, limits };
        let (security, unchecked) = (cluster.security.words(), cluster.security.unchecked());
        (cluster, Context { rules: Rules { refused, ..context.rules }, security, unchecked, ..context })
    }
}

/// All that can be gone to from the cluster that was opened: itself, and the contexts of the configuration. A context that was
/// opened by other addresses than its own keeps those.
pub(super) fn all(
    opened: Option<&(Cluster, Context)>,
    always: Always,
    config: &Config,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<(Cluster, Context)> {
    let as_opened = |(cluster, context): &(Cluster, Context)| (Cluster { from: None, ..cluster.clone() }, context.clone());
    let known = config.contexts.iter().chain(config.found_contexts(variable)).map(|one| {
        if let Some(it) = opened.filter(|(_, context)| context.from.is_some() && context.name.as_ref() == Some(&one.name)) {
            return as_opened(it);
        }
        let (connection, wrong) = match one.connection(&[], variable) {
            Ok(connection) => (connection, None),
            Err(mistakes) => {
                let known = one.found.as_ref().and_then(|found| found.unusable.clone());
                let why = known.or_else(|| mistakes.first().map(ToString::to_string));
                (broken(one, &mistakes), why)
            }
        };
        let (cluster, context) = always.over(connection, in_force(one), config.limits);
        match wrong {
            Some(why) => (cluster, Context { security: UNUSABLE.to_owned(), unusable: Some(why), ..context }),
            None => (cluster, context),
        }
    });
    // What the command line named by its addresses stands in no file.
    let named = opened.filter(|(_, context)| context.from.is_none()).map(as_opened);
    named.into_iter().chain(known).collect()
}

/// In the place of the security of what cannot be connected to.
const UNUSABLE: &str = "unusable";

/// A context that cannot be connected to: that is said once somebody goes there.
fn broken(context: &config::Context, mistakes: &[Mistake]) -> Connection {
    let hint = mistakes.iter().find_map(|mistake| mistake.hint.clone());
    let security = Security::unusable(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "), hint);
    Connection { bootstrap: Some(context.bootstrap.clone()), security, ..Connection::default() }
}

/// What the options say of the connection: the file, then single keys.
pub(super) fn over(common: &Common, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Property>, Failure> {
    let mut all = match &common.properties {
        Some(path) => properties::of_file(path, variable).map_err(|mistakes| mistaken(&mistakes))?,
        None => Vec::new(),
    };
    for text in &common.settings {
        all.push(properties::of_argument(text, variable).map_err(|mistake| mistaken(&[mistake]))?);
    }
    Ok(all)
}

pub(super) fn mistaken(mistakes: &[Mistake]) -> Failure {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let failure = Failure::new("read the settings of the connection", Cause::Usage(Foreign::new(lines.join("\n"))));
    match mistakes.iter().find_map(|mistake| mistake.hint.as_deref()) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The cluster and what holds for it. `argument` is the first argument that is no command.
pub(super) fn resolve(argument: Option<&str>, common: &Common, always: Always, known: &Known<'_>) -> Result<(Cluster, Context), Failure> {
    let set = |name: &str| (known.variable)(name).filter(|text| !text.trim().is_empty());
    let mut named = from_arguments(argument, common, known)?;
    let over = over(common, known.variable)?;
    let says_where = over.iter().any(|property| config::names_a_cluster(&property.key));
    if named.context.is_none() && named.addresses.is_none() && !says_where {
        named = from_elsewhere(known, &set)?;
    }
    let (context, addresses) = (named.context, named.addresses);
    let connection = match context {
        Some(context) => context.connection(&over, known.variable),
        None => config::understood(over),
    };
    let mut connection = connection.map_err(|mistakes| mistaken(&mistakes))?;
    connection.bootstrap = addresses.or(connection.bootstrap);
    if connection.bootstrap.is_none() {
        return Err(context.map_or_else(|| nothing(known), nowhere));
    }
    if let Some(why) = context.filter(|context| common.write && context.readonly == config::ReadOnly::Yes).and_then(refused) {
        return Err(Failure::new("open the context", Cause::Refused("--write is refused: the context is read-only")).hint(why.hint()));
    }
    let (cluster, context) = always.over(connection, context.map(in_force).unwrap_or_default(), known.config.limits);
    Ok((Cluster { from: named.from, ..cluster }, context))
}

/// Where the cluster is, when something else that was said of it is wrong: its addresses alone.
pub(super) fn at_least(argument: Option<&str>, common: &Common, always: Always, known: &Known<'_>) -> Option<(Cluster, Context)> {
    let set = |name: &str| (known.variable)(name).filter(|text| !text.trim().is_empty());
    let named = from_arguments(argument, common, known).ok()?;
    let file = |path: &std::path::Path| properties::of_file(path, known.variable).unwrap_or_default();
    let mut said = common.properties.as_deref().map(file).unwrap_or_default();
    said.extend(common.settings.iter().filter_map(|text| properties::of_argument(text, known.variable).ok()));
    said.retain(|property| config::names_a_cluster(&property.key));
    let named =
        if named.context.is_none() && named.addresses.is_none() && said.is_empty() { from_elsewhere(known, &set).ok()? } else { named };
    let of_context = named.context.and_then(|context| {
        let own = Some(context.bootstrap.clone()).filter(|list| !list.is_empty());
        own.or_else(|| {
            let mut below = context.properties_file.as_ref().map(|path| file(&path.value)).unwrap_or_default();
            below.extend(context.properties.iter().cloned());
            below.retain(|property| config::names_a_cluster(&property.key));
            config::understood(below).ok()?.bootstrap
        })
    });
    let over = config::understood(said).ok().and_then(|connection| connection.bootstrap);
    let bootstrap = named.addresses.or(over).or(of_context)?;
    let connection = Connection { bootstrap: Some(bootstrap), ..Connection::default() };
    Some(always.over(connection, named.context.map(in_force).unwrap_or_default(), known.config.limits))
}

fn from_arguments<'a>(argument: Option<&str>, common: &Common, known: &Known<'a>) -> Result<Named<'a>, Failure> {
    let mut named = Named::default();
    if let Some(name) = &common.context {
        named.context = Some(context(name, known)?);
    }
    if let Some(text) = &common.bootstrap {
        named.addresses = Some(Address::parse_list(text).map_err(|bad| usage(bad.to_string()))?);
    }
    let Some(argument) = argument else { return Ok(named) };
    match known.config.any_context(argument, known.variable) {
        Some(_) if named.context.is_some() => Err(usage("the context is named twice: as an argument and with --context".to_owned())),
        Some(context) => Ok(Named { context: Some(context), ..named }),
        None if named.addresses.is_some() => Err(usage("the cluster is named twice: as an argument and with --bootstrap".to_owned())),
        None => {
            unknown_word(argument, known)?;
            Ok(Named { addresses: Some(Address::parse_list(argument).map_err(|bad| usage(bad.to_string()))?), ..named })
        }
    }
}

/// A word that would rather be a context than a host.
pub(super) fn is_bare(word: &str) -> bool {
    word != "localhost" && !word.contains([':', ',', '.', '['])
}

/// A bare word that is no context: a host perhaps, more often a mistyped name.
fn unknown_word(word: &str, known: &Known<'_>) -> Result<(), Failure> {
    let contexts = &known.config.contexts;
    if Tool::of_name(word).is_some() {
        return context(word, known).map(|_| ());
    }
    if !is_bare(word) {
        return Ok(());
    }
    if let Some(near) = nearest(word, known.commands.iter().map(String::as_str).chain(contexts.iter().map(|context| context.name.as_str())))
    {
        let message = format!("there is no command and no context {word}");
        return Err(usage(message).hint(format!("did you mean {near}? A host is written with its port: {word}:9092")));
    }
    if contexts.is_empty() {
        return Ok(());
    }
    let there = config::hint(word, contexts.iter()).unwrap_or_default();
    Err(usage(format!("there is no context {word}")).hint(format!("{there}; a host is written with its port: {word}:9092")))
}

fn from_elsewhere<'a>(known: &Known<'a>, set: &dyn Fn(&str) -> Option<String>) -> Result<Named<'a>, Failure> {
    let ours = set(CONTEXT).map(|name| context(&name, known).map_err(|failure| failure_of(CONTEXT, &failure))).transpose()?;
    let addresses = |name: &str, text: &str| Address::parse_list(text).map_err(|bad| usage(format!("{name}: {bad}")));
    let addresses_of_ours = set(BOOTSTRAP).map(|text| addresses(BOOTSTRAP, &text)).transpose()?;
    if ours.is_some() || addresses_of_ours.is_some() {
        let name = if ours.is_some() { CONTEXT } else { BOOTSTRAP };
        return Ok(Named { context: ours, addresses: addresses_of_ours, from: Some(format!("the cluster is that of {name}")) });
    }
    if let Some(name) = &known.config.default_context {
        return Ok(Named { context: Some(context(name, known)?), ..Named::default() });
    }
    for name in VARIABLES {
        if let Some(text) = set(name) {
            let from = Some(format!("the cluster is that of {name}"));
            return Ok(Named { context: None, addresses: Some(addresses(name, &text)?), from });
        }
    }
    // A context that is no longer configured is no error: nobody named it now.
    let last = known.last.and_then(|name| known.config.context(name));
    Ok(Named { from: last.map(|context| format!("{} is the context of last time", context.name)), context: last, addresses: None })
}

fn context<'c>(name: &str, known: &Known<'c>) -> Result<&'c config::Context, Failure> {
    let config = known.config;
    config.any_context(name, known.variable).ok_or_else(|| {
        let failure = usage(format!("there is no context {name}"));
        let own = config.contexts.iter();
        let hint = match Tool::of_name(name) {
            Some(_) => config::hint(name, own.chain(config.found_contexts(known.variable))),
            None => config::hint(name, own),
        };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

/// What the configuration says of a context.
fn in_force(context: &config::Context) -> Context {
    let from = context.found.as_ref().map_or_else(|| config::FILE_NAME.to_owned(), |found| found.shown.to_string());
    Context {
        name: Some(context.name.clone()),
        configured: context.found.is_none(),
        from: Some(from),
        unusable: None,
        hue: context.hue,
        rules: Rules { guard: context.guard, refused: refused(context) },
        security: String::new(),
        unchecked: None,
        expects: context.expect_cluster_id.clone(),
    }
}

/// Why its cluster may not be changed.
fn refused(context: &config::Context) -> Option<ReadOnly> {
    match context.readonly {
        config::ReadOnly::No => None,
        _ if context.found.is_some() => Some(ReadOnly::Found),
        config::ReadOnly::Default => Some(ReadOnly::Context { line: context.line, write: true }),
        config::ReadOnly::Yes => Some(ReadOnly::Context { line: context.line, write: false }),
    }
}

fn nowhere(context: &config::Context) -> Failure {
    usage(format!("the context {} names no cluster", context.name))
        .hint("bootstrap = [\"HOST:PORT\"] in it, or bootstrap.servers in its properties")
}

fn nothing(known: &Known<'_>) -> Failure {
    let usable =
        known.config.found_contexts(known.variable).filter(|context| context.found.as_ref().is_none_or(|it| it.unusable.is_none()));
    let names: Vec<&str> = known.config.contexts.iter().chain(usable).map(|context| context.name.as_str()).take(12).collect();
    let hint = match names.as_slice() {
        [] => "kscope HOST:PORT opens the UI; commands take -b HOST:PORT, or set KAFKA_BOOTSTRAP_SERVERS".to_owned(),
        names => {
            format!("kscope NAME opens one of {}; kscope HOST:PORT any other; commands take -c NAME or -b HOST:PORT", names.join(", "))
        }
    };
    usage(NOTHING.to_owned()).hint(hint)
}

fn failure_of(variable: &str, failure: &Failure) -> Failure {
    let Cause::Usage(text) = &failure.cause else { return failure.clone() };
    let new = usage(format!("{variable}: {}", text.raw()));
    Failure { hint: failure.hint.clone(), ..new }
}

fn usage(text: String) -> Failure {
    Failure::new("read the arguments", Cause::Usage(Foreign::new(text)))
}

fn duration(text: &str) -> Result<Duration, String> {
    match When::parse(text) {
        Ok(When::Ago(duration)) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("'{text}' is no duration: write 10s, 500ms or 2m")),
    }
}

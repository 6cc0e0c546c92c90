//! `kscope config show CONTEXT --effective`: every value that holds for a cluster with who said it, and what it won over.
//! Secrets are never shown; with `--redact` names, hosts and paths are shortened too, so that it can be given away.

use std::fmt::Write as _;

use serde_json::json;

use super::super::{Common, target};
use super::{failure_of, origin};
use crate::config::properties::{Property, is_secret};
use crate::config::{self, Config, Context, Origin, ReadOnly};
use crate::io::kafka::SecretFrom;
use crate::model::{Cause, Failure, Foreign};
use crate::text::Shown;

/// One value and what became of it.
struct Row {
    key: String,
    value: String,
    by: String,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    InForce,
    Overridden,
    Ignored,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Overridden => "overridden",
            Self::Ignored => "ignored",
        }
    }
}

pub(super) fn run(
    name: Option<&str>,
    config: &Config,
    common: &Common,
    redact: bool,
    variable: &dyn Fn(&str) -> Option<String>,
    json: bool,
) -> Result<String, Failure> {
    let context = match name {
        Some(name) => Some(config.any_context(name, variable).ok_or_else(|| unknown(name, config, variable))?),
        None => None,
    };
    let over = target::over(common, variable)?;
    let mut rows = connection(context, &over, common, redact, variable)?;
    if let Some(context) = context {
        rows.extend(rules(context, config, common, variable));
    }
    for told in config.told.iter().filter(|told| !told.name.starts_with("contexts.")) {
        rows.push(Row { key: told.name.clone(), value: told.value.clone(), by: origin(&told.origin), state: State::InForce });
    }
    if redact {
        for row in &mut rows {
            row.by = short_places(&row.by);
        }
    }
    Ok(if json { as_json(context, &rows, redact) } else { as_text(context, &rows) })
}

fn unknown(name: &str, config: &Config, variable: &dyn Fn(&str) -> Option<String>) -> Failure {
    let all = config.contexts.iter().chain(config.found_contexts(variable));
    let failure = Failure::new("read the arguments", Cause::Usage(Foreign::new(format!("there is no context {name}"))));
    match config::hint(name, all) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// What is said of the connection, what counts last.
fn connection(
    context: Option<&Context>,
    over: &[Property],
    common: &Common,
    redact: bool,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Row>, Failure> {
    let all = match context {
        Some(context) => context.all_properties(over, variable).map_err(|mistakes| target::mistaken(&mistakes))?,
        None => over.to_vec(),
    };
    let understood = match context {
        Some(context) => context.connection(over, variable),
        None => config::understood(over.to_vec()),
    };
    let (ignored, summary) = match &understood {
        Ok(connection) => (connection.ignored.clone(), connection.security.words()),
        // It is shown what stands there all the same: that is what one looks at to find the mistake.
        Err(mistakes) => (Vec::new(), format!("unusable: {}", config::words(mistakes))),
    };
    let mut rows =
        vec![Row { key: "security".to_owned(), value: summary, by: "what all of this comes to".to_owned(), state: State::InForce }];
    let own = context.filter(|context| !context.bootstrap.is_empty() && context.found.is_none());
    let by_property = over.iter().any(|property| config::names_a_cluster(&property.key));
    if let Some(text) = &common.bootstrap {
        let by = "--bootstrap".to_owned();
        rows.push(Row { key: "bootstrap".to_owned(), value: text.clone(), by, state: State::InForce });
    }
    if let Some(context) = own {
        let list: Vec<String> = context.bootstrap.iter().map(ToString::to_string).collect();
        let state = if common.bootstrap.is_some() || by_property { State::Overridden } else { State::InForce };
        let by = format!("{}, line {}", config::FILE_NAME, context.line);
        rows.push(Row { key: "bootstrap".to_owned(), value: list.join(","), by, state });
    }
    for (n, property) in all.iter().enumerate().rev() {
        if config::is_marker(&property.key) {
            continue;
        }
        let names = config::names_a_cluster(&property.key);
        let later = all.iter().skip(n + 1).any(|later| later.key == property.key);
        let beaten = names && (common.bootstrap.is_some() || (own.is_some() && !over.contains(property)));
        let state = match () {
            () if later || beaten => State::Overridden,
            () if ignored.contains(&property.by) => State::Ignored,
            () => State::InForce,
        };
        rows.push(Row { key: property.key.clone(), value: value(property), by: property.by.to_string(), state });
    }
    if redact {
        for row in &mut rows {
            row.value = shortened(&row.key, &row.value);
        }
    }
    Ok(rows)
}

/// What holds for changes, and what else a context says.
fn rules(context: &Context, config: &Config, common: &Common, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Row> {
    let prefix = |key: &str| [format!("contexts.{}.{key}", context.name), format!("contexts.{:?}.{key}", context.name)];
    let told = |key: &str| config.told.iter().find(|told| prefix(key).contains(&told.name) && matches!(told.origin, Origin::File(_)));
    let row = |key: &str, value: String, by: String| Row { key: key.to_owned(), value, by, state: State::InForce };
    let mut rows = Vec::new();
    for (key, default) in [("color", "none"), ("guard", "\"none\""), ("expect_cluster_id", "none")] {
        rows.push(match told(key) {
            Some(told) => row(key, told.value.clone(), origin(&told.origin)),
            None => row(key, default.to_owned(), "default".to_owned()),
        });
    }
    let set = variable("KSCOPE_READONLY").is_some_and(|value| !matches!(value.trim(), "" | "0" | "false" | "no" | "off"));
    let own = match (told("readonly"), &context.found) {
        (Some(told), _) => Some((told.value.clone(), origin(&told.origin))),
        (None, Some(found)) if context.readonly == ReadOnly::Yes => Some(("true".to_owned(), found.shown.to_string())),
        _ => None,
    };
    let flag = if common.readonly { Some("--readonly") } else { Some("KSCOPE_READONLY").filter(|_| set) };
    let lifted = common.write && context.readonly == ReadOnly::Default;
    let above = flag.map(|by| ("true", by)).or_else(|| lifted.then_some(("false", "--write")));
    if let Some((value, by)) = above {
        rows.push(row("readonly", value.to_owned(), by.to_owned()));
    }
    let (value, by) = own.unwrap_or(("false".to_owned(), "default".to_owned()));
    let state = if above.is_some() { State::Overridden } else { State::InForce };
    rows.push(Row { state, ..row("readonly", value, by) });
    let timeout = common.timeout.clone().map_or_else(|| ("10s".to_owned(), "default"), |text| (text, "--timeout"));
    rows.push(row("timeout", timeout.0, timeout.1.to_owned()));
    rows
}

/// As it may be shown; of a secret, where it is.
fn value(property: &Property) -> String {
    match &property.value {
        SecretFrom::Text(_) if is_secret(&property.key) => "***".to_owned(),
        SecretFrom::Text(text) => text.expose().to_owned(),
        SecretFrom::Variable(name) => format!("***(variable {name})"),
        SecretFrom::File(path) => format!("***(file {})", path.display()),
        SecretFrom::Command(_) => "***(a command)".to_owned(),
        SecretFrom::Keyring { service, user } => format!("***(keyring {service}/{user})"),
    }
}

/// Values that say nothing of whom they belong to.
const PLAIN: [&str; 9] = [
    "security",
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "kscope.tls.verify",
    "kscope.sasl.clear_text",
    "enable.ssl.certificate.verification",
    "ssl.endpoint.identification.algorithm",
    "ssl.truststore.type",
];

/// Enough to see what kind of a value it is, and nothing of what it is.
fn shortened(key: &str, value: &str) -> String {
    if (PLAIN.contains(&key) && !value.starts_with("unusable")) || value == "***" || value.is_empty() {
        return value.to_owned();
    }
    if key == "security" {
        return "unusable".to_owned();
    }
    if let Some(kind) = value.strip_prefix("***(") {
        return format!("***({})", kind.split([' ', ')']).next().unwrap_or_default());
    }
    if key == "bootstrap" || config::names_a_cluster(key) {
        let one = |address: &str| match address.rsplit_once(':') {
            Some((host, port)) => format!("{}:{port}", initial(host)),
            None => initial(address),
        };
        return value.split(',').map(one).collect::<Vec<_>>().join(",");
    }
    if key.ends_with("location") {
        return match value.rsplit_once('.') {
            Some((_, end)) if !end.contains('/') => format!("….{end}"),
            _ => "…".to_owned(),
        };
    }
    initial(value)
}

fn initial(text: &str) -> String {
    text.chars().take(1).chain(['…']).collect()
}

/// `/home/me/x/client.properties:3 sasl.mechanism` without the folders, and without names in brackets.
fn short_places(by: &str) -> String {
    let word = |word: &str| match word.rsplit_once('/') {
        Some((_, file)) => file.to_owned(),
        None => word.to_owned(),
    };
    let short = by.split(' ').map(word).collect::<Vec<_>>().join(" ");
    match (short.split_once('['), short.rsplit_once(']')) {
        (Some((before, _)), Some((_, behind))) => format!("{before}[…]{behind}"),
        _ => short,
    }
}

fn as_text(context: Option<&Context>, rows: &[Row]) -> String {
    let mut out = String::new();
    if let Some(found) = context.and_then(|context| context.found.as_ref())
        && let Some(why) = &found.unusable
    {
        let _written = writeln!(out, "# unusable: {}", Shown::of(why));
    }
    let lines: Vec<(String, &Row)> =
        rows.iter().map(|row| (Shown::of(&format!("{} = {}", row.key, row.value)).into_string(), row)).collect();
    let width = lines.iter().map(|(line, _)| crate::text::width(line)).max().unwrap_or(0).min(60);
    for (line, row) in lines {
        let pad = " ".repeat(width.saturating_sub(crate::text::width(&line)));
        let state = if row.state == State::InForce { String::new() } else { format!(" ({})", row.state.word()) };
        // Writing to a String does not fail.
        let _written = writeln!(out, "{line}{pad}  # {}{state}", Shown::of(&row.by));
    }
    for left in context.iter().filter_map(|context| context.found.as_ref()).flat_map(|found| &found.left_out) {
        let _written = writeln!(out, "# without {}", Shown::of(left));
    }
    out
}

fn as_json(context: Option<&Context>, rows: &[Row], redact: bool) -> String {
    let one = |row: &Row| json!({"name": row.key, "value": row.value, "origin": row.by, "state": row.state.word()});
    let name = context.map(|context| if redact { initial(&context.name) } else { context.name.clone() });
    json!({"context": name, "settings": rows.iter().map(one).collect::<Vec<_>>()}).to_string() + "\n"
}

/// What cannot be said of no context.
pub(super) fn needs_a_context() -> Failure {
    failure_of("read the arguments", "--effective is about a context: kscope config show NAME --effective".to_owned())
}

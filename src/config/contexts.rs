//! `[contexts.NAME]`: clusters by name, with what holds for them.

use super::Config;
use super::file::{Entry, Reading};
use super::given::{Given, Wrong};
use crate::core::context::{Guard, Hue};
use crate::io::kafka::Address;
use crate::model::ClusterId;
use crate::text::meant;

/// A cluster with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub name: String,
    /// Never empty.
    pub bootstrap: Vec<Address>,
    pub hue: Option<Hue>,
    pub readonly: ReadOnly,
    pub guard: Guard,
    pub expect_cluster_id: Option<ClusterId>,
    /// Its line in the file, from 1: what is refused because of it names it.
    pub line: usize,
}

/// Whether its cluster may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadOnly {
    #[default]
    No,
    /// Unless one run says otherwise.
    Default,
    Yes,
}

const KEYS: [&str; 5] = ["bootstrap", "color", "readonly", "guard", "expect_cluster_id"];

/// What is known of other releases, and the sentence about it.
const LATER: [(&str, &str); 6] = [
    ("tls", "TLS is not in this release: it connects to PLAINTEXT listeners"),
    ("sasl", "SASL is not in this release: it connects to listeners without authentication"),
    ("registry", "schema registries are not in this release"),
    ("properties", "client properties are not in this release: bootstrap names the cluster"),
    ("properties_file", "client properties are not in this release: bootstrap names the cluster"),
    ("strimzi_dir", "TLS is not in this release: it connects to PLAINTEXT listeners"),
];

const HUES: &[(&str, Hue)] =
    &[("red", Hue::Red), ("amber", Hue::Amber), ("green", Hue::Green), ("cyan", Hue::Cyan), ("blue", Hue::Blue), ("purple", Hue::Purple)];

const GUARDS: &[(&str, Guard)] = &[("none", Guard::None), ("ask", Guard::Ask), ("typed", Guard::Typed)];

pub(super) fn take(config: &mut Config, reading: &mut Reading<'_, '_>, table: &Entry) {
    for entry in reading.table("", table).unwrap_or_default() {
        if let Some(context) = one(config, reading, entry) {
            config.contexts.push(context);
        }
    }
    config.contexts.sort_by(|a, b| a.name.cmp(&b.name));
}

fn one(config: &mut Config, reading: &mut Reading<'_, '_>, table: &Entry) -> Option<Context> {
    let name = table.key();
    if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || ",/".contains(c)) {
        reading.problem_at_key(table, "the name of a context is one word without , and /", None);
        return None;
    }
    let (mut bootstrap, mut hue, mut readonly, mut guard, mut expect) = (None, None, ReadOnly::No, Guard::None, None);
    let dotted = format!("contexts.{name}");
    let entries = reading.table("contexts", table)?;
    for entry in entries {
        let known = match entry.key() {
            "bootstrap" => reading.checked(entry, addresses).map(|list| bootstrap = Some(list)),
            "color" => reading.checked(entry, |given| given.one_of(HUES)).map(|it| hue = Some(it)),
            "readonly" => reading.checked(entry, read_only).map(|it| readonly = it),
            "guard" => reading.checked(entry, |given| given.one_of(GUARDS)).map(|it| guard = it),
            "expect_cluster_id" => reading.checked(entry, cluster_id).map(|it| expect = Some(it)),
            key => {
                match LATER.iter().find(|(later, _)| *later == key) {
                    Some((_, sentence)) => reading.problem_at_key(entry, &format!("{dotted}.{key}: {sentence}"), None),
                    None => reading.unknown(entry, "setting of a context named", &KEYS),
                }
                None
            }
        };
        if known.is_some() {
            config.tell(reading.source(), &dotted, entry);
        }
    }
    if bootstrap.is_none() && !entries.iter().any(|entry| entry.key() == "bootstrap" || LATER.iter().any(|(key, _)| *key == entry.key())) {
        reading.problem(table, &format!("{dotted} has no bootstrap"), Some("bootstrap = [\"HOST:PORT\"]".to_owned()));
    }
    let line = reading.source().line_of(table.span().start);
    let name = name.to_owned();
    // One whose addresses are wrong is still known by its name: that is one problem, not two.
    Some(Context { name, bootstrap: bootstrap.unwrap_or_default(), hue, readonly, guard, expect_cluster_id: expect, line })
}

fn addresses(given: Given<'_>) -> Result<Vec<Address>, Wrong> {
    let mut all = Vec::new();
    for (text, span) in given.texts()? {
        let list = Address::parse_list(text).map_err(|bad| Wrong { span, ..Wrong::new(bad.to_string()) })?;
        all.extend(list.into_iter().filter(|address| !all.contains(address)).collect::<Vec<_>>());
    }
    if all.is_empty() { Err(Wrong::new("no address is given").hint("[\"HOST:PORT\"]")) } else { Ok(all) }
}

fn read_only(given: Given<'_>) -> Result<ReadOnly, Wrong> {
    if let Ok("default") = given.text() {
        return Ok(ReadOnly::Default);
    }
    let wrong = |_| Wrong::new("true, false or \"default\" is wanted here");
    given.bool().map(|yes| if yes { ReadOnly::Yes } else { ReadOnly::No }).map_err(wrong)
}

/// The id as brokers tell it; what a broker would never say is a mistake.
fn cluster_id(given: Given<'_>) -> Result<ClusterId, Wrong> {
    let text = given.text()?;
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Wrong::new("a cluster's id is one word").hint("`kafka-cluster.sh cluster-id` tells it"));
    }
    Ok(ClusterId::new(text))
}

/// What to say about a name that no context has.
pub fn hint(name: &str, contexts: &[Context]) -> Option<String> {
    let names = contexts.iter().map(|context| context.name.as_str());
    match meant(name, names.clone()) {
        Some(near) => Some(format!("did you mean {near}?")),
        None if contexts.is_empty() => Some("no context is configured: [contexts.NAME] in config.toml".to_owned()),
        None => Some(format!("there are {}", names.take(12).collect::<Vec<_>>().join(", "))),
    }
}

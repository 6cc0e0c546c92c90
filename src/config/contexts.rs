//! `[contexts.NAME]`: clusters by name, with what holds for them.

pub(super) mod security;

use std::path::PathBuf;

use super::Config;
use super::connection::{self, Connection};
use super::file::{Entry, Reading};
use super::found::Found;
use super::given::{Given, Wrong};
use super::properties::{self, Mistake, Property};
use super::strimzi;
use crate::core::context::{Guard, Hue};
use crate::io::kafka::{Address, Said};
use crate::model::ClusterId;
use crate::text::meant;

/// A cluster with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub name: String,
    /// Empty when properties name it.
    pub bootstrap: Vec<Address>,
    /// What its tables say of TLS and SASL, in the words of clients, and its own properties.
    pub properties: Vec<Property>,
    /// A file of a client, below all that.
    pub properties_file: Option<Said<PathBuf>>,
    /// Folders of Strimzi's secrets, below that file.
    pub strimzi: Vec<Said<PathBuf>>,
    pub hue: Option<Hue>,
    pub readonly: ReadOnly,
    pub guard: Guard,
    pub expect_cluster_id: Option<ClusterId>,
    /// Its line in the file, from 1: what is refused because of it names it. 0 of one that is found elsewhere.
    pub line: usize,
    /// Where it was found, when that is not config.toml.
    pub found: Option<Box<Found>>,
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

impl Context {
    /// One that says nothing but this.
    pub(super) fn bare(name: &str, bootstrap: Vec<Address>, properties: Vec<Property>) -> Self {
        Self {
            name: name.to_owned(),
            bootstrap,
            properties,
            properties_file: None,
            strimzi: Vec::new(),
            hue: None,
            readonly: ReadOnly::No,
            guard: Guard::None,
            expect_cluster_id: None,
            line: 0,
            found: None,
        }
    }

    /// How to come to it: the client's file, under what the context says, under `over`.
    ///
    /// # Errors
    /// Whatever is wrong with them, with who said it.
    pub fn connection(&self, over: &[Property], variable: &dyn Fn(&str) -> Option<String>) -> Result<Connection, Vec<Mistake>> {
        if let Some((found, why)) = self.found.as_ref().and_then(|found| Some((found, found.unusable.as_ref()?))) {
            return Err(vec![Mistake::new(&format!("{} {}", found.shown, self.name).into(), why)]);
        }
        let all = self.all_properties(over, variable)?;
        let named = over.iter().any(|property| connection::names_a_cluster(&property.key));
        let mut connection = connection::understood(all)?;
        if !self.bootstrap.is_empty() && !named {
            connection.bootstrap = Some(self.bootstrap.clone());
        }
        Ok(connection)
    }

    /// Everything that is said of the connection, in the order in which it counts: the last of a key wins.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn all_properties(&self, over: &[Property], variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Property>, Vec<Mistake>> {
        let mut all = strimzi::properties(&self.strimzi)?;
        all.extend(match &self.properties_file {
            Some(file) => properties::of_file(&file.value, variable).map_err(|mut mistakes| {
                for mistake in &mut mistakes {
                    mistake.message = format!("{} (named by {})", mistake.message, file.by);
                }
                mistakes
            })?,
            None => Vec::new(),
        });
        all.extend(self.properties.iter().chain(over).cloned());
        Ok(all)
    }
}

pub(super) const KEYS: [&str; 10] =
    ["bootstrap", "color", "readonly", "guard", "expect_cluster_id", "tls", "sasl", "properties", "properties_file", "strimzi_dir"];

/// What is known of other releases, and the sentence about it.
const LATER: [(&str, &str); 1] = [("registry", "schema registries are not in this release")];

pub(super) const HUES: &[(&str, Hue)] =
    &[("red", Hue::Red), ("amber", Hue::Amber), ("green", Hue::Green), ("cyan", Hue::Cyan), ("blue", Hue::Blue), ("purple", Hue::Purple)];

pub(super) const GUARDS: &[(&str, Guard)] = &[("none", Guard::None), ("ask", Guard::Ask), ("typed", Guard::Typed)];

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
    let (mut own, mut file, mut strimzi) = (Vec::new(), None, Vec::new());
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
            "properties_file" => reading.checked(entry, |given| given.text().map(str::to_owned)).map(|text| {
                let by = security::said_by(reading, &dotted, entry);
                file = Some(Said::new(super::resolved(&text, &security::beside(reading)), by));
            }),
            "strimzi_dir" => {
                let folders = |given: Given<'_>| given.texts().map(|texts| texts.into_iter().map(|(text, _)| text.to_owned()).collect());
                reading.checked(entry, folders).map(|texts: Vec<String>| {
                    let (by, beside) = (security::said_by(reading, &dotted, entry), security::beside(reading));
                    strimzi = texts.iter().map(|text| Said::new(super::resolved(text, &beside), std::sync::Arc::clone(&by))).collect();
                })
            }
            "tls" | "sasl" | "properties" => {
                security::take(config, reading, &dotted, entry, &mut own);
                None
            }
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
    let elsewhere = |entry: &Entry| ["bootstrap", "properties", "properties_file", "strimzi_dir"].contains(&entry.key());
    if bootstrap.is_none() && !entries.iter().any(elsewhere) {
        reading.problem(table, &format!("{dotted} has no bootstrap"), Some("bootstrap = [\"HOST:PORT\"]".to_owned()));
    }
    let line = reading.source().line_of(table.span().start);
    let name = name.to_owned();
    // One whose addresses are wrong is still known by its name: that is one problem, not two.
    let bootstrap = bootstrap.unwrap_or_default();
    let expect_cluster_id = expect;
    Some(Context {
        name,
        bootstrap,
        properties: own,
        properties_file: file,
        strimzi,
        hue,
        readonly,
        guard,
        expect_cluster_id,
        line,
        found: None,
    })
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
pub fn hint<'c>(name: &str, contexts: impl Iterator<Item = &'c Context> + Clone) -> Option<String> {
    let names = contexts.map(|context| context.name.as_str());
    match meant(name, names.clone()) {
        Some(near) => Some(format!("did you mean {near}?")),
        None if names.clone().next().is_none() => Some("no context is configured: [contexts.NAME] in config.toml".to_owned()),
        None => Some(format!("there are {}", names.take(12).collect::<Vec<_>>().join(", "))),
    }
}

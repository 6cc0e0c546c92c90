//! The table of all settings of `[ui]`, `[messages]`, `[groups]` and `[limits]`: name, and how its value is understood. Files and
//! environment variables go through the same rows.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::file::{Entry, Place, Problem, Reading};
use super::given::{Given, Wrong};
use super::{Config, Origin, resolved};
use crate::core::command::{self, Typed};
use crate::core::stream::{Isolation, StartAt};
use crate::query::{parse_position, when};
use crate::text::{TimeFormat, nearest};

/// Which theme: a built-in one, or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThemeName {
    /// Dark or light, as the terminal is.
    Auto,
    Dark,
    Light,
    Mono,
    Sixteen,
    File(PathBuf),
}

/// How many colours to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// What the terminal has; none with NO_COLOR.
    Auto,
    /// What the terminal has, 16 at least.
    Always,
    Never,
    Sixteen,
    Many,
    True,
}

/// A setting: its table, its name, how it is set. `beside` is the folder that paths are looked for in.
pub(super) struct Setting {
    pub table: &'static str,
    pub name: &'static str,
    set: fn(&mut Config, Given<'_>, &Path) -> Result<(), Wrong>,
}

const fn row(table: &'static str, name: &'static str, set: fn(&mut Config, Given<'_>, &Path) -> Result<(), Wrong>) -> Setting {
    Setting { table, name, set }
}

/// Every setting, in the order of the default file.
pub(super) const SETTINGS: &[Setting] = &[
    row("ui", "theme", |config, given, beside| theme(given.text()?, beside).map(|theme| config.ui.theme = theme)),
    row("ui", "color", |config, given, _| given.one_of(COLORS).map(|color| config.ui.color = color)),
    row("ui", "mouse", |config, given, _| given.bool().map(|mouse| config.ui.mouse = mouse)),
    row("ui", "refresh", |config, given, _| refresh(given.text()?).map(|refresh| config.ui.refresh = refresh)),
    row("ui", "time", |config, given, _| given.one_of(TIMES).map(|time| config.ui.time = time)),
    row("ui", "zone", |config, given, _| zone(given.text()?).map(|zone| config.ui.zone = zone)),
    row("ui", "start", |config, given, _| start(given.text()?).map(|start| config.ui.start = start)),
    row("messages", "buffer", |config, given, _| given.count(1..=10_000_000).map(|records| config.messages.buffer.records = records)),
    row("messages", "buffer_bytes", |config, given, _| size(given.text()?, 64 << 10).map(|bytes| config.messages.buffer.bytes = bytes)),
    row("messages", "start", |config, given, _| start_at(given.text()?).map(|start| config.messages.start = start)),
    row("messages", "isolation", |config, given, _| given.one_of(ISOLATIONS).map(|isolation| config.messages.isolation = isolation)),
    row("groups", "stalled_after", |config, given, _| refresh(given.text()?).map(|after| config.groups.stalled_after = after)),
    row("limits", "record", |config, given, _| size(given.text()?, 1 << 20).map(|bytes| config.limits.record = bytes)),
    row("limits", "record_alone", |config, given, _| size(given.text()?, 1 << 20).map(|bytes| config.limits.record_alone = bytes)),
    row("limits", "search_rate", |config, given, _| allowance(given.text()?).map(|rate| config.limits.search_rate = rate)),
    row("limits", "guarded_search_rate", |config, given, _| allowance(given.text()?).map(|rate| config.limits.guarded_search_rate = rate)),
    row("limits", "search_memory", |config, given, _| memory(given.text()?).map(|bytes| config.limits.search_memory = bytes)),
    row("limits", "search_bytes", |config, given, _| allowance(given.text()?).map(|bytes| config.limits.search_bytes = bytes)),
];

const COLORS: &[(&str, Color)] = &[
    ("auto", Color::Auto),
    ("always", Color::Always),
    ("never", Color::Never),
    ("16", Color::Sixteen),
    ("256", Color::Many),
    ("truecolor", Color::True),
];

const TIMES: &[(&str, Option<TimeFormat>)] = &[
    ("full", Some(TimeFormat::Full)),
    ("clock", Some(TimeFormat::Clock)),
    ("age", Some(TimeFormat::Age)),
    ("epoch", Some(TimeFormat::Epoch)),
    ("hidden", None),
];

const ISOLATIONS: &[(&str, Isolation)] = &[("read_uncommitted", Isolation::ReadUncommitted), ("read_committed", Isolation::ReadCommitted)];

const THEMES: [(&str, ThemeName); 5] = [
    ("auto", ThemeName::Auto),
    ("dark", ThemeName::Dark),
    ("light", ThemeName::Light),
    ("mono", ThemeName::Mono),
    ("16", ThemeName::Sixteen),
];

/// One of the three tables.
pub(super) fn take(config: &mut Config, reading: &mut Reading<'_, '_>, table: &Entry) {
    let beside = reading.source().path().parent().unwrap_or(Path::new("")).to_owned();
    for entry in reading.table("", table).unwrap_or_default() {
        let of_table = SETTINGS.iter().filter(|setting| setting.table == table.key());
        let Some(setting) = of_table.clone().find(|setting| setting.name == entry.key()) else {
            let known: Vec<&str> = of_table.map(|setting| setting.name).collect();
            reading.unknown(entry, &format!("setting in [{}] named", table.key()), &known);
            continue;
        };
        if reading.checked(entry, |given| (setting.set)(config, given, &beside)).is_some() {
            config.tell(reading.source(), table.key(), entry);
        }
    }
    if table.key() == "limits" && config.limits.record > config.limits.record_alone {
        reading.problem(table, "record is larger than record_alone, which bounds it", None);
    }
}

/// The variable of a setting: `KSCOPE_UI_THEME`.
pub(super) fn variable_of(setting: &Setting) -> String {
    format!("KSCOPE_{}_{}", setting.table, setting.name).to_uppercase()
}

/// Lays the variables over what the files said.
pub(super) fn from_environment(config: &mut Config, variable: &dyn Fn(&str) -> Option<String>, problems: &mut Vec<Problem>) {
    for setting in SETTINGS {
        let name = variable_of(setting);
        let Some(value) = variable(&name).filter(|value| !value.is_empty()) else { continue };
        match (setting.set)(config, Given::Word(&value), Path::new("")) {
            Ok(()) => config.told_of(format!("{}.{}", setting.table, setting.name), format!("{value:?}"), Origin::Variable(name)),
            Err(wrong) => problems.push(Problem { place: Place::Variable { name, value }, message: wrong.message, hint: wrong.hint }),
        }
    }
}

/// A name, or a path: what has a slash or ends in `.toml`.
fn theme(text: &str, beside: &Path) -> Result<ThemeName, Wrong> {
    if let Some((_, theme)) = THEMES.into_iter().find(|(name, _)| *name == text) {
        return Ok(theme);
    }
    if text.contains('/') || Path::new(text).extension().is_some_and(|extension| extension == "toml") {
        return Ok(ThemeName::File(resolved(text, beside)));
    }
    let names = THEMES.map(|(name, _)| name);
    let wrong = Wrong::new(format!("{text:?} is no theme"));
    Err(match nearest(text, names) {
        Some(name) => wrong.hint(format!("did you mean {name:?}?")),
        None => wrong.hint(format!("there are {}, and paths: \"./mine.toml\"", names.join(", "))),
    })
}

fn refresh(text: &str) -> Result<Duration, Wrong> {
    let range = Duration::from_millis(500)..=Duration::from_secs(3600);
    let duration = when::duration(text).map_err(Wrong::new)?;
    if range.contains(&duration) { Ok(duration) } else { Err(Wrong::new("a duration from 500ms to 1h is wanted here")) }
}

fn zone(text: &str) -> Result<TimeZone, Wrong> {
    match text {
        "UTC" => Ok(TimeZone::UTC),
        "local" => Ok(TimeZone::system()),
        _ if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("local") => {
            Err(Wrong::new(format!("{text:?} is no time zone")).hint("it is written \"UTC\" or \"local\""))
        }
        name => TimeZone::get(name).map_err(|_unknown| {
            Wrong::new(format!("this system knows no time zone {name:?}")).hint("UTC, local, or a name such as \"Europe/Berlin\"")
        }),
    }
}

fn start(text: &str) -> Result<String, Wrong> {
    let line = text.strip_prefix(':').ok_or_else(|| Wrong::new("a command begins with a colon").hint("for example \":topics\""))?;
    match command::read(line) {
        Ok(Typed::Overview | Typed::Topics { context: None, .. } | Typed::Groups { context: None, .. } | Typed::Log) => {
            Ok(line.trim().to_owned())
        }
        Ok(_) => Err(Wrong::new(format!("{text:?} is no first screen"))
            .hint("there are \":overview\", \":topics\", \":topics /FILTER\", \":groups\", \":groups /FILTER\" and \":log\"")),
        Err(sentence) => Err(Wrong::new(sentence)),
    }
}

fn start_at(text: &str) -> Result<StartAt, Wrong> {
    if let Some(number) = text.strip_prefix("newest:") {
        let newest = number.parse::<u64>().ok().filter(|n| (1..=1_000_000).contains(n));
        return newest
            .map(StartAt::Newest)
            .ok_or_else(|| Wrong::new("behind newest: stands a number of records, up to 1000000").hint("for example \"newest:500\""));
    }
    let text = if text == "live" { "latest" } else { text };
    parse_position(text).map(StartAt::Position).map_err(|error| {
        let hint = match nearest(text, ["live", "earliest", "newest:500"]) {
            Some(word) => format!("did you mean {word:?}?"),
            None => "newest:500, live, earliest, -500, 15m or a time".to_owned(),
        };
        Wrong::new(error.message).hint(hint)
    })
}

/// `none`, or a number of bytes of at least 64 KiB.
fn allowance(text: &str) -> Result<Option<u64>, Wrong> {
    if text == "none" {
        return Ok(None);
    }
    match when::size(text).map_err(Wrong::new)? {
        bytes if bytes >= 64 << 10 => Ok(Some(bytes)),
        _ => Err(Wrong::new("none, or a size from 64KiB on, is wanted here")),
    }
}

fn memory(text: &str) -> Result<usize, Wrong> {
    if text == "none" { Ok(0) } else { size(text, 1 << 20) }
}

fn size(text: &str, least: u64) -> Result<usize, Wrong> {
    const MOST: u64 = 1 << 30;
    let bytes = when::size(text).map_err(Wrong::new)?;
    if !(least..=MOST).contains(&bytes) {
        let least = if least < 1 << 20 { format!("{}KiB", least >> 10) } else { format!("{}MiB", least >> 20) };
        return Err(Wrong::new(format!("a size from {least} to 1GiB is wanted here")));
    }
    usize::try_from(bytes).map_err(|_large| Wrong::new("the size is too large"))
}

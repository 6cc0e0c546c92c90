//! Changes of config.toml as text: a context is added at its end, single keys are set and taken away, everything else stays as
//! it is, comments too. What comes out was read by kscope's own parser before it is given back: a file that would not load is
//! never written.
//!
//! [`add`], [`set`] and [`remove`] are pure but for the files that the text names, which are looked for beside its path; `import` makes a [`NewContext`] of one that was found; `store` writes.

mod import;
mod store;

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, Value};

use super::file::Problem;
use super::{Config, FILE_NAME, ReadOnly, contexts};
use crate::core::context::{Guard, Hue};

pub use import::{Import, NewSecret, import, of_properties};
pub use store::{Unwritten, write, write_secret};

/// A value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Text(String),
    Flag(bool),
    List(Vec<String>),
}

impl Setting {
    /// As it stands behind the equals sign.
    fn text(&self) -> String {
        // On one line, whatever is in it: a line of a value must not look like one of the file.
        let quoted = |text: &str| serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F");
        match self {
            Self::Text(text) => quoted(text),
            Self::Flag(flag) => flag.to_string(),
            Self::List(list) => format!("[{}]", list.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
        }
    }

    fn toml(&self) -> Result<Value, Problem> {
        self.text().parse().map_err(|_error| problem("it cannot be written".to_owned(), None))
    }
}

/// A context to be written. What is empty or as it is without a word is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewContext {
    pub name: String,
    /// `HOST:PORT` each.
    pub bootstrap: Vec<String>,
    pub color: Option<Hue>,
    pub readonly: ReadOnly,
    pub guard: Guard,
    pub expect_cluster_id: Option<String>,
    pub properties_file: Option<String>,
    pub strimzi_dir: Vec<String>,
    /// Keys of `[contexts.NAME.tls]`; an empty table is TLS with the authorities of this system.
    pub tls: Option<Vec<(String, Setting)>>,
    /// Keys of `[contexts.NAME.sasl]`.
    pub sasl: Option<Vec<(String, Setting)>>,
    /// Keys of `[contexts.NAME.properties]`, in the words of clients.
    pub properties: Vec<(String, String)>,
}

impl NewContext {
    /// As it stands in config.toml.
    pub fn to_toml(&self) -> String {
        let text = |text: &str| Setting::Text(text.to_owned());
        let list = |list: &[String]| Some(Setting::List(list.to_vec())).filter(|_| !list.is_empty());
        let readonly = match self.readonly {
            ReadOnly::No => None,
            ReadOnly::Default => Some(text("default")),
            ReadOnly::Yes => Some(Setting::Flag(true)),
        };
        let guard = contexts::GUARDS.iter().find(|(_, guard)| *guard == self.guard && *guard != Guard::None);
        let own = [
            ("bootstrap", list(&self.bootstrap)),
            ("color", self.color.map(|hue| text(hue.word()))),
            ("readonly", readonly),
            ("guard", guard.map(|(word, _)| text(word))),
            ("expect_cluster_id", self.expect_cluster_id.as_deref().map(text)),
            ("properties_file", self.properties_file.as_deref().map(text)),
            ("strimzi_dir", list(&self.strimzi_dir)),
        ];
        let own = own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<Vec<_>>();
        let properties: Vec<(String, Setting)> = self.properties.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        let properties = Some(properties).filter(|all| !all.is_empty());
        let name = toml_edit::Key::new(&self.name).display_repr().into_owned();
        let mut out = String::new();
        let tables = [("", Some(&own)), (".tls", self.tls.as_ref()), (".sasl", self.sasl.as_ref()), (".properties", properties.as_ref())];
        for (below, entries) in tables {
            let Some(entries) = entries else { continue };
            out += "[contexts.";
            out += &name;
            out += below;
            out += "]\n";
            for (key, value) in entries {
                out += &toml_edit::Key::new(key).display_repr();
                out += " = ";
                out += &value.text();
                out.push('\n');
            }
        }
        out
    }
}

/// The text of a file with this context at its end.
///
/// # Errors
/// The name is taken, or is no name; the file is wrong already; or it would not be read.
pub fn add(path: &Path, text: &str, context: &NewContext) -> Result<String, Problem> {
    let before = loaded(path, text)?;
    if before.context(&context.name).is_some() {
        let free = (2..1000).map(|n: u32| format!("{}-{n}", context.name)).find(|name| before.context(name).is_none()).unwrap_or_default();
        return Err(problem(format!("there is a context {} already", context.name), Some(format!("another name: --name {free}"))));
    }
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = text.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out += line_end;
    }
    if !out.is_empty() {
        out += line_end;
    }
    // Files of its secrets are not there yet.
    let without = |value: &str| if value.starts_with("${dir:") { String::new() } else { value.to_owned() };
    let properties = context.properties.iter().map(|(key, value)| (key.clone(), without(value))).collect();
    let probe = NewContext { properties, ..context.clone() };
    let after = loaded(path, &format!("{out}{}", probe.to_toml()))?;
    out += &context.to_toml().replace('\n', line_end);
    match after.context(&context.name) {
        Some(_) => Ok(out),
        None => Err(problem(format!("{:?} is no name of a context", context.name), Some("one word without , and /".to_owned()))),
    }
}

/// The text with a key of a context set, `tls.ca` for one in a table of it; `None` takes the key away.
///
/// # Errors
/// There is no such context, the file is wrong, or would be.
pub fn set(path: &Path, text: &str, context: &str, key: &str, value: Option<&Setting>) -> Result<String, Problem> {
    let mut document = document(path, text)?;
    let mut table = of_context(&mut document, context)?;
    let (within, last) = key.split_once('.').map_or((None, key), |(table, key)| (Some(table), key));
    if let Some(within) = within {
        if value.is_none() && !table.contains_key(within) {
            return Ok(text.to_owned());
        }
        let below = table.entry(within).or_insert_with(|| Item::Table(Table::new()));
        table = below.as_table_like_mut().ok_or_else(|| problem(format!("contexts.{context}.{within} is no table"), None))?;
    }
    match (value, table.get_mut(last).and_then(Item::as_value_mut)) {
        (None, _) => {
            table.remove(last);
        }
        // The comment behind it stays.
        (Some(setting), Some(old)) => {
            let decor = old.decor().clone();
            *old = setting.toml()?;
            *old.decor_mut() = decor;
        }
        (Some(setting), None) => {
            table.insert(last, Item::Value(setting.toml()?));
        }
    }
    checked(path, document.to_string())
}

/// The text without a context.
///
/// # Errors
/// There is no such context, or the file is wrong without it: it may be the default one.
pub fn remove(path: &Path, text: &str, context: &str) -> Result<String, Problem> {
    let mut document = document(path, text)?;
    of_context(&mut document, context)?;
    let contexts = document.get_mut("contexts").and_then(Item::as_table_like_mut);
    let removed = contexts.and_then(|contexts| contexts.remove(context));
    // What stands right above it is about it; what an empty line parts from it is not, and stays.
    let above = removed.as_ref().and_then(Item::as_table).and_then(|table| table.decor().prefix()?.as_str());
    if let Some((above, _)) = above.and_then(|above| above.rsplit_once("\n\n").or_else(|| above.rsplit_once("\n\r\n"))) {
        let all = format!("{}{above}\n", document.trailing().as_str().unwrap_or_default());
        document.set_trailing(all);
    }
    checked(path, document.to_string())
}

/// What kscope makes of a text that would be its file.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn loaded(path: &Path, text: &str) -> Result<Config, Problem> {
    Config::of(Some((path, text)), &|_| None)
        .map_err(|problems| problems.0.into_iter().next().unwrap_or_else(|| problem("it would not load".to_owned(), None)))
}

fn checked(path: &Path, text: String) -> Result<String, Problem> {
    loaded(path, &text).map(|_config| text)
}

fn document(path: &Path, text: &str) -> Result<DocumentMut, Problem> {
    // Our own parser says better what is wrong.
    loaded(path, text)?;
    text.strip_prefix('\u{feff}').unwrap_or(text).parse().map_err(|_error| problem("it is no TOML".to_owned(), None))
}

fn of_context<'d>(document: &'d mut DocumentMut, name: &str) -> Result<&'d mut dyn toml_edit::TableLike, Problem> {
    let contexts = document.get_mut("contexts").and_then(Item::as_table_like_mut);
    let context = contexts.and_then(|contexts| contexts.get_mut(name)).and_then(Item::as_table_like_mut);
    context.ok_or_else(|| problem(format!("there is no context {name}"), None))
}

fn problem(message: String, hint: Option<String>) -> Problem {
    Problem { hint, ..Problem::of_file(Path::new(FILE_NAME), message) }
}

#[cfg(test)]
mod tests;

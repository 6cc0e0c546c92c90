//! `[contexts.NAME.tls]`, `[contexts.NAME.sasl]` and `[contexts.NAME.properties]`: all of them become properties, the first
//! two in the words of clients. A secret never stands in the file: `_env`, `_file`, `_command` or `_keyring` behind its name tells where.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::file::{Entry, Reading, Value};
use crate::config::given::{Given, Wrong};
use crate::config::properties::{Property, is_secret};
use crate::config::{Config, Origin, connection, resolved};
use crate::io::kafka::SecretFrom;
use crate::text::Shown;

/// What a key of ours is to clients, and what its value is.
struct Row {
    name: &'static str,
    keys: &'static [&'static str],
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Path,
    Text,
    Flag,
    /// A secret: its name has an ending that tells where.
    Secret,
    /// As `Secret`, and may stand in the file itself.
    Name,
}

const TLS: &[Row] = &[
    Row { name: "ca", keys: &["ssl.ca.location"], kind: Kind::Path },
    Row { name: "cert", keys: &["ssl.certificate.location"], kind: Kind::Path },
    Row { name: "key", keys: &["ssl.key.location"], kind: Kind::Path },
    Row { name: "keystore", keys: &["ssl.keystore.location"], kind: Kind::Path },
    Row { name: "truststore", keys: &["ssl.truststore.location"], kind: Kind::Path },
    Row { name: "password", keys: &["ssl.keystore.password", "ssl.truststore.password", "ssl.key.password"], kind: Kind::Secret },
    Row { name: "key_password", keys: &["ssl.key.password"], kind: Kind::Secret },
    Row { name: "truststore_password", keys: &["ssl.truststore.password"], kind: Kind::Secret },
    Row { name: "verify", keys: &[connection::VERIFY], kind: Kind::Text },
];

const SASL: &[Row] = &[
    Row { name: "mechanism", keys: &["sasl.mechanism"], kind: Kind::Text },
    Row { name: "username", keys: &["sasl.username"], kind: Kind::Name },
    Row { name: "password", keys: &["sasl.password"], kind: Kind::Secret },
    Row { name: "token", keys: &[connection::TOKEN], kind: Kind::Secret },
    Row { name: "profile", keys: &[connection::PROFILE], kind: Kind::Text },
    Row { name: "region", keys: &[connection::REGION], kind: Kind::Text },
    Row { name: "clear_text", keys: &[connection::CLEAR_TEXT], kind: Kind::Flag },
];

/// Where a secret may be.
pub(in crate::config) const ELSEWHERE: [&str; 4] = ["_env", "_file", "_command", "_keyring"];

/// "config.toml:12 contexts.prod.tls.ca".
pub(super) fn said_by(reading: &Reading<'_, '_>, table: &str, entry: &Entry) -> Arc<str> {
    let source = reading.source();
    let path = Shown::of_bytes(source.path().as_os_str().as_encoded_bytes()).into_string();
    format!("{path}:{} {}", source.line_of(entry.span().start), crate::config::dotted(table, entry.key())).into()
}

/// The folder that paths are looked for in.
pub(super) fn beside(reading: &Reading<'_, '_>) -> PathBuf {
    reading.source().path().parent().unwrap_or(Path::new("")).to_owned()
}

/// Takes one of the three tables of the context that is called so.
pub(super) fn take(config: &mut Config, reading: &mut Reading<'_, '_>, context: &str, table: &Entry, into: &mut Vec<Property>) {
    let dotted = format!("{context}.{}", table.key());
    let folder: Arc<Path> = beside(reading).into();
    let (rows, own) = match table.key() {
        "tls" => (TLS, connection::TLS),
        "sasl" => (SASL, connection::SASL),
        _ => return properties(config, reading, &dotted, table, &folder, into),
    };
    let Some(entries) = reading.table(context, table) else { return };
    let by = said_by(reading, context, table);
    let mut put = |key: &str, value: SecretFrom, by: &Arc<str>| {
        into.push(Property { key: key.to_owned(), value, by: Arc::clone(by), beside: Arc::clone(&folder) });
    };
    put(own, SecretFrom::text("true"), &by);
    // What is said of one store alone counts over what is said of all: it comes later.
    let mut all: Vec<&Entry> = entries.iter().collect();
    all.sort_by_key(|entry| !entry.key().starts_with("password"));
    for entry in all {
        let Some((row, ending)) = row_of(rows, entry.key()) else {
            unknown(reading, table.key(), rows, entry);
            continue;
        };
        let Some(value) = reading.checked(entry, |given| value(given, row.kind, ending, &folder)) else { continue };
        let by = said_by(reading, &dotted, entry);
        for key in row.keys {
            put(key, value.clone(), &by);
        }
        config.tell(reading.source(), &dotted, entry);
    }
}

/// The row of a key, and the ending that tells where a secret is.
fn row_of(rows: &'static [Row], key: &str) -> Option<(&'static Row, &'static str)> {
    rows.iter().find_map(|row| {
        let rest = key.strip_prefix(row.name)?;
        let elsewhere = ELSEWHERE.into_iter().find(|ending| *ending == rest);
        match (row.kind, elsewhere) {
            (Kind::Secret | Kind::Name, Some(ending)) => Some((row, ending)),
            (Kind::Secret, None) => None,
            _ => rest.is_empty().then_some((row, "")),
        }
    })
}

fn value(given: Given<'_>, kind: Kind, ending: &str, folder: &Path) -> Result<SecretFrom, Wrong> {
    if kind == Kind::Flag {
        return given.bool().map(|yes| SecretFrom::text(yes.to_string()));
    }
    let text = given.text()?;
    if text.trim().is_empty() {
        return Err(Wrong::new("nothing stands here"));
    }
    Ok(match ending {
        "_env" => SecretFrom::Variable(text.to_owned()),
        "_file" => SecretFrom::File(resolved(text, folder)),
        "_command" => SecretFrom::Command(text.to_owned()),
        "_keyring" => match text.rsplit_once('/') {
            Some((service, user)) if !service.is_empty() && !user.is_empty() => {
                SecretFrom::Keyring { service: service.to_owned(), user: user.to_owned() }
            }
            _ => return Err(Wrong::new("SERVICE/USER is wanted here").hint("for example \"kafka-prod/ops\"")),
        },
        _ if kind == Kind::Path => SecretFrom::text(resolved(text, folder).to_string_lossy()),
        _ => SecretFrom::text(text),
    })
}

/// Every key of a table, as it may be written: what the schema lists.
pub(in crate::config) fn keys_of(table: &str) -> Vec<(String, &'static str)> {
    let rows = if table == "tls" { TLS } else { SASL };
    let written = |row: &Row| -> Vec<(String, &'static str)> {
        let of = |endings: &[&str]| endings.iter().map(|ending| (format!("{}{ending}", row.name), "string")).collect::<Vec<_>>();
        match row.kind {
            Kind::Secret => of(&ELSEWHERE),
            Kind::Name => of(&["", "_env", "_file", "_command", "_keyring"]),
            Kind::Flag => vec![(row.name.to_owned(), "boolean")],
            _ => of(&[""]),
        }
    };
    rows.iter().flat_map(written).collect()
}

fn unknown(reading: &mut Reading<'_, '_>, table: &str, rows: &'static [Row], entry: &Entry) {
    let key = entry.key();
    if let Some(row) = rows.iter().find(|row| row.kind == Kind::Secret && row.name == key) {
        let hint = ELSEWHERE.map(|ending| format!("{}{ending}", row.name)).join(", ");
        return reading.problem_at_key(entry, "a secret does not stand in this file", Some(format!("{hint} tell where it is")));
    }
    let endings = |row: &Row| match row.kind {
        Kind::Secret => ELSEWHERE.map(|ending| format!("{}{ending}", row.name)).to_vec(),
        _ => vec![row.name.to_owned()],
    };
    let known: Vec<String> = rows.iter().flat_map(endings).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    reading.unknown(entry, &format!("setting of {table} named"), &known);
}

/// Keys of clients, pasted as they are.
fn properties(
    config: &mut Config,
    reading: &mut Reading<'_, '_>,
    dotted: &str,
    table: &Entry,
    folder: &Arc<Path>,
    into: &mut Vec<Property>,
) {
    let Some(entries) = reading.table(dotted, table) else { return };
    for entry in entries {
        let text = match &entry.item().value {
            Value::Integer(Some(number)) => Some(number.to_string()),
            Value::Bool(yes) => Some(yes.to_string()),
            _ => reading.checked(entry, |given| given.text().map(str::to_owned)),
        };
        let Some(text) = text else { continue };
        let by = said_by(reading, dotted, entry);
        let origin = Origin::File(reading.source().line_of(entry.span().start));
        let shown = if is_secret(entry.key()) { "***".to_owned() } else { format!("{text:?}") };
        config.told_of(crate::config::dotted(dotted, entry.key()), shown, origin);
        let reference = |name: &str| std::env::var(name).ok();
        match crate::config::properties::filled(&text, folder, &reference) {
            Ok(text) => into.push(Property { key: entry.key().to_owned(), value: SecretFrom::text(text), by, beside: Arc::clone(folder) }),
            Err((message, hint)) => reading.problem_at_key(entry, &message, hint),
        }
    }
}

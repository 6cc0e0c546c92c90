//! AKHQ and kafka-ui: `application.yml` with tables of Java's keys. `${NAME}` and `${NAME:default}` are variables there; a dollar
//! sign before anything else is just that.

use super::Tool;
use super::rows::{File, Rows};
use crate::config::contexts::Context;
use crate::config::yaml::At;

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A quick look before a file of so common a name is parsed.
pub(super) fn may_be_of(tool: Tool, text: &str) -> bool {
    match tool {
        Tool::Akhq => text.contains("akhq"),
        _ => text.contains("kafka") && text.contains("clusters"),
    }
}

pub(super) fn is_akhq(root: &At<'_>) -> bool {
    root.get("akhq").is_some_and(|at| at.is_map())
}

pub(super) fn is_kafka_ui(root: &At<'_>) -> bool {
    root.get("kafka").and_then(|at| at.get("clusters")).is_some()
}

pub(super) fn akhq(file: &File, root: &At<'_>, variable: Variable<'_>) -> Vec<Context> {
    let connections = root.get("akhq").and_then(|at| at.get("connections")).map(|at| at.entries()).unwrap_or_default();
    let one = |(name, at): &(&str, At<'_>)| {
        let mut rows = Rows::new(file, name);
        if let Some(section) = at.get("properties") {
            carry(&mut rows, &section, variable);
        }
        rows.leave(at.get("schema-registry"), "schema registries are not in this release");
        rows.leave(at.get("connect"), "Kafka Connect is not in this release");
        rows.leave(at.get("ksqldb"), "ksqlDB is not in this release");
        rows.finish()
    };
    connections.iter().map(one).collect()
}

pub(super) fn kafka_ui(file: &File, root: &At<'_>, variable: Variable<'_>) -> Vec<Context> {
    let clusters = root.get("kafka").and_then(|at| at.get("clusters")).map(|at| at.named()).unwrap_or_default();
    let one = |(name, at): &(&str, At<'_>)| {
        let mut rows = Rows::new(file, name);
        rows.readonly = at.get("readOnly").is_some_and(|at| at.is_true());
        if let Some((at, text)) = at.get("bootstrapServers").map(|at| (at.clone(), at.words().join(","))) {
            filled(&mut rows, "bootstrap.servers", &at, &text, variable);
        }
        if let Some(ssl) = at.get("ssl") {
            for (key, name) in [
                ("ssl.truststore.location", "truststoreLocation"),
                ("ssl.truststore.password", "truststorePassword"),
                ("ssl.keystore.location", "keystoreLocation"),
                ("ssl.keystore.password", "keystorePassword"),
            ] {
                if let Some((at, text)) = ssl.get(name).as_ref().and_then(|at| Some((at, at.text()?))) {
                    filled(&mut rows, key, at, text, variable);
                }
            }
        }
        for section in ["properties", "consumerProperties"].iter().filter_map(|name| at.get(name)) {
            carry(&mut rows, &section, variable);
        }
        rows.leave(at.get("schemaRegistry"), "schema registries are not in this release");
        rows.leave(at.get("kafkaConnect"), "Kafka Connect is not in this release");
        rows.leave(at.get("ksqldbServer"), "ksqlDB is not in this release");
        rows.leave(at.get("metrics"), "metrics of brokers are not in this release");
        rows.finish()
    };
    clusters.iter().map(one).collect()
}

fn carry(rows: &mut Rows<'_>, section: &At<'_>, variable: Variable<'_>) {
    for (key, value, at) in section.flat() {
        filled(rows, &key, &at, &value, variable);
    }
}

fn filled(rows: &mut Rows<'_>, key: &str, at: &At<'_>, text: &str, variable: Variable<'_>) {
    match with_variables(text, variable) {
        Ok(value) => rows.say(key, at, value),
        Err(name) => rows.cannot(&format!("{}: the variable {name} is not set", at.path)),
    }
}

/// With variables filled in; an error: the one that is not set.
fn with_variables(text: &str, variable: Variable<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inside, behind)) = from.split_once('}') else {
            out.push_str("${");
            rest = from;
            continue;
        };
        let (name, default) = inside.split_once(':').map_or((inside, None), |(name, default)| (name, Some(default)));
        // Relaxed names: my.password is MY_PASSWORD.
        let upper = || name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect::<String>();
        let value = variable(name).or_else(|| variable(&upper())).or_else(|| default.map(str::to_owned));
        out.push_str(&value.ok_or_else(|| name.to_owned())?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

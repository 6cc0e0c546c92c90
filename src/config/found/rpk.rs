//! rpk: `rpk.yaml` with a list `profiles`. An empty table `tls: {}` is TLS with the authorities of this system; null is none.

use super::rows::{File, Rows, mechanism};
use crate::config::contexts::Context;
use crate::config::yaml::At;

pub(super) fn read(file: &File, root: &At<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Context> {
    let own = || root.get("current_profile").and_then(|at| at.text().map(str::to_owned));
    let current = variable("RPK_PROFILE").filter(|name| !name.is_empty()).or_else(own);
    let profiles = root.get("profiles").map(|at| at.named()).unwrap_or_default();
    profiles.iter().map(|(name, at)| profile(Rows::new(file, name), at, current.as_deref() == Some(*name))).collect()
}

fn profile(mut rows: Rows<'_>, at: &At<'_>, current: bool) -> Context {
    rows.current = current;
    let Some(kafka) = at.get("kafka_api") else {
        // What rpk takes then.
        rows.say("bootstrap.servers", at, "127.0.0.1:9092");
        return rows.finish();
    };
    match kafka.get("brokers") {
        None => rows.say("bootstrap.servers", &kafka, "127.0.0.1:9092"),
        brokers => rows.brokers(brokers),
    }
    let tls = kafka.get("tls").filter(At::is_map);
    let sasl = kafka.get("sasl").filter(At::is_map);
    let sasl =
        sasl.filter(|sasl| ["user", "password", "mechanism"].iter().any(|key| sasl.get(key).is_some_and(|at| at.text() != Some(""))));
    rows.protocol(tls.as_ref(), sasl.as_ref());
    if let Some(tls) = &tls {
        rows.carry("ssl.ca.location", tls.get("truststore_file"));
        rows.tls(tls, ["ca_file", "cert_file", "key_file", "insecure_skip_verify"]);
    }
    if let Some(sasl) = &sasl {
        who(&mut rows, sasl);
    }
    rows.leave(at.get("schema_registry"), "schema registries are not in this release");
    rows.finish()
}

fn who(rows: &mut Rows<'_>, sasl: &At<'_>) {
    let said = sasl.get("mechanism").or_else(|| sasl.get("type")).filter(|at| at.text().is_some_and(|text| !text.is_empty()));
    let at = said.as_ref().unwrap_or(sasl);
    // rpk's default.
    let word = said.as_ref().and_then(At::text).unwrap_or("SCRAM-SHA-256");
    if word.to_uppercase().starts_with("CLOUD") {
        rows.cannot("rpk logs in to Redpanda Cloud with a token of its own; a user of the cluster has a name and a password");
    }
    rows.say("sasl.mechanism", at, mechanism(word).unwrap_or(word));
    rows.carry("sasl.username", sasl.get("user"));
    rows.carry("sasl.password", sasl.get("password"));
}

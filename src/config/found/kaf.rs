//! kaf: `~/.kaf/config` with a list `clusters`.

use super::rows::{File, Rows, mechanism};
use crate::config::connection;
use crate::config::contexts::Context;
use crate::config::yaml::At;

pub(super) fn read(file: &File, root: &At<'_>) -> Vec<Context> {
    let current = root.get("current-cluster").and_then(|at| at.text().map(str::to_owned));
    let clusters = root.get("clusters").map(|at| at.named()).unwrap_or_default();
    clusters.iter().map(|(name, at)| cluster(Rows::new(file, name), at, current.as_deref() == Some(*name))).collect()
}

fn cluster(mut rows: Rows<'_>, at: &At<'_>, current: bool) -> Context {
    rows.current = current;
    rows.brokers(at.get("brokers"));
    let (tls, sasl) = (at.get("TLS").filter(At::is_map), at.get("SASL").filter(At::is_map));
    let word = at.get("security-protocol").filter(|at| at.text().is_some_and(|text| !text.is_empty()));
    let says = |part: &str| word.as_ref().filter(|at| at.text().is_some_and(|text| text.to_uppercase().contains(part)));
    rows.protocol(tls.as_ref().or_else(|| says("SSL")), sasl.as_ref().or_else(|| says("SASL")));
    if let Some(tls) = &tls {
        rows.tls(tls, ["cafile", "clientfile", "clientkeyfile", "insecure"]);
    }
    if let Some(sasl) = &sasl {
        who(&mut rows, sasl);
    }
    rows.leave(at.get("schema-registry-url"), "schema registries are not in this release");
    rows.leave(at.get("schema-registry-credentials"), "schema registries are not in this release");
    rows.finish()
}

fn who(rows: &mut Rows<'_>, sasl: &At<'_>) {
    let said = sasl.get("mechanism").filter(|at| at.text().is_some_and(|text| !text.is_empty()));
    let at = said.as_ref().unwrap_or(sasl);
    // Sarama's default.
    let word = said.as_ref().and_then(At::text).unwrap_or("PLAIN");
    rows.say("sasl.mechanism", at, mechanism(word).unwrap_or(word));
    if mechanism(word) == Some("OAUTHBEARER") {
        rows.carry(connection::TOKEN, sasl.get("token"));
        rows.carry("sasl.oauthbearer.client.id", sasl.get("clientID"));
        rows.carry("sasl.oauthbearer.client.secret", sasl.get("clientSecret"));
        rows.carry("sasl.oauthbearer.token.endpoint.url", sasl.get("tokenURL"));
        if let Some(scopes) = sasl.get("scopes") {
            rows.say("sasl.oauthbearer.scope", &scopes, scopes.words().join(" "));
        }
        return;
    }
    rows.carry("sasl.username", sasl.get("username"));
    rows.carry("sasl.password", sasl.get("password"));
}

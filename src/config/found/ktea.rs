//! ktea: `~/.config/ktea/config.yaml` with a list `clusters`. Its names changed over time; each spelling is taken.

use super::rows::{File, Rows, mechanism};
use crate::config::contexts::Context;
use crate::config::yaml::At;
use crate::core::context::Hue;

pub(super) fn read(file: &File, root: &At<'_>) -> Vec<Context> {
    let clusters = root.get("clusters").map(|at| at.named()).unwrap_or_default();
    let active = clusters.iter().position(|(_, at)| at.get("active").is_some_and(|at| at.is_true()));
    // Without one it opens the first.
    let active = active.unwrap_or(0);
    clusters.iter().enumerate().map(|(n, (name, at))| cluster(Rows::new(file, name), at, n == active)).collect()
}

fn cluster(mut rows: Rows<'_>, at: &At<'_>, current: bool) -> Context {
    rows.current = current;
    rows.hue = at.get("color").and_then(|at| at.text()).and_then(hue);
    rows.brokers(at.get("servers").or_else(|| at.get("bootstrapServers")));
    let section = at.get("tls").filter(|at| ["enable", "enabled"].iter().any(|key| at.get(key).is_some_and(|at| at.is_true())));
    let tls = section.clone().or_else(|| at.get("ssl-enabled").filter(At::is_true));
    let method = |sasl: &At<'_>| {
        let said = sasl.get("authMethod").or_else(|| sasl.get("securityProtocol"));
        said.and_then(|at| at.text()).unwrap_or("SASL_PLAINTEXT").to_owned()
    };
    let sasl = at.get("sasl").filter(|sasl| sasl.is_map() && !["NONE", "0", ""].contains(&method(sasl).to_uppercase().as_str()));
    rows.protocol(tls.as_ref(), sasl.as_ref());
    if let Some(tls) = &section {
        rows.tls(tls, ["caCertPath", "clientCert", "clientKey", "skipVerify"]);
        rows.carry("ssl.certificate.location", tls.get("clientCertPath"));
        rows.carry("ssl.key.location", tls.get("clientKeyPath"));
    }
    if let Some(sasl) = &sasl {
        let word = method(sasl);
        rows.say("sasl.mechanism", sasl, mechanism(&word).unwrap_or(&word));
        rows.carry("sasl.username", sasl.get("username"));
        match sasl.get("password").filter(|at| at.text().is_some_and(|text| !text.is_empty())) {
            Some(password) => rows.carry("sasl.password", Some(password)),
            None => rows.cannot("its password is not in the file"),
        }
    }
    rows.leave(at.get("schemaRegistry"), "schema registries are not in this release");
    rows.leave(at.get("kafkaConnectClusters"), "Kafka Connect is not in this release");
    rows.finish()
}

/// The nearest of ours; its own are words or `#RRGGBB`.
fn hue(word: &str) -> Option<Hue> {
    let digits = |from: usize| word.get(from..from + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    if let (true, Some(red), Some(green), Some(blue)) = (word.starts_with('#'), digits(1), digits(3), digits(5)) {
        let high = |part: u8| part >= 0x80;
        return Some(match (high(red), high(green), high(blue)) {
            (true, true, _) => Hue::Amber,
            (true, false, true) => Hue::Purple,
            (true, false, false) => Hue::Red,
            (false, true, true) => Hue::Cyan,
            (false, true, false) => Hue::Green,
            (false, false, true) => Hue::Blue,
            (false, false, false) => return None,
        });
    }
    Some(match word.to_lowercase().as_str() {
        "red" => Hue::Red,
        "orange" | "yellow" | "amber" => Hue::Amber,
        "green" => Hue::Green,
        "cyan" | "teal" => Hue::Cyan,
        "blue" => Hue::Blue,
        "purple" | "pink" | "magenta" | "violet" => Hue::Purple,
        _ => return None,
    })
}

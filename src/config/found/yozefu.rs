//! yozefu: `config.json` with a table `clusters`, each with a map of librdkafka's keys; `default_kafka_config` lies below all.

use super::rows::{File, Rows};
use crate::config::contexts::Context;
use crate::config::yaml::At;

pub(super) fn read(file: &File, root: &At<'_>) -> Vec<Context> {
    let defaults = root.get("default_kafka_config");
    let current = root.get("default_cluster").and_then(|at| at.text());
    let clusters = root.get("clusters").map(|at| at.entries()).unwrap_or_default();
    clusters
        .iter()
        .map(|(name, at)| {
            let mut rows = Rows::new(file, name);
            rows.current = current == Some(*name);
            for section in [defaults.clone(), at.get("kafka")].into_iter().flatten() {
                for (key, value, at) in section.flat() {
                    rows.say(&key, &at, value);
                }
            }
            rows.leave(at.get("schema_registry"), "schema registries are not in this release");
            rows.leave(at.get("url_template"), "it is a link of yozefu's");
            rows.finish()
        })
        .collect()
}

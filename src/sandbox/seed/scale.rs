//! Synthetic topics, to try kscope at the size of a big company's cluster: names as such companies have them, ten partitions each,
//! each partition with a few records that it shares with many others.

use std::sync::Arc;

use super::{Garden, HOUR_MS, Made, batch, iso};
use crate::model::Codec;
use crate::sandbox::topic::{Partition, SharedBatch};

const PARTITIONS: usize = 10;
/// Different logs.
const BATCHES: u32 = 24;

const REGIONS: [&str; 6] = ["eu-central", "eu-west", "us-east", "us-west", "ap-south", "ap-northeast"];
pub(super) const DOMAINS: [&str; 20] = [
    "billing",
    "catalog",
    "checkout",
    "crm",
    "delivery",
    "fraud",
    "identity",
    "inventory",
    "loyalty",
    "marketing",
    "notifications",
    "orders",
    "payments",
    "pricing",
    "returns",
    "reviews",
    "search",
    "shipping",
    "support",
    "warehouse",
];
pub(super) const ENTITIES: [&str; 10] =
    ["account", "address", "invoice", "item", "message", "parcel", "price", "profile", "session", "stock"];
const EVENTS: [&str; 9] = ["created", "updated", "deleted", "snapshot", "cdc", "retry", "dlq", "commands", "audit"];
/// Region, domain, entity, event.
const NAMES: usize = REGIONS.len() * DOMAINS.len() * ENTITIES.len() * EVENTS.len();
/// No prime factor in common with [`NAMES`], so that steps of this size reach every name.
const STEP: usize = 7_919;

pub(super) fn plant(garden: &mut Garden, count: u32) {
    if count == 0 {
        return;
    }
    let batches: Vec<Arc<SharedBatch>> = (0..BATCHES).map(|n| Arc::new(shared(garden, n))).collect();
    // One list of replicas for each leader.
    let replicas: Vec<Arc<[i32]>> = (0..garden.brokers.len()).map(|n| garden.replicas(n)).collect();
    let mut dice = garden.dice("scale");
    for n in 0..usize::try_from(count).unwrap_or(usize::MAX) {
        let partition = |p: usize| {
            let set = replicas.get((n + p) % replicas.len().max(1))?;
            let batch = batches.get(usize::try_from(dice.below(BATCHES)).unwrap_or(0))?;
            let start = if dice.once_in(3) { 0 } else { dice.below(50_000_000) };
            Some(Partition::shared(set.first().copied()?, set, start, batch))
        };
        let partitions = (0..PARTITIONS).filter_map(partition).collect();
        let overrides: &[(&str, &str)] = match n % 5 {
            0 => &[("retention.ms", "259200000")],
            1 => &[("cleanup.policy", "compact")],
            2 => &[("retention.ms", "2592000000"), ("min.insync.replicas", "2")],
            _ => &[],
        };
        garden.plant_partitions(&name(n), overrides, partitions);
    }
}

/// The `n`-th name. None comes twice.
fn name(n: usize) -> String {
    let (round, mut rest) = (n / NAMES, (n % NAMES).wrapping_mul(STEP) % NAMES);
    let mut part = |words: &[&'static str]| {
        let word = words.get(rest % words.len()).copied().unwrap_or_default();
        rest /= words.len();
        word
    };
    let (region, domain, entity, event) = (part(&REGIONS), part(&DOMAINS), part(&ENTITIES), part(&EVENTS));
    format!("{region}.{domain}.{entity}.{event}.v{}", round + 1)
}

fn shared(garden: &Garden, n: u32) -> SharedBatch {
    let mut dice = garden.dice(&format!("batch {n}"));
    let count = dice.between(1, 9);
    let mut time = garden.now_ms.saturating_sub(i64::from(dice.between(1, 48)) * HOUR_MS);
    let records: Vec<Made> = (0..count)
        .map(|_| {
            time = time.saturating_add(i64::from(dice.between(1_000, 200_000)));
            let id = dice.between(1, 1_000_000);
            let event = dice.of(&EVENTS);
            let value = format!(r#"{{"id":{id},"event":"{event}","at":"{}","version":{}}}"#, iso(time), dice.between(1, 40));
            Made::new(time, id.to_string(), value)
        })
        .collect();
    SharedBatch { bytes: batch(0, Codec::Lz4, &records).into(), records: count }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_comes_twice() {
        let names: BTreeSet<String> = (0..2 * NAMES).map(name).collect();
        assert_eq!(names.len(), 2 * NAMES);
    }
}

//! `inventory`: a broker is down, as far as this topic goes. It has an id that no broker of the cluster has, so one partition
//! lacks a replica and another one has no leader.

use std::sync::Arc;

use super::{Garden, HOUR_MS, Made, append, moments};
use crate::model::Codec;
use crate::sandbox::log::Log;
use crate::sandbox::topic::Partition;

pub(super) fn plant(garden: &mut Garden) {
    let mut dice = garden.dice("inventory");
    let down = garden.brokers.iter().max().copied().unwrap_or(0).saturating_add(1);
    let mut partitions = Vec::new();
    for n in 0..4_usize {
        let records: Vec<Made> = moments(garden.now_ms.saturating_sub(HOUR_MS), 5 * HOUR_MS, 60)
            .map(|time| {
                let sku = dice.of(&["MUG-01", "LAMP-7", "PEN-12", "CHAIR-4"]);
                Made::new(time, sku, format!(r#"{{"sku":"{sku}","stock":{},"shelf":"{n}-{}"}}"#, dice.below(500), dice.below(40)))
            })
            .collect();
        let mut log = Log::default();
        append(&mut log, Codec::Snappy, 10, &records);
        let replicas = garden.replicas(n);
        let leader = replicas.first().copied().unwrap_or(-1);
        let mut partition = Partition::new(leader, &replicas, log);
        if n == 1 {
            // Its last replica is gone; the others are in sync.
            let alive: Vec<i32> = replicas.iter().copied().take(replicas.len().saturating_sub(1).max(1)).collect();
            partition.replicas = alive.iter().copied().chain([down]).collect();
            partition.isr = alive.into();
        } else if n == 3 {
            // All that it had was there.
            let gone: Arc<[i32]> = Arc::new([down]);
            partition = Partition::new(-1, &gone, Log::default());
            partition.epoch = 4;
        }
        partitions.push(partition);
    }
    garden.plant_partitions("inventory", &[("min.insync.replicas", "2")], partitions);
}

//! Topics that differ in their configuration: compacted, with the time of appending, short-lived, emptied by retention, never
//! written to, internal.

use super::{Garden, HOUR_MS, MINUTE_MS, Made, append, iso, moments};
use crate::model::{Codec, Offset};
use crate::records::writer::BatchWriter;
use crate::sandbox::log::Log;

const KEPT: &[(&str, &str)] = &[("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.1")];
const APPENDED: &[(&str, &str)] = &[("message.timestamp.type", "LogAppendTime"), ("retention.ms", "-1")];
const SHORT: &[(&str, &str)] = &[("cleanup.policy", "compact,delete"), ("retention.ms", "10800000"), ("segment.ms", "600000")];
const OF_GROUPS: &[(&str, &str)] = &[("cleanup.policy", "compact"), ("compression.type", "producer"), ("segment.bytes", "104857600")];

pub(super) fn plant(garden: &mut Garden) {
    customers(garden);
    audit(garden);
    readings(garden);
    // Written once, and deleted since.
    garden.plant("page-views.daily", &[("retention.ms", "3600000")], vec![Log::starting_at(5_000), Log::starting_at(4_870)]);
    garden.plant("invoices", &[], vec![Log::default(); 3]);
    garden.plant("__consumer_offsets", OF_GROUPS, vec![Log::default(); 50]);
}

/// Compacted: the last record of each key is left, offsets have gaps, some are tombstones; the newest are not compacted yet.
fn customers(garden: &mut Garden) {
    let mut dice = garden.dice("customers");
    let start = garden.now_ms.saturating_sub(20 * HOUR_MS);
    let mut logs = Vec::new();
    for partition in 0..2_u32 {
        let mut log = Log::default();
        let mut key = partition;
        let mut time = start;
        for _ in 0..12 {
            let base = log.bounds().end.saturating_add(i64::from(dice.below(30)));
            let mut batch = BatchWriter::new(Offset(base)).codec(Codec::Lz4);
            let mut delta = 0;
            for _ in 0..dice.between(2, 8) {
                delta += i32::try_from(dice.between(1, 25)).unwrap_or(1);
                time = time.saturating_add(i64::from(dice.between(10_000, 400_000)));
                key += 2;
                let name = format!("customer-{key}");
                let tier = dice.of(&["basic", "plus", "business"]);
                let value = format!(r#"{{"id":{key},"name":"{name}","tier":"{tier}","updated":"{}"}}"#, iso(time));
                let value = (!dice.once_in(7)).then_some(value);
                batch = batch.skip_to(delta).record(time, Some(name.as_bytes()), value.as_deref().map(str::as_bytes));
            }
            // lz4 into memory does not fail.
            log.append(batch.finish().unwrap_or_default());
        }
        let fresh = (1..=10_u32).map(|n| {
            let id = (n % 4) * 2 + partition;
            let at = garden.now_ms.saturating_sub(i64::from(11 - n) * MINUTE_MS);
            let value = format!(r#"{{"id":{id},"name":"customer-{id}","tier":"plus","updated":"{}"}}"#, iso(at));
            Made::new(at, format!("customer-{id}"), value)
        });
        append(&mut log, Codec::Lz4, 1, &fresh.collect::<Vec<_>>());
        logs.push(log);
    }
    garden.plant("customers", KEPT, logs);
}

/// The broker's clock counts, not the producer's.
fn audit(garden: &mut Garden) {
    let mut dice = garden.dice("audit.log");
    let mut log = Log::default();
    for time in moments(garden.now_ms, 9 * HOUR_MS, 250) {
        let (who, what) = (dice.of(&["deploy-bot", "ops", "billing-job"]), dice.of(&["login", "logout", "config.change", "role.grant"]));
        let line = format!("level=info user={who} event={what} ip=192.0.2.{} ok={}", dice.between(1, 254), !dice.once_in(9));
        let batch = BatchWriter::new(Offset(log.bounds().end)).append_time(time);
        // The producer's clock is an hour slow, which nobody sees.
        let batch = batch.record(time.saturating_sub(HOUR_MS), None, Some(line.as_bytes()));
        // Without a codec nothing can fail.
        log.append(batch.finish().unwrap_or_default());
    }
    garden.plant("audit.log", APPENDED, vec![log]);
}

/// Eight bytes: a floating-point number.
fn readings(garden: &mut Garden) {
    let mut dice = garden.dice("sensor.readings");
    let mut logs = Vec::new();
    for partition in 0..4 {
        let mut temperature = 15.0 + f64::from(partition);
        let records: Vec<Made> = moments(garden.now_ms, 50 * MINUTE_MS, 200)
            .map(|time| {
                temperature += (f64::from(dice.below(21)) - 10.0) / 20.0;
                Made::new(time, format!("sensor-{partition}{}", dice.below(8)), temperature.to_be_bytes()).header("unit", "°C")
            })
            .collect();
        let mut log = Log::default();
        append(&mut log, Codec::Gzip, 25, &records);
        logs.push(log);
    }
    garden.plant("sensor.readings", SHORT, logs);
}

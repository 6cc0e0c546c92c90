//! Four or eight bytes as the numbers that they may be. Kafka's own serializers write the most significant byte first
//! (org.apache.kafka.common.serialization.IntegerSerializer, LongSerializer, FloatSerializer, DoubleSerializer).

use jiff::tz::TimeZone;

use crate::text::{TimeFormat, time, units};

/// Milliseconds that are taken for a time: the years 2000 to 2100.
const TIMES: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

pub(super) fn fits(bytes: &[u8]) -> bool {
    matches!(bytes.len(), 4 | 8)
}

/// Each reading with its name; those of Kafka's serializers first.
pub(super) fn facts(bytes: &[u8]) -> Vec<(&'static str, String)> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        let (signed, unsigned) = (i32::from_be_bytes(four), u32::from_be_bytes(four));
        let mut facts = vec![("int32", both(signed))];
        if signed < 0 {
            facts.push(("uint32", both(unsigned)));
        }
        facts.extend(at_second(i64::from(unsigned)).map(|time| ("seconds", time)));
        facts.push(("float", f32::from_be_bytes(four).to_string()));
        facts.push(("int32, reversed", both(i32::from_le_bytes(four))));
        facts.push(("float, reversed", f32::from_le_bytes(four).to_string()));
        return facts;
    }
    let Ok(eight) = <[u8; 8]>::try_from(bytes) else { return Vec::new() };
    let (signed, unsigned) = (i64::from_be_bytes(eight), u64::from_be_bytes(eight));
    let mut facts = vec![("int64", both(signed))];
    if signed < 0 {
        facts.push(("uint64", both(unsigned)));
    }
    if TIMES.contains(&signed) {
        facts.push(("milliseconds", time(signed, TimeFormat::Full, &TimeZone::UTC, 0)));
    }
    facts.push(("double", f64::from_be_bytes(eight).to_string()));
    facts.push(("int64, reversed", both(i64::from_le_bytes(eight))));
    facts.push(("double, reversed", f64::from_le_bytes(eight).to_string()));
    facts
}

/// A number bare, for copying, and with separators where those help.
fn both(n: impl Into<i128>) -> String {
    let n: i128 = n.into();
    if n.unsigned_abs() < 10_000 { n.to_string() } else { format!("{n}  {}", units::thousands(n)) }
}

fn at_second(seconds: i64) -> Option<String> {
    let ms = seconds.checked_mul(1000).filter(|ms| TIMES.contains(ms))?;
    Some(time(ms, TimeFormat::Full, &TimeZone::UTC, 0))
}

//! Settings of topics in plain words: what a number of milliseconds or bytes comes to, and what a policy does. And why a
//! figure is not there.

use super::Shown;
use super::units::{short, size};
use crate::model::Why;

/// Why a figure is unknown, in words.
pub fn why(why: &Why) -> String {
    match why {
        Why::NotAsked => "not asked yet".to_owned(),
        Why::NoLeader => "a partition has no leader".to_owned(),
        Why::NoAnswer => "a broker does not answer".to_owned(),
        Why::Denied(right) => format!("not authorised: {}", right.words()),
        Why::NotOffered => "not offered by this broker".to_owned(),
        Why::NoTopic => "the topic or partition is not there".to_owned(),
        Why::Error(text) => Shown::of(text.raw()).into_string(),
    }
}

/// What the value of a topic's setting means, where the value alone does not say it. Kafka's own meanings
/// (`org.apache.kafka.common.config.TopicConfig`).
pub fn words(name: &str, value: &str) -> Option<String> {
    let number = value.parse::<i64>().ok();
    Some(match (name, value, number) {
        ("retention.ms", _, Some(-1)) => "kept for ever".to_owned(),
        ("retention.bytes", _, Some(-1)) => "no limit by size".to_owned(),
        ("local.retention.ms" | "local.retention.bytes", _, Some(-2)) => "as the retention of the whole".to_owned(),
        (
            "flush.ms"
            | "flush.messages"
            | "max.compaction.lag.ms"
            | "message.timestamp.difference.max.ms"
            | "message.timestamp.before.max.ms"
            | "message.timestamp.after.max.ms",
            _,
            Some(i64::MAX),
        ) => "no limit".to_owned(),
        ("min.insync.replicas", _, Some(n)) => format!("acks=all needs {n} in sync"),
        ("cleanup.policy", policy, _) => policy_words(policy)?.to_owned(),
        ("compression.type", "producer", _) => "as the producer sent it".to_owned(),
        ("unclean.leader.election.enable", "true", _) => "a replica that is behind may lead: records can be lost".to_owned(),
        ("unclean.leader.election.enable", "false", _) => "only a replica in sync may lead".to_owned(),
        ("message.timestamp.type", "CreateTime", _) => "the producer's clock".to_owned(),
        ("message.timestamp.type", "LogAppendTime", _) => "the broker's clock".to_owned(),
        ("remote.storage.enable", "true", _) => "tiered storage".to_owned(),
        (name, _, Some(n)) if name.strip_suffix(".ms").is_some() => keep_time(n),
        (name, _, Some(n)) if name.strip_suffix(".bytes").is_some() => u64::try_from(n).ok().filter(|&n| n >= 1000).map(size)?,
        _ => return None,
    })
}

fn policy_words(policy: &str) -> Option<&'static str> {
    match policy {
        "delete" => Some("old segments are deleted"),
        "compact" => Some("the last record of each key is kept"),
        "compact,delete" | "delete,compact" => Some("compacted, and old segments are deleted"),
        "" => Some("nothing is ever removed"),
        _ => None,
    }
}

/// A retention time: its largest whole unit.
pub fn keep_time(ms: i64) -> String {
    let Ok(ms) = u64::try_from(ms) else { return "∞".to_owned() };
    for (unit, word) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")] {
        if ms >= unit && ms.is_multiple_of(unit) && ms / unit < 1000 {
            return format!("{} {word}", ms / unit);
        }
    }
    // Rounded to what still tells it apart.
    match ms {
        86_400_000.. => format!("≈{} d", short(ms / 86_400_000)),
        3_600_000.. => format!("≈{} h", ms / 3_600_000),
        60_000.. => format!("≈{} min", ms / 60_000),
        1000.. => format!("≈{} s", ms / 1000),
        _ => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_times() {
        for (ms, text) in [
            (-1, "∞"),
            (604_800_000, "7 d"),
            (86_400_000, "1 d"),
            (7_200_000, "2 h"),
            (90_000_000, "25 h"),
            (100_000_000, "≈1 d"),
            (5, "5 ms"),
        ] {
            assert_eq!(keep_time(ms), text);
        }
    }

    #[test]
    fn settings_in_words() {
        for (name, value, expected) in [
            ("retention.ms", "259200000", Some("3 d")),
            ("retention.ms", "-1", Some("kept for ever")),
            ("segment.bytes", "536870912", Some("537 MB")),
            ("flush.ms", "9223372036854775807", Some("no limit")),
            ("cleanup.policy", "compact", Some("the last record of each key is kept")),
            ("index.interval.bytes", "not a number", None),
        ] {
            assert_eq!(words(name, value).as_deref(), expected, "{name}");
        }
    }
}

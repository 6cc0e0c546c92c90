//! Configuration of a topic or broker, as DescribeConfigs tells it; and what a list shows of a topic's.

use super::Foreign;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: Foreign,
    /// `None`: the broker keeps it to itself (a secret), or there is none.
    pub value: Option<Foreign>,
    pub source: Source,
    pub sensitive: bool,
    pub read_only: bool,
}

/// Where a value comes from, the nearest first (`org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Set on this topic.
    Topic,
    /// Set on this broker while it ran.
    Broker,
    /// Set for all brokers while they ran.
    AllBrokers,
    /// In the broker's file.
    BrokerFile,
    /// Kafka's own.
    Default,
    /// A source that this release does not know.
    Other(i8),
}

impl Source {
    pub fn of(code: i8) -> Self {
        match code {
            1 => Self::Topic,
            2 => Self::Broker,
            3 => Self::AllBrokers,
            4 => Self::BrokerFile,
            5 => Self::Default,
            other => Self::Other(other),
        }
    }

    /// A word for it, as screens and JSON have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Broker => "broker",
            Self::AllBrokers => "all brokers",
            Self::BrokerFile => "broker file",
            Self::Default => "default",
            Self::Other(_) => "other",
        }
    }
}

/// What the list of topics shows of a topic's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// `retention.ms`; negative: for ever. `None`: not told.
    pub retention_ms: Option<i64>,
    /// `retention.bytes` of each partition; negative: no limit.
    pub retention_bytes: Option<i64>,
    pub cleanup: Option<Cleanup>,
    /// `min.insync.replicas`.
    pub min_isr: Option<i32>,
}

/// `cleanup.policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cleanup {
    Delete,
    Compact,
    CompactDelete,
    /// An empty list, which keeps everything (4.0 and later, KIP-1133), or a word that this release does not know.
    Other,
}

impl Cleanup {
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
            Self::CompactDelete => "compact,delete",
            Self::Other => "none",
        }
    }
}

impl Keep {
    /// The settings that it is made of.
    pub const NAMES: [&'static str; 4] = ["retention.ms", "retention.bytes", "cleanup.policy", "min.insync.replicas"];

    pub fn of(settings: &[Setting]) -> Self {
        let text = |name: &str| settings.iter().find(|s| s.name.raw() == name)?.value.as_ref().map(Foreign::raw);
        let cleanup = |text: &str| {
            let mut words: Vec<&str> = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
            words.sort_unstable();
            match words.as_slice() {
                ["delete"] => Cleanup::Delete,
                ["compact"] => Cleanup::Compact,
                ["compact", "delete"] => Cleanup::CompactDelete,
                _ => Cleanup::Other,
            }
        };
        Self {
            retention_ms: text("retention.ms").and_then(|text| text.parse().ok()),
            retention_bytes: text("retention.bytes").and_then(|text| text.parse().ok()),
            cleanup: text("cleanup.policy").map(cleanup),
            min_isr: text("min.insync.replicas").and_then(|text| text.parse().ok()),
        }
    }
}

/// Replicas of a partition on the move (KIP-455).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub partition: super::PartitionId,
    pub adding: Vec<super::BrokerId>,
    pub removing: Vec<super::BrokerId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str) -> Setting {
        Setting { name: Foreign::new(name), value: Some(Foreign::new(value)), source: Source::Topic, sensitive: false, read_only: false }
    }

    #[test]
    fn a_list_is_made_from_what_was_told() {
        let keep =
            Keep::of(&[setting("retention.ms", "-1"), setting("cleanup.policy", "delete, compact"), setting("min.insync.replicas", "two")]);
        assert_eq!(keep, Keep { retention_ms: Some(-1), retention_bytes: None, cleanup: Some(Cleanup::CompactDelete), min_isr: None });
    }
}

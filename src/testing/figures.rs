//! What a healthy cluster answers when it is asked for figures of topics.

use crate::core::ask::{Answer, Ask, Positions, ReplicaSize, TopicFacts, TopicPositions, Traffic, Which};
use crate::model::{Cleanup, Foreign, Keep, Offset, Setting, Source, TopicName, Why};

/// The part and the reply to a question about figures.
pub(super) fn answers(ask: &Ask, end: &impl Fn(&str, i32) -> Option<i64>) -> (Option<Answer>, Answer) {
    let told = Answer::Told(Traffic::default());
    match ask {
        Ask::Positions { which, topics } => {
            let position = |topic: &TopicName, partition: i32| {
                let end = end(topic.raw(), partition).ok_or(Why::NoAnswer)?;
                Ok(Offset(if *which == Which::Start { end / 3 } else { end }))
            };
            let topics = topics.iter().map(|topic| TopicPositions {
                name: topic.name.clone(),
                id: topic.id,
                partitions: topic.partitions.iter().map(|p| (p.id, position(&topic.name, p.id.0))).collect(),
            });
            (Some(Answer::Positions(Positions { which: *which, topics: topics.collect() })), told)
        }
        Ask::Sizes(topics) => {
            let partitions = topics.iter().flat_map(|topic| topic.partitions.iter().map(|partition| (topic.name.clone(), partition.id)));
            let size = |(topic, partition): (TopicName, crate::model::PartitionId)| {
                let bytes = end(topic.raw(), partition.0).and_then(|end| u64::try_from(end).ok()).map(|end| end * 310);
                ReplicaSize { topic, partition, bytes: bytes.ok_or(Why::NoAnswer) }
            };
            (Some(Answer::Sizes(partitions.map(size).collect())), told)
        }
        Ask::Keep(names) => (None, Answer::Kept(names.iter().map(|name| (name.clone(), Ok(keep(name.raw())))).collect())),
        _ => (None, Answer::Topic(TopicFacts { settings: Ok(settings()), moves: Ok(vec![]) })),
    }
}

fn keep(name: &str) -> Keep {
    let (retention_ms, cleanup) = if name.len().is_multiple_of(3) { (-1, Cleanup::Compact) } else { (259_200_000, Cleanup::Delete) };
    Keep { retention_ms: Some(retention_ms), retention_bytes: Some(-1), cleanup: Some(cleanup), min_isr: Some(2) }
}

/// In order of name, as the client gives them.
fn settings() -> Vec<Setting> {
    let setting = |(name, value, source): (&str, &str, Source)| Setting {
        name: Foreign::new(name),
        value: Some(Foreign::new(value)),
        source,
        sensitive: false,
        read_only: false,
    };
    [
        ("cleanup.policy", "delete", Source::Default),
        ("compression.type", "producer", Source::Default),
        ("flush.ms", "9223372036854775807", Source::Default),
        ("max.message.bytes", "1048588", Source::Default),
        ("min.insync.replicas", "2", Source::Topic),
        ("retention.bytes", "-1", Source::BrokerFile),
        ("retention.ms", "259200000", Source::Topic),
        ("segment.bytes", "536870912", Source::AllBrokers),
        ("unclean.leader.election.enable", "false", Source::Default),
    ]
    .map(setting)
    .to_vec()
}

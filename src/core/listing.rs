//! What is listed as rows of named fields: the same in `kscope topics` and in a list that is saved from the screen.

use super::figures::TopicFigures;
use crate::model::{Known, Topic};
use crate::text::row::{Field, Row, count, maybe};

/// A topic of the list. What nobody told is null.
pub fn topic(topic: &Topic, figures: Option<&TopicFigures>) -> Row {
    let told = topic.error.is_none();
    let known = |n: usize| if told { count(n) } else { Field::Null };
    let leaderless = topic.partitions.iter().filter(|p| p.leader.is_none()).count();
    let short = topic.partitions.iter().filter(|p| p.isr.len() < p.replicas.len()).count();
    let figure = |figure: Option<Known<u64>>| maybe(figure.and_then(|figure| figure.is().copied()).filter(|_| told));
    vec![
        ("name", Field::Text(topic.name.raw().to_owned())),
        ("id", id(topic)),
        ("partitions", known(topic.partitions.len())),
        ("replicationFactor", known(topic.replication())),
        ("underReplicated", known(short)),
        ("offline", known(leaderless)),
        ("internal", Field::Bool(topic.internal)),
        ("offsets", figure(figures.map(|figures| figures.offsets(topic)))),
        ("sizeBytes", figure(figures.map(|figures| figures.bytes(topic)))),
    ]
}

/// A topic's id; null before Kafka 2.8, which knows none.
pub fn id(topic: &Topic) -> Field {
    if topic.id.is_known() { Field::Text(topic.id.to_string()) } else { Field::Null }
}

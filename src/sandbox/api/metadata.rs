//! Metadata: brokers, topics, leaders. Written straight into the answer: a cluster of 100,000 partitions would else stand in
//! memory a second time. No topic is ever created by asking for it.

use bytes::{BufMut, BytesMut};
use kafka_protocol::messages::MetadataRequest;

use super::{Asked, code, offline};
use crate::sandbox::cluster::{CLUSTER_ID, Named};
use crate::sandbox::seed::{CATALOG, CLICKS, ORDERS};
use crate::sandbox::topic::Topic;

/// "Not told": no authoriser is at work.
const NO_OPERATIONS: i32 = i32::MIN;
/// The longest name of a topic.
const LONGEST_NAME: usize = 249;
/// What the sandbox's own traffic writes to.
const TRAFFIC: [&str; 3] = [CLICKS.0, ORDERS.0, CATALOG.0];

/// One topic of the answer.
enum Found<'t> {
    There(&'t Topic),
    NoSuchName(&'t str, i16),
    NoSuchId([u8; 16]),
}

pub(super) fn answer(asked: &Asked<'_>, request: &MetadataRequest, out: &mut BytesMut) {
    let version = asked.version;
    let mut to = Writer { out, flexible: version >= 9 };
    if version >= 3 {
        to.out.put_i32(asked.throttle_ms);
    }
    let brokers = &asked.cluster.brokers;
    to.count(brokers.len());
    for broker in brokers {
        to.out.put_i32(broker.id);
        to.string(Some(&broker.address.ip().to_string()));
        to.out.put_i32(i32::from(broker.address.port()));
        if version >= 1 {
            to.string(Some(&broker.rack));
        }
        to.tags();
    }
    if version >= 2 {
        to.string(Some(CLUSTER_ID));
    }
    if version >= 1 {
        // Under KRaft any live broker is named, since all forward to the controller.
        to.out.put_i32(brokers.first().map_or(-1, |broker| broker.id));
    }
    let mut state = asked.cluster.state();
    let named = request.topics.as_ref().filter(|topics| version > 0 || !topics.is_empty());
    if asked.moves {
        let alive = asked.cluster.ids();
        for name in named.into_iter().flatten().filter_map(|topic| topic.name.as_ref()) {
            for partition in state.topic_mut(Named::Name(name)).into_iter().flat_map(|topic| &mut topic.partitions) {
                partition.move_leader(&alive);
            }
        }
    }
    if let Some(topics) = named {
        to.count(topics.len());
        for wanted in topics {
            let found = if let Some(name) = &wanted.name {
                let missing = if is_legal(name) { code::UNKNOWN_TOPIC_OR_PARTITION } else { code::INVALID_TOPIC };
                state.topic(Named::Name(name)).map_or(Found::NoSuchName(name, missing), Found::There)
            } else {
                let id = wanted.topic_id.into_bytes();
                state.topic(Named::Id(id)).map_or(Found::NoSuchId(id), Found::There)
            };
            to.topic(asked, &found);
        }
    } else {
        // rskafka asks for everything and keeps it: it gets what it writes to.
        let wanted = |topic: &&Topic| !asked.own || TRAFFIC.contains(&&*topic.name);
        to.count(state.topics().iter().filter(wanted).count());
        for topic in state.topics().iter().filter(wanted) {
            to.topic(asked, &Found::There(topic));
        }
    }
    drop(state);
    if (8..=10).contains(&version) {
        to.out.put_i32(NO_OPERATIONS);
    }
    if version >= 13 {
        to.out.put_i16(asked.error.unwrap_or(0));
    }
    to.tags();
}

/// Kafka's rule for names (`org.apache.kafka.common.internals.Topic`).
fn is_legal(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= LONGEST_NAME && name != "." && name != ".." && name.chars().all(legal)
}

/// Writes both encodings, the old one and the flexible one (KIP-482).
struct Writer<'o> {
    out: &'o mut BytesMut,
    flexible: bool,
}

impl Writer<'_> {
    fn topic(&mut self, asked: &Asked<'_>, found: &Found<'_>) {
        let version = asked.version;
        let (error, name, id, topic) = match found {
            Found::There(topic) => (0, Some(&*topic.name), topic.id, asked.error.is_none().then_some(*topic)),
            Found::NoSuchName(name, error) => (*error, Some(*name), [0; 16], None),
            Found::NoSuchId(id) => (code::UNKNOWN_TOPIC_ID, None, *id, None),
        };
        self.out.put_i16(asked.error.unwrap_or(error));
        self.string(if version >= 12 { name } else { Some(name.unwrap_or_default()) });
        if version >= 10 {
            self.out.put_slice(&id);
        }
        if version >= 1 {
            self.out.put_u8(u8::from(topic.is_some_and(|topic| topic.internal)));
        }
        let partitions = topic.map(|topic| topic.partitions.as_slice()).unwrap_or_default();
        self.count(partitions.len());
        let alive = asked.cluster.ids();
        for (index, partition) in (0_i32..).zip(partitions) {
            self.out.put_i16(if partition.leader < 0 { code::LEADER_NOT_AVAILABLE } else { 0 });
            self.out.put_i32(index);
            self.out.put_i32(partition.leader);
            if version >= 7 {
                self.out.put_i32(partition.epoch);
            }
            self.ids(partition.replicas.iter().copied());
            self.ids(partition.isr.iter().copied());
            if version >= 5 {
                self.ids(offline(partition, &alive));
            }
            self.tags();
        }
        if version >= 8 {
            self.out.put_i32(NO_OPERATIONS);
        }
        self.tags();
    }

    fn ids(&mut self, ids: impl Iterator<Item = i32> + Clone) {
        self.count(ids.clone().count());
        for id in ids {
            self.out.put_i32(id);
        }
    }

    fn count(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX - 1);
        if self.flexible {
            self.varint(count + 1);
        } else {
            self.out.put_u32(count);
        }
    }

    fn string(&mut self, text: Option<&str>) {
        match (text, self.flexible) {
            (None, true) => self.varint(0),
            (None, false) => self.out.put_i16(-1),
            (Some(text), true) => self.count(text.len()),
            (Some(text), false) => self.out.put_i16(i16::try_from(text.len()).unwrap_or(i16::MAX)),
        }
        self.out.put_slice(text.unwrap_or_default().as_bytes());
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            let [low, ..] = value.to_le_bytes();
            self.out.put_u8(low | 0x80);
            value >>= 7;
        }
        let [low, ..] = value.to_le_bytes();
        self.out.put_u8(low);
    }

    /// No tagged fields.
    fn tags(&mut self) {
        if self.flexible {
            self.out.put_u8(0);
        }
    }
}

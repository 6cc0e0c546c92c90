//! DescribeConfigs: the configuration of topics and of the broker that is asked.

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};

use super::{Asked, code, text};
use crate::sandbox::cluster::{Named, State};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Where a value comes from (`DescribeConfigsResponse.ConfigSource`).
const OF_TOPIC: i8 = 1;
const STATIC_OF_BROKER: i8 = 4;
const DEFAULT: i8 = 5;

/// `DescribeConfigsResponse.ConfigType`.
const BOOLEAN: i8 = 1;
const STRING: i8 = 2;
const INT: i8 = 3;
const LONG: i8 = 5;
const DOUBLE: i8 = 6;
const LIST: i8 = 7;

/// Name, default, type, and the broker's name for the same (`TopicConfig`, `ServerTopicConfigSynonyms` of Kafka 4.2).
const OF_TOPICS: [(&str, &str, i8, &str); 33] = [
    ("cleanup.policy", "delete", LIST, "log.cleanup.policy"),
    ("compression.gzip.level", "-1", INT, "compression.gzip.level"),
    ("compression.lz4.level", "9", INT, "compression.lz4.level"),
    ("compression.type", "producer", STRING, "compression.type"),
    ("compression.zstd.level", "3", INT, "compression.zstd.level"),
    ("delete.retention.ms", "86400000", LONG, "log.cleaner.delete.retention.ms"),
    ("file.delete.delay.ms", "60000", LONG, "log.segment.delete.delay.ms"),
    ("flush.messages", "9223372036854775807", LONG, "log.flush.interval.messages"),
    ("flush.ms", "9223372036854775807", LONG, "log.flush.interval.ms"),
    ("follower.replication.throttled.replicas", "", LIST, ""),
    ("index.interval.bytes", "4096", INT, "log.index.interval.bytes"),
    ("leader.replication.throttled.replicas", "", LIST, ""),
    ("local.retention.bytes", "-2", LONG, "log.local.retention.bytes"),
    ("local.retention.ms", "-2", LONG, "log.local.retention.ms"),
    ("max.compaction.lag.ms", "9223372036854775807", LONG, "log.cleaner.max.compaction.lag.ms"),
    ("max.message.bytes", "1048588", INT, "message.max.bytes"),
    ("message.timestamp.after.max.ms", "3600000", LONG, "log.message.timestamp.after.max.ms"),
    ("message.timestamp.before.max.ms", "9223372036854775807", LONG, "log.message.timestamp.before.max.ms"),
    ("message.timestamp.type", "CreateTime", STRING, "log.message.timestamp.type"),
    ("min.cleanable.dirty.ratio", "0.5", DOUBLE, "log.cleaner.min.cleanable.ratio"),
    ("min.compaction.lag.ms", "0", LONG, "log.cleaner.min.compaction.lag.ms"),
    ("min.insync.replicas", "1", INT, "min.insync.replicas"),
    ("preallocate", "false", BOOLEAN, "log.preallocate"),
    ("remote.log.copy.disable", "false", BOOLEAN, ""),
    ("remote.log.delete.on.disable", "false", BOOLEAN, ""),
    ("remote.storage.enable", "false", BOOLEAN, ""),
    ("retention.bytes", "-1", LONG, "log.retention.bytes"),
    ("retention.ms", "604800000", LONG, "log.retention.ms"),
    ("segment.bytes", "1073741824", INT, "log.segment.bytes"),
    ("segment.index.bytes", "10485760", INT, "log.index.size.max.bytes"),
    ("segment.jitter.ms", "0", LONG, "log.roll.jitter.ms"),
    ("segment.ms", "604800000", LONG, "log.roll.ms"),
    ("unclean.leader.election.enable", "false", BOOLEAN, "unclean.leader.election.enable"),
];

/// Name, value, type. All but the listener and the ids are Kafka's defaults.
const OF_BROKERS: [(&str, &str, i8); 8] = [
    ("auto.create.topics.enable", "false", BOOLEAN),
    ("default.replication.factor", "1", INT),
    ("log.cleanup.policy", "delete", LIST),
    ("log.retention.bytes", "-1", LONG),
    ("log.retention.hours", "168", INT),
    ("message.max.bytes", "1048588", INT),
    ("min.insync.replicas", "1", INT),
    ("num.partitions", "1", INT),
];

pub(super) fn answer(asked: &Asked<'_>, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let state = asked.cluster.state();
    let results = request.resources.into_iter().map(|resource| {
        let found = match asked.error {
            Some(error) => Err((error, None)),
            None => configs(asked, &state, &resource, request.include_synonyms),
        };
        let answer =
            DescribeConfigsResult::default().with_resource_type(resource.resource_type).with_resource_name(resource.resource_name.clone());
        match found {
            Err((error, message)) => answer.with_error_code(error).with_error_message(message.map(|words: String| text(&words))),
            Ok(mut all) => {
                if let Some(keys) = resource.configuration_keys {
                    all.retain(|config| keys.contains(&config.name));
                }
                answer.with_configs(all)
            }
        }
    });
    DescribeConfigsResponse::default().with_throttle_time_ms(asked.throttle_ms).with_results(results.collect())
}

type Fault = (i16, Option<String>);

fn configs(
    asked: &Asked<'_>,
    state: &State,
    resource: &DescribeConfigsResource,
    synonyms: bool,
) -> Result<Vec<DescribeConfigsResourceResult>, Fault> {
    match resource.resource_type {
        TOPIC => {
            let topic = state.topic(Named::Name(&resource.resource_name)).ok_or((code::UNKNOWN_TOPIC_OR_PARTITION, None))?;
            let one = |(name, default, kind, of_broker): (&str, &str, i8, &str)| {
                let set = topic.overridden(name);
                let mut sources = Vec::new();
                if synonyms {
                    sources.extend(set.map(|value| synonym(name, value, OF_TOPIC)));
                    sources.extend((!of_broker.is_empty()).then(|| synonym(of_broker, default, DEFAULT)));
                }
                config(name, set.unwrap_or(default), kind, if set.is_some() { OF_TOPIC } else { DEFAULT }, asked.version)
                    .with_synonyms(sources)
            };
            Ok(OF_TOPICS.into_iter().map(one).collect())
        }
        BROKER if resource.resource_name.parse() == Ok(asked.broker) => {
            let broker = |(name, value, kind)| config(name, value, kind, DEFAULT, asked.version).with_read_only(true);
            let mut all: Vec<_> = OF_BROKERS.into_iter().map(broker).collect();
            let listener = asked.cluster.broker(asked.broker).map(|broker| format!("PLAINTEXT://{}", broker.address)).unwrap_or_default();
            let id = asked.broker.to_string();
            for (name, value, kind) in [("advertised.listeners", &listener, STRING), ("node.id", &id, INT)] {
                all.push(config(name, value, kind, STATIC_OF_BROKER, asked.version).with_read_only(true));
            }
            Ok(all)
        }
        BROKER => Err((code::INVALID_REQUEST, Some(format!("Unexpected broker id, expected {}", asked.broker)))),
        other => Err((code::INVALID_REQUEST, Some(format!("Unsupported resource type: {other}")))),
    }
}

fn config(name: &str, value: &str, kind: i8, source: i8, version: i16) -> DescribeConfigsResourceResult {
    let config = DescribeConfigsResourceResult::default().with_name(text(name)).with_value(Some(text(value))).with_config_source(source);
    if version >= 3 { config.with_config_type(kind) } else { config }
}

fn synonym(name: &str, value: &str, source: i8) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym::default().with_name(text(name)).with_value(Some(text(value))).with_source(source)
}

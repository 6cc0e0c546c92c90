//! A partition whose replicas are being moved (KIP-455): told on the command line and on the screen, as long as it lasts.

use kafka_protocol::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::{AlterPartitionReassignmentsRequest, IncrementalAlterConfigsRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use serde_json::Value;

use crate::eventually;
use crate::kafka::{Cluster, Codec, Connection, Plan, Release, Writer, record, serial};
use crate::run::kscope;

use super::Ui;

const TOPIC: &str = "moving";
/// Nothing comes, nothing goes.
const STILL: [Vec<i64>; 2] = [Vec::new(), Vec::new()];

#[test]
fn replicas_that_are_moving_are_told_until_they_are_there() {
    let _alone = serial();
    let Some(kafka) = Cluster::start(Plan::three(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&kafka.internal);
    let throttled = [("leader.replication.throttled.replicas", "*"), ("follower.replication.throttled.replicas", "*")];
    writer.create_on(TOPIC, &[1], &throttled);
    // More than a follower fetches at once, so that the throttle bites.
    for _ in 0..5 {
        writer.append(TOPIC, 0, Codec::None, &[record("x".repeat(900_000))]);
    }
    let mut wires: Vec<Connection> = kafka.internal.iter().map(|address| Connection::open(address)).collect();
    assert_eq!(moving(&kafka), STILL, "nothing moves yet");
    throttle(&mut wires, Some("1024"));
    reassign(&mut wires[0], &[2, 3]);
    eventually("the command tells it", || (moving(&kafka) == [vec![2, 3], vec![1]]).then_some(()));
    let words = kscope(&["-b", &kafka.brokers(), "topic", "describe", TOPIC, "-o", "table"]).ok().text();
    assert!(words.contains("its replicas are moving:  adding 2,3  removing 1"), "{words}");

    let mut ui = Ui::open(&kafka.brokers());
    ui.until("the list of topics", |seen| seen.title("Topics").is_some() && seen.has(TOPIC));
    ui.press(&format!(":topic {TOPIC}\r"));
    ui.until("the screen tells it", |seen| seen.has("1 moving") && seen.has(" 1 +2,3 −1 ") && seen.has("its replicas are moving"));
    throttle(&mut wires, None);
    eventually("it is done", || (moving(&kafka) == STILL).then_some(()));
    ui.until("the screen tells that too", |seen| !seen.has("moving:") && !seen.has("1 moving") && seen.has("2,3") && !seen.has("−1"));
    ui.quit();
}

/// Which replicas come and go, as the command tells.
fn moving(kafka: &Cluster) -> [Vec<i64>; 2] {
    let told = kscope(&["-b", &kafka.brokers(), "topic", "describe", TOPIC, "-o", "json", "--quiet"]).ok();
    let told: Value = serde_json::from_str(&told.text()).expect("JSON");
    let ids = |field: &str| told["partitions"][0][field].as_array().expect("known").iter().filter_map(Value::as_i64).collect();
    [ids("addingReplicas"), ids("removingReplicas")]
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

/// Bytes a second for what is moved between brokers; `None`: as fast as it goes. Each broker takes its own settings alone.
fn throttle(wires: &mut [Connection], rate: Option<&str>) {
    const BROKER: i8 = 4;
    const SET: i8 = 0;
    const DELETE: i8 = 1;
    let operation = if rate.is_some() { SET } else { DELETE };
    for (id, wire) in (1..).zip(wires) {
        let config = |name| AlterableConfig::default().with_name(text(name)).with_config_operation(operation).with_value(rate.map(text));
        let configs = vec![config("leader.replication.throttled.rate"), config("follower.replication.throttled.rate")];
        let resource = AlterConfigsResource::default().with_resource_type(BROKER).with_resource_name(text(&format!("{id}")));
        let reply = wire.call(1, &IncrementalAlterConfigsRequest::default().with_resources(vec![resource.with_configs(configs)]));
        assert_eq!(reply.responses[0].error_code, 0, "{:?}", reply.responses);
    }
}

fn reassign(wire: &mut Connection, to: &[i32]) {
    let partition = ReassignablePartition::default().with_partition_index(0).with_replicas(Some(to.iter().map(|&id| id.into()).collect()));
    let topic = ReassignableTopic::default().with_name(TopicName(text(TOPIC))).with_partitions(vec![partition]);
    let reply = wire.call(0, &AlterPartitionReassignmentsRequest::default().with_timeout_ms(30_000).with_topics(vec![topic]));
    assert_eq!((reply.error_code, reply.responses[0].partitions[0].error_code), (0, 0), "{:?}", reply.error_message);
}

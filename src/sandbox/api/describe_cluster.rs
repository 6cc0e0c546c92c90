//! DescribeCluster (KIP-700): the brokers.

use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};

use super::{Asked, code, text};
use crate::sandbox::cluster::CLUSTER_ID;

/// A client that wants the controllers' addresses (KIP-919).
const CONTROLLERS: i8 = 2;

pub(super) fn answer(asked: &Asked<'_>, request: &DescribeClusterRequest) -> DescribeClusterResponse {
    let wrong = (asked.version >= 1 && request.endpoint_type == CONTROLLERS).then_some(code::MISMATCHED_ENDPOINT_TYPE);
    let brokers = asked.cluster.brokers.iter().map(|broker| {
        DescribeClusterBroker::default()
            .with_broker_id(BrokerId(broker.id))
            .with_host(text(&broker.address.ip().to_string()))
            .with_port(i32::from(broker.address.port()))
            .with_rack(Some(text(&broker.rack)))
    });
    let error = asked.error.or(wrong);
    DescribeClusterResponse::default()
        .with_throttle_time_ms(asked.throttle_ms)
        .with_error_code(error.unwrap_or(0))
        .with_cluster_id(text(CLUSTER_ID))
        .with_controller_id(BrokerId(asked.cluster.brokers.first().map_or(-1, |broker| broker.id)))
        .with_brokers(if error.is_some() { Vec::new() } else { brokers.collect() })
}

//! FindCoordinator: the broker that keeps a group, by the group's name. Several groups at once from version 4 on (KIP-699).

use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Asked, code, text};
use crate::sandbox::cluster::State;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// Many keys in one request from this version on.
const BATCHED: i16 = 4;

pub(super) fn answer(asked: &Asked<'_>, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let mut state = asked.cluster.state();
    let response = FindCoordinatorResponse::default().with_throttle_time_ms(asked.throttle_ms);
    if asked.version >= BATCHED {
        let found = request.coordinator_keys.into_iter().map(|key| find(asked, &mut state, request.key_type, key));
        return response.with_coordinators(found.collect());
    }
    let found = find(asked, &mut state, request.key_type, request.key);
    response
        .with_error_code(found.error_code)
        .with_error_message(found.error_message)
        .with_node_id(found.node_id)
        .with_host(found.host)
        .with_port(found.port)
}

fn find(asked: &Asked<'_>, state: &mut State, key_type: i8, key: StrBytes) -> Coordinator {
    let found = match (asked.error, key_type) {
        (Some(error), _) => Err(error),
        (None, GROUP) => {
            if asked.moves {
                state.move_coordinator(&key, &asked.cluster.ids());
            }
            let leader = state.coordinator(&key);
            leader.and_then(|id| asked.cluster.broker(id)).ok_or(code::COORDINATOR_NOT_AVAILABLE)
        }
        // There are no transactions but those of the seed.
        (None, TRANSACTION) => Err(code::COORDINATOR_NOT_AVAILABLE),
        (None, _) => Err(code::INVALID_REQUEST),
    };
    let coordinator = Coordinator::default().with_key(key);
    match found {
        Ok(broker) => coordinator
            .with_node_id(BrokerId(broker.id))
            .with_host(text(&broker.address.ip().to_string()))
            .with_port(i32::from(broker.address.port())),
        Err(error) => coordinator.with_error_code(error).with_node_id(BrokerId(-1)).with_port(-1),
    }
}

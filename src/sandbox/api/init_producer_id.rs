//! InitProducerId: an id for an idempotent producer, a new one each time (`KafkaApis.handleInitProducerIdRequest`). Transactions
//! are not modelled: who wants one is told that it may not.

use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId};

use super::{Asked, code};

pub(super) fn answer(asked: &Asked<'_>, request: &InitProducerIdRequest) -> InitProducerIdResponse {
    let response = InitProducerIdResponse::default().with_throttle_time_ms(asked.throttle_ms);
    let transactional = request.transactional_id.is_some().then_some(code::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    match asked.error.or(transactional) {
        Some(error) => response.with_error_code(error).with_producer_id(ProducerId(-1)).with_producer_epoch(-1),
        None => response.with_producer_id(ProducerId(asked.cluster.new_producer())).with_producer_epoch(0),
    }
}

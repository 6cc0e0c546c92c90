//! ListPartitionReassignments (KIP-455): none is ever under way here.

use kafka_protocol::messages::ListPartitionReassignmentsResponse;

use super::Asked;

pub(super) fn answer(asked: &Asked<'_>) -> ListPartitionReassignmentsResponse {
    ListPartitionReassignmentsResponse::default().with_throttle_time_ms(asked.throttle_ms).with_error_code(asked.error.unwrap_or(0))
}

//! SyncGroup: the leader brings the assignment, every member gets its own. Who comes before the leader waits for it.

use bytes::Bytes;
use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};

use super::{Asked, code, text};
use crate::sandbox::groups::{Step, Sync, Synced, Who};

/// The protocol type and the assignor must be told from this version on (KIP-559).
const MUST_AGREE: i16 = 5;

pub(super) async fn answer(asked: &Asked<'_>, request: SyncGroupRequest) -> SyncGroupResponse {
    let synced = match begin(asked, &request) {
        Ok(Step::Now(synced)) => synced,
        Ok(Step::Later(told)) => asked.wait(&request.group_id.0, told).await.unwrap_or_else(|| Synced::refused(code::UNKNOWN_MEMBER_ID)),
        Err(error) => Synced::refused(error),
    };
    SyncGroupResponse::default()
        .with_throttle_time_ms(asked.throttle_ms)
        .with_error_code(synced.error)
        .with_protocol_type(synced.kind.as_deref().map(text))
        .with_protocol_name(synced.protocol.as_deref().map(text))
        .with_assignment(synced.assignment)
}

fn begin(asked: &Asked<'_>, request: &SyncGroupRequest) -> Result<Step<Synced>, i16> {
    let mut state = asked.cluster.state();
    let (name, now) = (&request.group_id.0, asked.cluster.moment());
    asked.coordinates_members(&mut state, name)?;
    if asked.version >= MUST_AGREE && (request.protocol_type.is_none() || request.protocol_name.is_none()) {
        return Err(code::INCONSISTENT_GROUP_PROTOCOL);
    }
    let group = state.groups.get(name, now).ok_or(code::UNKNOWN_MEMBER_ID)?;
    let sync = Sync {
        who: Who { member: &request.member_id, instance: request.group_instance_id.as_deref() },
        generation: request.generation_id,
        kind: request.protocol_type.as_deref(),
        protocol: request.protocol_name.as_deref(),
        // A slice of the frame would keep the whole frame.
        assignments: request.assignments.iter().map(|one| (one.member_id.to_string(), Bytes::copy_from_slice(&one.assignment))).collect(),
    };
    Ok(group.sync(&sync, now))
}

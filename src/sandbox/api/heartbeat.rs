//! Heartbeat: a member is alive, and hears whether it is to join again.

use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};

use super::{Asked, code};
use crate::sandbox::groups::Who;

pub(super) fn answer(asked: &Asked<'_>, request: &HeartbeatRequest) -> HeartbeatResponse {
    let error = beat(asked, request).unwrap_or_else(|error| error);
    HeartbeatResponse::default().with_throttle_time_ms(asked.throttle_ms).with_error_code(error)
}

fn beat(asked: &Asked<'_>, request: &HeartbeatRequest) -> Result<i16, i16> {
    let mut state = asked.cluster.state();
    let (name, now) = (&request.group_id.0, asked.cluster.moment());
    asked.coordinates_members(&mut state, name)?;
    let group = state.groups.get(name, now).ok_or(code::UNKNOWN_MEMBER_ID)?;
    let who = Who { member: &request.member_id, instance: request.group_instance_id.as_deref() };
    Ok(group.heartbeat(who, request.generation_id, now))
}

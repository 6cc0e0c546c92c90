//! LeaveGroup: a member goes; several at once, by id or by instance, from version 3 on (KIP-345).

use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};

use super::{Asked, code};
use crate::sandbox::groups::Who;

/// Several members in one request from this version on.
const BATCHED: i16 = 3;

pub(super) fn answer(asked: &Asked<'_>, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let response = LeaveGroupResponse::default().with_throttle_time_ms(asked.throttle_ms);
    let leaving =
        if asked.version >= BATCHED { request.members } else { vec![MemberIdentity::default().with_member_id(request.member_id)] };
    match leave(asked, &request.group_id.0, &leaving) {
        Err(error) => response.with_error_code(error),
        Ok(errors) if asked.version < BATCHED => response.with_error_code(errors.first().copied().unwrap_or(0)),
        Ok(errors) => {
            let members = leaving.into_iter().zip(errors).map(|(one, error)| {
                MemberResponse::default().with_member_id(one.member_id).with_group_instance_id(one.group_instance_id).with_error_code(error)
            });
            response.with_members(members.collect())
        }
    }
}

fn leave(asked: &Asked<'_>, name: &str, leaving: &[MemberIdentity]) -> Result<Vec<i16>, i16> {
    let mut state = asked.cluster.state();
    let now = asked.cluster.moment();
    asked.coordinates_members(&mut state, name)?;
    let Some(group) = state.groups.get(name, now) else { return Ok(vec![code::UNKNOWN_MEMBER_ID; leaving.len()]) };
    let who = |one: &MemberIdentity| (one.member_id.to_string(), one.group_instance_id.as_ref().map(ToString::to_string));
    let errors = leaving.iter().map(who).map(|(member, instance)| group.leave(Who { member: &member, instance: instance.as_deref() }, now));
    Ok(errors.collect())
}

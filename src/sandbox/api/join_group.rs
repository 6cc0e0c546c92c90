//! JoinGroup: somebody becomes a member, or stays one in the next generation. The answer waits until all members have joined, or
//! have been waited for long enough.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};

use super::{Asked, code, text};
use crate::sandbox::groups::{Join, Joined, Step};

/// A new member gets its id first, and comes again with it, from this version on (KIP-394).
const GIVES_IDS: i16 = 4;
/// The protocol type is told from this version on, and what is none may be null.
const TELLS_TYPE: i16 = 7;
/// A leader may be told to assign nothing from this version on (KIP-814).
const MAY_SKIP: i16 = 9;
/// Milliseconds (`group.min.session.timeout.ms`, `group.max.session.timeout.ms`).
const SESSIONS: std::ops::RangeInclusive<i32> = 6_000..=1_800_000;

pub(super) async fn answer(asked: &Asked<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
    let name = request.group_id.0.to_string();
    let member = request.member_id.to_string();
    let joined = match begin(asked, request) {
        Ok(Step::Now(joined)) => joined,
        Ok(Step::Later(told)) => {
            // The member was thrown out without a word: it is to join anew.
            asked.wait(&name, told).await.unwrap_or_else(|| Joined::refused(code::UNKNOWN_MEMBER_ID, &member))
        }
        Err(error) => Joined::refused(error, &member),
    };
    let members = joined.members.into_iter().map(|one| {
        JoinGroupResponseMember::default()
            .with_member_id(text(&one.member))
            .with_group_instance_id(one.instance.as_deref().map(text))
            .with_metadata(one.subscription)
    });
    let protocol = joined.protocol.as_deref().map(text);
    JoinGroupResponse::default()
        .with_throttle_time_ms(asked.throttle_ms)
        .with_error_code(joined.error)
        .with_generation_id(joined.generation)
        .with_protocol_type(joined.kind.as_deref().map(text))
        .with_protocol_name(if asked.version >= TELLS_TYPE { protocol } else { Some(protocol.unwrap_or_default()) })
        .with_leader(text(&joined.leader))
        .with_skip_assignment(joined.skip)
        .with_member_id(text(&joined.member))
        .with_members(members.collect())
}

fn begin(asked: &Asked<'_>, request: JoinGroupRequest) -> Result<Step<Joined>, i16> {
    let mut state = asked.cluster.state();
    let (name, now) = (&request.group_id.0, asked.cluster.moment());
    asked.coordinates_members(&mut state, name)?;
    if !SESSIONS.contains(&request.session_timeout_ms) {
        return Err(code::INVALID_SESSION_TIMEOUT);
    }
    // Who has an id had it from a group that existed.
    if !request.member_id.is_empty() && state.groups.get(name, now).is_none() {
        return Err(code::UNKNOWN_MEMBER_ID);
    }
    let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let session = millis(request.session_timeout_ms);
    let instance = request.group_instance_id.map(|id| id.to_string());
    let join = Join {
        member: request.member_id.to_string(),
        fresh: state.groups.member_id(instance.as_deref().unwrap_or(asked.client)),
        instance,
        client: asked.client.to_owned(),
        // As Java prints an address without a name.
        host: format!("/{}", asked.host),
        session,
        // Version 0 has one time for both.
        rebalance: if request.rebalance_timeout_ms < 0 { session } else { millis(request.rebalance_timeout_ms) },
        kind: request.protocol_type.to_string(),
        // A slice of the frame would keep the whole frame.
        protocols: request.protocols.into_iter().map(|one| (one.name.to_string(), Bytes::copy_from_slice(&one.metadata))).collect(),
        needs_id: asked.version >= GIVES_IDS,
        may_skip: asked.version >= MAY_SKIP,
    };
    Ok(state.groups.open(name, now).join(join, now))
}

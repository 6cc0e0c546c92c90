//! DescribeGroups: state and members. What does not exist is "Dead" without an error, and GROUP_ID_NOT_FOUND from version 6 on
//! (KIP-1043). Subscriptions and assignments are told of stable groups alone (`ClassicGroup.describe`).

use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse, GroupId};
use kafka_protocol::protocol::StrBytes;

use super::{Asked, code, text};
use crate::sandbox::cluster::State;
use crate::sandbox::groups::{Group, Phase};

/// What does not exist is an error from this version on.
const SAYS_NOT_FOUND: i16 = 6;

pub(super) fn answer(asked: &Asked<'_>, request: &DescribeGroupsRequest) -> DescribeGroupsResponse {
    let mut state = asked.cluster.state();
    let groups = request.groups.iter().map(|id| describe(asked, &mut state, id)).collect();
    DescribeGroupsResponse::default().with_throttle_time_ms(asked.throttle_ms).with_groups(groups)
}

fn describe(asked: &Asked<'_>, state: &mut State, id: &GroupId) -> DescribedGroup {
    let described = DescribedGroup::default().with_group_id(id.clone());
    if let Err(error) = asked.coordinates(state, &id.0) {
        return described.with_error_code(error);
    }
    match state.groups.get(&id.0, asked.cluster.moment()) {
        Some(group) => found(described, group),
        None if asked.version >= SAYS_NOT_FOUND => described
            .with_group_state(StrBytes::from_static_str("Dead"))
            .with_error_code(code::GROUP_ID_NOT_FOUND)
            .with_error_message(Some(text(&format!("Group {} not found.", &*id.0)))),
        None => described.with_group_state(StrBytes::from_static_str("Dead")),
    }
}

fn found(described: DescribedGroup, group: &Group) -> DescribedGroup {
    let protocol = group.protocol().filter(|_| group.phase() == Phase::Stable);
    let members = group.members().map(|(id, member)| {
        let described = DescribedGroupMember::default()
            .with_member_id(text(id))
            .with_group_instance_id(member.instance.as_deref().map(text))
            .with_client_id(text(&member.client))
            .with_client_host(text(&member.host));
        match protocol {
            Some(protocol) => {
                described.with_member_metadata(member.subscription(protocol)).with_member_assignment(member.assignment.clone())
            }
            None => described,
        }
    });
    described
        .with_group_state(StrBytes::from_static_str(group.phase().name()))
        .with_protocol_type(text(group.kind().unwrap_or_default()))
        .with_protocol_data(text(protocol.unwrap_or_default()))
        .with_members(members.collect())
}

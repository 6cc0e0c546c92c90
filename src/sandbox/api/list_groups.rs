//! ListGroups: the groups that this broker keeps. States and types filter without regard to case (KIP-518, KIP-848); every group
//! here is classic.

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{GroupId, ListGroupsRequest, ListGroupsResponse};
use kafka_protocol::protocol::StrBytes;

use super::{Asked, text};

const CLASSIC: &str = "classic";

pub(super) fn answer(asked: &Asked<'_>, request: &ListGroupsRequest) -> ListGroupsResponse {
    let response = ListGroupsResponse::default().with_throttle_time_ms(asked.throttle_ms);
    if let Some(error) = asked.error {
        return response.with_error_code(error);
    }
    let wants = |filter: &[StrBytes], word: &str| filter.is_empty() || filter.iter().any(|one| one.eq_ignore_ascii_case(word));
    if !wants(&request.types_filter, CLASSIC) {
        return response;
    }
    let mut state = asked.cluster.state();
    // By partition of the topic that says who coordinates: no group's coordinator is looked up by itself.
    let here = state.coordinated_by(asked.broker);
    let all = state.groups.all(asked.cluster.moment());
    let listed = all.filter(|(name, group)| here.keeps(name) && wants(&request.states_filter, group.phase().name()));
    let listed = listed.map(|(name, group)| {
        ListedGroup::default()
            .with_group_id(GroupId(text(name)))
            .with_protocol_type(text(group.kind().unwrap_or_default()))
            .with_group_state(StrBytes::from_static_str(group.phase().name()))
            .with_group_type(StrBytes::from_static_str(CLASSIC))
    });
    response.with_groups(listed.collect())
}

//! DeleteGroups: groups without members go, with all that they committed (`GroupMetadataManager.validateDeleteGroup`).

use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse};

use super::{Asked, code};
use crate::sandbox::cluster::State;
use crate::sandbox::groups::Phase;

pub(super) fn answer(asked: &Asked<'_>, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut state = asked.cluster.state();
    let results = request.groups_names.into_iter().map(|id| {
        let error = delete(asked, &mut state, &id.0).err().or(asked.error_after).unwrap_or(0);
        DeletableGroupResult::default().with_group_id(id).with_error_code(error)
    });
    let results = results.collect();
    DeleteGroupsResponse::default().with_throttle_time_ms(asked.throttle_ms).with_results(results)
}

fn delete(asked: &Asked<'_>, state: &mut State, name: &str) -> Result<(), i16> {
    asked.coordinates(state, name)?;
    let group = state.groups.get(name, asked.cluster.moment()).ok_or(code::GROUP_ID_NOT_FOUND)?;
    if group.phase() != Phase::Empty {
        return Err(code::NON_EMPTY_GROUP);
    }
    state.groups.remove(name);
    Ok(())
}

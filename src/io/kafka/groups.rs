//! Groups: who there are (ListGroups of every broker), who coordinates them, and in the files below what they are
//! (`describe`), what they committed (`commits`) and how that is changed (`change`).
//!
//! May use the pool, the wire and model. Routed by the kind that ListGroups names, because a broker calls a live group of the
//! new protocol "Dead" when it is asked by the old request. What one broker refuses is the result of that broker.

mod change;
mod commits;
mod describe;
mod flexible;
mod shares;
mod streams;

use std::collections::HashMap;
use std::sync::Arc;

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{self as kp, FindCoordinatorRequest, ListGroupsRequest};
use kafka_protocol::protocol::StrBytes;
use tokio::task::JoinSet;

pub use change::{NewCommit, PartitionOutcome};
pub use commits::{GroupCommits, Scope};
pub use describe::Described;

use super::error::{ErrorCode, PartitionError};
use super::fault::Fault;
use super::metadata::Wanted;
use super::pool::Pool;
use super::wire::{ConsumerGroupDescribe, FindCoordinator, ListGroups};
use crate::model::{BrokerId, Cause, Failure, Foreign, GroupId, GroupKind, GroupListing, GroupState, Operation};

/// So many group ids in one FindCoordinator.
const KEYS_PER_REQUEST: usize = 2_000;

/// `BROKER_NOT_AVAILABLE`.
const NO_BROKER: ErrorCode = ErrorCode(8);

/// The groups that one broker coordinates, or why it does not tell.
pub type Listed = (BrokerId, Result<Vec<GroupListing>, PartitionError>);

impl Pool {
    /// Asks every broker for the groups that it coordinates; `each` hears every broker as it answers.
    ///
    /// # Errors
    /// No broker could be reached to learn which there are, or they name none: that is no empty list.
    pub(super) async fn list_groups(self: &Arc<Self>, what: &'static str, mut each: impl FnMut(Listed)) -> Result<(), Failure> {
        if self.listed().is_empty() {
            // Metadata, because what it tells of brokers is kept.
            self.cluster(what, Wanted::Brokers).await?;
        }
        let brokers = self.listed();
        if brokers.is_empty() {
            // Brokers that start, or that the controller has lost sight of for a moment (fenced, KIP-631).
            return Err(Failure::new(what, NO_BROKER.cause(None, Some("the cluster names no broker that is alive, for now"))));
        }
        let mut running = JoinSet::new();
        for broker in brokers {
            let pool = Arc::clone(self);
            running.spawn(async move { (broker, pool.groups_of(what, broker).await) });
        }
        while let Some(done) = running.join_next().await {
            if let Ok(listed) = done {
                each(listed);
            }
        }
        Ok(())
    }

    async fn groups_of(self: Arc<Self>, what: &'static str, broker: BrokerId) -> Result<Vec<GroupListing>, PartitionError> {
        let failed = |fault: Fault| unanswered(fault, what);
        let connection = self.control(broker).await.map_err(failed)?;
        let version = connection.version::<ListGroups>().map_err(failed)?;
        // Without types in the list there may still be groups of the new protocol: 3.7 has them in early access.
        let typed = version >= 5 || connection.version::<ConsumerGroupDescribe>().is_err();
        let answer = connection.call::<ListGroups>(|_| ListGroupsRequest::default()).await.map_err(failed)?;
        match ErrorCode::of(answer.error_code) {
            Some(code) => Err(PartitionError::of(code, Operation::Describe)),
            None => Ok(answer.groups.iter().map(|group| listing(group, broker, typed)).collect()),
        }
    }

    /// The coordinator of each of these groups, in their order. Only for groups that were listed: the question makes a broker
    /// create the topic of offsets when there is none.
    ///
    /// # Errors
    /// No broker answered.
    pub(super) async fn coordinators(
        self: &Arc<Self>,
        what: &'static str,
        groups: &[GroupId],
    ) -> Result<Vec<Result<BrokerId, PartitionError>>, Failure> {
        let connection = self.any().await.map_err(|fault| fault.into_failure(what))?;
        let version = connection.version::<FindCoordinator>().map_err(|fault| fault.into_failure(what))?;
        let most = if version >= 4 { KEYS_PER_REQUEST } else { 1 };
        let mut found = Vec::with_capacity(groups.len());
        for some in groups.chunks(most) {
            let answer = connection.call::<FindCoordinator>(|version| coordinator_request(version, some)).await;
            let answer = answer.map_err(|fault| fault.into_failure(what))?;
            let told = |code, broker: kp::BrokerId| match ErrorCode::of(code) {
                Some(code) => Err(PartitionError::of(code, Operation::Describe)),
                None => Ok(BrokerId(broker.0)),
            };
            if version < 4 {
                found.push(told(answer.error_code, answer.node_id));
                continue;
            }
            let mut by_key: HashMap<String, _> =
                answer.coordinators.into_iter().map(|c| (c.key.as_str().to_owned(), told(c.error_code, c.node_id))).collect();
            found.extend(some.iter().map(|id| by_key.remove(id.raw()).unwrap_or(Err(PartitionError::Kafka(ErrorCode(-1))))));
        }
        Ok(found)
    }
}

/// A broker, or one partition or group, that could not be asked.
pub(super) fn unanswered(fault: Fault, what: &'static str) -> PartitionError {
    match fault.cause {
        Cause::NotOffered(_) => PartitionError::NotOffered,
        _ => PartitionError::NoAnswer(Arc::new(fault.into_failure(what))),
    }
}

fn kafka_name(name: &str) -> StrBytes {
    StrBytes::from_string(name.to_owned())
}

fn kafka_group(id: &GroupId) -> kp::GroupId {
    kp::GroupId(kafka_name(id.raw()))
}

fn foreign(text: &StrBytes) -> Foreign {
    Foreign::new(text.as_str())
}

fn coordinator_request(version: i16, groups: &[GroupId]) -> FindCoordinatorRequest {
    let request = FindCoordinatorRequest::default();
    if version >= 4 {
        return request.with_coordinator_keys(groups.iter().map(|id| kafka_name(id.raw())).collect());
    }
    match groups.first() {
        Some(id) => request.with_key(kafka_name(id.raw())),
        None => request,
    }
}

fn listing(group: &ListedGroup, broker: BrokerId, typed: bool) -> GroupListing {
    let kind = match GroupKind::of(group.group_type.as_str()) {
        // Before 3.8 every group is a classic one, unless the broker offers the new protocol already.
        GroupKind::Untold if typed => GroupKind::Classic,
        kind => kind,
    };
    GroupListing {
        id: GroupId::new(group.group_id.as_str()),
        kind,
        state: GroupState::of(group.group_state.as_str()),
        protocol: foreign(&group.protocol_type),
        coordinator: broker,
    }
}

#[cfg(test)]
mod tests;

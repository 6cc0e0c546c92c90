//! OffsetFetch: what groups have committed; many groups at once from version 8 on (KIP-709). No topics named: all that have a
//! commit. A group that does not exist has none, which is no error (`OffsetMetadataManager.fetchAllOffsets`). Every commit is
//! stable here: no transaction commits offsets.

use std::collections::BTreeMap;

use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse, TopicName};

use super::{Asked, text};
use crate::sandbox::cluster::State;
use crate::sandbox::groups::{Commit, Commits};

/// Many groups in one request from this version on.
const BATCHED: i16 = 8;
/// An error of the whole answer has a place from this version on.
const SAYS_ERRORS: i16 = 2;

type Rows = Vec<(TopicName, Vec<(i32, Option<Commit>)>)>;
/// Topics that are asked for, with their partitions; `None`: all.
type Asks = Option<Vec<(TopicName, Vec<i32>)>>;

pub(super) fn answer(asked: &Asked<'_>, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let mut state = asked.cluster.state();
    let response = OffsetFetchResponse::default().with_throttle_time_ms(asked.throttle_ms);
    if asked.version < BATCHED {
        let topics = request.topics.map(|all| all.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect());
        return single(asked, &mut state, response, &request.group_id.0, topics);
    }
    let groups = request.groups.into_iter().map(|group| {
        let topics = group.topics.map(|all| all.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect());
        let found = find(asked, &mut state, &group.group_id.0, topics);
        let answer = OffsetFetchResponseGroup::default().with_group_id(group.group_id);
        match found {
            Ok(rows) => answer.with_topics(rows.into_iter().map(|(name, partitions)| topic(name, partitions)).collect()),
            Err(error) => answer.with_error_code(error),
        }
    });
    let groups = groups.collect();
    response.with_groups(groups)
}

fn find(asked: &Asked<'_>, state: &mut State, group: &str, topics: Asks) -> Result<Rows, i16> {
    asked.coordinates(state, group)?;
    let none = Commits::default();
    let commits = state.groups.get(group, asked.cluster.moment()).map_or(&none, |group| &group.commits);
    let Some(topics) = topics else {
        let all = commits.topics().map(|(topic, partitions): (_, &BTreeMap<i32, Commit>)| {
            let partitions = partitions.iter().map(|(index, commit)| (*index, Some(commit.clone())));
            (TopicName(text(topic)), partitions.collect())
        });
        return Ok(all.collect());
    };
    let named = topics.into_iter().map(|(topic, indexes)| {
        let partitions = indexes.into_iter().map(|index| (index, commits.get(&topic, index).cloned())).collect();
        (topic, partitions)
    });
    Ok(named.collect())
}

fn topic(name: TopicName, partitions: Vec<(i32, Option<Commit>)>) -> OffsetFetchResponseTopics {
    let partitions = partitions.into_iter().map(|(index, commit)| {
        let commit = commit.unwrap_or(Commit::at(-1));
        OffsetFetchResponsePartitions::default()
            .with_partition_index(index)
            .with_committed_offset(commit.offset)
            .with_committed_leader_epoch(commit.epoch)
            .with_metadata(Some(text(&commit.metadata)))
    });
    OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.collect())
}

/// The older form, for one group. In version 1 an error stands beside each partition that was named.
fn single(asked: &Asked<'_>, state: &mut State, response: OffsetFetchResponse, group: &str, topics: Asks) -> OffsetFetchResponse {
    let named = topics.clone().unwrap_or_default();
    let (rows, error) = match find(asked, state, group, topics) {
        Ok(rows) => (rows, 0),
        Err(error) => {
            let none = |(topic, indexes): (TopicName, Vec<i32>)| (topic, indexes.into_iter().map(|index| (index, None)).collect());
            (named.into_iter().map(none).collect(), error)
        }
    };
    let topics = rows.into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|(index, commit)| {
            let commit = commit.unwrap_or(Commit::at(-1));
            OffsetFetchResponsePartition::default()
                .with_partition_index(index)
                .with_committed_offset(commit.offset)
                .with_committed_leader_epoch(commit.epoch)
                .with_metadata(Some(text(&commit.metadata)))
                .with_error_code(error)
        });
        OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions.collect())
    });
    let response = response.with_topics(topics.collect());
    if asked.version >= SAYS_ERRORS { response.with_error_code(error) } else { response }
}

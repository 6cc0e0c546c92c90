//! Groups for screens and commands: lists, descriptions, and the lag of many groups in few requests.
//!
//! Commits are read before the ends of the logs, so that a lag may be overstated by what was consumed in between and is never
//! negative. One ListOffsets per leader and kind of position serves all groups of a sweep.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::task::JoinSet;

use super::kafka::{At, Client, Found, Isolation, OffsetAsk, OffsetResult, Scope, Wanted};
use crate::core::ask::{Answer, GroupAsk, GroupLag, GroupList, Shares};
use crate::core::lag::{Place, TopicPlaces};
use crate::model::{
    BrokerId, Failure, GroupDescription, GroupId, GroupKind, Offset, Operation, PartitionId, Resource, ShareStart, TopicCommits,
    TopicError, TopicId, TopicName, Why,
};

const LIST: &str = "list the groups";
const DESCRIBE: &str = "describe the group";
const LAG: &str = "look up the lag";

/// Lists groups; `tell` hears each broker's part.
///
/// # Errors
/// No broker could be reached to learn which there are.
pub async fn list<F: Future<Output = ()>>(client: &Client, tell: impl Fn(Answer) -> F) -> Result<(), Failure> {
    let (parts, mut told) = tokio::sync::mpsc::unbounded_channel();
    let asking = client.list_groups(LIST, move |(broker, listed)| {
        drop(parts.send(GroupList { broker, groups: listed.map_err(|error| error.why()) }));
    });
    let telling = async {
        while let Some(part) = told.recv().await {
            tell(Answer::Groups(part)).await;
        }
    };
    let (asked, ()) = tokio::join!(asking, telling);
    asked
}

/// Describes groups, in as few requests as there are coordinators and kinds; in no order.
pub async fn describe(client: &Client, groups: &[GroupAsk]) -> Vec<(GroupId, Result<GroupDescription, Why>)> {
    let mut by_place: BTreeMap<(BrokerId, GroupKind), Vec<GroupId>> = BTreeMap::new();
    for group in groups {
        by_place.entry((group.coordinator, group.kind.clone())).or_default().push(group.id.clone());
    }
    let mut running = JoinSet::new();
    for ((coordinator, kind), ids) in by_place {
        let client = client.clone();
        running.spawn(async move { client.describe_groups(DESCRIBE, coordinator, &kind, &ids).await });
    }
    let mut described = Vec::with_capacity(groups.len());
    while let Some(done) = running.join_next().await {
        let told = done.unwrap_or_default().into_iter();
        described.extend(told.map(|(id, result)| (id, result.map_err(|error| error.why()))));
    }
    described
}

/// So many groups are looked up in one go, then told.
const GROUPS_AT_ONCE: usize = 500;

/// Looks up the lag of groups; `tell` hears it in parts, that of share groups as [`Answer::Shares`]: they have no commits.
///
/// # Errors
/// No broker answers what topics there are.
pub async fn lag<F: Future<Output = ()>>(client: &Client, groups: &[GroupAsk], tell: impl Fn(Answer) -> F) -> Result<(), Failure> {
    for some in groups.chunks(GROUPS_AT_ONCE) {
        let (share, others): (Vec<GroupAsk>, Vec<GroupAsk>) = some.iter().cloned().partition(|group| group.kind == GroupKind::Share);
        if !share.is_empty() {
            let told = starts(client, &share).await.into_iter().map(|(id, starts)| Shares { id, starts });
            tell(Answer::Shares(told.collect())).await;
        }
        if !others.is_empty() {
            tell(Answer::Lag(lag_of(client, &others).await?)).await;
        }
    }
    Ok(())
}

/// A group and what it committed, partitions of members without a commit included.
type Committed = (GroupId, Result<Vec<TopicCommits>, Why>);

/// The lag of some groups, in their order.
///
/// # Errors
/// As [`lag`].
pub async fn lag_of(client: &Client, groups: &[GroupAsk]) -> Result<Vec<GroupLag>, Failure> {
    with_ends(client, committed(client, groups, &None).await).await
}

/// The lag of some groups on one topic, in their order: only partitions with a commit there, and those that were named.
///
/// # Errors
/// As [`lag`].
pub async fn lag_on(client: &Client, groups: &[GroupAsk], topic: &TopicName, partitions: &[PartitionId]) -> Result<Vec<GroupLag>, Failure> {
    let scope = Some(vec![(topic.clone(), partitions.to_vec())]);
    with_ends(client, committed(client, groups, &scope).await).await
}

async fn with_ends(client: &Client, committed: Vec<Committed>) -> Result<Vec<GroupLag>, Failure> {
    let told = committed.iter().filter_map(|(_, commits)| commits.as_ref().ok()).flatten();
    let mut wanted: BTreeMap<TopicName, BTreeSet<PartitionId>> = BTreeMap::new();
    for topic in told {
        wanted.entry(topic.topic.clone()).or_default().extend(topic.partitions.iter().map(|(id, _)| *id));
    }
    let ends = Ends::of(client, &wanted).await?;
    let lags = committed
        .into_iter()
        .map(|(id, commits)| GroupLag { id, topics: commits.map(|topics| topics.into_iter().map(|topic| ends.places(topic)).collect()) });
    Ok(lags.collect())
}

/// The commits of groups in their order; a partition that is asked for by name and has none is there without one.
async fn committed(client: &Client, groups: &[GroupAsk], scope: &Scope) -> Vec<Committed> {
    let mut by_coordinator: BTreeMap<BrokerId, Vec<GroupId>> = BTreeMap::new();
    for group in groups.iter().filter(|group| group.kind.commits()) {
        by_coordinator.entry(group.coordinator).or_default().push(group.id.clone());
    }
    let mut running = JoinSet::new();
    for (coordinator, ids) in by_coordinator {
        let (client, scope) = (client.clone(), scope.clone());
        running.spawn(async move { client.commits(LAG, coordinator, &ids, &scope, false).await });
    }
    let mut found: HashMap<GroupId, Result<Vec<TopicCommits>, Why>> = HashMap::new();
    while let Some(done) = running.join_next().await {
        let told = done.unwrap_or_default().into_iter();
        found.extend(told.map(|(id, commits)| (id, commits.map_err(|error| error.why()))));
    }
    let mut commits = |group: &GroupAsk| match found.remove(&group.id) {
        Some(Ok(mut topics)) => {
            // Partitions that were asked for by name are answered also where there is no commit.
            for topic in &mut topics {
                topic.partitions.retain(|(_, commit)| *commit != Ok(None));
            }
            topics.retain(|topic| !topic.partitions.is_empty());
            Ok(with_named(topics, &group.also))
        }
        Some(Err(why)) => Err(why),
        None if group.kind.commits() => Err(Why::NoAnswer),
        None => Err(Why::NotOffered),
    };
    groups.iter().map(|group| (group.id.clone(), commits(group))).collect()
}

/// Where share groups start, in their order; of a group of another kind [`Why::NotOffered`].
pub async fn starts(client: &Client, groups: &[GroupAsk]) -> Vec<(GroupId, Result<Vec<ShareStart>, Why>)> {
    let mut running = JoinSet::new();
    for group in groups.iter().filter(|group| group.kind == GroupKind::Share).cloned() {
        let client = client.clone();
        running.spawn(async move {
            let starts = client.share_starts(LAG, group.coordinator, &group.id).await;
            (group.id, starts.map_err(|error| error.why()))
        });
    }
    let mut found = HashMap::new();
    while let Some(done) = running.join_next().await {
        found.extend(done);
    }
    groups.iter().map(|group| (group.id.clone(), found.remove(&group.id).unwrap_or(Err(Why::NotOffered)))).collect()
}

/// Adds partitions that have no commit.
fn with_named(mut topics: Vec<TopicCommits>, also: &[(TopicName, Vec<PartitionId>)]) -> Vec<TopicCommits> {
    for (name, partitions) in also {
        let place = match topics.binary_search_by(|topic| topic.topic.cmp(name)) {
            Ok(place) => place,
            Err(place) => {
                topics.insert(place, TopicCommits { topic: name.clone(), partitions: Vec::new() });
                place
            }
        };
        let Some(topic) = topics.get_mut(place) else { continue };
        for &id in partitions {
            if let Err(at) = topic.partitions.binary_search_by_key(&id, |(id, _)| *id) {
                topic.partitions.insert(at, (id, Ok(None)));
            }
        }
    }
    topics
}

/// Where partitions begin and end now.
#[derive(Debug)]
pub struct Ends {
    topics: HashMap<TopicName, Result<TopicId, Why>>,
    found: HashMap<(TopicName, PartitionId), [Result<Offset, Why>; 3]>,
}

impl Ends {
    /// Looks up starts, last stable offsets and high watermarks, in this order.
    ///
    /// # Errors
    /// No broker answers what topics there are.
    pub async fn of(client: &Client, wanted: &BTreeMap<TopicName, BTreeSet<PartitionId>>) -> Result<Self, Failure> {
        let names: Vec<TopicName> = wanted.keys().cloned().collect();
        let mut topics: HashMap<TopicName, Result<TopicId, Why>> = HashMap::new();
        let mut asks = Vec::new();
        if !names.is_empty() {
            // Asked first: to look for the leader of a topic that is gone would be tried again and again.
            let view = client.cluster(LAG, Wanted::Named(&names)).await?;
            for topic in &view.topics {
                let there = match topic.error {
                    None => Ok(topic.id),
                    Some(TopicError::Unknown | TopicError::Invalid) => Err(Why::NoTopic),
                    Some(TopicError::NotAuthorised) => Err(Why::Denied(Operation::Describe.on(Resource::Topic))),
                    Some(TopicError::Other(_)) => Err(Why::NoAnswer),
                };
                if there.is_ok() {
                    let of = wanted.get(&topic.name).into_iter().flatten();
                    let there = of.filter(|id| topic.partition(**id).is_some());
                    asks.extend(there.map(|&partition| (topic.name.clone(), partition)));
                }
                topics.insert(topic.name.clone(), there);
            }
        }
        let look = |at, isolation| {
            let asks: Vec<OffsetAsk> =
                asks.iter().map(|(topic, partition)| OffsetAsk { topic: topic.clone(), partition: *partition, at }).collect();
            async move { client.list_offsets(LAG, &asks, isolation).await }
        };
        let (starts, stables) = tokio::join!(look(At::Earliest, Isolation::ReadUncommitted), look(At::Latest, Isolation::ReadCommitted));
        // Read behind the stable ends, so that it never lies before one.
        let highs = look(At::Latest, Isolation::ReadUncommitted).await;
        let (starts, stables, highs) = (starts?, stables?, highs?);
        let told = starts.into_iter().zip(stables).zip(highs).map(|((start, stable), high)| [offset(start), offset(stable), offset(high)]);
        let found = asks.iter().cloned().zip(told).collect();
        Ok(Self { topics, found })
    }

    /// The id of a topic, or why there is none.
    pub fn topic(&self, name: &TopicName) -> Result<TopicId, Why> {
        self.topics.get(name).cloned().unwrap_or(Err(Why::NoTopic))
    }

    /// Start, last stable offset and high watermark of a partition.
    pub fn partition(&self, topic: &TopicName, partition: PartitionId) -> [Result<Offset, Why>; 3] {
        let nothing = |why: Why| [Err(why.clone()), Err(why.clone()), Err(why)];
        match (self.found.get(&(topic.clone(), partition)), self.topic(topic)) {
            (Some(found), _) => found.clone(),
            (None, Err(why)) => nothing(why),
            (None, Ok(_)) => nothing(Why::NoTopic),
        }
    }

    /// The ends of partitions that nobody commits: those of share groups.
    pub fn uncommitted(&self, topic: TopicName, partitions: &[PartitionId]) -> TopicPlaces {
        let partitions = partitions.iter().map(|&id| (id, Ok(None))).collect();
        self.places(TopicCommits { topic, partitions })
    }

    fn places(&self, commits: TopicCommits) -> TopicPlaces {
        let place = |(id, commit)| {
            let [start, stable, high] = self.partition(&commits.topic, id);
            (id, Place { commit, start, stable, high })
        };
        // A member may be said to read a partition that the topic does not have: a task of Kafka Streams reads several topics.
        let missing = |id: PartitionId| self.topic(&commits.topic).is_ok() && !self.found.contains_key(&(commits.topic.clone(), id));
        let there = commits.partitions.into_iter().filter(|(id, commit)| *commit != Ok(None) || !missing(*id));
        let partitions = there.map(place).collect();
        TopicPlaces { id: self.topic(&commits.topic).unwrap_or_default(), topic: commits.topic.clone(), partitions }
    }
}

fn offset(result: OffsetResult) -> Result<Offset, Why> {
    match result {
        Ok(Found::At { offset, .. }) => Ok(offset),
        Ok(Found::Nothing) => Err(Why::NoAnswer),
        Err(error) => Err(error.why()),
    }
}

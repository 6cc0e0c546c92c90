//! What a plan is computed from, read in one go: the group's listing, its state and members, its commits as they stand when
//! everything pending is settled, then where the logs begin and end, and what the target has to look up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::now;
use super::undo::{self, Before, Restored};
use crate::core::lag::Place;
use crate::core::reset::{Deed, GroupFacts, Kept, Look, Plan, Scope, Sought, Spot, Target, TopicLook, Wish, plan};
use crate::io::behind;
use crate::io::groups::Ends;
use crate::io::kafka::{At, Client, Found, Isolation, OffsetAsk, PartitionError, Wanted};
use crate::model::{
    Cause, Commit, Failure, Foreign, GroupId, GroupKind, GroupListing, GroupState, LeaderEpoch, Offset, Operation, PartitionId, Resource,
    TopicError, TopicName, Why,
};

pub(super) const WHAT: &str = "plan the change";
/// A coordinator that moves or loads is asked so often, so far apart: five seconds.
const TRIES: u32 = 20;
const APART: Duration = Duration::from_millis(250);

pub(super) type Places = BTreeMap<TopicName, BTreeSet<PartitionId>>;
/// What a group committed, by place.
pub(super) type Commits = BTreeMap<(TopicName, PartitionId), Result<Option<Commit>, Why>>;

/// Which partitions are looked at.
enum Wide {
    /// Those that have a commit.
    Committed,
    Named(Places),
}

/// Makes a plan.
pub(super) async fn preview(client: &Client, state: Option<&Path>, mut wish: Wish) -> Result<Plan, Failure> {
    let cluster = client.describe_cluster(WHAT).await?.id;
    if let Deed::Reset(Target::File(path)) = &wish.deed {
        wish.deed = Deed::Reset(Target::Each(undo::offsets(path, &wish.group)?));
    }
    let restored = match &wish.deed {
        Deed::Undo(Kept::Latest) => Some(undo::latest(state, &wish.group, cluster.as_ref())?),
        Deed::Undo(Kept::File(path)) => Some(undo::read(path, &wish.group)?),
        _ => None,
    };
    if let Some(restored) = &restored {
        if let (Some(then), Some(id)) = (&restored.cluster, &cluster)
            && then != id
        {
            let text = format!("the file was saved on cluster {}, this is {}", then.raw(), id.raw());
            return Err(Failure::new(WHAT, Cause::Stopped(Foreign::new(text))));
        }
        wish.group = restored.group.clone();
    }
    again_while_it_moves(|| look(client, &wish, cluster.clone(), restored.as_ref())).await.map(|look| plan::of(wish.clone(), look))
}

/// Reads what a plan was made from once more, for its own partitions. `listed`: whether the group exists is asked of every
/// broker; else its coordinator alone is asked.
pub(super) async fn recheck(client: &Client, before: &Plan, listed: bool) -> Result<Plan, Failure> {
    let once = || async {
        let cluster = client.describe_cluster(WHAT).await?.id;
        let id = &before.wish.group;
        let group = if listed { found(client, id).await? } else { Some(listing(before)) };
        let group = match group {
            Some(listing) => facts(client, listing).await?,
            None => missing(client, id, before.group.listed).await?,
        };
        // A scope that new commits or partitions come into is read as a whole.
        let wide = match (&before.wish.deed, &before.wish.scope) {
            (Deed::Delete, _) | (Deed::Reset(Target::Earliest | Target::Latest | Target::Current | Target::Shift(_)), Scope::Committed)
                if listed =>
            {
                Wide::Committed
            }
            _ => Wide::Named(places(before.rows.iter().map(|row| (&row.topic, row.partition)))),
        };
        let mut look = spots(client, wide, group).await?;
        look.cluster = cluster;
        Ok(look)
    };
    again_while_it_moves(once).await.map(|look| plan::of(before.wish.clone(), look))
}

/// The group as the plan knows it.
fn listing(plan: &Plan) -> GroupListing {
    GroupListing {
        id: plan.wish.group.clone(),
        kind: plan.group.kind.clone(),
        state: plan.group.state.clone(),
        protocol: plan.group.protocol.clone(),
        coordinator: plan.group.coordinator,
    }
}

/// Asks again while coordinators move or load.
async fn again_while_it_moves<T, F: Future<Output = Result<T, Failure>>>(ask: impl Fn() -> F) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        match ask().await {
            Err(failure) if tries < TRIES && is_moving(&failure) => {
                tries += 1;
                sleep(APART).await;
            }
            done => return done,
        }
    }
}

/// A coordinator that moves, is not there or loads, or a cluster that names no broker for a moment.
pub(super) fn is_moving(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::Kafka { code: 8 | 14..=16 | 27, .. } | Cause::Disconnected)
}

/// Everything about a wish.
async fn look(
    client: &Client,
    wish: &Wish,
    cluster: Option<crate::model::ClusterId>,
    restored: Option<&Restored>,
) -> Result<Look, Failure> {
    let group = match (found(client, &wish.group).await?, &wish.deed) {
        (Some(listing), _) => facts(client, listing).await?,
        (None, Deed::Copy { .. }) => missing(client, &wish.group, false).await?,
        (None, _) => return Err(not_found(&wish.group)),
    };
    let other = match &wish.deed {
        Deed::Copy { from } | Deed::Reset(Target::Group(from)) => Some(of_another(client, from).await?),
        _ => None,
    };
    let mut wide = match &wish.deed {
        Deed::Copy { .. } => Wide::Named(places(other.iter().flatten().map(|((topic, partition), _)| (topic, *partition)))),
        Deed::Undo(_) => {
            let before: Option<&Before> = restored.map(|restored| &restored.before);
            Wide::Named(places(before.into_iter().flatten().map(|((topic, partition), _)| (topic, *partition))))
        }
        Deed::Delete => Wide::Committed,
        Deed::Reset(Target::Each(offsets)) => Wide::Named(places(offsets.keys().map(|(topic, partition)| (topic, *partition)))),
        Deed::Reset(Target::Skip { topic, partition, .. }) => Wide::Named(places([(topic, *partition)])),
        Deed::Reset(_) | Deed::Forget => scope(client, &wish.scope).await?,
    };
    if !wish.edits.is_empty() {
        let mut named = match wide {
            Wide::Named(named) => named,
            Wide::Committed => {
                let all = commits(client, &group, None).await?;
                places(all.iter().filter(|(_, commit)| **commit != Ok(None)).map(|((topic, partition), _)| (topic, *partition)))
            }
        };
        for edit in &wish.edits {
            named.entry(edit.topic.clone()).or_default().insert(edit.partition);
        }
        wide = Wide::Named(named);
    }
    let time_ms = match &wish.deed {
        Deed::Reset(Target::Time(ms)) => Some(*ms),
        Deed::Reset(Target::Ago(ms)) => Some(now().millis().saturating_sub(*ms)),
        _ => None,
    };
    let mut look = spots(client, wide, group).await?;
    seek(client, wish, time_ms, other.as_ref(), restored.map(|restored| &restored.before), &mut look).await?;
    Ok(Look { cluster, time_ms, restored: restored.map(|restored| restored.path.clone()), ..look })
}

/// The group's row in the lists of all brokers. None that tells nothing is taken for one that has none.
async fn found(client: &Client, id: &GroupId) -> Result<Option<GroupListing>, Failure> {
    let (mut found, mut silent) = (None, Vec::new());
    client
        .list_groups(WHAT, |(broker, listed)| match listed {
            Ok(groups) => found = found.take().or_else(|| groups.into_iter().find(|group| group.id == *id)),
            Err(error) => silent.push((broker, error)),
        })
        .await?;
    match (found, silent.first()) {
        (None, Some((broker, error))) => {
            let failure = error.failure(WHAT, &format!("the list of groups of broker {}", broker.0));
            Err(failure.hint("the group may be one of its: without the list nothing is changed"))
        }
        (found, _) => Ok(found),
    }
}

fn not_found(id: &GroupId) -> Failure {
    let cause = Cause::NotFound(Foreign::new(format!("group {}", id.raw())));
    Failure::new(WHAT, cause).hint("a reset makes no groups: kscope groups lists those that are there, group copy makes one from another")
}

/// A group that is not there: for a copy, with the coordinator that will have it.
async fn missing(client: &Client, id: &GroupId, was_listed: bool) -> Result<GroupFacts, Failure> {
    let facts = GroupFacts { id: id.clone(), kind: GroupKind::Classic, state: GroupState::Empty, ..GroupFacts::default() };
    if was_listed {
        return Ok(facts);
    }
    let found = client.coordinators(WHAT, std::slice::from_ref(id)).await?.into_iter().next();
    match found.unwrap_or(Err(PartitionError::NoLeader)) {
        Ok(coordinator) => Ok(GroupFacts { coordinator, ..facts }),
        Err(error) => Err(error.failure(WHAT, &subject(id))),
    }
}

fn subject(id: &GroupId) -> String {
    format!("group {}", id.raw())
}

/// State and members, as the coordinator says; of a kind whose members it tells by a request that we do not speak, what the list
/// said.
pub(super) async fn facts(client: &Client, listing: GroupListing) -> Result<GroupFacts, Failure> {
    let GroupListing { id, kind, state, protocol, coordinator } = listing;
    let told = client.describe_groups(WHAT, coordinator, &kind, std::slice::from_ref(&id)).await.pop();
    match told.map_or(Err(PartitionError::NoLeader), |(_, result)| result) {
        Ok(group) => {
            let protocol = if group.protocol.raw().is_empty() { protocol } else { group.protocol };
            Ok(GroupFacts { id, kind: group.kind, state: group.state, protocol, coordinator, members: group.members, listed: true })
        }
        Err(PartitionError::NotOffered) => Ok(GroupFacts { id, kind, state, protocol, coordinator, members: Vec::new(), listed: true }),
        Err(error) => Err(error.failure(WHAT, &subject(&id))),
    }
}

/// What a group committed: all, or these partitions, those without a commit included. Of a share group its starts.
pub(super) async fn commits(client: &Client, group: &GroupFacts, wanted: Option<&Places>) -> Result<Commits, Failure> {
    let failed = |error: PartitionError| error.failure(WHAT, &subject(&group.id));
    let mut found = Commits::new();
    if group.kind == GroupKind::Share {
        let starts = client.share_starts(WHAT, group.coordinator, &group.id).await.map_err(failed)?;
        let commit = |offset| Commit { offset, epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
        found.extend(starts.into_iter().map(|start| ((start.topic, start.partition), start.start.map(|start| start.map(commit)))));
    } else if group.listed {
        let scope = wanted.map(|wanted| wanted.iter().map(|(topic, ids)| (topic.clone(), ids.iter().copied().collect())).collect());
        let told = client.commits(WHAT, group.coordinator, std::slice::from_ref(&group.id), &scope, true).await.pop();
        let topics = told.map_or(Err(PartitionError::NoLeader), |(_, result)| result).map_err(failed)?;
        for topic in topics {
            let name = topic.topic;
            found.extend(topic.partitions.into_iter().map(|(id, commit)| ((name.clone(), id), commit)));
        }
    }
    if let Some(wanted) = wanted {
        narrow(&mut found, wanted);
    }
    Ok(found)
}

/// Leaves those of these partitions, the ones without a commit included.
fn narrow(found: &mut Commits, wanted: &Places) {
    found.retain(|(topic, partition), _| wanted.get(topic).is_some_and(|ids| ids.contains(partition)));
    for (topic, ids) in wanted {
        for &id in ids {
            found.entry((topic.clone(), id)).or_insert(Ok(None));
        }
    }
}

/// The commits of a group that is there, for another.
async fn of_another(client: &Client, id: &GroupId) -> Result<Commits, Failure> {
    let listing = found(client, id).await?.ok_or_else(|| not_found(id))?;
    let mut commits = commits(client, &facts(client, listing).await?, None).await?;
    commits.retain(|_, commit| *commit != Ok(None));
    Ok(commits)
}

fn places<'a>(places: impl IntoIterator<Item = (&'a TopicName, PartitionId)>) -> Places {
    let mut named = Places::new();
    for (topic, partition) in places {
        named.entry(topic.clone()).or_default().insert(partition);
    }
    named
}

/// The partitions of a scope; a topic that is named and not there is a failure.
async fn scope(client: &Client, scope: &Scope) -> Result<Wide, Failure> {
    let Scope::Topics(topics) = scope else { return Ok(Wide::Committed) };
    let names: Vec<TopicName> = topics.iter().map(|(topic, _)| topic.clone()).collect();
    let view = client.cluster(WHAT, Wanted::Named(&names)).await?;
    let mut named = Places::new();
    for (name, partitions) in topics {
        let topic = view.topics.iter().find(|topic| topic.name == *name);
        let subject = || Foreign::new(format!("topic {}", name.raw()));
        let all = match topic.map(|topic| (topic.error, topic)) {
            Some((None, topic)) => topic.partitions.iter().map(|partition| partition.id),
            Some((Some(TopicError::NotAuthorised), _)) => {
                return Err(Operation::Describe.on(Resource::Topic).denied(WHAT, subject().raw()));
            }
            _ => return Err(Failure::new(WHAT, Cause::NotFound(subject()))),
        };
        let ids = named.entry(name.clone()).or_default();
        match partitions {
            Some(partitions) => ids.extend(partitions),
            None => ids.extend(all),
        }
    }
    Ok(Wide::Named(named))
}

type Looked = BTreeMap<(TopicName, PartitionId), Sought>;

/// Commits, then the positions of their partitions.
async fn spots(client: &Client, wide: Wide, group: GroupFacts) -> Result<Look, Failure> {
    let mut elsewhere: BTreeMap<TopicName, usize> = BTreeMap::new();
    let commits = match &wide {
        Wide::Committed => {
            let mut all = commits(client, &group, None).await?;
            all.retain(|_, commit| *commit != Ok(None));
            all
        }
        Wide::Named(named) if group.kind == GroupKind::Share => {
            let mut all = commits(client, &group, None).await?;
            for ((topic, partition), commit) in &all {
                let is_named = named.get(topic).is_some_and(|ids| ids.contains(partition));
                *elsewhere.entry(topic.clone()).or_default() += usize::from(!is_named && *commit != Ok(None));
            }
            narrow(&mut all, named);
            all
        }
        Wide::Named(named) => commits(client, &group, Some(named)).await?,
    };
    let at = now();
    let wanted = places(commits.keys().map(|(topic, partition)| (topic, *partition)));
    let ends = Ends::of(client, &wanted).await?;
    let mut topics: Vec<TopicLook> = Vec::new();
    for ((topic, partition), commit) in commits {
        let [start, stable, high] = ends.partition(&topic, partition);
        let spot = Spot { place: Place { commit, start, stable, high }, sought: Sought::Nothing };
        if let Some(last) = topics.last_mut().filter(|last| last.topic == topic) {
            last.partitions.push((partition, spot));
            continue;
        }
        let elsewhere = elsewhere.get(&topic).copied().unwrap_or(0);
        topics.push(TopicLook { id: ends.topic(&topic), topic, partitions: vec![(partition, spot)], elsewhere });
    }
    Ok(Look { at, cluster: None, group, topics, time_ms: None, restored: None })
}

/// Looks up what the target needs, and puts it in.
async fn seek(
    client: &Client,
    wish: &Wish,
    time_ms: Option<i64>,
    other: Option<&Commits>,
    before: Option<&Before>,
    look: &mut Look,
) -> Result<(), Failure> {
    let each = |look: &Look| -> Vec<(TopicName, PartitionId, Option<Offset>)> {
        let there = look.topics.iter().filter(|topic| topic.id.is_ok());
        let spots = there.flat_map(|topic| topic.partitions.iter().map(move |(id, spot)| (topic, *id, spot)));
        // What is not there is not asked for: it would be asked for again and again.
        let known = spots.filter(|(.., spot)| spot.place.start != Err(Why::NoTopic));
        known.map(|(topic, id, spot)| (topic.topic.clone(), id, spot.place.committed())).collect()
    };
    let mut found = Looked::new();
    if let Some(ms) = time_ms {
        let asked = each(look);
        let asks: Vec<OffsetAsk> =
            asked.iter().map(|(topic, partition, _)| OffsetAsk { topic: topic.clone(), partition: *partition, at: At::Time(ms) }).collect();
        let answers = client.list_offsets(WHAT, &asks, Isolation::ReadUncommitted).await?;
        for ((topic, partition, _), answer) in asked.into_iter().zip(answers) {
            let record = answer.map(Found::offset).map_err(|error| error.why());
            found.insert((topic, partition), Sought::Record(record));
        }
    }
    if let Deed::Reset(Target::Skip { topic, partition, offset: None }) = &wish.deed {
        let committed = each(look).into_iter().find(|(name, id, _)| name == topic && id == partition).and_then(|(.., offset)| offset);
        if let Some(offset) = committed {
            let record = behind::next_record(client, topic, *partition, offset).await;
            found.insert((topic.clone(), *partition), Sought::Record(record));
        }
    }
    if let Some(other) = other {
        for (topic, partition, _) in each(look) {
            let commit = other.get(&(topic.clone(), partition)).cloned().unwrap_or(Ok(None));
            found.insert((topic, partition), Sought::Commit(commit));
        }
    }
    for (place, (commit, id)) in before.into_iter().flatten() {
        found.insert(place.clone(), Sought::Saved { commit: commit.clone(), id: *id });
    }
    for topic in &mut look.topics {
        for (id, spot) in &mut topic.partitions {
            if let Some(sought) = found.remove(&(topic.topic.clone(), *id)) {
                spot.sought = sought;
            }
        }
    }
    Ok(())
}

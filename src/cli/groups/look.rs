//! What the commands about groups ask of the cluster: which there are, who their members are, and where they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::super::words;
use crate::core::ask::{Answer, GroupAsk};
use crate::core::lag::TopicPlaces;
use crate::io::groups;
use crate::io::kafka::Client;
use crate::model::{
    BrokerId, Cause, Failure, Foreign, GroupDescription, GroupId, GroupKind, GroupListing, GroupState, Member, PartitionId, ShareStart,
    TopicName, Why,
};
use crate::text::{meant, why};

/// The groups of a cluster, in order of id.
#[derive(Debug)]
pub(in crate::cli) struct Listed {
    pub groups: Vec<GroupListing>,
    /// Brokers that did not tell theirs.
    pub silent: Vec<(BrokerId, Why)>,
}

/// Asks every broker for its groups.
pub(in crate::cli) async fn list(client: &Client) -> Result<Listed, Failure> {
    let found = Mutex::new(Listed { groups: Vec::new(), silent: Vec::new() });
    let take = |answer: Answer| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Answer::Groups(part) = answer {
            match part.groups {
                Ok(groups) => found.groups.extend(groups),
                Err(why) => found.silent.push((part.broker, why)),
            }
        }
        std::future::ready(())
    };
    groups::list(client, take).await?;
    let mut listed = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    listed.groups.sort_by(|a, b| a.id.cmp(&b.id));
    // A group that moves from one coordinator to another may be told by both.
    listed.groups.dedup_by(|a, b| a.id == b.id);
    listed.silent.sort_by_key(|(broker, _)| *broker);
    Ok(listed)
}

/// Says on stderr which brokers did not tell their groups. It is an error: groups are missing.
pub(in crate::cli) fn say_silent(silent: &[(BrokerId, Why)]) {
    for (broker, reason) in silent {
        words::say(&format!("the groups of broker {} are missing: {}", broker.0, why(reason)));
    }
}

impl Listed {
    /// Those of these names, in this order.
    ///
    /// # Errors
    /// One is not there; the hint names the one that was probably meant.
    pub(in crate::cli) fn named(&self, names: &[GroupId]) -> Result<Vec<GroupListing>, Failure> {
        names.iter().map(|name| self.find(name)).collect()
    }

    fn find(&self, name: &GroupId) -> Result<GroupListing, Failure> {
        if let Ok(place) = self.groups.binary_search_by(|group| group.id.cmp(name))
            && let Some(group) = self.groups.get(place)
        {
            return Ok(group.clone());
        }
        let missing = Failure::new("look for the group", Cause::NotFound(Foreign::new(format!("group {}", name.raw()))));
        Err(match (meant(name.raw(), self.groups.iter().map(|group| group.id.raw())), self.silent.first()) {
            (_, Some((broker, reason))) => missing.hint(format!("broker {} did not tell its groups: {}", broker.0, why(reason))),
            (Some(name), None) => missing.hint(format!("did you mean {name}?")),
            (None, None) => missing.hint("kscope groups lists them; groups that may not be described are not listed"),
        })
    }
}

/// Who is described: asking for members makes brokers tell every assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Who {
    /// Groups that have members, as far as the list tells.
    WithMembers,
    All,
}

/// All that is known of a group.
#[derive(Debug)]
pub(in crate::cli) struct Standing {
    pub listing: GroupListing,
    /// `None`: it has no members, as the list told.
    pub description: Option<Result<GroupDescription, Why>>,
    /// Every partition with a commit or a member; of a share group those it has begun on, without commits.
    pub places: Result<Vec<TopicPlaces>, Why>,
    /// Of a share group: where it starts.
    pub starts: Option<Result<Vec<ShareStart>, Why>>,
}

impl Standing {
    /// The kind that the coordinator told, where the list does not.
    pub(in crate::cli) fn kind(&self) -> &GroupKind {
        match (&self.listing.kind, self.told()) {
            (GroupKind::Untold, Some(told)) => &told.kind,
            (kind, _) => kind,
        }
    }

    pub(in crate::cli) fn state(&self) -> &GroupState {
        self.told().map_or(&self.listing.state, |told| &told.state)
    }

    pub(in crate::cli) fn told(&self) -> Option<&GroupDescription> {
        self.description.as_ref()?.as_ref().ok()
    }

    /// How many members it has; `None` when that could not be had.
    pub(in crate::cli) fn members(&self) -> Option<usize> {
        match &self.description {
            None => Some(0),
            Some(Ok(told)) => Some(told.members.len()),
            Some(Err(_)) => None,
        }
    }

    /// Topics with a commit, a start or a member.
    pub(in crate::cli) fn topics(&self) -> Option<BTreeSet<&TopicName>> {
        let places = self.places.as_ref().ok()?;
        Some(places.iter().map(|topic| &topic.topic).collect())
    }

    /// Who has a partition. `Err`: unknown.
    pub(in crate::cli) fn holders(&self, topic: &TopicName, partition: PartitionId) -> Result<Vec<&Member>, ()> {
        match &self.description {
            None => Ok(Vec::new()),
            Some(Ok(told)) => Ok(told.members.iter().filter(|member| member.has(topic, partition)).collect()),
            Some(Err(_)) => Err(()),
        }
    }
}

/// Asks how groups stand, in their order.
///
/// # Errors
/// No broker answers what topics there are; what is refused for one group is the group's own.
pub(in crate::cli) async fn stand(client: &Client, listings: Vec<GroupListing>, who: Who) -> Result<Vec<Standing>, Failure> {
    let described = described(client, &listings, who).await;
    let asks: Vec<GroupAsk> = listings.iter().map(|listing| ask(listing, described.get(&listing.id))).collect();
    let mut starts: BTreeMap<GroupId, _> = groups::starts(client, &asks).await.into_iter().collect();
    let mut lags: BTreeMap<GroupId, _> = groups::lag_of(client, &asks).await?.into_iter().map(|lag| (lag.id, lag.topics)).collect();
    let mut standings: Vec<Standing> = Vec::with_capacity(listings.len());
    let mut described = described;
    for listing in listings {
        let share = listing.kind == GroupKind::Share;
        standings.push(Standing {
            description: described.remove(&listing.id),
            places: lags.remove(&listing.id).unwrap_or(Err(Why::NoAnswer)),
            starts: if share { starts.remove(&listing.id) } else { None },
            listing,
        });
    }
    share_places(client, &mut standings).await?;
    Ok(standings)
}

/// What coordinators say of these groups.
pub(in crate::cli) async fn described(
    client: &Client,
    listings: &[GroupListing],
    who: Who,
) -> BTreeMap<GroupId, Result<GroupDescription, Why>> {
    let asked = listings.iter().filter(|group| who == Who::All || group.state.has_members() != Some(false));
    let asks: Vec<GroupAsk> = asked.map(|listing| ask(listing, None)).collect();
    groups::describe(client, &asks).await.into_iter().collect()
}

/// The question about a group, with the partitions of its members.
pub(in crate::cli) fn ask(listing: &GroupListing, told: Option<&Result<GroupDescription, Why>>) -> GroupAsk {
    let mut also: BTreeMap<TopicName, BTreeSet<PartitionId>> = BTreeMap::new();
    let members = told.and_then(|told| told.as_ref().ok()).into_iter().flat_map(|told| &told.members);
    for (topic, partitions) in members.filter_map(|member| member.assigned.as_ref()).flatten() {
        also.entry(topic.clone()).or_default().extend(partitions);
    }
    GroupAsk {
        id: listing.id.clone(),
        kind: listing.kind.clone(),
        coordinator: listing.coordinator,
        also: also.into_iter().map(|(topic, partitions)| (topic, partitions.into_iter().collect())).collect(),
    }
}

/// A share group commits nothing: its places are the ends of the partitions that it has begun on.
async fn share_places(client: &Client, standings: &mut [Standing]) -> Result<(), Failure> {
    let mut wanted: BTreeMap<TopicName, BTreeSet<PartitionId>> = BTreeMap::new();
    for start in standings.iter().filter_map(|standing| standing.starts.as_ref()?.as_ref().ok()).flatten() {
        wanted.entry(start.topic.clone()).or_default().insert(start.partition);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let ends = groups::Ends::of(client, &wanted).await?;
    for standing in standings {
        let Some(starts) = &standing.starts else { continue };
        standing.places = starts.clone().map(|starts| {
            let mut topics: BTreeMap<TopicName, Vec<PartitionId>> = BTreeMap::new();
            for start in starts {
                topics.entry(start.topic).or_default().push(start.partition);
            }
            topics.into_iter().map(|(topic, partitions)| ends.uncommitted(topic, &partitions)).collect()
        });
    }
    Ok(())
}

//! Looking at a group after a change: whether it goes on from there, and whether somebody else wrote over it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::read::{Places, commits, facts};
use crate::core::reset::{GroupFacts, Outcome, Plan, Watched};
use crate::io::groups::Ends;
use crate::io::kafka::Client;
use crate::model::{GroupListing, GroupState, Offset};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Every so many looks the ends of the logs are read too.
const ENDS_EVERY: u32 = 3;

/// Looks for so long, or until everything is read; tells what is new.
pub(super) async fn watch<F: Future<Output = ()>>(
    client: &Client,
    plan: &Plan,
    outcomes: &[Outcome],
    length: Duration,
    tell: impl Fn(Watched) -> F,
) -> Watched {
    let begun = Instant::now();
    let mut watched = Watched::default();
    let mut wanted = Places::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.fate.word() == "committed") {
        wanted.entry(outcome.topic.clone()).or_default().insert(outcome.partition);
    }
    let mut listing = GroupListing {
        id: plan.group.id.clone(),
        kind: plan.group.kind.clone(),
        state: GroupState::Untold,
        protocol: plan.group.protocol.clone(),
        coordinator: plan.group.coordinator,
    };
    let mut first_lag: Option<(Instant, u64)> = None;
    let mut looks = 0;
    while begun.elapsed() < length && !wanted.is_empty() {
        let seconds = begun.elapsed().as_secs();
        let before = watched.clone();
        if let Some(Ok(coordinator)) = client
            .coordinators("watch the group", std::slice::from_ref(&plan.group.id))
            .await
            .ok()
            .and_then(|found| found.into_iter().next())
        {
            listing.coordinator = coordinator;
        }
        // What cannot be read now is looked at the next time.
        if let Ok(group) = facts(client, listing.clone()).await {
            look(client, plan, &wanted, &group, seconds, &mut watched).await;
            if looks % ENDS_EVERY == 0
                && let Some(lag) = lag(client, &wanted, &group).await
            {
                watched.lag = Some(lag);
                let (at, first) = *first_lag.get_or_insert((Instant::now(), lag));
                let apart = at.elapsed().as_secs();
                watched.per_second = (apart > 0).then(|| first.saturating_sub(lag) / apart);
            }
        }
        looks += 1;
        watched.seconds = begun.elapsed().as_secs();
        if watched != before {
            tell(watched.clone()).await;
        }
        if watched.resumed.is_some() && watched.lag == Some(0) {
            break;
        }
        sleep(EVERY.min(length.saturating_sub(begun.elapsed()))).await;
    }
    watched.ended = true;
    watched
}

async fn look(client: &Client, plan: &Plan, wanted: &Places, group: &GroupFacts, seconds: u64, watched: &mut Watched) {
    let Ok(now) = commits(client, group, Some(wanted)).await else { return };
    let active = !group.members.is_empty() || group.state.has_members() == Some(true);
    if active && watched.resumed.is_none() {
        watched.resumed = Some((seconds, group.members.len()));
    }
    for ((topic, partition), commit) in now {
        let Ok(commit) = commit else { continue };
        let Some(row) = plan.row(&topic, partition) else { continue };
        if row.is_reached(commit.as_ref()) {
            continue;
        }
        let offset = commit.map(|commit| commit.offset);
        if watched.resumed.is_some() {
            // Its own members go on from there.
            watched.moved.retain(|(name, id, _)| (name, *id) != (&topic, partition));
            watched.moved.extend(offset.map(|offset| (topic, partition, offset)));
        } else if !watched.overwritten.iter().any(|(name, id, _)| (name, *id) == (&topic, partition)) {
            watched.overwritten.push((topic, partition, offset));
        }
    }
}

/// Offsets not yet read over these partitions.
async fn lag(client: &Client, wanted: &Places, group: &GroupFacts) -> Option<u64> {
    let now = commits(client, group, Some(wanted)).await.ok()?;
    let ends = Ends::of(client, wanted).await.ok()?;
    let mut sum = 0_u64;
    for ((topic, partition), commit) in now {
        let at: Offset = commit.ok()??.offset;
        let [_, _, high] = ends.partition(&topic, partition);
        sum = sum.saturating_add(u64::try_from(high.ok()?.0.saturating_sub(at.0)).unwrap_or(0));
    }
    Some(sum)
}

//! The figures of topics, asked in as few requests as there are leaders: each leader's answer is a part of its own, so that
//! a broker that hangs keeps nobody else waiting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::kafka::{At, Client, Held, Isolation, OffsetAsk, PartitionError};
use crate::core::ask::{Answer, Positions, Pulse, ReplicaSize, Throttle, TopicFacts, TopicPositions, Traffic, Which};
use crate::model::{BrokerId, Cause, Failure, Foreign, Keep, PartitionId, Setting, Topic, TopicId, TopicName, Why};

const WHAT: &str = "look up figures of topics";
/// So many partitions are asked about in one request.
const ONE_REQUEST: usize = 800;

/// So long after it is over a throttle is still told of.
const RECENT: Duration = Duration::from_secs(5);

/// What asking has cost so far.
pub(super) fn traffic(client: &Client) -> Traffic {
    let throttled = client.throttled().borrow().clone();
    let ms = u64::try_from(throttled.time.as_millis()).unwrap_or(u64::MAX);
    let recent = throttled.at.is_some_and(|at| at.elapsed() < throttled.time + RECENT);
    let throttle = recent.then_some(Throttle { broker: throttled.broker, ms });
    Traffic { requests: client.requests(), throttled: throttled.count, throttle }
}

/// Partitions to ask about, by topic.
type Asked = BTreeMap<(TopicName, TopicId), Vec<PartitionId>>;

/// Looks positions up; `tell` hears each leader's part.
pub async fn positions<F: Future<Output = ()>>(client: &Client, which: Which, topics: &[Arc<Topic>], tell: impl Fn(Answer) -> F) {
    // By the leader that the topics name: if it has moved since, the question follows it.
    let mut leaders: BTreeMap<Option<BrokerId>, Asked> = BTreeMap::new();
    for topic in topics {
        for partition in &topic.partitions {
            let asked = leaders.entry(partition.leader).or_default();
            asked.entry((topic.name.clone(), topic.id)).or_default().push(partition.id);
        }
    }
    let mut running = JoinSet::new();
    for (leader, asked) in leaders {
        let client = client.clone();
        running.spawn(async move {
            let Some(leader) = leader else { return (answered(asked, |_, _| Err(Why::NoLeader)), None) };
            // One request, and nothing that waits for a disk: how long that takes is the broker's round trip.
            let one = asked.values().map(Vec::len).sum::<usize>() <= ONE_REQUEST;
            let began = Instant::now();
            let topics = positions_of(&client, which, asked).await;
            let told = topics.iter().flat_map(|topic| &topic.partitions).any(|(_, found)| found.is_ok());
            (topics, (one && told).then(|| (leader, began.elapsed())))
        });
    }
    while let Some(part) = running.join_next().await {
        let Ok((topics, took)) = part else { continue };
        tell(Answer::Positions(Positions { which, topics })).await;
        if let Some((leader, took)) = took {
            tell(Answer::Pulse(leader, Pulse::Took(took))).await;
        }
    }
}

async fn positions_of(client: &Client, which: Which, asked: Asked) -> Vec<TopicPositions> {
    let (at, isolation) = match which {
        Which::Start => (At::Earliest, Isolation::ReadUncommitted),
        Which::Stable => (At::Latest, Isolation::ReadCommitted),
        Which::End => (At::Latest, Isolation::ReadUncommitted),
    };
    let ask = |topic: &TopicName, partition| OffsetAsk { topic: topic.clone(), partition, at };
    let asks: Vec<OffsetAsk> =
        asked.iter().flat_map(|((name, _), partitions)| partitions.iter().map(move |&partition| ask(name, partition))).collect();
    match client.list_offsets(WHAT, &asks, isolation).await {
        Ok(found) => {
            let mut found = found.into_iter();
            answered(asked, |_, _| match found.next() {
                Some(Ok(found)) => found.offset().ok_or(Why::NoAnswer),
                Some(Err(error)) => Err(error.why()),
                None => Err(Why::NoAnswer),
            })
        }
        Err(failure) => {
            let error = PartitionError::NoAnswer(Arc::new(failure));
            answered(asked, |_, _| Err(error.why()))
        }
    }
}

fn answered(asked: Asked, mut result: impl FnMut(&TopicName, PartitionId) -> Result<crate::model::Offset, Why>) -> Vec<TopicPositions> {
    let topics = asked.into_iter().map(|((name, id), partitions)| {
        let partitions = partitions.into_iter().map(|partition| (partition, result(&name, partition))).collect();
        TopicPositions { name, id, partitions }
    });
    topics.collect()
}

/// Looks sizes up; `tell` hears each broker's part.
pub async fn sizes<F: Future<Output = ()>>(client: &Client, topics: &[Arc<Topic>], tell: impl Fn(Answer) -> F) {
    let leaderless = topics.iter().flat_map(|topic| topic.partitions.iter().filter(|p| p.leader.is_none()).map(move |p| (topic, p.id)));
    let unknown = leaderless.map(|(topic, partition)| ReplicaSize { topic: topic.name.clone(), partition, bytes: Err(Why::NoLeader) });
    tell(Answer::Sizes(unknown.collect())).await;
    let (parts, mut told) = tokio::sync::mpsc::unbounded_channel();
    // The lane closes with the question, which ends the telling.
    let asking = client.log_dirs(WHAT, topics, move |stored| drop(parts.send(stored)));
    let telling = async {
        while let Some((broker, found)) = told.recv().await {
            tell(Answer::Sizes(led(topics, broker, &found))).await;
            if let Ok(held) = found {
                tell(Answer::Pulse(broker, Pulse::Volumes(held.volumes))).await;
            }
        }
    };
    tokio::join!(asking, telling);
}

/// Of what a broker holds, the replicas that it leads.
fn led(topics: &[Arc<Topic>], broker: BrokerId, found: &Result<Held, PartitionError>) -> Vec<ReplicaSize> {
    let why = found.as_ref().err().map(PartitionError::why);
    let sizes: BTreeMap<(&str, PartitionId), u64> = match found {
        Ok(held) => held.replicas.iter().map(|replica| ((replica.topic.raw(), replica.partition), replica.bytes)).collect(),
        Err(_) => BTreeMap::new(),
    };
    let mut parts = Vec::new();
    for topic in topics {
        for partition in topic.partitions.iter().filter(|partition| partition.leader == Some(broker)) {
            let bytes = match (&why, sizes.get(&(topic.name.raw(), partition.id))) {
                (None, Some(&bytes)) => Ok(bytes),
                (None, None) => Err(Why::NoAnswer),
                (Some(why), _) => Err(why.clone()),
            };
            parts.push(ReplicaSize { topic: topic.name.clone(), partition: partition.id, bytes });
        }
    }
    parts
}

/// How topics are kept: what cannot be asked at all is unknown for each.
pub(super) async fn keep(client: &Client, topics: &[TopicName]) -> Answer {
    Answer::Kept(match client.configs(WHAT, topics, Some(&Keep::NAMES)).await {
        Ok(told) => {
            let keep = |found: Result<Vec<Setting>, PartitionError>| found.map(|settings| Keep::of(&settings)).map_err(|error| error.why());
            told.into_iter().map(|(name, found)| (name, keep(found))).collect()
        }
        Err(failure) => {
            let why = unknown(failure);
            topics.iter().map(|name| (name.clone(), Err(why.clone()))).collect()
        }
    })
}

/// The reason of an unknown figure when a whole question failed.
pub(super) fn unknown(failure: Failure) -> Why {
    match failure.cause {
        Cause::NotOffered(_) => Why::NotOffered,
        Cause::NotAuthorised(what) => Why::Error(Foreign::new(format!("not authorised: {}", what.raw()))),
        Cause::Kafka { message: Some(message), .. } => Why::Error(message),
        _ => PartitionError::NoAnswer(Arc::new(failure)).why(),
    }
}

/// All settings of one topic, and its moves.
pub(super) async fn facts(client: &Client, topic: &Topic, controller: Option<BrokerId>) -> TopicFacts {
    let names = [topic.name.clone()];
    let (settings, moves) = tokio::join!(client.configs(WHAT, &names, None), client.moves(WHAT, topic, controller));
    let settings = settings.map_err(unknown).and_then(|told| match told.into_iter().next() {
        Some((_, found)) => found.map_err(|error| error.why()),
        None => Err(Why::NoAnswer),
    });
    TopicFacts { settings, moves: moves.map_err(|error| error.why()) }
}

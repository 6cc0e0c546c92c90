use std::sync::Mutex;

use bytes::BytesMut;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::messages::list_offsets_response::ListOffsetsTopicResponse;
use kafka_protocol::protocol::{Decodable, Encodable};

use super::*;
use crate::io::kafka::Client;
use crate::io::kafka::script::{Answer, Asked, Cluster, Script, hasty, settings};
use crate::io::kafka::wire::Call;
use crate::model::{Resource, Right};

fn ask(partition: i32, at: At) -> OffsetAsk {
    OffsetAsk { topic: TopicName::new("orders"), partition: PartitionId(partition), at }
}

/// Answers each partition by its timestamp, with an error code or an offset.
fn answer(asked: &Asked, by: impl Fn(i32, i64) -> Result<i64, i16>) -> Answer {
    let request = ListOffsetsRequest::decode(&mut asked.body.clone(), asked.version).unwrap();
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|p| {
            let told = by(p.partition_index, p.timestamp);
            let response = ListOffsetsPartitionResponse::default()
                .with_partition_index(p.partition_index)
                .with_error_code(told.err().unwrap_or(0))
                .with_offset(told.unwrap_or(-1));
            if asked.version >= 4 { response.with_leader_epoch(6) } else { response }
        });
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions.collect())
    });
    asked.answer(&ListOffsetsResponse::default().with_topics(topics.collect()))
}

async fn lone(
    versions: &[(i16, (i16, i16))],
    leaders: Vec<(i32, i32)>,
    by: impl Fn(i32, i64) -> Result<i64, i16> + Send + 'static,
) -> (Script, Client) {
    let cluster = Arc::new(Mutex::new(Cluster {
        topics: [("orders", leaders)].into(),
        versions: versions.iter().copied().collect(),
        ..Cluster::of(&[])
    }));
    let shared = Arc::clone(&cluster);
    let script = Script::start(move |asked| shared.lock().unwrap().answer(asked).unwrap_or_else(|| answer(asked, &by))).await;
    cluster.lock().unwrap().brokers = vec![(1, "127.0.0.1".to_owned(), script.port())];
    let client = Client::new(settings(&[&script]));
    (script, client)
}

#[test]
fn the_request_encodes_at_every_version() {
    let asks = [(0, ask(0, At::Latest), LeaderEpoch(4)), (1, ask(1, At::Time(-5)), LeaderEpoch(4))];
    for version in ListOffsets::MIN..=ListOffsets::MAX {
        let mut bytes = BytesMut::new();
        let request = request(version, &asks, Isolation::ReadCommitted, Duration::from_secs(10));
        request.encode(&mut bytes, version).unwrap_or_else(|error| panic!("v{version}: {error}"));
        let back = ListOffsetsRequest::decode(&mut bytes.freeze(), version).unwrap();
        let partitions = &back.topics[0].partitions;
        assert_eq!(partitions.iter().map(|p| p.timestamp).collect::<Vec<_>>(), [-1, 0]);
        assert_eq!(partitions[0].current_leader_epoch, if version >= 4 { 4 } else { -1 });
        assert_eq!(back.isolation_level, i8::from(version >= 2));
    }
    assert_eq!((ListOffsets::MIN, ListOffsets::MAX), (1, 10));
}

#[tokio::test]
async fn only_what_the_version_defines_is_sent() {
    let all = [At::Latest, At::Earliest, At::MaxTimestamp, At::EarliestLocal, At::LatestTiered, At::EarliestPendingUpload];
    for version in ListOffsets::MIN..=ListOffsets::MAX {
        let (_script, client) = lone(&[(2, (0, version))], vec![(1, 6)], move |_, at| {
            let first = [1, 1, 7, 8, 9][usize::try_from(-at - 1).unwrap()];
            assert!(version >= first, "{at} sent with v{version}");
            Ok(-at * 100)
        })
        .await;
        let found = client.list_offsets("look", &all.map(|at| ask(0, at)), Isolation::ReadCommitted).await.unwrap();
        for (at, found) in all.into_iter().zip(found) {
            match found {
                Ok(Found::At { offset, leader_epoch, .. }) => {
                    assert_eq!((offset, leader_epoch), (Offset(-at.wire() * 100), LeaderEpoch(if version >= 4 { 6 } else { -1 })));
                }
                Err(PartitionError::NotOffered) => assert!(at.first_version() > version),
                other => panic!("{at:?} {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn no_request_names_a_partition_twice_and_none_is_too_long() {
    let (script, client) = lone(&[], vec![(1, 6); 1500], |_, at| Ok(at.abs())).await;
    let asks: Vec<_> =
        (0..1500).flat_map(|p| [ask(p, At::Latest), ask(p, At::Earliest)]).chain((0..150).map(|p| ask(p, At::Time(7)))).collect();
    let found = client.list_offsets("look", &asks, Isolation::ReadUncommitted).await.unwrap();
    for (ask, found) in asks.iter().zip(found) {
        assert_eq!(found.unwrap().offset(), Some(Offset(ask.at.wire().abs())));
    }
    let requests = script.asked().into_iter().filter_map(|asked| asked.is(ApiKey::ListOffsets, asked.clone()));
    let mut sizes = Vec::new();
    for asked in requests {
        let request = ListOffsetsRequest::decode(&mut asked.body.clone(), asked.version).unwrap();
        let mut partitions: Vec<_> = request.topics[0].partitions.iter().map(|p| p.partition_index).collect();
        sizes.push(partitions.len());
        partitions.dedup();
        assert_eq!(partitions.len(), *sizes.last().unwrap());
    }
    assert_eq!(sizes, [1000, 500, 1000, 500, 100, 50]);
}

#[tokio::test]
async fn nothing_at_or_after_a_time_is_neither_an_offset_nor_an_error() {
    let (_script, client) = lone(&[], vec![(1, 6)], |_, _| Ok(-1)).await;
    let found = client.list_offsets("look", &[ask(0, At::Time(1))], Isolation::ReadUncommitted).await.unwrap();
    assert!(matches!(found[..], [Ok(Found::Nothing)]));
}

#[tokio::test]
async fn each_partition_has_its_own_error() {
    let (_script, client) = lone(&[], vec![(1, 6), (-1, 6), (1, 6)], |p, _| if p == 0 { Err(29) } else { Ok(4) }).await;
    let asks = [ask(0, At::Latest), ask(1, At::Latest), ask(2, At::Latest), ask(9, At::Latest)];
    let client = Client::new(crate::io::kafka::Settings { retry: Duration::from_millis(300), ..client.settings().clone() });
    let found = client.list_offsets("look", &asks, Isolation::ReadUncommitted).await.unwrap();
    assert!(
        matches!(
            &found[..],
            [
                Err(PartitionError::Denied(Right { operation: Operation::Describe, resource: Resource::Topic })),
                Err(PartitionError::NoLeader),
                Ok(_),
                Err(PartitionError::Kafka(ErrorCode(3)))
            ]
        ),
        "{found:?}"
    );
}

/// Two brokers; the first says that the leader moved, and from then on metadata names the second.
#[tokio::test]
async fn a_leader_that_moved_is_followed() {
    let cluster = Arc::new(Mutex::new(Cluster { topics: [("orders", vec![(1, 5)])].into(), ..Cluster::of(&[]) }));
    let shared = Arc::clone(&cluster);
    let first = Script::start(move |asked| {
        let mut cluster = shared.lock().unwrap();
        cluster.answer(asked).unwrap_or_else(|| {
            cluster.topics.insert("orders", vec![(2, 6)]);
            answer(asked, |_, _| Err(6))
        })
    })
    .await;
    let shared = Arc::clone(&cluster);
    let second = Script::start(move |asked| shared.lock().unwrap().answer(asked).unwrap_or_else(|| answer(asked, |_, _| Ok(42)))).await;
    cluster.lock().unwrap().brokers = vec![(1, "127.0.0.1".to_owned(), first.port()), (2, "127.0.0.1".to_owned(), second.port())];
    let client = Client::new(settings(&[&first]));
    let found = client.list_offsets("look", &[ask(0, At::Latest)], Isolation::ReadUncommitted).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().offset(), Some(Offset(42)));
}

#[tokio::test]
async fn a_leader_that_hangs_does_not_hold_up_the_others() {
    let cluster = Arc::new(Mutex::new(Cluster { topics: [("orders", vec![(1, 5), (2, 5)])].into(), ..Cluster::of(&[]) }));
    let shared = Arc::clone(&cluster);
    let first = Script::start(move |asked| shared.lock().unwrap().answer(asked).unwrap_or_else(|| answer(asked, |_, _| Ok(42)))).await;
    let hanging = Script::start(|_| Answer::Silence).await;
    cluster.lock().unwrap().brokers = vec![(1, "127.0.0.1".to_owned(), first.port()), (2, "127.0.0.1".to_owned(), hanging.port())];
    let client = Client::new(hasty(&[&first]));
    let mut order = Vec::new();
    let asks = [ask(1, At::Latest), ask(0, At::Latest)];
    client.list_offsets_each("look", &asks, Isolation::ReadUncommitted, |index, result| order.push((index, result.is_ok()))).await.unwrap();
    assert_eq!(order, [(1, true), (0, false)]);
}

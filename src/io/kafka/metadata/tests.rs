use bytes::BytesMut;
use kafka_protocol::protocol::{Decodable, Encodable};

use super::*;
use crate::io::kafka::Client;
use crate::io::kafka::script::{Answer, Cluster, Script, settings};
use crate::io::kafka::wire::Call;

fn partition(id: i32, leader: i32, epoch: i32) -> Partition {
    Partition {
        id: PartitionId(id),
        leader: Some(BrokerId(leader)),
        leader_epoch: LeaderEpoch(epoch),
        replicas: vec![],
        isr: vec![],
        offline: vec![],
    }
}

fn topic(id: u8, partitions: Vec<Partition>) -> Topic {
    Topic { name: TopicName::new("orders"), id: TopicId([id; 16]), internal: false, partitions, error: None }
}

fn pool() -> Arc<Pool> {
    Arc::new(Pool::new(settings(&[])))
}

#[test]
fn an_older_epoch_never_replaces_a_newer_leader() {
    let pool = pool();
    let leader = || pool.leader(&TopicName::new("orders"), PartitionId(0)).map(|l| (l.broker.0, l.epoch.0));
    pool.keep(vec![topic(1, vec![partition(0, 1, 5)])], true);
    let told = pool.keep(vec![topic(1, vec![partition(0, 2, 4)])], true);
    assert_eq!((leader(), told[0].partitions[0].leader), (Some((1, 5)), Some(BrokerId(1))));
    pool.keep(vec![topic(1, vec![partition(0, 3, 6)])], true);
    assert_eq!(leader(), Some((3, 6)));
    // Made again under its old name: epochs start anew.
    pool.keep(vec![topic(2, vec![partition(0, 2, 0)])], true);
    assert_eq!(leader(), Some((2, 0)));
}

#[test]
fn a_leader_named_by_another_answer_counts_when_it_is_newer() {
    let pool = pool();
    let name = TopicName::new("orders");
    pool.keep(vec![topic(1, vec![partition(0, 1, 5)])], true);
    pool.hear_of_leader(&name, PartitionId(0), BrokerId(9), LeaderEpoch(5));
    pool.hear_of_leader(&name, PartitionId(7), BrokerId(9), LeaderEpoch(9));
    assert_eq!(pool.leader(&name, PartitionId(0)).map(|l| l.broker), Some(BrokerId(1)));
    pool.hear_of_leader(&name, PartitionId(0), BrokerId(2), LeaderEpoch(6));
    assert_eq!(pool.leader(&name, PartitionId(0)).map(|l| (l.broker, l.epoch)), Some((BrokerId(2), LeaderEpoch(6))));
}

#[test]
fn a_topic_that_all_topics_lack_is_forgotten() {
    let pool = pool();
    pool.keep(vec![topic(1, vec![partition(0, 1, 5)])], false);
    pool.keep(vec![], false);
    assert!(pool.knows(&TopicName::new("orders"), PartitionId(0)));
    pool.keep(vec![], true);
    assert!(!pool.knows(&TopicName::new("orders"), PartitionId(0)));
}

#[test]
fn no_version_of_the_request_can_create_a_topic() {
    let names = [TopicName::new("no-such-topic")];
    for version in Metadata::MIN..=Metadata::MAX {
        for wanted in [Wanted::All, Wanted::Brokers, Wanted::Named(&names)] {
            let mut bytes = BytesMut::new();
            request(version, wanted.topics().as_deref()).encode(&mut bytes, version).unwrap_or_else(|error| panic!("v{version}: {error}"));
            let back = MetadataRequest::decode(&mut bytes.freeze(), version).unwrap();
            assert!(!back.allow_auto_topic_creation);
        }
    }
    assert_eq!((Metadata::MIN, Metadata::MAX), (4, 13));
}

#[test]
fn describe_cluster_encodes_at_every_version() {
    for version in DescribeCluster::MIN..=DescribeCluster::MAX {
        DescribeClusterRequest::default().encode(&mut BytesMut::new(), version).unwrap();
    }
}

#[tokio::test]
async fn every_version_of_the_answer_becomes_the_same_view() {
    for version in Metadata::MIN..=Metadata::MAX {
        let cluster = Cluster {
            brokers: vec![(3, "kafka-3".to_owned(), 9093)],
            topics: [("orders", vec![(3, 8), (-1, 9)]), ("bills", vec![])].into(),
            versions: [(3, (0, version))].into(),
            ..Cluster::of(&[])
        };
        let script = Script::start(move |asked| cluster.answer(asked).unwrap()).await;
        let client = Client::new(settings(&[&script]));
        let view = client.cluster("list", Wanted::All).await.unwrap();
        assert_eq!(view.topics.iter().map(|t| t.name.raw()).collect::<Vec<_>>(), ["bills", "orders"], "v{version}");
        assert_eq!(view.topics[1].partitions.iter().map(|p| p.leader).collect::<Vec<_>>(), [Some(BrokerId(3)), None]);
        assert_eq!(view.topics[1].partitions[0].leader_epoch.0, if version >= 7 { 8 } else { -1 });
        assert_eq!((view.id.unwrap().raw(), view.brokers[0].port), ("first", 9093));
        let gone = client.topic("look", &TopicName::new("no-such-topic")).await.unwrap_err();
        assert_eq!(gone.exit_code(), 5);
    }
}

#[tokio::test]
async fn a_cluster_that_asks_for_it_is_entered_anew() {
    let mut told = false;
    let cluster = Cluster::of(&[]);
    let script = Script::start(move |asked| {
        if asked.key == Metadata::KEY && !std::mem::replace(&mut told, true) {
            return asked.answer(&MetadataResponse::default().with_error_code(129));
        }
        cluster.answer(asked).unwrap()
    })
    .await;
    let client = Client::new(settings(&[&script]));
    client.cluster("list", Wanted::All).await.unwrap();
    assert_eq!(script.connections(), 2);
}

#[tokio::test]
async fn those_who_ask_at_once_share_a_refresh() {
    let cluster = Cluster { topics: [("a", vec![(1, 1)]), ("b", vec![(1, 1)])].into(), ..Cluster::of(&[]) };
    let script = Script::start(move |asked| cluster.answer(asked).unwrap_or(Answer::Silence)).await;
    let client = Client::new(settings(&[&script]));
    let mut all = JoinSet::new();
    for index in 0..20 {
        let client = client.clone();
        all.spawn(async move { client.refresh([TopicName::new(if index % 2 == 0 { "a" } else { "b" })]).await.unwrap() });
    }
    all.join_all().await;
    let requests = script.asked().iter().filter(|asked| asked.key == Metadata::KEY).count();
    assert!(requests <= 2, "{requests} requests");
    assert!(client.leader(&TopicName::new("a"), PartitionId(0)).is_some() && client.leader(&TopicName::new("b"), PartitionId(0)).is_some());
}

#[tokio::test]
async fn a_topic_is_gone_when_two_brokers_say_so() {
    let cluster = Arc::new(Mutex::new(Cluster::of(&[])));
    let mut scripts = Vec::new();
    for _ in 0..2 {
        let shared = Arc::clone(&cluster);
        scripts.push(Script::start(move |asked| shared.lock().unwrap().answer(asked).unwrap()).await);
    }
    cluster.lock().unwrap().brokers = (1..).zip(&scripts).map(|(id, script)| (id, "127.0.0.1".to_owned(), script.port())).collect();
    let client = Client::new(Settings { gone_after: Duration::from_millis(20), ..settings(&[&scripts[0]]) });
    client.cluster("list", Wanted::All).await.unwrap();
    let name = TopicName::new("orders");
    assert!(matches!(client.fate("look", &name, TopicId([1; 16])).await.unwrap(), Fate::Gone));
    assert!(scripts.iter().all(|script| script.asked().iter().any(|asked| asked.key == Metadata::KEY)));
    cluster.lock().unwrap().topics.insert("orders", vec![(1, 0)]);
    assert!(matches!(client.fate("look", &name, TopicId([1; 16])).await.unwrap(), Fate::There(_)));
}

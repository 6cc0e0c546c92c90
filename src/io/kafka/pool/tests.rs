use std::sync::mpsc;

use kafka_protocol::messages::ApiKey;
use tokio::net::TcpListener;

use super::*;
use crate::io::kafka::script::{Answer, Cluster, Script, closed_port, settings};
use crate::io::kafka::{At, Client, Isolation, OffsetAsk, PartitionError, Wanted};
use crate::model::PartitionId;

/// A cluster of one broker, which is asked by the address where it listens.
async fn lone() -> Script {
    let (tell, told) = mpsc::channel::<i32>();
    let mut port = None;
    let script = Script::start(move |asked| {
        let port = *port.get_or_insert_with(|| told.recv().unwrap());
        let cluster = Cluster { brokers: vec![(1, "127.0.0.1".to_owned(), port)], ..Cluster::of(&[]) };
        cluster.answer(asked).unwrap_or(Answer::Silence)
    })
    .await;
    tell.send(script.port()).unwrap();
    script
}

/// A broker of some cluster, as `cluster` has it.
async fn member(cluster: Arc<Mutex<Cluster>>) -> Script {
    Script::start(move |asked| cluster.lock().unwrap().answer(asked).unwrap_or(Answer::Silence)).await
}

fn shared(cluster: Cluster) -> Arc<Mutex<Cluster>> {
    Arc::new(Mutex::new(cluster))
}

#[tokio::test]
async fn many_who_come_at_once_share_one_dial() {
    let script = lone().await;
    let client = Client::new(settings(&[&script]));
    let mut all = JoinSet::new();
    for _ in 0..10 {
        let client = client.clone();
        all.spawn(async move { client.cluster("list", Wanted::All).await.unwrap() });
    }
    all.join_all().await;
    assert_eq!((script.connections(), client.connections()), (1, 1));
}

#[tokio::test]
async fn two_connections_to_a_broker_are_enough_for_browsing() {
    let script = lone().await;
    let client = Client::new(settings(&[&script]));
    client.cluster("list", Wanted::All).await.unwrap();
    let pool = &client.pool;
    let control = pool.control(BrokerId(1)).await.unwrap();
    assert_eq!(client.connections(), 1, "the bootstrap connection was not taken over");
    let (a, b) = (pool.fetch(BrokerId(1)).await.unwrap(), pool.fetch(BrokerId(1)).await.unwrap());
    client.cluster("list", Wanted::All).await.unwrap();
    assert_eq!(client.connections(), 2);
    let extra = client.scan_link(BrokerId(1)).await.unwrap();
    assert_eq!(client.connections(), 3);
    drop((extra, control, a, b));
    while client.connections() > 2 {
        tokio::task::yield_now().await;
    }
    assert!(client.health().iter().all(|link| link.broker == Some(BrokerId(1)) && link.open == 2 && link.error.is_none()));
}

#[tokio::test]
async fn a_name_that_leads_to_the_same_socket_is_the_same_broker() {
    let script = lone().await;
    let localhost = Address::parse(&format!("localhost:{}", script.port())).unwrap();
    let client = Client::new(Settings { bootstrap: vec![localhost], ..settings(&[]) });
    client.cluster("list", Wanted::All).await.unwrap();
    client.pool.control(BrokerId(1)).await.unwrap();
    assert_eq!((script.connections(), client.connections()), (1, 1));
}

#[tokio::test]
async fn one_dead_bootstrap_address_does_no_harm() {
    let (dead, script) = (closed_port().await, lone().await);
    let bootstrap = Address::parse_list(&format!("{dead},{}", script.address)).unwrap();
    let client = Client::new(Settings { bootstrap, ..settings(&[]) });
    assert_eq!(client.cluster("list", Wanted::All).await.unwrap().brokers.len(), 1);
}

#[tokio::test]
async fn dead_addresses_are_all_named() {
    let (one, two) = (closed_port().await, closed_port().await);
    let bootstrap = Address::parse_list(&format!("{one},{two}")).unwrap();
    let client = Client::new(Settings { bootstrap, ..settings(&[]) });
    let failure = client.cluster("list the topics", Wanted::All).await.unwrap_err();
    assert_eq!((failure.cause.clone(), failure.exit_code()), (Cause::Unreachable, 3));
    let told: Vec<_> = failure.attempts.iter().map(|a| (a.address.raw().to_owned(), a.step, a.result.raw().to_owned())).collect();
    let refused = |address: SocketAddr| (address.to_string(), Step::Connect, "connection refused".to_owned());
    assert!(told.contains(&refused(one)) && told.contains(&refused(two)) && told.len() == 2, "{told:?}");
    assert_eq!(client.health().len(), 2);
}

#[tokio::test]
async fn an_ipv6_literal_is_an_address() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let port = i32::from(listener.local_addr().unwrap().port());
    let cluster = Cluster { brokers: vec![(1, "::1".to_owned(), port)], ..Cluster::of(&[]) };
    let script = Script::on(listener, None, move |asked| cluster.answer(asked).unwrap());
    assert!(script.address.to_string().starts_with("[::1]:"));
    let client = Client::new(settings(&[&script]));
    client.cluster("list", Wanted::All).await.unwrap();
    client.pool.control(BrokerId(1)).await.unwrap();
    assert_eq!(client.connections(), 1);
}

#[tokio::test]
async fn when_every_known_broker_is_gone_the_bootstrap_addresses_are_tried_again() {
    let cluster = shared(Cluster::of(&[]));
    let (door, old) = (member(Arc::clone(&cluster)).await, member(Arc::clone(&cluster)).await);
    cluster.lock().unwrap().brokers = vec![(1, "127.0.0.1".to_owned(), old.port())];
    let client = Client::new(settings(&[&door]));
    client.cluster("list", Wanted::All).await.unwrap();
    client.pool.control(BrokerId(1)).await.unwrap();
    // Rolled: the broker lives at another address now, and only the bootstrap address tells.
    let new = member(Arc::clone(&cluster)).await;
    cluster.lock().unwrap().brokers = vec![(1, "127.0.0.1".to_owned(), new.port())];
    drop(old);
    let view = client.cluster("list", Wanted::All).await.unwrap();
    assert_eq!(view.brokers[0].port, new.port());
    client.pool.control(BrokerId(1)).await.unwrap();
    assert!(!new.asked().is_empty());
}

#[tokio::test]
async fn another_cluster_at_the_same_address_is_refused() {
    let cluster = shared(Cluster::of(&[]));
    let script = member(Arc::clone(&cluster)).await;
    cluster.lock().unwrap().brokers = vec![(1, "127.0.0.1".to_owned(), script.port())];
    let client = Client::new(settings(&[&script]));
    client.cluster("list", Wanted::All).await.unwrap();
    cluster.lock().unwrap().id = "second";
    let expected = Cause::OtherCluster { expected: Foreign::new("first"), found: Foreign::new("second") };
    // On a connection that is open, and on every new one before it is used.
    for _ in 0..2 {
        assert_eq!(client.cluster("list", Wanted::All).await.unwrap_err().cause, expected);
    }
    assert_eq!(client.scan_link(BrokerId(1)).await.unwrap_err().cause, expected);
}

#[tokio::test]
async fn an_advertised_address_that_fails_is_named_with_the_one_that_works() {
    let dead = closed_port().await;
    let cluster = Cluster { brokers: vec![(4, dead.ip().to_string(), i32::from(dead.port()))], ..Cluster::of(&[]) };
    let script = Script::start(move |asked| cluster.answer(asked).unwrap()).await;
    let client = Client::new(settings(&[&script]));
    client.cluster("list", Wanted::All).await.unwrap();
    let failure = client.fetch_link(BrokerId(4)).await.unwrap_err();
    let told: Vec<_> = failure.attempts.iter().map(|a| (a.broker, a.address.raw().to_owned(), a.result.raw().to_owned())).collect();
    assert_eq!(
        told,
        [(None, script.address.to_string(), "answers".to_owned()), (Some(BrokerId(4)), dead.to_string(), "connection refused".to_owned()),]
    );
    assert!(failure.hint.unwrap().raw().contains("advertised.listeners"));
    client.cluster("list", Wanted::All).await.unwrap();
}

#[tokio::test]
async fn a_listener_that_wants_authentication_is_not_knocked_at_for_long() {
    let script = Script::start(|asked| Cluster::of(&[]).answer(asked).filter(|_| asked.key == 18).unwrap_or(Answer::Close)).await;
    let failure = Client::new(settings(&[&script])).cluster("list", Wanted::All).await.unwrap_err();
    assert!(failure.hint.unwrap().raw().contains("SASL"));
    assert_eq!(script.connections(), 2);
}

#[tokio::test]
async fn an_advertised_address_that_never_worked_is_tried_twice() {
    let dead = closed_port().await;
    let brokers = vec![(4, dead.ip().to_string(), i32::from(dead.port()))];
    let cluster = Cluster { brokers, topics: [("orders", vec![(4, 0)])].into(), ..Cluster::of(&[]) };
    let script = Script::start(move |asked| cluster.answer(asked).unwrap()).await;
    let client = Client::new(settings(&[&script]));
    let ask = OffsetAsk { topic: TopicName::new("orders"), partition: PartitionId(0), at: At::Latest };
    let found = client.list_offsets("look", &[ask], Isolation::ReadCommitted).await.unwrap();
    let Err(PartitionError::NoAnswer(failure)) = &found[0] else { panic!("{found:?}") };
    assert_eq!(failure.attempts[0].broker, None);
    assert_eq!(script.asked().iter().filter(|asked| asked.key == 3).count(), 2);
}

#[tokio::test]
async fn a_broker_that_hangs_is_passed_by_for_one_that_answers() {
    let cluster = shared(Cluster::of(&[]));
    let copy = Arc::clone(&cluster);
    let hanging = Arc::new(AtomicBool::new(false));
    let hangs = Arc::clone(&hanging);
    let first = Script::start(move |asked| {
        let answer = copy.lock().unwrap().answer(asked).unwrap();
        if hangs.load(Ordering::Relaxed) { Answer::Silence } else { answer }
    })
    .await;
    let second = member(Arc::clone(&cluster)).await;
    cluster.lock().unwrap().brokers = vec![(1, "127.0.0.1".to_owned(), first.port()), (2, "127.0.0.1".to_owned(), second.port())];
    // The hanging broker's own deadline is far away: the other answers long before it.
    let client = Client::new(Settings { patience: Duration::from_millis(50), retry: Duration::from_secs(9), ..settings(&[&first]) });
    client.cluster("list", Wanted::All).await.unwrap();
    hanging.store(true, Ordering::Relaxed);
    assert_eq!(client.cluster("list", Wanted::All).await.unwrap().brokers.len(), 2);
    assert!(second.asked().iter().any(|asked| asked.key == ApiKey::Metadata as i16));
}

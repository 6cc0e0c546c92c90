//! What kscope sees of it, and what rskafka reads back.

use kscope::io::kafka::{Address, At, Client, Isolation, OffsetAsk, Settings, Wanted};
use kscope::model::{LeaderEpoch, PartitionId, TopicName};
use kscope::sandbox::{ApiKey, Options, Sandbox};
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{PartitionClient, UnknownTopicHandling};
use rskafka::record::Record;

use super::{block_on, bootstrap, start, still};
use crate::kafka::parse;
use crate::run::{Running, kscope};
use crate::tail::second_client::{CODECS, as_theirs, records};

fn client(sandbox: &Sandbox) -> Client {
    Client::new(Settings::new(vec![Address::parse(&bootstrap(sandbox)).expect("an address")]))
}

/// All of a topic, as lines.
#[track_caller]
fn read(sandbox: &Sandbox, topic: &str, more: &[&str]) -> Vec<String> {
    let address = bootstrap(sandbox);
    let arguments = [&["tail", "-b", &address, "--from", "earliest", "--until", "now", "-o", "ndjson", topic], more].concat();
    kscope(&arguments).ok().lines().into_iter().map(str::to_owned).collect()
}

#[test]
fn every_question_that_kscope_asks_is_answered_and_none_changes_anything() {
    let sandbox = still();
    let client = client(&sandbox);
    block_on(async {
        let view = client.cluster("look", Wanted::All).await.expect("metadata");
        assert_eq!(view.brokers.len(), 3);
        let topic = |name: &str| view.topics.iter().find(|topic| topic.name.raw() == name).expect("a topic");
        assert!(topic("__consumer_offsets").internal && !topic("orders").internal);
        assert!(view.topics.iter().all(|topic| topic.id.is_known()));
        let inventory = &topic("inventory").partitions;
        assert_eq!((inventory[1].isr.len(), inventory[1].replicas.len(), inventory[1].offline.len()), (2, 3, 1));
        assert_eq!((inventory[3].leader, inventory[3].offline.len()), (None, 1));
        let missing = client.topic("look", &TopicName::new("no-such-topic")).await.expect_err("nothing is created by looking");
        assert_eq!(missing.exit_code(), 5);
        assert_eq!(client.describe_cluster("look").await.expect("brokers").brokers.len(), 3);

        let payments = TopicName::new("payments");
        let ask = |at| OffsetAsk { topic: payments.clone(), partition: PartitionId(2), at };
        let asks = [ask(At::Earliest), ask(At::Latest), ask(At::Time(0)), ask(At::Time(i64::MAX / 2))];
        let offsets = |isolation| {
            let (client, asks) = (client.clone(), asks.clone());
            async move {
                let results = client.list_offsets("look", &asks, isolation).await.expect("offsets");
                results.into_iter().map(|result| result.expect("led").offset().map(|offset| offset.0)).collect::<Vec<_>>()
            }
        };
        let all = offsets(Isolation::ReadUncommitted).await;
        let committed = offsets(Isolation::ReadCommitted).await;
        assert_eq!((all[0], all[2], all[3]), (Some(0), Some(0), None));
        assert!(committed[1] < all[1], "an open transaction holds back {committed:?} and not {all:?}");
        let end = client.epoch_end("look", &payments, PartitionId(2), LeaderEpoch(0)).await.expect("an epoch");
        assert_eq!(end.map(|(_, offset)| offset.0), all[1]);
    });
    read(&sandbox, "orders", &[]);
    for api in
        [ApiKey::ApiVersions, ApiKey::Metadata, ApiKey::DescribeCluster, ApiKey::ListOffsets, ApiKey::OffsetForLeaderEpoch, ApiKey::Fetch]
    {
        assert!(sandbox.requests(api) > 0, "{api:?}");
    }
    assert_eq!(sandbox.mutations(), []);
}

#[test]
fn odd_records_come_out_as_they_were_put_in() {
    let sandbox = still();
    let lines: Vec<_> = read(&sandbox, "odd-records", &[]).iter().map(|line| parse(line).record).collect();
    let by_key = |key: &[u8]| lines.iter().find(|record| record.key.as_deref() == Some(key)).expect("a record");
    assert!(lines.iter().any(|record| record.key.is_none() && record.value.is_none()));
    assert!(lines.iter().any(|record| record.key.as_deref() == Some(b"") && record.value.as_deref() == Some(b"a value")));
    let pairs = |headers: &[(&str, &str)]| -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        headers.iter().map(|(name, value)| (name.as_bytes().to_vec(), Some(value.as_bytes().to_vec()))).collect()
    };
    assert_eq!(by_key(b"duplicate headers").headers, pairs(&[("retry", "1"), ("retry", "2"), ("other", "x"), ("retry", "1")]));
    assert_eq!(by_key(b"null and empty headers").headers, [(b"empty".to_vec(), Some(Vec::new())), (b"null".to_vec(), None)]);
    assert_eq!(by_key(b"all 256 bytes").value, Some((0..=255).collect()));
    assert_eq!(by_key(b"no timestamp").timestamp_ms, -1);
    assert!(by_key(b"a large value").value.as_ref().is_some_and(|value| value.len() > 1_500_000));
}

#[test]
fn transactions_are_told_apart() {
    let sandbox = still();
    let lines = read(&sandbox, "payments", &[]);
    let count = |lines: &[String], word: &str| lines.iter().filter(|line| line.contains(&format!(r#""txn":"{word}""#))).count();
    let counts = ["committed", "aborted", "open"].map(|word| count(&lines, word));
    assert!(counts.iter().all(|count| *count > 0) && counts[2] == 3, "{counts:?}");
    let committed = read(&sandbox, "payments", &["--isolation", "read_committed"]);
    assert_eq!((count(&committed, "aborted"), count(&committed, "open")), (0, 0));
    assert!(count(&committed, "committed") < counts[0], "what lies behind the open one is held back");
}

#[test]
fn what_rskafka_writes_is_read_alike_and_kscope_shows_what_rskafka_reads() {
    let sandbox = still();
    let connect = async |topic: &str, partition| -> PartitionClient {
        let client = ClientBuilder::new(vec![bootstrap(&sandbox)]).client_id("a test").build().await.expect("a client");
        client.partition_client(topic, partition, UnknownTopicHandling::Error).await.expect("a partition")
    };
    let written: Vec<(i64, Record)> = block_on(async {
        let partition = connect("invoices", 1).await;
        let mut written = Vec::new();
        for codec in CODECS {
            let offsets = partition.produce(records(codec), codec).await.expect("written");
            written.extend(offsets.into_iter().zip(records(codec)));
        }
        written
    });
    assert_eq!(written.last().map(|(offset, _)| *offset), Some(249));
    for (topic, index) in [("invoices", 1), ("clickstream", 0), ("clickstream", 4), ("orders", 2), ("sensor.readings", 3)] {
        let theirs = block_on(async {
            let partition = connect(topic, index).await;
            let (mut next, end) = (
                partition.get_offset(rskafka::client::partition::OffsetAt::Earliest).await.expect("a start"),
                partition.get_offset(rskafka::client::partition::OffsetAt::Latest).await.expect("an end"),
            );
            let mut all = Vec::new();
            while next < end {
                let (some, _) = partition.fetch_records(next, 1..1_000_000, 1_000).await.expect("read");
                next = some.last().map_or(end, |record| record.offset + 1);
                all.extend(some.into_iter().map(|record| (record.offset, record.record)));
            }
            all
        });
        let index = index.to_string();
        let ours: Vec<_> = read(&sandbox, topic, &["-p", &index]).iter().map(|line| as_theirs(line)).collect();
        assert!(!ours.is_empty() && ours == theirs, "{topic}/{index}: {} of ours, {} of theirs", ours.len(), theirs.len());
        if topic == "invoices" {
            assert_eq!(ours, written);
        }
    }
    let alarm = (ApiKey::Produce, "a test".to_owned());
    assert!(sandbox.mutations().contains(&alarm), "the alarm hears of it");
}

#[test]
fn traffic_arrives_and_is_not_counted() {
    let sandbox = start(&Options { rate: 200, brokers: 2, ..Options::default() });
    let address = bootstrap(&sandbox);
    for topic in ["clickstream", "orders"] {
        let reader = Running::start(&["tail", "-b", &address, "-o", "ndjson", "-n", "3", topic]);
        let line = reader.until("a new record", |lines| lines.first().map(|line| (*line).to_owned()));
        assert_eq!(parse(&line).record.headers.is_empty(), topic == "clickstream");
        reader.finish().ok();
    }
    assert_eq!((sandbox.requests(ApiKey::Produce), sandbox.mutations()), (0, Vec::new()));
}

#[test]
fn a_big_cluster_is_listed_and_each_of_its_partitions_read() {
    let sandbox = start(&Options { rate: 0, topics: 2_000, ..Options::default() });
    let view = block_on(client(&sandbox).cluster("look", Wanted::All)).expect("metadata");
    let synthetic: Vec<_> = view.topics.iter().filter(|topic| topic.name.raw().rsplit('.').next() == Some("v1")).collect();
    assert_eq!(synthetic.len(), 2_000);
    assert_eq!(synthetic.iter().map(|topic| topic.partitions.len()).sum::<usize>(), 20_000);
    let lines = read(&sandbox, synthetic[1234].name.raw(), &[]);
    let partitions: std::collections::BTreeSet<_> = lines.iter().map(|line| parse(line).record.partition).collect();
    assert_eq!(partitions, (0..10).collect());
}

#[test]
fn deleted_records_are_gone_and_the_rest_is_there() {
    let sandbox = still();
    let before = read(&sandbox, "orders", &["-p", "1"]);
    assert!(sandbox.delete_before("orders", 1, 50));
    assert_eq!(read(&sandbox, "orders", &["-p", "1"]), before[50..]);
}

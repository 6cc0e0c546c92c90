//! What a search keeps in memory for the next one: the same records come out as without it, on a real Kafka, and nothing that
//! the log has not any more.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use kscope::core::stream::{self, Isolation, Progress};
use kscope::io::kafka::{Address, Client, Settings};
use kscope::io::scan::{self, Options, Recent, Shape, Sink, Taken};
use kscope::io::work::Work;
use kscope::model::{Time, TopicId, TopicName};
use kscope::query::position::Position;
use kscope::query::{self, Context, Filter};
use tokio::sync::mpsc;

use crate::kafka::{Cluster, Codec, Plan, Release, Writer, record, seeded};

/// What a reader gave: one line per record, and where it stood in the end.
#[derive(Debug, Default, Clone)]
struct Given {
    lines: Vec<String>,
    progress: Progress,
}

#[derive(Clone, Default)]
struct Into(Arc<Mutex<Given>>);

impl Sink for Into {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        let Taken::Lines(lines) = taken else { panic!("chunks") };
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8(lines.bytes).expect("text");
        given.lines.extend(text.lines().map(str::to_owned));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).progress = progress;
    }
}

/// How to read.
#[derive(Debug, Clone, Copy)]
struct Way<'a> {
    query: &'a str,
    backwards: bool,
    isolation: Isolation,
}

async fn read(client: &Client, topic: &str, way: Way<'_>, recent: Option<&Recent>) -> Given {
    let name = TopicName::new(topic);
    let encode: scan::Encode = Arc::new(|out, record, txn| {
        let value = String::from_utf8_lossy(record.value.unwrap_or(b"null"));
        let line = format!("{}@{} {} {txn:?} {value:.40?}\n", record.partition.0, record.offset.0, record.timestamp_ms);
        out.extend_from_slice(line.as_bytes());
    });
    let context = Context::utc(Time(0));
    let filter = Filter::compile(&query::parse(way.query).expect("a query"), &context);
    let plan = stream::Plan {
        topic: name,
        topic_id: TopicId::default(),
        from: Position::Earliest,
        until: Some(Position::Now),
        partitions: None,
        isolation: way.isolation,
        filter: Some(Arc::new(filter)),
        newest: None,
        keep: usize::MAX,
    };
    let options = Options { backwards: way.backwards, recent: recent.cloned(), ..Options::headless(Shape::Lines(encode), context) };
    let into = Into::default();
    let work = Work::start(2).expect("threads");
    let ended = scan::read(client.clone(), work, plan, options, mpsc::unbounded_channel().1, into.clone()).await;
    ended.unwrap_or_else(|failure| panic!("{topic}: {}", failure.sentence()));
    into.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn client(brokers: &str) -> Client {
    Client::new(Settings::new(Address::parse_list(brokers).expect("addresses")))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(future)
}

/// Partition by partition in order: partitions may be merged otherwise when their answers come otherwise.
fn by_partition(given: &Given) -> BTreeMap<&str, Vec<&str>> {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in &given.lines {
        all.entry(line.split('@').next().unwrap_or_default()).or_default().push(line);
    }
    all
}

#[test]
fn what_comes_from_memory_is_what_would_have_been_fetched() {
    for release in [Release::V4_2, Release::V3_9] {
        let Some(kafka) = seeded(release) else { return };
        let client = client(&kafka.cluster.brokers());
        block_on(async {
            let (mut recalled, mut without) = (0, Vec::new());
            for topic in kafka.truth.topics.keys() {
                let recent = Recent::new(64 << 20);
                for (turn, query) in ["", "e", "offset >= 3 and offset < 40", ""].into_iter().enumerate() {
                    for (backwards, isolation) in [
                        (false, Isolation::ReadUncommitted),
                        (true, Isolation::ReadUncommitted),
                        (false, Isolation::ReadCommitted),
                        (true, Isolation::ReadCommitted),
                    ] {
                        let way = Way { query, backwards, isolation };
                        let plain = read(&client, topic, way, None).await;
                        let kept = read(&client, topic, way, Some(&recent)).await;
                        assert_eq!(by_partition(&kept), by_partition(&plain), "{topic} {way:?}");
                        assert_eq!(
                            (kept.progress.read, kept.progress.markers),
                            (plain.progress.read, plain.progress.markers),
                            "{topic} {way:?}"
                        );
                        assert_eq!(plain.progress.recalled, 0);
                        recalled += kept.progress.recalled;
                        if turn == 3 && kept.progress.bytes > 0 {
                            without.push(topic.clone());
                        }
                    }
                }
            }
            assert!(recalled > 10_000, "{recalled} records came from memory");
            // What is open, corrupt or of an old format is fetched again.
            without.dedup();
            assert!(without.len() * 2 < kafka.truth.topics.len(), "fetched again: {without:?}");
            assert!(!without.contains(&"clicks".to_owned()), "{without:?}");
        });
    }
}

#[test]
fn what_the_log_has_not_any_more_is_not_given_from_memory_and_what_is_new_is_fetched() {
    let Some(kafka) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let (brokers, topic) = (kafka.brokers(), "moves");
    let mut writer = Writer::connect(&kafka.internal);
    writer.create(topic, 1, 1, &[]);
    for number in 0..10 {
        writer.append(topic, 0, Codec::Zstd, &[record(format!("a{number}")), record(format!("b{number}"))]);
    }
    let recent = Recent::new(1 << 20);
    let client = client(&brokers);
    let way = Way { query: "", backwards: false, isolation: Isolation::ReadUncommitted };
    let offsets = |given: &Given| -> Vec<i64> {
        let offset = |line: &String| line.split(['@', ' ']).nth(1).and_then(|text| text.parse().ok()).expect("an offset");
        given.lines.iter().map(offset).collect()
    };
    let first = block_on(read(&client, topic, way, Some(&recent)));
    assert_eq!((offsets(&first), first.progress.recalled), ((0..20).collect(), 0));
    writer.delete_before(topic, 0, 5);
    writer.append(topic, 0, Codec::None, &[record("new")]);
    let second = block_on(read(&client, topic, way, Some(&recent)));
    assert_eq!(offsets(&second), (5..21).collect::<Vec<_>>());
    assert_eq!((second.progress.read, second.progress.recalled), (16, 15), "one was not there before");
    writer.delete(topic);
    writer.create(topic, 1, 1, &[]);
    writer.append(topic, 0, Codec::None, &[record("another topic")]);
    let third = block_on(read(&crate::recent::client(&brokers), topic, way, Some(&recent)));
    assert_eq!((offsets(&third), third.progress.recalled), (vec![0], 0), "{:?}", third.lines);
}

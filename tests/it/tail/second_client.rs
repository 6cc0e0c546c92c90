//! rskafka, a client of its own making, writes; kscope reads; and rskafka reads the same again.

use std::collections::BTreeMap;

use rskafka::chrono::{DateTime, Utc};
use rskafka::client::ClientBuilder;
use rskafka::client::partition::{Compression, UnknownTopicHandling};
use rskafka::record::Record;

use crate::kafka::{Release, parse, seeded};
use crate::run::kscope;
use crate::ui::OWN;

/// All that Kafka has.
pub(crate) const CODECS: [Compression; 5] =
    [Compression::NoCompression, Compression::Gzip, Compression::Lz4, Compression::Snappy, Compression::Zstd];

/// Records with and without keys, values and headers.
pub(crate) fn records(codec: Compression) -> Vec<Record> {
    let one = |n: i64| Record {
        key: (n % 3 > 0).then(|| format!("key {n}").into_bytes()),
        value: (n % 5 > 0).then(|| format!("{codec:?} {n} {}", "ein Wert ☃ ".repeat(20)).into_bytes()),
        headers: (0..n % 4).map(|h| (format!("h{h}"), vec![0xff, u8::try_from(h).unwrap_or(0)])).collect(),
        timestamp: DateTime::<Utc>::from_timestamp_millis(1_760_000_000_000 + n).expect("a time"),
    };
    (0..50).map(one).collect()
}

#[test]
fn what_another_client_wrote_is_read_alike_in_all_its_codecs() {
    for release in [Release::V2_8, Release::V3_9, Release::V4_2] {
        let Some(kafka) = seeded(release) else { return };
        let topic = format!("{OWN}second-client");
        let brokers = kafka.cluster.brokers();
        let read = async {
            let client = ClientBuilder::new(kafka.cluster.bootstrap.clone()).build().await.expect("a client");
            let admin = client.controller_client().expect("a controller");
            admin.create_topic(&topic, 1, 1, 10_000).await.expect("a topic");
            let partition = client.partition_client(&topic, 0, UnknownTopicHandling::Retry).await.expect("a partition");
            let mut written = Vec::new();
            for codec in CODECS {
                let offsets = partition.produce(records(codec), codec).await.expect("written");
                written.extend(offsets.into_iter().zip(records(codec)));
            }
            let mut back = Vec::new();
            while back.len() < written.len() {
                let (some, _) = partition.fetch_records(i64::try_from(back.len()).expect("few"), 1..10_000_000, 1_000).await.expect("read");
                back.extend(some.into_iter().map(|r| (r.offset, r.record)));
            }
            (admin, written, back)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (admin, written, back) = runtime.block_on(read);
        assert_eq!(written, back, "rskafka agrees with itself");
        let done = kscope(&["tail", "-b", &brokers, "--from", "earliest", "--until", "now", "-o", "ndjson", &topic]).ok();
        let found: Vec<(i64, Record)> = done.lines().into_iter().map(as_theirs).collect();
        assert_eq!(found, written);
        runtime.block_on(admin.delete_topic(&topic, 10_000)).expect("deleted");
    }
}

/// A line of kscope as the record that rskafka would give, with its offset.
pub(crate) fn as_theirs(line: &str) -> (i64, Record) {
    let record = parse(line).record;
    let header = |(name, value): (Vec<u8>, Option<Vec<u8>>)| (String::from_utf8(name).expect("text"), value.unwrap_or_default());
    let headers: BTreeMap<String, Vec<u8>> = record.headers.into_iter().map(header).collect();
    let timestamp = DateTime::from_timestamp_millis(record.timestamp_ms).expect("a time");
    (record.offset, Record { key: record.key, value: record.value, headers, timestamp })
}

//! Live traffic: clicks, orders and updates of the catalogue, written by rskafka through the sandbox's own sockets, so that every record that arrives has
//! come the way of any other producer's.

use std::collections::BTreeMap;
use std::time::Duration;

use rskafka::chrono::DateTime;
use rskafka::client::error::Error;
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::cluster::Cluster;
use super::now_ms;
use super::seed::{CATALOG, CLICKS, Catalog, Clicks, Made, ORDERS, Orders, partition_of};

/// How the traffic names itself: its requests are neither counted nor hit by faults.
pub(super) const CLIENT: &str = "kscope-sandbox-traffic";
/// How often records are written, if there are that many.
const TICK: Duration = Duration::from_millis(50);
/// Before a new attempt after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// What a stalled producer catches up with at most.
const MOST_AT_ONCE: u64 = 10_000;
/// One order for so many clicks.
const CLICKS_PER_ORDER: u64 = 10;
/// One update of the catalogue for so many clicks.
const CLICKS_PER_UPDATE: u64 = 20;

/// What is written next.
struct Sources {
    clicks: Clicks,
    orders: Orders,
    updates: Catalog,
}

/// Writes until it is dropped; for ever waits when there is nothing to write.
pub(super) async fn run(cluster: &Cluster, rate: u32, seed: u64) {
    let (clicks, orders) = (Clicks::new(seed, "live clicks"), Orders::new(seed, "live orders"));
    let mut sources = Sources { clicks, orders, updates: Catalog::new(seed, "live updates") };
    if rate == 0 {
        return std::future::pending().await;
    }
    loop {
        if let Err(error) = write(cluster, rate, &mut sources).await {
            tracing::warn!(%error, "the sandbox's own traffic stopped for a moment");
        }
        sleep(PAUSE).await;
    }
}

/// Returns when something fails.
async fn write(cluster: &Cluster, rate: u32, sources: &mut Sources) -> Result<(), Error> {
    let bootstrap = cluster.brokers.iter().map(|broker| broker.address.to_string()).collect();
    let client = ClientBuilder::new(bootstrap).client_id(CLIENT).build().await?;
    let (mut to_clicks, mut to_orders) = (Topic::open(&client, CLICKS).await?, Topic::open(&client, ORDERS).await?);
    let mut to_catalog = Topic::open(&client, CATALOG).await?;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (start, mut written) = (Instant::now(), 0_u64);
    loop {
        ticks.tick().await;
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let due = u64::from(rate).saturating_mul(millis) / 1000;
        let now = now_ms();
        for n in written.max(due.saturating_sub(MOST_AT_ONCE))..due {
            to_clicks.add(sources.clicks.next(now));
            if n % CLICKS_PER_ORDER == 0 {
                to_orders.add(sources.orders.next(now));
            }
            if n % CLICKS_PER_UPDATE == 0 {
                to_catalog.add(sources.updates.next(now));
            }
        }
        written = due;
        to_clicks.send().await?;
        to_orders.send().await?;
        to_catalog.send().await?;
    }
}

/// The partitions of a topic, and what is to be written to them.
struct Topic {
    partitions: BTreeMap<usize, PartitionClient>,
    waiting: BTreeMap<usize, Vec<Record>>,
}

impl Topic {
    async fn open(client: &Client, (name, count): (&str, usize)) -> Result<Self, Error> {
        let mut partitions = BTreeMap::new();
        for (index, partition) in (0..count).zip(0..) {
            partitions.insert(index, client.partition_client(name, partition, UnknownTopicHandling::Error).await?);
        }
        Ok(Self { partitions, waiting: BTreeMap::new() })
    }

    fn add(&mut self, made: Made) {
        let partition = partition_of(made.key.as_deref().unwrap_or_default(), self.partitions.len());
        let text = |name: Vec<u8>| String::from_utf8(name).unwrap_or_default();
        let record = Record {
            key: made.key,
            value: made.value,
            headers: made.headers.into_iter().map(|(name, value)| (text(name), value.unwrap_or_default())).collect(),
            timestamp: DateTime::from_timestamp_millis(made.time_ms).unwrap_or_default(),
        };
        self.waiting.entry(partition).or_default().push(record);
    }

    async fn send(&mut self) -> Result<(), Error> {
        for (partition, records) in std::mem::take(&mut self.waiting) {
            if let Some(client) = self.partitions.get(&partition) {
                client.produce(records, Compression::Snappy).await?;
            }
        }
        Ok(())
    }
}

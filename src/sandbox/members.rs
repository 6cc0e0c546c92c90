//! Consumers of the sandbox's own: groups with life in them. Each is a client like any other, through the sandbox's sockets, with a
//! client id of its own; only that their requests are neither counted nor hit by faults.
//!
//! - `orders-enricher`: three members on `orders`, level
//! - `billing-settle`: two members on `clickstream`, slower than what is produced
//! - `mail-sender`: one member on `orders`, faster than what is produced, with much to catch up with
//! - `search-indexer`: stuck at the broken record of `catalog.updates`: it leaves, and comes again five seconds later
//! - `ledger-poller`: commits offsets of `orders` and is no member, as programs do that use `assign()`

mod consumer;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::cluster::Cluster;
use super::seed::{CATALOG, CLICKS, ORDERS};
use consumer::{Consumer, Held};
use wire::Wire;

/// The first who asks is to have the machine for itself.
const HEAD_START: Duration = Duration::from_millis(300);
/// How often a consumer polls.
const POLL: Duration = Duration::from_secs(1);
/// As [`POLL`], for the one that looks at records.
const CLOSE_POLL: Duration = Duration::from_millis(250);
/// Before a new attempt after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// So many polls, and then it looks whether records before its position were deleted.
const POLLS_PER_LOOK: u64 = 30;
/// How long `search-indexer` works on other partitions before it comes to the broken record, and how long it stays away.
const WORKS: Duration = Duration::from_secs(2);
const STAYS_AWAY: Duration = Duration::from_secs(5);
/// Between two commits of `ledger-poller`.
const LEDGER_POLL: Duration = Duration::from_secs(2);

/// A consumer that reads at a pace, and looks at nothing.
#[derive(Debug, Clone, Copy)]
struct Reader {
    group: &'static str,
    topic: (&'static str, usize),
    /// Thousandths of a record per second and partition; `None`: all that is there.
    pace: Option<u64>,
}

/// What a consumer does.
#[derive(Debug, Clone, Copy)]
enum Role {
    Reader(Reader),
    /// Looks at every record, so many of a partition in one poll.
    Indexer {
        at_once: usize,
    },
    Ledger,
}

/// Runs them until it is dropped; waits for ever when there is no traffic.
pub(super) async fn run(cluster: &Arc<Cluster>, rate: u32) {
    if rate == 0 {
        return std::future::pending().await;
    }
    sleep(HEAD_START).await;
    let clicks = u64::from(rate);
    let readers = [
        (3, Reader { group: "orders-enricher", topic: ORDERS, pace: None }),
        // Three fifths of what is written, over six partitions.
        (2, Reader { group: "billing-settle", topic: CLICKS, pace: Some(clicks * 100) }),
        // Three times what is written: a tenth of the clicks, over three partitions.
        (1, Reader { group: "mail-sender", topic: ORDERS, pace: Some(clicks * 100) }),
    ];
    let mut all = JoinSet::new();
    for (members, reader) in readers {
        for n in 1..=members {
            all.spawn(live(Arc::clone(cluster), format!("{}-{n}", reader.group), Role::Reader(reader)));
        }
    }
    let at_once = usize::try_from(4 + rate / 40).unwrap_or(4);
    all.spawn(live(Arc::clone(cluster), "search-indexer-1".to_owned(), Role::Indexer { at_once }));
    all.spawn(live(Arc::clone(cluster), "ledger-poller".to_owned(), Role::Ledger));
    while all.join_next().await.is_some() {}
}

/// Does its part for ever. What fails begins anew, with new connections: a coordinator that has moved, a group that was deleted.
async fn live(cluster: Arc<Cluster>, client: String, role: Role) {
    loop {
        let wire = Wire::new(&cluster, &client);
        let lived = match role {
            Role::Reader(reader) => read(wire, reader).await,
            Role::Indexer { at_once } => index(wire, at_once).await,
            Role::Ledger => poll(wire).await,
        };
        if let Err(error) = lived {
            tracing::debug!(client, %error, "a consumer of the sandbox's own begins anew");
        }
        sleep(PAUSE).await;
    }
}

/// A life of a reader.
async fn read(wire: Wire, reader: Reader) -> io::Result<()> {
    let mut consumer = Consumer::new(wire, reader.group, reader.topic);
    loop {
        let mut held = consumer.join().await?;
        let mut ready = 0;
        let mut polls = interval(POLL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Instant::now();
        for count in 0_u64.. {
            polls.tick().await;
            if !consumer.beats().await? {
                break;
            }
            if count % POLLS_PER_LOOK == 0 {
                consumer.skip_deleted(&mut held).await?;
            }
            let most = reader.pace.map(|pace| {
                let millis = u64::try_from(last.elapsed().as_millis()).unwrap_or(0);
                ready += pace.saturating_mul(millis) / 1000;
                let whole = ready / 1000;
                ready %= 1000;
                whole
            });
            last = Instant::now();
            let ends = consumer.ends().await?;
            for place in &mut held {
                let end = ends.get(&place.partition).copied().unwrap_or(place.position);
                let most = most.map_or(i64::MAX, |most| i64::try_from(most).unwrap_or(i64::MAX));
                place.position = place.position.max(end.min(place.position.saturating_add(most)));
            }
            if !consumer.commits(&mut held).await? {
                break;
            }
        }
    }
}

/// A life of the consumer that cannot read one record.
async fn index(wire: Wire, at_once: usize) -> io::Result<()> {
    let mut consumer = Consumer::new(wire, "search-indexer", CATALOG);
    loop {
        let mut held = consumer.join().await?;
        let joined = Instant::now();
        let mut polls = interval(CLOSE_POLL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            polls.tick().await;
            if !consumer.beats().await? {
                break;
            }
            let stuck = process(&mut consumer, &mut held, at_once).await?;
            if !consumer.commits(&mut held).await? {
                break;
            }
            if stuck && joined.elapsed() >= WORKS {
                consumer.leave().await?;
                sleep(STAYS_AWAY).await;
                break;
            }
        }
    }
}

/// Reads on in every partition. Whether a record was met that is no JSON: the position stays before it.
async fn process(consumer: &mut Consumer, held: &mut [Held], at_once: usize) -> io::Result<bool> {
    let mut stuck = false;
    for place in held {
        let (position, met) = consumer.fetch(place, at_once).await?;
        place.position = position;
        stuck |= met;
    }
    Ok(stuck)
}

/// A life of the program that is no member.
async fn poll(wire: Wire) -> io::Result<()> {
    let mut consumer = Consumer::new(wire, "ledger-poller", ORDERS);
    consumer.look_up().await?;
    loop {
        let ends = consumer.ends().await?;
        let mut held: Vec<Held> = ends.into_iter().map(|(partition, position)| Held { partition, position, committed: None }).collect();
        // While somebody else is a member it is refused, and tries again.
        let _refused = consumer.commits(&mut held).await?;
        sleep(LEDGER_POLL).await;
    }
}

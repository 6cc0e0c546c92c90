//! Faults that a real broker cannot be made to show, each with what a reader of `orders` from its start must get all the
//! same. Tests of `kscope tail` and of the screens walk them; one more fault is one more function in [`all`].

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use kafka_protocol::messages::fetch_response::EpochEndOffset;
use kafka_protocol::messages::offset_for_leader_epoch_response::{self as epoch_end, OffsetForLeaderTopicResult};
use kafka_protocol::messages::{ApiKey, FetchRequest, MetadataRequest, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use super::{Action, FakeTopic, Healthy, Question, Scripted};

/// The topic of all scripts.
pub(crate) const TOPIC: &str = "orders";
/// Its values, by offset; two to a batch.
pub(crate) const VALUES: [&str; 6] = ["zero", "one", "two", "three", "four", "five"];

/// A broker with a fault.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) broker: Scripted,
    /// Offsets that are read in spite of it, each once and in order.
    pub(crate) offsets: Vec<usize>,
    /// What has to be said: on the screen and by `tail`.
    pub(crate) said: &'static [&'static str],
    /// The reading ends by itself, because the topic is another one or gone.
    pub(crate) ends: bool,
}

impl Fault {
    fn survived(name: impl Into<String>, script: impl Fn(&Question) -> Action + Send + Sync + 'static) -> Self {
        let offsets = (0..VALUES.len()).collect();
        Self { name: name.into(), broker: Scripted::start(script), offsets, said: &[], ends: false }
    }
}

/// Every fault.
pub(crate) fn all() -> Vec<Fault> {
    let mut all = vec![
        corrupt(),
        cut_off(),
        other_correlation(),
        closed(),
        oversized(),
        negative(),
        lost(),
        stale_metadata(),
        recreated(),
        deleted(),
        truncated_told(),
        truncated_asked(),
        truncated_shorter(),
    ];
    // Offset not available, leader not available, moved, fenced, unknown epoch, storage error, unknown topic, id, other id.
    all.extend([78, 5, 6, 74, 75, 56, 3, 100, 103].map(passing_error));
    all
}

pub(crate) fn orders() -> Healthy {
    Healthy::with(vec![FakeTopic::holding(TOPIC, &[&VALUES[..2], &VALUES[2..4], &VALUES[4..]])])
}

/// The first fetch is answered by `fault`, everything else in good order.
fn first_fetch(name: impl Into<String>, fault: impl Fn(&Question, &Healthy) -> Action + Send + Sync + 'static) -> Fault {
    let healthy = orders();
    Fault::survived(name, move |q| match q.api {
        ApiKey::Fetch if q.earlier == 0 => fault(q, &healthy),
        _ => healthy.answer(q),
    })
}

fn whole(q: &Question, healthy: &Healthy) -> bytes::Bytes {
    q.answer::<FetchRequest>(&healthy.fetched(q))
}

/// The second batch does not fit its checksum.
fn corrupt() -> Fault {
    let mut healthy = orders();
    let mut log = healthy.topics[0].log.to_vec();
    let second = 12 + usize::try_from(u32::from_be_bytes(log[8..12].try_into().expect("four bytes"))).expect("a size");
    log[second + 17] ^= 1;
    healthy.topics[0].log = log.into();
    let fault = Fault::survived("a batch that does not fit its checksum", move |q| healthy.answer(q));
    Fault { offsets: vec![0, 1, 4, 5], said: &["corrupt"], ..fault }
}

fn cut_off() -> Fault {
    first_fetch("an answer that is cut off", |q, healthy| Action::CloseMidFrame(whole(q, healthy), 100))
}

fn closed() -> Fault {
    first_fetch("a connection that is closed in place of an answer", |_, _| Action::Close)
}

fn other_correlation() -> Fault {
    first_fetch("an answer to another question", |q, healthy| Action::WrongCorrelation(whole(q, healthy)))
}

/// The size of 2 GiB − 1 must not be made room for.
fn oversized() -> Fault {
    first_fetch("an answer over every limit", |q, _| {
        Action::Garbage([&0x7fff_ffff_u32.to_be_bytes()[..], &q.header.correlation_id.to_be_bytes(), &[0; 100]].concat())
    })
}

fn negative() -> Fault {
    first_fetch("an answer of negative size", |q, _| {
        Action::Garbage([&(-5_i32).to_be_bytes()[..], &q.header.correlation_id.to_be_bytes()].concat())
    })
}

fn passing_error(code: i16) -> Fault {
    first_fetch(format!("error {code}, once"), move |q, healthy| {
        let mut response = healthy.fetched(q);
        for partition in response.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
            partition.error_code = code;
            partition.records = Some(bytes::Bytes::new());
        }
        Action::Reply(q.answer::<FetchRequest>(&response))
    })
}

/// Before the first fetch is answered, the beginning of the log is deleted.
fn lost() -> Fault {
    let (before, mut after) = (orders(), orders());
    after.topics[0].start = 4;
    let deleted = AtomicBool::new(false);
    let fault = Fault::survived("a log whose beginning goes", move |q| {
        if q.api == ApiKey::Fetch {
            deleted.store(true, Ordering::SeqCst);
        }
        if deleted.load(Ordering::SeqCst) { after.answer(q) } else { before.answer(q) }
    });
    Fault { offsets: vec![4, 5], said: &["(0 to 3) were deleted"], ..fault }
}

/// The leader's epoch is 5; then one answer of a broker that is behind says 3, then it is 6. No fetch goes back.
fn stale_metadata() -> Fault {
    let healthy = orders();
    let (epoch, fenced, went_back) = (AtomicI32::new(5), AtomicBool::new(false), AtomicBool::new(false));
    Fault::survived("metadata that is older than what was known", move |q| match q.api {
        ApiKey::Metadata => {
            let mut response = healthy.metadata(q);
            let now = epoch.load(Ordering::SeqCst);
            for partition in response.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
                partition.leader_epoch = now;
            }
            if now == 3 {
                epoch.store(6, Ordering::SeqCst);
            }
            Action::Reply(q.answer::<MetadataRequest>(&response))
        }
        ApiKey::Fetch => {
            let asked: FetchRequest = q.decode();
            let known = asked.topics[0].partitions[0].current_leader_epoch;
            if known < 5 {
                // From now on nothing is answered, so that the reader fails.
                went_back.store(true, Ordering::SeqCst);
            }
            if went_back.load(Ordering::SeqCst) {
                return Action::Close;
            }
            let mut response = healthy.fetched(q);
            if !fenced.swap(true, Ordering::SeqCst) {
                epoch.store(3, Ordering::SeqCst);
            }
            if known < 6 {
                response.responses[0].partitions[0].error_code = 74;
                response.responses[0].partitions[0].records = Some(bytes::Bytes::new());
            }
            Action::Reply(q.answer::<FetchRequest>(&response))
        }
        _ => healthy.answer(q),
    })
}

/// The log after another leader was elected that had only the first four records: the last two are others.
fn of_another_leader() -> Healthy {
    let mut after = Healthy { epoch: 1, ..orders() };
    let mut log = after.topics[0].log.to_vec();
    let third = (0..2).fold(0, |at, _| {
        let size = log[at + 8..at + 12].try_into().expect("four bytes");
        at + 12 + usize::try_from(u32::from_be_bytes(size)).expect("a size")
    });
    log[third + 15] = 1;
    after.topics[0].log = log.into();
    after
}

const TRUNCATED: [usize; 8] = [0, 1, 2, 3, 4, 5, 4, 5];

/// From which offset on the leader's log parts from the one before.
const PARTING: i64 = 4;

/// The new leader's fetch tells where the logs part (KIP-595).
fn truncated_told() -> Fault {
    let after = of_another_leader();
    let fault = turns("a truncation that a fetch tells", None, move |q| {
        let asked: Option<FetchRequest> = (q.api == ApiKey::Fetch).then(|| q.decode());
        let part = |asked: &FetchRequest| asked.topics[0].partitions[0].clone();
        let Some(part) = asked.as_ref().map(part).filter(|p| p.current_leader_epoch == 1 && p.last_fetched_epoch == 0) else {
            return after.answer(q);
        };
        let mut response = after.fetched(q);
        if part.fetch_offset > PARTING {
            let answer = &mut response.responses[0].partitions[0];
            answer.records = Some(bytes::Bytes::new());
            answer.diverging_epoch = EpochEndOffset::default().with_epoch(0).with_end_offset(PARTING);
        }
        Action::Reply(q.answer::<FetchRequest>(&response))
    });
    Fault { offsets: TRUNCATED.into(), said: &["truncated"], ..fault }
}

/// What brokers before 2.7 offer: no topic ids, no fetch that tells of a truncation.
const OLD: [(ApiKey, i16, i16); 5] = [
    (ApiKey::ApiVersions, 0, 2),
    (ApiKey::Metadata, 0, 9),
    (ApiKey::ListOffsets, 1, 5),
    (ApiKey::Fetch, 4, 11),
    (ApiKey::OffsetForLeaderEpoch, 0, 3),
];

/// The new leader has to be asked where the logs part (KIP-320).
fn truncated_asked() -> Fault {
    let after = of_another_leader();
    let fault = turns("a truncation that is asked for", Some(&OLD), move |q| match q.api {
        ApiKey::OffsetForLeaderEpoch => {
            let asked: OffsetForLeaderEpochRequest = q.decode();
            assert_eq!(asked.topics[0].partitions[0].leader_epoch, 0, "of the epoch that was read");
            let end = epoch_end::EpochEndOffset::default().with_leader_epoch(0).with_end_offset(PARTING);
            let topic = OffsetForLeaderTopicResult::default().with_topic(asked.topics[0].topic.clone()).with_partitions(vec![end]);
            Action::Reply(q.answer::<OffsetForLeaderEpochRequest>(&OffsetForLeaderEpochResponse::default().with_topics(vec![topic])))
        }
        _ => after.answer(q),
    });
    Fault { offsets: TRUNCATED.into(), said: &["truncated"], ..fault }
}

/// The new leader's log is shorter, and it cannot be asked: the offset is out of range until it has grown again.
fn truncated_shorter() -> Fault {
    let after = of_another_leader();
    let (mut shorter, compared) = (after.clone(), AtomicBool::new(false));
    shorter.topics[0].end = PARTING;
    let fault = turns("a truncation that leaves the offset out of range", Some(&OLD[..4]), move |q| {
        if q.api == ApiKey::ListOffsets {
            compared.store(true, Ordering::SeqCst);
            return shorter.answer(q);
        }
        if compared.load(Ordering::SeqCst) { after.answer(q) } else { shorter.answer(q) }
    });
    Fault { offsets: TRUNCATED.into(), said: &["truncated"], ..fault }
}

/// A broker that turns to `after` once everything was read; `offered`, when it is of an old release.
fn turns(name: &str, offered: Option<&'static [(ApiKey, i16, i16)]>, after: impl Fn(&Question) -> Action + Send + Sync + 'static) -> Fault {
    let (before, read) = (orders(), AtomicBool::new(false));
    Fault::survived(name, move |q| {
        if let (ApiKey::ApiVersions, Some(offered)) = (q.api, offered) {
            return Action::Reply(Healthy::offering(q, offered));
        }
        if q.api == ApiKey::Fetch && q.decode::<FetchRequest>().topics[0].partitions[0].fetch_offset == 6 {
            read.store(true, Ordering::SeqCst);
        }
        if read.load(Ordering::SeqCst) { after(q) } else { before.answer(q) }
    })
}

/// After the first fetch, the topic is another one of the same name.
fn recreated() -> Fault {
    let (before, mut after) = (orders(), orders());
    after.life = 1;
    after.topics[0] = FakeTopic::holding(TOPIC, &[&["of another life"]]);
    let fault = changes("a topic that is made again", before, after);
    Fault { said: &["deleted and made again"], ends: true, ..fault }
}

fn deleted() -> Fault {
    let fault = changes("a topic that is deleted", orders(), Healthy::with(Vec::new()));
    Fault { said: &["deleted"], ends: true, ..fault }
}

fn changes(name: &str, before: Healthy, after: Healthy) -> Fault {
    let read = AtomicBool::new(false);
    Fault::survived(name, move |q| {
        if read.load(Ordering::SeqCst) {
            return after.answer(q);
        }
        // What is at the end of the log has read everything.
        if q.api == ApiKey::Fetch {
            let asked: FetchRequest = q.decode();
            if asked.topics[0].partitions[0].fetch_offset == 6 {
                read.store(true, Ordering::SeqCst);
                return after.answer(q);
            }
        }
        before.answer(q)
    })
}

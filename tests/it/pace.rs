//! How long it takes from the commit of a reset to its proof: a measurement, on the sandbox and on a real Kafka.

use std::cell::Cell;
use std::time::{Duration, Instant};

use kscope::core::reset::{Deed, Scope, Step, Target, Wish};
use kscope::io::kafka::{Address, Client, Settings};
use kscope::io::reset;
use kscope::model::{GroupId, TopicName};
use kscope::sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::kafka::{Cluster, Connection, Plan, Release, Writer, commit, commit_all};
use crate::run::{kscope, tell};
use crate::sandbox::{block_on, carried_out};

const GROUP: &str = "wide";
const PARTITIONS: usize = 1_000;
const RUNS: usize = 5;

/// Resets the group to the start, again and again; `before` puts it elsewhere. Medians: from the moment at
/// which the request is on its way to the proof, and of all from the plan on.
fn measure(what: &str, brokers: &str, topics: &[String], before: impl Fn()) {
    let state = tempfile::tempdir().expect("a folder");
    let addresses = Address::parse_list(brokers).expect("addresses");
    let (mut proofs, mut wholes) = (Vec::new(), Vec::new());
    block_on(async {
        for _ in 0..RUNS {
            before();
            let client = Client::new(Settings::new(addresses.clone()));
            let scope = Scope::Topics(topics.iter().map(|topic| (TopicName::new(topic.as_str()), None)).collect());
            let wish = Wish { group: GroupId::new(GROUP), deed: Deed::Reset(Target::Earliest), scope, edits: Vec::new() };
            let plan = reset::preview(&client, None, wish).await.expect("a plan");
            assert_eq!(plan.changing().count(), PARTITIONS);
            let (begun, sent, proof) = (Instant::now(), Cell::new(None), Cell::new(Duration::ZERO));
            let step = |step: &Step| match step {
                Step::Committing { .. } => sent.set(Some(Instant::now())),
                Step::Written(_) => proof.set(sent.get().map(|at: Instant| at.elapsed()).unwrap_or_default()),
                _ => {}
            };
            let report = carried_out(&client, state.path(), plan, step).await.expect("an answer");
            assert_eq!(report.ended.counts(), (PARTITIONS, 0, 0));
            wholes.push(begun.elapsed());
            proofs.push(proof.get());
        }
    });
    proofs.sort();
    wholes.sort();
    let (proof, whole) = (proofs[RUNS / 2], wholes[RUNS / 2]);
    tell(&format!(
        "{what}: {PARTITIONS} partitions from commit to proof {proof:?} (all {proofs:?}), with recheck, file and audit {whole:?}"
    ));
    assert!(proof < Duration::from_secs(1), "{proof:?}");
}

/// `cargo test --release --test it pace -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn from_commit_to_proof_of_a_thousand_partitions() {
    let sandbox = Sandbox::start(&Options { rate: 0, topics: 100, ..Options::default() }).expect("free ports");
    let brokers = sandbox.addresses()[0].to_string();
    // A topic of the sandbox has no leader: that is told, and ends with 7.
    let listed = kscope(&["-b", &brokers, "-o", "ndjson", "topics"]);
    let rows = listed.lines().into_iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let ten = rows.filter(|row| row["partitions"] == 10).filter_map(|row| Some(row["name"].as_str()?.to_owned()));
    let topics: Vec<String> = ten.take(PARTITIONS / 10).collect();
    measure("the sandbox", &brokers, &topics, || {
        for topic in &topics {
            (0..10).for_each(|partition| sandbox.commit(GROUP, topic, partition, 5));
        }
    });

    let Some(cluster) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&cluster.internal);
    let count = i32::try_from(PARTITIONS).expect("small");
    writer.create(GROUP, count, 1, &[]);
    commit(&cluster, GROUP, GROUP, 0, 5);
    let all: Vec<(i32, i64)> = (0..count).map(|partition| (partition, 5)).collect();
    measure("Kafka 4.2.0", &cluster.brokers(), &[GROUP.to_owned()], || {
        commit_all(&mut Connection::open(&cluster.internal[0]), GROUP, GROUP, &all);
    });
}

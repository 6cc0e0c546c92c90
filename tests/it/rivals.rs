//! Two kscopes at one group (F56): one plan at a time is carried out, none that has become old, and both leave whole lines in the audit
//! log. As processes, on the sandbox and on a real Kafka.

use std::collections::BTreeMap;
use std::time::Duration;

use kscope::sandbox::{ApiKey, Fault, Injection, Options, Sandbox};
use serde_json::Value;

use crate::kafka::{Cluster, Codec, Plan, Release, Writer, commit, record};
use crate::run::{Finished, Home, Running};

const GROUP: &str = "billing";
const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;
/// Where the group stands at first.
const FIRST: i64 = 7;

/// A cluster with the group, and a home for both.
struct Scene {
    home: Home,
    brokers: String,
}

impl Scene {
    fn reset(&self, to: i64, sample: &str) -> Running {
        let to = to.to_string();
        let arguments = ["-b", &self.brokers, "-o", "ndjson", "group", "reset", GROUP, "--all-topics", "--to-offset", &to];
        Running::start_in(&self.home, &[&arguments[..], &["--execute", "--sample", sample]].concat(), &[])
    }

    /// Where the group stands on its partitions, in order.
    fn stands(&self) -> Vec<i64> {
        let done = self.home.kscope(&["-b", &self.brokers, "-o", "ndjson", "-q", "lag", GROUP], &[]).ok();
        rows(&done).iter().map(|row| row["committed"].as_i64().expect("a commit")).collect()
    }

    /// Every line of the audit log is whole, and each intent has its outcome. How those ended, by the id.
    #[track_caller]
    fn audited(&self) -> BTreeMap<String, String> {
        let log = std::fs::read_to_string(self.home.path().join(".local/state/kscope/audit.jsonl")).expect("the audit log");
        assert!(log.ends_with('\n'), "{log}");
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect();
        let word = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
        let of = |event: &str| lines.iter().filter(|line| line["event"] == event).map(|line| word(line, "id")).collect::<Vec<_>>();
        let (mut intents, mut outcomes) = (of("intent"), of("outcome"));
        intents.sort();
        outcomes.sort();
        assert_eq!(intents, outcomes, "{log}");
        lines.iter().filter(|line| line["event"] == "outcome").map(|line| (word(line, "id"), word(line, "ended"))).collect()
    }
}

fn rows(done: &Finished) -> Vec<Value> {
    done.lines().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// One makes its plan and looks for outsiders; the other is done before that.
fn a_plan_that_has_become_old_is_not_carried_out(scene: &Scene) {
    let slow = scene.reset(3, "10s");
    crate::eventually("it samples", || slow.words().contains("looking for commits from outside the group").then_some(()));
    scene.reset(12, "0").finish().ok();
    let slow = slow.finish();
    assert_eq!((slow.code, slow.text().as_str()), (Some(6), ""), "{}", slow.stderr);
    for words in ["nothing was written", "orders:0: the commit was 7 and is 12", "another kscope"] {
        assert!(slow.stderr.contains(words), "{words}: {}", slow.stderr);
    }
    assert_eq!(scene.stands(), [12; 3]);
    let ended: Vec<String> = scene.audited().into_values().collect();
    assert!(ended.len() == 2 && ended.iter().any(|ended| ended == "stopped") && ended.iter().any(|ended| ended == "written"), "{ended:?}");
}

/// Pairs at the same moment, again and again. Whatever the order, each that was carried out began where the one before it ended.
fn of_two_at_once_none_writes_over_what_it_has_not_shown(scene: &Scene) {
    let mut now = scene.stands()[0];
    let (mut done, mut refused) = (0, 0);
    for round in 0..6_i64 {
        let both = [14, 2].map(|to| scene.reset(to + round, "0")).map(Running::finish);
        let mut steps: Vec<(i64, i64)> = Vec::new();
        for run in &both {
            match run.code {
                Some(0) => {
                    let rows = rows(run);
                    assert!(rows.iter().all(|row| row["outcome"] == "committed" && row["readBack"] == row["target"]), "{rows:?}");
                    steps.push((rows[0]["committed"].as_i64().expect("shown"), rows[0]["target"].as_i64().expect("shown")));
                }
                Some(6) => {
                    assert!(run.stderr.contains("nothing was written") && run.stdout.is_empty(), "{}", run.stderr);
                    refused += 1;
                }
                code => panic!("{code:?}: {}", run.stderr),
            }
        }
        done += steps.len();
        assert!(!steps.is_empty(), "one of the two goes through: {} {}", both[0].stderr, both[1].stderr);
        while let Some(at) = steps.iter().position(|(from, _)| *from == now) {
            now = steps.swap_remove(at).1;
        }
        assert_eq!(steps, [], "begins where nothing stood");
        assert_eq!(scene.stands(), [now; 3]);
    }
    let ended = scene.audited();
    let count = |word: &str| ended.values().filter(|ended| *ended == word).count();
    assert_eq!((count("written") - 1, count("stopped") - 1), (done, refused));
}

fn on_both(scene: &Scene) {
    assert_eq!(scene.stands(), [FIRST; 3]);
    a_plan_that_has_become_old_is_not_carried_out(scene);
    of_two_at_once_none_writes_over_what_it_has_not_shown(scene);
}

fn sandbox() -> (Sandbox, Scene) {
    let sandbox = Sandbox::start(&Options { rate: 0, ..Options::default() }).expect("free ports");
    for partition in 0..PARTITIONS {
        sandbox.commit(GROUP, TOPIC, partition, FIRST);
    }
    let brokers = sandbox.addresses()[0].to_string();
    (sandbox, Scene { home: Home::new(), brokers })
}

#[test]
fn on_the_sandbox() {
    let (_sandbox, scene) = sandbox();
    on_both(&scene);
}

#[test]
fn on_a_real_kafka() {
    let Some(cluster) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&cluster.internal);
    writer.create(TOPIC, PARTITIONS, 1, &[]);
    for partition in 0..PARTITIONS {
        writer.append(TOPIC, partition, Codec::None, &(0..30).map(|n| record(format!("{n}"))).collect::<Vec<_>>());
        commit(&cluster, GROUP, TOPIC, partition, FIRST);
    }
    on_both(&Scene { home: Home::new(), brokers: cluster.brokers() });
}

/// The commit of one is on its way, and nothing has moved yet: what the other reads is still what its plan was made from.
#[test]
fn while_one_writes_the_other_is_refused() {
    let (sandbox, scene) = sandbox();
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Delay(Duration::from_secs(3))));
    let first = scene.reset(3, "0");
    crate::eventually("it has saved what stands there", || first.words().contains("saved for undo").then_some(()));
    let second = scene.reset(12, "0").finish();
    assert_eq!(second.code, Some(6), "{}", second.stderr);
    assert!(second.stderr.contains("another kscope is changing this group"), "{}", second.stderr);
    let first = first.finish().ok();
    assert!(rows(&first).iter().all(|row| row["readBack"] == 3), "{}", first.text());
    assert_eq!(scene.stands(), [3; 3]);
    assert_eq!(scene.audited().len(), 2);
    assert_eq!(sandbox.requests(ApiKey::OffsetCommit), 1, "the other has sent nothing");
    // Another group is nobody's business.
    sandbox.commit("other", TOPIC, 0, 1);
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Delay(Duration::from_secs(3))));
    let first = scene.reset(5, "0");
    crate::eventually("it has saved what stands there", || first.words().contains("saved for undo").then_some(()));
    let other = ["-b", &scene.brokers, "group", "reset", "other", "--all-topics", "--to-earliest", "--execute", "--sample", "0"];
    scene.home.kscope(&other, &[]).ok();
    first.finish().ok();
}

//! Streams groups (KIP-1071) and share groups (KIP-932) on a real Kafka: listed with their type and state, described, and changed where
//! that is allowed. With a member, and without.

use rustix::process::Signal;
use serde_json::Value;

use super::batch::{Codec, record};
use super::cluster::{Cluster, Plan, Release, tool};
use super::streams::Streams;
use super::writer::Writer;
use crate::eventually;
use crate::run::{Finished, Home, Running};

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;
const RECORDS: i64 = 10;
const NOW: [&str; 3] = ["--execute", "--sample", "0"];

/// kscope before a cluster, in one home.
struct Scene {
    cluster: Cluster,
    home: Home,
    writer: Writer,
}

impl Scene {
    /// A cluster with the topic; `None` when tests on a real Kafka are skipped.
    fn start() -> Option<Self> {
        let cluster = Cluster::start(Plan::one(Release::V4_2))?;
        let mut writer = Writer::connect(&cluster.internal);
        writer.create(TOPIC, PARTITIONS, 1, &[]);
        let mut scene = Self { cluster, home: Home::new(), writer };
        scene.write();
        Some(scene)
    }

    fn write(&mut self) {
        for partition in 0..PARTITIONS {
            self.writer.append(TOPIC, partition, Codec::None, &(0..RECORDS).map(|n| record(format!("{n}"))).collect::<Vec<_>>());
        }
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.home.kscope(&[&["-b", &self.cluster.brokers(), "-o", "ndjson"], arguments].concat(), &[])
    }

    /// As [`Self::run`], and it is done.
    #[track_caller]
    fn go(&self, arguments: &[&str]) -> Vec<Value> {
        rows(&self.run(&[arguments, &NOW].concat()).ok())
    }

    /// It is refused with these words, and nothing is sent.
    #[track_caller]
    fn refused(&self, arguments: &[&str], words: &str) {
        let done = self.run(&[arguments, &NOW].concat());
        assert!(done.code == Some(6) && done.stderr.contains(words), "{arguments:?} {:?}: {}", done.code, done.stderr);
    }

    fn listed(&self, group: &str) -> Value {
        let rows = rows(&self.run(&["groups", "-f", &format!("^{group}$")]));
        rows.into_iter().next().unwrap_or(Value::Null)
    }

    fn described(&self, group: &str) -> Value {
        serde_json::from_slice(&self.run(&["group", "describe", group]).stdout).unwrap_or(Value::Null)
    }

    /// A field of each partition, as `lag` tells.
    fn lag(&self, group: &str, field: &str) -> Vec<Value> {
        rows(&self.run(&["lag", group])).iter().map(|row| row[field].clone()).collect()
    }
}

fn rows(done: &Finished) -> Vec<Value> {
    done.lines().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn all(rows: &[Value], field: &str, value: impl Into<Value>) {
    let value = value.into();
    assert!(!rows.is_empty() && rows.iter().all(|row| row[field] == value), "{field} {value}: {rows:?}");
}

#[test]
fn a_streams_group_is_told_with_its_tasks_and_changed_once_it_is_empty() {
    let Some(scene) = Scene::start() else { return };
    let group = "counts";
    let mut member = Streams::join(&scene.cluster.internal[0], group, TOPIC);
    let told = eventually("it has its tasks", || {
        member.stay();
        let told = scene.described(group);
        let has_all = told["members"][0]["assignment"][0]["partitions"].as_array().is_some_and(|ids| ids.len() == 3);
        (has_all && told["state"] == "Stable").then_some(told)
    });
    member.commit(&[(0, 4), (1, 5), (2, 6)]);
    assert_eq!(member.tasks.as_ref().map(Vec::len), Some(3), "the broker says the same to the member");
    assert_eq!((told["type"].as_str(), told["members"][0]["clientId"].as_str()), (Some("streams"), Some("kscope-tests")), "{told}");
    assert_eq!((told["members"][0]["host"].as_str(), told["members"].as_array().map(Vec::len)), (Some("127.0.0.1"), Some(1)), "{told}");
    let listed = scene.listed(group);
    assert_eq!((listed["type"].as_str(), listed["state"].as_str(), listed["members"].as_i64()), (Some("streams"), Some("Stable"), Some(1)));
    assert_eq!((listed["lag"].as_i64(), listed["lagKnown"].as_bool()), (Some(15), Some(true)), "{listed}");
    assert_eq!(scene.lag(group, "committed"), [4, 5, 6]);
    assert!(scene.lag(group, "member").iter().all(|id| *id == told["members"][0]["member"]));

    let reset = ["group", "reset", group, "--all-topics", "--to-earliest"];
    let dry = scene.run(&reset).ok();
    assert!(dry.stderr.contains("Kafka Streams application") && dry.stderr.contains("1 member"), "{}", dry.stderr);
    scene.refused(&reset, "1 member");
    scene.refused(&["group", "delete", group], "1 member");
    let forget = ["group", "delete-offsets", group, "--topic", TOPIC];
    let done = scene.run(&[&forget[..], &NOW].concat());
    assert!(done.code == Some(6) && done.stderr.contains("members of the group read orders"), "{:?} {}", done.code, done.stderr);
    assert_eq!(scene.lag(group, "committed"), [4, 5, 6], "nothing was changed");

    member.leave();
    eventually("it is empty", || (scene.listed(group)["state"] == "Empty").then_some(()));
    all(&scene.go(&reset), "readBack", 0);
    assert_eq!(scene.lag(group, "committed"), [0, 0, 0]);
    scene.go(&["group", "undo", group]);
    assert_eq!(scene.lag(group, "committed"), [4, 5, 6]);
    all(&scene.go(&forget), "outcome", "committed");
    assert_eq!(scene.lag(group, "committed"), Vec::<Value>::new());
    scene.go(&["group", "undo", group]);
    assert_eq!(scene.lag(group, "committed"), [4, 5, 6]);
    scene.go(&["group", "delete", group]);
    assert_eq!(scene.listed(group), Value::Null);
}

/// Where a share group starts, as Apache's tool tells: partition and offset.
fn by_kafka(cluster: &Cluster, group: &str) -> Vec<(i32, i64)> {
    let class = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
    let arguments = ["--bootstrap-server", &cluster.internal[0], "--describe", "--offsets", "--group", group];
    let done = tool(cluster.release, class, &arguments).expect("it runs here").output().expect("the tool runs");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let known = cells.first() == Some(&group) && cells.get(1) == Some(&TOPIC);
        Some((cells.get(2)?.parse().ok()?, cells.get(3)?.parse().ok()?)).filter(|_| known)
    };
    let mut found: Vec<(i32, i64)> = text.lines().filter_map(row).collect();
    found.sort_unstable();
    found
}

#[test]
fn a_share_group_is_moved_and_forgets_where_it_starts_once_nobody_is_in_it() {
    let Some(mut scene) = Scene::start() else { return };
    let group = "shared";
    let class = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";
    let address = &scene.cluster.internal[0];
    let Some(command) = tool(Release::V4_2, class, &["--bootstrap-server", address, "--topic", TOPIC, "--group", group]) else { return };
    let member = Running::of(command, "the console share consumer");
    // It begins where the log ends when it comes.
    eventually("it has begun on every partition, and done what there is", || {
        scene.write();
        let (lags, starts) = (scene.lag(group, "lag"), scene.lag(group, "shareStart"));
        (lags.len() == 3 && lags.iter().all(|lag| *lag == 0) && starts.iter().all(Value::is_i64)).then_some(())
    });
    let listed = scene.listed(group);
    assert_eq!((listed["type"].as_str(), listed["state"].as_str(), listed["members"].as_i64()), (Some("share"), Some("Stable"), Some(1)));
    let reset = ["group", "reset", group, "--topic", TOPIC, "--to-offset", "3"];
    let forget = ["group", "delete-offsets", group, "--topic", TOPIC];
    let starts = scene.lag(group, "shareStart");
    scene.run(&reset).ok();
    for change in [&reset[..], &forget, &["group", "delete", group]] {
        scene.refused(change, "1 member");
    }
    assert_eq!(scene.lag(group, "shareStart"), starts, "nothing was changed");

    member.signal(Signal::TERM);
    member.finish();
    eventually("it is empty", || (scene.listed(group)["state"] == "Empty").then_some(()));
    all(&scene.go(&reset), "readBack", 3);
    assert_eq!(by_kafka(&scene.cluster, group), [(0, 3), (1, 3), (2, 3)]);
    assert_eq!(scene.lag(group, "shareStart"), [3, 3, 3]);

    let some = scene.run(&[&["group", "delete-offsets", group, "--topic", "orders:0"][..], &NOW].concat());
    assert_eq!(some.code, Some(7), "{}", some.text());
    assert!(some.text().contains("a share group forgets whole topics only"), "{} {}", some.text(), some.stderr);
    assert_eq!(scene.lag(group, "shareStart"), [3, 3, 3]);
    all(&scene.go(&forget), "outcome", "committed");
    assert_eq!((by_kafka(&scene.cluster, group), scene.lag(group, "shareStart").len()), (Vec::new(), 0));
    scene.go(&["group", "undo", group]);
    assert_eq!(by_kafka(&scene.cluster, group), [(0, 3), (1, 3), (2, 3)], "what was forgotten is back");
    scene.go(&["group", "delete", group]);
    assert_eq!(scene.listed(group), Value::Null);
}

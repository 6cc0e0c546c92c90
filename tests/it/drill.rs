//! The incident drill, by keys in a terminal: from the start find the group that is stuck, look at the record, skip only it, watch
//! the group move on, copy the report. On the sandbox and on a real Kafka, whose consumer leaves at the broken record and comes
//! again after five seconds.

mod consumer;

use std::path::Path;

use kscope::sandbox::{Options, Sandbox};

use crate::pty::{Terminal, escapes};
use crate::run::Home;
use crate::ui::{Seen, Ui};

/// What is stuck, where.
struct Case<'a> {
    group: &'a str,
    topic: &'a str,
    partition: i32,
    /// In the broken record.
    word: &'a str,
}

/// A group counts as stalled after five seconds.
fn open(arguments: &[&str]) -> (Ui, std::path::PathBuf) {
    let home = Home::new().with(".config/kscope/config.toml", "[groups]\nstalled_after = \"5s\"\n");
    let state = home.path().join(".local/state/kscope");
    (Ui { terminal: Terminal::kscope_in(home, arguments, &[("KSCOPE_UI_START", ":overview")], 140, 45) }, state)
}

fn row_of(seen: &Seen, word: &str) -> Option<String> {
    seen.lines().iter().find(|line| line.contains(word)).cloned()
}

/// The drill; `committed` tells where the group stands on the partition now. Gives the keys from the start to the confirmed skip.
#[track_caller]
fn drill(ui: &mut Ui, state: &Path, case: &Case<'_>, committed: impl Fn() -> Option<i64>) {
    let mut keys = Vec::new();
    let mut press = |ui: &mut Ui, key: &'static str| {
        keys.push(key);
        ui.press(key);
    };
    ui.until("the group that is stuck", |seen| row_of(seen, "stuck at a record").is_some_and(|line| line.contains(case.group)));
    // It stands first, unless the machine is so slow that other groups are stuck for a while.
    for _ in 0..5 {
        if row_of(&ui.seen(), "▌").is_some_and(|line| line.contains(case.group)) {
            break;
        }
        press(ui, "j");
        ui.until("the keys are taken", |seen| seen.has("Problems"));
    }
    ui.until("it is selected", |seen| row_of(seen, "▌").is_some_and(|line| line.contains(case.group) && line.contains("stuck")));
    let pill = committed().expect("a commit");

    press(ui, "S");
    let place = format!("behind one record of {}:{}", case.topic, case.partition);
    ui.until("the plan, and nothing written", |seen| seen.has(&place) && seen.has("DRY RUN: nothing written"));
    // The record that it stands at.
    press(ui, "\r");
    ui.until("the record that is stuck on", |seen| seen.has("next now") && seen.has(case.word));
    press(ui, "\x1b");
    ui.until("the plan again", |seen| seen.has("What will happen"));
    assert_eq!(committed(), Some(pill), "looking changes nothing");

    press(ui, "\x13");
    ui.until("it is written and read back", |seen| seen.has("1 committed and read back, 0 failed, 0 unknown"));
    ui.until("the group moves on", |seen| seen.has("the group moves on"));
    crate::eventually("it is past the record", || committed().filter(|at| *at > pill + 1));
    assert!(keys.len() <= 12, "{keys:?}");

    ui.press(":incident\r");
    ui.until_text("was sent to the terminal's clipboard");
    let copied = crate::eventually("the report", || copied(&ui.terminal.raw()));
    for part in [
        &format!("## Group {}", case.group),
        &format!("{}:{} {pill} -> {}", case.topic, case.partition, pill + 1),
        "kafka-consumer-groups.sh --bootstrap-server",
        "--to-offset",
        "undo: kscope group undo",
    ] {
        assert!(copied.contains(part), "{part:?} is not in the report:\n{copied}");
    }
    // What was replaced is on disk, and what was done is in the audit log: the intent, and the outcome.
    let kept = std::fs::read_dir(state.join("offsets")).expect("a folder").count();
    assert_eq!(kept, 2, "a CSV and a JSON");
    let audit = audit(state);
    assert!(audit.lines().all(|line| line.contains(case.group)), "{audit}");
    let lines: Vec<serde_json::Value> = audit.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let committed = |line: &serde_json::Value| line["committed"].as_u64().expect("an outcome");
    let [intent, tries @ .., last] = lines.as_slice() else { panic!("{audit}") };
    assert_eq!((intent["event"].as_str(), committed(last)), (Some("intent"), 1), "{audit}");
    // The group was empty when it was looked at, and a member was back before the commit: nothing is written then, and it stays
    // armed. On a busy machine that is seen now and then.
    assert!(tries.iter().all(|line| committed(line) == 0), "{audit}");
}

fn audit(state: &Path) -> String {
    let entries = std::fs::read_dir(state).expect("a folder").flatten();
    let found = entries.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("audit"));
    std::fs::read_to_string(found.expect("an audit log")).expect("text")
}

/// What was last copied through the terminal (OSC 52).
fn copied(raw: &[u8]) -> Option<String> {
    use base64::Engine as _;
    let found = escapes(raw);
    let text = found.osc.iter().rev().find_map(|osc| osc.strip_prefix("52;c;"))?.to_owned();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    String::from_utf8(bytes).ok()
}

#[test]
fn on_the_sandbox() {
    let sandbox = Sandbox::start(&Options::default()).expect("free ports");
    let case = Case { group: "search-indexer", topic: "catalog.updates", partition: 2, word: "\"EUR\"},\"stoc" };
    let (mut ui, state) = open(&[&sandbox.addresses()[0].to_string()]);
    drill(&mut ui, &state, &case, || {
        let commits = sandbox.commits(case.group)?;
        commits.into_iter().find(|(topic, partition, _)| topic == case.topic && *partition == case.partition).map(|(.., at)| at)
    });
    ui.press("\x03");
    assert_eq!(ui.terminal.ended().exit_code(), 0);
}

#[test]
fn on_a_real_kafka() {
    use crate::kafka::{Cluster, Plan, Release};
    let Some(cluster) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let address = cluster.internal[0].clone();
    let case = Case { group: "search-indexer", topic: "catalog.updates", partition: 1, word: "{\"sku\": oops" };
    consumer::fill(&cluster, case.topic, case.partition);
    let _consumer = consumer::start(&address, case.group, case.topic, case.partition);
    let (mut ui, state) = open(&[&cluster.brokers()]);
    drill(&mut ui, &state, &case, || consumer::committed(&address, case.group, case.topic, case.partition));
    ui.press("\x03");
    assert_eq!(ui.terminal.ended().exit_code(), 0);
}

//! A reset before a broker that falls silent for longer than an answer is waited for. What is reported is what stands there, as far as
//! it can be read; else it is unknown, and said to be.

use std::time::Duration;

use kscope::core::reset::{Ended, Fate, Step, Target};
use kscope::sandbox::{ApiKey, Fault, Injection, Options, Sandbox};
use serde_json::Value;

use super::resets::{carried_out, planned};
use super::{block_on, bootstrap, client, start};
use crate::run::{Finished, Home};

const GROUP: &str = "quiet";
const TOPIC: &str = "orders";

/// A group at 5 on three partitions.
fn sandbox() -> Sandbox {
    let sandbox = start(&Options { rate: 0, ..Options::default() });
    for partition in 0..3 {
        sandbox.commit(GROUP, TOPIC, partition, 5);
    }
    sandbox
}

fn stands(sandbox: &Sandbox) -> Vec<i64> {
    sandbox.commits(GROUP).expect("the group").into_iter().map(|(.., offset)| offset).collect()
}

/// As a process that waits a second for an answer.
fn reset(home: &Home, sandbox: &Sandbox, to: &str) -> Finished {
    let address = bootstrap(sandbox);
    let arguments = ["-b", &address, "--timeout", "1s", "-o", "ndjson", "group", "reset", GROUP, "--all-topics", "--to-offset", to];
    home.kscope(&[&arguments[..], &["--execute", "--sample", "0"]].concat(), &[])
}

fn rows(done: &Finished) -> Vec<Value> {
    done.lines().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What the audit log says of the last one.
fn outcome(home: &Home) -> Value {
    let log = std::fs::read_to_string(home.path().join(".local/state/kscope/audit.jsonl")).expect("the audit log");
    let last = log.lines().last().expect("a line");
    serde_json::from_str(last).expect("JSON")
}

#[test]
fn a_commit_that_never_comes_to_the_broker_is_unknown_and_what_stands_there_is_told() {
    let (sandbox, home) = (sandbox(), Home::new());
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Silence));
    let done = reset(&home, &sandbox, "9");
    assert_eq!(done.code, Some(7), "{}", done.stderr);
    for row in rows(&done) {
        assert_eq!((row["outcome"].as_str(), row["readBack"].as_i64()), (Some("unknown"), Some(5)), "{row}");
        let error = row["error"].as_str().expect("why");
        assert!(error.contains("no answer") && error.contains("the old commit stands there so far"), "{error}");
    }
    assert!(done.stderr.contains("3 unknown") && done.stderr.contains("saved for undo"), "{}", done.stderr);
    let told = outcome(&home);
    assert_eq!(
        (told["ended"].as_str(), told["unknown"].as_i64(), told["committed"].as_i64()),
        (Some("written"), Some(3), Some(0)),
        "{told}"
    );
    assert_eq!(stands(&sandbox), [5; 3]);
    assert_eq!(sandbox.requests(ApiKey::OffsetCommit), 1, "it is never sent again");
    // The next one begins at what stands there.
    let again = reset(&home, &sandbox, "9").ok();
    assert!(rows(&again).iter().all(|row| row["committed"] == 5 && row["readBack"] == 9), "{}", again.text());
}

#[test]
fn a_commit_that_is_applied_behind_the_deadline_is_found_by_reading() {
    let (sandbox, home) = (sandbox(), Home::new());
    // An answer is waited for for 1 s, the old commit is believed 0.2 s after that.
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Delay(Duration::from_millis(1_100))));
    let done = reset(&home, &sandbox, "9").ok();
    assert!(
        rows(&done).iter().all(|row| row["outcome"] == "committed" && row["readBack"] == 9 && row["error"].is_null()),
        "{}",
        done.text()
    );
    assert_eq!((stands(&sandbox), outcome(&home)["committed"].as_i64()), (vec![9; 3], Some(3)));
    assert_eq!(sandbox.requests(ApiKey::OffsetCommit), 1);
}

#[test]
fn what_cannot_be_read_back_is_unknown_though_the_broker_said_that_it_is_done() {
    let sandbox = sandbox();
    let state = tempfile::tempdir().expect("a folder");
    block_on(async {
        let client = client(&sandbox, Duration::from_secs(3));
        let plan = planned(&client, GROUP, Target::Offset(9)).await.expect("a plan");
        let silent = |step: &Step| {
            if matches!(step, Step::Verifying) {
                sandbox.inject(Injection::always(ApiKey::OffsetFetch, Fault::Silence));
            }
        };
        let report = carried_out(&client, state.path(), plan, silent).await.expect("an answer");
        let Ended::Written(outcomes) = &report.ended else { panic!("{report:?}") };
        assert_eq!((outcomes.len(), report.ended.exit_code()), (3, 7), "{report:?}");
        for outcome in outcomes {
            let Fate::Unknown(why) = &outcome.fate else { panic!("{outcome:?}") };
            assert!(why.raw().contains("the broker said that it is done, and it could not be read back"), "{why:?}");
            assert!(outcome.read_back.is_err(), "{outcome:?}");
        }
    });
    assert_eq!(stands(&sandbox), [9; 3], "it was applied: nobody could know");
}

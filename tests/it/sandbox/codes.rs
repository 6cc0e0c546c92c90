//! How commands about groups end: the exit codes that scripts rely on, and errors as JSON.

use std::net::TcpListener;
use std::time::Duration;

use kscope::sandbox::{ApiKey, Fault, Injection, Sandbox};
use rustix::process::Signal;
use serde_json::Value;

use super::wire::coordinator;
use super::{bootstrap, still};
use crate::run::{Finished, Home, Running};

const GROUP: &str = "audit-archive";
const TOPIC: &str = "audit.log";
const NOW: [&str; 3] = ["--execute", "--sample", "0"];

fn run(home: &Home, sandbox: &Sandbox, arguments: &[&str]) -> Finished {
    home.kscope(&[&["-b", &bootstrap(sandbox), "-o", "ndjson"], arguments].concat(), &[])
}

/// The word of the error that it ended with.
#[track_caller]
fn word(done: &Finished) -> String {
    let last = done.stderr.lines().last().unwrap_or_default();
    let error: Value = serde_json::from_str(last).unwrap_or_else(|why| panic!("{why}: {}", done.stderr));
    error["error"]["code"].as_str().expect("a word").to_owned()
}

#[track_caller]
fn ends(done: &Finished, code: i32, is: &str) {
    assert_eq!((done.code, word(done).as_str(), done.text().as_str()), (Some(code), is, ""), "{}", done.stderr);
}

/// Commands that change something, each of a group that is there.
const CHANGES: [&[&str]; 5] = [
    &["group", "reset", GROUP, "--all-topics", "--to-earliest"],
    &["group", "reset", GROUP, "--skip", "audit.log:0"],
    &["group", "delete-offsets", GROUP, "--topic", TOPIC],
    &["group", "copy", GROUP, "--to", "another"],
    &["group", "delete", GROUP],
];

#[test]
fn nothing_is_sent_where_nothing_may_be_changed() {
    let (sandbox, home) = (still(), Home::new());
    let address = bootstrap(&sandbox);
    let before = sandbox.commits(GROUP);
    let config = |rules: &str| {
        let text = format!("[contexts.shop]\nbootstrap = \"{address}\"\n{rules}\n");
        Home::new().with(".config/kscope/config.toml", &text)
    };
    for change in CHANGES {
        ends(&run(&home, &sandbox, &[change, &NOW, &["--readonly"]].concat()), 6, "refused");
        let dry = run(&home, &sandbox, &[change, &["--readonly"]].concat());
        assert!(dry.code == Some(0) && !dry.stdout.is_empty(), "a dry run works: {}", dry.stderr);
        for (rules, words) in [
            ("readonly = true", "read-only"),
            ("guard = \"typed\"", "the context asks for the name to be typed"),
            ("expect_cluster_id = \"q2kZ8xB0R3mC5vT7yU9wEg\"", "not the cluster that the context expects"),
        ] {
            let done = config(rules).kscope(&[&["-c", "shop", "-o", "ndjson"], change, &NOW].concat(), &[]);
            ends(&done, 6, "refused");
            assert!(done.stderr.contains(words), "{rules}: {}", done.stderr);
        }
    }
    assert_eq!((sandbox.mutations(), sandbox.commits(GROUP)), (Vec::new(), before));
    // Where nobody can type, --write says that it is meant.
    let typed = config("guard = \"typed\"");
    typed.kscope(&[&["-c", "shop", "--write"], CHANGES[0], &NOW].concat(), &[]).ok();
    assert_eq!(sandbox.commits(GROUP).map(|all| all[0].2), Some(0));
}

#[test]
fn a_group_with_members_is_refused_and_so_is_what_is_not_there() {
    let (sandbox, home) = (still(), Home::new());
    sandbox.occupy(GROUP, &[TOPIC]);
    let before = sandbox.commits(GROUP);
    for change in CHANGES.into_iter().filter(|change| !["copy", "delete-offsets"].contains(&change[1])) {
        ends(&run(&home, &sandbox, &[change, &NOW].concat()), 6, "refused");
    }
    assert_eq!(sandbox.mutations(), []);
    // What its members read they do not tell in a form that is known: the broker is asked, and refuses.
    let done = run(&home, &sandbox, &[CHANGES[2], &NOW].concat());
    assert!(done.code == Some(1) && done.text().contains("GROUP_SUBSCRIBED_TO_TOPIC"), "{:?} {}", done.code, done.text());
    assert!(!done.stderr.contains("group undo"), "there is nothing to put back: {}", done.stderr);
    assert_eq!(sandbox.commits(GROUP), before);
    sandbox.vacate(GROUP);
    let home = Home::new();
    for missing in [
        &["lag", "nobody"][..],
        &["group", "describe", "nobody"],
        &["group", "delete", "nobody"],
        &["group", "undo", GROUP],
        &["group", "undo", "./nothing.json"],
        &["group", "copy", "nobody", "--to", "another"],
        &["group", "reset", GROUP, "--topic", "nothing", "--to-latest"],
        &["group", "reset", GROUP, "--from-file", "nothing.csv"],
        &["group", "reset", GROUP, "--all-topics", "--to-group", "nobody"],
        &["peek", "nobody", "audit.log:0"],
        &["peek", GROUP, "nothing:0"],
    ] {
        ends(&run(&home, &sandbox, missing), 5, "not_found");
    }
}

#[test]
fn wrong_arguments_are_usage_and_nothing_is_asked() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    taken.set_nonblocking(true).expect("it can");
    let reset = ["group", "reset", GROUP];
    for wrong in [
        &[&reset[..], &["--to-latest"]].concat()[..],
        &[&reset[..], &["--all-topics"]].concat(),
        &[&reset[..], &["--all-topics", "--to-latest", "--to-earliest"]].concat(),
        &[&reset[..], &["--all-topics", "--to-offset", "many"]].concat(),
        &[&reset[..], &["--topic", "a:x", "--to-latest"]].concat(),
        &[&reset[..], &["--all-topics", "--to-datetime", "yesterday"]].concat(),
        &[&reset[..], &["--all-topics", "--by-duration", "P1M"]].concat(),
        &[&reset[..], &["--skip", "audit.log"]].concat(),
        &[&reset[..], &["--all-topics", "--to-latest", "--sample", "soon"]].concat(),
        &["group", "copy", GROUP, "--to", GROUP],
        &["group", "delete-offsets", GROUP],
        &["group", "delete"],
        &["group"],
        &["groups", "-f", "("],
        &["peek", GROUP, "audit.log"],
    ] {
        let done = home.kscope(&[&["-b", &address][..], wrong].concat(), &[]);
        assert_eq!((done.code, done.text().as_str()), (Some(2), ""), "{wrong:?}: {}", done.stderr);
    }
    assert!(taken.accept().is_err(), "nobody came");
}

#[test]
fn a_cluster_that_is_not_there_is_3_and_one_that_does_not_allow_it_is_4() {
    let home = Home::new();
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port").to_string();
    for command in [&["groups"][..], &["lag"], &["lag", "--watch"], &["group", "describe", GROUP], CHANGES[0]] {
        let done = home.kscope(&[&["-b", &nobody, "--timeout", "1s", "-o", "json"], command].concat(), &[]);
        ends(&done, 3, "unreachable");
    }
    let sandbox = still();
    sandbox.inject(Injection::always(ApiKey::DescribeGroups, Fault::Error(30)));
    ends(&run(&home, &sandbox, CHANGES[0]), 4, "not_authorised");
    let part = run(&home, &sandbox, &["group", "describe", GROUP]);
    assert!(part.code == Some(7) && part.stderr.contains("members of audit-archive are unknown: not authorised"), "{}", part.stderr);
}

#[test]
fn what_is_known_in_part_is_printed_and_ends_with_7() {
    let (sandbox, home) = (still(), Home::new());
    let whole = run(&home, &sandbox, &["groups"]);
    let count = whole.lines().len();
    // One broker does not tell its groups.
    let broker = i32::try_from(coordinator(&sandbox, GROUP) + 1).expect("small");
    sandbox.inject(Injection { broker: Some(broker), ..Injection::always(ApiKey::ListGroups, Fault::Error(-1)) });
    for command in [&["groups"][..], &["lag"], &["lag", "--prometheus"]] {
        let done = run(&home, &sandbox, command);
        assert!(done.code == Some(7) && !done.stdout.is_empty(), "{command:?} {:?}: {}", done.code, done.stderr);
        assert!(done.stderr.contains(&format!("broker {broker}")) && !done.text().contains(GROUP), "{}", done.stderr);
    }
    let part = run(&home, &sandbox, &["groups"]).lines().len();
    assert!(part > 0 && part < count, "{part} of {count}");
    // It may be one of that broker's: no word that it is not there.
    let done = run(&home, &sandbox, CHANGES[0]);
    assert!(done.code != Some(0) && done.code != Some(5), "{:?} {}", done.code, done.stderr);

    // Commits that cannot be read.
    let sandbox = still();
    sandbox.inject(Injection::always(ApiKey::OffsetFetch, Fault::Error(30)));
    let done = run(&home, &sandbox, &["lag", GROUP, "--fail-over", "0"]);
    assert!(done.code == Some(7) && done.stderr.contains(&format!("the lag of {GROUP} is unknown")), "{:?} {}", done.code, done.stderr);
}

#[test]
fn what_the_broker_refuses_is_1_and_what_cannot_be_written_too() {
    let (sandbox, home) = (still(), Home::new());
    let before = sandbox.commits(GROUP);
    // A missing right is told apart.
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Error(30)));
    let done = run(&home, &sandbox, &[CHANGES[0], &NOW].concat());
    assert!(done.code == Some(4) && done.text().contains("READ on the group"), "{:?} {}", done.code, done.text());
    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Error(12)));
    let done = run(&home, &sandbox, &[CHANGES[0], &NOW].concat());
    assert!(done.code == Some(1) && done.stderr.contains("1 failed"), "{:?} {}", done.code, done.stderr);
    let row: Value = serde_json::from_str(done.lines()[0]).expect("JSON");
    assert_eq!((row["outcome"].as_str(), &row["readBack"]), (Some("failed"), &row["committed"]), "{row}");
    assert!(row["error"].as_str().is_some_and(|why| why.contains("12")), "{row}");
    assert_eq!(sandbox.commits(GROUP), before);
    let done = run(&home, &sandbox, &[CHANGES[0], &["--export", "/nowhere/at/all.csv"]].concat());
    ends(&done, 1, "file");
}

#[test]
fn a_pipe_that_nobody_reads_is_no_failure() {
    let sandbox = super::start(&kscope::sandbox::Options { rate: 0, groups: 3_000, ..kscope::sandbox::Options::default() });
    let running = Running::start(&["-b", &bootstrap(&sandbox), "-o", "ndjson", "lag"]);
    running.hang_up();
    let done = running.finish();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
}

/// How the last change ended, as the audit log says; each intent has its outcome.
#[track_caller]
fn ended(home: &Home) -> String {
    let log = std::fs::read_to_string(home.path().join(".local/state/kscope/audit.jsonl")).expect("the audit log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [.., intent, outcome] = lines.as_slice() else { panic!("{log}") };
    assert_eq!((&intent["event"], &outcome["event"]), (&"intent".into(), &"outcome".into()), "{log}");
    assert_eq!(intent["id"], outcome["id"]);
    outcome["ended"].as_str().expect("a word").to_owned()
}

#[test]
fn a_signal_calls_a_reset_off_until_it_is_sent_and_then_waits_for_the_outcome() {
    let (sandbox, home) = (still(), Home::new());
    let address = bootstrap(&sandbox);
    let start = |sample: &str| {
        let arguments = [&["-b", &address, "-o", "ndjson"], CHANGES[0], &["--execute", "--sample", sample]].concat();
        Running::start_in(&home, &arguments, &[])
    };
    let before = sandbox.commits(GROUP);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let running = start("10s");
        crate::eventually("it samples", || running.words().contains("looking for commits").then_some(()));
        running.signal(signal);
        let done = running.finish();
        assert!(done.code == Some(code) && done.stderr.contains("nothing was written"), "{:?} {}", done.code, done.stderr);
        assert_eq!(ended(&home), "stopped");
    }
    assert_eq!((sandbox.mutations(), sandbox.commits(GROUP)), (Vec::new(), before));

    sandbox.inject(Injection::next(ApiKey::OffsetCommit, Fault::Delay(Duration::from_secs(2))));
    let running = start("0");
    crate::eventually("it is sent", || running.words().contains("saved for undo").then_some(()));
    running.signal(Signal::INT);
    crate::eventually("it goes on", || running.words().contains("once more ends before the outcome is known").then_some(()));
    let done = running.finish().ok();
    assert!(done.text().contains("\"outcome\":\"committed\""), "{}", done.text());
    assert_eq!((ended(&home).as_str(), sandbox.commits(GROUP).map(|all| all[0].2)), ("written", Some(0)));
}

#[test]
fn what_is_known_to_be_none_is_no_question_mark() {
    let (sandbox, home) = (still(), Home::new());
    sandbox.commit("bare", TOPIC, 0, 5);
    let table = |arguments: &[&str]| home.kscope(&[&["-b", &bootstrap(&sandbox), "-q", "-o", "table"], arguments].concat(), &[]).text();
    let forget = ["group", "delete-offsets", "bare", "--topic", TOPIC];
    for told in [table(&forget), table(&[&forget[..], &NOW].concat()), table(&["group", "reset", "bare", "--topic", TOPIC, "--to-latest"])]
    {
        assert!(told.contains(" – ") && !told.contains('?'), "{told}");
    }
}

//! Apache's kafka-consumer-groups on the sandbox.

use super::clients::output;
use super::{bootstrap, start};
use crate::kafka::{Release, tool};
use kscope::sandbox::{Options, Sandbox};

fn class(release: Release) -> &'static str {
    match release {
        Release::V2_8 => "kafka.admin.ConsumerGroupCommand",
        Release::V3_9 | Release::V4_2 => "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    }
}

/// What it prints; `None` when tests with Apache's tools are skipped here.
fn run(sandbox: &Sandbox, release: Release, arguments: &[&str]) -> Option<String> {
    let address = bootstrap(sandbox);
    let arguments = [&["--bootstrap-server", &address][..], arguments].concat();
    tool(release, class(release), &arguments).map(|mut command| output(&mut command, ""))
}

/// The fields of the line that begins with these.
#[track_caller]
fn row<'a>(text: &'a str, first: &[&str]) -> Vec<&'a str> {
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.into_iter().find(|row| row.starts_with(first)).unwrap_or_else(|| panic!("no row {first:?} in:\n{text}"))
}

#[test]
fn groups_are_listed_described_reset_and_deleted_by_the_tool() {
    let sandbox = start(&Options { rate: 0, brokers: 2, ..Options::default() });
    let run = |arguments: &[&str]| run(&sandbox, Release::V4_2, arguments);
    let Some(names) = run(&["--list"]) else { return };
    assert!(["audit-archive", "ledger-poller", "search-indexer"].iter().all(|name| names.lines().any(|line| line == *name)), "{names}");
    // Described with all others, a topic that is gone ends the tool.
    run(&["--delete", "--group", "odd-deleted-topic"]);
    let described = run(&["--describe", "--all-groups"]).expect("it ran before");
    assert_eq!(row(&described, &["audit-archive", "audit.log", "0"])[3..6], ["90", "250", "160"], "{described}");
    assert_eq!(row(&described, &["odd-beyond-end", "audit.log", "0"])[3..6], ["1454", "250", "-1204"], "{described}");
    let reset = ["--reset-offsets", "--group", "audit-archive", "--all-topics", "--to-earliest", "--execute"];
    run(&reset);
    assert_eq!(sandbox.commits("audit-archive").expect("the group")[0].2, 0);
    sandbox.occupy("audit-archive", &["audit.log"]);
    let refused = run(&[&reset[..5], &["--to-latest", "--execute"]]
        .concat()
        .iter()
        .filter(|word| **word != "--to-earliest")
        .copied()
        .collect::<Vec<_>>());
    let refused = refused.expect("it ran before");
    assert!(refused.contains("current state is Stable"), "{refused}");
    assert_eq!(sandbox.commits("audit-archive").expect("the group")[0].2, 0);
    let forgotten = run(&["--delete-offsets", "--group", "reports-nightly", "--topic", "customers:0"]).expect("it ran before");
    assert_eq!(row(&forgotten, &["customers", "0"])[2], "Successful", "{forgotten}");
    assert_eq!(sandbox.commits("reports-nightly").expect("the group").len(), 5);
    let deleted = run(&["--delete", "--group", "reports-nightly"]).expect("it ran before");
    assert!(deleted.contains("was successful") && sandbox.commits("reports-nightly").is_none(), "{deleted}");
}

#[test]
fn older_tools_reset_a_group_too() {
    let sandbox = start(&Options { rate: 0, brokers: 2, ..Options::default() });
    for (release, to, offset) in [(Release::V2_8, "--to-earliest", 0), (Release::V3_9, "--to-latest", 250)] {
        let arguments = ["--reset-offsets", "--group", "audit-archive", "--topic", "audit.log", to, "--execute"];
        let Some(text) = run(&sandbox, release, &arguments) else { return };
        assert_eq!(sandbox.commits("audit-archive").expect("the group")[0].2, offset, "{text}");
    }
}

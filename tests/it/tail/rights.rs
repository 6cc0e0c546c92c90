//! Topics that may not be read, or not any more: who lacks which right on what is said, and nothing is shown as empty.

use crate::eventually;
use crate::kafka::{Cluster, Codec, Plan, Release, Right, Writer, record};
use crate::run::{Finished, Running, kscope};
use crate::ui::Ui;

const AUTHORIZER: [&str; 2] = [
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    // Only what an ACL is written for is guarded.
    "allow.everyone.if.no.acl.found=true",
];

#[track_caller]
fn refused(done: &Finished, right: &str) {
    assert_eq!(done.code, Some(4), "{}", done.stderr);
    assert!(done.stderr.contains(&format!("not authorised: {right}")) && done.stderr.contains("an ACL has to allow"), "{}", done.stderr);
}

#[test]
fn a_missing_right_is_named_before_and_while_a_topic_is_read() {
    let Some(kafka) = Cluster::start(Plan { settings: &AUTHORIZER, ..Plan::one(Release::V4_2) }) else { return };
    let mut writer = Writer::connect(&kafka.internal);
    for topic in ["open", "unreadable", "hidden", "revoked"] {
        writer.create(topic, 1, 1, &[]);
        writer.append(topic, 0, Codec::None, &[record("one"), record("two")]);
    }
    let brokers = kafka.brokers();
    let read = |topic: &str, from: &str| kscope(&["tail", "-b", &brokers, "--from", from, "--until", "now", "-o", "table", topic]);
    writer.acl("unreadable", Right::Describe, true);
    writer.acl("unreadable", Right::Read, false);
    writer.acl("hidden", Right::Describe, false);
    let denied = |topic: &str| eventually(topic, || Some(read(topic, "earliest")).filter(|done| done.code != Some(0)));
    refused(&denied("unreadable"), "READ on topic unreadable");
    refused(&read("unreadable", "-1"), "READ on topic unreadable");
    refused(&denied("hidden"), "DESCRIBE on topic hidden");
    let json = kscope(&["tail", "-b", &brokers, "-o", "ndjson", "hidden"]);
    assert!(json.code == Some(4) && json.stderr.contains(r#""code":"not_authorised""#), "{}", json.stderr);
    assert_eq!(read("open", "earliest").ok().lines().len(), 2);

    let mut ui = Ui::open(&brokers);
    ui.until("what may be described", |seen| seen.has(" unreadable ") && seen.has(" open ") && !seen.has(" hidden "));
    ui.topic("unreadable");
    ui.until("the missing right", |seen| seen.has("not authorised: READ on topic unreadable") && seen.has("STOPPED"));
    ui.back();
    ui.topic("revoked");
    ui.until("it is live", |seen| seen.has("● LIVE") && seen.messages().iter().any(|line| line.ends_with(" two")));

    let tail = Running::start(&["tail", "-b", &brokers, "--from", "earliest", "-o", "table", "revoked"]);
    tail.until("both records", |lines| (lines.len() == 2).then_some(()));
    // The right to describe is revoked with it, as by who takes the one ACL away that gave both.
    writer.acl("revoked", Right::Read, false);
    writer.acl("revoked", Right::Describe, false);
    let done = tail.finish();
    assert!(done.stderr.contains("on topic revoked") && done.lines().len() == 2, "{}", done.stderr);
    assert_eq!(done.code, Some(4), "{}", done.stderr);
    ui.until("the right is gone and what was read is not", |seen| {
        seen.has("not authorised: ") && seen.has("on topic revoked") && seen.messages().iter().any(|line| line.ends_with(" two"))
    });
    ui.quit();
}

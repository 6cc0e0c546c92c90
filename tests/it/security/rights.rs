//! One right after the other is missing: what is asked for is named, with what it is on, and the rest keeps working.
//!
//! Everybody may everything on this topic, this group and the cluster, and each user of the table is denied one thing. To add a right: a row.

use std::fmt::Write as _;

use super::Client;
use crate::eventually;
use crate::kafka::{On, Right, commit, secured};
use crate::run::{Finished, Home};

/// Who is denied what on what.
const DENIED: [(&str, (On, &str), Right); 9] = [
    ("no-topic-describe", (On::Topic, "acl.orders"), Right::Describe),
    ("no-topic-read", (On::Topic, "acl.orders"), Right::Read),
    ("no-topic-write", (On::Topic, "acl.orders"), Right::Write),
    ("no-topic-configs", (On::Topic, "acl.orders"), Right::DescribeConfigs),
    ("no-cluster-describe", (On::Cluster, "kafka-cluster"), Right::Describe),
    ("no-group-describe", (On::Group, "acl.group"), Right::Describe),
    ("no-group-read", (On::Group, "acl.group"), Right::Read),
    ("no-group-delete", (On::Group, "acl.group"), Right::Delete),
    // The last is waited for: the broker hears of them in order.
    ("no-topic-at-all", (On::Topic, "acl.orders"), Right::All),
];

/// Runs kscope as that user.
fn run(user: &str, arguments: &[&str]) -> Finished {
    let kafka = secured().expect("it runs");
    let mut client = Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT").with("sasl.mechanism", "OAUTHBEARER");
    let module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
    writeln!(client.0, "sasl.jaas.config={module} required unsecuredLoginStringClaim_sub=\"{user}\";").unwrap();
    let home = Home::new().with("client.properties", &client.0);
    home.in_it(&[arguments, &["-o", "ndjson", "--properties"]].concat())
}

/// It ends with that code, and prints all of these, on either stream.
#[track_caller]
fn told(user: &str, arguments: &[&str], code: i32, parts: &[&str]) {
    let done = run(user, arguments);
    let all = format!("{}\n{}", done.text(), done.stderr);
    let missing: Vec<&&str> = parts.iter().filter(|part| !all.contains(**part)).collect();
    assert!(done.code == Some(code) && missing.is_empty(), "{user} {arguments:?}: {:?}, without {missing:?}\n{all}", done.code);
}

#[test]
fn each_missing_right_is_named_and_the_rest_keeps_working() {
    let Some(kafka) = secured() else { return };
    let mut writer = kafka.writer();
    writer.create("acl.orders", 1, 1, &[]);
    writer.append("acl.orders", 0, crate::kafka::Codec::None, &[crate::kafka::record("one"), crate::kafka::record("two")]);
    commit(&kafka.cluster, "acl.group", "acl.orders", 0, 1);
    for on in [(On::Topic, "acl.orders"), (On::Group, "acl.group"), (On::Cluster, "kafka-cluster")] {
        writer.acl_of("*", on, Right::All, true);
    }
    for (user, on, right) in DENIED {
        writer.acl_of(user, on, right, false);
    }
    let produce = ["produce", "acl.orders", "-v", "x"];
    eventually("the broker has heard of the rights", || (run("no-topic-at-all", &produce).code == Some(4)).then_some(()));

    let describe = ["topic", "describe", "acl.orders"];
    let tail = ["tail", "acl.orders", "--from", "earliest", "--until", "now"];
    let reset = ["group", "reset", "acl.group", "--topic", "acl.orders", "--to-earliest", "--sample", "0", "--execute"];

    told("no-topic-describe", &describe, 4, &["not_authorised", "DESCRIBE on topic acl.orders", "an ACL has to allow DESCRIBE"]);
    told("no-topic-describe", &tail, 4, &["DESCRIBE on topic acl.orders"]);
    told("no-topic-describe", &["topics"], 0, &["no topic is there, or none that you may DESCRIBE"]);

    told("no-topic-read", &["topics"], 0, &["\"name\":\"acl.orders\"", "\"offsets\":"]);
    told("no-topic-read", &tail, 4, &["READ on topic acl.orders"]);
    told("no-topic-read", &reset, 4, &["READ on the topic"]);

    told("no-topic-write", &produce, 4, &["WRITE on topic acl.orders"]);
    told("no-topic-write", &tail, 0, &["\"value\":\"one\""]);

    told("no-topic-configs", &describe, 7, &["DESCRIBE_CONFIGS on the topic", "\"configs\":null", "\"highWatermark\":"]);

    told(
        "no-cluster-describe",
        &["topics"],
        0,
        &["\"sizeBytes\":null", "DESCRIBE on the cluster", "what it may not DESCRIBE is not listed"],
    );
    told("no-cluster-describe", &["groups"], 0, &["acl.group", "what it may not DESCRIBE is not listed"]);
    told(
        "no-cluster-describe",
        &describe,
        0,
        &["\"addingReplicas\":null", "are moving is unknown: not authorised: DESCRIBE on the cluster"],
    );

    told("no-group-describe", &["lag", "acl.group"], 7, &["the lag of acl.group is unknown: not authorised: DESCRIBE on the group"]);
    told(
        "no-group-describe",
        &["group", "describe", "acl.group"],
        7,
        &["the members of acl.group are unknown: not authorised: DESCRIBE on the group", "\"partitions\":null"],
    );
    told("no-group-describe", &tail, 0, &["\"value\":\"one\""]);

    told("no-group-read", &["lag", "acl.group"], 0, &["\"lag\":"]);
    told("no-group-read", &reset, 4, &["READ on the group"]);

    told("no-group-delete", &["group", "delete", "acl.group", "--execute"], 4, &["DELETE on the group"]);
    told("no-group-delete", &["group", "delete-offsets", "acl.group", "--topic", "acl.orders", "--execute"], 4, &["DELETE on the group"]);
    // Nobody changed anything.
    told("no-topic-write", &["lag", "acl.group"], 0, &["\"committed\":1"]);
}

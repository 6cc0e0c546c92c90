//! What we may not do is told with the resource and the operation.

use super::{doctor, has};
use crate::eventually;
use crate::kafka::{Cluster, Codec, Plan, Release, Right, Writer, record};

const AUTHORIZER: [&str; 2] =
    ["authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "allow.everyone.if.no.acl.found=true"];

#[test]
fn a_missing_right_is_a_warning_that_names_it() {
    let Some(kafka) = Cluster::start(Plan { settings: &AUTHORIZER, ..Plan::one(Release::V4_2) }) else { return };
    let brokers = kafka.brokers();
    let of = |told: &super::Told, subject: &str| told.step("allowed").into_iter().find(|one| one["subject"] == subject).cloned().unwrap();
    let told = doctor(&["-b", &brokers]);
    has(&of(&told, "topics"), &["skipped", "there is no topic"]);
    let mut writer = Writer::connect(&kafka.internal);
    for topic in ["open", "unreadable", "hidden"] {
        writer.create(topic, 1, 1, &[]);
        writer.append(topic, 0, Codec::None, &[record("one")]);
    }
    has(&of(&doctor(&["-b", &brokers]), "topics"), &["good", "3 topics visible", "READ and DESCRIBE_CONFIGS on all of them"]);
    writer.acl("unreadable", Right::Describe, true);
    writer.acl("unreadable", Right::Read, false);
    writer.acl("hidden", Right::Describe, false);
    let told = eventually("the rights are in force", || {
        let told = doctor(&["-b", &brokers]);
        let topics = of(&told, "topics").to_string();
        (topics.contains("2 topics visible") && topics.contains("no READ")).then_some(told)
    });
    let topics = of(&told, "topics");
    has(
        &topics,
        &[
            "warn",
            "no READ on unreadable",
            "their records cannot be read",
            "an ACL that allows READ on unreadable, and DESCRIBE_CONFIGS on unreadable to User:ANONYMOUS",
        ],
    );
    assert!(!topics.to_string().contains("hidden"), "{topics:#}");
    assert_eq!(told.code, Some(0), "a missing right is a warning");
    has(&of(&told, "cluster"), &["good", "DESCRIBE", "ALTER"]);
}

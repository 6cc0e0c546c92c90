//! Managed services that keep requests to themselves, by the tables that their ApiVersions tells: what is not offered is said as
//! that and is no error, and everything else works.

use kscope::sandbox::{ApiKey, Fault, Injection, Offered};

use super::{bootstrap, still};
use crate::pty::Terminal;
use crate::run::{Finished, Home};

/// Azure Event Hubs: the requests of Kafka 1.0, no disks, no cluster, no reassignments, no transactions.
const EVENT_HUBS: [Offered; 17] = [
    (ApiKey::Produce, 3, 5),
    (ApiKey::Fetch, 4, 6),
    (ApiKey::ListOffsets, 0, 2),
    (ApiKey::Metadata, 0, 5),
    (ApiKey::OffsetCommit, 0, 3),
    (ApiKey::OffsetFetch, 0, 3),
    (ApiKey::FindCoordinator, 0, 1),
    (ApiKey::JoinGroup, 0, 2),
    (ApiKey::Heartbeat, 0, 1),
    (ApiKey::LeaveGroup, 0, 1),
    (ApiKey::SyncGroup, 0, 1),
    (ApiKey::DescribeGroups, 0, 1),
    (ApiKey::ListGroups, 0, 1),
    (ApiKey::ApiVersions, 0, 1),
    (ApiKey::DescribeConfigs, 0, 2),
    (ApiKey::DeleteGroups, 0, 0),
    (ApiKey::InitProducerId, 0, 1),
];

/// Amazon MSK Serverless, as its clients were told in 2022: narrow ranges, the lowest versions are gone.
const MSK_SERVERLESS: [Offered; 17] = [
    (ApiKey::Produce, 7, 9),
    (ApiKey::Fetch, 10, 12),
    (ApiKey::ListOffsets, 5, 6),
    (ApiKey::Metadata, 7, 11),
    (ApiKey::OffsetCommit, 6, 8),
    (ApiKey::OffsetFetch, 5, 7),
    (ApiKey::FindCoordinator, 2, 3),
    (ApiKey::JoinGroup, 4, 7),
    (ApiKey::Heartbeat, 2, 4),
    (ApiKey::LeaveGroup, 2, 4),
    (ApiKey::SyncGroup, 2, 5),
    (ApiKey::DescribeGroups, 2, 5),
    (ApiKey::ListGroups, 2, 4),
    (ApiKey::ApiVersions, 2, 3),
    (ApiKey::InitProducerId, 1, 4),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::DescribeConfigs, 1, 4),
];

const GROUP: &str = "audit-archive";

#[track_caller]
fn says(done: &Finished, code: i32, parts: &[&str]) {
    let all = format!("{}\n{}", done.text(), done.stderr);
    let missing: Vec<&&str> = parts.iter().filter(|part| !all.contains(**part)).collect();
    assert!(done.code == Some(code) && missing.is_empty(), "{:?}, without {missing:?}\n{all}", done.code);
}

fn everything_else_works(table: &[Offered]) {
    let (sandbox, home) = (still(), Home::new());
    sandbox.offer_only(table);
    let run = |arguments: &[&str]| home.kscope(&[&["-b", &bootstrap(&sandbox), "-o", "ndjson"], arguments].concat(), &[]);
    says(
        &run(&["topics", "-f", "!inventory"]),
        0,
        &["\"name\":\"orders\"", "\"sizeBytes\":null", "sizeBytes is unknown", "not offered by this broker"],
    );
    says(&run(&["tail", "orders", "--from", "-3", "--until", "now"]), 0, &["\"topic\":\"orders\""]);
    says(&run(&["groups"]), 0, &[GROUP, "\"lagKnown\":true"]);
    says(&run(&["lag", GROUP]), 0, &["\"committed\":", "\"verdict\":"]);
    says(
        &run(&["topic", "describe", "orders"]),
        0,
        &["\"addingReplicas\":null", "which replicas are moving is unknown", "not offered by this broker"],
    );
    says(&run(&["doctor"]), 0, &["not offered by this broker", "sizes on disk (DescribeLogDirs)"]);
    says(&run(&["produce", "orders", "-k", "managed", "-v", "{}"]), 0, &["\"topic\":\"orders\"", "1 record appended"]);

    let mut terminal = Terminal::kscope(&[&bootstrap(&sandbox), "--readonly"], 160, 45);
    terminal.until("the figures that there are", |screen| {
        let text = screen.contents();
        text.lines().any(|line| line.contains("orders ") && line.contains('?')) && !text.contains("OFFLINE")
    });
    terminal.keys(":groups\r");
    terminal.until_text(GROUP);
    terminal.keys(":overview\r");
    terminal.until("the overview", |screen| screen.contents().contains("Partitions") && screen.contents().contains("Brokers"));
    assert!(!terminal.text().contains("OFFLINE"), "{}", terminal.text());
    terminal.keys("\x03");
    assert!(terminal.ended().success());
}

#[test]
fn event_hubs_offers_less_and_the_rest_works() {
    everything_else_works(&EVENT_HUBS);
}

#[test]
fn msk_serverless_offers_narrow_ranges_and_the_rest_works() {
    everything_else_works(&MSK_SERVERLESS);
}

/// There the request is offered, and refused to everybody.
#[test]
fn confluent_cloud_refuses_what_lies_on_its_disks_and_says_so() {
    let (sandbox, home) = (still(), Home::new());
    for api in [ApiKey::DescribeLogDirs, ApiKey::ListPartitionReassignments] {
        sandbox.inject(Injection::always(api, Fault::Error(31)));
    }
    let run = |arguments: &[&str]| home.kscope(&[&["-b", &bootstrap(&sandbox), "-o", "ndjson"], arguments].concat(), &[]);
    says(&run(&["topics", "-f", "!inventory"]), 0, &["\"sizeBytes\":null", "not authorised: DESCRIBE on the cluster"]);
    says(&run(&["topic", "describe", "orders"]), 0, &["\"addingReplicas\":null", "DESCRIBE on the cluster"]);
    says(&run(&["groups"]), 0, &[GROUP, "\"lagKnown\":true"]);
    says(&run(&["doctor"]), 0, &["\"step\":\"cluster\""]);
}

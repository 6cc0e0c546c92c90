//! Groups with life in them, as the sandbox keeps them.

use kscope::sandbox::{ApiKey, Options, Sandbox};

use super::groups::commit;
use super::members::members;
use super::start;
use super::wire::Wire;
use crate::{eventually, eventually_or};

fn lively() -> Sandbox {
    start(&Options { rate: 200, ..Options::default() })
}

/// What a group has committed in one partition.
fn committed(sandbox: &Sandbox, group: &str, topic: &str, partition: i32) -> i64 {
    let all = sandbox.commits(group).expect("the group");
    all.into_iter().find(|(name, index, _)| name == topic && *index == partition).expect("a commit").2
}

fn sum(sandbox: &Sandbox, group: &str) -> i64 {
    sandbox.commits(group).expect("the group").iter().map(|(_, _, offset)| offset).sum()
}

#[test]
fn members_of_the_sandbox_s_own_commit_and_are_not_counted() {
    let sandbox = lively();
    for (group, count) in [("orders-enricher", 3), ("billing-settle", 2), ("mail-sender", 1)] {
        let before = sum(&sandbox, group);
        let all = eventually(group, || Some(members(&sandbox, group)).filter(|(state, all)| state == "Stable" && all.len() == count));
        assert!(all.1.iter().all(|(client, host)| client.starts_with(group) && host == "/127.0.0.1"), "{all:?}");
        eventually(group, || (sum(&sandbox, group) > before).then_some(()));
    }
    let before = sum(&sandbox, "ledger-poller");
    eventually("commits", || (sum(&sandbox, "ledger-poller") > before).then_some(()));
    assert_eq!(members(&sandbox, "ledger-poller").0, "Empty");
    assert_eq!((sandbox.requests(ApiKey::JoinGroup), sandbox.requests(ApiKey::OffsetCommit), sandbox.mutations()), (0, 0, Vec::new()));
}

#[test]
fn a_consumer_is_stuck_at_a_record_until_somebody_skips_it() {
    let sandbox = lively();
    let at = |sandbox: &Sandbox, partition| committed(sandbox, "search-indexer", "catalog.updates", partition);
    let broken = at(&sandbox, 2);
    let state = || members(&sandbox, "search-indexer").0;
    // It comes, works elsewhere, and goes.
    let before = at(&sandbox, 0);
    eventually("it works", || (at(&sandbox, 0) > before).then_some(()));
    eventually("it is away", || (state() == "Empty").then_some(()));
    assert_eq!(at(&sandbox, 2), broken);
    let mut wire = Wire::to_coordinator(&sandbox, "search-indexer");
    let skip = commit("search-indexer", "catalog.updates", &[(2, broken + 1)]);
    eventually("it is skipped", || (wire.ask(9, &skip).topics[0].partitions[0].error_code == 0).then_some(()));
    let level = || (at(&sandbox, 2) > broken + 60).then_some(());
    eventually_or("it reads on", level, || format!("{} {}", at(&sandbox, 2), state()));
    eventually("and stays", || (state() == "Stable").then_some(()));
}

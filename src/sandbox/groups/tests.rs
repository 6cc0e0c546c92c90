//! The state machine of a group, with a clock in the test's hand.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ConsumerProtocolSubscription;
use kafka_protocol::protocol::{Encodable, StrBytes};
use tokio::sync::oneshot::Receiver;

use super::*;
use crate::sandbox::code;

const SESSION: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(30);

fn at(seconds: u64) -> Moment {
    Duration::from_secs(seconds)
}

fn reads(topics: &[&str]) -> Bytes {
    let topics = topics.iter().map(|topic| StrBytes::from_string((*topic).to_owned())).collect();
    let mut bytes = BytesMut::new();
    bytes.put_i16(1);
    ConsumerProtocolSubscription::default().with_topics(topics).encode(&mut bytes, 1).unwrap();
    bytes.freeze()
}

fn join(member: &str, fresh: &str, protocols: &[&str]) -> Join {
    Join {
        member: member.to_owned(),
        fresh: fresh.to_owned(),
        client: "test".to_owned(),
        session: SESSION,
        rebalance: PATIENCE,
        kind: CONSUMER.to_owned(),
        protocols: protocols.iter().map(|name| ((*name).to_owned(), reads(&["orders"]))).collect(),
        ..Join::default()
    }
}

fn who(member: &str) -> Who<'_> {
    Who { member, instance: None }
}

#[track_caller]
fn now<T>(step: Step<T>) -> T {
    match step {
        Step::Now(answer) => answer,
        Step::Later(mut told) => told.try_recv().unwrap_or_else(|_| panic!("the answer is not there yet")),
    }
}

#[track_caller]
fn later<T>(step: Step<T>) -> Receiver<T> {
    match step {
        Step::Now(_) => panic!("answered at once"),
        Step::Later(mut told) => {
            assert!(told.try_recv().is_err(), "answered at once");
            told
        }
    }
}

fn asks(member: &str, generation: i32, assignments: &[&str]) -> Sync<'static> {
    let assignments = assignments.iter().map(|to| ((*to).to_owned(), Bytes::copy_from_slice(to.as_bytes()))).collect();
    Sync { who: who(String::leak(member.to_owned())), generation, kind: None, protocol: None, assignments }
}

/// A stable group of "a", which leads, and "b".
fn pair() -> Group {
    let mut group = Group::default();
    assert_eq!(now(group.join(join("", "a", &["range"]), at(0))).generation, 1);
    let mut second = later(group.join(join("", "b", &["range"]), at(1)));
    let leader = now(group.join(join("a", "", &["range"]), at(2)));
    assert_eq!((leader.generation, leader.leader.as_str(), leader.members.len()), (2, "a", 2));
    let follower = second.try_recv().unwrap();
    assert_eq!((follower.generation, follower.leader.as_str(), follower.members.len()), (2, "a", 0));
    assert_eq!(group.phase(), Phase::Completing);
    let mut waiting = later(group.sync(&asks("b", 2, &[]), at(2)));
    assert_eq!(now(group.sync(&asks("a", 2, &["a", "b"]), at(3))).assignment, "a");
    assert_eq!(waiting.try_recv().unwrap().assignment, "b");
    assert_eq!(group.phase(), Phase::Stable);
    group
}

#[test]
fn two_members_come_together_and_the_last_to_leave_empties_the_group() {
    let mut group = pair();
    assert!(group.reads("orders") && !group.reads("clicks"));
    assert_eq!(group.heartbeat(who("b"), 2, at(4)), 0);
    assert_eq!(group.heartbeat(who("b"), 1, at(4)), code::ILLEGAL_GENERATION);
    assert_eq!(group.heartbeat(who("c"), 2, at(4)), code::UNKNOWN_MEMBER_ID);
    assert_eq!(group.leave(who("b"), at(5)), 0);
    assert_eq!(group.heartbeat(who("a"), 2, at(6)), code::REBALANCE_IN_PROGRESS);
    assert_eq!(group.phase(), Phase::Preparing);
    assert_eq!(now(group.join(join("a", "", &["range"]), at(7))).generation, 3);
    assert_eq!(group.leave(who("a"), at(8)), 0);
    assert_eq!((group.phase(), group.kind(), group.reads("orders")), (Phase::Empty, Some(CONSUMER), false));
    assert_eq!(group.leave(who("a"), at(8)), code::UNKNOWN_MEMBER_ID);
}

#[test]
fn who_falls_silent_is_gone_after_its_session_and_no_sooner() {
    let mut group = pair();
    assert_eq!(group.heartbeat(who("a"), 2, at(9)), 0);
    group.tick(at(12));
    assert_eq!(group.phase(), Phase::Stable);
    // "b" was heard of at 3 for the last time.
    group.tick(at(13));
    assert_eq!((group.phase(), group.members().count()), (Phase::Preparing, 1));
    // Nobody looks for a long time: "a" expired at 19, though a rebalance would have waited until 43.
    group.tick(at(1_000));
    assert_eq!((group.phase(), group.members().count(), group.wake_at()), (Phase::Empty, 0, None));
}

#[test]
fn a_rebalance_waits_no_longer_than_members_want() {
    let mut group = pair();
    let mut third = later(group.join(join("", "c", &["range"]), at(4)));
    let mut first = later(group.join(join("a", "", &["range"]), at(5)));
    for second in 6..34 {
        assert_eq!(group.heartbeat(who("b"), 2, at(second)), code::REBALANCE_IN_PROGRESS);
        group.tick(at(second));
    }
    assert!(third.try_recv().is_err());
    group.tick(at(34));
    assert_eq!(third.try_recv().unwrap().generation, 3);
    assert_eq!(first.try_recv().unwrap().members.len(), 2, "without the one who did not come");
    assert_eq!(group.heartbeat(who("b"), 2, at(35)), code::UNKNOWN_MEMBER_ID);
    // Both keep alive, and the leader never assigns: those who did not ask are thrown out.
    for second in 35..64 {
        assert_eq!((group.heartbeat(who("a"), 3, at(second)), group.heartbeat(who("c"), 3, at(second))), (0, 0));
    }
    group.tick(at(64));
    assert_eq!(group.phase(), Phase::Empty);
}

#[test]
fn a_new_member_is_given_an_id_first_where_the_client_knows_that() {
    let mut group = pair();
    let mut asked = join("", "c", &["range"]);
    asked.needs_id = true;
    let given = now(group.join(asked, at(4)));
    assert_eq!((given.error, given.member.as_str()), (code::MEMBER_ID_REQUIRED, "c"));
    assert_eq!(group.phase(), Phase::Stable, "nothing happens yet");
    later(group.join(join("c", "", &["range"]), at(5)));
    assert_eq!(group.phase(), Phase::Preparing);
    let other = now(group.join(join("nobody", "", &["range"]), at(5)));
    assert_eq!(other.error, code::UNKNOWN_MEMBER_ID);
}

#[test]
fn an_id_that_nobody_comes_with_holds_the_others_up_for_one_session() {
    let mut group = pair();
    let mut asked = join("", "c", &["range"]);
    asked.needs_id = true;
    drop(group.join(asked, at(4)));
    let mut first = later(group.join(join("a", "", &["range"]), at(5)));
    let mut second = later(group.join(join("b", "", &["range"]), at(5)));
    group.tick(at(13));
    assert!(first.try_recv().is_err());
    group.tick(at(14));
    assert_eq!((first.try_recv().unwrap().generation, second.try_recv().unwrap().generation), (3, 3));
}

#[test]
fn the_assignor_is_one_that_all_have_and_most_prefer() {
    let mut group = Group::default();
    assert_eq!(now(group.join(join("", "a", &["sticky", "range"]), at(0))).protocol.as_deref(), Some("sticky"));
    let refused = now(group.join(join("", "b", &["roundrobin"]), at(0)));
    assert_eq!(refused.error, code::INCONSISTENT_GROUP_PROTOCOL);
    let mut other = join("", "b", &["range"]);
    other.kind = "connect".to_owned();
    assert_eq!(now(group.join(other, at(0))).error, code::INCONSISTENT_GROUP_PROTOCOL);
    let mut second = later(group.join(join("", "b", &["range"]), at(0)));
    drop(group.join(join("a", "", &["sticky", "range"]), at(0)));
    assert_eq!(second.try_recv().unwrap().protocol.as_deref(), Some("range"));
}

#[test]
fn who_waits_for_an_assignment_hears_of_the_next_rebalance() {
    let mut group = Group::default();
    drop(group.join(join("", "a", &["range"]), at(0)));
    let mut second = later(group.join(join("", "b", &["range"]), at(0)));
    drop(group.join(join("a", "", &["range"]), at(0)));
    assert_eq!(second.try_recv().unwrap().error, 0);
    let mut waiting = later(group.sync(&asks("b", 2, &[]), at(1)));
    drop(group.join(join("", "c", &["range"]), at(2)));
    assert_eq!(waiting.try_recv().unwrap().error, code::REBALANCE_IN_PROGRESS);
    assert_eq!(now(group.sync(&asks("b", 2, &[]), at(2))).error, code::REBALANCE_IN_PROGRESS);
}

#[test]
fn a_static_member_takes_its_place_again_without_a_rebalance() {
    let mut group = Group::default();
    let named = |fresh: &str| Join { instance: Some("one".to_owned()), ..join("", fresh, &["range"]) };
    assert_eq!(now(group.join(named("one-1"), at(0))).leader, "one-1");
    assert_eq!(now(group.sync(&asks("one-1", 1, &["one-1"]), at(0))).assignment, "one-1");
    let again = now(group.join(named("one-2"), at(1)));
    assert_eq!((again.generation, again.member.as_str(), again.leader.as_str()), (1, "one-2", "one-1"), "it is not to assign");
    assert_eq!(now(group.sync(&asks("one-2", 1, &[]), at(1))).assignment, "one-1", "what it had");
    let knows = Who { member: "one-1", instance: Some("one") };
    assert_eq!(group.heartbeat(knows, 1, at(1)), code::FENCED_INSTANCE_ID);
    let skipping = now(group.join(Join { may_skip: true, ..named("one-3") }, at(2)));
    assert!(skipping.skip && skipping.leader == "one-3" && skipping.members.len() == 1);
    assert_eq!(group.leave(Who { member: "", instance: Some("one") }, at(3)), 0);
    assert_eq!(group.phase(), Phase::Empty);
}

#[test]
fn commits_are_accepted_from_members_and_of_others_only_while_there_are_none() {
    let mut group = Group::default();
    let outsider = who("");
    assert_eq!(group.accepts_commit(outsider, -1, at(0)), Ok(()));
    let mut group = pair();
    assert_eq!(group.accepts_commit(outsider, -1, at(3)), Err(code::UNKNOWN_MEMBER_ID));
    assert_eq!(group.accepts_commit(who("a"), 2, at(3)), Ok(()));
    assert_eq!(group.accepts_commit(who("a"), 1, at(3)), Err(code::ILLEGAL_GENERATION));
    assert_eq!(group.accepts_commit(who("z"), 2, at(3)), Err(code::UNKNOWN_MEMBER_ID));
    drop(group.join(join("", "c", &["range"]), at(4)));
    assert_eq!(group.accepts_commit(who("a"), 2, at(4)), Ok(()), "members commit before they join again");
    group.vacate(at(5));
    assert_eq!(group.accepts_commit(outsider, -1, at(5)), Ok(()));
}

#[test]
fn a_group_belongs_to_the_partition_that_java_says() {
    assert_eq!(partition_of("", 50), 0);
    assert_eq!(partition_of("a", 50), 47);
    assert_eq!(partition_of("hello", 50), 22);
    // Its hash is the number that has no positive.
    assert_eq!(partition_of("polygenelubricants", 50), 0);
}

#[test]
fn member_ids_are_uuids_behind_a_name_and_differ() {
    let mut groups = Groups::default();
    let (one, two) = (groups.member_id("client"), groups.member_id("client"));
    assert_ne!(one, two);
    let parts: Vec<usize> = one.split('-').map(str::len).collect();
    assert_eq!(parts, [6, 8, 4, 4, 4, 12], "{one}");
}

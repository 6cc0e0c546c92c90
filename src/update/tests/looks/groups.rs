//! What is shown of groups.

use std::time::Duration;

use super::{LARGE, SMALL, USUAL, at, looks, named, three_ways};
use crate::core::ask::{Answer, GroupLag, GroupList, Traffic};
use crate::core::event::{Arrival, Event};
use crate::model::{BrokerId, Failure, Foreign, GroupId, GroupKind, GroupState, Operation, Resource, Topic, Why};
use crate::testing::{Script, TestGroup, topic};
use crate::ui::{Depth, Ground, Theme};

pub(super) const TICK: Duration = Duration::from_secs(15);

pub(super) fn topics() -> Vec<Topic> {
    vec![topic("catalog.updates", 4), topic("mail.outbox", 2), topic("orders.created", 6), topic("pay.settled", 2)]
}

/// So many partitions that share two sums evenly.
fn shared(partitions: i64, committed: i64, end: i64) -> Vec<(i64, i64)> {
    (0..partitions).map(|_| (committed / partitions, end / partitions)).collect()
}

/// The groups of a cluster at some tick of a bad day: one is stuck at a record, one falls behind, one was stopped.
pub(super) fn day(tick: i64) -> Vec<TestGroup> {
    let seconds = tick * 15;
    let orders = 9_800_000 + 9_800 * seconds;
    let catalog = 88_000 + 90 * seconds;
    let stuck = |end: i64| if end > 88_412 { (88_412, end) } else { (end, end) };
    let archive = if tick < 20 {
        TestGroup::stable("audit-archive", 3, "orders.created", &shared(6, orders - 600, orders))
    } else {
        TestGroup::empty("audit-archive", "orders.created", &shared(6, 9_800_000 + 9_800 * 300 - 600, orders))
    };
    let of_kind = |kind: GroupKind, group: TestGroup| TestGroup { kind, ..group };
    let settle = TestGroup::stable("billing-settle", 8, "orders.created", &shared(6, 9_800_000 + 1_200 * seconds, orders));
    vec![
        TestGroup { state: if tick >= 38 { GroupState::PreparingRebalance } else { GroupState::Stable }, ..settle },
        archive,
        TestGroup::stable(
            "search-indexer",
            2,
            "catalog.updates",
            &[(catalog, catalog), (catalog, catalog), (catalog, catalog), stuck(catalog)],
        ),
        of_kind(
            GroupKind::Consumer,
            TestGroup::stable("mail-sender", 4, "mail.outbox", &shared(2, 40_000 + 310 * seconds, 220_000 + 80 * seconds)),
        ),
        TestGroup::stable("orders-enricher", 12, "orders.created", &shared(6, orders - 1_200, orders)),
        of_kind(GroupKind::Consumer, TestGroup::stable("fraud-scoring", 6, "orders.created", &shared(6, orders, orders))),
        TestGroup::stable("pay-ledger", 2, "pay.settled", &[(if tick > 35 { 4_000 } else { 9_000 }, 9_000), (7_000, 7_000)]),
        TestGroup::empty("reports-nightly", "pay.settled", &[(9_000, 9_000), (7_000, 7_000)]),
        TestGroup::stable("fresh", 1, "pay.settled", &[(-1, 9_000), (-1, 7_000)]),
        of_kind(GroupKind::Share, TestGroup::stable("wallet-share", 2, "pay.settled", &[])),
        of_kind(
            GroupKind::Other(Foreign::new("Hive")),
            TestGroup { state: GroupState::Other(Foreign::new("Swarming")), ..TestGroup::stable("bees", 0, "pay.settled", &[]) },
        ),
    ]
}

/// Ten minutes of that day, on the screen of groups.
pub(super) fn watched(size: (u16, u16)) -> Script {
    let mut script = at(size).cluster(topics()).keys(":").text("g").keys("enter").groups(&day(0));
    for tick in 1..=40 {
        script = script.later(TICK).groups(&day(tick));
    }
    script
}

#[test]
fn groups_of_a_bad_day() {
    for size in [SMALL, USUAL, LARGE] {
        looks(&watched(size), &named(size, "groups"));
    }
    looks(&watched(LARGE).keys("ctrl-w shift-left O space j space j f"), "groups_wide_sorted_marked");
    looks(&watched(USUAL).keys("! j j"), "groups_problems");
    let mut plain = watched(SMALL);
    plain.state.theme = Theme::new(Depth::None, Ground::Dark);
    looks(&plain.keys("j j"), "groups_mono");
}

#[test]
fn groups_that_are_on_their_way() {
    looks(&at(SMALL).keys(":").text("groups").keys("enter"), "groups_connecting");
    looks(&at(SMALL).cluster(topics()).keys(":").text("groups").keys("enter"), "groups_loading");
    let mut script = at(USUAL).cluster(topics()).keys(":").text("groups").keys("enter");
    let (id, _) = script.ask("groups");
    let listed = listing(&day(0));
    script.event(Event::Arrival(Arrival::Part(id, Answer::Groups(GroupList { broker: BrokerId(1), groups: Ok(listed) }))));
    looks(&script.reply("groups", Ok(Answer::Told(Traffic::default()))), "groups_listed_without_lag");
}

fn listing(groups: &[TestGroup]) -> Vec<crate::model::GroupListing> {
    groups.iter().map(TestGroup::listing).collect()
}

#[test]
fn groups_of_an_empty_list_say_why() {
    let open = |size| at(size).cluster(topics()).keys(":").text("groups").keys("enter");
    looks(&open(SMALL).groups(&[]), "groups_none");
    looks(&watched(SMALL).keys("/").text("nothing like it").keys("enter"), "groups_filtered_away");
    looks(&watched(SMALL).keys("/").text("(").keys("enter"), "groups_filter_wrong");
    let calm = [TestGroup::stable("calm", 1, "pay.settled", &[(9_000, 9_000)])];
    looks(&open(SMALL).groups(&calm).keys("!"), "groups_without_a_problem");
}

/// A broker that does not tell, and a group whose lag is not told.
#[test]
fn groups_that_are_told_in_part() {
    let mut script = watched(USUAL).later(TICK);
    let (id, _) = script.ask("groups");
    let silent = GroupList { broker: BrokerId(2), groups: Err(Why::Error(Foreign::new("the coordinator is loading"))) };
    script.event(Event::Arrival(Arrival::Part(id, Answer::Groups(silent))));
    let mut fewer = day(41);
    fewer.retain(|group| group.id != "mail-sender");
    for group in &mut fewer {
        if group.id == "fraud-scoring" {
            group.topics = vec![("orders.created", vec![(1, 5), (-1, 5), (3, 5)])];
        }
    }
    let mut script = script.groups(&fewer).later(TICK).groups(&fewer);
    let denied = GroupLag { id: GroupId::new("orders-enricher"), topics: Err(Why::Denied(Operation::Describe.on(Resource::Group))) };
    script.event(Event::Arrival(Arrival::Part(id, Answer::Lag(vec![denied]))));
    let script = script.later(Duration::from_secs(2)).keys("/").text("mail|fraud|enricher").keys("enter j j");
    looks(&script, "groups_partial");
}

#[test]
fn groups_that_are_stale() {
    let script = watched(USUAL).reply("cluster", Err(three_ways()));
    looks(&script.keys("esc").later(Duration::from_secs(42)), "groups_stale");
}

#[test]
fn a_list_that_could_not_be_saved_says_why() {
    let failure = Failure::new("save the list", crate::model::Cause::File(Foreign::new("No space left on device (os error 28)")));
    looks(&watched(SMALL).keys("ctrl-s").reply("rows", Err(failure)), "groups_not_saved");
}

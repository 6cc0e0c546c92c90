//! Changing what a group has committed, from the choice of a target to the report.

use std::sync::Arc;

use super::*;
use crate::core::context::Guard;
use crate::core::lag::Place;
use crate::core::reset::{self, Deed, Ended, Fate, GroupFacts, Outcome, Plan, Report, Scope, Step, Target, To, Watched, Wish};
use crate::model::{Commit, GroupId, GroupKind, GroupState, Member, Offset, PartitionId, Time, TopicId, TopicName};
use crate::screens::Route;
use crate::screens::reset::Opening;
use crate::testing;

fn commit(offset: i64) -> Commit {
    Commit { offset: Offset(offset), epoch: crate::model::LeaderEpoch(-1), metadata: Foreign::new("") }
}

/// Partition, commit (none below 0), high watermark, target; logs start at 1,000.
pub(super) fn plan(wish: Wish, members: Vec<Member>, rows: &[(i32, i64, i64, i64)]) -> Plan {
    let row = |&(partition, committed, high, target): &(i32, i64, i64, i64)| {
        let place = Place {
            commit: Ok((committed >= 0).then(|| commit(committed))),
            start: Ok(Offset(1_000)),
            stable: Ok(Offset(high)),
            high: Ok(Offset(high)),
        };
        let notes = if committed < 0 { vec![reset::Note::FirstCommit] } else { Vec::new() };
        let (topic, id) = (TopicName::new("orders"), TopicId([7; 16]));
        reset::Row { topic, id, partition: PartitionId(partition), place, to: To::Commit(Offset(target)), notes }
    };
    let state = if members.is_empty() { GroupState::Empty } else { GroupState::Stable };
    let group = GroupFacts {
        id: wish.group.clone(),
        kind: GroupKind::Classic,
        state,
        protocol: Foreign::new("consumer"),
        coordinator: crate::model::BrokerId(1),
        members,
        listed: true,
    };
    Plan {
        wish,
        at: Time::from_millis(testing::NOW),
        cluster: Some(crate::model::ClusterId::new("q2kZ")),
        group,
        rows: rows.iter().map(row).collect(),
        time_ms: None,
        restored: None,
    }
}

const ROWS: [(i32, i64, i64, i64); 4] = [
    (0, 11_934_002, 12_141_401, 11_990_651),
    (1, 11_930_417, 12_137_469, 11_988_219),
    (7, -1, 12_140_736, 11_988_486),
    (8, 5_000, 9_000, 5_000),
];

/// The screen with that deed, its plan not told yet.
pub(super) fn opened(size: (u16, u16), deed: Option<Deed>) -> Script {
    let script = Script::at(size.0, size.1).cluster(vec![topic("orders", 3)]);
    let all = [testing::TestGroup::empty("billing", "orders", &[(5, 90), (7, 70), (9, 9)])];
    let opening = Opening { group: GroupId::new("billing"), scope: None, deed };
    script.groups(&all).open(Route::Reset(Box::new(opening))).groups(&all)
}

const USUAL: (u16, u16) = (120, 36);

/// The same with its plan.
pub(super) fn changed(size: (u16, u16), deed: Deed, members: bool) -> Script {
    told(opened(size, Some(deed)), if members { vec![member()] } else { Vec::new() })
}

fn told(script: Script, members: Vec<Member>) -> Script {
    let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
    let plan = plan((**wish).clone(), members, &ROWS);
    script.reply("preview", Ok(Answer::Preview(Box::new(plan))))
}

fn member() -> Member {
    testing::TestGroup::stable("billing", 1, "orders", &[(5, 90)]).description().members.remove(0)
}

#[test]
fn a_target_is_chosen_and_becomes_a_plan_and_enter_never_commits() {
    let script = opened(USUAL, None).sees("1 scope").sees("all 3 partitions that have a commit").sees("earliest");
    let script = script.keys("j j j j enter").text("-100").keys("enter");
    let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
    assert_eq!((&wish.deed, &wish.scope), (&Deed::Reset(Target::Shift(-100)), &Scope::Committed));
    let script = told(script, vec![]).sees("DRY RUN: nothing written").sees("11,990,651").sees("+56,649").sees("first commit");
    let script = script.sees("skips 114,451 offsets").keys("enter");
    assert!(!script.waiting().contains(&"reset"));
    script.keys("esc esc").sees("2 target").sees_not("DRY RUN");
}

#[test]
fn a_file_of_kafkas_form_is_a_target_and_one_of_ours_is_put_back() {
    let deed = |path: &str| {
        let script = opened(USUAL, None).keys("j j j j j j j j enter").text(path).keys("enter");
        let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
        wish.deed.clone()
    };
    assert_eq!(deed("/tmp/plan.csv"), Deed::Reset(Target::File("/tmp/plan.csv".into())));
    assert_eq!(deed("/tmp/before.json"), Deed::Undo(reset::Kept::File("/tmp/before.json".into())));
}

#[test]
fn the_marked_partitions_of_a_group_are_what_a_reset_is_about() {
    let all = [testing::TestGroup::empty("billing", "orders", &[(5, 90), (7, 70), (9, 9), (1, 4)])];
    let script = Script::at(120, 36).cluster(vec![topic("orders", 4)]).groups(&all).open(Route::Group(GroupId::new("billing")));
    let script = script.groups(&all).keys("g g space j space").sees("2 marked").keys("r").sees("orders:0,2").keys("enter");
    let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
    let spots = Scope::Topics(vec![(TopicName::new("orders"), Some(vec![PartitionId(0), PartitionId(2)]))]);
    assert_eq!((&wish.deed, &wish.scope), (&Deed::Reset(Target::Earliest), &spots));
}

#[test]
fn what_is_no_number_is_said_and_nothing_is_asked() {
    let script = opened(USUAL, None).keys("j j j j enter").text("ten").keys("enter").sees("is no whole number");
    assert!(!script.waiting().contains(&"preview"));
}

#[test]
fn ctrl_s_carries_out_what_was_shown() {
    let script = told(opened(USUAL, Some(Deed::Reset(Target::Latest))), vec![]).keys("ctrl-s");
    let Ask::Reset(order) = script.ask("reset").1 else { panic!("a reset") };
    let targets: Vec<i64> = order.plan.changing().filter_map(reset::Row::target).map(|offset| offset.0).collect();
    assert_eq!(targets, [11_990_651, 11_988_219, 11_988_486]);
    let outcome =
        |partition, fate| Outcome { topic: TopicName::new("orders"), partition: PartitionId(partition), fate, read_back: Ok(None) };
    let outcomes =
        vec![outcome(0, Fate::Applied), outcome(1, Fate::Refused(Foreign::new("the group has members"))), outcome(7, Fate::Applied)];
    let script = script.part("reset", Answer::Step(Box::new(Step::Rechecking)));
    let script = script.part("reset", Answer::Step(Box::new(Step::Kept("/state/billing.json".into()))));
    let script = script.part("reset", Answer::Step(Box::new(Step::Written(outcomes.clone()))));
    let script = script.sees("2 committed and read back, 1 failed").sees("the group has members").sees("/state/billing.json");
    let report = Report { ended: Ended::Written(outcomes), undo: Some("/state/billing.json".into()), watched: None, unlogged: None };
    let script = script.reply("reset", Ok(Answer::Reset(Box::new(report)))).sees("kscope group undo billing --execute");
    let script = script.keys("ctrl-s");
    assert!(!script.waiting().contains(&"reset"), "a plan is carried out once");
    let script = script.keys("U");
    let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
    assert!(matches!(&wish.deed, Deed::Undo(reset::Kept::File(path)) if path.ends_with("billing.json")));
}

#[test]
fn while_there_are_members_it_is_armed_is_seen_everywhere_and_takes_two_escapes_to_disarm() {
    let script = told(opened(USUAL, Some(Deed::Reset(Target::Latest))), vec![member()]).sees("1 member on 10.4.1.0").sees("ctrl-s arms it");
    let script = script.keys("ctrl-s").sees("▲ARMED").sees("ARMED: nothing written yet");
    assert!(script.waiting().contains(&"arm"));
    let waiting = Step::Waiting { state: GroupState::Stable, members: vec![member()] };
    let script = script.part("arm", Answer::Step(Box::new(waiting))).sees("waiting for the group to be empty").sees("billing-0");
    let script = script.keys(":").text("topics").keys("enter").sees("▲ARMED");
    let script = script.keys("-").sees("ARMED: nothing").keys("esc").sees("esc once more disarms it").keys("esc").sees_not("▲ARMED");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::CancelOwner(_))));
}

#[test]
fn in_a_guarded_context_the_name_is_typed_and_ctrl_s_commits_once_it_matches() {
    let mut script = told(opened(USUAL, Some(Deed::Reset(Target::Latest))), vec![]);
    script.state.cluster.context.rules.guard = Guard::Typed;
    let script = script.keys("ctrl-s").sees("type the group's name").text("billin").keys("ctrl-s").sees("not the group's name");
    assert!(!script.waiting().contains(&"reset"));
    let script = script.text("g").keys("enter").sees("ctrl-s commits");
    assert!(!script.waiting().contains(&"reset"));
    assert!(script.keys("ctrl-s").waiting().contains(&"reset"));
}

#[test]
fn a_row_is_edited_or_left_alone() {
    let script = told(opened(USUAL, Some(Deed::Reset(Target::Latest))), vec![]).keys("j e ctrl-u").text("12,000,000").keys("enter");
    let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
    assert_eq!(wish.edit(&TopicName::new("orders"), PartitionId(1)).and_then(|edit| edit.offset), Some(Offset(12_000_000)));
    let script = told(script, vec![]).keys("e ctrl-u enter");
    let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
    assert_eq!(wish.edit(&TopicName::new("orders"), PartitionId(1)).map(|edit| edit.offset), Some(None));
}

#[test]
fn the_records_at_both_offsets_are_shown_on_demand() {
    let script = told(opened(USUAL, Some(Deed::Reset(Target::Latest))), vec![]).keys("enter");
    let asked: Vec<i64> =
        script.all_waiting().filter_map(|ask| if let Ask::Open { offset, .. } = ask { Some(offset.0) } else { None }).collect();
    assert_eq!(asked, [11_934_002, 11_990_651]);
    let record = Arc::new(chunk(&[made(11_990_651, "user-7", "{\"state\":\"FAILED\"}")]));
    let script = script.reply("open", Ok(Answer::Opened { chunk: record })).sees("user-7").sees("FAILED").sees("next then");
    script.keys("esc").sees_not("next then").sees("What will happen");
}

#[test]
fn a_watch_says_that_the_group_moves_on_or_that_someone_overwrote_it() {
    let script = told(opened(USUAL, Some(Deed::Reset(Target::Latest))), vec![]).keys("ctrl-s");
    let moved = vec![(TopicName::new("orders"), PartitionId(0), Offset(11_990_700))];
    let watched = Watched { seconds: 5, resumed: Some((2, 1)), moved, lag: Some(1_000), per_second: Some(100), ..Watched::default() };
    let script = script.part("reset", Answer::Step(Box::new(Step::Watching(watched))));
    let script = script.sees("the group moves on: orders:0 is at 11,990,700").sees("level in 10s");
    let overwritten = vec![(TopicName::new("orders"), PartitionId(1), Some(Offset(3)))];
    let watched = Watched { seconds: 9, overwritten, ..Watched::default() };
    script.part("reset", Answer::Step(Box::new(Step::Watching(watched)))).sees("overwritten by a consumer outside the group");
}

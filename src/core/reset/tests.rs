use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{LeaderEpoch, Operation, Resource, Why};

pub(super) fn commit(offset: i64) -> Commit {
    Commit { offset: Offset(offset), epoch: LeaderEpoch(3), metadata: Foreign::new("m") }
}

fn place(committed: Option<i64>, start: i64, high: i64) -> Place {
    Place { commit: Ok(committed.map(commit)), start: Ok(Offset(start)), stable: Ok(Offset(high)), high: Ok(Offset(high)) }
}

fn spot(place: Place, sought: Sought) -> Spot {
    Spot { place, sought }
}

fn facts() -> GroupFacts {
    GroupFacts { id: GroupId::new("g"), kind: GroupKind::Classic, state: GroupState::Empty, listed: true, ..GroupFacts::default() }
}

fn look(partitions: Vec<Spot>) -> Look {
    let partitions = (0..).map(PartitionId).zip(partitions).collect();
    let topics = vec![TopicLook { topic: TopicName::new("t"), id: Ok(TopicId([1; 16])), partitions, elsewhere: 0 }];
    Look { at: Time(0), cluster: Some(ClusterId::new("c")), group: facts(), topics, time_ms: Some(0), restored: None }
}

fn wish(deed: Deed) -> Wish {
    Wish { group: GroupId::new("g"), deed, scope: Scope::Committed, edits: Vec::new() }
}

fn planned(target: Target, partitions: Vec<Spot>) -> Plan {
    plan::of(wish(Deed::Reset(target)), look(partitions))
}

fn of_one(target: Target, place: Place, sought: Sought) -> Row {
    planned(target, vec![spot(place, sought)]).rows.remove(0)
}

#[test]
fn every_target_comes_to_a_number_and_says_what_it_did_to_it() {
    use Sought::{Commit as Of, Nothing, Record};
    let at = |offset| Some(Offset(offset));
    let (topic, partition) = (TopicName::new("t"), PartitionId(0));
    let skip = |offset: Option<i64>| Target::Skip { topic: topic.clone(), partition, offset: offset.map(Offset) };
    let each = |offset| Target::Each(BTreeMap::from([((topic.clone(), partition), Offset(offset))]));
    for (target, committed, sought, wanted, note) in [
        (Target::Earliest, Some(20), Nothing, at(10), ""),
        (Target::Latest, Some(20), Nothing, at(50), ""),
        (Target::Latest, None, Nothing, at(50), "first commit"),
        (Target::Current, Some(20), Nothing, at(20), "unchanged"),
        (Target::Current, None, Nothing, at(50), "no commit: the log's end; first commit"),
        (
            Target::Current,
            Some(4),
            Nothing,
            at(4),
            "before the log's start: where the group begins is its own setting; 6 offsets before the log's start were deleted unread; unchanged",
        ),
        (Target::Offset(30), Some(20), Nothing, at(30), ""),
        (Target::Offset(50), Some(20), Nothing, at(50), ""),
        (Target::Offset(51), Some(20), Nothing, at(50), "51 lies behind the log: its end"),
        (Target::Offset(-1), Some(20), Nothing, at(10), "-1 lies before the log: its start"),
        (Target::Shift(-5), Some(20), Nothing, at(15), ""),
        (Target::Shift(i64::MAX), Some(20), Nothing, at(50), "9223372036854775807 lies behind the log: its end"),
        (Target::Shift(5), None, Nothing, None, "left alone: no commit to count from"),
        (Target::Time(5), Some(20), Record(Ok(at(12))), at(12), ""),
        (Target::Ago(5), Some(20), Record(Ok(None)), at(50), "no record at or after that time: the log's end"),
        (Target::Time(5), Some(20), Record(Err(Why::NoLeader)), None, "left alone: a partition has no leader"),
        (Target::Group(GroupId::new("o")), Some(20), Of(Ok(Some(commit(33)))), at(33), ""),
        (Target::Group(GroupId::new("o")), Some(20), Of(Ok(None)), None, "left alone: no commit there to copy"),
        (each(40), Some(20), Nothing, at(40), ""),
        (skip(Some(20)), Some(20), Nothing, at(21), ""),
        (skip(None), Some(20), Record(Ok(at(23))), at(24), ""),
        (skip(Some(50)), Some(50), Nothing, None, "left alone: no record there to skip"),
        (skip(None), Some(50), Record(Ok(None)), None, "left alone: no record there to skip"),
        (skip(None), None, Nothing, None, "left alone: no commit to count from"),
        (Target::Earliest, Some(60), Nothing, at(10), "the commit is 10 past the log's end"),
    ] {
        let row = of_one(target.clone(), place(committed, 10, 50), sought);
        assert_eq!((row.target(), row.note().as_str()), (wanted, note), "{target:?} from {committed:?}");
    }
}

#[test]
fn an_unknown_position_leaves_the_partition_alone_and_is_no_number() {
    let blind = Place { high: Err(Why::NoLeader), ..place(Some(20), 10, 50) };
    for target in [Target::Latest, Target::Offset(15), Target::Shift(1)] {
        let row = of_one(target, blind.clone(), Sought::Nothing);
        assert_eq!((row.target(), &row.to), (None, &To::Leave(Left::Unknown(Why::NoLeader))));
    }
    let unread = Place { commit: Err(Why::Denied(Operation::Describe.on(Resource::Group))), ..place(None, 10, 50) };
    assert_eq!(
        of_one(Target::Earliest, unread, Sought::Nothing).to,
        To::Leave(Left::Unknown(Why::Denied(Operation::Describe.on(Resource::Group))))
    );
    let mut gone = look(vec![spot(place(Some(1), 0, 9), Sought::Nothing)]);
    gone.topics[0].id = Err(Why::NoTopic);
    assert_eq!(plan::of(wish(Deed::Reset(Target::Latest)), gone).rows[0].to, To::Leave(Left::Unknown(Why::NoTopic)));
    let missing = Place { start: Err(Why::NoTopic), stable: Err(Why::NoTopic), high: Err(Why::NoTopic), ..place(None, 0, 0) };
    assert_eq!(of_one(Target::Latest, missing, Sought::Nothing).to, To::Leave(Left::NoPartition));
}

#[test]
fn edits_win_over_the_target() {
    let partitions = || vec![spot(place(Some(20), 10, 50), Sought::Nothing), spot(place(Some(20), 10, 50), Sought::Nothing)];
    let edit =
        |partition, offset: Option<i64>| Edit { topic: TopicName::new("t"), partition: PartitionId(partition), offset: offset.map(Offset) };
    let wish = Wish { edits: vec![edit(0, Some(99)), edit(1, None)], ..wish(Deed::Reset(Target::Earliest)) };
    let plan = plan::of(wish, look(partitions()));
    assert_eq!((plan.rows[0].target(), plan.rows[0].note()), (Some(Offset(50)), "99 lies behind the log: its end; edited".to_owned()));
    assert_eq!((&plan.rows[1].to, plan.rows[1].changes()), (&To::Leave(Left::ByHand), false));
}

#[test]
fn an_undo_brings_back_commits_and_absences_but_not_on_another_topic() {
    let saved = |commit, id: u8| Sought::Saved { commit, id: TopicId([id; 16]) };
    let plan = plan::of(
        wish(Deed::Undo(Kept::Latest)),
        look(vec![
            spot(place(Some(20), 10, 50), saved(Some(commit(12)), 1)),
            spot(place(Some(20), 10, 50), saved(None, 1)),
            spot(place(Some(20), 10, 50), saved(Some(commit(12)), 2)),
            spot(place(Some(12), 10, 50), saved(Some(commit(12)), 1)),
            spot(place(None, 10, 50), saved(None, 0)),
        ]),
    );
    let to: Vec<&To> = plan.rows.iter().map(|row| &row.to).collect();
    let restored = To::Restore(commit(12));
    assert_eq!(to, [&restored, &To::Forget, &To::Leave(Left::Recreated), &restored, &To::Forget]);
    assert_eq!(plan.rows.iter().map(Row::changes).collect::<Vec<_>>(), [true, true, false, false, false]);
    let mut same_offset = plan.rows[3].clone();
    same_offset.place.commit = Ok(Some(Commit { metadata: Foreign::new("other"), ..commit(12) }));
    assert!(same_offset.changes(), "metadata is put back too");
}

#[test]
fn totals_count_what_lies_in_the_log() {
    let plan = planned(
        Target::Offset(30),
        vec![
            spot(place(Some(20), 10, 50), Sought::Nothing), // 10 skipped
            spot(place(Some(45), 10, 50), Sought::Nothing), // 15 again
            spot(place(Some(4), 10, 50), Sought::Nothing),  // 6 lost, 20 skipped
            spot(place(Some(70), 10, 50), Sought::Nothing), // 20 again
            spot(place(None, 10, 50), Sought::Nothing),
            spot(place(Some(30), 10, 50), Sought::Nothing),
        ],
    );
    let totals = plan.totals();
    assert_eq!((totals.skipped, totals.repeated, totals.lost), (30, 35, 6));
    assert_eq!((totals.partitions, totals.changed, totals.unchanged, totals.first, totals.left), (6, 5, 1, 1, 0));
}

#[test]
fn only_an_empty_group_of_a_known_kind_may_be_changed() {
    let base = planned(Target::Latest, vec![spot(place(Some(20), 10, 50), Sought::Nothing)]);
    assert_eq!(base.obstacle(), None);
    let with = |change: &dyn Fn(&mut GroupFacts)| {
        let mut plan = base.clone();
        change(&mut plan.group);
        plan.obstacle()
    };
    assert!(matches!(with(&|group| group.state = GroupState::Stable), Some(Obstacle::Members { .. })));
    assert!(matches!(with(&|group| group.state = GroupState::Dead), Some(Obstacle::State(_))));
    assert!(matches!(with(&|group| group.state = GroupState::of("Dozing")), Some(Obstacle::State(_))));
    assert!(matches!(with(&|group| group.kind = GroupKind::of("Hive")), Some(Obstacle::Kind(_))));
    assert!(matches!(with(&|group| group.kind = GroupKind::Untold), Some(Obstacle::Kind(_))));
    let mut nothing = base.clone();
    nothing.rows[0].to = To::Commit(Offset(20));
    assert_eq!(nothing.obstacle(), Some(Obstacle::Nothing));
    let copy = Plan { wish: wish(Deed::Copy { from: GroupId::new("o") }), ..base };
    assert_eq!(copy.obstacle(), Some(Obstacle::Exists));
}

#[test]
fn what_changed_since_is_found_and_while_armed_only_what_matters() {
    let before =
        planned(Target::Latest, vec![spot(place(Some(20), 10, 50), Sought::Nothing), spot(place(Some(50), 10, 50), Sought::Nothing)]);
    assert_eq!(differences(&before, &before, false), []);
    let mut now = before.clone();
    now.group.state = GroupState::Stable;
    now.rows[1].place.commit = Ok(Some(commit(60)));
    assert_eq!(differences(&before, &now, false).len(), 2);
    assert_eq!(differences(&before, &now, true), [], "its own commits elsewhere are expected");
    now.rows[0].place.commit = Ok(Some(commit(21)));
    let moved = differences(&before, &now, true);
    assert_eq!(moved.iter().map(Difference::sentence).collect::<Vec<_>>(), ["t:0: the commit was 20 and is 21"]);
    now.rows[0].id = TopicId([9; 16]);
    assert!(matches!(differences(&before, &now, true).as_slice(), [Difference::Topic { made_again: true, .. }]));
    let mut again = before.clone();
    again.rows[0].place.commit = Ok(Some(Commit { epoch: LeaderEpoch(4), ..commit(20) }));
    assert_eq!(differences(&before, &again, true), []);
    assert!(differences(&before, &again, false)[0].is_commit(), "who commits anew while the group is empty is an outsider");
    let mut trimmed = planned(Target::Earliest, vec![spot(place(Some(20), 10, 50), Sought::Nothing)]);
    let plan = trimmed.clone();
    trimmed.rows[0].place.start = Ok(Offset(30));
    assert!(matches!(differences(&plan, &trimmed, false).as_slice(), [Difference::BelowStart { .. }]));
}

#[test]
fn the_equivalent_command_says_the_same() {
    let two = || vec![spot(place(Some(20), 10, 50), Sought::Nothing), spot(place(Some(50), 10, 50), Sought::Nothing)];
    let text = command::of(&planned(Target::Latest, two()), "h:1");
    assert_eq!(text, "kafka-consumer-groups.sh --bootstrap-server h:1 --group g --reset-offsets --topic t:0 --to-latest --execute\n");
    let topic = TopicName::new("t");
    let skip = Target::Skip { topic, partition: PartitionId(0), offset: Some(Offset(20)) };
    let text = command::of(&planned(skip, vec![spot(place(Some(20), 10, 50), Sought::Nothing)]), "h:1");
    assert!(text.ends_with("--topic t:0 --to-offset 21 --execute\n"), "{text}");
    let mut odd = planned(Target::Group(GroupId::new("o")), vec![spot(place(Some(20), 10, 50), Sought::Commit(Ok(Some(commit(30)))))]);
    odd.wish.group = GroupId::new("it's");
    let text = command::of(&odd, "h:1");
    assert!(text.contains("t,0,30\nEOF\n") && text.contains(r"--group 'it'\''s' --reset-offsets --from-file"), "{text}");
    let forget = plan::of(wish(Deed::Forget), look(two()));
    assert!(command::of(&forget, "h:1").ends_with("--group g --delete-offsets --topic t:0,1\n"));
}

fn places() -> impl Strategy<Value = Place> {
    (proptest::option::of(0..200_i64), 0..100_i64, 0..100_i64)
        .prop_map(|(committed, start, length)| place(committed, start, start + length))
}

fn targets() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::Earliest),
        Just(Target::Latest),
        any::<i64>().prop_map(Target::Offset),
        any::<i64>().prop_map(Target::Shift),
        (-300..300_i64).prop_map(Target::Shift),
        (-300..300_i64).prop_map(Target::Offset),
        (any::<i64>(), proptest::option::of(-300..300_i64)).prop_map(|(_, offset)| Target::Skip {
            topic: TopicName::new("t"),
            partition: PartitionId(0),
            offset: offset.map(Offset)
        }),
    ]
}

proptest! {
    #[test]
    fn no_target_but_the_current_one_lies_outside_the_log(place in places(), target in targets()) {
        let row = of_one(target, place.clone(), Sought::Record(Ok(None)));
        if let Some(offset) = row.target() {
            prop_assert!(place.start.clone().is_ok_and(|start| start <= offset));
            prop_assert!(place.high.clone().is_ok_and(|high| offset <= high));
        }
    }

    #[test]
    fn a_target_that_was_moved_says_so(place in places(), wanted in -300..300_i64) {
        let row = of_one(Target::Offset(wanted), place, Sought::Nothing);
        let clamped = row.notes.iter().any(|note| matches!(note, Note::ClampedToStart { .. } | Note::ClampedToEnd { .. }));
        prop_assert_eq!(clamped, row.target() != Some(Offset(wanted)));
    }

    #[test]
    fn totals_never_count_more_than_there_is(places in proptest::collection::vec(places(), 1..8), target in targets()) {
        let all: u64 = places.iter().map(|place| match (&place.start, &place.high) {
            (Ok(start), Ok(high)) => u64::try_from(high.0 - start.0).unwrap_or(0),
            _ => 0,
        }).sum();
        let plan = planned(target, places.into_iter().map(|place| spot(place, Sought::Record(Ok(None)))).collect());
        let totals = plan.totals();
        prop_assert!(totals.skipped <= all && totals.repeated <= all);
        prop_assert_eq!(totals.changed + totals.unchanged + totals.left, totals.partitions);
    }

    #[test]
    fn a_plan_exported_and_read_back_comes_to_the_same(places in proptest::collection::vec(places(), 1..8), target in targets()) {
        let spots = |places: &[Place]| places.iter().map(|place| spot(place.clone(), Sought::Record(Ok(None)))).collect::<Vec<_>>();
        let plan = planned(target, spots(&places));
        let text = csv::of_plan(&plan);
        prop_assume!(!text.is_empty());
        let offsets = csv::parse(&text, &plan.wish.group).unwrap();
        let again = planned(Target::Each(offsets), spots(&places));
        for (row, other) in plan.rows.iter().zip(&again.rows) {
            prop_assert_eq!(row.target(), other.target());
        }
    }
}

#[test]
fn a_share_group_forgets_a_topic_as_a_whole_or_not_at_all() {
    let plan = |elsewhere, partitions: Vec<Spot>| {
        let mut look = look(partitions);
        look.group.kind = GroupKind::Share;
        look.topics[0].elsewhere = elsewhere;
        plan::of(wish(Deed::Forget), look)
    };
    let at = |offset| spot(place(Some(offset), 0, 50), Sought::Nothing);
    assert_eq!(plan(0, vec![at(3), at(4)]).changing().count(), 2);
    let part = plan(1, vec![at(3), at(4)]);
    assert!(part.rows.iter().all(|row| row.to == To::Leave(Left::WholeTopic)), "what was not shown would go with it: {:?}", part.rows);
    // An undo that takes a first start back, of one partition among others.
    let mut look = look(vec![spot(place(Some(3), 0, 50), Sought::Saved { commit: None, id: TopicId([1; 16]) })]);
    look.group.kind = GroupKind::Share;
    look.topics[0].elsewhere = 2;
    let undo = plan::of(wish(Deed::Undo(Kept::Latest)), look);
    assert_eq!((undo.changing().count(), undo.rows[0].note().as_str()), (0, "left alone: a share group forgets whole topics only"));
}

use super::*;
use crate::core::effect::TaskId;
use crate::core::groups::poll::{Kind, Poll, Watch};
use crate::core::lag::Place;
use crate::model::{Commit, Foreign, GroupKind, LeaderEpoch, TopicId};

fn at(seconds: u64) -> Time {
    Time::from_millis(1_795_178_467_000).plus(Duration::from_secs(seconds))
}

fn listing(id: &str, state: GroupState) -> GroupListing {
    let protocol = Foreign::new("consumer");
    GroupListing { id: GroupId::new(id), kind: GroupKind::Classic, state, protocol, coordinator: BrokerId(1) }
}

fn list(broker: i32, groups: Result<Vec<GroupListing>, Why>) -> Answer {
    Answer::Groups(GroupList { broker: BrokerId(broker), groups })
}

fn lag(id: &str, committed: i64, high: i64) -> Answer {
    let commit = Commit { offset: Offset(committed), epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
    let place = Place { commit: Ok(Some(commit)), start: Ok(Offset(0)), stable: Ok(Offset(high)), high: Ok(Offset(high)) };
    let topic = TopicPlaces { topic: TopicName::new("orders"), id: TopicId::default(), partitions: vec![(PartitionId(0), place)] };
    Answer::Lag(vec![GroupLag { id: GroupId::new(id), topics: Ok(vec![topic]) }])
}

#[test]
fn a_group_that_a_list_lacks_stays_until_two_whole_lists_lack_it() {
    let mut groups = Groups::default();
    assert!(groups.take(&list(1, Ok(vec![listing("a", GroupState::Stable)])), at(0)).is_empty(), "the first list is no news");
    assert!(groups.list_ended(at(0)).is_empty());
    // The broker that had it is gone: its list is an error, and proves nothing.
    for n in 1..9 {
        groups.take(&list(1, Err(Why::NoAnswer)), at(n));
        assert!(groups.list_ended(at(n)).is_empty());
    }
    assert_eq!(groups.troubled().next(), Some((BrokerId(1), at(1), &Why::NoAnswer)));
    groups.take(&list(1, Ok(vec![])), at(30));
    assert!(groups.list_ended(at(30)).is_empty());
    let missing = groups.of(&GroupId::new("a")).unwrap().missing_for(&groups, at(31));
    assert_eq!(missing, Some(Duration::from_secs(31)));
    groups.take(&list(1, Ok(vec![])), at(33));
    let gone = groups.list_ended(at(33));
    assert_eq!(gone, [StateChange { group: GroupId::new("a"), from: Some(GroupState::Stable), to: None }]);
    assert!(groups.is_empty());
}

#[test]
fn a_change_of_state_is_told_with_both_states() {
    let mut groups = Groups::default();
    groups.take(&list(1, Ok(vec![listing("a", GroupState::Stable)])), at(0));
    groups.list_ended(at(0));
    let changes = groups.take(&list(1, Ok(vec![listing("a", GroupState::Empty), listing("b", GroupState::Stable)])), at(5));
    let change = |group: &str, from, to| StateChange { group: GroupId::new(group), from, to: Some(to) };
    assert_eq!(changes, [change("a", Some(GroupState::Stable), GroupState::Empty), change("b", None, GroupState::Stable)]);
    assert_eq!(groups.of(&GroupId::new("a")).unwrap().state_since, at(5));
}

#[test]
fn an_answer_that_fails_leaves_the_old_figures_with_their_age() {
    let mut groups = Groups::default();
    groups.take(&list(1, Ok(vec![listing("a", GroupState::Stable)])), at(0));
    groups.take(&lag("a", 4, 10), at(1));
    groups.take(&Answer::Lag(vec![GroupLag { id: GroupId::new("a"), topics: Err(Why::NoAnswer) }]), at(9));
    let row = groups.of(&GroupId::new("a")).unwrap();
    assert_eq!((row.total().map(|total| total.offsets), row.places().map(|(at, _)| at)), (Some(6), Some(at(1))));
}

#[test]
fn what_is_seen_is_asked_often_and_the_rest_in_rounds() {
    let mut groups = Groups::default();
    let mut poll = Poll::default();
    poll.watch(Watch { shown: true, seen: vec![GroupId::new("g00003")], open: None });
    let kinds = |asks: &[(Kind, crate::core::ask::Ask)]| asks.iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
    assert_eq!(kinds(&poll.due(&groups, &|_| None, at(0))), [Kind::List]);
    poll.started(Kind::List, TaskId(1), at(0));
    let all = (0..1_200).map(|n| listing(&format!("g{n:05}"), GroupState::Stable)).collect();
    groups.take(&list(1, Ok(all)), at(0));
    groups.list_ended(at(0));
    assert_eq!(poll.ended(TaskId(1)), Some(Kind::List));
    let mut asked = 0;
    for round in 0..3 {
        let asks = poll.due(&groups, &|_| None, at(1));
        for (n, (kind, ask)) in (10 * (round + 1)..).zip(&asks) {
            poll.started(*kind, TaskId(n), at(1));
            if let (Kind::Rest, crate::core::ask::Ask::Lag(some)) = (kind, ask) {
                asked += some.len();
                assert!(some.len() <= 500);
            }
            poll.ended(TaskId(n));
            poll.go_on(*kind, false);
        }
    }
    assert_eq!(asked, 1_199, "all others once, the parts of a round behind each other");
    assert!(!kinds(&poll.due(&groups, &|_| None, at(2))).contains(&Kind::Rest), "the next round is later");
    assert!(kinds(&poll.due(&groups, &|_| None, at(5))).contains(&Kind::Seen));
    assert!(kinds(&poll.due(&groups, &|_| None, at(40))).contains(&Kind::Rest));
}

#[test]
fn how_long_records_are_kept_is_asked_for_what_is_behind_and_not_known() {
    let mut groups = Groups::default();
    groups.take(&list(1, Ok(vec![listing("a", GroupState::Stable), listing("b", GroupState::Stable)])), at(0));
    groups.list_ended(at(0));
    groups.take(&lag("a", 4, 10), at(1));
    let settings = |groups: &Groups, seen: &str, told: Option<Option<Time>>| {
        let mut poll = Poll::default();
        poll.watch(Watch { shown: true, seen: vec![GroupId::new(seen)], open: None });
        poll.due(groups, &|_| told, at(400)).iter().any(|(kind, _)| *kind == Kind::Settings)
    };
    assert!(settings(&groups, "a", Some(None)) && settings(&groups, "a", Some(Some(at(1)))));
    assert!(!settings(&groups, "a", Some(Some(at(399)))), "known");
    assert!(!settings(&groups, "a", None), "there is no such topic");
    assert!(!settings(&groups, "b", Some(None)), "nothing is known to wait");
}

#[test]
fn what_a_share_group_has_left_is_summed_and_what_is_not_told_is_said() {
    let mut groups = Groups::default();
    let kind = GroupKind::Share;
    groups.take(&list(1, Ok(vec![GroupListing { kind, ..listing("wallet", GroupState::Stable) }])), at(0));
    let start =
        |partition, lag| ShareStart { topic: TopicName::new("orders"), partition: PartitionId(partition), start: Ok(Some(Offset(4))), lag };
    let shares = |starts| Answer::Shares(vec![Shares { id: GroupId::new("wallet"), starts }]);
    groups.take(&shares(Ok(vec![start(0, Some(7)), start(1, None)])), at(1));
    let total = |groups: &Groups| groups.of(&GroupId::new("wallet")).unwrap().total().unwrap();
    assert_eq!((total(&groups).offsets, total(&groups).is_whole()), (7, false));
    groups.take(&shares(Err(Why::NoAnswer)), at(2));
    assert_eq!(total(&groups).offsets, 7, "what was told last stays");
    assert_eq!(groups.of(&GroupId::new("wallet")).unwrap().topics(), None);
}

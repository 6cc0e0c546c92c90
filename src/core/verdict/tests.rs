use super::*;
use crate::model::{Commit, Foreign, LeaderEpoch, TopicId};

fn at(seconds: u64) -> Time {
    Time::from_millis(1_795_178_467_000).plus(Duration::from_secs(seconds))
}

/// Commit and high watermark of each partition of one topic.
fn places(commits: &[(i64, i64)]) -> Vec<TopicPlaces> {
    let commit = |offset: i64| Commit { offset: Offset(offset), epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
    let place = |&(committed, end): &(i64, i64)| Place {
        commit: Ok((committed >= 0).then(|| commit(committed))),
        start: Ok(Offset(0)),
        stable: Ok(Offset(end)),
        high: Ok(Offset(end)),
    };
    let partitions = (0..).map(PartitionId).zip(commits.iter().map(place)).collect();
    vec![TopicPlaces { topic: TopicName::new("orders"), id: TopicId::default(), partitions }]
}

/// Looks at a group every 10 s in that state.
fn after(state: &GroupState, looks: &[&[(i64, i64)]]) -> Verdict {
    let mut past = GroupPast::default();
    let mut now = at(0);
    let mut last = Vec::new();
    for (n, look) in (0_u64..).zip(looks) {
        now = at(n * 10);
        last = places(look);
        past.saw_state(state, now);
        past.saw(&last, now);
    }
    let limits = Limits { stalled_after: Duration::from_secs(20), ..Limits::default() };
    judge(state, &last, &past, limits, now)
}

#[test]
fn one_partition_that_stands_while_the_others_move_is_stuck_at_its_record() {
    let verdict = after(&GroupState::Stable, &[&[(5, 9), (5, 9)], &[(5, 19), (15, 19)], &[(5, 29), (25, 29)], &[(5, 39), (35, 39)]]);
    let Verdict::Stuck { at: spot, since, partitions } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((spot.partition, spot.offset, *since, *partitions), (PartitionId(0), Offset(5), at(0), 1));
}

#[test]
fn a_group_that_is_behind_and_commits_nothing_makes_no_progress() {
    let same: &[(i64, i64)] = &[(5, 9), (5, 9)];
    assert_eq!(after(&GroupState::Stable, &[same, same, same]), Verdict::NoProgress { since: at(0) });
    // Not yet: it was watched for 10 s only.
    assert_eq!(after(&GroupState::Stable, &[same, same]), Verdict::Steady);
}

#[test]
fn one_look_long_ago_proves_nothing() {
    let mut past = GroupPast::default();
    past.saw_state(&GroupState::Stable, at(0));
    past.saw(&places(&[(5, 900)]), at(0));
    let limits = Limits { stalled_after: Duration::from_secs(20), ..Limits::default() };
    assert_eq!(judge(&GroupState::Stable, &places(&[(5, 900)]), &past, limits, at(50)), Verdict::Watching);
}

#[test]
fn without_members_the_same_is_stopped() {
    let same: &[(i64, i64)] = &[(5, 900)];
    assert_eq!(after(&GroupState::Empty, &[same, same]), Verdict::Stopped { since: at(0), seen: false });
}

#[test]
fn commits_that_move_without_members_are_a_hidden_consumer() {
    let verdict = after(&GroupState::Empty, &[&[(5, 900)], &[(50, 900)]]);
    assert_eq!(verdict, Verdict::Hidden { since: at(10) });
}

#[test]
fn rates_decide_between_catching_up_and_falling_behind() {
    let up = after(&GroupState::Stable, &[&[(0, 10_000)], &[(1_000, 10_100)], &[(2_000, 10_200)]]);
    let Verdict::CatchingUp { eta: Some(eta) } = up else { panic!("{up:?}") };
    assert!((80..100).contains(&eta.as_secs()), "{eta:?}");
    let down = after(&GroupState::Stable, &[&[(0, 10_000)], &[(100, 11_000)], &[(200, 12_000)]]);
    let Verdict::FallingBehind { by } = down else { panic!("{down:?}") };
    assert!((by - 90.0).abs() < 1.0, "{by}");
    assert_eq!(after(&GroupState::Stable, &[&[(0, 9_000)], &[(1_000, 10_000)], &[(2_000, 11_000)]]), Verdict::Steady);
}

#[test]
fn at_the_end_it_is_level_idle_or_has_no_members() {
    assert_eq!(after(&GroupState::Stable, &[&[(10, 10)], &[(20, 20)]]), Verdict::Level);
    assert_eq!(after(&GroupState::Stable, &[&[(10, 10)], &[(10, 10)]]), Verdict::Idle);
    assert_eq!(after(&GroupState::Empty, &[&[(10, 10)], &[(10, 10)]]), Verdict::NoMembers);
    assert_eq!(after(&GroupState::Empty, &[&[(-1, 10)]]), Verdict::NoCommit);
}

#[test]
fn what_is_odd_is_said_before_what_is_slow() {
    assert_eq!(after(&GroupState::Stable, &[&[(50, 10)]]).word(), "beyond_end");
    let back = after(&GroupState::Empty, &[&[(50, 100)], &[(20, 100)]]);
    assert_eq!(
        back,
        Verdict::Rewound {
            at: Spot { topic: TopicName::new("orders"), partition: PartitionId(0), offset: Offset(20) },
            by: 30,
            when: at(10)
        }
    );
}

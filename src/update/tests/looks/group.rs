//! What is shown of one group, of the records around its commits, and of the groups of a topic.

use std::time::Duration;

use super::groups::{TICK, day, topics, watched};
use super::{LARGE, SMALL, USUAL, at, looks, named};
use crate::core::ask::{Answer, Ask};
use crate::core::stream::Progress;
use crate::model::{GroupState, Holder, Offset, PartitionId, ProducerId, Time, Why};
use crate::query::position::Position;
use crate::testing::{Made, NOW, Script, TestGroup, chunk, live, made};

/// The group that is stuck, open after ten minutes.
fn stuck(size: (u16, u16)) -> Script {
    watched(size).keys("j enter").groups(&day(40))
}

#[test]
fn one_group() {
    for size in [SMALL, USUAL, LARGE] {
        looks(&stuck(size), &named(size, "group"));
    }
    looks(&stuck(SMALL).keys("tab"), "group_members");
    looks(&stuck(SMALL).keys("3"), "group_why");
    looks(&stuck(USUAL).keys("shift-right shift-right shift-right shift-right shift-right O O ! f"), "group_sorted_problems");
}

#[test]
fn a_group_that_is_on_its_way_or_gone() {
    looks(&at(SMALL).cluster(topics()).keys(":").text("group search-indexer").keys("enter"), "group_loading");
    let script = at(SMALL).cluster(topics()).keys(":").text("group nobody").keys("enter").groups(&day(0));
    looks(&script, "group_never_there");
    let share = at(USUAL).cluster(topics()).groups(&day(0)).keys(":").text("group wallet-share").keys("enter").groups(&day(0));
    looks(&share, "group_share");
    looks(&stuck(SMALL).later(TICK).groups(&[]).later(TICK).groups(&[]).later(TICK).groups(&[]), "group_gone");
}

/// A group where everything that can be odd about a partition is.
fn odd() -> TestGroup {
    let partitions = vec![(9_000, 9_000), (4_000, 9_000), (-1, 9_000), (9_500, 9_000), (8_000, 9_000), (100, 9_000)];
    TestGroup { topics: vec![("orders.created", partitions)], ..TestGroup::stable("odd", 2, "orders.created", &[]) }
}

/// The answer about the lag of that group, with what a few numbers cannot say.
fn odd_lag() -> Answer {
    let mut places = odd().places();
    for topic in &mut places {
        for (id, place) in &mut topic.partitions {
            match id.0 {
                4 => place.stable = Ok(Offset(8_000)),
                5 => place.start = Ok(Offset(500)),
                _ => {}
            }
        }
        let mut gone = topic.partitions[1].clone();
        gone.0 = PartitionId(6);
        gone.1.high = Err(Why::NoLeader);
        topic.partitions.push(gone);
    }
    let mut gone = TestGroup::stable("odd", 2, "orders.dropped", &[(7, 9)]).places();
    for (_, place) in gone.iter_mut().flat_map(|topic| &mut topic.partitions) {
        (place.start, place.stable, place.high) = (Err(Why::NoTopic), Err(Why::NoTopic), Err(Why::NoTopic));
    }
    places.extend(gone);
    Answer::Lag(vec![crate::core::ask::GroupLag { id: crate::model::GroupId::new("odd"), topics: Ok(places) }])
}

fn opened_odd(size: (u16, u16)) -> Script {
    let mut script = at(size).cluster(topics()).groups(&[odd()]).keys(":").text("group odd").keys("enter").groups(&[odd()]);
    script = script.later(Duration::from_secs(4));
    let (id, _) = script.ask("lag");
    script.event(crate::core::event::Event::Arrival(crate::core::event::Arrival::Part(id, odd_lag())));
    script.later(Duration::from_secs(4))
}

#[test]
fn every_odd_partition_has_its_own_word() {
    looks(&opened_odd(USUAL), "group_odd");
    let script = opened_odd(USUAL).keys("g j j j j");
    let holder = Holder { producer: ProducerId(4_711), start: Offset(8_000), last: Some(Time::from_millis(NOW - 600_000)) };
    let answer = |script: Script, holders| {
        let (_, ask) = script.ask("holders");
        let Ask::Holders { topic, partition } = ask else { panic!("{ask:?}") };
        let answer = Answer::Holders { topic: topic.clone(), partition: *partition, holders };
        script.reply("holders", Ok(answer))
    };
    let script =
        answer(script, Ok(vec![holder])).sees("1,000 held").sees("by producer 4711's transaction from 8,000, last write 12:31:07Z");
    looks(&script, "group_held_back");
    // The first partition holds nothing back: nobody is asked about it.
    assert!(!opened_odd(USUAL).keys("g").waiting().contains(&"holders"));
    answer(opened_odd(USUAL).keys("g j j j j"), Err(Why::NotOffered)).sees("whose is not known");
}

#[test]
fn members_that_are_moved_about_are_told_as_they_were() {
    let moving = || {
        let mut all = day(41);
        for group in all.iter_mut().filter(|group| group.id == "search-indexer") {
            group.state = GroupState::PreparingRebalance;
        }
        all
    };
    let mut told = moving().into_iter().find(|group| group.id == "search-indexer").unwrap().description();
    for member in &mut told.members {
        member.assigned = Some(Vec::new());
    }
    let script = stuck(USUAL).later(TICK);
    let described = Answer::Described(vec![(told.id.clone(), Ok(told))]);
    let script = script.reply("describe", Ok(described)).groups(&moving());
    looks(&script, "group_rebalancing");
}

fn record(offset: i64) -> Made {
    Made { partition: 3, ..made(offset, &format!("sku-{}", offset % 97), &format!("{{\"sku\":\"A-{offset}\",\"price\":12.50}}")) }
}

#[test]
fn the_messages_around_a_commit_mark_the_record_that_is_read_next() {
    let script = |size| stuck(size).keys("enter");
    let opened = script(USUAL);
    let (_, Ask::Read(plan)) = opened.ask("read") else { panic!("not read") };
    assert_eq!(plan.partitions, Some(vec![PartitionId(3)]));
    assert!(matches!(&plan.from, Position::Offsets(all) if all.get(&PartitionId(3)) == Some(&Offset(88_392))), "{:?}", plan.from);
    // Enough to see what follows, and not so much that the record itself leaves the buffer.
    assert_eq!(plan.until, Some(Position::Offset(Offset(88_412 + 1_250))));
    let records: Vec<Made> = (88_392..88_440).map(record).collect();
    let arrived = |script: Script| script.deliver(chunk(&records), vec![]).progress(live(4, 88_440));
    for size in [SMALL, USUAL] {
        let script = arrived(script(size)).sees("stuck here");
        assert_eq!(script.state.top().map(|top| top.screen.cursor()), Some((20, 48)));
        looks(&script, &named(size, "messages_at_commit"));
    }
    // Where the log has a gap at the commit, the first record behind it is the one.
    let gapped: Vec<Made> = (88_392..88_400).chain(88_420..88_440).map(record).collect();
    let gap = script(USUAL).deliver(chunk(&gapped), vec![]);
    assert_eq!(gap.sees("stuck here").state.top().map(|top| top.screen.cursor()), Some((8, 28)));
    // Read from elsewhere nothing is marked that only comes first behind it.
    let script = arrived(script(USUAL)).keys("0").deliver(chunk(&[record(90_000)]), vec![]).progress(Progress::default());
    script.sees("90,000").sees_not("stuck here");
}

#[test]
fn a_group_that_is_level_opens_at_the_end_and_the_next_record_is_marked() {
    let script = watched(USUAL).keys("/").text("fraud").keys("enter enter").groups(&day(40)).keys("enter");
    let end = day(40).into_iter().find(|group| group.id == "fraud-scoring").unwrap().topics[0].1[0].1;
    let of = |offset| Made { partition: 0, ..record(offset) };
    let before: Vec<Made> = (end - 20..end).map(of).collect();
    let script = script.deliver(chunk(&before), vec![]).sees_not("◆");
    script.deliver(chunk(&[of(end)]), vec![]).sees("◆").sees("committed");
}

#[test]
fn the_groups_of_a_topic() {
    for size in [SMALL, USUAL] {
        let script = watched(size).keys(":").text("topic orders.created").keys("enter u").groups(&day(40));
        looks(&script, &named(size, "topic_groups"));
    }
    let script = watched(USUAL).keys("q / ").text("orders").keys("enter u j enter");
    script.sees("1 Partitions").sees("audit-archive").keys("esc esc").sees("Topics");
    looks(&watched(LARGE).keys("q ctrl-w"), "topics_with_groups");
}

#[test]
fn a_group_is_found_by_a_part_of_its_name() {
    let script = watched(USUAL).keys(":").text("group sea");
    looks(&script, "palette_groups");
    script.keys("enter").sees("groups › search-indexer").keys("`").sees(":group");
    watched(USUAL).keys(":").text("group nobody at all").keys("enter").sees("No group");
}

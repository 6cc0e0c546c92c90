use std::time::Duration;

use super::*;
use crate::core::ask::TopicPositions;
use crate::testing::{cluster, topic};

fn positions(topic: &Topic, which: Which, found: &[Result<i64, Why>]) -> Answer {
    let partitions = (0..).map(PartitionId).zip(found.iter().cloned().map(|found| found.map(Offset))).collect();
    Answer::Positions(Positions { which, topics: vec![TopicPositions { name: topic.name.clone(), id: topic.id, partitions }] })
}

fn at(seconds: u64) -> Time {
    Time::from_millis(1_795_178_467_000).plus(Duration::from_secs(seconds))
}

#[test]
fn one_unknown_partition_makes_the_sum_unknown_and_says_why() {
    let (orders, view) = (topic("orders", 2), cluster(vec![topic("orders", 2)]));
    let mut figures = Figures::default();
    figures.take(&positions(&orders, Which::Start, &[Ok(10), Ok(0)]), &view, at(0));
    figures.take(&positions(&orders, Which::End, &[Ok(30), Err(Why::NoLeader)]), &view, at(0));
    assert_eq!(figures.of(&orders).unwrap().offsets(&orders), Known::Unknown(Why::NoLeader));
    figures.take(&positions(&orders, Which::End, &[Ok(30), Ok(5)]), &view, at(1));
    assert_eq!(figures.of(&orders).unwrap().offsets(&orders), Known::Is(25));
}

#[test]
fn a_rate_needs_two_ends_and_is_measured_over_the_time_between() {
    let (orders, view) = (topic("orders", 1), cluster(vec![topic("orders", 1)]));
    let mut figures = Figures::default();
    figures.take(&positions(&orders, Which::End, &[Ok(100)]), &view, at(0));
    assert_eq!(figures.of(&orders).unwrap().rate(&orders), Known::Unknown(Why::NotAsked));
    figures.take(&positions(&orders, Which::End, &[Ok(300)]), &view, at(4));
    assert_eq!(figures.of(&orders).unwrap().rate(&orders), Known::Is(50.0));
    // Unknown for a while, then the mean over the gap moves it.
    figures.take(&positions(&orders, Which::End, &[Err(Why::NoAnswer)]), &view, at(8));
    assert_eq!(figures.of(&orders).unwrap().rate(&orders), Known::Unknown(Why::NoAnswer));
    figures.take(&positions(&orders, Which::End, &[Ok(300)]), &view, at(12));
    let Known::Is(rate) = figures.of(&orders).unwrap().rate(&orders) else { panic!() };
    assert!(rate > 15.0 && rate < 25.0, "{rate}");
}

#[test]
fn a_log_that_shrinks_and_a_topic_made_again_start_afresh() {
    let (orders, view) = (topic("orders", 1), cluster(vec![topic("orders", 1)]));
    let mut figures = Figures::default();
    for (second, end) in [(0, 100), (2, 200), (4, 50)] {
        figures.take(&positions(&orders, Which::End, &[Ok(end)]), &view, at(second));
    }
    assert_eq!(figures.of(&orders).unwrap().rate(&orders), Known::Unknown(Why::NotAsked));
    let again = Topic { id: TopicId([9; 16]), ..orders.clone() };
    assert!(figures.of(&again).is_none());
    figures.take(&positions(&again, Which::End, &[Ok(7)]), &view, at(6));
    assert!(figures.of(&orders).is_none() && figures.of(&again).is_some());
}

#[test]
fn a_trend_keeps_a_quarter_of_an_hour_and_leaves_gaps_empty() {
    let mut trend = Trend::default();
    let start = Time(75_000_000 * 1000);
    let later = |seconds: u64| start.plus(Duration::from_secs(seconds));
    trend.add(later(10), later(20), 100);
    trend.add(later(20), later(40), 500);
    let rates = trend.rates(later(41));
    assert_eq!((rates[11], rates[10]), (Some(20_000), None));
    trend.add(later(40), later(310), 270);
    let rates = trend.rates(later(310));
    assert_eq!((rates[11], rates[10], rates[7]), (Some(1000), None, Some(20_000)));
    assert_eq!(trend.rates(later(3000)), [None; 12]);
}

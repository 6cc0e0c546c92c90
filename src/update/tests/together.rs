//! The messages of marked topics in one list.

use super::orders;
use crate::core::ask::{Answer, Ask, Older};
use crate::core::effect::{Effect, Term};
use crate::core::stream::{Allowance, Delivery, PartitionProgress, Plan, Progress, lanes};
use crate::model::{Offset, PartitionId};
use crate::query::position::Position;
use crate::testing::{Made, Script, chunk, live, made};

/// A record of the second topic, `orders`.
fn second(partition: i32, record: Made) -> Made {
    Made { partition: lanes::lane(1, PartitionId(partition)).unwrap().0, ..record }
}

/// `clicks` with six partitions, `orders` with three.
fn progress(first: i64) -> Progress {
    let part = |(lane, part): (PartitionId, PartitionProgress)| PartitionProgress { id: lane, first: Some(Offset(first)), ..part };
    let of = |topic: usize, count: i32| {
        let all = live(count, 20).partitions.into_iter();
        all.map(move |part| (lanes::lane(topic, part.id).unwrap(), part))
    };
    Progress { partitions: of(0, 6).chain(of(1, 3)).map(part).collect(), live: true, ..Progress::default() }
}

fn together() -> Script {
    let records = [
        made(10, "k", r#"{"n":1,"id":"a-1"}"#),
        second(2, made(11, "k", r#"{"n":2,"id":"a-1"}"#)),
        Made { partition: 5, ..made(12, "c", r#"{"n":3}"#) },
        second(1, made(13, "k", r#"{"n":4}"#)),
    ];
    orders().keys("g ctrl-a M").deliver(chunk(&records), vec![]).progress(progress(10))
}

fn plans(script: &Script) -> Vec<(usize, Plan)> {
    match script.ask("older").1 {
        Ask::OlderSeveral(plans, Allowance { .. }) => plans.clone(),
        other => panic!("{}", other.name()),
    }
}

#[test]
fn marked_topics_are_read_into_one_list_each_row_with_its_topic() {
    let script = together();
    let Ask::ReadSeveral(read) = script.ask("read").1 else { panic!("one topic is read") };
    assert_eq!(read.iter().map(|plan| plan.topic.raw()).collect::<Vec<_>>(), ["clicks", "orders"]);
    assert!(read.iter().all(|plan| plan.newest == Some(500) && plan.topic_id.is_known()));
    let script = script.sees("clicks + 1 more").sees("2 topics · 9 partitions").sees("TOPIC").sees("orders  1     13");
    script.sees("partition orders/1").keys("k").sees("partition clicks/5").sees_not("1048577");
}

#[test]
fn one_marked_topic_is_a_list_of_its_own_and_none_is_said() {
    let script = orders().keys("g space M");
    assert!(matches!(script.ask("read").1, Ask::Read(plan) if plan.topic.raw() == "clicks"));
    orders().keys("M").sees("Space marks topics");
}

#[test]
fn a_filter_sees_each_records_own_topic_and_partition() {
    let script = together().keys("/").text("topic ~ /^ord/ | select topic, partition, .n").keys("enter").sees("matched 2 of 4");
    let script = script.sees(".n").sees("orders");
    let script = script.keys("/ ctrl-u").text("partition == 5").keys("enter").sees("matched 1 of 4");
    // The search of the history asks each topic for its own partitions, and nothing of one that has none.
    assert_eq!(plans(&script).iter().map(|(at, plan)| (*at, plan.topic.raw())).collect::<Vec<_>>(), [(0, "clicks")]);
    let script = script.keys("/ ctrl-u").text(".n > 2").keys("enter").sees("matched 2 of 4");
    let all = plans(&script);
    assert_eq!(all.iter().map(|(at, plan)| (*at, plan.topic.raw())).collect::<Vec<_>>(), [(0, "clicks"), (1, "orders")]);
    let Some(Position::Offsets(until)) = &all[1].1.until else { panic!("no end") };
    assert_eq!(until.keys().map(|id| id.0).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn older_records_come_in_front_of_all_and_edges_move_by_lane() {
    let script = together().keys("g k");
    assert!(plans(&script).iter().all(|(_, plan)| plan.newest == Some(500) && plan.filter.is_none()));
    let delivery = |all: &[Made]| Delivery { generation: 0, facts: vec![], chunk: std::sync::Arc::new(chunk(all)), read: 2, not_shown: 0 };
    let older = Older {
        deliveries: vec![delivery(&[made(3, "old", "{}"), second(0, made(4, "older", "{}"))])],
        progress: progress(3),
        ended: None,
    };
    let script = script.reply("older", Ok(Answer::Older(Box::new(older)))).sees("older").keys("g k");
    let Some(Position::Offsets(until)) = &plans(&script)[1].1.until else { panic!("no end") };
    assert!(until.values().all(|offset| *offset == Offset(3)), "{until:?}");
}

#[test]
fn what_is_asked_about_a_record_is_asked_of_its_own_topic() {
    let copied = |script: &Script| {
        let copy = script.effects.iter().rev().find_map(|effect| match effect {
            Effect::Term(Term::Osc52(text)) => Some(text.clone()),
            _ => None,
        });
        copy.unwrap_or_default()
    };
    let script = together().keys("y o");
    assert_eq!(copied(&script), "orders/1@13");
    let script = script.keys("y r");
    assert!(copied(&script).starts_with(r#"{"topic":"orders","partition":1,"offset":13,"#), "{}", copied(&script));
    let script = script.keys("{");
    let Ask::Neighbour(ask) = script.ask("neighbour").1 else { panic!("another ask") };
    assert_eq!((ask.topic.name.raw(), ask.from.record().unwrap().partition), ("orders", PartitionId(1)));
    let script = script.keys("esc esc .");
    assert!(matches!(script.ask("shape").1, Ask::Shape(ask) if ask.topic.name.raw() == "orders"));
}

#[test]
fn records_are_saved_by_topic_as_they_are() {
    let script = together().keys("ctrl-s");
    let mut exports: Vec<_> =
        script.all_waiting().filter_map(|ask| if let Ask::Export(export) = ask { Some(export) } else { None }).collect();
    exports.sort_by_key(|export| export.topic.raw().to_owned());
    let seen: Vec<(&str, Vec<i32>)> = exports
        .iter()
        .map(|export| (export.topic.raw(), export.rows.iter().map(|(chunk, row)| chunk.get(*row).unwrap().partition.0).collect()))
        .collect();
    assert_eq!(seen, [("clicks", vec![0, 5]), ("orders", vec![2, 1])]);
}

//! Answers to what else one asks of topics: hostile names and values, times and offsets at their limits.

use std::sync::Arc;

use crate::core::ask::{Answer, Ask};
use crate::core::inquire::{Bisected, Collector, Halved, Looked, Place, Reach, Read, Shape, Sought, Spot, Step, Trail, Turn, Within};
use crate::model::{Offset, PartitionId, TopicName};
use crate::testing::{Made, chunk, made};

const VALUES: [&str; 5] = [
    "{\"a\":1,\"\u{1b}[31m\":[\"\u{202e}x\",{}],\"b\":{\"c\":null}}",
    "{\"a\":\"1\",\"a\":1e400,\"b\":[1,[2,[3]]]}",
    "\u{1b}]0;x\u{7}\r\n\u{9b}31m lines\n漢字\n",
    "[",
    "",
];
const EXTREMES: [i64; 5] = [0, -1, i64::MAX, i64::MIN, 1_795_178_467_000];

fn record(n: usize) -> Made {
    let headers = vec![("\u{1b}[2J", Some("\u{202e}abc")), ("h", None), ("h", Some(""))];
    let value = VALUES.get(n % 5).copied().unwrap_or_default();
    let at = [0, 1 << 50, -(1 << 50)].get(n % 3).copied();
    Made {
        headers,
        at,
        value: (!n.is_multiple_of(7)).then(|| value.into()),
        ..made(i64::try_from(n % 1_000).unwrap_or(0), "k\u{1b}[1m", value)
    }
}

fn spot(n: usize) -> Option<Spot> {
    Spot::of(&TopicName::new("evil\u{1b}[2J\u{202e}"), &chunk(&[record(n)]), 0)
}

fn place(n: usize) -> Place {
    let extreme = |n: usize| EXTREMES.get(n % 5).copied().unwrap_or(0);
    Place { time_ms: extreme(n), partition: PartitionId(1), offset: Offset(extreme(n / 5)) }
}

/// An answer, or a part of one; `None` for asks of another kind.
pub(super) fn answer(ask: &Ask, n: usize) -> Option<Answer> {
    let n = n % 10_000;
    Some(match ask {
        Ask::Neighbour(_) => Answer::Sought(Box::new(Sought {
            offsets: u64::MAX,
            bytes: u64::MAX,
            reach: Some(Reach { partition: PartitionId(0), offset: Offset(i64::MIN), time_ms: Some(place(n).time_ms) }),
            others: n % 3,
            placing: n.is_multiple_of(2).then(|| "\u{1b}[2J".to_owned()),
            held: n.is_multiple_of(5),
            found: spot(n).filter(|_| !n.is_multiple_of(4)),
        })),
        Ask::Shape(_) => {
            let mut collector = Collector::default();
            for n in n..n + n % 40 {
                for record in chunk(&[record(n)]).iter() {
                    collector.add(&record);
                }
            }
            let cut = vec!["partition 1 is not read: \u{1b}[2J".to_owned()];
            Answer::Shape(Arc::new(Shape { offsets: u64::MAX, cut, done: n.is_multiple_of(2), ..collector.view() }))
        }
        Ask::Bisect(_) => {
            let part = |at: usize| {
                let mut part = Halved::new(PartitionId(1), place(at).offset..place(at + n).offset);
                for (n, offset) in (0..at % 30).zip(0..) {
                    part.look(Looked { place: Place { offset: Offset(offset), ..place(n) }, matched: n.is_multiple_of(3) });
                }
                part.turn = match at % 5 {
                    0 => Turn::Searching,
                    1 => Turn::Never,
                    2 => Turn::Failed("no \u{1b}[2J leader".to_owned()),
                    _ => spot(at).map_or(Turn::Empty, Turn::At),
                };
                part
            };
            Answer::Bisected(Arc::new(Bisected {
                parts: (0..n % 50).map(part).collect(),
                records: u64::MAX,
                bytes: 1,
                fetches: 1,
                done: n.is_multiple_of(2),
            }))
        }
        Ask::Follow(_) => {
            let within = |n: usize| if n.is_multiple_of(2) { Within::Value } else { Within::Header("\u{1b}[2J".to_owned()) };
            let steps = (n..n + n % 30).filter_map(|n| Some(Step { spot: spot(n)?, within: within(n) })).collect();
            let read = Read {
                trouble: Some("\u{1b}[2J".to_owned()),
                topic: Some(TopicName::new("\u{202e}")),
                offsets: u64::MAX,
                ..Read::default()
            };
            Answer::Trail(Box::new(Trail {
                steps,
                topics: vec![read; n % 3],
                bytes: 1,
                parts_of_words: u64::MAX,
                full: n.is_multiple_of(2),
            }))
        }
        _ => return None,
    })
}

use super::*;
use crate::core::stream::Fact;

const HORIZON: i64 = 1_000_000;

/// Lines that name their time: rows of a partition, as a worker would give them.
fn block(partition: char, times: &[i64]) -> Block {
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for time in times {
        bytes.extend(format!("{partition}{time} ").bytes());
        ends.push(u32::try_from(bytes.len()).unwrap());
    }
    Block { rows: Rows::Lines { bytes, ends }, times: times.to_vec(), read: wide(times.len()), wire: 10, ..Block::default() }
}

fn queue(blocks: Vec<Block>) -> Queue {
    let mut queue = Queue::new();
    for block in blocks {
        queue.push(block);
    }
    queue
}

fn merged(out: &mut Out) -> String {
    let text = |taken| match taken {
        Taken::Lines(lines) => format!("{}{}", "!".repeat(lines.facts.len()), String::from_utf8(lines.bytes).unwrap()),
        Taken::Records(_) => panic!("chunks"),
    };
    out.finish(true).into_iter().map(text).collect()
}

fn merge(queues: &mut [(Queue, bool)], keep: Option<usize>) -> (String, bool) {
    let mut out = Out::default();
    let mut lanes: Vec<_> = queues.iter_mut().map(|(queue, waits)| Lane { queue, waits: *waits }).collect();
    let blocked = out.merge(&mut lanes, keep, HORIZON);
    (merged(&mut out), blocked)
}

#[test]
fn partitions_are_merged_by_time_and_kept_in_order() {
    let mut queues = [(queue(vec![block('a', &[1, 5, 4]), block('a', &[9])]), false), (queue(vec![block('b', &[2, 3, 8])]), false)];
    assert_eq!(merge(&mut queues, None), ("a1 b2 b3 a5 a4 b8 a9 ".to_owned(), false));
    assert!(queues.iter().all(|(queue, _)| queue.is_empty() && queue.held() == 0));
}

#[test]
fn what_is_later_waits_for_a_partition_that_owes() {
    let mut queues = [(queue(vec![block('a', &[1, 5])]), true), (queue(vec![block('b', &[2, 6])]), false)];
    assert_eq!(merge(&mut queues, None), ("a1 b2 a5 ".to_owned(), true));
    queues[0].0.push(block('a', &[7]));
    queues[0].1 = false;
    assert_eq!(merge(&mut queues, None), ("b6 a7 ".to_owned(), false));
}

#[test]
fn work_that_is_not_done_holds_its_place() {
    let mut first = Queue::new();
    let (one, two) = (first.expect(1), first.expect(1));
    first.fill(two, block('a', &[2]));
    let mut queues = [(first, true)];
    assert_eq!(merge(&mut queues, None), (String::new(), true));
    queues[0].0.fill(one, block('a', &[1]));
    assert_eq!(merge(&mut queues, None).0, "a1 a2 ");
}

#[test]
fn a_batch_takes_room_while_it_is_worked_on_and_then_only_for_what_was_kept_of_it() {
    let mut queue = Queue::new();
    let (one, two) = (queue.expect(1_000), queue.expect(500));
    assert_eq!((queue.held(), queue.fetched()), (1_500, 1_500));
    queue.fill(one, Block { wire: 1_000, ..Block::default() });
    assert_eq!(queue.held(), 500, "nothing of it matched");
    queue.fill(two, block('a', &[1, 2]));
    assert_eq!((queue.held(), queue.fetched()), ("a1 a2 ".len(), 1_500));
}

#[test]
fn times_that_cannot_be_neither_hold_up_nor_jump() {
    let mut queues = [(queue(vec![block('a', &[1, i64::MAX, -1, 4])]), false), (queue(vec![block('b', &[2, 3])]), false)];
    assert_eq!(merge(&mut queues, None).0, format!("a1 a{} a-1 b2 b3 a4 ", i64::MAX));
}

#[test]
fn of_a_burst_the_newest_are_kept_and_the_rest_is_counted() {
    let mut queues = [(queue(vec![block('a', &[1, 5])]), false), (queue(vec![block('b', &[2, 6])]), false)];
    let mut out = Out::default();
    let mut lanes: Vec<_> = queues.iter_mut().map(|(queue, waits)| Lane { queue, waits: *waits }).collect();
    out.merge(&mut lanes, Some(3), HORIZON);
    assert_eq!((out.not_shown, out.total.clone()), (1, Total { read: 4, matched: 4, ..Total::default() }));
    assert_eq!(merged(&mut out), "b2 a5 b6 ");
}

#[test]
fn a_fact_stands_before_the_record_that_it_precedes() {
    let mut with = block('a', &[1, 2]);
    with.facts.push((1, Fact::Deleted));
    let mut queues = [(queue(vec![with]), false)];
    assert_eq!(merge(&mut queues, None).0, "a1 !a2 ");
    let mut queues = [(queue(vec![Block::fact(Fact::Deleted)]), false)];
    assert_eq!(merge(&mut queues, None).0, "!");
}

#[test]
fn skipped_rows_are_left_out_across_blocks() {
    for (rows, want) in [(0, "a1 a2 a3 "), (1, "a2 a3 "), (2, "a3 "), (3, "")] {
        let mut first = queue(vec![block('a', &[1, 2]), block('a', &[3])]);
        first.skip(rows);
        assert_eq!(merge(&mut [(first, false)], None).0, want);
    }
}

mod chunks {
    use super::*;
    use crate::model::{BatchFacts, Codec, Headers, LeaderEpoch, Offset, PartitionId, RecordRef, TimestampType};

    fn block(partition: i32, offsets: Range<i64>) -> Block {
        let facts = BatchFacts {
            base_offset: Offset(offsets.start),
            next_offset: Offset(offsets.end),
            codec: Codec::None,
            records: 1,
            size: 1,
            magic: 2,
            leader_epoch: LeaderEpoch(0),
            timestamp_type: TimestampType::Create,
            transaction: None,
        };
        let times: Vec<i64> = offsets.clone().collect();
        let mut builder = ChunkBuilder::default();
        for offset in offsets {
            builder.push(
                &RecordRef {
                    partition: PartitionId(partition),
                    offset: Offset(offset),
                    timestamp_ms: offset,
                    timestamp_type: TimestampType::Create,
                    key: None,
                    value: None,
                    headers: Headers::default(),
                    leader_epoch: LeaderEpoch(0),
                    transaction: None,
                },
                &facts,
            );
        }
        Block { rows: Rows::Chunks(vec![Arc::new(builder.finish())]), times, ..Block::default() }
    }

    fn run(queues: &mut [Queue], keep: Option<usize>) -> Vec<Delivery> {
        let mut out = Out::default();
        let mut lanes: Vec<_> = queues.iter_mut().map(|queue| Lane { queue, waits: false }).collect();
        out.merge(&mut lanes, keep, HORIZON);
        let delivery = |taken| if let Taken::Records(delivery) = taken { delivery } else { panic!("lines") };
        out.finish(false).into_iter().map(delivery).collect()
    }

    #[test]
    fn a_chunk_of_one_partition_alone_is_handed_on_as_it_is() {
        let block = block(0, 0..200);
        let Rows::Chunks(chunks) = &block.rows else { panic!() };
        let chunk = Arc::clone(&chunks[0]);
        let deliveries = run(&mut [queue(vec![block])], None);
        assert!(matches!(&deliveries[..], [one] if Arc::ptr_eq(&one.chunk, &chunk)));
    }

    #[test]
    fn chunks_of_several_are_merged_row_by_row_and_cut() {
        let mut queues = [queue(vec![block(0, 0..400)]), queue(vec![block(1, 0..400)])];
        let deliveries = run(&mut queues, Some(700));
        assert_eq!(deliveries.iter().map(|d| d.chunk.len()).collect::<Vec<_>>(), [500, 200]);
        assert_eq!(deliveries.iter().map(|d| d.not_shown).sum::<u64>(), 100);
        let first = &deliveries[0].chunk;
        assert!(first.iter().map(|r| r.offset.0).is_sorted());
        assert_eq!((first.iter().filter(|r| r.partition.0 == 0).count(), first.get(0).unwrap().offset), (250, Offset(50)));
    }
}

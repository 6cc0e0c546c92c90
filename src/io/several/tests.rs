//! How several topics become one list.

use super::*;
use crate::model::{BatchFacts, Chunk, ChunkBuilder, Codec, Headers, LeaderEpoch, RecordRef, TimestampType};

fn chunk(records: &[(i32, i64, i64)]) -> Arc<Chunk> {
    let mut builder = ChunkBuilder::default();
    for &(partition, offset, time) in records {
        let batch = BatchFacts {
            base_offset: Offset(offset),
            next_offset: Offset(offset + 1),
            codec: Codec::None,
            records: 1,
            size: 1,
            magic: 2,
            leader_epoch: LeaderEpoch(0),
            timestamp_type: TimestampType::Create,
            transaction: None,
        };
        let record = RecordRef {
            partition: PartitionId(partition),
            offset: Offset(offset),
            timestamp_ms: time,
            timestamp_type: TimestampType::Create,
            key: None,
            value: Some(b"v"),
            headers: Headers::default(),
            leader_epoch: LeaderEpoch(0),
            transaction: None,
        };
        assert!(builder.push(&record, &batch));
    }
    Arc::new(builder.finish())
}

fn delivery(generation: u32, read: u64, records: &[(i32, i64, i64)]) -> Delivery {
    Delivery { generation, facts: vec![], chunk: chunk(records), read, not_shown: 0 }
}

/// Topic, partition and offset of every record, in order.
fn listed(deliveries: &[Delivery]) -> Vec<(usize, i32, i64)> {
    let all =
        deliveries.iter().flat_map(|delivery| delivery.chunk.iter().map(|record| (record.partition, record.offset.0)).collect::<Vec<_>>());
    all.map(|(lane, offset)| (lanes::place(lane).0, lanes::place(lane).1.0, offset)).collect()
}

fn older(records: &[(i32, i64, i64)]) -> Older {
    Older { deliveries: vec![delivery(0, 10, records)], ..Older::default() }
}

#[test]
fn topics_are_merged_by_time_and_each_keeps_its_own_order() {
    // The second topic has a record whose time lies before that of the one in front of it.
    let one = together(vec![(0, older(&[(0, 1, 10), (1, 4, 30)])), (2, older(&[(0, 7, 20), (0, 8, 5), (0, 9, 40)]))], 99);
    assert_eq!(listed(&one.deliveries), [(0, 0, 1), (2, 0, 7), (2, 0, 8), (0, 1, 4), (2, 0, 9)]);
    assert_eq!(one.deliveries.iter().map(|delivery| delivery.read).sum::<u64>(), 20, "what did not match was read too");
    assert!(!one.was_cut);
}

#[test]
fn the_newest_of_all_stay_and_each_lane_knows_where_it_begins() {
    let one = together(vec![(0, older(&[(0, 1, 10), (1, 4, 11), (0, 2, 50)])), (1, older(&[(3, 7, 20), (3, 8, 60)]))], 2);
    assert_eq!(listed(&one.deliveries), [(0, 0, 2), (1, 3, 8)]);
    let lane = |topic, partition| lanes::lane(topic, PartitionId(partition)).unwrap();
    assert_eq!(one.firsts, BTreeMap::from([(lane(0, 0), Offset(2)), (lane(0, 1), Offset(5)), (lane(1, 3), Offset(8))]));
    let part = crate::testing::live(4, 9).partitions;
    let each = vec![Progress { partitions: part.clone(), ..Progress::default() }, Progress { partitions: part, ..Progress::default() }];
    let progress = joined(&each, &[], &one.firsts);
    let firsts: Vec<_> = progress.partitions.iter().filter_map(|part| Some((part.id, part.first?))).collect();
    assert_eq!(firsts, one.firsts.into_iter().collect::<Vec<_>>());
    assert_eq!(progress.partitions.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_behind_is_waited_for_but_not_for_ever() {
    let mut gate = Gate::new(2);
    gate.put(0, &delivery(0, 2, &[(0, 1, 10), (0, 2, 30)]));
    assert!(gate.ready(&[true, false], false).is_empty(), "the other may have older ones");
    gate.put(1, &delivery(0, 1, &[(0, 5, 20)]));
    assert_eq!(listed(&gate.ready(&[true, false], false)), [(0, 0, 1), (1, 0, 5)]);
    assert!(gate.ready(&[true, false], false).is_empty());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(listed(&gate.ready(&[true, false], false)), [(0, 0, 2)]);
    assert!(gate.is_empty());
    gate.put(0, &delivery(0, 1, &[(0, 3, 40)]));
    assert_eq!(listed(&gate.ready(&[true, true], false)), [(0, 0, 3)], "at the end nobody is waited for");
}

#[test]
fn what_another_filter_let_pass_is_another_delivery() {
    let mut gate = Gate::new(2);
    gate.put(0, &delivery(1, 5, &[(0, 1, 10)]));
    gate.put(1, &delivery(2, 7, &[(0, 2, 5)]));
    let all = gate.ready(&[true, true], false);
    assert_eq!(all.iter().map(|delivery| (delivery.generation, delivery.read)).collect::<Vec<_>>(), [(1, 5), (2, 7)]);
}

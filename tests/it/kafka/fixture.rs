//! The fixture keeps its own promises: what it says it wrote is there, and its faults are real.

use super::{Cluster, Codec, Plan, Point, Release, Writer, record, seeded, serial};
use crate::eventually;

/// Offsets and counts that the seeding must lead to on every release.
fn the_logs_are_as_the_truth_says(release: Release) {
    let Some(kafka) = seeded(release) else { return };
    let bounds = |topic: &str, partition: i32| {
        let b = kafka.truth.topic(topic).bounds[&partition];
        (b.start, b.last_stable, b.end)
    };
    assert_eq!(bounds("codec-mixed", 0), (0, 60, 60));
    assert_eq!(bounds("deleted-front", 0), (60, 100, 100));
    assert_eq!(bounds("deleted-all", 0), (100, 100, 100));
    assert_eq!(bounds("empty", 2), (0, 0, 0));
    assert_eq!(bounds("transactions", 0), (0, 25, 25), "20 records, 4 markers, 1 plain record");
    assert_eq!(bounds("transactions", 1), (0, 6, 13), "the open transaction holds back what is behind it");
    assert_eq!(bounds("transactions-interleaved", 0), (0, 32, 32));
    let compacted: Vec<i64> = kafka.truth.topic("compacted").of(0).map(|r| r.offset).collect();
    assert_eq!(compacted, (491..=501).collect::<Vec<_>>());
    for (name, topic) in &kafka.truth.topics {
        for (partition, bounds) in &topic.bounds {
            let outside = topic.of(*partition).find(|r| r.offset < bounds.start || r.offset >= bounds.end);
            assert_eq!(outside, None, "{name}[{partition}] of {bounds:?}");
        }
    }
}

#[test]
fn the_logs_of_4_2_are_as_the_truth_says() {
    the_logs_are_as_the_truth_says(Release::V4_2);
}

#[test]
fn the_logs_of_3_9_are_as_the_truth_says() {
    the_logs_are_as_the_truth_says(Release::V3_9);
}

#[test]
fn the_logs_of_2_8_are_as_the_truth_says() {
    the_logs_are_as_the_truth_says(Release::V2_8);
    if let Some(kafka) = seeded(Release::V2_8) {
        assert_eq!(kafka.truth.topic("old-format-0").records.len(), 24);
    }
}

#[test]
fn killing_a_leader_moves_its_partition_and_a_frozen_broker_says_nothing() {
    let _alone = serial();
    let Some(mut kafka) = Cluster::start(Plan::three(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&kafka.internal);
    writer.create("moving", 1, 3, &[]);
    let leader = usize::try_from(writer.leader("moving", 0)).unwrap();
    writer.append("moving", 0, Codec::None, &[record("before")]);

    kafka.kill(leader);
    let other = leader % 3 + 1;
    let mut writer = Writer::connect(&kafka.internal[other - 1..]);
    eventually("another broker leads", || {
        (writer.learn("moving") == 1 && usize::try_from(writer.leader("moving", 0)).unwrap() != leader).then_some(())
    });
    writer.append("moving", 0, Codec::None, &[record("after")]);
    assert_eq!(writer.offset("moving", 0, Point::End), 2);

    kafka.restart(leader);
    kafka.pause(other);
    let frozen = std::net::TcpStream::connect(&kafka.bootstrap[other - 1]);
    assert!(frozen.is_ok(), "the kernel still accepts for a frozen broker");
    kafka.resume(other);
    assert_eq!(writer.offset("moving", 0, Point::End), 2, "and it goes on where it was");
    kafka.stop(other);
}

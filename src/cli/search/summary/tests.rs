use super::*;
use crate::core::stream::PartitionProgress;

fn partition(id: i32, span: Option<(i64, i64)>, read: Option<(i64, i64)>) -> PartitionProgress {
    PartitionProgress {
        id: PartitionId(id),
        first: read.map(|(first, _)| Offset(first)),
        position: Offset(read.map_or(0, |(_, position)| position)),
        span: span.map(|(from, to)| (Offset(from), Offset(to))),
        log_start: Some(Offset(0)),
        stable: None,
        end: Some(Offset(100)),
        leader: None,
        trouble: None,
    }
}

fn seen(partitions: Vec<PartitionProgress>, facts: &[Fact]) -> Seen {
    let seen = Seen::new(1, false);
    seen.progress(0, &TopicName::new("t"), Progress { partitions, read: 7, matched: 3, broken: 2, ..Progress::default() });
    seen.facts(0, facts);
    seen
}

const READ: End = End { over: Some(Over::Read { budget: false }), gone: false, timed: false, enough: false };

#[test]
fn what_was_not_read_is_told_forward_and_from_the_end_and_is_unknown_where_it_is() {
    let read = |span, read| Summary::of(&seen(vec![partition(0, span, read)], &[]), READ);
    assert_eq!(read(Some((10, 50)), Some((10, 50))).unread, []);
    assert_eq!(
        read(Some((10, 50)), Some((10, 30))).unread,
        [Unread { topic: 0, partition: PartitionId(0), span: Some((Offset(30), Offset(50))) }]
    );
    assert_eq!(
        read(Some((10, 50)), Some((30, 50))).unread,
        [Unread { topic: 0, partition: PartitionId(0), span: Some((Offset(10), Offset(30))) }]
    );
    assert_eq!(read(Some((10, 50)), None).unread, [Unread { topic: 0, partition: PartitionId(0), span: Some((Offset(10), Offset(50))) }]);
    assert_eq!(read(Some((10, 10)), Some((10, 10))).unread, []);
    let unknown = read(None, None);
    assert_eq!(unknown.unread, [Unread { topic: 0, partition: PartitionId(0), span: None }]);
    assert!(unknown.line().ends_with(" ended=end unread=unknown interrupted=0"), "{}", unknown.line());
}

#[test]
fn batches_that_cannot_be_read_count_as_undecodable_and_interruptions_are_counted() {
    let facts = [
        Fact::Corrupt { partition: PartitionId(3), offset: Offset(20), next: Offset(25), bytes: 9, why: "checksum mismatch" },
        Fact::TooLarge { partition: PartitionId(1), offset: Offset(70), next: Offset(71), bytes: 9 },
        Fact::Resumed { partitions: 2, after_ms: 900 },
        Fact::Resumed { partitions: 1, after_ms: 300 },
    ];
    let summary = Summary::of(&seen(Vec::new(), &facts), READ);
    assert_eq!((summary.undecodable, summary.values, summary.first), (8, 2, Some((0, PartitionId(1), Offset(70)))));
    assert_eq!((summary.interrupted, summary.longest_ms), (2, 900));
}

#[test]
fn a_topic_that_went_away_is_no_end() {
    let word = |end: End| end.word();
    assert_eq!(word(READ), "end");
    assert_eq!(word(End { gone: true, ..READ }), "error");
    assert_eq!(word(End { gone: true, enough: true, ..READ }), "limit");
    assert_eq!(word(End { over: None, enough: true, ..READ }), "error");
    assert_eq!(word(End { over: Some(Over::Signal(130)), gone: true, ..READ }), "cancelled");
}

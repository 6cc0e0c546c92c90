use bytes::{BufMut, BytesMut};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{BrokerId as KpBroker, FetchResponse, ProducerId as KpProducer, TopicName as KpTopic};
use kafka_protocol::protocol::{Decodable, Encodable};

use super::*;

const ID: TopicId = TopicId([7; 16]);

fn from(topic: &str, id: TopicId, partition: i32) -> FetchFrom {
    FetchFrom {
        topic: TopicName::new(topic),
        topic_id: id,
        partition: PartitionId(partition),
        offset: Offset(40),
        leader_epoch: LeaderEpoch(3),
        last_epoch: LeaderEpoch(2),
        max_bytes: 1 << 20,
    }
}

fn ask(partitions: Vec<FetchFrom>) -> FetchAsk {
    FetchAsk {
        isolation: Isolation::ReadCommitted,
        max_wait: Duration::from_millis(500),
        min_bytes: 1,
        max_bytes: 8 << 20,
        partitions,
        cap: None,
        head_if_larger: false,
    }
}

fn data(partition: i32, records: &'static [u8]) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_high_watermark(100)
        .with_last_stable_offset(90)
        .with_aborted_transactions(Some(vec![AbortedTransaction::default().with_producer_id(KpProducer(5)).with_first_offset(41)]))
        .with_records(Some(Bytes::from_static(records)))
}

fn response(version: i16, partitions: Vec<PartitionData>) -> FetchResponse {
    let partitions = partitions.into_iter().map(|p| if version >= 5 { p.with_log_start_offset(10) } else { p }).collect();
    let topic = FetchableTopicResponse::default().with_partitions(partitions);
    let topic = if version > LAST_BY_NAME {
        topic.with_topic_id(ID.0.to_vec().try_into().unwrap())
    } else {
        topic.with_topic(KpTopic(StrBytes::from_static_str("orders")))
    };
    FetchResponse::default().with_throttle_time_ms(25).with_responses(vec![topic])
}

fn encoded(version: i16, response: &FetchResponse) -> Bytes {
    let mut bytes = BytesMut::new();
    response.encode(&mut bytes, version).unwrap();
    bytes.freeze()
}

fn wanted(partitions: &[i32]) -> Wanted {
    Wanted::of(&ask(partitions.iter().map(|&partition| from("orders", ID, partition)).collect()))
}

#[test]
fn every_version_of_the_answer_is_read_as_the_protocol_crate_writes_it() {
    for version in 4..=18 {
        let bytes = encoded(version, &response(version, vec![data(1, b"abc"), data(0, b"")]));
        let (error, fetched) = answer::parse(bytes.clone(), version, false, &wanted(&[0, 1])).unwrap();
        assert_eq!((error, fetched.throttle), (None, Duration::from_millis(25)), "v{version}");
        let one = &fetched.partitions[0];
        assert_eq!((one.index, one.error, one.high_watermark, one.last_stable), (1, None, Offset(100), Offset(90)));
        assert_eq!(one.log_start, Offset(if version >= 5 { 10 } else { -1 }));
        assert_eq!(one.aborted, [(ProducerId(5), Offset(41))]);
        assert_eq!((&one.records[..], fetched.partitions[1].index), (&b"abc"[..], 0));
        assert!(bytes.as_ptr_range().contains(&one.records.as_ptr()), "the records were copied");
    }
}

#[test]
fn leaders_and_truncation_are_told_where_the_version_can() {
    for version in 16..=18 {
        let moved = data(0, b"")
            .with_error_code(6)
            .with_current_leader(LeaderIdAndEpoch::default().with_leader_id(KpBroker(2)).with_leader_epoch(9))
            .with_diverging_epoch(EpochEndOffset::default().with_epoch(4).with_end_offset(33));
        let endpoint = NodeEndpoint::default().with_node_id(KpBroker(2)).with_host(StrBytes::from_static_str("kafka-2")).with_port(9092);
        let bytes = encoded(version, &response(version, vec![moved]).with_node_endpoints(vec![endpoint]));
        let (_, fetched) = answer::parse(bytes, version, false, &wanted(&[0])).unwrap();
        let one = &fetched.partitions[0];
        assert_eq!(one.error, Some(ErrorCode(6)));
        assert_eq!(one.new_leader, Some((BrokerId(2), LeaderEpoch(9))));
        assert_eq!(one.diverging, Some((LeaderEpoch(4), Offset(33))));
    }
}

#[test]
fn an_answer_cut_anywhere_or_longer_is_refused() {
    for version in [4, 11, 12, 18] {
        let whole = encoded(version, &response(version, vec![data(0, b"abcdef")]));
        for end in 0..whole.len() {
            assert!(answer::parse(whole.slice(..end), version, false, &wanted(&[0])).is_err(), "v{version} at {end}");
        }
        let mut longer = BytesMut::from(&whole[..]);
        longer.put_u8(0);
        assert!(answer::parse(longer.freeze(), version, false, &wanted(&[0])).is_err());
    }
}

#[test]
fn partitions_not_asked_for_or_named_twice_are_refused() {
    let strange = encoded(12, &response(12, vec![data(3, b"")]));
    assert!(answer::parse(strange, 12, false, &wanted(&[0])).unwrap_err().contains("not asked for"));
    let twice = encoded(12, &response(12, vec![data(0, b""), data(0, b"")]));
    assert!(answer::parse(twice, 12, false, &wanted(&[0])).unwrap_err().contains("twice"));
}

/// A header of a batch of format 2 that claims `length` bytes after its first twelve.
fn batch(offset: i64, length: i32, delta: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.put_i64(offset);
    bytes.put_i32(length);
    bytes.put_i32(0);
    bytes.put_u8(2);
    bytes.put_u32(0);
    bytes.put_i16(0);
    bytes.put_i32(delta);
    bytes
}

#[test]
fn the_head_of_a_large_batch_says_where_to_go_on() {
    let mut records = batch(38, 30, 1);
    records.resize(42, 0);
    records.extend(batch(40, 1_000_000, 4));
    records.resize(1_000_054, 0);
    for version in [4, 12, 18] {
        let bytes = encoded(version, &response(version, vec![data(0, b"").with_records(Some(records.clone().into()))]));
        let (_, fetched) = answer::parse(bytes.slice(..60_000), version, true, &wanted(&[0])).unwrap();
        let one = &fetched.partitions[0];
        assert_eq!(one.whole_size, Some(1_000_054), "v{version}");
        assert_eq!(one.too_large(), Some(TooLarge { offset: Offset(40), size: 1_000_012, next: Offset(45) }));
        let (_, fetched) = answer::parse(bytes, version, false, &wanted(&[0])).unwrap();
        assert_eq!(fetched.partitions[0].too_large(), None);
    }
}

#[test]
fn the_request_encodes_at_every_version() {
    let ask = ask(vec![from("orders", ID, 0), from("orders", ID, 1), from("bills", TopicId([8; 16]), 0)]);
    for version in Fetch::MIN..=Fetch::MAX {
        let mut bytes = BytesMut::new();
        request(version, &ask).encode(&mut bytes, version).unwrap_or_else(|error| panic!("v{version}: {error}"));
        let back = FetchRequest::decode(&mut bytes.freeze(), version).unwrap();
        assert_eq!((back.session_id, back.session_epoch, back.isolation_level), (0, -1, 1));
        assert_eq!(back.topics.iter().map(|topic| topic.partitions.len()).collect::<Vec<_>>(), [2, 1]);
        let first = &back.topics[0];
        assert_eq!(version > LAST_BY_NAME, first.topic_id.as_bytes() == &ID.0, "v{version}");
        assert_eq!(first.partitions[1].current_leader_epoch, if version >= 9 { 3 } else { -1 });
        assert_eq!(first.partitions[1].last_fetched_epoch, if version >= 12 { 2 } else { -1 });
    }
    assert_eq!((Fetch::MIN, Fetch::MAX), (4, 18));
}

//! One table or test for each rule of the reader; hostile bytes and properties have files of their own.

mod hostile;
mod properties;

use super::writer::{BatchWriter, message, wrapper};
use super::{Batch, Found, RecordFault, Scratch, batches, hop};
use crate::model::{Codec, Header, LeaderEpoch, Offset, PartitionId, ProducerId, RecordRef, TimestampType};

pub(super) const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
const P: PartitionId = PartitionId(3);

/// The batch that the bytes begin with.
pub(super) fn only(bytes: &[u8]) -> Batch<'_> {
    match batches(P, bytes).next() {
        Some(Found::Batch(batch)) => batch,
        other => panic!("{other:?}"),
    }
}

/// A record without its lifetime: offset, timestamp, key, value, headers.
pub(super) type Plain = (i64, i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

pub(super) fn plain(record: &RecordRef<'_>) -> Plain {
    let headers = record.headers.iter().map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec))).collect();
    (record.offset.0, record.timestamp_ms, record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec), headers)
}

/// The good records and the faults of a batch that opens.
pub(super) fn read(bytes: &[u8]) -> (Vec<Plain>, Vec<RecordFault>) {
    let mut scratch = Scratch::default();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for record in only(bytes).open(&mut scratch).unwrap().records() {
        match record {
            Ok(record) => good.push(plain(&record)),
            Err(fault) => bad.push(fault),
        }
    }
    (good, bad)
}

fn offsets(bytes: &[u8]) -> Vec<i64> {
    read(bytes).0.iter().map(|record| record.0).collect()
}

fn times(bytes: &[u8]) -> Vec<i64> {
    read(bytes).0.iter().map(|record| record.1).collect()
}

#[test]
fn all_fields_of_the_header_and_the_facts() {
    let writer = BatchWriter::new(Offset(100)).codec(Codec::Lz4).leader_epoch(LeaderEpoch(6)).transaction(ProducerId(77), 2);
    let bytes = writer.record(1_000, Some(b"k"), None).skip_to(4).record(900, None, Some(b"")).last_offset_delta(9).finish().unwrap();
    let batch = only(&bytes);
    let header = batch.header();
    assert_eq!((header.base_offset, header.last_offset_delta, header.records, header.magic), (Offset(100), 9, 2, 2));
    assert_eq!((header.base_timestamp, header.max_timestamp), (1_000, 1_000));
    assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (77, 2, 0));
    assert_eq!(usize::try_from(header.length).unwrap() + 12, bytes.len());
    assert_eq!(header.attributes, 0x13);
    let facts = batch.facts();
    assert_eq!((facts.base_offset, facts.next_offset, facts.codec, facts.records), (Offset(100), Offset(110), Codec::Lz4, 2));
    assert_eq!((facts.size as usize, facts.magic, facts.leader_epoch), (bytes.len(), 2, LeaderEpoch(6)));
    assert_eq!((facts.timestamp_type, facts.transaction), (TimestampType::Create, Some(ProducerId(77))));
    assert!(!batch.is_control() && batch.crc_ok());
    assert_eq!(read(&bytes).0, [(100, 1_000, Some(b"k".to_vec()), None, vec![]), (104, 900, None, Some(vec![]), vec![])]);
}

#[test]
fn every_codec_gives_back_the_records() {
    let big = b"0123456789abcdef".repeat(20_000);
    let mut scratch = Scratch::default();
    for codec in CODECS {
        let bytes = BatchWriter::new(Offset(5)).codec(codec).record(1, None, Some(&big)).record(2, Some(b"k"), None).finish().unwrap();
        for _ in 0..2 {
            let opened = only(&bytes).open(&mut scratch).unwrap();
            let records: Vec<_> = opened.records().map(Result::unwrap).collect();
            assert_eq!(records.iter().map(|r| r.value).collect::<Vec<_>>(), [Some(&big[..]), None], "{codec:?}");
        }
        if codec == Codec::None {
            let opened = only(&bytes).open(&mut scratch).unwrap();
            assert!(bytes.as_ptr_range().contains(&opened.bytes().as_ptr()), "copied");
        }
    }
}

#[test]
fn headers_keep_order_duplicates_nulls_and_any_bytes() {
    let headers: [(&[u8], Option<&[u8]>); 5] =
        [(b"h", Some(b"1")), (b"b", None), (b"", Some(b"")), (b"\xff\xfe", Some(b"\0")), (b"h", Some(b"3"))];
    let bytes = BatchWriter::new(Offset(0)).record_with(0, None, None, &headers).finish().unwrap();
    let mut scratch = Scratch::default();
    let opened = only(&bytes).open(&mut scratch).unwrap();
    let record = opened.records().next().unwrap().unwrap();
    let read: Vec<_> = record.headers.iter().collect();
    assert_eq!(read, headers.map(|(key, value)| Header { key, value }));
}

#[test]
fn timestamps_are_what_a_consumer_sees() {
    let stamped = |base, ms| BatchWriter::new(Offset(0)).base_timestamp(base).record(ms, None, None).finish().unwrap();
    for ms in [-1, 0, i64::MIN, i64::MAX, 1_700_000_000_000] {
        assert_eq!(times(&stamped(ms, ms)), [ms]);
    }
    // A delta that overflows wraps around, as Java's addition does.
    assert_eq!(times(&stamped(i64::MAX, i64::MIN)), [i64::MIN]);
    let append = BatchWriter::new(Offset(0)).append_time(999).record(5, None, None).record(7, None, None).finish().unwrap();
    assert_eq!(times(&append), [999, 999]);
    assert_eq!(only(&append).facts().timestamp_type, TimestampType::Append);
}

#[test]
fn an_empty_batch_still_moves_on() {
    for codec in CODECS {
        let bytes = BatchWriter::new(Offset(50)).codec(codec).last_offset_delta(9).finish().unwrap();
        assert_eq!(read(&bytes), (vec![], vec![]));
        assert_eq!(hop(Offset(50), &bytes).next, Offset(60));
    }
}

#[test]
fn hopping_finds_the_next_fetch() {
    let one = BatchWriter::new(Offset(10)).record(0, None, None).finish().unwrap();
    let two = BatchWriter::new(Offset(11)).codec(Codec::Zstd).record(0, None, None).last_offset_delta(4).finish().unwrap();
    let three = BatchWriter::new(Offset(16)).record(0, None, Some(&[b'x'; 300])).last_offset_delta(1).finish().unwrap();
    let cut = [&one[..], &two, &three[..100]].concat();
    let hopped = hop(Offset(10), &cut);
    assert_eq!((hopped.next, hopped.batches, hopped.bytes, hopped.records), (Offset(16), 2, one.len() + two.len(), 2));
    let end = hopped.cut.unwrap();
    assert_eq!((end.base_offset, end.size, end.have), (Some(Offset(16)), Some(three.len() as u64), 100));
    assert_eq!(end.next_offset, Some(Offset(18)), "how to step over one that is too large");
    assert_eq!(hop(Offset(40), &cut).next, Offset(40), "an answer never leads back");
    assert_eq!(hop(Offset(40), &[]).next, Offset(40));
    let only_cut = hop(Offset(16), &three[..100]);
    assert_eq!((only_cut.next, only_cut.batches), (Offset(16), 0));
}

#[test]
fn skipping_to_a_hit_decodes_only_what_holds_it() {
    for codec in [Codec::None, Codec::Lz4] {
        let mut writer = BatchWriter::new(Offset(0)).codec(codec);
        for i in 0..100 {
            let value = format!("record {i:03}");
            writer = writer.record(0, None, Some(value.as_bytes()));
        }
        let bytes = writer.finish().unwrap();
        let mut scratch = Scratch::default();
        let opened = only(&bytes).open(&mut scratch).unwrap();
        let mut records = opened.records();
        let mut found = Vec::new();
        let finder = memchr::memmem::Finder::new("7");
        while let Some(hit) = finder.find(&opened.bytes()[records.position()..]) {
            records.skip_to(records.position() + hit);
            let record = records.next().unwrap().unwrap();
            assert!(record.value.unwrap().contains(&b'7'));
            found.push(record.offset.0);
        }
        let want: Vec<i64> = (0..100).filter(|i| i.to_string().contains('7')).collect();
        assert_eq!(found, want);
        assert_eq!(records.skip_to(usize::MAX), 2);
        assert_eq!((records.passed(), records.next().is_none()), (100, true));
    }
}

#[test]
fn plain_messages_of_the_old_formats() {
    let zero = message(0, 41, 0, 0, Some(b"k"), Some(b"v"));
    let one = message(1, 42, 1_234, 0, None, None);
    let append = message(1, 43, 1_235, 8, None, Some(b""));
    let answer = [&zero[..], &one, &append, &BatchWriter::new(Offset(44)).record(7, None, None).finish().unwrap()].concat();
    let mut scratch = Scratch::default();
    let mut seen = Vec::new();
    for found in batches(P, &answer) {
        let Found::Batch(batch) = found else { panic!("{found:?}") };
        assert!(batch.crc_ok());
        for record in batch.open(&mut scratch).unwrap().records() {
            let record = record.unwrap();
            seen.push((record.offset.0, record.timestamp_ms, record.timestamp_type, record.key.is_some(), record.value.map(<[u8]>::len)));
        }
    }
    let want = [
        (41, -1, TimestampType::None, true, Some(1)),
        (42, 1_234, TimestampType::Create, false, None),
        (43, 1_235, TimestampType::Append, false, Some(0)),
        (44, 7, TimestampType::Create, false, None),
    ];
    assert_eq!(seen, want);
    assert_eq!(hop(Offset(41), &answer).next, Offset(45));
}

#[test]
fn compressed_wrappers_of_the_old_formats() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4] {
        let zero = [message(0, 40, 0, 0, None, Some(b"a")), message(0, 44, 0, 0, None, Some(b"b"))].concat();
        assert_eq!(offsets(&wrapper(0, 44, 0, false, codec, &zero).unwrap()), [40, 44], "format 0 within is absolute");
        let one = [message(1, 0, 7, 0, None, Some(b"a")), message(1, 4, 8, 0, None, Some(b"b"))].concat();
        let create = wrapper(1, 44, 99, false, codec, &one).unwrap();
        assert_eq!((offsets(&create), times(&create)), (vec![40, 44], vec![7, 8]));
        let append = wrapper(1, 44, 99, true, codec, &one).unwrap();
        assert_eq!((offsets(&append), times(&append)), (vec![40, 44], vec![99, 99]));
        let mut scratch = Scratch::default();
        assert_eq!(only(&create).facts().records, -1, "unknown before it is opened");
        assert_eq!(only(&create).open(&mut scratch).unwrap().facts().records, 2);
    }
}

//! What holds for all records and for all bytes.

use proptest::prelude::*;

use super::super::build::{Builder, NewRecord, Sequence, stamp};
use super::super::writer::{self, BatchWriter, message, seal, wrapper};
use super::super::{Found, Scratch, batches, hop};
use super::{CODECS, Plain, plain, read};
use crate::model::{Codec, Offset, PartitionId, ProducerId};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => prop::collection::vec(any::<u8>(), 0..40), 1 => (any::<u8>(), 0..200_000_usize).prop_map(|(byte, n)| vec![byte; n])]
}

/// A record, its offset yet 0, and the gap before it.
fn record() -> impl Strategy<Value = (Plain, i32)> {
    let header = (prop::collection::vec(any::<u8>(), 0..6), prop::option::of(prop::collection::vec(any::<u8>(), 0..6)));
    let gap = prop_oneof![3 => Just(0), 1 => 1..1000_i32];
    ((Just(0), any::<i64>(), prop::option::of(bytes()), prop::option::of(bytes()), prop::collection::vec(header, 0..4)), gap)
}

fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(CODECS.to_vec())
}

/// Reads everything that there is, in every way.
fn exhaust(bytes: &[u8], scratch: &mut Scratch) {
    hop(Offset(0), bytes);
    for found in batches(PartitionId(0), bytes) {
        let Found::Batch(batch) = found else { continue };
        assert!(batch.next_offset() > batch.header().base_offset || batch.header().base_offset.0 == i64::MAX);
        let _ = batch.control(scratch);
        let Ok(opened) = batch.open_unchecked(scratch) else { continue };
        for record in opened.records().flatten() {
            assert_eq!(record.headers.iter().count(), record.headers.len());
        }
        let mut records = opened.records();
        records.skip_to(opened.bytes().len() / 2);
        assert!(records.position() <= opened.bytes().len());
        records.count();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_is_what_is_read(codec in codec(), records in prop::collection::vec(record(), 1..12), limit in 61..100_000_usize) {
        let mut builder = Builder::default();
        let mut want: Vec<Plain> = Vec::new();
        for ((_, ms, key, value, headers), _gap) in &records {
            let wire: Vec<writer::NewHeader<'_>> = headers.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
            let record = NewRecord { timestamp_ms: *ms, key: key.as_deref(), value: value.as_deref(), headers: &wire };
            if !builder.take(&record, limit) {
                prop_assert!(!want.is_empty());
                break;
            }
            want.push((i64::try_from(want.len()).unwrap(), *ms, key.clone(), value.clone(), headers.clone()));
        }
        let (size, count) = (builder.size(), builder.count());
        prop_assert!(want.len() == 1 || size <= limit);
        let mut bytes = builder.seal(codec).unwrap();
        prop_assert!(codec != Codec::None || bytes.len() == size);
        let sequence = Sequence { producer: ProducerId(77), epoch: 3, first: i32::MAX - 1 };
        stamp(&mut bytes, Some(sequence));
        let header = *super::only(&bytes).header();
        prop_assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (77, 3, i32::MAX - 1));
        prop_assert_eq!((header.base_offset, header.records, header.last_offset_delta), (Offset(0), count, count - 1));
        prop_assert_eq!(header.max_timestamp, want.iter().map(|record| record.1).max().unwrap());
        let (good, bad) = read(&bytes);
        prop_assert_eq!(good, want);
        prop_assert!(bad.is_empty(), "{:?}", bad);
        stamp(&mut bytes, None);
        prop_assert!(super::only(&bytes).crc_ok() && super::only(&bytes).header().producer_id == -1);
    }

    #[test]
    fn reading_gives_what_was_written(base in 0..i64::MAX / 2, codec in codec(), records in prop::collection::vec(record(), 0..8)) {
        let mut writer = BatchWriter::new(Offset(base)).codec(codec);
        let mut want: Vec<Plain> = Vec::new();
        let mut delta = 0;
        for ((_, ms, key, value, headers), gap) in &records {
            delta += gap;
            let wire: Vec<writer::NewHeader<'_>> = headers.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
            writer = writer.skip_to(delta).record_with(*ms, key.as_deref(), value.as_deref(), &wire);
            want.push((base + i64::from(delta), *ms, key.clone(), value.clone(), headers.clone()));
            delta += 1;
        }
        let bytes = writer.finish().unwrap();
        let (good, bad) = read(&bytes);
        prop_assert_eq!(good, want);
        prop_assert!(bad.is_empty());
    }

    #[test]
    fn reading_old_sets_gives_what_was_written(magic in 0..2_i8, codec in codec(), records in prop::collection::vec((any::<i64>(), prop::option::of(bytes()), prop::option::of(bytes())), 1..6)) {
        let mut set = Vec::new();
        for (at, (ms, key, value)) in (0..).zip(&records) {
            let offset = if magic == 0 { 100 + at } else { at };
            set.extend(message(magic, offset, *ms, 0, key.as_deref(), value.as_deref()));
        }
        let last = 99 + i64::try_from(records.len()).unwrap();
        prop_assume!(codec != Codec::None);
        let outer = wrapper(magic, last, 5, false, codec, &set).unwrap();
        let (good, bad) = read(&outer);
        let want: Vec<Plain> = (100..).zip(records).map(|(at, (ms, key, value))| (at, if magic == 0 { -1 } else { ms }, key, value, vec![])).collect();
        prop_assert_eq!(good, want);
        prop_assert!(bad.is_empty());
    }

    #[test]
    fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        exhaust(&bytes, &mut Scratch::with_limit(1 << 20));
    }

    #[test]
    fn any_change_of_a_good_answer_ends(codec in codec(), magic in 0..3_i8, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), sealed in any::<bool>()) {
        let value = b"abcabcabcabc-".repeat(30);
        let mut bytes = match magic {
            2 => BatchWriter::new(Offset(3)).codec(codec).record_with(1, Some(b"k"), Some(&value), &[(b"h", None)]).record(2, None, None).finish().unwrap(),
            old => wrapper(old, 9, 1, false, codec, &message(old, 0, 1, 0, None, Some(&value))).unwrap(),
        };
        for (at, with) in changes {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        if sealed {
            seal(&mut bytes);
        }
        let twice = [bytes.clone(), bytes].concat();
        exhaust(&twice, &mut Scratch::with_limit(1 << 20));
    }

    #[test]
    fn any_payload_of_any_codec_ends(codec in 0..8_i16, mut payload in prop::collection::vec(any::<u8>(), 0..300), real in any::<bool>()) {
        if real && let Some(&codec) = CODECS.get(usize::try_from(codec).unwrap()) {
            // Arbitrary records behind a real codec.
            payload = writer::compress(codec, &payload).unwrap();
        }
        let mut bytes = BatchWriter::new(Offset(3)).last_offset_delta(100).finish().unwrap();
        bytes[21..23].copy_from_slice(&codec.to_be_bytes());
        bytes.extend(payload);
        seal(&mut bytes);
        exhaust(&bytes, &mut Scratch::with_limit(1 << 20));
    }
}

#[test]
fn what_is_read_can_be_told_apart() {
    // The comparison of the properties looks at every part of a record.
    let with = |value: &[u8]| BatchWriter::new(Offset(0)).record(0, None, Some(value)).finish().unwrap();
    assert_ne!(read(&with(b"a")).0, read(&with(b"b")).0);
    let bytes = with(b"a");
    let mut scratch = Scratch::default();
    let opened = super::only(&bytes).open(&mut scratch).unwrap();
    assert_eq!(plain(&opened.records().next().unwrap().unwrap()).0, 0);
}

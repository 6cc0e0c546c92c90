//! Bytes that nobody honest writes. Each must be a value, at its place, and the next batch must stay readable.

use super::super::writer::{self, BatchWriter, message, seal, seal_crc, wrapper};
use super::super::{Corrupt, Fault, Found, Scratch, batches, hop};
use super::{CODECS, only, read};
use crate::model::{Codec, Offset, PartitionId};

const P: PartitionId = PartitionId(0);

fn good(offset: i64) -> Vec<u8> {
    BatchWriter::new(Offset(offset)).record(1, Some(b"key"), Some(b"value")).finish().unwrap()
}

/// A batch of format 2 with these attribute bits and this count over any payload.
fn raw(attributes: i16, count: i32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = BatchWriter::new(Offset(9)).last_offset_delta(i32::MAX - 9).base_timestamp(0).finish().unwrap();
    bytes[21..23].copy_from_slice(&attributes.to_be_bytes());
    bytes[57..61].copy_from_slice(&count.to_be_bytes());
    bytes.extend(payload);
    seal(&mut bytes);
    bytes
}

fn bits(codec: Codec) -> i16 {
    i16::try_from(CODECS.iter().position(|&c| c == codec).unwrap()).unwrap()
}

fn open(bytes: &[u8]) -> Result<usize, Fault> {
    only(bytes).open(&mut Scratch::default()).map(|opened| opened.records().count())
}

fn corrupt(bytes: &[u8]) -> Corrupt {
    match batches(P, bytes).next() {
        Some(Found::Corrupt(corrupt)) => corrupt,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cut_at_every_byte() {
    for last in [good(8), message(1, 8, 0, 0, Some(b"k"), Some(b"v"))] {
        let answer = [good(7), last].concat();
        let first = good(7).len();
        for end in 0..answer.len() {
            let found: Vec<_> = batches(P, &answer[..end]).collect();
            let whole = usize::from(end >= first);
            assert_eq!(found.iter().filter(|f| matches!(f, Found::Batch(_))).count(), whole);
            assert_eq!(found.len(), whole + usize::from(end != 0 && end != first), "at {end}");
            let Some(Found::CutOff(cut)) = found.last() else { continue };
            let have = end - whole * first;
            assert_eq!((cut.have, cut.base_offset.is_some(), cut.size.is_some()), (have, have >= 8, have >= 12));
        }
    }
}

#[test]
fn lengths_that_cannot_be() {
    for length in [-1, 0, 13, i32::MIN] {
        let mut bytes = good(5);
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let answer = [good(4), bytes].concat();
        let found: Vec<_> = batches(P, &answer).collect();
        let [Found::Batch(_), Found::Corrupt(c)] = found[..] else { panic!("{found:?}") };
        assert_eq!((c.base_offset, c.next_offset, c.size, c.why), (Offset(5), None, good(5).len(), Fault::Length(length)));
        assert_eq!(hop(Offset(4), &answer).next, Offset(5));
    }
    let mut past = good(5);
    past[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    let hopped = hop(Offset(5), &past);
    assert_eq!(hopped.cut.unwrap().size, Some(0x7fff_ffff + 12));
    // Believable, yet too short for a header of format 2: stepped over.
    let mut short = good(5)[..40].to_vec();
    short[8..12].copy_from_slice(&28_i32.to_be_bytes());
    let answer = [short, good(6)].concat();
    let found: Vec<_> = batches(P, &answer).collect();
    assert!(matches!(found[..], [Found::Corrupt(Corrupt { size: 40, next_offset: Some(Offset(6)), .. }), Found::Batch(_)]), "{found:?}");
}

#[test]
fn headers_that_cannot_be_are_stepped_over() {
    let patch = |at: usize, with: &[u8]| {
        let mut bytes = good(5);
        bytes[at..at + with.len()].copy_from_slice(with);
        seal_crc(&mut bytes);
        bytes
    };
    let cases: [(Vec<u8>, Fault, Option<i64>); 9] = [
        (patch(16, &[3]), Fault::Format(3), None),
        (patch(16, &[0xff]), Fault::Format(-1), None),
        (patch(21, &5_i16.to_be_bytes()), Fault::UnknownCodec(5), Some(6)),
        (patch(21, &6_i16.to_be_bytes()), Fault::UnknownCodec(6), Some(6)),
        (patch(21, &7_i16.to_be_bytes()), Fault::UnknownCodec(7), Some(6)),
        (patch(23, &(-1_i32).to_be_bytes()), Fault::Header("its last offset lies before its first"), None),
        (patch(0, &i64::MAX.to_be_bytes()), Fault::Header("its last offset is past the largest number"), None),
        (patch(0, &(-5_i64).to_be_bytes()), Fault::Header("its offset is negative"), None),
        (message(1, 5, 0, 5, None, Some(b"v")), Fault::UnknownCodec(5), Some(6)),
    ];
    for (bytes, why, next) in cases {
        let c = corrupt(&bytes);
        assert_eq!((c.why, c.next_offset, c.size), (why, next.map(Offset), bytes.len()));
        let answer = [good(4), bytes, good(6)].concat();
        let found: Vec<_> = batches(P, &answer).collect();
        assert!(matches!(found[..], [Found::Batch(_), Found::Corrupt(_), Found::Batch(_)]), "{found:?}");
        assert_eq!(hop(Offset(4), &answer).next, Offset(7));
    }
}

#[test]
fn a_checksum_off_by_one_is_noticed_in_every_format() {
    for (mut bytes, at) in [(good(5), 20), (message(0, 5, 0, 0, None, Some(b"v")), 15), (message(1, 5, 0, 0, None, Some(b"v")), 15)] {
        bytes[at] ^= 1;
        assert!(!only(&bytes).crc_ok());
        assert!(matches!(open(&bytes), Err(Fault::Crc { said, is }) if said ^ is == 1));
        assert_eq!(only(&bytes).open_unchecked(&mut Scratch::default()).unwrap().records().count(), 1);
    }
}

#[test]
fn wrong_counts_come_after_the_good_records() {
    let payload = &good(0)[61..];
    for (count, records) in [(-1, 1), (0, 1), (2, 1), (i32::MAX, 1), (i32::MIN, 1)] {
        for codec in CODECS {
            let bytes = raw(bits(codec), count, &writer::compress(codec, payload).unwrap());
            let (good, bad) = read(&bytes);
            assert_eq!((good.len(), bad.len()), (records, 1));
            assert_eq!((bad[0].why, bad[0].reached), (Fault::Count { said: count, found: 1 }, Offset(10)));
        }
    }
}

#[test]
fn a_malformed_record_ends_its_batch_after_the_good_ones() {
    // A record of 7 bytes: attributes, timestamp, delta, key null, value null, no headers; then what is wrong.
    let well = [12, 0, 0, 0, 1, 1, 0];
    let max = [0xfe, 0xff, 0xff, 0xff, 0x0f];
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a negative length", vec![1]),
        ("a length past the end", vec![100, 0]),
        ("an endless varint", vec![0x80; 12]),
        ("no length at all", vec![0x80]),
        ("an empty record", vec![0]),
        ("a key past the end", vec![12, 0, 0, 2, 60, 1, 0]),
        ("a value past the end", vec![12, 0, 0, 2, 1, 60, 0]),
        ("too long for its fields", vec![14, 0, 0, 2, 1, 1, 0, 9]),
        ("an offset before the batch", vec![12, 0, 0, 1, 1, 1, 0]),
        ("an offset behind the batch", [&[20, 0, 0][..], &max, &[1, 1, 0]].concat()),
        ("a negative number of headers", vec![12, 0, 0, 2, 1, 1, 1]),
        ("i32::MAX headers", [&[20, 0, 0, 2, 1, 1][..], &max].concat()),
        ("a null header key", vec![16, 0, 0, 2, 1, 1, 2, 1, 1]),
        ("a header value past the end", vec![18, 0, 0, 2, 1, 1, 2, 0, 60]),
    ];
    for (what, wrong) in cases {
        let bytes = raw(0, 3, &[&well[..], &wrong].concat());
        let (good, bad) = read(&bytes);
        assert_eq!((good.len(), bad.len()), (1, 1), "{what}");
        assert!(matches!(bad[0].why, Fault::Record(_)), "{what}: {:?}", bad[0]);
        assert_eq!((bad[0].reached, bad[0].position), (Offset(10), 7), "{what}");
        let answer = [bytes, writer::control(Offset(20), crate::model::ProducerId(1), 0, 1, 0)].concat();
        assert_eq!(batches(P, &answer).filter(|f| matches!(f, Found::Batch(_))).count(), 2, "{what}");
    }
}

#[test]
fn ten_thousand_headers() {
    let header: (&[u8], Option<&[u8]>) = (b"k", None);
    let bytes = BatchWriter::new(Offset(0)).record_with(0, None, None, &vec![header; 10_000]).finish().unwrap();
    assert_eq!(read(&bytes).0[0].4.len(), 10_000);
}

#[test]
fn bombs_stop_at_the_limit() {
    let zeros = vec![0; 8 << 20];
    for codec in &CODECS[1..] {
        let bytes = raw(bits(*codec), 1, &writer::compress(*codec, &zeros).unwrap());
        for limit in [0, 1, 100_000, 1 << 20, zeros.len() - 1] {
            let mut scratch = Scratch::with_limit(limit);
            assert_eq!(only(&bytes).open(&mut scratch).map(|_| ()), Err(Fault::TooLarge { limit }), "{codec:?}");
            assert!(scratch.held() <= limit, "{codec:?} holds {}", scratch.held());
        }
        let mut scratch = Scratch::with_limit(zeros.len());
        assert_eq!(only(&bytes).open(&mut scratch).unwrap().bytes().len(), zeros.len(), "{codec:?}: just at the limit");
    }
}

#[test]
fn a_large_buffer_is_given_back_once_it_is_not_needed() {
    let mut scratch = Scratch::default();
    let large = raw(bits(Codec::Zstd), 1, &writer::compress(Codec::Zstd, &vec![0; 20 << 20]).unwrap());
    let small = BatchWriter::new(Offset(0)).codec(Codec::Lz4).record(0, None, None).finish().unwrap();
    only(&large).open(&mut scratch).unwrap();
    assert!(scratch.held() >= 20 << 20);
    for _ in 0..2 {
        only(&small).open(&mut scratch).unwrap();
    }
    assert!(scratch.held() <= 4 << 20, "{}", scratch.held());
}

#[test]
fn broken_compressed_bytes_are_a_fault_and_never_a_panic() {
    let payload = b"some text, some text, some other text; ".repeat(3_000);
    for codec in &CODECS[1..] {
        let packed = writer::compress(*codec, &payload).unwrap();
        let mut scratch = Scratch::default();
        for end in 0..packed.len() {
            let bytes = raw(bits(*codec), 1, &packed[..end]);
            let opened = only(&bytes).open(&mut scratch).map(|o| o.bytes().len());
            let chunk_ended = *codec == Codec::Snappy && opened.is_ok();
            assert!(end == 0 || chunk_ended || matches!(opened, Err(Fault::Broken { .. })), "{codec:?} cut at {end}: {opened:?}");
        }
        for at in 0..packed.len() {
            let mut bytes = packed.clone();
            bytes[at] ^= 0x55;
            if let Ok(opened) = only(&raw(bits(*codec), 1, &bytes)).open(&mut scratch) {
                opened.records().count();
            }
        }
    }
}

#[test]
fn gzip_members_and_what_follows_them() {
    let member = |text: &[u8]| writer::compress(Codec::Gzip, text).unwrap();
    let size = |payload: &[u8]| {
        let mut scratch = Scratch::default();
        only(&raw(1, 0, payload)).open(&mut scratch).map(|opened| opened.bytes().to_vec())
    };
    assert_eq!(size(&[member(b"one, "), member(b"two")].concat()).unwrap(), b"one, two");
    assert_eq!(size(&[member(b"one"), b"trailing".to_vec()].concat()).unwrap(), b"one");
    let mut named = member(b"one");
    named[3] = 4 | 8 | 16 | 2;
    named.splice(10..10, [2, 0, b'x', b'y', b'n', 0, b'c', 0, 1, 2]);
    assert_eq!(size(&named).unwrap(), b"one");
    let mut wrong = member(b"one");
    let end = wrong.len();
    wrong[end - 8] ^= 1;
    assert_eq!(size(&wrong), Err(Fault::Broken { codec: Codec::Gzip, why: "checksum mismatch" }));
}

#[test]
fn snappy_in_both_framings_and_with_lies() {
    let text = b"snap, snap, snap, snap, snap".repeat(10);
    let block = snap::raw::Encoder::new().compress_vec(&text).unwrap();
    let open = |payload: &[u8]| only(&raw(2, 0, payload)).open(&mut Scratch::default()).map(|opened| opened.bytes().to_vec());
    assert_eq!(open(&block).unwrap(), text);
    let framed = writer::compress(Codec::Snappy, &text).unwrap();
    assert_eq!(open(&[&framed[..], &framed].concat()).unwrap(), [&text[..], &text].concat());
    // A raw block that claims 4 GiB, and one that claims what would be within the limit.
    for lie in [&[0xff, 0xff, 0xff, 0xff, 0x0f, 0][..], &[0x80, 0x80, 0x80, 0x10, 0]] {
        let mut scratch = Scratch::default();
        let fault = only(&raw(2, 0, lie)).open(&mut scratch).map(|_| ()).unwrap_err();
        assert!(matches!(fault, Fault::Broken { codec: Codec::Snappy, .. }), "{fault:?}");
        assert_eq!(scratch.held(), 0);
    }
    let mut negative = framed;
    negative[16..20].copy_from_slice(&(-1_i32).to_be_bytes());
    assert!(open(&negative).is_err());
}

#[test]
fn lz4_frames_of_every_kind() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    use std::io::Write as _;
    let text: Vec<u8> = (0..40_000_u32).flat_map(|i| (i / 3 % 1000).to_le_bytes()).collect();
    let open = |payload: &[u8]| only(&raw(3, 0, payload)).open(&mut Scratch::default()).map(|opened| opened.bytes().to_vec());
    for mode in [BlockMode::Linked, BlockMode::Independent] {
        for size in [BlockSize::Max64KB, BlockSize::Max256KB, BlockSize::Max1MB, BlockSize::Max4MB] {
            for sums in [false, true] {
                let info = FrameInfo::new().block_mode(mode).block_size(size).block_checksums(sums).content_checksum(sums);
                let info = if sums { info.content_size(Some(text.len() as u64)) } else { info };
                let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
                encoder.write_all(&text).unwrap();
                let frame = encoder.finish().unwrap();
                assert_eq!(open(&frame).as_deref(), Ok(&text[..]), "{mode:?} {size:?} {sums}");
                assert_eq!(open(&[&frame[..], b"more"].concat()).as_deref(), Ok(&text[..]));
            }
        }
    }
    let mut frame = writer::compress(Codec::Lz4, b"text").unwrap();
    frame[6] ^= 1;
    assert_eq!(open(&frame), Err(Fault::Broken { codec: Codec::Lz4, why: "the header's checksum mismatches" }));
    // Old clients wrote a wrong one; so it is not looked at in the old formats.
    let set = message(0, 3, 0, 0, None, Some(b"v"));
    let mut frame = writer::compress(Codec::Lz4, &set).unwrap();
    frame[6] ^= 1;
    let old = message(0, 3, 0, 3, None, Some(&frame));
    assert_eq!(read(&old).0.len(), 1);
}

#[test]
fn zstd_frames_of_every_kind() {
    let text = b"zstd ".repeat(100_000);
    let open = |payload: &[u8]| only(&raw(4, 0, payload)).open(&mut Scratch::default()).map(|opened| opened.bytes().to_vec());
    let sized = zstd::bulk::compress(&text, 1).unwrap();
    let streamed = writer::compress(Codec::Zstd, &text).unwrap();
    assert_eq!(open(&sized).unwrap(), text);
    assert_eq!(open(&[&sized[..], &streamed].concat()).unwrap().len(), 2 * text.len());
    assert_eq!(open(&[&sized[..], b"trailing"].concat()).unwrap(), text);
    // A window of 2 GiB is asked for: no memory is taken for it.
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.long_distance_matching(true).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, &text).unwrap();
    let mut huge = encoder.finish().unwrap();
    huge[5] = 21 << 3;
    assert_eq!(open(&huge).unwrap(), text);
    // Flushed after every record: the bound is far above what is there.
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    for record in text.chunks(50) {
        std::io::Write::write_all(&mut encoder, record).unwrap();
        std::io::Write::flush(&mut encoder).unwrap();
    }
    let flushed = raw(4, 0, &encoder.finish().unwrap());
    let mut scratch = Scratch::default();
    assert_eq!(only(&flushed).open(&mut scratch).unwrap().bytes(), text);
    assert!(scratch.held() <= 4 << 20, "{}", scratch.held());
    // A size in the header that is less, or more, than there is.
    for said in [1, 0xff] {
        let mut lie = zstd::bulk::compress(&[7; 200], 1).unwrap();
        assert_eq!(lie[4] & 0x20, 0x20, "one byte of size follows");
        lie[5] = said;
        assert!(matches!(open(&lie), Err(Fault::Broken { .. })));
    }
}

#[test]
fn old_sets_that_lie() {
    let inner = message(1, 0, 0, 0, None, Some(b"v"));
    let nested = wrapper(1, 9, 0, false, Codec::Gzip, &wrapper(1, 0, 0, false, Codec::Gzip, &inner).unwrap()).unwrap();
    assert!(matches!(read(&nested).1[..], [f] if f.why == Fault::Record("a compressed message within a compressed message")));
    let mixed = wrapper(1, 9, 0, false, Codec::Gzip, &message(0, 0, 0, 0, None, None)).unwrap();
    assert!(matches!(read(&mixed).1[..], [f] if f.why == Fault::Record("a message of another format than its wrapper's")));
    let mut bad = inner.clone();
    bad[12] ^= 1;
    let set = [bad, inner.clone(), inner.clone()].concat();
    let (good, faults) = read(&wrapper(0, 9, 0, false, Codec::Gzip, &set.clone()).unwrap());
    assert_eq!((good.len(), faults.len()), (0, 3), "format 1 within format 0");
    let (good, faults) = read(&wrapper(1, 9, 0, false, Codec::Gzip, &set).unwrap());
    assert_eq!((good.len(), faults.len()), (2, 1), "a bad checksum within touches one message");
    assert!(matches!(faults[0].why, Fault::Crc { .. }));
    let cases: [(Vec<u8>, &str); 4] = [
        (message(1, 9, 0, 1, None, None), "no value"),
        (wrapper(1, 9, 0, false, Codec::Gzip, &[]).unwrap(), "nothing within"),
        (wrapper(1, 9, 0, false, Codec::Gzip, &inner[..20]).unwrap(), "cut off within"),
        (wrapper(1, 9, 0, false, Codec::Gzip, &[&inner[..], &inner[..20]].concat()).unwrap(), "cut off behind the first"),
    ];
    for (bytes, what) in cases {
        assert!(matches!(open(&bytes), Err(Fault::Record(_))), "{what}: {:?}", open(&bytes));
    }
    let far = wrapper(1, 3, 0, false, Codec::Gzip, &[message(1, 0, 0, 0, None, None), message(1, 9, 0, 0, None, None)].concat()).unwrap();
    let (good, faults) = read(&far);
    assert_eq!((good.len(), faults.len()), (1, 1), "an offset before 0 is no offset");
    let mut lengths = message(1, 9, 0, 0, Some(b"key"), Some(b"value"));
    lengths[26..30].copy_from_slice(&i32::MAX.to_be_bytes());
    seal_crc(&mut lengths);
    assert_eq!((read(&lengths).0.len(), read(&lengths).1.len()), (0, 1));
}

#[test]
fn offsets_that_go_backwards_never_lead_back() {
    let answer = [good(50), good(10), good(51)].concat();
    assert_eq!(hop(Offset(50), &answer).next, Offset(52));
    assert_eq!(batches(P, &answer).count(), 3);
}

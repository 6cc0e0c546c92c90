use super::*;
use crate::model::Codec;
use crate::query::{self, Context};
use crate::records::writer::BatchWriter;

fn batch(offset: i64, values: &[&str]) -> Vec<u8> {
    let writer = BatchWriter::new(Offset(offset)).codec(Codec::Zstd).leader_epoch(LeaderEpoch(1));
    values.iter().zip(0_i64..).fold(writer, |w, (v, n)| w.record(100 + n, None, Some(v.as_bytes()))).finish().unwrap()
}

fn job(bytes: Vec<u8>, filter: Option<&str>) -> Job {
    let filter = filter.map(|text| Arc::new(Filter::compile(&query::parse(text).unwrap(), &Context::utc(Time(0)))));
    Job {
        topic: TopicName::new("t"),
        partition: PartitionId(0),
        load: Load::Fetched { bytes: bytes.into(), outcomes: Box::default() },
        from: Offset(0),
        stop: None,
        now: Time(0),
        how: How { shape: Shape::Chunks, filter, generation: 4, largest: 1000 },
        spare: Spare::default(),
        shelf: None,
    }
}

fn values(block: &Block) -> Vec<String> {
    let Rows::Chunks(chunks) = &block.rows else { panic!("{block:?}") };
    let text = |r: RecordRef<'_>| String::from_utf8_lossy(r.value.unwrap()).into_owned();
    chunks.iter().flat_map(|chunk| chunk.iter().map(text).collect::<Vec<_>>()).collect()
}

#[test]
fn what_matches_between_the_bounds_is_kept() {
    let mut job = job([batch(0, &["ab", "b", "ab"]), batch(3, &["c", "ab", "ab"])].concat(), Some("ab"));
    let block = run(&job);
    assert_eq!((values(&block), block.read, block.generation), (vec!["ab".to_owned(); 4], 6, 4));
    assert_eq!(block.times, [100, 102, 101, 102]);
    (job.from, job.stop) = (Offset(1), Some(Offset(5)));
    let block = run(&job);
    assert_eq!((values(&block).len(), block.read), (2, 4));
}

#[test]
fn a_batch_without_the_literal_is_counted_and_not_looked_at() {
    let block = run(&job(batch(0, &["x", "y"]), Some("absent")));
    assert_eq!((block.read, block.times.len()), (2, 0));
}

#[test]
fn a_wrong_checksum_is_said_at_its_place() {
    let mut broken = batch(2, &["c"]);
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let block = run(&job([batch(0, &["a", "b"]), broken, batch(3, &["d"])].concat(), None));
    assert_eq!(values(&block), ["a", "b", "d"]);
    let [(2, Fact::Corrupt { offset: Offset(2), next: Offset(3), why: "checksum mismatch", .. })] = block.facts[..] else {
        panic!("{:?}", block.facts)
    };
}

#[test]
fn a_record_over_the_limit_is_said_and_the_next_one_kept() {
    let long = "x".repeat(1001);
    let block = run(&job(batch(0, &["a", &long, "b"]), None));
    assert_eq!(values(&block), ["a", "b"]);
    assert!(matches!(block.facts[..], [(1, Fact::TooLarge { offset: Offset(1), next: Offset(2), bytes: 1001, .. })]));
}

#[test]
fn chunks_are_cut_at_five_hundred_records() {
    let many: Vec<&str> = vec!["v"; 1001];
    let block = run(&job(batch(0, &many), None));
    let Rows::Chunks(chunks) = &block.rows else { panic!() };
    assert_eq!(chunks.iter().map(|c| c.len()).collect::<Vec<_>>(), [500, 500, 1]);
}

#[test]
fn lines_are_made_by_the_encoder_with_the_outcome() {
    let mut job = job(batch(0, &["a", "b"]), None);
    let Load::Fetched { outcomes, .. } = &mut job.load else { panic!() };
    *outcomes = Box::new([Some(Outcome::Aborted)]);
    job.how.shape = Shape::Lines(Arc::new(|out, record, txn| {
        out.extend_from_slice(record.value.unwrap_or_default());
        out.extend_from_slice(txn.map_or("-", Outcome::word).as_bytes());
    }));
    let Rows::Lines { bytes, ends } = run(&job).rows else { panic!() };
    assert_eq!((String::from_utf8(bytes).unwrap(), ends), ("aabortedbaborted".to_owned(), vec![8, 16]));
}

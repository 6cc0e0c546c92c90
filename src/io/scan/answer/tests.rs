use super::*;
use crate::model::Codec;
use crate::records::writer::{BatchWriter, control};

const P: PartitionId = PartitionId(3);
const A: ProducerId = ProducerId(7);
const B: ProducerId = ProducerId(8);

fn plain(offset: i64, records: i64) -> Vec<u8> {
    let mut batch = BatchWriter::new(Offset(offset)).codec(Codec::Lz4).leader_epoch(LeaderEpoch(5));
    for _ in 0..records {
        batch = batch.record(1, None, Some(b"v"));
    }
    batch.finish().unwrap()
}

fn data(offset: i64, producer: ProducerId) -> Vec<u8> {
    BatchWriter::new(Offset(offset)).transaction(producer, 0).record(0, None, Some(b"v")).finish().unwrap()
}

fn asked(from: i64, zone: Zone) -> Asked {
    Asked { partition: P, from: Offset(from), stop: None, high: Offset(1000), zone, committed_only: false, piece: SMALL_PIECE }
}

fn run(asked: &Asked, batches: &[Vec<u8>], aborted: &[(ProducerId, Offset)], table: &mut TxnTable) -> Digest {
    digest(asked, &Bytes::from(batches.concat()), aborted, table, &mut Scratch::default())
}

fn outcomes(digest: &Digest) -> Vec<Option<Outcome>> {
    let of = |piece: &Piece| match piece {
        Piece::Batches { outcomes, .. } => outcomes.to_vec(),
        Piece::Fact(_) => Vec::new(),
    };
    digest.pieces.iter().flat_map(of).collect()
}

#[test]
fn the_next_offset_comes_from_the_last_whole_batch() {
    let mut answer = vec![plain(10, 3), plain(13, 2)];
    let mut last = plain(15, 4);
    last.truncate(40);
    answer.push(last);
    let digest = run(&asked(11, Zone::Stable), &answer, &[], &mut TxnTable::default());
    assert_eq!((digest.next, digest.epochs), (Offset(15), vec![(LeaderEpoch(5), Offset(11))]));
    assert_eq!(digest.cut.and_then(|cut| cut.base_offset), Some(Offset(15)));
    assert!(matches!(&digest.pieces[..], [Piece::Batches { outcomes, .. }] if outcomes.is_empty()));
}

#[test]
fn nothing_at_or_behind_the_stop_is_read() {
    let answer = [plain(0, 5), plain(5, 5), plain(10, 5)];
    let digest = run(&Asked { stop: Some(Offset(10)), ..asked(0, Zone::Stable) }, &answer, &[], &mut TxnTable::default());
    let Some(Piece::Batches { bytes, .. }) = digest.pieces.first() else { panic!("{digest:?}") };
    assert_eq!((bytes.len(), digest.next), (answer[0].len() + answer[1].len(), Offset(10)));
}

#[test]
fn below_the_stable_offset_the_list_tells_what_was_aborted() {
    let answer = [data(10, A), data(11, B), control(Offset(12), A, 0, 0, 0), data(13, A), control(Offset(14), B, 0, 1, 0)];
    let mut table = TxnTable::default();
    let digest_all = run(&asked(10, Zone::Stable), &answer, &[(A, Offset(10))], &mut table);
    use Outcome::{Aborted, Committed};
    assert_eq!(outcomes(&digest_all), [Some(Aborted), Some(Committed), Some(Committed)]);
    assert_eq!(digest_all.next, Offset(15));
    table.stable(P, Offset(15));
    assert_eq!((table.outcome(P, A, Offset(10)), table.outcome(P, A, Offset(13))), (Aborted, Committed));
    let only = Asked { committed_only: true, ..asked(10, Zone::Stable) };
    let digest = run(&only, &answer, &[(A, Offset(10))], &mut TxnTable::default());
    assert_eq!(outcomes(&digest), [Some(Committed), Some(Committed)]);
}

#[test]
fn above_it_markers_decide_also_those_that_come_later_in_the_answer() {
    let answer = [data(10, A), data(11, B), control(Offset(12), A, 0, 0, 0), data(13, A)];
    let digest = run(&asked(10, Zone::Open), &answer, &[], &mut TxnTable::default());
    assert_eq!(outcomes(&digest), [Some(Outcome::Aborted), Some(Outcome::Open), Some(Outcome::Open)]);
}

#[test]
fn a_senseless_header_is_said_and_stepped_over() {
    let mut broken = plain(13, 2);
    broken[16] = 9; // the message format
    let answer = [plain(10, 3), broken, plain(15, 1)];
    let digest = run(&asked(10, Zone::Stable), &answer, &[], &mut TxnTable::default());
    let [Piece::Batches { .. }, Piece::Fact(Fact::Corrupt { offset, next, bytes, .. }), Piece::Batches { .. }] = &digest.pieces[..] else {
        panic!("{digest:?}")
    };
    assert_eq!((*offset, *next, *bytes, digest.next), (Offset(13), Offset(15), u64::try_from(answer[1].len()).unwrap(), Offset(16)));
}

#[test]
fn reading_goes_on_behind_a_length_that_makes_no_sense() {
    let mut broken = plain(13, 2);
    broken[8..12].copy_from_slice(&(-5_i32).to_be_bytes());
    let digest = run(&asked(13, Zone::Stable), &[broken], &[], &mut TxnTable::default());
    assert_eq!(digest.next, Offset(14));
    assert!(matches!(digest.pieces[..], [Piece::Fact(Fact::Corrupt { .. })]));
}

#[test]
fn a_header_that_lies_about_its_end_does_not_carry_past_the_high_watermark() {
    let batch = BatchWriter::new(Offset(10)).record(0, None, None).last_offset_delta(1_000_000).finish().unwrap();
    let digest = run(&Asked { high: Offset(11), ..asked(10, Zone::Open) }, &[batch], &[], &mut TxnTable::default());
    assert_eq!(digest.next, Offset(11));
}

#[test]
fn answers_are_cut_into_pieces_for_the_workers() {
    let value = vec![7_u8; 100_000];
    let batch = |offset| BatchWriter::new(Offset(offset)).record(0, None, Some(&value)).finish().unwrap();
    let answer: Vec<_> = (0..5).map(batch).collect();
    let digest = run(&asked(0, Zone::Stable), &answer, &[], &mut TxnTable::default());
    let sizes: Vec<_> = digest.pieces.iter().map(|p| if let Piece::Batches { bytes, .. } = p { bytes.len() } else { 0 }).collect();
    assert_eq!(sizes, [2, 2, 1].map(|n| n * answer[0].len()));
}

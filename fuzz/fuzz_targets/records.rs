//! Arbitrary bytes as one partition's answer, read in every way: nothing may panic, loop, or hold more than its limit.
//! `cargo +nightly fuzz run records`

#![no_main]

use kscope::model::{Offset, PartitionId};
use kscope::records::{Found, Scratch, batches, hop, writer};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    // Once more with a length and a checksum that fit, so that what lies behind them is reached.
    let mut sealed = bytes.to_vec();
    writer::seal(&mut sealed);
    read(&sealed);
});

fn read(bytes: &[u8]) {
    assert!(hop(Offset(5), bytes).next >= Offset(5));
    let mut scratch = Scratch::with_limit(LIMIT);
    for found in batches(PartitionId(0), bytes) {
        let Found::Batch(batch) = found else { continue };
        assert!(batch.next_offset() > batch.header().base_offset);
        let _ = batch.control(&mut scratch);
        if let Ok(opened) = batch.open_unchecked(&mut scratch) {
            for record in opened.records().flatten() {
                assert_eq!(record.headers.iter().count(), record.headers.len());
            }
            let mut records = opened.records();
            records.skip_to(opened.bytes().len() / 2);
            records.count();
        }
        assert!(scratch.held() <= LIMIT);
    }
}

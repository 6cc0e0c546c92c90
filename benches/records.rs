//! Reading batches of click-stream events: a bare loop that only decompresses, beside the reader that checks the CRC,
//! decompresses and walks every record. `cargo bench --bench records`; the scan's promise is a ratio of at most 1.3 with the
//! fetching included, which both sides do alike.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench may stop at a mistake of its own")]

use std::fmt;
use std::io::Read as _;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use kscope::model::{Codec, Offset, PartitionId};
use kscope::records::writer::BatchWriter;
use kscope::records::{Batch, Found, Scratch, batches};

fn main() {
    divan::main();
}

/// A codec and how many records are in a batch: 48 are the 16 KiB that Java's producer sends by default, 2,000 what a busy
/// one with a linger sends.
#[derive(Clone, Copy)]
struct Case(Codec, u32);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x{}", self.0.name(), self.1)
    }
}

const CASES: [Case; 10] = [
    Case(Codec::None, 48),
    Case(Codec::Snappy, 48),
    Case(Codec::Lz4, 48),
    Case(Codec::Zstd, 48),
    Case(Codec::Gzip, 48),
    Case(Codec::None, 2_000),
    Case(Codec::Snappy, 2_000),
    Case(Codec::Lz4, 2_000),
    Case(Codec::Zstd, 2_000),
    Case(Codec::Gzip, 2_000),
];

/// Some 24,000 records of about 330 bytes, in batches one behind the other; and their bytes without compression.
fn answer(Case(codec, per_batch): Case) -> (Vec<u8>, usize) {
    let (mut state, mut out, mut plain) = (1_u64, Vec::new(), 0);
    let mut random = move |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for batch in 0..24_000 / per_batch {
        let mut writer = BatchWriter::new(Offset(i64::from(batch) * i64::from(per_batch))).codec(codec);
        for _ in 0..per_batch {
            let user = random(50_000);
            let page = ["/", "/cart", "/search", "/checkout", "/item"][usize::try_from(random(5)).unwrap()];
            let agent = ["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)"]
                [usize::try_from(random(2)).unwrap()];
            let value = format!(
                r#"{{"event":"{}","ts":17{:011},"user":{{"id":"u-{user:06}","plan":"{}"}},"session":"{:016x}{:016x}","page":"{page}/{}","ref":"https://example.org/{}","ms":{},"agent":"{agent}","ip":"10.{}.{}.{}","ok":{}}}"#,
                ["view", "click", "buy"][usize::try_from(random(3)).unwrap()],
                random(99_999_999_999),
                ["free", "pro"][usize::try_from(random(2)).unwrap()],
                random(u64::MAX),
                random(u64::MAX),
                random(10_000),
                random(900),
                random(3_000),
                random(256),
                random(256),
                random(256),
                random(9) > 0,
            );
            plain += value.len();
            writer = writer.record(1_700_000_000_000, Some(format!("u-{user:06}").as_bytes()), Some(value.as_bytes()));
        }
        out.extend(writer.finish().unwrap());
    }
    (out, plain)
}

fn each<'a>(bytes: &'a [u8], mut with: impl FnMut(Batch<'a>)) {
    for found in batches(PartitionId(0), bytes) {
        if let Found::Batch(batch) = found {
            with(batch);
        }
    }
}

/// What each codec's crate offers, into one buffer; without a codec, one copy.
#[divan::bench(args = CASES)]
fn bare_decompress(bencher: Bencher<'_, '_>, case: Case) {
    let (bytes, plain) = answer(case);
    let mut buffer = Vec::with_capacity(4 << 20);
    let mut room = vec![0; 4 << 20];
    let mut zstd = zstd::bulk::Decompressor::new().unwrap();
    bencher.counter(BytesCount::new(plain)).bench_local(|| {
        each(&bytes, |batch| {
            let payload = &batch.wire()[61..];
            buffer.clear();
            match batch.codec() {
                Codec::None => buffer.extend_from_slice(payload),
                Codec::Gzip => drop(flate2::read::GzDecoder::new(payload).read_to_end(&mut buffer).unwrap()),
                Codec::Lz4 => drop(lz4_flex::frame::FrameDecoder::new(payload).read_to_end(&mut buffer).unwrap()),
                Codec::Zstd => drop(zstd.decompress_to_buffer(payload, &mut buffer).unwrap()),
                Codec::Snappy => snappy(payload, &mut room),
            }
            black_box((&buffer, &room));
        });
    });
}

/// The chunks of snappy-java.
fn snappy(payload: &[u8], buffer: &mut [u8]) {
    let mut rest = &payload[16..];
    let mut used = 0;
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (chunk, tail) = tail.split_at(usize::try_from(u32::from_be_bytes(*length)).unwrap());
        used += snap::raw::Decoder::new().decompress(chunk, &mut buffer[used..]).unwrap();
        rest = tail;
    }
}

/// CRC and decompression by the reader.
#[divan::bench(args = CASES)]
fn open(bencher: Bencher<'_, '_>, case: Case) {
    let (bytes, plain) = answer(case);
    let mut scratch = Scratch::default();
    bencher.counter(BytesCount::new(plain)).bench_local(|| {
        each(&bytes, |batch| {
            black_box(batch.open(&mut scratch).unwrap().bytes());
        });
    });
}

/// The same, and every record.
#[divan::bench(args = CASES)]
fn walk_every_record(bencher: Bencher<'_, '_>, case: Case) {
    let (bytes, plain) = answer(case);
    let mut scratch = Scratch::default();
    bencher.counter(BytesCount::new(plain)).bench_local(|| {
        each(&bytes, |batch| {
            for record in batch.open(&mut scratch).unwrap().records() {
                let Ok(record) = &record else { panic!("a broken record") };
                black_box(record);
            }
        });
    });
}

/// The same, with each record checked and none made: what counting does.
#[divan::bench(args = CASES)]
fn verify_every_record(bencher: Bencher<'_, '_>, case: Case) {
    let (bytes, plain) = answer(case);
    let mut scratch = Scratch::default();
    bencher.counter(BytesCount::new(plain)).bench_local(|| {
        each(&bytes, |batch| {
            let good = batch.open(&mut scratch).unwrap().records().verify(|bad| panic!("{bad:?}"));
            black_box(good);
        });
    });
}

/// The same, and a literal that is nowhere, searched in the raw bytes first: no record is decoded.
#[divan::bench(args = CASES)]
fn search_a_rare_literal(bencher: Bencher<'_, '_>, case: Case) {
    let (bytes, plain) = answer(case);
    let mut scratch = Scratch::default();
    let finder = memchr::memmem::Finder::new("u-999999");
    bencher.counter(BytesCount::new(plain)).bench_local(|| {
        each(&bytes, |batch| {
            let opened = batch.open(&mut scratch).unwrap();
            black_box(finder.find(opened.bytes()));
            black_box(opened.records().skip_to(usize::MAX));
        });
    });
}

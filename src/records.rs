//! Kafka's record batches: a reader and a builder of our own, and a writer for tests and the sandbox.
//!
//! Bytes of one partition of a Fetch answer go in; batches, records and every kind of trouble come out as values. Nothing here
//! ends a stream with an error: what is broken is one [`Found::Corrupt`], one [`Fault`] of one batch or one [`RecordFault`],
//! and what lies behind it stays readable. Nothing is allocated by a number from the wire beyond the limit of [`Scratch`],
//! all arithmetic is checked, and no record is copied.
//!
//! ```text
//! batches(partition, bytes) ─► Found::Batch ─► batch.open(&mut scratch) ─► Decompressed ─► bytes(): search them raw
//!       hop(from, bytes)         │ CutOff        CRC, then the codec          │
//!       headers only             └ Corrupt                                    └► records() ─► RecordRef | RecordFault
//! ```
//!
//! How a scan uses it:
//!
//! ```
//! use kscope::model::{Codec, Offset, PartitionId};
//! use kscope::records::{self, Found, Scratch, writer::BatchWriter};
//!
//! let answer = BatchWriter::new(Offset(7)).codec(Codec::Zstd).record(1_000, Some(b"k"), Some(b"v")).finish()?;
//! let next = records::hop(Offset(7), &answer).next; // where the next fetch begins, known before anything is decoded
//! let mut scratch = Scratch::default(); // one per worker, reused for every batch
//! for found in records::batches(PartitionId(0), &answer) {
//!     let Found::Batch(batch) = found else { continue }; // report Corrupt; CutOff is how most answers end
//!     if batch.is_control() {
//!         continue; // batch.control(&mut scratch) tells what it says
//!     }
//!     let Ok(opened) = batch.open(&mut scratch) else { continue }; // report the fault, go on with the next batch
//!     for record in opened.records().flatten() {
//!         assert_eq!((record.offset, record.value), (Offset(7), Some(&b"v"[..])));
//!     }
//! }
//! assert_eq!(next, Offset(8));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Formats: version 2 (`org.apache.kafka.common.record.DefaultRecordBatch`) and the message sets 0 and 1 before it
//! (`AbstractLegacyRecordBatch`); both are a [`Batch`] here, so that a reader has one path.
//!
//! May use `model` and the codec crates; nothing that waits. To add a codec: a file under `decompress/`, an arm in
//! `Scratch::run`, two in `build`, and the variant of `model::Codec`.

mod batch;
pub mod build;
mod control;
mod decompress;
mod fault;
mod legacy;
mod record;
mod wire;
pub mod writer;

#[cfg(test)]
mod tests;

pub use batch::{Batch, BatchHeader, Batches, Corrupt, CutOff, Found, Hop, batches, hop};
pub use control::{Aborted, Control, ControlKind};
pub use decompress::{DEFAULT_LIMIT, Scratch};
pub use fault::{Fault, RecordFault};
pub use record::{Decompressed, Opened, Records};

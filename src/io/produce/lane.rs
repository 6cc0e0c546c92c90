//! One partition of a sending: the batch that is being filled, those that wait, and whether one is on its way. There is never
//! more than one on its way, so that the order is kept whatever becomes of it.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;

use super::tally::Row;
use crate::model::{Codec, Failure, Offset};
use crate::records::build::{Builder, NewRecord, Sequence, stamp};

/// A batch: its bytes stay the same however often it is sent.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) bytes: Bytes,
    pub(super) rows: Vec<Row>,
    /// Whose it is, once it was sent by an idempotent producer.
    pub(super) sequence: Option<Sequence>,
    /// When it was sent, or was to be sent, for the first time.
    pub(super) began: Option<Instant>,
    /// It may be in the log.
    pub(super) open: bool,
    /// How often it was sent.
    pub(super) tries: u32,
    /// How often its producer was given up.
    pub(super) renewed: u32,
    /// Why it is not known to be in the log.
    pub(super) why: Option<Failure>,
}

impl Batch {
    fn new(bytes: Vec<u8>, rows: Vec<Row>) -> Self {
        Self { bytes: bytes.into(), rows, sequence: None, began: None, open: false, tries: 0, renewed: 0, why: None }
    }

    /// Records in it.
    pub(super) fn count(&self) -> i32 {
        i32::try_from(self.rows.len()).unwrap_or(i32::MAX)
    }

    /// Makes it another producer's, or nobody's.
    pub(super) fn belong(&mut self, sequence: Option<Sequence>) {
        if self.sequence != sequence {
            let mut bytes = Vec::from(std::mem::take(&mut self.bytes));
            stamp(&mut bytes, sequence);
            self.bytes = bytes.into();
            self.sequence = sequence;
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lane {
    filling: Builder,
    rows: Vec<Row>,
    waiting: VecDeque<Batch>,
    /// A batch is on its way, or is being looked for.
    pub(super) busy: bool,
    /// Nothing is sent before.
    pub(super) not_before: Option<Instant>,
    /// Whatever is sent from now on lies there or behind; `None`: unknown.
    pub(super) floor: Option<Offset>,
}

impl Lane {
    pub(super) fn new(floor: Option<Offset>) -> Self {
        Self { floor, ..Self::default() }
    }

    /// Adds a record; batches are closed at `limit` bytes. `false`: it is larger than any batch can be.
    ///
    /// # Errors
    /// The codec failed.
    pub(super) fn take(&mut self, record: &NewRecord<'_>, row: Row, limit: usize, codec: Codec) -> std::io::Result<bool> {
        if !self.filling.take(record, limit) {
            self.close(codec)?;
            if !self.filling.take(record, limit) {
                return Ok(false);
            }
        }
        self.rows.push(row);
        Ok(true)
    }

    fn close(&mut self, codec: Codec) -> std::io::Result<()> {
        if !self.filling.is_empty() {
            let bytes = self.filling.seal(codec)?;
            self.waiting.push_back(Batch::new(bytes, std::mem::take(&mut self.rows)));
        }
        Ok(())
    }

    /// Whether there is something to be sent. `all`: also a batch that could take more.
    pub(super) fn has(&self, all: bool) -> bool {
        !self.waiting.is_empty() || (all && !self.filling.is_empty())
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.busy && !self.has(true)
    }

    /// The next batch.
    ///
    /// # Errors
    /// The codec failed: the records that are lost to it.
    pub(super) fn next(&mut self, codec: Codec) -> Result<Option<Batch>, (Vec<Row>, std::io::Error)> {
        if self.waiting.is_empty() {
            let rows = self.rows.clone();
            self.close(codec).map_err(|error| (rows, error))?;
        }
        Ok(self.waiting.pop_front())
    }

    /// To be sent again, before all others.
    pub(super) fn put_back(&mut self, batch: Batch, not_before: Instant) {
        self.waiting.push_front(batch);
        self.not_before = Some(not_before);
    }

    /// Takes what was never sent.
    pub(super) fn discard(&mut self) -> Vec<Row> {
        self.filling = Builder::default();
        let unsent = |batch: &Batch| batch.began.is_none();
        let kept = self.waiting.iter().position(unsent).unwrap_or(self.waiting.len());
        let batches = self.waiting.split_off(kept);
        batches.into_iter().flat_map(|batch| batch.rows).chain(std::mem::take(&mut self.rows)).collect()
    }
}

//! `payments`: transactions that were committed, aborted, interleaved, and one that was left open, which holds back what lies
//! behind it for everyone who reads committed records alone.

use super::{Garden, MINUTE_MS, iso};
use crate::model::{Offset, ProducerId};
use crate::records::writer::{BatchWriter, control};
use crate::sandbox::dice::Dice;
use crate::sandbox::log::Log;

const ABORT: i16 = 0;
const COMMIT: i16 = 1;

pub(super) fn plant(garden: &mut Garden) {
    let dice = garden.dice("payments");
    let start = garden.now_ms.saturating_sub(100 * MINUTE_MS);
    let mut ledger = Ledger { log: Log::default(), dice, time_ms: start };
    // One after the other.
    for n in 0..12 {
        let producer = 4_000 + n % 3;
        ledger.write(producer, 3);
        ledger.end(producer, if n % 4 == 2 { ABORT } else { COMMIT });
        if n % 5 == 0 {
            ledger.plain(2);
        }
    }
    let mut interleaved = ledger.next(start.saturating_add(MINUTE_MS));
    for _ in 0..6 {
        for producer in [4_100, 4_101, 4_102] {
            interleaved.write(producer, 2);
        }
        interleaved.end(4_101, ABORT);
        interleaved.end(4_100, COMMIT);
        interleaved.plain(1);
        interleaved.end(4_102, COMMIT);
    }
    let mut open = interleaved.next(start.saturating_add(2 * MINUTE_MS));
    open.write(4_200, 4);
    open.end(4_200, COMMIT);
    open.write(4_201, 3);
    for _ in 0..5 {
        open.plain(2);
        open.write(4_202, 2);
        open.end(4_202, COMMIT);
    }
    let logs = vec![ledger.log, interleaved.log, open.log];
    garden.plant("payments", &[("min.insync.replicas", "2"), ("retention.ms", "2592000000")], logs);
}

/// One partition being written.
struct Ledger {
    log: Log,
    dice: Dice,
    time_ms: i64,
}

impl Ledger {
    /// The next partition.
    fn next(&mut self, time_ms: i64) -> Self {
        Self { log: Log::default(), dice: self.dice.clone(), time_ms }
    }

    fn tick(&mut self) -> i64 {
        self.time_ms = self.time_ms.saturating_add(i64::from(self.dice.between(5_000, 60_000)));
        self.time_ms
    }

    fn fill(&mut self, mut batch: BatchWriter, records: u32, transaction: &str) -> Vec<u8> {
        for _ in 0..records {
            let time = self.tick();
            let payment = self.dice.between(10_000, 99_999);
            let value = format!(
                r#"{{"payment_id":{payment},"amount":"{}.{:02}","currency":"EUR","transaction":"{transaction}","at":"{}"}}"#,
                self.dice.between(1, 900),
                self.dice.below(100),
                iso(time)
            );
            batch = batch.record(time, Some(payment.to_string().as_bytes()), Some(value.as_bytes()));
        }
        // Without a codec nothing can fail.
        batch.finish().unwrap_or_default()
    }

    fn end_offset(&self) -> Offset {
        Offset(self.log.bounds().end)
    }

    /// Records of a transaction.
    fn write(&mut self, producer: i64, records: u32) {
        let batch = BatchWriter::new(self.end_offset()).transaction(ProducerId(producer), 0);
        let bytes = self.fill(batch, records, &format!("payments-{producer}"));
        self.log.append(bytes);
    }

    /// Its marker.
    fn end(&mut self, producer: i64, kind: i16) {
        let time = self.tick();
        self.log.append(control(self.end_offset(), ProducerId(producer), 0, kind, time));
    }

    /// Records outside of any transaction.
    fn plain(&mut self, records: u32) {
        let bytes = self.fill(BatchWriter::new(self.end_offset()), records, "none");
        self.log.append(bytes);
    }
}

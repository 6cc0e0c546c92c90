//! Where records come from: a list, a template, records that were read, lines of NDJSON. A thread of its own makes them, a few
//! hundred at a time, and waits when the one who sends is slower: memory stays bounded however long the input is.

mod block;
mod line;
mod ndjson;

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Read;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::core::produce::template::Filling;
use crate::core::produce::{Lines, NewRecord, ORIGIN, Records, Redrive, Template};
use crate::model::{Cause, Failure, Foreign, PartitionId, Time};
pub use block::{Block, Fed};

/// Blocks as they come. After an error there is nothing more.
pub type Feed = mpsc::Receiver<Result<Block, Failure>>;

/// Blocks that may wait.
const WAITING: usize = 4;
/// A block ends at so many records or bytes.
const RECORDS: usize = 1000;
const BYTES: usize = 256 << 10;

type Lane = mpsc::Sender<Result<Block, Failure>>;

/// The records of an ask. `slow`: they are sent at a rate, so that few of them wait.
pub fn of(records: Records, slow: bool) -> Feed {
    let (lane, feed) = mpsc::channel(if slow { 1 } else { WAITING });
    let most = if slow { 1 } else { RECORDS };
    match records {
        // What is small needs no thread.
        Records::Given(records) => {
            let (lane, feed) = mpsc::channel(1);
            let _room_for_one = lane.try_send(Ok(Block::of(&records)));
            return feed;
        }
        Records::Template(template, count) => start(lane, move |lane| from_template(&template, count, most, lane)),
        Records::Read(redrive) => start(lane, move |lane| again(&redrive, lane)),
        Records::File { path, lines } => start(lane, move |lane| match File::open(&path) {
            Ok(file) => ndjson::read(file, (lines, None), lane),
            Err(error) => fail(lane, Cause::File(Foreign::new(format!("{}: {error}", path.display())))),
        }),
    }
    feed
}

/// Lines of NDJSON, from standard input for example. `partition`: where all of them go.
pub fn lines(input: impl Read + Send + 'static, lines: Lines, partition: Option<PartitionId>) -> Feed {
    let (lane, feed) = mpsc::channel(WAITING);
    start(lane, move |lane| ndjson::read(input, (lines, partition), lane));
    feed
}

fn start(lane: Lane, work: impl FnOnce(&Lane) + Send + 'static) {
    let told = lane.clone();
    let started = std::thread::Builder::new().name("records".to_owned()).spawn(move || work(&lane));
    if let Err(error) = started {
        let _room_for_one = told.try_send(Err(Failure::new(WHAT, Cause::File(Foreign::new(error.to_string())))));
    }
}

const WHAT: &str = "read the records";

fn fail(lane: &Lane, cause: Cause) {
    // Nobody listens any more: then nobody needs to hear it.
    let _gone = lane.blocking_send(Err(Failure::new(WHAT, cause)));
}

/// Gathers a block; `false`: nobody wants more.
struct Gather<'a> {
    lane: &'a Lane,
    block: Block,
}

impl<'a> Gather<'a> {
    fn new(lane: &'a Lane) -> Self {
        Self { lane, block: Block::default() }
    }

    fn push(&mut self, n: u64, record: &NewRecord, most: usize) -> bool {
        self.block.push(n, record);
        self.filled(most)
    }

    /// After a record was added.
    fn filled(&mut self, most: usize) -> bool {
        if self.block.len() >= most || self.block.used() >= BYTES { self.flush() } else { true }
    }

    fn flush(&mut self) -> bool {
        self.block.is_empty() || self.lane.blocking_send(Ok(std::mem::take(&mut self.block))).is_ok()
    }
}

fn from_template(template: &Template, count: u64, most: usize, lane: &Lane) {
    let now = || Time(jiff::Timestamp::now().as_microsecond());
    // The standard library's own random keys, for want of another source.
    let mut filling = Filling::new(now(), RandomState::new().build_hasher().finish());
    let mut gather = Gather::new(lane);
    for n in 0..count {
        filling.now = now();
        if !gather.push(n, &template.fill(&mut filling), most) {
            return;
        }
    }
    gather.flush();
}

fn again(redrive: &Redrive, lane: &Lane) {
    let mut gather = Gather::new(lane);
    let rows = redrive.rows.iter().filter_map(|(chunk, row)| chunk.get(*row));
    for (n, read) in (0..).zip(rows) {
        let mut record = NewRecord::like(&read);
        record.partition = redrive.keep_partition.then_some(read.partition);
        record.timestamp_ms = record.timestamp_ms.filter(|_| redrive.keep_time);
        if redrive.origin {
            let told =
                [redrive.from.raw().to_owned(), read.partition.0.to_string(), read.offset.0.to_string(), read.timestamp_ms.to_string()];
            let header = |(name, value): (&'static str, String)| (Bytes::from_static(name.as_bytes()), Some(Bytes::from(value)));
            record.headers.extend(ORIGIN.into_iter().zip(told).map(header));
        }
        if !gather.push(n, &record, RECORDS) {
            return;
        }
    }
    gather.flush();
}

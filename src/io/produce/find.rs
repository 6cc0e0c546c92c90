//! Whether a batch whose answer was lost is in the log: read from where the log ended before it was sent.
//!
//! An idempotent batch is known by its producer's numbers, which the broker keeps; a plain one by its records. What is not there
//! is looked for twice, because a request that was on its way may still be carried out.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::core::produce::Target;
use crate::io::kafka::{Ack, Client, ErrorCode, FetchAsk, FetchFrom, Isolation};
use crate::model::{Cause, Failure, Foreign, LeaderEpoch, Offset, PartitionId, TimestampType};
use crate::records::build::Sequence;
use crate::records::{self, Batch, Found, Scratch};

const WHAT: &str = "look for the records in the log";
/// Bytes of one fetch.
const PIECE: i32 = 4 << 20;
/// No more than so many bytes are read for one batch.
const MOST: usize = 512 << 20;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// For this part of the time that an answer is waited for, a batch that is not there may still come.
const SETTLE_PART: u32 = 5;

/// Where the batch begins in the log; `None`: it is not there.
///
/// # Errors
/// The log could not be read to its end, or it is not known where to begin.
pub(super) async fn find(
    client: &Client,
    target: &Target,
    partition: PartitionId,
    floor: Option<Offset>,
    (batch, sequence): (&[u8], Option<Sequence>),
) -> Result<Option<Ack>, Failure> {
    let unknown = || Failure::new(WHAT, Cause::Stopped(Foreign::new("where the log ended before is not known")));
    let floor = floor.ok_or_else(unknown)?;
    let deadline = Instant::now() + client.settings().retry;
    let mut looked = false;
    loop {
        match look(client, target, partition, floor, (batch, sequence)).await {
            Ok(None) if !looked => {
                looked = true;
                sleep(client.settings().request / SETTLE_PART).await;
            }
            Err(failure) if Instant::now() >= deadline => return Err(failure),
            Err(_) => {
                sleep(PAUSE).await;
                // Without fresh metadata the old leader is asked once more, and the deadline ends it.
                let _old_leader = client.refresh([target.name().clone()]).await;
            }
            found => return found,
        }
    }
}

async fn look(
    client: &Client,
    target: &Target,
    partition: PartitionId,
    floor: Offset,
    (batch, sequence): (&[u8], Option<Sequence>),
) -> Result<Option<Ack>, Failure> {
    let leader = client.leader(target.name(), partition);
    let leader = leader.ok_or_else(|| Failure::new(WHAT, ErrorCode(5).cause(None, None)))?;
    let link = client.fetch_link(leader.broker).await?;
    let (mut from, mut read) = (floor, 0_usize);
    loop {
        let ask = FetchAsk {
            isolation: Isolation::ReadUncommitted,
            max_wait: Duration::ZERO,
            min_bytes: 1,
            max_bytes: PIECE,
            partitions: vec![FetchFrom {
                topic: target.name().clone(),
                topic_id: target.topic.id,
                partition,
                offset: from,
                leader_epoch: leader.epoch,
                last_epoch: LeaderEpoch(-1),
                max_bytes: PIECE,
            }],
            cap: None,
            head_if_larger: false,
        };
        let answer = link.fetch(&ask).await?.partitions.into_iter().next();
        let answer = answer.ok_or_else(|| Failure::new(WHAT, ErrorCode(-1).cause(None, None)))?;
        match answer.error {
            None => {}
            // Retention has deleted what lay there: what is left of it is read.
            Some(ErrorCode(1)) if answer.log_start > from => {
                from = answer.log_start;
                continue;
            }
            // The log was cut: what it had from there on is gone.
            Some(ErrorCode(1)) if answer.high_watermark.0 >= 0 && answer.high_watermark < from => return Ok(None),
            Some(code) => return Err(Failure::new(WHAT, code.cause(Some(&format!("topic {}", target.name().raw())), None))),
        }
        let mut mark = Mark { batch, sequence, scratch: (Scratch::default(), Scratch::default()) };
        for found in records::batches(partition, &answer.records) {
            if let Found::Batch(theirs) = found
                && mark.is(&theirs)
            {
                let append_ms = (theirs.timestamp_type() == TimestampType::Append).then(|| theirs.header().max_timestamp);
                return Ok(Some(Ack { base_offset: Some(theirs.header().base_offset), append_ms }));
            }
        }
        let next = records::hop(from, &answer.records).next;
        read = read.saturating_add(answer.records.len());
        if next <= from || next >= answer.high_watermark {
            return Ok(None);
        }
        if read > MOST {
            let words = "too much was written there since to look through";
            return Err(Failure::new(WHAT, Cause::Stopped(Foreign::new(words))));
        }
        from = next;
    }
}

/// What a batch of ours is known by.
struct Mark<'a> {
    batch: &'a [u8],
    sequence: Option<Sequence>,
    scratch: (Scratch, Scratch),
}

impl Mark<'_> {
    fn is(&mut self, theirs: &Batch<'_>) -> bool {
        let header = theirs.header();
        if let Some(Sequence { producer, epoch, first }) = self.sequence {
            return (header.producer_id, header.producer_epoch, header.base_sequence) == (producer.0, epoch, first);
        }
        let Some(Found::Batch(ours)) = records::batches(theirs.partition(), self.batch).next() else { return false };
        if ours.header().records != header.records || header.producer_id >= 0 {
            return false;
        }
        let (Ok(ours), Ok(theirs)) = (ours.open(&mut self.scratch.0), theirs.open(&mut self.scratch.1)) else { return false };
        let (mut a, mut b) = (ours.records(), theirs.records());
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(Ok(a)), Some(Ok(b))) => {
                    let time = b.timestamp_type == TimestampType::Append || a.timestamp_ms == b.timestamp_ms;
                    let same = time && a.key == b.key && a.value == b.value && a.headers.iter().eq(b.headers.iter());
                    if !same {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }
}

//! The first record at or behind an offset, read alone: one small fetch where the log is dense, some more over markers and what
//! compaction took.

use std::sync::Arc;

use super::Shape;
use super::answer::{Asked, Piece, SMALL_PIECE, Zone, digest};
use super::decode::{How, Job, Load, Rows, Spare, run};
use super::one::alone;
use crate::io::kafka::{Client, ErrorCode, FetchAsk, FetchFrom, Isolation};
use crate::model::{Cause, Chunk, Failure, LeaderEpoch, Offset, Operation, PartitionId, Resource, Time, TopicName, TxnTable};
use crate::records::Scratch;

/// Bytes that are asked for when a first, smallest answer had no record.
const FURTHER: i32 = 256 << 10;
/// So often a broker that says it does not lead the partition is looked for anew.
const TRIES: u32 = 3;

/// What a probe found, and what it cost.
#[derive(Debug, Default)]
pub struct Probed {
    /// A chunk of one record; `None`: there is none before the end that was given.
    pub found: Option<Arc<Chunk>>,
    /// Records that were decompressed for it.
    pub records: u64,
    /// Bytes of the answers.
    pub bytes: u64,
    pub fetches: u32,
}

/// Fetches the first record at or behind `from` and before `stop`, aborted ones too.
///
/// # Errors
/// `what` failed: no leader, no right, an answer over the frame cap, an offset that is not there any more.
pub async fn first_at(
    client: &Client,
    what: &'static str,
    topic: &TopicName,
    partition: PartitionId,
    (from, stop): (Offset, Offset),
) -> Result<Probed, Failure> {
    let mut probed = Probed::default();
    let (mut at, mut tries) = (from, 0);
    while at < stop {
        let max_bytes = if probed.fetches == 0 { 1 } else { FURTHER };
        let answer = match fetch(client, topic, partition, at, max_bytes).await? {
            Ok(answer) => answer,
            Err(code) if tries < TRIES && code.needs_refresh() => {
                tries += 1;
                client.refresh([topic.clone()]).await?;
                continue;
            }
            Err(code) => return Err(refused(what, topic, partition, at, code)),
        };
        probed.fetches += 1;
        probed.bytes += u64::try_from(answer.bytes).unwrap_or(u64::MAX);
        let Some(part) = answer.partitions.into_iter().next() else { break };
        if let Some(large) = part.too_large() {
            return Err(Failure::new(what, Cause::TooLarge(large.size)).hint("it is larger than the largest frame that is taken"));
        }
        let asked = Asked {
            partition,
            from: at,
            stop: Some(stop),
            high: part.high_watermark,
            zone: Zone::Open,
            committed_only: false,
            piece: SMALL_PIECE,
        };
        let digest = digest(&asked, &part.records, &[], &mut TxnTable::default(), &mut Scratch::default());
        for piece in digest.pieces {
            let Piece::Batches { bytes, .. } = piece else { continue };
            let how = How { shape: Shape::Chunks, filter: None, generation: 0, largest: usize::MAX };
            let (topic, outcomes, spare) = (topic.clone(), Box::default(), Spare::default());
            let job = Job {
                topic,
                partition,
                load: Load::Fetched { bytes, outcomes },
                from: at,
                stop: Some(stop),
                now: Time(0),
                how,
                spare,
                shelf: None,
            };
            let Ok(block) = tokio::task::spawn_blocking(move || run(&job)).await else { continue };
            probed.records += block.read;
            if let Rows::Chunks(chunks) = block.rows
                && let Some(chunk) = chunks.iter().find_map(|chunk| alone(chunk, at))
            {
                probed.found = Some(Arc::new(chunk));
                return Ok(probed);
            }
        }
        if digest.next <= at {
            break;
        }
        at = digest.next;
    }
    Ok(probed)
}

async fn fetch(
    client: &Client,
    topic: &TopicName,
    partition: PartitionId,
    offset: Offset,
    max_bytes: i32,
) -> Result<Result<crate::io::kafka::Fetched, ErrorCode>, Failure> {
    if client.leader(topic, partition).is_none() {
        client.refresh([topic.clone()]).await?;
    }
    let Some(leader) = client.leader(topic, partition) else { return Ok(Err(ErrorCode(5))) };
    let from = FetchFrom {
        topic: topic.clone(),
        topic_id: leader.topic_id,
        partition,
        offset,
        leader_epoch: leader.epoch,
        last_epoch: LeaderEpoch(-1),
        max_bytes,
    };
    let link = client.fetch_link(leader.broker).await?;
    let cap = client.settings().fetch_cap;
    let answer = link.fetch(&FetchAsk::alone(from, Isolation::ReadUncommitted, cap)).await?;
    match answer.partitions.first().and_then(|part| part.error) {
        Some(code) => Ok(Err(code)),
        None => Ok(Ok(answer)),
    }
}

fn refused(what: &'static str, topic: &TopicName, partition: PartitionId, at: Offset, code: ErrorCode) -> Failure {
    if code == ErrorCode(29) {
        return Operation::Read.on(Resource::Topic).denied(what, &format!("topic {}", topic.raw()));
    }
    let place = format!("offset {} of partition {} of topic {}", at.0, partition.0, topic.raw());
    Failure::new(what, code.cause(Some(&place), None))
}

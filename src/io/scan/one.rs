//! One record alone, as large as a frame may be: for what a live view showed as too large.

use std::sync::Arc;

use super::Shape;
use super::answer::{Asked, Piece, SMALL_PIECE, Zone, digest};
use super::decode::{How, Job, Load, Rows, Spare, run};
use crate::io::kafka::{Client, ErrorCode, FetchAsk, FetchFrom, Isolation};
use crate::model::{Cause, Chunk, Failure, Foreign, LeaderEpoch, Offset, Operation, PartitionId, Resource, Time, TopicName, TxnTable};
use crate::records::Scratch;

const WHAT: &str = "open the record";

/// Fetches the record at an offset, or the first behind it when the log has a gap there.
///
/// # Errors
/// No leader, no such record, an answer over the 64 MB frame cap, or a batch that cannot be read.
pub async fn open_one(client: &Client, topic: &TopicName, partition: PartitionId, offset: Offset) -> Result<Arc<Chunk>, Failure> {
    let mut leader = client.leader(topic, partition);
    if leader.is_none() {
        client.refresh([topic.clone()]).await?;
        leader = client.leader(topic, partition);
    }
    let place = format!("offset {} of partition {} of topic {}", offset.0, partition.0, topic.raw());
    let leader = leader.ok_or_else(|| Failure::new(WHAT, ErrorCode(5).cause(Some(&place), None)))?;
    let cap = client.settings().fetch_cap;
    let from = FetchFrom {
        topic: topic.clone(),
        topic_id: leader.topic_id,
        partition,
        offset,
        leader_epoch: leader.epoch,
        last_epoch: LeaderEpoch(-1),
        max_bytes: 1,
    };
    let link = client.fetch_link(leader.broker).await?;
    let answer = link.fetch(&FetchAsk::alone(from, Isolation::ReadUncommitted, cap)).await?;
    let missing = || Failure::new(WHAT, Cause::NotFound(Foreign::new(place.clone())));
    let answer = answer.partitions.into_iter().next().ok_or_else(missing)?;
    if let Some(code) = answer.error {
        if code == ErrorCode(29) {
            return Err(Operation::Read.on(Resource::Topic).denied(WHAT, &format!("topic {}", topic.raw())));
        }
        return Err(Failure::new(WHAT, code.cause(Some(&place), None)));
    }
    if let Some(large) = answer.too_large() {
        return Err(Failure::new(WHAT, Cause::TooLarge(large.size)).hint("it is larger than the largest frame that is taken"));
    }
    let high = answer.high_watermark;
    let asked = Asked { partition, from: offset, stop: None, high, zone: Zone::Open, committed_only: false, piece: SMALL_PIECE };
    let digest = digest(&asked, &answer.records, &[], &mut TxnTable::default(), &mut Scratch::default());
    let how = How { shape: Shape::Chunks, filter: None, generation: 0, largest: usize::MAX };
    for piece in digest.pieces {
        let Piece::Batches { bytes, .. } = piece else { continue };
        let (topic, outcomes) = (topic.clone(), Box::default());
        let job = Job {
            topic,
            partition,
            load: Load::Fetched { bytes, outcomes },
            from: offset,
            stop: None,
            now: Time(0),
            how: how.clone(),
            spare: Spare::default(),
            shelf: None,
        };
        // One batch: on a blocking thread, since it may be large.
        let block = tokio::task::spawn_blocking(move || run(&job)).await;
        if let Ok(Rows::Chunks(chunks)) = block.map(|block| block.rows)
            && let Some(chunk) = chunks.iter().find_map(|chunk| alone(chunk, offset))
        {
            return Ok(Arc::new(chunk));
        }
    }
    Err(missing())
}

/// The first record at or behind the offset, as a chunk of its own.
pub(super) fn alone(chunk: &Chunk, offset: Offset) -> Option<Chunk> {
    let row = chunk.iter().position(|record| record.offset >= offset)?;
    let mut builder = crate::model::ChunkBuilder::default();
    builder.push(&chunk.get(row)?, chunk.batch(row)?).then(|| builder.finish())
}

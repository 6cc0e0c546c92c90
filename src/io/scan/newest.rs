//! The newest records of a topic, over all partitions together: walks back in growing windows, keeps what is newest by time.
//!
//! A window is widened as long as there are too few records, or a partition's oldest record read is newer than the oldest
//! that is to be kept, so that there may be more of them before it.

use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::answer::{Asked, Piece, SMALL_PIECE, Zone, digest};
use super::decode::{Block, Job, Load, Rows, Spare, run};
use super::engine::Engine;
use super::span::{Of, Span, read};
use crate::io::kafka::{Client, FetchedPartition};
use crate::model::{BrokerId, Failure, Offset};
use crate::text::units;

/// Offsets that the first look takes of each partition; each further look takes four times as many.
const FIRST_WINDOW: i64 = 64;
const LOOKS: usize = 12;
/// A broker that does not answer one look in so long is left behind.
const PATIENCE: Duration = Duration::from_secs(3);

/// How far one partition was walked back.
#[derive(Debug)]
struct Walk {
    /// Its place in the reader's list.
    index: usize,
    leader: BrokerId,
    floor: Offset,
    end: Offset,
    /// Start of what was read.
    low: Offset,
    window: i64,
    /// In order of offset.
    blocks: VecDeque<Block>,
    /// The newest first; a row never counts as newer than one behind it.
    rows: Vec<Seen>,
    /// Of those, how many are kept.
    kept: usize,
    /// Offsets of transaction markers.
    markers: Vec<Offset>,
    /// Bytes of the answers.
    wire: usize,
    failed: Option<Failure>,
}

/// One row that was read.
#[derive(Debug, Clone, Copy)]
struct Seen {
    time: i64,
    bytes: usize,
    offset: Offset,
}

/// The answers of one look at one leader: index of the span, offset asked for, zone, answer.
type Answers = Vec<(usize, Offset, Zone, FetchedPartition)>;

/// Fills the queues of all placed partitions with the newest records, and moves their positions to where the look-back ended.
pub(super) async fn fill(engine: &mut Engine) {
    let Some(wanted) = engine.newest else { return };
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let mut walks: Vec<Walk> = walks(engine);
    let limit = engine.options.newest_bytes;
    for _ in 0..LOOKS {
        let cut = choose(&mut walks, wanted, limit);
        let open: Vec<usize> = walks.iter().enumerate().filter(|(_, walk)| walk.goes_on(cut)).map(|(at, _)| at).collect();
        if open.is_empty() {
            break;
        }
        look(engine, &mut walks, &open, limit).await;
    }
    choose(&mut walks, wanted, limit);
    let share = i64::try_from(wanted / walks.len().max(1)).unwrap_or(i64::MAX);
    let now = Instant::now();
    for walk in walks {
        let Some(part) = engine.parts.get_mut(walk.index) else { continue };
        if let Some(failure) = walk.failed {
            // Its newest come when it answers again.
            let from = walk.end.plus(-share).max(walk.floor);
            part.fail(failure, now);
            part.first = Some(from);
            part.begin(from);
            continue;
        }
        let first = walk.first();
        part.first = Some(first);
        engine.markers += units::wide(walk.markers.iter().filter(|&&marker| marker >= first).count());
        let skipped = walk.rows.len().saturating_sub(walk.kept);
        walk.blocks.into_iter().for_each(|block| part.queue.push(block));
        part.queue.skip(skipped);
        part.begin(walk.end);
    }
}

fn walks(engine: &Engine) -> Vec<Walk> {
    let placed = engine.parts.iter().enumerate().filter(|(_, part)| part.placed && !part.done);
    let walk = |(index, part): (usize, &super::part::Part)| {
        let end = if engine.committed_only { part.stable } else { part.end };
        let end = part.stop.or(end)?;
        Some(Walk {
            index,
            leader: part.leader?,
            floor: part.position.min(end),
            end,
            low: end,
            window: FIRST_WINDOW,
            blocks: VecDeque::new(),
            rows: Vec::new(),
            kept: 0,
            markers: Vec::new(),
            wire: 0,
            failed: None,
        })
    };
    placed.filter_map(walk).collect()
}

impl Walk {
    /// Whether to look further back: `cut` is the time of the oldest record kept, when there are enough of them.
    fn goes_on(&self, cut: Option<i64>) -> bool {
        let oldest = self.rows.last().map_or(i64::MAX, |row| row.time);
        self.low > self.floor && self.failed.is_none() && cut.is_none_or(|cut| oldest > cut)
    }

    /// All that is wanted from there on is kept: it lies behind the newest row that is left out.
    fn first(&self) -> Offset {
        self.rows.get(self.kept).map_or(self.low, |left_out| left_out.offset.plus(1))
    }
}

/// Decides how many rows of each walk are among the newest; returns the time of the oldest when there are enough.
fn choose(walks: &mut [Walk], wanted: usize, limit: usize) -> Option<i64> {
    let mut heads = BinaryHeap::new();
    for (at, walk) in walks.iter_mut().enumerate() {
        walk.kept = 0;
        heads.extend(walk.rows.first().map(|row| (row.time, at)));
    }
    let (mut count, mut bytes) = (0_usize, 0_usize);
    while let Some((time, at)) = heads.pop() {
        let Some(walk) = walks.get_mut(at) else { break };
        let size = walk.rows.get(walk.kept).map_or(0, |row| row.bytes);
        bytes = bytes.saturating_add(size);
        if count >= wanted || (count > 0 && bytes > limit) {
            return Some(time);
        }
        walk.kept += 1;
        count += 1;
        if count >= wanted {
            return Some(time);
        }
        heads.extend(walk.rows.get(walk.kept).map(|row| (row.time, at)));
    }
    None
}

/// One look further back in some walks.
async fn look(engine: &mut Engine, walks: &mut [Walk], open: &[usize], limit: usize) {
    let most = reach(walks, open.len(), limit);
    let mut by_leader: BTreeMap<BrokerId, Vec<(usize, Span)>> = BTreeMap::new();
    for &at in open {
        let Some(walk) = walks.get_mut(at) else { continue };
        let Some(part) = engine.parts.get(walk.index) else { continue };
        let to = walk.low;
        walk.low = to.plus(-walk.window.min(most)).max(walk.floor);
        walk.window = walk.window.saturating_mul(4);
        let stable = part.stable.unwrap_or(walk.end);
        let span = Span { partition: part.id, epoch: part.epoch, from: walk.low, to, stable };
        by_leader.entry(walk.leader).or_default().push((at, span));
    }
    let mut asking = JoinSet::new();
    for (leader, spans) in by_leader {
        let (client, of) = (engine.client.clone(), engine.wish.of.clone());
        asking.spawn(async move {
            let some = spans.iter().map(|(_, span)| span.clone()).collect();
            let answers = timeout(PATIENCE, ask(client.clone(), of, leader, some)).await;
            let slow = |_| client.silence("read the newest records", 3000);
            (spans, answers.map_err(slow).and_then(|answers| answers))
        });
    }
    while let Some(done) = asking.join_next().await {
        let Ok((spans, answers)) = done else { continue };
        match answers {
            Ok(answers) => take_in(engine, walks, &spans, answers).await,
            Err(failure) => {
                for (at, _) in spans {
                    if let Some(walk) = walks.get_mut(at) {
                        walk.failed = Some(failure.clone());
                    }
                }
            }
        }
    }
}

/// How many offsets a window of records as large as those seen may reach, so that what is read stays within the limit.
fn reach(walks: &[Walk], open: usize, limit: usize) -> i64 {
    let (rows, bytes) = walks.iter().flat_map(|walk| &walk.rows).fold((0_usize, 0_usize), |(n, all), row| (n + 1, all + row.bytes));
    // Where a filter let nothing pass, what came over the wire tells.
    let passed = |walk: &Walk| usize::try_from(walk.end.0.saturating_sub(walk.low.0)).unwrap_or(0);
    let (offsets, wire) = walks.iter().fold((0_usize, 0_usize), |(n, all), walk| (n + passed(walk), all + walk.wire));
    let average = bytes.checked_div(rows).or_else(|| wire.checked_div(offsets).filter(|_| wire > 0));
    let Some(average) = average else { return FIRST_WINDOW };
    i64::try_from(limit / average.max(1) / open.max(1)).unwrap_or(i64::MAX).max(1)
}

async fn ask(client: Client, of: Of, leader: BrokerId, spans: Vec<Span>) -> Result<Answers, Failure> {
    let link = client.fetch_link(leader).await?;
    let mut answers = Answers::new();
    let errors = read(&link, &of, spans, |index, from, zone, answer| answers.push((index, from, zone, answer.clone()))).await?;
    match errors.into_iter().flatten().next() {
        Some(error) => Err(error.failure("read the newest records", &format!("topic {}", of.topic.raw()))),
        None => Ok(answers),
    }
}

/// Decodes a look's answers and puts them in front of what was read of their partitions.
async fn take_in(engine: &mut Engine, walks: &mut [Walk], spans: &[(usize, Span)], answers: Answers) {
    let mut found: Vec<Vec<Block>> = spans.iter().map(|_| Vec::new()).collect();
    for (index, from, zone, answer) in answers {
        engine.bytes = engine.bytes.saturating_add(u64::try_from(answer.records.len()).unwrap_or(0));
        let (Some((at, span)), Some(blocks)) = (spans.get(index), found.get_mut(index)) else { continue };
        if let Some(walk) = walks.get_mut(*at) {
            walk.wire = walk.wire.saturating_add(answer.records.len());
        }
        let (partition, high, stop) = (span.partition, answer.high_watermark, Some(span.to));
        let asked = Asked { partition, from, stop, high, zone, committed_only: engine.committed_only, piece: SMALL_PIECE };
        let digest = digest(&asked, &answer.records, &answer.aborted, &mut engine.table, &mut engine.scratch);
        if let Some(walk) = walks.get_mut(*at) {
            walk.markers.extend(digest.markers);
        }
        if zone == Zone::Stable {
            engine.table.stable(partition, span.to.min(span.stable));
        }
        let now = engine.time(Instant::now());
        for piece in digest.pieces {
            blocks.push(match piece {
                Piece::Fact(fact) => Block::fact(fact),
                Piece::Batches { bytes, outcomes } => {
                    let (topic, how) = (engine.wish.of.topic.clone(), engine.how.clone());
                    let job = Job {
                        topic,
                        partition,
                        load: Load::Fetched { bytes, outcomes },
                        from: span.from,
                        stop,
                        now,
                        how,
                        spare: Spare::default(),
                        shelf: None,
                    };
                    match engine.work.run("decode records", move || run(&job)).await {
                        Ok(block) => block,
                        Err(_the_pool_is_gone) => return,
                    }
                }
            });
        }
    }
    for ((at, _), blocks) in spans.iter().zip(found) {
        let Some(walk) = walks.get_mut(*at) else { continue };
        for block in blocks.into_iter().rev() {
            rows_of(&block, &mut walk.rows);
            walk.blocks.push_front(block);
        }
    }
}

/// Adds the rows of an older block, the newest first.
fn rows_of(block: &Block, rows: &mut Vec<Seen>) {
    let Rows::Chunks(chunks) = &block.rows else { return };
    for chunk in chunks.iter().rev() {
        for record in (0..chunk.len()).rev().filter_map(|row| chunk.get(row)) {
            let before = rows.last().map_or(i64::MAX, |row| row.time);
            rows.push(Seen { time: record.timestamp_ms.min(before), bytes: record.size(), offset: record.offset });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(times: &[i64]) -> Walk {
        Walk {
            index: 0,
            leader: BrokerId(1),
            floor: Offset(0),
            end: Offset(100),
            low: Offset(50),
            window: 1,
            blocks: VecDeque::new(),
            rows: times.iter().zip((0..100).rev()).map(|(&time, n)| Seen { time, bytes: 10, offset: Offset(n) }).collect(),
            kept: 0,
            markers: Vec::new(),
            wire: 0,
            failed: None,
        }
    }

    fn kept(walks: &[Walk]) -> Vec<usize> {
        walks.iter().map(|walk| walk.kept).collect()
    }

    #[test]
    fn the_newest_over_all_partitions_are_kept() {
        let mut walks = [walk(&[9, 8, 2]), walk(&[7, 1]), walk(&[])];
        assert_eq!((choose(&mut walks, 3, 1000), kept(&walks)), (Some(7), vec![2, 1, 0]));
        assert_eq!((choose(&mut walks, 9, 1000), kept(&walks)), (None, vec![3, 2, 0]));
        assert_eq!((choose(&mut walks, 9, 25), kept(&walks)), (Some(7), vec![2, 0, 0]));
        assert_eq!((choose(&mut walks, 9, 5), kept(&walks)), (Some(8), vec![1, 0, 0]), "one at least");
    }

    #[test]
    fn the_first_offset_is_that_of_the_oldest_kept_or_where_the_look_back_ended() {
        let mut walks = [walk(&[9, 8, 2]), walk(&[7, 1]), walk(&[]), walk(&[1])];
        choose(&mut walks, 3, 1000);
        let firsts: Vec<i64> = walks.iter().map(|walk| walk.first().0).collect();
        assert_eq!(firsts, [98, 99, 50, 100]);
        choose(&mut walks, 9, 1000);
        assert!(walks.iter().all(|walk| walk.first() == Offset(50)));
    }

    #[test]
    fn a_window_reaches_as_far_as_records_like_those_seen_fit() {
        assert_eq!(reach(&[walk(&[])], 1, 8 << 20), FIRST_WINDOW);
        assert_eq!(reach(&[walk(&[9, 8]), walk(&[7])], 2, 1000), 50);
        let filtered = Walk { wire: 5000, ..walk(&[]) };
        assert_eq!(reach(&[filtered], 1, 1000), 10, "50 offsets brought 5,000 bytes");
    }

    #[test]
    fn a_partition_goes_on_while_it_may_hold_newer_records_than_the_oldest_kept() {
        assert!(walk(&[9, 8]).goes_on(None));
        assert!(walk(&[9, 8]).goes_on(Some(7)));
        assert!(!walk(&[9, 8]).goes_on(Some(8)));
        assert!(walk(&[]).goes_on(Some(8)), "nothing was found in its window");
        let start = Walk { low: Offset(0), ..walk(&[9]) };
        assert!(!start.goes_on(None));
    }
}

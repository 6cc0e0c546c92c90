//! `kscope lag --watch`: looks again and again, and says of each partition what became of it since.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use super::super::signals::Signals;
use super::super::topics::{Common, unwritten};
use super::super::{Output, rows, words};
use super::lag::{Lag, LagRow, Look, as_rows, now};
use super::look::Standing;
use crate::core::groups::past::GroupPast;
use crate::core::lag::TopicPlaces;
use crate::core::verdict::{Limits, Verdict, judge};
use crate::io::kafka::Client;
use crate::model::{Failure, GroupId, PartitionId, Time, TopicId, TopicName};
use crate::text::{TimeFormat, time};

/// The time from one look to the next.
const EVERY: Duration = Duration::from_secs(2);

/// What was seen of each partition of each group.
#[derive(Debug, Default)]
pub(super) struct Watched {
    seen: BTreeMap<(GroupId, TopicName, PartitionId), GroupPast>,
}

impl Watched {
    /// Puts what became of partitions in place of the verdict of one look.
    pub(super) fn judge(&mut self, standings: &[Standing], rows: &mut [LagRow], limits: Limits, now: Time) {
        let standings: BTreeMap<&GroupId, &Standing> = standings.iter().map(|standing| (&standing.listing.id, standing)).collect();
        for row in rows.iter_mut() {
            let Some(standing) = standings.get(&row.group).filter(|standing| standing.starts.is_none()) else { continue };
            let past = self.seen.entry((row.group.clone(), row.topic.clone(), row.partition)).or_default();
            let alone =
                TopicPlaces { topic: row.topic.clone(), id: TopicId::default(), partitions: vec![(row.partition, row.place.clone())] };
            let alone = std::slice::from_ref(&alone);
            past.saw_state(standing.state(), now);
            past.saw(alone, now);
            if let Some(word) = word(&judge(standing.state(), alone, past, limits, now)) {
                row.verdict = word;
            }
        }
        self.seen.retain(|(group, ..), _| standings.contains_key(group));
    }
}

/// The words that more than one look takes; a partition has no others of its own.
fn word(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::CatchingUp { .. }
        | Verdict::FallingBehind { .. }
        | Verdict::NoProgress { .. }
        | Verdict::Stopped { .. }
        | Verdict::Rewound { .. }
        | Verdict::Idle => Some(verdict.word()),
        _ => None,
    }
}

/// Looks until a signal comes, nobody reads stdout any more, or a group is further behind than it may be.
///
/// # Errors
/// The first look failed. Later ones are said, and tried again.
pub(super) async fn run(lag: &Lag, client: &Client, common: &Common) -> Result<u8, Failure> {
    let mut signals = Signals::listen()?;
    let mut watched = Watched::default();
    let mut looks = 0_u64;
    loop {
        let look = async {
            let looked = lag.look(client).await;
            if looks > 0 {
                looked.or_else(|failure| {
                    words::say(&failure.sentence());
                    Ok(Look::default())
                })
            } else {
                looked
            }
        };
        let look = tokio::select! {
            look = look => look?,
            code = signals.next() => return Ok(code),
        };
        let Look { standings, mut rows, .. } = look;
        let now = now();
        watched.judge(&standings, &mut rows, lag.limits, now);
        if !print(common, &rows, now, looks == 0)? {
            return Ok(0);
        }
        if lag.is_over(common, &rows) {
            return Ok(8);
        }
        looks += 1;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            code = signals.next() => return Ok(code),
        }
    }
}

/// Prints one look; false when nobody reads it.
fn print(common: &Common, looked: &[LagRow], now: Time, first: bool) -> Result<bool, Failure> {
    let mut printed = as_rows(looked, common.output);
    let mut out = Vec::new();
    if common.output == Output::Table {
        let zone = jiff::tz::TimeZone::system();
        out.extend_from_slice(if first { b"" } else { b"\n" });
        out.extend_from_slice(time(now.millis(), TimeFormat::Full, &zone, 0).as_bytes());
        out.push(b'\n');
    } else {
        for row in &mut printed {
            row.push(("atMs", now.millis().into()));
        }
    }
    let encoded = rows::encoded(&printed, common.output, common.terminal);
    // The names of columns stand above the first look alone.
    let header =
        if common.output == Output::Csv && !first { encoded.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1) } else { 0 };
    out.extend_from_slice(encoded.get(header..).unwrap_or_default());
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(&out).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(unwritten(&error)),
        Ok(()) => Ok(true),
    }
}

//! Where a query turns true, partition by partition, by halving: each step fetches one batch and looks at one record of it. Then some
//! more records on both sides are looked at, whether they contradict that there is one turn.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Allowed, Spans, Teller, USED_UP, ends, is_passing, now, offsets_at};
use crate::core::ask::Answer;
use crate::core::inquire::{BisectAsk, Bisected, Halved, Looked, Place, Spot, Turn};
use crate::io::kafka::Client;
use crate::io::scan::{Probed, first_at};
use crate::model::{Cause, Failure, Offset, PartitionId, Time};
use crate::query::Subject;

const WHAT: &str = "look for the turn";
/// Partitions that are searched at the same time.
const AT_ONCE: usize = 8;
/// Between two tries to reach a broker.
const BETWEEN_TRIES: Duration = Duration::from_millis(250);
/// Records that are looked at on each side of the turn, besides those next to it.
const CHECKS: i64 = 4;

/// Searches all partitions that the query does not leave out.
///
/// # Errors
/// The topic cannot be read, or the query asks how transactions ended.
pub async fn bisect(client: &Client, ask: &BisectAsk, teller: &Teller) -> Result<Bisected, Failure> {
    if ask.filter.uses_txn() {
        return Err(Failure::new(WHAT, Cause::Refused("how a transaction ended is not known of a record that is read alone")));
    }
    if ask.filter.bounds().last.is_some() {
        return Err(Failure::new(WHAT, Cause::Refused("last: bounds no search for a turn; since: and until: do")));
    }
    let until = Instant::now() + client.settings().retry;
    let (all, missing) = loop {
        let told = ends(client, WHAT, &ask.topic).await?;
        // A partition whose leader is gone has another one soon, or none for long.
        if told.1.is_empty() || Instant::now() >= until {
            break told;
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
        let _learnt = client.topic(WHAT, &ask.topic.name).await?;
    };
    let spans = bounded(client, ask, &all).await?;
    let mut parts: Vec<Halved> = spans.into_iter().map(|(id, span)| Halved::new(id, span)).collect();
    for (id, error) in missing {
        parts.push(Halved { turn: Turn::Failed(error.sentence()), ..Halved::new(id, Offset(0)..Offset(0)) });
    }
    parts.sort_by_key(|part| part.partition);
    let searched: Vec<PartitionId> = parts.iter().filter(|part| matches!(part.turn, Turn::Searching)).map(|part| part.partition).collect();
    let shared = Shared {
        client: client.clone(),
        ask: ask.clone(),
        teller: teller.clone(),
        now: now(),
        began: Instant::now(),
        state: Arc::new(Mutex::new(Bisected { parts, ..Bisected::default() })),
    };
    shared.told();
    let mut running = JoinSet::new();
    for partition in searched {
        if running.len() >= AT_ONCE {
            let _ended = running.join_next().await;
        }
        let shared = shared.clone();
        running.spawn(async move {
            if let Err(failure) = shared.partition(partition).await {
                shared.change(partition, |part| part.turn = Turn::Failed(failure.sentence()));
            }
        });
    }
    while running.join_next().await.is_some() {}
    let mut bisected = shared.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
    bisected.done = true;
    Ok(bisected)
}

/// Where each partition is searched, as the bounds of the query say.
async fn bounded(client: &Client, ask: &BisectAsk, all: &Spans) -> Result<Spans, Failure> {
    let bounds = ask.filter.bounds();
    let at = async |time: Option<i64>| match time {
        Some(time) => offsets_at(client, WHAT, &ask.topic, all, time).await,
        None => Ok(BTreeMap::new()),
    };
    let (since, until) = (at(bounds.since_ms).await?, at(bounds.until_ms).await?);
    let span = |(id, span): (&PartitionId, &Range<Offset>)| {
        if bounds.partitions.as_ref().is_some_and(|some| !some.contains(id)) {
            return None;
        }
        let from = [Some(span.start), bounds.from, since.get(id).copied()].into_iter().flatten().max().unwrap_or(span.start);
        let to = [Some(span.end), bounds.to, until.get(id).copied()].into_iter().flatten().min().unwrap_or(span.end);
        Some((*id, from.min(to)..to))
    };
    Ok(all.iter().filter_map(span).collect())
}

/// What the searches of all partitions share.
#[derive(Debug, Clone)]
struct Shared {
    client: Client,
    ask: BisectAsk,
    teller: Teller,
    now: Time,
    began: Instant,
    state: Arc<Mutex<Bisected>>,
}

impl Shared {
    fn change(&self, partition: PartitionId, change: impl FnOnce(&mut Halved)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = state.parts.iter_mut().find(|part| part.partition == partition) {
            change(part);
        }
        drop(state);
        self.told();
    }

    fn told(&self) {
        let state = || self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.teller.hint(|| Answer::Bisected(Arc::new(state())));
    }

    fn span(&self, partition: PartitionId) -> Range<Offset> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.parts.iter().find(|part| part.partition == partition).map_or(Offset(0)..Offset(0), |part| part.span.clone())
    }

    /// The first record of a stretch: a broker that is gone is waited for as long as a question is asked again, until another one
    /// leads the partition.
    async fn probe(&self, partition: PartitionId, span: (Offset, Offset)) -> Result<Probed, Failure> {
        let topic = &self.ask.topic.name;
        let until = Instant::now() + self.client.settings().retry;
        loop {
            let failure = match first_at(&self.client, WHAT, topic, partition, span).await {
                Ok(probed) => return Ok(probed),
                Err(failure) => failure,
            };
            let passing = is_passing(&failure);
            if passing || matches!(failure.cause, Cause::NotFound(_)) {
                // A topic that is gone is said to be gone.
                let looked = self.client.topic(WHAT, topic).await;
                if let Err(gone) = looked
                    && matches!(gone.cause, Cause::NotFound(_))
                {
                    return Err(gone);
                }
            }
            if !passing || Instant::now() >= until {
                return Err(failure);
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// Waits as long as the pace of the cluster's context asks for.
    async fn wait(&self) -> Result<(), Failure> {
        let allowed = Allowed::of(&self.client);
        let bytes = self.state.lock().unwrap_or_else(PoisonError::into_inner).bytes;
        if allowed.less(bytes).bytes == Some(0) {
            return Err(Failure::new(WHAT, USED_UP));
        }
        tokio::time::sleep(allowed.pause(bytes, self.began.elapsed())).await;
        Ok(())
    }

    /// The first record of a stretch, and whether it matches.
    async fn look(&self, partition: PartitionId, span: Range<Offset>) -> Result<Option<(Looked, Spot)>, Failure> {
        self.wait().await?;
        let probed = self.probe(partition, (span.start, span.end)).await?;
        let topic = &self.ask.topic.name;
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.records += probed.records;
            state.bytes += probed.bytes;
            state.fetches += u64::from(probed.fetches);
        }
        let Some(spot) = probed.found.and_then(|chunk| Spot::of(topic, &chunk, 0)) else { return Ok(None) };
        let Some(record) = spot.record() else { return Ok(None) };
        let matched = self.ask.filter.matches(&Subject { record: &record, topic: topic.raw(), txn: None, now: self.now }).matched;
        let looked = Looked { place: Place::of(&record), matched };
        self.change(partition, |part| part.look(looked));
        Ok(Some((looked, spot)))
    }

    /// The last record of a stretch: markers and gaps at its end are stepped over, twice as many each time.
    async fn last(&self, partition: PartitionId, span: &Range<Offset>) -> Result<Option<(Looked, Spot)>, Failure> {
        let (mut back, mut end) = (1, span.end);
        while end > span.start {
            let from = span.end.plus(-back).max(span.start);
            let Some(mut found) = self.look(partition, from..end).await? else {
                end = from;
                back = back.saturating_mul(2);
                continue;
            };
            // There may be more behind it, before what is known to be empty.
            while let Some(next) = self.look(partition, found.0.place.offset.plus(1)..end).await? {
                found = next;
            }
            return Ok(Some(found));
        }
        Ok(None)
    }

    async fn partition(&self, partition: PartitionId) -> Result<(), Failure> {
        let span = self.span(partition);
        let turn = |turn: Turn| self.change(partition, |part| part.turn = turn);
        let Some((first, spot)) = self.look(partition, span.clone()).await? else {
            turn(Turn::Empty);
            return Ok(());
        };
        let Some((last, last_spot)) = self.last(partition, &span).await? else { return Ok(()) };
        if first.matched {
            self.check(partition, first.place.offset..last.place.offset).await?;
            turn(Turn::Always(spot));
            return Ok(());
        }
        if !last.matched {
            self.check(partition, first.place.offset..last.place.offset).await?;
            turn(Turn::Never);
            return Ok(());
        }
        // All before `low` that was looked at does not match; what begins at `high` does, and `found` is its first record.
        let (mut low, mut high, mut found) = (first.place.offset.plus(1), last.place.offset, last_spot);
        while low < high {
            let half = low.plus((high.0 - low.0) / 2);
            match self.look(partition, half..high).await? {
                Some((looked, _)) if !looked.matched => low = looked.place.offset.plus(1),
                Some((_, spot)) => (high, found) = (half, spot),
                None => high = half,
            }
            self.change(partition, |part| part.open = low..high);
        }
        let at = found.record().map_or(high, |record| record.offset);
        // The one before it was looked at on the way here; the one behind it was not.
        let _next = self.look(partition, at.plus(1)..span.end).await?;
        self.check(partition, span.start..at).await?;
        self.check(partition, at..last.place.offset).await?;
        turn(Turn::At(found));
        Ok(())
    }

    /// Looks at some records of a stretch, at equal distances: they may contradict the assumption.
    async fn check(&self, partition: PartitionId, span: Range<Offset>) -> Result<(), Failure> {
        let width = i128::from(span.end.0) - i128::from(span.start.0);
        if width <= i128::from(CHECKS) {
            return Ok(());
        }
        for n in 1..=CHECKS {
            let at = i64::try_from(width * i128::from(n) / i128::from(CHECKS + 1)).unwrap_or(0);
            let _looked = self.look(partition, span.start.plus(at)..span.end).await?;
        }
        Ok(())
    }
}

//! Conversations with brokers: who reads which partitions over which connection, and what is asked next.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Engine, Event, SharedLink};
use crate::io::kafka::{FetchAsk, FetchFrom};
use crate::io::scan::answer::Zone;
use crate::io::scan::part::{PART_BYTES, share};
use crate::io::scan::span::isolation;
use crate::model::{BrokerId, Offset};

/// How long a broker may wait for records.
pub(super) const LONG_POLL: Duration = Duration::from_millis(500);
/// At the end of the log, records are fetched and handed on in portions of so much time: an answer per record would cost a
/// core at both ends.
pub(super) const PORTION: Duration = Duration::from_millis(33);

/// One connection to a broker and the partitions that are read over it.
#[derive(Debug)]
pub(super) struct Talk {
    pub broker: BrokerId,
    pub link: Option<SharedLink>,
    pub dialing: bool,
    /// Requests under way.
    pub in_flight: u8,
    pub tries: u32,
    /// No request before this.
    pub not_before: Instant,
    /// A slow line gets smaller requests: how many times one was halved.
    slower: u32,
    /// Which of its partitions stands first in the next request: each in turn, since the first is served best.
    turn: usize,
}

/// What one request asked for.
#[derive(Debug)]
pub(in crate::io::scan) struct Round {
    pub zone: Zone,
    /// Partitions by their index in the reader's list, and the offsets asked for.
    pub parts: Vec<(usize, Offset)>,
    pub sent: Instant,
    /// It asks how things stand and does not wait: what is live shows at once.
    pub first: bool,
    pub alone: bool,
}

impl Talk {
    fn new(broker: BrokerId, now: Instant) -> Self {
        Self { broker, link: None, dialing: false, in_flight: 0, tries: 0, not_before: now, slower: 0, turn: 0 }
    }
}

/// An answer should not take longer than this, nor much less when the line was slow before.
const SLOW: Duration = Duration::from_millis(1500);
const FAST: Duration = Duration::from_millis(400);
/// A broker owes an answer for so long, the long poll included, before its partitions count as in trouble.
pub(super) const SILENCE: Duration = Duration::from_millis(2500);

impl Talk {
    /// Fits the size of the next request to how long this answer took, so that what is there streams in on any line.
    pub(super) fn fit(&mut self, bytes: usize, took: Duration) {
        if took > SLOW && bytes > 32 << 10 {
            self.slower = (self.slower + 1).min(6);
        } else if took < FAST {
            self.slower = self.slower.saturating_sub(1);
        }
    }
}

impl Engine {
    /// Brokers that owe an answer for long: said, and metadata asked, since their partitions may be led elsewhere by now.
    pub(super) fn notice_silence(&mut self, now: Instant) {
        let mut silent = false;
        for part in self.parts.iter_mut().filter(|part| part.in_flight && !part.done) {
            if part.heard.is_some_and(|heard| now.duration_since(heard) > SILENCE) {
                silent = true;
                let ms = u64::try_from(SILENCE.as_millis()).unwrap_or(u64::MAX);
                part.miss(self.client.silence(super::WHAT, ms), now);
            }
        }
        if silent {
            self.look.soon(now);
        }
    }

    /// Keeps every conversation going.
    pub(super) fn talk(&mut self, now: Instant) {
        if self.options.budget.is_some_and(|budget| self.bytes >= budget) {
            return self.spend();
        }
        self.recall(now);
        self.assign(now);
        for talk in 0..self.talks.len() {
            self.round(talk, now);
        }
    }

    /// Gives each partition a conversation with its leader.
    fn assign(&mut self, now: Instant) {
        for index in 0..self.parts.len() {
            let Some(part) = self.parts.get(index).filter(|part| part.placed && !part.done) else { continue };
            let Some(leader) = part.leader else { continue };
            let talk = part.talk.and_then(|talk| self.talks.get(talk));
            if talk.is_none_or(|talk| talk.broker != leader) {
                let talk = self.talk_with(leader, now);
                if let Some(part) = self.parts.get_mut(index) {
                    // Whatever the broker before still answers is recognised by its offset.
                    (part.talk, part.in_flight) = (Some(talk), false);
                }
            }
        }
    }

    /// The conversation with a broker that has the fewest partitions, or one more when it may have that.
    fn talk_with(&mut self, broker: BrokerId, now: Instant) -> usize {
        let most = if self.follows { 1 } else { self.options.links.max(1) };
        let of_broker: Vec<usize> =
            self.talks.iter().enumerate().filter(|(_, talk)| talk.broker == broker).map(|(index, _)| index).collect();
        let load = |talk: usize| self.parts.iter().filter(|part| part.talk == Some(talk) && !part.done).count();
        let idlest = of_broker.iter().copied().min_by_key(|&talk| load(talk));
        match idlest {
            Some(talk) if of_broker.len() >= most || load(talk) == 0 => talk,
            _ => {
                self.talks.push(Talk::new(broker, now));
                self.talks.len() - 1
            }
        }
    }

    /// The partitions of a conversation that can be asked for now, in turn.
    fn ready_parts(&self, talk: usize, turn: usize, now: Instant) -> Vec<usize> {
        // One answer is worked on while the next is on its way.
        let room = share(self.parts.len());
        let mine = |(index, _): &(usize, &super::Part)| *index;
        let mut ready: Vec<usize> = self
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.talk == Some(talk) && part.is_ready(now, room))
            .map(|pair| mine(&pair))
            .collect();
        if !ready.is_empty() {
            let by = turn % ready.len();
            ready.rotate_left(by);
        }
        // What got nothing last time, since its next batch is large, comes first.
        ready.sort_by_key(|&index| self.parts.get(index).is_none_or(|part| part.want.is_none()));
        ready
    }

    fn round(&mut self, index: usize, now: Instant) {
        let Some(talk) = self.talks.get(index) else { return };
        if talk.in_flight > 0 || talk.dialing || talk.not_before > now {
            return;
        }
        let ready = self.ready_parts(index, talk.turn, now);
        if ready.is_empty() {
            let idle = !self.parts.iter().any(|part| part.talk == Some(index) && !part.done);
            if idle && let Some(talk) = self.talks.get_mut(index) {
                talk.link = None;
            }
            return;
        }
        let Some(link) = talk.link.as_ref().filter(|link| link.is_open()).map(Arc::clone) else {
            self.dial(index);
            return;
        };
        let slower = talk.slower;
        let ready = self.settled(ready, &link);
        for (round, ask) in self.asks(&ready, slower, now) {
            for (part, _) in &round.parts {
                if let Some(part) = self.parts.get_mut(*part) {
                    part.in_flight = true;
                }
            }
            // Sent here, not when the task first runs.
            let answer = link.fetch(&ask);
            self.running.spawn(async move { Event::Answered { talk: index, round, result: answer.await } });
            if let Some(talk) = self.talks.get_mut(index) {
                talk.in_flight += 1;
                talk.turn = talk.turn.wrapping_add(1);
            }
        }
    }

    fn dial(&mut self, index: usize) {
        let Some(talk) = self.talks.get_mut(index) else { return };
        (talk.link, talk.dialing) = (None, true);
        let (client, broker, own) = (self.client.clone(), talk.broker, !self.follows);
        self.running.spawn(async move {
            let link = if own { client.scan_link(broker).await } else { client.fetch_link(broker).await };
            Event::Linked { talk: index, link }
        });
    }

    /// One request, or one per zone: first what is there, then what may be waited for.
    fn asks(&self, ready: &[usize], slower: u32, now: Instant) -> Vec<(Round, FetchAsk)> {
        let alone = ready.iter().copied().find(|&index| self.parts.get(index).is_some_and(|part| part.alone));
        let zone_of = |index: usize| self.parts.get(index).map(|part| part.zone(self.committed_only));
        if let Some((index, zone)) = alone.and_then(|index| Some((index, zone_of(index)?))) {
            let Some(from) = self.from(index, 1) else { return Vec::new() };
            let parts = vec![(index, from.offset)];
            let ask = FetchAsk::alone(from, isolation(zone), self.options.largest);
            return vec![(Round { zone, parts, sent: now, first: false, alone: true }, ask)];
        }
        let groups = [Zone::Stable, Zone::Open].map(|zone| {
            let some: Vec<usize> = ready.iter().copied().filter(|&index| zone_of(index) == Some(zone)).collect();
            (zone, some)
        });
        let wait = if self.any_unheard(ready) || groups.iter().all(|(_, some)| !some.is_empty()) { Duration::ZERO } else { LONG_POLL };
        let asks = groups.into_iter().filter(|(_, some)| !some.is_empty());
        let each = share(self.parts.len()) >> slower;
        asks.map(|(zone, some)| self.ask(zone, &some, each, wait, now)).collect()
    }

    fn ask(&self, zone: Zone, some: &[usize], each: usize, wait: Duration, now: Instant) -> (Round, FetchAsk) {
        let partitions: Vec<FetchFrom> = some.iter().filter_map(|&index| self.from(index, each)).collect();
        let parts = some.iter().copied().zip(partitions.iter().map(|from| from.offset)).collect();
        let sum: usize = partitions.iter().map(|from| usize::try_from(from.max_bytes).unwrap_or(0)).sum();
        let ask = FetchAsk {
            isolation: isolation(zone),
            max_wait: wait,
            min_bytes: 1,
            max_bytes: i32::try_from(sum.min(self.options.largest.max(PART_BYTES))).unwrap_or(i32::MAX),
            partitions,
            // Room for the batch that comes whole although it is larger, beside what was asked for.
            cap: Some(self.options.largest.saturating_add(sum.min(self.options.largest))),
            head_if_larger: false,
        };
        (Round { zone, parts, sent: now, first: wait.is_zero() && self.any_unheard(some), alone: false }, ask)
    }

    /// Whether one of these partitions was never answered for.
    fn any_unheard(&self, some: &[usize]) -> bool {
        some.iter().any(|&index| self.parts.get(index).is_some_and(|part| part.heard.is_none()))
    }

    fn from(&self, index: usize, each: usize) -> Option<FetchFrom> {
        let part = self.parts.get(index)?;
        Some(FetchFrom {
            topic: self.wish.of.topic.clone(),
            topic_id: self.wish.of.id,
            partition: part.id,
            offset: part.position,
            leader_epoch: part.epoch,
            last_epoch: part.epochs.last(),
            max_bytes: i32::try_from(part.want.unwrap_or(each)).unwrap_or(i32::MAX),
        })
    }
}

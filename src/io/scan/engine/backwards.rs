//! Reading from the end, and reading no more than is allowed: windows that follow each other downwards, the budget, the pace.

use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use crate::core::stream::Ended;
use crate::io::scan::backward::{Lane, merge};
use crate::io::scan::merge::Queue;
use crate::io::scan::{Shape, Taken};

/// Rows that are handed on in one turn of the loop.
const ROWS: usize = 20_000;

impl Engine {
    /// Puts windows that were fetched to their end aside and begins the next ones. Returns whether there was one.
    pub(super) fn turn_windows(&mut self) -> bool {
        let mut turned = false;
        for part in self.parts.iter_mut().filter(|part| part.placed && part.done) {
            let Some(back) = &mut part.back else { continue };
            if !part.turned {
                back.fetched(&mut part.queue);
                (part.turned, turned) = (true, true);
            } else if !part.queue.is_empty() {
                // Something that was to be said came in between.
                back.aside(&mut part.queue);
            }
            if back.may_go_on() {
                part.turn();
                turned = true;
            }
        }
        turned
    }

    /// Merges what may be handed on now, the newest first.
    pub(super) fn ready_backwards(&mut self, now: Instant) -> Vec<Taken> {
        let horizon = self.horizon(now);
        let mut settled = false;
        let mut lanes: Vec<Lane<'_>> = Vec::with_capacity(self.parts.len());
        for part in self.parts.iter_mut().filter(|part| !part.left_out) {
            settled |= part.back.as_mut().is_some_and(|back| back.settle(&mut self.out));
            // Who cannot be read now, or not any more, holds up nobody.
            let waits = part.trouble.is_none() && self.closing.is_none();
            lanes.push(Lane { back: part.back.as_mut(), waits });
        }
        let limit = self.options.most.map_or(ROWS, |most| most.saturating_sub(self.rows).min(ROWS));
        self.rows += merge(&mut lanes, horizon, limit, &mut self.out);
        if self.options.most.is_some_and(|most| self.rows >= most) {
            self.ended = Some(Ok(Ended::Enough));
        }
        self.clock.dirty |= settled;
        let merged = self.out.finish(!matches!(self.options.shape, Shape::Chunks));
        if !merged.is_empty() {
            self.clock.emitted = now;
            self.clock.dirty = true;
        }
        merged
    }

    /// The budget is used up: what was fetched is all.
    pub(super) fn spend(&mut self) {
        self.spent |= self.parts.iter().any(|part| !part.is_over());
        self.leave_windows();
        for part in &mut self.parts {
            part.done = true;
        }
    }

    /// Reads no further window of what is read from its end.
    pub(super) fn leave_windows(&mut self) {
        for part in &mut self.parts {
            if let Some(back) = &mut part.back {
                if !part.done {
                    // The window under way was read from its start: without its end it would leave a hole behind it.
                    (part.queue, part.turned) = (Queue::after(&part.queue), true);
                }
                back.stop();
                part.done = true;
            }
        }
    }

    /// How long to wait before the next request, so that no more bytes a second are asked for than is allowed.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        let pace = self.options.pace.filter(|&pace| pace > 0)?;
        let millis = u128::from(self.bytes).saturating_mul(1000).checked_div(u128::from(pace)).unwrap_or(0);
        let due = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        due.checked_sub(self.clock.ran(now)).filter(|pause| !pause.is_zero())
    }
}

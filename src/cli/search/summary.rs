//! How far was looked: the line of progress while it runs, and the summary at the end.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::disturbed::Disturbed;
use super::super::reading::Over;
use super::super::words;
use crate::core::stream::{Progress, Spared};
use crate::model::TopicName;
use crate::text::{Shown, units};

/// The line of progress comes after so long, and then so often.
const PATIENCE: Duration = Duration::from_secs(1);
const PORTION: Duration = Duration::from_millis(250);

/// What the readers have told so far. Shared by all of them.
#[derive(Debug, Clone)]
pub(super) struct Seen(Arc<Mutex<All>>);

#[derive(Debug)]
struct All {
    topics: Vec<(Progress, Disturbed)>,
    began: Instant,
    printed: u64,
    /// Words are wanted.
    says: bool,
    /// Somebody sees the line of progress; and it stands there now.
    terminal: bool,
    line: Option<Instant>,
    stands: bool,
}

impl Seen {
    pub(super) fn new(topics: usize, says: bool) -> Self {
        let terminal = says && std::io::stderr().is_terminal();
        let topics = (0..topics).map(|_| (Progress::default(), Disturbed::default())).collect();
        Self(Arc::new(Mutex::new(All { topics, began: Instant::now(), printed: 0, says, terminal, line: None, stands: false })))
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn progress(&self, index: usize, topic: &TopicName, progress: Progress) {
        let mut all = self.lock();
        let says = all.says;
        let Some((old, disturbed)) = all.topics.get_mut(index) else { return };
        let said = disturbed.words(topic.raw(), &progress, tokio::time::Instant::now());
        *old = progress;
        if let Some(text) = said.filter(|_| says) {
            all.clear();
            words::say(&text);
        }
        all.show();
    }

    pub(super) fn printed(&self, records: u64) {
        self.lock().printed = records;
    }

    /// Takes the line of progress away, before something else is printed.
    pub(super) fn clear_line(&self) {
        self.lock().clear();
    }
}

impl All {
    fn clear(&mut self) {
        if std::mem::take(&mut self.stands) {
            let _closed = std::io::stderr().write_all(b"\r\x1b[2K");
        }
    }

    fn show(&mut self) {
        let now = Instant::now();
        let due = self.line.map_or(now.duration_since(self.began) >= PATIENCE, |last| now.duration_since(last) >= PORTION);
        if self.terminal && due {
            let line = self.words(now.duration_since(self.began));
            let _closed = write!(std::io::stderr(), "\r\x1b[2K{}", Shown::of(&line));
            (self.line, self.stands) = (Some(now), true);
        }
    }

    fn words(&self, ran: Duration) -> String {
        let (read, total) = self.offsets();
        let matched: u64 = self.topics.iter().map(|(progress, _)| progress.matched).sum();
        let millis = u64::try_from(ran.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = read.saturating_mul(1000).checked_div(millis).unwrap_or(0);
        let left = Duration::from_secs(total.saturating_sub(read).checked_div(rate.max(1)).unwrap_or(0));
        let all = if total > 0 { format!(" of {}", units::thousands(total)) } else { String::new() };
        let left = if read < total { format!(", {} left", units::duration(left)) } else { String::new() };
        format!("{}{all} offsets, {} matched, {}{left}", units::thousands(read), units::thousands(matched), units::rate(float(rate)))
    }

    /// Offsets read so far, and all that are to be read.
    fn offsets(&self) -> (u64, u64) {
        let (mut read, mut all) = (0_u64, 0_u64);
        for partition in self.topics.iter().flat_map(|(progress, _)| &progress.partitions) {
            let offsets = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
            if let Some((from, to)) = partition.span {
                all = all.saturating_add(offsets(from.0, to.0));
            }
            if let Some(first) = partition.first {
                read = read.saturating_add(offsets(first.0, partition.position.0));
            }
        }
        (read, all)
    }
}

fn float(n: u64) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

/// The end of a search.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub scanned: u64,
    pub matched: u64,
    pub undecodable: u64,
    pub bytes: u64,
    pub seconds: f64,
    pub ended: &'static str,
    pub spared: Spared,
    /// Offsets of the stretches that were to be read; and of the whole log of their partitions.
    pub asked: u64,
    pub log: u64,
}

impl Summary {
    /// `over`: why it ended, or `None` when it failed. `timed`: the end is a time that was asked for.
    pub(super) fn of(seen: &Seen, over: Option<Over>, timed: bool, enough: bool) -> Self {
        let mut all = seen.lock();
        all.clear();
        let sum = |of: &dyn Fn(&Progress) -> u64| all.topics.iter().map(|(progress, _)| of(progress)).fold(0, u64::saturating_add);
        let mut spared = Spared::default();
        all.topics.iter().for_each(|(progress, _)| spared.add(progress.spared));
        let partitions = || all.topics.iter().flat_map(|(progress, _)| &progress.partitions);
        let log = partitions().filter_map(|partition| Some(partition.end?.0.saturating_sub(partition.log_start?.0)));
        let ended = match over {
            None => "error",
            Some(Over::Signal(_)) => "cancelled",
            _ if enough => "limit",
            Some(Over::Enough) => "cancelled",
            Some(Over::Read { budget: true }) => "bytes",
            Some(Over::Read { .. }) if timed => "time",
            Some(Over::Read { .. }) => "end",
        };
        let matched = sum(&|progress| progress.matched);
        Self {
            scanned: sum(&|progress| progress.read),
            matched: if enough { all.printed } else { matched },
            undecodable: sum(&|progress| progress.broken),
            bytes: sum(&|progress| progress.bytes),
            seconds: all.began.elapsed().as_secs_f64(),
            ended,
            spared,
            asked: all.offsets().1,
            log: log.map(|offsets| u64::try_from(offsets).unwrap_or(0)).fold(0, u64::saturating_add),
        }
    }

    /// Says it, unless words are not wanted.
    pub(super) fn say(&self, quiet: bool) {
        if !quiet {
            let Self { scanned, matched, undecodable, bytes, seconds, ended, .. } = self;
            let line =
                format!("scanned={scanned} matched={matched} undecodable={undecodable} bytes={bytes} seconds={seconds:.3} ended={ended}\n");
            let _closed = std::io::stderr().write_all(line.as_bytes());
        }
    }
}

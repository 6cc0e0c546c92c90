//! How far was looked: the line of progress while it runs, and the summary at the end.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::disturbed::Disturbed;
use super::super::reading::Over;
use super::super::words;
use crate::core::stream::{Fact, Progress, Spared, Unfit};
use crate::model::{Offset, PartitionId, TopicName};
use crate::text::{Shown, units};

/// The line of progress comes after so long, and then so often.
const PATIENCE: Duration = Duration::from_secs(1);
const PORTION: Duration = Duration::from_millis(250);

/// What the readers have told so far. Shared by all of them.
#[derive(Debug, Clone)]
pub(super) struct Seen(Arc<Mutex<All>>);

#[derive(Debug)]
struct All {
    topics: Vec<One>,
    began: Instant,
    printed: u64,
    /// Words are wanted.
    says: bool,
    /// Somebody sees the line of progress; and it stands there now.
    terminal: bool,
    line: Option<Instant>,
    stands: bool,
}

/// One topic's reader.
#[derive(Debug, Default)]
struct One {
    progress: Progress,
    disturbed: Disturbed,
    facts: Facts,
}

/// What was said between its records, summed up.
#[derive(Debug, Default)]
struct Facts {
    /// Offsets of batches that are corrupt, or too large to be loaded, and the first of them.
    unreadable: u64,
    first: Option<(PartitionId, Offset)>,
    /// How often reading was interrupted, and for how long at most, in milliseconds.
    interrupted: u64,
    longest_ms: u64,
}

impl Facts {
    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Corrupt { partition, offset, next, .. } | Fact::TooLarge { partition, offset, next, .. } => {
                self.unreadable = self.unreadable.saturating_add(offsets(*offset, *next));
                let at = (*partition, *offset);
                self.first = Some(self.first.map_or(at, |first| first.min(at)));
            }
            Fact::Resumed { after_ms, .. } => {
                self.interrupted = self.interrupted.saturating_add(1);
                self.longest_ms = self.longest_ms.max(*after_ms);
            }
            _ => {}
        }
    }
}

fn offsets(from: Offset, to: Offset) -> u64 {
    u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0)
}

impl Seen {
    pub(super) fn new(topics: usize, says: bool) -> Self {
        let terminal = says && std::io::stderr().is_terminal();
        let topics = (0..topics).map(|_| One::default()).collect();
        Self(Arc::new(Mutex::new(All { topics, began: Instant::now(), printed: 0, says, terminal, line: None, stands: false })))
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn progress(&self, index: usize, topic: &TopicName, progress: Progress) {
        let mut all = self.lock();
        let says = all.says;
        let Some(one) = all.topics.get_mut(index) else { return };
        let said = one.disturbed.words(topic.raw(), &progress, tokio::time::Instant::now());
        one.progress = progress;
        if let Some(text) = said.filter(|_| says) {
            all.clear();
            words::say(&text);
        }
        all.show();
    }

    /// Takes in what is said between records of a topic.
    pub(super) fn facts(&self, index: usize, facts: &[Fact]) {
        if let Some(one) = self.lock().topics.get_mut(index) {
            for fact in facts {
                one.facts.note(fact);
            }
        }
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
        let matched: u64 = self.topics.iter().map(|one| one.progress.matched).sum();
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
        for partition in self.topics.iter().flat_map(|one| &one.progress.partitions) {
            if let Some((from, to)) = partition.span {
                all = all.saturating_add(offsets(from, to));
            }
            if let Some(first) = partition.first {
                read = read.saturating_add(offsets(first, partition.position));
            }
        }
        (read, all)
    }

    /// Stretches that were to be read and were not, by topic.
    fn unread(&self) -> Vec<Unread> {
        let mut unread = Vec::new();
        for (at, one) in self.topics.iter().enumerate() {
            for partition in &one.progress.partitions {
                let Some((from, to)) = partition.span else {
                    unread.push(Unread { topic: at, partition: partition.id, span: None });
                    continue;
                };
                // What was read is `first..position`: from the start on, or up to the end.
                let first = partition.first.unwrap_or(to);
                let rest = if first > from { (from, first) } else { (partition.position.max(from), to) };
                if rest.0 < rest.1 {
                    unread.push(Unread { topic: at, partition: partition.id, span: Some(rest) });
                }
            }
        }
        unread
    }
}

fn float(n: u64) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

/// A stretch of a partition that was to be read and was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread {
    /// The topic's place in the list.
    pub topic: usize,
    pub partition: PartitionId,
    /// From where to where, the latter exclusive; `None`: where the partition begins and ends was never told.
    pub span: Option<(Offset, Offset)>,
}

/// The end of a search.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub scanned: u64,
    pub matched: u64,
    /// Values that the query asks into and that are no JSON or broken, and records of batches that cannot be read; with the topic and
    /// the place of the first.
    pub undecodable: u64,
    pub first: Option<(usize, PartitionId, Offset)>,
    /// Of these, those that the query can list.
    pub values: u64,
    pub bytes: u64,
    pub seconds: f64,
    pub ended: &'static str,
    pub spared: Spared,
    pub unfit: Unfit,
    pub interrupted: u64,
    pub longest_ms: u64,
    /// Stretches that were to be read and were not.
    pub unread: Vec<Unread>,
    /// Offsets of the stretches that were to be read; and of the whole log of their partitions.
    pub asked: u64,
    pub log: u64,
}

/// Why a search is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// `None` when it failed.
    pub over: Option<Over>,
    /// A topic was deleted meanwhile.
    pub gone: bool,
    /// The end is a time that was asked for.
    pub timed: bool,
    /// There are as many records as were wanted.
    pub enough: bool,
}

impl End {
    fn word(self) -> &'static str {
        match self.over {
            None => "error",
            Some(Over::Signal(_)) => "cancelled",
            _ if self.enough => "limit",
            Some(Over::Enough) => "cancelled",
            Some(Over::Read { .. }) if self.gone => "error",
            Some(Over::Read { budget: true }) => "bytes",
            Some(Over::Read { .. }) if self.timed => "time",
            Some(Over::Read { .. }) => "end",
        }
    }
}

impl Summary {
    pub(super) fn of(seen: &Seen, end: End) -> Self {
        let mut all = seen.lock();
        all.clear();
        let sum = |of: &dyn Fn(&One) -> u64| all.topics.iter().map(of).fold(0, u64::saturating_add);
        let (mut spared, mut unfit) = (Spared::default(), Unfit::default());
        for one in &all.topics {
            spared.add(one.progress.spared);
            unfit.add(&one.progress.unfit);
        }
        let firsts = all.topics.iter().enumerate().filter_map(|(at, one)| {
            let both = one.progress.unfit.first.into_iter().chain(one.facts.first).min();
            both.map(|(partition, offset)| (at, partition, offset))
        });
        let partitions = || all.topics.iter().flat_map(|one| &one.progress.partitions);
        let log = partitions().filter_map(|partition| Some(offsets(partition.log_start?, partition.end?)));
        let values = sum(&|one| one.progress.broken);
        Self {
            scanned: sum(&|one| one.progress.read),
            matched: if end.enough { all.printed } else { sum(&|one| one.progress.matched) },
            undecodable: values.saturating_add(sum(&|one| one.facts.unreadable)),
            first: firsts.min(),
            values,
            bytes: sum(&|one| one.progress.bytes),
            seconds: all.began.elapsed().as_secs_f64(),
            ended: end.word(),
            spared,
            unfit,
            interrupted: sum(&|one| one.facts.interrupted),
            longest_ms: all.topics.iter().map(|one| one.facts.longest_ms).max().unwrap_or(0),
            unread: all.unread(),
            asked: all.offsets().1,
            log: log.fold(0, u64::saturating_add),
        }
    }

    /// Offsets that were to be read and were not; unknown where a partition's ends are.
    fn offsets_unread(&self) -> Option<u64> {
        self.unread.iter().map(|unread| unread.span.map(|(from, to)| offsets(from, to))).sum()
    }

    /// The line.
    pub(super) fn line(&self) -> String {
        let Self { scanned, matched, undecodable, bytes, seconds, ended, interrupted, .. } = self;
        let unread = self.offsets_unread().map_or_else(|| "unknown".to_owned(), |unread| unread.to_string());
        format!(
            "scanned={scanned} matched={matched} undecodable={undecodable} bytes={bytes} seconds={seconds:.3} ended={ended} unread={unread} interrupted={interrupted}"
        )
    }

    /// Says it, unless words are not wanted.
    pub(super) fn say(&self, quiet: bool) {
        if !quiet {
            let _closed = std::io::stderr().write_all((self.line() + "\n").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;

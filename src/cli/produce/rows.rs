//! The rows of records that were appended, written as they come: `{"topic","partition","offset","timestampMs"}`.

use std::io::Write as _;

use jiff::tz::TimeZone;

use crate::cli::Output;
use crate::cli::rows::write;
use crate::core::produce::{Fate, Report, Sent};
use crate::model::{Offset, PartitionId, TopicName};
use crate::text::ndjson::{self, Target};
use crate::text::units::{thousands, wide};
use crate::text::{Shown, TimeFormat, time};

/// Written once so many bytes are there.
const PIECE: usize = 64 << 10;

/// Rows on their way to stdout.
pub(super) struct Rows {
    topic: String,
    /// What every object begins with.
    begin: Vec<u8>,
    output: Output,
    zone: TimeZone,
    buffer: Vec<u8>,
    any: bool,
    failed: Option<std::io::Error>,
}

impl Rows {
    pub(super) fn new(topic: &TopicName, output: Output, terminal: bool) -> Self {
        let mut begin = b"{\"topic\":".to_vec();
        ndjson::string(&mut begin, topic.raw(), if terminal { Target::Terminal } else { Target::Data });
        let topic = topic.raw().to_owned();
        Self { topic, begin, output, zone: TimeZone::system(), buffer: Vec::new(), any: false, failed: None }
    }

    /// Rows of those that are in the log; they are written at once.
    pub(super) fn print(&mut self, sent: &[Sent]) {
        for one in sent {
            if let Fate::Appended(offset) = one.fate {
                self.row(Some(one.partition), offset, Some(one.timestamp_ms));
            }
        }
        self.flush();
    }

    /// A row of a dry run.
    pub(super) fn would_be(&mut self, partition: Option<PartitionId>, timestamp_ms: Option<i64>) {
        self.row(partition, None, timestamp_ms);
        if self.buffer.len() > PIECE {
            self.flush();
        }
    }

    fn row(&mut self, partition: Option<PartitionId>, offset: Option<Offset>, timestamp_ms: Option<i64>) {
        let first = !std::mem::replace(&mut self.any, true);
        let (partition, offset) = (partition.map(|partition| partition.0), offset.map(|offset| offset.0));
        match self.output {
            Output::Ndjson | Output::Json => {
                if self.output == Output::Json {
                    self.buffer.extend_from_slice(if first { b"[" } else { b",\n" });
                }
                // There may be millions: no row is made of fields first.
                self.buffer.extend_from_slice(&self.begin);
                let fields = [("partition", partition.map(i64::from)), ("offset", offset), ("timestampMs", timestamp_ms)];
                for (name, number) in fields {
                    self.buffer.extend_from_slice(b",\"");
                    self.buffer.extend_from_slice(name.as_bytes());
                    self.buffer.extend_from_slice(b"\":");
                    match number {
                        Some(number) => ndjson::integer(&mut self.buffer, number),
                        None => self.buffer.extend_from_slice(b"null"),
                    }
                }
                self.buffer.push(b'}');
                if self.output == Output::Ndjson {
                    self.buffer.push(b'\n');
                }
            }
            Output::Csv => {
                if first {
                    self.buffer.extend_from_slice(b"topic,partition,offset,timestampMs\n");
                }
                // A topic's name needs no quotes; writing to a Vec does not fail.
                let _written = writeln!(self.buffer, "{},{},{},{}", self.topic, text(partition), text(offset), text(timestamp_ms));
            }
            Output::Table => {
                let place =
                    format!("{}@{}", partition.map_or("?".to_owned(), |n| n.to_string()), offset.map_or("?".to_owned(), |n| n.to_string()));
                let when = timestamp_ms.map_or("now".to_owned(), |ms| time(ms, TimeFormat::Full, &self.zone, 0));
                let _written = writeln!(self.buffer, "{}  {place}  {when}", Shown::of(&self.topic));
            }
        }
    }

    fn flush(&mut self) {
        if !self.buffer.is_empty() {
            // The records are sent whoever reads of them.
            if let Err(error) = write(&self.buffer) {
                self.failed.get_or_insert(error);
            }
            self.buffer.clear();
        }
    }

    /// The end of it.
    ///
    /// # Errors
    /// Stdout cannot be written; a closed pipe is none.
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        if self.output == Output::Json {
            self.buffer.extend_from_slice(if self.any { b"\n]\n" } else { b"[]\n" });
        }
        self.flush();
        self.failed.map_or(Ok(()), Err)
    }
}

fn text<T: ToString>(n: Option<T>) -> String {
    n.map_or_else(String::new, |n| n.to_string())
}

/// What is not known to be appended, by number; the first ones are named. `name`: what is counted.
pub(super) fn missing(report: &Report, name: &str) -> Option<String> {
    let (named, all) = (wide(report.missing.len()), report.progress.failed.saturating_add(report.progress.unknown));
    let ranges = ranges(report.missing.iter().map(|sent| sent.n.saturating_add(1)));
    let more = if all > named { format!(", and {} more", thousands(all - named)) } else { String::new() };
    (named > 0).then(|| format!("not known to be appended: {name}{} {ranges}{more}", if named > 1 { "s" } else { "" }))
}

/// So many ranges are named.
const NAMED: usize = 12;

/// Ascending numbers as ranges: `3, 5-9`.
fn ranges(numbers: impl Iterator<Item = u64>) -> String {
    let mut all: Vec<(u64, u64)> = Vec::new();
    for n in numbers {
        match all.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(n) => *last = n,
            _ => all.push((n, n)),
        }
    }
    let more = all.len() > NAMED;
    let named = all.into_iter().take(NAMED).map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    let text = named.collect::<Vec<_>>().join(", ");
    if more { format!("{text}, …") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::produce::{Progress, Safety};
    use crate::model::Foreign;

    #[test]
    fn numbers_that_follow_each_other_are_a_range() {
        assert_eq!(ranges([3, 5, 6, 7, 9].into_iter()), "3, 5-7, 9");
        assert_eq!(ranges(std::iter::empty()), "");
        assert!(ranges((0..100).map(|n| n * 2)).ends_with(", 22, …"));
    }

    #[test]
    fn more_that_is_missing_than_is_named_is_told() {
        let sent = |n| Sent { n, partition: PartitionId(0), timestamp_ms: 0, fate: Fate::Failed(Foreign::new("full")) };
        let report = |failed| Report {
            progress: Progress { failed, ..Progress::default() },
            safety: Safety::Idempotent,
            failure: None,
            stopped: false,
            first: Vec::new(),
            missing: vec![sent(4), sent(5)],
            read_back: 0,
            unlogged: None,
            journal: None,
        };
        assert_eq!(missing(&report(2), "line").unwrap(), "not known to be appended: lines 5-6");
        assert_eq!(missing(&report(36_002), "line").unwrap(), "not known to be appended: lines 5-6, and 36,000 more");
        assert_eq!(missing(&Report { missing: Vec::new(), ..report(0) }, "line"), None);
    }

    #[test]
    fn rows_have_their_names_in_every_form() {
        let sent = Sent { n: 0, partition: PartitionId(3), timestamp_ms: -1, fate: Fate::Appended(Some(Offset(12))) };
        let printed = |output| {
            let mut rows = Rows::new(&TopicName::new("clicks"), output, false);
            if let Fate::Appended(offset) = sent.fate {
                rows.row(Some(sent.partition), offset, Some(sent.timestamp_ms));
                rows.row(None, None, None);
            }
            String::from_utf8(rows.buffer).unwrap()
        };
        assert!(printed(Output::Ndjson).starts_with("{\"topic\":\"clicks\",\"partition\":3,\"offset\":12,\"timestampMs\":-1}\n{"));
        assert_eq!(printed(Output::Csv), "topic,partition,offset,timestampMs\nclicks,3,12,-1\nclicks,,,\n");
        assert_eq!(printed(Output::Table), "clicks  3@12  –\nclicks  ?@?  now\n");
    }
}

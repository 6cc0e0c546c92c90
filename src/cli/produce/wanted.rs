//! What is to be sent, from arguments and standard input.

use std::io::{IsTerminal as _, Read as _};

use bytes::Bytes;

use super::{ProduceArgs, WHAT, usage};
use crate::cli::words;
use crate::core::produce::template::Text;
use crate::core::produce::{Lines, NewRecord, Records, Template};
use crate::io::produce::feed::{self, Feed};
use crate::model::{Cause, Failure, Foreign, PartitionId};

/// The largest value that is read from standard input, in bytes.
const LARGEST: u64 = 64 << 20;

/// Where the records come from.
#[derive(Debug)]
pub(super) enum Input {
    /// NDJSON on standard input.
    Lines(Lines),
    Made {
        template: Template,
        count: u64,
    },
}

impl Input {
    /// Reads the arguments, and the value from standard input where no argument has it.
    pub(super) fn of(args: &ProduceArgs, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        if args.ndjson {
            return Ok(Self::Lines(Lines { include_aborted: args.include_aborted, keep_partition: args.keep_partition }));
        }
        let text = |option: &str, text: &str| match Text::parse(text, variable) {
            _ if !args.template => Ok(Text::plain(text.to_owned())),
            Ok(parsed) => Ok(parsed),
            Err(bad) => Err(usage(format!("{option}: {} (at byte {})", bad.why, bad.at))),
        };
        let mut headers = Vec::with_capacity(args.headers.len());
        for header in &args.headers {
            let (key, value) = header.split_once('=').map_or((header.as_str(), None), |(key, value)| (key, Some(value)));
            headers.push((text("--header", key)?, value.map(|value| text("--header", value)).transpose()?));
        }
        let value = match &args.value {
            _ if args.null_value => None,
            Some(value) => Some(text("--value", value)?),
            None => {
                let bytes = from_stdin()?;
                match std::str::from_utf8(&bytes) {
                    Ok(read) if args.template => Some(text("standard input", read)?),
                    Err(_) if args.template => return Err(usage("standard input: a template is text in UTF-8".to_owned())),
                    _ => Some(Text::plain(bytes)),
                }
            }
        };
        let key = args.key.as_deref().map(|key| text("--key", key)).transpose()?;
        let template = Template { key, value, headers, timestamp_ms: args.timestamp, partition: None };
        Ok(Self::Made { template, count: args.count })
    }

    /// How many records; `None`: as many as there are lines.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Lines(_) => None,
            Self::Made { count, .. } => Some(*count),
        }
    }

    /// The record, when there is one alone and nothing in it is made by chance.
    pub(super) fn only(&self, partition: Option<PartitionId>) -> Option<NewRecord> {
        let Self::Made { template, count: 1.. } = self else { return None };
        let plain = |text: &Text| text.is_plain().then(Bytes::new).unwrap_or_default();
        // Only what is null and what is not counts for what is said about it.
        Some(NewRecord {
            key: template.key.as_ref().map(plain),
            value: template.value.as_ref().map(plain),
            headers: Vec::new(),
            timestamp_ms: template.timestamp_ms,
            partition,
        })
    }

    /// The records as they come. `slow`: they are sent at a rate.
    pub(super) fn feed(&self, partition: Option<PartitionId>, slow: bool, quiet: bool) -> Feed {
        match self {
            Self::Lines(lines) => {
                if std::io::stdin().is_terminal() && !quiet {
                    words::say("records are read from standard input, one line of JSON each; ctrl-d ends it");
                }
                feed::lines(std::io::stdin(), *lines, partition)
            }
            Self::Made { template, count } => {
                let template = Template { partition, ..template.clone() };
                feed::of(Records::Template(Box::new(template), *count), slow)
            }
        }
    }
}

/// A value, without its last line break: shells end what they print with one.
fn from_stdin() -> Result<Vec<u8>, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        words::say("the value is read from standard input; ctrl-d ends it");
    }
    let mut bytes = Vec::new();
    let read = stdin.lock().take(LARGEST.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(WHAT, Cause::File(Foreign::new(error.to_string()))))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(usage(format!("standard input: a value has {} MB at most; --ndjson takes many records", LARGEST >> 20)));
    }
    if bytes.is_empty() {
        return Err(usage("standard input is empty: -v '' sends an empty value, --null-value a tombstone".to_owned()));
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(bytes)
}

//! Words for people and programs on stderr: failures, facts, hints. All of it passes [`Shown`].

use std::fmt::Write as _;
use std::io::Write as _;

use crate::core::stream::Fact;
use crate::model::{Cause, Failure, Foreign};
use crate::query::QueryError;
use crate::text::ndjson::{self, Target};
use crate::text::{Shown, units, width};

/// The end of the program before it did anything, or because it could not: what to print, where, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    code: u8,
    text: String,
}

impl Exit {
    /// What was asked for.
    pub(super) fn done(text: String) -> Self {
        Self { code: 0, text }
    }

    /// What the argument parser says; it quotes what was typed.
    pub(super) fn usage(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(|line| Shown::of(line).into_string()).collect();
        Self { code: 2, text: lines.join("\n") + "\n" }
    }

    pub(super) fn failed(failure: &Failure, json: bool) -> Self {
        Self { code: failure.exit_code(), text: if json { self::json(failure) } else { sentences(failure) } }
    }

    pub fn code(&self) -> u8 {
        self.code
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Prints it, help to stdout and all else to stderr, and returns the exit code.
    pub fn print(&self) -> u8 {
        // Nobody listens: the exit code remains.
        let _closed = if self.code == 0 {
            std::io::stdout().write_all(self.text.as_bytes())
        } else {
            std::io::stderr().write_all(self.text.as_bytes())
        };
        self.code
    }
}

/// One line on stderr.
pub(super) fn say(text: &str) {
    let line = format!("kscope: {}\n", Shown::of(text));
    let _closed = std::io::stderr().write_all(line.as_bytes());
}

/// A line on stderr for each.
pub(super) fn say_all(lines: &[String]) {
    for line in lines {
        say(line);
    }
}

/// A failure as text: the sentence, what was tried, what to try next.
fn sentences(failure: &Failure) -> String {
    let mut text = String::from("kscope: ");
    // A usage error can have several lines: the text and a caret below it.
    let sentence = if let Cause::Usage(usage) = &failure.cause { usage.raw().to_owned() } else { failure.sentence() };
    for line in sentence.lines() {
        text.push_str(Shown::of(line).as_str());
        text.push('\n');
    }
    if failure.attempts.len() > 1 {
        for attempt in failure.attempts.iter() {
            let line = format!("{}: {}: {}", attempt.address.raw(), attempt.step.word(), attempt.result.raw());
            // Writing to a String does not fail.
            let _written = writeln!(text, "  {}", Shown::of(&line));
        }
    } else if let Some(attempt) = failure.attempts.first()
        && !matches!(failure.cause, Cause::Usage(_))
    {
        let line = format!("{}: {}", attempt.step.word(), attempt.result.raw());
        let _written = writeln!(text, "  {}", Shown::of(&line));
    }
    if let Some(hint) = &failure.hint {
        let _written = writeln!(text, "hint: {}", Shown::of(hint.raw()));
    }
    text
}

/// A failure as one JSON object, safe also on a terminal.
fn json(failure: &Failure) -> String {
    let mut out = b"{\"error\":{\"code\":".to_vec();
    ndjson::string(&mut out, failure.code(), Target::Terminal);
    out.extend_from_slice(b",\"message\":");
    let mut message = failure.sentence();
    for (n, attempt) in failure.attempts.iter().enumerate() {
        let between = if n == 0 { "; tried" } else { "," };
        let (address, step, result) = (attempt.address.raw(), attempt.step.word(), attempt.result.raw());
        // Writing to a String does not fail.
        let _written = write!(message, "{between} {address}: {step}: {result}");
    }
    ndjson::string(&mut out, &message, Target::Terminal);
    out.extend_from_slice(b",\"hint\":");
    match &failure.hint {
        Some(hint) => ndjson::string(&mut out, hint.raw(), Target::Terminal),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b"}}\n");
    String::from_utf8_lossy(&out).into_owned()
}

/// A query or position that cannot be read, with a caret below the place.
pub(super) fn pointed(option: &str, text: &str, error: &QueryError) -> Failure {
    let before = text.get(..error.at.start).unwrap_or_default();
    let marked = text.get(error.at.clone()).unwrap_or_default();
    let (indent, carets) = (width(Shown::of(before).as_str()), width(Shown::of(marked).as_str()).max(1));
    let message = format!("{option}: {}\n  {}\n  {}{}", error.message, one_line(text), " ".repeat(indent), "^".repeat(carets));
    let failure = Failure::new("read the arguments", Cause::Usage(Foreign::new(message)));
    match &error.hint {
        Some(hint) => failure.hint(hint.as_str()),
        None => failure,
    }
}

/// Line breaks as visible characters, so that the caret stands where it should.
fn one_line(text: &str) -> String {
    Shown::of(text).into_string()
}

/// A fact in words.
pub(super) fn fact(topic: &str, fact: &Fact) -> String {
    let at = |partition: i32| format!("{topic}/{partition}");
    match fact {
        Fact::Lost { partition, from, to } => {
            let count = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
            format!(
                "{}: {} ({} to {}) were deleted before they were read, reading on at {}",
                at(partition.0),
                units::counted(count, "offset"),
                from.0,
                to.0.saturating_sub(1),
                to.0
            )
        }
        Fact::Truncated { partition, from, to } => {
            format!(
                "{}: the log was truncated: offsets {} to {} are gone or were replaced, reading on at {}",
                at(partition.0),
                from.0,
                to.0.saturating_sub(1),
                from.0
            )
        }
        Fact::Corrupt { partition, offset, next, bytes, why } => {
            format!("{}: the batch at offset {} is corrupt ({why}, {bytes} bytes), reading on at {}", at(partition.0), offset.0, next.0)
        }
        Fact::TooLarge { partition, offset, next, bytes } => {
            format!("{}: offset {} is too large ({}), reading on at {}", at(partition.0), offset.0, units::size(*bytes), next.0)
        }
        Fact::Deleted => format!("topic {topic} was deleted"),
        Fact::Recreated { old, new } => format!("topic {topic} was deleted and made again: its id was {old} and is {new} now"),
        Fact::PartitionsAdded { from, to } => format!("topic {topic} has {to} partitions now, it had {from}"),
        Fact::Moved { partition, to: Some(broker), .. } => format!("{}: led by broker {} now", at(partition.0), broker.0),
        Fact::Moved { partition, to: None, .. } => format!("{}: no leader", at(partition.0)),
        Fact::Resumed { partitions, after_ms } => {
            let count = u64::try_from(*partitions).unwrap_or(u64::MAX);
            let after = std::time::Duration::from_millis(*after_ms);
            format!("{topic}: reading goes on after {} ({})", units::duration(after), units::counted(count, "partition"))
        }
        Fact::NotKept { records } => format!("{topic}: {} not kept", units::counted(*records, "record")),
        Fact::NotAuthorised => format!("not authorised to read topic {topic}"),
        Fact::Said(text) => format!("{topic}: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attempt, Offset, PartitionId, Step};

    #[test]
    fn a_failure_says_what_was_tried_and_what_to_do() {
        let attempt = |port: u16| Attempt {
            broker: None,
            address: Foreign::new(format!("h:{port}")),
            step: Step::Connect,
            result: Foreign::new("connection refused\u{1b}[2J"),
        };
        let failure = Failure::new("read the topic", Cause::Unreachable).attempts(vec![attempt(1), attempt(2)]).hint("start it");
        let exit = Exit::failed(&failure, false);
        assert_eq!(exit.code(), 3);
        assert!(
            exit.text().contains("  h:2: TCP connect: connection refused␛[2J\n") && exit.text().ends_with("hint: start it\n"),
            "{exit:?}"
        );
        let json: serde_json::Value = serde_json::from_str(Exit::failed(&failure, true).text()).unwrap();
        assert_eq!(json["error"]["code"], "unreachable");
        assert_eq!(json["error"]["hint"], "start it");
        let message = json["error"]["message"].as_str().unwrap();
        assert!(message.contains("; tried h:1: TCP connect: connection refused") && message.contains(", h:2: "), "{message}");
    }

    #[test]
    fn facts_name_the_place() {
        let lost = Fact::Lost { partition: PartitionId(3), from: Offset(10), to: Offset(15) };
        assert_eq!(fact("t", &lost), "t/3: 5 offsets (10 to 14) were deleted before they were read, reading on at 15");
    }
}

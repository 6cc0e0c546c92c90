//! From arguments to a wish: scopes, targets, files; what is wrong is pointed at.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use super::super::{Common, GroupCommand};
use super::{Careful, ResetArgs, Wanted};
use crate::core::reset::{Deed, Kept, Scope, Target, Wish, csv, when};
use crate::model::{Cause, Failure, Foreign, GroupId, Offset, PartitionId, TopicName};
use crate::query;
use crate::text::{Shown, width};

/// The wish of a command that changes something.
pub(super) fn of<'a>(command: &'a GroupCommand, common: &Common) -> Result<Wanted<'a>, Failure> {
    let group = |name: &str| GroupId::new(name);
    let (wish, careful, export) = match command {
        GroupCommand::Reset(args) => (reset(args, common)?, &args.careful, args.export.as_deref()),
        GroupCommand::Undo(args) => {
            let is_file = args.what.contains('/') || [".csv", ".json"].iter().any(|end| args.what.ends_with(end));
            let (name, kept) = if is_file { ("", Kept::File((&args.what).into())) } else { (args.what.as_str(), Kept::Latest) };
            (plain(group(name), Deed::Undo(kept)), &args.careful, None)
        }
        GroupCommand::Delete(args) => (plain(group(&args.group), Deed::Delete), &args.careful, None),
        GroupCommand::DeleteOffsets(args) => {
            let wish = Wish { scope: scope(&args.topic)?, ..plain(group(&args.group), Deed::Forget) };
            (wish, &args.careful, None)
        }
        GroupCommand::Copy(args) => {
            if args.to.trim().is_empty() || args.to == args.group {
                return Err(usage("--to names another group, one that does not exist yet".to_owned()));
            }
            (plain(group(&args.to), Deed::Copy { from: group(&args.group) }), &args.careful, None)
        }
        GroupCommand::Describe { .. } => return Err(usage("this changes nothing".to_owned())),
    };
    Ok(Wanted { wish, careful, sample: sample(careful)?, export })
}

fn plain(group: GroupId, deed: Deed) -> Wish {
    Wish { group, deed, scope: Scope::Committed, edits: Vec::new() }
}

fn reset(args: &ResetArgs, common: &Common) -> Result<Wish, Failure> {
    let group = GroupId::new(args.group.as_str());
    let target = target(args, &group, common)?;
    let scope = if args.topic.is_empty() { Scope::Committed } else { scope(&args.topic)? };
    Ok(Wish::reset(group, scope, target))
}

fn target(args: &ResetArgs, group: &GroupId, common: &Common) -> Result<Target, Failure> {
    if let Some(path) = &args.from_file {
        return from_file(path, group);
    }
    if let Some(text) = &args.skip {
        return skip(text);
    }
    Ok(if args.to_earliest {
        Target::Earliest
    } else if args.to_latest {
        Target::Latest
    } else if args.to_current {
        Target::Current
    } else if let Some(offset) = args.to_offset {
        Target::Offset(offset)
    } else if let Some(by) = args.shift_by {
        Target::Shift(by)
    } else if let Some(text) = &args.to_datetime {
        let at = when::time(text).map_err(|error| pointed("--to-datetime", text, error.at, &error.message))?;
        if at.assumed && !common.quiet {
            crate::cli::words::say("--to-datetime names no zone: UTC is taken, as kafka-consumer-groups.sh does");
        }
        Target::Time(at.ms)
    } else if let Some(text) = &args.by_duration {
        Target::Ago(when::duration(text).map_err(|error| pointed("--by-duration", text, error.at, &error.message))?)
    } else if let Some(other) = &args.to_group {
        Target::Group(GroupId::new(other.as_str()))
    } else {
        return Err(usage("no target is named".to_owned()));
    })
}

fn from_file(path: &Path, group: &GroupId) -> Result<Target, Failure> {
    let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
    let failed = |error: std::io::Error| {
        let text = Foreign::new(format!("{name}: {error}"));
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        Failure::new("read the offsets", if missing { Cause::NotFound(text) } else { Cause::File(text) })
    };
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text).map_err(failed)?
    } else {
        std::fs::read_to_string(path).map_err(failed)?
    };
    let wrong = |error: csv::CsvError| pointed(&format!("{name}, line {}", error.line), &error.text, error.at, &error.message);
    csv::parse(&text, group).map(Target::Each).map_err(wrong)
}

/// `TOPIC:P` or `TOPIC:P@OFFSET`.
fn skip(text: &str) -> Result<Target, Failure> {
    const FORM: &str = "one record is written TOPIC:PARTITION or TOPIC:PARTITION@OFFSET";
    let wrong = |at: usize| pointed("--skip", text, at, FORM);
    let colon = text.rfind(':').filter(|at| *at > 0).ok_or_else(|| wrong(text.len()))?;
    let (topic, rest) = (text.get(..colon).unwrap_or_default(), text.get(colon + 1..).unwrap_or_default());
    let (partition, offset) = rest.split_once('@').map_or((rest, None), |(partition, offset)| (partition, Some(offset)));
    let index: i32 = partition.parse().ok().filter(|index| *index >= 0).ok_or_else(|| wrong(colon + 1))?;
    let at = |offset: &str| offset.parse().ok().filter(|offset| *offset >= 0).ok_or_else(|| wrong(colon + 2 + partition.len()));
    Ok(Target::Skip { topic: TopicName::new(topic), partition: PartitionId(index), offset: offset.map(at).transpose()?.map(Offset) })
}

/// `TOPIC` or `TOPIC:0,1`, each once or more.
fn scope(topics: &[String]) -> Result<Scope, Failure> {
    let mut named: Vec<(TopicName, Option<Vec<PartitionId>>)> = Vec::new();
    for text in topics {
        let (topic, partitions) = text.split_once(':').map_or((text.as_str(), None), |(topic, rest)| (topic, Some(rest)));
        if topic.is_empty() {
            return Err(pointed("--topic", text, 0, "a topic, or TOPIC:0,1 for some of its partitions"));
        }
        let mut ids = Vec::new();
        let mut at = topic.len() + 1;
        for part in partitions.into_iter().flat_map(|rest| rest.split(',')) {
            let index = part.parse().ok().filter(|index| *index >= 0);
            ids.push(PartitionId(index.ok_or_else(|| pointed("--topic", text, at, "a partition is a number from 0"))?));
            at += part.len() + 1;
        }
        let ids = partitions.map(|_| ids);
        let name = TopicName::new(topic);
        match named.iter_mut().find(|(known, _)| *known == name) {
            // All of it is more than some.
            Some((_, known)) => match (known.as_mut(), ids) {
                (Some(known), Some(ids)) => known.extend(ids),
                _ => *known = None,
            },
            None => named.push((name, ids)),
        }
    }
    Ok(Scope::Topics(named))
}

fn sample(careful: &Careful) -> Result<Duration, Failure> {
    let text = careful.sample.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    query::when::duration(text).map_err(|why| pointed("--sample", &careful.sample, 0, why))
}

fn usage(text: String) -> Failure {
    Failure::new("read the arguments", Cause::Usage(Foreign::new(text)))
}

/// What is wrong, the text, and a caret below the place.
fn pointed(option: &str, text: &str, at: usize, message: &str) -> Failure {
    let before = text.get(..at).unwrap_or_default();
    let line = Shown::of(text).into_string();
    let caret = if text.is_empty() { String::new() } else { format!("\n  {line}\n  {}^", " ".repeat(width(Shown::of(before).as_str()))) };
    usage(format!("{option}: {message}{caret}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(failure: &Failure) -> Option<usize> {
        let Cause::Usage(text) = &failure.cause else { panic!("{failure:?}") };
        text.raw().lines().last().and_then(|line| line.find('^')).map(|column| column - 2)
    }

    #[test]
    fn topics_and_their_partitions() {
        let some = |ids: &[i32]| Some(ids.iter().copied().map(PartitionId).collect::<Vec<_>>());
        let args = ["a:0,2".to_owned(), "b".to_owned(), "a:5".to_owned(), "b:1".to_owned()];
        let Scope::Topics(named) = scope(&args).unwrap() else { panic!("topics") };
        assert_eq!(named, [(TopicName::new("a"), some(&[0, 2, 5])), (TopicName::new("b"), None)]);
        for (text, column) in [("a:0,x", 4), ("a:", 2), (":1", 0), ("a:-1", 2), ("é:x", 2)] {
            assert_eq!(at(&scope(&[text.to_owned()]).unwrap_err()), Some(column), "{text}");
        }
    }

    #[test]
    fn one_record_to_skip() {
        let of = |text: &str| skip(text).unwrap();
        let (topic, partition) = (TopicName::new("t"), PartitionId(3));
        assert_eq!(of("t:3@17"), Target::Skip { topic: topic.clone(), partition, offset: Some(Offset(17)) });
        assert_eq!(of("t:3"), Target::Skip { topic, partition, offset: None });
        for (text, column) in [("t", 1), ("t:x", 2), ("t:1@", 4), ("t:1@-1", 4), (":1", 2)] {
            assert_eq!(at(&skip(text).unwrap_err()), Some(column), "{text}");
        }
    }
}

//! Where to begin or to end reading a topic: what `--from`, `--until` and the start menu take.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Offset, PartitionId};

use super::error::{QueryError, meant};
use super::when::When;

/// A position in every partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// The oldest record that is still there.
    Earliest,
    /// Behind the newest record, as it is when it is asked for.
    Latest,
    /// The end of each partition as it is when reading begins.
    Now,
    /// So many offsets before the end, in each partition.
    Last(u64),
    /// The same offset in every partition.
    Offset(Offset),
    /// One offset per partition; partitions that are not named are left out.
    Offsets(BTreeMap<PartitionId, Offset>),
    /// The first record at or after a time.
    Time(When),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::Now => f.write_str("now"),
            Self::Last(n) => write!(f, "-{n}"),
            Self::Offset(offset) => write!(f, "{}", offset.0),
            Self::Offsets(all) => {
                for (index, (partition, offset)) in all.iter().enumerate() {
                    write!(f, "{}{}@{}", if index > 0 { "," } else { "" }, partition.0, offset.0)?;
                }
                Ok(())
            }
            Self::Time(when) => when.fmt(f),
        }
    }
}

/// Reads `earliest`, `latest`, `now`, `-500`, `12000`, `3@12000,5@77`, a duration ago (`15m`) or any time.
pub fn parse_position(text: &str) -> Result<Position, QueryError> {
    let all = 0..text.len();
    let error = |message: &str| QueryError::new(all.clone(), message);
    match text {
        "earliest" => return Ok(Position::Earliest),
        "latest" => return Ok(Position::Latest),
        "now" => return Ok(Position::Now),
        "" => return Err(error("a position is missing").hint("earliest, latest, -500, 12000, 3@12000, 15m or a time")),
        _ => {}
    }
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    if let Some(last) = text.strip_prefix('-') {
        let last = number(last).and_then(|n| u64::try_from(n).ok());
        return last
            .map(Position::Last)
            .ok_or_else(|| error("behind the minus stands how many records from the end").hint("for example -500"));
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return number(text).map(|n| Position::Offset(Offset(n))).ok_or_else(|| error("the offset is too large"));
    }
    if text.starts_with("committed:") {
        return Err(error("positions of a consumer group come with groups").hint("earliest, latest, an offset or a time"));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('@') {
        return offsets(text);
    }
    When::parse(text).map(Position::Time).map_err(|message| {
        let error = error(message);
        match meant(text, &["earliest", "latest", "now"]) {
            Some(word) => QueryError { message: "this is no position".into(), ..error }.hint(format!("did you mean {word}?")),
            None => error.hint("or earliest, latest, -500, 12000, 3@12000"),
        }
    })
}

fn offsets(text: &str) -> Result<Position, QueryError> {
    let (mut all, mut at) = (BTreeMap::new(), 0);
    for part in text.split(',') {
        let span = at..at + part.len();
        at = span.end + 1;
        let pair = part.split_once('@').and_then(|(partition, offset)| {
            let (partition, offset) = (partition.trim().parse::<i32>().ok()?, offset.trim().parse::<i64>().ok()?);
            (partition >= 0 && offset >= 0).then_some((PartitionId(partition), Offset(offset)))
        });
        let Some((partition, offset)) = pair else {
            return Err(QueryError::new(span, "this is no PARTITION@OFFSET").hint("for example 3@12000,5@77"));
        };
        if all.insert(partition, offset).is_some() {
            return Err(QueryError::new(span, format!("partition {} is named twice", partition.0)));
        }
    }
    Ok(Position::Offsets(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_print_back() {
        for text in ["earliest", "latest", "now", "-500", "12000", "3@12000,5@77", "now-15m", "@1763642465118", "2026-11-20T12:40:00Z"] {
            assert_eq!(parse_position(text).unwrap().to_string(), text);
        }
        assert_eq!(parse_position("2h30m").unwrap().to_string(), "now-2h30m");
    }

    #[test]
    fn what_is_no_position_is_said_and_pointed_at() {
        assert_eq!(parse_position("3@12,x@5").unwrap_err().at, 5..8);
        assert_eq!(parse_position("3@12,3@5").unwrap_err().message, "partition 3 is named twice");
        assert_eq!(parse_position("earlyest").unwrap_err().hint.unwrap(), "did you mean earliest?");
        assert!(parse_position("committed:g").unwrap_err().message.contains("groups"));
        for text in ["", "-", "-x", "99999999999999999999", "-1@3", "3@-1", "soon"] {
            assert!(parse_position(text).is_err(), "{text}");
        }
    }
}

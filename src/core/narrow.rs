//! From what a query says of places to a plan: where reading begins and ends, and which partitions are read.
//!
//! A bound of a query (`since:`, `until:`, `p:`, `last:`, and comparisons of time, age, offset and partition at the top level)
//! leaves out what cannot match and nothing else. What the user said outside of the query stays as it is; the query then
//! only filters. Pure.

use jiff::Timestamp;

use super::stream::Plan;
use crate::model::Time;
use crate::query::position::Position;
use crate::query::when::When;
use crate::query::{Bounds, QueryError};

/// What was said beside the query.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said {
    pub from: bool,
    pub until: bool,
    pub partitions: bool,
}

/// Narrows a plan to the bounds of a query. `now` is the moment that the query's relative times were counted from.
///
/// - The start is the last `last:` records of each partition, else the first record at or after the earliest time, else the
///   smallest offset. A query that has only an upper bound asks for what is there: from the start.
/// - The end is the largest offset. A time that is past by now ends reading where the log ends now, not at the first record
///   of that time: with timestamps of producers, records before it may lie behind. A time to come ends nothing.
/// - Partitions are those that are named; a range of them (`partition < 5`) is left to the filter.
///
/// # Errors
/// `last:` together with another start, or partitions that exclude each other: `text`, the query as it was written, is
/// pointed at.
pub fn narrow(mut plan: Plan, bounds: &Bounds, said: Said, now: Time, text: &str) -> Result<Plan, QueryError> {
    let time = |ms: i64| Position::Time(Timestamp::from_millisecond(ms).map_or(When::Millis(ms), When::Instant));
    if let Some(last) = bounds.last.filter(|_| said.from) {
        let word = format!("last:{last}");
        let at = text.find(&word).map_or(0..text.len(), |at| at..at + word.len());
        let message = "last: says where to begin, and so does the position that was given".to_owned();
        return Err(QueryError { at, message, hint: Some("leave one of them out".to_owned()) });
    }
    if let Some(named) = bounds.partitions.as_ref().filter(|_| bounds.named) {
        if named.is_empty() {
            let message = "no record can match: the partitions exclude each other".to_owned();
            return Err(QueryError { at: 0..text.len(), message, hint: Some("several at once are p:0,3".to_owned()) });
        }
        if !said.partitions {
            plan.partitions = Some(named.iter().copied().collect());
        }
    }
    let end = match (bounds.to, bounds.until_ms) {
        (Some(to), _) => Some(Position::Offset(to)),
        (None, Some(until)) if until <= now.millis() => Some(Position::Now),
        (None, _) => None,
    };
    if !said.from {
        plan.from = match (bounds.last, bounds.since_ms, bounds.from) {
            (Some(last), ..) => Position::Last(last),
            (None, Some(since), _) => time(since),
            (None, None, Some(from)) => Position::Offset(from),
            (None, None, None) if end.is_some() => Position::Earliest,
            (None, None, None) => plan.from,
        };
    }
    if !said.until && end.is_some() {
        plan.until = end;
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::stream::Isolation;
    use crate::model::{PartitionId, TopicId, TopicName};
    use crate::query::position::parse_position;
    use crate::query::{Context, Filter, parse};

    const NOW: i64 = 1_763_642_400_000;

    /// Start, end and partitions.
    type Read = (String, Option<String>, Option<Vec<i32>>);

    fn narrowed(query: &str, said: Said) -> Result<Read, QueryError> {
        let context = Context::utc(Time(NOW * 1000));
        let filter = Filter::compile(&parse(query).unwrap(), &context);
        let plan = Plan {
            topic: TopicName::new("t"),
            topic_id: TopicId::default(),
            from: Position::Latest,
            until: said.until.then_some(Position::Latest),
            partitions: said.partitions.then(|| vec![PartitionId(9)]),
            isolation: Isolation::default(),
            filter: None,
            newest: None,
            keep: usize::MAX,
        };
        let plan = narrow(plan, filter.bounds(), said, context.now, query)?;
        let partitions = plan.partitions.map(|all| all.iter().map(|p| p.0).collect());
        Ok((plan.from.to_string(), plan.until.map(|until| until.to_string()), partitions))
    }

    #[test]
    fn bounds_say_where_to_read() {
        let (now, latest) = (Some("now".to_owned()), "latest".to_owned());
        for (query, from, until, partitions) in [
            ("failed", "latest", None, None),
            ("since:15m failed", "2025-11-20T12:25:00Z", None, None),
            ("since:2h until:1h p:3,0", "2025-11-20T10:40:00Z", now.clone(), Some(vec![0, 3])),
            ("until:1h", "earliest", now, None),
            ("until:2099-01-01", "latest", None, None),
            ("last:500 since:1h", "-500", None, None),
            ("offset >= 10 offset < 20 partition == 1", "10", Some("20".to_owned()), Some(vec![1])),
            ("age < 5m", "2025-11-20T12:35:00.001Z", None, None),
            ("partition < 5", "latest", None, None),
            ("p:0,3 partition > 0", "latest", None, Some(vec![3])),
            ("(since or offset) x", "latest", None, None),
        ] {
            assert_eq!(narrowed(query, Said::default()).unwrap(), (from.to_owned(), until, partitions), "{query}");
            assert!(parse_position(from).is_ok());
        }
        let all = Said { from: true, until: true, partitions: true };
        let given = (latest.clone(), Some(latest), Some(vec![9]));
        assert_eq!(narrowed("since:15m until:1m p:0", all).unwrap(), given, "what was said stays");
    }

    #[test]
    fn what_cannot_be_honoured_is_an_error_at_its_place() {
        let error = narrowed("failed last:20", Said { from: true, ..Said::default() }).unwrap_err();
        assert_eq!((error.at, error.message.contains("where to begin")), (7..14, true));
        let error = narrowed("p:0 partition == 1", Said::default()).unwrap_err();
        assert!(error.message.contains("exclude each other"), "{error:?}");
    }
}

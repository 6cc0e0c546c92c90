//! What `select` chooses of a record: the values of each of its operands, as they lie in the record.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::query::ast::{Operand, Query};
use crate::query::eval::Subject;

use super::read::{Read, Seen};

/// The columns that a query's `select` makes, ready to be read. Cheap to clone and shared between threads.
#[derive(Clone)]
pub struct Select(Arc<[Chosen]>);

struct Chosen {
    operand: Operand,
    text: String,
    read: Read,
}

/// One value of a record. What is not there at all is none of these: no value comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected<'a> {
    Null,
    Bool(bool),
    /// A JSON number as it is written.
    Number(Cow<'a, [u8]>),
    /// Milliseconds since the epoch.
    Time(i64),
    /// What a JSON string says, a key, a header, or a word of the record's own.
    Text(Cow<'a, [u8]>),
    /// An object or an array as it is written.
    Json(&'a [u8]),
}

impl fmt::Debug for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select")?;
        f.debug_list().entries(self.0.iter().map(|chosen| &chosen.text)).finish()
    }
}

impl Select {
    /// `None` when the query selects nothing: its records are listed as they are.
    pub fn of(query: &Query) -> Option<Self> {
        let chosen = |operand: &Operand| Chosen { text: operand.to_string(), read: Read::of(operand), operand: operand.clone() };
        query.select().map(|all| Self(all.iter().map(chosen).collect()))
    }

    /// The columns in order: what each looks at, and its canonical text, which is its name.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&Operand, &str)> {
        self.0.iter().map(|chosen| (&chosen.operand, chosen.text.as_str()))
    }

    /// Calls with every value that a record has for the column at that place, in their order. False: it has none.
    pub fn each<'a>(&self, at: usize, subject: &Subject<'a>, visit: &mut dyn FnMut(Selected<'a>)) -> bool {
        let Some(chosen) = self.0.get(at) else { return false };
        chosen.read.each(subject, &mut |seen| {
            visit(match seen {
                Seen::Null => Selected::Null,
                Seen::Bool(value) => Selected::Bool(value),
                Seen::Number(text) => Selected::Number(Cow::Borrowed(text)),
                Seen::Int(n) => Selected::Number(Cow::Owned(n.to_string().into_bytes())),
                Seen::Time(ms) => Selected::Time(ms),
                Seen::Text(text) => Selected::Text(text),
                Seen::Loose(text) => Selected::Text(Cow::Borrowed(text)),
                Seen::Container(text) => Selected::Json(text),
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, LeaderEpoch, Offset, PartitionId, RecordRef, Time, TimestampType};
    use crate::query::parse;

    fn shown(query: &str, key: Option<&[u8]>, value: Option<&[u8]>) -> Vec<Vec<String>> {
        let wire = [2, b'h', 2, b'1', 2, b'h', 1]; // h=1, h=null
        let record = RecordRef {
            partition: PartitionId(3),
            offset: Offset(12),
            timestamp_ms: 1000,
            timestamp_type: TimestampType::Create,
            key,
            value,
            headers: Headers::from_wire(&wire, 2),
            leader_epoch: LeaderEpoch(0),
            transaction: None,
        };
        let subject = Subject { record: &record, topic: "t", txn: None, now: Time::from_millis(5000) };
        let select = Select::of(&parse(query).unwrap()).unwrap();
        let column = |at: usize| {
            let mut all = Vec::new();
            let found = select.each(at, &subject, &mut |value| {
                all.push(match value {
                    Selected::Null => "null".to_owned(),
                    Selected::Bool(value) => value.to_string(),
                    Selected::Number(text) => format!("n{}", String::from_utf8_lossy(&text)),
                    Selected::Text(text) => format!("t{}", String::from_utf8_lossy(&text)),
                    Selected::Json(text) => format!("j{}", String::from_utf8_lossy(text)),
                    Selected::Time(ms) => format!("@{ms}"),
                });
            });
            assert_eq!(found, !all.is_empty());
            all
        };
        (0..select.columns().len()).map(column).collect()
    }

    #[test]
    fn what_is_absent_null_empty_or_several_is_told_apart() {
        let value = br#"{"a":1.50,"b":null,"c":"","d":[{"x":1},{"x":"y"}]}"#;
        let all = shown("| select .a, .b, .c, .d, .d[].x, .e", None, Some(value));
        assert_eq!(all, [vec!["n1.50"], vec!["null"], vec!["t"], vec![r#"j[{"x":1},{"x":"y"}]"#], vec!["n1", "ty"], vec![]]);
    }

    #[test]
    fn what_is_no_field_of_the_value_is_a_column_too() {
        let all = shown("| select key, value, header.h, header.x, offset, time, age, topic, txn", Some(b"k"), None);
        assert_eq!(
            all,
            [vec!["tk"], vec!["null"], vec!["t1", "null"], vec![], vec!["n12"], vec!["@1000"], vec!["n4000"], vec!["tt"], vec![]]
        );
        assert_eq!(shown("| select key, .a", None, Some(b"no json")), [vec!["null"], vec![]]);
    }

    #[test]
    fn a_query_without_select_makes_no_columns() {
        assert!(Select::of(&parse(".a == 1 | limit 5").unwrap()).is_none());
    }
}

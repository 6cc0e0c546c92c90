//! Rows of named fields: the public form of what `kscope topics` and its kin print, and of lists that are saved. Names and
//! order are an interface; unknown is null, never 0.

use super::ndjson::{self, Target};

/// One value. Text is foreign until it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Unknown.
    Null,
    /// There is none: null as well, and in a table told from what is unknown.
    Absent,
    Bool(bool),
    Number(i128),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl<T: Into<i128>> From<T> for Field {
    fn from(n: T) -> Self {
        Self::Number(n.into())
    }
}

/// What is there, or null.
pub fn maybe<T: Into<Field>>(value: Option<T>) -> Field {
    value.map_or(Field::Null, Into::into)
}

/// A length.
pub fn count(n: usize) -> Field {
    Field::Number(i128::try_from(n).unwrap_or(i128::MAX))
}

/// The fields of one row, in the order of their names.
pub type Row = Vec<(&'static str, Field)>;

/// How many rows have nothing known under that name.
pub fn unknown(rows: &[Row], name: &str) -> usize {
    rows.iter().filter(|row| row.iter().any(|(other, field)| *other == name && *field == Field::Null)).count()
}

/// Appends a row as a JSON object, without a line break.
pub fn object(out: &mut Vec<u8>, fields: &[(&'static str, Field)], target: Target) {
    out.push(b'{');
    for (n, (name, field)) in fields.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        ndjson::string(out, name, target);
        out.push(b':');
        value(out, field, target);
    }
    out.push(b'}');
}

/// Appends a value as JSON.
pub fn value(out: &mut Vec<u8>, field: &Field, target: Target) {
    match field {
        Field::Null | Field::Absent => out.extend_from_slice(b"null"),
        Field::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Field::Number(n) => out.extend_from_slice(n.to_string().as_bytes()),
        Field::Text(text) => ndjson::string(out, text, target),
        Field::Object(fields) => object(out, fields, target),
        Field::List(list) => {
            out.push(b'[');
            for (n, item) in list.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                value(out, item, target);
            }
            out.push(b']');
        }
    }
}

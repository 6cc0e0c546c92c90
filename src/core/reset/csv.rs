//! Offsets as kafka-consumer-groups.sh writes and reads them: no header, `topic,partition,offset` for one group,
//! `group,topic,partition,offset` for several (`org.apache.kafka.tools.consumer.group.CsvUtils`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Plan;
use crate::model::{GroupId, Offset, PartitionId, TopicName};

/// Offsets by partition.
pub type Offsets = BTreeMap<(TopicName, PartitionId), Offset>;

/// A file that cannot be read, with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct CsvError {
    /// From 1.
    pub line: usize,
    /// The line as it stands.
    pub text: String,
    /// From where it is wrong, in bytes of the line, on a character boundary.
    pub at: usize,
    pub message: String,
}

/// The offsets of one group in a file. The first line decides: three fields are this group's, four name theirs, and then only
/// lines of this group count.
///
/// # Errors
/// The first line that is wrong, or that no line is of this group.
pub fn parse(text: &str, group: &GroupId) -> Result<Offsets, CsvError> {
    let mut offsets = Offsets::new();
    let mut lines_of: BTreeMap<(TopicName, PartitionId), usize> = BTreeMap::new();
    let mut wide: Option<bool> = None;
    for (n, line) in text.lines().enumerate() {
        let line = line.strip_prefix('\u{feff}').filter(|_| n == 0).unwrap_or(line);
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |at: usize, message: String| CsvError { line: n + 1, text: line.to_owned(), at, message };
        let fields = fields(line).map_err(|(at, message)| wrong(at, message.to_owned()))?;
        let wide = *wide.get_or_insert(fields.len() == 4);
        let wanted = if wide { 4 } else { 3 };
        if fields.len() != wanted {
            let form = if wide { "group,topic,partition,offset" } else { "topic,partition,offset" };
            let at = fields.get(wanted).map_or(line.len(), |field| field.at);
            return Err(wrong(at, format!("{} fields, where {form} has {wanted}", fields.len())));
        }
        let mut fields = fields.into_iter();
        let named = if wide { fields.next() } else { None };
        let (Some(topic), Some(partition), Some(offset)) = (fields.next(), fields.next(), fields.next()) else { continue };
        if topic.text.is_empty() {
            return Err(wrong(topic.at, "no topic".to_owned()));
        }
        let index = partition.number::<i32>().filter(|index| *index >= 0);
        let index = index.ok_or_else(|| wrong(partition.at, format!("'{}' is no partition", partition.text)))?;
        let number = offset.number::<i64>().filter(|number| *number >= 0);
        let number = number.ok_or_else(|| wrong(offset.at, format!("'{}' is no offset", offset.text)))?;
        if named.is_some_and(|named| named.text != group.raw()) {
            continue;
        }
        let place = (TopicName::new(topic.text), PartitionId(index));
        if let Some(first) = lines_of.insert(place.clone(), n + 1) {
            return Err(wrong(0, format!("the partition stands in line {first} already")));
        }
        offsets.insert(place, Offset(number));
    }
    if offsets.is_empty() {
        let message =
            if wide == Some(true) { format!("no line is of group {}", group.raw()) } else { "no line names an offset".to_owned() };
        return Err(CsvError { line: text.lines().count().max(1), text: String::new(), at: 0, message });
    }
    Ok(offsets)
}

#[derive(Debug)]
struct Field {
    text: String,
    /// Where it begins, in bytes of the line.
    at: usize,
}

impl Field {
    fn number<N: std::str::FromStr>(&self) -> Option<N> {
        self.text.trim().parse().ok()
    }
}

/// The fields of a line; quotes as RFC 4180 has them, but none over several lines.
fn fields(line: &str) -> Result<Vec<Field>, (usize, &'static str)> {
    let mut fields = Vec::new();
    let (mut text, mut begin, mut quoted, mut closed) = (String::new(), 0, false, false);
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if quoted && chars.peek().is_some_and(|(_, next)| *next == '"') => {
                text.push('"');
                chars.next();
            }
            '"' if quoted => (quoted, closed) = (false, true),
            c if quoted => text.push(c),
            '"' if text.is_empty() && !closed => quoted = true,
            ',' => {
                fields.push(Field { text: std::mem::take(&mut text), at: begin });
                (begin, closed) = (at + 1, false);
            }
            _ if closed => return Err((at, "text behind the closing quote")),
            c => text.push(c),
        }
    }
    if quoted {
        return Err((begin, "the quote is not closed"));
    }
    fields.push(Field { text, at: begin });
    Ok(fields)
}

/// The offsets that a plan commits, as kafka-consumer-groups.sh --export prints them for one group. What is forgotten or left
/// alone has no form there.
pub fn of_plan(plan: &Plan) -> String {
    let rows = plan.rows.iter().filter_map(|row| Some((&row.topic, row.partition, row.target()?)));
    write(rows)
}

/// `topic,partition,offset`, a line each.
pub fn write<'a>(rows: impl IntoIterator<Item = (&'a TopicName, PartitionId, Offset)>) -> String {
    let mut out = String::new();
    for (topic, partition, offset) in rows {
        // Writing to a string does not fail.
        let _written = writeln!(out, "{},{},{}", field(topic.raw()), partition.0, offset.0);
    }
    out
}

/// Kafka's topics need no quotes; what does not look like one gets them.
fn field(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn group() -> GroupId {
        GroupId::new("g,1")
    }

    #[test]
    fn three_fields_are_this_groups_and_four_name_theirs() {
        let three = parse("t,0,5\n\nt,1, 7\n", &group()).unwrap();
        assert_eq!(three.get(&(TopicName::new("t"), PartitionId(1))), Some(&Offset(7)));
        let four = parse("\"g,1\",t,0,5\nother,t,0,9\n", &group()).unwrap();
        assert_eq!(four.into_values().collect::<Vec<_>>(), [Offset(5)]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, line, at, message) in [
            ("t,0,5\nt,x,5\n", 2, 2, "'x' is no partition"),
            ("t,0,-5", 1, 4, "'-5' is no offset"),
            ("t,0,99999999999999999999", 1, 4, "'99999999999999999999' is no offset"),
            ("t,-1,5", 1, 2, "'-1' is no partition"),
            ("t,0", 1, 3, "2 fields, where topic,partition,offset has 3"),
            ("t,0,5\ng,t,0,5", 2, 6, "4 fields, where topic,partition,offset has 3"),
            ("t,0,5\nt,0,6", 2, 0, "the partition stands in line 1 already"),
            (",0,5", 1, 0, "no topic"),
            ("\"t,0,5", 1, 0, "the quote is not closed"),
            ("\"t\"x,0,5", 1, 3, "text behind the closing quote"),
            ("other,t,0,5", 1, 0, "no line is of group g,1"),
            ("", 1, 0, "no line names an offset"),
            ("Error: No reset plan for group g found", 1, 38, "1 fields, where topic,partition,offset has 3"),
        ] {
            let error = parse(text, &group()).unwrap_err();
            assert_eq!((error.line, error.at, error.message.as_str()), (line, at, message), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in proptest::collection::btree_map(("[a-zA-Z0-9._\"é -]{1,12}", 0..i32::MAX), 0..i64::MAX, 1..20)) {
            let rows: Offsets = rows.into_iter().map(|((t, p), o)| ((TopicName::new(t), PartitionId(p)), Offset(o))).collect();
            let text = write(rows.iter().map(|((topic, partition), offset)| (topic, *partition, *offset)));
            prop_assert_eq!(parse(&text, &group()).unwrap(), rows);
        }

        #[test]
        fn any_text_is_read_or_refused_at_a_place_in_it(text in ".{0,60}") {
            if let Err(error) = parse(&text, &group()) {
                prop_assert!(error.text.is_char_boundary(error.at) || error.text.is_empty());
            }
        }
    }
}

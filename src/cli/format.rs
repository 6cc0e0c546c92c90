//! kcat's output format (`-f`): `%t %p %o %k %s %h %T %S %K %%`, and `\n \t \r \\ \xNN`.

use std::io::Write as _;

use crate::model::RecordRef;
use crate::text::Shown;

/// A format that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Topic,
    Partition,
    Offset,
    Key,
    /// Bytes of the key; −1 for null.
    KeySize,
    Value,
    ValueSize,
    /// Milliseconds.
    Timestamp,
    /// `name=value,name=value`.
    Headers,
}

impl Format {
    /// # Errors
    /// What is wrong, as a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain) = (Vec::new(), Vec::new());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => {
                    let part = match chars.next() {
                        Some('%') => {
                            plain.push(b'%');
                            continue;
                        }
                        Some('t') => Part::Topic,
                        Some('p') => Part::Partition,
                        Some('o') => Part::Offset,
                        Some('k') => Part::Key,
                        Some('K') => Part::KeySize,
                        Some('s') => Part::Value,
                        Some('S') => Part::ValueSize,
                        Some('T') => Part::Timestamp,
                        Some('h') => Part::Headers,
                        other => {
                            let found = other.map_or_else(|| "%".to_owned(), |c| format!("%{c}"));
                            return Err(format!("'{found}' is not known: %t %p %o %k %K %s %S %T %h %%"));
                        }
                    };
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(part);
                }
                '\\' => plain.push(escape(&mut chars)?),
                c => plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// Appends a record. On a terminal whatever came from Kafka is made visible instead of acting on it.
    pub(super) fn write(&self, out: &mut Vec<u8>, topic: &str, record: &RecordRef<'_>, terminal: bool) {
        // Writing to a Vec does not fail.
        for part in &self.0 {
            let _written = match part {
                Part::Text(text) => out.write_all(text),
                Part::Topic => foreign(out, topic.as_bytes(), terminal),
                Part::Partition => write!(out, "{}", record.partition.0),
                Part::Offset => write!(out, "{}", record.offset.0),
                Part::Key => foreign(out, record.key.unwrap_or_default(), terminal),
                Part::KeySize => size(out, record.key),
                Part::Value => foreign(out, record.value.unwrap_or_default(), terminal),
                Part::ValueSize => size(out, record.value),
                Part::Timestamp => write!(out, "{}", record.timestamp_ms),
                Part::Headers => headers(out, record, terminal),
            };
        }
    }
}

fn escape(chars: &mut std::str::Chars<'_>) -> Result<u8, String> {
    match chars.next() {
        Some('n') => Ok(b'\n'),
        Some('t') => Ok(b'\t'),
        Some('r') => Ok(b'\r'),
        Some('\\') => Ok(b'\\'),
        Some('x') => {
            let digits: String = chars.by_ref().take(2).collect();
            let byte = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
            byte.ok_or_else(|| format!("'\\x{digits}' is no byte: write \\x and two hexadecimal digits"))
        }
        other => Err(format!("'\\{}' is not known: \\n \\t \\r \\\\ \\xNN", other.map_or_else(String::new, String::from))),
    }
}

fn foreign(out: &mut Vec<u8>, bytes: &[u8], terminal: bool) -> std::io::Result<()> {
    if terminal { out.write_all(Shown::whole(bytes).as_str().as_bytes()) } else { out.write_all(bytes) }
}

fn size(out: &mut Vec<u8>, bytes: Option<&[u8]>) -> std::io::Result<()> {
    match bytes {
        Some(bytes) => write!(out, "{}", bytes.len()),
        None => out.write_all(b"-1"),
    }
}

fn headers(out: &mut Vec<u8>, record: &RecordRef<'_>, terminal: bool) -> std::io::Result<()> {
    for (n, header) in record.headers.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        foreign(out, header.key, terminal)?;
        out.push(b'=');
        foreign(out, header.value.unwrap_or(b"NULL"), terminal)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, LeaderEpoch, Offset, PartitionId, TimestampType};

    fn written(format: &str, value: Option<&[u8]>, terminal: bool) -> String {
        let wire = [2, b'a', 2, b'1', 2, b'b', 1]; // a=1, b=null
        let record = RecordRef {
            partition: PartitionId(3),
            offset: Offset(12),
            timestamp_ms: -1,
            timestamp_type: TimestampType::Create,
            key: Some(b"k"),
            value,
            headers: Headers::from_wire(&wire, 2),
            leader_epoch: LeaderEpoch(0),
            transaction: None,
        };
        let mut out = Vec::new();
        Format::parse(format).unwrap().write(&mut out, "t", &record, terminal);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_part_is_written() {
        assert_eq!(
            written(r"%t/%p@%o %T %k(%K)=%s(%S) %h 100%%\t\x41\\\n", Some(b"v"), false),
            "t/3@12 -1 k(1)=v(1) a=1,b=NULL 100%\tA\\\n"
        );
        assert_eq!(written("[%s|%S]", None, false), "[|-1]");
    }

    #[test]
    fn a_terminal_gets_no_control_characters() {
        assert_eq!(written("%s", Some(b"\x1b[2J"), false), "\x1b[2J");
        assert_eq!(written("%s", Some(b"\x1b[2J"), true), "␛[2J");
    }

    #[test]
    fn what_is_not_known_is_said() {
        for bad in ["%q", "%", r"\q", r"\x4", "\\"] {
            assert!(Format::parse(bad).is_err(), "{bad}");
        }
    }
}

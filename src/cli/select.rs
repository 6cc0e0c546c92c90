//! Records of which a query selects fields: an object, a line of a table or of CSV for each.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;

use super::Output;
use super::print::{BETWEEN, field};
use crate::io::scan::Encode;
use crate::json::{self, Step};
use crate::model::{Outcome, RecordRef, Time, TopicName};
use crate::query::ast::Operand;
use crate::query::{Select, Selected, Subject};
use crate::text::ndjson::{self, Target};
use crate::text::{Shown, TimeFormat, time};

/// What is selected, and how it is written.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub select: Select,
    /// What `age` is counted from.
    pub now: Time,
    pub zone: TimeZone,
}

impl Selection {
    pub(super) fn encoder(&self, topic: &TopicName, output: Output, target: Target) -> Encode {
        let (selection, topic) = (self.clone(), topic.clone());
        Arc::new(move |out, record, txn| {
            let subject = selection.subject(topic.raw(), record, txn);
            match output {
                Output::Ndjson => {
                    selection.object(out, &subject, target);
                    out.push(b'\n');
                }
                Output::Json => {
                    out.extend_from_slice(BETWEEN);
                    selection.object(out, &subject, target);
                }
                Output::Csv => selection.csv(out, &subject, target),
                Output::Table => selection.line(out, &subject),
            }
        })
    }

    /// The names of the columns, above lines and CSV.
    pub(super) fn header(&self, output: Output) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, (_, name)) in self.select.columns().enumerate() {
            if output == Output::Csv {
                out.extend_from_slice(if at > 0 { b"," } else { b"" });
                field(&mut out, name.as_bytes(), false);
            } else {
                out.extend_from_slice(if at > 0 { b"\t" } else { b"" });
                out.extend_from_slice(Shown::of(name).as_str().as_bytes());
            }
        }
        out.push(b'\n');
        out
    }

    fn subject<'a>(&self, topic: &'a str, record: &'a RecordRef<'a>, txn: Option<Outcome>) -> Subject<'a> {
        Subject { record, topic, txn, now: self.now }
    }

    /// Members named by the columns. What is absent is left out; several values, and those of a path through `[]`, are an array.
    fn object(&self, out: &mut Vec<u8>, subject: &Subject<'_>, target: Target) {
        out.push(b'{');
        let mut first = true;
        for (at, (operand, name)) in self.select.columns().enumerate() {
            let (mut values, mut count, mut encoded) = (Vec::new(), 0_usize, false);
            self.select.each(at, subject, &mut |value| {
                values.extend_from_slice(if count > 0 { b"," } else { b"" });
                count += 1;
                encoded |= member(&mut values, &value, target);
            });
            let listed = count > 1 || through_all(operand);
            if count == 0 && !listed {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            ndjson::string(out, name, target);
            out.push(b':');
            out.extend_from_slice(if listed { b"[" } else { b"" });
            out.append(&mut values);
            out.extend_from_slice(if listed { b"]" } else { b"" });
            if encoded {
                out.push(b',');
                ndjson::string(out, &format!("{name}Encoding"), target);
                out.extend_from_slice(b":\"base64\"");
            }
        }
        out.push(b'}');
    }

    fn csv(&self, out: &mut Vec<u8>, subject: &Subject<'_>, target: Target) {
        for at in 0..self.select.columns().len() {
            let (mut text, mut count) = (Vec::new(), 0_usize);
            self.select.each(at, subject, &mut |value| {
                text.extend_from_slice(if count > 0 { b"," } else { b"" });
                count += 1;
                match value {
                    Selected::Text(bytes) => text.extend_from_slice(&bytes),
                    Selected::Null => count -= usize::from(count == 1),
                    other => drop(member(&mut text, &other, Target::Data)),
                }
            });
            out.extend_from_slice(if at > 0 { b"," } else { b"" });
            if count > 0 {
                field(out, &text, target == Target::Terminal);
            }
        }
        out.push(b'\n');
    }

    /// For people: cells with tabs between them.
    fn line(&self, out: &mut Vec<u8>, subject: &Subject<'_>) {
        for at in 0..self.select.columns().len() {
            let mut cells = Vec::new();
            self.select.each(at, subject, &mut |value| cells.push(self.words(&value)));
            out.extend_from_slice(if at > 0 { b"\t" } else { b"" });
            out.extend_from_slice(if cells.is_empty() { "–".to_owned() } else { cells.join(", ") }.as_bytes());
        }
        out.push(b'\n');
    }

    fn words(&self, value: &Selected<'_>) -> String {
        match value {
            Selected::Null => "∅ null".to_owned(),
            Selected::Bool(value) => value.to_string(),
            Selected::Time(ms) => time(*ms, TimeFormat::Full, &self.zone, 0),
            Selected::Text(text) if text.is_empty() => "\"\"".to_owned(),
            Selected::Number(text) | Selected::Text(text) => Shown::whole(text).into_string(),
            Selected::Json(text) => {
                let mut compact = Vec::new();
                json::compact(text, &mut compact);
                Shown::whole(&compact).into_string()
            }
        }
    }
}

/// Whether a path leads through all elements of an array.
fn through_all(operand: &Operand) -> bool {
    match operand {
        Operand::Path(path) | Operand::KeyPath(path) | Operand::HeaderPath(_, path) => path.steps().contains(&Step::Any),
        _ => false,
    }
}

/// A value as JSON. True: bytes that are no text were written in base64.
fn member(out: &mut Vec<u8>, value: &Selected<'_>, target: Target) -> bool {
    match value {
        Selected::Null => out.extend_from_slice(b"null"),
        Selected::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Selected::Time(ms) => out.extend_from_slice(ms.to_string().as_bytes()),
        Selected::Number(text) => out.extend_from_slice(text),
        Selected::Text(text) => {
            let Ok(text) = std::str::from_utf8(text) else {
                ndjson::string(out, &STANDARD.encode(text), target);
                return true;
            };
            ndjson::string(out, text, target);
        }
        Selected::Json(text) => {
            let mut compact = Vec::new();
            // What is broken within is no JSON, and would break the line that it stands in.
            let valid = json::compact(text, &mut compact) == json::Shape::Valid && std::str::from_utf8(&compact).is_ok();
            match (valid, target) {
                (false, _) => ndjson::string(out, &String::from_utf8_lossy(text), target),
                (true, Target::Terminal) => out.extend_from_slice(Shown::whole(&compact).as_str().as_bytes()),
                (true, _) => out.append(&mut compact),
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, LeaderEpoch, Offset, PartitionId, TimestampType};
    use crate::query::parse;

    fn written(query: &str, output: Output, key: Option<&[u8]>, value: &[u8]) -> String {
        let record = RecordRef {
            partition: PartitionId(3),
            offset: Offset(12),
            timestamp_ms: 1000,
            timestamp_type: TimestampType::Create,
            key,
            value: Some(value),
            headers: Headers::default(),
            leader_epoch: LeaderEpoch(0),
            transaction: None,
        };
        let select = Select::of(&parse(query).unwrap()).unwrap();
        let selection = Selection { select, now: Time::from_millis(0), zone: TimeZone::UTC };
        let mut out = selection.header(output);
        selection.encoder(&TopicName::new("t"), output, Target::Data)(&mut out, &record, None);
        String::from_utf8(out).unwrap()
    }

    const VALUE: &[u8] = b"{\"a\": 1.50, \"b\": null, \"c\": \"\", \"d\": [{\"x\": 1},\n{\"x\": \"y,\\tz\"}], \"e\": {\"f\": tru}}";

    #[test]
    fn an_object_has_what_there_is_in_one_line() {
        let line = written("| select .a, .b, .c, .d, .d[].x, .gone, .gone[].x, key, time", Output::Ndjson, Some(b"\xff"), VALUE);
        let (_, line) = line.split_once('\n').unwrap();
        assert_eq!(
            line,
            "{\".a\":1.50,\".b\":null,\".c\":\"\",\".d\":[{\"x\":1},{\"x\":\"y,\\tz\"}],\".d[].x\":[1,\"y,\\tz\"],\".gone[].x\":[],\
             \"key\":\"/w==\",\"keyEncoding\":\"base64\",\"time\":1000}\n"
        );
    }

    #[test]
    fn what_is_broken_within_is_a_text() {
        let line = written("| select .e", Output::Ndjson, None, VALUE);
        let object: serde_json::Value = serde_json::from_str(line.lines().nth(1).unwrap()).unwrap();
        assert!(object[".e"].is_null() || object[".e"].is_string(), "{object}");
    }

    #[test]
    fn lines_and_csv_have_the_names_above() {
        let query = "| select .a, .b, .c, .gone, .d[].x";
        assert_eq!(written(query, Output::Table, None, VALUE), ".a\t.b\t.c\t.gone\t.d[].x\n1.50\t∅ null\t\"\"\t–\t1, y,␉z\n");
        assert_eq!(written(query, Output::Csv, None, VALUE), ".a,.b,.c,.gone,.d[].x\n1.50,,\"\",,\"1,y,\tz\"\n");
    }
}

//! What comes of a form: records to be sent, a command that sends the same, and the form itself, to be remembered.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use bytes::Bytes;

use super::{Field, Form, Headers, Part, Source, Twice, ValueAs, Wrong};
use crate::core::editor::Editor;
use crate::core::history::History;
use crate::core::line::Line;
use crate::core::produce::template::{Filling, Text};
use crate::core::produce::{Lines, Manner, Records, Redrive, Target, Template};
use crate::core::reset::when;
use crate::model::{PartitionId, Time};

impl Form {
    pub(in crate::screens::produce) fn manner(&self) -> Result<Manner, Wrong> {
        let rate = number(&self.rate, Field::Rate)?.map(|rate| u32::try_from(rate).unwrap_or(u32::MAX));
        Ok(Manner { acks: self.acks, codec: self.codec, partitioner: self.partitioner, rate })
    }

    /// What is to be sent. `target`: the topic, as far as it is known; `variables`: what `{{env X}}` may stand for.
    pub(in crate::screens::produce) fn records(
        &self,
        target: Option<&Target>,
        variables: &BTreeMap<String, String>,
    ) -> Result<Records, Wrong> {
        match &self.source {
            Source::Read(redrive) => self.repeats(redrive),
            Source::File => {
                let path = self.path.text().trim();
                if path.is_empty() {
                    return Err(Wrong { field: Field::Path, at: None, why: "which file?".to_owned() });
                }
                let lines = Lines { include_aborted: self.aborted, keep_partition: self.keep_partition };
                Ok(Records::File { path: path.into(), lines })
            }
            Source::Composed => {
                let count = number(&self.count, Field::Count)?.unwrap_or(1);
                if count == 0 {
                    return Err(Wrong { field: Field::Count, at: None, why: "at least one".to_owned() });
                }
                let template = self.template(target, variables)?;
                self.check_json(&template)?;
                if count == 1 && !self.template {
                    return Ok(Records::Given(vec![template.fill(&mut Filling::new(Time(0), 0))]));
                }
                Ok(Records::Template(Box::new(template), count))
            }
        }
    }

    /// Records that were read, as often as is wanted.
    fn repeats(&self, redrive: &Redrive) -> Result<Records, Wrong> {
        if self.twice == Twice::Refused && !self.repeated.is_empty() {
            let why = "some are the same as one before them: space sends each once, or all".to_owned();
            return Err(Wrong { field: Field::Twice, at: None, why });
        }
        let mut once = redrive.clone();
        let mut at = 0;
        once.rows.retain(|_| {
            at += 1;
            self.twice == Twice::All || !self.repeated.contains(&(at - 1))
        });
        Ok(Records::Read(Box::new(once)))
    }

    /// Whether what begins as JSON does has to be JSON.
    pub(in crate::screens::produce) fn checks_json(&self) -> bool {
        matches!(self.value_as, ValueAs::Auto | ValueAs::Json)
    }

    /// The value's bytes, before places in it are filled.
    fn value_bytes(&self) -> Result<Option<Bytes>, Wrong> {
        let wrong = |at, why: String| Wrong { field: Field::Value, at, why };
        let Part::Text(editor) = &self.value else { return Ok(self.value.bytes()) };
        match self.value_as {
            ValueAs::Hex | ValueAs::Base64 if self.template => {
                Err(Wrong { field: Field::Template, at: None, why: "places are filled in text, not in bytes".to_owned() })
            }
            ValueAs::Hex => hex(editor.text()).map(Some).map_err(|at| wrong(Some(at), "no hex: pairs of 0-9 a-f are".to_owned())),
            ValueAs::Base64 => {
                let text: String = editor.text().split_whitespace().collect();
                let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                bytes.map(|bytes| Some(bytes.into())).map_err(|error| wrong(None, format!("no base64: {error}")))
            }
            ValueAs::Auto | ValueAs::Json | ValueAs::Text => Ok(self.value.bytes()),
        }
    }

    /// The record with its places.
    pub(in crate::screens::produce) fn template(
        &self,
        target: Option<&Target>,
        variables: &BTreeMap<String, String>,
    ) -> Result<Template, Wrong> {
        let variable = |name: &str| variables.get(name).cloned();
        let text = |field: Field, bytes: Bytes| -> Result<Text, Wrong> {
            match std::str::from_utf8(&bytes) {
                Ok(text) if self.template => Text::parse(text, &variable).map_err(|bad| Wrong { field, at: Some(bad.at), why: bad.why }),
                _ => Ok(Text::plain(bytes)),
            }
        };
        let part = |field: Field, part: &Part| part.bytes().map(|bytes| text(field, bytes)).transpose();
        let headers = self
            .headers
            .parse()?
            .into_iter()
            .map(|(name, value)| Ok((text(Field::Headers, name)?, value.map(|value| text(Field::Headers, value)).transpose()?)));
        Ok(Template {
            key: part(Field::Key, &self.key)?,
            value: self.value_bytes()?.map(|bytes| text(Field::Value, bytes)).transpose()?,
            headers: headers.collect::<Result<_, Wrong>>()?,
            timestamp_ms: self.timestamp()?,
            partition: self.partition(target)?,
        })
    }

    fn timestamp(&self) -> Result<Option<i64>, Wrong> {
        let text = self.timestamp.text().trim();
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(ms) = text.parse() {
            return Ok(Some(ms));
        }
        let wrong = |error: when::WhenError| Wrong { field: Field::Timestamp, at: Some(error.at), why: error.message };
        when::time(text).map(|at| Some(at.ms)).map_err(wrong)
    }

    fn partition(&self, target: Option<&Target>) -> Result<Option<PartitionId>, Wrong> {
        let Some(number) = number(&self.partition, Field::Partition)? else { return Ok(None) };
        let wrong = |why: String| Wrong { field: Field::Partition, at: None, why };
        let id = i32::try_from(number).map(PartitionId).map_err(|_none| wrong("there is no such partition".to_owned()))?;
        match target {
            Some(target) if target.topic.partition(id).is_none() => {
                Err(wrong(format!("the topic has {} partitions, from 0", target.topic.partitions.len())))
            }
            _ => Ok(Some(id)),
        }
    }

    /// A value that begins as JSON does has to be JSON: what is sent by mistake stays in the log.
    fn check_json(&self, template: &Template) -> Result<(), Wrong> {
        if !self.checks_json() {
            return Ok(());
        }
        let record = template.fill(&mut Filling::new(Time(0), 0));
        let wrong = match record.value.as_deref() {
            Some(value) if self.value_as == ValueAs::Json => json_fault(value),
            Some(value) => json_error(value).map(|(at, why)| {
                let places = !self.template && value.windows(2).any(|two| two == b"{{");
                let hint = if places { "\"places\" fills what stands in {{}}" } else { "\"value as\" text sends it all the same" };
                (at, format!("{why} ({hint})"))
            }),
            None => None,
        };
        let told = |(at, why)| Wrong { field: Field::Value, at: Some(at).filter(|_| !self.template), why: format!("no JSON: {why}") };
        wrong.map_or(Ok(()), |wrong| Err(told(wrong)))
    }
}

/// A form as it is remembered: texts alone, nothing that is no text.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Remembered {
    partition: String,
    key: Option<String>,
    headers: String,
    value: Option<String>,
    template: bool,
    count: String,
    rate: String,
    timestamp: String,
    #[serde(default)]
    value_as: String,
}

impl Form {
    /// Keeps it for `ctrl-r`, when it is text.
    pub(in crate::screens::produce) fn remember(&self, history: &mut History) {
        let part = |part: &Part| match part {
            Part::Text(editor) => Some(Some(editor.text().to_owned())),
            Part::Null => Some(None),
            Part::Exact(_) => None,
        };
        let (Source::Composed, Some(key), Some(value), Headers::Text(headers)) =
            (&self.source, part(&self.key), part(&self.value), &self.headers)
        else {
            return;
        };
        let text = |line: &Line| line.text().to_owned();
        let remembered = Remembered {
            partition: text(&self.partition),
            key,
            headers: headers.text().to_owned(),
            value,
            template: self.template,
            count: text(&self.count),
            rate: text(&self.rate),
            timestamp: text(&self.timestamp),
            value_as: self.value_as.word().to_owned(),
        };
        if let Ok(text) = serde_json::to_string(&remembered) {
            history.sent(text);
        }
    }

    /// A form as it was sent; a new one where that cannot be read.
    pub(in crate::screens::produce) fn recalled(text: &str) -> Self {
        let Ok(was) = serde_json::from_str::<Remembered>(text) else { return Self::new("") };
        let part = |text: Option<String>| text.map_or(Part::Null, |text| Part::Text(Editor::new(text)));
        Self {
            partition: Line::new(was.partition),
            key: part(was.key),
            headers: Headers::Text(Editor::new(was.headers)),
            value: part(was.value),
            template: was.template,
            value_as: ValueAs::ALL.into_iter().find(|one| one.word() == was.value_as).unwrap_or_default(),
            count: Line::new(was.count),
            rate: Line::new(was.rate),
            timestamp: Line::new(was.timestamp),
            field: Field::Value,
            ..Self::new("")
        }
    }
}

/// What is wrong with a text that begins as JSON does, and at which byte; `None` when nothing is, or when it is none.
pub(in crate::screens::produce) fn json_error(bytes: &[u8]) -> Option<(usize, String)> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
    matches!(first, b'{' | b'[').then(|| json_fault(bytes)).flatten()
}

/// What is wrong with JSON, and at which byte.
fn json_fault(bytes: &[u8]) -> Option<(usize, String)> {
    let error = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).err()?;
    if error.is_eof() {
        return Some((bytes.len(), error.to_string()));
    }
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', bytes).nth(line - 2).map_or(0, |at| at + 1),
    };
    Some((line_start + error.column().saturating_sub(1), error.to_string()))
}

/// Bytes of pairs of hex digits, with blanks between them; else the place of what is none.
fn hex(text: &str) -> Result<Bytes, usize> {
    let mut digits = text.char_indices().filter(|(_, c)| !c.is_whitespace());
    let mut bytes = Vec::with_capacity(text.len() / 2);
    while let Some((at, high)) = digits.next() {
        let digit = |c: char| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let high = digit(high).ok_or(at)?;
        let low = digits.next().ok_or(text.len()).and_then(|(at, low)| digit(low).ok_or(at))?;
        bytes.push(high << 4 | low);
    }
    Ok(bytes.into())
}

/// A whole number; nothing where nothing stands.
fn number(line: &Line, field: Field) -> Result<Option<u64>, Wrong> {
    let text = line.text().replace([',', ' ', '_'], "");
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_none| Wrong { field, at: None, why: format!("\"{}\" is no whole number", line.text()) })
}

impl Headers {
    /// In their order; a name alone is null.
    pub(in crate::screens::produce) fn parse(&self) -> Result<Vec<(Bytes, Option<Bytes>)>, Wrong> {
        let editor = match self {
            Self::Exact(headers) => return Ok(headers.clone()),
            Self::Text(editor) => editor,
        };
        let mut all = Vec::new();
        let mut at = 0;
        for line in editor.text().split('\n') {
            let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
            let name = name.trim();
            if name.is_empty() && !line.trim().is_empty() {
                return Err(Wrong { field: Field::Headers, at: Some(at), why: "a header has a name: name=value".to_owned() });
            }
            if !name.is_empty() {
                let copy = |text: &str| Bytes::copy_from_slice(text.as_bytes());
                all.push((copy(name), value.map(copy)));
            }
            at += line.len() + 1;
        }
        Ok(all)
    }
}

impl Form {
    /// The command that sends the same.
    pub(in crate::screens::produce) fn command(&self, bootstrap: &str) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut out = format!("kscope -b {} produce {}", quoted(bootstrap), quoted(self.topic.text().trim()));
        let mut add = |option: &str, text: &str| {
            if !text.is_empty() {
                let _written = write!(out, " {option} {}", quoted(text));
            }
        };
        if let Source::File = self.source {
            add("--acks", self.acks.word());
            return format!("{out} --ndjson < {}", quoted(self.path.text().trim()));
        }
        add("-p", self.partition.text().trim());
        add("-k", self.key.text().unwrap_or_default());
        if let Headers::Text(editor) = &self.headers {
            for line in editor.text().lines().filter(|line| !line.trim().is_empty()) {
                add("-H", line);
            }
        }
        add("--acks", self.acks.word());
        add("--compression", self.codec.name());
        match &self.value {
            Part::Null => out.push_str(" --null-value"),
            Part::Text(editor) if !matches!(self.value_as, ValueAs::Hex | ValueAs::Base64) => {
                let _written = write!(out, " -v {}", quoted(editor.text()));
            }
            Part::Text(_) | Part::Exact(_) => out.push_str(" # the value is bytes: give them on standard input"),
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::produce::NewRecord;
    use crate::model::Codec;

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    #[test]
    fn a_record_that_is_filled_in_comes_out_as_it_was() {
        let record = NewRecord {
            key: Some(Bytes::from_static(b"\xff\x00")),
            value: Some(bytes("{\"a\": 1}\n")),
            headers: vec![(bytes("a"), None), (bytes("a"), Some(bytes(""))), (bytes("b"), Some(bytes("x=y")))],
            timestamp_ms: None,
            partition: None,
        };
        let odd = NewRecord {
            headers: vec![(bytes("a=b"), None), (bytes(" "), Some(Bytes::from_static(b"\xfe")))],
            value: None,
            ..record.clone()
        };
        for record in [record, odd] {
            let Ok(Records::Given(made)) = Form::like("t", &record).records(None, &BTreeMap::new()) else { panic!("one record") };
            assert_eq!(made, [record]);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let mut form = Form::new("t");
        form.value = Part::Text(Editor::new("{\n  \"a\": 1,\n}"));
        let wrong = form.records(None, &BTreeMap::new()).unwrap_err();
        assert_eq!((wrong.field, wrong.at), (Field::Value, Some(12)));
        form.value = Part::Text(Editor::new("plain { text"));
        assert!(form.records(None, &BTreeMap::new()).is_ok());
        form.headers = Headers::Text(Editor::new("a=1\n=2"));
        assert_eq!(form.records(None, &BTreeMap::new()).unwrap_err().at, Some(4));
        form.headers = Headers::Text(Editor::default());
        form.count = Line::new("many");
        assert_eq!(form.records(None, &BTreeMap::new()).unwrap_err().field, Field::Count);
    }

    #[test]
    fn a_value_is_read_as_it_is_meant() {
        let value = |text: &str, value_as| {
            let mut form = Form::new("t");
            (form.value, form.value_as) = (Part::Text(Editor::new(text)), value_as);
            form.records(None, &BTreeMap::new()).map(|records| match records {
                Records::Given(records) => records[0].value.clone().unwrap(),
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(value("[INFO] up", ValueAs::Text).unwrap(), bytes("[INFO] up"));
        let wrong = value("[INFO] up", ValueAs::Auto).unwrap_err();
        assert!(wrong.why.contains("sends it all the same"), "{}", wrong.why);
        assert!(value("up", ValueAs::Auto).is_ok());
        assert_eq!(value("up", ValueAs::Json).unwrap_err().at, Some(0));
        assert_eq!(value("00 fF\n7f", ValueAs::Hex).unwrap(), Bytes::from_static(&[0, 255, 127]));
        assert_eq!(value("00 f", ValueAs::Hex).unwrap_err().at, Some(4));
        assert_eq!(value("0g", ValueAs::Hex).unwrap_err().at, Some(1));
        assert_eq!(value("AP9/", ValueAs::Base64).unwrap(), Bytes::from_static(&[0, 255, 127]));
        assert!(value("AP9", ValueAs::Base64).is_err());
    }

    #[test]
    fn places_are_filled_only_when_they_are_meant() {
        let mut form = Form::new("t");
        form.value = Part::Text(Editor::new("{{seq}}"));
        assert!(matches!(form.records(None, &BTreeMap::new()), Err(Wrong { field: Field::Value, .. })), "it begins as JSON does");
        form.template = true;
        form.count = Line::new("2");
        let Ok(Records::Template(template, 2)) = form.records(None, &BTreeMap::new()) else { panic!("a template") };
        let mut filling = Filling::new(Time(0), 1);
        let values: Vec<_> = (0..2).map(|_| template.fill(&mut filling).value.unwrap()).collect();
        assert_eq!(values, [bytes("1"), bytes("2")]);
    }

    #[test]
    fn focus_and_choices_go_round() {
        let mut form = Form::new("t");
        form.step(-1);
        assert_eq!(form.field, Field::Headers);
        form.step(1);
        assert_eq!(form.field, Field::Value);
        form.field = Field::Compression;
        assert!(form.turn(-1) && form.codec == Codec::Zstd);
        form.field = Field::Key;
        assert!(!form.turn(1));
    }
}

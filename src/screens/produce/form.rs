//! What is to be sent, as it is typed: fields, and what comes of them.

mod made;

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::rehearsal::repeated;
use crate::core::editor::Editor;
use crate::core::line::Line;
use crate::core::panes::around;
use crate::core::produce::{Acks, NewRecord, Partitioner, Redrive};
use crate::model::Codec;
pub(super) use made::json_error;

/// The fields, in the order in which tab goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Topic,
    Partition,
    Partitioner,
    Key,
    ValueAs,
    Count,
    Rate,
    Template,
    Timestamp,
    Compression,
    Acks,
    Path,
    KeepPartition,
    KeepTime,
    Origin,
    Twice,
    Aborted,
    Headers,
    Value,
}

const COMPOSED: [Field; 13] = [
    Field::Value,
    Field::Topic,
    Field::Partition,
    Field::Partitioner,
    Field::Key,
    Field::ValueAs,
    Field::Count,
    Field::Rate,
    Field::Template,
    Field::Timestamp,
    Field::Compression,
    Field::Acks,
    Field::Headers,
];
const READ: [Field; 9] = [
    Field::Topic,
    Field::Twice,
    Field::KeepPartition,
    Field::Partitioner,
    Field::KeepTime,
    Field::Origin,
    Field::Rate,
    Field::Compression,
    Field::Acks,
];
const FILE: [Field; 8] =
    [Field::Path, Field::Topic, Field::KeepPartition, Field::Partitioner, Field::Aborted, Field::Rate, Field::Compression, Field::Acks];

impl Field {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Partition => "partition",
            Self::Partitioner => "by",
            Self::Key => "key",
            Self::ValueAs => "value as",
            Self::Count => "count",
            Self::Rate => "rate /s",
            Self::Template => "places {{}}",
            Self::Timestamp => "timestamp",
            Self::Compression => "compression",
            Self::Acks => "acks",
            Self::Path => "file",
            Self::KeepPartition => "same partition",
            Self::KeepTime => "same time",
            Self::Origin => "origin headers",
            Self::Twice => "same records",
            Self::Aborted => "aborted too",
            Self::Headers => "headers",
            Self::Value => "value",
        }
    }

    /// What can be done there.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Topic => "the topic that is written to; it has to be there",
            Self::Partition => "a number, or empty: by the key",
            Self::Partitioner => "space changes it: which client's partition a key goes to",
            Self::Key => "ctrl-x: null, which is not empty; ctrl-g: $EDITOR",
            Self::ValueAs => "space: how the value is read; auto: what begins with { or [ has to be JSON",
            Self::Count => "how many records; each is filled anew when places are on",
            Self::Rate => "records a second at most; empty: as fast as it goes",
            Self::Template => "space: {{uuid}} {{now}} {{nowMs}} {{seq}} {{int 1 9}} {{dec 1 9 2}} {{pick A B}} {{env X}}",
            Self::Timestamp => "empty: when it is sent; milliseconds, or 2026-11-20T12:40:00Z",
            Self::Compression | Self::Acks => "space changes it",
            Self::Path => "NDJSON as kscope tail -o ndjson and exports write it",
            Self::KeepPartition => "space: to the partition of the same number, or by the key",
            Self::KeepTime => "space: with the time that they have, or with that of sending",
            Self::Origin => "space: add headers that say where each was read",
            Self::Twice => "space: refuse records of the same key, value and headers, or send each once, or all",
            Self::Aborted => "space: also records of transactions that were aborted or are open",
            Self::Headers => "name=value, a line each; a name alone has the value null; ctrl-g: $EDITOR",
            Self::Value => "ctrl-x: null, a tombstone; ctrl-t: set JSON in lines; ctrl-_ undoes; ctrl-g: $EDITOR",
        }
    }
}

/// Where the records come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Composed,
    Read(Box<Redrive>),
    File,
}

/// How the text of a value becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ValueAs {
    /// As it stands; what begins as JSON does has to be JSON.
    #[default]
    Auto,
    Json,
    Text,
    Hex,
    Base64,
}

impl ValueAs {
    pub(super) const ALL: [Self; 5] = [Self::Auto, Self::Json, Self::Text, Self::Hex, Self::Base64];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}

/// What becomes of records that are the same as one before them in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Twice {
    /// Nothing is sent while there are any.
    #[default]
    Refused,
    Once,
    All,
}

impl Twice {
    fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Once => "sent once",
            Self::All => "all sent",
        }
    }
}

/// A key or a value.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(Editor),
    /// Bytes that are no text: they are sent as they are.
    Exact(Bytes),
    Null,
}

impl Part {
    fn of(bytes: Option<&Bytes>) -> Self {
        match bytes {
            None => Self::Null,
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(Editor::new(text)),
                Err(_) => Self::Exact(bytes.clone()),
            },
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(editor) = self { Some(editor.text()) } else { None }
    }

    /// Null becomes an empty text, anything else null.
    pub(super) fn toggle(&mut self) {
        *self = if matches!(self, Self::Null) { Self::Text(Editor::default()) } else { Self::Null };
    }

    fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Text(editor) => Some(Bytes::copy_from_slice(editor.text().as_bytes())),
            Self::Exact(bytes) => Some(bytes.clone()),
            Self::Null => None,
        }
    }
}

/// Headers, typed or as they were.
#[derive(Debug, Clone)]
pub(super) enum Headers {
    Text(Editor),
    /// They cannot be written as lines without a loss.
    Exact(Vec<(Bytes, Option<Bytes>)>),
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: Field,
    /// A byte position in its text.
    pub(super) at: Option<usize>,
    pub(super) why: String,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) source: Source,
    pub(super) topic: Line,
    pub(super) partition: Line,
    pub(super) key: Part,
    pub(super) headers: Headers,
    pub(super) value: Part,
    pub(super) value_as: ValueAs,
    pub(super) template: bool,
    pub(super) count: Line,
    pub(super) rate: Line,
    pub(super) timestamp: Line,
    pub(super) path: Line,
    pub(super) partitioner: Partitioner,
    pub(super) codec: Codec,
    pub(super) acks: Acks,
    pub(super) keep_partition: bool,
    pub(super) aborted: bool,
    pub(super) twice: Twice,
    /// Of records that are sent again, those that are the same as one before them: found once, as they never change.
    pub(super) repeated: Arc<HashSet<usize>>,
    /// The field that has the focus.
    pub(super) field: Field,
}

impl Form {
    /// For a new record.
    pub(super) fn new(topic: &str) -> Self {
        Self {
            source: Source::Composed,
            topic: Line::new(topic),
            partition: Line::default(),
            key: Part::Null,
            headers: Headers::Text(Editor::default()),
            value: Part::Text(Editor::default()),
            value_as: ValueAs::default(),
            template: false,
            count: Line::new("1"),
            rate: Line::default(),
            timestamp: Line::default(),
            path: Line::default(),
            partitioner: Partitioner::default(),
            codec: Codec::None,
            acks: Acks::All,
            keep_partition: false,
            aborted: false,
            twice: Twice::default(),
            repeated: Arc::default(),
            field: if topic.is_empty() { Field::Topic } else { Field::Value },
        }
    }

    /// Filled with a record that was read.
    pub(super) fn like(topic: &str, record: &NewRecord) -> Self {
        let headers = Headers::of(&record.headers);
        Self { key: Part::of(record.key.as_ref()), value: Part::of(record.value.as_ref()), headers, ..Self::new(topic) }
    }

    /// Records that were read, to be sent again.
    pub(super) fn again(topic: &str, redrive: Redrive) -> Self {
        let repeated = Arc::new(repeated(&redrive));
        Self { source: Source::Read(Box::new(redrive)), field: Field::Topic, repeated, ..Self::new(topic) }
    }

    pub(super) fn fields(&self) -> &'static [Field] {
        match self.source {
            Source::Composed => &COMPOSED,
            Source::Read(_) => &READ,
            Source::File => &FILE,
        }
    }

    /// Moves the focus by so many fields, round and round.
    pub(super) fn step(&mut self, by: isize) {
        self.field = around(self.fields(), self.field, by);
    }

    /// The one-line text of a field.
    pub(super) fn line(&self, field: Field) -> Option<&Line> {
        Some(match field {
            Field::Topic => &self.topic,
            Field::Partition => &self.partition,
            Field::Count => &self.count,
            Field::Rate => &self.rate,
            Field::Timestamp => &self.timestamp,
            Field::Path => &self.path,
            _ => return None,
        })
    }

    pub(super) fn line_mut(&mut self) -> Option<&mut Line> {
        Some(match self.field {
            Field::Topic => &mut self.topic,
            Field::Partition => &mut self.partition,
            Field::Count => &mut self.count,
            Field::Rate => &mut self.rate,
            Field::Timestamp => &mut self.timestamp,
            Field::Path => &mut self.path,
            _ => return None,
        })
    }

    /// The text of several lines that has the focus. Bytes that are no text are not edited: `None`.
    pub(super) fn editor_mut(&mut self) -> Option<&mut Editor> {
        match (self.field, &mut self.key, &mut self.value, &mut self.headers) {
            (Field::Key, Part::Text(editor), ..)
            | (Field::Value, _, Part::Text(editor), _)
            | (Field::Headers, .., Headers::Text(editor)) => Some(editor),
            _ => None,
        }
    }

    /// Changes a field that has a few values only; false for any other.
    pub(super) fn turn(&mut self, by: isize) -> bool {
        let redrive = if let Source::Read(redrive) = &mut self.source { Some(redrive) } else { None };
        match (self.field, redrive) {
            (Field::Partitioner, _) => self.partitioner = around(&Partitioner::ALL, self.partitioner, by),
            (Field::Compression, _) => {
                self.codec = around(&[Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd], self.codec, by);
            }
            (Field::ValueAs, _) => self.value_as = around(&ValueAs::ALL, self.value_as, by),
            (Field::Twice, _) => self.twice = around(&[Twice::Refused, Twice::Once, Twice::All], self.twice, by),
            (Field::Acks, _) => self.acks = around(&[Acks::All, Acks::Leader, Acks::None], self.acks, by),
            (Field::Template, _) => self.template = !self.template,
            (Field::Aborted, _) => self.aborted = !self.aborted,
            (Field::KeepPartition, Some(redrive)) => redrive.keep_partition = !redrive.keep_partition,
            (Field::KeepPartition, None) => self.keep_partition = !self.keep_partition,
            (Field::KeepTime, Some(redrive)) => redrive.keep_time = !redrive.keep_time,
            (Field::Origin, Some(redrive)) => redrive.origin = !redrive.origin,
            _ => return false,
        }
        true
    }

    /// What stands in a field that has a few values only.
    pub(super) fn choice(&self, field: Field) -> Option<&'static str> {
        let yes = |on: bool| if on { "yes" } else { "no" };
        Some(match (field, &self.source) {
            (Field::Partitioner, _) => self.partitioner.word(),
            (Field::Compression, _) => self.codec.name(),
            (Field::ValueAs, _) => self.value_as.word(),
            (Field::Twice, _) => self.twice.word(),
            (Field::Acks, _) => self.acks.word(),
            (Field::Template, _) => {
                if self.template {
                    "filled"
                } else {
                    "sent as they are"
                }
            }
            (Field::Aborted, _) => yes(self.aborted),
            (Field::KeepPartition, Source::Read(redrive)) => yes(redrive.keep_partition),
            (Field::KeepPartition, _) => yes(self.keep_partition),
            (Field::KeepTime, Source::Read(redrive)) => yes(redrive.keep_time),
            (Field::Origin, Source::Read(redrive)) => yes(redrive.origin),
            _ => return None,
        })
    }
}

impl Headers {
    fn of(headers: &[(Bytes, Option<Bytes>)]) -> Self {
        let text = |bytes: &Bytes| std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\n')).map(str::to_owned);
        let line = |(name, value): &(Bytes, Option<Bytes>)| {
            let name = text(name).filter(|name| !name.contains('=') && name.trim() == name && !name.is_empty())?;
            match value {
                None => Some(name),
                Some(value) => Some(format!("{name}={}", text(value)?)),
            }
        };
        match headers.iter().map(line).collect::<Option<Vec<String>>>() {
            Some(lines) => Self::Text(Editor::new(lines.join("\n"))),
            None => Self::Exact(headers.to_vec()),
        }
    }
}

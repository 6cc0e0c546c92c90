//! A group as one line of JSON, in the form of `kscope groups -o ndjson`, and as the command of Apache Kafka that tells of it.

use super::Row;
use crate::model::GroupKind;
use crate::text::ndjson::Target;
use crate::text::row::{self, Field, count};

impl Row {
    /// The fields of the row. What is unknown is null; a group that has no lag has none there either.
    pub fn fields(&self) -> row::Row {
        let kind = self.description().map_or(&self.listing.kind, |(_, description)| &description.kind);
        let members = self.members();
        let (lag, known) = match self.total() {
            Some(total) if total.of == 0 && members == Some(0) => (Field::Absent, false),
            Some(total) if total.known > 0 => (Field::from(total.offsets), total.is_whole() && members.is_some()),
            _ => (Field::Null, false),
        };
        vec![
            ("group", Field::Text(self.id().raw().to_owned())),
            ("type", Field::Text(kind.word().to_owned())),
            ("state", Field::Text(self.state().word().to_owned())),
            ("coordinator", self.listing.coordinator.0.into()),
            ("members", members.map_or(Field::Null, count)),
            ("topics", self.topics().map_or(Field::Null, count)),
            ("lag", lag),
            ("lagKnown", Field::Bool(known)),
        ]
    }

    /// The row as one line of JSON, without its line break.
    pub fn json(&self) -> String {
        let mut out = Vec::new();
        row::object(&mut out, &self.fields(), Target::Data);
        String::from_utf8_lossy(&out).into_owned()
    }
}

impl Row {
    /// The command of Apache Kafka's tools that tells of this group.
    pub fn command(&self, bootstrap: &str) -> String {
        let tool = match self.listing.kind {
            GroupKind::Share => "kafka-share-groups.sh",
            GroupKind::Streams => "kafka-streams-groups.sh",
            _ => "kafka-consumer-groups.sh",
        };
        format!("{tool} --bootstrap-server {} --describe --group {}", quoted(bootstrap), quoted(self.id().raw()))
    }
}

/// As a shell takes it literally.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:,[]".contains(&b)) && !text.starts_with('-');
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_literally_by_a_shell() {
        assert_eq!(quoted("pay.settle-7"), "pay.settle-7");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(quoted("-x"), "'-x'");
    }
}

//! A group as one line of JSON, in the form of `kscope groups -o ndjson`, and as the command of Apache Kafka that tells of it.

use super::Row;
use crate::model::GroupKind;
use crate::text::ndjson::{self, Target};

impl Row {
    /// The line, without its line break. What is unknown is null; the lag of a group that has none is absent.
    pub fn json(&self) -> String {
        let mut out = Vec::new();
        let text = |out: &mut Vec<u8>, name: &str, value: &str| {
            out.extend_from_slice(format!("{}\"{name}\":", if out.is_empty() { "{" } else { "," }).as_bytes());
            ndjson::string(out, value, Target::Data);
        };
        let kind = self.description().map_or(&self.listing.kind, |(_, description)| &description.kind);
        text(&mut out, "group", self.id().raw());
        text(&mut out, "type", kind.word());
        text(&mut out, "state", self.state().word());
        let count = |n: Option<usize>| n.map_or_else(|| "null".to_owned(), |n| n.to_string());
        let rest = format!(
            ",\"coordinator\":{},\"members\":{},\"topics\":{}{}}}",
            self.listing.coordinator.0,
            count(self.members()),
            count(self.topics()),
            self.json_of_lag()
        );
        out.extend_from_slice(rest.as_bytes());
        String::from_utf8_lossy(&out).into_owned()
    }

    fn json_of_lag(&self) -> String {
        match self.total() {
            Some(total) if total.of == 0 && self.members() == Some(0) => ",\"lagKnown\":false".to_owned(),
            Some(total) if total.known > 0 => {
                let known = total.is_whole() && self.members().is_some();
                format!(",\"lag\":{},\"lagKnown\":{known}", total.offsets)
            }
            _ => ",\"lag\":null,\"lagKnown\":false".to_owned(),
        }
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

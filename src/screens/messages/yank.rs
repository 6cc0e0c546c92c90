//! What can be copied of a record: by the terminal (OSC 52), and by the desktop's own tool where there is one.

use crate::core::action::Action;
use crate::core::ask::Ask;
use crate::core::effect::Term;
use crate::model::RecordRef;
use crate::screens::Cx;
use crate::text::ndjson::{self, Target};

use super::Messages;

impl Messages {
    pub(super) fn yank(&mut self, cx: &mut Cx<'_>, action: Action) {
        let Some(seq) = self.rows.selected() else { return };
        let Some(record) = self.store.get(seq) else { return };
        match self.yanked(action, &record) {
            Ok((what, text)) => {
                let task = cx.start(Ask::Copy(text.clone()));
                self.tasks.insert(task);
                cx.term(Term::Osc52(text));
                cx.notices.good(cx.now, format!("{what} sent to the terminal's clipboard."));
            }
            Err(reason) => cx.notices.look(cx.now, reason),
        }
    }

    fn yanked(&self, action: Action, record: &RecordRef<'_>) -> Result<(&'static str, String), &'static str> {
        let (topic, partition) = self.reader.place(record.partition);
        let topic = topic.name.raw();
        let txn = record.transaction.map(|producer| self.txns().outcome(record.partition, producer, record.offset));
        let record = &RecordRef { partition, ..*record };
        let (p, offset) = (partition.0, record.offset.0);
        Ok(match action {
            Action::YankKey => ("The key was", text_of(record.key.ok_or("The key is null: there is nothing to copy.")?)?),
            Action::YankHeaders => {
                let mut out = Vec::new();
                ndjson::write_headers(&mut out, record, Target::Data);
                ("The headers were", String::from_utf8_lossy(&out).into_owned())
            }
            Action::YankRecord => {
                let mut out = Vec::new();
                ndjson::write(&mut out, topic, record, txn, Target::Data);
                ("The record was", String::from_utf8_lossy(&out).trim_end().to_owned())
            }
            Action::YankPosition => ("The position was", format!("{topic}/{p}@{offset}")),
            Action::YankCommand => (
                "The command was",
                format!("kscope tail {} -b {} --from {p}@{offset} -n 1 -o ndjson", quoted(topic), quoted(&self.bootstrap)),
            ),
            Action::YankPath => ("The path was", self.value.path().ok_or("Only a JSON value has paths.")?),
            Action::YankJq => ("The jq path was", self.value.jq_path().ok_or("Only a JSON value has paths.")?),
            Action::YankLine => {
                let value = record.value.ok_or("The value is null: there is nothing to copy.")?;
                let mut line = Vec::new();
                crate::json::compact(value, &mut line);
                ("The value was", text_of(&line)?)
            }
            _ => ("The value was", text_of(record.value.ok_or("The value is null: there is nothing to copy.")?)?),
        })
    }
}

/// Only text can be copied as text.
fn text_of(bytes: &[u8]) -> Result<String, &'static str> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_e| "These bytes are no text: y r copies the record with base64.")
}

/// As a shell takes it literally.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:,[]".contains(&b)) && !text.starts_with('-');
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

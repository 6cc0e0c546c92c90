//! Where to go: `o` with a position, the number keys with a time, `pp` with partitions.

use crate::core::action::Action;
use crate::core::ask::Ask;
use crate::core::history::Kind;
use crate::core::key::{Input, KeyCode};
use crate::core::line::Line;
use crate::core::stream::Fact;
use crate::model::PartitionId;
use crate::query::position::{self, Position};
use crate::screens::Cx;

use super::reader::From;
use super::rows::{Row, What};
use super::saved::Names;
use super::{Messages, Prompt};

impl Messages {
    /// The number keys, as in k9s's log view.
    pub(super) fn jump(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (text, words) = match action {
            Action::Live => ("latest", "from now on"),
            Action::FromStart => ("earliest", "from the start"),
            Action::Last1m => ("1m", "the last minute"),
            Action::Last5m => ("5m", "the last 5 minutes"),
            Action::Last15m => ("15m", "the last 15 minutes"),
            Action::Last30m => ("30m", "the last 30 minutes"),
            Action::Last1h => ("1h", "the last hour"),
            Action::Last6h => ("6h", "the last 6 hours"),
            _ => ("24h", "the last 24 hours"),
        };
        if let Ok(position) = position::parse_position(text) {
            self.go_to(cx, position, words.to_owned());
        }
    }

    /// Reads from there. From "now" the list follows; from a place in the past it stays at its first record.
    pub(super) fn go_to(&mut self, cx: &mut Cx<'_>, position: Position, words: String) {
        self.follow = matches!(position, Position::Latest);
        self.reader.from = From { position, newest: None, words };
        self.reader.until = None;
        if let Some(committed) = &mut self.committed {
            committed.elsewhere();
        }
        self.restart(cx);
    }

    /// Opens a prompt.
    pub(super) fn ask_for(&mut self, cx: &Cx<'_>, kind: Kind) {
        let names = if kind == Kind::Recall { self.saved_names(cx) } else { Names::default() };
        self.prompt = Some(Prompt { kind, line: Line::default().with_past(cx.history.of(kind)), error: None, names });
    }

    pub(super) fn type_prompt(&mut self, cx: &mut Cx<'_>, input: &Input) {
        let Some(mut prompt) = self.prompt.take() else { return };
        match input {
            input if prompt.kind == Kind::Recall && prompt.names.input(&mut prompt.line, input) => prompt.error = None,
            Input::Paste(text) => prompt.line.paste(text),
            Input::Key(key) if key.code == KeyCode::Esc && prompt.line.search().is_none() => return,
            Input::Key(key) if key.code == KeyCode::Enter => {
                let text = prompt.line.text().trim().to_owned();
                let result = match prompt.kind {
                    Kind::Partitions => self.choose_partitions(cx, &text),
                    Kind::Search => {
                        self.value.search(cx, &text);
                        Ok(())
                    }
                    Kind::SaveAs => self.save_query(cx, &text),
                    Kind::Recall => self.recall_query(cx, &text),
                    _ => self.seek(cx, &text),
                };
                match result {
                    Ok(()) => cx.history.add(prompt.kind, &text),
                    Err(error) => {
                        prompt.error = Some(error);
                        self.prompt = Some(prompt);
                    }
                }
                return;
            }
            Input::Key(key) => {
                prompt.line.key(*key);
                prompt.error = None;
            }
            _ => {}
        }
        self.prompt = Some(prompt);
    }

    fn seek(&mut self, cx: &mut Cx<'_>, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let position = position::parse_position(text).map_err(|error| error.to_string())?;
        self.go_to(cx, position, format!("from {text}"));
        Ok(())
    }

    /// `0,3` or `2-5`; nothing means all.
    fn choose_partitions(&mut self, cx: &mut Cx<'_>, text: &str) -> Result<(), String> {
        self.reader.partitions = parse_partitions(text)?;
        if let Some(chosen) = &self.reader.partitions
            && let Some(unknown) = chosen.iter().find(|p| self.reader.topic.partition(**p).is_none())
        {
            let count = self.reader.topic.partitions.len();
            let sentence = format!("There is no partition {}: the topic has {count}, from 0 to {}.", unknown.0, count.saturating_sub(1));
            self.reader.partitions = None;
            return Err(sentence);
        }
        self.restart(cx);
        Ok(())
    }

    /// Fetches the record that the note under the cursor calls too large, alone. False: there is no such note.
    pub(super) fn open_large(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(Row::Note(n)) = self.rows.get(self.rows.cursor.at) else { return false };
        let Some(What::Fact(Fact::TooLarge { partition, offset, .. })) = self.rows.note(n).map(|note| &note.what) else { return false };
        let (topic, own) = self.reader.place(*partition);
        let ask = Ask::Open { topic: topic.name.clone(), partition: own, offset: *offset };
        cx.notices.look(cx.now, format!("Reading {}@{} alone …", self.reader.named(*partition), offset.0));
        self.opening = Some(cx.start(ask));
        self.focus = super::Focus::Value;
        true
    }
}

/// `None` is all.
fn parse_partitions(text: &str) -> Result<Option<Vec<PartitionId>>, String> {
    let mut found = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let number = |text: &str| text.trim().parse::<i32>().map_err(|_e| format!("\"{part}\" is no partition: write 0,3 or 2-5"));
        let (from, to) = match part.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(part)?, number(part)?),
        };
        if to < from || to - from > 100_000 {
            return Err(format!("\"{part}\" is no range of partitions"));
        }
        found.extend((from..=to).map(PartitionId));
    }
    found.sort_unstable();
    found.dedup();
    Ok(if found.is_empty() || text == "all" { None } else { Some(found) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_numbers_and_ranges() {
        assert_eq!(parse_partitions("3, 0,3").unwrap(), Some(vec![PartitionId(0), PartitionId(3)]));
        assert_eq!(parse_partitions("2-4").unwrap().unwrap().len(), 3);
        assert_eq!(parse_partitions("").unwrap(), None);
        assert!(parse_partitions("x").is_err());
        assert!(parse_partitions("5-2").is_err());
    }
}

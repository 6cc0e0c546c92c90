//! What a person sees: topics, a topic, its messages, a filter, a place, a value, what is copied.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::alike;
use super::mirror::TOPICS;
use crate::pty::escapes;
use crate::ui::{Seen, Ui};

#[test]
fn a_session_through_every_screen() {
    let lines = alike(session);
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    for text in ["clickstream", "✗ aborted", "○ open", "orders/1@100", r#""offset":100,"#, "matched ", "∅  tombstone"] {
        assert!(has(text), "{text}: {lines:#?}");
    }
}

/// What was seen, step by step. The terminal is so high that whole topics are on the screen.
struct Session {
    ui: Ui,
    bootstrap: String,
    notes: Vec<String>,
}

fn session(bootstrap: &str) -> Vec<String> {
    let mut session = Session { ui: Ui::open_at(bootstrap, 140, 130), bootstrap: bootstrap.to_owned(), notes: Vec::new() };
    session.topics();
    session.topic();
    session.messages();
    session.filter();
    session.place();
    session.value();
    session.copies();
    session.transactions();
    session.odd_records();
    session.ui.press("\x03");
    assert_eq!(session.ui.terminal.ended().exit_code(), 0);
    session.notes
}

impl Session {
    fn note(&mut self, what: &str, lines: impl IntoIterator<Item = String>) {
        let lines = lines.into_iter().filter(|line| !line.trim().is_empty()).map(|line| format!("{what}: {}", line.trim_end()));
        self.notes.extend(lines);
    }

    fn command(&mut self, line: &str) {
        self.ui.press(&format!(":{line}\r"));
    }

    fn topics(&mut self) {
        self.ui.until("the list of topics", |seen| seen.title("Topics").is_some());
        self.ui.press(&format!("/^({})$\r", TOPICS.join("|")));
        let rows = |seen: &Seen| -> Option<Vec<String>> {
            let lines = seen.pane("Topics");
            let header = lines.iter().find(|line| line.contains("OFFSETS"))?;
            let column = |title: &str| Some(header[..header.find(title)?].chars().count());
            let (rate, offsets, keep) = (column("RECS/S")?, column("OFFSETS")?, column("KEEP")?);
            let cut = |line: &String, from: usize, to: usize| line.chars().skip(from).take(to - from).collect::<String>();
            // Without rates and sizes.
            let row =
                |line: &String| format!("{}{}{}", cut(line, 0, rate - 1), cut(line, offsets - 2, offsets + 7), cut(line, keep - 4, 200));
            let rows: Vec<String> =
                lines.iter().map(row).filter(|row| TOPICS.iter().any(|name| row.split_whitespace().any(|word| word == *name))).collect();
            (rows.len() == TOPICS.len() && !rows.iter().any(|row| row.contains('…'))).then_some(rows)
        };
        let seen = self.ui.until("the figures of all topics", |seen| rows(seen).is_some());
        self.note("topics", rows(&seen).unwrap_or_default());
    }

    fn topic(&mut self) {
        self.command("topic payments");
        let rows = |seen: &Seen| -> Option<Vec<String>> {
            let lines = seen.pane("1 Partitions");
            let header = lines.iter().find(|line| line.contains("RECS/S"))?;
            let width = header[..header.find("RECS/S")?].chars().count();
            let rows: Vec<String> = lines.iter().map(|line| line.chars().take(width).collect::<String>()).collect();
            (rows.iter().filter(|row| row.contains(" ok ")).count() == 3 && !rows.iter().any(|row| row.contains('…'))).then_some(rows)
        };
        let seen = self.ui.until("its partitions", |seen| rows(seen).is_some());
        self.note("topic", rows(&seen).unwrap_or_default());
        let set = |seen: &Seen| {
            seen.pane("1 Partitions")
                .iter()
                .filter_map(|line| line.find("retention.ms").map(|at| line[at..].to_owned()))
                .collect::<Vec<_>>()
        };
        let seen = self.ui.until("its settings", |seen| !set(seen).is_empty());
        self.note("topic", set(&seen));
    }

    /// The list, the value and the record's facts, once they are of this record.
    fn panes(&mut self, what: &str, offset: i64) {
        let seen = self.ui.until(what, |seen| {
            seen.offset() == Some(offset) && seen.has("● LIVE") && seen.title("Value").is_some_and(|title| title.contains("line"))
        });
        self.note(what, seen.messages());
        self.note(what, seen.pane("Value"));
        self.note(what, seen.pane("Record"));
    }

    fn messages(&mut self) {
        self.command("messages orders");
        self.ui.until("the newest 500", |seen| seen.has("buffer 500/") && seen.has("● LIVE"));
        let newest = self.ui.until("the newest record", |seen| seen.offset().is_some()).offset().unwrap_or_default();
        self.panes("messages", newest);
    }

    fn filter(&mut self) {
        self.ui.press("/.customer.id > 200 and header.source == web\r");
        // Among what is held, and in the history before it.
        let seen = self.ui.until("some pass", |seen| seen.has("matched ") && seen.has("history searched"));
        self.note("filter", seen.messages());
        let matched = seen.lines().iter().find_map(|line| Some(line[line.find("matched ")?..].split(" · ").next()?.to_owned()));
        self.note("filter", matched);
        self.ui.press("\x1b");
        self.ui.until("all are there again", |seen| seen.has("no filter"));
    }

    fn place(&mut self) {
        self.ui.press("o1@100\r");
        self.ui.until("the place", |seen| seen.has("from 1@100") && seen.offset() == Some(100));
        self.ui.until("to the log's end", |seen| seen.has("at the log end"));
        self.panes("place", 100);
    }

    fn value(&mut self) {
        self.ui.press("\rzM");
        self.ui.until("it is folded", |seen| !seen.pane("Value").iter().any(|line| line.contains("order_id\":")));
        let seen = self.ui.seen();
        self.note("folded", seen.pane("Value"));
        self.ui.press("zR\x1b");
        self.ui.until("it is open, and the list has the keys", |seen| {
            seen.has(" s follow ") && seen.pane("Value").iter().any(|line| line.contains("order_id\":"))
        });
    }

    fn copies(&mut self) {
        for (keys, said) in [
            ("yv", "The value was"),
            ("yk", "The key was"),
            ("yh", "The headers were"),
            ("yr", "The record was"),
            ("yo", "The position was"),
            ("yc", "The command was"),
        ] {
            self.ui.press(keys);
            self.ui.until_text(said);
            let copied =
                escapes(&self.ui.terminal.raw()).osc.into_iter().filter_map(|osc| osc.strip_prefix("52;c;").map(str::to_owned)).next_back();
            let text = STANDARD.decode(copied.expect("something was copied")).expect("base64");
            let text = String::from_utf8(text).expect("text").replace(&self.bootstrap, "HOST:PORT");
            self.note(keys, [text]);
        }
    }

    fn transactions(&mut self) {
        self.command("messages payments");
        self.ui.until("all is there", |seen| seen.has("● LIVE") && seen.has("buffer 111/"));
        self.ui.press("f");
        let seen = self.ui.until("the badges", |seen| seen.title("Value").is_none() && seen.has("○ open") && seen.has("✗ aborted"));
        self.note("payments", seen.messages());
        self.ui.press("I");
        let seen = self.ui.until("what a read_committed consumer sees", |seen| {
            seen.has("read_committed")
                && seen.has("● LIVE")
                && seen.has("at the log end")
                && !seen.has("✗ aborted")
                && seen.messages().len() > 20
        });
        self.note("committed", seen.messages());
        self.ui.press("If");
        self.ui.until("all is as it was", |seen| seen.has("✗ aborted") && seen.title("Value").is_some());
    }

    fn odd_records(&mut self) {
        self.command("messages odd-records");
        self.ui.until("all is there", |seen| seen.has("● LIVE") && seen.has("buffer 39/"));
        self.ui.press("f");
        self.ui.until("the list alone", |seen| seen.title("Value").is_none());
        let seen = self.ui.until("every record", |seen| seen.has(" value that is no UT") && seen.has(" year 9999"));
        self.note("odd", seen.messages());
    }
}

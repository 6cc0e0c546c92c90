//! The screens of the program as a person meets them: kscope in a pseudo terminal, before real and scripted brokers.
//!
//! [`Ui`] knows where things stand on the screen, so that tests speak of topics, records and panes. To add a test: a function
//! in the file of its subject that starts one with [`Ui::open`], presses keys and waits with [`Ui::until`].

mod brokers;
mod browse;
mod changes;
mod contexts;
mod faults;
mod leaving;
mod moving;
mod offline;
mod older;
mod produce;
mod search;
mod truncation;

use std::collections::BTreeSet;

use kafka_protocol::messages::{ListGroupsRequest, MetadataRequest};

use crate::kafka::Connection;
use crate::pty::{Terminal, escapes};

/// Topics that tests may add to a shared cluster begin so.
pub(crate) const OWN: &str = "test-";

/// The program, and what can be told of its screen.
#[derive(Debug)]
pub(crate) struct Ui {
    pub(crate) terminal: Terminal,
}

impl Ui {
    /// Opens a cluster; returns at once.
    pub(crate) fn open(bootstrap: &str) -> Self {
        Self::open_at(bootstrap, 140, 60)
    }

    pub(crate) fn open_at(bootstrap: &str, columns: u16, rows: u16) -> Self {
        Self { terminal: Terminal::kscope(&[bootstrap], columns, rows) }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.keys(keys);
    }

    /// Waits until this holds for the lines of the screen; the screen.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Seen) -> bool) -> Seen {
        self.terminal.until(what, |screen| holds(&Seen::of(screen)));
        self.seen()
    }

    /// Waits until there is nothing to complain of; the screen. A frame may be seen half drawn, so what is compared with the
    /// truth is compared until it agrees.
    #[track_caller]
    pub(crate) fn agrees(&self, what: &str, complaints: impl Fn(&Seen) -> Vec<String>) -> Seen {
        let last = std::cell::RefCell::new(Vec::new());
        let look = || {
            let seen = self.seen();
            *last.borrow_mut() = complaints(&seen);
            last.borrow().is_empty().then_some(seen)
        };
        crate::eventually_or(what, look, || {
            format!(
                "{:#?}
{}",
                last.borrow(),
                self.terminal.text()
            )
        })
    }

    /// Waits until this text stands somewhere.
    #[track_caller]
    pub(crate) fn until_text(&self, text: &str) -> Seen {
        self.until(text, |seen| seen.has(text))
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen { lines: self.terminal.text().lines().map(str::to_owned).collect() }
    }

    /// From the list of topics, once it is there, to the messages of one of them.
    #[track_caller]
    pub(crate) fn topic(&mut self, name: &str) {
        self.until("the list of topics", |seen| seen.title("Topics").is_some());
        let pattern: String = name.chars().flat_map(|c| if c.is_alphanumeric() { vec![c] } else { vec!['\\', c] }).collect();
        self.press(&format!("/\x15^{pattern}$"));
        // A long one is cut.
        let filter: String = format!("^{pattern}$").chars().take(30).collect();
        self.until("the filter is there", |seen| seen.title("Topics").is_some_and(|title| title.contains(&filter)));
        self.press("\r");
        self.until("the filter is taken", |seen| seen.has(" enter messages"));
        self.press("\r");
        self.until("its messages", |seen| seen.title("Messages").is_some());
    }

    /// Back to the list of topics.
    #[track_caller]
    pub(crate) fn back(&mut self) {
        self.press("q");
        self.until("the list of topics", |seen| seen.title("Topics").is_some());
    }

    /// To the first record of the list.
    #[track_caller]
    pub(crate) fn first(&mut self, offset: i64) {
        self.press("g");
        self.until("the first record", |seen| seen.offset() == Some(offset));
    }

    /// The value in hexadecimal.
    #[track_caller]
    pub(crate) fn hex(&mut self) {
        for _ in 0..6 {
            let title = self.seen().title("Value").unwrap_or_default();
            if title.contains(" hex ") {
                return;
            }
            self.press("v");
            self.until("another view", |seen| seen.title("Value").is_some_and(|now| now.contains("line") && now != title));
        }
        panic!("no hex view\n{}", self.terminal.text());
    }

    /// Ends it with a key: exit code 0, the terminal as it was, and in all that was written not one foreign byte.
    #[track_caller]
    pub(crate) fn quit(mut self) {
        self.press("\x03");
        assert_eq!(self.terminal.ended().exit_code(), 0, "{}", self.terminal.text());
        assert_eq!(self.terminal.restored(), Ok(()));
        self.nothing_foreign();
    }

    #[track_caller]
    pub(crate) fn nothing_foreign(&self) {
        let found = escapes(&self.terminal.raw());
        let strange: Vec<&String> = found.foreign.iter().filter(|s| !OUR_QUESTIONS.contains(&s.as_str())).collect();
        assert_eq!(strange, Vec::<&String>::new());
        let strange: Vec<&String> = found.osc.iter().filter(|s| !OUR_COMMANDS.contains(&s.as_str())).collect();
        assert_eq!(strange, Vec::<&String>::new());
    }
}

/// The title that was there is put aside, and comes back; the end of our questions to the terminal is marked by one more.
const OUR_QUESTIONS: [&str; 3] = ["\\x1b[c", "\\x1b[22;2t", "\\x1b[23;2t"];
/// Our title, and the question for the colour of the background.
const OUR_COMMANDS: [&str; 2] = ["2;kscope", "11;?"];

/// One look at the screen, by lines.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    lines: Vec<String>,
}

impl Seen {
    fn of(screen: &vt100::Screen) -> Self {
        Self { lines: screen.contents().lines().map(str::to_owned).collect() }
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The title of a pane, from its name to the end of its line or to the pane beside it.
    pub(crate) fn title(&self, name: &str) -> Option<String> {
        let (row, column) = self.place(name)?;
        let beside = self.place("Record").filter(|&(other, right)| other == row && right > column);
        let columns = beside.map_or(usize::MAX, |(_, right)| right - column);
        Some(self.lines[row].chars().skip(column).take(columns).collect())
    }

    /// Row and column at which a pane's title line begins.
    fn place(&self, name: &str) -> Option<(usize, usize)> {
        let mark = format!("─ {name} ");
        self.lines.iter().enumerate().find_map(|(row, line)| Some((row, line[..line.find(&mark)?].chars().count())))
    }

    /// The lines of a pane, cut to its columns: down to the next title or the end.
    pub(crate) fn pane(&self, name: &str) -> Vec<String> {
        let Some((row, column)) = self.place(name) else { return Vec::new() };
        let right = if name == "Value" { self.place("Record").map(|(_, column)| column) } else { None };
        let width = right.unwrap_or(usize::MAX) - column;
        let cut = |line: &String| line.chars().skip(column).take(width).collect::<String>().trim_end().to_owned();
        let last = self.lines.len().saturating_sub(2);
        self.lines[row + 1..last.max(row + 1)].iter().map(cut).take_while(|line| !line.starts_with("─ ")).collect()
    }

    /// A fact of the record pane: what stands behind this label.
    pub(crate) fn fact(&self, label: &str) -> Option<String> {
        let lines = self.pane("Record");
        lines.iter().find_map(|line| Some(line.trim_start().strip_prefix(label)?.strip_prefix(' ')?.trim().to_owned()))
    }

    /// Offset of the record that the value and record panes show.
    pub(crate) fn offset(&self) -> Option<i64> {
        self.fact("offset")?.split_whitespace().next()?.replace([',', ' ', '\u{202f}'], "").parse().ok()
    }

    /// The headers that the record pane shows, each as its words.
    pub(crate) fn headers(&self) -> Vec<Vec<String>> {
        let lines = self.pane("Record");
        let behind = lines.iter().skip_while(|line| !line.trim_start().starts_with("headers ")).skip(1);
        let words = |line: &String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        behind.map(words).take_while(|words| !words.is_empty()).collect()
    }

    /// The bytes that the hexadecimal view shows.
    pub(crate) fn hex_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in self.pane("Value") {
            let starts = [format!("{:04x}  ", bytes.len()), format!("{:06x} ", bytes.len()), format!("{:08x} ", bytes.len())];
            let Some((address, at)) = starts.iter().find_map(|address| Some((address, line.find(address)?))) else { break };
            let digits: String = line[at + address.len()..].chars().take(48).collect();
            bytes.extend(digits.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two digits")));
        }
        bytes
    }

    /// The lines of the list of messages.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.pane("Messages")
    }
}

/// The names of the topics that a cluster has, ours left out, and of its groups.
pub(crate) fn inventory(address: &str) -> (BTreeSet<String>, Vec<String>) {
    let mut connection = Connection::open(address);
    let metadata = connection.call(9, &MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(false));
    let names = metadata.topics.iter().filter(|t| !t.is_internal).filter_map(|t| t.name.as_ref().map(|n| n.to_string()));
    let groups = connection.call(3, &ListGroupsRequest::default());
    assert_eq!(groups.error_code, 0);
    (names.filter(|name| !name.starts_with(OWN)).collect(), groups.groups.iter().map(|g| g.group_id.to_string()).collect())
}

//! Crash reports: what a panic leaves behind. A file `crash-TIME.txt` in the state folder, readable by its owner alone, and
//! three lines for the terminal.
//!
//! A report says what broke and where in the program: version, build, thread, message, location, backtrace. It holds no data
//! of messages and no names of hosts, topics or groups: a panic of a library may quote what it worked on, so whatever stands in
//! quotes is left out. Nothing is sent anywhere.
//!
//! May use std, `text` and `log`. What a report says besides goes into `Report::of`.

use std::backtrace::Backtrace;
use std::fmt;
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::thread;

use jiff::Timestamp;

use crate::log;
use crate::text::Shown;

/// Columns of a panic's message.
const MESSAGE: usize = 300;
/// A task that panics at every key must not fill the disk.
const KEPT: usize = 20;
const PREFIX: &str = "crash-";
const SUFFIX: &str = ".txt";
/// What may stand in quotes: names of Rust's own, nothing of Kafka.
const OURS: [&str; 12] = [
    "Option::unwrap()",
    "Option::expect()",
    "Result::unwrap()",
    "Result::expect()",
    "Result::unwrap_err()",
    "None",
    "Some",
    "Err",
    "Ok",
    "async fn",
    "RefCell",
    "left == right",
];

/// For a panic that ends the program, once the terminal is restored: writes the report and prints the three lines.
pub fn of_program(info: &PanicHookInfo<'_>) {
    let report = Report::of(info, log::now());
    let place = report.save(log::folder().as_deref());
    tracing::error!("crashed: {}", report.headline());
    // Without standard error there is nobody to tell.
    let _nobody = io::stderr().write_all(report.farewell(&place).as_bytes());
}

/// For a panic in a task, which becomes a failure on the screen: writes and logs the report, prints nothing.
pub fn of_task(info: &PanicHookInfo<'_>) {
    let report = Report::of(info, log::now());
    match report.save(log::folder().as_deref()) {
        Ok(path) => tracing::error!(report = ?log::shown(&path), "a task panicked: {}", report.headline()),
        Err(error) => tracing::error!("a task panicked: {}; no report could be written: {error}", report.headline()),
    }
}

/// What is told of one panic. Everything in it may be printed.
#[derive(Debug)]
struct Report {
    at: Timestamp,
    thread: Shown<'static>,
    message: Shown<'static>,
    /// File, line and column in the program's source.
    location: Shown<'static>,
    backtrace: String,
}

impl Report {
    fn of(info: &PanicHookInfo<'_>, at: Timestamp) -> Self {
        let payload = info.payload();
        let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => text,
            (None, Some(text)) => text.as_str(),
            (None, None) => "a panic without a message",
        };
        let location = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        Self::new(at, message, &location, &Backtrace::force_capture().to_string())
    }

    fn new(at: Timestamp, message: &str, location: &str, backtrace: &str) -> Self {
        let thread = thread::current();
        let lines = Shown::lines(backtrace.as_bytes()).map(|line| Shown::whole(line).into_string());
        Self {
            at,
            thread: Shown::of(thread.name().unwrap_or("without a name")).into_owned(),
            message: Shown::of(&without_data(message)).cut(MESSAGE).into_owned(),
            location: Shown::of(location).into_owned(),
            backtrace: lines.collect::<Vec<_>>().join("\n"),
        }
    }

    /// What happened and where, on one line.
    fn headline(&self) -> String {
        format!("{} (at {})", self.message, self.location)
    }

    /// Writes the report into a new file in that folder.
    fn save(&self, folder: Option<&Path>) -> io::Result<PathBuf> {
        let folder = folder.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no home folder"))?;
        log::make(folder)?;
        // Nanoseconds: two tasks may panic at once, and no report overwrites another.
        let path = folder.join(format!("{PREFIX}{}{SUFFIX}", self.at.strftime("%Y%m%dT%H%M%S.%9fZ")));
        log::private().write(true).create_new(true).open(&path)?.write_all(self.to_string().as_bytes())?;
        // Old reports that stay are no reason to lose this one.
        let _too_many = log::keep_newest(folder, PREFIX, SUFFIX, KEPT);
        Ok(path)
    }

    /// Three lines: what happened, where the report is, how to report it.
    fn farewell(&self, place: &io::Result<PathBuf>) -> String {
        let report = match place {
            Ok(path) => format!("A report is in {}", log::shown(path)),
            Err(error) => format!("No report could be written: {error}"),
        };
        let next = match place {
            Ok(_) => "Please report this with that file and what you did before; it holds no message data, and nothing was sent.",
            Err(_) => "Please report this with the line above and what you did before; nothing was sent.",
        };
        format!("kscope crashed: {}\n{report}\n{next}\n", self.headline())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if cfg!(debug_assertions) { "debug" } else { "release" };
        writeln!(f, "kscope {} crashed\n", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "time      {}", self.at)?;
        writeln!(f, "build     {}-{}, {mode}", std::env::consts::ARCH, std::env::consts::OS)?;
        writeln!(f, "thread    {}", self.thread)?;
        writeln!(f, "message   {}", self.message)?;
        writeln!(f, "location  {}\n", self.location)?;
        writeln!(f, "{}", self.backtrace)
    }
}

/// The first line of a panic's message, without what stands in quotes or is the value of an `unwrap`: that may be data.
fn without_data(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    // `called `Result::unwrap()` on an `Err` value: …` and whatever else prints a value behind its words.
    let (line, tail) = line.split_once("value: ").map_or((line, ""), |(words, _)| (words, "value: …"));
    let mut kept = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['"', '`', '\'']) {
        let (before, quoted) = rest.split_at(at);
        kept.push_str(before);
        let mut letters = quoted.chars();
        let Some(quote) = letters.next() else { break };
        let inner = letters.as_str();
        // An apostrophe within a word quotes nothing.
        if quote == '\'' && before.ends_with(char::is_alphanumeric) {
            kept.push(quote);
            rest = inner;
            continue;
        }
        let (text, after) = inner.split_once(quote).unwrap_or((inner, ""));
        let text = if OURS.contains(&text) { text } else { "…" };
        kept.push(quote);
        kept.push_str(text);
        kept.push(quote);
        rest = after;
    }
    kept + rest + tail
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn report(message: &str, second: i64) -> Report {
        Report::new(Timestamp::from_second(second).unwrap(), message, "src/app.rs:7:9", "   0: kscope::app\n             at src/app.rs")
    }

    #[test]
    fn a_report_says_what_broke_and_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        let report = report("index out of bounds: the len is 3 but the index is 5", 1_763_642_465);
        let path = report.save(Some(&folder)).unwrap();
        assert_eq!(path.file_name().unwrap(), "crash-20251120T124105.000000000Z.txt");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        for part in
            [env!("CARGO_PKG_VERSION"), "2025-11-20T12:41:05Z", std::env::consts::ARCH, "index is 5", "src/app.rs:7:9", "0: kscope::app\n"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        // Never over another one.
        assert_eq!(report.save(Some(&folder)).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn three_lines_say_what_where_and_what_next() {
        let home = tempfile::tempdir().unwrap();
        let report = report("boom\u{1b}[2J", 1);
        let place = report.save(Some(home.path()));
        let words = report.farewell(&place);
        assert_eq!(words.lines().count(), 3);
        assert!(words.starts_with("kscope crashed: boom") && words.contains("(at src/app.rs:7:9)"), "{words}");
        assert!(words.contains(place.unwrap().to_str().unwrap()));
        assert!(!words.contains('\u{1b}'), "{words:?}");
        let nowhere = report.farewell(&report.save(None));
        assert!(nowhere.contains("No report could be written: there is no home folder"), "{nowhere}");
        assert_eq!(nowhere.lines().count(), 3);
    }

    #[test]
    fn what_a_library_quotes_is_left_out() {
        for (message, told) in [
            (
                "byte index 1 is not a char boundary; it is inside 'é' (bytes 0..2) of `écanary`",
                "byte index 1 is not a char boundary; it is inside '…' (bytes 0..2) of `…`",
            ),
            (
                "called `Result::unwrap()` on an `Err` value: Custom { kind: Other, error: \"canary\" }",
                "called `Result::unwrap()` on an `Err` value: …",
            ),
            ("called `Option::unwrap()` on a `None` value", "called `Option::unwrap()` on a `None` value"),
            ("assertion `left == right` failed\n  left: \"canary\"\n right: 2", "assertion `left == right` failed"),
            ("it doesn't fit \"canary", "it doesn't fit \"…\""),
            ("", ""),
        ] {
            assert_eq!(without_data(message), told);
        }
    }

    #[test]
    fn the_newest_twenty_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..25).map(|second| report("x", second).save(Some(home.path())).unwrap()).collect();
        let kept: Vec<bool> = paths.iter().map(|path| path.exists()).collect();
        assert_eq!(kept, (0..25).map(|n| n >= 5).collect::<Vec<_>>());
    }

    #[test]
    fn a_real_panic_is_reported_with_its_place() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().to_owned();
        let before = std::panic::take_hook();
        // The hook is the process's: a panic of another test that runs now passes it too.
        std::panic::set_hook(Box::new(move |info| {
            if thread::current().name() == Some("breaks") {
                let _saved = Report::of(info, Timestamp::UNIX_EPOCH).save(Some(&folder));
            }
        }));
        let ended = thread::Builder::new().name("breaks".into()).spawn(|| panic!("{} of `canary`", 7)).unwrap().join();
        std::panic::set_hook(before);
        assert!(ended.is_err());
        let text = fs::read_to_string(home.path().join("crash-19700101T000000.000000000Z.txt")).unwrap();
        for part in ["thread    breaks", "message   7 of `…`", "location  ", "crash.rs"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("canary"), "{text}");
    }
}

//! The log: `kscope-YYYY-MM-DD.log` in the state folder, one event a line, written off the loop by a thread of its own.
//!
//! A new file every day (UTC), five kept, readable by their owner alone; what is logged is chosen by `KSCOPE_LOG`, `info` by
//! default. Every line passes [`Shown`], so that nothing foreign in it can reach a terminal as more than text, and no event
//! can look like two. Bytes of keys, values and headers are never logged, and no secret is.
//!
//! May use std, `text`, jiff, directories and tracing. To log something: `tracing::info!` and its kin anywhere, foreign text
//! with `?`. To keep another file beside the log: [`folder`], `open` and `keep_newest`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::text::Shown;

/// Where logs and crash reports go, when it is set.
pub const FOLDER_VARIABLE: &str = "KSCOPE_STATE_DIR";
/// What is logged: `debug`, or `kscope::io=trace,info`.
pub const FILTER_VARIABLE: &str = "KSCOPE_LOG";

const DAYS_KEPT: usize = 5;
const PREFIX: &str = "kscope-";
const SUFFIX: &str = ".log";
/// Lines that may wait for the disk; more are dropped rather than anything made to wait.
const LINES: usize = 4096;

/// Writes what is still waiting when it is dropped: `main` holds it to the end.
#[derive(Debug)]
#[must_use]
pub struct Guard {
    _worker: WorkerGuard,
}

/// Why there is no log. `Display` gives the sentence; a program without a log goes on.
#[derive(Debug, thiserror::Error)]
pub enum NoLog {
    #[error("no log is kept: there is no home folder; {FOLDER_VARIABLE} can name a folder")]
    NoFolder,
    #[error("no log is kept: {path} cannot be written ({error})")]
    Folder { path: Shown<'static>, error: io::Error },
    #[error("no log is kept: something else in this process logs already")]
    Taken,
}

/// The state folder: `KSCOPE_STATE_DIR`, else where the system keeps such files (`~/.local/state/kscope`). `None` without a home.
pub fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
        return Some(folder.into());
    }
    let project = directories::ProjectDirs::from("", "", "kscope")?;
    Some(project.state_dir().map_or_else(|| project.data_local_dir().join("state"), Path::to_path_buf))
}

/// Logs from now on, for the whole process.
///
/// # Errors
/// The folder or the file cannot be made. Nothing is logged then, and nothing else is lost.
pub fn start() -> Result<Guard, NoLog> {
    let folder = folder().ok_or(NoLog::NoFolder)?;
    let daily = Daily::new(&folder).map_err(|error| NoLog::Folder { path: shown(&folder), error })?;
    let (lane, worker) = NonBlockingBuilder::default().buffered_lines_limit(LINES).thread_name("log").finish(daily);
    let wanted = std::env::var(FILTER_VARIABLE).unwrap_or_default();
    let (filter, bad) = filter(&wanted);
    tracing::subscriber::set_global_default(subscriber(move || lane.clone(), filter)).map_err(|_taken| NoLog::Taken)?;
    if let Some(bad) = bad {
        tracing::warn!(filter = ?wanted, "{FILTER_VARIABLE} is not understood, so it is `info`: {bad}");
    }
    Ok(Guard { _worker: worker })
}

/// A path as it may be printed.
pub(crate) fn shown(path: &Path) -> Shown<'static> {
    Shown::of_bytes(path.as_os_str().as_encoded_bytes()).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "logs and crash reports carry the time")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Makes a folder that only its owner may enter; one that exists stays as it is.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Options for a file that only its owner may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Deletes all but the newest of the files named `prefix…suffix`, whose names sort by time.
pub(crate) fn keep_newest(folder: &Path, prefix: &str, suffix: &str, keep: usize) -> io::Result<()> {
    let names = fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix) && name.ends_with(suffix)).collect();
    names.sort_unstable();
    let old = names.len().saturating_sub(keep);
    for name in names.iter().take(old) {
        fs::remove_file(folder.join(name))?;
    }
    Ok(())
}

/// The filter as it was asked for, or `info` and what is wrong with it.
fn filter(wanted: &str) -> (EnvFilter, Option<String>) {
    if wanted.trim().is_empty() {
        return (EnvFilter::new("info"), None);
    }
    match EnvFilter::try_new(wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error.to_string())),
    }
}

fn subscriber<W: Write + 'static>(lane: impl Fn() -> W + Send + Sync + 'static, filter: EnvFilter) -> impl Subscriber + Send + Sync {
    tracing_subscriber::fmt().with_ansi(false).with_env_filter(filter).with_writer(Lines(lane)).finish()
}

/// Makes a [`Line`] for each event.
struct Lines<F>(F);

impl<'a, W: Write, F: Fn() -> W> MakeWriter<'a> for Lines<F> {
    type Writer = Line<W>;

    fn make_writer(&'a self) -> Line<W> {
        Line { bytes: Vec::new(), to: (self.0)() }
    }
}

/// One event: collected, and written as one line of visible text once it is whole.
struct Line<W: Write> {
    bytes: Vec<u8>,
    to: W,
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for Line<W> {
    fn drop(&mut self) {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let mut line = Shown::whole(text).into_string();
        line.push('\n');
        // A log that cannot be written is no reason for anything else to fail.
        let _lost = self.to.write_all(line.as_bytes());
    }
}

/// The file of the day.
#[derive(Debug)]
struct Daily {
    folder: PathBuf,
    day: Date,
    file: File,
}

impl Daily {
    fn new(folder: &Path) -> io::Result<Self> {
        make(folder)?;
        let day = today();
        Ok(Self { folder: folder.to_owned(), day, file: open(folder, day)? })
    }

    /// Turns to the next file when the day has changed; goes on with the old one when there can be no new one.
    fn turn(&mut self, day: Date) {
        if day != self.day {
            self.day = day;
            if let Ok(file) = open(&self.folder, day) {
                self.file = file;
            }
        }
    }
}

impl Write for Daily {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.turn(today());
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(folder: &Path, day: Date) -> io::Result<File> {
    let file = private().append(true).create(true).open(folder.join(format!("{PREFIX}{day}{SUFFIX}")))?;
    // Old files that stay too long are no reason to lose today's.
    let _too_many = keep_newest(folder, PREFIX, SUFFIX, DAYS_KEPT);
    Ok(file)
}

fn today() -> Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::{Arc, Mutex};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn folder_and_files_are_their_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/kscope");
        let mut daily = Daily::new(&folder).unwrap();
        daily.write_all(b"one\n").unwrap();
        let file = folder.join(&names(&folder)[0]);
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        // A second process goes on in the same file.
        Daily::new(&folder).unwrap().write_all(b"two\n").unwrap();
        assert_eq!(fs::read_to_string(file).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_new_day_is_a_new_file_and_five_are_kept() {
        let home = tempfile::tempdir().unwrap();
        drop(private().write(true).create_new(true).open(home.path().join("kscope-notes.txt")).unwrap());
        let mut daily = Daily::new(home.path()).unwrap();
        let first = daily.day;
        for days in 1..=7 {
            let day = first.saturating_add(jiff::Span::new().days(days));
            daily.turn(day);
            daily.file.write_all(b"x\n").unwrap();
        }
        let kept: Vec<String> = (3..=7).map(|n| format!("kscope-{}.log", first.saturating_add(jiff::Span::new().days(n)))).collect();
        assert_eq!(names(home.path()), [kept, vec!["kscope-notes.txt".to_owned()]].concat());
    }

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(wanted: &str, log: impl FnOnce()) -> String {
        let memory = Memory::default();
        let lane = memory.clone();
        tracing::subscriber::with_default(subscriber(move || lane.clone(), filter(wanted).0), log);
        String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn foreign_text_stays_one_line_of_visible_text() {
        let foreign = "a\u{1b}]0;title\u{7}\r\nfake\u{202e}line";
        let log = logged("", || tracing::error!(name = foreign, "about {foreign}"));
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.ends_with('\n') && log.contains("fake"));
        assert!(!log.trim_end().chars().any(|c| c.is_control() || c == '\u{202e}'), "{log:?}");
    }

    #[test]
    fn the_filter_is_info_unless_it_says_otherwise() {
        let log = |wanted| {
            logged(wanted, || {
                tracing::debug!("quiet");
                tracing::info!("loud");
            })
        };
        assert!(!log("").contains("quiet") && log("").contains("loud"));
        assert!(log("debug").contains("quiet"));
        assert!(!log("warn").contains("loud"));
        assert!(log("=,=,nonsense=loudest").contains("loud"));
        assert!(filter("nonsense=loudest").1.is_some());
    }
}

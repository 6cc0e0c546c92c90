//! Runs the program without a terminal: arguments in; exit code, standard output and standard error out.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::eventually_or;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// `None`: ended by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Finished {
    /// Standard output by lines.
    pub(crate) fn lines(&self) -> Vec<&str> {
        std::str::from_utf8(&self.stdout).expect("NDJSON is UTF-8").lines().collect()
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Asserts success; standard error explains a failure.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }
}

/// Runs kscope to its end in an empty home. Panics when it does not end.
#[track_caller]
pub(crate) fn kscope(arguments: &[&str]) -> Finished {
    Running::start(arguments).finish()
}

/// A home folder with files of its own, for a program that shall see none of the user's.
#[derive(Debug)]
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// With a file at that place below it.
    pub(crate) fn with(self, file: &str, text: &str) -> Self {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    /// The environment that points into it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let below = |folder: &str| self.path().join(folder);
        vec![
            ("HOME", self.path().to_owned()),
            ("XDG_STATE_HOME", below(".local/state")),
            ("XDG_CONFIG_HOME", below(".config")),
            ("XDG_CACHE_HOME", below(".cache")),
        ]
    }

    /// Runs kscope in it to its end.
    #[track_caller]
    pub(crate) fn kscope(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        Running::start_in(self, arguments, variables).finish()
    }
}

/// Runs kscope to its end with these bytes on its standard input.
#[track_caller]
pub(crate) fn fed(home: &Home, arguments: &[&str], input: Vec<u8>) -> Finished {
    let mut command = Command::new(crate::KSCOPE);
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
    command.envs(home.variables()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    // Who refuses what comes closes the pipe.
    let feeder = thread::spawn(move || drop(stdin.write_all(&input)));
    let done = child.wait_with_output().expect("it ends");
    feeder.join().expect("no panic");
    Finished { code: done.status.code(), stdout: done.stdout, stderr: String::from_utf8_lossy(&done.stderr).into_owned() }
}

/// kscope, or another program, while it runs: what it has printed so far.
pub(crate) struct Running {
    child: Killed,
    stdout: Arc<Printed>,
    stderr: Arc<Printed>,
    arguments: String,
    _home: Option<Home>,
}

/// What came out of one of its pipes.
#[derive(Default)]
struct Printed {
    bytes: Mutex<Vec<u8>>,
    /// The reader of the pipe is to stop, which closes it.
    hung_up: AtomicBool,
    closed: AtomicBool,
}

impl Printed {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let home = Home::new();
        let running = Self::start_in(&home, arguments, &[]);
        Self { _home: Some(home), ..running }
    }

    /// In a home that outlives it.
    pub(crate) fn start_in(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(crate::KSCOPE);
        command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
        command.envs(home.variables()).envs(variables.iter().copied());
        Self::of(command, &arguments.join(" "))
    }

    /// Any program. `arguments` is what a failed test calls it.
    pub(crate) fn of(mut command: Command, arguments: &str) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut child = Killed(child);
        let stdout = collect(child.0.stdout.take().expect("piped"));
        let stderr = collect(child.0.stderr.take().expect("piped"));
        Self { child, stdout, stderr, arguments: arguments.to_owned(), _home: None }
    }

    /// Waits until the whole lines printed so far give a value.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, condition: impl Fn(&[&str]) -> Option<T>) -> T {
        eventually_or(what, || self.look(&condition), || format!("{}\n{}\n{}", self.arguments, self.printed(), self.words()))
    }

    /// Whether the lines give a value within half a minute.
    pub(crate) fn soon<T>(&self, condition: impl Fn(&[&str]) -> Option<T>) -> Option<T> {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            if let Some(value) = self.look(&condition) {
                return Some(value);
            }
            thread::sleep(Duration::from_millis(20));
        }
        None
    }

    fn look<T>(&self, condition: &impl Fn(&[&str]) -> Option<T>) -> Option<T> {
        let printed = self.stdout.lock();
        let whole = printed.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let text = std::str::from_utf8(&printed[..whole]).expect("NDJSON is UTF-8");
        condition(&text.lines().collect::<Vec<_>>())
    }

    /// The end of what it has printed.
    pub(crate) fn printed(&self) -> String {
        let printed = self.stdout.lock();
        String::from_utf8_lossy(&printed[printed.len().saturating_sub(2000)..]).into_owned()
    }

    /// What it said on standard error so far.
    pub(crate) fn words(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock()).into_owned()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.0.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("it runs"), signal).expect("it runs");
    }

    /// Closes standard output from the reading side, as `head` does.
    pub(crate) fn hang_up(&self) {
        self.stdout.hung_up.store(true, Ordering::Relaxed);
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        let arguments = self.arguments.clone();
        let status = eventually_or("kscope ends", || self.child.0.try_wait().expect("a child of ours"), || arguments.clone());
        for pipe in [&self.stdout, &self.stderr] {
            eventually_or("its last bytes", || pipe.closed.load(Ordering::Relaxed).then_some(()), || arguments.clone());
        }
        let stdout = std::mem::take(&mut *self.stdout.lock());
        Finished { code: status.code(), stdout, stderr: self.words() }
    }
}

/// A child that does not outlive a failed test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Reads a pipe to its end, or until it is hung up on: then the next byte that comes is the last one that is read.
fn collect(mut pipe: impl Read + Send + 'static) -> Arc<Printed> {
    let printed = Arc::new(Printed::default());
    let shared = Arc::clone(&printed);
    thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            shared.lock().extend(&buffer[..n]);
            if shared.hung_up.load(Ordering::Relaxed) {
                break;
            }
        }
        drop(pipe);
        shared.closed.store(true, Ordering::Relaxed);
    });
    printed
}

/// Shows what a test wants seen even while it passes: figures.
pub(crate) fn tell(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

//! Runs the program without a terminal: arguments in; exit code, standard output and standard error out.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

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
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(crate::KSCOPE);
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
    for name in ["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        command.env(name, home.path());
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kscope starts");
    let mut child = Killed(child);
    let stdout = collect(child.0.stdout.take().expect("piped"));
    let stderr = collect(child.0.stderr.take().expect("piped"));
    let status = eventually_or("kscope ends", || child.0.try_wait().expect("a child of ours"), || arguments.join(" "));
    let stderr = String::from_utf8_lossy(&stderr.join().expect("a reader")).into_owned();
    Finished { code: status.code(), stdout: stdout.join().expect("a reader"), stderr }
}

/// A child that does not outlive a failed test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        pipe.read_to_end(&mut all).expect("a pipe");
        all
    })
}

/// Shows what a test wants seen even while it passes: figures.
pub(crate) fn tell(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

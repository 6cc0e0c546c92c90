//! The program in a real pseudo terminal: what it draws (through vt100), which bytes it writes, how it ends.
//!
//! [`Terminal::kscope`] starts it; [`Terminal::until`] waits for a condition on the screen, so no test sleeps. To add a test
//! of the program: a function in `tests/it/pty/` that starts one, sends keys and waits.

mod escapes;
mod self_test;

use std::fmt;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use filedescriptor::{FileDescriptor, POLLIN, pollfd};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

pub(crate) use escapes::escapes;

use crate::eventually;
use crate::run::Home;

/// The variable that opens the list of topics first.
pub(crate) const ON_TOPICS: (&str, &str) = ("KSCOPE_UI_START", ":topics");

/// A program in a terminal of its own. It is killed when this is dropped.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Option<FileDescriptor>,
    seen: Arc<Mutex<Seen>>,
    /// Home and state of the program, so that a test sees none of the user's files.
    home: Home,
}

/// What came out of the program.
struct Seen {
    emulator: vt100::Parser,
    raw: Vec<u8>,
    /// The beginning of a frame whose end has not come.
    frame: Vec<u8>,
    ended: bool,
    hung_up: bool,
}

/// A frame begins, and ends (DEC private mode 2026, synchronized updates).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

impl Seen {
    /// Shows what has come, each frame once it is whole, as a terminal does that knows synchronized updates. At the end, all.
    fn take(&mut self, bytes: &[u8], all: bool) {
        self.raw.extend(bytes);
        self.frame.extend(bytes);
        let position = |mark: &[u8]| self.frame.windows(mark.len()).rposition(|window| window == mark);
        let begun = position(BEGIN).filter(|begun| position(END).is_none_or(|end| end < *begun));
        let cut = (1..BEGIN.len()).rev().find(|&n| self.frame.ends_with(&BEGIN[..n])).map_or(self.frame.len(), |n| self.frame.len() - n);
        let whole = if all { self.frame.len() } else { begun.unwrap_or(cut) };
        let shown: Vec<u8> = self.frame.drain(..whole).collect();
        self.emulator.process(&shown);
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("child", &self.child).field("screen", &self.text()).finish_non_exhaustive()
    }
}

impl Terminal {
    /// kscope with these arguments in a terminal of so many columns and rows, on the list of topics.
    pub(crate) fn kscope(arguments: &[&str], columns: u16, rows: u16) -> Self {
        Self::kscope_in(Home::new(), arguments, &[ON_TOPICS], columns, rows)
    }

    /// kscope in a home with files of its own, and with these variables on top.
    pub(crate) fn kscope_in(home: Home, arguments: &[&str], variables: &[(&str, &str)], columns: u16, rows: u16) -> Self {
        Self::start_in(home, crate::KSCOPE, arguments, variables, (columns, rows))
    }

    /// Any program.
    pub(crate) fn start(program: &str, arguments: &[&str], columns: u16, rows: u16) -> Self {
        Self::start_in(Home::new(), program, arguments, &[], (columns, rows))
    }

    fn start_in(home: Home, program: &str, arguments: &[&str], variables: &[(&str, &str)], (columns, rows): (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        for (name, value) in [("PATH", std::env::var("PATH").unwrap_or_default()), ("LANG", "C.UTF-8".into())] {
            command.env(name, value);
        }
        for (name, folder) in home.variables() {
            command.env(name, folder);
        }
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command).expect("the program starts");
        // Not portable-pty's own ends: its reader would keep the terminal open for ever, its writer types Ctrl-D when it is dropped.
        let end = Raw(pair.master.as_raw_fd().expect("a terminal has a descriptor"));
        let output = FileDescriptor::dup(&end).expect("a terminal can be read");
        let keyboard = FileDescriptor::dup(&end).expect("a terminal can be written");
        let emulator = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        let seen = Arc::new(Mutex::new(Seen { emulator, raw: Vec::new(), frame: Vec::new(), ended: false, hung_up: false }));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            watch(output, &shared);
            let mut seen = shared.lock().unwrap_or_else(PoisonError::into_inner);
            seen.take(&[], true);
            seen.ended = true;
        });
        Self { child, master: Some(pair.master), keyboard: Some(keyboard), seen, home }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the screen fulfils the condition; its text. Panics with the screen when that does not come.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) -> String {
        let look = || {
            let seen = self.seen();
            let screen = seen.emulator.screen();
            assert!(!seen.ended || condition(screen), "the program ended before: {what}\n{}", screen.contents());
            condition(screen).then(|| screen.contents())
        };
        crate::eventually_or(what, look, || format!("the screen:\n{}", self.text()))
    }

    /// A file that the program wrote into its working folder.
    pub(crate) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}\n{}", self.text()))
    }

    /// Waits until this text stands somewhere on the screen.
    #[track_caller]
    pub(crate) fn until_text(&self, text: &str) -> String {
        self.until(text, |screen| screen.contents().contains(text))
    }

    /// The screen as text, rows without their trailing blanks.
    pub(crate) fn text(&self) -> String {
        self.seen().emulator.screen().contents()
    }

    /// Every byte that the program wrote so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// Types, pastes or sends escape sequences.
    pub(crate) fn keys(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("not hung up");
        keyboard.write_all(keys.as_bytes()).and_then(|()| keyboard.flush()).expect("a terminal takes keys");
    }

    /// Changes the size; the program gets SIGWINCH.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        {
            // Twice: the emulator sets the end of its scroll region by the size that it had before.
            let mut seen = self.seen();
            let screen = seen.emulator.screen_mut();
            screen.set_size(nonzero(rows), nonzero(columns.saturating_add(1)));
            screen.set_size(nonzero(rows), nonzero(columns));
        }
        self.master.as_ref().expect("not hung up").resize(size(columns, rows)).expect("a size");
    }

    /// Closes the terminal's other side, as a window that is closed or a connection that breaks.
    pub(crate) fn hang_up(&mut self) {
        self.keyboard = None;
        self.master = None;
        self.seen().hung_up = true;
        eventually("the last descriptor is closed", || self.seen().ended.then_some(()));
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.child.process_id().and_then(|p| rustix::process::Pid::from_raw(i32::try_from(p).ok()?));
        rustix::process::kill_process(pid.expect("it runs"), signal).expect("it runs");
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let status = eventually("the program ends", || self.child.try_wait().expect("a child of ours"));
        if self.master.is_some() {
            eventually("its last bytes arrive", || self.seen().ended.then_some(()));
        }
        status
    }

    /// Whether the terminal is as a shell wants it: main screen, cursor, no mouse, no bracketed paste, cooked.
    pub(crate) fn restored(&self) -> Result<(), &'static str> {
        let seen = self.seen();
        let screen = seen.emulator.screen();
        let modes = [
            (screen.alternate_screen(), "still on the alternate screen"),
            (screen.hide_cursor(), "the cursor is hidden"),
            (screen.bracketed_paste(), "bracketed paste is on"),
            (screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None, "the mouse is captured"),
        ];
        modes.iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, what)| Err(what))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Takes in what the program writes, until it ends or is hung up on: then nothing holds the terminal open.
fn watch(mut output: FileDescriptor, shared: &Mutex<Seen>) {
    let mut buffer = [0; 8192];
    loop {
        let mut ready = [pollfd { fd: output.as_raw_fd(), events: POLLIN, revents: 0 }];
        let readable = filedescriptor::poll(&mut ready, Some(Duration::from_millis(20))).is_ok_and(|n| n > 0);
        if shared.lock().unwrap_or_else(PoisonError::into_inner).hung_up {
            return;
        }
        if readable {
            let Ok(n @ 1..) = output.read(&mut buffer) else { return };
            let mut seen = shared.lock().unwrap_or_else(PoisonError::into_inner);
            seen.take(&buffer[..n], false);
        }
    }
}

/// A descriptor by its number, to be duplicated.
struct Raw(RawFd);

impl AsRawFd for Raw {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn nonzero(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has a size")
}

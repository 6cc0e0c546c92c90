//! All that kscope does with the terminal itself: taking and restoring it, drawing, keys, signals, suspending, the clipboard.
//!
//! May use std, crossterm, ratatui, rustix, libc, tokio's channels, base64, and of ours `core::key` and `core::event`. The rest of the
//! program sees [`Terminal`], the two lanes of [`Lanes`], and values. To add a mode of the terminal: `restore`. To add a key:
//! `sequence`.

mod abort;
mod canvas;
mod colors;
mod input;
mod osc;
mod panics;
mod parser;
mod restore;
mod sequence;
mod signals;
mod size;

use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use ratatui::Frame;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::stdio::{stdin, stdout};
use rustix::termios::isatty;
use tokio::sync::mpsc;

use crate::core::key::Input;
use canvas::Canvas;
use input::InputThread;
use osc::Multiplexer;
use signals::Signals;

pub use colors::{Background, ColorChoice, Colors, Depth, UnknownColors};
pub use osc::{CLIPBOARD_LIMIT, TooLong};
pub use panics::{PanicIn, catch_panics};
pub use signals::Notice;

/// How long the terminal may take to say its background colour.
const ANSWER: Duration = Duration::from_millis(30);

/// How to take the terminal.
#[derive(Debug, Clone)]
pub struct Options {
    pub colors: ColorChoice,
    /// Dark or light, when the user said so; else the terminal is asked.
    pub background: Option<Background>,
    /// Whether frames are shown whole, in terminals that can (DEC 2026).
    pub synchronized: bool,
}

/// Why the terminal cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TermError {
    /// The end that is no terminal: "standard input".
    #[error("kscope needs a terminal, and {0} is none; `kscope tail` works in pipes")]
    NotATerminal(&'static str),
    #[error("kscope needs a terminal that can move its cursor, and TERM is \"dumb\"; `kscope tail` works everywhere")]
    Dumb,
    #[error("cannot use the terminal")]
    Io(#[from] io::Error),
}

impl TermError {
    /// The exit code of the command line: 2 where another call would work, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotATerminal(_) | Self::Dumb => 2,
            Self::Io(_) => 1,
        }
    }
}

/// What the terminal and the system send to the loop.
#[derive(Debug)]
pub struct Lanes {
    /// Bounded; its sender waits, so no key is lost. Closed only after [`Input::HangUp`] or with the [`Terminal`].
    pub input: mpsc::Receiver<Input>,
    pub notices: mpsc::UnboundedReceiver<Notice>,
}

/// What a frame cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// 0 when nothing changed: then nothing was written.
    pub bytes: usize,
    /// How long the terminal took to take them. A slow link shows here: skip frames then.
    pub writing: Duration,
}

/// The terminal while it is ours. There is one at most in a process. Dropping it restores the terminal.
#[derive(Debug)]
pub struct Terminal {
    screen: ratatui::Terminal<Canvas>,
    input: InputThread,
    signals: Signals,
    colors: Colors,
    multiplexer: Multiplexer,
    synchronized: bool,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal: from here on keys come by the lanes, and it is restored whatever happens to the process, but SIGKILL.
    ///
    /// Call it on the thread of the loop: a panic there restores the terminal, one elsewhere does not.
    pub fn enter(options: &Options) -> Result<(Self, Lanes), TermError> {
        if !isatty(stdin()) {
            return Err(TermError::NotATerminal("standard input"));
        }
        if !isatty(stdout()) {
            return Err(TermError::NotATerminal("standard output"));
        }
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if env("TERM").as_deref() == Some("dumb") {
            return Err(TermError::Dumb);
        }
        panics::catch_panics_plainly();
        panics::this_is_the_loop();
        abort::install()?;
        crossterm::style::force_color_output(true);
        let (signals, starter) = Signals::start()?;
        restore::take()?;
        // From here on what fails gives the terminal back.
        let guard = Guard;
        let background = options.background.unwrap_or_else(|| background(&env));
        let screen = ratatui::Terminal::new(Canvas::default())?;
        let on_hang_up = signals.clone();
        let (input, inputs) = InputThread::start(stdin(), size::size, move || on_hang_up.hang_up())?;
        let notices = starter.run(input.waker())?;
        std::mem::forget(guard);
        let terminal = Self {
            screen,
            input,
            signals,
            colors: Colors { depth: Depth::resolve(options.colors, &env), background },
            multiplexer: Multiplexer::detect(&env),
            synchronized: options.synchronized,
            mouse: false,
        };
        Ok((terminal, Lanes { input: inputs, notices }))
    }

    /// Gives the terminal back. Also done by dropping, by the panic hook, and when the process is killed.
    pub fn leave(self) {
        drop(self);
    }

    pub fn colors(&self) -> Colors {
        self.colors
    }

    /// Columns and rows, each at least 1, at most 1000 × 500.
    pub fn size(&self) -> (u16, u16) {
        size::size()
    }

    /// Draws what changed since the last frame, in one write. Errors mean that the terminal is gone.
    #[expect(clippy::disallowed_methods, reason = "measures how slow the terminal is")]
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<Drawn> {
        self.screen.draw(render)?;
        let frame = self.screen.backend_mut().frame(self.synchronized);
        if frame.is_empty() || !restore::is_taken() {
            return Ok(Drawn { bytes: 0, writing: Duration::ZERO });
        }
        let began = Instant::now();
        restore::write_all(&frame)?;
        Ok(Drawn { bytes: frame.len(), writing: began.elapsed() })
    }

    /// The next frame is drawn whole, on a cleared screen.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.screen.backend_mut().forget();
        self.screen.clear()
    }

    /// Stops the process as Ctrl-Z does in a shell; returns when it was continued. Then the next frame is drawn whole.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.input.park();
        restore::restore();
        let stopped = self.signals.stop_group();
        self.take_again().and(stopped)
    }

    /// After [`Notice::Continued`]: a shell changed the terminal's modes while we were stopped. The next frame is drawn whole.
    pub fn resume(&mut self) -> io::Result<()> {
        self.input.park();
        restore::restore();
        self.take_again()
    }

    /// Runs another program on the terminal, which is restored meanwhile: an editor, a pager. The next frame is drawn whole.
    pub fn run_child(&mut self, command: &mut Command) -> io::Result<ExitStatus> {
        self.input.park();
        restore::restore();
        let status = self.signals.with_child(|| command.status());
        self.take_again()?;
        status
    }

    /// Sends text to the terminal's clipboard (OSC 52). Whether it took it cannot be known: say "sent to the terminal".
    pub fn copy(&mut self, text: &[u8]) -> io::Result<Result<(), TooLong>> {
        match osc::clipboard(text, self.multiplexer) {
            Ok(sequence) => restore::write_all(&sequence).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Sets the window's title until the terminal is restored. Our own words only, never text from Kafka.
    pub fn title(&mut self, words: &str) -> io::Result<()> {
        restore::write_all(&[restore::push_title(), &osc::title(words)].concat())
    }

    /// Switches reports of the pointer on or off; off at the start, for they take the terminal's own selecting away.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        restore::write_all(if on { b"\x1b[?1000h\x1b[?1002h\x1b[?1006h" } else { b"\x1b[?1006l\x1b[?1002l\x1b[?1000l" })
    }

    fn take_again(&mut self) -> io::Result<()> {
        restore::take()?;
        if self.mouse {
            self.mouse(true)?;
        }
        self.redraw()?;
        self.input.unpark();
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.input.park();
        restore::restore();
        // ratatui would show the cursor when it is dropped, and say on standard error when it cannot.
        let _ = self.screen.show_cursor();
    }
}

/// Restores the terminal when [`Terminal::enter`] fails halfway.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        restore::restore();
    }
}

/// Dark or light: what the terminal answers, else what COLORFGBG says, else dark. What is typed meanwhile is dropped.
#[expect(clippy::disallowed_methods, reason = "the terminal has 30 ms to answer")]
fn background(env: &dyn Fn(&str) -> Option<String>) -> Background {
    let fallback = || env("COLORFGBG").and_then(|value| Background::from_colorfgbg(&value)).unwrap_or(Background::Dark);
    // The Linux console would print parts of the question.
    if env("TERM").as_deref() == Some("linux") || restore::write_all(colors::QUERY).is_err() {
        return fallback();
    }
    let until = Instant::now() + ANSWER;
    let mut answer = Vec::new();
    while !colors::is_answered(&answer) && answer.len() < 4096 {
        let Ok(left) = Timespec::try_from(until.saturating_duration_since(Instant::now())) else { break };
        let mut fds = [PollFd::from_borrowed_fd(stdin(), PollFlags::IN)];
        let mut bytes = [0_u8; 256];
        match rustix::event::poll(&mut fds, Some(&left)) {
            Ok(1..) if fds.iter().all(|fd| fd.revents().contains(PollFlags::IN)) => match rustix::io::read(stdin(), &mut bytes) {
                Ok(length @ 1..) => answer.extend_from_slice(bytes.get(..length).unwrap_or_default()),
                _ => break,
            },
            _ => break,
        }
    }
    Background::from_answer(&answer).unwrap_or_else(fallback)
}

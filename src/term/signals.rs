//! The thread that takes the system's signals: tells the loop, and ends the process itself when the loop does not.
//!
//! To take another signal: its arm in [`Worker::take`], and a line in [`CAUGHT`].

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::Signal as System;
use tokio::sync::mpsc;

use super::abort;
use super::input::Waker;
use super::restore::restore;
use crate::core::event::Signal;

/// What the loop is to do because of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// End in order, with [`Signal::exit_code`]; after 1 s the process ends whatever the loop does.
    End(Signal),
    /// SIGTSTP came from outside: call [`Terminal::suspend`](super::Terminal::suspend).
    Suspend,
    /// SIGCONT came after a stop that was not ours: call [`Terminal::resume`](super::Terminal::resume).
    Continued,
}

/// How long the loop has to end in order.
const GRACE: Duration = Duration::from_secs(1);
/// How long the terminal has to be restored when the loop did not end: it may be what blocks.
const LAST_GRACE: Duration = Duration::from_millis(500);
/// How long a stop may take to come; none comes where no shell could continue us (an orphaned process group).
const STOPPING: Duration = Duration::from_millis(100);

const CAUGHT: [System; 6] = [System::TERM, System::HUP, System::INT, System::WINCH, System::CONT, System::TSTP];

/// The handle of the thread.
#[derive(Debug, Clone)]
pub(super) struct Signals {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The other end of the pipe that the handler writes to.
    pipe: OwnedFd,
    /// How often we were continued.
    continued: Mutex<u64>,
    changed: Condvar,
    /// The stop that is under way is ours.
    stopping: AtomicBool,
    /// A child has the terminal: its Ctrl-C is not for us.
    child: AtomicBool,
}

impl Signals {
    /// Catches the signals and starts the thread. `waker` hears of changed sizes.
    pub(super) fn start() -> io::Result<(Self, Starter)> {
        use rustix::pipe::{PipeFlags, pipe_with};
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let shared = Arc::new(Shared {
            pipe: rustix::io::fcntl_dupfd_cloexec(&write, 0)?,
            continued: Mutex::new(0),
            changed: Condvar::new(),
            stopping: AtomicBool::new(false),
            child: AtomicBool::new(false),
        });
        abort::signal_pipe(write);
        Ok((Self { shared: Arc::clone(&shared) }, Starter { read, shared }))
    }

    /// The terminal is gone, whether or not the system says so (a parent may have had SIGHUP ignored).
    pub(super) fn hang_up(&self) {
        let number = u8::try_from(System::HUP.as_raw()).unwrap_or(1);
        let _ = rustix::io::write(&self.shared.pipe, &[number]);
    }

    /// Stops the process group as Ctrl-Z does in a shell, and returns when it was continued; at once where no shell could
    /// continue us, for there the system ignores SIGTSTP.
    pub(super) fn stop_group(&self) -> io::Result<()> {
        let shared = &*self.shared;
        let before = *lock(&shared.continued);
        shared.stopping.store(true, Ordering::SeqCst);
        abort::default(System::TSTP)?;
        let stopped = rustix::process::kill_current_process_group(System::TSTP);
        // Twice, because the first wait is over at once when its time passed while we were stopped: then the worker still has
        // to say that we were continued.
        for _ in 0..2 {
            let _ = shared.changed.wait_timeout_while(lock(&shared.continued), STOPPING, |now| *now == before);
        }
        shared.stopping.store(false, Ordering::SeqCst);
        abort::catch(System::TSTP)?;
        Ok(stopped?)
    }

    /// While a child has the terminal its Ctrl-C is its own, and its Ctrl-Z stops us with it.
    pub(super) fn with_child<T>(&self, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.shared.child.store(true, Ordering::SeqCst);
        self.shared.stopping.store(true, Ordering::SeqCst);
        let result = abort::default(System::TSTP).and_then(|()| run());
        let caught = abort::catch(System::TSTP);
        self.shared.stopping.store(false, Ordering::SeqCst);
        self.shared.child.store(false, Ordering::SeqCst);
        caught.and(result)
    }
}

fn lock(count: &Mutex<u64>) -> std::sync::MutexGuard<'_, u64> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is ready to run once there is an input thread to wake.
#[derive(Debug)]
pub(super) struct Starter {
    read: OwnedFd,
    shared: Arc<Shared>,
}

impl Starter {
    pub(super) fn run(self, waker: Waker) -> io::Result<mpsc::UnboundedReceiver<Notice>> {
        let (lane, notices) = mpsc::unbounded_channel();
        let worker = Worker { read: self.read, shared: self.shared, waker, lane, end: None };
        std::thread::Builder::new().name("kscope-signals".into()).spawn(move || worker.run())?;
        for signal in CAUGHT {
            abort::catch(signal)?;
        }
        Ok(notices)
    }
}

struct Worker {
    read: OwnedFd,
    shared: Arc<Shared>,
    waker: Waker,
    /// Never more than signals that came, which the system merges: no bound needed.
    lane: mpsc::UnboundedSender<Notice>,
    /// When to end whatever the loop does, and with which code.
    end: Option<(Instant, Signal)>,
}

impl Worker {
    #[expect(clippy::disallowed_methods, reason = "the deadline of an orderly end")]
    fn run(mut self) {
        loop {
            let left = self.end.map(|(at, signal)| (at.saturating_duration_since(Instant::now()), signal));
            if let Some((Duration::ZERO, signal)) = left {
                end_now(signal);
            }
            let timeout = left.and_then(|(left, _)| Timespec::try_from(left).ok());
            let mut fds = [PollFd::new(&self.read, PollFlags::IN)];
            if rustix::event::poll(&mut fds, timeout.as_ref()).is_ok_and(|ready| ready > 0) {
                let mut numbers = [0_u8; 64];
                let length = rustix::io::read(&self.read, &mut numbers).unwrap_or(0);
                // With SIGHUP the system sends SIGCONT, whose handler runs first: the end is what counts.
                let (continued, others): (Vec<u8>, Vec<u8>) =
                    numbers.iter().take(length).partition(|number| i32::from(**number) == System::CONT.as_raw());
                for number in others.into_iter().chain(continued) {
                    self.take(number);
                }
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the deadline of an orderly end")]
    fn take(&mut self, number: u8) {
        let Some(system) = CAUGHT.into_iter().find(|signal| signal.as_raw() == i32::from(number)) else { return };
        let has_child = self.shared.child.load(Ordering::SeqCst);
        let notice = match system {
            System::WINCH => return self.waker.resized(),
            System::CONT => {
                // Read first: who waits for the count ends the stop.
                let was_ours = self.shared.stopping.load(Ordering::SeqCst);
                *lock(&self.shared.continued) += 1;
                self.shared.changed.notify_all();
                if was_ours {
                    return;
                }
                Notice::Continued
            }
            System::TSTP => Notice::Suspend,
            System::INT if has_child => return,
            System::INT => Notice::End(Signal::Interrupt),
            System::HUP => Notice::End(Signal::HangUp),
            _ => Notice::End(Signal::Terminate),
        };
        match (notice, self.end) {
            (Notice::End(signal), None) => self.end = Some((Instant::now() + GRACE, signal)),
            // Who is to end takes no terminal any more.
            (Notice::Suspend | Notice::Continued, Some(_)) => return,
            _ => {}
        }
        let _ = self.lane.send(notice);
    }
}

/// Gives the terminal back and ends the process. What blocks the loop may block the terminal too, so that waits elsewhere.
fn end_now(signal: Signal) -> ! {
    let (done, restored) = std::sync::mpsc::channel();
    let restoring = std::thread::Builder::new().spawn(move || {
        restore();
        let _ = done.send(());
    });
    if restoring.is_ok() {
        let _ = restored.recv_timeout(LAST_GRACE);
    }
    std::process::exit(i32::from(signal.exit_code()))
}

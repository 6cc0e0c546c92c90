//! The thread that reads the terminal: waits for it and for a wake pipe, never blocks in a read, and gives way ([`InputThread::park`])
//! when another program is to have the keys.
//!
//! May use `parser` and the lane to the loop. When the lane is full it stops reading: the terminal's own queue holds the rest.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::parser::Parser;
use crate::core::key::Input;

/// Inputs that may wait for the loop.
const LANE: usize = 256;
/// So soon after a lone ESC the rest of a sequence is its tail, not a key of a person.
const TAIL: Duration = Duration::from_millis(50);
/// So long half a sequence waits for its other half.
const PATIENCE: Duration = Duration::from_secs(1);
/// So long a paste waits for more text: a slow link must not turn the rest of it into keys.
const PASTE_PATIENCE: Duration = Duration::from_secs(5);
/// How often a full lane is tried again.
const RETRY: Duration = Duration::from_millis(5);
/// How long parking may take; the thread answers within one system call.
const PARKING: Duration = Duration::from_secs(1);

/// The thread's handle. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct InputThread {
    waker: Waker,
}

/// Wakes the thread from anywhere.
#[derive(Debug, Clone)]
pub(super) struct Waker {
    pipe: Arc<OwnedFd>,
    wishes: Arc<(Mutex<Wishes>, Condvar)>,
}

/// What others want of the thread, and how far it is.
#[derive(Debug, Default)]
struct Wishes {
    park: bool,
    parked: bool,
    resized: bool,
    stop: bool,
    ended: bool,
}

impl InputThread {
    /// Starts to read `tty`, not parked. `size` is asked for after each change; `on_hang_up` is called when the terminal is gone.
    pub(super) fn start(
        tty: impl AsFd + Send + 'static,
        size: fn() -> (u16, u16),
        on_hang_up: impl Fn() + Send + 'static,
    ) -> io::Result<(Self, mpsc::Receiver<Input>)> {
        use rustix::pipe::{PipeFlags, pipe_with};
        let (wake, pipe) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let (lane, receiver) = mpsc::channel(LANE);
        let waker = Waker { pipe: Arc::new(pipe), wishes: Arc::default() };
        let ended = Ended(waker.clone(), lane.clone());
        let mut reader =
            Reader { wake, waker: waker.clone(), lane, size, parser: Parser::default(), pending: VecDeque::new(), last_read: None };
        std::thread::Builder::new().name("kscope-input".into()).spawn(move || {
            let ended = ended;
            if reader.run(tty.as_fd()) == End::HangUp {
                on_hang_up();
                ended.hang_up();
            }
        })?;
        Ok((Self { waker }, receiver))
    }

    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// On return the thread does not read the terminal, and holds nothing half read, until [`InputThread::unpark`].
    pub(super) fn park(&self) {
        self.waker.wish(|wishes| wishes.park = true);
        let (wishes, changed) = &*self.waker.wishes;
        let waiting = |wishes: &mut Wishes| !wishes.parked && !wishes.ended;
        let _ = changed.wait_timeout_while(lock(wishes), PARKING, waiting);
    }

    /// The thread reads again, and reports the size, which may have changed meanwhile.
    pub(super) fn unpark(&self) {
        self.waker.wish(|wishes| {
            wishes.park = false;
            wishes.resized = true;
        });
    }
}

impl Drop for InputThread {
    fn drop(&mut self) {
        self.waker.wish(|wishes| wishes.stop = true);
    }
}

impl Waker {
    /// The terminal's size may have changed.
    pub(super) fn resized(&self) {
        self.wish(|wishes| wishes.resized = true);
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut lock(&self.wishes.0));
        // A full pipe wakes just as well.
        let _ = rustix::io::write(&*self.pipe, &[0]);
    }
}

fn lock(wishes: &Mutex<Wishes>) -> MutexGuard<'_, Wishes> {
    wishes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that the thread is gone, also after a panic in it: nobody waits for it, and the loop learns that no key will come.
struct Ended(Waker, mpsc::Sender<Input>);

impl Ended {
    /// Waits for room: it is the last input ever.
    fn hang_up(&self) {
        self.mark();
        let _ = self.1.blocking_send(Input::HangUp);
    }

    fn mark(&self) {
        let (wishes, changed) = &*self.0.wishes;
        lock(wishes).ended = true;
        changed.notify_all();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.mark();
        if std::thread::panicking() {
            let _ = self.1.try_send(Input::HangUp);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    HangUp,
    /// The program is done with us.
    Stopped,
}

struct Reader {
    wake: OwnedFd,
    waker: Waker,
    lane: mpsc::Sender<Input>,
    size: fn() -> (u16, u16),
    parser: Parser,
    /// Read, and not yet taken by the lane.
    pending: VecDeque<Input>,
    last_read: Option<Instant>,
}

impl Reader {
    fn run(&mut self, tty: BorrowedFd<'_>) -> End {
        loop {
            let Some(parked) = self.obey() else { return End::Stopped };
            if self.send().is_err() {
                return End::Stopped;
            }
            let reads = !parked && self.pending.is_empty();
            let tty_flags = if reads { PollFlags::IN } else { PollFlags::empty() };
            let mut fds = [PollFd::new(&self.wake, PollFlags::IN), PollFd::from_borrowed_fd(tty, tty_flags)];
            // While it is not read, the terminal is not watched at all: a hang-up would be reported again and again.
            let watched = if reads { fds.as_mut_slice() } else { fds.split_at_mut(1).0 };
            let timeout = self.timeout(parked);
            let ready = match rustix::event::poll(watched, timeout.as_ref()) {
                Ok(ready) => ready,
                Err(Errno::INTR) => continue,
                Err(_) => return End::HangUp,
            };
            let [woken, tty_ready] = [0, 1].map(|at: usize| fds.get(at).map_or(PollFlags::empty(), PollFd::revents));
            if !woken.is_empty() {
                self.drain_wakes();
            }
            if ready == 0 && !parked && self.pending.is_empty() {
                self.expire();
            }
            if reads && !tty_ready.is_empty() && self.read(tty, tty_ready).is_err() {
                return End::HangUp;
            }
        }
    }

    /// Does what others want; `None` when that is to end, else whether we are parked.
    fn obey(&mut self) -> Option<bool> {
        let (wishes, changed) = &*self.waker.wishes;
        let mut wishes = lock(wishes);
        if wishes.stop {
            return None;
        }
        if wishes.park != wishes.parked {
            wishes.parked = wishes.park;
            self.parser.reset();
            changed.notify_all();
        }
        if std::mem::take(&mut wishes.resized) {
            let (columns, rows) = (self.size)();
            if matches!(self.pending.back(), Some(Input::Resize(..))) {
                self.pending.pop_back();
            }
            self.pending.push_back(Input::Resize(columns, rows));
        }
        Some(wishes.parked)
    }

    /// Gives the loop as much as it takes; an error when the loop is gone.
    fn send(&mut self) -> Result<(), ()> {
        while let Some(input) = self.pending.pop_front() {
            match self.lane.try_send(input) {
                Ok(()) => {}
                Err(TrySendError::Full(input)) => {
                    self.pending.push_front(input);
                    return Ok(());
                }
                Err(TrySendError::Closed(_)) => return Err(()),
            }
        }
        Ok(())
    }

    /// Reads once what there is; an error when the terminal is gone.
    #[expect(clippy::disallowed_methods, reason = "tells the tail of a split sequence from keys")]
    fn read(&mut self, tty: BorrowedFd<'_>, ready: PollFlags) -> Result<(), ()> {
        if !ready.contains(PollFlags::IN) {
            return Err(());
        }
        let mut buffer = [0_u8; 4096];
        match rustix::io::read(tty, &mut buffer) {
            // At the end of file, and with EIO after a hang-up, no byte will come again.
            Ok(0) => Err(()),
            Ok(length) => {
                let now = Instant::now();
                let soon = self.last_read.replace(now).is_some_and(|before| now.duration_since(before) < TAIL);
                let mut inputs = Vec::new();
                self.parser.feed(buffer.get(..length).unwrap_or_default(), soon, &mut inputs);
                self.pending.extend(inputs);
                Ok(())
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(()),
            Err(_) => Err(()),
        }
    }

    fn expire(&mut self) {
        let mut inputs = Vec::new();
        self.parser.expire(&mut inputs);
        self.pending.extend(inputs);
    }

    /// How long to wait when nothing happens; `None` is for ever.
    fn timeout(&self, parked: bool) -> Option<Timespec> {
        let wait = if !self.pending.is_empty() {
            RETRY
        } else if parked || !self.parser.is_waiting() {
            return None;
        } else if self.parser.is_pasting() {
            PASTE_PATIENCE
        } else {
            PATIENCE
        };
        Timespec::try_from(wait).ok()
    }

    fn drain_wakes(&self) {
        let mut buffer = [0_u8; 64];
        while matches!(rustix::io::read(&self.wake, &mut buffer), Ok(length) if length == buffer.len()) {}
    }
}

#[cfg(test)]
mod tests;

//! Taking the terminal and giving it back: the one place that knows both ways.
//!
//! [`restore`] may be called from any thread, from the panic hook and from a signal handler, any number of times: it makes
//! system calls only. To switch on another mode: its sequence in [`ENTER`] and its undoing in [`LEAVE`].

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Alternate screen, cleared; cursor hidden; bracketed paste; kitty's flag "disambiguate escape codes", pushed without asking:
/// terminals that do not know it ignore it. Pushed on the alternate screen, which has a stack of its own.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?25l\x1b[?2004h\x1b[>1u";
/// Ends a string and a synchronized update that may be open; all off that may be on; the main screen with its cursor.
const LEAVE: &[u8] = b"\x1b\\\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[<1u\x1b[?25h\x1b[?1049l";
/// Gives back the title that [`push_title`] kept.
const LEAVE_TITLE: &[u8] = b"\x1b[23;2t";
/// A terminal that takes nothing for so long is left as it is: ending matters more.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// The modes of the terminal as we found it.
static FOUND: OnceLock<Termios> = OnceLock::new();
static TAKEN: AtomicBool = AtomicBool::new(false);
static TITLED: AtomicBool = AtomicBool::new(false);

/// Takes the terminal: raw mode, alternate screen and what belongs to it. The modes found at the first call are those that
/// [`restore`] gives back.
pub(super) fn take() -> io::Result<()> {
    let found = if let Some(found) = FOUND.get() {
        found
    } else {
        let found = retry(|| tcgetattr(stdin()))?;
        FOUND.get_or_init(|| found)
    };
    let mut raw = found.clone();
    raw.make_raw();
    // Before anything changes, so that a signal in between undoes what there is.
    TAKEN.store(true, Ordering::SeqCst);
    retry(|| tcsetattr(stdin(), OptionalActions::Now, &raw))?;
    write_all(ENTER)
}

/// Whether the terminal is ours.
pub(super) fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Gives the terminal back as it was found; nothing when it is not ours.
pub(super) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A blocked terminal (its owner stopped, or nobody reads the other end) must not keep us from ending.
    let mut fds = [PollFd::from_borrowed_fd(stdout(), PollFlags::OUT)];
    if rustix::event::poll(&mut fds, Some(&PATIENCE)) == Ok(1) && fds.iter().all(|fd| fd.revents().contains(PollFlags::OUT)) {
        let _ = write_all(LEAVE);
        if TITLED.swap(false, Ordering::SeqCst) {
            let _ = write_all(LEAVE_TITLE);
        }
    }
    if let Some(found) = FOUND.get() {
        let _ = retry(|| tcsetattr(stdin(), OptionalActions::Now, found));
    }
}

/// Keeps the window's title to be given back by [`restore`]; once.
pub(super) fn push_title() -> &'static [u8] {
    if TITLED.swap(true, Ordering::SeqCst) { b"" } else { b"\x1b[22;2t" }
}

/// Writes all of `bytes` to the terminal, in one system call where the terminal takes it so.
pub(super) fn write_all(bytes: &[u8]) -> io::Result<()> {
    write_all_to(stdout(), bytes)
}

fn write_all_to(out: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Someone who shares the terminal with us made it non-blocking.
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::OUT)];
                match rustix::event::poll(&mut fds, None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Calls again what a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn all_bytes_reach_a_full_non_blocking_terminal() {
        let (read, write) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&write, true).unwrap();
        let sent = vec![7_u8; 1 << 20];
        let reader = std::thread::spawn(move || {
            let mut got = Vec::new();
            let mut read = read;
            read.read_to_end(&mut got).unwrap();
            got.len()
        });
        write_all_to(write.as_fd(), &sent).unwrap();
        drop(write);
        assert_eq!(reader.join().unwrap(), sent.len());
    }

    #[test]
    fn restoring_what_is_not_ours_does_nothing() {
        // The terminal of the test run itself would be seen to leave a screen that it never entered.
        assert!(!is_taken());
        restore();
        assert!(!is_taken());
    }

    #[test]
    fn a_gone_terminal_is_an_error() {
        let (read, write) = io::pipe().unwrap();
        drop(read);
        assert!(write_all_to(write.as_fd(), b"x").is_err());
    }
}

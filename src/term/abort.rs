//! Signal handlers: the only file with `unsafe`, because the system offers no other way to install one.
//!
//! What runs in a handler is async-signal-safe: `restore` makes only the system calls poll, write and tcsetattr through
//! rustix, allocates nothing and takes no lock; the other handler writes one byte to a pipe. To catch another signal: a call
//! of [`catch`], and its number in `signals`.
#![expect(unsafe_code, reason = "sigaction and raise have no safe form; each use says why it is sound")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::ptr;
use std::sync::OnceLock;

use libc::{SIGABRT, SIGBUS, SIGSEGV, c_int, c_void, siginfo_t};

use super::restore::restore;

/// Where [`on_signal`] writes the numbers of signals; non-blocking.
static PIPE: OnceLock<OwnedFd> = OnceLock::new();
/// What Rust's runtime had installed: it tells stack overflows from other faults and says so on standard error.
static SEGV_BEFORE: OnceLock<libc::sigaction> = OnceLock::new();
static BUS_BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// From now on the terminal is restored when the process aborts or faults; then it dies of the same signal as without us.
///
/// A decoder that is told a length of billions ends in an abort, which no `catch_unwind` sees.
pub(super) fn install() -> io::Result<()> {
    let before = set(SIGSEGV, Some(&Handler::Fault(on_abort)))?;
    let _ = SEGV_BEFORE.set(before);
    let before = set(SIGBUS, Some(&Handler::Fault(on_abort)))?;
    let _ = BUS_BEFORE.set(before);
    set(SIGABRT, Some(&Handler::Fault(on_abort)))?;
    Ok(())
}

/// Writes of signals caught go to `pipe`, whose writing must not block. Only the first call counts.
pub(super) fn signal_pipe(pipe: OwnedFd) {
    let _ = PIPE.set(pipe);
}

/// From now on this signal's number is written to the pipe, and nothing else happens.
pub(super) fn catch(signal: rustix::process::Signal) -> io::Result<()> {
    set(signal.as_raw(), Some(&Handler::Plain(on_signal))).map(|_| ())
}

/// From now on this signal does what it does by default.
pub(super) fn default(signal: rustix::process::Signal) -> io::Result<()> {
    set(signal.as_raw(), None).map(|_| ())
}

enum Handler {
    Plain(extern "C" fn(c_int)),
    Fault(extern "C" fn(c_int, *mut siginfo_t, *mut c_void)),
}

/// Installs a handler, or the default with `None`; returns what was there before.
fn set(signal: c_int, handler: Option<&Handler>) -> io::Result<libc::sigaction> {
    // SAFETY: all-zero bytes are a valid sigaction: the default action, an empty mask, no flags.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    // SA_ONSTACK: after a stack overflow there is no other stack to run on; Rust gives one to every thread it starts.
    (action.sa_sigaction, action.sa_flags) = match handler {
        None => (libc::SIG_DFL, 0),
        Some(Handler::Plain(f)) => (*f as *const () as usize, libc::SA_RESTART | libc::SA_ONSTACK),
        Some(Handler::Fault(f)) => (*f as *const () as usize, libc::SA_SIGINFO | libc::SA_ONSTACK),
    };
    // SAFETY: both point to live sigactions; the handlers are async-signal-safe and match their flags (SA_SIGINFO or not).
    if unsafe { libc::sigaction(signal, &raw const action, before.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: sigaction succeeded and has written it; it was zeroed, thus valid, before.
    Ok(unsafe { before.assume_init() })
}

/// Restores the terminal, then lets the process die as it would have.
extern "C" fn on_abort(signal: c_int, info: *mut siginfo_t, _context: *mut c_void) {
    restore();
    let before = match signal {
        SIGSEGV => SEGV_BEFORE.get(),
        SIGBUS => BUS_BEFORE.get(),
        _ => None,
    };
    // SAFETY: the system passes a valid siginfo to a SA_SIGINFO handler; null is checked all the same.
    let is_fault = !info.is_null() && unsafe { (*info).si_code } > 0;
    match before {
        // A real fault happens again on return, and then meets the handler of Rust's runtime.
        Some(before) if is_fault => {
            // SAFETY: `before` is what sigaction gave out for this signal.
            unsafe { libc::sigaction(signal, before, ptr::null_mut()) };
        }
        _ => {
            let _ = set(signal, None);
            // SAFETY: raise has no preconditions. The signal is blocked here and is delivered on return.
            unsafe { libc::raise(signal) };
        }
    }
}

/// Hands the signal's number to the thread of `signals`.
extern "C" fn on_signal(signal: c_int) {
    if let (Some(pipe), Ok(number)) = (PIPE.get(), u8::try_from(signal)) {
        let errno = errno::get();
        // A full pipe holds thousands of signals that nobody has read: one more or less changes nothing.
        let _ = rustix::io::write(pipe, &[number]);
        errno::set(errno);
    }
}

/// A handler must leave `errno` as it was for the code that it interrupts.
mod errno {
    use libc::c_int;

    #[cfg(target_os = "linux")]
    use libc::__errno_location as location;
    #[cfg(target_vendor = "apple")]
    use libc::__error as location;

    pub(super) fn get() -> c_int {
        // SAFETY: the location is valid for this thread for as long as it lives.
        unsafe { *location() }
    }

    pub(super) fn set(value: c_int) {
        // SAFETY: as above.
        unsafe { *location() = value }
    }
}

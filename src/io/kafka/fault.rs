//! What goes wrong with one connection or one exchange on it: the private form of [`Failure`], which learns what was
//! asked only at the boundary.
//!
//! May use model. A new way to fail is a constructor here.

use std::sync::Arc;

use super::security::Trouble;
use crate::model::{Attempt, BrokerId, Cause, Failure, Foreign, Step};

/// One failed dial or exchange. Cheap to clone: every caller that waited on the connection gets it.
#[derive(Debug, Clone)]
pub(in crate::io) struct Fault {
    pub(super) cause: Cause,
    pub(super) address: Arc<str>,
    /// At least one: the last is the one that `cause` is about.
    pub(super) attempts: Vec<Attempt>,
    pub(super) hint: Option<Arc<str>>,
    /// A connection that ended because nobody needed it: nothing to show in red (P8).
    pub(super) quiet: bool,
}

impl Fault {
    pub(super) fn new(cause: Cause, address: &Arc<str>, step: Step, result: impl Into<Arc<str>>) -> Self {
        let attempt = Attempt { broker: None, address: Foreign::new(Arc::clone(address)), step, result: Foreign::new(result) };
        Self { cause, address: Arc::clone(address), attempts: vec![attempt], hint: None, quiet: false }
    }

    pub(super) fn hint(mut self, hint: impl Into<Arc<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What was said of TLS or SASL cannot be had: who said it, and what is wrong with it.
    pub(super) fn of_trouble(trouble: &Trouble, address: &Arc<str>, step: Step) -> Self {
        let text = trouble.text();
        let fault = Self::new(Cause::Usage(Foreign::new(text.as_str())), address, step, text);
        Self { hint: trouble.hint.as_deref().map(Arc::from), ..fault }
    }

    /// The connection ended: `result` says how.
    pub(super) fn disconnected(address: &Arc<str>, result: impl Into<Arc<str>>) -> Self {
        Self::new(Cause::Disconnected, address, Step::Request, result)
    }

    /// The connection ended while nobody waited on it.
    pub(super) fn unused(address: &Arc<str>, result: &'static str) -> Self {
        Self { quiet: true, ..Self::disconnected(address, result) }
    }

    pub(super) fn garbled(address: &Arc<str>, what: &'static str) -> Self {
        Self::new(Cause::Garbled(what), address, Step::Request, what)
    }

    pub(super) fn timed_out(address: &Arc<str>, step: Step, ms: u64) -> Self {
        Self::new(Cause::TimedOut(ms), address, step, format!("no answer within {} s", seconds(ms)))
    }

    /// The same fault, met at an earlier step than a request.
    pub(super) fn while_in(mut self, step: Step) -> Self {
        for attempt in &mut self.attempts {
            if attempt.step == Step::Request {
                attempt.step = step;
            }
        }
        self
    }

    /// Names the broker that the attempts were about.
    pub(super) fn of_broker(mut self, broker: Option<BrokerId>) -> Self {
        for attempt in &mut self.attempts {
            attempt.broker = attempt.broker.or(broker);
        }
        self
    }

    /// Many faults of one search for a broker as one: the cause stays when all agree or there is one alone.
    pub(super) fn together(faults: Vec<Self>) -> Option<Self> {
        let mut faults = faults.into_iter();
        let mut all = faults.next()?;
        for fault in faults {
            if fault.cause != all.cause {
                all.cause = Cause::Unreachable;
            }
            for attempt in fault.attempts {
                if !all.attempts.contains(&attempt) {
                    all.attempts.push(attempt);
                }
            }
            all.hint = all.hint.or(fault.hint);
        }
        Some(all)
    }

    /// Whether another try, here or at another broker, may do better.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self.cause, Cause::Disconnected | Cause::TimedOut(_) | Cause::Unreachable)
    }

    /// Whether it is one that we can explain and that was met in the same way before: no further try will differ.
    pub(super) fn repeats(&self, earlier: &[Self]) -> bool {
        self.hint.is_some() && earlier.iter().any(|other| other.cause == self.cause && other.attempts == self.attempts)
    }

    /// Whether it was met before any request could be sent.
    pub(super) fn is_dial(&self) -> bool {
        self.attempts.last().is_some_and(|attempt| attempt.step != Step::Request)
    }

    pub(super) fn into_failure(self, what: &'static str) -> Failure {
        let hint = self.hint.or_else(|| likely(&self.attempts).map(Arc::from));
        let failure = Failure::new(what, self.cause);
        // Before anything is dialled there is no place to name.
        let failure = if self.address.is_empty() { failure } else { failure.at(self.address).attempts(self.attempts) };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The likely cause when every attempt ended at the same step in the same way.
fn likely(attempts: &[Attempt]) -> Option<&'static str> {
    let all = |step: Step, result: &str| {
        !attempts.is_empty() && attempts.iter().all(|attempt| attempt.step == step && attempt.result.raw().starts_with(result))
    };
    if all(Step::Connect, "connection refused") {
        Some("nothing listens there: check that the broker runs, and the port")
    } else if all(Step::Connect, "no answer") || all(Step::Connect, "no route") {
        Some("nothing answers there: check the address, the VPN and firewalls")
    } else if all(Step::Dns, "no such host") {
        Some("the name is unknown here: check its spelling, the VPN and the resolver")
    } else if all(Step::Dns, "") {
        Some("names cannot be looked up: check the network and the resolver")
    } else {
        None
    }
}

/// Milliseconds as seconds with at most one decimal.
pub(super) fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { (ms / 1000).to_string() } else { format!("{}.{}", ms / 1000, ms % 1000 / 100) }
}

/// An I/O error in words that do not depend on the system.
pub(super) fn io_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => "connection refused".to_owned(),
        Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted => "connection reset".to_owned(),
        Kind::HostUnreachable => "no route to the host".to_owned(),
        Kind::NetworkUnreachable => "network unreachable".to_owned(),
        Kind::TimedOut => "the system gave up waiting".to_owned(),
        Kind::AddrNotAvailable => "no address of this machine can reach it".to_owned(),
        Kind::PermissionDenied => "not permitted by this system".to_owned(),
        _ if error.raw_os_error() == Some(24) || error.raw_os_error() == Some(23) => "too many open files".to_owned(),
        _ => error.to_string(),
    }
}

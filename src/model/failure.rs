//! What went wrong, as data: what was asked, where, the likely cause, the next step. One type from the socket to the
//! screen and to the exit code.

use std::sync::Arc;

use super::{BrokerId, Foreign};

/// An error that a user sees. `what` says what was asked for, in our words ("list the topics"); foreign text only stands
/// in fields of type [`Foreign`] and is sanitised where it is drawn.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What we were doing: "read the topic's metadata".
    pub what: &'static str,
    pub cause: Cause,
    /// Where: the broker's address as we dialled it, when one is to blame.
    pub at: Option<Foreign>,
    /// Every address that was tried for this question, in order.
    pub attempts: Arc<[Attempt]>,
    /// What to try next, a sentence in our words.
    pub hint: Option<Foreign>,
}

/// What kind of failure it is: decides the exit code and which panel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// No broker could be reached, each attempt says why.
    Unreachable,
    /// The broker took the request and did not answer within the deadline (milliseconds).
    TimedOut(u64),
    /// The connection closed or broke in the middle.
    Disconnected,
    /// What answers there does not speak Kafka in clear text, or not what we speak: a sentence says what it seems to be.
    WrongProtocol(&'static str),
    /// The bytes of an answer make no sense: the connection was closed.
    Garbled(&'static str),
    /// A frame larger than the limit, in bytes.
    TooLarge(u64),
    /// The broker and we share no version of this request.
    NotOffered(&'static str),
    /// Kafka answered with this error code; its message when it sent one.
    Kafka {
        code: i16,
        name: &'static str,
        message: Option<Foreign>,
    },
    /// Not there: topic, partition, group, offset.
    NotFound(Foreign),
    NotAuthorised(Foreign),
    /// The TLS handshake failed, or what we have for it is not taken: a sentence says why.
    Tls(Foreign),
    /// SASL: who we are was refused. Names mechanism, user, and the broker's reason.
    NotAuthenticated(Foreign),
    /// The address belongs to another cluster than before (P17).
    OtherCluster {
        expected: Foreign,
        found: Foreign,
    },
    /// Refused by us: read-only, guard.
    Refused(&'static str),
    /// Refused by us, for what was seen on the cluster: lines in words.
    Stopped(Foreign),
    /// The question itself was wrong: a bad position, a bad filter. The sentence is ours.
    Usage(Foreign),
    /// A file or the terminal's tools.
    File(Foreign),
    /// A task panicked: a bug of ours.
    Bug(Foreign),
    Cancelled,
}

/// How far a dial got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Reading files, variables and commands that the settings name.
    Secrets,
    Dns,
    Connect,
    Tls,
    Sasl,
    ApiVersions,
    Request,
}

impl Step {
    pub fn word(self) -> &'static str {
        match self {
            Self::Secrets => "settings",
            Self::Dns => "DNS",
            Self::Connect => "TCP connect",
            Self::Tls => "TLS",
            Self::Sasl => "SASL",
            Self::ApiVersions => "ApiVersions",
            Self::Request => "request",
        }
    }
}

/// One address that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The broker's id, when the cluster advertised this address; `None` for a bootstrap address.
    pub broker: Option<BrokerId>,
    /// host:port as dialled.
    pub address: Foreign,
    pub step: Step,
    /// What happened, in words: "connection refused", "no answer within 5 s", "no such host".
    pub result: Foreign,
}

impl Cause {
    /// In words, without what was asked for and where. Foreign parts are raw: for [`crate::text::Shown::of`].
    pub fn words(&self) -> String {
        match self {
            Self::Unreachable => "no broker could be reached".to_owned(),
            Self::TimedOut(ms) => format!("no answer within {} s", seconds(*ms)),
            Self::Disconnected => "the connection was closed".to_owned(),
            Self::WrongProtocol(what) | Self::Garbled(what) | Self::Refused(what) => (*what).to_owned(),
            Self::TooLarge(bytes) => format!("an answer of {bytes} bytes is over the limit"),
            Self::NotOffered(api) => format!("this broker offers no version of {api} that we know"),
            Self::Kafka { code, name, message } => match message {
                Some(text) => format!("{name} ({code}): {}", text.raw()),
                None => format!("{name} ({code})"),
            },
            Self::NotFound(what) => format!("{} was not found", what.raw()),
            Self::NotAuthorised(what) => format!("not authorised: {}", what.raw()),
            Self::Tls(why) => why.raw().to_owned(),
            Self::NotAuthenticated(why) => format!("authentication refused: {}", why.raw()),
            Self::OtherCluster { expected, found } => {
                format!("the address now answers as cluster {}, before it was {}", found.raw(), expected.raw())
            }
            Self::Usage(text) | Self::Stopped(text) | Self::File(text) | Self::Bug(text) => text.raw().to_owned(),
            Self::Cancelled => "cancelled".to_owned(),
        }
    }
}

impl Failure {
    pub fn new(what: &'static str, cause: Cause) -> Self {
        Self { what, cause, at: None, attempts: Arc::from([]), hint: None }
    }

    pub fn at(mut self, address: impl Into<Arc<str>>) -> Self {
        self.at = Some(Foreign::new(address));
        self
    }

    pub fn hint(mut self, hint: impl Into<Arc<str>>) -> Self {
        self.hint = Some(Foreign::new(hint));
        self
    }

    pub fn attempts(mut self, attempts: Vec<Attempt>) -> Self {
        self.attempts = attempts.into();
        self
    }

    /// Whether kscope waits for its user before it tries again: more tries by itself change nothing, and can lock an account.
    pub fn waits_for_user(&self) -> bool {
        matches!(self.cause, Cause::NotAuthenticated(_) | Cause::Usage(_))
    }

    /// The exit code of the command line (0 is never returned).
    pub fn exit_code(&self) -> u8 {
        match self.cause {
            Cause::Usage(_) => 2,
            Cause::Unreachable
            | Cause::TimedOut(_)
            | Cause::Disconnected
            | Cause::WrongProtocol(_)
            | Cause::Garbled(_)
            | Cause::Tls(_)
            | Cause::OtherCluster { .. } => 3,
            Cause::NotAuthorised(_) | Cause::NotAuthenticated(_) => 4,
            Cause::NotFound(_) => 5,
            Cause::Refused(_) | Cause::Stopped(_) => 6,
            Cause::Bug(_) => 70,
            Cause::Cancelled => 130,
            Cause::TooLarge(_) | Cause::NotOffered(_) | Cause::Kafka { .. } | Cause::File(_) => 1,
        }
    }

    /// The stable word of JSON errors.
    pub fn code(&self) -> &'static str {
        match self.cause {
            Cause::Usage(_) => "usage",
            Cause::Unreachable => "unreachable",
            Cause::TimedOut(_) => "timed_out",
            Cause::Disconnected => "disconnected",
            Cause::WrongProtocol(_) => "wrong_protocol",
            Cause::Garbled(_) => "garbled",
            Cause::OtherCluster { .. } => "other_cluster",
            Cause::NotAuthorised(_) => "not_authorised",
            Cause::Tls(_) => "tls",
            Cause::NotAuthenticated(_) => "not_authenticated",
            Cause::NotFound(_) => "not_found",
            Cause::Refused(_) | Cause::Stopped(_) => "refused",
            Cause::Bug(_) => "bug",
            Cause::Cancelled => "cancelled",
            Cause::TooLarge(_) => "too_large",
            Cause::NotOffered(_) => "not_offered",
            Cause::Kafka { .. } => "kafka",
            Cause::File(_) => "file",
        }
    }

    /// That only the address is to blame which the cluster advertises: the way in answers (P14). The classic mistake, so in one
    /// sentence that names both; foreign in parts.
    pub fn advertised(&self) -> Option<String> {
        let [door, .., other] = &*self.attempts else { return None };
        let (door_at, at) = (door.address.raw(), other.address.raw());
        (door.result.raw() == ANSWERS && door.address != other.address)
            .then(|| format!("{at} is not reachable from here ({}); {door_at} answers and advertises it", other.result.raw()))
    }

    /// The sentence without the place: "list the topics: connection closed by the broker". Foreign parts are raw here:
    /// pass the whole through [`crate::text::Shown::of`] before it is drawn or printed.
    pub fn sentence(&self) -> String {
        let cause = self.cause.words();
        match &self.at {
            Some(at) => format!("{}: {} ({})", self.what, cause, at.raw()),
            None => format!("{}: {cause}", self.what),
        }
    }
}

/// The result of an attempt at an address that answers.
pub const ANSWERS: &str = "answers";

/// Milliseconds as seconds with at most one decimal.
fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { (ms / 1000).to_string() } else { format!("{}.{}", ms / 1000, ms % 1000 / 100) }
}

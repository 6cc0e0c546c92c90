//! What is done about an error that a partition answers with, and the words for it.

use crate::io::kafka::{ErrorCode, PartitionError};
use crate::model::{Cause, Failure};

/// See [`reaction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Compare with the ends of the log (P23).
    OutOfRange,
    /// Ask for metadata, then again at the same offset (P19).
    Refresh,
    /// The topic may be gone or another one: metadata decides (P25, P26).
    MaybeGone,
    /// Again in a moment.
    Again,
    /// The broker cannot read its own log there: after some tries one offset further.
    Unreadable,
    /// We may not read it.
    Denied,
    /// Nobody can read on.
    Fatal,
}

pub(super) fn reaction(code: ErrorCode) -> Reaction {
    match code.0 {
        1 => Reaction::OutOfRange,
        3 | 100 | 103 => Reaction::MaybeGone,
        2 => Reaction::Unreadable,
        29 => Reaction::Denied,
        76 => Reaction::Fatal,
        _ if code.needs_refresh() => Reaction::Refresh,
        _ => Reaction::Again,
    }
}

/// A code in words, with Kafka's own name behind.
pub(super) fn words(code: ErrorCode) -> String {
    PartitionError::Kafka(code).sentence()
}

/// Whether asking brokers again may help, or the failure stays whatever they say.
pub(super) fn is_passing(failure: &Failure) -> bool {
    match &failure.cause {
        Cause::Unreachable
        | Cause::TimedOut(_)
        | Cause::Disconnected
        | Cause::Garbled(_)
        | Cause::TooLarge(_)
        | Cause::WrongProtocol(_) => true,
        Cause::Kafka { code, .. } => ErrorCode(*code).is_retriable(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_a_fetch_can_answer_has_its_reaction() {
        use Reaction::{Again, Denied, Fatal, MaybeGone, OutOfRange, Refresh, Unreadable};
        let table = [
            (1, OutOfRange),
            (2, Unreadable),
            (3, MaybeGone),
            (6, Refresh),
            (9, Refresh),
            (29, Denied),
            (56, Refresh),
            (74, Refresh),
            (75, Refresh),
            (76, Fatal),
            (78, Again),
            (100, MaybeGone),
            (103, MaybeGone),
            (109, Again),
            (-1, Again),
        ];
        for (code, want) in table {
            assert_eq!(reaction(ErrorCode(code)), want, "{code}");
        }
    }
}

//! What an answer says of a batch: whether it is in the log, may be, is not and can be sent again, or never will be.
//!
//! The question that decides everything: may the batch have been appended? Only an answer that rules it out lets a plain batch
//! be sent again. An idempotent one may be sent again after any of them, because the broker recognises it.

use crate::io::kafka::ErrorCode;

/// What to do about a batch that was answered with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The broker has it already (an older one than the five that it remembers the offsets of).
    Duplicate,
    /// It is not in the log, and another try may do better.
    Again { refresh: bool },
    /// It may be in the log.
    Open { refresh: bool },
    /// It is not in the log, and this producer is of no use any more: another one, which counts from 0.
    NewProducer,
    /// It is not in the log, and idempotent producers are forbidden here.
    Forbidden,
    /// It is not in the log, and never will be.
    Refused,
}

/// The verdict on an error code. `idempotent`: the batch was stamped with a producer.
pub(super) fn verdict(code: ErrorCode, idempotent: bool) -> Verdict {
    match code.0 {
        46 => Verdict::Duplicate,
        // The leader appends first and waits for its followers then: it may be there though they were too few, too slow, or
        // another leads by now (`DelayedProduce.tryComplete`).
        6 | 7 | 20 => Verdict::Open { refresh: code.0 == 6 },
        // A disk that fails in the middle, and what the broker does not tell.
        -1 | 13 | 56 => Verdict::Open { refresh: true },
        // What is found out before anything is appended.
        3 | 5 | 8 | 9 | 72 | 74 | 75 | 77 | 100 | 103 => Verdict::Again { refresh: true },
        2 | 14 | 15 | 16 | 19 | 51 | 89 => Verdict::Again { refresh: false },
        45 | 47 | 49 | 59 | 90 if idempotent => Verdict::NewProducer,
        31 if idempotent => Verdict::Forbidden,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_appended_is_never_called_missing() {
        for code in [-1, 6, 7, 13, 20, 56] {
            for idempotent in [false, true] {
                assert!(matches!(verdict(ErrorCode(code), idempotent), Verdict::Open { .. }), "{code}");
            }
        }
    }

    #[test]
    fn a_plain_batch_is_not_sent_again_for_what_concerns_producers_alone() {
        for code in [31, 45, 47, 49, 59, 90] {
            assert_eq!(verdict(ErrorCode(code), false), Verdict::Refused, "{code}");
            assert_ne!(verdict(ErrorCode(code), true), Verdict::Refused, "{code}");
        }
        for code in [10, 17, 18, 21, 29, 32, 42, 43, 44, 87, 999] {
            assert_eq!(verdict(ErrorCode(code), true), Verdict::Refused, "{code}");
        }
    }
}

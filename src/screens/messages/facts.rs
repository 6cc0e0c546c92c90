//! What happened between two records, in words.

use crate::core::stream::Fact;
use crate::model::{Offset, PartitionId};
use crate::text::units;
use crate::ui::Token;

/// What happened, in words.
pub(super) fn words(fact: &Fact, named: &dyn Fn(PartitionId) -> String) -> (String, Token) {
    let count = |from: &Offset, to: &Offset| units::thousands(to.0.saturating_sub(from.0).max(0));
    let p = |partition: &PartitionId| named(*partition);
    match fact {
        Fact::Lost { partition, from, to } => (
            format!(
                "partition {}: {} offsets ({} to {}) were deleted unread",
                p(partition),
                count(from, to),
                units::thousands(from.0),
                units::thousands(to.0.saturating_sub(1))
            ),
            Token::Act,
        ),
        Fact::Truncated { partition, from, to } => (
            format!(
                "partition {}: the log was truncated; offsets {} to {} are gone or were replaced",
                p(partition),
                units::thousands(from.0),
                units::thousands(to.0.saturating_sub(1))
            ),
            Token::Act,
        ),
        Fact::Corrupt { partition, offset, next, bytes, why } => (
            format!(
                "partition {}: batch {} to {} ({}) is corrupt: {why}",
                p(partition),
                units::thousands(offset.0),
                units::thousands(next.0.saturating_sub(1)),
                units::size(*bytes)
            ),
            Token::Act,
        ),
        Fact::TooLarge { partition, offset, bytes, .. } => (
            format!(
                "partition {}: offset {} ({}) is too large here; enter opens it",
                p(partition),
                units::thousands(offset.0),
                units::size(*bytes)
            ),
            Token::Look,
        ),
        Fact::Deleted => ("the topic was deleted; what was read stays here".to_owned(), Token::Act),
        Fact::Recreated { .. } => {
            ("the topic was deleted and made again: reading stopped; ctrl-r reads the new one".to_owned(), Token::Act)
        }
        Fact::PartitionsAdded { from, to } => (format!("partitions added: {from} → {to}; the new ones are read too"), Token::Look),
        Fact::Moved { partition, to: Some(broker), .. } => {
            (format!("partition {} is now led by broker {}", p(partition), broker.0), Token::Dim)
        }
        Fact::Moved { partition, to: None, .. } => (format!("partition {} has no leader now", p(partition)), Token::Look),
        Fact::Resumed { partitions, after_ms } => (
            format!(
                "interrupted for {}.{} s; {} at the next offset",
                after_ms / 1000,
                after_ms % 1000 / 100,
                if *partitions == 1 { "1 partition goes on".to_owned() } else { format!("{partitions} partitions go on") }
            ),
            Token::Look,
        ),
        Fact::NotKept { records } => {
            (format!("{} records that did not match the filter were not kept", units::thousands(*records)), Token::Dim)
        }
        Fact::Said(sentence) => (sentence.clone(), Token::Look),
        Fact::NotAuthorised => ("we may not read this topic".to_owned(), Token::Act),
    }
}

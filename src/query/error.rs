//! What is wrong with a query, as a sentence that points at a place.

use std::ops::Range;

/// A query, or a position, that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// Where, in bytes of the text; empty at the end of the text. Always on character boundaries.
    pub at: Range<usize>,
    /// What is wrong, as a phrase without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl QueryError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// The word of `known` that `word` was probably meant to be.
pub(super) fn meant<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    crate::text::nearest(word, known.iter().copied())
}

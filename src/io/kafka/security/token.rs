//! Tokens that somebody makes for us when we come: an OIDC provider (RFC 6749, 4.4; KIP-768), or we ourselves with credentials of
//! Amazon. Blocks.

mod aws;
mod http;
mod oidc;
mod sigv4;

use std::time::Duration;

pub use aws::Iam;
pub use oidc::Oidc;

/// A token, and how long it may be sent.
#[derive(Debug)]
pub(in crate::io::kafka) struct Token {
    pub(in crate::io::kafka) text: super::Secret,
    pub(in crate::io::kafka) lasts: Duration,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io::kafka) struct NoToken {
    pub(in crate::io::kafka) text: String,
    pub(in crate::io::kafka) hint: Option<String>,
    /// Who we are was refused: another try changes nothing.
    pub(in crate::io::kafka) refused: bool,
}

impl NoToken {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None, refused: false }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn refused(self) -> Self {
        Self { refused: true, ..self }
    }
}

//! What stands between TCP and Kafka's messages, as it was said: values that name files, variables and commands, each with
//! the place where it was said. Nothing is read before the first dial needs it, off the loop.
//!
//! Reading order: here (what can be said), `secret`, `store` (key and trust stores by their content: `pem`, `jks`),
//! `certificate` (names and dates in one), `verify` (whose certificate is trusted, and the words when it is not), `ready`
//! (from what was said to what a connection needs). A new kind of store is a variant of `store::Kind`.

mod certificate;
mod inspect;
mod jks;
mod key;
mod pem;
mod ready;
mod secret;
mod store;
mod token;
mod verify;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub(in crate::io) use certificate::{Facts, date};
pub(in crate::io) use inspect::{Role, Store};
pub(in crate::io) use ready::Trouble;
pub(super) use ready::{Login, Ready, TlsReady};
pub use secret::{Secret, SecretFrom};
pub(super) use token::NoToken;
pub use token::{Iam, Oidc};
pub(super) use verify::{CertificateTrouble, Untrusted};

use crate::model::{Cause, Failure, Foreign};

/// A value and where it was said: "config.toml:12 contexts.prod.tls.ca".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<T> {
    pub value: T,
    pub by: Arc<str>,
}

impl<T> Said<T> {
    pub fn new(value: T, by: impl Into<Arc<str>>) -> Self {
        Self { value, by: by.into() }
    }
}

/// How to come in: none of both is PLAINTEXT, both are SASL_SSL.
#[derive(Debug, Clone, Default)]
pub struct Security {
    pub tls: Option<Tls>,
    pub sasl: Option<Sasl>,
    /// It cannot be used, whatever the rest says.
    wrong: Option<Trouble>,
    /// What was read for it, shared by all clones.
    ready: Arc<Mutex<Option<Arc<Ready>>>>,
}

/// As it was said; what was read for it does not count.
impl PartialEq for Security {
    fn eq(&self, other: &Self) -> bool {
        self.tls == other.tls && self.sasl == other.sasl && self.wrong == other.wrong
    }
}

impl Eq for Security {}

/// TLS, and whom to trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authorities; the system's when nothing is said.
    pub trust: Option<Said<Material>>,
    pub identity: Option<Identity>,
    pub verify: Verify,
}

/// What is checked of a broker's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// That an authority vouches for it, and that it is for the name that was dialled.
    #[default]
    Full,
    /// Not the name.
    Chain,
    /// Nothing: whoever answers is believed.
    Nothing,
}

/// Where certificates and keys come from. What they are is known by their content alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    pub from: Place,
    /// Of a store.
    pub password: Option<Said<SecretFrom>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file; for trust also a folder of PEM files.
    Path(PathBuf),
    /// PEM, as it stands in a setting (KIP-651).
    Text(Secret),
}

/// Who we are to the broker (mTLS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Certificates, and the key too unless that has a place of its own.
    pub chain: Said<Material>,
    pub key: Option<Said<Material>>,
    /// Of the key alone, when it has one.
    pub key_password: Option<Said<SecretFrom>>,
}

/// SASL: by which mechanism, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sasl {
    pub method: Said<Method>,
    /// Passwords and tokens go in clear text where there is no TLS: somebody said that they may.
    pub clear_text: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    Plain {
        username: Said<SecretFrom>,
        password: Said<SecretFrom>,
    },
    Scram {
        hash: ScramHash,
        username: Said<SecretFrom>,
        password: Said<SecretFrom>,
    },
    /// OAUTHBEARER with a token that somebody else made, and extensions (KIP-342).
    Token {
        token: Said<SecretFrom>,
        extensions: Vec<(String, String)>,
    },
    /// OAUTHBEARER with an unsecured JWT: for development (`OAuthBearerUnsecuredLoginCallbackHandler`).
    Unsecured {
        claims: Vec<(String, Claim)>,
        lifetime_s: u64,
        extensions: Vec<(String, String)>,
    },
    /// OAUTHBEARER with a token of a provider.
    Oidc {
        oidc: Oidc,
        extensions: Vec<(String, String)>,
    },
    /// OAUTHBEARER with a token that we make, as Amazon's MSK wants it.
    Iam(Iam),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScramHash {
    Sha256,
    Sha512,
}

/// A claim of an unsecured JWT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    Text(String),
    Number(String),
    List(Vec<String>),
}

impl Method {
    /// As Kafka writes it.
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "PLAIN",
            Self::Scram { hash: ScramHash::Sha256, .. } => "SCRAM-SHA-256",
            Self::Scram { hash: ScramHash::Sha512, .. } => "SCRAM-SHA-512",
            Self::Token { .. } | Self::Unsecured { .. } | Self::Oidc { .. } => "OAUTHBEARER",
            Self::Iam(_) => "AWS_MSK_IAM",
        }
    }

    /// Whether who listens on the way can use what is sent.
    fn is_clear_text(&self) -> bool {
        matches!(self, Self::Plain { .. } | Self::Token { .. } | Self::Oidc { .. } | Self::Iam(_))
    }
}

impl Security {
    pub fn new(tls: Option<Tls>, sasl: Option<Sasl>) -> Self {
        Self { tls, sasl, ..Self::default() }
    }

    /// What was said of it makes no sense: nothing is dialled, and this is told.
    pub fn unusable(why: impl Into<String>, hint: Option<String>) -> Self {
        Self { wrong: Some(Trouble::said(why, hint)), ..Self::default() }
    }

    /// Why it cannot be used.
    pub(super) fn wrong(&self) -> Option<&Trouble> {
        self.wrong.as_ref()
    }

    /// What is not checked of a broker's certificate, in words for the first line of the screen.
    pub fn unchecked(&self) -> Option<&'static str> {
        match self.tls.as_ref()?.verify {
            Verify::Full => None,
            Verify::Chain => Some("▲TLS NAMES UNCHECKED"),
            Verify::Nothing => Some("▲TLS UNCHECKED"),
        }
    }

    /// As Kafka calls it: PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL.
    pub fn protocol(&self) -> &'static str {
        match (&self.tls, &self.sasl) {
            (None, None) => "PLAINTEXT",
            (Some(_), None) => "SSL",
            (None, Some(_)) => "SASL_PLAINTEXT",
            (Some(_), Some(_)) => "SASL_SSL",
        }
    }

    /// Protocol and mechanism, as Kafka calls them.
    pub fn words(&self) -> String {
        let mechanism = self.sasl.as_ref().map(|sasl| format!(" {}", sasl.method.value.mechanism()));
        format!("{}{}", self.protocol(), mechanism.unwrap_or_default())
    }

    /// Reads files, variables and commands now, on this thread: commands may ask for something on the terminal. What was read
    /// is kept for the connections. The system's authorities alone are worth no wait: they are read by the first dial.
    ///
    /// # Errors
    /// Something cannot be read, or is not what it should be: what, and who said it.
    pub fn prepare(&self) -> Result<(), Failure> {
        if self.tls.as_ref().is_some_and(|tls| tls.trust.is_none()) && !self.runs_commands() {
            return Ok(());
        }
        self.ready().map(|_kept| ()).map_err(|trouble| {
            let failure = Failure::new("read the settings of the connection", Cause::Usage(Foreign::new(trouble.text())));
            match trouble.hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })
    }

    /// What a connection needs; read once.
    pub(super) fn ready(&self) -> Result<Arc<Ready>, Trouble> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        let mut kept = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*kept {
            return Ok(Arc::clone(ready));
        }
        let ready = Arc::new(ready::read(self)?);
        *kept = Some(Arc::clone(&ready));
        Ok(ready)
    }

    /// What was read before, if anything was. Never waits: who finds nothing reads on a thread that may.
    pub(super) fn kept(&self) -> Option<Arc<Ready>> {
        self.ready.try_lock().ok().and_then(|kept| kept.clone())
    }

    /// The next dial reads everything again: files and secrets may be others by now.
    pub(super) fn forget(&self) {
        if let Ok(mut kept) = self.ready.try_lock() {
            *kept = None;
        }
    }

    /// As [`Self::forget`], unless a command would be run again by that: it may ask somebody something.
    pub(super) fn forget_files(&self) {
        if !self.runs_commands() {
            self.forget();
        }
    }

    fn runs_commands(&self) -> bool {
        let stored = |said: &Said<Material>| said.value.password.as_ref().is_some_and(runs);
        let tls = self.tls.as_ref().is_some_and(|tls| {
            tls.trust.as_ref().is_some_and(stored)
                || tls.identity.as_ref().is_some_and(|identity| {
                    stored(&identity.chain) || identity.key.as_ref().is_some_and(stored) || identity.key_password.as_ref().is_some_and(runs)
                })
        });
        let sasl = self.sasl.as_ref().is_some_and(|sasl| match &sasl.method.value {
            Method::Plain { username, password } | Method::Scram { username, password, .. } => runs(username) || runs(password),
            _ => false,
        });
        tls || sasl
    }
}

fn runs(said: &Said<SecretFrom>) -> bool {
    matches!(said.value, SecretFrom::Command(_) | SecretFrom::Keyring { .. })
}

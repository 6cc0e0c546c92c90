//! From what was said to what a connection needs: stores are read, secrets fetched, the TLS configuration is made. Blocks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::certificate::Facts;
use super::key::{self, Unfit};
use super::secret::unreadable;
use super::store::{self, Contents, Kind, Wrong};
use super::token::{Iam, NoToken, Oidc, Token};
use super::verify::Checker;
use super::{Claim, Identity, Material, Method, Place, Said, ScramHash, Secret, SecretFrom, Security, Tls, Verify};

/// A store larger than this is none.
const LARGEST: u64 = 16 << 20;

/// What a connection needs.
#[derive(Debug)]
pub(in crate::io::kafka) struct Ready {
    pub(in crate::io::kafka) tls: Option<TlsReady>,
    pub(in crate::io::kafka) login: Option<Login>,
}

#[derive(Debug)]
pub(in crate::io::kafka) struct TlsReady {
    pub(in crate::io::kafka) config: Arc<ClientConfig>,
    /// Our own certificate.
    pub(in crate::io::kafka) identity: Option<Facts>,
    /// Whom we trust, in words: "the authorities in /x/ca.pem (config.toml:3 …)".
    pub(in crate::io::kafka) trust: String,
}

/// What is told to the broker about us.
#[derive(Debug, Clone)]
pub(in crate::io::kafka) enum Login {
    Plain {
        username: Secret,
        password: Secret,
    },
    Scram {
        hash: ScramHash,
        username: Secret,
        password: Secret,
    },
    /// Read whenever it is sent: it may be another one by then.
    Token {
        token: Said<SecretFrom>,
        extensions: Vec<(String, String)>,
    },
    Unsecured {
        claims: Vec<(String, Claim)>,
        lifetime_s: u64,
        extensions: Vec<(String, String)>,
    },
    /// The last token is sent again while it is good.
    Oidc {
        oidc: Box<Oidc>,
        extensions: Vec<(String, String)>,
        last: Arc<Mutex<Option<(Token, Instant)>>>,
    },
    Iam(Iam),
}

impl Login {
    pub(in crate::io::kafka) fn mechanism(&self) -> &'static str {
        match self {
            Self::Plain { .. } => "PLAIN",
            Self::Scram { hash: ScramHash::Sha256, .. } => "SCRAM-SHA-256",
            Self::Scram { hash: ScramHash::Sha512, .. } => "SCRAM-SHA-512",
            Self::Token { .. } | Self::Unsecured { .. } | Self::Oidc { .. } => "OAUTHBEARER",
            Self::Iam(_) => "AWS_MSK_IAM",
        }
    }

    /// As whom we come, as far as we know: a token says it to the broker.
    pub(in crate::io::kafka) fn name(&self) -> String {
        match self {
            Self::Plain { username, .. } | Self::Scram { username, .. } => username.expose().to_owned(),
            Self::Token { .. } => "the owner of the token".to_owned(),
            Self::Oidc { oidc, .. } => match &oidc.client_id.value {
                SecretFrom::Text(id) => format!("client {}", id.expose()),
                _ => "the owner of the token".to_owned(),
            },
            Self::Iam(iam) => {
                iam.profile.as_ref().map_or_else(|| "the owner of the credentials".to_owned(), |name| format!("profile {name}"))
            }
            Self::Unsecured { claims, .. } => {
                let sub = claims.iter().find_map(|(name, claim)| match claim {
                    Claim::Text(text) if name == "sub" => Some(text.clone()),
                    _ => None,
                });
                sub.unwrap_or_else(|| "the owner of the token".to_owned())
            }
        }
    }
}

impl Login {
    /// As the broker knows the mechanism: Amazon's is one of tokens.
    pub(in crate::io::kafka) fn on_the_wire(&self) -> &'static str {
        if matches!(self, Self::Iam(_)) { "OAUTHBEARER" } else { self.mechanism() }
    }

    /// The token that somebody makes for us, for a broker of that name. Blocks. `None`: this login takes none.
    #[expect(clippy::disallowed_methods, reason = "this is io: a token is good for a while")]
    pub(in crate::io::kafka) fn made_token(&self, host: &str) -> Option<Result<Secret, NoToken>> {
        match self {
            Self::Iam(iam) => Some(iam.token(host).map(|token| token.text)),
            Self::Oidc { oidc, last, .. } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                let fresh = last
                    .as_ref()
                    .filter(|(token, since)| since.elapsed() < token.lasts.mul_f64(0.8).saturating_sub(Duration::from_secs(1)));
                if let Some((token, _)) = fresh {
                    return Some(Ok(token.text.clone()));
                }
                Some(oidc.token().map(|token| {
                    let text = token.text.clone();
                    *last = Some((token, Instant::now()));
                    text
                }))
            }
            _ => None,
        }
    }
}

/// What was said cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io) struct Trouble {
    by: Arc<str>,
    text: String,
    pub(in crate::io) hint: Option<String>,
}

impl Trouble {
    pub(super) fn new(by: &Arc<str>, text: impl Into<String>) -> Self {
        Self { by: Arc::clone(by), text: text.into(), hint: None }
    }

    /// A whole sentence, made elsewhere.
    pub(super) fn said(text: impl Into<String>, hint: Option<String>) -> Self {
        Self { by: Arc::from(""), text: text.into(), hint }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Who said it; empty where that is not known.
    pub(in crate::io) fn by(&self) -> &str {
        &self.by
    }

    /// What is wrong with it.
    pub(in crate::io) fn what(&self) -> &str {
        &self.text
    }

    /// Who said it, and what is wrong with it.
    pub(in crate::io) fn text(&self) -> String {
        if self.by.is_empty() { self.text.clone() } else { format!("{}: {}", self.by, self.text) }
    }
}

pub(super) fn read(security: &Security) -> Result<Ready, Trouble> {
    let tls = security.tls.as_ref().map(tls).transpose()?;
    let login = match &security.sasl {
        None => None,
        Some(sasl) if tls.is_none() && sasl.method.value.is_clear_text() && !sasl.clear_text => {
            let text = format!("{} sends the password or token in clear text, and there is no TLS", sasl.method.value.mechanism());
            return Err(Trouble::new(&sasl.method.by, text)
                .hint("security.protocol=SASL_SSL, or a table [contexts.NAME.tls]; where clear text is meant: security.protocol=SASL_PLAINTEXT, or sasl.clear_text = true"));
        }
        Some(sasl) => Some(login(&sasl.method.value)?),
    };
    Ok(Ready { tls, login })
}

fn login(method: &Method) -> Result<Login, Trouble> {
    Ok(match method {
        Method::Plain { username, password } => Login::Plain { username: username.read()?, password: password.read()? },
        Method::Scram { hash, username, password } => Login::Scram { hash: *hash, username: username.read()?, password: password.read()? },
        Method::Token { token, extensions } => Login::Token { token: token.clone(), extensions: extensions.clone() },
        Method::Oidc { oidc, extensions } => {
            Login::Oidc { oidc: Box::new(oidc.clone()), extensions: extensions.clone(), last: Arc::default() }
        }
        Method::Iam(iam) => Login::Iam(iam.clone()),
        Method::Unsecured { claims, lifetime_s, extensions } => {
            Login::Unsecured { claims: claims.clone(), lifetime_s: *lifetime_s, extensions: extensions.clone() }
        }
    })
}

fn tls(tls: &Tls) -> Result<TlsReady, Trouble> {
    let provider = Arc::new(default_provider());
    let (trusted, trust, by) = match &tls.trust {
        _ if tls.verify == Verify::Nothing => (Vec::new(), "everybody".to_owned(), Arc::from("")),
        Some(said) => {
            let place = place(&said.value.from);
            (authorities(said)?, format!("the authorities in {place} ({})", said.by), Arc::clone(&said.by))
        }
        None => (system()?, "the authorities of this system".to_owned(), Arc::from("the authorities of this system")),
    };
    let checker = Checker::new(trusted, tls.verify, &provider).ok_or_else(|| {
        Trouble::new(&by, "none of the certificates can be an authority")
            .hint("name the certificate of the authority that signed the broker's")
    })?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Trouble::new(&by, error.to_string()))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(checker));
    let Some(identity) = &tls.identity else {
        return Ok(TlsReady { config: Arc::new(builder.with_no_client_auth()), identity: None, trust });
    };
    let (chain, key) = identity_of(identity)?;
    let (chain, signer) = key::pair(chain, &key).map_err(|unfit| not_ours(identity, unfit))?;
    let facts = chain.first().and_then(|certificate| Facts::of(certificate));
    Ok(TlsReady { config: Arc::new(builder.with_client_cert_resolver(signer)), identity: facts, trust })
}

pub(super) fn not_ours(identity: &Identity, unfit: Unfit) -> Trouble {
    let by = identity.key.as_ref().map_or(&identity.chain.by, |key| &key.by);
    match unfit {
        Unfit::Stranger => {
            Trouble::new(by, "the key does not belong to the certificate").hint(format!("the certificate is that of {}", identity.chain.by))
        }
        Unfit::Key(why) => Trouble::new(by, format!("the key cannot be used: {why}"))
            .hint("RSA of 2048 bits or more, ECDSA P-256 or P-384, and Ed25519 can"),
    }
}

pub(super) fn system() -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let found = rustls_native_certs::load_native_certs();
    if !found.certs.is_empty() {
        return Ok(found.certs);
    }
    let why = found.errors.first().map_or_else(|| "none are installed".to_owned(), ToString::to_string);
    Err(Trouble::new(&Arc::from("the authorities of this system"), format!("cannot be had: {why}"))
        .hint("install the package ca-certificates, or name a file: ca in [contexts.NAME.tls], ssl.truststore.location, ssl.ca.location"))
}

pub(super) fn authorities(said: &Said<Material>) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    if let Place::Path(path) = &said.value.from
        && path.is_dir()
    {
        let found = store::folder(path).map_err(|error| unreadable(&said.by, path, &error))?;
        let nothing = || {
            Trouble::new(&said.by, format!("no file in {} holds a certificate", path.display()))
                .hint("PEM files of authorities are looked for there")
        };
        return if found.is_empty() { Err(nothing()) } else { Ok(found) };
    }
    let (_kind, contents) = open(said, None)?;
    if contents.certificates.is_empty() {
        return Err(Trouble::new(&said.by, format!("{} holds no certificate", place(&said.value.from)))
            .hint("the certificate of the authority that signed the broker's is wanted there"));
    }
    Ok(contents.certificates)
}

/// Certificates as they stand there, and the key.
pub(super) fn identity_of(identity: &Identity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Trouble> {
    let (_kind, contents) = open(&identity.chain, identity.key_password.as_ref())?;
    let mut keys = contents.keys;
    let mut by = &identity.chain;
    if let Some(key) = &identity.key {
        by = key;
        keys = open(key, identity.key_password.as_ref())?.1.keys;
    }
    let Some(key) = keys.into_iter().next() else {
        return Err(Trouble::new(&by.by, format!("{} holds no key", place(&by.value.from)))
            .hint("a private key is wanted there: PEM (-----BEGIN PRIVATE KEY-----), or a key store with one"));
    };
    if contents.certificates.is_empty() {
        return Err(Trouble::new(&identity.chain.by, format!("{} holds no certificate", place(&identity.chain.value.from))));
    }
    Ok((contents.certificates, key))
}

pub(super) fn place(from: &Place) -> String {
    match from {
        Place::Path(path) => path.display().to_string(),
        Place::Text(_) => "the setting".to_owned(),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is io, on a thread that may block")]
pub(super) fn open(said: &Said<Material>, key_password: Option<&Said<SecretFrom>>) -> Result<(Kind, Contents), Trouble> {
    let Material { from, password } = &said.value;
    let bytes = match from {
        Place::Text(text) => Zeroizing::new(text.expose().as_bytes().to_vec()),
        Place::Path(path) => {
            let meta = std::fs::metadata(path).map_err(|error| unreadable(&said.by, path, &error))?;
            if meta.is_dir() || meta.len() > LARGEST {
                return Err(Trouble::new(
                    &said.by,
                    format!("{} is no key store: it is {}", path.display(), if meta.is_dir() { "a folder" } else { "larger than 16 MiB" }),
                ));
            }
            Zeroizing::new(std::fs::read(path).map_err(|error| unreadable(&said.by, path, &error))?)
        }
    };
    let secret = password.as_ref().map(Said::<SecretFrom>::read).transpose()?;
    let of_key = key_password.map(Said::<SecretFrom>::read).transpose()?;
    let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned()).map(Zeroizing::new);
    let (secret, of_key) = (exposed(&secret), exposed(&of_key));
    let (secret, of_key) = (secret.as_ref().map(|text| text.as_str()), of_key.as_ref().map(|text| text.as_str()));
    let read = store::sniff(&bytes).and_then(|kind| Ok((kind, store::read(&bytes, secret, of_key)?)));
    read.map_err(|wrong| {
        let by = match &wrong {
            Wrong::Password => password.as_ref().or(key_password).map_or(&said.by, |password| &password.by),
            Wrong::KeyPassword => key_password.or(password.as_ref()).map_or(&said.by, |password| &password.by),
            _ => &said.by,
        };
        let (text, hint) = wrong.words(&place(from));
        Trouble { by: Arc::clone(by), text, hint }
    })
}

//! What was said of a connection, for people who look for what is wrong with it: every value with who said it and no secret,
//! whether passwords can be had, and what lies in each store. Blocks.

use std::sync::Arc;

use super::certificate::Facts;
use super::key;
use super::ready::{self, Login, Trouble};
use super::store::Kind;
use super::{Identity, Material, Method, Place, Said, SecretFrom, Security, Tls, Verify};

/// A value in words, and who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io) struct Told {
    pub(in crate::io) by: Arc<str>,
    pub(in crate::io) words: String,
}

/// What a store is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) enum Role {
    /// Whom we trust.
    Trust,
    /// Who we are.
    Identity,
}

/// A store that could be read.
#[derive(Debug)]
pub(in crate::io) struct Store {
    pub(in crate::io) by: Arc<str>,
    pub(in crate::io) place: String,
    pub(in crate::io) role: Role,
    /// What it is, by its content.
    pub(in crate::io) kind: &'static str,
    /// Our own certificate comes first.
    pub(in crate::io) certificates: Vec<Facts>,
}

impl Security {
    /// Every value that was said, in the order of the steps that need them.
    pub(in crate::io) fn said(&self) -> Vec<Told> {
        let mut all = Vec::new();
        if let Some(tls) = &self.tls {
            tls_said(tls, &mut all);
        }
        if let Some(sasl) = &self.sasl {
            all.push(told(&sasl.method.by, sasl.method.value.mechanism().to_owned()));
            all.extend(secrets(&sasl.method.value).into_iter().map(|(said, open)| told(&said.by, secret(&said.value, open))));
            if let Method::Oidc { oidc, .. } = &sasl.method.value {
                all.push(told(&oidc.endpoint.by, oidc.endpoint.value.clone()));
            }
        }
        all
    }

    /// Reads every password and token, once: what was read stands in the place of where it is to be had, so that no command runs
    /// again. What is told of each: that it can be had, or why not.
    pub(in crate::io) fn with_secrets(&self) -> (Self, Vec<Result<Told, Trouble>>) {
        let mut told = Vec::new();
        let mut take = |said: &mut Said<SecretFrom>| {
            if matches!(said.value, SecretFrom::Text(_)) {
                return;
            }
            let from = secret(&said.value, false);
            told.push(said.read().map(|text| {
                said.value = SecretFrom::Text(text);
                self::told(&said.by, format!("read {from}"))
            }));
        };
        let (mut tls, mut sasl) = (self.tls.clone(), self.sasl.clone());
        if let Some(tls) = &mut tls {
            stores_of(tls).into_iter().filter_map(|said| said.value.password.as_mut()).for_each(&mut take);
            tls.identity.as_mut().and_then(|identity| identity.key_password.as_mut()).into_iter().for_each(&mut take);
        }
        match sasl.as_mut().map(|sasl| &mut sasl.method.value) {
            Some(Method::Plain { username, password } | Method::Scram { username, password, .. }) => {
                take(username);
                take(password);
            }
            Some(Method::Token { token, .. }) => take(token),
            Some(Method::Oidc { oidc, .. }) => {
                take(&mut oidc.client_id);
                take(&mut oidc.client_secret);
            }
            Some(Method::Unsecured { .. } | Method::Iam(_)) | None => {}
        }
        (Self { tls, sasl, wrong: self.wrong.clone(), ..Self::default() }, told)
    }

    /// What lies in the stores that are named, or in the system's; each by itself.
    pub(in crate::io) fn stores(&self) -> Vec<Result<Store, Trouble>> {
        let Some(tls) = &self.tls else { return Vec::new() };
        let mut all = Vec::new();
        match &tls.trust {
            _ if tls.verify == Verify::Nothing => {}
            Some(said) => all.push(trust(said)),
            None => all.push(ready::system().map(|found| Store {
                by: Arc::from("the authorities of this system"),
                place: String::new(),
                role: Role::Trust,
                kind: "PEM",
                certificates: found.iter().filter_map(|certificate| Facts::of(certificate)).collect(),
            })),
        }
        all.extend(tls.identity.as_ref().map(identity));
        all
    }

    /// Why nothing can be dialled with it, in words, and what to do; blocks as reading everything does.
    pub(in crate::io) fn unusable_because(&self) -> Option<(String, Option<String>)> {
        self.ready().err().map(|trouble| (trouble.text(), trouble.hint))
    }

    /// Who we are to a broker, as its rules know us unless they rename us; what was read tells it.
    pub(in crate::io) fn principal(&self) -> String {
        let ready = self.kept();
        let login = ready.as_ref().and_then(|ready| ready.login.as_ref()).map(|login| match login {
            Login::Plain { .. } | Login::Scram { .. } => format!("User:{}", login.name()),
            // Which name a token has is the broker's to say.
            _ => login.name(),
        });
        let certificate = || Some(format!("User:{}", ready.as_ref()?.tls.as_ref()?.identity.as_ref()?.subject));
        login.or_else(certificate).unwrap_or_else(|| "User:ANONYMOUS".to_owned())
    }

    /// Whether a password or token would go in clear text, because somebody said that it may.
    pub(in crate::io) fn is_in_clear_text(&self) -> bool {
        self.tls.is_none() && self.sasl.as_ref().is_some_and(|sasl| sasl.method.value.is_clear_text())
    }
}

fn told(by: &Arc<str>, words: String) -> Told {
    Told { by: Arc::clone(by), words }
}

/// Where it is to be had; itself only where it is open to all.
fn secret(from: &SecretFrom, open: bool) -> String {
    match from {
        SecretFrom::Text(text) if open => text.expose().to_owned(),
        SecretFrom::Text(_) => "(hidden)".to_owned(),
        SecretFrom::Variable(name) => format!("from the variable {name}"),
        SecretFrom::File(path) => format!("from the file {}", path.display()),
        SecretFrom::Command(line) => format!("from the command `{line}`"),
        SecretFrom::Keyring { service, user } => format!("from the keyring, {service}/{user}"),
    }
}

/// What a login takes, and whether it may be shown.
fn secrets(method: &Method) -> Vec<(&Said<SecretFrom>, bool)> {
    match method {
        Method::Plain { username, password } | Method::Scram { username, password, .. } => vec![(username, true), (password, false)],
        Method::Token { token, .. } => vec![(token, false)],
        Method::Oidc { oidc, .. } => vec![(&oidc.client_id, true), (&oidc.client_secret, false)],
        Method::Unsecured { .. } | Method::Iam(_) => Vec::new(),
    }
}

fn tls_said(tls: &Tls, all: &mut Vec<Told>) {
    let mut material = |said: &Said<Material>, what: &str| {
        let place = match &said.value.from {
            Place::Path(path) => path.display().to_string(),
            Place::Text(_) => "in the setting itself".to_owned(),
        };
        all.push(told(&said.by, format!("{what}: {place}")));
        all.extend(said.value.password.as_ref().map(|password| told(&password.by, secret(&password.value, false))));
    };
    if let Some(trust) = &tls.trust {
        material(trust, "authorities");
    }
    if let Some(identity) = &tls.identity {
        material(&identity.chain, "our certificate");
        if let Some(key) = &identity.key {
            material(key, "its key");
        }
        all.extend(identity.key_password.as_ref().map(|password| told(&password.by, secret(&password.value, false))));
    }
}

fn stores_of(tls: &mut Tls) -> Vec<&mut Said<Material>> {
    let mut all: Vec<&mut Said<Material>> = tls.trust.iter_mut().collect();
    if let Some(identity) = &mut tls.identity {
        all.push(&mut identity.chain);
        all.extend(identity.key.iter_mut());
    }
    all
}

fn trust(said: &Said<Material>) -> Result<Store, Trouble> {
    let found = ready::authorities(said)?;
    let kind = match &said.value.from {
        Place::Path(path) if path.is_dir() => "a folder",
        _ => kind(ready::open(said, None)?.0),
    };
    let certificates = found.iter().filter_map(|certificate| Facts::of(certificate)).collect();
    Ok(Store { by: Arc::clone(&said.by), place: ready::place(&said.value.from), role: Role::Trust, kind, certificates })
}

/// With its key, which has to belong to it.
fn identity(identity: &Identity) -> Result<Store, Trouble> {
    let (chain, key) = ready::identity_of(identity)?;
    let kind = kind(ready::open(&identity.chain, identity.key_password.as_ref())?.0);
    let (chain, _signer) = key::pair(chain, &key).map_err(|unfit| ready::not_ours(identity, unfit))?;
    let certificates = chain.iter().filter_map(|certificate| Facts::of(certificate)).collect();
    let said = &identity.chain;
    Ok(Store { by: Arc::clone(&said.by), place: ready::place(&said.value.from), role: Role::Identity, kind, certificates })
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Pem => "PEM",
        Kind::Pkcs12 => "PKCS12",
        Kind::Jks => "JKS",
        Kind::Der => "DER",
    }
}

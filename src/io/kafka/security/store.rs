//! Key and trust stores, known by their content and not by their names: PEM, PKCS12, JKS, one certificate in DER.

use std::path::Path;

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as P12Error;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::certificate::Facts;
use super::{jks, pem};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pem,
    Pkcs12,
    Jks,
    /// One certificate.
    Der,
}

/// What lies in a store.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) keys: Vec<PrivateKeyDer<'static>>,
}

/// Why a store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is none of those known.
    Unknown,
    Jceks,
    PasswordWanted,
    Password,
    KeyPassword,
    /// A key under a scheme that only OpenSSL opens.
    OldEncryption,
    Broken(&'static str),
}

impl Wrong {
    /// The sentence, and what to do.
    pub(super) fn words(&self, place: &str) -> (String, Option<String>) {
        let own = |text: &str| text.to_owned();
        match self {
            Self::Unknown => (format!("{place} is neither PEM nor PKCS12 nor JKS nor a certificate in DER"), None),
            Self::Jceks => (
                format!("{place} is a JCEKS store, which only Java reads"),
                Some(format!(
                    "keytool -importkeystore -srckeystore {place} -srcstoretype JCEKS -destkeystore {place}.p12 -deststoretype PKCS12"
                )),
            ),
            Self::PasswordWanted => (format!("{place} is locked, and no password is set"), Some(own("set its password"))),
            Self::Password => (format!("wrong password for {place}"), None),
            Self::KeyPassword => (
                format!("wrong password for the key in {place}"),
                Some(own("the key has a password of its own: set key_password (ssl.key.password)")),
            ),
            Self::OldEncryption => (
                format!("{place} holds a key under an old encryption that is not read here"),
                Some(format!("openssl pkcs8 -topk8 -v2 aes-256-cbc -in {place} -out {place}.pk8 writes one that is")),
            ),
            Self::Broken(what) => (format!("{place} cannot be read: {what}"), None),
        }
    }
}

/// By its first bytes.
pub(super) fn sniff(bytes: &[u8]) -> Result<Kind, Wrong> {
    match bytes {
        _ if bytes.starts_with(&jks::MAGIC) => Ok(Kind::Jks),
        [0xce, 0xce, 0xce, 0xce, ..] => Err(Wrong::Jceks),
        [0x30, ..] if Facts::of(bytes).is_some() => Ok(Kind::Der),
        [0x30, ..] => Ok(Kind::Pkcs12),
        _ if memchr::memmem::find(bytes, b"-----BEGIN ").is_some() => Ok(Kind::Pem),
        _ => Err(Wrong::Unknown),
    }
}

pub(super) fn read(bytes: &[u8], password: Option<&str>, key_password: Option<&str>) -> Result<Contents, Wrong> {
    match sniff(bytes)? {
        Kind::Pem => pem::read(std::str::from_utf8(bytes).map_err(|_bytes| Wrong::Broken("it is not UTF-8"))?, key_password.or(password)),
        Kind::Jks => jks::read(bytes, password, key_password),
        Kind::Der => Ok(Contents { certificates: vec![CertificateDer::from(bytes.to_vec())], keys: Vec::new() }),
        Kind::Pkcs12 => pkcs12(bytes, password),
    }
}

/// All of an archive, trusted by Java's mark or not: stores of OpenSSL have no such mark. The certificate of the key comes
/// first, then those that vouch for it.
fn pkcs12(bytes: &[u8], password: Option<&str>) -> Result<Contents, Wrong> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.unwrap_or_default()).map_err(|error| match error {
        P12Error::MacError(_) | P12Error::UnpadError | P12Error::Pkcs5Error(_) if password.is_none() => Wrong::PasswordWanted,
        P12Error::MacError(_) | P12Error::UnpadError | P12Error::Pkcs5Error(_) => Wrong::Password,
        P12Error::UnsupportedEncryptionScheme | P12Error::UnsupportedMacAlgorithm => Wrong::Broken("its encryption is not known here"),
        _ => Wrong::Broken("it is no PKCS12 store, or a damaged one"),
    })?;
    let mut left = archive.certs;
    let mut ordered = Vec::new();
    let id = archive.keys.first().and_then(|key| key.local_key_id.as_ref()).map(|id| id.as_ref().to_vec());
    let mut next = id.and_then(|id| left.iter().position(|bag| bag.local_key_id.as_ref() == Some(&id)));
    while let Some(at) = next {
        let bag = left.remove(at);
        next = left.iter().position(|other| other.cert.subject() == bag.cert.issuer() && bag.cert.subject() != bag.cert.issuer());
        ordered.push(bag);
    }
    ordered.extend(left);
    let certificates = ordered.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec())).collect();
    let keys = archive.keys.iter().map(|bag| PrivateKeyDer::Pkcs8(bag.key.as_der().to_vec().into())).collect();
    Ok(Contents { certificates, keys })
}

/// The certificates in a folder of PEM files; files that are none are passed by.
#[expect(clippy::disallowed_methods, reason = "this is io, on a thread that may block")]
pub(super) fn folder(path: &Path) -> std::io::Result<Vec<CertificateDer<'static>>> {
    let mut found: Vec<CertificateDer<'static>> = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(path)?.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    for file in files {
        let contents = std::fs::read(&file)
            .ok()
            .filter(|bytes| matches!(sniff(bytes), Ok(Kind::Pem | Kind::Der)))
            .and_then(|bytes| read(&bytes, None, None).ok());
        for certificate in contents.map(|contents| contents.certificates).unwrap_or_default() {
            if !found.contains(&certificate) {
                found.push(certificate);
            }
        }
    }
    Ok(found)
}

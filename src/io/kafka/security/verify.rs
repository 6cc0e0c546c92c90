//! Whose certificate is believed, and the words when it is not.
//!
//! What a certificate says is checked as the `webpki` of rustls does, with two things that Java's clients do besides: a
//! certificate that stands in the trust store itself is trusted though no authority vouches for it, and one without names is
//! for its common name.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::Verify;
use super::certificate::Facts;

/// A certificate that is not believed.
#[derive(Debug)]
pub(in crate::io::kafka) struct CertificateTrouble {
    pub(in crate::io::kafka) why: Untrusted,
    /// What it says of itself; `None` when it cannot be read.
    pub(in crate::io::kafka) facts: Option<Facts>,
    /// Our clock, in seconds since the epoch.
    pub(in crate::io::kafka) now: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io::kafka) enum Untrusted {
    UnknownIssuer,
    WrongName,
    Expired,
    NotYetValid,
    /// In the words of the library.
    Other(String),
}

impl fmt::Display for CertificateTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the certificate is not believed: {:?}", self.why)
    }
}

impl std::error::Error for CertificateTrouble {}

/// See the module.
#[derive(Debug)]
pub(super) struct Checker {
    /// `None`: nothing is checked.
    chain: Option<Arc<WebPkiServerVerifier>>,
    trusted: Vec<CertificateDer<'static>>,
    verify: Verify,
    provider: Arc<CryptoProvider>,
}

impl Checker {
    /// `None`: none of these certificates can be an authority.
    pub(super) fn new(trusted: Vec<CertificateDer<'static>>, verify: Verify, provider: &Arc<CryptoProvider>) -> Option<Self> {
        let chain = match verify {
            Verify::Nothing => None,
            Verify::Full | Verify::Chain => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(trusted.iter().cloned());
                Some(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().ok()?)
            }
        };
        Some(Self { chain, trusted, verify, provider: Arc::clone(provider) })
    }

    fn check(
        &self,
        chain: &WebPkiServerVerifier,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let listed = self.trusted.iter().any(|trusted| trusted.as_ref() == certificate.as_ref());
        let checked = if listed {
            listed_is_valid(certificate, now).and_then(|()| verify_server_name(&ParsedCertificate::try_from(certificate)?, name))
        } else {
            chain.verify_server_cert(certificate, intermediates, name, &[], now).map(|_verified| ())
        };
        match checked {
            // The name is checked after all else.
            Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }))
                if self.verify == Verify::Chain || is_for_common_name(certificate, name) =>
            {
                Ok(())
            }
            other => other,
        }
    }
}

fn listed_is_valid(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let facts = Facts::of(certificate).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now > facts.not_after {
        Err(Error::InvalidCertificate(CertificateError::Expired))
    } else if now < facts.not_before {
        Err(Error::InvalidCertificate(CertificateError::NotValidYet))
    } else {
        Ok(())
    }
}

/// RFC 2818: where there is no name, the common name counts. `*.` stands for one label.
fn is_for_common_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let ServerName::DnsName(name) = name else { return false };
    let Some(Facts { names, common_name: Some(common), .. }) = Facts::of(certificate) else { return false };
    let same = |common: &str, name: &str| common.eq_ignore_ascii_case(name);
    names.is_empty()
        && (same(&common, name.as_ref())
            || common
                .strip_prefix("*.")
                .is_some_and(|rest| name.as_ref().split_once('.').is_some_and(|(_label, domain)| same(rest, domain))))
}

impl ServerCertVerifier for Checker {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let Err(error) = self.check(chain, certificate, intermediates, name, now) else { return Ok(ServerCertVerified::assertion()) };
        let why = match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => Untrusted::UnknownIssuer,
            Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
                Untrusted::WrongName
            }
            Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => Untrusted::Expired,
            Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
                Untrusted::NotYetValid
            }
            // An authority as the broker's own certificate that is not in the trust store.
            Error::InvalidCertificate(CertificateError::Other(ref other)) if other.to_string().contains("CaUsedAsEndEntity") => {
                Untrusted::UnknownIssuer
            }
            other => Untrusted::Other(other.to_string()),
        };
        let trouble = CertificateTrouble { why, facts: Facts::of(certificate), now: i64::try_from(now.as_secs()).unwrap_or(i64::MAX) };
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(trouble)))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

//! Our key and our certificate as what signs for us: they have to belong together, and keys come in forms that the library
//! does not take as they are.

use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Why the two cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The key is that of another certificate.
    Stranger,
    /// In the words of the library.
    Key(String),
}

/// The key with its chain; the certificate that it belongs to goes to the front, wherever it stood.
pub(super) fn pair(
    mut chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'static>,
) -> Result<(Vec<CertificateDer<'static>>, Arc<SingleCertAndKey>), Unfit> {
    let known = chain.iter().find_map(|certificate| signer(key, certificate).ok());
    let signer = match known {
        Some(signer) => signer,
        None => any_supported_type(key).map_err(|error| Unfit::Key(error.to_string()))?,
    };
    let public = signer.public_key().map(SubjectPublicKeyInfoDer::into_owned);
    let belongs = |certificate: &CertificateDer<'static>| {
        public.as_ref().is_none_or(|public| public_key(certificate).as_deref() == Some(public.as_ref()))
    };
    let at = chain.iter().position(belongs).ok_or(Unfit::Stranger)?;
    let leaf = chain.remove(at);
    chain.insert(0, leaf);
    let certified = CertifiedKey::new(chain.clone(), signer);
    Ok((chain, Arc::new(SingleCertAndKey::from(certified))))
}

/// What signs with this key. One of Java lacks its public half, which the library wants: the certificate has it.
fn signer(key: &PrivateKeyDer<'static>, certificate: &CertificateDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
    any_supported_type(key).or_else(|error| match completed(key, certificate) {
        Some(whole) => any_supported_type(&whole),
        None => Err(error),
    })
}

/// The whole `SubjectPublicKeyInfo`.
fn public_key(certificate: &[u8]) -> Option<Vec<u8>> {
    X509Certificate::from_der(certificate).ok().map(|(_rest, certificate)| certificate.public_key().raw.to_vec())
}

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// A PKCS#8 key on a curve as SEC1 with curve and public key (RFC 5915). `None`: it is no such key.
fn completed(key: &PrivateKeyDer<'static>, certificate: &[u8]) -> Option<PrivateKeyDer<'static>> {
    let PrivateKeyDer::Pkcs8(key) = key else { return None };
    let (SEQUENCE, info, _) = tlv(key.secret_pkcs8_der())? else { return None };
    let (INTEGER, _version, rest) = tlv(info)? else { return None };
    let (SEQUENCE, algorithm, rest) = tlv(rest)? else { return None };
    let (_, _ec, curve) = tlv(algorithm)?;
    let (OCTETS, inner, _) = tlv(rest)? else { return None };
    let (SEQUENCE, inner, _) = tlv(inner)? else { return None };
    let (INTEGER, _version, rest) = tlv(inner)? else { return None };
    let (OCTETS, secret, _) = tlv(rest)? else { return None };
    let spki = public_key(certificate)?;
    let (SEQUENCE, spki, _) = tlv(&spki)? else { return None };
    let (SEQUENCE, theirs, rest) = tlv(spki)? else { return None };
    let (BITS, public, _) = tlv(rest)? else { return None };
    if theirs != algorithm {
        return None;
    }
    let parts = [encoded(INTEGER, &[1]), encoded(OCTETS, secret), encoded(0xa0, curve), encoded(0xa1, &encoded(BITS, public))].concat();
    Some(PrivateKeyDer::Sec1(encoded(SEQUENCE, &parts).into()))
}

/// A value in DER. Keys are short: two bytes of length are enough.
fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// Tag, content and what comes behind, of a value in DER.
pub(super) fn tlv(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (size, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
        (digits.iter().fold(0, |size, &digit| (size << 8) | usize::from(digit)), rest)
    };
    let (content, behind) = rest.split_at_checked(size)?;
    Some((tag, content, behind))
}

//! JKS, Java's key store before PKCS12 (`sun.security.provider.JavaKeyStore`): certificates in clear, keys under a stream
//! made of SHA-1, and a digest over all with the password. Every length is checked against what is there.

use bytes::{Buf, Bytes};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::key::tlv;
use super::store::{Contents, Wrong};

pub(super) const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];

const SHA1: usize = 20;
const BROKEN: Wrong = Wrong::Broken("it ends in the middle of an entry");

/// What lies in it. Without a password only certificates, and nothing proves that nobody changed them, as in Java.
pub(super) fn read(store: &[u8], password: Option<&str>, key_password: Option<&str>) -> Result<Contents, Wrong> {
    let (body, digest) = store.split_at_checked(store.len().saturating_sub(SHA1)).ok_or(BROKEN)?;
    let password = password.filter(|password| !password.is_empty()).map(in_java);
    if let Some(password) = &password
        && sha1(&[password, b"Mighty Aphrodite", body]) != digest
    {
        return Err(Wrong::Password);
    }
    let key_password = key_password.map(in_java).or(password);
    let mut bytes = Bytes::copy_from_slice(body);
    let _magic = u32_of(&mut bytes)?;
    let version = u32_of(&mut bytes)?;
    let mut contents = Contents::default();
    for _ in 0..u32_of(&mut bytes)? {
        let tag = u32_of(&mut bytes)?;
        let _alias = name(&mut bytes)?;
        bytes.try_get_u64().map_err(|_short| BROKEN)?;
        match tag {
            1 => {
                let key = block(&mut bytes)?;
                for _ in 0..u32_of(&mut bytes)? {
                    contents.certificates.push(certificate(&mut bytes, version)?);
                }
                let password = key_password.as_ref().ok_or(Wrong::PasswordWanted)?;
                contents.keys.push(PrivateKeyDer::Pkcs8(unlocked(&key, password)?.into()));
            }
            2 => contents.certificates.push(certificate(&mut bytes, version)?),
            _ => return Err(Wrong::Broken("it holds an entry of an unknown kind")),
        }
    }
    Ok(contents)
}

fn u32_of(bytes: &mut Bytes) -> Result<u32, Wrong> {
    bytes.try_get_u32().map_err(|_short| BROKEN)
}

fn take(bytes: &mut Bytes, size: usize) -> Result<Bytes, Wrong> {
    if bytes.remaining() < size { Err(BROKEN) } else { Ok(bytes.split_to(size)) }
}

fn block(bytes: &mut Bytes) -> Result<Bytes, Wrong> {
    let size = usize::try_from(u32_of(bytes)?).map_err(|_large| BROKEN)?;
    take(bytes, size)
}

fn name(bytes: &mut Bytes) -> Result<Bytes, Wrong> {
    let size = usize::from(bytes.try_get_u16().map_err(|_short| BROKEN)?);
    take(bytes, size)
}

/// Its kind stands before it from version 2 on; it is always X.509.
fn certificate(bytes: &mut Bytes, version: u32) -> Result<CertificateDer<'static>, Wrong> {
    if version >= 2 {
        name(bytes)?;
    }
    Ok(CertificateDer::from(block(bytes)?.to_vec()))
}

/// Java's characters: UTF-16, the large byte first.
fn in_java(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

fn sha1(parts: &[&[u8]]) -> [u8; SHA1] {
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().unwrap_or_default()
}

/// The key: salt, the PKCS#8 text under a stream of digests, and a digest that proves it (`sun.security.provider.KeyProtector`).
fn unlocked(info: &[u8], password: &[u8]) -> Result<Vec<u8>, Wrong> {
    let sealed = sealed(info).ok_or(Wrong::Broken("a key in it does not follow its own format"))?;
    let (salt, rest) = sealed.split_at_checked(SHA1).ok_or(BROKEN)?;
    let (text, proof) = rest.split_at_checked(rest.len().saturating_sub(SHA1)).ok_or(BROKEN)?;
    let mut mask = salt.to_vec();
    let mut key = Zeroizing::new(Vec::with_capacity(text.len()));
    for part in text.chunks(SHA1) {
        mask = sha1(&[password, &mask]).to_vec();
        key.extend(part.iter().zip(&mask).map(|(byte, mask)| byte ^ mask));
    }
    if sha1(&[password, &key]) == proof { Ok(key.to_vec()) } else { Err(Wrong::KeyPassword) }
}

/// The octets of `SEQUENCE { algorithm, OCTET STRING }`.
fn sealed(info: &[u8]) -> Option<&[u8]> {
    let (0x30, inner, _) = tlv(info)? else { return None };
    let (0x30, _algorithm, rest) = tlv(inner)? else { return None };
    let (0x04, octets, _) = tlv(rest)? else { return None };
    Some(octets)
}

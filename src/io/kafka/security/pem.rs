//! PEM: blocks of base64 between lines of dashes, wherever they stand in a text. Lines may be folded into one, as settings
//! of Java have them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::store::{Contents, Wrong};

/// What lies in it; certificates in their order.
pub(super) fn read(text: &str, password: Option<&str>) -> Result<Contents, Wrong> {
    let mut contents = Contents::default();
    let mut rest = text;
    while let Some((label, body, behind)) = block(rest)? {
        rest = behind;
        let key = match label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                contents.certificates.push(CertificateDer::from(decoded(body)?.to_vec()));
                continue;
            }
            "PRIVATE KEY" => PrivateKeyDer::Pkcs8(decoded(body)?.to_vec().into()),
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" if body.contains("ENCRYPTED") => return Err(Wrong::OldEncryption),
            "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(decoded(body)?.to_vec().into()),
            "EC PRIVATE KEY" => PrivateKeyDer::Sec1(decoded(body)?.to_vec().into()),
            "ENCRYPTED PRIVATE KEY" => decrypted(&decoded(body)?, password)?,
            _ => continue,
        };
        contents.keys.push(key);
    }
    Ok(contents)
}

/// The next block: label, what stands in it, what comes behind.
fn block(text: &str) -> Result<Option<(&str, &str, &str)>, Wrong> {
    let Some((_before, begun)) = text.split_once("-----BEGIN ") else { return Ok(None) };
    let (label, body) = begun.split_once("-----").ok_or(Wrong::Broken("a PEM block has no end"))?;
    let (body, end) = body.split_once("-----END ").ok_or(Wrong::Broken("a PEM block has no end"))?;
    let behind = end.split_once("-----").map_or("", |(_label, behind)| behind);
    Ok(Some((label, body, behind)))
}

fn decoded(body: &str) -> Result<Zeroizing<Vec<u8>>, Wrong> {
    let bare: Zeroizing<String> = Zeroizing::new(body.chars().filter(|c| !c.is_whitespace()).collect());
    STANDARD.decode(bare.as_bytes()).map(Zeroizing::new).map_err(|_letter| Wrong::Broken("what stands in a PEM block is not base64"))
}

/// PKCS#8 with PBES2.
fn decrypted(der: &[u8], password: Option<&str>) -> Result<PrivateKeyDer<'static>, Wrong> {
    let password = password.ok_or(Wrong::PasswordWanted)?;
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_scheme| Wrong::OldEncryption)?;
    let key = info.decrypt(password).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. } | pkcs8::pkcs5::Error::NoPbes1CryptSupport) => {
            Wrong::OldEncryption
        }
        _ => Wrong::Password,
    })?;
    Ok(PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text_and_on_one_line() {
        let text = "Bag Attributes\n-----BEGIN CERTIFICATE-----\nAQI=\n-----END CERTIFICATE-----\nx\n-----BEGIN EC PARAMETERS-----\nAQ==\n-----END EC PARAMETERS-----\n-----BEGIN PRIVATE KEY----- AQ ID -----END PRIVATE KEY-----";
        let found = read(text, None).unwrap();
        assert_eq!((found.certificates[0].as_ref(), found.certificates.len(), found.keys.len()), (&[1, 2][..], 1, 1));
        assert_eq!(found.keys[0].secret_der(), [1, 2, 3]);
    }

    #[test]
    fn what_is_broken_is_said() {
        assert_eq!(read("-----BEGIN CERTIFICATE-----\nAQI=", None).unwrap_err(), Wrong::Broken("a PEM block has no end"));
        assert_eq!(
            read("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----", None).unwrap_err(),
            Wrong::Broken("what stands in a PEM block is not base64")
        );
        let old =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQI=\n-----END RSA PRIVATE KEY-----";
        assert_eq!(read(old, Some("x")).unwrap_err(), Wrong::OldEncryption);
        assert_eq!(
            read("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAQI=\n-----END ENCRYPTED PRIVATE KEY-----", None).unwrap_err(),
            Wrong::PasswordWanted
        );
        assert!(read("nothing", None).unwrap().certificates.is_empty());
    }
}

//! SCRAM (RFC 5802, RFC 7677) as Kafka has it: no channel binding, names and passwords as they are (`ScramFormatter` does not
//! prepare them). The broker's proof that it knows the password, too, is checked.

use std::collections::HashMap;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{self, Key};
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::io::kafka::security::{ScramHash, Secret};

/// Rounds of the hash that are done for a broker: fewer are unsafe (`ScramMechanism.minIterations`), many more only keep us busy.
const ROUNDS: std::ops::RangeInclusive<u32> = 4096..=4_000_000;

/// One conversation.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// `None` only while it is elsewhere.
    who: Option<(ScramHash, Secret)>,
    nonce: String,
    first_bare: String,
    /// What the broker's last message has to hold, once ours was sent.
    server_key: Option<Key>,
    text: String,
}

impl Client {
    pub(super) fn new(hash: ScramHash, username: &Secret, password: &Secret) -> Self {
        let mut random = [0; 24];
        // Without randomness the nonce is not fresh; the password stays safe, for only its proof is sent.
        let _fixed = SystemRandom::new().fill(&mut random);
        Self::with_nonce(hash, username, password, STANDARD.encode(random))
    }

    fn with_nonce(hash: ScramHash, username: &Secret, password: &Secret, nonce: String) -> Self {
        let name = username.expose().replace('=', "=3D").replace(',', "=2C");
        Self {
            who: Some((hash, password.clone())),
            first_bare: format!("n={name},r={nonce}"),
            nonce,
            server_key: None,
            text: String::new(),
        }
    }

    pub(super) fn first(&self) -> String {
        format!("n,,{}", self.first_bare)
    }

    /// Our proof, after the broker's first message. Takes milliseconds.
    pub(super) fn last(&mut self, answer: &[u8]) -> Result<String, String> {
        let answer = std::str::from_utf8(answer).map_err(|_bytes| "its first message is not UTF-8".to_owned())?;
        let parts = parts(answer);
        let part = |name: char| parts.get(&name).copied().ok_or_else(|| format!("its first message lacks {name}="));
        let (nonce, salt, rounds) = (part('r')?, part('s')?, part('i')?);
        if !nonce.starts_with(&self.nonce) || nonce.len() <= self.nonce.len() {
            return Err("its nonce does not begin with ours".to_owned());
        }
        let salt = STANDARD.decode(salt).map_err(|_letter| "its salt is not base64".to_owned())?;
        let rounds = rounds.parse::<u32>().ok().filter(|rounds| ROUNDS.contains(rounds)).and_then(NonZeroU32::new);
        let rounds = rounds.ok_or_else(|| format!("it asks for {} rounds of the hash", parts.get(&'i').copied().unwrap_or_default()))?;
        let (hash, password) = self.who.as_ref().ok_or("it spoke out of turn")?;
        let (kdf, mac) = match hash {
            ScramHash::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256),
            ScramHash::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, hmac::HMAC_SHA512),
        };
        let mut salted = Zeroizing::new(vec![0; mac.digest_algorithm().output_len()]);
        pbkdf2::derive(kdf, rounds, &salt, password.expose().as_bytes(), &mut salted);
        let salted = Key::new(mac, &salted);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored = ring::digest::digest(mac.digest_algorithm(), client_key.as_ref());
        let without_proof = format!("c=biws,r={nonce}");
        self.text = format!("{},{answer},{without_proof}", self.first_bare);
        let signature = hmac::sign(&Key::new(mac, stored.as_ref()), self.text.as_bytes());
        let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, mask)| key ^ mask).collect();
        self.server_key = Some(Key::new(mac, hmac::sign(&salted, b"Server Key").as_ref()));
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)))
    }

    /// False: its last message has not come yet. An error: it does not know the password.
    pub(super) fn is_proven_by(&self, answer: &[u8]) -> Result<bool, String> {
        let Some(key) = &self.server_key else { return Ok(false) };
        let text = std::str::from_utf8(answer).map_err(|_bytes| "its last message is not UTF-8".to_owned())?;
        let parts = parts(text);
        if let Some(error) = parts.get(&'e') {
            return Err(format!("it says {error}"));
        }
        let signature = parts.get(&'v').and_then(|text| STANDARD.decode(text).ok()).ok_or("its last message lacks v=")?;
        match hmac::verify(key, self.text.as_bytes(), &signature) {
            Ok(()) => Ok(true),
            Err(_other) => Err("its signature is wrong: it does not know the password".to_owned()),
        }
    }
}

fn parts(message: &str) -> HashMap<char, &str> {
    message.split(',').filter_map(|part| part.split_once('=').and_then(|(name, value)| Some((name.chars().next()?, value)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, 3.
    fn rfc() -> Client {
        Client::with_nonce(ScramHash::Sha256, &Secret::new("user"), &Secret::new("pencil"), "rOprNGfwEbeRWgbNEkqO".to_owned())
    }

    const FIRST: &[u8] = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    #[test]
    fn the_example_of_the_standard_comes_out() {
        let mut client = rfc();
        assert_eq!(client.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        assert_eq!(client.is_proven_by(FIRST), Ok(false));
        let last = client.last(FIRST).unwrap();
        assert_eq!(last, "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert_eq!(client.is_proven_by(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(true));
        assert!(client.is_proven_by(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=").is_err());
        assert!(client.is_proven_by(b"v=").unwrap_err().contains("signature"));
        assert_eq!(client.is_proven_by(b"e=other-error"), Err("it says other-error".to_owned()));
    }

    #[test]
    fn a_first_message_that_proves_nothing_or_asks_too_much_is_refused() {
        for (answer, why) in [
            (&b"r=other,s=AA==,i=4096"[..], "nonce"),
            (b"r=rOprNGfwEbeRWgbNEkqO,s=AA==,i=4096", "nonce"),
            (b"r=rOprNGfwEbeRWgbNEkqOx,s=AA==,i=1", "rounds"),
            (b"r=rOprNGfwEbeRWgbNEkqOx,s=AA==,i=4294967295", "rounds"),
            (b"r=rOprNGfwEbeRWgbNEkqOx,s=*,i=4096", "salt"),
            (b"r=rOprNGfwEbeRWgbNEkqOx,i=4096", "lacks s="),
            (b"\xff", "UTF-8"),
        ] {
            let error = rfc().last(answer).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn signs_of_the_grammar_in_a_name_are_written_otherwise() {
        let client = Client::with_nonce(ScramHash::Sha512, &Secret::new("a=b,c"), &Secret::new("p"), "N".to_owned());
        assert_eq!(client.first(), "n,,n=a=3Db=2Cc,r=N");
    }
}

//! OAUTHBEARER (RFC 7628, KIP-255): a token and extensions in one message; and tokens without a signature, for development.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::io::kafka::security::Claim;

pub(super) fn message(token: &str, extensions: &[(String, String)]) -> Zeroizing<Vec<u8>> {
    let mut text = format!("n,,\u{1}auth=Bearer {token}\u{1}");
    for (name, value) in extensions {
        text.extend([name, "=", value, "\u{1}"]);
    }
    text.push('\u{1}');
    Zeroizing::new(text.into_bytes())
}

/// Seconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "this is io: a token says when it was made")]
pub(super) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// A token that nobody signed, as Java's `OAuthBearerUnsecuredLoginCallbackHandler` makes it.
pub(super) fn unsecured(claims: &[(String, Claim)], lifetime_s: u64, now: i64) -> String {
    let mut all = Map::new();
    all.insert("iat".to_owned(), now.into());
    all.insert("exp".to_owned(), now.saturating_add_unsigned(lifetime_s).into());
    for (name, claim) in claims {
        let value = match claim {
            Claim::Text(text) => Value::from(text.as_str()),
            Claim::Number(text) => serde_json::from_str(text).ok().filter(Value::is_number).unwrap_or_else(|| Value::from(text.as_str())),
            Claim::List(list) => Value::from(list.clone()),
        };
        all.insert(name.clone(), value);
    }
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.", part("{\"alg\":\"none\"}"), part(&Value::Object(all).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_signature_holds_its_claims() {
        let claims = [
            ("sub".to_owned(), Claim::Text("admin".to_owned())),
            ("n".to_owned(), Claim::Number("5".to_owned())),
            ("scope".to_owned(), Claim::List(vec!["a".to_owned()])),
        ];
        let token = unsecured(&claims, 60, 100);
        let parts: Vec<&str> = token.split('.').collect();
        let decoded = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
        assert_eq!((decoded(parts[0])["alg"].as_str(), parts[2]), (Some("none"), ""));
        let claims = decoded(parts[1]);
        assert_eq!(
            (claims["sub"].as_str(), claims["exp"].as_i64(), claims["n"].as_i64(), claims["scope"][0].as_str()),
            (Some("admin"), Some(160), Some(5), Some("a"))
        );
    }

    #[test]
    fn extensions_stand_behind_the_token() {
        let message = message("t", &[("logicalCluster".to_owned(), "lkc-1".to_owned())]);
        assert_eq!(String::from_utf8(message.to_vec()).unwrap(), "n,,\u{1}auth=Bearer t\u{1}logicalCluster=lkc-1\u{1}\u{1}");
    }
}

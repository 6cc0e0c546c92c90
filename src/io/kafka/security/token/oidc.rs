//! A token of an OIDC provider for a client's own credentials (RFC 6749, 4.4).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::http::{agent, encoded, read};
use super::{NoToken, Token};
use crate::io::kafka::security::ready::{authorities, system};
use crate::io::kafka::security::{Material, Said, Secret, SecretFrom};

/// How long the provider may take.
const WAIT: Duration = Duration::from_secs(10);
/// How long a token is good when the provider does not say.
const UNSAID: u64 = 300;

/// Where tokens are to be had, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    pub endpoint: Said<String>,
    pub client_id: Said<SecretFrom>,
    pub client_secret: Said<SecretFrom>,
    pub scope: Option<String>,
    /// Whom the provider's certificate is to be signed by; the system's authorities when nothing is said.
    pub trust: Option<Said<Material>>,
}

impl Oidc {
    pub(in crate::io::kafka) fn token(&self) -> Result<Token, NoToken> {
        let of_setting =
            |trouble: crate::io::kafka::security::Trouble| NoToken { hint: trouble.hint.clone(), ..NoToken::new(trouble.text()) }.refused();
        let url = self.endpoint.value.as_str();
        let trusted = match &self.trust {
            _ if url.starts_with("http://") => Vec::new(),
            Some(said) => authorities(said).map_err(of_setting)?,
            None => system().map_err(of_setting)?,
        };
        let (id, secret) = (self.client_id.read().map_err(of_setting)?, self.client_secret.read().map_err(of_setting)?);
        let basic = STANDARD.encode(format!("{}:{}", id.expose(), secret.expose()));
        let scope = self.scope.as_ref().map(|scope| format!("&scope={}", encoded(scope))).unwrap_or_default();
        let request = agent(&trusted, WAIT, false)
            .post(url)
            .header("Authorization", format!("Basic {basic}"))
            .header("Accept", "application/json")
            .header("Content-Type", "application/x-www-form-urlencoded");
        let (status, body) = read(request.send(format!("grant_type=client_credentials{scope}"))).map_err(|why| {
            NoToken::new(format!("{url} gave no token: {why}"))
                .hint(format!("{} names the provider: check the address, the network and proxies", self.endpoint.by))
        })?;
        understood(url, status, &body)
    }
}

fn understood(url: &str, status: u16, body: &str) -> Result<Token, NoToken> {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    match (status, text("access_token")) {
        (200..=299, Some(token)) => {
            let lasts = json.get("expires_in").and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok())).unwrap_or(UNSAID);
            Ok(Token { text: Secret::new(token), lasts: Duration::from_secs(lasts) })
        }
        (200..=299, None) => {
            Err(NoToken::new(format!("{url} answered without an access_token")).hint("is it the provider's token endpoint?"))
        }
        (400 | 401 | 403, _) => {
            let why = [text("error"), text("error_description")].into_iter().flatten().collect::<Vec<_>>().join(": ");
            Err(NoToken::new(format!("{url} refused the client: {status} {why}").trim_end().to_owned())
                .hint("check client id, secret and scope")
                .refused())
        }
        _ => Err(NoToken::new(format!("{url} answered {status}")).hint("is it the provider's token endpoint?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_answers_is_a_token_or_a_reason() {
        let token = understood("u", 200, r#"{"access_token":"t","expires_in":60}"#).unwrap();
        assert_eq!((token.text.expose(), token.lasts), ("t", Duration::from_secs(60)));
        assert_eq!(understood("u", 200, r#"{"access_token":"t","expires_in":"60"}"#).unwrap().lasts, Duration::from_secs(60));
        let refused = understood("u", 401, r#"{"error":"invalid_client","error_description":"no such client"}"#).unwrap_err();
        assert!(refused.refused && refused.text == "u refused the client: 401 invalid_client: no such client", "{refused:?}");
        assert!(!understood("u", 503, "<html>").unwrap_err().refused);
        assert!(understood("u", 200, "<html>").unwrap_err().text.contains("without an access_token"));
    }
}

//! Few and small requests of HTTP: bounded in time and size, no redirect is followed.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use zeroize::Zeroizing;

/// The largest answer, in bytes.
const LARGEST: u64 = 1 << 20;

/// Who is asked, and how long an answer may take. `near`: on this machine or beside it, so no proxy is in between.
pub(super) fn agent(trusted: &[CertificateDer<'static>], wait: Duration, near: bool) -> Agent {
    let roots = trusted.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build();
    let config = Agent::config_builder().tls_config(tls).timeout_global(Some(wait)).http_status_as_error(false).max_redirects(0);
    let config = config.user_agent(concat!("kscope/", env!("CARGO_PKG_VERSION")));
    if near { config.proxy(None).build().into() } else { config.build().into() }
}

/// Status and body.
pub(super) type Answer = (u16, Zeroizing<String>);

pub(super) fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, String> {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(LARGEST).read_to_string().map_err(|error| error.to_string())?;
    Ok((status, Zeroizing::new(body)))
}

/// As in a form or a query: all but letters, digits and `-._~` becomes `%XX` (RFC 3986).
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _written = write!(out, "%{byte:02X}");
        }
    }
    out
}

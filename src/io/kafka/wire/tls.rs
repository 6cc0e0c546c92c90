//! The TLS handshake, and the words when it fails: which step, the likely cause, what to do.
//!
//! A listener that closes at the first word says nothing of why. Then one more connection asks in the other way, clear text
//! or TLS, so that the two most common mistakes are told apart and not guessed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::socket::{SPEAKS_TLS, USE_TLS};
use crate::io::kafka::fault::{Fault, io_words};
use crate::io::kafka::security::{CertificateTrouble, Facts, TlsReady, Untrusted, date};
use crate::io::kafka::settings::Address;
use crate::model::{Cause, Foreign, Step};

/// How long the other way is tried.
const PROBE: Duration = Duration::from_secs(1);

/// Speaks TLS on a fresh socket. `allowed` is what the deadline was made of, for the words.
pub(super) async fn handshake(
    stream: TcpStream,
    target: &Address,
    tls: &TlsReady,
    (deadline, allowed): (Instant, u64),
) -> Result<TlsStream<TcpStream>, Fault> {
    let address: Arc<str> = target.to_string().into();
    let peer = stream.peer_addr().ok();
    // A scope is ours alone and stands in no certificate.
    let host = target.host().split_once('%').map_or(target.host(), |(host, _scope)| host).trim_end_matches('.');
    let name = ServerName::try_from(host.to_owned()).map_err(|_name| {
        Fault::new(Cause::Tls(Foreign::new(format!("{host} is no name that a certificate can be for"))), &address, Step::Tls, "not tried")
    })?;
    let error = match timeout_at(deadline, TlsConnector::from(Arc::clone(&tls.config)).connect(name, stream)).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => error,
        Err(_elapsed) => {
            return Err(Fault::timed_out(&address, Step::Tls, allowed).hint(
                "something listens there and does not answer to TLS: a listener in clear text, another service, or a broker that hangs",
            ));
        }
    };
    if let Some(fault) = explained(&address, tls, &error) {
        return Err(fault);
    }
    if let Some(peer) = peer
        && speaks_kafka(peer).await
    {
        let what = "a Kafka listener in clear text answers there, and we spoke TLS";
        return Err(Fault::new(Cause::WrongProtocol(what), &address, Step::Tls, what)
            .hint("security.protocol=PLAINTEXT or SASL_PLAINTEXT, or no table [contexts.NAME.tls]; or the port of the TLS listener"));
    }
    Err(Fault::new(Cause::Disconnected, &address, Step::Tls, format!("{} in the middle of the handshake", io_words(&error)))
        .hint("the listener may be one in clear text, or refuse what was offered: the broker's log tells why"))
}

/// A connection that was closed before its first answer, though the handshake was done: with TLS 1.3 the broker looks at our
/// certificate, or its absence, only then.
pub(super) fn closed_at_once(address: &Arc<str>, tls: &TlsReady) -> Fault {
    let fault = Fault::new(Cause::Disconnected, address, Step::Tls, "closed right after the TLS handshake");
    match &tls.identity {
        None => fault.hint("the broker may want a client certificate: cert and key, or keystore, in [contexts.NAME.tls]; ssl.keystore.location; ssl.certificate.location and ssl.key.location"),
        Some(facts) => fault.hint(format!("the broker may not take our certificate: {}", facts.words())),
    }
}

/// The fault of an error of TLS; `None` for one of the socket.
pub(super) fn explained(address: &Arc<str>, tls: &TlsReady, error: &std::io::Error) -> Option<Fault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let fault = |why: String, result: String| Fault::new(Cause::Tls(Foreign::new(why)), address, Step::Tls, result);
    Some(match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => match other.0.downcast_ref::<CertificateTrouble>() {
            Some(trouble) => not_believed(address, tls, trouble),
            None => fault("the broker's certificate is not valid".to_owned(), other.to_string()),
        },
        Error::AlertReceived(alert) => refused(address, tls, *alert),
        Error::InvalidMessage(_) => {
            let what = "what answers there does not speak TLS";
            Fault::new(Cause::WrongProtocol(what), address, Step::Tls, what).hint("use the port of a TLS listener of Kafka")
        }
        Error::PeerIncompatible(why) => fault("the broker and we share no TLS version or cipher".to_owned(), format!("{why:?}"))
            .hint("TLS 1.2 and 1.3 are spoken here: ssl.enabled.protocols and ssl.cipher.suites of the broker say what it takes"),
        other => fault("the TLS handshake failed".to_owned(), other.to_string()),
    })
}

/// The broker's certificate is not believed.
fn not_believed(address: &Arc<str>, tls: &TlsReady, trouble: &CertificateTrouble) -> Fault {
    let facts = trouble.facts.as_ref();
    let words = facts.map_or_else(|| "a certificate that cannot be read".to_owned(), Facts::words);
    let until = facts.map(|facts| date(facts.not_after)).unwrap_or_default();
    let from = facts.map(|facts| date(facts.not_before)).unwrap_or_default();
    let now = date(trouble.now);
    let (why, result, hint) = match &trouble.why {
        Untrusted::UnknownIssuer => (
            "no authority that is trusted here vouches for the broker's certificate".to_owned(),
            format!("its certificate is {words}"),
            format!(
                "trusted are {}; name the certificate of the authority that signed the broker's: ca or truststore in [contexts.NAME.tls], ssl.truststore.location, ssl.ca.location",
                tls.trust
            ),
        ),
        Untrusted::WrongName => {
            let names = facts.map(|facts| facts.names.clone()).filter(|names| !names.is_empty());
            let names = names.unwrap_or_else(|| facts.and_then(|facts| facts.common_name.clone()).into_iter().collect());
            let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            (
                "the broker's certificate is for another name".to_owned(),
                format!("its certificate is for {names}"),
                "dial one of these names (bootstrap, and advertised.listeners of the broker), or have a certificate made for this one; where the name does not matter: verify = \"chain\" in [contexts.NAME.tls], ssl.endpoint.identification.algorithm=".to_owned(),
            )
        }
        Untrusted::Expired => (
            format!("the broker's certificate expired on {until}"),
            format!("{words}; this machine's clock says {now}"),
            "the broker needs a new certificate; if the clock here is wrong, set it".to_owned(),
        ),
        Untrusted::NotYetValid => (
            format!("the broker's certificate is valid only from {from} on"),
            format!("{words}; this machine's clock says {now}"),
            "if the clock here is wrong, set it; else the certificate is one for later".to_owned(),
        ),
        Untrusted::Other(text) => (
            "the broker's certificate is not valid".to_owned(),
            format!("{text}; {words}"),
            "the broker needs another certificate".to_owned(),
        ),
    };
    Fault::new(Cause::Tls(Foreign::new(why)), address, Step::Tls, result).hint(hint)
}

/// The broker ended it with an alert.
fn refused(address: &Arc<str>, tls: &TlsReady, alert: AlertDescription) -> Fault {
    let fault = |why: &str, result: String| Fault::new(Cause::Tls(Foreign::new(why)), address, Step::Tls, result);
    let said = format!("the broker answered {alert:?}");
    match (alert, &tls.identity) {
        (AlertDescription::CertificateRequired | AlertDescription::BadCertificate | AlertDescription::HandshakeFailure, None) => {
            fault("the broker wants a client certificate, and none is set", said).hint(
                "cert and key, or keystore, in [contexts.NAME.tls]; ssl.keystore.location; ssl.certificate.location and ssl.key.location",
            )
        }
        (
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::AccessDenied
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::DecryptError,
            Some(facts),
        ) => fault("the broker does not take our client certificate", said).hint(format!(
            "ours is {}, valid until {}: its authority has to be in the broker's trust store",
            facts.words(),
            date(facts.not_after)
        )),
        (AlertDescription::ProtocolVersion, _) => fault("the broker and we share no TLS version", said)
            .hint("TLS 1.2 and 1.3 are spoken here: see ssl.enabled.protocols of the broker"),
        _ => fault("the broker ended the TLS handshake", said).hint("the broker's log tells why"),
    }
}

/// Makes a closed connection in clear text a TLS listener, when it is one.
pub(super) async fn or_is_tls(fault: Fault, peer: Option<SocketAddr>) -> Fault {
    if matches!(fault.cause, Cause::Disconnected)
        && let Some(peer) = peer
        && timeout(PROBE, speaks_tls(peer)).await == Ok(Some(()))
    {
        let address = Arc::clone(&fault.address);
        return Fault::new(Cause::WrongProtocol(SPEAKS_TLS), &address, Step::ApiVersions, SPEAKS_TLS).hint(USE_TLS);
    }
    fault
}

/// Whether a greeting of TLS 1.2 (RFC 5246, 7.4.1.2) is answered by a record of TLS: a hello, or an alert.
async fn speaks_tls(peer: SocketAddr) -> Option<()> {
    let mut stream = TcpStream::connect(peer).await.ok()?;
    let body: Vec<u8> = [&[3, 3][..], &[0x6b; 32], &[0, 0, 4, 0xc0, 0x2f, 0x00, 0x2f, 1, 0]].concat();
    let size = u8::try_from(body.len()).ok()?;
    let hello = [&[0x16, 3, 1, 0, size.checked_add(4)?, 1, 0, 0, size][..], &body].concat();
    stream.write_all(&hello).await.ok()?;
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    matches!(head, [0x15 | 0x16, 3]).then_some(())
}

/// Whether ApiVersions v0 in clear text is answered as Kafka does: with its correlation id.
async fn speaks_kafka(peer: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(peer).await.ok()?;
        stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0x4b, 0x53, 0x43, 0x4f, 0xff, 0xff]).await.ok()?;
        let mut head = [0; 8];
        stream.read_exact(&mut head).await.ok()?;
        head.ends_with(&[0x4b, 0x53, 0x43, 0x4f]).then_some(())
    };
    timeout(PROBE, ask).await == Ok(Some(()))
}

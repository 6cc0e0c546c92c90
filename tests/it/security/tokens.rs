//! Tokens of a provider, from a token server on this machine to a real Kafka, which takes unsecured ones.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::Client;
use crate::kafka::secured;

/// A token endpoint that knows one client, `kscope` with `word`; and how often it gave a token.
fn provider() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    thread::spawn(move || {
        let wanted = format!("Basic {}", STANDARD.encode("kscope:word"));
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut known, mut size) = (false, 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) < 3 {
                    break;
                }
                let (name, value) = line.trim().split_once(": ").unwrap_or_default();
                known |= name.eq_ignore_ascii_case("authorization") && value == wanted;
                size = if name.eq_ignore_ascii_case("content-length") { value.parse().unwrap() } else { size };
            }
            let mut body = vec![0; size];
            reader.read_exact(&mut body).unwrap();
            let right = known && body == b"grant_type=client_credentials&scope=kafka%20read";
            let (status, answer) = if right {
                count.fetch_add(1, Ordering::Relaxed);
                let claims = format!("{{\"sub\":\"app\",\"iat\":{0},\"exp\":{1}}}", 1_700_000_000, 4_000_000_000_u64);
                let token = format!("{}.{}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"), URL_SAFE_NO_PAD.encode(claims));
                ("200 OK", format!("{{\"access_token\":\"{token}\",\"expires_in\":300}}"))
            } else {
                ("401 Unauthorized", "{\"error\":\"invalid_client\"}".to_owned())
            };
            drop(write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}", answer.len()));
        }
    });
    (url, given)
}

#[test]
fn a_token_of_a_provider_is_fetched_once_and_sent_on_every_connection() {
    let Some(kafka) = secured() else { return };
    let (url, given) = provider();
    let client = || {
        Client::new(kafka, "SASL")
            .with("security.protocol", "SASL_PLAINTEXT")
            .with("sasl.mechanism", "OAUTHBEARER")
            .with("sasl.oauthbearer.token.endpoint.url", &url)
    };
    let module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"kscope\"";
    client().with("sasl.jaas.config", format!("{module} clientSecret=\"word\" scope=\"kafka read\";")).works();
    assert_eq!(given.load(Ordering::Relaxed), 1, "two connections, one token");
    let other = || {
        client()
            .with("sasl.oauthbearer.method", "oidc")
            .with("sasl.oauthbearer.client.id", "kscope")
            .with("sasl.oauthbearer.scope", "kafka read")
    };
    other().with("sasl.oauthbearer.client.secret", "word").works();
    let refused = other().with("sasl.oauthbearer.client.secret", "canary-9").topics();
    assert!(
        refused.code == Some(4) && refused.stderr.contains("refused the client: 401 invalid_client"),
        "{:?} {}",
        refused.code,
        refused.stderr
    );
    assert!(!refused.stderr.contains("canary-9"));
    let gone = Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT").with("sasl.mechanism", "OAUTHBEARER");
    let gone = gone
        .with("sasl.oauthbearer.token.endpoint.url", "http://127.0.0.1:1/token")
        .with("sasl.jaas.config", format!("{module} clientSecret=\"word\";"));
    gone.fails(3, &["http://127.0.0.1:1/token gave no token", "sasl.oauthbearer.token.endpoint.url names the provider"]);
    let far = Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT").with("sasl.mechanism", "OAUTHBEARER");
    let far = far
        .with("sasl.oauthbearer.token.endpoint.url", "http://login.example/token")
        .with("sasl.jaas.config", format!("{module} clientSecret=\"word\";"));
    far.fails(2, &["the client's secret would go in clear text"]);
}

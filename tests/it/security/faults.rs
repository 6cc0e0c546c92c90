//! Each mistake is told with the step that failed, the likely cause and the next step.

use super::Client;
use crate::kafka::secured;

#[test]
fn what_goes_wrong_with_tls_is_told_apart() {
    let Some(kafka) = secured() else { return };
    let file = |name: &str| kafka.tls(name).display().to_string();
    Client::new(kafka, "TLS").fails(3, &["a TLS listener answers there, and we spoke clear text", "security.protocol=SSL"]);
    let plain = Client(format!("bootstrap.servers={}\n", kafka.cluster.bootstrap[0]));
    plain.tls(kafka).fails(3, &["a Kafka listener in clear text answers there, and we spoke TLS", "security.protocol=PLAINTEXT"]);
    Client::new(kafka, "TLS").with("security.protocol", "SSL").with("ssl.ca.location", file("other-ca.pem")).fails(
        3,
        &[
            "no authority that is trusted here vouches for the broker's certificate",
            "CN=server, issued by CN=kscope test ca",
            "other-ca.pem",
            "ssl.truststore.location",
        ],
    );
    Client::new(kafka, "EXPIRED")
        .tls(kafka)
        .fails(3, &["the broker's certificate expired on 2021-01-01 00:00 UTC", "this machine's clock says"]);
    let elsewhere = || Client::new(kafka, "ELSEWHERE").tls(kafka);
    elsewhere()
        .fails(3, &["the broker's certificate is for another name", "its certificate is for elsewhere.example", "advertised.listeners"]);
    elsewhere().with("ssl.endpoint.identification.algorithm", "").works();
    elsewhere().with("enable.ssl.certificate.verification", "false").works();
    Client::new(kafka, "EXPIRED").tls(kafka).with("ssl.endpoint.identification.algorithm", "").fails(3, &["expired on 2021"]);
    let mtls = || Client::new(kafka, "MTLS").tls(kafka);
    mtls().fails(3, &["the broker wants a client certificate, and none is set", "ssl.keystore.location"]);
    mtls()
        .with("ssl.certificate.location", file("stranger.pem"))
        .with("ssl.key.location", file("stranger.key"))
        .fails(3, &["the broker does not take our client certificate", "CN=stranger, issued by CN=kscope test other-ca", "trust store"]);
}

#[test]
fn what_goes_wrong_with_stores_names_the_setting() {
    let Some(kafka) = secured() else { return };
    let file = |name: &str| kafka.tls(name).display().to_string();
    let mtls = || Client::new(kafka, "MTLS").tls(kafka);
    for store in ["client.p12", "client.jks"] {
        mtls()
            .with("ssl.keystore.location", file(store))
            .with("ssl.keystore.password", "wrong")
            .fails(2, &["client.properties:5 ssl.keystore.password: wrong password for", store]);
        mtls()
            .with("ssl.keystore.location", file(store))
            .fails(2, &["client.properties:4 ssl.keystore.location", "is locked, and no password is set"]);
    }
    let pem = |key: &str| mtls().with("ssl.certificate.location", file("client.pem")).with("ssl.key.location", file(key));
    pem("client.locked.key").fails(2, &["is locked, and no password is set"]);
    pem("client.locked.key").with("ssl.key.password", "wrong").fails(2, &["ssl.key.password: wrong password for"]);
    pem("client.old.key").with("ssl.key.password", "store-secret").fails(2, &["old encryption", "openssl pkcs8 -topk8"]);
    pem("stranger.key").fails(2, &["ssl.key.location: the key does not belong to the certificate"]);
    pem("ca.pem").fails(2, &["holds no key"]);
    let trust = |path: &str| Client::new(kafka, "TLS").with("security.protocol", "SSL").with("ssl.ca.location", path);
    trust("/no/such/file").fails(2, &["client.properties:3 ssl.ca.location: ", "there is no such file"]);
    trust(&file("client.key")).fails(2, &["holds no certificate"]);
    trust(&file("index")).fails(2, &["is neither PEM nor PKCS12 nor JKS"]);
}

#[test]
fn who_is_refused_learns_as_whom_and_what_the_broker_offers() {
    let Some(kafka) = secured() else { return };
    let sasl = || Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT");
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let as_whom = format!("authentication refused: {mechanism} as app: ");
        sasl().user(mechanism, "app", "wrong").fails(4, &["not_authenticated", &as_whom, "SCRAM-SHA-512", "does not try again by itself"]);
    }
    sasl().user("SCRAM-SHA-256", "nobody", "wrong").fails(4, &["SCRAM-SHA-256 as nobody"]);
    let plain = Client(format!("bootstrap.servers={}\n", kafka.cluster.bootstrap[0])).with("security.protocol", "SASL_PLAINTEXT");
    plain.user("PLAIN", "app", "app-secret").fails(3, &["this listener takes no SASL authentication", "security.protocol=PLAINTEXT"]);
    Client::new(kafka, "SASL").fails(3, &["the listener may ask for SASL authentication", "SASL_PLAINTEXT"]);
    sasl().with("sasl.mechanism", "GSSAPI").fails(2, &["client.properties:3 sasl.mechanism: Kerberos (GSSAPI) is not in this release"]);
}

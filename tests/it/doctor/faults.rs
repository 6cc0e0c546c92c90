//! Each mistake on a real cluster is told with its step, its exit code, the likely cause and the next step; and the advertised
//! address that cannot be reached, with both addresses.

use super::{Client, doctor, has};
use crate::kafka::{Cluster, Plan, Release, secured};

#[test]
fn what_goes_wrong_with_tls_is_told_at_its_step() {
    let Some(kafka) = secured() else { return };
    let file = |name: &str| kafka.tls(name).display().to_string();
    let tls = |listener: &str| Client::new(kafka, listener).tls(kafka);
    let stranger = Client::new(kafka, "TLS").with("security.protocol", "SSL").with("ssl.ca.location", file("other-ca.pem"));
    stranger.look().fails(
        3,
        "tls",
        &["no authority that is trusted here", "issued by CN=kscope test ca", "other-ca.pem", "ssl.truststore.location"],
    );
    tls("EXPIRED").look().fails(3, "tls", &["expired on 2021-01-01", "this machine's clock says"]);
    tls("ELSEWHERE").look().fails(3, "tls", &["for another name", "elsewhere.example", "advertised.listeners"]);
    tls("MTLS").look().fails(3, "tls", &["wants a client certificate, and none is set", "ssl.keystore.location"]);
    Client::new(kafka, "TLS").look().fails(3, "apiVersions", &["a TLS listener answers there", "security.protocol=SSL"]);
    let clear = Client(format!("bootstrap.servers={}\n", kafka.cluster.bootstrap[0]));
    clear.tls(kafka).look().fails(3, "tls", &["a Kafka listener in clear text answers there", "security.protocol=PLAINTEXT"]);
    let other = tls("MTLS").with("ssl.certificate.location", file("stranger.pem")).with("ssl.key.location", file("stranger.key"));
    other.look().fails(3, "tls", &["does not take our client certificate", "CN=stranger"]);
    // Before anything is dialled.
    let store = || tls("MTLS").with("ssl.keystore.location", file("client.p12"));
    let told = store().with("ssl.keystore.password", "canary").look();
    told.fails(2, "stores", &["client.properties:5 ssl.keystore.password", "wrong password for"]);
    assert!(!told.whole.to_string().contains("canary"), "{:#}", told.whole);
    assert_eq!(told.one("tcp")["verdict"], "good", "what can still be looked at is");
    store().look().fails(2, "stores", &["is locked, and no password is set"]);
    let misfit = tls("MTLS").with("ssl.certificate.location", file("client.pem")).with("ssl.key.location", file("stranger.key"));
    misfit.look().fails(2, "stores", &["the key does not belong to the certificate"]);
    let old = tls("MTLS").with("ssl.keystore.location", file("old.both.pem")).look();
    assert_eq!(old.code, Some(3));
    has(old.step("stores")[1], &["bad", "CN=old", "expired on 2021-01-01", "new certificate"]);
}

#[test]
fn who_is_refused_learns_it_at_sasl_with_code_4_and_no_password_is_repeated() {
    let Some(kafka) = secured() else { return };
    let sasl = || Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT");
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let told = sasl().user(mechanism, "app", "canary").look();
        told.fails(4, "sasl", &[&format!("{mechanism} as app"), "the broker offers", "does not try again by itself", "not_authenticated"]);
        assert!(!told.whole.to_string().contains("canary"), "{:#}", told.whole);
        assert_eq!(told.one("apiVersions")["verdict"], "good");
    }
    let clear = sasl()
        .with("security.protocol", "SASL_SSL")
        .user("PLAIN", "app", "app-secret")
        .with("ssl.ca.location", kafka.tls("ca.pem").display());
    clear.look().fails(3, "tls", &["a Kafka listener in clear text answers there"]);
    Client::new(kafka, "SASL").look().fails(3, "cluster", &["the listener may ask for SASL authentication", "SASL_PLAINTEXT"]);
    sasl().with("sasl.mechanism", "GSSAPI").look().fails(2, "settings", &["Kerberos (GSSAPI) is not in this release"]);
    let plain = Client(format!("bootstrap.servers={}\n", kafka.cluster.bootstrap[0])).with("security.protocol", "SASL_PLAINTEXT");
    plain.user("PLAIN", "app", "app-secret").look().fails(3, "sasl", &["takes no SASL authentication"]);
}

#[test]
fn a_password_in_clear_text_is_refused_before_anything_is_sent() {
    let Some(kafka) = secured() else { return };
    let text = format!(
        "[contexts.c]\nbootstrap = {:?}\n[contexts.c.sasl]\nmechanism = \"PLAIN\"\nusername = \"app\"\npassword_command = \"echo app-secret\"\n",
        kafka.at("SASL")
    );
    let home = crate::run::Home::new().with(".config/kscope/config.toml", &text);
    super::in_home(&home, &["c"]).fails(2, "settings", &["in clear text, and there is no TLS", "SASL_SSL"]);
}

/// The classic mistake of containers.
#[test]
fn an_advertised_address_that_cannot_be_reached_is_told_with_both_addresses() {
    let Some(kafka) = Cluster::start(Plan { advertise: "broker.invalid", ..Plan::one(Release::V4_2) }) else { return };
    let bootstrap = &kafka.bootstrap[0];
    let told = doctor(&["-b", bootstrap]);
    let port = bootstrap.rsplit(':').next().unwrap();
    let trap = format!("{bootstrap} answers and says that broker 1 is at broker.invalid:{port}");
    told.fails(3, "brokers", &[&trap, "no such host", "advertised.listeners of broker 1"]);
    // What the bootstrap address tells is told all the same.
    assert_eq!(told.one("cluster")["verdict"], "good");
    assert_eq!(told.step("allowed").len(), 3);
}

//! What clients have in their files works as it is.

use super::Client;
use crate::kafka::secured;
use crate::run::Home;

const JAAS: &str = "org.apache.kafka.common.security";

#[test]
fn every_mechanism_works_in_clear_text_and_under_tls_from_the_files_of_both_kinds_of_clients() {
    let Some(kafka) = secured() else { return };
    for (listener, protocol) in [("SASL", "SASL_PLAINTEXT"), ("SASLTLS", "SASL_SSL")] {
        let client = || {
            let client = Client::new(kafka, listener).with("security.protocol", protocol);
            if listener == "SASL" {
                client
            } else {
                client.with("ssl.truststore.location", kafka.tls("trust.p12").display()).with("ssl.truststore.password", "store-secret")
            }
        };
        for (mechanism, module) in [("PLAIN", "plain.Plain"), ("SCRAM-SHA-256", "scram.Scram"), ("SCRAM-SHA-512", "scram.Scram")] {
            client().user(mechanism, "app", "app-secret").works();
            let jaas = format!("{JAAS}.{module}LoginModule required \\\n  username=\"app\" \\\n  password=\"app-secret\";");
            client().with("sasl.mechanism", mechanism).with("sasl.jaas.config", jaas).works();
        }
        let jaas = format!("{JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"app\";");
        client().with("sasl.mechanism", "OAUTHBEARER").with("sasl.jaas.config", jaas).works();
        client()
            .with("sasl.mechanisms", "OAUTHBEARER")
            .with("enable.sasl.oauthbearer.unsecure.jwt", "true")
            .with("sasl.oauthbearer.config", "principal=app")
            .works();
    }
}

#[test]
fn stores_of_every_kind_are_known_by_their_content() {
    let Some(kafka) = secured() else { return };
    let file = |name: &str| kafka.tls(name).display().to_string();
    let ours = |client: Client| client.with("ssl.certificate.location", file("client.pem")).with("ssl.key.location", file("client.key"));
    let tls = || Client::new(kafka, "MTLS").with("security.protocol", "SSL");
    for trust in ["trust.p12", "trust.jks", "trust-openssl.p12", "ca.pem"] {
        ours(tls()).with("ssl.truststore.location", file(trust)).with("ssl.truststore.password", "store-secret").works();
    }
    for key in ["client.key", "client.pkcs1.key"] {
        tls()
            .with("ssl.ca.location", file("ca.pem"))
            .with("ssl.certificate.location", file("client.pem"))
            .with("ssl.key.location", file(key))
            .works();
    }
    tls()
        .with("ssl.ca.location", file("ca.pem"))
        .with("ssl.certificate.location", file("client.pem"))
        .with("ssl.key.location", file("client.locked.key"))
        .with("ssl.key.password", "store-secret")
        .works();
    for store in ["client.p12", "client.jks", "client.both.pem"] {
        tls()
            .with("ssl.ca.location", file("ca.pem"))
            .with("ssl.keystore.location", file(store))
            .with("ssl.keystore.password", "store-secret")
            .works();
    }
    // PEM in the setting itself, on one line as Java has it (KIP-651).
    let inline = |name: &str| std::fs::read_to_string(kafka.tls(name)).unwrap().replace('\n', " ");
    tls()
        .with("ssl.truststore.type", "PEM")
        .with("ssl.truststore.certificates", inline("ca.pem"))
        .with("ssl.keystore.certificate.chain", inline("client.pem"))
        .with("ssl.keystore.key", inline("client.key"))
        .works();
}

#[test]
fn a_context_says_the_same_and_secrets_come_from_elsewhere() {
    let Some(kafka) = secured() else { return };
    let ca = kafka.tls("ca.pem").display().to_string();
    let text = format!(
        "[contexts.a]\nbootstrap = {:?}\n[contexts.a.tls]\nca = {ca:?}\n[contexts.a.sasl]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"app\"\npassword_file = \"secret\"\n\
         [contexts.b]\nproperties_file = \"client.properties\"\n[contexts.b.properties]\n\"sasl.username\" = \"app\"\n\
         [contexts.c]\nbootstrap = {:?}\n[contexts.c.sasl]\nmechanism = \"PLAIN\"\nusername = \"app\"\npassword_command = \"echo app-secret\"\n",
        kafka.at("SASLTLS"),
        kafka.at("SASL"),
    );
    let client = Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT").user("PLAIN", "nobody", "${env:WORD}");
    let home = Home::new()
        .with(".config/kscope/config.toml", &text)
        .with(".config/kscope/secret", "app-secret\n")
        .with(".config/kscope/client.properties", &client.0);
    let word = [("WORD", "app-secret")];
    for context in ["a", "b"] {
        let done = home.kscope(&["topics", "-c", context, "-o", "ndjson"], &word).ok();
        assert!(done.text().contains("orders"), "{context}: {}", done.text());
    }
    // The same with single keys on top, in place of what the context says.
    let done = home.kscope(&["topics", "-c", "b", "-X", "sasl.mechanism=SCRAM-SHA-256"], &word).ok();
    assert!(done.text().contains("orders"), "{}", done.text());
    // PLAIN in clear text is meant only where somebody says so.
    let refused = home.kscope(&["topics", "-c", "c"], &[]);
    assert!(refused.code == Some(2) && refused.stderr.contains("in clear text, and there is no TLS"), "{}", refused.stderr);
    home.kscope(&["topics", "-c", "c", "-X", "security.protocol=SASL_PLAINTEXT"], &[]).ok();
}

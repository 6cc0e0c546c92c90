//! A way that works is told step by step, and nothing is wrong with it.

use super::{Client, Told, has, in_home};
use crate::kafka::{Secured, secured};
use crate::run::Home;

/// Every step of the way was good.
#[track_caller]
fn well(told: &Told, client: &Client) {
    assert_eq!(told.code, Some(0), "{}\n{:#}", client.0, told.whole);
    let wrong = told.wrong();
    assert!(wrong.is_empty(), "{}\n{wrong:#?}", client.0);
    for step in ["dns", "tcp", "apiVersions", "cluster", "brokers"] {
        assert_eq!(told.one(step)["verdict"], "good", "{}\n{:#}", client.0, told.whole);
    }
    has(told.one("apiVersions"), &["Kafka 4.2"]);
    has(told.one("cluster"), &["1 broker", "controller 1"]);
    has(told.one("offered"), &["everything that kscope asks for"]);
    assert!(told.step("allowed").iter().any(|finding| finding["words"].as_str().unwrap().contains("1 topic visible")), "{:#}", told.whole);
}

fn ours(client: Client, kafka: &Secured) -> Client {
    let store = kafka.tls("client.p12");
    client.with("ssl.keystore.location", store.display()).with("ssl.keystore.password", "store-secret")
}

#[test]
fn every_listener_is_looked_at_to_the_end() {
    let Some(kafka) = secured() else { return };
    let tls = Client::new(kafka, "TLS").tls(kafka);
    let told = tls.look();
    well(&told, &tls);
    has(told.one("tls"), &["TLS 1.3", "CN=server, issued by CN=kscope test ca", "for localhost, 127.0.0.1", "until 2099-12-31"]);
    has(told.one("stores"), &["client.properties:3 ssl.ca.location", "(PEM)", "we trust CN=kscope test ca"]);
    assert_eq!(told.one("sasl")["verdict"], "skipped");

    let mtls = ours(Client::new(kafka, "MTLS").tls(kafka), kafka);
    let told = mtls.look();
    well(&told, &mtls);
    let stores = told.step("stores");
    has(stores[1], &["client.p12 (PKCS12)", "our certificate and its key: CN=client, issued by CN=kscope test ca"]);

    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let client = Client::new(kafka, "SASLTLS").tls(kafka).with("security.protocol", "SASL_SSL").user(mechanism, "app", "app-secret");
        let told = client.look();
        well(&told, &client);
        has(told.one("sasl"), &[&format!("{mechanism} as User:app"), "OAUTHBEARER", "SCRAM-SHA-512"]);
        assert!(!told.whole.to_string().contains("app-secret"), "{:#}", told.whole);
    }
    let short = Client::new(kafka, "SHORT").with("security.protocol", "SASL_PLAINTEXT").user("SCRAM-SHA-256", "app", "app-secret");
    let told = short.look();
    well(&told, &short);
    has(told.one("sasl"), &["a session lasts "]);
}

#[test]
fn what_works_and_should_not_stay_so_is_a_warning() {
    let Some(kafka) = secured() else { return };
    let warned = |client: &Client, step: &str, words: &[&str]| {
        let told = client.look();
        assert_eq!(told.code, Some(0), "{:#}", told.whole);
        let wrong = told.wrong();
        assert!(wrong.len() == 1 && wrong[0]["step"] == step, "{wrong:#?}");
        has(wrong[0], words);
    };
    let clear = Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT").user("PLAIN", "app", "app-secret");
    warned(&clear, "sasl", &["goes in clear text", "SASL_SSL"]);
    let elsewhere = Client::new(kafka, "ELSEWHERE").tls(kafka);
    warned(
        &elsewhere.clone().with("ssl.endpoint.identification.algorithm", ""),
        "tls",
        &["its names are not checked", "for elsewhere.example"],
    );
    warned(&elsewhere.with("enable.ssl.certificate.verification", "false"), "tls", &["nothing of it is checked"]);
    // Ten days are left.
    warned(&Client::new(kafka, "SOON").tls(kafka), "tls", &["CN=soon expires in ", "new certificate"]);
    let ending = Client::new(kafka, "MTLS").tls(kafka);
    let ending = ending.with("ssl.keystore.location", kafka.tls("soon.both.pem").display());
    // Its owner may do next to nothing there, which is told as well.
    let told = ending.look();
    assert_eq!(told.code, Some(0), "{:#}", told.whole);
    has(told.step("stores")[1], &["warn", "our certificate and its key: CN=soon", "have a new certificate made"]);
}

#[test]
fn a_context_tells_its_lines_and_must_lead_to_the_cluster_that_it_expects() {
    let Some(kafka) = secured() else { return };
    let config = |expected: &str| {
        let ca = kafka.tls("ca.pem").display().to_string();
        format!(
            "[contexts.a]\nbootstrap = {:?}\nexpect_cluster_id = {expected:?}\n[contexts.a.tls]\nca = {ca:?}\n[contexts.a.sasl]\nmechanism = \"PLAIN\"\nusername = \"app\"\npassword_env = \"WORD\"\n",
            kafka.at("SASLTLS")
        )
    };
    let home = Home::new().with(".config/kscope/config.toml", &config("another"));
    let look = |home: &Home, word: &str| Told::of(&home.kscope(&["doctor", "a", "-o", "json"], &[("WORD", word)]));
    let told = look(&home, "app-secret");
    told.fails(3, "cluster", &["expected is another", "expect_cluster_id", "other_cluster"]);
    assert_eq!(told.whole["context"], "a");
    let settings = told.step("settings");
    let said = |subject: &str, words: &str| {
        let found = settings
            .iter()
            .any(|one| one["subject"].as_str().unwrap().ends_with(subject) && one["words"].as_str().unwrap().contains(words));
        assert!(found, "{subject} {words}: {settings:#?}");
    };
    said("config.toml:2 contexts.a.bootstrap", kafka.at("SASLTLS"));
    said("config.toml:5 contexts.a.tls.ca", "ca.pem");
    said("config.toml:8 contexts.a.sasl.username", "app");
    said("config.toml:9 contexts.a.sasl.password_env", "from the variable WORD");
    has(told.one("secrets"), &["read from the variable WORD"]);
    let id = told.one("cluster")["words"].as_str().unwrap().split(',').next().unwrap().to_owned();
    let right = Home::new().with(".config/kscope/config.toml", &config(&id));
    assert_eq!(look(&right, "app-secret").code, Some(0));
    // What cannot be had is told, and what can still be looked at is.
    let told = Told::of(&right.kscope(&["doctor", "a", "-o", "json"], &[]));
    told.fails(2, "secrets", &["config.toml:9 contexts.a.sasl.password_env", "the variable WORD is not set", "export WORD"]);
    assert_eq!((told.one("stores")["verdict"].as_str(), told.one("tcp")["verdict"].as_str()), (Some("good"), Some("good")));
}

#[test]
fn a_broken_configuration_is_the_first_finding_and_an_address_is_still_looked_at() {
    let Some(kafka) = secured() else { return };
    let home = Home::new().with(".config/kscope/config.toml", "[ui]\nthem = \"dark\"\n");
    let told = in_home(&home, &["-b", &kafka.cluster.bootstrap[0]]);
    told.fails(2, "config", &["config.toml:2", "them", "theme"]);
    assert_eq!(told.one("cluster")["verdict"], "good");
    let told = in_home(&home, &["prod"]);
    told.fails(2, "config", &["config.toml:2"]);
    has(told.one("settings"), &["there is no context prod: contexts are known once the configuration can be read"]);
    let alone = Told::of(&Home::new().kscope(&["doctor", "-o", "json"], &[]));
    assert_eq!(alone.code, Some(0), "{:#}", alone.whole);
    has(alone.one("settings"), &["no cluster is named"]);
}

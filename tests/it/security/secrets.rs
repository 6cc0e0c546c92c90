//! A password stands in no argument, no log, no file of ours, no screen and no error.

use std::path::Path;

use super::Client;
use crate::kafka::secured;
use crate::pty::{ON_TOPICS, Terminal};
use crate::run::Home;

const CANARY: &str = "canary-7f3a";

/// Every file below a folder that holds the word, but those that the test itself wrote.
fn files_with(word: &str, folder: &Path, own: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files_with(word, &entry, own));
        } else if !own.iter().any(|name| entry.ends_with(name)) && String::from_utf8_lossy(&std::fs::read(&entry).unwrap()).contains(word) {
            found.push(entry.display().to_string());
        }
    }
    found
}

#[test]
fn a_password_is_never_seen() {
    let Some(kafka) = secured() else { return };
    let client = |listener: &str| Client::new(kafka, listener);
    let jaas = format!("org.apache.kafka.common.security.plain.PlainLoginModule required username=\"app\" password=\"{CANARY}\";");
    let store = kafka.tls("client.p12").display().to_string();
    let wrong = [
        client("SASL").with("security.protocol", "SASL_PLAINTEXT").user("PLAIN", "app", CANARY),
        client("SASL").with("security.protocol", "SASL_PLAINTEXT").user("SCRAM-SHA-512", "app", CANARY),
        client("SASL").with("security.protocol", "SASL_PLAINTEXT").with("sasl.mechanism", "PLAIN").with("sasl.jaas.config", &jaas),
        client("SASL")
            .with("security.protocol", "SASL_PLAINTEXT")
            .with("sasl.mechanism", "PLAIN")
            .with("sasl.jaas.config", jaas.trim_end_matches("\";")),
        client("SASL").with("security.protocol", "SASL_PLAINTEXT").with("sasl.mechanism", "SCRAM-SHA-256").with("sasl.jaas.config", &jaas),
        client("MTLS").tls(kafka).with("ssl.keystore.location", &store).with("ssl.keystore.password", CANARY),
        client("SASL").with("security.protocol", "PLAINTEXT").with("sasl.password", CANARY),
    ];
    for client in &wrong {
        for arguments in [
            &["topics"][..],
            &["tail", "orders"],
            &["topics", "-o", "json"],
            &["topics", "-o", "table"],
            &["doctor"],
            &["doctor", "-o", "table"],
        ] {
            let home = Home::new().with("client.properties", &client.0);
            let file = home.path().join("client.properties").display().to_string();
            let done = home.kscope(&[arguments, &["--properties", &file]].concat(), &[("KSCOPE_LOG", "trace"), ("RUST_BACKTRACE", "1")]);
            assert_ne!(done.code, Some(0), "{}", client.0);
            assert!(!done.stderr.contains(CANARY) && !done.text().contains(CANARY), "{}", done.stderr);
            assert_eq!(files_with(CANARY, home.path(), &["client.properties"]), Vec::<String>::new());
        }
    }
}

#[test]
fn a_configuration_with_a_password_in_it_is_refused_and_not_repeated() {
    let texts = [
        format!("[contexts.a]\nbootstrap = \"h:1\"\n[contexts.a.sasl]\npassword = \"{CANARY}\"\n"),
        format!("[contexts.a]\nbootstrap = \"h:1\"\n[contexts.a.properties]\n\"sasl.password\" = \"{CANARY}\n"),
        format!("[contexts.a]\nbootstrap = \"h:1\"\n[contexts.a.properties]\n\"sasl.jaas.config\" = [\"{CANARY}\"]\n"),
        format!("[contexts.a]\nbootstrap = \"h:1\"\n[contexts.a.properties]\n\"sasl.password\" = \"{CANARY}\"\n"),
    ];
    for text in texts {
        for arguments in [
            &["config", "check"][..],
            &["config", "show"],
            &["config", "show", "-o", "json"],
            &["topics", "-c", "a", "-X", "security.protocol=SASL_SSL"],
        ] {
            let done = Home::new().with(".config/kscope/config.toml", &text).kscope(arguments, &[]);
            assert!(!done.stderr.contains(CANARY) && !done.text().contains(CANARY), "{}{}", done.stderr, done.text());
        }
    }
    let done = Home::new().kscope(&["topics", "-b", "h:1", "-X", &format!("sasl.password={CANARY}")], &[]);
    assert!(done.code == Some(2) && !done.stderr.contains(CANARY), "{}", done.stderr);
}

#[test]
fn a_screen_that_says_who_was_refused_does_not_say_the_password() {
    let Some(kafka) = secured() else { return };
    let client = Client::new(kafka, "SASL").with("security.protocol", "SASL_PLAINTEXT").user("SCRAM-SHA-512", "app", CANARY);
    let home = Home::new().with("client.properties", &client.0);
    let file = home.path().join("client.properties").display().to_string();
    let mut screen = Terminal::kscope_in(home, &["--properties", &file], &[ON_TOPICS, ("KSCOPE_LOG", "trace")], 120, 30);
    let text = screen.until_text("SCRAM-SHA-512 as app");
    assert!(text.contains("It is not tried again by itself"), "{text}");
    screen.keys("q");
    screen.ended();
    assert!(!String::from_utf8_lossy(&screen.raw()).contains(CANARY));
}

//! Sessions that last two seconds are kept while one reads, over the same sockets; and a user that is deleted meanwhile is told.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Client;
use crate::kafka::{Codec, Secured, record, secured};
use crate::pty::{ON_TOPICS, Terminal};
use crate::run::{Home, Running};

/// Two seconds, as the broker has it.
const SESSION: Duration = Duration::from_secs(2);

fn short(kafka: &Secured, user: &str) -> Client {
    Client::new(kafka, "SHORT").with("security.protocol", "SASL_PLAINTEXT").user("SCRAM-SHA-256", user, &format!("{user}-secret"))
}

fn tail(home: &Home, topic: &str) -> Running {
    let file = home.path().join("client.properties").display().to_string();
    Running::start_in(home, &["tail", topic, "--from", "earliest", "-o", "ndjson", "--properties", &file], &[])
}

/// Local ports of established connections to a port here, as Linux tells them; nothing elsewhere.
fn sockets_to(address: &str) -> Option<BTreeSet<String>> {
    let port: u16 = address.rsplit(':').next()?.parse().ok()?;
    let remote = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let fields = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    Some(
        fields
            .filter(|fields| fields.get(2) == Some(&remote.as_str()) && fields.get(3) == Some(&"01"))
            .map(|fields| fields[1].to_owned())
            .collect(),
    )
}

#[test]
fn a_session_that_ends_is_not_noticed_by_who_reads() {
    let Some(kafka) = secured() else { return };
    let mut writer = kafka.writer();
    writer.create("long-read", 1, 1, &[]);
    writer.append("long-read", 0, Codec::None, &[record("first")]);
    let home = Home::new().with("client.properties", &short(kafka, "app").0);
    let running = tail(&home, "long-read");
    running.until("the first record", |lines| (lines.len() == 1).then_some(()));
    let (began, before) = (Instant::now(), sockets_to(kafka.at("SHORT")));
    // A record every moment, over more than three sessions.
    let mut written = 1;
    while began.elapsed() < SESSION * 4 {
        writer.append("long-read", 0, Codec::None, &[record("more")]);
        written += 1;
        running.until("the record is read", |lines| (lines.len() == written).then_some(()));
    }
    let offsets: Vec<i64> = running.until("all of them", |lines| {
        let offset = |line: &&str| serde_json::from_str::<serde_json::Value>(line).unwrap()["offset"].as_i64().unwrap();
        Some(lines.iter().map(offset).collect())
    });
    assert_eq!(offsets, (0..i64::try_from(written).unwrap()).collect::<Vec<_>>());
    let after = sockets_to(kafka.at("SHORT"));
    if let (Some(before), Some(after)) = (before, after) {
        assert!(!before.is_empty() && before.is_subset(&after), "the sockets of the reader are others: {before:?}, {after:?}");
    }
    assert!(!running.words().contains("refused") && !running.words().contains("closed"), "{}", running.words());
    running.signal(rustix::process::Signal::INT);
    running.finish();
}

#[test]
fn a_user_that_is_deleted_is_told_and_nothing_is_tried_again_by_itself() {
    let Some(kafka) = secured() else { return };
    let client = short(kafka, "leaver");
    let (home, other) = (Home::new().with("client.properties", &client.0), Home::new().with("client.properties", &client.0));
    let file = other.path().join("client.properties").display().to_string();
    let screen = Terminal::kscope_in(other, &["--properties", &file], &[ON_TOPICS], 120, 30);
    screen.until_text("orders");
    let running = tail(&home, "orders");
    running.until("the records", |lines| (lines.len() >= 2).then_some(()));
    kafka.forget_user("leaver");
    let done = running.finish();
    assert!(
        done.code == Some(4) && done.stderr.contains("authentication refused: SCRAM-SHA-256 as leaver"),
        "{:?} {}",
        done.code,
        done.stderr
    );
    let text = screen.until_text("It is not tried again by itself");
    assert!(text.contains("SCRAM-SHA-256 as leaver") && text.contains("orders"), "the old rows stay: {text}");
}

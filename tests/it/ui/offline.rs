//! A cluster that does not answer: the panel says why, address by address, and goes by itself when a broker comes.

use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, MetadataRequest};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::{Cluster, Plan, Release, serial};
use crate::run::{kscope, tell};
use crate::scripted::{Action, FakeTopic, Healthy, Hole, Scripted, Stranger, closed};

use super::Ui;

fn orders() -> Healthy {
    Healthy::with(vec![FakeTopic::holding("orders", &[&["one"]])])
}

/// What is found at the addresses must be named within the deadline of a dial and a question, with room for a busy machine.
#[track_caller]
fn told(ui: &Ui, what: &str, words: &[&str]) {
    let began = Instant::now();
    ui.until(what, |seen| seen.title("Not connected").is_some() && words.iter().all(|word| seen.has(word)));
    let took = began.elapsed();
    tell(&format!("{what}: told after {} ms", took.as_millis()));
    assert!(took < Duration::from_secs(25), "{what}: told after {took:?}");
}

/// Somebody else, then a broker at the same address: no key is pressed.
fn recovers(who: Stranger, words: &[&str]) {
    let stranger = Scripted::stranger(who);
    let address = stranger.address();
    let ui = Ui::open(&address);
    told(&ui, &format!("{who:?}"), words);
    drop(stranger);
    let healthy = orders();
    let broker = Scripted::start_at(&address, move |q| healthy.answer(q));
    ui.until("the broker is found", |seen| seen.has("orders") && seen.title("Not connected").is_none());
    ui.quit();
    assert_eq!(broker.mutations(), []);
}

#[test]
fn a_closed_port_is_named_and_a_broker_that_comes_up_is_found() {
    let address = closed();
    let ui = Ui::open(&address);
    told(&ui, "closed", &[&address, "TCP connect", "connection refused", "tried again by itself"]);
    let healthy = orders();
    let broker = Scripted::start_at(&address, move |q| healthy.answer(q));
    ui.until("the broker is found", |seen| seen.has("orders") && seen.title("Not connected").is_none());
    ui.quit();
    assert_eq!(broker.mutations(), []);
}

#[test]
fn a_web_server_is_named_and_a_broker_in_its_place_is_found() {
    recovers(Stranger::Http, &["HTTP"]);
}

#[test]
fn a_tls_port_is_named_and_a_broker_in_its_place_is_found() {
    recovers(Stranger::Tls, &["TLS"]);
}

#[test]
fn an_ssh_server_is_named_and_a_broker_in_its_place_is_found() {
    recovers(Stranger::Ssh, &["SSH"]);
}

#[test]
fn who_never_answers_is_named_and_a_broker_in_its_place_is_found() {
    recovers(Stranger::Silent, &["no answer within"]);
}

#[test]
fn an_address_that_swallows_everything_is_named_while_keys_are_answered() {
    let Some(hole) = Hole::open() else { return };
    let address = hole.address();
    let mut ui = Ui::open(&address);
    ui.until("it is connecting", |seen| seen.has("connecting"));
    ui.press("?");
    ui.until("the help, before any deadline has passed", |seen| seen.title("Help").is_some());
    ui.press("\x1b");
    told(&ui, "a hole", &[&address, "TCP connect", "no answer within 5 s", "tried again by itself"]);
    drop(hole);
    let healthy = orders();
    let broker = Scripted::start_at(&address, move |q| healthy.answer(q));
    ui.until("the broker is found", |seen| seen.has("orders") && seen.title("Not connected").is_none());
    ui.quit();
    assert_eq!(broker.mutations(), []);
}

#[test]
fn keys_are_answered_and_quitting_works_while_nobody_answers() {
    let silent = Scripted::stranger(Stranger::Silent);
    let mut ui = Ui::open(&silent.address());
    ui.until("it is connecting", |seen| seen.has("connecting"));
    let began = Instant::now();
    ui.press("?");
    ui.until("the help", |seen| seen.title("Help").is_some());
    ui.quit();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Nothing of another cluster is shown as if it were of the one that was opened (P17).
#[test]
fn another_cluster_behind_the_same_address_is_named() {
    let healthy = orders();
    let broker = Scripted::start(move |q| healthy.answer(q));
    let address = broker.address();
    let ui = Ui::open(&address);
    ui.until_text("orders");
    drop(broker);
    ui.until("the loss is told", |seen| seen.title("Connection lost").is_some());
    let healthy = Healthy::with(vec![FakeTopic::empty("of-another-cluster", 1)]);
    let broker = Scripted::start_at(&address, move |q| match q.api {
        ApiKey::Metadata => {
            let response = healthy.metadata(q).with_cluster_id(Some(StrBytes::from_static_str("another-cluster")));
            Action::Reply(q.answer::<MetadataRequest>(&response))
        }
        ApiKey::DescribeCluster => Action::Close,
        _ => healthy.answer(q),
    });
    ui.until("the other cluster is named and not shown", |seen| {
        seen.has("another-cluster") && seen.has("scripted-cluster") && seen.has("orders") && !seen.has("of-another-cluster")
    });
    ui.quit();
    assert_eq!(broker.mutations(), []);
}

/// The classic mistake of containers: the bootstrap address works, what the broker advertises does not.
#[test]
fn an_advertised_address_that_cannot_be_reached_is_named_and_names_are_listed() {
    let healthy = orders();
    let broker = Scripted::start(move |q| match q.api {
        ApiKey::Metadata => {
            let mut response = healthy.metadata(q);
            response.brokers[0].host = StrBytes::from_static_str("broker.invalid");
            Action::Reply(q.answer::<MetadataRequest>(&response))
        }
        _ => healthy.answer(q),
    });
    let mut ui = Ui::open(&broker.address());
    ui.topic("orders");
    ui.until("who cannot be reached", |seen| seen.has("broker.invalid") && !seen.has("● LIVE"));
    ui.quit();
    let done = kscope(&["tail", "-b", &broker.address(), "--from", "earliest", "--until", "now", "orders"]);
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert!(done.stderr.contains("broker.invalid"), "{}", done.stderr);
    assert_eq!(broker.mutations(), []);
}

#[test]
fn a_name_that_is_unknown_is_named() {
    let ui = Ui::open("no-such-host.invalid:9092");
    told(&ui, "an unknown name", &["no-such-host.invalid:9092", "DNS"]);
    ui.quit();
}

#[test]
fn every_address_has_its_own_cause() {
    let (refused, web) = (closed(), Scripted::stranger(Stranger::Http));
    let addresses = format!("{refused},{},no-such-host.invalid:9092", web.address());
    let ui = Ui::open(&addresses);
    told(&ui, "three addresses", &[&refused, "connection refused", &web.address(), "HTTP", "no-such-host.invalid:9092", "DNS"]);
    ui.quit();
}

#[test]
fn a_cluster_that_goes_and_comes_again_is_told_and_found() {
    let _alone = serial();
    let Some(mut kafka) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let mut writer = crate::kafka::Writer::connect(&kafka.internal);
    writer.create("kept", 1, 1, &[]);
    let ui = Ui::open(&kafka.brokers());
    ui.until_text("kept");
    kafka.kill(1);
    ui.until("the loss is told, and what was read is kept", |seen| {
        seen.title("Connection lost").is_some()
            && seen.has("OFFLINE since")
            && seen.has("connection refused")
            && seen.has("STALE")
            && seen.has("kept")
    });
    let late = Ui::open(&kafka.brokers());
    told(&late, "a dead broker", &["connection refused"]);
    kafka.restart(1);
    ui.until("the old session goes on", |seen| seen.title("Connection lost").is_none() && !seen.has("STALE") && seen.has("kept"));
    late.until("the new session begins", |seen| seen.title("Not connected").is_none() && seen.has("kept"));
    ui.quit();
    late.quit();
}

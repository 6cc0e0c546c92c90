//! What cannot be done is said in a sentence, as JSON where JSON is asked for, with the exit code of its kind.

use crate::kafka::{Release, seeded};
use crate::run::{Finished, Home, kscope};
use crate::scripted::{Hole, Scripted, Stranger, closed, faults};
use crate::ui::inventory;

/// Nothing on standard output, this exit code, and all of these words.
#[track_caller]
fn refused(done: &Finished, code: i32, words: &[&str]) {
    assert_eq!(done.code, Some(code), "{}", done.stderr);
    assert!(done.stdout.is_empty());
    for word in words {
        assert!(done.stderr.contains(word), "{word} is not in\n{}", done.stderr);
    }
    assert!(!done.stderr.contains("panicked") && !done.stderr.contains('\x1b'), "{}", done.stderr);
}

/// The one JSON object on standard error.
#[track_caller]
fn error(done: &Finished) -> serde_json::Value {
    let mut lines = done.stderr.lines();
    let line = lines.next().unwrap_or_default();
    assert_eq!(lines.next(), None, "{}", done.stderr);
    let json: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    assert!(json["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{line}");
    assert!(json["error"].get("hint").is_some(), "{line}");
    json["error"]["code"].clone()
}

#[test]
fn a_topic_that_is_not_there_is_not_found_and_nothing_is_created() {
    for release in [Release::V2_8, Release::V3_9, Release::V4_2] {
        let Some(kafka) = seeded(release) else { return };
        let brokers = kafka.cluster.brokers();
        let done = kscope(&["tail", "-b", &brokers, "--from", "earliest", "click"]);
        refused(&done, 5, &["click", "did you mean clicks?"]);
        let done = kscope(&["tail", "-b", &brokers, "-o", "ndjson", "no-such-topic"]);
        refused(&done, 5, &["no-such-topic"]);
        assert_eq!(error(&done), "not_found");
        let done = kscope(&["tail", "-b", &brokers, "-p", "99", "clicks"]);
        refused(&done, 5, &["partition 99"]);
        let (topics, groups) = inventory(&kafka.cluster.internal[0]);
        assert_eq!(topics, kafka.truth.topics.keys().cloned().collect(), "asking for a topic must not create it");
        assert_eq!(groups, Vec::<String>::new());
    }
}

#[test]
fn who_is_no_kafka_is_named_with_exit_code_3() {
    let refusing = closed();
    let done = kscope(&["tail", "-b", &refusing, "orders"]);
    refused(&done, 3, &[&refusing, "connection refused"]);
    let done = kscope(&["tail", "-b", &refusing, "-o", "ndjson", "orders"]);
    refused(&done, 3, &[]);
    assert_eq!(error(&done), "unreachable");
    for (who, word) in [(Stranger::Http, "HTTP"), (Stranger::Tls, "TLS"), (Stranger::Ssh, "SSH")] {
        let stranger = Scripted::stranger(who);
        refused(&kscope(&["tail", "-b", &stranger.address(), "orders"]), 3, &[&stranger.address(), word]);
    }
    let silent = Scripted::stranger(Stranger::Silent);
    refused(&kscope(&["tail", "-b", &silent.address(), "--timeout", "1s", "orders"]), 3, &["no answer within 1 s"]);
    refused(&kscope(&["tail", "-b", "no-such-host.invalid", "orders"]), 3, &["no-such-host.invalid"]);
}

#[test]
fn an_address_that_swallows_everything_ends_at_the_deadline_and_delays_no_other() {
    let Some(hole) = Hole::open() else { return };
    refused(
        &kscope(&["tail", "-b", &hole.address(), "--timeout", "1s", "orders"]),
        3,
        &[&hole.address(), "TCP connect", "no answer within 1 s"],
    );
    let other = Hole::open().expect("as the first");
    let both = format!("{},{}", hole.address(), other.address());
    refused(&kscope(&["tail", "-b", &both, "--timeout", "1s", "orders"]), 3, &[&hole.address(), &other.address()]);

    let healthy = faults::orders();
    let broker = Scripted::start(move |q| healthy.answer(q));
    for brokers in [format!("{},{}", hole.address(), broker.address()), format!("{},{}", broker.address(), hole.address())] {
        // Whoever waited for the hole would wait for ten minutes.
        let done = kscope(&["tail", "-b", &brokers, "--timeout", "600s", "--from", "earliest", "-n", "6", faults::TOPIC]).ok();
        assert_eq!(done.lines().len(), 6);
    }
}

#[test]
fn a_failure_is_logged() {
    let home = Home::new();
    refused(&home.kscope(&["tail", "-b", &closed(), "orders"], &[]), 3, &[]);
    let files = std::fs::read_dir(home.path().join(".local/state/kscope")).expect("a folder for logs");
    let log: String = files.map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a log")).collect();
    assert!(log.contains("started") && log.contains("unreachable"), "{log}");
}

#[test]
fn wrong_arguments_are_refused_before_anything_is_asked() {
    let broker = closed();
    for (arguments, words) in [
        (&["--where", ".a == 1 and )", "t"][..], &["--where", ".a == 1 and )", "^"][..]),
        (&["--from", "5", "--where", "a last:7", "t"], &["--where", "a last:7", "    ^^^^^^"]),
        (&["--where", "p:1 p:2", "t"], &["exclude each other", "^"]),
        (&["--from", "soon", "t"], &["--from", "soon", "^"]),
        (&["--until", "2026-13-01", "t"], &["--until", "^"]),
        (&["-n", "many", "t"], &["many"]),
        (&["-p", "x", "t"], &["x"]),
        (&["--isolation", "dirty", "t"], &["dirty", "read_committed"]),
        (&["--nonsense", "t"], &["--nonsense"]),
        (&[], &["TOPIC"]),
    ] {
        refused(&kscope(&[&["tail", "-b", &broker], arguments].concat()), 2, words);
        let done = kscope(&[&["tail", "-b", &broker, "-o", "ndjson"], arguments].concat());
        refused(&done, 2, &[]);
        assert_eq!(error(&done), "usage");
    }
    refused(&kscope(&["tail", "t"]), 2, &["HOST:PORT"]);
    refused(&kscope(&[]), 2, &["HOST:PORT"]);
    refused(&kscope(&["tail", "-b", "http://kafka:9092", "t"]), 2, &["http://kafka:9092"]);
}

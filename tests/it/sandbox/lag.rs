//! `kscope lag` as a process: looking again and again, the text format of Prometheus, and how far behind a group may be.

use std::collections::{BTreeMap, BTreeSet};

use kscope::sandbox::Sandbox;
use rustix::process::Signal;
use serde_json::Value;

use super::{bootstrap, still};
use crate::run::{Running, kscope};

const TOPIC: &str = "orders";

/// Names as somebody may give them.
const ODD: [&str; 5] = ["say \"hi\"", "back\\slash\\n", "two\nlines", "bell\u{7}\ttab", "größe ☃ {a=\"b\"}"];

fn json(address: &str, arguments: &[&str]) -> Vec<Value> {
    let done = kscope(&[&["-b", address, "-o", "json", "lag"], arguments].concat());
    serde_json::from_slice(&done.stdout).expect("JSON")
}

/// Labels of a sample, in order of their names.
type Labels = BTreeMap<String, String>;

/// The samples of each family, read as the exposition format 0.0.4 says; what is not in that form is a failure.
#[track_caller]
fn exposition(text: &str) -> BTreeMap<String, BTreeMap<Labels, f64>> {
    let mut families: BTreeMap<String, BTreeMap<Labels, f64>> = BTreeMap::new();
    assert!(text.ends_with('\n'), "the last line ends as well");
    let mut lines = text.strip_suffix('\n').expect("it ends so").split('\n').peekable();
    while let Some(help) = lines.next() {
        let (name, words) = help.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')).unwrap_or_else(|| panic!("{help}"));
        assert!(!words.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{help}");
        assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
        let mut samples = BTreeMap::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (labels, value) = sample(line.strip_prefix(name).unwrap_or_else(|| panic!("{line} is none of {name}")));
            assert_eq!(samples.insert(labels, value), None, "twice: {line}");
        }
        assert!(!samples.is_empty(), "{name} has no sample");
        assert!(families.insert(name.to_owned(), samples).is_none(), "{name} stands in two places");
    }
    families
}

/// `{name="value",…} number`
#[track_caller]
fn sample(text: &str) -> (Labels, f64) {
    let mut labels = Labels::new();
    let mut rest = text.strip_prefix('{').unwrap_or_else(|| panic!("{text}"));
    loop {
        let (name, behind) = rest.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        let mut value = String::new();
        let mut chars = behind.char_indices();
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("no end: {text}")) {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, c @ ('"' | '\\'))) => c,
                    other => panic!("{other:?} is no escape: {text}"),
                }),
                (_, c) => value.push(c),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{text}");
        rest = &behind[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let number = rest.strip_prefix("} ").unwrap_or_else(|| panic!("{text}"));
    (labels, number.parse().unwrap_or_else(|why| panic!("{why}: {text}")))
}

fn place(row: &Value) -> Labels {
    let text = |name: &str| row[name].as_str().expect("a text").to_owned();
    [("group", text("group")), ("topic", text("topic")), ("partition", row["partition"].to_string())].map(|(k, v)| (k.to_owned(), v)).into()
}

#[test]
fn samples_are_the_figures_and_labels_are_the_names_whatever_stands_in_them() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    for (n, name) in (0_i64..).zip(ODD) {
        sandbox.commit(name, TOPIC, 0, 10 + n);
    }
    let done = kscope(&["-b", &address, "lag", "--prometheus"]);
    let families = exposition(&done.text());
    let rows = json(&address, &[]);
    assert!(rows.len() > 20, "{}", rows.len());
    for (family, field) in [
        ("kscope_group_lag_offsets", "lag"),
        ("kscope_group_committed_offset", "committed"),
        ("kscope_group_lost_offsets", "lost"),
        ("kscope_group_log_start_offset", "logStart"),
        ("kscope_group_high_watermark", "highWatermark"),
    ] {
        // What is unknown has no sample: never a 0.
        let known: BTreeMap<Labels, f64> = rows.iter().filter_map(|row| Some((place(row), row[field].as_f64()?))).collect();
        assert_eq!(families[family], known, "{family}");
        assert!(field != "lag" || known.len() < rows.len(), "some are unknown");
    }
    let groups: BTreeSet<&str> = families["kscope_group_members"].keys().map(|labels| labels["group"].as_str()).collect();
    assert!(ODD.iter().all(|name| groups.contains(name)), "{groups:?}");
    let verdict = |row: &Value| {
        let mut labels = place(row);
        labels.insert("verdict".to_owned(), row["verdict"].as_str().expect("a word").to_owned());
        (labels, 1.0)
    };
    assert_eq!(families["kscope_group_verdict"], rows.iter().map(verdict).collect());
    assert!(!families.contains_key("kscope_group_behind_seconds") || families["kscope_group_behind_seconds"].values().all(|s| *s == 0.0));

    let named = exposition(&kscope(&["-b", &address, "lag", "--prometheus", "--", ODD[2]]).ok().text());
    let behind = &named["kscope_group_behind_seconds"];
    assert!(behind.len() == 1 && behind.iter().all(|(labels, age)| labels["group"] == ODD[2] && *age > 0.0), "{behind:?}");
}

/// Starts it for one group; gives what one look at it prints.
fn watched(sandbox: &Sandbox, group: &str, more: &[&str]) -> Running {
    let address = bootstrap(sandbox);
    Running::start(&[&["-b", &address, "-o", "ndjson", "lag", "--watch", group], more].concat())
}

/// When each look was made, as its rows say.
fn looks(lines: &[&str]) -> BTreeSet<i64> {
    let at = |line: &&str| serde_json::from_str::<Value>(line).expect("JSON")["atMs"].as_i64().expect("a time");
    lines.iter().map(at).collect()
}

#[test]
fn watching_looks_again_tells_what_became_of_it_and_ends_by_signals() {
    let sandbox = still();
    let group = "watched";
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        for partition in 0..3 {
            sandbox.commit(group, TOPIC, partition, 20);
        }
        let running = watched(&sandbox, group, &[]);
        running.until("the first look", |lines| (lines.len() == 3).then_some(()));
        sandbox.commit(group, TOPIC, 1, 4);
        let verdicts = running.until("a second look", |lines| {
            let rows: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            (looks(lines).len() > 1 && rows.len() > 5).then(|| rows[3..6].to_vec())
        });
        assert_eq!(verdicts[1]["committed"], 4, "{verdicts:?}");
        assert_eq!((verdicts[1]["verdict"].as_str(), verdicts[0]["verdict"].as_str()), (Some("rewound"), Some("stopped")), "{verdicts:?}");
        running.signal(signal);
        let done = running.finish();
        assert_eq!((done.code, done.stderr.as_str()), (Some(code), ""));
    }
}

#[test]
fn watching_ends_when_nobody_reads_or_a_group_is_too_far_behind() {
    let sandbox = still();
    sandbox.commit("watched", TOPIC, 0, 20);
    let running = watched(&sandbox, "watched", &[]);
    running.until("the first look", |lines| (!lines.is_empty()).then_some(()));
    running.hang_up();
    let done = running.finish();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "a closed pipe is no failure");

    let lag = json(&bootstrap(&sandbox), &["watched"])[0]["lag"].as_u64().expect("known");
    let running = watched(&sandbox, "watched", &["--fail-over", &lag.to_string()]);
    running.until("the first look", |lines| (!lines.is_empty()).then_some(()));
    sandbox.commit("watched", TOPIC, 0, 19);
    let done = running.finish();
    let words = format!("watched is {} behind, more than {lag}", lag + 1);
    assert!(done.code == Some(8) && done.stderr.contains(&words), "{:?} {}", done.code, done.stderr);
    let csv = Running::start(&["-b", &bootstrap(&sandbox), "-o", "csv", "lag", "--watch", "watched"]);
    let header = csv.until("two looks", |lines| (lines.len() > 2).then(|| lines.iter().filter(|line| line.starts_with("group,")).count()));
    assert_eq!(header, 1, "the names of the columns stand above the first look alone");
}

#[test]
fn how_far_behind_a_group_may_be_counts_over_its_partitions_and_the_end_that_is_meant() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    let ends: Vec<i64> =
        json(&address, &[]).iter().filter(|row| row["topic"] == TOPIC).filter_map(|row| row["highWatermark"].as_i64()).collect();
    let least = *ends.iter().min().expect("orders is read");
    for partition in 0..3 {
        sandbox.commit("some", TOPIC, partition, least - 2);
    }
    let lag: u64 = json(&address, &["some"]).iter().map(|row| row["lag"].as_u64().expect("known")).sum();
    let code = |arguments: &[&str]| kscope(&[&["-b", &address, "-q", "lag"], arguments].concat()).code;
    assert_eq!(code(&["some", "--fail-over", &lag.to_string()]), Some(0));
    assert_eq!(code(&["some", "--fail-over", &(lag - 1).to_string()]), Some(8));
    assert_eq!(code(&["some", "--fail-over", &(lag - 1).to_string(), "--prometheus"]), Some(8));
    assert_eq!(code(&["--fail-over", "0"]), Some(8), "of all groups");
    for wrong in
        [&["some", "--fail-over", "-1"][..], &["some", "--fail-over", "many"], &["--watch", "--prometheus"], &["--isolation", "some"]]
    {
        assert_eq!(code(wrong), Some(2), "{wrong:?}");
    }
}

//! Clients of others, where they are installed: kcat, and Apache's tools of three releases.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Once;

use kscope::sandbox::Options;

use super::{bootstrap, start, still};
use crate::kafka::{Release, tool};
use crate::run::tell;

/// Runs it to its end; standard output. Panics with what it said when it fails.
#[track_caller]
pub(super) fn output(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    let done = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{command:?}: {}\n{text}", String::from_utf8_lossy(&done.stderr));
    text
}

pub(super) fn kcat(arguments: &[&str]) -> Option<Command> {
    static TOLD: Once = Once::new();
    if Command::new("kcat").arg("-V").output().is_err() {
        TOLD.call_once(|| tell("*** SKIPPED: tests with kcat, which is not installed. ***"));
        return None;
    }
    let mut command = Command::new("kcat");
    command.args(arguments);
    Some(command)
}

#[test]
fn kcat_lists_writes_and_reads() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    let Some(mut list) = kcat(&["-b", &address, "-L"]) else { return };
    let listed = output(&mut list, "");
    assert!(listed.contains("3 brokers:") && listed.contains("topic \"clickstream\" with 6 partitions:"), "{listed}");
    let mut read_back = Vec::new();
    for codec in ["none", "gzip", "snappy", "zstd"] {
        let write = kcat(&["-b", &address, "-P", "-t", "invoices", "-p", "2", "-K", ":", "-z", codec, "-H", "a=b"]);
        output(&mut write.expect("it was there"), &format!("{codec}:{}\n", codec.repeat(50)));
        read_back.push(format!("{codec} {} a=b", codec.repeat(50)));
    }
    let read = kcat(&["-b", &address, "-C", "-q", "-e", "-t", "invoices", "-p", "2", "-o", "beginning", "-f", "%k %s %h\\n"]);
    assert_eq!(output(&mut read.expect("it was there"), "").lines().collect::<Vec<_>>(), read_back);
    let committed = |level: &str| {
        let level = format!("isolation.level={level}");
        let read = kcat(&["-b", &address, "-C", "-q", "-e", "-t", "payments", "-o", "beginning", "-X", &level, "-f", "%o\\n"]);
        output(&mut read.expect("it was there"), "").lines().count()
    };
    assert!(committed("read_committed") < committed("read_uncommitted"));
}

/// The classes of Apache's tools: topics, console producer, console consumer, and its option for a client's property.
fn classes(release: Release) -> [&'static str; 4] {
    match release {
        Release::V2_8 => ["kafka.admin.TopicCommand", "kafka.tools.ConsoleProducer", "kafka.tools.ConsoleConsumer", "--consumer-property"],
        Release::V3_9 => [
            "org.apache.kafka.tools.TopicCommand",
            "kafka.tools.ConsoleProducer",
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            "--consumer-property",
        ],
        Release::V4_2 => [
            "org.apache.kafka.tools.TopicCommand",
            "org.apache.kafka.tools.ConsoleProducer",
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            "--command-property",
        ],
    }
}

#[test]
fn the_tools_of_three_releases_list_describe_write_and_read() {
    let sandbox = start(&Options { rate: 0, brokers: 2, ..Options::default() });
    let address = bootstrap(&sandbox);
    for release in [Release::V2_8, Release::V3_9, Release::V4_2] {
        let [topics, producer, consumer, of_consumer] = classes(release);
        let server = ["--bootstrap-server", &address];
        let run = |class: &str, arguments: &[&str], input: &str| {
            tool(release, class, &[&server, arguments].concat()).map(|mut command| output(&mut command, input))
        };
        let Some(names) = run(topics, &["--list"], "") else { return };
        assert!(names.lines().any(|name| name == "odd-records") && names.lines().any(|name| name == "__consumer_offsets"), "{names}");
        let described = run(topics, &["--describe", "--topic", "inventory"], "").expect("it ran before");
        assert!(described.contains("PartitionCount: 4") && described.contains("Leader: none"), "{described}");
        let words = format!("written by {}", release.number());
        // With the defaults, which are idempotent since 3.0.
        run(producer, &["--topic", "invoices"], &format!("{words}\n")).expect("it ran before");
        // Somewhere among three partitions: one of them has it.
        let found = (0..3).any(|partition| {
            let partition = partition.to_string();
            let count = count(&address, &partition);
            let arguments = [
                "--topic",
                "invoices",
                "--partition",
                &partition,
                "--offset",
                "earliest",
                "--max-messages",
                &count,
                of_consumer,
                "client.id=t",
            ];
            count != "0" && run(consumer, &arguments, "").expect("it ran before").lines().any(|line| line == words)
        });
        assert!(found, "{}", release.number());
    }
}

/// How many records are in a partition of `invoices`, by kscope's own count.
fn count(address: &str, partition: &str) -> String {
    let arguments = ["tail", "-b", address, "invoices", "-p", partition, "--from", "earliest", "--until", "now", "-o", "ndjson"];
    crate::run::kscope(&arguments).ok().lines().len().to_string()
}

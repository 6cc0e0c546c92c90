//! Scrolling up in a topic: older records come in front of those held until the log begins, each once, as `kscope tail` tells
//! them.

use std::process::Command;

use crate::KSCOPE;
use crate::kafka::{Codec, Release, Writer, record, seeded};

use super::{OWN, Ui};

#[test]
fn k_leads_to_the_start_of_a_log_of_4_2() {
    k_leads_to_the_start_of_the_log(Release::V4_2);
}

#[test]
fn k_leads_to_the_start_of_a_log_of_2_8() {
    k_leads_to_the_start_of_the_log(Release::V2_8);
}

fn k_leads_to_the_start_of_the_log(release: Release) {
    let Some(kafka) = seeded(release) else { return };
    let topic = format!("{OWN}older");
    let mut writer = Writer::connect(&kafka.cluster.internal);
    writer.create(&topic, 3, 1, &[]);
    let records = write(&mut writer, &topic);
    let mut ui = Ui::open(&kafka.cluster.brokers());
    ui.topic(&topic);
    ui.until("it is live", |seen| seen.has("● LIVE") && seen.has("buffer 500/"));
    ui.press("g");
    ui.until("what lies before is counted", |seen| seen.has(" older: k loads 500"));
    ui.press("k");
    ui.until("500 more are held", |seen| seen.has("buffer 1,000/"));
    // What is written meanwhile goes to the other end.
    writer.append(&topic, 1, Codec::None, &[record("the newest of all")]);
    ui.until("the newest is held", |seen| seen.has("buffer 1,001/"));
    ui.press("gk");
    let all = format!("buffer {},{:03}/", (records + 1) / 1000, (records + 1) % 1000);
    ui.until("all are held", |seen| seen.has(&all));
    ui.press("gk");
    ui.until("there is nothing before", |seen| seen.has("start of the log"));
    ui.press("\x13");
    ui.until("all are saved", |seen| seen.has(&format!("{topic}.ndjson: ")));
    let saved = ui.terminal.file(&format!("{topic}.ndjson"));
    let told = Command::new(KSCOPE)
        .args(["tail", &topic, "-b", &kafka.cluster.brokers(), "--from", "earliest", "--until", "now", "-o", "ndjson"])
        .output()
        .expect("kscope tail runs");
    let told = String::from_utf8(told.stdout).expect("NDJSON");
    for partition in 0..3 {
        assert_eq!(of(&saved, partition), of(&told, partition), "partition {partition}");
    }
    assert_eq!(saved.lines().count(), records + 1);
    ui.quit();
    writer.delete(&topic);
}

/// The lines of a partition, in their order.
fn of(lines: &str, partition: i32) -> Vec<&str> {
    let mark = format!("\"partition\":{partition},");
    lines.lines().filter(|line| line.contains(&mark)).collect()
}

/// Batches of many sizes and codecs, transactions of both ends among them, and one partition that got little; how many
/// records that are.
fn write(writer: &mut Writer, topic: &str) -> usize {
    let mut transaction = writer.transactional(topic);
    let mut written = 0;
    for batch in 0..40_usize {
        let size = 5 + batch * 7 % 53;
        let records: Vec<_> = (0..size).map(|n| record(format!("{{\"batch\":{batch},\"n\":{n}}}"))).collect();
        match batch % 8 {
            3 | 5 => {
                writer.append_in(&mut transaction, topic, 2, &records);
                writer.end(&transaction, batch % 8 == 3);
            }
            6 => {
                let codec = [Codec::Gzip, Codec::SnappyFramed, Codec::Lz4][batch / 8 % 3];
                writer.append(topic, 0, codec, &records);
            }
            7 if batch > 30 => {
                writer.append(topic, 1, Codec::None, &records);
            }
            _ => {
                writer.append(topic, if batch % 2 == 0 { 0 } else { 2 }, Codec::None, &records);
            }
        }
        written += size;
    }
    assert!((1001..1500).contains(&written), "{written}");
    written
}

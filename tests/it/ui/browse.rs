//! What is in a topic is what is on the screen, on every release.

use crate::kafka::{Codec, Release, Seeded, Writer, Written, record, seeded};

use super::{OWN, Seen, Ui, inventory};

#[test]
fn the_screens_tell_the_truth_of_4_2() {
    the_screens_tell_the_truth(Release::V4_2);
}

#[test]
fn the_screens_tell_the_truth_of_3_9() {
    the_screens_tell_the_truth(Release::V3_9);
}

#[test]
fn the_screens_tell_the_truth_of_2_8() {
    the_screens_tell_the_truth(Release::V2_8);
}

/// One session through everything; afterwards the cluster is as it was.
fn the_screens_tell_the_truth(release: Release) {
    let Some(kafka) = seeded(release) else { return };
    let mut ui = Ui::open(&kafka.cluster.brokers());
    every_topic_is_listed(&mut ui, kafka);
    for topic in ["bytes", "text", "headers", "null-empty"] {
        every_record_is_shown(&mut ui, kafka, topic);
    }
    every_topic_opens(&mut ui, kafka);
    a_filter_narrows_and_goes(&mut ui, kafka);
    transactions_wear_badges(&mut ui);
    what_is_written_appears(&mut ui, kafka);
    ui.quit();
    let (topics, groups) = inventory(&kafka.cluster.internal[0]);
    assert_eq!(topics, kafka.truth.topics.keys().cloned().collect(), "reading changed the topics");
    assert_eq!(groups, Vec::<String>::new(), "reading made a group");
}

fn every_topic_is_listed(ui: &mut Ui, kafka: &Seeded) {
    let names: Vec<&String> = kafka.truth.topics.keys().collect();
    // Names longer than the column are cut.
    let listed = |seen: &Seen, name: &str| seen.pane("Topics").iter().any(|line| line.contains(&name[..name.len().min(45)]));
    ui.until("every topic is listed", |seen| names.iter().all(|name| listed(seen, name)));
}

/// The newest 500 of each are held, and nothing more is there.
#[track_caller]
fn every_topic_opens(ui: &mut Ui, kafka: &Seeded) {
    // Of the large ones less than 500 may be held.
    for (name, topic) in kafka.truth.topics.iter().filter(|(name, _)| *name != "big-values") {
        let held = format!("buffer {}/", topic.records.len().min(500));
        ui.topic(name);
        ui.until(&format!("{name} is live and {held} is there"), |seen| seen.has("● LIVE") && seen.has(&held));
        ui.back();
    }
}

/// Walks the list; of each record the place, the key, the headers and, in hexadecimal, the value.
#[track_caller]
fn every_record_is_shown(ui: &mut Ui, kafka: &Seeded, topic: &str) {
    let records = &kafka.truth.topic(topic).records;
    ui.topic(topic);
    ui.until("it is live", |seen| seen.has("● LIVE"));
    ui.first(records[0].offset);
    for (n, written) in records.iter().enumerate() {
        if n > 0 {
            ui.press("\x0e");
        }
        let at = format!("{topic} {}", written.offset);
        ui.until("the next record", |seen| seen.offset() == Some(written.offset) && settled(seen));
        ui.agrees(&at, |seen| complaints(seen, written));
        if let Some(value @ [_, ..]) = written.value.as_deref() {
            ui.hex();
            // The pane shows twenty lines of it at least.
            ui.agrees(&at, |seen| {
                let shown = seen.hex_bytes();
                let right = value.get(..shown.len()) == Some(&shown[..]) && shown.len() >= value.len().min(320);
                if right { vec![] } else { vec![format!("the bytes are {}", value.escape_ascii())] }
            });
        }
    }
    ui.back();
}

/// Nothing is being rendered: the panes are of the selected record.
fn settled(seen: &Seen) -> bool {
    seen.title("Value").is_some_and(|title| !title.contains(" of ") && (title.contains("line") || !title.contains('…')))
}

/// What the record pane says otherwise than it is.
fn complaints(seen: &Seen, written: &Written) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |label: &str, found: Option<String>, expected: &str| {
        if !found.as_ref().is_some_and(|found| found.starts_with(expected)) {
            wrong.push(format!("{label} is {found:?}, not {expected:?}"));
        }
    };
    let number = |label: &str| seen.fact(label).and_then(|text| Some(text.split_whitespace().next()?.to_owned()));
    check("partition", number("partition"), &written.partition.to_string());
    check("key", seen.fact("key"), &shown(written.key.as_deref(), "∅ null"));
    let value = match written.value.as_deref() {
        Some(bytes @ [_, ..]) if bytes.len() < 1000 => format!("{} B", bytes.len()),
        Some([_, ..]) => String::new(),
        other => shown(other, "∅ tombstone"),
    };
    check("value", seen.fact("value"), &value);
    check("headers", number("headers"), &written.headers.len().to_string());
    let headers = seen.headers();
    for (n, (name, value)) in written.headers.iter().take(6).enumerate() {
        // A name that is cut or has blanks cannot be told from its value here.
        if name.iter().all(u8::is_ascii_graphic) && (1..20).contains(&name.len()) {
            let expected = format!("{} {}", shown(Some(name), ""), shown(value.as_deref(), "∅ null"));
            check("header", headers.get(n).map(|words| words.join(" ")), expected.trim_end());
        }
    }
    wrong
}

/// How a text begins on the screen, as far as it is plain ASCII; null and empty have words of their own.
fn shown(bytes: Option<&[u8]>, null: &str) -> String {
    match bytes {
        None => null.to_owned(),
        Some([]) => "\"\" empty".to_owned(),
        Some(bytes) => bytes.iter().take(18).take_while(|b| b.is_ascii_graphic()).map(|&b| char::from(b)).collect(),
    }
}

/// Two filters on held records, one of them wrong, and none again.
fn a_filter_narrows_and_goes(ui: &mut Ui, kafka: &Seeded) {
    let all = kafka.truth.topic("json").records.len();
    ui.topic("json");
    ui.until("it is live", |seen| seen.has("● LIVE"));
    let held = |seen: &Seen, n: usize| seen.has(&format!("buffer {n}/"));
    ui.until("all are held", |seen| held(seen, all));
    ui.press("/key == \"duplicate keys\" and .b == 2\r");
    ui.until("one record passes", |seen| seen.has("matched 1 of") && seen.offset() == Some(2));
    ui.press("vvv");
    ui.until("three keys in a row are three views further", |seen| seen.title("Value").is_some_and(|title| title.contains(" hex ")));
    ui.press("/ and (\r");
    ui.until("what is wrong is pointed at", |seen| seen.has("^"));
    ui.press("\x1b");
    ui.until("the last good filter is still in force", |seen| seen.has("matched 1 of"));
    ui.press("\x1b");
    ui.until("the filter is gone", |seen| seen.has("no filter") && seen.messages().len() > 10);
    ui.back();
}

fn transactions_wear_badges(ui: &mut Ui) {
    ui.topic("transactions");
    ui.press("f");
    // Five records of each transaction: their values say how it ended.
    let count = |seen: &Seen, text: &str| seen.messages().iter().filter(|line| line.contains(text)).count();
    let badges = |seen: &Seen| (count(seen, "✗ aborted aborted "), count(seen, "○ open open "), count(seen, " B  committed "));
    ui.until("every outcome has its badge", |seen| badges(seen) == (10, 5, 15));
    ui.press("I");
    let only_committed =
        |seen: &Seen| badges(seen) == (0, 0, 15) && count(seen, "aborted") + count(seen, "open") + count(seen, "behind") == 0;
    ui.until("a read_committed consumer sees neither", |seen| seen.has("read_committed") && only_committed(seen));
    ui.press("If");
    let seen = ui.until("all is as it was", |seen| badges(seen).1 == 5 && seen.title("Record").is_some());
    // A flag of the topic that was looked at before: drawn elsewhere than the program knew, it would never be cleared.
    assert!(!seen.has("🇴") && !seen.has("🇳"));
    ui.back();
}

/// A record that is written while one looks.
fn what_is_written_appears(ui: &mut Ui, kafka: &Seeded) {
    let topic = format!("{OWN}live");
    let mut writer = Writer::connect(&kafka.cluster.internal);
    writer.create(&topic, 2, 1, &[]);
    ui.press("\x12"); // the list is asked for anew
    ui.press("\x1b");
    ui.until("the new topic is listed", |seen| seen.has(&topic));
    ui.topic(&topic);
    ui.until("it is empty and live", |seen| seen.has("● LIVE") && seen.has("holds no record"));
    writer.append(&topic, 1, Codec::Zstd, &[record("while one looks").key("a key").header("name", "wert")]);
    ui.until("the record appears", |seen| {
        let fact = |label: &str, text: &str| seen.fact(label).is_some_and(|fact| fact.starts_with(text));
        fact("partition", "1")
            && fact("offset", "0")
            && fact("key", "a key")
            && seen.headers() == [["name", "wert"]]
            && seen.has("while one looks")
    });
    ui.press("P");
    ui.until("it is paused", |seen| seen.has("PAUSED"));
    writer.append(&topic, 0, Codec::None, &[record("while it is paused")]);
    ui.press("P");
    ui.until("and goes on", |seen| seen.has("while it is paused"));
    ui.back();
    writer.delete(&topic);
}

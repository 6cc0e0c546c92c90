//! A broker that lies and fails: the message screen says what happened and shows what there is, once and in order.

use kafka_protocol::messages::{ApiKey, FetchRequest};

use crate::scripted::faults::{self, TOPIC, VALUES};
use crate::scripted::{Action, FakeTopic, Healthy, Scripted};

use super::{Seen, Ui};

/// Offsets of the records in the list, by their values.
fn listed(seen: &Seen) -> Vec<usize> {
    let value = |line: &String| VALUES.iter().position(|value| line.trim_end().ends_with(&format!(" {value}")));
    seen.messages().iter().filter_map(value).collect()
}

#[test]
fn the_screen_goes_on_behind_every_fault_and_says_what_happened() {
    for fault in faults::all() {
        let mut ui = Ui::open(&fault.broker.address());
        ui.topic(TOPIC);
        ui.agrees(&fault.name, |seen| {
            let mut wrong = Vec::new();
            if listed(seen) != fault.offsets {
                wrong.push(format!("listed are {:?}, not {:?}", listed(seen), fault.offsets));
            }
            wrong.extend(fault.said.iter().filter(|words| !seen.has(words)).map(|words| format!("not said: {words}")));
            if seen.has("● LIVE") == fault.ends {
                wrong.push("the state is wrong".to_owned());
            }
            wrong
        });
        ui.quit();
        assert_eq!(fault.broker.mutations(), [], "{}", fault.name);
    }
}

#[test]
fn a_throttled_answer_is_shown_once_and_said() {
    let healthy = faults::orders();
    let broker = Scripted::start(move |q| match q.api {
        // The first one is for what is there, later ones for what comes.
        ApiKey::Fetch if q.earlier < 4 => Action::Reply(q.answer::<FetchRequest>(&healthy.fetched(q).with_throttle_time_ms(400))),
        _ => healthy.answer(q),
    });
    let mut ui = Ui::open(&broker.address());
    ui.topic(TOPIC);
    ui.until("the records, and who slows us down", |seen| listed(seen) == [0, 1, 2, 3, 4, 5] && seen.has("throttled 400 ms"));
    ui.quit();
    assert_eq!(broker.mutations(), []);
}

#[test]
fn a_record_over_the_limit_is_told_with_its_size_and_opened_alone() {
    let large = "x".repeat(17 << 20);
    let healthy = Healthy::with(vec![FakeTopic::holding(TOPIC, &[&["zero", "one"], &[&large], &["three"]])]);
    let broker = Scripted::start(move |q| healthy.answer(q));
    let mut ui = Ui::open(&broker.address());
    ui.topic(TOPIC);
    ui.until("what is around it, and that it is there", |seen| {
        listed(seen) == [0, 1, 3] && seen.has("too large") && seen.has("offset 2") && seen.has("● LIVE")
    });
    ui.press("k\r");
    ui.until("it is opened alone", |seen| seen.offset() == Some(2) && seen.pane("Value").iter().any(|line| line.contains("xxxx")));
    ui.quit();
    assert_eq!(broker.mutations(), []);
}

/// Names and values that a Kafka would not take, from a broker that is none.
#[test]
fn no_escape_of_a_lying_broker_reaches_the_terminal() {
    const HOSTILE: [&str; 3] = ["\x1b]0;owned\x07", "\u{9b}31m\u{202e}", "a\x1b[2J\r\n\x08\u{200b}"];
    let healthy = Healthy::with(HOSTILE.iter().map(|name| FakeTopic::holding(name, &[&HOSTILE])).collect());
    let broker = Scripted::start(move |q| healthy.answer(q));
    let mut ui = Ui::open(&broker.address());
    ui.until("the names are visible", |seen| seen.has("␛]0;owned␇") && seen.has("\\x9b31m⟨U+202E⟩") && seen.has("␛[2J␍␊␈⟨U+200B⟩"));
    ui.press("\r");
    ui.until("the values too", |seen| seen.has("● LIVE") && seen.messages().iter().any(|line| line.contains("⟨U+202E⟩")));
    ui.press("?");
    ui.until("the help", |seen| seen.title("Help").is_some());
    ui.press("\x1b");
    ui.until("the help is gone", |seen| seen.title("Help").is_none());
    ui.quit();
    assert_eq!(broker.mutations(), []);
}

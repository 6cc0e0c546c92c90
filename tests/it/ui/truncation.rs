//! A leader is elected that has not all records (`unclean.leader.election.enable`): kscope says which offsets were replaced,
//! reads them anew and mixes nothing, whatever it had read before, and however long the new log is by then (P22).

use rustix::process::Signal;

use crate::kafka::{Cluster, Codec, Plan, Point, Release, Writer, record, serial};
use crate::run::{Finished, Running, kscope};

use super::{Seen, Ui};

const TOPIC: &str = "unclean";
/// Records that both replicas have, that only the first leader has, and that the log has in the end.
const COMMON: i64 = 4;
const LOST: i64 = 8;
const END: i64 = 12;

fn append(writer: &mut Writer, word: &str, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        let written = writer.append(TOPIC, 0, Codec::None, &[record(format!("{word} {offset}"))]);
        assert_eq!(written.base_offset, offset);
    }
}

/// The values in the list, in its order.
fn listed(seen: &Seen) -> Vec<String> {
    let value = |line: &String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [.., word, number] = words[..] else { return None };
        ["common", "lost", "new"].contains(&word).then(|| format!("{word} {number}"))
    };
    seen.messages().iter().filter_map(value).collect()
}

fn values(word: &str, offsets: std::ops::Range<i64>) -> Vec<String> {
    offsets.map(|offset| format!("{word} {offset}")).collect()
}

/// Until it is asked to end; its lines.
fn ended(tail: Running) -> Finished {
    tail.signal(Signal::INT);
    let done = tail.finish();
    assert_eq!(done.code, Some(130), "{}", done.stderr);
    done
}

/// kscope at different places of the log when it is truncated.
struct Readers {
    /// Read everything, and sleeps until the new log is longer than the old one was.
    slept: Running,
    /// Has everything on screen.
    shown: Ui,
    /// Began at the end and has read nothing.
    live: Ui,
}

impl Readers {
    fn start(brokers: &str) -> Self {
        let slept = Running::start(&["tail", "-b", brokers, "--from", "earliest", "-o", "ndjson", TOPIC]);
        let (mut shown, mut live) = (Ui::open(brokers), Ui::open(brokers));
        shown.topic(TOPIC);
        live.topic(TOPIC);
        slept.until("all is printed", |lines| (lines.len() == 8).then_some(()));
        shown.until("all is shown", |seen| seen.has("● LIVE") && listed(seen).len() == 8);
        live.press("0");
        live.until("it is live and has nothing", |seen| seen.has("● LIVE") && listed(seen).is_empty());
        slept.signal(Signal::STOP);
        Self { slept, shown, live }
    }

    fn all_say_it(self, truth: &[&str]) {
        let all = values("new", COMMON..END);
        self.live.agrees("what is new alone", |seen| {
            let said = seen.has("the log was truncated; offsets 4 to 7 are gone or were replaced");
            if said && listed(seen) == all { vec![] } else { vec![format!("said: {said}, listed: {:?}", listed(seen))] }
        });
        let all = [values("common", 0..COMMON), values("lost", COMMON..LOST), all].concat();
        self.shown.agrees("what was there and what is new", |seen| {
            let said = seen.has("the log was truncated; offsets 4 to 7 are gone or were replaced");
            if said && listed(seen) == all { vec![] } else { vec![format!("said: {said}, listed: {:?}", listed(seen))] }
        });
        self.slept.signal(Signal::CONT);
        self.slept.until("all is printed", |lines| (lines.len() >= 16).then_some(()));
        let done = ended(self.slept);
        assert!(
            done.stderr.contains("the log was truncated: offsets 4 to 7 are gone or were replaced, reading on at 4"),
            "{}",
            done.stderr
        );
        let lines = done.lines();
        assert_eq!([&lines[..4], &lines[8..]].concat(), truth, "byte for byte what the log holds");
        self.live.quit();
        self.shown.quit();
    }
}

#[test]
fn a_leader_without_the_last_records_is_noticed_and_its_log_read() {
    let _alone = serial();
    let plan = Plan { settings: &["unclean.leader.election.enable=true"], ..Plan::three(Release::V4_2) };
    let Some(mut kafka) = Cluster::start(plan) else { return };
    // Broker 3 holds nothing: it keeps the quorum, and answers all the time.
    let mut writer = Writer::connect(&kafka.internal[2..]);
    writer.create_on(TOPIC, &[1, 2], &[("unclean.leader.election.enable", "true"), ("min.insync.replicas", "1")]);
    append(&mut writer, "common", 0..COMMON);
    kafka.stop(2);
    append(&mut writer, "lost", COMMON..LOST);
    let brokers = kafka.brokers();
    let readers = Readers::start(&brokers);

    kafka.kill(1);
    kafka.restart(2);
    writer.led_by(TOPIC, 2);
    append(&mut writer, "new", COMMON..END);
    assert_eq!(writer.offset(TOPIC, 0, Point::End), END);
    let truth = kscope(&["tail", "-b", &brokers, "--from", "earliest", "--until", "now", "-o", "ndjson", TOPIC]).ok();
    assert_eq!(truth.lines().len(), 12);
    readers.all_say_it(&truth.lines());
}

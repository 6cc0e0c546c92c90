//! What happens to a topic while one looks at it is told in words: transactions that end, records deleted unread, partitions
//! that are added, the topic deleted, and made again.

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{CreatePartitionsRequest, FetchRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use rustix::process::Signal;

use crate::eventually;
use crate::kafka::{Codec, Connection, Point, Release, Seeded, Writer, record, seeded};

use super::{OWN, Seen, Ui};

#[test]
fn what_happens_to_a_topic_of_4_2_is_told() {
    what_happens_to_a_topic_is_told(Release::V4_2);
}

#[test]
fn what_happens_to_a_topic_of_2_8_is_told() {
    what_happens_to_a_topic_is_told(Release::V2_8);
}

fn what_happens_to_a_topic_is_told(release: Release) {
    let Some(kafka) = seeded(release) else { return };
    let topic = format!("{OWN}changes");
    let mut writer = Writer::connect(&kafka.cluster.internal);
    writer.create(&topic, 1, 1, &[]);
    writer.append(&topic, 0, Codec::None, &[record("first"), record("second")]);
    let mut ui = Ui::open(&kafka.cluster.brokers());
    ui.topic(&topic);
    ui.until("it is live", |seen| seen.has("● LIVE") && seen.offset() == Some(1));
    transactions_end(&ui, &mut writer, &topic);
    records_are_deleted_unread(&ui, kafka, &mut writer, &topic);
    partitions_are_added(&ui, kafka, &mut writer, &topic);
    writer.delete(&topic);
    ui.until("the end of the topic", |seen| seen.has("the topic was deleted") && !seen.has("● LIVE"));
    ui.back();

    let topic = format!("{OWN}again");
    writer.create(&topic, 1, 1, &[]);
    writer.append(&topic, 0, Codec::None, &[record("of the first life")]);
    ui.press("\x12\x12");
    ui.topic(&topic);
    ui.until("it is live", |seen| seen.has("● LIVE") && seen.has("of the first life"));
    writer.delete(&topic);
    eventually("the topic is gone", || (writer.learn(&topic) == 0).then_some(()));
    writer.create(&topic, 1, 1, &[]);
    writer.append(&topic, 0, Codec::None, &[record("of the second life")]);
    ui.until("another topic of the same name", |seen| seen.has("made again") && seen.has("of the first life") && !seen.has("● LIVE"));
    ui.press("\x12");
    ui.until("the new one is read when it is asked for", |seen| seen.has("of the second life") && seen.has("● LIVE"));
    ui.quit();
    writer.delete(&topic);
}

/// The list has this value behind this badge, or behind none.
fn listed(seen: &Seen, badge: &str, value: &str) -> bool {
    let line = |line: &String| line.trim_end().ends_with(value) && line.contains(['✗', '○']) != badge.is_empty() && line.contains(badge);
    seen.messages().iter().any(line)
}

/// A badge changes when the marker comes, without a key.
fn transactions_end(ui: &Ui, writer: &mut Writer, topic: &str) {
    let mut transaction = writer.transactional(topic);
    for (value, commit, badge) in [("kept", true, ""), ("given up", false, "✗ aborted")] {
        writer.append_in(&mut transaction, topic, 0, &[record(value)]);
        ui.until("an open transaction", |seen| listed(seen, "○ open", value));
        writer.end(&transaction, commit);
        ui.until("its end", |seen| listed(seen, badge, value) && seen.has("● LIVE"));
    }
}

/// The program is stopped until what it has asked for is answered; what is written then is gone when it goes on.
fn records_are_deleted_unread(ui: &Ui, kafka: &Seeded, writer: &mut Writer, topic: &str) {
    ui.terminal.signal(Signal::STOP);
    outwait(kafka, topic, writer.offset(topic, 0, Point::End));
    writer.append(topic, 0, Codec::None, &[record("gone"), record("gone too")]);
    writer.append(topic, 0, Codec::None, &[record("what is left")]);
    let end = writer.offset(topic, 0, Point::End);
    writer.delete_before(topic, 0, end - 1);
    ui.terminal.signal(Signal::CONT);
    ui.until("what was deleted", |seen| {
        seen.has("2 offsets") && seen.has("were deleted unread") && listed(seen, "", "what is left") && seen.has("● LIVE")
    });
}

/// Waits at the end of a partition as any reader does, but longer than the program: its fetch has been answered by then.
fn outwait(kafka: &Seeded, topic: &str, end: i64) {
    let partition = FetchPartition::default().with_fetch_offset(end).with_partition_max_bytes(1 << 20);
    let name = TopicName(StrBytes::from_string(topic.to_owned()));
    let request = FetchRequest::default()
        .with_max_wait_ms(3_000)
        .with_min_bytes(1)
        .with_topics(vec![FetchTopic::default().with_topic(name).with_partitions(vec![partition])]);
    Connection::open(&kafka.cluster.internal[0]).call(4, &request);
}

fn partitions_are_added(ui: &Ui, kafka: &Seeded, writer: &mut Writer, topic: &str) {
    let name = TopicName(StrBytes::from_string(topic.to_owned()));
    let more = CreatePartitionsTopic::default().with_name(name).with_count(3).with_assignments(None);
    let request = CreatePartitionsRequest::default().with_topics(vec![more]).with_timeout_ms(30_000);
    let reply = Connection::open(&kafka.cluster.internal[0]).call(1, &request);
    assert_eq!(reply.results[0].error_code, 0, "{:?}", reply.results[0].error_message);
    eventually("the new partitions have leaders", || (writer.learn(topic) == 3).then_some(()));
    writer.append(topic, 2, Codec::None, &[record("in a new partition")]);
    ui.until("the new partitions", |seen| seen.has("partitions added: 1 → 3") && listed(seen, "", "in a new partition"));
}

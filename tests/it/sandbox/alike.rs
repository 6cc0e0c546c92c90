//! The same questions to a real coordinator and to the sandbox's: what Kafka answers, the sandbox answers.

use std::net::SocketAddr;
use std::time::Duration;

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use kafka_protocol::messages::delete_groups_request::DeleteGroupsRequest;
use kafka_protocol::messages::describe_groups_request::DescribeGroupsRequest;
use kafka_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use kafka_protocol::messages::list_groups_request::ListGroupsRequest;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequest;
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup};
use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;
use kscope::sandbox::Options;

use super::groups::commit;
use super::members::{beat, join, leave, sync};
use super::start;
use super::wire::Wire;
use crate::eventually;
use crate::kafka::{Cluster, Plan, Release};

const NAME: &str = "probed";

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A broker that is alone, and what it answered.
struct Probe {
    wire: Wire,
    said: Vec<String>,
}

impl Probe {
    fn say(&mut self, what: &str, answer: impl std::fmt::Debug) {
        self.said.push(format!("{what}: {answer:?}"));
    }

    fn commit(&mut self, what: &str, version: i16, request: &OffsetCommitRequest) {
        let answer = self.wire.ask(version, request);
        // Kafka names those that it refuses first.
        let mut errors: Vec<_> =
            answer.topics.iter().flat_map(|topic| &topic.partitions).map(|one| (one.partition_index, one.error_code)).collect();
        errors.sort_unstable();
        self.say(what, errors);
    }

    fn describe(&mut self, what: &str, version: i16, name: &str) {
        let answer = self.wire.ask(version, &DescribeGroupsRequest::default().with_groups(vec![GroupId(text(name))]));
        let one = &answer.groups[0];
        let members: Vec<_> =
            one.members.iter().map(|m| (&m.client_id, &m.client_host, m.member_metadata.len(), m.member_assignment.len())).collect();
        let answer = format!(
            "{} {:?} {:?} {:?} {:?} {members:?}",
            one.error_code, one.error_message, one.group_state, one.protocol_type, one.protocol_data
        );
        self.say(what, answer);
    }

    fn delete(&mut self, what: &str, name: &str) {
        let answer = self.wire.ask(2, &DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text(name))]));
        self.say(what, answer.results[0].error_code);
    }

    fn forget(&mut self, what: &str, name: &str, places: &[(&str, i32)]) {
        let topic = |(topic, partition): &(&str, i32)| {
            let partition = OffsetDeleteRequestPartition::default().with_partition_index(*partition);
            OffsetDeleteRequestTopic::default().with_name(TopicName(text(topic))).with_partitions(vec![partition])
        };
        let request = OffsetDeleteRequest::default().with_group_id(GroupId(text(name))).with_topics(places.iter().map(topic).collect());
        let answer = self.wire.ask(0, &request);
        let mut rows: Vec<_> = answer.topics.iter().map(|topic| (topic.name.to_string(), topic.partitions[0].error_code)).collect();
        rows.sort_unstable();
        self.say(what, (answer.error_code, rows));
    }

    /// All that has a commit.
    fn fetch(&mut self, what: &str, name: &str) {
        let group = OffsetFetchRequestGroup::default().with_group_id(GroupId(text(name))).with_topics(None);
        let answer = self.wire.ask(9, &OffsetFetchRequest::default().with_groups(vec![group]).with_require_stable(true));
        let mut rows: Vec<_> = answer.groups[0]
            .topics
            .iter()
            .flat_map(|topic| {
                topic.partitions.iter().map(|one| {
                    (
                        topic.name.to_string(),
                        one.partition_index,
                        one.committed_offset,
                        one.committed_leader_epoch,
                        one.metadata.clone(),
                        one.error_code,
                    )
                })
            })
            .collect();
        rows.sort();
        self.say(what, (answer.groups[0].error_code, rows));
    }

    fn list(&mut self, what: &str, states: &[&str], types: &[&str]) {
        let words = |all: &[&str]| all.iter().map(|one| text(one)).collect();
        let answer = self.wire.ask(5, &ListGroupsRequest::default().with_states_filter(words(states)).with_types_filter(words(types)));
        let groups = answer.groups.iter().filter(|group| group.group_id.starts_with(NAME));
        let mut rows: Vec<_> =
            groups.map(|one| format!("{:?} {:?} {:?} {:?}", one.group_id, one.protocol_type, one.group_state, one.group_type)).collect();
        rows.sort();
        self.say(what, (answer.error_code, rows));
    }
}

/// Commits without membership, and groups that do not exist.
fn outsiders(probe: &mut Probe) {
    probe.fetch("fetch from a group that does not exist", NAME);
    for version in [0, 5, 6] {
        probe.describe("describe what does not exist", version, NAME);
    }
    probe.delete("delete what does not exist", NAME);
    probe.forget("forget of what does not exist", NAME, &[("orders", 0)]);
    probe.commit("only unknown places", 9, &commit(NAME, "no-such-topic", &[(0, 1)]));
    probe.list("nothing was made", &[], &[]);
    let member = |generation| commit(NAME, "orders", &[(0, 1)]).with_generation_id_or_member_epoch(generation).with_member_id(text("m"));
    probe.commit("a member of nothing, new", 9, &member(1));
    probe.commit("a member of nothing, old", 8, &member(1));
    probe.commit("the first commit", 9, &commit(NAME, "orders", &[(0, 5), (1, -7), (2, 1 << 40), (3, 1)]));
    let mut long = commit(NAME, "orders", &[(0, 6), (1, 6)]);
    long.topics[0].partitions[0].committed_metadata = Some(text(&"é".repeat(4_096)));
    probe.commit("the longest metadata", 9, &long);
    long.topics[0].partitions[0].committed_metadata = Some(text(&"é".repeat(4_097)));
    probe.commit("too long", 9, &long);
    long.topics[0].partitions[0].committed_metadata = None;
    probe.commit("no metadata", 9, &long);
    probe.fetch("what was committed", NAME);
    probe.describe("a simple group", 6, NAME);
    probe.list("a simple group", &["EMPTY"], &["Classic"]);
    probe.list("another type", &[], &["consumer"]);
    probe.list("another state", &["Stable"], &[]);
    probe.commit("a generation in an empty group", 9, &member(0));
    probe.commit("an id without a generation", 9, &member(-1));
    probe.commit("a group without a name", 9, &commit("", "orders", &[(0, 1)]));
    probe.forget("forget", NAME, &[("orders", 1), ("no-such-topic", 0)]);
    probe.forget("forget what was not there", NAME, &[("orders", 1)]);
    probe.fetch("what is left", NAME);
}

/// One member, who leads, and what is refused meanwhile.
fn members(probe: &mut Probe) {
    let mut short = join(NAME, 9, "");
    short.session_timeout_ms = 1_000;
    let answer = probe.wire.ask(9, &short);
    probe.say("a short session", answer.error_code);
    let answer = probe.wire.ask(9, &join("", 9, ""));
    probe.say("a group without a name", answer.error_code);
    let answer = probe.wire.ask(9, &join(NAME, 9, "nobody"));
    probe.say("an id that nobody was given", answer.error_code);
    let answer = probe.wire.ask(9, &join("probed-not", 9, "nobody"));
    probe.say("the same in a new group", answer.error_code);
    let answer = probe.wire.ask(9, &join(NAME, 9, ""));
    probe.say(
        "an id first",
        (answer.error_code, answer.generation_id, &answer.protocol_name, &answer.protocol_type, answer.member_id.len()),
    );
    probe.describe("with an id given", 6, NAME);
    let me = answer.member_id.to_string();
    let answer = probe.wire.ask(9, &join(NAME, 9, &me));
    let leads = answer.leader == answer.member_id;
    probe.say(
        "joined",
        (
            answer.error_code,
            answer.generation_id,
            answer.protocol_name,
            answer.protocol_type,
            leads,
            answer.members.len(),
            answer.skip_assignment,
        ),
    );
    probe.describe("joined", 6, NAME);
    let generation = answer.generation_id;
    let answer = probe.wire.ask(4, &beat(NAME, generation, &me));
    probe.say("a heartbeat before the assignment", answer.error_code);
    let mine = commit(NAME, "orders", &[(2, 77)]).with_generation_id_or_member_epoch(generation).with_member_id(text(&me));
    probe.commit("a commit before the assignment", 9, &mine);
    let answer = probe.wire.ask(4, &sync(NAME, generation + 1, &me, &[&me]));
    probe.say("sync of another generation", answer.error_code);
    let mut other = sync(NAME, generation, &me, &[&me]);
    other.protocol_type = Some(text("consumer"));
    other.protocol_name = Some(text("sticky"));
    let answer = probe.wire.ask(5, &other);
    probe.say("sync of another assignor", answer.error_code);
    let answer = probe.wire.ask(5, &sync(NAME, generation, &me, &[&me]));
    probe.say("sync without an assignor", answer.error_code);
    other.protocol_name = Some(text("range"));
    let answer = probe.wire.ask(5, &other);
    probe.say("synced", (answer.error_code, answer.protocol_type, answer.protocol_name, answer.assignment.len()));
    while_it_is_there(probe, &me, generation, &mine);
    let answer = probe.wire.ask(5, &leave(NAME, 5, &me));
    probe.say("left", (answer.error_code, answer.members[0].error_code));
    probe.describe("left", 6, NAME);
    let answer = probe.wire.ask(4, &sync(NAME, generation, &me, &[]));
    probe.say("sync after that", answer.error_code);
    probe.commit("an outsider again", 9, &commit(NAME, "orders", &[(2, 78)]));
    probe.fetch("at the end", NAME);
    probe.list("at the end", &[], &[]);
    probe.delete("deleted", NAME);
    probe.list("gone", &[], &[]);
}

fn while_it_is_there(probe: &mut Probe, me: &str, generation: i32, mine: &OffsetCommitRequest) {
    probe.describe("stable", 6, NAME);
    probe.list("stable", &["stable"], &[]);
    probe.commit("a commit", 9, mine);
    probe.commit("another's", 9, &commit(NAME, "orders", &[(2, 78)]));
    let old = commit(NAME, "orders", &[(2, 79)]).with_generation_id_or_member_epoch(generation - 1).with_member_id(text(me));
    probe.commit("of another generation", 9, &old);
    probe.delete("delete while there is a member", NAME);
    probe.forget("forget while there is a member", NAME, &[("orders", 0)]);
    let mut connect = join(NAME, 3, "");
    connect.protocol_type = text("connect");
    let answer = probe.wire.ask(3, &connect);
    probe.say("another type", answer.error_code);
    let answer = probe.wire.ask(4, &beat(NAME, generation, "nobody"));
    probe.say("a heartbeat of nobody", answer.error_code);
    let answer = probe.wire.ask(5, &leave(NAME, 5, "nobody"));
    probe.say("nobody leaves", (answer.error_code, answer.members[0].error_code));
    let answer = probe.wire.ask(2, &leave(NAME, 2, "nobody"));
    probe.say("nobody leaves, as of old", answer.error_code);
    let answer = probe.wire.ask(5, &leave("probed-not", 5, "nobody"));
    probe.say("from nowhere", (answer.error_code, answer.members.first().map(|one| one.error_code)));
    let answer = probe.wire.ask(2, &leave("probed-not", 2, "nobody"));
    probe.say("from nowhere, as of old", answer.error_code);
    let answer = probe.wire.ask(4, &beat("probed-not", 0, "nobody"));
    probe.say("a heartbeat from nowhere", answer.error_code);
}

fn ask_all(address: SocketAddr) -> Vec<String> {
    let mut probe = Probe { wire: Wire::to(address), said: Vec::new() };
    eventually("a coordinator", || {
        let found = probe.wire.ask(3, &FindCoordinatorRequest::default().with_key(text(NAME)));
        (found.error_code == 0).then_some(())
    });
    // A coordinator that is named may still be loading.
    eventually("it is ready", || {
        let answer = probe.wire.ask(
            9,
            &OffsetFetchRequest::default()
                .with_groups(vec![OffsetFetchRequestGroup::default().with_group_id(GroupId(text(NAME))).with_topics(None)]),
        );
        (answer.groups[0].error_code == 0).then_some(())
    });
    outsiders(&mut probe);
    members(&mut probe);
    probe.said
}

#[test]
fn what_kafka_answers_about_groups_the_sandbox_answers() {
    let Some(kafka) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let real: SocketAddr = kafka.bootstrap[0].parse().expect("an address");
    let topic = CreatableTopic::default().with_name(TopicName(text("orders"))).with_num_partitions(3).with_replication_factor(1);
    let timeout = i32::try_from(Duration::from_secs(30).as_millis()).expect("small");
    let made = Wire::to(real).ask(7, &CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(timeout));
    assert_eq!(made.topics[0].error_code, 0);
    let sandbox = start(&Options { rate: 0, brokers: 1, ..Options::default() });
    let (theirs, ours) = (ask_all(real), ask_all(sandbox.addresses()[0]));
    let differ: Vec<_> = theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours).collect();
    assert!(differ.is_empty() && theirs.len() == ours.len(), "Kafka's, and ours: {differ:#?}");
}

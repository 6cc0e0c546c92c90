//! StreamsGroupDescribe (KIP-1071, `StreamsGroupDescribeResponse.json` of Apache Kafka 4.2): members of a Kafka Streams
//! application and the tasks that each has. The protocol crate has no schema of it.

use std::collections::HashMap;

use bytes::{BufMut, Bytes, BytesMut};

use super::super::error::{ErrorCode, PartitionError};
use super::super::wire::{Connection, Raw};
use super::describe::Described;
use super::flexible::{self, Reader};
use super::unanswered;
use crate::model::{BrokerId, Foreign, GroupDescription, GroupId, GroupKind, GroupState, Member, Operation, PartitionId, TopicName};

pub(super) async fn groups(
    connection: &Connection,
    what: &'static str,
    broker: BrokerId,
    groups: &[GroupId],
) -> Result<Vec<Described>, PartitionError> {
    let version = connection.raw_version(Raw::STREAMS_DESCRIBE).map_err(|fault| unanswered(fault, what))?;
    let mut body = BytesMut::new();
    flexible::count(&mut body, groups.len());
    for id in groups {
        flexible::text(&mut body, id.raw());
    }
    // No authorised operations.
    body.put_u8(0);
    flexible::end(&mut body);
    let answer = connection.call_raw(Raw::STREAMS_DESCRIBE, version, &body).await.map_err(|fault| unanswered(fault, what))?;
    parse(answer, broker).ok_or_else(|| unanswered(connection.garbled("an answer about a streams group does not follow its format"), what))
}

/// Names of the topics that each subtopology reads.
type Sources = HashMap<String, Vec<TopicName>>;

fn parse(bytes: Bytes, broker: BrokerId) -> Option<Vec<Described>> {
    let mut reader = Reader(bytes);
    let _throttle = reader.i32()?;
    let groups = reader.array(|reader| group(reader, broker))?;
    reader.tags()?;
    reader.is_empty().then_some(groups)
}

fn group(reader: &mut Reader, broker: BrokerId) -> Option<Described> {
    let error = ErrorCode::of(reader.i16()?);
    let _message = reader.nullable()?;
    let id = GroupId::new(reader.text()?);
    let state = GroupState::of(&reader.text()?);
    let epoch = reader.i32()?;
    let _assignment_epoch = reader.i32()?;
    let mut sources = Sources::new();
    reader.maybe(|reader| topology(reader, &mut sources))?;
    let members = reader.array(|reader| member(reader, &sources))?;
    let _operations = reader.i32()?;
    reader.tags()?;
    if let Some(code) = error {
        return Some((id, Err(PartitionError::of(code, Operation::Describe))));
    }
    let description = GroupDescription {
        id: id.clone(),
        kind: GroupKind::Streams,
        state,
        coordinator: broker,
        protocol: Foreign::new("streams"),
        assignor: Foreign::new(""),
        epoch: Some(epoch),
        members,
    };
    Some((id, Ok(description)))
}

fn topology(reader: &mut Reader, sources: &mut Sources) -> Option<()> {
    let _epoch = reader.i32()?;
    reader.array(|reader| {
        let id = reader.text()?;
        let mut topics = reader.array(|reader| Some(TopicName::new(reader.text()?)))?;
        let _sinks = reader.array(Reader::text)?;
        let _changelogs = reader.array(topic)?;
        // Repartition topics are read like others.
        topics.extend(reader.array(topic)?);
        reader.tags()?;
        sources.insert(id, topics);
        Some(())
    })?;
    reader.tags()
}

fn topic(reader: &mut Reader) -> Option<TopicName> {
    let name = TopicName::new(reader.text()?);
    let _partitions = reader.i32()?;
    let _replication = reader.i16()?;
    reader.array(pair)?;
    reader.tags()?;
    Some(name)
}

/// A key and a value, of no use here.
fn pair(reader: &mut Reader) -> Option<()> {
    reader.text()?;
    reader.text()?;
    reader.tags()
}

fn member(reader: &mut Reader, sources: &Sources) -> Option<Member> {
    let id = Foreign::new(reader.text()?);
    let _epoch = reader.i32()?;
    let instance = reader.nullable()?.map(Foreign::new);
    let _rack = reader.nullable()?;
    let client_id = Foreign::new(reader.text()?);
    let host = Foreign::new(reader.text()?);
    let _topology_epoch = reader.i32()?;
    let process = Foreign::new(reader.text()?);
    reader.maybe(|reader| {
        reader.text()?;
        reader.i16()?;
        reader.tags()
    })?;
    reader.array(pair)?;
    reader.array(task_offset)?;
    reader.array(task_offset)?;
    let active = assignment(reader)?;
    let _target = assignment(reader)?;
    let _classic = reader.flag()?;
    reader.tags()?;
    let mut subscribed: Vec<TopicName> = sources.values().flatten().cloned().collect();
    subscribed.sort_unstable();
    subscribed.dedup();
    Some(Member {
        id,
        instance,
        client_id,
        host,
        subscribed: Some(subscribed),
        pattern: None,
        assigned: Some(read_by(&active, sources)),
        process: Some(process),
    })
}

fn task_offset(reader: &mut Reader) -> Option<()> {
    reader.text()?;
    reader.i32()?;
    reader.i64()?;
    reader.tags()
}

/// Tasks by subtopology, with their partitions.
type Tasks = Vec<(String, Vec<PartitionId>)>;

/// The active tasks; standby and warm-up tasks read nothing but changelogs.
fn assignment(reader: &mut Reader) -> Option<Tasks> {
    let tasks = |reader: &mut Reader| {
        reader.array(|reader| {
            let id = reader.text()?;
            let partitions = reader.array(|reader| reader.i32().map(PartitionId))?;
            reader.tags()?;
            Some((id, partitions))
        })
    };
    let active = tasks(reader)?;
    tasks(reader)?;
    tasks(reader)?;
    reader.tags()?;
    Some(active)
}

/// The partitions that tasks read: task `n` of a subtopology reads partition `n` of each of its topics.
fn read_by(tasks: &Tasks, sources: &Sources) -> Vec<(TopicName, Vec<PartitionId>)> {
    let mut read: Vec<(TopicName, Vec<PartitionId>)> = Vec::new();
    for (subtopology, partitions) in tasks {
        for topic in sources.get(subtopology).into_iter().flatten() {
            match read.iter_mut().find(|(name, _)| name == topic) {
                Some((_, ids)) => ids.extend(partitions),
                None => read.push((topic.clone(), partitions.clone())),
            }
        }
    }
    read.sort_unstable();
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(out: &mut BytesMut, texts: &[&str]) {
        flexible::count(out, texts.len());
        for text in texts {
            flexible::text(out, text);
        }
    }

    /// A changelog or repartition topic.
    fn topics(out: &mut BytesMut, names: &[&str]) {
        flexible::count(out, names.len());
        for name in names {
            flexible::text(out, name);
            out.put_i32(0);
            out.put_i16(1);
            flexible::count(out, 1);
            strings_of_a_pair(out);
            flexible::end(out);
        }
    }

    fn strings_of_a_pair(out: &mut BytesMut) {
        flexible::text(out, "cleanup.policy");
        flexible::text(out, "compact");
        flexible::end(out);
    }

    fn tasks(out: &mut BytesMut, tasks: &[(&str, &[i32])]) {
        flexible::count(out, tasks.len());
        for (subtopology, partitions) in tasks {
            flexible::text(out, subtopology);
            flexible::count(out, partitions.len());
            for partition in *partitions {
                out.put_i32(*partition);
            }
            flexible::end(out);
        }
    }

    /// A group of two subtopologies with one member.
    fn answer() -> Bytes {
        let mut out = BytesMut::new();
        out.put_i32(0);
        flexible::count(&mut out, 1);
        out.put_i16(0);
        out.put_u8(0);
        flexible::text(&mut out, "app");
        flexible::text(&mut out, "Stable");
        out.put_i32(5);
        out.put_i32(5);
        out.put_i8(1);
        out.put_i32(0);
        flexible::count(&mut out, 2);
        for (id, sources, repartition) in [("0", &["clicks", "views"][..], &[][..]), ("1", &[], &["app-by-user-repartition"])] {
            flexible::text(&mut out, id);
            strings(&mut out, sources);
            strings(&mut out, &[]);
            topics(&mut out, &["app-changelog"]);
            topics(&mut out, repartition);
            flexible::end(&mut out);
        }
        flexible::end(&mut out);
        flexible::count(&mut out, 1);
        flexible::text(&mut out, "member-1");
        out.put_i32(5);
        out.put_u8(0);
        out.put_u8(0);
        flexible::text(&mut out, "client-1");
        flexible::text(&mut out, "/10.0.0.7");
        out.put_i32(0);
        flexible::text(&mut out, "process-1");
        out.put_i8(-1);
        for _ in 0..3 {
            flexible::count(&mut out, 0);
        }
        for _ in 0..2 {
            tasks(&mut out, &[("0", &[0, 2]), ("1", &[1])]);
            tasks(&mut out, &[("0", &[7])]);
            tasks(&mut out, &[]);
            flexible::end(&mut out);
        }
        out.put_u8(0);
        flexible::end(&mut out);
        out.put_i32(i32::MIN);
        flexible::end(&mut out);
        flexible::end(&mut out);
        out.freeze()
    }

    #[test]
    fn tasks_are_partitions_of_the_topics_that_their_subtopology_reads() {
        let (id, told) = parse(answer(), BrokerId(1)).unwrap().remove(0);
        let told = told.unwrap();
        assert_eq!((id.raw(), &told.state, told.epoch), ("app", &GroupState::Stable, Some(5)));
        let member = &told.members[0];
        assert_eq!((member.client_id.raw(), member.process.as_ref().map(Foreign::raw)), ("client-1", Some("process-1")));
        let assigned = |name: &str, ids: &[i32]| (TopicName::new(name), ids.iter().copied().map(PartitionId).collect());
        let wanted = vec![assigned("app-by-user-repartition", &[1]), assigned("clicks", &[0, 2]), assigned("views", &[0, 2])];
        assert_eq!(member.assigned, Some(wanted), "standby tasks read nothing of them");
    }

    #[test]
    fn an_answer_that_ends_early_is_none() {
        for cut in 0..answer().len() {
            assert!(parse(answer().slice(..cut), BrokerId(1)).is_none(), "{cut}");
        }
    }
}

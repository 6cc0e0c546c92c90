//! `kscope group describe`: the members of a group and where it stands on each partition; and the groups that read a topic, for
//! `kscope topic describe`.

use std::fmt::Write as _;

use super::super::Output;
use super::super::rows::{self, Field, Row, count, maybe};
use super::super::topics::unwritten;
use super::lag::{LagRow, as_rows, now, rows_of, say_refused, times};
use super::look::{self, Standing, Who};
use crate::core::lag::{End, Total};
use crate::io::groups;
use crate::io::kafka::Client;
use crate::model::{Failure, GroupId, GroupKind, Member, PartitionId, Topic, TopicName};
use crate::text::{Shown, why};

/// Prints one group.
pub(in crate::cli) async fn run(client: &Client, output: Output, terminal: bool, group: &GroupId) -> Result<u8, Failure> {
    let listed = look::list(client).await?;
    let named = listed.named(std::slice::from_ref(group))?;
    let standings = look::stand(client, named, Who::All).await?;
    let Some(standing) = standings.first() else { return Ok(0) };
    let times = times(client, &standings, End::High).await;
    let rows = rows_of(standing, End::High, Some(&times), now());
    if output == Output::Table {
        rows::write(in_words(standing, &rows).as_bytes()).map_err(|error| unwritten(&error))?;
    } else {
        rows::print_object(&object(standing, &rows), terminal).map_err(|error| unwritten(&error))?;
    }
    if let Some(Err(reason)) = &standing.description {
        super::super::words::say(&format!("the members of {} are unknown: {}", group.raw(), why(reason)));
    }
    let refused = say_refused(&standings);
    Ok(if refused || standing.is_partial() || standing.members().is_none() { 7 } else { 0 })
}

fn object(standing: &Standing, rows: &[LagRow]) -> Row {
    let listing = &standing.listing;
    let told = standing.told();
    // Without what is committed and without members nothing is known of them: that is no empty list.
    let blind = rows.is_empty() && standing.places.is_err();
    let partitions = || Field::List(rows.iter().map(|row| Field::Object(row.row())).collect());
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map_or(Field::Absent, |text| Field::Text(text.to_owned()));
    vec![
        ("group", Field::Text(listing.id.raw().to_owned())),
        ("type", Field::Text(standing.kind().word().to_owned())),
        ("state", Field::Text(standing.state().word().to_owned())),
        ("coordinator", listing.coordinator.0.into()),
        ("protocol", text(Some(listing.protocol.raw()))),
        ("assignor", text(told.map(|told| told.assignor.raw()))),
        ("epoch", maybe(told.and_then(|told| told.epoch))),
        ("members", told.map_or(Field::Null, |told| Field::List(told.members.iter().map(member).collect()))),
        ("partitions", if blind { Field::Null } else { partitions() }),
    ]
}

fn member(member: &Member) -> Field {
    let names = |names: &[TopicName]| Field::List(names.iter().map(|name| Field::Text(name.raw().to_owned())).collect());
    let assigned = |assigned: &Vec<(TopicName, Vec<PartitionId>)>| {
        let of = |(topic, partitions): &(TopicName, Vec<PartitionId>)| {
            let ids = partitions.iter().map(|partition| partition.0.into()).collect();
            Field::Object(vec![("topic", Field::Text(topic.raw().to_owned())), ("partitions", Field::List(ids))])
        };
        Field::List(assigned.iter().map(of).collect())
    };
    Field::Object(vec![
        ("member", Field::Text(member.id.raw().to_owned())),
        ("instanceId", member.instance.as_ref().map_or(Field::Absent, |id| Field::Text(id.raw().to_owned()))),
        ("clientId", Field::Text(member.client_id.raw().to_owned())),
        ("host", Field::Text(member.address().raw().to_owned())),
        ("subscribed", member.subscribed.as_ref().map_or(Field::Null, |topics| names(topics))),
        ("pattern", member.pattern.as_ref().map_or(Field::Absent, |pattern| Field::Text(pattern.raw().to_owned()))),
        ("processId", member.process.as_ref().map_or(Field::Absent, |id| Field::Text(id.raw().to_owned()))),
        ("assignment", member.assigned.as_ref().map_or(Field::Null, assigned)),
    ])
}

/// For people: a line of facts, the members, the partitions.
fn in_words(standing: &Standing, rows: &[LagRow]) -> String {
    let shown = |text: &str| Shown::of(text).into_string();
    let listing = &standing.listing;
    let mut out = format!(
        "{}  type {}  state {}  coordinator {}",
        shown(listing.id.raw()),
        shown(standing.kind().word()),
        shown(standing.state().word()),
        listing.coordinator.0
    );
    if let Some(told) = standing.told() {
        // Writing to a String does not fail.
        if !told.assignor.raw().is_empty() {
            let _written = write!(out, "  assignor {}", shown(told.assignor.raw()));
        }
        if let Some(epoch) = told.epoch {
            let _written = write!(out, "  epoch {epoch}");
        }
    }
    out += "\n\n";
    out += &match (standing.told(), standing.members()) {
        (Some(told), _) if !told.members.is_empty() => rows::as_table(&told.members.iter().map(line).collect::<Vec<_>>()),
        (_, Some(_)) => "no members\n".to_owned(),
        (_, None) => "members unknown\n".to_owned(),
    };
    out.push('\n');
    if rows.is_empty() {
        return out + "no partition with a commit or a member\n";
    }
    let mut rows = as_rows(rows, Output::Table);
    // They are all of this group.
    for row in &mut rows {
        row.retain(|(name, _)| !matches!(*name, "group" | "clientId" | "host"));
    }
    out + &rows::as_table(&rows)
}

/// A member as a line.
fn line(member: &Member) -> Row {
    let assigned = member.assigned.as_ref().map(|assigned| {
        let of = |(topic, partitions): &(TopicName, Vec<PartitionId>)| {
            let ids: Vec<String> = partitions.iter().map(|partition| partition.0.to_string()).collect();
            format!("{}:{}", topic.raw(), ids.join(","))
        };
        assigned.iter().map(of).collect::<Vec<_>>().join(" ")
    });
    vec![
        ("member", Field::Text(member.id.raw().to_owned())),
        ("clientId", Field::Text(member.client_id.raw().to_owned())),
        ("host", Field::Text(member.address().raw().to_owned())),
        ("assignment", assigned.map_or(Field::Null, |text| if text.is_empty() { Field::Absent } else { Field::Text(text) })),
    ]
}

/// The groups with a commit or a member on a topic, and whether some could not be had.
pub(in crate::cli) async fn of_topic(client: &Client, topic: &Topic) -> Result<(Vec<Row>, bool), Failure> {
    let listed = look::list(client).await?;
    look::say_silent(&listed.silent);
    let described = look::described(client, &listed.groups, Who::WithMembers).await;
    let mut asks: Vec<_> = listed.groups.iter().map(|listing| look::ask(listing, described.get(&listing.id))).collect();
    for ask in &mut asks {
        ask.also.retain(|(name, _)| *name == topic.name);
    }
    let partitions: Vec<PartitionId> = topic.partitions.iter().map(|partition| partition.id).collect();
    let lags = groups::lag_on(client, &asks, &topic.name, &partitions).await?;
    let starts = groups::starts(client, &asks).await;
    let mut partial = !listed.silent.is_empty();
    let mut rows = Vec::new();
    for ((listing, lag), (_, starts)) in listed.groups.iter().zip(lags).zip(starts) {
        let told = described.get(&listing.id);
        let reads = |member: &&Member| {
            let subscribed = member.subscribed.iter().flatten().any(|name| *name == topic.name);
            subscribed || member.assigned.iter().flatten().any(|(name, _)| *name == topic.name)
        };
        let members = match told {
            None => Some(0),
            Some(Ok(told)) => Some(told.members.iter().filter(reads).count()),
            Some(Err(_)) => None,
        };
        let share = listing.kind == GroupKind::Share;
        let (begun, total) = if share {
            let starts = starts.unwrap_or_default();
            let mine: Vec<_> = starts.iter().filter(|start| start.topic == topic.name).collect();
            let known = mine.iter().filter_map(|start| u64::try_from(start.lag?).ok());
            let total = Total { offsets: known.clone().sum(), lost: 0, known: known.count(), of: mine.len() };
            (!mine.is_empty(), total)
        } else {
            partial |= lag.topics.is_err();
            let topics = lag.topics.unwrap_or_default();
            (!topics.is_empty(), Total::over(&topics, End::High))
        };
        if !begun && members.unwrap_or(0) == 0 {
            continue;
        }
        let state = told.and_then(|told| told.as_ref().ok()).map_or(&listing.state, |told| &told.state);
        rows.push(vec![
            ("group", Field::Text(listing.id.raw().to_owned())),
            ("type", Field::Text(listing.kind.word().to_owned())),
            ("state", Field::Text(state.word().to_owned())),
            ("members", members.map_or(Field::Null, count)),
            ("lag", if total.known > 0 { total.offsets.into() } else { Field::Null }),
            ("lagKnown", Field::Bool(total.of > 0 && total.is_whole())),
        ]);
    }
    Ok((rows, partial))
}

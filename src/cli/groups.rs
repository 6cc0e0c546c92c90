//! `kscope groups`, `kscope lag` and `kscope peek`: groups, how far they are behind, and the record that one reads next.
//!
//! Each command is a file beside this one; `look` is what they ask of the cluster.

pub(super) mod describe;
mod lag;
pub(super) mod look;
mod peek;
mod prometheus;
mod watch;

use std::time::Duration;

use clap::Args;

use super::rows::{self, Field, Row, count};
use super::topics::{Common, NameFilter, PARTIAL, unwritten};
use crate::core::lag::{End, Total};
use crate::io::kafka::Client;
use crate::model::{ClusterRights, Failure, Why};
use look::{Standing, Who};

pub(super) use lag::LagArgs;
pub(super) use peek::PeekArgs;

/// Arguments of `groups`.
#[derive(Debug, Args)]
pub(super) struct GroupsArgs {
    /// Only groups whose id matches; ! in front inverts
    #[arg(short, long, value_name = "REGEX")]
    filter: Option<String>,
}

/// A command, checked.
#[derive(Debug)]
pub struct Groups {
    common: Common,
    wanted: What,
}

#[derive(Debug)]
enum What {
    List(Option<NameFilter>),
    Lag(lag::Lag),
    Peek(peek::Peek),
}

impl Groups {
    pub(super) fn list(common: Common, args: &GroupsArgs) -> Result<Self, Failure> {
        let filter = args.filter.as_deref().map(NameFilter::parse).transpose()?;
        Ok(Self { common, wanted: What::List(filter) })
    }

    pub(super) fn lag(common: Common, args: LagArgs, stalled_after: Duration) -> Self {
        Self { common, wanted: What::Lag(lag::Lag::new(args, stalled_after)) }
    }

    pub(super) fn peek(common: Common, args: PeekArgs) -> Result<Self, Failure> {
        Ok(Self { common, wanted: What::Peek(peek::Peek::new(args)?) })
    }

    /// Runs to the end on a runtime of its own; returns the exit code.
    pub fn run(self) -> u8 {
        let common = &self.common;
        common.run(async |client| match &self.wanted {
            What::List(filter) => list(&client, common, filter.as_ref()).await,
            What::Lag(lag) => lag.run(&client, common).await,
            What::Peek(peek) => peek.run(&client, common).await,
        })
    }
}

async fn list(client: &Client, common: &Common, filter: Option<&NameFilter>) -> Result<u8, Failure> {
    let mut listed = look::list(client).await?;
    listed.groups.retain(|group| filter.is_none_or(|filter| filter.passes(group.id.raw())));
    let standings = look::stand(client, listed.groups, Who::WithMembers).await?;
    let rows: Vec<Row> = standings.iter().map(row).collect();
    rows::print(&rows, common.output, common.terminal).map_err(|error| unwritten(&error))?;
    let unknown = standings.iter().filter(|standing| standing.is_partial()).count();
    if unknown > 0 {
        common.say(&format!("the lag of {unknown} of {} groups is unknown or partly so: kscope lag GROUP says why", standings.len()));
    }
    look::say_silent(&listed.silent);
    if client.rights().await.is_some_and(ClusterRights::are_limited) {
        common.say(PARTIAL);
    }
    Ok(if unknown > 0 || !listed.silent.is_empty() { 7 } else { 0 })
}

fn row(standing: &Standing) -> Row {
    let listing = &standing.listing;
    let members = standing.members();
    let (lag, known) = match total(standing) {
        Some(total) if total.of > 0 => {
            let lag = if total.known > 0 { Field::from(total.offsets) } else { Field::Null };
            (lag, total.is_whole() && members.is_some())
        }
        // Nothing is committed and nobody reads: there is nothing to be behind of.
        Some(_) if members == Some(0) => (Field::Absent, false),
        _ => (Field::Null, false),
    };
    vec![
        ("group", Field::Text(listing.id.raw().to_owned())),
        ("type", Field::Text(standing.kind().word().to_owned())),
        ("state", Field::Text(standing.state().word().to_owned())),
        ("coordinator", listing.coordinator.0.into()),
        ("members", members.map_or(Field::Null, count)),
        ("topics", standing.topics().map_or(Field::Null, |topics| count(topics.len()))),
        ("lag", lag),
        ("lagKnown", Field::Bool(known)),
    ]
}

/// The lag over all partitions; `None` when what was committed is unknown.
pub(super) fn total(standing: &Standing) -> Option<Total> {
    if let Some(starts) = &standing.starts {
        let starts = starts.as_ref().ok()?;
        let known = starts.iter().filter_map(|start| u64::try_from(start.lag?).ok());
        return Some(Total { offsets: known.clone().fold(0, u64::saturating_add), lost: 0, known: known.count(), of: starts.len() });
    }
    standing.places.as_ref().ok().map(|topics| Total::over(topics, End::High))
}

impl Standing {
    /// Whether something that was asked could not be had. A topic that is gone is an answer.
    pub(super) fn is_partial(&self) -> bool {
        use crate::core::lag::Lag;
        if let Some(starts) = &self.starts {
            return starts.as_ref().map_or(true, |starts| starts.iter().any(|start| start.start.is_err()));
        }
        let unknown = |lag: &Lag| matches!(lag, Lag::Unknown(why) if *why != Why::NoTopic);
        match &self.places {
            Ok(topics) => topics.iter().flat_map(|topic| &topic.partitions).any(|(_, place)| unknown(&place.lag(End::High))),
            Err(_) => true,
        }
    }
}

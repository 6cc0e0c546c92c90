//! `kscope lag`: every partition with a commit or a member, as a row.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::super::Output;
use super::super::rows::{self, Field, Row, maybe};
use super::super::topics::{Common, unwritten};
use super::look::{self, Listed, Standing, Who};
use super::{prometheus, watch};
use crate::core::lag::{self, End, Place};
use crate::core::verdict::Limits;
use crate::io::behind;
use crate::io::kafka::Client;
use crate::model::{BrokerId, Failure, GroupId, Member, Offset, PartitionId, ShareStart, Time, TopicName, Why};
use crate::text::why;

/// Arguments of `lag`.
#[derive(Debug, Args)]
pub(in crate::cli) struct LagArgs {
    /// Groups; all when none is named, and then without the time behind
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    /// To which end lag is counted: the high watermark, or the last stable offset
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    isolation: IsolationArg,
    /// Look again every two seconds, and say what became of each partition since
    #[arg(long, conflicts_with = "prometheus")]
    watch: bool,
    /// In the text format of Prometheus
    #[arg(long)]
    prometheus: bool,
    /// Exit with 8 when the lag of a group, over all of its partitions, is more than N
    #[arg(long, value_name = "N")]
    fail_over: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum IsolationArg {
    #[default]
    #[value(name = "read_uncommitted")]
    ReadUncommitted,
    #[value(name = "read_committed")]
    ReadCommitted,
}

/// The command, checked.
#[derive(Debug)]
pub(super) struct Lag {
    groups: Vec<GroupId>,
    end: End,
    watch: bool,
    prometheus: bool,
    fail_over: Option<u64>,
    /// What a watch judges by.
    pub(super) limits: Limits,
}

/// One partition of a group.
#[derive(Debug)]
pub(in crate::cli) struct LagRow {
    pub group: GroupId,
    pub topic: TopicName,
    pub partition: PartitionId,
    pub place: Place,
    /// Of a share group.
    pub start: Option<Offset>,
    pub lag: Option<u64>,
    /// Deleted unread; `None` when that is unknown.
    pub lost: Option<u64>,
    /// Whether it was asked when the record was written that is read next, and the time behind in milliseconds.
    pub behind: Option<Result<Option<i64>, Why>>,
    /// `Err`: who has it is unknown.
    pub member: Result<Option<Member>, ()>,
    pub verdict: &'static str,
    /// Why the verdict is unknown, or the time behind.
    pub reason: Option<String>,
}

/// What one look shows.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub standings: Vec<Standing>,
    pub rows: Vec<LagRow>,
    /// Brokers that did not tell their groups.
    pub silent: Vec<(BrokerId, Why)>,
}

/// Timestamps of the records that are read next.
pub(in crate::cli) type Times = BTreeMap<(TopicName, PartitionId, Offset), Result<Option<Time>, Why>>;

impl Lag {
    /// `stalled_after`: of the configuration; what stands still for so long makes no progress.
    pub(super) fn new(args: LagArgs, stalled_after: Duration) -> Self {
        let mut groups: Vec<GroupId> = Vec::new();
        for group in args.groups.into_iter().map(GroupId::new) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let end = match args.isolation {
            IsolationArg::ReadUncommitted => End::High,
            IsolationArg::ReadCommitted => End::Stable,
        };
        let limits = Limits { stalled_after, ..Limits::default() };
        Self { groups, end, watch: args.watch, prometheus: args.prometheus, fail_over: args.fail_over, limits }
    }

    pub(super) async fn run(&self, client: &Client, common: &Common) -> Result<u8, Failure> {
        if self.watch {
            return watch::run(self, client, common).await;
        }
        let Look { standings, rows, silent } = self.look(client).await?;
        self.print(common, &standings, &rows)?;
        look::say_silent(&silent);
        let refused = say_refused(&standings);
        let unknown = rows.iter().filter(|row| row.is_unknown()).count();
        if unknown > 0 {
            common.say(&format!("the lag of {unknown} of {} partitions is unknown", rows.len()));
        }
        if self.is_over(common, &rows) {
            return Ok(8);
        }
        Ok(if refused || unknown > 0 || !silent.is_empty() { 7 } else { 0 })
    }

    /// Looks once.
    pub(super) async fn look(&self, client: &Client) -> Result<Look, Failure> {
        let Listed { groups, silent } = self.listed(client).await?;
        let standings = look::stand(client, groups, Who::WithMembers).await?;
        let times = if self.groups.is_empty() { None } else { Some(times(client, &standings, self.end).await) };
        let rows = standings.iter().flat_map(|standing| rows_of(standing, self.end, times.as_ref(), now())).collect();
        Ok(Look { standings, rows, silent })
    }

    async fn listed(&self, client: &Client) -> Result<Listed, Failure> {
        let listed = look::list(client).await?;
        if self.groups.is_empty() {
            return Ok(listed);
        }
        // Those that were asked for are all there: what other brokers have does not matter.
        Ok(Listed { groups: listed.named(&self.groups)?, silent: Vec::new() })
    }

    fn print(&self, common: &Common, standings: &[Standing], rows: &[LagRow]) -> Result<(), Failure> {
        if self.prometheus {
            let text = prometheus::text(standings, rows, common.terminal);
            return rows::write(text.as_bytes()).map_err(|error| unwritten(&error));
        }
        let rows = as_rows(rows, common.output);
        rows::print(&rows, common.output, common.terminal).map_err(|error| unwritten(&error))
    }

    /// Whether a group is further behind than it may be.
    pub(super) fn is_over(&self, common: &Common, rows: &[LagRow]) -> bool {
        let Some(most) = self.fail_over else { return false };
        let mut groups: BTreeMap<&GroupId, u64> = BTreeMap::new();
        for row in rows {
            let lag = groups.entry(&row.group).or_default();
            *lag = lag.saturating_add(row.lag.unwrap_or(0));
        }
        groups.retain(|_, lag| *lag > most);
        for (group, lag) in &groups {
            common.say(&format!("{} is {lag} behind, more than {most}", group.raw()));
        }
        !groups.is_empty()
    }
}

/// Says which groups have no rows because their commits could not be had.
pub(in crate::cli) fn say_refused(standings: &[Standing]) -> bool {
    let mut any = false;
    for standing in standings {
        let refused = match &standing.starts {
            Some(starts) => starts.as_ref().err(),
            None => standing.places.as_ref().err(),
        };
        if let Some(reason) = refused {
            any = true;
            super::super::words::say(&format!("the lag of {} is unknown: {}", standing.listing.id.raw(), why(reason)));
        }
    }
    any
}

pub(in crate::cli) fn now() -> Time {
    Time(jiff::Timestamp::now().as_microsecond())
}

/// Asks when the records were written that groups read next.
pub(in crate::cli) async fn times(client: &Client, standings: &[Standing], end: End) -> Times {
    let mut places: Vec<(TopicName, PartitionId, Offset)> = Vec::new();
    for topic in standings.iter().filter(|standing| standing.starts.is_none()).flat_map(|standing| standing.places.iter().flatten()) {
        let next = topic.partitions.iter().filter_map(|(id, place)| Some((topic.topic.clone(), *id, place.next(end)?)));
        places.extend(next);
    }
    places.sort_unstable();
    places.dedup();
    let told = behind::times(client, &places).await;
    told.into_iter().map(|behind| ((behind.topic, behind.partition, behind.offset), behind.timestamp)).collect()
}

/// The partitions of a group as rows. Without `times` nobody looked at records.
pub(in crate::cli) fn rows_of(standing: &Standing, end: End, times: Option<&Times>, now: Time) -> Vec<LagRow> {
    let mut rows = Vec::new();
    for topic in standing.places.iter().flatten() {
        for (partition, place) in &topic.partitions {
            let member = standing.holders(&topic.topic, *partition);
            // A share group gives a partition to several.
            let member = member.map(|members| if let [one] = members.as_slice() { Some((*one).clone()) } else { None });
            let row = LagRow {
                group: standing.listing.id.clone(),
                topic: topic.topic.clone(),
                partition: *partition,
                place: place.clone(),
                start: None,
                lag: None,
                lost: None,
                behind: None,
                member,
                verdict: "unknown",
                reason: None,
            };
            rows.push(match &standing.starts {
                Some(starts) => shared(row, starts.iter().flatten()),
                None => committed(row, end, times, now),
            });
        }
    }
    rows
}

/// What a share group tells of a partition: a start, which is no commit, and its own count of what is not done (KIP-1226).
fn shared<'a>(mut row: LagRow, mut starts: impl Iterator<Item = &'a ShareStart>) -> LagRow {
    let Some(start) = starts.find(|start| start.topic == row.topic && start.partition == row.partition) else { return row };
    row.lag = start.lag.and_then(|lag| u64::try_from(lag).ok());
    row.lost = Some(0);
    match &start.start {
        Ok(at) => row.start = *at,
        Err(reason) => row.reason = Some(why(reason)),
    }
    row.verdict = match row.lag {
        Some(0) => "level",
        Some(_) => "behind",
        None => "unknown",
    };
    if row.lag.is_none() && row.reason.is_none() {
        let not_begun = "the group has not begun on this partition";
        let not_counted = "the broker does not count what a share group has left";
        row.reason = Some(if row.start.is_none() { not_begun } else { not_counted }.to_owned());
    }
    row
}

fn committed(mut row: LagRow, end: End, times: Option<&Times>, now: Time) -> LagRow {
    let lag = row.place.lag(end);
    row.verdict = lag.word();
    row.lag = lag.offsets();
    if let lag::Lag::Unknown(reason) = &lag {
        row.reason = Some(why(reason));
    } else {
        row.lost = Some(lag.lost());
    }
    row.behind = match (row.lag, row.place.next(end), times) {
        (Some(0), ..) => Some(Ok(Some(0))),
        (_, Some(next), Some(times)) => {
            let told = times.get(&(row.topic.clone(), row.partition, next)).cloned().unwrap_or(Err(Why::NoAnswer));
            Some(told.map(|written| written.and_then(|written| lag::behind_ms(now, written))))
        }
        _ => None,
    };
    if let (Some(Err(reason)), None) = (&row.behind, &row.reason) {
        row.reason = Some(format!("the time behind is unknown: {}", why(reason)));
    }
    row
}

impl LagRow {
    /// Whether its lag could not be had. That a topic is gone, or that a broker does not count, is an answer.
    fn is_unknown(&self) -> bool {
        let gone = |reason: &Why| *reason == Why::NoTopic;
        let reasons = [self.place.start.as_ref().err(), self.place.stable.as_ref().err(), self.place.high.as_ref().err()];
        let unknown = self.place.commit.is_err() || reasons.into_iter().flatten().any(|reason| !gone(reason));
        self.verdict == "unknown" && unknown
    }

    fn behind_ms(&self) -> Option<i64> {
        self.behind.as_ref()?.as_ref().ok().copied()?
    }

    /// The fields of cli.md, and behind them those that not every row has.
    pub(in crate::cli) fn row(&self) -> Row {
        let offset = |offset: &Result<Offset, Why>| maybe(offset.as_ref().ok().map(|offset| offset.0));
        let known = |n: Option<u64>| n.map_or(if self.verdict == "unknown" { Field::Null } else { Field::Absent }, Field::from);
        let member = |told: &dyn Fn(&Member) -> String| match &self.member {
            Ok(Some(member)) => Field::Text(told(member)),
            Ok(None) => Field::Absent,
            Err(()) => Field::Null,
        };
        vec![
            ("group", Field::Text(self.group.raw().to_owned())),
            ("topic", Field::Text(self.topic.raw().to_owned())),
            ("partition", self.partition.0.into()),
            (
                "committed",
                match &self.place.commit {
                    Ok(Some(commit)) => commit.offset.0.into(),
                    Ok(None) => Field::Absent,
                    Err(_) => Field::Null,
                },
            ),
            ("logStart", offset(&self.place.start)),
            ("lastStable", offset(&self.place.stable)),
            ("highWatermark", offset(&self.place.high)),
            ("lag", known(self.lag)),
            ("lost", known(self.lost)),
            (
                "behindMs",
                self.behind_ms().map_or(if self.lag.is_some() && self.start.is_none() { Field::Null } else { Field::Absent }, Field::from),
            ),
            ("member", member(&|member| member.id.raw().to_owned())),
            ("clientId", member(&|member| member.client_id.raw().to_owned())),
            ("host", member(&|member| member.address().raw().to_owned())),
            ("verdict", Field::Text(self.verdict.to_owned())),
            ("shareStart", self.start.map_or(Field::Absent, |start| start.0.into())),
            ("reason", self.reason.clone().map_or(Field::Absent, Field::Text)),
        ]
    }

    /// The time behind in seconds.
    pub(super) fn behind_seconds(&self) -> Option<String> {
        let ms = self.behind_ms()?;
        Some(format!("{}.{:03}", ms / 1000, ms % 1000))
    }
}

/// Rows to print: a table has no columns in which nothing stands.
pub(in crate::cli) fn as_rows(rows: &[LagRow], output: Output) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.iter().map(LagRow::row).collect();
    if output == Output::Table {
        for name in ["shareStart", "reason"] {
            let empty = rows.iter().flatten().all(|(column, field)| *column != name || *field == Field::Absent);
            if empty {
                for row in &mut rows {
                    row.retain(|(column, _)| *column != name);
                }
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests;

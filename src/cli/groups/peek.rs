//! `kscope peek`: the records around what a group has committed for a partition.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use clap::Args;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::super::print::{CSV_HEADER, Style};
use super::super::topics::{Common, unwritten};
use super::super::{Output, rows, words};
use super::lag::now;
use super::look;
use crate::core::stream::{Delivery, Isolation, Plan, Progress};
use crate::io::groups::Ends;
use crate::io::kafka::Client;
use crate::io::scan::{self, Options, Shape, Sink, Taken};
use crate::io::work::Work;
use crate::model::{Cause, Commit, Failure, Foreign, GroupId, Offset, PartitionId, TopicId, TopicName, TxnTable};
use crate::query::Context;
use crate::query::position::Position;
use crate::text::units;

const WHAT: &str = "look at the committed offset";

/// Arguments of `peek`.
#[derive(Debug, Args)]
pub(in crate::cli) struct PeekArgs {
    /// The group
    #[arg(value_name = "GROUP")]
    group: String,
    /// A partition that it has committed
    #[arg(value_name = "TOPIC:PARTITION")]
    place: String,
    /// So many records before it
    #[arg(short = 'B', long, default_value_t = 5, value_name = "N")]
    before: u32,
    /// So many records behind it
    #[arg(short = 'A', long, default_value_t = 5, value_name = "N")]
    after: u32,
}

/// The command, checked.
#[derive(Debug)]
pub(super) struct Peek {
    group: GroupId,
    topic: TopicName,
    partition: PartitionId,
    before: u32,
    after: u32,
}

impl Peek {
    pub(super) fn new(args: PeekArgs) -> Result<Self, Failure> {
        let wrong = || {
            let text = format!("'{}' is no partition of a topic", args.place);
            Failure::new("read the arguments", Cause::Usage(Foreign::new(text))).hint("write TOPIC:PARTITION, for example orders:0")
        };
        let (topic, partition) = args.place.rsplit_once(':').ok_or_else(wrong)?;
        let partition = partition.parse::<i32>().ok().filter(|&id| id >= 0 && !topic.is_empty()).ok_or_else(wrong)?;
        Ok(Self {
            topic: TopicName::new(topic),
            partition: PartitionId(partition),
            group: GroupId::new(args.group),
            before: args.before,
            after: args.after,
        })
    }

    pub(super) async fn run(&self, client: &Client, common: &Common) -> Result<u8, Failure> {
        let at = self.committed(client).await?.offset;
        let wanted = BTreeMap::from([(self.topic.clone(), [self.partition].into())]);
        let [start, _, high] = Ends::of(client, &wanted).await?.partition(&self.topic, self.partition);
        let place = format!("partition {} of topic {}", self.partition.0, self.topic.raw());
        let unknown = |why| match why {
            crate::model::Why::NoTopic => Failure::new(WHAT, Cause::NotFound(Foreign::new(place.clone()))),
            why => Failure::new(WHAT, Cause::Refused("the ends of the partition are unknown")).hint(crate::text::why(&why)),
        };
        let (start, high) = (start.map_err(unknown)?, high.map_err(unknown)?);
        common.say(&self.words(at, start, high));
        let next = at.max(start);
        let style = Style {
            // Objects are put into their array here.
            output: if common.output == Output::Json { Output::Ndjson } else { common.output },
            format: None,
            terminal: common.terminal,
            color: false,
            several: false,
            zone: TimeZone::system(),
            selection: None,
        };
        let before = self.read_before(client, &style, next.min(high), start).await?;
        let after = if next < high { self.read_after(client, &style, next).await? } else { Vec::new() };
        let marked = before.into_iter().map(|line| (line, false)).chain(after.into_iter().enumerate().map(|(n, line)| (line, n == 0)));
        let text = joined(marked, common.output);
        rows::write(&text).map_err(|error| unwritten(&error))?;
        Ok(0)
    }

    /// What the group has committed.
    async fn committed(&self, client: &Client) -> Result<Commit, Failure> {
        let listed = look::list(client).await?;
        let group = listed.named(std::slice::from_ref(&self.group))?.into_iter().next();
        let missing = || {
            let text = format!("a commit of {} for partition {} of topic {}", self.group.raw(), self.partition.0, self.topic.raw());
            Failure::new(WHAT, Cause::NotFound(Foreign::new(text)))
        };
        let group = group.ok_or_else(missing)?;
        let scope = Some(vec![(self.topic.clone(), vec![self.partition])]);
        let told = client.commits(WHAT, group.coordinator, std::slice::from_ref(&group.id), &scope, false).await;
        let topics = match told.into_iter().next() {
            Some((_, Ok(topics))) => topics,
            Some((id, Err(error))) => return Err(error.failure(WHAT, &format!("group {}", id.raw()))),
            None => return Err(missing()),
        };
        let commit = topics.into_iter().flat_map(|topic| topic.partitions).next();
        match commit {
            Some((_, Ok(Some(commit)))) => Ok(commit),
            Some((_, Err(why))) => Err(missing().hint(crate::text::why(&why))),
            _ => Err(missing().hint("kscope lag GROUP lists the partitions that it has committed")),
        }
    }

    /// Where the commit lies, for people.
    fn words(&self, at: Offset, start: Offset, high: Offset) -> String {
        let apart = |from: Offset, to: Offset| units::counted(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0), "offset");
        let told = format!("{} has committed {} of {}:{}", self.group.raw(), at.0, self.topic.raw(), self.partition.0);
        if at > high {
            format!("{told}, {} beyond the end of the log at {}", apart(high, at), high.0)
        } else if at < start {
            format!("{told}, {} before the start of the log: it reads on at {}", apart(at, start), start.0)
        } else if at == high {
            format!("{told}, which is the end of the log: everything is read")
        } else {
            format!("{told}, {} before the end of the log at {}", apart(at, high), high.0)
        }
    }

    fn plan(&self, from: Position, until: Position, newest: Option<u64>) -> Plan {
        Plan {
            topic: self.topic.clone(),
            topic_id: TopicId::default(),
            from,
            until: Some(until),
            partitions: Some(vec![self.partition]),
            isolation: Isolation::ReadUncommitted,
            filter: None,
            newest,
            keep: usize::MAX,
        }
    }

    /// The last records before an offset, encoded.
    async fn read_before(&self, client: &Client, style: &Style, until: Offset, start: Offset) -> Result<Vec<Vec<u8>>, Failure> {
        if self.before == 0 || until <= start {
            return Ok(Vec::new());
        }
        let until = Position::Offsets(BTreeMap::from([(self.partition, until)]));
        let plan = self.plan(Position::Earliest, until, Some(self.before.into()));
        let mut gathered = Gathered { deliveries: Vec::new(), txns: TxnTable::default(), topic: self.topic.clone() };
        read(client, plan, Options::live(Context::utc(now())), &mut gathered).await?;
        let encode = style.encoder(&self.topic);
        let mut lines = Vec::new();
        for record in gathered.deliveries.iter().flat_map(|delivery| delivery.chunk.iter()) {
            let txn = record.transaction.map(|producer| gathered.txns.outcome(record.partition, producer, record.offset));
            let mut line = Vec::new();
            encode(&mut line, &record, txn);
            lines.push(line);
        }
        Ok(lines)
    }

    /// The record at or first behind an offset and those that follow it, encoded.
    async fn read_after(&self, client: &Client, style: &Style, from: Offset) -> Result<Vec<Vec<u8>>, Failure> {
        let from = Position::Offsets(BTreeMap::from([(self.partition, from)]));
        let plan = self.plan(from, Position::Now, None);
        let most = usize::try_from(self.after).unwrap_or(usize::MAX).saturating_add(1);
        let mut lines = Lines { encoded: Vec::new(), most, topic: self.topic.clone() };
        let options = Options::headless(Shape::Lines(style.encoder(&self.topic)), Context::utc(now()));
        read(client, plan, options, &mut lines).await?;
        Ok(lines.encoded)
    }
}

async fn read(client: &Client, plan: Plan, options: Options, sink: impl Sink) -> Result<(), Failure> {
    let work = Work::start(1).map_err(|error| Failure::new("start", Cause::File(Foreign::new(error.to_string()))))?;
    let nobody_steers = mpsc::unbounded_channel().1;
    scan::read(client.clone(), work, plan, options, nobody_steers, sink).await.map(drop)
}

/// Records as they were read.
#[derive(Debug)]
struct Gathered {
    deliveries: Vec<Delivery>,
    txns: TxnTable,
    topic: TopicName,
}

impl Sink for &mut Gathered {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        if let Taken::Records(delivery) = taken {
            delivery.facts.iter().for_each(|fact| words::say(&words::fact(self.topic.raw(), fact)));
            self.deliveries.push(delivery);
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) {
        self.txns = progress.txns;
    }
}

/// The first so many records, encoded.
#[derive(Debug)]
struct Lines {
    encoded: Vec<Vec<u8>>,
    most: usize,
    topic: TopicName,
}

impl Sink for &mut Lines {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        let Taken::Lines(taken) = taken else { return ControlFlow::Continue(()) };
        taken.facts.iter().for_each(|fact| words::say(&words::fact(self.topic.raw(), fact)));
        let mut from = 0;
        for end in taken.ends {
            if self.encoded.len() < self.most {
                self.encoded.push(taken.bytes.get(from..end).unwrap_or_default().to_vec());
            }
            from = end;
        }
        if self.encoded.len() < self.most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn progress(&mut self, _progress: Progress) {}
}

/// Lines in a form; the one at the committed offset says so.
fn joined(lines: impl Iterator<Item = (Vec<u8>, bool)>, output: Output) -> Vec<u8> {
    let mut out = Vec::new();
    if output == Output::Csv {
        out.extend_from_slice(CSV_HEADER.strip_suffix(b"\n").unwrap_or(CSV_HEADER));
        out.extend_from_slice(b",at\n");
    }
    let mut any = false;
    for (line, at) in lines {
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        match output {
            Output::Table => {
                out.extend_from_slice(if at { b"> " } else { b"  " });
                out.extend_from_slice(line);
            }
            Output::Csv => {
                out.extend_from_slice(line);
                out.extend_from_slice(if at { b",committed" } else { b"," });
            }
            Output::Json | Output::Ndjson => {
                if output == Output::Json {
                    out.extend_from_slice(if any { b",\n" } else { b"[" });
                }
                out.extend_from_slice(line.strip_suffix(b"}").unwrap_or(line));
                out.extend_from_slice(if at { b",\"at\":\"committed\"}" } else { b",\"at\":null}" });
            }
        }
        if output != Output::Json {
            out.push(b'\n');
        }
        any = true;
    }
    if output == Output::Json {
        out.extend_from_slice(if any { b"\n]\n" } else { b"[]\n" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> impl Iterator<Item = (Vec<u8>, bool)> {
        [(b"{\"offset\":1}\n".to_vec(), false), (b"{\"offset\":2}\n".to_vec(), true)].into_iter()
    }

    fn text(output: Output) -> String {
        String::from_utf8(joined(lines(), output)).unwrap()
    }

    #[test]
    fn the_record_at_the_commit_says_so_in_every_form() {
        assert_eq!(text(Output::Ndjson), "{\"offset\":1,\"at\":null}\n{\"offset\":2,\"at\":\"committed\"}\n");
        let array: serde_json::Value = serde_json::from_str(&text(Output::Json)).unwrap();
        assert_eq!((array[0]["at"].is_null(), array[1]["at"].as_str()), (true, Some("committed")));
        assert!(text(Output::Table).contains("\n> {\"offset\":2}\n"));
        assert!(text(Output::Csv).lines().next().is_some_and(|header| header.ends_with(",txn,at")));
        assert_eq!(joined(std::iter::empty(), Output::Json), b"[]\n");
    }

    #[test]
    fn a_place_is_a_topic_and_a_partition() {
        let peek = |place: &str| Peek::new(PeekArgs { group: "g".to_owned(), place: place.to_owned(), before: 5, after: 5 });
        let good = peek("a.b:7").unwrap();
        assert_eq!((good.topic.raw(), good.partition), ("a.b", PartitionId(7)));
        for place in ["orders", "orders:", ":0", "orders:-1", "orders:x", "orders:99999999999"] {
            assert_eq!(peek(place).unwrap_err().exit_code(), 2, "{place}");
        }
    }
}

//! `kscope bisect`: the first record of each partition for which a query is true, found by halving.

use std::sync::Arc;

use clap::Args;

use super::rows::{self, Field, Row, count, maybe};
use super::topics::{Common, unwritten};
use super::{Output, words};
use crate::core::inquire::{BisectAsk, Bisected, Halved, Looked, Spot, Turn};
use crate::io::inquire::{self, Teller};
use crate::io::kafka::Client;
use crate::model::{Cause, Failure, Foreign, Time, TopicName};
use crate::query::{self, Context, Filter};
use crate::text::units;

const WHAT: &str = "look for the turn";

#[derive(Debug, Args)]
pub(super) struct BisectArgs {
    /// The topic
    topic: String,
    /// False before the turn and true from there on: '.version >= 2'; since:, until: and p: bound the search
    query: String,
}

/// See the module.
#[derive(Debug)]
pub struct Bisect {
    common: Common,
    topic: TopicName,
    filter: Arc<Filter>,
}

impl Bisect {
    pub(super) fn new(common: Common, args: &BisectArgs) -> Result<Self, Failure> {
        let query = query::parse(&args.query).map_err(|error| Failure::new(WHAT, Cause::Usage(Foreign::new(error.to_string()))))?;
        if !query.stages.is_empty() {
            let words = "a search for a turn takes no stages: leave out what stands behind |";
            return Err(Failure::new(WHAT, Cause::Usage(Foreign::new(words))));
        }
        let now = Time(jiff::Timestamp::now().as_microsecond());
        let filter = Arc::new(Filter::compile(&query, &Context::utc(now)));
        Ok(Self { common, topic: TopicName::new(args.topic.as_str()), filter })
    }

    /// Runs to the end on a runtime of its own; returns the exit code.
    pub fn run(self) -> u8 {
        self.common.run(async |client| self.search(&client).await)
    }

    async fn search(&self, client: &Client) -> Result<u8, Failure> {
        let topic = client.topic(WHAT, &self.topic).await?;
        let ask = BisectAsk { topic, filter: Arc::clone(&self.filter) };
        let found = inquire::bisect(client, &ask, &Teller::nobody()).await?;
        let rows: Vec<Row> = found.parts.iter().map(|part| row(part, self.common.output)).collect();
        rows::print(&rows, self.common.output, self.common.terminal).map_err(|error| unwritten(&error))?;
        if !self.common.quiet {
            summary(&found);
        }
        let failed = found.parts.iter().any(|part| matches!(part.turn, Turn::Failed(_)));
        Ok(if failed { 7 } else { 0 })
    }
}

fn summary(found: &Bisected) {
    let cost = format!("{} read, {}", units::counted(found.records, "record"), units::size(found.bytes));
    let doubts = found.parts.iter().filter(|part| part.contradicted.is_some()).count();
    words::say(&cost);
    if doubts > 0 {
        words::say(&format!(
            "in {} the query turns more than once: the turn is one of them",
            units::counted(units::wide(doubts), "partition")
        ));
    }
}

fn row(part: &Halved, output: Output) -> Row {
    let record = part.turn.spot().and_then(Spot::record);
    let looked = |looked: &Looked| {
        Field::Object(vec![
            ("offset", looked.place.offset.0.into()),
            ("timestampMs", if looked.place.time_ms == -1 { Field::Null } else { looked.place.time_ms.into() }),
            ("matched", Field::Bool(looked.matched)),
        ])
    };
    let why = if let Turn::Failed(why) = &part.turn { Field::Text(why.clone()) } else { Field::Absent };
    let mut row: Row = vec![
        ("partition", part.partition.0.into()),
        ("turn", Field::Text(part.turn.word().to_owned())),
        ("offset", maybe(record.map(|record| record.offset.0))),
        ("timestampMs", maybe(record.map(|record| record.timestamp_ms).filter(|ms| *ms != -1))),
        ("from", part.span.start.0.into()),
        ("to", part.span.end.0.into()),
        ("lookedAt", count(part.looked.len())),
        ("contradicted", Field::Bool(part.contradicted.is_some())),
        ("error", why),
    ];
    // No line of a table holds them.
    if matches!(output, Output::Json | Output::Ndjson) {
        row.push(("looked", Field::List(part.looked.iter().map(looked).collect())));
    }
    row
}

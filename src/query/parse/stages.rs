//! What stands behind `|`: stages, and which of them make sense one behind the other.

use std::ops::Range;
use std::time::Duration;

use crate::query::ast::{Aggregate, Column, Function, Grouping, Operand, Stage};
use crate::query::error::{QueryError, meant};
use crate::query::operand::NAMES;
use crate::query::when;

use super::{Parser, ends_word};

/// The words that a stage begins with.
pub(in crate::query) const STAGES: [&str; 17] =
    ["count", "sum", "avg", "min", "max", "distinct", "p50", "p90", "p95", "p99", "p999", "rate", "hist", "top", "sort", "select", "limit"];

/// The longest lists: aggregates, groups and columns.
const MAX_LIST: usize = 32;
/// The most rows or records that `top` and `limit` may ask for.
const MAX_COUNT: u64 = 1_000_000_000;

/// What of the stages was read so far.
#[derive(Debug, Default)]
struct Before {
    stages: Vec<Stage>,
    /// Columns of the table, when there is one.
    columns: Option<Vec<Column>>,
}

impl Before {
    fn has(&self, is: impl Fn(&Stage) -> bool) -> bool {
        self.stages.iter().any(is)
    }
}

impl Parser<'_> {
    /// All stages to the end of the text. Comes with the place of each.
    pub(super) fn stages(&mut self) -> Result<(Vec<Stage>, Vec<Range<usize>>), QueryError> {
        let (mut before, mut places) = (Before::default(), Vec::new());
        loop {
            self.space();
            if !self.next_is('|') || self.rest().starts_with("||") {
                return Ok((before.stages, places));
            }
            let start = self.at;
            self.at += 1;
            let stage = self.stage(&before)?;
            self.space();
            if !self.rest().is_empty() && !self.next_is('|') {
                return Err(self.behind(&stage));
            }
            places.push(start..self.at);
            if stage.makes_table() {
                before.columns = Some(stage.columns());
            }
            before.stages.push(stage);
        }
    }

    fn stage(&mut self, before: &Before) -> Result<Stage, QueryError> {
        self.space();
        let start = self.at;
        let length = self.word_length();
        let word = self.rest().get(..length).unwrap_or_default();
        let place = start..start + length;
        if word.is_empty() {
            let hint = "for example count by .page, top 10, select .orderId or limit 100; quote a | that is meant as text";
            return Err(QueryError::new(self.here(), "a stage is missing behind |").hint(hint));
        }
        if !STAGES.contains(&word) {
            let known = meant(word, &STAGES).map_or_else(
                || format!("stages are {}; quote a | that is meant as text", STAGES.join(", ")),
                |name| format!("did you mean {name}?"),
            );
            return Err(QueryError::new(place, "this is no stage").hint(known));
        }
        fits(word, &place, before)?;
        self.at += length;
        match word {
            "hist" => Ok(Stage::Hist(self.numeric("hist")?)),
            "top" => self.how_many("top").map(Stage::Top),
            "limit" => self.how_many("limit").map(Stage::Limit),
            "sort" => self.sort(before.columns.as_deref().unwrap_or_default()),
            "select" => self.operands("select").map(Stage::Select),
            _ => {
                self.at = start;
                self.grouping().map(Stage::Group)
            }
        }
    }

    /// Something stands where the stage should have ended.
    fn behind(&self, stage: &Stage) -> QueryError {
        let rest = self.rest();
        let length = self.word_length().max(self.here().len());
        let place = self.at..self.at + length;
        let word = rest.get(..length).unwrap_or_default();
        let error = QueryError::new(place, "the stage ends before this");
        match stage {
            Stage::Group(_) if word == "desc" => error.hint("the order is a stage of its own: | sort count desc"),
            Stage::Group(grouping) => {
                let words: &[&str] = if grouping.by.is_empty() { &["by", "every"] } else { &["every"] };
                match (meant(word, words), word) {
                    (Some(meant), _) => error.hint(format!("did you mean {meant}?")),
                    (None, "by") => error.hint("by stands before every, and once"),
                    (None, "where" | "if") => error.hint("what is counted is written before the first |"),
                    (None, _) => error.hint("behind the numbers stand by, every, or a | and the next stage"),
                }
            }
            Stage::Sort { .. } => error.hint("behind the column stands nothing but desc"),
            _ => error.hint("the next stage begins with |"),
        }
    }

    /// `count, sum .amount by .region every 1m`.
    fn grouping(&mut self) -> Result<Grouping, QueryError> {
        let mut aggregates = Vec::new();
        loop {
            self.space();
            let start = self.at;
            let aggregate = self.aggregate()?;
            if aggregates.contains(&aggregate) {
                return Err(QueryError::new(start..self.at, "this number is asked for already"));
            }
            self.room(aggregates.len(), start)?;
            aggregates.push(aggregate);
            self.space();
            if !self.next_is(',') {
                break;
            }
            self.at += 1;
        }
        let by = if self.keyword("by") { self.by()? } else { Vec::new() };
        self.space();
        let place = self.at..self.at + "every".len();
        let every = if self.keyword("every") { Some(self.every()?) } else { None };
        if every.is_some() && aggregates.contains(&Aggregate::Rate) {
            return Err(QueryError::new(place, "rate is over the whole time that was read, not over windows")
                .hint("count … every 1s is how many in each second"));
        }
        Ok(Grouping { aggregates, by, every })
    }

    fn aggregate(&mut self) -> Result<Aggregate, QueryError> {
        let length = self.word_length();
        let word = self.rest().get(..length).unwrap_or_default();
        let place = self.at..self.at + length.max(self.here().len());
        let function = Function::ALL.into_iter().find(|function| function.name() == word);
        let aggregate = match (word, function) {
            ("count", _) => Aggregate::Count,
            ("rate", _) => Aggregate::Rate,
            (_, None) => {
                let names: Vec<_> = ["count", "rate"].into_iter().chain(Function::ALL.map(Function::name)).collect();
                let error = QueryError::new(place, "a number of the group is missing here");
                return Err(match meant(word, &names) {
                    Some(name) => error.hint(format!("did you mean {name}?")),
                    None => error.hint(format!("one of {}", names.join(", "))),
                });
            }
            (_, Some(function)) => {
                self.at += length;
                let of = if function == Function::Distinct { self.stage_operand("distinct")? } else { self.numeric(function.name())? };
                return Ok(Aggregate::Of(function, of));
            }
        };
        self.at += length;
        Ok(aggregate)
    }

    /// What a number is made of.
    fn numeric(&mut self, word: &str) -> Result<Operand, QueryError> {
        self.space();
        let start = self.at;
        let operand = self.stage_operand(word)?;
        let place = start..self.at;
        match operand {
            Operand::Topic | Operand::Txn => {
                Err(QueryError::new(place, format!("{operand} is no number")).hint("distinct and count by take it"))
            }
            Operand::Time if !matches!(word, "min" | "max") => Err(QueryError::new(place, format!("{word} is not for times"))
                .hint("min time and max time say from when to when; count … every 1m shows how many when")),
            operand => Ok(operand),
        }
    }

    fn by(&mut self) -> Result<Vec<Operand>, QueryError> {
        self.space();
        let start = self.at;
        let all = self.operands("by")?;
        if all.contains(&Operand::Age) {
            return Err(QueryError::new(start..self.at, "age changes while one reads, so that no group is made of it")
                .hint("every 1m groups by time"));
        }
        Ok(all)
    }

    /// `.a, key, header.x`.
    fn operands(&mut self, word: &str) -> Result<Vec<Operand>, QueryError> {
        let mut all = Vec::new();
        loop {
            self.space();
            let start = self.at;
            let operand = self.stage_operand(word)?;
            if all.contains(&operand) {
                return Err(QueryError::new(start..self.at, format!("{operand} stands here already")));
            }
            self.room(all.len(), start)?;
            all.push(operand);
            self.space();
            if !self.next_is(',') {
                return Ok(all);
            }
            self.at += 1;
        }
    }

    fn room(&self, already: usize, start: usize) -> Result<(), QueryError> {
        if already < MAX_LIST {
            return Ok(());
        }
        Err(QueryError::new(start..self.at, format!("a list has at most {MAX_LIST} entries")))
    }

    /// One operand behind `word`, with nothing glued to it.
    fn stage_operand(&mut self, word: &str) -> Result<Operand, QueryError> {
        self.space();
        let start = self.at;
        let found = self.operand()?;
        if let Some(operand) = found
            && self.rest().chars().next().is_none_or(ends_word)
        {
            return Ok(operand);
        }
        let place = |parser: &Self| start..start + parser.text.get(start..).map_or(0, |rest| rest.find(ends_word).unwrap_or(rest.len()));
        if self.at > start {
            return Err(QueryError::new(self.here(), "a name with this character in it stands in quotes").hint("for example .\"odd name\""));
        }
        let at = place(self);
        let name = self.text.get(at.clone()).unwrap_or_default();
        if name.is_empty() || matches!(name, "by" | "every") {
            return Err(QueryError::new(at, format!("what {word} looks at is missing here")).hint(format!("for example {word} .amount")));
        }
        let known: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
        let hint = match (meant(name, &known), crate::json::Path::parse(&format!(".{name}"))) {
            (Some(known), Ok(_)) => format!("a field of the value is written .{name}; or did you mean {known}?"),
            (Some(known), Err(_)) => format!("did you mean {known}?"),
            (None, Ok(_)) => format!("a field of the value is written .{name}"),
            (None, Err(_)) => "for example .amount, key, partition or header.trace-id".to_owned(),
        };
        Err(QueryError::new(at, "this is nothing of a record").hint(hint))
    }

    fn every(&mut self) -> Result<Duration, QueryError> {
        self.space();
        let (start, length) = (self.at, self.word_length());
        let word = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        let error = |message: &str| QueryError::new(start..start + length, message.to_owned()).hint("for example every 1m");
        match when::duration(word) {
            Ok(Duration::ZERO) => Err(error("a window has some length")),
            Ok(every) => Ok(every),
            Err(why) => Err(error(if word.is_empty() { "the length of the windows is missing here" } else { why })),
        }
    }

    fn how_many(&mut self, word: &str) -> Result<u64, QueryError> {
        self.space();
        let (start, length) = (self.at, self.word_length());
        let written = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        let number = written.parse().ok().filter(|n| (1..=MAX_COUNT).contains(n) && written.bytes().all(|b| b.is_ascii_digit()));
        number.ok_or_else(|| {
            QueryError::new(start..start + length, format!("behind {word} stands how many, from 1 to 1000000000"))
                .hint(format!("for example {word} 10"))
        })
    }

    /// `sort sum .amount desc`.
    fn sort(&mut self, columns: &[Column]) -> Result<Stage, QueryError> {
        self.space();
        let start = self.at;
        let named = if self.keyword("window") {
            Some(Column::Window)
        } else if let Ok(aggregate) = self.aggregate() {
            Some(Column::Aggregate(aggregate))
        } else {
            self.at = start;
            self.stage_operand("sort").ok().map(Column::Group)
        };
        if let Some(column) = named.filter(|column| columns.contains(column)) {
            return Ok(Stage::Sort { column, descending: self.keyword("desc") });
        }
        self.at = start;
        Err(self.no_column(columns))
    }

    fn no_column(&self, columns: &[Column]) -> QueryError {
        let rest = self.rest();
        let end = rest.find('|').unwrap_or(rest.len());
        let written = rest.get(..end).unwrap_or_default().trim_end();
        let asked = written.strip_suffix(" desc").unwrap_or(written).trim_end();
        let place = self.at..self.at + asked.len();
        let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
        if asked.is_empty() {
            return QueryError::new(place, "the column is missing here").hint(format!("one of {}", names.join(", ")));
        }
        let error = QueryError::new(place, "the table has no such column");
        let texts: Vec<&str> = names.iter().map(String::as_str).collect();
        match meant(asked, &texts) {
            Some(name) => error.hint(format!("did you mean {name}?")),
            None => error.hint(format!("its columns are {}", names.join(", "))),
        }
    }
}

/// Whether a stage may stand behind those before it.
fn fits(word: &str, place: &Range<usize>, before: &Before) -> Result<(), QueryError> {
    let error = |message: String, hint: &str| Err(QueryError::new(place.clone(), message).hint(hint));
    let table = before.columns.is_some();
    let again = |what: &str| error(format!("there is a {what} already"), "one of them is enough");
    match word {
        "top" | "sort" if !table => error(format!("{word} needs a table before it"), "for example | count by .page | top 10"),
        "top" if before.has(|stage| matches!(stage, Stage::Top(_))) => again("top"),
        "sort" if before.has(|stage| matches!(stage, Stage::Sort { .. })) => again("sort"),
        "limit" if before.has(|stage| matches!(stage, Stage::Limit(_))) => again("limit"),
        "select" if table => {
            error("a table has its columns already".to_owned(), "select is for lists of records; by chooses what a table groups by")
        }
        "select" if before.has(|stage| matches!(stage, Stage::Select(_))) => again("select"),
        "top" | "sort" | "limit" | "select" => Ok(()),
        _ if table => error(
            "a table is made once: this would count its rows".to_owned(),
            "several numbers stand in one stage: count, sum .amount by .region",
        ),
        _ if before.has(|stage| matches!(stage, Stage::Select(_))) => {
            error("select and a table do not go together".to_owned(), "leave select out: by chooses what a table groups by")
        }
        _ if before.has(|stage| matches!(stage, Stage::Limit(_))) => error(
            "a limit before a table would leave records out of it".to_owned(),
            "limit rows behind the table, or read less with last:500 or since:15m",
        ),
        _ => Ok(()),
    }
}

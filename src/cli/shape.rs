//! `kscope topic shape`: the fields of a topic's records with their types, how often, since when; as rows of fields, or one object.

use super::rows::{self, Field, Row, count, maybe};
use super::topics::unwritten;
use super::{Output, words};
use crate::core::inquire::{FieldView, Place, Seen, Shape, ShapeAsk, ShapeView};
use crate::io::inquire::{self, Teller};
use crate::io::kafka::Client;
use crate::io::work::Work;
use crate::model::{Cause, Failure, Foreign, TopicName};
use crate::text::units;

const WHAT: &str = "look at the shape of the topic";

/// How the answer is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) output: Output,
    pub(super) terminal: bool,
    pub(super) quiet: bool,
}

/// Reads and prints; returns the exit code: 7 when a partition could not be read.
pub(super) async fn run(client: &Client, topic: &TopicName, whole: bool, form: Form) -> Result<u8, Failure> {
    let topic = client.topic(WHAT, topic).await?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let work = Work::start(threads).map_err(|error| Failure::new(WHAT, Cause::File(Foreign::new(error.to_string()))))?;
    let ask = ShapeAsk { topic, whole };
    let shape = inquire::shape(client, &work, &ask, &Teller::nobody()).await?;
    if !form.quiet {
        let of = units::counted(shape.records, "record");
        words::say(&format!("{of} of about {} were read: {}", units::thousands(shape.offsets), shape.of));
    }
    for cut in &shape.cut {
        words::say(cut);
    }
    let written = match form.output {
        Output::Json => rows::print_object(&whole_row(ask.topic.name.raw(), &shape), form.terminal),
        Output::Ndjson => rows::print(&shape.fields.iter().map(field_row).collect::<Vec<Row>>(), form.output, form.terminal),
        Output::Table | Output::Csv => rows::print(&shape.fields.iter().map(short_row).collect::<Vec<Row>>(), form.output, form.terminal),
    };
    written.map_err(|error| unwritten(&error))?;
    Ok(if shape.cut.is_empty() { 0 } else { 7 })
}

fn text(bytes: &[u8]) -> Field {
    Field::Text(String::from_utf8_lossy(bytes).into_owned())
}

fn place(place: Option<Place>) -> Field {
    let fields = |place: Place| {
        Field::Object(vec![
            ("timestampMs", if place.time_ms == -1 { Field::Null } else { place.time_ms.into() }),
            ("partition", place.partition.0.into()),
            ("offset", place.offset.0.into()),
        ])
    };
    maybe(place.map(fields))
}

fn seen(seen: &Seen) -> Vec<(&'static str, Field)> {
    vec![("records", seen.records.into()), ("first", place(seen.first)), ("last", place(seen.last))]
}

fn field_row(field: &FieldView) -> Row {
    let kind = |view: &crate::core::inquire::KindView| {
        Field::Object([vec![("type", Field::Text(view.kind.word().to_owned()))], seen(&view.seen)].concat())
    };
    vec![
        ("path", Field::Text(field.path.clone())),
        ("records", field.records.into()),
        ("of", field.of.into()),
        ("types", Field::List(field.kinds.iter().map(kind).collect())),
        ("distinct", field.distinct.0.into()),
        ("distinctExact", Field::Bool(field.distinct.1)),
        ("min", maybe(field.range.as_ref().map(|(least, _)| text(least)))),
        ("max", maybe(field.range.as_ref().map(|(_, most)| text(most)))),
        ("shortestBytes", maybe(field.lengths.map(|(short, _)| count(short)))),
        ("longestBytes", maybe(field.lengths.map(|(_, long)| count(long)))),
        ("examples", Field::List(field.examples.iter().map(|raw| text(raw)).collect())),
    ]
}

/// A field on a line: types and examples in words.
fn short_row(field: &FieldView) -> Row {
    let types: Vec<String> = field.kinds.iter().map(|view| format!("{} {}", view.kind.word(), view.seen.records)).collect();
    let examples: Vec<String> = field.examples.iter().map(|raw| String::from_utf8_lossy(raw).into_owned()).collect();
    let words = |(name, value): (&'static str, Field)| match name {
        "types" => (name, Field::Text(types.join(", "))),
        "examples" => (name, Field::Text(examples.join("  "))),
        _ => (name, value),
    };
    field_row(field).into_iter().map(words).collect()
}

fn shape_row(shape: &ShapeView) -> Field {
    let parts = |all: &[(String, crate::core::inquire::Kind)]| {
        let part = |(path, kind): &(String, crate::core::inquire::Kind)| {
            Field::Object(vec![("path", Field::Text(path.clone())), ("type", Field::Text(kind.word().to_owned()))])
        };
        Field::List(all.iter().map(part).collect())
    };
    let own = vec![("fields", count(shape.fields)), ("more", parts(&shape.more)), ("less", parts(&shape.less))];
    Field::Object([seen(&shape.seen), own].concat())
}

fn whole_row(topic: &str, shape: &Shape) -> Row {
    let format = |(format, of): (&crate::core::inquire::Format, &Seen)| {
        Field::Object([vec![("format", Field::Text(format.word().to_owned()))], seen(of)].concat())
    };
    vec![
        ("topic", Field::Text(topic.to_owned())),
        ("read", Field::Text(shape.of.clone())),
        ("records", shape.records.into()),
        ("offsets", shape.offsets.into()),
        ("bytes", shape.bytes.into()),
        ("first", place(shape.first)),
        ("last", place(shape.last)),
        ("values", Field::List(shape.formats.iter().map(format).collect())),
        ("fields", Field::List(shape.fields.iter().map(|field| Field::Object(field_row(field))).collect())),
        ("shapes", Field::List(shape.shapes.iter().map(shape_row).collect())),
        ("recordsOfOtherShapes", shape.other_shapes.into()),
        ("recordsWithMoreFields", shape.beyond.into()),
    ]
}

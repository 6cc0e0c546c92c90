//! Records on stdout: how each is encoded (on the pool), and the thread that writes.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, oneshot};

use super::Output;
use super::format::Format;
use super::select::Selection;
use crate::io::scan::{Encode, Spare};
use crate::model::{Outcome, RecordRef, TimestampType, TopicName};
use crate::text::ndjson::{self, Target};
use crate::text::{Shown, TimeFormat, time};

/// Buffers that may wait for whoever reads stdout: when they are full nothing further is fetched.
const WAITING: usize = 4;

/// How records are written.
#[derive(Debug, Clone)]
pub(super) struct Style {
    pub output: Output,
    pub format: Option<Format>,
    /// Stdout is a terminal.
    pub terminal: bool,
    pub color: bool,
    /// Name the topic of each line.
    pub several: bool,
    pub zone: TimeZone,
    /// These fields of each record, not the record.
    pub selection: Option<Selection>,
}

impl Style {
    /// Encodes records of a topic.
    pub(super) fn encoder(&self, topic: &TopicName) -> Encode {
        let (style, topic) = (self.clone(), topic.clone());
        let target = if style.terminal { Target::Terminal } else { Target::Data };
        if let Some(format) = style.format.clone() {
            return Arc::new(move |out, record, _| format.write(out, topic.raw(), record, style.terminal));
        }
        if let Some(selection) = &style.selection {
            return selection.encoder(&topic, style.output, target);
        }
        match style.output {
            Output::Ndjson => Arc::new(move |out, record, txn| ndjson::write(out, topic.raw(), record, txn, target)),
            Output::Json => Arc::new(move |out, record, txn| {
                // What stands between two elements of an array; the writer takes the first away.
                out.extend_from_slice(BETWEEN);
                ndjson::write(out, topic.raw(), record, txn, target);
                out.truncate(out.len().saturating_sub(1));
            }),
            Output::Csv => Arc::new(move |out, record, txn| csv(out, topic.raw(), record, txn, style.terminal)),
            Output::Table => Arc::new(move |out, record, txn| line(out, topic.raw(), record, txn, &style)),
        }
    }

    fn frame(&self) -> Frame {
        match (&self.format, self.output, &self.selection) {
            (None, Output::Json, _) => Frame { before: Cow::Borrowed(b"["), skip: 1, after: b"\n]\n", empty: Cow::Borrowed(b"[]\n") },
            (None, Output::Csv | Output::Table, Some(selection)) => Frame::below(selection.header(self.output)),
            (None, Output::Csv, None) => Frame::below(CSV_HEADER),
            _ => Frame::default(),
        }
    }
}

pub(super) const BETWEEN: &[u8] = b",\n";
pub(super) const CSV_HEADER: &[u8] =
    b"topic,partition,offset,timestampMs,timestampType,key,keyEncoding,value,valueEncoding,headers,leaderEpoch,txn\n";

/// What stands around all records.
#[derive(Debug, Clone, Default)]
struct Frame {
    before: Cow<'static, [u8]>,
    /// Bytes of the first record to leave out.
    skip: usize,
    after: &'static [u8],
    /// In place of all when there was none.
    empty: Cow<'static, [u8]>,
}

impl Frame {
    /// A line above all, also where there is nothing below it.
    fn below(header: impl Into<Cow<'static, [u8]>>) -> Self {
        let before = header.into();
        Self { empty: before.clone(), before, ..Self::default() }
    }
}

/// A line for people: time, place, key, value. Nothing from Kafka but through [`Shown`].
fn line(out: &mut Vec<u8>, topic: &str, record: &RecordRef<'_>, txn: Option<Outcome>, style: &Style) {
    let when = time(record.timestamp_ms, TimeFormat::Full, &style.zone, 0);
    let place = if style.several { format!("{}/", Shown::of(topic)) } else { String::new() };
    let (faint, plain) = if style.color { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    let key = record.key.map_or_else(|| "–".to_owned(), |key| Shown::of_bytes(key).into_string());
    let value = record.value.map_or_else(|| "null".to_owned(), |value| Shown::of_bytes(value).into_string());
    let badge = txn.filter(|&txn| txn != Outcome::Committed).map_or_else(String::new, |txn| format!("  [{}]", txn.word()));
    // Writing to a Vec does not fail.
    let _written = writeln!(out, "{faint}{when}  {place}{}@{}{plain}  {key}  {value}{badge}", record.partition.0, record.offset.0);
}

fn csv(out: &mut Vec<u8>, topic: &str, record: &RecordRef<'_>, txn: Option<Outcome>, terminal: bool) {
    let kind = match record.timestamp_type {
        TimestampType::Create => "create",
        TimestampType::Append => "append",
        TimestampType::None => "none",
    };
    field(out, topic.as_bytes(), terminal);
    // Writing to a Vec does not fail.
    let _written = write!(out, ",{},{},{},{kind}", record.partition.0, record.offset.0, record.timestamp_ms);
    for bytes in [record.key, record.value] {
        out.push(b',');
        match bytes {
            None => out.push(b','),
            Some(bytes) if std::str::from_utf8(bytes).is_ok() => {
                field(out, bytes, terminal);
                out.push(b',');
            }
            Some(bytes) => {
                out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
                out.extend_from_slice(b",base64");
            }
        }
    }
    out.push(b',');
    let mut headers = Vec::new();
    ndjson::write_headers(&mut headers, record, if terminal { Target::Terminal } else { Target::Data });
    field(out, &headers, terminal);
    out.push(b',');
    if record.leader_epoch.0 >= 0 {
        let _written = write!(out, "{}", record.leader_epoch.0);
    }
    out.push(b',');
    out.extend_from_slice(txn.map_or("", Outcome::word).as_bytes());
    out.push(b'\n');
}

/// A field in quotes when it needs them; empty text has them too, which null has not (RFC 4180).
pub(super) fn field(out: &mut Vec<u8>, bytes: &[u8], terminal: bool) {
    let shown = terminal.then(|| Shown::whole(bytes));
    let bytes = shown.as_ref().map_or(bytes, |shown| shown.as_str().as_bytes());
    if !bytes.is_empty() && !bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for &byte in bytes {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Encoded records, and where their buffer goes afterwards.
pub(super) type Printed = (Vec<u8>, Spare);

/// The thread that writes to stdout, so that a slow reader of it holds up no broker's answer.
#[derive(Debug)]
pub(super) struct Printer {
    lane: mpsc::Sender<Printed>,
    done: oneshot::Receiver<std::io::Result<()>>,
}

impl Printer {
    pub(super) fn start(style: &Style) -> std::io::Result<Self> {
        let (lane, buffers) = mpsc::channel(WAITING);
        let (tell, done) = oneshot::channel();
        let frame = style.frame();
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            let _gone = tell.send(write_all(buffers, &frame, &mut std::io::stdout()));
        })?;
        Ok(Self { lane, done })
    }

    /// Where buffers go. Sending fails once stdout is closed.
    pub(super) fn lane(&self) -> mpsc::Sender<Printed> {
        self.lane.clone()
    }

    /// Waits until all is written. All other ends of the lane must be gone.
    ///
    /// # Errors
    /// Writing failed; a closed pipe is no failure.
    pub(super) async fn finish(self) -> std::io::Result<()> {
        drop(self.lane);
        self.done.await.unwrap_or(Ok(()))
    }
}

fn write_all(mut buffers: mpsc::Receiver<Printed>, frame: &Frame, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let mut write = || {
        let mut first = true;
        while let Some((buffer, spare)) = buffers.blocking_recv() {
            let skip = if std::mem::take(&mut first) {
                out.write_all(&frame.before)?;
                frame.skip
            } else {
                0
            };
            out.write_all(buffer.get(skip..).unwrap_or_default())?;
            out.flush()?;
            spare.give(buffer);
        }
        out.write_all(if first { &frame.empty } else { frame.after })?;
        out.flush()
    };
    match write() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, LeaderEpoch, Offset, PartitionId};

    fn encoded(output: Output, terminal: bool, key: Option<&[u8]>, value: Option<&[u8]>) -> String {
        let style = Style { output, format: None, terminal, color: false, several: false, zone: TimeZone::UTC, selection: None };
        let record = RecordRef {
            partition: PartitionId(3),
            offset: Offset(12),
            timestamp_ms: 1_795_178_465_871,
            timestamp_type: TimestampType::Create,
            key,
            value,
            headers: Headers::default(),
            leader_epoch: LeaderEpoch(-1),
            transaction: None,
        };
        let mut out = Vec::new();
        style.encoder(&TopicName::new("t"))(&mut out, &record, Some(Outcome::Aborted));
        String::from_utf8(out).unwrap()
    }

    fn framed(output: Output, buffers: &[&str]) -> String {
        let (lane, receiver) = mpsc::channel(8);
        for text in buffers {
            lane.try_send((text.as_bytes().to_vec(), Spare::default())).unwrap();
        }
        drop(lane);
        let style = Style { output, format: None, terminal: false, color: false, several: false, zone: TimeZone::UTC, selection: None };
        let mut out = Vec::new();
        write_all(receiver, &style.frame(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_for_people_shows_what_would_act_on_the_terminal() {
        assert_eq!(encoded(Output::Table, true, None, Some(b"\x1b[2Jv")), "2026-11-20 12:41:05.871Z  3@12  –  ␛[2Jv  [aborted]\n");
    }

    #[test]
    fn csv_tells_null_from_empty_and_quotes() {
        assert_eq!(
            encoded(Output::Csv, false, Some(b""), Some(b"a,\"b\"")),
            "t,3,12,1795178465871,create,\"\",,\"a,\"\"b\"\"\",,[],,aborted\n"
        );
        assert_eq!(encoded(Output::Csv, false, None, Some(b"\xff")), "t,3,12,1795178465871,create,,,/w==,base64,[],,aborted\n");
    }

    #[test]
    fn json_is_one_array() {
        let one = encoded(Output::Json, false, None, None);
        let text = framed(Output::Json, &[&one, &format!("{one}{one}")]);
        let array: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!((array.len(), array[2]["offset"].as_i64()), (3, Some(12)));
        assert_eq!(framed(Output::Json, &[]), "[]\n");
        assert!(framed(Output::Csv, &[]).starts_with("topic,"));
    }
}

//! What became of each record of a sending that has several: NDJSON in the state folder, a line each, written as it becomes
//! known. Nobody has to ask for it beforehand, and it tells afterwards what went where.
//!
//! `{"n","topic","partition","offset","timestampMs","outcome","why","from":{"topic","partition","offset"}}`: `n` counts from 1
//! (the line of a file), `offset` is null where it was not told, `why` only where it is not appended, `from` for records that
//! were sent again.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::export::safe_name;
use crate::core::produce::{Fate, Records, Redrive, Sending, Sent};
use crate::model::{Foreign, TopicName};
use crate::text::ndjson::Target;
use crate::text::row::{Field, Row, maybe, object};

/// Files that are kept.
const KEPT: usize = 50;
/// Told and not yet written.
const WAITING: usize = 64;

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    lane: mpsc::Sender<Vec<Sent>>,
    writing: JoinHandle<io::Result<PathBuf>>,
}

impl Journal {
    /// Begins one for what has more than one record. `None`: there is no need, or no folder.
    pub(super) fn of(state: Option<&Path>, sending: &Sending) -> Option<Self> {
        if sending.count() == Some(1) {
            return None;
        }
        let folder = state?.join("sent");
        let topic = sending.target.name().clone();
        let from = if let Records::Read(redrive) = &sending.records { Some(Redrive::clone(redrive)) } else { None };
        let (lane, mut told) = mpsc::channel::<Vec<Sent>>(WAITING);
        let writing = spawn_blocking(move || {
            let (path, file) = create(&folder, &topic)?;
            let mut out = BufWriter::new(file);
            let mut line = Vec::new();
            while let Some(sent) = told.blocking_recv() {
                for one in &sent {
                    line.clear();
                    object(&mut line, &row(&topic, one, from.as_ref()), Target::Data);
                    line.push(b'\n');
                    out.write_all(&line)?;
                }
            }
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            Ok(path)
        });
        Some(Self { lane, writing })
    }

    pub(super) async fn note(&self, sent: &[Sent]) {
        // A disk that is full is told at the end; the records are sent all the same.
        let _ended = self.lane.send(sent.to_vec()).await;
    }

    /// Where it is, once all is written.
    ///
    /// # Errors
    /// It could not be written, or not to its end.
    pub(super) async fn end(self) -> Result<PathBuf, Foreign> {
        drop(self.lane);
        match self.writing.await {
            Ok(written) => written.map_err(|error| Foreign::new(error.to_string())),
            Err(error) => Err(Foreign::new(error.to_string())),
        }
    }
}

fn row(topic: &TopicName, sent: &Sent, from: Option<&Redrive>) -> Row {
    let (offset, why) = match &sent.fate {
        Fate::Appended(offset) => (offset.map(|offset| offset.0), None),
        Fate::Failed(why) | Fate::Unknown(why) => (None, Some(why.raw().to_owned())),
    };
    let mut row: Row = vec![
        ("n", Field::from(i128::from(sent.n) + 1)),
        ("topic", Field::Text(topic.raw().to_owned())),
        ("partition", Field::from(sent.partition.0)),
        ("offset", maybe(offset)),
        ("timestampMs", Field::from(sent.timestamp_ms)),
        ("outcome", Field::Text(sent.fate.word().to_owned())),
    ];
    row.extend(why.map(|why| ("why", Field::Text(why))));
    let read = from.and_then(|redrive| {
        let (chunk, at) = redrive.rows.get(usize::try_from(sent.n).ok()?)?;
        Some((redrive.from.raw().to_owned(), chunk.get(*at)?))
    });
    row.extend(read.map(|(topic, record)| {
        let place =
            vec![("topic", Field::Text(topic)), ("partition", Field::from(record.partition.0)), ("offset", Field::from(record.offset.0))];
        ("from", Field::Object(place))
    }));
    row
}

/// A new file, named after the time and the topic; the oldest ones go.
fn create(folder: &Path, topic: &TopicName) -> io::Result<(PathBuf, fs::File)> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut names: Vec<PathBuf> = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.sort();
    for old in names.iter().rev().skip(KEPT - 1) {
        fs::remove_file(old)?;
    }
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%.6fZ").to_string();
    let path = folder.join(format!("{time}-{}.ndjson", safe_name(topic.raw())));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    Ok((path, file))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::produce::{Manner, Target as Aim};
    use crate::model::{Offset, PartitionId};
    use crate::testing::{chunk, made, topic};

    fn sending(records: Records) -> Sending {
        let target =
            Aim { topic: Arc::new(topic("or/ders", 3)), cluster: None, settings: Err(crate::model::Why::NoAnswer), ends: Vec::new() };
        Sending { target, manner: Manner::default(), records }
    }

    #[tokio::test]
    async fn what_went_where_is_written_with_where_it_came_from() {
        let folder = std::env::temp_dir().join(format!("kscope-journal-{}", std::process::id()));
        let chunk = Arc::new(chunk(&[made(7, "a", "1"), made(8, "b", "2")]));
        let rows = (0..2).map(|row| (Arc::clone(&chunk), row)).collect();
        let redrive = Redrive { from: TopicName::new("dlq"), rows, keep_partition: false, keep_time: false, origin: false };
        let journal = Journal::of(Some(&folder), &sending(Records::Read(Box::new(redrive)))).expect("two records");
        let sent = |n, fate| Sent { n, partition: PartitionId(2), timestamp_ms: 5, fate };
        journal.note(&[sent(0, Fate::Appended(Some(Offset(40))))]).await;
        journal.note(&[sent(1, Fate::Failed(Foreign::new("no \"room\"")))]).await;
        let path = journal.end().await.expect("written");
        let text = fs::read_to_string(&path).unwrap();
        let origin = |offset| format!("\"from\":{{\"topic\":\"dlq\",\"partition\":0,\"offset\":{offset}}}}}\n");
        let first = "{\"n\":1,\"topic\":\"or/ders\",\"partition\":2,\"offset\":40,\"timestampMs\":5,\"outcome\":\"appended\",";
        let second = "{\"n\":2,\"topic\":\"or/ders\",\"partition\":2,\"offset\":null,\"timestampMs\":5,\"outcome\":\"failed\",\"why\":\"no \\\"room\\\"\",";
        assert_eq!(text, format!("{first}{}{second}{}", origin(7), origin(8)));
        assert!(path.file_name().unwrap().to_string_lossy().ends_with("-or_ders.ndjson"));
        let _gone = fs::remove_dir_all(folder);
    }

    #[test]
    fn the_oldest_go_and_one_record_needs_none() {
        let folder = std::env::temp_dir().join(format!("kscope-journals-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for n in 0..KEPT + 5 {
            fs::write(folder.join(format!("2020{n:02}.ndjson")), "").unwrap();
        }
        let (path, _file) = create(&folder, &TopicName::new("t")).unwrap();
        let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left.len(), KEPT);
        assert!(left.contains(&path) && !left.contains(&folder.join("202005.ndjson")) && left.contains(&folder.join("202006.ndjson")));
        let _gone = fs::remove_dir_all(folder);
        assert!(Journal::of(Some(Path::new("/")), &sending(Records::Given(vec![crate::core::produce::NewRecord::default()]))).is_none());
    }
}

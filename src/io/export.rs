//! Records and lists into a file: NDJSON, exactly as `kscope tail -o ndjson`, `kscope topics -o ndjson` and their kin print them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::core::ask::{Answer, Export};
use crate::model::{Cause, Failure, Foreign};
use crate::text::ndjson::{self, Target};
use crate::text::row::{self, Row};

/// Names that are tried before giving up: a file that exists is never overwritten.
const TRIES: u32 = 1000;

/// Writes the records to a new file in the working folder.
pub(super) fn write(export: &Export) -> Result<Answer, Failure> {
    let lines = export.rows.iter().filter_map(|(chunk, row)| chunk.get(*row));
    file("save the records", &safe_name(export.topic.raw()), lines, |line, record| {
        let txn = record.transaction.map(|producer| export.txns.outcome(record.partition, producer, record.offset));
        ndjson::write(line, export.topic.raw(), &record, txn, Target::Data);
    })
}

/// Writes a list to a new file in the working folder.
pub(super) fn rows(name: &str, rows: &[Row]) -> Result<Answer, Failure> {
    file("save the list", name, rows.iter(), |line, row| {
        row::object(line, row, Target::Data);
        line.push(b'\n');
    })
}

/// One line for each thing, in a new file that its owner alone can read; synced.
fn file<T>(what: &'static str, name: &str, all: impl Iterator<Item = T>, write: impl Fn(&mut Vec<u8>, T)) -> Result<Answer, Failure> {
    let failed = |error: io::Error| Failure::new(what, Cause::File(Foreign::new(error.to_string())));
    let (path, file) = create(name).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let (mut bytes, mut records, mut line) = (0_u64, 0, Vec::new());
    for one in all {
        line.clear();
        write(&mut line, one);
        out.write_all(&line).map_err(failed)?;
        bytes += line.len() as u64;
        records += 1;
    }
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(Answer::Exported { path: fs::canonicalize(&path).unwrap_or(path), records, bytes })
}

fn create(name: &str) -> io::Result<(PathBuf, File)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for n in 1..=TRIES {
        let path = PathBuf::from(if n == 1 { format!("{name}.ndjson") } else { format!("{name}.{n}.ndjson") });
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// A topic's name as a file's: 40 safe characters at most, no leading dot or dash.
pub(super) fn safe_name(topic: &str) -> String {
    let safe: String = topic.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).take(40).collect();
    let trimmed = safe.trim_start_matches(['.', '-']);
    if trimmed.is_empty() { "records".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_cannot_name_a_file_outside_the_folder() {
        assert_eq!(safe_name("..."), "records");
        assert_eq!(safe_name("../etc"), "_etc");
        assert_eq!(safe_name("-dash"), "dash");
        assert_eq!(safe_name(&"n".repeat(249)).len(), 40);
    }
}

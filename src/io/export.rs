//! Records into a file: NDJSON, exactly as `kscope tail -o ndjson` prints them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::core::ask::{Answer, Export};
use crate::model::{Cause, Failure, Foreign};
use crate::text::ndjson::{self, Target};

/// Names that are tried before giving up: a file that exists is never overwritten.
const TRIES: u32 = 1000;

/// Writes the records to a new file in the working folder, readable by its owner alone, and syncs it.
pub(super) fn write(export: &Export) -> Result<Answer, Failure> {
    let failed = |error: io::Error| Failure::new("save the records", Cause::File(Foreign::new(error.to_string())));
    let (path, file) = create(&safe_name(export.topic.raw())).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let (mut bytes, mut records, mut line) = (0_u64, 0, Vec::new());
    for (chunk, row) in &export.rows {
        let Some(record) = chunk.get(*row) else { continue };
        let txn = record.transaction.map(|producer| export.txns.outcome(record.partition, producer, record.offset));
        line.clear();
        ndjson::write(&mut line, export.topic.raw(), &record, txn, Target::Data);
        out.write_all(&line).map_err(failed)?;
        bytes += line.len() as u64;
        records += 1;
    }
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(Answer::Exported { path: fs::canonicalize(&path).unwrap_or(path), records, bytes })
}

fn create(topic: &str) -> io::Result<(PathBuf, File)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for n in 1..=TRIES {
        let path = PathBuf::from(if n == 1 { format!("{topic}.ndjson") } else { format!("{topic}.{n}.ndjson") });
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// A topic's name as a file's: 40 safe characters at most, no leading dot or dash.
fn safe_name(topic: &str) -> String {
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

//! The end of the newest log file, for the screen that shows it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::core::ask::LogTail;
use crate::model::{Cause, Failure, Foreign};

/// So many lines, of at most so many bytes.
const LINES: usize = 500;
const BYTES: u64 = 256 << 10;

/// Reads it. Waits for the disk: for the pool.
pub(super) fn read(folder: &Path) -> Result<LogTail, Failure> {
    let failed = |error: std::io::Error| Failure::new("read the log", Cause::File(Foreign::new(error.to_string())));
    let path = newest(folder).map_err(failed)?;
    let mut file = File::open(&path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let from = size.saturating_sub(BYTES);
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may be half of one.
    let mut lines: Vec<&str> = text.lines().skip(usize::from(from > 0)).collect();
    let cut = from > 0 || lines.len() > LINES;
    lines.drain(..lines.len().saturating_sub(LINES));
    Ok(LogTail { path, lines: lines.into_iter().map(str::to_owned).collect(), cut })
}

/// The newest by name, which is its day.
fn newest(folder: &Path) -> std::io::Result<PathBuf> {
    let is_log = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("kscope-") && path.extension().is_some_and(|end| end == "log")
    };
    let files = std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path());
    files.filter(is_log).max().ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "there is no log file yet"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_the_newest_day() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_err());
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("kscope-2026-11-19.log", "old\n");
        write("crash.txt", "no log\n");
        write("kscope-2026-11-20.log", &(0..600).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat());
        let tail = read(folder.path()).unwrap();
        assert_eq!((tail.lines.len(), tail.cut, tail.lines[499].as_str()), (500, true, "line 599"));
    }
}

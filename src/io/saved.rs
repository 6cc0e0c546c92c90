//! The file of what is kept from one run to the next: `state.json` in the state folder, readable by its owner alone, and
//! replaced as a whole, so that no reader ever finds a half of it.

use std::fs;
use std::io;
use std::path::Path;

use super::file;
use crate::core::ask::Answer;
use crate::core::groups::kept::Kept;
use crate::core::saved::Saved;
use crate::model::{Cause, Failure, Foreign};

/// Its name in the state folder.
pub const FILE_NAME: &str = "state.json";
/// Larger files are none of ours.
const LARGEST: u64 = 4 << 20;
const LARGEST_PAST: u64 = 256 << 20;

/// What the file holds; nothing when there is none, or when it is not what we wrote.
pub fn read(path: &Path) -> Saved {
    let Ok(meta) = fs::metadata(path) else { return Saved::default() };
    if !meta.is_file() || meta.len() > LARGEST {
        return Saved::default();
    }
    fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// What an earlier run kept of groups; nothing when there is no such file, or when it is not what we wrote.
pub(super) fn recall(path: &Path) -> Kept {
    let fits = fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST_PAST);
    let text = if fits { fs::read_to_string(path).ok() } else { None };
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Keeps what was seen of groups.
pub(super) fn remember(path: &Path, kept: &Kept) -> Result<Answer, Failure> {
    let failed = |error: io::Error| {
        let cause = Cause::File(Foreign::new(format!("{}: {error}", path.display())));
        Failure::new("keep what was seen of the groups", cause).hint("this run goes on without; KSCOPE_STATE_DIR can name another folder")
    };
    replace(path, kept).map(|()| Answer::Saved).map_err(failed)
}

/// Writes the file beside its place and puts it there.
pub(super) fn write(path: &Path, saved: &Saved) -> Result<Answer, Failure> {
    let failed = |error: &io::Error| {
        let cause = Cause::File(Foreign::new(format!("{}: {error}", path.display())));
        Failure::new("keep the history", cause).hint("this run goes on without; KSCOPE_STATE_DIR can name another folder")
    };
    replace(path, saved).map(|()| Answer::Saved).map_err(|error| failed(&error))
}

fn replace(path: &Path, saved: &impl serde::Serialize) -> io::Result<()> {
    file::replace(path, serde_json::to_string(saved).map_err(io::Error::other)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/kscope").join(FILE_NAME);
        assert_eq!(read(&path), Saved::default());
        let inputs = [("query".to_owned(), vec!["ü \u{1b}".to_owned()])].into();
        let saved = Saved { context: Some("prod".to_owned()), inputs, ..Saved::default() };
        replace(&path, &saved).unwrap();
        replace(&path, &saved).unwrap();
        assert_eq!(read(&path), saved);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_is_not_ours_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        for text in ["", "{", "[1]", "{\"context\":7}", "\u{0}"] {
            fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())).unwrap();
            assert_eq!(read(&path), Saved::default(), "{text}");
        }
        fs::File::create(&path).and_then(|mut file| file.write_all(b"{\"context\":\"a\",\"of a later release\":1}")).unwrap();
        assert_eq!(read(&path).context.as_deref(), Some("a"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::File::create(&file).unwrap();
        let failure = write(&file.join("kscope").join(FILE_NAME), &Saved::default()).unwrap_err();
        assert!(failure.sentence().contains(&file.display().to_string()), "{}", failure.sentence());
    }
}

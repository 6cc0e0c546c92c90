//! Files of ours in the state folder: readable by their owner alone, and replaced as a whole, so that no reader ever finds half
//! of one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Writes the file beside its place, syncs it and puts it there; makes its folder when there is none.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // One name for each process: two that write at once do not mix.
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_folder(folder)
    };
    write().inspect_err(|_error| {
        // What is left of it helps nobody; that it cannot be taken away harms nobody.
        let _left = fs::remove_file(&beside);
    })
}

/// Writes a line at the end of a file, and syncs it.
pub(super) fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let folder = folder_of(path)?;
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let new = file.metadata()?.len() == 0;
    // One call, so that the lines of two processes do not mix.
    file.write_all(&[line, b"\n"].concat())?;
    // What was written and how long the file is; when it was changed may be lost.
    file.sync_data()?;
    if new { sync_folder(folder) } else { Ok(()) }
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(folder)
}

/// A new name is as safe as its folder.
#[expect(clippy::disallowed_methods, reason = "files of the state folder are read and written in io")]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

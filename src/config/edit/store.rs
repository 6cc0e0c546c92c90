//! Writing config.toml whole and secrets beside it. Files are new or replaced at once: nobody ever reads half of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::config::read;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    #[error("{0} was changed by somebody else meanwhile: nothing was written")]
    Changed(String),
    #[error("{path}: {error}")]
    Io { path: String, error: io::Error },
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Unwritten {
    move |error| Unwritten::Io { path: path.display().to_string(), error }
}

/// Replaces a file at once. Its permissions stay, a link is followed; a new one only its owner may read.
///
/// # Errors
/// It does not hold `before` any more (`None`: it was not there), or it cannot be written.
pub fn write(path: &Path, before: Option<&str>, after: &str) -> Result<(), Unwritten> {
    let now = read(path).map_err(|problem| Unwritten::Io { path: path.display().to_string(), error: io::Error::other(problem.message) })?;
    if now.as_deref() != before {
        return Err(Unwritten::Changed(path.display().to_string()));
    }
    let path = if now.is_some() { fs::canonicalize(path).map_err(failed(path))? } else { path.to_owned() };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let beside = folder.join(format!(".{}.{}.new", path.file_name().unwrap_or_default().to_string_lossy(), std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = new_file(&beside)?;
        file.write_all(after.as_bytes())?;
        if now.is_some() {
            file.set_permissions(fs::metadata(&path)?.permissions())?;
        }
        file.sync_all()?;
        if now.is_some() {
            fs::rename(&beside, &path)
        } else {
            // Who made it meanwhile keeps it: a link is refused where there is a file. Not every file system has links.
            match fs::hard_link(&beside, &path) {
                Ok(()) => fs::remove_file(&beside),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
                Err(_no_links) => fs::rename(&beside, &path),
            }
        }
    };
    write().map_err(|error| {
        // It may not be there.
        let _gone = fs::remove_file(&beside);
        failed(&path)(error)
    })
}

/// Writes a new file that only its owner may read, in a folder that only its owner may open. Nothing is written over: where
/// there is a file of that name, the new one gets a number.
///
/// # Errors
/// The folder or the file cannot be made.
pub fn write_secret(folder: &Path, name: &str, value: &[u8]) -> Result<PathBuf, Unwritten> {
    private_folder(folder).map_err(failed(folder))?;
    for n in 1..1000_u32 {
        let path = folder.join(if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        match new_file(&path) {
            Ok(mut file) => {
                let written = file.write_all(value).and_then(|()| file.sync_all());
                return written.map(|()| path.clone()).map_err(|error| {
                    let _gone = fs::remove_file(&path);
                    failed(&path)(error)
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&path)(error)),
        }
    }
    Err(failed(folder)(io::Error::other(format!("there are a thousand files called {name} already"))))
}

fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

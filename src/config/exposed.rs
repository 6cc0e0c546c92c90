//! Files with a secret that others on this machine may read: told, with what to do, and never refused.

use std::path::{Path, PathBuf};

use super::contexts::Context;
use super::properties::{Property, is_secret};
use super::{FILE_NAME, file, folder};
use crate::io::kafka::SecretFrom;

/// A file that others may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    pub path: PathBuf,
}

impl std::fmt::Display for Exposed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = file::shown(&self.path);
        write!(f, "{path} holds a secret, and others on this machine may read it: chmod 600 {path}")
    }
}

/// The files of these contexts, and of what the options say, that hold secrets and are open to others. Each is told once.
pub fn exposed<'c>(
    contexts: impl Iterator<Item = &'c Context>,
    over: &[Property],
    over_file: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<Exposed> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut of = |properties: &[Property], file: Option<&Path>| {
        for property in properties {
            match &property.value {
                SecretFrom::File(path) => files.push(path.clone()),
                SecretFrom::Text(text) if is_secret(&property.key) && !text.expose().is_empty() => files.extend(file.map(Path::to_owned)),
                _ => {}
            }
        }
    };
    of(over, over_file);
    for context in contexts {
        let own = folder(variable).map(|folder| folder.join(FILE_NAME));
        let own = context.found.as_ref().map(|found| found.path.clone()).or(own);
        of(&context.properties, own.as_deref());
        if let Some(named) = &context.properties_file
            && let Ok(properties) = super::properties::of_file(&named.value, variable)
        {
            of(&properties, Some(&named.value));
        }
    }
    files.sort();
    files.dedup();
    files.into_iter().filter(|path| is_open(path)).map(|path| Exposed { path }).collect()
}

/// The group or others may read it.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o044 != 0)
}

/// Elsewhere a file inherits who may read it.
#[cfg(not(unix))]
fn is_open(_path: &Path) -> bool {
    false
}

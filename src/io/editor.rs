//! A text in the user's own editor: through a file that its owner alone can read, which is taken away afterwards.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::model::{Cause, Failure, Foreign};

const WHAT: &str = "edit the text";
/// More is not taken back from a file: no broker takes such a record.
const LARGEST: u64 = 64 << 20;

/// A text on its way through an editor. The file goes when this does.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    /// Whether it ended with a line break before: editors add one.
    ended: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What is left of it harms nobody but its owner, who alone can read it.
        let _left = fs::remove_file(&self.path);
    }
}

impl Draft {
    /// Writes the text to a new file. `folder`: our own, else the system's for temporary files; `json`: its name says so.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(folder: Option<&Path>, text: &str, json: bool) -> Result<Self, Failure> {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let name = format!("kscope-{}.{}", std::process::id(), if json { "json" } else { "txt" });
        let draft = Self { path: folder.join(name), ended: text.ends_with('\n') };
        let write = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            // One that a killed process of the same number left; a link of somebody else's is not followed.
            let _none = fs::remove_file(&draft.path);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft.path)?;
            file.write_all(text.as_bytes())
        };
        write().map_err(|error: io::Error| failed(&error.to_string()))?;
        Ok(draft)
    }

    /// The editor's command: `$VISUAL`, `$EDITOR` or vi, with what stands there behind its name.
    pub fn command(&self, variable: &dyn Fn(&str) -> Option<OsString>) -> Command {
        on_file(&self.path, None, variable)
    }

    /// The text as the editor left it.
    ///
    /// # Errors
    /// The editor could not be started or failed, or what it left is no text. Then nothing has changed.
    pub fn read_back(self, ended: io::Result<ExitStatus>) -> Result<String, Failure> {
        let hint = "VISUAL or EDITOR names the editor; the text here is as it was";
        match ended {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(failed(&format!("the editor ended with {status}")).hint(hint)),
            Err(error) => return Err(failed(&format!("the editor did not start: {error}")).hint(hint)),
        }
        let read = || {
            let file = OpenOptions::new().read(true).open(&self.path)?;
            let mut bytes = Vec::new();
            file.take(LARGEST + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let mut bytes: Vec<u8> = read().map_err(|error: io::Error| failed(&error.to_string()).hint(hint))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(failed("the file is larger than any record").hint(hint));
        }
        if !self.ended && bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        String::from_utf8(bytes).map_err(|_bytes| failed("what the editor wrote is no UTF-8 text").hint(hint))
    }
}

/// The editor on a file, at that line where it can be told so.
pub fn on_file(path: &Path, line: Option<usize>, variable: &dyn Fn(&str) -> Option<OsString>) -> Command {
    let named = ["VISUAL", "EDITOR"].iter().find_map(|name| variable(name).filter(|word| !word.is_empty()));
    let mut editor = named.unwrap_or_else(|| OsStr::new("vi").to_owned());
    // These take it before the file; others would open a file of that name.
    let first = editor.to_string_lossy().split_whitespace().next().map(str::to_owned).unwrap_or_default();
    let knows = ["vi", "vim", "nvim", "nano", "emacs", "emacsclient", "micro", "kak", "joe", "mcedit"];
    let at = line.filter(|_| Path::new(&first).file_name().is_some_and(|name| knows.iter().any(|known| name == *known)));
    // The shell takes it apart, as git's and crontab's does.
    editor.push(if at.is_some() { " \"$2\" \"$1\"" } else { " \"$1\"" });
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(editor).arg("kscope").arg(path);
    if let Some(line) = at {
        command.arg(format!("+{line}"));
    }
    command
}

/// How the editor ended.
///
/// # Errors
/// It could not be started, or failed.
pub fn ended(status: io::Result<ExitStatus>) -> Result<(), Failure> {
    let hint = "VISUAL or EDITOR names the editor";
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(&format!("the editor ended with {status}")).hint(hint)),
        Err(error) => Err(failed(&format!("the editor did not start: {error}")).hint(hint)),
    }
}

fn failed(words: &str) -> Failure {
    Failure::new(WHAT, Cause::File(Foreign::new(words)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn through(text: &str, editor: &str) -> Result<String, Failure> {
        let folder = std::env::temp_dir().join(format!("kscope-editor-{}-{}", std::process::id(), text.len()));
        let draft = Draft::write(Some(&folder), text, true).expect("a file");
        assert_eq!(fs::metadata(&draft.path).unwrap().permissions().mode() & 0o777, 0o600);
        let path = draft.path.clone();
        let status = draft.command(&|name| (name == "EDITOR").then(|| editor.into())).status();
        let back = draft.read_back(status);
        assert!(!path.exists());
        let _gone = fs::remove_dir_all(folder);
        back
    }

    #[test]
    fn what_the_editor_writes_comes_back_without_the_line_break_that_it_adds() {
        assert_eq!(through("a", "sh -c 'cat \"$1\" >>\"$1.new\"; printf \"b\\n\" >>\"$1.new\"; mv \"$1.new\" \"$1\"' x").unwrap(), "ab");
        assert_eq!(through("ab\n", "true").unwrap(), "ab\n");
        assert_eq!(through("", "true").unwrap(), "");
    }

    #[test]
    fn an_editor_that_fails_changes_nothing() {
        assert!(through("abc", "false").unwrap_err().sentence().contains("ended with"));
        assert!(through("abcd", "/no/such/editor").is_err());
        assert!(through("abcde", "printf '\\377' >").unwrap_err().sentence().contains("no UTF-8"));
    }
}

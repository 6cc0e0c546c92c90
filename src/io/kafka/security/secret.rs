//! Passwords and tokens: they are wiped from memory when the last holder goes, and no formatting shows them.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Said;
use super::ready::Trouble;

/// A text that nobody may see. Its `Debug` shows three stars, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// The text itself, for what is sent to a broker or opens a store.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFrom {
    /// It stands in the setting.
    Text(Secret),
    /// An environment variable.
    Variable(String),
    /// A file: all of it but the end of its last line.
    File(PathBuf),
    /// The first line that a command prints; it goes through the shell.
    Command(String),
    /// The system's keyring, asked by its own tool: of what, and whose.
    Keyring { service: String, user: String },
}

/// Longer is no secret.
const LONGEST: u64 = 1 << 20;

impl SecretFrom {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Secret::new(text))
    }
}

impl Said<SecretFrom> {
    /// Reads it; blocks as long as a command runs.
    #[expect(clippy::disallowed_methods, reason = "this is io, on a thread that may block")]
    pub(in crate::io::kafka) fn read(&self) -> Result<Secret, Trouble> {
        let trouble = |text: String| Trouble::new(&self.by, text);
        match &self.value {
            SecretFrom::Text(secret) => Ok(secret.clone()),
            SecretFrom::Variable(name) => match std::env::var(name) {
                Ok(text) if !text.is_empty() => Ok(Secret::new(text)),
                Ok(_) => Err(trouble(format!("the variable {name} is empty")).hint(format!("set {name} before kscope is started"))),
                Err(_unset) => {
                    Err(trouble(format!("the variable {name} is not set")).hint(format!("export {name}=… before kscope is started")))
                }
            },
            SecretFrom::File(path) => {
                let shown = path.display();
                let size = std::fs::metadata(path).map(|meta| meta.len()).map_err(|error| unreadable(&self.by, path, &error))?;
                if size > LONGEST {
                    return Err(trouble(format!("{shown} is larger than 1 MiB: it holds no password")));
                }
                let bytes = Zeroizing::new(std::fs::read(path).map_err(|error| unreadable(&self.by, path, &error))?);
                let text = std::str::from_utf8(&bytes).map_err(|_bytes| trouble(format!("{shown} is not UTF-8")))?;
                let text = text.trim_end_matches(['\r', '\n']);
                if text.is_empty() { Err(trouble(format!("{shown} is empty"))) } else { Ok(Secret::new(text)) }
            }
            SecretFrom::Command(line) => run(line).map_err(|why| {
                trouble(format!("the command `{line}` {why}")).hint("run it by hand: the first line that it prints is the secret")
            }),
            SecretFrom::Keyring { service, user } => of_keyring(service, user)
                .map_err(|(why, hint)| trouble(format!("the keyring's secret of {service}/{user}: {why}")).hint(hint)),
        }
    }
}

/// Asks the keyring by the tool of the system (libsecret's or Apple's): their libraries would bring D-Bus into this program.
/// An error: why, and what to do.
fn of_keyring(service: &str, user: &str) -> Result<Secret, (String, String)> {
    let (tool, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("security", &["find-generic-password", "-s", service, "-a", user, "-w"])
    } else if cfg!(windows) {
        let hint = "password_command can ask a program that knows the vault".to_owned();
        return Err(("there is no tool here that prints it".to_owned(), hint));
    } else {
        ("secret-tool", &["lookup", "service", service, "username", user])
    };
    let by_hand = || {
        if tool == "security" {
            format!("store it: security add-generic-password -s '{service}' -a '{user}' -w")
        } else {
            format!("store it: secret-tool store --label='{service}' service '{service}' username '{user}'")
        }
    };
    let mut command = Command::new(tool);
    command.args(arguments).stdin(Stdio::null());
    let done = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => (
            format!("there is no {tool} on this machine"),
            "install libsecret-tools, or name another place: password_command, password_file".to_owned(),
        ),
        _ => (format!("{tool} cannot be run: {error}"), by_hand()),
    })?;
    let printed = Zeroizing::new(done.stdout);
    match first_line(&printed) {
        Ok(secret) if done.status.success() => Ok(secret),
        Err(why) if done.status.success() => Err((format!("{tool} {why}"), by_hand())),
        _ => Err((format!("{tool} knows none"), by_hand())),
    }
}

fn run(line: &str) -> Result<Secret, String> {
    first_line(&printed(line)?)
}

fn first_line(printed: &[u8]) -> Result<Secret, String> {
    let text = std::str::from_utf8(printed).map_err(|_bytes| "printed something that is not UTF-8".to_owned())?;
    match text.lines().next() {
        Some(first) if !first.is_empty() => Ok(Secret::new(first)),
        _ => Err("printed nothing".to_owned()),
    }
}

/// All that a command prints, or how it failed: "ended with code 3: …".
pub(super) fn printed(line: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let done = Command::new(shell).args([flag, line]).stdin(Stdio::null()).output().map_err(|error| format!("cannot be run: {error}"))?;
    let printed = Zeroizing::new(done.stdout);
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let said = said.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| format!(": {line}"));
        let code = done.status.code().map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
        return Err(format!("ended with {code}{}", said.unwrap_or_default()));
    }
    Ok(printed)
}

/// A file that cannot be read, and what to do.
pub(super) fn unreadable(by: &Arc<str>, path: &std::path::Path, error: &std::io::Error) -> Trouble {
    use std::io::ErrorKind as Kind;
    let (why, hint) = match error.kind() {
        Kind::NotFound => (
            "there is no such file".to_owned(),
            "check the path; one that does not begin with / is looked for beside the file that names it",
        ),
        Kind::PermissionDenied => {
            ("its permissions forbid reading it".to_owned(), "run kscope as a user who may read it, or change its owner")
        }
        _ => (error.to_string(), "check the path"),
    };
    Trouble::new(by, format!("{}: {why}", path.display())).hint(hint)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes what it reads")]
mod tests {
    use super::*;

    fn read(from: SecretFrom) -> Result<String, String> {
        Said::new(from, "config.toml:3 contexts.a.sasl.password").read().map(|secret| secret.expose().to_owned()).map_err(|t| t.text())
    }

    #[test]
    fn no_formatting_shows_a_secret() {
        let said = Said::new(SecretFrom::text("canary"), "here");
        assert!(!format!("{said:?} {:?}", Secret::new("canary")).contains("canary"));
    }

    #[test]
    fn a_command_gives_its_first_line_or_says_why_not() {
        assert_eq!(read(SecretFrom::Command("printf 'one two\\nthree\\n'".into())).unwrap(), "one two");
        let failed = read(SecretFrom::Command("echo no vault >&2; exit 3".into())).unwrap_err();
        assert!(failed.contains("contexts.a.sasl.password") && failed.ends_with("ended with code 3: no vault"), "{failed}");
        assert!(read(SecretFrom::Command("true".into())).unwrap_err().ends_with("printed nothing"));
    }

    #[test]
    fn a_file_loses_the_end_of_its_last_line_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, " p w \r\n").unwrap();
        assert_eq!(read(SecretFrom::File(path.clone())).unwrap(), " p w ");
        std::fs::write(&path, "\n").unwrap();
        assert!(read(SecretFrom::File(path)).unwrap_err().contains("is empty"));
        assert!(read(SecretFrom::File(folder.path().join("none"))).unwrap_err().contains("there is no such file"));
    }

    #[test]
    fn a_keyring_without_the_secret_says_what_to_do() {
        let from = SecretFrom::Keyring { service: "kscope-no-such-service".into(), user: "nobody".into() };
        let trouble = Said::new(from, "config.toml:3 contexts.a.sasl.password_keyring").read().unwrap_err();
        assert!(trouble.text().contains("the keyring's secret of kscope-no-such-service/nobody: "), "{}", trouble.text());
        assert!(trouble.hint.is_some());
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        assert!(read(SecretFrom::Variable("KSCOPE_NO_SUCH_VARIABLE".into())).unwrap_err().contains("KSCOPE_NO_SUCH_VARIABLE is not set"));
    }
}

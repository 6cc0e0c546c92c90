//! Client properties as files beside every service hold them: of Java (`java.util.Properties`: lines continued by a backslash,
//! `=`, `:` or a blank behind the key, `\uXXXX`) and of librdkafka (`key=value`, nothing is escaped). `${env:NAME}`,
//! `${file:PATH:KEY}` and `${dir:PATH:NAME}` (KIP-297) are filled in; a dollar sign before anything else is just that.
//!
//! Values may be secrets: no message quotes one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Problem, read, resolved};
use crate::io::kafka::SecretFrom;
use crate::text::Shown;

/// A key, its value, and who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    pub key: String,
    pub value: SecretFrom,
    /// "client.properties:3 sasl.mechanism", for messages.
    pub by: Arc<str>,
    /// The folder that paths are looked for in.
    pub beside: Arc<Path>,
}

/// Something is wrong with a property: where, what, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub by: Arc<str>,
    pub message: String,
    pub hint: Option<String>,
}

impl Mistake {
    pub(super) fn new(by: &Arc<str>, message: impl Into<String>) -> Self {
        Self { by: Arc::clone(by), message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// All of them as one sentence.
pub fn words(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.by, self.message)
    }
}

impl Property {
    /// The text of a value that is no secret from elsewhere.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            SecretFrom::Text(secret) => Some(secret.expose().trim()),
            _ => None,
        }
    }

    /// A path in it: `~/` is the home folder; what is not absolute is beside the file that names it, or where kscope was started.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        let (beside, here) = (resolved(text, &self.beside), Path::new(text));
        Some(if !beside.exists() && here.exists() { here.to_owned() } else { beside })
    }
}

/// Reads a file of properties.
///
/// # Errors
/// It cannot be read, or a reference in it leads nowhere.
pub fn of_file(path: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Property>, Vec<Mistake>> {
    let whole: Arc<str> = Shown::of_bytes(path.as_os_str().as_encoded_bytes()).into_string().into();
    let wrong = |problem: Problem| vec![Mistake::new(&whole, problem.message)];
    let text =
        read(path).map_err(wrong)?.ok_or_else(|| {
            vec![Mistake::new(&whole, "there is no such file").hint(
                "check the path; one that does not begin with / is looked for beside the file that names it, or in the current folder",
            )]
        })?;
    of_text(path, &text, variable)
}

/// As [`of_file`], of a text that is at that path.
pub(super) fn of_text(path: &Path, text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Property>, Vec<Mistake>> {
    of_text_called(&Shown::of_bytes(path.as_os_str().as_encoded_bytes()).into_string(), path, text, variable)
}

/// As [`of_text`], and messages call the path so.
pub(super) fn of_text_called(
    shown: &str,
    path: &Path,
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Property>, Vec<Mistake>> {
    let beside: Arc<Path> = path.parent().unwrap_or(Path::new("")).into();
    let lines = logical(text);
    // In librdkafka's files a backslash is a backslash.
    let raw = lines.iter().any(|line| OF_LIBRDKAFKA.contains(&line.key.as_str()))
        && !lines.iter().any(|line| line.key.starts_with("ssl.truststore.") || line.key == "sasl.jaas.config");
    let lines = if raw { plain(text) } else { lines };
    let (mut properties, mut mistakes) = (Vec::new(), Vec::new());
    for Line { number, key, value } in lines {
        let by: Arc<str> = format!("{shown}:{number} {key}").into();
        match filled(&value, &beside, variable) {
            Ok(value) => properties.push(Property { key, value: SecretFrom::text(value), by, beside: Arc::clone(&beside) }),
            Err((message, hint)) => mistakes.push(Mistake { by, message, hint }),
        }
    }
    if mistakes.is_empty() { Ok(properties) } else { Err(mistakes) }
}

/// `key=value` of the command line (`-X`).
///
/// # Errors
/// It is none, a reference leads nowhere, or it would show a password to everybody on this machine.
pub fn of_argument(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Property, Mistake> {
    let whole: Arc<str> = "-X".into();
    let (key, value) =
        text.split_once('=').ok_or_else(|| Mistake::new(&whole, "KEY=VALUE is wanted here, for example security.protocol=SSL"))?;
    let key = key.trim().to_owned();
    let by: Arc<str> = format!("-X {key}").into();
    if is_secret(&key) && !value.is_empty() && !value.contains("${") {
        return Err(Mistake::new(&by, "a secret in an argument is seen by everybody on this machine")
            .hint(format!("write -X '{key}=${{env:NAME}}' or ${{file:PATH:KEY}}, or put it into a file: --properties FILE")));
    }
    let beside: Arc<Path> = Path::new("").into();
    match filled(value.trim(), &beside, variable) {
        Ok(value) => Ok(Property { key, value: SecretFrom::text(value), by, beside }),
        Err((message, hint)) => Err(Mistake { by, message, hint }),
    }
}

/// Whether the value of a key is to be hidden.
pub fn is_secret(key: &str) -> bool {
    [
        "password",
        "secret",
        "jaas",
        "token",
        "ssl.keystore.key",
        "ssl.key.pem",
        "basic.auth.user.info",
        "sasl.oauthbearer.config",
        "credentials",
    ]
    .iter()
    .any(|part| key.contains(part))
        && !["_env", "_file", "_command", "_keyring", "location", ".url", "credentials.source"].iter().any(|end| key.ends_with(end))
}

/// Keys that only librdkafka has.
const OF_LIBRDKAFKA: [&str; 10] = [
    "metadata.broker.list",
    "sasl.mechanisms",
    "sasl.username",
    "sasl.password",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.key.location",
    "enable.ssl.certificate.verification",
];

struct Line {
    number: usize,
    key: String,
    value: String,
}

/// librdkafka's files, as kcat reads them.
fn plain(text: &str) -> Vec<Line> {
    let lines =
        text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|(number, line)| {
            line.split_once('=').map(|(key, value)| Line { number, key: key.trim().to_owned(), value: value.trim().to_owned() })
        })
        .collect()
}

/// Java's logical lines, with everything unescaped.
fn logical(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
    while let Some((n, first)) = lines.next() {
        let mut whole = first.trim_start_matches(BLANK).to_owned();
        if whole.is_empty() || whole.starts_with(['#', '!']) {
            continue;
        }
        while is_continued(&whole) {
            whole.pop();
            let Some((_, next)) = lines.next() else { break };
            whole.push_str(next.trim_start_matches(BLANK));
        }
        let (key, value) = parted(&whole);
        found.push(Line { number: n + 1, key: unescaped(key), value: unescaped(value).trim().to_owned() });
    }
    found
}

const BLANK: [char; 3] = [' ', '\t', '\u{c}'];

/// By an odd number of backslashes at its end.
fn is_continued(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// At the first `=`, `:` or blank without a backslash before it.
fn parted(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find(|&(_, c)| {
        let here = !escaped && (c == '=' || c == ':' || BLANK.contains(&c));
        escaped = !escaped && c == '\\';
        here
    });
    let Some((key, rest)) = end.and_then(|(at, _)| line.split_at_checked(at)) else { return (line, "") };
    let rest = rest.trim_start_matches(BLANK);
    (key, rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(BLANK))
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let mut unit = None;
        let plain = match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    unit = u16::from_str_radix(&digits, 16).ok();
                    None
                }
                Some('t') => Some('\t'),
                Some('n') => Some('\n'),
                Some('r') => Some('\r'),
                Some('f') => Some('\u{c}'),
                other => other,
            },
            (c, false) => Some(c),
        };
        units.extend(unit);
        if let Some(plain) = plain {
            out.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
            out.push(plain);
        }
    }
    out.push_str(&String::from_utf16_lossy(&units));
    out
}

/// With references filled in. An error: the sentence, and what to do.
pub(super) fn filled(value: &str, beside: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, (String, Option<String>)> {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, from)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inside, behind)) = from.split_once('}') else {
            out.push_str("${");
            out.push_str(from);
            return Ok(out);
        };
        match inside.split_once(':') {
            Some(("env", name)) => out.push_str(&variable(name).ok_or_else(|| {
                (format!("${{env:{name}}}: the variable is not set"), Some(format!("export {name}=… before kscope is started")))
            })?),
            Some(("file", what)) => out.push_str(&from_file(what, beside)?),
            Some(("dir", what)) => out.push_str(&from_folder(what, beside)?),
            _ => {
                out.push_str("${");
                out.push_str(inside);
                out.push('}');
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

fn from_file(what: &str, beside: &Path) -> Result<String, (String, Option<String>)> {
    let (path, key) = what.rsplit_once(':').ok_or_else(|| (format!("${{file:{what}}}: ${{file:PATH:KEY}} is wanted"), None))?;
    let text = read(&resolved(path, beside)).map_err(|problem| (problem.to_string(), None))?;
    let text = text.ok_or_else(|| (format!("${{file:{what}}}: there is no file {path}"), None))?;
    let found = logical(&text).into_iter().rev().find(|line| line.key == key);
    found.map(|line| line.value).ok_or_else(|| (format!("${{file:{what}}}: {path} has no key {key}"), None))
}

fn from_folder(what: &str, beside: &Path) -> Result<String, (String, Option<String>)> {
    let (path, name) = what.rsplit_once(':').ok_or_else(|| (format!("${{dir:{what}}}: ${{dir:PATH:NAME}} is wanted"), None))?;
    let text = read(&resolved(path, beside).join(name)).map_err(|problem| (problem.to_string(), None))?;
    text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
        .ok_or_else(|| (format!("${{dir:{what}}}: {path} has no file {name}"), None))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes what it reads")]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let all = of_text(Path::new("c.properties"), text, &|name| (name == "PW").then(|| "s3=c".to_owned())).unwrap();
        all.iter().map(|property| (property.key.clone(), property.text().unwrap().to_owned())).collect()
    }

    #[test]
    fn java_files_are_read_as_java_does() {
        let text = "# one\n! two\n a = 1 \nb:2\nc 3\nd\\ e=\\u0041\\ud83d\\ude00\\tx\nf=one,\\\n   two\\\\\ng==\nempty=\nsasl.jaas.config=x required \\\n  username=\"a\" \\\n  password=\"${env:PW}\";\n";
        let want = [
            ("a", "1"),
            ("b", "2"),
            ("c", "3"),
            ("d e", "A\u{1f600}\tx"),
            ("f", "one,two\\"),
            ("g", "="),
            ("empty", ""),
            ("sasl.jaas.config", "x required username=\"a\" password=\"s3=c\";"),
        ];
        assert_eq!(pairs(text), want.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn in_files_of_librdkafka_a_backslash_is_a_backslash() {
        assert_eq!(
            pairs("sasl.username=a\\b\nsasl.password= p\\\\w \n"),
            [("sasl.username".to_owned(), "a\\b".to_owned()), ("sasl.password".to_owned(), "p\\\\w".to_owned())]
        );
    }

    #[test]
    fn a_dollar_before_anything_else_is_a_dollar() {
        let text = "sasl.username=$ConnectionString\nsasl.password=Endpoint=sb://x/;Key=$1${a}${vault:x:y}$\n";
        assert_eq!(pairs(text)[0].1, "$ConnectionString");
        assert_eq!(pairs(text)[1].1, "Endpoint=sb://x/;Key=$1${a}${vault:x:y}$");
    }

    #[test]
    fn references_lead_to_files_or_say_why_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("s.properties"), "k=v\\u0041\n").unwrap();
        std::fs::write(folder.path().join("token"), "t\n").unwrap();
        let path = folder.path().join("c.properties");
        let all = of_text(&path, "a=${file:s.properties:k}\nb=<${dir:.:token}>\n", &|_| None).unwrap();
        assert_eq!(all.iter().map(|p| p.text().unwrap()).collect::<Vec<_>>(), ["vA", "<t>"]);
        let wrong = of_text(&path, "x=1\na=${file:s.properties:z}\nb=${env:NOPE}\n", &|_| None).unwrap_err();
        let said: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert!(said[0].contains("c.properties:2 a: ") && said[0].contains("has no key z") && said[1].contains("NOPE"), "{said:?}");
    }

    #[test]
    fn a_secret_in_an_argument_is_refused_and_not_repeated() {
        let wrong = of_argument("sasl.password=canary", &|_| None).unwrap_err();
        assert!(wrong.to_string().contains("seen by everybody") && !format!("{wrong} {:?}", wrong.hint).contains("canary"));
        assert!(of_argument("sasl.password=${env:PW}", &|_| Some("x".to_owned())).is_ok());
        assert!(of_argument("ssl.truststore.location=/x", &|_| None).is_ok());
        assert!(of_argument("nonsense", &|_| None).is_err());
    }
}

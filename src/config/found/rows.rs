//! What a tool's file says of one cluster, gathered as the properties of a context.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Found, Tool};
use crate::config::contexts::{Context, ReadOnly};
use crate::config::properties::Property;
use crate::config::yaml::At;
use crate::config::{connection, file};
use crate::core::context::{Guard, Hue};
use crate::io::kafka::SecretFrom;

/// A file of a tool, as it is read and as it is called.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) tool: Tool,
    pub(super) path: PathBuf,
    /// `~/.kaf/config`
    pub(super) shown: Arc<str>,
}

impl File {
    pub(super) fn new(tool: Tool, path: PathBuf, home: Option<&Path>) -> Self {
        let below = home.and_then(|home| path.strip_prefix(home).ok());
        let shown = match below {
            Some(rest) => format!("~/{}", file::shown(rest)),
            None => file::shown(&path),
        };
        Self { tool, shown: shown.into(), path }
    }
}

/// One cluster while it is read.
pub(super) struct Rows<'f> {
    file: &'f File,
    name: String,
    beside: Arc<Path>,
    bootstrap: Vec<crate::io::kafka::Address>,
    properties: Vec<Property>,
    left_out: Vec<String>,
    unusable: Option<String>,
    pub(super) current: bool,
    pub(super) hue: Option<Hue>,
    pub(super) readonly: bool,
}

impl<'f> Rows<'f> {
    pub(super) fn new(file: &'f File, name: &str) -> Self {
        Self {
            file,
            name: name.to_owned(),
            beside: file.path.parent().unwrap_or(Path::new("")).into(),
            bootstrap: Vec::new(),
            properties: Vec::new(),
            left_out: Vec::new(),
            unusable: None,
            current: false,
            hue: None,
            readonly: false,
        }
    }

    /// `~/.kaf/config:12 clusters[minikube].SASL.password`
    fn by(&self, at: &At<'_>) -> Arc<str> {
        let line = if at.line() > 0 { format!(":{}", at.line()) } else { String::new() };
        format!("{}{line} {}", self.file.shown, at.path).into()
    }

    /// A key of clients, which stands there.
    pub(super) fn say(&mut self, key: &str, at: &At<'_>, value: impl Into<String>) {
        let (by, beside) = (self.by(at), Arc::clone(&self.beside));
        self.properties.push(Property { key: key.to_owned(), value: SecretFrom::text(value), by, beside });
    }

    /// As [`Self::say`], with the text that stands there, if any does.
    pub(super) fn carry(&mut self, key: &str, at: Option<At<'_>>) {
        let Some(at) = at else { return };
        if let Some(text) = at.text().filter(|text| !text.is_empty()) {
            self.say(key, &at, text);
        }
    }

    /// Properties that are read already.
    pub(super) fn extend(&mut self, properties: Vec<Property>) {
        self.properties.extend(properties);
    }

    /// What was said of a key so far.
    pub(super) fn said(&self, key: &str) -> Option<&Property> {
        self.properties.iter().rev().find(|property| property.key == key)
    }

    /// Where the cluster is.
    pub(super) fn brokers(&mut self, at: Option<At<'_>>) {
        let Some(at) = at else { return self.cannot("it names no broker") };
        let text = at.words().join(",");
        if text.is_empty() {
            return self.cannot("it names no broker");
        }
        self.say("bootstrap.servers", &at, text);
    }

    /// What is there and has no meaning here, if it is.
    pub(super) fn leave(&mut self, at: Option<At<'_>>, why: &str) {
        if let Some(at) = at.filter(|at| !at.is_empty()) {
            self.left_out.push(format!("{}: {why}", at.path));
        }
    }

    /// Why kscope cannot come to the cluster; the first reason counts.
    pub(super) fn cannot(&mut self, why: &str) {
        self.unusable.get_or_insert_with(|| why.to_owned());
    }

    /// TLS and SASL as one word of clients, said where they are switched on.
    pub(super) fn protocol(&mut self, tls: Option<&At<'_>>, sasl: Option<&At<'_>>) {
        let word = match (tls.is_some(), sasl.is_some()) {
            (false, false) => return,
            (true, false) => "SSL",
            (false, true) => "SASL_PLAINTEXT",
            (true, true) => "SASL_SSL",
        };
        if let Some(at) = sasl.or(tls) {
            self.say("security.protocol", at, word);
        }
    }

    /// The table of TLS, whose parts are called so.
    pub(super) fn tls(&mut self, at: &At<'_>, [ca, cert, key, insecure]: [&str; 4]) {
        self.carry("ssl.ca.location", at.get(ca));
        self.carry("ssl.certificate.location", at.get(cert));
        self.carry("ssl.key.location", at.get(key));
        if let Some(off) = at.get(insecure).filter(At::is_true) {
            self.say(connection::VERIFY, &off, "nothing");
        }
    }

    pub(super) fn finish(mut self) -> Context {
        // Amazon's mechanism exists with TLS alone, whatever the tool's file has to say of it.
        let iam = self.said("sasl.mechanism").and_then(Property::text) == Some("AWS_MSK_IAM");
        if let Some(property) = self.properties.iter_mut().find(|property| iam && property.key == "security.protocol") {
            property.value = SecretFrom::text("SASL_SSL");
        }
        let said = self.said("bootstrap.servers").or_else(|| self.said("metadata.broker.list"));
        match said.and_then(Property::text).map(connection::bootstrap) {
            Some(Ok(list)) => self.bootstrap = list,
            Some(Err(why)) => self.cannot(&why),
            None => self.cannot("it names no broker"),
        }
        let found = Found {
            tool: self.file.tool,
            path: self.file.path.clone(),
            shown: Arc::clone(&self.file.shown),
            current: self.current,
            left_out: self.left_out,
            unusable: self.unusable,
        };
        Context {
            name: format!("{}:{}", self.file.tool.word(), called(&self.name)),
            bootstrap: self.bootstrap,
            properties: self.properties,
            properties_file: None,
            strimzi: Vec::new(),
            hue: self.hue,
            readonly: if self.readonly { ReadOnly::Yes } else { ReadOnly::No },
            guard: Guard::None,
            expect_cluster_id: None,
            line: 0,
            found: Some(Box::new(found)),
        }
    }
}

/// A name that can be typed: one word.
fn called(name: &str) -> String {
    const LONGEST: usize = 100;
    let word: String =
        name.trim().chars().take(LONGEST).map(|c| if c.is_whitespace() || c.is_control() || ",/@".contains(c) { '-' } else { c }).collect();
    if word.is_empty() { "unnamed".to_owned() } else { word }
}

/// The mechanism of SASL by any tool's word for it.
pub(super) fn mechanism(word: &str) -> Option<&'static str> {
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    Some(match plain.as_str() {
        "plain" | "plaintext" | "saslplaintext" | "saslplain" => "PLAIN",
        "scramsha256" | "saslscramsha256" => "SCRAM-SHA-256",
        "scramsha512" | "saslscramsha512" => "SCRAM-SHA-512",
        "oauth" | "oauthbearer" => "OAUTHBEARER",
        "awsmskiam" => "AWS_MSK_IAM",
        "gssapi" | "kerberos" => "GSSAPI",
        _ => return None,
    })
}

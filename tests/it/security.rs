//! The ways into a cluster, on a real Kafka: what clients have in their files works as it is, each mistake is told with its step
//! and the next one, sessions are kept while one reads, and no password is ever seen.
//!
//! The cluster is `kafka::secured`; to add a way, a row in `ways`; a mistake, one in `faults`.

mod ends;
mod faults;
mod found;
mod rights;
mod screen;
mod secrets;
mod sessions;
mod tokens;
mod ways;

use std::fmt::Write as _;

use crate::kafka::Secured;
use crate::run::{Finished, Home};

/// Lines of a client's file.
struct Client(String);

impl Client {
    fn new(kafka: &Secured, listener: &str) -> Self {
        Self(format!("bootstrap.servers={}\n", kafka.at(listener)))
    }

    fn with(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        writeln!(self.0, "{key}={value}").unwrap();
        self
    }

    /// As librdkafka has it.
    fn tls(self, kafka: &Secured) -> Self {
        self.with("security.protocol", "SSL").with("ssl.ca.location", kafka.tls("ca.pem").display())
    }

    /// As librdkafka has it.
    fn user(self, mechanism: &str, name: &str, password: &str) -> Self {
        self.with("sasl.mechanism", mechanism).with("sasl.username", name).with("sasl.password", password)
    }

    /// Lists the topics with it.
    #[track_caller]
    fn topics(&self) -> Finished {
        Home::new().with("client.properties", &self.0).in_it(&["topics", "-o", "ndjson", "--properties"])
    }

    #[track_caller]
    fn works(&self) {
        let done = self.topics();
        assert_eq!(done.code, Some(0), "{}\n{}", self.0, done.stderr);
        assert!(done.text().contains("\"name\":\"orders\""), "{}\n{}", self.0, done.text());
    }

    /// Ends with that code, and says all of these.
    #[track_caller]
    fn fails(&self, code: i32, parts: &[&str]) {
        let done = self.topics();
        let missing: Vec<&&str> = parts.iter().filter(|part| !done.stderr.contains(**part)).collect();
        assert!(done.code == Some(code) && missing.is_empty(), "{}\n{:?}, without {missing:?}: {}", self.0, done.code, done.stderr);
    }
}

impl Home {
    /// Runs kscope with the path of its client's file behind these arguments.
    #[track_caller]
    fn in_it(&self, arguments: &[&str]) -> Finished {
        let file = self.path().join("client.properties").display().to_string();
        self.kscope(&[arguments, &[&file]].concat(), &[])
    }
}

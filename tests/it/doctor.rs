//! `kscope doctor`, on real clusters, on brokers that lie, and on what is no broker: each step is told, what is wrong is told
//! with its step, its exit code and what to do, and nothing is changed by looking.

mod faults;
mod rights;
mod strangers;
mod ways;

use std::fmt::Write as _;

use serde_json::Value;

use crate::kafka::Secured;
use crate::run::{Finished, Home};

/// What a doctor said.
#[derive(Debug)]
struct Told {
    whole: Value,
    code: Option<i32>,
}

impl Told {
    #[track_caller]
    fn of(done: &Finished) -> Self {
        let whole: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", done.text(), done.stderr));
        assert_eq!(whole["exitCode"].as_i64(), done.code.map(i64::from), "the object and the program end with the same code");
        for finding in whole["findings"].as_array().expect("findings") {
            let wrong = ["warn", "bad"].contains(&finding["verdict"].as_str().expect("a verdict"));
            assert!(!wrong || finding["fix"].as_str().is_some_and(|fix| fix.len() > 5), "nothing to do about {finding}");
            assert_eq!(finding["code"].is_string(), finding["verdict"] == "bad", "{finding}");
        }
        Self { code: done.code, whole }
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.whole["findings"].as_array().expect("findings").iter().filter(|finding| finding["step"] != "terminal")
    }

    /// The findings of a step.
    fn step(&self, step: &str) -> Vec<&Value> {
        self.findings().filter(|finding| finding["step"] == step).collect()
    }

    /// The only one of a step.
    #[track_caller]
    fn one(&self, step: &str) -> &Value {
        let all = self.step(step);
        assert_eq!(all.len(), 1, "{step}: {:#}", self.whole);
        all[0]
    }

    /// What failed or is to be done, but that there is nothing to see yet.
    fn wrong(&self) -> Vec<&Value> {
        self.findings().filter(|finding| finding["verdict"] == "bad" || finding["verdict"] == "warn").collect()
    }

    /// One thing failed: at that step, with that code, and it says all of these words, in itself or in what to do.
    #[track_caller]
    fn fails(&self, code: i32, step: &str, words: &[&str]) {
        let bad: Vec<&Value> = self.findings().filter(|finding| finding["verdict"] == "bad").collect();
        assert_eq!(bad.len(), 1, "{:#}", self.whole);
        assert_eq!((self.code, &bad[0]["step"]), (Some(code), &Value::from(step)), "{:#}", self.whole);
        has(bad[0], words);
    }
}

/// All of these words stand in it.
#[track_caller]
fn has(finding: &Value, words: &[&str]) {
    let text = finding.to_string();
    let missing: Vec<&&str> = words.iter().filter(|word| !text.contains(**word)).collect();
    assert!(missing.is_empty(), "without {missing:?}: {finding:#}");
}

/// Looks, in an empty home.
#[track_caller]
fn doctor(arguments: &[&str]) -> Told {
    in_home(&Home::new(), arguments)
}

#[track_caller]
fn in_home(home: &Home, arguments: &[&str]) -> Told {
    Told::of(&home.kscope(&[&["doctor", "-o", "json"], arguments].concat(), &[]))
}

/// Lines of a client's file.
#[derive(Debug, Clone)]
struct Client(String);

impl Client {
    fn new(kafka: &Secured, listener: &str) -> Self {
        Self(format!("bootstrap.servers={}\n", kafka.at(listener)))
    }

    fn with(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        writeln!(self.0, "{key}={value}").unwrap();
        self
    }

    fn tls(self, kafka: &Secured) -> Self {
        self.with("security.protocol", "SSL").with("ssl.ca.location", kafka.tls("ca.pem").display())
    }

    fn user(self, mechanism: &str, name: &str, password: &str) -> Self {
        self.with("sasl.mechanism", mechanism).with("sasl.username", name).with("sasl.password", password)
    }

    #[track_caller]
    fn look(&self) -> Told {
        let home = Home::new().with("client.properties", &self.0);
        let file = home.path().join("client.properties").display().to_string();
        in_home(&home, &["--properties", &file])
    }
}

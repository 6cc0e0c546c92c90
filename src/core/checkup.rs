//! What was found on the way to a cluster, step by step, and what to do about whatever is not as it should be.
//!
//! Pure values: `io::checkup` finds, the command line prints, the screen draws. A new kind of look is a variant of [`Look`].

use std::time::Duration;

use crate::model::{Cause, Failure, Foreign};
use crate::text::units;

/// What was looked at, in the order in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// The configuration file, and what the arguments name.
    Configuration,
    /// What was said of the connection, and by whom.
    Settings,
    /// Passwords and tokens: whether they can be had.
    Secrets,
    /// Key stores, trust stores and the certificates in them.
    Stores,
    Dns,
    Connect,
    Tls,
    ApiVersions,
    Sasl,
    /// What of what is asked the brokers do not offer.
    Offered,
    /// Which cluster that is.
    Cluster,
    /// Whether each broker can be reached where the cluster says that it is.
    Advertised,
    /// What we may do there.
    Allowed,
    /// Whether brokers told us to slow down.
    Throttled,
    /// The terminal that kscope would draw on.
    Terminal,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It works, and somebody should do something.
    Warn,
    /// It does not work.
    Bad(Cause),
    /// It was not looked at, or there is nothing to look at: the words say why.
    Skipped,
}

/// One thing that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub look: Look,
    /// What it is about: an address, a file, a setting, a broker.
    pub subject: Foreign,
    pub verdict: Verdict,
    pub words: Foreign,
    /// The same in a word or two, for a line that says all at once.
    pub brief: Option<Foreign>,
    /// What to do; there is one for all that is [`Verdict::Warn`] or [`Verdict::Bad`].
    pub fix: Option<Foreign>,
    /// How long it took, where that tells something.
    pub took: Option<Duration>,
}

/// All that was found so far, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkup {
    pub findings: Vec<Finding>,
    /// Nothing more comes.
    pub done: bool,
}

/// One step of the way in a line that says all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub label: &'static str,
    pub verdict: Verdict,
    /// A time, a version, a name: foreign in part; empty when there is nothing to say.
    pub words: Foreign,
}

impl Look {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Configuration => "config",
            Self::Settings => "settings",
            Self::Secrets => "secrets",
            Self::Stores => "stores",
            Self::Dns => "DNS",
            Self::Connect => "TCP",
            Self::Tls => "TLS",
            Self::ApiVersions => "ApiVersions",
            Self::Sasl => "SASL",
            Self::Offered => "offered",
            Self::Cluster => "cluster",
            Self::Advertised => "brokers",
            Self::Allowed => "allowed",
            Self::Throttled => "throttled",
            Self::Terminal => "terminal",
        }
    }

    /// The stable word of JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "tcp",
            Self::Tls => "tls",
            Self::ApiVersions => "apiVersions",
            Self::Sasl => "sasl",
            other => other.word(),
        }
    }
}

impl Verdict {
    pub fn sign(&self) -> char {
        match self {
            Self::Good => '✓',
            Self::Warn => '▲',
            Self::Bad(_) => '✗',
            Self::Skipped => '–',
        }
    }

    /// The stable word of JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad(_) => "bad",
            Self::Skipped => "skipped",
        }
    }

    fn weight(&self) -> u8 {
        match self {
            Self::Skipped => 0,
            Self::Good => 1,
            Self::Warn => 2,
            Self::Bad(_) => 3,
        }
    }
}

impl Finding {
    fn new(look: Look, subject: &str, verdict: Verdict, words: String) -> Self {
        Self { look, subject: Foreign::new(subject), verdict, words: Foreign::new(words), brief: None, fix: None, took: None }
    }

    pub fn good(look: Look, subject: &str, words: impl Into<String>) -> Self {
        Self::new(look, subject, Verdict::Good, words.into())
    }

    pub fn skipped(look: Look, subject: &str, why: impl Into<String>) -> Self {
        Self::new(look, subject, Verdict::Skipped, why.into())
    }

    pub fn warn(look: Look, subject: &str, words: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(Foreign::new(fix.into())), ..Self::new(look, subject, Verdict::Warn, words.into()) }
    }

    pub fn bad(look: Look, subject: &str, cause: Cause, words: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(Foreign::new(fix.into())), ..Self::new(look, subject, Verdict::Bad(cause), words.into()) }
    }

    pub fn took(self, time: Duration) -> Self {
        Self { took: Some(time), ..self }
    }

    pub fn brief(self, words: impl Into<String>) -> Self {
        Self { brief: Some(Foreign::new(words.into())), ..self }
    }

    /// The same, where something else makes up for it.
    pub fn milder(self) -> Self {
        let verdict = if matches!(self.verdict, Verdict::Bad(_)) { Verdict::Warn } else { self.verdict };
        Self { verdict, ..self }
    }

    /// What failed, as every failure of the program; `None` when it did not.
    pub fn failure(&self) -> Option<Failure> {
        let Verdict::Bad(cause) = &self.verdict else { return None };
        Some(Failure::new("check the connection", cause.clone()))
    }
}

/// The steps of [`Checkup::marks`], in the order in which people think of them.
const LINE: [Look; 7] = [Look::Settings, Look::Dns, Look::Connect, Look::Tls, Look::Sasl, Look::ApiVersions, Look::Advertised];

impl Checkup {
    /// The first thing that does not work.
    pub fn failed(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| matches!(finding.verdict, Verdict::Bad(_)))
    }

    /// The exit code of the first failure; 0 with warnings only.
    pub fn exit(&self) -> u8 {
        self.failed().and_then(Finding::failure).map_or(0, |failure| failure.exit_code())
    }

    /// The worst verdict; `None` before anything was found.
    pub fn worst(&self) -> Option<&Verdict> {
        self.findings.iter().map(|finding| &finding.verdict).max_by_key(|verdict| verdict.weight())
    }

    /// How many findings are of that weight: warnings, failures.
    fn count(&self, verdict: fn(&Verdict) -> bool) -> usize {
        self.findings.iter().filter(|finding| verdict(&finding.verdict)).count()
    }

    /// The steps of the way so far, each as one mark. A step that failed here and went well there is a warning; settings stand
    /// here only when they are wrong.
    pub fn marks(&self) -> Vec<Mark> {
        LINE.iter().filter_map(|&look| self.mark(look)).collect()
    }

    fn mark(&self, look: Look) -> Option<Mark> {
        let of = |look: Look| match look {
            // What stands before the first step on the wire is one mark.
            Look::Configuration | Look::Settings | Look::Secrets | Look::Stores => Look::Settings,
            other => other,
        };
        let all: Vec<&Finding> = self.findings.iter().filter(|finding| of(finding.look) == look).collect();
        let worst = all.iter().copied().max_by_key(|finding| (finding.verdict.weight(), std::cmp::Reverse(finding.look)))?;
        if worst.verdict == Verdict::Skipped || (look == Look::Settings && worst.verdict == Verdict::Good) {
            return None;
        }
        let works = all.iter().copied().find(|finding| finding.verdict == Verdict::Good);
        let verdict = match (&worst.verdict, works) {
            (Verdict::Bad(_), Some(_)) if look != Look::Settings => Verdict::Warn,
            (verdict, _) => verdict.clone(),
        };
        let told = works.filter(|_| !matches!(verdict, Verdict::Bad(_))).unwrap_or(worst);
        let brief = told.brief.as_ref().map(|brief| brief.raw().to_owned());
        let words = match look {
            Look::Advertised => format!("{} of {}", all.len() - self.unreached(), all.len()),
            _ => brief.or_else(|| told.took.map(units::duration)).unwrap_or_default(),
        };
        Some(Mark { label: look.word(), verdict, words: Foreign::new(words) })
    }

    fn unreached(&self) -> usize {
        self.findings.iter().filter(|finding| finding.look == Look::Advertised && matches!(finding.verdict, Verdict::Bad(_))).count()
    }

    /// [`Self::marks`] as text: "DNS ✓ 12ms  TCP ✓ 88ms  TLS ✓ 1.3 CN=…  SASL ✓ PLAIN  ApiVersions ✓ 3.6". For
    /// [`crate::text::Shown::of`].
    pub fn line(&self) -> String {
        let one = |mark: &Mark| format!("{} {} {}", mark.label, mark.verdict.sign(), mark.words.raw()).trim_end().to_owned();
        self.marks().iter().map(one).collect::<Vec<_>>().join("  ")
    }

    /// How it ended, in words: "all is well", "1 failed, 2 warnings".
    pub fn sum(&self) -> String {
        let failed = self.count(|verdict| matches!(verdict, Verdict::Bad(_)));
        let warned = self.count(|verdict| *verdict == Verdict::Warn);
        let warnings = if warned == 1 { "1 warning".to_owned() } else { format!("{warned} warnings") };
        match (failed, warned) {
            (0, 0) => "nothing is wrong".to_owned(),
            (0, _) => format!("it works, with {warnings}"),
            (_, 0) => format!("{failed} failed"),
            _ => format!("{failed} failed, {warnings}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkup(findings: impl IntoIterator<Item = Finding>) -> Checkup {
        Checkup { findings: findings.into_iter().collect(), done: true }
    }

    fn bad(look: Look, cause: Cause) -> Finding {
        Finding::bad(look, "h:1", cause, "words", "fix")
    }

    #[test]
    fn the_exit_code_is_that_of_the_first_failure() {
        let refused = || bad(Look::Sasl, Cause::NotAuthenticated(Foreign::new("PLAIN as app")));
        assert_eq!(checkup([]).exit(), 0);
        let warned = Finding::warn(Look::Tls, "h:1", "12 days left", "renew it");
        assert_eq!(checkup([warned.clone()]).exit(), 0, "a warning is no failure");
        assert_eq!(checkup([warned.clone(), refused(), bad(Look::Advertised, Cause::Unreachable)]).exit(), 4);
        assert_eq!(checkup([bad(Look::Dns, Cause::Unreachable), refused()]).exit(), 3);
        assert_eq!(checkup([bad(Look::Stores, Cause::Usage(Foreign::new("x"))), refused()]).exit(), 2);
        assert_eq!(checkup([warned, bad(Look::Dns, Cause::Unreachable).milder()]).exit(), 0);
    }

    #[test]
    fn the_worst_verdict_and_the_sum_say_the_same() {
        let good = Finding::good(Look::Dns, "h:1", "10.0.0.1");
        let warned = Finding::warn(Look::Tls, "h:1", "12 days left", "renew it");
        let skipped = Finding::skipped(Look::Sasl, "", "none is set");
        assert_eq!(checkup([]).worst(), None);
        let of = |findings: &[&Finding]| {
            let all = checkup(findings.iter().copied().cloned());
            (all.worst().map(Verdict::name), all.sum())
        };
        assert_eq!(of(&[&skipped, &good]), (Some("good"), "nothing is wrong".to_owned()));
        assert_eq!(of(&[&good, &warned, &skipped]), (Some("warn"), "it works, with 1 warning".to_owned()));
        let failed = bad(Look::Sasl, Cause::Unreachable);
        assert_eq!(of(&[&good, &warned, &failed, &failed]), (Some("bad"), "2 failed, 1 warning".to_owned()));
    }

    #[test]
    fn a_line_says_all_at_once() {
        let way = [
            Finding::good(Look::Settings, "config.toml:3 contexts.a.tls.ca", "/x/ca.pem"),
            Finding::good(Look::Dns, "h:1", "10.0.0.1").took(Duration::from_millis(12)),
            Finding::good(Look::Connect, "h:1", "10.0.0.1").took(Duration::from_micros(880)),
            Finding::warn(Look::Tls, "h:1", "TLS 1.3 …", "renew it").brief("1.3 CN=h"),
            Finding::good(Look::ApiVersions, "h:1", "as Kafka 4.2").brief("4.2"),
            Finding::skipped(Look::Sasl, "h:1", "none is set"),
            Finding::good(Look::Advertised, "broker 1", "h:1"),
            bad(Look::Advertised, Cause::Unreachable),
        ];
        assert_eq!(checkup(way).line(), "DNS ✓ 12ms  TCP ✓ 0.8ms  TLS ▲ 1.3 CN=h  ApiVersions ✓ 4.2  brokers ▲ 1 of 2");
    }

    #[test]
    fn an_address_that_fails_beside_one_that_works_is_a_warning_and_wrong_settings_come_first() {
        let good = Finding::good(Look::Dns, "b:1", "10.0.0.1").took(Duration::from_millis(2));
        assert_eq!(checkup([bad(Look::Dns, Cause::Unreachable), good]).line(), "DNS ▲ 2ms");
        assert_eq!(checkup([bad(Look::Dns, Cause::Unreachable).brief("no such host")]).line(), "DNS ✗ no such host");
        let wrong = bad(Look::Stores, Cause::Usage(Foreign::new("x"))).brief("wrong password");
        let said = Finding::good(Look::Settings, "here", "there");
        assert_eq!(checkup([said, wrong]).line(), "settings ✗ wrong password");
    }
}

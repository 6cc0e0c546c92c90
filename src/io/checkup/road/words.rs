//! What was met on the way, in words, with what to do about it.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::{SOON, days_until, until};
use crate::core::checkup::{Finding, Look};
use crate::io::kafka::probe::{Course, Facts, Knock, Secured, date};
use crate::io::kafka::{Address, Settings, Verify};
use crate::model::{Cause, Failure, Step};
use crate::text::units;

pub(super) const RENEW: &str = "the broker needs a new certificate before that day";

/// The steps from TLS on, as far as they got.
pub(super) fn way(subject: &str, settings: &Settings, course: &Course, failure: Option<&Failure>) -> Vec<Finding> {
    let security = &settings.security;
    let mut all = Vec::new();
    // With TLS 1.3 a broker looks at our certificate once the handshake is done for us.
    let undone = failure.is_some_and(|failure| failed_at(failure) == Step::Tls);
    match (&course.tls, &security.tls) {
        (Some(met), Some(asked)) if !undone => all.push(tls(subject, met, asked.verify)),
        (None, None) => all.push(Finding::skipped(Look::Tls, subject, "not used: what is sent and read goes in clear text")),
        _ => {}
    }
    if let Some(took) = course.versions {
        let words = course.release.map_or_else(
            || "what it offers is that of no release of Kafka that we know".to_owned(),
            |release| format!("what it offers is that of Kafka {release}"),
        );
        let finding = Finding::good(Look::ApiVersions, subject, words).took(took);
        all.push(match course.release {
            Some(release) => finding.brief(format!("≈{release}")),
            None => finding,
        });
    }
    match (&course.sasl, &security.sasl) {
        (Some((welcome, took)), Some(asked)) => {
            let mechanism = asked.method.value.mechanism();
            let lifetime = welcome.lifetime.map(|time| format!("; a session lasts {}", units::duration(time))).unwrap_or_default();
            let words = format!("{mechanism} as {}; the listener offers {}{lifetime}", security.principal(), welcome.offered.join(", "));
            let finding = if security.is_in_clear_text() {
                let fix = "where others can listen on the way, use a listener with TLS: security.protocol=SASL_SSL";
                Finding::warn(Look::Sasl, subject, format!("{words}; the password or token goes in clear text"), fix)
            } else {
                Finding::good(Look::Sasl, subject, words)
            };
            all.push(finding.took(*took).brief(mechanism));
        }
        (None, None) if course.versions.is_some() => all.push(Finding::skipped(Look::Sasl, subject, "not used: we come without a name")),
        _ => {}
    }
    all.extend(failure.map(|failure| failed(subject, failure)));
    all
}

fn tls(subject: &str, met: &Secured, verify: Verify) -> Finding {
    let version = version(met);
    let leaf = met.chain.first();
    let whose = leaf.map_or_else(|| "a certificate that cannot be read".to_owned(), Facts::words);
    let names = leaf.map(|facts| facts.names.join(", ")).filter(|names| !names.is_empty());
    let names = names.map(|names| format!(", for {names}")).unwrap_or_default();
    let lasts = leaf.map(|facts| format!(", {}", until(facts.not_after))).unwrap_or_default();
    let words = format!("TLS {version}, {}: {whose}{names}{lasts}", met.cipher);
    let unchecked = match verify {
        Verify::Full => None,
        Verify::Chain => {
            Some(("its names are not checked", "verify = \"full\" in [contexts.NAME.tls]; ssl.endpoint.identification.algorithm=https"))
        }
        Verify::Nothing => Some((
            "nothing of it is checked: whoever answers is believed",
            "verify = \"full\" in [contexts.NAME.tls]; enable.ssl.certificate.verification=true",
        )),
    };
    let finding = match (expires_soon(met), unchecked) {
        (Some(soon), Some((why, _))) => Finding::warn(Look::Tls, subject, format!("{words}; {soon}; {why}"), RENEW),
        (Some(soon), None) => Finding::warn(Look::Tls, subject, format!("{words}; {soon}"), RENEW),
        (None, Some((why, fix))) => Finding::warn(Look::Tls, subject, format!("{words}; {why}"), fix),
        (None, None) => Finding::good(Look::Tls, subject, words),
    };
    let common = leaf.map(|facts| facts.subject.as_str()).unwrap_or_default();
    finding.took(met.took).brief(format!("{version} {common}").trim_end())
}

/// "1.3".
fn version(met: &Secured) -> String {
    met.version.trim_start_matches("TLSv").replace('_', ".")
}

/// The first of the broker's chain that ends soon, in words.
pub(super) fn expires_soon(met: &Secured) -> Option<String> {
    let first = met.chain.iter().min_by_key(|facts| facts.not_after)?;
    match days_until(first.not_after) {
        days if days < 0 => Some(format!("{} has expired", first.subject)),
        0 => Some(format!("{} expires within a day", first.subject)),
        1 => Some(format!("{} expires in 1 day", first.subject)),
        days if days <= SOON => Some(format!("{} expires in {days} days, on {}", first.subject, date(first.not_after))),
        _ => None,
    }
}

/// A step that failed.
pub(in crate::io::checkup) fn failed(subject: &str, failure: &Failure) -> Finding {
    let look = look(failed_at(failure));
    Finding::bad(look, subject, failure.cause.clone(), sentence(failure), fix(look, failure)).brief(short(failure))
}

fn failed_at(failure: &Failure) -> Step {
    failure.attempts.last().map_or(Step::Request, |attempt| attempt.step)
}

fn look(step: Step) -> Look {
    match step {
        Step::Secrets => Look::Settings,
        Step::Dns => Look::Dns,
        Step::Connect => Look::Connect,
        Step::Tls => Look::Tls,
        Step::Sasl => Look::Sasl,
        Step::ApiVersions => Look::ApiVersions,
        Step::Request => Look::Cluster,
    }
}

/// The cause and what was met, without saying one thing twice.
pub(in crate::io::checkup) fn sentence(failure: &Failure) -> String {
    let met = failure.attempts.last().map(|attempt| attempt.result.raw());
    let cause = failure.cause.words();
    match (&failure.cause, met) {
        (Cause::Unreachable | Cause::TimedOut(_) | Cause::Disconnected, Some(met)) => met.to_owned(),
        (Cause::NotAuthenticated(_), Some(met)) => format!("{cause}; {}", met.trim_start_matches("refused; ")),
        (_, Some(met)) if !cause.contains(met) => format!("{cause}: {met}"),
        _ => cause,
    }
}

/// The same for a line that says all at once.
fn short(failure: &Failure) -> String {
    match &failure.cause {
        Cause::Unreachable | Cause::TimedOut(_) | Cause::Disconnected => sentence(failure),
        Cause::NotAuthenticated(_) => "refused".to_owned(),
        other => other.words(),
    }
}

fn fix(look: Look, failure: &Failure) -> String {
    let told = failure.hint.as_ref().map(|hint| hint.raw().to_owned());
    told.unwrap_or_else(|| {
        match (look, &failure.cause) {
            (Look::Dns, _) => "check the spelling of the name, the VPN and the resolver",
            (Look::Connect, _) => "check the address, the port, the VPN and firewalls",
            (Look::ApiVersions, Cause::TimedOut(_)) => {
                "something listens there and does not answer: a broker that hangs, a listener of another protocol (security.protocol), or a proxy with no broker behind it"
            }
            (Look::ApiVersions, _) => "check that a broker of Kafka listens there, and which protocol its listener speaks (security.protocol)",
            _ => "the broker's log tells why",
        }
        .to_owned()
    })
}

/// What knocking at each address of a name gave.
pub(super) fn knocked(subject: &str, knocked: &[(usize, SocketAddr, Knock)], patience: Duration) -> Finding {
    let answer = |answer: &Knock| match answer {
        Ok(time) => units::duration(*time),
        Err(Some(why)) => why.clone(),
        Err(None) => format!("no answer within {}", units::duration(patience)),
    };
    let all: Vec<String> = knocked.iter().map(|(_, one, told)| format!("{} {}", one.ip(), answer(told))).collect();
    let words = match knocked {
        [(_, one, Ok(_))] => format!("{} answers", one.ip()),
        _ => all.join(", "),
    };
    let fastest = knocked.iter().filter_map(|(.., told)| told.as_ref().ok()).min();
    let silent = knocked.iter().any(|(.., told)| *told == Err(None));
    match fastest {
        Some(&time) if silent => {
            let fix = "every connection waits a moment for the address that does not answer: take it out of the name, or let it through";
            Finding::warn(Look::Connect, subject, words, fix).took(time)
        }
        Some(&time) => Finding::good(Look::Connect, subject, words).took(time),
        None => {
            let refused = knocked.iter().any(|(.., told)| matches!(told, Err(Some(why)) if why == "connection refused"));
            let fix = if refused {
                "nothing listens there: check that the broker runs, and the port"
            } else {
                "nothing answers there: check the address, the VPN and firewalls"
            };
            let brief = knocked.first().map(|(.., told)| answer(told)).unwrap_or_default();
            Finding::bad(Look::Connect, subject, Cause::Unreachable, words, fix).brief(brief)
        }
    }
}

/// A dial that did not end in time.
pub(super) fn no_end(subject: &str, bound: Duration) -> Finding {
    let cause = Cause::TimedOut(u64::try_from(bound.as_millis()).unwrap_or(u64::MAX));
    let words = format!("no login within {}", units::duration(bound));
    Finding::bad(Look::Sasl, subject, cause, words, "a broker or a provider of tokens that hangs: --timeout 30s waits longer")
        .brief("no end")
}

/// A broker that was reached where it is said to be.
pub(super) fn reached(address: &Address, found: &[SocketAddr], course: &Course) -> String {
    let elsewhere = found.first().filter(|one| one.ip().to_string() != address.host());
    let place = elsewhere.map(|one| format!(" at {}", one.ip())).unwrap_or_default();
    let tls = course.tls.as_ref().map(|tls| format!(", TLS {}", version(tls))).unwrap_or_default();
    let login = if course.sasl.is_some() { ", logged in" } else { "" };
    format!("{address}: reached{place}{tls}{login}")
}

/// The classical trap: the bootstrap address answers, and what the cluster names cannot be reached from here.
pub(super) fn unreached(subject: &str, address: &Address, bootstrap: &str, failure: &Failure) -> Finding {
    let step = failed_at(failure);
    let words = format!("{bootstrap} answers and says that {subject} is at {address}; from here: {}: {}", step.word(), sentence(failure));
    let fix = match step {
        Step::Dns | Step::Connect => {
            let is_name = address.host().parse::<std::net::IpAddr>().is_err();
            let here = if is_name { "known and reachable from here (DNS, hosts file, VPN)" } else { "reachable from here (routes, VPN)" };
            format!("advertised.listeners of {subject} has to name an address that its clients reach; or make {} {here}", address.host())
        }
        _ => fix(look(step), failure),
    };
    Finding::bad(Look::Advertised, subject, failure.cause.clone(), words, fix).brief(format!("{address}: {}", short(failure)))
}

/// A broker that advertises nothing that could be dialled.
pub(super) fn no_address(subject: &str) -> Finding {
    let fix = format!("advertised.listeners of {subject} has to name a host and a port");
    Finding::bad(Look::Advertised, subject, Cause::Unreachable, "the cluster tells no host and port of it", fix)
}

//! What was said of the connection: each value and by whom, whether secrets can be had, and what lies in the stores.

use tokio::task::spawn_blocking;

use super::{Out, SOON, days_until, until};
use crate::core::checkup::{Finding, Look};
use crate::io::kafka::probe::{Facts, Role, Store, Trouble};
use crate::io::kafka::{Security, Settings};
use crate::model::{Cause, Foreign};

/// Certificates of a store that are told one by one; of more, how many there are.
const LISTED: usize = 4;
const NO_FIX: &str = "correct the setting; kscope config check reads all of them";

/// Tells what was said. The passwords that were read stand in the settings from here on. False: nothing can be dialled with it.
pub(super) async fn look(settings: &mut Settings, out: &Out) -> bool {
    let security = settings.security.clone();
    let protocol = security.words();
    // A setting that makes no sense leaves nothing to be told of the rest.
    let read = spawn_blocking(move || read(&security)).await;
    let Ok(read) = read else {
        out.tell(Finding::bad(
            Look::Settings,
            "",
            Cause::Bug(Foreign::new("reading the settings failed")),
            "reading the settings failed",
            "the log says more",
        ));
        return false;
    };
    if read.meant {
        out.tell(Finding::good(Look::Settings, "security.protocol", protocol));
    }
    let usable = read.usable;
    read.findings.into_iter().for_each(|finding| out.tell(finding));
    settings.security = read.security;
    usable
}

/// What reading everything gave.
struct Read {
    security: Security,
    findings: Vec<Finding>,
    usable: bool,
    /// The settings make sense by themselves.
    meant: bool,
}

/// Blocks.
fn read(security: &Security) -> Read {
    let said = security.said().into_iter().map(|told| Finding::good(Look::Settings, &told.by, told.words));
    let mut findings: Vec<Finding> = said.collect();
    let (security, secrets) = security.with_secrets();
    findings.extend(secrets.into_iter().map(|told| match told {
        Ok(told) => Finding::good(Look::Secrets, &told.by, told.words),
        Err(trouble) => wrong(Look::Secrets, &trouble),
    }));
    for store in security.stores() {
        match store {
            Ok(store) => findings.extend(of_store(&store)),
            Err(trouble) => findings.push(wrong(Look::Stores, &trouble)),
        }
    }
    let told = findings.iter().any(|finding| finding.failure().is_some_and(|failure| matches!(failure.cause, Cause::Usage(_))));
    let wrong = security.unusable_because();
    let meant = wrong.is_none() || !findings.is_empty();
    if let (Some((text, hint)), false) = (&wrong, told) {
        let cause = Cause::Usage(Foreign::new(text.as_str()));
        let fix = hint.clone().unwrap_or_else(|| NO_FIX.to_owned());
        findings.push(Finding::bad(Look::Settings, "", cause, text.as_str(), fix).brief("not usable"));
    }
    Read { usable: wrong.is_none(), security, findings, meant }
}

fn wrong(look: Look, trouble: &Trouble) -> Finding {
    let fix = trouble.hint.clone().unwrap_or_else(|| NO_FIX.to_owned());
    Finding::bad(look, trouble.by(), Cause::Usage(Foreign::new(trouble.text())), trouble.what(), fix).brief("not usable")
}

fn of_store(store: &Store) -> Vec<Finding> {
    match store.role {
        Role::Identity => identity(store),
        Role::Trust => trust(store),
    }
}

/// Our own certificate, with those that vouch for it.
fn identity(store: &Store) -> Vec<Finding> {
    let Some((own, others)) = store.certificates.split_first() else { return Vec::new() };
    let words = format!("{}: our certificate and its key: {}", described(store), one(own));
    let renew = "have a new certificate made, by an authority in the broker's trust store";
    let days = days_until(own.not_after);
    let first = if days < 0 || days_until(own.not_before) >= 0 {
        let words =
            if days < 0 { words } else { format!("{words}; it is valid only from {} on", crate::io::kafka::probe::date(own.not_before)) };
        let cause = Cause::Tls(Foreign::new(format!("our certificate is not valid now: {}", until(own.not_after))));
        Finding::bad(Look::Stores, &store.by, cause, words, renew).brief("our certificate is not valid now")
    } else if days <= SOON {
        Finding::warn(Look::Stores, &store.by, words, renew)
    } else {
        Finding::good(Look::Stores, &store.by, words)
    };
    let soon = others.iter().filter(|facts| days_until(facts.not_after) <= SOON);
    let others = soon.map(|facts| {
        Finding::warn(
            Look::Stores,
            &store.by,
            format!("it stands on {}", one(facts)),
            "have a new certificate made by an authority that lasts",
        )
    });
    std::iter::once(first).chain(others).collect()
}

/// Whom we trust. One authority of many that has expired is no harm by itself.
fn trust(store: &Store) -> Vec<Finding> {
    let fix = "ask whoever runs the cluster for the certificate of the authority that signs its certificates now";
    let count = store.certificates.len();
    let gone = store.certificates.iter().filter(|facts| days_until(facts.not_after) < 0).count();
    if count > LISTED || count == 0 {
        let expired = if gone > 0 { format!(", {gone} of them expired") } else { String::new() };
        return vec![Finding::good(Look::Stores, &store.by, format!("{}: {count} authorities{expired}", described(store)))];
    }
    let told = |facts: &Facts| {
        let words = format!("{}: we trust {}", described(store), one(facts));
        match days_until(facts.not_after) {
            days if days < 0 && gone == count => {
                let cause = Cause::Tls(Foreign::new("every authority that is trusted has expired"));
                Finding::bad(Look::Stores, &store.by, cause, words, fix).brief("expired authority")
            }
            days if days <= SOON => Finding::warn(Look::Stores, &store.by, words, fix),
            _ => Finding::good(Look::Stores, &store.by, words),
        }
    };
    store.certificates.iter().map(told).collect()
}

/// "/x/ca.pem (PEM)".
fn described(store: &Store) -> String {
    if store.place.is_empty() { store.kind.to_owned() } else { format!("{} ({})", store.place, store.kind) }
}

fn one(facts: &Facts) -> String {
    format!("{}, {}", facts.words(), until(facts.not_after))
}

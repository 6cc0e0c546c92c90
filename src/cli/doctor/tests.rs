use std::time::Duration;

use super::print::{lines, row};
use super::*;
use crate::text::row::Field;

#[test]
fn a_finding_is_a_line_and_what_to_do_stands_below() {
    let good = Finding::good(Look::Dns, "h:1", "10.0.0.1 (IPv4)").took(Duration::from_millis(12));
    assert_eq!(lines(&good, false), "✓ DNS          h:1                       10.0.0.1 (IPv4)  12ms\n");
    let bad = Finding::bad(Look::Connect, "h:1", Cause::Unreachable, "refused\x1b[2J", "start it");
    assert_eq!(lines(&bad, false), "✗ TCP          h:1                       refused␛[2J\n               fix: start it\n");
    assert!(lines(&bad, true).starts_with("\x1b[31m✗\x1b[0m TCP"));
}

#[test]
fn a_finding_is_a_row_with_the_code_of_its_failure() {
    let bad = row(&Finding::bad(Look::Sasl, "h:1", Cause::NotAuthenticated(Foreign::new("x")), "words", "fix"));
    let names: Vec<&str> = bad.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["step", "subject", "verdict", "words", "fix", "tookMs", "code"]);
    assert_eq!((&bad[0].1, &bad[6].1), (&Field::Text("sasl".into()), &Field::Text("not_authenticated".into())));
    let good = row(&Finding::good(Look::Connect, "h:1", "words").took(Duration::from_millis(3)));
    assert_eq!((&good[4].1, &good[5].1, &good[6].1), (&Field::Null, &Field::Number(3), &Field::Null));
}

#[test]
fn what_leads_to_no_cluster_is_a_finding() {
    let usage = |text: &str| Failure::new("read the arguments", Cause::Usage(Foreign::new(text)));
    let (cluster, finding) = unresolved(&usage(target::NOTHING), true, || None);
    assert!(cluster.is_none() && finding.unwrap().failure().is_none(), "to look at the configuration alone is no failure");
    let (_, finding) = unresolved(&usage("there is no context prd").hint("did you mean prod?"), true, || None);
    let finding = finding.unwrap();
    assert_eq!(finding.failure().unwrap().exit_code(), 2);
    assert_eq!(finding.fix.unwrap().raw(), "did you mean prod?");
    let (_, finding) = unresolved(&usage("there is no context prod"), false, || None);
    assert!(finding.unwrap().failure().is_none(), "the configuration that cannot be read has said so");
}

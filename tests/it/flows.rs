//! The same flows on the sandbox and on a real Apache Kafka: the sandbox is believed because it cannot be told from the real one,
//! and where the two differ, the real one is right.
//!
//! A flow is a function over a bootstrap address that gives lines; [`alike`] runs it on both sides and compares. What may differ
//! (ids, bytes on disk, the broker's own clock) is taken out by the flow, so that everything else counts. The real cluster holds
//! the sandbox's topics, copied batch by batch (`mirror`).

mod facts;
mod mirror;
mod reading;
mod screens;

use std::sync::OnceLock;

use kscope::sandbox::{Options, Sandbox};

use crate::kafka::{Cluster, Plan, Release};

/// Both clusters; the real one is missing where tests on a real Kafka are skipped.
struct Sides {
    sandbox: String,
    _running: Sandbox,
    real: Option<Cluster>,
}

fn sides() -> &'static Sides {
    static SHARED: OnceLock<Sides> = OnceLock::new();
    SHARED.get_or_init(|| {
        // Nothing moves, and one broker leads everything, as in the real one.
        let running = Sandbox::start(&Options { rate: 0, brokers: 1, ..Options::default() }).expect("free ports");
        let sandbox = running.addresses()[0].to_string();
        // Kafka's own defaults, where the other tests want something else.
        let settings = ["log.retention.ms=604800000"];
        let real = Cluster::start(Plan { settings: &settings, ..Plan::one(Release::V4_2) });
        if let Some(real) = &real {
            mirror::copy(&sandbox, &real.internal);
        }
        Sides { sandbox, _running: running, real }
    })
}

/// Runs a flow on both sides; what it saw on the sandbox. Panics at the first line that differs.
#[track_caller]
fn alike(flow: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let sides = sides();
    let ours = flow(&sides.sandbox);
    if let Some(real) = &sides.real {
        let theirs = flow(&real.brokers());
        for n in 0..ours.len().max(theirs.len()) {
            let short = |lines: &[String]| lines.get(n).map_or_else(|| "nothing".to_owned(), |line| line.chars().take(1000).collect());
            let (ours, theirs) = (short(&ours), short(&theirs));
            assert!(ours == theirs, "line {n} differs\nsandbox {ours}\n  Kafka {theirs}");
        }
        assert_eq!(ours, theirs);
    }
    ours
}

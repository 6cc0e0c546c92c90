use std::sync::Arc;

use super::*;
use crate::core::ask::{Answer, Ask};
use crate::core::checkup::Checkup;
use crate::core::effect::{Effect, Owner, TaskId};
use crate::core::event::Arrival;
use crate::io::kafka::{Address, Client, Settings};
use crate::io::runner::Runner;
use crate::io::work::Work;

/// Settings for an address at which nothing listens.
fn nowhere() -> Settings {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    Settings::new(vec![Address::parse(&listener.local_addr().unwrap().to_string()).unwrap()])
}

#[tokio::test]
async fn a_screen_hears_all_that_was_found_so_far_and_then_the_whole() {
    let (mut runner, mut lanes) = Runner::new(Client::new(nowhere()), Work::start(1).unwrap());
    runner.know(&[nowhere()]);
    let start = |target| {
        let ask = Ask::Checkup { target, expects: None };
        Effect::Start { id: TaskId(u64::try_from(target).unwrap()), owner: Owner::PROGRAM, ask, permit: None }
    };
    runner.perform(start(0));
    let mut before: Arc<Checkup> = Arc::default();
    let whole = loop {
        match lanes.replies.recv().await.unwrap() {
            Arrival::Part(TaskId(0), Answer::Checkup(so_far)) => {
                assert!(so_far.findings.starts_with(&before.findings) && so_far.findings.len() == before.findings.len() + 1);
                assert!(!so_far.done);
                before = so_far;
            }
            Arrival::Reply(reply) => break reply.result.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let Answer::Checkup(whole) = whole else { panic!("{whole:?}") };
    assert!(whole.done && whole.findings == before.findings);
    assert_eq!((whole.exit(), whole.line().as_str()), (3, "DNS ✓  TCP ✗ connection refused"));
    runner.perform(start(7));
    let Some(Arrival::Reply(reply)) = lanes.replies.recv().await else { panic!("no reply") };
    assert!(reply.result.is_err(), "there is no such place in the list");
}

#[test]
fn days_are_whole_and_over_when_negative() {
    let now = jiff::Timestamp::now().as_second();
    assert_eq!((days_until(now + 86_400 * 3 + 60), days_until(now - 60)), (3, -1));
    assert!(until(now - 60).starts_with("expired on "));
    assert!(until(now + 86_400 + 60).ends_with("(1 day)"));
}

//! A reset before a real broker that is frozen when the commit is on its way: what is reported is what can be read, and the rest is
//! called unknown.

use std::cell::RefCell;
use std::time::Duration;

use kscope::core::reset::{Deed, Ended, Fate, Report, Scope, Step, Target, Wish};
use kscope::io::kafka::{Address, Client, Settings};
use kscope::io::reset;
use kscope::model::GroupId;

use super::armed::stands;
use super::batch::{Codec, record};
use super::cluster::{Cluster, Plan, Release};
use super::groups::commit;
use super::serial;
use super::writer::Writer;
use crate::sandbox::{block_on, carried_out};

const GROUP: &str = "quiet";
const TOPIC: &str = "orders";
const WANTED: i64 = 9;

/// Resets the group; the broker is frozen as soon as the file for undo is there, and goes on at `thaws`. `retry` is how long a
/// request is tried again in all.
fn frozen(cluster: &RefCell<Cluster>, retry: Duration, thaws: impl Fn(&Step) -> bool) -> Report {
    let state = tempfile::tempdir().expect("a folder");
    let settings = Settings::new(Address::parse_list(&cluster.borrow().brokers()).expect("addresses"));
    // The preview has the patience of every day: a slow machine is not what is tested here.
    let patient = Client::new(settings.clone());
    let client = Client::new(Settings { request: Duration::from_secs(1), retry, ..settings });
    block_on(async {
        let target = Deed::Reset(Target::Offset(WANTED));
        let wish = Wish { group: GroupId::new(GROUP), deed: target, scope: Scope::Committed, edits: Vec::new() };
        let plan = reset::preview(&patient, None, wish).await.expect("a plan");
        let step = |step: &Step| {
            if matches!(step, Step::Kept(_)) {
                cluster.borrow_mut().pause(1);
            } else if thaws(step) {
                cluster.borrow_mut().resume(1);
            }
        };
        carried_out(&client, state.path(), plan, step).await.expect("an answer")
    })
}

#[test]
fn a_broker_that_freezes_leaves_what_is_unknown_and_what_is_read_when_it_goes_on() {
    let _alone = serial();
    // Frozen for seconds, it would be fenced and lead nothing for a while when it goes on: that is not what is tested here.
    let settings = ["broker.session.timeout.ms=60000"];
    let Some(cluster) = Cluster::start(Plan { settings: &settings, ..Plan::one(Release::V4_2) }) else { return };
    let mut writer = Writer::connect(&cluster.internal);
    writer.create(TOPIC, 3, 1, &[]);
    for partition in 0..3 {
        writer.append(TOPIC, partition, Codec::None, &(0..20).map(|n| record(format!("{n}"))).collect::<Vec<_>>());
        commit(&cluster, GROUP, TOPIC, partition, 5);
    }
    let cluster = RefCell::new(cluster);
    // It stays frozen: nothing can be read, and nothing is claimed.
    let report = frozen(&cluster, Duration::from_secs(2), |_| false);
    cluster.borrow_mut().resume(1);
    let Ended::Written(outcomes) = &report.ended else { panic!("{report:?}") };
    assert_eq!((outcomes.len(), report.ended.counts(), report.ended.exit_code()), (3, (0, 0, 3), 7), "{report:?}");
    for outcome in outcomes {
        let Fate::Unknown(why) = &outcome.fate else { panic!("{outcome:?}") };
        assert!(outcome.read_back.is_err() && why.raw().contains("it could not be read back"), "{outcome:?}");
    }
    // What became of it is up to the broker: the whole of it, or nothing.
    let at = crate::eventually("it answers", || Some(stands(&cluster.borrow(), GROUP)).filter(|at| at.len() == 3));
    assert!(at == [5; 3] || at == [WANTED; 3], "{at:?}");

    for partition in 0..3 {
        commit(&cluster.borrow(), GROUP, TOPIC, partition, 5);
    }
    // It goes on when the answer is given up: reading finds what stands there.
    let report = frozen(&cluster, Duration::from_secs(30), |step| matches!(step, Step::Verifying));
    let Ended::Written(outcomes) = &report.ended else { panic!("{report:?}") };
    let at = crate::eventually("it answers", || Some(stands(&cluster.borrow(), GROUP)).filter(|at| at.len() == 3));
    for (outcome, at) in outcomes.iter().zip(at) {
        let read = outcome.read_back.as_ref().ok().and_then(|commit| commit.as_ref().map(|commit| commit.offset.0));
        assert!(read.is_some(), "{outcome:?}");
        match outcome.fate {
            Fate::Applied => assert_eq!((read, at), (Some(WANTED), WANTED), "{outcome:?}"),
            // Said to be unknown so far, for it may be applied later.
            Fate::Unknown(_) => assert_eq!(read, Some(5), "{outcome:?}"),
            _ => panic!("{outcome:?}: {at}"),
        }
    }
}

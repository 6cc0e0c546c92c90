//! Resets while everything goes wrong that can: what is reported is what stands there.

use std::sync::Arc;
use std::time::Duration;

use kscope::core::context::Context;
use kscope::core::guard;
use kscope::core::reset::{Deed, Ended, Fate, Order, Plan, Report, Scope, Step, Stop, Target, Wish};
use kscope::io::kafka::Client;
use kscope::io::{audit, reset};
use kscope::model::{Failure, GroupId, PartitionId, TopicName};
use kscope::sandbox::{ApiKey, Fault, Injection, Options, Sandbox};

use super::{Dice, block_on, client, start};

const RETRY: Duration = Duration::from_secs(3);
const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;
const RESETS: usize = 1_000;

/// Something that goes wrong.
fn befall(sandbox: &Sandbox, dice: &mut Dice) -> String {
    let apis = [ApiKey::OffsetCommit, ApiKey::OffsetCommit, ApiKey::OffsetCommit, ApiKey::OffsetFetch, ApiKey::FindCoordinator];
    let api = apis[dice.roll(apis.len())];
    let code = [14, 15, 16][dice.roll(3)];
    let fault = match dice.roll(9) {
        0 => Fault::Error(code),
        1 => Fault::AppliedThenError(code),
        2 => Fault::LoseReply,
        3 => Fault::MoveLeader,
        4 => Fault::CloseMidFrame(6),
        5 => Fault::Close,
        6 => Fault::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        7 => Fault::Delay(Duration::from_millis(20)),
        _ => Fault::Error(if api == ApiKey::OffsetCommit { 25 } else { 16 }),
    };
    let injection = Injection { after: dice.roll(2) * usize::from(api != ApiKey::OffsetCommit), ..Injection::next(api, fault) };
    let told = format!("{injection:?}");
    sandbox.inject(injection);
    told
}

/// What somebody else does while the reset is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    /// Another program commits before everything is read once more.
    Commits,
    /// A consumer joins after that.
    Joins,
}

pub(super) async fn planned(client: &Client, group: &str, target: Target) -> Result<Plan, Failure> {
    let topics = vec![(TopicName::new(TOPIC), Some((0..PARTITIONS).map(PartitionId).collect()))];
    let wish = Wish { group: GroupId::new(group), deed: Deed::Reset(target), scope: Scope::Topics(topics), edits: Vec::new() };
    reset::preview(client, None, wish).await
}

pub(crate) async fn carried_out(client: &Client, state: &std::path::Path, plan: Plan, step: impl Fn(&Step)) -> Result<Report, Failure> {
    let order = Order { plan, sample: Duration::ZERO, watch: Duration::ZERO };
    let intent = order.intent(false);
    let receipt = audit::intent(Some(state), &intent)?;
    let permit = guard::allow(&Context::default(), &intent, receipt)?;
    let tell = |told: Step| {
        step(&told);
        std::future::ready(())
    };
    reset::carry_out(client, Some(state), permit, (order, false), tell).await
}

#[test]
fn what_a_thousand_disturbed_resets_report_is_what_the_broker_holds() {
    let sandbox = Arc::new(start(&Options { rate: 0, ..Options::default() }));
    let state = tempfile::tempdir().expect("a folder");
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    let (mut committed, mut failed, mut unknown, mut stopped) = (0, 0, 0, 0);
    block_on(async {
        let client = client(&sandbox, RETRY);
        for n in 0..RESETS {
            let group = format!("reset-{n}");
            for partition in 0..PARTITIONS {
                sandbox.commit(&group, TOPIC, partition, 5);
            }
            let target = i64::try_from(6 + dice.roll(40)).expect("small");
            // A fault that was meant for the one before and never came to it may come now.
            let mut plan = planned(&client, &group, Target::Offset(target)).await;
            for _ in 0..5 {
                if plan.is_err() {
                    plan = planned(&client, &group, Target::Offset(target)).await;
                }
            }
            let plan = plan.expect("a plan");
            let meanwhile =
                [Meanwhile::Nothing, Meanwhile::Nothing, Meanwhile::Nothing, Meanwhile::Commits, Meanwhile::Joins][dice.roll(5)];
            let fault = if dice.roll(10) == 0 { "none".to_owned() } else { befall(&sandbox, &mut dice) };
            let step = |step: &Step| match (meanwhile, step) {
                (Meanwhile::Commits, Step::Rechecking) => sandbox.commit(&group, TOPIC, 1, 77),
                (Meanwhile::Joins, Step::Kept(_)) => sandbox.occupy(&group, &[TOPIC]),
                _ => {}
            };
            let report = carried_out(&client, state.path(), plan, step).await;
            let truth = sandbox.commits(&group).expect("the group");
            let case = format!("{group}, {fault}, {meanwhile:?}: {report:?}\n{truth:?}");
            let stands =
                |partition: i32| truth.iter().find(|(topic, id, _)| topic == TOPIC && *id == partition).map(|(.., offset)| *offset);
            match report.as_ref().map(|report| &report.ended) {
                // What cannot be read changes nothing.
                Err(_) | Ok(Ended::Stopped(_)) => {
                    stopped += 1;
                    let untouched =
                        (0..PARTITIONS).all(|id| stands(id) == Some(if meanwhile == Meanwhile::Commits && id == 1 { 77 } else { 5 }));
                    assert!(untouched, "{case}");
                }
                Ok(Ended::Written(outcomes)) => {
                    assert_eq!(outcomes.len(), usize::try_from(PARTITIONS).expect("small"), "{case}");
                    assert_ne!(meanwhile, Meanwhile::Commits, "{case}");
                    for outcome in outcomes {
                        let stands = stands(outcome.partition.0);
                        match &outcome.fate {
                            Fate::Applied => assert_eq!(stands, Some(target), "{case}"),
                            Fate::Unknown(_) => unknown += 1,
                            _ => assert_eq!(stands, Some(5), "{case}"),
                        }
                        committed += usize::from(outcome.fate == Fate::Applied);
                        failed += usize::from(outcome.fate.word() == "failed");
                    }
                }
            }
        }
    });
    println!("committed {committed}, failed {failed}, unknown {unknown} partitions; {stopped} stopped");
    assert!(committed > 500 && failed > 100 && stopped > 100, "the faults do their work: {committed} {failed} {stopped}");
    assert_eq!(unknown, 0, "reading back decides, whatever befell the commit");
    let log = std::fs::read_to_string(state.path().join(audit::FILE_NAME)).expect("the audit log");
    let count = |event: &str| log.lines().filter(|line| line.contains(&format!("\"event\":\"{event}\""))).count();
    assert_eq!((count("intent"), count("outcome")), (RESETS, RESETS), "a line before and a line after each");
}

#[test]
fn a_reset_waits_for_the_first_moment_without_members_and_not_for_a_plan_that_is_old() {
    let sandbox = Arc::new(start(&Options { rate: 0, ..Options::default() }));
    let state = tempfile::tempdir().expect("a folder");
    let carry = |client: Client, plan: Plan, on: Arc<dyn Fn(&Step) + Send + Sync>| {
        let state = state.path().to_owned();
        async move {
            let order = Order { plan, sample: Duration::ZERO, watch: Duration::ZERO };
            let intent = order.intent(true);
            let receipt = audit::intent(Some(&state), &intent)?;
            let permit = guard::allow(&Context::default(), &intent, receipt)?;
            let tell = |told: Step| {
                on(&told);
                std::future::ready(())
            };
            reset::carry_out(&client, Some(&state), permit, (order, true), tell).await
        }
    };
    block_on(async {
        let client = client(&sandbox, RETRY);
        for moves in [false, true] {
            let group = format!("armed-{moves}");
            for partition in 0..PARTITIONS {
                sandbox.commit(&group, TOPIC, partition, 5);
            }
            sandbox.occupy(&group, &[TOPIC]);
            let plan = planned(&client, &group, Target::Offset(9)).await.expect("a plan");
            let now = carried_out(&client, state.path(), plan.clone(), |_| {}).await.expect("an answer");
            assert!(matches!(now.ended, Ended::Stopped(Stop::Obstacle(_))), "{now:?}");
            let (hand, name) = (Arc::clone(&sandbox), group.clone());
            let on = Arc::new(move |step: &Step| {
                if let Step::Waiting { members, .. } = step {
                    assert_eq!(members.len(), 1);
                    if moves {
                        hand.commit(&name, TOPIC, 2, 6);
                    }
                    hand.vacate(&name);
                }
            });
            let report = carry(client.clone(), plan, on).await.expect("an answer");
            let offsets: Vec<i64> = sandbox.commits(&group).expect("the group").into_iter().map(|(.., offset)| offset).collect();
            if moves {
                assert!(matches!(report.ended, Ended::Stopped(Stop::Changed(_))), "{report:?}");
                assert_eq!(offsets, [5, 5, 6]);
            } else {
                assert_eq!((report.ended.counts(), offsets), ((3, 0, 0), vec![9, 9, 9]));
                assert!(report.undo.is_some_and(|path| path.exists()));
            }
        }
    });
}

#[test]
fn one_that_is_disarmed_leaves_a_line_in_the_audit_log() {
    let sandbox = start(&Options { rate: 0, ..Options::default() });
    let state = tempfile::tempdir().expect("a folder");
    sandbox.commit("armed", TOPIC, 0, 5);
    sandbox.occupy("armed", &[TOPIC]);
    block_on(async {
        let client = client(&sandbox, RETRY);
        let plan = planned(&client, "armed", Target::Offset(9)).await.expect("a plan");
        let order = Order { plan, sample: Duration::ZERO, watch: Duration::ZERO };
        let intent = order.intent(true);
        let receipt = audit::intent(Some(state.path()), &intent).expect("a line");
        let permit = guard::allow(&Context::default(), &intent, receipt).expect("a permit");
        let (waits, waiting) = tokio::sync::watch::channel(false);
        let tell = |step: Step| {
            waits.send_replace(matches!(step, Step::Waiting { .. }));
            std::future::ready(())
        };
        let mut waiting = waiting;
        tokio::select! {
            report = reset::carry_out(&client, Some(state.path()), permit, (order, true), tell) => panic!("{report:?}"),
            waits = waiting.wait_for(|waits| *waits) => assert!(waits.is_ok()),
        }
    });
    let log = std::fs::read_to_string(state.path().join(audit::FILE_NAME)).expect("the audit log");
    let last: serde_json::Value = serde_json::from_str(log.lines().last().expect("a line")).expect("JSON");
    assert_eq!((log.lines().count(), last["event"].as_str(), last["ended"].as_str()), (2, Some("outcome"), Some("stopped")), "{log}");
    assert_eq!(sandbox.commits("armed").map(|all| all[0].2), Some(5));
}

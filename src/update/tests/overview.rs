//! The start screen: what is wrong, and the way there.

use super::*;
use crate::screens::Route;
use crate::testing::TestGroup;

fn groups(behind: i64) -> Vec<TestGroup> {
    vec![
        TestGroup::stable("billing", 2, "orders", &[(5, 90 + behind), (70, 70), (70, 70)]),
        TestGroup::stable("level", 1, "orders", &[(90 + behind, 90 + behind), (70, 70), (70, 70)]),
        TestGroup::empty("audit-archive", "orders", &[(3, 90 + behind), (70, 70), (70, 70)]),
    ]
}

/// The overview after a minute and a half, with a group that stands at a record.
pub(super) fn overview(size: (u16, u16)) -> Script {
    let mut short = topic("clicks", 6);
    short.partitions[2].isr.pop();
    let mut leaderless = topic("payments", 2);
    leaderless.partitions[0].leader = None;
    let topics = || vec![topic("orders", 3), short.clone(), leaderless.clone()];
    let mut script = Script::at(size.0, size.1).open(Route::Overview).cluster(topics()).groups(&groups(0));
    for round in 1..10 {
        script = script.later(Duration::from_secs(10)).figures_of(&groups(round * 100), |_, p| Some(i64::from(p) * 900 + round * 500));
    }
    script.keys("ctrl-r").figures_of(&groups(900), |_, _| Some(9_000))
}

#[test]
fn the_worst_comes_first_and_enter_and_skip_lead_to_its_place() {
    let script = overview((140, 40)).sees("stuck at a record").sees("without a leader").sees("under-replicated");
    let script = script.sees("stopped").sees("group billing").keys("S");
    let Ask::Preview(wish) = script.ask("preview").1 else { panic!("a preview") };
    let crate::core::reset::Deed::Reset(crate::core::reset::Target::Skip { topic, partition, .. }) = &wish.deed else { panic!("{wish:?}") };
    assert_eq!((topic.raw(), partition.0), ("orders", 0));
}

#[test]
fn the_report_of_an_incident_tells_the_group_and_what_changed() {
    let script = overview((140, 40)).keys(":").text("incident").keys("enter").sees("was sent to the terminal's clipboard");
    let report = script.effects.iter().find_map(|effect| match effect {
        Effect::Term(Term::Osc52(text)) => Some(text.clone()),
        _ => None,
    });
    let report = report.unwrap();
    for part in [
        "# Incident report of 2026-11-20",
        "## Group billing",
        "orders:0 committed 5 end 990 lag 985",
        "stuck",
        "What was done from here\nnothing",
    ] {
        assert!(report.contains(part), "{part:?} is not in:\n{report}");
    }
}

/// A moment that is over and stays so keeps the loop busy.
#[test]
fn nobody_wants_to_wake_at_once_again_and_again() {
    for route in [Route::Overview, Route::Groups, Route::Topics] {
        let script = Script::at(120, 36).open(route.clone()).cluster(vec![topic("orders", 3)]).groups(&groups(0));
        let mut script = script.figures_of(&groups(0), |_, _| Some(9));
        for step in 0..60 {
            let wake = script.state.wake_at();
            let now = script.state.now;
            assert!(wake.is_none_or(|at| at > now), "{route:?} at step {step}: {wake:?} at {now:?}");
            let pause = wake.map_or(Duration::from_secs(1), |at| at.since(now));
            script = script.later(pause).figures_of(&groups(0), |_, _| Some(9));
            if script.waiting().contains(&"cluster") {
                script = script.cluster(vec![topic("orders", 3)]).figures_of(&groups(0), |_, _| Some(9));
            }
        }
        let mut script = script.later(Duration::from_secs(61));
        if script.waiting().contains(&"cluster") {
            script = script.reply("cluster", Err(unreachable()));
        }
        for _ in 0..5 {
            script = script.later(Duration::from_secs(3));
            let (wake, now) = (script.state.wake_at(), script.state.now);
            assert!(wake.is_none_or(|at| at > now), "{route:?} away: {wake:?} at {now:?}");
        }
    }
}

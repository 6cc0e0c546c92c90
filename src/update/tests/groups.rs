//! What is asked about groups by itself, and what is made of it.

use super::*;
use crate::core::verdict::Verdict;
use crate::model::GroupId;
use crate::testing::TestGroup;

#[test]
fn groups_are_looked_at_as_soon_as_the_cluster_has_answered_and_once_a_minute_when_nobody_watches() {
    let script = Script::at(120, 36);
    assert!(!script.waiting().contains(&"groups"));
    let all = [TestGroup::stable("billing", 2, "orders", &[(5, 90), (7, 70)]), TestGroup::empty("old", "orders", &[(3, 90), (-1, 70)])];
    let script = script.cluster(vec![topic("orders", 2)]).groups(&all).later(Duration::from_secs(30));
    let now = script.state.now;
    let groups = &script.state.cluster.groups;
    let row = |id: &str| groups.of(&GroupId::new(id)).unwrap();
    let total = row("billing").total().unwrap();
    assert_eq!((total.offsets, total.is_whole(), row("billing").topics()), (85 + 63, true, Some(1)));
    assert!(matches!(groups.verdict(row("old"), now), Verdict::Stopped { seen: false, .. }));
    assert!(!script.waiting().contains(&"lag"));
    let script = script.later(Duration::from_secs(31));
    assert!(script.waiting().contains(&"groups") && script.waiting().contains(&"lag"));
}

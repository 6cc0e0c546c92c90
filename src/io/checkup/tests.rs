use super::*;

#[test]
fn days_are_whole_and_over_when_negative() {
    let now = jiff::Timestamp::now().as_second();
    assert_eq!((days_until(now + 86_400 * 3 + 60), days_until(now - 60)), (3, -1));
    assert!(until(now - 60).starts_with("expired on "));
    assert!(until(now + 86_400 + 60).ends_with("(1 day)"));
}

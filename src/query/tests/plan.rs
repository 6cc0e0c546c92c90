//! What is made of a query before records are read: literals, bounds, and what is underlined.

use super::*;

fn words(query: &str) -> Vec<String> {
    filter(query).literals().words().map(|any| any.join("|")).collect()
}

#[test]
fn literals_are_what_a_match_cannot_do_without() {
    for (query, want) in [
        ("failed", &["failed"][..]),
        (".action == \"view\"", &["\"view\""]),
        (".action == view and .page == \"a/b\"", &["\"view\"", "\"page\""]),
        (".amount > 100", &["\"amount\""]),
        (".a.b in (x, y)", &["\"x\"|\"y\""]),
        (".a.b in (x, 5)", &["\"b\""]),
        (".a == x or .b == y", &["\"x\"|\"y\""]),
        (".a == x or partition == 1", &[]),
        ("not failed", &[]),
        (".a != x", &["\"a\""]),
        (".\"a\\\"b\" == 1", &[]),
        ("key == \"a/\\\"b\"", &["a/\"b"]),
        ("header.trace-id == \"0af7\"", &["0af7"]),
        ("header.x == null", &["x"]),
        (".a ~ /^A-\\d+/", &["A-"]),
        (".a.b == .c", &["\"b\"", "\"c\""]),
        ("tombstone partition == 3", &[]),
        ("topic == orders", &[]),
    ] {
        assert_eq!(words(query), want, "{query}");
    }
}

#[test]
fn bytes_with_a_unicode_escape_pass() {
    let filter = filter(".action == view");
    assert!(filter.literals().may_match(br#"..{"action":"view"}.."#));
    assert!(!filter.literals().may_match(br#"..{"action":"click"}.."#));
    assert!(!filter.literals().may_match(br#"..{"view":"click"}.."#.get(..8).unwrap()));
    assert!(filter.literals().may_match(br#"..{"action":"\u0076iew"}.."#));
    // Bytes of a key stand as they are.
    assert!(!super::filter("key == view").literals().may_match(br"\u0076iew"));
}

#[test]
fn bounds_come_from_the_conjunction() {
    let bounds = |query: &str| filter(query).bounds().clone();
    let set = |all: &[i32]| Some(all.iter().map(|&p| PartitionId(p)).collect());
    assert_eq!(bounds("partition in (0, 3) failed").partitions, set(&[0, 3]));
    assert_eq!(bounds("p:0,3 partition > 0 partition <= 5").partitions, set(&[3]));
    assert_eq!(bounds("partition == 0 partition == 1").partitions, set(&[]));
    assert_eq!(bounds("partition == 0 or failed"), Bounds::default());
    assert_eq!(bounds("not offset > 5"), Bounds::default());
    let offsets = bounds("offset >= 10 offset < 20 offset in 5..17");
    assert_eq!((offsets.from, offsets.to), (Some(Offset(10)), Some(Offset(18))));
    assert_eq!(bounds("offset in 5..<17").to, Some(Offset(17)));
    assert_eq!(bounds("since:15m | count by .a | limit 5"), bounds("since:15m"));
    let times = bounds("since:15m until:12:40Z time > now-10m");
    assert_eq!((times.since_ms, times.until_ms), (Some(NOW - 600_000 + 1), Some(NOW + 2_400_000)));
    let ages = bounds("age < 5m age > 1m");
    assert_eq!((ages.since_ms, ages.until_ms), (Some(NOW - 300_000 + 1), Some(NOW - 60_000)));
    assert_eq!(bounds("last:500 last:20 x").last, Some(20));
    assert_eq!(bounds("offset < -9223372036854775808").from, None);
}

#[test]
fn hits_are_ordered_joined_and_limited() {
    let hits = |query: &str, text: &str| -> Vec<String> {
        filter(query).hits(text.as_bytes()).into_iter().map(|hit| text.get(hit).unwrap().to_owned()).collect()
    };
    assert_eq!(hits("failed", "Failed, then FAILED"), ["Failed", "FAILED"]);
    assert_eq!(hits(".action == view or .page contains \"ome\"", r#"{"action":"view","page":"/home"}"#), ["view", "ome"]);
    assert_eq!(hits("abc bcd", "xabcdx"), ["abcd"]);
    assert_eq!(hits("not failed", "failed"), [""; 0]);
    assert_eq!(hits("/x*/", "yyxxy"), ["xx"]);
    assert_eq!(filter("a").hits(&[b'a'; 1000]).len(), MAX_HITS);
}

//! Errors point at what is wrong and say what to write.

use super::*;

#[track_caller]
fn wrong(query: &str, at: &str, message: &str) -> String {
    let error = parse(query).expect_err(query);
    assert!(error.message.contains(message), "{query}: {}", error.message);
    assert_eq!(query.get(error.at.clone()), Some(at), "{query}: {error:?}");
    error.hint.unwrap_or_default()
}

#[test]
fn errors_point_at_what_is_wrong() {
    wrong(".a ==", "", "a value to compare with is missing");
    wrong(".a == 1 and", "", "missing at the end");
    wrong("and .a", "and", "missing here");
    wrong("(.a", "(", "not closed");
    wrong(".a)", ")", "closes nothing");
    wrong("()", ")", "missing before this bracket");
    wrong("== 5", "==", "missing before this operator");
    wrong("/abc", "/abc", "no / at its end");
    wrong("\"abc", "\"abc", "not closed");
    wrong(".a ~ /(/", "/(/", "unclosed group");
    wrong("/x{1000}{1000}{10}/", "/x{1000}{1000}{10}/", "too large");
    wrong(".a.", "", "a name is missing");
    wrong(".a[x]", "x", "in brackets stands a number");
    wrong(".a&b == 1", "&", "stands in quotes");
    wrong(".action == \"view\" | count by .page", "|", "stages behind | come with search");
    wrong("| count by .page", "|", "come with search");
    wrong("a, b", ",", "only in lists");
    wrong(".a in (1, 2", "", "a comma or the end");
    wrong(".a in 5", "", "a list or a range");
    wrong(".a in ()", ")", "a value to compare with is missing");
    wrong("offset > many", "many", "offset is compared with a whole number");
    wrong("partition > 1.5", "1.5", "whole number");
    wrong("offset contains 5", "5", "offset is a number");
    wrong("size > 1parsec", "1parsec", "a size is written like");
    wrong("age < soon", "soon", "a duration is written like");
    wrong("time > yesterday", "yesterday", "a time is written like");
    wrong("time > 2026-02-30T00:00Z", "2026-02-30T00:00Z", "no such day");
    wrong("since:yesterday", "yesterday", "a time is written like");
    wrong("p:a", "a", "stand partitions");
    wrong("last:0", "0", "how many records");
    wrong("a or since:15m", "since:15m", "hold for the whole query");
    wrong("a not (x or p:3)", "p:3", "hold for the whole query");
    wrong(".a < true", "true", "has no order");
    wrong(".a == /x/", "/x/", "compared with ~");
    wrong(".a ~ .b", ".b", "not another field");
    wrong(".ö > .a. ", " ", "a name is missing");
    wrong("\"\\ud800\"", "\"\\ud800\"", "surrogate");
    wrong("header. == 1", " ", "the header's name is missing");
    wrong(&"(".repeat(200), "(", "100 levels");
    wrong(&"!".repeat(200), "!", "100 levels");
    assert!(parse(&"x".repeat(70_000)).is_err());
}

#[test]
fn hints_say_what_was_meant() {
    assert_eq!(wrong("ofset > 5", "ofset", "cannot be compared"), "did you mean offset? A field of the value is written .ofset");
    assert_eq!(wrong("status = FAILED", "status", "cannot be compared"), "write .status == FAILED");
    assert_eq!(wrong("(amount > 5) and x", "amount", "cannot be compared"), "write .amount > 5");
    assert!(wrong("a&b == 5", "a&b", "cannot be compared").contains("quote what is meant as text"));
    assert!(wrong("amount > ", "amount", "cannot be compared").contains("written .amount"));
    assert_eq!(wrong(".a => 5", "=>", "no operator"), "did you mean >=?");
    assert_eq!(wrong(".a === 5", "===", "no operator"), "did you mean ==?");
    assert_eq!(wrong(".a =~ x", "=~", "no operator"), "did you mean ~?");
    assert_eq!(wrong(".a <> 5", "<>", "no operator"), "did you mean !=?");
    assert_eq!(wrong(".a || .b", "||", "no operator"), "did you mean or?");
    assert_eq!(wrong("txn == abborted", "abborted", "committed, aborted or open"), "did you mean aborted?");
    assert!(wrong("/home/user", "user", "nothing but i").contains("quote a slash"));
}

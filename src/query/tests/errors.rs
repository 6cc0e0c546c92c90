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
    wrong("(.a | count)", "|", "stages stand behind the whole query");
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

#[test]
fn stages_point_at_what_is_wrong() {
    wrong("|", "", "a stage is missing");
    wrong("x | | count", "|", "a stage is missing");
    wrong("| count | count by .a", "count", "a table is made once");
    wrong("| top 10", "top", "top needs a table before it");
    wrong("| sort count", "sort", "sort needs a table before it");
    wrong("| count | select .a", "select", "has its columns already");
    wrong("| select .a | count", "count", "do not go together");
    wrong("| limit 5 | count", "count", "leave records out");
    wrong("| limit 5 | limit 6", "limit", "a limit already");
    wrong("| select .a | select .b", "select", "a select already");
    wrong("| count | top 5 | top 6", "top", "a top already");
    wrong("| count | sort count | sort count", "sort", "a sort already");
    wrong("| count by", "", "what by looks at is missing");
    wrong("| sum by .a", "by", "what sum looks at is missing");
    wrong("| sum .a, by .b", "by", "a number of the group is missing");
    wrong("| sum .a, .b", ".b", "a number of the group is missing");
    wrong("| count, count", "count", "asked for already");
    wrong("| count by .a, .a", ".a", "stands here already");
    wrong("| count by .a&b", "&", "stands in quotes");
    wrong("| count every", "", "the length of the windows is missing");
    wrong("| count every 0s", "0s", "a window has some length");
    wrong("| count every minute", "minute", "a duration is written like");
    wrong("| rate every 1m", "every", "not over windows");
    wrong("| hist topic", "topic", "topic is no number");
    wrong("| sum time", "time", "sum is not for times");
    wrong("| count by age", "age", "age changes while one reads");
    wrong("| count | top 0", "0", "how many, from 1");
    wrong("| count | top ten", "ten", "how many, from 1");
    wrong("| limit -1", "-1", "how many, from 1");
    wrong("| count | sort", "", "the column is missing");
    wrong("| count by .a | sort .b", ".b", "no such column");
    wrong("| count by .a .b", ".b", "the stage ends before this");
    wrong("| limit 5 6", "6", "the stage ends before this");
    wrong("| count by .a)", ")", "the stage ends before this");
    assert_eq!(wrong("| cuont by .a", "cuont", "no stage"), "did you mean count?");
    assert_eq!(wrong("| p959 .a", "p959", "no stage"), "did you mean p95?");
    assert!(wrong("a|b", "b", "no stage").contains("quote a |"));
    assert_eq!(wrong("| count, sun .a", "sun", "a number of the group"), "did you mean sum?");
    assert_eq!(wrong("| count by page", "page", "nothing of a record"), "a field of the value is written .page; or did you mean age?");
    assert_eq!(wrong("| count by kye", "kye", "nothing of a record"), "a field of the value is written .kye; or did you mean key?");
    assert_eq!(wrong("| count by .page | sort .pgae desc", ".pgae", "no such column"), "did you mean .page?");
    assert_eq!(wrong("| count, sum .a | sort .c", ".c", "no such column"), "its columns are count, sum .a");
    assert_eq!(wrong("| count ebery 1m", "ebery", "ends before"), "did you mean every?");
    assert_eq!(wrong("| count by .a desc", "desc", "ends before"), "the order is a stage of its own: | sort count desc");
}

#[test]
fn stages_are_refused_where_they_are_of_no_use() {
    let refused = |text: &str, result: Result<Query, QueryError>| {
        let error = result.expect_err(text);
        text.get(error.at).map(str::to_owned)
    };
    for text in [".a == 1 | count by .b", "x | select .a", "| limit 5"] {
        assert!(refused(text, parse_filter(text)).is_some_and(|at| at.starts_with('|')), "{text}");
    }
    let text = "x | limit 5 | select .a";
    assert!(parse_list(text).is_ok_and(|query| query.limit() == Some(5) && query.select().is_some_and(|all| all.len() == 1)));
    let text = "x | count by .a | limit 5";
    assert_eq!(refused(text, parse_list(text)).as_deref(), Some("| count by .a "));
    assert!(parse_filter("x").is_ok() && parse_list("x").is_ok() && parse_list("").is_ok());
}

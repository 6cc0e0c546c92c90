//! Every row of the language's examples and of its questions and answers.

use super::*;

#[test]
fn text_is_found_in_key_value_and_headers_by_smart_case() {
    let sample = Sample::value("Payment FAILED: timeout").header("trace-id", Some("0af7"));
    sample.yes("failed");
    sample.yes("FAILED");
    sample.no("Failed");
    sample.no("\"failed\"");
    sample.yes("\"FAILED: time\"");
    sample.yes("user-42");
    sample.yes("0af7");
    sample.yes("trace");
    sample.yes("/time(d)? ?out/i");
    sample.yes("/TIMEOUT/i");
    sample.no("/TIMEOUT/");
    sample.yes(r"/\W\s?tim/");
    sample.no("heartbeat");
    sample.yes("failed timeout");
    sample.no("failed heartbeat");
    sample.yes("");
    Sample::value("STRASSE Ärger").yes("ärger");
    Sample::value("ärger").no("Ärger");
    Sample::value("x/home?a=b").yes("\"/home\"");
    Sample::value("x/home?a=b").yes("a=b");
    Sample { value: Some(b"caf\xe9 latin".to_vec()), ..Sample::value("") }.yes("LATIN or latin");
}

#[test]
fn json_values_are_compared_by_path() {
    let sample = Sample::value(
        r#"{"action":"view","amount":150.5,"currency":"EUR","items":[{"sku":"B-1"},{"sku":"A-2","n":1}],"user":{"email":"a@example.org"},"ok":true,"no":false,"nil":null,"o":{}}"#,
    );
    sample.yes(".action == \"view\"");
    sample.yes(".action=view");
    sample.no(".action == View");
    sample.yes(".amount > 100 and .currency in (EUR, USD)");
    sample.no(".amount > 200 and .currency in (EUR, USD)");
    sample.yes(".amount in 100..150.50");
    sample.no(".amount in 0..150.4");
    sample.yes(".amount in 150.5..<151 and .amount in 150.5..150.5");
    sample.no(".amount in 100..<150.50");
    sample.yes(".items[].sku ~ /^A-/");
    sample.no(".items[0].sku ~ /^A-/");
    sample.yes(".items[-1].sku ~ /^A-/");
    sample.yes(".items[*].sku startswith \"B\"");
    sample.yes(".items[].sku startswith b");
    sample.no(".items[].sku startswith \"b\"");
    sample.no("not (.items[].n == 1)");
    sample.yes("not (.items[].n == 2)");
    sample.yes(".user.email endswith \"@example.org\"");
    sample.yes(".user.email contains EXAMPLE or .user.email contains example");
    sample.yes("not .error");
    sample.no(".error");
    sample.yes("not .nil and not .no and .ok and .o and .items");
    sample.yes("exists .nil and exists .no and exists .o");
    sample.no("exists .error");
    sample.yes(".nil == null and .action != null and .o != null");
    sample.no(".error == null");
    sample.no(".error != 1");
    sample.yes("not (.error == 1)");
    sample.yes(".ok == true and .no == false and .ok != false");
    sample.yes("value contains amount");
    sample.yes("value.action == view");
    sample.yes(".action !~ /^x/");
    sample.no(".items == 1");
    Sample::value("[1,2]").yes(".[] == 2 and .[-1] == 2 and not .[] == 3");
    Sample::value("42").yes(". == 42");
    Sample::value("\"text\"").yes(". == text");
}

#[test]
fn numbers_are_exact_and_types_do_not_mix() {
    let sample = Sample::value(r#"{"n":9007199254740993,"d":1.0,"h":1e2,"s":"5","five":5,"huge":1e400}"#);
    sample.yes(".n == 9007199254740993");
    sample.no(".n == 9007199254740992");
    sample.yes(".n != 9007199254740992");
    sample.yes(".d == 1 and .h == 100 and .huge > 1e399 and .d == 1.00");
    sample.yes(".five == 5 and .five == 5.0");
    sample.no(".five == \"5\"");
    sample.yes(".s == \"5\"");
    let verdict = sample.test(".s == 5");
    assert!(!verdict.matched && verdict.mismatch && !verdict.missing);
    assert!(!sample.test(".s != 6").matched);
    assert!(!sample.test(".five ~ /5/").matched);
    Sample::value(r#"{"a":1,"b":2,"a":3}"#).yes(".a == 3");
    Sample::value(r#"{"a":1,"b":2,"a":3}"#).no(".a == 1");
    Sample::value(r#"{"a":{"b":2},"c":2.0,"d":"2","k":"user-42"}"#).yes(".a.b == .c");
    Sample::value(r#"{"a":{"b":2},"c":2.0,"d":"2","k":"user-42"}"#).yes("key == .k and .a.b <= .c");
    Sample::value(r#"{"a":{"b":2},"c":2.0,"d":"2","k":"user-42"}"#).no(".a.b == .d");
    Sample::value(r#"{"a":[1,2],"c":2}"#).yes(".a[] == .c and .c in (5, .a[])");
}

#[test]
fn keys_and_headers_are_text_or_json() {
    let sample = Sample::value("v")
        .key(r#"{"tenant":"acme"}"#)
        .header("trace-id", Some("0af7"))
        .header("retry", None)
        .header("dup", Some("1"))
        .header("dup", Some("2"))
        .header("odd name", Some(r#"{"a":[1]}"#));
    sample.yes("key.tenant == acme");
    sample.yes("header.trace-id == \"0af7\"");
    sample.yes("header.dup == 1 and header.dup == 2 and header.dup > 1.5");
    sample.no("header.dup == 3");
    sample.yes("header.dup in (2, 3)");
    sample.yes("header.retry == null and exists header.retry");
    sample.no("header.retry");
    sample.no("header.trace-id == null");
    sample.yes("header.\"odd name\".a[0] == 1");
    sample.no("header.nothing == null");
    assert!(sample.test("header.nothing == x").missing);
    sample.yes("header.trace-id ~ /^0AF/ or header.trace-id ~ /^0af/");
    Sample::value("v").yes("key == \"user-42\"");
    Sample::value("v").yes("key == user-42");
    Sample::value("v").key("5").yes("key == 5 and key > 4 and key in 1..10");
    Sample::value("v").key("5.0").no("key == 5");
    Sample::value("v").key("10").yes("key > 9");
    assert!(Sample::value("v").test("key > 9").mismatch);
    assert!(Sample::value("v").test("key.tenant == acme").not_json);
}

#[test]
fn facts_of_the_record_are_tested() {
    let sample = Sample { txn: Some(Outcome::Aborted), ..Sample::value("v") };
    sample.yes("partition in (0, 3) and partition == 3 and partition in 1..3");
    sample.no("partition in (0, 2)");
    sample.yes("offset >= 12000 and offset < 12001 and offset in 12000..12000 and offset in 0..<12001");
    sample.no("offset in 0..<12000");
    sample.yes("time >= 2026-11-20T11:40Z and time > now-15m and time < 12:00 and time in 11:50..12:00");
    sample.no("time > now-30s");
    sample.yes("size > 7 and size < 1kb and size == 8");
    sample.yes("age < 5m and age >= 60s");
    sample.no("age > 5m");
    sample.yes("topic ~ /^orders/ and topic == orders-eu and topic contains EU or topic endswith eu");
    sample.yes("txn == aborted and txn in (aborted, open) and txn != committed");
    sample.yes("since:15m until:12:40Z p:0,3 last:500");
    sample.no("since:30s");
    sample.no("p:0,2");
    assert!(Sample::value("v").test("txn == aborted").missing);
    assert!(Sample { timestamp_ms: -1, ..Sample::value("v") }.test("time > now-15m").missing);
    let tombstone = Sample { value: None, key: None, ..Sample::value("v") };
    tombstone.yes("tombstone and keyless and value == null and key == null and not exists key");
    assert!(tombstone.test("key == x").missing);
    sample.no("tombstone");
    sample.no("keyless");
    sample.yes("key != null");
}

#[test]
fn broken_json_is_read_up_to_the_break() {
    let cut = Sample::value(r#"{"user_id": 17, "page": "/ho"#);
    cut.yes(".user_id == 17");
    cut.yes("not exists .page and not (.page == \"/ho\")");
    let verdict = cut.test(".page == \"/home\"");
    assert!(!verdict.matched && verdict.broken && verdict.missing && !verdict.not_json);
    Sample::value(r#"{"n": 17"#).no("exists .n");
    Sample::value(r#"{"a":1,}"#).yes(".a == 1");
    Sample::value(r#"{"a":007}"#).no("exists .a");
    Sample::value(r#"{"a": NaN, "b": 1}"#).no("exists .b");
    assert!(Sample::value("failed to start").test(".a == 1").not_json);
    assert!(Sample::value("").test(".a == 1").not_json);
    assert!(!Sample::value("{\"a\":2}").test(".a == 1").missing);
    assert!(Sample::value("{\"a\":2}").test(".b == 1").missing);
    Sample::value(&"[".repeat(100_000)).no(".[0][0][0] == 1");
    Sample::value(r#"{"a":"\ud800"}"#).no(".a == \"\u{fffd}\"");
    Sample::value(r#"{"a":"\u0076iew"}"#).yes(".a == view");
    Sample::value(r#"{"\u0061":"view"}"#).yes(".a == view");
    Sample::value(r#"{"a":"\ud83c\udf89 ok"}"#).yes(".a contains \"🎉\"");
    Sample::value(r#"{"a":"http:\/\/x"}"#).yes(".a == \"http://x\"");
}

#[test]
fn precedence_is_not_then_and_then_or() {
    for (query, canonical) in [
        ("(.a or .b) and not \"heartbeat\"", "(.a or .b) and not \"heartbeat\""),
        ("a b or c d", "a and b or c and d"),
        ("not a b", "not a and b"),
        ("!a or !(b or c)", "not a or not (b or c)"),
        ("a and (b and c)", "a and b and c"),
        ("not not .x", "not not .x"),
        ("not .a == 1", "not .a == 1"),
        (".a=1", ".a == 1"),
        (".status == FAILED", ".status == \"FAILED\""),
        (".s contains fail", ".s contains fail"),
        (".s ~ x", ".s ~ /x/"),
        ("/a\\/b/i", "/a\\/b/i"),
        ("size>1MiB size<=1mb", "size > 1048576 and size <= 1mb"),
        ("age < 90m", "age < 1h30m"),
        ("since:15m", "since:now-15m"),
        ("p:3,0,3", "p:0,3"),
        (".items[*].\"odd name\"", ".items[].\"odd name\""),
        ("offset and in", "offset and in"),
        ("offset", "offset"),
        ("offset > 5", "offset > 5"),
        ("exists", "exists"),
        ("exists .x", "exists .x"),
        ("header.\"a b\" == 1 header.a.b", "header.\"a b\" == 1 and header.a.b"),
        ("p.x key.a", "p.x and key.a"),
        ("\"a\\u0041\\n\"", "\"aA\\n\""),
        (".x in (1, a, null)", ".x in (1, \"a\", null)"),
        ("time in 12:00..now", "time in 12:00:00..now"),
        (".x in 1.5..2", ".x in 1.5..2"),
        (".x in 1..<2", ".x in 1..<2"),
        ("  |count", "| count"),
        ("x|count by .page|top 10", "x | count by .page | top 10"),
        (
            "| sum .amount,p95 .items[*].ms by .region , partition every 60s",
            "| sum .amount, p95 .items[].ms by .region, partition every 1m",
        ),
        ("| count by .a | sort .a desc", "| count by .a | sort .a desc"),
        ("| count,sum .a every 1m | sort  sum  .a | limit 5", "| count, sum .a every 1m | sort sum .a | limit 5"),
        ("| count every 90s | sort window", "| count every 1m30s | sort window"),
        ("a or b | select .orderId, header.trace-id, key.a | limit 100", "a or b | select .orderId, header.trace-id, key.a | limit 100"),
        ("| rate by key | top 20", "| rate by key | top 20"),
        ("| distinct .user.id", "| distinct .user.id"),
        ("| hist .latency_ms", "| hist .latency_ms"),
        ("", ""),
    ] {
        assert_eq!(parse(query).unwrap_or_else(|e| panic!("{query}: {e}")).to_string(), canonical);
        filter(query);
    }
}

#[test]
fn a_verdict_names_the_operands_that_were_asked_for_in_vain() {
    let named = |value: &str, query: &str| {
        let (verdict, filter) = (Sample::value(value).test(query), filter(query));
        let names = |marks: Marks| marks.iter().map(|place| filter.operands()[place].to_string()).collect::<Vec<_>>().join(" ");
        (names(verdict.missing_at), names(verdict.mismatch_at))
    };
    let is = |missing: &str, mismatch: &str| (missing.to_owned(), mismatch.to_owned());
    assert_eq!(named(r#"{"a":1}"#, ".b == 1 or .a == \"x\""), is(".b", ".a"));
    assert_eq!(named(r#"{"a":1,"b":2}"#, ".b == 2 or .c == 3"), is("", ""), "it matched before");
    assert_eq!(named(r#"{"a":1}"#, ".a == .b"), is(".b", ""));
    assert_eq!(named(r#"{"b":1}"#, ".a == .b"), is(".a", ""));
    assert_eq!(named(r#"{"a":"1","b":1}"#, ".a == .b"), is("", ".a"));
    assert_eq!(named(r#"{"a":[]}"#, ".a in (1, 2) or .a > 5 or .n in 1..2"), is(".n", ".a"));
    assert_eq!(named("{}", "not .error and not exists .x and not header.h"), is("", ""), "these ask whether it is there");
    let many = (0..40).map(|n| format!(".a{n} == 1")).collect::<Vec<_>>().join(" or ");
    assert_eq!(named("{}", &many).0.split(' ').count(), 32);
}

#[test]
fn what_cannot_be_read_can_be_listed_in_the_place_of_what_matches() {
    let lists = |value: &str, query: &str| {
        let filter = Filter::undecodable(&parse(query).unwrap(), &context());
        assert!(filter.literals().is_empty() && !filter.is_everything());
        let sample = Sample::value(value);
        filter.matches(&Subject { record: &sample.record(), topic: "t", txn: None, now: Time::from_millis(NOW) }).matched
    };
    assert!(lists("no json", ".a == 1") && lists("{\"a\":1,", ".b == 1") && lists("", "exists .a"));
    assert!(!lists("{\"a\":1}", ".a == 1") && !lists("{\"a\":1}", ".b == 1") && !lists("7", ".a == 1"));
    assert!(!lists("no json", "partition == 4 and .a == 1"), "who is not asked is not broken");
    assert!(lists("no json", "partition == 3 and .a == 1"));
}

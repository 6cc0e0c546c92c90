//! Every operator with every type: `y` is a match, `.` none, `t` none because the types differ, `m` none because it is
//! missing.

use super::*;

#[track_caller]
fn row(query: &str, samples: &[Sample], want: &str) {
    let letter = |sample: &Sample| match sample.test(query) {
        Verdict { matched: true, .. } => 'y',
        Verdict { mismatch: true, .. } => 't',
        Verdict { missing: true, .. } => 'm',
        _ => '.',
    };
    let got: String = samples.iter().map(letter).collect();
    assert_eq!(got, want, "{query}");
}

#[test]
fn fields_by_type() {
    //            absent  null           true           false           number       text            text             object       array
    let values = [
        "{}",
        "{\"a\":null}",
        "{\"a\":true}",
        "{\"a\":false}",
        "{\"a\":5}",
        "{\"a\":\"5\"}",
        "{\"a\":\"abc\"}",
        "{\"a\":{}}",
        "{\"a\":[]}",
    ];
    let samples = values.map(Sample::value);
    for (query, want) in [
        ("exists .a", "myyyyyyyy"),
        (".a", "m.y.yyyyy"),
        ("not .a", "yy.y....."),
        (".a == null", "my......."),
        (".a != null", "m.yyyyyyy"),
        (".a == true", "mty.ttttt"),
        (".a != true", "mt.yttttt"),
        (".a == false", "mt.yttttt"),
        (".a == 5", "mttty"),
        (".a == 5.0", "mttty"),
        (".a != 5", "mttt."),
        (".a != 6", "mttty"),
        (".a < 6", "mttty"),
        (".a <= 5", "mttty"),
        (".a > 5", "mttt."),
        (".a >= 5", "mttty"),
        (".a in 1..5", "mttty"),
        (".a in 1..<5", "mttt."),
    ] {
        row(query, &samples, &format!("{want:t<9}"));
    }
    for (query, want) in [
        (".a == \"5\"", "y."),
        (".a != \"5\"", ".y"),
        (".a < \"6\"", "y."),
        (".a <= \"5\"", "y."),
        (".a > \"5\"", ".y"),
        (".a >= \"5\"", "yy"),
        (".a in a..b", ".y"),
        (".a in \"5\"..<abc", "y."),
        (".a ~ /5|b/", "yy"),
        (".a ~ /B/", ".."),
        (".a ~ /B/i", ".y"),
        (".a !~ /5/", ".y"),
        (".a contains b", ".y"),
        (".a contains \"B\"", ".."),
        (".a startswith a", ".y"),
        (".a endswith c", ".y"),
        (".a endswith \"5\"", "y."),
    ] {
        row(query, &samples, &format!("mtttt{want}tt"));
    }
    for (query, want) in [
        (".a in (5, abc, null)", "my..y.y.."),
        (".a in (true, \"5\")", "mty.ty.tt"),
        ("not (.a == 5)", "yyyy.yyyy"),
        ("not (.a != 5)", "yyyyyyyyy"),
        (".a == .b", "mmmmmmmmm"),
        (".a == .a", "myyyyyytt"),
        (".a != .a", "m......tt"),
        ("offset > .a", "mtttytttt"),
        (".a contains .a", "mttttyytt"),
    ] {
        row(query, &samples, want);
    }
}

#[test]
fn keys_and_headers_by_what_they_look_like() {
    let keys = [None, Some(""), Some("5"), Some("5.0"), Some("abc"), Some("true"), Some("null")];
    let samples = keys.map(|key| Sample { key: key.map(Into::into), ..Sample::value("v") });
    let headers = keys.map(|value| Sample::value("v").header("h", value));
    for (query, want) in [
        ("exists O", "myyyyyy"),
        ("O", ".yyyyyy"),
        ("O == null", "y......"),
        ("O != null", ".yyyyyy"),
        ("O == 5", "t.y...."),
        ("O != 5", "ty.yyyy"),
        ("O > 4.9", "ttyyttt"),
        ("O <= 5", "ttyyttt"),
        ("O in 1..5", "ttyyttt"),
        ("O == \"5\"", "t.y...."),
        ("O < \"a\"", "tyyy..."),
        ("O == true", "t....y."),
        ("O != true", "tyyyy.y"),
        ("O == \"null\"", "t.....y"),
        ("O ~ /^.[.b]/", "t..yy.."),
        ("O !~ /5/", "ty..yyy"),
        ("O contains u", "t....yy"),
        ("O startswith 5", "t.yy..."),
        ("O endswith \"\"", "tyyyyyy"),
        ("O in (abc, 5, null)", "y.y.y.."),
    ] {
        // A key that is null is missing; a header with a null value is there.
        let key = want.replacen('t', "m", usize::from(want.starts_with('t')));
        // Alone, the word is text to find.
        let query_of_key = if query == "O" { "key != null" } else { query };
        row(&query_of_key.replace('O', "key"), &samples, if query == "exists O" { ".yyyyyy" } else { &key });
        row(&query.replace('O', "header.h"), &headers, if query == "exists O" { "yyyyyyy" } else { want });
    }
    row("header.none == 1", &headers[..1], "m");
}

#[test]
fn the_records_own_numbers() {
    let at = |minutes: i64| Sample { timestamp_ms: if minutes < 0 { -1 } else { NOW - minutes * 60_000 }, ..Sample::value("v") };
    let samples = [at(-1), at(0), at(1), at(10)];
    for (query, want) in [
        ("time == now", "my.."),
        ("time != now", "m.yy"),
        ("time < now", "m.yy"),
        ("time <= now-1m", "m.yy"),
        ("time > now-1m", "my.."),
        ("time >= now-1m", "myy."),
        ("time in now-1m..now", "myy."),
        ("time in now-1m..<now", "m.y."),
        ("time in (now, now-10m)", "my.y"),
        ("age == 1m", "m.y."),
        ("age < 1m", "my.."),
        ("age in 1m..<10m", "m.y."),
        ("since:1m", "myy."),
        ("until:now-1m", "m..y"),
        ("offset == 12000", "yyyy"),
        ("partition != 3", "...."),
        ("partition in 3..<4", "yyyy"),
        ("size in (8, 9)", "yyyy"),
        ("size == 8b", "yyyy"),
        ("tombstone", "...."),
    ] {
        row(query, &samples, want);
    }
    let outcomes =
        [None, Some(Outcome::Committed), Some(Outcome::Aborted), Some(Outcome::Open)].map(|txn| Sample { txn, ..Sample::value("v") });
    row("txn == open", &outcomes, "m..y");
    row("txn != open", &outcomes, "myy.");
    row("txn in (committed, aborted)", &outcomes, "myy.");
}

//! What a query asks into and cannot read is counted, named and listed; how it was read is explained, by `tail` as by `search`.

use crate::kafka::parse;
use crate::run::{Finished, kscope};
use crate::scripted::{FakeTopic, Healthy, Scripted};

const TOPIC: &str = "odd";
const VALUES: [&str; 9] =
    ["{\"a\":1}", "no json", "{\"a\":2,", "{\"b\":1}", "{\"a\":\"1\"}", "{\"a\":1}", "a", "{\"c\":1,", "{\"a\":null}"];

fn broker() -> Scripted {
    let healthy = Healthy::with(vec![FakeTopic::holding(TOPIC, &[&VALUES])]);
    Scripted::start(move |q| healthy.answer(q))
}

fn run(broker: &Scripted, arguments: &[&str]) -> Finished {
    kscope(&[&[arguments[0], "-b", &broker.address(), "-o", "ndjson"], &arguments[1..]].concat())
}

fn offsets(done: &Finished) -> Vec<i64> {
    done.lines().into_iter().map(|line| parse(line).record.offset).collect()
}

#[track_caller]
fn says(done: &Finished, words: &str) {
    assert!(done.stderr.contains(words), "{words}\n{}", done.stderr);
}

#[test]
fn what_cannot_be_read_is_counted_and_listed_and_so_is_what_is_not_there() {
    let broker = broker();
    // No literal spares a record here: each is tested.
    let query = ".a == 1 or size > 1mb";
    let done = run(&broker, &["search", TOPIC, query]);
    assert_eq!((offsets(&done), done.code), (vec![0, 5], Some(0)), "{}", done.stderr);
    says(&done, "3 values are no JSON, or broken: the first at odd/0@1; --undecodable lists them");
    says(&done, "of 9 records tested, 2 had no .a, 2 had .a of another type");
    says(&done, " matched=2 undecodable=3 ");
    let listed = run(&broker, &["search", "--undecodable", TOPIC, query]);
    assert_eq!((offsets(&listed), listed.code), (vec![1, 6, 7], Some(0)), "{}", listed.stderr);
    says(&listed, " matched=3 undecodable=3 ");
    assert!(!listed.stderr.contains("lists them"), "{}", listed.stderr);
    let newest = run(&broker, &["search", "--undecodable", "--newest-first", "-n", "1", TOPIC, query]);
    assert_eq!(offsets(&newest), [7], "{}", newest.stderr);
    let quiet = run(&broker, &["search", "--quiet", TOPIC, query]);
    assert_eq!(quiet.stderr, "");
    for wrong in [&["search", "--undecodable", TOPIC, "text"][..], &["search", "--undecodable", TOPIC, ".a == 1 | count"]] {
        assert_eq!(run(&broker, wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(broker.mutations(), []);
}

#[test]
fn tail_explains_how_it_reads_and_what_that_spared() {
    let broker = broker();
    let done = run(&broker, &["tail", "--explain", "--from", "2", "--until", "now", "--where", ".a == 1", TOPIC]).ok();
    assert_eq!(offsets(&done), [5]);
    for words in [
        "query: .a == 1",
        "where: odd, all partitions, from 2 until now",
        "literals: \"a\" searched in whole batches",
        "paths: .a read lazily",
        "order: by time, each partition by offset",
        "limits: none, none of answers in all",
        "bounds spared 2 of 9 offsets",
        " of 7 were tested",
    ] {
        says(&done, words);
    }
    let all = run(&broker, &["tail", "--explain", "--from", "earliest", "--until", "now", TOPIC]).ok();
    says(&all, "query: none; every record is wanted");
    says(&all, "9 of 9 were tested");
    let bounded = run(&broker, &["tail", "--explain", "--until", "now", "--where", "offset >= 7", TOPIC]).ok();
    assert_eq!(offsets(&bounded), [7, 8]);
    says(&bounded, "from 7 until now, as the query says");
    assert_eq!(broker.mutations(), []);
}

//! Older records: what `k` at the first row brings, told as scripts over a log of which everything is known.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{messages, orders, unreachable};
use crate::core::ask::{Answer, Ask, Older};
use crate::core::effect::{Effect, TaskId};
use crate::core::event::{Arrival, Event};
use crate::core::store::Limits;
use crate::core::stream::{Delivery, Ended, Plan, Progress, StartAt};
use crate::model::{Offset, Outcome, PartitionId, ProducerId, TxnTable};
use crate::query::position::Position;
use crate::testing::{Made, Script, chunk, live, made, topic};

/// A log of two partitions with records `0..ends[p]` each: `{"n":offset}`, in both the same times.
#[derive(Debug, Clone)]
struct Log {
    starts: [i64; 2],
    ends: [i64; 2],
}

fn at(partition: i32) -> usize {
    usize::try_from(partition).unwrap()
}

fn record(partition: i32, offset: i64) -> Made {
    Made { partition, ..made(offset, "k", &format!("{{\"n\":{offset},\"tenth\":{}}}", offset % 10 == 0)) }
}

impl Log {
    fn progress(&self, firsts: [i64; 2]) -> Progress {
        let mut progress = live(2, 0);
        for (part, n) in progress.partitions.iter_mut().zip(0..2_usize) {
            (part.first, part.log_start) = (Some(Offset(firsts[n])), Some(Offset(self.starts[n])));
            (part.position, part.end, part.stable) = (Offset(self.ends[n]), Some(Offset(self.ends[n])), Some(Offset(self.ends[n])));
        }
        progress
    }

    /// What a reader gives: of what passes, the newest so many before `until`, and where it ended.
    fn read(&self, until: [i64; 2], newest: usize, passes: impl Fn(i64) -> bool) -> (Vec<Made>, [i64; 2], u64) {
        let mut all: Vec<(i64, i32)> = (0..2_i32).flat_map(|p| (self.starts[at(p)]..until[at(p)]).map(move |offset| (offset, p))).collect();
        let looked_at = all.len() as u64;
        all.retain(|(offset, _)| passes(*offset));
        all.sort_unstable();
        let kept = all.split_off(all.len().saturating_sub(newest));
        let first = |p: i32| all.iter().rev().find(|(_, of)| *of == p).map_or(self.starts[at(p)], |(offset, _)| offset + 1);
        let firsts = [first(0), first(1)];
        (kept.into_iter().map(|(offset, p)| record(p, offset)).collect(), firsts, looked_at)
    }

    fn answer(&self, plan: &Plan) -> Answer {
        let Some(Position::Offsets(until)) = &plan.until else { panic!("{:?}", plan.until) };
        assert_eq!(plan.from, Position::Earliest);
        assert_eq!(plan.partitions.as_deref(), Some(&until.keys().copied().collect::<Vec<_>>()[..]));
        let until = [0, 1].map(|p| until.get(&PartitionId(p)).map_or(self.starts[at(p)], |offset| offset.0));
        let filtered = plan.filter.is_some();
        let newest = usize::try_from(plan.newest.unwrap()).unwrap();
        let (records, firsts, read) = self.read(until, newest, |offset| !filtered || offset % 10 == 0);
        let mut progress = self.progress(firsts);
        progress.read = read;
        progress.partitions.retain(|part| plan.partitions.as_ref().unwrap().contains(&part.id));
        let delivery = |some: &[Made]| {
            let (generation, read, not_shown) = (0, some.len() as u64, 0);
            Delivery { generation, facts: vec![], chunk: std::sync::Arc::new(chunk(some)), read, not_shown }
        };
        Answer::Older(Box::new(Older { deliveries: records.chunks(7).map(delivery).collect(), progress, ended: None }))
    }
}

/// The offsets that are listed, by partition, in the order of the list: what an export would write.
fn listed(script: Script) -> (Script, [Vec<i64>; 2]) {
    let script = script.keys("ctrl-\\ ctrl-s");
    let mut found = [Vec::new(), Vec::new()];
    if script.waiting().contains(&"export")
        && let Ask::Export(export) = script.ask("export").1
    {
        for (chunk, row) in &export.rows {
            let record = chunk.get(*row).unwrap();
            found[at(record.partition.0)].push(record.offset.0);
        }
        let done = Answer::Exported { path: "/tmp/x.ndjson".into(), records: 1, bytes: 1 };
        return (script.reply("export", Ok(done)), found);
    }
    (script, found)
}

fn older(script: &Script) -> Option<(TaskId, Plan)> {
    script.waiting().contains(&"older").then(|| match script.ask("older") {
        (id, Ask::Older(plan, _)) => (id, Plan::clone(plan)),
        other => panic!("{other:?}"),
    })
}

/// A screen that shows the newest `newest` of the log, of at most `most` records.
fn opened(log: &Log, newest: usize, most: usize) -> Script {
    let mut script = orders();
    script.state.settings.limits = Limits { records: most, bytes: 64 << 20 };
    script.state.settings.start = StartAt::Newest(newest as u64);
    let (records, firsts, _) = log.read(log.ends, newest, |_| true);
    script.keys("j enter").deliver(chunk(&records), vec![]).progress(log.progress(firsts))
}

const LOG: Log = Log { starts: [10, 0], ends: [60, 55] };

#[test]
fn k_at_the_first_row_loads_older_records_in_front_and_the_selection_stays() {
    let script = opened(&LOG, 20, 5000).sees("follow").sees_not("older").keys("g").sees("▲ up to 85 older: k loads 20");
    assert!(older(&script).is_none(), "g went to the first row, no further");
    let script = script.keys("y o k").sees("loading older");
    let (_, plan) = older(&script).unwrap();
    let script = script.keys("k k g").reply("older", Ok(LOG.answer(&plan))).sees("follow off");
    let copied: Vec<_> = script.effects.iter().filter(|e| matches!(e, Effect::Term(crate::core::effect::Term::Osc52(_)))).collect();
    assert_eq!(copied.len(), 1);
    let before = format!("{copied:?}");
    let script = script.keys("y o");
    let last = script.effects.iter().rev().find(|e| matches!(e, Effect::Term(crate::core::effect::Term::Osc52(_))));
    assert_eq!(format!("{:?}", vec![last.unwrap()]), before, "the same record is selected");
    let (script, held) = listed(script);
    assert_eq!(held.iter().map(Vec::len).sum::<usize>(), 40);
    script.keys("g").sees("▲ up to 65 older: k loads 20");
}

#[test]
fn the_start_of_the_log_is_said_and_nothing_is_asked_there() {
    let mut script = opened(&LOG, 500, 5000).keys("g").sees("start of the log").keys("k pageup ctrl-u g ctrl-p");
    assert!(older(&script).is_none());
    script = opened(&LOG, 90, 5000).keys("g ctrl-u");
    let (_, plan) = older(&script).unwrap();
    let (script, held) = listed(script.reply("older", Ok(LOG.answer(&plan))));
    assert_eq!(held, [(10..60).collect::<Vec<_>>(), (0..55).collect::<Vec<_>>()]);
    script.keys("g").sees("start of the log");
}

#[test]
fn a_full_buffer_stops_and_says_how_to_go_on() {
    let script = opened(&LOG, 20, 50).keys("g k");
    let (_, plan) = older(&script).unwrap();
    let script = script.reply("older", Ok(LOG.answer(&plan))).keys("g").sees("k loads 10").keys("k");
    let (_, plan) = older(&script).unwrap();
    assert_eq!(plan.newest, Some(10), "no more than there is room for");
    let script =
        script.reply("older", Ok(LOG.answer(&plan))).keys("g k").sees("buffer full").sees("o goes further back").sees("BUFFER FULL");
    assert!(older(&script).is_none());
    let (script, held) = listed(script);
    assert_eq!(held.iter().map(Vec::len).sum::<usize>(), 50);
    // What comes while one looks at older records is not fetched; following lets the older ones go.
    script.keys("s").sees_not("BUFFER FULL");
}

#[test]
fn a_failure_is_said_and_the_next_k_tries_again() {
    let script = opened(&LOG, 20, 5000).keys("g k").reply("older", Err(unreachable())).sees("no broker could be reached").keys("k");
    assert!(older(&script).is_some());
}

#[test]
fn leaving_or_reading_anew_cancels_the_load() {
    let script = opened(&LOG, 20, 5000).keys("g k");
    let (id, _) = older(&script).unwrap();
    let script = script.keys("1");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Cancel(other) if *other == id)));
    script.sees_not("loading older");
}

#[test]
fn an_empty_list_under_a_filter_looks_further_back() {
    let log = Log { starts: [0, 0], ends: [59, 59] };
    let mut script = opened(&log, 8, 5000);
    script.state.settings.start = StartAt::Newest(50);
    let script = script.keys("/").text(".tenth == true").keys("enter").sees("None of").sees("Searching what is older");
    let (_, plan) = older(&script).unwrap();
    assert!(plan.filter.is_some());
    let (script, held) = listed(script.reply("older", Ok(log.answer(&plan))).keys("g").sees("start of the log"));
    assert_eq!(held[0], [0, 10, 20, 30, 40, 50]);
    let script = script.sees("matched 12 of 118").keys("esc '").sees("98 records that did not match the filter were not kept");
    // They are not lost: what lies before the first record held is to be had again.
    script.keys("g").sees("start of the log");
}

/// One part of a search: these records, and how far back partition 0 was looked at.
fn found(made: &[Made], first: i64, ended: Option<Ended>) -> Answer {
    let mut progress = Log { starts: [0, 0], ends: [30, 0] }.progress([first, 0]);
    progress.partitions.retain(|part| part.id.0 == 0);
    for part in &mut progress.partitions {
        part.span = Some((Offset(0), Offset(30)));
    }
    progress.read = 10;
    let delivery = Delivery { generation: 0, facts: vec![], chunk: std::sync::Arc::new(chunk(made)), read: 10, not_shown: 0 };
    Answer::Older(Box::new(Older { deliveries: vec![delivery], progress, ended }))
}

/// A screen whose filter is being looked for in what lies before its 30th offset.
fn searching() -> Script {
    let script = messages().deliver(chunk(&[made(30, "k", "{\"a\":1}")]), vec![]);
    let script = script.progress(Log { starts: [0, 0], ends: [31, 0] }.progress([30, 0]));
    script.keys("/").text(".a == 1").keys("enter").sees("searching history")
}

#[test]
fn a_filter_finds_what_lies_before_the_list_while_it_is_searched() {
    let one = |offset| made(offset, "k", "{\"a\":1}");
    let script = searching().part("older", found(&[one(25), one(27)], 20, None)).sees("10 of 30 offsets");
    let script = script.part("older", found(&[one(12)], 10, None)).sees("20 of 30 offsets").sees("matched 4 of 21");
    let script = script.reply("older", Ok(found(&[], 0, Some(Ended::Done)))).sees("history searched");
    let (script, held) = listed(script.keys("g").sees("start of the log"));
    assert_eq!(held[0], [12, 25, 27, 30], "in the order of the log");
    assert!(older(&script.keys("k k")).is_none(), "there is nothing to go on with");
}

#[test]
fn esc_calls_the_search_off_before_it_clears_the_filter_and_k_goes_on_where_it_stood() {
    let script = searching().part("older", found(&[made(25, "k", "{\"a\":1}")], 20, None));
    let (id, _) = older(&script).unwrap();
    let script = script.keys("esc").sees("called off at 10 of 30 offsets").sees("/ .a == 1");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Cancel(other) if *other == id)));
    let script = script.keys("g k");
    let (_, plan) = older(&script).unwrap();
    assert_eq!(plan.until, Some(Position::Offsets([(PartitionId(0), Offset(20))].into())));
    let script = script.reply("older", Ok(found(&[], 5, Some(Ended::Budget)))).sees("enough for one search: k at the top goes on");
    script.keys("k").reply("older", Err(unreachable())).sees("failed at").keys("g k esc esc").sees("no filter");
}

#[test]
fn another_filter_looks_again_between_what_the_one_before_had_found() {
    let log = Log { starts: [0, 0], ends: [59, 59] };
    for cleared in [false, true] {
        let mut script = opened(&log, 8, 5000);
        script.state.settings.start = StartAt::Newest(50);
        let script = script.keys("/").text(".tenth == true").keys("enter");
        let (_, plan) = older(&script).unwrap();
        let mut script = script.reply("older", Ok(log.answer(&plan))).sees("matched 12 of 118");
        if cleared {
            script = script.keys("esc").sees("no filter").keys("/").text(".tenth == false").keys("enter");
        } else {
            script = script.keys("/").keys("ctrl-u").text(".tenth == false").keys("enter");
        }
        let (_, plan) = older(&script).unwrap();
        assert_eq!(
            plan.until,
            Some(Position::Offsets([(PartitionId(0), Offset(55)), (PartitionId(1), Offset(55))].into())),
            "cleared: {cleared}"
        );
        let script = script.reply("older", Ok(log.answer(&plan))).sees("of 118").sees_not("not kept");
        let (_, held) = listed(script.keys("g"));
        let expected: Vec<i64> = (0..=50).step_by(10).chain(55..59).collect();
        assert_eq!(held, [expected.clone(), expected], "each once; cleared: {cleared}");
    }
}

#[test]
fn the_bounds_of_a_filter_bound_the_search() {
    let script = messages().deliver(chunk(&[made(30, "k", "{}")]), vec![]);
    let script = script.progress(Log { starts: [0, 0], ends: [31, 20] }.progress([30, 20]));
    let script = script.keys("/").text("p:0 offset >= 10 offset < 25").keys("enter");
    let (_, plan) = older(&script).unwrap();
    assert_eq!(plan.from, Position::Offset(Offset(10)));
    assert_eq!(plan.until, Some(Position::Offsets([(PartitionId(0), Offset(25))].into())));
    script.keys("esc esc /").text("offset > 40").keys("enter").sees("history searched");
}

#[test]
fn older_records_of_transactions_wear_their_badges() {
    let of = |offset| Made { transaction: Some(9), ..made(offset, "k", "{}") };
    let mut own = TxnTable::default();
    own.stable(PartitionId(0), Offset(20));
    let mut progress = Log { starts: [0, 0], ends: [20, 0] }.progress([10, 0]);
    progress.txns = own;
    let script = messages().deliver(chunk(&[of(12)]), vec![]).progress(progress).keys("g k");
    // Its marker lies behind what was loaded: the table does not know where it ends.
    let mut txns = TxnTable::default();
    txns.aborted(PartitionId(0), ProducerId(9), Offset(3));
    txns.stable(PartitionId(0), Offset(10));
    assert_eq!(txns.outcome(PartitionId(0), ProducerId(9), Offset(12)), Outcome::Aborted);
    let progress = Progress { txns, ..Log { starts: [0, 0], ends: [20, 0] }.progress([0, 0]) };
    let older = std::sync::Arc::new(chunk(&[of(5)]));
    let deliveries = vec![Delivery { generation: 0, facts: vec![], chunk: older, read: 1, not_shown: 0 }];
    let script = script.reply("older", Ok(Answer::Older(Box::new(Older { deliveries, progress, ended: None }))));
    let screen = script.screen();
    assert_eq!(screen.matches("✗ aborted").count(), 1, "{screen}");
    script.keys("g").sees("producer 9").sees("aborted").keys("j").sees("committed");
}

#[derive(Debug, Clone)]
enum Step {
    Keys(&'static str),
    /// So many more records are written, to each partition.
    Written(i64),
    /// The load under way is answered.
    Answered,
    Failed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::sample::select(vec!["g", "k", "g k", "pageup", "ctrl-u", "ctrl-p", "j", "G", "s", "space", "C", "m", "g k g"]).prop_map(Step::Keys),
        3 => (1_i64..12).prop_map(Step::Written),
        6 => Just(Step::Answered),
        1 => Just(Step::Failed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is loaded, evicted, cleared and written in between: of each partition the list has every record from its
    /// first to its last, once and in order, and `k` leads to the start of the log.
    #[test]
    fn nothing_comes_twice_and_nothing_is_missing(
        newest in 1_usize..30,
        most in 30_usize..90,
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut log = LOG;
        let (_, firsts, _) = log.read(log.ends, newest, |_| true);
        let mut script = opened(&log, newest, most);
        for step in steps {
            script = match step {
                Step::Keys(keys) => script.keys(keys),
                Step::Written(records) => {
                    let new = (0..2_i32).flat_map(|p| (0..records).map(move |n| (p, n))).map(|(p, n)| record(p, log.ends[at(p)] + n));
                    let new: Vec<Made> = new.collect();
                    log.ends = log.ends.map(|end| end + records);
                    script.deliver(chunk(&new), vec![]).progress(log.progress(firsts))
                }
                Step::Answered | Step::Failed => match (older(&script), step) {
                    (Some((_, plan)), Step::Answered) => script.reply("older", Ok(log.answer(&plan))),
                    (Some(_), _) => script.reply("older", Err(unreachable())),
                    _ => script,
                },
            };
            let (next, held) = listed(script);
            script = next;
            for (partition, held) in held.iter().enumerate() {
                let whole: Vec<i64> = held.first().map_or(vec![], |&first| (first..log.ends[partition]).collect());
                // What was evicted of the whole list is older than all that is listed.
                prop_assert_eq!(held, &whole, "partition {}", partition);
            }
        }
        // To the start, with room for all.
        script.state.settings.start = StartAt::Newest(1000);
        let mut loads = 0;
        loop {
            if let Some((_, plan)) = older(&script) {
                script = script.reply("older", Ok(log.answer(&plan)));
            }
            script = script.keys("g k");
            loads += 1;
            if older(&script).is_none() || loads > 9 {
                break;
            }
        }
        let (script, held) = listed(script);
        let all = BTreeMap::from([(0, log.starts[0]), (1, log.starts[1])]);
        let at_start = held.iter().enumerate().all(|(p, held)| held.first().is_none_or(|first| all.get(&p) == Some(first)));
        let screen = script.screen();
        prop_assert!(at_start || screen.contains("buffer full"), "{:?}\n{}", held, screen);
    }
}

#[test]
fn a_late_answer_is_nobodys() {
    let script = opened(&LOG, 20, 5000).keys("g k");
    let (id, plan) = older(&script).unwrap();
    let mut script = script.keys("/").text(".tenth == true").keys("enter");
    let reply = crate::core::ask::Reply { id, result: Ok(LOG.answer(&plan)) };
    script.event(Event::Arrival(Arrival::Reply(reply)));
    let (_, held) = listed(script);
    assert!(held.iter().flatten().all(|offset| offset % 10 == 0), "{held:?}");
}

#[test]
fn partitions_of_which_nothing_is_known_are_not_counted() {
    let script = Script::at(120, 36).cluster(vec![topic("orders", 2)]).keys("enter").deliver(chunk(&[record(0, 59)]), vec![]);
    let mut progress = LOG.progress([59, 55]);
    progress.partitions[1].first = None;
    let script = script.sees_not("older").progress(progress).sees("▲ up to 49 older in 1 of 2 partitions");
    let script = script.keys("k");
    assert_eq!(older(&script).unwrap().1.partitions, Some(vec![PartitionId(0)]));
}

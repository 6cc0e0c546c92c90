//! `kscope search` against what else finds a record in a topic: whole processes, one after the other, medians.
//!
//! Needs a cluster with topics of JSON events and, in each, one record near the end that holds the needle:
//! `KSCOPE_BENCH_BOOTSTRAP=HOST:PORT KSCOPE_BENCH_TOPICS=clicks-none,clicks-lz4 KSCOPE_BENCH_NEEDLE=needle-in-haystack-77
//! KSCOPE_BENCH_PATH=.marker cargo bench --bench search`. What is not installed is said and left out. `KSCOPE_BENCH_ALSO` is the
//! shell line of one more way, with `{topic}` and `{needle}` in it, that prints 1: for what needs files of its own, as yozefu does.
#![expect(clippy::disallowed_methods, reason = "a bench reads clocks and files")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Failed = Box<dyn Error + Send + Sync>;

const RUNS: usize = 5;
const LITERAL: &str = "kscope, literal";

fn main() -> Result<(), Failed> {
    let Ok(bootstrap) = std::env::var("KSCOPE_BENCH_BOOTSTRAP") else {
        println!("search: skipped, KSCOPE_BENCH_BOOTSTRAP names no cluster");
        return Ok(());
    };
    let variable = |name: &str, or: &str| std::env::var(name).unwrap_or_else(|_unset| or.to_owned());
    let (needle, path) = (variable("KSCOPE_BENCH_NEEDLE", "needle-in-haystack-77"), variable("KSCOPE_BENCH_PATH", ".marker"));
    println!("| topic | way | wall s | CPU s | peak MB | times as long as the literal |\n|---|---|---|---|---|---|");
    for topic in variable("KSCOPE_BENCH_TOPICS", "clickstream").split(',') {
        let ways = ways(&bootstrap, topic, &needle, &path);
        let peak = peak(&["search", "-b", &bootstrap, "-o", "ndjson", "-q", topic, &format!("\"{needle}\"")])?;
        // In turns, so that whatever else the machine does befalls all alike.
        let mut runs: Vec<Vec<(Duration, Duration)>> = ways.iter().map(|_| Vec::new()).collect();
        for turn in 0..RUNS {
            for (way, runs) in ways.iter().zip(&mut runs) {
                if turn == 0 || !way.slow {
                    runs.push(way.run()?);
                }
            }
        }
        let wall = |runs: &[(Duration, Duration)]| median(runs.iter().map(|run| run.0).collect());
        let first = runs.first().map_or(Duration::ZERO, |runs| wall(runs));
        for (way, runs) in ways.iter().zip(&runs) {
            let (wall, cpu) = (wall(runs), median(runs.iter().map(|run| run.1).collect()));
            let times = wall.as_secs_f64() / first.as_secs_f64();
            let peak = if way.name == LITERAL { peak.to_string() } else { String::new() };
            println!("| {topic} | {} | {:.2} | {:.2} | {peak} | {times:.1} |", way.name, wall.as_secs_f64(), cpu.as_secs_f64());
        }
    }
    Ok(())
}

/// One way to find the record.
struct Way {
    name: &'static str,
    shell: String,
    /// Run once only.
    slow: bool,
}

fn ways(bootstrap: &str, topic: &str, needle: &str, path: &str) -> Vec<Way> {
    let kscope = env!("CARGO_BIN_EXE_kscope");
    let way = |name: &'static str, shell: String| Way { name, shell, slow: false };
    let search = |more: &str, query: &str| format!("{kscope} search -b {bootstrap} -o ndjson -q {more} {topic} '{query}' | grep -c .");
    let mut all = vec![
        way(LITERAL, search("", &format!("\"{needle}\""))),
        way("kscope, JSON equality", search("", &format!("{path} == \"{needle}\""))),
        way("kscope, newest first", search("--newest-first -n 1", &format!("{path} == \"{needle}\""))),
        way("kscope, count by the path", search("", &format!("{path} == \"{needle}\" | count by {path}"))),
    ];
    let queues = "-X queued.min.messages=10000000 -X queued.max.messages.kbytes=2000000";
    if is_there("kcat") {
        let kcat = format!("kcat -C -q -e -b {bootstrap} -t {topic}");
        all.push(way("kcat, larger queues, grep", format!("{kcat} {queues} | grep -c {needle}")));
        all.push(Way { slow: true, ..way("kcat, grep", format!("{kcat} | grep -c {needle}")) });
        if is_there("jq") {
            let select = format!("{kcat} {queues} | jq -c 'select({path} == \"{needle}\")' | grep -c .");
            all.push(Way { slow: true, ..way("kcat, larger queues, jq", select) });
        }
    }
    match std::env::var("KSCOPE_BENCH_ALSO") {
        Ok(line) => all.push(Way { slow: true, ..way("KSCOPE_BENCH_ALSO", line.replace("{topic}", topic).replace("{needle}", needle)) }),
        Err(_unset) => println!("search: yozefu and its like are left out: KSCOPE_BENCH_ALSO names no further way"),
    }
    all
}

/// Says what is missing.
fn is_there(program: &str) -> bool {
    let there = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        println!("search: {program} is not installed and left out");
    }
    there
}

impl Way {
    /// Wall and CPU time of the whole pipe, which has to find one record.
    fn run(&self) -> Result<(Duration, Duration), Failed> {
        let before = children()?;
        let began = Instant::now();
        let output = Command::new("sh").args(["-c", &self.shell]).stderr(Stdio::null()).output()?;
        let wall = began.elapsed();
        let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if found != "1" {
            return Err(format!("{}: found {found:?} and not 1: {}", self.name, self.shell).into());
        }
        Ok((wall, children()?.saturating_sub(before)))
    }
}

/// Peak of resident memory of one kscope, in MB, as last seen while it ran.
fn peak(arguments: &[&str]) -> Result<u64, Failed> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kscope")).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        // Without the line the process has just ended.
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = now.unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(peak / 1000)
}

/// CPU time of all children that have ended.
fn children() -> Result<Duration, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // Fields 16 and 17 of proc_pid_stat(5), in hundredths of a second.
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    Ok(Duration::from_millis((ticks(13) + ticks(14)) * 10))
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

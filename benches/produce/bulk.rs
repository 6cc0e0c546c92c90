//! Many records from a file, by whole processes in turn: kscope from NDJSON, kcat and the perf test with the same values.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Failed, Place, line, median, ratio, value};

const RUNS: usize = 5;

/// A program's name, and what runs it once.
type Program<'a> = (&'a str, Box<dyn Fn() -> Result<Command, Failed> + 'a>);

/// What one process took.
struct Took {
    wall: Duration,
    cpu: Duration,
    /// Peak of resident memory in kB, as last seen.
    peak: u64,
}

pub(super) fn compare(place: &Place) -> Result<(), Failed> {
    let records: u64 = if place.real { 1_000_000 } else { 100_000 };
    let folder = tempfile::tempdir()?;
    let (ndjson, values) = (folder.path().join("records.ndjson"), folder.path().join("values"));
    // The perf test holds its file in memory, and takes records from it by chance.
    let some = folder.path().join("some");
    let few = (0..10_000).map(value).collect::<Vec<_>>().join("\n");
    std::fs::write(&some, few)?;
    let (mut to, mut bare) = (BufWriter::new(File::create(&ndjson)?), BufWriter::new(File::create(&values)?));
    for n in 0..records {
        let value = value(n);
        to.write_all(line(n, None, &value, "").as_bytes())?;
        writeln!(bare, "{value}")?;
    }
    to.flush()?;
    bare.flush()?;
    let perf = std::env::var("KSCOPE_BENCH_PERF_TEST").unwrap_or_else(|_unset| "kafka-producer-perf-test".to_owned());
    let mut programs: Vec<Program<'_>> = vec![(
        "kscope",
        Box::new(|| {
            let mut kscope = Command::new(env!("CARGO_BIN_EXE_kscope"));
            kscope.args(["produce", &place.topic, "--ndjson", "-q", "-b", &place.bootstrap]).stdin(File::open(&ndjson)?);
            kscope.env("KSCOPE_STATE_DIR", folder.path()).env("KSCOPE_CONFIG_DIR", folder.path());
            Ok(kscope)
        }),
    )];
    if there("kcat", "-V") {
        programs.push((
            "kcat -P -l",
            Box::new(|| {
                let mut kcat = Command::new("kcat");
                kcat.args(["-P", "-X", "acks=all", "-b", &place.bootstrap, "-t", &place.topic, "-l"]).arg(&values);
                Ok(kcat)
            }),
        ));
    }
    if place.real && there(&perf, "--help") {
        programs.push(("kafka-producer-perf-test", Box::new(|| Ok(perf_test(&perf, place, records, &some)))));
    }
    let mut took: Vec<Vec<Took>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..RUNS {
        for ((_, program), took) in programs.iter().zip(&mut took) {
            took.push(run(program()?)?);
        }
    }
    let walls: Vec<Duration> = took.iter().map(|runs| median(runs.iter().map(|run| run.wall).collect())).collect();
    for (((name, _), runs), wall) in programs.iter().zip(&took).zip(&walls) {
        let cpu = median(runs.iter().map(|run| run.cpu).collect());
        let peak = runs.iter().map(|run| run.peak).max().unwrap_or(0) / 1000;
        let all: Vec<String> = runs.iter().map(|run| format!("{:.2}", run.wall.as_secs_f64())).collect();
        println!(
            "bulk, {records} records of 300 bytes, {name}: {:.2} s ({}), {:.2} s CPU, peak {peak} MB",
            wall.as_secs_f64(),
            all.join(" "),
            cpu.as_secs_f64()
        );
    }
    for ((name, _), wall) in programs.iter().zip(&walls).skip(1) {
        println!("bulk: kscope / {name}: time ratio {:.2}", ratio(walls[0], *wall));
    }
    Ok(())
}

fn perf_test(program: &str, place: &Place, records: u64, values: &Path) -> Command {
    let mut perf = Command::new(program);
    perf.args(["--topic", &place.topic, "--throughput", "-1", "--num-records", &records.to_string(), "--payload-file"]).arg(values);
    perf.args(["--producer-props", "acks=all", &format!("bootstrap.servers={}", place.bootstrap)]);
    perf
}

fn there(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Runs it to its end. What it has used is looked at all the while: afterwards the system does not tell.
fn run(mut program: Command) -> Result<Took, Failed> {
    let began = Instant::now();
    let mut child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (mut cpu, mut peak) = (Duration::ZERO, 0);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        (cpu, peak) = (used(child.id()).unwrap_or(cpu), resident(child.id()).unwrap_or(peak));
        std::thread::sleep(Duration::from_millis(5));
    };
    if !status.success() {
        return Err(format!("{program:?}: {status}").into());
    }
    Ok(Took { wall: began.elapsed(), cpu, peak })
}

/// User and system time of a process.
fn used(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(Duration::from_millis((fields.next()?.ok()? + fields.next()?.ok()?) * 10))
}

fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
}

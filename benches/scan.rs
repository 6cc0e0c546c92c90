//! How much CPU it takes to walk every record of a topic, compared with a bare loop that only fetches and decompresses; to search
//! it for a rare literal and for a rare JSON equality, compared with a bare loop that also walks the records; and how much faster
//! the same search is a second time, from memory.
//!
//! Needs a cluster: `KSCOPE_BENCH_BOOTSTRAP=HOST:PORT KSCOPE_BENCH_TOPICS=clicks-lz4,clicks-zstd cargo bench --bench scan`, with
//! `KSCOPE_BENCH_NEEDLE` and `KSCOPE_BENCH_PATH` as for the bench `search`.
//! Each measurement is a process of its own, so that its CPU time and its peak of resident memory are its own; the median of
//! five is printed.
#![expect(clippy::disallowed_methods, reason = "a bench reads clocks and files")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::error::Error;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kscope::core::stream::{Isolation, Plan, Progress};
use kscope::io::kafka::{Address, At, Client, FetchAsk, FetchFrom, Isolation as Level, OffsetAsk, Settings};
use kscope::io::scan::{self, Options, Recent, Shape, Sink, Taken};
use kscope::io::work::Work;
use kscope::model::{LeaderEpoch, Offset, PartitionId, Time, TopicId, TopicName};
use kscope::query::position::Position;
use kscope::query::{self, Context, Filter};
use kscope::records::{self, Found, Scratch};
use tokio::sync::mpsc;

type Failed = Box<dyn Error + Send + Sync>;

const RUNS: usize = 5;
const MODES: [&str; 6] = ["bare", "bare-records", "walk", "literal", "equality", "again"];

fn main() -> Result<(), Failed> {
    let Ok(bootstrap) = std::env::var("KSCOPE_BENCH_BOOTSTRAP") else {
        println!("scan: skipped, KSCOPE_BENCH_BOOTSTRAP names no cluster");
        return Ok(());
    };
    let args: Vec<String> = std::env::args().collect();
    if let [_, mode, topic] = args.as_slice()
        && MODES.contains(&mode.as_str())
    {
        return child(mode, &bootstrap, topic);
    }
    let topics = std::env::var("KSCOPE_BENCH_TOPICS").unwrap_or_else(|_unset| "clickstream".to_owned());
    for topic in topics.split(',') {
        let bare = median("bare", topic)?;
        let walk = median("walk", topic)?;
        println!("{topic}: bare {bare}; walk {walk}; CPU ratio {:.2}", walk.cpu.as_secs_f64() / bare.cpu.as_secs_f64());
        let bare = median("bare-records", topic)?;
        for mode in ["literal", "equality"] {
            let search = median(mode, topic)?;
            let ratio = search.cpu.as_secs_f64() / bare.cpu.as_secs_f64();
            println!("{topic}: bare with records {bare}; {mode} {search}; CPU ratio {ratio:.2}");
        }
        let again = median("again", topic)?;
        println!("{topic}: first search {again}; the second {:.3} s wall: {:.1} times faster", again.second(), again.times());
    }
    Ok(())
}

/// One run's figures.
#[derive(Debug, Clone, Copy)]
struct Figures {
    records: u64,
    wall: Duration,
    cpu: Duration,
    /// Peak of resident memory in kB.
    peak: u64,
    /// Of the same search again, where there is one.
    again: Duration,
}

impl Figures {
    fn second(&self) -> f64 {
        self.again.as_secs_f64()
    }

    fn times(&self) -> f64 {
        self.wall.as_secs_f64() / self.again.as_secs_f64()
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (wall, cpu) = (self.wall.as_secs_f64(), self.cpu.as_secs_f64());
        write!(f, "{} records, {wall:.2} s wall, {cpu:.2} s CPU, {} MB resident", self.records, self.peak / 1000)
    }
}

fn median(mode: &str, topic: &str) -> Result<Figures, Failed> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let output = Command::new(std::env::current_exe()?).args([mode, topic]).output()?;
        let text = String::from_utf8(output.stdout)?;
        let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [records, wall, cpu, peak, again] = numbers[..] else {
            return Err(format!("{mode} {topic}: {}", String::from_utf8_lossy(&output.stderr)).into());
        };
        let [wall, cpu, again] = [wall, cpu, again].map(Duration::from_micros);
        runs.push(Figures { records, wall, cpu, peak, again });
    }
    runs.sort_by_key(|run| if mode == "again" { run.again } else { run.cpu });
    runs.get(RUNS / 2).copied().ok_or_else(|| "no run".into())
}

fn child(mode: &str, bootstrap: &str, topic: &str) -> Result<(), Failed> {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let client = Client::new(Settings::new(Address::parse_list(bootstrap)?));
    let topic = TopicName::new(topic);
    let (mut wall, mut again) = (None, Duration::ZERO);
    let records = match mode {
        "bare" => runtime.block_on(bare(client, topic, false))?,
        "bare-records" => runtime.block_on(bare(client, topic, true))?,
        "again" => runtime.block_on(async {
            // As large as it takes: what does not fit is fetched again.
            let recent = Recent::new(4 << 30);
            let first = walk(&client, &topic, filter("literal"), Some(&recent)).await?;
            wall = Some(began.elapsed());
            let began = Instant::now();
            let second = walk(&client, &topic, filter("equality"), Some(&recent)).await?;
            again = began.elapsed();
            if second == first { Ok(first) } else { Err(Failed::from("the second search read other records")) }
        })?,
        _ => runtime.block_on(walk(&client, &topic, filter(mode), None))?,
    };
    let wall = wall.unwrap_or_else(|| began.elapsed());
    println!("{records} {} {} {} {}", wall.as_micros(), cpu()?.as_micros(), peak()?, again.as_micros());
    Ok(())
}

/// What is searched in that mode.
fn filter(mode: &str) -> Option<Arc<Filter>> {
    let variable = |name: &str, or: &str| std::env::var(name).unwrap_or_else(|_unset| or.to_owned());
    let (needle, path) = (variable("KSCOPE_BENCH_NEEDLE", "needle-in-haystack-77"), variable("KSCOPE_BENCH_PATH", ".marker"));
    let text = match mode {
        "literal" => format!("\"{needle}\""),
        "equality" => format!("{path} == \"{needle}\""),
        _ => return None,
    };
    query::parse(&text).ok().map(|query| Arc::new(Filter::compile(&query, &Context::utc(Time(0)))))
}

/// The engine: every record with CRC check, counted.
async fn walk(client: &Client, topic: &TopicName, filter: Option<Arc<Filter>>, recent: Option<&Recent>) -> Result<u64, Failed> {
    struct Count(mpsc::UnboundedSender<u64>);
    impl Sink for Count {
        async fn take(&mut self, _taken: Taken) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn progress(&mut self, progress: Progress) {
            // The receiver lives as long as the reader.
            let _heard = self.0.send(progress.read);
        }
    }
    let plan = Plan {
        topic: topic.clone(),
        topic_id: TopicId::default(),
        from: Position::Earliest,
        until: Some(Position::Now),
        partitions: None,
        isolation: Isolation::ReadUncommitted,
        filter,
        newest: None,
        keep: usize::MAX,
    };
    let options = Options { recent: recent.cloned(), ..Options::headless(Shape::Count, Context::utc(Time(0))) };
    let work = Work::start(options.links)?;
    let (count, mut counts) = mpsc::unbounded_channel();
    let (_steer, flow) = mpsc::unbounded_channel();
    scan::read(client.clone(), work, plan, options, flow, Count(count)).await.map_err(|failure| failure.sentence())?;
    let mut read = 0;
    while let Ok(more) = counts.try_recv() {
        read = more;
    }
    Ok(read)
}

/// One connection per core, each with its own partitions: fetch, hop, fetch on, decompress. With `walks` every record is walked,
/// else none is looked at.
async fn bare(client: Client, topic: TopicName, walks: bool) -> Result<u64, Failed> {
    let about = client.topic("bench", &topic).await.map_err(|failure| failure.sentence())?;
    let ask = |id: PartitionId| OffsetAsk { topic: topic.clone(), partition: id, at: At::Latest };
    let asks: Vec<OffsetAsk> = about.partitions.iter().map(|partition| ask(partition.id)).collect();
    let ends = client.list_offsets("bench", &asks, Level::ReadUncommitted).await.map_err(|failure| failure.sentence())?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut running = tokio::task::JoinSet::new();
    for core in 0..cores {
        let mine = about.partitions.iter().zip(&ends).skip(core).step_by(cores);
        let mut parts = Vec::new();
        for (partition, end) in mine {
            let end = end.as_ref().ok().and_then(|end| end.offset()).ok_or("no end")?;
            parts.push((partition.id, Offset(0), end));
        }
        let Some(broker) = about.partitions.first().and_then(|partition| partition.leader) else { continue };
        let link = client.scan_link(broker).await.map_err(|failure| failure.sentence())?;
        let (topic, id) = (topic.clone(), about.id);
        running.spawn(async move {
            let request = |parts: &[(PartitionId, Offset, Offset)]| FetchAsk {
                isolation: Level::ReadCommitted,
                max_wait: Duration::from_millis(500),
                min_bytes: 1,
                max_bytes: 16 << 20,
                partitions: parts.iter().map(|&(partition, offset, _)| from(&topic, id, partition, offset)).collect(),
                cap: None,
                head_if_larger: false,
            };
            let (mut scratch, mut count) = (Scratch::default(), 0_u64);
            let mut answer = Box::pin(link.fetch(&request(&parts)));
            loop {
                let fetched = answer.await.map_err(|failure| failure.sentence())?;
                let mut bytes = Vec::new();
                for got in fetched.partitions {
                    if let Some(part) = parts.get_mut(got.index) {
                        let hop = records::hop(part.1, &got.records);
                        part.1 = hop.next;
                        count += u64::try_from(hop.records)?;
                        bytes.push(got.records);
                    }
                }
                parts.retain(|(_, offset, end)| offset < end);
                answer = Box::pin(link.fetch(&request(&parts)));
                for records in bytes {
                    for found in records::batches(PartitionId(0), &records) {
                        if let Found::Batch(batch) = found {
                            let opened = std::hint::black_box(batch.open_unchecked(&mut scratch)?);
                            if walks {
                                std::hint::black_box(opened.records().verify(|_fault| {}));
                            }
                        }
                    }
                }
                if parts.is_empty() {
                    return Ok::<u64, Failed>(count);
                }
            }
        });
    }
    let mut all = 0;
    while let Some(count) = running.join_next().await {
        all += count??;
    }
    Ok(all)
}

fn from(topic: &TopicName, topic_id: TopicId, partition: PartitionId, offset: Offset) -> FetchFrom {
    let epoch = LeaderEpoch(-1);
    FetchFrom { topic: topic.clone(), topic_id, partition, offset, leader_epoch: epoch, last_epoch: epoch, max_bytes: 1 << 20 }
}

/// User and system time of this process.
fn cpu() -> Result<Duration, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).ok_or("no CPU time");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

fn peak() -> Result<u64, Failed> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

//! What the user feels: the time of a frame. `cargo bench --bench draw`. After the table, the distribution of 2,000 frames
//! while 50,000 records arrive in a second: 1,650 records, a key, what the pool answered, a drawing of 200×60 cells.

#![expect(clippy::unwrap_used, reason = "a bench may end loudly")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::Bencher;
use kscope::app::setup;
use kscope::config::Config;
use kscope::core::ask::{Answer, Ask, Reply};
use kscope::core::effect::{Effect, TaskId};
use kscope::core::event::{Arrival, Event};
use kscope::core::key::{Input, Key, KeyCode};
use kscope::core::stream::Delivery;
use kscope::draw;
use kscope::io::runner;
use kscope::model::{
    BatchFacts, Broker, BrokerId, Chunk, ChunkBuilder, ClusterView, Codec, Foreign, Headers, LeaderEpoch, Offset, Partition, PartitionId,
    RecordRef, Time, TimestampType, Topic, TopicId, TopicName,
};
use kscope::screens::Route;
use kscope::state::State;
use kscope::ui::{Depth, Ground, Theme};
use kscope::update::{start, update};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// 2026-11-20 12:41:07 UTC, in milliseconds.
const NOW: i64 = 1_795_178_467_000;
const SIZE: (u16, u16) = (200, 60);
/// Records of one frame of a thirtieth of a second, in the chunks of the reader.
const FRAME: [usize; 4] = [500, 500, 500, 150];

fn main() {
    divan::main();
    let lists = std::env::args().any(|argument| argument == "--list" || argument == "--test");
    if !lists {
        distribution("50,000 records/s", None);
        distribution("50,000 records/s, a filter in force", Some(".status == FAILED and .amount > 100"));
    }
}

/// The program without its loop: what it asked for is answered when the bench says so.
struct Program {
    state: State,
    asked: Vec<(TaskId, Ask)>,
    reader: Option<TaskId>,
    generation: u32,
    buffer: Buffer,
}

impl Program {
    fn start(topics: usize) -> Self {
        let config = Config::of(None, &|_| None).unwrap();
        let settings = setup::settings(&config);
        let theme = Theme::new(Depth::True, Ground::Dark);
        let (state, effects) = start(Time::from_millis(NOW), SIZE, "kafka-1:9092".to_owned(), theme, settings, Route::Topics);
        let buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        let mut program = Self { state, asked: Vec::new(), reader: None, generation: 0, buffer };
        program.takes(effects);
        let (id, _) = program.asked.remove(0);
        program.event(Event::Arrival(Arrival::Reply(Reply { id, result: Ok(Answer::Cluster(Arc::new(cluster(topics)))) })));
        program
    }

    /// On the screen of the first topic's messages, with so many records held.
    fn messages(records: usize) -> Self {
        let mut program = Self::start(3);
        program.key("enter");
        for first in (0..records).step_by(500) {
            program.delivers(&Arc::new(chunk(first, 500)));
        }
        program.answers();
        program
    }

    fn takes(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start { id, ask: Ask::Read(_), .. } => self.reader = Some(id),
                Effect::Start { id, ask, .. } => self.asked.push((id, ask)),
                Effect::Flow(_, kscope::core::stream::Flow::Filter { generation, .. }) => self.generation = generation,
                _ => {}
            }
        }
    }

    fn event(&mut self, event: Event) {
        let effects = update(&mut self.state, event);
        self.takes(effects);
    }

    fn key(&mut self, name: &str) {
        self.event(Event::Input(Input::Key(Key::parse(name).unwrap())));
    }

    fn delivers(&mut self, chunk: &Arc<Chunk>) {
        let read = chunk.len() as u64;
        let delivery = Delivery { generation: self.generation, facts: Vec::new(), chunk: Arc::clone(chunk), read, not_shown: 0 };
        self.event(Event::Arrival(Arrival::Chunk(self.reader.unwrap(), delivery)));
    }

    /// What the pool makes of what was asked.
    fn computed(&mut self) -> Vec<Reply> {
        self.asked.drain(..).map(|(id, ask)| Reply { id, result: runner::compute(&ask) }).collect()
    }

    fn answers(&mut self) {
        while !self.asked.is_empty() {
            for reply in self.computed() {
                self.event(Event::Arrival(Arrival::Reply(reply)));
            }
        }
    }

    fn draw(&mut self) {
        self.buffer.reset();
        draw::draw(&self.state, &mut self.buffer);
    }
}

fn cluster(topics: usize) -> ClusterView {
    let partition = |id| Partition {
        id: PartitionId(id),
        leader: Some(BrokerId(id % 3 + 1)),
        leader_epoch: LeaderEpoch(3),
        replicas: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
        isr: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
        offline: vec![],
    };
    let topic = |n: usize| Topic {
        name: TopicName::new(format!("team-{:03}.orders.created.v{n:05}", n % 97)),
        id: TopicId([7; 16]),
        internal: false,
        partitions: (0..12).map(partition).collect(),
        error: None,
    };
    let mut topics: Vec<_> = (0..topics).map(|n| Arc::new(topic(n))).collect();
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    let broker = |id| Broker { id: BrokerId(id), host: Foreign::new(format!("kafka-{id}")), port: 9092, rack: None };
    ClusterView {
        id: None,
        controller: Some(BrokerId(1)),
        brokers: (1..4).map(broker).collect(),
        topics,
        release: Some("4.2"),
        certificate: None,
    }
}

/// Orders of about 600 bytes, every third one failed.
fn order(n: usize) -> String {
    let status = if n.is_multiple_of(3) { "FAILED" } else { "PAID" };
    let note = "n".repeat(330);
    format!(
        "{{\"orderId\":\"51ab77e0-2c41-4f0e-9a77-{n:012}\",\"customer\":{{\"id\":{},\"email\":\"u{n}@example.org\"}},\"status\":\"{status}\",\
         \"amount\":150.00,\"cur\":\"EUR\",\"items\":[{{\"sku\":\"A-1\",\"n\":1}},{{\"sku\":\"B-77\",\"n\":2}}],\"note\":\"{note}\"}}",
        9_007_199_254_740_993_u64 + n as u64
    )
}

fn chunk(first: usize, records: usize) -> Chunk {
    let values: Vec<String> = (first..first + records).map(order).collect();
    chunk_of(first, values.iter().map(String::as_bytes))
}

fn chunk_of<'a>(first: usize, values: impl Iterator<Item = &'a [u8]>) -> Chunk {
    let mut builder = ChunkBuilder::default();
    for (n, value) in (first..).zip(values) {
        let offset = Offset(i64::try_from(n).unwrap());
        let batch = BatchFacts {
            base_offset: Offset(offset.0 / 50 * 50),
            next_offset: Offset(offset.0 / 50 * 50 + 50),
            codec: Codec::Zstd,
            records: 50,
            size: 9000,
            magic: 2,
            leader_epoch: LeaderEpoch(14),
            timestamp_type: TimestampType::Create,
            transaction: None,
        };
        let key = format!("cust-{}", n % 9000);
        let record = RecordRef {
            partition: PartitionId(i32::try_from(n / 50 % 12).unwrap()),
            offset,
            timestamp_ms: NOW,
            timestamp_type: TimestampType::Create,
            key: Some(key.as_bytes()),
            value: Some(value),
            headers: Headers::default(),
            leader_epoch: LeaderEpoch(14),
            transaction: None,
        };
        assert!(builder.push(&record, &batch));
    }
    builder.finish()
}

#[divan::bench]
fn draw_5000_topics(bencher: Bencher<'_, '_>) {
    let mut program = Program::start(5000);
    bencher.bench_local(|| program.draw());
}

#[divan::bench]
fn key_and_draw_5000_topics(bencher: Bencher<'_, '_>) {
    let mut program = Program::start(5000);
    let mut keys = ["ctrl-f", "G", "g", "j"].iter().cycle();
    bencher.bench_local(|| {
        program.key(keys.next().unwrap());
        program.draw();
    });
}

#[divan::bench]
fn filter_letter_and_draw_5000_topics(bencher: Bencher<'_, '_>) {
    let mut program = Program::start(5000);
    program.key("/");
    let mut keys = ["9", "backspace"].iter().cycle();
    bencher.bench_local(|| {
        program.key(keys.next().unwrap());
        program.draw();
    });
}

#[divan::bench]
fn draw_5000_messages(bencher: Bencher<'_, '_>) {
    let mut program = Program::messages(5000);
    bencher.bench_local(|| program.draw());
}

#[divan::bench]
fn key_and_draw_5000_messages(bencher: Bencher<'_, '_>) {
    let mut program = Program::messages(5000);
    let mut keys = ["ctrl-b", "k", "g", "ctrl-d", "G"].iter().cycle();
    bencher.bench_local(|| {
        program.key(keys.next().unwrap());
        program.answers();
        program.draw();
    });
}

/// A value of 1 MB, from the answer of the pool's work on it to the first frame that shows it.
#[divan::bench]
fn open_1_mb_of_json(bencher: Bencher<'_, '_>) {
    let chunk = Arc::new(megabyte());
    bencher
        .with_inputs(|| {
            let mut program = Program::messages(0);
            program.delivers(&chunk);
            program
        })
        .bench_local_values(|mut program| {
            program.answers();
            program.draw();
            program
        });
}

/// Its last line, unfolded, and back.
#[divan::bench]
fn jump_and_draw_in_1_mb_of_json(bencher: Bencher<'_, '_>) {
    let mut program = Program::messages(0);
    program.delivers(&Arc::new(megabyte()));
    program.answers();
    program.key("tab");
    let mut keys = ["G", "ctrl-b", "g", "ctrl-f"].iter().cycle();
    bencher.bench_local(|| {
        program.key(keys.next().unwrap());
        program.draw();
    });
}

fn megabyte() -> Chunk {
    let mut value = String::from("[");
    while value.len() < 1_000_000 {
        value.push_str(&order(value.len()));
        value.push(',');
    }
    value.push_str("0]");
    chunk_of(0, std::iter::once(value.as_bytes()))
}

/// Frames while records arrive: what the loop does between two waits, without waiting.
fn distribution(what: &str, filter: Option<&str>) {
    let mut program = Program::messages(5000);
    if let Some(filter) = filter {
        program.key("/");
        for c in filter.chars() {
            program.event(Event::Input(Input::Key(Key::plain(KeyCode::Char(c)))));
        }
        program.key("enter");
        program.answers();
    }
    let chunks: Vec<_> = FRAME.iter().map(|&records| Arc::new(chunk(0, records))).collect();
    // Moving up ends following, which holds the reader; the last line goes on.
    let mut keys = ["j", "x", "k", "G"].iter().cycle();
    let mut times: Vec<Duration> = Vec::new();
    let mut replies = Vec::new();
    for _ in 0..2000 {
        let from = Instant::now();
        for reply in replies {
            program.event(Event::Arrival(Arrival::Reply(reply)));
        }
        for chunk in &chunks {
            program.delivers(chunk);
        }
        program.key(keys.next().unwrap());
        program.draw();
        black_box(&program.buffer);
        times.push(from.elapsed());
        // The pool's work, beside the loop.
        replies = program.computed();
    }
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 1000).min(times.len() - 1)).copied().unwrap_or_default();
    println!("{what}: frame p50 {:?}  p99 {:?}  p99.9 {:?}  longest {:?}", at(500), at(990), at(999), at(1000));
}

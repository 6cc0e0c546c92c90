//! A script: keys and replies in, asks and a screen out. Everything that the loop does but the terminal and the world.

mod figures;
mod groups;

pub(crate) use groups::TestGroup;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::setup;
use crate::config::Config;
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::context::{Context, Guard, Hue, Target};
use crate::core::effect::{Effect, TaskId};
use crate::core::event::{Arrival, Event};
use crate::core::guard::{ReadOnly, Receipt, Rules};
use crate::core::key::{Input, Key};
use crate::core::stream::{Delivery, Fact, PartitionProgress, Progress};
use crate::draw;
use crate::io::runner;
use crate::model::{
    BatchFacts, Broker, BrokerId, Chunk, ChunkBuilder, ClusterView, Codec, Failure, Foreign, Headers, LeaderEpoch, Offset, Partition,
    PartitionId, ProducerId, RecordRef, Time, TimestampType, Topic, TopicId, TopicName,
};
use crate::screens::{Route, Settings};
use crate::state::State;
use crate::ui::{Depth, Ground, Theme};
use crate::update::{start, update};

/// 2026-11-20 12:41:07 UTC.
pub(crate) const NOW: i64 = 1_795_178_467_000;

#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) state: State,
    /// Asks that nobody answered yet.
    waiting: VecDeque<(TaskId, Ask)>,
    /// What else was wanted.
    pub(crate) effects: Vec<Effect>,
}

impl Script {
    pub(crate) fn at(columns: u16, rows: u16) -> Self {
        Self::started("kafka-1:9092", Route::Topics, (columns, rows))
    }

    /// Of a program that was started without a cluster.
    pub(crate) fn nowhere(columns: u16, rows: u16) -> Self {
        Self::started("", Route::Contexts, (columns, rows))
    }

    fn started(bootstrap: &str, route: Route, size: (u16, u16)) -> Self {
        let theme = Theme::new(Depth::True, Ground::Dark);
        let (state, effects) = start(Time::from_millis(NOW), size, bootstrap.to_owned(), theme, settings(), route);
        let mut script = Self { state, waiting: VecDeque::new(), effects: Vec::new() };
        script.take(effects);
        script
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start { id, ask, permit, .. } => match ask {
                    // The line is always written; what it let through must carry the permit.
                    Ask::Audit(_) => {
                        let result = Ok(Answer::Audited(Receipt::of("line")));
                        self.event(Event::Arrival(Arrival::Reply(Reply { id, result })));
                    }
                    ask if ask.mutates() && permit.is_none() => panic!("{} without a permit", ask.name()),
                    Ask::Render(_) | Ask::Search { .. } | Ask::Highlight { .. } | Ask::Filter(_) | Ask::Compare { .. } => {
                        let result = runner::compute(&ask);
                        self.event(Event::Arrival(Arrival::Reply(Reply { id, result })));
                    }
                    ask => self.waiting.push_back((id, ask)),
                },
                other => self.effects.push(other),
            }
        }
    }

    pub(crate) fn event(&mut self, event: Event) {
        let effects = update(&mut self.state, event);
        self.take(effects);
    }

    /// So long later.
    pub(crate) fn later(mut self, by: Duration) -> Self {
        self.state.now = self.state.now.plus(by);
        self.event(Event::Woke);
        self
    }

    /// Keys with blanks between: "j j enter".
    #[track_caller]
    pub(crate) fn keys(mut self, keys: &str) -> Self {
        for word in keys.split_whitespace() {
            for key in Key::sequence(word).expect("a key") {
                self.event(Event::Input(Input::Key(key)));
            }
        }
        self
    }

    /// Letters as they are typed into a field.
    pub(crate) fn text(mut self, text: &str) -> Self {
        for c in text.chars() {
            let key = Key::plain(crate::core::key::KeyCode::Char(c));
            self.event(Event::Input(Input::Key(key)));
        }
        self
    }

    /// Goes to a place as a key or a command would.
    pub(crate) fn open(mut self, route: Route) -> Self {
        let mut effects = Vec::new();
        crate::update::open_route(&mut self.state, route, &mut effects);
        self.take(effects);
        self
    }

    /// A part of the answer to the newest ask of that name.
    #[track_caller]
    pub(crate) fn part(mut self, name: &str, answer: Answer) -> Self {
        let (id, _) = self.ask(name);
        self.event(Event::Arrival(Arrival::Part(id, answer)));
        self
    }

    pub(crate) fn input(mut self, input: Input) -> Self {
        self.event(Event::Input(input));
        self
    }

    /// The ids and names of what waits for an answer.
    pub(crate) fn waiting(&self) -> Vec<&'static str> {
        self.waiting.iter().map(|(_, ask)| ask.name()).collect()
    }

    /// All that waits for an answer.
    pub(crate) fn all_waiting(&self) -> impl Iterator<Item = &Ask> {
        self.waiting.iter().map(|(_, ask)| ask)
    }

    /// The newest ask of that name, with its id.
    #[track_caller]
    pub(crate) fn ask(&self, name: &str) -> (TaskId, &Ask) {
        let found = self.waiting.iter().rev().find(|(_, ask)| ask.name() == name);
        found.map_or_else(|| panic!("{name} is not asked, but {:?}", self.waiting()), |(id, ask)| (*id, ask))
    }

    /// Answers the newest ask of that name.
    #[track_caller]
    pub(crate) fn reply(mut self, name: &str, result: Result<Answer, Failure>) -> Self {
        let (id, _) = self.ask(name);
        self.waiting.retain(|(other, _)| *other != id);
        self.event(Event::Arrival(Arrival::Reply(Reply { id, result })));
        self
    }

    #[track_caller]
    pub(crate) fn cluster(self, topics: Vec<Topic>) -> Self {
        self.reply("cluster", Ok(Answer::Cluster(Arc::new(cluster(topics)))))
    }

    /// Answers what is asked of topics' figures, as a healthy cluster does: `end` tells a partition's end by the topic's name.
    pub(crate) fn figures(self, end: impl Fn(&str, i32) -> Option<i64>) -> Self {
        self.groups(&[]).figures_alone(end)
    }

    /// Answers both what is asked about groups and about figures.
    pub(crate) fn figures_of(self, all: &[TestGroup], end: impl Fn(&str, i32) -> Option<i64>) -> Self {
        self.groups(all).figures_alone(end).groups(all)
    }

    /// Answers what is asked about groups, until nothing more is.
    pub(crate) fn groups(mut self, all: &[TestGroup]) -> Self {
        while let Some(at) = self.waiting.iter().position(|(_, ask)| groups::is_of_groups(ask)) {
            let Some((id, ask)) = self.waiting.remove(at) else { break };
            let (part, reply) = groups::answers(&ask, all);
            if let Some(part) = part {
                self.event(Event::Arrival(Arrival::Part(id, part)));
            }
            self.event(Event::Arrival(Arrival::Reply(Reply { id, result: Ok(reply) })));
        }
        self
    }

    fn figures_alone(mut self, end: impl Fn(&str, i32) -> Option<i64>) -> Self {
        while let Some(at) = self.waiting.iter().position(|(_, ask)| matches!(ask.name(), "positions" | "sizes" | "keep" | "topic")) {
            let Some((id, ask)) = self.waiting.remove(at) else { break };
            let (part, reply) = figures::answers(&ask, &end);
            if let Some(part) = part {
                self.event(Event::Arrival(Arrival::Part(id, part)));
            }
            self.event(Event::Arrival(Arrival::Reply(Reply { id, result: Ok(reply) })));
        }
        self
    }

    /// Records (and facts before them) for the running reader.
    #[track_caller]
    pub(crate) fn deliver(mut self, chunk: Chunk, facts: Vec<Fact>) -> Self {
        let (id, _) = self.ask("read");
        let generation = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Flow(task, crate::core::stream::Flow::Filter { generation, .. }) if *task == id => Some(*generation),
            _ => None,
        });
        let read = chunk.len() as u64;
        let delivery = Delivery { generation: generation.unwrap_or(0), facts, chunk: Arc::new(chunk), read, not_shown: 0 };
        self.event(Event::Arrival(Arrival::Chunk(id, delivery)));
        self
    }

    #[track_caller]
    pub(crate) fn progress(mut self, progress: Progress) -> Self {
        let (id, _) = self.ask("read");
        self.event(Event::Arrival(Arrival::Progress(id, Arc::new(progress))));
        self
    }

    /// What a terminal of that size shows.
    pub(crate) fn screen(&self) -> String {
        let (columns, rows) = self.state.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        draw::draw(&self.state, &mut buffer);
        text_of(&buffer)
    }

    #[track_caller]
    pub(crate) fn sees(self, text: &str) -> Self {
        let screen = self.screen();
        assert!(screen.contains(text), "{text:?} is not on the screen:\n{screen}");
        self
    }

    #[track_caller]
    pub(crate) fn sees_not(self, text: &str) -> Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} is on the screen:\n{screen}");
        self
    }
}

/// The defaults, as the documented file has them.
pub(crate) fn settings() -> Settings {
    setup::settings(&Config::of(None, &|_| None).expect("the default file"))
}

/// What one may go to: the cluster that a script begins with, and two contexts.
pub(crate) fn targets() -> Vec<Target> {
    let target = |name: &str, bootstrap: &str, rules: Rules, hue| Target {
        context: Context { name: Some(name.to_owned()), configured: true, hue, rules, ..Context::default() },
        bootstrap: bootstrap.to_owned(),
    };
    let guarded = Rules { guard: Guard::Typed, refused: Some(ReadOnly::Context { line: 12, write: false }) };
    vec![
        Target { context: Context::default(), bootstrap: "kafka-1:9092".to_owned() },
        Target {
            context: Context {
                security: "SASL_SSL SCRAM-SHA-512".to_owned(),
                unchecked: Some("▲TLS NAMES UNCHECKED"),
                ..target("prod-eu", "", guarded, Some(Hue::Red)).context
            },
            bootstrap: "kafka-1.int:9092,kafka-2.int:9092,kafka-3.int:9092".to_owned(),
        },
        target("staging", "stg.int:9092", Rules::default(), None),
    ]
}

/// As [`targets`], with some of other tools: one that can be gone to, one that cannot.
pub(crate) fn targets_elsewhere() -> Vec<Target> {
    let found = |name: &str, bootstrap: &str, from: &str| Target {
        context: Context {
            name: Some(name.to_owned()),
            from: Some(from.to_owned()),
            security: "PLAINTEXT".to_owned(),
            ..Context::default()
        },
        bootstrap: bootstrap.to_owned(),
    };
    let mut all = targets();
    for target in all.iter_mut().filter(|target| target.context.configured) {
        target.context.from = Some("config.toml".to_owned());
    }
    all.push(found("rpk:default", "127.0.0.1:19092", "~/.config/rpk/rpk.yaml"));
    let mut pods = found("kafkactl:pods", "broker1:9092", "~/.config/kafkactl/config.yml");
    pods.context.security = "unusable".to_owned();
    pods.context.unusable = Some("kafkactl runs in a pod of Kubernetes for it".to_owned());
    all.push(pods);
    all
}

fn text_of(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
            if skip == 0 {
                line.push_str(symbol);
                skip = crate::text::width(symbol).saturating_sub(1);
            } else {
                skip -= 1;
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

pub(crate) fn cluster(mut topics: Vec<Topic>) -> ClusterView {
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    let broker = |id| Broker { id: BrokerId(id), host: Foreign::new(format!("kafka-{id}")), port: 9092, rack: None };
    ClusterView {
        id: Some(crate::model::ClusterId::new("q2kZ")),
        controller: Some(BrokerId(1)),
        brokers: vec![broker(1), broker(2), broker(3)],
        topics: topics.into_iter().map(Arc::new).collect(),
        release: Some("4.2"),
        certificate: None,
    }
}

pub(crate) fn topic(name: &str, partitions: i32) -> Topic {
    let partition = |id| Partition {
        id: PartitionId(id),
        leader: Some(BrokerId(id % 3 + 1)),
        leader_epoch: LeaderEpoch(3),
        replicas: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
        isr: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
        offline: vec![],
    };
    let mut id = [7; 16];
    if let (Some(first), Some(byte)) = (id.first_mut(), name.bytes().next()) {
        *first = byte;
    }
    Topic {
        name: TopicName::new(name),
        id: TopicId(id),
        internal: name.starts_with("__"),
        partitions: (0..partitions).map(partition).collect(),
        error: None,
    }
}

/// One record of a chunk to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(&'static str, Option<&'static str>)>,
    pub(crate) transaction: Option<i64>,
    /// Milliseconds after [`NOW`] less two seconds; 111 for each offset unless told.
    pub(crate) at: Option<i64>,
}

pub(crate) fn made(offset: i64, key: &str, value: &str) -> Made {
    Made { offset, key: Some(key.into()), value: Some(value.into()), ..Made::default() }
}

pub(crate) fn chunk(made: &[Made]) -> Chunk {
    let mut builder = ChunkBuilder::default();
    for one in made {
        let mut wire = Vec::new();
        for (key, value) in &one.headers {
            zigzag(&mut wire, i32::try_from(key.len()).unwrap());
            wire.extend_from_slice(key.as_bytes());
            zigzag(&mut wire, value.map_or(-1, |value| i32::try_from(value.len()).unwrap()));
            wire.extend_from_slice(value.unwrap_or_default().as_bytes());
        }
        let transaction = one.transaction.map(ProducerId);
        let batch = BatchFacts {
            base_offset: Offset(one.offset),
            next_offset: Offset(one.offset + 1),
            codec: Codec::Zstd,
            records: 41,
            size: 900,
            magic: 2,
            leader_epoch: LeaderEpoch(14),
            timestamp_type: TimestampType::Create,
            transaction,
        };
        let record = RecordRef {
            partition: PartitionId(one.partition),
            offset: Offset(one.offset),
            timestamp_ms: NOW - 2000 + one.at.unwrap_or_else(|| one.offset * 111),
            timestamp_type: TimestampType::Create,
            key: one.key.as_deref(),
            value: one.value.as_deref(),
            headers: Headers::from_wire(&wire, u32::try_from(one.headers.len()).unwrap()),
            leader_epoch: LeaderEpoch(14),
            transaction,
        };
        assert!(builder.push(&record, &batch));
    }
    builder.finish()
}

/// A reader that has read up to the ends.
pub(crate) fn live(partitions: i32, end: i64) -> Progress {
    let partition = |id| PartitionProgress {
        id: PartitionId(id),
        first: None,
        position: Offset(end),
        span: None,
        log_start: Some(Offset(0)),
        stable: Some(Offset(end)),
        end: Some(Offset(end)),
        leader: Some(BrokerId(1)),
        trouble: None,
    };
    Progress { partitions: (0..partitions).map(partition).collect(), live: true, read: 10, matched: 10, ..Progress::default() }
}

/// A length as the wire has it.
fn zigzag(out: &mut Vec<u8>, n: i32) {
    let mut rest = ((n << 1) ^ (n >> 31)).cast_unsigned();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap());
}

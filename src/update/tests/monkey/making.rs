//! What may happen, at random: keys of the whole table, text, records, facts, progress, answers.

use std::fmt;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use crate::core::action::COMMANDS;
use crate::core::ask::{Answer, Behind, GroupAsk, GroupLag, GroupList, TopicFacts};
use crate::core::configure::{Preview, Told, Wish};
use crate::core::context::{Context, Target};
use crate::core::key::{Input, Key};
use crate::core::lag::{Place, TopicPlaces};
use crate::core::produce;
use crate::core::stream::{Fact, PartitionProgress, Progress};
use crate::model::{
    BrokerId, Cause, Cleanup, Commit, Failure, Foreign, GroupDescription, GroupId, GroupKind, GroupListing, GroupState, Keep, LeaderEpoch,
    Member, Move, Offset, Operation, PartitionId, ProducerId, Resource, Setting, Source, Time, Topic, TopicError, TopicId, TopicName,
    TxnTable, Why,
};
use crate::testing::{self, topic};

/// One thing that happens.
#[derive(Clone)]
pub(super) enum Does {
    Press(Key),
    Type(String),
    Input(Input),
    Later(u64),
    Signal,
    Deliver { to: usize, made: Vec<Made>, facts: Vec<Fact>, generation: Generation, read: u64, not_shown: u64 },
    Progress { to: usize, progress: Progress },
    Answer { to: usize, outcome: Outcome },
}

/// As one reads a failing run: keys by name, one line each.
impl fmt::Debug for Does {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Press(key) => write!(f, "press {key}"),
            Self::Type(text) => write!(f, "type {text:?}"),
            Self::Input(input) => write!(f, "{input:?}"),
            Self::Later(ms) => write!(f, "{ms} ms later"),
            Self::Signal => write!(f, "signal"),
            Self::Deliver { to, made, facts, generation, read, not_shown } => {
                write!(f, "deliver to {to}: {made:?} {facts:?} {generation:?} read {read} not shown {not_shown}")
            }
            Self::Progress { to, progress } => write!(f, "progress to {to}: {progress:?}"),
            Self::Answer { to, outcome } => write!(f, "answer {to}: {outcome:?}"),
        }
    }
}

/// Under which filter records were read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Generation {
    Newest,
    Before,
}

#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// So many of [`topics`], the last ones.
    Good(usize),
    Bad,
    /// From a task that is over.
    Late,
    /// Of another kind than was asked for.
    Of(Answer),
}

/// A record to be made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    partition: i32,
    offset: i64,
    at: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(&'static str, Option<&'static str>)>,
    transaction: Option<i64>,
}

impl Made {
    pub(super) fn made(&self) -> testing::Made {
        testing::Made {
            partition: self.partition,
            offset: self.offset,
            key: self.key.clone(),
            value: self.value.clone(),
            headers: self.headers.clone(),
            transaction: self.transaction,
            at: Some(self.at),
        }
    }
}

pub(super) fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        20 => select(keys()).prop_map(Does::Press),
        4 => any::<char>().prop_filter("no key", |c| !c.is_control()).prop_map(|c| Does::Type(c.to_string())),
        5 => select(TEXTS).prop_map(|text| Does::Type(text.to_owned())),
        3 => select(vec!["enter", "esc", "tab", "j", "G", "q", "?"]).prop_map(|name| Does::Press(Key::parse(name).unwrap())),
        1 => any::<String>().prop_map(|text| Does::Input(Input::Paste(text))),
        1 => select(TEXTS).prop_map(|text| Does::Input(Input::Paste(text.to_owned()))),
        1 => (1..=300_u16, 1..=100_u16).prop_map(|(columns, rows)| Does::Input(Input::Resize(columns, rows))),
        5 => (30..130_u16, 8..40_u16).prop_map(|(columns, rows)| Does::Input(Input::Resize(columns, rows))),
        4 => (0..20_000_u64).prop_map(Does::Later),
        12 => delivery(),
        3 => (any::<usize>(), progress()).prop_map(|(to, progress)| Does::Progress { to, progress }),
        14 => (any::<usize>(), outcome()).prop_map(|(to, outcome)| Does::Answer { to, outcome }),
        1 => prop_oneof![19 => Just(Does::Later(1)), 1 => Just(Does::Signal)],
    ]
}

/// Every key of the table but the one that quits at once, which would end most runs early, and some that mean nothing.
fn keys() -> Vec<Key> {
    let table = COMMANDS.iter().flat_map(|row| row.keys.iter()).filter(|keys| **keys != "ctrl-c");
    let others = ["backspace", "delete", "ctrl-w", "ctrl-k", "ctrl-a", "ctrl-e", "alt-b", "alt-f", "ctrl-left", "f12", "shift-left"];
    table.chain(&others).flat_map(|keys| Key::sequence(keys).unwrap()).collect()
}

/// What somebody might type: filters right and wrong, positions, partitions, searches.
const TEXTS: &[&str] = &[
    "/",
    "/.a == 1",
    ".status == \"FAILED\" and .amount > 100",
    "key == \"k\" or keyless",
    "header.h ~ /x/ and not .b.c exists",
    "partition in (0, 2) and offset > 3",
    "time > now-15m",
    "/(a|b/",
    "\"unclosed",
    "and and",
    "((((((((((((((((",
    "!^orders",
    "-f ord",
    "o7@12000",
    "o-500",
    "o99999999999999999999",
    "pp0,2-3",
    "pp9999",
    "15m",
    "é漢\u{301}👩‍👩‍👧\u{202e}",
    "yvyqyp",
    "zRzMz1zz",
    "GGggVm'",
    "jjjj",
    "|||fff",
    "vvvvvv",
    "wwllhhll",
    ":ctx",
    ":ctx staging",
    ":t /ord @prod-eu",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => select(VALUES).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => any::<String>().prop_map(String::into_bytes),
        1 => (1..400_usize).prop_map(|levels| "[".repeat(levels).into_bytes()),
        1 => (1..300_usize).prop_map(|n| format!("[{}0]", "{\"a\":\"漢\u{202e}\"},".repeat(n)).into_bytes()),
    ]
}

const VALUES: &[&str] = &[
    "",
    "null",
    "{}",
    r#"{"a":1,"b":{"c":[1,2,{"d":null}],"status":"FAILED"},"amount":150.00}"#,
    r#"{"status":"FAILED","amount":9007199254740993}"#,
    r#"{"a":1,"a":2,"":"","\u0000":"\u202e"}"#,
    r#"{"a":[1,2,"#,
    "\u{1b}[31mred\u{9b}0m",
    "<?xml version=\"1.0\"?><a><b>\u{202e}</b></a>",
    "a: 1\nb:\n  - x\n  - \u{7}\n",
    "one\r\ntwo\tthree\u{b}\u{feff}",
    "e\u{301}\u{301}\u{301} 👩‍👩‍👧 漢字 \u{200b}\u{2066}",
];

fn made() -> impl Strategy<Value = Made> {
    let headers = select(vec![
        vec![],
        vec![("h", Some("x")), ("h", None), ("", Some(""))],
        vec![("\u{1b}[2J", Some("\u{9b}31m")), ("trace", Some("\u{202e}abc"))],
        vec![("many", Some("1")); 40],
    ]);
    let offset = prop_oneof![9 => 0..2000_i64, 1 => select(vec![i64::MAX - 1, 0, 1 << 40])];
    let at = prop_oneof![9 => 0..4000_i64, 1 => select(vec![i64::MIN, -testing::NOW + 1999, 1 << 60, -(1 << 50)])];
    let transaction = prop::option::weighted(0.3, 1..4_i64);
    (0..4_i32, offset, at, prop::option::of(bytes()), prop::option::weighted(0.9, bytes()), headers, transaction).prop_map(
        |(partition, offset, at, key, value, headers, transaction)| Made { partition, offset, at, key, value, headers, transaction },
    )
}

fn delivery() -> impl Strategy<Value = Does> {
    let generation = prop_oneof![5 => Just(Generation::Newest), 1 => Just(Generation::Before)];
    let facts = prop::collection::vec(fact(), 0..3);
    (any::<usize>(), prop::collection::vec(made(), 0..15), facts, generation, 0..50_u64, 0..3_u64)
        .prop_map(|(to, made, facts, generation, read, not_shown)| Does::Deliver { to, made, facts, generation, read, not_shown })
}

fn fact() -> impl Strategy<Value = Fact> {
    let partition = PartitionId(1);
    (select(vec![0, 7, i64::MIN, i64::MAX]), select(vec![0, 60_000, i64::MIN, i64::MAX]), 0..12_u8).prop_map(move |(from, to, kind)| {
        let (from, to) = (Offset(from), Offset(to));
        match kind {
            0 => Fact::Lost { partition, from, to },
            1 => Fact::Truncated { partition, from, to },
            2 => Fact::Corrupt { partition, offset: from, next: to, bytes: 7, why: "its CRC is wrong" },
            3 | 4 => Fact::TooLarge { partition, offset: from, next: to, bytes: u64::MAX },
            5 => Fact::Deleted,
            6 => Fact::Recreated { old: TopicId([1; 16]), new: TopicId([2; 16]) },
            7 => Fact::PartitionsAdded { from: 3, to: 5 },
            8 => Fact::Moved { partition, to: None, epoch: LeaderEpoch(1) },
            9 => Fact::Resumed { partitions: 2, after_ms: u64::MAX },
            10 => Fact::Said("a \u{1b}[31mcontrol\u{202e}".to_owned()),
            _ => Fact::NotAuthorised,
        }
    })
}

fn progress() -> impl Strategy<Value = Progress> {
    let offset = || select(vec![0, 5, 2000, i64::MAX, -1]).prop_map(Offset);
    let partition = (0..5_i32, offset(), prop::option::of(offset()), prop::option::weighted(0.2, select(TEXTS)));
    let partitions = prop::collection::vec(partition, 0..5);
    (partitions, any::<bool>(), 0..u64::MAX, prop::option::of((0..2000_i64, 1..4_i64, any::<bool>()))).prop_map(
        |(partitions, live, read, ended)| {
            let one = |(id, position, end, trouble): (i32, Offset, Option<Offset>, Option<&str>)| PartitionProgress {
                id: PartitionId(id),
                first: end.map(|_| position),
                position,
                span: None,
                log_start: end.map(|_| Offset(i64::MIN)),
                stable: end,
                end,
                leader: Some(BrokerId(1)),
                trouble: trouble.map(str::to_owned),
            };
            let mut txns = TxnTable::default();
            if let Some((at, producer, aborted)) = ended {
                let outcome = if aborted { crate::model::Outcome::Aborted } else { crate::model::Outcome::Committed };
                txns.marker(PartitionId(0), ProducerId(producer), Offset(at), outcome);
            }
            let partitions = partitions.into_iter().map(one).collect();
            Progress {
                partitions,
                live,
                read,
                matched: read,
                broken: read,
                bytes: read,
                markers: read,
                throttle_ms: 3,
                txns,
                ..Progress::default()
            }
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => select(vec![usize::MAX, 9, 0]).prop_map(Outcome::Good),
        2 => Just(Outcome::Bad),
        2 => Just(Outcome::Late),
        1 => select(vec![Answer::ReadEnded, Answer::Copied(Some("wl-copy"))]).prop_map(Outcome::Of),
    ]
}

/// Topics of all kinds, in order of name.
pub(super) fn topics() -> Vec<Topic> {
    let mut leaderless = topic("leaderless", 3);
    leaderless.partitions.iter_mut().for_each(|partition| partition.leader = None);
    let refused = Topic { error: Some(TopicError::NotAuthorised), partitions: vec![], ..topic("secret", 0) };
    let none = Topic { id: TopicId::default(), ..topic("no-partitions", 0) };
    let long = "n".repeat(249);
    let mut topics = vec![
        topic("a", 1),
        topic("__consumer_offsets", 50),
        topic("\u{1b}]0;x\u{7}\u{202e}漢", 2),
        leaderless,
        refused,
        none,
        topic(&long, 4),
    ];
    topics.extend((0..30).map(|n| topic(&format!("orders.{n:02}"), 3)));
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    topics
}

/// A position of a partition, or why there is none.
pub(super) fn position(n: usize) -> Result<Offset, Why> {
    match n % 5 {
        0 => Err(Why::NoLeader),
        1 => Err(Why::Error(Foreign::new("gone \u{1b}[31m"))),
        2 => Ok(Offset(i64::MAX)),
        3 => Ok(Offset(-1)),
        _ => Ok(Offset(i64::try_from(n).unwrap_or(0))),
    }
}

pub(super) fn keep(n: usize) -> Result<Keep, Why> {
    if n % 4 == 3 {
        return Err(Why::Denied(Operation::Describe.on(Resource::Group)));
    }
    Ok(Keep { retention_ms: Some(i64::MIN), retention_bytes: Some(i64::MAX), cleanup: Some(Cleanup::Other), min_isr: None })
}

pub(super) fn facts(topic: &Topic, n: usize) -> TopicFacts {
    let setting = |name: &str, value: Option<&str>, source| Setting {
        name: Foreign::new(name),
        value: value.map(Foreign::new),
        source,
        sensitive: value.is_none(),
        read_only: false,
    };
    let moves = topic.partitions.iter().map(|p| Move { partition: p.id, adding: vec![BrokerId(i32::MAX)], removing: vec![] });
    TopicFacts {
        settings: if n.is_multiple_of(3) {
            Err(Why::NotOffered)
        } else {
            Ok(vec![
                setting("retention.ms", Some("-9223372036854775808"), Source::Topic),
                setting("bad\u{1b}]0;x\u{7}name", Some("\u{202e}\r\n"), Source::Other(77)),
                setting("secret", None, Source::Default),
            ])
        },
        moves: Ok(moves.collect()),
    }
}

const STATES: [&str; 6] = ["Stable", "Empty", "PreparingRebalance", "Dead", "Dozing\u{1b}[2J", ""];
const KINDS: [&str; 6] = ["classic", "consumer", "share", "streams", "hive\u{202e}", ""];
const GROUPS: [&str; 5] = ["billing", "ledger\u{1b}]0;x\u{7}", "", "größe", "stuck"];

fn pick<'a>(all: &[&'a str], n: usize) -> &'a str {
    all.get(n % all.len()).copied().unwrap_or_default()
}

/// Some groups in some states, or a broker that does not tell.
pub(super) fn groups(n: usize) -> GroupList {
    let listing = |(at, id): (usize, &&str)| GroupListing {
        id: GroupId::new(*id),
        kind: GroupKind::of(pick(&KINDS, n.wrapping_add(at))),
        state: GroupState::of(pick(&STATES, n.wrapping_mul(at + 1))),
        protocol: Foreign::new("consumer"),
        coordinator: BrokerId(1),
    };
    let groups = GROUPS.iter().enumerate().filter(|(at, _)| !(n >> at).is_multiple_of(3)).map(listing).collect();
    GroupList { broker: BrokerId(1), groups: if n.is_multiple_of(7) { Err(Why::NoAnswer) } else { Ok(groups) } }
}

fn place(n: usize) -> Place {
    let commit = position(n / 3).map(|offset| {
        let commit = Commit { offset, epoch: LeaderEpoch(-1), metadata: Foreign::new("\u{1b}") };
        (!n.is_multiple_of(5)).then_some(commit)
    });
    Place { commit, start: position(n / 5), stable: position(n / 7), high: position(n / 11) }
}

/// Positions that make no sense together, among others.
pub(super) fn lag(group: &GroupAsk, n: usize) -> GroupLag {
    let partitions = (0..4).map(|id| (PartitionId(id), place(n.wrapping_mul(usize::try_from(id).unwrap_or(0) + 1)))).collect();
    let topics = vec![TopicPlaces { topic: TopicName::new("orders"), id: TopicId::default(), partitions }];
    GroupLag {
        id: group.id.clone(),
        topics: if n.is_multiple_of(6) { Err(Why::Denied(Operation::Describe.on(Resource::Group))) } else { Ok(topics) },
    }
}

pub(super) fn described(group: &GroupAsk, n: usize) -> (GroupId, Result<GroupDescription, Why>) {
    let member = |at: usize| Member {
        id: Foreign::new(format!("m\u{7}{at}")),
        instance: None,
        client_id: Foreign::new("client\u{202e}"),
        host: Foreign::new("/10.0.0.1"),
        subscribed: None,
        pattern: Some(Foreign::new("a\u{1b}.*")),
        process: None,
        assigned: (!at.is_multiple_of(2)).then(|| vec![(TopicName::new("orders"), vec![PartitionId(0), PartitionId(-7)])]),
    };
    let description = GroupDescription {
        id: group.id.clone(),
        kind: group.kind.clone(),
        state: GroupState::of(pick(&STATES, n)),
        coordinator: BrokerId(-1),
        protocol: Foreign::new("consumer"),
        assignor: Foreign::new("\u{9b}31m"),
        epoch: None,
        members: (0..n % 40).map(member).collect(),
    };
    (group.id.clone(), if n.is_multiple_of(4) { Err(Why::NotOffered) } else { Ok(description) })
}

pub(super) fn behind((topic, partition, offset): &(TopicName, PartitionId, Offset), n: usize) -> Behind {
    let timestamp = if n.is_multiple_of(3) { Err(Why::NoAnswer) } else { Ok(Some(Time(i64::MAX - i64::try_from(n % 1_000).unwrap_or(0)))) };
    Behind { topic: topic.clone(), partition: *partition, offset: *offset, timestamp }
}

/// A topic that records are sent to, whatever its name.
pub(super) fn target(name: &TopicName, n: usize) -> Answer {
    let topic = Topic { name: name.clone(), ..topic("t", i32::try_from(n % 4).unwrap_or(1)) };
    let settings = if n.is_multiple_of(3) {
        Err(Why::Denied(Operation::Describe.on(Resource::Group)))
    } else {
        Ok(produce::Settings { compacted: Some(true), largest: Some(0), append_time: None })
    };
    let ends = topic.partitions.iter().map(|partition| (partition.id, Err(Why::NoLeader))).collect();
    Answer::Target(Box::new(produce::Target { topic: Arc::new(topic), cluster: None, settings, ends }))
}

/// What became of records, mostly nothing good.
pub(super) fn produced(sending: &produce::Sending, n: usize) -> Answer {
    let fate = match n % 3 {
        0 => produce::Fate::Appended(Some(Offset(i64::MAX))),
        1 => produce::Fate::Unknown(Foreign::new("\u{1b}[2Jlost")),
        _ => produce::Fate::Failed(Foreign::new("refused\n")),
    };
    let sent = produce::Sent { n: u64::MAX - 1, partition: PartitionId(7), timestamp_ms: i64::MIN, fate };
    let progress = produce::Progress { taken: sending.count().unwrap_or(3), last: Some(sent.clone()), ..produce::Progress::default() };
    Answer::Produced(Box::new(produce::Report {
        progress,
        safety: produce::Safety::Plain(Foreign::new("\u{9b}31m")),
        failure: None,
        stopped: n.is_multiple_of(2),
        first: vec![sent.clone()],
        missing: vec![sent],
        read_back: 1,
        unlogged: Some(Foreign::new("full")),
        journal: Some(Err(Foreign::new("full"))),
    }))
}

/// What may come of a wish about the configuration: lists that grow and shrink, previews, and failures.
pub(super) fn told(wish: &Wish, there: &[Target], n: u64) -> Told {
    let failed = || Told::Failed(Failure::new("read the configuration", Cause::Usage(Foreign::new("bad \u{1b}[2J line\nand more"))));
    let mut targets = there.to_vec();
    if n.is_multiple_of(3) {
        targets.pop();
    } else if n.is_multiple_of(2) {
        let context = Context { name: Some(format!("made-{n}")), configured: n.is_multiple_of(4), ..Context::default() };
        targets.push(Target { context, bootstrap: "made:9092".to_owned() });
    }
    match wish {
        _ if n.is_multiple_of(7) => failed(),
        Wish::Look | Wish::Edit(_) => Told::There(targets),
        Wish::Preview(_) => Told::Preview(Preview { toml: "[contexts.a]".to_owned(), ..Preview::default() }),
        Wish::Add(_) => Told::Added { name: targets.last().map(|last| last.name().to_owned()).unwrap_or_default(), targets },
    }
}

//! A monkey at the keyboard, and a world that answers late, badly or not at all: whatever comes in whatever order, nothing
//! panics, everything that was started belongs to someone, and what is drawn holds nothing that a terminal would obey.
//!
//! `PROPTEST_CASES=3000 cargo test monkey` is the long run.

mod inquired;
mod making;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::ask::{Answer, Ask, LogTail, Older, Positions, ReplicaSize, Reply, TopicPositions, Traffic};
use crate::core::configure::Wish;
use crate::core::effect::{Effect, Owner, TaskId};
use crate::core::event::{Arrival, Event, Signal};
use crate::core::guard::Receipt;
use crate::core::key::Input;
use crate::core::produce;
use crate::core::store::Limits;
use crate::core::stream::{Delivery, Fact, Flow};
use crate::draw;
use crate::io::runner;
use crate::model::{Attempt, Cause, Failure, Foreign, Operation, Resource, Step, Time, Why};
use crate::screens::{Route, Settings};
use crate::state::State;
use crate::testing::{self, NOW, chunk, cluster, settings};
use crate::ui::{Depth, Ground, Theme};
use crate::update::{start, update};
use making::{Does, Generation, Made, Outcome, does};

/// Cases of a run where `PROPTEST_CASES` says nothing: some seconds.
const CASES: u32 = 24;

/// The program, and what is under way in its name.
#[derive(Debug)]
struct Monkey {
    state: State,
    /// Tasks that were started and not yet answered or cancelled, with what they were asked.
    /// Wishes about the configuration that nobody has answered yet.
    wishes: Vec<Wish>,
    under_way: Vec<(TaskId, Owner, Ask)>,
    /// Tasks that are over: what they still send is late.
    over: Vec<TaskId>,
    /// The filter that each reader was told last.
    generations: BTreeMap<TaskId, u32>,
}

impl Monkey {
    fn start(depth: Depth) -> Result<Self, TestCaseError> {
        let settings = Settings { limits: Limits { records: 40, bytes: 30_000 }, contexts: testing::targets(), ..settings() };
        let theme = Theme::new(depth, Ground::Dark);
        let (state, effects) = start(Time::from_millis(NOW), (80, 24), "kafka-1:9092".to_owned(), theme, settings, Route::Topics);
        let mut monkey = Self { state, under_way: Vec::new(), wishes: Vec::new(), over: Vec::new(), generations: BTreeMap::new() };
        monkey.performs(effects)?;
        Ok(monkey)
    }

    fn event(&mut self, event: Event) -> TestCaseResult {
        let effects = update(&mut self.state, event);
        self.performs(effects)
    }

    /// What the runner would do, with its promises as assertions.
    fn performs(&mut self, effects: Vec<Effect>) -> TestCaseResult {
        let is_open = |state: &State, owner| state.stack.iter().any(|opened| opened.owner == owner);
        for effect in effects {
            match effect {
                Effect::Start { id, owner, ask, permit } => {
                    prop_assert!(
                        matches!(owner, Owner::PROGRAM | Owner::CLUSTER) || is_open(&self.state, owner),
                        "{} has no owner",
                        ask.name()
                    );
                    prop_assert!(permit.is_some() == ask.mutates());
                    let used = self.over.contains(&id) || self.under_way.iter().any(|(other, ..)| *other == id);
                    prop_assert!(!used, "{id:?} was used before");
                    self.under_way.push((id, owner, ask));
                }
                Effect::Cancel(id) => self.ends(|other, _| other == id),
                Effect::CancelOwner(owner) => {
                    prop_assert!(!is_open(&self.state, owner), "an open screen lost its tasks");
                    self.ends(|_, other| other == owner);
                }
                Effect::Flow(id, flow) => {
                    // A reader that has just ended may still be steered: nobody listens.
                    let known = self.over.contains(&id) || self.under_way.iter().any(|(other, ..)| *other == id);
                    prop_assert!(known, "{flow:?} is for nobody");
                    if let Flow::Filter { generation, .. } = flow {
                        self.generations.insert(id, generation);
                    }
                }
                Effect::Switch(_) => {
                    // A file of the program's own may be written to its end.
                    let of_the_old = self.under_way.iter().find(|(_, owner, _)| *owner != Owner::PROGRAM);
                    prop_assert!(of_the_old.is_none(), "{of_the_old:?} goes on");
                }
                Effect::Configure(wish) => self.wishes.push(wish),
                Effect::Quit => prop_assert!(self.state.quitting),
                Effect::Term(_) => {}
            }
        }
        Ok(())
    }

    fn ends(&mut self, which: impl Fn(TaskId, Owner) -> bool) {
        self.over.extend(self.under_way.extract_if(.., |(id, owner, _)| which(*id, *owner)).map(|(id, ..)| id));
    }

    fn does(&mut self, does: &Does) -> TestCaseResult {
        match does {
            Does::Press(key) => self.event(Event::Input(Input::Key(*key))),
            Does::Type(text) => {
                let keys = text.chars().map(|c| crate::core::key::Key::plain(crate::core::key::KeyCode::Char(c)));
                keys.map(Input::Key).try_for_each(|input| if self.state.quitting { Ok(()) } else { self.event(Event::Input(input)) })
            }
            Does::Input(input) => self.event(Event::Input(input.clone())),
            Does::Later(ms) => {
                for wish in std::mem::take(&mut self.wishes) {
                    let told = making::told(&wish, &self.state.settings.contexts, *ms);
                    self.event(Event::Configured(told))?;
                }
                self.state.now = self.state.now.plus(Duration::from_millis(*ms));
                self.event(Event::Woke)
            }
            Does::Signal => self.event(Event::Signal(Signal::Terminate)),
            Does::Deliver { to, made, facts, generation, read, not_shown } => {
                let Some(id) = self.reader(*to) else { return Ok(()) };
                let newest = self.generations.get(&id).copied().unwrap_or(0);
                let generation = match generation {
                    Generation::Newest => newest,
                    Generation::Before => newest.wrapping_sub(1),
                };
                let made: Vec<_> = made.iter().map(Made::made).collect();
                let chunk = Arc::new(chunk(&made));
                let delivery = Delivery {
                    generation,
                    facts: facts.clone(),
                    read: chunk.len() as u64 + read + not_shown,
                    chunk,
                    not_shown: *not_shown,
                };
                self.event(Event::Arrival(Arrival::Chunk(id, delivery)))
            }
            Does::Progress { to, progress } => match self.reader(*to) {
                Some(id) => self.event(Event::Arrival(Arrival::Progress(id, Arc::new(progress.clone())))),
                None => Ok(()),
            },
            Does::Answer { to, outcome } => self.answers(*to, outcome),
        }
    }

    /// A reader: nearly always one that runs, at times one that is over.
    fn reader(&self, to: usize) -> Option<TaskId> {
        let readers: Vec<TaskId> =
            self.under_way.iter().filter(|(.., ask)| matches!(ask, Ask::Read(_) | Ask::ReadSeveral(_))).map(|(id, ..)| *id).collect();
        if to % 10 == 9 { self.over.get(to % self.over.len().max(1)).copied() } else { readers.get(to % readers.len().max(1)).copied() }
    }

    fn answers(&mut self, to: usize, outcome: &Outcome) -> TestCaseResult {
        if let Outcome::Late = outcome {
            let Some(&id) = self.over.get(to % self.over.len().max(1)) else { return Ok(()) };
            let result = Err(Failure::new("read the topic", Cause::Disconnected));
            return self.event(Event::Arrival(Arrival::Reply(Reply { id, result })));
        }
        if self.under_way.is_empty() {
            return Ok(());
        }
        let (id, _, ask) = self.under_way.remove(to % self.under_way.len());
        if let (Outcome::Good(_), Some(part)) = (outcome, part(&ask, to)) {
            self.event(Event::Arrival(Arrival::Part(id, part)))?;
        }
        self.over.push(id);
        let result = match outcome {
            Outcome::Good(last) => Ok(good(&ask, *last)?),
            Outcome::Of(answer) => Ok(answer.clone()),
            _ => Err(bad(&ask)),
        };
        self.event(Event::Arrival(Arrival::Reply(Reply { id, result })))
    }

    /// What must hold after everything.
    fn holds(&self) -> TestCaseResult {
        prop_assert!(!self.state.stack.is_empty());
        for opened in &self.state.stack {
            let (at, lines) = opened.screen.cursor();
            prop_assert!(at < lines.max(1), "line {at} of {lines} is selected");
        }
        let (columns, rows) = self.state.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        draw::draw(&self.state, &mut buffer);
        let obeyed = |c: char| {
            c.is_control()
                || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        };
        for cell in buffer.content() {
            prop_assert!(!cell.symbol().contains(obeyed), "{:?} would reach the terminal", cell.symbol());
        }
        Ok(())
    }
}

/// What the world answers when all goes well.
fn good(ask: &Ask, last: usize) -> Result<Answer, TestCaseError> {
    Ok(match ask {
        Ask::Cluster { .. } => {
            let mut topics = making::topics();
            let first = topics.len().saturating_sub(last);
            Answer::Cluster(Arc::new(cluster(topics.split_off(first))))
        }
        Ask::Read(_) | Ask::ReadSeveral(_) => Answer::ReadEnded,
        Ask::Positions { .. } | Ask::Sizes(_) | Ask::Groups | Ask::Lag(_) => {
            Answer::Told(Traffic { requests: last as u64, throttled: 1, throttle: None })
        }
        Ask::Describe(groups) => Answer::Described(groups.iter().map(|group| making::described(group, last)).collect()),
        Ask::Behind(records) => Answer::Behind(records.iter().map(|record| making::behind(record, last)).collect()),
        Ask::Keep(names) => Answer::Kept(names.iter().map(|name| (name.clone(), making::keep(last))).collect()),
        Ask::Topic { topic, .. } => Answer::Topic(making::facts(topic, last)),
        Ask::Older(plan, _) => {
            let records: Vec<_> = (0..plan.newest.unwrap_or(1).min(9)).map(|n| testing::made(n.cast_signed(), "old", "{}")).collect();
            let progress = testing::live(2, 9);
            let delivery = |made: &[testing::Made]| {
                let made = Arc::new(chunk(made));
                Delivery { generation: 0, facts: vec![Fact::Deleted], read: 20, chunk: made, not_shown: 0 }
            };
            Answer::Older(Box::new(Older { deliveries: records.chunks(4).map(delivery).collect(), progress, ended: None }))
        }
        Ask::Open { .. } => Answer::Opened { chunk: Arc::new(chunk(&[testing::made(7, "k", "{\"alone\":1}")])) },
        Ask::SaveRows { rows, .. } => Answer::Exported { path: "/\u{1b}[2J/topics.ndjson".into(), records: rows.len(), bytes: 1 },
        Ask::Export(export) => Answer::Exported { path: "/tmp/\u{1b}]0;x\u{7}.ndjson".into(), records: export.rows.len(), bytes: 1 },
        Ask::Target(name) => making::target(name, last),
        Ask::Produce(sending) => making::produced(sending, last),
        Ask::Audit(_) => Answer::Audited(Receipt::of("1")),
        Ask::Save { .. } | Ask::Remember { .. } => Answer::Saved,
        Ask::Queries { .. } => Answer::Queries(Arc::default()),
        Ask::Holders { topic, partition } => Answer::Holders { topic: topic.clone(), partition: *partition, holders: Err(Why::NotOffered) },
        Ask::Log(path) => Answer::Log(LogTail { path: path.clone(), lines: vec!["\u{1b}[2J".repeat(last)], cut: last > 3 }),
        Ask::OlderSeveral(..) => Answer::Older(Box::default()),
        // Plans are made elsewhere, and files of ours read: here that fails.
        Ask::Copy(_) | Ask::Preview(_) | Ask::Reset(_) | Ask::Arm(_) | Ask::Recall(_) => Answer::Copied(None),
        Ask::Neighbour(_) | Ask::Shape(_) | Ask::Bisect(_) | Ask::Follow(_) => inquired::answer(ask, last).unwrap_or(Answer::Copied(None)),
        ask => match runner::compute(ask) {
            Ok(answer) => answer,
            // A search for what is no pattern is answered by a failure.
            Err(_) if matches!(ask, Ask::Search { .. }) => Answer::Copied(None),
            Err(failure) => return Err(TestCaseError::fail(failure.sentence())),
        },
    })
}

/// Figures, mostly absurd ones: whatever a broker may tell.
fn part(ask: &Ask, n: usize) -> Option<Answer> {
    match ask {
        Ask::Neighbour(_) | Ask::Shape(_) | Ask::Bisect(_) | Ask::Follow(_) => inquired::answer(ask, n),
        Ask::Positions { which, topics } => {
            let topics = topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|partition| (partition.id, making::position(n))).collect();
                TopicPositions { name: topic.name.clone(), id: topic.id, partitions }
            });
            Some(Answer::Positions(Positions { which: *which, topics: topics.collect() }))
        }
        Ask::Sizes(topics) => {
            let partitions = topics.iter().flat_map(|topic| topic.partitions.iter().map(|partition| (topic.name.clone(), partition.id)));
            let size = |(topic, partition)| ReplicaSize {
                topic,
                partition,
                bytes: if n.is_multiple_of(3) {
                    Err(Why::Denied(Operation::Describe.on(Resource::Group)))
                } else {
                    Ok(u64::MAX - n as u64)
                },
            };
            Some(Answer::Sizes(partitions.map(size).collect()))
        }
        Ask::Groups => Some(Answer::Groups(making::groups(n))),
        Ask::Produce(_) => {
            let n = n as u64;
            Some(Answer::Producing(Box::new(produce::Progress {
                taken: n,
                appended: u64::MAX - n,
                throttled_ms: n,
                ..produce::Progress::default()
            })))
        }
        Ask::Lag(groups) => Some(Answer::Lag(groups.iter().map(|group| making::lag(group, n)).collect())),
        _ => None,
    }
}

fn bad(ask: &Ask) -> Failure {
    let hostile = || Foreign::new("refused \u{1b}[2J\u{202e}by\r\nkafka");
    let attempt = Attempt { broker: None, address: hostile(), step: Step::Connect, result: hostile() };
    match ask {
        Ask::Cluster { .. } => Failure::new("list the topics", Cause::Unreachable).attempts(vec![attempt; 5]).hint("try \u{9b}31m again"),
        _ => Failure::new("read the topic", Cause::NotAuthorised(hostile())).at("kafka\u{7}:9092"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_that_can_happen_breaks_it(
        depth in prop::sample::select(vec![Depth::True, Depth::None]),
        all in prop::collection::vec(does(), 1..120),
    ) {
        let mut monkey = Monkey::start(depth)?;
        // Most runs begin where there is something to do.
        monkey.answers(0, &Outcome::Good(usize::MAX))?;
        monkey.holds()?;
        for does in &all {
            monkey.does(does)?;
            if monkey.state.quitting {
                break;
            }
            monkey.holds()?;
        }
    }
}

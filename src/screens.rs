//! What a screen is, and which there are. One module is one screen: its state, what it does, how it is drawn, its tests.
//!
//! Screens may use core, model, text, json, tree, query, decode, ui and the cells of the terminal library; never `io`,
//! tokio, files, the clock, or each other. To add one: a file here, a [`Route`], an arm in [`open`].

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::core::action::{Action, Scope};
use crate::core::ask::Ask;
use crate::core::cluster::Cluster;
use crate::core::configure::{Told, Wish};
use crate::core::context::{Hue, Target};
use crate::core::effect::{Effect, Owner, TaskId, Term};
use crate::core::event::Arrival;
use crate::core::groups::poll::Watch;
use crate::core::history::History;
use crate::core::inquire::{FollowFrom, Neighbour};
use crate::core::key::{Input, Mouse, MouseKind};
use crate::core::line::Line;
use crate::core::names::bar::NameBar;
use crate::core::notices::Notices;
use crate::core::produce::Opening;
use crate::core::reset::{Deed, Kept, Scope as PlanScope, Target as Aim};
use crate::core::store::Limits;
use crate::core::stream::{Allowance, Flow, Isolation, StartAt};
use crate::core::verdict::words::Tone;
use crate::model::{Failure, GroupId, Offset, PartitionId, Time, Topic, TopicName};
use crate::query::Query;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{Pen, Theme, Token};

pub mod bisect;
pub mod contexts;
pub mod follow;
pub mod group;
pub mod groups;
pub mod log;
pub mod messages;
pub mod newcontext;
pub mod overview;
pub mod produce;
pub mod reset;
pub mod results;
pub mod samekey;
pub mod shape;
pub mod topic;
pub mod topics;

/// A place to go: a screen's name and arguments.
#[derive(Debug, Clone)]
pub enum Route {
    /// The cluster at a glance.
    Overview,
    Topics,
    Topic(std::sync::Arc<Topic>),
    /// The same, with the groups that read it in front.
    UsedBy(std::sync::Arc<Topic>),
    Messages(std::sync::Arc<Topic>),
    /// The messages of one partition.
    Partition(std::sync::Arc<Topic>, PartitionId),
    Groups,
    Group(GroupId),
    /// The messages of one partition, around what a group committed.
    At(Box<At>),
    /// The clusters that one may go to.
    Contexts,
    /// A context to be written; the one of another tool that it is made of.
    NewContext(Option<String>),
    /// Records to be written to a topic.
    Produce(Box<Opening>),
    /// A change of what a group has committed.
    Reset(Box<reset::Opening>),
    /// The record of the same key before or after one.
    SameKey(Box<Neighbour>),
    /// The fields of a topic's records.
    Shape(std::sync::Arc<Topic>),
    /// Where a query turns true, and the query as far as there is one.
    Bisect(std::sync::Arc<Topic>, String),
    /// One id through several topics; without any named, those that are marked.
    Follow(Box<FollowFrom>),
    /// What kscope logged.
    Log,
    /// The table of a query.
    Results(Box<TableOf>),
    /// The messages of several topics in one list.
    Together(std::sync::Arc<Topic>, Vec<std::sync::Arc<Topic>>),
    /// The messages of a topic that match a query, searched for in its history.
    Matching(std::sync::Arc<Topic>, String),
}

/// What the table of a query is of.
#[derive(Debug, Clone)]
pub struct TableOf {
    pub topic: std::sync::Arc<Topic>,
    /// `None`: all.
    pub partitions: Option<Vec<PartitionId>>,
    pub isolation: Isolation,
    pub query: Query,
}

/// Where a group stands in a partition.
#[derive(Debug, Clone)]
pub struct At {
    pub topic: std::sync::Arc<Topic>,
    pub partition: PartitionId,
    /// The offset that is read next.
    pub offset: Offset,
    /// Where the list begins: some records before.
    pub from: Offset,
    /// Where the log ends, as far as that is known.
    pub end: Offset,
    /// Everything is read: no record is there yet.
    pub level: bool,
    /// Who stands there; nobody: it is a record that was sent.
    pub group: Option<GroupId>,
    /// The group does not get past it.
    pub stuck: bool,
    /// It is a record that was looked for.
    pub found: bool,
}

impl At {
    /// Around a record that was looked for.
    pub fn record(topic: &std::sync::Arc<Topic>, partition: PartitionId, offset: Offset) -> Self {
        let topic = std::sync::Arc::clone(topic);
        let from = Offset(offset.0.saturating_sub(20).max(0));
        Self { topic, partition, offset, from, end: Offset(i64::MAX), level: false, group: None, stuck: false, found: true }
    }
}

impl Route {
    /// Whether it leads to the same place.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Overview, Self::Overview)
            | (Self::Topics, Self::Topics)
            | (Self::Groups, Self::Groups)
            | (Self::Contexts, Self::Contexts)
            | (Self::Log, Self::Log) => true,
            (Self::NewContext(a), Self::NewContext(b)) => a == b,
            (Self::Topic(a) | Self::UsedBy(a), Self::Topic(b) | Self::UsedBy(b))
            | (Self::Messages(a), Self::Messages(b))
            | (Self::Shape(a), Self::Shape(b)) => a.name == b.name,
            (Self::Together(a, others), Self::Together(b, more)) => {
                a.name == b.name && others.iter().map(|topic| &topic.name).eq(more.iter().map(|topic| &topic.name))
            }
            (Self::Group(a), Self::Group(b)) => a == b,
            (Self::At(a), Self::At(b)) => a.topic.name == b.topic.name && a.partition == b.partition && a.group == b.group,
            (Self::Reset(a), Self::Reset(b)) => a.group == b.group,
            (Self::Produce(a), Self::Produce(b)) => a.topic == b.topic,
            (Self::Partition(a, p), Self::Partition(b, q)) => a.name == b.name && p == q,
            _ => false,
        }
    }
}

/// The screen for a route.
pub fn open(route: Route, cx: &mut Cx<'_>) -> Box<dyn Screen> {
    match route {
        Route::Overview => Box::new(overview::Overview::open(cx)),
        Route::Topics => Box::new(topics::Topics::open(cx)),
        Route::Group(id) => Box::new(group::Group::open(id, cx)),
        Route::At(at) => Box::new(messages::Messages::open_at(*at, cx)),
        Route::Groups => Box::new(groups::Groups::open(cx)),
        Route::Contexts => Box::new(contexts::Contexts::open(cx)),
        Route::NewContext(found) => Box::new(newcontext::NewContext::open(found, cx)),
        Route::Results(of) => Box::new(results::Results::open(*of, cx)),
        Route::Matching(topic, text) => Box::new(messages::Messages::matching(topic, &text, cx)),
        Route::Together(first, others) => Box::new(messages::Messages::several(first, others, cx)),
        Route::SameKey(ask) => Box::new(samekey::SameKey::open(*ask, cx)),
        Route::Shape(topic) => Box::new(shape::ShapeScreen::open(topic, cx)),
        Route::Bisect(topic, query) => Box::new(bisect::Bisect::open(topic, &query, cx)),
        Route::Follow(from) => Box::new(follow::Follow::open(*from, cx)),
        Route::Log => Box::new(log::Log::open(cx)),
        Route::Produce(opening) => Box::new(produce::Produce::open(*opening, cx)),
        Route::Reset(opening) => Box::new(reset::Reset::open(*opening, cx)),
        Route::UsedBy(topic) => Box::new(topic::TopicScreen::used_by(topic, cx)),
        Route::Topic(topic) => Box::new(topic::TopicScreen::open(topic, cx)),
        Route::Messages(topic) => Box::new(messages::Messages::open(topic, None, cx)),
        Route::Partition(topic, partition) => Box::new(messages::Messages::open(topic, Some(partition), cx)),
    }
}

/// A record to be skipped; without an offset the next one that the group reads.
pub type Record = (TopicName, PartitionId, Option<Offset>);

/// What a screen may see and ask for while it changes itself.
#[derive(Debug)]
pub struct Cx<'a> {
    pub now: Time,
    /// Of the screen's own area: columns and rows.
    pub size: (u16, u16),
    pub cluster: &'a Cluster,
    pub settings: &'a Settings,
    pub notices: &'a mut Notices,
    pub history: &'a mut History,
    pub owner: Owner,
    pub next_task: &'a mut u64,
    pub effects: &'a mut Vec<Effect>,
    /// Where to go once this is done.
    pub go: Option<Route>,
    /// To which of the contexts, in the order of the settings; that closes all screens.
    pub switch: Option<usize>,
    /// What was done to the cluster, for the timeline and the incident report.
    pub done: Vec<String>,
}

impl Cx<'_> {
    /// Asks for something; the reply comes to `receive` under this id.
    pub fn start(&mut self, ask: Ask) -> TaskId {
        *self.next_task += 1;
        let id = TaskId(*self.next_task);
        self.effects.push(Effect::Start { id, owner: self.owner, ask, permit: None });
        id
    }

    /// Goes to the preview of a change of a group. `scope`: which partitions, when that is settled; `at`: where a record is to
    /// be skipped. False: the action is none of these.
    pub fn change(&mut self, action: Action, group: &GroupId, scope: Option<PlanScope>, at: Option<Record>) -> bool {
        let deed = match (action, at) {
            (Action::ResetGroup, _) => None,
            (Action::SkipRecord, Some((topic, partition, offset))) => Some(Deed::Reset(Aim::Skip { topic, partition, offset })),
            (Action::UndoGroup, _) => Some(Deed::Undo(Kept::Latest)),
            (Action::DeleteGroup, _) => Some(Deed::Delete),
            _ => return false,
        };
        let scope = match &deed {
            Some(Deed::Reset(Aim::Skip { topic, partition, .. })) => Some(PlanScope::Topics(vec![(topic.clone(), Some(vec![*partition]))])),
            _ => scope,
        };
        self.go = Some(Route::Reset(Box::new(reset::Opening { group: group.clone(), scope, deed })));
        true
    }

    pub fn cancel(&mut self, id: TaskId) {
        self.effects.push(Effect::Cancel(id));
    }

    pub fn flow(&mut self, id: TaskId, flow: Flow) {
        self.effects.push(Effect::Flow(id, flow));
    }

    pub fn configure(&mut self, wish: Wish) {
        self.effects.push(Effect::Configure(wish));
    }

    pub fn term(&mut self, term: Term) {
        self.effects.push(Effect::Term(term));
    }
}

/// What holds for the whole run.
#[derive(Debug, Clone)]
pub struct Settings {
    pub limits: Limits,
    /// Of all times on screen until `T` changes it.
    pub zone: TimeZone,
    /// Figures on screen are asked for anew so often.
    pub refresh: Duration,
    /// How a record's time is shown at first; `None`: not at all.
    pub time: Option<TimeFormat>,
    /// What the message screen shows when it opens.
    pub start: StartAt,
    /// What it reads at first.
    pub isolation: Isolation,
    /// What a search of history may ask of a cluster; and the rate where a guard says to be careful.
    pub search: Allowance,
    pub guarded_search_rate: Option<u64>,
    /// A group in use whose commits stand still for so long makes no progress.
    pub stalled_after: Duration,
    /// What a word of the palette stands for.
    pub aliases: BTreeMap<String, String>,
    /// The clusters that one may go to, the one that was opened first of all among them.
    pub contexts: Vec<Target>,
    /// The environment: what `{{env X}}` of a template may stand for.
    pub variables: std::sync::Arc<BTreeMap<String, String>>,
    /// The folder of the log, when one is kept.
    pub log: Option<PathBuf>,
}

impl Settings {
    /// Records that one load of older ones brings: as many as a topic opens with, where that is a number.
    pub fn older(&self) -> u64 {
        match self.start {
            StartAt::Newest(records) => records.max(1),
            StartAt::Position(_) => 500,
        }
    }
}

/// What drawing may see.
#[derive(Debug)]
pub struct Look<'a> {
    pub theme: &'a Theme,
    pub now: Time,
    pub cluster: &'a Cluster,
    pub settings: &'a Settings,
}

impl Look<'_> {
    /// A time of day to the second, in the zone of the settings, with a Z for UTC.
    pub fn clock(&self, at: Time) -> String {
        let zone = &self.settings.zone;
        let text = text::time(at.millis(), TimeFormat::Clock, zone, at.millis());
        let seconds = text.split('.').next().unwrap_or_default().to_owned();
        if *zone == TimeZone::UTC { seconds + "Z" } else { seconds }
    }
}

/// That a file was written. Its name first: the folder is known, and there may be no room for it.
pub fn written(path: &Path, what: &str, bytes: u64) -> String {
    let (name, folder) = (path.file_name().unwrap_or_default().display(), path.parent().unwrap_or(path).display());
    format!("{name}: {what}, {}, written in {folder}", units::size(bytes))
}

/// The colour of a context's name.
pub fn token(hue: Hue) -> Token {
    match hue {
        Hue::Red => Token::Act,
        Hue::Amber => Token::Look,
        Hue::Green => Token::Good,
        Hue::Cyan => Token::Accent,
        Hue::Blue => Token::Data,
        Hue::Purple => Token::Word,
    }
}

/// How a sentence about a group looks.
pub(crate) fn tone_token(tone: Tone) -> Token {
    match tone {
        Tone::Act => Token::Act,
        Tone::Look => Token::Look,
        Tone::Good => Token::Good,
        Tone::Text => Token::Text,
        Tone::Dim => Token::Dim,
    }
}

/// Why an action does nothing here, as a sentence.
pub type Reason = &'static str;

/// A screen. Overlays are the same thing drawn on top.
pub trait Screen: Debug {
    /// Its place in the breadcrumbs.
    fn crumb(&self) -> Shown<'_>;

    /// Which keys apply now, nearest first.
    fn scopes(&self) -> Vec<Scope>;

    /// Greys the key line and explains a dead key.
    fn allows(&self, action: Action) -> Result<(), Reason>;

    /// Does what the user wants.
    fn act(&mut self, cx: &mut Cx<'_>, action: Action);

    /// Whether it shows anything of the cluster, so that one must know when that does not answer.
    fn needs_cluster(&self) -> bool {
        true
    }

    /// Closes what is open within it or clears a filter. False: nothing was, so the screen itself goes.
    fn back(&mut self, _cx: &mut Cx<'_>) -> bool {
        false
    }

    /// Whether a text is being typed, so that keys are letters.
    fn editing(&self) -> bool {
        false
    }

    /// Whether it is a form: while a text is typed, keys that are no letters are its commands first.
    fn form(&self) -> bool {
        false
    }

    /// The text being typed: the key line tells what can be done with it.
    fn line(&self) -> Option<&Line> {
        None
    }

    /// Keys and pastes while [`Screen::editing`].
    fn input(&mut self, _cx: &mut Cx<'_>, _input: &Input) {}

    /// An answer, or a part of one; given back when it is not for this screen.
    fn receive(&mut self, _cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        Some(arrival)
    }

    /// The group for which a change waits here until it has no members.
    fn armed(&self) -> Option<&GroupId> {
        None
    }

    /// The topics that are marked here: what several of them are asked is asked of these.
    fn marked(&self) -> Vec<TopicName> {
        Vec::new()
    }

    /// Why the program should not end at once.
    fn busy(&self) -> Option<Reason> {
        None
    }

    /// What of groups is on screen now: it is asked for more often.
    fn groups(&self, _cluster: &Cluster) -> Watch {
        Watch::default()
    }

    /// The shared view of the cluster changed.
    fn refreshed(&mut self, _cx: &mut Cx<'_>) {}

    /// Another screen lies on this one now, or no longer: what nobody sees need not be fetched.
    fn covered(&mut self, _cx: &mut Cx<'_>, _covered: bool) {}

    /// The size changed.
    fn resized(&mut self, _cx: &mut Cx<'_>) {}

    /// When it next wants to look at the clock.
    fn wake_at(&self, _now: Time) -> Option<Time> {
        None
    }

    /// The text that [`Term::Edit`] gave away comes back.
    fn edited(&mut self, _cx: &mut Cx<'_>, _text: Result<String, Failure>) {}

    /// What came of a wish about the configuration. The list of the settings is the new one already.
    fn configured(&mut self, _cx: &mut Cx<'_>, _told: &Told) {}

    /// That moment has come.
    fn woke(&mut self, _cx: &mut Cx<'_>) {}

    /// A press of the mouse, or its wheel, in the screen's own area; columns and rows count from its top left.
    fn pointer(&mut self, cx: &mut Cx<'_>, mouse: Mouse) {
        let action = match mouse.kind {
            MouseKind::ScrollUp => Action::Up,
            MouseKind::ScrollDown => Action::Down,
            _ => return,
        };
        for _ in 0..3 {
            self.act(cx, action);
        }
    }

    /// The last line: a prompt, or facts.
    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>);

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect);

    /// The selected line, and how many lines there are.
    #[cfg(test)]
    fn cursor(&self) -> (usize, usize);
}

/// In the title of a list that an authorizer may keep something from: brokers leave it out without a word.
pub const PARTIAL: &str = "only what you may DESCRIBE";

/// The prompt of the filter of a list of names, on the last line. False: nothing is being typed, and nothing was drawn.
fn names_prompt(bar: &NameBar, pen: &mut Pen<'_>) -> bool {
    let Some(line) = bar.line() else { return false };
    pen.prompt("/", line);
    match bar.error() {
        Some(error) => pen.gap(3).own("✗ ", Token::Act).own(error, Token::Act),
        None => pen.gap(6).own("! inverts   -f fuzzy   esc keeps, esc again clears", Token::Dim),
    };
    true
}

//! One group: its phase, its generation, its members, its commits; what members and outsiders may do, and what happens when they
//! let time pass (`org.apache.kafka.coordinator.group.classic.ClassicGroup`).

mod rebalance;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ConsumerProtocolSubscription;
use kafka_protocol::protocol::Decodable;

use super::member::Member;
use super::{CONSUMER, Commits, Join, Moment, Step, Sync, Synced, Who};
use crate::sandbox::code;

/// The newest version of a consumer's subscription that is understood.
const NEWEST_SUBSCRIPTION: i16 = 3;

/// Where a group stands. One that is dead does not exist here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sandbox) enum Phase {
    /// Without members.
    #[default]
    Empty,
    /// Members are to join.
    Preparing,
    /// They have joined, and the leader is to assign.
    Completing,
    /// Every member has, or can have, its assignment.
    Stable,
}

impl Phase {
    /// As Kafka writes it.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Preparing => "PreparingRebalance",
            Self::Completing => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A group. A new one is empty, and so are the groups of those who commit without being members.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Group {
    pub(in crate::sandbox) commits: Commits,
    phase: Phase,
    generation: i32,
    /// The protocol type: "consumer" once a consumer was a member.
    kind: Option<String>,
    /// The assignor of this generation.
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    /// Ids that were given to members who are yet to join, and until when they may.
    given: BTreeMap<String, Moment>,
    /// Until when members may join, or ask for their assignment.
    deadline: Option<Moment>,
    /// Topics of the members; `None`: they are not known.
    subscribed: Option<BTreeSet<String>>,
}

/// What falls due when nothing is heard.
#[derive(Debug)]
enum Due {
    /// The id of a member who did not join.
    Given(String),
    Session(String),
    Rebalance,
}

impl Group {
    /// One whose members are gone and whose commits are there. Without a protocol type: it never had members.
    pub(in crate::sandbox) fn left(commits: Commits, kind: Option<&str>) -> Self {
        let generation = i32::from(kind.is_some()) * 7;
        let subscribed = kind.map(|_| BTreeSet::new());
        Self { commits, generation, kind: kind.map(str::to_owned), subscribed, ..Self::default() }
    }

    pub(in crate::sandbox) fn phase(&self) -> Phase {
        self.phase
    }

    pub(in crate::sandbox) fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    pub(in crate::sandbox) fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// By id.
    pub(in crate::sandbox) fn members(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.members.iter().map(|(id, member)| (id.as_str(), member))
    }

    /// Whether a member reads this topic (`ClassicGroup.isSubscribedToTopic`).
    pub(in crate::sandbox) fn reads(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.kind() == Some(CONSUMER), |topics| topics.contains(topic))
    }

    /// Lets happen what has fallen due, in order, each at its own moment.
    pub(in crate::sandbox) fn tick(&mut self, now: Moment) {
        while let Some((at, due)) = self.next().filter(|(at, _)| *at <= now) {
            match due {
                Due::Given(id) => {
                    self.given.remove(&id);
                    self.complete_if_all_are_here(at);
                }
                Due::Session(id) => self.remove(&id, at),
                Due::Rebalance => self.patience_ends(at),
            }
        }
    }

    /// When something falls due next.
    pub(in crate::sandbox) fn wake_at(&self) -> Option<Moment> {
        self.next().map(|(at, _)| at)
    }

    fn next(&self) -> Option<(Moment, Due)> {
        let given = self.given.iter().map(|(id, at)| (*at, Due::Given(id.clone())));
        let silent = self.members.iter().filter(|(_, member)| !member.waits());
        let sessions = silent.map(|(id, member)| (member.expires, Due::Session(id.clone())));
        let deadline = self.deadline.map(|at| (at, Due::Rebalance));
        given.chain(sessions).chain(deadline).min_by_key(|(at, _)| *at)
    }

    /// A sign of life; the error code.
    pub(in crate::sandbox) fn heartbeat(&mut self, who: Who<'_>, generation: i32, now: Moment) -> i16 {
        if let Err(error) = self.knows(who).and_then(|()| self.is_of(generation)) {
            return error;
        }
        if let Some(member) = self.members.get_mut(who.member) {
            member.heard(now);
        }
        if self.phase == Phase::Preparing { code::REBALANCE_IN_PROGRESS } else { 0 }
    }

    /// A member goes, by its id or, for a static one, by its instance; the error code.
    pub(in crate::sandbox) fn leave(&mut self, who: Who<'_>, now: Moment) -> i16 {
        if self.given.remove(who.member).is_some() {
            self.complete_if_all_are_here(now);
            return 0;
        }
        let named = match who.instance {
            Some(instance) if who.member.is_empty() => self.is_static(instance).map(str::to_owned).ok_or(code::UNKNOWN_MEMBER_ID),
            _ => self.knows(who).map(|()| who.member.to_owned()),
        };
        match named {
            Ok(id) => {
                self.remove(&id, now);
                0
            }
            Err(error) => error,
        }
    }

    /// A member asks for its assignment; the leader brings those of all.
    pub(in crate::sandbox) fn sync(&mut self, sync: &Sync<'_>, now: Moment) -> Step<Synced> {
        let other = |asked: Option<&str>, ours: &Option<String>| asked.is_some_and(|asked| ours.as_deref() != Some(asked));
        let wrong = other(sync.kind, &self.kind) || other(sync.protocol, &self.protocol);
        let agreed = if wrong { Err(code::INCONSISTENT_GROUP_PROTOCOL) } else { Ok(()) };
        if let Err(error) = self.knows(sync.who).and_then(|()| self.is_of(sync.generation)).and(agreed) {
            return Step::Now(Synced::refused(error));
        }
        let answer = self.synced();
        let Some(member) = self.members.get_mut(sync.who.member) else {
            return Step::Now(Synced::refused(code::UNKNOWN_MEMBER_ID));
        };
        match self.phase {
            Phase::Empty => return Step::Now(Synced::refused(code::UNKNOWN_MEMBER_ID)),
            Phase::Preparing => return Step::Now(Synced::refused(code::REBALANCE_IN_PROGRESS)),
            Phase::Stable => {
                member.synced = true;
                member.heard(now);
                let assignment = member.assignment.clone();
                self.forget_deadline_when_all_have_asked();
                return Step::Now(Synced { assignment, ..answer });
            }
            Phase::Completing => {}
        }
        let (tell, told) = tokio::sync::oneshot::channel();
        member.superseded();
        member.synced = true;
        member.syncing = Some(tell);
        if self.leader.as_deref() == Some(sync.who.member) {
            self.phase = Phase::Stable;
            for (id, member) in &mut self.members {
                let assignment = sync.assignments.iter().find(|(to, _)| to == id).map(|(_, bytes)| bytes.clone()).unwrap_or_default();
                member.assign(assignment.clone(), Synced { assignment, ..answer.clone() }, now);
            }
        }
        self.forget_deadline_when_all_have_asked();
        Step::Later(told)
    }

    /// Whether this commit is accepted. A generation below 0 and no member: somebody who is none
    /// (`ClassicGroup.validateOffsetCommit`).
    pub(in crate::sandbox) fn accepts_commit(&mut self, who: Who<'_>, generation: i32, now: Moment) -> Result<(), i16> {
        if generation < 0 && self.phase == Phase::Empty {
            return Ok(());
        }
        if generation < 0 && who.member.is_empty() && who.instance.is_none() {
            return Err(code::UNKNOWN_MEMBER_ID);
        }
        self.knows(who)?;
        self.is_of(generation)?;
        if self.phase == Phase::Completing {
            return Err(code::REBALANCE_IN_PROGRESS);
        }
        if let Some(member) = self.members.get_mut(who.member) {
            member.heard(now);
        }
        Ok(())
    }

    /// One member comes in, without a connection, and stays until [`Group::vacate`]: a test's way to make a group active.
    pub(in crate::sandbox) fn occupy(&mut self, id: String, topics: &[&str]) {
        let join = Join { client: "occupier".to_owned(), host: "/127.0.0.1".to_owned(), session: Duration::MAX, ..Join::default() };
        self.leader = Some(id.clone());
        self.members = BTreeMap::from([(id, Member::new(join, Moment::ZERO))]);
        self.phase = Phase::Stable;
        self.kind = Some(CONSUMER.to_owned());
        self.protocol = Some("range".to_owned());
        self.subscribed = Some(topics.iter().map(|topic| (*topic).to_owned()).collect());
        self.generation = self.generation.saturating_add(1);
        self.deadline = None;
    }

    /// All members go.
    pub(in crate::sandbox) fn vacate(&mut self, now: Moment) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            self.remove(&id, now);
        }
    }

    fn is_static(&self, instance: &str) -> Option<&str> {
        let mut members = self.members.iter();
        members.find(|(_, member)| member.instance.as_deref() == Some(instance)).map(|(id, _)| id.as_str())
    }

    /// Whether this is a member, and not one that another has taken the place of.
    fn knows(&self, who: Who<'_>) -> Result<(), i16> {
        if let Some(instance) = who.instance {
            match self.is_static(instance) {
                None => return Err(code::UNKNOWN_MEMBER_ID),
                Some(id) if id != who.member => return Err(code::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        if self.members.contains_key(who.member) { Ok(()) } else { Err(code::UNKNOWN_MEMBER_ID) }
    }

    fn is_of(&self, generation: i32) -> Result<(), i16> {
        if generation == self.generation { Ok(()) } else { Err(code::ILLEGAL_GENERATION) }
    }

    fn synced(&self) -> Synced {
        Synced { error: 0, kind: self.kind.clone(), protocol: self.protocol.clone(), assignment: Bytes::new() }
    }

    fn forget_deadline_when_all_have_asked(&mut self) {
        if self.phase == Phase::Stable && self.members.values().all(|member| member.synced) {
            self.deadline = None;
        }
    }
}

/// The topics of a consumer's subscription (`ConsumerProtocol.deserializeSubscription`).
fn subscription(mut bytes: Bytes) -> Option<Vec<String>> {
    let version = bytes.try_get_i16().ok().filter(|version| *version >= 0)?;
    let subscription = ConsumerProtocolSubscription::decode(&mut bytes, version.min(NEWEST_SUBSCRIPTION)).ok()?;
    Some(subscription.topics.iter().map(ToString::to_string).collect())
}

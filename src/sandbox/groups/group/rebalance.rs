//! How members come together: joining, waiting for each other, choosing an assignor and a leader, and what becomes of those who
//! do not come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Group, Phase, subscription};
use crate::sandbox::code;
use crate::sandbox::groups::member::Member;
use crate::sandbox::groups::{Attendee, CONSUMER, Join, Joined, Moment, Step, Who};

/// Members who say that they have no time get this.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

impl Group {
    /// Somebody wants to be a member.
    pub(in crate::sandbox) fn join(&mut self, join: Join, now: Moment) -> Step<Joined> {
        if !self.can_speak_with(&join) {
            return Step::Now(Joined::refused(code::INCONSISTENT_GROUP_PROTOCOL, &join.member));
        }
        if !join.member.is_empty() {
            return self.rejoin(join, now);
        }
        let place = join.instance.as_deref().and_then(|instance| self.is_static(instance)).map(str::to_owned);
        match place {
            Some(old) => self.replace(&old, join, now),
            None if join.needs_id && join.instance.is_none() => {
                self.given.insert(join.fresh.clone(), now.saturating_add(join.session));
                Step::Now(Joined::refused(code::MEMBER_ID_REQUIRED, &join.fresh))
            }
            None => {
                let id = join.fresh.clone();
                self.take_in(&id, join, now)
            }
        }
    }

    /// Whether it is of the same protocol type as the members, and has an assignor that all of them have.
    fn can_speak_with(&self, join: &Join) -> bool {
        if join.kind.is_empty() || join.protocols.is_empty() {
            return false;
        }
        self.members.is_empty() || (self.kind.as_deref() == Some(&join.kind) && join.protocols.iter().any(|(name, _)| self.all_have(name)))
    }

    fn all_have(&self, protocol: &str) -> bool {
        self.members.values().all(|member| member.protocols.iter().any(|(name, _)| name == protocol))
    }

    fn take_in(&mut self, id: &str, join: Join, now: Moment) -> Step<Joined> {
        if self.members.is_empty() {
            self.kind = Some(join.kind.clone());
        }
        self.members.insert(id.to_owned(), Member::new(join, now));
        self.wait_for_others(id, now)
    }

    /// A member waits, and the group rebalances unless it does so already.
    fn wait_for_others(&mut self, id: &str, now: Moment) -> Step<Joined> {
        let (tell, told) = oneshot::channel();
        if let Some(member) = self.members.get_mut(id) {
            member.superseded();
            member.joining = Some(tell);
        }
        if self.phase == Phase::Preparing {
            self.complete_if_all_are_here(now);
        } else {
            self.prepare(now);
        }
        Step::Later(told)
    }

    fn rejoin(&mut self, join: Join, now: Moment) -> Step<Joined> {
        let id = join.member.clone();
        if self.given.remove(&id).is_some() {
            return self.take_in(&id, join, now);
        }
        let who = Who { member: &id, instance: join.instance.as_deref() };
        if let Err(error) = self.knows(who) {
            return Step::Now(Joined::refused(error, &id));
        }
        let leads = self.leader.as_deref() == Some(&*id);
        let Some(member) = self.members.get_mut(&id) else {
            return Step::Now(Joined::refused(code::UNKNOWN_MEMBER_ID, &id));
        };
        let same = member.protocols == join.protocols;
        match self.phase {
            // The answer of this generation was lost on its way.
            Phase::Completing if same => Step::Now(self.joined(&id)),
            // A follower that has nothing new to say; a leader that comes again wants to assign anew.
            Phase::Stable if same && !leads => Step::Now(self.joined(&id)),
            _ => {
                member.renew(join, now);
                self.wait_for_others(&id, now)
            }
        }
    }

    /// A static member has started anew and takes its former place under another id. When the assignor stays the same, a stable
    /// group does not rebalance (KIP-345, KIP-814).
    fn replace(&mut self, old: &str, join: Join, now: Moment) -> Step<Joined> {
        let (id, may_skip) = (join.fresh.clone(), join.may_skip);
        let Some(mut member) = self.members.remove(old) else { return self.take_in(&id, join, now) };
        let led = self.leader.as_deref() == Some(old);
        member.dismiss(code::FENCED_INSTANCE_ID, old);
        member.renew(join, now);
        self.members.insert(id.clone(), member);
        if led {
            self.leader = Some(id.clone());
        }
        if self.phase != Phase::Stable || self.choose() != self.protocol {
            return self.wait_for_others(&id, now);
        }
        let mut joined = self.joined(&id);
        match (led, may_skip) {
            (true, true) => joined.skip = true,
            // It would assign if it knew that it leads.
            (true, false) => {
                joined.members.clear();
                old.clone_into(&mut joined.leader);
            }
            (false, _) => {}
        }
        Step::Now(joined)
    }

    /// Members are to join again; who waits for an assignment hears so.
    fn prepare(&mut self, now: Moment) {
        let first = self.phase == Phase::Empty;
        if self.phase == Phase::Completing {
            for member in self.members.values_mut() {
                member.assignment.clear();
                member.dismiss_sync(code::REBALANCE_IN_PROGRESS);
            }
        }
        self.phase = Phase::Preparing;
        self.deadline = Some(now.saturating_add(self.patience()));
        if first {
            self.complete(now);
        } else {
            self.complete_if_all_are_here(now);
        }
    }

    /// The longest that a member wants to be waited for.
    fn patience(&self) -> Duration {
        self.members.values().map(|member| member.rebalance).max().unwrap_or_default().max(LEAST_PATIENCE)
    }

    pub(super) fn complete_if_all_are_here(&mut self, now: Moment) {
        let all = self.given.is_empty() && self.members.values().all(|member| member.joining.is_some());
        if self.phase == Phase::Preparing && all {
            self.complete(now);
        }
    }

    /// Who has not joined, or has joined and not asked for an assignment, is waited for no longer.
    pub(super) fn patience_ends(&mut self, now: Moment) {
        if self.phase == Phase::Preparing {
            return self.complete(now);
        }
        self.deadline = None;
        let late: Vec<String> = self.members.iter().filter(|(_, member)| !member.synced).map(|(id, _)| id.clone()).collect();
        for id in late {
            self.remove(&id, now);
        }
    }

    /// A new generation: of those who have joined, and of static members, whose session alone ends their membership.
    fn complete(&mut self, now: Moment) {
        self.members.retain(|_, member| member.joining.is_some() || member.instance.is_some());
        if self.members.is_empty() {
            return self.become_empty();
        }
        let here = |member: &Member| member.joining.is_some();
        let leader = self.leader.as_ref().filter(|id| self.members.get(*id).is_some_and(here)).cloned();
        let Some(leader) = leader.or_else(|| self.members.iter().find(|(_, member)| here(member)).map(|(id, _)| id.clone())) else {
            self.deadline = Some(now.saturating_add(self.patience()));
            return;
        };
        self.leader = Some(leader);
        self.generation = self.generation.saturating_add(1);
        self.protocol = self.choose();
        self.subscribed = self.subscriptions();
        self.phase = Phase::Completing;
        self.deadline = Some(now.saturating_add(self.patience()));
        let answers: Vec<(String, Joined)> = self.members.keys().map(|id| (id.clone(), self.joined(id))).collect();
        for (id, joined) in answers {
            if let Some(member) = self.members.get_mut(&id) {
                member.admit(joined, now);
            }
        }
    }

    fn become_empty(&mut self) {
        self.phase = Phase::Empty;
        self.generation = self.generation.saturating_add(1);
        (self.protocol, self.leader, self.deadline) = (None, None, None);
        self.subscribed = (self.kind() == Some(CONSUMER)).then(BTreeSet::new);
    }

    /// The assignor that most members prefer, of those that all have.
    fn choose(&self) -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let preferred = member.protocols.iter().map(|(name, _)| name.as_str()).find(|name| self.all_have(name));
            if let Some(name) = preferred {
                *votes.entry(name).or_default() += 1;
            }
        }
        votes.into_iter().max_by_key(|(_, votes)| *votes).map(|(name, _)| name.to_owned())
    }

    /// The topics of all members, unless one of them cannot be read.
    fn subscriptions(&self) -> Option<BTreeSet<String>> {
        let protocol = self.protocol.as_deref().filter(|_| self.kind() == Some(CONSUMER))?;
        let topics: Option<Vec<Vec<String>>> = self.members.values().map(|member| subscription(member.subscription(protocol))).collect();
        Some(topics?.into_iter().flatten().collect())
    }

    /// What a member is told of this generation; the leader hears of all members.
    fn joined(&self, id: &str) -> Joined {
        let protocol = self.protocol.clone().unwrap_or_default();
        let leader = self.leader.clone().unwrap_or_default();
        let attendee = |(id, member): (&String, &Member)| Attendee {
            member: id.clone(),
            instance: member.instance.clone(),
            subscription: member.subscription(&protocol),
        };
        Joined {
            error: 0,
            generation: self.generation,
            kind: self.kind.clone(),
            members: if leader == id { self.members.iter().map(attendee).collect() } else { Vec::new() },
            protocol: Some(protocol),
            leader,
            member: id.to_owned(),
            skip: false,
        }
    }

    /// A member is gone; the others share its partitions.
    pub(super) fn remove(&mut self, id: &str, now: Moment) {
        let Some(mut member) = self.members.remove(id) else { return };
        member.dismiss(code::UNKNOWN_MEMBER_ID, id);
        if self.leader.as_deref() == Some(id) {
            self.leader = None;
        }
        match self.phase {
            Phase::Stable | Phase::Completing => self.prepare(now),
            Phase::Preparing => self.complete_if_all_are_here(now),
            Phase::Empty => {}
        }
    }
}

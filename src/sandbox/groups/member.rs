//! A member of a group, and what it is told when it joins and when it asks for its assignment.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::Moment;
use crate::sandbox::code;

/// An answer that is there, or one that comes when others have done their part.
#[derive(Debug)]
pub(in crate::sandbox) enum Step<T> {
    Now(T),
    Later(oneshot::Receiver<T>),
}

/// Who asks: the member's id, and the id of a static member (KIP-345).
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Who<'a> {
    pub(in crate::sandbox) member: &'a str,
    pub(in crate::sandbox) instance: Option<&'a str>,
}

/// What a JoinGroup request says.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct Join {
    /// Empty: it has none yet.
    pub(in crate::sandbox) member: String,
    /// What it is called if it is new.
    pub(in crate::sandbox) fresh: String,
    pub(in crate::sandbox) instance: Option<String>,
    pub(in crate::sandbox) client: String,
    pub(in crate::sandbox) host: String,
    pub(in crate::sandbox) session: Duration,
    pub(in crate::sandbox) rebalance: Duration,
    /// The protocol type.
    pub(in crate::sandbox) kind: String,
    /// Assignors, the preferred one first, each with the member's subscription.
    pub(in crate::sandbox) protocols: Vec<(String, Bytes)>,
    /// A new member is to come again with the id that it is given (KIP-394).
    pub(in crate::sandbox) needs_id: bool,
    /// The client knows that a leader may be told to assign nothing.
    pub(in crate::sandbox) may_skip: bool,
}

/// A member, as the leader hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Attendee {
    pub(in crate::sandbox) member: String,
    pub(in crate::sandbox) instance: Option<String>,
    pub(in crate::sandbox) subscription: Bytes,
}

/// The answer to a JoinGroup request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Joined {
    pub(in crate::sandbox) error: i16,
    pub(in crate::sandbox) generation: i32,
    pub(in crate::sandbox) kind: Option<String>,
    pub(in crate::sandbox) protocol: Option<String>,
    pub(in crate::sandbox) leader: String,
    pub(in crate::sandbox) member: String,
    /// For the leader alone.
    pub(in crate::sandbox) members: Vec<Attendee>,
    pub(in crate::sandbox) skip: bool,
}

impl Joined {
    pub(in crate::sandbox) fn refused(error: i16, member: &str) -> Self {
        Self { error, generation: -1, member: member.to_owned(), ..Self::default() }
    }
}

/// What a SyncGroup request says.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Sync<'a> {
    pub(in crate::sandbox) who: Who<'a>,
    pub(in crate::sandbox) generation: i32,
    pub(in crate::sandbox) kind: Option<&'a str>,
    pub(in crate::sandbox) protocol: Option<&'a str>,
    /// From the leader: by member.
    pub(in crate::sandbox) assignments: Vec<(String, Bytes)>,
}

/// The answer to a SyncGroup request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Synced {
    pub(in crate::sandbox) error: i16,
    pub(in crate::sandbox) kind: Option<String>,
    pub(in crate::sandbox) protocol: Option<String>,
    pub(in crate::sandbox) assignment: Bytes,
}

impl Synced {
    pub(in crate::sandbox) fn refused(error: i16) -> Self {
        Self { error, ..Self::default() }
    }
}

/// A member.
#[derive(Debug)]
pub(in crate::sandbox) struct Member {
    pub(in crate::sandbox) instance: Option<String>,
    pub(in crate::sandbox) client: String,
    pub(in crate::sandbox) host: String,
    pub(in crate::sandbox) assignment: Bytes,
    pub(super) session: Duration,
    pub(super) rebalance: Duration,
    pub(super) protocols: Vec<(String, Bytes)>,
    /// When nothing is heard of it until then, it is gone.
    pub(super) expires: Moment,
    /// It waits for the others to join.
    pub(super) joining: Option<oneshot::Sender<Joined>>,
    /// It waits for the leader's assignment.
    pub(super) syncing: Option<oneshot::Sender<Synced>>,
    /// It has asked for its assignment in this generation.
    pub(super) synced: bool,
}

impl Member {
    pub(super) fn new(join: Join, now: Moment) -> Self {
        Self {
            expires: now.saturating_add(join.session),
            instance: join.instance,
            client: join.client,
            host: join.host,
            assignment: Bytes::new(),
            session: join.session,
            rebalance: join.rebalance,
            protocols: join.protocols,
            joining: None,
            syncing: None,
            synced: false,
        }
    }

    /// It comes again, with what it says now.
    pub(super) fn renew(&mut self, join: Join, now: Moment) {
        self.client = join.client;
        self.host = join.host;
        self.session = join.session;
        self.rebalance = join.rebalance;
        self.protocols = join.protocols;
        self.heard(now);
    }

    pub(super) fn heard(&mut self, now: Moment) {
        self.expires = now.saturating_add(self.session);
    }

    /// It waits for the coordinator, which therefore does not wait for it.
    pub(super) fn waits(&self) -> bool {
        self.joining.is_some() || self.syncing.is_some()
    }

    /// Its subscription under this assignor.
    pub(in crate::sandbox) fn subscription(&self, protocol: &str) -> Bytes {
        self.protocols.iter().find(|(name, _)| name == protocol).map(|(_, bytes)| bytes.clone()).unwrap_or_default()
    }

    /// What it waits for will not come. Its connection may be gone, and then nobody hears it.
    pub(super) fn dismiss(&mut self, error: i16, id: &str) {
        if let Some(joining) = self.joining.take() {
            let _gone = joining.send(Joined::refused(error, id));
        }
        self.dismiss_sync(error);
    }

    pub(super) fn dismiss_sync(&mut self, error: i16) {
        if let Some(syncing) = self.syncing.take() {
            let _gone = syncing.send(Synced::refused(error));
        }
    }

    /// The members have joined: this one hears of it.
    pub(super) fn admit(&mut self, joined: Joined, now: Moment) {
        self.synced = false;
        self.heard(now);
        if let Some(joining) = self.joining.take() {
            let _gone = joining.send(joined);
        }
    }

    /// The assignment is there.
    pub(super) fn assign(&mut self, assignment: Bytes, answer: Synced, now: Moment) {
        self.assignment = assignment;
        if let Some(syncing) = self.syncing.take() {
            self.heard(now);
            let _gone = syncing.send(answer);
        }
    }

    /// A request whose answer nobody waits for any longer, because the member has asked again.
    pub(super) fn superseded(&mut self) {
        if let Some(joining) = self.joining.take() {
            let _gone = joining.send(Joined { error: code::REBALANCE_IN_PROGRESS, generation: -1, ..Joined::default() });
        }
    }
}

//! From an effect to a task: ids, owners, cancelling, lanes. A task that panics becomes a failure, never a dead screen.

mod reading;
mod work_on;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::checkup;
use super::inquire::{self, Teller};
use super::kafka::{Client, Settings, Wanted};
use super::scan::{self, Recent};
use super::work::Work;
use super::{audit, clipboard, export, queries, saved};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::checkup::Checkup;
use crate::core::effect::{Effect, Owner, TaskId};
use crate::core::event::Arrival;
use crate::core::guard::Permit;
use crate::core::produce::Sending;
use crate::core::reset::Order;
use crate::core::stream::{Delivery, Flow, Progress};
use crate::model::{Cause, ClusterId, Failure, Foreign};
use crate::text::Shown;
use reading::{older, read, several};
pub use work_on::compute;

/// Replies that may wait for the loop, and chunks: a reader whose chunk finds no room does not fetch on.
const REPLIES: usize = 64;
const CHUNKS: usize = 4;

/// The newest progress and whose it is.
type Newest = Option<(TaskId, Arc<Progress>)>;

/// Where tasks send.
#[derive(Debug)]
pub struct Lanes {
    pub replies: mpsc::Receiver<Arrival>,
    pub chunks: mpsc::Receiver<(TaskId, Delivery)>,
    /// The newest progress: latest wins.
    pub progress: watch::Receiver<Newest>,
}

/// The sending ends, for a task.
#[derive(Debug, Clone)]
struct Out {
    replies: mpsc::Sender<Arrival>,
    chunks: mpsc::Sender<(TaskId, Delivery)>,
    progress: Arc<watch::Sender<Newest>>,
    /// The largest record that a reader for a screen keeps, in bytes.
    largest: usize,
    /// The state folder.
    state: Option<Arc<Path>>,
    /// How the clusters are reached that may be looked at, by their place in the list.
    targets: Arc<[Settings]>,
    /// What was searched a moment ago; of all clusters, since a topic's id is its own everywhere.
    recent: Recent,
}

#[derive(Debug)]
pub struct Runner {
    client: Client,
    work: Work,
    out: Out,
    tasks: BTreeMap<TaskId, Task>,
}

#[derive(Debug)]
struct Task {
    owner: Owner,
    abort: AbortHandle,
    flow: Option<mpsc::UnboundedSender<Flow>>,
}

impl Runner {
    /// A runner on the current tokio runtime.
    pub fn new(client: Client, work: Work) -> (Self, Lanes) {
        let (replies, replies_out) = mpsc::channel(REPLIES);
        let (chunks, chunks_out) = mpsc::channel(CHUNKS);
        let (progress, progress_out) = watch::channel(None);
        let out = Out {
            replies,
            chunks,
            progress: Arc::new(progress),
            largest: scan::LIVE_LARGEST,
            state: None,
            targets: Arc::from([]),
            recent: Recent::new(0),
        };
        let lanes = Lanes { replies: replies_out, chunks: chunks_out, progress: progress_out };
        (Self { client, work, out, tasks: BTreeMap::new() }, lanes)
    }

    /// Sets the largest record that a live view keeps, in bytes.
    pub fn keep_up_to(&mut self, bytes: usize) {
        self.out.largest = bytes;
    }

    /// Sets how many bytes of records that were searched are kept for the next search.
    pub fn remember(&mut self, bytes: usize) {
        self.out.recent = Recent::new(bytes);
    }

    /// Sets the state folder: without one nothing is changed, because nothing could be put back.
    pub fn keep_in(&mut self, folder: Option<PathBuf>) {
        self.out.state = folder.map(Arc::from);
    }

    /// Sets how the clusters are reached that may be looked at.
    pub fn know(&mut self, targets: &[Settings]) {
        self.out.targets = targets.into();
    }

    /// Asks another cluster from here on. The connections to the one before close with the last task that uses them.
    pub fn reach(&mut self, client: Client) {
        self.client = client;
    }

    pub fn perform(&mut self, effect: Effect) {
        self.tasks.retain(|_, task| !task.abort.is_finished());
        match effect {
            Effect::Start { id, owner, ask, permit } => self.start(id, owner, ask, permit),
            Effect::Cancel(id) => {
                if let Some(task) = self.tasks.remove(&id) {
                    task.abort.abort();
                }
            }
            Effect::CancelOwner(owner) => {
                self.tasks.retain(|_, task| {
                    if task.owner == owner {
                        task.abort.abort();
                    }
                    task.owner != owner
                });
            }
            Effect::Flow(id, flow) => {
                if let Some(lane) = self.tasks.get(&id).and_then(|task| task.flow.as_ref()) {
                    // A reader that has just ended needs no steering.
                    let _ended = lane.send(flow);
                }
            }
            // A client is made of settings that the core does not know: `app` does, and calls `reach`.
            Effect::Switch(_) | Effect::Configure(_) | Effect::Term(_) | Effect::Quit => {}
        }
    }

    /// Where files are kept between runs, if anywhere.
    pub fn state_folder(&self) -> Option<&Path> {
        self.out.state.as_deref()
    }

    /// Ends everything that runs.
    pub fn cancel_all(&mut self) {
        for task in std::mem::take(&mut self.tasks).into_values() {
            task.abort.abort();
        }
    }

    fn start(&mut self, id: TaskId, owner: Owner, ask: Ask, permit: Option<Permit>) {
        tracing::debug!(task = id.0, ask = ask.name(), "start");
        let (flow, steer) = if matches!(ask, Ask::Read(_) | Ask::ReadSeveral(_) | Ask::Produce(_)) {
            let (send, receive) = mpsc::unbounded_channel();
            (Some(send), Some(receive))
        } else {
            (None, None)
        };
        let (client, work, out) = (self.client.clone(), self.work.clone(), self.out.clone());
        let replies = self.out.replies.clone();
        let name = ask.name();
        let inner = tokio::spawn(answer(client, work, out, id, ask, Given { steer, permit }));
        let abort = inner.abort_handle();
        tokio::spawn(async move {
            let result = match inner.await {
                Ok(result) => result.inspect_err(|failure| {
                    tracing::warn!(task = id.0, ask = name, code = failure.code(), "{:?}", Shown::of(&failure.sentence()).as_str());
                }),
                Err(error) if error.is_cancelled() => return,
                Err(error) => {
                    tracing::error!(task = id.0, ask = name, "panicked: {error}");
                    Err(Failure::new(
                        "work for the screen",
                        Cause::Bug(Foreign::new(format!("the task \"{name}\" failed; the log says more"))),
                    ))
                }
            };
            // A loop that is gone wants no reply.
            let _gone = replies.send(Arrival::Reply(Reply { id, result })).await;
        });
        self.tasks.insert(id, Task { owner, abort, flow });
    }
}

/// What comes with some asks.
#[derive(Debug)]
struct Given {
    /// For a reader, and for who sends.
    steer: Option<mpsc::UnboundedReceiver<Flow>>,
    /// For a change.
    permit: Option<Permit>,
}

async fn answer(client: Client, work: Work, out: Out, id: TaskId, ask: Ask, given: Given) -> Result<Answer, Failure> {
    match ask {
        Ask::Cluster { urgent } => list(client, out, id, urgent).await,
        Ask::Positions { which, topics } => {
            super::figures::positions(&client, which, &topics, |part| tell(&out, id, part)).await;
            Ok(Answer::Told(super::figures::traffic(&client)))
        }
        Ask::Sizes(topics) => {
            super::figures::sizes(&client, &topics, |part| tell(&out, id, part)).await;
            Ok(Answer::Told(super::figures::traffic(&client)))
        }
        Ask::Keep(topics) => Ok(super::figures::keep(&client, &topics).await),
        Ask::Topic { topic, controller } => Ok(Answer::Topic(super::figures::facts(&client, &topic, controller).await)),
        Ask::Groups => {
            super::groups::list(&client, |part| tell(&out, id, part)).await?;
            Ok(Answer::Told(super::figures::traffic(&client)))
        }
        Ask::Describe(groups) => Ok(Answer::Described(super::groups::describe(&client, &groups).await)),
        Ask::Lag(groups) => {
            super::groups::lag(&client, &groups, |part| tell(&out, id, part)).await?;
            Ok(Answer::Told(super::figures::traffic(&client)))
        }
        Ask::Behind(places) => Ok(Answer::Behind(super::behind::times(&client, &places).await)),
        Ask::Holders { topic, partition } => {
            let holders = client.holders("look for open transactions", &topic, partition).await.map_err(|error| error.why());
            Ok(Answer::Holders { topic, partition, holders })
        }
        Ask::Read(plan) => {
            let flow = given.steer.unwrap_or_else(|| mpsc::unbounded_channel().1);
            read(client, work, out, id, *plan, flow).await
        }
        ask @ (Ask::ReadSeveral(_) | Ask::OlderSeveral(..)) => several(client, work, out, id, ask, given.steer).await,
        Ask::Older(plan, _) if plan.filter.is_none() => older(client, work, *plan).await,
        Ask::Tally(wanted) => super::tally::count((client, work, out.recent), *wanted, out.replies, id).await,
        Ask::Older(plan, allowance) => super::past::search((client, work, out.recent), *plan, allowance, out.replies, id).await,
        ask @ (Ask::Render(_) | Ask::Search { .. } | Ask::Highlight { .. } | Ask::Filter(_) | Ask::Compare { .. }) => {
            work.run("work on records", move || compute(&ask)).await?
        }
        Ask::Open { topic, partition, offset } => {
            scan::open_one(&client, &topic, partition, offset).await.map(|chunk| Answer::Opened { chunk })
        }
        ask @ (Ask::Neighbour(_) | Ask::Shape(_) | Ask::Bisect(_) | Ask::Follow(_)) => {
            inquire(&client, &work, &ask, &Teller::new(id, out.replies.clone())).await
        }
        Ask::Log(folder) => work.run("read the log", move || super::log_tail::read(&folder)).await?.map(Answer::Log),
        Ask::Copy(text) => Ok(Answer::Copied(clipboard::copy(text).await)),
        Ask::Remember { path, kept } => work.run("keep what was seen", move || saved::remember(&path, &kept)).await?,
        Ask::Recall(path) => work.run("read what was seen", move || Ok(Answer::Recalled(Box::new(saved::recall(&path))))).await?,
        Ask::Save { path, saved } => work.run("keep the history", move || saved::write(&path, &saved)).await?,
        Ask::Queries { path, named } => work.run("read the saved queries", move || queries::read(&path, named.as_ref())).await?,
        Ask::Preview(wish) => {
            let state = out.state.clone();
            super::reset::preview(&client, state.as_deref(), *wish).await.map(|plan| Answer::Preview(Box::new(plan)))
        }
        Ask::Audit(intent) => {
            let state = out.state.clone();
            work.run("write the audit log", move || audit::intent(state.as_deref(), &intent)).await?.map(Answer::Audited)
        }
        Ask::Checkup { target, expects } => check(&out, id, target, expects).await,
        Ask::Target(topic) => super::produce::look(&client, &topic).await.map(|target| Answer::Target(Box::new(target))),
        Ask::Produce(sending) => produce(&client, &out, id, given, *sending).await,
        Ask::Reset(order) => change(&client, &out, id, given.permit, (*order, false)).await,
        Ask::Arm(order) => change(&client, &out, id, given.permit, (*order, true)).await,
        Ask::SaveRows { name, rows } => work.run("save the list", move || export::rows(name, &rows)).await?,
        Ask::Export(export) => work.run("save the records", move || export::write(&export)).await?,
    }
}

/// What else one asks of topics: each tells parts of its answer itself.
async fn inquire(client: &Client, work: &Work, ask: &Ask, teller: &Teller) -> Result<Answer, Failure> {
    match ask {
        Ask::Neighbour(ask) => inquire::neighbour(client, work, ask, teller).await.map(|sought| Answer::Sought(Box::new(sought))),
        Ask::Shape(ask) => inquire::shape(client, work, ask, teller).await.map(|shape| Answer::Shape(Arc::new(shape))),
        Ask::Bisect(ask) => inquire::bisect(client, ask, teller).await.map(|found| Answer::Bisected(Arc::new(found))),
        Ask::Follow(ask) => inquire::follow(client, work, ask, teller).await.map(|trail| Answer::Trail(Box::new(trail))),
        other => compute(other),
    }
}

/// Carries a plan out.
async fn change(client: &Client, out: &Out, id: TaskId, permit: Option<Permit>, order: (Order, bool)) -> Result<Answer, Failure> {
    let Some(permit) = permit else {
        // The gate lets none through without; whoever gets past it finds the door closed.
        return Err(Failure::new("change the group", Cause::Refused("nothing was written: there is no permit for it")));
    };
    let state = out.state.clone();
    let tell = |step| tell(out, id, Answer::Step(Box::new(step)));
    let report = super::reset::carry_out(client, state.as_deref(), permit, order, tell).await?;
    Ok(Answer::Reset(Box::new(report)))
}

/// Sends records, until `Flow::Stop` at the latest.
async fn produce(client: &Client, out: &Out, id: TaskId, given: Given, sending: Sending) -> Result<Answer, Failure> {
    let Some(permit) = given.permit else {
        return Err(Failure::new("send the records", Cause::Refused("nothing was sent: there is no permit for it")));
    };
    let mut steer = given.steer.unwrap_or_else(|| mpsc::unbounded_channel().1);
    let stop = async move {
        while let Some(flow) = steer.recv().await {
            if matches!(flow, Flow::Stop) {
                return;
            }
        }
        // Whoever steers is gone: it ends by itself.
        std::future::pending::<()>().await;
    };
    let tell = async |told| {
        if let super::produce::Told::Progress(progress) = told {
            tell(out, id, Answer::Producing(Box::new(progress))).await;
        }
    };
    let report = super::produce::send(client, out.state.as_deref(), permit, sending, stop, tell).await;
    Ok(Answer::Produced(Box::new(report)))
}

/// What the cluster has. What we may do there is told by a question of its own, which no list waits for.
async fn list(client: Client, out: Out, id: TaskId, urgent: bool) -> Result<Answer, Failure> {
    if urgent {
        client.retry_now();
    }
    let view = client.cluster("list the topics", Wanted::All).await?;
    tokio::spawn(async move {
        if let Some(rights) = client.rights().await {
            tell(&out, id, Answer::Rights(rights)).await;
        }
    });
    Ok(Answer::Cluster(Arc::new(view)))
}

/// Looks at the way to a cluster.
async fn check(out: &Out, id: TaskId, target: usize, expects: Option<ClusterId>) -> Result<Answer, Failure> {
    let Some(settings) = out.targets.get(target) else {
        return Err(Failure::new("check the connection", Cause::Refused("there is no such context")));
    };
    let wanted = checkup::Wanted { expects, patience: None };
    let (_ends_when_dropped, mut findings) = checkup::start(settings.clone(), wanted);
    let mut so_far = Checkup::default();
    while let Some(finding) = findings.recv().await {
        so_far.findings.push(finding);
        tell(out, id, Answer::Checkup(Arc::new(so_far.clone()))).await;
    }
    so_far.done = true;
    Ok(Answer::Checkup(Arc::new(so_far)))
}

/// A part of an answer. A loop that is gone wants none.
async fn tell(out: &Out, id: TaskId, part: Answer) {
    let _gone = out.replies.send(Arrival::Part(id, part)).await;
}

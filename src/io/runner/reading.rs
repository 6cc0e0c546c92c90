//! Readers of topics for screens, and the lanes on which they deliver.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{Newest, Out, compute};
use crate::core::ask::{Answer, Ask, Older};
use crate::core::effect::TaskId;
use crate::core::stream::{Delivery, Flow, Plan, Progress};
use crate::io::kafka::Client;
use crate::io::scan::{self, Taken};
use crate::io::several as together;
use crate::io::work::Work;
use crate::model::{Failure, Time};
use crate::query::Context;

/// Several topics as one list: what follows the logs, or a stretch that has an end.
pub(super) async fn several(
    client: Client,
    work: Work,
    out: Out,
    id: TaskId,
    ask: Ask,
    steer: Option<mpsc::UnboundedReceiver<Flow>>,
) -> Result<Answer, Failure> {
    match ask {
        Ask::ReadSeveral(plans) => {
            let flow = steer.unwrap_or_else(|| mpsc::unbounded_channel().1);
            let options = live(&out);
            let sink = Screen { id, chunks: out.chunks, progress: out.progress };
            together::read(client, work, plans, options, flow, sink).await.map(|()| Answer::ReadEnded)
        }
        Ask::OlderSeveral(plans, allowance) => {
            together::older((&client, &work, out.recent), plans, allowance).await.map(|older| Answer::Older(Box::new(older)))
        }
        other => compute(&other),
    }
}

/// Runs a reader for a screen until it ends or is cancelled.
pub(super) async fn read(
    client: Client,
    work: Work,
    out: Out,
    id: TaskId,
    plan: Plan,
    flow: mpsc::UnboundedReceiver<Flow>,
) -> Result<Answer, Failure> {
    let options = live(&out);
    let sink = Screen { id, chunks: out.chunks, progress: out.progress };
    scan::read(client, work, plan, options, flow, sink).await?;
    Ok(Answer::ReadEnded)
}

fn live(out: &Out) -> scan::Options {
    let now = Time(jiff::Timestamp::now().as_microsecond());
    scan::Options { largest: out.largest, ..scan::Options::live(Context::utc(now)) }
}

/// Runs a reader to its end and gives all of it at once.
pub(super) async fn older(client: Client, work: Work, plan: Plan) -> Result<Answer, Failure> {
    let now = Time(jiff::Timestamp::now().as_microsecond());
    let mut gathered = Gather(Older::default());
    let nobody_steers = mpsc::unbounded_channel().1;
    scan::read(client, work, plan, scan::Options::live(Context::utc(now)), nobody_steers, &mut gathered).await?;
    Ok(Answer::Older(Box::new(gathered.0)))
}

#[derive(Debug)]
struct Gather(Older);

impl scan::Sink for &mut Gather {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        if let Taken::Records(delivery) = taken {
            self.0.deliveries.push(delivery);
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) {
        self.0.progress = progress;
    }
}

/// The lanes of one reader.
#[derive(Debug)]
struct Screen {
    id: TaskId,
    chunks: mpsc::Sender<(TaskId, Delivery)>,
    progress: Arc<watch::Sender<Newest>>,
}

impl scan::Sink for Screen {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        // Lines are only asked for by the command line.
        let Taken::Records(delivery) = taken else { return ControlFlow::Continue(()) };
        // A loop that is gone wants no more.
        if self.chunks.send((self.id, delivery)).await.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn progress(&mut self, progress: Progress) {
        self.progress.send_replace(Some((self.id, Arc::new(progress))));
    }
}

//! What one topic's reader gives, on its way to be merged with the others'.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::reading::Shared;
use super::summary::Seen;
use crate::core::stream::Progress;
use crate::io::scan::{Lines, Sink, Taken};
use crate::model::TopicName;

/// See the module.
#[derive(Debug)]
pub(super) struct Gather {
    /// The topic's place in the list.
    pub index: usize,
    pub topic: TopicName,
    pub lane: mpsc::Sender<Lines>,
    pub shared: Arc<Shared>,
    pub seen: Seen,
    pub quiet: bool,
}

impl Sink for Gather {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        let Taken::Lines(lines) = taken else { return ControlFlow::Continue(()) };
        if !lines.facts.is_empty() {
            self.seen.clear_line();
            self.seen.facts(self.index, &lines.facts);
        }
        lines.facts.iter().for_each(|fact| self.shared.fact(&self.topic, fact, self.quiet));
        if !lines.ends.is_empty() && self.lane.send(lines).await.is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) {
        self.seen.progress(self.index, &self.topic, progress);
    }
}

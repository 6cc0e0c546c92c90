//! What became of a topic that a broker does not know (any more). Right after a change one broker may not know yet what
//! the others do, so one answer is not enough to call a topic deleted (P26).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::io::kafka::pool::Pool;
use crate::model::{BrokerId, Failure, Topic, TopicError, TopicId, TopicName};

/// What became of a topic.
#[derive(Debug, Clone)]
pub enum Fate {
    /// It is there, the same as before or with an id that nobody told.
    There(Arc<Topic>),
    /// A topic of this name is there and has another id: deleted, and made again (P25).
    MadeAgain(Arc<Topic>),
    /// Two brokers, or the only one twice, do not know it, for at least as long as the settings say.
    Gone,
}

/// Between two rounds of asking.
const ROUND: Duration = Duration::from_millis(500);

impl Pool {
    /// Asks the brokers one after the other until they agree.
    ///
    /// # Errors
    /// No broker answers, or the topic may not be seen (any more).
    pub(in crate::io::kafka) async fn fate(self: &Arc<Self>, what: &'static str, name: &TopicName, id: TopicId) -> Result<Fate, Failure> {
        let names = std::slice::from_ref(name);
        let began = Instant::now();
        let mut unknown_to: BTreeMap<Option<BrokerId>, usize> = BTreeMap::new();
        loop {
            let brokers = self.listed();
            let mut asked = None;
            for &broker in &brokers {
                // Brokers that cannot be reached have no say; when none can, the loop's own question says so.
                let Ok(connection) = self.control(broker).await else { continue };
                if let Ok(view) = self.cluster_from(&connection, Some(names), false).await {
                    asked = Some(Some(broker));
                    if let Some(fate) = told(what, view.topics.first(), id)? {
                        return Ok(fate);
                    }
                    *unknown_to.entry(Some(broker)).or_default() += 1;
                }
            }
            if asked.is_none() {
                let view = self.cluster(what, super::Wanted::Named(names)).await?;
                if let Some(fate) = told(what, view.topics.first(), id)? {
                    return Ok(fate);
                }
                *unknown_to.entry(None).or_default() += 1;
            }
            let enough = unknown_to.len() > 1 || (brokers.len() <= 1 && unknown_to.values().any(|&times| times > 1));
            if enough && began.elapsed() >= self.settings.gone_after {
                return Ok(Fate::Gone);
            }
            // One broker of several answers, and the others never do: its word counts after the time of a whole question.
            if began.elapsed() >= self.settings.gone_after + self.settings.retry {
                return Ok(Fate::Gone);
            }
            sleep(ROUND.min(self.settings.gone_after)).await;
        }
    }
}

/// `None`: this broker does not know it.
fn told(what: &'static str, topic: Option<&Arc<Topic>>, id: TopicId) -> Result<Option<Fate>, Failure> {
    let Some(topic) = topic else { return Ok(None) };
    match topic.error {
        Some(TopicError::Unknown) => Ok(None),
        Some(_) => super::topic_failure(what, topic).map_or(Ok(None), Err),
        None if id.is_known() && topic.id.is_known() && topic.id != id => Ok(Some(Fate::MadeAgain(Arc::clone(topic)))),
        None => Ok(Some(Fate::There(Arc::clone(topic)))),
    }
}

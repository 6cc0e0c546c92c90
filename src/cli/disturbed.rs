//! What keeps partitions from being read, said once while it is still tried: who waits for output learns why none comes.

use std::time::Duration;

use tokio::time::Instant;

use crate::core::stream::Progress;

/// What is over sooner is not worth a word.
const SHORT: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Disturbed {
    /// Since when a partition cannot be read.
    since: Option<Instant>,
    said: bool,
}

impl Disturbed {
    /// What is to be said now about a reader of this topic.
    pub(super) fn words(&mut self, topic: &str, progress: &Progress, now: Instant) -> Option<String> {
        let mut troubled = progress.partitions.iter().filter_map(|part| Some((part.id, part.trouble.as_ref()?)));
        let Some((first, trouble)) = troubled.next() else {
            *self = Self::default();
            return None;
        };
        let since = *self.since.get_or_insert(now);
        if self.said || now.duration_since(since) < SHORT {
            return None;
        }
        self.said = true;
        let more = match troubled.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("partition {}{more} of topic {topic} cannot be read, and is tried on: {trouble}", first.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::stream::PartitionProgress;
    use crate::model::{Offset, PartitionId};

    fn progress(troubles: &[Option<&str>]) -> Progress {
        let part = |(id, trouble): (i32, Option<&str>)| PartitionProgress {
            id: PartitionId(id),
            first: None,
            position: Offset(0),
            span: None,
            log_start: None,
            stable: None,
            end: None,
            leader: None,
            trouble: trouble.map(str::to_owned),
        };
        Progress { partitions: (0..).zip(troubles.iter().copied()).map(part).collect(), ..Progress::default() }
    }

    #[test]
    fn what_lasts_is_said_once_and_again_when_it_comes_back() {
        let start = Instant::now();
        let mut disturbed = Disturbed::default();
        let bad = progress(&[None, Some("no such host"), Some("no such host")]);
        assert_eq!(disturbed.words("t", &bad, start), None);
        let words = disturbed.words("t", &bad, start + SHORT).unwrap();
        assert_eq!(words, "partition 1 and 1 more of topic t cannot be read, and is tried on: no such host");
        assert_eq!(disturbed.words("t", &bad, start + SHORT * 2), None);
        assert_eq!(disturbed.words("t", &progress(&[None]), start + SHORT * 3), None);
        assert_eq!(disturbed.words("t", &bad, start + SHORT * 4), None);
        assert!(disturbed.words("t", &bad, start + SHORT * 5).is_some());
    }
}

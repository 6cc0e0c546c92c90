//! What tests do to requests: faults, counts, and the alarm for requests that would change a cluster.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kafka_protocol::messages::ApiKey;

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this error of Kafka's: for each partition, topic or resource where the answer has a place for that.
    Error(i16),
    /// It is answered later.
    Delay(Duration),
    /// It is answered, and the client is told to hold back (`throttle_time_ms`).
    Throttle(Duration),
    /// It is answered with this error of Kafka's after it was applied, as a coordinator does that does not hear of its followers in
    /// time: commits, their deletion, the deletion of groups, records. Other requests are only answered.
    AppliedThenError(i16),
    /// It is applied, and the connection ends without an answer.
    LoseReply,
    /// The leadership of each partition that it names, and the coordinator of each group, moves on before it is answered.
    MoveLeader,
    /// The answer is announced in full; so many bytes of it come, then the connection ends.
    CloseMidFrame(usize),
    /// These bytes come in place of an answer.
    Garbage(Vec<u8>),
    /// No answer comes; the connection stays.
    Silence,
    /// The connection ends.
    Close,
}

/// A fault for requests that are still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    pub api: ApiKey,
    /// At one broker, or at any.
    pub broker: Option<i32>,
    /// So many requests are left alone first.
    pub after: usize,
    /// So many are hit.
    pub times: usize,
    pub fault: Fault,
}

impl Injection {
    /// The next request of this API, at any broker.
    pub fn next(api: ApiKey, fault: Fault) -> Self {
        Self { api, broker: None, after: 0, times: 1, fault }
    }

    /// Every request of this API from now on, at any broker.
    pub fn always(api: ApiKey, fault: Fault) -> Self {
        Self { times: usize::MAX, ..Self::next(api, fault) }
    }
}

/// Requests that only read. Whatever is not in this list raises the alarm.
const READS: [ApiKey; 23] = [
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::DescribeGroups,
    ApiKey::ListGroups,
    ApiKey::SaslHandshake,
    ApiKey::SaslAuthenticate,
    ApiKey::ApiVersions,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeAcls,
    ApiKey::DescribeConfigs,
    ApiKey::DescribeLogDirs,
    ApiKey::DescribeCluster,
    ApiKey::DescribeProducers,
    ApiKey::DescribeTransactions,
    ApiKey::ListTransactions,
    ApiKey::DescribeTopicPartitions,
    ApiKey::ListPartitionReassignments,
    ApiKey::ConsumerGroupDescribe,
    ApiKey::ShareGroupDescribe,
    ApiKey::GetTelemetrySubscriptions,
];

/// At most so many mutations are remembered by name.
const REMEMBERED: usize = 1000;

/// What is to happen, and what has happened.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    injections: Mutex<Vec<Injection>>,
    counts: Mutex<BTreeMap<(i16, i32), u64>>,
    mutations: Mutex<Vec<(ApiKey, String)>>,
    /// What is offered alone, as managed services do: the API, its lowest and its highest version.
    offered: Mutex<Option<Vec<Offered>>>,
}

/// An API, and the versions of it that are offered.
pub type Offered = (ApiKey, i16, i16);

impl Hooks {
    pub(super) fn inject(&self, injection: Injection) {
        lock(&self.injections).push(injection);
    }

    pub(super) fn offer(&self, alone: Vec<Offered>) {
        *lock(&self.offered) = Some(alone);
    }

    /// Of all that the sandbox has, what it offers now.
    pub(super) fn offered(&self, all: &[Offered]) -> Vec<Offered> {
        let alone = lock(&self.offered);
        let Some(alone) = &*alone else { return all.to_vec() };
        let both = |&(api, min, max): &Offered| {
            let (_, low, high) = alone.iter().find(|(key, ..)| *key == api)?;
            Some((api, min.max(*low), max.min(*high))).filter(|(_, min, max)| min <= max)
        };
        all.iter().filter_map(both).collect()
    }

    /// Counts a request that is not of the sandbox's own traffic, and takes the fault that is meant for it.
    pub(super) fn asked(&self, api: ApiKey, broker: i32) -> Option<Fault> {
        *lock(&self.counts).entry((api as i16, broker)).or_default() += 1;
        let mut injections = lock(&self.injections);
        let meant = |one: &Injection| one.api == api && one.broker.is_none_or(|id| id == broker) && one.times > 0;
        let hit = injections.iter_mut().find(|one| meant(one))?;
        if hit.after > 0 {
            hit.after -= 1;
            return None;
        }
        if hit.times < usize::MAX {
            hit.times -= 1;
        }
        let fault = hit.fault.clone();
        injections.retain(|one| one.times > 0);
        Some(fault)
    }

    pub(super) fn count(&self, api: ApiKey, broker: Option<i32>) -> u64 {
        let counts = lock(&self.counts);
        counts.iter().filter(|((key, at), _)| *key == api as i16 && broker.is_none_or(|id| id == *at)).map(|(_, count)| count).sum()
    }

    /// Raises the alarm if this API changes something. `creates`: a metadata request that would create topics.
    pub(super) fn watch(&self, api: ApiKey, client: &str, creates: bool) {
        let mut mutations = lock(&self.mutations);
        if (creates || !READS.contains(&api)) && mutations.len() < REMEMBERED {
            mutations.push((api, client.to_owned()));
        }
    }

    pub(super) fn mutations(&self) -> Vec<(ApiKey, String)> {
        lock(&self.mutations).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_whom_it_is_meant_for_and_as_often_as_said() {
        let hooks = Hooks::default();
        hooks.inject(Injection { broker: Some(2), after: 1, times: 2, ..Injection::next(ApiKey::Fetch, Fault::Close) });
        assert_eq!(hooks.asked(ApiKey::Fetch, 1), None, "another broker");
        assert_eq!(hooks.asked(ApiKey::Metadata, 2), None, "another API");
        let hits: Vec<bool> = (0..4).map(|_| hooks.asked(ApiKey::Fetch, 2).is_some()).collect();
        assert_eq!(hits, [false, true, true, false]);
        assert_eq!((hooks.count(ApiKey::Fetch, None), hooks.count(ApiKey::Fetch, Some(2))), (5, 4));
    }

    #[test]
    fn only_what_changes_something_raises_the_alarm() {
        let hooks = Hooks::default();
        hooks.watch(ApiKey::Fetch, "reader", false);
        hooks.watch(ApiKey::Metadata, "reader", false);
        assert!(hooks.mutations().is_empty());
        hooks.watch(ApiKey::DeleteTopics, "writer", false);
        hooks.watch(ApiKey::Metadata, "careless", true);
        let all = [(ApiKey::DeleteTopics, "writer".to_owned()), (ApiKey::Metadata, "careless".to_owned())];
        assert_eq!(hooks.mutations(), all);
    }
}

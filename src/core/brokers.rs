//! How the brokers themselves do, from what their answers tell: how long they take, and how full their disks are.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::ask::{Answer, Pulse};
use crate::model::{BrokerId, ClusterView, Time, Volume};

/// Round trips that are kept of a broker.
const KEPT: usize = 8;
/// A broker is slow when it takes so many times as long as the others do, and at least this long.
const TIMES: u32 = 10;
const SLOW: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug, Default)]
pub struct Brokers(BTreeMap<BrokerId, Told>);

/// What one broker told.
#[derive(Debug, Default)]
struct Told {
    /// The newest last.
    took: VecDeque<(Time, Duration)>,
    volumes: Option<(Time, Vec<Volume>)>,
}

impl Brokers {
    /// Takes what an answer tells; every answer may be offered.
    pub fn take(&mut self, answer: &Answer, now: Time) {
        let Answer::Pulse(broker, pulse) = answer else { return };
        let told = self.0.entry(*broker).or_default();
        match pulse {
            Pulse::Took(took) => {
                told.took.push_back((now, *took));
                if told.took.len() > KEPT {
                    told.took.pop_front();
                }
            }
            Pulse::Volumes(volumes) => told.volumes = Some((now, volumes.clone())),
        }
    }

    /// Forgets brokers that are gone.
    pub fn retain(&mut self, view: &ClusterView) {
        self.0.retain(|id, _| view.brokers.iter().any(|broker| broker.id == *id));
    }

    /// Its round trip: the middle one of the last few, as one that waited behind a long answer says nothing of the broker. And
    /// when the last of them was.
    pub fn round_trip(&self, broker: BrokerId) -> Option<(Time, Duration)> {
        let told = self.0.get(&broker)?;
        let mut all: Vec<Duration> = told.took.iter().map(|(_, took)| *took).collect();
        all.sort();
        Some((told.took.back()?.0, *all.get((all.len() - 1) / 2)?))
    }

    /// Its fullest volume, and when it was told of.
    pub fn fullest(&self, broker: BrokerId) -> Option<(Time, &Volume)> {
        let (at, volumes) = self.0.get(&broker)?.volumes.as_ref()?;
        volumes.iter().max_by_key(|volume| volume.per_cent()).map(|volume| (*at, volume))
    }

    /// What the others take, when this broker takes much longer: the middle one of them.
    pub fn slow(&self, broker: BrokerId) -> Option<(Duration, Duration)> {
        let (_, took) = self.round_trip(broker)?;
        let mut others: Vec<Duration> = self.0.keys().filter(|id| **id != broker).filter_map(|id| Some(self.round_trip(*id)?.1)).collect();
        others.sort();
        let usual = *others.get(others.len().checked_sub(1)? / 2)?;
        (took >= SLOW && took >= usual * TIMES).then_some((took, usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Foreign;

    #[test]
    fn one_that_takes_much_longer_than_the_others_is_slow_and_one_long_answer_is_not() {
        let mut brokers = Brokers::default();
        let mut take = |id, ms: &[u64]| {
            for ms in ms {
                brokers.take(&Answer::Pulse(BrokerId(id), Pulse::Took(Duration::from_millis(*ms))), Time(7));
            }
        };
        take(1, &[3, 4, 900]);
        take(2, &[5, 4, 3]);
        take(3, &[800, 820, 810]);
        assert_eq!(brokers.round_trip(BrokerId(1)), Some((Time(7), Duration::from_millis(4))));
        assert_eq!((brokers.slow(BrokerId(1)), brokers.slow(BrokerId(2))), (None, None));
        assert_eq!(brokers.slow(BrokerId(3)), Some((Duration::from_millis(810), Duration::from_millis(4))));
        assert_eq!((brokers.round_trip(BrokerId(9)), brokers.slow(BrokerId(9))), (None, None));
    }

    #[test]
    fn of_several_volumes_the_fullest_counts() {
        let volume = |name: &str, total, usable| Volume { folder: Foreign::new(name), total, usable };
        let mut brokers = Brokers::default();
        brokers.take(
            &Answer::Pulse(BrokerId(1), Pulse::Volumes(vec![volume("/a", 100, 90), volume("/b", 1_000, 41), volume("/c", 0, 0)])),
            Time(1),
        );
        let (_, fullest) = brokers.fullest(BrokerId(1)).unwrap();
        assert_eq!((fullest.folder.raw(), fullest.per_cent()), ("/b", Some(95)));
    }
}

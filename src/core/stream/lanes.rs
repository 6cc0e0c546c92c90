//! Several topics in one list. Each partition of each has a lane: a number of the same kind, by which all that knows partitions
//! tells them apart. Those of the first topic are its own, so that a list of one topic knows nothing of this.

use crate::model::PartitionId;

/// Partitions of one topic that have a lane: more than Kafka lets a topic have in practice.
const WIDTH: i32 = 1 << 20;
/// Topics of one list.
pub const MOST: usize = 64;

/// The lane of a partition of the topic at that place; `None` when there is none for it.
pub fn lane(topic: usize, partition: PartitionId) -> Option<PartitionId> {
    let topic = i32::try_from(topic).ok().filter(|_| topic < MOST)?;
    (0..WIDTH).contains(&partition.0).then(|| PartitionId(topic * WIDTH + partition.0))
}

/// The topic's place, and its partition.
pub fn place(lane: PartitionId) -> (usize, PartitionId) {
    (usize::try_from(lane.0 / WIDTH).unwrap_or(0), PartitionId(lane.0 % WIDTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_leads_back_to_its_place_and_the_first_topics_are_its_partitions() {
        for topic in [0, 1, MOST - 1] {
            for partition in [0, 7, WIDTH - 1] {
                let found = lane(topic, PartitionId(partition)).unwrap();
                assert_eq!(place(found), (topic, PartitionId(partition)));
                assert!(topic > 0 || found.0 == partition);
            }
        }
        assert_eq!((lane(MOST, PartitionId(0)), lane(1, PartitionId(WIDTH)), lane(0, PartitionId(-1))), (None, None, None));
    }
}

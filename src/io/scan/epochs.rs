//! Which leader wrote what was read: leader epochs and where each begins, so that a log which was truncated is told, and
//! from where on (P22, KIP-101, KIP-320).

use std::collections::VecDeque;

use crate::model::{LeaderEpoch, Offset};

/// So many changes of the leader are kept, the newest: what was read longer ago is of one of them or older.
const KEPT: usize = 256;

/// The epochs of one partition's records as they were read, oldest first; each begins at its offset and ends where the
/// next begins, the last at the position.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    starts: VecDeque<(LeaderEpoch, Offset)>,
}

impl Epochs {
    /// Of the last record before the position; −1: nothing is known.
    pub(super) fn last(&self) -> LeaderEpoch {
        self.starts.back().map_or(LeaderEpoch(-1), |&(epoch, _)| epoch)
    }

    /// From `from` on the log is of this epoch. One that is older than what was read before is not believed, and old
    /// message formats have none (−1).
    pub(super) fn begins(&mut self, epoch: LeaderEpoch, from: Offset) {
        if epoch <= self.last() {
            return;
        }
        if self.starts.len() == KEPT {
            self.starts.pop_front();
        }
        self.starts.push_back((epoch, from));
    }

    /// The leader's log shares with ours at most what lies before `end`, and nothing of an epoch after `epoch` (`None`: it did
    /// not tell): where the two part, which is never behind `position`. What lies behind is forgotten.
    pub(super) fn part(&mut self, epoch: Option<LeaderEpoch>, end: Offset, position: Offset) -> Offset {
        let newer = |ours: LeaderEpoch| epoch.is_some_and(|epoch| ours > epoch);
        let ours = self.starts.iter().find(|&&(ours, _)| newer(ours)).map_or(position, |&(_, from)| from);
        let at = end.min(ours).min(position);
        self.starts.retain(|&(ours, from)| !newer(ours) && from <= at);
        if let Some(epoch) = epoch {
            // The leader has an end for this epoch, so what lies before it is of it or older.
            self.begins(epoch, at);
        }
        at
    }

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.starts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(starts: &[(i32, i64)]) -> Epochs {
        let mut epochs = Epochs::default();
        for &(epoch, from) in starts {
            epochs.begins(LeaderEpoch(epoch), Offset(from));
        }
        epochs
    }

    fn parted(epochs: &mut Epochs, epoch: i32, end: i64, position: i64) -> (i64, i32) {
        (epochs.part(Some(LeaderEpoch(epoch)), Offset(end), Offset(position)).0, epochs.last().0)
    }

    #[test]
    fn the_logs_part_where_the_leaders_ends() {
        assert_eq!(parted(&mut read(&[(3, 0), (5, 80)]), 5, 100, 120), (100, 5));
        assert_eq!(parted(&mut read(&[(3, 0), (5, 80)]), 3, 70, 120), (70, 3));
        assert_eq!(parted(&mut read(&[]), 3, 70, 120), (70, 3));
    }

    #[test]
    fn the_logs_part_where_ours_turned_to_an_epoch_that_the_leader_has_not() {
        // The leader wrote on to 150 in epoch 3 and was followed by 6; what was read from 110 on is of 5.
        let mut epochs = read(&[(3, 0), (5, 110)]);
        assert_eq!(parted(&mut epochs, 3, 150, 120), (110, 3));
        epochs.begins(LeaderEpoch(6), Offset(150));
        assert_eq!(parted(&mut epochs, 6, 200, 160), (160, 6), "and from there on they agree");
    }

    #[test]
    fn a_leader_that_tells_no_epoch_is_taken_by_its_end() {
        let mut epochs = read(&[(3, 0), (5, 110)]);
        assert_eq!((epochs.part(None, Offset(105), Offset(120)), epochs.last()), (Offset(105), LeaderEpoch(3)));
    }

    #[test]
    fn a_leader_that_wrote_nothing_parts_nothing() {
        assert_eq!(parted(&mut read(&[(7, 120)]), 6, 120, 120), (120, 6));
    }

    #[test]
    fn older_epochs_and_none_are_not_believed_and_the_oldest_are_forgotten() {
        assert_eq!(read(&[(-1, 0)]).last(), LeaderEpoch(-1));
        assert_eq!(read(&[(4, 0), (3, 10), (4, 20)]).starts.len(), 1);
        let many: Vec<_> = (0..1000).map(|n| (n, i64::from(n))).collect();
        let epochs = read(&many);
        assert_eq!((epochs.starts.len(), epochs.last()), (KEPT, LeaderEpoch(999)));
    }
}

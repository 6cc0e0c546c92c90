//! Values by time in a line of fixed length: what a sparkline is drawn of.

use std::time::Duration;

use crate::model::Time;

/// A line of values by time, the newest last. What was not seen is none, and not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns<const N: usize> {
    /// One column's time, in microseconds.
    width: i64,
    /// The number of the newest column since 1970.
    newest: i64,
    values: [Option<u64>; N],
}

impl<const N: usize> Columns<N> {
    pub fn new(width: Duration) -> Self {
        Self { width: i64::try_from(width.as_micros()).unwrap_or(i64::MAX).max(1), newest: 0, values: [None; N] }
    }

    /// The last value within a column's time stands for it.
    pub fn set(&mut self, at: Time, value: u64) {
        self.set_column(at.0.div_euclid(self.width), value);
    }

    pub(super) fn set_column(&mut self, number: i64, value: u64) {
        if number < self.newest {
            return;
        }
        let fresh = usize::try_from(number.saturating_sub(self.newest)).unwrap_or(N).min(N);
        self.values.rotate_left(fresh);
        let kept = N - fresh;
        self.values.iter_mut().skip(kept).for_each(|value| *value = None);
        self.newest = number;
        if let Some(last) = self.values.last_mut() {
            *last = Some(value);
        }
    }

    /// What is known, with the number of each column since 1970.
    pub(super) fn numbered(&self) -> Vec<(i64, u64)> {
        let first = self.newest - i64::try_from(N).unwrap_or(0) + 1;
        (first..).zip(&self.values).filter_map(|(number, value)| Some((number, (*value)?))).collect()
    }

    /// The columns as they stand now.
    pub fn values(&self, now: Time) -> [Option<u64>; N] {
        let passed = usize::try_from(now.0.div_euclid(self.width) - self.newest).unwrap_or(0).min(N);
        let mut values = self.values;
        values.rotate_left(passed);
        values.iter_mut().skip(N - passed).for_each(|value| *value = None);
        values
    }

    /// The time of all columns together.
    pub fn span(&self) -> Duration {
        let columns = u64::try_from(N).unwrap_or(u64::MAX);
        Duration::from_micros(u64::try_from(self.width).unwrap_or(0).saturating_mul(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_hold_the_last_value_of_their_time_and_nothing_for_what_was_not_seen() {
        let mut columns: Columns<4> = Columns::new(Duration::from_secs(10));
        columns.set(Time(0), 1);
        columns.set(Time(5_000_000), 2);
        columns.set(Time(20_000_000), 3);
        assert_eq!(columns.values(Time(20_000_000)), [None, Some(2), None, Some(3)]);
        assert_eq!(columns.values(Time(39_000_000)), [Some(2), None, Some(3), None]);
        assert_eq!(columns.values(Time(900_000_000)), [None; 4]);
        columns.set(Time(900_000_000), 9);
        assert_eq!(columns.values(Time(900_000_000)), [None, None, None, Some(9)]);
    }
}

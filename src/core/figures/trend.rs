//! How a rate went in the last quarter of an hour, in a few columns.

use crate::model::Time;

/// Columns of the trend line.
pub(super) const COLUMNS: usize = 12;
/// One column's time, in microseconds: 75 s, together 15 minutes.
const WIDTH: i64 = 75_000_000;

/// Offsets by column of time. What was not measured is none, and not zero.
#[derive(Debug, Clone, Default)]
pub struct Trend {
    /// The number of the newest column since 1970.
    newest: i64,
    /// By column number modulo their count.
    columns: [Column; COLUMNS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Column {
    offsets: u64,
    /// The stretch that was measured, in microseconds since 1970.
    from: i64,
    to: i64,
}

impl Trend {
    /// So many offsets came between two moments; they count for the column of the later one.
    pub fn add(&mut self, from: Time, to: Time, offsets: u64) {
        let number = to.0.div_euclid(WIDTH);
        if number > self.newest {
            let fresh = (number - self.newest).min(i64::try_from(COLUMNS).unwrap_or(i64::MAX));
            for n in 0..fresh {
                if let Some(column) = self.column_mut(number - n) {
                    *column = Column::default();
                }
            }
            self.newest = number;
        }
        if let Some(column) = self.column_mut(number) {
            column.from = if column.to == 0 { from.0 } else { column.from.min(from.0) };
            column.to = column.to.max(to.0);
            column.offsets = column.offsets.saturating_add(offsets);
        }
    }

    fn column_mut(&mut self, number: i64) -> Option<&mut Column> {
        self.columns.get_mut(place(number))
    }

    /// Thousandths of offsets a second by column, the newest last.
    pub fn rates(&self, now: Time) -> [Option<u64>; COLUMNS] {
        let mut rates = [None; COLUMNS];
        let last = now.0.div_euclid(WIDTH);
        for (n, rate) in (0_i64..).zip(rates.iter_mut().rev()) {
            let number = last - n;
            let kept = number <= self.newest && self.newest - number < i64::try_from(COLUMNS).unwrap_or(0);
            let Some(column) = self.columns.get(place(number)).filter(|column| kept && column.to > column.from) else { continue };
            let micros = u128::try_from(column.to - column.from).unwrap_or(1);
            *rate = u64::try_from(u128::from(column.offsets) * 1_000_000_000 / micros).ok();
        }
        rates
    }
}

fn place(number: i64) -> usize {
    usize::try_from(number.rem_euclid(i64::try_from(COLUMNS).unwrap_or(1))).unwrap_or(0)
}

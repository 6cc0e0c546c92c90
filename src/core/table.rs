//! Tables: their columns, which of them fit, and what the rows are sorted by.

use super::action::Action;

/// A column; `I` says what stands in it.
#[derive(Debug)]
pub struct Column<I> {
    pub id: I,
    pub title: &'static str,
    /// 0: what the others leave.
    pub width: usize,
    /// Words stand left, figures right.
    pub left: bool,
    /// Sorted from the least up at first. Figures are looked at from the largest down, words and numbers of things the other way.
    rising: bool,
    /// Columns of a higher number are dropped first when there is no room, those of 0 never; from [`WIDE`] on they are shown on
    /// demand alone.
    priority: u8,
}

/// See [`Column`].
pub const WIDE: u8 = 20;

impl<I: Copy> Column<I> {
    pub const fn right(id: I, title: &'static str, width: usize, priority: u8) -> Self {
        Self { id, title, width, left: false, rising: false, priority }
    }

    pub const fn left(id: I, title: &'static str, width: usize, priority: u8) -> Self {
        Self { id, title, width, left: true, rising: false, priority }
    }

    /// See the field.
    #[must_use]
    pub const fn rising(self) -> Self {
        Self { id: self.id, title: self.title, width: self.width, left: self.left, rising: true, priority: self.priority }
    }
}

/// The columns that fit, in order, and how much room they take together; `takes`: one of them, with the gap beside it.
pub fn fitting<I>(columns: &[Column<I>], wide: bool, room: usize, takes: impl Fn(&Column<I>) -> usize) -> (Vec<&Column<I>>, usize) {
    let mut shown: Vec<&Column<I>> = columns.iter().filter(|column| wide || column.priority < WIDE).collect();
    loop {
        let used = shown.iter().map(|column| takes(column)).sum();
        let last = shown.iter().enumerate().max_by_key(|(_, column)| column.priority).filter(|(_, column)| column.priority > 0);
        match last.map(|(at, _)| at) {
            Some(at) if used > room => {
                shown.remove(at);
            }
            _ => return (shown, used),
        }
    }
}

/// What the rows are sorted by, and the column that is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort<I> {
    pub by: I,
    pub down: bool,
    pub chosen: I,
}

impl<I: Copy + PartialEq + 'static> Sort<I> {
    pub const fn new(by: I, down: bool) -> Self {
        Self { by, down, chosen: by }
    }

    /// Column and direction.
    pub fn order(self) -> (I, bool) {
        (self.by, self.down)
    }

    /// Does what every table does for the keys of its columns. Whether the rows are to be sorted anew.
    pub fn obey(&mut self, action: Action, columns: &[Column<I>], wide: bool) -> bool {
        match action {
            Action::ColumnLeft => self.choose(columns, wide, -1),
            Action::ColumnRight => self.choose(columns, wide, 1),
            Action::Sort => self.turn(columns),
            _ => {}
        }
        action == Action::Sort
    }

    /// Chooses the column that stands `by` further on.
    fn choose(&mut self, columns: &[Column<I>], wide: bool, by: isize) {
        let there: Vec<I> = columns.iter().filter(|column| wide || column.priority < WIDE).map(|column| column.id).collect();
        let at = there.iter().position(|id| *id == self.chosen).unwrap_or(0);
        let at = at.saturating_add_signed(by).min(there.len().saturating_sub(1));
        self.chosen = there.get(at).copied().unwrap_or(self.chosen);
    }

    /// Sorts by the chosen column, or the other way round when that is done already.
    fn turn(&mut self, columns: &[Column<I>]) {
        let rising = columns.iter().any(|column| column.id == self.chosen && column.rising);
        self.down = if self.by == self.chosen { !self.down } else { !rising };
        self.by = self.chosen;
    }

    pub fn arrow(self) -> char {
        if self.down { '↓' } else { '↑' }
    }

    /// The title of the column that is sorted by.
    pub fn title(self, columns: &[Column<I>]) -> &'static str {
        columns.iter().find(|column| column.id == self.by).map_or("", |column| column.title)
    }

    /// What stands above a column; with the arrow if it is the one.
    pub fn heading(self, column: &Column<I>) -> String {
        if column.id == self.by { format!("{} {}", column.title, self.arrow()) } else { column.title.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column<char>] = &[
        Column::left('n', "NAME", 0, 0).rising(),
        Column::right('a', "A", 5, 2),
        Column::right('b', "B", 5, 1),
        Column::right('w', "W", 5, WIDE),
    ];

    fn shown(room: usize, wide: bool) -> (String, usize) {
        let (columns, used) = fitting(COLUMNS, wide, room, |column| column.width + 1);
        (columns.iter().map(|column| column.id).collect(), used)
    }

    #[test]
    fn what_matters_least_is_dropped_first_and_the_name_never() {
        assert_eq!(shown(18, true), ("nab".to_owned(), 13));
        assert_eq!(shown(19, true), ("nabw".to_owned(), 19));
        assert_eq!(shown(20, false), ("nab".to_owned(), 13));
        assert_eq!(shown(12, false), ("nb".to_owned(), 7));
        assert_eq!(shown(0, false), ("n".to_owned(), 1));
    }

    #[test]
    fn figures_are_sorted_from_the_largest_and_again_turns_them_round() {
        let mut sort = Sort::new('n', false);
        assert!(!sort.obey(Action::ColumnRight, COLUMNS, false));
        assert_eq!((sort.order(), sort.chosen), (('n', false), 'a'), "chosen, and not yet sorted by");
        assert!(sort.obey(Action::Sort, COLUMNS, false));
        assert_eq!(sort.order(), ('a', true));
        assert!(sort.obey(Action::Sort, COLUMNS, false));
        assert_eq!(sort.order(), ('a', false));
        sort.obey(Action::ColumnLeft, COLUMNS, false);
        sort.obey(Action::ColumnLeft, COLUMNS, false);
        sort.obey(Action::Sort, COLUMNS, false);
        assert_eq!(sort.order(), ('n', false), "a name from A");
    }

    #[test]
    fn a_column_that_is_not_shown_is_not_chosen() {
        let mut sort = Sort::new('b', true);
        sort.obey(Action::ColumnRight, COLUMNS, false);
        assert_eq!(sort.chosen, 'b');
        sort.obey(Action::ColumnRight, COLUMNS, true);
        assert_eq!(sort.chosen, 'w');
    }
}

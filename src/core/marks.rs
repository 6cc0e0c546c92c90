//! Rows of a list that are marked: what an action is about when it is about several.
//!
//! Marks are of things, not of places, so that no sorting or refresh moves a mark to another row.

use std::collections::BTreeSet;

/// See the module.
#[derive(Debug)]
pub struct Marks<T> {
    marked: BTreeSet<T>,
    /// What was marked or unmarked last: where a range begins.
    from: Option<T>,
}

impl<T> Default for Marks<T> {
    fn default() -> Self {
        Self { marked: BTreeSet::new(), from: None }
    }
}

impl<T: Ord + Clone> Marks<T> {
    pub fn toggle(&mut self, thing: T) {
        if !self.marked.remove(&thing) {
            self.marked.insert(thing.clone());
        }
        self.from = Some(thing);
    }

    /// Marks everything from the last mark to the row `at`; nothing when that is not in the list any more.
    pub fn range(&mut self, rows: &[T], at: usize) {
        let Some(from) = self.from.as_ref().and_then(|from| rows.iter().position(|row| row == from)) else { return };
        self.all(rows.get(from.min(at)..=from.max(at)).unwrap_or_default());
    }

    /// Marks all of these, too.
    pub fn all(&mut self, rows: &[T]) {
        self.marked.extend(rows.iter().cloned());
    }

    pub fn clear(&mut self) {
        self.marked.clear();
    }

    /// Takes away the marks of what is not there any more.
    pub fn retain(&mut self, there: impl Fn(&T) -> bool) {
        self.marked.retain(there);
    }

    pub fn contains(&self, thing: &T) -> bool {
        self.marked.contains(thing)
    }

    pub fn is_empty(&self) -> bool {
        self.marked.is_empty()
    }

    pub fn len(&self) -> usize {
        self.marked.len()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.marked.iter()
    }

    /// Why nothing comes of a key, when nothing does.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn allows_range(&self) -> Result<(), &'static str> {
        self.from.as_ref().map(|_| ()).ok_or("A range begins at a mark: space marks.")
    }

    /// The same for taking marks away.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn allows_clear(&self) -> Result<(), &'static str> {
        if self.marked.is_empty() { Err("Nothing is marked.") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_goes_from_the_last_mark_also_when_the_list_was_sorted_anew() {
        let mut marks = Marks::default();
        assert!(marks.allows_range().is_err() && marks.allows_clear().is_err());
        marks.toggle('c');
        marks.range(&['a', 'b', 'c', 'd'], 0);
        assert_eq!(marks.iter().collect::<String>(), "abc");
        marks.toggle('b');
        marks.range(&['b', 'd', 'a'], 1);
        assert_eq!(marks.iter().collect::<String>(), "abcd");
        marks.toggle('x');
        marks.clear();
        marks.range(&['a', 'b'], 1);
        assert!(marks.is_empty(), "where it would begin is not in the list");
    }
}

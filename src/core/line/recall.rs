//! Going through what was typed before: up and down step, ctrl-r searches back, as shells do.

use crate::core::history::Past;

#[derive(Debug, Clone, Default)]
pub(super) struct Recall {
    pub(super) past: Past,
    /// Which input is shown, and what was typed before going there.
    at: Option<(usize, String)>,
    search: Option<Search>,
}

/// A search back through earlier inputs that is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// What the input is to hold; in any case when it is written without a capital.
    pub wanted: String,
    /// No earlier input holds it: the one found before stays.
    pub failed: bool,
}

impl Recall {
    pub(super) fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// The next older or newer input, or at the end what was typed; `None` when there is no other. What equals `text` is
    /// stepped over: a key that shows nothing new seems dead.
    pub(super) fn step(&mut self, older: bool, text: &str) -> Option<String> {
        let mut at = self.at.as_ref().map_or(self.past.len(), |(at, _)| *at);
        loop {
            at = if older { at.checked_sub(1)? } else { at + 1 };
            if at > self.past.len() || (!older && self.at.is_none()) {
                return None;
            }
            match self.past.get(at) {
                Some(input) if input == text => {}
                Some(input) => {
                    let input = input.clone();
                    self.goes_to(at, text);
                    return Some(input);
                }
                None => return self.at.take().map(|(_, typed)| typed),
            }
        }
    }

    fn goes_to(&mut self, at: usize, text: &str) {
        let typed = self.at.take().map_or_else(|| text.to_owned(), |(_, typed)| typed);
        self.at = Some((at, typed));
    }

    /// Starts a search, or goes on to the next older input that holds what is wanted.
    pub(super) fn search_older(&mut self, text: &str) -> Option<String> {
        if self.search.is_none() {
            self.search = Some(Search::default());
            return None;
        }
        let before = self.at.as_ref().map_or(self.past.len(), |(at, _)| *at);
        self.find(before, text)
    }

    /// One letter more to search for. The input shown stays when it holds that too.
    pub(super) fn search_for(&mut self, c: char, text: &str) -> Option<String> {
        self.search.as_mut()?.wanted.push(c);
        let from = self.at.as_ref().map_or(self.past.len(), |(at, _)| at + 1);
        self.find(from, text)
    }

    /// One letter less: from the newest again.
    pub(super) fn search_less(&mut self, text: &str) -> Option<String> {
        let search = self.search.as_mut()?;
        search.wanted.pop();
        search.failed = false;
        if search.wanted.is_empty() {
            return self.at.take().map(|(_, typed)| typed);
        }
        self.find(self.past.len(), text)
    }

    /// The search is over, and the input found stays: up and down go on from it.
    pub(super) fn search_ends(&mut self) {
        self.search = None;
    }

    /// The search is over, and what was typed before comes back.
    pub(super) fn search_leaves(&mut self) -> Option<String> {
        self.search = None;
        self.at.take().map(|(_, typed)| typed)
    }

    /// The newest input before `end` that holds what is wanted.
    fn find(&mut self, end: usize, text: &str) -> Option<String> {
        let search = self.search.as_mut()?;
        let any_case = !search.wanted.chars().any(char::is_uppercase);
        let holds = |input: &String| {
            if any_case { input.to_lowercase().contains(&search.wanted) } else { input.contains(&search.wanted) }
        };
        let found = self.past.get(..end.min(self.past.len())).and_then(|past| past.iter().rposition(holds));
        search.failed = found.is_none();
        let at = found?;
        let input = self.past.get(at).cloned();
        self.goes_to(at, text);
        input
    }
}

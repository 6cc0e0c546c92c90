//! From keys to an action: a pure look-up over the table of commands.

use super::action::{Action, COMMANDS, Scope};
use super::key::Key;

/// Bindings as sequences of keys.
#[derive(Debug)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

#[derive(Debug)]
struct Binding {
    keys: Vec<Key>,
    scope: Scope,
    action: Action,
}

/// Two actions whose keys cannot both work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    pub keys: Vec<Key>,
    pub other: Action,
    /// The other's keys: the same ones, or one sequence begins the other, so that the shorter always wins.
    pub others: Vec<Key>,
}

/// What a sequence of keys means so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Action(Action),
    /// More keys may follow; `Action` is what the keys so far mean by themselves, done at once when nothing can follow.
    Pending,
    None,
}

impl Default for Keymap {
    fn default() -> Self {
        let bindings = COMMANDS
            .iter()
            .flat_map(|row| row.keys.iter().filter_map(move |keys| Key::sequence(keys).ok().map(|keys| (row, keys))))
            .map(|(row, keys)| Binding { keys, scope: row.scope, action: row.action })
            .collect();
        Self { bindings }
    }
}

impl Keymap {
    /// Gives an action these keys in place of all that it had.
    pub fn rebind(&mut self, action: Action, keys: Vec<Vec<Key>>) {
        self.bindings.retain(|binding| binding.action != action);
        let scope = action.command().scope;
        self.bindings.extend(keys.into_iter().filter(|keys| !keys.is_empty()).map(|keys| Binding { keys, scope, action }));
    }

    /// The first key of an action that another one has in the same scope.
    pub fn clash(&self, action: Action) -> Option<Clash> {
        let scope = action.command().scope;
        let (ours, others): (Vec<&Binding>, Vec<&Binding>) =
            self.bindings.iter().filter(|binding| binding.scope == scope).partition(|binding| binding.action == action);
        let clash = |a: &&Binding, b: &&Binding| a.keys.starts_with(&b.keys) || b.keys.starts_with(&a.keys);
        ours.iter().find_map(|ours| {
            let theirs = others.iter().find(|theirs| clash(ours, theirs))?;
            Some(Clash { keys: ours.keys.clone(), other: theirs.action, others: theirs.keys.clone() })
        })
    }

    /// What `typed` means in these scopes, the nearest first; `Always` is added at the end.
    pub fn find(&self, scopes: &[Scope], typed: &[Key]) -> Found {
        let all = scopes.iter().chain([&Scope::Always]);
        for &scope in all.clone() {
            let exact = self.bindings.iter().find(|b| b.scope == scope && b.keys == typed);
            if let Some(binding) = exact {
                return Found::Action(binding.action);
            }
            if self.bindings.iter().any(|b| b.scope == scope && b.keys.len() > typed.len() && b.keys.starts_with(typed)) {
                return Found::Pending;
            }
        }
        Found::None
    }

    /// What may follow `typed`: the next keys with what they do, for the strip that shows a started chord.
    pub fn next(&self, scopes: &[Scope], typed: &[Key]) -> Vec<(Key, Action)> {
        let mut found: Vec<(Key, Action)> = Vec::new();
        for &scope in scopes.iter().chain([&Scope::Always]) {
            for binding in self.bindings.iter().filter(|b| b.scope == scope && b.keys.starts_with(typed)) {
                if let Some(&key) = binding.keys.get(typed.len())
                    && !found.iter().any(|(other, _)| *other == key)
                {
                    found.push((key, binding.action));
                }
            }
        }
        found
    }

    /// The keys of an action, as they are printed.
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        self.bindings.iter().filter(|b| b.action == action).map(|b| Key::print_sequence(&b.keys)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_can_be_parsed() {
        let count: usize = COMMANDS.iter().map(|row| row.keys.len()).sum();
        assert_eq!(Keymap::default().bindings.len(), count);
    }

    #[test]
    fn no_name_means_two_actions() {
        let mut names: Vec<&str> = COMMANDS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }

    #[test]
    fn no_key_means_two_things_in_one_scope() {
        let map = Keymap::default();
        for row in COMMANDS {
            assert_eq!(map.clash(row.action), None);
        }
    }

    #[test]
    fn a_new_key_takes_the_old_ones_place_and_a_clash_is_found() {
        let mut map = Keymap::default();
        let keys = |text| Key::sequence(text).unwrap();
        map.rebind(Action::Follow, vec![keys("F"), keys("ctrl-x f")]);
        assert_eq!(map.find(&[Scope::Messages], &keys("s")), Found::None);
        assert_eq!(map.find(&[Scope::Messages], &keys("F")), Found::Action(Action::Follow));
        assert_eq!((map.keys_of(Action::Follow), map.clash(Action::Follow)), (vec!["F".to_owned(), "ctrl-x f".to_owned()], None));
        map.rebind(Action::Follow, vec![keys("P")]);
        assert_eq!(map.clash(Action::Follow).map(|clash| clash.other), Some(Action::Pause));
        // "y" alone would hide every key that begins with it.
        map.rebind(Action::Follow, vec![keys("y")]);
        assert!(map.clash(Action::Follow).is_some_and(|clash| clash.others.len() == 2));
    }

    #[test]
    fn the_nearest_scope_wins_and_chords_wait() {
        let map = Keymap::default();
        let keys = |text| Key::sequence(text).unwrap();
        assert_eq!(map.find(&[Scope::Value, Scope::Messages], &keys("enter")), Found::Action(Action::Fold));
        assert_eq!(map.find(&[Scope::Records, Scope::Messages], &keys("enter")), Found::Action(Action::OpenRecord));
        assert_eq!(map.find(&[Scope::Records, Scope::Messages], &keys("y")), Found::Pending);
        assert_eq!(map.find(&[Scope::Records, Scope::Messages], &keys("y k")), Found::Action(Action::YankKey));
        assert_eq!(map.find(&[Scope::Topics], &keys("ctrl-x")), Found::None);
    }
}

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
    fn no_key_means_two_things_in_one_scope() {
        let map = Keymap::default();
        for (n, a) in map.bindings.iter().enumerate() {
            for b in map.bindings.iter().skip(n + 1) {
                assert!(a.scope != b.scope || a.keys != b.keys, "{:?} and {:?} share {}", a.action, b.action, Key::print_sequence(&a.keys));
            }
        }
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

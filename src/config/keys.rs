//! `[keys]`: actions by name, keys by name; and no two actions on one key in one scope.

use super::Config;
use super::file::{Entry, Reading};
use super::given::Wrong;
use crate::core::action::{Action, COMMANDS};
use crate::core::key::Key;

pub(super) fn take(config: &mut Config, reading: &mut Reading<'_, '_>, table: &Entry) {
    let mut changed: Vec<(&Entry, Action)> = Vec::new();
    let table = reading.table("", table).unwrap_or_default();
    for entry in table {
        let Some(row) = COMMANDS.iter().find(|row| row.name == entry.key()) else {
            let names: Vec<&str> = COMMANDS.iter().map(|row| row.name).collect();
            reading.unknown(entry, "action", &names);
            continue;
        };
        let keys = reading.checked(entry, |given| {
            let parsed = given.texts()?.into_iter().map(|(text, span)| {
                Key::sequence(text).map_err(|unknown| Wrong { span, ..Wrong::new(format!("{:?} is no key", unknown.0)).hint(HINT) })
            });
            parsed.collect::<Result<Vec<Vec<Key>>, Wrong>>()
        });
        let Some(keys) = keys else { continue };
        if keys.is_empty() && row.action == Action::Quit {
            reading.problem(entry, "quit needs a key: without one nobody gets out", None);
            continue;
        }
        config.keymap.rebind(row.action, keys);
        config.tell(reading.source(), "keys", entry);
        changed.push((entry, row.action));
    }
    // Once all are known: two actions may exchange their keys.
    for (entry, action) in changed {
        if let Some(clash) = config.keymap.clash(action) {
            let (keys, other) = (Key::print_sequence(&clash.keys), clash.other.command());
            let with = if clash.keys == clash.others { String::new() } else { format!(" as {}", Key::print_sequence(&clash.others)) };
            let hint = format!("where both apply a key can do one thing: give {} other keys too, \"{}\" = […]", other.name, other.name);
            reading.problem(entry, &format!("{keys} is taken by {} ({}){with}", other.name, other.doc), Some(hint));
        }
    }
}

const HINT: &str = "keys are written j, G, ctrl-d, shift-left, space, f1, enter; two one after the other \"g g\"";

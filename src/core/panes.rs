//! The panes of a screen: which one the keys go to next.

use super::action::Action;

/// The pane that has the focus after an action; unchanged when it is none that goes round.
pub fn turn<P: Copy + PartialEq>(panes: &[P], focus: P, action: Action) -> P {
    match action {
        Action::NextPane => around(panes, focus, 1),
        Action::PreviousPane => around(panes, focus, -1),
        _ => focus,
    }
}

/// What stands `by` places further on, round and round.
pub fn around<T: Copy + PartialEq>(all: &[T], now: T, by: isize) -> T {
    let at = all.iter().position(|one| *one == now).unwrap_or(0);
    let next = at.cast_signed().wrapping_add(by).checked_rem_euclid(all.len().cast_signed());
    next.and_then(|next| all.get(next.cast_unsigned()).copied()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_go_round_both_ways() {
        let panes = ['a', 'b', 'c'];
        assert_eq!(turn(&panes, 'c', Action::NextPane), 'a');
        assert_eq!(turn(&panes, 'a', Action::PreviousPane), 'c');
        assert_eq!(turn(&panes, 'b', Action::Up), 'b');
    }
}

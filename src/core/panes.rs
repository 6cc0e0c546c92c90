//! The panes of a screen: which one the keys go to next.

use super::action::Action;

/// The pane that has the focus after an action; unchanged when it is none that goes round.
pub fn turn<P: Copy + PartialEq>(panes: &[P], focus: P, action: Action) -> P {
    let step = match action {
        Action::NextPane => 1,
        Action::PreviousPane => panes.len().saturating_sub(1),
        _ => 0,
    };
    let at = panes.iter().position(|pane| *pane == focus).unwrap_or(0);
    (at + step).checked_rem(panes.len()).and_then(|at| panes.get(at).copied()).unwrap_or(focus)
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

//! Where effects pass the gate: a change of the cluster leaves with its permit or not at all.

use super::every;
use crate::core::ask::Reply;
use crate::core::effect::Effect;
use crate::core::event::Arrival;
use crate::core::guard::Passed;
use crate::state::State;

/// Lets effects through the gate; who is refused hears of it at once.
pub(super) fn pass(state: &mut State, effects: Vec<Effect>) -> Vec<Effect> {
    let mut waiting = effects;
    let mut through = Vec::new();
    while !waiting.is_empty() {
        let State { gate, cluster, next_task, .. } = state;
        let view = cluster.view.get().map(AsRef::as_ref);
        let Passed { effects, refused } = gate.pass(std::mem::take(&mut waiting), (&cluster.context, view), next_task);
        through.extend(effects);
        tell(state, refused, &mut waiting);
    }
    through
}

/// Hears a reply; `None`: it was the gate's.
pub(super) fn hear(state: &mut State, reply: Reply, effects: &mut Vec<Effect>) -> Option<Reply> {
    match state.gate.hear(reply) {
        Err(reply) => Some(reply),
        Ok(passed) => {
            effects.extend(passed.effects);
            tell(state, passed.refused, effects);
            None
        }
    }
}

fn tell(state: &mut State, refused: Vec<Reply>, effects: &mut Vec<Effect>) {
    for reply in refused {
        let mut left = Some(Arrival::Reply(reply));
        every(state, effects, |screen, cx| {
            if let Some(arrival) = left.take() {
                left = screen.receive(cx, arrival);
            }
        });
    }
}

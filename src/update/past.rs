//! Reads what an earlier run saw of the groups, and keeps what this one sees.

use std::path::Path;

use crate::core::ask::{Answer, Ask, Reply};
use crate::core::effect::{Effect, Owner, TaskId};
use crate::core::groups::kept::{self, Wants};
use crate::state::State;

/// Asks for what is due.
pub(super) fn keep(state: &mut State, effects: &mut Vec<Effect>) {
    let id = state.cluster.view.get().and_then(|view| view.id.clone());
    let Some(wants) = state.cluster.past.wants(id.as_ref(), state.now) else { return };
    let folder = state.keeper.path().and_then(Path::parent);
    let Some((id, path)) = id.and_then(|id| Some((id.clone(), kept::path(folder?, &id)?))) else { return };
    state.next_task += 1;
    let task = TaskId(state.next_task);
    let ask = match wants {
        Wants::Read => {
            state.cluster.past.reading(&id, task, state.now);
            Ask::Recall(path)
        }
        Wants::Write => {
            state.cluster.past.writing(task);
            Ask::Remember { path, kept: Box::new(state.cluster.groups.to_kept()) }
        }
    };
    effects.push(Effect::Start { id: task, owner: Owner::PROGRAM, ask, permit: None });
}

/// Takes the reply to its own question; gives back any other.
pub(super) fn hear(state: &mut State, reply: Reply) -> Option<Reply> {
    let now = state.now;
    if !state.cluster.past.ended(reply.id, reply.result.is_err(), now) {
        return Some(reply);
    }
    match reply.result {
        Ok(Answer::Recalled(kept)) => state.cluster.groups.recall(*kept, now),
        Ok(_) => {}
        Err(failure) => state.notices.failure(&failure),
    }
    None
}

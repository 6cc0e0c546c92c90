//! To another cluster while the program runs: the screens and all that was known of the one before go, what the user typed
//! stays.

use super::push;
use crate::core::cluster::Cluster;
use crate::core::context;
use crate::core::effect::{Effect, Owner, TaskId};
use crate::screens::{Reason, Route};
use crate::state::State;

/// To the context of that name.
///
/// # Errors
/// There is none, or what is under way here keeps one: a sentence.
pub(super) fn named(state: &mut State, name: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    let at = context::find(&state.settings.contexts, name)?;
    to(state, at, effects).map_err(str::to_owned)
}

/// To the one at that place of the list. Where it is open already nothing happens but a word.
///
/// # Errors
/// A change of the cluster is under way, or waits: it would be given up in the middle.
pub(super) fn to(state: &mut State, at: usize, effects: &mut Vec<Effect>) -> Result<(), Reason> {
    let Some(target) = state.settings.contexts.get(at).cloned() else { return Ok(()) };
    // What could not be opened as it was may be another one by now.
    let hopeless =
        state.cluster.view.get().is_none() && state.cluster.trouble.as_ref().is_some_and(|trouble| trouble.failure.waits_for_user());
    if state.cluster.is(&target) && !hopeless {
        let now = state.now;
        state.notices.look(now, format!("{} is in use already; ctrl-r asks it anew.", target.name()));
        return Ok(());
    }
    if state.stack.iter().any(|opened| opened.screen.armed().is_some() || opened.screen.busy().is_some()) {
        return Err(super::trail::HELD);
    }
    let first = state.stack.first().map_or(Route::Overview, |opened| opened.route.clone());
    let first = if first.is(&Route::Topics) { Route::Topics } else { Route::Overview };
    leave(state, effects);
    effects.push(Effect::Switch(at));
    state.cluster = Cluster::at(target);
    state.keeper.look_again();
    // Where one begins is the same everywhere.
    push(state, first, effects);
    Ok(())
}

/// Ends what was started for the cluster that is open. What its tasks sent already and still lies in a lane is told by its
/// number: numbers are never used twice.
fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    effects.extend(state.stack.drain(..).map(|gone| Effect::CancelOwner(gone.owner)));
    effects.push(Effect::CancelOwner(Owner::CLUSTER));
    // What waits there for its audit line was planned on that cluster, and may not be carried out on another.
    state.gate.clear();
    effects.extend(state.cluster.poll.tasks().chain(state.cluster.past.tasks()).map(Effect::Cancel));
    state.left = TaskId(state.next_task);
    state.ahead.clear();
    state.last = None;
    state.help = None;
    state.typed.clear();
    state.panel_hidden = false;
    state.notices = crate::core::notices::Notices::default();
}

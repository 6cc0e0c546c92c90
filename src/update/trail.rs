//! Where one was: back and forward through the screens, and to and fro between the last two.

use super::{close_top, open_route, push, with_top};
use crate::core::effect::Effect;
use crate::screens::Route;
use crate::state::State;

/// Screens that may lie on top of each other; the oldest but the first goes when there are more.
const DEEPEST: usize = 20;

/// Why a screen is not closed by the way.
pub(super) const HELD: &str = "A change of a group waits or runs on a screen that this would close; there esc twice leaves it.";

/// Whether one of the screens from that one on has work that must not end by the way.
fn holds(state: &State, from: usize) -> bool {
    state.stack.iter().skip(from).any(|opened| opened.screen.armed().is_some() || opened.screen.busy().is_some())
}

/// `[`: one screen back, and never out of the program.
pub(super) fn back(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now;
    if state.stack.len() < 2 {
        state.notices.look(now, "This is the first screen.");
    } else if holds(state, state.stack.len() - 1) {
        state.notices.look(now, HELD);
    } else {
        close_top(state, effects);
    }
}

/// `]`: brings back the screen that was left last.
pub(super) fn forward(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(route) = state.ahead.pop() {
        push(state, current(state, route), effects);
    } else {
        let now = state.now;
        state.notices.look(now, "No screen was left that could be brought back.");
    }
}

/// `-`: the screen that was seen before this one.
pub(super) fn last(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now;
    let Some(route) = state.last.clone() else {
        state.notices.look(now, "There was no other screen yet.");
        return;
    };
    let below = state.stack.len().checked_sub(2).and_then(|at| state.stack.get(at));
    if below.is_some_and(|below| below.route.is(&route)) && !holds(state, state.stack.len() - 1) {
        close_top(state, effects);
    } else {
        let route = current(state, route);
        open_route(state, route, effects);
    }
}

/// Back to the first screen; or it lies on top of what must not be closed.
pub(super) fn home(state: &mut State, effects: &mut Vec<Effect>) {
    if holds(state, 1) {
        let first = state.stack.first().map(|opened| opened.route.clone());
        return first.into_iter().for_each(|route| open_route(state, route, effects));
    }
    while state.stack.len() > 1 {
        close_top(state, effects);
    }
}

/// A route to a topic as it is now: it may have got partitions since.
fn current(state: &State, route: Route) -> Route {
    let now = |old: &std::sync::Arc<crate::model::Topic>| {
        let view = state.cluster.view.get();
        let found = view.and_then(|view| crate::core::figures::find(view, &old.name)).filter(|topic| topic.error.is_none());
        std::sync::Arc::clone(found.unwrap_or(old))
    };
    match route {
        Route::UsedBy(topic) => Route::UsedBy(now(&topic)),
        Route::Topic(topic) => Route::Topic(now(&topic)),
        Route::Shape(topic) => Route::Shape(now(&topic)),
        Route::Bisect(topic, query) => Route::Bisect(now(&topic), query),
        Route::Messages(topic) => Route::Messages(now(&topic)),
        Route::At(at) => Route::At(Box::new(crate::screens::At { topic: now(&at.topic), ..*at })),
        Route::Partition(topic, partition) => Route::Partition(now(&topic), partition),
        other => other,
    }
}

/// Keeps the pile of screens within its limit.
pub(super) fn limit(state: &mut State, effects: &mut Vec<Effect>) {
    if state.stack.len() > DEEPEST {
        let Some(at) = (1..state.stack.len()).find(|at| {
            let idle = |opened: &crate::state::Opened| opened.screen.armed().is_none() && opened.screen.busy().is_none();
            state.stack.get(*at).is_some_and(idle)
        }) else {
            return;
        };
        let gone = state.stack.remove(at);
        effects.push(Effect::CancelOwner(gone.owner));
        with_top(state, effects, |screen, cx| screen.refreshed(cx));
    }
}

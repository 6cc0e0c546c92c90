//! `(&mut State, Event) -> Effects`: the only place where the state changes. Pure: no I/O, clock, lock or task.

mod command;
mod gate;
mod input;
mod past;
mod switch;
mod trail;

use crate::core::ask::{Ask, Reply};
use crate::core::configure::Told;
use crate::core::effect::{Effect, Owner, TaskId, Term};
use crate::core::event::{Arrival, Event};
use crate::core::guard::Gate;
use crate::core::history::History;
use crate::core::inquire::FollowFrom;
use crate::core::keymap::Keymap;
use crate::core::notices::Notices;
use crate::core::saved::Keeper;
use crate::core::timeline::What;
use crate::draw;
use crate::model::Time;
use crate::screens::{self, Cx, Route, Settings};
use crate::state::{Opened, State};
use crate::ui::Theme;

/// Where there is no cluster there is nothing of it to be seen.
const NOWHERE: &str = "No cluster is open: enter goes to the selected one.";

/// The state of a program that has just been started, and what it wants done first.
pub fn start(now: Time, size: (u16, u16), bootstrap: String, theme: Theme, settings: Settings, route: Route) -> (State, Vec<Effect>) {
    let mut state = State {
        now,
        size,
        cluster: crate::core::cluster::Cluster::of(bootstrap),
        stack: Vec::new(),
        ahead: Vec::new(),
        last: None,
        palette: None,
        help: None,
        history: History::default(),
        mouse: false,
        notices: Notices::default(),
        keymap: Keymap::default(),
        typed: Vec::new(),
        theme,
        settings,
        keeper: Keeper::default(),
        gate: Gate::default(),
        panel_hidden: false,
        next_owner: 0,
        next_task: 0,
        left: TaskId(0),
        quitting: false,
        quit_asked: false,
        hung_up: false,
    };
    let mut effects = vec![Effect::Term(Term::Title("kscope".to_owned()))];
    push(&mut state, route, &mut effects);
    ask_when_due(&mut state, &mut effects);
    (state, effects)
}

/// Opens the first screen, as a line of the palette names it.
pub fn begin_with(state: &mut State, line: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let seen = state.top().map(|top| top.owner);
    if let Err(sentence) = command::run(state, line, &mut effects) {
        let now = state.now;
        state.notices.look(now, sentence);
    }
    cover(state, seen, &mut effects);
    effects
}

/// One event. The caller has set `state.now`.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    let seen = state.top().map(|top| top.owner);
    match event {
        Event::Input(input) => {
            state.cluster.stirred(state.now);
            input::on_input(state, &input, &mut effects);
        }
        Event::Arrival(arrival) => on_arrival(state, arrival, &mut effects),
        Event::Signal(_) => quit(state, &mut effects),
        Event::Edited(text) => with_top(state, &mut effects, |screen, cx| screen.edited(cx, text)),
        Event::Configured(told) => configured(state, &told, &mut effects),
        Event::Woke => {
            with_top(state, &mut effects, |screen, cx| screen.woke(cx));
        }
    }
    cover(state, seen, &mut effects);
    state.notices.expire(state.now);
    ask_when_due(state, &mut effects);
    keep(state, &mut effects);
    gate::pass(state, effects)
}

/// What came of a wish about the configuration: first the list of what can be gone to, then every screen hears of it.
fn configured(state: &mut State, told: &Told, effects: &mut Vec<Effect>) {
    match told {
        Told::There(targets) | Told::Added { targets, .. } => state.settings.contexts.clone_from(targets),
        // The form says itself why nothing can be written.
        Told::Failed(failure) if !state.top().is_some_and(|top| matches!(top.route, Route::NewContext(_))) => {
            state.notices.failure(failure);
        }
        Told::Failed(_) | Told::Preview(_) | Told::Edit { .. } => {}
    }
    every(state, effects, |screen, cx| screen.configured(cx, told));
    if matches!(told, Told::Added { .. }) && state.top().is_some_and(|top| matches!(top.route, Route::NewContext(_))) {
        close_top(state, effects);
    }
}

/// Tells the screens when another one than before is seen.
fn cover(state: &mut State, seen: Option<Owner>, effects: &mut Vec<Effect>) {
    let top = state.top().map(|top| top.owner);
    if top == seen {
        return;
    }
    every(state, effects, |screen, cx| {
        if [seen, top].contains(&Some(cx.owner)) {
            screen.covered(cx, Some(cx.owner) == seen);
        }
    });
}

/// Takes the visible screen away, and remembers it.
fn close_top(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(gone) = state.stack.pop() {
        effects.push(Effect::CancelOwner(gone.owner));
        state.last = Some(gone.route.clone());
        state.ahead.push(gone.route);
    }
    with_top(state, effects, |screen, cx| {
        screen.resized(cx);
        screen.refreshed(cx);
    });
}

/// Opens a screen over the others; what was left before is left for good.
pub(crate) fn open_route(state: &mut State, route: Route, effects: &mut Vec<Effect>) {
    if state.cluster.is_nowhere() && !matches!(route, Route::Contexts | Route::NewContext(_) | Route::Log) {
        let now = state.now;
        return state.notices.look(now, NOWHERE);
    }
    state.ahead.clear();
    let route = match route {
        Route::Follow(from) if from.topics.is_empty() => {
            let topics = state.stack.iter().rev().map(|opened| opened.screen.marked()).find(|marked| !marked.is_empty());
            Route::Follow(Box::new(FollowFrom { topics: topics.unwrap_or_default(), ..*from }))
        }
        other => other,
    };
    push(state, route, effects);
}

fn quit(state: &mut State, effects: &mut Vec<Effect>) {
    state.quitting = true;
    effects.push(Effect::Quit);
}

fn on_arrival(state: &mut State, arrival: Arrival, effects: &mut Vec<Effect>) {
    let now = state.now;
    let mut arrival = arrival;
    if let Arrival::Reply(reply) = arrival {
        let Some(reply) = state.keeper.accept(reply, &mut state.notices) else { return };
        arrival = Arrival::Reply(reply);
    }
    // It tells of another cluster, whatever it tells.
    if arrival.task() <= state.left {
        return;
    }
    if let Arrival::Reply(reply) = arrival {
        let Some(reply) = gate::hear(state, reply, effects) else { return };
        let Some(reply) = past::hear(state, reply) else { return };
        arrival = Arrival::Reply(reply);
    }
    match &arrival {
        Arrival::Part(_, answer) | Arrival::Reply(Reply { result: Ok(answer), .. }) => state.cluster.told(answer, now),
        _ => {}
    }
    if let Arrival::Reply(reply) = arrival {
        let (had_trouble, was_stranger) = (state.cluster.trouble.is_some(), state.cluster.stranger().is_some());
        if let Some(other) = state.cluster.accept(reply, now) {
            arrival = Arrival::Reply(other);
        } else {
            if state.cluster.trouble.is_some() && !had_trouble {
                state.panel_hidden = false;
            }
            every(state, effects, |screen, cx| screen.refreshed(cx));
            if state.cluster.stranger().is_some() != was_stranger {
                every(state, effects, |screen, cx| screen.resized(cx));
            }
            return;
        }
    }
    let mut left = Some(arrival);
    every(state, effects, |screen, cx| {
        if let Some(arrival) = left.take() {
            left = screen.receive(cx, arrival);
        }
    });
}

/// Asks for the cluster's metadata when its time has come: the retry that needs no key.
fn ask_when_due(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.quitting && !state.cluster.is_nowhere() && state.cluster.is_due(state.now) {
        ask_cluster(state, false, effects);
    }
    ask_groups(state, effects);
    past::keep(state, effects);
}

/// Asks for what is due about groups: for what the visible screen shows of them, and a little for the rest.
fn ask_groups(state: &mut State, effects: &mut Vec<Effect>) {
    if state.quitting {
        return;
    }
    let watch = state.top().map(|top| top.screen.groups(&state.cluster)).unwrap_or_default();
    state.cluster.poll.watch(watch);
    state.cluster.groups.limits.stalled_after = state.settings.stalled_after;
    for (kind, ask) in state.cluster.group_asks(state.now) {
        state.next_task += 1;
        let id = TaskId(state.next_task);
        state.cluster.poll.started(kind, id, state.now);
        effects.push(Effect::Start { id, owner: Owner::CLUSTER, ask, permit: None });
    }
}

/// Has written what the next run is to find, when that has changed.
fn keep(state: &mut State, effects: &mut Vec<Effect>) {
    let revision = state.history.revision();
    if !state.keeper.is_due(revision) {
        return;
    }
    let saved = state.to_save();
    let Some(ask) = state.keeper.ask(&saved, revision) else { return };
    state.next_task += 1;
    let id = TaskId(state.next_task);
    state.keeper.started(id, saved);
    effects.push(Effect::Start { id, owner: Owner::PROGRAM, ask, permit: None });
}

fn ask_cluster(state: &mut State, urgent: bool, effects: &mut Vec<Effect>) {
    if state.cluster.view.is_loading() || state.cluster.is_nowhere() {
        return;
    }
    state.next_task += 1;
    let id = TaskId(state.next_task);
    state.cluster.asked(id, state.now);
    effects.push(Effect::Start { id, owner: Owner::CLUSTER, ask: Ask::Cluster { urgent }, permit: None });
}

fn push(state: &mut State, route: Route, effects: &mut Vec<Effect>) {
    if let Some(top) = state.stack.last() {
        state.last = Some(top.route.clone());
    }
    state.next_owner += 1;
    let owner = Owner(state.next_owner);
    let changing = (&mut state.notices, &mut state.history, &mut state.next_task, &mut *effects);
    let mut cx = cx_of(state.now, state.size, &state.cluster, &state.settings, owner, changing);
    let screen = screens::open(route.clone(), &mut cx);
    state.stack.push(Opened { owner, route, screen });
    trail::limit(state, effects);
}

type Changing<'a> = (&'a mut Notices, &'a mut History, &'a mut u64, &'a mut Vec<Effect>);

fn cx_of<'a>(
    now: Time,
    size: (u16, u16),
    cluster: &'a crate::core::cluster::Cluster,
    settings: &'a Settings,
    owner: Owner,
    (notices, history, next_task, effects): Changing<'a>,
) -> Cx<'a> {
    Cx {
        now,
        size: draw::body_size(size, cluster),
        cluster,
        settings,
        notices,
        history,
        owner,
        next_task,
        effects,
        go: None,
        switch: None,
        done: Vec::new(),
    }
}

/// Lets the visible screen change itself, then goes where it wants to go.
fn with_top(state: &mut State, effects: &mut Vec<Effect>, change: impl FnOnce(&mut dyn screens::Screen, &mut Cx<'_>)) {
    let State { now, size, cluster, settings, notices, history, next_task, stack, .. } = state;
    let Some(top) = stack.last_mut() else { return };
    let mut cx = cx_of(*now, *size, cluster, settings, top.owner, (notices, history, next_task, effects));
    change(top.screen.as_mut(), &mut cx);
    let (go, switch, notes) = (cx.go.take(), cx.switch.take(), std::mem::take(&mut cx.done));
    note(state, notes);
    if let Some(route) = go {
        open_route(state, route, effects);
    }
    if let Some(at) = switch {
        let now = state.now;
        switch::to(state, at, effects).unwrap_or_else(|held| state.notices.look(now, held));
    }
}

/// Lets every open screen look, the visible one first.
fn every(state: &mut State, effects: &mut Vec<Effect>, mut change: impl FnMut(&mut dyn screens::Screen, &mut Cx<'_>)) {
    let mut notes = Vec::new();
    let State { now, size, cluster, settings, notices, history, next_task, stack, .. } = state;
    for opened in stack.iter_mut().rev() {
        let changing = (&mut *notices, &mut *history, &mut *next_task, &mut *effects);
        let mut cx = cx_of(*now, *size, cluster, settings, opened.owner, changing);
        change(opened.screen.as_mut(), &mut cx);
        notes.append(&mut cx.done);
    }
    note(state, notes);
}

/// Puts what was done from here on the timeline.
fn note(state: &mut State, notes: Vec<String>) {
    for text in notes {
        state.cluster.timeline.add(state.now, What::Done(text));
    }
}

#[cfg(test)]
mod tests;

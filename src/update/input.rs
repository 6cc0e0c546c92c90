//! What comes from the terminal: keys through the key map to the screen or the whole program, pastes, the mouse.

use super::{ask_cluster, close_top, command, quit, trail, with_top};
use crate::core::action::{Action, COMMANDS};
use crate::core::effect::{Effect, Term};
use crate::core::key::{Input, Key, KeyCode, Mouse};
use crate::core::keymap::Found;
use crate::draw;
use crate::overlays::help::Help;
use crate::state::State;

pub(super) fn on_input(state: &mut State, input: &Input, effects: &mut Vec<Effect>) {
    match input {
        Input::Key(key) => on_key(state, *key, effects),
        Input::Resize(columns, rows) => {
            state.size = (*columns, *rows);
            with_top(state, effects, |screen, cx| screen.resized(cx));
        }
        Input::HangUp => {
            state.hung_up = true;
            quit(state, effects);
        }
        Input::Paste(text) if state.palette.is_some() => command::paste(state, text),
        Input::Mouse(mouse) => on_mouse(state, *mouse, effects),
        Input::Paste(_) if state.help.is_none() && state.top().is_some_and(|top| top.screen.editing()) => {
            with_top(state, effects, |screen, cx| screen.input(cx, input));
        }
        Input::Paste(_) => {
            let now = state.now;
            state.notices.look(now, "A paste goes into a text field only; nothing was done with it.");
        }
        _ => {}
    }
}

fn on_key(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    state.notices.seen();
    let quits = state.keymap.find(&[], &[key]) == Found::Action(Action::Quit);
    if let (Some(help), false) = (&mut state.help, quits) {
        if let Some(closed) = help.key(key) {
            state.help = None;
            if let Some(action) = closed {
                act(state, action, None, effects);
            }
        }
        return;
    }
    if state.palette.is_some() && !quits {
        command::key(state, key, effects);
        return;
    }
    if state.top().is_some_and(|top| top.screen.editing()) && !quits {
        if let Some(action) = form_command(state, key) {
            return act(state, action, Some(key), effects);
        }
        with_top(state, effects, |screen, cx| screen.input(cx, &Input::Key(key)));
        return;
    }
    let scopes = state.top().map(|top| top.screen.scopes()).unwrap_or_default();
    state.typed.push(key);
    match state.keymap.find(&scopes, &state.typed) {
        Found::Action(action) => {
            state.typed.clear();
            act(state, action, Some(key), effects);
        }
        Found::Pending => {}
        Found::None => {
            let unfinished = state.typed.len() > 1;
            state.typed.clear();
            // The escape key only leaves a chord; anything else that does not fit starts afresh.
            if unfinished && key.code != KeyCode::Esc {
                on_key(state, key, effects);
            }
        }
    }
}

/// The command that a key is while one types into a form: letters are text, and what does nothing now goes to the text, too.
fn form_command(state: &State, key: Key) -> Option<Action> {
    let screen = &state.top().filter(|top| top.screen.form())?.screen;
    if matches!(key.code, KeyCode::Char(_)) && !key.ctrl && !key.alt {
        return None;
    }
    let scopes = screen.scopes();
    let Found::Action(action) = state.keymap.find(&scopes, &[key]) else { return None };
    let of_form = COMMANDS.iter().any(|row| row.action == action && scopes.contains(&row.scope));
    let everywhere = matches!(action, Action::Back | Action::Help | Action::Redraw | Action::Suspend);
    (everywhere || of_form && screen.allows(action).is_ok()).then_some(action)
}

/// Does what the user wants: what concerns the whole program here, all else in the screen.
pub(super) fn act(state: &mut State, action: Action, by: Option<Key>, effects: &mut Vec<Effect>) {
    match action {
        Action::Quit => ask_and_quit(state, effects),
        Action::Suspend => effects.push(Effect::Term(Term::Suspend)),
        Action::Redraw => effects.push(Effect::Term(Term::Redraw)),
        Action::Help => {
            let scopes = state.top().map(|top| top.screen.scopes()).unwrap_or_default();
            state.help = Some(Help::new(&state.keymap, &scopes));
        }
        Action::Palette => command::open(state, ""),
        Action::Crumbs => command::open(state, command::siblings(state)),
        Action::LastView => trail::last(state, effects),
        Action::Backward => trail::back(state, effects),
        Action::Forward => trail::forward(state, effects),
        Action::Refresh => {
            state.cluster.poll.hurry();
            ask_cluster(state, true, effects);
            dispatch(state, action, effects);
        }
        Action::Back => back(state, by, effects),
        _ => dispatch(state, action, effects),
    }
}

fn dispatch(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    with_top(state, effects, |screen, cx| match screen.allows(action) {
        Ok(()) => screen.act(cx, action),
        Err(reason) => cx.notices.look(cx.now, reason),
    });
}

/// One level back. At the top only `q` quits: an escape too many must not end the program.
fn back(state: &mut State, by: Option<Key>, effects: &mut Vec<Effect>) {
    let mut closed = false;
    with_top(state, effects, |screen, cx| closed = screen.back(cx));
    if closed {
        return;
    }
    if draw::panel(state).is_some() && state.cluster.view.get().is_some() {
        state.panel_hidden = true;
    } else if state.stack.len() > 1 {
        close_top(state, effects);
    } else if by.is_some_and(|key| key.code == KeyCode::Esc) {
        let now = state.now;
        state.notices.look(now, "This is the top; q quits.");
    } else {
        ask_and_quit(state, effects);
    }
}

/// The wheel moves the selection; a press is the screen's own.
fn on_mouse(state: &mut State, mouse: Mouse, effects: &mut Vec<Effect>) {
    let busy = state.help.is_some() || state.palette.is_some() || state.top().is_some_and(|top| top.screen.editing());
    let above = draw::body_top(&state.cluster);
    let (_, rows) = draw::body_size(state.size, &state.cluster);
    if busy || !state.mouse {
        return;
    }
    if let Some(row) = mouse.row.checked_sub(above).filter(|&row| row < rows) {
        with_top(state, effects, |screen, cx| screen.pointer(cx, Mouse { row, ..mouse }));
    }
}

/// Ends the program, unless something is being written: then the first wish is only a question.
fn ask_and_quit(state: &mut State, effects: &mut Vec<Effect>) {
    let busy = state.stack.iter().find_map(|opened| opened.screen.busy());
    match busy.filter(|_| !state.quit_asked) {
        Some(reason) => {
            let now = state.now;
            state.notices.look(now, reason);
            state.quit_asked = true;
        }
        None => quit(state, effects),
    }
}

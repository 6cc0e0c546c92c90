//! The palette: what can be done here, and doing what was typed.

use super::input::act;
use super::{open_route, switch, with_top};
use crate::core::action::{Action, COMMANDS, Scope};
use crate::core::command::{self, Typed};
use crate::core::effect::{Effect, Term};
use crate::core::figures;
use crate::core::history::Kind;
use crate::core::incident;
use crate::core::inquire::{Candidate, FollowFrom};
use crate::core::key::{Input, Key, KeyCode};
use crate::core::produce::{From, Opening};
use crate::model::{GroupId, Time, TopicName};
use crate::overlays::palette::{Done, Here, Palette};
use crate::screens::Route;
use crate::state::State;
use crate::text::{self, TimeFormat};

/// Opens it with a text that is there already.
pub(super) fn open(state: &mut State, text: &str) {
    let mut palette = Palette::new(text, state.history.of(Kind::Command));
    suggest(state, &mut palette);
    state.palette = Some(palette);
}

fn suggest(state: &State, palette: &mut Palette) {
    let aliases: Vec<(String, String)> = state.settings.aliases.iter().map(|(name, line)| (name.clone(), line.clone())).collect();
    palette.suggest(&here(state), &state.cluster, &aliases, &state.settings.contexts);
}

/// The commands of the table that belong here.
fn here(state: &State) -> Vec<Here> {
    let Some(top) = state.top() else { return Vec::new() };
    let mut scopes = top.screen.scopes();
    scopes.push(Scope::Always);
    let rows = COMMANDS.iter().filter(|row| scopes.contains(&row.scope));
    rows.map(|row| {
        let keys = state.keymap.keys_of(row.action).into_iter().next().unwrap_or_default();
        (row.name, row.doc, keys, top.screen.allows(row.action).err())
    })
    .collect()
}

/// A key while it is open.
pub(super) fn key(state: &mut State, key: Key, effects: &mut Vec<Effect>) {
    let Some(mut palette) = state.palette.take() else { return };
    match palette.key(key) {
        Done::Closed => {}
        Done::Nothing => state.palette = Some(palette),
        Done::Changed => {
            suggest(state, &mut palette);
            state.palette = Some(palette);
        }
        Done::Run(line) => match run(state, &line, effects) {
            Ok(()) => state.history.add(Kind::Command, &line),
            Err(error) => {
                palette.refuse(error);
                state.palette = Some(palette);
            }
        },
    }
}

pub(super) fn paste(state: &mut State, text: &str) {
    if let Some(mut palette) = state.palette.take() {
        palette.paste(text);
        suggest(state, &mut palette);
        state.palette = Some(palette);
    }
}

/// Does what a line says. The error is a sentence.
pub(super) fn run(state: &mut State, line: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    match command::read(&with_alias(state, line))? {
        Typed::Topics { filter, context } => topics(state, filter.as_deref(), context.as_deref(), effects)?,
        Typed::Groups { filter, context } => groups(state, filter.as_deref(), context.as_deref(), effects)?,
        Typed::Group { name } => group(state, &name, effects)?,
        Typed::Topic { name } => {
            let topic = topic(state, &name)?;
            open_route(state, Route::Topic(topic), effects);
        }
        Typed::Produce { name } => {
            let topic = topic(state, &name)?.name.raw().to_owned();
            open_route(state, Route::Produce(Box::new(Opening { topic, from: From::Nothing })), effects);
        }
        Typed::Shape { name } => {
            let topic = topic(state, &name)?;
            open_route(state, Route::Shape(topic), effects);
        }
        Typed::Bisect { name, query } => {
            let topic = topic(state, &name)?;
            open_route(state, Route::Bisect(topic, query), effects);
        }
        Typed::Follow(value) => {
            let candidates = vec![Candidate { label: "typed".to_owned(), value }];
            open_route(state, Route::Follow(Box::new(FollowFrom { candidates, chosen: Some(0), ..FollowFrom::default() })), effects);
        }
        Typed::Messages { name, query } => {
            let topic = topic(state, &name)?;
            open_route(state, Route::Messages(topic), effects);
            if let Some(query) = query {
                prompt(state, Action::Filter, &query, effects)?;
            }
        }
        Typed::Contexts => open_route(state, Route::Contexts, effects),
        Typed::Switch(name) => switch::named(state, &name, effects)?,
        Typed::Overview => match state.stack.first().map(|first| first.route.is(&Route::Overview)) {
            Some(true) => super::trail::home(state, effects),
            _ => open_route(state, Route::Overview, effects),
        },
        Typed::Incident => incident(state, effects),
        Typed::Log => open_route(state, Route::Log, effects),
        Typed::Mouse(on) => {
            state.mouse = on;
            effects.push(Effect::Term(Term::Mouse(on)));
            let now = state.now;
            state
                .notices
                .good(now, if on { "The mouse is ours: shift selects text as before." } else { "The mouse is the terminal's again." });
        }
        Typed::Act(action) => {
            let reason = state.top().and_then(|top| top.screen.allows(action).err());
            match reason {
                Some(reason) if !is_of_the_program(action) => return Err(reason.to_owned()),
                _ => act(state, action, None, effects),
            }
        }
        Typed::Prompt(action, text) => prompt(state, action, &text, effects)?,
        Typed::Filter(text) => {
            let scopes = state.top().map(|top| top.screen.scopes()).unwrap_or_default();
            let action = if scopes.contains(&Scope::Messages) {
                Action::Filter
            } else if scopes.contains(&Scope::Topics) {
                Action::FilterTopics
            } else if scopes.contains(&Scope::Groups) {
                Action::FilterGroups
            } else {
                return Err("There is nothing to filter here.".to_owned());
            };
            prompt(state, action, &text, effects)?;
        }
    }
    Ok(())
}

/// To the list of topics, of another cluster when one is named.
fn topics(state: &mut State, filter: Option<&str>, context: Option<&str>, effects: &mut Vec<Effect>) -> Result<(), String> {
    if let Some(name) = context {
        switch::named(state, name, effects)?;
    }
    if state.stack.first().is_some_and(|first| first.route.is(&Route::Topics)) {
        super::trail::home(state, effects);
    } else if !state.top().is_some_and(|top| top.route.is(&Route::Topics)) {
        open_route(state, Route::Topics, effects);
    }
    match filter {
        Some(filter) => prompt(state, Action::FilterTopics, filter, effects),
        None => Ok(()),
    }
}

/// To the list of groups, of another cluster when one is named.
fn groups(state: &mut State, filter: Option<&str>, context: Option<&str>, effects: &mut Vec<Effect>) -> Result<(), String> {
    if let Some(name) = context {
        switch::named(state, name, effects)?;
    }
    // The list that is open already is the one that is meant.
    if !state.top().is_some_and(|top| top.route.is(&Route::Groups)) {
        open_route(state, Route::Groups, effects);
    }
    match filter {
        Some(filter) => prompt(state, Action::FilterGroups, filter, effects),
        None => Ok(()),
    }
}

fn group(state: &mut State, name: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    let id = GroupId::new(name);
    if state.cluster.groups.listed_at().is_some() && state.cluster.groups.of(&id).is_none() {
        return Err(format!("No group \"{}\" is listed.", text::Shown::of(name)));
    }
    open_route(state, Route::Group(id), effects);
    Ok(())
}

/// Copies the report of what was seen and done.
fn incident(state: &mut State, effects: &mut Vec<Effect>) {
    let watch = state.top().map(|top| top.screen.groups(&state.cluster)).unwrap_or_default();
    let zone = state.settings.zone.clone();
    let now = state.now;
    let clock = |at: Time| text::time(at.millis(), TimeFormat::Full, &zone, now.millis());
    let report = incident::report(&state.cluster, watch.open.as_ref(), now, &clock);
    let lines = report.lines().count();
    effects.push(Effect::Term(Term::Osc52(report)));
    state.notices.good(
        now,
        format!("The report, {}, was sent to the terminal's clipboard.", text::units::counted(text::units::wide(lines), "line")),
    );
}

fn is_of_the_program(action: Action) -> bool {
    action.command().scope == Scope::Always
}

/// Replaces the first word by what it stands for.
fn with_alias(state: &State, line: &str) -> String {
    let line = line.trim().trim_start_matches(':');
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match state.settings.aliases.get(name) {
        // A word of ours is not taken away by an alias, so that an alias may use the word that it is named after.
        Some(stands_for) if command::find(name).is_none() => format!("{} {rest}", stands_for.trim_start_matches(':')).trim().to_owned(),
        _ => line.to_owned(),
    }
}

fn topic(state: &State, name: &str) -> Result<std::sync::Arc<crate::model::Topic>, String> {
    let view = state.cluster.view.get().ok_or("The topics are not known yet.")?;
    let found = figures::find(view, &TopicName::new(name));
    let topic = found.ok_or_else(|| format!("No topic \"{}\" is listed.", text::Shown::of(name)))?;
    if topic.error.is_some() {
        return Err("The broker gives no partitions of this topic: the list says why.".to_owned());
    }
    Ok(std::sync::Arc::clone(topic))
}

/// Opens the prompt of an action on the visible screen, types the text and takes it: as if the keys had been pressed.
fn prompt(state: &mut State, action: Action, text: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
    let Some(top) = state.top() else { return Ok(()) };
    let scopes = top.screen.scopes();
    // The message screen has its filter in the list's scope, whichever pane has the focus.
    let filters = action == Action::Filter && scopes.contains(&Scope::Messages);
    if !filters && !scopes.contains(&action.command().scope) {
        return Err(format!("{} belongs to another screen.", action.command().name));
    }
    top.screen.allows(action).map_err(str::to_owned)?;
    with_top(state, effects, |screen, cx| {
        screen.act(cx, action);
        for input in [
            Input::Key(Key { ctrl: true, ..Key::plain(KeyCode::Char('u')) }),
            Input::Paste(text.to_owned()),
            Input::Key(Key::plain(KeyCode::Enter)),
        ] {
            if screen.editing() {
                screen.input(cx, &input);
            }
        }
    });
    Ok(())
}

/// What to type to get to a neighbour of where one is: its word, and the name to be replaced.
pub(super) fn siblings(state: &State) -> &'static str {
    match state.top().map(|top| &top.route) {
        Some(Route::Messages(_) | Route::Partition(..) | Route::At(_)) => "messages ",
        Some(Route::Group(_)) => "group ",
        Some(Route::Topic(_) | Route::UsedBy(_)) => "topic ",
        Some(Route::Shape(_)) => "shape ",
        Some(Route::Bisect(..)) => "bisect ",
        Some(Route::Contexts) => "ctx ",
        _ => "",
    }
}

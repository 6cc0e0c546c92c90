//! What the program knows. Plain data: `update` changes it, `draw` reads it.

use crate::core::cluster::Cluster;
use crate::core::effect::{Owner, TaskId};
use crate::core::guard::Gate;
use crate::core::history::History;
use crate::core::key::Key;
use crate::core::keymap::Keymap;
use crate::core::notices::Notices;
use crate::core::saved::{Keeper, Saved};
use crate::model::Time;
use crate::overlays::help::Help;
use crate::overlays::palette::Palette;
use crate::screens::{Route, Screen, Settings};
use crate::ui::Theme;

#[derive(Debug)]
pub struct State {
    pub now: Time,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub cluster: Cluster,
    /// The open screens; the last one is seen. Never empty.
    pub stack: Vec<Opened>,
    /// Screens that were left, the last one last: `]` brings it back.
    pub ahead: Vec<Route>,
    /// The screen that was seen before this one.
    pub last: Option<Route>,
    pub palette: Option<Palette>,
    pub help: Option<Help>,
    /// The mouse is ours.
    pub mouse: bool,
    pub notices: Notices,
    /// What was typed into prompts.
    pub history: History,
    pub keymap: Keymap,
    /// Keys of a chord that is not complete.
    pub typed: Vec<Key>,
    pub theme: Theme,
    pub settings: Settings,
    pub keeper: Keeper,
    /// Changes that wait for their audit line.
    pub gate: Gate,
    /// The panel about a lost connection was sent away; it returns with the next loss.
    pub panel_hidden: bool,
    pub next_owner: u32,
    pub next_task: u64,
    /// Tasks up to this one were started for a cluster that was left since: what they still send is dropped.
    pub left: TaskId,
    pub quitting: bool,
    /// It was said that something is being written; the next wish to quit counts.
    pub quit_asked: bool,
    /// The terminal is gone: that is why it ends.
    pub hung_up: bool,
}

/// A screen and its number.
#[derive(Debug)]
pub struct Opened {
    pub owner: Owner,
    /// How to open it again.
    pub route: Route,
    pub screen: Box<dyn Screen>,
}

impl State {
    /// The earliest moment at which anything wants to look at the clock.
    pub fn wake_at(&self) -> Option<Time> {
        let screen = self.stack.last().and_then(|opened| opened.screen.wake_at(self.now));
        [self.notices.wake_at(), self.cluster.wake_at(), screen].into_iter().flatten().min()
    }

    /// What the next run is to find.
    pub fn to_save(&self) -> Saved {
        let kept = self.keeper.kept();
        let context = self.cluster.context.name.clone().filter(|_| self.cluster.context.configured);
        let (inputs, topics) = self.history.to_saved();
        Saved { context: context.or_else(|| kept.context.clone()), inputs, topics }
    }

    /// The screen that is seen.
    pub fn top(&self) -> Option<&Opened> {
        self.stack.last()
    }
}

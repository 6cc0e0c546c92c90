//! Short words about what just happened, shown in the status line until their time is over or the next one comes. A
//! failure stays until a key is pressed: an error that vanishes after a second was never read.

use std::time::Duration;

use crate::model::{Failure, Time};

/// How long good news stays.
const STAY: Duration = Duration::from_secs(4);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Look,
    Bad,
}

/// One notice. `text` may hold foreign text: it is sanitised where it is drawn.
#[derive(Debug, Clone)]
pub struct Notice {
    pub tone: Tone,
    pub text: String,
    /// When it goes by itself; `None` stays until a key is pressed.
    pub until: Option<Time>,
}

#[derive(Debug, Default)]
pub struct Notices {
    current: Option<Notice>,
}

impl Notices {
    pub fn good(&mut self, now: Time, text: impl Into<String>) {
        self.current = Some(Notice { tone: Tone::Good, text: text.into(), until: Some(now.plus(STAY)) });
    }

    pub fn look(&mut self, now: Time, text: impl Into<String>) {
        self.current = Some(Notice { tone: Tone::Look, text: text.into(), until: Some(now.plus(STAY)) });
    }

    pub fn failure(&mut self, failure: &Failure) {
        let mut text = failure.sentence();
        if let Some(hint) = &failure.hint {
            text.push_str(". ");
            text.push_str(hint.raw());
        }
        self.current = Some(Notice { tone: Tone::Bad, text, until: None });
    }

    pub fn current(&self) -> Option<&Notice> {
        self.current.as_ref()
    }

    /// A key was pressed: what stayed for it may go.
    pub fn seen(&mut self) {
        if self.current.as_ref().is_some_and(|n| n.until.is_none()) {
            self.current = None;
        }
    }

    /// Drops what is over; says when to look again.
    pub fn expire(&mut self, now: Time) {
        if self.current.as_ref().and_then(|n| n.until).is_some_and(|until| until <= now) {
            self.current = None;
        }
    }

    pub fn wake_at(&self) -> Option<Time> {
        self.current.as_ref().and_then(|n| n.until)
    }
}

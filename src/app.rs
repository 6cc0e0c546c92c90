//! The loop: waits for the first of input, reply, chunk, progress, signal or the time the state asked for; handles what is
//! there for at most 4 ms; runs the effects; draws. The only file that sees state, drawing and io together.

pub mod setup;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{Instant as TokioInstant, sleep_until};

use crate::core::configure::{Told, Wish};
use crate::core::effect::{Effect, Term};
use crate::core::event::{Arrival, Event, Signal};
use crate::draw;
use crate::io::editor::{self, Draft};
use crate::io::kafka::{Client, Settings};
use crate::io::runner::{Lanes as TaskLanes, Runner};
use crate::model::{Cause, Failure, Time};
use crate::state::State;
use crate::term::{Lanes, Notice, Terminal};
use crate::update::update;

/// How long one turn may take in events before effects run and a frame is drawn.
const TURN: Duration = Duration::from_millis(4);
/// Frames that only data asks for: 30 a second at most, 10 over SSH.
const DATA_FRAME: Duration = Duration::from_millis(33);
const DATA_FRAME_SSH: Duration = Duration::from_millis(100);

/// Everything the loop works with.
#[expect(missing_debug_implementations, reason = "it holds a function")]
pub struct App {
    pub terminal: Terminal,
    pub lanes: Lanes,
    pub runner: Runner,
    pub tasks: TaskLanes,
    pub state: State,
    /// How the clusters that can be gone to are reached, in the order of the state's contexts.
    pub targets: Vec<Settings>,
    /// What reads and writes the user's configuration, on a thread that may block.
    pub configure: Configure,
    /// What came of that.
    pub configured: (mpsc::Sender<Configured>, mpsc::Receiver<Configured>),
    pub clock: Clock,
}

/// Reads and writes the user's configuration.
pub type Configure = Arc<dyn Fn(&Wish) -> Configured + Send + Sync>;

/// What came of a wish, with how the clusters are reached that can be gone to, when those are others now.
#[derive(Debug)]
pub struct Configured {
    pub told: Told,
    pub targets: Option<Vec<Settings>>,
}

/// The wall clock once, the monotonic clock since.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    at_start: Time,
}

#[expect(clippy::disallowed_methods, reason = "the loop is where time comes from")]
impl Clock {
    pub fn start() -> Self {
        Self { start: Instant::now(), at_start: Time(jiff::Timestamp::now().as_microsecond()) }
    }

    pub fn now(&self) -> Time {
        self.at_start.plus(self.start.elapsed())
    }

    fn instant(&self, time: Time) -> TokioInstant {
        TokioInstant::from_std(self.start + time.since(self.at_start))
    }
}

/// What the loop woke up for.
enum Woken {
    Event(Event, Wants),
    Notice(Notice),
    Configured(Configured),
    Draw,
    Closed,
}

/// Who asks for a frame.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Wants {
    /// A key: at once.
    Now,
    /// Data: when the time for the next data frame has come.
    Soon,
}

impl App {
    /// Runs until the user or the system ends it. Gives the exit code.
    pub async fn run(mut self, first: Vec<Effect>) -> u8 {
        let data_frame = if std::env::var_os("SSH_CONNECTION").is_some() { DATA_FRAME_SSH } else { DATA_FRAME };
        let mut code = 0;
        self.perform(first);
        let mut due: Option<TokioInstant> = None;
        let mut last = self.draw();
        while !self.state.quitting {
            let mut wants = None;
            match self.wait(due).await {
                Woken::Event(event, kind) => {
                    wants = Some(kind);
                    self.handle(event);
                }
                Woken::Notice(notice) => {
                    if let Notice::End(signal) = notice {
                        code = signal.exit_code();
                    }
                    self.notice(notice);
                    wants = Some(Wants::Now);
                }
                Woken::Configured(Configured { told, targets }) => {
                    wants = Some(Wants::Now);
                    // Together with the list that the state has, so that a place in it is the same place here.
                    if let Some(targets) = targets {
                        self.runner.know(&targets);
                        self.targets = targets;
                    }
                    self.handle(Event::Configured(told));
                }
                Woken::Draw => {}
                Woken::Closed => {
                    code = Signal::HangUp.exit_code();
                    break;
                }
            }
            if self.drain() == Some(Wants::Now) {
                wants = Some(Wants::Now);
            }
            // A slow terminal gets fewer frames of data: twice the time that the last one took.
            due = if wants == Some(Wants::Soon) {
                due.or(Some(last.at + data_frame.max(last.writing * 2)))
            } else {
                last = self.draw();
                None
            };
        }
        self.runner.cancel_all();
        self.terminal.leave();
        // A hang-up may have come in the same turn as anything else.
        if self.state.hung_up { Signal::HangUp.exit_code() } else { code }
    }

    async fn wait(&mut self, due: Option<TokioInstant>) -> Woken {
        let wake = self.state.wake_at().map(|at| self.clock.instant(at));
        tokio::select! {
            biased;
            input = self.lanes.input.recv() => match input {
                Some(input) => Woken::Event(Event::Input(input), Wants::Now),
                None => Woken::Closed,
            },
            Some(notice) = self.lanes.notices.recv() => Woken::Notice(notice),
            Some(arrival) = self.tasks.replies.recv() => Woken::Event(Event::Arrival(arrival), Wants::Soon),
            Some((id, delivery)) = self.tasks.chunks.recv() => Woken::Event(Event::Arrival(Arrival::Chunk(id, delivery)), Wants::Soon),
            Ok(()) = self.tasks.progress.changed() => match self.tasks.progress.borrow_and_update().clone() {
                Some((id, progress)) => Woken::Event(Event::Arrival(Arrival::Progress(id, progress)), Wants::Soon),
                None => Woken::Draw,
            },
            Some(configured) = self.configured.1.recv() => Woken::Configured(configured),
            // Before what wakes by itself: whatever that does, a frame that is due is drawn.
            () = at(due) => Woken::Draw,
            () = at(wake) => Woken::Event(Event::Woke, Wants::Soon),
        }
    }

    /// Takes in what else is there, input first, until nothing is or the turn is over.
    fn drain(&mut self) -> Option<Wants> {
        let end = self.clock.now().plus(TURN);
        let mut wants = None;
        while !self.state.quitting && self.clock.now() < end {
            if let Ok(input) = self.lanes.input.try_recv() {
                wants = Some(Wants::Now);
                self.handle(Event::Input(input));
            } else if let Ok(arrival) = self.tasks.replies.try_recv() {
                wants = wants.or(Some(Wants::Soon));
                self.handle(Event::Arrival(arrival));
            } else if let Ok((id, delivery)) = self.tasks.chunks.try_recv() {
                wants = wants.or(Some(Wants::Soon));
                self.handle(Event::Arrival(Arrival::Chunk(id, delivery)));
            } else {
                break;
            }
        }
        wants
    }

    fn handle(&mut self, event: Event) {
        self.state.now = self.clock.now();
        let effects = update(&mut self.state, event);
        self.perform(effects);
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::End(signal) => self.handle(Event::Signal(signal)),
            // A terminal that cannot be taken back is gone: its hang-up follows.
            Notice::Suspend => drop(self.terminal.suspend()),
            Notice::Continued => drop(self.terminal.resume()),
        }
    }

    /// Does what the core wants done: the terminal's part here, all else in tasks.
    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Term(term) => self.on_terminal(term),
                Effect::Switch(at) => {
                    if let Some(settings) = self.targets.get(at) {
                        tracing::info!(context = at, "another cluster is opened");
                        self.runner.reach(Client::new(settings.clone()));
                    }
                }
                Effect::Configure(Wish::Edit(name)) => self.edit_configuration(name),
                Effect::Configure(wish) => self.configure(wish),
                Effect::Quit => {}
                effect => self.runner.perform(effect),
            }
        }
    }

    fn on_terminal(&mut self, term: Term) {
        // Each of these fails only when the terminal is gone; the input thread reports that.
        match term {
            Term::Suspend => drop(self.terminal.suspend()),
            Term::Redraw => drop(self.terminal.redraw()),
            Term::Edit { text, json } => self.edit(&text, json),
            Term::Mouse(on) => drop(self.terminal.mouse(on)),
            Term::Title(words) => drop(self.terminal.title(&words)),
            Term::Osc52(text) => {
                if let Ok(Err(too_long)) = self.terminal.copy(text.as_bytes()) {
                    let failure = Failure::new("copy", Cause::Refused("too much for the terminal's clipboard"));
                    self.state.notices.failure(&failure.hint(too_long.to_string()));
                }
            }
        }
    }

    fn configure(&self, wish: Wish) {
        let (configure, lane) = (Arc::clone(&self.configure), self.configured.0.clone());
        tokio::task::spawn_blocking(move || {
            // A loop that is gone wants nothing of it.
            let _gone = lane.blocking_send(configure(&wish));
        });
    }

    /// The editor on the file itself; what is in it then is read anew.
    fn edit_configuration(&mut self, name: Option<String>) {
        let edited = (self.configure)(&Wish::Edit(name));
        match edited.told {
            Told::Edit { path, line } => {
                let status = self.terminal.run_child(&mut editor::on_file(&path, Some(line), &|name| std::env::var_os(name)));
                if let Err(failure) = editor::ended(status) {
                    self.handle(Event::Configured(Told::Failed(failure)));
                }
                self.configure(Wish::Look);
            }
            told => self.handle(Event::Configured(told)),
        }
    }

    /// The loop waits for the editor as the user does; tasks go on meanwhile.
    fn edit(&mut self, text: &str, json: bool) {
        let text = Draft::write(self.runner.state_folder(), text, json).and_then(|draft| {
            let status = self.terminal.run_child(&mut draft.command(&|name| std::env::var_os(name)));
            draft.read_back(status)
        });
        self.handle(Event::Edited(text));
    }

    fn draw(&mut self) -> Frame {
        self.state.now = self.clock.now();
        let state = &self.state;
        let drawn = self.terminal.draw(|frame| draw::draw(state, frame.buffer_mut()));
        let writing = drawn.map_or(Duration::ZERO, |drawn| drawn.writing);
        Frame { at: self.clock.instant(self.clock.now()), writing }
    }
}

/// When a frame was drawn, and how long the terminal took to take it.
struct Frame {
    at: TokioInstant,
    writing: Duration,
}

/// Waits for a moment, or for ever.
async fn at(moment: Option<TokioInstant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

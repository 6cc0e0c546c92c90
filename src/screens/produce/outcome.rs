//! Records on their way, and what became of them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Place;
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::produce::{Fate, Progress, Report, Safety, Sending, Sent};
use crate::core::stream::Flow;
use crate::model::{Failure, Time};
use crate::screens::{Cx, Look};
use crate::text::{Shown, units};
use crate::ui::{self, Pane as Frame, Pen, Token};

/// See the module.
#[derive(Debug)]
pub(super) struct Run {
    task: TaskId,
    pub(super) started: Time,
    pub(super) topic: String,
    /// How many there are to be; `None`: as many as a file has.
    pub(super) count: Option<u64>,
    pub(super) progress: Progress,
    /// How it ended; it may have been refused before anything was sent.
    pub(super) report: Option<Result<Box<Report>, Failure>>,
    pub(super) stopping: bool,
}

impl Run {
    pub(super) fn start(cx: &mut Cx<'_>, sending: Sending) -> Self {
        let (topic, count) = (sending.target.name().raw().to_owned(), sending.count());
        let task = cx.start(Ask::Produce(Box::new(sending)));
        Self { task, started: cx.now, topic, count, progress: Progress::default(), report: None, stopping: false }
    }

    pub(super) fn is_running(&self) -> bool {
        self.report.is_none()
    }

    /// No further record is taken; what is on its way is brought to its end.
    pub(super) fn stop(&mut self, cx: &mut Cx<'_>) {
        if self.is_running() {
            self.stopping = true;
            cx.flow(self.task, Flow::Stop);
        }
    }

    pub(super) fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, Answer::Producing(progress)) if id == self.task => {
                self.progress = *progress;
                None
            }
            Arrival::Reply(Reply { id, result }) if id == self.task => {
                match result {
                    Ok(Answer::Produced(report)) => {
                        self.progress = report.progress.clone();
                        let sentence = format!("{}: {}", Shown::of(&self.topic), Shown::of(&self.said(&report)));
                        cx.done.push(format!("sent to topic {sentence}"));
                        if report.is_whole() {
                            cx.notices.good(cx.now, sentence);
                        } else {
                            cx.notices.look(cx.now, sentence);
                        }
                        self.report = Some(Ok(report));
                    }
                    Ok(_) => {}
                    Err(failure) => {
                        cx.notices.failure(&failure);
                        self.report = Some(Err(failure));
                    }
                }
                None
            }
            other => Some(other),
        }
    }

    /// How it went, with its place when that is one.
    fn said(&self, report: &Report) -> String {
        match self.place() {
            Some((partition, offset)) if report.progress.appended == 1 => format!("{} at {}@{}", report.sentence(), partition.0, offset.0),
            _ => report.sentence(),
        }
    }

    /// Where the record lies that was appended last.
    pub(super) fn place(&self) -> Option<Place> {
        let last = self.progress.last.as_ref()?;
        match last.fate {
            Fate::Appended(Some(offset)) => Some((last.partition, offset)),
            _ => None,
        }
    }

    /// Why sending again was not safe, when it was not.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.report.as_ref()? {
            Ok(report) => match &report.safety {
                Safety::Plain(why) => Some(why.raw()),
                Safety::Idempotent => None,
            },
            Err(_) => None,
        }
    }
}

/// What became of it, above: where each went, and what is missing.
pub(super) fn draw(run: &Run, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let frame = Frame::of(area);
    let facts = [(Shown::of(&run.topic).into_string(), Token::Dim)];
    ui::title_rule(&mut Pen::new(buf, look.theme, frame.title, 0), true, "Sent", &facts, &[]);
    let rows: Vec<(String, Token)> = match &run.report {
        None => progress(run, look),
        Some(Err(failure)) => vec![("Nothing was sent.".to_owned(), Token::Look), (failure.sentence(), Token::Act)],
        Some(Ok(report)) => told(report),
    };
    for (y, (text, token)) in (0..frame.body.height).zip(rows) {
        let mut pen = Pen::new(buf, look.theme, frame.body, y);
        let room = pen.gap(2).room();
        pen.shown(&Shown::of(&text), token, room);
    }
}

fn progress(run: &Run, look: &Look<'_>) -> Vec<(String, Token)> {
    let of = run.count.map(|count| format!(" of {}", units::thousands(count))).unwrap_or_default();
    let ms = u64::try_from(look.now.since(run.started).as_millis()).unwrap_or(u64::MAX).max(1);
    let mut rows = vec![
        (format!("{}{of} appended, {}", units::thousands(run.progress.appended), units::size(run.progress.bytes)), Token::Text),
        (format!("{} a second", units::thousands(run.progress.appended.saturating_mul(1000) / ms)), Token::Dim),
    ];
    if let Some(count) = run.count.filter(|count| *count > 0) {
        rows.insert(0, (units::bar(run.progress.appended, count, 40), Token::Data));
    }
    if run.progress.throttled_ms > 0 {
        rows.push((format!("a broker told us to wait {} ms", run.progress.throttled_ms), Token::Look));
    }
    if run.stopping {
        rows.push(("Stopping: what is on its way is brought to its end …".to_owned(), Token::Look));
    }
    rows
}

fn told(report: &Report) -> Vec<(String, Token)> {
    let mut rows = vec![(report.sentence(), if report.is_whole() { Token::Good } else { Token::Look })];
    if let Some(failure) = &report.failure {
        rows.push((failure.sentence(), Token::Act));
    }
    if report.read_back > 0 {
        rows.push((
            format!("{} answered by nobody: found out by reading the log", units::counted(report.read_back, "record")),
            Token::Look,
        ));
    }
    if let Some(why) = &report.unlogged {
        rows.push((format!("the outcome could not be written to the audit log: {}", why.raw()), Token::Look));
    }
    match &report.journal {
        Some(Ok(path)) => rows.push((format!("what became of each: {}", path.display()), Token::Dim)),
        Some(Err(why)) => rows.push((format!("what became of each could not be written down: {}", why.raw()), Token::Look)),
        None => {}
    }
    let sent = |sent: &Sent| {
        let place = format!("{:>6}  partition {}", sent.n + 1, sent.partition.0);
        match &sent.fate {
            Fate::Appended(Some(offset)) => (format!("{place}  offset {}", units::thousands(offset.0)), Token::Text),
            Fate::Appended(None) => (format!("{place}  appended; where was not told"), Token::Text),
            Fate::Failed(why) => (format!("{place}  not appended: {}", why.raw()), Token::Act),
            Fate::Unknown(why) => (format!("{place}  unknown, perhaps appended: {}", why.raw()), Token::Act),
        }
    };
    rows.extend(report.missing.iter().map(sent));
    rows.extend(report.first.iter().filter(|one| matches!(one.fate, Fate::Appended(_))).map(sent));
    rows
}

/// What can be done now.
pub(super) fn after(run: &Run) -> Vec<(String, Token)> {
    let mut all = Vec::new();
    if let Some(why) = run.plain() {
        all.push((format!("sent without idempotence: {why}"), Token::Look));
    }
    if run.is_running() {
        all.push(("x or esc stops; what is on its way is brought to its end".to_owned(), Token::Dim));
    } else {
        let open = if run.place().is_some() { "enter opens the last one where it lies · " } else { "" };
        all.push((format!("{open}ctrl-s sends the same again · esc goes back to the form"), Token::Dim));
    }
    all
}

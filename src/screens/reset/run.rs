//! Carrying a plan out: the steps as they pass, and how it ended. And the records at both offsets of a row, looked at on demand.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::core::ask::{Answer, Ask, Reply};
use crate::core::effect::TaskId;
use crate::core::reset::{Ended, Order, Plan, Report, Row, Step, command};
use crate::model::{Chunk, Failure, GroupId, Offset, PartitionId, Time, TopicName};
use crate::screens::{Cx, Reason};
use crate::text::Shown;

/// Commits are looked at for so long before they are replaced, counted from when the plan was made.
const SAMPLE: Duration = Duration::from_secs(10);
/// Rows that the report of an incident lists.
const LISTED: usize = 50;
/// Afterwards the group is looked at for so long.
const WATCH: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Run {
    task: TaskId,
    armed: bool,
    /// What is carried out.
    plan: Plan,
    /// Every kind of step once, the newest of each, in the order of their first coming.
    pub(super) steps: Vec<(Time, Step)>,
    pub(super) report: Option<Result<Report, Failure>>,
    pub(super) started: Time,
    /// One more escape leaves it.
    leaving: bool,
}

impl Run {
    pub(super) fn start(cx: &mut Cx<'_>, plan: Plan, armed: bool) -> Self {
        let order = Box::new(Order { plan: plan.clone(), sample: SAMPLE, watch: WATCH });
        let task = cx.start(if armed { Ask::Arm(order) } else { Ask::Reset(order) });
        Self { task, armed, plan, steps: Vec::new(), report: None, started: cx.now, leaving: false }
    }

    pub(super) fn is(&self, id: TaskId) -> bool {
        self.task == id
    }

    pub(super) fn is_running(&self) -> bool {
        self.report.is_none()
    }

    /// What will stand there is not known yet. Once it is, the group is only watched.
    pub(super) fn is_undecided(&self) -> bool {
        self.is_running() && self.outcomes().is_none()
    }

    /// It waits for the group to be empty and has sent nothing.
    pub(super) fn is_armed(&self) -> bool {
        self.armed && self.is_running() && !self.has_sent()
    }

    /// The request is on its way, or was sent.
    fn has_sent(&self) -> bool {
        self.steps.iter().any(|(_, step)| matches!(step, Step::Committing { .. } | Step::Verifying | Step::Written(_) | Step::Watching(_)))
    }

    /// Why the program should not end now.
    pub(super) fn busy(&self) -> Option<Reason> {
        let written = self.steps.iter().any(|(_, step)| matches!(step, Step::Written(_)));
        (self.is_running() && self.has_sent() && !written)
            .then_some("Offsets are being written: once more leaves before the outcome is known.")
    }

    pub(super) fn step(&mut self, cx: &mut Cx<'_>, step: Step) {
        let now = cx.now;
        if let Step::Written(outcomes) = &step {
            let ended = Ended::Written(outcomes.clone());
            cx.done.push(self.done(&ended, &cx.cluster.bootstrap));
        }
        let same = std::mem::discriminant(&step);
        match self.steps.iter_mut().find(|(_, old)| std::mem::discriminant(old) == same) {
            Some((_, old)) => *old = step,
            None => self.steps.push((now, step)),
        }
    }

    /// Takes the reply to its own question; gives back any other.
    pub(super) fn ended(&mut self, cx: &mut Cx<'_>, reply: Reply, group: &GroupId) -> Option<Reply> {
        if reply.id != self.task {
            return Some(reply);
        }
        let report = match reply.result {
            Ok(Answer::Reset(report)) => Ok(*report),
            Ok(_) => return None,
            Err(failure) => Err(failure),
        };
        match &report {
            Ok(report) => {
                // What was written is on the timeline since it was.
                if self.outcomes().is_none() {
                    cx.done.push(self.done(&report.ended, &cx.cluster.bootstrap));
                }
                let sentence = format!("{}: {}", Shown::of(group.raw()), Shown::of(&report.sentence()));
                if report.ended.exit_code() == 0 { cx.notices.good(cx.now, sentence) } else { cx.notices.look(cx.now, sentence) }
            }
            Err(failure) => cx.notices.failure(failure),
        }
        self.report = Some(report);
        None
    }

    /// What was done, for the incident report; may be foreign in parts, made safe here.
    fn done(&self, ended: &Ended, bootstrap: &str) -> String {
        let plan = &self.plan;
        let report = Report { ended: ended.clone(), undo: None, watched: None, unlogged: None };
        let mut text = format!("{} of group {}: {}\n", plan.wish.deed.word(), plan.wish.group.raw(), report.sentence());
        if matches!(ended, Ended::Written(_)) {
            for row in plan.changing().take(LISTED) {
                let offset = |offset: Option<Offset>| offset.map_or_else(|| "none".to_owned(), |offset| offset.0.to_string());
                let (from, to) = (offset(row.committed().map(|commit| commit.offset)), offset(row.target()));
                let _written = writeln!(text, "{}:{} {from} -> {to}", row.topic.raw(), row.partition.0);
            }
            if let Some(file) = self.undo_file() {
                let _written = writeln!(text, "undo: kscope group undo {} --execute  # {}", plan.wish.group.raw(), file.display());
            }
            text += "the same with Apache's tools:\n";
            text += &command::of(plan, bootstrap);
        }
        text.lines().map(|line| Shown::of(line).into_string()).collect::<Vec<_>>().join("\n")
    }

    /// What was written so far or at the end.
    pub(super) fn outcomes(&self) -> Option<&[crate::core::reset::Outcome]> {
        if let Some(Ok(Report { ended: Ended::Written(outcomes), .. })) = &self.report {
            return Some(outcomes);
        }
        self.steps.iter().find_map(|(_, step)| if let Step::Written(outcomes) = step { Some(outcomes.as_slice()) } else { None })
    }

    pub(super) fn undo_file(&self) -> Option<PathBuf> {
        if let Some(Ok(report)) = &self.report {
            return report.undo.clone();
        }
        self.steps.iter().find_map(|(_, step)| if let Step::Kept(path) = step { Some(path.clone()) } else { None })
    }

    pub(super) fn can_be_undone(&self) -> bool {
        self.outcomes().is_some() && self.undo_file().is_some()
    }

    /// Escape. An armed plan and one that is being written are not left by one key; true: it stays.
    pub(super) fn leave(&mut self, cx: &mut Cx<'_>) -> bool {
        if !self.is_running() || self.outcomes().is_some() || self.leaving {
            return false;
        }
        self.leaving = true;
        let words = if self.has_sent() {
            "Offsets are being written: esc once more leaves before the outcome is known."
        } else if self.armed {
            "It is armed: esc once more disarms it and leaves. Nothing was written."
        } else {
            "Esc once more stops it and leaves. Nothing was written."
        };
        cx.notices.look(cx.now, words);
        true
    }
}

/// A record as it was looked up.
type Looked = Option<Result<Arc<Chunk>, Failure>>;

/// The records at the two offsets of one row.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) of: Option<(TopicName, PartitionId)>,
    pub(super) committed: Option<(Offset, Looked)>,
    pub(super) target: Option<(Offset, Looked)>,
    asked: [Option<TaskId>; 2],
}

impl Records {
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>, row: &Row) {
        *self = Self { of: Some((row.topic.clone(), row.partition)), ..Self::default() };
        let end = row.place.high.as_ref().ok().copied();
        let offsets = [row.committed().map(|commit| commit.offset), row.target()];
        for (offset, (place, task)) in offsets.into_iter().zip([(&mut self.committed, 0), (&mut self.target, 1)]) {
            let Some(offset) = offset else { continue };
            *place = Some((offset, None));
            // At the log's end there is nothing to look at.
            if end.is_none_or(|end| offset < end) {
                let id = cx.start(Ask::Open { topic: row.topic.clone(), partition: row.partition, offset });
                if let Some(slot) = self.asked.get_mut(task) {
                    *slot = Some(id);
                }
            }
        }
    }

    /// Whether a record is still being looked up.
    pub(super) fn waits(&self, at: usize) -> bool {
        self.asked.get(at).is_some_and(Option::is_some)
    }

    /// Takes the reply to its own question; gives back any other.
    pub(super) fn take(&mut self, reply: Reply) -> Option<Reply> {
        let Some(at) = self.asked.iter().position(|asked| *asked == Some(reply.id)) else { return Some(reply) };
        if let Some(slot) = self.asked.get_mut(at) {
            *slot = None;
        }
        let found = match reply.result {
            Ok(Answer::Opened { chunk }) => Ok(chunk),
            Ok(_) => return None,
            Err(failure) => Err(failure),
        };
        let place = if at == 0 { &mut self.committed } else { &mut self.target };
        if let Some((_, looked)) = place {
            *looked = Some(found);
        }
        None
    }

    /// Takes them off the screen; false: they were not there.
    pub(super) fn close(&mut self) -> bool {
        let open = self.of.take().is_some();
        *self = Self::default();
        open
    }
}

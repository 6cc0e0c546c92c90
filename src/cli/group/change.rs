//! `kscope group reset, undo, delete, delete-offsets, copy`: the plan on stdout, and with `--execute` what became of it.
//!
//! The two steps of a change are those of the screens: the line of the audit log first, and only with its receipt the permit.

mod rows;
mod wish;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::super::writing::Common;
use super::GroupCommand;
use crate::cli::rows::{print, write};
use crate::cli::signals::Signals;
use crate::cli::{confirm, words};
use crate::core::guard::{self, Level};
use crate::core::reset::when::shown;
use crate::core::reset::{Ended, Left, Obstacle, Order, Plan, Report, Step, To, csv};
use crate::io::kafka::Client;
use crate::io::{audit, reset};
use crate::model::{Cause, Failure, Foreign};
use crate::text::units::{counted, wide};

/// Arguments of `group reset`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("scope").required(true).args(["topic", "all_topics", "from_file", "skip"]))]
#[command(group = ArgGroup::new("target").required(true).args([
    "to_earliest", "to_latest", "to_current", "to_offset", "shift_by", "to_datetime", "by_duration", "to_group", "skip", "from_file",
]))]
pub(super) struct ResetArgs {
    /// The group
    pub group: String,
    /// A topic, all of its partitions or some (T:0,1); may be repeated
    #[arg(long, value_name = "TOPIC[:P,…]")]
    pub topic: Vec<String>,
    /// Every partition that the group has a commit for
    #[arg(long)]
    pub all_topics: bool,
    /// Offsets from a file in the form of kafka-consumer-groups.sh: topic,partition,offset or group,topic,partition,offset
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// To the start of the logs
    #[arg(long)]
    pub to_earliest: bool,
    /// To the end of the logs
    #[arg(long)]
    pub to_latest: bool,
    /// To where the group is; the end where it has no commit
    #[arg(long)]
    pub to_current: bool,
    /// To this offset on every partition
    #[arg(long, value_name = "OFFSET", allow_negative_numbers = true)]
    pub to_offset: Option<i64>,
    /// So many offsets further, or back with a minus sign
    #[arg(long, value_name = "OFFSETS", allow_negative_numbers = true)]
    pub shift_by: Option<i64>,
    /// To the first record at or after a time: 2026-11-20T12:40:00.000, UTC unless it ends in Z or an offset
    #[arg(long, value_name = "TIME")]
    pub to_datetime: Option<String>,
    /// To the first record since so long ago: PT30M, P1D
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub by_duration: Option<String>,
    /// To where another group is
    #[arg(long, value_name = "GROUP")]
    pub to_group: Option<String>,
    /// Behind one record: the one at the commit, or at OFFSET
    #[arg(long, value_name = "TOPIC:P[@OFFSET]")]
    pub skip: Option<String>,
    /// Write the new offsets to a file that kafka-consumer-groups.sh --from-file reads
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub careful: Careful,
}

/// What every change has.
#[derive(Debug, Args)]
pub(super) struct Careful {
    /// Do it; without this the plan is printed only
    #[arg(long)]
    pub execute: bool,
    /// How long to look for commits from outside the group before anything is written; 0 does not look
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub sample: String,
}

/// Arguments of `group undo`.
#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    /// The group, for its latest saved state; or a file (with a slash, or ending in .csv or .json)
    #[arg(value_name = "GROUP or FILE")]
    pub what: String,
    #[command(flatten)]
    pub careful: Careful,
}

/// Arguments of `group delete`.
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// The group
    pub group: String,
    #[command(flatten)]
    pub careful: Careful,
}

/// Arguments of `group delete-offsets`.
#[derive(Debug, Args)]
pub(super) struct ForgetArgs {
    /// The group
    pub group: String,
    /// A topic, all of its partitions or some (T:0,1); may be repeated
    #[arg(long, required = true, value_name = "TOPIC[:P,…]")]
    pub topic: Vec<String>,
    #[command(flatten)]
    pub careful: Careful,
}

/// Arguments of `group copy`.
#[derive(Debug, Args)]
pub(super) struct CopyArgs {
    /// The group whose commits are copied
    pub group: String,
    /// The new group: it must not exist
    #[arg(long, value_name = "GROUP")]
    pub to: String,
    #[command(flatten)]
    pub careful: Careful,
}

/// What a command wants, checked.
struct Wanted<'a> {
    wish: crate::core::reset::Wish,
    careful: &'a Careful,
    sample: Duration,
    export: Option<&'a Path>,
}

/// Runs one of them.
pub(super) async fn run(client: &Client, common: &Common, command: &GroupCommand, state: Option<&Path>) -> Result<u8, Failure> {
    let wanted = wish::of(command, common)?;
    if wanted.careful.execute {
        // Before anything is asked: who may not change anything need not wait to hear it.
        if let Some(why) = common.context.rules.read_only() {
            return Err(Failure::new("change the group", Cause::Refused(why.sentence())).hint(why.hint()));
        }
    }
    let plan = reset::preview(client, state, wanted.wish.clone()).await?;
    say_what_it_is(common, &plan);
    if let Some(path) = wanted.export {
        export(&plan, path)?;
    }
    let alone = wanted.export.is_some_and(|path| path.as_os_str() == "-");
    if !wanted.careful.execute || plan.obstacle() == Some(Obstacle::Nothing) {
        if !alone {
            print(&rows::of_plan(&plan), common.output, common.terminal).map_err(|error| unwritten(&error))?;
        }
        say_what_would_be(common, &plan, wanted.careful.execute);
        return Ok(code_of_rows(&plan));
    }
    let report = match execute(client, common, state, &plan, wanted.sample).await? {
        Carried::Out(report) => report,
        Carried::Off(code) => return Ok(code),
    };
    let Ended::Written(outcomes) = &report.ended else {
        let Ended::Stopped(stop) = &report.ended else { return Ok(1) };
        return Err(stop.failure());
    };
    if !alone {
        print(&rows::of_outcomes(&plan, outcomes), common.output, common.terminal).map_err(|error| unwritten(&error))?;
    }
    say_what_was(common, &plan, &report);
    Ok(match report.ended.exit_code() {
        0 if report.unlogged.is_some() => 7,
        0 => code_of_rows(&plan),
        code => code,
    })
}

/// 7 when a partition was left alone because its target cannot be computed.
fn code_of_rows(plan: &Plan) -> u8 {
    let alone = |to: &To| matches!(to, To::Leave(left) if *left != Left::ByHand);
    if plan.rows.iter().any(|row| alone(&row.to)) { 7 } else { 0 }
}

/// How carrying a plan out ended here.
enum Carried {
    Out(Report),
    /// By a signal, with its exit code.
    Off(u8),
}

async fn execute(client: &Client, common: &Common, state: Option<&Path>, plan: &Plan, sample: Duration) -> Result<Carried, Failure> {
    if let Some(obstacle) = plan.obstacle() {
        return Err(crate::core::reset::Stop::Obstacle(obstacle).failure());
    }
    if common.context.rules.level(Level::Preview) == Level::Name {
        confirm::by_name(common.write, "change the group", ("group", plan.wish.group.raw()))?;
    }
    let order = Order { plan: plan.clone(), sample, watch: Duration::ZERO };
    let intent = guard::Intent { context: common.context.name.clone(), ..order.intent(false) };
    if let Some(failure) = guard::refusal(&common.context, None, Some(&intent)) {
        return Err(failure);
    }
    if sample.is_zero() && !common.quiet {
        words::say("--sample 0: nobody looks for consumers that commit from outside the group");
    }
    let receipt = audit::intent(state, &intent)?;
    let permit = guard::allow(&common.context, &intent, receipt)?;
    let told = Told { sample: Cell::new((!common.quiet).then_some(sample)), ..Told::default() };
    let tell = |step: Step| {
        told.take(&step);
        std::future::ready(())
    };
    let mut signals = Signals::listen()?;
    let carried_out = reset::carry_out(client, state, permit, (order, false), tell);
    tokio::pin!(carried_out);
    loop {
        tokio::select! {
            biased;
            report = &mut carried_out => return report.map(Carried::Out),
            code = signals.next() => {
                if told.is_called_off() {
                    return Ok(Carried::Off(code));
                }
            }
        }
    }
}

/// How far it has got, as far as that is said.
#[derive(Debug, Default)]
struct Told {
    /// For how long one looks for outsiders; `None`: it is not said, or no more.
    sample: Cell<Option<Duration>>,
    /// The commits are saved: the request is on its way.
    writing: Cell<bool>,
    /// A signal came since.
    asked: Cell<bool>,
}

impl Told {
    fn take(&self, step: &Step) {
        match step {
            Step::Sampling { .. } => {
                if let Some(sample) = self.sample.take() {
                    words::say(&format!("looking for commits from outside the group for {}", crate::text::units::duration(sample)));
                }
            }
            Step::Kept(path) => {
                self.writing.set(true);
                words::say(&format!("saved for undo: {}", path.display()));
            }
            _ => {}
        }
    }

    /// Whether a signal ends it: at once while nothing is sent; then the outcome is worth waiting for, unless a second one comes.
    fn is_called_off(&self) -> bool {
        if !self.writing.get() {
            words::say("interrupted: nothing was written");
            return true;
        }
        if !self.asked.replace(true) {
            words::say("offsets are being written: once more ends before the outcome is known");
            return false;
        }
        words::say("interrupted: the outcome is not known; kscope lag tells where the group stands");
        true
    }
}

fn export(plan: &Plan, path: &Path) -> Result<(), Failure> {
    let text = csv::of_plan(plan);
    if path.as_os_str() == "-" {
        return write(text.as_bytes()).map_err(|error| unwritten(&error));
    }
    let failed =
        |error: std::io::Error| Failure::new("export the offsets", Cause::File(Foreign::new(format!("{}: {error}", path.display()))));
    std::fs::write(path, text).map_err(failed)
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure::new("write the answer", Cause::File(Foreign::new(error.to_string())))
}

/// What a target came to, before the rows.
fn say_what_it_is(common: &Common, plan: &Plan) {
    if common.quiet {
        return;
    }
    if let Some(ms) = plan.time_ms {
        words::say(&format!("the first record at or after {} (UTC)", shown(ms)));
    }
    if let Some(path) = &plan.restored {
        words::say(&format!("putting back what stood there: {}", path.display()));
    }
}

/// Behind the rows of a plan that is not carried out.
fn say_what_would_be(common: &Common, plan: &Plan, execute: bool) {
    if common.quiet {
        return;
    }
    words::say(&totals(plan));
    for caution in plan.cautions() {
        words::say(caution.sentence());
    }
    match plan.obstacle() {
        None => words::say("nothing was changed; --execute does it"),
        Some(Obstacle::Nothing) if execute => words::say("nothing was to be changed"),
        Some(obstacle) => words::say(&format!("nothing was changed: {}; {}", obstacle.sentence(), obstacle.hint())),
    }
}

/// Behind the rows of one that was.
fn say_what_was(common: &Common, plan: &Plan, report: &Report) {
    if let Some(why) = &report.unlogged {
        words::say(&format!("the audit log holds the intent and not the outcome: {}", why.raw()));
    }
    if common.quiet {
        return;
    }
    words::say(&report.sentence());
    for caution in plan.cautions() {
        words::say(caution.sentence());
    }
    let (committed, _, unknown) = report.ended.counts();
    if report.undo.is_some() && committed + unknown > 0 && plan.group.listed && plan.wish.deed != crate::core::reset::Deed::Delete {
        words::say(&format!("kscope group undo {} puts back what stood there", plan.wish.group.raw()));
    }
}

fn totals(plan: &Plan) -> String {
    let totals = plan.totals();
    let mut parts = vec![format!("{} of {} change", totals.changed, counted(wide(totals.partitions), "partition"))];
    let mut add = |n: u64, words: &str| {
        if n > 0 {
            parts.push(format!("{} {words}", counted(n, "offset")));
        }
    };
    add(totals.skipped, "skipped");
    add(totals.repeated, "read again");
    add(totals.lost, "lost already");
    if totals.left > 0 {
        parts.push(format!("{} left alone", counted(wide(totals.left), "partition")));
    }
    parts.join(", ")
}

//! The audit log: what was about to be changed on a cluster, and what came of it. `audit.jsonl` in the state folder, one JSON
//! object a line, only ever appended to, readable by its owner alone. A line of an intent that cannot be written stops the
//! change; only this module makes a [`Receipt`].

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};

use super::file;
use crate::core::guard::{About, Intent, Receipt};
use crate::core::produce;
use crate::core::reset::{Ended, Plan, Report, Row, Watched};
use crate::model::{Cause, ClusterId, Commit, Failure, Foreign};

/// Its name in the state folder.
pub const FILE_NAME: &str = "audit.jsonl";

/// So many records are named in a line.
const ROWS: usize = 20;

/// Writes the line about an intent.
///
/// # Errors
/// It cannot be written: nothing may be changed.
pub fn intent(folder: Option<&Path>, intent: &Intent) -> Result<Receipt, Failure> {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let now = jiff::Timestamp::now();
    let id = format!("{}-{}-{}", now.as_millisecond(), std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut line = head(now, "intent", &id);
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    line.insert("deed".to_owned(), intent.deed.into());
    match &intent.about {
        About::Group { group, .. } => line.insert("group".to_owned(), group.raw().into()),
        About::Topic { topic, .. } => line.insert("topic".to_owned(), topic.raw().into()),
    };
    line.insert("clusterId".to_owned(), text(intent.cluster.as_ref().map(ClusterId::raw)));
    line.insert("context".to_owned(), text(intent.context.as_deref()));
    match &intent.about {
        About::Group { group: _, armed, partitions, skipped, repeated, plan } => {
            line.insert("armed".to_owned(), (*armed).into());
            line.insert("partitions".to_owned(), (*partitions).into());
            line.insert("skipped".to_owned(), (*skipped).into());
            line.insert("repeated".to_owned(), (*repeated).into());
            line.insert("plan".to_owned(), plan.clone().into());
        }
        About::Topic { topic: _, id, records, acks } => {
            line.insert("topicId".to_owned(), if id.is_known() { id.to_string().into() } else { Value::Null });
            line.insert("records".to_owned(), records.map_or(Value::Null, Value::from));
            line.insert("acks".to_owned(), (*acks).into());
        }
    }
    line.insert("user".to_owned(), user().into());
    line.insert("host".to_owned(), text(host().as_deref()));
    line.insert("pid".to_owned(), std::process::id().into());
    line.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    let failed = |why: String| {
        Failure::new("write the audit log", Cause::File(Foreign::new(format!("nothing was changed: {why}"))))
            .hint("KSCOPE_STATE_DIR can name another folder")
    };
    write(folder, line).map_err(failed)?;
    Ok(Receipt::of(id))
}

/// Writes the line about how it ended.
///
/// # Errors
/// It cannot be written: why.
pub(super) fn outcome(folder: Option<&Path>, receipt: &Receipt, plan: &Plan, report: &Report) -> Result<(), String> {
    let mut line = head(jiff::Timestamp::now(), "outcome", receipt.id());
    let (committed, failed, unknown) = report.ended.counts();
    line.insert("group".to_owned(), plan.wish.group.raw().into());
    line.insert("undo".to_owned(), report.undo.as_ref().map_or(Value::Null, |path| path.display().to_string().into()));
    match &report.ended {
        Ended::Stopped(stop) => {
            line.insert("ended".to_owned(), "stopped".into());
            line.insert("why".to_owned(), stop.lines().into());
        }
        Ended::Written(outcomes) => {
            line.insert("ended".to_owned(), "written".into());
            line.insert("committed".to_owned(), committed.into());
            line.insert("failed".to_owned(), failed.into());
            line.insert("unknown".to_owned(), unknown.into());
            let offset = |commit: Option<&Commit>| commit.map(|commit| commit.offset.0);
            let rows = outcomes.iter().map(|outcome| {
                let row = plan.row(&outcome.topic, outcome.partition);
                json!({
                    "topic": outcome.topic.raw(),
                    "partition": outcome.partition.0,
                    "from": row.and_then(|row| offset(row.committed())),
                    "to": row.and_then(Row::target).map(|offset| offset.0),
                    "readBack": outcome.read_back.as_ref().ok().and_then(|commit| offset(commit.as_ref())),
                    "outcome": outcome.fate.word(),
                    "error": outcome.fate.error(),
                })
            });
            line.insert("rows".to_owned(), rows.collect::<Vec<Value>>().into());
        }
    }
    write(folder, line)
}

/// Writes the line about a change that failed before anything was written.
///
/// # Errors
/// As [`outcome`].
pub(super) fn failed(folder: Option<&Path>, receipt: &Receipt, plan: &Plan, failure: &Failure) -> Result<(), String> {
    let mut line = head(jiff::Timestamp::now(), "outcome", receipt.id());
    line.insert("group".to_owned(), plan.wish.group.raw().into());
    line.insert("ended".to_owned(), "stopped".into());
    line.insert("why".to_owned(), vec![failure.sentence()].into());
    write(folder, line)
}

/// Writes the line about what was seen afterwards.
///
/// # Errors
/// As [`outcome`].
pub(super) fn watched(folder: Option<&Path>, receipt: &Receipt, watched: &Watched) -> Result<(), String> {
    let mut line = head(jiff::Timestamp::now(), "watched", receipt.id());
    line.insert("seconds".to_owned(), watched.seconds.into());
    let overwritten = watched.overwritten.iter().map(
        |(topic, partition, offset)| json!({ "topic": topic.raw(), "partition": partition.0, "offset": offset.map(|offset| offset.0) }),
    );
    line.insert("overwritten".to_owned(), overwritten.collect::<Vec<Value>>().into());
    line.insert("resumedAfterSeconds".to_owned(), watched.resumed.map_or(Value::Null, |(after, _)| after.into()));
    line.insert("lag".to_owned(), watched.lag.map_or(Value::Null, Value::from));
    write(folder, line)
}

/// Writes the line about what became of records that were sent.
///
/// # Errors
/// As [`outcome`].
pub(super) fn sent(folder: Option<&Path>, receipt: &Receipt, target: &produce::Target, report: &produce::Report) -> Result<(), String> {
    let mut line = head(jiff::Timestamp::now(), "outcome", receipt.id());
    let progress = &report.progress;
    line.insert("topic".to_owned(), target.name().raw().into());
    line.insert("ended".to_owned(), if report.stopped { "stopped" } else { "written" }.into());
    line.insert("appended".to_owned(), progress.appended.into());
    line.insert("failed".to_owned(), progress.failed.into());
    line.insert("unknown".to_owned(), progress.unknown.into());
    line.insert("bytes".to_owned(), progress.bytes.into());
    line.insert("idempotent".to_owned(), (report.safety == produce::Safety::Idempotent).into());
    line.insert("why".to_owned(), report.failure.as_ref().map_or(Value::Null, |failure| failure.sentence().into()));
    let row = |sent: &produce::Sent| {
        let offset = if let produce::Fate::Appended(Some(offset)) = &sent.fate { Some(offset.0) } else { None };
        json!({ "n": sent.n, "partition": sent.partition.0, "offset": offset, "outcome": sent.fate.word() })
    };
    // Of many only the ends and what is in doubt: the line is written at once.
    let ends =
        report.first.iter().take(ROWS).chain(progress.last.iter().filter(|last| report.first.iter().take(ROWS).all(|one| one.n != last.n)));
    line.insert("rows".to_owned(), ends.map(row).collect::<Vec<Value>>().into());
    line.insert("missing".to_owned(), report.missing.iter().take(ROWS).map(row).collect::<Vec<Value>>().into());
    write(folder, line)
}

fn head(now: jiff::Timestamp, event: &str, id: &str) -> Map<String, Value> {
    let mut line = Map::new();
    line.insert("time".to_owned(), now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into());
    line.insert("event".to_owned(), event.into());
    line.insert("id".to_owned(), id.into());
    line
}

fn write(folder: Option<&Path>, line: Map<String, Value>) -> Result<(), String> {
    let path: PathBuf = folder.ok_or_else(|| "there is no state folder".to_owned())?.join(FILE_NAME);
    file::append(&path, Value::Object(line).to_string().as_bytes()).map_err(|error| format!("{}: {error}", path.display()))
}

fn user() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty());
    named.unwrap_or_else(|| format!("uid {}", rustix::process::geteuid().as_raw()))
}

/// The machine's name, where the system tells it in a file.
fn host() -> Option<String> {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let told = files.iter().find_map(|path| std::fs::read_to_string(path).ok()).map(|name| name.trim().to_owned());
    told.or_else(|| std::env::var("HOSTNAME").ok()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::GroupId;

    fn some() -> Intent {
        Intent {
            deed: "reset",
            about: About::Group {
                group: GroupId::new("a \"group\"\n"),
                armed: false,
                partitions: 3,
                skipped: 1,
                repeated: 0,
                plan: "00".to_owned(),
            },
            cluster: None,
            context: Some("prod".to_owned()),
        }
    }

    #[test]
    fn lines_are_appended_and_their_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let first = intent(Some(&state), &some()).unwrap();
        let second = intent(Some(&state), &some()).unwrap();
        assert_ne!(first, second);
        let path = state.join(FILE_NAME);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["id"], first.id());
        assert_eq!((&lines[1]["group"], &lines[1]["context"]), (&json!("a \"group\"\n"), &json!("prod")));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn without_a_line_there_is_no_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("file");
        file::replace(&taken, b"").unwrap();
        for state in [None, Some(taken.as_path())] {
            let failure = intent(state, &some()).unwrap_err();
            assert!(failure.sentence().contains("nothing was changed"), "{}", failure.sentence());
        }
    }
}

//! Files for undo: what a change is about to replace, on disk before anything is written.
//!
//! `NAME.json` counts: group, cluster, topic ids, commits with epoch and metadata, and absences of commits. `NAME.csv` beside it
//! has the offsets alone, for kafka-consumer-groups.sh. Both lie in `offsets/` of the state folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::core::reset::{Plan, csv};
use crate::io::file;
use crate::model::{Cause, ClusterId, Commit, Failure, Foreign, GroupId, LeaderEpoch, Offset, PartitionId, TopicId, TopicName};

/// Their folder in the state folder.
pub const FOLDER: &str = "offsets";
const WHAT: &str = "read the saved offsets";
/// A larger file is none of ours: a million partitions take some 150 MB.
const LARGEST: u64 = 256 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    version: u32,
    group: String,
    cluster_id: Option<String>,
    /// What was about to be done.
    deed: String,
    created_ms: i64,
    partitions: Vec<Saved>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    topic: String,
    topic_id: Option<String>,
    partition: i32,
    /// `null`: there was no commit.
    committed: Option<SavedCommit>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedCommit {
    offset: i64,
    epoch: i32,
    metadata: String,
}

/// What stood there, and the topic's id.
pub(super) type Before = BTreeMap<(TopicName, PartitionId), (Option<Commit>, TopicId)>;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Restored {
    pub path: PathBuf,
    pub group: GroupId,
    pub cluster: Option<ClusterId>,
    pub before: Before,
}

/// Writes both files for the partitions that `plan` changes; gives the path of the JSON.
pub(super) fn write(state: Option<&Path>, plan: &Plan, now_ms: i64) -> Result<PathBuf, String> {
    let folder = state.ok_or_else(|| "there is no state folder".to_owned())?.join(FOLDER);
    let path = free(&folder, plan, now_ms);
    let rows = plan.changing().map(|row| Saved {
        topic: row.topic.raw().to_owned(),
        topic_id: row.id.is_known().then(|| row.id.to_string()),
        partition: row.partition.0,
        committed: row.committed().map(|commit| SavedCommit {
            offset: commit.offset.0,
            epoch: commit.epoch.0,
            metadata: commit.metadata.raw().to_owned(),
        }),
    });
    let saved = File {
        version: 1,
        group: plan.wish.group.raw().to_owned(),
        cluster_id: plan.cluster.as_ref().map(|id| id.raw().to_owned()),
        deed: plan.wish.deed.word().to_owned(),
        created_ms: now_ms,
        partitions: rows.collect(),
    };
    let offsets = csv::write(plan.changing().filter_map(|row| Some((&row.topic, row.partition, row.committed()?.offset))));
    let text = serde_json::to_string_pretty(&saved).map_err(|error| error.to_string())?;
    let put = |path: &Path, text: &str| file::replace(path, text.as_bytes()).map_err(|error| format!("{}: {error}", path.display()));
    put(&path.with_extension("csv"), &offsets)?;
    put(&path, &text)?;
    Ok(path)
}

/// Takes a pair of files away that turned out to be of no use.
pub(super) fn discard(path: &Path) {
    for path in [path.to_owned(), path.with_extension("csv")] {
        // Left behind it is a file too many, and no harm.
        let _left = fs::remove_file(path);
    }
}

/// A name that is not taken: the time, then the group as far as a file's name can say it.
fn free(folder: &Path, plan: &Plan, now_ms: i64) -> PathBuf {
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default().strftime("%Y%m%dT%H%M%S%.3fZ").to_string();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' };
    let group: String = plan.wish.group.raw().chars().take(64).map(plain).collect();
    let named = |n: u32| folder.join(if n == 1 { format!("{time}-{group}.json") } else { format!("{time}-{group}-{n}.json") });
    (1..1000).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(1000))
}

/// The latest state saved for a group of this cluster.
pub(super) fn latest(state: Option<&Path>, group: &GroupId, cluster: Option<&ClusterId>) -> Result<Restored, Failure> {
    let nothing = || {
        let cause = Cause::NotFound(Foreign::new(format!("a saved state of group {}", group.raw())));
        Failure::new(WHAT, cause).hint("kscope saves one before each change that it makes; group undo FILE takes any")
    };
    let folder = state.ok_or_else(nothing)?.join(FOLDER);
    let listed = match fs::read_dir(&folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(nothing()),
        Err(error) => return Err(unreadable(&folder, &error.to_string())),
    };
    let files = listed.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    let ours = files.filter_map(|path| {
        let file = load(&path).ok()?;
        let same = file.group == group.raw() && (cluster.is_none() || file.cluster_id.as_deref() == cluster.map(ClusterId::raw));
        same.then_some((file.created_ms, path, file))
    });
    // Of two of one moment the one whose name was taken already is the later.
    let age = |(created, path, _): &(i64, PathBuf, File)| (*created, path.as_os_str().len(), path.clone());
    let (_, path, file) = ours.max_by_key(age).ok_or_else(nothing)?;
    Ok(restored(path, file))
}

/// The state in a file: ours, also when its CSV is named, or a CSV of Kafka's for `group`.
pub(super) fn read(path: &Path, group: &GroupId) -> Result<Restored, Failure> {
    let beside = path.with_extension("json");
    let ours = if path.extension().is_some_and(|ext| ext == "csv") && beside.exists() { beside } else { path.to_owned() };
    if ours.extension().is_some_and(|ext| ext == "csv") {
        if group.raw().is_empty() {
            let usage = Cause::Usage(Foreign::new(format!("{}: a CSV file alone does not say of which group it is", path.display())));
            return Err(Failure::new(WHAT, usage).hint("kscope group reset GROUP --from-file takes it"));
        }
        let offsets = offsets(&ours, group)?;
        let commit = |offset: Offset| Commit { offset, epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
        let before = offsets.into_iter().map(|(place, offset)| (place, (Some(commit(offset)), TopicId::default()))).collect();
        return Ok(Restored { path: ours, group: group.clone(), cluster: None, before });
    }
    let file = load(&ours).map_err(|why| unreadable(&ours, &why))?;
    Ok(restored(ours, file))
}

/// The offsets in a CSV file of Kafka's form, for that group.
pub(super) fn offsets(path: &Path, group: &GroupId) -> Result<BTreeMap<(TopicName, PartitionId), Offset>, Failure> {
    let text = text(path).map_err(|why| unreadable(path, &why))?;
    csv::parse(&text, group).map_err(|error| unreadable(path, &error.to_string()))
}

fn unreadable(path: &Path, why: &str) -> Failure {
    let missing = !path.exists();
    let cause = if missing {
        Cause::NotFound(Foreign::new(path.display().to_string()))
    } else {
        Cause::File(Foreign::new(format!("{}: {why}", path.display())))
    };
    Failure::new(WHAT, cause)
}

fn text(path: &Path) -> Result<String, String> {
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Err("it is no file of saved offsets".to_owned());
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

fn load(path: &Path) -> Result<File, String> {
    let file: File = serde_json::from_str(&text(path)?).map_err(|error| error.to_string())?;
    if file.version == 1 { Ok(file) } else { Err(format!("it is of a later release (version {})", file.version)) }
}

fn restored(path: PathBuf, file: File) -> Restored {
    let id = |text: Option<String>| {
        let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
        TopicId(bytes.unwrap_or_default())
    };
    let before = file.partitions.into_iter().map(|saved| {
        let commit = saved.committed.map(|commit| Commit {
            offset: Offset(commit.offset),
            epoch: LeaderEpoch(commit.epoch),
            metadata: Foreign::new(commit.metadata),
        });
        ((TopicName::new(saved.topic), PartitionId(saved.partition)), (commit, id(saved.topic_id)))
    });
    Restored { path, group: GroupId::new(file.group), cluster: file.cluster_id.map(ClusterId::new), before: before.collect() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::core::lag::Place;
    use crate::core::reset::{Deed, GroupFacts, Look, Scope, Sought, Spot, Target, TopicLook, Wish, plan};
    use crate::model::Time;

    fn planned(group: &str) -> Plan {
        let place = |committed: Option<i64>| Place {
            commit: Ok(committed.map(|offset| Commit { offset: Offset(offset), epoch: LeaderEpoch(7), metadata: Foreign::new("m,\"") })),
            start: Ok(Offset(0)),
            stable: Ok(Offset(50)),
            high: Ok(Offset(50)),
        };
        let spots = [Some(10), None, Some(50)].map(|committed| Spot { place: place(committed), sought: Sought::Nothing });
        let partitions = (0..).map(PartitionId).zip(spots).collect();
        let topics = vec![TopicLook { topic: TopicName::new("t"), id: Ok(TopicId([9; 16])), partitions, elsewhere: 0 }];
        let wish = Wish { group: GroupId::new(group), deed: Deed::Reset(Target::Latest), scope: Scope::Committed, edits: Vec::new() };
        let cluster = Some(ClusterId::new("c"));
        plan::of(wish, Look { at: Time(0), cluster, group: GroupFacts::default(), topics, time_ms: None, restored: None })
    }

    #[test]
    fn what_is_replaced_is_read_back_with_epoch_metadata_and_absences() {
        let state = tempfile::tempdir().unwrap();
        let (plan, cluster) = (planned("a/../é"), ClusterId::new("c"));
        let path = write(Some(state.path()), &plan, 1000).unwrap();
        let again = write(Some(state.path()), &plan, 1000).unwrap();
        assert_ne!(path, again);
        assert_eq!(path.parent().unwrap(), state.path().join(FOLDER), "no group's name leads elsewhere");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let found = latest(Some(state.path()), &plan.wish.group, Some(&cluster)).unwrap();
        assert_eq!(found.path, again);
        let commits: Vec<_> = found.before.values().cloned().collect();
        let was = plan.rows[0].committed().cloned();
        assert_eq!(commits, [(was, TopicId([9; 16])), (None, TopicId([9; 16]))], "what does not change is not in it");
        let csv = path.with_extension("csv");
        assert_eq!(fs::read_to_string(&csv).unwrap(), "t,0,10\n");
        assert_eq!(read(&csv, &GroupId::new("")).unwrap().before.len(), 2, "the JSON beside it counts");
        discard(&path);
        assert!(!path.exists() && !csv.exists());
    }

    #[test]
    fn other_groups_clusters_and_files_are_not_taken() {
        let state = tempfile::tempdir().unwrap();
        write(Some(state.path()), &planned("g"), 1000).unwrap();
        let none = |group: &str, cluster: &str| {
            let found = latest(Some(state.path()), &GroupId::new(group), Some(&ClusterId::new(cluster)));
            found.map(|found| found.path).unwrap_err().exit_code()
        };
        assert_eq!((none("h", "c"), none("g", "d")), (5, 5));
        assert_eq!(latest(None, &GroupId::new("g"), None).unwrap_err().exit_code(), 5);
        let other = state.path().join("other.json");
        file::replace(&other, b"{\"version\":2}").unwrap();
        assert_eq!(read(&other, &GroupId::new("")).unwrap_err().exit_code(), 1);
        assert_eq!(read(&state.path().join("none.json"), &GroupId::new("")).unwrap_err().exit_code(), 5);
        let csv = state.path().join("alone.csv");
        file::replace(&csv, b"t,0,5\n").unwrap();
        assert_eq!(read(&csv, &GroupId::new("")).unwrap_err().exit_code(), 2);
        assert_eq!(read(&csv, &GroupId::new("g")).unwrap().before.len(), 1);
    }
}

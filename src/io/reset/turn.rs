//! One kscope at a time changes a group. Kafka has no commit that holds only if another stands there still: of two plans that were
//! made from the same commits both would be sent, and both be called done (F56). So a lock is held from the last look at the group
//! until what was written is read back. It reaches as far as the state folder does; others are found by reading.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::core::reset::Plan;

/// The folder of the locks in the state folder.
const FOLDER: &str = "locks";

/// Held while a change is made; the system lets go of it however the process ends.
#[derive(Debug)]
pub(super) struct Turn {
    /// `None`: there is no place for a lock, or the file system has none.
    file: Option<File>,
    path: PathBuf,
}

/// Takes the turn for the plan's group; `None`: another has it. Where no lock can be had nobody is kept waiting: reading just before
/// and behind the request is what is left then.
pub(super) fn take(state: Option<&Path>, plan: &Plan) -> Option<Turn> {
    let path = state.map(|state| state.join(FOLDER).join(name(plan))).unwrap_or_default();
    loop {
        let Some(file) = open(&path) else { return Some(Turn { file: None, path }) };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return None,
            Err(_unsupported) => return Some(Turn { file: None, path }),
            // Whoever had it may have taken the file away since: then the lock is on nothing.
            Ok(()) if is_there(&file, &path) => return Some(Turn { file: Some(file), path }),
            Ok(()) => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.file.is_some() {
            // Before the lock goes with the file. Left behind it is an empty file too many, and no harm.
            let _left = fs::remove_file(&self.path);
        }
    }
}

fn open(path: &Path) -> Option<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(path.parent()?).ok()?;
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).ok()
}

fn is_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(held), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

/// A file's name for any group of any cluster (FNV-1a, 64 bits). Two of the same name wait for each other, and no more.
fn name(plan: &Plan) -> String {
    let cluster = plan.cluster.as_ref().map_or("", |id| id.raw());
    let bytes = cluster.bytes().chain(*b"\n").chain(plan.wish.group.raw().bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::reset::{Deed, GroupFacts, Scope, Target, Wish};
    use crate::model::{ClusterId, GroupId, Time};

    fn plan(cluster: &str, group: &str) -> Plan {
        let wish = Wish::reset(GroupId::new(group), Scope::Committed, Target::Latest);
        assert!(matches!(wish.deed, Deed::Reset(_)));
        Plan {
            wish,
            at: Time(0),
            cluster: Some(ClusterId::new(cluster)),
            group: GroupFacts::default(),
            rows: Vec::new(),
            time_ms: None,
            restored: None,
        }
    }

    #[test]
    fn one_at_a_time_for_each_group_of_each_cluster() {
        let folder = tempfile::tempdir().unwrap();
        let state = Some(folder.path());
        let first = take(state, &plan("c", "g")).unwrap();
        assert!(take(state, &plan("c", "g")).is_none());
        assert!(take(state, &plan("c", "h")).is_some() && take(state, &plan("d", "g")).is_some());
        drop(first);
        assert!(take(state, &plan("c", "g")).is_some());
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn where_there_is_no_place_for_a_lock_nobody_is_kept_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("file");
        fs::write(&taken, "").unwrap();
        for state in [None, Some(taken.as_path())] {
            let first = take(state, &plan("c", "g"));
            assert!(first.is_some() && take(state, &plan("c", "g")).is_some());
        }
    }
}

//! The request that changes something, sent once, and reading back what became of it.
//!
//! An answer that does not come, or one that does not say whether it was applied (14, 15 and 16: the broker maps append errors to
//! them, `CoordinatorOperationExceptionHelper`), leaves the outcome open until the coordinator, found anew, tells what stands there.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::read::{Commits, Places, commits};
use crate::core::guard::Permit;
use crate::core::reset::{Deed, Fate, Outcome, Plan, Row, To};
use crate::io::kafka::{Client, ErrorCode, NewCommit, PartitionOutcome};
use crate::model::{Cause, Commit, Failure, Foreign, GroupKind, LeaderEpoch, Offset, Operation, PartitionId, TopicName, Why};

const WHAT: &str = "change the group";
/// Between two readings.
const APART: Duration = Duration::from_millis(200);
/// What is on its way may still be applied: for this part of the time that an answer is waited for, the old commit is not believed.
const SETTLE_PART: u32 = 5;

/// What the answer says of a partition.
#[derive(Debug, Clone)]
pub(super) enum Told {
    Done,
    Refused(ErrorCode),
    /// It may have been applied. `late`: it may yet be.
    Open {
        why: String,
        late: bool,
    },
}

pub(super) type Answers = BTreeMap<(TopicName, PartitionId), Told>;

/// Sends what the plan changes: one request for all commits, one for all that is forgotten. No error comes of it: every
/// partition has its answer.
pub(super) async fn send(client: &Client, permit: &Permit, plan: &Plan) -> Answers {
    let rows: Vec<&Row> = plan.changing().collect();
    let group = &plan.group;
    if plan.wish.deed == Deed::Delete {
        let told = match client.delete_group(permit, WHAT, group.coordinator, &group.id).await {
            Ok(Ok(())) => Told::Done,
            Ok(Err(code)) => of_code(code),
            Err(failure) => of_failure(&failure),
        };
        return rows.iter().map(|row| (place(row), told.clone())).collect();
    }
    let mut answers = Answers::new();
    let (commits, forgotten): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| row.to != To::Forget);
    if group.kind == GroupKind::Share {
        share(client, permit, plan, (&commits, &forgotten), &mut answers).await;
        return answers;
    }
    if !commits.is_empty() {
        let new: Vec<NewCommit> = commits.iter().filter_map(|row| new_commit(row)).collect();
        let told = client.commit(permit, WHAT, group.coordinator, &group.id, &new).await;
        take(&mut answers, &commits, told);
    }
    if !forgotten.is_empty() {
        let places: Vec<(TopicName, PartitionId)> = forgotten.iter().map(|row| place(row)).collect();
        let told = client.delete_offsets(permit, WHAT, group.coordinator, &group.id, &places).await;
        take(&mut answers, &forgotten, told);
    }
    answers
}

async fn share(client: &Client, permit: &Permit, plan: &Plan, (starts, forgotten): (&[&Row], &[&Row]), answers: &mut Answers) {
    let group = &plan.group;
    if !starts.is_empty() {
        let new: Vec<(TopicName, PartitionId, Offset)> =
            starts.iter().filter_map(|row| Some((row.topic.clone(), row.partition, row.target()?))).collect();
        let told = client.alter_share_starts(permit, WHAT, group.coordinator, &group.id, &new).await;
        take(answers, starts, told);
    }
    if !forgotten.is_empty() {
        let mut topics: Vec<TopicName> = forgotten.iter().map(|row| row.topic.clone()).collect();
        topics.dedup();
        let told = client.delete_share_starts(permit, WHAT, group.coordinator, &group.id, &topics).await;
        let by_row = told.map(|told| {
            let by_topic: BTreeMap<TopicName, Result<(), ErrorCode>> = told.into_iter().collect();
            let of = |row: &&Row| (row.topic.clone(), row.partition, by_topic.get(&row.topic).copied().unwrap_or(Err(ErrorCode(-1))));
            forgotten.iter().map(of).collect()
        });
        take(answers, forgotten, by_row);
    }
}

fn new_commit(row: &Row) -> Option<NewCommit> {
    let (offset, epoch, metadata) = match &row.to {
        To::Commit(offset) => (*offset, LeaderEpoch(-1), String::new()),
        To::Restore(commit) => (commit.offset, commit.epoch, commit.metadata.raw().to_owned()),
        To::Forget | To::Leave(_) => return None,
    };
    Some(NewCommit { topic: row.topic.clone(), partition: row.partition, offset, epoch, metadata })
}

fn place(row: &Row) -> (TopicName, PartitionId) {
    (row.topic.clone(), row.partition)
}

fn take(answers: &mut Answers, rows: &[&Row], told: Result<Vec<PartitionOutcome>, Failure>) {
    match told {
        Ok(told) => answers.extend(told.into_iter().map(|(topic, partition, result)| {
            let told = match result {
                Ok(()) => Told::Done,
                Err(code) => of_code(code),
            };
            ((topic, partition), told)
        })),
        Err(failure) => answers.extend(rows.iter().map(|row| (place(row), of_failure(&failure)))),
    }
}

/// Codes after which a change may have been applied nevertheless.
fn of_code(code: ErrorCode) -> Told {
    match code.0 {
        -1 | 7 | 13..=16 => Told::Open { why: sentence(code), late: false },
        _ => Told::Refused(code),
    }
}

fn of_failure(failure: &Failure) -> Told {
    match &failure.cause {
        // The broker refused the whole.
        Cause::Kafka { code, .. } => of_code(ErrorCode(*code)),
        Cause::NotFound(_) => Told::Refused(ErrorCode(69)),
        Cause::NotAuthorised(_) => Told::Refused(ErrorCode(30)),
        Cause::NotOffered(_) => Told::Refused(ErrorCode(35)),
        cause => Told::Open { why: failure.sentence(), late: matches!(cause, Cause::TimedOut(_)) },
    }
}

fn sentence(code: ErrorCode) -> String {
    format!("{} ({} {})", code.words(), code.name(), code.0)
}

/// Whether nothing at all was written because the group had members again.
pub(super) fn had_members(answers: &Answers) -> bool {
    !answers.is_empty() && answers.values().all(|told| matches!(told, Told::Refused(ErrorCode(22 | 25 | 27 | 68 | 113))))
}

/// Reads back what stands there, from the coordinator found anew, until that is known or the deadline has passed.
pub(super) async fn verify(client: &Client, plan: &Plan, answers: &Answers) -> Vec<Outcome> {
    let rows: Vec<&Row> = plan.changing().collect();
    let mut wanted = Places::new();
    for row in &rows {
        wanted.entry(row.topic.clone()).or_default().insert(row.partition);
    }
    let end = Instant::now() + client.settings().retry.max(client.settings().request) * 2;
    let settled = Instant::now() + client.settings().request / SETTLE_PART;
    let mut last: Result<Commits, Failure>;
    loop {
        last = read(client, plan, &wanted).await;
        let open = |row: &&Row| match (answers.get(&place(row)), last.as_ref().ok().and_then(|now| now.get(&place(row)))) {
            (_, None | Some(Err(_))) => true,
            (Some(Told::Open { .. }) | None, Some(Ok(now))) => !row.is_reached(now.as_ref()) && Instant::now() < settled,
            (Some(_), Some(Ok(_))) => false,
        };
        if !rows.iter().any(open) || Instant::now() >= end {
            break;
        }
        sleep(APART).await;
    }
    let why = last.as_ref().err().map(Failure::sentence);
    let outcome = |row: &&Row| {
        let now = last.as_ref().ok().and_then(|now| now.get(&place(row)).cloned()).unwrap_or(Err(Why::NoAnswer));
        Outcome {
            topic: row.topic.clone(),
            partition: row.partition,
            fate: fate(row, answers.get(&place(row)), &now, why.as_deref()),
            read_back: now,
        }
    };
    rows.iter().map(outcome).collect()
}

async fn read(client: &Client, plan: &Plan, wanted: &Places) -> Result<Commits, Failure> {
    let id = &plan.group.id;
    let found = client.coordinators(WHAT, std::slice::from_ref(id)).await?.into_iter().next();
    let coordinator = match found {
        Some(Ok(coordinator)) => coordinator,
        Some(Err(error)) => return Err(error.failure(WHAT, &format!("the coordinator of group {}", id.raw()))),
        None => return Err(Failure::new(WHAT, Cause::Disconnected)),
    };
    let mut group = plan.group.clone();
    group.coordinator = coordinator;
    // A copy has made it by now; of a group that is gone a broker answers that nothing is committed.
    group.listed = true;
    commits(client, &group, Some(wanted)).await
}

/// What became of one partition; pure.
fn fate(row: &Row, told: Option<&Told>, now: &Result<Option<Commit>, Why>, unread: Option<&str>) -> Fate {
    let text = |text: String| Foreign::new(text);
    let now = match (now, told) {
        (_, Some(Told::Refused(code))) => {
            // The codes tell on what it was refused: a commit takes READ on group and topic, to forget one DELETE on the group.
            let needed = if row.to == To::Forget && code.0 == 30 { Operation::Delete } else { Operation::Read };
            return match code.lacks(needed) {
                Some(right) => Fate::Forbidden(text(format!("not authorised: {}", right.words()))),
                None => Fate::Refused(text(sentence(*code))),
            };
        }
        (Ok(now), _) => now.as_ref(),
        (Err(why), told) => {
            let why = unread.map_or_else(|| crate::text::why(why), str::to_owned);
            return Fate::Unknown(text(match told {
                Some(Told::Done) => format!("the broker said that it is done, and it could not be read back: {why}"),
                Some(Told::Open { why: first, .. }) => format!("{first}; and it could not be read back: {why}"),
                _ => format!("it could not be read back: {why}"),
            }));
        }
    };
    if row.is_reached(now) {
        return Fate::Applied;
    }
    let untouched = row.place.commit.as_ref().is_ok_and(|before| before.as_ref() == now);
    match told {
        Some(Told::Open { why, late: true }) if untouched => Fate::Unknown(text(format!("{why}; the old commit stands there so far"))),
        Some(Told::Open { why, .. }) if untouched => Fate::NotApplied(text(format!("{why}; the old commit stands there"))),
        Some(Told::Open { why, .. }) => Fate::NotApplied(text(format!("{why}; another commit stands there"))),
        Some(Told::Done) if untouched => {
            Fate::NotApplied(text("the broker said that it is done, and the old commit stands there".to_owned()))
        }
        Some(Told::Done) => Fate::Overwritten,
        Some(Told::Refused(_)) | None => Fate::Unknown(text("the broker said nothing of it".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lag::Place;
    use crate::model::TopicId;

    fn commit(offset: i64) -> Commit {
        Commit { offset: Offset(offset), epoch: LeaderEpoch(-1), metadata: Foreign::new("") }
    }

    fn row() -> Row {
        let at = |offset| Ok(Offset(offset));
        Row {
            topic: TopicName::new("t"),
            id: TopicId::default(),
            partition: PartitionId(0),
            place: Place { commit: Ok(Some(commit(5))), start: at(0), stable: at(9), high: at(9) },
            to: To::Commit(Offset(8)),
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_outcome_is_what_stands_there_and_not_what_was_answered() {
        let open = |late| Told::Open { why: "lost".to_owned(), late };
        let lost = |text: &str| Foreign::new(text);
        for (told, now, fate_word, word) in [
            (Told::Done, Some(8), "Applied", "committed"),
            (Told::Done, Some(7), "Overwritten", "failed"),
            (Told::Done, None, "Overwritten", "failed"),
            (Told::Done, Some(5), "NotApplied", "failed"),
            (open(false), Some(8), "Applied", "committed"),
            (open(false), Some(5), "NotApplied", "failed"),
            (open(false), Some(7), "NotApplied", "failed"),
            (open(true), Some(5), "Unknown", "unknown"),
            (Told::Refused(ErrorCode(25)), Some(5), "Refused", "failed"),
        ] {
            let found = fate(&row(), Some(&told), &Ok(now.map(commit)), None);
            assert!(format!("{found:?}").starts_with(fate_word) && found.word() == word, "{told:?} {now:?}: {found:?}");
        }
        let denied = |to: To, code| fate(&Row { to, ..row() }, Some(&Told::Refused(ErrorCode(code))), &Ok(Some(commit(5))), None);
        let without = |right: &str| Fate::Forbidden(lost(&format!("not authorised: {right}")));
        assert_eq!(denied(To::Commit(Offset(8)), 30), without("READ on the group"));
        assert_eq!(denied(To::Commit(Offset(8)), 29), without("READ on the topic"));
        assert_eq!(denied(To::Forget, 30), without("DELETE on the group"));
        assert_eq!(denied(To::Forget, 29), without("READ on the topic"));
        let unread = fate(&row(), Some(&Told::Done), &Err(Why::NoAnswer), Some("no answer"));
        assert_eq!(unread, Fate::Unknown(lost("the broker said that it is done, and it could not be read back: no answer")));
    }

    #[test]
    fn answers_that_do_not_say_it_leave_it_open() {
        for code in [-1, 7, 14, 15, 16] {
            assert!(matches!(of_code(ErrorCode(code)), Told::Open { .. }), "{code}");
        }
        for code in [3, 12, 22, 25, 27, 29, 30, 68, 69] {
            assert!(matches!(of_code(ErrorCode(code)), Told::Refused(_)), "{code}");
        }
        assert!(matches!(of_failure(&Failure::new("", Cause::Disconnected)), Told::Open { late: false, .. }));
        assert!(matches!(of_failure(&Failure::new("", Cause::TimedOut(1))), Told::Open { late: true, .. }));
    }
}

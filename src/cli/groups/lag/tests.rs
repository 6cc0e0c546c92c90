use super::*;
use crate::core::lag::TopicPlaces;
use crate::model::{BrokerId, Commit, GroupDescription, GroupKind, GroupListing, GroupState, LeaderEpoch, TopicId};

const NOW: Time = Time(1_000_000_000);

fn place(committed: Option<i64>, start: i64, stable: i64, high: i64) -> Place {
    let commit = |offset| Commit { offset: Offset(offset), epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
    Place { commit: Ok(committed.map(commit)), start: Ok(Offset(start)), stable: Ok(Offset(stable)), high: Ok(Offset(high)) }
}

use crate::model::Foreign;

fn member(name: &str, partitions: &[i32]) -> Member {
    Member {
        id: Foreign::new(name),
        instance: None,
        client_id: Foreign::new("app"),
        host: Foreign::new("/10.0.0.7"),
        subscribed: Some(vec![TopicName::new("t")]),
        pattern: None,
        process: None,
        assigned: Some(vec![(TopicName::new("t"), partitions.iter().copied().map(PartitionId).collect())]),
    }
}

/// A group with these places, partitions counting from 0.
fn standing(kind: GroupKind, members: Option<Vec<Member>>, places: Vec<Place>) -> Standing {
    let listing = GroupListing {
        id: GroupId::new("g"),
        kind: kind.clone(),
        state: GroupState::Stable,
        protocol: Foreign::new("consumer"),
        coordinator: BrokerId(1),
    };
    let description = members.map(|members| {
        Ok(GroupDescription {
            id: listing.id.clone(),
            kind,
            state: GroupState::Stable,
            coordinator: BrokerId(1),
            protocol: Foreign::new("consumer"),
            assignor: Foreign::new("range"),
            epoch: None,
            members,
        })
    });
    let partitions = (0..).map(PartitionId).zip(places).collect();
    let places = Ok(vec![TopicPlaces { topic: TopicName::new("t"), id: TopicId::default(), partitions }]);
    Standing { listing, description, places, starts: None }
}

fn json(standing: &Standing, end: End, times: Option<&Times>) -> Vec<serde_json::Value> {
    let rows = rows_of(standing, end, times, NOW);
    rows.iter()
        .map(|row| {
            let fields = row.row().into_iter().map(|(name, field)| {
                let value = match field {
                    Field::Number(n) => serde_json::json!(i64::try_from(n).unwrap()),
                    Field::Text(text) => serde_json::json!(text),
                    _ => serde_json::Value::Null,
                };
                (name.to_owned(), value)
            });
            serde_json::Value::Object(fields.collect())
        })
        .collect()
}

#[test]
fn what_is_unknown_is_null_and_every_case_has_its_word() {
    let mut gone = place(Some(3), 0, 0, 0);
    gone.start = Err(Why::NoTopic);
    let places = vec![
        place(Some(10), 0, 10, 10),
        place(Some(4), 0, 10, 10),
        place(None, 0, 10, 10),
        place(Some(2), 5, 10, 10),
        place(Some(12), 0, 10, 10),
        place(Some(8), 0, 8, 10),
        gone,
    ];
    let rows = json(&standing(GroupKind::Classic, None, places), End::High, None);
    let told: Vec<_> = rows.iter().map(|row| (row["verdict"].as_str().unwrap(), row["lag"].as_i64(), row["lost"].as_i64())).collect();
    assert_eq!(
        told,
        [
            ("level", Some(0), Some(0)),
            ("behind", Some(6), Some(0)),
            ("no_commit", None, Some(0)),
            ("below_start", Some(5), Some(3)),
            ("beyond_end", None, Some(0)),
            ("blocked_by_transaction", Some(2), Some(0)),
            ("unknown", None, None),
        ]
    );
    assert_eq!(rows[6]["reason"], "the topic or partition is not there");
    assert!(rows.iter().all(|row| row["member"].is_null() && row["shareStart"].is_null()));
}

#[test]
fn to_the_stable_end_nothing_waits_behind_an_open_transaction() {
    let row = json(&standing(GroupKind::Classic, None, vec![place(Some(8), 0, 8, 10)]), End::Stable, None).remove(0);
    assert_eq!((row["lag"].as_i64(), row["verdict"].as_str()), (Some(0), Some("blocked_by_transaction")));
}

#[test]
fn the_time_behind_is_told_only_where_records_were_looked_at() {
    let standing =
        standing(GroupKind::Classic, None, vec![place(Some(10), 0, 10, 10), place(Some(4), 0, 10, 10), place(Some(4), 0, 10, 10)]);
    let key = |partition, offset| (TopicName::new("t"), PartitionId(partition), Offset(offset));
    let times = Times::from([(key(1, 4), Ok(Some(Time(NOW.0 - 7_000_000)))), (key(2, 4), Err(Why::NoLeader))]);
    let rows = json(&standing, End::High, Some(&times));
    assert_eq!((rows[0]["behindMs"].as_i64(), rows[1]["behindMs"].as_i64(), rows[2]["behindMs"].as_i64()), (Some(0), Some(7_000), None));
    assert!(rows[2]["reason"].as_str().is_some_and(|text| text.contains("no leader")), "{}", rows[2]);
    let without = json(&standing, End::High, None);
    assert!(without[1]["behindMs"].is_null());
}

#[test]
fn a_partition_names_the_member_that_has_it() {
    let members = Some(vec![member("m-1", &[0]), member("m-2", &[1])]);
    let rows = json(
        &standing(GroupKind::Classic, members, vec![place(Some(1), 0, 9, 9), place(None, 0, 9, 9), place(Some(3), 0, 9, 9)]),
        End::High,
        None,
    );
    assert_eq!(
        (rows[0]["member"].as_str(), rows[0]["host"].as_str(), rows[0]["clientId"].as_str()),
        (Some("m-1"), Some("10.0.0.7"), Some("app"))
    );
    assert_eq!((rows[1]["member"].as_str(), rows[1]["verdict"].as_str()), (Some("m-2"), Some("no_commit")));
    assert!(rows[2]["member"].is_null());
}

#[test]
fn a_share_groups_start_is_no_commit_and_its_lag_is_the_brokers() {
    let start = |partition, start, lag| ShareStart { topic: TopicName::new("t"), partition: PartitionId(partition), start: Ok(start), lag };
    let members = Some(vec![member("m-1", &[0, 1]), member("m-2", &[0])]);
    let mut shared = standing(GroupKind::Share, members, vec![place(None, 0, 9, 9), place(None, 0, 9, 9), place(None, 0, 9, 9)]);
    shared.starts = Some(Ok(vec![start(0, Some(Offset(4)), Some(2)), start(1, Some(Offset(9)), Some(0)), start(2, None, None)]));
    let rows = json(&shared, End::High, Some(&Times::new()));
    assert!(rows.iter().all(|row| row["committed"].is_null() && row["behindMs"].is_null()));
    let told: Vec<_> = rows.iter().map(|row| (row["shareStart"].as_i64(), row["lag"].as_i64(), row["verdict"].as_str().unwrap())).collect();
    assert_eq!(told, [(Some(4), Some(2), "behind"), (Some(9), Some(0), "level"), (None, None, "unknown")]);
    assert_eq!((rows[0]["member"].as_str(), rows[1]["member"].as_str()), (None, Some("m-1")));
}

#[test]
fn a_table_has_no_columns_in_which_nothing_stands() {
    let rows = rows_of(&standing(GroupKind::Classic, None, vec![place(Some(4), 0, 10, 10)]), End::High, None, NOW);
    let names = |output| as_rows(&rows, output).remove(0).iter().map(|(name, _)| *name).collect::<Vec<_>>();
    assert!(!names(Output::Table).contains(&"shareStart") && names(Output::Csv).contains(&"shareStart"));
}

#[test]
fn watching_tells_what_became_of_each_partition_since() {
    use super::super::watch::Watched;
    use crate::core::verdict::Limits;
    // Seconds, and of three partitions the commit and the end: one is read, one stands still, one went back.
    let looks = [(0, [(10, 900), (5, 50), (40, 40)]), (30, [(400, 910), (5, 60), (40, 40)]), (61, [(700, 920), (5, 70), (12, 40)])];
    let mut watched = Watched::default();
    let mut told = Vec::new();
    for (second, places) in looks {
        let places = places.map(|(commit, high)| place(Some(commit), 0, high, high)).to_vec();
        let standing = standing(GroupKind::Classic, Some(vec![member("m-1", &[0, 1, 2])]), places);
        let now = Time(NOW.0 + second * 1_000_000);
        let mut rows = rows_of(&standing, End::High, None, now);
        watched.judge(std::slice::from_ref(&standing), &mut rows, Limits::default(), now);
        told = rows.iter().map(|row| row.verdict).collect();
        if second == 0 {
            assert_eq!(told, ["behind", "behind", "level"], "one look proves little");
        }
    }
    assert_eq!(told, ["catching_up", "no_progress", "rewound"]);
}

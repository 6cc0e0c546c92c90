//! `kscope topics` and `kscope topic describe` on a real Kafka, against the truth of the seeded topics.

use serde_json::Value;

use super::cluster::Release;
use super::seed::{Seeded, seeded};
use crate::run::kscope;

fn json(kafka: &Seeded, args: &[&str]) -> Value {
    let brokers = kafka.cluster.brokers();
    let output = kscope(&[&["-b", &brokers, "-o", "json", "--quiet"], args].concat()).ok();
    serde_json::from_str(&output.lines().join("\n")).unwrap()
}

fn the_figures_of_topics_are_those_of_the_log(release: Release) {
    let Some(kafka) = seeded(release) else { return };
    let all = json(kafka, &["topics", "--internal"]);
    let rows = all.as_array().unwrap();
    for (name, topic) in &kafka.truth.topics {
        let row = rows.iter().find(|row| row["name"] == **name).unwrap_or_else(|| panic!("{name} is not listed"));
        assert_eq!((&row["offline"], &row["underReplicated"]), (&0.into(), &0.into()), "{name}");
        let offsets: i64 = topic.bounds.values().map(|bounds| bounds.end - bounds.start).sum();
        assert_eq!(row["offsets"].as_i64(), Some(offsets), "{name}: {row}");
        assert!(row["sizeBytes"].as_u64().is_some_and(|bytes| bytes > 0 || topic.records.is_empty()), "{name}: {row}");

        let described = json(kafka, &["topic", "describe", "--", name]);
        let partitions = described["partitions"].as_array().unwrap();
        assert_eq!(
            (Some(partitions.len()), Some(topic.partitions)),
            (row["partitions"].as_u64().and_then(|n| usize::try_from(n).ok()), i32::try_from(partitions.len()).ok())
        );
        for partition in partitions {
            let number = |field: &str| partition[field].as_i64().unwrap_or_else(|| panic!("{name}: {field} of {partition}"));
            let told = (number("logStart"), number("lastStable"), number("highWatermark"));
            let bounds = i32::try_from(number("partition")).ok().and_then(|id| topic.bounds.get(&id));
            assert_eq!(told, bounds.map_or((0, 0, 0), |bounds| (bounds.start, bounds.last_stable, bounds.end)), "{name}: {partition}");
        }
        let configs = described["configs"].as_array().unwrap();
        assert!(configs.iter().any(|config| config["name"] == "cleanup.policy" && config["value"].is_string()), "{name}");
    }
    assert!(rows.iter().any(|row| row["internal"] == true), "internal topics were asked for");
}

#[test]
fn the_figures_of_topics_of_4_2() {
    the_figures_of_topics_are_those_of_the_log(Release::V4_2);
}

#[test]
fn the_figures_of_topics_of_3_9() {
    the_figures_of_topics_are_those_of_the_log(Release::V3_9);
}

#[test]
fn the_figures_of_topics_of_2_8() {
    the_figures_of_topics_are_those_of_the_log(Release::V2_8);
}

#[test]
fn a_topic_that_is_not_there_is_not_created_by_asking() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let brokers = kafka.cluster.brokers();
    let run = kscope(&["-b", &brokers, "topic", "describe", "no-such-topic"]);
    assert_eq!(run.code, Some(5));
    let names = json(kafka, &["topics", "--internal"]);
    assert!(names.as_array().unwrap().iter().all(|row| row["name"] != "no-such-topic"));
}

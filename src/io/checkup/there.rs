//! What the cluster tells once it let us in: which one it is, what its brokers do not offer, what we may do.

use super::Out;
use super::road::words as road_words;
use crate::core::checkup::{Finding, Look};
use crate::io::kafka::Address;
use crate::io::kafka::probe::{Host, Probe, Right, Rights, There};
use crate::model::{Cause, ClusterId, ClusterRights, Failure, Foreign};
use crate::text::units;

/// So many topics and groups are looked at for rights.
const SAMPLE: usize = 5;

/// What is not there without a request, in the order in which people miss it. Requests for one thing stand behind each other.
const WITHOUT: &[(&str, &str)] = &[
    ("Metadata", "topics and brokers"),
    ("ListOffsets", "where partitions begin and end"),
    ("Fetch", "records"),
    ("Produce", "sending records"),
    ("InitProducerId", "sending without doubles"),
    ("ListGroups", "the list of groups"),
    ("FindCoordinator", "groups"),
    ("DescribeGroups", "members of classic groups"),
    ("OffsetFetch", "commits and lag"),
    ("OffsetCommit", "resets of groups"),
    ("DeleteGroups", "deleting groups"),
    ("OffsetDelete", "forgetting commits"),
    ("DescribeConfigs", "settings of topics"),
    ("DescribeLogDirs", "sizes on disk"),
    ("ListPartitionReassignments", "replicas that move"),
    ("DescribeCluster", "rights on the cluster"),
    ("DescribeProducers", "open transactions"),
    ("OffsetForLeaderEpoch", "where a truncated log parted"),
    ("ConsumerGroupDescribe", "members of groups of the new protocol"),
    ("ShareGroupDescribe", "members of share groups"),
    ("DescribeShareGroupOffsets", "starts of share groups"),
    ("AlterShareGroupOffsets", "resets of share groups"),
    ("DeleteShareGroupOffsets", "forgetting starts of share groups"),
    ("StreamsGroupDescribe", "members of streams groups"),
];
/// Without these there is next to nothing to see.
const NEEDED: [&str; 3] = ["Metadata", "ListOffsets", "Fetch"];

/// What this broker does not offer of what kscope asks. That is no error: older releases and managed services leave some out.
pub(super) fn offered(bootstrap: &Address, host: &Host) -> Finding {
    let missing: Vec<&str> = host.missing().into_iter().map(|spoken| spoken.name).collect();
    told_missing(&bootstrap.to_string(), &missing)
}

fn told_missing(subject: &str, missing: &[&str]) -> Finding {
    let lost: Vec<String> =
        WITHOUT.iter().filter(|(name, _)| missing.contains(name)).map(|(name, what)| format!("{what} ({name})")).collect();
    if lost.is_empty() {
        return Finding::good(Look::Offered, subject, "everything that kscope asks for");
    }
    let words = format!("not offered by this broker, so not to be had here: {}", lost.join(", "));
    if NEEDED.iter().any(|name| missing.contains(name)) {
        return Finding::warn(
            Look::Offered,
            subject,
            words,
            "a broker of Kafka 2.1 or newer, or a service that offers the same, is needed",
        );
    }
    Finding::skipped(Look::Offered, subject, words)
}

/// Which cluster that is, and whether it is the one that is meant. `None`: it does not tell.
pub(super) async fn cluster(bootstrap: &Address, host: &Host, expects: Option<&ClusterId>, out: &Out) -> Option<There> {
    let there = match host.cluster().await {
        Ok(there) => there,
        Err(failure) => {
            out.tell(road_words::failed(&bootstrap.to_string(), &failure));
            return None;
        }
    };
    out.tell(told(bootstrap, host.release(), &there, expects));
    Some(there)
}

fn told(bootstrap: &Address, release: Option<&str>, there: &There, expects: Option<&ClusterId>) -> Finding {
    let id = there.id.as_ref().map_or("no id", ClusterId::raw);
    let release = release.map_or_else(|| "of an unknown release".to_owned(), |release| format!("≈ Kafka {release}"));
    let brokers = units::counted(units::wide(there.brokers.len()), "broker");
    let controller = there.controller.map(|id| format!(", controller {}", id.0)).unwrap_or_default();
    let words = format!("{id}, {release}, {brokers}{controller}");
    let subject = bootstrap.to_string();
    match expects {
        Some(expected) if there.id.as_ref() != Some(expected) => {
            let cause = Cause::OtherCluster { expected: Foreign::new(expected.raw()), found: Foreign::new(id) };
            let fix = "these addresses lead to another cluster than expect_cluster_id names: one of the two is wrong; until then nothing can be changed here";
            Finding::bad(Look::Cluster, &subject, cause, format!("{words}; expected is {}", expected.raw()), fix).brief("another cluster")
        }
        _ => Finding::good(Look::Cluster, &subject, words).brief(id),
    }
}

/// What we may do: on the cluster, on some topics, on some groups.
pub(super) async fn allowed(host: &Host, there: &There, whom: &str) -> Vec<Finding> {
    // Who may do everything on the cluster sees all there is.
    let all = there.rights.is_some_and(|rights| !rights.are_limited());
    vec![on_cluster(there.rights, whom), on_topics(host, all, whom).await, on_groups(host, all, whom).await]
}

/// The way out of a missing right.
fn acl(right: &str, resource: &str, whom: &str) -> String {
    format!("an ACL that allows {right} on {resource} to {whom}")
}

fn on_cluster(rights: Option<ClusterRights>, whom: &str) -> Finding {
    let Some(rights) = rights else {
        return Finding::skipped(Look::Allowed, "cluster", "the brokers do not tell what we may do on it");
    };
    let names: Vec<&str> = ClusterRights::NAMED.iter().filter(|(bit, _)| rights.has(*bit)).map(|(_, name)| *name).collect();
    let words = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let may = |name: &str| names.contains(&name);
    let sign = |name: &str| if may(name) { '✓' } else { '✗' };
    let brief = format!("cluster: Describe {} Alter {}", sign("DESCRIBE"), sign("ALTER"));
    if may("DESCRIBE") {
        return Finding::good(Look::Allowed, "cluster", words).brief(brief);
    }
    let lost = "DESCRIBE on the cluster is missing: groups are listed only where DESCRIBE on the group is allowed, and there are no sizes on disk and no replicas that move";
    Finding::warn(Look::Allowed, "cluster", format!("{words}; {lost}"), acl("DESCRIBE", "Cluster kafka-cluster", whom)).brief(brief)
}

async fn on_topics(host: &Host, all: bool, whom: &str) -> Finding {
    let names = match host.topic_names().await {
        Ok(names) => names,
        Err(failure) => return unknown("topics", &failure),
    };
    if names.is_empty() && all {
        return Finding::skipped(Look::Allowed, "topics", "there is no topic");
    }
    if names.is_empty() {
        let words = "no topic is visible: none exist, or there is no right to DESCRIBE any";
        return Finding::warn(Look::Allowed, "topics", words, format!("where there are topics: {}", acl("DESCRIBE", "them", whom)));
    }
    let visible = format!("{} visible", units::counted(units::wide(names.len()), "topic"));
    let sample: Vec<_> = names.into_iter().take(SAMPLE).collect();
    let looked = match host.topic_rights(&sample).await {
        Ok(looked) => looked,
        Err(failure) => return unknown("topics", &failure),
    };
    let told: Vec<(&str, Rights)> = looked.iter().filter_map(|topic| Some((topic.name.raw(), topic.rights?))).collect();
    if told.is_empty() {
        return Finding::skipped(Look::Allowed, "topics", format!("{visible}; the brokers do not tell what we may do with them"));
    }
    let needed = [(Right::Read, "their records cannot be read"), (Right::DescribeConfigs, "their settings cannot be seen")];
    lacking("topics", &visible, &told, &needed, (Right::Write, "nothing can be sent to"), whom)
}

async fn on_groups(host: &Host, all: bool, whom: &str) -> Finding {
    let ids = match host.group_ids().await {
        Ok(ids) => ids,
        Err(failure) => return unknown("groups", &failure),
    };
    if ids.is_empty() {
        let words = if all {
            "this broker coordinates none"
        } else {
            "none is visible on this broker: it coordinates none, or there is no right to DESCRIBE any"
        };
        return Finding::skipped(Look::Allowed, "groups", words);
    }
    let visible = format!("{} visible on this broker", units::counted(units::wide(ids.len()), "group"));
    let sample: Vec<_> = ids.into_iter().take(SAMPLE).collect();
    let looked = match host.group_rights(&sample).await {
        Ok(looked) => looked,
        Err(failure) => return unknown("groups", &failure),
    };
    let told: Vec<(&str, Rights)> = looked.iter().filter_map(|group| Some((group.id.raw(), group.rights?))).collect();
    if told.is_empty() {
        return Finding::skipped(Look::Allowed, "groups", format!("{visible}; the brokers do not tell what we may do with them"));
    }
    lacking("groups", &visible, &told, &[(Right::Describe, "their members cannot be seen")], (Right::Read, "no reset of"), whom)
}

/// What is missing of what screens show, by resource and operation; of what changes something only a word.
fn lacking(
    subject: &str,
    visible: &str,
    told: &[(&str, Rights)],
    needed: &[(Right, &str)],
    (change, without): (Right, &str),
    whom: &str,
) -> Finding {
    let without_right =
        |right: Right| -> Vec<&str> { told.iter().filter(|(_, rights)| !rights.allow(right)).map(|(name, _)| *name).collect() };
    let looked = format!("{visible}; {} looked at", told.len());
    let unchanged = without_right(change);
    let change = if unchanged.is_empty() { String::new() } else { format!("; {without} {} (no {})", unchanged.join(", "), change.name()) };
    let missing: Vec<(Right, Vec<&str>, &str)> =
        needed.iter().map(|&(right, lost)| (right, without_right(right), lost)).filter(|(_, names, _)| !names.is_empty()).collect();
    if missing.is_empty() {
        let all: Vec<&str> = needed.iter().map(|(right, _)| right.name()).collect();
        return Finding::good(Look::Allowed, subject, format!("{looked}: {} on all of them{change}", all.join(" and ")));
    }
    let lost: Vec<String> =
        missing.iter().map(|(right, names, lost)| format!("no {} on {}: {lost}", right.name(), names.join(", "))).collect();
    let wanted: Vec<String> = missing.iter().map(|(right, names, _)| format!("{} on {}", right.name(), names.join(", "))).collect();
    let fix = format!("an ACL that allows {} to {whom}", wanted.join(", and "));
    Finding::warn(Look::Allowed, subject, format!("{looked}: {}{change}", lost.join("; ")), fix)
}

/// A question that was not answered.
fn unknown(subject: &str, failure: &Failure) -> Finding {
    if let Cause::NotOffered(api) = failure.cause {
        return Finding::skipped(Look::Allowed, subject, format!("not offered by this broker ({api})"));
    }
    let fix = failure.hint.as_ref().map_or("the broker's log tells why", |hint| hint.raw());
    Finding::warn(Look::Allowed, subject, road_words::sentence(failure), fix)
}

/// Whether anybody told us to slow down meanwhile.
pub(super) fn throttled(probe: &Probe) -> Finding {
    let told = probe.throttled();
    if told.count == 0 {
        return Finding::good(Look::Throttled, "", "no answer told us to slow down");
    }
    let whose = told.address.as_deref().unwrap_or_default();
    let words = format!("{} told us to slow down, the last by {}", units::counted(told.count, "answer"), units::duration(told.time));
    Finding::warn(
        Look::Throttled,
        whose,
        words,
        "a quota of the cluster for this user or client id (request_percentage, consumer_byte_rate)",
    )
}

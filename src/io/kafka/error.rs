//! Kafka's error codes: their names, what they mean in plain words, and what a reader does about them.
//!
//! Pure; may use model. A code that Kafka adds is one row in `TABLE` (`org.apache.kafka.common.protocol.Errors`); a code
//! without a row keeps its number and is not retried.

use std::sync::Arc;

use crate::model::{Cause, Failure, Foreign, Operation, Resource, Right, Why};

/// An error code of Kafka other than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub i16);

/// What a reader does when it meets a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Asking again changes nothing.
    Stop,
    /// The same broker may answer in a moment.
    Again,
    /// Our idea of the leader is old, or the broker's is: ask for metadata, then again (P19).
    Refresh,
}

use Then::{Again, Refresh, Stop};

/// Code, name, what to do, words.
const TABLE: &[(i16, &str, Then, &str)] = &[
    (-1, "UNKNOWN_SERVER_ERROR", Stop, "the broker failed for a reason it does not tell"),
    (1, "OFFSET_OUT_OF_RANGE", Stop, "the offset is not in the log (any more)"),
    (2, "CORRUPT_MESSAGE", Again, "the log of this partition is corrupt there"),
    (3, "UNKNOWN_TOPIC_OR_PARTITION", Refresh, "this broker does not know the topic or partition"),
    (5, "LEADER_NOT_AVAILABLE", Refresh, "the partition has no leader at the moment"),
    (6, "NOT_LEADER_OR_FOLLOWER", Refresh, "the leader has moved"),
    (7, "REQUEST_TIMED_OUT", Again, "the broker gave up on the request"),
    (8, "BROKER_NOT_AVAILABLE", Refresh, "the broker is not available"),
    (9, "REPLICA_NOT_AVAILABLE", Refresh, "the replica is not available"),
    (10, "MESSAGE_TOO_LARGE", Stop, "the batch is larger than the topic takes"),
    (12, "OFFSET_METADATA_TOO_LARGE", Stop, "the metadata of the commit is larger than the broker allows"),
    (13, "NETWORK_EXCEPTION", Again, "the broker's own connection broke"),
    (14, "COORDINATOR_LOAD_IN_PROGRESS", Again, "the coordinator is still loading"),
    (15, "COORDINATOR_NOT_AVAILABLE", Again, "the coordinator is not available"),
    (16, "NOT_COORDINATOR", Again, "the coordinator has moved"),
    (17, "INVALID_TOPIC_EXCEPTION", Stop, "this is no legal topic name"),
    (18, "RECORD_LIST_TOO_LARGE", Stop, "the batch is larger than a segment of the log"),
    (19, "NOT_ENOUGH_REPLICAS", Again, "fewer replicas are in sync than the topic wants"),
    (20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", Again, "it was appended, and fewer replicas have it than the topic wants"),
    (21, "INVALID_REQUIRED_ACKS", Stop, "the broker does not take this number of acknowledgements"),
    (22, "ILLEGAL_GENERATION", Stop, "the group has members of a newer generation"),
    (24, "INVALID_GROUP_ID", Stop, "this is no legal group id"),
    (25, "UNKNOWN_MEMBER_ID", Stop, "the group has members: only they may commit"),
    (27, "REBALANCE_IN_PROGRESS", Stop, "the group has members that are rebalancing"),
    (29, "TOPIC_AUTHORIZATION_FAILED", Stop, "not authorised for this topic"),
    (30, "GROUP_AUTHORIZATION_FAILED", Stop, "not authorised for this group"),
    (31, "CLUSTER_AUTHORIZATION_FAILED", Stop, "not authorised for this on the cluster"),
    (32, "INVALID_TIMESTAMP", Stop, "the time is further from the broker's clock than the topic takes"),
    (33, "UNSUPPORTED_SASL_MECHANISM", Stop, "the broker does not offer this SASL mechanism"),
    (34, "ILLEGAL_SASL_STATE", Stop, "the listener wants SASL authentication first"),
    (35, "UNSUPPORTED_VERSION", Stop, "the broker does not support this version of the request"),
    (36, "TOPIC_ALREADY_EXISTS", Stop, "a topic of this name exists"),
    (37, "INVALID_PARTITIONS", Stop, "the number of partitions is not valid"),
    (38, "INVALID_REPLICATION_FACTOR", Stop, "the replication factor is not possible here"),
    (41, "NOT_CONTROLLER", Refresh, "this broker is not the controller"),
    (42, "INVALID_REQUEST", Stop, "the broker calls the request invalid"),
    (43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", Stop, "the message format of this topic is too old for it"),
    (44, "POLICY_VIOLATION", Stop, "a policy of the cluster forbids it"),
    (45, "OUT_OF_ORDER_SEQUENCE_NUMBER", Stop, "the broker has lost count of this producer"),
    (46, "DUPLICATE_SEQUENCE_NUMBER", Stop, "the broker has this batch already"),
    (47, "INVALID_PRODUCER_EPOCH", Stop, "the broker has a newer epoch of this producer"),
    (48, "INVALID_TXN_STATE", Stop, "the transaction is not in a state for that"),
    (49, "INVALID_PRODUCER_ID_MAPPING", Stop, "the broker does not know this producer"),
    (51, "CONCURRENT_TRANSACTIONS", Again, "another request of this producer is under way"),
    (53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", Stop, "not authorised for this transactional id"),
    (56, "KAFKA_STORAGE_ERROR", Refresh, "the disk of this replica is offline"),
    (58, "SASL_AUTHENTICATION_FAILED", Stop, "authentication failed"),
    (59, "UNKNOWN_PRODUCER_ID", Stop, "the broker has forgotten this producer"),
    (68, "NON_EMPTY_GROUP", Stop, "the group has members"),
    (69, "GROUP_ID_NOT_FOUND", Stop, "no such group"),
    (70, "FETCH_SESSION_ID_NOT_FOUND", Again, "the broker forgot the fetch session"),
    (71, "INVALID_FETCH_SESSION_EPOCH", Again, "the fetch session is out of step"),
    (72, "LISTENER_NOT_FOUND", Refresh, "the leader has no listener of the kind we came in by"),
    (74, "FENCED_LEADER_EPOCH", Refresh, "our idea of the leader is older than the broker's"),
    (75, "UNKNOWN_LEADER_EPOCH", Refresh, "the broker's idea of the leader is older than ours"),
    (76, "UNSUPPORTED_COMPRESSION_TYPE", Stop, "the topic's compression needs a newer fetch than this broker offers"),
    (77, "STALE_BROKER_EPOCH", Refresh, "the broker is being restarted"),
    (78, "OFFSET_NOT_AVAILABLE", Again, "the new leader is settling: its high watermark has not caught up"),
    (86, "GROUP_SUBSCRIBED_TO_TOPIC", Stop, "members of the group subscribe to this topic"),
    (87, "INVALID_RECORD", Stop, "the broker takes no such record"),
    (88, "UNSTABLE_OFFSET_COMMIT", Again, "a transactional commit of the group is pending"),
    (89, "THROTTLING_QUOTA_EXCEEDED", Again, "a quota is used up"),
    (90, "PRODUCER_FENCED", Stop, "there is a newer producer of this id"),
    (91, "RESOURCE_NOT_FOUND", Stop, "not found"),
    (92, "DUPLICATE_RESOURCE", Stop, "named twice"),
    (94, "INCONSISTENT_VOTER_SET", Stop, "the controllers disagree about their voters"),
    (97, "SNAPSHOT_NOT_FOUND", Stop, "no such snapshot"),
    (99, "DUPLICATE_BROKER_REGISTRATION", Stop, "a broker of this id is registered already"),
    (100, "UNKNOWN_TOPIC_ID", Refresh, "this broker does not know the topic's id: deleted, or news to it"),
    (102, "BROKER_ID_NOT_REGISTERED", Stop, "no broker of this id is registered"),
    (103, "INCONSISTENT_TOPIC_ID", Refresh, "the topic's id in the log is another one: deleted and made again"),
    (106, "FETCH_SESSION_TOPIC_ID_ERROR", Again, "the fetch session mixes topic names and ids"),
    (109, "OFFSET_MOVED_TO_TIERED_STORAGE", Stop, "the offset is in tiered storage"),
    (110, "FENCED_MEMBER_EPOCH", Stop, "the group has members of another epoch"),
    (111, "UNRELEASED_INSTANCE_ID", Stop, "another member has this instance id"),
    (113, "STALE_MEMBER_EPOCH", Stop, "the group has members of a newer epoch"),
    (115, "UNSUPPORTED_ENDPOINT_TYPE", Stop, "this endpoint is not of the kind that was asked"),
    (119, "UNKNOWN_CONTROLLER_ID", Stop, "no such controller"),
    (129, "REBOOTSTRAP_REQUIRED", Refresh, "the cluster asks clients to start from their bootstrap addresses again"),
];

impl ErrorCode {
    /// `None` for 0, which is success.
    pub fn of(code: i16) -> Option<Self> {
        (code != 0).then_some(Self(code))
    }

    fn row(self) -> Option<&'static (i16, &'static str, Then, &'static str)> {
        TABLE.iter().find(|row| row.0 == self.0)
    }

    /// Kafka's name of it, "UNKNOWN" for a code this release has no row for.
    pub fn name(self) -> &'static str {
        self.row().map_or("UNKNOWN", |row| row.1)
    }

    /// What it means, in plain words.
    pub fn words(self) -> &'static str {
        self.row().map_or("an error that this release of kscope does not know", |row| row.3)
    }

    /// Whether asking again may help, after fresh metadata or not.
    pub fn is_retriable(self) -> bool {
        self.row().is_some_and(|row| row.2 != Stop)
    }

    /// Whether metadata should be asked for before the next try (P19).
    pub fn needs_refresh(self) -> bool {
        self.row().is_some_and(|row| row.2 == Refresh)
    }

    /// The right that is missing, when this is what it says, for a question that takes this operation.
    pub fn lacks(self, needed: Operation) -> Option<Right> {
        match self.0 {
            29 => Some(needed.on(Resource::Topic)),
            30 => Some(needed.on(Resource::Group)),
            31 => Some(needed.on(Resource::Cluster)),
            _ => None,
        }
    }

    /// As a failure of the question about `subject`, which takes this operation.
    pub fn failure(self, what: &'static str, subject: &str, needed: Operation, message: Option<&str>) -> Failure {
        match self.lacks(needed) {
            Some(right) => right.denied(what, subject),
            None => Failure::new(what, self.cause(Some(subject), message)),
        }
    }

    /// As the cause of a failure about `subject` ("topic orders", "partition 3 of topic orders").
    pub fn cause(self, subject: Option<&str>, message: Option<&str>) -> Cause {
        match (self.0, subject) {
            (3 | 69 | 100 | 103, Some(subject)) => Cause::NotFound(Foreign::new(subject)),
            (29 | 30, Some(subject)) => Cause::NotAuthorised(Foreign::new(subject)),
            (30 | 31 | 58, _) => Cause::NotAuthorised(Foreign::new(self.words())),
            _ => Cause::Kafka { code: self.0, name: self.name(), message: Some(Foreign::new(message.unwrap_or(self.words()))) },
        }
    }
}

/// Why one partition of a question that went to many has no answer.
#[derive(Debug, Clone)]
pub enum PartitionError {
    /// Kafka's answer for it.
    Kafka(ErrorCode),
    /// An ACL is missing.
    Denied(Right),
    /// No broker leads it now (P21).
    NoLeader,
    /// Its leader's release does not offer this question.
    NotOffered,
    /// Its leader could not be asked or did not answer.
    NoAnswer(Arc<Failure>),
}

impl PartitionError {
    /// What is answered to a question that takes this operation: the code tells on what it was refused.
    pub fn of(code: ErrorCode, needed: Operation) -> Self {
        code.lacks(needed).map_or(Self::Kafka(code), Self::Denied)
    }

    /// As the reason of an unknown figure.
    pub fn why(&self) -> Why {
        match self {
            Self::Denied(right) => Why::Denied(*right),
            Self::Kafka(code) => Why::Error(Foreign::new(code.words())),
            Self::NoLeader => Why::NoLeader,
            Self::NotOffered => Why::NotOffered,
            Self::NoAnswer(failure) => failure.advertised().map_or(Why::NoAnswer, |words| Why::Error(Foreign::new(words))),
        }
    }

    /// In words, with Kafka's own name behind. Parts may be foreign: for [`crate::text::Shown::of`].
    pub fn sentence(&self) -> String {
        match self {
            Self::Kafka(code) => format!("{} ({} {})", code.words(), code.name(), code.0),
            Self::Denied(right) => format!("not authorised: {}", right.words()),
            Self::NoLeader => "no leader".to_owned(),
            Self::NotOffered => "not offered by this broker".to_owned(),
            Self::NoAnswer(failure) => match failure.attempts.last() {
                Some(last) => format!("{}: {}", last.address.raw(), last.result.raw()),
                None => failure.sentence(),
            },
        }
    }

    /// As a failure of the whole question about `subject`, a topic or a partition of it.
    pub fn failure(&self, what: &'static str, subject: &str) -> Failure {
        match self {
            Self::Kafka(code) => Failure::new(what, code.cause(Some(subject), None)),
            Self::Denied(right) => right.denied(what, subject),
            Self::NoLeader => Failure::new(what, ErrorCode(5).cause(None, Some(&format!("{subject} has no leader at the moment")))),
            Self::NotOffered => Failure::new(what, Cause::NotOffered("this question")),
            Self::NoAnswer(failure) => Failure { what, ..Failure::clone(failure) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_protocol_crate_that_a_reader_retries_is_retried_here() {
        use kafka_protocol::error::ResponseError;
        // What the crate calls retriable and a reader of ours never meets: produce, transactions, quorum, elections, log dirs.
        let elsewhere = |code: i16| matches!(code, 10..=28 | 47..=55 | 57 | 60..=69 | 79..=88 | 90 | 93..=96 | 101 | 107..=133);
        for code in -1..134_i16 {
            let Some(theirs) = ResponseError::try_from_code(code) else { continue };
            let ours = ErrorCode(code);
            if theirs.is_retriable() && !elsewhere(code) {
                assert!(ours.is_retriable(), "{code} {theirs:?}");
            }
        }
        assert!(!ErrorCode(1).is_retriable() && !ErrorCode(29).is_retriable() && !ErrorCode(999).is_retriable());
    }

    #[test]
    fn rows_are_in_order_and_only_once() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(ErrorCode::of(0), None);
        assert_eq!(ErrorCode(999).name(), "UNKNOWN");
    }
}

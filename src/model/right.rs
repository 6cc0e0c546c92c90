//! What an ACL allows, and on what: named wherever a broker refuses, so that one knows what to ask for.

use super::{Cause, Failure, Foreign};

/// What is done (`org.apache.kafka.common.acl.AclOperation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Names, leaders, offsets, members; implied by `Read`, `Write`, `Delete` and `Alter`.
    Describe,
    DescribeConfigs,
    Read,
    /// Records; with it, idempotent producers since 2.8 (KIP-679).
    Write,
    Delete,
}

/// To what (`org.apache.kafka.common.resource.ResourceType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    Topic,
    Group,
    Cluster,
}

/// An operation on a kind of resource. Which one is said by the place where it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    pub operation: Operation,
    pub resource: Resource,
}

impl Operation {
    /// As Kafka's own tools write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Describe => "DESCRIBE",
            Self::DescribeConfigs => "DESCRIBE_CONFIGS",
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::Delete => "DELETE",
        }
    }

    pub fn on(self, resource: Resource) -> Right {
        Right { operation: self, resource }
    }
}

impl Resource {
    pub fn word(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Group => "group",
            Self::Cluster => "cluster",
        }
    }
}

impl Right {
    /// "DESCRIBE on the cluster".
    pub fn words(self) -> String {
        format!("{} on the {}", self.operation.name(), self.resource.word())
    }

    /// The failure of who does not have it on `subject`: "topic orders". The cluster is one alone and needs no name.
    pub fn denied(self, what: &'static str, subject: &str) -> Failure {
        let name = self.operation.name();
        let on = if self.resource == Resource::Cluster { "the cluster" } else { subject };
        let hint = format!(
            "an ACL has to allow {name} on it to who you come as: User:NAME with SASL, the subject of your certificate with TLS, User:ANONYMOUS without either"
        );
        Failure::new(what, Cause::NotAuthorised(Foreign::new(format!("{name} on {on}")))).hint(hint)
    }
}

/// What we may do on the cluster as a whole, as a broker tells it (KIP-430): one bit per operation, numbered as in `AclOperation`.
/// Without an authorizer it is everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterRights(u32);

impl ClusterRights {
    /// `None`: the broker did not tell (it says so by the least number, and before 2.3 by nothing at all).
    pub fn of(bits: i32) -> Option<Self> {
        u32::try_from(bits).ok().map(Self)
    }

    /// Operations of the cluster that kscope has to do with: the bit, and Kafka's name.
    pub const NAMED: [(u8, &'static str); 7] = [
        (8, "DESCRIBE"),
        (10, "DESCRIBE_CONFIGS"),
        (5, "CREATE"),
        (7, "ALTER"),
        (11, "ALTER_CONFIGS"),
        (12, "IDEMPOTENT_WRITE"),
        (9, "CLUSTER_ACTION"),
    ];

    pub fn has(self, bit: u8) -> bool {
        self.0 >> bit & 1 == 1
    }

    /// Whether an authorizer keeps something from us: brokers leave out of their lists, without a word, what we may not describe.
    pub fn are_limited(self) -> bool {
        !Self::NAMED.iter().all(|(bit, _)| self.has(*bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_there_is_is_no_limit_and_nothing_told_is_no_right() {
        // As Kafka 4.2 without an authorizer tells it.
        let all = ClusterRights::of(0b1_1111_1010_0000).unwrap();
        assert!(!all.are_limited());
        assert!(ClusterRights::of(0b1_0000_0000).unwrap().are_limited());
        assert_eq!(ClusterRights::of(i32::MIN), None);
    }
}

//! What a broker that let us in tells of itself, of its cluster, and of what we may do there.

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    self as kp, DescribeClusterRequest, DescribeGroupsRequest, ListGroupsRequest, MetadataRequest, MetadataResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::super::error::ErrorCode;
use super::super::fault::Fault;
use super::super::settings::Address;
use super::super::wire::{Call, DescribeCluster, DescribeGroups, ListGroups, Metadata, SPOKEN, Spoken};
use super::{Host, WHAT};
use crate::model::{BrokerId, ClusterId, ClusterRights, Failure, GroupId, Step, TopicName};

/// From this version on rights on topics are told, and from it to [`CLUSTER_RIGHTS_END`] those on the cluster (KIP-430,
/// KIP-700).
const RIGHTS_FIRST: i16 = 8;
const CLUSTER_RIGHTS_END: i16 = 10;
/// DescribeGroups tells rights from here on (KIP-430).
const GROUP_RIGHTS_FIRST: i16 = 3;
/// `Integer.MIN_VALUE` stands for rights that were not told.
const UNTOLD: i32 = i32::MIN;

/// What may be done with a topic or a group (`org.apache.kafka.common.acl.AclOperation`), as far as kscope does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) enum Right {
    Read,
    Write,
    Describe,
    DescribeConfigs,
}

impl Right {
    /// As Kafka's tools write it.
    pub(in crate::io) fn name(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::Describe => "DESCRIBE",
            Self::DescribeConfigs => "DESCRIBE_CONFIGS",
        }
    }

    /// Its place in the field of bits.
    fn code(self) -> u8 {
        match self {
            Self::Read => 3,
            Self::Write => 4,
            Self::Describe => 8,
            Self::DescribeConfigs => 10,
        }
    }
}

/// What we may do with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) struct Rights(i32);

impl Rights {
    /// `None`: the broker did not tell.
    fn of(bits: i32) -> Option<Self> {
        (bits != UNTOLD).then_some(Self(bits))
    }

    pub(in crate::io) fn allow(self, right: Right) -> bool {
        (self.0 >> right.code()) & 1 == 1
    }
}

/// The cluster, as one broker tells it.
#[derive(Debug)]
pub(in crate::io) struct There {
    pub(in crate::io) id: Option<ClusterId>,
    pub(in crate::io) controller: Option<BrokerId>,
    /// Where each broker is said to be; `None`: that is no address.
    pub(in crate::io) brokers: Vec<(BrokerId, Option<Address>)>,
    /// On the cluster; `None`: not told.
    pub(in crate::io) rights: Option<ClusterRights>,
}

/// A topic that we may see.
#[derive(Debug)]
pub(in crate::io) struct Topic {
    pub(in crate::io) name: TopicName,
    pub(in crate::io) rights: Option<Rights>,
}

/// A group that this broker coordinates.
#[derive(Debug)]
pub(in crate::io) struct Group {
    pub(in crate::io) id: GroupId,
    pub(in crate::io) rights: Option<Rights>,
}

impl Host {
    /// The release that its versions suggest.
    pub(in crate::io) fn release(&self) -> Option<&'static str> {
        self.connection.release()
    }

    /// The requests that we know and it does not offer in any version that we speak.
    pub(in crate::io) fn missing(&self) -> Vec<&'static Spoken> {
        let offered =
            |spoken: &Spoken| self.connection.range(spoken.key).is_some_and(|(min, max)| min.max(spoken.min) <= max.min(spoken.max));
        SPOKEN.iter().filter(|spoken| !offered(spoken)).collect()
    }

    /// Id, controller, brokers; rights on the cluster where they are told.
    ///
    /// # Errors
    /// The broker refused or did not answer.
    pub(in crate::io) async fn cluster(&self) -> Result<There, Failure> {
        let answer = self.metadata(Some(Vec::new()), false).await?;
        let told = ClusterRights::of(answer.cluster_authorized_operations);
        let rights = match told {
            Some(rights) => Some(rights),
            None => self.cluster_rights().await,
        };
        let advertised = |b: &kp::metadata_response::MetadataResponseBroker| (BrokerId(b.node_id.0), Address::advertised(&b.host, b.port));
        let mut brokers: Vec<_> = answer.brokers.iter().map(advertised).collect();
        brokers.sort_unstable_by_key(|(id, _)| *id);
        Ok(There {
            id: answer.cluster_id.as_ref().map(|id| ClusterId::new(id.as_str())),
            controller: Some(BrokerId(answer.controller_id.0)).filter(|id| id.0 >= 0),
            brokers,
            rights,
        })
    }

    /// A broker that does not tell is no failure: then nobody knows.
    async fn cluster_rights(&self) -> Option<ClusterRights> {
        self.connection.version::<DescribeCluster>().ok()?;
        let request = DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
        let answer = self.connection.call::<DescribeCluster>(|_| request).await.ok()?;
        if ErrorCode::of(answer.error_code).is_some() { None } else { ClusterRights::of(answer.cluster_authorized_operations) }
    }

    /// The names of all topics that we may see, internal ones last.
    ///
    /// # Errors
    /// The broker refused or did not answer.
    pub(in crate::io) async fn topic_names(&self) -> Result<Vec<TopicName>, Failure> {
        let answer = self.metadata(None, false).await?;
        let mut found: Vec<(bool, TopicName)> = answer
            .topics
            .iter()
            .filter(|topic| ErrorCode::of(topic.error_code).is_none())
            .filter_map(|topic| Some((topic.is_internal, TopicName::new(topic.name.as_ref()?.as_str()))))
            .collect();
        found.sort_unstable();
        Ok(found.into_iter().map(|(_internal, name)| name).collect())
    }

    /// What we may do with these topics. One that is gone by now is left out.
    ///
    /// # Errors
    /// The broker refused or did not answer.
    pub(in crate::io) async fn topic_rights(&self, names: &[TopicName]) -> Result<Vec<Topic>, Failure> {
        let named =
            |name: &TopicName| MetadataRequestTopic::default().with_name(Some(kp::TopicName(StrBytes::from_string(name.raw().to_owned()))));
        let answer = self.metadata(Some(names.iter().map(named).collect()), true).await?;
        let told = answer.topics.iter().filter(|topic| ErrorCode::of(topic.error_code).is_none()).filter_map(|topic| {
            let name = TopicName::new(topic.name.as_ref()?.as_str());
            Some(Topic { name, rights: Rights::of(topic.topic_authorized_operations) })
        });
        Ok(told.collect())
    }

    /// Metadata: never creating; rights are asked for where the version has them.
    async fn metadata(&self, topics: Option<Vec<MetadataRequestTopic>>, rights: bool) -> Result<MetadataResponse, Failure> {
        let of_cluster = topics.as_ref().is_some_and(Vec::is_empty);
        let answered = async {
            let newest = self.connection.version::<Metadata>()?;
            // The newest that tells rights on the cluster, where the broker has no other request for it.
            let older = of_cluster && self.connection.version::<DescribeCluster>().is_err();
            let floor = self.connection.range(Metadata::KEY).map_or(newest, |(min, _)| min.max(Metadata::MIN));
            let version = if older { newest.min(CLUSTER_RIGHTS_END.max(floor)) } else { newest };
            let request = MetadataRequest::default()
                .with_topics(topics)
                .with_allow_auto_topic_creation(false)
                .with_include_topic_authorized_operations(rights && version >= RIGHTS_FIRST)
                .with_include_cluster_authorized_operations(of_cluster && (RIGHTS_FIRST..=CLUSTER_RIGHTS_END).contains(&version));
            let frame = self.connection.send::<Metadata>(version, &request, self.connection.plain_terms())?.frame().await?;
            let answer = self.connection.decode::<Metadata>(version, frame)?;
            self.checked(answer.error_code).map(|()| answer)
        };
        answered.await.map_err(|fault| fault.into_failure(WHAT))
    }

    fn checked(&self, code: i16) -> Result<(), Fault> {
        let refused = |code: ErrorCode| Fault::new(code.cause(None, None), self.connection.address(), Step::Request, code.words());
        ErrorCode::of(code).map_or(Ok(()), |code| Err(refused(code)))
    }

    /// The groups that this broker coordinates and that we may see.
    ///
    /// # Errors
    /// The broker refused, did not answer, or does not offer the question.
    pub(in crate::io) async fn group_ids(&self) -> Result<Vec<GroupId>, Failure> {
        let answered = async {
            let answer = self.connection.call::<ListGroups>(|_| ListGroupsRequest::default()).await?;
            self.checked(answer.error_code).map(|()| answer)
        };
        let answer = answered.await.map_err(|fault| fault.into_failure(WHAT))?;
        let mut found: Vec<GroupId> = answer.groups.iter().map(|group| GroupId::new(group.group_id.as_str())).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// What we may do with these groups, where it is told: only of those that are not of a newer kind.
    ///
    /// # Errors
    /// The broker refused, did not answer, or does not offer the question.
    pub(in crate::io) async fn group_rights(&self, groups: &[GroupId]) -> Result<Vec<Group>, Failure> {
        let groups = groups.iter().map(|id| kp::GroupId(StrBytes::from_string(id.raw().to_owned()))).collect();
        let request = |version: i16| {
            DescribeGroupsRequest::default().with_groups(groups).with_include_authorized_operations(version >= GROUP_RIGHTS_FIRST)
        };
        let answer = self.connection.call::<DescribeGroups>(request).await.map_err(|fault| fault.into_failure(WHAT))?;
        let told = answer.groups.iter().filter(|group| ErrorCode::of(group.error_code).is_none());
        Ok(told.map(|group| Group { id: GroupId::new(group.group_id.as_str()), rights: Rights::of(group.authorized_operations) }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_bits_by_the_code_of_the_operation() {
        let some = Rights::of((1 << 3) | (1 << 8) | (1 << 10)).unwrap();
        assert!(some.allow(Right::Read) && some.allow(Right::Describe) && some.allow(Right::DescribeConfigs) && !some.allow(Right::Write));
        assert_eq!(Rights::of(i32::MIN), None, "what was not told is not none");
        assert!(!Rights::of(0).unwrap().allow(Right::Describe));
    }
}

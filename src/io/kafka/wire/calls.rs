//! The requests that are ever sent, and in which versions. To add one: a row in `calls!`.

use kafka_protocol::messages as kp;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message};

/// One kind of request and its answer.
pub(in crate::io::kafka) trait Call {
    const KEY: i16;
    const NAME: &'static str;
    /// The versions that we speak: what the encoder of the request and the decoder of the answer share (P3).
    const MIN: i16;
    const MAX: i16;
    /// From this version on the answer starts with its throttle time (KIP-219).
    const THROTTLE_FIRST: i16;
    type Request: Encodable + HeaderVersion;
    type Response: Decodable + HeaderVersion;
}

/// A request of Kafka's protocol and the versions that we send it in.
#[derive(Debug, Clone, Copy)]
pub struct Spoken {
    pub name: &'static str,
    pub key: i16,
    pub min: i16,
    pub max: i16,
}

const fn larger(a: i16, b: i16) -> i16 {
    if a > b { a } else { b }
}

const fn smaller(a: i16, b: i16) -> i16 {
    if a < b { a } else { b }
}

/// `Name(key): Request => Response, lowest version we want, first version that starts with the throttle time`.
macro_rules! calls {
    ($($name:ident($key:literal): $request:ident => $response:ident, from $min:literal, throttle from $throttle:literal;)*) => {
        $(
        #[derive(Debug)]
        pub(in crate::io::kafka) struct $name;

        impl Call for $name {
            const KEY: i16 = $key;
            const NAME: &'static str = stringify!($name);
            const MIN: i16 = larger($min, larger(kp::$request::VERSIONS.min, kp::$response::VERSIONS.min));
            const MAX: i16 = smaller(kp::$request::VERSIONS.max, kp::$response::VERSIONS.max);
            const THROTTLE_FIRST: i16 = $throttle;
            type Request = kp::$request;
            type Response = kp::$response;
        }
        )*

        /// Every request that is ever sent.
        pub const SPOKEN: &[Spoken] =
            &[$(Spoken { name: <$name as Call>::NAME, key: $key, min: <$name as Call>::MIN, max: <$name as Call>::MAX },)*
              Raw::STREAMS_DESCRIBE.0, Raw::SHARE_STARTS.0];
    };
}

calls! {
    // Its throttle time stands behind the results, and whoever sends keeps to it. Below 3 batches are of an older format.
    Produce(0): ProduceRequest => ProduceResponse, from 3, throttle from 99;
    Fetch(1): FetchRequest => FetchResponse, from 4, throttle from 1;
    ListOffsets(2): ListOffsetsRequest => ListOffsetsResponse, from 1, throttle from 2;
    // Below 4 a broker creates what it is asked about and cannot be told not to (P18).
    Metadata(3): MetadataRequest => MetadataResponse, from 4, throttle from 3;
    // The last two of this and the next are ahead of the codec (topic ids): what both sides of it share is 9.
    OffsetCommit(8): OffsetCommitRequest => OffsetCommitResponse, from 2, throttle from 3;
    OffsetFetch(9): OffsetFetchRequest => OffsetFetchResponse, from 1, throttle from 3;
    FindCoordinator(10): FindCoordinatorRequest => FindCoordinatorResponse, from 0, throttle from 1;
    DescribeGroups(15): DescribeGroupsRequest => DescribeGroupsResponse, from 0, throttle from 1;
    ListGroups(16): ListGroupsRequest => ListGroupsResponse, from 0, throttle from 1;
    InitProducerId(22): InitProducerIdRequest => InitProducerIdResponse, from 0, throttle from 0;
    // The first that a consumer may ask with the leader's epoch (KIP-320), and what 2.1 has.
    OffsetForLeaderEpoch(23): OffsetForLeaderEpochRequest => OffsetForLeaderEpochResponse, from 2, throttle from 2;
    DescribeConfigs(32): DescribeConfigsRequest => DescribeConfigsResponse, from 1, throttle from 0;
    DescribeLogDirs(35): DescribeLogDirsRequest => DescribeLogDirsResponse, from 1, throttle from 0;
    SaslAuthenticate(36): SaslAuthenticateRequest => SaslAuthenticateResponse, from 0, throttle from 99;
    DeleteGroups(42): DeleteGroupsRequest => DeleteGroupsResponse, from 0, throttle from 0;
    ListPartitionReassignments(46): ListPartitionReassignmentsRequest => ListPartitionReassignmentsResponse, from 0, throttle from 0;
    // From 1 on the tokens that follow are requests of their own.
    SaslHandshake(17): SaslHandshakeRequest => SaslHandshakeResponse, from 1, throttle from 99;
    ApiVersions(18): ApiVersionsRequest => ApiVersionsResponse, from 0, throttle from 99;
    // Its throttle time stands behind an error code: nothing here reads it there, and the broker holds the socket anyway.
    OffsetDelete(47): OffsetDeleteRequest => OffsetDeleteResponse, from 0, throttle from 99;
    DescribeCluster(60): DescribeClusterRequest => DescribeClusterResponse, from 0, throttle from 0;
    DescribeProducers(61): DescribeProducersRequest => DescribeProducersResponse, from 0, throttle from 0;
    ConsumerGroupDescribe(69): ConsumerGroupDescribeRequest => ConsumerGroupDescribeResponse, from 0, throttle from 0;
    ShareGroupDescribe(77): ShareGroupDescribeRequest => ShareGroupDescribeResponse, from 1, throttle from 0;
    AlterShareGroupOffsets(91): AlterShareGroupOffsetsRequest => AlterShareGroupOffsetsResponse, from 0, throttle from 0;
    DeleteShareGroupOffsets(92): DeleteShareGroupOffsetsRequest => DeleteShareGroupOffsetsResponse, from 0, throttle from 0;
}

/// A request that the protocol crate has no schema for in the versions that we want. Request and answer are of a flexible version
/// (KIP-482), and the answer starts with its throttle time.
#[derive(Debug, Clone, Copy)]
pub(in crate::io::kafka) struct Raw(pub(super) Spoken);

impl Raw {
    /// KIP-1071.
    pub(in crate::io::kafka) const STREAMS_DESCRIBE: Self = Self(Spoken { name: "StreamsGroupDescribe", key: 89, min: 0, max: 0 });
    /// KIP-932; version 1 tells lag (KIP-1226).
    pub(in crate::io::kafka) const SHARE_STARTS: Self = Self(Spoken { name: "DescribeShareGroupOffsets", key: 90, min: 0, max: 1 });
    /// Header versions with tagged fields.
    pub(super) const REQUEST_HEADER: i16 = 2;
}

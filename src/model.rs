//! Plain facts about Kafka: ids, topics, records. No behaviour that waits, nothing of ours above it.
//!
//! May use std, bytes, jiff and the base64 of ids. To add a fact: a file here, public in this list.

mod chunk;
mod cluster;
mod failure;
mod group;
mod id;
mod known;
mod right;
mod setting;
mod time;
mod txn;

pub use chunk::{BatchFacts, Chunk, ChunkBuilder, Codec, Header, HeaderIter, Headers, RecordRef, TimestampType, varint};
pub use cluster::{Broker, Certificate, ClusterView, Partition, Topic, TopicError, Volume};
pub use failure::{ANSWERS, Attempt, Cause, Failure, Step};
pub use group::{Commit, GroupDescription, GroupKind, GroupListing, GroupState, Holder, Member, PartitionCommit, ShareStart, TopicCommits};
pub use id::{BrokerId, ClusterId, Foreign, GroupId, LeaderEpoch, Offset, PartitionId, ProducerId, TopicId, TopicName};
pub use known::{Known, Why};
pub use right::{ClusterRights, Operation, Resource, Right};
pub use setting::{Cleanup, Keep, Move, Setting, Source};
pub use time::Time;
pub use txn::{Outcome, TxnTable};

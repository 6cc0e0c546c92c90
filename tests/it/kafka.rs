//! Tests against a real Apache Kafka of three releases.
//!
//! [`seeded`] is the shared cluster of a release with its truth, for tests that read; [`Cluster::start`] makes one of the
//! test's own, for tests that kill and freeze (take [`serial`] first). Both give `None` when tests on a real Kafka are
//! skipped here: then the test returns. To add a kind of data, see `topics.rs`.

mod armed;
mod batch;
mod cluster;
mod connection;
mod figures;
mod fixture;
mod frozen;
mod groups;
mod kinds;
mod ndjson;
mod numbers;
mod produce;
mod resets;
mod secured;
mod seed;
mod streams;
mod tail;
mod texts;
mod topics;
mod truth;
mod writer;

pub(crate) use batch::{Codec, encode, record};
pub(crate) use cluster::{Cluster, Plan, Release, serial, tool};
pub(crate) use connection::Connection;
pub(crate) use groups::{commit, commit_all};
pub(crate) use ndjson::{Line, parse};
pub(crate) use numbers::Numbers;
pub(crate) use secured::{Secured, secured};
pub(crate) use seed::{Seeded, seeded};
pub(crate) use truth::Written;
pub(crate) use writer::{On, Point, Right, Transaction, Writer};

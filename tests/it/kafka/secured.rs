//! One cluster with a listener for each way in: TLS, mTLS, SASL by each mechanism, certificates that nobody should believe, and
//! sessions that last two seconds.

use std::path::PathBuf;
use std::sync::OnceLock;

use kafka_protocol::messages::AlterUserScramCredentialsRequest;
use kafka_protocol::messages::alter_user_scram_credentials_request::ScramCredentialDeletion;
use kafka_protocol::protocol::StrBytes;

use super::batch::Codec;
use super::cluster::{Cluster, Plan, Release};
use super::connection::Connection;
use super::writer::Writer;
use super::{Point, record};

/// The topic that is there, with two records.
const TOPIC: &str = "orders";

/// See the module.
#[derive(Debug)]
pub(crate) struct Secured {
    pub(crate) cluster: Cluster,
}

/// The cluster, started by the first test that asks; `None` when tests on a real Kafka are skipped.
pub(crate) fn secured() -> Option<&'static Secured> {
    static SHARED: OnceLock<Option<Secured>> = OnceLock::new();
    let start = || {
        let cluster = Cluster::start(Plan { secure: true, ..Plan::one(Release::V4_2) })?;
        let mut writer = Writer::connect(&cluster.internal);
        writer.create(TOPIC, 1, 1, &[]);
        writer.append(TOPIC, 0, Codec::None, &[record("one"), record("two")]);
        assert_eq!(writer.offset(TOPIC, 0, Point::End), 2);
        Some(Secured { cluster })
    };
    SHARED.get_or_init(start).as_ref()
}

impl Secured {
    /// host:port of a listener of `tests/kafka/security.py`.
    pub(crate) fn at(&self, listener: &str) -> &str {
        &self.cluster.secured[listener]
    }

    /// A file beside the certificates.
    pub(crate) fn tls(&self, name: &str) -> PathBuf {
        self.cluster.folder.join("tls").join(name)
    }

    pub(crate) fn writer(&self) -> Writer {
        Writer::connect(&self.cluster.internal)
    }

    /// The user has no password of SCRAM-SHA-256 any more.
    pub(crate) fn forget_user(&self, name: &str) {
        let gone = ScramCredentialDeletion::default().with_name(StrBytes::from_string(name.to_owned())).with_mechanism(1);
        let request = AlterUserScramCredentialsRequest::default().with_deletions(vec![gone]);
        let answer = Connection::open(&self.cluster.internal[0]).call(0, &request);
        assert!(answer.results.iter().all(|result| result.error_code == 0), "{answer:?}");
    }
}

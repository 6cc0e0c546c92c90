//! ApiVersions: what the broker at the other end of this very socket speaks (P1, P2).
//!
//! The answer is decoded here and not by the protocol crate: a stranger may send it before anything is proven, and
//! nothing may be allocated by a count that it claims. A new release is one row of `RELEASES`.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};
use kafka_protocol::messages::ApiVersionsRequest;
use kafka_protocol::protocol::StrBytes;

use super::frame::{skip_tags, unsigned_varint};
use super::{ApiVersions, Call, Connection};
use crate::io::kafka::error::ErrorCode;
use crate::io::kafka::fault::Fault;
use crate::model::{Cause, Step};

/// The lowest and highest version that a broker speaks, by API key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::io::kafka) struct Versions {
    ranges: BTreeMap<i16, (i16, i16)>,
}

/// A release by an API and the version that it was the first to offer; newest first. Read from the brokers themselves
/// where they could be run (4.2, 3.9, 2.8, 2.0), from the release notes' KIPs otherwise.
const RELEASES: &[(&str, i16, i16)] = &[
    ("4.2", 2, 11),
    ("4.1", 1, 18),
    ("4.0", 2, 10),
    ("3.9", 1, 17),
    ("3.8", 66, 1),
    ("3.7", 1, 16),
    ("3.6", 24, 4),
    ("3.5", 1, 15),
    ("3.3", 35, 4),
    ("3.2", 35, 3),
    ("3.1", 1, 13),
    ("3.0", 2, 7),
    ("2.8", 2, 6),
    ("2.7", 1, 12),
    ("2.6", 16, 4),
    ("2.5", 9, 7),
    ("2.4", 18, 3),
    ("2.3", 1, 11),
    ("2.2", 2, 5),
    ("2.1", 1, 10),
    ("2.0", 1, 8),
    ("1.1", 1, 7),
];

impl Versions {
    /// The highest version within both ranges (P3).
    pub(super) fn pick(&self, key: i16, min: i16, max: i16) -> Option<i16> {
        let &(theirs_min, theirs_max) = self.ranges.get(&key)?;
        let version = max.min(theirs_max);
        (version >= min && version >= theirs_min).then_some(version)
    }

    /// The lowest and highest version of an API.
    pub(super) fn range(&self, key: i16) -> Option<(i16, i16)> {
        self.ranges.get(&key).copied()
    }

    /// The release that these versions suggest.
    pub(super) fn release(&self) -> Option<&'static str> {
        let offers = |key: i16, version: i16| self.ranges.get(&key).is_some_and(|range| range.1 >= version);
        RELEASES.iter().find(|&&(_, key, version)| offers(key, version)).map(|release| release.0)
    }
}

/// Error code and table of an answer. `None`: it does not follow its format.
fn parse(mut bytes: Bytes, version: i16) -> Option<(i16, Versions)> {
    let error = bytes.try_get_i16().ok()?;
    // Error 35 comes with a v0 body whatever was asked (KIP-511).
    let version = if error == 35 { 0 } else { version };
    let flexible = version >= 3;
    let count = if flexible { unsigned_varint(&mut bytes)?.checked_sub(1)? } else { u32::try_from(bytes.try_get_i32().ok()?).ok()? };
    let mut ranges = BTreeMap::new();
    for _ in 0..count {
        let key = bytes.try_get_i16().ok()?;
        let range = (bytes.try_get_i16().ok()?, bytes.try_get_i16().ok()?);
        if flexible {
            skip_tags(&mut bytes)?;
        }
        ranges.insert(key, range);
    }
    if version >= 1 {
        bytes.try_get_i32().ok()?;
    }
    if flexible {
        skip_tags(&mut bytes)?;
    }
    (!bytes.has_remaining()).then_some((error, Versions { ranges }))
}

/// Asks a fresh connection for its table: our newest version first, then what an older broker can answer, at most twice.
pub(super) async fn negotiate(connection: &Connection) -> Result<Versions, Fault> {
    // 4 only changes what an answer says about features, which nothing here reads.
    let first = 3;
    let (error, table) = ask(connection, first).await?;
    if error == 0 {
        return Ok(table);
    }
    if error != 35 {
        return Err(refused(connection, error));
    }
    let second = table.pick(ApiVersions::KEY, 0, first - 1).unwrap_or(0);
    match ask(connection, second).await? {
        (0, table) => Ok(table),
        (error, _) => Err(refused(connection, error)),
    }
}

fn refused(connection: &Connection, error: i16) -> Fault {
    let code = ErrorCode(error);
    let cause = Cause::Kafka { code: error, name: code.name(), message: None };
    Fault::new(cause, connection.address(), Step::ApiVersions, code.words())
}

async fn ask(connection: &Connection, version: i16) -> Result<(i16, Versions), Fault> {
    let frame = connection.send::<ApiVersions>(version, &request(version), connection.plain_terms())?.frame().await?;
    parse(frame.bytes, version)
        .ok_or_else(|| connection.poison(Fault::garbled(connection.address(), "the first answer is not one of a Kafka broker")))
}

/// Name and version of the software are known to brokers from version 3 on (KIP-511).
fn request(version: i16) -> ApiVersionsRequest {
    let request = ApiVersionsRequest::default();
    if version < 3 {
        return request;
    }
    request
        .with_client_software_name(StrBytes::from_static_str("kscope"))
        .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::ApiVersionsResponse;
    use kafka_protocol::messages::api_versions_response::ApiVersion;
    use kafka_protocol::protocol::Encodable;

    use super::*;

    fn answer(error: i16, version: i16) -> Bytes {
        let range = |key, min, max| ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max);
        let response =
            ApiVersionsResponse::default().with_error_code(error).with_api_keys(vec![range(1, 4, 17), range(18, 0, 4), range(2, 1, 9)]);
        let mut bytes = BytesMut::new();
        response.encode(&mut bytes, version).unwrap();
        bytes.freeze()
    }

    #[test]
    fn every_version_of_the_answer_is_read_as_the_protocol_crate_writes_it() {
        for version in 0..=4 {
            let (error, table) = parse(answer(0, version), version).unwrap();
            assert_eq!((error, table.pick(1, 4, 18), table.release()), (0, Some(17), Some("3.9")), "v{version}");
        }
    }

    #[test]
    fn error_35_comes_with_the_oldest_body() {
        let (error, table) = parse(answer(35, 0), 3).unwrap();
        assert_eq!((error, table.pick(18, 0, 2)), (35, Some(2)));
        assert_eq!(parse(Bytes::from_static(&[0, 35, 0, 0, 0, 0]), 3).unwrap(), (35, Versions::default()));
    }

    #[test]
    fn no_common_version_is_none() {
        let (_, table) = parse(answer(0, 3), 3).unwrap();
        assert_eq!((table.pick(1, 0, 3), table.pick(1, 18, 20), table.pick(99, 0, 9)), (None, None, None));
    }

    #[test]
    fn a_claimed_count_allocates_nothing() {
        assert!(parse(Bytes::from_static(&[0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 1]), 0).is_none());
        assert!(parse(Bytes::from_static(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1]), 3).is_none());
    }

    #[test]
    fn cut_or_longer_answers_are_refused() {
        for version in 0..=3 {
            let whole = answer(0, version);
            for end in 0..whole.len() {
                assert!(parse(whole.slice(..end), version).is_none(), "v{version} cut at {end}");
            }
            let mut longer = BytesMut::from(&whole[..]);
            longer.extend_from_slice(&[0]);
            assert!(parse(longer.freeze(), version).is_none());
        }
    }

    #[test]
    fn our_request_encodes_at_every_version() {
        for version in 0..=4 {
            request(version).encode(&mut BytesMut::new(), version).unwrap();
        }
    }
}

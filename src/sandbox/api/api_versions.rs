//! ApiVersions: what this broker speaks. An unknown version is answered in version 0 with error 35 (KIP-511).

use kafka_protocol::messages::ApiVersionsResponse;
use kafka_protocol::messages::api_versions_response::ApiVersion;

use super::{Asked, OFFERED, code};

const NEWEST: i16 = 4;

/// The version of the answer to a request of this version.
pub(super) fn version(asked: i16) -> i16 {
    if asked > NEWEST { 0 } else { asked }
}

pub(super) fn answer(asked: &Asked<'_>) -> ApiVersionsResponse {
    let unsupported = (asked.version > NEWEST).then_some(code::UNSUPPORTED_VERSION);
    let range = |(key, min, max)| ApiVersion::default().with_api_key(key as i16).with_min_version(min).with_max_version(max);
    ApiVersionsResponse::default()
        .with_error_code(asked.error.or(unsupported).unwrap_or(0))
        .with_api_keys(asked.cluster.hooks.offered(&OFFERED).into_iter().map(range).collect())
        .with_throttle_time_ms(asked.throttle_ms)
}

//! Faults that are injected, and strangers at the door.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{Buf, Bytes};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, RequestHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use kscope::sandbox::{ApiKey, Fault, Injection, Options};

use super::{bootstrap, start, still};
use crate::run::{Running, kscope};

#[test]
fn whatever_befalls_a_fetch_every_record_is_read_once() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    let read = || {
        let lines = kscope(&["tail", "-b", &address, "--from", "earliest", "--until", "now", "-o", "ndjson", "orders"]).ok();
        let mut lines: Vec<String> = lines.lines().into_iter().map(str::to_owned).collect();
        lines.sort_unstable();
        // After a change of leaders only the epoch of new records differs.
        lines
    };
    let whole = read();
    assert_eq!(whole.len(), 900);
    for fault in [
        Fault::Error(6),
        Fault::Error(7),
        Fault::Delay(Duration::from_millis(20)),
        Fault::Throttle(Duration::from_millis(20)),
        Fault::CloseMidFrame(1_000),
        Fault::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        Fault::Close,
        Fault::MoveLeader,
    ] {
        let before = sandbox.requests(ApiKey::Fetch);
        sandbox.inject(Injection { times: 2, ..Injection::next(ApiKey::Fetch, fault.clone()) });
        assert_eq!(read(), whole, "{fault:?}");
        assert!(sandbox.requests(ApiKey::Fetch) > before + 1, "{fault:?}");
    }
    assert_eq!(sandbox.mutations(), []);
}

#[test]
fn a_reader_follows_a_leader_that_moves() {
    let sandbox = start(&Options { rate: 200, ..Options::default() });
    let address = bootstrap(&sandbox);
    let reader = Running::start(&["tail", "-b", &address, "-p", "3", "-o", "ndjson", "clickstream"]);
    reader.until("records", |lines| (lines.len() > 3).then_some(()));
    assert!(sandbox.move_leader("clickstream", 3));
    let epoch = |lines: &[&str]| lines.iter().any(|line| line.contains(r#""leaderEpoch":1"#)).then_some(());
    reader.until("records of the new leader", epoch);
    let offsets = reader.until("their offsets", |lines| {
        let offset = |line: &&str| serde_json::from_str::<serde_json::Value>(line).ok()?["offset"].as_i64();
        lines.iter().map(offset).collect::<Option<Vec<i64>>>()
    });
    assert!(offsets.windows(2).all(|pair| pair[1] == pair[0] + 1), "none is lost or comes twice: {offsets:?}");
    assert!(!sandbox.move_leader("clickstream", 99) && !sandbox.move_leader("inventory", 3));
    reader.signal(rustix::process::Signal::INT);
    assert_eq!(reader.finish().code, Some(130));
}

/// Sends a frame and reads one.
fn exchange(address: &str, frame: &[u8]) -> Option<Bytes> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let size = u32::try_from(frame.len()).expect("small").to_be_bytes();
    stream.write_all(&[&size, frame].concat()).expect("sent");
    let mut size = [0; 4];
    stream.read_exact(&mut size).ok()?;
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(size)).expect("small")];
    stream.read_exact(&mut answer).ok()?;
    Some(answer.into())
}

fn question(api: i16, version: i16, header_version: i16, body: &[u8]) -> Vec<u8> {
    let header = RequestHeader::default().with_request_api_key(api).with_request_api_version(version).with_correlation_id(77);
    let mut frame = Vec::new();
    header.with_client_id(Some(StrBytes::from_static_str("stranger"))).encode(&mut frame, header_version).expect("a header");
    frame.extend(body);
    frame
}

#[test]
fn a_version_that_nobody_knows_yet_is_answered_with_those_that_are_known() {
    let sandbox = still();
    let mut body = Vec::new();
    ApiVersionsRequest::default().encode(&mut body, 3).expect("a body");
    let mut answer = exchange(&bootstrap(&sandbox), &question(ApiKey::ApiVersions as i16, 9, 2, &body)).expect("an answer");
    assert_eq!(answer.get_i32(), 77);
    let versions = ApiVersionsResponse::decode(&mut answer, 0).expect("in version 0");
    assert_eq!((versions.error_code, versions.api_keys.len()), (35, 22));
    let names: Vec<i16> = versions.api_keys.iter().map(|api| api.api_key).collect();
    assert!(!names.contains(&(ApiKey::AddPartitionsToTxn as i16)) && names.contains(&(ApiKey::Produce as i16)));
}

#[test]
fn strangers_lose_their_connection_and_nothing_else_happens() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    assert_eq!(exchange(&address, b""), None);
    assert_eq!(exchange(&address, b"\0\x03"), None);
    assert_eq!(exchange(&address, &question(ApiKey::Metadata as i16, 12, 2, b"\x05\x01")), None);
    assert_eq!(exchange(&address, &question(ApiKey::Metadata as i16, 99, 2, b"")), None);
    assert_eq!(exchange(&address, &question(9_999, 0, 1, b"")), None);
    assert_eq!(exchange(&address, &question(ApiKey::CreateTopics as i16, 5, 2, b"\x01\0\0\0\0\0\0")), None);
    let mut huge = TcpStream::connect(&address).expect("it listens");
    huge.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("sent");
    assert_eq!(huge.read(&mut [0; 10]).unwrap_or(0), 0);
    assert_eq!(sandbox.mutations(), [(ApiKey::CreateTopics, "stranger".to_owned())], "that one would have changed something");
    kscope(&["tail", "-b", &address, "--from", "-1", "--until", "now", "orders"]).ok();
}

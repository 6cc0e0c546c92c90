//! One question to one broker of the sandbox in a version of the test's choice, past every client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use kscope::sandbox::Sandbox;

/// A connection to one broker.
pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) fn to(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).expect("it listens"))
    }

    /// To the broker that keeps this group.
    pub(super) fn to_coordinator(sandbox: &Sandbox, group: &str) -> Self {
        Self::to(sandbox.addresses()[coordinator(sandbox, group)])
    }

    /// To one that does not.
    pub(super) fn to_another(sandbox: &Sandbox, group: &str) -> Self {
        let addresses = sandbox.addresses();
        Self::to(addresses[(coordinator(sandbox, group) + 1) % addresses.len()])
    }

    /// The answer; `None` when the connection ends instead.
    pub(super) fn try_ask<R: Request>(&mut self, version: i16, request: &R) -> Option<R::Response> {
        self.send(version, request);
        self.receive::<R>(version)
    }

    #[track_caller]
    pub(super) fn ask<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.try_ask(version, request).expect("an answer")
    }

    #[track_caller]
    pub(super) fn send<R: Request>(&mut self, version: i16, request: &R) {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_client_id(Some(StrBytes::from_static_str("a test")));
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        header.encode(&mut frame, R::header_version(version)).expect("a header");
        request.encode(&mut frame, version).expect("a request of this version");
        let size = i32::try_from(frame.len() - 4).expect("small");
        frame[..4].copy_from_slice(&size.to_be_bytes());
        self.0.write_all(&frame).expect("it takes requests");
    }

    #[track_caller]
    pub(super) fn receive<R: Request>(&mut self, version: i16) -> Option<R::Response> {
        let mut size = [0; 4];
        self.0.read_exact(&mut size).ok()?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).expect("a size")];
        self.0.read_exact(&mut frame).ok()?;
        let mut frame = Bytes::from(frame);
        ResponseHeader::decode(&mut frame, R::Response::header_version(version)).expect("a header");
        let response = R::Response::decode(&mut frame, version).expect("an answer of this version");
        assert!(frame.is_empty(), "bytes behind the answer");
        Some(response)
    }
}

/// Which broker keeps this group, from 0.
pub(super) fn coordinator(sandbox: &Sandbox, group: &str) -> usize {
    let request = FindCoordinatorRequest::default().with_key(StrBytes::from_string(group.to_owned()));
    let found = Wire::to(sandbox.addresses()[0]).ask(3, &request);
    assert_eq!(found.error_code, 0);
    usize::try_from(found.node_id.0 - 1).expect("a broker")
}

//! One blocking connection to a broker that can say anything in Kafka's protocol: for seeding and for independent checks.
//! Only the schemas of messages are shared with the program under test, none of its code.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes, encode_request_header_into_buffer};

/// See the module.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    correlation: i32,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Self {
        Self::try_open(address, Duration::from_secs(60)).unwrap_or_else(|e| panic!("{address}: {e}"))
    }

    /// As [`Self::open`], for a broker that may be dead or frozen; `patience` bounds the dial and every answer.
    pub(crate) fn try_open(address: &str, patience: Duration) -> std::io::Result<Self> {
        let address: std::net::SocketAddr = address.parse().expect("an IP and a port");
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Self { stream, correlation: 0 })
    }

    /// Asks and waits for the answer. `version` must be one that every tested release knows.
    pub(crate) fn call<R: Request>(&mut self, version: i16, request: &R) -> R::Response {
        self.try_call(version, request).expect("the broker answers")
    }

    /// As [`Self::call`]. After an error the connection is of no further use.
    pub(crate) fn try_call<R: Request>(&mut self, version: i16, request: &R) -> std::io::Result<R::Response> {
        self.correlation += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_static_str("kscope-tests")));
        let mut frame = BytesMut::new();
        encode_request_header_into_buffer(&mut frame, &header).expect("a header");
        request.encode(&mut frame, version).expect("a request of this version");
        let size = u32::try_from(frame.len()).expect("a small frame");
        self.stream.write_all(&size.to_be_bytes())?;
        self.stream.write_all(&frame)?;
        let mut reply = self.read_frame()?;
        let header = ResponseHeader::decode(&mut reply, R::Response::header_version(version)).expect("a header");
        assert_eq!(header.correlation_id, self.correlation, "the answer to our question");
        Ok(R::Response::decode(&mut reply, version).expect("an answer of this version"))
    }

    /// As [`Self::call`], of a request that the protocol crate has no schema of: version 0, with tagged fields; gives the body.
    pub(crate) fn call_raw(&mut self, key: i16, body: &[u8]) -> Bytes {
        self.correlation += 1;
        let header = RequestHeader::default()
            .with_request_api_key(key)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_static_str("kscope-tests")));
        let mut frame = Vec::new();
        header.encode(&mut frame, 2).expect("a header");
        frame.extend(body);
        let size = u32::try_from(frame.len()).expect("a small frame");
        self.stream.write_all(&size.to_be_bytes()).and_then(|()| self.stream.write_all(&frame)).expect("it takes requests");
        let mut reply = self.read_frame().expect("the broker answers");
        let header = ResponseHeader::decode(&mut reply, 1).expect("a header");
        assert_eq!(header.correlation_id, self.correlation, "the answer to our question");
        reply
    }

    fn read_frame(&mut self) -> std::io::Result<Bytes> {
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(size)).expect("a size")];
        self.stream.read_exact(&mut frame)?;
        Ok(Bytes::from(frame))
    }
}

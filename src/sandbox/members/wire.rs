//! Requests of the sandbox's own consumers, over its own sockets, one at a time.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sandbox::cluster::Cluster;

/// Connections to the brokers, opened when they are needed.
pub(super) struct Wire {
    cluster: Arc<Cluster>,
    client: StrBytes,
    links: BTreeMap<i32, Link>,
}

/// One connection, which the listeners know as the sandbox's own while it is open.
struct Link {
    stream: TcpStream,
    from: SocketAddr,
    cluster: Arc<Cluster>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.cluster.disown(self.from);
    }
}

impl Wire {
    pub(super) fn new(cluster: &Arc<Cluster>, client: &str) -> Self {
        Self { cluster: Arc::clone(cluster), client: StrBytes::from_string(client.to_owned()), links: BTreeMap::new() }
    }

    /// Any broker, to begin with.
    pub(super) fn first(&self) -> io::Result<i32> {
        self.cluster.brokers.first().map(|broker| broker.id).ok_or_else(|| failed("there is no broker"))
    }

    /// The answer of a broker.
    ///
    /// # Errors
    /// The connection, or an answer that is none: then the connections are of no use any longer.
    pub(super) async fn ask<R: Request>(&mut self, broker: i32, version: i16, request: &R) -> io::Result<R::Response> {
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_client_id(Some(self.client.clone()));
        header.encode(&mut frame, R::header_version(version)).map_err(failed)?;
        request.encode(&mut frame, version).map_err(failed)?;
        let size = i32::try_from(frame.len().saturating_sub(4)).map_err(failed)?;
        frame.get_mut(..4).ok_or_else(|| failed("an empty frame"))?.copy_from_slice(&size.to_be_bytes());
        let link = self.link(broker).await?;
        link.stream.write_all(&frame).await?;
        let size = u64::try_from(link.stream.read_i32().await?).map_err(failed)?;
        let mut answer = Vec::new();
        (&mut link.stream).take(size).read_to_end(&mut answer).await?;
        let mut answer = Bytes::from(answer);
        ResponseHeader::decode(&mut answer, R::Response::header_version(version)).map_err(failed)?;
        R::Response::decode(&mut answer, version).map_err(failed)
    }

    async fn link(&mut self, broker: i32) -> io::Result<&mut Link> {
        if !self.links.contains_key(&broker) {
            let address = self.cluster.broker(broker).ok_or_else(|| failed("no such broker"))?.address;
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let from = stream.local_addr()?;
            // Before the first request, so that none is taken for a stranger's.
            self.cluster.own(from);
            self.links.insert(broker, Link { stream, from, cluster: Arc::clone(&self.cluster) });
        }
        self.links.get_mut(&broker).ok_or_else(|| failed("no such broker"))
    }
}

pub(super) fn failed(why: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::other(why)
}

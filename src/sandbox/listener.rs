//! Sockets: one listener per broker, one task per connection, requests answered in the order they came, as a broker does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader};
use kafka_protocol::protocol::Decodable;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::api::{self, Asked};
use super::cluster::Cluster;
use super::hooks::Fault;
use super::traffic;

/// The largest request in bytes (`socket.request.max.bytes` is three times as much).
const LARGEST_REQUEST: u32 = 32 << 20;
/// After a connection that could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// An answer buffer is kept for the next request up to this size.
const KEPT_BUFFER: usize = 256 << 10;

/// Serves every broker until it is dropped.
pub(super) async fn serve(cluster: &Arc<Cluster>, listeners: impl Iterator<Item = std::net::TcpListener>) {
    let mut brokers = JoinSet::new();
    for (id, listener) in (1..).zip(listeners) {
        let cluster = Arc::clone(cluster);
        brokers.spawn(async move {
            match TcpListener::from_std(listener) {
                Ok(listener) => accept(&cluster, id, &listener).await,
                Err(error) => tracing::error!(broker = id, %error, "the sandbox cannot listen"),
            }
        });
    }
    while brokers.join_next().await.is_some() {}
}

async fn accept(cluster: &Arc<Cluster>, broker: i32, listener: &TcpListener) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let cluster = Arc::clone(cluster);
                    open.spawn(async move { converse(&cluster, broker, stream).await });
                }
                // Too many files are open: those that end make room.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(_ended) = open.join_next() => {}
        }
    }
}

/// What follows a request.
enum Next {
    GoOn,
    End,
}

async fn converse(cluster: &Cluster, broker: i32, mut stream: TcpStream) {
    // Small answers are not to wait for each other.
    let _nodelay = stream.set_nodelay(true);
    let Ok(peer) = stream.peer_addr() else { return };
    let mut out = BytesMut::new();
    while let Some(frame) = read(&mut stream).await {
        match respond((cluster, broker, peer), frame, &mut stream, &mut out).await {
            Some(Next::GoOn) => {}
            Some(Next::End) | None => return,
        }
        out.clear();
        if out.capacity() > KEPT_BUFFER {
            out = BytesMut::new();
        }
    }
}

/// One whole request; `None` when the client is gone, or says a size that no request has.
async fn read(stream: &mut TcpStream) -> Option<Bytes> {
    let size = u32::try_from(stream.read_i32().await.ok()?).ok().filter(|size| *size <= LARGEST_REQUEST)?;
    let mut frame = Vec::new();
    stream.take(u64::from(size)).read_to_end(&mut frame).await.ok()?;
    (u32::try_from(frame.len()) == Ok(size)).then(|| Bytes::from(frame))
}

/// Answers one request, or does what a fault wants. `None`: the connection is to end.
async fn respond(
    (cluster, broker, peer): (&Cluster, i32, SocketAddr),
    mut frame: Bytes,
    stream: &mut TcpStream,
    out: &mut BytesMut,
) -> Option<Next> {
    let (&[a, b, c, d], _) = frame.split_first_chunk()?;
    let (key, version) = (i16::from_be_bytes([a, b]), i16::from_be_bytes([c, d]));
    let api = ApiKey::try_from(key).ok()?;
    let header = RequestHeader::decode(&mut frame, api.request_header_version(version)).ok()?;
    let client = header.client_id.as_deref().unwrap_or_default();
    let own = client == traffic::CLIENT || cluster.is_own(peer);
    let host = peer.ip();
    let mut asked = Asked { cluster, broker, version, client, host, own, error: None, error_after: None, throttle_ms: 0, moves: false };
    let mut fault = None;
    if !own {
        cluster.hooks.watch(api, client, api == ApiKey::Metadata && api::creates_topics(&frame, version));
        fault = cluster.hooks.asked(api, broker);
    }
    // ApiVersions alone is answered whatever its version is.
    if !api::offers(&cluster.hooks, api, version) && api != ApiKey::ApiVersions {
        tracing::debug!(broker, ?api, version, client, "the sandbox was asked for what it does not offer");
        return None;
    }
    match &fault {
        Some(Fault::Error(code)) => asked.error = Some(*code),
        Some(Fault::AppliedThenError(code)) => asked.error_after = Some(*code),
        Some(Fault::Throttle(time)) => asked.throttle_ms = i32::try_from(time.as_millis()).unwrap_or(i32::MAX),
        Some(Fault::MoveLeader) => asked.moves = true,
        Some(Fault::Delay(time)) => sleep(*time).await,
        Some(Fault::Silence) => return Some(Next::GoOn),
        Some(Fault::Close) => return None,
        Some(Fault::Garbage(bytes)) => {
            stream.write_all(bytes).await.ok()?;
            return Some(Next::End);
        }
        Some(Fault::CloseMidFrame(_) | Fault::LoseReply) | None => {}
    }
    out.put_i32(0);
    out.put_i32(header.correlation_id);
    out.put_bytes(0, usize::from(api.response_header_version(version) >= 1));
    match api::answer(&asked, api, frame, out).await {
        Ok(true) => {}
        Ok(false) => return Some(Next::GoOn),
        Err(refused) => {
            tracing::debug!(broker, ?api, version, client, %refused, "the sandbox ends a connection");
            return None;
        }
    }
    let size = i32::try_from(out.len().saturating_sub(4)).ok()?;
    out.get_mut(..4)?.copy_from_slice(&size.to_be_bytes());
    if fault == Some(Fault::LoseReply) {
        return Some(Next::End);
    }
    if let Some(Fault::CloseMidFrame(bytes)) = fault {
        stream.write_all(out.get(..bytes.min(out.len()))?).await.ok()?;
        return Some(Next::End);
    }
    stream.write_all(out).await.ok()?;
    Some(Next::GoOn)
}

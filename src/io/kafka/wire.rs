//! One connection to one broker: requests go in, each with a oneshot for its answer; a task owns the socket.
//!
//! Dropping a call drops its oneshot and nothing else: the task reads the late answer by its correlation id and throws
//! it away, so a cancelled question never costs the socket. A deadline that passes, a correlation id out of order, bytes
//! left over after an answer or a frame over its cap close the connection, because from then on the order of answers
//! means nothing (P7, P11). May use the settings, tokio and kafka-protocol. A new kind of request is one line of
//! `calls!`.

mod calls;
pub(super) mod dial;
mod frame;
pub(super) mod sasl;
mod socket;
mod tls;
pub(super) mod versions;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages as kp;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::fault::Fault;
use super::security::{Facts, Ready};
use crate::model::{BrokerId, Cause, Step};
use crate::text::units;
pub(super) use calls::*;
pub use calls::{SPOKEN, Spoken};
pub(super) use frame::{skip_tags, unsigned_varint};
use versions::Versions;

/// The first correlation id: its bytes are two ends of a line, so that a server of a text protocol, which would wait for
/// one, answers at once and is recognised (P10).
const FIRST_ID: i32 = i32::from_be_bytes(*b"\r\n\r\n");

/// The largest throttle time that is honoured: brokers ask for at most their quota window, which is 11 s by default.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// How an answer may come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How long the broker was asked to wait before it answers; comes on top of the request's deadline.
    pub(super) wait: Duration,
    /// The largest frame, in bytes.
    pub(super) cap: usize,
    /// Over the cap: keep the first so many bytes and drain the rest, rather than close the connection.
    pub(super) head: Option<usize>,
    /// Whether to reuse the buffer once the answer is dropped: for the large answers of fetches.
    pub(super) reuse: bool,
    /// The broker answers nothing: the question is done when it is about to be written.
    pub(super) silent: bool,
}

/// An answer as it came: everything after the correlation id.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) bytes: Bytes,
    /// Bytes of the whole answer on the wire, more than `bytes` has when only its head was kept.
    pub(super) size: usize,
}

impl Frame {
    pub(super) fn is_cut(&self) -> bool {
        self.bytes.len().saturating_add(8) < self.size
    }
}

/// One request on its way to the socket.
#[derive(Debug)]
struct Order {
    id: i32,
    bytes: Bytes,
    terms: Terms,
    /// Where the throttle time lies in the answer, after an empty tag section when it is 1.
    throttle_at: Option<usize>,
    reply: oneshot::Sender<Result<Frame, Fault>>,
}

/// What SASL puts on a connection: ahead of all questions, and none of those in between (KIP-368).
#[derive(Debug)]
enum Rite {
    Ask(Order),
    /// Questions may go on.
    Done,
}

/// A broker told us to slow down (P12). The newest of all connections, with the count of all.
#[derive(Debug, Clone, Default)]
pub struct Throttled {
    /// host:port of the broker; `None` before the first time.
    pub address: Option<Arc<str>>,
    /// Which broker, when known.
    pub broker: Option<BrokerId>,
    /// For how long.
    pub time: Duration,
    /// When it was told.
    pub at: Option<Instant>,
    /// How many answers so far carried a throttle time.
    pub count: u64,
}

impl Throttled {
    /// That we hold back now, in words: what is not answered waits for that.
    pub fn words(&self) -> Option<String> {
        let left = (self.at? + self.time).checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        let who = self.broker.map_or_else(|| self.address.as_deref().unwrap_or("a broker").to_owned(), |id| format!("broker {}", id.0));
        Some(format!("{who} throttles us, for {} more (a quota of the cluster)", units::duration(left)))
    }
}

/// What the connections of a client have in common.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub(super) throttled: watch::Sender<Throttled>,
    /// Sockets open now.
    pub(super) open: Arc<AtomicUsize>,
    /// Requests sent so far.
    pub(super) requests: Arc<AtomicU64>,
    /// Why nothing is dialled until somebody asks for it.
    pub(super) refused: Arc<sasl::Refused>,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            throttled: watch::Sender::new(Throttled::default()),
            open: Arc::default(),
            requests: Arc::default(),
            refused: Arc::default(),
        }
    }
}

/// What is known of a connection's life.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Vitals {
    pub(super) last_answer: Option<Instant>,
    /// The last round trip of a request that the broker answers at once.
    pub(super) round_trip: Option<Duration>,
    /// Since when the broker owes an answer.
    pub(super) waiting_since: Option<Instant>,
    pub(super) held_until: Option<Instant>,
}

#[derive(Debug)]
struct Shared {
    address: Arc<str>,
    broker: OnceLock<BrokerId>,
    /// Why it ended, and when.
    closed: OnceLock<(Fault, Instant)>,
    wake: Notify,
    vitals: Mutex<Vitals>,
    common: Common,
    /// What was read for TLS and SASL, when there is either: the words of a failure name it.
    ready: Option<Arc<Ready>>,
    /// Of the broker's chain, the certificate that ends first.
    ends: OnceLock<Facts>,
}

impl Shared {
    fn vitals<T>(&self, change: impl FnOnce(&mut Vitals) -> T) -> T {
        change(&mut self.vitals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A handle on an open connection; the socket closes when the last handle and the last pending answer are dropped.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    peer: Option<SocketAddr>,
    /// `None` only while it is dropped.
    orders: Option<mpsc::UnboundedSender<Order>>,
    rites: mpsc::UnboundedSender<Rite>,
    /// Authenticates again before the session ends.
    keeper: OnceLock<AbortHandle>,
    next_id: AtomicI32,
    client_id: StrBytes,
    control_cap: usize,
    versions: OnceLock<Versions>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
        self.orders = None;
        self.shared.wake.notify_one();
    }
}

impl Connection {
    pub(super) fn address(&self) -> &Arc<str> {
        &self.inner.shared.address
    }

    /// The other end of the socket.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.inner.peer
    }

    pub(super) fn is_open(&self) -> bool {
        self.inner.shared.closed.get().is_none() && self.inner.orders.as_ref().is_some_and(|orders| !orders.is_closed())
    }

    pub(super) fn vitals(&self) -> Vitals {
        self.inner.shared.vitals(|v| *v)
    }

    /// Why and when it broke; `None` while it is open, and when it ended unused.
    pub(super) fn broke(&self) -> Option<(Fault, Instant)> {
        self.inner.shared.closed.get().filter(|(fault, _)| !fault.quiet).cloned()
    }

    /// Tells which broker this turned out to be; only the first word counts.
    pub(super) fn is_broker(&self, broker: BrokerId) {
        let _known_already = self.inner.shared.broker.set(broker);
    }

    pub(super) fn release(&self) -> Option<&'static str> {
        self.inner.versions.get().and_then(Versions::release)
    }

    /// Our own certificate, and that of the broker's chain which ends first.
    pub(super) fn certificates(&self) -> (Option<&Facts>, Option<&Facts>) {
        let shared = &self.inner.shared;
        (shared.ready.as_ref().and_then(|ready| ready.tls.as_ref()?.identity.as_ref()), shared.ends.get())
    }

    /// The lowest and highest version of an API that the broker offers.
    pub(super) fn range(&self, key: i16) -> Option<(i16, i16)> {
        self.inner.versions.get().and_then(|versions| versions.range(key))
    }

    /// The version of a request that both sides speak here.
    pub(super) fn version<C: Call>(&self) -> Result<i16, Fault> {
        let picked = self.inner.versions.get().and_then(|v| v.pick(C::KEY, C::MIN, C::MAX));
        picked.ok_or_else(|| {
            Fault::new(Cause::NotOffered(C::NAME), self.address(), Step::Request, format!("offers no version of {} that we know", C::NAME))
        })
    }

    /// The terms of a request that is answered at once.
    pub(super) fn plain_terms(&self) -> Terms {
        Terms { wait: Duration::ZERO, cap: self.inner.control_cap, head: None, reuse: false, silent: false }
    }

    /// Asks, waits for the answer and decodes it.
    pub(super) async fn call<C: Call>(&self, build: impl FnOnce(i16) -> C::Request) -> Result<C::Response, Fault> {
        let version = self.version::<C>()?;
        let frame = self.send::<C>(version, &build(version), self.plain_terms())?.frame().await?;
        self.decode::<C>(version, frame)
    }

    /// As [`Self::version`], of a request that is written by hand.
    pub(super) fn raw_version(&self, raw: Raw) -> Result<i16, Fault> {
        let Raw(Spoken { name, key, min, max }) = raw;
        let picked = self.inner.versions.get().and_then(|v| v.pick(key, min, max));
        let missing =
            || Fault::new(Cause::NotOffered(name), self.address(), Step::Request, format!("offers no version of {name} that we know"));
        picked.ok_or_else(missing)
    }

    /// Sends a body that was written by hand, and waits for the answer behind its header.
    pub(super) async fn call_raw(&self, raw: Raw, version: i16, body: &[u8]) -> Result<Bytes, Fault> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let bytes = framed(raw.0.key, version, id, &self.inner.client_id, Raw::REQUEST_HEADER, |bytes| {
            bytes.put_slice(body);
            Some(())
        });
        let mut answer = self.order(id, bytes, self.plain_terms(), Some(1))?.frame().await?.bytes;
        if skip_tags(&mut answer).is_none() {
            return Err(self.garbled("an answer has a broken header"));
        }
        Ok(answer)
    }

    /// Closes the connection, because an answer makes no sense.
    pub(super) fn garbled(&self, what: &'static str) -> Fault {
        self.poison(Fault::garbled(self.address(), what))
    }

    /// Encodes a request and hands it to the socket's task, at once and without waiting.
    pub(super) fn send<C: Call>(&self, version: i16, request: &C::Request, terms: Terms) -> Result<Pending, Fault> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let bytes = encode::<C>(version, id, &self.inner.client_id, request);
        let throttle_at = (version >= C::THROTTLE_FIRST).then(|| usize::from(C::Response::header_version(version) >= 1));
        self.order(id, bytes, terms, throttle_at)
    }

    /// As [`Self::send`], ahead of all questions; none of them is sent until [`Self::rite_is_done`].
    fn send_rite<C: Call>(&self, version: i16, request: &C::Request) -> Result<Pending, Fault> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let bytes = encode::<C>(version, id, &self.inner.client_id, request);
        let (order, answer) = self.written(id, bytes, self.plain_terms(), None)?;
        self.inner.rites.send(Rite::Ask(order)).map_err(|_ended| self.fault())?;
        Ok(Pending { answer, connection: self.clone() })
    }

    fn rite_is_done(&self) {
        // Who ended has no more to ask.
        let _ended = self.inner.rites.send(Rite::Done);
    }

    fn written(
        &self,
        id: i32,
        bytes: Option<Bytes>,
        terms: Terms,
        throttle_at: Option<usize>,
    ) -> Result<(Order, oneshot::Receiver<Result<Frame, Fault>>), Fault> {
        let bytes = bytes.ok_or_else(|| Fault::garbled(self.address(), "a request of ours could not be encoded"))?;
        let (reply, answer) = oneshot::channel();
        Ok((Order { id, bytes, terms, throttle_at, reply }, answer))
    }

    fn order(&self, id: i32, bytes: Option<Bytes>, terms: Terms, throttle_at: Option<usize>) -> Result<Pending, Fault> {
        let (order, answer) = self.written(id, bytes, terms, throttle_at)?;
        match self.inner.orders.as_ref().map(|orders| orders.send(order)) {
            Some(Ok(())) => {
                self.inner.shared.common.requests.fetch_add(1, Ordering::Relaxed);
                Ok(Pending { answer, connection: self.clone() })
            }
            _ => Err(self.fault()),
        }
    }

    /// Decodes an answer to its last byte, or closes the connection.
    pub(super) fn decode<C: Call>(&self, version: i16, frame: Frame) -> Result<C::Response, Fault> {
        let mut bytes = self.body::<C>(version, frame)?;
        match C::Response::decode(&mut bytes, version) {
            Ok(response) if !bytes.has_remaining() => Ok(response),
            Ok(_) => Err(self.poison(Fault::garbled(self.address(), "an answer is longer than its own format"))),
            Err(_) => Err(self.poison(Fault::garbled(self.address(), "an answer does not follow its own format"))),
        }
    }

    /// Takes the rest of the response header off an answer.
    pub(super) fn body<C: Call>(&self, version: i16, frame: Frame) -> Result<Bytes, Fault> {
        let mut bytes = frame.bytes;
        if C::Response::header_version(version) >= 1 && skip_tags(&mut bytes).is_none() {
            return Err(self.poison(Fault::garbled(self.address(), "an answer has a broken header")));
        }
        Ok(bytes)
    }

    /// Closes the connection for everybody; what waits on it gets the fault.
    pub(super) fn poison(&self, fault: Fault) -> Fault {
        let fault = fault.of_broker(self.inner.shared.broker.get().copied());
        let _closed_already = self.inner.shared.closed.set((fault.clone(), Instant::now()));
        self.inner.shared.wake.notify_one();
        fault
    }

    /// Why it is closed.
    fn fault(&self) -> Fault {
        let closed = self.inner.shared.closed.get().map(|(fault, _at)| fault.clone());
        closed.unwrap_or_else(|| Fault::disconnected(self.address(), "the connection was closed"))
    }
}

/// An answer that is on its way.
#[derive(Debug)]
pub(super) struct Pending {
    answer: oneshot::Receiver<Result<Frame, Fault>>,
    connection: Connection,
}

impl Pending {
    /// The deadline is kept by the socket's task, so that it also holds for calls that were dropped.
    pub(super) async fn frame(self) -> Result<Frame, Fault> {
        match self.answer.await {
            Ok(answer) => answer,
            Err(_task_ended) => Err(self.connection.fault()),
        }
    }
}

/// A whole frame: size, header, body. `None` when a field is set that the version lacks, which a test rules out.
fn encode<C: Call>(version: i16, id: i32, client_id: &StrBytes, request: &C::Request) -> Option<Bytes> {
    framed(C::KEY, version, id, client_id, C::Request::header_version(version), |bytes| request.encode(bytes, version).ok())
}

fn framed(
    key: i16,
    version: i16,
    id: i32,
    client_id: &StrBytes,
    header_version: i16,
    body: impl FnOnce(&mut BytesMut) -> Option<()>,
) -> Option<Bytes> {
    let header = kp::RequestHeader::default()
        .with_request_api_key(key)
        .with_request_api_version(version)
        .with_correlation_id(id)
        .with_client_id(Some(client_id.clone()));
    let mut bytes = BytesMut::with_capacity(256);
    bytes.put_i32(0);
    header.encode(&mut bytes, header_version).ok()?;
    body(&mut bytes)?;
    let size = i32::try_from(bytes.len().checked_sub(4)?).ok()?;
    bytes.get_mut(..4)?.copy_from_slice(&size.to_be_bytes());
    Some(bytes.freeze())
}

#[cfg(test)]
mod tests;

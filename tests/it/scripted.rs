//! A broker that fails on cue: a socket server on 127.0.0.1 that asks a closure what to do with every request, for faults
//! that a real broker cannot be made to show. It counts requests by API key and remembers every one that could change a
//! cluster.
//!
//! To add a fault: a variant of [`Action`], its arm in [`Line::act`]. To answer one more API in the healthy way: an arm in
//! `healthy.rs`.

pub(crate) mod faults;
mod healthy;
mod hole;
mod self_test;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, MetadataRequest, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Encodable, HeaderVersion, Request, decode_request_header_from_buffer};

pub(crate) use healthy::{FakeTopic, Healthy};
pub(crate) use hole::Hole;

/// What answers at the address when it is no Kafka at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// A web server: answers any bytes with an HTTP error.
    Http,
    /// A TLS port: answers with an alert record.
    Tls,
    /// Speaks first.
    Ssh,
    /// Accepts and never says a word.
    Silent,
}

/// What to do with one request. `Bytes` are a whole answer without its size: header and body (see [`Question::answer`]).
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Reply(Bytes),
    /// Answers when the test calls [`Scripted::release`].
    Hold(Bytes),
    /// Answers when so much time has passed, as a fetch does that finds nothing.
    After(Duration, Bytes),
    /// Announces the whole answer, sends this many bytes of it, closes.
    CloseMidFrame(Bytes, usize),
    /// Answers with another request's correlation id.
    WrongCorrelation(Bytes),
    /// Sends bytes that are no frame.
    Garbage(Vec<u8>),
    /// Reads on, never answers.
    Silence,
    Close,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) api: ApiKey,
    pub(crate) header: RequestHeader,
    body: Bytes,
    /// Which connection of this server, from 0.
    pub(crate) connection: usize,
    /// How many requests of this API came before, on all connections.
    pub(crate) earlier: usize,
    /// Our own address: what Metadata has to advertise.
    pub(crate) server: SocketAddr,
}

impl Question {
    pub(crate) fn decode<R: Request>(&self) -> R {
        R::decode(&mut self.body.clone(), self.version()).expect("the client writes what it announces")
    }

    pub(crate) fn version(&self) -> i16 {
        self.header.request_api_version
    }

    /// The bytes of an answer in the version that was asked for.
    pub(crate) fn answer<R: Request>(&self, response: &R::Response) -> Bytes {
        self.answer_as::<R>(self.version(), response)
    }

    /// The bytes of an answer in another version.
    pub(crate) fn answer_as<R: Request>(&self, version: i16, response: &R::Response) -> Bytes {
        let mut out = BytesMut::new();
        let header = ResponseHeader::default().with_correlation_id(self.header.correlation_id);
        header.encode(&mut out, R::Response::header_version(version)).expect("a header");
        response.encode(&mut out, version).expect("a response of this version");
        out.freeze()
    }

    /// Whether a cluster that gets this request may be another one afterwards.
    fn mutates(&self) -> bool {
        match self.api {
            ApiKey::Metadata => self.decode::<MetadataRequest>().allow_auto_topic_creation,
            other => !READS.contains(&other),
        }
    }
}

/// The requests that only read. Whatever is not in this list raises the alarm.
const READS: [ApiKey; 19] = [
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::DescribeGroups,
    ApiKey::ListGroups,
    ApiKey::SaslHandshake,
    ApiKey::SaslAuthenticate,
    ApiKey::ApiVersions,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::DescribeAcls,
    ApiKey::DescribeConfigs,
    ApiKey::DescribeLogDirs,
    ApiKey::DescribeCluster,
    ApiKey::DescribeProducers,
    ApiKey::DescribeTransactions,
    ApiKey::ListTransactions,
    ApiKey::ConsumerGroupDescribe,
    ApiKey::DescribeTopicPartitions,
];

type Script = dyn Fn(&Question) -> Action + Send + Sync;

/// The server. It stops and closes every connection when dropped.
#[derive(Debug)]
pub(crate) struct Scripted {
    address: SocketAddr,
    line: Arc<Line>,
}

/// What the server's threads share.
struct Line {
    address: SocketAddr,
    script: Box<Script>,
    log: Mutex<Log>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Log {
    asked: Vec<ApiKey>,
    mutations: Vec<ApiKey>,
    connections: Vec<TcpStream>,
    open: usize,
    released: bool,
    stopped: bool,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("address", &self.address).field("log", &self.log).finish_non_exhaustive()
    }
}

impl Scripted {
    /// A server that does what the closure says.
    pub(crate) fn start(script: impl Fn(&Question) -> Action + Send + Sync + 'static) -> Self {
        Self::listen(free(), Box::new(script), Line::serve)
    }

    /// The same at an address that was given away before: a broker that comes up late, or another one behind a name.
    pub(crate) fn start_at(address: &str, script: impl Fn(&Question) -> Action + Send + Sync + 'static) -> Self {
        let listener = crate::eventually("the address is free again", || TcpListener::bind(address).ok());
        Self::listen(listener, Box::new(script), Line::serve)
    }

    /// A server that is no Kafka.
    pub(crate) fn stranger(who: Stranger) -> Self {
        Self::listen(free(), Box::new(|_| Action::Silence), move |_, stream, _| puzzle(stream, who))
    }

    fn listen(listener: TcpListener, script: Box<Script>, serve: impl Fn(&Line, TcpStream, usize) + Clone + Send + 'static) -> Self {
        let address = listener.local_addr().expect("it is bound");
        let line = Arc::new(Line { address, script, log: Mutex::default(), changed: Condvar::new() });
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(number) = shared.admit(&stream) else { return };
                let (shared, serve) = (Arc::clone(&shared), serve.clone());
                thread::spawn(move || {
                    serve(&shared, stream, number);
                    shared.log().open -= 1;
                    shared.changed.notify_all();
                });
            }
        });
        Self { address, line }
    }

    /// host:port, for `-b`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many requests of this API have come.
    pub(crate) fn asked(&self, api: ApiKey) -> usize {
        self.line.log().asked.iter().filter(|&&a| a == api).count()
    }

    /// Requests that could have changed a cluster, in order. Every test of something that only reads ends with asserting
    /// that there are none.
    pub(crate) fn mutations(&self) -> Vec<ApiKey> {
        self.line.log().mutations.clone()
    }

    /// Connections so far, and how many of them are open.
    pub(crate) fn connections(&self) -> (usize, usize) {
        let log = self.line.log();
        (log.connections.len(), log.open)
    }

    /// Lets go of every answer that is held, now and from now on.
    pub(crate) fn release(&self) {
        self.line.log().released = true;
        self.line.changed.notify_all();
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let mut log = self.line.log();
        log.stopped = true;
        for connection in &log.connections {
            drop(connection.shutdown(Shutdown::Both));
        }
        drop(log);
        self.line.changed.notify_all();
        drop(TcpStream::connect(self.address)); // wakes the listener, which then sees that it is over
    }
}

impl Line {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection's number, or `None` when the server has stopped.
    fn admit(&self, stream: &TcpStream) -> Option<usize> {
        let mut log = self.log();
        if log.stopped {
            return None;
        }
        log.connections.push(stream.try_clone().ok()?);
        log.open += 1;
        Some(log.connections.len() - 1)
    }

    fn serve(&self, mut stream: TcpStream, connection: usize) {
        while let Some(frame) = read_frame(&mut stream) {
            let question = self.take(frame, connection);
            let action = (self.script)(&question);
            if !self.act(action, &mut stream) {
                drop(stream.shutdown(Shutdown::Both));
                return;
            }
        }
    }

    fn take(&self, mut frame: Bytes, connection: usize) -> Question {
        let header = decode_request_header_from_buffer(&mut frame).expect("a request header");
        let api = ApiKey::try_from(header.request_api_key).expect("a known API");
        let mut log = self.log();
        let earlier = log.asked.iter().filter(|&&a| a == api).count();
        let question = Question { api, header, body: frame, connection, earlier, server: self.address };
        log.asked.push(api);
        if question.mutates() {
            log.mutations.push(api);
        }
        question
    }

    /// False when the connection is over.
    fn act(&self, action: Action, stream: &mut TcpStream) -> bool {
        match action {
            Action::Reply(answer) => send(stream, &answer, answer.len()),
            Action::Hold(answer) => {
                self.wait(Duration::from_secs(60), |log| log.released);
                send(stream, &answer, answer.len())
            }
            Action::After(time, answer) => {
                self.wait(time, |_| false);
                send(stream, &answer, answer.len())
            }
            Action::CloseMidFrame(answer, bytes) => {
                send(stream, &answer, bytes);
                false
            }
            Action::WrongCorrelation(answer) => {
                let mut answer = answer.to_vec();
                answer[..4].copy_from_slice(&0x7fff_fff0_u32.to_be_bytes());
                send(stream, &answer, answer.len())
            }
            Action::Garbage(bytes) => stream.write_all(&bytes).is_ok(),
            Action::Silence => true,
            Action::Close => false,
        }
    }

    /// Until the condition holds, the time has passed or the server stops.
    fn wait(&self, time: Duration, mut condition: impl FnMut(&Log) -> bool) {
        let pending = |log: &mut Log| !log.stopped && !condition(log);
        drop(self.changed.wait_timeout_while(self.log(), time, pending));
    }
}

fn free() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

/// An address at which nothing listens.
pub(crate) fn closed() -> String {
    free().local_addr().expect("it is bound").to_string()
}

/// A stranger's side of a connection: it reads what it does not understand.
fn puzzle(mut stream: TcpStream, who: Stranger) {
    if who == Stranger::Ssh {
        drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"));
    }
    let mut ignored = [0; 512];
    while stream.read(&mut ignored).is_ok_and(|n| n > 0) {
        let answer: &[u8] = match who {
            Stranger::Http => b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            Stranger::Tls => b"\x15\x03\x03\x00\x02\x02\x46",
            Stranger::Ssh => b"Invalid SSH identification string.\r\n",
            Stranger::Silent => continue,
        };
        drop(stream.write_all(answer));
        drop(stream.shutdown(Shutdown::Both));
        return;
    }
}

fn read_frame(stream: &mut TcpStream) -> Option<Bytes> {
    let mut size = [0; 4];
    stream.read_exact(&mut size).ok()?;
    let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).ok()?];
    stream.read_exact(&mut frame).ok()?;
    Some(Bytes::from(frame))
}

/// The size of the whole answer and its first `bytes`.
fn send(stream: &mut TcpStream, answer: &[u8], bytes: usize) -> bool {
    let size = u32::try_from(answer.len()).expect("a small answer");
    let mut frame = size.to_be_bytes().to_vec();
    frame.extend(answer.chunk().iter().take(bytes));
    stream.write_all(&frame).is_ok()
}

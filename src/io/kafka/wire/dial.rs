//! From an address to a connection that knows its broker's versions and is known to it: names, all addresses of a name, TCP,
//! TLS, ApiVersions, SASL.

use std::net::SocketAddr;
use std::sync::atomic::AtomicI32;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use kafka_protocol::protocol::StrBytes;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::client::TlsStream;

use super::socket::Socket;
use super::{Common, Connection, FIRST_ID, Inner, Shared, Vitals, sasl, tls, versions};
use crate::io::kafka::fault::{Fault, io_words, seconds};
use crate::io::kafka::security::{Facts, Ready, Security};
use crate::io::kafka::settings::{Address, Settings};
use crate::model::{Attempt, BrokerId, Cause, Foreign, Step};

/// The next address of a name is tried when the one before has not answered for so long (RFC 8305).
const STAGGER: Duration = Duration::from_millis(250);
/// So long a command that gives a password may take: it may ask somebody.
const SECRETS: Duration = Duration::from_secs(60);

/// What to dial: an address, and which broker is said to be there.
#[derive(Debug, Clone)]
pub(in crate::io::kafka) struct Target {
    pub(in crate::io::kafka) address: Address,
    pub(in crate::io::kafka) broker: Option<BrokerId>,
}

/// All addresses of a name, the families alternating, beginning with the one that the system prefers.
pub(in crate::io::kafka) async fn resolve(target: &Target, settings: &Settings) -> Result<Vec<SocketAddr>, Fault> {
    let (host, port) = (target.address.host(), target.address.port());
    let name: Arc<str> = target.address.to_string().into();
    let deadline = Instant::now() + settings.connect;
    let fault = |cause, result: String| Fault::new(cause, &name, Step::Dns, result).of_broker(target.broker);
    match timeout_at(deadline, lookup_host((host, port))).await {
        Ok(Ok(found)) => {
            let found = interleaved(found.collect());
            if found.is_empty() { Err(fault(Cause::Unreachable, "the name has no address".to_owned())) } else { Ok(found) }
        }
        Ok(Err(error)) => {
            let text = error.to_string();
            let result = if text.contains("emporary failure") {
                "the name could not be looked up now: no resolver answered"
            } else if text.contains("not known")
                || text.contains("No such host")
                || text.contains("nodename")
                || text.contains("No address")
            {
                "no such host"
            } else {
                text.as_str()
            };
            Err(fault(Cause::Unreachable, result.to_owned()))
        }
        Err(_elapsed) => Err(fault(Cause::TimedOut(millis(settings.connect)), no_answer(settings.connect))),
    }
}

fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (mut preferred, mut other) = (Vec::new(), Vec::new());
    for address in found {
        let list = if address.is_ipv6() == first_is_v6 { &mut preferred } else { &mut other };
        if !list.contains(&address) {
            list.push(address);
        }
    }
    let mut other = other.into_iter();
    let mut all = Vec::new();
    for address in preferred {
        all.push(address);
        all.extend(other.next());
    }
    all.extend(other);
    all
}

/// What was met on the way to a connection, as far as it got.
#[derive(Debug, Default)]
pub(in crate::io) struct Course {
    /// Until TCP was connected.
    pub(in crate::io) tcp: Option<Duration>,
    pub(in crate::io) tls: Option<Secured>,
    /// Until the versions were known.
    pub(in crate::io) versions: Option<Duration>,
    /// The release that they suggest.
    pub(in crate::io) release: Option<&'static str>,
    pub(in crate::io) sasl: Option<(sasl::Welcome, Duration)>,
}

/// What TLS agreed on, and the broker's chain, its own certificate first.
#[derive(Debug)]
pub(in crate::io) struct Secured {
    /// "TLSv1_3", in the words of the library.
    pub(in crate::io) version: String,
    pub(in crate::io) cipher: String,
    pub(in crate::io) chain: Vec<Facts>,
    pub(in crate::io) took: Duration,
}

/// Connects to the first of the addresses that answers, authenticates and asks for the versions. Dropping the future
/// ends all of it.
pub(in crate::io::kafka) async fn connect(
    target: &Target,
    addresses: &[SocketAddr],
    settings: &Settings,
    common: &Common,
) -> Result<Connection, Fault> {
    connect_noting(target, addresses, (settings, common), &mut Course::default()).await
}

/// As [`connect`]; `course` tells what was met, also when it fails.
pub(in crate::io::kafka) async fn connect_noting(
    target: &Target,
    addresses: &[SocketAddr],
    (settings, common): (&Settings, &Common),
    course: &mut Course,
) -> Result<Connection, Fault> {
    let name: Arc<str> = target.address.to_string().into();
    if let Some(fault) = common.refused.now() {
        return Err(fault);
    }
    let ready = ready(settings, &name).await.inspect_err(|fault| common.refused.keep(fault))?;
    let began = Instant::now();
    let deadline = began + settings.connect;
    let stream = race(&name, addresses, deadline, settings.connect).await.map_err(|fault| fault.of_broker(target.broker))?;
    let peer = stream.peer_addr().ok();
    course.tcp = Some(began.elapsed());
    let began = Instant::now();
    // Neither is worth a failed connection: without them it is slower to answer, or slower to notice a dead peer (P9).
    let _without = stream.set_nodelay(true);
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(30)).with_interval(Duration::from_secs(10));
    let _without = socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive);
    let transport = match ready.as_ref().and_then(|ready| ready.tls.as_ref()) {
        None => Transport::Plain(stream),
        Some(tls) => match tls::handshake(stream, &target.address, tls, (deadline, millis(settings.connect))).await {
            Ok(stream) => {
                course.tls = Some(secured(&stream, began.elapsed()));
                Transport::Tls(Box::new(stream))
            }
            Err(fault) => {
                // A certificate may be renewed while we run.
                settings.security.forget_files();
                return Err(fault.of_broker(target.broker));
            }
        },
    };
    let began = Instant::now();
    let connection = serve((transport, peer), name, target, settings, common, ready.clone());
    let ends = course.tls.as_ref().and_then(|met| met.chain.iter().min_by_key(|facts| facts.not_after));
    let _fresh = ends.map(|facts| connection.inner.shared.ends.set(facts.clone()));
    let table = match versions::negotiate(&connection).await {
        Ok(table) => table,
        Err(fault) if ready.as_ref().is_none_or(|ready| ready.tls.is_none()) => {
            return Err(connection.poison(tls::or_is_tls(fault, peer).await.while_in(Step::ApiVersions).of_broker(target.broker)));
        }
        Err(fault) => return Err(connection.poison(fault.while_in(Step::ApiVersions).of_broker(target.broker))),
    };
    let _fresh = connection.inner.versions.set(table);
    course.versions = Some(began.elapsed());
    course.release = connection.release();
    let began = Instant::now();
    if let Some(ready) = &ready
        && let Some(login) = &ready.login
    {
        let welcome = sasl::log_in(&connection, ready, login).await?;
        course.sasl = Some((welcome, began.elapsed()));
    }
    Ok(connection)
}

fn secured(stream: &TlsStream<TcpStream>, took: Duration) -> Secured {
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    Secured {
        version: session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
        cipher: session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default(),
        chain: chain.iter().filter_map(|certificate| Facts::of(certificate)).collect(),
        took,
    }
}

/// What is read and written.
enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What was said of TLS and SASL, read: `None` where nothing was.
async fn ready(settings: &Settings, name: &Arc<str>) -> Result<Option<Arc<Ready>>, Fault> {
    if settings.security == Security::default() {
        return Ok(None);
    }
    if let Some(ready) = settings.security.kept() {
        return Ok(Some(ready));
    }
    let security = settings.security.clone();
    let read = timeout(SECRETS, spawn_blocking(move || security.ready())).await;
    match read {
        Ok(Ok(Ok(ready))) => Ok(Some(ready)),
        Ok(Ok(Err(trouble))) => Err(Fault::of_trouble(&trouble, name, Step::Secrets)),
        Ok(Err(_ended)) => Err(Fault::new(
            Cause::Bug(Foreign::new("the settings of the connection could not be read")),
            name,
            Step::Secrets,
            "the task ended",
        )),
        Err(_elapsed) => {
            Err(Fault::timed_out(name, Step::Secrets, millis(SECRETS)).hint("a command that gives a password does not end: run it by hand"))
        }
    }
}

/// Starts the task that owns the socket.
fn serve(
    (transport, peer): (Transport, Option<SocketAddr>),
    name: Arc<str>,
    target: &Target,
    settings: &Settings,
    common: &Common,
    ready: Option<Arc<Ready>>,
) -> Connection {
    let shared = Arc::new(Shared {
        address: name,
        broker: OnceLock::new(),
        closed: OnceLock::new(),
        wake: Notify::new(),
        vitals: Mutex::new(Vitals::default()),
        common: common.clone(),
        ready,
        ends: OnceLock::new(),
    });
    if let Some(broker) = target.broker {
        let _fresh = shared.broker.set(broker);
    }
    let (orders, queue) = mpsc::unbounded_channel();
    let (rites, first) = mpsc::unbounded_channel();
    let socket = Socket::new(Arc::clone(&shared), queue, first, (settings.request, settings.idle_close));
    match transport {
        Transport::Plain(stream) => tokio::spawn(socket.run(stream)),
        Transport::Tls(stream) => tokio::spawn(socket.run(*stream)),
    };
    Connection {
        inner: Arc::new(Inner {
            shared,
            peer,
            orders: Some(orders),
            rites,
            keeper: OnceLock::new(),
            next_id: AtomicI32::new(FIRST_ID),
            client_id: StrBytes::from_string(settings.client_id.to_string()),
            control_cap: settings.control_cap,
            versions: OnceLock::new(),
        }),
    }
}

/// Happy eyeballs: each address gets a head start over the next, the first connection wins and the others are dropped.
async fn race(name: &Arc<str>, addresses: &[SocketAddr], deadline: Instant, allowed: Duration) -> Result<TcpStream, Fault> {
    let mut waiting = addresses.iter().copied();
    let mut running = JoinSet::new();
    let mut failed: Vec<(SocketAddr, String)> = Vec::new();
    let mut timed_out = false;
    loop {
        let next = waiting.next();
        if let Some(address) = next {
            running.spawn(async move { (address, timeout_at(deadline, TcpStream::connect(address)).await) });
        }
        if next.is_none() && running.is_empty() {
            break;
        }
        let more_wait = waiting.len() > 0;
        tokio::select! {
            Some(done) = running.join_next() => match done {
                Ok((_, Ok(Ok(stream)))) => return Ok(stream),
                Ok((address, Ok(Err(error)))) => failed.push((address, io_words(&error))),
                Ok((address, Err(_elapsed))) => {
                    timed_out = true;
                    failed.push((address, no_answer(allowed)));
                }
                Err(_task_ended) => {}
            },
            () = sleep(STAGGER), if more_wait => {}
        }
    }
    Err(all_failed(name, failed, if timed_out { Cause::TimedOut(millis(allowed)) } else { Cause::Unreachable }))
}

/// One attempt per address; the address stands beside the name when the name has several or is not one itself.
fn all_failed(name: &Arc<str>, failed: Vec<(SocketAddr, String)>, cause: Cause) -> Fault {
    let mut fault = Fault::new(cause, name, Step::Connect, "no address was tried");
    if !failed.is_empty() {
        fault.attempts = failed
            .into_iter()
            .map(|(address, result)| {
                let shown = if **name == *address.to_string() { name.to_string() } else { format!("{name} ({})", address.ip()) };
                Attempt { broker: None, address: Foreign::new(shown), step: Step::Connect, result: Foreign::new(result) }
            })
            .collect();
    }
    fault
}

fn no_answer(allowed: Duration) -> String {
    format!("no answer within {} s", seconds(millis(allowed)))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_from_the_preferred_one() {
        let all = |list: &[&str]| list.iter().map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let found = all(&["[::1]:1", "[::2]:1", "10.0.0.1:1", "[::1]:1", "10.0.0.2:1", "10.0.0.3:1"]);
        assert_eq!(interleaved(found), all(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "10.0.0.3:1"]));
    }
}

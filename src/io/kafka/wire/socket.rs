//! The task that owns a socket: it writes requests in the order they were asked, reads answers in the same order, keeps
//! the deadlines, holds back while the broker throttles us, and ends with the reason for everybody who waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::frame::{Incoming, Progress};
use super::{Frame, LONGEST_HOLD, Order, Rite, Shared, Terms, Throttled, tls};
use crate::io::kafka::fault::{Fault, io_words};
use crate::io::kafka::security::TlsReady;
use crate::model::{Cause, Step};

/// Buffers of large answers are given back to the system after so long without a question.
const SLABS_IDLE: Duration = Duration::from_secs(2);

/// A request that was written and is not answered yet.
#[derive(Debug)]
struct Flight {
    id: i32,
    terms: Terms,
    throttle_at: Option<usize>,
    sent: Instant,
    reply: oneshot::Sender<Result<Frame, Fault>>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) shared: Arc<Shared>,
    pub(super) request: Duration,
    pub(super) idle_close: Duration,
    orders: mpsc::UnboundedReceiver<Order>,
    rites: mpsc::UnboundedReceiver<Rite>,
    /// SASL is under way: questions wait.
    in_rite: bool,
    flights: VecDeque<Flight>,
    incoming: Incoming,
    /// What is still to be written of the request that was taken last.
    out: Bytes,
    /// When the last byte moved in or out.
    moved: Instant,
    held: Option<Instant>,
    answers: u64,
    /// The size of the frame that is being read.
    size: usize,
}

impl Socket {
    pub(super) fn new(
        shared: Arc<Shared>,
        orders: mpsc::UnboundedReceiver<Order>,
        rites: mpsc::UnboundedReceiver<Rite>,
        (request, idle_close): (Duration, Duration),
    ) -> Self {
        Self {
            shared,
            request,
            idle_close,
            orders,
            rites,
            in_rite: false,
            flights: VecDeque::new(),
            incoming: Incoming::default(),
            out: Bytes::new(),
            moved: Instant::now(),
            held: None,
            answers: 0,
            size: 0,
        }
    }

    /// Runs to the end of the connection, which is also the end of every question that waits on it.
    pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(mut self, stream: S) {
        let open = Arc::clone(&self.shared.common.open);
        open.fetch_add(1, Ordering::Relaxed);
        let fault = self.serve(stream).await.of_broker(self.shared.broker.get().copied());
        open.fetch_sub(1, Ordering::Relaxed);
        let (fault, _at) = self.shared.closed.get_or_init(|| (fault, Instant::now())).clone();
        self.orders.close();
        self.rites.close();
        self.shared.vitals(|v| v.waiting_since = None);
        for flight in self.flights.drain(..) {
            let _nobody_waits = flight.reply.send(Err(fault.clone()));
        }
        while let Ok(order) = self.orders.try_recv() {
            let _nobody_waits = order.reply.send(Err(fault.clone()));
        }
        while let Ok(Rite::Ask(order)) = self.rites.try_recv() {
            let _nobody_waits = order.reply.send(Err(fault.clone()));
        }
    }

    /// Writing comes before reading, so that a request goes out while a long answer is still coming in. Every branch may
    /// be dropped and tried again.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S) -> Fault {
        let (mut from, mut to) = tokio::io::split(stream);
        loop {
            let (held, deadline) = (self.held, self.deadline());
            let step = tokio::select! {
                biased;
                () = self.shared.wake.notified() => self.woken(),
                wrote = to.write(&self.out), if !self.out.is_empty() => self.wrote(wrote),
                rite = self.rites.recv(), if self.out.is_empty() && held.is_none() => self.perform(rite),
                order = self.orders.recv(), if self.out.is_empty() && held.is_none() && !self.in_rite => self.take(order),
                read = self.incoming.read(&mut from) => self.read(read),
                () = sleep_until(held.unwrap_or(deadline)), if held.is_some() => {
                    self.held = None;
                    Ok(())
                }
                () = sleep_until(deadline) => self.overdue(),
            };
            if let Err(fault) = step {
                return fault;
            }
        }
    }

    fn disconnected(&self, result: impl Into<Arc<str>>) -> Fault {
        Fault::disconnected(&self.shared.address, result)
    }

    /// When to look at the clock next: the broker owes an answer by then, or the connection is idle until then.
    fn deadline(&self) -> Instant {
        match self.flights.front() {
            // Bytes that move count as life, so that a slow link is slow and not dead; before them runs the request's own
            // time, with what the broker was asked to wait.
            Some(flight) => flight.sent.max(self.moved) + flight.terms.wait + self.request,
            None if self.incoming.slabs.is_empty() => self.moved + self.idle_close,
            None => self.moved + SLABS_IDLE.min(self.idle_close),
        }
    }

    fn overdue(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        if now < self.deadline() {
            return Ok(());
        }
        if let Some(flight) = self.flights.front() {
            let allowed = u64::try_from((flight.terms.wait + self.request).as_millis()).unwrap_or(u64::MAX);
            let fault = Fault::timed_out(&self.shared.address, Step::Request, allowed);
            return Err(if self.answers == 0 {
                fault.hint("something listens there and says nothing: another service, a listener of another security protocol, or a broker that hangs")
            } else {
                fault
            });
        }
        self.incoming.slabs.clear();
        if now >= self.moved + self.idle_close { Err(Fault::unused(&self.shared.address, "closed after it was idle")) } else { Ok(()) }
    }

    /// Someone poisoned the connection, or the last handle was dropped.
    fn woken(&self) -> Result<(), Fault> {
        match self.shared.closed.get() {
            Some((fault, _at)) => Err(fault.clone()),
            None if self.orders.is_closed() => Err(Fault::unused(&self.shared.address, "closed: nobody uses it")),
            None => Ok(()),
        }
    }

    /// A step of SASL: from its first request to its end no question is sent, for the broker would take it for a token.
    fn perform(&mut self, rite: Option<Rite>) -> Result<(), Fault> {
        match rite {
            None => self.take(None),
            Some(Rite::Done) => {
                self.in_rite = false;
                Ok(())
            }
            Some(Rite::Ask(order)) => {
                self.in_rite = true;
                self.take(Some(order))
            }
        }
    }

    fn take(&mut self, order: Option<Order>) -> Result<(), Fault> {
        let Some(order) = order else { return Err(Fault::unused(&self.shared.address, "closed: nobody uses it")) };
        if order.reply.is_closed() {
            return Ok(());
        }
        let sent = Instant::now();
        if order.terms.silent {
            self.moved = sent;
            self.out = order.bytes;
            let _nobody_waits = order.reply.send(Ok(Frame { bytes: Bytes::new(), size: 0 }));
            return Ok(());
        }
        if self.flights.is_empty() {
            self.moved = sent;
            self.shared.vitals(|v| v.waiting_since = Some(sent));
        }
        self.out = order.bytes;
        self.flights.push_back(Flight { id: order.id, terms: order.terms, throttle_at: order.throttle_at, sent, reply: order.reply });
        Ok(())
    }

    fn wrote(&mut self, wrote: std::io::Result<usize>) -> Result<(), Fault> {
        match wrote {
            Ok(bytes) => {
                self.out.advance(bytes.min(self.out.len()));
                Ok(())
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn read(&mut self, read: std::io::Result<usize>) -> Result<(), Fault> {
        match read {
            Ok(0) => return Err(self.ended()),
            Ok(_) => self.moved = Instant::now(),
            Err(error) => return Err(self.broken(&error)),
        }
        loop {
            match self.incoming.progress() {
                Progress::Head | Progress::Body => return Ok(()),
                Progress::Sized { size, id } => {
                    let size = self.checked_size(size)?;
                    let Some(id) = id else { return Ok(()) };
                    self.begin(size, id)?;
                }
                Progress::Whole(bytes) => self.deliver(bytes)?,
            }
        }
    }

    /// A size that the question in front allows, before anything is allocated (P10).
    fn checked_size(&self, size: i32) -> Result<usize, Fault> {
        let address = &self.shared.address;
        let flight = self.flights.front();
        let checked = usize::try_from(size).ok().filter(|&size| size >= 4);
        let most = flight.map_or(0, |flight| if flight.terms.head.is_some() { usize::MAX } else { flight.terms.cap });
        if self.answers == 0
            && checked.is_none_or(|size| size > most)
            && let Some((what, hint)) = not_kafka(self.incoming.head())
        {
            return Err(Fault::new(Cause::WrongProtocol(what), address, Step::Request, what).hint(hint));
        }
        if flight.is_none() {
            return Err(Fault::garbled(address, "an answer came to no question"));
        }
        let Some(size) = checked else {
            return Err(Fault::garbled(address, "an answer has an impossible size"));
        };
        if size > most {
            let bytes = u64::try_from(size).unwrap_or(u64::MAX);
            return Err(Fault::new(
                Cause::TooLarge(bytes),
                address,
                Step::Request,
                format!("an answer of {bytes} bytes is over the limit"),
            ));
        }
        Ok(size)
    }

    fn begin(&mut self, size: usize, id: i32) -> Result<(), Fault> {
        let Some(flight) = self.flights.front() else {
            return Err(Fault::garbled(&self.shared.address, "an answer came to no question"));
        };
        if flight.id != id {
            return Err(Fault::garbled(&self.shared.address, "an answer came to another question"));
        }
        self.size = size.saturating_add(4);
        let body = size.saturating_sub(4);
        let keep = if flight.reply.is_closed() {
            // Nobody waits any more: just enough to see the throttle time.
            body.min(8)
        } else if size > flight.terms.cap {
            body.min(flight.terms.head.unwrap_or(body))
        } else {
            body
        };
        self.incoming.begin(keep, body.saturating_sub(keep), flight.terms.reuse);
        Ok(())
    }

    fn deliver(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let Some(flight) = self.flights.pop_front() else {
            return Err(Fault::garbled(&self.shared.address, "an answer came to no question"));
        };
        let now = Instant::now();
        self.answers = self.answers.saturating_add(1);
        let hold = throttle(&bytes, flight.throttle_at);
        if let Some(time) = hold {
            self.hold(now, time);
        }
        let waiting_since = (!self.flights.is_empty()).then_some(now);
        let held_until = self.held;
        self.shared.vitals(|v| {
            v.last_answer = Some(now);
            v.waiting_since = waiting_since;
            v.held_until = held_until;
            if flight.terms.wait.is_zero() {
                v.round_trip = Some(now - flight.sent);
            }
        });
        let _nobody_waits = flight.reply.send(Ok(Frame { bytes, size: self.size }));
        Ok(())
    }

    /// The broker has muted this connection for `time`: what we sent now would only wait there (KIP-219).
    fn hold(&mut self, now: Instant, time: Duration) {
        let until = now + time.min(LONGEST_HOLD);
        self.held = Some(self.held.map_or(until, |old| old.max(until)));
        self.shared.common.throttled.send_modify(|t| {
            *t = Throttled {
                address: Some(Arc::clone(&self.shared.address)),
                broker: self.shared.broker.get().copied(),
                time,
                at: Some(now),
                count: t.count.saturating_add(1),
            };
        });
    }

    /// The other side closed the stream.
    fn ended(&self) -> Fault {
        if self.answers > 0 && self.flights.is_empty() && self.incoming.is_between_frames() {
            return Fault::unused(&self.shared.address, "closed by the broker while idle");
        }
        if self.answers == 0
            && let Some(tls) = self.tls()
        {
            return tls::closed_at_once(&self.shared.address, tls);
        }
        match self.answers {
            0 => self.disconnected("closed as soon as we spoke").hint(MAY_BE_TLS),
            1 if !self.has_login() => self
                .disconnected("closed after the first answer")
                .hint("the listener may ask for SASL authentication: sasl.mechanism, and security.protocol=SASL_PLAINTEXT or SASL_SSL"),
            _ => self.disconnected("closed by the broker"),
        }
    }

    fn broken(&self, error: &std::io::Error) -> Fault {
        if let Some(tls) = self.tls()
            && let Some(fault) = tls::explained(&self.shared.address, tls, error)
        {
            return fault;
        }
        match (self.answers, self.tls()) {
            (0, Some(tls)) => tls::closed_at_once(&self.shared.address, tls),
            (0, None) => self.disconnected(io_words(error)).hint(MAY_BE_TLS),
            _ => self.disconnected(io_words(error)),
        }
    }

    fn tls(&self) -> Option<&TlsReady> {
        self.shared.ready.as_ref().and_then(|ready| ready.tls.as_ref())
    }

    fn has_login(&self) -> bool {
        self.shared.ready.as_ref().is_some_and(|ready| ready.login.is_some())
    }
}

/// What it may be when it closes at the first word in clear text.
const MAY_BE_TLS: &str =
    "the listener may be a TLS one: security.protocol=SSL or SASL_SSL, or a table [contexts.NAME.tls]; or no Kafka listener at all";

/// The throttle time at the start of an answer, when it is not zero.
fn throttle(bytes: &Bytes, at: Option<usize>) -> Option<Duration> {
    let at = at?;
    if at > 0 && bytes.first() != Some(&0) {
        return None;
    }
    let ms: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    let ms = u64::try_from(i32::from_be_bytes(ms)).ok()?;
    (ms > 0).then(|| Duration::from_millis(ms))
}

pub(super) const SPEAKS_TLS: &str = "a TLS listener answers there, and we spoke clear text";
pub(super) const USE_TLS: &str = "security.protocol=SSL, or SASL_SSL with a user: -X, a properties file, or a table [contexts.NAME.tls]";

/// What answers there, by the first bytes of it (P10).
fn not_kafka(head: &[u8]) -> Option<(&'static str, &'static str)> {
    match head.get(..4)? {
        b"HTTP" | b"<!DO" | b"<!do" | b"<htm" | b"<HTM" => {
            Some(("an HTTP server answers there, not Kafka", "use the port of a Kafka listener, 9092 by default"))
        }
        [0x15 | 0x16, 3, ..] => Some((SPEAKS_TLS, USE_TLS)),
        b"SSH-" => Some(("an SSH server answers there, not Kafka", "use the port of a Kafka listener, 9092 by default")),
        b"-ERR" => Some(("a Redis or similar server answers there, not Kafka", "use the port of a Kafka listener, 9092 by default")),
        text if text.iter().all(|b| (0x20..0x7f).contains(b) || b"\r\n\t".contains(b)) => {
            Some(("a server of some text protocol answers there, not Kafka", "use the port of a Kafka listener, 9092 by default"))
        }
        _ => None,
    }
}

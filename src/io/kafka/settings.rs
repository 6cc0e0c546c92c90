//! What a connection needs to know before it is made: addresses, deadlines, limits.
//!
//! May use model and std. A new setting is a field here with its unit and reason, and a row in the default.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::security::Security;

/// Kafka's port when none is written.
pub const DEFAULT_PORT: u16 = 9092;

/// A host and a port as a user or a broker wrote them; the host may be a name, an IPv4 or an IPv6 address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    host: Arc<str>,
    port: u16,
}

/// Why a text is no address. `Display` gives the sentence; it quotes what the user typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("no address given: write HOST:PORT, several separated by commas")]
    Empty,
    #[error("'{0}' is a URL: Kafka is reached as HOST:PORT, without a scheme and a path")]
    Url(String),
    #[error("'{0}' has no host: write HOST:PORT")]
    NoHost(String),
    #[error("'{0}' ends in a colon: write HOST:PORT, or HOST alone for port {DEFAULT_PORT}")]
    NoPort(String),
    #[error("'{port}' in '{text}' is no port: a port is a number from 1 to 65535")]
    BadPort { text: String, port: String },
    #[error("'{0}' looks like an IPv6 address: write it in brackets, [{0}]:{DEFAULT_PORT}")]
    Unbracketed(String),
    #[error("'{0}' is no IPv6 address in brackets: write [::1]:{DEFAULT_PORT}")]
    BadBrackets(String),
    #[error("'{0}' contains a character that no host name has")]
    BadHost(String),
}

impl Address {
    /// An address as a cluster advertises it; `None` when the port is none.
    pub(super) fn advertised(host: &str, port: i32) -> Option<Self> {
        let port = u16::try_from(port).ok().filter(|&port| port != 0)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() { None } else { Some(Self { host: host.into(), port }) }
    }

    /// One address: `host`, `host:port`, `[::1]`, `[::1]:port`.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadAddress::Empty);
        }
        if text.contains("://") || text.contains('/') {
            return Err(BadAddress::Url(text.to_owned()));
        }
        if let Some(rest) = text.strip_prefix('[') {
            let bad = || BadAddress::BadBrackets(text.to_owned());
            let (host, port) = rest.split_once(']').ok_or_else(bad)?;
            let unscoped = host.split_once('%').map_or(host, |(ip, _)| ip);
            unscoped.parse::<std::net::Ipv6Addr>().map_err(|_not_an_ip| bad())?;
            return Ok(Self { host: host.into(), port: port_after(text, port)? });
        }
        let (host, port) = text.find(':').map_or((text, ""), |at| text.split_at(at));
        if port.matches(':').count() > 1 {
            return Err(BadAddress::Unbracketed(text.to_owned()));
        }
        if host.is_empty() {
            return Err(BadAddress::NoHost(text.to_owned()));
        }
        if host.chars().any(|c| c.is_whitespace() || c.is_control() || "\\@?#\"'<>[]".contains(c)) {
            return Err(BadAddress::BadHost(text.to_owned()));
        }
        Ok(Self { host: host.into(), port: port_after(text, port)? })
    }

    /// A list, separated by commas; empty elements are left out, the list itself must not be empty.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BadAddress> {
        let mut list = Vec::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let address = Self::parse(part)?;
            if !list.contains(&address) {
                list.push(address);
            }
        }
        if list.is_empty() { Err(BadAddress::Empty) } else { Ok(list) }
    }

    /// Name or IP, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

/// `rest` is empty or starts with the colon.
fn port_after(text: &str, rest: &str) -> Result<u16, BadAddress> {
    if rest.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    let port = rest.strip_prefix(':').unwrap_or(rest);
    if port.is_empty() {
        return Err(BadAddress::NoPort(text.to_owned()));
    }
    let bad = || BadAddress::BadPort { text: text.to_owned(), port: port.to_owned() };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    port.parse::<u16>().ok().filter(|&port| port != 0).ok_or_else(bad)
}

/// host:port, with brackets around an IPv6 host.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') { write!(f, "[{}]:{}", self.host, self.port) } else { write!(f, "{}:{}", self.host, self.port) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// How to reach a cluster and how long to wait for it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to begin, in the user's order; at least one.
    pub bootstrap: Vec<Address>,
    /// How brokers' logs and quotas name us. Never `__admin_client`, which unlocks internal topics.
    pub client_id: Arc<str>,
    pub security: Security,
    /// TCP, TLS and SASL together.
    pub connect: Duration,
    /// From sending a request to the first byte of its answer, and between two bytes of it; the wait that a fetch asks
    /// the broker for comes on top.
    pub request: Duration,
    /// A broker that owes an answer for so long is passed by when any other will do.
    pub patience: Duration,
    /// How long a question is asked again when leaders move and connections break.
    pub retry: Duration,
    /// A topic that brokers do not know counts as deleted when they have said so for so long (P26).
    pub gone_after: Duration,
    /// Bytes a second, at most about, that who looks through history asks all brokers for; `None`: as fast as it goes.
    pub pace: Option<u64>,
    /// Bytes of answers, at most about, that one such question reads; `None`: all there are.
    pub budget: Option<u64>,
    /// The largest answer to a fetch, in bytes.
    pub fetch_cap: usize,
    /// The largest other answer, in bytes.
    pub control_cap: usize,
    /// A connection unused for so long is closed, before the broker does it after 10 minutes (P8).
    pub idle_close: Duration,
}

impl Settings {
    pub fn new(bootstrap: Vec<Address>) -> Self {
        Self {
            bootstrap,
            client_id: "kscope".into(),
            security: Security::default(),
            connect: Duration::from_secs(5),
            request: Duration::from_secs(10),
            patience: Duration::from_secs(2),
            retry: Duration::from_secs(15),
            gone_after: Duration::from_secs(5),
            pace: None,
            budget: None,
            fetch_cap: 64 << 20,
            control_cap: 32 << 20,
            idle_close: Duration::from_secs(9 * 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match Address::parse(text) {
            Ok(address) => address.to_string(),
            Err(bad) => format!("{bad:?}"),
        }
    }

    #[test]
    fn an_address_is_host_and_port() {
        for (text, want) in [
            ("kafka-1.int:9093", "kafka-1.int:9093"),
            (" localhost ", "localhost:9092"),
            ("10.0.0.5:1", "10.0.0.5:1"),
            ("[::1]:9094", "[::1]:9094"),
            ("[fe80::1%eth0]", "[fe80::1%eth0]:9092"),
        ] {
            assert_eq!(shown(text), want);
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, want) in [
            ("", "Empty"),
            ("http://kafka:9092", "Url(\"http://kafka:9092\")"),
            ("kafka:9092/topic", "Url(\"kafka:9092/topic\")"),
            (":9092", "NoHost(\":9092\")"),
            ("kafka:", "NoPort(\"kafka:\")"),
            ("kafka:0", "BadPort { text: \"kafka:0\", port: \"0\" }"),
            ("kafka:+80", "BadPort { text: \"kafka:+80\", port: \"+80\" }"),
            ("kafka:65536", "BadPort { text: \"kafka:65536\", port: \"65536\" }"),
            ("::1", "Unbracketed(\"::1\")"),
            ("[::1", "BadBrackets(\"[::1\")"),
            ("[kafka]:9092", "BadBrackets(\"[kafka]:9092\")"),
            ("a b", "BadHost(\"a b\")"),
        ] {
            assert_eq!(shown(text), want);
        }
    }

    #[test]
    fn a_list_keeps_order_and_drops_repeats() {
        let list = Address::parse_list("b:1, a:2,,b:1").unwrap();
        assert_eq!(list.iter().map(ToString::to_string).collect::<Vec<_>>(), ["b:1", "a:2"]);
        assert_eq!(Address::parse_list(" , "), Err(BadAddress::Empty));
    }

    #[test]
    fn an_advertised_address_needs_host_and_port() {
        assert_eq!(Address::advertised("::1", 9092).unwrap().to_string(), "[::1]:9092");
        assert!(Address::advertised("", 9092).is_none());
        assert!(Address::advertised("kafka", -1).is_none());
    }
}

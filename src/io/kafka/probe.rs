//! A look at the way to brokers, step by step, over connections of its own: what `io::checkup` is made of.
//!
//! Reads only, and logs in once where it is refused. May use the settings, the wire and model. To ask one more thing of a
//! broker that let us in: a method of [`Host`] in `host`.

mod host;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::fault::io_words;
pub(in crate::io) use super::security::{Facts, Role, Store, Trouble, date};
use super::settings::{Address, Settings};
pub(in crate::io) use super::wire::dial::{Course, Secured};
use super::wire::dial::{Target, connect_noting, resolve};
use super::wire::{Common, Connection, Throttled};
use crate::model::{BrokerId, Failure};
pub(in crate::io) use host::{Right, Rights, There};

/// What was asked for, in the words of a failure.
const WHAT: &str = "check the connection";

/// One look. What its connections have in common is theirs alone: a refusal here stops no others.
#[derive(Debug, Clone)]
pub(in crate::io) struct Probe {
    settings: Arc<Settings>,
    common: Common,
}

/// How long TCP took, or how it failed; `None`: nothing answered.
pub(in crate::io) type Knock = Result<Duration, Option<String>>;

/// A broker that let us in.
#[derive(Debug, Clone)]
pub(in crate::io) struct Host {
    connection: Connection,
}

impl Probe {
    pub(in crate::io) fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), common: Common::default() }
    }

    /// All addresses of a name.
    pub(in crate::io) async fn look_up(&self, address: &Address) -> Result<Vec<SocketAddr>, Failure> {
        let target = Target { address: address.clone(), broker: None };
        resolve(&target, &self.settings).await.map_err(|fault| fault.into_failure(WHAT))
    }

    /// Connects by TCP to one address, and no further.
    pub(in crate::io) async fn knock(&self, address: SocketAddr) -> Knock {
        let began = Instant::now();
        match timeout(self.settings.connect, TcpStream::connect(address)).await {
            Ok(Ok(_stream)) => Ok(began.elapsed()),
            Ok(Err(error)) => Err(Some(io_words(&error))),
            Err(_elapsed) => Err(None),
        }
    }

    /// The whole way to one broker, by these addresses, as every connection of kscope takes it; and how far it got.
    pub(in crate::io) async fn dial(
        &self,
        address: &Address,
        broker: Option<BrokerId>,
        addresses: &[SocketAddr],
    ) -> (Course, Result<Host, Failure>) {
        let mut course = Course::default();
        let target = Target { address: address.clone(), broker };
        let connected = connect_noting(&target, addresses, (&self.settings, &self.common), &mut course).await;
        let host = connected.map(|connection| Host { connection }).map_err(|fault| fault.into_failure(WHAT));
        (course, host)
    }

    /// The newest throttling, and how often there was any.
    pub(in crate::io) fn throttled(&self) -> Throttled {
        self.common.throttled.borrow().clone()
    }
}

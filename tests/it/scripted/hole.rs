//! An address that swallows everything: no SYN is ever answered, as behind a firewall that drops. It is a listener whose
//! queue is full, which Linux treats so; elsewhere there is none, and what needs it is skipped.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// See the module.
#[derive(Debug)]
pub(crate) struct Hole {
    address: SocketAddr,
    _listener: Socket,
    /// What fills the queue.
    _waiting: Vec<TcpStream>,
}

impl Hole {
    pub(crate) fn open() -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
        listener.listen(0).expect("it listens");
        let address = listener.local_addr().ok().and_then(|address| address.as_socket()).expect("an address");
        let mut waiting = Vec::new();
        // The first one that is not answered says that the queue is full.
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            waiting.push(stream);
        }
        Some(Self { address, _listener: listener, _waiting: waiting })
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

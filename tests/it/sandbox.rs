//! The sandbox before every client that is at hand: kscope's own, rskafka, kcat, Apache's tools. That it behaves as Kafka does
//! is known from them, never from itself.

mod alike;
mod clients;
mod codes;
mod faults;
mod groups;
mod inquire;
mod lag;
mod living;
mod managed;
mod members;
mod produce;
mod program;
mod reading;
mod resets;
mod silence;
mod tools;
mod wire;

use std::future::Future;
use std::time::Duration;

use kscope::io::kafka::{Address, Client, Settings};
use kscope::sandbox::{Options, Sandbox};

pub(crate) use resets::carried_out;

/// Without traffic, so that nothing moves.
fn still() -> Sandbox {
    start(&Options { rate: 0, ..Options::default() })
}

fn start(options: &Options) -> Sandbox {
    Sandbox::start(options).expect("free ports")
}

/// For `-b`: the first broker alone, so that the others are found through it.
fn bootstrap(sandbox: &Sandbox) -> String {
    sandbox.addresses()[0].to_string()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// With deadlines that a test can wait for.
fn client(sandbox: &Sandbox, retry: Duration) -> Client {
    let addresses = sandbox.addresses().iter().map(|address| Address::parse(&address.to_string()).expect("an address")).collect();
    let mut settings = Settings::new(addresses);
    settings.request = Duration::from_millis(500);
    settings.retry = retry;
    Client::new(settings)
}

/// Xorshift: the same faults in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).expect("small")).expect("small")
    }
}

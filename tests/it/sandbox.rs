//! The sandbox before every client that is at hand: kscope's own, rskafka, kcat, Apache's tools. That it behaves as Kafka does
//! is known from them, never from itself.

mod alike;
mod clients;
mod codes;
mod faults;
mod groups;
mod lag;
mod living;
mod members;
mod produce;
mod program;
mod reading;
mod resets;
mod silence;
mod tools;
mod wire;

use std::future::Future;

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

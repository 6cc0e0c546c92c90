//! `kscope tail` as a shell sees it: what is printed, what is said, how it ends. That every record of every seeded topic comes
//! out byte for byte is tested beside the fixture, in `kafka/tail.rs`.

mod faults;
mod reading;
mod rights;
pub(crate) mod second_client;
mod wrong;

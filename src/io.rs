//! Everything that waits: the network, files, other programs. The only layer that starts tasks and reads the clock.
//!
//! May use core's asks, effects and events, model, text, json, records, query, tokio. `kafka` is the cluster's side.
//! To add a place that waits: a module here, reached from `runner` through one arm of its match over the asks.
#![expect(clippy::disallowed_methods, reason = "tasks are started here and nowhere else, each with an owner and an end")]

pub mod audit;
pub mod behind;
pub mod checkup;
mod clipboard;
pub mod editor;
mod export;
pub mod figures;
mod file;
pub mod groups;
pub mod inquire;
pub mod kafka;
mod log_tail;
mod past;
pub mod produce;
pub mod queries;
pub mod reset;
pub mod runner;
pub mod saved;
pub mod scan;
mod several;
mod tally;
pub mod work;

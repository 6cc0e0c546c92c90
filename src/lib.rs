//! kscope: a terminal UI for Apache Kafka.
//!
//! Events go in, the state changes, effects come out as values; drawing reads the state; only `io` touches the world.
//!
//! ```text
//!  ┌─────────┐  keys, paste, mouse  ┌───────────────────────┐  replies (one per ask)   ┌─────────────────────────┐
//!  │ term    │ ───────────────────► │ app        the loop   │ ◄─────────────────────── │ io::runner              │
//!  │ owns the│                      │ wait → drain → update │ ◄── chunks (lane of 4) ─ │ Effect → tokio task     │
//!  │ terminal│ ◄─────────────────── │ → run effects → draw  │ ─── Effects ───────────► │ ids, owners, cancel     │
//!  └─────────┘        cells         └──┬───────▲─────────┬──┘                          └──────┬───────────┬──────┘
//!                                Event │       │ Effects │ &State                             ▼           ▼
//!                                      ▼       │         ▼                              io::kafka    clipboard, files
//!                          ┌───────────────────┴─┐  ┌────────────────────┐
//!                          │ update              │  │ draw               │
//!                          │ (&mut State, Event) │  │ (&State, &mut …)   │
//!                          └─────────────────────┘  └────────────────────┘
//! ```
//!
//! Modules in reading order; who may use whom is a table in `docs/architecture.md`, enforced by `tests/it/architecture.rs`.

pub mod app;
pub mod cli;
pub mod config;
pub mod core;
pub mod crash;
pub mod decode;
pub mod draw;
pub mod io;
pub mod json;
pub mod log;
pub mod model;
pub mod overlays;
pub mod query;
pub mod records;
pub mod sandbox;
pub mod screens;
pub mod state;
pub mod term;
#[cfg(test)]
mod testing;
pub mod text;
pub mod tree;
pub mod ui;
pub mod update;

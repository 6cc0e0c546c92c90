//! The vocabulary of the program: events, actions, asks, effects, and the state that every screen shares.
//!
//! Pure: no I/O, no clock, no lock, no task. May use model, text, tree, query and bytes (`docs/architecture.md`).

pub mod guard;

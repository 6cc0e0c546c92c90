//! The vocabulary of the program: events, actions, asks, effects, and the state that every screen shares.
//!
//! Pure: no I/O, no clock, no lock, no task. May use model, text, json, tree, decode, query and bytes
//! (`docs/architecture.md`). To add a question: a variant of [`ask::Ask`]. To add a command: a row in [`action`].

pub mod action;
pub mod ask;
pub mod brokers;
pub mod caret;
pub mod cells;
pub mod checkup;
pub mod cluster;
pub mod command;
pub mod configure;
pub mod context;
pub mod cursor;
pub mod editor;
pub mod effect;
pub mod event;
pub mod figures;
pub mod groups;
pub mod guard;
pub mod history;
pub mod incident;
pub mod inquire;
pub mod key;
pub mod keymap;
pub mod lag;
pub mod line;
pub mod listing;
pub mod marks;
pub mod names;
pub mod narrow;
pub mod notices;
pub mod panes;
pub mod produce;
pub mod remote;
pub mod reset;
pub mod saved;
pub mod store;
pub mod stream;
pub mod sweep;
pub mod table;
pub mod timeline;
pub mod verdict;

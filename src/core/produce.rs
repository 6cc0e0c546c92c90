//! Sending records, as values: where they go, what they are, and what became of them.

pub mod partitioner;

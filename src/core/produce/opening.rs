//! What a form for records begins with.

use super::{NewRecord, Redrive};

/// A form to be opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The topic that is written to; empty: it is asked.
    pub topic: String,
    pub from: From,
}

/// What the form begins with.
#[derive(Debug, Clone)]
pub enum From {
    Nothing,
    /// A record that was read, and where.
    Record(Box<NewRecord>, String),
    /// Records that were read, to be sent again.
    Records(Box<Redrive>),
}

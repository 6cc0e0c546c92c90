//! What is drawn on top of a screen. May use what screens may use.

pub mod help;
pub mod offline;
pub mod palette;

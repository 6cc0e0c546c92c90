//! The one way from foreign bytes to text that may be drawn, logged or printed: names, values and errors from Kafka pass
//! here first. Also columns, cutting and the units of figures.
//!
//! May use std, jiff, unicode-width and `model`. To show one more kind of character differently: `pieces::escape`, where all
//! of them are decided. To print one more kind of figure: a function in `units`.

mod line;
mod meant;
pub mod ndjson;
mod pieces;
pub mod row;
mod ruler;
pub mod setting;
mod shown;
mod time;
pub mod units;
mod wrap;

pub use line::{Class, Line, Painter, Segment, Window};
pub use meant::{meant, nearest};
pub use pieces::{Kind, Piece, Pieces, ascii_run, boundary, pieces};
pub use ruler::Ruler;
pub use setting::why;
pub use shown::{Lines, Shown, width};
pub use time::{TimeFormat, age, clock, time};
pub use wrap::wrapped;

//! JSON as it lies in a message: a lossless lexer, the grammar over it, a printer, exact numbers and a lazy path walker.
//!
//! Pure: uses `memchr` and std alone, no tree is built, nothing recurses over the text, and any bytes at all may come
//! in. To add a question about JSON text: a file here that reads through [`Reader`] (grammar) or [`Lexer`] (tokens).

mod lexer;
pub mod number;
mod path;
mod printer;
mod reader;
mod scan;
mod string;
mod walk;

pub use lexer::{Kind, Lexer, Token};
pub(crate) use path::quoted;
pub use path::{MAX_STEPS, Path, PathError, Step};
pub use printer::{compact, pretty};
pub use reader::{Reader, Role, Shape, Stepped};
pub use string::{Quoted, decode};
pub use walk::{Value, ValueKind, Walked, walk};

/// What the text is, by reading all of it once.
///
/// ```
/// use kscope::json::{Shape, check};
/// assert_eq!(check(br#"{"a":1}"#), Shape::Valid);
/// assert_eq!(check(br#"{"a":1"#), Shape::Truncated { at: 5 });
/// ```
pub fn check(text: &[u8]) -> Shape {
    let mut reader = Reader::new(text);
    while reader.next().is_some() {}
    reader.shape()
}

/// A cheap test whether a value should be shown as JSON: it starts like an object or an array, or it is one whole scalar.
pub fn looks_like(text: &[u8]) -> bool {
    let mut lexer = Lexer::new(text);
    let Some(first) = lexer.next() else { return false };
    match first.kind {
        Kind::ObjectOpen | Kind::ArrayOpen => true,
        Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null => !first.cut && lexer.next().is_none(),
        Kind::ObjectClose | Kind::ArrayClose | Kind::Colon | Kind::Comma | Kind::Broken => false,
    }
}

#[cfg(test)]
mod tests;

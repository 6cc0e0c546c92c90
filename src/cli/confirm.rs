//! In a context that asks for the name: on a terminal it is typed, elsewhere `--write` says that it is meant.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::core::guard;
use crate::model::{Cause, Failure};

/// Goes on when the name was typed, or `--write` given (`written`). `what` is being done to `thing` ("group", "topic") `name`.
///
/// # Errors
/// Neither was.
pub(super) fn by_name(written: bool, what: &'static str, (thing, name): (&str, &str)) -> Result<(), Failure> {
    let refused = |why: &'static str, hint: &str| Err(Failure::new(what, Cause::Refused(why)).hint(hint));
    if written {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return refused(
            "the context asks for the name to be typed (guard = \"typed\")",
            "--write says that it is meant where nobody can type",
        );
    }
    // Nobody reads it: then nobody types the name.
    let _closed = write!(std::io::stderr(), "Type the {thing}'s name to go on: ");
    let mut typed = String::new();
    let read = std::io::stdin().lock().read_line(&mut typed);
    if read.is_ok() && guard::confirms(&typed, name) {
        return Ok(());
    }
    refused("the name that was typed is another", "nothing was changed")
}

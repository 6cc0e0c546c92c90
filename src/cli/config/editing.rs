//! `kscope config edit`: the user's editor on config.toml, and what is wrong with it afterwards.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::{failure, failure_of, file, shown};
use crate::config::{self, Config};
use crate::io::editor;
use crate::model::Failure;

/// Opens it, made from the default first where there is none; checks it when the editor has ended, and offers to go on.
pub(super) fn run(variable: &dyn Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let path = file(variable)?;
    let set = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    config::write_default(&path).map_err(|error| failure_of("write the configuration", format!("{}: {error}", shown(&path))))?;
    loop {
        editor::ended(editor::on_file(&path, None, &|name| set(name).map(Into::into)).status())?;
        let Err(problems) = Config::load(variable) else { return Ok(format!("{}: nothing is wrong\n", shown(&path))) };
        let failed = failure(&problems);
        if !std::io::stdin().is_terminal() {
            return Err(failed);
        }
        // Without standard error there is nobody to ask.
        let _nobody = write!(std::io::stderr(), "{problems}\nedit it again? [Y/n] ");
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer).unwrap_or(0);
        if read == 0 || answer.trim().to_lowercase().starts_with('n') {
            return Err(failed);
        }
    }
}

//! What the program says of itself: its version and what it speaks, its man page, completion for shells.

use std::fmt::Write as _;

use clap::{Command, ValueEnum};

use super::words::Exit;
use crate::io::kafka::{SPOKEN, Spoken};
use crate::model::{Cause, Failure, Foreign};

/// Shells that can complete kscope's commands and options.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// What was compiled in; what is not in this release is said, so that nobody looks for an option.
const FEATURES: [&str; 6] = ["gzip", "snappy", "lz4", "zstd", "TLS", "SASL"];
const MISSING: [&str; 2] = ["Kerberos", "schema registries"];

/// The script that a shell reads.
pub(super) fn completion(shell: Shell, mut command: Command) -> Exit {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "kscope", &mut script);
    Exit::done(String::from_utf8_lossy(&script).into_owned())
}

/// The page of the program, or of one of its commands, as troff.
pub(super) fn man(of: Option<&str>, mut command: Command, json: bool) -> Exit {
    command.build();
    let page = match of.map(|name| (name, command.find_subcommand(name))) {
        None => command,
        Some((_, Some(sub))) => sub.clone(),
        Some((name, None)) => {
            let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            let failure = Failure::new("print the manual", Cause::Usage(Foreign::new(format!("there is no command {name}"))));
            return Exit::failed(&failure.hint(format!("there are {}", names.join(", "))), json);
        }
    };
    let mut troff = Vec::new();
    match clap_mangen::Man::new(page).date("").source(concat!("kscope ", env!("CARGO_PKG_VERSION"))).render(&mut troff) {
        Ok(()) => Exit::done(String::from_utf8_lossy(&troff).into_owned()),
        Err(error) => Exit::failed(&Failure::new("print the manual", Cause::Bug(Foreign::new(error.to_string()))), json),
    }
}

/// By their keys.
fn spoken() -> Vec<Spoken> {
    let mut all = SPOKEN.to_vec();
    all.sort_by_key(|spoken| spoken.key);
    all
}

/// Version, features, and each request of Kafka's protocol with the versions that it is sent in.
pub(super) fn version(json: bool) -> Exit {
    if json {
        let api = |spoken: &Spoken| serde_json::json!({"api": spoken.name, "key": spoken.key, "min": spoken.min, "max": spoken.max});
        let apis: Vec<serde_json::Value> = spoken().iter().map(api).collect();
        let all = serde_json::json!({"version": env!("CARGO_PKG_VERSION"), "features": FEATURES, "apis": apis});
        return Exit::done(format!("{all}\n"));
    }
    let mut out = format!("kscope {}\n", env!("CARGO_PKG_VERSION"));
    // Writing to a String does not fail.
    let _written = writeln!(out, "features: {}; not in this release: {}", FEATURES.join(", "), MISSING.join(", "));
    out.push_str("Kafka requests, with the versions that are sent; none of them changes anything:\n");
    for Spoken { name, key, min, max } in spoken() {
        let _written = writeln!(out, "  {key:3}  {name:27}{min} to {max}");
    }
    Exit::done(out)
}

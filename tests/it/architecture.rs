//! The rules of `docs/architecture.md` that a machine can check: who may use whom, who may touch which crate and the clock,
//! how long a file may be, that every dependency says why. The rules are the tables at the top; to change one, change it in
//! the document too.

mod paths;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use paths::{Source, has_path, own_paths, paths_from, read};

/// Layer, and what of our own it may use (itself apart): a module, or a part of one.
pub(crate) const MAY_USE: [(&str, &[&str]); 21] = [
    ("model", &[]),
    ("text", &["model"]),
    ("json", &["model"]),
    ("records", &["model"]),
    ("tree", &["model", "text", "json"]),
    ("decode", &["model", "text", "json", "tree"]), // bytes in, tree out
    ("query", &["model", "text", "json"]),
    ("core", &["model", "text", "json", "tree", "decode", "query"]),
    ("ui", &["core::cursor", "core::line", "model", "text", "tree", "config::palette"]),
    ("screens", &["core", "model", "text", "json", "tree", "query", "decode", "ui"]),
    ("overlays", &["core", "model", "text", "json", "tree", "query", "decode", "ui", "screens"]),
    ("state", &["core", "model", "text", "json", "tree", "query", "decode", "ui", "screens", "overlays"]),
    ("update", &["core", "model", "text", "json", "tree", "query", "decode", "ui", "screens", "overlays", "state", "draw"]),
    ("draw", &["core", "model", "text", "json", "tree", "query", "decode", "ui", "screens", "overlays", "state"]),
    (
        "io",
        &[
            "core::ask",
            "core::checkup",
            "core::effect",
            "core::event",
            "core::groups",
            "core::guard",
            "core::inquire",
            "core::lag",
            "core::produce",
            "core::reset",
            "core::saved",
            "core::store",
            "core::stream",
            "model",
            "text",
            "json",
            "records",
            "decode",
            "query",
            "tree",
        ],
    ),
    ("cli", &["core", "io", "model", "text", "json", "records", "query", "config", "sandbox"]),
    ("sandbox", &["model", "records", "json"]),
    ("config", &["core", "model", "text", "query", "io::kafka"]),
    ("term", &["core::event", "core::key"]),
    ("log", &["text"]),
    ("crash", &["text", "log"]),
];

/// May use everything: they put the parts together.
const ABOVE_ALL: [&str; 4] = ["app", "lib", "main", "testing"];

/// A crate, and the only layers that may name it.
const CRATES: [(&str, &[&str]); 17] = [
    ("tokio", &["app", "cli", "io", "main", "sandbox", "term"]),
    ("kafka_protocol", &["io", "sandbox"]),
    ("rskafka", &["sandbox"]),
    ("ratatui", &["app", "draw", "overlays", "screens", "term", "testing", "ui"]),
    ("crossterm", &["term"]),
    ("rustix", &["cli", "io", "log", "main", "term"]),
    ("libc", &["term"]),
    ("clap", &["cli", "main"]),
    ("syntect", &["decode", "io"]),
    ("toml", &["config"]),
    ("toml_edit", &["config"]),
    ("saphyr_parser", &["config"]),
    ("rustls", &["io"]),
    ("tokio_rustls", &["io"]),
    ("ring", &["io"]),
    ("ureq", &["io"]),
    ("x509_parser", &["io"]),
];

/// What reads the clock, and who may.
const CLOCK: ([&str; 4], &[&str]) =
    (["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"], &["app", "cli", "io", "log", "main", "sandbox", "term"]);

/// What of ratatui may be used outside `ui`: everything but its ways from a string to cells. So nothing foreign is drawn past
/// `text::Shown`.
const RAW_TEXT: [&str; 3] = ["text", "prelude", "widgets"];
const WIDGETS_WITHOUT_TEXT: [&str; 3] = ["widgets::Clear", "widgets::StatefulWidget", "widgets::Widget"];
const RAW_CALLS: [&str; 4] = [".set_string(", ".set_stringn(", ".set_line(", ".set_span("];

/// Folders in which one file must not use another: each is one screen.
const STRANGERS: [&str; 2] = ["screens", "overlays"];

const LONGEST: usize = 600;
/// Longer files, each with the reason.
const LONG: [(&str, &str); 0] = [];

#[test]
fn every_layer_uses_only_what_the_table_allows() {
    let allowed: BTreeMap<_, _> = MAY_USE.into();
    let mut wrong = Vec::new();
    for source in sources("src").iter().filter(|s| !ABOVE_ALL.contains(&s.layer())) {
        let Some(list) = allowed.get(source.layer()) else {
            wrong.push(format!("{}: no layer of the table", source.path.display()));
            continue;
        };
        for path in own_paths(source) {
            let used = |layer: &str| path == layer || path.strip_prefix(layer).is_some_and(|rest| rest.starts_with("::"));
            if !used(source.layer()) && !list.iter().any(|l| used(l)) {
                wrong.push(format!("{} uses crate::{path}", source.path.display()));
            }
        }
    }
    none(&wrong);
}

#[test]
fn no_screen_knows_another() {
    let mut wrong = Vec::new();
    let all = sources("src");
    for folder in STRANGERS {
        let files: Vec<&str> = all.iter().filter(|s| s.layer() == folder).filter_map(|s| s.module.get(1)).map(String::as_str).collect();
        for source in all.iter().filter(|s| s.module.len() > 1 && STRANGERS.contains(&s.layer())) {
            for path in own_paths(source) {
                let mut steps = path.split("::");
                let other = (steps.next() == Some(folder)).then(|| steps.next()).flatten();
                if let Some(other) = other.filter(|o| files.contains(o) && (source.layer() != folder || *o != source.module[1])) {
                    wrong.push(format!("{} uses {folder}::{other}", source.path.display()));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn crates_and_the_clock_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let clock = CLOCK.0.iter().map(|what| (*what, CLOCK.1));
        for (what, layers) in CRATES.into_iter().chain(clock) {
            if !layers.contains(&source.layer()) && has_path(&source.code, what) {
                wrong.push(format!("{} names {what}", source.path.display()));
            }
        }
    }
    none(&wrong);
}

#[test]
fn only_ui_turns_strings_into_cells() {
    let mut wrong = Vec::new();
    for source in sources("src").iter().filter(|s| s.layer() != "ui") {
        for path in paths_from(source, "ratatui", &[]) {
            let part = path.split("::").next().unwrap_or_default();
            if RAW_TEXT.contains(&part) && !WIDGETS_WITHOUT_TEXT.contains(&path.as_str()) {
                wrong.push(format!("{} uses ratatui::{path}", source.path.display()));
            }
        }
        for call in RAW_CALLS.iter().filter(|call| source.code.contains(*call)) {
            wrong.push(format!("{} calls {call}", source.path.display()));
        }
    }
    none(&wrong);
}

#[test]
fn files_are_short_and_say_what_they_hold() {
    let mut wrong = Vec::new();
    for source in ["src", "tests", "benches"].into_iter().flat_map(sources) {
        let path = source.path.display().to_string();
        let lines = source.text.lines().count();
        if lines > LONGEST && !LONG.iter().any(|(long, _)| *long == path) {
            wrong.push(format!("{path} has {lines} lines"));
        }
        if !source.text.starts_with("//!") {
            wrong.push(format!("{path} does not begin with //!"));
        }
        if path.ends_with("/mod.rs") {
            wrong.push(format!("{path}: write foo.rs beside foo/"));
        }
    }
    none(&wrong);
}

#[test]
fn every_dependency_says_why_it_is_here() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut wrong = Vec::new();
    for line in manifest.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if line.starts_with('[') {
            section = line;
        } else if section.contains("dependencies]") && !line.starts_with('#') && !line.contains(" # ") {
            wrong.push(format!("{section} {line}"));
        }
    }
    none(&wrong);
}

#[test]
fn the_table_speaks_of_layers_that_are_declared() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: Vec<&str> = lib.lines().filter_map(|l| l.trim().strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let known = |name: &&str| MAY_USE.iter().any(|(layer, _)| layer == name) || ABOVE_ALL.contains(name);
    none(&declared.into_iter().filter(|name| !known(name)).map(|name| format!("lib.rs declares {name}")).collect::<Vec<_>>());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, files that hold only tests left out for `src`.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(read(&root(), &path));
            }
        }
    }
    found.retain(|s| !(s.path.starts_with("src") && is_test(&s.path)));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "against the rules of the architecture:\n  {}", wrong.join("\n  "));
}

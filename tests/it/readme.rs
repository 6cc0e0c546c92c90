//! The documents say what the program is: parts of README.md and docs/ are made from the source, and compared here.
//!
//! Such a part stands between `<!-- NAME -->` and `<!-- /NAME -->`, each on a line of its own. `KSCOPE_WRITE_DOCS=1 cargo test
//! readme` writes them anew; without it a difference is a failure that prints what should stand there. Parts: `keys` (README, one
//! row a command: its keys in code, then its doc, under a heading per scope), `layers` and `files` (docs/architecture.md).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use kscope::core::action::{COMMANDS, Scope};
use kscope::core::keymap::Keymap;
use kscope::query;

use crate::architecture::{MAY_USE, sources};

#[test]
fn readme_lists_every_key() {
    let keymap = Keymap::default();
    let mut scopes: Vec<Scope> = Vec::new();
    for row in COMMANDS {
        if !scopes.contains(&row.scope) {
            scopes.push(row.scope);
        }
    }
    let mut table = "| keys | what they do |\n|---|---|\n".to_owned();
    for scope in scopes {
        let title = scope.title();
        let (first, rest) = title.split_at(1);
        writeln!(table, "| | **{first}{}** |", rest.to_lowercase()).expect("memory");
        for row in COMMANDS.iter().filter(|row| row.scope == scope) {
            let keys: Vec<String> = keymap.keys_of(row.action).iter().map(|keys| code(keys)).collect();
            writeln!(table, "| {} | {} |", keys.join(" "), row.doc).expect("memory");
        }
    }
    holds("README.md", "keys", &table);
}

#[test]
fn the_document_shows_the_table_that_is_enforced() {
    let mut table = "| layer | may use of ours |\n|---|---|\n".to_owned();
    for (layer, list) in MAY_USE {
        let used = if list.is_empty() { "nothing".to_owned() } else { list.iter().map(|used| code(used)).collect::<Vec<_>>().join(" ") };
        writeln!(table, "| {} | {used} |", code(layer)).expect("memory");
    }
    holds("docs/architecture.md", "layers", &table);
}

#[test]
fn the_document_names_every_file() {
    let mut files = sources("src");
    // A module before its folder.
    files.sort_by_key(|file| file.module.clone());
    let mut table = "| file | what lives there |\n|---|---|\n".to_owned();
    for file in &files {
        let path = file.path.strip_prefix("src").expect("below src").display().to_string();
        writeln!(table, "| {} | {} |", code(&path), first_sentence(&file.text)).expect("memory");
    }
    holds("docs/architecture.md", "files", &table);
}

#[test]
fn readme_shows_filters_and_positions_that_are_understood() {
    let text = read("README.md");
    for (name, understood) in [
        ("filters", (|text| query::parse(text).map(drop).map_err(|e| e.to_string())) as fn(&str) -> Result<(), String>),
        ("positions", |text| query::parse_position(text).map(drop).map_err(|e| e.to_string())),
    ] {
        let examples: Vec<String> = part(&text, name).lines().filter_map(first_code).collect();
        assert!(examples.len() > 5, "README.md shows no {name}");
        for example in examples {
            assert_eq!(understood(&example), Ok(()), "{example}");
        }
    }
}

#[test]
fn documents_link_only_to_what_is_there() {
    for document in ["README.md", "docs/architecture.md", "docs/kafka-client.md", "docs/query.md"] {
        let text = read(document);
        let folder = root().join(document).parent().map(Path::to_path_buf).unwrap_or_default();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            let path = if file.is_empty() { root().join(document) } else { folder.join(file) };
            assert!(path.exists(), "{document} links to {link}");
            if !heading.is_empty() {
                let target = fs::read_to_string(&path).expect("a document");
                assert!(target.lines().any(|line| line.starts_with('#') && anchor(line) == heading), "{document} links to {link}");
            }
        }
    }
}

#[test]
fn documents_name_only_files_that_are_there() {
    for document in ["README.md", "docs/architecture.md", "docs/kafka-client.md"] {
        for name in read(document).split('`').skip(1).step_by(2) {
            let ours = ["src/", "tests/", "benches/", "fuzz/", "docs/", ".ci/"].iter().any(|folder| name.starts_with(folder));
            assert!(!ours || name.contains(' ') || root().join(name).exists(), "{document} names {name}");
        }
    }
}

/// Compares a part of a document with what it must be, or writes it.
#[track_caller]
fn holds(document: &str, name: &str, wanted: &str) {
    // Several tests write parts of one document: one after the other.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let text = read(document);
    let held = part(&text, name);
    if std::env::var_os("KSCOPE_WRITE_DOCS").is_some() {
        let (open, close) = marks(name);
        let new = text.replace(&format!("{open}{held}{close}"), &format!("{open}{wanted}{close}"));
        fs::write(root().join(document), new).expect("a document that can be written");
        return;
    }
    assert!(held == wanted, "{document}: `KSCOPE_WRITE_DOCS=1 cargo test readme` writes the part \"{name}\" anew, as\n\n{wanted}");
}

fn marks(name: &str) -> (String, String) {
    (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"))
}

#[track_caller]
fn part<'a>(text: &'a str, name: &str) -> &'a str {
    let (open, close) = marks(name);
    let rest = text.split_once(&open).map_or("", |(_, rest)| rest);
    let found = rest.split_once(&close).map(|(part, _)| part);
    found.unwrap_or_else(|| panic!("there is no part \"{name}\""))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap_or_else(|e| panic!("{document}: {e}"))
}

/// As code in a cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// The code that a row of a table begins with.
fn first_code(row: &str) -> Option<String> {
    let (code, _) = row.strip_prefix("| `")?.split_once('`')?;
    Some(code.replace("\\|", "|"))
}

/// The first sentence of a module's `//!`, without links and without the numbers of protocol rules.
fn first_sentence(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).take_while(|line| !line.is_empty());
    let whole = lines.collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`");
    let end = whole.match_indices(". ").map(|(at, _)| at).next().unwrap_or(whole.len());
    let mut sentence = whole[..end].trim_end_matches('.').to_owned();
    while let Some((at, after)) = sentence.find(" (P").and_then(|at| Some((at, at + sentence[at..].find(')')? + 1))) {
        sentence.replace_range(at..after, "");
    }
    sentence.replace('|', "\\|")
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

//! Reads paths out of Rust source: enough of the language for what this project writes, no parser.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of the crate.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the crate's folder.
    pub(crate) path: PathBuf,
    /// The module it is: `io/kafka/pool.rs` is io, kafka, pool.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    /// The text without comments, strings and the tests at its end.
    pub(crate) code: String,
}

impl Source {
    /// The first part of its module: what the tables speak of.
    pub(crate) fn layer(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }
}

/// Reads a file below the crate's folder.
pub(crate) fn read(root: &Path, file: &Path) -> Source {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let path = file.strip_prefix(root).expect("below the crate").to_path_buf();
    Source { module: module_of(&path), code: code_of(&text), text, path }
}

fn module_of(path: &Path) -> Vec<String> {
    path.with_extension("").components().skip(1).map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}

/// Everything of our own that a file names: paths from `crate` and `super`, groups taken apart, without the `crate::`.
pub(crate) fn own_paths(source: &Source) -> Vec<String> {
    let mut found = paths_from(source, "crate", &[]);
    for above in 1..=source.module.len() {
        let root = vec!["super"; above].join("::");
        found.extend(paths_from(source, &root, &source.module[..source.module.len() - above]));
    }
    found
}

/// The paths that begin with a root, a crate for one, put behind `base`, groups taken apart.
pub(crate) fn paths_from(source: &Source, root: &str, base: &[String]) -> Vec<String> {
    let code = &source.code;
    let mut found = Vec::new();
    for (at, _) in code.match_indices(&format!("{root}::")) {
        let before = code[..at].chars().next_back();
        let rest = &code[at + root.len() + 2..];
        // Else it is the tail of another path or word, or there is one more `super`.
        if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') && !rest.starts_with("super::") {
            expand(base, rest, &mut found);
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

/// Follows a path, and each branch of a group; returns what lies behind it.
fn expand<'a>(base: &[String], mut rest: &'a str, found: &mut Vec<String>) -> &'a str {
    let mut path = base.to_vec();
    loop {
        rest = rest.trim_start();
        if let Some(mut inside) = rest.strip_prefix('{') {
            while !inside.trim_start().starts_with('}') && !inside.is_empty() {
                inside = expand(&path, inside, found).trim_start();
                inside = inside.strip_prefix(',').unwrap_or(inside);
            }
            return inside.trim_start().strip_prefix('}').unwrap_or("");
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        if !word.is_empty() && word != "self" && word != "*" {
            path.push(word.to_owned());
        }
        rest = tail;
        let Some(tail) = rest.strip_prefix("::") else { break };
        rest = tail;
    }
    found.push(path.join("::"));
    match rest.trim_start().strip_prefix("as ") {
        Some(alias) => alias.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
        None if path.len() == base.len() && !rest.trim_start().starts_with([',', '}']) => rest.get(1..).unwrap_or(""),
        None => rest,
    }
}

/// Whether the code names a path or a crate, not only a longer word that contains it.
pub(crate) fn has_path(code: &str, path: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(path).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + path.len()..]);
        !word(before.chars().next_back()) && !word(after.chars().next()) && (path.contains("::") || after.starts_with("::"))
    })
}

/// The text without comments and strings, up to the first module that is only for tests.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => string_end(rest),
            '\'' if rest.starts_with("'\"'") => 3,
            'r' if !code.ends_with(|b: char| b.is_alphanumeric() || b == '_') => raw_string_end(rest),
            _ => 0,
        };
        if skip == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skip..];
        }
    }
    code
}

fn string_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The end of `r"…"` or `r#"…"#`; 0 when it is none.
fn raw_string_end(rest: &str) -> usize {
    let hashes = rest.chars().skip(1).take_while(|&c| c == '#').count();
    if rest.chars().nth(1 + hashes) != Some('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    rest.get(2 + hashes..).and_then(|body| body.find(&end)).map_or(rest.len(), |at| 2 + hashes + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(module: &str, text: &str) -> Vec<String> {
        let module = module.split("::").map(str::to_owned).collect();
        own_paths(&Source { path: PathBuf::new(), module, text: String::new(), code: code_of(text) })
    }

    #[test]
    fn paths_are_found_in_groups_in_the_middle_of_code_and_from_super() {
        assert_eq!(
            paths("ui::table", "use crate::core::{cursor::{self, Window}, line as l, ask};\nfn f() { crate::io::go() }"),
            ["core::cursor", "core::cursor::Window", "core::line", "core::ask", "io::go"]
        );
        assert_eq!(
            paths("io::kafka::pool", "use super::super::scan::X; use super::{wire::Y, *};"),
            ["io::kafka::wire::Y", "io::kafka", "io::scan::X"]
        );
        assert_eq!(
            paths("ui", "use crate::{io, model::Offset};\npub(crate) fn x() -> crate::state::State {}"),
            ["io", "model::Offset", "state::State"]
        );
    }

    #[test]
    fn a_crate_can_be_the_root() {
        let code = "use ratatui::{text::Line, widgets::{self, Clear}}; my_ratatui::x(); ratatui::buffer::Buffer::new()".to_owned();
        let source = Source { path: PathBuf::new(), module: vec![], text: String::new(), code };
        assert_eq!(paths_from(&source, "ratatui", &[]), ["text::Line", "widgets", "widgets::Clear", "buffer::Buffer::new"]);
    }

    #[test]
    fn comments_strings_and_tests_do_not_count() {
        let text = "// crate::io\n/* crate::io */ let a = \"crate::io\"; let b = r#\"crate::io \" \"#; let c = '\"';\nlet d = crate::ui::D;\n#[cfg(test)]\nmod tests { use crate::io; }";
        assert_eq!(paths("core", text), ["ui::D"]);
    }

    #[test]
    fn a_longer_word_is_not_the_path() {
        assert!(has_path("use tokio::net;", "tokio") && has_path("(tokio::net", "tokio"));
        assert!(
            !has_path("use my_tokio::net;", "tokio") && !has_path("use tokio_util::x;", "tokio") && !has_path("let tokio = 1;", "tokio")
        );
        assert!(has_path("std::time::Instant::now()", "Instant::now") && !has_path("Instant::nowhere()", "Instant::now"));
    }
}

//! docs/query.md says what the language is: its examples are read, printed and refused as it shows, and nothing that may be
//! written is missing from it.

use std::fs;
use std::path::Path;

use kscope::model::Time;
use kscope::query::complete::{Fields, complete};
use kscope::query::{Context, Filter, Stages, parse};

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/query.md")).expect("docs/query.md")
}

/// The lines of all blocks of code of a kind.
fn lines(kind: &str) -> Vec<String> {
    let (mut inside, mut all) = (false, Vec::new());
    for line in document().lines() {
        if line.starts_with("```") {
            inside = line.strip_prefix("```") == Some(kind);
        } else if inside {
            all.push(line.to_owned());
        }
    }
    assert!(all.len() > 5, "there are blocks of {kind}");
    all
}

#[test]
fn examples_are_read_and_print_back() {
    let context = Context::utc(Time::from_millis(1_795_176_000_000));
    for line in lines("query") {
        let example = line.split("  ").next().unwrap_or_default();
        let query = parse(example).unwrap_or_else(|e| panic!("{example}: {e}"));
        let printed = query.to_string();
        assert_eq!(parse(&printed).as_ref(), Ok(&query), "{example} prints as {printed}");
        assert_eq!(parse(&printed).map(|query| query.to_string()), Ok(printed.clone()));
        Filter::compile(&query, &context);
        assert_eq!(Stages::compile(&query, &context).is_some(), query.is_table(), "{example}");
    }
}

#[test]
fn what_it_shows_as_printed_is_what_is_printed() {
    for line in lines("canonical") {
        let (written, printed) = line.split_once("→").expect("an arrow");
        assert_eq!(parse(written.trim()).map(|query| query.to_string()), Ok(printed.trim().to_owned()), "{written}");
    }
}

#[test]
fn errors_are_those_that_it_shows() {
    for line in lines("errors") {
        let (written, shown) = line.split_once("→").expect("an arrow");
        let error = parse(written.trim()).expect_err(written);
        let told = error.hint.as_ref().map_or_else(|| error.message.clone(), |hint| format!("{} ({hint})", error.message));
        assert_eq!(told, shown.trim(), "{written}");
    }
}

#[test]
fn every_word_of_the_language_is_in_it() {
    let text = document();
    let known = |before: &str| complete(before, before.len(), &Fields::default()).candidates;
    let words: Vec<String> = ["", ".a ", "| ", "| count, ", "| count "].iter().flat_map(|before| known(before)).map(|c| c.text).collect();
    assert!(words.len() > 40, "{words:?}");
    for word in words.iter().filter(|word| *word != "|") {
        let in_code = text.split('`').skip(1).step_by(2).any(|code| code.split([' ', ',', '(']).any(|part| part == word));
        let in_grammar = text.contains(&format!("\"{}\"", word.trim_end_matches(':')));
        assert!(in_grammar || in_code, "docs/query.md does not speak of {word}");
        assert!(text.matches(word.as_str()).count() > 1, "docs/query.md has {word} in its grammar alone");
    }
}

//! Filters over names, as k9s has them: a regular expression by itself, `!` in front inverts, `-f` matches fuzzily.

pub mod bar;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

/// A compiled filter.
#[derive(Debug, Clone)]
pub enum NameFilter {
    Regex(Regex),
    Not(Regex),
    /// Best match first; fzf's terms: `'exact`, `^start`, `end$`, `!not`, and a blank between terms.
    Fuzzy(Pattern),
}

/// Indexes of the names that match fuzzily, best first; all of them, in their order, when nothing is typed.
pub fn fuzzy<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let names = names.enumerate();
    match typed.trim() {
        "" => names.map(|(at, _)| at).collect(),
        typed => NameFilter::Fuzzy(Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart)).apply(names),
    }
}

impl NameFilter {
    /// Reads a filter; `Ok(None)` for an empty one. The error is a sentence.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        if let Some(rest) = text.strip_prefix("-f") {
            let pattern = rest.trim();
            let smart = Pattern::parse(pattern, CaseMatching::Smart, Normalization::Smart);
            return Ok((!pattern.is_empty()).then_some(Self::Fuzzy(smart)));
        }
        let (inverted, pattern) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        if pattern.is_empty() {
            return Ok(None);
        }
        // Smart case: a capital letter anywhere asks for exactly this spelling.
        let insensitive = !pattern.chars().any(char::is_uppercase);
        let regex = RegexBuilder::new(pattern).case_insensitive(insensitive).size_limit(1 << 20).build();
        let regex = regex.map_err(|error| format!("not a regular expression: {}", last_line(&error.to_string())))?;
        Ok(Some(if inverted { Self::Not(regex) } else { Self::Regex(regex) }))
    }

    /// Indexes of the names that pass, in their order, or best first for a fuzzy filter.
    pub fn apply<'a>(&self, names: impl Iterator<Item = (usize, &'a str)>) -> Vec<usize> {
        match self {
            Self::Regex(regex) => names.filter(|(_, name)| regex.is_match(name)).map(|(n, _)| n).collect(),
            Self::Not(regex) => names.filter(|(_, name)| !regex.is_match(name)).map(|(n, _)| n).collect(),
            Self::Fuzzy(pattern) => {
                let mut matcher = Matcher::new(Config::DEFAULT);
                let mut buffer = Vec::new();
                let mut found: Vec<(usize, u32)> = names
                    .filter_map(|(n, name)| pattern.score(Utf32Str::new(name, &mut buffer), &mut matcher).map(|score| (n, score)))
                    .collect();
                found.sort_by_key(|&(n, score)| (std::cmp::Reverse(score), n));
                found.into_iter().map(|(n, _)| n).collect()
            }
        }
    }
}

/// The regex crate draws its errors over several lines; the last one is the sentence.
fn last_line(error: &str) -> String {
    error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(filter: &str) -> Vec<&'static str> {
        let names = ["orders.created", "orders.created.DLQ", "pay.settled", "Users"];
        let filter = NameFilter::parse(filter).unwrap().unwrap();
        filter.apply(names.into_iter().enumerate()).into_iter().map(|n| names[n]).collect()
    }

    #[test]
    fn a_filter_is_a_regex_inverted_or_fuzzy() {
        assert_eq!(matching("^orders"), ["orders.created", "orders.created.DLQ"]);
        assert_eq!(matching("users"), ["Users"]);
        assert_eq!(matching("dlq$"), ["orders.created.DLQ"]);
        assert_eq!(matching("!orders"), ["pay.settled", "Users"]);
        assert_eq!(matching("-f orcre"), ["orders.created", "orders.created.DLQ"]);
        assert!(NameFilter::parse("!").unwrap().is_none());
        assert!(NameFilter::parse("(").unwrap_err().contains("unclosed"));
    }
}

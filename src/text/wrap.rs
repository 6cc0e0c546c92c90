//! Sentences in lines.

use super::width;

/// The text in lines of at most so many columns, broken at blanks; what has none to break at stays as it is. `hang` stands before
/// every line but the first. It is cut by columns alone: whoever draws it makes it safe.
pub fn wrapped(text: &str, columns: usize, hang: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::replace(&mut line, hang.to_owned()));
        } else if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks_and_go_on_a_little_further_in() {
        assert_eq!(wrapped("one two three", 7, "  "), ["one two", "  three"]);
        assert_eq!(wrapped("indivisible", 4, ""), ["indivisible"]);
        assert_eq!(wrapped("", 4, ""), [""]);
        assert_eq!(wrapped("a  b", 9, ""), ["a  b"]);
    }
}

//! The text that every match of a regular expression contains. Read from the written expression: what is not understood
//! gives no text, which is always right.

/// The longest run of plain characters that no match can do without, when it has at least two.
pub(super) fn required(pattern: &str) -> Option<String> {
    let mut runs = Runs::default();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // An alternative outside of a group: either side would do.
            '|' => return None,
            '\\' => match chars.next()? {
                'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' | 'A' | 'z' | 'n' | 't' | 'r' | 'f' | 'v' | 'a' => runs.end(),
                escaped if escaped.is_alphanumeric() => return None,
                escaped => runs.current.push(escaped),
            },
            '(' => {
                runs.end();
                // Flags change what follows.
                if chars.next_if_eq(&'?').is_some() && chars.next() != Some(':') {
                    return None;
                }
                group(&mut chars)?;
            }
            '[' => {
                runs.end();
                class(&mut chars)?;
            }
            '*' | '?' | '{' => {
                // What stands before it may be missing, or repeated.
                runs.current.pop();
                runs.end();
                if c == '{' {
                    chars.by_ref().find(|&c| c == '}')?;
                }
            }
            '.' | '^' | '$' | '+' => runs.end(),
            c => runs.current.push(c),
        }
    }
    runs.end();
    (runs.longest.chars().count() > 1).then_some(runs.longest)
}

#[derive(Debug, Default)]
struct Runs {
    current: String,
    longest: String,
}

impl Runs {
    fn end(&mut self) {
        let run = std::mem::take(&mut self.current);
        if run.len() > self.longest.len() {
            self.longest = run;
        }
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Goes behind the group whose bracket was just read.
fn group(chars: &mut Chars<'_>) -> Option<()> {
    let mut depth = 1;
    while depth > 0 {
        match chars.next()? {
            '\\' => {
                chars.next()?;
            }
            '[' => class(chars)?,
            '(' => {
                depth += 1;
                // Verbose mode would make a comment of what looks like brackets.
                if chars.next_if_eq(&'?').is_some() && chars.next() != Some(':') {
                    return None;
                }
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    Some(())
}

/// Goes behind the class whose bracket was just read. Classes nest, and a `]` that comes first is a member.
fn class(chars: &mut Chars<'_>) -> Option<()> {
    let mut depth = 1;
    let first = |chars: &mut Chars<'_>| {
        chars.next_if_eq(&'^');
        chars.next_if_eq(&']');
    };
    first(chars);
    while depth > 0 {
        match chars.next()? {
            '\\' => {
                chars.next()?;
            }
            '[' => {
                depth += 1;
                first(chars);
            }
            ']' => depth -= 1,
            _ => {}
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_match_can_do_without() {
        for (pattern, literal) in [
            ("time(d)? ?out", Some("time")),
            ("^A-", Some("A-")),
            ("ab?c", None),
            ("abx*cde", Some("cde")),
            ("abc+d", Some("abc")),
            ("(abc|def)gh", Some("gh")),
            ("abc|def", None),
            (r"a\.b\d+xyz9", Some("xyz9")),
            (r"\x41bcd", None),
            ("(?i)abc", None),
            ("(?:abc)de", Some("de")),
            ("[]abc]xy", Some("xy")),
            ("[[:alpha:]]xy", Some("xy")),
            ("ab{2}cd", Some("cd")),
            (".*", None),
        ] {
            assert_eq!(required(pattern).as_deref(), literal, "{pattern}");
        }
    }
}

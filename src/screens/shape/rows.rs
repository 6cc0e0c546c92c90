//! Words for figures of fields.

use crate::core::inquire::{FieldView, Format, Kind, Shape, ShapeView};
use crate::text::{self, Shown, units};

/// `62 %`; `<1 %` for what is not nothing, `100 %` only for all.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let percent = u128::from(part) * 100 / u128::from(whole);
    match percent {
        0 if part > 0 => "<1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// `number`, or `number 60 % · string 40 %` of the records that have it.
pub(super) fn types(field: &FieldView) -> String {
    match field.kinds.as_slice() {
        [one] => one.kind.word().to_owned(),
        kinds => {
            let parts: Vec<String> =
                kinds.iter().map(|view| format!("{} {}", view.kind.word(), share(view.seen.records, field.records))).collect();
            parts.join(" · ")
        }
    }
}

/// How many different values: `≈1,203`; `–` where there are none to be told apart, objects and arrays.
pub(super) fn distinct((count, exact): (u64, bool)) -> String {
    if count == 0 {
        "–".to_owned()
    } else if exact {
        units::thousands(count)
    } else {
        format!("≈{}", units::short(count))
    }
}

/// `0.5 to 499.5`, or how long the texts are.
pub(super) fn range(field: &FieldView) -> String {
    let numbers = field.range.as_ref().map(
        |(least, most)| {
            if least == most { number(least) } else { format!("{} to {}", number(least), number(most)) }
        },
    );
    let lengths = field.lengths.map(|(short, long)| {
        let size = |n: usize| units::size(units::wide(n));
        if short == long { size(long) } else { format!("{} to {}", size(short), size(long)) }
    });
    match (numbers, lengths) {
        (Some(numbers), Some(lengths)) => format!("{numbers} · {lengths}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    }
}

/// A number as it is written; a long one keeps how large it is: `1.2345…e+19`, `≈1.23e19`.
fn number(raw: &[u8]) -> String {
    let shown = Shown::of_bytes(raw).into_string();
    if text::width(&shown) <= 16 {
        return shown;
    }
    if let Some((digits, exponent)) = shown.split_once(['e', 'E']) {
        return format!("{}e{}", Shown::of(digits).cut(8).as_str(), Shown::of(exponent).cut(7).as_str());
    }
    let (sign, digits) = shown.strip_prefix('-').map_or(("", shown.as_str()), |rest| ("-", rest));
    let whole = digits.split('.').next().unwrap_or_default();
    if whole.len() <= 12 {
        return Shown::of(&shown).cut(16).into_string();
    }
    let mut first = whole.chars().take(3);
    let (one, rest) = (first.next().map(String::from).unwrap_or_default(), first.collect::<String>());
    format!("≈{sign}{one}.{rest}e{}", whole.len() - 1)
}

pub(super) fn examples(field: &FieldView) -> String {
    let all: Vec<String> = field.examples.iter().map(|raw| Shown::of_bytes(raw).cut(40).into_string()).collect();
    all.join("  ")
}

/// `json 9,912 · null 88`: what the values are.
pub(super) fn formats(shape: &Shape) -> String {
    let mut all: Vec<(&Format, u64)> = shape.formats.iter().map(|(format, seen)| (format, seen.records)).collect();
    all.sort_by_key(|(format, records)| (std::cmp::Reverse(*records), **format));
    let words: Vec<String> = all.into_iter().map(|(format, records)| format!("{} {}", format.word(), units::thousands(records))).collect();
    words.join(" · ")
}

/// What a shape has and the usual one has not, and what it lacks.
pub(super) fn difference(shape: &ShapeView) -> String {
    let part = |sign: &str, (path, kind): &(String, Kind)| format!("{sign}{path} {}", kind.word());
    let parts: Vec<String> =
        shape.more.iter().map(|one| part("+", one)).chain(shape.less.iter().map(|one| part("−", one))).take(40).collect();
    if parts.is_empty() { "the most frequent one".to_owned() } else { parts.join("  ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_number_keeps_how_large_it_is() {
        for (raw, expected) in [
            ("0.11", "0.11"),
            ("1.2345678901234567e+19", "1.23456…e+19"),
            ("12345678901234567890.125", "≈1.23e19"),
            ("-12345678901234567890", "≈-1.23e19"),
            ("0.12345678901234567", "0.1234567890123…"),
        ] {
            assert_eq!(number(raw.as_bytes()), expected);
        }
    }

    #[test]
    fn what_has_no_values_of_its_own_has_no_count_of_them() {
        assert_eq!((distinct((0, true)), distinct((1203, true)), distinct((0, false))), ("–".into(), "1,203".into(), "–".into()));
    }

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        let table = [((0, 10), "0 %"), ((1, 1_000), "<1 %"), ((999, 1_000), "99 %"), ((10, 10), "100 %"), ((0, 0), "–")];
        for ((part, whole), expected) in table {
            assert_eq!(share(part, whole), expected);
        }
    }
}

//! Where a cursor in a text goes: by whole graphemes and by words. Positions are bytes on a grapheme's border.

use unicode_segmentation::UnicodeSegmentation;

fn before(text: &str, at: usize) -> &str {
    text.get(..at).unwrap_or_default()
}

fn after(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

pub fn previous(text: &str, at: usize) -> usize {
    before(text, at).grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
}

pub fn following(text: &str, at: usize) -> usize {
    at + after(text, at).graphemes(true).next().map_or(0, str::len)
}

/// The start of the word before.
pub fn word_left(text: &str, at: usize) -> usize {
    // The blank may be one of several bytes: a no-break space, an ideographic one.
    let blank = before(text, at).trim_end().char_indices().rfind(|(_, c)| c.is_whitespace());
    blank.map_or(0, |(at, c)| at + c.len_utf8())
}

/// The end of the word behind.
pub fn word_right(text: &str, at: usize) -> usize {
    let rest = after(text, at);
    let word = rest.trim_start();
    at + (rest.len() - word.len()) + word.find(char::is_whitespace).unwrap_or(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_end_at_blanks_of_any_width() {
        let text = "ab\u{3000}c\u{a0}d";
        assert_eq!(word_left(text, text.len()), text.len() - 1);
        assert_eq!(word_left(text, 6), 5);
        assert_eq!(word_right(text, 0), 2);
        assert_eq!(word_right(text, 2), 6);
    }

    proptest! {
        #[test]
        fn every_place_is_on_a_border(text in "\\PC{0,20}", at in 0_usize..40) {
            let borders: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
            let at = borders[at % borders.len()];
            for there in [previous(&text, at), following(&text, at)] {
                prop_assert!(borders.contains(&there));
            }
            for there in [word_left(&text, at), word_right(&text, at)] {
                prop_assert!(text.is_char_boundary(there));
            }
            prop_assert!(previous(&text, at) <= at && following(&text, at) >= at);
        }
    }
}

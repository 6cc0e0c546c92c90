//! The name that was probably meant by one that is not known: for "did you mean".

/// The nearest name in any case: at most two letters off, and less than half of them.
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = letters(word);
    let near = |name: &'n str| {
        let known = letters(name);
        let off = distance(&wanted, &known);
        (off <= 2 && off * 2 < known.len().max(3)).then_some((off, name))
    };
    names.into_iter().filter_map(near).min().map(|(_, name)| name)
}

/// The nearest name, or else one that contains the word.
pub fn meant<'n>(word: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<&'n str> {
    let part = word.to_lowercase();
    let contains = |name: &&str| part.chars().count() >= 3 && name.to_lowercase().contains(&part);
    nearest(word, names.clone()).or_else(|| names.into_iter().filter(contains).min())
}

/// No name is so long that more of it tells anything.
fn letters(word: &str) -> Vec<char> {
    word.to_lowercase().chars().take(64).collect()
}

/// How many letters have to be put in, taken out, replaced, or exchanged with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let (mut before, mut above): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&above, j) + usize::from(x != y)).min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let exchanged = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if exchanged {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered() {
        let names = ["orders", "orders.dead", "users", "clickstream"];
        for (typed, want) in
            [("oders", Some("orders")), ("Orders", Some("orders")), ("click", Some("clickstream")), ("xyz", None), ("usrs", Some("users"))]
        {
            assert_eq!(meant(typed, names), want, "{typed}");
        }
        assert_eq!(nearest("click", names), None);
        assert_eq!((nearest("drak", ["dark"]), nearest("dk", ["dark"])), (Some("dark"), None));
    }
}

//! Differences, as tables; and that applying them gives the other value.

use proptest::prelude::*;

use super::*;

fn told(from: &str, to: &str) -> Vec<String> {
    let diff = values(Some(&Bytes::copy_from_slice(from.as_bytes())), Some(&Bytes::copy_from_slice(to.as_bytes())));
    let Diff::Json { changes, more: 0 } = diff else { return vec![format!("{diff:?}")] };
    let text = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let line = |change: &Change| match (text(&change.from), text(&change.to)) {
        (Some(from), Some(to)) => format!("~ {} {from} → {to}", change.path()),
        (None, Some(to)) => format!("+ {} {to}", change.path()),
        (Some(from), None) => format!("- {} {from}", change.path()),
        (None, None) => "?".to_owned(),
    };
    changes.iter().map(line).collect()
}

#[test]
fn json_differs_by_path() {
    let table: &[(&str, &str, &[&str])] = &[
        (r#"{"a":1}"#, r#"{"a":2}"#, &["~ .a 1 → 2"]),
        (r#"{"a":1.0}"#, r#"{"a":1}"#, &["~ .a 1.0 → 1"]),
        (r#"{"a":9007199254740993}"#, r#"{"a":9007199254740992}"#, &["~ .a 9007199254740993 → 9007199254740992"]),
        (r#"{"a":1,"b":{"c":[1,2]}}"#, r#"{"b":{"c":[1,3,{}]},"d":null}"#, &["- .a 1", "~ .b.c[1] 2 → 3", "+ .b.c[2] {}", "+ .d null"]),
        (r#"{"a":{"x":1}}"#, r#"{"a":[1]}"#, &[r#"~ .a {"x":1} → [1]"#]),
        (r#"{"a":{}}"#, r#"{"a":{"x":1}}"#, &["+ .a.x 1"]),
        (r#"{"odd name":1,"":2}"#, r#"{"odd name":2,"":3}"#, &[r#"~ ."odd name" 1 → 2"#, r#"~ ."" 2 → 3"#]),
        (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3,"a":4}"#, &["~ .a#2 2 → 3", "+ .a#3 4"]),
        ("[1,2]", "[1]", &["- .[1] 2"]),
        ("1", "2", &["~ . 1 → 2"]),
        (r#"{"a":"\u0061b"}"#, r#"{ "a": "ab" }"#, &["SameMeaning"]),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, &["SameMeaning"]),
        (r#"{"a":{ }}"#, r#"{"a":{}}"#, &["SameMeaning"]),
        (r#"{"a":"1"}"#, r#"{"a":1}"#, &[r#"~ .a "1" → 1"#]),
    ];
    for (from, to, expected) in table {
        assert_eq!(told(from, to), *expected, "{from} {to}");
    }
}

#[test]
fn what_is_no_json_differs_by_line_or_byte() {
    let diff = |from: &[u8], to: &[u8]| values(Some(&Bytes::copy_from_slice(from)), Some(&Bytes::copy_from_slice(to)));
    let hunk = |from, to| Hunk { from, to };
    assert_eq!(diff(b"a\nb\nc\n", b"a\nx\nc\nd\n"), Diff::Lines { hunks: vec![hunk(2..4, 2..4), hunk(6..6, 6..8)], more: 0 });
    assert_eq!(diff(b"\xff\x01\x02", b"\xff\x09\x02"), Diff::Bytes { hunks: vec![hunk(1..2, 1..2)], more: 0 });
    assert_eq!(diff(b"\xff\x01\x02", b"\xff\x02"), Diff::Bytes { hunks: vec![hunk(1..2, 1..1)], more: 0 });
    assert_eq!(diff(b"x", b"x"), Diff::Same);
    assert_eq!(values(None, None), Diff::Same);
    assert_eq!(values(None, Some(&Bytes::new())), Diff::Null);
    // Broken JSON is text.
    assert!(matches!(diff(br#"{"a":1"#, br#"{"a":1}"#), Diff::Lines { .. }));
}

#[test]
fn deep_and_wide_values_are_bounded() {
    let deep = |inner: &str| Bytes::from(format!("{}{inner}{}", "[".repeat(50_000), "]".repeat(50_000)));
    let Diff::Json { changes, .. } = values(Some(&deep("1")), Some(&deep("2"))) else { panic!() };
    assert_eq!((changes.len(), changes[0].steps.len()), (1, DEEPEST));
    // As many lines, too many to be matched: each against the one in its place.
    let lines = |odd: &str| Bytes::from((0..5_000).flat_map(|n| [if n % 2_000 == 7 { odd } else { "-" }, "\n"]).collect::<String>());
    let Diff::Lines { hunks, more: 0 } = values(Some(&lines("a")), Some(&lines("b"))) else { panic!() };
    assert_eq!(hunks.len(), 3);
    let wide = |n: usize| Bytes::from(format!("[{}]", vec![n.to_string(); 5_000].join(",")));
    let Diff::Json { changes, more } = values(Some(&wide(1)), Some(&wide(2))) else { panic!() };
    assert_eq!((changes.len(), more), (MOST, 3_000));
}

#[test]
fn headers_differ_by_name_and_number() {
    fn wire(headers: &[(&str, Option<&str>)]) -> Vec<u8> {
        let zigzag = |n: usize| u8::try_from(n * 2).unwrap();
        let mut out = Vec::new();
        for (key, value) in headers {
            out.push(zigzag(key.len()));
            out.extend(key.as_bytes());
            match value {
                Some(value) => {
                    out.push(zigzag(value.len()));
                    out.extend(value.as_bytes());
                }
                None => out.push(1),
            }
        }
        out
    }
    use crate::model::{Headers, LeaderEpoch, Offset, PartitionId, TimestampType};
    let record = |raw: &'static [u8], count| RecordRef {
        partition: PartitionId(0),
        offset: Offset(0),
        timestamp_ms: 0,
        timestamp_type: TimestampType::Create,
        key: None,
        value: None,
        headers: Headers::from_wire(raw, count),
        leader_epoch: LeaderEpoch(0),
        transaction: None,
    };
    let a = record(wire(&[("t", Some("1")), ("r", Some("1")), ("r", Some("2")), ("n", None)]).leak(), 4);
    let b = record(wire(&[("r", Some("1")), ("r", Some("3")), ("n", Some("")), ("new", None)]).leak(), 4);
    let found: Vec<_> = headers(&a, &b).into_iter().map(|c| (String::from_utf8(c.name).unwrap(), c.nth, c.from, c.to)).collect();
    let some = |text: &str| Some(Some(text.as_bytes().to_vec()));
    assert_eq!(
        found,
        [
            ("t".to_owned(), 0, some("1"), None),
            ("r".to_owned(), 1, some("2"), some("3")),
            ("n".to_owned(), 0, Some(None), some("")),
            ("new".to_owned(), 0, None, Some(None)),
        ]
    );
}

/// A value that can be changed.
#[derive(Debug, Clone, PartialEq)]
enum Json {
    Scalar(String),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    fn print(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::Array(all) => format!("[{}]", all.iter().map(Self::print).collect::<Vec<_>>().join(", ")),
            Self::Object(all) => {
                let member = |(name, value): &(String, Self)| format!("{}: {}", Quoted(name), value.print());
                format!("{{{}}}", all.iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }

    fn read(tree: &Tree, row: Row) -> Self {
        let raw = text(tree, row);
        match form(&raw) {
            Form::Scalar => Self::Scalar(String::from_utf8(raw.to_vec()).unwrap()),
            Form::Array => Self::Array(children(tree, row).map(|row| Self::read(tree, row)).collect()),
            Form::Object => Self::Object(children(tree, row).map(|row| (name(tree, row), Self::read(tree, row))).collect()),
        }
    }

    fn parse(text: &[u8]) -> Self {
        Self::read(&Tree::new(&Bytes::copy_from_slice(text)), Row(0))
    }

    /// Members of an object in an order of their own; of one name they keep theirs.
    fn sorted(self) -> Self {
        match self {
            Self::Object(mut all) => {
                all.sort_by(|a, b| a.0.cmp(&b.0));
                Self::Object(all.into_iter().map(|(name, value)| (name, value.sorted())).collect())
            }
            Self::Array(all) => Self::Array(all.into_iter().map(Self::sorted).collect()),
            scalar @ Self::Scalar(_) => scalar,
        }
    }

    fn apply(&mut self, steps: &[Step], to: Option<&Bytes>) {
        let value = to.map(|to| Self::parse(to));
        let Some((step, rest)) = steps.split_first() else {
            *self = value.unwrap();
            return;
        };
        match (self, step) {
            (Self::Array(all), Step::Index(at)) => {
                let at = *at as usize;
                match (rest.is_empty(), value) {
                    (false, _) => all[at].apply(rest, to),
                    (true, Some(value)) if at < all.len() => all[at] = value,
                    (true, Some(value)) => all.push(value),
                    (true, None) => drop(all.remove(at)),
                }
            }
            (Self::Object(all), Step::Name { name, nth }) => {
                let mut same = all.iter().enumerate().filter(|(_, (other, _))| other.as_bytes() == &**name);
                let at = same.nth(*nth as usize).map(|(at, _)| at);
                match (rest.is_empty(), at, value) {
                    (false, Some(at), _) => all[at].1.apply(rest, to),
                    (true, Some(at), Some(value)) => all[at].1 = value,
                    (true, None, Some(value)) => all.push((String::from_utf8(name.to_vec()).unwrap(), value)),
                    (true, Some(at), None) => drop(all.remove(at)),
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn name(tree: &Tree, row: Row) -> String {
    let quoted = tree.name(row).unwrap();
    String::from_utf8(json::decode(&quoted[1..quoted.len() - 1]).into_owned()).unwrap()
}

fn any_json() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        (-3_i32..3).prop_map(|n| n.to_string()),
        Just("1.0".to_owned()),
        Just("1e400".to_owned()),
        "[a-c\"\\\\é]{0,3}".prop_map(|text| Quoted(&text).to_string()),
    ];
    scalar.prop_map(Json::Scalar).prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec(("[ab \"]{0,2}", inner), 0..5).prop_map(Json::Object),
        ]
    })
}

proptest! {
    #[test]
    fn applying_the_changes_gives_the_other_value(from in any_json(), to in any_json()) {
        let (a, b) = (Bytes::from(from.print()), Bytes::from(to.print()));
        let mut made = Json::parse(&a);
        match values(Some(&a), Some(&b)) {
            Diff::Same | Diff::SameMeaning => {}
            // What is removed goes from the end, so that no number before it changes.
            Diff::Json { changes, more: 0 } => {
                for change in changes.iter().filter(|change| change.to.is_some()) {
                    made.apply(&change.steps, change.to.as_ref());
                }
                for change in changes.iter().rev().filter(|change| change.to.is_none()) {
                    made.apply(&change.steps, None);
                }
            }
            other => panic!("{other:?}"),
        }
        prop_assert_eq!(made.sorted(), Json::parse(&b).sorted());
    }

    #[test]
    fn applying_hunks_gives_the_other_text(from in "[ab\n]{0,30}", to in "[ab\n]{0,30}", text in any::<bool>()) {
        let (a, b) = (from.as_bytes(), to.as_bytes());
        let hunks = if text { spans::lines(a, b) } else { spans::bytes(a, b) };
        let mut made = a.to_vec();
        for hunk in hunks.iter().rev() {
            made.splice(hunk.from.clone(), b[hunk.to.clone()].iter().copied());
        }
        prop_assert_eq!(made, b.to_vec());
    }
}

use proptest::prelude::*;

use super::*;
use crate::text::units;

fn tree(text: &str) -> Tree {
    Tree::new(&Bytes::copy_from_slice(text.as_bytes()))
}

/// The visible rows as they are drawn.
fn drawn(tree: &Tree, folds: &Folds, columns: usize) -> Vec<String> {
    let rows = (0..folds.visible()).map(|place| folds.row_at(place));
    rows.map(|row| tree.line(row, folds, Window::wide(columns), &[]).text().trim_end().to_owned()).collect()
}

fn open(text: &str) -> Vec<String> {
    let tree = tree(text);
    drawn(&tree, &Folds::none(tree.rows()), 60)
}

const ORDER: &str = r#"{"id":9007199254740993,"customer":{"email":"a@b","tags":[]},"items":[{"n":1.10},{"n":2}],"ok":true,"note":null}"#;

#[test]
fn a_document_is_one_row_per_member() {
    let expected = [
        "  {",
        "    \"id\": 9007199254740993,",
        "  ▾ \"customer\": {",
        "      \"email\": \"a@b\",",
        "      \"tags\": []",
        "    },",
        "  ▾ \"items\": [",
        "    ▾ {",
        "        \"n\": 1.10",
        "      },",
        "    ▾ {",
        "        \"n\": 2",
        "      }",
        "    ],",
        "    \"ok\": true,",
        "    \"note\": null",
        "  }",
    ];
    assert_eq!(open(ORDER), expected);
    let tree = tree(ORDER);
    assert_eq!(tree.rows(), 17);
    assert_eq!(tree.shape(), json::Shape::Valid);
    let mut folds = Folds::none(tree.rows());
    folds.to_level(&tree, 1);
    let folded =
        ["  {", "    \"id\": 9007199254740993,", "  ▸ \"customer\": { 2 keys },", "  ▸ \"items\": [ 2 items ],", "    \"ok\": true,"];
    assert_eq!(drawn(&tree, &folds, 60).get(..5), Some(folded.map(str::to_owned).as_slice()));
    folds.close_all(&tree);
    assert_eq!(drawn(&tree, &folds, 60), ["▸ { 5 keys }"]);
}

#[test]
fn odd_json_keeps_every_digit_name_and_order() {
    for (text, expected) in [
        ("", vec![]),
        ("42", vec!["  42"]),
        ("\"text\"", vec!["  \"text\""]),
        ("\u{feff}{\"a\":1}", vec!["  {", "    \"a\": 1", "  }"]),
        ("{\"a\":1}{\"b\":2}", vec!["  {", "    \"a\": 1", "  }", "  {", "    \"b\": 2", "  }"]),
        ("{\"a\":1}\n{\"b\":[]}\n", vec!["  {", "    \"a\": 1", "  }", "  {", "    \"b\": []", "  }"]),
        ("{\r\n  \"a\" : 1\r\n}", vec!["  {", "    \"a\": 1", "  }"]),
        ("{\"a\":1,\"a\":1e400,\"\":-0.0}", vec!["  {", "    \"a\": 1,", "    \"a\": 1e400,", "    \"\": -0.0", "  }"]),
        ("{\"a\":{ },\"c\":\"\"}", vec!["  {", "    \"a\": {},", "    \"c\": \"\"", "  }"]),
        ("{\"a\":\"\\ud800\\u0000\"}", vec!["  {", "    \"a\": \"\\ud800\\u0000\"", "  }"]),
    ] {
        assert_eq!(open(text), expected, "{text}");
    }
}

#[test]
fn broken_json_shows_what_came_before_the_break() {
    for (text, expected) in [
        (
            "{\"user_id\": 17, \"page\": \"/ho",
            vec!["  {", "    \"user_id\": 17,", "    ▲ breaks here, byte 24 of 28: the text ends within this token", "  \"page\": \"/ho"],
        ),
        ("{\"a\":1,", vec!["  {", "    \"a\": 1,", "    ▲ breaks here: the text ends with 1 bracket open"]),
        (
            "{\"a\":1,}\nx",
            vec!["  {", "    \"a\": 1,", "    ▲ breaks here, byte 7 of 10: a bracket closes where a value is missing", "  }", "  x"],
        ),
        ("[{\"a\":x", vec!["  [", "  ▾ {", "      ▲ breaks here, byte 6 of 7: no JSON", "  \"a\":x"]),
    ] {
        let tree = tree(text);
        assert_eq!(drawn(&tree, &Folds::none(tree.rows()), 100), expected, "{text}");
    }
    let cut = tree("[[1,2],[3");
    assert_eq!(cut.children(Row(0)), 2);
    assert_eq!(cut.value(Row(0)), 0..8);
    let mut folds = Folds::none(cut.rows());
    folds.fold(&cut, Row(0));
    assert_eq!(drawn(&cut, &folds, 30).first().map(String::as_str), Some("▸ [ 2 items …"));
    assert!(folds.is_visible(cut.break_row().unwrap()));
}

#[test]
fn deep_documents_are_rows_like_any_other() {
    let deep = tree(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)));
    assert_eq!(deep.rows(), 19_999);
    let mut folds = Folds::none(deep.rows());
    let middle = deep.line(Row(9999), &folds, Window::wide(60), &[]).text();
    assert!(middle.starts_with("· level 9,999") && middle.trim_end().ends_with("[]"), "{middle}");
    folds.close_all(&deep);
    assert_eq!(folds.visible(), 1);
    folds.reveal(&deep, Row(9999));
    assert!(folds.is_visible(Row(9999)));
    assert_eq!(deep.path(Row(9999)), None);
    assert!(deep.title(Row(9999)).starts_with("….[0][0]") || deep.title(Row(9999)).starts_with("…."), "{}", deep.title(Row(9999)));

    let unclosed = tree(&"[".repeat(100_000));
    assert_eq!(unclosed.rows(), 100_001);
    assert_eq!(unclosed.kind(Row(100_000)), Some(Kind::Break));
    assert_eq!(unclosed.parent(Row(99_999)), Some(Row(99_998)));
}

#[test]
fn rows_know_their_paths_and_values() {
    let tree = tree(r#"{"a b":{"c":[1,{"é":true}]},"":2,"\u00e9":3}"#);
    let of = |row| tree.path(Row(row)).map(|path| (path.to_string(), path.jq()));
    assert_eq!(of(0), Some((".".into(), ".".into())));
    assert_eq!(of(3), Some((".\"a b\".c[0]".into(), ".\"a b\".c[0]".into())));
    assert_eq!(of(5), Some((".\"a b\".c[1].é".into(), ".\"a b\".c[1].\"é\"".into())));
    assert_eq!(of(6), Some((".\"a b\".c[1]".into(), ".\"a b\".c[1]".into())));
    assert_eq!(of(10), Some((".é".into(), ".\"é\"".into())));
    let value = |row| String::from_utf8_lossy(tree.source().get(tree.value(Row(row))).unwrap()).into_owned();
    assert_eq!(value(2), r#"[1,{"é":true}]"#);
    assert_eq!(value(7), r#"[1,{"é":true}]"#);
    assert_eq!(value(5), "true");
    assert_eq!(tree.name(Row(1)), Some(b"\"a b\"".as_slice()));
}

#[test]
fn moves_go_where_they_say() {
    let tree = tree(ORDER);
    let mut folds = Folds::none(tree.rows());
    assert_eq!(tree.next_sibling(Row(1)), Some(Row(2)));
    assert_eq!(tree.next_sibling(Row(2)), Some(Row(6)));
    assert_eq!(tree.next_sibling(Row(5)), Some(Row(6)));
    assert_eq!(tree.previous_sibling(Row(6)), Some(Row(2)));
    assert_eq!(tree.previous_sibling(Row(1)), None);
    assert_eq!(tree.next_sibling(Row(15)), None);
    assert_eq!(tree.pair(Row(0)), Some(Row(16)));
    assert_eq!(tree.parent(Row(8)), Some(Row(7)));
    assert_eq!(tree.next_depth(&folds, Row(1)), Row(3));
    assert_eq!(tree.previous_depth(&folds, Row(14)), Row(12));
    assert_eq!(tree.fold_or_leave(&mut folds, Row(3)), Row(2));
    assert_eq!(tree.fold_or_leave(&mut folds, Row(2)), Row(2));
    assert!(!folds.is_visible(Row(3)));
    assert_eq!(folds.step(Row(2), 1), Row(6));
    assert_eq!(folds.step(Row(6), -1), Row(2));
    assert_eq!(tree.open_or_enter(&mut folds, Row(2)), Row(2));
    assert_eq!(tree.open_or_enter(&mut folds, Row(2)), Row(3));
}

#[test]
fn a_search_finds_names_and_scalars_but_nothing_across_them() {
    let tree = tree(ORDER);
    let rows = |needle: Needle| tree.search(&needle).hits.iter().map(|hit| hit.row.0).collect::<Vec<_>>();
    assert_eq!(rows(Needle::typed("n").unwrap()), [6 + 2, 11, 15, 15].map(|row| row));
    assert_eq!(rows(Needle::typed("EMAIL").unwrap()), Vec::<u32>::new());
    assert_eq!(rows(Needle::typed("email").unwrap()), [3]);
    assert_eq!(rows(Needle::typed("true,").unwrap()), Vec::<u32>::new());
    assert_eq!(rows(Needle::typed("[0-9]{5}$").unwrap()), [1]);
    assert_eq!(rows(Needle::typed("@b(").unwrap()), Vec::<u32>::new());
    let found = tree.search(&Needle::typed("email").unwrap());
    let line = tree.line(Row(3), &Folds::none(tree.rows()), Window::wide(60), &found.on(Row(3)));
    let hit: String = line.segments.iter().filter(|segment| segment.hit).map(Segment::as_str).collect();
    assert_eq!(hit, "email");
    assert_eq!(found.next(Row(9)), Some((0, Row(3))));
    assert!(Needle::regex("(a{9999}){9999}").is_err());
}

#[test]
fn a_huge_string_is_one_row_drawn_by_its_window() {
    let text = format!(r#"{{"size":8,"pad":"{}é{}"}}"#, "x".repeat(4_000_000), "y".repeat(4_000_000));
    let tree = tree(&text);
    let folds = Folds::none(tree.rows());
    assert_eq!(tree.rows(), 4);
    let columns = tree.columns(Row(2), &folds);
    assert_eq!(columns, 4 + "\"pad\": \"\"".len() + 8_000_001);
    let middle = tree.line(Row(2), &folds, Window { from: 12 + 4_000_000 - 2, columns: 5 }, &[]).text();
    assert_eq!(middle, "xxéy…");
    let end = tree.line(Row(2), &folds, Window { from: columns - 3, columns: 10 }, &[]).text();
    assert_eq!(end, "yy\"");
    let height = tree.height(Row(2), &folds, 101);
    assert_eq!(height, 1 + (columns - 100).div_ceil(96));
    assert!(tree.wrapped(Row(2), &folds, 101, height - 1, &[]).text().ends_with("y\""));
    assert_eq!(tree.wrapped(Row(2), &folds, 101, height, &[]).text().trim(), "");
}

#[test]
fn twenty_megabytes_of_small_rows_stay_small() {
    let text = format!("[{}1]", "[1,2,3],".repeat(50_000));
    let tree = tree(&text);
    assert_eq!(tree.rows(), 50_000 * 5 + 3);
    assert!(tree.weight() <= (50_000 * 5 + 3) * 16 + 64, "{}", units::size(units::wide(tree.weight())));
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["1", "\"a\"", "null", "{}", "[]", "\"漢\u{202e}\"", "-1.5e3"]).prop_map(str::to_owned);
    let value = leaf.prop_recursive(5, 60, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(inner, 0..5).prop_map(|items| {
                let members: Vec<_> = items.iter().enumerate().map(|(n, item)| format!("\"k{n}\": {item}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    // Cut at any place, so that half of them break.
    (value, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(text, at, whole)| {
        let end = crate::text::boundary(text.as_bytes(), at.index(text.len() + 1));
        if whole { text } else { text.get(..end).unwrap_or_default().to_owned() }
    })
}

/// The rows that no fold hides, found the slow way.
fn visible(tree: &Tree, folds: &Folds) -> Vec<Row> {
    let hidden = |row: Row| {
        let json = tree.break_row().is_none_or(|at| row < at);
        json && (0..row.0).any(|open| folds.is_folded(Row(open)) && tree.end(Row(open)) >= row)
    };
    (0..tree.rows()).map(Row).filter(|&row| !hidden(row)).collect()
}

proptest! {
    #[test]
    fn folds_and_moves_never_leave_the_visible_rows(text in json_text(), moves in prop::collection::vec((0_u8..14, any::<u32>()), 1..40)) {
        let tree = tree(&text);
        prop_assume!(tree.rows() > 0);
        let mut folds = Folds::none(tree.rows());
        let mut row = Row(0);
        for (action, number) in moves {
            let any = Row(number % tree.rows());
            match action {
                0 => row = folds.toggle(&tree, row),
                1 => folds.fold(&tree, any),
                2 => folds.unfold(&tree, any),
                3 => folds.fold_deep(&tree, any),
                4 => folds.unfold_deep(&tree, any),
                5 => folds.to_level(&tree, number as usize % 4),
                6 => folds.open_all(),
                7 => { folds.reveal(&tree, any); row = any; }
                8 => row = folds.step(row, i64::from(number % 7) - 3),
                9 => row = tree.fold_or_leave(&mut folds, row),
                10 => row = tree.open_or_enter(&mut folds, row),
                11 => row = tree.next_depth(&folds, row),
                12 => row = tree.previous_depth(&folds, row),
                _ => row = tree.next_sibling(row).or(tree.previous_sibling(row)).unwrap_or(row),
            }
            row = folds.shown(row);
            let rows = visible(&tree, &folds);
            prop_assert_eq!(folds.visible() as usize, rows.len());
            prop_assert!(rows.binary_search(&row).is_ok());
            for (place, &at) in (0..).zip(&rows) {
                prop_assert_eq!(folds.row_at(place), at);
                prop_assert_eq!(folds.place(at), place);
            }
        }
    }

    #[test]
    fn unfolding_undoes_folding(text in json_text(), inner: u32, outer: u32) {
        let tree = tree(&text);
        prop_assume!(tree.rows() > 0);
        let mut folds = Folds::none(tree.rows());
        folds.fold(&tree, Row(inner % tree.rows()));
        let before = folds.clone();
        let row = Row(outer % tree.rows());
        if !folds.is_folded(row) {
            folds.fold(&tree, row);
            folds.unfold(&tree, row);
        }
        prop_assert_eq!(folds, before);
    }

    #[test]
    fn any_bytes_are_rows_within_their_window(bytes: Vec<u8>, text in json_text(), from in 0_usize..9, columns in 0_usize..40) {
        for source in [bytes.as_slice(), text.as_bytes(), b"[".repeat(40).as_slice()] {
            let tree = Tree::new(&Bytes::copy_from_slice(source));
            let mut folds = Folds::none(tree.rows());
            for round in 0..2 {
                for row in (0..tree.rows()).map(Row) {
                    let width = tree.line(row, &folds, Window { from, columns }, &[0..2, 3..5]).width();
                    prop_assert!(width <= columns);
                    let parts: String = (0..tree.height(row, &folds, 20)).map(|part| tree.wrapped(row, &folds, 20, part, &[]).text().trim_matches(' ').to_owned()).collect();
                    let whole = tree.line(row, &folds, Window::wide(100_000), &[]).text();
                    prop_assert_eq!(parts.replace(' ', ""), whole.replace(' ', ""));
                    let _ = (tree.path(row), tree.title(row), tree.value(row), tree.children(row));
                }
                if round == 0 { folds.to_level(&tree, 1) }
            }
        }
    }
}

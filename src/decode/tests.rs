use proptest::prelude::*;

use super::*;

fn seen(bytes: &[u8]) -> View {
    view(Some(&Bytes::copy_from_slice(bytes)), Wanted::Auto)
}

fn rows(view: &View, columns: usize) -> Vec<String> {
    let folds = view.folds();
    (0..view.rows()).map(|row| view.line(Row(row), &folds, Window::wide(columns), &[]).text().trim_end().to_owned()).collect()
}

/// Values as odd as the test clusters hold them, and what each is taken for.
fn odd() -> Vec<(Vec<u8>, &'static str)> {
    let framed = |rest: &[u8]| [b"\0\0\0\0\x2a", rest].concat();
    vec![
        (b"".to_vec(), "empty"),
        ((0..=255).collect(), "hex"),
        (b"\xff\xfe\xfd".to_vec(), "hex"),
        (b"caf\xe9 latin-1".to_vec(), "hex"),
        (b"\xed\xa0\x80 surrogate".to_vec(), "hex"),
        (1_700_000_000_123_i64.to_be_bytes().to_vec(), "hex · 8 bytes, maybe a number"),
        (2.5_f64.to_be_bytes().to_vec(), "hex · 8 bytes, maybe a number"),
        (42_i64.to_be_bytes().to_vec(), "hex · 8 bytes, maybe a number"),
        (b"\0".to_vec(), "hex"),
        (vec![0; 100], "hex"),
        (framed(b"\x22\x0a/home\x0aclick"), "hex · framed, schema id 42"),
        (framed(b"{\"user_id\": 17, \"page\": \"/home\"}"), "hex · framed, schema id 42"),
        (framed(b""), "hex · framed, schema id 42"),
        (b"\0\0\0".to_vec(), "hex"),
        (b"\x1b]52;c;ZXZpbA==\x07after".to_vec(), "text"),
        ("abc\u{202e}gpj.exe\u{202c} def".into(), "text"),
        ("🎉👩‍👩‍👧‍👦👍🏽🇳🇴❤️☃".into(), "text"),
        ("line\n".repeat(3000).into(), "text"),
        ("w".repeat(5000).into(), "text"),
        (b"  \n\t ".to_vec(), "text"),
        (b"{\"ok\":9007199254740991,\"lost\":9007199254740993}".to_vec(), "json"),
        ("[".repeat(10_000) + &"]".repeat(10_000)).into_bytes().pipe("json"),
        "[".repeat(100_000).into_bytes().pipe("json · breaks at byte 100,000"),
        (b"{\"user_id\": 17, \"page\": \"/ho".to_vec(), "json · breaks at byte 24"),
        (b"{\"a\":1,}".to_vec(), "json · breaks at byte 7"),
        (b"{'a': 1}".to_vec(), "text"),
        (b"{\"a\": NaN, \"b\": Infinity}".to_vec(), "json · breaks at byte 6"),
        (b"{\"a\":1 /* c */}".to_vec(), "json · breaks at byte 7"),
        ("\u{feff}{\"a\":1}".into(), "json"),
        (b"{\"a\":1}{\"b\":2}".to_vec(), "json · several values"),
        (b"{\"a\":1}\n{\"b\":2}\n".to_vec(), "json · several values"),
        (b"\"text\"".to_vec(), "json"),
        (b"42".to_vec(), "json"),
        (b"null".to_vec(), "json"),
        (b"[17] done".to_vec(), "text"),
        (b"[INFO] started".to_vec(), "text"),
        (b"12 monkeys".to_vec(), "text"),
        (b"\"half".to_vec(), "text"),
        (b"{\"n\": 30, \"broken".to_vec(), "json · breaks at byte 10"),
        (b"<?xml version=\"1.0\"?>\n<order id=\"7\">ok</order>\n".to_vec(), "text · xml"),
        (b"<!DOCTYPE html><p>x".to_vec(), "text · html"),
        (b"name: kscope\nversion: 1\nlist:\n  - a\n".to_vec(), "text · yaml"),
        (b"note: see below\nthis is prose.".to_vec(), "text"),
        (b"SELECT a FROM b".to_vec(), "text · sql"),
        (b"#!/bin/sh\necho $HOME\n".to_vec(), "text · Bourne Again Shell (bash)"),
    ]
}

/// Puts bytes and a name into a row of the table.
trait Pipe {
    fn pipe(self, name: &'static str) -> (Vec<u8>, &'static str);
}

impl Pipe for Vec<u8> {
    fn pipe(self, name: &'static str) -> (Vec<u8>, &'static str) {
        (self, name)
    }
}

#[test]
fn each_value_is_named_for_what_it_seems_to_be() {
    for (bytes, expected) in odd() {
        let start = String::from_utf8_lossy(bytes.get(..40).unwrap_or(&bytes)).into_owned();
        assert_eq!(seen(&bytes).title(), expected, "{start:?}");
    }
    assert_eq!(view(None, Wanted::Json).title(), "null");
    assert_eq!(rows(&view(None, Wanted::Auto), 20), ["∅ null"]);
    assert_eq!(rows(&seen(b""), 20), ["\"\" empty"]);
}

#[test]
fn every_decoder_shows_every_odd_value() {
    for (bytes, _) in odd() {
        let source = Bytes::from(bytes);
        for decoder in choices(Some(&source)) {
            let view = view(Some(&source), decoder.wanted);
            assert_eq!(view.decoder(), decoder.name);
            assert!(view.rows() > 0);
            let folds = view.folds();
            for row in (0..view.rows().min(300)).map(Row) {
                assert!(view.line(row, &folds, Window { from: 3, columns: 60 }, &[]).width() <= 60);
            }
        }
    }
}

#[test]
fn text_keeps_its_lines_and_shows_what_is_odd_in_them() {
    let view = seen("a\tb\nc\r\nd\x0be\x0cf\u{85}g\u{2028}h".as_bytes());
    assert_eq!(rows(&view, 60), ["a␉b", "c␍", "d␋e␌f\\x85g⟨U+2028⟩h"]);
    let long = seen("w".repeat(8_000_000).as_bytes());
    assert_eq!(long.rows(), 1);
    let end = long.line(Row(0), &long.folds(), Window { from: 7_999_990, columns: 80 }, &[]);
    assert_eq!(end.text(), "wwwwwwwwww");
    assert_eq!(long.height(Row(0), &long.folds(), 81), 100_000);
}

#[test]
fn hex_is_sixteen_bytes_a_row() {
    let view = view(Some(&Bytes::from_static(b"hello world\0\x01\xff0123")), Wanted::Hex);
    assert_eq!(
        rows(&view, 80),
        [
            "0000  68 65 6c 6c 6f 20 77 6f  72 6c 64 00 01 ff 30 31  hello world···01",
            "0010  32 33                                             23"
        ]
    );
    for (length, last) in [(0x1_0000, "fff0  "), (0x1_0001, "010000 "), (0x100_0000, "fffff0 ")] {
        let large = super::view(Some(&Bytes::from(vec![b'x'; length])), Wanted::Hex);
        let line = large.line(Row(large.rows() - 1), &large.folds(), Window::wide(90), &[]);
        assert!(line.text().starts_with(last) && line.width() <= 72, "{}", line.text());
    }
    let found = view.search(&Needle::literal("0123").unwrap());
    assert_eq!(found.hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [Row(0), Row(1)]);
    let line = view.line(Row(1), &view.folds(), Window::wide(80), &found.on(Row(1)));
    let hit: Vec<_> = line.segments.iter().filter(|segment| segment.hit).map(|segment| segment.as_str().to_owned()).collect();
    assert_eq!(hit, ["32", "33", "23"]);
}

#[test]
fn eight_bytes_are_numbers_when_asked_for() {
    let bytes = Bytes::copy_from_slice(&1_700_000_000_123_i64.to_be_bytes());
    let shown = rows(&view(Some(&bytes), Wanted::Number), 60);
    assert_eq!(shown.first().map(String::as_str), Some("int64           1700000000123  1,700,000,000,123"));
    assert_eq!(shown.get(1).map(String::as_str), Some("milliseconds    2023-11-14 22:13:20.123Z"));
    assert_eq!(
        rows(&view(Some(&Bytes::from_static(&[0xff; 4])), Wanted::Number), 60).first().map(String::as_str),
        Some("int32           -1")
    );
    // What is no number stays what it seems to be.
    assert_eq!(view(Some(&Bytes::from_static(b"{}")), Wanted::Number).decoder(), "json");
}

#[test]
fn known_languages_are_coloured() {
    let classes = |text: &str| {
        let view = seen(text.as_bytes());
        let line = view.line(Row(view.rows() - 1), &view.folds(), Window::wide(80), &[]);
        line.segments.into_iter().map(|segment| (segment.as_str().to_owned(), segment.class)).collect::<Vec<_>>()
    };
    let xml = classes("<?xml version=\"1.0\"?>\n<order id=\"7\">ok</order>");
    assert!(xml.contains(&("order".into(), Class::Key)) && xml.contains(&("\"7\"".into(), Class::String)), "{xml:?}");
    let yaml = classes("a: 1\nb: true");
    assert!(yaml.contains(&("b".into(), Class::Key)) && yaml.contains(&("true".into(), Class::Word)), "{yaml:?}");
}

#[test]
fn highlighting_goes_as_far_as_the_screen() {
    let text = "<a b=\"1\"/>\n".repeat(2000);
    let first = seen(format!("<x>\n{text}").as_bytes());
    assert_eq!(first.highlighted_rows(), Some(256));
    let more = first.highlighted_to(Row(1000));
    assert_eq!(more.highlighted_rows(), Some(1200));
    assert!(more.line(Row(1100), &more.folds(), Window::wide(80), &[]).segments.len() > 3);
    let long = seen(format!("<x>\n{}\n<a/>\n", "y".repeat(5000)).as_bytes());
    assert_eq!(long.highlighted_rows(), None);
}

fn previewed(value: &[u8], columns: usize) -> String {
    preview(Some(value), columns, &[]).text()
}

#[test]
fn a_preview_is_one_line_whatever_it_is() {
    let order = br#"{ "orderId": "9f31ab77e0-2c41-4f0e-9a77", "status": "FAILED",
        "amount": 412.50, "note": "two words and more of them" }"#;
    let whole = r#"{"orderId":"9f31…","status":"FAILED","amount":412.50,"note":"two words and more of them"}"#;
    assert_eq!(previewed(order, 100), whole);
    assert_eq!(previewed(order, 40), r#"{"orderId":"9f31…","status":"FAILED","a…"#);
    assert_eq!(previewed(br#"{"a":{},"b":[1, 2]} {"c":1}"#, 40), r#"{"a":{},"b":[1,2]} {"c":1}"#);
    assert_eq!(previewed(b"{\"a\":1, \"b\": \"/ho", 40), "{\"a\":1,\"b\":\"/ho");
    assert_eq!(previewed(b"plain\ntext", 40), "plain␊text");
    assert_eq!(previewed(b"caf\xe9 latin-1", 40), "caf\\xe9 latin-1");
    assert_eq!(previewed(&42_i64.to_be_bytes(), 40), "00 00 00 00 00 00 00 2a");
    assert_eq!(previewed(b"", 40), "\"\"");
    assert_eq!(preview(None, 40, &[]).text(), "∅ null");
    assert_eq!(previewed(&vec![b'x'; 9000], 10), "xxxxxxxxx…");
    assert_eq!(previewed(b"[INFO] x", 40), "[INFO] x");
}

#[test]
fn a_preview_marks_what_matched() {
    let value = br#"{ "id": "9f31ab77e0-2c41-4f0e-9a77", "status": "FAILED", "filler": "................................" }"#;
    let at = |word: &[u8]| memchr::memmem::find(value, word).map(|at| at..at + word.len()).unwrap();
    let line = preview(Some(value), 90, &[at(b"77e0"), at(b"FAILED")]);
    let hits: Vec<_> = line.segments.iter().filter(|segment| segment.hit).map(|segment| segment.as_str().to_owned()).collect();
    assert_eq!(hits, ["77e0", "FAILED"]);
}

#[test]
fn a_preview_scrolls_to_its_first_hit() {
    let far = format!(r#"{{"filler":"{}","status":"FAILED","more":[1,2,3,4,5,6,7,8,9]}}"#, "so much text ".repeat(600));
    let at = |text: &str, word: &str| text.find(word).map(|at| at..at + word.len()).unwrap();
    let line = preview(Some(far.as_bytes()), 40, &[at(&far, "FAILED")]);
    assert_eq!(line.text(), r#"… ","status":"FAILED","more":[1,2,3,4,5…"#);
    assert_eq!(line.segments.iter().filter(|segment| segment.hit).map(crate::text::Segment::as_str).collect::<Vec<_>>(), ["FAILED"]);
    // What is seen anyway does not move, nor does what is too far to be looked at.
    let near = r#"{"status":"FAILED","filler":"xxxxxxxx xxxxxxxxxxxxxx"}"#;
    assert_eq!(preview(Some(near.as_bytes()), 40, &[at(near, "FAILED")]).text(), r#"{"status":"FAILED","filler":"xxxxxxxx x…"#);
    assert_eq!(preview(Some(far.as_bytes()), 20, std::slice::from_ref(&(20_000..20_004))).text(), r#"{"filler":"so much …"#);
    // A hit that is wider than the line shows its beginning.
    let wide = format!("before {}", "漢字".repeat(30));
    assert!(preview(Some(wide.as_bytes()), 12, std::slice::from_ref(&(7..wide.len()))).text().starts_with("…漢字漢"));
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(preview(Some(&bytes), 20, std::slice::from_ref(&(200..202))).text(), "…c6 c7 c8 c9 ca cb …");
}

#[test]
fn copies_are_exact() {
    let view = seen(br#"{"a b": {"c":[1.10,2]}, "u": "\u00e9"}"#);
    let copy = |row, form| view.copy(Row(row), form).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert_eq!(copy(1, Form::OneLine).as_deref(), Some(r#"{"c":[1.10,2]}"#));
    assert_eq!(copy(2, Form::Value).as_deref(), Some("[\n  1.10,\n  2\n]"));
    assert_eq!(copy(3, Form::JqPath).as_deref(), Some(".\"a b\".c[0]"));
    assert_eq!(copy(7, Form::Name).as_deref(), Some("u"));
    assert_eq!(copy(0, Form::Whole).map(|text| text.len()), Some(view.source().len()));
    assert_eq!(seen(b"one\ntwo").copy(Row(0), Form::Value), Some(b"one".to_vec()));
}

proptest! {
    #[test]
    fn every_decoder_takes_any_bytes(bytes: Vec<u8>, text: String, from in 0_usize..30, columns in 0_usize..90, hits in (0_usize..9, 1_usize..5)) {
        let hits = [hits.0..hits.0 + hits.1, 90..99];
        for source in [Bytes::from(bytes), Bytes::from(text.clone()), Bytes::from(format!("<a {text}")), Bytes::from(format!("{{\"{text}"))] {
            prop_assert!(preview(Some(&source), columns, &hits).width() <= columns);
            for decoder in DECODERS {
                let view = view(Some(&source), decoder.wanted);
                let folds = view.folds();
                for row in (0..view.rows().min(50)).map(Row) {
                    let line = view.line(row, &folds, Window { from, columns }, &hits);
                    prop_assert!(line.width() <= columns);
                    prop_assert!(!line.text().chars().any(char::is_control));
                    for part in 0..view.height(row, &folds, columns).min(50) {
                        prop_assert!(view.wrapped(row, &folds, columns, part, &hits).width() <= columns.max(2));
                    }
                    for form in [Form::Value, Form::OneLine, Form::Name, Form::Path, Form::JqPath, Form::Whole] {
                        let _ = view.copy(row, form);
                    }
                }
            }
        }
    }
}

//! Keys and values that break terminals, parsers and layouts. Each has a name, which is the key of its record.

type Cases = Vec<(&'static str, Vec<u8>)>;

fn cases(list: &[(&'static str, &str)]) -> Cases {
    list.iter().map(|&(name, text)| (name, text.as_bytes().to_vec())).collect()
}

/// Bytes that are not UTF-8, or numbers, or the beginning of something else.
pub(crate) fn bytes() -> Cases {
    let list: [(&'static str, &[u8]); 12] = [
        ("invalid", b"\xff\xfe\xfd"),
        ("latin-1", b"caf\xe9"),
        ("utf-16", b"\xff\xfeU\0T\0F\0"),
        ("cut", b"abc\xc3"),
        ("surrogate", b"\xed\xa0\x80 in UTF-8"),
        ("five bytes", b"\xf8\x88\x80\x80\x80"),
        ("overlong", b"\xc0\xaf"),
        ("big-endian i64", &1_700_000_000_123_i64.to_be_bytes()),
        ("big-endian i32", &42_i32.to_be_bytes()),
        ("like gzip", b"\x1f\x8b\x08\0"),
        ("nul", b"\0"),
        ("framed by a schema registry", b"\0\0\0\0\x2a\x22\x0a/home\x0aclick"),
    ];
    let mut all: Cases = list.iter().map(|&(name, bytes)| (name, bytes.to_vec())).collect();
    all.push(("every byte", (0..=255).collect()));
    all
}

/// Escape sequences, controls, bidirectional overrides, wide, joined and invisible characters.
pub(crate) fn text() -> Cases {
    let mut all = cases(&[
        ("osc 52 clipboard", "\x1b]52;c;ZXZpbA==\x07after"),
        ("osc 0 title", "\x1b]0;owned\x07after"),
        ("osc 8 link", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"),
        ("clear screen", "\x1b[2J\x1b[H\x1b[31mred"),
        ("device status", "\x1b[6n\x1b[c\x05"),
        ("leave the screen", "\x1b[?1049l\x1bc"),
        ("dcs", "\x1bPq#0;2;0;0;0#0~~\x1b\\"),
        ("c1 controls", "\u{9b}31m \u{9d}0;t\u{9c} \u{90}"),
        ("cr overwrite", "visible\rHIDDEN"),
        ("backspace", "abc\x08\x08\x08XYZ"),
        ("tabs and lines", "a\tb\nc\r\nd\x0be\x0cf\u{85}g\u{2028}h\u{2029}i"),
        ("bidi override", "abc\u{202e}gpj.exe\u{202c} def"),
        ("bidi isolates", "\u{2066}a\u{2067}b\u{2068}c\u{2069}"),
        ("arabic", "مرحبا 123 world"),
        ("hebrew", "שלום"),
        ("cjk", "漢字かなカナ한국어"),
        ("half width", "ｶﾅ ｆｕｌｌ"),
        ("emoji", "🎉👩‍👩‍👧‍👦👍🏽🇳🇴❤️☃"),
        ("combining", "e\u{301} Z\u{351}\u{343}\u{341}a\u{334}l\u{335}g\u{336}o\u{300}\u{300}\u{300}"),
        ("zero width", "a\u{200b}b\u{200c}c\u{200d}d\u{2060}e\u{feff}f"),
        ("tag characters", "x\u{e0041}\u{e0042}"),
        ("private use", "\u{e000}\u{10ffff}"),
        ("unassigned", "\u{378}\u{fffe}\u{ffff}"),
        ("soft hyphen", "a\u{ad}b"),
        ("ambiguous width", "§±×÷αβγ①②┌─┐"),
        ("ansi in json", "{\"m\":\"\\u001b[31mred\\u001b]52;c;eA==\\u0007\"}"),
    ]);
    all.push(("c0 controls", (0..32).chain([127]).collect()));
    all.push(("long word", vec![b'w'; 5_000]));
    all.push(("many lines", "line\n".repeat(3_000).into_bytes()));
    all.push(("wide at the edge", format!("{}漢", "x".repeat(79)).into_bytes()));
    all
}

/// JSON that loses digits, order or keys in a careless parser, or is none.
pub(crate) fn json() -> Cases {
    let mut all = cases(&[
        (
            "big integers",
            r#"{"ok":9007199254740991,"lost":9007199254740993,"i64":9223372036854775807,"u64":18446744073709551615,"huge":123456789012345678901234567890}"#,
        ),
        (
            "long decimals",
            r#"{"a":0.1000000000000000055511151231257827,"b":1234567890123456789.125,"c":1e400,"d":-0.0,"e":1E+2,"f":1.0,"g":1.10}"#,
        ),
        ("duplicate keys", r#"{"a":1,"b":2,"a":3}"#),
        ("key order", r#"{"z":1,"m":2,"a":3,"B":4}"#),
        ("odd keys", r#"{"":1," ":2,"a.b":3,"a b":4,"\u00e9":5,"[0]":6,"$":7,"\"":8}"#),
        ("truncated", r#"{"user_id": 17, "page": "/ho"#),
        ("trailing comma", r#"{"a":1,}"#),
        ("single quotes", "{'a': 1}"),
        ("NaN", r#"{"a": NaN, "b": Infinity}"#),
        ("comment", r#"{"a":1 /* c */}"#),
        ("byte order mark", "\u{feff}{\"a\":1}"),
        ("two values", r#"{"a":1}{"b":2}"#),
        ("lines", "{\"a\":1}\n{\"b\":2}\n"),
        ("string", r#""text""#),
        ("number", "42"),
        ("null", "null"),
        ("true", "true"),
        ("white space", "  \n\t "),
        ("pretty", "{\r\n  \"a\" : 1\r\n}"),
        ("leading zero", r#"{"a":007}"#),
        ("lone surrogate", r#"{"a":"\ud800"}"#),
        ("escaped nul", r#"{"a":"\u0000"}"#),
        ("pair", r#"{"a":"\ud83c\udf89"}"#),
        ("raw control", "{\"a\":\"x\ty\"}"),
        ("json in json", r#"{"payload":"{\"inner\":\"{\\\"x\\\":1}\"}"}"#),
        ("empty containers", r#"{"a":{},"b":[],"c":"","d":null}"#),
        ("looks like an error", r#"{"error":null,"status":"ERROR","level":"error"}"#),
    ]);
    all.push(("deep arrays", format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes()));
    all.push(("deep objects", format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000)).into_bytes()));
    all.push(("deep unclosed", vec![b'['; 100_000]));
    let keys: Vec<String> = (0..1000).map(|n| format!(r#""k{n}":{n}"#)).collect();
    all.push(("1000 keys", format!("{{{}}}", keys.join(",")).into_bytes()));
    let numbers: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
    all.push(("long array", format!("[{}]", numbers.join(",")).into_bytes()));
    all
}

/// What is highlighted by its own grammar.
pub(crate) fn markup() -> Cases {
    cases(&[
        ("xml", "<?xml version=\"1.0\"?>\n<order id=\"7\">\n  <item sku=\"a&amp;b\">two</item>\n  <!-- note -->\n</order>\n"),
        ("yaml", "order:\n  id: 7\n  items: [a, b]\n  note: |\n    two\n    lines\n"),
        ("html", "<html><body><p class=\"x\">text</p></body></html>"),
        ("plain", "2026-11-20 12:40:05,118 INFO started in 3.2 s"),
    ])
}

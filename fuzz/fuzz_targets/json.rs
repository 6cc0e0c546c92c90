//! Arbitrary bytes as JSON: nothing may panic or loop, printing may change white space alone, and half a text never
//! gives a value that the whole does not have. `cargo +nightly fuzz run json`

#![no_main]

use std::ops::ControlFlow;

use kscope::json::{self, Lexer, Path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut end = 0;
    for token in Lexer::new(text) {
        assert!(end <= token.start && token.start < token.end && token.end <= text.len());
        end = token.end;
    }
    let mut out = Vec::new();
    assert_eq!(json::pretty(text, &mut out), json::check(text));
    assert_eq!(bare(&out), bare(text));
    out.clear();
    json::compact(text, &mut out);
    assert_eq!(bare(&out), bare(text));
    for path in [".", ".a", ".a.a", ".[]", ".[-1]", ".[1]", ".a[].a", ".\"\""] {
        let Ok(path) = Path::parse(path) else { continue };
        json::walk(text, &path, &mut |value| {
            let _ = value.text();
            let _ = json::number::compare(value.raw, b"1");
            ControlFlow::Continue(())
        });
    }
});

/// The text without white space and byte order mark.
fn bare(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.iter().copied().filter(|b| !b" \t\r\n".contains(b)).collect()
}

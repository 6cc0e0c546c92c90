//! Lexer, printer and path walker against serde_json: `cargo bench --bench json`.

#![expect(clippy::unwrap_used, reason = "a bench may end loudly")]

use std::hint::black_box;
use std::ops::ControlFlow;

use divan::Bencher;
use divan::counter::BytesCount;
use kscope::json::{self, Lexer, Path};

fn main() {
    divan::main();
}

/// A click as the demo producers write it, filled up to about `size` bytes.
fn click(n: usize, size: usize) -> String {
    let pad = "x".repeat(size.saturating_sub(130));
    format!(
        "{{\"user_id\": {}, \"page\": \"/product/{}\", \"action\": \"view\", \"timestamp\": \"2026-11-20T12:40:05.118000+00:00\", \"agent\": \"{pad}\"}}",
        n % 1000,
        n % 97
    )
}

/// One object that holds clicks, about a megabyte.
fn large() -> String {
    let clicks: Vec<_> = (0..4000).map(|n| click(n, 260)).collect();
    format!("{{\"clicks\": [{}]}}", clicks.join(", "))
}

#[divan::bench]
fn lexer_1mb(bencher: Bencher<'_, '_>) {
    let text = large();
    bencher.counter(BytesCount::of_str(&text)).bench(|| Lexer::new(black_box(text.as_bytes())).count());
}

#[divan::bench]
fn check_1mb(bencher: Bencher<'_, '_>) {
    let text = large();
    bencher.counter(BytesCount::of_str(&text)).bench(|| json::check(black_box(text.as_bytes())));
}

#[divan::bench]
fn pretty_1mb(bencher: Bencher<'_, '_>) {
    let text = large();
    let mut out = Vec::new();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        out.clear();
        json::pretty(black_box(text.as_bytes()), &mut out)
    });
}

#[divan::bench]
fn pretty_click(bencher: Bencher<'_, '_>) {
    let text = click(17, 316);
    let mut out = Vec::new();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        out.clear();
        json::pretty(black_box(text.as_bytes()), &mut out)
    });
}

#[divan::bench]
fn pretty_1mb_serde_json(bencher: Bencher<'_, '_>) {
    let text = large();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let value: serde_json::Value = serde_json::from_slice(black_box(text.as_bytes())).unwrap();
        serde_json::to_vec_pretty(&value).unwrap()
    });
}

fn walk(bencher: Bencher<'_, '_>, path: &str) {
    let (text, path) = (click(17, 316), Path::parse(path).unwrap());
    bencher.bench(|| {
        json::walk(black_box(text.as_bytes()), &path, &mut |value| {
            black_box(value);
            ControlFlow::Continue(())
        })
    });
}

#[divan::bench]
fn walk_to_the_second_of_five(bencher: Bencher<'_, '_>) {
    walk(bencher, ".page");
}

#[divan::bench]
fn walk_to_the_third_of_five(bencher: Bencher<'_, '_>) {
    walk(bencher, ".action");
}

#[divan::bench]
fn walk_to_nothing(bencher: Bencher<'_, '_>) {
    walk(bencher, ".nothing");
}

#[divan::bench]
fn third_of_five_by_serde_json(bencher: Bencher<'_, '_>) {
    let text = click(17, 316);
    bencher.bench(|| {
        let value: serde_json::Value = serde_json::from_slice(black_box(text.as_bytes())).unwrap();
        value.get("action").cloned()
    });
}

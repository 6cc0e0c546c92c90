//! Values on screen: making a tree of 1 MB and 20 MB, drawing 50 rows of it, folding and paging, previews, highlighting.

use std::hint::black_box;

use bytes::Bytes;
use divan::Bencher;
use kscope::decode::{self, Wanted};
use kscope::text::Window;
use kscope::tree::{Folds, Needle, Row, Tree};

fn main() {
    divan::main();
}

const ORDER: &str = r#"{"orderId":"51ab77e0-2c41-4f0e-9a77-5b0c9d3f1e20","customer":{"id":9007199254740993,"email":"u1207@example.org"},"status":"FAILED","amount":150.00,"items":[{"sku":"a-1","n":2},{"sku":"b-7","n":1}],"retry":true,"note":null}"#;

fn orders(bytes: usize) -> Bytes {
    let count = bytes / (ORDER.len() + 1);
    Bytes::from(format!("[{}]", vec![ORDER; count].join(",")))
}

fn tree(bytes: usize) -> Tree {
    Tree::new(&orders(bytes))
}

#[divan::bench(args = [1, 20])]
fn build_mb(bencher: Bencher<'_, '_>, mb: usize) {
    let source = orders(mb * 1_000_000);
    bencher.bench(|| Tree::new(black_box(&source)));
}

#[divan::bench]
fn build_20_mb_of_one_digit_elements(bencher: Bencher<'_, '_>) {
    let source = Bytes::from(format!("[{}0]", "0,".repeat(10_000_000)));
    bencher.bench(|| Tree::new(black_box(&source)));
}

#[divan::bench]
fn build_8_mb_string(bencher: Bencher<'_, '_>) {
    let source = Bytes::from(format!("{{\"pad\":\"{}\"}}", "x".repeat(8_000_000)));
    bencher.bench(|| Tree::new(black_box(&source)));
}

fn draw(tree: &Tree, folds: &Folds, window: Window) {
    for place in 0..50 {
        let row = folds.row_at(folds.visible() / 2 + place);
        black_box(tree.line(row, folds, window, &[]));
    }
}

#[divan::bench]
fn draw_50_rows_of_20_mb(bencher: Bencher<'_, '_>) {
    let tree = tree(20_000_000);
    let folds = Folds::none(tree.rows());
    bencher.bench_local(|| draw(&tree, &folds, Window::wide(120)));
}

#[divan::bench]
fn draw_50_rows_of_10_000_levels(bencher: Bencher<'_, '_>) {
    let tree = Tree::new(&Bytes::from(format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000))));
    let folds = Folds::none(tree.rows());
    bencher.bench_local(|| draw(&tree, &folds, Window::wide(120)));
}

#[divan::bench]
fn draw_the_end_of_an_8_mb_string(bencher: Bencher<'_, '_>) {
    let tree = Tree::new(&Bytes::from(format!("{{\"pad\":\"{}\"}}", "x".repeat(8_000_000))));
    let folds = Folds::none(tree.rows());
    bencher.bench_local(|| black_box(tree.line(Row(1), &folds, Window { from: 7_999_900, columns: 120 }, &[])));
}

#[divan::bench]
fn fold_20_mb_to_level_2(bencher: Bencher<'_, '_>) {
    let tree = tree(20_000_000);
    let mut folds = Folds::none(tree.rows());
    bencher.bench_local(|| folds.to_level(&tree, 2));
}

#[divan::bench]
fn toggle_among_200_000_folds(bencher: Bencher<'_, '_>) {
    let tree = tree(20_000_000);
    let mut folds = Folds::none(tree.rows());
    folds.to_level(&tree, 1);
    let row = folds.row_at(folds.visible() / 2);
    bencher.bench_local(|| folds.toggle(&tree, row));
}

#[divan::bench]
fn page_among_200_000_folds(bencher: Bencher<'_, '_>) {
    let tree = tree(20_000_000);
    let mut folds = Folds::none(tree.rows());
    folds.to_level(&tree, 2);
    let middle = folds.row_at(folds.visible() / 2);
    bencher.bench_local(|| folds.step(folds.step(black_box(middle), 50), -50));
}

#[divan::bench]
fn reveal_at_10_000_levels(bencher: Bencher<'_, '_>) {
    let tree = Tree::new(&Bytes::from(format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000))));
    bencher.bench_local(|| {
        let mut folds = Folds::none(tree.rows());
        folds.close_all(&tree);
        folds.reveal(&tree, Row(10_000));
    });
}

#[divan::bench]
fn title_at_10_000_levels(bencher: Bencher<'_, '_>) {
    let tree = Tree::new(&Bytes::from(format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000))));
    bencher.bench_local(|| tree.title(Row(10_000)));
}

#[divan::bench]
fn search_20_mb(bencher: Bencher<'_, '_>) {
    let tree = tree(20_000_000);
    let needle = Needle::typed("nowhere").ok();
    bencher.bench_local(|| needle.as_ref().map(|needle| tree.search(needle)));
}

#[divan::bench]
fn preview(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| decode::preview(black_box(Some(ORDER.as_bytes())), 100, &[]));
}

#[divan::bench]
fn view_8_mb_text_line(bencher: Bencher<'_, '_>) {
    let source = Bytes::from("word ".repeat(1_600_000));
    bencher.bench_local(|| decode::view(Some(&source), Wanted::Auto));
}

#[divan::bench]
fn view_1_mb_xml(bencher: Bencher<'_, '_>) {
    let source = Bytes::from(format!("<orders>\n{}</orders>", "  <order id=\"17\"><amount>150.00</amount></order>\n".repeat(20_000)));
    bencher.bench_local(|| decode::view(Some(&source), Wanted::Auto));
}

#[divan::bench]
fn view_20_mb_hex(bencher: Bencher<'_, '_>) {
    let source = Bytes::from(vec![0xff; 20_000_000]);
    bencher.bench_local(|| decode::view(Some(&source), Wanted::Auto));
}

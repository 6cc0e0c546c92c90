//! A chart of one series in blocks: an axis of three labels at the left, three moments below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use super::theme::{Theme, Token};
use crate::text::{self, units};

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is drawn.
#[derive(Debug)]
pub struct Chart<'a> {
    /// From left to right; what is not known is left blank.
    pub values: &'a [Option<u64>],
    /// The colour of each value.
    pub tokens: &'a [Token],
    /// At the left end, in the middle, at the right end.
    pub moments: [String; 3],
}

/// Draws it; the last row is that of the moments.
pub fn chart(buf: &mut Buffer, theme: &Theme, area: Rect, chart: &Chart<'_>) {
    let Some(rows) = area.height.checked_sub(1).filter(|&rows| rows > 0) else { return };
    let most = chart.values.iter().flatten().copied().max().unwrap_or(0);
    let mut labels = vec![(rows - 1, "0".to_owned())];
    if most > 0 {
        labels.extend([(rows / 2, units::short(most / 2)), (0, units::short(most))]);
    }
    let most = most.max(1);
    let left = labels.iter().map(|(_, label)| text::width(label)).max().unwrap_or(0).max(5) + 1;
    let columns = usize::from(area.width).saturating_sub(left + 3);
    for y in 0..rows {
        let mut pen = Pen::new(buf, theme, area, y);
        // The lowest label wins where there is no room for three.
        let label = labels.iter().find(|(row, _)| *row == y);
        pen.right(label.map_or("", |(_, label)| label), left, Token::Dim).gap(1);
        pen.own(if label.is_some() { "┤" } else { "│" }, Token::Faint);
        row(chart, &mut pen, columns, (u64::from(rows - 1 - y), u64::from(rows)), most);
    }
    let mut pen = Pen::new(buf, theme, area, rows);
    let [first, middle, last] = &chart.moments;
    pen.to(left + 2).own(first, Token::Dim);
    let at = left + 2 + columns / 2;
    let from = at.saturating_sub(text::width(middle) / 2);
    if from > pen.column() + 1 {
        pen.to(from).own(middle, Token::Dim);
    }
    let from = (left + 2 + columns).saturating_sub(text::width(last));
    if from > pen.column() + 1 {
        pen.to(from).own(last, Token::Dim);
    }
}

/// One row of blocks, `up` from the lowest of `rows`.
fn row(chart: &Chart<'_>, pen: &mut Pen<'_>, columns: usize, (up, rows): (u64, u64), most: u64) {
    for column in 0..columns {
        let at = column * chart.values.len() / columns.max(1);
        let token = chart.tokens.get(at).copied().unwrap_or(Token::Data);
        let Some(value) = chart.values.get(at).copied().flatten() else {
            pen.gap(1);
            continue;
        };
        // What is not nothing is seen, however little it is; nothing is a line at the bottom.
        let eighths = (u128::from(value) * u128::from(rows * 8)).div_ceil(u128::from(most)).max(1);
        let here = u64::try_from(eighths).unwrap_or(u64::MAX).saturating_sub(up * 8).min(8);
        match usize::try_from(here).ok().and_then(|here| here.checked_sub(1)).and_then(|at| BLOCKS.get(at)) {
            Some(block) => pen.own(block.to_string(), token),
            None => pen.gap(1),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{Depth, Ground};

    #[test]
    fn a_chart_has_three_labels_and_leaves_blank_what_is_not_known() {
        let area = Rect::new(0, 0, 13, 4);
        let mut buf = Buffer::empty(area);
        let values = [Some(0), None, Some(12), Some(24)];
        let moments = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        chart(&mut buf, &Theme::new(Depth::True, Ground::Dark), area, &Chart { values: &values, tokens: &[], moments });
        let line = |y: u16| (0..13).map(|x| buf.cell((x, y)).map_or(" ", |cell| cell.symbol())).collect::<String>();
        assert_eq!(
            [line(0), line(1), line(2), line(3)],
            ["    24 ┤   █", "    12 ┤  ▄█", "     0 ┤▁ ██", "        a  c"].map(|l| format!("{l:<13}"))
        );
    }
}
